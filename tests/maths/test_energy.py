"""Electricity, renewables, heat and CO2: one unit of 0.1 MW, 0.5 GWh a year times PUE."""

from __future__ import annotations

from typing import Any

import pytest

from tests.maths.helpers import bare_case, best, expect

ONE_UNIT: dict[str, Any] = {"mission": {"public_compute_min": 1}}
GREEN = {"title": "Green", "price": 0.2, "renewable_share": 1, "co2": 0}
MIX = {"title": "Mix", "price": 0.1, "renewable_share": 0.5, "co2": 400}
SOLAR = {"title": "Solar", "price": 0.1, "renewable_share": 1, "co2": 0, "share_max": 0.3}


def test_energy_is_nameplate_times_use_times_pue() -> None:
    """0.1 MW x 5,000 h x PUE 1.2 = 0.6 GWh at 0.2 M EUR/GWh, 0.12 a year: 10 + 0.24."""
    plan = best(bare_case(**ONE_UNIT, sites={"north": {"pue": 1.2}}, energy_sources={"green": GREEN}))
    expect(
        plan,
        deficit_meur=10.24,
        energy_gwh={("green", "north", 2025): 0.6, ("green", "north", 2026): 0.6},
        line_electricity=0.24,
    )


def test_idle_servers_draw_power_until_the_end_of_their_life() -> None:
    """Compute is needed in 2025 only; the unit still draws 0.5 GWh in 2026, unless its life is one year."""
    need = {"public_compute_min": {2025: 1, 2026: 0}}
    expect(best(bare_case(mission=need, energy_sources={"green": GREEN})), deficit_meur=10.2)
    short = bare_case(mission=need, energy_sources={"green": GREEN}, server_types={"alpha": {"life_years": 1}})
    expect(best(short), deficit_meur=10.1)


@pytest.mark.parametrize(("sites", "deficit_meur"), [(["north"], 10.17), (["south"], 10.2)])
def test_a_source_covers_its_share_at_its_sites(sites: list[str], deficit_meur: float) -> None:
    """Solar at half the price covers 30 % of 0.5 GWh: 0.15 x 0.1 + 0.35 x 0.2 = 0.085 a year; not at other sites."""
    south = {"title": "S", "building_cost": 0, "module": 0.5, "modules_max": 4, "building_life_years": 20}
    case = bare_case(
        **ONE_UNIT,
        sites={"south": {**south, "pue": 1, "grid_limit": 2, "opening_cost": 5}},
        energy_sources={"green": GREEN, "solar": {**SOLAR, "sites": sites}},
    )
    expect(best(case), deficit_meur=deficit_meur)


@pytest.mark.parametrize(
    ("minimum", "deficit_meur"),
    [(0.5, 10.1), (0.8, 10.16), (1, 10.2), ({2025: 0.8, 2026: 1}, 10.18)],
)
def test_renewables_reach_the_minimum_of_each_year(minimum: Any, deficit_meur: float) -> None:
    """A mix with half renewables at half the price may cover 40 % where 80 % have to be renewable, none at 100 %.

    0.5 GWh cost 0.05, 0.2 x 0.1 + 0.3 x 0.2 = 0.08, or 0.1 a year. Over the horizon instead of by year the last one
    would average.
    """
    case = bare_case(**ONE_UNIT, energy_sources={"green": GREEN, "mix": MIX}, rules={"renewable_share_min": minimum})
    expect(best(case), deficit_meur=deficit_meur)


def test_renewables_are_counted_over_all_sites() -> None:
    """Green power only at the north: two of three units there keep the south on the mix at 2/3 + 1/3 x 1/2 = 5/6.

    A minimum of 5/6 holds over the centre; site by site the south could not run on the mix alone.
    """
    south = {"title": "S", "building_cost": 0, "module": 0.1, "modules_max": 1, "building_life_years": 20}
    case = bare_case(
        mission={"public_compute_min": 3},
        sites={"north": {"module": 0.1, "modules_max": 2}, "south": {**south, "pue": 1, "grid_limit": 2}},
        energy_sources={"green": {**GREEN, "sites": ["north"]}, "mix": MIX},
        rules={"renewable_share_min": 0.8333},
    )
    # North 1.0 GWh and south 0.5 GWh a year; of 1.5 GWh, 2 x (1 - 0.8333) may come from the mix.
    mixed = 1.5 * 2 * (1 - 0.8333)
    expect(best(case), deficit_meur=30 + 2 * (0.1 * mixed + 0.2 * (1.5 - mixed)))


@pytest.mark.parametrize(
    ("heat", "minimum", "sold_gwh", "deficit_meur"),
    [
        ({"heat_price": 30}, 0, 0.25, 9.99),
        ({"heat_price": 0}, 0, 0, 10),
        ({"heat_price": 0}, 0.1, 0.05, 10.001),
        ({"heat_price": 0}, {2025: 0, 2026: 0.2}, 0, 10.001),
    ],
)
def test_heat_is_sold_where_it_pays_or_where_the_law_asks(
    heat: dict[str, Any], minimum: Any, sold_gwh: float, deficit_meur: float
) -> None:
    """Half of 0.5 GWh can be sold for 30 EUR/MWh less 10 for delivery: 2 x 0.25 x 0.02 = 0.01.

    Without buyers none is delivered, unless the law asks for 10 % (0.05 GWh a year cost 0.0005), or 20 % from 2026.
    """
    site = {"heat_reuse_max": 0.5, "heat_extraction_cost": 10, **heat}
    plan = best(bare_case(**ONE_UNIT, sites={"north": site}, rules={"heat_reuse_min": minimum}))
    expect(plan, deficit_meur=deficit_meur)
    assert plan.decisions.heat_sold_gwh[0, 0] == pytest.approx(sold_gwh, abs=1e-6)


def test_co2_stays_below_the_cap_of_the_year() -> None:
    """At 400 kg/MWh a cap of 0.1 kt allows 0.25 GWh of the mix: 0.25 x 0.1 + 0.25 x 0.2 = 0.075; without cap 0.05."""
    sources = {"green": GREEN, "mix": MIX}
    case = bare_case(**ONE_UNIT, energy_sources=sources, rules={"co2_max": {2025: 0.1, 2026: 1}})
    plan = best(case)
    expect(plan, deficit_meur=10.125, co2_kt=0.3)
