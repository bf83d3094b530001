"""The raw tree of a case, in which every key and value knows its place in a file."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

# Keys and values of a file stand in messages; each message stays one line that every terminal can print.
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")

Given = Literal["case", "scenario", "override"]


class Mark(NamedTuple):
    """A place for the reader: file, line and column (both from 1); line 0 is a place outside files (`--set x`)."""

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file


class Problem(NamedTuple):
    """One thing that is wrong with a case: where, at which path of the case, and what would be right."""

    mark: Mark
    path: str
    message: str

    def __str__(self) -> str:
        # The place of an override names its path already.
        shown = "" if self.mark.file == f"--set {self.path}" else self.path
        return ": ".join(part for part in (str(self.mark), shown, self.message) if part)


class UnreadableError(Exception):
    """A file of a case cannot be read to its end."""

    def __init__(self, mark: Mark, message: str, path: str = "") -> None:
        self.problem = Problem(mark, path, message)
        super().__init__(str(self.problem))


@dataclass(frozen=True)
class Table:
    """The CSV file that a mapping was read from."""

    path: str
    """Path of the reference in the case."""
    header: Mark
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Node:
    """A mapping, a list or a plain value with its place.

    Attributes:
        value: dict of nodes, list of nodes, or a plain value (text, number, truth value, nothing).
        mark: where the value stands.
        key_mark: where its key stands, if it has one.
        given: whether the case, a scenario or an override gave it.
        source: source that a scenario or an override stamped on the node.
        table: CSV file, for the mapping of a row.
        broken: the value could not be read; that has been reported and is not reported again.
        implied: the user did not write this key (the `base` of a bare number that carries a stamped source).
    """

    value: Any
    mark: Mark
    key_mark: Mark | None = None
    given: Given = "case"
    source: str | None = None
    table: Table | None = None
    broken: bool = False
    implied: bool = False

    @property
    def place(self) -> Mark:
        """The key's place, or the value's where there is no key."""
        return self.key_mark or self.mark

    def child(self, key: str) -> Node | None:
        """The node under a key of a mapping or an index of a list."""
        if isinstance(self.value, dict):
            found = self.value.get(key)
            return found if isinstance(found, Node) else None
        if isinstance(self.value, list) and key.isascii() and key.isdigit() and len(key) < 9:
            item: Node | None = self.value[int(key)] if int(key) < len(self.value) else None
            return item
        return None

    def data(self) -> Any:
        """The plain value without places."""
        if isinstance(self.value, dict):
            return {key: node.data() for key, node in self.value.items()}
        if isinstance(self.value, list):
            return [node.data() for node in self.value]
        return self.value


def follow(tree: Node, path: Sequence[str]) -> tuple[Node, int]:
    """The deepest existing node on a path, and how many parts of the path lead to it."""
    node = tree
    for depth, part in enumerate(path):
        below = node.child(part)
        if below is None:
            return node, depth
        node = below
    return node, len(path)


def node_of(value: Any, mark: Mark, given: Given = "case") -> Node:
    """Tree of plain data, all of it at one place."""
    if isinstance(value, Mapping):
        return Node({str(key): node_of(item, mark, given) for key, item in value.items()}, mark, mark, given)
    if isinstance(value, list | tuple):
        return Node([node_of(item, mark, given) for item in value], mark, mark, given)
    # NumPy's scalars are not numbers to pydantic.
    item = getattr(value, "item", None)
    return Node(item() if callable(item) and getattr(value, "shape", None) == () else value, mark, mark, given)


def lines(problems: Iterable[Problem]) -> list[str]:
    """The problems as lines, in the order of files and places, each once; overrides come last."""
    ordered = sorted(set(problems), key=lambda p: (p.mark.line == 0, p.mark, p.path, p.message))
    return list(dict.fromkeys(_UNPRINTABLE.sub(lambda found: ascii(found[0])[1:-1], str(p)) for p in ordered))
