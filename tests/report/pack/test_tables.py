"""Tables of a pack: all there, adding up to the ledger, the same in CSV and Parquet, titled in both languages."""

from __future__ import annotations

import ast
import csv
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from leam_opt.errors import CaseError
from leam_opt.report.pack.gather import gather
from leam_opt.report.pack.tables import CATALOGUE, tables, tidy, unit_of
from leam_opt.report.pack.write import RESULTS, TABLES, result_of, write_pack, write_tables
from leam_opt.words import Words, catalogue
from tests.report.pack.packs import small_pack
from tests.report.pack.shown import INSIGHTS

EURO = 1e-6


@pytest.fixture(scope="module")
def made() -> dict[str, pd.DataFrame]:
    return tables(small_pack())


def of(table: pd.DataFrame, scenario: str) -> pd.DataFrame:
    return table[table["scenario"] == scenario]


def test_every_table_with_content_is_there(made: dict[str, pd.DataFrame]) -> None:
    """Breaks when a part of a pack has no table; what the tiny case has not, is known by name."""
    without = {"value_for_money", "contingent_liabilities", "equity", "fund_losses", "reconciliation", "study_runs"}
    assert set(CATALOGUE) - set(made) == without
    assert list(made) == [name for name in CATALOGUE if name in made]
    assert all(len(table) for table in made.values())


def test_accounts_add_up_to_the_ledger(made: dict[str, pd.DataFrame]) -> None:
    """Breaks when a line is lost or counted twice in one of the tables, or scenarios are mixed up."""
    for name, plan in small_pack().plans.items():
        deficit = plan.deficit_meur
        accounts = of(made["accounts"], name)
        lines = [column for column in accounts if column.endswith("_meur") and column != "deficit_meur"]
        assert accounts["deficit_meur"].sum() == pytest.approx(deficit, abs=EURO)
        assert accounts[lines].to_numpy().sum() == pytest.approx(deficit, abs=EURO)
        assert of(made["lines"], name)["meur"].sum() == pytest.approx(deficit, abs=EURO)
        assert of(made["lines"], name)[["research_meur", "service_meur"]].to_numpy().sum() == pytest.approx(deficit)
        draws = of(made["funding"], name)["draw_meur"].sum()
        assert draws == pytest.approx(plan.public_money_meur + plan.accounts.totals["private_money_meur"], abs=EURO)
        shown = made["comparison"].set_index("figure")[name]
        assert shown["deficit_meur"] == deficit
        assert shown["public_money_meur"] == plan.public_money_meur
        assert of(made["scenarios"], name)["deficit_meur"].item() == deficit


def test_money_is_balanced(made: dict[str, pd.DataFrame]) -> None:
    """Breaks when sources and uses, cash, or balance sheets no longer close."""
    flows = made["sources_and_uses"].pivot_table(
        index=["scenario", "year"], columns="side", values="meur", aggfunc="sum"
    )
    assert flows["source"].to_numpy() == pytest.approx(flows["use"].to_numpy(), abs=EURO)
    cash = made["cash"]
    moved = cash.drop(columns=["scenario", "company", "year", "debt_service_meur", "closing_meur"]).sum(axis=1)
    assert moved.to_numpy() == pytest.approx(cash["closing_meur"].to_numpy(), abs=EURO)
    sheet = made["balance_sheet"]
    assets = sheet[["fixed_assets_meur", "cash_meur", "fee_advances_paid_meur"]].sum(axis=1)
    others = [name for name in sheet if name.endswith("_meur") and name not in assets.index and name not in ASSETS]
    assert assets.to_numpy() == pytest.approx(sheet[others].sum(axis=1).to_numpy(), abs=EURO)
    bridge = made["bridge"]
    assert bridge["meur"].iloc[:-1].sum() == pytest.approx(bridge["meur"].iloc[-1], abs=EURO)
    assert bridge["running_total_meur"].iloc[-2] == pytest.approx(bridge["running_total_meur"].iloc[-1], abs=EURO)


ASSETS = ("fixed_assets_meur", "cash_meur", "fee_advances_paid_meur")


def test_every_row_of_every_rule_holds(made: dict[str, pd.DataFrame]) -> None:
    """Breaks when rows are lost: as many as the audit checked, but for the four claimed figures."""
    for name, plan in small_pack().plans.items():
        rows = of(made["rows"], name)
        assert rows["met"].all()
        assert len(rows) == plan.audit.rows_checked - 4


def test_insights_are_told_as_they_are(made: dict[str, pd.DataFrame]) -> None:
    """Breaks when a figure of tornado or futures is another one than the pack's."""
    pack = small_pack()
    assert pack.tornado is not None
    assert pack.distribution is not None
    bars = pack.tornado["tables"][0]["bars"]
    shown = made["tornado"][made["tornado"]["output"] == "deficit_meur"].set_index("factor")
    for bar in bars:
        assert shown.loc[bar["factor"], "low_meur"] == bar["low"]
        assert shown.loc[bar["factor"], "swing_meur"] == pytest.approx(abs(bar["high"] - bar["low"]))
    for name, spread in pack.distribution["scenarios"].items():
        drawn = of(made["distribution"], name)["deficit_meur"]
        assert drawn.tolist() == spread["deficit_meur"]
        assert len(drawn) == pack.distribution["points"]
        summary = of(made["distribution_summary"], name)
        assert summary["mean_meur"].item() == pytest.approx(drawn.mean())
        assert summary["p95_meur"].item() == pytest.approx(np.quantile(drawn, 0.95))
    assert made["alternatives"]["features"].item() == "a; b"
    assert made["repairs"]["overrides"].item() == "sites.north.grid_limit: 3"


