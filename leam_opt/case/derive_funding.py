"""The derived table's entries on funding: caps, values at the hurdle rate, budgets, depreciation, residuals."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from leam_opt.case.axes import assembled
from leam_opt.case.derive_loans import loans
from leam_opt.case.derive_tax import tax_rate
from leam_opt.case.figures import ZERO, Figures, constant
from leam_opt.case.index import ENTITIES, Index
from leam_opt.case.instruments import Access, Equity, Grant, Instrument, Loan, Tranche

if TYPE_CHECKING:
    from leam_opt.case.quantity import Quantity
    from leam_opt.case.schema import Case

Array = NDArray[np.float64]


def funding(case: Case, index: Index, figures: Figures) -> dict[str, Array]:
    """Entries on instruments in use, cash reserves, taxes and the wear of what is bought."""
    one, each = figures.one, figures.each
    terms = [case.funding.instruments[f] for f in index.instruments]
    fund, objective, horizon = case.funding, case.objective, len(index.years)
    return {
        "cap_total": each(t.cap_total for t in terms),
        "cap_year": assembled(
            {(f,): _yearly_cap(t, index, figures) for f, t in enumerate(terms)}, (len(terms), horizon)
        ),
        "min_ticket": each(t.min_ticket for t in terms),
        "arrangement_fee": each(t.arrangement_fee for t in terms),
        "intensity": each(t.intensity if isinstance(t, Grant | Access) else ZERO for t in terms),
        "access_price": each(t.price if isinstance(t, Access) else constant(1.0) for t in terms),
        "access_release": _release(horizon),
        "private_money_min": one(fund.private_share_min),
        "private_money_max": one(fund.private_share_max),
        "gearing_max": each(getattr(fund, f"gearing_max_{e}") for e in ENTITIES),
        "cash_reserve": each(getattr(fund, f"cash_reserve_{e}") for e in ENTITIES),
        "free_reserve_share": one(case.rules.timely_use.free_reserve_share),
        "budget_max": figures.by_year([line.cap_per_year for line in fund.budget_lines.values()], index.years),
        "matching_ratio": each(rule.ratio for rule in fund.matching.values()),
        "public_money_value": (1 + one(objective.discount_rate)[..., None]) ** -np.arange(horizon, dtype=float),
        "deficit_max": np.array(np.inf) if objective.deficit_max is None else one(objective.deficit_max),
        "tax_rate": tax_rate(case, index, figures),
        **loans(case, index, figures),
        **_investors(terms, horizon, figures),
        **_wear(case, index),
    }


def _release(horizon: int) -> Array:
    """(draw year, year) part of an advance that becomes income: evenly until the horizon."""
    return np.triu(np.ones((horizon, horizon))) / np.arange(horizon, 0, -1.0)[:, None]


def _investors(terms: list[Instrument], horizon: int, figures: Figures) -> dict[str, Array]:
    """Present values at the rate that shareholders and tranches ask for, and what tranches are."""
    growth = 1 + figures.each(_return(t) for t in terms)[..., None]
    asking = np.array([isinstance(t, Equity | Tranche) for t in terms])[:, None]
    start, end = np.arange(horizon, dtype=float), np.arange(1, horizon + 1, dtype=float)
    return {
        "draw_value": asking * growth**-start,
        "payout_value": asking * growth**-end,
        "claim": growth ** (horizon - start),
        "tranche_share": figures.each(t.share if isinstance(t, Tranche) else ZERO for t in terms),
        "loss_max": figures.each(t.loss_max if isinstance(t, Tranche) else ZERO for t in terms),
    }


def _return(terms: Instrument) -> Quantity:
    if isinstance(terms, Equity):
        return terms.hurdle_rate
    return terms.return_rate if isinstance(terms, Tranche) else ZERO


def draw_years(case: Case, instrument: str) -> list[int]:
    """Calendar years in which an instrument can be drawn; a loan only where it is repaid within the horizon."""
    terms = case.funding.instruments[instrument]
    first, last = terms.first_year or case.years[0], terms.last_year or case.years[-1]
    if isinstance(terms, Loan):
        last = min(last, case.years[-1] - terms.tenor_years + 1)
    return [y for y in case.years if first <= y <= last]


def _yearly_cap(terms: Instrument, index: Index, figures: Figures) -> Array:
    """(Y) largest draw in each year: the yearly cap where there is one, and the total."""
    total = figures.one(terms.cap_total)[..., None]
    if terms.cap_per_year is None:
        return total
    return np.minimum(total, figures.yearly(terms.cap_per_year, index.years))


def _straight_line(life: int, horizon: int) -> Array:
    """Share of a purchase of year v that is written off in year y, (v, y)."""
    age = np.arange(horizon)[None, :] - np.arange(horizon)[:, None]
    return np.where((age >= 0) & (age < life), 1.0 / life, 0.0)


def _wear(case: Case, index: Index) -> dict[str, Array]:
    horizon = len(index.years)
    unit = np.array([_straight_line(case.server_types[g].life_years, horizon) for g in index.types])
    cpu = _straight_line(case.cpu.life_years, horizon)
    building = np.array([_straight_line(case.sites[s].building_life_years, horizon) for s in index.sites])
    valued = 1.0 if case.objective.residual_value else 0.0
    return {
        "unit_depreciation": unit,
        "cpu_depreciation": cpu,
        "building_depreciation": building,
        "unit_residual": valued * np.round(1 - unit.sum(axis=-1), 12),
        "cpu_residual": valued * np.round(1 - cpu.sum(axis=-1), 12),
        "building_residual": valued * np.round(1 - building.sum(axis=-1), 12),
    }
