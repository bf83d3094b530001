"""Rows on funding, the two companies, adoption and cash, and on the decisions' own ranges."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from leam_opt.finance.discount import discount_factors
from leam_opt.ledger.books import Books
from leam_opt.ledger.decisions import AXES
from leam_opt.ledger.funding import RESEARCH, SERVICE
from leam_opt.ledger.rows import Block, block

_SWITCHES = ("site_open", "training_place", "staff_step", "instrument_used", "adoption")
_COUNTS = ("units_bought", "cpu_units_bought", "power_modules_built", "core_models")
_ONE_EURO_MEUR = 1e-6


def instrument_rows(books: Books) -> Iterator[Block]:
    """Caps, windows and tickets of the instruments; grants up to their share of eligible cost."""
    structure, limits, plan = books.inputs.structure, books.inputs.money, books.plan
    draws, total = plan.draws_meur, plan.draws_meur.sum(axis=-1)
    cap = limits.cap_total_meur
    used = plan.instrument_used
    yield block("caps", "total draws of an instrument in use", "F", total, "<=", cap * used, "M EUR", size=cap)
    capped = np.isfinite(limits.cap_per_year_meur)
    most = np.where(capped, limits.cap_per_year_meur, 0.0)
    yield block("caps", "draws of the year", "FY", draws, "<=", most, "M EUR", applies=capped)
    ticket = limits.min_ticket_meur
    yield block("caps", "smallest ticket of an instrument in use", "F", total, ">=", ticket * used, "M EUR")
    closed = ~structure.draws_allowed
    yield block("caps", "draws in the instrument's window only", "FY", draws, "<=", 0.0, "M EUR", applies=closed)
    cost = books.money.eligible_cost
    drawn = np.cumsum(draws, axis=-1)
    is_grant = structure.grants[:, None]
    intensity = np.where(np.isfinite(limits.intensity), limits.intensity, 0.0)[..., None]
    yield block(
        "grant_intensity",
        "cumulative draws over the grant's share of eligible cost",
        "FY",
        drawn,
        "<=",
        intensity * cost[..., None, :],
        "M EUR",
        applies=is_grant,
    )
    gifts = (structure.grants | (structure.sponsors & (structure.receives[:, RESEARCH] > 0))).astype(float)
    together = np.einsum("...fy,f->...y", drawn, gifts)
    yield block("grant_intensity", "all grants and sponsors over the eligible cost", "Y", together, "<=", cost, "M EUR")


def lender_rows(books: Books) -> Iterator[Block]:
    """Debt service cover, investors' hurdle, redemption and the dividend ring-fence."""
    structure, limits, plan, money = books.inputs.structure, books.inputs.money, books.plan, books.money
    service = money.interest + money.repayment
    demanded = np.einsum("...fy,...f,fe->...ey", service, limits.dscr_min, structure.receives)
    trade_size = sum(np.abs(money.flows[name]) for name in ("revenue", "opex", "infrastructure_fee"))
    yield block(
        "dscr",
        "cash flow available for debt service covers what the lenders ask",
        "EY",
        money.cfads,
        ">=",
        demanded,
        "M EUR",
        size=trade_size,
        applies=demanded > _ONE_EURO_MEUR,
    )
    years = np.arange(structure.horizon)
    paid_out = plan.dividends_meur * discount_factors(limits.hurdle_rate, years + 1)
    paid_in = plan.draws_meur * discount_factors(limits.hurdle_rate, years)
    returned = plan.redemption_meur * discount_factors(limits.hurdle_rate, [structure.horizon])[..., 0]
    yield block(
        "hurdle",
        "present value of dividends and redemption reaches that of the contributions",
        "F",
        paid_out.sum(axis=-1) + returned,
        ">=",
        paid_in.sum(axis=-1),
        "M EUR",
        applies=structure.equity,
    )
    # Otherwise dividends paid before the money comes would earn the hurdle on nothing.
    yield block(
        "hurdle",
        "present value of dividends does not run ahead of that of the contributions",
        "FY",
        np.cumsum(paid_out, axis=-1),
        "<=",
        np.cumsum(paid_in, axis=-1),
        "M EUR",
        applies=np.logical_and(structure.equity[:, None], np.arange(structure.horizon) < structure.horizon - 1),
    )
    contributed = plan.draws_meur.sum(axis=-1)
    yield block(
        "redemption",
        "shareholders get back at most what they contributed",
        "F",
        plan.redemption_meur,
        "<=",
        contributed,
        "M EUR",
        applies=structure.equity,
    )
    gross = sum(np.abs(money.flows[name][..., SERVICE, :]) for name in ("revenue", "opex", "infrastructure_fee"))
    yield block(
        "ring_fence",
        "dividends and profit transfers come from cumulative profit",
        "Y",
        np.cumsum(money.distributed, axis=-1),
        "<=",
        np.cumsum(money.profit, axis=-1),
        "M EUR",
        size=np.cumsum(np.asarray(gross), axis=-1),
        applies=money.distributed > _ONE_EURO_MEUR,
    )


