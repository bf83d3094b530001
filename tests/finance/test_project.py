"""Cover, payback and the size of debt: properties, and the traps that others fell into."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from leam_opt.finance.discount import npv
from leam_opt.finance.project import (
    debt_at_cover,
    debt_with_construction_interest,
    dscr,
    level_debt_service,
    llcr,
    payback_years,
)
from leam_opt.finance.rates import NominalRate
from tests.finance.proforma import pro_forma

rates = st.floats(0, 0.3).map(NominalRate)


@given(rates, st.integers(1, 30), st.floats(1, 1e6), st.floats(0.1, 10))
def test_llcr_is_dscr_for_level_service(rate: NominalRate, years: int, debt: float, cover: float) -> None:
    """Level CFADS over level debt service: the life of the loan is covered as each of its years is."""
    service = level_debt_service(debt, rate, years)
    cfads = [cover * service] * years
    assert dscr(cfads, service) == pytest.approx(np.full(years, cover))
    assert llcr(cfads, rate, debt) == pytest.approx(cover)


def test_years_without_debt_service_have_no_cover() -> None:
    """Nothing to cover is neither full cover nor none; no debt has no LLCR."""
    cover = dscr([5.0, 5.0, -5.0], [0.0, 2.5, 2.5])
    assert np.isnan(cover[0])
    assert list(cover[1:]) == [2.0, -2.0]
    assert llcr([1.0, 1.0], NominalRate(0.05), 0.0) is None


@given(st.lists(st.integers(-50, 50), min_size=1, max_size=12))
def test_payback_against_walking_through_time(flows: list[int]) -> None:
    """Walks in steps of 1/200 year from the end back to the last moment at which money was still outstanding."""
    found = payback_years(flows)
    sums = np.cumsum(flows)
    times = np.linspace(0, len(flows) - 1, 200 * (len(flows) - 1) + 1) if len(flows) > 1 else np.array([0.0])
    outstanding = times[np.interp(times, np.arange(len(flows)), sums) < -1e-9]
    if outstanding.size == 0:
        assert found == 0.0
    elif sums[-1] < 0:
        assert found is None
    else:
        assert found is not None
        assert outstanding[-1] <= found <= outstanding[-1] + 1 / 200 + 1e-9


def test_payback_counts_the_final_year_and_later_purchases() -> None:
    """A loop that stops before the last year finds nothing in the first case; one that stops at the first recovery
    finds two years in the second.
    """
    assert payback_years([-30, 10, 10, 10]) == 3
    assert payback_years([-30, 10, 10, 40]) == pytest.approx(2.25)
    assert payback_years([-20, 10, 10, -30, 10, 40]) == pytest.approx(4.5)
    assert payback_years([-30, 10, 10, 9]) is None
    assert payback_years([-0.3, *[0.1] * 3]) == pytest.approx(3)
    assert payback_years([0.0, 5.0]) == 0.0


@given(st.lists(st.floats(1, 100), min_size=1, max_size=20), st.floats(1, 3), rates, st.floats(0.1, 1))
def test_a_sized_debt_keeps_cover_and_gearing(cfads: list[float], cover: float, rate: NominalRate, cap: float) -> None:
    """Both limits hold, one of them without room, and the service repays exactly the debt."""
    cost = float(sum(cfads))
    sized = debt_at_cover(cfads, cover, rate, cost=cost, gearing_max=cap)
    least = float(dscr(cfads, sized.debt_service).min())
    assert least >= cover * (1 - 1e-9)
    assert sized.debt <= cap * cost * (1 + 1e-9)
    assert npv(rate, [0.0, *sized.debt_service]) == pytest.approx(sized.debt)
    if sized.bound_by == "cover":
        assert least == pytest.approx(cover)
    else:
        assert sized.debt == pytest.approx(cap * cost)


def test_cover_alone_would_lend_more_than_the_project_costs() -> None:
    rich = [500.0] * 5
    assert debt_at_cover(rich, 1.2, NominalRate(0.05)).debt > 1000
    assert debt_at_cover(rich, 1.2, NominalRate(0.05), cost=1000, gearing_max=0.8).debt == 800
    assert debt_at_cover([-10.0, 12.0], 1.2, NominalRate(0.0)).debt_service.tolist() == [0.0, 10.0]
    with pytest.raises(ValueError, match="must be above zero"):
        debt_at_cover(rich, 0.0, NominalRate(0.05))


@given(st.floats(0.05, 1), st.floats(0, 0.1), rates, st.floats(0, 2))
def test_construction_interest_against_iteration(gearing: float, fee: float, rate: NominalRate, years: float) -> None:
    """The closed form is where drawing for the interest on what was drawn for interest would end."""
    turn = gearing * (fee + rate.share * years)
    assume(turn < 0.8)
    debt = 0.0
    for _ in range(300):
        debt = gearing * (100 + fee * debt + rate.share * years * debt)
    assert debt_with_construction_interest(100, gearing, fee, rate, interest_years=years) == pytest.approx(debt)


def test_equal_draws_bear_half_a_years_interest() -> None:
    """Twelve equal monthly draws, each outstanding from the middle of its month to the end of the year."""
    monthly = sum(0.06 * (12 - month - 0.5) / 12 / 12 for month in range(12))
    assert debt_with_construction_interest(100, 1, 0, NominalRate(0.06)) == pytest.approx(100 / (1 - monthly))


def test_a_debt_that_cannot_pay_for_itself_is_refused() -> None:
    with pytest.raises(ValueError, match="use up the whole debt"):
        debt_with_construction_interest(100, 1.0, 0.5, NominalRate(0.25), interest_years=2)


def test_a_grant_counts_once() -> None:
    """It lowers what the owner pays and what is depreciated; as revenue too it would be worth more than its amount."""
    plain = pro_forma(100, [40.0] * 4, [10.0] * 4, life_years=4, tax=0.25)
    granted = pro_forma(100, [40.0] * 4, [10.0] * 4, life_years=4, tax=0.25, grant=20)
    assert granted.cfads.tolist() == plain.cfads.tolist()
    assert granted.depreciation.tolist() == [20.0] * 4
    # Twenty today, and 25 % tax on 5 of depreciation less in each year.
    assert granted.flows - plain.flows == pytest.approx([20, -1.25, -1.25, -1.25, -1.25])


def test_losses_are_carried_forward_and_loans_must_fit() -> None:
    """Depreciation of 50 leaves losses of 20 and 10; of the profits of 40 and 40, 30 are set off."""
    accounts = pro_forma(100, [30.0, 40, 40, 40], [0.0] * 4, life_years=2, tax=0.5)
    assert accounts.tax == pytest.approx([0, 0, 5, 20])
    with pytest.raises(ValueError, match="loan over 5 years is not repaid within the 4 years planned"):
        pro_forma(100, [40.0] * 4, [0.0] * 4, life_years=4, debt=50, rate=NominalRate(0.05), tenor_years=5)
    with pytest.raises(ValueError, match="exceed the purchase"):
        pro_forma(100, [40.0], [0.0], life_years=4, debt=90, rate=NominalRate(0.05), grant=20)
    with pytest.raises(ValueError, match="needs a rate"):
        pro_forma(100, [40.0], [0.0], life_years=4, debt=90)
