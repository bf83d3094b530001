"""What a study is: a case in its scenarios, a design of points, and the questions that the runs have to answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from leam_opt.case.quantity import End

if TYPE_CHECKING:
    from leam_opt.case.schema import Case
    from leam_opt.study.designs import Design

Lane = Literal["replan", "evaluate", "reference"]
"""How a variant comes to its plan: optimised anew, by holding a plan's whole numbers, or as the case's own plan."""
MOST_POINTS = 1_000_000
"""A design with more points has to be meant."""
MOST_REGRET_POINTS = 200
"""Points of a design whose re-planned plans are held in every future: each plan is a run for each of them."""


@dataclass(frozen=True)
class HeldPlan:
    """A plan whose whole-number decisions are held.

    Attributes:
        label: its name.
        scenario: where it is made; None: anew in each scenario of the study.
        settings: values that it is made for, by full path.
        at: the end of all ranges that it is made for.
        cases: the case that it is the optimal plan of, by scenario: one, or one for each scenario of the study.
    """

    label: str
    scenario: str | None
    settings: Mapping[str, Any]
    at: End
    cases: Mapping[str, Case]


@dataclass(frozen=True)
class Threshold:
    """The event that an output lies below or above a value; one of both is None."""

    output: str
    below: float | None
    above: float | None


@dataclass(frozen=True)
class Answers:
    """What the runs have to answer.

    Attributes:
        flip_width: widest bracket of a flip point, in the lever's unit; None: flips are not asked for.
        regret: outputs whose regret is asked for: of the plans that are held, or where plans are made anew, of each
            plan that is found, held at every point.
        thresholds: events whose probability is asked for.
        quantiles: levels between 0 and 1.
    """

    flip_width: float | None = None
    regret: tuple[str, ...] = ()
    thresholds: tuple[Threshold, ...] = ()
    quantiles: tuple[float, ...] = ()

    @property
    def outputs(self) -> tuple[str, ...]:
        """Outputs that the answers need."""
        return tuple(dict.fromkeys([*self.regret, *(threshold.output for threshold in self.thresholds)]))


@dataclass(frozen=True, eq=False)
class StudySpec:
    """A study that has been checked and can run.

    Attributes:
        name, title: of the study.
        file: the study file; None for a study from Python.
        case_name: name of the case.
        frames: the case of each scenario, with the settings of the study, in the study's order.
        lane: `replan`, `evaluate` or `reference`.
        settings: values for all variants, by full path (each where the scenario has the path).
        plans: plans that are held; none: the optimal plan of each scenario.
        design: the points.
        outputs: what is kept of each run, with what the answers need.
        answers: what is asked.
        mip_gap, time_limit_seconds, seed: of each variant, and of all draws.
        notes: what a reader should know (levers left out, distributions cut off).
    """

    name: str
    title: str
    file: Path | None
    case_name: str
    frames: Mapping[str, Case]
    lane: Lane
    settings: Mapping[str, Any]
    plans: tuple[HeldPlan, ...]
    design: Design
    outputs: tuple[str, ...]
    answers: Answers
    mip_gap: float
    time_limit_seconds: float
    seed: int
    notes: tuple[str, ...] = ()

    @property
    def scenarios(self) -> tuple[str, ...]:
        """Names of the scenarios, `base` for the case itself."""
        return tuple(self.frames)

    def describe(self) -> dict[str, Any]:
        """Everything that determines the runs and their numbers, as plain data; equal studies have it equal."""
        return {
            "name": self.name,
            "case": self.case_name,
            "scenarios": {name: case.input_hash for name, case in self.frames.items()},
            "lane": self.lane,
            "settings": dict(self.settings),
            "plans": {plan.label: {name: case.input_hash for name, case in plan.cases.items()} for plan in self.plans},
            "design": self.design.describe(),
            "outputs": list(self.outputs),
            "mip_gap": self.mip_gap,
            "time_limit_seconds": self.time_limit_seconds,
            "seed": self.seed,
        }
