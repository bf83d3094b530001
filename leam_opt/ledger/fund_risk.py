"""What the tranches of layered funds lose where things go worse than planned.

The plan's decisions are held, and the accounts of both companies are made again under figures drawn from the ranges of
the case (see `sampling`; the draws are those of the comparison of value for money). Where the case has a register of
risks in `value_for_money`, its overruns come on top: each is a share of the planned lines of its basis, and so falls on
the company and the years of those lines. The companies bear all of it here, whatever share the comparison passes on to
private partners.

A sample's shortfall is the cash that the service company lacks at the horizon to keep its reserve after all payments
that the plan promises; tax follows the sample's own profit. What the company lacks before the horizon and has again by
then is no shortfall, nor is what the research company lacks: the fund does not answer for it. The shortfall is borne in
this order, by everybody up to what is due to him at the horizon:

1. shareholders: last year's dividends and profit transfer, and redemption,
2. the tranches from the first-loss piece up; several funds in the order of the case,
3. nobody: it is unfunded.

A loss that the plan itself calls is no longer due and is not counted again; what better samples leave over goes to no
tranche. Payments to shareholders before the last year stay as planned, also where the sample's profit would not carry
them: losses of tranches are on the safe side.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from leam_opt.case.financial import Risk
from leam_opt.case.schema import Case
from leam_opt.finance.value_for_money import BASES, Spread
from leam_opt.ledger.books import Books
from leam_opt.ledger.funding import SERVICE, financing
from leam_opt.ledger.money import Trade, trade
from leam_opt.ledger.physical import physical
from leam_opt.ledger.rows import ONE_EURO_MEUR
from leam_opt.ledger.sampling import CHUNK, adapted, sampled_inputs, triangular
from leam_opt.ledger.statements import CENT, one_plan

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[np.float64]

SAMPLES: Final = 2000
SEED: Final = 0
"""Draws and their seed where the case has no section `value_for_money`."""
COLUMNS: Final = (
    *("fund", "tranche", "payer", "contributions_meur", "due_at_horizon_meur"),
    *("loss_probability_share", "expected_loss_meur", "p95_loss_meur"),
    *("loss_probability_with_risks_share", "expected_loss_with_risks_meur", "p95_loss_with_risks_meur"),
)


def drawing(case: Case) -> tuple[int, int]:
    """Number of draws, and their seed."""
    terms = case.value_for_money
    return (SAMPLES, SEED) if terms is None else (terms.samples, terms.seed)


@dataclass(frozen=True)
class SampledLosses:
    """Who bears the shortfall of the service company at the horizon, M EUR.

    Attributes:
        tranches: name of the fund and position in `Index.instruments`, in the order in which they bear losses.
        due: (T) what each tranche gets at the horizon as planned.
        shortfall: (N) in each sample; the other three add up to it.
        shareholders: (N) borne by shareholders and the research company (profit transfer).
        lost: (T, N) borne by each tranche.
        unfunded: (N) borne by nobody.
    """

    tranches: tuple[tuple[str, int], ...]
    due: Array
    shortfall: Array
    shareholders: Array
    lost: Array
    unfunded: Array


def borne(shortfall: ArrayLike, due: ArrayLike) -> Array:
    """(B, N) what each of B bearers bears of the shortfalls (N): all that is due to him (B) before the next bears."""
    most = np.asarray(due, dtype=float)[:, None]
    before = np.cumsum(most, axis=0) - most
    return np.asarray(np.clip(np.asarray(shortfall, dtype=float) - before, 0.0, most))


def _drawn_on(books: Books) -> tuple[tuple[str, int], ...]:
    """Tranches of the funds that the plan draws on."""
    drawn = books.plan.draws_meur.sum(axis=-1)
    return tuple(
        (name, tranche)
        for name, tranches in books.inputs.structure.funds
        if drawn[list(tranches)].sum() > CENT
        for tranche in tranches
    )


def _overruns(risks: Mapping[str, Risk], samples: int, seed: int) -> dict[str, Array]:
    """(N) shares of the planned lines by which the register's risks worsen each basis, drawn as for value for money."""
    shares: dict[str, Array] = {basis: np.zeros(samples) for basis in BASES}
    for name, item in risks.items():
        shares[item.basis] += triangular(item.overrun, f"value_for_money.risks.{name}.overrun", samples, seed)
    return shares


