"""Rules in conflict: planted ones are named in the case's own words, and none that is named can be left out."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from functools import cache
from typing import Any

import numpy as np
import pytest

from leam_opt.case.derive import derive
from leam_opt.case.load import load_case
from leam_opt.case.schema import Case
from leam_opt.errors import InfeasibleError
from leam_opt.insight.conflict import enters, rules_of
from leam_opt.insight.rule_texts import SAYS, TEXTS
from leam_opt.insight.rules import Limit, limits, relaxations
from leam_opt.solve.conflict import Conflict, Row, find_conflict
from leam_opt.solve.formulation import build
from leam_opt.solve.highs import Session
from leam_opt.solve.problem import Problem
from leam_opt.solve.run import solve
from leam_opt.solve.standard_form import compile_model
from leam_opt.words import Words
from tests.builders import small_case
from tests.insight.planted import Planted, planted
from tests.maths.helpers import bare_case

PLANTED = planted()
EACH = pytest.mark.parametrize("name", PLANTED)
Kept = set[tuple[str, tuple[object, ...]]]


def resolved(one: Planted) -> Case:
    return one.case.scenario(one.scenario) if one.scenario else one.case


@cache
def found(name: str) -> Conflict:
    """The conflict that the error of `solve` carries."""
    with pytest.raises(InfeasibleError) as refusal:
        solve(resolved(PLANTED[name]), mip_gap=1e-2)
    assert refusal.value.found is not None
    assert refusal.value.conflict == refusal.value.found.texts
    return refusal.value.found


def _labels(component: Any) -> tuple[object, ...]:
    index = component.index()
    return tuple(x for x in (index if isinstance(index, tuple) else (index,)) if x is not None)


class Brute:
    """A fresh Pyomo model in which only some rows and bounds of its rules are left.

    Another way than the search's: constraints are taken out of the model, which Pyomo's own compiler translates.
    Accounts stay where a rule about money is named, and with them the sites.
    """

    def __init__(self, case: Case, kept: Kept, named: Collection[str]) -> None:
        self.model = model = build(case)
        self.rows: dict[tuple[str, tuple[object, ...]], Any] = {}
        money = any(part.name in named for part in model.parts if part.about_money)
        for name in model.implied:
            getattr(model, name).deactivate()
        for name in ("unfunded_gap_meur", "compute_mgpuh", "core_models"):
            for variable in getattr(model, name).values():
                variable.setub(None)
        for part in model.parts:
            if part.about_money and not money:
                for constraint in _constraints(model, part.name):
                    constraint.deactivate()
            elif part.is_rule and not (money and part.bounded and not part.about_money):
                self._reduce(part, kept)

    def _reduce(self, part: Any, kept: Kept) -> None:
        members = [row for constraint in _constraints(self.model, part.name) for row in constraint.values()]
        members += [variable for name in part.bounded for variable in getattr(self.model, name).values()]
        for member in members:
            key = (member.parent_component().local_name, _labels(member))
            self.rows[key] = member
            if key not in kept:
                _take_out(member)

    def has_plan(self, without: tuple[str, tuple[object, ...]] | None = None) -> bool:
        """Whether there is a solution in whole numbers."""
        put_back = _take_out(self.rows[without]) if without else None
        form = compile_model(self.model, [self.model.unfunded_gap * 0])
        form.objectives = np.zeros((1, len(form.lower)))
        if put_back:
            put_back()
        return Session(form).run(0).x is not None


def _take_out(member: Any) -> Callable[[], None]:
    """Takes a row or an upper bound out of a model; gives what puts it back."""
    if hasattr(member, "setub"):
        bound = member.ub
        member.setub(None)
        return lambda: member.setub(bound)
    was_active = member.active
    member.deactivate()
    return member.activate if was_active else lambda: None


def _constraints(model: Any, part: str) -> list[Any]:
    import pyomo.environ as pyo

    everything = model.component_objects(pyo.Constraint)
    return [c for c in everything if c.local_name == part or c.local_name.startswith(f"{part}_")]


@EACH
def test_the_planted_rules_are_named_and_none_can_be_left_out(name: str) -> None:
    """The rows that are named conflict by themselves; without any one of them there is a solution.

    A rule that is missing, or an innocent one, breaks it.
    """
    conflict = found(name)
    assert {member.rule for member in conflict.members} == PLANTED[name].rules
    assert conflict.is_proven
    rows = {(row.component, row.labels) for member in conflict.members for row in member.rows}
    brute = Brute(resolved(PLANTED[name]), rows, PLANTED[name].rules)
    assert not brute.has_plan()
    for row in rows:
        assert brute.has_plan(without=row), f"{row} is not needed"


@pytest.mark.parametrize("name", [name for name, one in PLANTED.items() if one.is_whole])
def test_whole_numbers_alone_can_conflict(name: str) -> None:
    """In fractions there is a solution: a search among linear programmes would find no conflict."""
    problem = Problem.of(PLANTED[name].case)
    assert Session(problem.template.form(problem.template.vector(problem.table))).run(0, relax=True).x is not None


@pytest.mark.parametrize(
    ("name", "texts"),
    {
        "a mission above the power of the sites": [
            "IT power built covers the nameplate of all servers (North) in 2025",
            "at most 2 MW of grid power at site North in 2025",
            "at least 25 million GPU-hours a year for public users in 2025",
        ],
        "a mission of one year against a share of the next": [
            "at least 1 million GPU-hours a year for public users in 2025",
            "at least 100 % renewable electricity in 2026",
        ],
        "an overlay that asks for private money": [
            "at least 1 million GPU-hours a year for public users in 2025",
            "a private share of the funding of at least 10 %",
        ],
        "leam-2022 with two models a year": [
            "at most 2 core models a year in 2023 to 2027",
            "at least 3 core models of LEAM-1",
            "at least 4 core models of LEAM-2",
            "at least 4 core models of LEAM-3",
        ],
    }.items(),
)
def test_rules_are_told_in_the_words_of_the_case(name: str, texts: list[str]) -> None:
    """Values, years and sites are those of the case, and of the scenario's overlay."""
    told = [rule.to_dict() for rule in rules_of(resolved(PLANTED[name]), found(name))]
    assert sorted(rule["text"] for rule in told) == sorted(texts)


