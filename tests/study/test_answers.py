"""Answers from rows made by hand: counts, quantiles, probabilities and rankings that are known."""

from __future__ import annotations

import math
from itertools import product
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leam_opt.study.answers import answers
from leam_opt.study.answers_words import digits_of, figure, probability_text, share_text
from leam_opt.study.designs import Design, Morris, SobolIndices
from leam_opt.study.distributions import Distribution
from leam_opt.study.indices import probability
from leam_opt.study.spec import Lane, Threshold
from tests.study.made import FACTORS, NAN, framed, grid, held, plain_data, row, sample, study, tornado_design


def output(found: dict[str, Any], group: int = 0, name: str = "deficit_meur") -> dict[str, Any]:
    each: dict[str, Any] = found["summary"]["groups"][group]["outputs"][name]
    return each


def test_runs_are_counted_with_the_commonest_reasons() -> None:
    """Reasons that differ in their numbers only are one."""
    spec = study(grid([0.1, 0.2, 0.3]))
    rows = [row("public", 0, 1), row("public", 1), row("public", 2, seconds=4.0, status="time_limit", reason="late")]
    rows += [row("ppp", point, status="invalid", reason=f"{point + 2} share is too large") for point in range(3)]
    found = answers(spec, framed(spec, rows))["runs"]
    assert (found["done"], found["runs"], found["complete"]) == (6, 6, True)
    assert (found["planned"], found["without_plan"]) == (1, 5)
    assert found["by_status"] == {"invalid": 3, "optimal": 1, "infeasible": 1, "time_limit": 1}
    assert found["by_scenario"][1] == {"scenario": "ppp", "status": {"invalid": 3}}
    assert found["reasons"][0] == {
        "status": "invalid",
        "reason": "2 share is too large",
        "runs": 3,
        "first_run": 3,
    }
    assert found["seconds"] == {"total": 9.0, "mean": 1.5, "max": 4.0}
    without, late = found["sentences"]
    assert without == (
        "5 of 6 runs have no plan: 2 share is too large (3 runs, invalid), cannot hold together: a and b (1 run, "
        "infeasible) and 1 more."
    )
    assert late == "The time limit of 60 s ended 1 run; allow more for a narrower proof."


def test_a_study_that_is_not_complete_says_so_first() -> None:
    spec = study(sample(2000), ["public"])
    found = answers(spec, framed(spec, [row("public", point, 1.0) for point in range(1234)]))
    assert found["runs"]["sentences"][0].endswith("all answers are from 1,234 of 2,000 runs.")
    nothing = answers(spec, framed(spec, []))
    assert nothing["runs"]["done"] == 0
    assert nothing["summary"]["sentences"] == ["There is no run yet."]
    plain_data(nothing)


def test_quantiles_of_a_sample_have_intervals_and_those_of_a_grid_have_none() -> None:
    spec = study(sample(99), ["public"], quantiles=(0.1, 0.5))
    found = answers(spec, framed(spec, [row("public", point, float(point + 1)) for point in range(99)]))
    each = output(found)["all"]
    assert (each["runs"], each["mean"], each["min"], each["max"]) == (99, 50, 1, 99)
    assert each["sd"] == pytest.approx(math.sqrt(99 * 100 / 12))
    tenth, half = each["quantiles"]
    assert (tenth["level"], tenth["value"]) == (0.1, pytest.approx(10.8))
    assert (half["value"], half["unproven"]) == (50, 0)
    assert half["low"] == 40 < 50 < half["high"] == 60  # ranks of the binomial distribution
    spec = study(grid([0.1, 0.2]), ["public"])
    each = output(answers(spec, framed(spec, [row("public", 0, 1), row("public", 1, 3)])))["all"]
    assert [quantile["level"] for quantile in each["quantiles"]] == [0.05, 0.25, 0.5, 0.75, 0.95]
    assert all(quantile["low"] is None for quantile in each["quantiles"])


def test_no_digit_is_told_that_is_not_proven() -> None:
    """Deficits of 12.3456 M€ of which 0.04 are open are 12.3 M€; with nothing proven, that is said."""
    spec = study(grid([0.1, 0.2]), ["public"])
    for unproven, told in ((0.0, "12.35 M€"), (0.04, "12.3 M€"), (3.0, "10 M€"), (NAN, "nothing is proven")):
        rows = [row("public", point, 12.3456, unproven=unproven) for point in (0, 1)]
        assert told in answers(spec, framed(spec, rows))["summary"]["sentences"][0]


