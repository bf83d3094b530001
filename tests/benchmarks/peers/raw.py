"""Bare highspy on finished arrays, or on arrays that the template fills."""

from __future__ import annotations

from collections.abc import Sequence

import highspy
import numpy as np
from numpy.typing import NDArray

from tests.benchmarks.peers.programme import DEFAULTS, Options, Programme, bare_highs, optimum
from tests.benchmarks.peers.sample import Sample, programmes
from tests.benchmarks.peers.timing import Clock, Way

Array = NDArray[np.float64]

_ROOMS = (1e-9, 1e-8, 1e-7)
"""How far a later objective may give up an earlier one, relative to it; the next one where HiGHS finds no solution."""


class Cold(Way):
    """`run()` alone, the model already in memory: what every ratio is taken to."""

    key = "cold"
    name = "raw highspy: `run()`, cold, model in memory"

    def __init__(self, given: Sequence[Programme], programme: str = "held", options: Options = DEFAULTS) -> None:
        self.given, self.programme, self.highs = given, programme, bare_highs(options)
        if programme != "held":
            self.key, self.name = f"cold-{programme}", "raw highspy: `run()`, cold, on the programme of the Pyomo ways"
        if options is not DEFAULTS:
            self.key, self.name = "cold-tuned", "raw highspy: `run()`, cold, the lane's options"

    def solve(self, variants: Sequence[int], clock: Clock) -> Array:
        """Objectives (n)."""
        found = []
        for i in variants:
            self.given[i].pass_to(self.highs)
            with clock.running():
                self.highs.run()
            found.append(optimum(self.highs))
        return np.array(found)


class PassedCold(Way):
    """`passModel` with finished arrays, and a cold run."""

    key = "passed"
    name = "raw highspy: `passModel` and cold run"

    def __init__(self, given: Sequence[Programme]) -> None:
        self.given, self.highs = given, bare_highs()

    def solve(self, variants: Sequence[int], clock: Clock) -> Array:
        """Objectives (n)."""
        found = []
        for i in variants:
            with clock.running():
                self.given[i].pass_to(self.highs)
                self.highs.run()
                self.highs.getSolution()
            found.append(optimum(self.highs))
        return np.array(found)


class TemplateCold(Way):
    """The template's arrays of all variants, `passModel` and a cold run of each."""

    key = "template"
    name = "the project's template, `passModel` and cold run"

    def __init__(self, sample: Sample) -> None:
        self.sample, self.highs = sample, bare_highs()

    def solve(self, variants: Sequence[int], clock: Clock) -> Array:
        """Objectives (n)."""
        found = []
        part = self.sample.part(variants)
        with clock.running():
            filled = programmes(part)
        for programme in filled:
            with clock.running():
                programme.pass_to(self.highs)
                self.highs.run()
                self.highs.getSolution()
            found.append(optimum(self.highs))
        return np.array(found)


class CutStages(Way):
    """All objectives one after the other, each as a row that limits it for those behind.

    The first stage is cold, the others start from its basis. Each of them cold takes longer: presolve finds rows of
    so little room infeasible that are not, and needs a thousand times the room.
    """

    key = "cut-stages"
    name = "raw highspy: all objectives, stage by stage with cut rows"
    programme = "stages"
    share = 0.25

    def __init__(self, sample: Sample) -> None:
        self.sample, self.highs = sample, bare_highs()

    def solve(self, variants: Sequence[int], clock: Clock) -> Array:
        """Objectives (n, 1 + stages)."""
        return np.array([self._stages(i, clock) for i in variants])

    def _stages(self, variant: int, clock: Clock) -> Array:
        highs, costs = self.highs, self.sample.costs[variant]
        self.sample.programmes[variant].pass_to(highs)
        highs.changeObjectiveOffset(0.0)
        columns, found = np.arange(costs.shape[1], dtype=np.int32), list[float]()
        for cost in costs:
            with clock.running():
                highs.changeColsCost(len(columns), columns, cost)
                highs.run()
                for room in _ROOMS[1:]:
                    if highs.getModelStatus() != highspy.HighsModelStatus.kOptimal:
                        highs.changeRowBounds(highs.getNumRow() - 1, -highspy.kHighsInf, _limit(found[-1], room))
                        highs.run()
                found.append(optimum(highs))
                used = np.flatnonzero(cost).astype(np.int32)
                highs.addRow(-highspy.kHighsInf, _limit(found[-1], _ROOMS[0]), len(used), used, cost[used])
        return np.asarray(found) + self.sample.offsets[variant]


def _limit(value: float, room: float) -> float:
    return value + room * max(1.0, abs(value))
