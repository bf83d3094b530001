"""The exact front of two objectives: what more of the one costs in the other.

Epsilon-constraint, lexicographic: each point is optimal in the first objective under a limit on the second, and then
best in the second at that value, so that no point is even weakly dominated. The ends are the lexicographic optima of
the two orders. The limits march through the range between them; where the front of a mixed-integer problem jumps, the
point lands on the value that is attained, and the values that it jumped over are told as a hole.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from leam_opt.case.schema import Case
from leam_opt.errors import CaseError
from leam_opt.insight.attempts import Attempts, finite, within
from leam_opt.insight.features import Catalogue, numbers_of_servers
from leam_opt.insight.objectives import Objective, at_most, chosen, in_order
from leam_opt.insight.pareto_words import sentences
from leam_opt.solve.plan import Plan
from leam_opt.solve.progress import Progress
from leam_opt.solve.search import CUT_TOLERANCE

__all__ = ["Pareto", "Point", "pareto", "sentences"]

RESOLUTION_SHARE = 1e-3
"""Of the range of the second objective: no closer look is taken between two points."""
_EQUAL = CUT_TOLERANCE
"""Ten euros, ten GPU-hours: values that do not differ by more are the same, since the engine allows itself as much."""


@dataclass(frozen=True, eq=False)
class Point:
    """A plan of the front.

    Attributes:
        plan: audited.
        costs: of the two objectives, the smaller the better.
        limit: on the cost of the second one; where the plan is proven to be the best within it, no point lies
            between the two.
    """

    plan: Plan
    costs: tuple[float, float]
    limit: float

    @property
    def is_proven(self) -> bool:
        """Whether it is the best plan within its limit; what is nearly so proves nothing about its neighbours."""
        return self.plan.result.status == "optimal"


@dataclass(frozen=True)
class Pareto:
    """Points of the front, from the best one in the first objective to the best one in the second.

    Attributes:
        scenario: its name, empty for the case itself.
        objectives: the two.
        points: none of them is dominated by another one.
        dropped: points left out, since a better one was found within what is unproven of them.
        searches: number of solves.
        complete: whether nothing is left between the points, to `RESOLUTION_SHARE` of the range (no whole number where
            the second objective is one).
        stopped: `time_limit` or `interrupted` where the search ended early.
    """

    scenario: str
    objectives: tuple[Objective, Objective]
    points: Sequence[Point]
    dropped: int
    searches: int
    complete: bool
    stopped: str | None

    @property
    def holes(self) -> list[tuple[float, float]]:
        """Ranges of the second objective in which it is proven that no point lies, from the worse to the better."""
        second = self.objectives[1]
        return [
            (second.sign * point.limit, second.sign * point.costs[1])
            for point in self.points
            if point.is_proven and point.limit > point.costs[1] + _EQUAL
        ]

    def to_dict(self) -> dict[str, Any]:
        """Plain data; features are keys of `catalogue`, which has what `features.text` needs to say them."""
        catalogue = Catalogue(self.points[0].plan)
        return {
            "scenario": self.scenario,
            "objectives": [
                {"name": each.name, "says": each.says, "unit": each.unit, "sense": each.sense}
                for each in self.objectives
            ],
            "points": [self._point(point, catalogue) for point in self.points],
            "dropped": self.dropped,
            "holes": [list(hole) for hole in self.holes],
            "searches": self.searches,
            "complete": self.complete,
            "stopped": self.stopped,
            "catalogue": catalogue.data(),
        }

    def _point(self, point: Point, catalogue: Catalogue) -> dict[str, Any]:
        plan = point.plan
        stages = {stage.name: max(stage.primal - stage.dual, 0.0) for stage in plan.result.stages}
        unproven = {each.name: finite(stages.get(each.stage, math.inf)) for each in self.objectives}
        return {
            "values": {each.name: each.value(plan) for each in self.objectives},
            "unproven": unproven,
            "deficit_meur": plan.deficit_meur,
            "public_money_meur": plan.public_money_meur,
            "unfunded_gap_meur": plan.unfunded_gap_meur,
            "status": plan.result.status,
            "mip_gap": finite(plan.result.mip_gap),
            "servers": numbers_of_servers(plan),
            "features": catalogue.ordered(catalogue.read(plan.decisions)),
        }


def pareto(
    case: Case,
    objectives: Sequence[str] = ("deficit", "public_compute"),
    scenario: str | None = None,
    *,
    points: int = 8,
    mip_gap: float = 1e-4,
    time_limit: float | None = None,
    progress: Callable[[Progress], None] | None = None,
    seed: int = 0,
) -> Pareto:
    """Plans of the front between two objectives, the ends among them.

    The unfunded gap stays first: a plan that leaves more unfunded than the least gap is no point.

    Args:
        case: the case.
        objectives: two names of `objectives.OBJECTIVES`; the first is optimised, the second one limited step by step.
        scenario: name of one of its scenarios; None takes the case itself.
        points: to look for.
        mip_gap: gap to prove for each point: relative to gross cost for money, to the figure itself for anything else.
        time_limit: seconds for everything.
        progress: called now and then while HiGHS searches.
        seed: of the solver.

    Raises:
        CaseError: unknown scenario or objective, or an option that makes no sense.
        InfeasibleError, SolveError, AuditError: see `solve`.
    """
    if points < 2:
        raise CaseError(f"points is {points}; a front has two ends at least")
    pair = chosen(objectives)
    attempts = Attempts.of(case, scenario, mip_gap, time_limit, progress, seed)
    return _Front(attempts, *pair).run(points)


@dataclass(frozen=True)
class _Span:
    """An open range of the second cost in which points may lie.

    Attributes:
        low, high: its ends.
        is_empty: whether it seems to hold no point: a search in it has led to the point below.
    """

    low: float
    high: float
    is_empty: bool = False

    @property
    def width(self) -> float:
        """Its width."""
        return self.high - self.low


@dataclass
class _Front:
    """One search along a front."""

    attempts: Attempts
    first: Objective
    second: Objective
    points: list[Point] = field(default_factory=list)
    spans: list[_Span] = field(default_factory=list)
    unsolved: bool = False

    def run(self, wanted: int) -> Pareto:
        begin = self.attempts.best(in_order(self.first, self.second))
        self._limits = within(begin.unfunded_gap_meur)
        self._take(begin, math.inf)
        end = self.attempts.under(self._limits, in_order(self.second, self.first), says=self.second.says).plan
        if end is not None:
            self._take(end, math.inf)
            low, high = self.second.cost(end), self.second.cost(begin)
            self._resolution = 1.0 if self.second.is_whole else RESOLUTION_SHARE * (high - low)
            self._open(low, high)
            self._march(wanted)
        self.unsolved |= end is None
        kept = _undominated(self.points)
        return Pareto(
            scenario=self.attempts.label,
            objectives=(self.first, self.second),
            points=kept,
            dropped=sum(any(_is_no_worse(b, a) and _is_better(b, a) for b in self.points) for a in self.points),
            searches=self.attempts.count,
            complete=not self.spans
            and not self.unsolved
            and self.attempts.stopped is None
            and all(point.is_proven for point in self.points),
            stopped=self.attempts.stopped,
        )

    def _take(self, plan: Plan, limit: float) -> Point:
        costs = self.first.cost(plan), self.second.cost(plan)
        point = Point(plan, costs, limit if math.isfinite(limit) else costs[1])
        self.points.append(point)
        return point

    def _open(self, low: float, high: float, is_empty: bool = False) -> None:
        """Notes a range that is to be looked into, if it has room for a point."""
        if high - low > self._resolution + _EQUAL:
            self.spans.append(_Span(low, high, is_empty))

    def _march(self, wanted: int) -> None:
        """Looks into the widest range again and again, at even steps of what is left of it."""
        searches = 0
        while self.spans and (left := wanted - len(_undominated(self.points))) > 0 and searches < 2 * wanted:
            span = max(self.spans, key=lambda span: span.width)
            self.spans.remove(span)
            limit = self._step(span, left)
            attempt = self.attempts.under(
                self._limits, at_most(self.second, limit), in_order(self.first, self.second), says=self.first.says
            )
            searches += 1
            if attempt.plan is None:
                self.unsolved = True
                continue
            known = len(_undominated(self.points))
            point = self._take(attempt.plan, limit)
            self._open(limit, span.high, is_empty=len(_undominated(self.points)) == known)
            self._open(span.low, point.costs[1])

    def _step(self, span: _Span, left: int) -> float:
        """The limit to try next within a range, if the points that are left break the widest pieces one by one."""
        if span.is_empty:  # that no point lies in it is proven at its upper end
            return span.high - self._resolution
        pieces = dict.fromkeys((span, *self.spans), 1)
        for _ in range(left):
            pieces[max(pieces, key=lambda each: each.width / pieces[each])] += 1
        limit = span.high - span.width / max(pieces[span], 2)
        if not self.second.is_whole:
            return limit
        return float(min(max(math.floor(limit), math.floor(span.low + _EQUAL) + 1), span.high - 1))


def _undominated(points: Sequence[Point]) -> list[Point]:
    """The points that no other one is better than or equal to, by the first objective."""
    # Of equal points the one that was found under the widest limit stays: it tells of the hole before it.
    ranked = sorted(points, key=lambda point: -point.limit)
    kept = [
        point
        for rank, point in enumerate(ranked)
        if not any(
            _is_no_worse(other, point) and (at < rank or _is_better(other, point))
            for at, other in enumerate(ranked)
            if other is not point
        )
    ]
    return sorted(kept, key=lambda point: point.costs)


def _is_no_worse(one: Point, other: Point) -> bool:
    return all(mine <= its + _EQUAL for mine, its in zip(one.costs, other.costs, strict=True))


def _is_better(one: Point, other: Point) -> bool:
    return any(mine < its - _EQUAL for mine, its in zip(one.costs, other.costs, strict=True))
