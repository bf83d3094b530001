"""Where a dotted path leads that means a figure: the figure itself, or its entry for a calendar year."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Annotated, Any, get_args, get_origin

from pydantic import BaseModel

from leam_opt.case.load import origin_of
from leam_opt.case.merge import suggestions
from leam_opt.case.quantity import ByYear, Quantity, Unit
from leam_opt.case.schema import Case
from leam_opt.case.shape import Figure, paths, shape_of
from leam_opt.errors import CaseError

_YEAR = re.compile(r"[0-9]{4}")
_ENDS = ("low", "base", "high")


@dataclass(frozen=True)
class Place:
    """Where a path leads.

    Attributes:
        path: the path as it was given.
        parts: its parts without a year.
        unit: the documented unit of the figure, with its bounds.
        by_year: whether the figure may change over the years.
        figure: the figure in the case; None where it is empty.
        year: the year behind the path; None where the whole figure is meant.
    """

    path: str
    parts: tuple[str, ...]
    unit: Unit
    by_year: bool
    figure: Quantity | ByYear | None
    year: int | None = None

    @property
    def quantities(self) -> list[Quantity]:
        """The figures that the case has there; see `quantities_at`."""
        if isinstance(self.figure, Quantity):
            return [self.figure]
        entries = {} if self.figure is None else self.figure.entries
        if self.year is None:
            return list(entries.values())
        return [entries[self.year]] if self.year in entries else []

    @property
    def is_own(self) -> bool:
        """Whether a number at the path replaces one figure of the case and leaves all else as it is."""
        # A number for a figure by year holds for all years, also for those before its first entry.
        is_split = isinstance(self.figure, ByYear) and self.year is None and set(self.figure.entries) != {0}
        return len(self.quantities) == 1 and not is_split

    def in_force(self, year: int) -> float:
        """The planning value in the year of the path, else in the given one; the first entry's before that."""
        if isinstance(self.figure, ByYear):
            return self.figure.at_year(max(self.year or year, self.figure.first_year)).base
        assert self.figure is not None
        return self.figure.base


def quantities_at(case: Case, path: str) -> list[Quantity]:
    """The figures that a path means: one; all entries of a figure by year; the entry of exactly the year of the path.

    Empty where the case has no figure, although it could have one there. Raises CaseError where the path leads to
    nothing, or to something that is no figure.
    """
    return place_of(case, path).quantities


def unit_of(case: Case, path: str) -> Unit:
    """The documented unit of the figure at a path, with its bounds; raises CaseError as `quantities_at` does."""
    return place_of(case, path).unit


def places_of(case: Case, wanted: Iterable[str]) -> list[Place]:
    """The places of several figures that get numbers at once.

    Raises CaseError with everything that is wrong: no figure there, a year outside the horizon, two paths that set the
    same figure.
    """
    found: list[Place] = []
    problems: list[str] = []
    first, last = case.years[0], case.years[-1]
    for path in wanted:
        try:
            place = place_of(case, path)
        except CaseError as error:
            problems += error.problems
            continue
        if place.year is not None and not place.quantities and not first <= place.year <= last:
            problems.append(f"{path}: {place.year} is not a year of the horizon {first} to {last}")
        for other in found:
            if other.parts == place.parts and (other.year is None or place.year is None or other.year == place.year):
                problems.append(f"{path}: it sets the same figure as {other.path}; name one of the two only")
        found.append(place)
    if problems:
        raise CaseError(problems)
    return found


def place_of(case: Case, path: str) -> Place:
    """The place that a path leads to; raises CaseError as `quantities_at` does."""
    value: Any = case
    parts = path.strip().split(".")
    for depth, part in enumerate(parts, start=1):
        if isinstance(value, BaseModel) and part in type(value).model_fields:
            shape = shape_of(type(value)).keys[part].shape
            if isinstance(shape, Figure):
                place = Place(path, tuple(parts[:depth]), _unit(value, part), shape.by_year, getattr(value, part))
                return _within(case, place, parts[depth:])
            value = getattr(value, part)
        elif isinstance(value, dict) and part in value:
            value = value[part]
        elif isinstance(value, list) and part.isascii() and part.isdigit() and int(part) < len(value):
            value = value[int(part)]
        else:
            raise _unmatched(case, path)
    raise CaseError(f"{path}: it is {_kind(value)}, and not a figure that can take any value")


def _unit(section: BaseModel, name: str) -> Unit:
    field = type(section).model_fields[name]
    unit = next((item for item in field.metadata if isinstance(item, Unit)), None) or _unit_in(field.annotation)
    assert unit is not None, name
    return unit


def _unit_in(annotation: Any) -> Unit | None:
    """The unit of an optional figure."""
    if get_origin(annotation) is Annotated:
        return next((item for item in get_args(annotation)[1:] if isinstance(item, Unit)), None)
    return next((unit for option in get_args(annotation) if (unit := _unit_in(option))), None)


def _within(case: Case, place: Place, rest: list[str]) -> Place:
    """The place of a whole figure, or of its entry for the year behind its path."""
    if not rest:
        return place
    whole = ".".join(place.parts)
    if rest[-1] in _ENDS and len(rest) <= 2:
        raise CaseError(f"{place.path}: an end of a range is not a figure of its own; name the figure, {whole}")
    if len(rest) > 1 or not _YEAR.fullmatch(rest[0]):
        raise _unmatched(case, place.path)
    if not place.by_year:
        raise CaseError(f"{place.path}: {whole} is one figure for all years; leave the year away")
    return replace(place, year=int(rest[0]))


def _unmatched(case: Case, path: str) -> CaseError:
    close = suggestions(path, paths(shape_of(Case), origin_of(case).resolved))
    remedy = f"did you mean {' or '.join(close)}?" if close else "`leam-opt schema` lists the keys of a case"
    return CaseError(f"{path}: matches nothing in the case; {remedy}")


def _kind(value: Any) -> str:
    kinds = {bool: "true or false", int: "a whole number", str: "text", list: "a list", type(None): "empty"}
    return kinds.get(type(value), "a section")
