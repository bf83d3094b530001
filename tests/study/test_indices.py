"""Statistics of runs against functions whose indices are known, and intervals against what they promise."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from leam_opt.case.quantity import Unit
from leam_opt.study.designs import Morris, OneAtATime, SobolIndices
from leam_opt.study.distributions import Distribution
from leam_opt.study.indices import (
    better_probability,
    morris_effects,
    probability,
    quantiles_with_interval,
    sobol_indices,
    tornado,
)
from leam_opt.study.levers import Lever

Array = NDArray[np.float64]
UNIT = Unit("EUR", ge=None)
NAN = math.nan


def levers(size: int, low: float, high: float) -> tuple[Lever, ...]:
    base = (low + high) / 2
    return tuple(Lever(f"x{number}", UNIT, base, "figure", low, high) for number in range(1, size + 1))


def sobol_design(size: int, low: float, high: float, base_points: int) -> SobolIndices:
    moved = levers(size, low, high)
    return SobolIndices(moved, (Distribution("uniform", low, high),) * size, base_points, seed=3)


def evaluated(design: SobolIndices | Morris | OneAtATime, function: Callable[[Array], Array]) -> Array:
    return function(np.stack([np.asarray(values) for values in design.points().values()]))


def ishigami(x: Array) -> Array:
    return np.asarray(np.sin(x[0]) + 7 * np.sin(x[1]) ** 2 + 0.1 * x[2] ** 4 * np.sin(x[0]))


def test_sobol_indices_of_the_ishigami_function() -> None:
    """With a = 7 and b = 0.1: V = a²/8 + bπ⁴/5 + b²π⁸/18 + 1/2, V1 = (1 + bπ⁴/5)²/2, V2 = a²/8,
    V13 = 8b²π⁸/225.
    """
    design = sobol_design(3, -math.pi, math.pi, 4096)
    found = sobol_indices(evaluated(design, ishigami), design.factors)
    a, b, p4 = 7, 0.1, math.pi**4
    total = a**2 / 8 + b * p4 / 5 + b**2 * p4**2 / 18 + 0.5
    v1, v2, v13 = (1 + b * p4 / 5) ** 2 / 2, a**2 / 8, 8 * b**2 * p4**2 / 225
    assert found.first == pytest.approx(np.array([v1, v2, 0]) / total, abs=0.01)
    assert found.total == pytest.approx(np.array([v1 + v13, v2, v13]) / total, abs=0.01)
    assert found.variance == pytest.approx(total, rel=0.01)
    assert (found.blocks, found.blocks_dropped) == (4096, 0)


def test_the_intervals_of_sobol_indices_cover_and_shrink() -> None:
    """Sobol's g-function with a = (0, 1, 9): Vi = 1 / (3 (1 + ai)²), V = Π (1 + Vi) - 1. Four times the points halve
    the intervals.
    """
    a = np.array([0.0, 1.0, 9.0])
    part = 1 / (3 * (1 + a) ** 2)
    variance = np.prod(1 + part) - 1
    total = part * np.prod(1 + part) / (1 + part) / variance

    def g(x: Array) -> Array:
        return np.asarray(np.prod((np.abs(4 * x - 2) + a[:, None]) / (1 + a[:, None]), axis=0))

    widths = []
    for points in (256, 4096):
        design = sobol_design(3, 0, 1, points)
        found = sobol_indices(evaluated(design, g), design.factors)
        assert (np.abs(found.first - part / variance) <= 1.5 * found.first_confidence + 1e-3).all()
        assert (np.abs(found.total - total) <= 1.5 * found.total_confidence + 1e-3).all()
        widths.append(found.first_confidence + found.total_confidence)
    assert (widths[0] / widths[1] > 2.5).all()
    assert (widths[0] / widths[1] < 6.5).all()


def test_blocks_with_a_run_without_a_plan_are_dropped_as_a_whole() -> None:
    """Breaks when single runs are dropped, which pairs points of different blocks: the indices are then those of
    noise.
    """
    design = sobol_design(3, -math.pi, math.pi, 1024)
    values = evaluated(design, ishigami)
    whole = sobol_indices(values, design.factors)
    spoilt = values.copy()
    spoilt[[2, 7, 5000]] = NAN  # blocks 0, 1 and 1000
    found = sobol_indices(spoilt, design.factors)
    assert (found.blocks, found.blocks_dropped) == (1021, 3)
    assert found.first == pytest.approx(whole.first, abs=0.02)


def test_sobol_intervals_are_reproducible_also_with_the_seed_zero() -> None:
    design = sobol_design(2, 0, 1, 64)
    values = evaluated(design, lambda x: x[0] + x[1] ** 2)
    first, again, other = (sobol_indices(values, design.factors, seed=seed) for seed in (0, 0, 1))
    assert (first.first_confidence == again.first_confidence).all()
    assert (first.first_confidence != other.first_confidence).any()
    assert (first.first == other.first).all()


@pytest.mark.parametrize("values", [np.full(20, 3.0), np.full(20, NAN), 3 + 1e-15 * np.arange(20)])
def test_an_output_that_does_not_vary_has_no_indices(values: Array) -> None:
    found = sobol_indices(values, ["a", "b", "c"])
    assert np.isnan(found.first).all()
    assert np.isnan(found.total).all()


def test_a_rare_output_gives_indices_without_warnings() -> None:
    """One run in a thousand differs: most resamples see nothing of it."""
    values = np.zeros(4 * 256)
    values[400] = 1.0
    found = sobol_indices(values, ["a", "b"])
    assert np.isfinite(found.total_confidence).all()


def test_values_that_are_no_whole_blocks_are_refused() -> None:
    with pytest.raises(ValueError, match="no whole blocks of 5"):
        sobol_indices(np.zeros(11), ["a", "b", "c"])
    with pytest.raises(ValueError, match="no whole blocks of 4"):
        morris_effects(np.zeros(11), np.zeros((11, 3)), ["a", "b", "c"], 4)


@pytest.mark.parametrize("grid", [2, 4, 6])
def test_morris_effects_of_a_linear_function_are_its_slopes(grid: int) -> None:
    """Over the whole range of 10 the effects are ten times the coefficients, everywhere: nothing is left to sigma."""
    design = Morris(levers(3, -5, 5), trajectories=8, levels=grid, seed=1)
    values = evaluated(design, lambda x: 3 * x[0] - 2 * x[1] + 7)
    found = morris_effects(values, design.steps(), design.factors, grid)
    assert found.mu == pytest.approx([30, -20, 0])
    assert found.mu_star == pytest.approx([30, 20, 0])
    assert found.sigma == pytest.approx([0, 0, 0], abs=1e-9)
    assert found.mu_star_confidence == pytest.approx([0, 0, 0], abs=1e-9)


def test_morris_effects_tell_curvature_from_slope() -> None:
    """Over the unit range the effect of x² is 2 x + step; that of x1 x2 is the other factor. Means are 1 and 1/2."""
    design = Morris(levers(3, 0, 1), trajectories=2000, levels=4, seed=1)
    values = evaluated(design, lambda x: x[0] ** 2 + x[1] * x[2])
    found = morris_effects(values, design.steps(), design.factors, 4)
    assert found.mu == pytest.approx([1, 0.5, 0.5], abs=0.03)
    assert (found.sigma > 0.2).all()
    assert (found.mu_star_confidence > 0).all()


def test_trajectories_with_a_run_without_a_plan_are_dropped_as_a_whole() -> None:
    design = Morris(levers(3, -5, 5), trajectories=8, seed=1)
    values = evaluated(design, lambda x: 3 * x[0] - 2 * x[1] + 7)
    values[[0, 9]] = NAN  # trajectories 0 and 2
    found = morris_effects(values, design.steps(), design.factors, 4)
    assert (found.trajectories, found.trajectories_dropped) == (6, 2)
    assert found.mu == pytest.approx([30, -20, 0])
    values[8:] = NAN
    assert np.isnan(morris_effects(values, design.steps(), design.factors, 4).mu).all()


def test_a_tornado_has_its_widest_bar_first_and_those_without_plans_last() -> None:
    bars = tornado([10, NAN, NAN, 9, 12, 15, NAN, 10, 10], ["a", "b", "c", "d"])
    assert [bar.factor for bar in bars] == ["c", "b", "d", "a"]
    assert [bar.swing for bar in bars[:3]] == [5, 3, 0]
    assert math.isnan(bars[3].swing)
    assert (bars[1].low, bars[1].base, bars[1].high) == (9, 10, 12)
    with pytest.raises(ValueError, match="2 factors have 5 points"):
        tornado([1, 2, 3], ["a", "b"])


def test_intervals_of_quantiles_cover_what_they_promise() -> None:
    """Over 2000 samples of 60 runs, 95 % of the intervals (less two standard errors) hold the true quantile at least;
    the steps of the binomial distribution and an open end give some more.
    """
    random = np.random.default_rng(7)
    for level in (0.05, 0.5, 0.9):
        hits = 0
        for _ in range(2000):
            (found,) = quantiles_with_interval(random.random(60), [level])
            hits += found.low <= level <= found.high
        assert 0.94 < hits / 2000 < 0.999, level


def test_the_interval_of_a_median_is_that_of_the_tables() -> None:
    """Ranks 40 and 61 of 100: fewer than 40 and more than 60 heads in 100 throws have 1.8 % each; 2 and 9 of 10."""
    (found,) = quantiles_with_interval(np.arange(1, 101), [0.5])
    assert (found.value, found.low, found.high) == (50.5, 40, 61)
    (found,) = quantiles_with_interval(np.arange(1, 11), [0.5])
    assert (found.low, found.high) == (2, 9)


def test_a_small_sample_bounds_an_outer_quantile_on_one_side_only() -> None:
    (found,) = quantiles_with_interval([3, 1, NAN, 2], [0.05])
    assert (found.low, found.high, found.runs, found.runs_dropped) == (-math.inf, 2, 3, 1)
    (none,) = quantiles_with_interval([NAN], [0.5])
    assert math.isnan(none.value)
    assert (none.low, none.high, none.runs) == (-math.inf, math.inf, 0)


def test_wilson_intervals() -> None:
    """Newcombe (1998), table I: 81 of 263 gives 0.2553 to 0.3662, 0 of 20 gives 0 to 0.1611."""
    found = probability(81, 263)
    assert (found.share, found.low, found.high) == pytest.approx((81 / 263, 0.2553, 0.3662), abs=5e-5)
    none = probability(0, 20)
    assert (none.share, none.low, none.high) == pytest.approx((0, 0, 0.1611), abs=5e-5)
    assert math.isnan(probability(0, 0).share)
    with pytest.raises(ValueError, match="3 of 2 runs"):
        probability(3, 2)


def test_pairs_are_better_worse_undecided_or_without_a_plan() -> None:
    """Lower is better; pairs 3 and 4 are within a tolerance of one, pair 5 has only the first, 6 only the second."""
    first = [1.0, 9.0, 4.0, 5.0, 3.0, NAN, NAN]
    second = [5.0, 2.0, 5.0, 4.5, NAN, 3.0, NAN]
    found = better_probability(first, second, tolerance=1.0)
    assert (found.better, found.worse, found.undecided, found.dropped) == (2, 2, 2, 1)
    assert found.one_planned == (1, 1)
    assert found.share.share == 0.5
    assert found.low == probability(2, 6).low
    assert found.high == probability(4, 6).high
    other = better_probability(first, second, tolerance=1.0, lower_is_better=False)
    assert (other.better, other.worse, other.undecided) == (2, 2, 2)
    assert better_probability([1.0, 1.0], [2.0, 2.0], tolerance=[0.5, 1.5]).undecided == 1
    with pytest.raises(ValueError, match="as many runs"):
        better_probability([1.0], [1.0, 2.0])
