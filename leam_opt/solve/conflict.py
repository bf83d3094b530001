"""Names the rules that cannot hold together, by a deletion filter over the families of the model and their rows."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from leam_opt.solve.highs import Session
from leam_opt.solve.standard_form import StandardForm

Flags = NDArray[np.bool_]

_CHECK_SECONDS = 10.0
_TOTAL_SECONDS = 60.0
_SHOWN_PLACES = 4
_TOLERANCE = 1e-6
"""How far HiGHS may miss a row of a mixed-integer programme."""


@dataclass(frozen=True)
class Row:
    """A row of a rule, or the upper bound of a variable: Pyomo component, labels (site, year, ...), limits."""

    component: str
    labels: tuple[object, ...]
    lower: float
    upper: float

    @property
    def text(self) -> str:
        """Where the row stands, with its limit where that is a number of the case."""
        where = ", ".join(str(label) for label in self.labels) or "whole horizon"
        if np.isfinite(self.lower) and self.lower not in (0.0, self.upper):
            return f"{where} (at least {self.lower:g})"
        if np.isfinite(self.upper) and self.upper not in (0.0, self.lower):
            return f"{where} (at most {self.upper:g})"
        return where


@dataclass(frozen=True)
class Member:
    """A rule of a conflict.

    Attributes:
        rule: name of its family (`Part.name`), or of a constraint of the user's own.
        says: the rule in the words of a planner.
        rows: its rows and bounds that are needed for the conflict.
    """

    rule: str
    says: str
    rows: tuple[Row, ...]

    @property
    def text(self) -> str:
        """The rule with its places."""
        places = list(dict.fromkeys(row.text for row in self.rows))
        more = f" and {len(places) - _SHOWN_PLACES} more" if len(places) > _SHOWN_PLACES else ""
        return f"{self.says}: {'; '.join(places[:_SHOWN_PLACES])}{more}" if places else self.says


@dataclass(frozen=True)
class Conflict:
    """Rules that cannot hold together.

    Attributes:
        members: the rules.
        is_proven: whether each of them, and each of their rows, was shown to be needed: without it the others can hold.
            Where time ran out, more rules than needed may be named, or none.
    """

    members: tuple[Member, ...]
    is_proven: bool

    @property
    def texts(self) -> list[str]:
        """The rules with their places."""
        return [member.text for member in self.members]

    @property
    def message(self) -> str:
        """What to tell at the terminal."""
        listed = "\n".join(f"  - {text}" for text in self.texts) or "  (the rules in conflict could not be told apart)"
        told = f"no plan satisfies all rules of the case; these cannot hold together:\n{listed}"
        if self.is_proven or not self.members:
            return told
        return f"{told}\n(time ran out before every one of them was shown to be needed; allow more with --time-limit)"


def find_conflict(model: Any, form: StandardForm, seed: int = 0, time_limit: float | None = None) -> Conflict:
    """A smallest set of rules of an infeasible model that cannot hold together.

    A rule is left out for good where the model stays infeasible without it; what remains is a conflict from which no
    rule can be dropped. The rows of each remaining rule are thinned out in the same way, so that years and sites are
    named. Whole numbers stay whole throughout. Money is left aside where things alone conflict already.

    Args:
        model: of a formulation.
        form: its matrix form; of a variant, with that one's numbers.
        seed: of the solver.
        time_limit: seconds, a minute at most.
    """
    return _Finder(model, form, seed, min(_TOTAL_SECONDS, _TOTAL_SECONDS if time_limit is None else time_limit)).run()


@dataclass(frozen=True)
class _Family:
    """A family of the model, or constraints of the user's own.

    Attributes:
        name, says, is_rule, about_money: as `Part` has them.
        rows: (rows,) its rows.
        columns: (columns,) columns whose upper bounds express the same rule.
    """

    name: str
    says: str
    is_rule: bool
    about_money: bool
    rows: Flags
    columns: Flags

    @property
    def is_there(self) -> bool:
        return bool(self.rows.any() or self.columns.any())


class _Finder:
    def __init__(self, model: Any, form: StandardForm, seed: int, seconds: float) -> None:
        self.form = form
        self.seed = seed
        self._deadline = time.perf_counter() + seconds
        self._is_proven = True
        # What solutions that were met on the way miss, rows and bounds: they show that more than they miss may be open.
        self._plans: list[tuple[Flags, Flags]] = []
        self._names = np.array([row.parent_component().local_name for row in form.rows], dtype=object)
        columns = [variable.parent_component().local_name for variable in form.columns]
        self.families = [self._family(part, columns) for part in model.parts]
        self.families += self._own(columns)
        # Money is elastic through the gap, and the bounds on compute and models only repeat what sites can power and
        # what the mission allows: none is a rule of its own, and left in force they would hide those they follow from.
        self.repeated = np.isin(columns, ("unfunded_gap_meur", "compute_mgpuh", "core_models"))
        self.implied = np.isin(self._names, tuple(getattr(model, "implied", ())))
        sources = [family.rows for family in self.families if family.name in ("homogeneity", "mission_models")]
        self.implied_by = np.any([*sources, np.zeros(len(form.rows), dtype=bool)], axis=0) & ~self.implied

    def _family(self, part: Any, columns: Sequence[str]) -> _Family:
        rows = [name == part.name or name.startswith(part.name + "_") for name in self._names]
        flags = np.array(rows, dtype=bool), np.isin(columns, part.bounded)
        return _Family(part.name, part.says, part.is_rule, part.about_money, *flags)

    def _own(self, columns: Sequence[str]) -> Iterable[_Family]:
        """Constraints that are of no part: the limit of an objective, rules of the user's own."""
        known = np.any([family.rows for family in self.families], axis=0)
        for name in dict.fromkeys(self._names[~known]):
            says = "largest deficit" if name == "deficit_limit" else f"rule '{name}'"
            yield _Family(name, says, True, False, self._names == name, np.zeros(len(columns), dtype=bool))

    @property
    def _is_late(self) -> bool:
        return time.perf_counter() >= self._deadline

    def _infeasible(self, open_rows: Flags, open_columns: Flags) -> bool:
        """Whether the model without these rows and upper bounds is proven infeasible."""
        form = self.form
        if (open_rows & self.implied_by).any():
            # Rows that only close the bound follow from rows of other rules, and are nothing without them.
            open_rows = open_rows | self.implied
        if any(not (rows & ~open_rows).any() and not (bounds & ~open_columns).any() for rows, bounds in self._plans):
            return False
        trial = replace(
            form,
            row_lower=np.where(open_rows, -np.inf, form.row_lower),
            row_upper=np.where(open_rows, np.inf, form.row_upper),
            upper=np.where(open_columns | self.repeated, np.inf, form.upper),
            objectives=np.zeros((1, len(form.lower))),
            offsets=np.zeros(1),
        )
        if self._is_late:
            self._is_proven = False
            return False
        left = self._deadline - time.perf_counter()
        outcome = Session(trial, seed=self.seed).run(0, time_limit=min(left, _CHECK_SECONDS))
        self._is_proven &= outcome.status in ("optimal", "infeasible")
        if outcome.x is not None:
            rows, bounds = missed(form, outcome.x)
            self._plans.append((rows, bounds & ~self.repeated))
        return outcome.status == "infeasible"

    def run(self) -> Conflict:
        open_rows = np.zeros(len(self.form.rows), dtype=bool)
        open_columns = np.zeros(len(self.form.columns), dtype=bool)
        money = np.any([family.rows for family in self.families if family.about_money], axis=0)
        rules = [family for family in self.families if family.is_rule and family.is_there]
        if self._infeasible(money, open_columns):
            open_rows = money
            rules = [family for family in rules if not family.about_money]
        else:
            # The bounds of the money rows hold for sites of the case's size, so the sites stay as they are.
            rules = [family for family in rules if family.about_money or not family.columns.any()]
        kept = []
        for family in rules:
            rows, columns = open_rows | family.rows, open_columns | family.columns
            if self._infeasible(rows, columns):
                open_rows, open_columns = rows, columns
            else:
                kept.append(family)
        if self._is_late:
            return Conflict((), False)
        members = []
        for family in kept:
            # From the last row on, so that the first year that conflicts remains.
            rows_of = np.flatnonzero(family.rows & ~open_rows & ~self.implied)[::-1]
            columns_of = np.flatnonzero(family.columns & ~open_columns & np.isfinite(self.form.upper))[::-1]
            rows_needed = self._thinned(rows_of, open_rows, lambda: self._infeasible(open_rows, open_columns))
            bounds_needed = self._thinned(columns_of, open_columns, lambda: self._infeasible(open_rows, open_columns))
            told = [*(self._row(row) for row in rows_needed), *(self._bound(column) for column in bounds_needed)]
            members.append(Member(family.name, family.says, tuple(told)))
        return Conflict(tuple(members), self._is_proven)

    def _thinned(self, places: NDArray[np.int64], opened: Flags, is_infeasible: Callable[[], bool]) -> list[int]:
        """Opens the places that are not needed, many at once where none of them is; returns those that are needed."""
        if not len(places):
            return []
        opened[places] = True
        if is_infeasible():
            return []
        opened[places] = False
        if len(places) == 1:
            return [int(places[0])]
        half = len(places) // 2
        first = self._thinned(places[:half], opened, is_infeasible)
        return sorted([*first, *self._thinned(places[half:], opened, is_infeasible)])

    def _row(self, row: int) -> Row:
        limits = float(self.form.row_lower[row]), float(self.form.row_upper[row])
        return Row(str(self._names[row]), _labels(self.form.rows[row]), *limits)

    def _bound(self, column: int) -> Row:
        variable = self.form.columns[column]
        return Row(variable.parent_component().local_name, _labels(variable), -np.inf, float(self.form.upper[column]))


def missed(form: StandardForm, x: NDArray[np.float64]) -> tuple[Flags, Flags]:
    """Rows (rows,) and upper bounds (columns,) of a form that a solution does not keep, by the solver's tolerance."""
    activity = form.matrix @ x
    rows = (activity < form.row_lower - _TOLERANCE) | (activity > form.row_upper + _TOLERANCE)
    return rows, x > form.upper + _TOLERANCE


def _labels(component: Any) -> tuple[object, ...]:
    index = component.index()
    labels = index if isinstance(index, tuple) else (index,)
    return tuple(label for label in labels if label is not None)
