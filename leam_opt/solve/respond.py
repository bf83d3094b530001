"""How the continuous decisions of a held plan respond to other figures: one warm linear programme a variant.

The objectives are lexicographic: misses of rules, unfunded gap, deficit, and what the model has behind them. Their
weighted sum is solved from the basis of the variant before. Whether its vertex is optimal in the lexicographic order
is then read off the duals of each objective; only where it is not, the objectives are solved one after the other, each
on the optimal face of those before.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import highspy
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_array

from leam_opt.errors import SolveError
from leam_opt.solve.held import MISSED, HeldForm, Numbers

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

_WEIGHTS = (1e7, 1e2, 1.0, 1e-2, 1e-4, 1e-6)
"""Weights of misses, gap, deficit and later objectives; they only have to find a good vertex, not to prove it."""
_DUAL_TOLERANCE = 1e-9
"""Reduced costs below this are none: a hundred M EUR can hang on a millionth of a rule that is missed, and which of the
two gives way must not depend on the variant that was solved before."""
_USUAL_TOLERANCE = 1e-7
"""The solver's own; for the weighted sum, whose costs are of very different size."""
_DUAL_SIMPLEX, _PRIMAL_SIMPLEX = 1, 4
_OPTIONS: dict[str, bool | int | float | str] = {
    "output_flag": False,
    "threads": 1,
    # Chosen by measurement: steepest-edge weights of a warm basis cost more than they save.
    "simplex_scale_strategy": 0,
    "simplex_dual_edge_weight_strategy": 1,
}
_FOR_MONEY = " (more than the machines fall short: the money has to be earned as well)"
_REASONS = 3
"""Rules that a reason names."""


@dataclass(frozen=True)
class Responses:
    """Answers to n variants.

    Attributes:
        x: (n, all columns) decisions; NaN where there are none.
        status: (n) `evaluated`, `unmet` (a rule is missed, by as little as possible), `infeasible` or `failed`.
        reasons: (n) which rules, and by how much; empty where all hold.
        unmet_share: (n) largest miss of a rule, relative to its size in the plan.
        missed: (n) families of the rules that are missed.
        claims: figures (n) of the model by name of the objective.
        highs_seconds: inside HiGHS.
        resolved: variants whose objectives were solved one after the other.
    """

    x: Array
    status: list[str]
    reasons: list[str]
    unmet_share: Array
    missed: list[frozenset[str]]
    claims: dict[str, Array]
    highs_seconds: float
    resolved: int


