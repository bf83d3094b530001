"""pyoptinterface on the finished arrays, with the HiGHS library that highspy brings along."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import highspy
import numpy as np
import pyoptinterface as poi
from numpy.typing import NDArray
from pyoptinterface import highs
from scipy.sparse import csr_array, hstack

from tests.benchmarks.peers.programme import DEFAULTS, LIVE, Options, Programme
from tests.benchmarks.peers.timing import Clock, Way

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]


def is_available() -> bool:
    """Whether it has found a HiGHS library."""
    if not highs.is_library_loaded():
        for library in sorted(Path(highspy.__file__).parent.glob("*highs*.so.*")):
            if highs.load_library(str(library)):
                break
    return bool(highs.is_library_loaded())


def _sides(programme: Programme) -> Iterator[tuple[Any, Mask, Array]]:
    """Kinds of rows: their sense, which they are, and their side."""
    is_equal = programme.row_lower == programme.row_upper
    is_lower, is_upper = np.isfinite(programme.row_lower), np.isfinite(programme.row_upper)
    yield poi.Eq, is_equal, programme.row_lower
    yield poi.Geq, is_lower & ~is_equal, programme.row_lower
    yield poi.Leq, is_upper & ~is_equal, programme.row_upper


def built(
    programme: Programme, options: Options = DEFAULTS, has_one: bool = False
) -> tuple[highs.Model, list[Any], list[Any]]:
    """The programme as a model, with its variables and its rows by their numbers.

    With `has_one` a last variable is fixed at one; its coefficients are the sides of the rows, whose own ones are zero.
    """
    model = highs.Model()
    for name, value in options.items():
        model.set_raw_parameter(name, value)
    bounds = zip(programme.lower.tolist(), programme.upper.tolist(), strict=True)
    x = [model.add_variable(lb=lower, ub=upper) for lower, upper in bounds]
    rows, matrix = [None] * len(programme.row_lower), programme.rows
    if has_one:
        x.append(model.add_variable(lb=1.0, ub=1.0))
        sides = np.where(np.isfinite(programme.row_lower), programme.row_lower, programme.row_upper)
        matrix = hstack([matrix, csr_array(-sides[:, None])], format="csr")
    for sense, chosen, side in _sides(programme):
        added = model.add_m_linear_constraints(matrix[chosen], x, sense, side[chosen] * (not has_one))
        for place, row in zip(np.flatnonzero(chosen), added, strict=True):
            rows[place] = row
    columns = np.arange(len(programme.cost), dtype=np.int32)
    objective = poi.ScalarAffineFunction.from_numpy(programme.cost, columns, programme.offset)
    model.set_objective(objective, poi.ObjectiveSense.Minimize)
    return model, x, rows


def _optimum(model: highs.Model) -> float:
    status = model.get_model_attribute(poi.ModelAttribute.TerminationStatus)
    assert status == poi.TerminationStatusCode.OPTIMAL, status
    return float(model.get_model_attribute(poi.ModelAttribute.ObjectiveValue))


class Rebuild(Way):
    """A new model for every variant."""

    key = "pyoptinterface-rebuild"
    name = "pyoptinterface rebuild from the arrays"

    def __init__(self, given: Sequence[Programme], share: float = 0.5) -> None:
        self.given, self.share = given, share

    def solve(self, variants: Sequence[int], clock: Clock) -> Array:
        """Objectives (n)."""
        found = []
        for i in variants:
            with clock.running():
                model, x, _ = built(self.given[i])
                model.optimize()
                [model.get_value(variable) for variable in x]
            found.append(_optimum(model))
        return np.array(found)


class InPlace(Way):
    """One model, in which the numbers that differ are changed one by one, with its basis.

    Sides of rows are coefficients here: `set_normalized_rhs` of version 0.6.1 makes an equality of an inequality
    (github.com/metab0t/PyOptInterface/issues/104).
    """

    key = "pyoptinterface-in-place"
    name = "pyoptinterface, numbers changed in place, live basis"

    def __init__(self, given: Sequence[Programme], share: float = 0.5) -> None:
        self.given, self.share = given, share
        self.model, self.x, self.rows = built(given[0], {**DEFAULTS, **LIVE}, has_one=True)
        self.model.optimize()
        self.now = given[0]

    def solve(self, variants: Sequence[int], clock: Clock) -> Array:
        """Objectives (n)."""
        found = []
        for i in variants:
            with clock.running():
                self._change(self.given[i])
                self.model.optimize()
                [self.model.get_value(variable) for variable in self.x]
            found.append(_optimum(self.model) - self.given[0].offset + self.given[i].offset)
        return np.array(found)

    def _change(self, new: Programme) -> None:
        old, self.now = self.now, new
        model, x, rows = self.model, self.x, self.rows
        entries = np.flatnonzero(new.value != old.value)
        columns = np.searchsorted(new.start, entries, side="right") - 1
        for row, column, value in zip(new.index[entries], columns, new.value[entries].tolist(), strict=True):
            model.set_normalized_coefficient(rows[row], x[column], value)
        for (_, chosen, side), (_, _, before) in zip(_sides(new), _sides(old), strict=True):
            for row in np.flatnonzero(chosen & (side != before)):
                model.set_normalized_coefficient(rows[row], x[-1], -float(side[row]))
        for column in np.flatnonzero((new.lower != old.lower) | (new.upper != old.upper)):
            model.set_variable_bounds(x[column], float(new.lower[column]), float(new.upper[column]))
        for column in np.flatnonzero(new.cost != old.cost):
            model.set_objective_coefficient(x[column], float(new.cost[column]))
