"""Why a case has no plan, and what would mend that: the least changes of its figures, ranked by what the plans cost."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from leam_opt.case.schema import Case
from leam_opt.errors import AuditError, InfeasibleError, InterruptedSearchError, SolveError
from leam_opt.insight.conflict import Rule, rule_text, rules_of, spans
from leam_opt.insight.feasible import OutOfTimeError, Overrides, Variants
from leam_opt.insight.mend import Change, Search, any_changes_sets, further, overrides_of
from leam_opt.insight.rule_texts import shown
from leam_opt.insight.rules import said
from leam_opt.solve.conflict import Conflict
from leam_opt.solve.plan import Plan
from leam_opt.solve.problem import Problem
from leam_opt.solve.progress import Progress
from leam_opt.solve.run import solve
from leam_opt.solve.search import NO_GAP, PROVEN_GAP
from leam_opt.words import ENGLISH, Words

_SEARCH_SHARE = 0.5
"""Part of the time for finding repairs; the rest is for solving them."""
_SEARCH_SECONDS = 120.0
"""Time for finding them at most: where money is at odds, one further conflict of a large case takes half a minute."""
_TRIES = 3


@dataclass(frozen=True)
class Repair:
    """Changes of figures under which the case has a plan, and that plan's figures, audited by the ledger.

    Attributes:
        changes: the figures that give way; none of them can give way less, and none can be left out.
        overrides: what `Case.override` takes, in the scenario.
        deficit_meur, unfunded_gap_meur, public_money_meur: of the best plan, M EUR.
        mip_gap, status: how far it is proven.
    """

    changes: tuple[Change, ...]
    overrides: Overrides
    deficit_meur: float
    unfunded_gap_meur: float
    public_money_meur: float
    mip_gap: float
    status: str

    @property
    def rank(self) -> tuple[float, float, float]:
        """The best first: least unfunded gap, then least deficit, then least public money."""
        gap = self.unfunded_gap_meur if self.unfunded_gap_meur > NO_GAP else 0.0
        return gap, self.deficit_meur, self.public_money_meur

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "changes": [_change(change) for change in self.changes],
            "overrides": dict(self.overrides),
            "deficit_meur": self.deficit_meur,
            "unfunded_gap_meur": self.unfunded_gap_meur,
            "public_money_meur": self.public_money_meur,
            "mip_gap": self.mip_gap,
            "status": self.status,
        }


def _change(change: Change) -> dict[str, Any]:
    limit = change.limit
    data = {"path": limit.path, "from": limit.value, "to": change.value, "unit": limit.unit, "rule": limit.rule}
    years = list(limit.years) if limit.is_for_some_years else []
    told = {"kind": limit.kind, "names": dict(limit.names), "years": years}
    return data | told | {"is_dropped": limit.is_dropped_at(change.value)}


@dataclass(frozen=True)
class Repairs:
    """Why a case has no plan, and what would mend that.

    Attributes:
        scenario: name of the scenario, empty for the case itself.
        rules: rules that cannot hold together, from which none can be dropped; none where the case has a plan.
        repairs: verified repairs, the best first.
        complete: whether every smallest set of at most three figures was looked at, and every repair was solved that
            could be among the best; false where time ran out.
    """

    scenario: str
    rules: tuple[Rule, ...]
    repairs: tuple[Repair, ...]
    complete: bool

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "scenario": self.scenario,
            "rules": [rule.to_dict() for rule in self.rules],
            "repairs": [repair.to_dict() for repair in self.repairs],
            "complete": self.complete,
        }

    @property
    def sentences(self) -> list[str]:
        """The same in words."""
        return sentences(self.to_dict())


def repairs(
    case: Case,
    scenario: str | None = None,
    *,
    mip_gap: float = PROVEN_GAP,
    time_limit: float | None = None,
    progress: Callable[[Progress], None] | None = None,
    seed: int = 0,
    most: int = 6,
    conflict: Conflict | None = None,
) -> Repairs:
    """Finds the rules of a case that cannot hold together, and the cheapest changes of its figures that mend that.

    Each figure of a conflict is given way altogether; where there is a plan then, bisection finds the least change, in
    steps that a planner would write (whole numbers exactly; 0.1 MW, 0.1 percentage points). Where no single figure
    suffices, sets of up to three are looked at. The plans of the mended cases are solved and audited.

    Args:
        case: the case.
        scenario: name of one of its scenarios; None takes the case itself.
        mip_gap: gap that each plan is proven to, relative to gross cost.
        time_limit: seconds for everything together, half of them, and two minutes at most, for finding repairs; what
            was found until then is returned.
        progress: called now and then while HiGHS searches.
        seed: of the solver.
        most: repairs to return at most.
        conflict: that of the case, where it is known already (`InfeasibleError.found`).

    Raises:
        CaseError: unknown scenario.
    """
    resolved = case.scenario(scenario) if scenario else case
    began = time.perf_counter()
    variants = Variants(resolved, Problem.of(resolved), seed)
    maker = _Maker(variants, mip_gap, progress, most, conflict)
    searched = _SEARCH_SECONDS if time_limit is None else min(_SEARCH_SECONDS, _SEARCH_SHARE * time_limit)
    for step, seconds in ((maker.search_all, searched), (maker.solve_all, time_limit)):
        variants.deadline = None if seconds is None else began + seconds
        try:
            step()
        except OutOfTimeError:
            maker.complete = False
    complete = maker.complete and maker.search.complete and not variants.unknown
    return Repairs(scenario or "", tuple(maker.rules), tuple(maker.best()), complete)


class _Maker:
    """Collects rules and repairs, so that they are there whenever time runs out."""

    def __init__(
        self,
        variants: Variants,
        mip_gap: float,
        progress: Callable[[Progress], None] | None,
        most: int,
        conflict: Conflict | None,
    ) -> None:
        self.variants, self.mip_gap, self.progress, self.most = variants, mip_gap, progress, most
        self.conflict = conflict if conflict is not None and conflict.members else None
        self.search = Search(variants)
        self.rules: list[Rule] = []
        self.candidates: list[list[Change]] = []
        self.found: list[Repair] = []
        self.complete = True

    def best(self) -> list[Repair]:
        """The repairs to return."""
        return sorted(self.found, key=lambda repair: repair.rank)[: self.most]

    def search_all(self) -> None:
        """Finds the conflict, then the least changes that mend it.

        Raises:
            OutOfTimeError: the time is over.
        """
        if self.conflict is None and self.variants.has_plan({}):
            return
        if self.variants.unknown:
            return  # whether there is a plan is not known, so that nothing can be said to be at odds
        conflict = self.conflict or self.variants.conflict({})
        self.complete = conflict.is_proven
        self.rules = rules_of(self.variants.case, conflict)
        for given_way in self.search.sets(conflict):
            self.candidates.append(self.search.least(given_way))

    def solve_all(self) -> None:
        """Solves what was found, those first that promise least, until nothing that is left can be among the best.

        Raises:
            OutOfTimeError: the time is over.
        """
        bounds = [self.variants.bound(overrides_of(c), any_changes_sets(c)) for c in self.candidates]
        for bound, changes in sorted(zip(bounds, self.candidates, strict=True), key=lambda pair: pair[0]):
            best = self.best()
            if len(best) == self.most and bound >= best[-1].rank[:2]:
                return
            solved = self._solved(changes)
            if solved is None:
                self.complete = False
                continue
            plan, changes = solved
            figures = (plan.deficit_meur, plan.unfunded_gap_meur, plan.public_money_meur)
            proof = (plan.result.mip_gap, plan.result.status)
            self.found.append(Repair(tuple(changes), overrides_of(changes), *figures, *proof))

    def _solved(self, changes: list[Change]) -> tuple[Plan, list[Change]] | None:
        """The audited plan of the mended case with its changes; None where there is none in the time left.

        A rule that is kept by no more than the solver's tolerance may not stand the audit; one step further it does.
        """
        for steps in range(_TRIES):
            tried = further(changes, steps)
            try:
                return self._plan(tried), tried
            except (InfeasibleError, AuditError):
                continue
            except InterruptedSearchError:
                raise
            except SolveError:
                return None
        return None

    def _plan(self, changes: list[Change]) -> Plan:
        return solve(
            self.variants.case.override(overrides_of(changes)),
            mip_gap=self.mip_gap,
            time_limit=self.variants.left(),
            progress=self.progress,
            seed=self.variants.seed,
            explain=False,
        )


def changes_text(repair: Mapping[str, Any], words: Words = ENGLISH) -> str:
    """What gives way: `at most 8.3 MW of grid power at site North instead of 6.5 MW`."""
    return words.listed([_change_text(change, words) for change in repair["changes"]])


def _change_text(change: Mapping[str, Any], words: Words) -> str:
    value = change["from"] if change["is_dropped"] else change["to"]
    rule = said(change["kind"], value, change["unit"], change["names"], words)
    if change["years"]:
        rule = words("{rule} in {years}", rule=rule, years=spans(change["years"], words))
    if change["is_dropped"]:
        return words("without “{rule}”", rule=rule)
    return words("{rule} instead of {old}", rule=rule, old=shown(change["from"], change["unit"], words))


def sentences(data: Mapping[str, Any], words: Words = ENGLISH) -> list[str]:
    """The rules in conflict and the repairs in words.

    Args:
        data: what `Repairs.to_dict` gives.
        words: the language.
    """
    if not data["rules"]:
        told = [words("The rules in conflict could not be told apart in the time allowed.")]
        return told if not data["complete"] else [words("There is a plan: no rules are in conflict.")]
    listed = "; ".join(rule_text(rule, words) for rule in data["rules"])
    told = [words("No plan satisfies all rules. These cannot hold together: {rules}.", rules=listed)]
    if not data["repairs"]:
        told.append(words("No change of up to three of their figures was found that mends that."))
    told += [repair_sentence(repair, words) for repair in data["repairs"]]
    if not data["complete"]:
        told.append(words("Not all possible changes were looked at; there may be cheaper ones."))
    return told


def repair_sentence(repair: Mapping[str, Any], words: Words = ENGLISH) -> str:
    """A repair and what it costs: `Repair: at least 3 core models instead of 4 ...; deficit 105.3 M€`, and so on."""
    figures = [words("deficit {money}", money=words.money(repair["deficit_meur"]))]
    if repair["unfunded_gap_meur"] > NO_GAP:
        figures.append(words("unfunded gap {money}", money=words.money(repair["unfunded_gap_meur"])))
    figures.append(words("public money {money}", money=words.money(repair["public_money_meur"])))
    return words("Repair: {changes}; {figures}.", changes=changes_text(repair, words), figures=", ".join(figures))
