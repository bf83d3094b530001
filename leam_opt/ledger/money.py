"""Capital expenditure, operating cost and revenue of a plan, line by line, by company and year."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from leam_opt.case.index import ENTITIES, POOLS
from leam_opt.finance.depreciation import depreciation_share, remaining_share
from leam_opt.ledger.decisions import Decisions
from leam_opt.ledger.inputs import Inputs
from leam_opt.ledger.physical import CORE, DAYS_PER_YEAR, PRIVATE, TUNING, Physical

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Trade:
    """What a plan buys, consumes and sells; every line is (E, Y) in M EUR after an optional axis of variants.

    Attributes:
        capex: lines due at the start of the year.
        opex: lines due at the end of the year.
        revenue: lines received at the end of the year, positive.
        depreciation_meur: (Y) straight-line write-off of all the owner's assets with their irrecoverable tax.
        residual_meur: () straight-line value of hardware and building at the horizon, with their irrecoverable tax.
        hardware_meur: (Y) net purchase value of the GPU and CPU servers in service.
        computing_capex_meur: (Y) expenditure on GPU and CPU servers with its irrecoverable tax.
        infrastructure_fee_meur: (Y) what the other company owes the owner of the infrastructure for the year.
    """

    capex: dict[str, Array]
    opex: dict[str, Array]
    revenue: dict[str, Array]
    depreciation_meur: Array
    residual_meur: Array
    hardware_meur: Array
    computing_capex_meur: Array
    infrastructure_fee_meur: Array

    @staticmethod
    def total(lines: dict[str, Array]) -> Array:
        """(E, Y) sum of lines."""
        return np.asarray(sum(lines.values()))


def _to(entity: int, yearly: Array) -> Array:
    """Books (..., Y) on one company: (..., E, Y)."""
    placed = np.zeros((*yearly.shape[:-1], len(ENTITIES), yearly.shape[-1]))
    placed[..., entity, :] = yearly
    return placed


@dataclass(frozen=True)
class _Purchases:
    """Purchases at their own price, M EUR; axes S, G, Y as named."""

    servers: Array  # (G, Y)
    cpu: Array  # (Y)
    building: Array  # (S, Y)
    opening: Array  # (S, Y)
    connection: Array  # (S, Y)


def _purchases(inputs: Inputs, plan: Decisions, things: Physical) -> _Purchases:
    machines, places = inputs.machines, inputs.places
    cpu_unit_meur = machines.cpu_servers_per_unit * machines.cpu_server_eur / 1e6
    module_meur = places.module_mw * 1000 * places.building_eur_kw / 1e6
    return _Purchases(
        servers=plan.units_bought.sum(axis=-3) * machines.unit_price_meur,
        cpu=plan.cpu_units_bought.sum(axis=-2) * cpu_unit_meur[..., None],
        building=plan.power_modules_built * module_meur[..., None],
        opening=things.opened * places.opening_meur[..., None],
        connection=things.connected_mw * places.connection_meur_mw[..., None],
    )


def _written_off(inputs: Inputs, bought: _Purchases) -> tuple[Array, Array]:
    """Depreciation (Y) and residual value () of all assets at their net prices."""
    structure = inputs.structure
    years = structure.horizon
    assets = [(bought.servers[..., g, :], life) for g, life in enumerate(structure.life_years)]
    assets.append((bought.cpu, structure.cpu_life_years))
    for site, life in enumerate(structure.building_life_years):
        # Opening and connection are part of the building: they share its life.
        built = bought.building[..., site, :] + bought.opening[..., site, :] + bought.connection[..., site, :]
        assets.append((built, life))
    # Products of matrices would add up in another order where there is an axis of variants.
    depreciation = sum(np.einsum("...v,vy->...y", value, depreciation_share(life, years)) for value, life in assets)
    residual = sum(np.einsum("...v,v->...", value, remaining_share(life, years)) for value, life in assets)
    return np.asarray(depreciation), np.asarray(residual)


def _upkeep(inputs: Inputs, hardware: Array, building: Array) -> dict[str, Array]:
    bases = {"hardware": hardware, "building": building, "all": hardware + building}
    shares = inputs.services.upkeep_share
    return {
        name: bases[basis] * shares[..., number, None] for number, (name, basis) in enumerate(inputs.structure.upkeep)
    }


def _sales(inputs: Inputs, plan: Decisions) -> dict[str, Array]:
    """Revenue lines (Y) from customers; each pool's own."""
    services = inputs.services
    hour_eur, kilotoken_eur = services.cluster_hour_eur, services.eur_per_1000_tokens
    if inputs.structure.index.cluster_levels:
        hour_eur = (plan.cluster_price_level * services.cluster_level_eur).sum(axis=-1)
    if inputs.structure.index.token_levels:
        kilotoken_eur = (plan.token_price_level * services.token_level_eur).sum(axis=-1)
    eur_per_gpuh = (hour_eur / services.cluster_gpus)[..., None]
    tokens_meur = (1e9 / 1000 * DAYS_PER_YEAR * kilotoken_eur / 1e6)[..., None]
    return {
        "core_revenue": eur_per_gpuh * plan.compute_mgpuh[..., CORE, PRIVATE, :],
        "tuning_revenue": eur_per_gpuh * plan.compute_mgpuh[..., TUNING, PRIVATE, :],
        "inference_revenue": tokens_meur * plan.tokens_bn_per_day[..., PRIVATE, :],
    }


