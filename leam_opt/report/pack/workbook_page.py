"""Sheets of lines by year: labels, units, what kind of cell a line is, its formulas and their cached values."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from leam_opt.report.pack.workbook_terms import ZERO, Block, Call, Cell, Number, Pair, Term, is_zero, total
from leam_opt.words import N_, Words

Kind = Literal["input", "decision", "formula", "held", "check"]
KINDS: dict[Kind, str] = {
    "input": N_("input"),
    "decision": N_("decision"),
    "formula": N_("formula"),
    "held": N_("held"),
    "check": N_("check"),
}
"""What a cell is; stands in words beside every line, since colour alone says nothing to many."""

FIRST = 3
"""Column of the first year; before it stand label, unit and kind."""
HEAD = 3
"""Row of the years."""
_UNITS = {
    "MEUR": N_("M€"),
    "share": "%",
    "MGPUh": N_("million GPU-hours"),
    "Gtoken/d": N_("billion tokens a day"),
    "unit": N_("units"),
    "server": N_("servers"),
    "model": N_("models"),
    "person": N_("people"),
    "1000 cores": N_("1000 cores"),
}
"""Units of lines as they are told; a case's own figures keep the units that a case writes."""
_DECIMALS = {
    "MEUR": 3,
    "MW": 3,
    "GWh": 3,
    "MGPUh": 3,
    "kt": 3,
    "Gtoken/d": 3,
    "server": 0,
    "model": 0,
    "0/1": 0,
    "EUR/kWh": 4,
    "EUR/ktoken": 5,
}


class Styles:
    """Formats of a workbook, each made once; numbers follow the language of the programme that opens it."""

    _LOOKS: dict[str, dict[str, Any]] = {
        "plain": {},
        "title": {"bold": True, "font_size": 14},
        "lead": {"italic": True, "font_color": "#444444"},
        "head": {"bold": True, "bottom": 1, "bg_color": "#E4EAF0", "text_wrap": True, "valign": "top"},
        "number head": {"bold": True, "bottom": 1, "bg_color": "#E4EAF0", "text_wrap": True, "align": "right"},
        "section": {"bold": True, "bg_color": "#F3F5F7"},
        "label": {},
        "wrapped": {"text_wrap": True, "valign": "top"},
        "unit": {"font_color": "#555555"},
        "formula": {},
        "sum": {"bold": True, "top": 1},
        "input": {"bg_color": "#FFF6D6", "font_color": "#1F3F9E", "border": 1, "border_color": "#C9B458"},
        "decision": {"bg_color": "#E3F0E6", "border": 1, "border_color": "#8FB89A"},
        "held": {"italic": True, "font_color": "#555555", "bg_color": "#EDEDED"},
        "check": {"bold": True},
        "link": {"font_color": "#1F3F9E", "underline": 1},
    }

    def __init__(self, book: Any) -> None:
        self._book = book
        self._made: dict[tuple[str, str], Any] = {}

    def __call__(self, look: str, numbers: str = "") -> Any:
        """The format of a look with a format of numbers."""
        key = look, numbers
        if key not in self._made:
            shown = {"num_format": numbers} if numbers else {}
            self._made[key] = self._book.add_format({**self._LOOKS[look], **shown})
        return self._made[key]


def number_format(unit: str, value: float = 0.0) -> str:
    """How a figure of a unit is shown; shares are kept as shares and shown in percent."""
    if unit == "share" and abs(value) <= 1.5:
        return "0.0#%" if not 0 < abs(value) < 0.001 else "0.0#######%"
    if unit == "calendar year":
        return "0"
    digits = _DECIMALS.get(unit.removesuffix("/a"), 2)
    return f"#,##0.{'0' * digits}" if digits else "#,##0"


def unit_text(unit: str, words: Words) -> str:
    """A unit as a line or a table shows it."""
    told = _UNITS.get(unit)
    return words(told) if told else unit


@dataclass
class Line:
    """A line of a sheet: its terms by column, and the cell of its total."""

    terms: list[Term]
    total: Term = ZERO

    def __getitem__(self, year: int) -> Term:
        return self.terms[year]

    def __iter__(self) -> Iterator[Term]:
        return iter(self.terms)

    def __len__(self) -> int:
        return len(self.terms)

    @property
    def values(self) -> list[float]:
        """The numbers that the line gives."""
        return [item.value for item in self.terms]

    @property
    def is_empty(self) -> bool:
        """Whether nothing of the line was written."""
        return all(is_zero(item) for item in self.terms)

    def upto(self, year: int) -> Term:
        """The sum of the line from the first year to a year."""
        return total(self.terms[: year + 1])


