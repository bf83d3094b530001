"""Fronts of two objectives: each point is what brute force and another formulation find, and nothing dominates it."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from leam_opt.case.schema import Case
from leam_opt.errors import CaseError, InfeasibleError, SolveError
from leam_opt.insight import attempts
from leam_opt.insight.pareto import Pareto, Point, _undominated, pareto, sentences
from leam_opt.report.style import plain
from leam_opt.report.tables_alternatives import pareto_view
from leam_opt.solve.plan import Plan
from leam_opt.solve.run import solve
from leam_opt.words import Words
from tests.insight.brute import Everything, deficit, gap
from tests.insight.choices import choices
from tests.maths.helpers import TIGHT, bare_case
from tests.study.tiny import tiny_case

CLOSE = 2e-5
"""Twenty euros, twenty GPU-hours: the engine allows itself ten of each when it goes from one objective to the next."""


def less_compute(model: Any) -> Any:
    """Public compute, negative."""
    return model.less_public_compute


def fewer_models(model: Any) -> Any:
    """Core models, negative."""
    return -sum(model.core_models[key] for key in model.DEVELOP)


def co2(model: Any) -> Any:
    """CO2 of the electricity, kt."""
    return sum(model.source_co2[key[0]] * model.energy_gwh[key] for key in model.SUPPLY)


def brute(case: Case, second: Any) -> Everything:
    """All combinations with no more than the least gap; amounts: gap, deficit, the second cost."""
    made = Everything(case, [gap, deficit, second])
    gaps = made.least(0)
    made.limit(0, most=gaps.min() + 1e-6)
    made.keep(gaps <= gaps.min() + 1e-6)
    return made


def check_points(front: Pareto, everything: Everything) -> None:
    """Each point has the least deficit under its limit, then the least second cost; no other plan is better in both."""
    for point in front.points:
        first, second = point.costs
        everything.limit(2, most=point.limit + 1e-7)
        assert everything.least(1).min() == pytest.approx(first, abs=CLOSE)
        everything.limit(2)
        everything.limit(1, most=first + 1e-6)
        assert everything.least(2).min() == pytest.approx(second, abs=CLOSE)
        everything.limit(1)
        assert point.plan.audit.passed
        assert point.plan.result.status == "optimal"


@pytest.fixture(scope="module")
def compute() -> Pareto:
    """Deficit against public compute, which jumps by a purchase unit."""
    return pareto(choices(), points=6, mip_gap=TIGHT)


def test_points_are_those_of_brute_force(compute: Pareto) -> None:
    """A step that is optimal in one objective only, or an end that is not lexicographic, would show here."""
    check_points(compute, brute(choices(), less_compute))
    values = [point["values"]["public_compute"] for point in compute.to_dict()["points"]]
    assert values == pytest.approx([4, 5, 6, 7, 8], abs=CLOSE)


def test_the_front_is_complete_where_it_says_so(compute: Pareto) -> None:
    """In each hole brute force finds no plan that is not dominated; the four holes are the whole range."""
    everything = brute(choices(), less_compute)
    assert compute.complete
    assert compute.dropped == 0
    assert len(compute.holes) == 4
    for (worse, better), point in zip(compute.holes, compute.points[1:], strict=True):
        assert better - worse > 0.99
        for target in np.linspace(worse, better, 4):
            everything.limit(2, most=-target + 1e-7)
            assert everything.least(1).min() == pytest.approx(point.costs[0], abs=CLOSE)


def test_points_are_those_of_another_formulation(compute: Pareto) -> None:
    """The case's own objective: the most public compute within a point's deficit, and then the least deficit."""
    for point in compute.points[1:4:2]:
        limit = {"name": "public_compute", "deficit_max": point.costs[0] + CLOSE / 2}
        most = solve(choices(objective=limit), mip_gap=TIGHT)
        assert most.accounts.totals["public_gpu_hours_million"] == pytest.approx(-point.costs[1], abs=CLOSE)
        assert most.deficit_meur == pytest.approx(point.costs[0], abs=CLOSE)


def test_whole_numbers_are_stepped_through() -> None:
    """Every number of core models is a point, and the front is complete with fewer points than asked for."""
    case = choices(mission={"models_per_year_max": 4}, generations={"m1": {"models_min": 2}})
    front = pareto(case, ("deficit", "core_models"), points=9, mip_gap=TIGHT)
    everything = brute(case, fewer_models)
    least = []
    for number in range(2, 9):
        everything.limit(2, most=-number)
        least.append((float(everything.least(1).min()), -float(number)))
    best = [a for a in least if np.isfinite(a[0]) and not any(b[0] <= a[0] + CLOSE and b[1] < a[1] for b in least)]
    assert len(best) >= 3
    assert [point.costs for point in front.points] == [pytest.approx(costs, abs=CLOSE) for costs in best]
    assert front.complete


def test_points_of_a_front_without_jumps_lie_at_even_steps() -> None:
    """CO2 can be bought off kWh by kWh: no point is missed or dominated, and the steps are even."""
    front = pareto(choices(), ("deficit", "co2"), points=5, mip_gap=TIGHT)
    check_points(front, brute(choices(), co2))
    assert len(front.points) == 5
    assert not front.complete
    steps = [here.costs[1] - there.costs[1] for here, there in pairwise(front.points)]
    assert min(steps) == pytest.approx(max(steps), rel=0.05)
    assert all(here.costs[0] < there.costs[0] for here, there in pairwise(front.points))


def test_where_nothing_conflicts_there_is_one_point() -> None:
    """No CO2 is emitted by any amount of compute from green electricity: one plan is best in both."""
    front = pareto(choices(), ("co2", "public_compute"), points=4, mip_gap=TIGHT)
    data = front.to_dict()
    assert (len(front.points), front.complete, front.dropped) == (1, True, 0)
    assert data["points"][0]["values"] == pytest.approx({"co2": 0, "public_compute": 8}, abs=CLOSE)
    assert sentences(data)[0].startswith("There is no trade-off between CO2 of the electricity and public compute")


def test_the_unfunded_gap_stays_first() -> None:
    """Where money is short every point leaves the least gap open, however much compute more of it would buy."""
    case = tiny_case(funding={"instruments": {"grant": {"cap_total": 14}, "sponsor": {"cap_total": 8}}})
    least = solve(case, mip_gap=TIGHT).unfunded_gap_meur
    front = pareto(case, points=3, mip_gap=TIGHT)
    assert least > 1
    assert len(front.points) >= 2
    assert [point.plan.unfunded_gap_meur for point in front.points] == pytest.approx(
        [least] * len(front.points), abs=3e-5
    )


def test_dominated_points_are_dropped(compute: Pareto) -> None:
    """A point that another one beats, or beats in one and equals in the other, is none; of equal ones one stays."""
    plan = compute.points[0].plan
    costs = [(1.0, 5.0), (2.0, 5.0), (2.0, 3.0), (2.0 + 1e-7, 3.0 - 1e-7), (3.0, 3.0), (4.0, 1.0)]
    points = [Point(plan, each, each[1]) for each in costs]
    kept = [point.costs for point in _undominated([points[4], *points[:4], points[5]])]
    assert len(kept) == 3
    assert kept == [pytest.approx(each, abs=1e-6) for each in ((1, 5), (2, 3), (4, 1))]


def test_points_that_are_not_proven_show_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of searches that end at a wide gap, or out of time, no hole follows, no whole front, and no efficient point."""

    def rough(*args: Any, **options: Any) -> Plan:
        plan = solve(*args, **options)
        return replace(plan, result=replace(plan.result, status="gap_reached"))

    case = bare_case(mission={"models_per_year_max": 1})
    proven = pareto(case, ("deficit", "core_models"), points=5, mip_gap=TIGHT)
    assert proven.complete and len(proven.points) > 1
    monkeypatch.setattr(attempts, "solve", rough)
    front = pareto(case, ("deficit", "core_models"), points=5, mip_gap=TIGHT)
    assert [point.costs for point in front.points] == [point.costs for point in proven.points]
    assert (front.complete, front.holes) == (False, [])
    told = " ".join(sentences(front.to_dict()))
    assert "proven that" not in told and "None of them can be improved" not in told
    assert "None of them can be improved" in " ".join(sentences(proven.to_dict()))


