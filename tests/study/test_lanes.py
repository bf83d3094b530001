"""The lanes answer what a solve of each variant by itself answers, whatever they did before and however it was cut."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import leam_opt as lo
from leam_opt.case.derive import derive
from leam_opt.case.figures import problems_by_variant, quantities_at
from leam_opt.case.schema import Case
from leam_opt.errors import InfeasibleError, SolveError
from leam_opt.ledger.books import Books
from leam_opt.ledger.inputs import Inputs
from leam_opt.ledger.reference import Reading, reference_decisions
from leam_opt.study import lanes as lanes_module
from leam_opt.study.batches import Batch
from leam_opt.study.lanes import Lanes, Options, Rows, Whole, plan_key
from leam_opt.study.outputs import default_outputs, figures, output_names, unit_of_output
from tests.builders import small_case
from tests.ledger.funded import rich_case
from tests.ledger.varied import leam, ranges
from tests.study.tiny import CLOSE, FIGURES, OPTIONS, POWER, TOKENS, rows, tiny_case

Array = NDArray[np.float64]
GRANT = "funding.instruments.grant"
TICKET = f"{GRANT}.min_ticket"
MISSION = "mission.public_compute_min"
USES = [["grant"], ["grant", "sponsor"], ["grant", "sponsor", "donor"]]
NO_FIGURES = ("infeasible", "invalid", "failed", "audit_failed")


def own(values: Mapping[str, Any], number: int) -> dict[str, Any]:
    return {path: column[number] for path, column in values.items()}


def size_of(values: Mapping[str, Any]) -> int:
    return len(next(iter(values.values())))


def plan_of(found: Rows, number: int = 0) -> Whole:
    return found.plans[found.plan_key[number]]


SMALL = {"tiny": tiny_case, "small": small_case, "rich": rich_case}


@cache
def planned(name: str) -> Rows:
    return rows(Lanes(), "replan", SMALL[name](), {})


def base_plan(name: str = "tiny") -> Whole:
    return plan_of(planned(name))


def assert_without_figures(found: Rows, number: int) -> None:
    assert found.status[number] in NO_FIGURES
    assert found.reason[number]
    for name, column in found.numbers.items():
        assert np.isnan(column[number]) or name == "seconds", name
    assert found.structure[number] == found.plan_key[number] == ""


def assert_same_figures(one: Rows, i: int, other: Rows, j: int, names: Iterable[str], close: float = CLOSE) -> None:
    for name in names:
        assert one.numbers[name][i] == pytest.approx(other.numbers[name][j], abs=close, nan_ok=True), name


SMALL_LEVERS: dict[str, Any] = {
    "rules.public_use.scope": ["core", "all"],
    "funding.instruments.equity.min_ticket": np.array([0.0, 2.0]),
}
TINY_LEVERS: list[dict[str, Any]] = [
    {TOKENS: np.array([0.0, 0.0015, 0.003]), POWER: np.array([0.2, 0.0, 0.7])},
    {"funding.use": USES},
    {TICKET: np.array([0.0, 12.0, 20.0, 0.0])},
    {"prices.token_levels": [[{"price": 0.002, "demand": 1}, {"price": 0.004, "demand": 0.7}], []]},
    {"horizon_years": [2, 3]},
    {"rules.co2_max": np.array([0.0, 5.0]), TOKENS: np.array([0.002, 0.001])},
    {f"{GRANT}.cap_per_year": [None, 5, 9]},
    {f"{GRANT}.cap_total": np.array([0.0, 13.0, 1000.0]), TICKET: np.array([0.0, 12.0, 0.0])},
    {"rules.public_use.enabled": [True, False], "staff.operations": np.array([3.0, 0.0])},
    {MISSION: np.array([0.0, 2.0])},
]


@pytest.mark.parametrize(
    ("case", "values"),
    [*((tiny_case(), values) for values in TINY_LEVERS), (small_case(), SMALL_LEVERS)],
    ids=lambda part: "-".join(part) if isinstance(part, dict) else part.name,
)
def test_a_variant_is_planned_as_by_itself(case: Case, values: dict[str, Any]) -> None:
    """Gap, deficit and public money of a solve of each case; and its own plan, held there, does not do worse or better.

    Breaks when a number of a variant does not reach the model, or a structure meets another one's model.
    """
    lanes = Lanes()
    found = rows(lanes, "replan", case, values)
    for number in range(size_of(values)):
        alone = lo.solve(case.override(own(values, number)), mip_gap=OPTIONS.mip_gap)
        for name in FIGURES:
            assert found.numbers[name][number] == pytest.approx(float(alone.accounts.totals[name]), abs=CLOSE), name
        assert found.status[number] == "optimal"
        assert found.reason[number] == ""
        assert found.numbers["objective_error_eur"][number] < 1
        assert found.numbers["mip_gap"][number] <= OPTIONS.mip_gap
        assert found.numbers["dual_bound_meur"][number] <= found.numbers["deficit_meur"][number] + CLOSE
        variant = {path: column[number : number + 1] for path, column in values.items()}
        held = rows(lanes, "evaluate", case, variant, held=plan_of(found, number))
        assert held.status == ["evaluated"]
        assert_same_figures(held, 0, found, number, FIGURES)
    assert np.ptp(found.numbers["public_money_meur"]) > CLOSE or np.ptp(found.numbers["deficit_meur"]) > CLOSE


def test_the_shipped_case_with_a_wide_gap() -> None:
    """On the case that studies are for: the figures of a solve by itself, as far as both are proven."""
    case, gap = leam("public"), 0.2
    values = {"energy_sources.green-tariff.price": np.array([0.35])}
    found = Lanes().run("replan", case, values, frozenset(values), Options(gap, 120, 0))
    alone = lo.solve(case.override(own(values, 0)), mip_gap=gap)
    gross = float(alone.accounts.totals["gross_cost_meur"])
    assert found.status[0] in ("optimal", "gap_reached")
    assert found.numbers["mip_gap"][0] <= gap
    assert found.numbers["unfunded_gap_meur"][0] == pytest.approx(alone.unfunded_gap_meur, abs=gap * gross)
    assert found.numbers["deficit_meur"][0] == pytest.approx(alone.deficit_meur, abs=gap * gross)
    assert found.numbers["dual_bound_meur"][0] <= alone.deficit_meur + CLOSE


def test_a_pool_changes_the_way_and_not_the_answer() -> None:
    """Plans of other variants to begin with, also ones that do not fit, and one that is bad."""
    case, values = tiny_case(), {TOKENS: np.array([0.001, 0.004])}
    alone = rows(Lanes(), "replan", case, values)
    strange = {**base_plan(), "units_bought[south,alpha,2025]": 3}
    pool = (strange, base_plan(), {}, plan_of(alone, 1))
    found = rows(Lanes(), "replan", case, values, pool=pool)
    for number in range(2):
        assert_same_figures(found, number, alone, number, FIGURES)


@pytest.mark.parametrize("name", SMALL)
def test_a_plan_that_is_held_at_its_own_values_is_the_plan(name: str) -> None:
    """Breaks when a whole number is lost on the way, or what it leaves free is answered in another way."""
    wanted = planned(name)
    held = rows(Lanes(), "evaluate", SMALL[name](), {}, held=base_plan(name))
    assert held.status == ["evaluated"]
    assert held.numbers["unmet_share"] == pytest.approx(0, abs=1e-9)
    assert sorted(held.numbers) == sorted(wanted.numbers)
    things = [name for name in held.numbers if name.startswith("servers") or name == "it_power_built_mw"]
    assert_same_figures(held, 0, wanted, 0, [*things, *FIGURES[:2]])
    # A plan may leave a thousandth of a euro of an earlier objective, which is worth some euros of a later one.
    assert_same_figures(held, 0, wanted, 0, FIGURES, 1e-5)


STRUCTURAL: dict[str, Any] = {
    TICKET: np.array([12.0, 0.0, 12.0, 0.0, 0.0, 3.0]),
    TOKENS: np.array([0.001, 0.002, 0.003, 0.0, 0.005, 0.002]),
    "funding.use": [USES[1], USES[1], USES[2], USES[2], USES[1], USES[2]],
    "rules.co2_max": [None, 5, None, 5, 0, None],
}


def test_evaluated_variants_of_several_structures() -> None:
    """Each as its own case is evaluated by itself, by lanes that have done nothing else."""
    case = tiny_case()
    found = rows(Lanes(), "evaluate", case, STRUCTURAL, held=base_plan())
    for number in range(size_of(STRUCTURAL)):
        alone = rows(Lanes(), "evaluate", case.override(own(STRUCTURAL, number)), {}, held=base_plan())
        assert (alone.status, alone.reason) == ([found.status[number]], [found.reason[number]])
        assert alone.status[0] in ("evaluated", "unmet")
        assert_same_figures(found, number, alone, 0, set(alone.numbers) - {"seconds"}, 1e-9)
    assert len({round(value, 6) for value in found.numbers["deficit_meur"]}) > 3


def around(case: Case, size: int) -> dict[str, Array]:
    """Figures of the small case, up to 20 % below their planning values."""
    random = np.random.default_rng(2)
    paths = [TOKENS, "prices.cluster_hour", "staff.salary", "compute.goodput", "rules.co2_max", "staff.operations"]
    paths += ["energy_sources.mix.price", "sites.north.grid_fee", "server_types.alpha.power", "cpu.rent"]
    bases = {path: planned_value(case, path) for path in paths}
    values = {path: base * random.uniform(0.8, 1, size) for path, base in bases.items()}
    values["compute.goodput"][: size // 2] = bases["compute.goodput"]
    values["funding.instruments.equity.min_ticket"] = np.where(np.arange(size) % 5 == 0, 0.0, 1.0)
    values["prices.tokens"][3] = -1
    assert sum(reason is not None for reason in problems_by_variant(case, values)) == 1
    return values


def planned_value(case: Case, path: str) -> float:
    return quantities_at(case, path)[0].base


SIZE = 10
CUTS = {
    "one by one": [[number] for number in range(SIZE)],
    "by three": [list(range(first, min(first + 3, SIZE))) for first in range(0, SIZE, 3)],
    "from the end": [list(range(SIZE - 1, -1, -1))],
}


def test_results_do_not_depend_on_how_variants_are_cut() -> None:
    """All figures of batches of any size and order, by lanes that have done other things before, to the last digits.

    Breaks when a batch begins where the last one ended, or a figure goes to a neighbour's row.
    """
    case = small_case()
    values = around(case, SIZE)
    whole = rows(Lanes(), "evaluate", case, values, held=base_plan("small"))
    assert {*whole.status} == {"evaluated", "unmet", "invalid"}
    warm = Lanes()
    for cut in CUTS.values():
        for part in cut:
            some = {path: column[part] for path, column in values.items()}
            found = rows(warm, "evaluate", case, some, held=base_plan("small"))
            for place, number in enumerate(part):
                assert found.status[place] == whole.status[number]
                assert found.reason[place] == whole.reason[number]
                # The error is the noise of both sums, which add up in another order.
                names = set(found.numbers) - {"seconds", "objective_error_eur"}
                assert_same_figures(found, place, whole, number, names, 1e-9)


def test_the_same_batch_gives_the_same_bits() -> None:
    """A study that goes on in another process has the rows that it would have had."""
    case = small_case()
    values = around(case, 12)
    first = Lanes()
    one = rows(first, "evaluate", case, values, held=base_plan("small"))
    rows(first, "evaluate", case, {TOKENS: np.array([0.01, 0.0])}, held=base_plan("small"))
    again = rows(first, "evaluate", case, values, held=base_plan("small"))
    other = rows(Lanes(), "evaluate", case, values, held=base_plan("small"))
    for name in set(one.numbers) - {"seconds"}:
        np.testing.assert_array_equal(again.numbers[name], one.numbers[name], err_msg=name)
        np.testing.assert_array_equal(other.numbers[name], one.numbers[name], err_msg=name)


def test_what_cannot_be_planned_is_a_row_with_its_reason() -> None:
    """Breaks when a variant without a plan ends the others, keeps a figure, or does not say why."""
    case = tiny_case()
    values = {MISSION: np.array([2.5, 700.0, 2.5, 1.0]), TOKENS: np.array([0.001, 0.001, -1.0, 0.001])}
    found = rows(Lanes(), "replan", case, values)
    assert found.status == ["optimal", "infeasible", "invalid", "optimal"]
    with pytest.raises(InfeasibleError) as caught:
        lo.solve(case.override(own(values, 1)))
    assert found.reason[1] == "cannot hold together: " + "; ".join(caught.value.conflict)
    assert "compute that the mission promises to public users" in found.reason[1]
    assert found.reason[2] == f"{TOKENS}: -1 EUR/ktoken is too small; at least 0 EUR/ktoken is allowed"
    for number in (1, 2):
        assert_without_figures(found, number)
    assert list(found.plans) == list(dict.fromkeys([found.plan_key[0], found.plan_key[3]]))


def test_held_plans_that_miss_a_rule_say_by_how_much() -> None:
    """A tenth more of what was promised is missed by a tenth; no compute at all, and the plan is not possible."""
    lanes, case = Lanes(), tiny_case()
    values = {MISSION: np.array([2.5, 6.0]), TOKENS: np.array([0.001, 0.001])}
    found = rows(lanes, "evaluate", case, values, held=base_plan())
    assert found.status == ["evaluated", "unmet"]
    assert found.reason[1].startswith("compute that the mission promises to public users: missed by 50 %")
    assert found.numbers["unmet_share"] == pytest.approx([0, 0.5])
    assert np.isfinite(found.numbers["deficit_meur"]).all()


def test_a_plan_that_does_not_fit_the_case() -> None:
    """A plan with a donor in a scenario without one. Breaks when what the case lacks is dropped in silence."""
    case = tiny_case()
    with_donor = plan_of(rows(Lanes(), "replan", case.scenario("ppp"), {TOKENS: np.array([0.002])}))
    donor = "funding.instruments.donor.min_ticket"
    values = {donor: np.array([0.5, 0.5, 0.0]), "funding.use": [USES[1], USES[2], USES[2]]}
    found = rows(Lanes(), "evaluate", case, values, held=with_donor)
    assert found.status == ["failed", "evaluated", "evaluated"]
    assert "it decides instrument_used[donor], which this case does not have" in found.reason[0]
    assert_without_figures(found, 0)
    for plan, lacks in (({"units_bought[north,gamma,2025]": 1}, "gamma"), ({"site_open[south,2026]": 1}, "south")):
        found = rows(Lanes(), "evaluate", case, {}, held=plan)
        assert found.status == ["failed"]
        assert lacks in found.reason[0]


@pytest.mark.parametrize("lane", ["replan", "evaluate"])
def test_the_ledger_has_the_last_word(lane: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With another salary in the ledger's books no plan is confirmed; also one that misses a rule about things."""
    case = tiny_case()
    values = {MISSION: np.array([2.5, 6.0] if lane == "evaluate" else [2.5, 2.0])}
    options = {"held": base_plan()} if lane == "evaluate" else {}
    sound = rows(Lanes(), lane, case, values, **options)
    assert not {*sound.status} & {"audit_failed"}

    def overpaid(batch: Batch) -> Inputs:
        return Inputs.of([case.override({"staff.salary": 150000, MISSION: float(v)}) for v in batch.values[MISSION]])

    monkeypatch.setattr(Batch, "inputs", property(overpaid))
    found = rows(Lanes(), lane, case, values, **options)
    assert found.status == ["audit_failed", "audit_failed"]
    for number in range(2):
        assert_without_figures(found, number)
    assert "the optimiser says" in found.reason[0]


