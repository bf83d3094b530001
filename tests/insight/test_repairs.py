"""Repairs: each of them gives an audited plan, none can give way less, and they are ranked by what they cost."""

from __future__ import annotations

from functools import cache
from itertools import combinations
from typing import Any

import numpy as np
import pytest

from leam_opt.case.derive import derive
from leam_opt.insight.mend import Change, Search, grid, overrides_of
from leam_opt.insight.repairs import Repairs, changes_text, repairs, sentences
from leam_opt.insight.rules import Limit, limits
from leam_opt.report.style import plain
from leam_opt.report.tables_conflict import conflict_view
from leam_opt.solve.highs import Session
from leam_opt.solve.problem import Problem
from leam_opt.solve.run import solve
from leam_opt.words import Words
from tests.insight.planted import MISSION, SITE, planted
from tests.maths.helpers import bare_case
from tests.study.tiny import tiny_case

PLANTED = {name: one for name, one in planted().items() if not name.startswith("leam-2022")}
"""The shipped case conflicts in the way of a small one: more models of a generation than its years allow."""
EACH = pytest.mark.parametrize("name", PLANTED)
WIDE = 1e-2


@cache
def found(name: str) -> Repairs:
    """The repairs of a planted conflict."""
    return repairs(PLANTED[name].case, PLANTED[name].scenario, mip_gap=WIDE)


@cache
def problem(name: str) -> Problem:
    """The compiled model of a planted conflict."""
    one = PLANTED[name]
    return Problem.of(one.case.scenario(one.scenario) if one.scenario else one.case)


def has_plan(name: str, overrides: dict[str, Any]) -> bool:
    """Whether the case with overrides has a solution in whole numbers."""
    template, case = problem(name).template, problem(name).model.case
    table = derive(case.override(overrides)).values
    assert template.fits(table)
    form = template.form(template.vector(table))
    form.objectives = np.zeros((1, len(form.lower)))
    return Session(form).run(0).x is not None


def _one_step_less(change: Change) -> float:
    """The value next to that of a change, towards the figure's own; its own where that is the first step."""
    values = [change.limit.value, *grid(change.limit)]
    return values[values.index(change.value) - 1]


@EACH
def test_repairs(name: str) -> None:
    """Overrides on the case of the user give a plan; one step less of any figure, with the others as they are, none.

    Those that can be told by hand are among them, with their values, and the cheapest stands first.
    """
    result = found(name)
    assert result.complete
    assert result.repairs
    ranks = [repair.rank for repair in result.repairs]
    assert ranks == sorted(ranks)
    overrides = [dict(repair.overrides) for repair in result.repairs]
    for wanted in PLANTED[name].repairs:
        assert any(given == pytest.approx(wanted) for given in overrides if given.keys() == wanted.keys()), wanted
    for repair in result.repairs:
        assert has_plan(name, dict(repair.overrides)), repair.overrides
        for at, change in enumerate(repair.changes):
            less = Change(change.limit, _one_step_less(change))
            changes = [*repair.changes[:at], less, *repair.changes[at + 1 :]]
            assert not has_plan(name, overrides_of(changes)), (change.limit.path, less.value)
    _shown_in_full(result.to_dict())


def _shown_in_full(data: dict[str, Any]) -> None:
    """The terminal has every rule and every repair; no English word is left in the German sentences."""
    shown = " ".join(plain(conflict_view(data)).split())
    assert all(rule["text"] in shown for rule in data["rules"])
    assert shown.count("instead of") + shown.count("without “") == sum(len(r["changes"]) for r in data["repairs"])
    german = " ".join(sentences(data, Words("de")))
    english = {"the", "of", "least", "most", "instead", "repair", "without", "year", "years", "and", "public", "site"}
    assert not english & {word.strip(".,;:“”„()").lower() for word in german.split()}, german


