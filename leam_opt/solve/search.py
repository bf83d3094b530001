"""The search for a plan: stages in lexicographic order, and a clean last solution at whole numbers."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from leam_opt.errors import InfeasibleError, InterruptedSearchError, SolveError
from leam_opt.solve.conflict import find_conflict
from leam_opt.solve.highs import Cut, Option, Outcome, Session
from leam_opt.solve.plan import SolveResult, StageResult
from leam_opt.solve.problem import CLAIMS, GROSS_COST, Problem
from leam_opt.solve.progress import Progress
from leam_opt.solve.standard_form import StandardForm
from leam_opt.solve.template import Table

Array = NDArray[np.float64]
Callback = Callable[[Progress], None]

CUT_TOLERANCE = 1.0471975511965976e-5
"""How far a later stage may give up an earlier objective while it looks for whole numbers: ten euros, or ten GPU-hours.

The last solution at whole numbers takes it back. Twenty times the solver's own tolerance: at twice it, the presolve of
HiGHS 1.15.1 was seen to cut off the optimum and to call what was left optimal. No round number: limits that are whole
multiples of their rows' coefficients were seen to keep its presolve busy for ever."""
GAP_ROOM = 1e-3
"""Room of the bounds on the unfunded gap above its least value, M EUR. The limit on its sum is what binds: where bounds
made that limit redundant, HiGHS took ten times as many nodes."""
_NARROW_TOLERANCE = 1e-9
NO_GAP = 1e-6
"""An unfunded gap up to a euro is none."""
CLEAN_TOLERANCE = 1e-9
"""The same for the last solution at whole numbers, relative to the objective."""
PROVEN_GAP = 1e-4
"""Largest gap, relative to gross cost, that is called optimal."""


@dataclass(frozen=True)
class _Relaxed:
    """Solution and bound of the main objective without integrality."""

    x: Array
    dual: float


class _NotWholeError(SolveError):
    """The whole numbers that HiGHS found are no plan when they are held."""


