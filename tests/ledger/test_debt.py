"""Loans by band, interest during construction, guarantees, cover, lock-up, reserve account and gearing, by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from leam_opt.case.schema import Case
from leam_opt.ledger.accounts import evaluate
from leam_opt.ledger.books import Books
from leam_opt.ledger.decisions import Decisions
from leam_opt.ledger.rules_debt import debt_service_reserve
from tests.ledger.funded import bare_case, bare_plan, broken, loan

SERVICE = 1
BANDS = [{"up_to": 40, "rate": 0.05}, {"rate": 0.1}]


def covered_case(**terms: Any) -> Case:
    """A loan of 60 in two bands, half of it guaranteed."""
    guarantee = {"title": "State", "loans": ["bank"], "share_max": 0.5, "cap_total": 30, "fee": 0.01}
    guarantees = {"state": {**guarantee, "rate_reduction": 0.02, **terms}}
    bank = loan(rate=0.05, rate_bands=BANDS, construction_years=0.5, guaranteed_share_min=0.4, cap_total=60)
    return bare_case({"bank": bank}, ["state"], funding={"guarantees": guarantees})


def covered_plan(case: Case) -> Decisions:
    plan = bare_plan(case, bank=[60, 0, 0])
    plan.band_draws_meur[0, :, 0] = [40, 20]
    plan.guaranteed_meur[0, 0] = 30
    return plan


def test_each_band_bears_its_own_interest() -> None:
    """40 at 5 % and 20 at 10 %, repaid in two equal parts: 4 and 2 of interest, 30 of principal a year.

    Of 30 guaranteed, 30 are open in the first year and 15 in the second: 2 % are saved on them and 1 % is paid as fee.
    Half a year of construction costs half of the first year's interest before any saving, with the draw.
    """
    case = covered_case()
    money = Books.of(case, covered_plan(case)).money
    assert money.interest[0] == pytest.approx([4 - 0.6, 2 - 0.3, 0])
    assert money.repayment[0] == pytest.approx([30, 30, 0])
    assert money.balance[0] == pytest.approx([30, 0, 0])
    assert money.guarantee_fees[0] == pytest.approx([0.3, 0.15, 0])
    assert money.guaranteed_opening[0] == pytest.approx([30, 15, 0])
    assert money.guaranteed_balance[0] == pytest.approx([15, 0, 0])
    assert money.debt_service[0] == pytest.approx([33.7, 31.85, 0])
    assert money.construction_interest[0] == pytest.approx([2, 0, 0])


def test_financing_cost_and_cash_of_a_loan() -> None:
    case = covered_case()
    accounts = evaluate(case, covered_plan(case))
    lines = accounts.by_line["meur"]
    assert lines["interest"] == pytest.approx(5.1)
    assert lines["construction_interest"] == pytest.approx(2)
    assert lines["guarantee_fees"] == pytest.approx(0.45)
    assert accounts.totals["deficit_meur"] == pytest.approx(7.55)
    assert accounts.totals["financing_meur"] == pytest.approx(7.55)
    assert accounts.books.money.profit == pytest.approx([-3.4 - 0.3 - 2, -1.7 - 0.15, 0])
    cash = accounts.cash.set_index(["company", "year"]).loc["service"]
    # 60 drawn less 2 during construction; then 33.7 and 31.85 of debt service.
    assert list(cash["closing_meur"]) == pytest.approx([24.3, -7.55, -7.55])
    assert list(cash["debt_service_meur"]) == pytest.approx([-33.7, -31.85, 0])
    table = accounts.funding.set_index(["instrument", "year"])
    assert table.loc[("bank", 2026), "guaranteed_meur"] == pytest.approx(15)
    assert set(accounts.funding["payer"]) == {"lenders"}


def test_a_guaranteed_draw_of_a_later_year_starts_its_own_balance() -> None:
    """Two draws, 10 and 20 guaranteed: 10, then 5 + 20 before and 5, then 10 after the payment."""
    case = covered_case()
    plan = bare_plan(case, bank=[20, 40, 0])
    plan.guaranteed_meur[0] = [10, 20, 0]
    money = Books.of(case, plan).money
    assert money.guaranteed_opening[0] == pytest.approx([10, 25, 10])
    assert money.guaranteed_balance[0] == pytest.approx([5, 10, 0])


def test_a_guarantee_that_is_not_in_use_costs_and_saves_nothing() -> None:
    bank = loan(rate=0.05, rate_bands=BANDS, cap_total=60)
    guarantees = {"state": {"title": "State", "loans": ["bank"], "share_max": 0.5, "cap_total": 30, "fee": 0.01}}
    case = bare_case({"bank": bank}, funding={"guarantees": guarantees})
    money = Books.of(case, covered_plan(case)).money
    assert money.guarantee_fees.sum() == 0
    assert money.guaranteed_opening.sum() == 0
    found = broken(case, covered_plan(case), "bounds")
    assert found == [("only loans that a guarantee covers are guaranteed", "instrument bank, year 2025")]


def test_bands_and_guarantees_with_nothing_to_spare() -> None:
    case = covered_case()
    assert broken(case, covered_plan(case), "loan_bands", "guarantees", "bounds") == []


@pytest.mark.parametrize(
    ("terms", "name", "at", "value", "what", "where"),
    [
        ({}, "band_draws_meur", (0, 0, 0), 40.1, "total draws within the band", "instrument bank, band 1"),
        ({}, "band_draws_meur", (0, 1, 0), 20.1, "total draws within the band", "instrument bank, band 2"),
        ({}, "band_draws_meur", (0, 1, 0), 19.9, "draws by band add up to the loan's", "instrument bank, year 2025"),
        ({}, "draws_meur", (0, 1), 0.1, "draws by band add up to the loan's", "instrument bank, year 2026"),
        ({}, "guaranteed_meur", (0, 0), 30.1, "guaranteed part of a draw within", "instrument bank, year 2025"),
        ({}, "guaranteed_meur", (0, 1), 0.1, "guaranteed part of a draw within", "instrument bank, year 2026"),
        ({}, "guaranteed_meur", (0, 0), 23.9, "the lender's smallest guaranteed share", "instrument bank, year 2025"),
        ({"cap_total": 29.9}, "guaranteed_meur", (0, 0), 30, "within the guarantee's cap", "guarantee state"),
    ],
)
def test_bands_and_guarantees_are_kept(
    terms: dict[str, Any], name: str, at: tuple[int, ...], value: float, what: str, where: str
) -> None:
    case = covered_case(**terms)
    plan = covered_plan(case)
    getattr(plan, name)[at] = value
    found = broken(case, plan, "loan_bands", "guarantees")
    assert [place for text, place in found if what in text] == [where], found


def test_the_last_band_ends_at_the_cap() -> None:
    bank = loan(rate=0.05, rate_bands=BANDS, cap_total={"low": 50, "base": 60, "high": 70})
    case = bare_case({"bank": bank})
    sizes = [Books.of(case, bare_plan(case), end).inputs.money.band_size_meur[0] for end in ("low", "base", "high")]
    assert [list(size) for size in sizes] == [[40, 10], [40, 20], [40, 30]]


# A year's loan of 10 at 10 % is served with 11; a mezzanine one of 5 at 20 % with 6.
SENIOR = loan(tenor_years=1, dscr_min=1.3)
MEZZANINE = loan(tenor_years=1, rate=0.2, seniority="mezzanine", dscr_min=1.1)
BOTH = {"senior": SENIOR, "junior": MEZZANINE}
SENIOR_COVER = "cash flow available for debt service covers what the senior lenders ask"
JUNIOR_COVER = "cash flow available for debt service covers senior service and what the mezzanine lenders ask"


@pytest.mark.parametrize(
    ("revenue", "drawn", "expected"),
    [
        (14.3, 0, []),  # 1.3 x 11
        (14.2, 0, [SENIOR_COVER]),
        (18.7, 5, []),  # 1.1 x 6 + 1.1 x 11
        (18.6, 5, [JUNIOR_COVER]),
        (14.2, 5, [JUNIOR_COVER, SENIOR_COVER]),
    ],
)
def test_cover_by_seniority(revenue: float, drawn: float, expected: list[str]) -> None:
    case = bare_case(BOTH)
    found = broken(case, bare_plan(case, [revenue, 0, 0], senior=[10, 0, 0], junior=[drawn, 0, 0]), "dscr")
    assert sorted(found) == [(what, "company service, year 2025") for what in expected]


def test_mezzanine_debt_alone_is_covered() -> None:
    case = bare_case(BOTH)
    enough, less = (bare_plan(case, [revenue, 0, 0], junior=[5, 0, 0]) for revenue in (6.6, 6.5))
    assert broken(case, enough, "dscr") == []
    assert broken(case, less, "dscr") == [(JUNIOR_COVER, "company service, year 2025")]


def test_cover_counts_guarantee_fees_and_tax() -> None:
    """Debt service of 33.7 (fee and saving counted) asks for 40.44 at 1.2; tax takes 30 % of a profit of 4.36."""
    taxation = {"corporate_tax": 0.3}
    guarantees = {"state": {"title": "State", "loans": ["bank"], "share_max": 0.5, "cap_total": 30, "fee": 0.01}}
    guarantees["state"]["rate_reduction"] = 0.02
    bank = loan(rate=0.05, rate_bands=BANDS, cap_total=60, dscr_min=1.2)
    case = bare_case({"bank": bank}, ["state"], funding={"guarantees": guarantees}, taxation=taxation)
    plan = covered_plan(case)
    for revenue, expected in ((56.2, []), (56.1, [(SENIOR_COVER, "company service, year 2025")])):
        plan.tokens_bn_per_day[1] = [revenue, 60, 0]
        money = Books.of(case, plan).money
        # Revenue less interest of 3.4 and fee of 0.3 is taxed.
        assert money.cfads[SERVICE, 0] == pytest.approx(revenue - 0.3 * (revenue - 3.7))
        assert broken(case, plan, "dscr") == expected


@pytest.mark.parametrize("way", ["dividends_meur", "profit_transfer_meur"])
def test_lock_up_counts_in_years_of_distribution_only(way: str) -> None:
    """Cover of 1.5 x 11 + 1.2 x 6 = 23.7 is asked for in the year of a distribution, and only then."""
    senior, junior = {**SENIOR, "lockup_dscr": 1.5}, {**MEZZANINE, "lockup_dscr": 1.2}
    case = bare_case({"senior": senior, "junior": junior}, ["equity"])
    for revenue, expected in ((23.8, []), (23.6, ["year 2025"])):
        plan = bare_plan(case, [revenue, 0, 0], senior=[10, 0, 0], junior=[5, 0, 0], equity=[3, 0, 0])
        assert broken(case, plan, "lock_up") == []
        at = (2, slice(None)) if way == "dividends_meur" else slice(None)
        getattr(plan, way)[at] = [0.5, 0.5, 0.5]
        assert [where for _, where in broken(case, plan, "lock_up")] == expected


def test_the_reserve_account_holds_months_of_the_next_debt_service() -> None:
    """20 at 10 % in two parts: 12, then 11. Half of the 11 is held at the first year's end, nothing after it.

    Cash at that end is 8 (20 less 12): it holds 5.5 and a reserve of 2.5, and not a reserve of 2.6.
    """
    bank = loan(reserve_months=6)
    for reserve, expected in ((2.5, []), (2.6, ["company service, year 2025"])):
        case = bare_case({"bank": bank}, funding={"cash_reserve_service": reserve})
        plan = bare_plan(case, [0, 11, 0], bank=[20, 0, 0])
        books = Books.of(case, plan)
        assert debt_service_reserve(books) == pytest.approx(np.array([[0, 0, 0], [5.5, 0, 0]]))
        assert [where for _, where in broken(case, plan, "cash")] == expected


def test_gearing_in_every_year_and_without_the_gap() -> None:
    case = bare_case({"bank": loan()}, ["equity"], funding={"gearing_max_service": 0.6})
    assert broken(case, bare_plan(case, bank=[6, 3, 0], equity=[4, 2, 0]), "gearing") == []
    late = bare_plan(case, bank=[6, 0, 0], equity=[3.9, 0.1, 0])
    late.unfunded_gap_meur[SERVICE, 0] = 10
    assert [where for _, where in broken(case, late, "gearing")] == ["company service, year 2025"]
    much = bare_plan(case, bank=[6, 3.1, 0], equity=[4, 2, 0])
    assert [where for _, where in broken(case, much, "gearing")] == [
        "company service, year 2026",
        "company service, year 2027",
    ]
