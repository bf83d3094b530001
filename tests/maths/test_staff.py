"""Teams that grow in steps of load, and the people of the core models."""

from __future__ import annotations

import pytest

from tests.maths.helpers import bare_case, best, expect


@pytest.mark.parametrize(
    ("large_team", "deficit_meur", "sold_mgpuh"),
    [(5, -39.0, 1.5), (60, -29.6, 1.0)],
)
def test_a_team_carries_its_load(large_team: int, deficit_meur: float, sold_mgpuh: float) -> None:
    """Two people (0.2 a year) carry tuning up to 1.0; customers want 1.5 at 20 EUR.

    With a team of 5 the second unit pays: 20 + 2 x 0.5 - 2 x 30 = -39. With a team of 60 (6.0 a year) it does not:
    10 + 2 x 0.2 - 2 x 20 = -29.6. A team that grew in proportion to the load would sell 1.5 both times.
    """
    tuning = {"staff_steps": [{"people": 2, "up_to": 1}, {"people": large_team}]}
    case = bare_case(pools={"tuning": tuning}, adoption={"low": {"tuning": 1.5}}, prices={"cluster_hour": 20000})
    plan = best(case)
    expect(plan, deficit_meur=deficit_meur)
    assert plan.decisions.compute_mgpuh[1, 1] == pytest.approx([sold_mgpuh, sold_mgpuh])


def test_a_pool_without_load_keeps_its_smallest_team() -> None:
    """Two people a year at 0.1 each, nothing bought: 0.4. A pool without steps has no team."""
    tuning = {"staff_steps": [{"people": 2, "up_to": 1}, {"people": 5}]}
    plan = best(bare_case(pools={"tuning": tuning}))
    expect(plan, deficit_meur=0.4, staff_step={("tuning", 0, 2025): 1, ("tuning", 0, 2026): 1})


def test_the_team_grows_in_the_year_of_the_load() -> None:
    """Public load of 1.0 and then 2.0 on tuning only: the team of 2 in 2025, of 5 in 2026: 20 + 0.2 + 0.5."""
    case = bare_case(
        mission={"public_compute_min": {2025: 1, 2026: 2}},
        pools={
            "core": {"share_max": 0},
            "inference": {"share_max": 0},
            "tuning": {"staff_steps": [{"people": 2, "up_to": 1}, {"people": 5}]},
        },
    )
    plan = best(case)
    expect(plan, deficit_meur=20.7, staff_step={("tuning", 0, 2025): 1, ("tuning", 1, 2026): 1})


def test_each_core_model_has_its_people() -> None:
    """Three models a year with 5 people at 0.1 each: 30 + 2 x 1.5."""
    case = bare_case(
        mission={"models_per_year_min": 3, "models_per_year_max": 3},
        staff={"per_core_model": 5},
    )
    expect(best(case), deficit_meur=33, line_core_staff=3)


def test_operations_are_paid_every_year() -> None:
    """Ten people at 0.1, internet 0.2 and licences 0.3, in both years: 2 x 1.5."""
    case = bare_case(staff={"operations": 10}, operations={"internet": 0.2, "licences": 0.3})
    expect(best(case), deficit_meur=3, line_operations_staff=2, line_internet=0.4, line_licences=0.6)
