"""What holds for every case and any decisions: sheets balance, no flow is lost, debt ends, assets are written off.

Cases vary owner, lives, loans of all profiles with their bands, guarantees, taxes and access; decisions are any
non-negative numbers. A flow that is booked once only, or in two different years, breaks a balance sheet here.
"""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leam_opt.case.index import ENTITIES, Index
from leam_opt.case.schema import Case
from leam_opt.finance.depreciation import depreciation_share, remaining_share
from leam_opt.ledger.balance_sheet import ASSETS, LIABILITIES
from leam_opt.ledger.books import Books
from leam_opt.ledger.debt import debt_of
from leam_opt.ledger.decisions import Decisions
from leam_opt.ledger.funding import FLOWS, START_FLOWS
from leam_opt.ledger.inputs import Inputs
from leam_opt.ledger.rules import blocks
from tests.ledger.funded import random_plan, rich_case

SHARE = st.floats(0, 1)
SEED = st.integers(0, 2**32 - 1)


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """A rich case with terms of its own."""
    years = draw(st.integers(3, 5))
    instruments: dict[str, Any] = {}
    for name in ("bank", "junior", "promoted"):
        tenor = draw(st.integers(1, years))
        instruments[name] = {
            "tenor_years": tenor,
            "grace_years": draw(st.integers(0, tenor - 1)),
            "repayment": draw(st.sampled_from(["annuity", "linear", "bullet"])),
            "construction_years": draw(st.floats(0, 2)),
            "arrangement_fee": draw(st.floats(0, 0.1)),
        }
    low = draw(st.floats(0.02, 0.1))
    bands = [{"up_to": 5, "rate": low}, {"up_to": 30, "rate": low + 0.03}, {"rate": low + 0.1}]
    count = draw(st.integers(1, 3))
    instruments["bank"] |= {"rate": low, "rate_bands": [*bands[: count - 1], {"rate": bands[count - 1]["rate"]}]}
    if count == 1:
        instruments["bank"]["rate_bands"] = []
    return rich_case(
        draw(st.sampled_from(ENTITIES)),
        horizon_years=years,
        generations={"m2": {"last_year": 2024 + years}},
        server_types={"alpha": {"life_years": draw(st.integers(1, 8))}},
        sites={"north": {"building_life_years": draw(st.integers(1, 30))}},
        taxation={
            "corporate_tax": draw(SHARE),
            "vat": draw(SHARE),
            "vat_irrecoverable_research": draw(SHARE),
            "vat_irrecoverable_service": draw(SHARE),
        },
        funding={"instruments": instruments, "guarantees": {"state": {"fee": draw(st.floats(0, 0.1))}}},
        objective={"residual_value": draw(st.booleans())},
    )


def any_books(case: Case, seed: int) -> Books:
    """Accounts of any decisions; only that bands add up to their loan is kept."""
    index = Index.of(case)
    plan = random_plan(index, seed)
    inputs = Inputs.of(case)
    loans = inputs.structure.loans
    plan.band_draws_meur[:] *= inputs.structure.bands[..., None]
    plan.draws_meur[loans] = plan.band_draws_meur.sum(axis=1)[loans]
    return Books.of(inputs, plan)


@settings(max_examples=60)
@given(cases(), SEED)
def test_balance_sheets_balance(case: Case, seed: int) -> None:
    books = any_books(case, seed)
    sheet = books.balance_sheet
    assert set(sheet) == {*ASSETS, *LIABILITIES}
    assets, liabilities = (np.asarray(sum(sheet[name] for name in side)) for side in (ASSETS, LIABILITIES))
    assert assets.shape == (len(ENTITIES), len(case.years))
    assert assets == pytest.approx(liabilities, rel=1e-9, abs=1e-6)
    # What one company has advanced, the other one owes.
    assert sheet["fee_advances_paid"].sum(axis=0) == pytest.approx(sheet["fee_advances_received"].sum(axis=0))


