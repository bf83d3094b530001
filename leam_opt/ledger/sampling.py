"""A plan under figures that are drawn from the ranges of its case.

Every figure with a range is drawn from the triangular distribution over its low, base and high value. The draws of a
figure depend on its path and the seed alone: two scenarios of a case share the draws of all figures that they have in
common (common random numbers), and a further figure changes the draws of no other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any
from zlib import crc32

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel

from leam_opt.case.figures import Figures
from leam_opt.case.index import POOLS
from leam_opt.case.quantity import ByYear, Quantity
from leam_opt.case.schema import Case
from leam_opt.ledger.decisions import Decisions
from leam_opt.ledger.inputs import Inputs
from leam_opt.ledger.physical import CORE, DAYS_PER_YEAR, INFERENCE, PRIVATE, PUBLIC, TUNING, physical
from leam_opt.ledger.reader import BatchReader

Array = NDArray[np.float64]

FIXED_SECTIONS = frozenset(
    {"rules", "funding", "objective", "discounting", "value_for_money", "reference_plan", "scenarios"}
)
"""Sections whose figures are terms, limits or rates that the plan was made for, not uncertain costs and receipts."""
WHOLE_UNITS = frozenset({"unit", "server", "core", "core/server"})
"""Units of figures that say what a thing is made of; they keep their planning value."""
CHUNK = 1000
"""Samples that are held in memory at a time."""


def triangular(figure: Quantity, path: str, samples: int, seed: int) -> Array:
    """(samples) draws of a figure from its range, in its unit; its planning value where it has no range.

    The draws are stratified: one from each of `samples` equally likely parts of the distribution, in random order, so
    that their mean is that of the range but for a small error, and their ends come close to low and high.

    Args:
        figure: the figure.
        path: its path in the case; with the seed it determines the draws.
        samples: number of draws.
        seed: seed of the case.
    """
    if not figure.is_range:
        return np.full(samples, figure.base)
    from scipy.stats import triang

    random = np.random.default_rng([seed, crc32(path.encode())])
    levels = (random.permutation(samples) + random.random(samples)) / samples
    width = figure.high - figure.low
    drawn = triang.ppf(levels, (figure.base - figure.low) / width, loc=figure.low, scale=width)
    return np.asarray(np.clip(np.asarray(drawn, dtype=float), figure.low, figure.high))


def uncertain(case: Case) -> list[tuple[str, Quantity]]:
    """Figures of a case that are drawn, each with its path; the years of a figure share one path, hence one draw."""
    return [found for name in type(case).model_fields if name not in FIXED_SECTIONS for found in _ranges(case, name)]


def _ranges(section: BaseModel, name: str) -> Iterator[tuple[str, Quantity]]:
    yield from _walk(getattr(section, name), name)


def _walk(value: Any, path: str) -> Iterator[tuple[str, Quantity]]:
    if isinstance(value, Quantity):
        if value.is_range and value.unit not in WHOLE_UNITS:
            yield path, value
    elif isinstance(value, ByYear):
        for entry in value.entries.values():
            yield from _walk(entry, path)
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from _walk(getattr(value, name), f"{path}.{name}")
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _walk(item, f"{path}.{key}")
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for number, item in enumerate(value):
            yield from _walk(item, f"{path}.{number}")


def sampled_inputs(case: Case, samples: int, seed: int) -> Iterator[Inputs]:
    """Inputs of a case with drawn figures, in chunks; the leading axis of each is that of its samples.

    Args:
        case: the case; its structure and whole numbers stay as they are.
        samples: number of draws over all chunks.
        seed: seed of the draws.
    """
    drawn = {id(figure): triangular(figure, path, samples, seed) for path, figure in uncertain(case)}
    for first in range(0, samples, CHUNK):
        part = {figure: values[first : first + CHUNK] for figure, values in drawn.items()}
        figures = Figures(part, min(CHUNK, samples - first), case)
        yield Inputs.read(case, BatchReader(case.years, figures))


def _reduced(sold: Array, planned_limit: Array, limit: Array) -> Array:
    """What is still sold when a limit falls: first the room that the plan left is used up, then sales go down."""
    room = np.maximum(planned_limit - sold, 0.0)
    return np.maximum(sold - np.maximum(planned_limit - limit - room, 0.0), 0.0)


def _demand(inputs: Inputs, plan: Decisions) -> dict[str, Array]:
    """(Y) what commercial customers take at the plan's adoption level and prices."""
    services, structure = inputs.services, inputs.structure

    def at_level(demand: Array) -> Array:
        return np.asarray((plan.adoption * demand).sum(axis=-2))

    tokens, compute = np.ones(1), np.ones(1)
    if structure.index.token_levels:
        tokens = (plan.token_price_level * services.token_level_demand).sum(axis=-1)[..., None]
    if structure.index.cluster_levels:
        compute = (plan.cluster_price_level * services.cluster_level_demand).sum(axis=-1)[..., None]
    return {
        "core": compute * at_level(services.core_demand_mgpuh),
        "tuning": compute * at_level(services.tuning_demand_mgpuh),
        "tokens": tokens * at_level(services.token_demand_bn_per_day),
    }


