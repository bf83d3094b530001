"""The derived table's entries on loans: profiles by rate band, cover, reserve accounts and guarantees."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from leam_opt.case.index import Index
from leam_opt.case.instruments import Guarantee, Instrument, Loan

if TYPE_CHECKING:
    from leam_opt.case.schema import Case

Array = NDArray[np.float64]


def loans(case: Case, index: Index) -> dict[str, Array]:
    """Entries on loans; zero for other instruments."""
    terms = [case.funding.instruments[f] for f in index.instruments]
    horizon, bands = len(index.years), index.bands
    interest, principal = np.zeros((2, len(terms), bands, horizon, horizon))
    opening = np.zeros((len(terms), horizon, horizon))
    size, construction = np.zeros((2, len(terms), bands))
    for f, loan in enumerate(terms):
        if not isinstance(loan, Loan):
            continue
        for b, (rate, band_size) in enumerate(rate_bands(loan)):
            size[f, b], construction[f, b] = band_size, rate * loan.construction_years.base
            interest[f, b], principal[f, b], balance = loan_profile(loan, rate, horizon)
            opening[f] = balance if b == 0 else opening[f]
    return {
        "interest": interest,
        "principal": principal,
        "debt_opening": opening,
        "band_size": size,
        "construction_interest": construction,
        **_cover(terms),
        **_guarantees(case, index, terms),
    }


def rate_bands(loan: Loan) -> list[tuple[float, float]]:
    """Rate and size (M EUR) of each band of a loan."""
    total = loan.cap_total.base
    if not loan.rate_bands:
        return [(loan.rate.base if loan.rate else 0.0, total)]
    ends = [total if band.up_to is None else min(band.up_to.base, total) for band in loan.rate_bands]
    return [
        (band.rate.base, end - start) for band, start, end in zip(loan.rate_bands, [0.0, *ends], ends, strict=False)
    ]


def loan_profile(loan: Loan, rate: float, horizon: int) -> tuple[Array, Array, Array]:
    """Interest, principal and opening debt of one euro drawn, each (draw year, payment year); zero for draws not repaid
    within the horizon.

    A draw at the start of year v pays at the ends of years v .. v + tenor - 1: interest on the balance, in the grace
    years nothing else; then a level payment (annuity), equal principal (linear), or all principal at the end (bullet).
    """
    tenor, grace = loan.tenor_years, loan.grace_years
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
    interest, principal, opening = np.zeros((3, horizon, horizon))
    for v in range(horizon - tenor + 1):
        interest[v, v : v + tenor] = rate * remaining[:-1]
        principal[v, v : v + tenor] = -np.diff(remaining)
        opening[v, v : v + tenor] = remaining[:-1]
    return interest, principal, opening


def _cover(terms: list[Instrument]) -> dict[str, Array]:
    """Weights of the loans in the covers: senior debt by itself, and all debt where a company has mezzanine debt."""
    given = [t if isinstance(t, Loan) else None for t in terms]
    senior, every = np.zeros(len(terms)), np.zeros(len(terms))
    for f, loan in enumerate(given):
        if loan is None:
            continue
        junior = [m.dscr_min.base for m in given if m and m.seniority == "mezzanine" and m.entity == loan.entity]
        senior[f] = loan.dscr_min.base if loan.seniority == "senior" else 0.0
        every[f] = loan.dscr_min.base if loan.seniority == "mezzanine" else max(junior, default=0.0)
    return {
        "cover_senior": senior,
        "cover_all": every,
        "lockup_dscr": np.array([t.lockup_dscr.base if t else 0.0 for t in given]),
        "reserve_share": np.array([t.reserve_months.base / 12 if t else 0.0 for t in given]),
        "guaranteed_min": np.array([t.guaranteed_share_min.base if t else 0.0 for t in given]),
    }


def guarantee_of(case: Case, index: Index, loan: str) -> Guarantee | None:
    """The guarantee in use that covers a loan."""
    guarantees = [case.funding.guarantees[u] for u in index.guarantees]
    return next((guarantee for guarantee in guarantees if loan in guarantee.loans), None)


def _guarantees(case: Case, index: Index, terms: list[Instrument]) -> dict[str, Array]:
    covers = [
        guarantee_of(case, index, f) if isinstance(t, Loan) else None
        for f, t in zip(index.instruments, terms, strict=True)
    ]
    return {
        "guaranteed_max": np.array([u.share_max.base if u else 0.0 for u in covers]),
        "guarantee_fee": np.array([u.fee.base if u else 0.0 for u in covers]),
        "guarantee_saving": np.array([u.rate_reduction.base if u else 0.0 for u in covers]),
        "guarantee_cap": np.array([case.funding.guarantees[u].cap_total.base for u in index.guarantees]),
    }
