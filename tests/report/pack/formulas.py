"""The formulas of a plan without a file: what they give, and what they say."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from typing import Any

import xlsxwriter

from leam_opt.case.schema import Case
from leam_opt.ledger.books import Books
from leam_opt.ledger.decisions import Decisions
from leam_opt.report.pack.workbook import write_scenario
from leam_opt.report.pack.workbook_figures import Register
from leam_opt.report.pack.workbook_page import Page, Styles
from leam_opt.report.pack.workbook_scenario import Scenario
from leam_opt.words import Words


@dataclass
class Written:
    """A scenario as the workbook writes it, with its sheets."""

    scenario: Scenario
    sheets: list[Any]

    @property
    def formulas(self) -> list[str]:
        """Every formula with its place."""
        return [
            f"{sheet.name} {row} {column} {cell.formula}"
            for sheet in self.sheets
            for row, cells in sheet.table.items()
            for column, cell in cells.items()
            if hasattr(cell, "formula")
        ]


def written(case: Case, plan: Decisions) -> Written:
    """The sheets of a plan, which no solver has to have found."""
    book = xlsxwriter.Workbook(BytesIO())
    styles, words = Styles(book), Words("en")
    books = Books.of(case, plan)

    def open_page(key: str, title: str, lead: str) -> Page:
        page = Page(book.add_worksheet(key), key, styles, words, books.inputs.structure.index.years)
        page.begin(title, lead)
        return page

    scenario = write_scenario("base", case, books, Register.of(case, {"base": case}), open_page, words)
    return Written(scenario, book.worksheets())
