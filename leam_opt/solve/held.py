"""The linear programme that remains where the whole-number decisions of a plan are held.

What is held drops out of the columns; rows without free columns are checked by themselves, and rows that are implied by
others at whole numbers are left out. What machines may fail to deliver under other figures than planned (compute that
was promised, power) has an elastic column on each side, so that the answer tells by how much. Money needs none: what
is missing is the unfunded gap.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from leam_opt.solve.problem import Problem
from leam_opt.solve.template import Changes, Template

Array = NDArray[np.float64]
Indices = NDArray[np.int64]
Mask = NDArray[np.bool_]

MISSED = 1e-6
"""A rule that is missed by less, relative to its size in the plan, holds."""
_SMALLEST_SIZE = 1e-3
"""Rows whose terms are all smaller are measured in their own unit."""


@dataclass(frozen=True)
class HeldForm:
    """The remaining linear programme in compressed columns; elastic columns stand behind the free ones.

    Attributes:
        problem: the compiled formulation.
        held: (all columns,) the plan's whole numbers; 0 for columns that are free.
        free: positions of the free columns among all.
        rows: positions of the rows that have free columns.
        checked: positions of the rows that have none.
        is_elastic: (all rows,) whether a rule may be missed.
        size: (all rows,) size of each row in the plan; misses are relative to it.
        elastic: rows of the elastic columns, among all.
        sign: (elastic columns,) -1 where the upper side is missed, +1 where the lower one is.
        start, index: compressed columns of the remaining matrix.
        order: for each of its entries its position in the template's entries with the elastic ones behind.
    """

    problem: Problem
    held: Array
    free: Indices
    rows: Indices
    checked: Indices
    is_elastic: Mask
    size: Array
    elastic: Indices
    sign: Array
    start: NDArray[np.int32]
    index: NDArray[np.int32]
    order: Indices

    @classmethod
    def of(cls, problem: Problem, x: Array) -> HeldForm:
        """The programme that remains of a problem.

        Args:
            problem: the compiled formulation.
            x: (columns,) a plan of it; only its whole numbers are kept.
        """
        template = problem.template
        whole = np.where(template.is_integer, np.round(x), x)
        held = np.where(template.is_integer, whole, 0.0)
        row_of = np.repeat(np.arange(len(template.rows)), np.diff(template.start))
        free = np.flatnonzero(~template.is_integer)
        is_free_entry = ~template.is_integer[template.column_of]
        names = [row.parent_component().local_name for row in template.rows]
        is_needed = ~np.isin(names, problem.model.implied)
        is_free_entry &= is_needed[row_of]
        has_free = np.bincount(row_of[is_free_entry], minlength=len(template.rows)) > 0
        arrays = template.base(template.vector(problem.table))
        size = _sizes(template, arrays, whole)
        is_elastic = elastic_rows(problem)
        rows = np.flatnonzero(has_free)
        upper = rows[is_elastic[rows] & np.isfinite(arrays["row_upper"][rows])]
        lower = rows[is_elastic[rows] & np.isfinite(arrays["row_lower"][rows])]
        elastic = np.concatenate([upper, lower])
        entries = np.flatnonzero(is_free_entry)
        new_row, new_column = np.cumsum(has_free) - 1, np.cumsum(~template.is_integer) - 1
        places = np.concatenate([new_row[row_of[entries]], new_row[elastic]])
        columns = np.concatenate([new_column[template.column_of[entries]], len(free) + np.arange(len(elastic))])
        sorted_ = np.lexsort((places, columns))
        taken = np.concatenate([entries, len(template.column_of) + np.arange(len(elastic))])
        return cls(
            problem=problem,
            held=held,
            free=free,
            rows=rows,
            checked=np.flatnonzero(~has_free & is_needed),
            is_elastic=is_elastic,
            size=size,
            elastic=elastic,
            sign=np.concatenate([np.full(len(upper), -1.0), np.ones(len(lower))]),
            start=np.searchsorted(columns[sorted_], np.arange(len(free) + len(elastic) + 1)).astype(np.int32),
            index=places[sorted_].astype(np.int32),
            order=taken[sorted_],
        )

    @property
    def width(self) -> int:
        """Columns of the remaining programme."""
        return len(self.free) + len(self.elastic)

    @cached_property
    def families(self) -> list[str]:
        """(all rows) name of the rule or identity of each row."""
        names = [row.parent_component().local_name for row in self.problem.template.rows]
        parts = sorted((part.name for part in self.problem.model.parts), key=len, reverse=True)
        found = {name: next((p for p in parts if name == p or name.startswith(p + "_")), name) for name in set(names)}
        return [found[name] for name in names]

    @cached_property
    def money_rows(self) -> NDArray[np.int32]:
        """Rows of the programme that are about money."""
        about_money = {part.name for part in self.problem.model.parts if part.about_money}
        return np.flatnonzero([self.families[row] in about_money for row in self.rows]).astype(np.int32)

    @cached_property
    def says(self) -> dict[str, str]:
        """What each family demands, in words."""
        return {part.name: part.says for part in self.problem.model.parts}

    def numbers(self, vectors: Array) -> Numbers:
        """The numbers of variants with parameter vectors (n, parameters)."""
        template = self.problem.template
        base = template.base(vectors[0])
        return Numbers(self, base, template.changes(vectors, (vectors != vectors[0]).any(axis=0)), len(vectors))


def elastic_rows(problem: Problem) -> Mask:
    """(rows,) what machines may fail to deliver."""
    names = [row.parent_component().local_name for row in problem.template.rows]
    return np.isin(names, problem.model.missable)


def _sizes(template: Template, arrays: dict[str, Array], x: Array) -> Array:
    """(rows,) the largest term of each row in a plan, or its limit."""
    terms = np.abs(arrays["data"] * x[template.column_of])
    largest = np.zeros(len(template.rows))
    filled = np.diff(template.start) > 0
    largest[filled] = np.maximum.reduceat(terms, template.start[:-1][filled])
    for side in ("row_lower", "row_upper"):
        largest = np.maximum(largest, np.abs(np.where(np.isfinite(arrays[side]), arrays[side], 0.0)))
    return np.where(largest < _SMALLEST_SIZE, 1.0, largest)


@dataclass(frozen=True)
class Numbers:
    """The numbers of n variants of a held programme.

    Attributes:
        form: the programme.
        base: the numbers of the first variant, by the names of the template's arrays.
        changes: what differs between the variants.
        count: n.
    """

    form: HeldForm
    base: dict[str, Array]
    changes: Changes
    count: int

    def all(self, name: str) -> Array:
        """(n, ...) one array of the template for all variants."""
        array: Array = np.tile(self.base[name], (self.count, 1))
        array[:, self.changes.places[name]] = self.changes.values[name]
        return array

    @cached_property
    def objectives(self) -> Array:
        """(n or 1, objectives, all columns); one for all where they do not vary."""
        varies = len(self.changes.places["objectives"]) > 0
        array = self.all("objectives") if varies else self.base["objectives"][None]
        return array.reshape(len(array), -1, len(self.form.held))

    @cached_property
    def offsets(self) -> Array:
        """(n or 1, objectives) constants with what the held columns cost."""
        array = self.all("offsets") if len(self.changes.places["offsets"]) else self.base["offsets"][None]
        return np.asarray(array + self.objectives @ self.form.held)

    @cached_property
    def data(self) -> Array:
        """(n, entries of the template)."""
        return self.all("data")

    @cached_property
    def sides(self) -> tuple[Array, Array]:
        """Lower and upper sides (n, all rows) less what the held columns take."""
        template = self.form.problem.template
        terms = self.data * self.form.held[template.column_of]
        taken = np.zeros((self.count, len(template.rows)))
        filled = np.diff(template.start) > 0
        taken[:, filled] = np.add.reduceat(terms, template.start[:-1][filled], axis=1)
        return self.all("row_lower") - taken, self.all("row_upper") - taken

    @cached_property
    def bounds(self) -> tuple[Array, Array]:
        """Lower and upper bounds (n, columns of the held programme)."""
        free, more = self.form.free, len(self.form.elastic)
        lower, upper = self.all("lower")[:, free], self.all("upper")[:, free]
        nothing, any_ = np.zeros((self.count, more)), np.full((self.count, more), np.inf)
        return np.concatenate([lower, nothing], axis=1), np.concatenate([upper, any_], axis=1)

    def values(self, number: int) -> Array:
        """Entries of the remaining matrix of one variant."""
        form = self.form
        entries = np.concatenate([self.data[number], form.sign * form.size[form.elastic]])
        return np.asarray(entries[form.order])

    def costs(self, number: int) -> Array:
        """(1 + objectives, columns): the misses, then the objectives of the model."""
        form = self.form
        objectives = self.objectives[min(number, len(self.objectives) - 1)]
        costs = np.zeros((1 + len(objectives), form.width))
        costs[0, len(form.free) :] = 1.0
        costs[1:, : len(form.free)] = objectives[:, form.free]
        return costs

    def misses(self, elastic: Array) -> Array:
        """(n, elastic columns and checked rows) relative misses, for the values (n, elastic columns) of the former.

        A miss is relative to what the row asks for in the variant, or to its size in the plan where it asks for zero.
        """
        form = self.form
        low, high = self.sides
        checked = np.maximum(np.maximum(low, -high), 0.0)[:, form.checked]
        amounts = np.concatenate([elastic * form.size[form.elastic], checked], axis=1)
        side = np.concatenate(
            [np.where(form.sign < 0, high[:, form.elastic], low[:, form.elastic]), checked * 0], axis=1
        )
        sizes = np.concatenate([form.size[form.elastic], form.size[form.checked]])
        return np.asarray(amounts / np.where(np.abs(side) > MISSED * sizes, np.abs(side), sizes))

    def held_too_many(self) -> Iterator[tuple[int, int]]:
        """Variants and columns in which a bound no longer allows what is held."""
        upper = self.all("upper")
        template = self.form.problem.template
        beyond = (self.form.held > upper + MISSED * np.maximum(1.0, upper)) & template.is_integer
        for number, column in np.argwhere(beyond):
            yield int(number), int(column)
