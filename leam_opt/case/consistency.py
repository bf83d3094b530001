"""Checks across sections of a case; each message says what is wrong and what would be right."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from leam_opt.case.financial import Loan
from leam_opt.case.quantity import ByYear

if TYPE_CHECKING:
    from leam_opt.case.schema import Case


def problems(case: Case) -> list[str]:
    """All inconsistencies of a case as `path<TAB>message` lines; empty where the case is sound."""
    found: list[str] = []
    for check in (_names, _years, _pools, _staff_steps, _mission, _funding, _loans, _adoption, _reference_plan):
        found += [f"{path}\t{message}" for path, message in check(case)]
    return found


def _unknown(name: str, known: Any, what: str) -> str:
    close = get_close_matches(name, list(known), n=1)
    hint = f"did you mean '{close[0]}'?" if close else f"known are {', '.join(known)}"
    return f"unknown {what} '{name}'; {hint}"


def _names(case: Case) -> Iterator[tuple[str, str]]:
    for index, name in enumerate(case.funding.use):
        if name not in case.funding.instruments:
            yield f"funding.use.{index}", _unknown(name, case.funding.instruments, "instrument")
        if name in case.funding.use[:index]:
            yield f"funding.use.{index}", f"instrument '{name}' stands twice"
    for source_name, source in case.energy_sources.items():
        for index, site in enumerate(source.sites or []):
            if site not in case.sites:
                yield f"energy_sources.{source_name}.sites.{index}", _unknown(site, case.sites, "site")
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


def _years(case: Case) -> Iterator[tuple[str, str]]:
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


def _pools(case: Case) -> Iterator[tuple[str, str]]:
    pools = {"core": case.pools.core, "tuning": case.pools.tuning, "inference": case.pools.inference}
    for name, pool in pools.items():
        if pool.share_min.base > pool.share_max.base:
            yield f"pools.{name}.share_min", f"{pool.share_min.base:g} is above share_max {pool.share_max.base:g}"
    least, most = sum(p.share_min.base for p in pools.values()), sum(p.share_max.base for p in pools.values())
    if least > 1 + 1e-9:
        yield "pools", f"the smallest shares add up to {least:g}; at most 1 is possible"
    if most < 1 - 1e-9:
        yield "pools", f"the largest shares add up to {most:g}; at least 1 is needed"


def _staff_steps(case: Case) -> Iterator[tuple[str, str]]:
    for name in ("core", "tuning", "inference"):
        steps = getattr(case.pools, name).staff_steps
        loads = [float("inf") if step.up_to is None else step.up_to.base for step in steps]
        for index in range(1, len(steps)):
            if loads[index] <= loads[index - 1] or steps[index].people.base < steps[index - 1].people.base:
                yield f"pools.{name}.staff_steps.{index}", "steps must rise in up_to and not fall in people"


def _mission(case: Case) -> Iterator[tuple[str, str]]:
    mission = case.mission
    if mission.models_per_year_min > mission.models_per_year_max:
        yield "mission.models_per_year_min", f"it is above models_per_year_max {mission.models_per_year_max}"
    windows = [(generation.first_year, generation.last_year) for generation in case.generations.values()]
    idle = [str(year) for year in case.years if not any(first <= year <= last for first, last in windows)]
    is_in_order = all(first <= last for first, last in windows)  # otherwise that is the problem
    if mission.models_per_year_min and idle and is_in_order:
        years = ", ".join(idle)
        yield "generations", f"no generation is developed in {years}, but the mission asks for models every year"


def _funding(case: Case) -> Iterator[tuple[str, str]]:
    funding = case.funding
    if funding.private_share_min.base > funding.private_share_max.base:
        yield "funding.private_share_min", f"it is above private_share_max {funding.private_share_max.base:g}"
    for name, terms in funding.instruments.items():
        path = f"funding.instruments.{name}"
        first = terms.first_year or case.years[0]
        last = terms.last_year or case.years[-1]
        if last < first:
            yield f"{path}.last_year", f"years out of order: {last} is before {first}"
        elif last < case.years[0] or first > case.years[-1]:
            yield f"{path}.first_year", f"no draw falls into the horizon {case.years[0]}-{case.years[-1]}"
        if terms.min_ticket.base > terms.cap_total.base:
            yield f"{path}.min_ticket", f"{terms.min_ticket.base:g} MEUR is above cap_total {terms.cap_total.base:g}"
    if case.objective.name == "public_compute" and case.objective.deficit_max is None:
        yield "objective.deficit_max", "missing; the objective public_compute needs the largest deficit"


def _loans(case: Case) -> Iterator[tuple[str, str]]:
    for name, loan in case.funding.instruments.items():
        if not isinstance(loan, Loan):
            continue
        path = f"funding.instruments.{name}"
        if loan.grace_years >= loan.tenor_years:
            yield f"{path}.grace_years", f"it must be below tenor_years {loan.tenor_years}"
        # Later draws that are not repaid within the horizon are left out by the model; the first one must fit.
        draw = max(loan.first_year or case.years[0], case.years[0])
        end = draw + loan.tenor_years - 1
        if draw <= case.years[-1] < end:
            longest = case.years[-1] - draw + 1
            yield (
                f"{path}.tenor_years",
                f"a draw in {draw} is repaid only in {end}, after the horizon; at most {longest} years fit",
            )


def _adoption(case: Case) -> Iterator[tuple[str, str]]:
    lowest = min(level.private_share_min.base for level in case.adoption.values())
    if lowest > 0:
        yield "adoption", "one level must hold without private money (private_share_min 0)"


def _reference_plan(case: Case) -> Iterator[tuple[str, str]]:
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
            yield f"reference_plan.{field}", _unknown(name, known, what)
    total = plan.core_share.base + plan.tuning_share.base + plan.inference_share.base
    if abs(total - 1) > 1e-9:
        yield "reference_plan", f"the shares of the three pools add up to {total:g}; they must add up to 1"