class Responder:
    """Solves variants of a held plan one after the other, each from the basis of the last one."""

    def __init__(self, form: HeldForm) -> None:
        self.form = form
        self._stages = len(form.problem.model.stages)
        self._basis: highspy.HighsBasis | None = None
        self._columns = np.arange(form.width, dtype=np.int32)
        self._seconds = 0.0
        self._resolved = 0
        self._for_money = False
        # Some of what is used here is missing in the package's type information.
        self._highs: Any = highspy.Highs()  # type: ignore[no-untyped-call]
        for name, value in _OPTIONS.items():
            self._highs.setOptionValue(name, value)

    def begin_at(self, basis: highspy.HighsBasis | None) -> None:
        """Begins the next variants at a basis, so that they do not depend on those solved before."""
        self._basis = basis

    @property
    def basis(self) -> highspy.HighsBasis | None:
        """The basis of the last variant."""
        return self._basis

    def respond(self, vectors: Array, order: Iterable[int] | None = None) -> Responses:
        """Answers to variants with parameter vectors (n, parameters); an order with alike neighbours makes it quick."""
        form, numbers = self.form, self.form.numbers(vectors)
        began, resolved = self._seconds, self._resolved
        found = np.full((len(vectors), form.width), np.nan)
        status, reasons = [""] * len(vectors), [""] * len(vectors)
        for number in range(len(vectors)) if order is None else order:
            status[number], reasons[number] = self._solve(numbers, number, found[number])
        x = np.tile(form.held, (len(vectors), 1))
        x[:, form.free] = found[:, : len(form.free)]
        unmet, missed = self._misses(numbers, found, status, reasons)
        solved = ~np.isnan(found[:, 0])
        x[~solved] = np.nan
        values = np.einsum(
            "nok,nk->no", np.broadcast_to(numbers.objectives, (len(x), *numbers.objectives.shape[1:])), x
        )
        values += numbers.all("offsets")
        return Responses(
            x=x,
            status=status,
            reasons=reasons,
            unmet_share=unmet,
            missed=missed,
            claims={name: values[:, at] for name, at in form.problem.position.items()},
            highs_seconds=self._seconds - began,
            resolved=self._resolved - resolved,
        )

    def _run(self) -> highspy.HighsModelStatus:
        began = time.perf_counter()
        self._highs.run()
        self._seconds += time.perf_counter() - began
        status: highspy.HighsModelStatus = self._highs.getModelStatus()
        return status

    def _load(self, numbers: Numbers, number: int, costs: Array) -> None:
        form = self.form
        low, high = numbers.sides
        lower, upper = numbers.bounds
        values = numbers.values(number)
        passed = self._highs.passModel(
            form.width,
            len(form.rows),
            len(values),
            int(highspy.MatrixFormat.kColwise),
            int(highspy.ObjSense.kMinimize),
            0.0,
            np.asarray(_WEIGHTS[: 1 + self._stages]) @ costs[: 1 + self._stages],
            lower[number],
            upper[number],
            low[number, form.rows],
            high[number, form.rows],
            form.start,
            form.index,
            values,
            np.zeros(form.width, dtype=np.int32),
        )
        if passed == highspy.HighsStatus.kError:
            raise SolveError("HiGHS refused the model; please report the case")

    def _solve(self, numbers: Numbers, number: int, found: Array) -> tuple[str, str]:
        """Solves one variant into `found`; its status and, where there is no answer, the reason."""
        model = highspy.HighsModelStatus
        costs = numbers.costs(number)
        self._load(numbers, number, costs)
        if self._basis is not None:
            self._highs.setBasis(self._basis)
        status = self._run()
        if status != model.kOptimal:
            # A warm basis can be badly conditioned under other figures; a cold run has the last word.
            self._highs.clearSolver()
            status = self._run()
        if status == model.kUnknown:
            # Where a variant is infeasible by a little, the dual simplex can end without knowing it.
            self._highs.clearSolver()
            self._highs.setOptionValue("simplex_strategy", _PRIMAL_SIMPLEX)
            status = self._run()
            self._highs.setOptionValue("simplex_strategy", _DUAL_SIMPLEX)
        if status in (model.kInfeasible, model.kUnboundedOrInfeasible):
            return "infeasible", self._conflict()
        if status != model.kOptimal:
            return "failed", f"HiGHS stopped with status '{self._highs.modelStatusToString(status)}'"
        if not self._lexicographic(numbers, number, costs):
            return "failed", "the objectives could not be solved one after the other"
        self._basis = self._highs.getBasis()
        found[:] = self._highs.getSolution().col_value
        return "", _FOR_MONEY if self._for_money else ""

    def _lexicographic(self, numbers: Numbers, number: int, costs: Array) -> bool:
        """Makes the vertex optimal in the order of the objectives; False where HiGHS gives up on one of them."""
        face = _Face(self, numbers, number)
        stages = costs[: 1 + self._stages]
        first = face.first_to_improve(stages)
        self._for_money = face.money_behind_misses()
        if first is None:
            return True
        self._resolved += 1
        self._highs.setOptionValue("dual_feasibility_tolerance", _DUAL_TOLERANCE)
        solved = True
        for stage in range(first, len(stages)):
            face.hold()
            self._highs.changeColsCost(self.form.width, self._columns, stages[stage])
            solved = self._run() == highspy.HighsModelStatus.kOptimal
            if not solved:
                break
            face.decide(stages[stage])
        self._highs.setOptionValue("dual_feasibility_tolerance", _USUAL_TOLERANCE)
        return solved

    def _conflict(self) -> str:
        """The rules whose rows prove that nothing fits (a Farkas certificate)."""
        self._highs.setOptionValue("presolve", "off")
        self._highs.clearSolver()
        self._run()
        _, has_ray, ray = self._highs.getDualRay()
        self._highs.setOptionValue("presolve", "choose")
        if not has_ray:
            return "no decisions satisfy all rules"
        form = self.form
        weight = np.abs(np.asarray(ray))
        rules = {part.name for part in form.problem.model.parts if part.is_rule}
        named = [form.families[row] for row in form.rows[np.argsort(-weight)][: np.count_nonzero(weight > 1e-9)]]
        told = [form.says[name] for name in dict.fromkeys(named) if name in rules]
        return "cannot hold together: " + "; ".join(told[:_REASONS] or ["the accounts of the companies"])

    def _misses(
        self, numbers: Numbers, found: Array, status: list[str], reasons: list[str]
    ) -> tuple[Array, list[frozenset[str]]]:
        """Largest relative miss and missed families of each variant; completes status and reasons."""
        form, count = self.form, len(found)
        rows = np.concatenate([form.elastic, form.checked])
        share = numbers.misses(np.nan_to_num(found[:, len(form.free) :]))
        hard = ~form.is_elastic[rows]
        beyond: dict[int, list[int]] = {}
        for number, column in numbers.held_too_many():
            beyond.setdefault(number, []).append(column)
        unmet, missed = np.zeros(count), [frozenset[str]()] * count
        for number in range(count):
            if status[number]:
                unmet[number] = np.nan
                continue
            for_money, reasons[number] = reasons[number], ""
            over = share[number] > MISSED
            if number not in beyond and not over.any():
                status[number] = "evaluated"
                continue
            status[number] = "infeasible" if (over & hard).any() else "unmet"
            worst = np.flatnonzero(over)[np.argsort(-share[number, over])]
            families = [form.families[rows[at]] for at in worst]
            families += [self._bounded(column) for column in beyond.get(number, [])]
            missed[number] = frozenset(families)
            unmet[number] = share[number].max(initial=0.0)
            told: dict[str, str] = {}
            for at in worst:
                family = form.families[rows[at]]
                told.setdefault(family, f"{form.says[family]}: {self._by(share[number, at], rows[at])}")
            reasons[number] = "; ".join(list(told.values())[:_REASONS]) or "; ".join(form.says[f] for f in families[:1])
            if status[number] == "infeasible":
                found[number] = np.nan
            elif for_money:
                reasons[number] += for_money
        return unmet, missed

    def _by(self, share: float, row: int) -> str:
        place = self.form.problem.template.rows[row].index()
        labels = place if isinstance(place, tuple) else (place,)
        where = ", ".join(str(label) for label in labels if label is not None)
        return f"missed by {100 * share:.3g} %" + (f" ({where})" if where else "")

    def _bounded(self, column: int) -> str:
        name = self.form.problem.template.columns[column].parent_component().local_name
        return next((str(part.name) for part in self.form.problem.model.parts if name in part.bounded), str(name))


