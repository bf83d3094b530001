"""The three compliance rules with their scopes, each with the price that it has in a small case."""

from __future__ import annotations

import pytest

from leam_opt.case.schema import Case
from tests.maths.helpers import bare_case, best, expect

DEAR = {"cluster_hour": 20000}


def public_use(scope: str, *, enabled: bool = True) -> Case:
    """Mission of 3.0, tuning customers for 2.0 at 20 EUR."""
    return bare_case(
        mission={"public_compute_min": 3},
        pools={"inference": {"share_max": 0}},
        adoption={"low": {"tuning": 2}},
        prices=DEAR,
        rules={"public_use": {"enabled": enabled, "scope": scope, "share_min": 0.9}},
    )


@pytest.mark.parametrize(("scope", "deficit_meur"), [("core", -30), ("all", 24)])
def test_public_use_binds_the_pools_in_its_scope(scope: str, deficit_meur: float) -> None:
    """Scope core does not see tuning: five units sell 2.0 a year, 50 - 80. Scope all: at most 10 % of all is private.

    Then n units sell 0.1 n if 0.9 n >= 3: four units 40 - 16 = 24, five 50 - 20 = 30. The strict reading costs 54.
    """
    expect(best(public_use(scope)), deficit_meur=deficit_meur)


def test_public_use_can_be_switched_off() -> None:
    """Without the rule the strict scope is no bound: -30 as in scope core."""
    expect(best(public_use("all", enabled=False)), deficit_meur=-30)


def test_public_use_of_the_core_pool() -> None:
    """Mission of 4.5 on five units: 0.5 = 10 % of the core pool are sold: 50 - 2 x 0.5 x 20 = 30.

    A sixth unit would sell 0.1 more for 4 < 10.
    """
    case = bare_case(
        mission={"public_compute_min": 4.5},
        pools={"tuning": {"share_max": 0}, "inference": {"share_max": 0}},
        adoption={"low": {"core": 5}},
        prices=DEAR,
        rules={"public_use": {"enabled": True, "scope": "core", "share_min": 0.9}},
    )
    expect(best(case), deficit_meur=30)


@pytest.mark.parametrize(("scope", "deficit_meur"), [("core", -30), ("all", 8)])
def test_ancillary_use_is_a_share_of_the_capacity_in_scope(scope: str, deficit_meur: float) -> None:
    """Scope all: private use up to 20 % of all capacity, four units sell 0.8 a year: 40 - 32 = 8 (five: 50 - 40 = 10).

    Scope core does not count tuning: -30.
    """
    case = bare_case(
        mission={"public_compute_min": 3},
        pools={"inference": {"share_max": 0}},
        adoption={"low": {"tuning": 2}},
        prices=DEAR,
        rules={"ancillary_use": {"enabled": True, "scope": scope, "share_max": 0.2}},
    )
    expect(best(case), deficit_meur=deficit_meur)


def test_ancillary_use_of_the_core_pool() -> None:
    """Core customers in scope core: 20 % of the core pool's capacity, which may be the whole centre: 8 again."""
    case = bare_case(
        mission={"public_compute_min": 3},
        pools={"inference": {"share_max": 0}},
        adoption={"low": {"core": 2}},
        prices=DEAR,
        rules={"ancillary_use": {"enabled": True, "scope": "core", "share_max": 0.2}},
    )
    expect(best(case), deficit_meur=8)


def test_ancillary_use_counts_the_capacity_of_the_servers_that_run() -> None:
    """With half of the purchase year lost, eight units have the capacity of four in 2025: 0.8 private, 1.6 in 2026.

    Six units cover the mission of 3.0 but sell nothing in 2025 and 1.2 in 2026 (24): 60 - 24 = 36. A seventh: 3.5
    in 2025 allow 0.5 (10), 2026 allows 1.4 (28): 70 - 38 = 32. An eighth: 0.8 (16) and 1.6 (32): 80 - 48 = 32.
    A ninth: 0.9 (18) and 1.8 (36): 90 - 54 = 36.
    """
    case = bare_case(
        mission={"public_compute_min": 3},
        server_types={"alpha": {"commissioning_delay": 0.5, "on_sale_until": 2025}},
        pools={"inference": {"share_max": 0}},
        adoption={"low": {"tuning": 2}},
        prices=DEAR,
        rules={"ancillary_use": {"enabled": True, "scope": "all", "share_max": 0.2}},
    )
    expect(best(case), deficit_meur=32)


@pytest.mark.parametrize(("enabled", "deficit_meur"), [(True, 6), (False, 2)])
def test_grants_are_the_main_income_of_the_research_company(enabled: bool, deficit_meur: float) -> None:
    """One unit (10) sells 0.8 at 5 EUR a year; the grant may cover 10 in all, and all of it is needed in 2025.

    In 2026 there is no grant left, so that nothing may be sold: 10 - 4. Without the rule both years sell: 10 - 8.
    Measured over the horizon instead of by year, 10 of grants would cover 8 of income.
    """
    case = bare_case(
        mission={"public_compute_min": 0.2},
        adoption={"low": {"core": 0.8}},
        prices={"cluster_hour": 5000},
        rules={"grant_income": {"enabled": enabled, "share_min": 0.5}},
    )
    expect(best(case), deficit_meur=deficit_meur, unfunded_gap_meur=0)


def test_profit_transfers_count_as_gifts_and_the_fee_as_income() -> None:
    """Tuning sells 0.8 at 5 EUR for the service company, which pays a fee of 1 EUR per GPU-hour: income of 0.8.

    In 2026 no grant is left (10 are drawn for the unit), but a profit transfer of 0.8 is a gift that outweighs the fee,
    so that both years sell: 10 - 8. Without transfers, or with the fee left out, one of the two figures would differ.
    """
    case = bare_case(
        mission={"public_compute_min": 0.2},
        pools={"tuning": {"entity": "service"}},
        adoption={"low": {"tuning": 0.8}},
        prices={"cluster_hour": 5000, "infrastructure_fee": 1000},
        rules={"grant_income": {"enabled": True, "share_min": 0.5}},
    )
    plan = best(case)
    expect(plan, deficit_meur=2, unfunded_gap_meur=0)
    assert plan.decisions.profit_transfer_meur[1] >= 0.8 - 1e-6
