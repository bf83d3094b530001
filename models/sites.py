"""Sites, IT power, grid power and the CPU servers that use them."""

from __future__ import annotations

import pyomo.environ as pyo

from leam_opt.models import expressions as ex
from leam_opt.models.parts import Model, rule


@rule(
    "size of the sites (IT power modules and grid connection)",
    bounded=("units_bought", "power_modules_built", "cpu_units_bought", "grid_power_mw"),
)
def site(m: Model) -> None:
    r"""Servers and modules stand only at open sites, an open site stays open, and modules fit the site.

    .. math::
        o_{s,y} \ge o_{s,y-1} \qquad x^{buy}_{sgv} \le \overline{x}_{sg}\, o_{sv} \qquad
        \sum_{v \le y} m_{sv} \le \overline{m}_s\, o_{sy} \qquad x^{cpu}_{sv} \le \overline{x}^{cpu}_s\, o_{sv}
    """
    m.site_stays_open = pyo.Constraint(
        [(s, y) for s, y in m.SY if (s, y - 1) in m.SY], rule=lambda m, s, y: m.site_open[s, y] >= m.site_open[s, y - 1]
    )
    m.site_units = pyo.Constraint(
        m.BUY, rule=lambda m, s, g, v: m.units_bought[s, g, v] <= m.units_max[s, g] * m.site_open[s, v]
    )
    m.site_modules = pyo.Constraint(
        m.SY,
        rule=lambda m, s, y: (
            pyo.quicksum(m.power_modules_built[s, v] for v in m.Y if v <= y and (s, v) in m.SY)
            <= m.modules_max[s] * m.site_open[s, y]
        ),
    )
    m.site_cpu = pyo.Constraint(
        m.SY, rule=lambda m, s, y: m.cpu_units_bought[s, y] <= m.cpu_units_max[s] * m.site_open[s, y]
    )


@rule("IT power built covers the nameplate of all servers")
def power(m: Model) -> None:
    r"""IT power built covers the nameplate of all servers in service.

    .. math::
        \sum_g p_g \sum_{v \le y < v + L_g} x^{buy}_{sgv} + p^{cpu} \sum_v x^{cpu}_{sv} \le P_s \sum_{v \le y} m_{sv}
        \qquad \forall s, y
    """
    m.power = pyo.Constraint(m.SY, rule=lambda m, s, y: ex.nameplate_mw(m, s, y) <= ex.it_power_mw(m, s, y))


@rule("grid connection of the site")
def grid(m: Model) -> None:
    r"""IT power times PUE stays within the grid power contracted, which stays within the site's connection.

    .. math::
        \eta_s P_s \sum_{v \le y} m_{sv} \le g_{sy} \le \overline{g}_s\, o_{sy} \qquad g_{s,y} \ge g_{s,y-1}
    """
    m.grid_power = pyo.Constraint(
        m.SY, rule=lambda m, s, y: m.pue[s] * ex.it_power_mw(m, s, y) <= m.grid_power_mw[s, y]
    )
    m.grid_open = pyo.Constraint(
        m.SY, rule=lambda m, s, y: m.grid_power_mw[s, y] <= m.grid_limit[s] * m.site_open[s, y]
    )
    m.grid_kept = pyo.Constraint(
        [(s, y) for s, y in m.SY if (s, y - 1) in m.SY],
        rule=lambda m, s, y: m.grid_power_mw[s, y] >= m.grid_power_mw[s, y - 1],
    )


@rule("largest PUE that the law allows for an open site")
def pue_limit(m: Model) -> None:
    r"""An open site keeps the legal PUE (EnEfG § 11).

    .. math:: \eta_s\, o_{sy} \le \overline{\eta}_y \qquad \forall s, y
    """
    m.pue_limit = pyo.Constraint(m.SY, rule=lambda m, s, y: m.pue[s] * m.site_open[s, y] <= m.pue_max[y])


@rule("CPU cores for pre-processing")
def cpu(m: Model) -> None:
    r"""CPU cores for pre-processing are rented or own.

    .. math:: r_y + \kappa^{cpu} \sum_s \sum_{v \le y < v + L} x^{cpu}_{sv} \ge R \qquad \forall y
    """
    m.cpu = pyo.Constraint(
        m.Y,
        rule=lambda m, y: (
            m.cpu_cores_rented_k[y] + m.cpu_unit_cores * pyo.quicksum(ex.cpu_alive(m, s, y) for s in m.S)
            >= m.cpu_cores_needed
        ),
    )


PARTS = [site, power, grid, pue_limit, cpu]
