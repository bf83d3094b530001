"""Opens Excel files of strangers: within limits, as data, with the places of formulas; nothing in them is evaluated."""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from leam_opt.errors import CaseError

MAX_BYTES = 20_000_000
MAX_UNPACKED = 100_000_000
MAX_PARTS = 2_000
MAX_ROWS = 20_000
MAX_COLUMNS = 200
_CHUNK = 1 << 20
_CELL = re.compile(
    rb"""<(?:\w+:)?c\s(?:[^>]{0,200}?\s)?r=["']([A-Z]{1,3})([0-9]{1,7})["'][^>]{0,200}>(\s*<(?:\w+:)?f[\s/>])?"""
)
_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"


@dataclass(frozen=True)
class Grid:
    """The values of a sheet from its first row and column; `formulas` are the addresses of cells with a formula."""

    file: str
    name: str
    rows: list[list[Any]]
    formulas: frozenset[str]

    def place(self, row: int, column: int) -> str:
        """`case.xlsx, Assumptions!D12` for row and column from 0."""
        return f"{self.file}, {self.name}!{address(row, column)}"

    def cell(self, row: int, column: int) -> Any:
        """The value of a cell; empty text where there is none."""
        cells = self.rows[row]
        return cells[column] if column < len(cells) else ""


def address(row: int, column: int) -> str:
    """`B7` for row 6, column 1."""
    letters, number = "", column + 1
    while number:
        number, digit = divmod(number - 1, 26)
        letters = chr(ord("A") + digit) + letters
    return f"{letters}{row + 1}"


def open_grids(path: str | Path) -> Iterator[Grid]:
    """The sheets of an Excel file one after another; sheets beyond the limits are left out.

    Raises:
        CaseError: the file does not exist, is no Excel workbook (.xlsx), is damaged, or is larger than the limits.
    """
    from python_calamine import CalamineError, CalamineWorkbook

    file = Path(path)
    parts = _parts(file)
    try:
        book = CalamineWorkbook.from_object(BytesIO(file.read_bytes()))
        for name, xml in _sheets(file, parts):
            formulas = _formulas(xml)
            if formulas is not None and name in book.sheet_names:
                rows = book.get_sheet_by_name(name).to_python(skip_empty_area=False, nrows=MAX_ROWS)
                yield Grid(file.name, name, rows, formulas)
    except (CalamineError, ElementTree.ParseError, KeyError, ValueError, OSError) as error:
        raise CaseError(f"{file}: the workbook cannot be read: {error}") from None


def _parts(file: Path) -> dict[str, bytes]:
    """The parts of the file, unpacked within the limits whatever sizes the file declares."""
    try:
        size = file.stat().st_size
    except OSError as error:
        raise CaseError(f"{file}: the file cannot be read: {error.strerror or error}") from None
    if size > MAX_BYTES:
        raise CaseError(f"{file}: the file is larger than {MAX_BYTES / 1e6:g} MB; a table of assumptions is small")
    parts: dict[str, bytes] = {}
    unpacked = 0
    try:
        with zipfile.ZipFile(file) as archive:
            if len(archive.infolist()) > MAX_PARTS:
                raise CaseError(f"{file}: more than {MAX_PARTS} parts; this is no workbook of assumptions")
            for entry in archive.infolist():
                chunks = []
                with archive.open(entry) as stream:
                    while chunk := stream.read(_CHUNK):
                        unpacked += len(chunk)
                        if unpacked > MAX_UNPACKED:
                            limit = f"{MAX_UNPACKED / 1e6:g} MB"
                            raise CaseError(f"{file}: unpacked it is larger than {limit}; it is not read")
                        chunks.append(chunk)
                parts[entry.filename] = b"".join(chunks)
    except (zipfile.BadZipFile, zipfile.LargeZipFile, NotImplementedError, RuntimeError, OSError, EOFError) as error:
        remedy = "save it as an Excel workbook (.xlsx) without a password"
        raise CaseError(f"{file}: this is no Excel workbook ({error}); {remedy}") from None
    except zlib.error as error:
        raise CaseError(f"{file}: the workbook is damaged ({error}); save it again") from None
    return parts


def _sheets(file: Path, parts: dict[str, bytes]) -> list[tuple[str, bytes]]:
    """Name and XML of each sheet, in the order of the workbook."""
    if "xl/workbook.xml" not in parts or "xl/_rels/workbook.xml.rels" not in parts:
        raise CaseError(f"{file}: this is no Excel workbook; save it as .xlsx")
    targets = {
        item.get("Id"): (item.get("Target") or "").lstrip("/").removeprefix("xl/")
        for item in _tree(file, parts["xl/_rels/workbook.xml.rels"])
    }
    found = []
    for item in _tree(file, parts["xl/workbook.xml"]).iter():
        target = targets.get(item.get(_RELATION))
        if item.tag.endswith("}sheet") and target is not None and f"xl/{target}" in parts:
            found.append((item.get("name") or "", parts[f"xl/{target}"]))
    return found


def _tree(file: Path, xml: bytes) -> ElementTree.Element:
    # Workbooks have no document types; with one, entities could grow without bound.
    if b"<!DOCTYPE" in xml or b"<!ENTITY" in xml:
        raise CaseError(f"{file}: the workbook declares entities; it is not read")
    return ElementTree.fromstring(xml)


def _formulas(xml: bytes) -> frozenset[str] | None:
    """Addresses of the cells with formulas; None where cells lie beyond the limits, since reading fills the space."""
    found = set()
    for match in _CELL.finditer(xml):
        letters, row = match[1].decode(), int(match[2])
        column = 0
        for letter in letters:
            column = 26 * column + ord(letter) - ord("A") + 1
        if row > MAX_ROWS or column > MAX_COLUMNS:
            return None
        if match[3]:
            found.add(f"{letters}{row}")
    return frozenset(found)
