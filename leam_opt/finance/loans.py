"""Loan schedules: interest and principal of one euro drawn, and of a series of draws."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]
Repayment = Literal["annuity", "linear", "bullet"]


@dataclass(frozen=True)
class Schedule:
    """Payments on one euro drawn today; payment k (0-based) is due after k + 1 years.

    Attributes:
        interest: (..., tenor) interest on the balance before the payment.
        principal: (..., tenor) repayment; adds up to one.
        balance: (..., tenor) debt left after the payment; ends at zero.
    """

    interest: Array
    principal: Array
    balance: Array


def level_payment(rate: ArrayLike, years: int) -> Array:
    """Equal yearly payment that repays one euro with interest over `years` (annuity factor).

    Args:
        rate: (...) yearly interest; zero gives 1 / years.
        years: number of payments, the first one after a year.
    """
    rates = np.asarray(rate, dtype=float)
    safe = np.where(rates != 0, rates, 1.0)
    payment: Array = np.where(rates != 0, safe / -np.expm1(-years * np.log1p(safe)), 1.0 / years)
    return payment


def loan_schedule(
    rate: ArrayLike, tenor_years: int, grace_years: int = 0, repayment: Repayment = "annuity"
) -> Schedule:
    """Schedule of a loan: interest only in the grace years, then the repayment profile until the end of the tenor.

    Args:
        rate: (...) yearly interest.
        tenor_years: years from the draw to the last payment.
        grace_years: years with interest only at the beginning, below the tenor.
        repayment: `annuity` (level payment), `linear` (equal principal) or `bullet` (all principal at the end).

    Raises:
        ValueError: grace outside 0 .. tenor - 1.
    """
    if not 0 <= grace_years < tenor_years:
        raise ValueError(f"grace of {grace_years} years does not fit a tenor of {tenor_years} years")
    rates = np.asarray(rate, dtype=float)
    repaying = tenor_years - grace_years
    level = level_payment(rates, repaying)
    balance = np.ones(rates.shape)
    interest, principal, left = [], [], []
    for payment in range(tenor_years):
        due = rates * balance
        if payment == tenor_years - 1:
            repaid = balance
        elif payment < grace_years or repayment == "bullet":
            repaid = np.zeros(rates.shape)
        elif repayment == "linear":
            repaid = np.full(rates.shape, 1.0 / repaying)
        else:
            repaid = level - due
        balance = balance - repaid
        interest.append(due)
        principal.append(repaid)
        left.append(balance)
    return Schedule(np.stack(interest, axis=-1), np.stack(principal, axis=-1), np.stack(left, axis=-1))


def flows_of_draws(draws: Array, per_euro: Array) -> Array:
    """Payments caused by a series of yearly draws.

    Args:
        draws: (..., Y) money drawn at the start of each year.
        per_euro: (..., n) payment on one euro drawn, at the end of the draw's year and of each year after it.

    Returns:
        (..., Y) payments at the end of each year; payments after the last year are not included.
    """
    years = draws.shape[-1]
    total = np.zeros((*np.broadcast_shapes(draws.shape[:-1], per_euro.shape[:-1]), years))
    for age in range(min(years, per_euro.shape[-1])):
        total[..., age:] += draws[..., : years - age] * per_euro[..., age, None]
    return total
