"""Plans under limits: what may be asked of a case beside its own rules, and what came of it."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from leam_opt.case.schema import Case
from leam_opt.errors import CaseError, InfeasibleError, InterruptedSearchError, SolveError
from leam_opt.solve.plan import Plan
from leam_opt.solve.progress import Progress
from leam_opt.solve.run import solve
from leam_opt.solve.search import CUT_TOLERANCE

Ask = Callable[[Any, Case], None]
"""A rule: `add(model, case)`."""
Callback = Callable[[Progress], None]

ENOUGH_MEUR = 2.5 * CUT_TOLERANCE
"""How far the unfunded gap of a plan may lie above the least one: the limit of `no_more_gap`, and once more the room
that the engine leaves a later stage. Some 26 euros."""


@dataclass(frozen=True)
class Attempt:
    """One search.

    Attributes:
        plan: the plan found, audited; None where there is none.
        infeasible: whether it is proven that there is none.
    """

    plan: Plan | None
    infeasible: bool = False


@dataclass
class Attempts:
    """Searches for plans of one case, with one clock for all of them.

    Attributes:
        case: resolved.
        label: of the scenario.
        mip_gap, time_limit, progress, seed: as for `solve`; the time is that of all searches together.
        count: searches so far.
        stopped: `time_limit` or `interrupted`, where the searches ended before their time.
    """

    case: Case
    label: str
    mip_gap: float
    time_limit: float | None
    progress: Callback | None
    seed: int
    count: int = 0
    stopped: str | None = None
    _began: float = field(default_factory=time.perf_counter)

    @classmethod
    def of(
        cls,
        case: Case,
        scenario: str | None,
        mip_gap: float,
        time_limit: float | None,
        progress: Callback | None,
        seed: int,
    ) -> Attempts:
        """Searches in a scenario of a case; whatever the case optimises, the deficit is its objective here.

        Raises:
            CaseError: unknown scenario.
        """
        resolved = case.scenario(scenario) if scenario else case
        if resolved.objective.name != "deficit":
            resolved = resolved.override({"objective.name": "deficit"})
        return cls(resolved, scenario or "", mip_gap, time_limit, progress, seed)

    @property
    def left(self) -> float | None:
        """Seconds left."""
        return None if self.time_limit is None else self.time_limit - (time.perf_counter() - self._began)

    def best(self, *asked: Ask) -> Plan:
        """The case's best plan; raises what `solve` raises."""
        self.count += 1
        plan = solve(
            self.case,
            mip_gap=self.mip_gap,
            time_limit=self.left,
            progress=self._reporter(""),
            rules=asked,
            seed=self.seed,
        )
        self._note(plan)
        return plan

    def under(self, *asked: Ask, says: str = "", mip_gap: float | None = None, seconds: float | None = None) -> Attempt:
        """The best plan under rules of one's own.

        Args:
            asked: rules.
            says: what is looked for, for `progress`.
            mip_gap: instead of that of all searches.
            seconds: time for this search alone.
        """
        left = self.left
        if self.stopped or (left is not None and left <= 0):
            self.stopped = self.stopped or "time_limit"
            return Attempt(None)
        self.count += 1
        limits = [limit for limit in (left, seconds) if limit is not None]
        try:
            plan = solve(
                self.case,
                mip_gap=mip_gap or self.mip_gap,
                time_limit=min(limits, default=None),
                progress=self._reporter(says),
                rules=asked,
                seed=self.seed,
                explain=False,
            )
        except InfeasibleError:
            return Attempt(None, infeasible=True)
        except InterruptedSearchError:
            self.stopped = "interrupted"
            return Attempt(None)
        except SolveError:  # no plan in time
            if self.left is not None and self.left <= 0:
                self.stopped = "time_limit"
            return Attempt(None)
        self._note(plan)
        return Attempt(plan)

    def _note(self, plan: Plan) -> None:
        """Keeps in mind why the searches end: the user wants it, or all time is used up."""
        if plan.result.status == "interrupted":
            self.stopped = "interrupted"
        elif plan.result.status == "time_limit" and self.left is not None and self.left <= 0:
            self.stopped = "time_limit"

    def _reporter(self, says: str) -> Callback | None:
        if self.progress is None:
            return None
        told, about = self.progress, ": ".join(text for text in (self.label, says) if text)

        def report(state: Progress) -> None:
            stage = f"{about}: {state.stage}" if about else state.stage
            told(Progress(stage, state.incumbent, state.bound, state.gap, state.seconds))

        return report


def within(gap_meur: float, deficit_meur: float | None = None) -> Ask:
    """Asks for no more unfunded gap than a plan has, and for no larger deficit than a limit.

    The gap has the engine's own room of some ten euros: the solver's presolve takes narrower limits for impossible.
    """

    def add(model: Any, case: Case) -> None:
        from pyomo.environ import Constraint

        model.asked_gap = Constraint(expr=model.unfunded_gap <= max(gap_meur, 0.0) + CUT_TOLERANCE)
        if deficit_meur is not None:
            model.asked_deficit = Constraint(expr=model.deficit <= deficit_meur)

    return add


def finite(value: float) -> float | None:
    """A figure for JSON; None where nothing is known."""
    return value if math.isfinite(value) else None


def checked(value: float, name: str, low: float, high: float) -> None:
    """Raises CaseError where an option does not lie between two ends (excluded)."""
    if not low < value < high:
        raise CaseError(f"{name} is {value:g}; it has to lie between {low:g} and {high:g}")
