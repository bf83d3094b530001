"""Comparing scenarios: ranking, bridge, and what "undecided" means and when it ends."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from leam_opt.errors import CaseError, InfeasibleError
from leam_opt.report import compare as room
from leam_opt.report.compare import Comparison, compare
from tests.maths.helpers import TIGHT, bare_case


def scenarios(**overlays: dict[str, Any]) -> Any:
    """One unit for the mission under several overlays."""
    named = {name: {"title": name.title(), "overlay": overlay} for name, overlay in overlays.items()}
    return bare_case(mission={"public_compute_min": 1}, operations={"internet": 0.5}, scenarios=named)


def price(meur: float) -> dict[str, Any]:
    return {"server_types": {"alpha": {"unit_price": meur}}}


def bridged(comparison: Comparison) -> dict[str, float]:
    return dict(comparison.bridge)


def test_the_ranking_is_by_deficit_and_the_bridge_adds_up() -> None:
    """Units at 12 and 10, internet at 0.5 and 0.7 a year: deficits of 13 and 11.4, a difference of -2 + 0.4."""
    case = scenarios(dear=price(12), cheap={**price(10), "operations": {"internet": 0.7}}, dearest=price(15))
    comparison = compare(case, mip_gap=TIGHT)
    assert comparison.ranking == ["cheap", "dear", "dearest"]
    assert comparison.decided
    assert list(comparison.plans) == ["dear", "cheap", "dearest"]
    assert bridged(comparison) == pytest.approx(
        {"deficit of dear": 13, "servers": -2, "internet": 0.4, "deficit of cheap": 11.4}, abs=1e-6
    )
    amounts = [meur for _, meur in comparison.bridge]
    assert sum(amounts[:-1]) == pytest.approx(amounts[-1], abs=1e-9)
    assert comparison.reason.startswith("cheap is best: its deficit of 11.4")
    found = comparison.to_dict()
    assert (found["bridge_from"], found["bridge_to"]) == ("dear", "cheap")
    assert [plan["scenario"] for plan in found["scenarios"]] == ["dear", "cheap", "dearest"]


def test_money_that_is_missing_comes_before_the_deficit() -> None:
    """The cheap scenario leaves 1 unfunded: the dear one, all funded, is best."""
    case = scenarios(cheap={**price(10), "funding": {"instruments": {"grant": {"cap_total": 10}}}}, dear=price(15))
    comparison = compare(case, mip_gap=TIGHT)
    assert comparison.ranking == ["dear", "cheap"]
    assert "unfunded gap" in comparison.reason


def test_public_money_decides_between_equal_deficits() -> None:
    sponsor = {"kind": "sponsor", "title": "Sponsors", "cap_total": 4}
    helped = {"funding": {"use": ["grant", "sponsor"], "instruments": {"sponsor": sponsor}}}
    comparison = compare(scenarios(alone={}, helped=helped), mip_gap=TIGHT)
    assert comparison.ranking == ["helped", "alone"]
    assert comparison.decided
    assert "public money" in comparison.reason


def test_scenarios_that_are_the_same_stay_undecided() -> None:
    comparison = compare(scenarios(one={}, other={}), mip_gap=TIGHT)
    assert not comparison.decided
    assert comparison.ranking == ["one", "other"]
    assert "do not differ" in comparison.reason
    assert bridged(comparison) == pytest.approx({"deficit of other": 11, "deficit of one": 11}, abs=1e-6)


def test_one_scenario_needs_no_decision() -> None:
    comparison = compare(scenarios(one={}, other=price(12)), scenarios=["other"], mip_gap=TIGHT)
    assert comparison.decided
    assert comparison.bridge == []
    assert "only scenario" in comparison.reason


def test_a_scenario_without_a_plan_is_named() -> None:
    case = scenarios(good={}, bad={"mission": {"public_compute_min": 99}})
    with pytest.raises(InfeasibleError, match="scenario bad: no plan satisfies all rules"):
        compare(case)


def test_an_unknown_scenario_is_named() -> None:
    with pytest.raises(CaseError, match="god"):
        compare(scenarios(good={}), scenarios=["god"])


def test_public_money_has_a_bridge_by_instrument() -> None:
    """A state takes 4 of 11 M EUR over in one scenario, sponsors (private) 2: public money of 11 and 9.

    The grant falls by 6, that of the state rises by 4; sponsors are no line of it.
    """
    state = {"kind": "grant", "title": "State", "cap_total": 4, "intensity": 1, "payer": "state"}
    sponsor = {"kind": "sponsor", "title": "Sponsors", "cap_total": 2}
    instruments = {"grant": {"cap_total": 5}, "state": state, "sponsor": sponsor}
    shared = {"funding": {"use": ["grant", "state", "sponsor"], "instruments": instruments}}
    comparison = compare(scenarios(alone={}, shared=shared), mip_gap=TIGHT)
    assert comparison.ranking == ["shared", "alone"]
    bridge = dict(comparison.public_money_bridge)
    assert bridge == pytest.approx(
        {"public money of alone": 11, "grant": -6, "state": 4, "public money of shared": 9}, abs=1e-6
    )
    found = comparison.to_dict()
    assert [row["meur"] for row in found["public_money_bridge"]] == [*bridge.values()]
    paid: dict[str, float] = {}
    for row in found["bearers"]["shared"]:
        paid[row["payer"]] = paid.get(row["payer"], 0.0) + row["paid_meur"]
    assert paid == pytest.approx({"state": 4, "public": 5, "industry": 2}, abs=1e-5)


def test_measures_stand_beside_the_key_figures() -> None:
    """The frame has one row for each measure, and the dictionary the same by scenario."""
    comparison = compare(scenarios(one={}, dear=price(12)), mip_gap=TIGHT)
    frame = comparison.frame()
    assert frame.loc["deficit_meur"].tolist() == pytest.approx([11, 13])
    assert frame.loc["npv_deficit_meur"].tolist() == pytest.approx([11, 13])
    measures = comparison.to_dict()["measures"]
    assert {name: found["npv_deficit_meur"] for name, found in measures.items()} == pytest.approx(
        {"one": 11, "dear": 13}
    )


def test_value_for_money_needs_both_scenarios() -> None:
    """The partnership builds at 9 instead of 10 M EUR: 11 against 10 M EUR at no rate and without risks."""
    named = {name: {"title": name, "overlay": price(meur)} for name, meur in (("own", 10), ("shared", 9))}
    case = bare_case(
        mission={"public_compute_min": 1},
        operations={"internet": 0.5},
        scenarios=named,
        value_for_money={"comparator": "own", "partnership": "shared", "samples": 100},
    )
    found = compare(case, mip_gap=TIGHT).to_dict()["value_for_money"]
    assert found["comparator"]["scenario"] == "own"
    assert found["comparator"]["total"]["mean_meur"] == pytest.approx(11, abs=1e-5)
    assert found["partnership"]["total"]["mean_meur"] == pytest.approx(10, abs=1e-5)
    assert found["value_for_money"]["mean_meur"] == pytest.approx(1, abs=1e-5)
    assert compare(case, scenarios=["own"], mip_gap=TIGHT).value_for_money is None
    assert compare(scenarios(own={}), mip_gap=TIGHT).to_dict()["value_for_money"] is None


class Solver:
    """Stands in for HiGHS: each scenario has a true deficit, of which a gap hides an equal part above and below."""

    def __init__(self, **truth: float) -> None:
        self.truth = truth
        self.asked: list[tuple[str, float]] = []

    def __call__(self, case: Any, *, scenario: str, mip_gap: float, **rest: Any) -> Any:
        """What `solve` would return, as far as a comparison looks."""
        self.asked.append((scenario, mip_gap))
        hidden = 100 * mip_gap / 2
        value = self.truth[scenario] + hidden
        zero = SimpleNamespace(name="unfunded_gap", primal=0.0, dual=0.0)
        stages = [zero, SimpleNamespace(name="deficit", primal=value, dual=self.truth[scenario] - hidden)]
        totals = {"unfunded_gap_meur": 0.0, "deficit_meur": value, "public_money_meur": value, "gross_cost_meur": 100.0}
        structure = SimpleNamespace(index=SimpleNamespace(instruments=("grant",)), public=(True,))
        books = SimpleNamespace(line_totals={"servers": value}, inputs=SimpleNamespace(structure=structure))
        return SimpleNamespace(
            accounts=SimpleNamespace(totals=totals, books=books),
            decisions=SimpleNamespace(draws_meur=np.array([[value]])),
            result=SimpleNamespace(mip_gap=mip_gap, status="gap_reached", stages=stages),
            deficit_meur=value,
            unfunded_gap_meur=0.0,
            case=case,
        )


def compared(monkeypatch: pytest.MonkeyPatch, solver: Solver, **options: Any) -> Comparison:
    monkeypatch.setattr(room, "solve", solver)
    return compare(scenarios(**{name: {} for name in solver.truth}), **options)


def test_gaps_are_tightened_until_the_ranking_is_decided(monkeypatch: pytest.MonkeyPatch) -> None:
    """50.0 and 50.3 at a gap of 5 of 100 M EUR are undecided, at 0.5 too, and decided at 0.05: each twice solved."""
    solver = Solver(a=50.0, b=50.3)
    comparison = compared(monkeypatch, solver, mip_gap=0.05)
    assert comparison.decided
    assert comparison.ranking == ["a", "b"]
    gaps = sorted({gap for _, gap in solver.asked}, reverse=True)
    assert gaps == pytest.approx([0.05, 0.005, 0.0005])


def test_only_the_best_two_are_solved_again(monkeypatch: pytest.MonkeyPatch) -> None:
    solver = Solver(a=50.0, b=50.3, far=80.0)
    assert compared(monkeypatch, solver, mip_gap=0.05).decided
    assert [gap for name, gap in solver.asked if name == "far"] == [0.05]


def test_without_time_the_ranking_stays_undecided(monkeypatch: pytest.MonkeyPatch) -> None:
    """The difference is less than what the gaps hide, and the sentence says so."""
    solver = Solver(a=50.0, b=50.3)
    comparison = compared(monkeypatch, solver, mip_gap=0.05, time_limit=0)
    assert not comparison.decided
    assert comparison.reason.startswith("Undecided: a and b differ by 0.300")
    assert len(solver.asked) == 2


def test_a_third_scenario_with_a_wide_gap_is_not_overlooked(monkeypatch: pytest.MonkeyPatch) -> None:
    """The third one's plan is worse than the second's, but nothing proves yet that it could not be the best.

    `loose` stops at a gap of 40 whatever it is asked for the first time: 50 to 90, where a has 60 and b has 70.
    """

    class Loose(Solver):
        def __call__(self, case: Any, *, scenario: str, mip_gap: float, **rest: Any) -> Any:
            first = scenario == "loose" and all(name != scenario for name, _ in self.asked)
            plan = super().__call__(case, scenario=scenario, mip_gap=mip_gap, **rest)
            return super().__call__(case, scenario=scenario, mip_gap=0.4, **rest) if first else plan

    solver = Loose(a=60.0, b=65.0, loose=55.0)
    comparison = compared(monkeypatch, solver, mip_gap=1e-4)
    assert comparison.decided
    assert comparison.ranking[0] == "loose"
