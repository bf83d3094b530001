"""Statistics of a study's runs: indices of sensitivity, quantiles and probabilities, all with what chance leaves open.

Pure functions of arrays. A run without a plan is NaN; what such runs leave out is counted in every answer.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]

CONFIDENCE = 0.95
RESAMPLES = 400
"""Resamples behind a bootstrapped interval."""
_DRAWS = 1_000_000
"""Draws of a bootstrap that are held in memory; very many blocks take fewer resamples."""


@dataclass(frozen=True)
class SobolTable:
    """Sobol's indices: which share of an output's variance each factor explains.

    Attributes:
        factors: names, in the order of the design.
        first: (F) share that a factor explains alone.
        first_confidence: (F) half the width of its interval.
        total: (F) share that would be left if all other factors were known: alone and together with others.
        total_confidence: (F) half the width of its interval.
        variance: of the output.
        blocks: blocks that count.
        blocks_dropped: blocks with a run without a plan.

    All indices are NaN where fewer than two blocks are left or the output does not vary.
    """

    factors: tuple[str, ...]
    first: Array
    first_confidence: Array
    total: Array
    total_confidence: Array
    variance: float
    blocks: int
    blocks_dropped: int


def sobol_indices(
    values: ArrayLike,
    factors: Sequence[str],
    *,
    seed: int = 0,
    confidence: float = CONFIDENCE,
    resamples: int = RESAMPLES,
) -> SobolTable:
    """Sobol's first-order and total indices of an output, with bootstrapped intervals.

    Args:
        values: (blocks x (F + 2)) output at the points of a `sobol-indices` design.
        factors: names of the F factors.
        seed: of the resamples.
        confidence: probability of the intervals.
        resamples: bootstrap resamples, at most.

    Raises ValueError where the values are no whole blocks.
    """
    from SALib.analyze import sobol

    size = len(factors)
    blocks, dropped = _whole(values, size + 2)
    nothing = np.full(size, np.nan)
    spread = float(np.var(blocks[:, [0, -1]])) if len(blocks) else math.nan
    if len(blocks) < 2 or not _varies(blocks[:, [0, -1]]):
        return SobolTable(tuple(factors), nothing, nothing, nothing, nothing, spread, len(blocks), dropped)
    problem = {"num_vars": size, "names": list(factors), "bounds": [[0.0, 1.0]] * size}
    with warnings.catch_warnings():
        # A resample may hit values that are all the same; it counts as zero.
        warnings.simplefilter("ignore")
        found = sobol.analyze(
            problem,
            blocks.ravel(),
            calc_second_order=False,
            num_resamples=max(50, min(resamples, _DRAWS // len(blocks))),
            conf_level=confidence,
            seed=_seed(seed),
        )
    first, first_half, total, total_half = (_array(found[name]) for name in ("S1", "S1_conf", "ST", "ST_conf"))
    return SobolTable(tuple(factors), first, first_half, total, total_half, spread, len(blocks), dropped)


@dataclass(frozen=True)
class MorrisTable:
    """Elementary effects: by how much an output changes per whole range of a factor, here and there in the ranges.

    Attributes:
        factors: names, in the order of the design.
        mu: (F) mean effect, in the unit of the output.
        mu_star: (F) mean of the effects' sizes: what the factor matters.
        mu_star_confidence: (F) half the width of its interval.
        sigma: (F) standard deviation of the effects: curvature, and what depends on other factors.
        trajectories: trajectories that count.
        trajectories_dropped: those with a run without a plan.

    All are NaN where fewer than two trajectories are left.
    """

    factors: tuple[str, ...]
    mu: Array
    mu_star: Array
    mu_star_confidence: Array
    sigma: Array
    trajectories: int
    trajectories_dropped: int


def morris_effects(
    values: ArrayLike,
    steps: ArrayLike,
    factors: Sequence[str],
    levels: int,
    *,
    seed: int = 0,
    confidence: float = CONFIDENCE,
    resamples: int = RESAMPLES,
) -> MorrisTable:
    """Morris's elementary effects of an output, with a bootstrapped interval of their mean size.

    Args:
        values: (trajectories x (F + 1)) output at the points of a `morris` design.
        steps: (trajectories x (F + 1), F) where its factors stand, from `Morris.steps`.
        factors: names of the F factors.
        levels: of the design.
        seed: of the resamples.
        confidence: probability of the interval.
        resamples: number of bootstrap resamples.

    Raises ValueError where the values are no whole trajectories.
    """
    from SALib.analyze import morris

    size = len(factors)
    paths, dropped = _whole(values, size + 1)
    if len(paths) < 2:
        nothing = np.full(size, np.nan)
        return MorrisTable(tuple(factors), nothing, nothing, nothing, nothing, len(paths), dropped)
    whole = ~np.isnan(np.asarray(values, dtype=float).reshape(-1, size + 1)).any(axis=1)
    places = np.asarray(steps, dtype=float).reshape(-1, size + 1, size)[whole]
    problem = {"num_vars": size, "names": list(factors), "bounds": [[0.0, 1.0]] * size, "groups": None}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = morris.analyze(
            problem,
            places.reshape(-1, size),
            paths.ravel(),
            num_resamples=resamples,
            conf_level=confidence,
            num_levels=levels,
            seed=_seed(seed),
        )
    mu, mu_star, half, sigma = (_array(found[name]) for name in ("mu", "mu_star", "mu_star_conf", "sigma"))
    return MorrisTable(tuple(factors), mu, mu_star, half, sigma, len(paths), dropped)


@dataclass(frozen=True)
class Bar:
    """A bar of a tornado: an output with one factor at its low and its high end, all others at their base.

    NaN stands for an end without a plan; `swing` is the largest difference between the three that there are.
    """

    factor: str
    base: float
    low: float
    high: float

    @property
    def swing(self) -> float:
        """Difference between the largest and the smallest of the values; NaN where there is only one."""
        known = [value for value in (self.base, self.low, self.high) if not math.isnan(value)]
        return max(known) - min(known) if len(known) > 1 else math.nan


def tornado(values: ArrayLike, factors: Sequence[str]) -> list[Bar]:
    """The bars of a `one-at-a-time` design, the widest first; bars without a plan at either end come last.

    Args:
        values: (1 + 2 F) output at the points of the design: the base, then low and high of each factor.
        factors: names of the F factors.

    Raises ValueError where the number of values is another.
    """
    given = np.asarray(values, dtype=float)
    if given.shape != (1 + 2 * len(factors),):
        raise ValueError(f"{len(factors)} factors have {1 + 2 * len(factors)} points one at a time, got {given.shape}")
    ends = given[1:].reshape(-1, 2)
    base = float(given[0])
    bars = [Bar(name, base, float(low), float(high)) for name, (low, high) in zip(factors, ends, strict=True)]
    return sorted(bars, key=lambda bar: math.inf if math.isnan(bar.swing) else -bar.swing)


@dataclass(frozen=True)
class Quantile:
    """A quantile of a sample, with an interval that holds whatever the distribution.

    Attributes:
        level: share of the distribution below.
        value: of the sample (between neighbouring values, as `numpy.quantile` has it).
        low, high: values of the sample between which the true quantile lies with at least the confidence; infinite
            where the sample is too small for a bound.
        runs: runs that count.
        runs_dropped: those without a plan.
    """

    level: float
    value: float
    low: float
    high: float
    runs: int
    runs_dropped: int


def quantiles_with_interval(
    values: ArrayLike, levels: Sequence[float], *, confidence: float = CONFIDENCE
) -> list[Quantile]:
    """Quantiles of independent runs, with distribution-free intervals.

    The number of runs below the true quantile is binomial, which says between which ranks it lies. For a Sobol or
    Latin hypercube sample, whose runs are spread more evenly than by chance, the intervals are wider than need be.

    Args:
        values: (n) output of the runs.
        levels: shares between 0 and 1 (excluded).
        confidence: probability that an interval covers the true quantile.
    """
    from scipy.stats import binom

    known, dropped = _known(values)
    size, tail = len(known), (1 - confidence) / 2
    ordered = np.concatenate([[-math.inf], np.sort(known), [math.inf]])  # rank r stands at r
    found = []
    for level in levels:
        value = float(np.quantile(known, level)) if size else math.nan
        # The quantile is below the value of rank r exactly where fewer than r runs are below it.
        low = int(binom.ppf(tail, size, level)) if size else 0
        high = int(binom.ppf(1 - tail, size, level)) + 1 if size else 1
        found.append(Quantile(level, value, float(ordered[low]), float(ordered[min(high, size + 1)]), size, dropped))
    return found


@dataclass(frozen=True)
class Probability:
    """A share of runs as an estimate of a probability, with its Wilson interval.

    `share`, `low` and `high` are NaN where there is no run.
    """

    share: float
    low: float
    high: float
    successes: int
    runs: int


def probability(successes: int, runs: int, *, confidence: float = CONFIDENCE) -> Probability:
    """The probability behind so many successes in independent runs; raises ValueError for more successes than runs."""
    if not 0 <= successes <= runs:
        raise ValueError(f"{successes} of {runs} runs cannot be; give at most as many successes as runs")
    if runs == 0:
        return Probability(math.nan, math.nan, math.nan, 0, 0)
    from scipy.stats import binomtest

    interval = binomtest(successes, runs).proportion_ci(confidence, method="wilson")
    return Probability(successes / runs, float(interval.low), float(interval.high), successes, runs)


@dataclass(frozen=True)
class Better:
    """How often one of two is better than the other in the same futures.

    Attributes:
        better, worse: pairs in which the first is better or worse by more than the tolerance.
        undecided: pairs within the tolerance, which proof leaves open.
        one_planned: pairs in which only the first (`better` counts them) and only the second has a plan (`worse`).
        dropped: pairs without any plan; they count nowhere.
        share: of the decided pairs in which the first is better, with its Wilson interval.
        low, high: bounds of the probability that the first is better, whatever the undecided pairs are: the lower end
            of the interval where all of them are lost, the upper end where all are won.
    """

    better: int
    worse: int
    undecided: int
    one_planned: tuple[int, int]
    dropped: int
    share: Probability
    low: float
    high: float


def better_probability(
    first: ArrayLike,
    second: ArrayLike,
    tolerance: ArrayLike = 0.0,
    *,
    lower_is_better: bool = True,
    confidence: float = CONFIDENCE,
) -> Better:
    """How often the first of two is better than the second, in pairs of runs at the same points.

    Where only one of them has a plan, it is the better one.

    Args:
        first: (n) outputs of the one.
        second: (n) outputs of the other, pair by pair.
        tolerance: () or (n) differences up to this leave a pair undecided (what the MIP gaps leave open).
        lower_is_better: of the output.
        confidence: probability of the intervals.

    Raises ValueError where the numbers of runs differ.
    """
    one, other = np.asarray(first, dtype=float), np.asarray(second, dtype=float)
    if one.shape != other.shape:
        raise ValueError(f"pairs need as many runs of one as of the other, got {one.shape} and {other.shape}")
    has_one, has_other = ~np.isnan(one), ~np.isnan(other)
    margin = np.where(has_one & has_other, other - one if lower_is_better else one - other, 0.0)
    both = has_one & has_other
    only_one, only_other = int((has_one & ~has_other).sum()), int((~has_one & has_other).sum())
    better = int((both & (margin > tolerance)).sum()) + only_one
    worse = int((both & (-margin > tolerance)).sum()) + only_other
    counted = int((has_one | has_other).sum())
    undecided = counted - better - worse
    return Better(
        better=better,
        worse=worse,
        undecided=undecided,
        one_planned=(only_one, only_other),
        dropped=one.size - counted,
        share=probability(better, better + worse, confidence=confidence),
        low=probability(better, counted, confidence=confidence).low,
        high=probability(better + undecided, counted, confidence=confidence).high,
    )


def _whole(values: ArrayLike, width: int) -> tuple[Array, int]:
    """(blocks, width) the blocks in which every run has a plan, and the number of the others."""
    given = np.asarray(values, dtype=float)
    if given.ndim != 1 or given.size % width:
        raise ValueError(f"{given.shape} values are no whole blocks of {width}; give all points of the design")
    blocks = given.reshape(-1, width)
    whole = ~np.isnan(blocks).any(axis=1)
    return np.asarray(blocks[whole]), int((~whole).sum())


def _varies(values: Array) -> bool:
    """Whether values differ by more than rounding."""
    return bool(np.ptp(values) > 1e-12 * max(1.0, float(np.abs(values).max())))


def _array(values: ArrayLike) -> Array:
    return np.asarray(values, dtype=float)


def _known(values: ArrayLike) -> tuple[Array, int]:
    given = np.asarray(values, dtype=float)
    return np.asarray(given[~np.isnan(given)]), int(np.isnan(given).sum())


def _seed(seed: int) -> int:
    # SALib takes 0 for no seed at all.
    return 1 + int(np.random.SeedSequence(seed).generate_state(1)[0])
