"""A linear programme as arrays, and bare HiGHS on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import highspy
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_array, csr_array

Array = NDArray[np.float64]
Places = NDArray[np.int32]

Options = Mapping[str, bool | int | float | str]

DEFAULTS: Options = {"output_flag": False, "threads": 1}
"""Nothing is tuned. Ways that share a process have to agree on their threads: HiGHS has one scheduler."""
LIVE: Options = {"simplex_scale_strategy": 0, "simplex_dual_edge_weight_strategy": 1}
"""What the lane tunes, for peers that keep a basis too: without it HiGHS first computes the weights of a warm basis."""


@dataclass(frozen=True)
class Programme:
    """min cost x + offset, row_lower <= A x <= row_upper, lower <= x <= upper.

    Attributes:
        start, index, value: A in compressed columns.
        cost, lower, upper: (columns,).
        row_lower, row_upper: (rows,).
        offset: constant of the objective.
    """

    start: Places
    index: Places
    value: Array
    cost: Array
    lower: Array
    upper: Array
    row_lower: Array
    row_upper: Array
    offset: float = 0.0

    @property
    def rows(self) -> csr_array:
        """A in compressed rows."""
        shape = len(self.row_lower), len(self.cost)
        return csr_array(csc_array((self.value, self.index, self.start), shape=shape))

    @property
    def size(self) -> str:
        """Rows, columns and entries, for people."""
        return f"{len(self.row_lower):,} rows, {len(self.cost):,} columns, {len(self.value):,} entries"

    def pass_to(self, highs: highspy.Highs) -> None:
        """Hands the arrays to HiGHS, which forgets the model before."""
        passed = highs.passModel(
            len(self.cost),
            len(self.row_lower),
            len(self.value),
            int(highspy.MatrixFormat.kColwise),
            int(highspy.ObjSense.kMinimize),
            self.offset,
            self.cost,
            self.lower,
            self.upper,
            self.row_lower,
            self.row_upper,
            self.start,
            self.index,
            self.value,
            np.zeros(len(self.cost), dtype=np.int32),
        )
        assert passed != highspy.HighsStatus.kError


def bare_highs(options: Options = DEFAULTS) -> highspy.Highs:
    """A HiGHS of its own."""
    highs = highspy.Highs()
    for name, value in options.items():
        assert highs.setOptionValue(name, value) == highspy.HighsStatus.kOk, name
    return highs


def optimum(highs: highspy.Highs) -> float:
    """The objective of the last run, which has to be optimal."""
    status = highs.getModelStatus()
    assert status == highspy.HighsModelStatus.kOptimal, highs.modelStatusToString(status)
    return float(highs.getInfo().objective_function_value)
