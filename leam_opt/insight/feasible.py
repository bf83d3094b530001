"""Whether a case has a plan when some of its figures are changed."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from leam_opt.case.derive import derive
from leam_opt.case.schema import Case
from leam_opt.errors import CaseError
from leam_opt.solve.conflict import Conflict, find_conflict, missed
from leam_opt.solve.highs import Cut, Session
from leam_opt.solve.problem import Problem
from leam_opt.solve.search import CUT_TOLERANCE, NO_GAP
from leam_opt.solve.standard_form import StandardForm

Array = NDArray[np.float64]
Overrides = Mapping[str, Any]

_CHECK_SECONDS = 30.0


class OutOfTimeError(Exception):
    """The time for the whole search is over."""


@dataclass
class Variants:
    """A case and what becomes of it under overrides; one compiled model serves all that differ in numbers only.

    Attributes:
        case: the resolved case.
        problem: its compiled formulation.
        seed: of the solver.
        deadline: `time.perf_counter()` at which the search ends; None: never.
        unknown: number of checks that HiGHS could not decide in the time of a check.
    """

    case: Case
    problem: Problem
    seed: int = 0
    deadline: float | None = None
    unknown: int = 0
    _known: dict[tuple[tuple[str, Any], ...], bool] = field(default_factory=dict)
    _plans: list[Array] = field(default_factory=list)
    """Plans that were met on the way: one that keeps the rules of another variant shows that it has a plan, too."""

    def left(self) -> float | None:
        """Seconds left.

        Raises:
            OutOfTimeError: none is.
        """
        if self.deadline is None:
            return None
        seconds = self.deadline - time.perf_counter()
        if seconds <= 0:
            raise OutOfTimeError
        return seconds

    def form(self, overrides: Overrides, rebuild: bool = False) -> tuple[Problem, StandardForm]:
        """The compiled model under overrides.

        Args:
            overrides: as `Case.override` takes them.
            rebuild: whether they may change rows and columns.

        Raises:
            CaseError: the case cannot be so.
        """
        case = self.case.override(overrides) if overrides else self.case
        if not rebuild:
            table = derive(case).values
            if bool(self.problem.template.fits(table)):
                return self.problem, self.problem.template.form(self.problem.template.vector(table))
        problem = Problem.of(case)
        return problem, problem.template.form(problem.template.vector(problem.table))

    def has_plan(self, overrides: Overrides, rebuild: bool = False) -> bool:
        """Whether some plan keeps all rules under overrides, whole numbers included; nothing is optimised.

        Raises:
            OutOfTimeError: see `left`.
        """
        key = tuple(sorted(overrides.items()))
        if key not in self._known:
            self._known[key] = self._check(overrides, rebuild)
        return self._known[key]

    def _check(self, overrides: Overrides, rebuild: bool) -> bool:
        left = self.left()
        try:
            found = self.form(overrides, rebuild)
        except CaseError:
            return False
        problem, form = found
        if problem is self.problem and any(_keeps(form, x) for x in self._plans):
            return True
        nothing = replace(form, objectives=np.zeros((1, len(form.lower))), offsets=np.zeros(1))
        seconds = _CHECK_SECONDS if left is None else min(left, _CHECK_SECONDS)
        outcome = Session(nothing, seed=self.seed).run(0, time_limit=seconds)
        self.left()
        self.unknown += outcome.x is None and outcome.status != "infeasible"
        if outcome.x is not None and problem is self.problem:
            self._plans.append(outcome.x)
        return outcome.x is not None

    def conflict(self, overrides: Overrides, rebuild: bool = False) -> Conflict:
        """A smallest set of rules in conflict under overrides that leave the case without a plan.

        Raises:
            OutOfTimeError: see `left`.
        """
        left = self.left()
        problem, form = self.form(overrides, rebuild)
        found = find_conflict(problem.model, form, self.seed, left)
        self.left()
        return found

    def bound(self, overrides: Overrides, rebuild: bool = False) -> tuple[float, float]:
        """What unfunded gap and deficit cannot be below, M EUR: those without whole numbers.

        Raises:
            OutOfTimeError: see `left`.
        """
        problem, form = self.form(overrides, rebuild)
        session = Session(form, seed=self.seed)
        gap = session.run(0, relax=True, time_limit=self.left())
        if gap.status != "optimal":
            return -np.inf, -np.inf
        missing = gap.primal if gap.primal > NO_GAP else 0.0
        cut = Cut(0, missing + CUT_TOLERANCE)
        deficit = session.run(problem.position["deficit"], cuts=[cut], relax=True, time_limit=self.left())
        return missing, deficit.primal if deficit.status == "optimal" else -np.inf


def _keeps(form: StandardForm, x: Array) -> bool:
    rows, bounds = missed(form, x)
    return not (rows.any() or bounds.any() or (x < form.lower - 1e-6).any())
