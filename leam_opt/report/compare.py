"""Scenarios side by side: which financing is best, by how much, and which lines make the difference."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from leam_opt.case.embedded import embedded
from leam_opt.case.schema import Case
from leam_opt.errors import AuditError, CaseError, InfeasibleError, SolveError
from leam_opt.ledger.rows import ONE_EURO_MEUR
from leam_opt.report.bridge import Bridge, deficit_bridge, public_money_bridge
from leam_opt.solve.formulation import Rule
from leam_opt.solve.plan import Plan
from leam_opt.solve.progress import Progress
from leam_opt.solve.run import solve
from leam_opt.solve.search import PROVEN_GAP

if TYPE_CHECKING:
    import pandas as pd

TIGHTENING_SECONDS = 60.0
"""Time for narrower gaps where the ranking is undecided and no time limit is given."""
PLAN_KEYS = (
    *("scenario", "status", "mip_gap", "primal_bound_meur", "dual_bound_meur", "stages", "seconds", "highs_seconds"),
    *("solver", "solver_version", "seed", "input_hash", "five_year_deficit_meur", "unfunded_gap_meur"),
    *("public_money_meur", "gross_cost_meur", "decisions", "whole"),
)
"""What of a plan in JSON it takes to have the plan again."""
STRICT_READING = {"rules.public_use.scope": "all"}
SMALLEST_GAP = 1e-8
"""Relative to gross cost: a few euros; below it the solver's own tolerances speak."""

# What a ranking looks at, in order: title, stage of the solve, figure of the plan.
_MEASURES = (
    ("unfunded gap", "unfunded_gap", "unfunded_gap_meur"),
    ("deficit", "deficit", "deficit_meur"),
    ("public money", "public_money", "public_money_meur"),
)


@dataclass(frozen=True)
class Comparison:
    """Plans of several scenarios in the order of the ranking.

    Attributes:
        case: the case.
        plans: plans by scenario, in the order asked for.
        ranking: scenario names, best first: least unfunded gap, then least deficit, then least public money.
        decided: whether the best is better than the second by more than their solver gaps.
        reason: the ranking in a sentence.
        bridge: lines from the second best's deficit to the best's; the changes add up to the difference.
        strict: plans under the strict reading of charitable status (public use over all pools), by scenario.
        public_money_bridge: the same for public money, by instrument.
        value_for_money: public sector comparator against partnership (present values with percentiles, by component)
            where the case has that section and both of its scenarios are among the plans; None otherwise.
    """

    case: Case
    plans: dict[str, Plan]
    ranking: list[str]
    decided: bool
    reason: str
    bridge: Bridge
    strict: dict[str, Plan] = field(default_factory=dict)
    public_money_bridge: Bridge = field(default_factory=list)
    value_for_money: dict[str, Any] | None = None

    @property
    def best(self) -> Plan:
        """The best plan."""
        return self.plans[self.ranking[0]]

    def frame(self) -> pd.DataFrame:
        """Key figures and measures (rows, the names carry the units) by scenario (columns)."""
        import pandas as pd

        from leam_opt.ledger.measures import measures

        def figures(plan: Plan) -> pd.Series[Any]:
            found = measures(plan.accounts.books, plan.case)
            single = {name: value for name, value in found.items() if not isinstance(value, list)}
            return pd.Series({**plan.summary, **single})

        return pd.DataFrame({name: figures(plan) for name, plan in self.plans.items()})

    def to_dict(self) -> dict[str, Any]:
        """The comparison for JSON: plans, ranking, reason, bridges, measures, who bears what, value for money."""
        plans = {name: plan.to_dict() for name, plan in self.plans.items()}
        for plan in plans.values():
            del plan["inputs"]  # the case stands in the file once
        return {
            "case": self.case.name,
            "scenarios": list(plans.values()),
            "ranking": self.ranking,
            "decided": self.decided,
            "reason": self.reason,
            "bridge": [{"line": line, "meur": meur} for line, meur in self.bridge],
            "public_money_bridge": [{"line": line, "meur": meur} for line, meur in self.public_money_bridge],
            "bridge_from": self.ranking[1] if len(self.ranking) > 1 else None,
            "bridge_to": self.ranking[0],
            "measures": {name: plan["measures"] for name, plan in plans.items()},
            "bearers": {name: plan["bearers"] for name, plan in plans.items()},
            "value_for_money": self.value_for_money,
            "inputs": embedded(self.case),
            "strict_reading": [
                {
                    "scenario": name,
                    "deficit_core_meur": self.plans[name].deficit_meur,
                    "deficit_all_meur": plan.deficit_meur,
                    "price_meur": plan.deficit_meur - self.plans[name].deficit_meur,
                    "unfunded_gap_all_meur": plan.unfunded_gap_meur,
                    "mip_gap": plan.result.mip_gap,
                    "plan": {key: value for key, value in plan.to_dict().items() if key in PLAN_KEYS},
                }
                for name, plan in self.strict.items()
            ],
        }