@given(st.floats(1e-9, 1e6))
def test_digits_are_as_coarse_as_what_is_unproven(unproven: float) -> None:
    digits = digits_of(unproven)
    assert digits <= 2
    assert 10.0**-digits >= unproven * (1 - 1e-6)


def test_figures_and_shares_in_words() -> None:
    assert figure(-331.65, "deficit_meur") == "-331.65 M€"
    assert figure(0.0004, "unfunded_gap_meur") == "0.000400 M€"
    assert figure(1e-12, "unfunded_gap_meur") == "0.00 M€"
    assert figure(-1e-12, "unfunded_gap_meur") == "0.00 M€"
    assert figure(460, "servers_a100") == "460 servers"
    assert figure(0.125, "public_funding_share") == "12 %"
    assert figure(12345.678, "energy_gwh") == "12,346 GWh"
    assert figure(NAN, "energy_gwh") == "no figure"
    assert share_text(0.99999) == "99.999 %"
    assert (share_text(1), share_text(0)) == ("100 %", "0 %")
    assert probability_text(probability(1820, 2000), is_sample=True) == "91 % (89.6 to 92.2 %)"
    assert probability_text(probability(620, 1000), is_sample=True) == "62 % (58 to 65 %)"


def test_a_held_plan_that_misses_rules_is_told_apart() -> None:
    """It keeps all rules in 3 of 6 futures, misses one by 10 and by 30 % in two, and cannot be carried out in one."""
    spec = study(sample(6), ["public"], lane="evaluate")
    rows = [held("public", point, "", deficit) for point, deficit in enumerate((1.0, 2.0, 3.0))]
    rows += [held("public", 3, "", 100.0, unmet=0.1), held("public", 4, "", 200.0, unmet=0.3), held("public", 5, "")]
    found = answers(spec, framed(spec, rows))
    group = found["summary"]["groups"][0]
    assert (group["kept"], group["unmet"], group["infeasible"]) == (3, 2, 1)
    assert (group["keeps_rules"]["successes"], group["keeps_rules"]["runs"]) == (3, 6)
    assert group["misses"]["median_share"] == pytest.approx(0.2)
    assert group["misses"]["rules"] == [
        {"rule": "compute that is promised", "runs": 2, "median_share": pytest.approx(0.2)}
    ]
    assert (output(found)["kept"]["max"], output(found)["all"]["max"]) == (3, 200)
    rules, figures = found["summary"]["sentences"]
    assert rules.startswith("public: the plan keeps all rules in 50 % (18 to 82 %) of 6 futures; where it does not, it")
    assert "it misses most often 'compute that is promised', by 20 % in the median; in 17 % it cannot" in rules
    assert "over 3 futures in which the plan keeps all rules the deficit is in the median 2.00 M€" in figures
    assert figures.endswith("With the 2 that miss rules the mean is 61.20 M€.")


def test_probabilities_of_thresholds() -> None:
    """Of ten deficits 0 to 9 four are below 4; at 4.0 with 0.5 unproven a better plan could be below, too."""
    events = (Threshold("deficit_meur", 4.0, None), Threshold("deficit_meur", None, 3.8))
    spec = study(sample(11), ["public"], thresholds=events)
    rows = [row("public", point, float(point), unproven=0.5 if point == 4 else 0.0) for point in range(10)]
    found = answers(spec, framed(spec, [*rows, row("public", 10)]))["thresholds"]
    below, above = (event["all"] for event in found["events"])
    assert (below["successes"], below["runs"], below["undecided"]) == (4, 10, 1)
    assert (above["successes"], above["runs"], above["undecided"]) == (5, 10, 1)
    expected = probability(4, 10)
    assert (below["low"], below["high"]) == (expected.low, expected.high)
    assert found["events"][0]["without_plan"] == 1
    assert found["sentences"][0] == (
        "public: the deficit is below 4.00 M€ in 40 % (16 to 69 %) of 10 futures; 10 % are undecided, as the MIP gaps "
        "leave it open; 1 run without a plan left out."
    )


def ranked(
    spec_rows: list[dict[str, Any]], size: int, scenarios: tuple[str, ...] = ("public", "ppp")
) -> dict[str, Any]:
    spec = study(sample(size), scenarios)
    found = answers(spec, framed(spec, spec_rows))
    plain_data(found)
    ranking: dict[str, Any] = found["ranking"]
    return ranking


