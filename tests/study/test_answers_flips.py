"""Flips along one figure, found in rounds by a solver whose flips are known."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leam_opt.case.quantity import Unit
from leam_opt.study.answers import answers, next_points
from leam_opt.study.levers import Lever
from leam_opt.study.spec import StudySpec
from tests.study.made import NAN, Solver, framed, grid, plain_data, solved, solved_row, study

PATH = "power.price"
TENTHS = [0.1, 0.2, 0.3, 0.4]


def later(spec: StudySpec, solver: Solver, values: list[float], number: int) -> pd.DataFrame:
    """The runs of a later round."""
    rows = [
        {**solved_row(name, -1, solver(name, value)), PATH: value, "round": number, "run": 1000 * number + at}
        for name in spec.scenarios
        for at, value in enumerate(values)
    ]
    return framed(spec, rows)


def narrowed(spec: StudySpec, solver: Solver, frame: pd.DataFrame | None = None) -> tuple[pd.DataFrame, list[float]]:
    """All rows when no more is asked for, and the values that were, each once."""
    frame = solved(spec, solver) if frame is None else frame
    asked: list[float] = []
    for number in range(1, 40):
        values = next_points(spec, frame)
        assert values == sorted(set(values))
        if number == 2:
            assert values == next_points(spec, frame.sample(frac=1, random_state=number))
        if not values:
            return frame, asked
        assert not set(values) & set(asked)
        asked += values
        frame = pd.concat([frame, later(spec, solver, values, number)], ignore_index=True)
    raise AssertionError("the search does not end")


def crossing(at: float, unproven: float = 0.0) -> Solver:
    """The deficit of the state scenario rises by 100 a unit and meets that of the other, 10, at a value."""

    def solver(scenario: str, value: float) -> Mapping[str, Any]:
        deficit = 10 + 100 * (value - at) if scenario == "public" else 10.0
        return {"status": "optimal", "deficit_meur": deficit, "dual_bound_meur": deficit - unproven}

    return solver


def test_the_value_at_which_the_best_scenario_changes() -> None:
    spec = study(grid(TENTHS), flip_width=0.001)
    assert next_points(spec, solved(spec, crossing(0.3017))) == [0.35]
    frame, asked = narrowed(spec, crossing(0.3017))
    assert asked[:3] == [0.35, 0.325, 0.3125]
    found = answers(spec, frame)["flips"]
    (flip,) = found["best"]
    assert flip["low"] <= 0.3017 <= flip["high"] <= flip["low"] + 0.001
    assert (flip["from"], flip["to"], flip["undecided_runs"]) == ("public", "ppp", 0)
    assert found["complete"]
    assert found["sentences"][0] == (
        "As power.price rises, ppp becomes better than public between 0.30156 and 0.30235 EUR/kWh."
    )
    plain_data(found)


@settings(max_examples=10, deadline=None)
@given(
    flips=st.lists(st.integers(1001, 3999), min_size=1, max_size=5, unique=True).map(sorted),
    width=st.sampled_from([0.01, 0.0005]),
    names=st.sampled_from([("a", "b"), ("a", "b", "c")]),
)
def test_every_flip_that_the_design_sees_is_bracketed(flips: list[int], width: float, names: tuple[str, ...]) -> None:
    """The best scenario goes round at each flip; what neighbouring points do not show is not seen."""

    def best(value: float) -> int:
        return sum(value > each / 10_000 for each in flips) % len(names)

    def solver(scenario: str, value: float) -> Mapping[str, Any]:
        deficit = 1.0 if names[best(value)] == scenario else 2.0
        structure = f"state {best(value)}" if scenario == names[0] else ""
        return {"status": "optimal", "deficit_meur": deficit, "dual_bound_meur": deficit, "structure": structure}

    values = [0.1, 0.17, 0.24, 0.31, 0.4]
    spec = study(grid(values), names, flip_width=width)
    frame, _ = narrowed(spec, solver)
    found = answers(spec, frame)
    plain_data(found)
    seen = [low for low, high in pairwise(values) if best(low) != best(high)]
    for one in (found["flips"]["best"], found["flips"]["structure"]):
        assert all(each["high"] - each["low"] <= width * (1 + 1e-9) for each in one)
        assert all(best(each["low"]) != best(each["high"]) for each in one)
        for low in seen:
            assert any(low <= each["low"] < values[values.index(low) + 1] for each in one)
    spans = found["steps"]["tables"][0]["spans"]
    assert [span["structure"] for span in spans] == [f"state {best(span['from'])}" for span in spans]
    assert sum(span["runs"] for span in spans) == len(frame) / len(names)


def test_what_gaps_leave_open_around_a_flip_is_told() -> None:
    """Two M EUR are unproven: within 0.02 of the flip nothing is decided, and the edges of that are found."""
    spec = study(grid(TENTHS), flip_width=0.001)
    frame, asked = narrowed(spec, crossing(0.3017, unproven=2.0))
    found = answers(spec, frame)["flips"]
    (flip,) = found["best"]
    assert flip["low"] == pytest.approx(0.2817, abs=0.001)
    assert flip["high"] == pytest.approx(0.3217, abs=0.001)
    assert flip["undecided_runs"] > 0
    (stretch,) = found["open"]
    assert flip["low"] < stretch["from"] <= stretch["to"] < flip["high"]
    assert found["sentences"][0].endswith("; within it they differ by less than is proven.")
    assert len(asked) < 20


def test_where_neither_side_can_be_decided_nothing_more_is_run() -> None:
    spec = study(grid(TENTHS), flip_width=0.001)
    solver = crossing(0.25, unproven=50.0)
    assert next_points(spec, solved(spec, solver)) == []
    found = answers(spec, solved(spec, solver))["flips"]
    assert (found["best"], found["complete"]) == ([], True)
    assert found["open"] == [{"from": 0.1, "to": 0.4, "seem_best": ["public", "ppp"]}]
    assert found["sentences"][0].startswith("Which scenario is best is decided nowhere from 0.1 to 0.4 EUR/kWh")


def test_structures_that_differ_by_less_than_the_gaps_are_told_and_left() -> None:
    """The structure changes between all points; the deficit changes by 1 between them, of which 2 are unproven."""

    def solver(scenario: str, value: float) -> Mapping[str, Any]:
        deficit = 10 * value
        structure = f"2025 here: {value * 10:.0f} a100"
        return {"deficit_meur": deficit, "dual_bound_meur": deficit - 2, "status": "optimal", "structure": structure}

    spec = study(grid(TENTHS), ["public"], flip_width=0.001)
    assert next_points(spec, solved(spec, solver)) == []
    found = answers(spec, solved(spec, solver))["flips"]
    assert [jump["decided"] for jump in found["structure"]] == [False] * 3
    assert found["sentences"][0] == (
        "public: from 0.1 to 0.2 EUR/kWh: 2025 here: 1 a100 -> 2 a100; the MIP gaps leave open where."
    )


def test_a_flip_to_no_plan_at_all() -> None:
    def solver(scenario: str, value: float) -> Mapping[str, Any]:
        deficit = 1.0 if value < 0.33 else NAN
        return {"status": "infeasible" if deficit != deficit else "optimal", "deficit_meur": deficit, "reason": "rules"}

    spec = study(grid(TENTHS), ["public", "ppp"], flip_width=0.01)
    frame, _ = narrowed(spec, solver)
    found = answers(spec, frame)
    (jump,) = [each for each in found["flips"]["structure"] if each["scenario"] == "public"]
    assert jump["low"] < 0.33 <= jump["high"] <= jump["low"] + 0.01
    assert jump["changes"] == ["no plan from there on (rules)"]
    last = found["steps"]["tables"][0]["spans"][-1]
    assert (last["planned"], last["structure"], last["reason"]) == (False, None, "rules")


def test_servers_as_steps_of_the_lever() -> None:
    """20 servers fewer from each point on, but the last two are the same."""
    counts = {0.1: 480.0, 0.2: 460.0, 0.3: 440.0, 0.4: 440.0}

    def solver(scenario: str, value: float) -> Mapping[str, Any]:
        servers = {"servers_a100": counts[value], "servers_h100": 20.0, "structure": f"2025 here: {counts[value]} a100"}
        return {"status": "optimal", "deficit_meur": value, "dual_bound_meur": value, **servers}

    spec = study(grid(TENTHS), ["public"], outputs=("deficit_meur", "servers_a100", "servers_h100"))
    found = answers(spec, solved(spec, solver))
    assert "flips" not in found
    spans = found["steps"]["tables"][0]["spans"]
    assert [(span["from"], span["to"], span["runs"], span["servers"]["a100"]) for span in spans] == [
        (0.1, 0.1, 1, 480),
        (0.2, 0.2, 1, 460),
        (0.3, 0.4, 2, 440),
    ]
    assert found["steps"]["sentences"] == [
        "public: 3 structures of the plan from 0.1 to 0.4 EUR/kWh of power.price.",
        "public: from 0.1 to 0.2 EUR/kWh: a100 480 -> 460 servers.",
        "public: from 0.2 to 0.3 EUR/kWh: a100 460 -> 440 servers.",
    ]
    assert next_points(spec, solved(spec, solver)) == []


def test_a_search_that_is_killed_between_scenarios_ends_where_it_would_have() -> None:
    """A value that one scenario lacks is asked for again; a row that stands twice counts once."""
    spec = study(grid(TENTHS), flip_width=0.001)
    solver = crossing(0.2222, unproven=0.1)
    whole, _ = narrowed(spec, solver)
    for number in (1, 3):
        kept = whole[(whole["round"] < number) | ((whole["round"] == number) & (whole["scenario"] == "public"))]
        assert len(kept) < len(whole)
        again, _ = narrowed(spec, solver, kept)
        assert set(again[PATH]) == set(whole[PATH])
        assert answers(spec, again)["flips"] == answers(spec, whole)["flips"]


def test_brackets_are_told_as_percentages_and_rounded_outwards() -> None:
    share = Lever("power.price", Unit("share", le=1.0), 0.5, "figure", 0.0, 1.0)
    spec = study(grid([0.0, 1.0], share), flip_width=0.4)
    frame, _ = narrowed(spec, crossing(1 / 3))
    sentence = answers(spec, frame)["flips"]["sentences"][0]
    assert sentence == "As power.price rises, ppp becomes better than public between 25 and 50 %."
    spec = study(grid([0.12346, 0.12353], share), flip_width=1)
    sentence = answers(spec, solved(spec, crossing(0.1235)))["flips"]["sentences"][0]
    assert sentence.endswith("between 12.346 and 12.353 %.")
