"""The derived table's bounds: every big-M of the formulation is a bound that follows from the case's own figures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from leam_opt.case.axes import Parts, assembled
from leam_opt.case.derive_bounds_money import money_bounds
from leam_opt.case.derive_funding import draw_years
from leam_opt.case.figures import Figures, constant
from leam_opt.case.index import ENTITIES, POOLS, Index

if TYPE_CHECKING:
    from leam_opt.case.quantity import Quantity
    from leam_opt.case.schema import Case

Array = NDArray[np.float64]

SWITCH_BOUNDS = {
    "adoption_slack": 2,
    "debt_service_max": 2,
    "operating_loss_max": 2,
    "distribution_max": 1,
    "service_loss_max": 1,
    "profit_max": 1,
    "payout_max": 1,
    "shareholder_max": 0,
    "service_cash_max": 0,
}
"""Bounds that stand before a switch, with the number of their axes; a row has two of them at most."""


def bounds(case: Case, index: Index, table: Mapping[str, Array], figures: Figures) -> dict[str, Array]:
    """Bounds on units, compute, cost and funding, from site power, demand and the instruments' caps."""
    site_mw = np.minimum(table["modules_max"] * table["module_mw"], table["grid_limit"] / table["pue"])
    # A purchase never exceeds what the site can power (the tolerance keeps 23 x 0.17 MW at 23 units).
    units_max = np.floor(site_mw[..., :, None] / table["unit_mw"][..., None, :] + 1e-9)
    cpu_needed = np.ceil(table["cpu_cores_needed"] / table["cpu_unit_cores"] - 1e-9)
    cpu_units_max = np.minimum(cpu_needed[..., None], np.floor(site_mw / table["cpu_unit_mw"][..., None] + 1e-9))
    # A site that mixes types holds more than whole units of the best one, but never more compute per MW than it gives.
    capacity_max = site_mw.sum(axis=-1) * (table["unit_capacity"] / table["unit_mw"]).max(axis=-1)
    pool_compute_max = np.minimum(capacity_max[..., None], figures.each(_team_limit(case, k) for k in POOLS))
    training_max = table["training_need"] * table["models_per_year_max"]

    sole = _models_sole_min(case, index)
    need = table["training_need"][..., :, None, None] * sole[:, None, :]
    units_needed = np.ceil(need / table["unit_capacity"][..., None, :, None] - 1e-9)

    cost = _cost_bounds(case, index, table, site_mw, pool_compute_max)
    money = money_bounds(case, index, table, cost, pool_compute_max, figures)
    money["adoption_slack"] = adoption_slack(case, index, table, money["gap_max"])
    return {
        "units_max": units_max,
        "cpu_units_max": cpu_units_max,
        "pool_compute_max": pool_compute_max,
        "training_max": training_max,
        "models_sole_min": sole,
        "training_units_min": units_needed,
        "step_load_max": _step_loads(case, index, pool_compute_max, figures),
        **money,
        "switch_scale": _switch_scale(money),
    }


def _switch_scale(money: Mapping[str, Array]) -> Array:
    """The power of ten that keeps the bounds before switches below 1e4."""
    largest = np.array(1.0)
    for name, axes in SWITCH_BOUNDS.items():
        values = money[name].reshape(*money[name].shape[: money[name].ndim - axes], -1)
        largest = np.maximum(largest, np.nanmax(values, axis=-1, initial=1.0))
    return np.asarray(10.0 ** -np.maximum(0.0, np.ceil(np.log10(2 * largest / 1e4))))


