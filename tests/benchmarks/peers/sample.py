"""Variants of leam-2022 for which the whole-number decisions of one plan are held."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np
from numpy.typing import NDArray

import leam_opt as lo
from leam_opt.case.derive import Derived, derive
from leam_opt.case.figures import problems_by_variant, quantities_at, vary
from leam_opt.case.quantity import Quantity
from leam_opt.case.register import entries
from leam_opt.case.schema import Case
from leam_opt.ledger.sampling import triangular, uncertain
from leam_opt.solve.held import HeldForm
from leam_opt.solve.problem import Problem
from leam_opt.solve.respond import _WEIGHTS
from leam_opt.solve.search import Search
from leam_opt.study.designs import order
from tests.benchmarks.peers.programme import Programme

Array = NDArray[np.float64]

CASE = "leam-2022"
_SEED = 2022
Chosen = Callable[[str, Quantity], bool]


def _few(path: str, _: Quantity) -> bool:
    return path in ("energy_sources.green-tariff.price", "compute.goodput", "compute.inference_throughput")


FIGURES: Mapping[str, Chosen] = {
    "all ranges": lambda path, figure: True,
    "all prices": lambda path, figure: "EUR" in figure.unit,
    "three figures": _few,
}
"""Which figures with a range vary; a plan can lack money under other prices, but breaks none of its promises."""


@dataclass(frozen=True)
class Planned:
    """A scenario and a plan of it (columns)."""

    case: Case
    problem: Problem
    x: Array


@cache
def planned(scenario: str, mip_gap: float = 1e-4) -> Planned:
    """The plan of a scenario, found once."""
    case = lo.load_case(CASE).scenario(scenario)
    problem = Problem.of(case)
    return Planned(case, problem, Search(problem, mip_gap).run())


@dataclass(frozen=True)
class Sample:
    """Variants of a scenario, and the programmes that remain of them.

    Attributes:
        plan: the plan that is held.
        values: (n) the figures that vary, by path.
    """

    plan: Planned
    values: Mapping[str, Array]

    @classmethod
    def of(cls, plan: Planned, figures: str, size: int) -> Sample:
        """Draws all chosen figures of every variant from the triangular distributions of their ranges.

        The years of a figure share their draws, as in a study.
        """
        chosen = {path for path, figure in uncertain(plan.case) if FIGURES[figures](path, figure)}
        values = {}
        for entry in entries(plan.case):
            whole = re.sub(r"\.\d{4}$", "", entry.path)
            if whole in chosen and entry.low < entry.high:
                (figure,) = quantities_at(plan.case, entry.path)
                values[entry.path] = triangular(figure, whole, size, _SEED)
        assert not any(problems_by_variant(plan.case, values))
        return cls(plan, values)

    @property
    def size(self) -> int:
        """The number of variants."""
        return len(next(iter(self.values.values())))

    def part(self, variants: Sequence[int]) -> Sample:
        """Some of the variants; the plan and its form are the same ones."""
        part = Sample(self.plan, {path: column[list(variants)] for path, column in self.values.items()})
        part.__dict__.update(form=self.form, vectors=self.vectors[list(variants)])
        return part

    @cached_property
    def frame(self) -> Case:
        """The case in which every varied figure stands for itself."""
        return vary(self.plan.case, self.values)[0]

    def derived(self) -> Derived:
        """The derived table of all variants, computed anew."""
        return derive(*vary(self.plan.case, self.values))

    @cached_property
    def table(self) -> Derived:
        """The derived table of all variants."""
        return self.derived()

    @cached_property
    def vectors(self) -> Array:
        """(n, parameters) for the template."""
        return self.plan.problem.template.vector(self.table.values)

    @property
    def planned_vectors(self) -> Array:
        """(1, parameters) of the figures that the plan was made for."""
        problem = self.plan.problem
        return problem.template.vector(problem.table)[None]

    @cached_property
    def alike(self) -> NDArray[np.int64]:
        """The variants, each followed by the nearest one that is left."""
        return order(self.values)

    @cached_property
    def form(self) -> HeldForm:
        """The programme that remains."""
        return HeldForm.of(self.plan.problem, self.plan.x)

    @property
    def stages(self) -> list[str]:
        """Names of the model's objectives, in their order."""
        return [stage.name for stage in self.plan.problem.model.stages]

    def weights(self) -> Array:
        """(1 + stages) of misses, then of the objectives, in the sum that a lane minimises first."""
        return np.array(_WEIGHTS[: 1 + len(self.stages)])

    @cached_property
    def programmes(self) -> list[Programme]:
        """The programme of each variant for the weighted sum of its objectives, as the evaluate lane has it."""
        return programmes(self)

    @cached_property
    def costs(self) -> list[Array]:
        """(1 + stages, columns) of each variant: the single objectives, in their order."""
        numbers = self.form.numbers(self.vectors)
        return [numbers.costs(i)[: 1 + len(self.stages)] for i in range(self.size)]

    @cached_property
    def offsets(self) -> Array:
        """(n, 1 + stages) what the held decisions add to each objective."""
        found = self.form.numbers(self.vectors).offsets[:, : len(self.stages)]
        return np.pad(np.broadcast_to(found, (self.size, len(self.stages))), ((0, 0), (1, 0)))


def programmes(sample: Sample) -> list[Programme]:
    """The programmes of all variants, from their parameter vectors."""
    form, weights = sample.form, sample.weights()
    numbers = form.numbers(sample.vectors)
    (lower, upper), (row_lower, row_upper) = numbers.bounds, numbers.sides
    offsets = np.broadcast_to(numbers.offsets, (sample.size, numbers.offsets.shape[1])) @ np.pad(
        weights[1:], (0, numbers.offsets.shape[1] - len(weights) + 1)
    )
    return [
        Programme(
            start=form.start,
            index=form.index,
            value=numbers.values(i),
            cost=weights @ numbers.costs(i)[: len(weights)],
            lower=lower[i],
            upper=upper[i],
            row_lower=row_lower[i, form.rows],
            row_upper=row_upper[i, form.rows],
            offset=float(offsets[i]),
        )
        for i in range(sample.size)
    ]
