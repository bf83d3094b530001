"""linopy on the finished arrays: one block of variables and one of rows, which is the best that it can get."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import linopy
import numpy as np
import xarray as xr
from linopy.solvers import Solver
from numpy.typing import NDArray

from tests.benchmarks.peers.programme import DEFAULTS, LIVE, Programme
from tests.benchmarks.peers.timing import Clock, Way

Array = NDArray[np.float64]


@contextmanager
def _silence() -> Iterator[None]:
    """Keeps HiGHS's banner away, which it prints before linopy has told it to be quiet."""
    sys.stdout.flush()
    kept = os.dup(1)
    with open(os.devnull, "w") as nowhere:  # noqa: PTH123 - a device
        os.dup2(nowhere.fileno(), 1)
    try:
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)


def _side(programme: Programme) -> Array:
    """(rows,) the only finite side of each row."""
    return np.where(np.isfinite(programme.row_lower), programme.row_lower, programme.row_upper)


def _terms(programme: Programme) -> tuple[Array, NDArray[np.int64]]:
    """(rows, most entries of a row) coefficients and columns; -1 where a row has fewer."""
    matrix = programme.rows
    counts = np.diff(matrix.indptr)
    row = np.repeat(np.arange(len(counts)), counts)
    place = np.arange(matrix.nnz) - matrix.indptr[row]
    coefficients, columns = np.full((len(counts), counts.max()), np.nan), np.full((len(counts), counts.max()), -1)
    coefficients[row, place], columns[row, place] = matrix.data, matrix.indices
    return coefficients, columns


def built(programme: Programme) -> linopy.Model:
    """The programme as a model."""
    model = linopy.Model()
    x = model.add_variables(lower=programme.lower, upper=programme.upper, dims=["column"], name="x")
    coefficients, columns = _terms(programme)
    labels = np.where(columns >= 0, x.labels.values[columns], -1)
    terms = xr.Dataset({"coeffs": (("row", "_term"), coefficients), "vars": (("row", "_term"), labels)})
    is_lower, is_upper = np.isfinite(programme.row_lower), np.isfinite(programme.row_upper)
    assert ((programme.row_lower == programme.row_upper) | (is_lower != is_upper)).all(), "a row of two sides"
    signs = xr.DataArray(np.where(is_lower & is_upper, "=", np.where(is_lower, ">=", "<=")), dims="row")
    model.add_constraints(
        linopy.LinearExpression(terms, model), signs, xr.DataArray(_side(programme), dims="row"), name="rows"
    )
    model.add_objective((x * xr.DataArray(programme.cost, dims="column")).sum())
    return model


class Rebuild(Way):
    """A new model for every variant, handed over in memory."""

    key = "linopy-rebuild"
    name = "linopy rebuild from the arrays, `io_api='direct'`"

    def __init__(self, given: Sequence[Programme], share: float = 0.2) -> None:
        self.given, self.share = given, share

    def solve(self, variants: Sequence[int], clock: Clock) -> Array:
        """Objectives (n)."""
        found = []
        for i in variants:
            with _silence(), clock.running():
                model = built(self.given[i])
                status = model.solve(solver_name="highs", io_api="direct", **DEFAULTS)
            assert status == ("ok", "optimal")
            found.append(model.objective.value + self.given[i].offset)
        return np.array(found)


class InPlace(Way):
    """One model whose numbers change, and a solver that follows them."""

    key = "linopy-in-place"
    name = "linopy, numbers changed in place, persistent solver"

    def __init__(self, given: Sequence[Programme], share: float = 0.2) -> None:
        self.given, self.share = given, share
        with _silence():
            self.model = built(given[0])
            self.solver = Solver.from_name(
                "highs", model=self.model, io_api="direct", options={**DEFAULTS, **LIVE}, track_updates=True
            )
            self.solver.solve(self.model, assign=True)

    def solve(self, variants: Sequence[int], clock: Clock) -> Array:
        """Objectives (n)."""
        found = []
        for i in variants:
            given = self.given[i]
            with clock.running():
                rows, x = self.model.constraints["rows"], self.model.variables["x"]
                coefficients = xr.DataArray(_terms(given)[0], dims=("row", "_term"))
                rows.update(coeffs=coefficients, rhs=xr.DataArray(_side(given), dims="row"))
                x.update(lower=xr.DataArray(given.lower, dims="column"), upper=xr.DataArray(given.upper, dims="column"))
                self.solver.solve(self.model, assign=True, disallow_rebuild=True)
            assert np.array_equal(given.cost, self.given[0].cost)
            found.append(self.model.objective.value + given.offset)
        return np.array(found)
