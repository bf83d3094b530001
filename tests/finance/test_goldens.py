"""Financial measures against figures of independent tools (PySAM Singleowner, numpy-financial, pyxirr), digit by digit.

A wrong sign, a shifted period, a rate applied to the wrong balance, tax without the deduction of interest or a dropped
final year changes the printed digits. What reproduces them: capital expenditure, debt and equity today; revenue, cost,
tax and debt service at the end of each year; interest is deducted before tax; debt service cover and the size of the
debt are taken before tax; NPV, IRR and payback are the owner's, after tax and debt service, and payback runs evenly
within its year.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from leam_opt.finance.discount import DUST, irr, npv, present_value, timeline
from leam_opt.finance.loans import level_payment
from leam_opt.finance.project import (
    debt_at_cover,
    debt_with_construction_interest,
    dscr,
    level_debt_service,
    llcr,
    payback_years,
)
from leam_opt.finance.rates import NominalRate, RealRate
from tests.finance.proforma import ProForma, pro_forma

CAPEX, YEARS = 1_000_000.0, 5
DISCOUNT, LOAN = NominalRate(0.08), NominalRate(0.06)


def project(debt: float) -> ProForma:
    """The reference project with a level-payment loan over all its years."""
    revenue, opex = [876_000 * 0.40] * YEARS, [50_000.0] * YEARS
    return pro_forma(CAPEX, revenue, opex, life_years=YEARS, tax=0.25, debt=debt, rate=LOAN)


def stopped_by_sam(flows: np.ndarray) -> float:
    """IRR as SAM's financial models find it: steps with the slope at the first guess of 10 %, until the NPV is no more
    than a millionth of the largest flow.
    """
    times = np.arange(flows.size)
    slope = float(flows @ (-times * 1.1 ** -(times + 1.0)))
    rate = 0.1
    while True:
        rate -= npv(NominalRate(rate), flows) / slope
        if abs(npv(NominalRate(rate), flows)) <= 1e-6 * np.abs(flows).max():
            return rate


def test_unlevered() -> None:
    flows = project(0).flows
    assert flows[1:] == pytest.approx([275_300.0] * YEARS, abs=1e-9)
    assert f"{npv(DISCOUNT, flows):.4f}" == "99193.0732"
    returns = irr(flows)
    # The reference stops 1.7e-7 short of the root, where an NPV of 0.41 is left: ours is the root, and its way of
    # stopping gives the printed digits.
    assert f"{100 * stopped_by_sam(flows):.6f}" == "11.692543"
    assert returns.status == "unique"
    assert f"{100 * returns.rates[0]:.6f}" == "11.692560"
    assert npv(NominalRate(returns.rates[0]), flows) == pytest.approx(0, abs=1e-6)


def test_60_percent_level_payment_debt() -> None:
    accounts = project(600_000)
    assert [f"{due:.4f}" for due in accounts.debt_service] == ["142437.8403"] * YEARS
    assert f"{level_debt_service(600_000, LOAN, YEARS):.4f}" == "142437.8403"
    assert [f"{cover:.7f}" for cover in dscr(accounts.cfads, accounts.debt_service)] == ["2.1089901"] * YEARS
    life_cover = llcr(accounts.cfads, LOAN, 600_000)
    assert life_cover is not None
    assert f"{life_cover:.7f}" == "2.1089901"
    assert f"{npv(DISCOUNT, accounts.flows):.4f}" == "153945.3329"
    assert f"{100 * irr(accounts.flows).rates[0]:.4f}" == "21.8205"
    payback = payback_years(accounts.flows)
    assert payback is not None
    assert f"{payback:.5f}" == "2.85061"


def test_debt_sized_at_dscr_1_5() -> None:
    sized = debt_at_cover(project(0).cfads, 1.5, LOAN, cost=CAPEX)
    assert sized.bound_by == "cover"
    assert f"{sized.debt:.4f}" == "843596.0541"
    assert [f"{due:.4f}" for due in sized.debt_service] == ["200266.6667"] * YEARS
    accounts = project(sized.debt)
    assert accounts.debt_service == pytest.approx(sized.debt_service)
    assert f"{npv(DISCOUNT, accounts.flows):.4f}" == "176174.3903"
    assert f"{100 * irr(accounts.flows).rates[0]:.4f}" == "45.9555"


def test_interest_during_construction_in_closed_form() -> None:
    """The debt pays its share of the cost, of its fee and of half a year's interest: the equation it solves holds."""
    debt = debt_with_construction_interest(1e6, 0.7, 0.01, LOAN)
    assert f"{debt:.3f}" == "720164.609"
    assert debt == pytest.approx(0.7 * (1e6 + 0.01 * debt + 0.06 / 2 * debt), rel=1e-14)


def test_npv() -> None:
    flows = [-15000, 1500, 2500, 3500, 4500, 6000]
    assert f"{npv(NominalRate(0.05), flows):.5f}" == "122.89485"
    assert f"{present_value(NominalRate(0.05), flows):.5f}" == "122.89485"


def test_payment() -> None:
    rate = NominalRate(0.08 / 12)
    assert f"{-level_debt_service(15000, rate, 60):.6f}" == "-304.145914"
    assert f"{-15000 * level_payment(rate.share, 60):.6f}" == "-304.145914"


def test_irr() -> None:
    returns = irr([-100, 39, 59, 55, 20])
    assert returns.status == "unique"
    assert f"{returns.rates[0]:.11f}" == "0.28094842116"


def test_several_irrs() -> None:
    returns = irr([-1000, 2500, -1540])
    assert returns.status == "several"
    assert returns.only is None
    assert [f"{100 * rate:.9f}" for rate in returns.rates] == ["10.000000000", "40.000000000"]


def test_an_irr_without_a_change_of_sign_does_not_exist() -> None:
    for flows in ([-1.0, -2.0], [1.0, 2.0], [0.0, 0.0], [], [-1.0, 0.0, 0.1 * DUST]):
        assert irr(flows).status == "none"
        assert irr(flows).only is None


def test_nominal_from_real() -> None:
    nominal = RealRate(0.08).nominal(0.02)
    assert f"{100 * nominal.share:.2f}" == "10.16"
    assert nominal.share == pytest.approx(0.1016, abs=1e-15)
    assert nominal.real(0.02).share == pytest.approx(0.08, abs=1e-15)


def test_flows_of_years_fall_due_at_their_start_and_end() -> None:
    """Capital expenditure of year y at t = y - 1, its operating flows at t = y, also for many plans at once."""
    assert timeline([-10, -20], [1, 2]).tolist() == [-10, -19, 2]
    many = timeline(np.array([[-10.0, -20], [0, 0]]), np.array([1.0, 2]))
    assert many.tolist() == [[-10, -19, 2], [0, 1, 2]]
    assert present_value(NominalRate(0.5), many) == pytest.approx([-10 - 19 / 1.5 + 2 / 2.25, 1 / 1.5 + 2 / 2.25])
    assert all(low < high for low, high in pairwise(irr([-1000, 3600, -4310, 1716]).rates))
