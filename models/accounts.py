"""Yearly accounts of the two companies: capital expenditure, operating cost, revenue, infrastructure fee, cash."""

from __future__ import annotations

import pyomo.environ as pyo

from leam_opt.models import expressions as ex
from leam_opt.models.parts import Expression, Model, identity


@identity("capital expenditure", about_money=True)
def capex(m: Model) -> None:
    r"""Capital expenditure of the owner of the infrastructure, at the start of the year.

    .. math::
        I_y = \sum_{sg} c_{gy} x^{buy}_{sgy} + \sum_s \big( c^{cpu} x^{cpu}_{sy} + c^{mod}_s m_{sy}
        + c^{open}_s (o_{sy} - o_{s,y-1}) + c^{con}_s (g_{sy} - g_{s,y-1}) \big) \qquad \forall y
    """

    def spent(m: Model, y: int) -> Expression:
        places = pyo.quicksum(
            m.module_price[s] * m.power_modules_built[s, y]
            + m.opening_cost[s] * ex.opened(m, s, y)
            + m.grid_connection_cost[s] * ex.grid_added_mw(m, s, y)
            for s, y2 in m.SY
            if y2 == y
        )
        return ex.machine_cost(m, y) + places

    m.capex = pyo.Constraint(m.Y, rule=lambda m, y: m.capex_meur[y] == spent(m, y))


def _infrastructure_opex(m: Model, y: int) -> Expression:
    sites = [s for s, y2 in m.SY if y2 == y]
    hardware = pyo.quicksum(
        m.upkeep_hardware * m.unit_price[g, v] * m.units_bought[s, g, v]
        for s, g in ex.running(m, y)
        for v in m.bought_alive[s, g, y]
    ) + pyo.quicksum(m.upkeep_hardware * m.cpu_unit_price * ex.cpu_alive(m, s, y) for s in sites)
    building = pyo.quicksum(
        m.upkeep_building * m.module_price[s] * m.power_modules_built[s, v] for s, v in m.SY if v <= y
    )
    electricity = pyo.quicksum(m.energy_price[j, y] * m.energy_gwh[j, s, y] for j, s, y2 in m.SUPPLY if y2 == y)
    places = pyo.quicksum(
        m.site_fixed_cost[s] * m.site_open[s, y]
        + m.grid_fee[s] * m.grid_power_mw[s, y]
        + m.heat_extraction_cost[s] * m.heat_sold_gwh[s, y]
        for s in sites
    )
    return hardware + building + electricity + places + m.cpu_rent * m.cpu_cores_rented_k[y] + m.fixed_opex


def _pool_opex(m: Model, k: str, y: int) -> Expression:
    team = pyo.quicksum(m.salary * m.step_people[k, p] * m.staff_step[k2, p, y] for k2, p in m.STEP if k2 == k)
    if k != "core":
        return team
    developed = pyo.quicksum(m.core_models[n, y2] for n, y2 in m.DEVELOP if y2 == y)
    return team + m.salary * m.people_per_model * developed


@identity("operating cost", about_money=True)
def opex(m: Model) -> None:
    r"""Operating cost at the end of the year: the infrastructure with its owner, teams with the pool's company.

    .. math::
        O_{ey} = [e = owner] \Big( u^{hw} H_y + u^{b} B_y + \sum_{js} c_{jy} e_{jsy}
        + \sum_s (f_s o_{sy} + \phi_s g_{sy} + \xi_s w_{sy}) + c^{rent} r_y + c^{fix} \Big) \\
        + \sum_{k \in e} s \Big( \sum_p n_{kp} w_{kpy} + [k = core]\, n^{mod} \sum_n z_{ny} \Big)
        + [e \ne owner]\, \nu F_y \qquad \forall e, y

    Prices of the owner's purchases contain VAT that it cannot deduct; so does the fee of a payer, by the rate nu.
    """

    def cost(m: Model, e: str, y: int) -> Expression:
        pools = pyo.quicksum(_pool_opex(m, k, y) for k in m.K if m.pool_entity[k] == e)
        if e == m.owner:
            return pools + _infrastructure_opex(m, y)
        return pools + (m.fee_vat * m.infrastructure_fee_meur[y] if m.fee_payers else 0)

    m.opex = pyo.Constraint(m.ACTIVE, m.Y, rule=lambda m, e, y: m.opex_meur[e, y] == cost(m, e, y))


def revenue_lines(m: Model, k: str, y: int) -> Expression:
    """What a pool's commercial customers pay."""
    if k == "inference" and m.L:
        return pyo.quicksum(m.token_level_price[p] * m.sold_at_level["tokens", p, y] for p in m.L)
    if k != "inference" and m.M:
        return pyo.quicksum(m.cluster_level_price[p] * m.sold_at_level[k, p, y] for p in m.M)
    if k == "inference":
        return m.price_tokens * m.tokens_bn_per_day["private", y]
    return m.price_gpuh * m.compute_mgpuh[k, "private", y]


