"""Prices of rules: known by arithmetic on small cases, never of the wrong sign, never claimed beyond their proof."""

from __future__ import annotations

import math
import pickle
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leam_opt.case.schema import Case
from leam_opt.insight.changes import changes_of, rules_of
from leam_opt.insight.prices import RulePrices, _Pricing, prices, sentences
from leam_opt.insight.replan import NOTHING, Reached
from leam_opt.processes import side_by_side
from leam_opt.report.style import plain
from leam_opt.report.tables_prices import prices_view
from leam_opt.solve.plan import Plan
from leam_opt.solve.progress import Progress
from leam_opt.solve.run import solve
from leam_opt.words import Words
from tests.builders import merge
from tests.maths.helpers import TIGHT, bare_case, bare_data, best
from tests.study.tiny import tiny_case

EURO = 2e-6
"""M€: two euros."""


def priced(case: Case, *rules: str, **options: Any) -> list[dict[str, Any]]:
    """Rows of the prices of some rules, proven to a few euros."""
    return list(prices(best(case), rules=rules or None, mip_gap=TIGHT, **options).to_dict()["rules"])


def row(rows: list[dict[str, Any]], change: str, path: str, **fields: Any) -> dict[str, Any]:
    """The one row of a change of a figure."""
    wanted = {"change": change, "path": path, "twins": [], **fields}
    (found,) = [each for each in rows if all(each[name] == value for name, value in wanted.items())]
    return found


def saves(rows: list[dict[str, Any]], change: str, path: str, **fields: Any) -> float:
    """What a change saves, M€."""
    value = row(rows, change, path, **fields)["saves_meur"]
    assert isinstance(value, float)
    return value


GREEN = {
    "mission": {"public_compute_min": 1},
    "energy_sources": {
        "green": {"price": 0.2},
        "mix": {"title": "Mix", "price": 0.15, "renewable_share": 0, "co2": 400},
    },
    "rules": {"renewable_share_min": 0.8},
}
"""A unit of servers draws 0.5 GWh in each of two years; green electricity costs 0.05 M€ a GWh more."""


def test_a_renewable_share_costs_its_dearer_electricity() -> None:
    """80 % of 1 GWh at 0.05 M€/GWh is 0.04 M€, a percentage point 0.0005 M€, in the plan and in its shadow price.

    A wrong step, a wrong baseline, or a shadow price in another unit breaks it.
    """
    rows = priced(bare_case(**GREEN), "renewable")
    path = "rules.renewable_share_min"
    assert saves(rows, "drop", path) == pytest.approx(0.04, abs=EURO)
    assert saves(rows, "step", path) == pytest.approx(0.0005, abs=EURO)
    assert saves(rows, "tighten", path) == pytest.approx(-0.0005, abs=EURO)
    drop = row(rows, "drop", path)
    assert drop["shadow_price_meur"] == pytest.approx(0.0005, abs=1e-9)
    assert drop["shadow_unit"] == "M€ per percentage point"
    assert (drop["to"], drop["binding"], drop["verdict"]) == (0.0, True, "saves")
    assert row(rows, "step", path)["to"] == pytest.approx(0.79)


def test_a_renewable_share_by_year_moves_in_all_its_years() -> None:
    """50 % in the first year and 100 % in the second: 0.75 GWh of 1; a point of both 0.0005 M€ in 1 GWh.

    Pricing the first entry alone, or writing one value over both, breaks it.
    """
    case = bare_case(**merge(GREEN, {"rules": {"renewable_share_min": {2025: 0.5, 2026: 0.9}}}))
    rows = priced(case, "renewable")
    path = "rules.renewable_share_min"
    assert saves(rows, "drop", path) == pytest.approx(0.7 * 0.05, abs=EURO)
    assert saves(rows, "step", path) == pytest.approx(0.0005, abs=EURO)
    assert [entry["value"] for entry in row(rows, "step", path)["to_values"]] == pytest.approx([0.49, 0.89])
    assert row(rows, "drop", path)["shadow_price_meur"] == pytest.approx(0.0005, abs=1e-9)
    assert row(rows, "drop", path)["says"] == "at least 50 % (2025) and 90 % (2026) renewable electricity"


def test_a_model_costs_the_servers_that_train_it() -> None:
    """Two models a year take two units of 10 M€: one model fewer saves one unit, none at all both, a third costs one.

    A step that is not one model, or a shadow price of a whole number, breaks it.
    """
    case = bare_case(mission={"models_per_year_min": 2})
    rows = priced(case, "mission_models")
    path = "mission.models_per_year_min"
    assert saves(rows, "drop", path) == pytest.approx(20, abs=EURO)
    assert saves(rows, "step", path) == pytest.approx(10, abs=EURO)
    assert saves(rows, "tighten", path) == pytest.approx(-10, abs=EURO)
    found = row(rows, "drop", path)
    assert (found["shadow_price_meur"], found["slack"], found["binding"]) == (None, 0.0, True)
    assert row(rows, "drop", "mission.models_per_year_max")["slack"] == 1.0


