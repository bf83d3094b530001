"""Formulas against the ledger's figures as written: the workbook's own audit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from leam_opt.case.excel_source import address
from leam_opt.case.index import ENTITIES
from leam_opt.errors import AuditError
from leam_opt.report.pack.labels import label
from leam_opt.report.pack.sheet_balance import company
from leam_opt.report.pack.workbook_page import FIRST, Line, Page, differences, printed, write
from leam_opt.report.pack.workbook_scenario import Array, Scenario
from leam_opt.report.pack.workbook_terms import Cell, total

ONE_EURO_MEUR = 1e-6


@dataclass(frozen=True)
class Comparison:
    """A line of the workbook and what the ledger says of it; of a stock, such as cash, the last year counts."""

    label: str
    unit: str
    line: Line
    ledger: Sequence[float]
    is_stock: bool = False


def comparisons(scenario: Scenario) -> list[Comparison]:
    """Every line that has a counterpart in the ledger, with the ledger's figures by year."""
    words, books = scenario.words, scenario.books
    found = []

    def add(told: str, unit: str, line: Line, values: Array, sign: float = 1.0, is_stock: bool = False) -> None:
        found.append(Comparison(told, unit, line, [sign * float(value) for value in values], is_stock))

    for number, (name, values) in enumerate(books.lines.items()):
        sign = -1.0 if books.categories[name] == "revenue" else 1.0
        add(label(name, words), "MEUR", scenario.get("line", number), values.sum(axis=0), sign)
    add(words("deficit"), "MEUR", scenario.get("deficit"), books.yearly["deficit_meur"])
    add(words("unfunded gap"), "MEUR", scenario.get("gap_total"), books.yearly["unfunded_gap_meur"])
    add(words("public money"), "MEUR", scenario.get("public_money"), books.yearly["public_money_meur"])
    add(words("private money"), "MEUR", scenario.get("private_money"), books.yearly["private_money_meur"])
    for entity in range(len(ENTITIES)):
        who = company(scenario, entity)
        told = words("cash after the payments of the year's start")
        add(f"{told}: {who}", "MEUR", scenario.get("cash_start", entity), books.money.cash_start[entity], is_stock=True)
        told = words("cash at the end of the year")
        add(f"{told}: {who}", "MEUR", scenario.get("cash_end", entity), books.money.cash_end[entity], is_stock=True)
    add(words("profit before tax"), "MEUR", scenario.get("profit"), books.money.profit)
    _physical(scenario, add)
    return [item for item in found if not item.line.is_empty or any(item.ledger)]


def _physical(scenario: Scenario, add: Callable[..., None]) -> None:
    words, things = scenario.words, scenario.books.things
    for s, site in enumerate(scenario.case.sites.values()):
        told = words("nameplate power in service: {site}", site=site.title)
        add(told, "MW", scenario.get("nameplate", s), things.nameplate_mw[s], is_stock=True)
        told = words("IT power built: {site}", site=site.title)
        add(told, "MW", scenario.get("it_power", s), things.it_power_mw[s], is_stock=True)
        told = words("energy of the site (IT x PUE): {site}", site=site.title)
        add(told, "GWh", scenario.get("site_energy", s), things.site_energy_gwh[s])
    add(words("CO2 of the electricity"), "kt", scenario.get("co2"), things.co2_kt)
    add(words("compute of all units in service"), "MGPUh", scenario.get("capacity"), things.centre_capacity_mgpuh)


def audit(scenario: Scenario) -> list[Comparison]:
    """The comparisons of a scenario.

    Raises:
        AuditError: a formula gives another figure than the ledger; the workbook would be wrong.
    """
    found = comparisons(scenario)
    wrong = []
    for item in found:
        gap = max(abs(one - other) for one, other in zip(item.line.values, item.ledger, strict=True))
        if not gap <= ONE_EURO_MEUR:
            wrong.append(f"{scenario.name}: {item.label}: the workbook's formulas differ by {gap:g} from the ledger")
    if wrong:
        raise AuditError("\n".join(wrong))
    return found


def checks_sheet(page: Page, scenarios: Sequence[Scenario]) -> list[Cell]:
    """Writes, for each scenario, formulas beside the ledger's figures as written, and whether the plan closes.

    Returns the cells that hold the number of lines that differ, by scenario.
    """
    words, counts = page.words, []
    page.sheet.write_string(0, 0, words("Formulas beside the ledger's figures as written"), page.styles("title"))
    lead = words(
        "As long as no figure is changed, every line is OK; afterwards the differences are those of the change."
    )
    page.sheet.write_string(1, 0, lead, page.styles("lead"))
    heads = [words("recalculated"), words("ledger as written"), words("difference over the years"), words("verdict")]
    for scenario in scenarios:
        page.section(scenario.name)
        years = [words("ledger {year}", year=year) for year in scenario.index.years]
        page.subhead(words("Line"), [*heads, *years])
        first = page.row
        for item in audit(scenario):
            _row(page, item)
        block = f"{address(first, FIRST + 3)}:{address(page.row - 1, FIRST + 3)}"
        page.sheet.write_string(page.row, 0, words("lines that differ"), page.styles("check"))
        page.sheet.write_formula(page.row, FIRST, f'=COUNTIF({block},"<>OK")', page.styles("check"), 0)
        counts.append(Cell(0.0, 3, page.name, page.row, FIRST))
        page.row += 1
        page.subhead(words("Checks of the plan: OK, or the years in which they fail"), [words("verdict")])
        for verdict in scenario.checks:
            page.sheet.write_string(page.row, 0, verdict.told, page.styles("label"))
            formula = f"={verdict.cell.text(page.name)}"
            page.sheet.write_formula(page.row, FIRST, formula, page.styles("check"), verdict.text)
            page.row += 1
    page.sheet.set_column(0, 0, 58)
    page.sheet.set_column(1, 2, 12)
    page.sheet.set_column(FIRST, FIRST + 3 + max(scenario.years for scenario in scenarios), 14)
    page.sheet.freeze_panes(2, 1)
    printed(page.sheet, 1, words)
    return counts


def _row(page: Page, item: Comparison) -> None:
    """Writes a line of the workbook and the ledger's, and whether they agree to a euro a year (a watt, a kWh)."""
    start, count = FIRST + 4, len(item.ledger)
    shown = "#,##0.000"
    page.describe(item.label, item.unit, "check")
    ledger = [Cell(value, 3, page.name, page.row, start + number) for number, value in enumerate(item.ledger)]
    for cell in ledger:
        page.sheet.write_number(page.row, cell.column, cell.value, page.styles("held", shown))
    own = [cell for cell in item.line if isinstance(cell, Cell)]
    terms = [own[-1], ledger[-1]] if item.is_stock else [total(own), total(ledger)]
    gap = differences(own, ledger)
    for column, term in enumerate([*terms, gap]):
        write(page.sheet, page.name, page.row, FIRST + column, term, page.styles("formula", shown))
    place = address(page.row, FIRST + 2)
    words = page.words
    differs = words("differs")
    verdict = f'=IF({place}<={count}*{ONE_EURO_MEUR:.6f},"OK","{differs}")'
    page.sheet.write_formula(page.row, FIRST + 3, verdict, page.styles("check"), "OK")
    page.row += 1