def _overrun(business: Trade, planned: Trade, shares: dict[str, Array]) -> Trade:
    """Lines that are worse by shares (N) of the planned ones; assets that cost more are written off at their cost."""

    def more(lines: dict[str, Array], on: dict[str, Array], share: Array) -> dict[str, Array]:
        return {name: line + share[:, None, None] * on[name] for name, line in lines.items()}

    return replace(
        business,
        capex=more(business.capex, planned.capex, shares["capex"]),
        opex=more(business.opex, planned.opex, shares["opex"]),
        revenue=more(business.revenue, planned.revenue, -shares["revenue"]),
        depreciation_meur=business.depreciation_meur + shares["capex"][:, None] * planned.depreciation_meur,
    )


def _shortfalls(case: Case, books: Books, register: bool) -> Iterator[Array]:
    """(N) cash that the service company lacks at the horizon in the samples of each chunk."""
    samples, seed = drawing(case)
    risks = case.value_for_money.risks if register and case.value_for_money is not None else {}
    shares = _overruns(risks, samples, seed)
    for number, inputs in enumerate(sampled_inputs(case, samples, seed)):
        plan = adapted(books.plan, books.inputs, inputs)
        chunk = slice(number * CHUNK, (number + 1) * CHUNK)
        part = {basis: share[chunk] for basis, share in shares.items()}
        business = _overrun(trade(inputs, plan, physical(inputs, plan)), books.business, part)
        closing = financing(inputs, plan, business).cash_end[..., SERVICE, -1]
        lacking = inputs.money.reserve_meur[..., SERVICE] - closing
        # The solver leaves the reserve short by less than a euro at times; no sample is to blame for that.
        yield np.where(lacking > ONE_EURO_MEUR, lacking, 0.0)


def sampled_losses(case: Case, books: Books, register: bool = True) -> SampledLosses:
    """Shortfalls of a plan and who bears them, sample by sample; no sample is drawn for a plan without a fund.

    Args:
        case: the case of the plan.
        books: books of one plan at planning values.
        register: whether the risks of the case's register come on top of the ranges.

    Raises:
        ValueError: the books carry an axis of variants.
    """
    one_plan(books)
    plan, structure, tranches = books.plan, books.inputs.structure, _drawn_on(books)
    at_horizon = np.maximum(plan.dividends_meur[:, -1] + plan.redemption_meur, 0.0)
    due = at_horizon[[tranche for _, tranche in tranches]] if tranches else np.zeros(0)
    shortfall = np.concatenate(list(_shortfalls(case, books, register))) if tranches else np.zeros(drawing(case)[0])
    to_shareholders = at_horizon[structure.equity].sum() + max(float(plan.profit_transfer_meur[-1]), 0.0)
    parts = borne(shortfall, [to_shareholders, *due])
    return SampledLosses(tranches, due, shortfall, parts[0], parts[1:], shortfall - parts.sum(axis=0))


def fund_losses(case: Case, books: Books) -> pd.DataFrame:
    """What the tranches of the funds that a plan draws on may lose, in the order in which they bear losses.

    Columns fund, tranche, payer, contributions_meur, due_at_horizon_meur (last year's payment and redemption, as
    planned), loss_probability_share (losses above a euro), expected_loss_meur, p95_loss_meur (95th percentile) under
    the ranges of the figures, and the same with the risks of the register on top. All losses are zero where no figure
    of the case has a range; the table is empty where no fund is drawn on.

    Args:
        case: the case of the plan.
        books: books of one plan at planning values.

    Raises:
        ValueError: the books carry an axis of variants.
    """
    import pandas as pd

    found, worse = sampled_losses(case, books, register=False), sampled_losses(case, books)
    structure = books.inputs.structure
    rows = []
    for (fund, tranche), due, lost, more in zip(found.tranches, found.due, found.lost, worse.lost, strict=True):
        spread, with_risks = Spread.of(lost), Spread.of(more)
        rows.append(
            {
                "fund": fund,
                "tranche": structure.index.instruments[tranche],
                "payer": structure.instruments[tranche].payer,
                "contributions_meur": float(books.plan.draws_meur[tranche].sum()),
                "due_at_horizon_meur": float(due),
                "loss_probability_share": float(np.mean(lost > ONE_EURO_MEUR)),
                "expected_loss_meur": spread.mean,
                "p95_loss_meur": spread.p95,
                "loss_probability_with_risks_share": float(np.mean(more > ONE_EURO_MEUR)),
                "expected_loss_with_risks_meur": with_risks.mean,
                "p95_loss_with_risks_meur": with_risks.p95,
            }
        )
    return pd.DataFrame(rows, columns=list(COLUMNS))
