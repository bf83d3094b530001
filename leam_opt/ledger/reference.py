"""The fixed plan of a case (the paper's own) as decisions, so that the ledger can account for it like for any other."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from leam_opt.case.figures import Figures
from leam_opt.case.index import POOLS
from leam_opt.case.quantity import End
from leam_opt.case.schema import Case, ReferencePlan
from leam_opt.errors import CaseError
from leam_opt.ledger.books import Books
from leam_opt.ledger.decisions import Array, Decisions
from leam_opt.ledger.inputs import Inputs
from leam_opt.ledger.physical import (
    CORE,
    INFERENCE,
    PRIVATE,
    PUBLIC,
    TUNING,
    model_compute_mgpuh,
    physical,
    unit_capacity_mgpuh,
)
from leam_opt.ledger.reader import BatchReader, Reader

Tokens = Literal["constant", "growth"]
_SAME_SIZE: Final = 1e-9
"""Difference up to which a team has the size of a staff step."""


@dataclass(frozen=True)
class Reading:
    """How a reference plan is read.

    Attributes:
        at: the end of the ranges that is taken.
        tokens: whether the tokens sold stay constant or grow.
        growth_bn_per_day: growth of the tokens a day in a year instead of the plan's own, in billions.
        billed_share: share of the calendar hours that is billed instead of the plan's own.
        teams: whether a team has to be a staff step of its pool, or may be of a size between two of them, of which the
            plan then has a part each.
    """

    at: End = "base"
    tokens: Tokens = "constant"
    growth_bn_per_day: float | None = None
    billed_share: float | None = None
    teams: Literal["steps", "between"] = "steps"


def reference_of(case: Case) -> ReferencePlan:
    """The reference plan of a case.

    Raises:
        CaseError: the case has none.
    """
    if case.reference_plan is None:
        raise CaseError(f"case {case.name}: it has no reference_plan; reconcile needs the paper's own plan")
    return case.reference_plan


def reference_decisions(case: Case, reading: Reading | None = None) -> Decisions:
    """The reference plan as decisions.

    It buys everything in the first year, divides the servers in fixed shares, sells its hours and tokens without asking
    for demand, and has no funding: the unfunded gap closes the cash of both companies, as late as possible.

    Args:
        case: a case with a reference plan.
        reading: the end of the ranges, and the path of the tokens.

    Raises:
        CaseError: the case has no reference plan, or no team or generation that the plan needs.
    """
    reading = reading or Reading()
    return _decided(case, Reader(case.years, reading.at), reading)


def reference_batch(case: Case, figures: Figures, reading: Reading | None = None) -> Decisions:
    """The reference plan under n variants of the figures of its case, its own among them.

    Args:
        case: a case with a reference plan.
        figures: the figures that vary.
        reading: the path of the tokens.

    Returns:
        Decisions with a leading axis of n, each variant as `reference_decisions` makes it for the case with its values.

    Raises:
        CaseError: as `reference_decisions`, also where a single variant asks for it.
        ValueError: the reading is at an end of the ranges; the figures say where they stand.
    """
    reading = reading or Reading()
    if reading.at != "base":
        raise ValueError(f"variants have their own figures; give the case at its {reading.at} end instead")
    return _decided(case, BatchReader(case.years, figures), reading)


def _decided(case: Case, read: Reader, reading: Reading) -> Decisions:
    """The reference plan with its figures as a reader takes them."""
    plan = reference_of(case)
    inputs = Inputs.read(case, read)
    structure, index = inputs.structure, inputs.structure.index
    site, kind = index.sites.index(plan.site), index.types.index(plan.server_type)
    made = Decisions.zeros(index, *read.variants)

    made.units_bought[..., site, kind, 0] = read.one(plan.units)
    made.site_open[..., site, :] = 1
    made.power_modules_built[..., site, 0] = plan.modules
    made.cpu_cores_rented_k[...] = inputs.machines.cpu_cores[..., None] / 1000
    grid_mw = plan.modules * inputs.places.module_mw[..., site] * inputs.places.pue[..., site]
    made.grid_power_mw[..., site, :] = grid_mw[..., None]

    units = read.one(plan.units)[..., None] * structure.serving[kind, 0]
    billed = read.one(plan.billed_utilisation if reading.billed_share is None else reading.billed_share)
    hours = unit_capacity_mgpuh(inputs, billed)[..., kind, None]
    shares = read.each([plan.core_share, plan.tuning_share, plan.inference_share])[..., None]
    private = read.each([plan.core_private_share, plan.tuning_private_share, plan.inference_private_share])[..., None]
    for pool in range(len(POOLS)):
        used = shares[..., pool, :] * units
        made.units_allocated[..., pool, site, kind, :] = used
        made.compute_mgpuh[..., pool, PRIVATE, :] = used * hours * private[..., pool, :]
        made.compute_mgpuh[..., pool, PUBLIC, :] = used * hours - made.compute_mgpuh[..., pool, PRIVATE, :]

    if reading.tokens == "constant":
        made.tokens_bn_per_day[..., PRIVATE, :] = read.one(plan.tokens_constant)[..., None]
    else:
        growth = read.one(plan.token_growth if reading.growth_bn_per_day is None else reading.growth_bn_per_day)
        # From zero at the start, the mean of year y (0-based) is growth x (y + 1/2).
        made.tokens_bn_per_day[..., PRIVATE, :] = growth[..., None] * (np.arange(structure.horizon) + 0.5)
    _develop(case, made, inputs, read.one(plan.core_models_per_year), (site, kind))
    for pool, people in ((TUNING, plan.tuning_staff), (INFERENCE, plan.inference_staff)):
        made.staff_step[..., pool, :, :] = _team(case, inputs, pool, read.one(people), reading.teams)[..., None]
    if structure.pool_steps[CORE]:
        made.staff_step[..., CORE, structure.pool_steps[CORE] - 1, :] = 1
    made.adoption[...] = _least(inputs.services.adoption_share_min)[..., None]
    _choose_prices(made, inputs)
    made.energy_gwh[..., index.sources.index(plan.energy_source), :, :] = physical(inputs, made).site_energy_gwh
    return replace(made, unfunded_gap_meur=_closing_gap(inputs, made))


def _least(values: Array) -> Array:
    """(..., n) 1 for the (first) least of n values, else 0."""
    return _chosen(np.argmin(values, axis=-1), values.shape[-1])


def _chosen(position: NDArray[np.int_], size: int) -> Array:
    """(..., size) 1 at a position (...), else 0."""
    return np.asarray(np.arange(size) == position[..., None], dtype=float)


def _choose_prices(made: Decisions, inputs: Inputs) -> None:
    """Where a demand curve stands in for a fixed price, the plan sells at the point nearest to that price."""
    services = inputs.services
    if inputs.structure.index.token_levels:
        distance = np.abs(services.token_level_eur - services.eur_per_1000_tokens[..., None])
        made.token_price_level[...] = _least(distance)
    if inputs.structure.index.cluster_levels:
        distance = np.abs(services.cluster_level_eur - services.cluster_hour_eur[..., None])
        made.cluster_price_level[...] = _least(distance)


def _develop(case: Case, made: Decisions, inputs: Inputs, models: Array, place: tuple[int, int]) -> None:
    """The year's core models belong to the oldest generation that is still developed."""
    need = model_compute_mgpuh(inputs)
    for number, year in enumerate(inputs.structure.index.years):
        developed = [g for g, span in enumerate(inputs.structure.developed) if span[number]]
        if not developed:
            raise CaseError(
                f"case {case.name}: no generation is developed in {year}; reference_plan needs one each year"
            )
        oldest = developed[0]
        made.core_models[..., oldest, number] = models
        made.training_mgpuh[..., oldest, place[0], place[1], number] = models * need[..., oldest]
        made.training_place[..., oldest, place[0], place[1]] = 1


