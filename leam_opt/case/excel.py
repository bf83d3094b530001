"""Reads the figures of a case back from Excel: the register of a workbook, or a plain table of the same columns."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from leam_opt.case.excel_source import Grid, address, open_grids
from leam_opt.case.figure_paths import place_of
from leam_opt.case.load import load_case
from leam_opt.case.quantity import FigureError, Unit, parse_figure
from leam_opt.case.register import Entry, entries
from leam_opt.case.schema import Case
from leam_opt.case.shape import whole_unit
from leam_opt.case.units import shown
from leam_opt.errors import CaseError
from leam_opt.words import N_, Language, Words

Column = Literal[
    "path", "value", "unit", "low", "base", "high", "scenario", "source", "note", "changed", "effect", "here", "name"
]
SHEET = N_("Assumptions")
COLUMNS: dict[Column, str] = {
    "path": N_("path"),
    "value": N_("value in force"),
    "unit": N_("unit"),
    "low": N_("low"),
    "base": N_("base"),
    "high": N_("high"),
    "scenario": N_("scenario"),
    "source": N_("source"),
    "note": N_("note"),
    "changed": N_("changed"),
    "effect": N_("effect"),
    "here": N_("changed here"),
    "name": N_("defined name"),
}
"""Columns of the register; a table needs `path`, and `base` or `value in force`."""
_CASE = N_("case")
_NUMBERS: tuple[Column, ...] = ("value", "low", "base", "high")
_HEAD_ROWS = 30
_MAX_PROBLEMS = 50


@dataclass(frozen=True)
class Row:
    """A figure of the table that differs from the case.

    Attributes:
        path: of the figure.
        scenario: the scenario whose own figure it is; empty for the case's.
        value: what an override takes: a range, or a whole number.
        place: file, sheet and cell.
    """

    path: str
    scenario: str
    value: Any
    place: str


@dataclass(frozen=True)
class ExcelInputs:
    """What an Excel table changes in a case.

    Attributes:
        case: the case that the table is held against.
        rows: figures that differ from it, in the order of the table.
        notes: what a reader should know of how the table was read.
    """

    case: Case
    rows: list[Row]
    notes: list[str] = field(default_factory=list)

    @property
    def overrides(self) -> dict[str, Any]:
        """Overrides of the case itself; figures that only a scenario has stand in `rows`."""
        return {row.path: row.value for row in self.rows if not row.scenario}


def read_inputs(path: str | Path, case: Case | str | Path | None = None) -> ExcelInputs:
    """The figures of an Excel table that differ from a case.

    Formulas are never evaluated: the value that the programme saved last counts, where it is a number, and a note says
    so.

    Args:
        path: a workbook with the sheet of assumptions of a decision pack (in any language), or with a sheet that has
            the columns path, low, base, high, unit, source, note.
        case: the case that the paths belong to; by default the one that the workbook names, else leam-2022.

    Raises:
        CaseError: with all problems found, each with file, sheet and cell.
    """
    grid, head, columns = _table(Path(path))
    if not isinstance(case, Case):
        case = load_case(case if case is not None else _case_of(grid, head) or "leam-2022")
    return _Reading(case, grid, head, columns).inputs()


def _heads() -> dict[str, Column]:
    return {text.lower(): name for name, column in COLUMNS.items() for text in _spellings(column)}


def _spellings(text: str) -> list[str]:
    """A text of the workbook in every language."""
    languages: tuple[Language, ...] = ("en", "de")
    return [Words(language)(text) for language in languages]


def _table(path: Path) -> tuple[Grid, int, dict[Column, int]]:
    """The sheet with the table, the row of its head, and its columns; the sheet of assumptions comes first."""
    heads, found, names = _heads(), [], []
    preferred = _spellings(SHEET)
    for grid in open_grids(path):
        names.append(grid.name)
        for number, cells in enumerate(grid.rows[:_HEAD_ROWS]):
            columns = {
                heads[str(c).strip().lower()]: at for at, c in enumerate(cells) if str(c).strip().lower() in heads
            }
            if "path" in columns and {"base", "value"} & set(columns):
                found.append((grid, number, columns))
                break
        if found and found[-1][0].name in preferred:
            return found[-1]
    if not found:
        needed = ", ".join(("path", "low", "base", "high", "unit", "source", "note"))
        listed = ", ".join(names) or "none that can be read"
        raise CaseError(f"{path}: no sheet has a head with the columns {needed}; sheets are {listed}")
    return found[0]


def _case_of(grid: Grid, head: int) -> str | None:
    """The name of the case that stands above the table."""
    labels = [text.lower() for text in _spellings(_CASE)]
    for number in range(head):
        if str(grid.cell(number, 0)).strip().lower() in labels:
            return str(grid.cell(number, 1)).strip() or None
    return None


class _Reading:
    """Reads the rows of a table against a case."""

    def __init__(self, case: Case, grid: Grid, head: int, columns: dict[Column, int]) -> None:
        self.case, self.grid, self.head, self.columns = case, grid, head, columns
        self.problems: list[str] = []
        self.notes: list[str] = []
        self.seen: dict[tuple[str, str], str] = {}
        self.known: dict[str, dict[str, Entry]] = {}

    def inputs(self) -> ExcelInputs:
        rows = []
        for number in range(self.head + 1, len(self.grid.rows)):
            if all(str(value).strip() == "" for value in self.grid.rows[number]):
                continue
            try:
                found = self._row(number)
            except CaseError as error:
                self.problems += error.problems
                if len(self.problems) > _MAX_PROBLEMS:
                    break
                continue
            rows += [found] if found is not None else []
        if not self.seen and not self.problems:
            self.problems.append(f"{self.grid.place(self.head, 0)}: the table has no rows")
        if self.problems:
            raise CaseError(self.problems)
        return ExcelInputs(self.case, rows, self.notes)

    def _at(self, row: int, column: Column) -> str:
        return self.grid.place(row, self.columns.get(column, 0))

    def _text(self, row: int, column: Column) -> str:
        if column not in self.columns:
            return ""
        value = self.grid.cell(row, self.columns[column])
        return value.strip() if isinstance(value, str) else str(value)

    def _of(self, scenario: str, row: int) -> dict[str, Entry]:
        """Figures of the case, or of one of its scenarios."""
        if scenario not in self.known:
            try:
                case = self.case.scenario(scenario or "base")
            except CaseError as error:
                raise CaseError(f"{self._at(row, 'scenario')}: {error}") from None
            self.known[scenario] = {entry.path: entry for entry in entries(case)}
        return self.known[scenario]

    def _row(self, row: int) -> Row | None:
        """A row as a figure; None where the case has it already."""
        path, scenario, place = self._text(row, "path"), self._text(row, "scenario"), self._at(row, "path")
        if not path:
            raise CaseError(f"{place}: the path is empty; name the figure, for example prices.tokens")
        if (scenario, path) in self.seen:
            raise CaseError(f"{place}: {path} stands twice; it stands at {self.seen[scenario, path]} already")
        self.seen[scenario, path] = place
        before = self._of(scenario, row).get(path)
        unit = self._unit(path, scenario, before, place)
        given = self._given(row, unit)
        if before is None and not given:
            return None
        return self._changed(row, path, scenario, before, given, unit)

    def _unit(self, path: str, scenario: str, before: Entry | None, place: str) -> Unit | None:
        """Documented unit of a figure; None for a whole number."""
        try:
            return place_of(self.case.scenario(scenario or "base"), path).unit
        except CaseError as error:
            if before is not None:
                return None
            raise CaseError([f"{place}: {problem}" for problem in error.problems]) from None

    def _given(self, row: int, unit: Unit | None) -> dict[str, Any]:
        """Numbers, unit, source and note of a row; the value in force is the planning value."""
        given: dict[str, Any] = {}
        for column in _NUMBERS:
            if column in self.columns:
                number = self._number(row, column, unit)
                if number is not None:
                    given[column] = number
        if not given:
            name: Column = "value" if "value" in self.columns else "base"
            raise CaseError(f"{self._at(row, name)}: no number; write the planning value, or leave the row out")
        for column in ("unit", "source", "note"):
            if text := self._text(row, column):
                given[column] = text
        return given

    def _number(self, row: int, column: Column, unit: Unit | None) -> float | None:
        value, place = self.grid.cell(row, self.columns[column]), self._at(row, column)
        if value == "" or (isinstance(value, str) and not value.strip()):
            return None
        is_formula = address(row, self.columns[column]) in self.grid.formulas
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            about = unit.name if unit is not None else "a whole number"
            hint = "a unit stands in the column of units" if isinstance(value, str) else "format the cell as a number"
            what = "the formula gives" if is_formula else "got"
            raise CaseError(f"{place}: expected a number ({about}), {what} {shown(value)}; {hint}")
        if is_formula:
            self.notes.append(f"{place}: a formula; its last value {value:g} is taken as the number")
        return float(value)

    def _changed(
        self, row: int, path: str, scenario: str, before: Entry | None, given: dict[str, Any], unit: Unit | None
    ) -> Row | None:
        base = given.pop("base", None)
        value = given.pop("value", base)
        if value is not None and base is not None and given.get("low", base) == base == given.get("high", base):
            # A single number has no range that could stay behind when it moves.
            given = {key: item for key, item in given.items() if key not in ("low", "high")}
        if value is not None:
            given["base"] = value
        name: Column = "value" if "value" in self.columns else "base"
        if unit is None:
            return self._whole(row, path, scenario, before, given, name)
        try:
            figure = parse_figure(given, unit)
        except FigureError as error:
            key = error.where.rpartition(".")[2]
            column: Column = name if key in ("", "base") else key  # type: ignore[assignment]
            raise CaseError(f"{self._at(row, column)}: {path}: {error}") from None
        if before is not None and name == "value" and base is not None:
            self._check_base(row, figure.base, base, before, given.get("unit") or unit.name)
        found = (figure.low, figure.base, figure.high)
        words = (given.get("source") or None, given.get("note") or None)
        if before is not None and _same(found, before[1:4]) and words == (before.source, before.note):
            return None
        data = {"low": found[0], "base": found[1], "high": found[2]}
        if before is not None and _same(found, before[1:4]):
            # Spreadsheets keep sixteen digits; what nobody changed keeps all of them.
            data = {"low": before.low, "base": before.base, "high": before.high}
        elif before is not None and words[0] == before.source and words[0]:
            words = (f"{self.grid.file} (was {before.base:g} {unit.name}: {words[0]})", words[1])
        texts = {key: text for key, text in zip(("source", "note"), words, strict=True) if text}
        return Row(path, scenario, {**data, "unit": unit.name, **texts}, self._at(row, name))

    def _check_base(self, row: int, value: float, base: float, before: Entry, unit: str) -> None:
        """The planning value was changed in the column that shows it as it was."""
        if unit == before.unit and _same((value,), (before.base,)) and not _same((base,), (before.base,)):
            here = self._at(row, "value")
            raise CaseError(f"{self._at(row, 'base')}: the base shows the value as it was; change the value at {here}")

    def _whole(
        self, row: int, path: str, scenario: str, before: Entry | None, given: Mapping[str, Any], name: Column
    ) -> Row | None:
        """A whole number; it has no range, and no source of its own."""
        value = given.get("base")
        place = self._at(row, name)
        if value is None or value != round(value):
            raise CaseError(f"{place}: {path} is a whole number ({whole_unit(path.rpartition('.')[2])}), got {value}")
        if before is not None and value == before.base:
            return None
        return Row(path, scenario, int(value), place)


def _same(left: tuple[float, ...], right: tuple[float, ...]) -> bool:
    return all(math.isclose(a, b, rel_tol=1e-13, abs_tol=0.0) or a == b for a, b in zip(left, right, strict=True))


def new_case_from_excel(
    path: str | Path,
    folder: str | Path,
    template: str | Path | None = None,
    tell: Callable[[str], None] | None = None,
) -> Path:
    """Starts a case from an Excel table: a copy of the case that it names, with the figures that the table changes.

    Lists, words, switches and comments stay those of the copied case. The folder appears at once and complete, or not
    at all; the new case loads to the figures of the table.

    Args:
        path: the workbook; see `read_inputs`.
        folder: the new folder; it must not exist, or be empty.
        template: the case to start from; by default the one that the workbook names, else leam-2022.
        tell: called with each sentence that a reader should know of how the table was read.

    Raises:
        CaseError: the table or the folder is wrong, or the figures make no valid case.
    """
    from leam_opt.case.excel_case import write_case

    grid, head, _ = _table(Path(path))
    origin = template if template is not None else _case_of(grid, head) or "leam-2022"
    inputs = read_inputs(path, load_case(origin))
    if tell is not None:
        for note in inputs.notes:
            tell(note)
    return write_case(inputs, origin, Path(folder))
