"""The yearly accounts of one stand-alone project with tax and level debt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from leam_opt.finance.depreciation import depreciation_share
from leam_opt.finance.discount import timeline
from leam_opt.finance.loans import loan_schedule
from leam_opt.finance.rates import NominalRate
from leam_opt.finance.tax import corporate_tax

Array = NDArray[np.float64]


@dataclass(frozen=True)
class ProForma:
    """Accounts of a project; one purchase today, Y years of operation.

    Attributes:
        cfads: (Y) revenue less operating cost, before tax: SAM's convention for debt service cover.
        depreciation: (Y) straight-line.
        interest, principal, tax: (Y) paid at the year's end.
        debt_service: (Y) interest and principal.
        flows: (Y + 1) what is left to the owner after tax and debt service; today's purchase less debt and grant first.
    """

    cfads: Array
    depreciation: Array
    interest: Array
    principal: Array
    debt_service: Array
    tax: Array
    flows: Array


def pro_forma(
    capex: float,
    revenue: Sequence[float] | Array,
    opex: Sequence[float] | Array,
    *,
    life_years: int,
    tax: float = 0.0,
    debt: float = 0.0,
    rate: NominalRate | None = None,
    tenor_years: int | None = None,
    grant: float = 0.0,
) -> ProForma:
    """Accounts of a project that is bought today.

    A grant lowers what the owner pays and what is depreciated; it is not revenue, or it would count twice.

    Args:
        capex: purchase at t = 0.
        revenue: (Y) at the end of each year; the same unit.
        opex: (Y) at the end of each year; the same unit.
        life_years: straight-line depreciation over these years.
        tax: tax rate on profit after depreciation and interest; losses are carried forward.
        debt: loan drawn at t = 0, repaid in equal yearly payments.
        rate: interest of the loan; needed where there is one.
        tenor_years: years of the loan, at most Y; None: Y.
        grant: contribution to the purchase that is not paid back.

    Raises:
        ValueError: the loan has no rate or is longer than the years planned, or debt and grant exceed the purchase.
    """
    income, cost = np.asarray(revenue, dtype=float), np.asarray(opex, dtype=float)
    years = income.size
    tenor = years if tenor_years is None else tenor_years
    if debt > 0 and rate is None:
        raise ValueError(f"a debt of {debt:g} needs a rate")
    if tenor > years:
        raise ValueError(f"a loan over {tenor} years is not repaid within the {years} years planned")
    if debt + grant > capex * (1 + 1e-12):
        raise ValueError(f"debt {debt:g} and grant {grant:g} exceed the purchase of {capex:g}")
    schedule = loan_schedule(0.0 if rate is None else rate.share, tenor)
    interest, principal = np.zeros(years), np.zeros(years)
    interest[:tenor], principal[:tenor] = debt * schedule.interest, debt * schedule.principal
    cfads = income - cost
    depreciation = (capex - grant) * depreciation_share(life_years, years)[0]
    paid = corporate_tax(cfads - depreciation - interest, tax)
    left = cfads - paid - interest - principal
    start = np.zeros(years)
    start[0] = debt + grant - capex
    return ProForma(cfads, depreciation, interest, principal, interest + principal, paid, timeline(start, left))
