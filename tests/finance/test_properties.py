"""What holds for every loan, every asset, every tax and every series of flows."""

from __future__ import annotations

from itertools import pairwise
from typing import Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leam_opt.finance.depreciation import depreciation_share, in_service, remaining_share
from leam_opt.finance.discount import irr, npv, present_value
from leam_opt.finance.loans import flows_of_draws, level_payment, loan_schedule
from leam_opt.finance.project import level_debt_service
from leam_opt.finance.rates import NominalRate, RealRate
from leam_opt.finance.tax import corporate_tax, taxed_so_far

Profile = Literal["annuity", "linear", "bullet"]
amounts = st.floats(-1e4, 1e4, allow_subnormal=False)


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
    assert npv(NominalRate(rate), [0.0, *(schedule.interest + schedule.principal)]) == pytest.approx(1)
    assert not schedule.principal[:grace].any()


@given(st.one_of(st.just(0.0), st.floats(1e-7, 0.5), st.floats(-0.2, -1e-4)), st.integers(1, 40))
def test_the_payment_of_many_rates_is_that_of_pyxirr(rate: float, years: int) -> None:
    """Two ways to the same payment: ours for arrays of rates, pyxirr for one."""
    many = level_payment(np.array([rate, 0.07]), years)
    assert many == pytest.approx([level_debt_service(1.0, NominalRate(r), years) for r in (rate, 0.07)], rel=1e-9)


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


@given(st.lists(amounts, min_size=1, max_size=12), st.floats(0, 1))
def test_tax_is_the_rate_on_the_highest_profit_so_far(profits: list[float], rate: float) -> None:
    """No tax on losses, none twice on the same profit, never a refund; by brute force year by year."""
    carried, expected = 0.0, []
    for profit in profits:
        taxable = max(0.0, profit - carried)
        carried = max(0.0, carried - profit)
        expected.append(rate * taxable)
    assert corporate_tax(profits, rate) == pytest.approx(expected, abs=1e-7)
    assert float(taxed_so_far(profits)[-1]) == pytest.approx(max(0.0, np.cumsum(profits).max()), abs=1e-7)


@given(
    st.lists(st.tuples(amounts, amounts), min_size=1, max_size=12),
    st.floats(-0.5, 1.0),
    st.floats(-3, 3),
)
def test_present_values_add_up(pairs: list[tuple[float, float]], share: float, factor: float) -> None:
    """The value of a sum is the sum of the values, in pyxirr and in our arrays alike."""
    one, other = (np.array(flows) for flows in zip(*pairs, strict=True))
    rate = NominalRate(share)
    together = npv(rate, one + factor * other)
    size = 1e-9 * (1 + npv(rate, np.abs(one)) + abs(factor) * npv(rate, np.abs(other)))
    assert together == pytest.approx(npv(rate, one) + factor * npv(rate, other), abs=size)
    assert present_value(rate, np.stack([one, other])) == pytest.approx([npv(rate, one), npv(rate, other)], abs=size)


@given(st.floats(-0.5, 1), st.floats(-0.5, 1), st.floats(1, 100))
def test_real_money_at_the_real_rate_is_worth_nominal_money_at_the_nominal_one(
    real: float, inflation: float, price: float
) -> None:
    nominal = RealRate(real).nominal(inflation)
    in_todays_money = price / (1 + real) ** 3
    assert npv(nominal, [0, 0, 0, price * (1 + inflation) ** 3]) == pytest.approx(in_todays_money)
    assert nominal.real(inflation).share == pytest.approx(real, abs=1e-12)


def test_the_two_kinds_of_rate_do_not_mix() -> None:
    """A real rate is no nominal one, neither by equality nor by its methods; and no rate is 6 or -1."""
    assert RealRate(0.05) != NominalRate(0.05)  # type: ignore[comparison-overlap]
    assert NominalRate(0.05).plus(0.01) == NominalRate(0.060000000000000005)
    for share in (-1.0, -2.0, float("nan"), float("inf")):
        with pytest.raises(ValueError, match="is no yearly rate"):
            NominalRate(share)
        with pytest.raises(ValueError, match="is no yearly rate"):
            RealRate(0.0).nominal(share)


def test_flows_can_change_sign_and_still_have_no_irr() -> None:
    assert irr([1.0, -2.0, 3.0]).status == "none"


def test_rounding_is_no_change_of_sign() -> None:
    """A residue of 1e-16 after the last flow would be a second change of sign, and a second rate beyond reason."""
    assert irr([-100.0, 60.0, 60.0, -1e-15]) == irr([-100.0, 60.0, 60.0])


@given(st.lists(st.floats(0.5, 100), min_size=1, max_size=15), st.floats(-0.5, 1.0))
def test_irr_finds_the_rate_that_made_the_flows(gains: list[float], rate: float) -> None:
    paid = sum(gain / (1 + rate) ** (year + 1) for year, gain in enumerate(gains))
    returns = irr([-paid, *gains])
    assert returns.status == "unique"
    assert returns.only == pytest.approx(rate, abs=1e-6)


@given(st.lists(st.integers(0, 12), min_size=2, max_size=4, unique=True))
def test_all_of_several_rates_are_found_in_rising_order(tenths: list[int]) -> None:
    """Flows made of factors (1 + r - x) have exactly these rates; none may be hidden."""
    shares = sorted(number / 10 for number in tenths)
    flows = np.array([1.0])
    for share in shares:
        flows = np.convolve(flows, [-1.0, 1.0 + share])
    returns = irr(1000 * flows)
    assert returns.status == "several"
    assert returns.rates == pytest.approx(shares, abs=1e-5)
    assert all(low < high for low, high in pairwise(returns.rates))
