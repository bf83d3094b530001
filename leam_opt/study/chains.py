"""Chains of runs: those that follow each other, because each begins with the plans of the ones before."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from leam_opt.study.lanes import Whole
from leam_opt.study.spec import StudySpec
from leam_opt.study.tasks import Packed, Task

_POOL = 6


@dataclass
class Chain:
    """Runs of a scenario that follow each other; their points, and the plans found so far."""

    lane: str
    scenario: str
    label: str
    points: NDArray[np.int64]
    runs: NDArray[np.int64]
    values: Mapping[str, Any]
    round: int = 0
    held: Whole | None = None
    pool: list[Whole] = field(default_factory=list)
    at: int = 0
    is_alone: bool = False
    """Whether nothing else was done while its last task was."""

    @property
    def step(self) -> int:
        """Runs of one task."""
        return 1 if self.lane == "replan" else len(self.runs)

    def task(self, setting: Packed) -> Task:
        """The next task."""
        part = slice(self.at, self.at + self.step)
        values = {path: column[part] for path, column in self.values.items()}
        pool = tuple(self.pool[-_POOL:])
        return Task(setting, self.lane, self.scenario, self.runs[part], values, self.label, self.held, pool)

    def begin_with(self, plans: Iterable[Whole]) -> None:
        """Lets the next runs begin with further plans; the last ones are the most alike."""
        for whole in plans:
            self.pool = [*(other for other in self.pool if other != whole), whole]

    def keep(self, left: NDArray[np.bool_]) -> None:
        """Takes the other runs out."""
        self.points, self.runs = self.points[left], self.runs[left]
        self.values = {path: _taken(column, left) for path, column in self.values.items()}


def _taken(column: Any, mask: NDArray[np.bool_]) -> Any:
    if isinstance(column, np.ndarray):
        return column[mask]
    return [value for value, kept in zip(column, mask, strict=True) if kept]


def at_values(
    spec: StudySpec, values: list[float], first_run: int, number: int, made: Mapping[str, list[Whole]]
) -> list[Chain]:
    """Chains of a later round: values of the design's single lever in every scenario."""
    (lever,) = spec.design.levers
    chains = []
    for scenario in spec.scenarios:
        runs = np.arange(first_run, first_run + len(values), dtype=np.int64)
        first_run += len(values)
        points = np.full(len(values), -1, dtype=np.int64)
        column = {lever.path: np.array(values)}
        chains.append(Chain("replan", scenario, "", points, runs, column, number, pool=list(made.get(scenario, []))))
    return chains


def holding(spec: StudySpec, plans: Mapping[str, Whole], first_run: int) -> list[Chain]:
    """Chains of a later round: plans that were found are held at every point of the design."""
    chains = []
    for scenario in spec.scenarios:
        for label, whole in plans.items():
            points = np.arange(spec.design.count, dtype=np.int64)
            runs = first_run + points
            first_run += len(points)
            chains.append(Chain("evaluate", scenario, label, points, runs, spec.design.points(), 1, held=whole))
    return chains
