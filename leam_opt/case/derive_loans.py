"""The derived table's entries on loans: profiles by rate band, cover, reserve accounts and guarantees."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from leam_opt.case.axes import Parts, assembled
from leam_opt.case.figures import ZERO, Figures
from leam_opt.case.index import Index
from leam_opt.case.instruments import Guarantee, Instrument, Loan

if TYPE_CHECKING:
    from leam_opt.case.schema import Case

Array = NDArray[np.float64]


def loans(case: Case, index: Index, figures: Figures) -> dict[str, Array]:
    """Entries on loans; zero for other instruments."""
    terms = [case.funding.instruments[f] for f in index.instruments]
    horizon, of_bands = len(index.years), (len(terms), index.bands)
    interest: Parts = {}
    principal: Parts = {}
    opening: Parts = {}
    size: Parts = {}
    construction: Parts = {}
    for f, loan in enumerate(terms):
        if not isinstance(loan, Loan):
            continue
        for b, (rate, band_size) in enumerate(rate_bands(loan, figures)):
            size[f, b], construction[f, b] = band_size, rate * figures.one(loan.construction_years)
            interest[f, b], principal[f, b], balance = loan_profile(loan, rate, horizon)
            opening.setdefault((f,), balance)
    return {
        "interest": assembled(interest, (*of_bands, horizon, horizon)),
        "principal": assembled(principal, (*of_bands, horizon, horizon)),
        "debt_opening": assembled(opening, (len(terms), horizon, horizon)),
        "band_size": assembled(size, of_bands),
        "construction_interest": assembled(construction, of_bands),
        **_cover(terms, figures),
        **_guarantees(case, index, terms, figures),
    }


def rate_bands(loan: Loan, figures: Figures) -> list[tuple[Array, Array]]:
    """Rate and size (M EUR) of each band of a loan, () or (n)."""
    total = figures.one(loan.cap_total)
    if not loan.rate_bands:
        return [(figures.one(loan.rate or ZERO), total)]
    ends = [total if band.up_to is None else np.minimum(figures.one(band.up_to), total) for band in loan.rate_bands]
    return [
        (figures.one(band.rate), end - start)
        for band, start, end in zip(loan.rate_bands, [np.zeros(()), *ends], ends, strict=False)
    ]


def loan_profile(loan: Loan, rate: Array, horizon: int) -> tuple[Array, Array, Array]:
    """Interest, principal and opening debt of one euro drawn, each (draw year, payment year); zero for draws not repaid
    within the horizon. With several rates, (n), each that depends on them has them in front.

    A draw at the start of year v pays at the ends of years v .. v + tenor - 1: interest on the balance, in the grace
    years nothing else; then a level payment (annuity), equal principal (linear), or all principal at the end (bullet).
    """
    tenor, grace = loan.tenor_years, loan.grace_years
    rate = rate[..., None]
    k = np.arange(1, tenor - grace + 1, dtype=float)
    repaid = k / (tenor - grace)
    if loan.repayment == "annuity":
        # Closed form of what k level payments have repaid; without interest they are equal principal.
        growth = (1 + rate) ** k - 1
        whole = growth[..., -1:]
        repaid = np.where(whole == 0, repaid, growth / np.where(whole == 0, 1.0, whole))
    elif loan.repayment == "bullet":
        repaid = (k == tenor - grace).astype(float)
    balance = np.ones((*repaid.shape[:-1], tenor + 1))
    balance[..., grace + 1 :] = 1 - repaid
    yearly = rate * balance[..., :-1], -np.diff(balance, axis=-1), balance[..., :-1]
    interest, principal, opening = (_every_draw(payments, horizon) for payments in yearly)
    return interest, principal, opening


def _every_draw(yearly: Array, horizon: int) -> Array:
    """(draw year, year) what a draw pays from its year on, from what it pays by its own years."""
    tenor = yearly.shape[-1]
    every = np.zeros((*yearly.shape[:-1], horizon, horizon))
    for v in range(horizon - tenor + 1):
        every[..., v, v : v + tenor] = yearly
    return every


def _cover(terms: list[Instrument], figures: Figures) -> dict[str, Array]:
    """Weights of the loans in the covers: senior debt by itself, and all debt where a company has mezzanine debt."""
    each = figures.each
    given = [t if isinstance(t, Loan) else None for t in terms]
    every: Parts = {}
    for f, loan in enumerate(given):
        if loan is None:
            continue
        junior = [m.dscr_min for m in given if m and m.seniority == "mezzanine" and m.entity == loan.entity]
        asked = [loan.dscr_min] if loan.seniority == "mezzanine" else junior
        every[(f,)] = each(asked).max(axis=-1, initial=0.0)
    return {
        "cover_senior": each(t.dscr_min if t and t.seniority == "senior" else ZERO for t in given),
        "cover_all": assembled(every, (len(terms),)),
        "lockup_dscr": each(t.lockup_dscr if t else ZERO for t in given),
        "reserve_share": each(t.reserve_months if t else ZERO for t in given) / 12,
        "guaranteed_min": each(t.guaranteed_share_min if t else ZERO for t in given),
    }


def guarantee_of(case: Case, index: Index, loan: str) -> Guarantee | None:
    """The guarantee in use that covers a loan."""
    guarantees = [case.funding.guarantees[u] for u in index.guarantees]
    return next((guarantee for guarantee in guarantees if loan in guarantee.loans), None)


def _guarantees(case: Case, index: Index, terms: list[Instrument], figures: Figures) -> dict[str, Array]:
    each = figures.each
    covers = [
        guarantee_of(case, index, f) if isinstance(t, Loan) else None
        for f, t in zip(index.instruments, terms, strict=True)
    ]
    return {
        "guaranteed_max": each(u.share_max if u else ZERO for u in covers),
        "guarantee_fee": each(u.fee if u else ZERO for u in covers),
        "guarantee_saving": each(u.rate_reduction if u else ZERO for u in covers),
        "guarantee_cap": each(case.funding.guarantees[u].cap_total for u in index.guarantees),
    }
