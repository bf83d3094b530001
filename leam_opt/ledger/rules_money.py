"""Rows on the two companies, their cash, the mix of the funding and adoption, and on the decisions' own ranges."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from leam_opt.ledger.books import Books
from leam_opt.ledger.decisions import AXES
from leam_opt.ledger.funding import RESEARCH, SERVICE
from leam_opt.ledger.rows import Array, Block, block
from leam_opt.ledger.rules_debt import debt_service_reserve

_SWITCHES = (
    "site_open",
    "training_place",
    "staff_step",
    "instrument_used",
    "adoption",
    "token_price_level",
    "cluster_price_level",
)
_COUNTS = ("units_bought", "cpu_units_bought", "power_modules_built", "core_models")


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
    reserve = limits.reserve_meur[..., None] + debt_service_reserve(books)
    text = "cash at the year's end over the reserve and the debt-service reserve account"
    # A company that owns, runs and receives nothing needs no reserve.
    needs = structure.active[:, None]
    yield block("cash", text, "EY", money.cash_end, ">=", reserve, unit, size=size, applies=needs)
    if structure.timely_use is not None and structure.active[RESEARCH]:
        held, allowed = timely_use(books)
        text = "cash of the research company over recent means and reserves"
        late = np.arange(structure.horizon) >= structure.timely_use
        sizes = size[..., RESEARCH, :]
        yield block("timely_use", text, "Y", held, "<=", allowed, unit, size=sizes, applies=late)


def timely_use(books: Books) -> tuple[Array, Array]:
    """Cash (Y) of the research company at the year's end, and what it may hold.

    It may hold the means of the last years, the free reserve, depreciation of its own assets where the case allows a
    replacement reserve, its cash reserve and its debt-service reserve account. Means are draws after arrangement fees,
    revenue, the infrastructure fee received in cash with its advances, and profit transfers.
    """
    structure, limits, flows = books.inputs.structure, books.inputs.money, books.money.flows
    names = ["draws", "arrangement_fees", "revenue", "profit_transfer"]
    if structure.owner == RESEARCH:
        names += ["infrastructure_fee", "fee_prepaid"]
    means = np.asarray(sum(flows[name][..., RESEARCH, :] for name in names))
    received = np.cumsum(means, axis=-1)
    years = min(structure.timely_use or 0, structure.horizon)
    before = np.zeros_like(received)
    before[..., years:] = received[..., : structure.horizon - years]
    allowed = (received - before) + limits.free_reserve_share[..., None] * received
    if structure.replacement_reserve and structure.owner == RESEARCH:
        allowed = allowed + np.cumsum(books.business.depreciation_meur, axis=-1)
    allowed = allowed + limits.reserve_meur[..., RESEARCH, None] + debt_service_reserve(books)[..., RESEARCH, :]
    return books.money.cash_end[..., RESEARCH, :], allowed


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
    other = ~(structure.equity | structure.tranches)
    text = "only equity and tranches are paid dividends"
    yield block("bounds", text, "FY", plan.dividends_meur, "<=", 0.0, "M EUR", applies=other[:, None])
    text = "only equity and tranches are redeemed"
    yield block("bounds", text, "F", plan.redemption_meur, "<=", 0.0, "M EUR", applies=other)