def test_a_search_that_ends_early_claims_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """With one end alone nothing is said about a trade-off, and the front is not complete."""
    calls = []

    def ending(*args: Any, **options: Any) -> Plan:
        calls.append(options)
        if len(calls) == 1:
            return solve(*args, **options)
        raise SolveError("the time limit ended the search before a first plan was found")

    monkeypatch.setattr(attempts, "solve", ending)
    front = pareto(tiny_case(), scenario="public", mip_gap=TIGHT)
    assert (len(front.points), front.complete, front.searches) == (1, False, 2)
    assert sentences(front.to_dict()) == ["Only one end of the front between deficit and public compute was found."]


@pytest.mark.parametrize(
    ("objectives", "message"),
    [
        (("deficit", "public_computing"), "unknown objective 'public_computing'; did you mean 'public_compute'"),
        (("deficit", "xyz"), "unknown objective 'xyz'; known are deficit, public_compute"),
        (("deficit", "unfunded_gap"), "every plan of the front has the least one"),
        (("deficit",), "two different objectives.*given: deficit"),
        (("deficit", "deficit"), "two different objectives"),
        (("deficit", "co2", "public_money"), "two different objectives"),
    ],
)
def test_wrong_objectives_are_told(objectives: tuple[str, ...], message: str) -> None:
    with pytest.raises(CaseError, match=message):
        pareto(tiny_case(), objectives)


def test_other_wrong_questions_are_told() -> None:
    """A single point, an unknown scenario, a case without a plan."""
    with pytest.raises(CaseError, match="two ends at least"):
        pareto(tiny_case(), points=1)
    with pytest.raises(CaseError, match=r"publik.*public"):
        pareto(tiny_case(), scenario="publik")
    with pytest.raises(InfeasibleError):
        pareto(tiny_case(mission={"public_compute_min": 1000}))


def test_words(compute: Pareto) -> None:
    """Both languages tell the ends, the cheapest and the dearest step; the view has every point."""
    data = compute.to_dict()
    english, german = " ".join(sentences(data)), " ".join(sentences(data, Words("de")))
    assert "5 plans make up the front between deficit and public compute" in english
    assert "8.0 million GPU-hours" in english
    assert "8,0 Mio. GPU-Stunden" in german
    assert "from point 3 to point 4, 1.0 million GPU-hours for 9.1 M€" in english
    assert "The front is complete" in english
    assert "Die Front ist vollständig" in german
    view = plain(pareto_view(data))
    assert all(f"{point.costs[0]:.2f}" in view for point in compute.points)
