"""Reads the folder of a case: `case.yaml` with the CSV tables that it refers to."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path, PureWindowsPath

from leam_opt.case.csv_source import Sheet, nest, parse_csv
from leam_opt.case.quantity import hint
from leam_opt.case.tree import Node, Problem, UnreadableError
from leam_opt.case.units import shown
from leam_opt.case.yaml_source import parse_yaml, read_text

CASE_FILE = "case.yaml"
_MAX_TABLES = 500
_FORM = "a table is {csv: data/file.csv, key: [column, ...]}, with where: {column: value} to take some of its rows"


def read_case(folder: Path) -> tuple[Node, list[Problem]]:
    """The tree of a case with its tables in place, and what is wrong with the files.

    A mapping `{csv: data/demand.csv, key: [year], where: {level: high}}` stands for the nested mapping of a table.
    Raises UnreadableError where `case.yaml` cannot be read as YAML.
    """
    file = folder / CASE_FILE
    tree, problems = parse_yaml(read_text(file, str(file)), str(file))
    if not isinstance(tree.value, dict):
        message = f"a case is a mapping of sections (name: ..., title: ...), got {shown(tree.value)}"
        raise UnreadableError(tree.mark, message)
    tables = _Tables(folder)
    expanded = tables.expand(tree, "")
    if not tables.problems:  # otherwise the rows are left over because of them
        tables.leftovers()
    return expanded, problems + tables.problems


class _Tables:
    """Puts the tables of a case in the places of their references; each file is read once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.problems: list[Problem] = []
        self.sheets: dict[Path, Sheet | None] = {}
        self.taken: dict[Path, set[int]] = {}

    def expand(self, node: Node, path: str) -> Node:
        """The node with every reference to a table replaced by the table."""
        here = f"{path}." if path else ""
        if isinstance(node.value, list):
            return replace(node, value=[self.expand(child, f"{here}{i}") for i, child in enumerate(node.value)])
        if not isinstance(node.value, dict):
            return node
        if "csv" not in node.value:
            return replace(node, value={key: self.expand(child, here + key) for key, child in node.value.items()})
        try:
            table = self._table(node, path)
        except UnreadableError as error:
            self.problems.append(error.problem._replace(path=path))
            table = None
        return replace(node, value=None, broken=True) if table is None else replace(table, key_mark=node.key_mark)

    def leftovers(self) -> None:
        """Reports rows that no reference takes: most likely their key is misspelt."""
        for file, taken in self.taken.items():
            sheet = self.sheets[file]
            left = [row for row in sheet.rows if row[0].mark.line not in taken] if sheet else []
            if left:
                more = f" and {len(left) - 1} more" if len(left) > 1 else ""
                shown_row = ", ".join(cell.text for cell in left[0][:3])
                message = f"no reference in {CASE_FILE} takes the row {shown_row}{more}; correct or remove it"
                self.problems.append(Problem(left[0][0].mark, "", message))

    def _table(self, node: Node, path: str) -> Node | None:
        """The table of a reference; None where it is broken, which has been reported then."""
        file, key, where = self._reference(node)
        if file not in self.sheets:
            if len(self.sheets) >= _MAX_TABLES:
                raise UnreadableError(node.place, f"a case refers to at most {_MAX_TABLES} tables")
            self.sheets[file] = None
            sheet, problems = parse_csv(read_text(file, str(file)), str(file))
            self.problems += [problem._replace(path=path) for problem in problems]
            self.sheets[file] = None if problems else sheet
        known = self.sheets[file]
        if known is None:
            return None
        table, problems, taken = nest(known, key, where, path)
        if not problems and not taken:
            name = next(iter(where))
            wanted = " and ".join(f"{column} '{text}'" for column, text in where.items())
            place = node.value["where"].value[name].mark
            raise UnreadableError(place, f"no row of {file} has {wanted}; {hint(where[name], known.cells(name))}")
        self.problems += problems
        self.taken.setdefault(file, set()).update(taken)
        return None if problems else table

    def _reference(self, node: Node) -> tuple[Path, list[str], dict[str, str]]:
        for name, child in node.value.items():
            if name not in ("csv", "key", "where"):
                raise UnreadableError(child.place, f"unknown key '{name}' beside 'csv'; {_FORM}")
        key, where = node.child("key"), node.child("where")
        columns = [key.value] if key is not None and isinstance(key.value, str) else key.data() if key else None
        if not isinstance(columns, list) or not columns or not all(isinstance(name, str) for name in columns):
            raise UnreadableError(key.mark if key else node.place, _FORM)
        rows = where.value if where is not None else {}
        if not isinstance(rows, dict) or any(isinstance(child.value, dict | list | None) for child in rows.values()):
            raise UnreadableError(where.mark if where else node.place, _FORM)
        names = [*columns, *rows]
        if len(set(names)) < len(names):
            raise UnreadableError(node.place, "a column is named twice in 'key' and 'where'")
        return self._file(node.value["csv"]), columns, {name: str(child.value) for name, child in rows.items()}

    def _file(self, node: Node) -> Path:
        name = node.value
        if not isinstance(name, str) or not name or "\0" in name:
            raise UnreadableError(node.mark, f"expected the path of a CSV file, got {shown(name)}")
        inside = "give a path inside the folder of the case, such as data/demand.csv"
        parts = PureWindowsPath(name).parts  # knows both kinds of slashes, and drives
        if "\\" in name or PureWindowsPath(name).drive or name.startswith("/") or ".." in parts:
            raise UnreadableError(node.mark, f"the path {shown(name)} leads out of the case; {inside}")
        file = self.folder / name
        try:
            if not file.resolve().is_relative_to(self.folder.resolve()):
                raise UnreadableError(node.mark, f"the path {shown(name)} leads out of the case by a link; {inside}")
            if not file.is_file():
                raise UnreadableError(node.mark, f"the table {file} does not exist; {_near(file)}")
        except (OSError, RuntimeError, ValueError):  # names too long, or of characters that no file system takes
            raise UnreadableError(node.mark, f"{shown(name)} cannot be the path of a file") from None
        return file


def _near(file: Path) -> str:
    folder = file.parent
    present = sorted(entry.name for entry in folder.glob("*.csv")) if folder.is_dir() else []
    return f"{folder} has {', '.join(present[:8])}" if present else f"there is no CSV file in {folder}"
