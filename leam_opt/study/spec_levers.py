"""Reads the levers of a design: resolves their paths and converts what the study file gives for each of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from leam_opt.case.quantity import FigureError, Quantity, Unit
from leam_opt.case.tree import Node, Problem
from leam_opt.case.units import shown
from leam_opt.errors import CaseError
from leam_opt.study.designs import Array
from leam_opt.study.distributions import PARAMETERS, Distribution, DistributionError, Kind, distribution
from leam_opt.study.levers import Finder, Lever, LeverError, figure_value, is_number
from leam_opt.study.spec_file import DistributionPart, EndsPart, RangedPart, section

WHERE = "design.levers"
_MOST_TRIED = 200
"""Values of a lever that is no figure which are tried before anything runs."""
_CUT_OFF_TOLD = 1e-4
"""A normal distribution that loses less at the bounds of its unit is not worth a word."""


@dataclass(frozen=True)
class Asked:
    """A lever as the study file names it: its full path, where that stands, and what is said about it."""

    path: str
    place: Node
    said: Node | None = None

    @property
    def where(self) -> str:
        """Path in the study file."""
        return f"{WHERE}.{self.path}"


def blamed(error: CaseError, path: str) -> list[str]:
    """What the override of one path finds, without its own words for the path."""
    return [line.removeprefix(f"--set {path}: ").replace(f" (with --set {path})", "") for line in error.problems]


@dataclass
class LeverReader:
    """Reads levers one by one.

    Attributes:
        finder: the cases of all scenarios.
        with_reference_plan: whether the ranges of the reference plan count.
        problems: what is wrong, added to as it is found.
        notes: what a reader should know, added to as well.
    """

    finder: Finder
    with_reference_plan: bool
    problems: list[Problem]
    notes: list[str] = field(default_factory=list)

    def wrong(self, node: Node, where: str, message: str, *, at_key: bool = False) -> None:
        """Adds a problem at the place of a value, or of its key."""
        self.problems.append(Problem(node.place if at_key else node.mark, where, message))

    def path(self, asked: Any, place: Node, where: str) -> str | None:
        """The full path of a lever; None where there is none."""
        if not isinstance(asked, str):
            self.wrong(place, where, f"expected the path of a lever, got {shown(asked)}")
            return None
        try:
            return self.finder.path(asked)
        except LeverError as error:
            self.wrong(place, f"{where}.{asked.strip()}", str(error), at_key=True)
            return None

    def values(self, path: str, items: Sequence[Node], where: str) -> tuple[Lever, Array | list[Any]] | None:
        """The lever at a path and its values: numbers of a figure, or else plain data; None where one is wrong."""
        data = [item.data() for item in items]
        unit = self.finder.unit(path)
        if unit is None or not all(is_number(value) for value in data):
            tried = self._tried(path, dict(zip(map(repr, data), items, strict=True)).values(), where)
            return (self.finder.lever(path, structural=True), data) if tried else None
        numbers = [self.number(item, unit, where) for item in items]
        known = [number for number in numbers if number is not None]
        return (self.finder.lever(path), np.array(known)) if len(known) == len(numbers) else None

    def number(self, item: Node, unit: Unit, where: str) -> float | None:
        """A number of a figure in its unit; None where it is none or out of bounds."""
        try:
            return figure_value(item.data(), unit)
        except FigureError as error:
            self.wrong(item, where, str(error))
            return None

    def asked(self, part: RangedPart, node: Node) -> list[Asked]:
        """The levers that a design names, without those that it leaves out."""
        levers = node.child("levers")
        before = len(self.problems)
        if part.takes_all:
            place = levers or node
            paths = self.finder.ranged_paths(with_reference_plan=self.with_reference_plan)
            found = [Asked(path, place) for path in paths if self._is_shared(path)]
        else:
            assert levers is not None
            found = self._named(levers)
        found = self._limited(found, part, node)
        if not found and len(self.problems) == before:
            message = "the design is empty; name at least one lever, or write all for every figure with a range"
            self.wrong(levers or node, WHERE, message, at_key=True)
        return found

    def _is_shared(self, path: str) -> bool:
        """Whether all scenarios agree on a range; where they do not, `all` leaves it out and says so."""
        try:
            return bool(self.finder.ranges(path))
        except LeverError as error:
            self.notes.append(f"{path} is left out: {error}")
            return False

    def _named(self, levers: Node) -> list[Asked]:
        if isinstance(levers.value, dict):
            pairs = [(key, child, child) for key, child in levers.value.items()]
        elif isinstance(levers.value, list):
            pairs = [(child.data(), child, None) for child in levers.value]
        else:
            message = f"expected all, a list of paths or a mapping of paths to ranges, got {shown(levers.value)}"
            self.wrong(levers, WHERE, message)
            return []
        found: dict[str, Asked] = {}
        for name, place, said in pairs:
            path = self.path(name, place, WHERE)
            if path in found:
                self.wrong(place, f"{WHERE}.{name}", f"{path} is a lever already; name it once", at_key=True)
            elif path is not None:
                found[path] = Asked(path, place, said if said is not None and said.value is not None else None)
        return list(found.values())

    def _limited(self, found: list[Asked], part: RangedPart, node: Node) -> list[Asked]:
        """The levers that `only` and `except` leave; a beginning of a path that fits none is most likely misspelt."""

        def fits(path: str, beginning: str) -> bool:
            return path == beginning or path.startswith(f"{beginning}.")

        for key, beginnings in (("only", part.only), ("except", part.leave_out)):
            for number, beginning in enumerate(beginnings):
                if found and not any(fits(asked.path, beginning) for asked in found):
                    message = f"no lever begins with '{beginning}'; the levers are {_some(found)}"
                    self.wrong(node.value[key].value[number], f"design.{key}", message)
            chosen = [asked for asked in found if any(fits(asked.path, each) for each in beginnings)]
            if beginnings:
                found = chosen if key == "only" else [asked for asked in found if asked not in chosen]
        return found

    def ends(self, asked: Asked, *, figures_only: bool) -> list[Lever]:
        """A lever between its two ends, or the levers of its years; none where something is wrong."""
        if asked.said is None:
            return self.finder.ranged_levers(asked.path, self._own(asked, "{low: ..., high: ...}"))
        part = section(EndsPart, asked.said, asked.where, self.problems)
        if part is None:
            return []
        low, high = asked.said.value["low"], asked.said.value["high"]
        column = self.values(asked.path, [low, high], asked.where)
        if column is None:
            return []
        lever, values = column
        first, last = (float(value) if lever.kind == "figure" else value for value in values)
        if lever.kind == "structural":
            if figures_only:
                self.wrong(asked.place, asked.where, "this design moves figures only, between two numbers", at_key=True)
                return []
        elif first > last:
            self.wrong(low, asked.where, f"low {first:g} is above high {last:g} {lever.unit_name}; exchange them")
            return []
        if first == last:
            self.wrong(high, asked.where, f"low and high are both {shown(first)}, so that nothing is moved")
            return []
        return [self.finder.lever(asked.path, first, last, structural=lever.kind == "structural")]

    def distributed(self, asked: Asked, default: Kind) -> list[tuple[Lever, Distribution]]:
        """A lever with its distribution, or the levers of its years; none where something is wrong."""
        unit = self.finder.unit(asked.path)
        if unit is None:
            message = f"{asked.path} is no figure and has no distribution; move it with a grid or a list"
            self.wrong(asked.place, asked.where, message, at_key=True)
            return []
        part = DistributionPart()
        if asked.said is not None:
            read = section(DistributionPart, asked.said, asked.where, self.problems)
            if read is None:
                return []
            part = read
        kind: Kind = part.kind or default
        given = self._parameters(asked, part, unit)
        if given is None:
            return []
        if not given:
            return self._of_ranges(asked, kind)
        own = list(self._own_or_none(asked.path).values())
        missing = [name for name in PARAMETERS[kind] if name not in given]
        if len(own) > 1 and missing:
            message = (
                f"the case gives {asked.path} by year; give {', '.join(missing)} as well, or name one of its years"
            )
            self.wrong(asked.place, asked.where, message, at_key=True)
            return []
        lever = self.finder.lever(asked.path)
        made = self._made(asked, kind, given, unit, own[0] if len(own) == 1 else None, lever.base)
        return [] if made is None else [(lever, made)]

    def _of_ranges(self, asked: Asked, kind: Kind) -> list[tuple[Lever, Distribution]]:
        """The distributions over the ranges of the case."""
        own = self._own(asked, f"{', '.join(PARAMETERS[kind])} of the {kind} distribution")
        levers = self.finder.ranged_levers(asked.path, own)
        found = []
        for lever in levers:
            assert lever.unit is not None
            made = self._made(asked, kind, {}, lever.unit, own[lever.path], None)
            if made is not None:
                found.append((lever, made))
        return found

    def _made(
        self, asked: Asked, kind: Kind, given: Mapping[str, float], unit: Unit, own: Quantity | None, base: float | None
    ) -> Distribution | None:
        try:
            made = distribution(kind, given, unit, own=own, base=base)
        except DistributionError as error:
            at = asked.said.child(error.where) if asked.said is not None and error.where else None
            where = f"{asked.where}.{error.where}" if at is not None else asked.where
            self.wrong(at or asked.place, where, str(error), at_key=at is None)
            return None
        if made.cut_off_share > _CUT_OFF_TOLD:
            note = f"the normal distribution of {asked.path} is cut off at the bounds of {unit.name}"
            self.notes.append(f"{note}; {100 * made.cut_off_share:.2g} % of it lie outside")
        return made

    def _parameters(self, asked: Asked, part: DistributionPart, unit: Unit) -> dict[str, float] | None:
        """The parameters that are given, in the figure's unit; None where one is wrong."""
        given: dict[str, float] = {}
        is_sound = True
        for name in ("low", "mode", "high", "mean", "sd"):
            if getattr(part, name) is None:
                continue
            assert asked.said is not None
            # A standard deviation is no value of the figure: its sign is checked with the distribution.
            number = self.number(
                asked.said.value[name], Unit(unit.name, ge=None) if name == "sd" else unit, f"{asked.where}.{name}"
            )
            is_sound = is_sound and number is not None
            if number is not None:
                given[name] = number
        return given if is_sound else None

    def _own(self, asked: Asked, remedy: str) -> dict[str, Quantity]:
        """The ranges of the case at a path; where there is none, that is a problem with a remedy."""
        try:
            own = self.finder.ranges(asked.path)
        except LeverError as error:
            self.wrong(asked.place, asked.where, str(error), at_key=True)
            return {}
        if not own:
            what = "the figure has" if self.finder.is_figure(asked.path) else "it is no figure and has"
            self.wrong(asked.place, asked.where, f"{what} no range in the case; give {remedy}", at_key=True)
        return own

    def _own_or_none(self, path: str) -> dict[str, Quantity]:
        try:
            return self.finder.ranges(path)
        except LeverError:
            return {}

    def _tried(self, path: str, items: Any, where: str) -> bool:
        """Whether the case takes the values of a lever that is no figure, each for itself."""
        before = len(self.problems)
        case = next(case for name, case in self.finder.frames.items() if self.finder.has(name, path))
        for item in list(items)[:_MOST_TRIED]:
            try:
                case.override({path: item.data()})
            except CaseError as error:
                for line in blamed(error, path):
                    self.wrong(item, where, line)
        return len(self.problems) == before


def _some(found: Sequence[Asked]) -> str:
    more = f" and {len(found) - 5} more" if len(found) > 5 else ""
    return ", ".join(asked.path for asked in found[:5]) + more
