"""JSON, CSV and files for other programs."""

from __future__ import annotations

import csv
import io
import json
import stat
from pathlib import Path

import numpy as np
import pytest

from leam_opt.report import export
from tests.cli import samples


def test_json_is_strict_and_rounded() -> None:
    """Breaks when NaN or Infinity reach a file, or NumPy values turn into text."""
    data = {"nan": float("nan"), "inf": np.inf, "third": 1 / 3, "zero": -0.0, "n": np.int64(3), "a": np.array([0.1, 2])}
    text = export.json_text(data | {"flag": np.bool_(True), "name": "Köln €", "none": None})
    read = json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} in JSON"))
    numbers = {"nan": None, "inf": None, "third": 0.333333333, "zero": 0.0, "n": 3, "a": [0.1, 2.0]}
    assert read == numbers | {"flag": True, "name": "Köln €", "none": None}
    assert '"zero": 0.0' in text
    assert "Köln €" in text


def test_plan_csv_holds_every_figure_once() -> None:
    """Breaks when a part of the plan is missing in the CSV, or a figure stands there twice."""
    rows = list(csv.DictReader(io.StringIO(export.plan_csv(samples.plan("ppp", 412.345)))))
    keys = [tuple(value for name, value in row.items() if name != "value") for row in rows]
    assert len(keys) == len(set(keys))
    assert {row["table"] for row in rows} == {
        *("summary", "servers", "it_power_mw", "grid_power_mw", "energy_gwh", "pools", "core_models"),
        *("tokens_bn_per_day", "adoption", "rules", "funding", "cash", "lines", "audit", "stages", "own_cpu_servers"),
        *("cpu_cores_rented_k", "heat_sold_gwh", "training_places", "redemption_meur", "prices", "measures"),
        *("waterfall", "sources_and_uses", "bearers", "contingent_liabilities", "fiscal_exposure", "balance_sheet"),
        "fund_losses",
    }
    (h100,) = [row for row in rows if row["type"] == "h100" and row["measure"] == "servers"]
    assert (h100["site"], h100["year"], h100["value"]) == ("hall", "2024", "60")
    (power,) = [row for row in rows if row["table"] == "it_power_mw" and row["year"] == "2024"]
    assert (power["site"], power["value"]) == ("hall", "4.5")
    (met,) = [row for row in rows if row["rule"] == "public_use" and row["scope"] == "all" and row["measure"] == "met"]
    assert met["value"] == "false"
    (place,) = [row for row in rows if row["table"] == "training_places"]
    assert (place["generation"], place["site"], place["type"], place["value"]) == ("leam-1", "hall", "a100", "true")
    (rates,) = [row for row in rows if row["measure"] == "investor_irrs"]
    assert rates["value"] == "0.05 0.4"
    (cover,) = [row for row in rows if row["measure"] == "dscr" and row["year"] == "2023"]
    assert (cover["table"], cover["company"], cover["value"]) == ("waterfall", "service", "")
    (capex,) = [row for row in rows if row["item"] == "capex" and row["year"] == "2024"]
    assert (capex["side"], capex["measure"], capex["value"]) == ("use", "meur", "95.5")
    (state,) = [row for row in rows if row["measure"] == "guaranteed_meur" and row["year"] == "2024"]
    assert (state["guarantee"], state["payer"], state["value"]) == ("state", "state", "50.0")
    (loss,) = [row for row in rows if row["measure"] == "expected_loss_meur" and row["tranche"] == "first-loss"]
    assert (loss["table"], loss["fund"], loss["payer"], loss["value"]) == ("fund_losses", "invest", "union", "3.5")
    assert [row["value"] for row in rows if row["table"] == "cpu_cores_rented_k"] == ["10.0", "10.0", "0.0"]
    assert sum(float(row["value"]) for row in rows if row["table"] == "lines") == pytest.approx(412.345)


def test_file_is_replaced_in_one_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Breaks when a failure while writing leaves a half file, or a leftover beside it."""
    target = tmp_path / "plan.json"
    target.write_text("old")

    def broken(_: int) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(export.os, "fsync", broken)
    with pytest.raises(OSError, match="disk full"):
        export.write(target, "new")
    assert [path.name for path in tmp_path.iterdir()] == ["plan.json"]
    assert target.read_text() == "old"
    monkeypatch.undo()
    export.write(target, "new €")
    assert target.read_text(encoding="utf-8") == "new €"


def test_file_keeps_its_mode_and_its_link(tmp_path: Path) -> None:
    """Breaks when a result becomes unreadable for a group that could read it, or replaces a link by a file."""
    target = tmp_path / "plan.json"
    target.write_text("old")
    target.chmod(0o640)
    link = tmp_path / "latest.json"
    link.symlink_to(target)
    export.write(link, "new")
    assert link.is_symlink()
    assert target.read_text() == "new"
    assert stat.S_IMODE(target.stat().st_mode) == 0o640


def test_device_is_written_to_and_not_replaced() -> None:
    """Breaks when `--out /dev/null` replaces the device by a file."""
    export.write(Path("/dev/null"), "text")
    assert Path("/dev/null").is_char_device()
