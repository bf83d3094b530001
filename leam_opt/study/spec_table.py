"""Reads a design that is written out point by point: a CSV table whose columns are paths, or rows in the file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from leam_opt.case.csv_source import Cell, parse_csv
from leam_opt.case.tree import Node, Problem, UnreadableError, node_of
from leam_opt.case.units import shown
from leam_opt.case.yaml_source import parse_yaml, read_text, scalar
from leam_opt.study.designs import Array, Table
from leam_opt.study.levers import Lever
from leam_opt.study.spec_file import ListPart
from leam_opt.study.spec_levers import LeverReader

_MAX_BYTES = 64_000_000


def read_table(levers: LeverReader, folder: Path, part: ListPart, node: Node) -> Table | None:
    """The design of a list; None where it is wrong, which is added to the reader's problems.

    Args:
        levers: reads paths and values.
        folder: what the path of the CSV file is relative to.
        part: the section, sound in itself.
        node: the section with its places.
    """
    if (part.csv is None) == (part.rows is None):
        levers.wrong(node, "design", "a list has either csv: FILE or rows: [{path: value}, ...]", at_key=True)
        return None
    rows = _rows_of_csv(levers, folder, node.value["csv"]) if part.csv is not None else node.value["rows"].value
    names: dict[str, Node] = {}
    for row in rows:
        for name, item in row.value.items():
            names.setdefault(name, item)
    if rows and not names:
        levers.wrong(node, "design", "the design is empty; give its rows values", at_key=True)
    by_path: dict[str, str] = {}
    for name, item in names.items():
        path = levers.path(name, item, "design")
        if path is not None and by_path.setdefault(path, name) != name:
            message = f"'{by_path[path]}' and '{name}' are the same lever, {path}; name it once"
            levers.wrong(item, f"design.{name}", message, at_key=True)
    columns = [_column(levers, path, name, rows) for path, name in by_path.items()]
    found = [column for column in columns if column is not None]
    return Table(*zip(*found, strict=True)) if found and len(found) == len(columns) else None


def _column(levers: LeverReader, path: str, name: str, rows: list[Node]) -> tuple[Lever, Array | list[Any]] | None:
    """A lever and its values in all rows; the case's own where a row leaves it out."""
    items = []
    for row in rows:
        item = row.child(name)
        if item is None:
            if not levers.finder.has_base(path):
                message = f"the row gives no {path}, which has no single value in the case; give one"
                levers.wrong(row, "design", message)
                return None
            item = node_of(levers.finder.base(path), row.mark)
        items.append(item)
    return levers.values(path, items, f"design.{path}")


def _rows_of_csv(levers: LeverReader, folder: Path, csv: Node) -> list[Node]:
    """The rows of a table as mappings; an empty cell is left out."""
    file = folder / csv.value
    try:
        sheet, problems = parse_csv(read_text(file, str(file), _MAX_BYTES), str(file))
    except UnreadableError as error:
        # What is wrong with a file that cannot be opened stands in the study.
        is_open = error.problem.mark.line > 0
        message = f"{file}: {error.problem.message}"
        levers.problems.append(error.problem if is_open else Problem(csv.mark, "design.csv", message))
        return []
    except ValueError:  # characters that no file system takes
        levers.wrong(csv, "design.csv", f"{shown(csv.value)} cannot be the path of a file")
        return []
    before = len(levers.problems)
    levers.problems += problems
    rows = []
    for cells in [] if problems else sheet.rows:
        pairs = zip(sheet.header, cells, strict=True)
        items = {head.text: _cell(levers, cell, head) for head, cell in pairs if cell.text}
        rows.append(Node(items, cells[0].mark))
    return rows if len(levers.problems) == before else []


def _cell(levers: LeverReader, cell: Cell, head: Cell) -> Node:
    """The value of a cell as a study file would give it; lists and mappings are written as in YAML."""
    if cell.text[0] not in "[{":
        return Node(scalar(cell.text), cell.mark, head.mark)
    try:
        node, problems = parse_yaml(cell.text, "")
    except UnreadableError as error:
        node, problems = Node(None, cell.mark), [error.problem]
    levers.problems += [problem._replace(mark=cell.mark, path=f"design.{head.text}") for problem in problems]
    return Node(node_of(node.data(), cell.mark).value, cell.mark, head.mark)
