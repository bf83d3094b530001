"""Regret by hand: matrices of plans and futures, the plan of least regret, and what it costs."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from leam_opt.study.answers import answers, plans_to_hold
from leam_opt.study.answers_regret import MOST_PLANS
from leam_opt.study.spec import StudySpec
from tests.study.made import NAN, framed, grid, held, plain_data, row, study

NAMED = ("lean", "rich", "odd")
ASKED = ("deficit_meur",)


def named(deficits: dict[str, list[float]], unmet: dict[tuple[str, int], float] | None = None) -> dict[str, Any]:
    """Regret of held plans by their deficits in each future."""
    count = len(next(iter(deficits.values())))
    spec = study(grid([0.1 * (at + 1) for at in range(count)]), ["public"], lane="evaluate", plans=NAMED, regret=ASKED)
    rows = [
        held("public", point, plan, value, unmet=(unmet or {}).get((plan, point), 0.0))
        for plan, values in deficits.items()
        for point, value in enumerate(values)
    ]
    found = answers(spec, framed(spec, rows))
    plain_data(found)
    regret: dict[str, Any] = found["regret"]
    return regret


def test_regret_of_named_plans() -> None:
    """The plan lean loses 0, 1, 8; rich loses 4, 0, 0; odd loses 6, 5, 1."""
    found = named({"lean": [10, 21, 38], "rich": [14, 20, 30], "odd": [16, 25, 31]})
    (table,) = found["tables"]
    assert (found["form"], table["scenario"], table["futures"], table["unit"]) == ("named", "public", 3, "M€")
    assert table["regret"] == [[0, 1, 8], [4, 0, 0], [6, 5, 1]]
    assert [plan["all"]["max"] for plan in table["plans"]] == [8, 4, 6]
    assert [plan["all"]["mean"] for plan in table["plans"]] == pytest.approx([3, 4 / 3, 4])
    assert table["plans"][2]["all"]["quantile_95"] == pytest.approx(5.9)
    assert (table["minimax"], table["price"], table["undecided_with"]) == ("rich", 4, [])
    least, price = found["sentences"]
    assert least == (
        "public: the plan of least regret is rich: its deficit is at most 4.00 M€ above the best of each point (at "
        "power.price 0.1 EUR/kWh), and 1.33 M€ on average over 3 points."
    )
    assert price == (
        "public: its price in the first point (power.price 0.1 EUR/kWh) is 4.00 M€ against the best plan there, lean, "
        "which loses up to 8.00 M€ (at power.price 0.3 EUR/kWh)."
    )


def test_a_plan_that_misses_rules_somewhere_cannot_be_chosen() -> None:
    """The plan rich would be best, but misses a rule; its cheap figure there is no measure for the others either."""
    found = named({"lean": [10, 21, 38], "rich": [14, 2, 30], "odd": [16, 25, NAN]}, {("rich", 1): 0.1})
    (table,) = found["tables"]
    lean, rich, odd = table["plans"]
    assert (lean["eligible"], rich["eligible"], odd["eligible"]) == (True, False, False)
    assert table["regret"] == [[0, 0, 8], [4, -19, 0], [6, 4, None]]
    assert (rich["keeps_rules_share"], rich["kept"]["max"]) == (pytest.approx(2 / 3), 4)
    assert (odd["without_figures"], odd["all"]["max"]) == (1, 6)
    assert table["minimax"] == "lean"
    assert found["sentences"][0] == "public: rich and odd cannot be chosen: not all rules are kept in all 3 points."


def test_where_all_plans_miss_rules_that_is_said() -> None:
    missed = {("lean", 0): 0.1, ("rich", 2): 0.2}
    found = named({"lean": [10, 21, 38], "rich": [14, 20, 30], "odd": [16, 25, NAN]}, missed)
    (table,) = found["tables"]
    assert (table["minimax"], table["minimax_keeps_all_rules"]) == ("rich", False)
    assert found["sentences"][0] == (
        "public: no plan keeps all rules in all 3 points; of those with figures in all of them, rich keeps them in "
        "67 %. What follows counts figures that miss rules."
    )
    none = named({"lean": [NAN, 21], "rich": [14, NAN], "odd": [NAN, NAN]})
    assert none["tables"][0]["minimax"] is None
    assert none["sentences"] == [
        "public: no plan has figures in all 2 points, so that none has the least regret of the deficit."
    ]


def test_scenarios_with_a_plan_each_are_compared_with_one_another() -> None:
    spec = study(grid([0.1, 0.2]), lane="evaluate", regret=ASKED)
    rows = [held("public", 0, "", 5), held("public", 1, "", 9), held("ppp", 0, "", 7), held("ppp", 1, "", 6)]
    found = answers(spec, framed(spec, rows))["regret"]
    (table,) = found["tables"]
    assert ([plan["plan"] for plan in table["plans"]], table["minimax"]) == (["public", "ppp"], "ppp")
    assert table["regret"] == [[0, 3], [2, 0]]


def replanned(unproven: float = 0.0) -> tuple[StudySpec, list[dict[str, Any]]]:
    """Three futures with optima 10, 20 and 30; the first two have the same plan."""
    spec = study(grid([0.1, 0.2, 0.3]), ["public"], regret=ASKED)
    keys = ("k1", "k1", "k2")
    rows = [
        row("public", point, 10.0 * (point + 1), plan_key=key, structure=f"2025 here: {key}", unproven=unproven)
        for point, key in enumerate(keys)
    ]
    return spec, rows


def holding(scenario: str, label: str, values: list[float], **more: Any) -> list[dict[str, Any]]:
    """Rows of a plan that is held in every future."""
    return [held(scenario, point, label, value, round=1, **more) for point, value in enumerate(values)]


def test_regret_of_the_plans_of_re_planned_runs() -> None:
    spec, rows = replanned(unproven=0.02)
    frame = framed(spec, rows)
    assert plans_to_hold(spec, frame) == {"run 0": "k1", "run 2": "k2"}
    before = answers(spec, frame)["regret"]
    assert before["sentences"] == ["Regret cannot be told: no plan has been held yet."]
    rows += holding("public", "run 0", [10, 19.99, 35]) + holding("public", "run 2", [12, 21, 30])
    found = answers(spec, framed(spec, rows))
    plain_data(found)
    assert (found["runs"]["later_rounds"], found["runs"]["complete"]) == (6, True)
    (table,) = found["regret"]["tables"]
    assert table["regret"] == [[0, pytest.approx(-0.01), 5], [2, 1, 0]]
    assert (table["minimax"], table["price"], table["contradictions"]) == ("run 2", 2, 0)
    assert [plan["structure"] for plan in table["plans"]] == ["2025 here: k1", "2025 here: k2"]
    sentences = found["regret"]["sentences"]
    assert sentences[0].startswith("public: the plan of least regret is run 2: its deficit is at most 2.0 M€ above")
    assert sentences[1] == "Its structure is 2025 here: k2."
    assert (
        "price in the first point (power.price 0.1 EUR/kWh) is 2.0 M€ against the best plan there, run 0"
        in sentences[2]
    )
    assert plans_to_hold(spec, framed(spec, rows)) == {"run 0": "k1", "run 2": "k2"}


def test_what_gaps_leave_open_about_the_least_regret() -> None:
    """1.0 against 1.1: with 0.2 unproven the other may lose less; in the same future gaps take nothing away."""
    for unproven, other, open_ in (
        (0.0, [10, 21.1, 30], False),
        (0.2, [10, 21.1, 30], True),
        (0.2, [11.1, 20, 30], False),
    ):
        spec, rows = replanned(unproven)
        rows += holding("public", "run 0", [11, 20, 30]) + holding("public", "run 2", other)
        (table,) = answers(spec, framed(spec, rows))["regret"]["tables"]
        assert (table["minimax"], bool(table["undecided_with"])) == ("run 0", open_)


def test_a_held_plan_that_beats_what_is_proven_is_reported() -> None:
    """A deficit 1 below the optimum contradicts it, unless more is left unfunded."""
    for gap, contradictions in ((0.0, 1), (3.0, 0)):
        spec, rows = replanned(0.02)
        rows += holding("public", "run 0", [9, 20, 30], unfunded_gap_meur=gap)
        found = answers(spec, framed(spec, rows))["regret"]
        assert found["tables"][0]["contradictions"] == contradictions
        assert any("the runs contradict one another" in each for each in found["sentences"]) == bool(contradictions)
        beside = found["tables"][0]["plans"][0]["more_unfunded"]
        assert beside == {"futures": 3 * bool(gap), "max_meur": gap}


def test_plans_of_another_scenario_count_where_they_fit() -> None:
    spec = study(grid([0.1, 0.2]), regret=ASKED)
    rows = [row(name, point, 1.0 + point, plan_key=f"{name}{point}") for name in spec.scenarios for point in (0, 1)]
    labels = plans_to_hold(spec, framed(spec, rows))
    assert labels == {"run 0": "public0", "run 2": "ppp0", "run 1": "public1", "run 3": "ppp1"}
    for scenario in spec.scenarios:
        for label in labels:
            fits = label != "run 3" or scenario == "ppp"
            lost = {"status": "failed", "reason": "the plan cannot be held here"}
            rows += holding(scenario, label, [3, 3] if fits else [NAN, NAN], **({} if fits else lost))
    found = answers(spec, framed(spec, rows))["regret"]
    assert [[plan["plan"] for plan in table["plans"]] for table in found["tables"]] == [
        ["run 0", "run 2", "run 1"],
        ["run 0", "run 2", "run 1", "run 3"],
    ]


def test_futures_that_have_not_been_run_or_have_no_plan_do_not_count() -> None:
    spec, rows = replanned()
    rows[1] = row("public", 1)
    rows += holding("public", "run 0", [10, 20]) + holding("public", "run 2", [12, 21, 30])
    (table,) = answers(spec, framed(spec, rows))["regret"]["tables"]
    assert [future["point"] for future in table["columns"]] == [0]


def test_the_most_frequent_plans_are_held() -> None:
    """150 points: one plan at 50 of them, the others once; 50 are held and the others told."""
    spec = study(grid([0.001 * (at + 1) for at in range(150)]), ["public"], regret=ASKED)
    rows = [row("public", point, 1.0, plan_key="often" if point % 3 == 1 else f"k{point}") for point in range(150)]
    frame = framed(spec, rows)
    labels = plans_to_hold(spec, frame)
    assert len(labels) == MOST_PLANS == 50
    assert list(labels.items())[:2] == [("run 1", "often"), ("run 0", "k0")]
    assert labels == plans_to_hold(spec, frame.sample(frac=1, random_state=1))
    left_out = answers(spec, frame)["regret"]
    assert (left_out["plans_left_out"], left_out["sentences"][0]) == (
        51,
        "Only the 50 most frequent plans are held; 51 more are left out.",
    )
    assert plans_to_hold(study(grid([0.1]), ["public"]), frame) == {}


def test_least_regret_as_a_search_through_all_plans_finds_it() -> None:
    random = Random(3)
    for _ in range(10):
        values = {plan: [random.uniform(0, 10) for _ in range(5)] for plan in NAMED}
        (table,) = named(values)["tables"]
        best = [min(values[plan][at] for plan in NAMED) for at in range(5)]
        worst = {plan: max(values[plan][at] - best[at] for at in range(5)) for plan in NAMED}
        assert table["minimax"] == min(worst, key=lambda plan: worst[plan])
        assert min(min(row) for row in table["regret"]) == 0
