"""Bridges from the second best scenario to the best: which lines make the difference."""

from __future__ import annotations

from collections.abc import Mapping

from leam_opt.solve.plan import Plan

Bridge = list[tuple[str, float]]
"""Start, changes, end; the changes add up to the difference, M EUR."""

TEN_CENTS_MEUR = 1e-7
"""Changes below this are left out."""


def deficit_bridge(plans: Mapping[str, Plan], ranking: list[str]) -> Bridge:
    """From the second best's deficit to the best's, line by line; empty with a single plan."""
    if len(ranking) < 2:
        return []
    second, best = (
        {line: float(meur) for line, meur in plans[name].accounts.books.line_totals.items()} for name in ranking[1::-1]
    )
    return _bridge("deficit", "deficit_meur", plans, ranking, second, best)


def public_money_bridge(plans: Mapping[str, Plan], ranking: list[str]) -> Bridge:
    """From the second best's public money to the best's, public instrument by instrument; empty with a single plan."""
    if len(ranking) < 2:
        return []
    second, best = (_public_draws(plans[name]) for name in ranking[1::-1])
    return _bridge("public money", "public_money_meur", plans, ranking, second, best)


def _public_draws(plan: Plan) -> dict[str, float]:
    structure = plan.accounts.books.inputs.structure
    drawn = plan.decisions.draws_meur.sum(axis=-1)
    public = zip(structure.index.instruments, drawn, structure.public, strict=True)
    return {name: float(meur) for name, meur, is_public in public if is_public}


def _bridge(
    title: str,
    figure: str,
    plans: Mapping[str, Plan],
    ranking: list[str],
    second: Mapping[str, float],
    best: Mapping[str, float],
) -> Bridge:
    start, end = (plans[name].accounts.totals[figure] for name in ranking[1::-1])
    changes = [(line, best.get(line, 0.0) - second.get(line, 0.0)) for line in dict.fromkeys([*second, *best])]
    changes = [(line, change) for line, change in changes if abs(change) > TEN_CENTS_MEUR]
    return [(f"{title} of {ranking[1]}", start), *changes, (f"{title} of {ranking[0]}", end)]
