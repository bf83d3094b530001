"""Levers: the values of a case that a study moves, found by their paths in all scenarios of the study."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel

from leam_opt.case.figures import unit_of
from leam_opt.case.merge import suggestions
from leam_opt.case.plain import plain
from leam_opt.case.quantity import ByYear, FigureError, Quantity, Unit, parse_figure
from leam_opt.case.schema import Case
from leam_opt.case.shape import Figure, Shape
from leam_opt.case.units import shown
from leam_opt.study.target import entries, fitting

_YEAR = re.compile(r"[0-9]{4}", re.ASCII)
_ENDS = ("low", "base", "high")


class LeverError(ValueError):
    """A path leads to no lever, or a lever cannot be what a design wants of it."""


@dataclass(frozen=True)
class Lever:
    """One value of a case that a study moves; what its design gives goes to `Case.override`, path by path.

    Attributes:
        path: full dotted path.
        unit: documented unit and bounds of a figure; None for anything else.
        base: what the case plans with: a number in the unit, or plain data; None where it has none, where it changes
            over the years, or where the scenarios differ.
        kind: `figure`: its values are numbers in the unit; `structural`: its values are plain data as given (words,
            lists, whole numbers, sections, and figures that a value switches off or gives as a range).
        low, high: ends between which the design moves it, as far as the design has ends.
        factor: what moves as one: levers of the same factor stand at the same place of their ranges. It is the path of
            the figure; the years of a figure with ranges by year are levers of one factor.
    """

    path: str
    unit: Unit | None
    base: Any
    kind: Literal["figure", "structural"]
    low: Any = None
    high: Any = None
    factor: str = ""

    def __post_init__(self) -> None:
        if not self.factor:
            object.__setattr__(self, "factor", self.path)

    @property
    def unit_name(self) -> str:
        """The unit for a message; empty for what is no figure."""
        return self.unit.name if self.unit is not None else ""


def factors_of(levers: Iterable[Lever]) -> tuple[str, ...]:
    """Names of the factors of levers, in their order."""
    return tuple(dict.fromkeys(lever.factor for lever in levers))


class Finder:
    """Finds levers in the cases of all scenarios of a study.

    Args:
        frames: the case in each scenario, by the scenario's name.
    """

    def __init__(self, frames: Mapping[str, Case]) -> None:
        self.frames = dict(frames)
        self._known = {name: entries(case) for name, case in self.frames.items()}
        self._all: dict[str, Shape] = {path: shape for known in self._known.values() for path, shape in known.items()}

    def path(self, asked: str) -> str:
        """The full path that a path, whose parts may be abbreviated, means in all scenarios.

        Raises LeverError where none or more than one fits, or a scenario lacks it.
        """
        path = self.path_in_any(asked)
        lacking = [name for name in self.frames if not self.has(name, path)]
        if lacking:
            named = ", ".join(lacking)
            raise LeverError(f"the case has no {path} in {named}; leave {named} out of the study's scenarios")
        return path

    def path_in_any(self, asked: str, *, with_ends: bool = False) -> str:
        """The full path as `path` tells it, where one scenario at least has it; also of an end of a range, if asked."""
        name = asked.strip()
        parts = name.split(".")
        if len(parts) > 1 and (_YEAR.fullmatch(parts[-1]) or parts[-1] in _ENDS):
            figures = [path for path in self._fitting(parts[:-1]) if isinstance(self._all[path], Figure)]
            if len(figures) == 1:
                is_end = with_ends and parts[-1] in _ENDS
                return f"{figures[0]}.{parts[-1]}" if is_end else self._within(figures[0], parts[-1])
        found = self._fitting(parts)
        # Nearly all levers are figures: one that fits an abbreviation comes before anything else that does.
        figures = [path for path in found if isinstance(self._all[path], Figure)]
        found = figures if len(figures) == 1 else found
        if len(found) > 1:
            raise LeverError(f"it could be {' or '.join(found[:5])}; write more of it")
        if found:
            return found[0]
        if any(path.startswith(f"{name}.") for path in self._all):
            return name  # a whole section
        close = suggestions(name, self._all)
        remedy = f"did you mean {' or '.join(close)}?" if close else "`leam-opt schema` lists the keys of a case"
        raise LeverError(f"nothing in the case has this path; {remedy}")

    def has(self, scenario: str, path: str) -> bool:
        """Whether the case has a full path in a scenario."""
        known = self._known[scenario]
        head, _, last = path.rpartition(".")
        whole = head if _YEAR.fullmatch(last) or last in _ENDS else path
        return path in known or whole in known or any(other.startswith(f"{path}.") for other in known)

    def is_figure(self, path: str) -> bool:
        """Whether a full path is a figure, or a year of one."""
        head, _, last = path.rpartition(".")
        shape = self._all.get(head if path not in self._all and _YEAR.fullmatch(last) else path)
        return isinstance(shape, Figure)

    def unit(self, path: str) -> Unit | None:
        """The unit of a figure by its full path; None for anything else."""
        if not self.is_figure(path):
            return None
        case = next(case for name, case in self.frames.items() if self.has(name, path))
        return unit_of(case, path)

    def base(self, path: str) -> Any:
        """The planning value of a figure or the plain data at a path; None where years or scenarios differ."""
        found = [_base_at(case, path) for name, case in self.frames.items() if self.has(name, path)]
        return found[0] if all(value == found[0] for value in found) else None

    def has_base(self, path: str) -> bool:
        """Whether a path has one value in all scenarios and years; an empty figure has none."""
        found = [_base_at(case, path) for name, case in self.frames.items() if self.has(name, path)]
        return all(value == found[0] for value in found) and not (found[0] is None and self.is_figure(path))

    def lever(self, path: str, low: Any = None, high: Any = None, *, structural: bool = False) -> Lever:
        """The lever at a full path, between given ends."""
        unit = None if structural else self.unit(path)
        return Lever(path, unit, self.base(path), "structural" if unit is None else "figure", low, high)

    def ranges(self, path: str) -> dict[str, Quantity]:
        """The figures with ranges that a full path means, by their own paths: one, or one for each year.

        Empty where there is no range. Raises LeverError where the scenarios differ in them.
        """
        by_scenario = {name: _ranges_at(case, path) for name, case in self.frames.items()}
        first, *others = by_scenario
        for other in others:
            if _ends_of(by_scenario[other]) != _ends_of(by_scenario[first]):
                told = " and ".join(f"{_told(by_scenario[name])} in {name}" for name in (first, other))
                raise LeverError(f"its range differs between the scenarios ({told}); study them apart or give one")
        return by_scenario[first]

    def ranged_levers(self, path: str, own: Mapping[str, Quantity]) -> list[Lever]:
        """The levers of the ranges that `ranges` has found at a path; they are one factor."""
        return [
            Lever(each, self.unit(each), figure.base, "figure", figure.low, figure.high, path)
            for each, figure in own.items()
        ]

    def ranged_paths(self, *, with_reference_plan: bool) -> list[str]:
        """Paths of all figures that have a range in any scenario, in the order of the case."""
        left_out = {"scenarios"} if with_reference_plan else {"scenarios", "reference_plan"}
        found: dict[str, None] = {}
        for case in self.frames.values():
            for name in type(case).model_fields:
                if name not in left_out:
                    found |= dict.fromkeys(_ranged(getattr(case, name), name))
        return list(found)

    def _fitting(self, parts: Sequence[str]) -> list[str]:
        return fitting(parts, self._all)

    def _within(self, path: str, last: str) -> str:
        """The path of a figure's year; LeverError for one that it cannot have, and for an end of its range."""
        if last in _ENDS:
            raise LeverError(f"an end of a range is no lever; name the figure itself, {path}")
        shape = self._all[path]
        assert isinstance(shape, Figure)
        if not shape.by_year:
            raise LeverError(f"{path} is one figure for all years; leave the year away")
        years = next(iter(self.frames.values())).years
        if int(last) not in years:
            raise LeverError(f"{last} is not a year of the horizon {years[0]} to {years[-1]}")
        return f"{path}.{last}"


