"""Checks across sections of a case; each message says what is wrong and what would be right."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from pydantic import BaseModel

from leam_opt.case.consistency_funding import Found, guarantees, instruments, listed, loans
from leam_opt.case.consistency_rules import funds, rules
from leam_opt.case.quantity import ByYear, hint

if TYPE_CHECKING:
    from leam_opt.case.schema import Case


def problems(case: Case) -> list[str]:
    """All inconsistencies of a case as `path<TAB>message` lines; empty where the case is sound."""
    return [f"{path}\t{message}" for check in CHECKS for path, message in check(case)]


def _names(case: Case) -> Found:
    funding = case.funding
    known = {**funding.instruments, **funding.guarantees}
    yield from listed("funding.use", funding.use, known, "instrument", funding)
    for source_name, source in case.energy_sources.items():
        for index, site in enumerate(source.sites or []):
            if site not in case.sites:
                yield f"energy_sources.{source_name}.sites.{index}", f"unknown site '{site}'; {hint(site, case.sites)}"
    if "base" in case.scenarios:
        yield "scenarios.base", "the name 'base' stands for the case itself; choose another one"


def _paths_by_year(section: BaseModel, path: str = "") -> Iterator[tuple[str, ByYear]]:
    for field in type(section).model_fields:
        value = getattr(section, field)
        here = f"{path}.{field}".lstrip(".")
        if isinstance(value, ByYear):
            yield here, value
        elif isinstance(value, BaseModel):
            yield from _paths_by_year(value, here)
        elif isinstance(value, dict):
            for key, item in value.items():
                if isinstance(item, BaseModel):
                    yield from _paths_by_year(item, f"{here}.{key}")


def _years(case: Case) -> Found:
    for path, figure in _paths_by_year(case):
        first_needed = case.start_year
        if path.startswith("server_types."):
            first_needed = max(first_needed, case.server_types[path.split(".")[1]].on_sale_from)
        if figure.first_year > first_needed:
            yield path, f"no figure for {first_needed}; the first entry is for {figure.first_year}"
    for name, kind in case.server_types.items():
        if kind.on_sale_until is not None and kind.on_sale_until < kind.on_sale_from:
            yield f"server_types.{name}.on_sale_until", "years out of order: it ends before on_sale_from"
    if all(kind.on_sale_from > case.years[-1] for kind in case.server_types.values()):
        yield "server_types", f"no server type is on sale by {case.years[-1]}, the last year of the horizon"
    if all(site.open_from is not None and site.open_from > case.years[-1] for site in case.sites.values()):
        yield "sites", f"no site can be used by {case.years[-1]}, the last year of the horizon"
    for name, generation in case.generations.items():
        if generation.last_year < generation.first_year:
            yield f"generations.{name}.last_year", "years out of order: it ends before first_year"


def _pools(case: Case) -> Found:
    pools = {"core": case.pools.core, "tuning": case.pools.tuning, "inference": case.pools.inference}
    for name, pool in pools.items():
        if pool.share_min.base > pool.share_max.base:
            yield f"pools.{name}.share_min", f"{pool.share_min.base:g} is above share_max {pool.share_max.base:g}"
    least, most = sum(p.share_min.base for p in pools.values()), sum(p.share_max.base for p in pools.values())
    if least > 1 + 1e-9:
        yield "pools", f"the smallest shares add up to {least:g}; at most 1 is possible"
    if most < 1 - 1e-9:
        yield "pools", f"the largest shares add up to {most:g}; at least 1 is needed"


def _staff_steps(case: Case) -> Found:
    for name in ("core", "tuning", "inference"):
        steps = getattr(case.pools, name).staff_steps
        loads = [float("inf") if step.up_to is None else step.up_to.base for step in steps]
        for index in range(1, len(steps)):
            if loads[index] <= loads[index - 1] or steps[index].people.base < steps[index - 1].people.base:
                yield f"pools.{name}.staff_steps.{index}", "steps must rise in up_to and not fall in people"


def _mission(case: Case) -> Found:
    mission = case.mission
    if mission.models_per_year_min > mission.models_per_year_max:
        yield "mission.models_per_year_min", f"it is above models_per_year_max {mission.models_per_year_max}"
    windows = [(generation.first_year, generation.last_year) for generation in case.generations.values()]
    idle = [str(year) for year in case.years if not any(first <= year <= last for first, last in windows)]
    is_in_order = all(first <= last for first, last in windows)  # otherwise that is the problem
    if mission.models_per_year_min and idle and is_in_order:
        years = ", ".join(idle)
        yield "generations", f"no generation is developed in {years}, but the mission asks for models every year"


def _prices(case: Case) -> Found:
    prices = case.prices
    for key in ("token_levels", "cluster_hour_levels"):
        levels = getattr(prices, key)
        for index in range(1, len(levels)):
            level, before = levels[index], levels[index - 1]
            if level.price.base <= before.price.base:
                message = (
                    f"{level.price.base:g} {level.price.unit} is not above {before.price.base:g} of the level before"
                )
                yield f"prices.{key}.{index}.price", f"{message}; prices must rise from level to level"
            if level.demand.base >= before.demand.base:
                message = f"{level.demand.base:g} is not below {before.demand.base:g} of the level before"
                yield f"prices.{key}.{index}.demand", f"{message}; demand must fall as the price rises"
    if prices.cluster_hour_levels and prices.infrastructure_fee_basis == "market":
        message = "a market fee needs one market price, and cluster_hour_levels leave it open; use full_cost"
        yield "prices.infrastructure_fee_basis", message


def _objective(case: Case) -> Found:
    if case.objective.name == "public_compute" and case.objective.deficit_max is None:
        yield "objective.deficit_max", "missing; the objective public_compute needs the largest deficit"


def _value_for_money(case: Case) -> Found:
    section = case.value_for_money
    if section is None:
        return
    known = ["base", *case.scenarios]
    for key in ("comparator", "partnership"):
        name = getattr(section, key)
        if name not in known:
            yield f"value_for_money.{key}", f"unknown scenario '{name}'; {hint(name, known)}"
    if section.comparator == section.partnership:
        message = f"'{section.comparator}' is the comparator already; compare it with another scenario"
        yield "value_for_money.partnership", message
    transfer = section.transferred
    in_flows = [f"risks.{name}" for name in section.risks]
    in_flows += [f"transferred.{key}" for key in ("capex", "opex", "revenue") if getattr(transfer, key).high > 0]
    if section.risk_premium.high > 0 and in_flows:
        message = f"risk is valued in the flows already ({', '.join(in_flows)}), and never in the rate too"
        yield "value_for_money.risk_premium", f"{message}; set it to 0, or take the others out"


def _adoption(case: Case) -> Found:
    lowest = min(level.private_share_min.base for level in case.adoption.values())
    if lowest > 0:
        yield "adoption", "one level must hold without private money (private_share_min 0)"


def _reference_plan(case: Case) -> Found:
    plan = case.reference_plan
    if plan is None:
        return
    for field, known, what in (
        ("site", case.sites, "site"),
        ("server_type", case.server_types, "server type"),
        ("energy_source", case.energy_sources, "energy source"),
    ):
        name = getattr(plan, field)
        if name not in known:
            yield f"reference_plan.{field}", f"unknown {what} '{name}'; {hint(name, known)}"
    total = plan.core_share.base + plan.tuning_share.base + plan.inference_share.base
    if abs(total - 1) > 1e-9:
        yield "reference_plan", f"the shares of the three pools add up to {total:g}; they must add up to 1"


CHECKS = (
    _names,
    _years,
    _pools,
    _staff_steps,
    _mission,
    _prices,
    instruments,
    loans,
    guarantees,
    funds,
    rules,
    _adoption,
    _objective,
    _value_for_money,
    _reference_plan,
)
