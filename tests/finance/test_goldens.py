"""Financial measures against figures of independent tools (PySAM Singleowner, numpy-financial, pyxirr).

A wrong sign, a shifted period, a rate applied to the wrong balance or a dropped final year changes the last digits that
are compared here.
"""

from __future__ import annotations

import numpy as np
import pytest

from leam_opt.finance.depreciation import depreciation_share
from leam_opt.finance.discount import irr, nominal_rate, npv
from leam_opt.finance.loans import level_payment, loan_schedule

CAPEX, YEARS, TAX = 1_000_000.0, 5, 0.25
CFADS = 876_000 * 0.40 - 50_000


def after_tax_flows(debt: float, rate: float) -> list[float]:
    """Flows to the owner of the reference project: capex less debt today, then what tax and debt service leave."""
    schedule = loan_schedule(rate, YEARS)
    written_off = CAPEX * depreciation_share(YEARS, YEARS)[0]
    interest, principal = debt * schedule.interest, debt * schedule.principal
    tax = TAX * (CFADS - written_off - interest)
    return [debt - CAPEX, *(CFADS - tax - interest - principal)]


def test_unlevered_project() -> None:
    flows = after_tax_flows(0.0, 0.06)
    assert flows[1:] == pytest.approx([275_300] * 5)
    assert float(npv(0.08, flows)) == pytest.approx(99_193.0732, abs=1e-3)
    returns = irr(flows)
    # The reference tool stops 1.7e-7 beside the root (its rate leaves an NPV of 0.41); ours must be the root.
    assert returns.status == "unique"
    assert returns.rates[0] == pytest.approx(0.11692543, abs=2e-7)
    assert float(npv(returns.rates[0], flows)) == pytest.approx(0, abs=1e-6)


def test_project_with_60_percent_level_payment_debt() -> None:
    service = 600_000 * float(level_payment(0.06, YEARS))
    assert service == pytest.approx(142_437.8403, abs=1e-3)
    assert CFADS / service == pytest.approx(2.1089901, abs=1e-6)  # DSCR of every year
    assert float(npv(0.06, [0, *[CFADS] * YEARS])) / 600_000 == pytest.approx(2.1089901, abs=1e-6)  # LLCR
    flows = after_tax_flows(600_000, 0.06)
    assert float(npv(0.08, flows)) == pytest.approx(153_945.3329, abs=1e-2)
    assert irr(flows).rates[0] == pytest.approx(0.218205, abs=5e-7)


def test_project_with_debt_sized_at_a_dscr_of_one_and_a_half() -> None:
    service = CFADS / 1.5
    debt = service / float(level_payment(0.06, YEARS))
    assert service == pytest.approx(200_266.6667, abs=1e-3)
    assert debt == pytest.approx(843_596.0541, abs=1e-3)
    flows = after_tax_flows(debt, 0.06)
    assert float(npv(0.08, flows)) == pytest.approx(176_174.3903, abs=1e-2)
    assert irr(flows).rates[0] == pytest.approx(0.459555, abs=5e-7)


def test_npv_payment_irr_and_nominal_rate() -> None:
    assert float(npv(0.05, [-15000, 1500, 2500, 3500, 4500, 6000])) == pytest.approx(122.89485, abs=5e-6)
    assert 15000 * float(level_payment(0.08 / 12, 60)) == pytest.approx(304.145914, abs=5e-7)
    assert irr([-100, 39, 59, 55, 20]).rates == pytest.approx([0.28094842116], abs=1e-10)
    assert nominal_rate(0.08, 0.02) == pytest.approx(0.1016, abs=1e-12)


def test_npv_takes_variants() -> None:
    values = npv(np.array([0.0, 0.05]), np.array([-100.0, 105.0]))
    assert values == pytest.approx([5.0, 0.0])
