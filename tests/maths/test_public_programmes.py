"""Programmes of public money: grant bases, budget lines, matching, alternatives, access time, gearing of the mix.

The unit of 10 M EUR is bought at the start of 2025; the research company owns it where grants pay.
"""

from __future__ import annotations

from typing import Any

import pytest

from leam_opt.case.schema import Case
from tests.maths.financing import LOAN, SUPPORT, one_unit
from tests.maths.helpers import bare_case, best, expect

GRANT = {"kind": "grant", "title": "Grant", "cap_total": 1000, "intensity": 1}
ACCESS = {"kind": "access", "entity": "research", "title": "Access", "cap_total": 1000, "price": 4}
EVERY_YEAR: dict[str, Any] = {"server_types": {"alpha": {"life_years": 1}}}
"""A unit of one year's life: 10 at the start of each year."""


@pytest.mark.parametrize(
    ("basis", "intensity", "grant_meur"),
    [
        ("all", 0.5, 8.05),
        ("capex", 0.5, 6.55),
        ("computing_capex", 0.5, 5.05),
        ("computing_capex", 0.17, 1.717),
        ("opex", 0.5, 1.5),
    ],
)
def test_a_grant_pays_for_its_basis(basis: str, intensity: float, grant_meur: float) -> None:
    """Servers 10 and CPU servers 0.1 are the computers; module 1 and opening 2 the rest; 1.5 a year are operation.

    17 % of the computers and nothing of the operation are 1.717; of everything it would be 2.737.
    """
    case = one_unit(
        {"grant": {"intensity": intensity, "basis": basis}},
        entity="research",
        sites={"north": {"module": 0.12, "building_cost": 1000 / 0.12, "opening_cost": 2}},
        cpu={"cores": 500, "rent": 1e6},
        operations={"internet": 1.5},
    )
    plan = best(case)
    expect(plan, public_money_meur=grant_meur, unfunded_gap_meur=16.1 - grant_meur, deficit_meur=16.1)


def test_fees_for_compute_are_operating_cost_of_the_research_company() -> None:
    """The service company owns the unit; of a fee of 1.5 a year a grant for operation pays 80 %.

    A grant for computers pays nothing to a company that owns none. (A unit of two years' life loses 5 a year, so that
    there is no profit that could come back.)
    """

    def gap_meur(basis: str) -> float:
        case = bare_case(
            infrastructure_entity="service",
            mission={"public_compute_min": 0.5},
            prices={"infrastructure_fee": 3000},
            server_types={"alpha": {"life_years": 2}},
            funding={
                "use": ["grant", "support"],
                "instruments": {"grant": {"intensity": 0.8, "basis": basis}, "support": SUPPORT},
            },
        )
        return best(case).unfunded_gap_meur

    assert gap_meur("opex") == pytest.approx(2 * 0.3)
    assert gap_meur("computing_capex") == pytest.approx(2 * 1.5)


@pytest.mark.parametrize(("state_cap_meur", "gap_meur", "public_meur"), [(1000, 0, 12), (4, 4, 8)])
def test_an_ai_factory_is_paid_half_and_half(state_cap_meur: float, gap_meur: float, public_meur: float) -> None:
    """Union and state pay half of 10 + 2 x 1 each; where the state has 4, the Union matches 4 and 4 are missing.

    Without the rule the Union would pay its 6.
    """
    case = one_unit(
        {"union": {**GRANT, "intensity": 0.5}, "state": {**GRANT, "intensity": 0.5, "cap_total": state_cap_meur}},
        entity="research",
        operations={"internet": 1},
        funding={"matching": {"half": {"instruments": ["state"], "matched": ["union"]}}},
    )
    plan = best(case)
    expect(plan, unfunded_gap_meur=gap_meur, public_money_meur=public_meur)
    union, state = plan.decisions.draws_meur.cumsum(axis=1)
    assert (union <= state + 1e-6).all()


@pytest.mark.parametrize(("ratio", "gap_meur"), [(1, 4), (0.5, 1), (0.3, 0)])
def test_matching_asks_for_its_ratio(ratio: float, gap_meur: float) -> None:
    """The state has 3: the Union adds 3, 6 or (of 10) the remaining 7. Read the other way round, 0.5 would add 1.5."""
    case = one_unit(
        {"union": GRANT, "state": {**GRANT, "cap_total": 3}},
        entity="research",
        funding={"matching": {"rule": {"instruments": ["state"], "matched": ["union"], "ratio": ratio}}},
    )
    expect(best(case), unfunded_gap_meur=gap_meur, public_money_meur=10 - gap_meur)