@dataclass
class Search:
    """The stages of one solve.

    Attributes:
        problem: the compiled formulation.
        mip_gap, time_limit, progress, seed: as for `solve`.
        label: of the scenario, for `progress`.
        table: numbers of the variant to solve; None: those that the problem was built for.
        pool: plans (columns) of other variants of the problem; the best one under these numbers is where to begin.
        explain_seconds: how long to look for the rules in conflict where there is no plan; None: as long as it takes,
            zero: not at all.
    """

    problem: Problem
    mip_gap: float
    time_limit: float | None = None
    progress: Callback | None = None
    seed: int = 0
    label: str = ""
    table: Table | None = None
    pool: Sequence[Array] = ()
    explain_seconds: float | None = None
    form: StandardForm = field(init=False)
    stages: list[StageResult] = field(default_factory=list)
    stopped: str | None = None
    highs_seconds: float = 0.0

    def __post_init__(self) -> None:
        self._began = time.perf_counter()
        self.model, self._position = self.problem.model, self.problem.position
        self._begin({})

    def _begin(self, options: dict[str, Option]) -> None:
        # A formulation of the user's own may have set parameters past the table; those stay as they are in its model.
        self._changed = dict(self.table or {})
        self._knows_plan, self._pool_gap = False, np.inf
        self.stages = []
        self.form = self._compiled()
        self._session = Session(self.form, seed=self.seed, options=options)
        self.version = self._session.version

    def _compiled(self) -> StandardForm:
        template = self.problem.template
        return template.form(template.vector(self._changed))

    def _tighten(self, gap_meur: float) -> None:
        self._changed |= self.model.tightened(self.table or self.problem.table, max(gap_meur, 0.0) + GAP_ROOM)
        self.form = self._session.form = self._compiled()

    def _value(self, objective: int, x: Array) -> float:
        return float(self.form.objectives[objective] @ x + self.form.offsets[objective])

    def _scale(self, stage: int, x: Array) -> float:
        """What a stage's gap is relative to: gross cost for money, its own size for anything else."""
        in_money = self.model.stages[stage].unit == "MEUR"
        return max(abs(self._value(self._position[GROSS_COST] if in_money else stage, x)), 1.0)

    def _left(self) -> float | None:
        return None if self.time_limit is None else self.time_limit - (time.perf_counter() - self._began)

    def run(self) -> Array:
        """The solution, clean of integrality noise.

        Where a rule is missed by no more than the solver's tolerance, its whole numbers may not hold: it then looks
        again with a narrower one.

        Raises:
            InfeasibleError, SolveError: see `solve`.
        """
        try:
            return self._run()
        except _NotWholeError:
            self.pool = ()
            self._begin({"mip_feasibility_tolerance": _NARROW_TOLERANCE})
            return self._run()

    def _run(self) -> Array:
        # The relaxation of the main objective gives the scale of the gap and a bound that holds whatever happens.
        relaxed = self._relaxation()
        cuts: list[Cut] = []
        x = self._from_pool()
        if x is None:
            x = self._first_plan(relaxed)
        for number, stage in enumerate(self.model.stages):
            if self.stopped:
                break
            if number == 0 and self._pool_gap <= NO_GAP:
                # Money cannot be more than enough: nothing is left to prove.
                self.stages.append(StageResult(stage.name, stage.title, stage.unit, 0.0, 0.0, 0.0, 0))
                cuts.append(Cut(0, CUT_TOLERANCE))
                continue
            # The relaxation's gross cost is as a rule below the plan's, so that one run is enough.
            gap_abs = self.mip_gap * self._scale(number, relaxed.x)
            outcome = self._stage(number, cuts, x, gap_abs)
            if outcome.status == "infeasible" and x is None:
                self._infeasible()
            if outcome.x is None and x is None:
                self._no_plan(outcome.status)
            if outcome.x is not None:
                x = outcome.x
            assert x is not None
            primal = self._value(number, x)
            dual = outcome.dual if outcome.status != "infeasible" else -np.inf
            if number == 1:
                dual = max(dual, relaxed.dual)  # where time ran out before HiGHS had a bound of its own
            self.stages.append(
                StageResult(stage.name, stage.title, stage.unit, primal, dual, outcome.seconds, outcome.nodes)
            )
            if outcome.status in ("time_limit", "interrupted"):
                self.stopped = outcome.status
            cuts.append(Cut(number, primal + CUT_TOLERANCE))
            if number == 0:
                cuts[0] = Cut(0, max(primal, 0.0) + CUT_TOLERANCE)
                self._tighten(primal)
        if len(self.stages) == 1:
            main = self.model.stages[1]
            assert x is not None
            self.stages.append(StageResult(main.name, main.title, main.unit, self._value(1, x), relaxed.dual, 0.0, 0))
        assert x is not None
        x = self._clean(x)
        self.stages = [replace(s, primal=self._value(i, x)) for i, s in enumerate(self.stages)]
        return x

    def _relaxation(self) -> _Relaxed:
        outcome = self._session.run(1, relax=True, time_limit=self._left())
        self.highs_seconds += outcome.seconds
        if outcome.status == "infeasible":
            self._infeasible()
        if outcome.status == "unbounded":
            raise SolveError("the relaxed model is unbounded: a rule of one's own has taken a limit away")
        if outcome.x is None:
            self._no_plan(outcome.status)
        return _Relaxed(outcome.x, outcome.dual)

    def _from_pool(self) -> Array | None:
        """The best plan of the pool under the numbers to solve, with its whole numbers held; None if none can be kept.

        A start alone gains nothing: HiGHS goes on looking for better plans in sub-problems. With a plan that is as a
        rule already the best one, that is idle work, and all that is left is to prove it.
        """
        best: tuple[float, float] | None = None
        x: Array | None = None
        for plan in self.pool:
            found = self._held_values(plan)
            if found is not None and (best is None or found[1:] < best):
                x, best = found[0], found[1:]
        if x is None or best is None:
            return None
        self._knows_plan, self._pool_gap = True, best[0]
        self._tighten(best[0])
        return x

    def _held_values(self, plan: Array) -> tuple[Array, float, float] | None:
        """Columns, unfunded gap (to the euro) and main objective of a plan whose whole numbers are held."""
        whole = self.form.is_integer
        least = self._session.run(0, fixed=whole, start=plan, relax=True, time_limit=self._left())
        self.highs_seconds += least.seconds
        if least.x is None:
            return None
        gap = max(least.primal, 0.0)
        cut = Cut(0, gap + CUT_TOLERANCE)
        main = self._session.run(1, cuts=[cut], fixed=whole, start=plan, relax=True, time_limit=self._left())
        self.highs_seconds += main.seconds
        return None if main.x is None else (main.x, gap if gap > NO_GAP else 0.0, main.primal)

    def _first_plan(self, relaxed: _Relaxed) -> Array | None:
        """A plan of the restricted model where money is short: its gap bounds the search from the start.

        The plan of least gap then hardly ever borrows; that it cannot be beaten has to be proven all the same, with
        narrower bounds and without the heuristics that cost more than half of the time to find nothing better.
        """
        least = self._session.run(0, relax=True, time_limit=self._left())
        self.highs_seconds += least.seconds
        if least.x is None or least.primal <= NO_GAP:
            return None
        column = {id(variable): i for i, variable in enumerate(self.form.columns)}
        fixed, start = np.zeros(len(self.form.columns), dtype=bool), np.zeros(len(self.form.columns))
        for variable, value in self.model.restriction:
            if (position := column.get(id(variable))) is not None:
                fixed[position], start[position] = True, value
        gap_abs = self.mip_gap * self._scale(0, relaxed.x)
        outcome = self._session.run(0, fixed=fixed, start=start, gap_abs=gap_abs, time_limit=self._left())
        self.highs_seconds += outcome.seconds
        if outcome.x is None:
            return None
        self._knows_plan = True
        self._tighten(outcome.primal)
        return outcome.x

    def _stage(self, number: int, cuts: Sequence[Cut], x: Array | None, gap_abs: float) -> Outcome:
        stage = self.model.stages[number]
        title = f"{self.label}: {stage.title}" if self.label else stage.title
        fixed = None if x is None else self._held(stage)
        for last in (False, False, True):
            outcome = self._session.run(
                number,
                cuts=cuts,
                fixed=fixed,
                start=x,
                gap_abs=gap_abs,
                time_limit=self._left(),
                heuristics=not self._knows_plan,
                stage=title,
                progress=self.progress,
            )
            self.highs_seconds += outcome.seconds
            if last or outcome.status != "optimal" or outcome.x is None:
                break
            # The gap asked for is relative to this plan's own gross cost, which the one before may have overrated.
            wanted = self.mip_gap * self._scale(number, outcome.x)
            if outcome.primal - outcome.dual <= wanted + 1e-12:
                break
            gap_abs, x = wanted / 2, outcome.x
        return outcome

    def _held(self, stage: Any) -> NDArray[np.bool_] | None:
        """Columns that a stage keeps: the integer decisions that it holds."""
        if stage.is_free:
            return None
        family = [variable.parent_component().local_name for variable in self.form.columns]
        if stage.only_free is not None:
            held = np.array([name not in stage.only_free for name in family])
        else:
            held = np.array([name in stage.held for name in family])
        return held & self.form.is_integer

    def _clean(self, x: Array) -> Array:
        """Holds all integer decisions at whole numbers and solves the stages once more as linear programmes."""
        whole = np.where(self.form.is_integer, np.round(x), x)
        cuts: list[Cut] = []
        for number in range(len(self.model.stages)):
            for presolve in (True, False):
                outcome = self._session.run(
                    number, cuts=cuts, fixed=self.form.is_integer, start=whole, relax=True, presolve=presolve
                )
                self.highs_seconds += outcome.seconds
                if outcome.x is not None:
                    break
            if outcome.x is None:
                raise _NotWholeError(
                    f"the plan does not hold at whole numbers (stage '{self.model.stages[number].title}'); "
                    "the case is numerically delicate, please report it"
                )
            whole = outcome.x
            # A thousandth of a euro of room keeps the next stage feasible; nothing stays nothing.
            slack = CLEAN_TOLERANCE * max(1.0, abs(outcome.primal)) if abs(outcome.primal) > CLEAN_TOLERANCE else 0.0
            cuts.append(Cut(number, outcome.primal + slack))
        return whole

    def _infeasible(self) -> NoReturn:
        if self.explain_seconds == 0.0:
            raise InfeasibleError("no plan satisfies all rules of the case")
        limits = [seconds for seconds in (self.explain_seconds, self._left()) if seconds is not None]
        conflict = find_conflict(self.model, self.form, self.seed, min(limits, default=None))
        raise InfeasibleError(conflict.message, conflict.texts, conflict)

    def _no_plan(self, status: str) -> NoReturn:
        reason = {"time_limit": "the time limit ended the search", "interrupted": "the search was interrupted"}
        kind = InterruptedSearchError if status == "interrupted" else SolveError
        raise kind(
            f"{reason.get(status, f'HiGHS stopped ({status})')} before a first plan was found; "
            "allow more time (--time-limit) or a wider gap (--mip-gap)"
        )

    def claims(self, x: Array) -> dict[str, Array]:
        """The optimiser's own figures, for the ledger to confirm."""
        claimed = {"gross_cost_meur": np.array(self._value(self._position[GROSS_COST], x))}
        for name, claim in CLAIMS.items():
            claimed[claim] = np.array(self._value(self._position[name], x))
        return claimed

    def result(self, x: Array, input_hash: str, seconds: float) -> SolveResult:
        """Status, bounds and provenance of the solve."""
        # Proven are the stages in which all decisions were free.
        free = [i for i, stage in enumerate(self.model.stages[: len(self.stages)]) if stage.is_free]
        gap = max(max(self.stages[i].primal - self.stages[i].dual, 0.0) / self._scale(i, x) for i in free)
        deficit = next((s for s in self.stages if s.name == "deficit"), None)
        primal = self._value(self._position["deficit"], x)
        status = self.stopped or ("optimal" if gap <= PROVEN_GAP else "gap_reached")
        return SolveResult(
            status=status,
            mip_gap=gap,
            primal_bound_meur=primal,
            dual_bound_meur=min(deficit.dual, primal) if deficit is not None else -np.inf,
            seconds=seconds,
            highs_seconds=self.highs_seconds,
            solver="HiGHS",
            solver_version=self.version,
            seed=self.seed,
            input_hash=input_hash,
            stages=tuple(self.stages),
            log="".join(self._session.log),
        )
