"""Funding instruments: caps, eligible cost, budgets, matching, alternatives, access time, shares of the funding."""

from __future__ import annotations

import pyomo.environ as pyo

from leam_opt.models import expressions as ex
from leam_opt.models.parts import Expression, Model, rule


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
        rule=lambda m, f: total(m, f) <= m.cap_total[f] * (m.instrument_used[f] if f in m.USED else 1),
    )
    m.caps_ticket = pyo.Constraint(m.TICKET, rule=lambda m, f: total(m, f) >= m.min_ticket[f] * m.instrument_used[f])


@rule("grants only for eligible cost of the research company", about_money=True)
def grant_intensity(m: Model) -> None:
    r"""Grants reach at most their intensity of the research company's eligible cost so far, all gifts the whole of it.

    .. math::
        \sum_{v \le y} d_{fv} \le \iota_f\, C^{basis(f)}_y \qquad
        \sum_{f \in gifts} \sum_{v \le y} d_{fv} \le C^{all}_y \\
        C^{opex}_y = \sum_{v \le y} \big( O_{research,v} + [owner = service] F_v \big) \qquad
        C^{capex}_y = [owner = research] \sum_{v \le y} I_v \\
        C^{computing}_y = [owner = research] \sum_{v \le y} I^{mach}_v \qquad C^{all}_y = C^{opex}_y + C^{capex}_y
    """
    gifts = [f for f in m.F if m.kind[f] in ("grant", "sponsor") and m.instrument_entity[f] == "research"]
    if not gifts:
        return

    owns = m.owner == "research"

    def cost(m: Model, basis: str, y: int) -> Expression:
        bought = m.infrastructure_fee_meur[y] if "research" in m.fee_payers.values() else 0
        parts = {
            "opex": m.opex_meur["research", y] + bought,
            "capex": m.capex_meur[y] if owns else 0,
            "computing_capex": ex.machine_cost(m, y) if owns else 0,
        }
        return parts["opex"] + parts["capex"] if basis == "all" else parts[basis]

    def eligible(m: Model, basis: str, y: int) -> Expression:
        return pyo.quicksum(cost(m, basis, v) for v in m.Y if v <= y)

    m.grant_intensity = pyo.Constraint(
        m.GRANTS,
        m.Y,
        rule=lambda m, f, y: ex.drawn_until(m, [f], y) <= m.intensity[f] * eligible(m, m.grant_basis[f], y),
    )
    m.grant_intensity_all = pyo.Constraint(m.Y, rule=lambda m, y: ex.drawn_until(m, gifts, y) <= eligible(m, "all", y))


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


@rule("budgets that instruments share", about_money=True)
def budget_lines(m: Model) -> None:
    r"""Instruments of one budget line draw within its yearly budget.

    .. math:: \sum_{f \in x} d_{fy} \le \overline{b}_{xy} \qquad \forall x, y
    """
    m.budget_lines = pyo.Constraint(
        [(x, y) for x, members in m.BUDGET.items() for y in m.Y if any((f, y) in m.draws_meur for f in members)],
        rule=lambda m, x, y: ex.draws(m, m.BUDGET[x], y) <= m.budget_max[x, y],
    )


@rule("contributions that have to match others", about_money=True)
def matching(m: Model) -> None:
    r"""One side has given its ratio of the other side's money in every year, not only at the end.

    .. math:: \sum_{v \le y} \sum_{f \in r} d_{fv} \ge \mu_r \sum_{v \le y} \sum_{f \in r'} d_{fv} \qquad \forall r, y
    """
    m.matching = pyo.Constraint(
        [(r, y) for r, (_, matched) in m.MATCHING.items() if matched for y in m.Y],
        rule=lambda m, r, y: (
            m.matching_ratio[r] * ex.drawn_until(m, m.MATCHING[r][1], y) - ex.drawn_until(m, m.MATCHING[r][0], y) <= 0
        ),
    )


@rule("instruments of which only one can be used", about_money=True)
def alternatives(m: Model) -> None:
    r"""Of a group of alternatives one instrument is used at most.

    .. math:: \sum_{f \in alternatives} u_f \le 1
    """
    m.alternatives = pyo.Constraint(
        [name for name, members in m.ALTERNATIVES.items() if len(members) > 1],
        rule=lambda m, name: pyo.quicksum(m.instrument_used[f] for f in m.ALTERNATIVES[name]) <= 1,
    )


@rule("access time bought in advance", about_money=True)
def access(m: Model) -> None:
    r"""Advances for access time stay within their share of the machines' cost, and public compute keeps pace.

    .. math::
        \sum_{v \le y} d_{fv} \le \iota_f \sum_{v \le y} I^{mach}_v \qquad
        \sum_{f \in acc} \frac{1}{p_f} \sum_{w \le y} \sum_{v \le w} \lambda_{vw} d_{fv}
        \le \sum_{w \le y} \sum_k q_{k,public,w} \qquad \forall y
    """
    if not m.ACCESS:
        return

    def delivered(m: Model, y: int) -> Expression:
        return pyo.quicksum(m.compute_mgpuh[k, "public", w] for k in m.K for w in m.Y if w <= y)

    def owed(m: Model, y: int) -> Expression:
        return pyo.quicksum(
            m.access_release[v, w] / m.access_price[f] * m.draws_meur[f, v]
            for f, v in m.DRAW
            if f in m.ACCESS
            for w in m.Y
            if v <= w <= y
        )

    m.access_cost = pyo.Constraint(
        m.ACCESS,
        m.Y,
        rule=lambda m, f, y: (
            ex.drawn_until(m, [f], y) <= m.intensity[f] * pyo.quicksum(ex.machine_cost(m, v) for v in m.Y if v <= y)
        ),
    )
    m.access_delivery = pyo.Constraint(m.Y, rule=lambda m, y: owed(m, y) <= delivered(m, y))


@rule("largest share of loans in the money of a company", about_money=True)
def gearing(m: Model) -> None:
    r"""Loans stay within their share of all money that a company has drawn so far.

    .. math::
        \sum_{v \le y} \sum_{f \in loans(e)} d_{fv} \le \overline{\gamma}_e \sum_{v \le y} \sum_{f \in e} d_{fv}
        \qquad \forall e, y
    """

    def others(e: str) -> list[str]:
        return [f for f in m.F if m.instrument_entity[f] == e and f not in m.LOANS]

    m.gearing = pyo.Constraint(
        [e for e in m.ACTIVE if ex.own_loans(m, e)],
        m.Y,
        rule=lambda m, e, y: (
            (1 - m.gearing_max[e]) * ex.drawn_until(m, ex.own_loans(m, e), y)
            - m.gearing_max[e] * ex.drawn_until(m, others(e), y)
            <= 0
        ),
    )


PARTS = [caps, grant_intensity, access, budget_lines, matching, alternatives, private_money, gearing]
