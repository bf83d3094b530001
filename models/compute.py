"""Servers, compute, training, inference and the public mission."""

from __future__ import annotations

import pyomo.environ as pyo

from leam_opt.models import expressions as ex
from leam_opt.models.parts import Expression, Model, identity, rule


@identity("servers in the pools never exceed the servers that run")
def allocation(m: Model) -> None:
    r"""Units allocated to the pools never exceed the units in service, less those not yet commissioned.

    Vintages of one type compute alike, so the pools draw on the type as a whole.

    .. math::
        \sum_{k} x^{alloc}_{ksgy} \le \sum_{v \le y < v + L_g} x^{buy}_{sgv} - \delta_g\, x^{buy}_{sgy}
        \qquad \forall s, g, y
    """
    m.allocation = pyo.Constraint(
        m.RUN,
        rule=lambda m, s, g, y: pyo.quicksum(m.units_allocated[k, s, g, y] for k in m.K) <= ex.computing(m, s, g, y),
    )


@rule("share of the running servers that a pool may have")
def pool_share(m: Model) -> None:
    r"""Each pool's share of the running servers lies in the case's range (paper: 85, 10 and 5 %).

    .. math::
        \underline{\sigma}_k \sum_{k'} n_{k'y} \le n_{ky} \le \overline{\sigma}_k \sum_{k'} n_{k'y},
        \quad n_{ky} = \sum_{sg} x^{alloc}_{ksgy} \qquad \forall k, y
    """

    def total(m: Model, y: int) -> Expression:
        return pyo.quicksum(ex.pool_units(m, k, y) for k in m.K)

    m.pool_share_min = pyo.Constraint(
        m.K, m.Y, rule=lambda m, k, y: ex.pool_units(m, k, y) - m.share_min[k] * total(m, y) >= 0
    )
    m.pool_share_max = pyo.Constraint(
        m.K, m.Y, rule=lambda m, k, y: ex.pool_units(m, k, y) - m.share_max[k] * total(m, y) <= 0
    )


@identity("compute delivered never exceeds what the pool's servers can deliver")
def capacity(m: Model) -> None:
    r"""Compute delivered by a pool stays within its servers' capacity (GPUs, performance, utilisation, goodput).

    .. math:: \sum_{c} q_{kcy} \le \sum_{sg} \kappa_g\, x^{alloc}_{ksgy} \qquad \forall k, y
    """
    m.capacity = pyo.Constraint(
        m.K,
        m.Y,
        rule=lambda m, k, y: pyo.quicksum(m.compute_mgpuh[k, c, y] for c in m.C) <= ex.pool_capacity(m, k, y),
    )


@rule("largest private share of a pool's compute")
def class_share(m: Model) -> None:
    r"""Commercial customers use at most their share of a pool (paper: 10, 60 and 90 %).

    .. math:: q_{k,private,y} \le \pi_k \sum_c q_{kcy} \qquad \forall k, y
    """
    m.class_share = pyo.Constraint(
        m.K,
        m.Y,
        rule=lambda m, k, y: (
            m.compute_mgpuh[k, "private", y]
            <= m.private_share_max[k] * (m.compute_mgpuh[k, "public", y] + m.compute_mgpuh[k, "private", y])
        ),
    )


@identity("core models need their training compute")
def training(m: Model) -> None:
    r"""Core models need their training compute, on core servers of the place, out of public core compute.

    .. math::
        \sum_{sg} t_{nsgy} = \tau_n\, z_{ny} \quad \forall n, y \qquad
        \sum_{n} t_{nsgy} \le \kappa_g\, x^{alloc}_{core,sgy} \quad \forall s, g, y \qquad
        \sum_{nsg} t_{nsgy} \le q_{core,public,y} \quad \forall y
    """
    at = {(n, y): [(s, g) for n2, s, g, y2 in m.TRAIN if (n2, y2) == (n, y)] for n, y in m.DEVELOP}
    m.training_need_met = pyo.Constraint(
        m.DEVELOP,
        rule=lambda m, n, y: (
            pyo.quicksum(m.training_mgpuh[n, s, g, y] for s, g in at[n, y]) == m.training_need[n] * m.core_models[n, y]
        ),
    )
    where = {(s, g, y): [n for n, y2 in m.DEVELOP if y2 == y] for s, g, y in m.RUN}
    m.training_capacity = pyo.Constraint(
        [key for key in m.RUN if where[key]],
        rule=lambda m, s, g, y: (
            pyo.quicksum(m.training_mgpuh[n, s, g, y] for n in where[s, g, y])
            <= m.unit_capacity[g] * m.units_allocated["core", s, g, y]
        ),
    )
    m.training_public = pyo.Constraint(
        sorted({y for _, y in m.DEVELOP}),
        rule=lambda m, y: (
            pyo.quicksum(m.training_mgpuh[key] for key in m.TRAIN if key[3] == y)
            <= m.compute_mgpuh["core", "public", y]
        ),
    )


