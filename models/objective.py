"""What is minimised, in lexicographic order."""

from __future__ import annotations

from dataclasses import dataclass

import pyomo.environ as pyo

from leam_opt.models import expressions as ex
from leam_opt.models.parts import Expression, Model

MACHINES = (
    "units_bought",
    "cpu_units_bought",
    "site_open",
    "power_modules_built",
    "core_models",
    "training_place",
    "staff_step",
)
"""Whole-number decisions about things; the others are about money."""
TIMING = ("power_modules_built", "cpu_units_bought", "site_open")
"""Whole-number decisions whose timing may cost nothing in nominal euros."""


@dataclass(frozen=True)
class Stage:
    """One objective of the lexicographic order.

    Attributes:
        name: its Pyomo Expression on the model.
        title: for progress and reports.
        unit: of the expression.
        held: integer decisions that stay as the stage before left them.
        only_free: if given, all integer decisions but these stay.
    """

    name: str
    title: str
    unit: str
    held: tuple[str, ...] = ()
    only_free: tuple[str, ...] | None = None

    @property
    def is_free(self) -> bool:
        """Whether all decisions are free, so that the stage proves its objective."""
        return not self.held and self.only_free is None


UNFUNDED_GAP = Stage("unfunded_gap", "unfunded gap", "MEUR")
DEFICIT = Stage("deficit", "deficit", "MEUR")
PUBLIC_MONEY = Stage("public_money", "public money drawn", "MEUR", held=MACHINES)
PUBLIC_MONEY_NPV = Stage("public_money_npv", "public money drawn, discounted", "MEUR")
PUBLIC_COMPUTE = Stage("less_public_compute", "public compute (negative)", "Mgpuh")
SPARE_COMPUTE = Stage("less_public_compute", "spare capacity for public users", "Mgpuh", held=MACHINES)
EARLY_MONEY = Stage("earliness", "money, sites and grid power no earlier than needed", "MEUR a", only_free=TIMING)

ORDERS = {
    "deficit": [UNFUNDED_GAP, DEFICIT, PUBLIC_MONEY, SPARE_COMPUTE, EARLY_MONEY],
    "public_money_npv": [UNFUNDED_GAP, PUBLIC_MONEY_NPV, DEFICIT, SPARE_COMPUTE, EARLY_MONEY],
    "public_compute": [UNFUNDED_GAP, PUBLIC_COMPUTE, DEFICIT, EARLY_MONEY],
}


def _residual_value(m: Model) -> Expression:
    """Straight-line value at the horizon; zero unless the case asks for it."""
    servers = pyo.quicksum(m.unit_residual[g, v] * m.unit_price[g, v] * m.units_bought[s, g, v] for s, g, v in m.BUY)
    places = pyo.quicksum(
        m.cpu_residual[v] * m.cpu_unit_price * m.cpu_units_bought[s, v]
        + m.building_residual[s, v]
        * (
            m.module_price[s] * m.power_modules_built[s, v]
            + m.opening_cost[s] * ex.opened(m, s, v)
            + m.grid_connection_cost[s] * ex.grid_added_mw(m, s, v)
        )
        for s, v in m.SY
    )
    return servers + places


def stages(m: Model) -> None:
    r"""Lexicographic: unfunded gap, then the deficit over the horizon, then public money (or what the case names).

    Public money is minimised for the machines of the least deficit; spare capacity then goes to public users, and a
    last stage spends, draws and contracts grid power as late as possible, so that nominal ties have one answer.

    .. math::
        \min \; \Big( \sum_{ey} G_{ey},\;
        \sum_y I_y + \sum_{ey} (O_{ey} - R_{ey}) + \sum_{fy} (i_{fy} + g_{fy} + (\epsilon_f + c_f) d_{fy})
        + \sum_{f \in inv} \big( \sum_y v_{fy} + r_f + \ell_f - \sum_y d_{fy} \big) + \sum_y T_y - W,\;
        \sum_{f \in pub} \sum_y d_{fy} \Big)
    """
    running = pyo.quicksum(m.opex_meur[e, y] - m.revenue_meur[e, y] for e in m.ACTIVE for y in m.Y)
    spent = pyo.quicksum(m.capex_meur[y] for y in m.Y)
    residual = _residual_value(m) if m.case.objective.residual_value else 0
    m.unfunded_gap = pyo.Expression(expr=pyo.quicksum(m.unfunded_gap_meur[e, y] for e in m.ACTIVE for y in m.Y))
    charges = ex.financing_cost(m) + ex.corporate_tax(m)
    m.deficit = pyo.Expression(expr=spent + running + charges - residual)
    m.public_money = pyo.Expression(expr=ex.drawn_until(m, m.PUBLIC_MONEY, m.horizon_end))
    m.public_money_npv = pyo.Expression(
        expr=pyo.quicksum(m.public_money_value[y] * ex.draws(m, m.PUBLIC_MONEY, y) for y in m.Y)
    )
    m.less_public_compute = pyo.Expression(expr=-ex.public_compute(m))
    m.gross_cost = pyo.Expression(expr=spent + pyo.quicksum(m.opex_meur[e, y] for e in m.ACTIVE for y in m.Y) + charges)
    last = m.horizon_end + 1
    drawn = pyo.quicksum((last - y) * m.draws_meur[f, y] for f, y in m.DRAW)
    spent_early = pyo.quicksum((last - y) * m.capex_meur[y] for y in m.Y)
    contracted = pyo.quicksum(m.grid_power_mw[s, y] for s, y in m.SY)
    opened = pyo.quicksum(m.site_open[s, y] for s, y in m.SY)
    m.earliness = pyo.Expression(expr=drawn + spent_early + contracted + opened)
    m.stages = ORDERS[m.case.objective.name]
    if m.case.objective.deficit_max is not None:
        m.deficit_limit = pyo.Constraint(expr=m.deficit <= m.deficit_max)
    m.objective = pyo.Objective(expr=m.unfunded_gap, sense=pyo.minimize)