@settings(max_examples=30)
@given(cases(), SEED)
def test_cash_of_both_companies_adds_up(case: Case, seed: int) -> None:
    """Flows between the companies cancel, and all others are those of the deficit, of debt and of investors."""
    books = any_books(case, seed)
    money, plan, structure = books.money, books.plan, books.inputs.structure
    for name in ("fee_prepaid", "infrastructure_fee", "profit_transfer"):
        assert money.flows[name].sum(axis=0) == pytest.approx(np.zeros(len(case.years)), abs=1e-9)
    assert set(money.flows) == set(FLOWS)
    moved = sum(money.flows[name] for name in FLOWS)
    assert money.cash_end == pytest.approx(np.cumsum(np.asarray(moved), axis=-1), rel=1e-9, abs=1e-6)
    at_start = sum(money.flows[name] for name in START_FLOWS)
    before = np.concatenate([np.zeros((2, 1)), money.cash_end[:, :-1]], axis=1)
    assert money.cash_start == pytest.approx(before + np.asarray(at_start), rel=1e-9, abs=1e-6)
    totals = books.totals
    investors = structure.equity | structure.tranches
    sources = plan.draws_meur[~investors].sum() + totals["unfunded_gap_meur"] + totals["called_loss_meur"]
    residual = totals["residual_meur"] if structure.residual_value else 0.0
    uses = totals["deficit_meur"] + residual + money.repayment.sum()
    assert money.cash_end[:, -1].sum() == pytest.approx(sources - uses, rel=1e-9, abs=1e-6)


@settings(max_examples=30)
@given(cases(), SEED)
def test_debt_that_is_repaid_within_the_horizon_ends_at_zero(case: Case, seed: int) -> None:
    """Whatever profile and band; nothing of a guarantee is left either, and no loan pays back more than was drawn."""
    inputs = Inputs.of(case)
    plan = random_plan(Index.of(case), seed)
    structure = inputs.structure
    plan.band_draws_meur[:] *= structure.bands[..., None] * structure.draws_allowed[:, None, :]
    plan.guaranteed_meur[:] *= structure.draws_allowed
    plan.draws_meur[:] = plan.band_draws_meur.sum(axis=1)
    debt = debt_of(inputs, plan)
    assert debt.balance[:, -1] == pytest.approx(np.zeros(len(structure.instruments)), abs=1e-9)
    assert (debt.balance >= -1e-9).all()
    assert debt.guaranteed_balance[:, -1] == pytest.approx(np.zeros(len(structure.instruments)), abs=1e-9)
    assert debt.repayment.sum() == pytest.approx(plan.band_draws_meur.sum())
    assert (debt.guaranteed_balance <= debt.guaranteed_opening + 1e-9).all()


@settings(max_examples=20)
@given(cases(), SEED)
def test_what_is_bought_is_written_off_or_left(case: Case, seed: int) -> None:
    """With irrecoverable tax: depreciation within the horizon and the value left are the depreciable expenditure."""
    books = any_books(case, seed)
    written_off = books.business.depreciation_meur.sum()
    assert written_off + books.totals["residual_meur"] == pytest.approx(books.totals["capex_meur"])
    assert books.balance_sheet["fixed_assets"][:, -1].sum() == pytest.approx(books.totals["residual_meur"], abs=1e-6)


@given(st.integers(1, 30), st.integers(1, 10))
def test_depreciation_over_the_whole_life_is_the_price(life: int, bought: int) -> None:
    """Where the horizon is long enough, nothing is left at the end of the life."""
    years = life + bought
    shares = depreciation_share(life, years)
    assert shares[bought - 1].sum() == pytest.approx(1)
    assert remaining_share(life, years)[: bought + 1] == pytest.approx(np.zeros(bought + 1), abs=1e-12)


@settings(max_examples=30)
@given(cases(), SEED)
def test_tax_follows_the_highest_profit_so_far(case: Case, seed: int) -> None:
    books = any_books(case, seed)
    money, rate = books.money, books.inputs.money.corporate_tax[0]
    assert (np.diff(money.taxed_profit, prepend=0.0) >= 0).all()
    assert (money.tax >= 0).all()
    assert money.tax.sum() == pytest.approx(rate * max(0.0, np.cumsum(money.profit).max()))
    assert (money.taxed_profit - np.cumsum(money.profit) >= -1e-9).all()
    # The profit statement of the service company leads to the same profit, less tax, before what is waived.
    statement = books.profit_statement
    after_tax = books.result - statement["waived_contributions"]
    assert after_tax[ENTITIES.index("service")] == pytest.approx(money.profit_after_tax, rel=1e-9, abs=1e-9)


@settings(max_examples=20)
@given(cases(), SEED)
def test_access_is_income_by_the_horizon(case: Case, seed: int) -> None:
    books = any_books(case, seed)
    access = books.inputs.structure.access
    assert access.sum() == 1
    assert books.money.access_income[access].sum() == pytest.approx(books.plan.draws_meur[access].sum())
    assert not books.money.access_income[~access].any()
    assert books.balance_sheet["access_advances"][:, -1] == pytest.approx(np.zeros(2), abs=1e-9)


