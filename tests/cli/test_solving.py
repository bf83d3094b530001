"""The commands that solve, on the shipped case: their output holds what the engine found."""

from __future__ import annotations

import csv
import io
import json
import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import leam_opt
from leam_opt.report.compare import Comparison
from leam_opt.study.breakeven import BreakEven
from tests.cli import samples
from tests.cli.conftest import Run

ROOT = Path(__file__).parents[2]
COARSE_GAP = 0.2

PLAN_KEYS = {
    *("case", "scenario", "status", "mip_gap", "five_year_deficit_meur", "unfunded_gap_meur", "public_money_meur"),
    *("private_money_meur", "public_funding_share", "servers", "it_power_mw", "grid_power_mw", "pools"),
    *("core_models", "rules", "funding", "audit"),
}


@pytest.fixture(scope="module")
def comparison() -> Comparison:
    case = leam_opt.load_case("leam-2022")
    return leam_opt.compare(case, scenarios=["public", "ppp"], mip_gap=COARSE_GAP)


@pytest.fixture(scope="module")
def answer() -> BreakEven:
    case = leam_opt.load_case("leam-2022")
    options: dict[str, Any] = {"low": 0.03, "high": 0.06, "mip_gap": COARSE_GAP}
    return leam_opt.breakeven(case, solve_for="prices.tok", scenario="public", **options)


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch, comparison: Comparison) -> dict[str, Any]:
    """Lets the commands return the plans of `comparison`; holds what they were called with."""
    seen: dict[str, Any] = {}

    def solve(case: Any, **options: Any) -> Any:
        seen.update(options, case=case)
        return comparison.plans["public"]

    def compare(case: Any, **options: Any) -> Any:
        seen.update(options, case=case)
        return comparison

    monkeypatch.setattr(leam_opt, "solve", solve)
    monkeypatch.setattr(leam_opt, "compare", compare)
    return seen


def strict(text: str) -> Any:
    return json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} in JSON"))


def test_solve_passes_its_options_on(run: Run, calls: dict[str, Any]) -> None:
    """Breaks when an option of the command is dropped on the way to the API."""
    options = ["--scenario", "ppp", "--mip-gap", "0.001", "--time-limit", "30", "--model", "mine.py", "--rule", "a.py"]
    case = ["--set", "prices.tokens=0.02", "--at", "high"]
    assert run("solve", "leam-2022", *options, *case, "--rule", "b.py").code == 0
    assert (calls["scenario"], calls["mip_gap"], calls["time_limit"]) == ("ppp", 0.001, 30.0)
    assert (calls["formulation"], calls["rules"]) == ("mine.py", [Path("a.py"), Path("b.py")])
    assert calls["progress"] is None  # nobody watches a pipe
    assert calls["case"].prices.tokens.base == 0.02
    low_to_high = leam_opt.load_case("leam-2022").staff.operations
    assert calls["case"].staff.operations.base == low_to_high.high > low_to_high.base


def test_compare_passes_its_options_on(run: Run, calls: dict[str, Any]) -> None:
    """Breaks when an option of the command is dropped on the way to the API."""
    assert run("compare", "leam-2022", "--scenarios", "ppp, public", "--mip-gap", "0", "--time-limit", "9").code == 0
    assert (calls["scenarios"], calls["mip_gap"], calls["time_limit"]) == (["ppp", "public"], 0.0, 9.0)
    run("compare", "leam-2022")
    assert (calls["scenarios"], calls["mip_gap"], calls["time_limit"]) == (None, 1e-4, None)