def test_no_smaller_set_was_overlooked() -> None:
    """Brute force over all figures of a small case: exactly these single ones and these pairs leave a plan.

    Every pair of figures is given way altogether; of the repairs that were found none is missing, and none is wider
    than it has to be.
    """
    name = "two conflicts that share no rule"
    case = PLANTED[name].case
    paths = {path for repair in found(name).repairs for path in repair.overrides}
    others = ("mission.", "generations.", "rules.", "energy_sources.")
    tried = [limit for limit in limits(case) if limit.is_relaxable and limit.path.startswith(others)]
    assert paths <= {limit.path for limit in tried}
    most = [Change(limit, limit.most) for limit in tried]
    assert not any(has_plan(name, overrides_of([one])) for one in most)
    pairs = {
        frozenset((a.limit.path, b.limit.path))
        for a, b in combinations(most, 2)
        if has_plan(name, overrides_of([a, b]))
    }
    assert pairs == {frozenset(repair.overrides) for repair in found(name).repairs if len(repair.overrides) == 2}


def test_figures_of_a_repair_are_those_of_its_plan() -> None:
    """20 units at 10 M EUR; or a fifth module and its grid power, and 25 units."""
    case = PLANTED["a mission above the power of the sites"].case
    result = repairs(case, mip_gap=1e-7)
    for repair in result.repairs:
        plan = solve(case.override(repair.overrides), mip_gap=1e-7)
        assert plan.deficit_meur == pytest.approx(repair.deficit_meur, abs=1e-5)
    assert [repair.deficit_meur for repair in result.repairs] == pytest.approx([200, 250], abs=1e-5)
    assert [repair.public_money_meur for repair in result.repairs] == pytest.approx([200, 250], abs=1e-5)
    assert [repair.status for repair in result.repairs] == ["optimal", "optimal"]


def test_missing_money_ranks_before_the_deficit() -> None:
    """A grant of 25 M EUR: the dear repair leaves more unfunded, and stands last, although both deficits are there."""
    case = bare_case(
        mission={"models_per_year_min": 3, "models_per_year_max": 3},
        sites={
            "north": {"module": 0.2, "modules_max": 1},
            "south": {**SITE, "grid_limit": 2},
        },
        funding={"instruments": {"grant": {"cap_total": 25}}},
    )
    result = repairs(case, mip_gap=1e-7)
    assert [round(repair.unfunded_gap_meur, 4) for repair in result.repairs] == [0, 5, 5]
    assert result.repairs[0].overrides == {"mission.models_per_year_min": 2}


def test_a_ticket_that_gives_way_takes_rows_along() -> None:
    """The only private money has a smallest sum of 8 M EUR where 10 are spent in all and half of it may be private."""
    sponsor = {"kind": "sponsor", "title": "Sponsor", "cap_total": 20, "min_ticket": 8}
    case = bare_case(
        mission=MISSION,
        sites={"north": {"module": 0.1, "modules_max": 1}},
        funding={
            "use": ["grant", "sponsor"],
            "private_share_min": 0.2,
            "private_share_max": 0.5,
            "instruments": {"sponsor": sponsor},
        },
    )
    result = repairs(case, mip_gap=1e-7)
    by_path = {path: repair.overrides[path] for repair in result.repairs for path in repair.overrides}
    assert by_path["funding.instruments.sponsor.min_ticket"] == pytest.approx(5.0)
    assert by_path["funding.private_share_max"] == pytest.approx(0.8)
    assert by_path["sites.north.modules_max"] == 2  # a second unit, and 8 of 20 M EUR are less than half


def test_a_case_with_a_plan_has_nothing_to_mend() -> None:
    result = repairs(tiny_case(), "ppp")
    assert result.rules == result.repairs == ()
    assert result.sentences == ["There is a plan: no rules are in conflict."]


def test_no_time_is_said() -> None:
    """Out of time nothing is invented, and the result says so."""
    result = repairs(PLANTED["a mission above the power of the sites"].case, time_limit=1e-6)
    assert not result.complete
    assert not result.repairs
    assert len(result.sentences) == 1


