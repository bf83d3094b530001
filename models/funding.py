"""Funding instruments, debt cover, the investors' hurdle, and the ring-fence between the companies."""

from __future__ import annotations

import pyomo.environ as pyo

from leam_opt.models import expressions as ex
from leam_opt.models.parts import Expression, Model, identity, rule


@rule("largest sum of each funding instrument", bounded=("draws_meur",), about_money=True)
def caps(m: Model) -> None:
    r"""Draws stay within the instrument's total, and reach its minimum ticket if it is used at all.

    .. math::
        \underline{t}_f\, u_f \le \sum_y d_{fy} \le \overline{d}_f\, u_f \qquad 0 \le d_{fy} \le \overline{d}_{fy}
    """
    drawable = list(dict.fromkeys(f for f, _ in m.DRAW))

    def total(m: Model, f: str) -> Expression:
        return ex.drawn_until(m, [f], m.horizon_end)

    m.caps_total = pyo.Constraint(
        drawable,
        rule=lambda m, f: total(m, f) <= m.cap_total[f] * (m.instrument_used[f] if f in m.TICKET else 1),
    )
    m.caps_ticket = pyo.Constraint(m.TICKET, rule=lambda m, f: total(m, f) >= m.min_ticket[f] * m.instrument_used[f])


@rule("grants only for eligible cost of the research company", about_money=True)
def grant_intensity(m: Model) -> None:
    r"""Grants reach at most their intensity of the research company's eligible cost so far, all gifts the whole of it.

    .. math::
        \sum_{v \le y} d_{fv} \le \iota_f\, C_y \qquad \sum_{f \in gifts} \sum_{v \le y} d_{fv} \le C_y, \quad
        C_y = \sum_{v \le y} \big( O_{research,v} + [owner = research] I_v + [owner = service] F_v \big)
    """
    gifts = [f for f in m.F if m.kind[f] in ("grant", "sponsor") and m.instrument_entity[f] == "research"]
    if not gifts:
        return

    def cost(m: Model, y: int) -> Expression:
        bought = m.infrastructure_fee_meur[y] if "research" in m.fee_payers.values() else 0
        return m.opex_meur["research", y] + (m.capex_meur[y] if m.owner == "research" else bought)

    def eligible(m: Model, y: int) -> Expression:
        return pyo.quicksum(cost(m, v) for v in m.Y if v <= y)

    m.grant_intensity = pyo.Constraint(
        m.GRANTS, m.Y, rule=lambda m, f, y: ex.drawn_until(m, [f], y) <= m.intensity[f] * eligible(m, y)
    )
    m.grant_intensity_all = pyo.Constraint(m.Y, rule=lambda m, y: ex.drawn_until(m, gifts, y) <= eligible(m, y))


@rule("private share of the funding", about_money=True)
def private_money(m: Model) -> None:
    r"""Private money keeps its smallest and largest share of the funding; a gap counts as money that is not private.

    .. math::
        \sum_{f \in priv} D_f \ge \underline{\psi} \Big( \sum_f D_f + \sum_{ey} G_{ey} \Big) \qquad
        \sum_{f \in priv} D_f \le \overline{\psi} \sum_f D_f
    """
    private = ex.drawn_until(m, m.PRIVATE_MONEY, m.horizon_end)
    public = ex.drawn_until(m, m.PUBLIC_MONEY, m.horizon_end)
    gap = pyo.quicksum(m.unfunded_gap_meur[e, y] for e in m.ACTIVE for y in m.Y)
    low, high = m.private_money_min, m.private_money_max
    m.private_money_share_min = pyo.Constraint(expr=(1 - low) * private - low * (public + gap) >= 0)
    m.private_money_share_max = pyo.Constraint(expr=(1 - high) * private - high * public <= 0)


@rule("debt service cover of the loans", about_money=True)
def debt_cover(m: Model) -> None:
    r"""In years with debt service the operating cash flow (CFADS) covers it by the loans' ratio (DSCR).

    .. math::
        \sum_{f \in e} \delta_f (i_{fy} + t_{fy}) \le \overline{S}_{ey}\, b_{ey} \qquad
        \sum_{f \in e} \delta_f (i_{fy} + t_{fy}) \le R_{ey} - O_{ey} \pm F_y + \overline{O}_{ey} (1 - b_{ey})
    """

    def weighted(m: Model, e: str, y: int) -> Expression:
        return pyo.quicksum(
            m.dscr_min[f] * ex.loan_payment(m, f, y, part)
            for f in m.LOANS
            if m.instrument_entity[f] == e
            for part in ("interest", "principal")
        )

    def cash_flow(m: Model, e: str, y: int) -> Expression:
        fee = 0 if not m.fee_payers else m.infrastructure_fee_meur[y] * (1 if e == m.owner else -1)
        return m.revenue_meur[e, y] - m.opex_meur[e, y] + fee

    m.debt_cover_due = pyo.Constraint(
        m.DEBTOR, rule=lambda m, e, y: weighted(m, e, y) - m.debt_service_max[e, y] * m.debt_due[e, y] <= 0
    )
    m.debt_cover = pyo.Constraint(
        m.DEBTOR,
        rule=lambda m, e, y: (
            weighted(m, e, y) <= cash_flow(m, e, y) + m.operating_loss_max[e, y] * (1 - m.debt_due[e, y])
        ),
    )


