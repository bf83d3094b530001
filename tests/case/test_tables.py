"""CSV tables: what they say, in which dialects, and what their mistakes are called."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leam_opt.case.csv_source import nest, parse_csv
from leam_opt.case.tree import UnreadableError

if TYPE_CHECKING:
    from tests.case.small import Folder

CSV = "data/demand.csv"


def _read(text: str, *key: str, **where: str) -> object:
    sheet, problems = parse_csv(text, "t.csv")
    assert not problems, problems
    node, problems, _ = nest(sheet, list(key), where, "x")
    assert not problems, problems
    return node.data()


def _problems(text: str, *key: str) -> list[str]:
    sheet, problems = parse_csv(text, "t.csv")
    if not problems:
        _, problems, _ = nest(sheet, list(key), {}, "x")
    return [str(problem) for problem in problems]


def test_the_tables_of_the_small_case(folder: Folder) -> None:
    """Breaks when rows go to the wrong figure or year, or the column `unit` is not converted (Mtoken to Gtoken)."""
    level = folder.load().adoption["low"]
    assert {year: figure.base for year, figure in level.core.entries.items()} == {2025: 2, 2026: 3}
    assert {year: figure.base for year, figure in level.inference.entries.items()} == {2025: 2, 2027: 4}
    assert (level.tuning.at_year(2027).low, level.tuning.at_year(2027).high) == (0.5, 1.5)
    assert level.core.at_year(2025).source == "made up"


def test_columns_become_nested_keys_and_an_empty_cell_is_no_key() -> None:
    """Breaks when the order of the key columns is lost, or an empty cell becomes an empty text."""
    text = "level,year,low,high,note\nhigh,2025,1,2,\nhigh,2026,,3,seen\n"
    assert _read(text, "level", "year") == {
        "high": {"2025": {"low": "1", "high": "2"}, "2026": {"high": "3", "note": "seen"}}
    }
    assert _read(text, "year", "level")["2025"] == {"high": {"low": "1", "high": "2"}}  # type: ignore[index]


def test_a_single_column_value_is_the_figure_itself() -> None:
    """Breaks when the leaf stays a mapping with the one key `value`."""
    assert _read("year,value\n2025,1.5\n2026,2 MW\n", "year") == {"2025": "1.5", "2026": "2 MW"}


def test_where_takes_some_rows_and_drops_its_column() -> None:
    """Breaks when the filter column stays in the leaf, or other rows come along."""
    assert _read("type,year,base\na,2025,1\nb,2025,2\n", "year", type="b") == {"2025": {"base": "2"}}


@pytest.mark.parametrize(
    "text",
    [
        "year;base;note\n2025;1.5;x\n",
        "year\tbase\tnote\n2025\t1.5\tx\n",
        "sep=;\r\nyear;base;note\r\n2025;1.5;x\r\n",
        '"year","base","note"\r\n"2025","1.5","x"\r\n',
        "year, base , note\n 2025 ,1.5, x\n\n",
        "year;base;note\n2025;1,5;x",
        'year,base,note\r2025,"1.5",x\r',
    ],
)
def test_dialects_of_spreadsheets(text: str) -> None:
    """Breaks when a separator, a line end, Excel's first line or German decimals are not understood."""
    assert _read(text, "year") == {"2025": {"base": "1.5", "note": "x"}}


def test_quoted_cells_hold_separators_quotes_and_lines() -> None:
    """Breaks when a quoted cell ends early; the line numbers after a cell of two lines must still be right."""
    sheet, _ = parse_csv('year,note\n2025,"a ""b"", c\nd"\n2026,e\n', "t.csv")
    assert [cell.text for cell in sheet.rows[0]] == ["2025", 'a "b", c\nd']
    assert [cell.mark[1:] for cell in sheet.rows[1]] == [(4, 1), (4, 6)]


@pytest.mark.parametrize(
    ("cell", "read"),
    [("1,5", "1.5"), ("1.234,5", "1234.5"), ("12.500", "12500"), ("-3,25 M€", "-3.25 M€"), ("7", "7"), ("1.2 %", None)],
)
def test_german_decimals(cell: str, read: str | None) -> None:
    """Breaks when `1.234,5` is read as 1.2345 or `12.500` as 12.5, or a point in a table of commas passes."""
    text = f"year;low;high\n2025;0,5;{cell}\n"
    if read is None:
        assert "use one" in _problems(text, "year")[0]
    else:
        assert _read(text, "year") == {"2025": {"low": "0.5", "high": read}}