def test_values_are_such_as_planners_write() -> None:
    """Steps lie on whole multiples beyond the figure, outward; the last one is the most relaxed value."""
    limit = Limit("grid", "sites.north.grid_limit", "grid.grid_limit", 6.55, "MW", +1, 0.1, 7.0)
    assert grid(limit) == [6.6, 6.7, 6.8, 6.9, 7.0]
    assert grid(Limit("r", "p", "k", 0.905, "share", -1, 0.001, 0.9025)) == [0.904, 0.903, 0.9025]
    assert grid(Limit("r", "p", "k", 4, "model", -1, 1.0, 0.0, is_whole=True)) == [3, 2, 1, 0]


def test_words() -> None:
    """What changes is told with the old value; a rule that is given up altogether is told as such."""
    one = found("a mission above the power of the sites").to_dict()
    power = "at most 2.5 MW of grid power at site North instead of 2 MW"
    assert [changes_text(repair) for repair in one["repairs"]] == [
        "at least 20 million GPU-hours a year for public users instead of 25 million GPU-hours a year",
        f"{power} and at most 5 IT power modules of 0.5 MW at site North instead of 4 IT power modules",
    ]
    year = found("a mission of one year against a share of the next").to_dict()
    assert {changes_text(repair) for repair in year["repairs"]} == {
        "without “at least 1 million GPU-hours a year for public users in 2025”",
        "at least 50 % renewable electricity in 2026 instead of 100 %",
    }


def test_sites_grow_where_nothing_else_earns_enough() -> None:
    """A unit earns 40 M EUR and costs 10; 20 of them, all that the site holds, are short of 750 M EUR.

    Neither more modules nor more grid power help alone: stopping at single sizes of sites misses the only repair beside
    the limit itself, and calls the search complete.
    """
    rich = {"mission": MISSION, "adoption": {"low": {"core": 99}}, "prices": {"cluster_hour": 20000}}
    case = bare_case(**rich, objective={"deficit_max": -750})
    result = repairs(case, mip_gap=WIDE)
    assert result.complete
    modules, power = "sites.north.modules_max", "sites.north.grid_limit"
    assert [dict(repair.overrides) for repair in result.repairs] == [
        {modules: 6, power: 3.0},
        {"objective.deficit_max": pytest.approx(-560, abs=1)},
    ]


def test_figures_that_are_not_needed_are_left_out() -> None:
    """A first figure that helped nothing is not told beside a second one that mends the case alone."""
    one, other = (Limit("r", path, "k", 1.0, "MW", +1, 0.1, 2.0) for path in ("a", "b"))
    search = object.__new__(Search)
    search._has_plan = lambda given_way: other in given_way  # type: ignore[method-assign,assignment]
    assert search._needed((one, other)) == [1]
    search._has_plan = lambda given_way: len(given_way) == 2  # type: ignore[method-assign,assignment]
    assert search._needed((one, other)) == [0, 1]


def test_a_limit_of_the_deficit_gives_way_whatever_its_sign() -> None:
    """20 M EUR are spent where a surplus of 5 is asked for: ten times the figure are no relief, and zero is a limit.

    Taking a deficit of zero for a rule that is given up breaks it.
    """
    (limit,) = [each for each in limits(bare_case(objective={"deficit_max": -5})) if each.rule == "deficit_limit"]
    assert limit.most >= 1000
    assert not limit.is_dropped_at(0.0)
    least = Limit("heat", "rules.heat_reuse_min", "heat.heat_reuse_min", 0.5, "share", -1, 0.001, 0.0)
    most = Limit("heat", "sites.north.heat_reuse_max", "heat.heat_reuse_max", 0.5, "share", +1, 0.001, 1.0)
    assert least.is_dropped_at(0.0) and most.is_dropped_at(1.0)