def adapted(plan: Decisions, planned: Inputs, inputs: Inputs) -> Decisions:
    """The plan as far as it can be carried out under other figures than planned.

    Purchases, sites, teams and what public users get stay as decided. Electricity and heat follow the sites' energy.
    Sales to commercial customers fall where demand at the plan's adoption level falls short of them, and where the
    machines deliver less than the plan needs: commercial customers bear the whole of that shortfall. Nothing is sold
    beyond the plan.

    Args:
        plan: decisions without an axis of variants.
        planned: the figures that the plan was made for.
        inputs: other figures of the same structure, with or without an axis of variants.

    Returns:
        The decisions; the plan itself, figure by figure, where `inputs` are those planned.
    """
    before, after = physical(planned, plan), physical(inputs, plan)

    def change(new: Array, old: Array) -> Array:
        return np.divide(new, old, out=np.ones(np.broadcast_shapes(new.shape, old.shape)), where=old > 0)

    energy = change(after.site_energy_gwh, before.site_energy_gwh)
    # A longer commissioning delay takes running units from every pool alike.
    running = change(after.units_computing, before.units_computing)
    capacity = np.einsum("ksgy,...sgy,...g->...ky", plan.units_allocated, running, after.unit_capacity_mgpuh)
    public, private = plan.compute_mgpuh[:, PUBLIC], plan.compute_mgpuh[:, PRIVATE]
    sold = _reduced(private, before.pool_capacity_mgpuh - public, capacity - public)
    demand, planned_demand = _demand(inputs, plan), _demand(planned, plan)
    for pool in (CORE, TUNING):
        name = POOLS[pool]
        sold[..., pool, :] = np.minimum(sold[..., pool, :], _reduced(private[pool], planned_demand[name], demand[name]))
    tokens = plan.tokens_bn_per_day[PRIVATE]
    hours, planned_hours = (
        room[..., INFERENCE, :] - np.maximum(public[INFERENCE], need[..., PUBLIC, :])
        for room, need in (
            (capacity, after.token_compute_mgpuh),
            (before.pool_capacity_mgpuh, before.token_compute_mgpuh),
        )
    )
    served = _reduced(tokens, planned_hours / _token_hours(planned), hours / _token_hours(inputs))
    bought = np.minimum(served, _reduced(tokens, planned_demand["tokens"], demand["tokens"]))

    def with_public(own: Array, commercial: Array) -> Array:
        return np.stack([np.broadcast_to(own, commercial.shape), commercial], axis=-2)

    return replace(
        plan,
        energy_gwh=plan.energy_gwh * energy[..., None, :, :],
        heat_sold_gwh=plan.heat_sold_gwh * energy,
        compute_mgpuh=with_public(public, sold),
        tokens_bn_per_day=with_public(plan.tokens_bn_per_day[PUBLIC], bought),
    )


def _token_hours(inputs: Inputs) -> Array:
    """(1) million reference GPU-hours a year for a billion tokens a day."""
    per_second: Array = inputs.machines.tokens_per_second[..., None]
    return np.asarray(1e9 * DAYS_PER_YEAR / (per_second * 3600) / 1e6)
