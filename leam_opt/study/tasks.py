"""Pieces of work of a study, as they are sent to other processes: self-contained, and plain data on the way back."""

from __future__ import annotations

import hashlib
import pickle
import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from leam_opt.case.schema import Case
from leam_opt.study.lanes import Lanes, Options, Rows, Whole


@dataclass(frozen=True)
class Setting:
    """What all tasks of a study share.

    Attributes:
        frames: the case of each scenario.
        held_cases: the case of each plan to be made before others can be held, by label and scenario.
        figure_paths: levers that are figures.
        options: see `Options`.
    """

    frames: Mapping[str, Case]
    held_cases: Mapping[tuple[str, str], Case]
    figure_paths: frozenset[str]
    options: Options

    def packed(self) -> Packed:
        """For sending; made by this process and read by its own workers only."""
        content = pickle.dumps(self)
        return Packed(hashlib.sha256(content).hexdigest(), content)


@dataclass(frozen=True)
class Packed:
    """A setting as bytes, with their digest."""

    digest: str
    content: bytes = field(repr=False)


@dataclass(frozen=True)
class Task:
    """Some runs of one scenario in one lane.

    Attributes:
        setting: of the study.
        lane: `replan`, `evaluate`, `reference`, or `make` for a plan that others hold.
        scenario: name of the frame.
        runs: (n) numbers of the runs.
        values: (n) of each lever by path.
        label: name of the held plan, or of the reading of the reference plan.
        held: the plan that is held.
        pool: plans to begin with.
    """

    setting: Packed
    lane: str
    scenario: str
    runs: NDArray[np.int64]
    values: Mapping[str, Any]
    label: str = ""
    held: Whole | None = None
    pool: tuple[Whole, ...] = ()


class _Unpacked(threading.local):
    """Settings that this thread has unpacked, with what it has compiled for them.

    Threads share none of it: a solver that is warm holds the numbers of the variant that it is at.
    """

    def __init__(self) -> None:
        self.settings: OrderedDict[str, tuple[Setting, Lanes]] = OrderedDict()

    def of(self, packed: Packed) -> tuple[Setting, Lanes]:
        if packed.digest not in self.settings:
            while len(self.settings) >= _SETTINGS_KEPT:
                self.settings.popitem(last=False)
            self.settings[packed.digest] = (pickle.loads(packed.content), Lanes())
        self.settings.move_to_end(packed.digest)
        return self.settings[packed.digest]


_SETTINGS_KEPT = 2
_unpacked = _Unpacked()


def work(task: Task) -> Rows:
    """Does a task; the runs of a thread share compiled problems."""
    setting, lanes = _unpacked.of(task.setting)
    making = task.lane == "make"
    case = setting.held_cases[task.label, task.scenario] if making else setting.frames[task.scenario]
    return lanes.run(
        "replan" if making else task.lane,
        case,
        task.values,
        setting.figure_paths,
        setting.options,
        held=task.held,
        pool=task.pool,
        reading=task.label,
        first_run=int(task.runs[0]) if len(task.runs) else 0,
    )
