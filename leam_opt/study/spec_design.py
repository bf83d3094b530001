"""Reads the design of a study file and says all that is wrong with it, before anything runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np

from leam_opt.case.quantity import hint
from leam_opt.case.tree import Node, Problem
from leam_opt.case.units import shown
from leam_opt.study.designs import Array, Corners, Design, Grid, Morris, OneAtATime, Sample, SobolIndices
from leam_opt.study.levers import Finder, Lever, factors_of, overlapping
from leam_opt.study.sequences import correlation_matrix
from leam_opt.study.spec import Lane
from leam_opt.study.spec_file import (
    DESIGNS,
    CornersPart,
    DrawnPart,
    GridPart,
    ListPart,
    MorrisPart,
    OneAtATimePart,
    Part,
    RangedPart,
    SamplePart,
    SobolIndicesPart,
    SpanPart,
    section,
)
from leam_opt.study.spec_levers import WHERE, LeverReader
from leam_opt.study.spec_table import read_table


@dataclass
class DesignReader:
    """Reads one design.

    Attributes:
        finder: the cases of all scenarios.
        folder: what the path of a CSV file is relative to.
        lane: of the study; the ranges of the reference plan count in its own lane only.
        seed: of the study.
        problems: what is wrong, added to as it is found.
        notes: what a reader should know.
    """

    finder: Finder
    folder: Path
    lane: Lane
    seed: int
    problems: list[Problem]
    notes: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.levers = LeverReader(self.finder, self.lane == "reference", self.problems, self.notes)

    def read(self, node: Node) -> Design | None:
        """The design; None where it is wrong."""
        before = len(self.problems)
        part = self._part(node)
        design = None if part is None else self._design(part, node)
        if design is None:
            return None
        for one, other in overlapping(design.levers):
            message = f"{one.path} and {other.path} set the same value; move one of them"
            self.levers.wrong(node.child("levers") or node, WHERE, message, at_key=True)
        return design if len(self.problems) == before else None

    def _part(self, node: Node) -> Part | None:
        """The section of the design's own kind."""
        kind = node.child("kind")
        known = ", ".join(DESIGNS)
        if not isinstance(node.value, dict):
            message = f"expected a section with the key 'kind', got {shown(node.value)}; kinds are {known}"
            self.levers.wrong(node, "design", message)
        elif kind is None:
            self.levers.wrong(node, "design", f"the key 'kind' is missing; one of {known}", at_key=True)
        elif not isinstance(kind.value, str) or kind.value not in DESIGNS:
            close = hint(kind.value, DESIGNS)
            more = "" if close.startswith("known") else f" known are {known}"
            self.levers.wrong(kind, "design.kind", f"unknown kind of design {shown(kind.value)}; {close}{more}")
        else:
            return section(DESIGNS[kind.value], node, "design", self.problems)
        return None

    def _design(self, part: Part, node: Node) -> Design | None:
        if isinstance(part, GridPart):
            return self._grid(node.value["levers"])
        if isinstance(part, ListPart):
            return read_table(self.levers, self.folder, part, node)
        assert isinstance(part, RangedPart)
        if isinstance(part, DrawnPart):
            return self._drawn(part, node)
        asked = self.levers.asked(part, node)
        is_morris = isinstance(part, MorrisPart)
        levers = tuple(lever for each in asked for lever in self.levers.ends(each, figures_only=is_morris))
        if isinstance(part, MorrisPart):
            if part.levels % 2:
                message = f"the number of levels must be even; {part.levels + 1} would do"
                self.levers.wrong(node.value["levels"], "design.levels", message)
            return Morris(levers, part.trajectories, part.levels, self.seed)
        if isinstance(part, CornersPart):
            return Corners(levers)
        assert isinstance(part, OneAtATimePart)
        places = {each.path: each for each in asked}
        for lever in levers:
            if not self.finder.has_base(lever.path):
                each = places[lever.factor]
                message = (
                    f"{lever.path} has no single value in the case to come back to (it is empty, or changes over the "
                    "years or the scenarios); name one of its years, or study the scenarios apart"
                )
                self.levers.wrong(each.place, each.where, message, at_key=True)
        return OneAtATime(levers)

    def _grid(self, levers: Node) -> Design | None:
        example = "path: [v1, v2], or path: {from: ..., to: ..., steps: ...}"
        if not isinstance(levers.value, dict):
            self.levers.wrong(levers, WHERE, f"expected values by path ({example}), got {shown(levers.value)}")
            return None
        if not levers.value:
            self.levers.wrong(levers, WHERE, f"the design is empty; name at least one lever ({example})", at_key=True)
        columns: dict[str, tuple[Lever, Array | list[Any]]] = {}
        for name, said in levers.value.items():
            path = self.levers.path(name, said, WHERE)
            if path is None:
                continue
            where = f"{WHERE}.{path}"
            if path in columns:
                self.levers.wrong(said, where, f"{path} is a lever already; name it once", at_key=True)
                continue
            column = self._span(path, said, where) if _is_span(said) else self._listed(path, said, where)
            if column is not None:
                columns[path] = column
        return Grid(*zip(*columns.values(), strict=True)) if columns else None

    def _listed(self, path: str, said: Node, where: str) -> tuple[Lever, Array | list[Any]] | None:
        items = said.child("values") if isinstance(said.value, dict) and set(said.value) == {"values"} else said
        if items is None or not isinstance(items.value, list):
            got = shown(said.value)
            self.levers.wrong(said, where, f"expected [v1, v2], values: [...] or from, to and steps; got {got}")
            return None
        if not items.value:
            self.levers.wrong(items, where, "the lever has no value; give at least one", at_key=True)
            return None
        column = self.levers.values(path, items.value, where)
        texts: set[str] = set()
        for item, value in zip(items.value, [] if column is None else column[1], strict=False):
            if repr(value) in texts:
                self.levers.wrong(item, where, f"the value {shown(item.data())} stands twice")
                return None
            texts.add(repr(value))
        return column

    def _span(self, path: str, said: Node, where: str) -> tuple[Lever, Array | list[Any]] | None:
        """Values at equal distances."""
        part = section(SpanPart, said, where, self.problems)
        unit = self.finder.unit(path)
        if part is None:
            return None
        if unit is None:
            self.levers.wrong(said, where, f"{path} is no figure; list its values as [v1, v2]", at_key=True)
            return None
        first, last = (self.levers.number(said.value[key], unit, f"{where}.{key}") for key in ("from", "to"))
        if first is None or last is None:
            return None
        if first >= last:
            message = f"from {first:g} to {last:g} {unit.name} does not rise; exchange them, or list the values"
            self.levers.wrong(said.value["from"], where, message)
            return None
        # Twelve digits: what is meant as 0.12 is 0.12, and not the number that a sum of steps comes to.
        values = [float(f"{value:.12g}") for value in np.linspace(first, last, part.steps)]
        return self.finder.lever(path), np.array([first, *values[1:-1], last])

    def _drawn(self, part: DrawnPart, node: Node) -> Design | None:
        asked = self.levers.asked(part, node)
        pairs = [pair for each in asked for pair in self.levers.distributed(each, part.distribution)]
        if not pairs:
            return None
        levers, distributions = (tuple(items) for items in zip(*pairs, strict=True))
        if isinstance(part, SobolIndicesPart):
            if part.points & (part.points - 1):
                below = 1 << (part.points.bit_length() - 1)
                message = f"the base points must be a power of two, got {part.points}; {below} or {2 * below} would do"
                self.levers.wrong(node.value["points"], "design.points", message)
            return SobolIndices(levers, distributions, part.points, self.seed)
        assert isinstance(part, SamplePart)
        correlations = self._correlations(part, node, factors_of(levers))
        return Sample(levers, distributions, part.points, part.method, self.seed, correlations)

    def _correlations(self, part: SamplePart, node: Node, factors: tuple[str, ...]) -> dict[tuple[str, str], float]:
        found: dict[tuple[str, str], float] = {}
        for number, each in enumerate(part.correlation):
            place = node.value["correlation"].value[number]
            where = f"design.correlation.{number}"
            names = place.value["between"].value
            paths = [self.levers.path(name.data(), name, f"{where}.between") for name in names]
            known = [path for path in paths if path is not None]
            for path, name in zip(paths, names, strict=True):
                if path is not None and path not in factors:
                    self.levers.wrong(name, f"{where}.between", f"{path} is no lever of this design; add or remove it")
            if len(known) < 2 or not set(known) <= set(factors):
                continue
            one, other = sorted(known, key=factors.index)
            if one == other:
                self.levers.wrong(place, where, f"{one} cannot be correlated with itself; name two levers")
            elif (one, other) in found:
                self.levers.wrong(place, where, f"the correlation of {one} and {other} stands twice; give it once")
            else:
                found[one, other] = each.rho
        message = contradiction(found)
        if message:
            self.levers.wrong(node.value["correlation"], "design.correlation", message, at_key=True)
        return found