def test_a_cap_of_a_grant_is_paid_for_by_the_gap() -> None:
    """Of 20 M€ a grant pays 12 at most: without the cap a gap of 8 M€ closes, 10 % more of it close 1.2 M€.

    Telling the saving in the deficit, which stays 20 M€ throughout, breaks it.
    """
    case = bare_case(mission={"public_compute_min": 2}, funding={"instruments": {"grant": {"cap_total": 12}}})
    rows = priced(case, "caps")
    path = "funding.instruments.grant.cap_total"
    for change, closed in (("drop", 8.0), ("step", 1.2), ("tighten", -1.2)):
        found = row(rows, change, path)
        assert (found["measure"], found["deficit_meur"]) == ("unfunded_gap", pytest.approx(20, abs=EURO))
        assert found["saves_meur"] == pytest.approx(closed, abs=2e-5)
        assert found["unfunded_gap_meur"] == pytest.approx(8 - closed, abs=2e-5)
    assert row(rows, "drop", path)["shadow_gap_meur"] == pytest.approx(1.0, abs=1e-6)
    assert row(rows, "drop", path)["shadow_price_meur"] == 0.0


def test_single_site_training_costs_the_second_place() -> None:
    """Two models a year at one place need both units in the south, whose building costs 1 M€ a unit; the north is free
    but holds one unit. Without the rule one of them stands there: 1 M€.

    A rule without a switch has to leave the model, and the ledger's audit of everything else has to pass.
    """
    north = {"module": 0.1, "modules_max": 1, "grid_limit": 0.1}
    south = {**bare_data()["sites"]["north"], "title": "South", "building_cost": 10000, "module": 0.1, "grid_limit": 1}
    case = bare_case(mission={"models_per_year_min": 2}, sites={"north": north, "south": south})
    plan = best(case)
    assert plan.deficit_meur == pytest.approx(22, abs=EURO)
    (found,) = prices(plan, rules=["homogeneity"], mip_gap=TIGHT).to_dict()["rules"]
    assert found["saves_meur"] == pytest.approx(1, abs=EURO)
    assert (found["status"], found["value"], found["overrides"]) == ("optimal", None, {})


SOLD = {
    "mission": {"public_compute_min": 0.5},
    "adoption": {"low": {"core": 0.5}},
    "pools": {"core": {"private_share_max": 0.1}, "tuning": {"share_max": 0}, "inference": {"share_max": 0}},
    "rules": {"public_use": {"enabled": True, "share_min": 0.9, "scope": "core"}},
}
"""One unit delivers 1 million GPU-hours a year; half could be sold at 2 €, a tenth may be."""


def test_a_surplus_that_is_asked_for_is_tightened_upwards() -> None:
    """A limit of -50 M€ on the deficit asks for 60 M€ of surplus next, and for 40 M€ when it gives way.

    A floor at zero turns asking for more into giving way, and tells that it costs nothing.
    """
    case = bare_case(objective={"deficit_max": -50})
    found = {each.way: each.to for each in changes_of(case, rules_of(case, ["deficit_limit"])) if each.way != "drop"}
    assert found == {"step": (-40.0,), "tighten": (-60.0,)}


def test_what_stays_undecided_is_told_in_its_own_unit() -> None:
    """An objective in GPU-hours has savings in GPU-hours; telling them in M€ breaks it."""
    open_row = {"rule": "r", "kind": "k", "path": "p", "twins": [], "change": "drop", "verdict": "undecided"}
    rows = [{**open_row, "measure": "less_public_compute", "saves_at_most": 2.5, "status": "bounded"}]
    rows[0] |= {"shadow_price_meur": None}
    told = sentences({"scenario": "", "case": "c", "deficit_meur": 1.0, "rules": rows})[-1]
    assert "2.50 million GPU-hours" in told and "M€" not in told


def test_what_funds_more_does_not_bound_what_does_not() -> None:
    """Several rules dropped together may close some of the gap at a larger deficit; each alone may do neither.

    Taking that deficit for a bound calls a saving of 2 M€ impossible.
    """
    base = Reached("gap_reached", 10, 9, 100, 100)
    pricing = object.__new__(_Pricing)
    pricing.base = base
    together = Reached("gap_reached", 9.5, 9, 105, 105)
    assert pricing._bounded(together).main_bound == -math.inf
    assert pricing._bounded(replace(together, gap_meur=10, main_bound=98)).main_bound == 98
    assert pricing._bounded(replace(together, gap_meur=10)).main_bound == 100


