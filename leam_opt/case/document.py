"""The JSON Schema of a case file, for editors and for readers."""

from __future__ import annotations

from typing import Any

from leam_opt.case.quantity import RANGE_SCHEMA
from leam_opt.case.schema import Case
from leam_opt.case.shape import whole_unit

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_TEXT = {"type": "string"}
_RANGE_REF = {"$ref": "#/$defs/Range"}
_TABLE_REF = {"$ref": "#/$defs/Table"}
_ABOUT = ("title", "description", "default", "unit")
_COMMON = {
    "title": "What readers see instead of the name.",
    "enabled": "Whether it counts.",
    "kind": "What sort of instrument it is.",
    "provider": "Whose money it is.",
    "entity": "The company that it belongs to.",
}
_TABLE = {
    "type": "object",
    "description": "Nested mapping read from a CSV file of the case.",
    "additionalProperties": False,
    "required": ["csv", "key"],
    "properties": {
        "csv": {**_TEXT, "description": "path inside the folder of the case"},
        "key": {
            "anyOf": [_TEXT, {"type": "array", "items": _TEXT, "minItems": 1}],
            "description": "columns that become the nested keys, in this order",
        },
        "where": {
            "type": "object",
            "additionalProperties": {"type": ["string", "number"]},
            "description": "takes only the rows with these cells",
        },
    },
}


def case_schema() -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of `case.yaml`: every key with title, meaning, unit and default.

    It knows the forms of figures and references to tables; what concerns several keys at once is checked by
    `leam-opt check` only.
    """
    schema = Case.model_json_schema()
    definitions = schema.pop("$defs")
    sections = {name: _section(definition, definitions) for name, definition in definitions.items()}
    sections |= {"Range": RANGE_SCHEMA, "Table": _TABLE}
    return {"$schema": _DIALECT, **_section(schema, definitions), "$defs": sections}


def _section(section: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    if "properties" not in section:
        return section
    keys = {name: _key(name, _shared_range(key), definitions) for name, key in section["properties"].items()}
    return {**section, "properties": keys}


def _key(name: str, key: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    """A key with title, description and unit; where it may hold a mapping, a reference to a table is allowed too."""
    forms = list(key.pop("anyOf", [])) or [{word: key.pop(word) for word in list(key) if word not in _ABOUT}]
    # An optional figure is one choice inside another; both together are one choice.
    units = [form["unit"] for form in forms if "unit" in form]
    forms = [inner for form in forms for inner in (form["anyOf"] if "unit" in form else [form])]
    sections = [definitions.get(form["$ref"].rpartition("/")[2], {}) for form in forms if "$ref" in form]
    described = [section["description"] for section in sections if "description" in section]
    about = {"title": name.replace("_", " "), "description": _COMMON.get(name, ""), **key}
    if not about["description"]:
        about["description"] = described[0] if described else _entries_of(forms, definitions)
    if sections and any(sections):
        about.pop("default", None)  # the section tells the defaults of its keys
    if units or any(form.get("type") == "integer" for form in forms):
        about["unit"] = units[0] if units else about.get("unit") or whole_unit(name)
    forms = [_named_entries(form) for form in forms]
    is_mapping = any(
        form.get("type") == "object" or form.get("$ref") not in (None, _RANGE_REF["$ref"]) for form in forms
    )
    either = forms[0] if len(forms) == 1 else {"anyOf": forms}
    return {**about, **(_or_table(either) if is_mapping else either)}


def _or_table(form: dict[str, Any]) -> dict[str, Any]:
    """A form of a mapping, or a reference to a table; as a condition it leaves an editor's messages precise."""
    return {"if": {"type": "object", "required": ["csv"]}, "then": _TABLE_REF, "else": form}


def _entries_of(forms: list[dict[str, Any]], definitions: dict[str, Any]) -> str:
    """What the entries of a mapping by name are."""
    for form in forms:
        for entry in form.get("patternProperties", {}).values():
            described = definitions.get(entry.get("$ref", "").rpartition("/")[2], {}).get("description", "")
            if described:
                return f"By name: {described}"
    return ""


def _named_entries(form: dict[str, Any]) -> dict[str, Any]:
    """A mapping by name takes no other names, and its entries may be tables."""
    if "patternProperties" not in form or "additionalProperties" in form:
        return form
    entries = {pattern: _or_table(entry) for pattern, entry in form["patternProperties"].items()}
    return {**form, "patternProperties": entries, "additionalProperties": False}


def _shared_range(schema: Any) -> Any:
    if schema == RANGE_SCHEMA:
        return _RANGE_REF
    if isinstance(schema, dict):
        return {name: _shared_range(item) for name, item in schema.items()}
    return [_shared_range(item) for item in schema] if isinstance(schema, list) else schema