def test_a_number_of_two_meanings_is_refused() -> None:
    """Breaks when a table with semicolons and no comma decides alone whether `12.500` is 12.5 or 12500."""
    assert _problems("year;base\n2025;12.500\n", "year") == [
        "t.csv:2:6: column 'base': '12.500' can be read in two ways; write 12500 or 12.5000"
    ]
    assert "write 1234567" in _problems("year;base\n2025;1.234.567\n", "year")[0]
    assert _read("year;base\n2025;0.125\n", "year") == {"2025": {"base": "0.125"}}


@pytest.mark.parametrize("cell", ['"1,5"', '"1.234,5"', '"1,500"'])
def test_a_decimal_comma_in_a_table_of_commas_is_an_error(folder: Folder, cell: str) -> None:
    """Breaks when a number with a comma is cut or misread."""
    folder.edit("core,2025,1,2,3", f"core,2025,1,2,{cell}", CSV)
    assert f"column 'high': '{cell[1:-1]}' is not a plain number; write a decimal point" in folder.problem()
    assert folder.problem().startswith(folder.where(cell, CSV))


SPOILED = {
    "missing key column": ("service,year,low", "service,jahr,low", "service", ["the column 'year' is missing"]),
    "missing filter column": ("service,year,low", "area,year,low", "area", ["the column 'service' is missing"]),
    "missing needed column": ("low,base,high", "lo,ba,hi", None, ["did you mean 'low'"]),
    "empty file": (None, "", None, [":1:1: adoption.low.core: the table is empty"]),
    "header only": (None, "service,year,base\n", None, ["the table has a header, but no rows"]),
    "no figures": (None, "service,year\ncore,2025\n", "service", ["no column is left for the figures"]),
    "text in a number": ("core,2026,2,3", "core,2026,2,many", "many", ["core.2026.base: column 'base': 'many' is not"]),
    "negative": ("core,2026,2,3", "core,2026,-2,3", "-2", ["column 'low': -2 MGPUh/a is too small"]),
    "not a number": ("core,2026,2,3", "core,2026,nan,3", "nan", ["column 'low': 'nan' is not a number"]),
    "infinite": ("core,2026,2,3", "core,2026,2,1e999", "1e999", ["column 'base': '1e999' is not a finite number"]),
    "wrong unit": ("Gtoken/d", "MW", "MW", ["column 'unit': the unit 'MW' does not fit; this figure is in Gtoken/d"]),
    "years out of order": (
        "core,2025,1,2,3,,made up\ncore,2026,2,3,4,,made up",
        "core,2026,2,3,4,,made up\ncore,2025,1,2,3,,made up",
        "2025,1,2,3",
        ["adoption.low.core.2025: years out of order: 2025 stands after 2026"],
    ),
    "not a year": ("core,2026", "core,26", "26,2", ["'26' is not a calendar year"]),
    "range out of order": ("core,2026,2,3,4", "core,2026,4,3,2", "3,2,", ["must be in order low <= base <= high"]),
    "duplicate key": ("core,2026", "core,2025", None, [":3:6: adoption.low.core: the key 2025 stands twice", "line 2"]),
    "empty key": ("core,2026", "core,", ",2,3,4", ["column 'year': the key is empty"]),
    "cell too many": ("core,2026,2,3,4", "core,2026,2,3,4,5", "core,2026", ["8 cells, but the header has 7 columns"]),
    "cell too few": ("core,2026,2,3,4", "core,2026,2,3", "core,2026", ["6 cells, but the header has 7 columns"]),
    "column twice": ("low,base,high", "low,base,low", "low,unit", ["the column 'low' stands twice"]),
    "column without a name": ("low,base,high", "low,,high", ",high", ["a column without a name"]),
    "open quote": ("Mtoken/d", '"Mtoken/d', '"Mtoken/d', ["a quote is not closed"]),
    "row of no reference": ("core,2026", "cor,2026", "cor,2026", ["no reference in case.yaml takes the row cor, 2026"]),
}


@pytest.mark.parametrize("name", SPOILED)
def test_a_spoiled_table_names_place_and_remedy(folder: Folder, name: str) -> None:
    """Breaks when a mistake in a table loses its place in the CSV file, or passes."""
    old, new, place, said = SPOILED[name]
    if old is None:
        folder.write(CSV, new)
    else:
        folder.edit(old, new, CSV)
    fitting = [problem for problem in folder.problems() if all(part in problem for part in said)]
    assert fitting, folder.problems()
    if place is not None:
        line, column = folder.where(place, CSV).rsplit(":", 2)[1:]
        assert fitting[0].startswith(f"{folder.path / CSV}:{line}:"), fitting
        # A separator before an empty cell is the end of the one before.
        assert name in ("empty key", "column without a name") or f":{line}:{column}: " in fitting[0]


