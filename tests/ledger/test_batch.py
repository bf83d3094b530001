"""A batch of variants is the same as its variants one by one: figures, accounts and verdicts."""

from __future__ import annotations

from dataclasses import fields, replace
from functools import cache

import numpy as np
import pytest

import leam_opt as lo
from leam_opt.case.figures import Figures, quantities_at
from leam_opt.case.index import Index
from leam_opt.case.schema import Case
from leam_opt.errors import AuditError
from leam_opt.ledger.audit import audit, audit_batch
from leam_opt.ledger.batch import stack, variant
from leam_opt.ledger.books import Books
from leam_opt.ledger.decisions import Decisions
from leam_opt.ledger.inputs import Inputs
from leam_opt.ledger.reader import BatchReader
from tests.ledger.funded import random_plan
from tests.ledger.varied import Array, batch_of, drawn, leam, one_by_one, rich

OBJECTIVES = ("deficit_meur", "unfunded_gap_meur", "public_money_meur")
TOPICS = ("machines", "places", "services", "money")


@cache
def public_plan() -> Decisions:
    return lo.solve(leam("public"), mip_gap=0.02).decisions


CASES = pytest.mark.parametrize("name", ["public", "ppp", "rich"])


# ---------------------------------------------------------------------------------------------------------- figures
@CASES
def test_inputs_are_those_of_each_case(name: str) -> None:
    """Every array has the leading axis, and each element the figures of the case that says them outright."""
    case, draws = drawn(name)
    together = batch_of(case, draws)
    assert together.variants == (4,)
    moved = 0
    for number, alone in enumerate(map(Inputs.of, one_by_one(case, draws))):
        assert together.structure == alone.structure
        for topic in TOPICS:
            for field in fields(getattr(alone, topic)):
                one, all_of_them = (getattr(getattr(inputs, topic), field.name) for inputs in (alone, together))
                assert all_of_them.shape == (4, *one.shape), field.name
                assert (all_of_them[number] == one).all(), field.name
                moved += bool((all_of_them != all_of_them[:1]).any())
        for loan, schedules in enumerate(alone.schedules):
            for band, schedule in enumerate(schedules):
                for part in ("interest", "principal", "balance"):
                    many = getattr(together.schedules[loan][band], part)
                    assert (many[number] == getattr(schedule, part)).all(), part
    # What does not vary proves nothing.
    assert moved > 4 * {"public": 20, "ppp": 25, "rich": 75}[name]


def test_a_type_that_is_not_yet_on_sale_has_the_price_of_its_first_year() -> None:
    """The h200 is sold from 2025 on; its price of 2025 stands in for 2023 and 2024, as for a single case."""
    case = leam("public")
    prices = np.array([10.0, 20.0])
    inputs = batch_of(case, {"server_types.h200.unit_price.2025": prices})
    found = inputs.machines.unit_price_meur[:, inputs.structure.index.types.index("h200")]
    assert (found[:, :3] == prices[:, None]).all()
    assert (found[:, 3] == found[0, 3]).all()
    assert found[0, 3] not in prices


def test_without_figures_that_vary_a_batch_reader_reads_the_case() -> None:
    case = rich()
    read, planned = Inputs.read(case, BatchReader(case.years, Figures())), Inputs.of(case)
    assert read.variants == ()
    for topic in TOPICS:
        for field in fields(getattr(planned, topic)):
            one, other = (getattr(getattr(inputs, topic), field.name) for inputs in (read, planned))
            assert one.shape == other.shape
            assert (one == other).all(), field.name


# --------------------------------------------------------------------------------------------------------- accounts
@pytest.mark.parametrize("held", [True, False], ids=["one plan", "a plan each"])
@CASES
def test_accounts_are_those_of_each_case(name: str, held: bool) -> None:
    """All tables of the accounts, whether the variants have a plan each or share one."""
    case, draws = drawn(name)
    index = Index.of(case)
    plans = random_plan(index, 5) if held else random_plan(index, 5, 4)
    together = Books.of(batch_of(case, draws), plans)
    assert together.variants == (4,)
    for number, single in enumerate(one_by_one(case, draws)):
        alone = Books.of(single, variant(plans, number))
        for table in ("totals", "lines", "yearly", "profit_statement", "balance_sheet"):
            for line, values in getattr(alone, table).items():
                found = np.broadcast_to(getattr(together, table)[line], (4, *np.shape(values)))[number]
                assert found == pytest.approx(np.asarray(values), rel=1e-12, abs=1e-12), (table, line)
    deficits = together.totals["deficit_meur"]
    assert len(set(deficits)) == 4


