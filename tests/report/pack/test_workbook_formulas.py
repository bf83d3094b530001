"""The workbook's formulas against the ledger: any plan, any kind of instrument, whatever the figures are."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from leam_opt.case.index import Index
from leam_opt.errors import AuditError, CaseError
from leam_opt.ledger.books import Books
from leam_opt.ledger.decisions import Decisions
from leam_opt.report.pack.sheet_checks import audit, comparisons
from leam_opt.report.pack.workbook_terms import Cell, Name, Term, largest, level_payment, ratio, term, total
from tests.builders import merge, small_case, small_plan
from tests.ledger.rich import RICH, rich_case, rich_plan
from tests.ledger.test_demand_curves import priced_case, priced_plan
from tests.report.pack.formulas import written

CHANGED: dict[str, Any] = {
    "purchase_unit.servers": 17,
    "server_types.alpha.power": 7.5,
    "server_types.beta.commissioning_delay": 0.25,
    "server_types.beta.unit_price.2027": 21,
    "upkeep.maintenance.share_per_year": 0.08,
    "sites.north.pue": 1.4,
    "sites.south.building_cost": 9100,
    "sites.north.grid_fee": 0.7,
    "sites.south.heat_price": 44,
    "compute.power_utilisation": 0.7,
    "staff.salary": 123456,
    "cpu.rent": 23456,
    "energy_sources.green.price": 0.31,
    "prices.cluster_hour": 2345,
    "prices.tokens": 0.0017,
    "prices.infrastructure_fee": 1500,
    "rules.pue_max": 1.5,
    "funding.instruments.loan.rate": 0.07,
    "funding.instruments.loan.arrangement_fee": 0.03,
}
"""Figures of the small case that reach every line of its accounts."""


@pytest.mark.parametrize("seed", range(6))
def test_formulas_give_the_ledgers_figures_for_any_plan(seed: int) -> None:
    """Random decisions on a case with every kind of instrument, tax and guarantee; breaks where a line is forgotten."""
    scenario = written(rich_case(residual=seed % 2 == 0), rich_plan(seed, residual=seed % 2 == 0)).scenario
    assert len(audit(scenario)) > 35


@pytest.mark.parametrize("repayment", ["annuity", "linear", "bullet"])
@pytest.mark.parametrize("grace", [0, 1])
def test_loans_of_every_profile(repayment: str, grace: int) -> None:
    """Two bands, one at no interest; breaks where a schedule differs from `finance.loans`."""
    loan = {
        "rate": 0,
        "rate_bands": [{"up_to": 4, "rate": 0.0}, {"rate": 0.09}],
        "repayment": repayment,
        "grace_years": grace,
    }
    case = small_case(
        funding={"use": ["grant", "loan"], "instruments": {"loan": {**loan, "tenor_years": 3, "last_year": 2025}}}
    )
    plan = Decisions.zeros(Index.of(case))
    loan_at = list(case.funding.use).index("loan")
    plan.band_draws_meur[loan_at, :, 0] = [4, 3]
    plan.draws_meur[loan_at, 0] = 7
    scenario = written(case, plan).scenario
    audit(scenario)
    assert scenario.get("loan_balance", loan_at)[2].value == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize(
    "overrides",
    [
        {"infrastructure_entity": "service"},
        {"infrastructure_entity": "service", "pools": {"core": {"entity": "service"}}},
        {"prices": {"infrastructure_fee_basis": "market"}},
        {"pools": {"tuning": {"entity": "research"}}},
        {"cpu": {"cores": 0}},
    ],
)
def test_whoever_owns_and_runs_what(overrides: dict[str, Any]) -> None:
    """Owners and fees change sides; breaks where a line stays with the wrong company, which its cash would show."""
    taxes = {"corporate_tax": {2025: 0.3, 2027: 0.2}, "vat": 0.19, "vat_irrecoverable_research": 0.5}
    owner = overrides.get("infrastructure_entity", "research")
    funding = merge(RICH, {"instruments": {"access": {"entity": owner}}})
    case = small_case(funding=funding, taxation={**taxes, "vat_irrecoverable_service": 0.25}, **overrides)
    audit(written(case, rich_plan(7)).scenario)


def test_chosen_points_of_the_demand_curves() -> None:
    """Prices are those of the chosen points."""
    case = priced_case()
    scenario = written(case, priced_plan(case, 1, 0)).scenario
    audit(scenario)
    assert "prices_token_levels_1_price" in scenario.figures.register.written


def test_changed_figures_change_numbers_and_no_formula() -> None:
    """The same formulas give the ledger's figures of another case; breaks where a formula is made for one set of
    figures.
    """
    case = small_case()
    plan = small_plan(case)
    first, second = written(case, plan), written(case.override(CHANGED), plan)
    audit(second.scenario)
    moved = {
        item.label
        for item, other in zip(comparisons(first.scenario), comparisons(second.scenario), strict=True)
        if not np.allclose(item.ledger, other.ledger, atol=1e-9)
    }
    assert {"Servers", "Maintenance", "Electricity", "Interest", "Building", "Revenue from inference"} <= moved
    assert first.formulas == second.formulas


def test_a_wrong_formula_is_refused() -> None:
    """The audit compares with the ledger, and not with itself."""
    case = small_case()
    scenario = written(case, small_plan(case)).scenario
    line = scenario.get("deficit")
    line.terms[0] = Cell(line[0].value + 2e-6, 3, "balance", 1, 1)
    with pytest.raises(AuditError, match="deficit"):
        audit(scenario)


def test_checks_of_the_plan() -> None:
    """A plan that fits says OK everywhere; one whose power is dearer runs out of cash, one whose machines are slower
    lacks compute, each in the years in which it does.
    """
    case = small_case()
    plan = small_plan(case)
    assert {check.text for check in written(case, plan).scenario.checks} == {"OK"}
    dear = written(case.override({"energy_sources.green.price": 5}), plan).scenario
    failing = {check.told: check.text for check in dear.checks if not check.holds}
    assert failing.keys() and all(told.startswith("cash is negative") for told in failing)
    slow = written(case.override({"compute.goodput": 0.7, "sites.north.pue": 1.25}), plan).scenario
    failing = {check.told: check.text for check in slow.checks if not check.holds}
    assert failing["the machines deliver less compute than is used: Core models"] == "2025 2026 2027"
    assert failing["too little electricity is bought: North"] == "2025 2026 2027"


def _a(row: int, value: float = 2.0, sheet: str = "S") -> Cell:
    return Cell(value, 3, sheet, row, 1)


@pytest.mark.parametrize(
    ("made", "text", "value"),
    [
        ((_a(0) + _a(1)) * 3, "(B1+B2)*3", 12),
        (_a(0) - (_a(1) - 1), "B1-(B2-1)", 1),
        (_a(0) / (_a(1) * 4), "B1/(B2*4)", 0.25),
        (_a(0) - (-_a(1)), "B1+B2", 4),
        (_a(0) + -_a(1), "B1-B2", 0),
        (-(_a(0) + 1), "-(B1+1)", -3),
        (1 - Name(0.25, 3, "rate"), "1-rate", 0.75),
        (_a(0) * 1e9 / 3600, "B1*1E9/3600", 2e9 / 3600),
        (total(_a(row) for row in range(3)), "SUM(B1:B3)", 6),
        (total([_a(0), _a(1), _a(2), _a(9)]), "SUM(B1:B3,B10)", 8),
        (total([_a(0), _a(5)]), "B1+B6", 4),
        (total([_a(row, sheet="T's") for row in range(3)]), "SUM('T''s'!B1:B3)", 6),
        (total([]), "0", 0),
        (largest(0.0, _a(0, -2.0)), "MAX(0,B1)", 0),
        (ratio(_a(0), _a(1, 0.0)), "IF(B2>0,B1/B2,0)", 0),
        (level_payment(Name(0.0, 3, "rate"), 4), "IF(rate=0,1/4,rate/(1-(1+rate)^(-4)))", 0.25),
        (term(-3) * _a(0), "-3*B1", -6),
    ],
)
def test_text_and_value_of_a_formula(made: Term, text: str, value: float) -> None:
    """Brackets where arithmetic needs them, and the number that the text gives."""
    assert made.text("S") == text
    assert made.value == pytest.approx(value)


def test_every_figure_that_moves_the_accounts_is_live() -> None:
    """A figure that changes a line or the cash of the plan stands in a formula; breaks where it is held instead."""
    case, plan = rich_case(), rich_plan(3)
    scenario = written(case, plan).scenario
    before, silent = _accounts(scenario.books), []
    for figure in scenario.figures.register.figures:
        if figure.name in scenario.figures.register.written or figure.entry.unit == "calendar year":
            continue
        try:
            after = Books.of(case.override({figure.entry.path: figure.entry.base * 0.999 or 1e-3}), plan)
        except CaseError:  # a whole number, or a figure that the case takes from elsewhere
            continue
        if not np.allclose(_accounts(after), before, rtol=0, atol=1e-12):
            silent.append(figure.entry.path)
    assert silent == []


def _accounts(books: Books) -> Any:
    """Every line, cash and debt of a plan."""
    tables = [*books.lines.values(), books.money.cash_start, books.money.cash_end, books.money.balance]
    return np.concatenate([table.ravel() for table in tables])
