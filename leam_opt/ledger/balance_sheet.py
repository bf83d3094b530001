"""Profit statements and balance sheets of the two companies.

Both are built from the business and the funding of a plan, line by line; nothing is found by difference, so that assets
and liabilities agree only if every flow is booked on both sides.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from leam_opt.case.index import ENTITIES
from leam_opt.ledger.decisions import Decisions
from leam_opt.ledger.funding import RESEARCH, SERVICE, Financing, at_horizon, between, on_service
from leam_opt.ledger.inputs import Inputs
from leam_opt.ledger.money import Trade
from leam_opt.ledger.structure import Structure

Array = NDArray[np.float64]

ASSETS = ("fixed_assets", "cash", "fee_advances_paid")
LIABILITIES = (
    "debt",
    "fund_contributions",
    "shareholders",
    "gifts",
    "access_advances",
    "fee_advances_received",
    "unfunded",
    "retained_result",
)


def _companies(structure: Structure, by_instrument: Array) -> Array:
    booked: Array = np.einsum("...fy,fe->...ey", by_instrument, structure.receives)
    return booked


def _of_owner(structure: Structure, yearly: Array) -> Array:
    """A figure (Y) of the owner of the infrastructure as (E, Y)."""
    owns = (np.arange(len(ENTITIES)) == structure.owner).astype(float)
    booked: Array = owns[:, None] * yearly[..., None, :]
    return booked


def _waived(structure: Structure, plan: Decisions) -> Array:
    """(F, Y) contributions of tranches that a called loss writes off at the horizon; a loss beyond them is their lost
    return, which no sheet carries.
    """
    outstanding = plan.draws_meur.sum(axis=-1) - plan.redemption_meur
    waived = np.minimum(plan.called_loss_meur, np.maximum(outstanding, 0.0)) * structure.tranches
    return at_horizon(waived, structure.horizon)


def profit_statement(inputs: Inputs, plan: Decisions, business: Trade, money: Financing) -> dict[str, Array]:
    """Lines (E, Y) of the result of each company in M EUR, income positive.

    Gifts stand in the balance sheet (`gifts`), not here. A profit transfer is income of the research company; the
    service company distributes it from its result, as it does dividends.
    """
    structure = inputs.structure
    received = np.zeros(money.cash_end.shape)
    received[..., RESEARCH, :] = plan.profit_transfer_meur
    return {
        "revenue": Trade.total(business.revenue),
        "opex": -Trade.total(business.opex),
        "infrastructure_fee": between(business.infrastructure_fee_meur, structure.owner),
        "depreciation": -_of_owner(structure, business.depreciation_meur),
        "interest": -_companies(structure, money.interest),
        "construction_interest": -_companies(structure, money.construction_interest),
        "guarantee_fees": -_companies(structure, money.guarantee_fees),
        "arrangement_fees": -_companies(structure, money.arrangement_fees),
        "access_income": _companies(structure, money.access_income),
        "corporate_tax": -on_service(money.tax),
        "profit_transfer": received,
        "waived_contributions": _companies(structure, _waived(structure, plan)),
    }


def balance_sheet(
    inputs: Inputs, plan: Decisions, business: Trade, money: Financing, result: Array
) -> dict[str, Array]:
    """Assets and liabilities (E, Y) at the end of each year in M EUR; `ASSETS` and `LIABILITIES` name the sides.

    Args:
        inputs: figures of a case or of several variants.
        plan: decisions, with or without an axis of variants.
        business: the lines of the same plan.
        money: the funding of the same plan.
        result: (E, Y) result of each year from the profit statement.
    """
    structure = inputs.structure
    draws = plan.draws_meur
    redeemed = at_horizon(plan.redemption_meur, structure.horizon)
    invested = Trade.total(business.capex) - _of_owner(structure, business.depreciation_meur)
    # The service company's advances, less what the year's fee is settled with; the research company owes them.
    advanced = plan.fee_prepaid_meur - between(plan.fee_credited_meur, structure.owner)[..., RESEARCH, :]
    distributions = _companies(structure, plan.dividends_meur * (structure.equity | structure.tranches)[:, None])
    distributions = distributions + on_service(plan.profit_transfer_meur)

    def so_far(chosen: NDArray[np.bool_], moved: Array) -> Array:
        return np.cumsum(_companies(structure, moved * chosen[:, None]), axis=-1)

    owed = np.zeros(money.cash_end.shape)
    owed[..., RESEARCH, :] = np.cumsum(advanced, axis=-1)
    paid = np.zeros(money.cash_end.shape)
    paid[..., SERVICE, :] = np.cumsum(advanced, axis=-1)
    sheet = {
        "fixed_assets": np.cumsum(invested, axis=-1),
        "cash": money.cash_end,
        "fee_advances_paid": paid,
        "debt": _companies(structure, money.balance),
        "fund_contributions": so_far(structure.tranches, draws - redeemed - _waived(structure, plan)),
        "shareholders": so_far(structure.equity, draws - redeemed),
        "gifts": so_far(structure.grants | structure.sponsors, draws),
        "access_advances": so_far(structure.access, draws - money.access_income),
        "fee_advances_received": owed,
        "unfunded": np.cumsum(plan.unfunded_gap_meur, axis=-1),
        "retained_result": np.cumsum(result - distributions, axis=-1),
    }
    return {name: np.broadcast_to(values, money.cash_end.shape) for name, values in sheet.items()}
