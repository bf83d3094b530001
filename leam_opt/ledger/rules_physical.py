"""Rows on machines, sites, power, energy, pools, mission and staff, re-evaluated from the decisions."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from leam_opt.case.index import POOLS
from leam_opt.ledger.books import Books
from leam_opt.ledger.physical import CORE, PRIVATE, PUBLIC, TUNING
from leam_opt.ledger.rows import Block, block


def machine_rows(books: Books) -> Iterator[Block]:
    """Capacity, allocation, pool shares, private shares of the pools."""
    plan, things, services = books.plan, books.things, books.inputs.services
    compute = plan.compute_mgpuh.sum(axis=-2)
    used = plan.units_allocated.sum(axis=-4)
    yield block(
        "allocation",
        "units that pools use are running",
        "SGY",
        used,
        "<=",
        things.units_computing,
        "units",
        size=things.units_alive,
    )
    yield block(
        "capacity", "compute fits the pool's units", "KY", compute, "<=", things.pool_capacity_mgpuh, "million GPUh"
    )
    running = things.pool_units.sum(axis=-2, keepdims=True)
    most, least = (share[..., None] * running for share in (services.pool_share_max, services.pool_share_min))
    used_by = things.pool_units
    yield block("pool_share", "largest share of the running servers", "KY", used_by, "<=", most, "units", size=running)
    yield block(
        "pool_share", "smallest share of the running servers", "KY", used_by, ">=", least, "units", size=running
    )
    yield block(
        "class_share",
        "private compute is within the pool's private share",
        "KY",
        plan.compute_mgpuh[..., PRIVATE, :],
        "<=",
        services.private_share_max[..., None] * compute,
        "million GPUh",
    )


def training_rows(books: Books) -> Iterator[Block]:
    """Training of the core models and its single place."""
    plan, things = books.plan, books.things
    need = things.model_compute_mgpuh[..., None] * plan.core_models
    unit = "million GPUh"
    yield block(
        "training",
        "training covers the models developed",
        "NY",
        plan.training_mgpuh.sum(axis=(-3, -2)),
        "==",
        need,
        unit,
    )
    core_capacity = plan.units_allocated[..., CORE, :, :, :] * things.unit_capacity_mgpuh[..., None, :, None]
    yield block(
        "training",
        "training fits the core units at its place",
        "SGY",
        plan.training_mgpuh.sum(axis=-4),
        "<=",
        core_capacity,
        unit,
    )
    yield block(
        "training",
        "training is public core compute",
        "Y",
        plan.training_mgpuh.sum(axis=(-4, -3, -2)),
        "<=",
        plan.compute_mgpuh[..., CORE, PUBLIC, :],
        unit,
    )
    elsewhere = np.where(plan.training_place[..., None] < 0.5, plan.training_mgpuh, 0.0)
    yield block(
        "homogeneity",
        "no training outside the generation's place",
        "NSGY",
        elsewhere,
        "<=",
        0.0,
        unit,
        size=need[..., None, None, :],
    )
    yield block(
        "homogeneity",
        "a generation trains on one site and one server type",
        "N",
        plan.training_place.sum(axis=(-2, -1)),
        "<=",
        1.0,
        "places",
    )


def mission_rows(books: Books) -> Iterator[Block]:
    """Core models, public compute, tokens and demand."""
    plan, services, structure = books.plan, books.inputs.services, books.inputs.structure
    models = plan.core_models.sum(axis=-2)
    unit = "million GPUh"
    low, high = services.models_per_year_min[..., None], services.models_per_year_max[..., None]
    yield block("mission", "core models of the year", "Y", models, ">=", low, "models")
    yield block("mission", "core models of the year", "Y", models, "<=", high, "models")
    yield block(
        "mission",
        "core models of the generation",
        "N",
        plan.core_models.sum(axis=-1),
        ">=",
        services.models_min,
        "models",
    )
    yield block(
        "mission",
        "a generation is developed only in its years",
        "NY",
        plan.core_models,
        "<=",
        0.0,
        "models",
        applies=~np.array(structure.developed),
    )
    yield block(
        "mission",
        "public compute of the year",
        "Y",
        plan.compute_mgpuh[..., PUBLIC, :].sum(axis=-2),
        ">=",
        services.public_compute_min_mgpuh,
        unit,
    )
    yield block(
        "tokens",
        "the tokens' compute is within inference compute",
        "CY",
        books.things.token_compute_mgpuh,
        "<=",
        plan.compute_mgpuh[..., -1, :, :],
        unit,
    )
    sold = {
        "core": (plan.compute_mgpuh[..., CORE, PRIVATE, :], services.core_demand_mgpuh, unit),
        "tuning": (plan.compute_mgpuh[..., TUNING, PRIVATE, :], services.tuning_demand_mgpuh, unit),
        "inference": (plan.tokens_bn_per_day[..., PRIVATE, :], services.token_demand_bn_per_day, "bn tokens/d"),
    }
    at_price = {"core": _at_price(plan.cluster_price_level, services.cluster_level_demand)}
    at_price["tuning"] = at_price["core"]
    at_price["inference"] = _at_price(plan.token_price_level, services.token_level_demand)
    for name, (sales, demand, measure) in sold.items():
        limit = (plan.adoption * demand).sum(axis=-2) * at_price[name]
        yield block("demand", f"commercial use of {name} finds customers", "Y", sales, "<=", limit, measure)
    if structure.index.token_levels:
        chosen = plan.token_price_level.sum(axis=-1)
        yield block("demand_curve", "one point of the demand curve for tokens", "", chosen, "==", 1.0, "points")
    if structure.index.cluster_levels:
        chosen = plan.cluster_price_level.sum(axis=-1)
        yield block("demand_curve", "one point of the demand curve for compute", "", chosen, "==", 1.0, "points")


def _at_price(chosen: np.ndarray, demand: np.ndarray) -> np.ndarray:
    """(..., 1) demand at the chosen point of a curve over that of the adoption level; 1 where there is no curve."""
    if not chosen.shape[-1]:
        return np.ones(1)
    share: np.ndarray = (chosen * demand).sum(axis=-1)[..., None]
    return share


def staff_rows(books: Books) -> Iterator[Block]:
    """Team sizes, and CPU cores for pre-processing."""
    plan, services, structure = books.plan, books.inputs.services, books.inputs.structure
    steps = np.array(structure.pool_steps)
    has_steps = (steps > 0)[:, None]
    yield block(
        "staff_step",
        "one team size is in force",
        "KY",
        plan.staff_step.sum(axis=-2),
        "==",
        has_steps.astype(float),
        "steps",
    )
    beyond = np.arange(structure.index.steps)[None, :] >= steps[:, None]
    yield block(
        "staff_step", "the pool has such a step", "KPY", plan.staff_step, "<=", 0.0, "steps", applies=beyond[..., None]
    )
    loads = services.step_load_mgpuh
    unlimited = np.isinf(loads)[..., None]
    chosen = plan.staff_step > 0.5
    limit = np.where(chosen & ~unlimited, np.where(unlimited, 0.0, loads[..., None]), 0.0).sum(axis=-2)
    limited = has_steps & ~(chosen & unlimited).any(axis=-2)
    compute = plan.compute_mgpuh.sum(axis=-2)
    yield block("staff_step", "the team carries the load", "KY", compute, "<=", limit, "million GPUh", applies=limited)
    yield block(
        "cpu",
        "CPU cores for pre-processing",
        "Y",
        books.things.cpu_cores,
        ">=",
        books.inputs.machines.cpu_cores[..., None],
        "cores",
    )


def site_rows(books: Books) -> Iterator[Block]:
    """Sites, IT power and grid power."""
    plan, things, places, structure = books.plan, books.things, books.inputs.places, books.inputs.structure
    closed = plan.site_open < 0.5
    bought = {
        "servers are bought at open sites only": ("SGY", np.where(closed[..., None, :], plan.units_bought, 0.0)),
        "CPU servers are bought at open sites only": ("SY", np.where(closed, plan.cpu_units_bought, 0.0)),
        "modules are built at open sites only": ("SY", np.where(closed, plan.power_modules_built, 0.0)),
    }
    for text, (axes, units) in bought.items():
        yield block("site", text, axes, units, "<=", 0.0, "units")
    yield block("site", "an open site stays open", "SY", things.opened, ">=", 0.0, "sites")
    unusable = ~np.array(structure.site_usable)
    yield block(
        "site", "the site opens not before its first year", "SY", plan.site_open, "<=", 0.0, "sites", applies=unusable
    )
    modules = np.cumsum(plan.power_modules_built, axis=-1)
    yield block("site", "modules the site can hold", "SY", modules, "<=", places.modules_max[..., None], "modules")
    yield block(
        "power",
        "nameplate of the servers is within the IT power built",
        "SY",
        things.nameplate_mw,
        "<=",
        things.it_power_mw,
        "MW",
    )
    grid = plan.grid_power_mw
    full_load = things.it_power_mw * places.pue[..., None]
    yield block("grid", "IT power x PUE is within the grid power contracted", "SY", full_load, "<=", grid, "MW")
    limit = places.grid_limit_mw[..., None]
    yield block(
        "grid",
        "grid power is within the limit of the open site",
        "SY",
        grid,
        "<=",
        limit * plan.site_open,
        "MW",
        size=limit,
    )
    yield block("grid", "grid power does not fall", "SY", things.connected_mw, ">=", 0.0, "MW", size=grid)


def energy_rows(books: Books) -> Iterator[Block]:
    """Energy balance, sources, and the legal limits of power, heat and CO2."""
    plan, things, places, money = books.plan, books.things, books.inputs.places, books.inputs.money
    energy, site = plan.energy_gwh, things.site_energy_gwh
    yield block(
        "energy_balance", "electricity bought is the site's energy", "SY", energy.sum(axis=-3), "==", site, "GWh"
    )
    usable = np.array(books.inputs.structure.source_usable)[..., None]
    share = np.where(usable, places.source_share_max[..., None, None], 0.0)
    size = site[..., None, :, :]
    yield block(
        "source_share", "the source covers at most its share", "JSY", energy, "<=", share * size, "GWh", size=size
    )
    bought = energy.sum(axis=(-3, -2))
    yield block(
        "renewable",
        "renewable electricity",
        "Y",
        things.renewable_gwh,
        ">=",
        money.renewable_min * bought,
        "GWh",
        size=bought,
    )
    pue, opened = places.pue[..., None], plan.site_open > 0.5
    yield block("pue", "PUE of an open site", "SY", pue, "<=", money.pue_max[..., None, :], "-", applies=opened)
    heat = plan.heat_sold_gwh
    most, least = places.heat_share_max[..., None] * site, money.heat_share_min[..., None, :] * site
    yield block("heat", "heat sold is within what the site can deliver", "SY", heat, "<=", most, "GWh", size=site)
    yield block("heat", "heat sold reaches the legal share", "SY", heat, ">=", least, "GWh", size=site)
    if books.inputs.structure.co2_capped:
        yield block("co2", "CO2 of the electricity", "Y", things.co2_kt, "<=", money.co2_max_kt, "kt")


def charity_rows(books: Books) -> Iterator[Block]:
    """Public use and ancillary economic use where the case enables them."""
    structure, money = books.inputs.structure, books.inputs.money
    unit = "million GPUh"
    if structure.public_use is not None:
        public, total = public_use(books, structure.public_use)
        right = money.public_use_min[..., None] * total
        yield block("public_use", f"public compute of scope '{structure.public_use}'", "Y", public, ">=", right, unit)
    if structure.ancillary_use is not None:
        private, capacity = ancillary_use(books, structure.ancillary_use)
        right = money.ancillary_use_max[..., None] * capacity
        text = f"private compute of scope '{structure.ancillary_use}'"
        yield block("ancillary_use", text, "Y", private, "<=", right, unit, size=capacity)


def _in_scope(scope: str) -> slice:
    return slice(CORE, CORE + 1) if scope == "core" else slice(0, len(POOLS))


def public_use(books: Books, scope: str) -> tuple[np.ndarray, np.ndarray]:
    """Public and total compute (Y) of the pools in scope (`core` or `all`)."""
    compute = books.plan.compute_mgpuh[..., _in_scope(scope), :, :]
    return compute[..., PUBLIC, :].sum(axis=-2), compute.sum(axis=(-3, -2))


def ancillary_use(books: Books, scope: str) -> tuple[np.ndarray, np.ndarray]:
    """Private compute and yearly capacity (Y): of the core units in scope `core`, of all running units in `all`."""
    private = books.plan.compute_mgpuh[..., _in_scope(scope), PRIVATE, :].sum(axis=-2)
    things = books.things
    capacity = things.pool_capacity_mgpuh[..., CORE, :] if scope == "core" else things.centre_capacity_mgpuh
    return private, capacity