def test_one_scenario_beats_the_other_with_a_probability() -> None:
    """1,820 of 2,000 futures are won, 20 are within the gaps, the rest lost."""
    rows = [row("public", point, 10.0) for point in range(2000)]
    rows += [row("ppp", point, 9.0 if point < 1820 else 11.0) for point in range(1980)]
    rows += [row("ppp", point, 9.9, unproven=0.1) for point in range(1980, 2000)]
    for each in rows[1980:2000]:
        each["dual_bound_meur"] = 9.8
    found = ranked(rows, 2000)
    assert found["sentences"] == ["ppp beats public in 91 % (89.6 to 92.2 %) of 2,000 futures; 1 % undecided."]
    (pair,) = found["tables"][0]["pairs"]
    assert (pair["better"]["points"], pair["worse"]["points"], pair["undecided"]) == (1820, 160, 20)
    assert pair["bounds"][0] == pair["better"]["low"] < pair["better"]["high"] < pair["bounds"][1]


@pytest.mark.parametrize(
    ("public", "ppp", "better"),
    [
        ({"deficit": 10.0}, {"deficit": 9.0}, "ppp"),
        ({"deficit": 10.0, "unproven": 0.5}, {"deficit": 9.0}, "ppp"),
        ({"deficit": 10.0, "unproven": 1.5}, {"deficit": 9.0}, "open"),
        ({"deficit": 10.0, "unproven": NAN}, {"deficit": 9.0}, "open"),
        ({"deficit": 10.0}, {"deficit": 9.0, "unproven": 5.0}, "ppp"),
        # A gap comes before the deficit, and the MIP gap holds for it relative to gross cost.
        ({"deficit": 1.0, "unfunded_gap_meur": 2.0}, {"deficit": 9.0}, "ppp"),
        ({"deficit": 1.0, "unfunded_gap_meur": 2.0, "mip_gap": 1e-3}, {"deficit": 9.0}, "ppp"),
        ({"deficit": 1.0, "unfunded_gap_meur": 2.0, "mip_gap": 1e-1}, {"deficit": 9.0}, "open"),
        ({"deficit": 1.0, "unfunded_gap_meur": 2e-7}, {"deficit": 9.0}, "public"),
        # Equal deficits are decided where nothing is searched for, by public money.
        ({"deficit": 9.0, "public_money_meur": 5.0}, {"deficit": 9.0, "public_money_meur": 4.0}, "open"),
        ({"deficit": NAN}, {"deficit": 9.0}, "ppp"),
        ({"deficit": NAN, "status": "failed"}, {"deficit": 9.0}, "open"),
        ({"deficit": NAN, "status": "time_limit"}, {"deficit": 9.0}, "open"),
        ({"deficit": NAN}, {"deficit": NAN}, "none"),
    ],
)
def test_what_decides_a_pair(public: dict[str, Any], ppp: dict[str, Any], better: str) -> None:
    spec = study(grid([0.2]), outputs=("deficit_meur", "unfunded_gap_meur", "public_money_meur", "gross_cost_meur"))
    rows = [row(name, 0, gross_cost_meur=50.0, **each) for name, each in (("public", public), ("ppp", ppp))]
    (pair,) = answers(spec, framed(spec, rows))["ranking"]["tables"][0]["pairs"]
    won = pair["first"] if pair["better"]["points"] else "open" if pair["undecided"] else "none"
    assert won == better


def test_held_plans_are_compared_exactly_and_their_rules_come_first() -> None:
    spec = study(grid([0.1, 0.2, 0.3, 0.4]), lane="evaluate")
    rows = [held("public", 0, "", 5.0), held("ppp", 0, "", 5.0)]
    rows += [held("public", 1, "", 5.0), held("ppp", 1, "", 5.0, public_money_meur=0.5)]
    rows += [held("public", 2, "", 5.0), held("ppp", 2, "", 1.0, unmet=0.2)]
    rows += [held("public", 3, "", 5.0, unmet=0.1), held("ppp", 3, "")]
    found = answers(spec, framed(spec, rows))["ranking"]
    (pair,) = found["tables"][0]["pairs"]
    assert (pair["first"], pair["better"]["points"], pair["worse"]["points"]) == ("public", 1, 1)
    assert (pair["equal"], pair["undecided"], pair["neither_has_plan"]) == (1, 0, 1)
    (sentence,) = found["sentences"]
    assert sentence == (
        "public beats ppp at 1 of 3 points; 1 equal; 1 with a plan that keeps all rules for public only; "
        "1 more without a plan that keeps all rules for either."
    )


