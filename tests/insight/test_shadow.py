"""LP shadow prices against differences of the held plan, answered by the engine that studies use."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

import leam_opt as lo
from leam_opt.case.derive import derive
from leam_opt.case.schema import Case
from leam_opt.insight.changes import Rule, rules_of
from leam_opt.insight.shadow import Figure, Shadow, shadow_prices
from leam_opt.solve.extract import columns_of
from leam_opt.solve.held import HeldForm
from leam_opt.solve.plan import Plan
from leam_opt.solve.problem import Problem
from leam_opt.solve.respond import Responder
from tests.maths.helpers import TIGHT, bare_case, best

H = 1e-3
"""Step of the differences in the figure's unit; a hundred times that of the shadow prices' own sides."""


@cache
def partnership() -> Plan:
    """A plan of the shipped partnership: grants, equity, a loan, all pools; any plan will do."""
    return lo.solve(lo.load_case("leam-2022"), scenario="ppp", mip_gap=0.5)


def shadows(plan: Plan, rules: list[Rule]) -> list[Shadow]:
    """The shadow prices of some rules."""
    problem = Problem.of(plan.case)
    figures = [rule.figure for rule in rules]
    assert all(figures)
    return shadow_prices(plan.case, problem, columns_of(problem, plan.whole), [f for f in figures if f])


def held(plan: Plan, overrides: list[dict[str, float]]) -> np.ndarray:
    """(n, 2) gap and deficit of the plan with its whole numbers held, in fresh cases with these overrides."""
    problem = Problem.of(plan.case)
    tables = [derive(plan.case.override(each) if each else plan.case).values for each in overrides]
    vectors = np.array([problem.template.vector(table) for table in tables])
    answers = Responder(HeldForm.of(problem, columns_of(problem, plan.whole))).respond(vectors)
    values = np.stack([answers.claims["unfunded_gap"], answers.claims["deficit"]], axis=-1)
    values[[status != "evaluated" for status in answers.status]] = np.nan
    return values


def moved(case: Case, rule: Rule, by: float) -> dict[str, float]:
    """Overrides that give a rule more room, or less."""
    assert case
    return {limit.path: limit.value + limit.direction * by for limit in rule.limits}


def test_shadow_prices_of_the_partnership_are_differences_of_its_held_plan() -> None:
    """Both sides of every figure of the shipped case that is no whole number: the programme of the study engine, in
    cases that are derived anew, moves as the duals say; at a kink each side as its own price.

    A dual of the wrong side or sign, a coefficient that a figure enters unnoticed, or the limit on the gap left out of
    the derivative breaks it.
    """
    plan = partnership()
    rules = [rule for rule in rules_of(plan.case) if rule.figure is not None and not rule.figure.is_whole]
    found = shadows(plan, rules)
    asked: list[dict[str, float]] = [{}]
    compared = 0
    for rule in rules:
        for by in (H, -H):
            ends = [limit.value + limit.direction * by for limit in rule.limits]
            inside = all(
                0 <= end <= (1 if limit.unit == "share" else np.inf)
                for end, limit in zip(ends, rule.limits, strict=True)
            )
            asked.append(moved(plan.case, rule, by) if inside else {})
    values = held(plan, asked)
    for number, (rule, shadow) in enumerate(zip(rules, found, strict=True)):
        for at, (by, price) in enumerate(((H, shadow.relax), (-H, shadow.tighten))):
            row = 1 + 2 * number + at
            if not asked[row] or price is None or not np.isfinite(values[row]).all() or 0 < shadow.slack < 2 * H:
                continue
            difference = (values[0, 1] - values[row, 1]) / by
            # The deficit is not linear in every figure; over a step of 0.001 it bends by less than this.
            assert difference == pytest.approx(price, rel=2e-2, abs=2e-4), (rule.path, by)
            compared += price != 0
        if shadow.relax is not None and shadow.tighten is not None and shadow.price is not None:
            low, high = sorted((shadow.relax, shadow.tighten))
            assert low - 1e-3 - 1e-4 * abs(low) <= shadow.price <= high + 1e-3 + 1e-4 * abs(high), rule.path
    assert compared >= 8  # as many prices are not zero


def test_a_shadow_price_of_the_gap_moves_the_deficit_with_it() -> None:
    """A service company sells 0.1 million GPU-hours and may borrow; where the cap of the grant binds, a euro more of it
    closes a euro of gap, and the deficit moves by what the money that it replaces costs.

    Leaving the least gap where it was while the figure moves breaks it.
    """
    case = bare_case(mission={"public_compute_min": 2}, funding={"instruments": {"grant": {"cap_total": 12}}})
    plan = best(case)
    (cap,) = [rule for rule in rules_of(case) if rule.path.endswith("cap_total")]
    (shadow,) = shadows(plan, [cap])
    values = held(plan, [{}, moved(case, cap, 0.5), moved(case, cap, -0.5)])
    assert (values[0, 0] - values[1, 0]) / 0.5 == pytest.approx(shadow.gap, abs=1e-5)
    assert (values[2, 0] - values[0, 0]) / 0.5 == pytest.approx(shadow.gap, abs=1e-5)
    assert shadow.price == pytest.approx(0.0, abs=1e-6)


def test_the_room_of_a_rule_is_told_in_its_own_unit() -> None:
    """Of two units of servers of 0.1 MW in modules of 0.5 MW, 0.5 MW of 2 MW of grid power are contracted: 1.5 MW of
    room; one module of four is built: three more may go; a grant of 20 M€ leaves 980.

    Slack in the unit of a row, which may be any multiple of the figure, breaks it.
    """
    case = bare_case(mission={"public_compute_min": 2})
    rules = rules_of(case)
    room = {rule.path: shadow.slack for rule, shadow in zip(rules, shadows(best(case), rules), strict=True)}
    assert room["sites.north.grid_limit"] == pytest.approx(1.5)
    assert room["sites.north.modules_max"] == pytest.approx(3)
    assert room["funding.instruments.grant.cap_total"] == pytest.approx(980)
    assert room["mission.public_compute_min"] == pytest.approx(0, abs=1e-6)


def test_figures_that_move_together_have_one_price() -> None:
    """The price of a sum of figures with their own directions is the sum of their prices where each has one.

    Moving all of them the same way, up or down, breaks it.
    """
    case = bare_case(
        mission={"public_compute_min": 1},
        energy_sources={
            "green": {"price": 0.2, "share_max": 0.6},
            "mix": {"title": "Mix", "price": 0.15, "renewable_share": 0, "co2": 0},
        },
        rules={"renewable_share_min": 0.5},
    )
    plan = solve_tight(case)
    problem = Problem.of(plan.case)
    x = columns_of(problem, plan.whole)
    share, compute = ("rules.renewable_share_min", 0.5, -1), ("mission.public_compute_min", 1.0, -1)
    one, other, both = shadow_prices(case, problem, x, [Figure((share,)), Figure((compute,)), Figure((share, compute))])
    assert one.price == pytest.approx(0.05, abs=1e-6)
    assert both.price == pytest.approx((one.price or 0) + (other.price or 0), abs=1e-6)
    assert not one.is_kink


def solve_tight(case: Case) -> Plan:
    """The optimum."""
    return lo.solve(case, mip_gap=TIGHT)
