"""Electricity, renewables, heat and CO2."""

from __future__ import annotations

import pyomo.environ as pyo

from leam_opt.models import expressions as ex
from leam_opt.models.parts import Model, identity, rule


@identity("every site's electricity is bought")
def energy_balance(m: Model) -> None:
    r"""The sources cover each site's electricity: nameplate times power utilisation times hours times PUE.

    .. math:: \sum_j e_{jsy} = \eta_s\, h \Big(\sum_g p_g\, x_{sgy} + p^{cpu} x^{cpu}_{sy}\Big) \qquad \forall s, y
    """
    m.energy_balance = pyo.Constraint(
        m.SY,
        rule=lambda m, s, y: (
            pyo.quicksum(m.energy_gwh[j, s2, y2] for j, s2, y2 in m.SUPPLY if (s2, y2) == (s, y))
            == ex.site_energy_gwh(m, s, y)
        ),
    )


@rule("largest share of a site's electricity from one source")
def source_share(m: Model) -> None:
    r"""A source covers at most its share of a site's electricity.

    .. math:: e_{jsy} \le \overline{\rho}_j \sum_{j'} e_{j'sy} \qquad \forall j, s, y
    """
    m.source_share = pyo.Constraint(
        m.SUPPLY,
        rule=lambda m, j, s, y: m.energy_gwh[j, s, y] <= m.source_share_max[j] * ex.site_energy_gwh(m, s, y),
    )


@rule("smallest renewable share of the electricity")
def renewable(m: Model) -> None:
    r"""The renewable share of the electricity reaches the year's minimum (paper; EnEfG § 11).

    .. math:: \sum_{js} (\rho_j - \underline{\rho}_y)\, e_{jsy} \ge 0 \qquad \forall y
    """
    m.renewable = pyo.Constraint(
        m.Y,
        rule=lambda m, y: (
            pyo.quicksum(
                (m.source_renewable[j] - m.renewable_min[y]) * m.energy_gwh[j, s, y2]
                for j, s, y2 in m.SUPPLY
                if y2 == y
            )
            >= 0
        ),
    )


@rule("share of the site's energy that is reused as heat")
def heat(m: Model) -> None:
    r"""Heat sold lies between the legal share and what the site can deliver (EnEfG § 11).

    .. math:: \underline{\omega}_y\, e_{sy} \le w_{sy} \le \overline{\omega}_s\, e_{sy} \qquad \forall s, y
    """
    m.heat_min = pyo.Constraint(
        m.SY, rule=lambda m, s, y: m.heat_sold_gwh[s, y] >= m.heat_reuse_min[y] * ex.site_energy_gwh(m, s, y)
    )
    m.heat_max = pyo.Constraint(
        m.SY, rule=lambda m, s, y: m.heat_sold_gwh[s, y] <= m.heat_reuse_max[s] * ex.site_energy_gwh(m, s, y)
    )


@rule("largest CO2 of the electricity")
def co2(m: Model) -> None:
    r"""CO2 of the electricity stays below the cap, where the case names one.

    .. math:: \sum_{js} \gamma_j\, e_{jsy} \le \overline{\Gamma}_y \qquad \forall y
    """
    if m.case.rules.co2_max is None:
        return
    m.co2 = pyo.Constraint(
        m.Y,
        rule=lambda m, y: (
            pyo.quicksum(m.source_co2[j] * m.energy_gwh[j, s, y2] for j, s, y2 in m.SUPPLY if y2 == y) <= m.co2_max[y]
        ),
    )


PARTS = [energy_balance, source_share, renewable, heat, co2]
