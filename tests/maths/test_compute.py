"""Servers, compute, training, inference and the mission: optima that a person can add up."""

from __future__ import annotations

from typing import Any

import pytest

from tests.builders import merge
from tests.maths.helpers import bare_case, best, chosen, expect

DEAR = {"cluster_hour": 20000}
"""A GPU-hour at 20 EUR: a unit that sells half of its year pays for itself."""


def test_a_purchase_serves_until_the_end_of_its_life() -> None:
    """One million GPU-hours a year take one unit; it lasts both years, or with a life of one year it is bought again.

    2025 at 10, 2026 at 6: 10 once, or 10 + 6. A vintage that lived a year too long would save the 6.
    """
    need = {"public_compute_min": 1}
    price = {2025: 10, 2026: 6}
    lasting = best(bare_case(mission=need, server_types={"alpha": {"life_years": 2, "unit_price": price}}))
    expect(lasting, deficit_meur=10, units_bought={("north", "alpha", 2025): 1})
    short = best(bare_case(mission=need, server_types={"alpha": {"life_years": 1, "unit_price": price}}))
    expect(short, deficit_meur=16, units_bought={("north", "alpha", 2025): 1, ("north", "alpha", 2026): 1})


def test_a_type_is_bought_only_while_it_is_on_sale() -> None:
    """Gamma at 7 is sold until 2025 only, delta at 6 from 2026: need 1 in 2025 and 2 in 2026 cost 7 + 6.

    Without the windows delta alone would do, 12.
    """
    kind = {"title": "T", "gpus_per_server": 10, "power": 5, "performance": 1, "life_years": 5}
    types = {
        "gamma": {**kind, "on_sale_from": 2020, "on_sale_until": 2025, "unit_price": 7},
        "delta": {**kind, "on_sale_from": 2026, "unit_price": 6},
    }
    plan = best(bare_case(mission={"public_compute_min": {2025: 1, 2026: 2}}, server_types=types))
    expect(plan, deficit_meur=13, units_bought={("north", "gamma", 2025): 1, ("north", "delta", 2026): 1})


@pytest.mark.parametrize(("delay", "units", "deficit_meur"), [(0, 1, 10), (0.5, 2, 20)])
def test_a_delay_takes_compute_from_the_purchase_year(delay: float, units: int, deficit_meur: float) -> None:
    """Half a year of commissioning halves the first year's compute, so that one million GPU-hours take two units."""
    case = bare_case(
        mission={"public_compute_min": 1},
        server_types={"alpha": {"commissioning_delay": delay, "unit_price": {2025: 10, 2026: 10}}},
    )
    expect(best(case), deficit_meur=deficit_meur, units_bought={("north", "alpha", 2025): units})


@pytest.mark.parametrize(("need", "deficit_meur"), [(2.7, 10), (2.71, 20)])
def test_capacity_is_gpus_times_speed_times_good_hours(need: float, deficit_meur: float) -> None:
    """200 GPUs x 3 x 5,000 h x 0.9 = 2.7 million GPU-hours; a little more takes a second unit."""
    case = bare_case(
        mission={"public_compute_min": need},
        server_types={"alpha": {"performance": 3}},
        compute={"goodput": 0.9},
    )
    expect(best(case), deficit_meur=deficit_meur)


@pytest.mark.parametrize(
    ("shares", "deficit_meur"),
    [
        ({"tuning": {"share_max": 0.2}}, 36.8),
        ({"tuning": {"share_max": 0.1}}, 38.4),
        ({"core": {"share_min": 0.9}}, 38.4),
    ],
)
def test_pools_keep_their_share_of_the_running_servers(shares: dict[str, Any], deficit_meur: float) -> None:
    """Four units for 3.2 public million GPU-hours leave 0.8 to sell, but tuning may have only 20 or 10 % of four units.

    40 less two years at 2 EUR of 0.8 or 0.4. A share of all servers instead of the running ones, or a smallest core
    share that does not bind the others, would sell 0.8 each time.
    """
    case = bare_case(
        mission={"public_compute_min": 3.2},
        pools={"inference": {"share_max": 0}, **shares},
        adoption={"low": {"tuning": 9}},
    )
    expect(best(case), deficit_meur=deficit_meur)


