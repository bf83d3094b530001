"""Rows on what public and private givers ask for: caps, eligible cost, access, budgets, matching."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from leam_opt.ledger.books import Books
from leam_opt.ledger.funding import RESEARCH
from leam_opt.ledger.physical import PUBLIC
from leam_opt.ledger.rows import Array, Block, block

_UNIT = "M EUR"


def instrument_rows(books: Books) -> Iterator[Block]:
    """Caps, windows and tickets of the instruments; groups of which a plan takes one at most."""
    structure, limits, plan = books.inputs.structure, books.inputs.money, books.plan
    draws, total = plan.draws_meur, plan.draws_meur.sum(axis=-1)
    cap = limits.cap_total_meur
    used = plan.instrument_used
    yield block("caps", "total draws of an instrument in use", "F", total, "<=", cap * used, _UNIT, size=cap)
    capped = np.isfinite(limits.cap_per_year_meur)
    most = np.where(capped, limits.cap_per_year_meur, 0.0)
    yield block("caps", "draws of the year", "FY", draws, "<=", most, _UNIT, applies=capped)
    ticket = limits.min_ticket_meur
    yield block("caps", "smallest ticket of an instrument in use", "F", total, ">=", ticket * used, _UNIT)
    closed = ~structure.draws_allowed
    yield block("caps", "draws in the instrument's window only", "FY", draws, "<=", 0.0, _UNIT, applies=closed)
    for name, group in structure.alternatives:
        text = f"at most one instrument of '{name}' is used"
        yield block("alternatives", text, "", used[..., list(group)].sum(axis=-1), "<=", 1.0, "instruments")


def grant_rows(books: Books) -> Iterator[Block]:
    """Grants up to their share of eligible cost; all gifts together up to that cost."""
    structure, limits, money = books.inputs.structure, books.inputs.money, books.money
    drawn = np.cumsum(books.plan.draws_meur, axis=-1)
    for basis, cost in money.eligible_costs.items():
        of_basis = np.array([terms.basis == basis for terms in structure.instruments], dtype=bool)
        if not of_basis.any():
            continue
        text = "cumulative draws over the grant's share of eligible cost"
        yield block(
            "grant_intensity",
            text if basis == "all" else f"{text} ({basis})",
            "FY",
            drawn,
            "<=",
            limits.intensity[..., None] * cost[..., None, :],
            _UNIT,
            applies=of_basis[:, None],
        )
    gifts = (structure.grants | (structure.sponsors & (structure.receives[:, RESEARCH] > 0))).astype(float)
    together = np.einsum("...fy,f->...y", drawn, gifts)
    text = "all grants and sponsors over the eligible cost"
    yield block("grant_intensity", text, "Y", together, "<=", money.eligible_cost, _UNIT)


def access_rows(books: Books) -> Iterator[Block]:
    """Access bought in advance: within its share of the servers' cost, and delivered as it becomes income."""
    structure, limits, plan = books.inputs.structure, books.inputs.money, books.plan
    if not structure.access.any():
        return
    spent = np.cumsum(books.business.computing_capex_meur, axis=-1)
    yield block(
        "access",
        "cumulative draws over the share of the expenditure on servers",
        "FY",
        np.cumsum(plan.draws_meur, axis=-1),
        "<=",
        limits.intensity[..., None] * spent[..., None, :],
        _UNIT,
        applies=structure.access[:, None],
    )
    # M EUR over EUR per GPU-hour are million GPU-hours.
    due = np.cumsum(books.money.access_income, axis=-1) / limits.access_price_eur[..., None]
    delivered = np.cumsum(plan.compute_mgpuh[..., PUBLIC, :].sum(axis=-2), axis=-1)
    text = "access that became income is delivered as public compute"
    yield block("access", text, "Y", due.sum(axis=-2), "<=", delivered, "million GPUh")


def budget_rows(books: Books) -> Iterator[Block]:
    """Yearly budgets that instruments share, and matching rules."""
    structure, limits, draws = books.inputs.structure, books.inputs.money, books.plan.draws_meur

    def sum_of(positions: tuple[int, ...]) -> Array:
        return np.asarray(draws[..., list(positions), :].sum(axis=-2))

    for number, (name, positions) in enumerate(structure.budgets):
        cap = limits.budget_cap_meur[..., number, :]
        yield block("budget_lines", f"draws on '{name}' in the year", "Y", sum_of(positions), "<=", cap, _UNIT)
    for number, (name, matching, matched) in enumerate(structure.matching):
        given, asked = (np.cumsum(sum_of(group), axis=-1) for group in (matching, matched))
        right = limits.matching_ratio[..., number, None] * asked
        text = f"'{name}': what matches keeps pace with what is matched"
        yield block("matching", text, "Y", given, ">=", right, _UNIT, size=asked)
