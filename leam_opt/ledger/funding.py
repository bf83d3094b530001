"""Who pays: draws, debt, dividends, tax, the flows between the two companies, and their cash."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from leam_opt.case.index import ENTITIES
from leam_opt.finance.tax import corporate_tax, taxed_so_far
from leam_opt.ledger.debt import debt_of
from leam_opt.ledger.decisions import Decisions
from leam_opt.ledger.inputs import Inputs
from leam_opt.ledger.money import Trade

Array = NDArray[np.float64]

RESEARCH, SERVICE = (ENTITIES.index(name) for name in ("research", "service"))
FLOWS = (
    "draws",
    "arrangement_fees",
    "construction_interest",
    "unfunded_gap",
    "capex",
    "fee_prepaid",
    "revenue",
    "opex",
    "infrastructure_fee",
    "profit_transfer",
    "interest",
    "guarantee_fees",
    "repayment",
    "corporate_tax",
    "dividends",
    "redemption",
)
"""Cash flows in the order of the year: the first six at its start, the others at its end."""
START_FLOWS = FLOWS[:6]


@dataclass(frozen=True)
class Financing:
    """Money of a plan in M EUR; axes F instruments, E companies, Y years after an optional axis of variants.

    Attributes:
        interest: (F, Y) interest due at the year's end on the balance before repayment, less what a guarantee saves.
        construction_interest: (F, Y) interest during construction, due with the draw at the start of the year.
        repayment: (F, Y) principal due at the year's end.
        balance: (F, Y) debt left after the year's payment.
        guarantee_fees: (F, Y) due at the year's end on the guaranteed debt of its start.
        guaranteed_opening: (F, Y) guaranteed debt before the year's payment.
        guaranteed_balance: (F, Y) guaranteed debt after the year's payment.
        debt_service: (F, Y) interest, repayment and guarantee fees.
        arrangement_fees: (F, Y) due at the start of the year.
        access_income: (F, Y) access sold in advance that becomes income in the year.
        investors_return: (E, Y) payments, redemption and called losses of shareholders and tranches less contributions.
        flows: cash flow (E, Y) by name, money in positive; see `FLOWS`.
        cash_start: (E, Y) cash after the flows of the year's start.
        cash_end: (E, Y) cash at the year's end.
        cfads: (E, Y) cash flow available for debt service: revenue less operating cost and tax, with the fee of the
            year, for the owner less what was paid in advance.
        profit: (Y) profit of the service company before tax, after interest, fees and depreciation of what it owns.
        taxed_profit: (Y) profit that has been taxed by the year's end.
        tax: (Y) corporate tax of the service company.
        profit_after_tax: (Y) profit less tax.
        distributed: (Y) dividends of shareholders and profit transfer of the service company.
        grants_income: (Y) grants, sponsors and profit transfers of the research company.
        other_income: (Y) the research company's revenue from customers, from access and from the infrastructure fee.
        eligible_costs: (Y) cumulative cost of the research company by the basis of a grant.
    """

    interest: Array
    construction_interest: Array
    repayment: Array
    balance: Array
    guarantee_fees: Array
    guaranteed_opening: Array
    guaranteed_balance: Array
    debt_service: Array
    arrangement_fees: Array
    access_income: Array
    investors_return: Array
    flows: dict[str, Array]
    cash_start: Array
    cash_end: Array
    cfads: Array
    profit: Array
    taxed_profit: Array
    tax: Array
    profit_after_tax: Array
    distributed: Array
    grants_income: Array
    other_income: Array
    eligible_costs: dict[str, Array]

    @property
    def eligible_cost(self) -> Array:
        """(Y) cumulative capital and operating cost of the research company."""
        return self.eligible_costs["all"]


def between(payment: Array, owner: int) -> Array:
    """A payment (Y) of the other company to the owner as (E, Y), received positive."""
    sign = np.where(np.arange(len(ENTITIES)) == owner, 1.0, -1.0)
    return sign[:, None] * payment[..., None, :]


def on_service(payment: Array) -> Array:
    """A figure (Y) of the service company as (E, Y)."""
    placed = np.zeros((*payment.shape[:-1], len(ENTITIES), payment.shape[-1]))
    placed[..., SERVICE, :] = payment
    return placed


def at_horizon(figure: Array, years: int) -> Array:
    """A figure (F) of the horizon's end as (F, Y)."""
    placed = np.zeros((*figure.shape, years))
    placed[..., -1] = figure
    return placed


def _released(inputs: Inputs, draws: Array) -> Array:
    """(F, Y) access sold in advance that becomes income: in equal parts from the year of the draw to the horizon."""
    structure = inputs.structure
    years_left = structure.horizon - np.arange(structure.horizon)
    sold = np.where(structure.access[:, None], draws, 0.0)
    return np.cumsum(sold / years_left, axis=-1)