def test_matching_holds_in_every_year() -> None:
    """Units of one year's life in 2025 and 2026; the states' money comes in 2026 only, and the Union does not go ahead.

    10 are missing in 2025. At the end of 2026 the sums would match: 10 and 10.
    """
    case = one_unit(
        {"union": {**GRANT, "last_year": 2025}, "states": {**GRANT, "first_year": 2026}},
        entity="research",
        funding={"matching": {"rule": {"instruments": ["states"], "matched": ["union"]}}},
        **EVERY_YEAR,
    )
    expect(best(case), unfunded_gap_meur=10, draws_meur={("states", 2026): 10})


def test_several_states_match_together() -> None:
    """3 and 2 of two states match 5 of the Union; a rule for each of them would let the Union add 2, or 3."""
    case = one_unit(
        {"union": GRANT, "north": {**GRANT, "cap_total": 3}, "south": {**GRANT, "cap_total": 2}},
        entity="research",
        funding={"matching": {"rule": {"instruments": ["north", "south"], "matched": ["union"]}}},
    )
    expect(best(case), unfunded_gap_meur=0, public_money_meur=10)


def test_money_that_has_nobody_to_match_it_stays_away() -> None:
    """No state is in use, so that the Union cannot be matched; where the Union is not in use, the state pays alone."""
    rule = {"rule": {"instruments": ["state"], "matched": ["union"]}}
    instruments = {"union": GRANT, "state": GRANT}
    case = one_unit(instruments, entity="research", funding={"matching": rule})
    expect(best(case.override({"funding.use": ["union"]})), unfunded_gap_meur=10)
    expect(best(case.override({"funding.use": ["state"]})), unfunded_gap_meur=0)


@pytest.mark.parametrize(
    ("cap", "gap_meur"), [(6, 8), ({2025: 6, 2026: 9}, 5), ({2025: 12, 2026: 0}, 10), ({2025: 0, 2026: 20}, 10)]
)
def test_a_budget_line_is_a_sum_of_its_year(cap: Any, gap_meur: float) -> None:
    """Two programmes of 6 a year each need 10 in 2025 and in 2026, and share one budget: what it lacks is missing.

    A budget of the horizon instead of the year would pay 15 of the 20 in the second case, and 12 in the third.
    """
    case = one_unit(
        {"first": {**GRANT, "cap_per_year": 6}, "second": {**GRANT, "cap_per_year": 6}},
        entity="research",
        funding={"budget_lines": {"digital": {"title": "D", "instruments": ["first", "second"], "cap_per_year": cap}}},
        **EVERY_YEAR,
    )
    expect(best(case), unfunded_gap_meur=gap_meur, public_money_meur=20 - gap_meur)


@pytest.mark.parametrize(("use", "gap_meur"), [(["grant", "access"], 4), (["grant"], 6), (["access"], 4)])
def test_of_alternatives_one_is_used(use: list[str], gap_meur: float) -> None:
    """A grant of 4 or access time for 6: the larger one is taken, and 4 are missing. Both together would pay all.

    An alternative that is not in use is no alternative.
    """
    case = one_unit(
        {"grant": {"cap_total": 4}, "access": {**ACCESS, "cap_total": 6}},
        entity="research",
        funding={"alternatives": {"union": ["grant", "access"]}},
    )
    plan = best(case.override({"funding.use": use}))
    expect(plan, unfunded_gap_meur=gap_meur)
    assert plan.decisions.instrument_used.sum() == 1


def _access(terms: dict[str, Any], entity: str = "research", **overrides: Any) -> Case:
    instruments = {"access": {**ACCESS, "entity": entity, **terms}}
    site = {"module": 0.1, "building_cost": 10000}
    return one_unit(instruments, entity=entity, sites={"north": site}, **overrides)


@pytest.mark.parametrize("entity", ["research", "service"])
@pytest.mark.parametrize(
    ("terms", "gap_meur"),
    [({"price": 5}, 1), ({"price": 5, "intensity": 0.6}, 5), ({"price": 4}, 3), ({"price": 2}, 7)],
)
def test_access_time_pays_for_servers_and_is_delivered(entity: str, terms: dict[str, Any], gap_meur: float) -> None:
    """Servers of 10 (and a module of 1, which access time does not pay) deliver 2.0 in two years.

    At 5 EUR that is worth 10, at 4 EUR 8, at 2 EUR 4. An advance without delivery would be 10 at any price.
    """
    expect(best(_access(terms, entity)), unfunded_gap_meur=gap_meur, public_money_meur=11 - gap_meur)