def _team(case: Case, inputs: Inputs, pool: int, people: Array, sizes: str) -> Array:
    """(..., P) the staff step with so many people (...), or parts of the two steps next to that size."""
    steps = inputs.structure.pool_steps[pool]
    teams = inputs.services.step_people[..., pool, :steps]
    more = people[..., None] - teams
    below, above = (np.where(gap >= -_SAME_SIZE, np.maximum(gap, 0.0), np.inf) for gap in (more, -more))
    short, over = (gap.min(axis=-1, initial=np.inf) for gap in (below, above))
    fits = np.minimum(short, over) <= _SAME_SIZE if sizes == "steps" else np.isfinite(short + over)
    if not fits.all():
        first = np.unravel_index(int(np.argmin(fits)), fits.shape)
        known = ", ".join(f"{team:g}" for team in teams[first]) or "none"
        wrong = "is no staff step" if sizes == "steps" else "lies outside the staff steps"
        variant = f"variant {first[0]}: " if first else ""
        raise CaseError(
            f"case {case.name}: {variant}reference_plan.{POOLS[pool]}_staff of {people[first]:g} people {wrong} of "
            f"pools.{POOLS[pool]}; the steps are {known}"
        )
    part = (short / np.maximum(short + over, _SAME_SIZE))[..., None]
    mixed = np.zeros((*people.shape, inputs.structure.index.steps))
    mixed[..., :steps] = (1 - part) * _least(below) + part * _least(above)
    return mixed


def _closing_gap(inputs: Inputs, plan: Decisions) -> Array:
    """(E, Y) the smallest money from nobody that keeps the cash of each company."""
    money = Books.of(inputs, plan).money
    needed = np.maximum(-money.cash_start, inputs.money.reserve_meur[..., None] - money.cash_end)
    so_far = np.maximum(np.maximum.accumulate(needed, axis=-1), 0.0)
    return np.diff(so_far, axis=-1, prepend=0.0)
