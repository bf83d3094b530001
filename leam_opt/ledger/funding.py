"""Who pays: draws, debt, dividends, the flows between the two companies, and their cash."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from leam_opt.case.index import ENTITIES
from leam_opt.finance.loans import flows_of_draws
from leam_opt.ledger.decisions import Decisions
from leam_opt.ledger.inputs import Inputs
from leam_opt.ledger.money import Trade

Array = NDArray[np.float64]

RESEARCH, SERVICE = (ENTITIES.index(name) for name in ("research", "service"))
FLOWS = (
    "draws",
    "arrangement_fees",
    "unfunded_gap",
    "capex",
    "fee_prepaid",
    "revenue",
    "opex",
    "infrastructure_fee",
    "profit_transfer",
    "interest",
    "repayment",
    "dividends",
    "redemption",
)
"""Cash flows in the order of the year: the first five at its start, the others at its end."""
START_FLOWS = FLOWS[:5]


@dataclass(frozen=True)
class Financing:
    """Money of a plan in M EUR; axes F instruments, E companies, Y years after an optional axis of variants.

    Attributes:
        interest: (F, Y) interest due at the year's end on the balance before repayment.
        repayment: (F, Y) principal due at the year's end.
        balance: (F, Y) debt left after the year's payment.
        arrangement_fees: (F, Y) due at the start of the year.
        investors_return: (E, Y) dividends and redemption less contributions.
        flows: cash flow (E, Y) by name, money in positive; see `FLOWS`.
        cash_start: (E, Y) cash after the flows of the year's start.
        cash_end: (E, Y) cash at the year's end.
        cfads: (E, Y) cash flow available for debt service: revenue less operating cost, with the full fee of the year.
        profit: (Y) profit of the service company after interest, fees and depreciation of what it owns.
        distributed: (Y) dividends and profit transfer of the service company.
        grants_income: (Y) grants, sponsors and profit transfers of the research company.
        other_income: (Y) the research company's revenue from customers and from the infrastructure fee.
        eligible_cost: (Y) cumulative capital and operating cost of the research company.
    """

    interest: Array
    repayment: Array
    balance: Array
    arrangement_fees: Array
    investors_return: Array
    flows: dict[str, Array]
    cash_start: Array
    cash_end: Array
    cfads: Array
    profit: Array
    distributed: Array
    grants_income: Array
    other_income: Array
    eligible_cost: Array


def _debt(inputs: Inputs, draws: Array) -> tuple[Array, Array]:
    """Interest and repayment (F, Y) of all loans."""
    shape = np.broadcast_shapes(draws.shape, (*inputs.money.rate.shape, 1))
    interest, repayment = np.zeros(shape), np.zeros(shape)
    for number, schedule in enumerate(inputs.schedules):
        if schedule is not None:
            interest[..., number, :] = flows_of_draws(draws[..., number, :], schedule.interest)
            repayment[..., number, :] = flows_of_draws(draws[..., number, :], schedule.principal)
    return interest, repayment


def _between(owner_receives: Array, owner: int) -> Array:
    """A payment (Y) of the other company to the owner as (E, Y), received positive."""
    sign = np.where(np.arange(len(ENTITIES)) == owner, 1.0, -1.0)
    return sign[:, None] * owner_receives[..., None, :]


def financing(inputs: Inputs, plan: Decisions, business: Trade) -> Financing:
    """Debt, intercompany flows and cash of a plan.

    Args:
        inputs: figures of a case or of several variants.
        plan: decisions, with or without an axis of variants.
        business: the lines of the same plan.
    """
    structure, money = inputs.structure, inputs.money
    draws = plan.draws_meur
    interest, repayment = _debt(inputs, draws)
    fees = money.arrangement_share[..., None] * draws

    def to_company(by_instrument: Array) -> Array:
        booked: Array = np.einsum("...fy,fe->...ey", by_instrument, structure.receives)
        return booked

    capex, opex, revenue = (Trade.total(lines) for lines in (business.capex, business.opex, business.revenue))
    fee = _between(business.infrastructure_fee_meur, structure.owner)
    dividends = plan.dividends_meur * structure.equity[:, None]
    redemption = np.zeros_like(dividends)
    redemption[..., -1] = plan.redemption_meur * structure.equity
    contributions = draws * structure.equity[:, None]
    research_gains = _between(plan.profit_transfer_meur, RESEARCH)
    flows = {
        "draws": to_company(draws),
        "arrangement_fees": -to_company(fees),
        "unfunded_gap": plan.unfunded_gap_meur,
        "capex": -capex,
        "fee_prepaid": _between(plan.fee_prepaid_meur, RESEARCH),
        "revenue": revenue,
        "opex": -opex,
        "infrastructure_fee": fee - _between(plan.fee_credited_meur, structure.owner),
        "profit_transfer": research_gains,
        "interest": -to_company(interest),
        "repayment": -to_company(repayment),
        "dividends": -to_company(dividends),
        "redemption": -to_company(redemption),
    }
    at_start = np.asarray(sum(flows[name] for name in START_FLOWS))
    at_end = np.asarray(sum(flows[name] for name in FLOWS if name not in START_FLOWS))
    cash_end = np.cumsum(at_start + at_end, axis=-1)
    service_cost = interest + fees
    owned_depreciation = business.depreciation_meur if structure.owner == SERVICE else 0.0
    grants = structure.grants | (structure.sponsors & (structure.receives[:, RESEARCH] > 0))
    return Financing(
        interest=interest,
        repayment=repayment,
        balance=np.cumsum(np.where(structure.loans[:, None], draws, 0.0) - repayment, axis=-1),
        arrangement_fees=fees,
        investors_return=to_company(dividends + redemption - contributions),
        flows=flows,
        cash_start=cash_end - at_end,
        cash_end=cash_end,
        cfads=revenue - opex + fee,
        profit=revenue[..., SERVICE, :]
        - opex[..., SERVICE, :]
        + fee[..., SERVICE, :]
        - to_company(service_cost)[..., SERVICE, :]
        - owned_depreciation,
        distributed=dividends.sum(axis=-2) + plan.profit_transfer_meur,
        grants_income=np.einsum("...fy,f->...y", draws, grants.astype(float)) + plan.profit_transfer_meur,
        other_income=revenue[..., RESEARCH, :] + np.maximum(fee[..., RESEARCH, :], 0.0),
        # Compute that the research company buys from the owner of the machines is a cost like any other.
        eligible_cost=np.cumsum(
            capex[..., RESEARCH, :] + opex[..., RESEARCH, :] + np.maximum(-fee[..., RESEARCH, :], 0.0), axis=-1
        ),
    )
