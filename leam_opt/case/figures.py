"""Figures that vary: the values of many variants of a case beside the planning values of all its other figures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, NoReturn

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import BaseModel

from leam_opt.case.consistency import CHECKS
from leam_opt.case.figure_paths import Place, places_of, quantities_at, unit_of
from leam_opt.case.instruments import Loan
from leam_opt.case.load import origin_of
from leam_opt.case.quantity import ByYear, FigureError, Quantity
from leam_opt.case.schema import Case

__all__ = [
    "ZERO",
    "Figures",
    "constant",
    "problems_by_variant",
    "quantities_at",
    "structure_figures",
    "unit_of",
    "vary",
]

Array = NDArray[np.float64]


class Figures:
    """Values of a case's figures: planning values, or one value a variant for those that vary.

    Args:
        varied: (n) values of a figure in its documented unit, by `id` of its `Quantity` object.
        size: number of variants; that of `varied` where it is left out.
        case: the case that the figures belong to, held so that no other object can take the place of one of them.
    """

    def __init__(
        self, varied: Mapping[int, Array] | None = None, size: int | None = None, case: Case | None = None
    ) -> None:
        self._varied = {key: np.array(values, dtype=float) for key, values in (varied or {}).items()}
        self._case = case
        for column in self._varied.values():
            column.flags.writeable = False  # some entries of a table are such a column itself
        self.size = size if size is not None else next((len(values) for values in self._varied.values()), None)
        """Number of variants; None where nothing varies."""
        if any(values.shape != (self.size,) for values in self._varied.values()):
            raise ValueError(f"every figure that varies needs {self.size} values")

    def one(self, quantity: Quantity) -> Array:
        """The value of a figure, () or (n)."""
        found = self._varied.get(id(quantity))
        return np.asarray(quantity.base) if found is None else found

    def each(self, quantities: Iterable[Quantity]) -> Array:
        """The values of some figures, (K), or (n, K) where any of them varies."""
        given = list(quantities)
        planned = np.array([quantity.base for quantity in given], dtype=float)
        varied = [(k, self._varied[id(quantity)]) for k, quantity in enumerate(given) if id(quantity) in self._varied]
        if not varied:
            return planned
        values = np.tile(planned, (len(varied[0][1]), 1))
        for k, column in varied:
            values[:, k] = column
        return values

    def yearly(self, figure: ByYear, years: Iterable[int]) -> Array:
        """The values of a figure in some calendar years, (Y), or (n, Y) where any of them varies.

        NaN before its first entry (never read where nothing is on sale).
        """
        return self.each(_entries(figure, years))

    def by_year(self, figures: Sequence[ByYear], years: Sequence[int]) -> Array:
        """The values of several figures in some calendar years, (K, Y) or (n, K, Y), as `yearly` gives them."""
        return self.grid([_entries(figure, years) for figure in figures], len(years))

    def grid(self, rows: Sequence[Sequence[Quantity]], width: int) -> Array:
        """The values of some rows of `width` figures, (K, width), or (n, K, width) where any of them varies."""
        values = self.each(quantity for row in rows for quantity in row)
        return values.reshape(*values.shape[:-1], len(rows), width)

    def varies(self, key: int) -> bool:
        """Whether a figure, by the `id` of its `Quantity`, varies."""
        return key in self._varied

    def varied(self, key: int) -> Array:
        """(n) the values of a figure that varies."""
        return self._varied[key]

    def taken(self, which: NDArray[np.int64]) -> Figures:
        """The figures of some of the variants."""
        size = None if self.size is None else len(which)
        return Figures({key: column[which] for key, column in self._varied.items()}, size, self._case)

    def __reduce__(self) -> NoReturn:
        # Elsewhere the objects have other identities, and every figure would quietly be at its planning value again.
        raise TypeError("figures belong to the objects of one case; send the case and the values, and vary it there")


@cache
def constant(value: float) -> Quantity:
    """A figure that never varies, for places where a case has none."""
    return Quantity.model_construct(low=value, base=value, high=value, unit="", source=None, note=None)


ZERO = constant(0.0)
_NOTHING = constant(np.nan)


def _entries(figure: ByYear, years: Iterable[int]) -> list[Quantity]:
    """The entries in force in some calendar years."""
    entries = figure.entries
    if len(entries) == 1 and 0 in entries:
        return [entries[0] for _ in years]
    first = figure.first_year
    return [figure.at_year(year) if year >= first else _NOTHING for year in years]


def vary(case: Case, values: Mapping[str, ArrayLike]) -> tuple[Case, Figures]:
    """Lets figures of a case vary: variant i is exactly `case.override({path: value i of each path})`.

    Args:
        case: the case.
        values: (n) values by the path of a figure, or of its entry for a calendar year, in the figure's documented
            unit. They are taken as they are; `problems_by_variant` tells which of them a case may have.

    Returns:
        A case in which every path is one figure of its own, and the figures over it. It is the given case where that
        holds there. Otherwise an override makes them so, each with its value in force; where the given case has no
        value for one of them it is the case of the first variant.

    Raises:
        CaseError: where a path leads to no figure, or two of them to the same; where the case of the first variant is
            needed and not valid.
    """
    columns, size = _columns(values)
    frame = _frame(case, places_of(case, columns), columns)
    varied = {}
    for path, column in columns.items():
        (quantity,) = quantities_at(frame, path)
        varied[id(quantity)] = column
    assert len(varied) == len(columns)
    return frame, Figures(varied, size, frame)


def _columns(values: Mapping[str, ArrayLike]) -> tuple[dict[str, Array], int | None]:
    columns = {path: np.asarray(column, dtype=float) for path, column in values.items()}
    shapes = {column.shape for column in columns.values()}
    if len(shapes) > 1 or any(len(shape) != 1 for shape in shapes):
        raise ValueError(f"every path needs one value a variant, got arrays of the shapes {sorted(shapes)}")
    return columns, next((len(column) for column in columns.values()), None)


def _frame(case: Case, places: Sequence[Place], columns: Mapping[str, Array]) -> Case:
    """The case in which every place has one figure of its own."""
    if any(place.figure is None for place in places):
        return case.override({path: float(column[0]) for path, column in columns.items()})
    # A case put together in Python may hold one object at two places; an override makes all of them anew.
    shared = {key for key, count in Counter(map(id, _figures_in(case))).items() if count > 1}
    settings = {
        place.path: place.in_force(case.start_year)
        for place in places
        if not place.is_own or any(id(quantity) in shared for quantity in place.quantities)
    }
    return case.override(settings) if settings else case


def _figures_in(value: Any) -> Iterator[Quantity]:
    if isinstance(value, Quantity):
        yield value
    elif isinstance(value, BaseModel | dict | list):
        items = (
            value if isinstance(value, list) else (value.__dict__ if isinstance(value, BaseModel) else value).values()
        )
        for item in items:
            yield from _figures_in(item)


def structure_figures(case: Case) -> set[int]:
    """The `id`s of the figures of which the sets of the model ask whether they, or their ranges, are above zero.

    A number in the place of such a figure takes its range away: at zero its rows and variables drop out of the model,
    and above zero they come in. One model serves variants that agree on this.
    """
    used = [case.funding.instruments[name] for name in case.funding.use if name in case.funding.instruments]
    loans = [terms for terms in used if isinstance(terms, Loan)]
    asked = [terms.min_ticket for terms in used]
    asked += [figure for loan in loans for figure in (loan.reserve_months, loan.lockup_dscr, loan.guaranteed_share_min)]
    return {id(figure) for figure in asked}


def problems_by_variant(case: Case, values: Mapping[str, ArrayLike]) -> list[str | None]:
    """What is wrong with each variant: why `case.override` would refuse its values; None where it takes them.

    Args:
        case: the case.
        values: as `vary` takes them.

    Raises:
        CaseError: where a path leads to no figure, or two of them to the same; no variant is to blame for that.
    """
    columns, size = _columns(values)
    places = places_of(case, columns)
    reasons = _out_of_bounds(places, columns, size or 0)
    variant = _Variant()
    end = origin_of(case).end
    # An override is checked at the base values first, and then at the end of the ranges that the case stands at.
    frames = [(case, "")] if end == "base" else [(case.at("base"), ""), (case, f" (with all ranges at {end})")]
    checks = [
        _Check(check, _with_stand_ins(frame, places, variant), suffix) for frame, suffix in frames for check in CHECKS
    ]
    rows = np.array(list(columns.values())).T.tolist()
    for i, row in enumerate(rows):
        if not reasons[i]:
            variant.values = dict(zip(columns, row, strict=True))
            reasons[i] = [problem for check in checks for problem in check.problems(variant)]
    return ["; ".join(dict.fromkeys(found)) or None for found in reasons]


def _out_of_bounds(places: Sequence[Place], columns: Mapping[str, Array], size: int) -> list[list[str]]:
    """Values that their units do not allow, by variant."""
    found: list[list[str]] = [[] for _ in range(size)]
    for place in places:
        unit, column = place.unit, columns[place.path]
        wrong = ~np.isfinite(column)
        wrong |= column <= (-np.inf if unit.gt is None else unit.gt)
        wrong |= column < (-np.inf if unit.ge is None else unit.ge)
        wrong |= column > (np.inf if unit.le is None else unit.le)
        for i in np.flatnonzero(wrong):
            value = float(column[i])
            try:
                unit.check(value)
                message = f"{value:g} is not a finite number; write a number in {unit.name}"
            except FigureError as error:
                message = str(error)
            found[i].append(f"{place.path}: {message}")
    return found


@dataclass
class _Variant:
    """The variant that is looked at: its values by path, and those that were asked for."""

    values: dict[str, float] = field(default_factory=dict)
    read: dict[str, float] = field(default_factory=dict)


class _StandIn:
    """Stands in the place of a figure: it has the value of the variant that is looked at, and notes who asks for it.

    It is no `Quantity`, so that a search through the sections of a case does not take it for one and look into it.
    """

    source = note = None

    def __init__(self, place: Place, variant: _Variant) -> None:
        self.unit = place.unit.name
        self._path = place.path
        self._variant = variant

    @property
    def base(self) -> float:
        value = self._variant.values[self._path]
        self._variant.read[self._path] = value
        return value

    low = high = base

    def __float__(self) -> float:
        return self.base


class _Check:
    """One of the consistency checks on a case with stand-ins, which is done again only where it could differ.

    A check is a function of its case, and all that differs between variants are the values of the stand-ins. Where
    those that it asked for the last time are the same again, it asks for the same ones in the same order, and finds
    the same, whatever the others are: each value that it reads decides what it reads next.
    """

    def __init__(self, check: Callable[[Case], Iterable[tuple[str, str]]], case: Case, suffix: str) -> None:
        self._check, self._case, self._suffix = check, case, suffix
        self._read: dict[str, float] | None = None
        self._found: list[str] = []

    def problems(self, variant: _Variant) -> list[str]:
        if self._read is None or any(variant.values[path] != value for path, value in self._read.items()):
            variant.read = self._read = {}
            self._found = [f"{path}: {message}{self._suffix}" for path, message in self._check(self._case)]
        return self._found


def _with_stand_ins(case: Case, places: Sequence[Place], variant: _Variant) -> Case:
    """The case as overrides of all places would make it, unchecked, with a stand-in for each of them."""
    for place in places:
        case = _replaced(case, place.parts, place, _StandIn(place, variant), case.start_year)
    return case


def _replaced(value: Any, parts: Sequence[str], place: Place, stand_in: _StandIn, start_year: int) -> Any:
    if not parts:
        return _by_year(value, place.year, stand_in, start_year) if place.by_year else stand_in
    key = parts[0]
    if isinstance(value, BaseModel):
        inner = _replaced(getattr(value, key), parts[1:], place, stand_in, start_year)
        return value.model_copy(update={key: inner})
    if isinstance(value, dict):
        return {**value, key: _replaced(value[key], parts[1:], place, stand_in, start_year)}
    at = int(key)
    return [*value[:at], _replaced(value[at], parts[1:], place, stand_in, start_year), *value[at + 1 :]]


def _by_year(figure: ByYear | None, year: int | None, stand_in: Any, start_year: int) -> ByYear:
    entries = {} if figure is None or year is None else figure.entries
    if 0 in entries:  # one figure for all years holds from the start of the horizon until the year that is set
        entries = {start_year: entries[0]}
    added = {**entries, (0 if year is None else year): stand_in}
    return ByYear.model_construct(entries=dict(sorted(added.items())))
