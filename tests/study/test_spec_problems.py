"""Everything wrong with a study file is said at its place, before anything runs."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

from leam_opt.errors import CaseError
from leam_opt.study.spec_load import load_study
from tests.study.studies import GRID, OUTPUTS, PUBLIC, Studies


@pytest.fixture
def studies(tmp_path: Path) -> Studies:
    return Studies(tmp_path)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "1:1: the file is empty; a study needs a design"),
        ("# nothing\n", "1:1: the file is empty; a study needs a design"),
        ("- a\n", "1:1: a study is a mapping of sections (design: ..., outputs: ...), got a list"),
        ("design: &x {kind: corners}\n", "1:9: the anchor '&x' is not allowed in a study; write the value out"),
        ("design: {kind: grid\n", "2:1: a quote or bracket is not closed"),
        (f"name: My Study\n{GRID}", "1:7: name: the name 'My Study' is not allowed; use lower case letters"),
        (f"desing: 1\n{GRID}", "1:1: desing: unknown key; did you mean 'design'?"),
        (f"lane: plan\n{GRID}", "1:7: lane: 'plan' is not allowed; did you mean 'replan'?"),
        (f"scenarios: public\n{GRID}", "1:12: scenarios: expected a list such as [a, b], got 'public'"),
        (f"scenarios: []\n{GRID}", "1:12: scenarios: it is empty; at least one entry is needed"),
        (f"scenarios: [pulic]\n{GRID}", "1:13: scenarios.0: unknown scenario 'pulic'; did you mean 'public'?"),
        (f"scenarios: [base, base]\n{GRID}", "1:19: scenarios.1: the scenario base stands twice; name it once"),
        (f"case: leam-22\n{GRID}", "1:7: case: no case 'leam-22': neither a folder nor a shipped case"),
        (f"mip_gap: -1\n{GRID}", "1:10: mip_gap: -1 share is too small; at least 0 share is allowed"),
        (f"time_limit: {{low: 1}}\n{GRID}", "1:13: time_limit: expected a number in s, got a mapping"),
        (f"seed: 1.5\n{GRID}", "1:7: seed: expected a whole number, got '1.5'"),
        (f"lane: reference\n{GRID}", "1:7: lane: the case has no reference_plan in public, private"),
        (f"set: {{prices.tokns: 1}}\n{GRID}", "1:7: set.prices.tokns: nothing in the case has this path; did you mean"),
        (f"set: [1]\n{GRID}", "1:6: set: expected values by path, such as {prices.tokens: 0.01}; got a list"),
        (f"set: {{prices.tokens: x}}\n{GRID}", "1:22: set.prices.tokens: 'x' is not a number with a unit"),
        (f"set: {{prices.tok: 1, prices.toke: 2}}\n{GRID}", "1:22: set.prices.toke: prices.tokens is set already"),
        (f"{GRID}plans: {{a: {{}}}}", "2:1: plans: the lane replan holds no plans; write lane: evaluate"),
        (f"{GRID}lane: evaluate\nplans: {{a: {{scenario: x}}}}", "3:23: plans.a.scenario: unknown scenario 'x'"),
        (f"{GRID}lane: evaluate\nplans: {{a: {{at: top}}}}", "3:17: plans.a.at: 'top' is not allowed; "),
        (
            f"{GRID}lane: evaluate\nplans: {{a: {{set: {{compute.goodput: 2}}}}}}",
            "3:36: plans.a.set.compute.goodput: 2 share is too large",
        ),
        (f"{GRID}outputs: [deficit]", "2:11: outputs.0: unknown output 'deficit'; did you mean 'deficit_meur'?"),
        (f"{GRID}outputs: [x]", "2:11: outputs.0: unknown output 'x'; known are deficit_meur, public_money_meur"),
        (
            f"{GRID}outputs: [deficit_meur, deficit_meur]",
            "2:25: outputs.1: the output deficit_meur stands twice; name it once",
        ),
        (f"{GRID}answers: {{quantiles: [5]}}", "2:23: answers.quantiles.0: 5 share is too large; at most 1 share"),
        (f"{GRID}answers: {{quantiles: [0]}}", "2:23: answers.quantiles.0: the quantile 0 is an end"),
        (
            f"{GRID}answers: {{thresholds: [{{output: deficit_meur}}]}}",
            "2:24: answers.thresholds.0: a threshold has either below: VALUE or above: VALUE",
        ),
        (
            f"{GRID}answers: {{thresholds: [{{output: deficit_meur, below: much}}]}}",
            "2:54: answers.thresholds.0.below: expected a number, got 'much'",
        ),
        (
            f"{GRID}answers: {{thresholds: [{{output: deficit, below: 1}}]}}",
            "2:33: answers.thresholds.0.output: unknown output 'deficit'; did you mean 'deficit_meur'?",
        ),
        (
            f"case: leam-2022\nlane: reference\n{GRID}answers: {{regret: true}}",
            "4:11: answers.regret: regret compares several plans, and the lane reference has one; write lane: evaluate",
        ),
        (
            "design: {kind: list, rows: [{compute.goodput: 0.8}]}\nanswers: {regret: true}",
            "2:11: answers.regret: regret compares the plans of at least two points, and the design has one",
        ),
        (
            GRID.replace("[0.8, 0.9]", "{from: 0.5, to: 0.9, steps: 201}") + "answers: {regret: true}",
            "2:11: answers.regret: the design has 201 points; in the lane replan the plan of each is held at all",
        ),
        (
            f"{GRID}{PUBLIC}lane: evaluate\nanswers: {{regret: true}}",
            "4:11: answers.regret: regret compares at least two plans; name them under plans",
        ),
        (
            f"{GRID}lane: evaluate\nanswers: {{regret: {{outputs: [deficit]}}}}",
            "3:29: answers.regret.outputs: unknown output 'deficit'; did you mean",
        ),
        (f"{GRID}lane: evaluate\nanswers: {{flips: true}}", "3:11: answers.flips: flip points are found by planning"),
        (
            f"{PUBLIC}design: {{kind: corners}}\nanswers: {{flips: true}}",
            "3:11: answers.flips: flip points need a grid of a single lever, which is a figure",
        ),
        (f"{GRID}answers: {{flips: {{width: 0}}}}", "2:26: answers.flips.width: the width must be above 0 share"),
        (f"{GRID}answers: {{flips: {{width: 2 kg}}}}", "2:26: answers.flips.width: the unit 'kg' does not fit"),
        (f"{GRID}answers: {{flip: true}}", "2:11: answers.flip: unknown key; did you mean 'flips'?"),
    ],
)
def test_a_study_that_is_wrong(studies: Studies, text: str, problem: str) -> None:
    found = studies.problem(text)
    assert found.startswith(problem), found


def test_a_study_without_a_case(studies: Studies, tmp_path: Path) -> None:
    file = tmp_path / "study.yaml"
    file.write_text(GRID)
    with pytest.raises(CaseError, match=r"study.yaml:1:1: the key 'case' is missing: a shipped case, or the path"):
        load_study(file, known_outputs=OUTPUTS)
    with pytest.raises(CaseError, match=r"nothing.yaml: the file does not exist"):
        load_study(tmp_path / "nothing.yaml", known_outputs=OUTPUTS)


def test_a_case_that_is_wrong_is_told_with_its_own_places(studies: Studies) -> None:
    studies.case.edit("goodput: 0.9", "goodput: 9")
    found = studies.problem(GRID)
    assert f"{studies.case.path.parent}/small/studies/../case.yaml:" in found
    assert "compute.goodput: 9 share is too large" in found


def test_a_path_that_a_scenario_lacks(studies: Studies) -> None:
    """Without the private scenario the path fits nothing at all, which is another message."""
    studies.case.edit(
        "        tokens: 0.012\n",
        "        tokens: 0.012\n      upkeep:\n        care: {basis: hardware, share_per_year: 1 %}\n",
    )
    text = "design: {kind: grid, levers: {upkeep.care.share: [0.01, 0.02]}}\n"
    found = studies.problem(text)
    assert found == (
        "1:31: design.levers.upkeep.care.share: the case has no upkeep.care.share_per_year in public; "
        "leave public out of the study's scenarios"
    )
    assert studies.load(f"scenarios: [private]\n{text}").design.count == 2
    assert "nothing in the case has this path" in studies.problem(f"{PUBLIC}{text}")
    # A setting holds where the path exists.
    spec = studies.load(f"set: {{upkeep.care.share: 0.03}}\n{GRID}")
    assert spec.frames["private"].upkeep["care"].share_per_year.base == 0.03


def test_a_range_that_differs_between_scenarios_has_to_be_given(studies: Studies) -> None:
    found = studies.problem("design: {kind: corners, levers: [prices.tokens]}\n")
    assert "its range differs between the scenarios (0.005 to 0.02 EUR/ktoken in public and none in private)" in found
    given = "design: {kind: corners, levers: {prices.tokens: {low: 0.005, high: 0.02}}}\n"
    (lever,) = studies.load(given).design.levers
    assert lever.base is None
    # One at a time needs a value to come back to, and the scenarios have two.
    assert "no single value in the case to come back to" in studies.problem(given.replace("corners", "one-at-a-time"))


def test_all_problems_are_told_at_once(studies: Studies) -> None:
    """Breaks when a wrong section hides what is wrong elsewhere."""
    text = """\