def contradiction(correlations: Mapping[tuple[str, str], float]) -> str:
    """Why no random numbers can have all the correlations; empty where some can.

    Three levers are blamed where they are enough, with what the third pair has to be; otherwise all that hang together.
    """
    names = list(dict.fromkeys(name for pair in correlations for name in pair))
    if not names or _is_possible(correlation_matrix(names, correlations)):
        return ""
    for three in combinations(names, 3):
        matrix = correlation_matrix(three, correlations)
        if not _is_possible(matrix):
            one, two, third = matrix[0, 1], matrix[1, 2], matrix[0, 2]
            room = float(np.sqrt((1 - one**2) * (1 - two**2)))
            told = "; ".join(_told(pair, correlations) for pair in combinations(three, 2))
            return (
                f"the correlations contradict each other (not positive semidefinite): {told}. With the others as they "
                f"are, that of {three[0]} and {three[2]} has to lie between {one * two - room:.3g} and "
                f"{one * two + room:.3g}, not at {third:g}"
            )
    told = "; ".join(_told(pair, correlations) for pair in correlations)
    return f"the correlations contradict each other (not positive semidefinite): {told}. Make some of them weaker"


def _is_possible(matrix: Array) -> bool:
    return bool(np.linalg.eigvalsh(matrix)[0] > -1e-9)


def _told(pair: tuple[str, str], correlations: Mapping[tuple[str, str], float]) -> str:
    one, other = pair
    rho = correlations.get((one, other), correlations.get((other, one)))
    return f"{one} and {other} {'0 (not given)' if rho is None else f'{rho:g}'}"


def _is_span(said: Node) -> bool:
    return isinstance(said.value, dict) and bool(said.value.keys() & {"from", "to", "steps"})
