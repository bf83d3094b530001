"""Pyomo's own ways on the project's Pyomo model, with the plan's whole numbers fixed.

The model has no elastic columns, so the variants have to keep the promises of the plan. Everything else is the same:
the weighted sum of the same objectives. A rebuild gets the derived table for nothing, and never re-reads the case.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import pyomo.environ as pyo
from numpy.typing import NDArray
from pyomo.contrib.appsi.solvers.highs import Highs as AppsiHighs
from pyomo.contrib.solver.solvers.highs import Highs as PersistentHighs
from pyomo.repn.plugins.standard_form import LinearStandardFormCompiler
from scipy.sparse import csc_array

from leam_opt.case.derive import TABLE, Derived
from leam_opt.models import planning
from tests.benchmarks.peers.programme import LIVE, Programme, bare_highs, optimum
from tests.benchmarks.peers.sample import Sample
from tests.benchmarks.peers.timing import Clock, Way

Array = NDArray[np.float64]
Model = Any
Fixed = Sequence[tuple[str, Any, float]]
"""Component, index and value of each whole-number variable."""


def fixed_in(sample: Sample) -> Fixed:
    """The whole numbers of the plan."""
    template = sample.plan.problem.template
    return [
        (column.parent_component().local_name, column.index(), round(value))
        for column, value, whole in zip(template.columns, sample.plan.x, template.is_integer, strict=True)
        if whole
    ]


def table_of(sample: Sample, variant: int) -> Derived:
    """The derived table of one variant."""
    values = {
        name: entry[variant] if entry.ndim > len(TABLE[name][0]) else entry
        for name, entry in sample.table.values.items()
    }
    return Derived(sample.table.index, values)


def built(sample: Sample, derived: Derived, fixed: Fixed) -> Model:
    """The model of one table with the plan's whole numbers fixed, for the weighted sum of its objectives."""
    model = planning.build(sample.frame, derived)
    for name, index, value in fixed:
        getattr(model, name)[index].fix(value)
    model.del_component(model.objective)
    weights = sample.weights()[1:]
    model.weighted = pyo.Objective(
        expr=pyo.quicksum(w * getattr(model, name) for w, name in zip(weights, sample.stages, strict=True))
    )
    return model


def compiled(model: Model) -> Programme:
    """The arrays of a model, by Pyomo's compiler."""
    form = LinearStandardFormCompiler().write(model, mixed_form=True)
    sense, sides = np.array([row.bound_type for row in form.rows]), np.asarray(form.rhs, dtype=float)
    matrix = csc_array(form.A)
    return Programme(
        start=matrix.indptr.astype(np.int32),
        index=matrix.indices.astype(np.int32),
        value=matrix.data,
        cost=np.asarray(form.c.todense()).ravel(),
        lower=np.array([-np.inf if column.lb is None else column.lb for column in form.columns]),
        upper=np.array([np.inf if column.ub is None else column.ub for column in form.columns]),
        row_lower=np.where(sense <= 0, sides, -np.inf),
        row_upper=np.where(sense >= 0, sides, np.inf),
        offset=float(form.c_offset[0]),
    )


def programmes_of_pyomo(sample: Sample) -> list[Programme]:
    """The arrays of all variants, each from a model of its own."""
    fixed = fixed_in(sample)
    return [compiled(built(sample, table_of(sample, i), fixed)) for i in range(sample.size)]


class Rebuild(Way):
    """A new model for every variant, and one of Pyomo's interfaces on it."""

    programme = "pyomo"

    def __init__(self, sample: Sample, solver: str, share: float) -> None:
        self.sample, self.solver, self.share = sample, solver, share
        self.key, self.name = f"pyomo-{solver}", f"Pyomo rebuild, `SolverFactory('{solver}')`"
        self.fixed = fixed_in(sample)

    def solve(self, variants: Sequence[int], clock: Clock) -> Array:
        """Objectives (n)."""
        found = []
        for i in variants:
            derived = table_of(self.sample, i)
            with clock.running():
                model = built(self.sample, derived, self.fixed)
                solver = pyo.SolverFactory(self.solver)
                result = solver.solve(model, options={"threads": 1})
            assert result.solver.termination_condition == pyo.TerminationCondition.optimal
            found.append(pyo.value(model.weighted))
        return np.array(found)


