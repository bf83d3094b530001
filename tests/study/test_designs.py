"""Points of designs against enumeration, and the same points however a design is cut into pieces."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import kstest, norm, spearmanr

from leam_opt.case.quantity import Unit
from leam_opt.study.designs import Corners, Design, Grid, Morris, OneAtATime, Sample, SobolIndices, Table, order
from leam_opt.study.distributions import Distribution
from leam_opt.study.levers import Lever
from leam_opt.study.sequences import factor_of_correlations, latin_hypercube, monte_carlo, permuted, sobol

UNIT = Unit("EUR")
Array = NDArray[np.float64]


def figure(path: str, low: float = 0.0, base: float = 1.0, high: float = 3.0, factor: str = "") -> Lever:
    return Lever(path, UNIT, base, "figure", low, high, factor)


A, B, C = figure("a"), figure("b", 10, 20, 30), figure("c", -1, 0, 1)
SCOPE = Lever("scope", None, "core", "structural", "core", "all")
YEARS = (figure("price.2025", 1, 2, 3, "price"), figure("price.2026", 10, 20, 30, "price"))
TRIANGLE = Distribution("triangular", 0.0, 3.0, mode=1.0)
FLAT = Distribution("uniform", 0.0, 1.0)


def rows(design: Design, start: int = 0, stop: int | None = None) -> list[tuple[Any, ...]]:
    return list(zip(*design.points(start, stop).values(), strict=True))


def flat(size: int, method: Any = "sobol", count: int = 256, seed: int = 0, **options: Any) -> Sample:
    levers = tuple(figure(f"l{number}") for number in range(size))
    return Sample(levers, (FLAT,) * size, count, method, seed, **options)


DESIGNS: list[Design] = [
    Grid((A, SCOPE, B), (np.array([1.0, 2.0]), ["core", "all", ["x"]], np.array([5.0, 6.0, 7.0]))),
    Table((A, SCOPE), (np.array([1.0, 2.0, 3.0]), ["core", None, {"a": 1}])),
    OneAtATime((A, *YEARS, SCOPE)),
    Corners((A, *YEARS, SCOPE)),
    Morris((A, *YEARS, B), trajectories=7, seed=5),
    SobolIndices((A, *YEARS), (TRIANGLE, FLAT, TRIANGLE), 16, seed=2),
    *(
        Sample(
            (A, *YEARS, B), (TRIANGLE, FLAT, TRIANGLE, FLAT), 101, method, 4, {("a", "b"): 0.5, ("a", "price"): -0.3}
        )
        for method in ("sobol", "latin-hypercube", "monte-carlo")
    ),
    Sample((A,), (Distribution("normal", 0.0, math.inf, mean=1.0, sd=2.0),), 33),
    Sample((A,), (Distribution("pert", 0.0, 3.0, mode=1.0),), 33, "monte-carlo"),
]


@pytest.mark.parametrize("design", DESIGNS, ids=lambda design: design.kind)
def test_points_are_the_same_however_a_design_is_cut(design: Design) -> None:
    """To the last bit. Breaks when anything depends on where a piece starts, or on how long it is."""
    whole, labels = rows(design), design.labels()
    assert len(whole) == len(labels) == design.count
    for width in (1, 3, 8):
        pieces = range(0, design.count, width)
        assert list(itertools.chain(*(rows(design, start, start + width) for start in pieces))) == whole
        assert list(itertools.chain(*(design.labels(start, start + width) for start in pieces))) == labels
    assert rows(design, design.count) == []
    assert rows(design, 2, design.count + 5) == whole[2:]


@pytest.mark.parametrize("design", DESIGNS, ids=lambda design: design.kind)
def test_figures_come_as_arrays_and_all_else_as_lists(design: Design) -> None:
    for lever in design.levers:
        values = design.points(0, 2)[lever.path]
        assert isinstance(values, np.ndarray if lever.kind == "figure" else list)
    assert design.describe()["kind"] == design.kind


def test_a_grid_has_every_combination_once() -> None:
    values: list[list[Any]] = [[1.0, 2.0], ["core", "all"], [5.0, 6.0, 7.0]]
    design = Grid((A, SCOPE, B), (np.array(values[0]), values[1], np.array(values[2])))
    assert rows(design) == list(itertools.product(*values))


def test_a_grid_of_a_billion_points_takes_no_memory() -> None:
    """Breaks when points are made that nobody asked for: a billion of them would take 24 GB."""
    thousand = np.arange(1000.0)
    design = Grid((A, B, C), (thousand, thousand, thousand))
    assert design.count == 10**9
    assert rows(design, 123_456_788, 123_456_790) == [(123, 456, 788), (123, 456, 789)]
    assert Corners(tuple(figure(f"l{number}") for number in range(29))).points(2**28, 2**28 + 1)["l0"] == [3]


def test_one_factor_at_a_time_moves_all_years_of_a_figure_together() -> None:
    design = OneAtATime((A, *YEARS, SCOPE))
    assert rows(design) == [
        (1, 2, 20, "core"),
        (0, 2, 20, "core"),
        (3, 2, 20, "core"),
        (1, 1, 10, "core"),
        (1, 3, 30, "core"),
        (1, 2, 20, "core"),
        (1, 2, 20, "all"),
    ]
    assert design.labels() == ["base", "a low", "a high", "price low", "price high", "scope low", "scope high"]
    assert design.moved(0) == ("", "base")
    assert design.moved(4) == ("price", "high")


def test_corners_are_all_combinations_of_ends() -> None:
    design = Corners((A, *YEARS, SCOPE))
    ends = itertools.product([0, 3], [(1, 10), (3, 30)], ["core", "all"])
    assert rows(design) == [(a, *price, scope) for a, price, scope in ends]


@pytest.mark.parametrize("levels", [2, 4, 10])
def test_a_trajectory_moves_each_factor_once_by_half_the_levels(levels: int) -> None:
    """Breaks when a step leaves the range, a factor is moved twice, or the grid of levels is missed."""
    levers = tuple(figure(f"l{number}") for number in range(6))
    design = Morris(levers, trajectories=50, levels=levels, seed=1)
    steps = design.steps().reshape(50, 7, 6)
    moves = np.diff(steps, axis=1)
    delta = levels / (2 * (levels - 1))
    assert np.abs(moves[moves != 0]) == pytest.approx(delta)
    assert ((moves != 0).sum(axis=1) == 1).all()
    assert ((moves != 0).sum(axis=2) == 1).all()
    assert steps * (levels - 1) == pytest.approx(np.round(steps * (levels - 1)))
    assert (steps.min(), steps.max()) == (0, 1)
    assert np.asarray(design.points()["l2"]) == pytest.approx(3 * design.steps()[:, 2])
    # Both directions, and every level in reach, come about equally often.
    assert 0.4 < (moves[moves != 0] > 0).mean() < 0.6
    assert len(np.unique(np.round(steps, 9))) == levels


def test_a_longer_morris_design_begins_with_the_shorter_one() -> None:
    short, long = (Morris((A, B, C), trajectories=size, seed=1) for size in (3, 9))
    assert rows(long, 0, short.count) == rows(short)


def test_blocks_of_sobol_indices_take_one_factor_after_the_other_from_b() -> None:
    design = SobolIndices((A, *YEARS, B), (FLAT,) * 4, 8, seed=1)
    assert design.factors == ("a", "price", "b")
    blocks = design.quantiles().reshape(8, 5, 3)
    first, last = blocks[:, 0], blocks[:, 4]
    for factor in range(3):
        expected = first.copy()
        expected[:, factor] = last[:, factor]
        assert (blocks[:, 1 + factor] == expected).all()
    assert (first != last).all()
    points = design.points()
    assert (points["price.2025"] == points["price.2026"]).all()


@pytest.mark.parametrize("method", ["sobol", "latin-hypercube", "monte-carlo"])
def test_draws_follow_their_distribution_independently(method: str) -> None:
    """Kolmogorov's distance of 4096 independent draws stays below 2 / 64 but once in a thousand; stratified draws are
    far closer. Rank correlations stay below 4 / 64.
    """
    drawn = flat(6, method, 4096).quantiles()
    for column in drawn.T:
        distance = kstest(column, "uniform").statistic
        assert distance < (2 / 64 if method == "monte-carlo" else 1 / 4096 + 1e-9)
    ranks = np.asarray(spearmanr(drawn).statistic)
    assert np.abs(ranks - np.eye(6)).max() < 4 / 64


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64, 1000])
def test_a_latin_hypercube_has_one_draw_in_each_part(size: int) -> None:
    drawn = latin_hypercube("prices.tokens", 3, size, 0, size)
    assert sorted(np.floor(drawn * size)) == list(range(size))


@given(st.integers(1, 3000), st.integers(0, 2**32))
def test_places_in_a_random_order_are_all_different(size: int, seed: int) -> None:
    keys = np.random.default_rng(seed).integers(0, 2**64, 8, dtype=np.uint64)
    assert sorted(permuted(np.arange(size, dtype=np.uint64), size, keys)) == list(range(size))


def test_every_order_is_about_equally_likely() -> None:
    """All 24 orders of four within four standard errors of a twenty-fourth, in 12,000 draws."""
    random = np.random.default_rng(0)
    keys = random.integers(0, 2**64, (12_000, 8), dtype=np.uint64)
    counts = Counter(tuple(permuted(np.arange(4, dtype=np.uint64), 4, key).tolist()) for key in keys)
    assert len(counts) == 24
    assert all(abs(count - 500) < 4 * math.sqrt(500) for count in counts.values())


@pytest.mark.parametrize("method", ["latin-hypercube", "monte-carlo"])
def test_draws_of_a_lever_do_not_depend_on_the_others(method: Any) -> None:
    """Common random numbers. Breaks when the draws depend on the order or the number of levers."""
    alone = Sample((B,), (FLAT,), 64, method, 9)
    among = Sample((A, B, C), (FLAT,) * 3, 64, method, 9)
    assert (np.asarray(alone.points()["b"]) == among.points()["b"]).all()
    assert (np.asarray(among.points()["a"]) != among.points()["b"]).all()


@pytest.mark.parametrize("method", ["sobol", "latin-hypercube", "monte-carlo"])
def test_a_seed_decides_the_draws(method: str) -> None:
    first, again, other = (flat(2, method, 64, seed).quantiles() for seed in (1, 1, 2))
    assert (first == again).all()
    assert (first != other).all()


def test_a_sobol_sample_fills_the_square_evenly() -> None:
    """256 points in two dimensions: one in each of 16 x 16 boxes (a (0, 8, 2)-net); random points leave a third
    empty.
    """
    drawn = sobol(2, 5, 0, 256)
    assert len({(int(x * 16), int(y * 16)) for x, y in drawn}) == 256
    # In the middle of cells of 2^-30, so that none is ever 0, which some distributions have no value for.
    assert (drawn * 2**31 % 2 == 1).all()


def test_monte_carlo_starts_anywhere() -> None:
    whole = monte_carlo("x", 1, 0, 50)
    assert all((monte_carlo("x", 1, start, 50) == whole[start:]).all() for start in range(50))


def test_a_gaussian_copula_has_the_asked_correlation_and_keeps_the_margins() -> None:
    """Correlation of normal scores, within four standard errors of 20,000 draws; a factor without one is untouched."""
    asked = {("l0", "l2"): 0.6, ("l2", "l3"): -0.4}
    plain, bound = (flat(4, "monte-carlo", 20_000, 3, correlations=each).quantiles() for each in (None, asked))
    scores = norm.ppf(bound)
    found = np.corrcoef(scores.T)
    expected = np.eye(4)
    expected[0, 2] = expected[2, 0] = 0.6
    expected[2, 3] = expected[3, 2] = -0.4
    assert np.abs(found - expected).max() < 4 / math.sqrt(20_000)
    assert (plain[:, 1] == bound[:, 1]).all()
    assert plain[:, 0] == pytest.approx(bound[:, 0])
    for column in bound.T:
        assert kstest(column, "uniform").statistic < 2 / math.sqrt(20_000)


def test_full_correlation_makes_factors_one() -> None:
    """The matrix is singular, which a Cholesky decomposition refuses."""
    asked = {("l0", "l1"): 1.0, ("l0", "l2"): -1.0, ("l1", "l2"): -1.0}
    drawn = flat(3, "sobol", 64, correlations=asked).quantiles()
    assert drawn[:, 1] == pytest.approx(drawn[:, 0])
    assert drawn[:, 2] == pytest.approx(1 - drawn[:, 0])


def test_the_factor_of_a_correlation_matrix() -> None:
    matrix = np.array([[1, 0.6, 0.1], [0.6, 1, -0.4], [0.1, -0.4, 1]])
    lower = factor_of_correlations(matrix)
    assert lower @ lower.T == pytest.approx(matrix)
    assert lower == pytest.approx(np.linalg.cholesky(matrix))
    with pytest.raises(ValueError, match="positive semidefinite"):
        factor_of_correlations(np.array([[1, 0.9, -0.9], [0.9, 1, 0.9], [-0.9, 0.9, 1]]))


def test_years_of_a_factor_stand_at_the_same_quantile() -> None:
    design = Sample(YEARS, (Distribution("uniform", 1.0, 3.0), Distribution("uniform", 10.0, 30.0)), 64)
    points = design.points()
    assert design.quantiles().shape == (64, 1)
    assert np.asarray(points["price.2026"]) == pytest.approx(10 * np.asarray(points["price.2025"]))


def length(points: dict[str, Any], chosen: NDArray[np.int64]) -> float:
    """Of the way through points in an order."""
    scaled = np.stack([np.asarray(values)[chosen] for values in points.values()])
    return float(np.sqrt((np.diff(scaled, axis=1) ** 2).sum(axis=0)).sum())


@pytest.mark.parametrize(("size", "share"), [(2, 0.05), (6, 0.45), (54, 0.8)])
def test_neighbours_in_order_are_similar(size: int, share: float) -> None:
    """The way is a fraction of that in the order of the sample: the more levers, the less there is to gain."""
    points = flat(size, count=2048).points()
    chosen = order(points, chunk=512)
    assert sorted(chosen) == list(range(2048))
    assert length(points, chosen) < share * length(points, np.arange(2048))


def test_points_of_one_structure_stay_together() -> None:
    random = np.random.default_rng(0)
    scope = [["core"], ["all"]] * 50
    chosen = order({"scope": scope, "price": random.random(100)})
    changes = sum(scope[one] != scope[other] for one, other in itertools.pairwise(chosen))
    assert sorted(chosen) == list(range(100))
    assert changes == 1


def test_there_is_an_order_of_few_and_of_equal_points() -> None:
    assert list(order({"a": np.array([2.0])})) == [0]
    assert list(order({})) == []
    assert sorted(order({"a": np.full(5, 2.0)})) == list(range(5))
    assert list(order({"a": np.array([0.0, 10.0, 1.0, 9.0])})) == [0, 2, 3, 1]


def test_designs_that_differ_are_described_differently() -> None:
    """Breaks when something that changes the points is left out of what a study's hash is made of."""
    one = flat(2).describe()
    assert one == flat(2).describe()
    others = [
        flat(2, "monte-carlo"),
        flat(2, count=128),
        flat(2, seed=1),
        flat(2, correlations={("l0", "l1"): 0.1}),
        Sample(flat(2).levers, (FLAT, TRIANGLE), 256),
        Table((A,), (np.array([1.0, 2.0]),)),
        Table((A,), (np.array([1.0, 3.0]),)),
        Morris((A,), 4),
        Morris((A,), 4, 6),
    ]
    told = [one, *(each.describe() for each in others)]
    assert all(left != right for left, right in itertools.combinations(told, 2))
