"""Profit and corporate tax of the service company, and the timely use of the research company's means."""

from __future__ import annotations

import pyomo.environ as pyo

from leam_opt.models import expressions as ex
from leam_opt.models.parts import Expression, Model, identity, rule


@identity("profit of the service company", about_money=True)
def profit(m: Model) -> None:
    r"""Profit before tax: surplus with the fee, less interest and fees, less the wear of what the company owns.

    .. math::
        \Pi_y = R_y - O_y \pm F_y - \sum_f \big( i_{fy} + g_{fy} + c_f d_{fy} + \epsilon_f d_{fy} \big)
        - [owner = service] \big( W_y - \sum_{f \in acc} \sum_{v \le y} \lambda_{vy} d_{fv} \big) \qquad \forall y
    """
    m.profit = pyo.Constraint(m.PROFIT, rule=lambda m, y: m.profit_meur[y] == ex.service_profit(m, y))


@identity("corporate tax of the service company", about_money=True)
def corporate_tax(m: Model) -> None:
    r"""Tax on profit after losses carried forward: what has been taxed so far is the highest profit so far.

    Both directions are binary: with rates that change over the years, an optimiser would otherwise tax profits that
    it has not made while the rate is low.

    .. math::
        B_y \ge B_{y-1} \qquad B_y \ge \sum_{v \le y} \Pi_v \qquad B_y - B_{y-1} \le \overline{B}_y t_y \qquad
        B_y - \sum_{v \le y} \Pi_v \le (\overline{B}_y + \overline{\Lambda}_y) (1 - t_y) \\
        T_y = \tau_y (B_y - B_{y-1}) \qquad B_0 = 0 \qquad \forall y
    """

    def before(m: Model, y: int) -> Expression:
        return m.taxed_profit_meur[y - 1] if y > m.Y[0] else 0

    def so_far(m: Model, y: int) -> Expression:
        return pyo.quicksum(m.profit_meur[v] for v in m.Y if v <= y)

    m.corporate_tax_rises = pyo.Constraint(m.TAXED, rule=lambda m, y: m.taxed_profit_meur[y] >= before(m, y))
    m.corporate_tax_profit = pyo.Constraint(m.TAXED, rule=lambda m, y: m.taxed_profit_meur[y] >= so_far(m, y))
    m.corporate_tax_only = pyo.Constraint(
        m.TAXED,
        rule=lambda m, y: ex.switched(m, m.taxed_profit_meur[y] - before(m, y), m.profit_max[y], m.tax_due[y]),
    )
    m.corporate_tax_exact = pyo.Constraint(
        m.TAXED,
        rule=lambda m, y: ex.switched(
            m,
            m.taxed_profit_meur[y] - so_far(m, y),
            m.profit_max[y] + m.service_loss_max[y],
            1 - m.tax_due[y],
        ),
    )
    m.corporate_tax = pyo.Constraint(
        m.TAXED, rule=lambda m, y: m.tax_meur[y] == m.tax_rate[y] * (m.taxed_profit_meur[y] - before(m, y))
    )


@rule("timely use of the research company's means (AO § 55(1) no. 5)", about_money=True)
def timely_use(m: Model) -> None:
    r"""Cash of the research company is what came in within the years of use, or a reserve (AO § 62(1)).

    .. math::
        L_{research,y} \le \sum_{v = y-n+1}^{y} M_v + \phi \sum_{v \le y} M_v + [owner = research] \sum_{v \le y} W_v
        + \underline{L}_{research} + \sum_f \rho_f S_{f,y+1} \qquad \forall y > n

    with the means M: draws, revenue, fees received and profit transfers.
    """
    terms = m.case.rules.timely_use
    if not terms.enabled or "research" not in m.ACTIVE:
        return

    def means(m: Model, y: int) -> Expression:
        own = [f for f in m.F if m.instrument_entity[f] == "research"]
        received = pyo.quicksum((1 - m.arrangement_fee[f]) * m.draws_meur[f, y] for f in own if (f, y) in m.draws_meur)
        if m.fee_payers and m.owner == "research":
            advance = m.fee_prepaid_meur[y] - m.fee_credited_meur[y] if m.has_prepayment else 0
            received = received + m.infrastructure_fee_meur[y] + advance
        return received + m.revenue_meur["research", y] + (m.profit_transfer_meur[y] if m.has_transfer else 0)

    def held(m: Model, y: int) -> Expression:
        so_far = [v for v in m.Y if v <= y]
        recent = pyo.quicksum(means(m, v) for v in so_far if v > y - terms.years)
        free = m.free_reserve_share * pyo.quicksum(means(m, v) for v in so_far)
        worn = terms.replacement_reserve and m.owner == "research"
        replacement = pyo.quicksum(ex.depreciation(m, v) for v in so_far) if worn else 0
        loans = [f for f in ex.own_loans(m, "research") if y < m.horizon_end]
        account = pyo.quicksum(m.reserve_share[f] * ex.debt_service(m, f, y + 1) for f in loans)
        return recent + free + replacement + m.cash_reserve["research"] + account

    m.timely_use = pyo.Constraint(m.Y[terms.years :], rule=lambda m, y: m.cash_meur["research", y] - held(m, y) <= 0)


PARTS = [profit, corporate_tax, timely_use]
