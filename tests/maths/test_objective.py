"""The lexicographic order, the other objectives, the residual value, and how ties are broken."""

from __future__ import annotations

from typing import Any

import pytest

from tests.maths.helpers import bare_case, best, expect

KIND = {"title": "T", "gpus_per_server": 10, "power": 5, "performance": 1, "on_sale_from": 2020}
SHORT_OR_LONG = {
    "alpha": {"life_years": 1, "unit_price": 10},
    "gamma": {**KIND, "life_years": 2, "unit_price": 14},
}
"""One that is bought every year at 10, and one for two years at 14."""


@pytest.mark.parametrize(
    ("cap_per_year", "gap_meur", "deficit_meur"),
    [(14, 0, 14), (13.9, 0, 20), (9, 2, 20)],
)
def test_the_gap_comes_before_the_deficit(cap_per_year: float, gap_meur: float, deficit_meur: float) -> None:
    """Two years of one unit: 14 at once or 10 twice. The dear way is taken where the cheap one cannot be paid.

    With 9 a year the gap is 2 for the short life and 5 for the long one.
    """
    case = bare_case(
        mission={"public_compute_min": 1},
        server_types=SHORT_OR_LONG,
        funding={"instruments": {"grant": {"cap_per_year": cap_per_year}}},
    )
    expect(best(case), unfunded_gap_meur=gap_meur, deficit_meur=deficit_meur)


def test_public_money_comes_after_the_deficit() -> None:
    """Sponsors and grants cost the same; sponsors give their 4 first, and the public pays 6."""
    sponsor = {"kind": "sponsor", "title": "Sponsors", "cap_total": 4}
    case = bare_case(
        mission={"public_compute_min": 1},
        funding={"use": ["grant", "sponsor"], "instruments": {"sponsor": sponsor}},
    )
    expect(best(case), deficit_meur=10, public_money_meur=6, private_money_meur=4)


def test_a_saved_euro_is_worth_more_than_public_money() -> None:
    """A private loan at 10 % would spare the grant of 10 for the whole horizon, but costs interest: it is not drawn."""
    loan = {"kind": "loan", "provider": "private", "entity": "research", "title": "L", "cap_total": 99, "rate": 0.1}
    case = bare_case(
        mission={"public_compute_min": 0.5},
        adoption={"low": {"core": 0.5}},
        prices={"cluster_hour": 20000},
        funding={"use": ["grant", "loan"], "instruments": {"loan": {**loan, "tenor_years": 2}}},
    )
    expect(best(case), deficit_meur=-10, public_money_meur=10, private_money_meur=0)


@pytest.mark.parametrize(
    ("objective", "deficit_meur", "npv_meur"),
    [
        ({"name": "deficit"}, 19.5, 19.5),
        ({"name": "public_money_npv", "discount_rate": 0}, 19.5, 19.5),
        ({"name": "public_money_npv", "discount_rate": 0.1}, 20, 10 + 10 / 1.1),
    ],
)
def test_public_money_may_be_discounted(objective: dict[str, Any], deficit_meur: float, npv_meur: float) -> None:
    """Two years of one unit: 19.5 at once, or 10 twice, which at 10 % is 19.09 of today's money."""
    types = {**SHORT_OR_LONG, "gamma": {**KIND, "life_years": 2, "unit_price": 19.5}}
    plan = best(bare_case(mission={"public_compute_min": 1}, server_types=types, objective=objective))
    expect(plan, deficit_meur=deficit_meur, public_money_objective_npv_meur=npv_meur)


@pytest.mark.parametrize(("limit_meur", "compute_mgpuh"), [(35, 6), (39.9, 6), (40, 8), (0, 0)])
def test_most_public_compute_within_a_deficit(limit_meur: float, compute_mgpuh: float) -> None:
    """A unit costs 10 and gives 1.0 a year: three units within 35, four within 40."""
    case = bare_case(objective={"name": "public_compute", "deficit_max": limit_meur})
    plan = best(case)
    expect(plan, public_gpu_hours_million=compute_mgpuh, deficit_meur=5 * compute_mgpuh)


@pytest.mark.parametrize(
    ("need", "valued", "deficit_meur"),
    [
        ({2025: 1, 2026: 1}, False, 15),
        ({2025: 1, 2026: 1}, True, 15 - 6 - 4.5),
        ({2025: 0, 2026: 1}, True, 15 - 8 - 4.75),
    ],
)
def test_what_is_left_at_the_horizon_may_be_valued(need: dict[int, float], valued: bool, deficit_meur: float) -> None:
    """A unit of five years at 10 and a module, opening and connection of 20 years, 2 + 2 + 1, straight-line.

    Bought for two years: 10 x 3/5 and 5 x 18/20 are left; for one: 8 and 4.75. By default nothing is valued.
    """
    site = {"module": 0.1, "building_cost": 20000, "opening_cost": 2, "grid_connection_cost": 10}
    case = bare_case(mission={"public_compute_min": need}, sites={"north": site}, objective={"residual_value": valued})
    expect(best(case), deficit_meur=deficit_meur)


def test_spare_capacity_goes_to_public_users() -> None:
    """1.5 take two units; the other 0.5 a year cost nothing and serve the public: 4.0 in two years."""
    expect(best(bare_case(mission={"public_compute_min": 1.5})), public_gpu_hours_million=4)


def test_money_is_spent_and_drawn_no_earlier_than_needed() -> None:
    """The second unit's module and connection wait for 2026, and so does the money for them: 11 and 11."""
    case = bare_case(
        mission={"public_compute_min": {2025: 1, 2026: 2}},
        server_types={"alpha": {"unit_price": {2025: 10, 2026: 9.5}}},
        sites={"north": {"module": 0.1, "building_cost": 10000, "grid_connection_cost": 5}},
    )
    plan = best(case)
    expect(
        plan,
        power_modules_built={("north", 2025): 1, ("north", 2026): 1},
        grid_power_mw={("north", 2025): 0.1, ("north", 2026): 0.2},
        draws_meur={("grant", 2025): 11.5, ("grant", 2026): 11},
    )