@dataclass
class Page:
    """A sheet with lines by year; rows are written from top to bottom.

    Attributes:
        sheet: the sheet of XlsxWriter.
        name: name of the sheet.
        styles: formats of the workbook.
        words: language.
        years: calendar years of the columns.
        row: the next row.
    """

    sheet: Any
    name: str
    styles: Styles
    words: Words
    years: Sequence[int]
    row: int = HEAD + 1

    def begin(self, title: str, lead: str) -> None:
        """Title, a sentence of explanation, the heads of the columns, panes and print setup."""
        words = self.words
        self.sheet.write_string(0, 0, title, self.styles("title"))
        self.sheet.write_string(1, 0, lead, self.styles("lead"))
        heads = [words("Line"), words("Unit"), words("Kind of cell")]
        for column, head in enumerate(heads):
            self.sheet.write_string(HEAD, column, head, self.styles("head"))
        for number, year in enumerate(self.years):
            self.sheet.write_number(HEAD, FIRST + number, year, self.styles("number head", "0"))
        self.sheet.write_string(HEAD, self.total_column, words("Total"), self.styles("number head"))
        self.sheet.set_column(0, 0, 60)
        self.sheet.set_column(1, 1, 16)
        self.sheet.set_column(2, 2, 11)
        self.sheet.set_column(FIRST, self.total_column, 13)
        self.sheet.freeze_panes(HEAD + 1, FIRST)
        printed(self.sheet, HEAD, words)

    @property
    def total_column(self) -> int:
        """Column behind the last year."""
        return FIRST + len(self.years)

    def section(self, title: str, note: str = "") -> None:
        """A heading between blocks of lines, with an empty row above it."""
        self.row += 1
        for column in range(self.total_column + 1):
            self.sheet.write_blank(self.row, column, None, self.styles("section"))
        self.sheet.write_string(self.row, 0, title, self.styles("section"))
        self.row += 1
        if note:
            self.sheet.write_string(self.row, 0, note, self.styles("lead"))
            self.row += 1

    def line(
        self,
        label: str,
        unit: str,
        terms: Sequence[Term | float],
        *,
        kind: Kind = "formula",
        summed: bool = False,
        look: str = "",
        numbers: str = "",
        always: bool = False,
    ) -> Line:
        """Writes a line and gives its cells; a line that is zero whatever the figures are is not written.

        Args:
            label: what it is.
            unit: unit of its numbers.
            terms: a term or a number for each column.
            kind: what its cells are.
            summed: whether its total stands behind the last year.
            look: format of a line of sums; by default that of the kind.
            numbers: format of the numbers; by default that of the unit.
            always: whether the line is written even where it is always zero.
        """
        given = [item if isinstance(item, Term) else Number(float(item), 3) for item in terms]
        if kind == "formula" and not always and all(is_zero(item) for item in given):
            return Line([ZERO] * len(given))
        numbers = numbers or number_format(unit)
        style = self.styles(look or kind, numbers)
        self.describe(label, unit, kind, look)
        cells: list[Term] = []
        for number, item in enumerate(given):
            cells.append(self._cell(FIRST + number, item, style))
        total_cell: Term = ZERO
        if summed:
            whole = total(cells) if len(cells) > 1 else cells[0]
            total_cell = self._cell(self.total_column, whole, self.styles(look or "formula", numbers))
        self.row += 1
        return Line(cells, total_cell)

    def coming(self, column: int, value: float, below: int = 0) -> Cell:
        """The cell of a column from 0 in the row that is written next, or some rows below it."""
        return Cell(value, 3, self.name, self.row + below, FIRST + column)

    def single(self, label: str, unit: str, item: Term | float, *, kind: Kind = "formula", look: str = "") -> Term:
        """A line with one figure for all years, in the first column of the years."""
        return self.line(label, unit, [item], kind=kind, look=look, always=True)[0]

    def subhead(self, label: str, heads: Sequence[str]) -> None:
        """Heads of columns that are no years, such as the payments of a loan."""
        self.sheet.write_string(self.row, 0, label, self.styles("head"))
        for column in range(1, FIRST):
            self.sheet.write_blank(self.row, column, None, self.styles("head"))
        for column, head in enumerate(heads):
            self.sheet.write_string(self.row, FIRST + column, head, self.styles("number head"))
        self.row += 1

    def note(self, text: str) -> None:
        """A sentence."""
        self.sheet.write_string(self.row, 0, text, self.styles("lead"))
        self.row += 1

    def describe(self, label: str, unit: str, kind: Kind, look: str = "") -> None:
        """Label, unit and kind of a line."""
        bold = "sum" if look == "sum" else "label"
        self.sheet.write_string(self.row, 0, label, self.styles(bold))
        self.sheet.write_string(self.row, 1, unit_text(unit, self.words), self.styles("unit"))
        self.sheet.write_string(self.row, 2, self.words(KINDS[kind]), self.styles("unit"))

    def _cell(self, column: int, item: Term, style: Any) -> Cell:
        write(self.sheet, self.name, self.row, column, item, style)
        return Cell(item.value, 3, self.name, self.row, column)


def write(sheet: Any, name: str, row: int, column: int, item: Term, style: Any) -> None:
    """A term in a cell: a formula with its cached value, or a plain number."""
    if isinstance(item, Number):
        sheet.write_number(row, column, item.value, style)
    else:
        sheet.write_formula(row, column, f"={item.text(name)}", style, item.value)


def printed(sheet: Any, head_row: int, words: Words) -> None:
    """Landscape A4, one page wide, with the head repeated and pages numbered."""
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0, head_row)
    page = words("page")
    sheet.set_footer(f"&L&A&R{page} &P / &N")


def differences(left: Sequence[Cell], right: Sequence[Cell]) -> Term:
    """`SUMPRODUCT(ABS(left - right))` of two rows of cells."""
    value = float(sum(abs(one.value - other.value) for one, other in zip(left, right, strict=True)))
    first, second = (Block(0.0, 3, cells[0], cells[-1]) for cells in (left, right))
    return Call(value, 3, "SUMPRODUCT", (Call(0.0, 3, "ABS", (Pair(0.0, 1, "-", first, second),)),))
