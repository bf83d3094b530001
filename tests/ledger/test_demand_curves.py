"""Prices chosen on a demand curve: revenue and demand of the chosen point, one point each."""

from __future__ import annotations

import numpy as np
import pytest

from leam_opt.case.schema import Case
from leam_opt.ledger.books import Books
from leam_opt.ledger.decisions import Decisions
from tests.builders import small_case, small_plan
from tests.ledger.funded import broken

TOKENS = [{"price": 0.001, "demand": 1}, {"price": 0.002, "demand": 0.45}]
CLUSTER = [{"price": 2000, "demand": 1}, {"price": 3000, "demand": 0.6}]
LOW, HIGH = range(2)


def priced_case(**overrides: object) -> Case:
    return small_case(prices={"token_levels": TOKENS, "cluster_hour_levels": CLUSTER, **overrides})


def priced_plan(case: Case, token: int, cluster: int) -> Decisions:
    plan = small_plan(case)
    plan.token_price_level[token] = 1
    plan.cluster_price_level[cluster] = 1
    return plan


def test_revenue_at_the_chosen_point() -> None:
    """9, 9, 4.5 bn tokens a day earn 3.285, 3.285, 1.6425 at the lower price; a GPU-hour costs 2 or 3 EUR."""
    case = priced_case()
    high, low = (Books.of(case, priced_plan(case, level, level)).business.revenue for level in (HIGH, LOW))
    assert low["inference_revenue"].sum(axis=0) == pytest.approx([3.285, 3.285, 1.6425])
    assert high["inference_revenue"] == pytest.approx(2 * low["inference_revenue"])
    assert low["core_revenue"].sum(axis=0) == pytest.approx([1.6, 1.8, 0.8])
    for name in ("core_revenue", "tuning_revenue"):
        assert high[name] == pytest.approx(1.5 * low[name])
    assert high["heat_revenue"] == pytest.approx(low["heat_revenue"])


def test_demand_at_the_chosen_point() -> None:
    """The level of adoption buys 20 bn tokens a day, 9 of them at the higher price, and 0.6 of 1 million GPU-hours."""
    case = priced_case()
    assert broken(case, priced_plan(case, HIGH, HIGH), "demand", "demand_curve") == []
    more = priced_plan(case, HIGH, HIGH)
    more.tokens_bn_per_day[1, 0] = 9.1
    more.compute_mgpuh[1, 1, 1] = 0.61
    assert sorted(broken(case, more, "demand")) == [
        ("commercial use of inference finds customers", "year 2025"),
        ("commercial use of tuning finds customers", "year 2026"),
    ]
    assert broken(case, priced_plan(case, LOW, LOW), "demand") == []


@pytest.mark.parametrize(
    ("name", "chosen", "what"),
    [
        ("token_price_level", [0, 0], "one point of the demand curve for tokens"),
        ("token_price_level", [1, 1], "one point of the demand curve for tokens"),
        ("cluster_price_level", [0, 0], "one point of the demand curve for compute"),
        ("cluster_price_level", [1, 1], "one point of the demand curve for compute"),
        ("token_price_level", [0.5, 0.5], "token_price_level is whole"),
        ("cluster_price_level", [0.5, 0.5], "cluster_price_level is whole"),
        ("token_price_level", [2, -1], "token_price_level is a switch"),
    ],
)
def test_exactly_one_point_is_chosen(name: str, chosen: list[float], what: str) -> None:
    case = priced_case()
    plan = priced_plan(case, HIGH, HIGH)
    getattr(plan, name)[:] = chosen
    assert what in [text for text, _ in broken(case, plan, "demand_curve", "integrality", "bounds")]


def test_without_a_curve_the_fixed_price_holds() -> None:
    """A point of one curve says nothing about the other price."""
    case = small_case(prices={"token_levels": TOKENS})
    plan = small_plan(case)
    plan.token_price_level[HIGH] = 1
    revenue = Books.of(case, plan).business.revenue
    assert revenue["core_revenue"].sum(axis=0) == pytest.approx(np.array([1.6, 1.8, 0.8]))
    assert not broken(case, plan, "demand_curve")
