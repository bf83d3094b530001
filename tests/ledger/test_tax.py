"""Corporate tax with losses carried forward, irrecoverable value-added tax, the fee at market price: by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leam_opt.finance.tax import corporate_tax, taxed_so_far
from leam_opt.ledger.accounts import Accounts, evaluate
from leam_opt.ledger.books import Books
from tests.builders import small_case, small_plan
from tests.ledger.funded import bare_case, bare_plan, broken

RESEARCH, SERVICE = 0, 1
VAT = {"vat": 0.2, "vat_irrecoverable_research": 0.5, "vat_irrecoverable_service": 0.25}


def test_losses_are_carried_forward_and_never_taxed_back() -> None:
    """Cumulative profit -10, -6, 3, 1, 6: taxed are 3 of the third year, and 3 of the last above that mark."""
    profit = np.array([-10.0, 4, 9, -2, 5])
    assert taxed_so_far(profit) == pytest.approx([0, 0, 3, 3, 6])
    assert corporate_tax(profit, np.full(5, 0.3)) == pytest.approx([0, 0, 0.9, 0, 0.9])


@given(st.lists(st.floats(-100, 100), min_size=1, max_size=12), st.floats(0, 1))
def test_tax_at_a_constant_rate_is_the_rate_on_the_highest_cumulative_profit(flows: list[float], rate: float) -> None:
    profit = np.array(flows)
    taxed, tax = taxed_so_far(profit), corporate_tax(profit, np.full(len(flows), rate))
    assert (np.diff(taxed, prepend=0.0) >= 0).all()
    assert (tax >= 0).all()
    assert (taxed >= np.cumsum(profit) - 1e-9).all()
    assert tax.sum() == pytest.approx(rate * max(0.0, np.cumsum(profit).max()))


def taxed(revenue: list[float], equity: float = 0.0) -> Accounts:
    """The service company buys a unit for 10, written off over two years."""
    case = bare_case(
        {}, ["equity"], infrastructure_entity="service", taxation={"corporate_tax": {2025: 0.3, 2027: 0.2}}
    )
    plan = bare_plan(case, revenue, equity=[10 + equity, 0, 0])
    plan.units_bought[0, 0, 0] = 1
    return evaluate(case, plan)


def test_tax_by_hand() -> None:
    """Profit -2, 7, 4 after depreciation of 5, 5, 0: 30 % of 5 in the second year, 20 % of 4 in the third."""
    accounts = taxed([3, 12, 4])
    money = accounts.books.money
    assert money.profit == pytest.approx([-2, 7, 4])
    assert money.taxed_profit == pytest.approx([0, 5, 9])
    assert money.tax == pytest.approx([0, 1.5, 0.8])
    assert money.profit_after_tax == pytest.approx([-2, 5.5, 3.2])
    assert money.cfads[SERVICE] == pytest.approx([3, 10.5, 3.2])
    assert list(accounts.cash.set_index("company").loc["service", "corporate_tax_meur"]) == pytest.approx(
        [0, -1.5, -0.8]
    )
    assert accounts.totals["corporate_tax_meur"] == pytest.approx(2.3)
    assert accounts.by_line.loc["corporate_tax", "category"] == "tax"
    # 10 bought and 2.3 of tax, less 19 earned and the contribution of 10 that is not given back.
    assert accounts.totals["deficit_meur"] == pytest.approx(10 + 2.3 - 19 - 10)
    assert accounts.totals["gross_cost_meur"] == pytest.approx(10 + 2.3 - 10)


def test_distributions_come_from_profit_after_tax() -> None:
    """Cumulative profit after tax: -2, 3.5, 6.7."""
    books = taxed([3, 12, 4]).books
    for paid, expected in ((3.5, []), (3.6, ["year 2026"])):
        books.plan.dividends_meur[0] = [0, paid, 0]
        found = broken(books.inputs, books.plan, "ring_fence")
        assert [where for _, where in found] == expected


def test_irrecoverable_tax_of_the_research_company() -> None:
    """Half of 20 % on everything that it buys as owner but not on staff; the asset is worth its gross price."""
    plan = small_plan(small_case())
    net, gross = evaluate(small_case(), plan), evaluate(small_case(taxation=VAT), plan)
    by_year = gross.by_year
    assert list(by_year["vat_on_capex_meur"]) == pytest.approx([11.89, 2.155, 4.5])
    # 8.16186 are bought in 2025 (10.16186 of infrastructure and core staff less 2 of staff); the fee of 2, 2 and 1 to
    # the owner costs the service company 5 % more.
    assert by_year["vat_on_opex_meur"].iloc[0] == pytest.approx(0.816186 + 0.1)
    service = gross.by_line.loc["vat_on_opex", "service_meur"]
    assert service == pytest.approx(0.25)
    assert gross.by_line.loc["vat_on_capex", "category"] == "capex"
    assert gross.by_line.loc["vat_on_opex", "category"] == "opex"
    for name in ("maintenance", "insurance", "operations_staff", "core_staff"):
        assert gross.by_line.loc[name, "meur"] == net.by_line.loc[name, "meur"]
    business, plain = gross.books.business, net.books.business
    assert business.depreciation_meur == pytest.approx(1.1 * plain.depreciation_meur)
    assert business.residual_meur == pytest.approx(1.1 * plain.residual_meur)
    assert business.computing_capex_meur == pytest.approx([1.1 * 100.1, 1.1 * 16, 1.1 * 45])
    # All of it is an eligible cost: 129.06186 before tax.
    assert gross.books.money.eligible_cost[0] == pytest.approx(129.06186 + 11.89 + 0.816186)


def test_irrecoverable_tax_on_the_fee_of_the_research_company() -> None:
    """Research pays 8, 9, 4 for core compute and 10 % on top; the owner pays 5 % on what it buys."""
    case = small_case(infrastructure_entity="service", taxation=VAT)
    accounts = evaluate(case, small_plan(case))
    assert accounts.by_line.loc["vat_on_opex", "research_meur"] == pytest.approx(2.1)
    assert accounts.by_line.loc["vat_on_capex", "service_meur"] == pytest.approx(0.05 * (118.9 + 21.55 + 45))
    money = accounts.books.money
    assert money.eligible_cost == pytest.approx(np.cumsum([1 + 8.8, 0.5 + 9.9, 0.5 + 4.4]))
    assert money.flows["infrastructure_fee"][SERVICE] == pytest.approx([8 - 1, 9 - 2, 4])


def test_recoverable_tax_costs_nothing() -> None:
    plan = small_plan(small_case())
    deficit = evaluate(small_case(taxation={"vat": 0.19}), plan).totals["deficit_meur"]
    assert deficit == evaluate(small_case(), plan).totals["deficit_meur"]


def test_the_fee_at_market_price() -> None:
    """Customers pay 2 EUR for a GPU-hour, at full cost the service company pays 1."""
    fees = []
    for basis in ("full_cost", "market"):
        case = small_case(prices={"infrastructure_fee_basis": basis})
        books = Books.of(case, small_plan(case))
        fees.append(books.business.infrastructure_fee_meur)
    assert fees[0] == pytest.approx([2, 2, 1])
    assert fees[1] == pytest.approx([4, 4, 2])
