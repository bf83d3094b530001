"""Loans: rate bands, schedules, interest during construction, cover by seniority, lock-up, reserves, guarantees.

The unit of 10 M EUR is bought at the start of 2025; the service company owns it and sells for a fixed sum a year.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.maths.financing import EQUITY, LOAN, SUPPORT, one_unit
from tests.maths.helpers import best, expect

BANDS = [{"up_to": 4, "rate": 0.02}, {"up_to": 7, "rate": 0.05}, {"rate": 0.1}]
BULLET = {**LOAN, "repayment": "bullet"}


@pytest.mark.parametrize(
    ("price_meur", "by_band", "interest_meur"),
    [(3, [3], 0.06), (6, [4, 2], 0.18), (10, [4, 3, 3], 0.53)],
)
def test_the_cheap_band_is_used_first(price_meur: float, by_band: list[float], interest_meur: float) -> None:
    """4 at 2 %, 3 at 5 %, the rest at 10 %, repaid after two years: 3 x 0.02, 4 x 0.02 + 2 x 0.05, ... a year.

    With the rate of the last band for the whole loan, or of the first, the third case would cost 1.0 or 0.2 a year.
    """
    loan = {**BULLET, "rate": 0.02, "rate_bands": BANDS}
    case = one_unit({"loan": loan}, revenue_meur=20, server_types={"alpha": {"unit_price": price_meur}})
    drawn = {("loan", band, 2025): part for band, part in enumerate(by_band)}
    plan = best(case)
    expect(plan, deficit_meur=price_meur - 40 + 2 * interest_meur, band_draws_meur=drawn)
    assert plan.accounts.books.yearly["interest_meur"] == pytest.approx([interest_meur, interest_meur])


def test_a_band_is_used_once() -> None:
    """A unit of one year's life each year, 10 borrowed for a year, sales of 11; 10 at 2 %, more at 10 %.

    2025 takes the cheap band, 0.2, and 0.8 is left; 2026 borrows 9.2 at 10 %. Were the band free again once it is
    repaid, 0.384 of interest would do instead of 1.12.
    """
    bands = [{"up_to": 10, "rate": 0.02}, {"rate": 0.1}]
    case = one_unit(
        {"loan": {**LOAN, "tenor_years": 1, "rate": 0.02, "rate_bands": bands}},
        revenue_meur=11,
        server_types={"alpha": {"life_years": 1}},
    )
    drawn = {("loan", 0, 2025): 10, ("loan", 1, 2026): 9.2}
    expect(best(case), deficit_meur=20 - 22 + 1.12, line_interest=1.12, band_draws_meur=drawn)


@pytest.mark.parametrize(
    ("terms", "interest_meur", "service_meur"),
    [
        ({"repayment": "bullet"}, [1, 1, 1, 1], [1, 1, 1, 11]),
        ({"repayment": "linear"}, [1, 0.75, 0.5, 0.25], [3.5, 3.25, 3, 2.75]),
        ({"repayment": "linear", "grace_years": 2}, [1, 1, 1, 0.5], [1, 1, 6, 5.5]),
        ({"repayment": "annuity"}, [1, 0.784529, 0.547511, 0.286792], [3.154708] * 4),
        ({"repayment": "annuity", "grace_years": 1}, [1, 1, 0.697885, 0.365559], [1, 4.021148, 4.021148, 4.021148]),
    ],
)
def test_each_profile_over_four_years(
    terms: dict[str, Any], interest_meur: list[float], service_meur: list[float]
) -> None:
    """10 at 10 % over four years: 10 x 0.1 / (1 - 1.1^-4) = 3.154708 a year, after a year of grace 4.021148.

    The balance of the annuity falls to 7.845292, 5.475112 and 2.867916.
    """
    plan = best(one_unit({"loan": {**LOAN, "tenor_years": 4, **terms}}, revenue_meur=20, horizon_years=4))
    expect(plan, deficit_meur=10 - 80 + sum(interest_meur))
    yearly = plan.accounts.books.yearly
    assert yearly["interest_meur"] == pytest.approx(interest_meur, abs=1e-6)
    assert yearly["debt_service_meur"] == pytest.approx(service_meur, abs=1e-6)


def test_each_draw_has_a_schedule_of_its_own() -> None:
    """Units of one year's life in 2025 and 2026, each paid with 10 over two years in equal parts of 5.

    Sales of 6 are all gone at the end of 2025 (5 + 1). Interest 1, then 0.5 + 1, then 0.5: 3 in all.
    """
    case = one_unit(
        {"loan": {**LOAN, "repayment": "linear", "dscr_min": 0}},
        revenue_meur={2025: 6, 2026: 20, 2027: 0},
        horizon_years=3,
        mission={"public_compute_min": {2025: 0.5, 2027: 0}},
        server_types={"alpha": {"life_years": 1}},
    )
    plan = best(case)
    expect(plan, deficit_meur=20 - 26 + 3, draws_meur={("loan", 2025): 10, ("loan", 2026): 10})
    assert plan.accounts.books.yearly["debt_service_meur"] == pytest.approx([6, 11.5, 5.5])


def test_fees_and_interest_during_construction_need_no_iteration() -> None:
    """Debt pays for itself: D = g (C + phi D + r D / 2) / 1, solved as D = g C / (1 - g (phi + r / 2)).

    C = 10, gearing g = 70 %, fee phi = 1 %, rate r = 6 % for half a year: D = 7 / 0.972 = 7.2016. Shareholders ask for
    20 % a year, so that as much as allowed is borrowed. Fee and interest on the 7 alone would give 7.196.
    """
    loan = {**LOAN, "rate": 0.06, "arrangement_fee": 0.01, "construction_years": 0.5}
    case = one_unit(
        {"loan": loan, "equity": {**EQUITY, "hurdle_rate": 0.2}},
        revenue_meur=20,
        funding={"gearing_max_service": 0.7},
    )
    debt = 0.7 * 10 / (1 - 0.7 * (0.01 + 0.06 / 2))
    plan = best(case)
    expect(plan, unfunded_gap_meur=0, line_construction_interest=0.03 * debt, line_arrangement_fees=0.01 * debt)
    expect(plan, draws_meur={("loan", 2025): debt, ("equity", 2025): debt * 3 / 7})
    # Both together pay the unit and the cost of the debt, to the cent.
    assert debt + debt * 3 / 7 == pytest.approx(10 + 0.04 * debt)
    interest = 2 * debt * 0.06 / (1 - 1.06**-2) - debt
    expect(plan, line_interest=interest, deficit_meur=10 - 40 + 0.04 * debt + interest + 0.4 * debt * 3 / 7)


def test_interest_during_construction_is_that_of_the_band() -> None:
    """10 of debt, of which 4 bear 2 %, 3 bear 5 % and the rest 10 % for half a year before operation.

    0.04 + 0.075 + 0.05 x rest, and the rest is 3 with what the interest itself takes: 3.115 / 0.95 = 3.278947.
    """
    loan = {**BULLET, "rate": 0.02, "rate_bands": BANDS, "construction_years": 0.5}
    rest = (3 + 0.04 + 0.075) / 0.95
    plan = best(one_unit({"loan": loan}, revenue_meur=20))
    expect(plan, unfunded_gap_meur=0, line_construction_interest=0.115 + 0.05 * rest)
    expect(plan, band_draws_meur={("loan", 0, 2025): 4, ("loan", 1, 2025): 3, ("loan", 2, 2025): rest})


@pytest.mark.parametrize(
    ("terms", "loan_meur"),
    [
        ({"repayment": "annuity"}, 2 * (1 - 1.08**-4) / 0.08),
        ({"repayment": "annuity", "grace_years": 2}, 2 * (1 - 1.08**-2) / 0.08),
        ({"repayment": "linear"}, 2 / (0.25 + 0.08)),
        ({"repayment": "bullet"}, 2 / 1.08),
    ],
)
def test_cover_sizes_the_debt_in_its_heaviest_year(terms: dict[str, Any], loan_meur: float) -> None:
    """Sales of 3 a year at a cover of 1.5 leave 2 for debt service at 8 %: level payments carry 6.62.

    Equal principal is heaviest in the first year, a bullet in the last, and cash of the years before is no cash flow:
    with it the bullet could be 7.41 or more.
    """
    loan = {**LOAN, "rate": 0.08, "tenor_years": 4, "dscr_min": 1.5, **terms}
    plan = best(one_unit({"loan": loan}, revenue_meur=3, horizon_years=4))
    expect(plan, unfunded_gap_meur=10 - loan_meur, draws_meur={("loan", 2025): loan_meur})


@pytest.mark.parametrize(
    ("dscr", "senior_service", "mezzanine_service"),
    [(1.2, 4, 1), (1.5, 4, 0), (1.1, 4, 6 / 1.1 - 4)],
)
def test_mezzanine_debt_is_covered_after_senior_debt(
    dscr: float, senior_service: float, mezzanine_service: float
) -> None:
    """Sales of 6 cover a senior service of 4 by 1.5 (at 5 %), and by 1.2 all service of 5: 1 is mezzanine (at 10 %).

    Where the mezzanine lenders ask for 1.5 too, nothing is left for them. Covered by itself, their service could be 5.
    """
    terms = {
        "senior": {**LOAN, "rate": 0.05, "dscr_min": 1.5},
        "mezzanine": {**LOAN, "seniority": "mezzanine", "dscr_min": dscr},
    }
    senior = senior_service * (1 - 1.05**-2) / 0.05
    mezzanine = mezzanine_service * (1 - 1.1**-2) / 0.1
    drawn = {("senior", 2025): senior, ("mezzanine", 2025): mezzanine}
    plan = best(one_unit(terms, revenue_meur=6))
    expect(plan, unfunded_gap_meur=10 - senior - mezzanine, draws_meur={k: v for k, v in drawn.items() if v})


@pytest.mark.parametrize(("lockup", "at_once_meur", "return_meur"), [(0, 0.5, 1), (3.2, 0.5, 1), (3.21, 0, 1.05)])
def test_a_year_of_low_cover_is_a_year_without_dividends(
    lockup: float, at_once_meur: float, return_meur: float
) -> None:
    """A loan of 5 without interest is repaid with 2.5 a year out of 8, a cover of 3.2, and then out of 16.

    Shareholders of the other 5 get 0.5 in 2025 (profit and cash would allow more) and 5.5 in 2026, or 6.05 in 2026. A
    lock-up on the profit or on the cash that is left would not tell 3.2 from 3.21.
    """
    terms = {
        "loan": {**LOAN, "rate": 0, "cap_total": 5, "lockup_dscr": lockup},
        "equity": {**EQUITY, "cap_total": 5},
    }
    plan = best(one_unit(terms, revenue_meur={2025: 8, 2026: 16}))
    expect(plan, deficit_meur=10 - 24 + return_meur, line_investors_return=return_meur)
    assert plan.decisions.dividends_meur[1, 0] == pytest.approx(at_once_meur, abs=1e-6)


@pytest.mark.parametrize(
    ("months", "loan_meur", "gap_meur"),
    [(0, 10, 0), (6, 10, 1.5 * 12.1 / 2.1 - 8), (12, 4 / 1.1 + 4 / 1.21, 10 - 4 / 1.1 - 4 / 1.21)],
)
def test_the_reserve_account_holds_next_years_debt_service(months: int, loan_meur: float, gap_meur: float) -> None:
    """A loan of at most 10 at 10 % costs 12.1 / 2.1 = 5.76 a year, of sales of 8: 2.24 are left for the account.

    Half of the next service is 2.88: 0.64 are missing. All of it: the loan is smaller, so that S + S = 8 and level
    payments of 4 carry 6.94; 3.06 of the 10 are missing (with a loan of 10 it would be 3.52).
    """
    loan = {**LOAN, "cap_total": 10, "reserve_months": months}
    plan = best(one_unit({"loan": loan}, revenue_meur=8))
    expect(plan, unfunded_gap_meur=gap_meur, draws_meur={("loan", 2025): loan_meur})
    service_meur = loan_meur * 1.21 / 2.1
    assert plan.accounts.books.yearly["closing_service_meur"][0] >= months / 12 * service_meur - 1e-6


@pytest.mark.parametrize(
    ("gearing", "loan_meur"),
    [(0.6, 3), (0.75, 6), (0.8, 4 / 1.08 + 4 / 1.08**2), (1, 4 / 1.08 + 4 / 1.08**2)],
)
def test_gearing_and_cover_limit_the_debt_side_by_side(gearing: float, loan_meur: float) -> None:
    """Beside 2 of support 60 % of the money are 3 of debt, 75 % are 6; a cover of 1.5 on sales of 6 allows 7.13.

    The gap is no money: if it counted, 60 % of the 10 would be debt.
    """
    terms = {"support": {**SUPPORT, "cap_total": 2}, "loan": {**LOAN, "rate": 0.08, "dscr_min": 1.5}}
    plan = best(one_unit(terms, revenue_meur=6, funding={"gearing_max_service": gearing}))
    expect(plan, unfunded_gap_meur=8 - loan_meur, draws_meur={("support", 2025): 2, ("loan", 2025): loan_meur})


def test_each_company_has_a_gearing_of_its_own() -> None:
    """The same for the research company; a limit on the service company does not bind it."""
    terms = {"grant": {"cap_total": 2}, "loan": {**LOAN, "rate": 0.08}}
    free = one_unit(terms, entity="research", revenue_meur=20, funding={"gearing_max_service": 0})
    expect(best(free), unfunded_gap_meur=0)
    bound = one_unit(terms, entity="research", revenue_meur=20, funding={"gearing_max_research": 0.5})
    expect(best(bound), unfunded_gap_meur=6, draws_meur={("grant", 2025): 2, ("loan", 2025): 2})


GUARANTEE = {"title": "G", "loans": ["loan"], "share_max": 0.8, "cap_total": 1000, "fee": 0.01, "rate_reduction": 0.03}


@pytest.mark.parametrize(
    ("loan", "guarantee", "guaranteed_meur", "interest_meur", "fee_meur"),
    [
        ({}, {}, 8, 2 - 0.48, 0.16),
        ({}, {"cap_total": 6}, 6, 2 - 0.36, 0.12),
        ({}, {"fee": 0.04}, 0, 2, 0),
        ({"guaranteed_share_min": 0.5}, {"fee": 0.04}, 5, 2 - 0.3, 0.4),
        ({"repayment": "annuity"}, {}, 8, 2 * 10 / (1 / 1.1 + 1 / 1.21) - 10 - 0.03 * 8 * 1.5238095, 0.08 * 1.5238095),
    ],
)
def test_a_guarantee_is_used_where_it_is_worth_its_fee_or_asked_for(
    loan: dict[str, Any], guarantee: dict[str, Any], guaranteed_meur: float, interest_meur: float, fee_meur: float
) -> None:
    """10 at 10 % over two years, 80 % of it guaranteed: 3 % of 8 are saved a year for a fee of 1 %.

    A fee of 4 % is not worth it, unless the lender asks for half. An annuity owes 10 and then 5.238, and so does its
    guarantee: a fee on the first sum in both years would be 0.16.
    """
    case = one_unit(
        {"loan": {**BULLET, **loan}}, revenue_meur=20, funding={"guarantees": {"state": {**GUARANTEE, **guarantee}}}
    )
    plan = best(case)
    expect(plan, line_interest=interest_meur, line_guarantee_fees=fee_meur)
    expect(plan, deficit_meur=10 - 40 + interest_meur + fee_meur, public_money_meur=0)
    expect(plan, guaranteed_meur={("loan", 2025): guaranteed_meur} if guaranteed_meur else {})


def test_the_cap_of_a_guarantee_limits_a_loan_that_needs_it() -> None:
    """Half of every draw has to be guaranteed, and the guarantor stands for 4: the loan is 8, and 2 are missing."""
    case = one_unit(
        {"loan": {**BULLET, "guaranteed_share_min": 0.5}},
        revenue_meur=20,
        funding={"guarantees": {"state": {**GUARANTEE, "cap_total": 4}}},
    )
    expect(best(case), unfunded_gap_meur=2, draws_meur={("loan", 2025): 8}, guaranteed_meur={("loan", 2025): 4})


def test_two_loans_share_the_cap_of_their_guarantee() -> None:
    """6 at 10 % and 4 at 4 %; 5 of them may be guaranteed at a saving of 3 %, whichever they are: 0.15 a year.

    With a cap for each loan 8 would be guaranteed.
    """
    terms = {"loan": {**BULLET, "cap_total": 6}, "second": {**BULLET, "cap_total": 4, "rate": 0.04}}
    guarantee = {**GUARANTEE, "loans": ["loan", "second"], "cap_total": 5, "fee": 0}
    plan = best(one_unit(terms, revenue_meur=20, funding={"guarantees": {"state": guarantee}}))
    expect(plan, line_interest=2 * (0.6 + 0.16 - 0.15))
    assert plan.decisions.guaranteed_meur.sum() == pytest.approx(5)


def test_the_guarantee_fee_is_debt_service() -> None:
    """A loan for a year at 10 %, all of it guaranteed at 5 %: 1.15 a euro, covered by 1.5 out of sales of 6.

    4 / 1.15 = 3.478; without the fee in the cover the loan would be 4 / 1.1.
    """
    guarantee = {**GUARANTEE, "share_max": 1, "fee": 0.05, "rate_reduction": 0}
    case = one_unit(
        {"loan": {**LOAN, "tenor_years": 1, "dscr_min": 1.5, "guaranteed_share_min": 1, "last_year": 2025}},
        revenue_meur=6,
        funding={"guarantees": {"state": guarantee}},
    )
    expect(best(case), unfunded_gap_meur=10 - 4 / 1.15)