def test_the_best_of_three_and_points_that_are_not_common() -> None:
    rows = [row("a", point, 1.0) for point in range(4)] + [
        row("b", point, 2.0 - 2 * (point == 3)) for point in range(4)
    ]
    found = ranked([*rows, *(row("c", point, 3.0) for point in range(2, 5))], 5, ("a", "b", "c"))
    (table,) = found["tables"]
    assert [(each["scenario"], each["points"]) for each in table["best"]] == [("a", 1), ("b", 1), ("c", 0)]
    assert table["points"] == 2
    assert [pair["points"] for pair in table["pairs"]] == [4, 2, 2]
    assert found["sentences"][0].startswith("Of 2 futures: best of all is a in 50 % (9 to 91 %) and b in 50 % (9 to")
    apart = ranked([row("a", 0, 1.0), row("b", 1, 2.0)], 2, ("a", "b"))
    assert apart["sentences"] == ["a and b have no futures in common so far."]


def test_a_ranking_needs_a_deficit() -> None:
    spec = study(grid([0.2]), outputs=("servers_a100",))
    rows = [{**row(name, 0, 1.0), "servers_a100": 1.0} for name in ("public", "ppp")]
    found = answers(spec, framed(spec, rows).drop(columns=["deficit_meur", "unfunded_gap_meur", "public_money_meur"]))
    assert found["ranking"]["sentences"] == [
        "The scenarios cannot be ranked: the study keeps no deficit_meur; name it under outputs."
    ]
    assert "ranking" not in answers(study(grid([0.2]), ["public"]), framed(spec, rows))


def test_two_readings_of_a_reference_plan_stand_apart() -> None:
    spec = study(grid([0.1, 0.2]), ["public"], lane="reference")
    rows = [
        {**held("public", point, reading, 1.0 + point), "lane": "reference", "dual_bound_meur": NAN}
        for reading in ("constant", "growth")
        for point in (0, 1)
    ]
    found = answers(spec, framed(spec, rows))
    assert found["runs"]["complete"]
    assert [group["plan"] for group in found["summary"]["groups"]] == ["constant", "growth"]
    assert "public with the reading growth: over 2 points the deficit lies between 1.00 and 2.00 M€" in " ".join(
        found["summary"]["sentences"]
    )


DESIGNS: list[Design] = [
    grid([0.1, 0.2, 0.3, 0.4]),
    sample(5),
    tornado_design(a=(1, 2, 3), b=(1, 2, 3)),
    Morris(FACTORS, 2),
    SobolIndices(FACTORS, (Distribution("uniform", 0, 1),) * 3, 2),
]
STATUS = ("optimal", "gap_reached", "time_limit", "infeasible", "invalid", "failed", "audit_failed")


@pytest.mark.parametrize("design", DESIGNS, ids=lambda design: design.kind)
@pytest.mark.parametrize("lane", ["replan", "evaluate"])
def test_whatever_has_landed_is_answered(design: Design, lane: Lane) -> None:
    """Any part of the runs, with any status, and with figures or bounds that are missing."""
    random = Random(f"{design.kind} {lane}")
    asked: dict[str, Any] = {"thresholds": (Threshold("deficit_meur", 5.0, None),), "regret": ("deficit_meur",)}
    if lane == "replan" and design.kind == "grid":
        asked["flip_width"] = 0.001
    plans = ("x", "y") if lane == "evaluate" else ("",)
    spec = study(design, lane=lane, plans=plans if lane == "evaluate" else (), **asked)
    status = (*STATUS, "evaluated", "unmet") if lane == "evaluate" else STATUS
    amounts = [0.0, 1.0, 1.0000001, 5.0, 100.0, NAN]
    for share in (0.2, 0.5, 0.9, 0.9, 0.9):
        rows = []
        for scenario, plan, point in product(spec.scenarios, plans, range(design.count)):
            if random.random() < share:
                ended = random.choice(status)
                deficit = random.choice(amounts) if ended not in STATUS[2:] else NAN
                keys = {"lane": lane, "plan": plan, "plan_key": plan or "k", "status": ended}
                more = {"dual_bound_meur": random.choice(amounts), "structure": random.choice(["", "a: 1", "a: 2; b"])}
                rows.append(row(scenario, point, deficit, **keys, **more))
        found = answers(spec, framed(spec, rows))
        plain_data(found)
        sentences = [sentence for block in found.values() for sentence in block.get("sentences", [])]
        assert sentences
        assert not [sentence for sentence in sentences if {"nan", "inf"} & set(sentence.split())]
