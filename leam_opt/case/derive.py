"""The derived table: every number that the optimiser sees, computed once from a case, in the model's units.

Money M EUR, power MW, energy GWh, compute million reference GPU-hours (Mgpuh), tokens billion a day. The formulations
in `models/` read each entry as a mutable parameter of the same name; `TABLE` documents axes, unit and meaning of each.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from leam_opt.case.derive_bounds import bounds
from leam_opt.case.derive_funding import funding
from leam_opt.case.derive_tax import vat_included
from leam_opt.case.index import POOLS, Index
from leam_opt.case.quantity import ByYear, Quantity
from leam_opt.case.schema import Case

Array = NDArray[np.float64]

HOURS_PER_YEAR = 8760.0
DAYS_PER_YEAR = 365.0

# name: (axes, unit, meaning). Axes: S sites, G server types, Y years, K pools, N generations, P staff steps, J energy
# sources, F instruments, A adoption levels, E entities, V purchase or draw year (same elements as Y), B rate bands of
# loans, U guarantees, L and M points of the demand curves for tokens and compute, X budget lines, R matching rules.
TABLE: dict[str, tuple[str, str, str]] = {
    "unit_mw": ("G", "MW", "nameplate of one purchase unit"),
    "unit_capacity": ("G", "Mgpuh/a", "compute of one running purchase unit"),
    "unit_price": ("GV", "MEUR", "price of one purchase unit"),
    "commissioning_delay": ("G", "a", "part of the purchase year without compute"),
    "share_min": ("K", "share", "smallest share of the running servers"),
    "share_max": ("K", "share", "largest share of the running servers"),
    "private_share_max": ("K", "share", "largest private share of a pool's compute"),
    "training_need": ("N", "Mgpuh", "compute of one core model with its preparing runs"),
    "models_min": ("N", "models", "models of a generation over the horizon"),
    "models_per_year_min": ("", "models/a", "fewest core models a year"),
    "models_per_year_max": ("", "models/a", "most core models a year"),
    "public_compute_min": ("Y", "Mgpuh/a", "compute promised to public users"),
    "compute_per_token": ("", "Mgpuh/a per bn/d", "inference compute of one billion tokens a day"),
    "demand_core": ("AY", "Mgpuh/a", "core compute that customers rent"),
    "demand_tuning": ("AY", "Mgpuh/a", "tuning compute that customers rent"),
    "demand_tokens": ("AY", "bn/d", "tokens that customers buy"),
    "demand_core_max": ("Y", "Mgpuh/a", "the largest of all levels"),
    "demand_tuning_max": ("Y", "Mgpuh/a", "the largest of all levels"),
    "demand_tokens_max": ("Y", "bn/d", "the largest of all levels"),
    "adoption_threshold": ("A", "share", "private share of cumulative funding that a level needs"),
    "step_people": ("KP", "people", "team size of a staff step"),
    "step_load_max": ("KP", "Mgpuh/a", "largest load of a staff step"),
    "salary": ("", "MEUR/a", "cost of one employee"),
    "people_per_model": ("", "people", "team of one core model"),
    "fixed_opex": ("", "MEUR/a", "operations team, internet and licences"),
    "cpu_cores_needed": ("", "thousand cores", "cores for pre-processing"),
    "cpu_unit_cores": ("", "thousand cores", "cores of one unit of own CPU servers"),
    "cpu_unit_price": ("", "MEUR", "price of one unit of own CPU servers"),
    "cpu_unit_mw": ("", "MW", "nameplate of one unit of own CPU servers"),
    "cpu_rent": ("", "MEUR/a per thousand cores", "rent of cloud cores"),
    "module_mw": ("S", "MW", "IT power of one module"),
    "module_price": ("S", "MEUR", "building cost of one module"),
    "opening_cost": ("S", "MEUR", "one-off cost of opening a site"),
    "site_fixed_cost": ("S", "MEUR/a", "yearly cost of an open site"),
    "pue": ("S", "ratio", "energy of the site over energy of the IT"),
    "grid_limit": ("S", "MW", "largest grid connection"),
    "grid_connection_cost": ("S", "MEUR/MW", "one-off cost of grid power"),
    "grid_fee": ("S", "MEUR/MW/a", "yearly charge for grid power"),
    "heat_reuse_max": ("S", "share", "largest share of energy sold as heat"),
    "heat_price": ("S", "MEUR/GWh", "price of heat"),
    "heat_extraction_cost": ("S", "MEUR/GWh", "cost of delivering heat"),
    "gwh_per_mw": ("", "GWh/MW/a", "IT energy of one MW nameplate"),
    "energy_price": ("JY", "MEUR/GWh", "price of electricity"),
    "source_renewable": ("J", "share", "renewable share of a source"),
    "source_co2": ("J", "kt/GWh", "CO2 of a source"),
    "source_share_max": ("J", "share", "largest share of a site's energy from a source"),
    "public_use_min": ("", "share", "smallest public share of the pools in scope"),
    "ancillary_use_max": ("", "share", "largest private share of the capacity in scope"),
    "grant_income_min": ("", "share", "smallest share of grants in the research company's income"),
    "renewable_min": ("Y", "share", "smallest renewable share"),
    "pue_max": ("Y", "ratio", "largest PUE of an open site"),
    "heat_reuse_min": ("Y", "share", "smallest share of energy reused"),
    "co2_max": ("Y", "kt/a", "largest CO2 of the electricity (infinite: no cap)"),
    "upkeep_hardware": ("", "1/a", "yearly upkeep per euro of hardware in service"),
    "upkeep_building": ("", "1/a", "yearly upkeep per euro of building"),
    "price_gpuh": ("", "MEUR/Mgpuh", "price of compute for customers"),
    "price_tokens": ("", "MEUR/a per bn/d", "revenue of one billion tokens a day"),
    "token_level_price": ("L", "MEUR/a per bn/d", "the same at a point of the demand curve"),
    "token_level_demand": ("L", "share", "tokens bought there over those of the adoption level"),
    "cluster_level_price": ("M", "MEUR/Mgpuh", "price of compute at a point of the demand curve"),
    "cluster_level_demand": ("M", "share", "compute rented there over that of the adoption level"),
    "fee_gpuh": ("", "MEUR/Mgpuh", "infrastructure fee between the companies"),
    "cap_total": ("F", "MEUR", "largest sum of an instrument"),
    "cap_year": ("FY", "MEUR/a", "largest sum of an instrument in a year"),
    "min_ticket": ("F", "MEUR", "smallest sum of an instrument in use"),
    "arrangement_fee": ("F", "share", "fee on a draw"),
    "intensity": ("F", "share", "largest share of eligible cost (grants)"),
    "interest": ("FBVY", "1/a", "interest in a year on one euro drawn (loans)"),
    "principal": ("FBVY", "1/a", "repayment in a year of one euro drawn (loans)"),
    "debt_opening": ("FVY", "ratio", "debt at the start of a year on one euro drawn (loans, first band)"),
    "band_size": ("FB", "MEUR", "largest sum of a rate band (loans)"),
    "construction_interest": ("FB", "share", "interest during construction on a draw (loans)"),
    "cover_senior": ("F", "ratio", "weight of a loan's debt service in the cover of senior debt"),
    "cover_all": ("F", "ratio", "the same in the cover of all debt, where the company uses mezzanine debt"),
    "lockup_dscr": ("F", "ratio", "cover below which the service company distributes nothing (loans)"),
    "reserve_share": ("F", "ratio", "next year's debt service that is held in cash (loans)"),
    "guaranteed_min": ("F", "share", "smallest guaranteed share of a draw (loans)"),
    "guaranteed_max": ("F", "share", "largest guaranteed share of a draw (loans)"),
    "guarantee_fee": ("F", "1/a", "yearly fee on guaranteed debt (loans)"),
    "guarantee_saving": ("F", "1/a", "interest that the guarantee saves on guaranteed debt (loans)"),
    "guarantee_cap": ("U", "MEUR", "largest sum of guaranteed draws"),
    "gearing_max": ("E", "share", "largest share of loans in the money drawn so far"),
    "access_price": ("F", "MEUR/Mgpuh", "price of access time (access)"),
    "access_release": ("VY", "1/a", "part of an advance for access that becomes income in a year"),
    "budget_max": ("XY", "MEUR/a", "largest draws on a budget line"),
    "matching_ratio": ("R", "ratio", "smallest draws of one side over those of the other"),
    "draw_value": ("FY", "ratio", "value of a draw at the hurdle rate (equity, tranches)"),
    "payout_value": ("FY", "ratio", "value of a year-end payment at the hurdle rate (equity, tranches)"),
    "claim": ("FY", "ratio", "claim at the horizon on one euro drawn (tranches)"),
    "tranche_share": ("F", "share", "share of the fund (tranches)"),
    "loss_max": ("F", "share", "largest called loss over the claim (tranches)"),
    "tax_rate": ("Y", "share", "corporate tax on the service company's profit"),
    "fee_vat": ("", "share", "irrecoverable VAT of the payer of the infrastructure fee"),
    "free_reserve_share": ("", "share", "free reserve of the research company over all means received"),
    "private_money_min": ("", "share", "smallest private share of all funding"),
    "private_money_max": ("", "share", "largest private share of all draws"),
    "cash_reserve": ("E", "MEUR", "smallest cash at a year's end"),
    "public_money_value": ("Y", "ratio", "value of a draw at the objective's discount rate"),
    "deficit_max": ("", "MEUR", "largest deficit (infinite: no limit)"),
    "unit_depreciation": ("GVY", "share", "depreciation of a purchase unit in a year"),
    "cpu_depreciation": ("VY", "share", "depreciation of CPU servers in a year"),
    "building_depreciation": ("SVY", "share", "depreciation of building and site cost in a year"),
    "unit_residual": ("GV", "share", "value at the horizon of a purchase unit (0 unless the case asks for it)"),
    "cpu_residual": ("V", "share", "value at the horizon of CPU servers"),
    "building_residual": ("SV", "share", "value at the horizon of building and site cost"),
    "units_max": ("SG", "units", "purchase units that a site can power"),
    "cpu_units_max": ("S", "units", "units of CPU servers that are of use at a site"),
    "modules_max": ("S", "modules", "modules that a site can hold"),
    "pool_compute_max": ("K", "Mgpuh/a", "bound on a pool's compute"),
    "models_sole_min": ("NY", "models", "models of a generation in a year in which no other is developed"),
    "training_units_min": ("NGY", "units", "purchase units that those models need"),
    "training_max": ("N", "Mgpuh/a", "bound on a generation's training in a year"),
    "gap_max": ("", "MEUR", "bound on the unfunded gap"),
    "service_loss_max": ("Y", "MEUR", "bound on the service company's cumulative cost"),
    "operating_loss_max": ("EY", "MEUR/a", "bound on a company's yearly operating cost"),
    "debt_service_max": ("EY", "MEUR/a", "bound on a company's weighted debt service"),
    "distribution_max": ("Y", "MEUR/a", "bound on dividends and profit transfer"),
    "adoption_slack": ("AY", "MEUR", "bound on how far a level's funding condition can be missed"),
    "lockup_service_max": ("Y", "MEUR/a", "bound on the debt service that the lock-up counts"),
    "profit_max": ("Y", "MEUR", "bound on the service company's cumulative profit"),
    "payout_max": ("F", "MEUR", "bound on all payments to a tranche"),
    "shareholder_max": (
        "",
        "MEUR",
        "bound on all payments of the service company to shareholders and the research company",
    ),
    "service_cash_max": ("", "MEUR", "bound on the service company's cash at the horizon"),
}


@dataclass(frozen=True)
class Derived:
    """The derived table of one case: `values[name]` is a float array with the axes of `TABLE[name]`."""

    index: Index
    values: dict[str, Array]


def path(figure: ByYear, years: tuple[int, ...]) -> Array:
    """A figure by calendar year as an array; before its first entry NaN (never read where nothing is on sale)."""
    return np.array([figure.at_year(y).base if y >= figure.first_year else np.nan for y in years])


def _column(figures: list[Quantity]) -> Array:
    return np.array([figure.base for figure in figures])


def derive(case: Case) -> Derived:
    """Computes the derived table of a resolved case (planning values of all figures)."""
    index = Index.of(case)
    values: dict[str, Array] = {}
    for part in (_machines, _mission, _staff_and_cpu, _sites_and_energy, _rules_and_prices):
        values.update({name: np.asarray(value, dtype=float) for name, value in part(case, index).items()})
    values.update(vat_included(case, values))
    values.update(funding(case, index))
    values.update(bounds(case, index, values))
    if set(values) != set(TABLE):
        raise KeyError(f"derived table and its documentation differ: {sorted(set(values) ^ set(TABLE))}")
    return Derived(index, values)


def _machines(case: Case, index: Index) -> dict[str, object]:
    types = [case.server_types[g] for g in index.types]
    servers = case.purchase_unit.servers.base
    compute = case.compute
    hours = HOURS_PER_YEAR * compute.commercial_utilisation.base * compute.goodput.base
    return {
        "unit_mw": _column([t.power for t in types]) * servers / 1e3,
        "unit_capacity": _column([t.gpus_per_server for t in types])
        * _column([t.performance for t in types])
        * (servers * hours / 1e6),
        "unit_price": [path(t.unit_price, index.years) for t in types],
        "commissioning_delay": _column([t.commissioning_delay for t in types]),
        "upkeep_hardware": sum(
            u.share_per_year.base for u in case.upkeep.values() if u.enabled and u.basis in ("hardware", "all")
        ),
        "upkeep_building": sum(
            u.share_per_year.base for u in case.upkeep.values() if u.enabled and u.basis in ("building", "all")
        ),
    }


def _mission(case: Case, index: Index) -> dict[str, object]:
    compute, mission = case.compute, case.mission
    pools = [getattr(case.pools, k) for k in POOLS]
    generations = [case.generations[n] for n in index.generations]
    sustained_flop_per_hour = compute.reference_gpu.base * 1e12 * compute.model_flop_utilisation.base * 3600
    flop = _column([n.training_flop for n in generations]) * 1e24
    levels = [case.adoption[a] for a in index.levels]
    demand = {
        "demand_core": np.array([path(level.core, index.years) for level in levels]),
        "demand_tuning": np.array([path(level.tuning, index.years) for level in levels]),
        "demand_tokens": np.array([path(level.inference, index.years) for level in levels]),
    }
    return {
        **demand,
        **{f"{name}_max": figures.max(axis=0) for name, figures in demand.items()},
        "share_min": _column([k.share_min for k in pools]),
        "share_max": _column([k.share_max for k in pools]),
        "private_share_max": _column([k.private_share_max for k in pools]),
        "training_need": flop * mission.funnel_factor.base / sustained_flop_per_hour / 1e6,
        "models_min": [n.models_min for n in generations],
        "models_per_year_min": mission.models_per_year_min,
        "models_per_year_max": mission.models_per_year_max,
        "public_compute_min": path(mission.public_compute_min, index.years),
        "compute_per_token": 1e9 * DAYS_PER_YEAR / (compute.inference_throughput.base * 3600) / 1e6,
        "adoption_threshold": _column([case.adoption[a].private_share_min for a in index.levels]),
    }


def _staff_and_cpu(case: Case, index: Index) -> dict[str, object]:
    people = np.zeros((len(POOLS), index.steps))
    for k, name in enumerate(POOLS):
        for p, step in enumerate(getattr(case.pools, name).staff_steps):
            people[k, p] = step.people.base
    cpu, staff = case.cpu, case.staff
    salary = staff.salary.base / 1e6
    return {
        "step_people": people,
        "salary": salary,
        "people_per_model": staff.per_core_model.base,
        "operations_cost": salary * staff.operations.base,
        "purchased_fixed": case.operations.internet.base + case.operations.licences.base,
        "cpu_cores_needed": cpu.cores.base / 1e3,
        "cpu_unit_cores": cpu.servers_per_unit.base * cpu.cores_per_server.base / 1e3,
        "cpu_unit_price": cpu.servers_per_unit.base * cpu.server_price.base / 1e6,
        "cpu_unit_mw": cpu.servers_per_unit.base * cpu.server_power.base / 1e3,
        "cpu_rent": cpu.rent.base * 12 / 1e6 / (cpu.cores.base / 1e3) if cpu.cores.base else 0.0,
    }


def _sites_and_energy(case: Case, index: Index) -> dict[str, object]:
    sites = [case.sites[s] for s in index.sites]
    sources = [case.energy_sources[j] for j in index.sources]
    module_mw = _column([s.module for s in sites])
    heat_price = _column([s.heat_price for s in sites]) / 1e3
    heat_cost = _column([s.heat_extraction_cost for s in sites]) / 1e3
    return {
        "module_mw": module_mw,
        "module_price": module_mw * _column([s.building_cost for s in sites]) / 1e3,
        "modules_max": [s.modules_max for s in sites],
        "opening_cost": _column([s.opening_cost for s in sites]),
        "site_fixed_cost": _column([s.fixed_cost for s in sites]),
        "pue": _column([s.pue for s in sites]),
        "grid_limit": _column([s.grid_limit for s in sites]),
        "grid_connection_cost": _column([s.grid_connection_cost for s in sites]),
        "grid_fee": _column([s.grid_fee for s in sites]),
        "heat_reuse_max": _column([s.heat_reuse_max for s in sites]),
        "heat_price": heat_price,
        "heat_extraction_cost": heat_cost,
        "gwh_per_mw": case.compute.power_utilisation.base * HOURS_PER_YEAR / 1e3,
        "energy_price": [path(j.price, index.years) for j in sources],
        "source_renewable": _column([j.renewable_share for j in sources]),
        "source_co2": _column([j.co2 for j in sources]) / 1e3,
        "source_share_max": _column([j.share_max for j in sources]),
    }


def _rules_and_prices(case: Case, index: Index) -> dict[str, object]:
    rules, prices = case.rules, case.prices
    gpus, tokens = prices.cluster_gpus.base, 1e9 / 1e3 * DAYS_PER_YEAR / 1e6
    fee = prices.infrastructure_fee if prices.infrastructure_fee_basis == "full_cost" else prices.cluster_hour
    co2_max = np.full(len(index.years), np.inf) if rules.co2_max is None else path(rules.co2_max, index.years)
    return {
        "public_use_min": rules.public_use.share_min.base,
        "ancillary_use_max": rules.ancillary_use.share_max.base,
        "grant_income_min": rules.grant_income.share_min.base,
        "renewable_min": path(rules.renewable_share_min, index.years),
        "pue_max": path(rules.pue_max, index.years),
        "heat_reuse_min": path(rules.heat_reuse_min, index.years),
        "co2_max": co2_max,
        "price_gpuh": prices.cluster_hour.base / gpus,
        "price_tokens": prices.tokens.base * tokens,
        "token_level_price": _column([level.price for level in prices.token_levels]) * tokens,
        "token_level_demand": _column([level.demand for level in prices.token_levels]),
        "cluster_level_price": _column([level.price for level in prices.cluster_hour_levels]) / gpus,
        "cluster_level_demand": _column([level.demand for level in prices.cluster_hour_levels]),
        "fee_gpuh": fee.base / gpus,
    }
