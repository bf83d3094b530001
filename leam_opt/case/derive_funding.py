"""The derived table's entries on funding: caps, values at the hurdle rate, budgets, depreciation, residuals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from leam_opt.case.derive_loans import loans
from leam_opt.case.derive_tax import tax_rate
from leam_opt.case.index import ENTITIES, Index
from leam_opt.case.instruments import Access, Equity, Grant, Instrument, InstrumentTerms, Loan, Tranche

if TYPE_CHECKING:
    from leam_opt.case.schema import Case

Array = NDArray[np.float64]


def funding(case: Case, index: Index) -> dict[str, Array]:
    """Entries on instruments in use, cash reserves, taxes and the wear of what is bought."""
    terms = [case.funding.instruments[f] for f in index.instruments]
    fund, objective = case.funding, case.objective
    lines = list(fund.budget_lines.values())
    return {
        "cap_total": np.array([t.cap_total.base for t in terms]),
        "cap_year": np.array([_yearly_cap(t, index) for t in terms]).reshape(len(terms), len(index.years)),
        "min_ticket": np.array([t.min_ticket.base for t in terms]),
        "arrangement_fee": np.array([t.arrangement_fee.base for t in terms]),
        "intensity": np.array([t.intensity.base if isinstance(t, Grant | Access) else 0.0 for t in terms]),
        "access_price": np.array([t.price.base if isinstance(t, Access) else 1.0 for t in terms]),
        "access_release": _release(len(index.years)),
        "private_money_min": np.array(fund.private_share_min.base),
        "private_money_max": np.array(fund.private_share_max.base),
        "gearing_max": np.array([getattr(fund, f"gearing_max_{e}").base for e in ENTITIES]),
        "cash_reserve": np.array([getattr(fund, f"cash_reserve_{e}").base for e in ENTITIES]),
        "free_reserve_share": np.array(case.rules.timely_use.free_reserve_share.base),
        "budget_max": np.array(
            [[line.cap_per_year.at_year(y).base for y in index.years] for line in lines], dtype=float
        ).reshape(len(lines), len(index.years)),
        "matching_ratio": np.array([rule.ratio.base for rule in fund.matching.values()]),
        "public_money_value": (1 + objective.discount_rate.base) ** -np.arange(len(index.years), dtype=float),
        "deficit_max": np.array(np.inf if objective.deficit_max is None else objective.deficit_max.base),
        "tax_rate": tax_rate(case, index),
        **loans(case, index),
        **_investors(terms, len(index.years)),
        **_wear(case, index),
    }


def _release(horizon: int) -> Array:
    """(draw year, year) part of an advance that becomes income: evenly until the horizon."""
    return np.triu(np.ones((horizon, horizon))) / np.arange(horizon, 0, -1.0)[:, None]


def _investors(terms: Sequence[Instrument], horizon: int) -> dict[str, Array]:
    """Present values at the rate that shareholders and tranches ask for, and what tranches are."""
    rates = np.array([_return(t) for t in terms])[:, None]
    asking = np.array([isinstance(t, Equity | Tranche) for t in terms])[:, None]
    start, end = np.arange(horizon, dtype=float), np.arange(1, horizon + 1, dtype=float)
    return {
        "draw_value": asking * (1 + rates) ** -start,
        "payout_value": asking * (1 + rates) ** -end,
        "claim": (1 + rates) ** (horizon - start),
        "tranche_share": np.array([t.share.base if isinstance(t, Tranche) else 0.0 for t in terms]),
        "loss_max": np.array([t.loss_max.base if isinstance(t, Tranche) else 0.0 for t in terms]),
    }


def _return(terms: Instrument) -> float:
    if isinstance(terms, Equity):
        return terms.hurdle_rate.base
    return terms.return_rate.base if isinstance(terms, Tranche) else 0.0


def draw_years(case: Case, instrument: str) -> list[int]:
    """Calendar years in which an instrument can be drawn; a loan only where it is repaid within the horizon."""
    terms = case.funding.instruments[instrument]
    first, last = terms.first_year or case.years[0], terms.last_year or case.years[-1]
    if isinstance(terms, Loan):
        last = min(last, case.years[-1] - terms.tenor_years + 1)
    return [y for y in case.years if first <= y <= last]


def _yearly_cap(terms: InstrumentTerms, index: Index) -> Array:
    """Largest draw in each year: the yearly cap where there is one (its first entry before it), and the total."""
    total, figure = terms.cap_total.base, terms.cap_per_year
    if figure is None:
        return np.full(len(index.years), total)
    return np.array([min(total, figure.at_year(y).base) for y in index.years])


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
