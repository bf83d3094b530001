"""Bounds on money: profits, debt service, distributions, the unfunded gap; each follows from the case's own figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from leam_opt.case.figures import ZERO, Figures
from leam_opt.case.index import ENTITIES, POOLS, Index
from leam_opt.case.instruments import Access, Equity, Instrument, Loan, Tranche

if TYPE_CHECKING:
    from leam_opt.case.schema import Case

Array = NDArray[np.float64]

SERVICE = ENTITIES.index("service")


def money_bounds(
    case: Case,
    index: Index,
    table: Mapping[str, Array],
    cost: Mapping[str, Array],
    pool_compute_max: Array,
    figures: Figures,
) -> dict[str, Array]:
    """Bounds on what companies earn, owe, distribute and lack.

    Args:
        case: the case.
        index: its sets.
        table: the derived table so far.
        cost: all capital expenditure `capex` (), and running cost `running` (E, Y).
        pool_compute_max: (K) bound on a pool's compute.
        figures: the figures of the case, of which some may vary.
    """
    terms = [case.funding.instruments[f] for f in index.instruments]
    loan_caps = figures.each(t.cap_total if isinstance(t, Loan) else ZERO for t in terms)
    service = _services(table, loan_caps)
    companies = np.array([[t.entity == e for t in terms] for e in ENTITIES])
    weight = np.maximum(table["cover_senior"], table["cover_all"])
    profit = np.cumsum(_service_income(case, index, table, pool_compute_max), axis=-1)
    if case.infrastructure_entity == "service":
        profit = profit + figures.each(t.cap_total for t in terms if isinstance(t, Access)).sum(axis=-1)[..., None]
    tax = table["tax_rate"] * profit
    finance = _financing_cost(table)
    loss = np.cumsum(cost["running"][..., SERVICE, :], axis=-1) + finance[..., None]
    if case.infrastructure_entity == "service":
        loss = loss + cost["capex"][..., None]
    taxed = np.array([[entity == "service"] for entity in ENTITIES])
    held = (table["reserve_share"][..., None] * service).max(axis=-1, initial=0.0).sum(axis=-1)
    gap = cost["capex"] + cost["running"].sum(axis=(-2, -1)) + finance + loan_caps.sum(axis=-1)
    gap = gap + tax.sum(axis=-1) + held + table["cash_reserve"].sum(axis=-1)
    drawn = figures.each(t.cap_total for t in terms if t.entity == "service").sum(axis=-1)
    own = figures.each(t.cap_total for t in terms if isinstance(t, Equity)).sum(axis=-1)
    return {
        "debt_service_max": _weighted(np.where(companies, weight[..., None, :], 0.0), service[..., None, :, :]),
        "lockup_service_max": _weighted(np.where(companies[SERVICE], table["lockup_dscr"], 0.0), service),
        "operating_loss_max": cost["running"] + taxed * tax[..., None, :],
        "profit_max": profit,
        "service_loss_max": loss,
        "distribution_max": profit,
        "gap_max": np.asarray(gap),
        "payout_max": _payouts(terms, table, figures),
        "shareholder_max": np.asarray(profit[..., -1] + own),
        "service_cash_max": np.asarray(drawn + profit[..., -1] + gap),
    }


def _weighted(weights: Array, services: Array) -> Array:
    """(..., Y) the sum of the rows (..., F, Y) with their weights (..., F)."""
    total: Array = (weights[..., None] * services).sum(axis=-2)
    return total


def _services(table: Mapping[str, Array], loan_caps: Array) -> Array:
    """(F, Y) largest yearly debt service of each loan, with its guarantee fee."""
    per_euro = (table["interest"] + table["principal"]).max(axis=(-3, -2), initial=0.0)
    fee = table["guarantee_fee"] * table["guaranteed_max"]
    guaranteed = fee[..., None] * table["debt_opening"].max(axis=-2, initial=0.0)
    largest: Array = loan_caps[..., None] * (per_euro + guaranteed)
    return largest


def _service_income(case: Case, index: Index, table: Mapping[str, Array], pool_compute_max: Array) -> Array:
    """(Y) largest revenue of the service company with fees that it receives."""
    tokens = _dearest(table["token_level_price"] * table["token_level_demand"], table["price_tokens"])
    compute = _dearest(table["cluster_level_price"] * table["cluster_level_demand"], table["price_gpuh"])
    price = {"core": compute, "tuning": compute, "inference": tokens}
    demand = {"core": "demand_core", "tuning": "demand_tuning", "inference": "demand_tokens"}
    income = np.zeros(len(index.years))
    for k in POOLS:
        if getattr(case.pools, k).entity == "service":
            income = income + (table[demand[k]] * price[k][..., None, None]).max(axis=-2)
    if case.infrastructure_entity == "service":
        heat = table["heat_price"] * table["heat_reuse_max"] * table["grid_limit"] * table["gwh_per_mw"][..., None]
        income = income + heat.sum(axis=-1)[..., None]
        paying = [k for k, name in enumerate(POOLS) if getattr(case.pools, name).entity == "research"]
        if paying:
            fees = table["fee_gpuh"][..., None] * pool_compute_max[..., paying]
            income = income + fees.sum(axis=-1)[..., None]
    return income


def _dearest(levels: Array, fixed: Array) -> Array:
    """Largest revenue for one unit of demand: at a point of the demand curve revenue changes by price times demand."""
    largest: Array = levels.max(axis=-1, initial=0.0)
    return largest if np.all(largest > 0) else np.where(largest > 0, largest, fixed)


def _financing_cost(table: Mapping[str, Array]) -> Array:
    """All interest and fees over the horizon where everything is drawn."""
    interest = table["interest"].sum(axis=-1).max(axis=(-2, -1), initial=0.0)
    debt_years = table["debt_opening"].sum(axis=-1).max(axis=-1, initial=0.0)
    guarantees = table["guarantee_fee"] * table["guaranteed_max"] * debt_years
    construction = table["construction_interest"].max(axis=-1, initial=0.0)
    total: Array = (table["cap_total"] * (interest + guarantees + table["arrangement_fee"] + construction)).sum(axis=-1)
    return total


def _payouts(terms: Sequence[Instrument], table: Mapping[str, Array], figures: Figures) -> Array:
    """(F) largest sum of all payments to a tranche: its claim with the return to the horizon."""
    caps = figures.each(t.cap_total if isinstance(t, Tranche) else ZERO for t in terms)
    largest: Array = caps * table["claim"].max(axis=-1, initial=0.0)
    return largest
