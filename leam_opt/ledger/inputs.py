"""The figures of a case as arrays, with an optional leading axis of variants."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from leam_opt.case.index import POOLS
from leam_opt.case.quantity import End
from leam_opt.case.schema import Case
from leam_opt.errors import CaseError
from leam_opt.finance.loans import Schedule, loan_schedule
from leam_opt.ledger.inputs_money import Money
from leam_opt.ledger.reader import Reader
from leam_opt.ledger.structure import Structure

Array = NDArray[np.float64]
_Table = TypeVar("_Table")


@dataclass(frozen=True)
class Machines:
    """Servers, compute and CPU; axes G server types, Y years."""

    servers_per_unit: Array
    racks_per_unit: Array
    gpus_per_server: Array  # (G)
    server_kw: Array  # (G)
    performance: Array  # (G) reference GPUs
    delay_share: Array  # (G) part of the purchase year without compute
    unit_price_meur: Array  # (G, Y)
    reference_tflops: Array
    flop_utilisation: Array
    commercial_utilisation: Array
    goodput: Array
    power_utilisation: Array
    tokens_per_second: Array  # per reference GPU
    cpu_cores: Array
    cpu_rent_eur_month: Array  # of all cores
    cpu_cores_per_server: Array
    cpu_servers_per_unit: Array
    cpu_server_eur: Array
    cpu_server_kw: Array

    @classmethod
    def of(cls, case: Case, read: Reader) -> Machines:
        """The machines of a case."""
        kinds, compute, cpu = list(case.server_types.values()), case.compute, case.cpu
        return cls(
            servers_per_unit=read.one(case.purchase_unit.servers),
            racks_per_unit=read.one(case.purchase_unit.racks),
            gpus_per_server=read.each(kind.gpus_per_server for kind in kinds),
            server_kw=read.each(kind.power for kind in kinds),
            performance=read.each(kind.performance for kind in kinds),
            delay_share=read.each(kind.commissioning_delay for kind in kinds),
            unit_price_meur=read.each_yearly(kind.unit_price for kind in kinds),
            reference_tflops=read.one(compute.reference_gpu),
            flop_utilisation=read.one(compute.model_flop_utilisation),
            commercial_utilisation=read.one(compute.commercial_utilisation),
            goodput=read.one(compute.goodput),
            power_utilisation=read.one(compute.power_utilisation),
            tokens_per_second=read.one(compute.inference_throughput),
            cpu_cores=read.one(cpu.cores),
            cpu_rent_eur_month=read.one(cpu.rent),
            cpu_cores_per_server=read.one(cpu.cores_per_server),
            cpu_servers_per_unit=read.one(cpu.servers_per_unit),
            cpu_server_eur=read.one(cpu.server_price),
            cpu_server_kw=read.one(cpu.server_power),
        )


@dataclass(frozen=True)
class Places:
    """Sites and electricity; axes S sites, J sources, Y years."""

    building_eur_kw: Array  # (S)
    opening_meur: Array  # (S)
    fixed_meur: Array  # (S) a year
    module_mw: Array  # (S)
    modules_max: Array  # (S)
    pue: Array  # (S)
    grid_limit_mw: Array  # (S)
    connection_meur_mw: Array  # (S)
    grid_fee_meur_mw: Array  # (S) a year
    heat_share_max: Array  # (S)
    heat_cost_eur_mwh: Array  # (S)
    heat_price_eur_mwh: Array  # (S)
    price_eur_kwh: Array  # (J, Y)
    renewable_share: Array  # (J)
    co2_kg_mwh: Array  # (J)
    source_share_max: Array  # (J)
    internet_meur: Array
    licences_meur: Array

    @classmethod
    def of(cls, case: Case, read: Reader) -> Places:
        """The sites and the electricity of a case."""
        sites, sources = list(case.sites.values()), list(case.energy_sources.values())
        return cls(
            building_eur_kw=read.each(site.building_cost for site in sites),
            opening_meur=read.each(site.opening_cost for site in sites),
            fixed_meur=read.each(site.fixed_cost for site in sites),
            module_mw=read.each(site.module for site in sites),
            modules_max=read.each(site.modules_max for site in sites),
            pue=read.each(site.pue for site in sites),
            grid_limit_mw=read.each(site.grid_limit for site in sites),
            connection_meur_mw=read.each(site.grid_connection_cost for site in sites),
            grid_fee_meur_mw=read.each(site.grid_fee for site in sites),
            heat_share_max=read.each(site.heat_reuse_max for site in sites),
            heat_cost_eur_mwh=read.each(site.heat_extraction_cost for site in sites),
            heat_price_eur_mwh=read.each(site.heat_price for site in sites),
            price_eur_kwh=read.each_yearly(source.price for source in sources),
            renewable_share=read.each(source.renewable_share for source in sources),
            co2_kg_mwh=read.each(source.co2 for source in sources),
            source_share_max=read.each(source.share_max for source in sources),
            internet_meur=read.one(case.operations.internet),
            licences_meur=read.one(case.operations.licences),
        )


@dataclass(frozen=True)
class Services:
    """Pools, mission, people, demand, prices.

    Axes K pools, P steps, N generations, A levels of adoption, Y years, L and M points of the demand curves for tokens
    and for compute.
    """

    pool_share_min: Array  # (K)
    pool_share_max: Array  # (K)
    private_share_max: Array  # (K)
    step_people: Array  # (K, P) zero beyond the pool's steps
    step_load_mgpuh: Array  # (K, P) infinite without a limit
    training_yflop: Array  # (N)
    models_min: Array  # (N)
    models_per_year_min: Array
    models_per_year_max: Array
    funnel_factor: Array
    public_compute_min_mgpuh: Array  # (Y)
    salary_eur: Array
    operations_people: Array
    people_per_core_model: Array
    adoption_share_min: Array  # (A)
    core_demand_mgpuh: Array  # (A, Y)
    tuning_demand_mgpuh: Array  # (A, Y)
    token_demand_bn_per_day: Array  # (A, Y)
    cluster_hour_eur: Array
    cluster_gpus: Array
    eur_per_1000_tokens: Array
    fee_hour_eur: Array
    token_level_eur: Array  # (L) price of 1000 tokens
    token_level_demand: Array  # (L) tokens bought over those of the adoption level
    cluster_level_eur: Array  # (M) price of a cluster hour
    cluster_level_demand: Array  # (M) compute rented over that of the adoption level
    upkeep_share: Array  # (enabled upkeep)

    @classmethod
    def of(cls, case: Case, read: Reader, structure: Structure) -> Services:
        """Pools, mission, people, demand and prices of a case."""
        pools = [getattr(case.pools, name) for name in POOLS]
        generations, levels = list(case.generations.values()), list(case.adoption.values())
        people, loads = (np.zeros((*read.variants, len(pools), structure.index.steps)) for _ in range(2))
        for number, pool in enumerate(pools):
            people[..., number, : len(pool.staff_steps)] = read.each(step.people for step in pool.staff_steps)
            loads[..., number, : len(pool.staff_steps)] = read.each(step.up_to for step in pool.staff_steps)
        mission, prices = case.mission, case.prices
        return cls(
            pool_share_min=read.each(pool.share_min for pool in pools),
            pool_share_max=read.each(pool.share_max for pool in pools),
            private_share_max=read.each(pool.private_share_max for pool in pools),
            step_people=people,
            step_load_mgpuh=loads,
            training_yflop=read.each(generation.training_flop for generation in generations),
            models_min=read.each(generation.models_min for generation in generations),
            models_per_year_min=read.one(mission.models_per_year_min),
            models_per_year_max=read.one(mission.models_per_year_max),
            funnel_factor=read.one(mission.funnel_factor),
            public_compute_min_mgpuh=read.yearly(mission.public_compute_min),
            salary_eur=read.one(case.staff.salary),
            operations_people=read.one(case.staff.operations),
            people_per_core_model=read.one(case.staff.per_core_model),
            adoption_share_min=read.each(level.private_share_min for level in levels),
            core_demand_mgpuh=read.each_yearly(level.core for level in levels),
            tuning_demand_mgpuh=read.each_yearly(level.tuning for level in levels),
            token_demand_bn_per_day=read.each_yearly(level.inference for level in levels),
            cluster_hour_eur=read.one(prices.cluster_hour),
            cluster_gpus=read.one(prices.cluster_gpus),
            eur_per_1000_tokens=read.one(prices.tokens),
            fee_hour_eur=read.one(prices.cluster_hour if structure.fee_at_market else prices.infrastructure_fee),
            token_level_eur=read.each(level.price for level in prices.token_levels),
            token_level_demand=read.each(level.demand for level in prices.token_levels),
            cluster_level_eur=read.each(level.price for level in prices.cluster_hour_levels),
            cluster_level_demand=read.each(level.demand for level in prices.cluster_hour_levels),
            upkeep_share=read.each(case.upkeep[name].share_per_year for name in structure.upkeep_lines),
        )


@dataclass(frozen=True)
class Inputs:
    """The figures of a case, or of several structurally equal cases, by topic.

    Every array carries the axes named beside it, in the order of `Index`, after an optional leading axis of variants
    that all arrays have or none. Units are in the names; shares and factors have none.
    """

    structure: Structure
    machines: Machines
    places: Places
    services: Services
    money: Money

    @classmethod
    def of(cls, case: Case | Inputs | Sequence[Case | Inputs], at: End = "base") -> Inputs:
        """Inputs of a case (no axis of variants) or of a sequence of cases (one leading axis).

        Args:
            case: a case, inputs (returned as they are), or a sequence of either.
            at: which end of the ranges is taken.

        Raises:
            CaseError: the cases of a sequence differ in sets, lives, profiles, windows or switches.
        """
        if isinstance(case, Inputs):
            return case
        if isinstance(case, Case):
            return cls.read(case, Reader(case.years, at))
        return _stack([cls.of(item, at) for item in case])

    @classmethod
    def read(cls, case: Case, read: Reader) -> Inputs:
        """Inputs of a case as a reader takes its figures."""
        structure = Structure.of(case)
        return cls(
            structure=structure,
            machines=Machines.of(case, read),
            places=Places.of(case, read),
            services=Services.of(case, read, structure),
            money=Money.of(case, read, structure),
        )

    @property
    def variants(self) -> tuple[int, ...]:
        """Shape of the axis of variants; empty without one."""
        return self.machines.servers_per_unit.shape

    @cached_property
    def schedules(self) -> tuple[tuple[Schedule, ...], ...]:
        """(F)(bands of the loan) repayment schedule of each band; none for other instruments."""
        return tuple(
            tuple(
                loan_schedule(
                    self.money.band_rate[..., number, band], terms.tenor_years, terms.grace_years, terms.repayment
                )
                for band in range(terms.bands)
            )
            for number, terms in enumerate(self.structure.instruments)
        )


def _stack(variants: Sequence[Inputs]) -> Inputs:
    first = variants[0].structure
    for number, variant in enumerate(variants):
        if variant.structure != first:
            differing = [f.name for f in fields(first) if getattr(first, f.name) != getattr(variant.structure, f.name)]
            raise CaseError(
                f"variant {number} differs from the first one in {', '.join(differing)}; "
                "variants of one evaluation may differ in figures only"
            )

    def stacked(table: Callable[[Inputs], _Table]) -> _Table:
        tables = [table(variant) for variant in variants]
        kind: Any = type(tables[0])
        stack = {field.name: np.stack([getattr(item, field.name) for item in tables]) for field in fields(kind)}
        result: _Table = kind(**stack)
        return result

    return Inputs(
        structure=first,
        machines=stacked(lambda variant: variant.machines),
        places=stacked(lambda variant: variant.places),
        services=stacked(lambda variant: variant.services),
        money=stacked(lambda variant: variant.money),
    )
