"""Result files: plans come back to the last digit, are audited anew, and nothing damaged passes for a result."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from leam_opt.case.load import load_case
from leam_opt.errors import AuditError, CaseError, LeamError
from leam_opt.ledger.decisions import AXES
from leam_opt.report.export import json_text
from leam_opt.report.pack.result import read_result
from leam_opt.solve.plan import Plan
from leam_opt.solve.run import solve
from tests.report.pack.packs import compared_case, ranged_case, result_file

Change = Callable[[dict[str, Any]], Any]


def equal(one: Plan, other: Plan) -> None:
    """Same case, decisions, figures and proofs."""
    assert one.case == other.case
    assert one.scenario == other.scenario
    for name, array in one.decisions.arrays().items():
        assert np.array_equal(array, other.decisions.arrays()[name]), name
    assert one.accounts.totals == pytest.approx(other.accounts.totals, rel=0, abs=0, nan_ok=True)
    assert dict(one.whole) == dict(other.whole)
    assert other.audit.passed
    assert one.audit.rows_checked == other.audit.rows_checked
    # Times and proofs are figures of the JSON, which has nine decimals.
    assert one.result.mip_gap == pytest.approx(other.result.mip_gap, abs=1e-9)
    assert one.result.dual_bound_meur == pytest.approx(other.result.dual_bound_meur, abs=1e-8)
    assert [stage.name for stage in one.result.stages] == [stage.name for stage in other.result.stages]


def test_a_comparison_comes_back_without_a_solve(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Breaks when a decision is rounded, the ranking is another one, or something is solved again."""
    made, file = compared_case(), result_file(tmp_path)
    monkeypatch.setattr("leam_opt.solve.search.Search.run", lambda self: pytest.fail("it was solved again"))
    read = read_result(file).comparison
    assert list(read.plans) == list(made.plans)
    for name, plan in made.plans.items():
        equal(plan, read.plans[name])
        equal(made.strict[name], read.strict[name])
    assert (read.ranking, read.decided, read.reason) == (made.ranking, made.decided, made.reason)
    assert read.bridge == made.bridge
    assert read.public_money_bridge == made.public_money_bridge
    assert json_text(read.to_dict())[:-1].count("input_hash") == json_text(made.to_dict())[:-1].count("input_hash")


def test_the_json_of_a_result_read_again_is_the_same(tmp_path: Path) -> None:
    """Breaks when reading and writing lose anything but what the audit measures anew."""
    first = result_file(tmp_path).read_text(encoding="utf-8")
    second = json_text(read_result(tmp_path / "result.json").comparison.to_dict())
    errors = {"objective_error_eur"}
    assert without(json.loads(second), errors) == without(json.loads(first), errors)


def without(value: Any, keys: set[str]) -> Any:
    if isinstance(value, dict):
        return {key: without(item, keys) for key, item in value.items() if key not in keys}
    return [without(item, keys) for item in value] if isinstance(value, list) else value


def test_a_single_plan_comes_back(tmp_path: Path) -> None:
    """Breaks when the JSON of `solve` is no result, for a scenario, for the case itself, and with what was changed."""
    case = ranged_case().override({"prices.tokens": 0.0015})
    for scenario, name in (("ppp", "ppp"), (None, "base")):
        plan = solve(case, scenario=scenario, mip_gap=1e-4)
        file = tmp_path / f"{name}.json"
        file.write_text(json_text(plan.to_dict()), encoding="utf-8")
        read = read_result(file).comparison
        assert list(read.plans) == [name]
        equal(plan, read.best)
    stuck = solve(case.scenario("ppp"), mip_gap=1e-4)  # a case that stands in a scenario already
    file.write_text(json_text(stuck.to_dict()), encoding="utf-8")
    assert read_result(file).comparison.best.case == stuck.case


def test_the_shipped_case_comes_back(tmp_path: Path) -> None:
    """Breaks when a decision of the real case does not survive, or its audit needs more than the file holds."""
    plan = solve(load_case("leam-2022"), scenario="public", mip_gap=0.2)
    file = tmp_path / "plan.json"
    file.write_text(json_text(plan.to_dict()), encoding="utf-8")
    equal(plan, read_result(file).comparison.best)


def place(*keys: Any) -> Callable[[Any], Change]:
    """A change that puts a value at a place of the file."""

    def with_value(value: Any) -> Change:
        def change(data: dict[str, Any]) -> None:
            inner: Any = data
            for key in keys[:-1]:
                inner = inner[key]
            inner[keys[-1]] = value

        return change

    return with_value


def drop(*keys: Any) -> Change:
    def change(data: dict[str, Any]) -> None:
        inner: Any = data
        for key in keys[:-1]:
            inner = inner[key]
        del inner[keys[-1]]

    return change


def more(name: str, amount: float) -> Change:
    """Adds to the largest entry of an array of decisions."""

    def change(data: dict[str, Any]) -> None:
        array = np.array(data["scenarios"][0]["decisions"][name])
        array[np.unravel_index(array.argmax(), array.shape)] += amount
        data["scenarios"][0]["decisions"][name] = array.tolist()

    return change


