"""A small case with round numbers, and a plan for it that keeps every rule with nothing to spare.

Round by design: a machine computes 5,000 hours a year (6,250 used, 80 % of them good), so that one unit of `alpha`
(200 GPUs) delivers 1 million GPU-hours, and 1 MW takes 5 GWh; one model of `m1` takes 1 million GPU-hours, of `m2`
2 million; 1 bn tokens a day take 0.1 million GPU-hours; a GPU-hour costs 2 EUR, the infrastructure fee is 1 EUR;
a module of 0.5 MW costs 5 M EUR in the north and 4 M EUR in the south.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from leam_opt.case.index import CLASSES, ENTITIES, POOLS, Index
from leam_opt.case.schema import Case
from leam_opt.ledger.decisions import Decisions

DROP: Final = object()
"""As an override: takes the key out of the case."""

USED_HOURS = 5000 / 8760
YEARS = (2025, 2026, 2027)


def small_data() -> dict[str, Any]:
    """The small case as a case file would say it."""
    return {
        "name": "small",
        "title": "Small case",
        "start_year": 2025,
        "horizon_years": 3,
        "purchase_unit": {"servers": 20, "racks": 5},
        "server_types": {
            "alpha": {
                "title": "Alpha",
                "gpus_per_server": 10,
                "power": 5,
                "performance": 1,
                "life_years": 2,
                "on_sale_from": 2020,
                "unit_price": 10,
            },
            "beta": {
                "title": "Beta",
                "gpus_per_server": 10,
                "power": 10,
                "performance": 2,
                "life_years": 3,
                "commissioning_delay": 0.5,
                "on_sale_from": 2026,
                "unit_price": {2026: 16, 2027: 15},
            },
        },
        "upkeep": {
            "maintenance": {"basis": "hardware", "share_per_year": 0.05},
            "insurance": {"basis": "building", "share_per_year": 0.02},
        },
        "infrastructure_entity": "research",
        "sites": {
            "north": {
                "title": "North",
                "building_cost": 10000,
                "opening_cost": 2,
                "fixed_cost": 0.5,
                "module": 0.5,
                "modules_max": 4,
                "building_life_years": 20,
                "pue": 1.2,
                "grid_limit": 3,
                "grid_connection_cost": 1,
                "grid_fee": 0.5,
                "heat_reuse_max": 0.5,
                "heat_extraction_cost": 10,
                "heat_price": 30,
            },
            "south": {
                "title": "South",
                "open_from": 2026,
                "building_cost": 8000,
                "opening_cost": 1,
                "fixed_cost": 0.3,
                "module": 0.5,
                "modules_max": 2,
                "building_life_years": 10,
                "pue": 1.1,
                "grid_limit": 2,
                "grid_connection_cost": 1,
                "grid_fee": 0.5,
                "heat_reuse_max": 0.2,
                "heat_extraction_cost": 10,
                "heat_price": 20,
            },
        },
        "compute": {
            "reference_gpu": 1000,
            "model_flop_utilisation": 0.5,
            "commercial_utilisation": USED_HOURS / 0.8,
            "goodput": 0.8,
            "power_utilisation": USED_HOURS,
            "inference_throughput": 365e9 / 3600 / 1e5,
        },
        "pools": {
            "core": {"entity": "research", "share_min": 0.6, "share_max": 0.9, "private_share_max": 0.1},
            "tuning": {
                "entity": "service",
                "share_min": 0.05,
                "share_max": 0.2,
                "private_share_max": 0.6,
                "staff_steps": [{"people": 5, "up_to": 1}, {"people": 10}],
            },
            "inference": {
                "entity": "service",
                "share_min": 0.05,
                "share_max": 0.3,
                "private_share_max": 0.9,
                "staff_steps": [{"people": 4, "up_to": 1.5}, {"people": 8}],
            },
        },
        "generations": {
            "m1": {"title": "M1", "training_flop": 0.9, "first_year": 2025, "last_year": 2026, "models_min": 3},
            "m2": {"title": "M2", "training_flop": 1.8, "first_year": 2026, "last_year": 2027, "models_min": 1},
        },
        "mission": {
            "models_per_year_min": 1,
            "models_per_year_max": 3,
            "funnel_factor": 2,
            "public_compute_min": {2025: 7.7, 2026: 8.6, 2027: 3.85},
        },
        "staff": {"salary": 100000, "operations": 10, "per_core_model": 5},
        "operations": {"internet": 0.1, "licences": 0.2},
        "cpu": {
            "cores": 1000,
            "rent": 10000,
            "cores_per_server": 50,
            "servers_per_unit": 10,
            "server_price": 10000,
            "server_power": 1,
            "life_years": 2,
        },
        "energy_sources": {
            "green": {"title": "Green", "price": 0.2, "renewable_share": 1, "co2": 0},
            "mix": {"title": "Mix", "price": 0.15, "renewable_share": 0.5, "co2": 400, "share_max": 0.5},
            "solar": {
                "title": "Solar",
                "price": 0.1,
                "renewable_share": 1,
                "co2": 0,
                "share_max": 0.3,
                "sites": ["south"],
            },
        },
        "adoption": {
            "low": {"title": "Low", "private_share_min": 0, "core": 0.5, "tuning": 0.3, "inference": 1},
            "high": {"title": "High", "private_share_min": 0.1, "core": 2, "tuning": 1, "inference": 20},
        },
        "prices": {"cluster_hour": 2000, "cluster_gpus": 1000, "tokens": 0.001, "infrastructure_fee": 1000},
        "rules": {
            "public_use": {"scope": "core", "share_min": 0.9},
            "ancillary_use": {"scope": "all", "share_max": 0.25},
            "grant_income": {"share_min": 0.5},
            "renewable_share_min": 0.8,
            "pue_max": 1.3,
            "heat_reuse_min": 0.1,
            "co2_max": 2,
        },
        "funding": {
            "use": ["grant", "sponsor", "loan", "equity"],
            "private_share_min": 0.05,
            "private_share_max": 0.5,
            "cash_reserve_research": 1,
            "cash_reserve_service": 0.5,
            "instruments": {
                "grant": {
                    "kind": "grant",
                    "title": "Grant",
                    "cap_total": 250,
                    "cap_per_year": 120,
                    "intensity": 0.95,
                },
                "sponsor": {"kind": "sponsor", "title": "Sponsor", "cap_total": 30},
                "loan": {
                    "kind": "loan",
                    "provider": "private",
                    "entity": "service",
                    "title": "Loan",
                    "cap_total": 10,
                    "last_year": 2026,
                    "arrangement_fee": 0.01,
                    "rate": 0.1,
                    "tenor_years": 2,
                    "repayment": "annuity",
                    "dscr_min": 1.2,
                },
                "equity": {
                    "kind": "equity",
                    "title": "Equity",
                    "cap_total": 50,
                    "min_ticket": 1,
                    "hurdle_rate": 0.05,
                },
            },
        },
        "objective": {"name": "deficit"},
    }


def merge(base: Mapping[str, Any], overrides: Mapping[str, Any]) -> dict[str, Any]:
    """Nested merge: sections merge, figures and lists replace, `DROP` takes a key out."""
    merged = dict(base)
    for key, value in overrides.items():
        if value is DROP:
            merged.pop(key, None)
        elif isinstance(value, Mapping) and isinstance(merged.get(key), Mapping):
            merged[key] = merge(merged[key], value)
        else:
            merged[key] = value
    return merged


def small_case(**overrides: Any) -> Case:
    """The small case with overrides, as `small_case(rules={"public_use": {"scope": "all"}})`.

    A figure that changes over the years is replaced whole; to take a section or an element out, give `DROP`.
    """
    return Case.model_validate(merge(small_data(), overrides))


def small_plan(case: Case) -> Decisions:
    """A feasible plan of the default small case in which every decision is pinned by a rule or by money.

    2025: ten units of alpha in the north. 2026: one of beta in the south (half a year of service). 2027: alpha has
    reached the end of its life, three more of beta in the north.
    """
    index = Index.of(case)
    plan = Decisions.zeros(index)
    north, south = index.sites.index("north"), index.sites.index("south")
    alpha, beta = index.types.index("alpha"), index.types.index("beta")
    core, tuning, inference = range(len(POOLS))
    public, private = range(len(CLASSES))
    research, service = range(len(ENTITIES))

    plan.site_open[north] = [1, 1, 1]
    plan.site_open[south] = [0, 1, 1]
    plan.units_bought[north, alpha] = [10, 0, 0]
    plan.units_bought[south, beta] = [0, 1, 0]
    plan.units_bought[north, beta] = [0, 0, 3]
    plan.cpu_units_bought[north] = [1, 0, 0]
    plan.cpu_cores_rented_k[:] = [0.5, 0.5, 1]
    plan.power_modules_built[north] = [3, 0, 0]
    plan.power_modules_built[south] = [0, 1, 0]
    plan.grid_power_mw[north] = [1.8, 1.8, 1.8]
    plan.grid_power_mw[south] = [0, 0.55, 0.55]

    plan.units_allocated[core, north, alpha] = [8, 8, 0]
    plan.units_allocated[core, south, beta] = [0, 0.5, 0.5]
    plan.units_allocated[core, north, beta] = [0, 0, 1.5]
    for pool in (tuning, inference):
        plan.units_allocated[pool, north, alpha] = [1, 1, 0]
        plan.units_allocated[pool, south, beta] = [0, 0, 0.25]
    plan.compute_mgpuh[core] = [[7.2, 8.1, 3.6], [0.8, 0.9, 0.4]]
    plan.compute_mgpuh[tuning] = [[0.4, 0.4, 0.2], [0.6, 0.6, 0.3]]
    plan.compute_mgpuh[inference] = [[0.1, 0.1, 0.05], [0.9, 0.9, 0.45]]
    plan.tokens_bn_per_day[public] = [1, 1, 0.5]
    plan.tokens_bn_per_day[private] = [9, 9, 4.5]

    plan.core_models[:] = [[2, 1, 0], [0, 0, 1]]
    plan.training_mgpuh[0, north, alpha] = [2, 1, 0]
    plan.training_mgpuh[1, north, beta] = [0, 0, 2]
    plan.training_place[0, north, alpha] = 1
    plan.training_place[1, north, beta] = 1
    plan.staff_step[tuning, 0] = 1
    plan.staff_step[inference, 0] = 1

    green, mix, solar = (index.sources.index(name) for name in ("green", "mix", "solar"))
    plan.energy_gwh[green, north] = [3.636, 3.636, 2.16]
    plan.energy_gwh[mix, north] = [2.424, 2.424, 1.44]
    plan.energy_gwh[green, south] = [0, 0.77, 0.77]
    plan.energy_gwh[solar, south] = [0, 0.33, 0.33]
    plan.heat_sold_gwh[north] = [0.606, 0.606, 0.36]
    plan.heat_sold_gwh[south] = [0, 0.11, 0.11]

    grant, sponsor, loan, equity = (index.instruments.index(n) for n in ("grant", "sponsor", "loan", "equity"))
    plan.instrument_used[:] = 1
    plan.draws_meur[grant] = [114, 30, 50]
    plan.draws_meur[sponsor] = [10, 3, 6]
    plan.draws_meur[loan] = [1, 0, 0]
    plan.band_draws_meur[loan, 0] = [1, 0, 0]
    plan.draws_meur[equity] = [3, 0, 0]
    plan.dividends_meur[equity] = [0.15, 0.15, 0.15]
    plan.redemption_meur[equity] = 3
    plan.fee_prepaid_meur[:] = [3, 0, 0]
    plan.fee_credited_meur[:] = [1, 2, 0]
    plan.profit_transfer_meur[:] = [0, 1, 0]
    plan.adoption[index.levels.index("high")] = 1
    plan.unfunded_gap_meur[research] = [1, 0, 0]
    plan.unfunded_gap_meur[service] = 0
    return plan
