"""Corporate tax, irrecoverable VAT, the market fee, and the timely use of the research company's means.

The service company owns the unit of 10 M EUR, which wears by 2 a year; support that need not be paid back buys it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from leam_opt.case.schema import Case
from tests.maths.financing import EQUITY, LOAN, SUPPORT, one_unit
from tests.maths.helpers import bare_case, best, expect


def taxed(revenue_meur: float | Mapping[int, float], rate: float | Mapping[int, float], **overrides: Any) -> Case:
    """The unit paid by support, with sales and tax rates by year."""
    return one_unit({"support": SUPPORT}, revenue_meur=revenue_meur, taxation={"corporate_tax": rate}, **overrides)


@pytest.mark.parametrize(
    ("revenue_meur", "rate", "tax_meur"),
    [
        ({2025: 5, 2026: 5, 2027: 5}, 0.3, [0.9, 0.9, 0.9]),
        ({2025: 0, 2026: 5, 2027: 5}, 0.3, [0, 0.3, 0.9]),
        ({2025: 0, 2026: 1, 2027: 4}, 0.3, [0, 0, 0]),
        ({2025: 0, 2026: 1, 2027: 6}, 0.3, [0, 0, 0.3]),
        ({2025: 5, 2026: 0, 2027: 5}, 0.3, [0.9, 0, 0.3]),
        ({2025: 5, 2026: 5, 2027: 0}, 0.3, [0.9, 0.9, 0]),
        ({2025: 0, 2026: 5, 2027: 5}, {2025: 0.1, 2026: 0.3, 2027: 0.4}, [0, 0.3, 1.2]),
        ({2025: 5, 2026: 5, 2027: 5}, {2025: 0.5, 2026: 0.3, 2027: 0.1}, [1.5, 0.9, 0.3]),
        ({2025: 5, 2026: 0, 2027: 5}, {2025: 0.5, 2026: 0.9, 2027: 0.1}, [1.5, 0, 0.1]),
    ],
)
def test_profit_is_taxed_after_losses_carried_forward(
    revenue_meur: Mapping[int, float], rate: float | Mapping[int, float], tax_meur: list[float]
) -> None:
    """Sales less wear of 2: a loss of 2 lowers later profits, never earlier ones, and is not paid back.

    The rate is that of the year in which the profit exceeds all losses so far, whether rates rise or fall: profit of 3
    in 2026 after a loss of 2 is 1 at the rate of 2026.
    """
    plan = best(taxed(revenue_meur, rate, horizon_years=3))
    expect(plan, deficit_meur=10 - sum(revenue_meur.values()) + sum(tax_meur), line_corporate_tax=sum(tax_meur))
    assert plan.accounts.books.yearly["corporate_tax_meur"] == pytest.approx(tax_meur, abs=1e-6)


def test_the_research_company_is_exempt() -> None:
    """The same business in the research company: 10 - 40, and no tax."""
    case = one_unit({"grant": {}}, entity="research", revenue_meur=20, taxation={"corporate_tax": 0.3})
    expect(best(case), deficit_meur=-30, line_corporate_tax=0)


def test_the_cost_of_the_debt_is_deducted() -> None:
    """A loan at 10 % over two years pays the unit, its fee of 1 % and interest of half a year: 10 / 0.94.

    All three are deducted beside the wear: 20 - 2 - 0.16 D, and 20 - 2 - 0.1 D, taxed at 30 %.
    """
    loan = {**LOAN, "repayment": "bullet", "arrangement_fee": 0.01, "construction_years": 0.5}
    plan = best(one_unit({"loan": loan}, revenue_meur=20, taxation={"corporate_tax": 0.3}))
    debt = 10 / 0.94
    tax = [0.3 * (18 - 0.16 * debt), 0.3 * (18 - 0.1 * debt)]
    expect(plan, draws_meur={("loan", 2025): debt}, deficit_meur=10 - 40 + 0.26 * debt + sum(tax))
    assert plan.accounts.books.yearly["corporate_tax_meur"] == pytest.approx(tax)


def test_the_guarantee_fee_and_the_saved_interest_are_in_the_profit() -> None:
    """10 at 10 %, all guaranteed: 3 % less interest for a fee of 1 % are 0.2 more profit a year, taxed at 30 %."""
    guarantee = {"title": "G", "loans": ["loan"], "share_max": 1, "cap_total": 99, "fee": 0.01, "rate_reduction": 0.03}
    case = one_unit(
        {"loan": {**LOAN, "repayment": "bullet"}},
        revenue_meur=20,
        taxation={"corporate_tax": 0.3},
        funding={"guarantees": {"state": guarantee}},
    )
    expect(best(case), line_corporate_tax=0.6 * (20 - 2 - 0.8), deficit_meur=10 - 40 + 1.6 + 0.6 * 17.2)


def test_dividends_come_after_tax() -> None:
    """Sales of 3 less wear of 2, taxed at 20 %: 0.8 of the 1 due in 2025, then (10 - 0.8 / 1.1) x 1.21 = 11.22.

    Out of the profit before tax the return would be 2 and not 2.02. Tax 0.2 + 0.2 x 18.
    """
    case = one_unit({"equity": EQUITY}, revenue_meur={2025: 3, 2026: 20}, taxation={"corporate_tax": 0.2})
    plan = best(case)
    expect(plan, line_investors_return=2.02, line_corporate_tax=3.8, deficit_meur=10 - 23 + 3.8 + 2.02)


def test_lenders_look_at_the_cash_flow_after_tax() -> None:
    """Sales of 6 at a tax of 30 % on what interest and wear of 2 leave; level payments of 0.57619 D at 10 %.

    The second year is the tighter one, with interest of 0.0523810 D: 0.57619 D = 6 - 0.3 (4 - 0.0523810 D), D = 8.564.
    Before tax all of the 10 could be borrowed.
    """
    level = 1 / (1 / 1.1 + 1 / 1.21)
    second = 0.1 * (1.1 - level)
    debt = (6 - 0.3 * 4) / (level - 0.3 * second)
    case = one_unit({"loan": LOAN}, revenue_meur=6, taxation={"corporate_tax": 0.3})
    expect(best(case), unfunded_gap_meur=10 - debt)


SERVICE_SHARE = {"vat": 0.2, "vat_irrecoverable_service": 0.25, "vat_irrecoverable_research": 0.5}
"""A tenth of the research company's purchases, and a twentieth of the service company's."""


@pytest.mark.parametrize(("entity", "load"), [("research", 0.1), ("service", 0.05)])
def test_irrecoverable_tax_is_paid_on_all_purchases(entity: str, load: float) -> None:
    """Unit 10, module 1, opening 2, connection 0.5: 13.5. A year: upkeep 0.5, site 0.3, grid 0.2, power 0.1, net 1.5.

    Staff (1.0 a year) bears no tax. 5 % upkeep are on the net price: 0.5 and not 0.55.
    """
    site = {"module": 0.1, "building_cost": 10000, "opening_cost": 2, "fixed_cost": 0.3}
    case = one_unit(
        {"grant": {}, "support": SUPPORT},
        entity=entity,
        sites={"north": {**site, "grid_connection_cost": 5, "grid_fee": 2}},
        upkeep={"maintenance": {"basis": "hardware", "share_per_year": 0.05}},
        energy_sources={"green": {"price": 0.2}},
        operations={"internet": 1, "licences": 0.5},
        staff={"operations": 10},
        taxation=SERVICE_SHARE,
    )
    plan = best(case)
    expect(plan, line_servers=10, line_maintenance=1, line_internet=2, line_operations_staff=2)
    expect(plan, line_vat_on_capex=13.5 * load, line_vat_on_opex=2 * 2.6 * load)
    expect(plan, deficit_meur=13.5 * (1 + load) + 2 * 2.6 * (1 + load) + 2)


@pytest.mark.parametrize(("basis", "grant_meur"), [("computing_capex", 0.17 * 11), ("opex", 0.17 * 3.3)])
def test_irrecoverable_tax_is_eligible_cost(basis: str, grant_meur: float) -> None:
    """17 % of 10 and its tax of 1, or of 2 x 1.5 and its tax; of the net cost it would be 1.7 or 0.51."""
    case = one_unit(
        {"grant": {"intensity": 0.17, "basis": basis}},
        entity="research",
        operations={"internet": 1.5},
        taxation=SERVICE_SHARE,
    )
    expect(best(case), public_money_meur=grant_meur)


def test_irrecoverable_tax_wears_off_and_is_valued_with_the_unit() -> None:
    """10.5 with its tax: 2.1 of wear a year lower the taxed profit of 20, and 6.3 are left after two of five years."""
    case = one_unit(
        {"support": SUPPORT},
        revenue_meur=20,
        taxation={**SERVICE_SHARE, "corporate_tax": 0.3},
        objective={"residual_value": True},
    )
    expect(best(case), line_corporate_tax=0.6 * 17.9, deficit_meur=10.5 - 40 + 0.6 * 17.9 - 6.3)


@pytest.mark.parametrize(("owner", "vat_meur"), [("service", 0.3), ("research", 0.15)])
def test_the_payer_of_the_fee_bears_its_tax(owner: str, vat_meur: float) -> None:
    """A fee of 3 EUR for 0.5 a year is 1.5: a tenth of it on top in the research company, a twentieth in the other one.

    The fee itself is no cost of both together; its tax is, with 0.15 or 0.075 a year, beside that of the unit.
    """
    pool = {"entity": "research" if owner == "service" else "service", "share_min": 1}
    case = bare_case(
        infrastructure_entity=owner,
        pools={"tuning": pool},
        mission={"public_compute_min": 0.5},
        prices={"infrastructure_fee": 3000},
        taxation=SERVICE_SHARE,
        funding={"use": ["grant", "support"], "instruments": {"support": SUPPORT}},
    )
    plan = best(case)
    assert plan.accounts.books.yearly["infrastructure_fee_meur"] == pytest.approx([1.5, 1.5])
    expect(plan, line_vat_on_opex=vat_meur, line_vat_on_capex=0.5 if owner == "service" else 1)
    expect(plan, deficit_meur=10 + vat_meur + (0.5 if owner == "service" else 1))


@pytest.mark.parametrize(("basis", "fee_meur", "gap_meur"), [("full_cost", 0.5, 9), ("market", 6, 0)])
def test_the_fee_at_full_cost_or_at_the_market_price(basis: str, fee_meur: float, gap_meur: float) -> None:
    """Shareholders of the service company reach the owner of the unit through prepaid fees of two years only.

    0.5 a year at 1 EUR, what the hours cost, or at 12 EUR, what customers pay: 1 or 12 of the 10 that are needed. The
    deficit is the same, 10 less sales of 6 a year.
    """
    case = bare_case(
        mission={"public_compute_min": 0.5},
        pools={"tuning": {"entity": "service", "share_max": 0.5}},
        adoption={"low": {"tuning": 0.5}},
        prices={"cluster_hour": 12000, "infrastructure_fee": 1000, "infrastructure_fee_basis": basis},
        funding={"use": ["equity"], "instruments": {"equity": {**EQUITY, "hurdle_rate": 0}}},
    )
    plan = best(case)
    expect(plan, unfunded_gap_meur=gap_meur, deficit_meur=-2)
    assert plan.accounts.books.yearly["infrastructure_fee_meur"] == pytest.approx([fee_meur, fee_meur])
