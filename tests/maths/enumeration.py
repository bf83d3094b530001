"""The optimum by brute force: every combination of whole numbers, a linear programme for each, no branch and bound."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog

from leam_opt.case.schema import Case
from leam_opt.solve.formulation import build
from leam_opt.solve.standard_form import StandardForm, compile_model

Array = NDArray[np.float64]
_TOLERANCE = 1e-7


@dataclass(frozen=True)
class BruteForce:
    """The least unfunded gap, the least deficit within it, and the least public money within both.

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
    gaps = [_least(form, combination, 0) for combination in combinations]
    least = min(gaps)
    ties = [x for x, gap in zip(combinations, gaps, strict=True) if gap <= least + 1e-6]
    deficit = min(_least(form, combination, 1, gap_max=least + 1e-6) for combination in ties)
    return BruteForce(least, deficit, len(combinations), int(np.isfinite(gaps).sum()))


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


def _least(form: StandardForm, combination: Array, objective: int, gap_max: float | None = None) -> float:
    """Least objective with the whole numbers of a combination; infinite where there is no plan."""
    lower = np.where(form.is_integer, combination, form.lower)
    upper = np.where(form.is_integer, combination, form.upper)
    equal = form.row_lower == form.row_upper
    below, above = np.isfinite(form.row_upper) & ~equal, np.isfinite(form.row_lower) & ~equal
    matrix = form.matrix.toarray()
    rows = [matrix[below], -matrix[above]]
    limits = [form.row_upper[below], -form.row_lower[above]]
    if gap_max is not None:
        rows.append(form.objectives[:1])
        limits.append(np.array([gap_max - form.offsets[0]]))
    found = linprog(
        form.objectives[objective],
        A_ub=np.vstack(rows),
        b_ub=np.concatenate(limits),
        A_eq=matrix[equal],
        b_eq=form.row_lower[equal],
        bounds=np.column_stack([lower, upper]),
        method="highs",
    )
    if found.status == 2:
        return np.inf
    assert found.status == 0, found.message
    return float(found.fun + form.offsets[objective])
