"""Teams that grow in steps of load."""

from __future__ import annotations

import pyomo.environ as pyo

from leam_opt.models.parts import Model, identity


@identity("each pool has a team that carries its load")
def staff(m: Model) -> None:
    r"""Each pool has one team size in force, and it carries the pool's load (paper: 5, 8 or 10 people).

    .. math::
        \sum_p w_{kpy} = 1 \qquad \sum_c q_{kcy} \le \sum_p \overline{\ell}_{kp}\, w_{kpy} \qquad \forall k, y
    """
    pools = list(dict.fromkeys(k for k, _ in m.STEP))
    m.staff_single = pyo.Constraint(
        pools, m.Y, rule=lambda m, k, y: pyo.quicksum(m.staff_step[k2, p, y] for k2, p in m.STEP if k2 == k) == 1
    )
    m.staff_load = pyo.Constraint(
        pools,
        m.Y,
        rule=lambda m, k, y: (
            pyo.quicksum(m.compute_mgpuh[k, c, y] for c in m.C)
            <= pyo.quicksum(m.step_load_max[k, p] * m.staff_step[k2, p, y] for k2, p in m.STEP if k2 == k)
        ),
    )


PARTS = [staff]
