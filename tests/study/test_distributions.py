"""Distributions of figures against their formulas, and what is said about parameters that make none."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leam_opt.case.quantity import Quantity, Unit
from leam_opt.study.distributions import RANGE_IN_SDS, Distribution, DistributionError, Kind, distribution

PRICE = Unit("EUR/kWh")
SHARE = Unit("share", le=1.0)
LEVELS = (np.arange(200_000) + 0.5) / 200_000


def figure(low: float, base: float, high: float, unit: str = "EUR/kWh") -> Quantity:
    return Quantity(low=low, base=base, high=high, unit=unit)


def moments(found: Distribution) -> tuple[float, float]:
    """Mean and standard deviation by the midpoint rule."""
    values = found.ppf(LEVELS)
    return float(values.mean()), float(values.std())


def test_the_triangular_distribution_of_a_range() -> None:
    """Mean (a + b + c) / 3, variance (a² + b² + c² - ab - ac - bc) / 18; half of it lies below the median."""
    mean, sd = moments(distribution("triangular", {}, PRICE, own=figure(1, 2, 6)))
    assert mean == pytest.approx(3, rel=1e-6)
    assert sd**2 == pytest.approx((1 + 4 + 36 - 2 - 6 - 12) / 18, rel=1e-4)
    assert distribution("triangular", {}, PRICE, own=figure(1, 2, 6)).ppf(0.2) == pytest.approx(2)


def test_the_uniform_distribution_of_a_range() -> None:
    mean, sd = moments(distribution("uniform", {}, PRICE, own=figure(1, 2, 6)))
    assert mean == pytest.approx(3.5)
    assert sd == pytest.approx(5 / math.sqrt(12), rel=1e-6)


def test_the_pert_distribution_of_a_range() -> None:
    """Mean (low + 4 mode + high) / 6; variance (mean - low)(high - mean) / 7."""
    mean, sd = moments(distribution("pert", {}, PRICE, own=figure(1, 2, 6)))
    assert mean == pytest.approx(15 / 6, rel=1e-6)
    assert sd**2 == pytest.approx((2.5 - 1) * (6 - 2.5) / 7, rel=1e-3)


def test_a_pert_distribution_with_its_mode_at_an_end() -> None:
    """Breaks when the mode is taken inside: the mean is then (5 low + high) / 6."""
    mean, _ = moments(distribution("pert", {"low": 0, "mode": 0, "high": 6}, PRICE))
    assert mean == pytest.approx(1, rel=1e-6)


def test_a_range_is_the_middle_95_percent_of_a_normal_distribution() -> None:
    found = distribution("normal", {}, Unit("EUR", ge=None), own=figure(1, 3, 5))
    assert (found.mean, found.sd) == (3, 4 / RANGE_IN_SDS)
    assert found.ppf([0.025, 0.975]) == pytest.approx([1, 5])
    assert found.cut_off_share == 0


def test_a_normal_distribution_is_cut_off_at_the_bounds_of_the_unit() -> None:
    """At zero and one standard deviation off, the mean of the rest is sd φ(1) / Φ(1) higher (upper bound far off)."""
    found = distribution("normal", {"mean": 0.1, "sd": 0.1}, SHARE)
    assert (found.low, found.high) == (0, 1)
    density, below = math.exp(-0.5) / math.sqrt(2 * math.pi), 0.8413447460685429
    assert moments(found)[0] == pytest.approx(0.1 + 0.1 * density / below, rel=1e-6)
    assert found.cut_off_share == pytest.approx(1 - below)
    assert found.ppf(LEVELS).min() >= 0


def test_a_bound_that_is_not_allowed_is_never_drawn() -> None:
    found = distribution("normal", {"mean": 0.1, "sd": 1}, Unit("PUE", ge=None, gt=0))
    assert found.ppf(0) > 0


@given(
    st.sampled_from(["triangular", "uniform", "pert"]),
    st.tuples(*[st.floats(0, 1e6)] * 3).map(sorted).filter(lambda ends: ends[2] - ends[0] > 1e-6 * (1 + ends[2])),
)
def test_values_rise_with_their_level_and_stay_within_the_range(kind: Kind, ends: list[float]) -> None:
    """Breaks when rounding leaves the range, or a parameter is mixed up."""
    found = distribution(kind, {}, PRICE, own=figure(*ends))
    values = found.ppf(np.linspace(0, 1, 21))
    assert values[0] == pytest.approx(ends[0], abs=1e-9 * (1 + ends[2]))
    assert values[-1] == pytest.approx(ends[2])
    assert (np.diff(values) >= 0).all()
    assert values.min() >= ends[0]
    assert values.max() <= ends[2]


def test_given_parameters_come_before_those_of_the_range() -> None:
    found = distribution("triangular", {"high": 9}, PRICE, own=figure(1, 2, 6))
    assert (found.low, found.mode, found.high) == (1, 2, 9)
    assert distribution("triangular", {"low": 1, "high": 5}, PRICE, base=4).mode == 4


def test_what_determines_it_is_plain_data() -> None:
    assert distribution("normal", {"mean": 1, "sd": 2}, PRICE).describe() == {
        "kind": "normal",
        "low": 0.0,
        "mean": 1,
        "sd": 2,
    }


@pytest.mark.parametrize(
    ("kind", "given", "own", "where", "message"),
    [
        ("triangular", {}, None, "", "the figure has no range in the case; give low, mode, high of the triangular"),
        ("uniform", {"low": 1}, figure(2, 2, 2), "", "no range in the case; give high of the uniform"),
        ("normal", {"mean": 1}, figure(2, 2, 2), "", "give sd of the normal"),
        ("normal", {"mean": 1, "sd": 0}, None, "sd", "must be above 0"),
        ("normal", {"mean": 1, "sd": 1, "mode": 1}, None, "mode", "has no 'mode'; it takes mean, sd"),
        ("uniform", {"low": 3, "high": 1}, None, "low", "low 3 is above high 1 EUR/kWh; exchange them"),
        ("uniform", {"low": 3, "high": 3}, None, "high", "low and high are both 3 EUR/kWh"),
        ("pert", {"low": 1, "mode": 8, "high": 6}, None, "mode", "the mode 8 lies outside 1 to 6 EUR/kWh"),
        ("triangular", {"low": 3}, figure(1, 2, 6), "", "the mode 2 (the value of the case) lies outside 3 to 6"),
    ],
)
def test_parameters_that_make_no_distribution(
    kind: Kind, given: dict[str, float], own: Quantity | None, where: str, message: str
) -> None:
    with pytest.raises(DistributionError) as caught:
        distribution(kind, given, PRICE, own=own)
    assert message in str(caught.value)
    assert caught.value.where == where