def test_a_wrong_column_is_told_once_at_the_header(folder: Folder) -> None:
    """Breaks when each of the rows repeats that a column is missing or misspelt."""
    folder.edit("low,base,high", "low,mean,high", CSV)
    problems = folder.problems()
    assert len(problems) == 3, problems  # one for each of the three references
    header = folder.where("mean", CSV)
    assert all(p.startswith(f"{header}: ") and "unknown column 'mean'; known are" in p for p in problems)


def test_missing_figures_are_told_once_at_the_header(folder: Folder) -> None:
    """Breaks when a table without `base` names its rows and not its header."""
    folder.write(CSV, "service,year,high\ncore,2025,1\ncore,2026,2\ntuning,2025,1\ninference,2025,1\n")
    problems = folder.problems()
    assert len(problems) == 3
    assert all(
        f"{folder.path / CSV}:1:1: " in p and "a column 'base', or 'low' and 'high', is missing" in p for p in problems
    )


def test_a_section_from_a_table_with_a_missing_column(folder: Folder) -> None:
    """Breaks when a section's missing column is told for each row, or not with its meaning and unit."""
    folder.edit(
        "energy_sources:\n  green: {title: Green power, price: 22 ct/kWh, renewable_share: 1, co2: 0}",
        "energy_sources: {csv: data/energy.csv, key: name}",
    )
    folder.write("data/energy.csv", "name,title,price,renewable_share\na,A,22 ct/kWh,1\nb,B,0.2,0\n")
    assert folder.problem() == (
        f"{folder.path / 'data/energy.csv'}:1:1: energy_sources: the column 'co2' (CO2 of one MWh (1 kg/MWh = 1 g/kWh);"
        " in kg/MWh) is missing; the columns are name, title, price, renewable_share"
    )
    folder.write("data/energy.csv", "name,title,price,renewable_share,co2\na,A,22 ct/kWh,1,0\nb,B,0.2,0,\n")
    assert "data/energy.csv:3:1: energy_sources.b: the cell of the column 'co2'" in folder.problem()
    folder.write("data/energy.csv", "name,title,price,renewable_share,co2\na,A,22 ct/kWh,1,0\nb,B,0.2,0,363\n")
    assert folder.load().energy_sources["b"].co2.base == 363


def test_encodings_of_a_table(folder: Folder) -> None:
    """Breaks when a byte order mark becomes part of the first column's name, or Latin-1 text is misread."""
    text = (folder.path / CSV).read_bytes()
    folder.write(CSV, b"\xef\xbb\xbf" + text)
    assert folder.load().adoption["low"].core.at_year(2025).base == 2
    folder.write(CSV, text.replace(b"made up", "geschätzt".encode("latin-1"), 1))
    told = f"{folder.path / CSV}:2:23: adoption.low.core: not UTF-8 text; save the file with the encoding UTF-8"
    assert folder.problem() == told


@given(st.text(alphabet='ab1,;\t"\r\n .', max_size=60))
def test_no_text_breaks_the_reader(text: str) -> None:
    """Breaks when some text raises anything but the reader's own error, or a cell loses its line."""
    try:
        sheet, problems = parse_csv(text, "t.csv")
    except UnreadableError:
        return
    lines = text.count("\n") + text.count("\r") + 1
    assert all(1 <= cell.mark.line <= lines for row in [sheet.header, *sheet.rows] for cell in row)
    if not problems:
        assert {len(row) for row in sheet.rows} == {len(sheet.header)}


@given(st.lists(st.lists(st.text(alphabet='xy,;" \n', max_size=5), min_size=3, max_size=3), min_size=1, max_size=4))
def test_what_a_writer_quotes_the_reader_reads(rows: list[list[str]]) -> None:
    """Breaks when quoting is not undone exactly; cells are compared without the spaces around them."""
    quoted = [",".join('"' + cell.replace('"', '""') + '"' for cell in row) for row in rows]
    sheet, _ = parse_csv("a,b,c\n" + "\n".join(quoted) + "\n", "t.csv")
    assert [[cell.text for cell in row] for row in sheet.rows] == [[cell.strip() for cell in row] for row in rows]
