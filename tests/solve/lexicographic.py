"""Held plans solved the slow way: cold, one objective after the other, each kept as a row by the next ones."""

from __future__ import annotations

import highspy
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, hstack

from leam_opt.solve.held import HeldForm
from leam_opt.solve.standard_form import StandardForm

Array = NDArray[np.float64]


class Reference:
    """The programme that remains of a held plan, out of the matrix form of the whole model; its elastic columns have
    the units of the held programme.
    """

    def __init__(self, held: HeldForm, form: StandardForm) -> None:
        model = held.problem.model
        names = [row.parent_component().local_name for row in form.rows]
        kept = np.flatnonzero(~np.isin(names, model.implied))
        low, high = form.row_lower[kept], form.row_upper[kept]
        soft, size = held.is_elastic[kept], held.size[kept]
        over, under = np.flatnonzero(soft & np.isfinite(high)), np.flatnonzero(soft & np.isfinite(low))
        rows, self.more = np.append(over, under), len(over) + len(under)
        entries = np.append(-size[over], size[under])
        elastic = csr_array((entries, (rows, np.arange(self.more))), shape=(len(kept), self.more))
        matrix = csr_array(hstack([form.matrix[kept], elastic]))
        lower, upper = form.lower.copy(), form.upper.copy()
        lower[form.is_integer] = upper[form.is_integer] = held.held[form.is_integer]
        self.width = len(lower)
        self.costs = np.zeros((1 + len(model.stages), self.width + self.more))
        self.costs[0, self.width :] = 1.0
        self.costs[1:, : self.width] = form.objectives[: len(model.stages)]
        self.offsets = np.append(0.0, form.offsets[: len(model.stages)])
        lp = highspy.HighsLp()
        lp.num_col_, lp.num_row_ = self.width + self.more, len(kept)
        lp.col_cost_ = self.costs[0]
        lp.col_lower_, lp.col_upper_ = (
            np.append(lower, np.zeros(self.more)),
            np.append(upper, np.full(self.more, np.inf)),
        )
        lp.row_lower_, lp.row_upper_ = low, high
        lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        lp.a_matrix_.start_, lp.a_matrix_.index_, lp.a_matrix_.value_ = matrix.indptr, matrix.indices, matrix.data
        self.lp = lp

    def least_misses(self) -> float:
        """The first of the values alone."""
        highs = self._loaded()
        highs.run()
        assert highs.getModelStatus() == highspy.HighsModelStatus.kOptimal
        return float(highs.getObjectiveValue())

    def _loaded(self) -> highspy.Highs:
        highs = highspy.Highs()  # type: ignore[no-untyped-call]
        options = {"output_flag": False, "presolve": "off"}
        options |= {"primal_feasibility_tolerance": 1e-9, "dual_feasibility_tolerance": 1e-9}
        for name, value in options.items():
            highs.setOptionValue(name, value)
        highs.passModel(self.lp)
        return highs

    def values(self, room: float = 1e-12) -> Array | None:
        """The least misses and the objectives in their order; None where nothing keeps the rules about money."""
        highs = self._loaded()
        columns = np.arange(self.width + self.more, dtype=np.int32)
        found = []
        for cost, offset in zip(self.costs, self.offsets, strict=True):
            highs.changeColsCost(len(columns), columns, cost)
            highs.clearSolver()
            highs.run()
            if highs.getModelStatus() != highspy.HighsModelStatus.kOptimal:
                if not found and highs.getModelStatus() == highspy.HighsModelStatus.kInfeasible:
                    return None
                assert room < 1e-10, highs.modelStatusToString(highs.getModelStatus())
                return self.values(10 * room)  # too narrow a limit is infeasible to the solver's own tolerance
            least = highs.getObjectiveValue()
            found.append(least + offset)
            used = np.flatnonzero(cost).astype(np.int32)
            highs.addRow(-np.inf, least + room * max(1.0, abs(least)), len(used), used, cost[used])
        return np.array(found)


def misses_of(held: HeldForm, form: StandardForm, x: Array) -> tuple[float, float]:
    """Misses of the rules about things, added up in the units of the held programme, and the worst broken other row."""
    names = [row.parent_component().local_name for row in form.rows]
    activity = form.matrix @ x
    broken = np.maximum(np.maximum(form.row_lower - activity, activity - form.row_upper), 0.0)
    broken[np.isin(names, held.problem.model.implied)] = 0.0
    soft = held.is_elastic
    outside = np.maximum(form.lower - x, x - form.upper)[~form.is_integer].max()
    return float((broken / held.size)[soft].sum()), float(max(broken[~soft].max(), outside))
