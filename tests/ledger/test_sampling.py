"""The draws from the ranges of a case, and what a plan does under them."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leam_opt.case.index import Index
from leam_opt.case.quantity import Quantity
from leam_opt.ledger.decisions import Decisions
from leam_opt.ledger.inputs import Inputs
from leam_opt.ledger.sampling import adapted, sampled_inputs, triangular, uncertain
from tests.builders import merge, small_plan
from tests.ledger.valued import RANGES, case_of, risky


def figure(low: float, base: float, high: float) -> Quantity:
    return Quantity(low=low, base=base, high=high, unit="share")


@settings(max_examples=40)
@given(st.floats(-100, 100), st.floats(0.01, 100), st.floats(0, 1), st.integers(0, 1000))
def test_draws_hit_the_ends_and_the_mean_of_a_range(low: float, width: float, peak: float, seed: int) -> None:
    """Triangular: within the range, close to both ends, mean (low + base + high) / 3; a base at one end is allowed."""
    high = low + width
    base = min(low + peak * width, high)
    drawn = triangular(figure(low, base, high), "a.b", 2000, seed)
    assert low <= drawn.min() < low + 0.06 * width
    assert high - 0.06 * width < drawn.max() <= high
    assert drawn.mean() == pytest.approx((low + base + high) / 3, abs=2e-3 * width)
    # Below base lies the share of its place in the range.
    assert np.mean(drawn < base) == pytest.approx((base - low) / width, abs=2e-3)


def test_draws_depend_on_path_and_seed_alone() -> None:
    one = triangular(figure(0, 1, 3), "a", 100, 0)
    assert (triangular(figure(0, 1, 3), "a", 100, 0) == one).all()
    for path, seed in (("b", 0), ("a", 1)):
        other = triangular(figure(0, 1, 3), path, 100, seed)
        assert sorted(other) != sorted(one)
        assert abs(np.corrcoef(other, one)[0, 1]) < 0.4
    assert (triangular(figure(2, 2, 2), "a", 100, 0) == 2).all()


def test_what_is_drawn() -> None:
    """Figures with a range, all years of a figure under one path; neither whole numbers nor terms and limits."""
    wide = {
        "server_types": {"alpha": {"gpus_per_server": {"low": 8, "base": 10, "high": 12}}},
        "funding": {"instruments": {"grant": {"cap_total": {"low": 200, "base": 250, "high": 300}}}},
        "rules": {"renewable_share_min": {"low": 0.5, "base": 0.8, "high": 1}},
    }
    paths = [path for path, _ in uncertain(case_of(RANGES, wide))]
    assert sorted(set(paths)) == [
        "adoption.high.inference",
        "compute.goodput",
        "prices.tokens",
        "server_types.alpha.unit_price",
        "server_types.beta.unit_price",
        "sites.north.building_cost",
        "sites.north.pue",
        "staff.salary",
    ]
    assert paths.count("server_types.beta.unit_price") == 2


def tables(inputs: Inputs) -> dict[str, np.ndarray]:
    return {
        f"{topic}.{field.name}": getattr(getattr(inputs, topic), field.name)
        for topic in ("machines", "places", "services", "money")
        for field in fields(getattr(inputs, topic))
    }


VAT = {
    "taxation": {
        "vat": {"low": 0.16, "base": 0.19, "high": 0.25},
        "vat_irrecoverable_research": {"low": 0.5, "base": 0.8, "high": 1},
    }
}


@pytest.mark.parametrize("ranges", [RANGES, merge(RANGES, VAT)], ids=["copies", "products"])
def test_sampled_inputs_are_those_of_the_case_with_the_drawn_figures(ranges: dict[str, Any]) -> None:
    """A sample's arrays equal those of a case that says its figures outright, also where an array multiplies two of
    them (the load of irrecoverable tax); the years of one figure move together.
    """
    case = case_of(ranges)
    found = tables(next(iter(sampled_inputs(case, 100, 7))))
    figures = iter(uncertain(case))

    def said(value: Any) -> Any:
        """The same tree with the drawn number in the place of each range; ranges stand in the order of the case."""
        if not isinstance(value, dict):
            return value
        if "low" not in value:
            return {key: said(item) for key, item in value.items()}
        path, figure = next(figures)
        assert (figure.low, figure.base, figure.high) == (value["low"], value["base"], value["high"]), path
        return float(triangular(figure, path, 100, 7)[42])

    for name, expected in tables(Inputs.of(case_of(said(ranges)))).items():
        assert found[name].shape == (100, *expected.shape), name
        assert found[name][42] == pytest.approx(expected), name
    assert next(figures, None) is None
    prices = found["machines.unit_price_meur"][:, 1]
    assert (prices[:, 1].argsort() == prices[:, 2].argsort()).all()


def test_chunks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = tables(next(iter(sampled_inputs(risky(), 100, 7))))
    monkeypatch.setattr("leam_opt.ledger.sampling.CHUNK", 30)
    parts = [tables(inputs) for inputs in sampled_inputs(risky(), 100, 7)]
    assert [len(part["places.pue"]) for part in parts] == [30, 30, 30, 10]
    for name, expected in whole.items():
        assert (np.concatenate([part[name] for part in parts]) == expected).all(), name


# The plan under other figures


@settings(max_examples=15)
@given(st.integers(0, 10**6))
def test_under_planned_figures_a_plan_stays_as_it_is(seed: int) -> None:
    """Whatever the plan decides, feasible or not: no deviation may come from the recomputation itself."""
    case = risky()
    random = np.random.default_rng(seed)
    shapes = Decisions.shapes(Index.of(case))
    plan = Decisions(**{name: random.uniform(0, 9, shape) for name, shape in shapes.items()})
    inputs = Inputs.of(case)
    kept = adapted(plan, inputs, inputs)
    for name, array in plan.arrays().items():
        assert getattr(kept, name) == pytest.approx(array), name


def under(*changes: dict[str, Any]) -> Decisions:
    """The small plan of the small case under changed figures."""
    case = case_of()
    return adapted(small_plan(case), Inputs.of(case), Inputs.of(case_of(*changes)))


def test_electricity_and_heat_follow_the_sites() -> None:
    plan, changed = small_plan(case_of()), under({"sites": {"north": {"pue": 1.26}}})
    assert changed.energy_gwh[:, 0] == pytest.approx(1.05 * plan.energy_gwh[:, 0])
    assert changed.energy_gwh[:, 1] == pytest.approx(plan.energy_gwh[:, 1])
    assert changed.heat_sold_gwh[0] == pytest.approx(1.05 * plan.heat_sold_gwh[0])


def test_sales_follow_demand_down_and_never_up() -> None:
    """9, 9, 4.5 bn tokens a day are sold where 20 are asked for, and 0.8, 0.9, 0.4 of core compute where 2 are."""
    plan = small_plan(case_of())
    less = under({"adoption": {"high": {"inference": 6, "core": 0.5}}})
    assert less.tokens_bn_per_day[1] == pytest.approx([6, 6, 4.5])
    assert less.compute_mgpuh[0, 1] == pytest.approx([0.5, 0.5, 0.4])
    assert less.compute_mgpuh[1] == pytest.approx(plan.compute_mgpuh[1])
    assert less.tokens_bn_per_day[0] == pytest.approx(plan.tokens_bn_per_day[0])
    more = under({"adoption": {"high": {"inference": 40, "core": 4}}})
    for name, array in plan.arrays().items():
        assert getattr(more, name) == pytest.approx(array), name
    # Demand of a level that the plan does not have is no concern.
    other = under({"adoption": {"low": {"inference": 0, "core": 0}}})
    assert other.tokens_bn_per_day == pytest.approx(plan.tokens_bn_per_day)


def test_machines_that_deliver_less_cost_commercial_sales_first() -> None:
    """A tenth less goodput: the core pool's 8, 9, 4 become 7.2, 8.1, 3.6, all of it public use. Of inference 0.9, 0.9,
    0.45 are left, 0.1, 0.1, 0.05 of them public: eight tokens of nine are served.
    """
    plan, less = small_plan(case_of()), under({"compute": {"goodput": 0.72}})
    assert less.compute_mgpuh[:, 0] == pytest.approx(plan.compute_mgpuh[:, 0])
    assert less.compute_mgpuh[0, 1] == pytest.approx([0, 0, 0], abs=1e-12)
    assert less.compute_mgpuh[1, 1] == pytest.approx([0.5, 0.5, 0.25])
    assert less.tokens_bn_per_day[1] == pytest.approx([8, 8, 4])


def test_slower_inference_serves_fewer_tokens() -> None:
    """At half the throughput public users need 0.2 of the 1 million hours; 0.8 serve 4 bn tokens a day instead of 9."""
    less = under({"compute": {"inference_throughput": 365e9 / 3600 / 1e5 / 2}})
    assert less.tokens_bn_per_day[0] == pytest.approx([1, 1, 0.5])
    assert less.tokens_bn_per_day[1] == pytest.approx([4, 4, 2])


def test_a_later_start_of_machines_costs_sales_of_that_year() -> None:
    """Alpha computes only from March 2025: in that year every pool loses a fifth of its running units."""
    less = under({"server_types": {"alpha": {"commissioning_delay": 0.2}}})
    plan = small_plan(case_of())
    assert less.compute_mgpuh[1, 1] == pytest.approx([0.4, 0.6, 0.3])
    assert less.compute_mgpuh[0, 1] == pytest.approx([0, *plan.compute_mgpuh[0, 1, 1:]], abs=1e-12)


def test_demand_curves_scale_demand() -> None:
    """At the chosen point of each curve 60 % of the level's demand is left: 12 bn tokens a day, 1.2 of core compute."""
    levels = {
        "prices": {
            "token_levels": [{"price": 0.001, "demand": 1}, {"price": 0.002, "demand": 0.6}],
            "cluster_hour_levels": [{"price": 2000, "demand": 1}, {"price": 3000, "demand": 0.6}],
        }
    }
    case = case_of(levels)
    plan = replace(small_plan(case), token_price_level=np.array([0.0, 1.0]), cluster_price_level=np.array([0.0, 1.0]))
    halved = case_of(levels, {"adoption": {"high": {"inference": 10, "core": 1}}})
    less = adapted(plan, Inputs.of(case), Inputs.of(halved))
    assert less.tokens_bn_per_day[1] == pytest.approx([6, 6, 4.5])
    assert less.compute_mgpuh[0, 1] == pytest.approx([0.6, 0.6, 0.4])