# --------------------------------------------------------------------------------------------------------- verdicts
@CASES
def test_verdicts_on_any_decisions_are_those_of_each_variant(name: str) -> None:
    case, draws = drawn(name)
    plans = random_plan(Index.of(case), 6, 4)
    # Nothing is distributed in two variants: rows that bind distributions are in force in the others only.
    for array in (plans.dividends_meur, plans.profit_transfer_meur):
        array[:2] = 0
    random = np.random.default_rng(8)
    claims = {figure: random.uniform(-9, 9, 4) for figure in (*OBJECTIVES, "tokens_total_bn")}
    claims["closing_research_meur"] = random.uniform(-9, 9, (4, len(case.years)))
    together = audit_batch(Books.of(batch_of(case, draws), plans), claims)
    for number, single in enumerate(one_by_one(case, draws)):
        alone = audit(single, variant(plans, number), {figure: values[number] for figure, values in claims.items()})
        assert together.passed[number] == alone.passed
        assert together.rows_checked[number] == alone.rows_checked
        assert together.objective_error_eur[number] == pytest.approx(alone.objective_error_eur, rel=1e-12)
        assert together.reasons[number] == str(alone.violations[0])
    assert together.rows_checked[0] < together.rows_checked[2]


TOKENS, GOODPUT = "prices.tokens", "compute.goodput"
NOTHING: dict[str, float] = {}
FATES: list[tuple[dict[str, float], float, float, str, float]] = [
    # figures, electricity not bought in GWh, claimed deficit too high by EUR, reason, objective error in EUR
    (NOTHING, 0, 0, "", 0),
    (NOTHING, 0, 0.9, "", 0.9),
    (NOTHING, 0, 5, "deficit_meur: the optimiser says", 5),
    (NOTHING, 0, np.nan, "deficit_meur: the optimiser says nan", np.nan),
    (NOTHING, 0.5, 0, "energy_balance (site existing-building, year 2024)", 0),
    (NOTHING, 0.5, 5, "energy_balance (site existing-building, year 2024)", 5),
    ({TOKENS: 0.0101}, 0, 0, "", 0),
    ({TOKENS: 0.0099}, 0, 0, "cash (company service", 0),
    ({GOODPUT: 0.91}, 0, 0, "", 0),
    ({GOODPUT: 0.89}, 0, 0, "capacity (pool ", 0),
]


def fates() -> tuple[Case, dict[str, Array], Decisions, dict[str, Array]]:
    """Variants of a good plan, each with a fate of its own; claims are honest but for what the fate says."""
    case = leam("public")
    planned = {path: float(quantities_at(case, path)[0]) for path in (TOKENS, GOODPUT)}
    draws = {path: np.array([fate[0].get(path, value) for fate in FATES]) for path, value in planned.items()}
    plans = stack([public_plan()] * len(FATES))
    site, year = Index.of(case).sites.index("existing-building"), case.years.index(2024)
    source = int(plans.energy_gwh[0, :, site, year].argmax())
    plans.energy_gwh[:, source, site, year] -= [fate[1] for fate in FATES]
    books = [Books.of(single, variant(plans, i)) for i, single in enumerate(one_by_one(case, draws))]
    claims = {figure: np.array([float(one.totals[figure]) for one in books]) for figure in OBJECTIVES}
    claims["deficit_meur"] += np.array([fate[2] for fate in FATES]) * 1e-6
    return case, draws, plans, claims


def test_each_variant_passes_or_fails_for_its_own_reason() -> None:
    case, draws, plans, claims = fates()
    verdicts = audit_batch(Books.of(batch_of(case, draws), plans), claims)
    for number, (reason, error) in enumerate(fate[3:] for fate in FATES):
        assert verdicts.passed[number] == (reason == ""), verdicts.reasons[number]
        assert verdicts.reasons[number].startswith(reason)
        assert verdicts.objective_error_eur[number] == pytest.approx(error, abs=1e-3, nan_ok=True)
    for number, single in enumerate(one_by_one(case, draws)):
        alone = audit(single, variant(plans, number), {figure: values[number] for figure, values in claims.items()})
        assert (alone.passed, alone.rows_checked) == (verdicts.passed[number], verdicts.rows_checked[number])
        assert verdicts.reasons[number] == ("" if alone.passed else str(alone.violations[0]))
        assert verdicts.objective_error_eur[number] == pytest.approx(alone.objective_error_eur, abs=1e-6, nan_ok=True)


