"""Writes a new case folder: a copy of another case with single figures changed, comments and all else kept."""

from __future__ import annotations

import csv
import io
import math
import re
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from leam_opt.case.catalogue import new_case
from leam_opt.case.csv_source import Sheet, nest, parse_csv
from leam_opt.case.excel import ExcelInputs, Row
from leam_opt.case.load import load_case
from leam_opt.case.register import entries
from leam_opt.case.schema import Case
from leam_opt.case.source import CASE_FILE
from leam_opt.case.tree import UnreadableError
from leam_opt.case.yaml_source import read_text, scalar
from leam_opt.errors import CaseError

_WIDTH = 4000
"""Columns after which the writer would break a line; figures stay on one."""
_SETTINGS = re.compile(r"\(with --set .*\)$")
"""What a message says of overrides, which the figures of a table are here."""


def write_case(inputs: ExcelInputs, template: str | Path, folder: Path) -> Path:
    """Copies a case and changes figures in it.

    Args:
        inputs: figures that differ from the template.
        template: the case to copy.
        folder: the new folder.

    Raises:
        CaseError: the folder is not empty or cannot be written, or the figures make no valid case.
    """
    _check(inputs)
    try:
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise CaseError(f"{folder}: it exists and is not empty; choose a new folder")
        parent = folder.absolute().parent
        parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".new-case-", dir=parent) as temporary:
            made = new_case(Path(temporary) / folder.absolute().name, template)
            if inputs.rows:
                _Files(made).change(inputs.rows, inputs.case)
                _verify(made, inputs, folder)
            if folder.exists():
                folder.rmdir()
            made.replace(folder)
    except OSError as error:
        raise CaseError(f"{folder}: the case cannot be written: {error.strerror or error}") from None
    return folder


def _check(inputs: ExcelInputs) -> None:
    """The changed figures make a valid case; what is wrong is said with the cell."""
    places = {row.path: row.place for row in inputs.rows if not row.scenario}
    try:
        inputs.case.override(inputs.overrides)
    except CaseError as error:
        raise CaseError([_placed(problem, places) for problem in error.problems]) from None


def _placed(problem: str, places: dict[str, str]) -> str:
    for path, place in places.items():
        problem = problem.replace(f"--set {path}:", f"{place}: {path}:")
    return _SETTINGS.sub("(with the figures of the workbook)", problem)


def _verify(made: Path, inputs: ExcelInputs, folder: Path) -> None:
    """The written case has the figures of the table, and those of the template everywhere else."""
    try:
        case = load_case(made)
    except CaseError as error:
        raise CaseError([problem.replace(str(made), str(folder)) for problem in error.problems]) from None
    for name in {"", *(row.scenario for row in inputs.rows)}:
        rows = {row.path: row for row in inputs.rows if row.scenario == name}
        found = {entry.path: entry for entry in entries(case.scenario(name or "base"))}
        for path, row in rows.items():
            wanted = row.value if isinstance(row.value, dict) else dict.fromkeys(("low", "base", "high"), row.value)
            got = [entry for key, entry in found.items() if key == path or key.startswith(f"{path}.")]
            ends = [(entry.low, entry.base, entry.high) for entry in got]
            if not ends or any(not _equal(end, wanted) for end in ends):
                raise CaseError(f"{row.place}: {path} cannot be written into a copy of the case; change it by hand")


def _equal(found: tuple[float, float, float], wanted: dict[str, Any]) -> bool:
    ends = (wanted["low"], wanted["base"], wanted["high"])
    return all(math.isclose(a, b, rel_tol=1e-12) for a, b in zip(found, ends, strict=True))