@rule("each model generation is trained at one site on one server type")
def homogeneity(m: Model) -> None:
    r"""A generation is trained at one site on one server type (paper: homogeneous, at one site).

    .. math::
        t_{nsgy} \le \overline{t}_n\, b_{nsg} \quad \forall n, s, g, y \qquad \sum_{sg} b_{nsg} = 1 \quad \forall n

    The place has to carry all of the generation, and in a year in which no other generation is developed all of the
    year's models, for which it needs a whole number of purchase units; these rows are implied and close the LP bound:

    .. math::
        \sum_y t_{nsgy} \ge \tau_n \underline{z}_n\, b_{nsg} \qquad
        t_{nsgy} \ge \tau_n \underline{z}_{ny}\, b_{nsg} \qquad
        \sum_{v \le y} x^{buy}_{sgv} \ge \lceil \tau_n \underline{z}_{ny} / \kappa_g \rceil\, b_{nsg}
    """
    generations = list(dict.fromkeys(n for n, _, _ in m.PLACE))
    m.homogeneity_place = pyo.Constraint(
        m.TRAIN,
        rule=lambda m, n, s, g, y: m.training_mgpuh[n, s, g, y] <= m.training_max[n] * m.training_place[n, s, g],
    )
    m.homogeneity_single = pyo.Constraint(
        generations, rule=lambda m, n: pyo.quicksum(m.training_place[key] for key in m.PLACE if key[0] == n) == 1
    )
    m.homogeneity_all_models = pyo.Constraint(
        m.PLACE,
        rule=lambda m, n, s, g: (
            pyo.quicksum(m.training_mgpuh[n, s, g, y] for y in m.Y if (n, s, g, y) in m.training_mgpuh)
            >= m.training_need[n] * m.models_min[n] * m.training_place[n, s, g]
        ),
    )
    m.homogeneity_sole_models = pyo.Constraint(
        m.SOLE,
        rule=lambda m, n, s, g, y: (
            m.training_mgpuh[n, s, g, y] >= m.training_need[n] * m.models_sole_min[n, y] * m.training_place[n, s, g]
        ),
    )
    m.homogeneity_sole_units = pyo.Constraint(
        m.SOLE,
        rule=lambda m, n, s, g, y: ex.alive(m, s, g, y) >= m.training_units_min[n, g, y] * m.training_place[n, s, g],
    )


@rule("number of core models that the mission asks for")
def mission_models(m: Model) -> None:
    r"""Core models a year lie in the mission's range (paper: three or four), each generation reaches its minimum.

    .. math::
        \underline{Z} \le \sum_n z_{ny} \le \overline{Z} \quad \forall y \qquad
        \sum_y z_{ny} \ge \underline{z}_n \quad \forall n
    """

    def made(m: Model, y: int) -> Expression:
        return pyo.quicksum(m.core_models[n, y2] for n, y2 in m.DEVELOP if y2 == y)

    years = sorted({y for _, y in m.DEVELOP})
    m.mission_models_min = pyo.Constraint(years, rule=lambda m, y: made(m, y) >= m.models_per_year_min)
    m.mission_models_max = pyo.Constraint(years, rule=lambda m, y: made(m, y) <= m.models_per_year_max)
    m.mission_models_generation = pyo.Constraint(
        list(dict.fromkeys(n for n, _ in m.DEVELOP)),
        rule=lambda m, n: pyo.quicksum(m.core_models[n2, y] for n2, y in m.DEVELOP if n2 == n) >= m.models_min[n],
    )


@rule("compute that the mission promises to public users")
def mission_compute(m: Model) -> None:
    r"""Public users get the compute that the mission promises.

    .. math:: \sum_k q_{k,public,y} \ge \underline{Q}_y \qquad \forall y
    """
    m.mission_compute = pyo.Constraint(
        m.Y,
        rule=lambda m, y: pyo.quicksum(m.compute_mgpuh[k, "public", y] for k in m.K) >= m.public_compute_min[y],
    )


@identity("tokens need inference compute")
def tokens(m: Model) -> None:
    r"""Tokens need inference compute.

    .. math:: \theta\, k_{cy} \le q_{inference,c,y} \qquad \forall c, y
    """
    m.tokens = pyo.Constraint(
        m.C,
        m.Y,
        rule=lambda m, c, y: m.compute_per_token * m.tokens_bn_per_day[c, y] <= m.compute_mgpuh["inference", c, y],
    )


IMPLIED = ("homogeneity_all_models", "homogeneity_sole_models", "homogeneity_sole_units")
"""Rows that follow from others for whole numbers; they only close the bound of the relaxation."""

PARTS = [
    allocation,
    pool_share,
    capacity,
    class_share,
    training,
    homogeneity,
    mission_models,
    mission_compute,
    tokens,
]
