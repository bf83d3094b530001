"""Reads the decisions of a plan out of the columns of a solved model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from leam_opt.errors import CaseError
from leam_opt.ledger.decisions import AXES, Decisions
from leam_opt.solve.problem import Problem

Array = NDArray[np.float64]
Indices = NDArray[np.int64]

_NOISE = 1e-9
"""Values below this are the solver's rounding, not decisions."""


@dataclass(frozen=True)
class Layout:
    """Where the columns of a problem stand in the arrays of the decisions.

    Attributes:
        shapes: shape of each array.
        places: for each array, positions in it (in one line) and the columns that belong there.
        is_integer: (columns,) bool.
    """

    shapes: Mapping[str, tuple[int, ...]]
    places: Mapping[str, tuple[Indices, Indices]]
    is_integer: NDArray[np.bool_]

    @classmethod
    def of(cls, problem: Problem) -> Layout:
        """The layout of a problem; a variable that its model lacks is zero."""
        place = {
            letter: {name: i for i, name in enumerate(members)} for letter, members in problem.index.labels.items()
        }
        column = {id(variable): i for i, variable in enumerate(problem.template.columns)}
        shapes, places = Decisions.shapes(problem.index), {}
        for name, shape in shapes.items():
            found = []
            for key, entry in (getattr(problem.model, name, None) or {}).items():
                if id(entry) in column:
                    labels = key if isinstance(key, tuple) else (key,)
                    at = [place[letter][label] for letter, label in zip(AXES[name], labels, strict=True)]
                    found.append((int(np.ravel_multi_index(at, shape)), column[id(entry)]))
            positions, columns = np.array(found, dtype=np.int64).reshape(-1, 2).T
            places[name] = (positions, columns)
        return cls(shapes, places, problem.template.is_integer)

    def decisions(self, x: Array) -> Decisions:
        """The decisions of a solution (columns), or of several (n, columns)."""
        whole = np.where(self.is_integer, np.round(x), x)
        whole[np.abs(whole) < _NOISE] = 0.0
        arrays = {}
        for name, shape in self.shapes.items():
            array = np.zeros((*x.shape[:-1], int(np.prod(shape))))
            positions, columns = self.places[name]
            array[..., positions] = whole[..., columns]
            arrays[name] = array.reshape(*x.shape[:-1], *shape)
        _redeem_first(arrays)
        drawn = arrays["draws_meur"].sum(axis=-1) > 0
        arrays["instrument_used"] = np.maximum(arrays["instrument_used"], drawn.astype(float))
        return Decisions(**arrays)


def whole_numbers(problem: Problem, x: Array) -> dict[str, int]:
    """The whole-number decisions of a solution that are not zero, by the name of their column."""
    whole = np.flatnonzero(problem.template.is_integer & (np.abs(x) > 0.5))
    return {str(problem.template.columns[at]): round(float(x[at])) for at in whole}


def lacking(problem: Problem, whole: Mapping[str, int]) -> list[str]:
    """What a plan decides and a problem has no column for.

    Whether an instrument is used is no decision where nothing hangs on it, such as a smallest ticket; its draws respond
    like those of any other.
    """
    undecided = {f"instrument_used[{name}]" for name in problem.index.instruments}
    return [name for name in whole if name not in problem.whole_columns and name not in undecided]


def columns_of(problem: Problem, whole: Mapping[str, int]) -> Array:
    """(columns,) the whole-number decisions of a plan in the columns of a problem.

    Raises:
        CaseError: the problem lacks a column that the plan uses.
    """
    if missing := lacking(problem, whole):
        raise CaseError(
            f"the plan cannot be held here: it decides {missing[0]}, which this case does not have; "
            "hold plans of the same scenario, sites, types and instruments"
        )
    x = np.zeros(len(problem.template.columns))
    for name, value in whole.items():
        if name in problem.whole_columns:
            x[problem.whole_columns[name]] = value
    return x


def _redeem_first(arrays: dict[str, Array]) -> None:
    """Books what investors get at the horizon as redemption first, up to what they put in, and as dividends only above.

    Both are due on the same day; the optimiser has no reason to prefer either.
    """
    last, redemption = arrays["dividends_meur"][..., -1], arrays["redemption_meur"]
    moved = np.clip(np.minimum(last, arrays["draws_meur"].sum(axis=-1) - redemption), 0.0, None)
    last -= moved
    redemption += moved