@pytest.mark.parametrize("name", [name for name in AXES if name in ("units_bought", "draws_meur", "energy_gwh")])
def test_a_changed_decision_is_refused(tmp_path: Path, name: str) -> None:
    """Breaks when the plan of a file is believed: one unit, or a hundred thousand euros, more or less."""
    for amount in (1.0, -0.1):
        with pytest.raises(AuditError, match=r"scenarios\.0 \(public\): the ledger does not confirm"):
            read_result(changed(tmp_path, more(name, amount)))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (place("scenarios", 0, "five_year_deficit_meur")(1.0), "deficit_meur"),
        (place("scenarios", 0, "gross_cost_meur")(1.0), "gross_cost_meur"),
        (place("scenarios", 1, "primal_bound_meur")(1.0), r"scenarios\.1 \(ppp\).*deficit_meur"),
        (place("scenarios", 0, "stages", 0, "primal")(5.0), "unfunded_gap_meur"),
        (place("strict_reading", 0, "plan", "public_money_meur")(0.0), r"strict_reading\.0\.plan.*public_money"),
    ],
)
def test_a_changed_figure_is_refused(tmp_path: Path, change: Change, told: str) -> None:
    """Breaks when a figure of the file reaches the pack without the ledger."""
    with pytest.raises(AuditError, match=f"(?s){told}"):
        read_result(changed(tmp_path, change))


FIRST = ("scenarios", 0)
SPREAD: dict[str, Any] = {"points": 1, "seed": 0, "levers": [], "scenarios": {}, "best": []}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (drop("inputs"), "inputs"),
        (drop("scenarios"), "scenarios"),
        (place("scenarios")([]), "scenarios"),
        (drop("inputs", "files", "sites"), "sites"),
        (place("inputs", "files", "operations", "licences")(7), "inputs.input_hash"),
        (drop(*FIRST, "decisions"), r"scenarios\.0\.decisions"),
        (drop(*FIRST, "decisions", "draws_meur"), r"scenarios\.0\.decisions.*draws_meur"),
        (place(*FIRST, "decisions", "draws")([1]), r"decisions\.draws: unknown"),
        (place(*FIRST, "decisions", "draws_meur")([[1.0]]), r"decisions\.draws_meur: it has the shape"),
        (place(*FIRST, "decisions", "draws_meur")([[1.0], [1.0, 2.0]]), r"decisions\.draws_meur: expected numbers"),
        (place(*FIRST, "decisions", "draws_meur")("lots"), r"decisions\.draws_meur: expected numbers"),
        (place(*FIRST, "decisions", "draws_meur")(None), r"decisions\.draws_meur: expected numbers"),
        (place(*FIRST, "decisions", "site_open")([[True, True]]), r"decisions\.site_open: expected numbers"),
        (place(*FIRST, "decisions", "site_open")([[1, 10**400]]), r"decisions\.site_open: expected numbers"),
        (place(*FIRST, "status")("perfect"), r"scenarios\.0\.status"),
        (place(*FIRST, "scenario")("nowhere"), r"scenarios\.0\.scenario.*nowhere"),
        (place(*FIRST, "scenario")("ppp"), r"scenarios\.0"),
        (place(*FIRST, "input_hash")("0" * 64), r"scenarios\.0\.input_hash"),
        (place(*FIRST, "stages", 0, "primal")(None), r"scenarios\.0\.stages\.0\.primal"),
        (place("insights")({"tornados": {}}), r"insights\.tornados"),
        (place("insights")({"tornado": [1]}), r"insights\.tornado"),
        (
            place("insights")({"tornado": {"tables": [{"scenario": "ppp", "bars": []}]}}),
            r"insights\.tornado\.tables\.0",
        ),
        (place("insights")({"distribution": {**SPREAD, "points": "many"}}), r"insights\.distribution\.points"),
        (place("insights")({"prices": {"scenario": "ppp", "rules": [{"rule": 5}]}}), r"insights\.prices\.rules\.0"),
        (place("made")("yesterday"), "made"),
    ],
)
def test_a_damaged_file_is_refused(tmp_path: Path, change: Change, told: str) -> None:
    """Breaks when a damaged file passes, ends in an error of Python's, or its message does not name file and key."""
    file = changed(tmp_path, change)
    with pytest.raises(CaseError, match=told) as caught:
        read_result(file)
    assert str(file) in str(caught.value)


@pytest.mark.parametrize(
    "text",
    ["", "[1, 2]", "{", '{"inputs": NaN}', '{"inputs": -Infinity, "scenarios": []}', "[" * 100_000, '{"a": 1}', "\x00"],
)
def test_what_is_no_json_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "text.json"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(CaseError, match=r"text\.json"):
        read_result(file)


def test_a_decision_that_is_not_a_number_is_refused(tmp_path: Path) -> None:
    """Breaks when NaN is read as a number: it would pass every comparison that is written the wrong way round."""
    file = result_file(tmp_path)
    text = file.read_text(encoding="utf-8").replace('"draws_meur":[[', '"draws_meur":[[NaN,', 1)
    assert "NaN" in text
    file.write_text(text, encoding="utf-8")
    with pytest.raises(CaseError, match="NaN"):
        read_result(file)


def test_numbers_without_measure_are_refused_by_the_ledger(tmp_path: Path) -> None:
    """Breaks when an overflow ends the programme instead of the plan."""
    with pytest.raises(LeamError):
        read_result(changed(tmp_path, more("draws_meur", 1e308)))


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(CaseError, match=r"nothing\.json: it cannot be read"):
        read_result(tmp_path / "nothing.json")


def test_what_is_not_proven_stays_unproven(tmp_path: Path) -> None:
    """Breaks when a missing bound, null in JSON, is read as a proof."""

    def change(data: dict[str, Any]) -> None:
        for plan in data["scenarios"]:
            plan["dual_bound_meur"] = plan["mip_gap"] = plan["stages"][0]["dual"] = plan["stages"][1]["dual"] = None
            plan["status"] = "time_limit"

    read = read_result(changed(tmp_path, change)).comparison
    assert not read.decided
    assert read.best.result.dual_bound_meur == -np.inf
    assert read.best.result.mip_gap == np.inf


def changed(folder: Path, change: Change) -> Path:
    file = result_file(folder)
    data = json.loads(file.read_text(encoding="utf-8"))
    change(data)
    file.write_text(json.dumps(data), encoding="utf-8")
    return file
