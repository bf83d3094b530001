"""Break-even values of hand-solved cases: each answer is a fraction on one line.

One unit (10 M EUR) is needed for half a million public GPU-hours a year; the other half sells 5 bn tokens a day, which
are 3,650 million times 1000 tokens in two years.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from leam_opt.case.schema import Case
from leam_opt.errors import CaseError, InfeasibleError, SolveError
from leam_opt.solve.progress import Progress
from leam_opt.solve.run import solve
from leam_opt.study import breakeven as room
from leam_opt.study.breakeven import BreakEven, breakeven
from tests.builders import merge
from tests.maths.helpers import TIGHT, bare_case

KILOTOKENS_MILLION = 3650


def selling(**overrides: Any) -> Case:
    base = {"mission": {"public_compute_min": 0.5}, "adoption": {"low": {"inference": 5}}}
    return bare_case(**merge(base, overrides))


def earning(meur: float, **overrides: Any) -> Case:
    """Revenue over both years."""
    return selling(**merge({"prices": {"tokens": meur / KILOTOKENS_MILLION}}, overrides))


def found(case: Case, solve_for: str, **options: Any) -> BreakEven:
    """A break-even search that is proven to a few euros."""
    return breakeven(case, solve_for=solve_for, mip_gap=TIGHT, **options)


def test_the_price_at_which_revenue_covers_cost() -> None:
    """10 M EUR over 3,650 million: the path may be abbreviated, and every solve is told."""
    answer = found(selling(), "prices.token")
    assert (answer.status, answer.path, answer.unit) == ("found", "prices.tokens", "EUR/ktoken")
    assert answer.value == pytest.approx(10 / KILOTOKENS_MILLION, rel=1e-6)
    assert answer.base_value == 0.001
    assert answer.residual_meur == pytest.approx(0, abs=1e-3)
    assert answer.bracket is not None
    assert answer.bracket_measures_meur is not None
    assert answer.bracket[0] < answer.value < answer.bracket[1]
    assert answer.bracket_measures_meur[0] > 0 > answer.bracket_measures_meur[1]
    assert answer.sentence.startswith(
        "At 0.002739726 EUR/ktoken (base 0.001 EUR/ktoken) the deficit of bare is zero; residual 0.000 M€ after "
        f"{len(answer.solves)} solves"
    )


def test_the_value_found_is_one_that_was_solved() -> None:
    """Breaks when the answer is interpolated: solving the case at it gives its residual."""
    answer = found(selling(), "prices.tokens")
    assert answer.value in [row["value"] for row in answer.solves]
    plan = solve(selling().override({answer.path: answer.value}), mip_gap=TIGHT)
    assert plan.deficit_meur == answer.residual_meur


def test_the_price_of_electricity() -> None:
    """1 GWh in two years may cost what is left of 11 M EUR after the machines: 1 EUR a kWh."""
    answer = found(earning(11, energy_sources={"green": {"price": 0.1}}), "energy_sources.green.price")
    assert answer.value == pytest.approx(1, rel=1e-6)


def test_a_price_of_one_year() -> None:
    """0.5 GWh at 0.1 EUR in 2025 leave 0.95 M EUR for the other half: 1.9 EUR a kWh in 2026."""
    answer = found(earning(11, energy_sources={"green": {"price": 0.1}}), "energy.green.price.2026")
    assert answer.path == "energy_sources.green.price.2026"
    assert answer.value == pytest.approx(1.9, rel=1e-6)


def test_a_figure_by_year_becomes_one_for_all_years() -> None:
    """Prices of 0.2 and 0.4: the search starts at their mean, and the sentence tells their span."""
    answer = found(earning(11, energy_sources={"green": {"price": {2025: 0.2, 2026: 0.4}}}), "energy.green.price")
    assert answer.base_by_year == {2025: 0.2, 2026: 0.4}
    assert answer.base_value == pytest.approx(0.3)
    assert answer.value == pytest.approx(1, rel=1e-6)
    assert "base 0.2 EUR/kWh to 0.4 EUR/kWh by year" in answer.sentence


def test_the_grant_from_which_everything_is_funded() -> None:
    """A threshold, not a change of sign: 10 M EUR pay for the unit, a thousand less do not."""
    answer = found(bare_case(mission={"public_compute_min": 1}), "funding.inst.grant.cap_t", measure="unfunded_gap")
    assert answer.status == "found"
    assert answer.path == "funding.instruments.grant.cap_total"
    assert answer.value == pytest.approx(10, abs=1e-4)
    assert answer.residual_meur == pytest.approx(0, abs=1e-5)
    assert answer.bracket_measures_meur is not None
    short, funded = answer.bracket_measures_meur
    assert short > 1e-5 >= funded


def test_a_share_of_private_money() -> None:
    """Sponsors give 3 of 10 M EUR: a smallest private share above 30 % has no plan, and the search backs away from it.

    Nothing changes the deficit of 10 M EUR on the way.
    """
    sponsor = {"kind": "sponsor", "title": "Sponsors", "cap_total": 3}
    funding = {"use": ["grant", "sponsor"], "instruments": {"sponsor": sponsor}, "private_share_min": 0.2}
    answer = found(bare_case(mission={"public_compute_min": 1}, funding=funding), "funding.private_share_min")
    assert answer.status == "no_sign_change"
    assert answer.value is None
    assert answer.bracket is not None
    assert answer.bracket[0] == 0
    assert 0.25 <= answer.bracket[1] <= 0.3
    assert answer.bracket_measures_meur == pytest.approx((10, 10))
    assert "no plan satisfies all rules" in answer.sentence
    assert [row["measure_meur"] for row in answer.solves].count(None) >= 1


def test_a_deficit_that_leaps_over_zero_says_so() -> None:
    """High adoption earns 15 M EUR and needs a private share, which sponsors can give up to 30 %; then nobody buys."""
    high = {"title": "High", "private_share_min": 0.1, "core": 0, "tuning": 0, "inference": 5}
    sponsor = {"kind": "sponsor", "title": "Sponsors", "cap_total": 3}
    case = bare_case(
        mission={"public_compute_min": 0.5},
        prices={"tokens": 15 / KILOTOKENS_MILLION},
        adoption={"high": high},
        funding={"use": ["grant", "sponsor"], "instruments": {"sponsor": sponsor}},
    )
    answer = found(case, "adoption.high.private_share_min", low="29.9 %", high=0.301)
    assert answer.status == "jump"
    assert answer.value == pytest.approx(0.3, abs=1e-6)
    assert answer.residual_meur == pytest.approx(-5)
    assert answer.bracket_measures_meur == pytest.approx((-5, 10))
    assert "leaps over zero: -5.000 M€ at 29.999" in answer.sentence
    assert "10.000 M€ at 30.0" in answer.sentence


def test_the_value_of_an_owner_of_the_whole_centre() -> None:
    """10 M EUR bring twice the revenue R: 10 = R / 1.1 + R / 1.21 at the hurdle rate of 10 %."""
    equity = {"kind": "equity", "title": "Equity", "cap_total": 100, "hurdle_rate": 0.1}
    service = {"entity": "service"}
    case = selling(
        infrastructure_entity="service",
        pools={"core": service, "tuning": service, "inference": service},
        prices={"tokens": 0.002},
        funding={"use": ["equity"], "instruments": {"equity": equity}},
    )
    answer = found(case, "prices.tokens", measure="investor_npv")
    yearly = 10 / (1 / 1.1 + 1 / 1.21)
    assert answer.value == pytest.approx(yearly / (KILOTOKENS_MILLION / 2), rel=1e-6)
    assert answer.proof_meur is None
    assert answer.bracket_measures_meur is not None
    assert answer.bracket_measures_meur[0] < 0 < answer.bracket_measures_meur[1]


def test_without_a_change_of_sign_both_ends_are_told() -> None:
    answer = found(bare_case(mission={"public_compute_min": 1}), "energy.green.price", low=0, high="20 ct/kWh")
    assert answer.status == "no_sign_change"
    assert answer.bracket == (0, 0.2)
    assert answer.bracket_measures_meur == pytest.approx((10, 10.2))
    assert "does not change its sign: 10.000 M€ at 0 EUR/kWh, 10.200 M€ at 0.2 EUR/kWh" in answer.sentence


def test_what_is_proven_limits_what_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """Breaks when a residual within the proof of its solve is told as exact."""

    def rough(case: Case, **options: Any) -> Any:
        plan = solve(case, **options)
        stages = [replace(stage, dual=stage.primal - 0.5) for stage in plan.result.stages]
        return replace(plan, result=replace(plan.result, stages=tuple(stages)))

    monkeypatch.setattr(room, "solve", rough)
    answer = found(selling(), "prices.tokens")
    assert answer.status == "found"
    assert answer.proof_meur == pytest.approx(0.5)
    assert "below the 0.500 M€ that the solve leaves unproven" in answer.sentence


def test_the_dictionary_and_the_table_hold_every_solve() -> None:
    answer = found(selling(), "prices.tokens", low=0.002, high=0.004)
    data = answer.to_dict()
    assert data["solves"] == answer.solves
    assert {"value", "measure_meur", "deficit_meur", "unfunded_gap_meur", "public_money_meur", "mip_gap"} <= set(
        answer.solves[0]
    )
    table = answer.frame()
    assert list(table["value"]) == sorted(row["value"] or 0.0 for row in answer.solves)
    assert [row["value"] for row in answer.solves[:2]] == [0.002, 0.004]


def interrupting(at: int, act: Callable[[], Any]) -> Callable[..., Any]:
    """A solver that does something else from its n-th call on."""
    calls: list[int] = []

    def run(case: Case, **options: Any) -> Any:
        calls.append(1)
        return act() if len(calls) >= at else solve(case, **options)

    return run


def stop() -> Any:
    raise KeyboardInterrupt


def test_an_interrupted_search_gives_the_bracket_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    """Breaks when Ctrl-C loses what is known: the third solve is stopped, the two before bracket the price."""
    monkeypatch.setattr(room, "solve", interrupting(3, stop))
    answer = found(selling(), "prices.tokens", low=0.002, high=0.004)
    assert (answer.status, answer.value, answer.bracket) == ("stopped", None, (0.002, 0.004))
    assert answer.reason == "the search was interrupted"
    assert answer.sentence.startswith("The search was interrupted after 2 solves; the deficit of bare becomes zero")


def test_a_plan_that_was_interrupted_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    """HiGHS hands back its best plan after Ctrl-C; its deficit says nothing about the optimal one."""
    case = selling()
    plan = solve(case, mip_gap=TIGHT)
    broken_off = replace(plan, result=replace(plan.result, status="interrupted"))
    monkeypatch.setattr(room, "solve", interrupting(2, lambda: broken_off))
    answer = found(case, "prices.tokens")
    assert (answer.status, len(answer.solves), answer.bracket) == ("stopped", 1, None)
    assert "No change of sign of the deficit of bare was reached after 1 solve" in answer.sentence


def test_a_search_without_any_plan_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "solve", interrupting(1, stop))
    with pytest.raises(SolveError, match="interrupted before its first plan"):
        found(selling(), "prices.tokens")
    with pytest.raises(SolveError, match="time limit ended the search before its first plan"):
        found(selling(), "prices.tokens", time_limit=0)


def test_progress_tells_the_solve_and_the_value(monkeypatch: pytest.MonkeyPatch) -> None:
    def reporting(case: Case, *, progress: Callable[[Progress], None], **options: Any) -> Any:
        progress(Progress("least deficit", None, None, None, 0.0))
        return solve(case, **options)

    monkeypatch.setattr(room, "solve", reporting)
    told: list[str] = []
    found(selling(), "prices.tokens", progress=lambda state: told.append(state.stage), low=0.002, high=0.004)
    assert told[:2] == [
        "solve 1 at 0.002 EUR/ktoken: least deficit",
        "solve 2 at 0.004 EUR/ktoken: least deficit",
    ]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"solve_for": "prices.tokns"}, "did you mean prices.tokens?"),
        ({"solve_for": "prices.c"}, "it could be prices.cluster_hour or prices.cluster_gpus"),
        ({"solve_for": "prices"}, "it is a section; name one of its figures: prices.cluster_hour, "),
        ({"solve_for": "horizon_years"}, "horizon_years is a whole number"),
        ({"solve_for": "rules.public_use.enabled"}, "is true or false"),
        ({"solve_for": "funding.use"}, "is a list"),
        ({"solve_for": "prices.tokens.2025"}, "one figure for all years; leave the year away"),
        ({"solve_for": "energy.green.price.2031"}, "2031 is not a year of the horizon 2025 to 2026"),
        ({"solve_for": "rules.co2_max"}, "say where to look with --between"),
        ({"solve_for": "prices.tokens", "low": 1}, "both ends are needed"),
        ({"solve_for": "prices.tokens", "low": 2, "high": 1}, "the first value has to be below the second"),
        ({"solve_for": "prices.tokens", "low": "1 kW", "high": 2}, "--between 1 kW: the unit 'kW' does not fit"),
        ({"solve_for": "prices.tokens", "low": -1, "high": 2}, "too small"),
        ({"solve_for": "prices.tokens", "measure": "defict"}, "expected deficit, unfunded_gap or investor_npv"),
        ({"solve_for": "prices.tokens", "scenario": "ppq"}, "unknown scenario 'ppq'"),
        ({"solve_for": "prices.tokens", "tolerance": math.nan}, "expected M EUR above 0"),
    ],
)
def test_bad_input_is_refused_before_the_first_solve(options: dict[str, Any], words: str) -> None:
    with pytest.raises(CaseError, match=words.replace("?", r"\?")):
        breakeven(selling(), **options)


def test_an_end_without_a_plan_is_named() -> None:
    """Breaks when a bracket that cannot be solved fails without saying at which value."""
    with pytest.raises(InfeasibleError, match=r"at mission.public_compute_min = 99 MGPUh/a: no plan satisfies"):
        found(bare_case(mission={"public_compute_min": 1}), "mission.public_comp", low=1, high=99)
    with pytest.raises(CaseError, match=r"at funding.private_share_min = 90 %: "):
        found(bare_case(funding={"private_share_max": 0.5}), "funding.private_share_min", low=0, high=0.9)


def test_a_scenario_is_searched_in_its_own_overlay() -> None:
    """The scenario's unit costs 12 M EUR instead of 10; the figure that it alone has can be changed too."""
    overlay = {"server_types": {"alpha": {"unit_price": 12}}}
    case = selling(scenarios={"dear": {"title": "Dear", "overlay": overlay}})
    answer = found(case, "prices.tokens", scenario="dear")
    assert answer.value == pytest.approx(12 / KILOTOKENS_MILLION, rel=1e-6)
    assert answer.scenario == "dear"
    assert "deficit of dear is zero" in answer.sentence
