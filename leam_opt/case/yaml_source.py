"""Reads YAML 1.2 as data: no tags, no aliases, no duplicate keys, and a place for every key and value."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from leam_opt.case.tree import Mark, Node, Problem, UnreadableError

_MAX_BYTES = 4_000_000
_MAX_DEPTH = 32
_INT = re.compile(r"[-+]?[0-9]+$")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$")
_SURROGATE = re.compile("[\ud800-\udfff]")
_WORDS = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), float("inf")),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), float("-inf")),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan")),
}
# What the scanner says, and what the reader of a case should do about it.
_REMEDIES = (
    (r"\\t|tab", "a tab is not allowed here; indent with spaces"),
    (r"mapping values are not allowed", "':' is not allowed here; check the indentation, or put the text in quotes"),
    (r"could not find expected ':'", "a key without ':' after it"),
    (r"expected <block end>|expected <document start>", "wrong indentation; keys of one section start in one column"),
    (r"end of stream|expected ',' or", "a quote or bracket is not closed"),
    (r"cannot start any token", "this character cannot start a value; put the text in quotes"),
)


def read_text(file: Path, shown: str, limit: int = _MAX_BYTES) -> str:
    """Text of a file in UTF-8, with or without a byte order mark.

    Raises UnreadableError where the file is missing, too large, or not UTF-8 (with the line).
    """
    try:
        with file.open("rb") as stream:
            raw = stream.read(limit + 1)
    except FileNotFoundError:
        raise UnreadableError(Mark(shown), "the file does not exist") from None
    except OSError as error:
        raise UnreadableError(Mark(shown), f"the file cannot be read: {error.strerror}") from None
    if len(raw) > limit:
        raise UnreadableError(Mark(shown), f"the file is larger than {limit / 1e6:g} MB; a case is small")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        column = len(raw[raw.rfind(b"\n", 0, error.start) + 1 : error.start].decode("utf-8-sig", "replace")) + 1
        raise UnreadableError(
            Mark(shown, line, column), "not UTF-8 text; save the file with the encoding UTF-8"
        ) from None


def parse_yaml(text: str, file: str) -> tuple[Node, list[Problem]]:
    """The tree of a YAML text and what is wrong with it.

    `file` is how messages name the text. Raises UnreadableError where the text cannot be read to its end.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    builder = _Builder(file)
    # The pure parser alone gives events one by one, so that the limits below act before anything is built.
    events: Iterator[Any] = YAML(typ="safe", pure=True).parse(text)
    try:
        for event in events:
            builder.take(event)
    except MarkedYAMLError as error:
        # An open quote is found at the end of the file, but stands where it was opened.
        is_open = "end of stream" in (error.problem or "") and error.context_mark is not None
        mark = error.context_mark if is_open else error.problem_mark or error.context_mark
        place = Mark(file, mark.line + 1, mark.column + 1) if mark else Mark(file, 1, 1)
        raise UnreadableError(place, _remedy(f"{error.context or ''} {error.problem or ''}")) from None
    except (YAMLError, AttributeError, TypeError, ValueError, LookupError, AssertionError) as error:
        # Control characters, and the plain errors that the scanner raises on some garbage.
        position = getattr(error, "position", 0) or 0
        before = text[: position if isinstance(position, int) else 0]
        place = Mark(file, before.count("\n") + 1, len(before) - before.rfind("\n"))
        raise UnreadableError(place, "this is not YAML; a character cannot be read") from None
    if builder.root is None:
        raise UnreadableError(Mark(file, 1, 1), "the file is empty; a case needs name, title, start_year and so on")
    return builder.root, builder.problems


def scalar(text: str) -> Any:
    """Value of a plain scalar by the YAML 1.2 core schema (`yes`, `12:30` and `1_000` are text)."""
    if text in _WORDS:
        return _WORDS[text]
    if _INT.match(text) and len(text) < 300:
        return int(text)
    if _FLOAT.match(text):
        return float(text)
    return text


def _remedy(problem: str) -> str:
    for pattern, remedy in _REMEDIES:
        if re.search(pattern, problem):
            return remedy
    return f"this is not YAML: {problem.strip()}"


class _Builder:
    """Builds the tree from parser events with a stack of its own, so that no depth can exhaust Python's."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.root: Node | None = None
        self.problems: list[Problem] = []
        self.stack: list[tuple[Node, list[tuple[str, Mark]]]] = []

    def take(self, event: Any) -> None:
        """Takes the next event."""
        kind = type(event).__name__
        if kind in ("MappingEndEvent", "SequenceEndEvent"):
            self.stack.pop()
        elif kind == "AliasEvent":
            self._refuse(event, "aliases (*name) are not allowed in a case; write the value out")
        elif kind == "ScalarEvent":
            self._checked(event)
            if _SURROGATE.search(event.value):
                raise UnreadableError(self._mark(event), "half a character (a lone surrogate) cannot be text")
            plain = event.implicit[0]
            self._add(event.value, Node(scalar(event.value) if plain else event.value, self._mark(event)))
        elif kind in ("MappingStartEvent", "SequenceStartEvent"):
            self._checked(event)
            node = Node({} if kind == "MappingStartEvent" else [], self._mark(event))
            self._add(None, node)
            self.stack.append((node, []))
            if len(self.stack) > _MAX_DEPTH:
                raise UnreadableError(node.mark, f"nested deeper than {_MAX_DEPTH} levels; a case never is")
        elif kind == "DocumentStartEvent" and self.root is not None:
            raise UnreadableError(self._mark(event), "a second document starts here; a case is one document")

    def _mark(self, event: Any) -> Mark:
        return Mark(self.file, event.start_mark.line + 1, event.start_mark.column + 1)

    def _refuse(self, event: Any, message: str) -> None:
        self.problems.append(Problem(self._mark(event), "", message))
        self._add(None, Node(None, self._mark(event), broken=True))

    def _checked(self, event: Any) -> None:
        if event.tag is not None and event.tag != "!":
            shown = str(event.tag).replace("tag:yaml.org,2002:", "!!")
            message = f"the tag '{shown}' is not allowed; a case is plain data"
            self.problems.append(Problem(self._mark(event), "", message))
        if event.anchor is not None:
            message = f"the anchor '&{event.anchor}' is not allowed in a case; write the value out"
            self.problems.append(Problem(self._mark(event), "", message))

    def _add(self, text: str | None, node: Node) -> None:
        if not self.stack:
            self.root = node
            return
        parent, pending = self.stack[-1]
        if isinstance(parent.value, list):
            parent.value.append(node)
        elif not pending:
            if text is None:
                message = "a key must be a word or a number, not a mapping, a list or an alias"
                self.problems.append(Problem(node.mark, "", message))
            pending.append((text or "", node.mark))
        else:
            key, mark = pending.pop()
            if key in parent.value:
                first = parent.value[key].place
                message = f"the key '{key}' stands twice; it stood in line {first.line} already"
                self.problems.append(Problem(mark, "", message))
            else:
                # A value that is not there has no place of its own. The containers of `node` are shared, so that what
                # is filled later arrives here too.
                place = mark if text == "" else node.mark
                parent.value[key] = Node(node.value, place, mark, broken=node.broken)
