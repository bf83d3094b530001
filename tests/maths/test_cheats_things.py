"""Cheats with machines, sites and users: each gains without its guard, and gains nothing with it.

Each test names what the naive model reports, what the plan really costs, and the row for which the ledger refuses it.
"""

from __future__ import annotations

from typing import Any

import pytest

from leam_opt.solve.highs import Session
from leam_opt.solve.standard_form import compile_model
from tests.maths.cheating import Naive, gains
from tests.maths.helpers import bare_case, best, expect

DEAR = {"cluster_hour": 20000}


def test_a_site_is_not_closed_to_save_its_fixed_cost(naive: Naive) -> None:
    """A unit of one year's life: 10 + 2 x 0.5; closing the site in 2026 would save 0.5.

    Modules and grid power stay at the site and would keep it open, so that this takes several guards away.
    """
    case = bare_case(
        mission={"public_compute_min": {2025: 1, 2026: 0}},
        server_types={"alpha": {"life_years": 1}},
        sites={"north": {"fixed_cost": 0.5}},
    )
    expect(best(case), deficit_meur=11)
    cheat = naive(
        case, *(f"m.{row}.deactivate()" for row in ("site_stays_open", "site_modules", "grid_open", "grid_kept"))
    )
    gains(cheat, 0, 10.5, "an open site stays open")


def test_grid_power_is_not_given_back_to_save_its_fee(naive: Naive) -> None:
    """Two units in 2025 only: giving the power back would save the fee of 0.2 and refund the connection of 1.

    20 + 1 + 2 x 0.2. The module stays and has to keep its grid power, so that this takes two guards away.
    """
    case = bare_case(
        mission={"public_compute_min": {2025: 2, 2026: 0}},
        server_types={"alpha": {"life_years": 1}},
        sites={"north": {"module": 0.1, "grid_fee": 1, "grid_connection_cost": 5}},
    )
    expect(best(case), deficit_meur=21.4)
    gains(naive(case, "m.grid_power.deactivate()", "m.grid_kept.deactivate()"), 0, 20, "grid")


def test_training_is_not_spread_over_sites(naive: Naive) -> None:
    """Three models a year on two sites of two units each: split over both, three alphas would do (30).

    One site and one type take two gammas, 50.
    """
    gamma = {"title": "Gamma", "gpus_per_server": 10, "power": 5, "performance": 2, "life_years": 5}
    site = {"title": "S", "building_cost": 0, "module": 0.2, "modules_max": 1, "building_life_years": 20}
    case = bare_case(
        mission={"models_per_year_min": 3, "models_per_year_max": 3},
        sites={"north": {**site, "pue": 1, "grid_limit": 2}, "south": {**site, "pue": 1, "grid_limit": 2}},
        server_types={"gamma": {**gamma, "on_sale_from": 2020, "unit_price": 25}},
    )
    expect(best(case), deficit_meur=50)
    cheat = naive(
        case,
        "for name in ('place', 'single', 'all_models', 'sole_models', 'sole_units'):",
        "    getattr(m, 'homogeneity_' + name).deactivate()",
    )
    gains(cheat, 0, 30, "homogeneity")


def test_public_use_is_not_inflated_by_compute_that_no_server_delivers(naive: Naive) -> None:
    """Nine tenths of the core pool are public. Nine million public GPU-hours on paper let 1.0 be sold on one unit.

    In truth five units carry the mission of 4.5 and sell 0.5: 50 - 20. The naive model bounds only what is sold.
    """
    case = bare_case(
        mission={"public_compute_min": 4.5},
        pools={"tuning": {"share_max": 0}, "inference": {"share_max": 0}},
        adoption={"low": {"core": 1}},
        prices=DEAR,
        rules={"public_use": {"enabled": True, "scope": "core", "share_min": 0.9}},
    )
    expect(best(case), deficit_meur=30)
    cheat = naive(
        case,
        "m.capacity.deactivate()",
        "m.sold = pyo.Constraint(m.Y, rule=lambda m, y:",
        "    m.compute_mgpuh['core', 'private', y] <= ex.pool_capacity(m, 'core', y))",
    )
    gains(cheat, 0, -30, "compute fits the pool's units")


def test_the_hours_of_training_are_not_sold_again(naive: Naive) -> None:
    """Two models a year take two units; selling 1.0 takes a third one: 30 - 40. With hours used twice, two do."""
    case = bare_case(
        mission={"models_per_year_min": 2, "models_per_year_max": 2},
        pools={"tuning": {"share_max": 0}, "inference": {"share_max": 0}},
        adoption={"low": {"core": 1}},
        prices=DEAR,
    )
    expect(best(case), deficit_meur=-10)
    gains(naive(case, "m.training_public.deactivate()"), 0, -20, "training is public core compute")


def test_heat_is_not_sold_beyond_the_energy_of_the_site(naive: Naive) -> None:
    """At 20 EUR/MWh above its cost heat would have no end; half of 0.5 GWh a year is 0.01 in two years."""
    site = {"heat_reuse_max": 0.5, "heat_extraction_cost": 10, "heat_price": 30}
    case = bare_case(mission={"public_compute_min": 1}, sites={"north": site})
    expect(best(case), deficit_meur=9.99)
    model = naive.model(case, "m.heat_max.deactivate()")
    assert Session(compile_model(model, [model.deficit])).run(0, relax=True).status == "unbounded"


def test_electricity_is_not_left_unpaid(naive: Naive) -> None:
    """A unit draws 0.5 GWh a year at 0.2 M EUR/GWh: 10.2, and 10 where nothing asks for the electricity."""
    case = bare_case(mission={"public_compute_min": 1}, energy_sources={"green": {"price": 0.2}})
    expect(best(case), deficit_meur=10.2)
    gains(naive(case, "m.energy_balance.deactivate()"), 0, 10, "energy_balance")


def _late(valued: bool) -> Any:
    """Compute in 2026 from a unit of one year's life at 6, or of four years' at 10."""
    kind = {"title": "T", "gpus_per_server": 10, "power": 5, "performance": 1, "on_sale_from": 2020}
    return bare_case(
        mission={"public_compute_min": {2025: 0, 2026: 1}},
        server_types={
            "alpha": {"life_years": 1, "unit_price": 6},
            "gamma": {**kind, "life_years": 4, "unit_price": 10},
        },
        objective={"residual_value": valued},
    )


@pytest.mark.parametrize(("valued", "kind", "deficit_meur"), [(False, "alpha", 6), (True, "gamma", 2.5)])
def test_cost_behind_the_horizon_is_rewarded_unless_what_is_left_is_valued(
    valued: bool, kind: str, deficit_meur: float
) -> None:
    """A horizon that ends in 2026 makes the machine look cheap that has to be bought again in 2027, at 6 a year.

    This is the documented default, as in the paper; with the option the one for four years is worth 7.5 at the horizon
    and costs 2.5.
    """
    expect(best(_late(valued)), deficit_meur=deficit_meur, units_bought={("north", kind, 2026): 1})
