"""Layered funds: shares, claims, and losses that cannot be invented.

The fund gives 100 to a service company that buys ten units for 100 and earns 80 before they are worn out. Its
first-loss tranche (20, at 5 %) gets nothing; its senior tranche (80, at 10 %) gets its 80 back and loses its return.
Each test that breaks a row gives the company another way to hide money while a loss is called.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from leam_opt.case.schema import Case
from leam_opt.ledger.accounts import evaluate
from leam_opt.ledger.books import Books
from leam_opt.ledger.decisions import Decisions
from leam_opt.ledger.rules_investors import tranche_claims
from tests.ledger.funded import bare_case, bare_plan, broken, loan

FIRST, TOP, EQUITY = range(3)
SERVICE = 1
FAMILIES = ("funds", "fund_claims", "called_losses", "redemption", "ring_fence", "bounds")


def fund_case(**top: Any) -> Case:
    tranche = {"kind": "tranche", "cap_total": 100}
    first = {**tranche, "title": "First", "provider": "public", "share": 0.2, "return_rate": 0.05, "loss_max": 1}
    senior = {**tranche, "title": "Top", "provider": "private", "share": 0.8, "return_rate": 0.1, "loss_max": 0.25}
    return bare_case(
        {"first": first, "top": {**senior, **top}},
        ["equity"],
        infrastructure_entity="service",
        funding={"funds": {"invest": {"title": "Invest", "tranches": ["first", "top"]}}},
    )


def lost_plan(case: Case, earned: float = 80) -> Decisions:
    """Claims of 20 x 1.05^3 = 23.1525 and 80 x 1.1^3 = 106.48, of which 80 are paid."""
    plan = bare_plan(case, [0, 0, earned], first=[20, 0, 0], top=[80, 0, 0])
    plan.units_bought[0, 0, 0] = 10
    plan.redemption_meur[TOP] = 80
    plan.called_loss_meur[:2] = [23.1525, 26.48]
    return plan


def paid_plan(case: Case) -> Decisions:
    """Profit of 20 a year: 1 and 8 a year of return, and the contributions at the horizon."""
    plan = bare_plan(case, [20, 20, 20], first=[20, 0, 0], top=[80, 0, 0])
    plan.dividends_meur[FIRST] = 1
    plan.dividends_meur[TOP] = 8
    plan.redemption_meur[:2] = [20, 80]
    return plan


def test_a_lost_fund_by_hand() -> None:
    case = fund_case()
    accounts = evaluate(case, lost_plan(case))
    assert tranche_claims(accounts.books)[:2] == pytest.approx([23.1525, 106.48])
    assert broken(case, lost_plan(case), *FAMILIES) == []
    # The called loss is borne by the tranches and saves nothing: 20 + 3.1525 and 80 + 26.48 less 100 given.
    assert accounts.by_line.loc["investors_return", "meur"] == pytest.approx(3.1525 + 26.48)
    assert accounts.totals["called_loss_meur"] == pytest.approx(49.6325)
    assert accounts.totals["deficit_meur"] == pytest.approx(100 + 29.6325 - 80)
    cash = accounts.cash.set_index(["company", "year"]).loc[("service", 2027)]
    assert cash["closing_meur"] == pytest.approx(0)
    assert cash["redemption_meur"] == -80
    # The first tranche's contribution is written off, the lost returns never stood in a sheet.
    sheet = accounts.books.balance_sheet
    assert sheet["fund_contributions"][SERVICE] == pytest.approx([100, 100, 0])
    assert sheet["retained_result"][SERVICE] == pytest.approx([-50, -100, 0])
    assert accounts.books.profit_statement["waived_contributions"][SERVICE] == pytest.approx([0, 0, 20])


def test_a_fund_that_is_paid_by_hand() -> None:
    case = fund_case()
    books = Books.of(case, paid_plan(case))
    assert broken(case, paid_plan(case), *FAMILIES) == []
    assert books.lines["investors_return"][SERVICE] == pytest.approx([9 - 100, 9, 9 + 100])
    # What tranches get is owed to them; only shareholders and the research company get distributions.
    assert books.money.distributed == pytest.approx([0, 0, 0])
    assert books.balance_sheet["fund_contributions"][SERVICE] == pytest.approx([100, 100, 0])


def test_shareholders_may_be_paid_beside_a_fund_that_loses_nothing() -> None:
    case = fund_case()
    plan = paid_plan(case)
    plan.profit_transfer_meur[:] = 5
    plan.dividends_meur[EQUITY] = 1
    assert broken(case, plan, *FAMILIES) == []


Change = Callable[[Decisions], None]


def put(name: str, at: Any, value: Any) -> Change:
    def change(plan: Decisions) -> None:
        getattr(plan, name)[at] = value

    return change


@pytest.mark.parametrize(
    ("change", "what", "where"),
    [
        (put("tokens_bn_per_day", (1, 2), 80.1), "while the service company keeps cash over its reserve", ""),
        (put("profit_transfer_meur", 0, 0.1), "pays shareholders or the research company", "year 2025"),
        (put("dividends_meur", (EQUITY, 1), 0.1), "pays shareholders or the research company", "year 2026"),
        (put("redemption_meur", EQUITY, 0.1), "where shareholders are redeemed", ""),
        (put("redemption_meur", FIRST, 0.1), "'top' loses nothing while a tranche junior to it is paid", ""),
        (put("dividends_meur", (FIRST, 0), 0.1), "'top' loses nothing while a tranche junior to it is paid", ""),
        (put("called_loss_meur", TOP, 26.7), "largest share of its claim", "instrument top"),
        (put("called_loss_meur", FIRST, 23.2), "largest share of its claim", "instrument first"),
        (put("called_loss_meur", EQUITY, 0.1), "only tranches bear called losses", "instrument equity"),
        (put("called_loss_meur", TOP, 26.4), "is that of the contributions", "instrument top"),
        (put("redemption_meur", TOP, 80.1), "is that of the contributions", "instrument top"),
        (put("redemption_meur", TOP, 80.1), "at most what they contributed", "instrument top"),
    ],
)
def test_a_loss_cannot_be_invented(change: Change, what: str, where: str) -> None:
    case = fund_case()
    plan = lost_plan(case)
    change(plan)
    found = broken(case, plan, *FAMILIES)
    assert where in [place for text, place in found if what in text], found


@pytest.mark.parametrize(
    ("change", "what", "where"),
    [
        (put("draws_meur", (TOP, 0), 79), "draws on its tranches in their shares", "instrument top, year 2025"),
        (put("draws_meur", (FIRST, 1), 1), "draws on its tranches in their shares", "instrument top, year 2026"),
        (put("dividends_meur", (TOP, 1), 7.9), "is that of the contributions", "instrument top"),
        (put("dividends_meur", (TOP, 1), 8.1), "is that of the contributions", "instrument top"),
        (put("dividends_meur", (FIRST, 0), 1.1), "stays in until the horizon", "instrument first, year 2025"),
        (put("dividends_meur", (TOP, 1), 8.1), "stays in until the horizon", "instrument top, year 2026"),
    ],
)
def test_tranches_get_what_they_claim_and_not_more(change: Change, what: str, where: str) -> None:
    case = fund_case()
    plan = paid_plan(case)
    change(plan)
    found = broken(case, plan, *FAMILIES)
    assert where in [place for text, place in found if what in text], found


def test_a_first_loss_alone_leaves_the_senior_tranche_whole() -> None:
    """106.48 are enough for the senior tranche, of which 26.48 are its return; profit is 6.48 and does not matter.

    A shareholder who got a dividend of the same size would break the ring-fence.
    """
    case = fund_case()
    plan = lost_plan(case, earned=106.48)
    plan.dividends_meur[TOP, 2] = 26.48
    plan.called_loss_meur[TOP] = 0
    assert broken(case, plan, *FAMILIES) == []
    plan.dividends_meur[[TOP, EQUITY], 2] = [0, 26.48]
    assert "year 2027" in [where for what, where in broken(case, plan, "ring_fence") if "cumulative profit" in what]


def test_the_lock_up_holds_back_shareholders_and_no_tranche() -> None:
    """Debt service of 11 asks for 16.5 in a year in which shareholders are paid."""
    base = fund_case()
    case = bare_case(
        {name: base.funding.instruments[name].model_dump(exclude_none=True) for name in ("first", "top")}
        | {"bank": loan(tenor_years=1, lockup_dscr=1.5)},
        ["equity"],
        funding={"funds": {"invest": {"title": "Invest", "tranches": ["first", "top"]}}},
    )
    plan = bare_plan(case, [16.4, 0, 0], bank=[10, 0, 0], first=[20, 0, 0], top=[80, 0, 0])
    plan.dividends_meur[TOP] = 1
    assert broken(case, plan, "lock_up") == []
    plan.dividends_meur[case.funding.use.index("equity"), 0] = 1
    assert [where for _, where in broken(case, plan, "lock_up")] == ["year 2025"]
