"""Instruments, debt cover, hurdle and ring-fence: what a unit of 10 M EUR can be paid with."""

from __future__ import annotations

from typing import Any

import pytest

from leam_opt.case.schema import Case
from tests.maths.financing import one_unit
from tests.maths.helpers import bare_case, best, expect

ONE_UNIT: dict[str, Any] = {"mission": {"public_compute_min": 1}}
SPONSOR = {"kind": "sponsor", "title": "Sponsors", "cap_total": 10}
LOAN = {
    "kind": "loan",
    "provider": "public",
    "entity": "research",
    "title": "Loan",
    "cap_total": 1000,
    "rate": 0.1,
    "tenor_years": 2,
    "dscr_min": 1,
}
EQUITY = {"kind": "equity", "title": "Equity", "cap_total": 10, "hurdle_rate": 0.1}


def funded(*use: str, sales: float = 0.0, price_eur: float = 0.0, **instruments: Any) -> Case:
    """One unit that serves public users and sells `sales` a year, paid with the instruments named."""
    return bare_case(
        mission={"public_compute_min": 1 - sales},
        adoption={"low": {"core": sales}},
        prices={"cluster_hour": price_eur * 1000 or 1},
        funding={"use": list(use), "instruments": instruments},
    )


@pytest.mark.parametrize(
    ("terms", "gap_meur"),
    [
        ({}, 0),
        ({"cap_total": 7}, 3),
        ({"cap_per_year": 6}, 4),
        ({"cap_per_year": {2025: 3, 2026: 8}}, 7),
        ({"first_year": 2026}, 10),
        ({"min_ticket": 10}, 0),
        ({"intensity": 0.6}, 4),
    ],
)
def test_a_grant_pays_what_its_terms_allow(terms: dict[str, Any], gap_meur: float) -> None:
    """The unit is paid at the start of 2025: what total, year, window, ticket or intensity keep back is the gap.

    Money of 2026 comes too late.
    """
    expect(best(funded("grant", grant=terms)), deficit_meur=10, unfunded_gap_meur=gap_meur)


def test_the_gap_goes_before_the_deficit() -> None:
    """A ticket of 11 is more than the eligible cost of 10: a second unit, of use to nobody, makes the grant possible.

    Least gap first is what the case asks for; with the deficit first the plan would be one unit and a gap of 10.
    """
    expect(best(funded("grant", grant={"min_ticket": 11})), deficit_meur=20, unfunded_gap_meur=0)


def test_grants_together_pay_no_more_than_the_cost() -> None:
    """Two grants of 60 %, drawn in 2025 only, cover 10 and 1 for the year's operation, and not 120 % of it.

    The 1 of 2026 is eligible too late. With 13.2 everything would be paid.
    """
    case = bare_case(
        **ONE_UNIT,
        funding={
            "use": ["grant", "second"],
            "instruments": {
                "grant": {"intensity": 0.6, "last_year": 2025},
                "second": {"kind": "grant", "title": "Second", "cap_total": 1000, "intensity": 0.6, "last_year": 2025},
            },
        },
        operations={"internet": 1},
    )
    expect(best(case), deficit_meur=12, unfunded_gap_meur=1, public_money_meur=11)


def test_grants_follow_the_cost_over_the_years() -> None:
    """Half of 10 + 1 + 1: at most 5.5 until 2025 and 6 in all; the gap is 6."""
    case = bare_case(**ONE_UNIT, operations={"internet": 1}, funding={"instruments": {"grant": {"intensity": 0.5}}})
    plan = best(case)
    expect(plan, deficit_meur=12, unfunded_gap_meur=6, public_money_meur=6)
    assert plan.decisions.draws_meur[0, 0] <= 5.5 + 1e-6


@pytest.mark.parametrize(
    ("shares", "grant_cap", "gap_meur", "public_meur"),
    [
        ({}, 1000, 0, 0),
        ({"private_share_max": 0.3}, 1000, 0, 7),
        ({"private_share_max": 0.3}, 3.5, 5, 3.5),
        ({"private_share_min": 0.4}, 2, 0, 0),
    ],
)
def test_private_money_keeps_its_share(
    shares: dict[str, float], grant_cap: float, gap_meur: float, public_meur: float
) -> None:
    """Sponsors give up to 10, and public money is spared, so that they give all: unless at most 30 % may be private.

    Then 7 are public; if the grant has only 3.5, the sponsors add 1.5 to make 30 %, and 5 are missing.
    """
    case = bare_case(
        **ONE_UNIT,
        funding={
            "use": ["grant", "sponsor"],
            "instruments": {"grant": {"cap_total": grant_cap}, "sponsor": SPONSOR},
            **shares,
        },
    )
    expect(best(case), deficit_meur=10, unfunded_gap_meur=gap_meur, public_money_meur=public_meur)


@pytest.mark.parametrize(
    ("terms", "interest_meur"),
    [
        ({"repayment": "annuity"}, 2 * 10 * 0.1 / (1 - 1.1**-2) - 10),
        ({"repayment": "linear"}, 1.5),
        ({"repayment": "bullet"}, 2.0),
        ({"repayment": "annuity", "grace_years": 1}, 2.0),
        ({"tenor_years": 1}, 1.0),
    ],
)
def test_loans_cost_interest_on_the_balance(terms: dict[str, Any], interest_meur: float) -> None:
    """10 at 10 %: level payments of 5.76 a year, principal of 5 a year (1.0 + 0.5), or all at the end (1.0 + 1.0).

    The unit sells 1.0 at 20 EUR: 10 - 40 and the interest.
    """
    plan = best(funded("loan", sales=1, price_eur=20, loan={**LOAN, **terms}))
    expect(plan, deficit_meur=interest_meur - 30, unfunded_gap_meur=0, line_interest=interest_meur)