class _Files:
    """The files of a case folder, edited in place."""

    def __init__(self, folder: Path) -> None:
        from ruamel.yaml import YAML

        self.folder = folder
        self.yaml = YAML(typ="rt")
        self.yaml.preserve_quotes = True
        self.yaml.width = _WIDTH
        self.yaml.indent(mapping=2, sequence=4, offset=2)
        self.data = self.yaml.load((folder / CASE_FILE).read_text(encoding="utf-8-sig"))
        self.inlined: set[Path] = set()

    def change(self, rows: Sequence[Row], case: Case) -> None:
        """Sets the figures and writes the files."""
        for row in rows:
            prefix = ["scenarios", row.scenario, "overlay"] if row.scenario else []
            self._set([*prefix, *row.path.split(".")], row.value, case.start_year)
        text = io.StringIO()
        self.yaml.dump(self.data, text)
        (self.folder / CASE_FILE).write_text(text.getvalue(), encoding="utf-8")
        for file in sorted(self.inlined):
            self._prune(file)

    def _set(self, parts: list[str], value: Any, start_year: int) -> None:
        holder = self.data
        for part in parts[:-1]:
            below = self._below(holder, part)
            if not isinstance(below, dict | list):
                # A figure that holds for all years becomes one by year; a section that is not there begins here.
                below = self._map({} if below is None else {start_year: below})
                self._put(holder, part, below)
            holder = below
        last = parts[-1]
        if last.isdigit() and len(last) == 4 and isinstance(holder, dict) and "base" in holder:
            one = self._map(dict(holder))
            holder.clear()
            holder[start_year] = one
        self._put(holder, last, self._figure(value))
        if last.isdigit() and len(last) == 4 and isinstance(holder, dict):
            self._sort(holder)

    def _below(self, holder: Any, part: str) -> Any:
        found = holder[int(part)] if isinstance(holder, list) else holder.get(self._key(holder, part))
        if isinstance(found, dict) and "csv" in found:
            found = self._inline(found)
            self._put(holder, part, found)
        return found

    def _put(self, holder: Any, part: str, value: Any) -> None:
        old = holder.get(self._key(holder, part)) if isinstance(holder, dict) else None
        if isinstance(old, dict) and "csv" in old:
            self.inlined.add(self.folder / str(old["csv"]))
        if isinstance(holder, list):
            holder[int(part)] = value
        else:
            holder[self._key(holder, part)] = value

    @staticmethod
    def _key(holder: Any, part: str) -> Any:
        """The key as the file has it: years are numbers there."""
        return next((key for key in holder if str(key) == part), int(part) if part.isdigit() else part)

    @staticmethod
    def _sort(years: Any) -> None:
        for key in sorted(years, key=str):
            years.move_to_end(key)

    def _map(self, data: dict[Any, Any]) -> Any:
        from ruamel.yaml.comments import CommentedMap

        made = CommentedMap(data)
        made.fa.set_flow_style()
        return made

    def _figure(self, value: Any) -> Any:
        """A figure on one line, with its range only where it has one."""
        if not isinstance(value, dict):
            return value
        single = value["low"] == value["base"] == value["high"]
        ends = {"base": value["base"]} if single else {end: value[end] for end in ("low", "base", "high")}
        texts = {key: value[key] for key in ("unit", "source", "note") if value.get(key, "share") != "share"}
        return self._map({**{key: _plain(number) for key, number in ends.items()}, **texts})

    def _inline(self, reference: Any) -> Any:
        """What a reference to a table stands for, as a mapping of its own."""
        sheet, key, where = self._table(reference)
        self.inlined.add(self.folder / str(reference["csv"]))
        node, _, _ = nest(sheet, key, where, "")
        made = self._nested(node.data())
        made.fa.set_block_style()
        return made

    def _nested(self, data: Any) -> Any:
        if isinstance(data, dict):
            return self._map({scalar(key): self._nested(item) for key, item in data.items()})
        return scalar(data) if isinstance(data, str) else data

    def _table(self, reference: Any) -> tuple[Sheet, list[str], dict[str, str]]:
        file = self.folder / str(reference["csv"])
        try:
            sheet, _ = parse_csv(read_text(file, str(file)), str(file))
        except UnreadableError as error:
            raise CaseError(str(error.problem)) from None
        key = reference["key"]
        where = {str(name): str(text) for name, text in (reference.get("where") or {}).items()}
        return sheet, [str(key)] if isinstance(key, str) else [str(name) for name in key], where

    def _prune(self, file: Path) -> None:
        """Takes the rows out of a table that no reference takes any more, which a case may not have."""
        taken: set[int] = set()
        sheet = None
        for reference in _references(self.data):
            if self.folder / str(reference["csv"]) == file:
                sheet, key, where = self._table(reference)
                taken |= nest(sheet, key, where, "")[2]
        if sheet is None:
            file.unlink()
            return
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(sheet.columns)
        writer.writerows([cell.text for cell in row] for row in sheet.rows if row[0].mark.line in taken)
        file.write_text(text.getvalue(), encoding="utf-8")


def _references(data: Any) -> list[Any]:
    """All references to tables in the data of a case."""
    if isinstance(data, dict):
        if "csv" in data:
            return [data]
        return [found for item in data.values() for found in _references(item)]
    return [found for item in data for found in _references(item)] if isinstance(data, list) else []


def _plain(number: float) -> float | int:
    """A whole number without a decimal point."""
    return int(number) if number == int(number) and abs(number) < 1e15 else number