def test_private_use_of_a_pool_stays_within_its_share() -> None:
    """Three units for 2.5 public leave 0.5, but at most 10 % of the core pool's 3.0 are private.

    30 - 2 years x 0.3 x 2 EUR = 28.8. The idle 0.2 goes to public users: otherwise the private share would be too high.
    """
    case = bare_case(
        mission={"public_compute_min": 2.5},
        pools={"core": {"private_share_max": 0.1}, "tuning": {"share_max": 0}, "inference": {"share_max": 0}},
        adoption={"low": {"core": 9}},
    )
    use = {("core", kind, year): x for kind, x in (("public", 2.7), ("private", 0.3)) for year in (2025, 2026)}
    expect(best(case), deficit_meur=28.8, compute_mgpuh=use)


@pytest.mark.parametrize(
    ("overrides", "deficit_meur"),
    [
        ({}, 30),
        ({"compute": {"goodput": 0.8}}, 40),
        ({"compute": {"model_flop_utilisation": 0.25}}, 60),
        ({"mission": {"funnel_factor": 4}}, 60),
        ({"pools": {"core": {"share_max": 0.75}}}, 40),
    ],
)
def test_core_models_take_their_training_compute(overrides: dict[str, Any], deficit_meur: float) -> None:
    """A model takes 0.9e24 FLOP x 2 / (1,000 TFLOP/s x 0.5) = 1 million GPU-hours; three a year take three units.

    Units of 0.8 make it four, half the utilisation or twice the funnel six, and a core pool of 75 % four again, since
    training has to be core compute.
    """
    mission = {"models_per_year_min": 3, "models_per_year_max": 3}
    plan = best(bare_case(**merge({"mission": mission}, overrides)))
    expect(plan, deficit_meur=deficit_meur, core_models={("m1", 2025): 3, ("m1", 2026): 3})


def test_training_is_public_core_compute() -> None:
    """Two units train two models a year, and none of their hours is left to sell: two more sell 2.0 a year at 20 EUR.

    40 - 80 = -40. If the hours of the training could be sold once more, three units would do: -50.
    """
    case = bare_case(
        mission={"models_per_year_min": 2, "models_per_year_max": 2},
        pools={"core": {"private_share_max": 0.9}, "tuning": {"share_max": 0}, "inference": {"share_max": 0}},
        adoption={"low": {"core": 2}},
        prices=DEAR,
    )
    expect(best(case), deficit_meur=-40, units_bought={("north", "alpha", 2025): 4})


def test_a_generation_is_trained_at_one_site_on_one_type() -> None:
    """Three models a year: neither site holds three alphas, so two gammas (25, twice as fast) at one site: 50.

    Three alphas at two sites would cost 30, one alpha and one gamma at one site 35.
    """
    case = bare_case(**two_small_sites())
    plan = best(case)
    expect(plan, deficit_meur=50)
    assert [kind for _, _, kind in chosen(plan, "training_place")] == ["gamma"]


def two_small_sites() -> dict[str, Any]:
    """Two sites that hold two units each, and a mission of three models a year."""
    site = {"title": "S", "building_cost": 0, "module": 0.2, "modules_max": 1, "building_life_years": 20}
    return {
        "mission": {"models_per_year_min": 3, "models_per_year_max": 3},
        "sites": {"north": {**site, "pue": 1, "grid_limit": 2}, "south": {**site, "pue": 1, "grid_limit": 2}},
        "server_types": {
            "gamma": {
                "title": "Gamma",
                "gpus_per_server": 10,
                "power": 5,
                "performance": 2,
                "life_years": 5,
                "on_sale_from": 2020,
                "unit_price": 25,
            }
        },
    }


