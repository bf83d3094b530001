"""Sites, IT power modules, grid power, PUE and CPU servers: optima that a person can add up."""

from __future__ import annotations

from typing import Any

import pytest

from tests.maths.helpers import bare_case, best, expect

SOUTH = {
    "title": "South",
    "building_cost": 0,
    "module": 0.5,
    "modules_max": 4,
    "building_life_years": 20,
    "pue": 1,
    "grid_limit": 2,
}


def test_it_power_is_built_in_whole_modules() -> None:
    """Two units of 0.1 MW need two modules of 0.15 MW at 10,000 EUR/kW, 1.5 each: 20 + 3. Part of a module: 22."""
    site = {"module": 0.15, "building_cost": 10000}
    plan = best(bare_case(mission={"public_compute_min": 2}, sites={"north": site}))
    expect(plan, deficit_meur=23, power_modules_built={("north", 2025): 2}, line_building=3)


def test_it_power_carries_the_vintages_alive_not_those_bought() -> None:
    """One unit lives one year and is bought twice; one module at 1 carries both in turn: 10 + 10 + 1."""
    case = bare_case(
        mission={"public_compute_min": 1},
        server_types={"alpha": {"life_years": 1}},
        sites={"north": {"module": 0.1, "building_cost": 10000}},
    )
    expect(best(case), deficit_meur=21, power_modules_built={("north", 2025): 1})


def test_a_full_site_opens_the_next_one() -> None:
    """North holds two units; the third opens the south for 4, only when it is needed: 30 + 4, fixed cost of one year.

    A modules limit by year instead of over the years would let the north hold all three.
    """
    case = bare_case(
        mission={"public_compute_min": {2025: 2, 2026: 3}},
        sites={"north": {"module": 0.2, "modules_max": 1}, "south": {**SOUTH, "opening_cost": 4, "fixed_cost": 0.5}},
    )
    expect(
        best(case),
        deficit_meur=34.5,
        line_site_opening=4,
        line_site_fixed=0.5,
        site_open={("north", 2025): 1, ("north", 2026): 1, ("south", 2026): 1},
    )


def test_a_site_is_used_from_its_first_year() -> None:
    """The south costs nothing but opens in 2026; for 2025 the north is opened at 3, and then it does for both years."""
    sites = {"north": {"opening_cost": 3}, "south": {**SOUTH, "open_from": 2026}}
    now = best(bare_case(mission={"public_compute_min": 1}, sites=sites))
    expect(now, deficit_meur=13, units_bought={("north", "alpha", 2025): 1})
    later = best(bare_case(mission={"public_compute_min": {2025: 0, 2026: 1}}, sites=sites))
    expect(later, deficit_meur=10, units_bought={("south", "alpha", 2026): 1})


def test_an_open_site_stays_open() -> None:
    """A unit of one year's life serves 2025 only, yet the site costs 0.5 in 2026 too: 10 + 2 x 0.5."""
    case = bare_case(
        mission={"public_compute_min": {2025: 1, 2026: 0}},
        server_types={"alpha": {"life_years": 1}},
        sites={"north": {"fixed_cost": 0.5}},
    )
    expect(best(case), deficit_meur=11)


def test_grid_power_is_pue_times_it_power_and_paid_by_year() -> None:
    """A module of 0.1 MW at PUE 1.2 takes 0.12 MW: 10 M EUR/MW once, 1 M EUR/MW a year.

    One unit, then two: 20 + 2.4 for 0.24 MW + 0.12 + 0.24 a year.
    """
    grid = {"module": 0.1, "pue": 1.2, "grid_connection_cost": 10, "grid_fee": 1}
    plan = best(bare_case(mission={"public_compute_min": {2025: 1, 2026: 2}}, sites={"north": grid}))
    expect(
        plan,
        deficit_meur=22.76,
        grid_power_mw={("north", 2025): 0.12, ("north", 2026): 0.24},
        line_grid_connection=2.4,
        line_grid_fee=0.36,
    )


def test_grid_power_is_not_given_back() -> None:
    """Two units serve 2025 only; the 0.2 MW that they took are paid in 2026 too: 20 + 2 x 0.2."""
    case = bare_case(
        mission={"public_compute_min": {2025: 2, 2026: 0}},
        server_types={"alpha": {"life_years": 1}},
        sites={"north": {"module": 0.1, "grid_fee": 1}},
    )
    expect(best(case), deficit_meur=20.4)


@pytest.mark.parametrize(("limit_mw", "deficit_meur"), [(0.36, 30), (0.35, 33)])
def test_the_grid_connection_limits_a_site(limit_mw: float, deficit_meur: float) -> None:
    """Three modules of 0.1 MW at PUE 1.2 take 0.36 MW; with 0.35 MW the third unit opens the south for 3."""
    sites = {
        "north": {"module": 0.1, "pue": 1.2, "grid_limit": limit_mw},
        "south": {**SOUTH, "opening_cost": 3},
    }
    expect(best(bare_case(mission={"public_compute_min": 3}, sites=sites)), deficit_meur=deficit_meur)


@pytest.mark.parametrize(("later", "deficit_meur"), [(1.5, 10), (1.3, 13)])
def test_a_site_above_the_legal_pue_is_not_opened(later: float, deficit_meur: float) -> None:
    """From 2026 on the law allows a PUE of 1.3: the north (1.4) cannot be closed again, so the south is opened for 3.

    A limit that binds only in the year of opening would let the north be used.
    """
    sites = {"north": {"pue": 1.4}, "south": {**SOUTH, "pue": 1.2, "opening_cost": 3}}
    case = bare_case(mission={"public_compute_min": 1}, sites=sites, rules={"pue_max": {2025: 1.5, 2026: later}})
    expect(best(case), deficit_meur=deficit_meur)


CPU = {"cores": 700, "rent": 10000, "cores_per_server": 50, "servers_per_unit": 10, "server_price": 10000}


@pytest.mark.parametrize(
    ("cpu", "deficit_meur", "units", "rented_k"),
    [
        ({}, 0.1 + 2 * 0.12 * 2 / 7, 1, 0.2),
        ({"life_years": 1}, 0.24, 0, 0.7),
        ({"rent": 100000}, 0.2, 2, 0),
    ],
)
def test_cpu_cores_are_made_or_bought(cpu: dict[str, Any], deficit_meur: float, units: int, rented_k: float) -> None:
    """700 cores for 0.12 a year, or units of 500 cores for 0.1: one unit and 200 rented cores are the cheapest.

    0.1 + 2 x 0.12 x 200/700. With a life of one year (0.2 for a unit) renting is cheaper: 0.24; at ten times the rent
    two units are.
    """
    plan = best(bare_case(cpu={**CPU, **cpu}))
    rented = {2025: rented_k, 2026: rented_k} if rented_k else {}
    bought = {("north", 2025): units} if units else {}
    expect(plan, deficit_meur=deficit_meur, cpu_units_bought=bought, cpu_cores_rented_k=rented)


def test_cpu_servers_take_power_and_a_site() -> None:
    """Own CPU servers of 10 kW a unit need a module (1 M EUR): renting for 2 x 0.3 stays cheaper than 1.2."""
    cpu = {**CPU, "cores": 1000, "rent": 25000}
    with_building = best(bare_case(cpu=cpu, sites={"north": {"module": 0.1, "building_cost": 10000}}))
    expect(with_building, deficit_meur=0.6, cpu_units_bought={})
    expect(best(bare_case(cpu=cpu)), deficit_meur=0.2, cpu_units_bought={("north", 2025): 2})
