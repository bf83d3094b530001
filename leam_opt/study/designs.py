"""Designs: which values the levers of a study take at each of its points.

A point is found by its number; nothing is kept of the others, so that a million points take the memory of the piece
that is asked for. The same numbers give the same values, however a design is cut into pieces.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from leam_opt.study.distributions import Distribution
from leam_opt.study.levers import Lever, factors_of
from leam_opt.study.sequences import (
    correlated,
    correlation_matrix,
    factor_of_correlations,
    latin_hypercube,
    monte_carlo,
    sobol,
)
from leam_opt.study.sequences import order as order

Array = NDArray[np.float64]
Points = dict[str, "Array | list[Any]"]
"""Values by the path of a lever: an array for a figure, a list of plain data for anything else."""
Method = Literal["sobol", "latin-hypercube", "monte-carlo"]


class Design(Protocol):
    """What all designs offer; `kind` is what the study file calls them."""

    kind: ClassVar[str]

    @property
    def levers(self) -> tuple[Lever, ...]:
        """What is moved; levers of the same factor move together."""
        ...

    @property
    def count(self) -> int:
        """Number of points."""
        ...

    def points(self, start: int = 0, stop: int | None = None) -> Points:
        """Values of all levers at the points from `start` to `stop` (excluded)."""
        ...

    def labels(self, start: int = 0, stop: int | None = None) -> list[str]:
        """What each point is, in words; empty where its values say it all."""
        ...

    def describe(self) -> dict[str, Any]:
        """Everything that determines the points, as plain data."""
        ...


@dataclass(frozen=True, eq=False)
class _Moved:
    """What the designs have in common."""

    levers: tuple[Lever, ...]

    kind: ClassVar[str]

    @property
    def count(self) -> int:
        """Number of points."""
        raise NotImplementedError

    @cached_property
    def factors(self) -> tuple[str, ...]:
        """Names of what moves independently."""
        return factors_of(self.levers)

    @cached_property
    def _factor_numbers(self) -> list[int]:
        at = {name: number for number, name in enumerate(self.factors)}
        return [at[lever.factor] for lever in self.levers]

    def labels(self, start: int = 0, stop: int | None = None) -> list[str]:
        """What each point is; nothing where its values say it all."""
        return [""] * len(self._numbers(start, stop))

    def describe(self) -> dict[str, Any]:
        """Everything that determines the points, as plain data."""
        levers = [
            {
                "path": lever.path,
                "unit": lever.unit.name if lever.unit else None,
                "base": lever.base,
                "low": lever.low,
                "high": lever.high,
                "factor": lever.factor,
            }
            for lever in self.levers
        ]
        return {"kind": self.kind, "count": self.count, "levers": levers, **self._options()}

    def _options(self) -> dict[str, Any]:
        return {}

    def _numbers(self, start: int, stop: int | None) -> NDArray[np.int64]:
        stop = self.count if stop is None else min(stop, self.count)
        return np.arange(start, max(start, stop), dtype=np.int64)

    def _ends(self, chosen: Callable[[int], NDArray[np.int64]]) -> Points:
        """Points from which end each factor is at: 0 its base, 1 low, 2 high."""
        found: Points = {}
        for lever, factor in zip(self.levers, self._factor_numbers, strict=True):
            values, at = (lever.base, lever.low, lever.high), chosen(factor)
            found[lever.path] = (
                [values[end] for end in at]
                if lever.kind == "structural"
                else np.array([math.nan if value is None else value for value in values])[at]
            )
        return found


@dataclass(frozen=True, eq=False)
class Grid(_Moved):
    """Every combination of the levers' values; the last lever changes fastest."""

    values: tuple[Array | list[Any], ...]
    kind: ClassVar[str] = "grid"

    @property
    def count(self) -> int:
        """Product of the numbers of values."""
        return math.prod(len(values) for values in self.values)

    def points(self, start: int = 0, stop: int | None = None) -> Points:
        """Values of all levers at some points."""
        places = np.unravel_index(self._numbers(start, stop), [len(values) for values in self.values])
        pairs = zip(self.levers, self.values, places, strict=True)
        return {lever.path: _taken(values, place) for lever, values, place in pairs}

    def _options(self) -> dict[str, Any]:
        return {"values": [list(map(_plain, values)) for values in self.values]}