def test_the_size_of_a_site_is_what_is_smaller() -> None:
    """Modules of 0.2 MW, not the grid of 2 MW, keep servers out."""
    name = "a generation that fits no single site"
    paths = {rule.path for rule in rules_of(PLANTED[name].case, found(name))}
    assert {"sites.north.modules_max", "sites.south.modules_max"} <= paths
    assert not any("grid_limit" in path for path in paths)


def test_a_rule_of_ones_own_is_named() -> None:
    """Constraints that no part of the model knows are told by their name."""

    def add(model: Any, case: Case) -> None:
        import pyomo.environ as pyo

        model.reserve = pyo.Constraint(expr=sum(model.units_bought[key] for key in model.BUY) >= 300)

    with pytest.raises(InfeasibleError) as refusal:
        solve(bare_case(), rules=[add])
    assert "rule 'reserve': whole horizon (at least 300)" in refusal.value.conflict


def test_a_limit_on_the_deficit_is_named() -> None:
    """One unit costs 10 M EUR; the case allows 5."""
    objective = {"name": "public_compute", "deficit_max": 5}
    case = bare_case(mission={"public_compute_min": 1}, objective=objective)
    with pytest.raises(InfeasibleError) as refusal:
        solve(case)
    assert refusal.value.found is not None
    told = {rule.to_dict()["text"] for rule in rules_of(case, refusal.value.found)}
    assert told == {
        "a deficit of at most 5 M€",
        "at least 1 million GPU-hours a year for public users in 2025",
    }


def test_no_time_gives_no_names() -> None:
    """Without time nothing is claimed: an empty list, and not all rules of the case."""
    problem = Problem.of(PLANTED["a mission above the power of the sites"].case)
    form = problem.template.form(problem.template.vector(problem.table))
    conflict = find_conflict(problem.model, form, time_limit=0.0)
    assert conflict.members == ()
    assert not conflict.is_proven
    assert "could not be told apart" in conflict.message