def test_what_a_held_plan_keeps_is_checked_by_the_ledger(monkeypatch: pytest.MonkeyPatch) -> None:
    """A plan that the solver calls kept, and the ledger does not. Breaks when rules about things are never audited."""
    case = tiny_case()

    def promised_more(batch: Batch) -> Inputs:
        return Inputs.of([case.override({MISSION: 6.0})] * batch.size)

    monkeypatch.setattr(Batch, "inputs", property(promised_more))
    found = rows(Lanes(), "evaluate", case, {TOKENS: np.array([0.001])}, held=base_plan())
    assert found.status == ["audit_failed"]


def tampered(lanes: Lanes, case: Case) -> Lanes:
    """Lanes whose compiled problem keeps the price of tokens that it was built with."""
    del lanes.workshop.problem(case).template.origins["price_tokens"]
    return lanes


@pytest.mark.parametrize("lane", ["replan", "evaluate"])
def test_a_sample_is_compared_with_a_fresh_build(lane: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Breaks when a number that does not reach the model is not found, or its rows land all the same."""
    case, values = tiny_case(), {TOKENS: np.array([0.001, 0.004])}
    options = {"held": base_plan()} if lane == "evaluate" else {}
    assert not {*rows(Lanes(), lane, case, values, **options).status} & {*NO_FIGURES}
    missed = rows(tampered(Lanes(), case), lane, case, values, **options, first_run=1)
    assert missed.status[1] == "audit_failed", "what the sample misses, the ledger finds"
    monkeypatch.setattr(lanes_module, "CONFIRM_EVERY", 1)
    found = rows(tampered(Lanes(), case), lane, case, values, **options, first_run=1)
    assert found.status == ["failed", "failed"]
    assert "differ from those of a fresh build in" in found.reason[0]
    assert_without_figures(found, 1)


def test_which_runs_are_the_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    """One of CONFIRM_EVERY runs of a study, wherever batches begin."""
    seen: list[float] = []
    monkeypatch.setattr(lanes_module, "CONFIRM_EVERY", 4)
    monkeypatch.setattr(
        lanes_module.Problem, "confirm", lambda _, case, __: seen.append(round(case.prices.tokens.base, 4))
    )
    for first, size in ((0, 3), (3, 6), (9, 1), (10, 3)):
        values = {TOKENS: np.arange(first, first + size) / 1000}
        rows(Lanes(), "evaluate", tiny_case(), values, held=base_plan(), first_run=first)
    assert seen == [0, 0.004, 0.008, 0.012]


CASES = {"tiny": tiny_case, "small": small_case, "rich": rich_case, "leam ppp": lambda: leam("ppp")}


@pytest.mark.parametrize("name", CASES)
def test_no_variant_differs_from_its_fresh_build(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Breaks when the comparison takes a row or column that has no coefficient under its figures for a difference."""
    monkeypatch.setattr(lanes_module, "CONFIRM_EVERY", 1)
    case = CASES[name]()
    some = ["staff.salary", "cpu.rent", TOKENS] if name != "tiny" else [TOKENS, POWER]
    values = {path: planned_value(case, path) * np.array([0.0, 0.9, 1.0, 1.1]) for path in some}
    # A plan that does nothing answers any case; its figures are of no interest here.
    found = rows(Lanes(), "evaluate", case, values, held={})
    assert not [reason for reason in found.reason if "fresh build" in reason]


def test_an_instrument_that_cannot_be_paid_back_is_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no dividend can be paid, columns of the model have no coefficient, and Pyomo's compiler leaves them out."""
    monkeypatch.setattr(lanes_module, "CONFIRM_EVERY", 1)
    equity = {"kind": "equity", "title": "Equity", "cap_total": 50, "hurdle_rate": 0.05, "last_year": 2025}
    case = tiny_case(funding={"use": ["grant", "equity"], "instruments": {"equity": equity}})
    found = rows(Lanes(), "replan", case, {TOKENS: np.array([0.001, 0.002])})
    assert found.status == ["optimal", "optimal"], found.reason


def test_a_time_limit() -> None:
    """Breaks when a variant that ran out of time counts as proven, or as failed."""
    found = Lanes().run("replan", small_case(), {}, frozenset(), Options(1e-9, 0.02, 0))
    assert found.status == ["time_limit"]
    if found.reason[0]:
        assert "time limit" in found.reason[0]
        assert "deficit_meur" not in found.numbers
    else:
        assert found.numbers["mip_gap"][0] > 1e-9


def test_an_interrupted_solve_is_no_row(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C ends a study; the plan found so far is no answer. Breaks when it lands and is never solved again."""

    def stopped(search: Any) -> None:
        search.stopped = "interrupted"

    def without_plan(search: Any) -> None:
        raise SolveError("the search was interrupted before a first plan was found; allow more time")

    for run in (stopped, without_plan):
        monkeypatch.setattr(lanes_module.Search, "run", run)
        with pytest.raises(KeyboardInterrupt):
            rows(Lanes(), "replan", tiny_case(), {TOKENS: np.array([0.001])})


def test_trouble_of_the_solver_fails_the_variant_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Breaks when numerical trouble under one set of figures costs the rows of others."""
    run, usual = lanes_module.Search.run, derive(tiny_case()).values["price_tokens"]

    def troubled(search: Any) -> Array:
        if search.table["price_tokens"].max() > 1.5 * usual.max():
            raise SolveError("HiGHS stopped with status 'Unknown'; no plan is given")
        return run(search)

    monkeypatch.setattr(lanes_module.Search, "run", troubled)
    found = rows(Lanes(), "replan", tiny_case(), {TOKENS: np.array([0.001, 0.002, 0.0])})
    assert found.status == ["optimal", "failed", "optimal"]
    assert found.reason[1] == "HiGHS stopped with status 'Unknown'; no plan is given"
    assert_without_figures(found, 1)


def test_what_a_row_tells() -> None:
    """Three units of 20 servers in one module of 0.5 MW; 30 M EUR from a grant of at least 12 and a sponsor."""
    found = planned("tiny")
    assert found.structure == ["2025 north: 3 alpha + 1 modules; take-up low from 2025"]
    wanted = {"servers": 60, "servers_alpha": 60, "it_power_built_mw": 0.5, "draws_grant_meur": 12}
    wanted |= {"draws_sponsor_meur": 18, "deficit_meur": 27.55, "public_gpu_hours_million": 5, "unfunded_gap_meur": 0}
    for name, value in wanted.items():
        assert found.numbers[name][0] == pytest.approx(value, abs=CLOSE), name
    assert set(output_names(tiny_case(), "replan")) <= set(found.numbers)
    assert set(default_outputs(tiny_case(), "replan")) <= set(found.numbers)
    assert [unit_of_output(name) for name in ("deficit_meur", "co2_kt", "servers")] == ["M€", "kt", ""]


def test_the_key_of_a_plan() -> None:
    """Breaks when equal plans have two keys, or different ones share theirs."""
    assert plan_key({"a": 1, "b": 2}) == plan_key({"b": 2, "a": 1, "c": 0})
    assert len({plan_key(plan) for plan in ({}, {"a": 1}, {"a": 2}, {"b": 1}, {"a": 1, "b": 1})}) == 5
    assert plan_key(base_plan()) == plan_key(plan_of(rows(Lanes(), "replan", tiny_case(), {TOKENS: np.array([0.001])})))


OWN_TOKENS, OWN_GROWTH = "reference_plan.tokens_constant", "reference_plan.token_growth"


@pytest.mark.parametrize("reading", ["constant", "growth"])
def test_the_plan_of_the_paper_at_its_base(reading: Any) -> None:
    """All figures of the reference lane are those of the ledger; breaks when the other reading is taken."""
    case = leam()
    values = {path: np.full(2, planned_value(case, path)) for path in (OWN_TOKENS, OWN_GROWTH)}
    found = rows(Lanes(), "reference", case, values, reading=reading)
    assert found.status == ["evaluated", "evaluated"]
    wanted = figures(Books.of(case, reference_decisions(case, Reading(tokens=reading, teams="between"))))
    assert set(wanted) <= set(found.numbers)
    for name, value in wanted.items():
        assert found.numbers[name] == pytest.approx([float(value)] * 2, abs=1e-9), name
    other = rows(Lanes(), "reference", case, values, reading={"growth": "constant", "constant": "growth"}[reading])
    assert abs(other.numbers["deficit_meur"] - found.numbers["deficit_meur"]).min() > 10


def test_the_ends_of_the_paper_by_the_reference_lane() -> None:
    """Annex G before its rounding: 332.24 at the worst end, constant; 46.70 at the best, growing."""
    ends = {path: np.array(pair) for path, pair in ranges(leam()).items()} | {OWN_TOKENS: np.array([3.0, 3.0])}
    worst = rows(Lanes(), "reference", leam(), ends, reading="constant").numbers["deficit_meur"]
    best = rows(Lanes(), "reference", leam(), ends, reading="growth").numbers["deficit_meur"]
    assert worst[1] == pytest.approx(332.24192, rel=1e-9)
    assert best[0] == pytest.approx(46.7024592, rel=1e-9)


def test_a_team_that_does_not_exist_fails_its_own_variant() -> None:
    """Breaks when one variant that the plan cannot be carried out in fails its whole batch."""
    people = np.array([5.0, 11.0, 6.5, 8.0, 4.0])
    found = rows(Lanes(), "reference", leam(), {"reference_plan.tuning_staff": people})
    assert found.status == ["evaluated", "failed", "evaluated", "evaluated", "failed"]
    assert "reference_plan.tuning_staff of 11 people" in found.reason[1]
    for number in (1, 4):
        assert_without_figures(found, number)
    alone = rows(Lanes(), "reference", leam(), {"reference_plan.tuning_staff": people[2:3]})
    assert_same_figures(found, 2, alone, 0, FIGURES, 1e-12)


def test_the_reference_plan_under_words_alone() -> None:
    """Breaks when the reference lane needs a figure among the levers."""
    found = rows(Lanes(), "reference", leam(), {"title": ["One", "Other", "One"]})
    assert found.status == ["evaluated"] * 3
    assert np.ptp(found.numbers["deficit_meur"]) == 0