def compare(
    case: Case,
    *,
    scenarios: Sequence[str] | None = None,
    mip_gap: float = PROVEN_GAP,
    time_limit: float | None = None,
    progress: Callable[[Progress], None] | None = None,
    formulation: str | Path = "planning",
    rules: Sequence[Rule] = (),
    seed: int = 0,
    strict: bool = False,
    without_plan: Callable[[str, InfeasibleError], None] | None = None,
) -> Comparison:
    """Solves several scenarios of a case and ranks them.

    Where the best two lie closer together than their solver gaps, both are solved again to narrower gaps until the
    ranking is decided or the time is up.

    Args:
        case: the case.
        scenarios: names; None takes all of the case, or the case itself where it has none.
        mip_gap: as for `solve`.
        time_limit: as for `solve`; it holds for each solve, and again for the narrowing.
        progress: as for `solve`.
        formulation: as for `solve`.
        rules: as for `solve`.
        seed: as for `solve`.
        strict: whether scenarios that keep public use in the core pool only are also solved under the strict reading,
            over all pools; the difference in deficit is the price of that reading.
        without_plan: told of each scenario that has no plan, which is then left out; None ends with the error.

    Raises:
        CaseError, InfeasibleError, SolveError, AuditError: as for `solve`; the message names the scenario.
    """
    names = list(dict.fromkeys(scenarios)) if scenarios else (case.scenario_names or ["base"])
    unknown = [name for name in names if name not in (*case.scenario_names, "base")]
    if unknown:
        case.scenario(unknown[0])  # raises with a suggestion
        raise CaseError(f"unknown scenario '{unknown[0]}'")

    def plan(name: str, gap: float, limit: float | None, of: Case = case) -> Plan:
        try:
            return solve(
                of,
                scenario=name,
                mip_gap=gap,
                time_limit=limit,
                progress=progress,
                formulation=formulation,
                rules=rules,
                seed=seed,
            )
        except InfeasibleError as error:
            raise InfeasibleError(f"scenario {name}: {error}", error.conflict, error.found) from None
        except (SolveError, AuditError) as error:
            raise type(error)(f"scenario {name}: {error}") from None

    plans: dict[str, Plan] = {}
    for number, name in enumerate(names):
        try:
            plans[name] = plan(name, mip_gap, time_limit)
        except InfeasibleError as error:
            if without_plan is None or (number == len(names) - 1 and not plans):
                raise
            without_plan(name, error)
    deadline = time.perf_counter() + (TIGHTENING_SECONDS if time_limit is None else time_limit)
    gap = mip_gap
    ranking = _rank(plans)
    while (rivals := _rivals(plans, ranking)) and gap > SMALLEST_GAP and not _exhausted(plans, ranking, rivals):
        gap = max(gap / 10, SMALLEST_GAP)
        for name in (ranking[0], *rivals):
            left = deadline - time.perf_counter()
            if left <= 0 or any(p.result.status == "interrupted" for p in plans.values()):
                break
            try:
                narrower = plan(name, gap, left)
            except SolveError:
                break  # no plan in the time that was left; the one before stands
            if narrower.result.mip_gap <= plans[name].result.mip_gap:
                plans[name] = narrower
        else:
            ranking = _rank(plans)
            continue
        ranking = _rank(plans)
        break
    strictly = {}
    for name in ranking if strict else ():
        rule = plans[name].case.rules.public_use
        if rule.enabled and rule.scope != "all":
            strictly[name] = plan(name, mip_gap, time_limit, case.override(STRICT_READING))
    return compared(case, plans, strictly)


def compared(case: Case, plans: dict[str, Plan], strict: dict[str, Plan] | None = None) -> Comparison:
    """The comparison of plans that are there already.

    Args:
        case: the case that the plans are of.
        plans: by scenario.
        strict: plans under the strict reading, by scenario.
    """
    ranking = _rank(plans)
    rivals = _rivals(plans, ranking)
    return Comparison(
        case=case,
        plans=plans,
        ranking=ranking,
        decided=not rivals,
        reason=_reason(plans, ranking, rivals),
        bridge=deficit_bridge(plans, ranking),
        strict=strict or {},
        public_money_bridge=public_money_bridge(plans, ranking),
        value_for_money=_value_for_money(case, plans),
    )


