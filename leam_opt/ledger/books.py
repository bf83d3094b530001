"""All accounts of a plan as arrays: the core that audits, reports and variants share."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from leam_opt.case.quantity import End
from leam_opt.case.schema import Case
from leam_opt.finance.discount import discount_factors
from leam_opt.ledger.balance_sheet import balance_sheet, profit_statement
from leam_opt.ledger.decisions import Decisions
from leam_opt.ledger.funding import SERVICE, Financing, financing
from leam_opt.ledger.inputs import Inputs
from leam_opt.ledger.money import Trade, trade
from leam_opt.ledger.physical import DAYS_PER_YEAR, PRIVATE, PUBLIC, Physical, physical
from leam_opt.ledger.structure import FINANCE_LINES

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Books:
    """Accounts of a plan, or of several variants along a leading axis.

    Attributes:
        inputs: figures of the case.
        plan: the decisions that are accounted for.
        things: servers, power, energy, compute.
        business: capital expenditure, operating cost, revenue.
        money: funding, debt, cash.
    """

    inputs: Inputs
    plan: Decisions
    things: Physical
    business: Trade
    money: Financing

    @classmethod
    def of(cls, case: Case | Inputs, plan: Decisions, at: End = "base") -> Books:
        """Accounts of decisions under the figures of a case (at one end of its ranges) or of inputs."""
        inputs = Inputs.of(case, at)
        things = physical(inputs, plan)
        business = trade(inputs, plan, things)
        return cls(inputs, plan, things, business, financing(inputs, plan, business))

    @property
    def variants(self) -> tuple[int, ...]:
        """Shape of the axis of variants of the inputs, of the plan or of both; empty without one."""
        return self.money.cash_end.shape[:-2]

    @cached_property
    def lines(self) -> dict[str, Array]:
        """Lines (E, Y) in M EUR that add up to the deficit: cost positive, revenue and residual value negative."""
        receives, money = self.inputs.structure.receives, self.money
        residual, tax = np.zeros(money.cash_end.shape), np.zeros(money.cash_end.shape)
        if self.inputs.structure.residual_value:
            residual[..., self.inputs.structure.owner, -1] = -self.business.residual_meur
        tax[..., SERVICE, :] = money.tax
        paid = {
            "interest": money.interest,
            "construction_interest": money.construction_interest,
            "guarantee_fees": money.guarantee_fees,
            "arrangement_fees": money.arrangement_fees,
        }
        return {
            **self.business.capex,
            **self.business.opex,
            **{name: np.einsum("...fy,fe->...ey", values, receives) for name, values in paid.items()},
            "investors_return": money.investors_return,
            "corporate_tax": tax,
            "residual_value": residual,
            **{name: -values for name, values in self.business.revenue.items()},
        }

    @cached_property
    def categories(self) -> dict[str, str]:
        """What each line is: capex, opex, financing, tax, residual_value or revenue."""
        return {
            **dict.fromkeys(self.business.capex, "capex"),
            **dict.fromkeys(self.business.opex, "opex"),
            **dict.fromkeys(FINANCE_LINES, "financing"),
            "corporate_tax": "tax",
            "residual_value": "residual_value",
            **dict.fromkeys(self.business.revenue, "revenue"),
        }

    @cached_property
    def profit_statement(self) -> dict[str, Array]:
        """Lines (E, Y) of the result of each company, income positive; see `balance_sheet.profit_statement`."""
        return profit_statement(self.inputs, self.plan, self.business, self.money)

    @cached_property
    def result(self) -> Array:
        """(E, Y) result of each company and year after tax, before it distributes anything."""
        return np.asarray(sum(self.profit_statement.values()))

    @cached_property
    def balance_sheet(self) -> dict[str, Array]:
        """Assets and liabilities (E, Y) at the end of each year; see `balance_sheet.balance_sheet`."""
        return balance_sheet(self.inputs, self.plan, self.business, self.money, self.result)

    @cached_property
    def line_totals(self) -> dict[str, Array]:
        """Each line over all companies and years."""
        return {name: values.sum(axis=(-2, -1)) for name, values in self.lines.items()}

    def _sum(self, *categories: str) -> Array:
        chosen = [values for name, values in self.line_totals.items() if self.categories[name] in categories]
        return np.asarray(sum(chosen))

    @cached_property
    def totals(self) -> dict[str, Array]:
        """Key figures over the horizon; without variants each is a number.

        `cost_per_public_gpu_hour_eur` is the deficit over the public GPU-hours (not a number where there are none);
        `residual_meur` is the value at the horizon whether or not the deficit counts it;
        `public_money_objective_npv_meur` discounts draws at the case's rate to the start of the first year.
        """
        plan, structure = self.plan, self.inputs.structure
        public = np.einsum("...fy,f->...y", plan.draws_meur, structure.public.astype(float))
        private = np.einsum("...fy,f->...y", plan.draws_meur, (~structure.public).astype(float))
        drawn = public.sum(axis=-1) + private.sum(axis=-1)
        deficit = np.asarray(sum(self.line_totals.values()))
        public_compute = plan.compute_mgpuh[..., PUBLIC, :].sum(axis=(-2, -1))
        years = np.arange(structure.horizon)
        tokens_bn_per_day = plan.tokens_bn_per_day.sum(axis=(-2, -1))
        figures = {
            "deficit_meur": deficit,
            "unfunded_gap_meur": plan.unfunded_gap_meur.sum(axis=(-2, -1)),
            "public_money_meur": public.sum(axis=-1),
            "private_money_meur": private.sum(axis=-1),
            "public_funding_share": _ratio(public.sum(axis=-1), drawn, 0.0),
            "public_money_objective_npv_meur": (public * discount_factors(self.inputs.money.discount_rate, years)).sum(
                -1
            ),
            "capex_meur": self._sum("capex"),
            "opex_meur": self._sum("opex"),
            "financing_meur": self._sum("financing"),
            "revenue_meur": -self._sum("revenue"),
            "corporate_tax_meur": self._sum("tax"),
            "called_loss_meur": (plan.called_loss_meur * structure.tranches).sum(axis=-1),
            "gross_cost_meur": self._sum("capex", "opex", "financing", "tax"),
            "residual_meur": self.business.residual_meur,
            "public_gpu_hours_million": public_compute,
            "private_gpu_hours_million": plan.compute_mgpuh[..., PRIVATE, :].sum(axis=(-2, -1)),
            "cost_per_public_gpu_hour_eur": _ratio(deficit, public_compute, np.nan),
            "core_models_total": plan.core_models.sum(axis=(-2, -1)),
            "tokens_total_bn": tokens_bn_per_day * DAYS_PER_YEAR,
            "energy_gwh": plan.energy_gwh.sum(axis=(-3, -2, -1)),
            "co2_kt": self.things.co2_kt.sum(axis=-1),
        }
        return {name: np.broadcast_to(value, deficit.shape) for name, value in figures.items()}

    @cached_property
    def yearly(self) -> dict[str, Array]:
        """(Y) key figures and lines of each year, M EUR in the year's own money."""
        plan = self.plan
        lines = {f"{name}_meur": values.sum(axis=-2) for name, values in self.lines.items()}
        draws = plan.draws_meur
        public = self.inputs.structure.public.astype(float)
        closing = {
            f"closing_{entity}_meur": self.money.cash_end[..., number, :]
            for number, entity in enumerate(("research", "service"))
        }
        return {
            **lines,
            **closing,
            "deficit_meur": np.asarray(sum(lines.values())),
            "unfunded_gap_meur": plan.unfunded_gap_meur.sum(axis=-2),
            "public_money_meur": np.einsum("...fy,f->...y", draws, public),
            "private_money_meur": np.einsum("...fy,f->...y", draws, 1.0 - public),
            "debt_service_meur": self.money.debt_service.sum(axis=-2),
            "infrastructure_fee_meur": self.business.infrastructure_fee_meur,
            "site_energy_gwh": self.things.site_energy_gwh.sum(axis=-2),
            "public_gpu_hours_million": plan.compute_mgpuh[..., PUBLIC, :].sum(axis=-2),
            "private_gpu_hours_million": plan.compute_mgpuh[..., PRIVATE, :].sum(axis=-2),
            "core_models": plan.core_models.sum(axis=-2),
        }


def _ratio(part: Array, whole: Array, otherwise: float) -> Array:
    """The ratio of part and whole where whole is positive."""
    some = whole > 0
    return np.where(some, part / np.where(some, whole, 1.0), otherwise)
