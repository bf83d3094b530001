"""All plans of a small case within limits by brute force: a linear programme a combination of whole numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import highspy
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import vstack

from leam_opt.case.schema import Case
from leam_opt.solve.formulation import build
from leam_opt.solve.standard_form import compile_model
from tests.maths.enumeration import whole_numbers

Array = NDArray[np.float64]
Amount = Callable[[Any], Any]
"""A linear expression of a model."""


class Everything:
    """All combinations of whole numbers of a case, and linear programmes over what each leaves open.

    Args:
        case: small.
        amounts: expressions that are limited or optimised, by position.
    """

    def __init__(self, case: Case, amounts: Sequence[Amount]) -> None:
        model = build(case)
        form = compile_model(model, [amount(model) for amount in amounts])
        self._whole = np.flatnonzero(form.is_integer).astype(np.int32)
        self.combinations = whole_numbers(form)[:, self._whole]
        self._costs, self._offsets, self._width = form.objectives, form.offsets, len(form.lower)
        lp = highspy.HighsLp()
        lp.num_col_, lp.num_row_ = self._width, len(form.row_lower) + len(amounts)
        lp.col_cost_ = np.zeros(self._width)
        lp.col_lower_, lp.col_upper_ = form.lower, form.upper
        free = np.full(len(amounts), np.inf)
        lp.row_lower_, lp.row_upper_ = np.append(form.row_lower, -free), np.append(form.row_upper, free)
        matrix = vstack([form.matrix, form.objectives]).tocsr()
        lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        lp.a_matrix_.start_, lp.a_matrix_.index_, lp.a_matrix_.value_ = matrix.indptr, matrix.indices, matrix.data
        self._rows = len(form.row_lower)
        self._highs = highspy.Highs()  # type: ignore[no-untyped-call]
        self._highs.setOptionValue("output_flag", False)
        self._highs.passModel(lp)

    def limit(self, amount: int, least: float = -np.inf, most: float = np.inf) -> None:
        """Keeps an amount between two limits; without limits: no longer."""
        offset = self._offsets[amount]
        self._highs.changeRowBounds(self._rows + amount, least - offset, most - offset)

    def least(self, amount: int) -> Array:
        """(combinations,) least amount that each combination allows; infinite where it allows none."""
        columns = np.arange(self._width, dtype=np.int32)
        self._highs.changeColsCost(self._width, columns, self._costs[amount])
        found = [self._value(combination) for combination in self.combinations]
        return np.array(found) + self._offsets[amount]

    def keep(self, which: NDArray[np.bool_]) -> None:
        """Leaves combinations out from now on."""
        self.combinations = self.combinations[which]

    def _value(self, combination: Array) -> float:
        self._highs.changeColsBounds(len(combination), self._whole, combination, combination)
        self._highs.run()
        status = self._highs.getModelStatus()
        if status == highspy.HighsModelStatus.kInfeasible:
            return float(np.inf)
        assert status == highspy.HighsModelStatus.kOptimal, self._highs.modelStatusToString(status)
        return float(self._highs.getObjectiveValue())


def gap(model: Any) -> Any:
    """The unfunded gap."""
    return model.unfunded_gap


def deficit(model: Any) -> Any:
    """The deficit."""
    return model.deficit
