"""The fixed plan of a case (the paper's own) as decisions, so that the ledger can account for it like for any other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from leam_opt.case.index import POOLS, Index
from leam_opt.case.quantity import End, Quantity
from leam_opt.case.schema import Case, ReferencePlan
from leam_opt.errors import CaseError
from leam_opt.ledger.books import Books
from leam_opt.ledger.decisions import Array, Decisions
from leam_opt.ledger.inputs import Inputs
from leam_opt.ledger.physical import CORE, PRIVATE, PUBLIC, TUNING, physical, unit_capacity_mgpuh

Tokens = Literal["constant", "growth"]


@dataclass(frozen=True)
class Reading:
    """How a reference plan is read.

    Attributes:
        at: the end of the ranges that is taken.
        tokens: whether the tokens sold stay constant or grow.
        growth_bn_per_day: growth of the tokens a day in a year instead of the plan's own, in billions.
        billed_share: share of the calendar hours that is billed instead of the plan's own.
    """

    at: End = "base"
    tokens: Tokens = "constant"
    growth_bn_per_day: float | None = None
    billed_share: float | None = None

    def of(self, figure: Quantity) -> float:
        """A figure at the end of its range."""
        return float(getattr(figure, self.at))


def reference_of(case: Case) -> ReferencePlan:
    """The reference plan of a case.

    Raises:
        CaseError: the case has none.
    """
    if case.reference_plan is None:
        raise CaseError(f"case {case.name}: it has no reference_plan; reconcile needs the paper's own plan")
    return case.reference_plan


def stack(plans: Sequence[Decisions]) -> Decisions:
    """Plans along a leading axis of variants."""
    return Decisions(**{name: np.stack([plan.arrays()[name] for plan in plans]) for name in plans[0].arrays()})


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
    read = reading or Reading()
    plan = reference_of(case)
    inputs = Inputs.of(case, read.at)
    index = inputs.structure.index
    site, kind = index.sites.index(plan.site), index.types.index(plan.server_type)
    made = Decisions.zeros(index)

    made.units_bought[site, kind, 0] = read.of(plan.units)
    made.site_open[site] = 1
    made.power_modules_built[site, 0] = plan.modules
    made.cpu_cores_rented_k[:] = inputs.machines.cpu_cores / 1000
    made.grid_power_mw[site] = plan.modules * inputs.places.module_mw[site] * inputs.places.pue[site]

    units = read.of(plan.units) * inputs.structure.serving[kind, 0]
    billed = np.array(read.of(plan.billed_utilisation) if read.billed_share is None else read.billed_share)
    hours = unit_capacity_mgpuh(inputs, billed)[kind]
    shares = [plan.core_share, plan.tuning_share, plan.inference_share]
    private = [plan.core_private_share, plan.tuning_private_share, plan.inference_private_share]
    for pool in range(len(POOLS)):
        made.units_allocated[pool, site, kind] = read.of(shares[pool]) * units
        delivered = read.of(shares[pool]) * units * hours
        made.compute_mgpuh[pool, PRIVATE] = delivered * read.of(private[pool])
        made.compute_mgpuh[pool, PUBLIC] = delivered - made.compute_mgpuh[pool, PRIVATE]

    years = np.arange(len(index.years))
    growth = read.of(plan.token_growth) if read.growth_bn_per_day is None else read.growth_bn_per_day
    # From zero at the start, the mean of year y (0-based) is growth x (y + 1/2).
    made.tokens_bn_per_day[PRIVATE] = (
        read.of(plan.tokens_constant) if read.tokens == "constant" else growth * (years + 0.5)
    )
    _develop(case, made, inputs, read.of(plan.core_models_per_year), (site, kind))
    for pool, people in ((TUNING, read.of(plan.tuning_staff)), (TUNING + 1, read.of(plan.inference_staff))):
        made.staff_step[pool, _step(case, inputs, pool, people)] = 1
    if inputs.structure.pool_steps[CORE]:
        made.staff_step[CORE, inputs.structure.pool_steps[CORE] - 1] = 1
    made.adoption[int(np.argmin(inputs.services.adoption_share_min))] = 1
    _choose_prices(made, inputs)
    source = index.sources.index(plan.energy_source)
    made.energy_gwh[source] = physical(inputs, made).site_energy_gwh
    return replace(made, unfunded_gap_meur=_closing_gap(inputs, made))


def _choose_prices(made: Decisions, inputs: Inputs) -> None:
    """Where a demand curve stands in for a fixed price, the plan sells at the point nearest to that price."""
    services = inputs.services
    if inputs.structure.index.token_levels:
        made.token_price_level[int(np.argmin(np.abs(services.token_level_eur - services.eur_per_1000_tokens)))] = 1
    if inputs.structure.index.cluster_levels:
        made.cluster_price_level[int(np.argmin(np.abs(services.cluster_level_eur - services.cluster_hour_eur)))] = 1


def _develop(case: Case, made: Decisions, inputs: Inputs, models: float, place: tuple[int, int]) -> None:
    """The year's core models belong to the oldest generation that is still developed."""
    index: Index = inputs.structure.index
    need = physical(inputs, made).model_compute_mgpuh
    for number, year in enumerate(index.years):
        developed = [g for g, span in enumerate(inputs.structure.developed) if span[number]]
        if not developed:
            raise CaseError(
                f"case {case.name}: no generation is developed in {year}; reference_plan needs one each year"
            )
        oldest = developed[0]
        made.core_models[oldest, number] = models
        made.training_mgpuh[oldest, place[0], place[1], number] = models * need[oldest]
        made.training_place[oldest, place[0], place[1]] = 1


def _step(case: Case, inputs: Inputs, pool: int, people: float) -> int:
    teams = inputs.services.step_people[pool, : inputs.structure.pool_steps[pool]]
    for number, team in enumerate(teams):
        if abs(team - people) < 1e-9:
            return number
    known = ", ".join(f"{team:g}" for team in teams) or "none"
    raise CaseError(
        f"case {case.name}: reference_plan.{POOLS[pool]}_staff of {people:g} people is no staff step of "
        f"pools.{POOLS[pool]}; the steps are {known}"
    )


def _closing_gap(inputs: Inputs, plan: Decisions) -> Array:
    """(E, Y) the smallest money from nobody that keeps the cash of each company."""
    money = Books.of(inputs, plan).money
    needed = np.maximum(-money.cash_start, inputs.money.reserve_meur[:, None] - money.cash_end)
    so_far = np.maximum(np.maximum.accumulate(needed, axis=-1), 0.0)
    return np.diff(so_far, axis=-1, prepend=0.0)
