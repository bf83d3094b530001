"""The price as a decision: the plan picks one point of a demand curve for all years.

10 bn tokens a day take one unit of 10 M EUR; at 0.001 EUR per 1000 they earn 3.65 M EUR a year.
"""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest

from leam_opt.case.schema import Case
from tests.maths.helpers import bare_case, best, expect

CURVE: list[dict[str, float]] = [
    {"price": 0.002, "demand": 1},
    {"price": 0.003, "demand": 0.5},
    {"price": 0.006, "demand": 0.2},
]
ONE_UNIT = {"north": {"module": 0.1, "modules_max": 1}}


def tokens(demand: Any, levels: list[dict[str, float]], price_meur: float = 10, **overrides: Any) -> Case:
    """Customers for `demand` bn tokens a day at a share of 1, and a unit at `price_meur`."""
    return bare_case(
        adoption={"low": {"inference": demand}},
        prices={"token_levels": levels},
        server_types={"alpha": {"unit_price": price_meur}},
        **overrides,
    )


@pytest.mark.parametrize(
    ("demand", "price_meur", "sites", "level", "sold", "earned_meur"),
    [
        (20, 10, {}, 1, 10, 2 * 10.95 - 10),
        (20, 5, {}, 0, 20, 2 * 14.6 - 10),
        (20, 5, ONE_UNIT, 1, 10, 2 * 10.95 - 5),
        (60, 10, ONE_UNIT, 2, 10, 2 * 21.9 - 10),
    ],
)
def test_the_price_that_earns_most_is_chosen(
    demand: float, price_meur: float, sites: dict[str, Any], level: int, sold: float, earned_meur: float
) -> None:
    """20 bn at 0.002 earn 14.6 a year on two units, 10 bn at 0.003 10.95 on one, 4 bn at 0.006 8.76 on one.

    In two years 29.2 - 20, 21.9 - 10 or 17.52 - 10: the middle one. With units at 5 the first one, unless there is
    room for one unit only (14.6 - 5). Of 60 bn a unit can serve 10 at any price, and the highest one is best.
    """
    plan = best(tokens(demand, CURVE, price_meur, sites=sites))
    expect(plan, deficit_meur=-earned_meur, token_price_level={level: 1})
    assert plan.decisions.tokens_bn_per_day[1] == pytest.approx([sold, sold])


def test_one_price_holds_in_all_years() -> None:
    """One unit; 10 bn are wanted in 2025 and 20 bn in 2026: 0.002 would be best first (7.3), then 0.003 (10.95).

    For both years 0.003 earns 5.475 + 10.95, and 0.002 earns 14.6.
    """
    expect(best(tokens({2025: 10, 2026: 20}, CURVE[:2], sites=ONE_UNIT)), deficit_meur=10 - 16.425)


def test_a_price_at_which_hardly_anybody_buys() -> None:
    """A point with next to no demand is not chosen; where serving customers does not pay, nothing is sold."""
    nobody = {"price": 0.006, "demand": 0.001}
    expect(best(tokens(20, [*CURVE[:2], nobody])), deficit_meur=-11.9)
    expect(best(tokens(20, [CURVE[0], nobody], 30)), deficit_meur=0)


def test_core_and_tuning_have_one_price() -> None:
    """Core customers want 1.0, tuning customers 0.5: at 20 EUR on two units, at 40 EUR 60 % of both on one.

    2 x 30 - 20 = 40 or 2 x 36 - 10 = 62.
    """
    levels = [{"price": 20000, "demand": 1}, {"price": 40000, "demand": 0.6}]
    plan = best(bare_case(adoption={"low": {"core": 1, "tuning": 0.5}}, prices={"cluster_hour_levels": levels}))
    expect(plan, deficit_meur=-62, cluster_price_level={1: 1}, line_core_revenue=-48, line_tuning_revenue=-24)


def test_the_fixed_price_does_not_count_where_there_is_a_curve() -> None:
    """The prices beside the curves are ten times as high, and nobody pays them."""
    case = tokens(20, CURVE).override({"prices.tokens": 0.06, "prices.cluster_hour": 1e6})
    expect(best(case), deficit_meur=-11.9)


CLUSTER_CURVE: list[dict[str, float]] = [
    {"price": 9000, "demand": 1},
    {"price": 16000, "demand": 0.55},
    {"price": 30000, "demand": 0.3},
]


def _market(prices: dict[str, Any], compute_share: float = 1, token_share: float = 1) -> Case:
    """Customers of all pools, with more demand where industry pays a fifth, on at most three units."""

    def customers(core: float, tuning: list[float], inference: float) -> dict[str, Any]:
        by_year = {2025 + i: amount * compute_share for i, amount in enumerate(tuning)}
        return {"core": core * compute_share, "tuning": by_year, "inference": inference * token_share}

    return bare_case(
        sites={"north": {"module": 0.1, "modules_max": 3}},
        mission={"public_compute_min": 0.3},
        adoption={
            "low": customers(0.4, [0.6, 0.9], 8),
            "high": {"title": "High", "private_share_min": 0.2, **customers(1.5, [1, 1], 15)},
        },
        prices=prices,
        funding={
            "use": ["grant", "sponsor"],
            "instruments": {
                "grant": {"cap_per_year": 20},
                "sponsor": {"kind": "sponsor", "title": "Sponsors", "cap_total": 5},
            },
        },
    )


def test_the_choice_is_the_best_of_all_fixed_prices() -> None:
    """Two curves at once: of the plans for each pair of fixed prices, with demand to match, the best is the choice.

    Sales at a price that was not chosen, or more customers than it has, would be better than all of them.
    """
    tried = {}
    for (i, hour), (j, token) in product(enumerate(CLUSTER_CURVE), enumerate(CURVE)):
        prices = {"cluster_hour": hour["price"], "tokens": token["price"]}
        plan = best(_market(prices, hour["demand"], token["demand"]))
        tried[i, j] = (round(plan.unfunded_gap_meur, 5), plan.deficit_meur)
    plan = best(_market({"cluster_hour_levels": CLUSTER_CURVE, "token_levels": CURVE}))
    chosen = int(plan.decisions.cluster_price_level.argmax()), int(plan.decisions.token_price_level.argmax())
    assert min(tried, key=lambda pair: tried[pair]) == chosen
    expect(plan, unfunded_gap_meur=tried[chosen][0], deficit_meur=tried[chosen][1])
    # No tie: the choice is that of one pair.
    assert len({round(deficit, 3) for _, deficit in tried.values()}) == len(tried)