@identity("revenue", about_money=True)
def revenue(m: Model) -> None:
    r"""Revenue from customers at the end of the year: compute and tokens with the pool's company, heat with the owner.

    .. math::
        R_{ey} = \sum_{k \in e} R_{ky} + [e = owner] \sum_s p^{heat}_s w_{sy} \\
        R_{core,y} = p\, q_{core,private,y},\; R_{tuning,y} = p\, q_{tuning,private,y},\;
        R_{inference,y} = p^{tok} k_{private,y}
    """

    def earned(m: Model, e: str, y: int) -> Expression:
        pools = pyo.quicksum(revenue_lines(m, k, y) for k in m.K if m.pool_entity[k] == e)
        if e != m.owner:
            return pools
        return pools + pyo.quicksum(m.heat_price[s] * m.heat_sold_gwh[s, y] for s, y2 in m.SY if y2 == y)

    m.revenue = pyo.Constraint(m.ACTIVE, m.Y, rule=lambda m, e, y: m.revenue_meur[e, y] == earned(m, e, y))


@identity("infrastructure fee between the companies", about_money=True)
def infrastructure_fee(m: Model) -> None:
    r"""A company that does not own the infrastructure pays its owner for its pools' compute; part of it in advance.

    .. math::
        F_y = \varphi \sum_{k \notin owner} \sum_c q_{kcy} \qquad b_y \le F_y \qquad
        \sum_{v \le y} b_v \le \sum_{v \le y} a_v \qquad \sum_y b_y = \sum_y a_y
    """
    m.infrastructure_fee = pyo.Constraint(
        m.Y,
        rule=lambda m, y: (
            m.infrastructure_fee_meur[y]
            == m.fee_gpuh * pyo.quicksum(m.compute_mgpuh[k, c, y] for k in m.fee_payers for c in m.C)
        ),
    )
    if not m.has_prepayment:
        return

    def balance(m: Model, y: int) -> Expression:
        return pyo.quicksum(m.fee_prepaid_meur[v] - m.fee_credited_meur[v] for v in m.Y if v <= y)

    m.infrastructure_fee_credit = pyo.Constraint(
        m.Y, rule=lambda m, y: m.fee_credited_meur[y] <= m.infrastructure_fee_meur[y]
    )
    m.infrastructure_fee_advance = pyo.Constraint(m.Y, rule=lambda m, y: balance(m, y) >= 0)
    m.infrastructure_fee_settled = pyo.Constraint(expr=balance(m, m.horizon_end) == 0)


@identity("cash of each company", about_money=True)
def cash(m: Model) -> None:
    r"""Cash of each company: investment and draws at the start of the year, operation and debt service at its end.

    .. math::
        L'_{ey} = L_{e,y-1} + \sum_{f \in e} (1 - \epsilon_f - c_f) d_{fy} + G_{ey} - [e = owner] I_y \pm a_y \\
        L_{ey} = L'_{ey} + R_{ey} - O_{ey} \pm (F_y - b_y) \pm u_y - \sum_{f \in e} S_{fy} - T_y - v_{fy}
        \ge \underline{L}_e

    The unfunded gap G closes the rows: no financing is infeasible for money, it shows how much is missing.
    """

    def sign(e: str) -> int:
        """+1 for the receiver of the infrastructure fee, -1 for its payer, 0 where there is none."""
        if not m.fee_payers:
            return 0
        return 1 if e == m.owner else -1

    def invested(m: Model, e: str, y: int) -> Expression:
        before = m.cash_meur[e, y - 1] if y > m.Y[0] else 0
        own = [f for f in m.F if m.instrument_entity[f] == e]
        drawn = pyo.quicksum(m.draws_meur[f, y] for f in own if (f, y) in m.draws_meur)
        net = drawn - ex.arrangement_fees(m, e, y) - ex.construction_interest(m, e, y)
        advance = sign(e) * m.fee_prepaid_meur[y] if m.has_prepayment else 0
        return before + net + m.unfunded_gap_meur[e, y] - (m.capex_meur[y] if e == m.owner else 0) + advance

    def closing(m: Model, e: str, y: int) -> Expression:
        fee = sign(e) * (m.infrastructure_fee_meur[y] - (m.fee_credited_meur[y] if m.has_prepayment else 0))
        transfer = (1 if e == "research" else -1) * m.profit_transfer_meur[y] if m.has_transfer else 0
        service = pyo.quicksum(ex.debt_service(m, f, y) for f in ex.own_loans(m, e))
        paid = pyo.quicksum(m.dividends_meur[f, y] for f in m.INVESTORS) if e == "service" else 0
        if e == "service" and y == m.horizon_end:
            paid = paid + pyo.quicksum(m.redemption_meur[f] for f in m.INVESTORS)
        if e == "service" and m.TAXED:
            paid = paid + m.tax_meur[y]
        return m.cash_invested_meur[e, y] + m.revenue_meur[e, y] - m.opex_meur[e, y] + fee + transfer - service - paid

    m.cash_start = pyo.Constraint(m.ACTIVE, m.Y, rule=lambda m, e, y: m.cash_invested_meur[e, y] == invested(m, e, y))
    m.cash_end = pyo.Constraint(m.ACTIVE, m.Y, rule=lambda m, e, y: m.cash_meur[e, y] == closing(m, e, y))


PARTS = [capex, opex, revenue, infrastructure_fee, cash]