def test_two_rules_that_say_the_same_have_a_price_together_only() -> None:
    """90 % public use of the core pool and 10 % private use of it: 0.8 M€ a year in two years are lost to both.

    Each alone costs nothing, since the other one still holds; a price of zero for the law alone would mislead.
    """
    rows = priced(bare_case(**SOLD), "public_use", "class_share")
    law, pool = "rules.public_use.share_min", "pools.core.private_share_max"
    assert saves(rows, "drop", law) == pytest.approx(0, abs=EURO)
    assert saves(rows, "drop", pool) == pytest.approx(0, abs=EURO)
    both = row(rows, "drop", law, twins=[pool])
    assert both["saves_meur"] == pytest.approx(1.6, abs=EURO)
    assert both["overrides"] == {"rules.public_use.enabled": False, pool: 1.0}
    step = row(rows, "step", law, twins=[pool])
    assert step["saves_meur"] == pytest.approx(0.04, abs=EURO)
    assert both["shadow_price_meur"] == pytest.approx(0.04, abs=1e-9)
    alone = row(rows, "drop", law)
    assert (alone["shadow_relax_meur"], alone["shadow_tighten_meur"]) == (0.0, pytest.approx(0.04, abs=1e-6))


def test_rules_that_are_off_or_read_otherwise_have_a_price_too() -> None:
    """The strict reading, the rule switched on: 90 % public use costs the 0.4 million GPU-hours that may not be sold.

    Leaving out rules that the case has switched off breaks it.
    """
    case = bare_case(
        **merge(SOLD, {"rules": {"public_use": {"enabled": False}}, "pools": {"core": {"private_share_max": 1}}})
    )
    found = [each for each in priced(case, "public_use") if each["rule"] == "public_use"]
    assert {each["to"]: each["saves_meur"] for each in found} == {
        "core": pytest.approx(-1.6, abs=EURO),
        "all": pytest.approx(-1.6, abs=EURO),
    }
    on = [each["to"] for each in priced(bare_case(**SOLD), "public_use") if each["to"] in ("core", "all")]
    assert on == ["all"]


def test_asking_for_more_than_any_plan_can_keep_is_said_so() -> None:
    """The site holds one unit of servers: more than its compute has no place.

    An infeasible change that raises, or counts as free, breaks it.
    """
    site = {"module": 0.1, "modules_max": 1, "grid_limit": 0.1}
    plan = best(bare_case(mission={"public_compute_min": 1}, sites={"north": site}))
    found = prices(plan, mip_gap=TIGHT, rules=["mission_compute"])
    data = found.to_dict()
    tight = row(data["rules"], "tighten", "mission.public_compute_min")
    assert (tight["status"], tight["verdict"], tight["saves_meur"]) == ("infeasible", "none", None)
    assert any("No plan keeps" in sentence and "1.1 million" in sentence for sentence in sentences(data))


def weaker(plan: Plan, by_meur: float) -> Plan:
    """The same plan with a bound of the deficit that is proven less far."""
    gap, main, *rest = plan.result.stages
    stages = (gap, replace(main, dual=main.dual - by_meur), *rest)
    return replace(plan, result=replace(plan.result, stages=stages))


def test_a_saving_that_the_gap_can_hide_is_undecided() -> None:
    """A saving of 0.04 M€ is proven against a plan that is proven to be best, and hidden by a proof 1 M€ short of it.

    Taking the difference of two plans for a price, whatever their gaps, breaks it.
    """
    plan = best(bare_case(**GREEN))
    for by_meur, verdict in ((0.0, "saves"), (0.03, "saves"), (1.0, "undecided")):
        found = prices(weaker(plan, by_meur), rules=["renewable"], mip_gap=TIGHT)
        drop = row(found.to_dict()["rules"], "drop", "rules.renewable_share_min")
        assert drop["verdict"] == verdict
        assert drop["saves_meur"] == pytest.approx(0.04, abs=EURO)
        assert drop["uncertainty_meur"] == pytest.approx(min(by_meur, 0.04), abs=2 * EURO)
        told = " ".join(sentences(found.to_dict()))
        assert ("undecided" in told) == (verdict == "undecided")