def test_one_plan_under_figures_that_vary() -> None:
    """The plan without the axis: rows that depend on it alone count for every variant."""
    case, plan, prices = leam("public"), public_plan(), {TOKENS: np.array([0.01, 0.0099, 0.0101])}
    verdicts = audit_batch(Books.of(batch_of(case, prices), plan), {})
    assert list(verdicts.passed) == [True, False, True]
    assert not verdicts.objective_error_eur.any()
    assert list(verdicts.rows_checked) == [audit(case, plan, {}).rows_checked] * 3
    site = plan.site_open.copy()
    site[0, 0] = 0.5
    broken = audit_batch(Books.of(batch_of(case, prices), replace(plan, site_open=site)), {})
    assert not broken.passed.any()


def test_yearly_claims_are_compared_year_by_year() -> None:
    case, plan = leam("public"), public_plan()
    books = Books.of(batch_of(case, {TOKENS: np.array([0.01, 0.01, 0.0101])}), plan)
    by_year = books.yearly["inference_revenue_meur"].copy()
    by_year[1, 3] += 1
    verdicts = audit_batch(books, {"inference_revenue_meur": by_year})
    assert list(verdicts.passed) == [True, False, True]
    assert verdicts.reasons[1].startswith("inference_revenue_meur of year 2026: the optimiser says")
    assert audit_batch(books, {"inference_revenue_meur": books.yearly["inference_revenue_meur"].sum(-1)}).passed.all()


def test_claims_that_do_not_fit_the_batch() -> None:
    case = leam("public")
    books = Books.of(batch_of(case, {TOKENS: np.array([0.01, 0.02, 0.03])}), public_plan())
    with pytest.raises(AuditError, match=r"'deficit_meur' has the shape \(2,\); .* \(3, 5\) by year or \(3,\) in all"):
        audit_batch(books, {"deficit_meur": np.zeros(2)})
    with pytest.raises(AuditError, match=r"'tokens_total_bn' has the shape \(3, 5\); the ledger has \(3,\)"):
        audit_batch(books, {"tokens_total_bn": np.zeros((3, 5))})
    with pytest.raises(AuditError, match="'profit' cannot be checked"):
        audit_batch(books, {"profit": np.zeros(3)})
    with pytest.raises(ValueError, match=r"take leam_opt\.ledger\.audit\.audit for one plan"):
        audit_batch(Books.of(case, public_plan()), {})


# --------------------------------------------------------------------------------------------------------- variants
def test_a_variant_is_an_element_of_each_array() -> None:
    case, draws = drawn("rich")
    inputs, plans = batch_of(case, draws), random_plan(Index.of(case), 9, 4)
    books = Books.of(inputs, plans)
    one = variant(books, 2)
    assert one.variants == variant(inputs, 2).variants == ()
    assert (variant(inputs, 2).money.band_rate == inputs.money.band_rate[2]).all()
    for name, shape in Decisions.shapes(inputs.structure.index).items():
        assert getattr(variant(plans, 2), name).shape == shape
        assert (getattr(variant(plans, 2), name) == getattr(plans, name)[2]).all(), name
    for name, value in one.totals.items():
        assert value == pytest.approx(float(books.totals[name][2]), rel=1e-12), name
    with pytest.raises(IndexError):
        variant(inputs, 4)
    with pytest.raises(IndexError):
        variant(plans, 4)


def test_what_does_not_vary_is_the_same_in_every_variant() -> None:
    plan = random_plan(Index.of(rich()), 9)
    for name, array in variant(plan, 7).arrays().items():
        assert array is getattr(plan, name)
    planned = Inputs.of(rich())
    assert variant(planned, 7) is planned
    wanted = random_plan(Index.of(rich()), 9, 3)
    mixed = replace(plan, draws_meur=wanted.draws_meur)
    assert (variant(mixed, 1).draws_meur == wanted.draws_meur[1]).all()
    assert variant(mixed, 1).adoption is plan.adoption
