"""HiGHS on arrays: one session a compiled model, single-threaded, with progress, time limit and Ctrl-C."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import highspy
import numpy as np
from numpy.typing import NDArray

from leam_opt.errors import SolveError
from leam_opt.solve.progress import Progress
from leam_opt.solve.standard_form import StandardForm

Array = NDArray[np.float64]

_SUB_PROBLEMS = ("mip_heuristic_run_rens", "mip_heuristic_run_rins", "mip_heuristic_run_root_reduced_cost")
Option = bool | int | float | str

INTEGRALITY_TOLERANCE = 5e-7
"""Far below the cut tolerance of a later stage: a cut as wide as this tolerance makes presolve refuse its own plan."""


@dataclass(frozen=True)
class Outcome:
    """One finished run.

    Attributes:
        status: `optimal` (proven to the gap asked for), `time_limit`, `interrupted`, `infeasible`, or `unbounded`.
        x: (columns,) the incumbent, or None.
        primal, dual: objective of the incumbent and proven bound (equal for an LP).
        seconds: time inside HiGHS.
        nodes: branch-and-bound nodes.
    """

    status: str
    x: Array | None
    primal: float
    dual: float
    seconds: float
    nodes: int


@dataclass(frozen=True)
class Cut:
    """An upper limit on one objective, kept in later stages."""

    objective: int
    limit: float


class Session:
    """HiGHS with one model loaded; `run` solves it for one objective under limits on the earlier ones."""

    def __init__(self, form: StandardForm, *, seed: int = 0, options: dict[str, Option] | None = None) -> None:
        self.form = form
        self.log: list[str] = []
        self._highs = highspy.Highs()  # type: ignore[no-untyped-call]
        # One thread: the same input gives the same plan, and a study uses the other cores.
        settings: dict[str, Option] = {"output_flag": False, "threads": 1, "random_seed": seed, "mip_rel_gap": 0.0}
        # Chosen by measurement on the shipped case over several seeds.
        settings |= {"mip_allow_restart": False, "mip_heuristic_effort": 0.15, "mip_lp_age_limit": 20}
        settings |= {"mip_feasibility_tolerance": INTEGRALITY_TOLERANCE}
        for name, value in (settings | (options or {})).items():
            self._highs.setOptionValue(name, value)
        self._highs.cbLogging += lambda event: self.log.append(event.message)
        self._highs.setOptionValue("output_flag", True)
        self._highs.setOptionValue("log_to_console", False)

    @property
    def version(self) -> str:
        """Version of HiGHS."""
        return str(self._highs.version())

    def _load(self, objective: int, cuts: Sequence[Cut], lower: Array, upper: Array, relax: bool) -> None:
        form = self.form
        limits = np.array([cut.limit - form.offsets[cut.objective] for cut in cuts])
        starts, indices, values = [form.matrix.indptr], [form.matrix.indices], [form.matrix.data]
        for cut in cuts:
            used = np.flatnonzero(form.objectives[cut.objective])
            starts.append(np.array([starts[-1][-1] + len(used)]))
            indices.append(used)
            values.append(form.objectives[cut.objective][used])
        entries = np.concatenate(values)
        # Arrays pass as they are; a HighsLp would copy them number by number.
        passed = self._highs.passModel(
            len(lower),
            len(form.row_lower) + len(cuts),
            len(entries),
            int(highspy.MatrixFormat.kRowwise),
            int(highspy.ObjSense.kMinimize),
            float(form.offsets[objective]),
            form.objectives[objective],
            lower,
            upper,
            np.concatenate([form.row_lower, np.full(len(cuts), -np.inf)]),
            np.concatenate([form.row_upper, limits]),
            np.concatenate(starts).astype(np.int32),
            np.concatenate(indices).astype(np.int32),
            entries,
            np.zeros(len(lower), dtype=np.int32) if relax else form.is_integer.astype(np.int32),
        )
        if passed == highspy.HighsStatus.kError:
            raise SolveError("HiGHS refused the model; please report the case")

    def run(
        self,
        objective: int,
        *,
        cuts: Sequence[Cut] = (),
        fixed: NDArray[np.bool_] | None = None,
        start: Array | None = None,
        gap_abs: float = 0.0,
        time_limit: float | None = None,
        relax: bool = False,
        heuristics: bool = True,
        presolve: bool = True,
        stage: str = "",
        progress: Callable[[Progress], None] | None = None,
    ) -> Outcome:
        """Minimises one objective.

        Args:
            objective: index of the objective.
            cuts: limits on other objectives.
            fixed: (columns,) columns held at their (rounded) value in `start`.
            start: (columns,) a feasible point to begin with.
            gap_abs: absolute gap at which the run stops, in the objective's unit.
            time_limit: seconds.
            relax: whether integrality is dropped.
            heuristics: whether HiGHS solves sub-problems to find better plans; idle work where `start` is hard to beat.
            presolve: whether HiGHS presolves; it finds narrow limits infeasible that are not.
            stage: name of the stage for `progress`.
            progress: called now and then with the incumbent and the bound.
        """
        lower, upper = self.form.lower.copy(), self.form.upper.copy()
        if fixed is not None and start is not None:
            held = np.where(self.form.is_integer, np.round(start), start)
            lower[fixed] = upper[fixed] = held[fixed]
        self._load(objective, cuts, lower, upper, relax)
        self._highs.setOptionValue("mip_abs_gap", gap_abs)
        for name in _SUB_PROBLEMS:
            self._highs.setOptionValue(name, heuristics)
        is_lp = relax or not self.form.is_integer.any()
        began = time.perf_counter()
        attempts = [(start, presolve), (None, presolve), (None, False)]
        for given, presolving in attempts[:1] if is_lp else attempts[start is None :]:
            self._highs.setOptionValue("presolve", "choose" if presolving else "off")
            left = np.inf if time_limit is None else time_limit - (time.perf_counter() - began)
            self._highs.setOptionValue("time_limit", max(left, 0.01))
            if given is not None and not is_lp:
                solution = highspy.HighsSolution()
                solution.col_value = given.tolist()
                self._highs.setSolution(solution)
            interrupted = self._run_in_thread(stage, progress, began)
            outcome = self._outcome(interrupted, time.perf_counter() - began, is_lp)
            # Where presolve alone confirms a start, HiGHS calls it optimal and reports no bound: that proves nothing.
            if outcome.status != "optimal" or np.isfinite(outcome.dual):
                break
            self._highs.clearSolver()
        return outcome

    def _run_in_thread(self, stage: str, progress: Callable[[Progress], None] | None, began: float) -> bool:
        """Runs HiGHS beside the main thread, so that Ctrl-C reaches Python; true if it did."""
        stop = threading.Event()
        highs = self._highs

        def check(event: highspy.HighsCallbackEvent) -> None:
            event.interrupt(stop.is_set())  # always said, since HiGHS keeps the flag from one run to the next

        def report(event: highspy.HighsCallbackEvent) -> None:
            data = event.data_out
            known = abs(data.mip_primal_bound) < 1e30
            incumbent = float(data.mip_primal_bound) if known else None
            gap = float(data.mip_gap) if known and np.isfinite(data.mip_gap) else None
            bound = float(data.mip_dual_bound) if abs(data.mip_dual_bound) < 1e30 else None
            assert progress is not None
            progress(Progress(stage, incumbent, bound, gap, time.perf_counter() - began))

        highs.cbMipInterrupt += check
        highs.cbSimplexInterrupt += check
        if progress is not None:
            highs.cbMipLogging += report
        done = threading.Event()

        def work() -> None:
            try:
                highs.run()
            finally:
                done.set()

        worker = threading.Thread(target=work, daemon=True)
        try:
            worker.start()
            # An event, since a thread whose join was interrupted counts as ended while it still runs.
            while not done.is_set():
                try:
                    done.wait()
                except KeyboardInterrupt:
                    stop.set()
            worker.join()
        finally:
            highs.cbMipInterrupt -= check
            highs.cbSimplexInterrupt -= check
            if progress is not None:
                highs.cbMipLogging -= report
        return stop.is_set()

    def _outcome(self, interrupted: bool, seconds: float, is_lp: bool) -> Outcome:
        highs, model = self._highs, highspy.HighsModelStatus
        status, info = highs.getModelStatus(), highs.getInfo()
        nodes = max(int(info.mip_node_count), 0)
        if status in (model.kInfeasible, model.kUnboundedOrInfeasible):
            return Outcome("infeasible", None, np.inf, np.inf, seconds, nodes)
        if status == model.kUnbounded:
            return Outcome("unbounded", None, -np.inf, -np.inf, seconds, nodes)
        has_plan = info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible
        x = np.array(highs.getSolution().col_value) if has_plan else None
        primal = float(info.objective_function_value) if has_plan else np.inf
        dual = primal if is_lp and status == model.kOptimal else float(info.mip_dual_bound)
        if status == model.kOptimal:
            return Outcome("optimal", x, primal, dual, seconds, nodes)
        if interrupted or status == model.kInterrupt:
            return Outcome("interrupted", x, primal, dual, seconds, nodes)
        if status == model.kTimeLimit:
            return Outcome("time_limit", x, primal, dual, seconds, nodes)
        raise SolveError(f"HiGHS stopped with status '{highs.modelStatusToString(status)}'; no plan is given")
