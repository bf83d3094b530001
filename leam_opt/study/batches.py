"""Batches of variants of one case: checked, derived, and matched with a compiled problem that has their sets."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from leam_opt.case.derive import TABLE, Derived, derive
from leam_opt.case.figures import Figures, problems_by_variant, structure_figures, vary
from leam_opt.case.schema import Case
from leam_opt.case.structure import structure_hash
from leam_opt.errors import CaseError
from leam_opt.ledger.inputs import Inputs
from leam_opt.ledger.reader import BatchReader
from leam_opt.solve.problem import Problem

Array = NDArray[np.float64]
Indices = NDArray[np.int64]

_PROBLEMS_KEPT = 8
BUILDING = threading.Lock()
"""Models are built by one thread at a time: Pyomo does not say that threads may share what it keeps in its modules."""


@dataclass(frozen=True)
class Batch:
    """Variants that differ in figures only.

    Attributes:
        places: (n) which of the variants that were asked for these are.
        case: the case whose figures vary.
        values: (n) their values by path, in the documented units.
        figures: the same as the case's figures.
        size: n.
    """

    places: Indices
    case: Case
    values: Mapping[str, Array]
    figures: Figures
    size: int

    def variant(self, number: int) -> Case:
        """The case of one variant."""
        return self.case.override({path: float(column[number]) for path, column in self.values.items()})

    @cached_property
    def derived(self) -> Derived:
        """The derived table; entries that vary have a leading axis (n)."""
        return derive(self.case, self.figures)

    @cached_property
    def inputs(self) -> Inputs:
        """The ledger's inputs (n)."""
        return Inputs.read(self.case, BatchReader(self.case.years, self.sized_figures))

    @property
    def sized_figures(self) -> Figures:
        """The figures with an axis of variants also where none of them varies."""
        return self.figures if self.figures.size is not None else Figures({}, self.size, self.case)

    def table(self, number: int) -> dict[str, Array]:
        """The derived table of one variant."""
        values = self.derived.values
        return {name: array[number] if array.ndim > len(TABLE[name][0]) else array for name, array in values.items()}

    def vectors(self, problem: Problem) -> Array:
        """(n, parameters) values of the problem's parameters."""
        vector = problem.template.vector(self.derived.values)
        return vector if vector.ndim == 2 else np.tile(vector, (self.size, 1))

    def taken(self, which: Indices) -> Batch:
        """Some of the variants."""
        values = {path: column[which] for path, column in self.values.items()}
        return Batch(self.places[which], self.case, values, self.figures.taken(which), len(which))


class Workshop:
    """Compiled problems by structure, of which a process keeps the last few."""

    def __init__(self) -> None:
        self._problems: OrderedDict[str, Problem] = OrderedDict()
        self.built = 0

    def problem(self, case: Case) -> Problem:
        """The compiled problem of a case, or of another one with the same sets."""
        key = structure_hash(case, derive(case))
        if key not in self._problems:
            with BUILDING:
                self._problems[key] = Problem.of(case)
            self.built += 1
            while len(self._problems) > _PROBLEMS_KEPT:
                self._problems.popitem(last=False)
        self._problems.move_to_end(key)
        return self._problems[key]

    def matched(self, batch: Batch) -> Iterator[tuple[Problem, Batch]]:
        """The batch in parts, each with the problem that has the sets of its variants.

        Numbers that decide on rows, such as a minimum ticket of zero, part a batch.
        """
        asked = structure_figures(batch.case)
        marks = [batch.figures.varied(key) > 0 for key in asked if batch.figures.varies(key)]
        problem = self.problem(batch.case)
        fits = np.broadcast_to(problem.template.fits(batch.derived.values), (batch.size,))
        if fits.all() and not marks:
            yield problem, batch
            return
        finite = [np.isfinite(array).reshape(batch.size, -1) for array in self._limits(batch)]
        patterns = np.concatenate([np.array(marks, dtype=bool).reshape(-1, batch.size).T, *finite], axis=1)
        _, group = np.unique(patterns, axis=0, return_inverse=True)
        for number in range(int(group.max()) + 1):
            part = batch.taken(np.flatnonzero(group.ravel() == number))
            yield self.problem(part.variant(0)), part

    def _limits(self, batch: Batch) -> list[Array]:
        """Entries of the table that vary and are infinite somewhere."""
        values = batch.derived.values
        return [
            array for name, array in values.items() if array.ndim > len(TABLE[name][0]) and not np.isfinite(array).all()
        ]


def batches(
    case: Case, values: Mapping[str, Array | Sequence[Any]], figure_paths: frozenset[str]
) -> Iterator[tuple[Indices, Batch | str]]:
    """Variants of a case in batches that differ in figures only, and those that the case refuses with the reason.

    Args:
        case: the case.
        values: of each lever, by path, one a variant.
        figure_paths: levers that are figures; their values are numbers in the documented unit.

    Yields:
        Numbers of variants with their batch, or with what is wrong with each of them.
    """
    size = len(next(iter(values.values()))) if values else 1
    words = {path: list(column) for path, column in values.items() if path not in figure_paths}
    numbers = {path: np.asarray(column, dtype=float) for path, column in values.items() if path in figure_paths}
    groups: dict[str, list[int]] = {}
    for number in range(size):
        groups.setdefault(repr([column[number] for column in words.values()]), []).append(number)
    for members in groups.values():
        places = np.array(members, dtype=np.int64)
        try:
            frame = case.override({path: column[members[0]] for path, column in words.items()}) if words else case
            yield from _of_figures(frame, {path: column[places] for path, column in numbers.items()}, places)
        except CaseError as error:
            # What is refused by itself may be allowed together with the figures, so each variant is tried whole.
            yield from _one_by_one(case, values, places, error)


def _of_figures(case: Case, values: dict[str, Array], places: Indices) -> Iterator[tuple[Indices, Batch | str]]:
    if not values:
        yield places, Batch(places, case, {}, Figures({}, None, case), len(places))
        return
    problems = problems_by_variant(case, values)
    valid = np.array([problem is None for problem in problems])
    for number in np.flatnonzero(~valid):
        yield places[[number]], str(problems[number])
    if valid.any():
        kept = {path: column[valid] for path, column in values.items()}
        frame, figures = vary(case, kept)
        yield places[valid], Batch(places[valid], frame, kept, figures, int(valid.sum()))


def _one_by_one(
    case: Case, values: Mapping[str, Array | Sequence[Any]], places: Indices, error: CaseError
) -> Iterator[tuple[Indices, Batch | str]]:
    for place in places:
        here = np.array([place], dtype=np.int64)
        try:
            single = case.override({path: _plain(column[place]) for path, column in values.items()})
        except CaseError as own:
            yield here, "; ".join(map(_of_case, own.problems or error.problems))
        else:
            yield here, Batch(here, single, {}, Figures({}, None, single), 1)


def _of_case(problem: str) -> str:
    """What an override says, without the option of the command line that asks for one."""
    path, colon, reason = problem.removeprefix("--set ").partition(": ")
    return reason if reason.startswith(path) else path + colon + reason


def _plain(value: Any) -> Any:
    return float(value) if isinstance(value, np.floating) else value
