"""Rows on what shareholders and tranches of funds get: hurdles, claims, called losses, ring-fence."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from leam_opt.finance.discount import discount_factors
from leam_opt.ledger.books import Books
from leam_opt.ledger.funding import SERVICE
from leam_opt.ledger.rows import ONE_EURO_MEUR, Array, Block, block

_UNIT = "M EUR"


def return_rows(books: Books) -> Iterator[Block]:
    """Shareholders reach their hurdle, tranches get what they claim; neither earns on money that is yet to come."""
    structure, limits, plan = books.inputs.structure, books.inputs.money, books.plan
    years = np.arange(structure.horizon)
    rate = limits.hurdle_rate + limits.return_rate
    paid_out = np.cumsum(plan.dividends_meur * discount_factors(rate, years + 1), axis=-1)
    paid_in = np.cumsum(plan.draws_meur * discount_factors(rate, years), axis=-1)
    at_end = discount_factors(rate, [structure.horizon])[..., 0]
    returned = paid_out[..., -1] + plan.redemption_meur * at_end
    yield block(
        "hurdle",
        "present value of dividends and redemption reaches that of the contributions",
        "F",
        returned,
        ">=",
        paid_in[..., -1],
        _UNIT,
        applies=structure.equity,
    )
    yield block(
        "fund_claims",
        "present value of payments, redemption and called loss is that of the contributions",
        "F",
        returned + plan.called_loss_meur * at_end,
        "==",
        paid_in[..., -1],
        _UNIT,
        applies=structure.tranches,
    )
    before_last = years < structure.horizon - 1
    # Otherwise dividends paid before the money comes would earn the hurdle on nothing, and money that is handed back in
    # the year in which it came would count as private funding.
    kept = np.cumsum(plan.draws_meur, axis=-1) * discount_factors(rate, years + 1)
    text = "what shareholders have put in stays in until the horizon: dividends within what it has earned"
    ahead = np.logical_and(structure.equity[:, None], before_last)
    yield block("hurdle", text, "FY", paid_out + kept, "<=", paid_in, _UNIT, applies=ahead)
    text = "what tranches have put in stays in until the horizon: payments within what it has earned"
    ahead = np.logical_and(structure.tranches[:, None], before_last)
    yield block("fund_claims", text, "FY", paid_out + kept, "<=", paid_in, _UNIT, applies=ahead)
    paying = books.money.distributed > ONE_EURO_MEUR
    text = "tranches have what they have earned where shareholders or the research company are paid"
    first = structure.tranches[:, None] & before_last & paying[..., None, :]
    yield block("fund_claims", text, "FY", paid_out + kept, ">=", paid_in, _UNIT, applies=first)
    investors = structure.equity | structure.tranches
    contributed = plan.draws_meur.sum(axis=-1)
    text = "shareholders and tranches get back at most what they contributed"
    yield block("redemption", text, "F", plan.redemption_meur, "<=", contributed, _UNIT, applies=investors)


def ring_fence_rows(books: Books) -> Iterator[Block]:
    """What the service company distributes has been earned and taxed."""
    money = books.money
    names = ("revenue", "opex", "infrastructure_fee", "corporate_tax")
    gross = sum(np.abs(money.flows[name][..., SERVICE, :]) for name in names)
    yield block(
        "ring_fence",
        "dividends and profit transfers come from cumulative profit after tax",
        "Y",
        np.cumsum(money.distributed, axis=-1),
        "<=",
        np.cumsum(money.profit_after_tax, axis=-1),
        _UNIT,
        size=np.cumsum(np.asarray(gross), axis=-1),
        applies=money.distributed > ONE_EURO_MEUR,
    )


def fund_rows(books: Books) -> Iterator[Block]:
    """Every draw of a layered fund comes from all its tranches in their shares."""
    structure, shares, draws = books.inputs.structure, books.inputs.money.tranche_share, books.plan.draws_meur
    for name, tranches in structure.funds:
        chosen = np.isin(np.arange(len(structure.instruments)), tranches)
        part = shares * chosen / (shares * chosen).sum(axis=-1, keepdims=True)
        total = (draws * chosen[:, None]).sum(axis=-2, keepdims=True)
        text = f"fund '{name}' draws on its tranches in their shares"
        right = part[..., None] * total
        yield block("funds", text, "FY", draws, "==", right, _UNIT, applies=chosen[:, None])


def tranche_claims(books: Books) -> Array:
    """(F) what tranches claim at the horizon for their contributions at their return, before any payment."""
    structure = books.inputs.structure
    years_left = structure.horizon - np.arange(structure.horizon)
    grown = books.plan.draws_meur / discount_factors(books.inputs.money.return_rate, years_left)
    claims: Array = grown.sum(axis=-1) * structure.tranches
    return claims


def called_loss_rows(books: Books) -> Iterator[Block]:
    """A loss is called only where the company has nothing left, pays no shareholder, and the junior tranche is lost."""
    structure, limits, plan, money = books.inputs.structure, books.inputs.money, books.plan, books.money
    loss = plan.called_loss_meur
    text = "only tranches bear called losses"
    yield block("bounds", text, "F", loss, "<=", 0.0, _UNIT, applies=~structure.tranches)
    if not structure.funds:
        return
    claims = tranche_claims(books)
    text = "called loss within the tranche's largest share of its claim"
    most = limits.loss_share_max * claims
    yield block("called_losses", text, "F", loss, "<=", most, _UNIT, size=claims, applies=structure.tranches)
    moved = np.asarray(sum(np.abs(flow) for flow in money.flows.values()))[..., SERVICE, -1]
    to_shareholders = (plan.dividends_meur * structure.equity[:, None]).sum(axis=-2) + plan.profit_transfer_meur
    redeemed = (plan.redemption_meur * structure.equity).sum(axis=-1)
    paid = plan.dividends_meur.sum(axis=-1) + plan.redemption_meur
    for name, tranches in structure.funds:
        called = np.asarray((loss[..., list(tranches)] > ONE_EURO_MEUR).any(axis=-1))
        cash, least = money.cash_end[..., SERVICE, -1], limits.reserve_meur[..., SERVICE]
        text = f"fund '{name}' loses nothing while the service company keeps cash over its reserve"
        yield block("called_losses", text, "", cash, "<=", least, _UNIT, size=moved, applies=called)
        text = f"fund '{name}' loses nothing where the service company pays shareholders or the research company"
        yield block("called_losses", text, "Y", to_shareholders, "<=", 0.0, _UNIT, applies=called[..., None])
        text = f"fund '{name}' loses nothing where shareholders are redeemed"
        yield block("called_losses", text, "", redeemed, "<=", 0.0, _UNIT, applies=called)
        for place, tranche in enumerate(tranches):
            if place:
                label = structure.index.instruments[tranche]
                junior = paid[..., list(tranches[:place])].sum(axis=-1)
                text = f"fund '{name}': '{label}' loses nothing while a tranche junior to it is paid"
                lost = loss[..., tranche] > ONE_EURO_MEUR
                yield block("called_losses", text, "", junior, "<=", 0.0, _UNIT, applies=lost)
