"""Near-optimal alternatives: what is proven about all plans is what brute force finds; every plan keeps the limit."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pyomo.environ as pyo
import pytest

from leam_opt.case.schema import Case
from leam_opt.errors import CaseError, InfeasibleError, SolveError
from leam_opt.insight import attempts as attempts_module
from leam_opt.insight.alternatives import Alternatives, alternatives, sentences
from leam_opt.insight.attempts import Ask
from leam_opt.insight.features import Catalogue, Feature, text
from leam_opt.report.style import plain
from leam_opt.report.tables_alternatives import alternatives_view
from leam_opt.solve.plan import Plan
from leam_opt.solve.run import solve
from leam_opt.words import Words
from tests.insight.brute import Everything, deficit, gap
from tests.insight.choices import choices
from tests.maths.helpers import TIGHT, bare_case
from tests.study.tiny import tiny_case

WITHIN = 0.1
EURO = 1e-6
_FIRST = 2
"""Position of the first feature among the amounts."""


@pytest.fixture(scope="module")
def found() -> Alternatives:
    """Alternatives of the case with much to choose from."""
    return alternatives(choices(), within=WITHIN, most=4, mip_gap=TIGHT)


@pytest.fixture(scope="module")
def everything(found: Alternatives) -> Everything:
    """All its combinations of whole numbers that leave no more unfunded than the least gap."""
    made = Everything(choices(), [gap, deficit, *(feature.amount for feature in found.catalogue)])
    gaps = made.least(0)
    made.limit(0, most=gaps.min() + EURO)
    made.keep(gaps <= gaps.min() + EURO)
    made.keep(made.least(1) <= found.limit_meur + EURO)
    return made


def asked(everything: Everything, number: int, feature: Feature, present: bool | None) -> None:
    """Keeps a feature as it is wanted; None: as it comes."""
    if present is None:
        everything.limit(_FIRST + number)
    elif present:
        everything.limit(_FIRST + number, least=feature.threshold)
    else:
        everything.limit(_FIRST + number, most=feature.threshold - feature.hair)


def test_what_is_proven_is_what_brute_force_finds(found: Alternatives, everything: Everything) -> None:
    """Each feature is shared, lacked or free exactly as all plans within the limit have it, at the least deficit.

    A limit that is off, a feature that is read differently than it is forced, or an infeasible search that was none
    would show here.
    """
    extra = {}
    for number, feature in enumerate(found.catalogue):
        asked(everything, number, feature, feature.key not in found.features)
        extra[feature.key] = everything.least(1).min() - found.best.deficit_meur
        asked(everything, number, feature, None)
    room = found.limit_meur - found.best.deficit_meur
    free = [key for key, least in extra.items() if least <= room]
    assert found.complete
    assert found.optional == free
    assert found.shared == {key: True for key in extra if key in found.features and key not in free}
    assert found.lacked == {key: True for key in extra if key not in found.features and key not in free}
    assert {"site", "type", "instrument", "models", "source", "heat"} <= {feature.kind for feature in found.catalogue}
    assert min(len(found.optional), len(found.shared), len(found.lacked)) >= 3
    for switch in found.switches:
        if switch.extra_meur is not None:
            assert switch.extra_meur == pytest.approx(extra[switch.feature], abs=2e-5)
            assert switch.unproven_meur == pytest.approx(0, abs=2e-5)


def test_alternatives_keep_the_limit_and_are_the_cheapest_of_their_structure(
    found: Alternatives, everything: Everything
) -> None:
    """Each plan is audited, within the limit, unlike all others, and no plan with the same features is cheaper."""
    structures = [found.features, *(each.features for each in found.plans)]
    assert len(set(structures)) == len(structures) == 5
    extras = [each.extra_meur for each in found.plans]
    assert extras == sorted(extras)
    for each in found.plans:
        assert each.plan.audit.passed
        assert each.plan.deficit_meur <= found.limit_meur + EURO
        assert each.plan.unfunded_gap_meur <= found.best.unfunded_gap_meur + EURO
        assert each.extra_meur == pytest.approx(each.plan.deficit_meur - found.best.deficit_meur)
        assert each.features == found.catalogue.read(each.plan.decisions)
        assert least_of(each.features, found.catalogue, everything) == pytest.approx(each.plan.deficit_meur, abs=2e-5)


def least_of(features: frozenset[str], catalogue: Catalogue, everything: Everything) -> float:
    """The least deficit of a plan with exactly these features."""
    for number, feature in enumerate(catalogue):
        asked(everything, number, feature, feature.key in features)
    least = float(everything.least(1).min())
    for number, feature in enumerate(catalogue):
        asked(everything, number, feature, None)
    return least


def test_the_plan_that_differs_most_is_among_them(found: Alternatives, everything: Everything) -> None:
    """No plan within the limit lies much farther from the best one than the farthest alternative that is shown."""
    catalogue = found.catalogue
    free = [catalogue[key] for key in found.optional]
    numbers = {feature.key: number for number, feature in enumerate(catalogue)}
    everything.limit(1, most=found.limit_meur)
    farthest = 0
    for present in product((False, True), repeat=len(free)):
        features = {feature.key for feature, has in zip(free, present, strict=True) if has}
        distance = catalogue.distance(found.features, frozenset(features | set(found.shared)))
        if distance > farthest:
            for feature, has in zip(free, present, strict=True):
                asked(everything, numbers[feature.key], feature, has)
            if np.isfinite(everything.least(1)).any():
                farthest = distance
    for number, feature in enumerate(catalogue):
        asked(everything, number, feature, None)
    everything.limit(1)
    shown = max(catalogue.distance(found.features, each.features) for each in found.plans)
    assert shown >= 0.8 * farthest > 0


def test_features_are_read_as_they_are_forced() -> None:
    """A plan that is forced to have or to lack a feature reads so."""
    case = choices()
    catalogue = Catalogue(solve(case, mip_gap=TIGHT))
    for key in ("source:mix", "models:m1:4"):
        for present in (True, False):
            plan = solve(case, mip_gap=1e-2, rules=[forcing(catalogue[key], present)])
            assert (key in catalogue.read(plan.decisions)) is present


def forcing(feature: Feature, present: bool) -> Ask:
    """A rule that forces a feature."""

    def add(model: Any, case: Case) -> None:
        model.forced = pyo.Constraint(expr=feature.forced(model, present))

    return add


def test_a_single_structure_is_proven_to_be_the_only_one() -> None:
    """One unit in one year, one grant: nothing can be otherwise, and that is said to be proven."""
    case = bare_case(horizon_years=1, mission={"public_compute_min": 1, "models_per_year_max": 0})
    found = alternatives(case, within=0.05, mip_gap=TIGHT)
    data = found.to_dict()
    assert found.complete
    assert (found.plans, found.found, found.optional) == ([], 0, [])
    assert found.shared == {"instrument:grant": True, "purchase:alpha:2025": True}
    assert "Every plan within the limit has the structure of the best one; this is proven." in sentences(data)


def test_time_proves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where searches end without a plan and without proof, no feature is said to be proven."""
    case, calls = tiny_case(), []

    def ending(*args: object, **options: object) -> Plan:
        calls.append(options)
        if len(calls) == 1:
            return solve(*args, **options)  # type: ignore[arg-type]
        raise SolveError("the time limit ended the search before a first plan was found")

    monkeypatch.setattr(attempts_module, "solve", ending)
    found = alternatives(case, "public", mip_gap=TIGHT)
    assert not found.complete
    assert not any(found.shared.values())
    assert not any(found.lacked.values())
    assert "No plan of another structure was found within the limit." in sentences(found.to_dict())
    assert "not known" in plain(alternatives_view(found.to_dict()))


