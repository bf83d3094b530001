"""A Pyomo model as arrays: rows, columns, bounds and several objectives in one matrix form."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyomo.repn import generate_standard_repn
from pyomo.repn.plugins.standard_form import LinearStandardFormCompiler
from scipy.sparse import csr_array

Array = NDArray[np.float64]


@dataclass
class StandardForm:
    """min c x, row_lower <= A x <= row_upper, lower <= x <= upper, some x integer.

    Attributes:
        matrix: (rows, columns) in compressed rows.
        row_lower, row_upper: (rows,), infinite where open.
        lower, upper: (columns,), infinite where open.
        is_integer: (columns,) bool.
        objectives: (stages, columns) costs, in lexicographic order.
        offsets: (stages,) constants of the objectives.
        rows: Pyomo constraints in row order.
        columns: Pyomo variables in column order.
    """

    matrix: csr_array
    row_lower: Array
    row_upper: Array
    lower: Array
    upper: Array
    is_integer: NDArray[np.bool_]
    objectives: Array
    offsets: Array
    rows: list[Any]
    columns: list[Any]

    def coefficient_range(self) -> tuple[float, float]:
        """Smallest and largest absolute value of the matrix entries."""
        sizes = np.abs(self.matrix.data[self.matrix.data != 0])
        return float(sizes.min()), float(sizes.max())


def compile_model(model: Any, expressions: Sequence[Any]) -> StandardForm:
    """Compiles a Pyomo model; `expressions` are its objectives in lexicographic order."""
    form = LinearStandardFormCompiler().write(model, mixed_form=True)
    matrix = csr_array(form.A)
    count, width = matrix.shape
    row_lower, row_upper = np.full(count, -np.inf), np.full(count, np.inf)
    sense = np.array([row.bound_type for row in form.rows])
    # Pyomo's mixed form marks rows by the side that binds: -1 lower, 0 equal, 1 upper.
    rhs = np.asarray(form.rhs, dtype=float)
    row_lower[sense <= 0] = rhs[sense <= 0]
    row_upper[sense >= 0] = rhs[sense >= 0]
    lower = np.array([-np.inf if x.lb is None else x.lb for x in form.columns])
    upper = np.array([np.inf if x.ub is None else x.ub for x in form.columns])
    is_integer = np.array([not x.is_continuous() for x in form.columns])
    objectives, offsets = _objectives(expressions, form.columns, width)
    return StandardForm(
        matrix,
        row_lower,
        row_upper,
        lower,
        upper,
        is_integer,
        objectives,
        offsets,
        [row.constraint for row in form.rows],
        list(form.columns),
    )


def _objectives(expressions: Sequence[Any], columns: Sequence[Any], width: int) -> tuple[Array, Array]:
    position = {id(x): i for i, x in enumerate(columns)}
    costs, offsets = np.zeros((len(expressions), width)), np.zeros(len(expressions))
    for i, expression in enumerate(expressions):
        repn = generate_standard_repn(expression)
        for x, coefficient in zip(repn.linear_vars, repn.linear_coefs, strict=True):
            costs[i, position[id(x)]] += coefficient
        offsets[i] = repn.constant
    return costs, offsets