def test_the_register_marks_what_was_changed(made: dict[str, pd.DataFrame]) -> None:
    """Breaks when a changed figure is not marked, or the scenario's own figures are not told."""
    assert not made["assumptions"]["changed"].any()
    changed = replace(small_pack(), case=small_pack().case.override({"prices.tokens": 0.003}))
    register = tables(changed)["assumptions"].set_index("path")
    assert register.index[register["changed"]].tolist() == ["prices.tokens"]
    own = made["scenario_assumptions"].set_index("path")
    assert own.loc["staff.operations", ["scenario", "base", "base_of_the_case"]].tolist() == ["ppp", 4.0, 3.0]


def test_csv_and_parquet_are_the_same(tmp_path: Path, made: dict[str, pd.DataFrame]) -> None:
    """Breaks when a number is rounded in one of both, a column changes its type, or a unit is lost."""
    files = write_tables(made, tmp_path)
    assert {file.name for file in files} == {f"{name}.{end}" for name in made for end in ("csv", "parquet")}
    for name in made:
        content = pq.read_table(tmp_path / f"{name}.parquet")
        for field in content.schema:
            assert (field.metadata or {})[b"unit"].decode() == unit_of(field.name), (name, field.name)
        with (tmp_path / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            header, *lines = csv.reader(file)
        assert header == content.column_names
        for number, column in enumerate(content.columns):
            assert [read(line[number], column.type) for line in lines] == column.to_pylist(), (name, header[number])
    assert b"\r" not in (tmp_path / "accounts.csv").read_bytes()


def read(cell: str, kind: pa.DataType) -> Any:
    """A cell of a CSV file as the type of its column says."""
    if pa.types.is_boolean(kind):
        return {"True": True, "False": False}[cell]
    if pa.types.is_integer(kind):
        return int(cell)
    if pa.types.is_floating(kind):
        return float(cell) if cell else None
    return cell


def test_units_of_columns() -> None:
    names = {
        "meur": "M EUR",
        "deficit_meur": "M EUR",
        "training_mgpuh": "million GPU-hours",
        "year": "",
        "co2_kt": "kt",
    }
    assert {name: unit_of(name) for name in names} == names
    assert unit_of("tokens_bn_per_day") == "billion a day"


def test_cells_that_files_cannot_hold_become_text() -> None:
    """Breaks when lists, mixed cells or nothing reach Parquet, which would refuse them or read them otherwise."""
    table = tidy(
        pd.DataFrame(
            {
                "mixed": [1.5, True, None],
                "list": [["a", 2], [], None],
                "map": [{"a": 1}, {}, None],
                "flag": pd.Series([True, False, True], dtype=object),
                "number": pd.Series([1, None, 2.5], dtype=object),
            }
        )
    )
    assert table["mixed"].tolist() == ["1.5", "true", ""]
    assert table["list"].tolist() == ["a; 2", "", ""]
    assert table["map"].tolist() == ["a: 1", "", ""]
    assert table["flag"].dtype == bool
    assert table["number"].dtype == float


def test_a_pack_is_written_whole_and_read_again(tmp_path: Path) -> None:
    """Breaks when the results of a pack cannot make it again, or tables of an earlier pack stay behind."""
    pack, folder = replace(small_pack(), **INSIGHTS), tmp_path / "pack"
    files = write_pack(pack, folder, formats=["tables"])
    assert files[-1] == folder / RESULTS
    assert not list(folder.rglob(".*"))
    again = gather(folder / RESULTS)
    assert again.made == pack.made
    assert again.manifest["made_from"]["command"] == "leam-opt report tiny"
    assert again.manifest["source"] == "result"
    first, second = (json.dumps(result_of(each)["insights"], sort_keys=True, default=str) for each in (pack, again))
    assert json.loads(second).keys() == json.loads(first).keys()
    read_again = tables(again)
    for name, table in tables(pack).items():
        if name != "manifest":
            # Times, proofs and what was found out beside the plans have nine decimals in a file.
            pd.testing.assert_frame_equal(table, read_again[name], check_exact=False, rtol=1e-8, atol=1e-8)
    write_pack(replace(pack, prices=None), folder, formats=["tables"])
    assert not list((folder / TABLES).glob("prices.*"))
    assert list((folder / TABLES).glob("accounts.*"))


def test_tables_for_programs_are_the_same_in_german(tmp_path: Path) -> None:
    for language in ("en", "de"):
        write_pack(small_pack(), tmp_path / language, Words(language), ["tables"])  # type: ignore[arg-type]
    for file in sorted((tmp_path / "en" / TABLES).glob("*.csv")):
        assert file.read_bytes() == (tmp_path / "de" / TABLES / file.name).read_bytes(), file.name


def test_a_form_that_is_none_is_named(tmp_path: Path) -> None:
    with pytest.raises(CaseError, match="pdf"):
        write_pack(small_pack(), tmp_path, formats=["pdf"])
    (tmp_path / "file").touch()
    with pytest.raises(CaseError, match="file"):
        write_pack(small_pack(), tmp_path / "file", formats=[])


@pytest.mark.parametrize("module", ["solve/told.py", "report/pack/summary.py", "report/pack/tables.py"])
def test_every_text_has_a_german_one(module: str) -> None:
    """Breaks when a text is added or changed and its German one is not; read from the code, not from a list."""
    import leam_opt

    tree = ast.parse((Path(leam_opt.__file__).parent / module).read_text(encoding="utf-8"))
    german, found = catalogue("de"), 0
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        name = call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")
        texts = [each.value for each in call.args if isinstance(each, ast.Constant) and isinstance(each.value, str)]
        if name in ("words", "N_") and texts:
            assert german.gettext(texts[0]) != texts[0], texts[0]
            found += 1
        elif name == "plural":
            assert german.ngettext(texts[0], texts[1], 2) != texts[1], texts[1]
    assert found > 5
