"""Duals of a plan: the linear programme that remains where its whole numbers are held, in the order of its objectives.

`held.py` and `respond.py` answer thousands of variants of it; this is for the derivatives of one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import highspy
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from leam_opt.solve.problem import Problem
from leam_opt.solve.standard_form import StandardForm

Array = NDArray[np.float64]
Numbers = Mapping[str, Array]
"""The numbers of a form by the names of the template's arrays."""

_ACTIVE = 1e-6
"""A row with less room, relative to its largest term, binds."""
_NOISE = 1e-9
"""What moves by less, relative to the largest term of its row, is the rounding of differences."""
_BEND = 1e-3
"""Rates of both sides that differ by less, relative to the larger or to 1, are those of a smooth number."""
_LEVEL = 1e-9
"""Room of a limit on an earlier objective, relative to its size."""
_TOLERANCE = 1e-9
"""Of the solver: the differences of the two sides are divided by a step of 1e-5."""


@dataclass(frozen=True)
class Rates:
    """How fast the numbers of a form move with a figure, by its unit."""

    matrix: csr_array
    row_lower: Array
    row_upper: Array
    lower: Array
    upper: Array
    objectives: Array
    offsets: Array


@dataclass(frozen=True)
class Point:
    """An optimal primal and dual point of one objective.

    Attributes:
        objective: its number.
        value: of the objective.
        x, rows: columns, and duals of the rows of the form.
        bounds: duals of the columns' bounds; zero for columns that are held.
        limits: duals of the limits on earlier objectives.
    """

    objective: int
    value: float
    x: Array
    rows: Array
    bounds: Array
    limits: Array

    def rate(self, rates: Rates) -> float:
        """Derivative of the Lagrangian, the limits on earlier objectives at rest."""
        # A dual belongs to the side that binds: the lower one where it is positive.
        sides = np.where(self.rows > 0, rates.row_lower, rates.row_upper)
        ends = np.where(self.bounds > 0, rates.lower, rates.upper)
        cost = rates.objectives[self.objective] @ self.x + rates.offsets[self.objective]
        return float(cost + self.rows @ (sides - rates.matrix @ self.x) + self.bounds @ ends)


@dataclass(frozen=True)
class Solved:
    """The held programme, solved in the order of its objectives."""

    points: tuple[Point, ...]

    @property
    def least_gap(self) -> Point:
        """The optimum of the unfunded gap."""
        return self.points[0]

    @property
    def main(self) -> Point:
        """The optimum of the main objective under the least gap."""
        return self.points[1]

    @property
    def worth_of_gap(self) -> float:
        """What a euro more of unfunded gap changes of the main objective."""
        return float(self.main.limits[0])