class RebuildCompiled(Way):
    """A new model for every variant, Pyomo's compiler, and a cold run of bare HiGHS."""

    key = "pyomo-compiled"
    name = "Pyomo rebuild, `LinearStandardFormCompiler`, highspy"
    programme = "pyomo"

    def __init__(self, sample: Sample, share: float) -> None:
        self.sample, self.share = sample, share
        self.fixed, self.highs = fixed_in(sample), bare_highs()

    def solve(self, variants: Sequence[int], clock: Clock) -> Array:
        """Objectives (n)."""
        found = []
        for i in variants:
            derived = table_of(self.sample, i)
            with clock.running():
                compiled(built(self.sample, derived, self.fixed)).pass_to(self.highs)
                self.highs.run()
                self.highs.getSolution()
            found.append(optimum(self.highs))
        return np.array(found)


class _Mutable(Way):
    """One model whose mutable parameters take the numbers of each variant."""

    programme = "pyomo"

    def __init__(self, sample: Sample, share: float) -> None:
        self.sample, self.share = sample, share
        self.model = built(sample, table_of(sample, 0), fixed_in(sample))
        self.changes = list(self._changes())

    def _changes(self) -> Iterator[tuple[list[Any], Array]]:
        """Parameters that vary, and their values (n, parameters)."""
        for name, entry in self.sample.table.values.items():
            if entry.ndim == len(TABLE[name][0]):
                continue
            flat = entry.reshape(len(entry), -1)
            # Parameters have no members for what is not finite, which is the same in all variants.
            finite = np.isfinite(flat).all(axis=0)
            parameters = list(getattr(self.model, name).values())
            varied = (flat[:, finite] != flat[:1, finite]).any(axis=0)
            chosen = [p for p, differs in zip(parameters, varied, strict=True) if differs]
            yield chosen, flat[:, finite][:, varied]

    def update(self, variant: int) -> None:
        """Sets the parameters."""
        for parameters, values in self.changes:
            for parameter, value in zip(parameters, values[variant].tolist(), strict=True):
                parameter.set_value(value)


class MutableCompiled(_Mutable):
    """Mutable parameters, Pyomo's compiler, and a cold run of bare HiGHS."""

    key = "pyomo-mutable"
    name = "Pyomo mutable `Param`s, recompiled, highspy"

    def __init__(self, sample: Sample, share: float) -> None:
        super().__init__(sample, share)
        self.highs = bare_highs()

    def solve(self, variants: Sequence[int], clock: Clock) -> Array:
        """Objectives (n)."""
        found = []
        for i in variants:
            with clock.running():
                self.update(i)
                compiled(self.model).pass_to(self.highs)
                self.highs.run()
                self.highs.getSolution()
            found.append(optimum(self.highs))
        return np.array(found)


class Persistent(_Mutable):
    """Mutable parameters and a solver that keeps the model, told that nothing else changes."""

    def __init__(self, sample: Sample, name: str, solver: Callable[[], Any], share: float) -> None:
        super().__init__(sample, share)
        self.key, self.name = f"pyomo-{solver.__name__}", name
        self.solver = solver()
        self.solver.solve(self.model)

    def solve(self, variants: Sequence[int], clock: Clock) -> Array:
        """Objectives (n)."""
        found = []
        for i in variants:
            with clock.running():
                self.update(i)
                self.solver.solve(self.model)
            found.append(pyo.value(self.model.weighted))
        return np.array(found)


def appsi() -> AppsiHighs:
    """The persistent interface of `pyomo.contrib.appsi`, with only its parameters to check."""
    solver = AppsiHighs()
    _only_parameters(solver.update_config, "update_params")
    solver.highs_options = {"threads": 1, **LIVE}
    return solver


def contributed() -> PersistentHighs:
    """The persistent interface of `pyomo.contrib.solver`, with only its parameters to check."""
    solver = PersistentHighs()
    _only_parameters(solver.config.auto_updates, "update_parameters")
    solver.config.threads = 1
    solver.config.solver_options = dict(LIVE)
    return solver


def _only_parameters(config: Any, kept: str) -> None:
    for name in list(config):
        if name.startswith(("check_for", "update")):
            config[name] = name == kept


def ways(sample: Sample) -> list[Way]:
    """All of them; those that rebuild solve a tenth of the variants in each round."""
    return [
        Rebuild(sample, "highs", 0.1),
        Rebuild(sample, "appsi_highs", 0.1),
        RebuildCompiled(sample, 0.1),
        MutableCompiled(sample, 0.2),
        Persistent(sample, "Pyomo mutable `Param`s, appsi persistent", appsi, 0.2),
        Persistent(sample, "Pyomo mutable `Param`s, contrib.solver persistent", contributed, 0.2),
    ]