def trade(inputs: Inputs, plan: Decisions, things: Physical) -> Trade:
    """Lines of a plan by company and year.

    Args:
        inputs: figures of a case or of several variants.
        plan: decisions, with or without an axis of variants.
        things: the physical quantities of the same plan.
    """
    structure, machines, places, services = inputs.structure, inputs.machines, inputs.places, inputs.services
    owner = structure.owner
    bought = _purchases(inputs, plan, things)
    depreciation, residual = _written_off(inputs, bought)
    hardware = np.einsum("...gv,gvy->...y", bought.servers, structure.serving)
    hardware = hardware + np.einsum("...v,vy->...y", bought.cpu, structure.cpu_serving)
    buildings = np.cumsum(bought.building.sum(axis=-2), axis=-1)
    every_year = np.ones(structure.horizon)
    # Rent is quoted for all cores that the case needs; where it needs none, renting costs nothing.
    cores_k = machines.cpu_cores / 1000
    rent_meur_per_k = np.divide(
        machines.cpu_rent_eur_month * 12 / 1e6, cores_k, out=np.zeros_like(cores_k), where=cores_k > 0
    )
    salary = services.salary_eur[..., None] / 1e6
    opex = {name: _to(owner, yearly) for name, yearly in _upkeep(inputs, hardware, buildings).items()}
    # GWh x EUR/kWh = M EUR.
    infrastructure = {
        "electricity": np.einsum("...jsy,...jy->...y", plan.energy_gwh, places.price_eur_kwh),
        "operations_staff": salary * services.operations_people[..., None] * every_year,
        "internet": places.internet_meur[..., None] * every_year,
        "licences": places.licences_meur[..., None] * every_year,
        "cpu_rent": plan.cpu_cores_rented_k * rent_meur_per_k[..., None],
        "site_fixed": np.einsum("...sy,...s->...y", plan.site_open, places.fixed_meur),
        "grid_fee": np.einsum("...sy,...s->...y", plan.grid_power_mw, places.grid_fee_meur_mw),
        # GWh x EUR/MWh = 1000 EUR.
        "heat_extraction": np.einsum("...sy,...s->...y", plan.heat_sold_gwh, places.heat_cost_eur_mwh) / 1000,
    }
    opex |= {name: _to(owner, yearly) for name, yearly in infrastructure.items()}
    guests = np.array([entity != owner for entity in structure.pool_entity], dtype=float)
    guest_compute = np.einsum("...kcy,k->...y", plan.compute_mgpuh, guests)
    fee = (services.fee_hour_eur / services.cluster_gpus)[..., None] * guest_compute
    load, guest_load = (inputs.money.vat_load[..., entity, None] for entity in (owner, 1 - owner))
    purchased = sum(line for name, line in opex.items() if name != "operations_staff")
    vat_on_opex = load[..., None] * np.asarray(purchased) + _to(1 - owner, guest_load * fee)
    developers = services.people_per_core_model[..., None] * plan.core_models.sum(axis=-2)
    for pool, name in enumerate(POOLS):
        team = things.people[..., pool, :] + (developers if pool == CORE else 0.0)
        opex[f"{name}_staff"] = _to(structure.pool_entity[pool], salary * team)
    runners = dict(zip(("core_revenue", "tuning_revenue", "inference_revenue"), structure.pool_entity, strict=True))
    revenue = {name: _to(runners[name], yearly) for name, yearly in _sales(inputs, plan).items()}
    heat = np.einsum("...sy,...s->...y", plan.heat_sold_gwh, places.heat_price_eur_mwh) / 1000
    revenue["heat_revenue"] = _to(owner, heat)
    capex = {
        "servers": _to(owner, bought.servers.sum(axis=-2)),
        "cpu_servers": _to(owner, bought.cpu),
        "building": _to(owner, bought.building.sum(axis=-2)),
        "site_opening": _to(owner, bought.opening.sum(axis=-2)),
        "grid_connection": _to(owner, bought.connection.sum(axis=-2)),
    }
    return Trade(
        capex={**capex, "vat_on_capex": load[..., None] * np.asarray(sum(capex.values()))},
        opex={**opex, "vat_on_opex": vat_on_opex},
        revenue=revenue,
        depreciation_meur=(1 + load) * depreciation,
        residual_meur=(1 + load[..., 0]) * residual,
        hardware_meur=hardware,
        computing_capex_meur=(1 + load) * (bought.servers.sum(axis=-2) + bought.cpu),
        infrastructure_fee_meur=fee,
    )
