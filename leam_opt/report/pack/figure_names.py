"""Names of a case's figures for readers: `Price of electricity (Green tariff)` for a path of the case."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from leam_opt.case.schema import Case
from leam_opt.report.pack.labels import USES, label
from leam_opt.words import N_, Words

NAMES: Final[Mapping[str, str]] = {
    "server_types.commissioning_delay": N_("Delay of commissioning"),
    "server_types.unit_price": N_("Price of a purchase unit"),
    "server_types.power": N_("Power of a server"),
    "server_types.performance": N_("Performance of a GPU"),
    "upkeep.share_per_year": N_("Upkeep, share of the price a year"),
    "sites.building_cost": N_("Cost of building"),
    "sites.opening_cost": N_("Cost of opening the site"),
    "sites.fixed_cost": N_("Fixed cost of the site"),
    "sites.pue": N_("PUE"),
    "sites.grid_limit": N_("Limit of grid power"),
    "sites.grid_connection_cost": N_("Cost of the grid connection"),
    "sites.grid_fee": N_("Grid fee"),
    "sites.heat_reuse_max": N_("Largest share of heat that is reused"),
    "sites.heat_extraction_cost": N_("Cost of heat extraction"),
    "sites.heat_price": N_("Price of heat"),
    "compute.model_flop_utilisation": N_("Model FLOP utilisation in training"),
    "compute.commercial_utilisation": N_("Utilisation of the machines"),
    "compute.goodput": N_("Hours not lost to failures (goodput)"),
    "compute.inference_throughput": N_("Throughput of inference"),
    "generations.training_flop": N_("Compute of a training"),
    "mission.funnel_factor": N_("Compute with all preparing runs over that of the final training"),
    "mission.public_compute_min": N_("Compute promised to public users"),
    "staff.operations": N_("Operations staff"),
    "staff.per_core_model": N_("Staff for each core model"),
    "operations.internet": N_("Internet connection"),
    "operations.licences": N_("Licences"),
    "cpu.rent": N_("Rent of CPU cores"),
    "cpu.server_price": N_("Price of a CPU server"),
    "energy_sources.price": N_("Price of electricity"),
    "energy_sources.co2": N_("CO2 of the electricity"),
    "energy_sources.share_max": N_("Largest share of the electricity"),
    "adoption.core": N_("Demand of industry for core compute"),
    "adoption.tuning": N_("Demand of industry for tuning"),
    "adoption.inference": N_("Demand of industry for inference"),
    "adoption.private_share_min": N_("Private share that the take-up needs"),
    "prices.infrastructure_fee": N_("Infrastructure fee"),
    "prices.cluster_hour": N_("Price of a cluster hour"),
    "prices.tokens": N_("Price of tokens"),
    "rules.heat_reuse_min": N_("Smallest share of heat that is reused"),
    "rules.renewable_share_min": N_("Smallest renewable share"),
    "rules.co2_max": N_("Largest CO2 emissions"),
    "taxation.vat_irrecoverable_research": N_("Irrecoverable VAT of the research company"),
    "funding.cap_total": N_("Largest sum"),
    "funding.cap_per_year": N_("Largest sum a year"),
    "funding.arrangement_fee": N_("Arrangement fee"),
    "funding.hurdle_rate": N_("Return asked for"),
    "funding.return_rate": N_("Return owed"),
    "funding.rate": N_("Interest rate"),
    "funding.dscr_min": N_("Debt service cover (DSCR), smallest allowed"),
    "funding.lockup_dscr": N_("Debt service cover (DSCR) below which nothing is distributed"),
    "funding.reserve_months": N_("Debt service reserve"),
    "funding.construction_years": N_("Years of construction"),
    "funding.intensity": N_("Share of eligible cost"),
    "funding.price": N_("Price of access time"),
    "funding.guaranteed_share_min": N_("Smallest guaranteed share"),
    "funding.share_max": N_("Largest guaranteed share"),
    "funding.fee": N_("Guarantee fee"),
    "funding.rate_reduction": N_("Reduction of the interest rate"),
    "funding.call_probability": N_("Probability of a call"),
    "funding.ratio": N_("Ratio of matched money"),
    "funding.gearing_max_service": N_("Largest share of loans, service company"),
}
"""Figures by the section of the case and the last part of their path."""
UNITS: Final[Mapping[str, str]] = {
    "MEUR": N_("M€"),
    "MEUR/a": N_("M€ a year"),
    "MEUR/MW": N_("M€ per MW"),
    "MEUR/MW/a": N_("M€ per MW a year"),
    "EUR/kW": "€/kW",
    "EUR/kWh": "€/kWh",
    "EUR/MWh": "€/MWh",
    "EUR/h": "€/h",
    "EUR/GPUh": N_("€ per GPU-hour"),
    "EUR/ktoken": N_("€ per 1000 tokens"),
    "EUR/server": N_("€ per server"),
    "EUR/month": N_("€ a month"),
    "MGPUh/a": N_("million GPU-hours a year"),
    "Gtoken/d": N_("bn tokens a day"),
    "token/s": N_("tokens/s"),
    "a": N_("years"),
    "month": N_("months"),
    "person": N_("persons"),
    "unit": "",
    "server": N_("servers"),
    "model": N_("core models"),
    "model/a": N_("core models a year"),
    "calendar year": "",
}
"""Units of the case as a reader knows them; others, such as MW, are written as they are."""
_RATIOS: Final = frozenset({"funnel_factor", "pue", "pue_max", "dscr_min", "lockup_dscr", "performance", "ratio"})
"""Figures in `share` that are read as a number, not as a percentage."""
_YEAR: Final = re.compile(r"[0-9]{4}")


def figure_name(case: Case, path: str, words: Words) -> str:
    """The figure at a path with what it belongs to; the path itself where it has no name of its own."""
    parts = path.split(".")
    year = parts.pop() if len(parts) > 1 and _YEAR.fullmatch(parts[-1]) else ""
    name = NAMES.get(f"{parts[0]}.{parts[-1]}")
    if name is None or any(part.isdigit() for part in parts):
        return path
    told = words(name)
    owner = _owner(case, parts, words)
    if owner:
        told = f"{told} ({owner})"
    return f"{told}, {year}" if year else told


def with_titles(table: Mapping[str, Any], case: Case, words: Words) -> dict[str, Any]:
    """A tornado table whose bars have titles, beside the paths in `factor`."""
    return {**table, "bars": [{**bar, "title": figure_name(case, bar["factor"], words)} for bar in table["bars"]]}


def range_end(lever: Mapping[str, Any], end: str, words: Words) -> str:
    """The value of a lever (`path`, `low`, `high`, `unit`) at an end of its range, with its unit."""
    unit, value = str(lever["unit"]), lever[end]
    if not isinstance(value, int | float):
        return str(lever["texts"][end])
    if unit == "share":
        if str(lever.get("path", "")).rpartition(".")[2] in _RATIOS or abs(value) > 1:
            return _number(value, words)
        return f"{_number(100 * value, words)} %"
    return f"{_number(value, words)} {unit_name(unit, words)}".strip()


def unit_name(unit: str, words: Words) -> str:
    """A unit of the case in words; none for a share."""
    if unit == "share":
        return ""
    return words(UNITS[unit]) if UNITS.get(unit) else UNITS.get(unit, unit)


def _number(value: float, words: Words) -> str:
    """A figure with the four digits that count."""
    digits = next((digits for digits in range(7) if abs(round(value, digits) - value) <= 5e-4 * abs(value)), 7)
    return words.number(value, digits)


def _owner(case: Case, parts: list[str], words: Words) -> str:
    """Title of the server type, site, instrument ... that a figure belongs to; nothing where it stands alone."""
    at: Any = case
    for place, part in enumerate(parts[:-1]):
        at = at.get(part) if isinstance(at, Mapping) else getattr(at, part, None)
        if place and at is not None:
            title = getattr(at, "title", None)
            if title:
                return str(title)
    if len(parts) < 3:
        return ""
    key = parts[-2]
    return words(USES[key]) if key in USES else label(key, words)
