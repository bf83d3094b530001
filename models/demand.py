"""What commercial customers rent and buy, at a given price or at a point of a demand curve that the plan chooses."""

from __future__ import annotations

import pyomo.environ as pyo

from leam_opt.models.parts import Expression, Model, identity


def _adopted(m: Model, figures: Expression, y: int) -> Expression:
    return pyo.quicksum(figures[a, y] * m.adoption[a, y] for a in m.A)


@identity("commercial customers buy no more than their demand")
def demand(m: Model) -> None:
    r"""Commercial customers rent and buy at most the demand of the adoption level in force.

    .. math::
        q_{k,private,y} \le \sum_a D^k_{ay}\, a_{ay} \quad k \in \{core, tuning\}, \forall y \qquad
        k_{private,y} \le \sum_a D^{tok}_{ay}\, a_{ay} \quad \forall y
    """
    if not m.M:
        for pool in ("core", "tuning"):
            figures = getattr(m, f"demand_{pool}")
            rows = pyo.Constraint(
                m.Y,
                rule=lambda m, y, k=pool, d=figures: m.compute_mgpuh[k, "private", y] <= _adopted(m, d, y),
            )
            setattr(m, f"demand_{pool}_met", rows)
    if not m.L:
        m.demand_tokens_met = pyo.Constraint(
            m.Y, rule=lambda m, y: m.tokens_bn_per_day["private", y] <= _adopted(m, m.demand_tokens, y)
        )


@identity("one point of the demand curve")
def demand_curve(m: Model) -> None:
    r"""Where a price is a decision, sales are at the chosen point of the demand curve, the same in all years.

    Price times quantity is linear because sales are split by point: only those of the chosen point can be positive.

    .. math::
        \sum_l \pi_l = 1 \qquad k_{private,y} = \sum_l k_{ly} \qquad
        k_{ly} \le \varphi_l \max_a D^{tok}_{ay}\, \pi_l \qquad
        \sum_l \frac{k_{ly}}{\varphi_l} \le \sum_a D^{tok}_{ay}\, a_{ay}

    and likewise for core and tuning compute at the points m of their curve.
    """
    sold = {"tokens": m.tokens_bn_per_day, "core": m.compute_mgpuh, "tuning": m.compute_mgpuh}
    for service, quantity in sold.items():
        points = m.L if service == "tokens" else m.M
        if not points:
            continue
        share = m.token_level_demand if service == "tokens" else m.cluster_level_demand
        choice = m.token_price_level if service == "tokens" else m.cluster_price_level
        key = () if service == "tokens" else (service,)
        _points(m, service, quantity, key, points, share, choice)
    if m.L:
        m.demand_curve_token_price = pyo.Constraint(expr=pyo.quicksum(m.token_price_level[p] for p in m.L) == 1)
    if m.M:
        m.demand_curve_cluster_price = pyo.Constraint(expr=pyo.quicksum(m.cluster_price_level[p] for p in m.M) == 1)


def _points(
    m: Model,
    service: str,
    quantity: Expression,
    key: tuple[str, ...],
    points: list[int],
    share: Expression,
    choice: Expression,
) -> None:
    """Rows of one service: sales by point, within the chosen point and the adoption level."""
    figures, largest, at = getattr(m, f"demand_{service}"), getattr(m, f"demand_{service}_max"), m.sold_at_level
    rows = {
        "sum": pyo.Constraint(
            m.Y,
            rule=lambda m, y: quantity[(*key, "private", y)] == pyo.quicksum(at[service, p, y] for p in points),
        ),
        "choice": pyo.Constraint(
            points, m.Y, rule=lambda m, p, y: at[service, p, y] <= share[p] * largest[y] * choice[p]
        ),
        "adopted": pyo.Constraint(
            m.Y,
            rule=lambda m, y: pyo.quicksum(at[service, p, y] / share[p] for p in points) <= _adopted(m, figures, y),
        ),
    }
    for name, constraint in rows.items():
        setattr(m, f"demand_curve_{service}_{name}", constraint)


PARTS = [demand, demand_curve]
