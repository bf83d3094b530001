"""The audit refuses a plan whose rows do not hold or whose figures differ, and names what differs."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import ArrayLike

from leam_opt.case.schema import Case
from leam_opt.errors import AuditError
from leam_opt.ledger.audit import audit
from leam_opt.ledger.books import Books
from leam_opt.ledger.decisions import AXES
from leam_opt.ledger.inputs import Inputs
from tests.builders import small_case, small_plan

CASE: Case = small_case()
WHOLE = {
    "units_bought",
    "cpu_units_bought",
    "power_modules_built",
    "core_models",
    "site_open",
    "training_place",
    "staff_step",
    "instrument_used",
    "adoption",
    "token_price_level",
    "cluster_price_level",
}


def claims() -> dict[str, ArrayLike]:
    """What an honest optimiser would say of the small plan."""
    books = Books.of(CASE, small_plan(CASE))
    names = ("deficit_meur", "unfunded_gap_meur", "public_money_meur", "tokens_total_bn")
    yearly = ("closing_research_meur", "closing_service_meur")
    return {**{name: books.totals[name] for name in names}, **{name: books.yearly[name] for name in yearly}}


CLAIMS = claims()


def test_an_honest_plan_passes() -> None:
    result = audit(CASE, small_plan(CASE), CLAIMS)
    result.raise_if_failed()
    assert result.passed
    assert result.objective_error_eur < 1e-3
    assert result.rows_checked > 600
    assert result.to_dict()["passed"] is True


@st.composite
def changes(draw: st.DrawFn) -> tuple[str, int, float]:
    """One element of one decision, and a visible change: 0.001 (a thousand euros, GPU-hours, kWh) to 3."""
    name = draw(st.sampled_from([name for name in sorted(AXES) if getattr(small_plan(CASE), name).size]))
    size = getattr(small_plan(CASE), name).size
    steps = st.sampled_from([1.0, -1.0]) if name in WHOLE else st.nothing()
    amount = draw(st.one_of(st.floats(1e-3, 3), st.floats(-3, -1e-3), steps))
    return name, draw(st.integers(0, size - 1)), amount


@settings(max_examples=50)
@given(changes())
def test_any_single_change_of_a_decision_is_caught(change: tuple[str, int, float]) -> None:
    """The small plan is tight everywhere: one element more or less breaks a row or a figure that was claimed.

    A decision that the ledger forgot in its rows and in its accounts would slip through here.
    """
    name, element, amount = change
    plan = small_plan(CASE)
    getattr(plan, name).flat[element] += amount
    assert not audit(CASE, plan, CLAIMS).passed


def test_every_single_element_is_caught() -> None:
    """The same for every element of every decision, so that no element depends on the luck of the draw."""
    missed = []
    inputs, plan = Inputs.of(CASE), small_plan(CASE)
    for name, values in plan.arrays().items():
        amount = 1.0 if name in WHOLE else 0.01
        for element in range(values.size):
            right = values.flat[element]
            for wrong in (right + amount, right - amount):
                values.flat[element] = wrong
                if audit(inputs, plan, CLAIMS).passed:
                    missed.append((name, element, wrong))
            values.flat[element] = right
    assert not missed


def test_a_euro_is_the_limit() -> None:
    deficit = float(np.asarray(CLAIMS["deficit_meur"]))
    plan = small_plan(CASE)
    assert audit(CASE, plan, {"deficit_meur": deficit + 0.9e-6}).passed
    wrong = audit(CASE, plan, {"deficit_meur": deficit + 2e-6})
    assert not wrong.passed
    assert wrong.objective_error_eur == pytest.approx(2, abs=1e-3)


def test_the_refusal_names_the_figure_with_both_values() -> None:
    result = audit(CASE, small_plan(CASE), {"deficit_meur": 200.0})
    with pytest.raises(
        AuditError, match=r"deficit_meur: the optimiser says 200 M EUR, the ledger finds 202.929841 M EUR"
    ):
        result.raise_if_failed()


def test_the_refusal_names_the_row_with_both_values() -> None:
    plan = small_plan(CASE)
    plan.energy_gwh[0, 0, 1] -= 0.5
    with pytest.raises(AuditError) as refusal:
        audit(CASE, plan, CLAIMS).raise_if_failed()
    assert "energy_balance (site north, year 2026)" in str(refusal.value)
    assert "5.56 GWh must be == 6.06 GWh" in str(refusal.value)


def test_a_long_refusal_is_cut() -> None:
    plan = small_plan(CASE)
    plan.units_bought[:] = 0
    result = audit(CASE, plan, CLAIMS)
    with pytest.raises(AuditError, match=rf"and {len(result.violations) - 10} more"):
        result.raise_if_failed()


def test_the_worst_violation_stands_first() -> None:
    plan = small_plan(CASE)
    plan.heat_sold_gwh[0, 0] += 0.001
    plan.grid_power_mw[0, 0] -= 1
    worst = audit(CASE, plan, {"deficit_meur": 0.0}).violations
    sizes = [row.slack / row.tolerance for row in worst]
    assert sizes == sorted(sizes)
    assert worst[0].what == "deficit_meur"


def test_yearly_figures_are_compared_year_by_year() -> None:
    books = Books.of(CASE, small_plan(CASE))
    electricity = books.yearly["electricity_meur"].copy()
    electricity[1] += 0.1
    (row,) = audit(CASE, small_plan(CASE), {"electricity_meur": electricity}).violations
    assert row.where == "year 2026"
    # A number is compared with the sum of the years.
    assert audit(CASE, small_plan(CASE), {"electricity_meur": float(books.yearly["electricity_meur"].sum())}).passed


def test_a_claim_that_is_not_a_number_fails() -> None:
    result = audit(CASE, small_plan(CASE), {"deficit_meur": math.nan})
    assert not result.passed
    assert math.isnan(result.objective_error_eur)


def test_a_claim_without_counterpart_is_refused() -> None:
    with pytest.raises(
        AuditError, match="claimed figure 'profit' cannot be checked; the ledger knows arrangement_fees"
    ):
        audit(CASE, small_plan(CASE), {"profit": 1.0})
    with pytest.raises(AuditError, match=r"'electricity_meur' has the shape \(2,\); the ledger has \(3,\)"):
        audit(CASE, small_plan(CASE), {"electricity_meur": [1.0, 2.0]})