@settings(max_examples=2)
@given(st.floats(2.0, 3.0), st.floats(12, 26), st.sampled_from(["public", "ppp"]))
def test_giving_way_never_costs_and_asking_for_more_never_gains(compute: float, cap: float, scenario: str) -> None:
    """On any small case, also where money is short, by what the searches found and before any bound is used.

    A search that does not begin at the plan, or a change that moves a figure the wrong way, breaks it.
    """
    case = tiny_case(mission={"public_compute_min": compute}, funding={"instruments": {"grant": {"cap_total": cap}}})
    plan = solve(case, scenario=scenario, mip_gap=TIGHT)
    base = (plan.unfunded_gap_meur, plan.deficit_meur)
    rules = ["mission_compute", "caps"]
    for price in prices(plan, rules=rules, mip_gap=TIGHT).rules:
        if not price.reached.has_plan:
            continue
        found = (price.reached.gap_meur, price.reached.deficit_meur)
        better, worse = (base, found) if price.change.way == "tighten" else (found, base)
        assert better[0] <= worse[0] + NOTHING
        if abs(better[0] - worse[0]) <= NOTHING:
            assert better[1] <= worse[1] + NOTHING
        assert price.verdict != ("saves" if price.change.way == "tighten" else "costs")


def test_every_price_is_that_of_a_case_with_its_overrides() -> None:
    """Each row is planned again from its overrides, without a start: the same gap and deficit, also where no search was
    needed.

    A bound that is not one, or overrides that do not say what was solved, break it.
    """
    case = tiny_case().scenario("ppp")
    rows = [
        each for each in priced(case, "caps", "mission_compute", "renewable", "grid") if each["status"] != "infeasible"
    ]
    assert {each["status"] for each in rows} >= {"optimal", "bounded", "kept"}
    for each in rows[::3]:
        again = best(case.override(each["overrides"]))
        if each["status"] == "bounded":
            assert again.deficit_meur <= each["deficit_meur"] + EURO
            assert again.deficit_meur >= each["deficit_meur"] - each["saves_at_most"] - EURO
        else:
            assert each["deficit_meur"] == pytest.approx(again.deficit_meur, abs=1e-4)
            assert each["unfunded_gap_meur"] == pytest.approx(again.unfunded_gap_meur, abs=1e-4)


@cache
def found_prices() -> RulePrices:
    """Prices of a case that has all kinds of rows."""
    return prices(tiny_case(), "ppp", mip_gap=TIGHT, rules=["caps", "mission_compute"])


def test_tasks_can_be_sent_and_end_in_any_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tasks and results that travel between processes and come back last first give the same rows; progress counts up
    to all changes.

    A task that cannot be sent, or results in the order in which they end, break it.
    """

    def travelling(call: Callable[[Any], Any], tasks: Sequence[Any], workers: int | None) -> Iterator[tuple[int, Any]]:
        assert workers == 2
        for position, task in reversed(list(enumerate(tasks))):
            yield position, pickle.loads(pickle.dumps(call(pickle.loads(pickle.dumps(task)))))

    reports: list[Progress] = []
    plan, rules = solve(tiny_case(), scenario="ppp", mip_gap=TIGHT), ["mission_compute"]
    alone = prices(plan, mip_gap=TIGHT, rules=rules).to_dict()
    monkeypatch.setattr("leam_opt.insight.prices.side_by_side", travelling)
    side = prices(plan, mip_gap=TIGHT, rules=rules, workers=2, progress=reports.append).to_dict()
    assert side["rules"] == alone["rules"]
    counts = [report.stage for report in reports]
    assert (counts[0], counts[-1]) == ("prices of rules: 0 of 3", "prices of rules: 3 of 3")


def test_processes_answer_with_the_position_of_their_task() -> None:
    """Calls in two processes of this machine; the results belong to their tasks, whichever ends first.

    Processes that cannot be started where a script has no guard, or results out of place, break it.
    """
    tasks = [9.0, 16.0, 25.0]
    assert dict(side_by_side(math.sqrt, tasks, 2)) == {0: 3.0, 1: 4.0, 2: 5.0}
    with pytest.raises(ValueError, match=r"math domain|nonnegative"):
        list(side_by_side(math.sqrt, [1.0, -1.0], 2))


def test_prices_are_told_in_both_languages_and_at_the_terminal() -> None:
    """Every proven price has its sentence and its line; the German ones have German numbers and no English words.

    A text that is missing in a language, or a row that is not shown, breaks it.
    """
    data = found_prices().to_dict()
    proven = [each for each in data["rules"] if each["verdict"] in ("saves", "costs")]
    assert proven
    english, german = sentences(data), sentences(data, Words("de"))
    assert len(english) == len(german)
    assert any("without it the deficit falls by" in sentence for sentence in english)
    assert any("ohne diese Regel sinkt das Defizit um" in sentence and "Mio. €" in sentence for sentence in german)
    assert not any(word in " ".join(german) for word in ("without", "deficit", "falls", "rules"))
    shown = plain(prices_view(data))
    assert shown.count("dropped") == sum(each["change"] == "drop" for each in proven)
    assert len(found_prices().frame()) == len(data["rules"])