@pytest.mark.parametrize(
    ("dscr", "loan_meur"),
    [(1.25, 4 / 1.1 + 4 / 1.21), (2, 2.5 / 1.1 + 2.5 / 1.21), (0, 5 / 1.1 + 5 / 1.21)],
)
def test_debt_is_no_more_than_the_cash_flow_covers(dscr: float, loan_meur: float) -> None:
    """Sales of 5 a year carry a level debt service of 5 / 1.25 = 4 at 10 %: a loan of 4/1.1 + 4/1.21 = 6.942149.

    The rest of the unit's 10 is the gap. Without a ratio all of the 5 serve the debt; more would be paid from a gap.
    """
    plan = best(funded("loan", sales=0.5, price_eur=10, loan={**LOAN, "dscr_min": dscr}))
    assert plan.decisions.draws_meur[0].tolist() == pytest.approx([loan_meur, 0], abs=1e-5)


def test_each_loan_weighs_with_its_own_cover() -> None:
    """Sales of 5 a year: 4.5 at ratio 1 take 2.59 of it; the rest carries 2.41 / 2 a year at ratio 2, a loan of 2.09.

    The cap of that loan is 2: nothing is lost. If the larger ratio held for all debt service, 4.34 in all would do.
    """
    case = funded(
        "small",
        "loan",
        sales=0.5,
        price_eur=10,
        small={**LOAN, "cap_total": 2, "dscr_min": 2},
        loan={**LOAN, "cap_total": 4.5},
    )
    plan = best(case)
    expect(plan, unfunded_gap_meur=3.5, draws_meur={("small", 2025): 2, ("loan", 2025): 4.5})


def company(price_eur: float, hurdle: float, **overrides: Any) -> Case:
    """The service company owns the unit (10) and sells for `price_eur` M EUR a year, paid by its shareholders."""
    pool = {"entity": "service"}
    return bare_case(
        infrastructure_entity="service",
        pools={"core": pool, "tuning": pool, "inference": pool},
        mission={"public_compute_min": 0.5},
        adoption={"low": {"core": 0.5}},
        prices={"cluster_hour": price_eur * 2000},
        funding={"use": ["equity"], "instruments": {"equity": {**EQUITY, "hurdle_rate": hurdle}}},
        **overrides,
    )


def test_shareholders_get_their_hurdle_rate() -> None:
    """Sales of 20 a year; 10 of equity earn 10 %, 1 a year, and go back at the end: 10 - 40 + 2.

    Without a dividend in 2025 12.1 would be due, which costs more; handed back in 2025, the 10 would cost 1.
    """
    plan = best(company(20, 0.1))
    expect(plan, deficit_meur=-28, unfunded_gap_meur=0, line_investors_return=2)
    assert plan.decisions.dividends_meur[0, 0] == pytest.approx(1)


def test_dividends_wait_for_profit() -> None:
    """Sales of 2.5, wear of 10/5 = 2: of the 1 that is due in 2025 a profit of 0.5 is paid.

    The rest follows in 2026: (10 - 0.5 / 1.1) x 1.21 = 11.55. 10 - 22.5 + 2.05; paid out of the cash flow of 2.5
    instead of the profit the return would be 2.
    """
    plan = best(one_unit({"equity": {**EQUITY, "hurdle_rate": 0.1}}, revenue_meur={2025: 2.5, 2026: 20}))
    expect(plan, deficit_meur=-10.45, unfunded_gap_meur=0, line_investors_return=2.05)
    assert plan.decisions.dividends_meur[0, 0] == pytest.approx(0.5)


@pytest.mark.parametrize(("price_eur", "gap_meur", "return_meur"), [(5.6, 0, 1), (5.4, 2, 0.8)])
def test_equity_is_limited_by_the_profit_that_rewards_it(price_eur: float, gap_meur: float, return_meur: float) -> None:
    """Wear of 5 a year leaves a profit of 0.6 or 0.4, hurdle 5 %.

    0.6 is more than 5 % of 10, so that 0.5 are paid each year. 0.4 a year rewards 8 of equity; 2 are missing, although
    the cash of 10.8 would pay more.
    """
    plan = best(company(price_eur, 0.05, server_types={"alpha": {"life_years": 2}}))
    expect(plan, unfunded_gap_meur=gap_meur, line_investors_return=return_meur)


def test_profit_of_the_service_company_helps_the_research_company() -> None:
    """Tuning sells 1.0 at 8 EUR in 2025; that profit buys most of the second unit in 2026: 2 are missing.

    The grant pays the first unit. Without the transfer the gap would be 10.
    """
    case = bare_case(
        mission={"public_compute_min": {2025: 0, 2026: 2}},
        pools={"tuning": {"entity": "service"}},
        adoption={"low": {"tuning": {2025: 1, 2026: 0}}},
        prices={"cluster_hour": 8000},
        funding={"instruments": {"grant": {"cap_total": 10}}},
    )
    expect(best(case), deficit_meur=12, unfunded_gap_meur=2, profit_transfer_meur={2025: 8})
