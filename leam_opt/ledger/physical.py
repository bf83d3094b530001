"""Servers, power, energy, compute and tokens that follow from decisions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from leam_opt.case.index import CLASSES, POOLS
from leam_opt.ledger.decisions import Decisions
from leam_opt.ledger.inputs import Inputs

Array = NDArray[np.float64]

HOURS_PER_YEAR = 8760.0
DAYS_PER_YEAR = 365.0
CORE, TUNING, INFERENCE = (POOLS.index(name) for name in ("core", "tuning", "inference"))
PUBLIC, PRIVATE = (CLASSES.index(name) for name in ("public", "private"))


@dataclass(frozen=True)
class Physical:
    """Physical quantities of a plan; axes as in `Decisions`, after an optional leading axis of variants.

    Attributes:
        units_alive: (S, G, Y) purchase units in service.
        units_computing: (S, G, Y) units in service less what a commissioning delay takes from the purchase year.
        pool_units: (K, Y) running units that a pool uses.
        cpu_units_alive: (S, Y) own CPU units in service.
        cpu_cores: (Y) CPU cores rented and owned.
        nameplate_mw: (S, Y) nameplate power of GPU and CPU servers in service.
        it_power_mw: (S, Y) IT power built.
        opened: (S, Y) change of `site_open`: 1 in the year of opening.
        connected_mw: (S, Y) grid power contracted for the first time.
        it_energy_gwh: (S, Y) energy of the IT.
        site_energy_gwh: (S, Y) energy of the site, IT energy x PUE.
        renewable_gwh: (Y) renewable electricity.
        co2_kt: (Y) CO2 of the electricity.
        unit_capacity_mgpuh: (G) compute of a running unit in a year.
        pool_capacity_mgpuh: (K, Y) compute that a pool's units can deliver.
        centre_capacity_mgpuh: (Y) compute that all running units can deliver.
        model_compute_mgpuh: (N) compute of one core model with its preparing runs.
        token_compute_mgpuh: (C, Y) inference compute that the tokens need.
        people: (K, Y) size of a pool's team by its staff step.
    """

    units_alive: Array
    units_computing: Array
    pool_units: Array
    cpu_units_alive: Array
    cpu_cores: Array
    nameplate_mw: Array
    it_power_mw: Array
    opened: Array
    connected_mw: Array
    it_energy_gwh: Array
    site_energy_gwh: Array
    renewable_gwh: Array
    co2_kt: Array
    unit_capacity_mgpuh: Array
    pool_capacity_mgpuh: Array
    centre_capacity_mgpuh: Array
    model_compute_mgpuh: Array
    token_compute_mgpuh: Array
    people: Array


def unit_capacity_mgpuh(inputs: Inputs, utilisation: Array | None = None) -> Array:
    """(G) million reference GPU-hours that a running purchase unit delivers in a year.

    Args:
        inputs: figures of the case.
        utilisation: () share of the calendar hours that counts; by default commercial utilisation x goodput.
    """
    machines = inputs.machines
    if utilisation is None:
        utilisation = machines.commercial_utilisation * machines.goodput
    gpus = machines.servers_per_unit[..., None] * machines.gpus_per_server * machines.performance
    return gpus * HOURS_PER_YEAR * utilisation[..., None] / 1e6


def model_compute_mgpuh(inputs: Inputs) -> Array:
    """(N) million reference GPU-hours for one core model: training FLOP x funnel factor / sustained FLOP per hour."""
    machines, services = inputs.machines, inputs.services
    flop = services.training_yflop * 1e24 * services.funnel_factor[..., None]
    flop_per_gpu_hour = machines.reference_tflops * 1e12 * machines.flop_utilisation * 3600
    return flop / flop_per_gpu_hour[..., None] / 1e6


def unit_mw(inputs: Inputs) -> Array:
    """(G) nameplate power of a purchase unit."""
    return inputs.machines.servers_per_unit[..., None] * inputs.machines.server_kw / 1000


def physical(inputs: Inputs, plan: Decisions) -> Physical:
    """Everything physical that follows from a plan.

    Args:
        inputs: figures of a case or of several variants.
        plan: decisions, with or without an axis of variants.
    """
    machines, places, structure = inputs.machines, inputs.places, inputs.structure
    alive = np.einsum("...sgv,gvy->...sgy", plan.units_bought, structure.serving)
    computing = alive - machines.delay_share[..., None, :, None] * plan.units_bought
    cpu_alive = np.einsum("...sv,vy->...sy", plan.cpu_units_bought, structure.cpu_serving)
    cpu_unit_mw = machines.cpu_servers_per_unit * machines.cpu_server_kw / 1000
    nameplate = np.einsum("...sgy,...g->...sy", alive, unit_mw(inputs)) + cpu_alive * cpu_unit_mw[..., None, None]
    it_energy = nameplate * machines.power_utilisation[..., None, None] * HOURS_PER_YEAR / 1000
    capacity = unit_capacity_mgpuh(inputs)
    own_cores = cpu_alive.sum(axis=-2) * (machines.cpu_servers_per_unit * machines.cpu_cores_per_server)[..., None]
    tokens_per_gpu_hour = machines.tokens_per_second * 3600
    return Physical(
        units_alive=alive,
        units_computing=computing,
        pool_units=plan.units_allocated.sum(axis=(-3, -2)),
        cpu_units_alive=cpu_alive,
        cpu_cores=plan.cpu_cores_rented_k * 1000 + own_cores,
        nameplate_mw=nameplate,
        it_power_mw=places.module_mw[..., None] * np.cumsum(plan.power_modules_built, axis=-1),
        opened=np.diff(plan.site_open, axis=-1, prepend=0.0),
        connected_mw=np.diff(plan.grid_power_mw, axis=-1, prepend=0.0),
        it_energy_gwh=it_energy,
        site_energy_gwh=it_energy * places.pue[..., None],
        renewable_gwh=np.einsum("...jsy,...j->...y", plan.energy_gwh, places.renewable_share),
        # GWh x kg/MWh = 1000 kg.
        co2_kt=np.einsum("...jsy,...j->...y", plan.energy_gwh, places.co2_kg_mwh) / 1000,
        unit_capacity_mgpuh=capacity,
        pool_capacity_mgpuh=np.einsum("...ksgy,...g->...ky", plan.units_allocated, capacity),
        centre_capacity_mgpuh=np.einsum("...sgy,...g->...y", computing, capacity),
        model_compute_mgpuh=model_compute_mgpuh(inputs),
        token_compute_mgpuh=plan.tokens_bn_per_day * (1e9 * DAYS_PER_YEAR / tokens_per_gpu_hour / 1e6)[..., None, None],
        people=np.einsum("...kpy,...kp->...ky", plan.staff_step, inputs.services.step_people),
    )
