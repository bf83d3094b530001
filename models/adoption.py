"""Industry take-up as a step function of the private share of the funding."""

from __future__ import annotations

import pyomo.environ as pyo

from leam_opt.models import expressions as ex
from leam_opt.models.parts import Expression, Model, identity


@identity("industry take-up needs industry money first", about_money=True)
def adoption(m: Model) -> None:
    r"""One adoption level is in force in a year; it needs its private share of all funding so far.

    The unfunded gap counts in the base: a level cannot be had while nobody has paid for it, and the share is measured
    on cumulative draws in every year, so that late equity cannot buy early demand.

    .. math::
        \sum_a a_{ay} = 1 \qquad
        \sum_{v \le y} \Big( \theta_a \sum_f d_{fv} + \theta_a \sum_e G_{ev} - \sum_{f \in priv} d_{fv} \Big)
        \le \overline{M}_{ay} (1 - a_{ay}) \qquad \forall a, y
    """
    m.adoption_single = pyo.Constraint(m.Y, rule=lambda m, y: pyo.quicksum(m.adoption[a, y] for a in m.A) == 1)

    def missed(m: Model, a: str, y: int) -> Expression:
        private = ex.drawn_until(m, m.PRIVATE_MONEY, y)
        public = ex.drawn_until(m, m.PUBLIC_MONEY, y)
        gap = pyo.quicksum(m.unfunded_gap_meur[e, v] for e in m.ACTIVE for v in m.Y if v <= y)
        return m.adoption_threshold[a] * (public + gap) - (1 - m.adoption_threshold[a]) * private

    m.adoption_funding = pyo.Constraint(
        m.A,
        m.Y,
        rule=lambda m, a, y: ex.switched(m, missed(m, a, y), m.adoption_slack[a, y], 1 - m.adoption[a, y]),
    )


PARTS = [adoption]