def test_breakeven_passes_its_options_on(run: Run, monkeypatch: pytest.MonkeyPatch, answer: BreakEven) -> None:
    """Breaks when an option of the command is dropped on the way to the API."""
    seen: dict[str, Any] = {}

    def breakeven(case: Any, **options: Any) -> BreakEven:
        seen.update(options, case=case)
        return answer

    monkeypatch.setattr(leam_opt, "breakeven", breakeven)
    options = ["--scenario", "public", "--measure", "unfunded_gap", "--between", "1 ct/ktoken", "0.06"]
    limits = ["--mip-gap", "0.001", "--time-limit", "30", "--set", "staff.salary=90000", "--at", "high"]
    assert run("breakeven", "leam-2022", "--solve-for", "prices.tok", *options, *limits).code == 0
    case = seen.pop("case")
    assert case.staff.salary.base == 90000
    assert (seen["solve_for"], seen["scenario"], seen["measure"]) == ("prices.tok", "public", "unfunded_gap")
    assert (seen["low"], seen["high"]) == ("1 ct/ktoken", "0.06")
    assert (seen["mip_gap"], seen["time_limit"], seen["progress"]) == (0.001, 30.0, None)
    run("breakeven", "leam-2022", "--solve-for", "prices.tok")
    assert (seen["low"], seen["high"], seen["measure"], seen["time_limit"]) == (None, None, "deficit", None)


def test_breakeven_of_the_shipped_case_in_every_form(
    run: Run, monkeypatch: pytest.MonkeyPatch, answer: BreakEven
) -> None:
    """Breaks when table, JSON and CSV of a real search differ, or the deficit is not zero at the price found."""
    monkeypatch.setattr(leam_opt, "breakeven", lambda *_, **__: answer)
    command = ["breakeven", "leam-2022", "--solve-for", "prices.tok"]
    data = strict(run(*command, "--format", "json").out)
    assert (data["status"], data["path"], data["unit"]) == ("found", "prices.tokens", "EUR/ktoken")
    assert 0.03 < data["value"] < 0.06
    assert abs(data["residual_meur"]) <= max(data["tolerance_meur"], data["proof_meur"])
    rows = list(csv.DictReader(io.StringIO(run(*command, "--format", "csv").out)))
    assert [float(row["value"]) for row in rows] == [row["value"] for row in data["solves"]]
    text = run(*command).out
    assert max(map(len, text.splitlines())) <= 100
    assert data["sentence"].split(";")[0] in " ".join(text.split())


def test_samples_have_the_fields_of_a_real_search(answer: BreakEven) -> None:
    """Breaks when the search of samples.py, on which the table is tested, is no longer what the engine returns."""
    real, sample = answer.to_dict(), samples.breakeven()
    assert set(sample) == set(real)
    assert set(sample["solves"][0]) == set(real["solves"][0])


def test_plan_as_json_has_its_fields_and_adds_up(run: Run, calls: dict[str, Any]) -> None:
    """Breaks when a field of the documented output is missing, or the lines no longer make up the deficit."""
    plan = strict(run("solve", "leam-2022", "--format", "json").out)
    assert set(plan) >= PLAN_KEYS
    assert plan["audit"]["passed"] is True
    assert sum(plan["lines"].values()) == pytest.approx(plan["five_year_deficit_meur"], abs=1e-6)
    drawn = sum(row["meur"] for row in plan["funding"])
    assert drawn == pytest.approx(plan["public_money_meur"] + plan["private_money_meur"], abs=1e-6)


def test_samples_have_the_fields_of_a_real_plan(comparison: Comparison) -> None:
    """Breaks when the plans of samples.py, on which the tables are tested, are no longer what the engine returns."""
    real, sample = comparison.plans["ppp"].to_dict(), samples.plan("ppp", 1.0)
    assert set(sample) == set(real)
    for name, content in sample.items():
        if isinstance(content, list) and content and isinstance(content[0], dict) and real[name] and name != "cash":
            assert set(content[0]) == set(real[name][0]), name
    assert set(sample["measures"]) == set(real["measures"])
    assert set(samples.comparison("public", "ppp")) == set(comparison.to_dict())


