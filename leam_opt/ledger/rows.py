"""Rows of rules: left side, right side, slack and tolerance of whole families at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from math import prod
from typing import ClassVar, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from leam_opt.case.index import CLASSES, ENTITIES, POOLS, Index

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
Counts = NDArray[np.int_]
Sense = Literal["<=", ">=", "=="]

RELATIVE_TOLERANCE = 1e-6
"""Tolerance of a row over its largest term; below a term of one unit the tolerance is absolute."""

ONE_EURO_MEUR = 1e-6
"""Amounts up to a euro count as nothing where a row asks whether something is paid at all."""

_AXIS_NAMES = {
    "S": "site",
    "G": "type",
    "Y": "year",
    "K": "pool",
    "C": "class",
    "N": "generation",
    "P": "step",
    "J": "source",
    "F": "instrument",
    "A": "level",
    "E": "company",
    "U": "guarantee",
    "B": "band",
    "L": "token price",
    "M": "cluster price",
}


def axis_labels(index: Index) -> dict[str, tuple[str, ...]]:
    """Names along each axis letter of `Decisions`."""
    return {
        "S": index.sites,
        "G": index.types,
        "Y": tuple(str(year) for year in index.years),
        "K": POOLS,
        "C": CLASSES,
        "N": index.generations,
        "P": _numbers(index.steps),
        "J": index.sources,
        "F": index.instruments,
        "A": index.levels,
        "E": ENTITIES,
        "U": index.guarantees,
        "B": _numbers(index.bands),
        "L": _numbers(index.token_levels),
        "M": _numbers(index.cluster_levels),
    }


def _numbers(count: int) -> tuple[str, ...]:
    return tuple(str(number + 1) for number in range(count))


@dataclass(frozen=True)
class Row:
    """One row of a rule, for reports and messages; slack is negative by what is missing."""

    family: str
    what: str
    where: str
    left: float
    sense: str
    right: float
    slack: float
    tolerance: float
    unit: str

    def __str__(self) -> str:
        place = f" ({self.where})" if self.where else ""
        return (
            f"{self.family}{place}: {self.what}: {self.left:.9g} {self.unit} must be {self.sense} "
            f"{self.right:.9g} {self.unit}; it is off by {-self.slack:.3g}, allowed is {self.tolerance:.1g}"
        )


@dataclass(frozen=True)
class Block:
    """Rows of one kind; `...` below is an axis of variants, where the plan or its figures have one.

    Attributes:
        family: name of the rule.
        what: what the rows demand, in words.
        axes: letters of the trailing axes, as in `Decisions`; empty for a single row.
        left, right: (..., axes) both sides.
        sense: how left must stand to right.
        unit: unit of both sides.
        size: (..., axes) largest term of the row; scales the tolerance.
        applies: (..., axes) where the row is in force; None: everywhere.
    """

    family: str
    what: str
    axes: str
    left: Array
    sense: Sense
    right: Array
    unit: str
    size: Array
    applies: Mask | None

    row_type: ClassVar[type[Row]] = Row

    @cached_property
    def slack(self) -> Array:
        """(..., axes) room left in the unit of the row; negative where the row is broken."""
        if self.sense == "<=":
            return self.right - self.left
        if self.sense == ">=":
            return self.left - self.right
        return -np.abs(self.left - self.right)

    @cached_property
    def tolerance(self) -> Array:
        """(..., axes) how far slack may fall below zero."""
        return RELATIVE_TOLERANCE * np.maximum(1.0, self.size)

    @cached_property
    def met(self) -> Mask:
        """(..., axes) whether each row holds; a figure that is not a number breaks its row."""
        holds: Mask = self.slack >= -self.tolerance
        return holds if self.applies is None else holds | ~self.applies

    @property
    def own_axes(self) -> tuple[int, ...]:
        """Positions of the axes of the rows."""
        return tuple(range(-len(self.axes), 0))

    @property
    def holds(self) -> Mask:
        """(...) whether all rows hold."""
        return np.asarray(np.all(self.met, axis=self.own_axes))

    @property
    def count(self) -> Counts:
        """(...) number of rows in force."""
        if self.applies is None:
            return np.asarray(prod(self.left.shape[axis] for axis in self.own_axes))
        return np.asarray(np.sum(self.applies, axis=self.own_axes))

    def of_variant(self, *variant: int) -> Self:
        """The rows of one variant; all of them where there is no axis of variants."""
        own = len(self.axes)
        arrays = {name: getattr(self, name) for name in ("left", "right", "size", "applies")}
        with_variants = {name: values for name, values in arrays.items() if values is not None and values.ndim > own}
        return replace(self, **{name: values[variant] for name, values in with_variants.items()})

    def rows(self, index: Index, only_broken: bool = False) -> Iterator[Row]:
        """The rows in force with their labels; only without an axis of variants."""
        labels = axis_labels(index)
        chosen = np.ones(self.slack.shape, dtype=bool) if self.applies is None else self.applies
        if only_broken:
            chosen = chosen & ~self.met
        for position in np.argwhere(chosen):
            at = tuple(int(number) for number in position)
            where = ", ".join(
                f"{_AXIS_NAMES[axis]} {labels[axis][number]}" for axis, number in zip(self.axes, at, strict=True)
            )
            yield self.row_type(
                family=self.family,
                what=self.what,
                where=where,
                left=float(self.left[at]),
                sense=self.sense,
                right=float(self.right[at]),
                slack=float(self.slack[at]),
                tolerance=float(self.tolerance[at]),
                unit=self.unit,
            )


def block(
    family: str,
    what: str,
    axes: str,
    left: ArrayLike,
    sense: Sense,
    right: ArrayLike,
    unit: str,
    *,
    size: ArrayLike = 0.0,
    applies: ArrayLike | None = None,
) -> Block:
    """Rows of one kind from sides that broadcast against each other; `size` adds terms hidden in the two sides."""
    both = np.broadcast_arrays(
        np.asarray(left, dtype=float),
        np.asarray(right, dtype=float),
        np.asarray(size, dtype=float),
        np.asarray(True if applies is None else applies, dtype=bool),
    )
    left_side, right_side, terms, in_force = both
    largest = np.maximum(np.abs(terms), np.maximum(np.abs(left_side), np.abs(right_side)))
    # A side without limit is infinite; such a row always holds and has nothing to scale.
    largest = np.where(np.isfinite(largest), largest, 1.0)
    mask = None if applies is None else in_force
    return Block(family, what, axes, left_side, sense, right_side, unit, largest, mask)
