"""The commands that need no solver, on the shipped case."""

from __future__ import annotations

import csv
import io
import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Run

ROOT = Path(__file__).parents[2]
ROW = {"id", "paper_low", "paper_high", "exact_low", "exact_high", "rounded_low", "rounded_high", "verdict", "note"}


def test_check_counts_figures_and_names_scenarios(run: Run) -> None:
    """Breaks when a sound case no longer passes, or its scenarios are not named."""
    outcome = run("check", "leam-2022")
    assert outcome.code == 0
    assert "leam-2022 is sound" in outcome.out
    assert "(public, private, ppp)" in outcome.out


def test_check_as_json_counts_like_the_register(run: Run) -> None:
    """Breaks when the counts of the check differ from the assumption register of the API."""
    import leam_opt

    register = leam_opt.load_case("leam-2022").assumptions()
    outcome = run("check", "leam-2022", "--format", "json")
    result = json.loads(outcome.out)
    assert result["figures"] == len(register)
    assert result["ranges"] == (register["low"] != register["high"]).sum()
    assert result["unsourced"] == 0
    (row,) = csv.DictReader(io.StringIO(run("check", "leam-2022", "--format", "csv").out))
    assert row["scenarios"] == "public private ppp"


def test_check_knows_what_an_override_switches_off(run: Run) -> None:
    """Breaks when `--set` does not reach the case that is checked."""
    outcome = run("check", "leam-2022", "--scenario", "public", "--set", "rules.public_use.enabled=false")
    assert "public: switched off: rules.public_use." in outcome.out


def test_new_case_is_sound_and_is_not_overwritten(run: Run, tmp_path: Path) -> None:
    """Breaks when a scaffolded case cannot be checked, or a second `new` destroys the first."""
    folder = tmp_path / "mine"
    assert run("new", str(folder)).code == 0
    assert "mine is sound" in run("check", str(folder)).out
    text = (folder / "case.yaml").read_text(encoding="utf-8")
    again = run("new", str(folder), "--from", "leam-2022")
    assert again.code == 2
    assert (folder / "case.yaml").read_text(encoding="utf-8") == text


def test_broken_case_names_file_line_and_column(run: Run, tmp_path: Path) -> None:
    """Breaks when a slip in a case file loses its place on the way to the terminal."""
    folder = tmp_path / "mine"
    run("new", str(folder))
    file = folder / "case.yaml"
    lines = file.read_text(encoding="utf-8").splitlines()
    place = next(number for number, line in enumerate(lines) if line.startswith("horizon_years:"))
    lines[place] = "horizon_yaers: 5"
    file.write_text("\n".join(lines), encoding="utf-8")
    outcome = run("check", str(folder))
    assert outcome.code == 2
    assert f"case.yaml:{place + 1}:1:" in outcome.err
    assert "did you mean 'horizon_years'?" in outcome.err


def test_schema_is_strict_json_and_goes_to_a_file(run: Run, tmp_path: Path) -> None:
    """Breaks when the schema on the terminal and the one in a file differ."""
    target = tmp_path / "case.schema.json"
    outcome = run("schema", "--out", str(target))
    assert (outcome.code, outcome.out) == (0, "")
    assert f"wrote {target}" in outcome.err
    assert json.loads(run("schema").out) == json.loads(target.read_text(encoding="utf-8"))


def test_math_is_a_latex_document_of_the_scenario(run: Run, tmp_path: Path) -> None:
    """Breaks when the formulation is no document any more, or --out writes another text than the pipe gets."""
    text = run("math", "leam-2022", "--scenario", "ppp").out
    assert text.startswith("\\documentclass")
    assert text.rstrip().endswith("\\end{document}")
    assert text.count("\\begin{") == text.count("\\end{") > 10
    target = tmp_path / "formulation.tex"
    run("math", "leam-2022", "--scenario", "ppp", "--out", str(target))
    assert target.read_text(encoding="utf-8") == text


def test_reconcile_as_json_has_the_rows_of_the_paper(run: Run) -> None:
    """Breaks when a row or a field of the reconciliation is missing, or a verdict has another wording."""
    rows = json.loads(run("reconcile", "leam-2022", "--format", "json").out)
    assert len(rows) == 49
    assert all(set(row) == ROW for row in rows)
    assert {row["verdict"] for row in rows} == {"equal", "explained by rounding", "misprint in the paper"}
    assert [row["id"] for row in rows if row["verdict"] == "misprint in the paper"] == ["F4", "F5"]


def test_reconcile_as_csv_and_by_suffix(run: Run, tmp_path: Path) -> None:
    """Breaks when CSV and JSON hold different rows, or the suffix of --out no longer chooses the form."""
    target = tmp_path / "rows.csv"
    assert run("reconcile", "leam-2022", "--out", str(target)).code == 0
    rows = list(csv.DictReader(io.StringIO(target.read_text(encoding="utf-8"))))
    assert [row["id"] for row in rows] == [
        row["id"] for row in json.loads(run("reconcile", "leam-2022", "--format", "json").out)
    ]
    table = tmp_path / "rows.txt"
    run("reconcile", "leam-2022", "--out", str(table))
    assert table.read_text(encoding="utf-8") == run("reconcile", "leam-2022").out


def test_reconcile_in_a_pipe_is_plain_and_a_hundred_columns_wide(run: Run) -> None:
    """Breaks when escape sequences reach a pipe, or the 49 rows outgrow the promised width."""
    text = run("reconcile", "leam-2022").out
    assert "\x1b" not in text
    assert max(map(len, text.splitlines())) <= 100
    assert "What the paper's figures hide" in text


@pytest.mark.parametrize("columns", [60, 120])
def test_a_terminal_of_any_width_shows_every_digit(columns: int) -> None:
    """Breaks when a narrow terminal cuts numbers off: 354,225,000 must be there whole."""
    environment = {**os.environ, "COLUMNS": str(columns), "TERM": "xterm"}
    main_end, command_end = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "leam_opt", "reconcile", "leam-2022"], stdout=command_end, env=environment, cwd=ROOT
    )
    os.close(command_end)
    shown = b""
    while True:
        try:
            part = os.read(main_end, 65536)
        except OSError:  # how Linux says that the other end is closed
            break
        if not part:
            break
        shown += part
    os.close(main_end)
    assert process.wait() == 0
    assert b"\x1b[1m" in shown  # bold titles: it did take the terminal for one
    assert shown.count(b"354,225,000") >= 4


def test_ascii_terminal_is_no_reason_to_fail() -> None:
    """Breaks when a stream that cannot encode the euro sign ends a command."""
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    command = [sys.executable, "-m", "leam_opt", "check", "leam-2022"]
    result = subprocess.run(command, capture_output=True, env=environment, cwd=ROOT)
    assert result.returncode == 0
    assert "M€ at most".encode() in result.stdout  # a pipe gets UTF-8 whatever the locale says
