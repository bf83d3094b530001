"""Cells that say OK, or the years in which a plan no longer fits the figures."""

from __future__ import annotations

from dataclasses import dataclass

from leam_opt.case.excel_source import address
from leam_opt.report.pack.workbook_page import FIRST, HEAD, Line, Page
from leam_opt.report.pack.workbook_terms import Cell, Pair

SLACK = 1e-4
"""What a plan may be short of before a check says so, in million euros, MW, GWh, million GPU-hours or as a share: above
the rounding of the solver, and nothing that a reader would miss."""


@dataclass(frozen=True)
class Verdict:
    """A check of the plan.

    Attributes:
        told: what is wrong where it fails.
        cell: where it stands; its text is OK or years.
        text: what it says.
    """

    told: str
    cell: Cell
    text: str

    @property
    def holds(self) -> bool:
        """Whether the check says OK."""
        return self.text == "OK"


def short_of(page: Page, told: str, has: Line, needs: Line) -> Verdict:
    """A row that says OK, or the years in which one line is below another by more than the solver's rounding."""
    words = page.words
    tests: list[str] = []
    short: list[str] = []
    for y, year in enumerate(page.years):
        gap = Pair(needs[y].value - has[y].value, 1, "-", needs[y], has[y])
        head = address(HEAD, FIRST + y)
        tests.append(f'IF({gap.text(page.name)}>{SLACK},{head}&" ","")')
        if gap.value > SLACK:
            short.append(f"{year} ")
    found = "".join(short)
    text = found.strip() if found else "OK"
    joined = "&".join(tests)
    page.sheet.write_string(page.row, 0, told, page.styles("label"))
    page.sheet.write_string(page.row, 1, words("years"), page.styles("unit"))
    page.sheet.write_string(page.row, 2, words("check"), page.styles("unit"))
    formula = f'=IF({joined}="","OK",TRIM({joined}))'
    page.sheet.write_formula(page.row, FIRST, formula, page.styles("check"), text)
    cell = Cell(0.0, 3, page.name, page.row, FIRST)
    page.row += 1
    return Verdict(told, cell, text)
