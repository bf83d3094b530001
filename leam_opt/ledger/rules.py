"""Every rule of a plan: rows for the audit, and a compact list of the legal rules for reports."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from leam_opt.ledger import rules_debt, rules_grants, rules_investors, rules_money, rules_physical
from leam_opt.ledger.books import Books
from leam_opt.ledger.funding import RESEARCH
from leam_opt.ledger.rows import RELATIVE_TOLERANCE, Block

Array = NDArray[np.float64]

_PARTS = (
    rules_physical.machine_rows,
    rules_physical.training_rows,
    rules_physical.mission_rows,
    rules_physical.staff_rows,
    rules_physical.site_rows,
    rules_physical.energy_rows,
    rules_physical.charity_rows,
    rules_grants.instrument_rows,
    rules_grants.grant_rows,
    rules_grants.access_rows,
    rules_grants.budget_rows,
    rules_debt.band_rows,
    rules_debt.guarantee_rows,
    rules_debt.cover_rows,
    rules_investors.return_rows,
    rules_investors.ring_fence_rows,
    rules_investors.fund_rows,
    rules_investors.called_loss_rows,
    rules_money.company_rows,
    rules_money.mix_rows,
    rules_money.range_rows,
)


def blocks(books: Books) -> list[Block]:
    """All rows of a plan by family, in reading order."""
    return [rows for part in _PARTS for rows in part(books)]


def families_about_things(books: Books) -> frozenset[str]:
    """Families of the rules about machines, power, compute and who uses it; the others are about money."""
    return frozenset(
        rows.family for part in _PARTS if part.__module__ == rules_physical.__name__ for rows in part(books)
    )


@dataclass(frozen=True)
class Rule:
    """A legal rule in its worst year.

    Attributes:
        rule, scope: name of the rule and what it is measured over.
        limit: the limit of the worst year; None without one.
        worst: the worst year's value; None where the rule has nothing to measure.
        year: the worst year.
        met: whether all years keep the limit, whether or not the plan is bound by it.
        active: whether the rule binds this plan.
    """

    rule: str
    scope: str
    limit: float | None
    worst: float | None
    year: int | None
    met: bool
    active: bool


def _worst(books: Books, rule: str, scope: str, value: Array, limit: Array, at_most: bool, active: bool) -> Rule:
    """The year (last axis) with the least room; years that have nothing to measure are not a number."""
    years = books.inputs.structure.index.years
    limits = np.broadcast_to(limit, value.shape)
    room = limits - value if at_most else value - limits
    measured = np.isfinite(value)
    if not measured.any():
        fixed = float(limits.flat[0])
        return Rule(rule, scope, fixed if np.isfinite(fixed) else None, None, None, True, active)
    # Without a limit the room is infinite; the largest value is then the worst.
    order = np.where(measured, np.where(np.isfinite(room), room, -value if at_most else value), np.inf)
    at = np.unravel_index(int(np.argmin(order)), order.shape)
    worst, fixed = float(value[at]), float(limits[at])
    met = bool(np.all(room[measured] >= -RELATIVE_TOLERANCE * np.maximum(1.0, np.abs(value[measured]))))
    return Rule(rule, scope, fixed if np.isfinite(fixed) else None, worst, years[int(at[-1])], met, active)


def _share(part: Array, whole: Array) -> Array:
    """The share of part in whole; not a number where there is (next to) nothing to share."""
    some = whole > RELATIVE_TOLERANCE
    return np.where(some, part / np.where(some, whole, 1.0), np.nan)


def legal_rules(books: Books) -> Iterator[Rule]:
    """Public use and ancillary use in both scopes, grant income, timely use, renewable share, PUE, heat, CO2.

    Timely use is the research company's cash over what it may hold. Only without an axis of variants.
    """
    structure, limits, plan, things = books.inputs.structure, books.inputs.money, books.plan, books.things
    for scope in ("core", "all"):
        share = _share(*rules_physical.public_use(books, scope))
        active = structure.public_use == scope
        yield _worst(books, "public_use", scope, share, limits.public_use_min, at_most=False, active=active)
    for scope in ("core", "all"):
        share = _share(*rules_physical.ancillary_use(books, scope))
        active = structure.ancillary_use == scope
        yield _worst(books, "ancillary_use", scope, share, limits.ancillary_use_max, at_most=True, active=active)
    grants, others = books.money.grants_income, books.money.other_income
    share = _share(grants, grants + others)
    yield _worst(
        books, "grant_income", "research", share, limits.grant_income_min, at_most=False, active=structure.grant_income
    )
    if structure.timely_use is not None:
        held, allowed = rules_money.timely_use(books)
        late = np.arange(structure.horizon) >= structure.timely_use
        share = np.where(late, _share(held, allowed), np.nan)
        active = bool(structure.active[RESEARCH])
        yield _worst(books, "timely_use", "research", share, np.array(1.0), at_most=True, active=active)
    share = _share(things.renewable_gwh, plan.energy_gwh.sum(axis=(-3, -2)))
    active = bool(np.any(limits.renewable_min > 0))
    yield _worst(books, "renewable", "centre", share, limits.renewable_min, at_most=False, active=active)
    pue = np.where(plan.site_open > 0.5, books.inputs.places.pue[..., None], np.nan)
    yield _worst(books, "pue", "site", pue, limits.pue_max, at_most=True, active=True)
    share = _share(plan.heat_sold_gwh, things.site_energy_gwh)
    active = bool(np.any(limits.heat_share_min > 0))
    yield _worst(books, "heat", "site", share, limits.heat_share_min, at_most=False, active=active)
    yield _worst(books, "co2", "centre", things.co2_kt, limits.co2_max_kt, at_most=True, active=structure.co2_capped)
