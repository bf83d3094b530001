"""First sheet: scenarios side by side from live cells, what kinds of cells there are, and where things stand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from leam_opt.case.index import CLASSES, POOLS
from leam_opt.ledger.measures import measures
from leam_opt.ledger.physical import DAYS_PER_YEAR, PUBLIC
from leam_opt.report.pack.content import Pack
from leam_opt.report.pack.labels import scenario_title
from leam_opt.report.pack.summary import summary
from leam_opt.report.pack.workbook_page import KINDS, Kind, Styles, number_format, printed, unit_text, write
from leam_opt.report.pack.workbook_scenario import Scenario
from leam_opt.report.pack.workbook_terms import Cell, Term, ratio, total
from leam_opt.words import N_, Words

DAYS = int(DAYS_PER_YEAR)
_HEAD = 5

_HELD = (
    ("npv_deficit_meur", N_("present value of the deficit"), "MEUR"),
    ("npv_public_money_meur", N_("present value of public money"), "MEUR"),
    ("viability_gap_npv_meur", N_("viability gap, present value"), "MEUR"),
    ("investor_irr_share", N_("return of a private owner of the whole (IRR)"), "share"),
    ("shareholder_irr_share", N_("return of the plan's investors (IRR)"), "share"),
    ("dscr_min", N_("least debt service cover (DSCR)"), "x"),
    ("llcr", N_("loan life cover (LLCR)"), "x"),
)
"""Measures that are written as the plan has them."""


class _Sums:
    """Sums of the lines of a scenario over all years."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario

    def whole(self, word: str, *position: int) -> Term:
        """The total of a line."""
        return self.scenario.get(word, *position).total

    def compute(self, *classes: int) -> Term:
        """Compute of classes of users over all pools."""
        return total(self.whole("compute", k, c) for k in range(len(POOLS)) for c in classes)

    def gross(self) -> Term:
        """Capital expenditure, operating cost, financing cost and tax."""
        return total(self.whole(f"sum_{name}") for name in ("capex", "opex", "financing", "tax"))


_ROWS: tuple[tuple[str, str, Callable[[_Sums], Term]], ...] = (
    (N_("unfunded gap"), "MEUR", lambda s: s.whole("gap_total")),
    (N_("deficit"), "MEUR", lambda s: s.whole("deficit")),
    (N_("public money"), "MEUR", lambda s: s.whole("public_money")),
    (N_("private money"), "MEUR", lambda s: s.whole("private_money")),
    (
        N_("public share of the funding"),
        "share",
        lambda s: ratio(s.whole("public_money"), s.whole("public_money") + s.whole("private_money")),
    ),
    (N_("capital expenditure"), "MEUR", lambda s: s.whole("sum_capex")),
    (N_("operating cost"), "MEUR", lambda s: s.whole("sum_opex")),
    (N_("financing cost"), "MEUR", lambda s: s.whole("sum_financing")),
    (N_("corporate tax"), "MEUR", lambda s: s.whole("sum_tax")),
    (N_("gross cost"), "MEUR", lambda s: s.gross()),
    (N_("revenue"), "MEUR", lambda s: s.whole("sum_revenue")),
    (N_("public compute"), "MGPUh", lambda s: s.compute(PUBLIC)),
    (N_("compute, all users"), "MGPUh", lambda s: s.compute(*range(len(CLASSES)))),
    (N_("deficit per public GPU-hour"), "EUR/GPUh", lambda s: ratio(s.whole("deficit"), s.compute(PUBLIC))),
    (N_("core models"), "model", lambda s: total(line.total for _, line in s.scenario.all("models"))),
    (N_("electricity bought"), "GWh", lambda s: s.whole("all_energy")),
    (N_("CO2 of the electricity"), "kt", lambda s: s.whole("co2")),
)


def key_figures(scenario: Scenario) -> list[tuple[str, str, Term]]:
    """Label (English), unit and live term of each key figure."""
    sums = _Sums(scenario)
    return [(told, unit, of(sums)) for told, unit, of in _ROWS]


def summary_sheet(
    sheet: Any,
    name: str,
    styles: Styles,
    pack: Pack,
    scenarios: Sequence[Scenario],
    counts: Sequence[Cell],
    contents: Sequence[tuple[str, str]],
    words: Words,
) -> None:
    """Writes the first sheet.

    Args:
        sheet: the sheet of XlsxWriter.
        name: its name.
        styles: formats of the workbook.
        pack: what is reported.
        scenarios: the scenarios, best first, all sheets written.
        counts: cells with the number of differences from the ledger, by scenario.
        contents: name and title of every sheet.
        words: language.
    """
    sheet.write_string(0, 0, pack.case.title, styles("title"))
    years = f"{pack.case.years[0]} – {pack.case.years[-1]}"
    made = words.date(pack.made.date())
    sheet.write_string(1, 0, words("{years}; plans of {date}", years=years, date=made), styles("lead"))
    lead = words(
        "Figures of the case are inputs on the sheet of assumptions; the plan's decisions are held; everything between "
        "is formulas. Best scenario first."
    )
    sheet.write_string(2, 0, lead, styles("lead"))
    for column, head in enumerate([words("Figure"), words("Unit"), words("Kind of cell")]):
        sheet.write_string(_HEAD, column, head, styles("head"))
    for number, scenario in enumerate(scenarios):
        title = scenario_title(pack.case, scenario.name, words)
        sheet.write_string(_HEAD, 3 + number, f"{scenario.name}\n{title}", styles("head"))
    row = _live(sheet, name, styles, scenarios, words)
    row = _held(sheet, styles, pack, scenarios, row, words)
    row = _verdicts(sheet, name, styles, scenarios, counts, row, words)
    row = _sentences(sheet, styles, summary(pack, words), row + 1, words)
    row = _legend(sheet, styles, row + 1, words)
    _contents(sheet, styles, contents, row + 1, words)
    sheet.set_row(_HEAD, 48)
    sheet.set_column(0, 0, 58)
    sheet.set_column(1, 2, 16)
    sheet.set_column(3, 2 + len(scenarios), 26)
    sheet.freeze_panes(_HEAD + 1, 1)
    printed(sheet, _HEAD, words)


