"""Charitable status and state aid: three rules with scopes of their own."""

from __future__ import annotations

import pyomo.environ as pyo

from leam_opt.models import expressions as ex
from leam_opt.models.parts import Expression, Model, rule


@rule("public use of the pools in scope (charitable status)")
def public_use(m: Model) -> None:
    r"""Public compute over all compute of the pools in scope, every year (paper: at least 90 % of the core pool).

    Scope `core` is the paper's argument, scope `all` the strict reading.

    .. math:: \sum_{k \in \mathcal{K}} \Big( q_{k,public,y} - \beta \sum_c q_{kcy} \Big) \ge 0 \qquad \forall y
    """
    terms = m.case.rules.public_use
    if not terms.enabled:
        return
    scope = m.K if terms.scope == "all" else ["core"]
    m.public_use = pyo.Constraint(
        m.Y,
        rule=lambda m, y: (
            (1 - m.public_use_min) * pyo.quicksum(m.compute_mgpuh[k, "public", y] for k in scope)
            - m.public_use_min * pyo.quicksum(m.compute_mgpuh[k, "private", y] for k in scope)
            >= 0
        ),
    )


@rule("ancillary economic use of the research infrastructure (state aid)")
def ancillary_use(m: Model) -> None:
    r"""Private compute stays ancillary to the yearly capacity (RDI framework 2022/C 414/01: at most 20 %).

    .. math:: \sum_{k \in \mathcal{K}} q_{k,private,y} \le \alpha \sum_{sg} \kappa_g\, x_{sgy} \qquad \forall y

    In scope `core` the capacity is that of the core pool's servers.
    """
    terms = m.case.rules.ancillary_use
    if not terms.enabled:
        return
    scope = m.K if terms.scope == "all" else ["core"]

    def available(m: Model, y: int) -> Expression:
        if terms.scope == "core":
            return ex.pool_capacity(m, "core", y)
        return pyo.quicksum(m.unit_capacity[g] * ex.computing(m, s, g, y) for s, g in ex.running(m, y))

    m.ancillary_use = pyo.Constraint(
        m.Y,
        rule=lambda m, y: (
            pyo.quicksum(m.compute_mgpuh[k, "private", y] for k in scope) <= m.ancillary_use_max * available(m, y)
        ),
    )


@rule("grants as the main income of the research company (AO § 68 no. 9)", about_money=True)
def grant_income(m: Model) -> None:
    r"""Grants, sponsors and asset management are the main income of the research company (AO § 68 no. 9).

    .. math::
        (1 - \gamma) \Big( \sum_{f \in grants} d_{fy} + u_y \Big) \ge \gamma\, (R_{research,y} + F_y) \qquad \forall y

    with the profit transfer u, customers' revenue R, and the infrastructure fee F with access time that becomes income.
    """
    if not m.case.rules.grant_income.enabled or "research" not in m.ACTIVE:
        return
    given = [f for f in m.F if m.kind[f] in ("grant", "sponsor") and m.instrument_entity[f] == "research"]

    def income(m: Model, y: int) -> Expression:
        earned = m.infrastructure_fee_meur[y] + ex.access_income(m, y) if m.owner == "research" else 0
        return m.revenue_meur["research", y] + earned

    def gifts(m: Model, y: int) -> Expression:
        return ex.draws(m, given, y) + (m.profit_transfer_meur[y] if m.has_transfer else 0)

    m.grant_income = pyo.Constraint(
        m.Y,
        rule=lambda m, y: (1 - m.grant_income_min) * gifts(m, y) >= m.grant_income_min * income(m, y),
    )


PARTS = [public_use, ancillary_use, grant_income]
