"""What holds for every loan, every asset and every series of flows."""

from __future__ import annotations

from itertools import pairwise
from typing import Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leam_opt.finance.depreciation import depreciation_share, in_service, remaining_share
from leam_opt.finance.discount import irr, npv
from leam_opt.finance.loans import flows_of_draws, loan_schedule

Profile = Literal["annuity", "linear", "bullet"]


@st.composite
def loans(draw: st.DrawFn) -> tuple[float, int, int, Profile]:
    tenor = draw(st.integers(1, 20))
    rate = draw(st.one_of(st.just(0.0), st.floats(1e-4, 0.5)))
    return rate, tenor, draw(st.integers(0, tenor - 1)), draw(st.sampled_from(("annuity", "linear", "bullet")))


@given(loans())
def test_a_loan_ends_at_zero_and_is_worth_what_was_drawn(loan: tuple[float, int, int, Profile]) -> None:
    """Discounted at its own rate, a loan's payments are worth the draw: interest is due on the right balance."""
    rate, tenor, grace, repayment = loan
    schedule = loan_schedule(rate, tenor, grace, repayment)
    assert schedule.balance[-1] == 0
    assert schedule.principal.sum() == pytest.approx(1)
    assert float(npv(rate, [0, *(schedule.interest + schedule.principal)])) == pytest.approx(1)
    assert not schedule.principal[:grace].any()


def test_profiles_by_hand() -> None:
    """100 at 10 % over three years: annuity without and with grace, linear, bullet."""
    annuity = loan_schedule(0.1, 3)
    assert 100 * (annuity.interest + annuity.principal) == pytest.approx([40.21148] * 3)
    assert 100 * annuity.interest == pytest.approx([10, 6.978852, 3.655589], abs=1e-6)
    late = loan_schedule(0.1, 3, 1)
    assert 100 * (late.interest + late.principal) == pytest.approx([10, 57.619048, 57.619048])
    linear = loan_schedule(0.1, 3, 1, "linear")
    assert 100 * (linear.interest + linear.principal) == pytest.approx([10, 60, 55])
    bullet = loan_schedule(0.1, 3, 0, "bullet")
    assert 100 * (bullet.interest + bullet.principal) == pytest.approx([10, 10, 110])


def test_grace_must_leave_a_year_of_repayment() -> None:
    with pytest.raises(ValueError, match="grace of 3 years does not fit a tenor of 3 years"):
        loan_schedule(0.1, 3, 3)


def test_schedules_take_variants_of_the_rate() -> None:
    both = loan_schedule(np.array([0.05, 0.1]), 4, 1)
    for number, rate in enumerate((0.05, 0.1)):
        assert both.interest[number] == pytest.approx(loan_schedule(rate, 4, 1).interest)


def test_draws_of_several_years_add_up() -> None:
    """Two draws, each with its own schedule: the second one starts its payments a year later."""
    flows = flows_of_draws(np.array([100.0, 50.0, 0.0]), np.array([0.1, 1.1]))
    assert flows == pytest.approx([10, 110 + 5, 55])


@given(st.integers(1, 30), st.integers(1, 30))
def test_depreciation_and_remaining_value_are_the_price(life: int, years: int) -> None:
    shares = depreciation_share(life, years)
    assert shares.sum(axis=1) + remaining_share(life, years) == pytest.approx(np.ones(years))
    assert ((shares > 0) == (in_service(life, years) > 0)).all()


def test_a_series_without_a_change_of_sign_has_no_irr() -> None:
    for flows in ([-1.0, -2.0], [1.0, 2.0], [0.0, 0.0], []):
        assert irr(flows).status == "none"


def test_flows_can_change_sign_and_still_have_no_irr() -> None:
    assert irr([1.0, -2.0, 3.0]).status == "none"


def test_both_roots_are_returned_and_flagged() -> None:
    returns = irr([-1000, 2500, -1540])
    assert returns.status == "several"
    assert returns.rates == pytest.approx([0.1, 0.4])


@given(st.lists(st.floats(0.5, 100), min_size=1, max_size=15), st.floats(-0.5, 1.0))
def test_irr_finds_the_rate_that_made_the_flows(gains: list[float], rate: float) -> None:
    paid = sum(gain / (1 + rate) ** (year + 1) for year, gain in enumerate(gains))
    returns = irr([-paid, *gains])
    assert returns.status == "unique"
    assert returns.rates[0] == pytest.approx(rate, abs=1e-6)


def test_rates_stand_in_rising_order() -> None:
    rates = irr([-1000, 3600, -4310, 1716]).rates
    assert rates == pytest.approx([0.1, 0.2, 0.3])
    assert all(low < high for low, high in pairwise(rates))