def _begin(sheet: Any, styles: Styles, row: int, told: str, unit: str, kind: Kind, words: Words) -> None:
    sheet.write_string(row, 0, told, styles("label"))
    sheet.write_string(row, 1, unit_text(unit, words), styles("unit"))
    sheet.write_string(row, 2, words(KINDS[kind]), styles("unit"))


def _live(sheet: Any, name: str, styles: Styles, scenarios: Sequence[Scenario], words: Words) -> int:
    found = [key_figures(scenario) for scenario in scenarios]
    row = _HEAD + 1
    for number, (told, unit, _) in enumerate(found[0]):
        _begin(sheet, styles, row, words(told), unit, "formula", words)
        for column, figures in enumerate(found):
            item = figures[number][2]
            shown = "#,##0.0" if unit == "MEUR" else number_format(unit)
            write(sheet, name, row, 3 + column, item, styles("formula", shown))
        row += 1
    return row


def _held(sheet: Any, styles: Styles, pack: Pack, scenarios: Sequence[Scenario], row: int, words: Words) -> int:
    """Measures that need a search or a series of their own; they stay as the plan has them."""
    found = [measures(scenario.books, scenario.case) for scenario in scenarios]
    for key, told, unit in _HELD:
        _begin(sheet, styles, row, words(told), unit, "held", words)
        for column, figures in enumerate(found):
            value = figures[key]
            if value is None:
                sheet.write_string(row, 3 + column, "–", styles("held"))
            else:
                sheet.write_number(row, 3 + column, value, styles("held", "0.0%" if unit == "share" else "#,##0.00"))
        row += 1
    return row


def _verdicts(
    sheet: Any,
    name: str,
    styles: Styles,
    scenarios: Sequence[Scenario],
    counts: Sequence[Cell],
    row: int,
    words: Words,
) -> int:
    """How many lines differ from the ledger as written, and how many checks of the plan fail."""
    _begin(sheet, styles, row, words("lines that differ from the ledger as written"), "", "check", words)
    for column, cell in enumerate(counts):
        write(sheet, name, row, 3 + column, cell, styles("check", "0"))
    row += 1
    _begin(sheet, styles, row, words("checks of the plan that fail"), "", "check", words)
    for column, scenario in enumerate(scenarios):
        tests = [f'IF({check.cell.text(name)}="OK",0,1)' for check in scenario.checks]
        failing = sum(not check.holds for check in scenario.checks)
        sheet.write_formula(row, 3 + column, f"={'+'.join(tests) or '0'}", styles("check", "0"), failing)
    return row + 1


def _sentences(sheet: Any, styles: Styles, sentences: Sequence[str], row: int, words: Words) -> int:
    """What the plans show, as they were made; the sentences do not follow changed figures."""
    sheet.write_string(row, 0, words("The answer, as planned (held)"), styles("section"))
    for sentence in sentences:
        row += 1
        sheet.write_string(row, 0, sentence, styles("plain"))
    return row + 1


def _legend(sheet: Any, styles: Styles, row: int, words: Words) -> int:
    sheet.write_string(row, 0, words("Kinds of cells"), styles("section"))
    meaning: dict[Kind, str] = {
        "input": words("a figure of the case, on the sheet of assumptions; change it here and everything follows"),
        "decision": words("what the plan decides; a new solve changes it"),
        "formula": words("follows from inputs and decisions"),
        "held": words("as the plan has it; does not follow"),
        "check": words("OK, or what no longer fits"),
    }
    for kind, text in meaning.items():
        row += 1
        sheet.write_string(row, 0, words(KINDS[kind]), styles(kind))
        sheet.write_string(row, 1, text, styles("plain"))
    return row + 1


def _contents(sheet: Any, styles: Styles, contents: Sequence[tuple[str, str]], row: int, words: Words) -> None:
    sheet.write_string(row, 0, words("Sheets"), styles("section"))
    for name, title in contents:
        row += 1
        place = name.replace("'", "''")
        sheet.write_url(row, 0, f"internal:'{place}'!A1", styles("link"), name)
        sheet.write_string(row, 1, title, styles("plain"))
