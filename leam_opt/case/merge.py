"""Lays scenario overlays and single overrides over the tree of a case."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from difflib import SequenceMatcher, get_close_matches
from typing import Any

from leam_opt.case.quantity import ByYear, FigureError, Quantity, Unit, has_years, hint, parse_figure
from leam_opt.case.shape import (
    ChoiceOf,
    Figure,
    Free,
    Key,
    ListOf,
    SectionOf,
    Shape,
    TableOf,
    below,
    options,
    paths,
)
from leam_opt.case.tree import Given, Mark, Node, Problem, node_of

_ENDS = ("low", "base", "high")


class OverrideError(ValueError):
    """An override cannot be applied; `unmatched` where the case has nothing at its path."""

    def __init__(self, message: str, *, unmatched: bool = False) -> None:
        super().__init__(message)
        self.unmatched = unmatched


def overlay(shape: Shape, base: Node, scenario: Node, name: str) -> tuple[Node, list[Problem]]:
    """The tree with a scenario's overlay laid on it, and the overlay's entries that fit nowhere.

    Sections and tables merge; figures (ranges and figures by year included), lists and plain values replace. A figure
    that names no source takes the nearest one of the overlay or of the scenario, never that of the case.
    """
    problems: list[Problem] = []
    over = scenario.child("overlay")
    if over is None or over.value is None:
        return base, problems
    return _merge(shape, base, over, _own_source(scenario), f"scenarios.{name}.overlay", problems), problems


def _merge(
    shape: Shape | None, base: Node | None, over: Node, source: str | None, path: str, problems: list[Problem]
) -> Node:
    if shape is None or base is None or not isinstance(over.value, dict) or not isinstance(base.value, dict):
        return stamp(shape, over, "scenario", source)
    inner = options(shape, base)
    is_other_kind = isinstance(shape, ChoiceOf) and options(shape, over) not in (shape, inner)
    if isinstance(inner, ChoiceOf) and not is_other_kind:
        return base  # the case does not say which section it is, which is reported already
    if is_other_kind or not isinstance(inner, SectionOf | TableOf):
        return stamp(shape, over, "scenario", source)
    source = _own_source(over) or source
    children = dict(base.value)
    for key, node in over.value.items():
        here = f"{path}.{key}"
        # The overlay's source and note speak of the overlay's own figures, which `stamp` tells them.
        if isinstance(inner, SectionOf) and key in ("source", "note") and isinstance(node.value, str):
            continue
        if isinstance(inner, TableOf) and key not in base.value:
            problem = _new_entry(inner.item, node, key, list(base.value))
            if problem:
                problems.append(Problem(node.place, here, problem))
                continue
        children[key] = _merge(below(inner, base, key), children.get(key), node, source, here, problems)
    return replace(base, value=children)


def _new_entry(item: Shape, node: Node, name: str, known: list[str]) -> str | None:
    """What is wrong with an entry that an overlay adds: most likely it is a misspelt one that exists."""
    section = options(item, node)
    given = node.value if isinstance(node.value, dict) else {}
    if isinstance(section, ChoiceOf):
        lacking = [section.by] if section.by not in given else []
    else:
        lacking = [key for key in section.required if key not in given] if isinstance(section, SectionOf) else []
    if not lacking:
        return None
    return f"no such entry in the case; {hint(name, known)} (a new entry lacks {', '.join(lacking)})"


def _own_source(node: Node) -> str | None:
    found = node.child("source")
    return found.value if found is not None and isinstance(found.value, str) else None


def stamp(shape: Shape | None, node: Node, given: Given, source: str | None) -> Node:
    """The node and everything below it marked as given by a scenario or an override, with its source."""
    shape = options(shape, node) if shape is not None else None
    if isinstance(shape, Figure):
        return _stamp_figure(shape, node, given, source)
    if isinstance(node.value, dict):
        nearest = _own_source(node) if isinstance(shape, SectionOf) else None
        inner = {k: stamp(below(shape, node, k), child, given, nearest or source) for k, child in node.value.items()}
        return replace(node, value=inner, given=given, source=nearest or source)
    if isinstance(node.value, list):
        items = [stamp(below(shape, node, str(i)), child, given, source) for i, child in enumerate(node.value)]
        return replace(node, value=items, given=given, source=source)
    return replace(node, given=given, source=source)


def _stamp_figure(shape: Figure, node: Node, given: Given, source: str | None) -> Node:
    if isinstance(node.value, dict):
        if shape.by_year and has_years(node.value):
            single = Figure(shape.unit, by_year=False)
            years = {year: _stamp_figure(single, entry, given, source) for year, entry in node.value.items()}
            return replace(node, value=years, given=given)
        source = _own_source(node) or source
        ends = {key: replace(child, given=given) for key, child in node.value.items()}
    elif node.value is None or isinstance(node.value, list) or source is None:
        return replace(node, given=given, source=source)
    else:
        ends = {"base": replace(node, given=given, implied=True)}
    if source is not None and "source" not in ends:
        ends["source"] = Node(source, node.mark, given=given, implied=True)
    return replace(node, value=ends, given=given, source=source)


def override(shape: Shape, tree: Node, path: str, value: Any) -> Node:
    """The tree with one value replaced.

    `path` is a dotted path of keys, list indices, calendar years and range ends; `value` is plain data as a case file
    gives it. Raises OverrideError where nothing is at the path or the value cannot stand there.
    """
    if isinstance(value, ByYear):
        years = {year: entry.model_dump(exclude_none=True) for year, entry in value.entries.items()}
        value = years.get(0, years)
    if isinstance(value, Quantity):
        value = value.model_dump(exclude_none=True)
    node = node_of(value, Mark(f"--set {path}"), "override")
    parts = path.split(".")
    if parts[0] == "scenarios":
        raise OverrideError("an override does not reach into a scenario; choose the scenario and set the key itself")
    return _set(shape, tree, parts, node, _Context(tree, shape, path))


class _Context:
    """What an override needs to know of the whole case."""

    def __init__(self, tree: Node, shape: Shape, path: str) -> None:
        self.tree, self.shape, self.path = tree, shape, path

    def unmatched(self) -> OverrideError:
        known = suggestions(self.path, paths(self.shape, self.tree))
        remedy = f"did you mean {' or '.join(known)}?" if known else "`leam-opt schema` lists the keys of a case"
        return OverrideError(f"matches nothing in the case; {remedy}", unmatched=True)

    def horizon(self) -> tuple[int, int]:
        """First and last calendar year, as far as the tree gives them in a usable form."""
        start, length = (self.tree.child(key) for key in ("start_year", "horizon_years"))
        first = start.value if start is not None and isinstance(start.value, int) else 2000
        years = length.value if length is not None and isinstance(length.value, int) else 5
        return first, first + years - 1


def _set(shape: Shape | None, node: Node | None, parts: list[str], value: Node, context: _Context) -> Node:
    if shape is None or isinstance(shape, Free):
        raise context.unmatched()
    if not parts:
        stamped = stamp(shape, value, "override", "override")
        return replace(stamped, key_mark=value.mark)
    shape = options(shape, node)
    key, rest = parts[0], parts[1:]
    if isinstance(shape, Figure):
        return _set_in_figure(shape, node, parts, value, context)
    if node is None:
        raise context.unmatched()
    child = node.child(key)
    if isinstance(shape, SectionOf) and key in shape.keys and isinstance(node.value, dict):
        known = shape.keys[key]
        if child is None and rest:
            child = _default(known, value, context.path.removesuffix(".".join(["", *rest])))
        return replace(node, value={**node.value, key: _set(known.shape, child, rest, value, context)})
    if child is None or not isinstance(shape, TableOf | ListOf):
        raise context.unmatched()
    changed = _set(shape.item, child, rest, value, context)
    if isinstance(node.value, list):
        return replace(node, value=[changed if i == int(key) else item for i, item in enumerate(node.value)])
    return replace(node, value={**node.value, key: changed})


def _default(key: Key, value: Node, path: str) -> Node | None:
    """What stands at a key that the files do not give, for an override of something in it."""
    if isinstance(key.shape, SectionOf):
        if key.default is None:
            raise OverrideError(f"the case has no section {path}")
        return Node({}, value.mark, given="override")
    return Node(key.default, value.mark) if isinstance(key.shape, Figure) and key.default is not None else None


def _set_in_figure(shape: Figure, node: Node | None, parts: list[str], value: Node, context: _Context) -> Node:
    key, rest = parts[0], parts[1:]
    if shape.by_year and key[:1].isdigit():
        return _set_year(shape, node, key, rest, value, context)
    if key not in _ENDS or rest:
        raise context.unmatched()
    if node is not None and shape.by_year and has_years(node.value):
        year = f"{context.path.rpartition('.')[0]}.{min(node.value)}"
        raise OverrideError(f"the figure is given by year; set one of them, for example {year}.{key}")
    if node is None or not isinstance(node.value, dict) or not {"low", "high"} & set(node.value):
        one = context.path.rpartition(".")[0]
        raise OverrideError(f"{one} is a single number, not a range; set it itself, to a number or {{low, base, high}}")
    try:
        # Bounds are checked with the whole case; here the range only has to be readable.
        old = parse_figure(node.data(), Unit(shape.unit, ge=None))
    except FigureError as error:
        raise OverrideError(f"the range that it belongs to is wrong: {error}") from None
    ends = {end: Node(getattr(old, end), value.mark, value.mark, node.given) for end in _ENDS}
    ends[key] = value
    if node.child("note") is not None:
        ends["note"] = node.value["note"]
    ends["source"] = Node("override", value.mark, given="override")
    return replace(node, value=ends, mark=value.mark, key_mark=value.mark, given="override", source="override")


def _set_year(shape: Figure, node: Node | None, key: str, rest: list[str], value: Node, context: _Context) -> Node:
    """Replaces the entry of a year, or adds one that holds from that year until the next entry."""
    first, last = context.horizon()
    single = Figure(shape.unit, by_year=False)
    if node is not None and has_years(node.value) and key in node.value:
        return replace(node, value={**node.value, key: _set(single, node.value[key], rest, value, context)})
    if rest:
        raise context.unmatched()
    if not (len(key) == 4 and key.isascii() and key.isdigit() and first <= int(key) <= last):
        raise OverrideError(f"{key} is not a year of the horizon {first} to {last}")
    entries: dict[str, Node] = {}
    if node is not None and has_years(node.value):
        entries = node.value
    elif node is not None and node.value is not None:
        # One figure for all years: it now holds from the start of the horizon until the year that is set.
        entries = {str(first): node}
    added = {**entries, key: _set(single, None, [], value, context)}
    place = node or value
    return Node(dict(sorted(added.items())), place.mark, place.key_mark, place.given)


def suggestions(path: str, known: Iterable[str]) -> list[str]:
    """Up to three known paths that a mistyped path may have meant, the likeliest first.

    A path counts as close by its whole spelling, or by its last part (`tokens` for `prices.tokens`).
    """
    path = path[:200]
    candidates = list(dict.fromkeys(known))
    by_last: dict[str, list[str]] = {}
    for candidate in candidates:
        by_last.setdefault(candidate.rpartition(".")[2], []).append(candidate)
    last = path.rpartition(".")[2]
    pool = set(get_close_matches(path, candidates, n=3, cutoff=0.8))
    for name in [last] if last in by_last else get_close_matches(last, by_last, n=2, cutoff=0.75):
        pool.update(by_last[name])
    ratios = {candidate: SequenceMatcher(None, path, candidate).ratio() for candidate in pool}
    # Only what is about as close as the closest, and no end of a range beside the range.
    close = [c for c in sorted(ratios, key=lambda c: -ratios[c]) if ratios[c] > max(ratios.values()) - 0.05]
    return [c for c in close if not any(c.startswith(f"{other}.") for other in close)][:3]