def company_rows(books: Books) -> Iterator[Block]:
    """Fee advances, grant income of the research company, cash of both."""
    structure, limits, plan, money = books.inputs.structure, books.inputs.money, books.plan, books.money
    advances, credited = plan.fee_prepaid_meur, plan.fee_credited_meur
    cumulative = (np.cumsum(credited, axis=-1), np.cumsum(advances, axis=-1))
    unit = "M EUR"
    yield block("prepayment", "credits are advanced before", "Y", cumulative[0], "<=", cumulative[1], unit)
    fee = books.business.infrastructure_fee_meur
    yield block("prepayment", "credits are within the year's fee", "Y", credited, "<=", fee, unit)
    yield block(
        "prepayment",
        "advances are used up at the horizon",
        "",
        advances.sum(axis=-1),
        "==",
        credited.sum(axis=-1),
        unit,
    )
    if structure.owner == SERVICE:
        text = "no advances where the service company owns the infrastructure"
        yield block("prepayment", text, "Y", advances + credited, "<=", 0.0, unit)
    if structure.grant_income:
        income = money.grants_income + money.other_income
        right = limits.grant_income_min[..., None] * income
        text = "grants and asset management in the research company's income"
        yield block("grant_income", text, "Y", money.grants_income, ">=", right, unit, size=income)
    moved = np.asarray(sum(np.abs(flow) for flow in money.flows.values()))
    size = np.maximum(moved, np.abs(money.cash_end))
    yield block("cash", "cash after the flows of the year's start", "EY", money.cash_start, ">=", 0.0, unit, size=size)
    reserve = limits.reserve_meur[..., None]
    # A company that owns, runs and receives nothing needs no reserve.
    active = np.zeros(2, dtype=bool)
    active[[structure.owner, *structure.pool_entity]] = True
    active |= (structure.receives > 0).any(axis=0)
    text = "cash at the year's end over the reserve"
    yield block("cash", text, "EY", money.cash_end, ">=", reserve, unit, size=size, applies=active[:, None])


def mix_rows(books: Books) -> Iterator[Block]:
    """Private share of the funding and adoption of the industry; a limit on the deficit where the case sets one."""
    structure, limits, plan = books.inputs.structure, books.inputs.money, books.plan
    private = np.einsum("...fy,f->...y", plan.draws_meur, (~structure.public).astype(float))
    drawn = plan.draws_meur.sum(axis=-2)
    # The gap counts in the base: money that nobody provides must not raise the private share.
    needed = drawn + plan.unfunded_gap_meur.sum(axis=-2)
    most = limits.private_share_max * drawn.sum(axis=-1)
    least = limits.private_share_min * needed.sum(axis=-1)
    total = private.sum(axis=-1)
    size = needed.sum(axis=-1)
    unit = "M EUR"
    yield block("private_share", "private money over all draws", "", total, "<=", most, unit, size=size)
    yield block("private_share", "private money over draws and gap", "", total, ">=", least, unit, size=size)
    yield block("adoption", "one level of adoption is in force", "Y", plan.adoption.sum(axis=-2), "==", 1.0, "levels")
    base = np.cumsum(needed, axis=-1)[..., None, :]
    share = books.inputs.services.adoption_share_min[..., None]
    yield block(
        "adoption",
        "cumulative private money carries the level of adoption",
        "AY",
        np.cumsum(private, axis=-1)[..., None, :],
        ">=",
        share * base,
        unit,
        size=base,
        applies=plan.adoption > 0.5,
    )
    if structure.objective == "public_compute":
        deficit, gross = books.totals["deficit_meur"], books.totals["gross_cost_meur"]
        text = "deficit within the case's limit"
        yield block("deficit_max", text, "", deficit, "<=", limits.deficit_max_meur, unit, size=gross)


def range_rows(books: Books) -> Iterator[Block]:
    """Whole numbers, switches, no negative amounts, nothing where a decision has no meaning."""
    structure, plan = books.inputs.structure, books.plan
    arrays = plan.arrays()
    for name in (*_COUNTS, *_SWITCHES):
        # Not a number rounds to not a number, and breaks the row.
        yield block("integrality", f"{name} is whole", AXES[name], arrays[name], "==", np.round(arrays[name]), "-")
    for name, values in arrays.items():
        yield block("bounds", f"{name} is not negative", AXES[name], values, ">=", 0.0, "-")
    for name in _SWITCHES:
        yield block("bounds", f"{name} is a switch", AXES[name], arrays[name], "<=", 1.0, "-")
    yield block(
        "bounds",
        "a server type is bought while it is on sale",
        "SGY",
        plan.units_bought,
        "<=",
        0.0,
        "units",
        applies=~np.array(structure.on_sale),
    )
    other = ~structure.equity
    text = "only equity pays dividends"
    yield block("bounds", text, "FY", plan.dividends_meur, "<=", 0.0, "M EUR", applies=other[:, None])
    yield block("bounds", "only equity is redeemed", "F", plan.redemption_meur, "<=", 0.0, "M EUR", applies=other)