def _eligible(inputs: Inputs, business: Trade, fee: Array) -> dict[str, Array]:
    """(Y) cumulative eligible cost of the research company by basis."""
    capex, opex = (Trade.total(lines)[..., RESEARCH, :] for lines in (business.capex, business.opex))
    # Compute that the research company buys from the owner of the machines is a cost like any other.
    running = opex + np.maximum(-fee[..., RESEARCH, :], 0.0)
    computing = business.computing_capex_meur * float(inputs.structure.owner == RESEARCH)
    yearly = {"all": capex + running, "capex": capex, "computing_capex": computing, "opex": running}
    return {basis: np.cumsum(cost, axis=-1) for basis, cost in yearly.items()}


def _settled(inputs: Inputs, plan: Decisions) -> Array:
    """(E, Y) fee that the owner got in advance: it has been spent, and serves no debt in the year it was paid for."""
    credited = np.zeros((*plan.fee_credited_meur.shape[:-1], len(ENTITIES), plan.fee_credited_meur.shape[-1]))
    credited[..., inputs.structure.owner, :] = plan.fee_credited_meur
    return credited


def financing(inputs: Inputs, plan: Decisions, business: Trade) -> Financing:
    """Debt, tax, intercompany flows and cash of a plan.

    Args:
        inputs: figures of a case or of several variants.
        plan: decisions, with or without an axis of variants.
        business: the lines of the same plan.
    """
    structure = inputs.structure
    draws = plan.draws_meur
    debt = debt_of(inputs, plan)
    fees = inputs.money.arrangement_share[..., None] * draws
    released = _released(inputs, draws)

    def to_company(by_instrument: Array) -> Array:
        booked: Array = np.einsum("...fy,fe->...ey", by_instrument, structure.receives)
        return booked

    capex, opex, revenue = (Trade.total(lines) for lines in (business.capex, business.opex, business.revenue))
    fee = between(business.infrastructure_fee_meur, structure.owner)
    investors = structure.equity | structure.tranches
    dividends = plan.dividends_meur * investors[:, None]
    redemption = at_horizon(plan.redemption_meur * investors, structure.horizon)
    called = at_horizon(plan.called_loss_meur * structure.tranches, structure.horizon)
    contributions = draws * investors[:, None]
    cost_of_money = debt.interest + debt.construction_interest + debt.guarantee_fees + fees
    owned_depreciation = business.depreciation_meur if structure.owner == SERVICE else 0.0
    before_tax = revenue - opex + fee - to_company(cost_of_money) + to_company(released)
    profit = before_tax[..., SERVICE, :] - owned_depreciation
    tax = corporate_tax(profit, inputs.money.corporate_tax)
    flows = {
        "draws": to_company(draws),
        "arrangement_fees": -to_company(fees),
        "construction_interest": -to_company(debt.construction_interest),
        "unfunded_gap": plan.unfunded_gap_meur,
        "capex": -capex,
        "fee_prepaid": between(plan.fee_prepaid_meur, RESEARCH),
        "revenue": revenue,
        "opex": -opex,
        "infrastructure_fee": fee - between(plan.fee_credited_meur, structure.owner),
        "profit_transfer": between(plan.profit_transfer_meur, RESEARCH),
        "interest": -to_company(debt.interest),
        "guarantee_fees": -to_company(debt.guarantee_fees),
        "repayment": -to_company(debt.repayment),
        "corporate_tax": -on_service(tax),
        "dividends": -to_company(dividends),
        "redemption": -to_company(redemption),
    }
    at_start = np.asarray(sum(flows[name] for name in START_FLOWS))
    at_end = np.asarray(sum(flows[name] for name in FLOWS if name not in START_FLOWS))
    cash_end = np.cumsum(at_start + at_end, axis=-1)
    grants = structure.grants | (structure.sponsors & (structure.receives[:, RESEARCH] > 0))
    return Financing(
        interest=debt.interest,
        construction_interest=debt.construction_interest,
        repayment=debt.repayment,
        balance=debt.balance,
        guarantee_fees=debt.guarantee_fees,
        guaranteed_opening=debt.guaranteed_opening,
        guaranteed_balance=debt.guaranteed_balance,
        debt_service=debt.service,
        arrangement_fees=fees,
        access_income=released,
        investors_return=to_company(dividends + redemption + called - contributions),
        flows=flows,
        cash_start=cash_end - at_end,
        cash_end=cash_end,
        cfads=revenue - opex + fee - on_service(tax) - _settled(inputs, plan),
        profit=profit,
        taxed_profit=taxed_so_far(profit),
        tax=tax,
        profit_after_tax=profit - tax,
        distributed=(plan.dividends_meur * structure.equity[:, None]).sum(axis=-2) + plan.profit_transfer_meur,
        grants_income=np.einsum("...fy,f->...y", draws, grants.astype(float)) + plan.profit_transfer_meur,
        other_income=revenue[..., RESEARCH, :]
        + np.maximum(fee[..., RESEARCH, :], 0.0)
        + to_company(released)[..., RESEARCH, :],
        eligible_costs=_eligible(inputs, business, fee),
    )
