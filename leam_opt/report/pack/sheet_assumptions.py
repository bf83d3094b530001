"""The register of assumptions: every figure of the case as a named input cell, with range, unit, source and note."""

from __future__ import annotations

from typing import Any

from leam_opt.case.excel import COLUMNS, SHEET, Column
from leam_opt.case.schema import Case
from leam_opt.report.pack.workbook_figures import Register
from leam_opt.report.pack.workbook_page import HEAD, Styles, printed
from leam_opt.words import Words

_WIDTHS: dict[Column, float] = {
    "path": 50,
    "value": 14,
    "unit": 12,
    "low": 11,
    "base": 11,
    "high": 11,
    "scenario": 12,
    "source": 44,
    "note": 44,
    "changed": 10,
    "effect": 20,
    "here": 12,
    "name": 46,
}
ORDER: tuple[Column, ...] = tuple(_WIDTHS)


def name_cells(book: Any, register: Register, words: Words) -> None:
    """Defines a name for the input cell of every figure, before formulas use it."""
    sheet = words(SHEET)
    column = ORDER.index("value")
    letter = chr(ord("A") + column)
    for number, figure in enumerate(register.figures):
        book.define_name(figure.name, f"='{sheet}'!${letter}${HEAD + 2 + number}")


def assumptions_sheet(sheet: Any, styles: Styles, register: Register, case: Case, words: Words) -> None:
    """Writes the register.

    Args:
        sheet: the sheet of XlsxWriter.
        styles: formats of the workbook.
        register: the figures, with the names that stand in formulas.
        case: the case without a scenario.
        words: language.
    """
    sheet.write_string(0, 0, words("Assumptions of the case"), styles("title"))
    sheet.write_string(
        1,
        0,
        words(
            "Change a value in force, and the formulas of the workbook follow. "
            "`leam-opt new DIR --from-excel FILE` makes a case of this sheet."
        ),
        styles("lead"),
    )
    sheet.write_string(2, 0, words("case"), styles("unit"))
    sheet.write_string(2, 1, case.name, styles("plain"))
    for column, key in enumerate(ORDER):
        sheet.write_string(HEAD, column, words(COLUMNS[key]), styles("head"))
        sheet.set_column(column, column, _WIDTHS[key])
    value, base = (chr(ord("A") + ORDER.index(key)) for key in ("value", "base"))
    for number, figure in enumerate(register.figures):
        row, entry = HEAD + 1 + number, figure.entry
        texts = {
            "path": entry.path,
            "unit": entry.unit,
            "scenario": figure.scenario,
            "source": entry.source or "",
            "note": entry.note or "",
            "changed": words("yes") if figure.is_changed else "",
            "effect": words("recalculates here") if figure.name in register.written else words("needs a new solve"),
            "name": figure.name,
        }
        numbers = {"value": entry.base, "low": entry.low, "base": entry.base, "high": entry.high}
        whole = entry.unit == "calendar year"
        for column, key in enumerate(ORDER):
            if key in numbers:
                look = "input" if key == "value" else "plain"
                sheet.write_number(row, column, numbers[key], styles(look, "0" if whole else "General"))
            elif key == "here":
                changed = words("changed")
                formula = f'=IF({value}{row + 1}={base}{row + 1},"","{changed}")'
                sheet.write_formula(row, column, formula, styles("check"), "")
            elif texts[key]:
                sheet.write_string(row, column, texts[key][:32000], styles("unit" if key == "unit" else "plain"))
    sheet.freeze_panes(HEAD + 1, 2)
    sheet.autofilter(HEAD, 0, HEAD + len(register.figures), len(ORDER) - 1)
    sheet.print_area(0, 0, HEAD + len(register.figures), ORDER.index("source"))
    printed(sheet, HEAD, words)
