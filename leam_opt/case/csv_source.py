"""Reads a CSV table of a case into a nested mapping whose cells know their line and column."""

from __future__ import annotations

import re
from typing import NamedTuple

from leam_opt.case.tree import Mark, Node, Problem, Table, UnreadableError

_TEXT_COLUMNS = frozenset({"unit", "source", "note", "title", "description"})
_WITH_UNIT = r"(\s*[^\d.,\s].*)?$"
_COMMA = re.compile(r"[+-]?(\d{1,3}(\.\d{3})+|\d+),\d+" + _WITH_UNIT)
_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2}(\.\d{3})+" + _WITH_UNIT)
_POINT = re.compile(r"[+-]?\d*\.\d+" + _WITH_UNIT)


class Cell(NamedTuple):
    """The text of a cell, stripped, and where it begins."""

    text: str
    mark: Mark


class Sheet(NamedTuple):
    """The cells of a CSV file; every row is as wide as the header."""

    header: list[Cell]
    rows: list[list[Cell]]

    @property
    def columns(self) -> list[str]:
        """Names of the columns."""
        return [cell.text for cell in self.header]

    def cells(self, column: str) -> list[str]:
        """The different texts of a column, sorted."""
        index = self.columns.index(column)
        return sorted({row[index].text for row in self.rows})


def parse_csv(text: str, file: str) -> tuple[Sheet, list[Problem]]:
    """The cells of a CSV text, and what is wrong with them; `file` is how messages name the text.

    Commas, semicolons or tabs separate the cells. A table with semicolons or tabs and decimal commas is read the German
    way (`1.234,5`); where a number could mean two things, that is a problem.

    Raises UnreadableError where there is no table.
    """
    first, _, rest = text.partition("\n")
    # Excel's own first line names the separator.
    is_excel = re.fullmatch(r"sep=.", first.strip()) is not None
    separator = max(",;\t", key=(rest.partition("\n")[0] if is_excel else first).count)
    rows = _rows(text, file, separator)[1 if is_excel else 0 :]
    if not rows:
        raise UnreadableError(Mark(file, 1, 1), "the table is empty; its first line names the columns")
    sheet = Sheet(rows[0], rows[1:])
    if not sheet.rows:
        raise UnreadableError(sheet.header[0].mark, "the table has a header, but no rows")
    problems = _header_problems(sheet.header) + _width_problems(sheet)
    if not problems and separator != ",":
        return _german(sheet)
    return sheet, problems


def _rows(text: str, file: str, separator: str) -> list[list[Cell]]:
    cell = re.compile(rf'[ ]*+(?:"((?:[^"]|"")*)"[ ]*(?={separator}|\r|\n|\Z)|((?!")[^{separator}\r\n]*))')
    rows: list[list[Cell]] = []
    row: list[Cell] = []
    position, line, line_start = 0, 1, 0
    while position < len(text):
        mark = Mark(file, line, position - line_start + 1)
        match = cell.match(text, position)
        if match is None:
            raise UnreadableError(mark, 'a quote is not closed, or text follows it; write " inside a cell as ""')
        quoted, plain = match.group(1), match.group(2)
        row.append(Cell((plain if quoted is None else quoted.replace('""', '"')).strip(), mark))
        breaks = match.group(0).count("\n")
        if breaks:
            line += breaks
            line_start = position + match.group(0).rindex("\n") + 1
        position = match.end()
        if text.startswith(separator, position):
            position += 1
            if position < len(text):
                continue
            row.append(Cell("", Mark(file, line, position - line_start + 1)))
        # A lone carriage return ends a line as well (old spreadsheet programs).
        position += 2 if text.startswith("\r\n", position) else 1
        line, line_start = line + 1, position
        if len(row) > 1 or row[0].text:
            rows.append(row)
        row = []
    return rows


def _header_problems(header: list[Cell]) -> list[Problem]:
    columns = [cell.text for cell in header]
    found = []
    for index, cell in enumerate(header):
        if not cell.text:
            found.append(Problem(cell.mark, "", "a column without a name"))
        elif cell.text in columns[:index]:
            found.append(Problem(cell.mark, "", f"the column '{cell.text}' stands twice"))
    return found


