"""A figure of a case: its low, base and high value in one documented unit, with source and note."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from leam_opt.case import units
from leam_opt.case.units import shown

End = Literal["low", "base", "high"]

_TEXT = {"type": "string"}
_END = {"anyOf": [{"type": "number"}, _TEXT]}
RANGE_SCHEMA: dict[str, Any] = {
    "type": "object",
    "description": "A figure with its range; each end is a number in `unit` (the figure's own unit where it is absent) "
    "or a text with a unit. Without `base` the planning value is the mean of `low` and `high`.",
    "additionalProperties": False,
    "properties": {
        "low": {**_END, "description": "smallest value"},
        "base": {**_END, "description": "planning value"},
        "high": {**_END, "description": "largest value"},
        "unit": {**_TEXT, "description": "unit of the three numbers"},
        "source": {**_TEXT, "description": "annex, statute, `domain_facts.md`, or `assumption: why`"},
        "note": {**_TEXT, "description": "anything a reader should know"},
    },
}


class FigureError(ValueError):
    """A figure is wrong.

    `where` is the key within the figure (`2024.low`), empty for the figure itself; `about` tells whether the value
    there is wrong, its key, or that keys are missing.
    """

    def __init__(self, message: str, where: str = "", *, about: Literal["value", "key", "absence"] = "value") -> None:
        super().__init__(message)
        self.where = where
        self.about = about


class Quantity(BaseModel):
    """One figure, in the unit that its field documents.

    Attributes:
        low, base, high: the range's ends and the planning value; equal where the case gives a single number.
        unit: the documented unit of the field, in which the three figures are kept.
        source: where the figure comes from (annex, statute, `assumption: why`); None inherits the section's source.
        note: anything a reader should know.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    low: float
    base: float
    high: float
    unit: str
    source: str | None = None
    note: str | None = None

    def __float__(self) -> float:
        return self.base

    @property
    def is_range(self) -> bool:
        """Whether low and high differ."""
        return self.low != self.high

    def at(self, end: End) -> Quantity:
        """The figure with its planning value moved to one end of the range."""
        return self.model_copy(update={"base": getattr(self, end)})


@dataclass(frozen=True)
class Unit:
    """The documented unit and the bounds of a figure; annotates a `Quantity` or a `ByYear` field.

    A case gives the figure as a number in that unit, as a string with a unit of the same dimension (`"19 ct/kWh"`), or
    as a range `{low, base, high, unit, source, note}`; a range without base takes the mean of its ends. A `ByYear`
    takes the same, or one of them for each calendar year from which it holds. Non-negative unless told otherwise.
    """

    name: str
    ge: float | None = 0.0
    gt: float | None = None
    le: float | None = None

    def check(self, number: float, given_unit: str = "") -> None:
        """Raises FigureError where a number in the documented unit is out of bounds.

        `given_unit` is the unit in which the case gives it, if it names one.
        """
        if self.gt is not None and number <= self.gt:
            raise FigureError(f"{number:g} {self.name} is too small; it must be above {self.gt:g} {self.name}")
        if self.ge is not None and number < self.ge:
            raise FigureError(f"{number:g} {self.name} is too small; at least {self.ge:g} {self.name} is allowed")
        if self.le is not None and number > self.le:
            raise FigureError(self._too_large(number, self.le, given_unit))

    def _too_large(self, number: float, most: float, given_unit: str) -> str:
        if self.name == "share" and given_unit not in ("", "share"):
            return f"{100 * number:g} % is too large; at most {100 * most:g} % is allowed"
        remedy = ""
        if self.name == "share" and number <= 100:
            # A number just above 1 is as likely meant as 120 % as it is as 1.2 %; a suggestion would be wrong at times.
            is_either = most == 1 and number < 2
            percent = f'"{number:g} %"'
            remedy = f" (1 is 100 %, and {percent} is {number / 100:g})" if is_either else f" (did you mean {percent}?)"
        return f"{number:g} {self.name} is too large; at most {most:g} {self.name} is allowed{remedy}"

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        parse: Callable[[Any, Unit], Any] = parse_by_year if source is ByYear else parse_figure

        def validate(value: Any) -> Any:
            try:
                return parse(value, self)
            except FigureError as error:
                # A custom error keeps the message free of pydantic's own wording.
                context = {"message": str(error), "where": error.where, "about": error.about}
                raise PydanticCustomError("quantity", "{message}", context) from None

        schema = core_schema.no_info_before_validator_function(validate, handler(source))
        schema["metadata"] = {"by_year": source is ByYear}
        return schema

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        by_year = bool(schema.get("metadata", {}).get("by_year"))
        forms: list[dict[str, Any]] = [
            {"type": "number", **self._bounds()},
            {"type": "string", "description": f"a number, or a number with a unit that converts to {self.name}"},
            RANGE_SCHEMA,
        ]
        if by_year:
            year = {"type": "object", "minProperties": 1, "additionalProperties": False}
            forms.append({**year, "patternProperties": {"^[0-9]{4}$": {"anyOf": list(forms)}}})
        return {"anyOf": forms, "unit": self.name}

    def _bounds(self) -> dict[str, float]:
        bounds = {"minimum": self.ge if self.gt is None else None, "exclusiveMinimum": self.gt, "maximum": self.le}
        return {key: bound for key, bound in bounds.items() if bound is not None}