def test_plan_as_csv_repeats_the_json(run: Run, calls: dict[str, Any]) -> None:
    """Breaks when CSV and JSON of the same plan differ."""
    plan = strict(run("solve", "leam-2022", "--format", "json").out)
    rows = list(csv.DictReader(io.StringIO(run("solve", "leam-2022", "--format", "csv").out)))
    (deficit,) = [row for row in rows if row["measure"] == "five_year_deficit_meur"]
    assert float(deficit["value"]) == plan["five_year_deficit_meur"]
    closing = [float(row["value"]) for row in rows if row["table"] == "cash" and row["measure"] == "closing_meur"]
    assert closing == [row["closing_meur"] for row in plan["cash"]]


@pytest.mark.parametrize("command", ["solve", "compare"])
def test_tables_of_real_plans_fit_a_pipe(run: Run, calls: dict[str, Any], command: str) -> None:
    """Breaks when a real plan outgrows the width of the tables, or brings escape sequences into a pipe."""
    text = run(command, "leam-2022").out
    assert "\x1b" not in text
    assert max(map(len, text.splitlines())) <= 100
    assert "Audit passed" in text


def test_comparison_as_json_ranks_and_bridges(run: Run, calls: dict[str, Any], comparison: Comparison) -> None:
    """Breaks when the bridge no longer adds up, or the order of the plans and of the ranking gets lost."""
    result = strict(run("compare", "leam-2022", "--format", "json").out)
    assert [plan["scenario"] for plan in result["scenarios"]] == ["public", "ppp"]
    assert result["ranking"] == comparison.ranking
    start, *changes, end = [row["meur"] for row in result["bridge"]]
    assert start + sum(changes) == pytest.approx(end, abs=1e-5)
    best = next(plan for plan in result["scenarios"] if plan["scenario"] == result["ranking"][0])
    assert end == best["five_year_deficit_meur"]


def test_comparison_as_json_has_measures_and_bearers_by_scenario(run: Run, calls: dict[str, Any]) -> None:
    """Breaks when the bridge of public money does not add up, or a scenario's measures are not those of its plan."""
    result = strict(run("compare", "leam-2022", "--format", "json").out)
    start, *changes, end = [row["meur"] for row in result["public_money_bridge"]]
    assert start + sum(changes) == pytest.approx(end, abs=1e-6)
    for plan in result["scenarios"]:
        name = plan["scenario"]
        assert result["measures"][name] == plan["measures"]
        payers = ("union", "federation", "state", "public")
        public = [row["paid_meur"] for row in result["bearers"][name] if row["payer"] in payers]
        assert sum(public) == pytest.approx(plan["public_money_meur"], abs=1e-6)


def test_statements_of_a_real_plan_add_up(run: Run, calls: dict[str, Any]) -> None:
    """Breaks when sources and uses differ in a year, or the balance sheet does not balance."""
    plan = strict(run("solve", "leam-2022", "--format", "json").out)
    for year in {row["year"] for row in plan["cash"]}:
        sides = {
            side: sum(r["meur"] for r in plan["sources_and_uses"] if (r["year"], r["side"]) == (year, side))
            for side in ("source", "use")
        }
        assert sides["source"] == pytest.approx(sides["use"], abs=1e-6)
    assets = ("fixed_assets_meur", "cash_meur", "fee_advances_paid_meur")
    for row in plan["balance_sheet"]:
        others = sum(value for name, value in row.items() if name not in ("company", "year", *assets))
        assert sum(row[name] for name in assets) == pytest.approx(others, abs=1e-6)


def test_comparison_as_csv_is_its_frame(run: Run, calls: dict[str, Any], comparison: Comparison) -> None:
    """Breaks when the CSV of a comparison loses a scenario or a figure."""
    rows = list(csv.DictReader(io.StringIO(run("compare", "leam-2022", "--format", "csv").out)))
    assert list(rows[0]) == ["figure", "public", "ppp"]
    assert [row["figure"] for row in rows] == list(comparison.frame().index)


def test_result_goes_to_a_file_whole(run: Run, calls: dict[str, Any], tmp_path: Path) -> None:
    """Breaks when --out prints too, or writes another text than the pipe gets."""
    target = tmp_path / "plan.json"
    outcome = run("solve", "leam-2022", "--out", str(target))
    assert (outcome.code, outcome.out, outcome.err) == (0, "", f"wrote {target}\n")
    assert target.read_text(encoding="utf-8") == run("solve", "leam-2022", "--format", "json").out