@dataclass(frozen=True, eq=False)
class Table(_Moved):
    """A list of points, written out."""

    values: tuple[Array | list[Any], ...]
    kind: ClassVar[str] = "list"

    @property
    def count(self) -> int:
        """Number of rows."""
        return len(self.values[0])

    def points(self, start: int = 0, stop: int | None = None) -> Points:
        """Values of all levers at some points."""
        rows = self._numbers(start, stop)
        return {lever.path: _taken(values, rows) for lever, values in zip(self.levers, self.values, strict=True)}

    def _options(self) -> dict[str, Any]:
        digest = hashlib.sha256()
        for values in self.values:
            digest.update(json.dumps(list(map(_plain, values)), sort_keys=True).encode())
        return {"values_sha256": digest.hexdigest()}


@dataclass(frozen=True, eq=False)
class OneAtATime(_Moved):
    """The base point, then each factor at its low and at its high end with all others at their base."""

    kind: ClassVar[str] = "one-at-a-time"

    @property
    def count(self) -> int:
        """One, and two for each factor."""
        return 1 + 2 * len(self.factors)

    def moved(self, point: int) -> tuple[str, Literal["base", "low", "high"]]:
        """Which factor a point moves, and to which end; the base point moves none ('')."""
        if point == 0:
            return "", "base"
        return self.factors[(point - 1) // 2], "low" if point % 2 else "high"

    def points(self, start: int = 0, stop: int | None = None) -> Points:
        """Values of all levers at some points."""
        numbers = self._numbers(start, stop)
        return self._ends(lambda factor: np.clip(numbers - 2 * factor, 0, 3) % 3)

    def labels(self, start: int = 0, stop: int | None = None) -> list[str]:
        """`base`, or the factor and its end, such as `prices.tokens low`."""
        return [" ".join(self.moved(int(number))).strip() for number in self._numbers(start, stop)]


@dataclass(frozen=True, eq=False)
class Corners(_Moved):
    """Every combination of the factors' low and high ends; the last factor changes fastest."""

    kind: ClassVar[str] = "corners"

    @property
    def count(self) -> int:
        """Two to the power of the number of factors."""
        return 1 << len(self.factors)

    def points(self, start: int = 0, stop: int | None = None) -> Points:
        """Values of all levers at some points."""
        numbers = self._numbers(start, stop)
        last = len(self.factors) - 1
        return self._ends(lambda factor: 1 + ((numbers >> (last - factor)) & 1))


@dataclass(frozen=True, eq=False)
class _Drawn(_Moved):
    """Points at quantiles of the levers' distributions; levers of one factor stand at the same quantile."""

    distributions: tuple[Distribution, ...]

    def quantiles(self, start: int = 0, stop: int | None = None) -> Array:
        """(n, factors) the quantiles that the factors stand at."""
        raise NotImplementedError

    def points(self, start: int = 0, stop: int | None = None) -> Points:
        """Values of all levers at some points."""
        levels = self.quantiles(start, stop)
        triples = zip(self.levers, self._factor_numbers, self.distributions, strict=True)
        return {lever.path: distribution.ppf(levels[:, factor]) for lever, factor, distribution in triples}

    def _options(self) -> dict[str, Any]:
        return {"distributions": [each.describe() for each in self.distributions]}


@dataclass(frozen=True, eq=False)
class Sample(_Drawn):
    """Points drawn from the levers' distributions.

    Attributes:
        size: number of points.
        method: `sobol` (scrambled), `latin-hypercube` or `monte-carlo`. Where factors are correlated, the parts of a
            Latin hypercube are those before the correlation.
        seed: with the same seed the same points.
        correlations: of the Gaussian copula, by pairs of factors; zero for all others.
    """

    size: int
    method: Method = "sobol"
    seed: int = 0
    correlations: Mapping[tuple[str, str], float] | None = None
    kind: ClassVar[str] = "sample"

    @property
    def count(self) -> int:
        """The number of points."""
        return self.size

    def quantiles(self, start: int = 0, stop: int | None = None) -> Array:
        """(n, factors) the quantiles that the factors stand at."""
        numbers = self._numbers(start, stop)
        first, last = start, start + len(numbers)
        if self.method == "sobol":
            found = sobol(len(self.factors), self.seed, first, last)
        elif self.method == "monte-carlo":
            found = np.stack([monte_carlo(name, self.seed, first, last) for name in self.factors], axis=1)
        else:
            drawn = [latin_hypercube(name, self.seed, self.size, first, last) for name in self.factors]
            found = np.stack(drawn, axis=1)
        if self.correlations:
            columns, lower = self._copula
            found[:, columns] = correlated(found[:, columns], lower)
        return found

    @cached_property
    def _copula(self) -> tuple[list[int], Array]:
        """Numbers of the correlated factors, and the factor of their correlation matrix."""
        given = self.correlations or {}
        names = [name for name in self.factors if any(name in pair for pair in given)]
        matrix = correlation_matrix(names, given)
        return [self.factors.index(name) for name in names], factor_of_correlations(matrix)

    def _options(self) -> dict[str, Any]:
        pairs = [[*pair, rho] for pair, rho in (self.correlations or {}).items()]
        return {"method": self.method, "seed": self.seed, "correlation": pairs, **super()._options()}


@dataclass(frozen=True, eq=False)
class Morris(_Moved):
    """Trajectories on a grid of levels between low and high: each step moves one factor by about half its range.

    Attributes:
        trajectories: each has a point more than there are factors.
        levels: of the grid, an even number; a step goes over half of them.
        seed: with the same seed the same points; a trajectory depends on it and on its number.
    """

    trajectories: int
    levels: int = 4
    seed: int = 0
    kind: ClassVar[str] = "morris"

    @property
    def count(self) -> int:
        """Trajectories times points of each."""
        return self.trajectories * (len(self.factors) + 1)

    def steps(self, start: int = 0, stop: int | None = None) -> Array:
        """(n, factors) where the factors stand between low (0) and high (1)."""
        numbers = self._numbers(start, stop)
        width = len(self.factors) + 1
        if not len(numbers):
            return np.empty((0, len(self.factors)))
        first, last = int(numbers[0]) // width, int(numbers[-1]) // width
        found = np.concatenate([self._trajectory(number) for number in range(first, last + 1)])
        return found[numbers - first * width]

    def points(self, start: int = 0, stop: int | None = None) -> Points:
        """Values of all levers at some points."""
        steps = self.steps(start, stop)
        pairs = zip(self.levers, self._factor_numbers, strict=True)
        # The weighted mean of the ends meets both of them exactly.
        return {
            lever.path: (1 - steps[:, factor]) * lever.low + steps[:, factor] * lever.high for lever, factor in pairs
        }

    def _trajectory(self, number: int) -> Array:
        """(factors + 1, factors)."""
        random = np.random.default_rng([self.seed, number])
        size, half = len(self.factors), self.levels // 2
        start = random.integers(half, size=size)
        goes_down = random.integers(2, size=size).astype(bool)
        rank = random.permutation(size)  # the step that moves each factor
        is_moved = np.arange(size + 1)[:, None] > rank
        return np.asarray((start + half * (is_moved ^ goes_down)) / (self.levels - 1), dtype=float)

    def _options(self) -> dict[str, Any]:
        return {"trajectories": self.trajectories, "levels": self.levels, "seed": self.seed}


@dataclass(frozen=True, eq=False)
class SobolIndices(_Drawn):
    """Points for Sobol's sensitivity indices, in blocks: A, then A with one factor of B after the other, then B.

    Attributes:
        base_points: number of blocks, a power of two.
        seed: with the same seed the same points.
    """

    base_points: int
    seed: int = 0
    kind: ClassVar[str] = "sobol-indices"

    @property
    def count(self) -> int:
        """Blocks times points of each."""
        return self.base_points * (len(self.factors) + 2)

    def quantiles(self, start: int = 0, stop: int | None = None) -> Array:
        """(n, factors) the quantiles that the factors stand at."""
        numbers = self._numbers(start, stop)
        size = len(self.factors)
        if not len(numbers):
            return np.empty((0, size))
        blocks, places = np.divmod(numbers, size + 2)
        drawn = sobol(2 * size, self.seed, int(blocks[0]), int(blocks[-1]) + 1)[blocks - blocks[0]]
        # Place 0 is A, place j takes the factor j - 1 from B, the last place takes all.
        takes_b = (places[:, None] == np.arange(1, size + 1)) | (places[:, None] == size + 1)
        return np.asarray(np.where(takes_b, drawn[:, size:], drawn[:, :size]))

    def _options(self) -> dict[str, Any]:
        return {"base_points": self.base_points, "seed": self.seed, **super()._options()}


def _taken(values: Array | list[Any], places: NDArray[np.int64]) -> Array | list[Any]:
    if isinstance(values, np.ndarray):
        return np.asarray(values[places])
    return [values[place] for place in places]


def _plain(value: Any) -> Any:
    return float(value) if isinstance(value, np.floating) else value
