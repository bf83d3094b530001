"""The reference plan as decisions: what it buys and sells, and the gap that closes its cash."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from leam_opt.case.quantity import End
from leam_opt.case.schema import Case
from leam_opt.errors import CaseError
from leam_opt.ledger.accounts import evaluate
from leam_opt.ledger.reference import Reading, reference_decisions
from tests.builders import small_case


def case_with_plan(plan: dict[str, Any] | None = None, **overrides: Any) -> Case:
    reference = {
        "site": "north",
        "server_type": "alpha",
        "units": 10,
        "modules": 3,
        "energy_source": "green",
        "core_share": 0.8,
        "tuning_share": 0.1,
        "inference_share": 0.1,
        "core_private_share": 0.1,
        "tuning_private_share": 0.6,
        "inference_private_share": 0.9,
        "billed_utilisation": 1,
        "core_models_per_year": {"low": 1, "base": 2, "high": 3},
        "tuning_staff": {"low": 5, "base": 5, "high": 10},
        "inference_staff": 8,
        "tokens_constant": {"low": 3, "base": 4, "high": 6},
        "token_growth": 6,
        **(plan or {}),
    }
    return small_case(**{"reference_plan": reference, "server_types": {"alpha": {"life_years": 3}}, **overrides})


def test_it_sells_its_hours_by_hand() -> None:
    """10 units of 200 GPUs over 8,760 h, of which core rents out 8 % and tuning 6 %."""
    plan = reference_decisions(case_with_plan())
    hours = 10 * 200 * 8760 / 1e6
    assert plan.compute_mgpuh[0, 1] == pytest.approx(np.full(3, 0.08 * hours))
    assert plan.compute_mgpuh[1, 1] == pytest.approx(np.full(3, 0.06 * hours))
    assert plan.compute_mgpuh.sum(axis=(0, 1)) == pytest.approx(np.full(3, hours))
    assert plan.energy_gwh[0, 0] == pytest.approx(np.full(3, 1.0 * 5 * 1.2))


def test_billed_hours_can_be_replaced() -> None:
    full, half = (reference_decisions(case_with_plan(), Reading(billed_share=share)) for share in (1.0, 0.5))
    assert half.compute_mgpuh == pytest.approx(full.compute_mgpuh / 2)


def test_tokens_are_constant_or_grow_from_zero() -> None:
    case = case_with_plan()
    assert list(reference_decisions(case).tokens_bn_per_day[1]) == [4, 4, 4]
    assert list(reference_decisions(case, Reading("high")).tokens_bn_per_day[1]) == [6, 6, 6]
    assert list(reference_decisions(case, Reading(tokens="growth")).tokens_bn_per_day[1]) == [3, 9, 15]
    slow = Reading(tokens="growth", growth_bn_per_day=0.006)
    assert reference_decisions(case, slow).tokens_bn_per_day[1] == pytest.approx([0.003, 0.009, 0.015])


def test_teams_and_models_at_the_ends_of_their_ranges() -> None:
    case = case_with_plan()
    ends: list[tuple[End, int, int]] = [("low", 1, 0), ("base", 2, 0), ("high", 3, 1)]
    for end, models, step in ends:
        plan = reference_decisions(case, Reading(end))
        assert list(plan.core_models.sum(axis=0)) == [models] * 3
        assert plan.staff_step[1, step].all()
    # The oldest generation that is still developed: m1 until 2026, then m2.
    assert list(reference_decisions(case).core_models[0]) == [2, 2, 0]


def test_servers_that_reach_the_end_of_their_life_sell_nothing() -> None:
    plan = reference_decisions(case_with_plan(server_types={"alpha": {"life_years": 2}}))
    assert plan.compute_mgpuh[:, :, 2].sum() == 0
    assert plan.energy_gwh[:, :, 2].sum() == 0


def test_on_a_demand_curve_it_sells_at_the_point_nearest_to_the_fixed_price() -> None:
    """0.001 EUR for 1000 tokens and 2000 EUR for a cluster hour, as without the curves: the same revenue."""
    curves = {
        "token_levels": [{"price": 0.0005, "demand": 1}, {"price": 0.001, "demand": 0.5}, {"price": 9, "demand": 0.1}],
        "cluster_hour_levels": [{"price": 2000, "demand": 1}, {"price": 2600, "demand": 0.5}],
    }
    plain, curved = case_with_plan(), case_with_plan(prices=curves)
    plan = reference_decisions(curved)
    assert list(plan.token_price_level) == [0, 1, 0]
    assert list(plan.cluster_price_level) == [1, 0]
    revenue = [evaluate(case, reference_decisions(case)).totals["revenue_meur"] for case in (plain, curved)]
    assert revenue[0] == pytest.approx(revenue[1])


@pytest.mark.parametrize("owner", ["research", "service"])
def test_the_gap_closes_the_cash_and_not_more(owner: str) -> None:
    case = case_with_plan(infrastructure_entity=owner)
    accounts = evaluate(case, reference_decisions(case))
    broken = accounts.rows.query("family == 'cash' and not met")
    assert broken.empty, broken
    cash = accounts.cash
    needed = cash[cash["unfunded_gap_meur"] > 1e-9]
    assert not needed.empty
    for _, row in needed.iterrows():
        reserve = {"research": 1.0, "service": 0.5}[row["company"]]
        after_start = row["opening_meur"] + row["unfunded_gap_meur"] + row["capex_meur"]
        # With a euro less, the start or the end of that year would be short.
        assert min(after_start, row["closing_meur"] - reserve) == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize(
    ("plan", "overrides", "message"),
    [
        (
            {"tuning_staff": 7},
            {},
            r"reference_plan.tuning_staff of 7 people is no staff step of pools.tuning; .* 5, 10",
        ),
        ({}, {"pools": {"inference": {"staff_steps": []}}}, r"inference_staff of 8 people .* the steps are none"),
        (
            {},
            {"generations": {"m2": {"last_year": 2026}}, "mission": {"models_per_year_min": 0}},
            "no generation is developed in 2027",
        ),
    ],
)
def test_a_plan_that_the_case_cannot_carry(plan: dict[str, Any], overrides: dict[str, Any], message: str) -> None:
    with pytest.raises(CaseError, match=message):
        reference_decisions(case_with_plan(plan, **overrides))


def test_a_case_without_a_plan() -> None:
    with pytest.raises(CaseError, match="case small: it has no reference_plan"):
        reference_decisions(small_case())
