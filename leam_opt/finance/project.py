"""Measures of project finance: debt service cover, loan life cover, payback, and the size of a debt.

All flows are nominal. Cash flow available for debt service (CFADS) and debt service fall due at the end of each year.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from leam_opt.finance.discount import discount_factors
from leam_opt.finance.loans import level_payment
from leam_opt.finance.rates import NominalRate

Array = NDArray[np.float64]


def dscr(cfads: ArrayLike, debt_service: ArrayLike) -> Array:
    """Debt service cover ratio (DSCR) of each year: CFADS over debt service.

    Whether CFADS is before or after tax is the caller's choice and has to be said: the ledger takes it after corporate
    tax, SAM (whose figures the tests reproduce) before tax.

    Args:
        cfads: (..., Y) cash flow available for debt service.
        debt_service: (..., Y) interest, fees and principal; the same unit.

    Returns:
        (..., Y) ratio; not a number in years without debt service, where there is nothing to cover.
    """
    available, due = np.broadcast_arrays(np.asarray(cfads, dtype=float), np.asarray(debt_service, dtype=float))
    cover: Array = np.divide(available, due, out=np.full(due.shape, np.nan), where=due > 0)
    return cover


def llcr(cfads: Sequence[float] | Array, rate: NominalRate, debt: float) -> float | None:
    """Loan life cover ratio (LLCR): present value of CFADS over the life of the debt, over the debt.

    With level CFADS and level debt service it equals the DSCR.

    Args:
        cfads: (T) CFADS of the years in which the debt is open, the first one due after a year.
        rate: interest of the debt.
        debt: debt at the start of the first of these years; the same unit.

    Returns:
        The ratio; None without debt.
    """
    if debt <= 0:
        return None
    available = np.asarray(cfads, dtype=float)
    return float(available @ discount_factors(rate.share, np.arange(1, available.size + 1))) / debt


def payback_years(flows: Sequence[float] | Array) -> float | None:
    """Years until what was paid has come back for good, with money coming in evenly within a year.

    The series is cumulated to its very last flow. Where the sum turns negative again after a first recovery (a second
    purchase), the later recovery counts.

    Args:
        flows: (T) flows at t = 0 .. T - 1, today first.

    Returns:
        Years from today; zero where nothing is ever outstanding, None where it never comes back.
    """
    values = np.asarray(flows, dtype=float)
    sums = np.cumsum(values)
    # Ten purchases and a hundred receipts do not add up to zero in floating point.
    open_years = np.flatnonzero(sums < -1e-12 * np.abs(values).sum())
    if open_years.size == 0:
        return 0.0
    last = int(open_years[-1])
    if last == sums.size - 1:
        return None
    return last - float(sums[last]) / float(values[last + 1])


def level_debt_service(debt: float, rate: NominalRate, years: int) -> float:
    """Equal yearly debt service that repays a debt with interest (pyxirr); the first one is due after a year.

    Args:
        debt: debt today.
        rate: interest; zero gives debt / years.
        years: number of payments.

    Returns:
        Debt service of each year in the unit of the debt.
    """
    if abs(rate.share) < 1e-6:
        # Next to zero pyxirr subtracts numbers that are almost equal, and loses the digits.
        return debt * float(level_payment(rate.share, years))
    import pyxirr

    payment = pyxirr.pmt(rate.share, years, debt)
    if payment is None:
        raise ValueError(f"no level payment over {years} years")
    return -float(payment)


@dataclass(frozen=True)
class SizedDebt:
    """Debt that a project can carry.

    Attributes:
        debt: debt today.
        debt_service: (T) debt service of each year; CFADS over the cover, less where gearing binds.
        bound_by: what limits the debt.
    """

    debt: float
    debt_service: Array
    bound_by: Literal["cover", "gearing"]


def debt_at_cover(
    cfads: Sequence[float] | Array,
    cover: float,
    rate: NominalRate,
    *,
    cost: float | None = None,
    gearing_max: float = 1.0,
) -> SizedDebt:
    """Largest debt whose service is covered in every year, and that is no more than a share of the cost.

    Cover alone can lend more than the project costs; therefore the second limit. The debt is sculpted: each year's
    service is CFADS over the cover, nothing in years without CFADS.

    Args:
        cfads: (T) CFADS of the loan's years, the first one due after a year.
        cover: smallest DSCR, above zero.
        rate: interest of the debt.
        cost: what is to be financed; None: only the cover limits the debt.
        gearing_max: largest share of debt in the cost.

    Raises:
        ValueError: the cover is not above zero.
    """
    if not cover > 0:
        raise ValueError(f"a cover of {cover:g} sizes no debt; it must be above zero")
    service = np.clip(np.asarray(cfads, dtype=float) / cover, 0.0, None)
    debt = float(service @ discount_factors(rate.share, np.arange(1, service.size + 1)))
    if cost is None or debt <= gearing_max * cost:
        return SizedDebt(debt, service, "cover")
    capped = gearing_max * cost
    return SizedDebt(capped, service * (capped / debt), "gearing")


def debt_with_construction_interest(
    cost: float, gearing: float, fee: float, rate: NominalRate, *, interest_years: float = 0.5
) -> float:
    """Debt that finances its share of the cost, of its own fee and of its own interest during construction.

    Debt, fee and interest are simultaneous: D = g (C + fee D + r m D), solved in closed form as
    D = g C / (1 - g (fee + r m)), never by iteration. Equal draws over a construction year are outstanding for half a
    year on average (m = 1/2).

    Args:
        cost: cost without financing.
        gearing: share of debt in the cost with financing.
        fee: arrangement fee as a share of the debt.
        rate: interest during construction, as simple interest.
        interest_years: mean time for which the debt bears interest before operation.

    Returns:
        Debt at the start of operation in the unit of the cost.

    Raises:
        ValueError: the debt would not even pay for itself.
    """
    left = 1.0 - gearing * (fee + rate.share * interest_years)
    if left <= 0:
        raise ValueError(
            f"fee {fee:g} and interest {rate.share:g} over {interest_years:g} years use up the whole debt at a gearing "
            f"of {gearing:g}; lower one of them"
        )
    return gearing * cost / left
