"""The planning model: server counts, pools, sites, power and funding of a public AI supercomputing centre.

This file lists the parts of the formulation in reading order; each part is one constraint family with its mathematics
in the docstring. A formulation of one's own is a module with `build(case)`; a rule of one's own is a module with
`add(model, case)`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pyomo.environ as pyo
from numpy.typing import NDArray

from leam_opt.case.derive import Derived, derive
from leam_opt.case.derive_bounds import adoption_slack
from leam_opt.case.index import Index
from leam_opt.case.schema import Case
from leam_opt.models import (
    accounts,
    adoption,
    charity,
    compute,
    debt,
    declare,
    demand,
    energy,
    equity,
    funding,
    objective,
    sites,
    staff,
    tax,
)
from leam_opt.models.parts import Model, Part
from leam_opt.models.symbols import SYMBOLS

Array = NDArray[np.float64]

PARTS: Sequence[Part] = [
    *sites.PARTS,
    *compute.PARTS,
    *demand.PARTS,
    *energy.PARTS,
    *staff.PARTS,
    *charity.PARTS,
    *accounts.PARTS,
    *funding.PARTS,
    *debt.PARTS,
    *equity.PARTS,
    *tax.PARTS,
    *adoption.PARTS,
]


MISSABLE = (
    *("training_need_met", "mission_compute", "mission_models_min", "mission_models_max", "mission_models_generation"),
    *("site_units", "site_modules", "site_cpu", "power", "grid_power", "pue_limit", "renewable", "heat_min", "co2"),
)
"""Constraints that machines, sites and models may fail where they deliver less or need more than planned. All others
can be kept whatever comes, by selling, buying and drawing less; missing them would be income that nobody has."""


def build(case: Case, derived: Derived | None = None) -> Model:
    """The Pyomo model of a resolved case; `model.parts` lists its families, `model.stages` its objectives in order.

    `model.symbols` names the letters of its mathematics, `model.implied` the constraints that only close the bound of
    the relaxation, `model.missable` those that the machines of a plan may miss under other figures than planned.

    `model.tightened(table, gap)` gives the entries of the derived table that become narrower once the least unfunded
    gap is known; `model.restriction` lists variables with values that make an easier model, whose plans are plans of
    this one: no borrowing, no dividends, least adoption.
    """
    derived = derived or derive(case)
    model = pyo.ConcreteModel(name=case.name)
    declare.sets(model, case, derived)
    declare.parameters(model, derived)
    declare.variables(model)
    for part in PARTS:
        part(model)
    objective.stages(model)
    model.parts = list(PARTS)
    model.symbols = SYMBOLS
    model.implied, model.missable = compute.IMPLIED, MISSABLE
    model.tightened = lambda table, gap_meur: _tightened(case, derived.index, table, gap_meur)
    model.restriction = [
        *((entry, float(level == _undemanding(model))) for (level, _), entry in model.adoption.items()),
        *((entry, 0.0) for entry in model.debt_due.values()),
        *((entry, 0.0) for entry in model.may_distribute.values()),
        *((entry, 0.0) for entry in model.loss_called.values()),
    ]
    return model


def _undemanding(model: Model) -> str:
    """The adoption level that asks for the least private money."""
    return min(model.A, key=lambda level: model.adoption_threshold[level].value)


def _tightened(case: Case, index: Index, table: Mapping[str, Array], gap_meur: float) -> dict[str, Array]:
    """The least unfunded gap bounds the later stages, and how far a level's funding condition can be missed."""
    return {"gap_max": np.array(gap_meur), "adoption_slack": adoption_slack(case, index, table, gap_meur)}
