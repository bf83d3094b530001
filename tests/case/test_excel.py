"""Figures read back from Excel: of the workbook in either language, of plain tables, and what is wrong with them."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pytest
import xlsxwriter

import leam_opt as lo
from leam_opt.case import excel_source
from leam_opt.case.derive import derive
from leam_opt.case.excel import new_case_from_excel, read_inputs
from leam_opt.case.register import entries
from leam_opt.case.schema import Case
from leam_opt.errors import CaseError
from leam_opt.report.pack.workbook import write_register
from leam_opt.words import Language, Words

PRICE = "energy_sources.green-tariff.price"
PLAIN = ("path", "low", "base", "high", "unit", "source", "note")


@pytest.fixture(scope="module")
def leam() -> Case:
    return lo.load_case("leam-2022")


@pytest.fixture(scope="module")
def form(leam: Case, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_register(leam, Words("en"), tmp_path_factory.mktemp("form") / "form.xlsx")


def figures(case: Case) -> dict[tuple[str, str], tuple[float, float, float]]:
    """Every figure of a case and of its scenarios."""
    return {
        (name, entry.path): (entry.low, entry.base, entry.high)
        for name in ("base", *case.scenario_names)
        for entry in entries(case.scenario(name))
    }


def edited(file: Path, cells: dict[str, Any], name: str = "case.xlsx", sheet: int = 0) -> Path:
    """A copy of a workbook with other cells."""
    book = openpyxl.load_workbook(file)
    for cell, value in cells.items():
        book.worksheets[sheet][cell] = value
    book.save(file.with_name(name))
    return file.with_name(name)


def rows_of(file: Path) -> dict[tuple[str, str], int]:
    """Row of each path and scenario in the register."""
    sheet = openpyxl.load_workbook(file).worksheets[0]
    return {(row[0].value, row[6].value or ""): row[0].row for row in sheet.iter_rows(min_row=5)}


def table(folder: Path, rows: Iterable[Iterable[Any]], head: Iterable[str] = PLAIN, name: str = "table.xlsx") -> Path:
    """A plain table."""
    book = xlsxwriter.Workbook(str(folder / name))
    sheet = book.add_worksheet("Inputs")
    for number, row in enumerate([head, *rows]):
        for column, value in enumerate(row):
            if value is not None:
                sheet.write(number, column, value)
    book.close()
    return folder / name


@pytest.mark.parametrize(
    ("name", "language"),
    [("leam-2022", "en"), ("leam-two-stage", "de")],
)
def test_an_untouched_workbook_changes_nothing(name: str, language: Language, tmp_path: Path) -> None:
    """Every figure of shipped cases comes back as it was, in both languages."""
    case = lo.load_case(name)
    found = read_inputs(write_register(case, Words(language), tmp_path / "form.xlsx"))
    assert found.case == case
    assert found.rows == [] and found.notes == []


def test_an_untouched_workbook_makes_the_same_case(leam: Case, form: Path, tmp_path: Path) -> None:
    """Figures, hash of the inputs and the derived table are those of the case that it was made of."""
    made = lo.load_case(new_case_from_excel(form, tmp_path / "again"))
    assert figures(made) == figures(leam)
    assert made.input_hash == leam.input_hash and made.name == "again"
    ours, theirs = derive(made).values, derive(leam).values
    assert ours.keys() == theirs.keys()
    assert all(np.array_equal(ours[key], theirs[key], equal_nan=True) for key in ours)


def test_changed_cells_arrive_with_their_source(leam: Case, form: Path, tmp_path: Path) -> None:
    """A figure in the file, one in a table, one of a list, a default, a whole number, one of a scenario; no other."""
    at = rows_of(form)
    h100 = "server_types.h100.unit_price.2023"
    steps = "pools.tuning.staff_steps.1.people"
    fixed = "sites.existing-building.fixed_cost"
    cap = "funding.instruments.federal-grant.cap_per_year.2024"
    reserve = ("funding.cash_reserve_research", "private")
    wanted = {
        ("base", PRICE): (0.19, 0.245, 0.25),
        ("base", h100): (13.5, 21.0, 22.6),
        ("base", steps): (9, 9, 9),
        ("base", fixed): (0.5, 0.5, 0.5),
        ("base", cap): (50, 70, 100),
        ("base", "mission.models_per_year_min"): (2, 2, 2),
        ("private", reserve[0]): (0.1, 0.1, 0.1),
    }
    cells: dict[str, Any] = {f"B{at[path, '']}": values[1] for (name, path), values in wanted.items() if name == "base"}
    cells |= {f"B{at[reserve]}": 0.1, f"H{at[PRICE, '']}": "offer of June", f"I{at[PRICE, '']}": "three years"}
    file = edited(form, cells)
    made = lo.load_case(new_case_from_excel(file, tmp_path / "mine"))
    expected = figures(leam)
    for (name, path), values in wanted.items():
        for scenario in (name,) if name != "base" else ("base", *leam.scenario_names):
            expected[scenario, path] = values
    found = figures(made)
    assert found == expected
    register = {entry.path: entry for entry in entries(made)}
    assert (register[PRICE].source, register[PRICE].note) == ("offer of June", "three years")
    assert str(register[fixed].source).startswith("case.xlsx (was 0 MEUR/a")
    text = (tmp_path / "mine" / "case.yaml").read_text()
    assert "# The KI-Hochleistungszentrum" in text and "csv: data/demand.csv" in text


def test_units_are_converted(tmp_path: Path) -> None:
    """A plain table in units of its own: cents, percent; the mean where only the ends stand."""
    file = table(
        tmp_path,
        [
            (PRICE, 20, 24, 28, "ct/kWh", "offer", "fixed"),
            ("compute.goodput", 80, None, 90, "%"),
            ("prices.cluster_hour", None, 9000),
        ],
    )
    found = read_inputs(file)
    assert found.case.name == "leam-2022"
    assert found.overrides == {
        PRICE: {"low": 0.2, "base": 0.24, "high": 0.28, "unit": "EUR/kWh", "source": "offer", "note": "fixed"},
        "compute.goodput": {"low": 0.8, "base": pytest.approx(0.85), "high": 0.9, "unit": "share"},
        "prices.cluster_hour": {"low": 9000, "base": 9000, "high": 9000, "unit": "EUR/h"},
    }
    case = found.case.override(found.overrides)
    assert case.compute.goodput.base == pytest.approx(0.85)


@pytest.mark.parametrize(
    ("row", "cell", "says"),
    [
        (("energy_sources.green.price", None, 0.2), "A2", "did you mean"),
        (("title", None, 1), "A2", "text, and not a figure"),
        (("", None, 1), "A2", "the path is empty"),
        ((PRICE, None, "cheap"), "C2", "expected a number (EUR/kWh), got 'cheap'"),
        ((PRICE, None, True), "C2", "expected a number"),
        ((PRICE, "0.1", 0.2), "B2", "expected a number"),
        ((PRICE, None, 0.2, None, "kW"), "E2", "does not fit"),
        ((PRICE, None, 0.2, None, "bananas"), "E2", "unknown unit"),
        ((PRICE, 0.3, 0.2), "C2", "low <= base <= high"),
        ((PRICE, None, -1), "C2", "too small"),
        ((PRICE,), "C2", "no number"),
        (("mission.models_per_year_min", None, 2.5), "C2", "whole number"),
        (("compute.goodput", None, 1.2), "C2", "too large"),
    ],
)
def test_a_wrong_row_is_named_by_its_cell(
    leam: Case, row: tuple[Any, ...], cell: str, says: str, tmp_path: Path
) -> None:
    """Every problem names file, sheet and cell, and what would be right."""
    with pytest.raises(CaseError) as error:
        read_inputs(table(tmp_path, [row]), leam)
    assert len(error.value.problems) == 1
    assert error.value.problems[0].startswith(f"table.xlsx, Inputs!{cell}: ")
    assert says in error.value.problems[0]


def test_all_problems_are_told_at_once(leam: Case, tmp_path: Path) -> None:
    """Two wrong rows and a duplicate are three problems."""
    rows = [(PRICE, None, 0.2), ("nothing.here", None, 1), (PRICE, None, 0.3), ("prices.tokens", None, "x")]
    with pytest.raises(CaseError) as error:
        read_inputs(table(tmp_path, rows), leam)
    assert [problem.split(":")[0] for problem in error.value.problems] == [
        "table.xlsx, Inputs!A3",
        "table.xlsx, Inputs!A4",
        "table.xlsx, Inputs!C5",
    ]
    assert "stands twice; it stands at table.xlsx, Inputs!A2" in error.value.problems[1]


def test_figures_that_do_not_go_together_are_refused(leam: Case, form: Path, tmp_path: Path) -> None:
    """A valid cell can make an invalid case; nothing is written then."""
    at = rows_of(form)
    file = edited(form, {f"B{at['mission.models_per_year_max', '']}": 1})
    with pytest.raises(CaseError, match="models_per_year"):
        new_case_from_excel(file, tmp_path / "bad")
    assert not (tmp_path / "bad").exists()
    assert [entry.name for entry in tmp_path.iterdir()] == []


def test_the_base_column_is_not_the_input(leam: Case, form: Path) -> None:
    """Who changes the column that shows the value as it was is told where to write."""
    row = rows_of(form)[PRICE, ""]
    with pytest.raises(CaseError, match=rf"case.xlsx, Assumptions!E{row}: .* Assumptions!B{row}"):
        read_inputs(edited(form, {f"E{row}": 0.3}), leam)


def test_formulas_are_not_evaluated(leam: Case, tmp_path: Path) -> None:
    """The saved value of a formula counts where it is a number, and is said; otherwise the cell is wrong."""

    def made(name: str, value: Any) -> Path:
        book = xlsxwriter.Workbook(str(tmp_path / name))
        sheet = book.add_worksheet("Inputs")
        sheet.write_row(0, 0, PLAIN)
        sheet.write_string(1, 0, "prices.tokens")
        sheet.write_formula(1, 2, "=0.001*7", None, value)
        book.close()
        return tmp_path / name

    found = read_inputs(made("number.xlsx", 0.005), leam)
    assert found.overrides["prices.tokens"]["base"] == 0.005
    said: list[str] = []
    new_case_from_excel(tmp_path / "number.xlsx", tmp_path / "new", tell=said.append)
    assert said == ["number.xlsx, Inputs!C2: a formula; its last value 0.005 is taken as the number"] == found.notes
    with pytest.raises(CaseError, match=r"text.xlsx, Inputs!C2: expected a number .* the formula gives '7'"):
        read_inputs(made("text.xlsx", "7"), leam)


def test_a_date_is_no_number(leam: Case, tmp_path: Path) -> None:
    """Excel turns some numbers into dates as they are typed."""
    file = table(tmp_path, [("prices.tokens", None, 1)])
    with pytest.raises(CaseError, match=r"Inputs!C2: expected a number .* format the cell as a number"):
        read_inputs(edited(file, {"C2": datetime(2026, 5, 1)}), leam)


def test_a_scenario_that_is_not_there(leam: Case, form: Path) -> None:
    """The column of scenarios is checked as well."""
    row = rows_of(form)["funding.cash_reserve_research", "private"]
    with pytest.raises(CaseError, match=rf"Assumptions!G{row}: unknown scenario 'privat'; did you mean 'private'"):
        read_inputs(edited(form, {f"G{row}": "privat"}), leam)


def test_the_case_that_the_workbook_names(form: Path, tmp_path: Path) -> None:
    """A workbook of a case that is not shipped asks for the folder of that case."""
    file = edited(form, {"B3": "elsewhere"})
    with pytest.raises(CaseError, match="no case 'elsewhere'"):
        new_case_from_excel(file, tmp_path / "new")
    assert lo.load_case(new_case_from_excel(file, tmp_path / "new", "leam-2022")).name == "new"


def test_what_concerns_several_figures_names_the_workbook(form: Path, tmp_path: Path) -> None:
    """A problem at a place in the copied files blames the workbook, and no command line that nobody typed."""
    file = edited(form, {f"B{rows_of(form)['reference_plan.core_share', '']}": 0.8})
    with pytest.raises(CaseError, match=r"the shares of the three pools .* \(with the figures of the workbook\)$"):
        new_case_from_excel(file, tmp_path / "new")


def test_a_folder_in_use_is_left_alone(form: Path, tmp_path: Path) -> None:
    """No file of another case is overwritten."""
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(CaseError, match="not empty"):
        new_case_from_excel(form, tmp_path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["notes.txt"]


def test_a_table_without_its_columns(tmp_path: Path) -> None:
    """The message names the columns that are needed and the sheets that there are."""
    with pytest.raises(CaseError, match=r"no sheet has a head with the columns path, low, base.*; sheets are Inputs"):
        read_inputs(table(tmp_path, [("a", 1)], head=("figure", "value")))
    with pytest.raises(CaseError, match="the table has no rows"):
        read_inputs(table(tmp_path, [], name="empty.xlsx"))


def test_files_that_are_no_workbooks(tmp_path: Path) -> None:
    """Missing, text under another name, a zip of something else, a workbook cut off."""
    (tmp_path / "text.xlsx").write_text("path,base\n")
    with zipfile.ZipFile(tmp_path / "other.xlsx", "w") as archive:
        archive.writestr("hello.txt", "x")
    whole = table(tmp_path, [(PRICE, None, 0.2)])
    (tmp_path / "cut.xlsx").write_bytes(whole.read_bytes()[:-300])
    for name in ("missing.xlsx", "text.xlsx", "other.xlsx", "cut.xlsx"):
        with pytest.raises(CaseError, match=rf"{name}: "):
            read_inputs(tmp_path / name)


def test_limits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bomb is not unpacked, a cell far out is not reached, entities are not expanded."""
    whole = table(tmp_path, [(PRICE, None, 0.2)])
    far = edited(whole, {"XFD1048576": 1}, "far.xlsx")
    with pytest.raises(CaseError, match="sheets are none that can be read"):
        read_inputs(far)
    bomb = tmp_path / "bomb.xlsx"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * 3_000_000)
    assert bomb.stat().st_size < 10_000
    monkeypatch.setattr(excel_source, "MAX_UNPACKED", 1_000_000)
    with pytest.raises(CaseError, match="unpacked it is larger than 1 MB"):
        read_inputs(bomb)
    monkeypatch.undo()
    entities = tmp_path / "entities.xlsx"
    with zipfile.ZipFile(whole) as source, zipfile.ZipFile(entities, "w") as archive:
        for name in source.namelist():
            data = source.read(name)
            if name == "xl/workbook.xml":
                data = data.replace(b"<workbook", b'<!DOCTYPE x [<!ENTITY a "a">]><workbook', 1)
            archive.writestr(name, data)
    with pytest.raises(CaseError, match="declares entities"):
        read_inputs(entities)
    monkeypatch.setattr(excel_source, "MAX_BYTES", 100)
    with pytest.raises(CaseError, match="larger than"):
        read_inputs(whole)