@rule("return that the investors ask for", about_money=True)
def hurdle(m: Model) -> None:
    r"""Dividends and redemption give the investors their hurdle rate; redemption pays back contributions, no more.

    Dividends never run ahead of what the contributions so far have earned: otherwise the optimiser pays "dividends"
    first and draws the equity in the last year, when it only decorates the private share.

    .. math::
        \sum_y \frac{v_{fy}}{(1 + h_f)^{y}} + \frac{r_f}{(1 + h_f)^{H}} \ge \sum_y \frac{d_{fy}}{(1 + h_f)^{y-1}}
        \qquad r_f \le \sum_y d_{fy} \qquad
        \sum_{v \le y} \frac{v_{fv}}{(1 + h_f)^{v}} \le \sum_{v \le y} \frac{d_{fv}}{(1 + h_f)^{v-1}}
        \quad \forall y < H \qquad \forall f \in equity
    """
    m.hurdle = pyo.Constraint(
        m.EQUITY,
        rule=lambda m, f: (
            pyo.quicksum(m.payout_value[f, y] * m.dividends_meur[f, y] for y in m.Y)
            + m.payout_value[f, m.horizon_end] * m.redemption_meur[f]
            >= pyo.quicksum(m.draw_value[f2, y] * m.draws_meur[f2, y] for f2, y in m.DRAW if f2 == f)
        ),
    )
    m.hurdle_claim = pyo.Constraint(
        m.EQUITY,
        m.Y[:-1],
        rule=lambda m, f, y: (
            pyo.quicksum(m.payout_value[f, v] * m.dividends_meur[f, v] for v in m.Y if v <= y)
            <= pyo.quicksum(m.draw_value[f2, v] * m.draws_meur[f2, v] for f2, v in m.DRAW if f2 == f and v <= y)
        ),
    )
    m.hurdle_redemption = pyo.Constraint(
        m.EQUITY, rule=lambda m, f: m.redemption_meur[f] <= ex.drawn_until(m, [f], m.horizon_end)
    )


def _service_profit(m: Model, y: int) -> Expression:
    """Profit of the service company in a year: surplus less interest, fees and the wear of what it owns."""
    fee = 0 if not m.fee_payers else m.infrastructure_fee_meur[y] * (1 if m.owner == "service" else -1)
    own = [f for f in m.F if m.instrument_entity[f] == "service"]
    interest = pyo.quicksum(ex.loan_payment(m, f, y, "interest") for f in own if f in m.LOANS)
    arranged = pyo.quicksum(m.arrangement_fee[f] * m.draws_meur[f, y] for f in own if (f, y) in m.draws_meur)
    surplus = m.revenue_meur["service", y] - m.opex_meur["service", y] + fee - interest - arranged
    return surplus - (_depreciation(m, y) if m.owner == "service" else 0)


def _depreciation(m: Model, y: int) -> Expression:
    servers = pyo.quicksum(
        m.unit_depreciation[g, v, y] * m.unit_price[g, v] * m.units_bought[s, g, v] for s, g, v in m.BUY if v <= y
    )
    places = pyo.quicksum(
        m.cpu_depreciation[v, y] * m.cpu_unit_price * m.cpu_units_bought[s, v]
        + m.building_depreciation[s, v, y]
        * (
            m.module_price[s] * m.power_modules_built[s, v]
            + m.opening_cost[s] * ex.opened(m, s, v)
            + m.grid_connection_cost[s] * ex.grid_added_mw(m, s, v)
        )
        for s, v in m.SY
        if v <= y
    )
    return servers + places


@identity("dividends only from the service company's profit", about_money=True)
def ring_fence(m: Model) -> None:
    r"""The service company distributes only accumulated profit; grants never become dividends (AO §§ 55, 58).

    .. math::
        \sum_f v_{fy} + u_y \le \overline{V}_y\, b_y \qquad
        \sum_{v \le y} \Big( \sum_f v_{fv} + u_v \Big) \le \sum_{v \le y} \Pi_v + (\overline{\Lambda}_y
        + \overline{V}_y) (1 - b_y) \qquad \forall y

    A year without profit so far is a year without distribution (b = 0).
    """
    if not m.DISTRIBUTE:
        return

    def paid(m: Model, y: int) -> Expression:
        dividends = pyo.quicksum(m.dividends_meur[f, y] for f in m.EQUITY)
        return dividends + (m.profit_transfer_meur[y] if m.has_transfer else 0)

    m.ring_fence_year = pyo.Constraint(
        m.DISTRIBUTE, rule=lambda m, y: paid(m, y) <= m.distribution_max[y] * m.may_distribute[y]
    )
    m.ring_fence = pyo.Constraint(
        m.DISTRIBUTE,
        rule=lambda m, y: (
            pyo.quicksum(paid(m, v) - _service_profit(m, v) for v in m.Y if v <= y)
            <= (m.service_loss_max[y] + m.distribution_max[y]) * (1 - m.may_distribute[y])
        ),
    )


PARTS = [caps, grant_intensity, private_money, debt_cover, hurdle, ring_fence]
