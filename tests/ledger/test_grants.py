"""Eligible cost by basis, access, budget lines, matching, alternatives and timely use: by hand and each one broken."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from leam_opt.case.schema import Case
from leam_opt.ledger.accounts import evaluate
from leam_opt.ledger.books import Books
from leam_opt.ledger.decisions import Decisions
from leam_opt.ledger.rules import legal_rules
from leam_opt.ledger.rules_money import timely_use
from tests.builders import small_case, small_plan
from tests.ledger.funded import bare_case, bare_plan, broken, loan

RESEARCH, SERVICE = 0, 1
UNION = 4  # behind the four instruments of the small case


def with_union(terms: dict[str, Any], **overrides: Any) -> Case:
    """The small case with a further instrument."""
    union = {"kind": "grant", "title": "Union", "cap_total": 300, **terms}
    funding = {"instruments": {"union": union}, "use": ["grant", "sponsor", "loan", "equity", "union"]}
    return small_case(funding={**funding, **overrides.pop("funding", {})}, **overrides)


def drawn(case: Case, *union: float) -> Decisions:
    plan = small_plan(case)
    plan.instrument_used[UNION] = 1
    plan.draws_meur[UNION] = union
    return plan


# Cumulative cost of the small plan: servers and CPU servers 100.1, 116.1, 161.1; with building, opening and connection
# 118.9, 140.45, 185.45; operating cost with core staff 10.16186 in the first year.
@pytest.mark.parametrize(
    ("basis", "first_year"),
    [("all", 129.06186), ("capex", 118.9), ("computing_capex", 100.1), ("opex", 10.16186)],
)
def test_a_grant_is_measured_on_its_basis(basis: str, first_year: float) -> None:
    case = with_union({"intensity": 0.17, "basis": basis})
    costs = Books.of(case, drawn(case, 0, 0, 0)).money.eligible_costs
    assert costs[basis][0] == pytest.approx(first_year)
    for more, expected in ((0, []), (0.001, ["instrument union, year 2025"])):
        plan = drawn(case, 0.17 * first_year + more, 0, 0)
        plan.draws_meur[:2] = 0  # all gifts together have a limit of their own
        assert [where for _, where in broken(case, plan, "grant_intensity")] == expected


def test_expenditure_on_computers_counts_their_irrecoverable_tax() -> None:
    case = with_union(
        {"intensity": 0.17, "basis": "computing_capex"}, taxation={"vat": 0.2, "vat_irrecoverable_research": 0.5}
    )
    costs = Books.of(case, small_plan(case)).money.eligible_costs
    assert costs["computing_capex"] == pytest.approx([110.11, 127.71, 177.21])


def test_where_the_service_company_owns_only_running_cost_is_eligible() -> None:
    """Core staff of 1, 0.5, 0.5 and the fee of 8, 9, 4; the servers are the service company's."""
    case = with_union({"intensity": 0.5, "basis": "opex"}, infrastructure_entity="service")
    costs = Books.of(case, small_plan(case)).money.eligible_costs
    assert costs["opex"] == pytest.approx([9, 18.5, 23])
    assert costs["all"] == pytest.approx(costs["opex"])
    assert costs["capex"] == pytest.approx([0, 0, 0])
    assert costs["computing_capex"] == pytest.approx([0, 0, 0])


ACCESS = {"kind": "access", "entity": "research", "price": 2, "intensity": 0.1, "payer": "union"}


def test_access_becomes_income_evenly_until_the_horizon() -> None:
    """9 of the first year over three years, 4 of the second over two: 3, 3 + 2, 3 + 2."""
    case = with_union(ACCESS)
    plan = drawn(case, 9, 4, 0)
    before, after = Books.of(case, small_plan(case)).money, Books.of(case, plan).money
    assert after.access_income[UNION] == pytest.approx([3, 5, 5])
    assert after.other_income - before.other_income == pytest.approx(np.array([3, 5, 5]))
    assert after.grants_income == pytest.approx(before.grants_income)
    assert after.cfads == pytest.approx(before.cfads)
    assert after.eligible_cost == pytest.approx(before.eligible_cost)
    assert after.cash_end[RESEARCH] - before.cash_end[RESEARCH] == pytest.approx(np.array([9, 13, 13]))
    # The draws are public money, and the deficit does not know them.
    one, other = (evaluate(case, found).totals for found in (small_plan(case), plan))
    assert other["public_money_meur"] - one["public_money_meur"] == pytest.approx(13)
    assert other["deficit_meur"] == one["deficit_meur"]