def test_override_stays_on_top_of_the_scenario() -> None:
    """Breaks when a scenario's overlay undoes what --set says: `--set` is the last word."""
    case = leam_opt.load_case("leam-2022", overrides={"funding.use": ["federal-grant"]})
    assert case.scenario("ppp").funding.use == ["federal-grant"]


def test_impossible_mission_names_its_rule(run: Run) -> None:
    """Breaks when an infeasible case ends with another code, or does not say which rules cannot hold together."""
    outcome = run("solve", "leam-2022", "--scenario", "public", "--set", "mission.public_compute_min=900")
    assert outcome.code == 3
    assert outcome.out == ""
    assert "cannot hold together" in outcome.err
    assert outcome.err.count("at least 900 million GPU-hours a year for public users") == 1
    assert "Repair: at least" in outcome.err


def test_no_time_means_no_plan(run: Run) -> None:
    """Breaks when a search that ends before a first plan looks like success."""
    outcome = run("solve", "leam-2022", "--scenario", "public", "--time-limit", "0.01")
    assert outcome.code == 4
    assert "before a first plan was found" in outcome.err


def test_unknown_formulation_and_rule_are_bad_input(run: Run, tmp_path: Path) -> None:
    """Breaks when a wrong path to a model or a rule shows a traceback."""
    assert run("solve", "leam-2022", "--model", "plannin").code == 2
    rule = tmp_path / "mine.py"
    rule.write_text("def ad(model, case): pass\n", encoding="utf-8")
    outcome = run("solve", "leam-2022", "--rule", str(rule))
    assert outcome.code == 2
    assert "a rule needs a function add(model, case)" in outcome.err


def interrupted(arguments: list[str], is_time: Callable[[bytes], bool]) -> tuple[int, str]:
    """Exit code and output of a command that gets Ctrl-C once its progress, on a real terminal, shows what it shall."""
    screen, command_end = pty.openpty()
    command = [sys.executable, "-m", "leam_opt", *arguments]
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "100"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=command_end, env=environment, cwd=ROOT) as process:
        os.close(command_end)
        shown = b""
        limit = time.monotonic() + 60
        while not is_time(shown):
            assert time.monotonic() < limit, shown
            shown += os.read(screen, 4096)
        process.send_signal(signal.SIGINT)
        assert process.stdout is not None
        text = process.stdout.read().decode()
    os.close(screen)
    return process.returncode, text


def test_ctrl_c_ends_the_search_with_the_best_plan() -> None:
    """Breaks when Ctrl-C loses the incumbent, or the plan does not say that the search was interrupted.

    Progress shows on standard error until there is an incumbent, and is wiped before the result.
    """

    def has_incumbent(shown: bytes) -> bool:
        return b"deficit" in shown and b"best" in shown.rsplit(b"deficit", 1)[-1]

    code, text = interrupted(["solve", "leam-2022", "--scenario", "ppp", "--mip-gap", "0"], has_incumbent)
    assert code == 0
    assert "NOT PROVEN OPTIMAL: the search was interrupted" in text
    assert "Audit passed" in text


def test_ctrl_c_ends_a_break_even_search_with_what_is_known() -> None:
    """Breaks when Ctrl-C during the second solve loses the first, or its unproven plan passes for an optimal one."""
    command = ["breakeven", "leam-2022", "--scenario", "ppp", "--solve-for", "prices.tok", "--format", "json"]
    code, text = interrupted([*command, "--mip-gap", "0.05"], lambda shown: b"solve 2 at 0.015 EUR/ktoken" in shown)
    found = strict(text)
    assert code == 0
    assert (found["status"], found["value"]) == ("stopped", None)
    assert "the search was interrupted" in found["reason"]  # with or without a first plan of the second solve
    assert [row["value"] for row in found["solves"]] == [0.01]
