"""The optimum by brute force: every combination of whole numbers, a linear programme for each, no branch and bound."""

from __future__ import annotations

from dataclasses import dataclass

import highspy
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import vstack

from leam_opt.case.schema import Case
from leam_opt.solve.formulation import build
from leam_opt.solve.standard_form import StandardForm, compile_model

Array = NDArray[np.float64]
_TOLERANCE = 1e-7


@dataclass(frozen=True)
class BruteForce:
    """The least unfunded gap and the least deficit within it.

    Attributes:
        combinations: of whole numbers that a linear programme was solved for.
        feasible: of them.
    """

    gap_meur: float
    deficit_meur: float
    combinations: int
    feasible: int


def enumerate_all(case: Case) -> BruteForce:
    """Tries every combination; rows of a case that a combination breaks whatever the rest is are not tried."""
    model = build(case)
    form = compile_model(model, [model.unfunded_gap, model.deficit])
    combinations = whole_numbers(form)
    programme = _LinearProgramme(form)
    programme.minimise(0)
    gaps = np.array([programme.least(combination) for combination in combinations])
    gap = float(gaps.min())
    programme.minimise(1, gap_max=gap + 1e-6)
    deficit = min(programme.least(combination) for combination in combinations[gaps <= gap + 1e-6])
    return BruteForce(gap, deficit, len(combinations), int(np.isfinite(gaps).sum()))


def whole_numbers(form: StandardForm) -> Array:
    """All combinations of the integer columns, one after the other, as long as no row is broken for certain.

    Returns:
        (combinations, columns) with the integer columns set and zeros elsewhere.
    """
    matrix = form.matrix.toarray()
    with np.errstate(invalid="ignore"):
        at_lower, at_upper = (np.where(matrix == 0, 0.0, matrix * bound) for bound in (form.lower, form.upper))
    smallest, largest = np.minimum(at_lower, at_upper), np.maximum(at_lower, at_upper)
    # Activity of each row: (combinations, rows), first with every column free.
    least, most = smallest.sum(axis=1)[None, :], largest.sum(axis=1)[None, :]
    chosen = np.zeros((1, len(form.lower)))
    for column in np.flatnonzero(form.is_integer):
        values = np.arange(form.lower[column], form.upper[column] + 0.5)
        chosen = np.repeat(chosen, len(values), axis=0)
        chosen[:, column] = np.tile(values, len(chosen) // len(values))
        set_to = chosen[:, column, None] * matrix[:, column]
        least = np.repeat(least, len(values), axis=0) - smallest[:, column] + set_to
        most = np.repeat(most, len(values), axis=0) - largest[:, column] + set_to
        holds = (least <= form.row_upper + _TOLERANCE).all(axis=1) & (most >= form.row_lower - _TOLERANCE).all(axis=1)
        chosen, least, most = chosen[holds], least[holds], most[holds]
    return chosen


class _LinearProgramme:
    """The case without whole numbers, loaded once; bounds and objective change from one combination to the next."""

    def __init__(self, form: StandardForm) -> None:
        self._form = form
        lp = highspy.HighsLp()
        lp.num_col_, lp.num_row_ = len(form.lower), len(form.row_lower) + 1
        lp.col_cost_ = np.zeros(len(form.lower))
        lp.col_lower_, lp.col_upper_ = form.lower, form.upper
        # The last row holds the unfunded gap.
        lp.row_lower_, lp.row_upper_ = np.append(form.row_lower, -np.inf), np.append(form.row_upper, np.inf)
        matrix = vstack([form.matrix, form.objectives[:1]]).tocsr()
        lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        lp.a_matrix_.start_, lp.a_matrix_.index_ = matrix.indptr, matrix.indices
        lp.a_matrix_.value_ = matrix.data
        self._highs = highspy.Highs()  # type: ignore[no-untyped-call]
        self._highs.setOptionValue("output_flag", False)
        self._highs.passModel(lp)
        self._whole = np.flatnonzero(form.is_integer).astype(np.int32)

    def minimise(self, objective: int, gap_max: float = np.inf) -> None:
        """Takes an objective, and a limit on the unfunded gap."""
        columns = np.arange(len(self._form.lower), dtype=np.int32)
        self._highs.changeColsCost(len(columns), columns, self._form.objectives[objective])
        self._highs.changeRowBounds(len(self._form.row_lower), -np.inf, gap_max - self._form.offsets[0])
        self._offset = self._form.offsets[objective]

    def least(self, combination: Array) -> float:
        """Least objective with the whole numbers of a combination; infinite where there is no plan."""
        values = combination[self._whole]
        self._highs.changeColsBounds(len(values), self._whole, values, values)
        self._highs.run()
        status = self._highs.getModelStatus()
        if status == highspy.HighsModelStatus.kInfeasible:
            return float(np.inf)
        assert status == highspy.HighsModelStatus.kOptimal, self._highs.modelStatusToString(status)
        return float(self._highs.getObjectiveValue() + self._offset)