@settings(max_examples=20)
@given(cases(), SEED)
def test_lines_by_company_are_the_deficit(case: Case, seed: int) -> None:
    books = any_books(case, seed)
    assert set(books.lines) == set(books.categories)
    by_year = sum(values.sum(axis=0) for values in books.lines.values())
    assert books.yearly["deficit_meur"] == pytest.approx(np.asarray(by_year))
    assert by_year.sum() == pytest.approx(books.totals["deficit_meur"])
    known = {"capex", "opex", "financing", "tax", "residual_value", "revenue"}
    assert set(books.categories.values()) <= known


def variants(owner: str) -> tuple[Case, ...]:
    """Rich cases of one structure with other figures."""
    bank = {"rate": 0.05, "rate_bands": [{"up_to": 10, "rate": 0.05}, {"up_to": 30, "rate": 0.08}, {"rate": 0.2}]}
    return (
        rich_case(owner),
        rich_case(owner, funding={"instruments": {"bank": bank}, "gearing_max_service": 0.5}),
        rich_case(
            owner,
            taxation={"corporate_tax": {2025: 0.1, 2027: 0.4}, "vat": 0.1},
            funding={
                "guarantees": {"state": {"fee": 0.03, "share_max": 0.3}},
                "instruments": {"top": {"return_rate": 0.2, "loss_max": 0.1}, "access": {"price": 5}},
                "budget_lines": {"budget": {"cap_per_year": 10}},
                "matching": {"states": {"ratio": 2}},
            },
            prices={"token_levels": [{"price": 0.003, "demand": 2}, {"price": 0.004, "demand": 1}]},
            rules={"timely_use": {"free_reserve_share": 0.3}},
        ),
    )


@pytest.mark.parametrize("owner", ENTITIES)
def test_variants_give_the_same_as_one_by_one(owner: str) -> None:
    """Every array of the accounts and every row of the rules, with figures and decisions that both vary."""
    cases = variants(owner)
    plans = random_plan(Index.of(cases[0]), 7, len(cases))
    together = Books.of(Inputs.of(cases), plans)
    families = blocks(together)
    for number, case in enumerate(cases):
        alone = Books.of(case, Decisions(**{name: array[number] for name, array in plans.arrays().items()}))
        for part in ("things", "business", "money"):
            mine, theirs = getattr(alone, part), getattr(together, part)
            for field in fields(mine):
                one, many = getattr(mine, field.name), getattr(theirs, field.name)
                pairs = [(one[key], many[key]) for key in one] if isinstance(one, dict) else [(one, many)]
                for single, stacked in pairs:
                    same = np.broadcast_to(stacked, (len(cases), *np.shape(single)))[number]
                    assert same == pytest.approx(single), field.name
        for table in ("lines", "yearly", "totals", "profit_statement", "balance_sheet"):
            single, stacked = getattr(alone, table), getattr(together, table)
            for name, values in single.items():
                assert stacked[name][number] == pytest.approx(np.asarray(values), nan_ok=True, abs=1e-9), (table, name)
        for one, other in zip(blocks(alone), families, strict=True):
            assert (one.family, one.what) == (other.family, other.what)
            slack = np.broadcast_to(other.slack, (len(cases), *one.slack.shape))
            assert slack[number] == pytest.approx(one.slack, rel=1e-9, abs=1e-9), (one.family, one.what)
            met = np.broadcast_to(other.met, (len(cases), *one.met.shape))
            assert (met[number] == one.met).all(), (one.family, one.what)


@pytest.mark.parametrize("owner", ENTITIES)
def test_figures_alone_may_vary(owner: str) -> None:
    cases = variants(owner)
    plan = random_plan(Index.of(cases[0]), 11)
    together = Books.of(Inputs.of(cases), plan)
    for number, case in enumerate(cases):
        alone = Books.of(case, plan)
        for table in ("totals", "yearly", "balance_sheet"):
            for name, values in getattr(alone, table).items():
                stacked = np.broadcast_to(getattr(together, table)[name], (len(cases), *np.shape(values)))
                assert stacked[number] == pytest.approx(np.asarray(values), nan_ok=True, abs=1e-9), (table, name)
        assert [block.family for block in blocks(alone)] == [block.family for block in blocks(together)]