def test_models_wait_for_the_cheaper_year() -> None:
    """One to three models a year, three of the generation: 1 at 10 now and 2 (one unit more, at 8) later: 18.

    Two now would cost 20, the yearly minimum alone would leave out the third.
    """
    case = bare_case(
        mission={"models_per_year_min": 1},
        generations={"m1": {"models_min": 3}},
        server_types={"alpha": {"unit_price": {2025: 10, 2026: 8}}},
    )
    expect(best(case), deficit_meur=18, core_models={("m1", 2025): 1, ("m1", 2026): 2})


def test_a_generation_is_developed_only_in_its_years() -> None:
    """Three models of m1 (2025 only) and one of m2 (2026, twice the compute): three units for the first year do both.

    If m1 could wait for 2026, one and then four units' work would still take four units.
    """
    generation = {"title": "M2", "training_flop": 1.8, "first_year": 2026, "last_year": 2026, "models_min": 1}
    case = bare_case(generations={"m1": {"last_year": 2025, "models_min": 3}, "m2": generation})
    expect(best(case), deficit_meur=30, core_models={("m1", 2025): 3, ("m2", 2026): 1})


def test_public_compute_is_promised_year_by_year() -> None:
    """0.5 in 2025 and 2.5 in 2026: one unit at 10, then two at 9. An average over the years would take 20."""
    case = bare_case(
        mission={"public_compute_min": {2025: 0.5, 2026: 2.5}},
        server_types={"alpha": {"unit_price": {2025: 10, 2026: 9}}},
    )
    expect(best(case), deficit_meur=28, units_bought={("north", "alpha", 2025): 1, ("north", "alpha", 2026): 2})


def test_tokens_need_inference_compute() -> None:
    """Customers want 12 bn tokens a day, a unit makes 10: 365 days x 0.002 EUR/1000 = 0.73 M EUR a year for each bn.

    One unit: 10 - 2 x 7.3 = -4.6; a second one would sell 2 more for 2.92 < 10.
    """
    plan = best(bare_case(adoption={"low": {"inference": 12}}, prices={"tokens": 0.002}))
    expect(
        plan,
        deficit_meur=-4.6,
        tokens_bn_per_day={("private", 2025): 10, ("private", 2026): 10},
        compute_mgpuh={("inference", "private", 2025): 1, ("inference", "private", 2026): 1},
    )


def test_customers_buy_no_more_than_their_demand() -> None:
    """Core 1.6 then 0.7, tuning 0.4 then 0.3 at 20 EUR: two units sell 2.0 and 1.0: 20 - 60 = -40.

    A third unit sells nothing. Without demand in a row of its own, one pool would sell the other's hours.
    """
    demand = {"core": {2025: 1.6, 2026: 0.7}, "tuning": {2025: 0.4, 2026: 0.3}}
    plan = best(bare_case(adoption={"low": demand}, prices=DEAR))
    sold = {("core", 2025): 1.6, ("core", 2026): 0.7, ("tuning", 2025): 0.4, ("tuning", 2026): 0.3}
    expect(plan, deficit_meur=-40, line_core_revenue=-46, line_tuning_revenue=-14)
    found = {(pool, year): x for (pool, kind, year), x in chosen(plan, "compute_mgpuh").items() if kind == "private"}
    assert found == pytest.approx(sold)


def test_mixed_types_fill_a_site_that_neither_fills_alone() -> None:
    """A site of 0.15 MW holds one alpha (0.1 MW, 1.0) beside one beta (0.05 MW, 0.4): together 1.4.

    Three betas would give 1.2 and one alpha 1.0; a bound on compute from the best single type would cut the mix off.
    """
    beta = {"title": "B", "gpus_per_server": 10, "power": 2.5, "performance": 0.4, "life_years": 5}
    case = bare_case(
        mission={"public_compute_min": 1.4},
        sites={"north": {"module": 0.15, "modules_max": 1}},
        pools={"tuning": {"share_max": 0}, "inference": {"share_max": 0}},
        server_types={"beta": {**beta, "on_sale_from": 2020, "unit_price": 4}},
    )
    plan = best(case)
    expect(plan, deficit_meur=14, units_bought={("north", "alpha", 2025): 1, ("north", "beta", 2025): 1})
