"""The derived table's entries on funding: caps, loan profiles, values at the hurdle rate, depreciation, residuals."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from leam_opt.case.financial import Equity, Grant, InstrumentTerms, Loan
from leam_opt.case.index import ENTITIES, Index

if TYPE_CHECKING:
    from leam_opt.case.schema import Case

Array = NDArray[np.float64]


def funding(case: Case, index: Index) -> dict[str, Array]:
    """Entries on instruments in use, cash reserves and the wear of what is bought."""
    terms = [case.funding.instruments[f] for f in index.instruments]
    horizon = len(index.years)
    shape = (len(terms), horizon)
    interest, principal = np.zeros((*shape, horizon)), np.zeros((*shape, horizon))
    draw_value, payout_value = np.zeros(shape), np.zeros(shape)
    for f, instrument in enumerate(terms):
        if isinstance(instrument, Loan):
            interest[f], principal[f] = loan_profile(instrument, horizon)
        if isinstance(instrument, Equity):
            growth = 1 + instrument.hurdle_rate.base
            draw_value[f] = growth ** -np.arange(horizon, dtype=float)
            payout_value[f] = growth ** -np.arange(1, horizon + 1, dtype=float)
    fund, objective = case.funding, case.objective
    return {
        "cap_total": np.array([t.cap_total.base for t in terms]),
        "cap_year": np.array([_yearly_cap(t, index) for t in terms]).reshape(shape),
        "min_ticket": np.array([t.min_ticket.base for t in terms]),
        "arrangement_fee": np.array([t.arrangement_fee.base for t in terms]),
        "intensity": np.array([t.intensity.base if isinstance(t, Grant) else 0.0 for t in terms]),
        "interest": interest,
        "principal": principal,
        "dscr_min": np.array([t.dscr_min.base if isinstance(t, Loan) else 0.0 for t in terms]),
        "draw_value": draw_value,
        "payout_value": payout_value,
        "private_money_min": np.array(fund.private_share_min.base),
        "private_money_max": np.array(fund.private_share_max.base),
        "cash_reserve": np.array([getattr(fund, f"cash_reserve_{e}").base for e in ENTITIES]),
        "public_money_value": (1 + objective.discount_rate.base) ** -np.arange(horizon, dtype=float),
        "deficit_max": np.array(np.inf if objective.deficit_max is None else objective.deficit_max.base),
        **_wear(case, index),
    }


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


def loan_profile(loan: Loan, horizon: int) -> tuple[Array, Array]:
    """Interest and principal of one euro drawn, both (draw year, payment year), zero for draws not repaid in time.

    A draw at the start of year v pays at the ends of years v .. v + tenor - 1: interest on the balance, in the grace
    years nothing else; then a level payment (annuity), equal principal (linear), or all principal at the end (bullet).
    """
    rate, tenor, grace = loan.rate.base, loan.tenor_years, loan.grace_years
    remaining = np.zeros(tenor + 1)
    remaining[: grace + 1] = 1.0
    k = np.arange(1, tenor - grace + 1, dtype=float)
    if loan.repayment == "linear" or (loan.repayment == "annuity" and rate == 0):
        remaining[grace + 1 :] = 1 - k / (tenor - grace)
    elif loan.repayment == "annuity":
        # Closed form of the balance after k level payments.
        remaining[grace + 1 :] = 1 - ((1 + rate) ** k - 1) / ((1 + rate) ** (tenor - grace) - 1)
    else:
        remaining[:tenor] = 1.0
    interest, principal = np.zeros((horizon, horizon)), np.zeros((horizon, horizon))
    for v in range(horizon - tenor + 1):
        interest[v, v : v + tenor] = rate * remaining[:-1]
        principal[v, v : v + tenor] = -np.diff(remaining)
    return interest, principal


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