def test_access_time_is_delivered_in_pace_with_its_income() -> None:
    """Servers that start in mid-2025 deliver 0.5 and 1.0. An advance is due by halves: D / 2 / (8 EUR) <= 0.5.

    D is 8 of the 11; delivered at the end of 2026, 1.5 would be worth 12.
    """
    case = _access({"price": 8}, server_types={"alpha": {"commissioning_delay": 0.5}})
    expect(best(case), unfunded_gap_meur=3, draws_meur={("access", 2025): 8})


def test_a_later_advance_is_released_over_what_is_left_of_the_horizon() -> None:
    """A unit of one year's life each year, access time for those of 2026 and 2027, each 10 at 10 EUR.

    The advance of 2026 is due by halves, 0.5 and 0.5, that of 2027 at once, 1.0: 0.5 and 1.5 in a year of 1.0 each do
    not fit, but what was delivered in advance counts: 2.0 by 2027. Released over three years, 2027 would owe less.
    """
    case = one_unit(
        {"access": {**ACCESS, "price": 10, "first_year": 2026}, "grant": {"last_year": 2025}},
        entity="research",
        horizon_years=3,
        mission={"public_compute_min": {2025: 0.5, 2026: 0.4}},
        **EVERY_YEAR,
    )
    plan = best(case)
    expect(plan, unfunded_gap_meur=0, draws_meur={("grant", 2025): 10, ("access", 2026): 10, ("access", 2027): 10})
    books = plan.accounts.books
    assert books.money.access_income[0].tolist() == pytest.approx([0, 5, 15])


def test_access_time_displaces_sales() -> None:
    """An advance of 10 at 8 EUR is 0.625 a year for public users, so that 0.375 are left to sell at 40 EUR.

    10 - 30, instead of 10 - 40 where a grant pays. The advance itself is no revenue.
    """
    sold: dict[str, Any] = {"revenue_meur": 20, "entity": "research"}
    expect(best(one_unit({"access": {**ACCESS, "price": 8}}, **sold)), deficit_meur=-20, unfunded_gap_meur=0)
    expect(best(one_unit({"grant": {}}, **sold)), deficit_meur=-30, unfunded_gap_meur=0)


@pytest.mark.parametrize(("enabled", "gap_meur"), [(False, 0), (True, 5)])
def test_access_time_is_no_gift_to_the_research_company(enabled: bool, gap_meur: float) -> None:
    """Gifts have to outweigh other income in every year: grants of 2 a year allow an advance of 4, released by halves.

    10 + 1 of 2025 less 4 + 2; the grant of 2026 comes too late. As a gift the advance would be 10, and nothing would be
    missing; as income of the year in which it is paid it could be no more than 2, and 7 would be missing.
    """
    case = one_unit(
        {"access": {**ACCESS, "price": 6}, "grant": {"cap_per_year": 2}},
        entity="research",
        operations={"internet": 1},
        rules={"grant_income": {"enabled": enabled, "share_min": 0.5}},
    )
    expect(best(case), unfunded_gap_meur=gap_meur)


def test_released_advances_are_profit_of_the_service_company() -> None:
    """An advance of 10 is released with 5 a year; wear of the unit takes 2, tax 30 % of the 3 that are left.

    10 + 2 x 0.9, less sales of 2 a year that are taxed too: 10 + 2 x 0.3 x (5 + 2 - 2) - 4.
    """
    case = one_unit(
        {"access": {**ACCESS, "entity": "service", "price": 10}},
        revenue_meur=2,
        taxation={"corporate_tax": 0.3},
    )
    plan = best(case)
    expect(plan, line_corporate_tax=3, deficit_meur=10 + 3 - 4, unfunded_gap_meur=0)


def test_advances_are_no_cash_flow_that_lenders_count() -> None:
    """Sales of 2 a year carry 2 of debt service, 3.47 at 10 %; 5 of income released a year carry nothing."""
    case = one_unit(
        {"access": {**ACCESS, "entity": "service", "price": 10, "cap_total": 5}, "loan": LOAN}, revenue_meur=2
    )
    expect(best(case), unfunded_gap_meur=5 - (2 / 1.1 + 2 / 1.21))


def test_gearing_holds_in_every_year() -> None:
    """At most half of the money may be loans; support that comes in 2026 does not help a loan of 2025."""
    case = one_unit(
        {"loan": LOAN, "support": {**SUPPORT, "first_year": 2026}},
        revenue_meur=20,
        funding={"gearing_max_service": 0.5},
    )
    expect(best(case), unfunded_gap_meur=10)
