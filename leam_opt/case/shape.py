"""The schema of a case as a tree to walk: which keys exist where, which of them are figures, lists or tables."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel

from leam_opt.case.quantity import ByYear, Quantity, Unit, has_years
from leam_opt.case.tree import Node


@dataclass(frozen=True)
class Figure:
    """A `Quantity`, or a `ByYear`."""

    unit: str
    by_year: bool


@dataclass(frozen=True)
class Leaf:
    """A plain value: text, whole number, truth value, or one of some words."""

    type: type
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class ListOf:
    """A list; it is replaced as a whole."""

    item: Shape


@dataclass(frozen=True)
class TableOf:
    """A mapping from names that the case chooses."""

    item: Shape


@dataclass(frozen=True)
class Key:
    """A key of a section."""

    shape: Shape
    required: bool
    default: Any
    meaning: str


@dataclass(frozen=True)
class SectionOf:
    """A section with fixed keys."""

    keys: dict[str, Key]

    @property
    def required(self) -> list[str]:
        """Keys without a default."""
        return [name for name, key in self.keys.items() if key.required]


@dataclass(frozen=True)
class ChoiceOf:
    """One of several sections; the key `by` says which."""

    by: str
    options: dict[str, SectionOf]


@dataclass(frozen=True)
class Free:
    """A mapping that the schema does not look into (an overlay)."""


Shape = Figure | Leaf | ListOf | TableOf | SectionOf | ChoiceOf | Free


@cache
def shape_of(model: type[BaseModel]) -> SectionOf:
    """The shape of a section."""
    keys = {}
    for name, field in model.model_fields.items():
        unit = next((item for item in field.metadata if isinstance(item, Unit)), None)
        keys[name] = Key(
            _shape(field.annotation, unit),
            field.is_required(),
            None if field.is_required() else field.get_default(call_default_factory=True),
            field.description or "",
        )
        if field.discriminator:
            raise TypeError(f"{model.__name__}.{name}: a choice of sections is supported inside a table only")
    return SectionOf(keys)


def _shape(annotation: Any, unit: Unit | None = None, by: str | None = None) -> Shape:
    origin, args = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        unit = next((item for item in args[1:] if isinstance(item, Unit)), unit)
        by = next((item.discriminator for item in args[1:] if getattr(item, "discriminator", None)), by)
        return _shape(args[0], unit, by)
    if origin in (Union, UnionType):
        options = [option for option in args if option is not NoneType]
        if len(options) == 1:
            return _shape(options[0], unit)
        if by is None:
            raise TypeError(f"a choice of sections needs a discriminator: {annotation}")
        return ChoiceOf(by, {get_args(o.model_fields[by].annotation)[0]: shape_of(o) for o in options})
    if annotation in (Quantity, ByYear):
        if unit is None:
            raise TypeError("a figure needs a Unit")
        return Figure(unit.name, annotation is ByYear)
    if origin is Literal:
        return Leaf(str, args)
    if origin is list:
        return ListOf(_shape(args[0]))
    if origin is dict:
        return Free() if args[1] is Any else TableOf(_shape(args[1]))
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return shape_of(annotation)
    return Leaf(annotation)


def options(shape: Shape, node: Node | None) -> Shape:
    """The section that a choice stands for, as far as the node says so; any other shape is returned as it is."""
    if isinstance(shape, ChoiceOf) and node is not None:
        chosen = node.child(shape.by)
        if chosen is not None and isinstance(chosen.value, str) and chosen.value in shape.options:
            return shape.options[chosen.value]
    return shape


def below(shape: Shape | None, node: Node | None, key: str) -> Shape | None:
    """The shape under a key (of a section, a table or a list); None where the schema has no such key."""
    if shape is None:
        return None
    shape = options(shape, node)
    if isinstance(shape, SectionOf):
        return shape.keys[key].shape if key in shape.keys else None
    if isinstance(shape, TableOf | ListOf):
        return shape.item
    return Free() if isinstance(shape, Free) else None


def paths(shape: Shape, node: Node | None, prefix: str = "") -> Iterator[str]:
    """Paths of everything in a case that an override can set: values of the files and defaults of the schema."""
    shape = options(shape, node)
    value = None if node is None else node.value
    here = f"{prefix}." if prefix else ""
    if isinstance(shape, SectionOf):
        for name, key in shape.keys.items():
            child = None if node is None else node.child(name)
            is_absent_section = child is None and isinstance(key.shape, SectionOf) and key.default is None
            if name not in ("source", "note", "scenarios") and not is_absent_section:
                yield from paths(key.shape, child, here + name)
    elif isinstance(shape, TableOf) and isinstance(value, dict):
        for name, child in value.items():
            yield from paths(shape.item, child, here + name)
    elif isinstance(shape, Figure | Leaf | ListOf):
        yield prefix
        if isinstance(shape, ListOf) and isinstance(value, list) and not isinstance(shape.item, Leaf):
            for index, child in enumerate(value):
                yield from paths(shape.item, child, f"{here}{index}")
        elif isinstance(shape, Figure) and isinstance(value, dict):
            if shape.by_year and has_years(value):
                for year, child in value.items():
                    yield from paths(Figure(shape.unit, by_year=False), child, here + year)
            else:
                yield from (here + end for end in ("low", "base", "high"))


def whole_unit(key: str) -> str:
    """The unit of a whole number, which its key tells."""
    if key == "years" or key.endswith("_years"):
        return "a"
    if key.endswith("_year") or key in ("open_from", "on_sale_from", "on_sale_until"):
        return "calendar year"
    if key in ("samples", "seed"):
        return "sample" if key == "samples" else "number"
    if "per_year" in key:
        return "model/a"
    return "model" if key.startswith("models_") else "unit"