def _moved(problem: Problem, case: Case, limit: Limit) -> bool:
    """Whether the most relaxed value of a figure moves numbers of a compiled model, and no rows."""
    template, table = problem.template, derive(case.override(limit.overrides(limit.most))).values
    assert template.fits(table), limit.path
    planned, moved = template.base(template.vector(problem.table)), template.base(template.vector(table))
    return any(not np.array_equal(planned[name], moved[name]) for name in planned)


def test_a_limit_that_gives_way_is_a_number_of_the_model() -> None:
    """One limit of each kind; the compiled model with a relaxed figure is that of a fresh build.

    Breaks where a figure adds or takes rows and `changes_sets` does not say so, where a path is none of the case, or
    where the figure that a limit names does not enter the model at all.
    """
    met: set[str] = set()
    for case in (small_case(), load_case("investai-gigafactory")):
        problem = Problem.of(case)
        for limit in relaxations(case):
            if limit.kind in met or limit.changes_sets:
                continue
            met.add(limit.kind)
            assert limit.text() != limit.text(value=limit.most)
            assert _moved(problem, case, limit), limit.path
            if limit.kind in ("site.modules_max", "mission_models.models_per_year_max", "grid.grid_limit"):
                other = case.override(limit.overrides(limit.most))
                problem.confirm(other, problem.template.vector(derive(other).values))
    assert len(met) > 30


def test_a_company_is_named_for_its_own_loans_only() -> None:
    """A row of loans of the service company is set by its own limit; a guarantee's share by that of the guarantee.

    Naming both companies would blame a rule that has no part in a conflict, and offer a repair that is none.
    """
    case = load_case("investai-gigafactory").scenario("ppp")
    known = limits(case)
    loans = [each.path for each in known if enters(each, Row("gearing", ("service", 2028), -np.inf, 0.0), "gearing")]
    assert loans == ["funding.gearing_max_service"]
    row = Row("guarantees_share", ("senior-loan", 2028), -np.inf, 0.0)
    assert [each.path for each in known if enters(each, row, "guarantees")] == [
        "funding.guarantees.eib-guarantee.share_max"
    ]


def test_a_limit_for_some_years_leaves_the_others() -> None:
    """Of a figure for all years, the year in the middle alone gives way."""
    case = small_case(mission={"public_compute_min": 5})
    (limit,) = (limit for limit in limits(case) if limit.path == "mission.public_compute_min")
    middle = limit.within(2026, 2026)
    changed = case.override(middle.overrides(1.0)).mission.public_compute_min
    assert [changed.at_year(year).base for year in case.years] == [5, 1, 5]
    assert limit.within(2025, 2027) is limit


def test_every_row_of_a_rule_has_a_figure() -> None:
    """The table of rows misses none: each row of a rule that has figures is entered by one of them."""
    case = small_case()
    problem = Problem.of(case)
    known = limits(case)
    without = {"power", "homogeneity"}
    inner = ("site_stays_open", "grid_power", "grid_kept", "hurdle_redemption", "grant_intensity_all")
    for row in problem.template.rows:
        name = row.parent_component().local_name
        parts = [p.name for p in problem.model.parts if p.is_rule and (name == p.name or name.startswith(p.name + "_"))]
        if not parts or parts[0] in without or name in inner:
            continue
        one = Row(name, _labels(row), 0.0, 0.0)
        assert any(enters(limit, one, parts[0]) for limit in known), name


def test_the_words_of_the_model_are_marked_for_translation() -> None:
    """A part whose words are new, or changed, has no German ones."""
    model = build(bare_case())
    assert {part.says for part in model.parts if part.is_rule} <= set(SAYS)


def test_every_rule_has_german_words_with_the_same_values() -> None:
    """A text without its German one, or one that loses a value on the way, breaks it."""
    german = Words("de")
    for text in (*TEXTS.values(), *SAYS):
        assert german(text) != text
        assert set(re.findall(r"{\w+}", german(text))) == set(re.findall(r"{\w+}", text)), text


def test_figures_inside_a_text_follow_its_language() -> None:
    """Breaks when a German text has an English number in it."""
    said = [limit.text(Words("de")) for limit in limits(small_case()) if "module" in limit.names]
    assert said
    assert not [text for text in said if re.search(r"\d\.\d", text)]
    assert any(re.search(r"\d,\d", text) for text in said)