def test_no_time_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """After the time limit no search begins."""
    calls: list[object] = []

    def slow(*args: object, **options: object) -> Plan:
        calls.append(options)
        plan = solve(*args, **{**options, "time_limit": None})  # type: ignore[arg-type]
        attempts[0]._began -= 1000
        return plan

    attempts: list[attempts_module.Attempts] = []
    begun = attempts_module.Attempts.__init__

    def noted(self: attempts_module.Attempts, *args: object, **options: object) -> None:
        begun(self, *args, **options)  # type: ignore[arg-type]
        attempts.append(self)

    monkeypatch.setattr(attempts_module.Attempts, "__init__", noted)
    monkeypatch.setattr(attempts_module, "solve", slow)
    found = alternatives(tiny_case(), "public", mip_gap=TIGHT, time_limit=500)
    assert (len(calls), found.complete, found.searches) == (1, False, 1)


@pytest.mark.parametrize("within", [0.0, 1.0, -0.1, 2.0])
def test_the_limit_is_a_share(within: float) -> None:
    with pytest.raises(CaseError, match=r"within is .*; it has to lie between 0 and 1"):
        alternatives(tiny_case(), within=within)


def test_unknown_names_and_impossible_cases_are_told() -> None:
    """Errors name the closest scenario, the smallest number of alternatives, and the rules in conflict."""
    with pytest.raises(CaseError, match=r"publik.*public"):
        alternatives(tiny_case(), "publik")
    with pytest.raises(CaseError, match="ask for one alternative at least"):
        alternatives(tiny_case(), most=0)
    with pytest.raises(InfeasibleError) as refusal:
        alternatives(bare_case(mission={"public_compute_min": 1000}))
    assert refusal.value.conflict


def test_words(found: Alternatives) -> None:
    """Both languages tell the limit, what is proven and what is free, with the case's titles."""
    data = found.to_dict()
    english, german = " ".join(sentences(data)), " ".join(sentences(data, Words("de")))
    limit = f"{found.limit_meur:.1f}"
    assert f"at most {limit} M€" in english
    assert f"höchstens {limit.replace('.', ',')} Mio. €" in german
    assert "It is proven that no plan within the limit has: " in english
    assert "purchase of Beta" in english
    assert "Kauf von Beta" in german
    assert text(data["catalogue"]["models:m1:4"]) == "at least 4 core models of M1"
    view = plain(alternatives_view(data))
    assert all(f"{each.plan.deficit_meur:.2f}" in view for each in found.plans)