def test_access_sold_by_the_service_company_is_its_taxable_profit() -> None:
    case = with_union({**ACCESS, "entity": "service"}, infrastructure_entity="service")
    before, after = (Books.of(case, plan).money for plan in (small_plan(case), drawn(case, 9, 4, 0)))
    assert after.profit - before.profit == pytest.approx(np.array([3, 5, 5]))
    assert after.cfads == pytest.approx(before.cfads)


@pytest.mark.parametrize(
    ("draws", "price", "what", "where"),
    [
        ((10.01, 1.6, 0), 2, "", []),  # a tenth of 100.1, and of 116.1
        ((10.02, 0, 0), 2, "share of the expenditure on servers", ["instrument union, year 2025"]),
        ((10.01, 1.61, 0), 2, "share of the expenditure on servers", ["instrument union, year 2026"]),
        # Public compute 7.7, 16.3, 20.15 so far; 3, 6, 9 of income.
        ((9, 0, 0), 9 / 20.15, "", []),
        ((9, 0, 0), 9 / 20.16, "delivered as public compute", ["year 2027"]),
        ((9, 0, 0), 3 / 7.71, "delivered as public compute", ["year 2025", "year 2027"]),
    ],
)
def test_access_is_bought_within_the_cost_of_servers_and_delivered(
    draws: tuple[float, ...], price: float, what: str, where: list[str]
) -> None:
    case = with_union({**ACCESS, "price": price})
    found = broken(case, drawn(case, *draws), "access")
    assert sorted(place for _, place in found) == where
    assert all(what in text for text, _ in found)


def test_budget_lines_matching_and_alternatives_with_nothing_to_spare() -> None:
    case = shared_case()
    assert broken(case, shared_plan(case), "budget_lines", "matching", "alternatives") == []


def shared_case() -> Case:
    instruments = {
        name: {"kind": "sponsor", "title": name.title(), "provider": "public", "cap_total": 100}
        for name in ("union", "state", "land", "other")
    }
    return bare_case(
        instruments,
        funding={
            "budget_lines": {
                "digital": {"title": "Digital", "instruments": ["union", "state"], "cap_per_year": {2025: 30, 2026: 20}}
            },
            "matching": {"states": {"instruments": ["state", "land"], "matched": ["union"], "ratio": 0.5}},
            "alternatives": {"either": ["union", "other"]},
        },
    )


def shared_plan(case: Case) -> Decisions:
    """30 and 20 from the budget; 10 match 20 in the first year, 17.5 match 35 by the second."""
    return bare_plan(case, union=[20, 15, 0], state=[10, 5, 0], land=[0, 2.5, 0])


@pytest.mark.parametrize(
    ("family", "name", "draws", "where"),
    [
        ("budget_lines", "state", [10.1, 5, 0], ["year 2025"]),
        ("budget_lines", "state", [10, 5.1, 0], ["year 2026"]),
        ("budget_lines", "union", [20, 15, 20.1], ["year 2027"]),
        ("budget_lines", "land", [50, 2.5, 0], []),
        ("matching", "state", [9.9, 5.1, 0], ["year 2025"]),
        ("matching", "land", [0, 2.4, 0.1], ["year 2026"]),
        ("matching", "union", [20, 15, 0.1], ["year 2027"]),
        ("alternatives", "other", [1, 0, 0], [""]),
        ("alternatives", "land", [1, 0, 0], []),
    ],
)
def test_budget_lines_matching_and_alternatives_are_kept(
    family: str, name: str, draws: list[float], where: list[str]
) -> None:
    case = shared_case()
    plan = shared_plan(case)
    number = case.funding.use.index(name)
    plan.draws_meur[number] = draws
    plan.instrument_used[number] = 1
    assert [place for _, place in broken(case, plan, family)] == where