def figure_value(value: Any, unit: Unit) -> float:
    """A number in the documented unit from a number or a text with a unit; raises FigureError, with bounds checked."""
    if not is_number(value):
        raise FigureError(f"expected a number in {unit.name}, got {shown(value)}")
    return parse_figure(value, unit).base


def is_number(value: Any) -> bool:
    """Whether a value may be one number of a figure: a number, or a text with a unit."""
    return isinstance(value, int | float | str) and not isinstance(value, bool)


def overlapping(levers: Sequence[Lever]) -> Iterator[tuple[Lever, Lever]]:
    """Pairs of levers of which one sets what the other sets too: a section and its key, a figure and its year."""
    last = None
    for lever in sorted(levers, key=lambda lever: lever.path.split(".")):
        if last is not None and (lever.path == last.path or lever.path.startswith(f"{last.path}.")):
            yield last, lever
        else:
            last = lever


def _value_at(case: Case, path: str) -> tuple[Any, int | None]:
    """What stands at a path, and the year behind it."""
    value: Any = case
    for part in path.split("."):
        if isinstance(value, ByYear):
            return value, int(part)
        if isinstance(value, list):
            value = value[int(part)]
        elif isinstance(value, dict):
            value = value[part]
        elif value is None:
            return None, None
        else:
            value = getattr(value, part)
    return value, None


def _base_at(case: Case, path: str) -> Any:
    value, year = _value_at(case, path)
    if isinstance(value, Quantity):
        return value.base
    if not isinstance(value, ByYear):
        return plain(value)
    if year is not None:
        return value.at_year(year).base if value.first_year <= year else None
    bases = {value.at_year(year).base for year in case.years if value.first_year <= year}
    bases |= {entry.base for entry in value.entries.values()}
    return bases.pop() if len(bases) == 1 else None


def _ranges_at(case: Case, path: str) -> dict[str, Quantity]:
    try:
        value, year = _value_at(case, path)
    except (KeyError, IndexError):
        return {}
    if isinstance(value, Quantity):
        found = {path: value}
    elif not isinstance(value, ByYear):
        found = {}
    elif year is not None:
        found = {path: value.at_year(year)} if value.first_year <= year else {}
    elif set(value.entries) == {0}:
        found = {path: value.entries[0]}
    else:
        found = {f"{path}.{start}": entry for start, entry in value.entries.items()}
    return {each: figure for each, figure in found.items() if figure.is_range}


def _ends_of(found: Mapping[str, Quantity]) -> dict[str, tuple[float, float, float]]:
    return {path: (figure.low, figure.base, figure.high) for path, figure in found.items()}


def _told(found: Mapping[str, Quantity]) -> str:
    if not found:
        return "none"
    figure = next(iter(found.values()))
    return f"{figure.low:g} to {figure.high:g} {figure.unit}{' and so on' if len(found) > 1 else ''}"


def _ranged(value: Any, path: str) -> Iterator[str]:
    """Paths of the figures with a range in a part of a case; the years of a figure share its path."""
    if isinstance(value, Quantity):
        if value.is_range:
            yield path
    elif isinstance(value, ByYear):
        if any(entry.is_range for entry in value.entries.values()):
            yield path
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from _ranged(getattr(value, name), f"{path}.{name}")
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _ranged(item, f"{path}.{key}")
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _ranged(item, f"{path}.{number}")
