"""The Excel workbook of a decision pack: figures as inputs, decisions held, everything between as live formulas."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

from leam_opt.case.excel import SHEET
from leam_opt.case.schema import Case
from leam_opt.errors import CaseError
from leam_opt.ledger.books import Books
from leam_opt.report.pack.content import Pack
from leam_opt.report.pack.sheet_assumptions import assumptions_sheet, name_cells
from leam_opt.report.pack.sheet_balance import balance_sheet
from leam_opt.report.pack.sheet_checks import checks_sheet
from leam_opt.report.pack.sheet_costs import costs_sheet
from leam_opt.report.pack.sheet_funding import funding_sheet
from leam_opt.report.pack.sheet_machines import energy_sheet, machines_sheet
from leam_opt.report.pack.sheet_plan import plan_sheet
from leam_opt.report.pack.sheet_services import services_sheet
from leam_opt.report.pack.sheet_summary import summary_sheet
from leam_opt.report.pack.sheet_tables import table_sheets
from leam_opt.report.pack.workbook_figures import Figures, Register
from leam_opt.report.pack.workbook_page import Page, Styles
from leam_opt.report.pack.workbook_scenario import Scenario
from leam_opt.words import N_, Words

_SHEETS = {
    "plan": N_("Plan"),
    "machines": N_("B Machines"),
    "costs": N_("C Costs"),
    "services": N_("D-F Services"),
    "energy": N_("C Energy"),
    "funding": N_("Funding"),
    "balance": N_("G Balance"),
}
_PARTS = (plan_sheet, machines_sheet, energy_sheet, costs_sheet, services_sheet, funding_sheet, balance_sheet)
"""Sheets of a scenario in the order of the calculation."""
_TABS = ("#2F5D8A", "#8A5A2F", "#4F7A4A", "#6B4A8A", "#7A7A7A")
OPTIONS = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False, "in_memory": True}
"""Texts stay texts, whatever they begin with."""
_LONGEST = 31
"""Characters of a sheet's name."""


def write_workbook(pack: Pack, words: Words, path: str | Path) -> Path:
    """Writes the workbook of a pack.

    Every formula carries its value, so that programmes that do not calculate show it; the values are those of the
    ledger to the euro.

    Args:
        pack: what is reported.
        words: language of all texts; numbers follow the programme that opens the file.
        path: the file to write; it appears whole or not at all.

    Raises:
        AuditError: a formula gives another figure than the ledger.
        CaseError: the file cannot be written.
    """
    return _written(Path(path), lambda book: fill(book, pack, words))


def write_register(case: Case, words: Words, path: str | Path) -> Path:
    """Writes the figures of a case alone, as a form to fill in for `case.excel.new_case_from_excel`.

    Args:
        case: the case; figures that scenarios give another value stand below its own.
        words: language.
        path: the file to write.

    Raises:
        CaseError: the file cannot be written.
    """

    def registered(book: Any) -> None:
        sheets, styles = _Sheets(book), Styles(book)
        register = Register.of(case, {name: case.scenario(name) for name in case.scenario_names})
        sheet, _ = sheets.add(words(SHEET))
        name_cells(book, register, words)
        assumptions_sheet(sheet, styles, register, case, words)

    return _written(Path(path), registered)


def _written(path: Path, filled: Callable[[Any], object]) -> Path:
    """A workbook that a function fills, put in its place when it is whole."""
    import xlsxwriter

    content = BytesIO()
    book = xlsxwriter.Workbook(content, OPTIONS)
    filled(book)
    book.close()
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        temporary.write_bytes(content.getvalue())
        temporary.replace(path)
    except OSError as error:
        raise CaseError(f"{path}: the workbook cannot be written: {error.strerror or error}") from None
    finally:
        temporary.unlink(missing_ok=True)
    return path


class _Sheets:
    """Makes sheets with names that are unique and short enough, and remembers their titles."""

    def __init__(self, book: Any) -> None:
        self._book = book
        self._names: set[str] = set()
        self.contents: list[tuple[str, str]] = []

    def add(self, name: str, title: str = "", scenario: str = "") -> tuple[Any, str]:
        """A new sheet and its name."""
        name = sheet_name(name, scenario, self._names)
        self._names.add(name.lower())
        if title:
            self.contents.append((name, title))
        return self._book.add_worksheet(name), name


def sheet_name(name: str, scenario: str, taken: set[str]) -> str:
    """A name of at most 31 characters that Excel takes and no other sheet has."""
    name = re.sub(r"[\[\]:*?/\\']", " ", name).strip()
    room = _LONGEST - len(name) - 1
    whole = f"{name} {scenario[:room]}".strip() if scenario and room > 0 else name[:_LONGEST]
    number, unique = 1, whole
    while unique.lower() in taken:
        number += 1
        unique = f"{whole[: _LONGEST - len(str(number)) - 1]} {number}"
    return unique


def fill(book: Any, pack: Pack, words: Words) -> list[Scenario]:
    """Fills an empty workbook of XlsxWriter; the scenarios with the places of their lines."""
    styles, sheets = Styles(book), _Sheets(book)
    plans = pack.plans
    book.set_properties({"title": pack.case.title, "comments": words("Made by leam_opt.")})
    first, first_name = sheets.add(words("Summary"))
    register = Register.of(pack.case, {name: plan.case for name, plan in plans.items()})
    register_sheet, _ = sheets.add(words(SHEET), words("Assumptions of the case"))
    name_cells(book, register, words)
    scenarios = []
    for number, (name, plan) in enumerate(plans.items()):
        books = plan.accounts.books
        opener = _opener(sheets, styles, words, name, books.inputs.structure.index.years, _TABS[number % len(_TABS)])
        scenarios.append(write_scenario(name, plan.case, books, register, opener, words))
    title = words("Checks")
    sheet, name = sheets.add(title, words("Formulas beside the ledger's figures as written"))
    page = Page(sheet, name, styles, words, pack.best.accounts.books.inputs.structure.index.years)
    counts = checks_sheet(page, scenarios)
    assumptions_sheet(register_sheet, styles, register, pack.case, words)
    table_sheets(lambda name, title: sheets.add(name, title)[0], styles, pack, words)
    summary_sheet(first, first_name, styles, pack, scenarios, counts, sheets.contents, words)
    first.activate()
    return scenarios


def write_scenario(
    name: str, case: Case, books: Books, register: Register, open_page: Callable[[str, str, str], Page], words: Words
) -> Scenario:
    """Writes the sheets of a plan in the order of the calculation.

    Args:
        name: name of the scenario.
        case: its resolved case.
        books: the ledger's accounts of its plan.
        register: figures of the case.
        open_page: makes a sheet of a key, a title and a sentence of explanation.
        words: language.
    """
    figures = Figures(register, name, books.inputs.structure.index.years)
    scenario = Scenario(name, case, books, figures, open_page, words)
    for part in _PARTS:
        part(scenario)
    return scenario


def _opener(
    sheets: _Sheets, styles: Styles, words: Words, scenario: str, years: tuple[int, ...], colour: str
) -> Callable[[str, str, str], Page]:
    """Opens the sheets of a scenario."""

    def open_page(key: str, title: str, lead: str) -> Page:
        whole = f"{title} ({scenario})"
        sheet, name = sheets.add(words(_SHEETS[key]), whole, scenario)
        sheet.set_tab_color(colour)
        page = Page(sheet, name, styles, words, years)
        page.begin(whole, lead)
        return page

    return open_page
