"""The derived table: every number that the optimiser sees, computed once from a case, in the model's units.

Money M EUR, power MW, energy GWh, compute million reference GPU-hours (Mgpuh), tokens billion a day. The formulations
in `models/` read each entry as a mutable parameter of the same name; `TABLE` documents axes, unit and meaning of each.

Figures that vary give an entry one leading axis of variants. Every formula therefore names its axes from the end.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from leam_opt.case.derive_bounds import bounds
from leam_opt.case.derive_funding import funding
from leam_opt.case.derive_tax import vat_included
from leam_opt.case.figures import ZERO, Figures
from leam_opt.case.index import POOLS, Index
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
    "switch_scale": ("", "ratio", "what rows with a switch are multiplied by, so that their bounds stay below 1e4"),
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
    """The derived table of a case, or of many variants of it.

    Attributes:
        index: the sets of the case.
        values: by name a float array with the axes of `TABLE[name]`; with one leading axis of variants before them
            where the entry depends on a figure that varies.
    """

    index: Index
    values: dict[str, Array]


def derive(case: Case, figures: Figures | None = None) -> Derived:
    """Computes the derived table of a resolved case.

    Args:
        case: the case.
        figures: the figures of the case of which some vary; without them all are at their planning values.
    """
    figures = figures or Figures()
    index = Index.of(case)
    values: dict[str, Array] = {}
    for part in (_machines, _mission, _staff_and_cpu, _sites_and_energy, _rules_and_prices):
        values.update({name: np.asarray(value, dtype=float) for name, value in part(case, index, figures).items()})
    values.update(vat_included(case, values, figures))
    values.update(funding(case, index, figures))
    values.update(bounds(case, index, values, figures))
    if set(values) != set(TABLE):
        raise KeyError(f"derived table and its documentation differ: {sorted(set(values) ^ set(TABLE))}")
    return Derived(index, values)


def _machines(case: Case, index: Index, figures: Figures) -> dict[str, object]:
    one, each = figures.one, figures.each
    types = [case.server_types[g] for g in index.types]
    servers = one(case.purchase_unit.servers)[..., None]
    hours = HOURS_PER_YEAR * one(case.compute.commercial_utilisation) * one(case.compute.goodput)
    upkeep = [u for u in case.upkeep.values() if u.enabled]
    return {
        "unit_mw": each(t.power for t in types) * servers / 1e3,
        "unit_capacity": each(t.gpus_per_server for t in types)
        * each(t.performance for t in types)
        * (servers * hours[..., None] / 1e6),
        "unit_price": figures.by_year([t.unit_price for t in types], index.years),
        "commissioning_delay": each(t.commissioning_delay for t in types),
        "upkeep_hardware": each(u.share_per_year for u in upkeep if u.basis in ("hardware", "all")).sum(axis=-1),
        "upkeep_building": each(u.share_per_year for u in upkeep if u.basis in ("building", "all")).sum(axis=-1),
    }


def _mission(case: Case, index: Index, figures: Figures) -> dict[str, object]:
    one, each = figures.one, figures.each
    compute, mission = case.compute, case.mission
    pools = [getattr(case.pools, k) for k in POOLS]
    generations = [case.generations[n] for n in index.generations]
    sustained_flop_per_hour = one(compute.reference_gpu) * 1e12 * one(compute.model_flop_utilisation) * 3600
    flop = each(n.training_flop for n in generations) * 1e24
    levels = [case.adoption[a] for a in index.levels]
    demand = {
        "demand_core": figures.by_year([level.core for level in levels], index.years),
        "demand_tuning": figures.by_year([level.tuning for level in levels], index.years),
        "demand_tokens": figures.by_year([level.inference for level in levels], index.years),
    }
    return {
        **demand,
        **{f"{name}_max": by_level.max(axis=-2) for name, by_level in demand.items()},
        "share_min": each(k.share_min for k in pools),
        "share_max": each(k.share_max for k in pools),
        "private_share_max": each(k.private_share_max for k in pools),
        "training_need": flop * one(mission.funnel_factor)[..., None] / sustained_flop_per_hour[..., None] / 1e6,
        "models_min": [n.models_min for n in generations],
        "models_per_year_min": mission.models_per_year_min,
        "models_per_year_max": mission.models_per_year_max,
        "public_compute_min": figures.yearly(mission.public_compute_min, index.years),
        "compute_per_token": 1e9 * DAYS_PER_YEAR / (one(compute.inference_throughput) * 3600) / 1e6,
        "adoption_threshold": each(level.private_share_min for level in levels),
    }


def _staff_and_cpu(case: Case, index: Index, figures: Figures) -> dict[str, object]:
    one = figures.one
    cpu, staff = case.cpu, case.staff
    teams = [[step.people for step in getattr(case.pools, k).staff_steps] for k in POOLS]
    salary = one(staff.salary) / 1e6
    servers, cores, rent = one(cpu.servers_per_unit), one(cpu.cores) / 1e3, one(cpu.rent) * 12 / 1e6
    return {
        "step_people": figures.grid([[*team, *[ZERO] * (index.steps - len(team))] for team in teams], index.steps),
        "salary": salary,
        "people_per_model": one(staff.per_core_model),
        "operations_cost": salary * one(staff.operations),
        "purchased_fixed": one(case.operations.internet) + one(case.operations.licences),
        "cpu_cores_needed": cores,
        "cpu_unit_cores": servers * one(cpu.cores_per_server) / 1e3,
        "cpu_unit_price": servers * one(cpu.server_price) / 1e6,
        "cpu_unit_mw": servers * one(cpu.server_power) / 1e3,
        "cpu_rent": np.where(cores > 0, rent / np.where(cores > 0, cores, 1.0), 0.0),
    }


def _sites_and_energy(case: Case, index: Index, figures: Figures) -> dict[str, object]:
    each = figures.each
    sites = [case.sites[s] for s in index.sites]
    sources = [case.energy_sources[j] for j in index.sources]
    module_mw = each(s.module for s in sites)
    return {
        "module_mw": module_mw,
        "module_price": module_mw * each(s.building_cost for s in sites) / 1e3,
        "modules_max": [s.modules_max for s in sites],
        "opening_cost": each(s.opening_cost for s in sites),
        "site_fixed_cost": each(s.fixed_cost for s in sites),
        "pue": each(s.pue for s in sites),
        "grid_limit": each(s.grid_limit for s in sites),
        "grid_connection_cost": each(s.grid_connection_cost for s in sites),
        "grid_fee": each(s.grid_fee for s in sites),
        "heat_reuse_max": each(s.heat_reuse_max for s in sites),
        "heat_price": each(s.heat_price for s in sites) / 1e3,
        "heat_extraction_cost": each(s.heat_extraction_cost for s in sites) / 1e3,
        "gwh_per_mw": figures.one(case.compute.power_utilisation) * HOURS_PER_YEAR / 1e3,
        "energy_price": figures.by_year([j.price for j in sources], index.years),
        "source_renewable": each(j.renewable_share for j in sources),
        "source_co2": each(j.co2 for j in sources) / 1e3,
        "source_share_max": each(j.share_max for j in sources),
    }


def _rules_and_prices(case: Case, index: Index, figures: Figures) -> dict[str, object]:
    one, each, yearly = figures.one, figures.each, figures.yearly
    rules, prices = case.rules, case.prices
    gpus, tokens = one(prices.cluster_gpus), 1e9 / 1e3 * DAYS_PER_YEAR / 1e6
    fee = prices.infrastructure_fee if prices.infrastructure_fee_basis == "full_cost" else prices.cluster_hour
    levels = prices.cluster_hour_levels
    return {
        "public_use_min": one(rules.public_use.share_min),
        "ancillary_use_max": one(rules.ancillary_use.share_max),
        "grant_income_min": one(rules.grant_income.share_min),
        "renewable_min": yearly(rules.renewable_share_min, index.years),
        "pue_max": yearly(rules.pue_max, index.years),
        "heat_reuse_min": yearly(rules.heat_reuse_min, index.years),
        "co2_max": np.full(len(index.years), np.inf) if rules.co2_max is None else yearly(rules.co2_max, index.years),
        "price_gpuh": one(prices.cluster_hour) / gpus,
        "price_tokens": one(prices.tokens) * tokens,
        "token_level_price": each(level.price for level in prices.token_levels) * tokens,
        "token_level_demand": each(level.demand for level in prices.token_levels),
        "cluster_level_price": each(level.price for level in levels) / gpus[..., None] if levels else np.zeros(0),
        "cluster_level_demand": each(level.demand for level in levels),
        "fee_gpuh": one(fee) / gpus,
    }
