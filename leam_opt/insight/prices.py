"""Prices of rules: what each rule of a case costs, by the best plan without it, or with a step more or less of it.

Every change is a case of its own that is planned anew to a proven gap and audited; its search begins at the plan whose
rules are priced. Three things are known beforehand, and are used:

- A rule that gives way leaves the plan in place, so that nothing can be lost.
- A rule that asks for more cannot gain: where the plan keeps it as it is, there is nothing to look for.
- A drop gains no more than several drops together, and a step no more than its rule's drop: where nothing is gained,
  what is smaller needs no search.

Rules that have room in the plan are dropped all the same: with whole numbers, room at the optimum does not prove that
nothing better lies behind a rule. Beside the price stands the LP shadow price with the plan's whole numbers held.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from leam_opt.case.schema import Case
from leam_opt.insight.changes import Change, Rule, changes_of, off_rules, rules_of, together
from leam_opt.insight.price_rows import RulePrice, row_of
from leam_opt.insight.price_words import sentences
from leam_opt.insight.replan import NOTHING, Reached, Whole, fitting, replan
from leam_opt.insight.savings import saving
from leam_opt.insight.shadow import Shadow, shadow_prices
from leam_opt.processes import side_by_side
from leam_opt.solve.plan import Plan
from leam_opt.solve.problem import Problem
from leam_opt.solve.progress import Progress
from leam_opt.solve.run import solve
from leam_opt.solve.search import PROVEN_GAP

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["RulePrice", "RulePrices", "prices", "sentences"]

Callback = Callable[[Progress], None]

BOUNDED = "bounded"
"""Status of a change that needs no search: what gives way further gains nothing, and bounds it."""


@dataclass(frozen=True)
class RulePrices:
    """What the rules of a plan cost.

    Attributes:
        case: name of the case.
        scenario: of the plan; empty for the case itself.
        objective, unit: the objective behind the unfunded gap, which savings are told in, and its unit.
        plan: what the plan reaches whose rules are priced.
        rules: rules and changes, in the order of the case.
        seconds: of all solves and shadow prices.
    """

    case: str
    scenario: str
    objective: str
    unit: str
    plan: Reached
    rules: tuple[RulePrice, ...]
    seconds: float

    def to_dict(self) -> dict[str, Any]:
        """Plain data, ready for JSON."""
        plan = self.plan
        return {
            "case": self.case,
            "scenario": self.scenario,
            "objective": self.objective,
            "unit": self.unit,
            "deficit_meur": plan.deficit_meur,
            "unfunded_gap_meur": plan.gap_meur,
            "public_money_meur": plan.public_money_meur,
            "mip_gap": plan.mip_gap,
            "rules": [row_of(price, self.objective, self.unit) for price in self.rules],
            "seconds": self.seconds,
        }

    @property
    def sentences(self) -> list[str]:
        """What the prices say, in English."""
        return sentences(self.to_dict())

    def frame(self) -> pd.DataFrame:
        """One row a change; see `to_dict`."""
        import pandas as pd

        nested = ("names", "values", "overrides")
        return pd.DataFrame([{k: v for k, v in row.items() if k not in nested} for row in self.to_dict()["rules"]])


def prices(
    plan_or_case: Plan | Case,
    scenario: str | None = None,
    *,
    mip_gap: float = PROVEN_GAP,
    time_limit: float | None = None,
    progress: Callback | None = None,
    workers: int | None = 1,
    rules: Sequence[str] | None = None,
) -> RulePrices:
    """What each rule of a plan costs.

    Args:
        plan_or_case: a plan, or a case that is planned first.
        scenario: of the case; None takes the case itself.
        mip_gap: gap that each solve proves, relative to gross cost; smaller savings than this stay undecided.
        time_limit: seconds of each solve.
        progress: called as solves end, with their count.
        workers: processes that solve side by side; None: all cores.
        rules: names of rules (`public_use`, `caps`) or beginnings of paths of the case; None for all.

    Raises:
        CaseError: unknown scenario.
        InfeasibleError, SolveError: the case has no plan.
    """
    began = time.perf_counter()
    if isinstance(plan_or_case, Case):
        plan = solve(plan_or_case, scenario=scenario, mip_gap=mip_gap, time_limit=time_limit, progress=progress)
    else:
        plan = plan_or_case
    return _Pricing(plan, mip_gap, time_limit, progress, workers, began).run(rules)


@dataclass(frozen=True)
class _Task:
    """One solve, for another process."""

    case: Case
    change: Change
    known: Whole
    level: Reached | None
    mip_gap: float
    time_limit: float | None

    def __call__(self) -> Reached:
        """What is reached."""
        change = self.change
        options: dict[str, Any] = {"level": self.level, "mip_gap": self.mip_gap, "time_limit": self.time_limit}
        return replan(self.case, change.overrides, self.known, dropped=change.dropped, **options)


def _carry_out(task: _Task) -> Reached:
    return task()


def _probes(changes: Sequence[Change], numbers: Sequence[int], shadows: Mapping[int, Shadow]) -> list[list[int]]:
    """What is solved at once: rules of one part of the case that have room or no shadow price are dropped together."""
    alone: list[list[int]] = []
    groups: dict[str, list[int]] = {}
    for number in numbers:
        change = changes[number]
        shadow = shadows.get(id(change.rule))
        is_quiet = shadow is not None and (shadow.slack > 0 or (shadow.price == 0 and not shadow.gap))
        if change.way == "drop" and is_quiet:
            groups.setdefault(change.rule.path.partition(".")[0], []).append(number)
        else:
            alone.append([number])
    return [*alone, *groups.values()]


@dataclass
class _Pricing:
    """One run of `prices`."""

    plan: Plan
    mip_gap: float
    time_limit: float | None
    progress: Callback | None
    workers: int | None
    began: float

    def __post_init__(self) -> None:
        self.base = Reached.of(self.plan.result, self.plan.accounts.totals)
        self._due = 0

    def run(self, wanted: Sequence[str] | None) -> RulePrices:
        case = self.plan.case
        rules = rules_of(case, wanted)
        changes = changes_of(case, rules)
        changes += [change for change in off_rules(case) if wanted is None or change.rule.family in wanted]
        shadows = self._shadows(rules)
        reached = self._all(changes, shadows)
        found = [
            self._price(change, result, shadows.get(id(change.rule)))
            for change, result in zip(changes, reached, strict=True)
            if result.status != "invalid"  # the case cannot have the value: there is no such rule
        ]
        main = self.plan.result.stages[1]
        elapsed = time.perf_counter() - self.began
        return RulePrices(case.name, self.plan.scenario, main.name, main.unit, self.base, tuple(found), elapsed)

    def _all(self, changes: Sequence[Change], shadows: Mapping[int, Shadow]) -> list[Reached]:
        """What is reached under each change: steps last, since most of them follow from the drops."""
        reached: dict[int, Reached] = {}
        self._due = len(changes)
        steps = [number for number, change in enumerate(changes) if change.way == "step" and change.is_nested]
        others = [number for number in range(len(changes)) if number not in set(steps)]
        self._probe(changes, _probes(changes, others, shadows), reached)
        dropped = {id(change.rule): reached[n] for n, change in enumerate(changes) if change.way == "drop"}
        left = []
        for number in steps:
            drop = dropped.get(id(changes[number].rule))
            if drop is not None and drop.has_plan and saving(self.base, drop).verdict != "saves":
                reached[number] = self._bounded(drop)
            else:
                left.append([number])
        self._probe(changes, left, reached)
        return [reached[number] for number in range(len(changes))]

    def _probe(self, changes: Sequence[Change], probes: list[list[int]], reached: dict[int, Reached]) -> None:
        """Solves changes, several of them at once where they are expected to gain nothing; halves what gains."""
        while probes:
            tasks = [self._task(together([changes[number] for number in probe])) for probe in probes]
            halves: list[list[int]] = []
            self._report(len(reached))
            for position, result in side_by_side(_carry_out, tasks, self.workers):
                probe = probes[position]
                if len(probe) == 1:
                    reached[probe[0]] = result
                elif result.has_plan and saving(self.base, result).verdict != "saves":
                    reached |= dict.fromkeys(probe, self._bounded(result))
                else:
                    middle = len(probe) // 2
                    halves += [probe[:middle], probe[middle:]]
                self._report(len(reached))
            probes = halves

    def _task(self, change: Change) -> _Task:
        level = self.base if change.way == "tighten" and change.is_nested else None
        return _Task(self.plan.case, change, self.plan.whole, level, self.mip_gap, self.time_limit)

    def _report(self, done: int) -> None:
        if self.progress is not None:
            stage = f"prices of rules: {done} of {self._due}"
            self.progress(Progress(stage, None, None, None, time.perf_counter() - self.began))

    def _bounded(self, loose: Reached) -> Reached:
        """The plan itself, with bounds of what gives way further."""
        gap = min(loose.gap_bound_meur, self.base.gap_meur)
        # The bound of a plan that funds more says nothing of those that do not.
        main = min(loose.main_bound, self.base.main) if loose.gap_meur >= self.base.gap_meur - NOTHING else -np.inf
        return replace(self.base, status=BOUNDED, gap_bound_meur=gap, main_bound=main)

    def _shadows(self, rules: Sequence[Rule]) -> dict[int, Shadow]:
        """Shadow prices by the identity of the rule."""
        figures = {id(rule): rule.figure for rule in rules}
        priced = {key: figure for key, figure in figures.items() if figure is not None}
        problem = Problem.of(self.plan.case)
        found = shadow_prices(self.plan.case, problem, fitting(problem, self.plan.whole), list(priced.values()))
        return dict(zip(priced, found, strict=True))

    def _price(self, change: Change, result: Reached, shadow: Shadow | None) -> RulePrice:
        saved = None
        if result.has_plan and change.way == "tighten" and change.is_nested:
            saved = saving(result, self.base).reversed()
        elif result.has_plan:
            saved = saving(self.base, result, change.is_nested)
        if shadow is None:
            is_binding = change.way == "drop" and saved is not None and saved.value > NOTHING
        else:
            is_binding = shadow.is_binding
        return RulePrice(change, result, saved, shadow, is_binding)
