"""The planning model: server counts, pools, sites, power and funding of a public AI supercomputing centre.

This file lists the parts of the formulation in reading order; each part is one constraint family with its mathematics
in the docstring. A formulation of one's own is a module with `build(case)`; a rule of one's own is a module with
`add(model, case)`.
"""

from __future__ import annotations

from collections.abc import Sequence

import pyomo.environ as pyo

from leam_opt.case.derive import Derived, derive
from leam_opt.case.derive_bounds import adoption_slack
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


def build(case: Case, derived: Derived | None = None) -> Model:
    """The Pyomo model of a resolved case; `model.parts` lists its families, `model.stages` its objectives in order.

    `model.symbols` names the letters of its mathematics.

    `model.tighten(gap)` narrows the bounds that depend on the unfunded gap; `model.restriction` lists variables with
    values that make an easier model, whose plans are plans of this one: no borrowing, no dividends, least adoption.
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
    model.tighten = lambda gap_meur: _tighten(model, case, derived, gap_meur)
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


def _tighten(model: Model, case: Case, derived: Derived, gap_meur: float) -> None:
    """Once the least unfunded gap is known it bounds the later stages, and the adoption rows with it."""
    slack = adoption_slack(case, derived.index, derived.values, gap_meur)
    for a, level in enumerate(derived.index.levels):
        for y, year in enumerate(derived.index.years):
            model.adoption_slack[level, year] = float(slack[a, y])
    model.gap_max = gap_meur
