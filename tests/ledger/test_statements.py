"""Statements of plans: figures worked out by hand, and identities that hold for any plan with any instrument."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leam_opt.case.index import ENTITIES, Index
from leam_opt.ledger.books import Books
from leam_opt.ledger.decisions import Decisions
from leam_opt.ledger.measures import measures
from leam_opt.ledger.statements import (
    bearers,
    contingent_liabilities,
    fiscal_exposure,
    sources_and_uses,
    waterfall,
)
from tests.builders import small_case, small_plan
from tests.ledger.rich import rich_case, rich_plan


@settings(max_examples=15)
@given(st.integers(0, 10**6))
def test_sources_are_uses_in_every_year(seed: int) -> None:
    table = sources_and_uses(Books.of(rich_case(), rich_plan(seed)))
    sums = table.pivot_table(index="year", columns="side", values="meur", aggfunc="sum")
    assert list(sums["source"]) == pytest.approx(list(sums["use"]))
    cash = table[table["item"].str.startswith("cash_")]
    assert (cash["meur"] >= 0).all()
    assert cash[cash["meur"] > 0].groupby("year").size().max() == 1


def test_sources_and_uses_of_the_small_plan() -> None:
    """2025 by hand; no year has cash both rising and falling; what never moves is left out."""
    case = small_case()
    table = sources_and_uses(Books.of(case, small_plan(case)))
    sums = table.groupby(["year", "side"])["meur"].sum().unstack()
    assert list(sums["source"]) == pytest.approx(list(sums["use"]))
    first = table[table["year"] == 2025].set_index("item")["meur"]
    assert first["grant"] == 114
    assert first["capex"] == pytest.approx(118.9)
    assert first["repayment"] == pytest.approx(0.4761905)
    assert first["cash_increase"] == pytest.approx(4.4051295)
    assert not {"cash_decrease", "corporate_tax", "guarantee_fees"} & set(table["item"])


@settings(max_examples=15)
@given(st.integers(0, 10**6))
def test_bearers_add_up_to_all_money(seed: int) -> None:
    """Net of what they get back, they bear in each year what leaves to suppliers, staff and arrangers, and cash."""
    books = Books.of(rich_case(), rich_plan(seed))
    table = bearers(books)
    business, money, structure = books.business, books.money, books.inputs.structure
    vat = business.capex["vat_on_capex"] + business.opex["vat_on_opex"]
    suppliers = -(money.flows["capex"] + money.flows["opex"]) - vat
    arrangers = money.arrangement_fees[~structure.loans].sum(axis=0)
    cash = np.diff(money.cash_end.sum(axis=0), prepend=0.0)
    assert list(table.groupby("year")["net_meur"].sum()) == pytest.approx(
        list(suppliers.sum(axis=0) + arrangers + cash)
    )
    assert list(table["paid_meur"] - table["received_meur"]) == pytest.approx(list(table["net_meur"]))
    paid = table.groupby("year")["paid_meur"].sum()
    given_ = books.plan.draws_meur.sum(axis=0) + books.plan.unfunded_gap_meur.sum(axis=0)
    assert list(paid) == pytest.approx(list(given_ + money.flows["revenue"].sum(axis=0)))
    assert set(table["payer"]) <= {
        "union",
        "federation",
        "state",
        "public",
        "industry",
        "lenders",
        "customers",
        "treasury",
        "unfunded",
    }


def test_bearers_of_the_small_plan_by_hand() -> None:
    case = small_case()
    table = bearers(Books.of(case, small_plan(case))).set_index(["payer", "year"])
    assert table.loc[("public", 2025), "net_meur"] == 114
    assert table.loc[("industry", 2025), "paid_meur"] == 13
    assert table.loc[("industry", 2027), "received_meur"] == pytest.approx(3.15)
    # 1 at 10 % with a fee of 1 %: 0.01 at once, 0.5761905 at the year's end.
    assert table.loc[("lenders", 2025), "received_meur"] == pytest.approx(0.5861905)
    assert table.loc[("customers", 2026), "paid_meur"] == pytest.approx(6.30538)
    assert table.loc[("unfunded", 2025), "paid_meur"] == 1
    assert "treasury" not in table.index.get_level_values("payer")


@settings(max_examples=10)
@given(st.integers(0, 10**6))
def test_waterfall_adds_up(seed: int) -> None:
    books = Books.of(rich_case(), rich_plan(seed))
    table = waterfall(books)
    lines = ["revenue_meur", "opex_meur", "infrastructure_fee_meur", "corporate_tax_meur"]
    assert list(table[lines].sum(axis=1)) == pytest.approx(list(table["cfads_meur"]))
    debt = table[["cfads_meur", "senior_service_meur", "mezzanine_service_meur"]].sum(axis=1)
    assert list(debt) == pytest.approx(list(table["cash_after_debt_meur"]))
    # The fee is what one company pays the other, less what its owner got in advance; both payments to investors are the
    # ledger's dividends.
    between = table.groupby("year")["infrastructure_fee_meur"].sum()
    assert list(between) == pytest.approx(list(-books.plan.fee_credited_meur))
    to_investors = (table["dividends_meur"] + table["fund_payments_meur"]).to_numpy().reshape(2, 3)
    assert to_investors == pytest.approx(books.money.flows["dividends"])
    mezzanine = books.money.debt_service[books.inputs.structure.index.instruments.index("mezz")]
    owed = table.loc[table["company"] == ENTITIES[1], "mezzanine_service_meur"]
    assert list(-owed) == pytest.approx(list(mezzanine))


def test_contingent_liabilities_by_hand() -> None:
    """Half of a loan of 1 at 10 % over two years is guaranteed: 0.5, then half of the 0.5238095 that is left; a call
    has a probability of 10 %. The peak is what stands at the start of the first year, not what is left at its end.
    """
    case = rich_case()
    plan = Decisions.zeros(Index.of(case))
    loan = Index.of(case).instruments.index("loan")
    plan.draws_meur[loan, 0] = plan.band_draws_meur[loan, 0, 0] = 1
    plan.guaranteed_meur[loan, 0] = 0.5
    books = Books.of(case, plan)
    table = contingent_liabilities(books)
    assert list(table["guaranteed_meur"]) == pytest.approx([0.5, 0.2619048, 0], abs=1e-7)
    assert list(table["expected_call_meur"]) == pytest.approx([0.05, 0.0261905, 0], abs=1e-7)
    assert set(table["payer"]) == {"federation"}
    found = measures(books, case)
    assert found["contingent_peak_meur"] == pytest.approx(0.5)
    assert found["contingent_expected_meur"] == pytest.approx(0.05)
    exposure = fiscal_exposure(books).set_index(["payer", "year"])["meur"]
    assert exposure[("federation", 2025)] == pytest.approx(-0.005)  # the fee of 1 % on 0.5


@settings(max_examples=15)
@given(st.integers(0, 10**6))
def test_fiscal_exposure_is_public_money_less_what_comes_back(seed: int) -> None:
    """A public loan without a public payer stands under `public`; no private payer appears."""
    books = Books.of(rich_case(), rich_plan(seed))
    table = fiscal_exposure(books)
    assert set(table["payer"]) <= {"union", "federation", "state", "public"}
    money, plan, public = books.money, books.plan, books.inputs.structure.public
    draws = plan.draws_meur[public].sum(axis=0)
    name = books.inputs.structure.index.instruments.index
    back = (money.interest + money.repayment + money.arrangement_fees)[name("state-loan")]
    back = back + plan.dividends_meur[name("first")] + money.guarantee_fees.sum(axis=0)
    back[-1] += plan.redemption_meur[name("first")]
    assert list(table.groupby("year")["meur"].sum()) == pytest.approx(list(draws - back))


def test_tables_without_guarantees_or_public_money_are_empty() -> None:
    case = small_case(funding={"use": ["equity"]})
    books = Books.of(case, Decisions.zeros(Index.of(case)))
    assert contingent_liabilities(books).empty
    assert fiscal_exposure(books).empty
    assert bearers(books).empty
    found = measures(books, case)
    assert found["contingent_peak_meur"] == found["contingent_expected_meur"] == 0
    assert found["leverage_private_per_public"] is found["public_cost_per_gpu_hour_eur"] is None


def test_statements_are_of_one_plan() -> None:
    case = small_case()
    plan = small_plan(case)
    both = replace(plan, draws_meur=np.stack([plan.draws_meur, plan.draws_meur]))
    books = Books.of(case, both)
    for table in (waterfall, sources_and_uses, bearers, contingent_liabilities, fiscal_exposure):
        with pytest.raises(ValueError, match="of one plan"):
            table(books)
    with pytest.raises(ValueError, match="of one plan"):
        measures(books, case)
