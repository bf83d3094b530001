"""What a plan decides, as arrays: the only thing that passes from the optimiser to the ledger."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from leam_opt.case.index import Index

Array = NDArray[np.float64]

AXES = {
    "units_bought": "SGY",
    "cpu_units_bought": "SY",
    "cpu_cores_rented_k": "Y",
    "site_open": "SY",
    "power_modules_built": "SY",
    "grid_power_mw": "SY",
    "units_allocated": "KSGY",
    "compute_mgpuh": "KCY",
    "core_models": "NY",
    "training_mgpuh": "NSGY",
    "training_place": "NSG",
    "tokens_bn_per_day": "CY",
    "staff_step": "KPY",
    "energy_gwh": "JSY",
    "heat_sold_gwh": "SY",
    "draws_meur": "FY",
    "instrument_used": "F",
    "dividends_meur": "FY",
    "redemption_meur": "F",
    "fee_prepaid_meur": "Y",
    "fee_credited_meur": "Y",
    "profit_transfer_meur": "Y",
    "adoption": "AY",
    "unfunded_gap_meur": "EY",
    "band_draws_meur": "FBY",
    "guaranteed_meur": "FY",
    "called_loss_meur": "F",
    "token_price_level": "L",
    "cluster_price_level": "M",
}


@dataclass(frozen=True)
class Decisions:
    """All decisions of a plan.

    Axes, in the order of `Index`: S sites, G server types, Y years, K pools, C classes, N model generations, P staff
    steps, J energy sources, F instruments in use, A adoption levels, E entities, B rate bands, L points of the demand
    curve for tokens, M for compute. Any array may carry one leading axis of variants.

    Attributes:
        units_bought: (S, G, Y) purchase units of servers bought at the start of the year, integer.
        cpu_units_bought: (S, Y) units of own CPU servers bought at the start of the year, integer.
        cpu_cores_rented_k: (Y) thousand CPU cores rented in the year.
        site_open: (S, Y) 1 from the year in which the site is opened.
        power_modules_built: (S, Y) IT power modules built at the start of the year, integer.
        grid_power_mw: (S, Y) grid power contracted in the year.
        units_allocated: (K, S, G, Y) running purchase units that a pool uses (fractions are shared servers).
        compute_mgpuh: (K, C, Y) compute delivered, million reference GPU-hours.
        core_models: (N, Y) core models developed, integer.
        training_mgpuh: (N, S, G, Y) training of a generation at a site on a server type, million reference GPU-hours.
        training_place: (N, S, G) 1 where the generation is trained.
        tokens_bn_per_day: (C, Y) inference tokens, billion a day, mean of the year.
        staff_step: (K, P, Y) 1 for the team size in force.
        energy_gwh: (J, S, Y) electricity bought.
        heat_sold_gwh: (S, Y) heat sold.
        draws_meur: (F, Y) money drawn at the start of the year.
        instrument_used: (F) 1 if the instrument is used.
        dividends_meur: (F, Y) dividends at the end of the year (equity only).
        redemption_meur: (F) shareholders' contributions paid back at the end of the horizon (equity only).
        fee_prepaid_meur: (Y) infrastructure fee that the service company pays in advance at the start of the year.
        fee_credited_meur: (Y) part of the year's infrastructure fee that is settled from advances.
        profit_transfer_meur: (Y) profit that the service company passes to the research company at the year's end.
        adoption: (A, Y) 1 for the adoption level in force.
        unfunded_gap_meur: (E, Y) money that no instrument provides, at the start of the year.
        band_draws_meur: (F, B, Y) draws of loans by rate band; they add up to the draws of the loan.
        guaranteed_meur: (F, Y) guaranteed part of the draws of loans.
        called_loss_meur: (F) claim of a fund's tranche that the service company does not meet at the horizon.
        token_price_level: (L) 1 for the chosen point of the demand curve for tokens.
        cluster_price_level: (M) 1 for the chosen point of the demand curve for compute.
    """

    units_bought: Array
    cpu_units_bought: Array
    cpu_cores_rented_k: Array
    site_open: Array
    power_modules_built: Array
    grid_power_mw: Array
    units_allocated: Array
    compute_mgpuh: Array
    core_models: Array
    training_mgpuh: Array
    training_place: Array
    tokens_bn_per_day: Array
    staff_step: Array
    energy_gwh: Array
    heat_sold_gwh: Array
    draws_meur: Array
    instrument_used: Array
    dividends_meur: Array
    redemption_meur: Array
    fee_prepaid_meur: Array
    fee_credited_meur: Array
    profit_transfer_meur: Array
    adoption: Array
    unfunded_gap_meur: Array
    band_draws_meur: Array
    guaranteed_meur: Array
    called_loss_meur: Array
    token_price_level: Array
    cluster_price_level: Array

    @staticmethod
    def shapes(index: Index) -> dict[str, tuple[int, ...]]:
        """Shape of each array for the sets of a case, without the axis of variants."""
        sizes = {axis: len(names) for axis, names in index.labels.items()}
        return {name: tuple(sizes[axis] for axis in axes) for name, axes in AXES.items()}

    @classmethod
    def zeros(cls, index: Index, *variants: int) -> Decisions:
        """A plan that does nothing."""
        return cls(**{name: np.zeros(variants + shape) for name, shape in cls.shapes(index).items()})

    def arrays(self) -> dict[str, Array]:
        """The arrays by name."""
        return {field.name: getattr(self, field.name) for field in fields(self)}