def _value_for_money(case: Case, plans: dict[str, Plan]) -> dict[str, Any] | None:
    """Public sector comparator against partnership, where both are among the plans."""
    terms = case.value_for_money
    if terms is None or not {terms.comparator, terms.partnership} <= set(plans):
        return None
    from leam_opt.ledger.value_for_money import value_for_money

    sides = ((plans[name].case, plans[name].accounts.books) for name in (terms.comparator, terms.partnership))
    return value_for_money(*sides).to_dict()


def _value(plan: Plan, figure: str) -> float:
    return plan.accounts.totals[figure]


def _bound(plan: Plan, stage: str) -> float:
    """What is proven about a measure: no plan of the scenario is below this; minus infinity where nothing is."""
    proven = [s.dual for s in plan.result.stages if s.name == stage]
    return min([*proven, _value(plan, {s: f for _, s, f in _MEASURES}[stage])]) if proven else -math.inf


def _rank(plans: dict[str, Plan]) -> list[str]:
    def key(name: str) -> tuple[float, ...]:
        # Rounded to the euro, so that a difference below one never decides.
        return tuple(round(_value(plans[name], figure), 6) for _, _, figure in _MEASURES)

    return sorted(plans, key=key)


def _decisive(best: Plan, other: Plan) -> tuple[str, str, str] | None:
    """The first measure in which two plans differ by more than a euro."""
    for measure in _MEASURES:
        if abs(_value(best, measure[2]) - _value(other, measure[2])) > ONE_EURO_MEUR:
            return measure
    return None


def _rivals(plans: dict[str, Plan], ranking: list[str]) -> list[str]:
    """Scenarios that could still be as good as the best, for all that their gaps hide."""
    best = plans[ranking[0]]
    rivals = []
    for name in ranking[1:]:
        measure = _decisive(best, plans[name])
        if measure is None or _bound(plans[name], measure[1]) <= _value(best, measure[2]):
            rivals.append(name)
    return rivals


def _exhausted(plans: dict[str, Plan], ranking: list[str], rivals: list[str]) -> bool:
    """Whether narrower gaps cannot help: what is proven is already within a euro of the plans."""
    results = [plans[name].result for name in (ranking[0], *rivals)]
    stages = [stage for result in results for stage in result.stages if stage.name in ("unfunded_gap", "deficit")]
    return all(stage.primal - stage.dual <= ONE_EURO_MEUR for stage in stages)


def _money(meur: float) -> str:
    return f"{meur:,.1f} M€"


def _reason(plans: dict[str, Plan], ranking: list[str], rivals: list[str]) -> str:
    best = plans[ranking[0]]
    if len(ranking) == 1:
        return f"{ranking[0]} is the only scenario; its deficit is {_money(best.deficit_meur)}."
    # Undecided is said of the rival that comes first; it need not be the second.
    other = rivals[0] if rivals else ranking[1]
    second = plans[other]
    measure = _decisive(best, second)
    if measure is None:
        return f"{ranking[0]} and {other} do not differ in unfunded gap, deficit or public money."
    title, _, figure = measure
    if rivals:
        difference = abs(_value(best, figure) - _value(second, figure))
        return (
            f"Undecided: {ranking[0]} and {other} differ by {difference:,.3f} M€ in {title}, which is less than "
            "the gaps that are proven; allow more time for a decision."
        )
    sentence = (
        f"{ranking[0]} is best: its {title} of {_money(_value(best, figure))} is "
        f"{_money(_value(second, figure) - _value(best, figure))} below that of {ranking[1]}"
    )
    if title != "unfunded gap":
        funded = best.unfunded_gap_meur <= ONE_EURO_MEUR
        sentence += ", everything is funded" if funded else f", {_money(best.unfunded_gap_meur)} stay unfunded in both"
    changes = sorted(deficit_bridge(plans, ranking)[1:-1], key=lambda item: -abs(item[1]))[:3]
    if title == "deficit" and changes:
        told = [f"{line.replace('_', ' ')} {_signed(line, change)}" for line, change in changes]
        sentence += f"; what makes the difference: {', '.join(told)}"
    unfunded = [name for name in ranking[1:] if plans[name].unfunded_gap_meur > best.unfunded_gap_meur + ONE_EURO_MEUR]
    if unfunded and title != "unfunded gap":
        rest = " and ".join(f"{name} leaves {_money(plans[name].unfunded_gap_meur)} unfunded" for name in unfunded)
        sentence += f"; {rest}"
    return sentence + "."


def _signed(line: str, change: float) -> str:
    """A change of a cost line as it is, of a revenue line with the sign of the revenue."""
    amount = -change if line.endswith("_revenue") else change
    return f"{amount:+,.1f} M€"
