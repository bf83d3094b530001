"""A plan of a case that differs a little from one whose best plan is known: the search begins at that plan."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from leam_opt.case.derive import derive
from leam_opt.case.schema import Case
from leam_opt.case.structure import structure_hash
from leam_opt.errors import AuditError, CaseError, InfeasibleError, InterruptedSearchError, SolveError
from leam_opt.ledger.audit import Audit, Auditor
from leam_opt.ledger.books import Books
from leam_opt.solve.extract import Layout, columns_of
from leam_opt.solve.plan import SolveResult
from leam_opt.solve.problem import Problem
from leam_opt.solve.search import Search
from leam_opt.solve.template import Table

Array = NDArray[np.float64]
Whole = Mapping[str, int]
"""Whole-number decisions that are not zero, by the name of their column."""

NOTHING = 1e-4
"""A hundred euros, or a hundred GPU-hours: what is less is the room that the solver leaves between its objectives."""
KEPT = "kept"
"""Status of a change under which the known plan stays as good as it was."""
FAILED = ("infeasible", "invalid", "failed")
"""Status of a change that has no plan: no decisions keep the rules, the case may not have the value, no answer."""
_PROBLEMS_KEPT = 4
_problems: OrderedDict[str, Problem] = OrderedDict()
"""Compiled models of this process, by structure; most changes move numbers only."""


@dataclass(frozen=True)
class Reached:
    """What a plan reaches, and what is proven about it.

    Attributes:
        status: that of `SolveResult`, `KEPT`, or one of `FAILED`, whose figures are not a number.
        gap_meur, gap_bound_meur: unfunded gap, and the bound on the least one.
        main, main_bound: the objective behind the gap in its own unit, and its bound under the gap reached.
        deficit_meur, public_money_meur: of the plan, by the ledger.
        mip_gap: largest proven gap of the stages, relative to gross cost.
        reason: why there is no plan.
    """

    status: str
    gap_meur: float = np.nan
    gap_bound_meur: float = np.nan
    main: float = np.nan
    main_bound: float = np.nan
    deficit_meur: float = np.nan
    public_money_meur: float = np.nan
    mip_gap: float = np.nan
    reason: str = ""

    @property
    def has_plan(self) -> bool:
        """Whether there is a plan."""
        return self.status not in FAILED

    @classmethod
    def of(cls, result: SolveResult, totals: Mapping[str, float]) -> Reached:
        """What a finished solve reached."""
        gap, main = result.stages[:2]
        return cls(
            status=result.status,
            gap_meur=max(gap.primal, 0.0),
            gap_bound_meur=max(gap.dual, 0.0),
            main=main.primal,
            main_bound=min(main.dual, main.primal),
            deficit_meur=float(totals["deficit_meur"]),
            public_money_meur=float(totals["public_money_meur"]),
            mip_gap=result.mip_gap,
        )


class _Search(Search):
    """A search that can do without looking."""

    def keep(self, whole: Array, level: Reached) -> Array | None:
        """The plan of these whole numbers, where it is as good under these figures as a plan that cannot be beaten."""
        held = self._held_values(whole)
        if held is None or held[1] > level.gap_meur + NOTHING or held[2] > level.main + NOTHING:
            return None
        return self._clean(held[0])


def fitting(problem: Problem, whole: Whole) -> Array:
    """(columns,) whole numbers in the columns of a problem; those that it does not have are left out."""
    return columns_of(problem, {name: value for name, value in whole.items() if name in problem.whole_columns})


def replan(
    case: Case,
    overrides: Mapping[str, Any],
    known: Whole,
    *,
    level: Reached | None = None,
    dropped: str = "",
    mip_gap: float,
    time_limit: float | None = None,
) -> Reached:
    """The best plan of a case under other figures, audited by the ledger.

    The search begins at a known plan. Where that one can be kept, the result is at least as good.

    Args:
        case: the resolved case.
        overrides: the other figures.
        known: whole numbers of a plan of the case.
        level: what the known plan reaches, where the other figures ask for more: if it is reached still, nothing better
            is to be found, and the bounds of the known plan hold.
        dropped: a rule of the model that has no switch in the case: its rows are left out, and the ledger's rows of
            the same name need not hold. All other rows are audited.
        mip_gap: gap to prove, relative to gross cost.
        time_limit: seconds.
    """
    try:
        changed = case.override(overrides) if overrides else case
    except CaseError as error:
        return Reached("invalid", reason=str(error))
    problem, table = _compiled(changed, dropped)
    start = fitting(problem, known)
    search = _Search(problem, mip_gap, time_limit=time_limit, table=table, pool=[start], explain_seconds=0.0)
    try:
        kept = search.keep(start, level) if level is not None else None
        x = search.run() if kept is None else kept
        if search.stopped == "interrupted":
            raise KeyboardInterrupt  # what was found so far is no answer
        books = Books.of(changed, Layout.of(problem).decisions(x))
        _confirmed(Auditor(books, search.claims(x)).result, dropped)
    except InfeasibleError as error:
        return Reached("infeasible", reason=str(error))
    except InterruptedSearchError:
        raise KeyboardInterrupt from None
    except (SolveError, AuditError) as error:
        return Reached("failed", reason=str(error))
    if kept is not None and level is not None:
        return replace(level, status=KEPT, public_money_meur=float(books.totals["public_money_meur"]))
    return Reached.of(search.result(x, "", 0.0), {name: float(value) for name, value in books.totals.items()})


def _compiled(case: Case, dropped: str) -> tuple[Problem, Table | None]:
    """The model of a case and its numbers; a model with the same rows and columns serves again."""
    if dropped:
        return Problem.of(case, rules=[_Without(dropped)]), None
    derived = derive(case)
    key = structure_hash(case, derived)
    if key not in _problems:
        _problems[key] = Problem.of(case)
        while len(_problems) > _PROBLEMS_KEPT:
            _problems.popitem(last=False)
    _problems.move_to_end(key)
    return _problems[key], derived.values


@dataclass(frozen=True)
class _Without:
    """Takes the rows of a rule out of a model."""

    rule: str

    def __call__(self, model: Any, case: Case) -> None:
        """Deactivates them."""
        import pyomo.environ as pyo

        for row in model.component_objects(pyo.Constraint):
            if row.local_name == self.rule or row.local_name.startswith(f"{self.rule}_"):
                row.deactivate()


def _confirmed(audit: Audit, dropped: str) -> None:
    """Raises AuditError unless all rows hold but those of the rule that was dropped."""
    if any(row.family != dropped for row in audit.violations):
        audit.raise_if_failed()