scenarios: [publik]
lane: replann
seed: x
design:
  kind: grid
  levers: {compute.goodput: [2], prices.tokns: [1]}
outputs: [deficit]
answers: {thresholds: [{output: gap, below: 0}]}
"""
    places = [problem.split(": ")[1] for problem in studies.problems(text)]
    assert places == [
        "scenarios.0",
        "lane",
        "seed",
        "design.levers.compute.goodput",
        "design.levers.prices.tokns",
        "outputs.0",
        "answers.thresholds.0.output",
    ]


ODD: list[Any] = [None, True, 0, -1, math.nan, "", "x", ".", "prices", [], [[1]], {}, {"a": 1}, "10 %", 10**30, "all"]
FULL: dict[str, Any] = {
    "name": "full",
    "scenarios": ["public", "base"],
    "lane": "evaluate",
    "set": {"prices.tokens": 0.01},
    "plans": {"a": {"scenario": "private", "set": {"compute.goodput": 0.8}, "at": "high"}, "b": {}},
    "design": {
        "kind": "sample",
        "points": 8,
        "levers": {"mission.funnel": {"kind": "normal", "mean": 2, "sd": 0.1}, "adoption.low.core": None},
        "only": ["mission", "adoption"],
        "correlation": [{"between": ["mission.funnel", "adoption.low.core"], "rho": 0.5}],
    },
    "outputs": ["deficit_meur"],
    "answers": {"regret": {"outputs": ["deficit_meur"]}, "thresholds": [{"output": "deficit_meur", "below": 1}]},
    "time_limit": "3 s",
}


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    entries: Any = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in entries:
        yield (*path, key)
        yield from places(item, (*path, key))


def test_nothing_that_may_stand_in_a_study_breaks_its_reader(studies: Studies) -> None:
    """Every value in turn is replaced by others, one in five of all: a study is read, or its problems are told."""
    case = studies.case.load()
    random = Random(1)
    read = 0
    for path in places(FULL):
        for odd in random.sample(ODD, len(ODD) // 5):
            study = copy.deepcopy(FULL)
            holder = study
            for key in path[:-1]:
                holder = holder[key]
            holder[path[-1]] = odd
            try:
                spec = load_study(study, known_outputs=OUTPUTS, case=case)
            except CaseError as error:
                assert all(error.problems), (path, odd)
            else:
                assert len(spec.design.labels()) == spec.design.count
                read += 1
    assert 0 < read < 60
