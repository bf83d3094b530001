"""Two years, two sites, two types: the optimum is that of trying every combination of whole numbers."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leam_opt.case.schema import Case
from leam_opt.errors import InfeasibleError
from tests.maths.enumeration import enumerate_all
from tests.maths.financing import EQUITY, LOAN, TRANCHE, one_unit
from tests.maths.helpers import bare_case, best

_BETA = {"title": "Beta", "gpus_per_server": 10, "power": 10, "performance": 2.5, "life_years": 5}
_SITE = {"title": "S", "module": 0.2, "modules_max": 1, "building_life_years": 20, "grid_limit": 0.24}


def two_sites_two_types() -> Case:
    """Two sites, two types, two years, one generation, a grant and equity: few whole numbers, every family at work."""
    south = {**_SITE, "building_cost": 8000, "opening_cost": 1, "fixed_cost": 0.2, "pue": 1.1, "open_from": 2026}
    return bare_case(
        server_types={
            "alpha": {"life_years": 1, "unit_price": {2025: 10, 2026: 8}},
            "beta": {**_BETA, "on_sale_from": 2026, "unit_price": 21},
        },
        sites={"north": {**_SITE, "building_cost": 10000, "fixed_cost": 0.3, "pue": 1.2}, "south": south},
        mission={"models_per_year_min": 1, "models_per_year_max": 2, "public_compute_min": {2025: 1.2, 2026: 1.8}},
        generations={"m1": {"models_min": 3}},
        pools={
            "core": {"share_min": 0.5, "private_share_max": 0.1},
            "tuning": {"entity": "service", "share_max": 0.4, "private_share_max": 0.6},
            "inference": {"share_max": 0},
        },
        adoption={
            "low": {"core": 0.1, "tuning": 0.1},
            "high": {"title": "High", "private_share_min": 0.1, "core": 1, "tuning": 0.8, "inference": 0},
        },
        prices={"cluster_hour": 8000, "infrastructure_fee": 1500},
        energy_sources={"green": {"price": 0.2}},
        rules={"public_use": {"enabled": True, "scope": "core", "share_min": 0.9}},
        funding={
            "use": ["grant", "equity"],
            "instruments": {
                "grant": {"cap_per_year": 20},
                "equity": {"kind": "equity", "title": "Equity", "cap_total": 10, "hurdle_rate": 0.08},
            },
        },
    )


def check(case: Case) -> int:
    """Compares the optimum with that of brute force; returns the number of combinations tried."""
    tried = enumerate_all(case)
    plan = best(case)
    found = plan.unfunded_gap_meur, plan.deficit_meur
    if found != pytest.approx((tried.gap_meur, tried.deficit_meur), abs=1e-5):
        pytest.fail(f"gap and deficit of the plan are {found}; {tried} knows better")
    return tried.combinations


def test_two_sites_and_two_types() -> None:
    """The lexicographic optimum of HiGHS is that of thousands of linear programmes solved one by one.

    A wrong cut of the solver, a bound that cuts an optimum off or an implied row that is not implied would show here.
    """
    assert check(two_sites_two_types()) > 1000


def layered_company() -> Case:
    """One unit, a fund that loses, a loan that is covered, shareholders, tax and a price to choose."""
    instruments = {
        "first": {**TRANCHE, "provider": "public", "share": 0.4, "loss_max": 1, "cap_total": 3},
        "last": {**TRANCHE, "share": 0.6, "return_rate": 0.04, "loss_max": 0.5, "cap_total": 4.5},
        "loan": {**LOAN, "rate": 0.06, "cap_total": 4, "dscr_min": 1.3, "lockup_dscr": 1.5, "reserve_months": 6},
        "equity": {**EQUITY, "cap_total": 2, "hurdle_rate": 0.1},
    }
    return one_unit(
        instruments,
        revenue_meur={2025: 3, 2026: 4.5},
        funding={"funds": {"fund": {"title": "Fund", "tranches": ["first", "last"]}}, "gearing_max_service": 0.6},
        sites={"north": {"module": 0.1, "modules_max": 1}},
        generations={"m1": {"last_year": 2025}},
        mission={"models_per_year_max": 1},
        server_types={"alpha": {"unit_price": {2025: 10, 2026: 9}}},
        taxation={"corporate_tax": {2025: 0.2, 2026: 0.3}},
        prices={"cluster_hour_levels": [{"price": 20000, "demand": 1.4}, {"price": 40000, "demand": 1}]},
    )


def test_a_company_with_a_fund_a_loan_and_tax() -> None:
    """The whole numbers of financing: losses called, debt due, distribution, tax due, the point of the demand curve."""
    assert check(layered_company()) > 1000


_AMOUNT = st.integers(1, 30).map(lambda tenths: tenths / 10)


@st.composite
def small_cases(draw: st.DrawFn) -> Case:
    """One site, one or two types, two years, a grant that may be short, a loan or equity, sales at two levels."""
    price = {2025: draw(st.integers(4, 12)), 2026: draw(st.integers(4, 12))}
    types: dict[str, Any] = {"alpha": {"unit_price": price, "life_years": draw(st.integers(1, 3))}}
    if draw(st.booleans()):
        types["beta"] = {**_BETA, "on_sale_from": 2026, "unit_price": draw(st.integers(15, 30))}
    loan = {"kind": "loan", "provider": "private", "entity": "service", "title": "Loan", "rate": 0.1, "tenor_years": 2}
    terms = {
        "grant": {"cap_per_year": draw(st.integers(5, 30)), "intensity": draw(st.sampled_from([0.5, 0.8, 1]))},
        "equity": {"kind": "equity", "title": "Equity", "hurdle_rate": 0.1, "cap_total": draw(st.integers(1, 10))},
        "loan": {**loan, "cap_total": draw(st.integers(1, 10)), "dscr_min": 1.2},
    }
    level = {"title": "High", "private_share_min": draw(st.sampled_from([0.1, 0.3])), "inference": 0}
    site = {"opening_cost": draw(_AMOUNT), "fixed_cost": draw(_AMOUNT), "grid_fee": draw(_AMOUNT)}
    return bare_case(
        server_types=types,
        sites={"north": {**_SITE, **site, "building_cost": 5000, "pue": 1.2}},
        infrastructure_entity=draw(st.sampled_from(["research", "service"])),
        mission={"models_per_year_max": 1, "public_compute_min": {2025: draw(_AMOUNT) / 3, 2026: draw(_AMOUNT) / 2}},
        generations={"m1": {"models_min": draw(st.integers(0, 2))}},
        pools={
            "core": {"private_share_max": 0.2},
            "tuning": {"entity": "service", "share_max": 0.5},
            "inference": {"share_max": 0},
        },
        adoption={"high": {**level, "core": draw(_AMOUNT), "tuning": draw(_AMOUNT)}},
        prices={"cluster_hour": draw(st.integers(1, 12)) * 1000, "infrastructure_fee": draw(st.integers(0, 3)) * 1000},
        energy_sources={"green": {"price": 0.2}},
        rules={"ancillary_use": {"enabled": draw(st.booleans()), "share_max": 0.2}},
        funding={"use": ["grant", *draw(st.sampled_from([[], ["equity"], ["loan"]]))], "instruments": terms},
    )


@settings(max_examples=10)
@given(small_cases())
def test_small_cases_of_any_kind(case: Case) -> None:
    """Optimum, or conflict, agree with brute force on cases of all sorts."""
    try:
        check(case)
    except InfeasibleError:
        assert enumerate_all(case).feasible == 0
