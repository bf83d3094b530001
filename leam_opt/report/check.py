"""What `leam-opt check` says about a sound case: how many figures, from where, and what is worth knowing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from rich.console import RenderableType

from leam_opt.errors import CaseError
from leam_opt.report.export import csv_text
from leam_opt.report.style import heading, number, paragraph

if TYPE_CHECKING:
    from leam_opt.case.schema import Case

_LISTED = 10
"""Paths that a message lists before it only counts."""
_RULES = ("public_use", "ancillary_use", "grant_income", "timely_use")


def check_case(case: Case, scenario: str | None = None) -> dict[str, Any]:
    """Validates the scenarios (or one of them) and describes the case.

    Returns: case, title, years, figures, ranges, assumptions and unsourced (counts), scenarios (names), matters
    (sentences). Raises CaseError with the problems of all scenarios at once.
    """
    names = case.scenario_names if scenario is None else [scenario]
    scenarios: dict[str, Case] = {}
    problems: list[str] = []
    for name in names:
        try:
            scenarios[name] = case.scenario(name)
        except CaseError as error:
            problems += error.problems
    if problems:
        raise CaseError(list(dict.fromkeys(problems)))
    register = case.assumptions()
    sources = register["source"].fillna("").astype(str)
    unsourced = register.loc[sources == "", "path"].astype(str).tolist()
    assumptions = int(sources.str.startswith("assumption").sum())
    return {
        "case": case.name,
        "title": case.title,
        "years": case.years,
        "figures": len(register),
        "ranges": int((register["low"] != register["high"]).sum()),
        "assumptions": assumptions,
        "unsourced": len(unsourced),
        "scenarios": list(scenarios),
        "matters": list(_matters(case, scenarios, len(register), assumptions, unsourced)),
    }


def _matters(
    case: Case, scenarios: Mapping[str, Case], figures: int, assumptions: int, unsourced: list[str]
) -> Iterator[str]:
    if assumptions:
        yield f"{assumptions} of {figures} figures are assumptions; each says why."
    if unsourced:
        listed = ", ".join(unsourced[:_LISTED]) + (", ..." if len(unsourced) > _LISTED else "")
        yield f"{len(unsourced)} figures name no source: {listed}."
    for name, variant in {"base": case, **scenarios}.items():
        funding = variant.funding
        used = [funding.instruments[instrument] for instrument in funding.use if instrument in funding.instruments]
        most_meur = sum(terms.cap_total.base for terms in used)
        yield f"{name}: {len(used)} instruments in use, which provide {number(most_meur, 1)} M€ at most."
        off = [rule for rule in _RULES if not getattr(variant.rules, rule).enabled]
        if off:
            yield f"{name}: switched off: rules.{', rules.'.join(off)}."
    if case.reference_plan is None:
        yield "The case has no reference_plan; leam-opt reconcile needs one."


def check_csv(check: Mapping[str, Any]) -> str:
    """One line with the counts of a check."""
    keys = ("case", "figures", "ranges", "assumptions", "unsourced")
    return csv_text([{**{key: check[key] for key in keys}, "scenarios": " ".join(check["scenarios"])}])


def check_view(check: Mapping[str, Any]) -> Iterator[RenderableType]:
    """What a case holds and what is worth knowing before it is solved."""
    first, last = check["years"][0], check["years"][-1]
    scenarios = ", ".join(check["scenarios"]) or "none"
    yield heading(
        f"{check['case']} is sound: {check['figures']} figures, {check['ranges']} ranges, "
        f"{len(check['scenarios'])} scenarios ({scenarios}), {first} to {last}."
    )
    for matter in check["matters"]:
        yield paragraph(f"- {matter}")