class Held:
    """The linear programme that remains where whole numbers are held."""

    def __init__(self, problem: Problem, x: Array) -> None:
        self.template = problem.template
        self.vector = problem.template.vector(problem.table)
        self._whole = problem.template.is_integer
        self._held = np.where(self._whole, np.round(x), 0.0)
        names = [row.parent_component().local_name for row in problem.template.rows]
        # At whole numbers these rows follow from others; they would only make duals ambiguous.
        self._implied = np.isin(names, problem.model.implied)
        self._numbers, self._base = self.template.base(self.vector), self._form(self.vector)
        # Some of what is used here is missing in the package's type information.
        self._highs: Any = highspy.Highs()  # type: ignore[no-untyped-call]
        options: dict[str, bool | int | float | str] = {"output_flag": False, "threads": 1, "presolve": "off"}
        options |= {"primal_feasibility_tolerance": _TOLERANCE, "dual_feasibility_tolerance": _TOLERANCE}
        for name, value in options.items():
            self._highs.setOptionValue(name, value)

    def _form(self, vector: Array) -> StandardForm:
        form = self.template.form(vector)
        form.lower, form.upper = (np.where(self._whole, self._held, side) for side in (form.lower, form.upper))
        form.row_lower = np.where(self._implied, -np.inf, form.row_lower)
        form.row_upper = np.where(self._implied, np.inf, form.row_upper)
        return form

    def solve(self, vector: Array, count: int) -> Solved | None:
        """The optimum of each of the first objectives under those before; None where nothing is feasible."""
        form = self._form(vector)
        points: list[Point] = []
        for number in range(count):
            levels = [point.value + _LEVEL * abs(point.value) for point in points]
            point = self._run(form, number, levels)
            if point is None:
                return None
            points.append(point)
        return Solved(tuple(points))

    def _run(self, form: StandardForm, objective: int, levels: Sequence[float]) -> Point | None:
        limits = np.asarray(levels) - form.offsets[: len(levels)]
        matrix = form.matrix
        starts, indices, data = [matrix.indptr], [matrix.indices], [matrix.data]
        for cost in form.objectives[: len(levels)]:
            used = np.flatnonzero(cost)
            starts.append(np.array([starts[-1][-1] + len(used)]))
            indices.append(used)
            data.append(cost[used])
        rows, width = len(form.row_lower), len(form.lower)
        self._highs.passModel(
            width,
            rows + len(limits),
            sum(map(len, data)),
            int(highspy.MatrixFormat.kRowwise),
            int(highspy.ObjSense.kMinimize),
            float(form.offsets[objective]),
            form.objectives[objective],
            form.lower,
            form.upper,
            np.concatenate([form.row_lower, np.full(len(limits), -np.inf)]),
            np.concatenate([form.row_upper, limits]),
            np.concatenate(starts).astype(np.int32),
            np.concatenate(indices).astype(np.int32),
            np.concatenate(data),
            np.zeros(width, dtype=np.int32),
        )
        self._highs.run()
        if self._highs.getModelStatus() != highspy.HighsModelStatus.kOptimal:
            return None
        solution = self._highs.getSolution()
        dual = np.array(solution.row_dual)
        return Point(
            objective,
            float(self._highs.getInfo().objective_function_value),
            np.array(solution.col_value),
            dual[:rows],
            np.where(self._whole, 0.0, np.array(solution.col_dual)),
            dual[rows:],
        )

    def rates(self, tighter: Array, step: float, relaxed: Array | None = None) -> Rates:
        """How fast the numbers move as a figure gives way by its unit, from parameter vectors a step to either side.

        Bounds that are rounded to whole units jump at some values; what moves on one side only has no rate. A whole
        number has one side only.
        """
        below = self._rate(self._numbers, self.template.base(tighter), step)
        rate = (
            below if relaxed is None else _smooth(below, self._rate(self.template.base(relaxed), self._numbers, step))
        )
        shape = (len(self.template.rows), len(self.template.columns))
        entries = csr_array((rate["data"], self.template.column_of.copy(), self.template.start.copy()), shape=shape)
        objectives = rate["objectives"].reshape(-1, shape[1])
        free = {name: np.where(self._whole, 0.0, rate[name]) for name in ("lower", "upper")}
        return Rates(
            entries, rate["row_lower"], rate["row_upper"], **free, objectives=objectives, offsets=rate["offsets"]
        )

    @staticmethod
    def _rate(above: Numbers, below: Numbers, step: float) -> dict[str, Array]:
        moved = {}
        for name, high in above.items():
            finite = np.isfinite(high) & np.isfinite(below[name])
            moved[name] = np.where(finite, np.where(finite, high, 0.0) - np.where(finite, below[name], 0.0), 0.0) / step
        return moved

    def slack(self, solved: Solved, rates: Rates) -> float:
        """How far a figure can ask for more until a first of its rows and bounds binds, in its unit.

        It is measured in the last point, the plan itself; rows of whole numbers alone count like any other.
        """
        x, form = solved.points[-1].x, self._base
        moved, activity = rates.matrix @ x, form.matrix @ x
        largest, size = np.maximum(abs(form.matrix) @ np.abs(x), 1.0), np.maximum(1.0, np.abs(x))
        return min(
            _distance(form.row_upper - activity, rates.row_upper - moved, largest),
            _distance(activity - form.row_lower, moved - rates.row_lower, largest),
            _distance(form.upper - x, rates.upper, size),
            _distance(x - form.lower, -rates.lower, size),
        )


def _smooth(one: Numbers, other: Numbers) -> dict[str, Array]:
    """The mean of the rates of both sides, where they are the same."""
    same = {name: np.abs(one[name] - other[name]) <= _BEND * np.maximum(np.abs(one[name]), 1.0) for name in one}
    return {name: np.where(same[name], (one[name] + other[name]) / 2, 0.0) for name in one}


def _distance(room: Array, closing: Array, size: Array) -> float:
    """The least room over how fast it closes; room below the tolerance is none."""
    narrows = np.isfinite(room) & (closing > _NOISE * size)
    left = np.where(room > _ACTIVE * size, room, 0.0)
    return float((left[narrows] / closing[narrows]).min(initial=np.inf))