def parse_figure(value: Any, unit: Unit) -> Quantity:
    """A figure from a number, a text with a unit, a range, or another figure.

    Raises FigureError with a message for the user.
    """
    if isinstance(value, Quantity):
        value = value.model_dump(exclude_none=True)
    if isinstance(value, Mapping):
        return _parse_range(value, unit)
    number = _number(value, unit, "")
    return Quantity.model_construct(low=number, base=number, high=number, unit=unit.name, source=None, note=None)


def _parse_range(value: Mapping[str, Any], unit: Unit) -> Quantity:
    for key in value:
        if key not in Quantity.model_fields:
            remedy = hint(key, Quantity.model_fields)
            raise FigureError(f"unknown key {shown(key)} in a range; {remedy}", str(key), about="key")
    for key in ("unit", "source", "note"):
        if value.get(key) is not None and not isinstance(value[key], str):
            raise FigureError(f"expected text, got {shown(value[key])}; put it in quotes", key)
    given = value.get("unit") or ""
    try:
        units.factor(given or unit.name, unit.name)
    except ValueError as error:
        raise FigureError(str(error), "unit") from None
    ends: dict[str, float] = {}
    for key in ("low", "base", "high"):
        if key in value:
            with _Within(key):
                ends[key] = _number(value[key], unit, given)
    if "base" not in ends and not {"low", "high"} <= set(ends):
        raise FigureError("a range needs 'base', or both 'low' and 'high' (base is then their mean)", about="absence")
    base = ends["base"] if "base" in ends else _mean(ends["low"], ends["high"])
    low, high = ends.get("low", base), ends.get("high", base)
    if not low <= base <= high:
        raise FigureError(
            f"a range must be in order low <= base <= high, got {low:g}, {base:g}, {high:g} {unit.name}",
            "base" if "base" in ends else "high",
        )
    source, note = value.get("source"), value.get("note")
    return Quantity.model_construct(low=low, base=base, high=high, unit=unit.name, source=source, note=note)


def _mean(low: float, high: float) -> float:
    # Halves first: the sum of two large ends may overflow. Halves of the very smallest numbers may be zero.
    mean = low / 2 + high / 2
    return min(max(mean, low), high) if low <= high else mean


def _number(value: Any, unit: Unit, given_unit: str) -> float:
    """A number or a text as a number in the documented unit, within its bounds.

    `given_unit` is that of a number without one of its own; empty: the documented one.
    """
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise FigureError(f"expected a number in {unit.name}, got {shown(value)}")
    try:
        bare, own_unit = units.split(value) if isinstance(value, str) else (float(value), "")
        given_unit = own_unit or given_unit
        number = units.convert(bare, given_unit or unit.name, unit.name)
    except OverflowError:
        raise FigureError(f"{shown(value)} is too large a number") from None
    except ValueError as error:
        raise FigureError(str(error)) from None
    if not math.isfinite(number):
        raise FigureError(f"{shown(value)} is not a finite number; write a number in {unit.name}")
    unit.check(number, given_unit)
    return number


class ByYear(BaseModel):
    """A figure that may change over the years: each entry holds from its calendar year until the next one.

    A single figure holds for all years; it is kept under the year 0.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    entries: dict[int, Quantity] = Field(min_length=1)

    def at_year(self, year: int) -> Quantity:
        """The entry in force in a calendar year; KeyError before the first entry."""
        valid = [start for start in self.entries if start <= year]
        if not valid:
            raise KeyError(year)
        return self.entries[max(valid)]

    @property
    def first_year(self) -> int:
        """The first calendar year with a figure (0 where one figure holds for all years)."""
        return min(self.entries)


def has_years(value: Any) -> bool:
    """Whether a mapping is a figure by calendar year, and not a range."""
    return isinstance(value, Mapping) and any(str(key)[:1].isdigit() for key in value)


def parse_by_year(value: Any, unit: Unit) -> ByYear:
    """A figure by calendar year from one figure for all years, or from a mapping of years.

    Raises FigureError with a message for the user.
    """
    if isinstance(value, ByYear):
        value = value.entries.get(0, value.entries)
    if not has_years(value):
        return ByYear.model_construct(entries={0: parse_figure(value, unit)})
    entries: dict[int, Quantity] = {}
    for key, entry in value.items():
        text = str(key)
        if not (len(text) == 4 and text.isascii() and text.isdigit() and 2000 <= int(text) <= 2100):
            raise FigureError(f"{shown(key)} is not a calendar year from 2000 to 2100", text, about="key")
        year = int(text)
        if entries and year <= max(entries):
            message = f"years out of order: {year} stands after {max(entries)}; sort them"
            raise FigureError(message, text, about="key")
        with _Within(text):
            entries[year] = parse_figure(entry, unit)
    return ByYear.model_construct(entries=entries)


class _Within:
    """Adds a key in front of where a FigureError of the block points to."""

    def __init__(self, key: str) -> None:
        self.key = key

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, FigureError):
            error.where = f"{self.key}.{error.where}" if error.where else self.key


def hint(name: object, known: Iterable[str]) -> str:
    """The closest known name as a question, or else the known names."""
    names = list(known)
    close = get_close_matches(str(name)[:80], names, n=1)
    others = f"known are {', '.join(names)}" if names else "there is none"
    return f"did you mean '{close[0]}'?" if close else others


def default(value: float) -> Any:
    """Default figure of a field, in the field's unit."""
    return Field(default=value, validate_default=True)