def idle_case(years: int, **rule: Any) -> Case:
    """Research gets a sponsor's money and may keep 10 % of it, and 1 as a reserve."""
    sponsor = {"kind": "sponsor", "title": "Sponsor", "cap_total": 100, "arrangement_fee": 0.1}
    return bare_case(
        {"supporter": sponsor},
        rules={"timely_use": {"years": years, "free_reserve_share": 0.1, **rule}},
        funding={"cash_reserve_research": 1},
    )


@pytest.mark.parametrize(
    ("years", "allowed"),
    [
        # 9 net of the fee in the first year, 18 in the second: 27 of means, 2.7 of free reserve, 1 of reserve.
        (0, [0.9 + 1, 2.7 + 1, 2.7 + 1]),
        (1, [9 + 0.9 + 1, 18 + 2.7 + 1, 0 + 2.7 + 1]),
        (2, [9 + 0.9 + 1, 27 + 2.7 + 1, 18 + 2.7 + 1]),
        (10, [9 + 0.9 + 1, 27 + 2.7 + 1, 27 + 2.7 + 1]),
    ],
)
def test_means_are_used_in_time(years: int, allowed: list[float]) -> None:
    """Nothing is spent: cash is 9, 27, 27. A rule of n years asks from year n + 1 on."""
    case = idle_case(years)
    plan = bare_plan(case, supporter=[10, 20, 0])
    held, may = timely_use(Books.of(case, plan))
    assert held == pytest.approx([9, 27, 27])
    assert may == pytest.approx(allowed)
    late = [f"year {2025 + year}" for year in range(years, 3) if held[year] > allowed[year]]
    assert sorted(where for _, where in broken(case, plan, "timely_use")) == late


def test_money_that_is_used_or_put_into_a_replacement_reserve_is_in_time() -> None:
    """A unit for 10 leaves 17 of 27; 5 a year are written off for its replacement."""
    case = idle_case(0)
    plan = bare_plan(case, supporter=[10, 20, 0])
    plan.units_bought[0, 0, 0] = 1
    held, may = timely_use(Books.of(case, plan))
    assert held == pytest.approx([-1, 17, 17])
    assert may == pytest.approx([5 + 1.9, 10 + 3.7, 10 + 3.7])
    without = idle_case(0, replacement_reserve=False)
    assert timely_use(Books.of(without, plan))[1] == pytest.approx([1.9, 3.7, 3.7])
    off = idle_case(0, enabled=False)
    assert not broken(off, plan, "timely_use")
    assert not [rule for rule in legal_rules(Books.of(off, plan)) if rule.rule == "timely_use"]


def test_means_of_the_research_company_by_hand() -> None:
    """Small plan, 2025: 124 drawn, 1.61818 earned, 3 advanced and 1 paid of the fee; the gap of 1 is no means."""
    case = small_case(rules={"timely_use": {"years": 0, "free_reserve_share": 1, "replacement_reserve": False}})
    means = timely_use(Books.of(case, small_plan(case)))[1] - 1  # less the cash reserve
    assert means[0] == pytest.approx(124 + 1.61818 + 3 + 1)
    # 2026: 33 drawn, 1.82038 earned, the fee is settled from advances, 1 of profit comes over.
    assert means[1] - means[0] == pytest.approx(33 + 1.82038 + 0 + 1)


def test_the_debt_service_reserve_of_the_research_company_may_be_held() -> None:
    bank = loan(entity="research", reserve_months=12)
    case = bare_case({"bank": bank}, rules={"timely_use": {"years": 0, "free_reserve_share": 0}})
    held, may = timely_use(Books.of(case, bare_plan(case, bank=[20, 0, 0])))
    assert held == pytest.approx([8, -3, -3])
    assert may == pytest.approx([11, 0, 0])


def test_timely_use_in_its_worst_year() -> None:
    case = idle_case(1)
    plan = bare_plan(case, supporter=[10, 20, 0])
    (rule,) = [rule for rule in legal_rules(Books.of(case, plan)) if rule.rule == "timely_use"]
    assert (rule.year, rule.limit, rule.met, rule.active) == (2027, 1.0, False, True)
    assert rule.worst == pytest.approx(27 / 3.7)
