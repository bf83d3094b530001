"""The part of JSON Schema that the schema of a case uses, small enough to be read beside the tests."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

_TYPES = {"object": dict, "array": list, "string": str, "boolean": bool, "null": type(None)}
_KNOWN = {
    "$ref", "$schema", "$defs", "title", "description", "default", "unit", "discriminator", "type", "anyOf", "oneOf",
    "enum", "const", "required", "properties", "patternProperties", "additionalProperties", "minProperties", "items",
    "minItems", "maxItems", "pattern", "minimum", "maximum", "exclusiveMinimum", "if", "then", "else",
}  # fmt: skip


def errors(value: Any, schema: Any, root: dict[str, Any], path: str = "") -> Iterator[str]:
    """What a value has against a schema; a keyword that this validator does not know is an AssertionError."""
    if schema is True:
        return
    assert set(schema) <= _KNOWN, set(schema) - _KNOWN
    if "$ref" in schema:
        yield from errors(value, root["$defs"][schema["$ref"].removeprefix("#/$defs/")], root, path)
    if "anyOf" in schema and all(list(errors(value, option, root, path)) for option in schema["anyOf"]):
        yield f"{path}: fits none of {len(schema['anyOf'])} forms"
    if "if" in schema:
        fits = not list(errors(value, schema["if"], root, path))
        yield from errors(value, schema["then" if fits else "else"], root, path)
    if "oneOf" in schema:
        fitting = [option for option in schema["oneOf"] if not list(errors(value, option, root, path))]
        if len(fitting) != 1:
            yield f"{path}: fits {len(fitting)} of {len(schema['oneOf'])} forms"
    if "type" in schema and not _is(value, schema["type"]):
        yield f"{path}: is no {schema['type']}"
        return
    if value not in schema.get("enum", [value]) or value != schema.get("const", value):
        yield f"{path}: {value!r} is not allowed"
    if isinstance(value, dict):
        yield from _mapping(value, schema, root, path)
    elif isinstance(value, list):
        if len(value) < schema.get("minItems", 0):
            yield f"{path}: too short"
        if len(value) > schema.get("maxItems", len(value)):
            yield f"{path}: too long"
        for index, item in enumerate(value):
            yield from errors(item, schema.get("items", True), root, f"{path}.{index}")
    elif isinstance(value, str):
        if "pattern" in schema and not re.search(schema["pattern"], value):
            yield f"{path}: {value!r} does not match {schema['pattern']}"
    elif isinstance(value, int | float):
        below = value < schema.get("minimum", value) or value <= schema.get("exclusiveMinimum", value - 1)
        if below or value > schema.get("maximum", value):
            yield f"{path}: {value} is out of bounds"


def _is(value: Any, types: str | list[str]) -> bool:
    for name in [types] if isinstance(types, str) else types:
        if name in ("number", "integer"):
            kinds = (int,) if name == "integer" else (int, float)
            if isinstance(value, kinds) and not isinstance(value, bool):
                return True
        elif isinstance(value, _TYPES[name]):
            return True
    return False


def _mapping(value: dict[str, Any], schema: dict[str, Any], root: dict[str, Any], path: str) -> Iterator[str]:
    for key in schema.get("required", []):
        if key not in value:
            yield f"{path}: {key} is missing"
    if len(value) < schema.get("minProperties", 0):
        yield f"{path}: empty"
    for key, item in value.items():
        here = f"{path}.{key}"
        fitting = [sub for pattern, sub in schema.get("patternProperties", {}).items() if re.search(pattern, key)]
        if key in schema.get("properties", {}):
            fitting.append(schema["properties"][key])
        if not fitting:
            extra = schema.get("additionalProperties", True)
            if extra is False:
                yield f"{here}: unknown key"
                continue
            fitting = [extra]
        for sub in fitting:
            yield from errors(item, sub, root, here)
