"""Lines of the accounts, the fee between the companies and cash, in cases that a person can add up."""

from __future__ import annotations

from typing import Any

import pytest

from tests.maths.helpers import bare_case, best, expect

DEAR = {"cluster_hour": 20000}
NO_MONEY = {"instruments": {"grant": {"cap_total": 0}}}
ONE_UNIT: dict[str, Any] = {"mission": {"public_compute_min": 1}}


def test_every_cost_line_of_one_unit() -> None:
    """Unit 10, module 0.1 MW x 10,000 EUR/kW = 1, opening 2, connection 0.1 MW x 5 = 0.5, all at the start of 2025.

    A year: upkeep 5 % of 10, site 0.3, grid 0.1 MW x 2 = 0.2, electricity 0.5 GWh x 0.2 = 0.1. 13.5 + 2 x 1.1.
    """
    site = {"module": 0.1, "building_cost": 10000, "opening_cost": 2, "fixed_cost": 0.3}
    case = bare_case(
        **ONE_UNIT,
        sites={"north": {**site, "grid_connection_cost": 5, "grid_fee": 2}},
        upkeep={"maintenance": {"basis": "hardware", "share_per_year": 0.05}},
        energy_sources={"green": {"price": 0.2}},
    )
    plan = best(case)
    expect(plan, deficit_meur=15.7, line_servers=10, line_building=1, line_site_opening=2, line_grid_connection=0.5)
    expect(plan, line_maintenance=1, line_site_fixed=0.6, line_grid_fee=0.4, line_electricity=0.2)


@pytest.mark.parametrize(("basis", "upkeep_meur"), [("hardware", 3.0), ("building", 0.3), ("all", 3.3)])
def test_upkeep_is_a_share_of_what_is_in_service(basis: str, upkeep_meur: float) -> None:
    """Units of one year's life, one in 2025 and two in 2026, on one and then two modules at 1: 10 % a year.

    Hardware 1 + 2 (what has left service costs nothing), building 0.1 + 0.2. The opening of the site and its grid
    connection are nothing that is built, and have no upkeep.
    """
    site = {"module": 0.1, "building_cost": 10000, "opening_cost": 2, "grid_connection_cost": 5}
    case = bare_case(
        mission={"public_compute_min": {2025: 1, 2026: 2}},
        server_types={"alpha": {"life_years": 1}},
        sites={"north": site},
        upkeep={"upkeep": {"basis": basis, "share_per_year": 0.1}},
    )
    expect(best(case), line_upkeep=upkeep_meur)


def test_upkeep_can_be_switched_off() -> None:
    """A cost that is not enabled is not counted."""
    case = bare_case(**ONE_UNIT, upkeep={"u": {"basis": "all", "share_per_year": 0.1, "enabled": False}})
    expect(best(case), deficit_meur=10)


def test_purchases_are_paid_at_the_price_of_their_year() -> None:
    """1 in 2025 at 10, another one in 2026 at 12: if 2026 were paid at the price of 2025, 20."""
    case = bare_case(
        mission={"public_compute_min": {2025: 1, 2026: 1}},
        server_types={"alpha": {"life_years": 1, "unit_price": {2025: 10, 2026: 12}}},
    )
    expect(best(case), deficit_meur=22)


def test_revenue_of_each_pool() -> None:
    """A unit each for core, tuning and inference: 20 + 20 M EUR, and 10 bn tokens x 365 x 0.005 EUR/1000 = 18.25.

    30 - 2 x 58.25.
    """
    case = bare_case(adoption={"low": {"core": 1, "tuning": 1, "inference": 10}}, prices={**DEAR, "tokens": 0.005})
    plan = best(case)
    expect(plan, deficit_meur=-86.5, line_core_revenue=-40, line_tuning_revenue=-40, line_inference_revenue=-36.5)


def test_investments_are_paid_at_the_start_and_sales_at_the_end_of_the_year() -> None:
    """A unit that earns 20 at the end of its first year still needs 10 at its start, which nobody provides."""
    case = bare_case(
        mission={"public_compute_min": 0.5}, adoption={"low": {"core": 0.5}}, prices=DEAR, funding=NO_MONEY
    )
    expect(best(case), deficit_meur=-10, unfunded_gap_meur=10)


def test_sales_of_one_year_pay_the_purchases_of_the_next() -> None:
    """A unit (10) earns 6 a year; the second one, in 2026, needs 4 more than what is in the till.

    With a till that forgets, the gap would be 20.
    """
    case = bare_case(
        mission={"public_compute_min": {2025: 0.7, 2026: 1.7}},
        adoption={"low": {"core": 0.3}},
        prices=DEAR,
        server_types={"alpha": {"unit_price": {2025: 10, 2026: 10}}},
        funding=NO_MONEY,
    )
    expect(best(case), deficit_meur=8, unfunded_gap_meur=14)


def test_cash_keeps_the_reserve() -> None:
    """A reserve of 1 at every year's end is 1 more to find, once; the grant covers cost only. The deficit is 10."""
    expect(best(bare_case(**ONE_UNIT, funding={"cash_reserve_research": 1})), deficit_meur=10, unfunded_gap_meur=1)


def test_arrangement_fees_are_paid_out_of_the_draw() -> None:
    """Cost of 10 + 2 x 1; a grant up to the cost arrives with 98 %: 12 - 11.76 are missing, and 0.24 more are spent."""
    case = bare_case(
        **ONE_UNIT,
        staff={"operations": 10},
        funding={"instruments": {"grant": {"arrangement_fee": 0.02}}},
    )
    expect(best(case), deficit_meur=12.24, unfunded_gap_meur=0.24, line_arrangement_fees=0.24)


def test_the_fee_between_the_companies_is_no_cost() -> None:
    """The unit sells 1.0 for the service company; a fee of 3 EUR changes hands and not the deficit: 10 - 40."""
    case = bare_case(
        pools={"tuning": {"entity": "service"}},
        adoption={"low": {"tuning": 1}},
        prices={**DEAR, "infrastructure_fee": 3000},
    )
    plan = best(case)
    expect(plan, deficit_meur=-30, unfunded_gap_meur=0)
    assert plan.accounts.books.yearly["infrastructure_fee_meur"] == pytest.approx([3, 3])


@pytest.mark.parametrize(("fee_eur", "gap_meur"), [(0, 10), (4000, 2), (5000, 0)])
def test_a_fee_paid_in_advance_finances_the_owner(fee_eur: float, gap_meur: float) -> None:
    """Shareholders of the service company give 10, which reaches the owner only as a prepaid fee of 2 years.

    At 4 EUR per GPU-hour that is 8, so that 2 are missing for the unit; at 5 EUR nothing is missing.
    """
    equity = {"kind": "equity", "title": "Equity", "cap_total": 10, "hurdle_rate": 0}
    case = bare_case(
        mission={"public_compute_min": 0.5},
        pools={"tuning": {"entity": "service", "share_min": 1}},
        adoption={"low": {"tuning": 0.5}},
        prices={**DEAR, "infrastructure_fee": fee_eur},
        funding={"use": ["equity"], "instruments": {"equity": equity}},
    )
    plan = best(case)
    expect(plan, deficit_meur=-10, unfunded_gap_meur=gap_meur)
    assert plan.decisions.fee_prepaid_meur.sum() == pytest.approx(plan.decisions.fee_credited_meur.sum(), abs=1e-6)