def _width_problems(sheet: Sheet) -> list[Problem]:
    found = []
    width = len(sheet.header)
    for row in sheet.rows:
        if len(row) != width:
            remedy = "put a cell that has the separator in it in quotes" if len(row) > width else "add the empty ones"
            found.append(Problem(row[0].mark, "", f"{len(row)} cells, but the header has {width} columns; {remedy}"))
    return found


def _german(sheet: Sheet) -> tuple[Sheet, list[Problem]]:
    """Rewrites decimal commas to points where the whole table is written so; a number of two meanings is a problem."""
    numeric = [index for index, name in enumerate(sheet.columns) if name not in _TEXT_COLUMNS]
    commas = [row[i].mark.line for row in sheet.rows for i in numeric if _COMMA.match(row[i].text)]
    problems = []
    rows = []
    for row in sheet.rows:
        cells = list(row)
        for i in numeric:
            text, mark = cells[i]
            column = f"column '{sheet.columns[i]}'"
            number, rest = _cut(text)
            if commas and (_COMMA.match(text) or _THOUSANDS.match(text)):
                cells[i] = Cell(number.replace(".", "").replace(",", ".") + rest, mark)
            elif commas and _POINT.match(text):
                message = f"{column}: '{text}' has a decimal point, but line {commas[0]} has a decimal comma; use one"
                problems.append(Problem(mark, "", message))
            elif _THOUSANDS.match(text):
                two = f"{number.replace('.', '')}{rest}" + (f" or {number}0{rest}" if number.count(".") == 1 else "")
                problems.append(Problem(mark, "", f"{column}: '{text}' can be read in two ways; write {two}"))
        rows.append(cells)
    return Sheet(sheet.header, rows), problems


def _cut(text: str) -> tuple[str, str]:
    number = re.match(r"[+-]?[\d.,]*\d", text)
    end = number.end() if number else 0
    return text[:end], text[end:]


def nest(sheet: Sheet, key: list[str], where: dict[str, str], path: str) -> tuple[Node, list[Problem], set[int]]:
    """The nested mapping of a sheet, what is wrong with it, and the lines of the rows that it takes.

    Only rows whose cells equal `where` are taken; without any, the mapping is empty. The columns of `key` become the
    nested keys in their order, the others the mapping at the leaf (an empty cell is an absent key); a single other
    column called `value` is the leaf itself. `path` is the place of the table in the case.
    """
    at = {cell.text: index for index, cell in enumerate(sheet.header)}
    place = sheet.header[0].mark
    problems = [
        Problem(place, path, f"the column '{name}' is missing; the columns are {', '.join(at)}")
        for name in [*key, *where]
        if name not in at
    ]
    leaf_columns = [cell for cell in sheet.header if cell.text not in key and cell.text not in where]
    if not leaf_columns:
        problems.append(Problem(place, path, "no column is left for the figures; add for example low, base, high"))
    if problems:
        return Node(None, place, broken=True), problems, set()
    rows = [row for row in sheet.rows if all(row[at[name]].text == text for name, text in where.items())]
    table = Table(path, place, tuple(at))
    root = Node({}, place)
    seen: dict[tuple[str, ...], int] = {}
    for row in rows:
        names = [row[at[name]] for name in key]
        empty = next((name for name, cell in zip(key, names, strict=True) if not cell.text), None)
        texts = tuple(cell.text for cell in names)
        if empty is not None:
            problems.append(Problem(row[at[empty]].mark, path, f"column '{empty}': the key is empty"))
        elif texts in seen:
            message = f"the key {' / '.join(texts)} stands twice; it stood in line {seen[texts]} already"
            problems.append(Problem(names[0].mark, path, message))
        else:
            seen[texts] = names[0].mark.line
            parent = root
            for text, mark in names[:-1]:
                parent = parent.value.setdefault(text, Node({}, mark, mark))
            parent.value[texts[-1]] = _leaf(row, at, leaf_columns, names[-1].mark, table)
    return root, problems, {row[0].mark.line for row in rows}


def _leaf(row: list[Cell], at: dict[str, int], columns: list[Cell], key_mark: Mark, table: Table) -> Node:
    if [column.text for column in columns] == ["value"]:
        cell = row[at["value"]]
        return Node(cell.text or None, cell.mark, key_mark, table=table)
    cells = ((column, row[at[column.text]]) for column in columns)
    leaf = {column.text: Node(cell.text, cell.mark, column.mark) for column, cell in cells if cell.text}
    return Node(leaf, key_mark, key_mark, table=table)
