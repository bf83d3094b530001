"""The evaluate lane of the project."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from leam_opt.solve.extract import whole_numbers
from leam_opt.solve.held import HeldForm
from leam_opt.solve.respond import Responder
from leam_opt.study.lanes import Lanes, Options, Rows
from tests.benchmarks.peers.sample import Sample
from tests.benchmarks.peers.timing import Clock, Way

Array = NDArray[np.float64]

_SHAPE = Options(mip_gap=1e-4, time_limit_seconds=600.0, seed=0)


class _OneSum(Responder):
    """A lane that stops at the weighted sum of the objectives, as a single linear programme."""

    def __init__(self, form: HeldForm) -> None:
        super().__init__(form)
        self.found: list[float] = []

    def _lexicographic(self, *_: object) -> bool:
        self.found.append(self._highs.getInfo().objective_function_value)
        return True


class WarmSum(Way):
    """Arrays of all variants from their parameters, then the weighted sum from the basis of the variant before."""

    def __init__(self, sample: Sample, order: Sequence[int] | None = None) -> None:
        self.key = "sum" + _near(order, "-near")
        self.name = "**leam-opt**: the weighted sum, from the basis of the variant before"
        self.name += _near(order, ", nearest neighbours")
        self.sample, self.order, self.responder = sample, order, _OneSum(sample.form)
        self.responder.respond(sample.planned_vectors)

    def solve(self, variants: Sequence[int], clock: Clock) -> Array:
        """Objectives (n)."""
        vectors = self.sample.vectors[list(variants)]
        self.responder.found.clear()
        with clock.running():
            self.responder.respond(vectors)
        offsets = [self.sample.programmes[i].offset for i in variants]
        return np.array(self.responder.found) + offsets


class WarmStages(Way):
    """The same, and all objectives in their order: the proof by the duals of each, and the rest where it fails."""

    programme = "stages"

    def __init__(self, sample: Sample, order: Sequence[int] | None = None) -> None:
        self.key = "stages" + _near(order, "-near")
        self.name = "**leam-opt**: all objectives in their order" + _near(order, ", nearest neighbours")
        self.sample, self.order, self.responder = sample, order, Responder(sample.form)
        self.responder.respond(sample.planned_vectors)

    def solve(self, variants: Sequence[int], clock: Clock) -> Array:
        """Objectives (n, 1 + stages); NaN where a rule is missed, since the lane tells relative misses only."""
        vectors = self.sample.vectors[list(variants)]
        with clock.running():
            answers = self.responder.respond(vectors)
        assert set(answers.status) <= {"evaluated", "unmet"}
        claims = [answers.claims[name] for name in self.sample.stages]
        found = np.stack([np.zeros(len(vectors)), *claims], axis=1)
        found[[status == "unmet" for status in answers.status]] = np.nan
        return found


class Everything(Way):
    """The lane of a study: values checked, derived table, answers, ledger, audit; all but the store."""

    key = "everything"
    name = "**leam-opt**: everything but the store, nearest neighbours"
    programme = "stages"

    def __init__(self, sample: Sample) -> None:
        self.sample, self.lanes = sample, Lanes()
        self.held = whole_numbers(sample.plan.problem, sample.plan.x)
        self._run({path: column[:1] for path, column in sample.values.items()})

    def _run(self, values: dict[str, Array]) -> Rows:
        # Run 1 of a study, since one run in some thousands is compared with a fresh build: run 0 is.
        return self.lanes.run(
            "evaluate", self.sample.plan.case, values, frozenset(values), _SHAPE, held=self.held, first_run=1
        )

    def solve(self, variants: Sequence[int], clock: Clock) -> Array:
        """Objectives (n, 1 + stages); NaN for those that are no results of a study."""
        values = {path: column[list(variants)] for path, column in self.sample.values.items()}
        with clock.running():
            rows = self._run(values)
        found = np.full((len(variants), 1 + len(self.sample.stages)), np.nan)
        for place, name in enumerate(self.sample.stages):
            if f"{name}_meur" in rows.numbers:
                found[:, 1 + place] = rows.numbers[f"{name}_meur"]
        assert set(rows.status) <= {"evaluated", "unmet"}, next(filter(None, rows.reason))
        found[[status == "unmet" for status in rows.status]] = np.nan
        return found


def _near(order: Sequence[int] | None, text: str) -> str:
    return "" if order is None else text