class _Face:
    """The optimal face of the objectives so far: columns and rows that later objectives may no longer move."""

    def __init__(self, owner: Responder, numbers: Numbers, number: int) -> None:
        self.highs, self.form = owner._highs, owner.form
        self.matrix = csc_array(
            (numbers.values(number), self.form.index, self.form.start), shape=(len(self.form.rows), self.form.width)
        )
        self.lower, self.upper = (side[number] for side in numbers.bounds)
        self.low, self.high = (side[number, self.form.rows] for side in numbers.sides)
        self.columns_held = self.lower == self.upper
        self.rows_held = self.low == self.high
        self._new_columns = np.zeros(self.form.width, dtype=bool)
        self._new_rows = np.zeros(len(self.form.rows), dtype=bool)

    def _read(self) -> None:
        solution = self.highs.getSolution()
        self.x, self.activity = np.asarray(solution.col_value), np.asarray(solution.row_value)

    def first_to_improve(self, stages: Array) -> int | None:
        """The first objective that the vertex does not minimise on the face of those before; None if there is none.

        Its duals are those of the basis: y = B^-T c_B for each objective.
        """
        self._read()
        _, basic = self.highs.getBasicVariables()
        basic = np.asarray(basic)
        is_column = basic >= 0
        basic_columns, basic_rows = basic[is_column], -basic[~is_column] - 1
        self.basic_column = np.zeros(self.form.width, dtype=bool)
        self.basic_column[basic_columns] = True
        self.basic_row = np.zeros(len(self.form.rows), dtype=bool)
        self.basic_row[basic_rows] = True
        on_basis = np.zeros((len(stages), len(basic)))
        on_basis[:, is_column] = stages[:, basic_columns]
        duals = np.zeros((len(stages), len(basic)))
        for stage, cost in enumerate(on_basis):
            if cost.any():
                duals[stage] = self.highs.getBasisTransposeSolve(cost)[1]
        self.of_misses = duals[0]
        reduced = stages - (self.matrix.T @ duals.T).T
        for stage in range(len(stages)):
            if not self._decided(reduced[stage], duals[stage]):
                return stage
        return None

    def money_behind_misses(self) -> bool:
        """Whether less would be missed without the rows about money, by the duals of the misses."""
        return bool((np.abs(self.of_misses[self.form.money_rows]) > MISSED).any())

    def _decided(self, reduced: Array, dual: Array) -> bool:
        """Whether no column or row that may still move improves an objective; those that would worsen it are held."""
        movable = ~self.basic_column & ~self.columns_held
        at_lower = self.x - self.lower <= self.upper - self.x
        gain = np.where(at_lower, -reduced, reduced)
        if (movable & (gain > _DUAL_TOLERANCE)).any():
            return False
        row_movable = ~self.basic_row & ~self.rows_held
        row_at_lower = self.activity - self.low <= self.high - self.activity
        row_gain = np.where(row_at_lower, -dual, dual)
        if (row_movable & (row_gain > _DUAL_TOLERANCE)).any():
            return False
        self._hold(movable & (np.abs(reduced) > _DUAL_TOLERANCE), row_movable & (np.abs(dual) > _DUAL_TOLERANCE))
        return True

    def _hold(self, columns: Mask, rows: Mask) -> None:
        self.columns_held = self.columns_held | columns
        self.rows_held = self.rows_held | rows
        self._new_columns |= columns
        self._new_rows |= rows

    def hold(self) -> None:
        """Tells HiGHS what has been decided."""
        columns = np.flatnonzero(self._new_columns).astype(np.int32)
        rows = np.flatnonzero(self._new_rows).astype(np.int32)
        if len(columns):
            self.highs.changeColsBounds(len(columns), columns, self.x[columns], self.x[columns])
        if len(rows):
            self.highs.changeRowsBounds(len(rows), rows, self.activity[rows], self.activity[rows])
        self._new_columns[:], self._new_rows[:] = False, False

    def decide(self, cost: Array) -> None:
        """Holds what the objective solved last would lose by."""
        self._read()
        solution = self.highs.getSolution()
        reduced, dual = np.asarray(solution.col_dual), np.asarray(solution.row_dual)
        self._hold(
            (np.abs(reduced) > _DUAL_TOLERANCE) & ~self.columns_held, (np.abs(dual) > _DUAL_TOLERANCE) & ~self.rows_held
        )
