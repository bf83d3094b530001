"""The workbook as a file: opened, changed and recalculated as its readers do it."""

from __future__ import annotations

import re
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import xlsxwriter
from python_calamine import CalamineWorkbook

import leam_opt as lo
from leam_opt.case.excel import read_inputs
from leam_opt.case.register import entries
from leam_opt.errors import AuditError
from leam_opt.ledger.books import Books
from leam_opt.ledger.reference import reference_decisions
from leam_opt.report.pack.content import Pack
from leam_opt.report.pack.sheet_checks import comparisons
from leam_opt.report.pack.workbook import OPTIONS, fill, sheet_name, write_register, write_workbook
from leam_opt.report.pack.workbook_scenario import Scenario
from leam_opt.report.pack.workbook_terms import Cell
from leam_opt.words import Words
from tests.ledger.rich import rich_case, rich_plan
from tests.report.pack.formulas import written
from tests.report.pack.office import recalculated
from tests.report.pack.test_workbook_formulas import CHANGED
from tests.report.pack.unsolved import FOUND, pack_of

ONE_EURO_MEUR = 1e-6
RICH_CHANGED = CHANGED | {
    "funding.instruments.mezz.rate_bands.1.rate": 0.12,
    "funding.instruments.mezz.construction_years": 0.75,
    "funding.guarantees.cover.fee": 0.02,
    "funding.guarantees.cover.rate_reduction": 0.01,
    "taxation.corporate_tax": 0.2,
    "taxation.vat_irrecoverable_research": 0.5,
}
PAPER_CHANGED = {
    "energy_sources.green-tariff.price": 0.245,
    "server_types.a100.unit_price.2023": 11.5,
    "sites.existing-building.pue": 1.3,
    "prices.tokens": 0.0075,
    "staff.salary": 171717,
    "upkeep.maintenance.share_per_year": 0.09,
    "compute.power_utilisation": 0.7,
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("workbooks")


@dataclass
class Made:
    """A workbook, and where its lines stand."""

    file: Path
    pack: Pack
    scenarios: list[Scenario]

    def changed(self, figures: dict[str, float], words: Words, name: str) -> Path:
        """The workbook with other values in the input cells, as somebody at a desk would leave it."""
        book = openpyxl.load_workbook(self.file)
        sheet = book[words("Assumptions")]
        rows = {(row[0].value, row[6].value or ""): row[1] for row in sheet.iter_rows(min_row=5)}
        for path, value in figures.items():
            rows[path, ""].value = value
        book.save(self.file.with_name(name))
        return self.file.with_name(name)


def rich() -> Pack:
    case = rich_case()
    return pack_of(case, {"base": (case, rich_plan(3))}, **FOUND)


def paper() -> Pack:
    """The paper's own plan under a financing that has a figure of its own."""
    case = lo.load_case("leam-2022")
    resolved = case.scenario("private")
    return pack_of(case, {"private": (resolved, reference_decisions(resolved))})


def make(pack: Pack, file: Path, words: Words) -> Made:
    book = xlsxwriter.Workbook(str(file), OPTIONS)
    scenarios = fill(book, pack, words)
    book.close()
    return Made(file, pack, scenarios)


def cells(file: Path) -> dict[str, list[list[Any]]]:
    book = CalamineWorkbook.from_path(file)
    return {name: book.get_sheet_by_name(name).to_python(skip_empty_area=False) for name in book.sheet_names}


def value_of(grids: dict[str, list[list[Any]]], cell: Any) -> Any:
    assert isinstance(cell, Cell)
    return grids[cell.sheet][cell.row][cell.column]


def assert_recalculated(made: Made, grids: dict[str, list[list[Any]]], figures: dict[str, float]) -> None:
    """Every line by year is the ledger's under the changed figures, to a euro."""
    for scenario in made.scenarios:
        case = scenario.case.override(figures) if figures else scenario.case
        expected = Books.of(case, scenario.plan)
        moved = Scenario(
            scenario.name, case, expected, scenario.figures, scenario.open_page, scenario.words, scenario.lines
        )
        compared = comparisons(moved)
        assert len(compared) > 25
        for item in compared:
            if item.line.is_empty:
                assert item.ledger == pytest.approx([0] * len(item.ledger), abs=ONE_EURO_MEUR)
                continue
            found = [value_of(grids, cell) for cell in item.line if isinstance(cell, Cell)]
            assert found == pytest.approx(item.ledger, abs=ONE_EURO_MEUR), f"{scenario.name}: {item.label}"


def test_libreoffice_recalculates_to_the_ledgers_figures(folder: Path) -> None:
    """Unchanged and changed workbooks of two cases in one run of LibreOffice, one of them in German.

    Each was saved by another programme first, which drops the cached values. Breaks where the text of a formula gives
    another number than its cached value, where a line is no formula but a number, or where the ledger gives another
    figure under the changed inputs: deficit, every line by year, cash.
    """
    english, german = Words("en"), Words("de")
    first, second = make(rich(), folder / "rich.xlsx", english), make(paper(), folder / "paper.xlsx", german)
    files = [
        first.changed({}, english, "rich-saved.xlsx"),
        first.changed(RICH_CHANGED, english, "rich-changed.xlsx"),
        second.changed(PAPER_CHANGED, german, "paper-changed.xlsx"),
    ]
    saved = recalculated(files, folder)
    unchanged, moved, other = (cells(file) for file in saved)
    assert_recalculated(first, unchanged, {})
    for name, rows in cells(first.file).items():
        for row, given in enumerate(rows):
            for column, value in enumerate(given):
                now = unchanged[name][row][column] if column < len(unchanged[name][row]) else ""
                assert now == (pytest.approx(value, abs=1e-6) if isinstance(value, float) else value), (name, row)
    assert_recalculated(first, moved, RICH_CHANGED)
    assert_recalculated(second, other, PAPER_CHANGED)
    assert {row[0]: row[3] for row in moved["Checks"]}["lines that differ"] > 20
    assert {row[11] for row in moved["Assumptions"][4:]} == {"", "changed"}
    assert {row[6] for row in other[german("Checks")]} >= {german("differs"), "OK"}
    assert {row.path for row in read_inputs(saved[2]).rows} == PAPER_CHANGED.keys()


def test_cash_below_zero_is_said(folder: Path) -> None:
    """Dear electricity in the paper's plan: the workbook names the years in which the money does not suffice."""
    case = lo.load_case("leam-2022").scenario("private").override({"energy_sources.green-tariff.price": 2})
    scenario = written(case, reference_decisions(lo.load_case("leam-2022").scenario("private"))).scenario
    failing = {check.told: check.text for check in scenario.checks if not check.holds}
    assert failing["cash is negative at the year's end: Service company"] == "2023 2024 2025 2026 2027"


@pytest.fixture(scope="module")
def rich_file(folder: Path) -> Path:
    return write_workbook(rich(), Words("en"), folder / "whole.xlsx")


def test_no_macro_no_link_no_hidden_sheet_no_volatile_function(rich_file: Path) -> None:
    """What makes a workbook unsafe or untrustworthy is not in it."""
    with zipfile.ZipFile(rich_file) as archive:
        names = archive.namelist()
        text = "".join(archive.read(name).decode() for name in names if name.endswith((".xml", ".rels")))
    assert not [name for name in names if "vba" in name.lower() or "externalLink" in name]
    assert "TargetMode" not in text and 'state="hidden"' not in text
    formulas = re.findall(r"<f>(.*?)</f>", text)
    assert len(formulas) > 500
    used = {name for formula in formulas for name in re.findall(r"([A-Z][A-Z.]+)\(", formula)}
    assert used <= {"SUM", "MAX", "IF", "ABS", "SUMPRODUCT", "TRIM", "COUNTIF"}


def test_text_of_strangers_stays_text(rich_file: Path) -> None:
    """Texts that begin like formulas or addresses are strings; breaks where one is written by a guessing `write`."""
    book = openpyxl.load_workbook(rich_file)
    found = {cell.value: cell.data_type for sheet in book for row in sheet.iter_rows() for cell in row if cell.value}
    for text in ("=cmd|' /C calc'!A0", "@SUM(1+1)", "+1", "-1", "https://example.org"):
        assert found[text] == "s"


def test_every_figure_is_a_named_input_cell(rich_file: Path) -> None:
    """Names lead to the cell of their figure; breaks where rows and names slip by one."""
    case = rich_case()
    book = openpyxl.load_workbook(rich_file)
    sheet = book["Assumptions"]
    figures = {entry.path: entry.base for entry in entries(case)}
    seen = set()
    for row in sheet.iter_rows(min_row=5):
        path, value, name = row[0].value, row[1].value, row[12].value
        # XlsxWriter keeps sixteen digits.
        assert value == pytest.approx(figures[path], rel=1e-15)
        assert book.defined_names[name].attr_text == f"'Assumptions'!$B${row[0].row}"
        seen.add(path)
    assert seen == figures.keys()
    assert "energy_sources_green_price" in book.defined_names


def test_inputs_are_marked_in_words(rich_file: Path) -> None:
    """Every line says what kind of cell it is: colour alone would not do."""
    book = openpyxl.load_workbook(rich_file)
    kinds = {row[2].value for row in book["Plan base"].iter_rows(min_row=5) if isinstance(row[3].value, int | float)}
    assert kinds == {"decision"}
    balance = [row for row in book["G Balance base"].iter_rows(min_row=5) if row[2].value == "formula"]
    assert len(balance) > 40
    assert all(str(row[3].value).startswith("=") or row[3].value == 0 for row in balance)
    effects = {row[0].value: row[10].value for row in book["Assumptions"].iter_rows(min_row=5)}
    assert effects["energy_sources.green.price"] == "recalculates here"
    assert effects["rules.pue_max"] == effects["start_year"] == "needs a new solve"


def test_a_figure_that_moves_nothing_says_so(rich_file: Path) -> None:
    """A figure is called live exactly where a formula names it; others would promise what does not happen."""
    book = openpyxl.load_workbook(rich_file)
    formulas = [c.value for sheet in book for row in sheet.iter_rows() for c in row if str(c.value).startswith("=")]
    named = {name for formula in formulas for name in re.findall(r"[a-z][a-z0-9_]+", formula)}
    effects = {row[12].value: row[10].value for row in book["Assumptions"].iter_rows(min_row=5)}
    live = {name for name, effect in effects.items() if effect == "recalculates here"}
    assert live == named & effects.keys() and len(live) > 60


def test_sheet_names_are_what_excel_takes() -> None:
    """At most 31 characters, no forbidden ones, never twice."""
    taken: set[str] = set()
    for scenario in ("a" * 40, "a" * 41, "ppp"):
        for name in ("Plan", "D-F Services", "x/y:[z]?*'"):
            made = sheet_name(name, scenario, taken)
            assert len(made) <= 31 and not re.search(r"[\[\]:*?/\\']", made) and made.lower() not in taken
            taken.add(made.lower())


def test_a_scenarios_own_figure_has_its_own_cell(tmp_path: Path) -> None:
    """The overlay of `private` sets the research company's cash reserve: two cells, two names, two scenarios."""
    book = openpyxl.load_workbook(write_register(lo.load_case("leam-2022"), Words("en"), tmp_path / "own.xlsx"))
    rows = [row for row in book["Assumptions"].iter_rows(min_row=5) if row[0].value == "funding.cash_reserve_research"]
    assert [(row[1].value, row[6].value, row[12].value) for row in rows] == [
        (1, None, "funding_cash_reserve_research"),
        (0, "private", "funding_cash_reserve_research__private"),
    ]


def test_overrides_are_in_force_and_marked(tmp_path: Path) -> None:
    """What was set on the command line is the value in force, and said to differ from the files of the case."""
    case = lo.load_case("leam-2022").override({"prices.tokens": 0.02}).at("high")
    book = openpyxl.load_workbook(write_register(case, Words("en"), tmp_path / "set.xlsx"))
    rows = {row[0].value: row for row in book["Assumptions"].iter_rows(min_row=5) if row[6].value is None}
    assert (rows["prices.tokens"][1].value, rows["prices.tokens"][9].value) == (0.02, "yes")
    assert (rows["compute.goodput"][1].value, rows["compute.goodput"][9].value) == (0.95, "yes")
    assert rows["prices.cluster_hour"][9].value is None


def test_a_wrong_workbook_is_not_written(tmp_path: Path) -> None:
    """Accounts that are not those of the decisions: no file appears."""
    case = rich_case()
    pack = pack_of(case, {"base": (case, rich_plan(1))})
    books = pack.best.accounts.books
    books.lines["servers"][0, 0] += 2e-6
    with pytest.raises(AuditError, match="Servers"):
        write_workbook(pack, Words("en"), tmp_path / "wrong.xlsx")
    assert not list(tmp_path.iterdir())


def test_the_register_alone(tmp_path: Path) -> None:
    """A form to fill in, of a case that nobody has solved."""
    case = rich_case()
    book = openpyxl.load_workbook(write_register(case, Words("de"), tmp_path / "form.xlsx"))
    assert book.sheetnames == [Words("de")("Assumptions")]
    assert book.worksheets[0].max_row == 4 + len(entries(case))
