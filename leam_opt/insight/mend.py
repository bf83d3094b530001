"""The smallest sets of figures that have to give way before a case has a plan, and how far each of them has to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import ceil, floor

from leam_opt.insight.conflict import enters
from leam_opt.insight.feasible import OutOfTimeError, Variants
from leam_opt.insight.rules import Limit, relaxations
from leam_opt.solve.conflict import Conflict

_MOST_CHANGES = 3
"""Figures that one repair changes at most: nobody agrees to more at a time."""
_MOST_SETS = 200
"""Sets of figures that are looked at; a search through more would take longer than a planner waits."""


@dataclass(frozen=True)
class Change:
    """A figure that gives way.

    Attributes:
        limit: the figure.
        value: its new value.
    """

    limit: Limit
    value: float

    @property
    def overrides(self) -> dict[str, float | int]:
        """For `Case.override`."""
        return self.limit.overrides(self.value)


def overrides_of(changes: Iterable[Change]) -> dict[str, float | int]:
    """The overrides of several changes."""
    return {path: value for change in changes for path, value in change.overrides.items()}


def any_changes_sets(changes: Iterable[Change]) -> bool:
    """Whether some change may add or take rows of the model."""
    return any(change.limit.changes_sets for change in changes)


@dataclass
class Search:
    """A search for all smallest sets of figures whose giving way leaves a plan.

    Every such set hits every conflict: a conflict is found, each of its figures is given way altogether, and where that
    is not enough, the next conflict is looked for among what is left (Reiter's hitting-set tree, breadth first).

    Attributes:
        variants: the case and its variants.
        complete: whether no set of at most `_MOST_CHANGES` figures was left out.
    """

    variants: Variants
    complete: bool = True

    def __post_init__(self) -> None:
        self._limits = relaxations(self.variants.case)

    def sets(self, conflict: Conflict) -> Iterator[tuple[Limit, ...]]:
        """The sets of figures, small ones first.

        Raises:
            OutOfTimeError: the time is over.
        """
        found: list[frozenset[str]] = []
        open_sets: list[tuple[Limit, ...]] = [()]
        seen: set[frozenset[str]] = set()
        while open_sets:
            given_way = open_sets.pop(0)
            at_odds = self._rest(given_way) if given_way else conflict
            touched = self._touched(at_odds)
            for limit in (*touched, *self._sizes(at_odds, touched)):
                wider = (*given_way, limit)
                paths = frozenset(member.path for member in wider)
                if len(paths) < len(wider) or paths in seen or any(smaller <= paths for smaller in found):
                    continue
                seen.add(paths)
                if len(seen) > _MOST_SETS:
                    self.complete = False
                    return
                helpful = self._helpful(wider, at_odds)
                if helpful is not None:
                    needed = self._needed(helpful)
                    found.append(frozenset(wider[at].path for at in needed))
                    yield tuple(helpful[at] for at in needed)
                elif len(wider) < _MOST_CHANGES:
                    open_sets.append(wider)

    def _needed(self, helpful: tuple[Limit, ...]) -> list[int]:
        """Positions of the figures that cannot be left out: an earlier one may have helped nothing."""
        needed = list(range(len(helpful)))
        for at in range(len(helpful) - 1):  # that the last one is needed is how it came in
            fewer = [other for other in needed if other != at]
            if self._has_plan([helpful[other] for other in fewer]):
                needed = fewer
        return needed

    def _touched(self, conflict: Conflict) -> list[Limit]:
        """Figures that enter a row of a conflict."""
        rows = [(member.rule, row) for member in conflict.members for row in member.rows]
        return [limit for limit in self._limits if any(enters(limit, row, rule) for rule, row in rows)]

    def _sizes(self, conflict: Conflict, touched: Sequence[Limit]) -> list[Limit]:
        """The sizes of sites where money is at odds: a conflict about money takes sites as they are."""
        money = {part.name for part in self.variants.problem.model.parts if part.about_money} | {"deficit_limit"}
        if not any(member.rule in money for member in conflict.members):
            return []
        return [limit for limit in self._limits if limit.rule in ("site", "grid") and limit not in touched]

    def _helpful(self, given_way: tuple[Limit, ...], conflict: Conflict) -> tuple[Limit, ...] | None:
        """The set with its last figure in as few years as suffice, where there is a plan; None where there is none."""
        *before, last = given_way
        rows = [row for member in conflict.members for row in member.rows if enters(last, row, member.rule)]
        years = [label for row in rows for label in row.labels if label in last.years]
        if years:
            narrow = (*before, last.within(min(years), max(years)))
            if self._has_plan(narrow):
                return narrow
        return given_way if self._has_plan(given_way) else None

    def _has_plan(self, given_way: Sequence[Limit]) -> bool:
        return self.has_plan([Change(limit, limit.most) for limit in given_way])

    def has_plan(self, changes: Sequence[Change]) -> bool:
        """Whether the case has a plan with some changes."""
        return self.variants.has_plan(overrides_of(changes), any_changes_sets(changes))

    def _rest(self, given_way: Sequence[Limit]) -> Conflict:
        """What is still at odds when some figures have given way."""
        changes = [Change(limit, limit.most) for limit in given_way]
        rest = self.variants.conflict(overrides_of(changes), any_changes_sets(changes))
        self.complete &= rest.is_proven
        return rest

    def least(self, limits: Sequence[Limit]) -> list[Change]:
        """How far each figure of a set has to give way: as little as possible, one after the other.

        Where time runs out they give way further than they have to, and the search is not complete.
        """
        changes = [Change(limit, limit.most) for limit in limits]
        try:
            for at, limit in enumerate(limits):
                for value in self._closer(grid(limit), [*changes[:at], *changes[at + 1 :]], limit):
                    changes[at] = Change(limit, value)
        except OutOfTimeError:
            self.complete = False
        return changes

    def _closer(self, values: list[float], others: Sequence[Change], limit: Limit) -> Iterator[float]:
        """Values that suffice beside other changes, ever closer to the figure's own, by bisection."""
        low, high = 0, len(values) - 1
        while low < high:
            middle = (low + high) // 2
            if self.has_plan([*others, Change(limit, values[middle])]):
                high = middle
                yield values[high]
            else:
                low = middle + 1


def further(changes: Sequence[Change], steps: int) -> list[Change]:
    """The changes with every figure some steps further on its way, or at its end."""
    moved = []
    for change in changes:
        values = grid(change.limit)
        at = min(values.index(change.value) + steps, len(values) - 1)
        moved.append(Change(change.limit, values[at]))
    return moved


def grid(limit: Limit) -> list[float]:
    """The values that a figure can give way to, in its steps, from the first one beyond its own to the most relaxed."""
    step, direction = limit.step, limit.direction
    at, end = limit.value / step, limit.most / step
    first = floor(at + 1e-9) + 1 if direction > 0 else ceil(at - 1e-9) - 1
    last = floor(end + 1e-9) if direction > 0 else ceil(end - 1e-9)
    values = [limit.on_grid(steps) for steps in range(first, last + direction, direction)]
    return values if values and abs(values[-1] - limit.most) < 1e-9 else [*values, limit.most]