def adoption_slack(case: Case, index: Index, table: Mapping[str, Array], gap_meur: float | Array) -> Array:
    """How far a level's funding condition can be missed at most, (A, Y): its threshold times all money that is not
    private, with `gap_meur` as the bound on the cumulative unfunded gap.
    """
    public = np.zeros(len(index.years))
    for f, name in enumerate(index.instruments):
        if case.funding.instruments[name].provider == "public":
            allowed = np.isin(index.years, draw_years(case, name))
            drawn = np.cumsum(table["cap_year"][..., f, :] * allowed, axis=-1)
            public = public + np.minimum(table["cap_total"][..., f, None], drawn)
    missing: Array = public + np.asarray(gap_meur)[..., None]
    return table["adoption_threshold"][..., :, None] * missing[..., None, :]


def _models_sole_min(case: Case, index: Index) -> Array:
    generations = [case.generations[n] for n in index.generations]
    developed = np.array([[n.first_year <= y <= n.last_year for y in index.years] for n in generations])
    return np.where(developed & (developed.sum(axis=0) == 1), float(case.mission.models_per_year_min), 0.0)


def _team_limit(case: Case, pool: str) -> Quantity:
    """Largest compute that the pool's largest team carries; infinite where the last step is open."""
    steps = getattr(case.pools, pool).staff_steps
    return (steps[-1].up_to if steps else None) or constant(np.inf)


def _step_loads(case: Case, index: Index, pool_compute_max: Array, figures: Figures) -> Array:
    loads: Parts = {}
    for k, name in enumerate(POOLS):
        for p, step in enumerate(getattr(case.pools, name).staff_steps):
            loads[k, p] = pool_compute_max[..., k] if step.up_to is None else figures.one(step.up_to)
    return assembled(loads, (len(POOLS), index.steps))


def _cost_bounds(
    case: Case, index: Index, table: Mapping[str, Array], site_mw: Array, pool_compute_max: Array
) -> dict[str, Array]:
    """All capital expenditure over the horizon, and the running cost (E, Y) of each company with its fees."""
    horizon = len(index.years)
    price_max = np.nan_to_num(table["unit_price"]).max(axis=-1)
    hardware = site_mw.sum(axis=-1) * (price_max / table["unit_mw"]).max(axis=-1)
    hardware = hardware + np.ceil(table["cpu_cores_needed"] / table["cpu_unit_cores"]) * table["cpu_unit_price"]
    building = (table["modules_max"] * table["module_price"] + table["opening_cost"]).sum(axis=-1)
    building = building + (table["grid_connection_cost"] * table["grid_limit"]).sum(axis=-1)
    power = site_mw * table["pue"]
    energy = power.sum(axis=-1) * table["gwh_per_mw"] * table["energy_price"].max(axis=(-2, -1))
    running = (
        table["upkeep_hardware"] * hardware
        + table["upkeep_building"] * building
        + energy
        + (table["site_fixed_cost"] + table["grid_fee"] * table["grid_limit"]).sum(axis=-1)
        + (table["heat_extraction_cost"] * power * table["gwh_per_mw"][..., None]).sum(axis=-1)
        + (table["cpu_rent"] * table["cpu_cores_needed"] + table["fixed_opex"])
    )
    yearly: Parts = {}
    for e, entity in enumerate(ENTITIES):
        operating, fee = np.zeros(()), np.zeros(())
        if case.infrastructure_entity == entity:
            operating = operating + running
        for k, name in enumerate(POOLS):
            if getattr(case.pools, name).entity != entity:
                continue
            operating = operating + table["salary"] * table["step_people"][..., k, :].max(axis=-1, initial=0.0)
            if name == "core":
                operating = operating + table["salary"] * table["people_per_model"] * table["models_per_year_max"]
            if case.infrastructure_entity != entity:
                fee = fee + table["fee_gpuh"] * pool_compute_max[..., k]
        yearly[(e,)] = (operating + fee * (1 + table["fee_vat"]))[..., None]
    lives = [case.server_types[g].life_years for g in index.types] + [case.cpu.life_years]
    refreshes = -(-horizon // min(lives))
    return {"capex": refreshes * hardware + building, "running": assembled(yearly, (len(ENTITIES), horizon))}
