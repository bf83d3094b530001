"""Bounds on money: profits, debt service, distributions, the unfunded gap; each follows from the case's own figures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from leam_opt.case.index import ENTITIES, POOLS, Index
from leam_opt.case.instruments import Access, Equity, Tranche

if TYPE_CHECKING:
    from leam_opt.case.schema import Case

Array = NDArray[np.float64]

SERVICE = ENTITIES.index("service")


def money_bounds(
    case: Case, index: Index, table: Mapping[str, Array], cost: Mapping[str, Array], pool_compute_max: Array
) -> dict[str, Array]:
    """Bounds on what companies earn, owe, distribute and lack.

    Args:
        case: the case.
        index: its sets.
        table: the derived table so far.
        cost: all capital expenditure `capex`, and running cost `running` (E, Y).
        pool_compute_max: (K) bound on a pool's compute.
    """
    service = _services(table)
    companies = np.array([[case.funding.instruments[f].entity == e for f in index.instruments] for e in ENTITIES])
    weight = np.maximum(table["cover_senior"], table["cover_all"])
    income = np.cumsum(_service_income(case, index, table, pool_compute_max))
    advances = sum(table["cap_total"][f] for f, t in enumerate(_terms(case, index)) if isinstance(t, Access))
    profit = income + (advances if case.infrastructure_entity == "service" else 0.0)
    tax = table["tax_rate"] * profit
    finance = _financing_cost(table)
    loss = np.cumsum(cost["running"][SERVICE]) + finance
    if case.infrastructure_entity == "service":
        loss = loss + cost["capex"]
    operating = cost["running"].copy()
    operating[SERVICE] += tax
    held = float((table["reserve_share"][:, None] * service).max(axis=1, initial=0.0).sum())
    principal = float((table["cap_total"] * (table["band_size"].sum(axis=1) > 0)).sum())
    gap = cost["capex"] + cost["running"].sum() + finance + principal + tax.sum() + held + table["cash_reserve"].sum()
    own = np.array([isinstance(t, Equity) for t in _terms(case, index)], dtype=float)
    drawn = float((companies[SERVICE] * table["cap_total"]).sum())
    return {
        "debt_service_max": np.where(companies, weight, 0.0) @ service,
        "lockup_service_max": np.where(companies[SERVICE], table["lockup_dscr"], 0.0) @ service,
        "operating_loss_max": operating,
        "profit_max": profit,
        "service_loss_max": loss,
        "distribution_max": profit,
        "gap_max": np.asarray(gap),
        "payout_max": _payouts(case, index, table),
        "shareholder_max": np.asarray(profit[-1] + float(own @ table["cap_total"])),
        "service_cash_max": np.asarray(drawn + profit[-1] + gap),
    }


def _terms(case: Case, index: Index) -> list[object]:
    return [case.funding.instruments[f] for f in index.instruments]


def _services(table: Mapping[str, Array]) -> Array:
    """(F, Y) largest yearly debt service of each loan, with its guarantee fee."""
    per_euro = (table["interest"] + table["principal"]).max(axis=(1, 2), initial=0.0)
    guaranteed = (table["guarantee_fee"] * table["guaranteed_max"])[:, None] * table["debt_opening"].max(
        axis=1, initial=0.0
    )
    largest: Array = table["cap_total"][:, None] * (per_euro + guaranteed)
    return largest


def _service_income(case: Case, index: Index, table: Mapping[str, Array], pool_compute_max: Array) -> Array:
    """(Y) largest revenue of the service company with fees that it receives."""
    # At a point of a demand curve revenue changes by price times demand.
    tokens = np.max(table["token_level_price"] * table["token_level_demand"], initial=0.0) or table["price_tokens"]
    compute = np.max(table["cluster_level_price"] * table["cluster_level_demand"], initial=0.0) or table["price_gpuh"]
    revenue = {
        "core": table["demand_core"] * compute,
        "tuning": table["demand_tuning"] * compute,
        "inference": table["demand_tokens"] * tokens,
    }
    sold = [revenue[k].max(axis=0) for k in POOLS if getattr(case.pools, k).entity == "service"]
    income = sum(sold, np.zeros(len(index.years)))
    if case.infrastructure_entity == "service":
        heat = table["heat_price"] * table["heat_reuse_max"] * table["grid_limit"] * table["gwh_per_mw"]
        paying = [k for k, name in enumerate(POOLS) if getattr(case.pools, name).entity == "research"]
        income = income + float(heat.sum()) + float(table["fee_gpuh"] * pool_compute_max[paying].sum())
    return np.asarray(income)


def _financing_cost(table: Mapping[str, Array]) -> float:
    """All interest and fees over the horizon where everything is drawn."""
    interest = table["interest"].sum(axis=3).max(axis=(1, 2), initial=0.0)
    guarantees = (table["guarantee_fee"] * table["guaranteed_max"]) * table["debt_opening"].sum(axis=2).max(
        axis=1, initial=0.0
    )
    share = interest + guarantees + table["arrangement_fee"] + table["construction_interest"].max(axis=1, initial=0.0)
    return float(table["cap_total"] @ share)


def _payouts(case: Case, index: Index, table: Mapping[str, Array]) -> Array:
    """(F) largest sum of all payments to a tranche: its claim with the return to the horizon."""
    is_tranche = np.array([isinstance(t, Tranche) for t in _terms(case, index)], dtype=float)
    largest: Array = is_tranche * table["cap_total"] * table["claim"].max(axis=1, initial=0.0)
    return largest
