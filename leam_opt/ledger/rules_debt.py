"""Rows on what lenders and guarantors ask for: bands, guarantees, cover, lock-up, gearing."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from leam_opt.ledger.books import Books
from leam_opt.ledger.funding import SERVICE
from leam_opt.ledger.rows import ONE_EURO_MEUR, Array, Block, block

_UNIT = "M EUR"


def debt_service_reserve(books: Books) -> Array:
    """(E, Y) cash that lenders want at the year's end for the next year's debt service; none at the horizon."""
    next_year = np.zeros_like(books.money.debt_service)
    next_year[..., :-1] = books.money.debt_service[..., 1:]
    share = books.inputs.money.reserve_months / 12
    reserve: Array = np.einsum("...fy,...f,fe->...ey", next_year, share, books.inputs.structure.receives)
    return reserve


def band_rows(books: Books) -> Iterator[Block]:
    """Loans are drawn in bands, each within its size."""
    structure, limits, plan = books.inputs.structure, books.inputs.money, books.plan
    yield block(
        "loan_bands",
        "draws by band add up to the loan's",
        "FY",
        plan.band_draws_meur.sum(axis=-2),
        "==",
        plan.draws_meur,
        _UNIT,
        applies=structure.loans[:, None],
    )
    total = plan.band_draws_meur.sum(axis=-1)
    exists = structure.bands
    text = "total draws within the band"
    yield block("loan_bands", text, "FB", total, "<=", limits.band_size_meur, _UNIT, applies=exists)
    text = "only bands of loans are drawn"
    drawn = plan.band_draws_meur
    yield block("bounds", text, "FBY", drawn, "<=", 0.0, _UNIT, applies=~exists[..., None])


def guarantee_rows(books: Books) -> Iterator[Block]:
    """Guarantees within their shares and caps; what lenders want guaranteed is guaranteed."""
    structure, limits, plan = books.inputs.structure, books.inputs.money, books.plan
    draws, guaranteed = plan.draws_meur, plan.guaranteed_meur
    covered = structure.covered
    share = np.einsum("...u,uf->...f", limits.guarantee_share_max, structure.covers)[..., None]
    text = "guaranteed part of a draw within the guarantee's share"
    yield block("guarantees", text, "FY", guaranteed, "<=", share * draws, _UNIT, size=draws, applies=covered[:, None])
    total = np.einsum("...fy,uf->...u", guaranteed, structure.covers)
    text = "guaranteed draws within the guarantee's cap"
    yield block("guarantees", text, "U", total, "<=", limits.guarantee_cap_meur, _UNIT)
    least = limits.guaranteed_share_min[..., None] * draws
    text = "the lender's smallest guaranteed share"
    yield block("guarantees", text, "FY", guaranteed, ">=", least, _UNIT, size=draws, applies=structure.loans[:, None])
    text = "only loans that a guarantee covers are guaranteed"
    yield block("bounds", text, "FY", guaranteed, "<=", 0.0, _UNIT, applies=~covered[:, None])


def cover_rows(books: Books) -> Iterator[Block]:
    """Debt service cover by seniority, distribution lock-up, gearing."""
    structure, limits, money = books.inputs.structure, books.inputs.money, books.money
    service, receives, mezzanine = money.debt_service, structure.receives, structure.mezzanine.astype(float)

    def demanded(ratio: Array) -> Array:
        asked: Array = np.einsum("...fy,...f,fe->...ey", service, ratio, receives)
        return asked

    trade_size = sum(np.abs(money.flows[name]) for name in ("revenue", "opex", "infrastructure_fee", "corporate_tax"))
    senior = demanded(limits.dscr_min * (1 - mezzanine))
    yield block(
        "dscr",
        "cash flow available for debt service covers what the senior lenders ask",
        "EY",
        money.cfads,
        ">=",
        senior,
        _UNIT,
        size=trade_size,
        applies=senior > ONE_EURO_MEUR,
    )
    if mezzanine.any():
        # Mezzanine debt is measured after senior debt: its cover counts the senior service like its own.
        by_company = np.where(receives > 0, (limits.dscr_min * mezzanine)[..., None], 0.0).max(axis=-2)
        junior = demanded(limits.dscr_min * mezzanine)
        both = junior + by_company[..., None] * demanded(1 - mezzanine)
        yield block(
            "dscr",
            "cash flow available for debt service covers senior service and what the mezzanine lenders ask",
            "EY",
            money.cfads,
            ">=",
            both,
            _UNIT,
            size=trade_size,
            applies=both > ONE_EURO_MEUR,
        )
    locked = demanded(limits.lockup_dscr)[..., SERVICE, :]
    text = "cash flow available for debt service reaches the lock-up cover in years of distribution"
    yield block(
        "lock_up",
        text,
        "Y",
        money.cfads[..., SERVICE, :],
        ">=",
        locked,
        _UNIT,
        size=np.asarray(trade_size)[..., SERVICE, :],
        applies=(locked > ONE_EURO_MEUR) & (money.distributed > ONE_EURO_MEUR),
    )
    drawn = np.cumsum(np.einsum("...fy,fe->...ey", books.plan.draws_meur, receives), axis=-1)
    loans = books.plan.draws_meur * structure.loans[:, None]
    borrowed = np.cumsum(np.einsum("...fy,fe->...ey", loans, receives), axis=-1)
    most = limits.gearing_max[..., None] * drawn
    text = "loans over all money drawn so far"
    yield block("gearing", text, "EY", borrowed, "<=", most, _UNIT, size=drawn)
