"""A plan and a comparison as the engine hands them to the tables, small enough to check by eye.

The figures are made up, but they add up: the lines to the deficit, the cash rows to the closing cash, the bridge to the
difference of the deficits.
"""

from __future__ import annotations

from typing import Any

YEARS = (2023, 2024, 2025)


def rule(name: str, scope: str, limit: float | None, worst: float | None, *, met: bool, active: bool) -> dict[str, Any]:
    """A legal rule in its worst year."""
    return {"rule": name, "scope": scope, "limit": limit, "worst": worst, "year": 2024, "met": met, "active": active}


def plan(scenario: str | None, deficit_meur: float, **changes: Any) -> dict[str, Any]:
    """A plan over three years whose capital cost carries the whole deficit above -40 M€ of other lines."""
    return {
        "case": "leam-2022",
        "scenario": scenario,
        "title": "Sample",
        "status": "optimal",
        "mip_gap": 0.00002,
        "primal_bound_meur": deficit_meur,
        "dual_bound_meur": deficit_meur - 0.01,
        "stages": [
            {"name": name, "title": name, "unit": "MEUR", "primal": 1.0, "dual": 1.0, "seconds": 0.1, "nodes": 1}
            for name in ("unfunded_gap", "deficit", "public_money")
        ],
        "seconds": 1.25,
        "highs_seconds": 1.0,
        "solver": "HiGHS",
        "solver_version": "1.15.1",
        "seed": 0,
        "input_hash": "0" * 64,
        "five_year_deficit_meur": deficit_meur,
        "unfunded_gap_meur": 0.0,
        "public_money_meur": 300.0,
        "private_money_meur": 100.0,
        "public_funding_share": 0.75,
        "gross_cost_meur": 500.0,
        "revenue_meur": 40.0,
        "servers": [
            {"site": "hall", "type": "a100", "year": 2023, "units": 20, "servers": 400},
            {"site": "hall", "type": "h100", "year": 2024, "units": 3, "servers": 60},
        ],
        "it_power_mw": {"hall": [4.0, 4.5, 4.5]},
        "grid_power_mw": {"hall": [5.0, 5.5, 5.5]},
        "own_cpu_servers": [{"site": "hall", "year": 2025, "servers": 50}],
        "cpu_cores_rented_k": [10.0, 10.0, 0.0],
        "energy_gwh": {"ppa": [30.0, 35.0, 35.5], "grid": [0.0, 0.0, 0.0]},
        "heat_sold_gwh": [0.0, 0.0, 4.0],
        "pools": [
            {"pool": pool, "class": users, "year": year, "gpu_hours_million": hours}
            for pool, users, hours in (("core", "public", 18.5), ("core", "private", 1.25))
            for year in YEARS
        ],
        "core_models": [{"generation": "leam-1", "year": year, "models": 3} for year in YEARS],
        "training_places": [{"generation": "leam-1", "site": "hall", "type": "a100"}],
        "tokens_bn_per_day": {"public": [0.1, 0.1, 0.1], "private": [1.0, 2.0, 3.0]},
        "adoption": ["low", "low", "high"],
        "rules": [
            rule("public_use", "core", 0.9, 0.937, met=True, active=True),
            rule("public_use", "all", 0.9, 0.81, met=False, active=False),
            rule("ancillary_use", "all", 0.2, 0.15, met=True, active=True),
            rule("pue", "site", 1.3, 1.2, met=True, active=True),
            rule("grant_income", "research", 0.501, None, met=True, active=True),
            rule("heat", "site", 0.0, 0.0, met=True, active=False),
            rule("co2", "centre", None, 0.5, met=True, active=False),
        ],
        "funding": [
            {"instrument": "federal", "kind": "grant", "provider": "public", "year": 2023, "meur": 300.0},
            {"instrument": "bank", "kind": "loan", "provider": "private", "year": 2024, "meur": 100.0},
        ],
        "dividends": [],
        "redemption_meur": {"shares": 0.0},
        "unfunded_gap_by_year": [],
        "cash": [
            {
                "entity": "research",
                "year": year,
                "opening_meur": opening,
                "draws_meur": draws,
                "spending_meur": -90.0,
                "closing_meur": opening + draws - 90.0,
            }
            for year, opening, draws in ((2023, 0.0, 300.0), (2024, 210.0, 100.0), (2025, 220.0, 0.0))
        ],
        "lines": {"servers": deficit_meur + 40.0, "core_rent": -7.5, "inference": -32.5, "heat": 0.0},
        "cost_per_public_gpu_hour_eur": 8.5,
        "public_gpu_hours_million": 55.5,
        "core_models_total": 9,
        "tokens_total_bn": 2299.5,
        "findings": ["Under the strict reading (scope all) the plan would have 81 % public use [limit 90 %]."],
        "audit": {"passed": True, "objective_error_eur": 0.0004, "rows_checked": 1234},
        "conventions": ["Capital expenditure and draws fall at the start of the year", "Nominal euros."],
        **changes,
    }


def comparison(*names: str) -> dict[str, Any]:
    """Scenarios with deficits of 100, 90, 80 ... M€, so that the last one is the best."""
    plans = [plan(name, 100.0 - 10 * position) for position, name in enumerate(names)]
    ranking = list(reversed(names))
    return {
        "case": "leam-2022",
        "scenarios": plans,
        "ranking": ranking,
        "decided": True,
        "reason": f"{ranking[0]} has the smallest deficit, 10.00 M€ below {ranking[1]}.",
        "bridge": [
            {"line": f"deficit of {ranking[1]}", "meur": plans[-2]["five_year_deficit_meur"]},
            {"line": "servers", "meur": -12.5},
            {"line": "heat", "meur": 0.0},
            {"line": "interest", "meur": 2.5},
            {"line": f"deficit of {ranking[0]}", "meur": plans[-1]["five_year_deficit_meur"]},
        ],
        "bridge_from": ranking[1],
        "bridge_to": ranking[0],
        "strict_reading": [
            {
                "scenario": ranking[0],
                "deficit_core_meur": 100.0,
                "deficit_all_meur": 112.5,
                "price_meur": 12.5,
                "unfunded_gap_all_meur": 0.0,
                "mip_gap": 0.00005,
            }
        ],
    }
