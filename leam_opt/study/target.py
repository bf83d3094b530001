"""The figure of a case that a study changes: its path, which may be abbreviated, its unit, bounds and value."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from leam_opt.case.figures import unit_of
from leam_opt.case.load import origin_of
from leam_opt.case.merge import suggestions
from leam_opt.case.quantity import ByYear, FigureError, Quantity, Unit, parse_figure
from leam_opt.case.schema import Case
from leam_opt.case.shape import Figure, Leaf, ListOf, Shape, below, paths, shape_of
from leam_opt.case.tree import Node
from leam_opt.errors import CaseError

_YEAR = re.compile(r"[0-9]{4}")
_LISTED = 5
"""Paths that a message lists."""


@dataclass(frozen=True)
class Target:
    """A figure of a case.

    Attributes:
        asked: how the user named it.
        path: its full path.
        unit: its documented unit, with its bounds.
        base_value: its value in the case, in that unit; the mean over the years where it changes over them, None where
            the case gives none.
        base_by_year: its values by calendar year where they differ.
    """

    asked: str
    path: str
    unit: Unit
    base_value: float | None
    base_by_year: dict[int, float] | None = None

    @property
    def floor(self) -> float:
        """Smallest value to look at; just above the bound where the bound itself is not allowed."""
        if self.unit.gt is None:
            return -math.inf if self.unit.ge is None else self.unit.ge
        above = self.base_value if self.base_value is not None else self.unit.gt + 1.0
        return self.unit.gt + (above - self.unit.gt) / 1000

    @property
    def ceiling(self) -> float:
        """Largest value to look at."""
        return math.inf if self.unit.le is None else self.unit.le

    def parse(self, value: float | str, option: str) -> float:
        """A value of the figure from a number in its unit or a text with a unit.

        Raises CaseError, which names `option`, where it is none or out of bounds.
        """
        try:
            return parse_figure(value, self.unit).base
        except FigureError as error:
            raise CaseError(f"{option} {value}: {error}") from None

    def shown(self, value: float, digits: int = 7) -> str:
        """A value with its unit, in so many significant digits."""
        if self.unit.name == "share":
            return f"{value * 100:.{digits}g} %" if self.unit.le == 1 else f"{value:.{digits}g}"
        return f"{value:.{digits}g} {self.unit.name}"

    def base_text(self) -> str:
        """What the case says: one value, or the span of those by year."""
        if self.base_value is None:
            return "none"
        if self.base_by_year is None:
            return self.shown(self.base_value)
        values = self.base_by_year.values()
        return f"{self.shown(min(values))} to {self.shown(max(values))} by year"


def find_target(case: Case, asked: str) -> Target:
    """The figure that a path means; each of its parts may be abbreviated as long as one figure fits.

    A calendar year behind the path of a figure that may change over the years means its value from that year until
    the next one that the case gives.

    Raises CaseError where no figure or more than one fits, or the path leads to something that is no figure.
    """
    name = asked.strip()
    parts = name.split(".")
    year = int(parts.pop()) if len(parts) > 1 and _YEAR.fullmatch(parts[-1]) else None
    known = entries(case)
    found_paths = fitting(parts, known)
    figures = [path for path in found_paths if isinstance(known[path], Figure)]
    if len(figures) > 1:
        raise CaseError(f"--solve-for {name}: it could be {' or '.join(figures[:_LISTED])}; write more of it")
    if not figures:
        raise CaseError(f"--solve-for {name}: {_remedy(name, found_paths, known)}")
    (path,) = figures
    found = _target(case, name, path)
    shape = known[path]
    if year is None:
        return found
    assert isinstance(shape, Figure)
    if not shape.by_year:
        raise CaseError(f"--solve-for {name}: {path} is one figure for all years; leave the year away")
    if year not in case.years:
        raise CaseError(f"--solve-for {name}: {year} is not a year of the horizon {case.years[0]} to {case.years[-1]}")
    base = found.base_value if found.base_by_year is None else found.base_by_year.get(year)
    return Target(name, f"{path}.{year}", found.unit, base)


def entries(case: Case) -> dict[str, Shape]:
    """Everything in the case that has a value of its own, by path."""
    tree = origin_of(case).resolved
    found = {}
    for path in paths(shape_of(Case), tree):
        shape = _shape_at(tree, path.split("."))
        if shape is not None:  # years and ends of a range have none
            found[path] = shape
    return found


def _shape_at(tree: Node | None, parts: list[str]) -> Shape | None:
    shape: Shape | None = shape_of(Case)
    node = tree
    for part in parts:
        shape = below(shape, node, part)
        node = None if node is None else node.child(part)
    return shape


def fitting(parts: Sequence[str], known: Iterable[str]) -> list[str]:
    """Paths whose parts begin with the given ones; a part that is written out beats one that is abbreviated."""
    best: tuple[bool, ...] = ()
    found: list[str] = []
    for path in known:
        names = path.split(".")
        if len(names) != len(parts) or not all(map(_begins, names, parts)):
            continue
        exact = tuple(name == part for name, part in zip(names, parts, strict=True))
        if not found or exact > best:
            best, found = exact, [path]
        elif exact == best:
            found.append(path)
    return found


def _begins(name: str, part: str) -> bool:
    return name == part or (part != "" and not part.isdigit() and name.startswith(part))


def _remedy(name: str, found: list[str], known: dict[str, Shape]) -> str:
    if found:
        shape = known[found[0]]
        what = "a list" if isinstance(shape, ListOf) else "not a figure"
        if isinstance(shape, Leaf):
            kinds = {int: "a whole number", bool: "true or false"}
            what = kinds.get(shape.type, "a choice of words" if shape.choices else "text")
        return (
            f"{found[0]} is {what}; a break-even needs a figure that can take any value, "
            "so solve its values one by one with --set"
        )
    figures = [path for path, shape in known.items() if isinstance(shape, Figure)]
    within = [path for path in figures if path.startswith(f"{name}.")]
    if within:
        more = ", ..." if len(within) > _LISTED else ""
        return f"it is a section; name one of its figures: {', '.join(within[:_LISTED])}{more}"
    close = suggestions(name, figures)
    remedy = f"did you mean {' or '.join(close)}?" if close else "`leam-opt schema` lists the keys of a case"
    return f"no figure of the case has this path; {remedy}"


def _target(case: Case, asked: str, path: str) -> Target:
    unit = unit_of(case, path)
    value: Any = case
    for part in path.split("."):
        if isinstance(value, list):
            value = value[int(part)]
        else:
            value = value[part] if isinstance(value, dict) else getattr(value, part)
    if isinstance(value, Quantity):
        return Target(asked, path, unit, value.base)
    if not isinstance(value, ByYear):
        return Target(asked, path, unit, None)
    by_year = {year: value.at_year(year).base for year in case.years if value.first_year <= year}
    values = set(by_year.values())
    if len(values) <= 1:
        return Target(asked, path, unit, next(iter(values), None))
    return Target(asked, path, unit, sum(by_year.values()) / len(by_year), by_year)
