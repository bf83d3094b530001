"""The commands that explain plans and make documents of them, on a case that is solved in hundredths of a second."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.study.tiny import tiny_folder


@pytest.fixture
def tiny(tmp_path: Path) -> str:
    return str(tiny_folder(tmp_path))


def test_explain_tells_what_rules_cost(run: Run, tiny: str) -> None:
    """The mission of 2.5 million GPU-hours is all that the machines are bought for."""
    data = json.loads(run("explain", tiny, "--workers", "1", "--format", "json").out)
    assert data["conflict"] is None
    (mission,) = (
        row
        for row in data["prices"]["rules"]
        if row["path"] == "mission.public_compute_min" and row["change"] == "drop"
    )
    assert mission["saves_meur"] == pytest.approx(data["prices"]["deficit_meur"] - mission["deficit_meur"])
    assert mission["saves_meur"] > 1


def test_explain_tells_why_there_is_no_plan_and_what_would_mend_it(run: Run, tiny: str) -> None:
    """Every repair that is printed, given back as --set, makes the case solvable."""
    impossible = ("--set", "mission.public_compute_min=700")
    told = run("explain", tiny, *impossible)
    assert told.code == 3
    assert "700 million GPU-hours" in told.out
    data = json.loads(run("explain", tiny, *impossible, "--format", "json").out)
    repairs = data["conflict"]["repairs"]
    assert repairs
    for repair in repairs:
        changes = [
            part for path, value in repair["overrides"].items() for part in ("--set", f"{path}={json.dumps(value)}")
        ]
        assert run("solve", tiny, *impossible, *changes, "--format", "json").code == 0, repair


def test_solve_names_the_conflict(run: Run, tiny: str) -> None:
    told = run("solve", tiny, "--set", "mission.public_compute_min=700")
    assert told.code == 3
    assert "700 million GPU-hours" in told.err


@pytest.mark.parametrize("within", ["2%", "2 %", "0.02"])
def test_alternatives(run: Run, tiny: str, within: str) -> None:
    data = json.loads(run("alternatives", tiny, "--within", within, "--format", "json").out)
    assert data["within_share"] == 0.02
    assert all(plan["deficit_meur"] <= data["limit_meur"] + 1e-6 for plan in data["plans"])
    assert data["shared"]


def test_pareto(run: Run, tiny: str) -> None:
    told = run("pareto", tiny, "--objectives", "deficit,public_money", "--points", "3")
    assert told.code == 0, told.err
    assert "Every point is a complete plan" in told.out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("alternatives", "--within", "200%"), "--within 200%: expected a share such as 2% or 0.02"),
        (("alternatives", "--within", "x"), "--within x: expected a share"),
        (("pareto", "--objectives", "deficit,publik_money"), "public_money"),
        (
            ("pareto", "--objectives", ","),
            "--objectives: no objective is named; write for example --objectives deficit,",
        ),
        (("report", "--out", "pack", "--lang", "fr"), "--lang fr: expected en or de"),
        (("report", "--out", "pack", "--forms", "pdf"), "--forms pdf"),
        (("report", "--out", "pack", "--scenarios", "publik"), "did you mean 'public'?"),
    ],
)
def test_a_mistake_is_told_before_anything_is_solved(
    run: Run, tiny: str, arguments: tuple[str, ...], words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    command, *rest = arguments
    told = run(command, tiny, *rest)
    assert told.code == 2
    assert words in told.err
    assert not (tmp_path / "pack").exists()


def test_a_pack_of_a_case_of_its_result_and_a_case_of_its_workbook(run: Run, tiny: str, tmp_path: Path) -> None:
    """Case to pack, pack to pack without a solve, workbook to case: the figures stay."""
    first, again, copy = tmp_path / "pack", tmp_path / "again", tmp_path / "copy"
    told = run("report", tiny, "--out", str(first), "--quick", "--workers", "1")
    assert told.code == 0, told.err
    assert (first / "index.html").stat().st_size < 6e6
    assert "wrote" in told.err
    told = run("report", str(first / "results.json"), "--out", str(again), "--lang", "de", "--forms", "html,tables")
    assert told.code == 0, told.err
    assert not (again / "workbook.xlsx").exists()
    assert '<html lang="de"' in (again / "index.html").read_text(encoding="utf-8")[:2000]
    same = (first / "tables" / "lines.csv").read_text(encoding="utf-8")
    assert (again / "tables" / "lines.csv").read_text(encoding="utf-8") == same
    told = run("new", str(copy), "--from-excel", str(first / "workbook.xlsx"), "--from", tiny)
    assert told.code == 0, told.err
    ours, theirs = (json.loads(run("solve", case, "--format", "json").out) for case in (tiny, str(copy)))
    assert theirs["five_year_deficit_meur"] == pytest.approx(ours["five_year_deficit_meur"], abs=1e-6)
