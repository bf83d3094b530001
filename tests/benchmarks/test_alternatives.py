"""leam-2022 with public money: alternatives within 2 %; the front, each point verified by two independent solves."""

from __future__ import annotations

from typing import Any

import pytest

import leam_opt as lo
from leam_opt.case.index import CLASSES
from leam_opt.insight.alternatives import alternatives
from leam_opt.insight.pareto import Point, pareto
from leam_opt.solve.search import PROVEN_GAP
from tests.benchmarks.test_studies import needs_timing

_SCENARIO = "public"
_ROOM = 1e-5
"""M€, million GPU-hours: room of a limit that a plan of another formulation has to keep."""


@needs_timing
def test_front(benchmark: Any) -> None:
    """Deficit against public compute in eight points, each as the case's own objectives and rules find it."""
    case = lo.load_case("leam-2022")
    front = benchmark.pedantic(lambda: pareto(case, scenario=_SCENARIO, points=8), rounds=1, iterations=1)
    benchmark.extra_info.update(searches=front.searches, dropped=front.dropped, points=len(front.points))
    assert len(front.points) == 8
    for point in front.points:
        assert point.plan.audit.passed
        assert point.plan.result.status == "optimal"
        _most_compute_for_the_deficit(case, point)
        _least_deficit_for_the_compute(case, point)


def _most_compute_for_the_deficit(case: lo.Case, point: Point) -> None:
    """The objective `public_compute` under `deficit_max`: no plan of this deficit gives the public more."""
    deficit, compute = point.costs[0], -point.costs[1]
    limit = {"objective.name": "public_compute", "objective.deficit_max": deficit + _ROOM}
    most = lo.solve(case.override(limit), scenario=_SCENARIO)
    found = most.accounts.totals["public_gpu_hours_million"]
    assert found == pytest.approx(compute, rel=2 * PROVEN_GAP)


def _least_deficit_for_the_compute(case: lo.Case, point: Point) -> None:
    """The mission asks for what the point gives the public each year: no plan has a smaller deficit."""
    given = point.plan.decisions.compute_mgpuh[:, CLASSES.index("public")].sum(axis=0)
    asked = {
        f"mission.public_compute_min.{year}": float(amount) - _ROOM
        for year, amount in zip(case.years, given, strict=True)
    }
    least = lo.solve(case.override(asked), scenario=_SCENARIO)
    gross_cost = point.plan.accounts.totals["gross_cost_meur"]
    assert least.deficit_meur == pytest.approx(point.costs[0], abs=2 * PROVEN_GAP * gross_cost)


@needs_timing
def test_alternatives(benchmark: Any) -> None:
    """All that is known about the plans within 2 % of the gross cost; every plan passes the audit."""
    case = lo.load_case("leam-2022")
    found = benchmark.pedantic(lambda: alternatives(case, _SCENARIO, within=0.02), rounds=1, iterations=1)
    proven = sum((*found.shared.values(), *found.lacked.values()))
    benchmark.extra_info.update(searches=found.searches, found=found.found, proven=proven, free=len(found.optional))
    assert found.complete
    assert len(found.plans) == 6
    for each in found.plans:
        assert each.plan.audit.passed
        assert each.plan.deficit_meur <= found.limit_meur + _ROOM
        assert each.plan.unfunded_gap_meur <= found.best.unfunded_gap_meur + 3 * _ROOM
