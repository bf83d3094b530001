"""Yearly accounts of one plan as DataFrames with units in their column names."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from leam_opt.case.index import CLASSES, ENTITIES, POOLS
from leam_opt.case.quantity import End
from leam_opt.case.schema import Case
from leam_opt.finance.discount import irr
from leam_opt.ledger.balance_sheet import ASSETS, LIABILITIES
from leam_opt.ledger.books import Books
from leam_opt.ledger.decisions import Decisions
from leam_opt.ledger.funding import FLOWS, at_horizon
from leam_opt.ledger.inputs import Inputs
from leam_opt.ledger.physical import PRIVATE, PUBLIC
from leam_opt.ledger.rules import blocks, legal_rules
from leam_opt.ledger.statements import (
    bearers,
    contingent_liabilities,
    fiscal_exposure,
    long_table,
    sources_and_uses,
    waterfall,
)

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[np.float64]


def evaluate(case: Case | Inputs, decisions: Decisions, at: End = "base") -> Accounts:
    """Accounts of a plan.

    Args:
        case: the case, or its inputs (without an axis of variants).
        decisions: what the plan decides (without an axis of variants).
        at: which end of the case's ranges is taken.

    Raises:
        ValueError: inputs or decisions carry an axis of variants; use `Books` for those.
    """
    books = Books.of(case, decisions, at)
    if books.money.cash_end.ndim != 2:
        raise ValueError("accounts are of one plan; take leam_opt.ledger.books.Books for several variants")
    return Accounts(books)


@dataclass(frozen=True)
class Accounts:
    """Accounts of one plan; each table is built when it is first asked for.

    Attributes:
        books: the same accounts as arrays.
    """

    books: Books

    @property
    def _years(self) -> tuple[int, ...]:
        return self.books.inputs.structure.index.years

    @cached_property
    def totals(self) -> dict[str, float]:
        """Key figures over the horizon; see `Books.totals`."""
        return {name: float(value) for name, value in self.books.totals.items()}

    @cached_property
    def by_line(self) -> pd.DataFrame:
        """Lines of the accounts (index: line) with category and `meur`; `meur` adds up to the deficit.

        Revenue and residual value are negative. `research_meur` and `service_meur` split each line by company.
        """
        import pandas as pd

        rows = [
            {
                "line": name,
                "category": self.books.categories[name],
                **{f"{entity}_meur": float(values[number].sum()) for number, entity in enumerate(ENTITIES)},
                "meur": float(self.books.line_totals[name]),
            }
            for name, values in self.books.lines.items()
        ]
        return pd.DataFrame(rows).set_index("line")

    @cached_property
    def by_year(self) -> pd.DataFrame:
        """Lines (columns `<line>_meur`) by calendar year (index), and `deficit_meur`, their sum."""
        import pandas as pd

        columns = {f"{name}_meur": values.sum(axis=0) for name, values in self.books.lines.items()}
        table = pd.DataFrame(columns, index=pd.Index(self._years, name="year"))
        table["deficit_meur"] = table.sum(axis=1)
        return table

    @cached_property
    def cash(self) -> pd.DataFrame:
        """Cash by company and year: `opening_meur`, every flow (money in positive), `closing_meur`.

        Draws, arrangement fees, interest during construction, gap, capital expenditure and fee advances move at the
        start of the year, the others at its end; opening plus all flows is closing. `infrastructure_fee_meur` is what
        is paid in cash after advances. `debt_service_meur` is interest, guarantee fees and repayment, and is not a
        further flow.
        """
        money = self.books.money
        opening = np.concatenate([np.zeros((len(ENTITIES), 1)), money.cash_end[:, :-1]], axis=1)
        columns = {"opening_meur": opening, **{f"{name}_meur": money.flows[name] for name in FLOWS}}
        served = [money.flows[name] for name in ("interest", "guarantee_fees", "repayment")]
        columns["debt_service_meur"] = np.asarray(sum(served))
        columns["closing_meur"] = money.cash_end
        return long_table({"company": ENTITIES, "year": self._years}, columns)

    @cached_property
    def funding(self) -> pd.DataFrame:
        """Instruments by year: draws, fees, interest, repayment, debt left, and what investors get back.

        `guaranteed_meur` is the guaranteed debt at the start of the year, `access_income_meur` the part of access sold
        in advance that becomes income.
        """
        index, plan, money = self.books.inputs.structure.index, self.books.plan, self.books.money
        years = self.books.inputs.structure.horizon
        table = long_table(
            {"instrument": index.instruments, "year": self._years},
            {
                "draw_meur": plan.draws_meur,
                "arrangement_fee_meur": money.arrangement_fees,
                "construction_interest_meur": money.construction_interest,
                "interest_meur": money.interest,
                "guarantee_fee_meur": money.guarantee_fees,
                "repayment_meur": money.repayment,
                "debt_meur": money.balance,
                "guaranteed_meur": money.guaranteed_opening,
                "access_income_meur": money.access_income,
                "dividends_meur": plan.dividends_meur,
                "redemption_meur": at_horizon(plan.redemption_meur, years),
                "called_loss_meur": at_horizon(plan.called_loss_meur, years),
            },
        )
        terms = dict(zip(index.instruments, self.books.inputs.structure.instruments, strict=True))
        table.insert(1, "kind", [terms[name].kind for name in table["instrument"]])
        table.insert(2, "provider", ["public" if terms[name].public else "private" for name in table["instrument"]])
        table.insert(3, "payer", [terms[name].payer for name in table["instrument"]])
        table.insert(4, "company", [ENTITIES[terms[name].entity] for name in table["instrument"]])
        return table

    @cached_property
    def profit(self) -> pd.DataFrame:
        """Profit statements by company and year: each line, income positive, and `result_meur`, their sum."""
        columns = {f"{name}_meur": values for name, values in self.books.profit_statement.items()}
        columns["result_meur"] = self.books.result
        return long_table({"company": ENTITIES, "year": self._years}, columns)

    @cached_property
    def balance_sheet(self) -> pd.DataFrame:
        """Balance sheets by company at the end of each year: assets, then liabilities; both add up to the same."""
        sheet = self.books.balance_sheet
        columns = {f"{name}_meur": sheet[name] for name in (*ASSETS, *LIABILITIES)}
        return long_table({"company": ENTITIES, "year": self._years}, columns)

    @cached_property
    def equity(self) -> pd.DataFrame:
        """Equity instruments: contributions, what they get back, and the IRR of their flows with its status."""
        import pandas as pd

        structure, plan = self.books.inputs.structure, self.books.plan
        rows = []
        for number in np.flatnonzero(structure.equity):
            flows = np.zeros(structure.horizon + 1)
            flows[:-1] -= plan.draws_meur[number]
            flows[1:] += plan.dividends_meur[number]
            flows[-1] += plan.redemption_meur[number]
            returns = irr([float(flow) for flow in flows])
            rows.append(
                {
                    "instrument": structure.index.instruments[number],
                    "contributions_meur": float(plan.draws_meur[number].sum()),
                    "dividends_meur": float(plan.dividends_meur[number].sum()),
                    "redemption_meur": float(plan.redemption_meur[number]),
                    "hurdle_share": float(self.books.inputs.money.hurdle_rate[number]),
                    "irr_share": returns.rates[0] if returns.status == "unique" else float("nan"),
                    "irr_status": returns.status,
                }
            )
        names = ["instrument", "contributions_meur", "dividends_meur", "redemption_meur"]
        return pd.DataFrame(rows, columns=[*names, "hurdle_share", "irr_share", "irr_status"])

    @cached_property
    def compute(self) -> pd.DataFrame:
        """Pools by year: units, servers, capacity, compute by class (million reference GPU-hours), team."""
        plan, things = self.books.plan, self.books.things
        compute = plan.compute_mgpuh
        servers = things.pool_units * self.books.inputs.machines.servers_per_unit
        return long_table(
            {"pool": POOLS, "year": self._years},
            {
                "units": things.pool_units,
                "servers": servers,
                "capacity_mgpuh": things.pool_capacity_mgpuh,
                "public_mgpuh": compute[:, PUBLIC],
                "private_mgpuh": compute[:, PRIVATE],
                "team_people": things.people,
            },
        )

    @cached_property
    def models(self) -> pd.DataFrame:
        """Generations by year: core models and their training (million reference GPU-hours)."""
        plan = self.books.plan
        return long_table(
            {"generation": self.books.inputs.structure.index.generations, "year": self._years},
            {"models": plan.core_models, "training_mgpuh": plan.training_mgpuh.sum(axis=(1, 2))},
        )

    @cached_property
    def tokens(self) -> pd.DataFrame:
        """User classes by year: tokens and the inference compute that they need."""
        return long_table(
            {"class": CLASSES, "year": self._years},
            {
                "tokens_bn_per_day": self.books.plan.tokens_bn_per_day,
                "needed_mgpuh": self.books.things.token_compute_mgpuh,
            },
        )

    @cached_property
    def energy(self) -> pd.DataFrame:
        """Sites by year: power, energy by source, heat."""
        plan, things, index = self.books.plan, self.books.things, self.books.inputs.structure.index
        return long_table(
            {"site": index.sites, "year": self._years},
            {
                "nameplate_mw": things.nameplate_mw,
                "it_power_mw": things.it_power_mw,
                "grid_power_mw": plan.grid_power_mw,
                "it_energy_gwh": things.it_energy_gwh,
                "site_energy_gwh": things.site_energy_gwh,
                **{f"{name}_gwh": plan.energy_gwh[number] for number, name in enumerate(index.sources)},
                "heat_sold_gwh": plan.heat_sold_gwh,
            },
        )

    @cached_property
    def servers(self) -> pd.DataFrame:
        """Server types by site and year: units bought and in service, servers and GPUs in service."""
        plan, things, machines = self.books.plan, self.books.things, self.books.inputs.machines
        index = self.books.inputs.structure.index
        servers = things.units_alive * machines.servers_per_unit
        return long_table(
            {"site": index.sites, "type": index.types, "year": self._years},
            {
                "units_bought": plan.units_bought,
                "units": things.units_alive,
                "servers": servers,
                "gpus": servers * machines.gpus_per_server[:, None],
            },
        )

    @cached_property
    def waterfall(self) -> pd.DataFrame:
        """Order in which each company's money is used; see `statements.waterfall`."""
        return waterfall(self.books)

    @cached_property
    def sources_and_uses(self) -> pd.DataFrame:
        """Where the money of each year comes from and goes; see `statements.sources_and_uses`."""
        return sources_and_uses(self.books)

    @cached_property
    def bearers(self) -> pd.DataFrame:
        """Who bears which euro in which year; see `statements.bearers`."""
        return bearers(self.books)

    @cached_property
    def contingent_liabilities(self) -> pd.DataFrame:
        """Guaranteed debt by guarantee and year; see `statements.contingent_liabilities`."""
        return contingent_liabilities(self.books)

    @cached_property
    def fiscal_exposure(self) -> pd.DataFrame:
        """What public payers pay net by year; see `statements.fiscal_exposure`."""
        return fiscal_exposure(self.books)

    @cached_property
    def rules(self) -> pd.DataFrame:
        """Legal rules in their worst year: rule, scope, limit, worst, year, met, active (`active`: binds this plan)."""
        import pandas as pd

        return pd.DataFrame([asdict(rule) for rule in legal_rules(self.books)])

    @cached_property
    def rows(self) -> pd.DataFrame:
        """Every row of every rule: family, what, where, both sides, slack, tolerance, unit, met."""
        import pandas as pd

        index = self.books.inputs.structure.index
        rows = [row for family in blocks(self.books) for row in family.rows(index)]
        return pd.DataFrame([{**asdict(row), "met": row.slack >= -row.tolerance} for row in rows])
