"""Turns what pydantic and the consistency checks find into lines with file, line, column and remedy."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from difflib import get_close_matches
from typing import Any

from pydantic import ValidationError

from leam_opt.case.quantity import Quantity, hint
from leam_opt.case.shape import ChoiceOf, Figure, Leaf, ListOf, SectionOf, Shape, TableOf, below, options
from leam_opt.case.tree import Node, Problem, follow
from leam_opt.case.units import shown


def problems_of(error: ValidationError, tree: Node, shape: Shape) -> list[Problem]:
    """All problems of a validation; problems below a node that could not be read are left out."""
    found: list[Problem] = []
    items = error.errors(include_url=False, include_input=False)
    # A misspelt key is one problem, not an unknown key and a missing one.
    misspelt = {_meant(item["loc"], tree, shape) for item in items if item["type"] == "extra_forbidden"}
    for item in items:
        if item["type"] == "case":
            found += consistency_problems(item["ctx"]["message"].split("\n"), tree)
        elif item["type"] != "missing" or item["loc"] not in misspelt:
            found += _problem(dict(item), tree, shape)
    return found


def consistency_problems(entries: Sequence[str], tree: Node) -> list[Problem]:
    """The problems behind lines `path<TAB>message`, at the places of their paths."""
    found = []
    for entry in entries:
        path, _, message = entry.partition("\t")
        node, _ = follow(tree, path.split("."))
        found.append(Problem(node.place, path, message))
    return found


def whole_numbers(shape: Shape, node: Node, path: str = "") -> Iterator[Problem]:
    """Truth values where whole numbers belong: pydantic takes `true` for 1."""
    shape = options(shape, node)
    if isinstance(shape, Leaf):
        if shape.type is int and isinstance(node.value, bool):
            yield Problem(node.mark, path, f"expected a whole number, got {shown(node.value)}")
    elif isinstance(node.value, dict | list):
        entries = node.value.items() if isinstance(node.value, dict) else enumerate(node.value)
        for key, child in entries:
            inner = below(shape, node, str(key))
            if inner is not None and not isinstance(inner, Figure):
                yield from whole_numbers(inner, child, f"{path}.{key}".lstrip("."))


def _problem(item: dict[str, Any], tree: Node, shape: Shape) -> Iterator[Problem]:
    path, is_key = _path(item["loc"], shape)
    context = item.get("ctx", {})
    if item["type"] == "quantity" and context["where"]:
        path += context["where"].split(".")
    node, _ = follow(tree, path)
    above, _ = follow(tree, path[:-1])
    if node.broken or above.broken:
        return
    inner = _shape_at(shape, tree, path)
    dotted = _dotted(tree, path)
    kind = item["type"]
    if kind == "missing":
        yield _missing(above, path, tree, shape)
    elif kind == "extra_forbidden":
        yield _unknown(above, node, path, tree, shape)
    elif kind == "quantity":
        yield _figure(node, above, dotted, context)
    elif is_key:
        name = path[-1]
        yield Problem(node.place, dotted, f"the name {shown(name)} is not allowed; {_NAMES}")
    elif kind.startswith("union_tag") and isinstance(inner, ChoiceOf):
        yield _choice(node, dotted, inner)
    else:
        yield Problem(node.mark, dotted, _expected(inner, node, item))


def _meant(loc: tuple[str | int, ...], tree: Node, shape: Shape) -> tuple[str | int, ...]:
    """The location of the key that an unknown one most likely stands for; empty where none is close."""
    path, _ = _path(loc, shape)
    above, _ = follow(tree, path[:-1])
    holder = _shape_at(shape, tree, path[:-1])
    section = options(holder, above) if holder is not None else None
    close = get_close_matches(path[-1][:80], section.keys, n=1) if isinstance(section, SectionOf) else []
    return (*loc[:-1], close[0]) if close else ()


def _path(loc: Sequence[str | int], shape: Shape) -> tuple[list[str], bool]:
    """The path of a pydantic location, without its tags of unions, and whether it points at a key itself."""
    path: list[str] = []
    current: Shape | None = shape
    parts = [str(part) for part in loc]
    is_key = bool(parts) and parts[-1] == "[key]"
    for part in parts[:-1] if is_key else parts:
        if isinstance(current, ChoiceOf) and part in current.options:
            current = current.options[part]
            continue
        path.append(part)
        current = None if current is None else below(current, None, part)
    return path, is_key


def _shape_at(shape: Shape, tree: Node, path: Sequence[str]) -> Shape | None:
    current: Shape | None = shape
    node: Node | None = tree
    for part in path:
        current = below(current, node, part)
        node = node.child(part) if node is not None else None
    return current


def _dotted(tree: Node, path: Sequence[str]) -> str:
    """The path as the user wrote it: without the `base` that a stamped bare number was given."""
    node, depth = follow(tree, path)
    return ".".join(path[:-1] if depth == len(path) and node.implied else path)


def _missing(section: Node, path: list[str], tree: Node, shape: Shape) -> Problem:
    above = path[:-1]
    holder = _shape_at(shape, tree, above)
    key = path[-1]
    resolved = options(holder, section) if holder is not None else None
    meaning = _meaning(resolved, key)
    if section.table is not None:
        if key not in section.table.columns:
            message = f"the column '{key}'{meaning} is missing; the columns are {', '.join(section.table.columns)}"
            return Problem(section.table.header, section.table.path, message)
        return Problem(section.mark, ".".join(above), f"the cell of the column '{key}'{meaning} is empty")
    return Problem(section.place, ".".join(above), f"the key '{key}'{meaning} is missing")


def _meaning(section: Shape | None, key: str) -> str:
    if not isinstance(section, SectionOf) or key not in section.keys:
        return ""
    known = section.keys[key]
    text = known.meaning.split("\n\n")[0].replace("\n", " ").rstrip(".")
    unit = f"in {known.shape.unit}" if isinstance(known.shape, Figure) else ""
    told = "; ".join(part for part in (text, unit) if part)
    return f" ({told})" if told else ""


def _unknown(section: Node, node: Node, path: list[str], tree: Node, shape: Shape) -> Problem:
    holder = _shape_at(shape, tree, path[:-1])
    resolved = options(holder, section) if holder is not None else None
    known = list(resolved.keys) if isinstance(resolved, SectionOf) else []
    remedy = hint(path[-1], known) if known else "remove it"
    if section.table is not None and path[-1] in section.table.columns:
        return Problem(node.place, section.table.path, f"unknown column '{path[-1]}'; {remedy}")
    return Problem(node.place, ".".join(path), f"unknown key; {remedy}")


def _figure(node: Node, above: Node, dotted: str, context: dict[str, Any]) -> Problem:
    message, about = context["message"], context["about"]
    table = node.table
    if about == "absence" and table is not None and not {"base", "low"} & set(table.columns):
        message = f"a column 'base', or 'low' and 'high', is missing; the columns are {', '.join(table.columns)}"
        return Problem(table.header, table.path, message)
    column = dotted.rpartition(".")[2]
    if above.table is not None and column in above.table.columns:
        if about == "key":
            remedy = hint(column, Quantity.model_fields)
            return Problem(node.place, above.table.path, f"unknown column '{column}'; {remedy}")
        return Problem(node.mark, dotted, f"column '{column}': {message}")
    return Problem(node.place if about == "key" else node.mark, dotted, message)


def _choice(node: Node, dotted: str, shape: ChoiceOf) -> Problem:
    known = ", ".join(shape.options)
    if not isinstance(node.value, dict):
        return Problem(node.mark, dotted, f"expected a section with the key '{shape.by}', got {shown(node.value)}")
    chosen = node.child(shape.by)
    if chosen is None:
        return Problem(node.place, dotted, f"the key '{shape.by}' is missing; one of {known}")
    message = f"unknown {shape.by} {shown(chosen.value)}; {_all_of(chosen.value, shape.options)}"
    return Problem(chosen.mark, f"{dotted}.{shape.by}", message)


_NAMES = "use lower case letters, digits and hyphens (not at the start)"
_BOUNDS = {
    "greater_than_equal": ("ge", "at least {}"),
    "greater_than": ("gt", "more than {}"),
    "less_than_equal": ("le", "at most {}"),
    "less_than": ("lt", "less than {}"),
}


def _expected(shape: Shape | None, node: Node, item: dict[str, Any]) -> str:
    """What would be right at a place, for everything but figures."""
    kind, context, got = item["type"], item.get("ctx", {}), shown(node.value)
    if kind in _BOUNDS:
        name, words = _BOUNDS[kind]
        return f"{got} is not allowed; {words.format(context[name])} is possible"
    if kind in ("too_short", "too_long"):
        return _length(context)
    if isinstance(shape, SectionOf):
        needed = shape.required or list(shape.keys)
        return f"expected a section with the keys {', '.join(needed)}; got {got}"
    if isinstance(shape, ChoiceOf):
        return f"expected a section with the key '{shape.by}', got {got}"
    if isinstance(shape, TableOf):
        return f"expected a mapping of names, got {got}"
    if isinstance(shape, ListOf):
        return f"expected a list such as [a, b], got {got}"
    if isinstance(shape, Leaf):
        if shape.choices:
            return f"{got} is not allowed; {_all_of(node.value, shape.choices)}"
        if kind == "string_pattern_mismatch":
            return f"the name {got} is not allowed; {_NAMES}"
        types = {int: "a whole number", bool: "true or false", str: "text (put a number in quotes)"}
        return f"expected {types.get(shape.type, 'another value')}, got {got}"
    return f"{got} is not allowed here: {item['msg']}"


def _length(context: dict[str, Any]) -> str:
    """What is wrong with the number of entries of a list or mapping."""
    count = context["actual_length"]
    if "max_length" in context:
        return f"it has {count} entries; at most {context['max_length']} are possible"
    least = context["min_length"]
    needed = "one entry is" if least == 1 else f"{least} entries are"
    given = "it is empty" if count == 0 else f"it has {count} {'entry' if count == 1 else 'entries'}"
    return f"{given}; at least {needed} needed"


def _all_of(name: object, known: Iterable[str]) -> str:
    """The closest name as a question, and all of them."""
    names = list(known)
    close = hint(name, names)
    return close if close.startswith("known") else f"{close} known are {', '.join(names)}"
