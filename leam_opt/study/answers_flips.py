"""Along one figure: how the plan changes, and where exactly the best scenario or the plan's structure does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby, pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from leam_opt.study.answers_ranking import NONE, ONE_EURO_MEUR, Standing
from leam_opt.study.answers_rows import DEFICIT, StudyRows, numbers, rounded
from leam_opt.study.answers_words import bracket_text, changed_parts, counted, lever_text, listed
from leam_opt.study.levers import Lever
from leam_opt.study.spec import StudySpec

if TYPE_CHECKING:
    import pandas as pd

_ROOM = 1 + 1e-9
"""So that a bracket that is as wide as asked for is not narrowed on account of rounding."""
_TOLD = 5
_NO_PLAN = "no plan"


def next_points(spec: StudySpec, frame: pd.DataFrame) -> list[float]:
    """Values of the lever that have still to be run until every bracket of a flip is as narrow as asked for.

    They are the middles of the brackets, to ten digits, in rising order. A bracket stays as it is where gaps leave open
    what is on both of its sides, and a value at which all scenarios have been run is not asked for again. Without flips
    there is none.
    """
    return _wanted(StudyRows(spec, frame))


def _wanted(rows: StudyRows) -> list[float]:
    width, lever = rows.spec.answers.flip_width, rows.curve_lever
    if width is None or lever is None or lever.path not in rows.frame.columns:
        return []
    brackets = [(jump.low, jump.high) for line in _lines(rows) for jump in line.jumps if jump.is_decided]
    if course := _Course.of(rows):
        brackets += course.brackets()
    middles = {rounded((low + high) / 2) for low, high in brackets if high - low > width * _ROOM}
    # A value that some scenario still lacks is asked for again: a study may have been killed between them.
    known = set.intersection(*(set(rows.curve(scenario)["value"]) for scenario in rows.spec.scenarios))
    return sorted(middles - known)


@dataclass(frozen=True)
class _Jump:
    """Neighbouring values between which the structure of the plan changes.

    Attributes:
        low, high: the values.
        changes: what changes, in words.
        is_decided: whether the plans differ by more than their gaps, so that a value between them can tell more.
    """

    low: float
    high: float
    changes: list[str]
    is_decided: bool


class _Line:
    """The plans of one scenario along the lever."""

    def __init__(self, rows: StudyRows, scenario: str) -> None:
        self.scenario, self.table = scenario, rows.curve(scenario)
        self.values = self.table["value"].tolist()
        self.types = [name for name in self.table.columns if str(name).startswith("servers_")]
        pairs = zip(self.table["structure"], self.table["planned"], strict=True)
        self.states = [str(structure) if planned else None for structure, planned in pairs]
        """The structure of each plan; None where there is none."""
        self._deficit, self._open = numbers(self.table, DEFICIT), numbers(self.table, "unproven_meur")

    @cached_property
    def spans(self) -> list[list[int]]:
        """Places of neighbouring runs with the same structure, or without a plan."""
        return [list(places) for _, places in groupby(range(len(self.values)), self.states.__getitem__)]

    @cached_property
    def jumps(self) -> list[_Jump]:
        """Where the structure changes."""
        pairs = [(before[-1], after[0]) for before, after in pairwise(self.spans)]
        return [_Jump(self.values[i], self.values[j], self._changes(i, j), self._is_decided(i, j)) for i, j in pairs]

    def _is_decided(self, one: int, other: int) -> bool:
        """Whether what the lever changes between two runs is more than what their gaps leave open."""
        high, open_part = self._deficit[[one, other]], self._open[[one, other]]
        if np.isnan(high).any() or open_part.max() <= ONE_EURO_MEUR:
            return True
        return bool((high - open_part).max() > high.min())

    def _changes(self, one: int, other: int) -> list[str]:
        old, new = self.table.iloc[one], self.table.iloc[other]
        if not new["planned"]:
            return [f"no plan from there on ({new['reason'] or new['status']})"]
        if not old["planned"]:
            return [f"no plan before ({old['reason'] or old['status']})"]
        changes = [
            f"{name.removeprefix('servers_')} {old[name]:,.0f} -> {new[name]:,.0f} servers"
            for name in self.types
            if round(old[name] - new[name], 6)
        ]
        return changes or changed_parts(old["structure"], new["structure"])

    def span(self, places: Sequence[int]) -> dict[str, Any]:
        """A span for JSON."""
        row = self.table.iloc[places[0]]
        planned = bool(row["planned"])
        return {
            "from": self.values[places[0]],
            "to": self.values[places[-1]],
            "runs": len(places),
            "planned": planned,
            "structure": row["structure"] if planned else None,
            "servers": {name.removeprefix("servers_"): row[name] for name in self.types} if planned else None,
            "reason": "" if planned else row["reason"] or row["status"],
        }


def _lines(rows: StudyRows) -> Iterator[_Line]:
    lines = (_Line(rows, scenario) for scenario in rows.spec.scenarios)
    return (line for line in lines if line.values)


@dataclass(frozen=True)
class _Course:
    """The best scenario along the lever, at the values that all scenarios have been run at.

    Attributes:
        names: of the scenarios, and of having none at the end, so that NONE finds it.
        values: of the lever, rising.
        best: number of the best scenario at each value; NONE where none has a plan.
        decided: whether that is proven.
    """

    names: tuple[str, ...]
    values: list[float]
    best: list[int]
    decided: list[bool]

    @classmethod
    def of(cls, rows: StudyRows) -> _Course | None:
        """The course of a study; None where there is nothing to rank."""
        lines = list(_lines(rows))
        if len(lines) < 2 or DEFICIT not in rows.outputs:
            return None
        values = sorted(set.intersection(*(set(line.values) for line in lines)))
        standing = Standing.of([line.table.set_index("value").loc[values] for line in lines])
        best, decided = standing.best()
        return cls((*(line.scenario for line in lines), _NO_PLAN), values, best.tolist(), decided.tolist())

    @cached_property
    def flips(self) -> list[tuple[int, int]]:
        """Places of neighbouring decided values at which another scenario is best."""
        sure = [place for place, is_sure in enumerate(self.decided) if is_sure]
        return [(low, high) for low, high in pairwise(sure) if self.best[low] != self.best[high]]

    def brackets(self) -> list[tuple[float, float]]:
        """Neighbouring values of which one side at least is decided, and between which a flip, or an edge of what gaps
        leave open around one, has to be looked for.
        """
        edges = {pair for low, high in self.flips for pair in ((low, low + 1), (high - 1, high))}
        changes = {
            (at, at + 1)
            for at in range(len(self.values) - 1)
            if self.best[at] != self.best[at + 1] and (self.decided[at] or self.decided[at + 1])
        }
        return [(self.values[low], self.values[high]) for low, high in sorted(edges | changes)]

    @property
    def zones(self) -> list[list[int]]:
        """Places of neighbouring values at which it is open which scenario is best."""
        groups = groupby(range(len(self.values)), lambda at: self.decided[at])
        return [list(places) for is_decided, places in groups if not is_decided]


def steps(rows: StudyRows) -> dict[str, Any] | None:
    """The structure of the plan and its servers as the only lever of a grid rises, by scenario.

    Runs of later rounds are among them, so that the steps are as exact as the flips.
    """
    lever = rows.curve_lever
    if lever is None or rows.spec.lane != "replan":
        return None
    tables: list[dict[str, Any]] = []
    sentences: list[str] = []
    for line in _lines(rows):
        spans = [line.span(places) for places in line.spans]
        jumps = [_jump(line, jump) for jump in line.jumps]
        tables.append({"scenario": line.scenario, "spans": spans, "jumps": jumps})
        sentences += _steps_told(rows, line, lever)
    return {"lever": lever.path, "unit": lever.unit_name, "tables": tables, "sentences": sentences}


def _jump(line: _Line, jump: _Jump) -> dict[str, Any]:
    changes = {"changes": jump.changes, "decided": jump.is_decided}
    return {"scenario": line.scenario, "low": jump.low, "high": jump.high, **changes}


def _steps_told(rows: StudyRows, line: _Line, lever: Lever) -> list[str]:
    where = f"from {lever_text(line.values[0], lever, with_unit=False)} to {lever_text(line.values[-1], lever)}"
    if not line.jumps:
        what = "there is no plan" if not line.table["planned"].any() else "the plan keeps its structure"
        return [f"{line.scenario}: {what} {where} of {lever.path}."]
    structures = len(set(line.states) - {None})
    told = [f"{line.scenario}: {counted(structures, 'structure')} of the plan {where} of {lever.path}."]
    if rows.spec.answers.flip_width is None:
        told += _jumps_told(line, lever)
    return told


def _jumps_told(line: _Line, lever: Lever) -> list[str]:
    """The jumps of a scenario; of many the first."""
    told = []
    for jump in line.jumps[:_TOLD]:
        unsure = "" if jump.is_decided else "; the MIP gaps leave open where"
        where = bracket_text(jump.low, jump.high, lever, ("from", "to"))
        told.append(f"{line.scenario}: {where}: {listed(jump.changes)}{unsure}.")
    if len(line.jumps) > _TOLD:
        told.append(f"{line.scenario}: {counted(len(line.jumps) - _TOLD, 'more jump')}.")
    return told


def flips(rows: StudyRows) -> dict[str, Any] | None:
    """Between which values of the lever the best scenario, and the structure of each plan, changes."""
    lever, width = rows.curve_lever, rows.spec.answers.flip_width
    if lever is None or width is None:
        return None
    wanted, course = _wanted(rows), _Course.of(rows)
    sentences = [] if course is None or not course.values else _course_told(course, lever, width)
    structure = []
    for line in _lines(rows):
        structure += [_jump(line, jump) for jump in line.jumps]
        sentences += _jumps_told(line, lever) or [f"{line.scenario}: the structure of the plan does not change."]
    if wanted:
        sentences.append(f"Not all brackets are narrow enough yet; still to be run: {counted(len(wanted), 'value')}.")
    return {
        "lever": lever.path,
        "unit": lever.unit_name,
        "width": width,
        "complete": not wanted,
        "best": [] if course is None else _flips_of(course),
        "open": [] if course is None else _open_of(course),
        "structure": structure,
        "sentences": sentences,
    }


def _flips_of(course: _Course) -> list[dict[str, Any]]:
    return [
        {
            "low": course.values[low],
            "high": course.values[high],
            "from": course.names[course.best[low]],
            "to": course.names[course.best[high]],
            "undecided_runs": high - low - 1,
        }
        for low, high in course.flips
    ]


def _open_of(course: _Course) -> list[dict[str, Any]]:
    """Stretches of values at which it is open which scenario is best, with the scenarios that seem to be."""
    return [
        {
            "from": course.values[places[0]],
            "to": course.values[places[-1]],
            "seem_best": list(dict.fromkeys(course.names[course.best[at]] for at in places)),
        }
        for places in course.zones
    ]


def _course_told(course: _Course, lever: Lever, width: float) -> list[str]:
    ends = f"from {lever_text(course.values[0], lever, with_unit=False)} to {lever_text(course.values[-1], lever)}"
    told = []
    for low, high in course.flips:
        old, new = course.best[low], course.best[high]
        place = bracket_text(course.values[low], course.values[high], lever)
        if NONE in (old, new):
            what = (
                "the last scenario loses its plan"
                if new == NONE
                else f"{course.names[new]} is the first to have a plan"
            )
        else:
            what = f"{course.names[new]} becomes better than {course.names[old]}"
        wide = course.values[high] - course.values[low] > width * _ROOM and high - low > 1
        more = "; within it they differ by less than is proven" if wide else ""
        told.append(f"As {lever.path} rises, {what} {place}{more}.")
    if not told:
        sure = {best for best, is_sure in zip(course.best, course.decided, strict=True) if is_sure}
        if not sure:
            return [
                f"Which scenario is best is decided nowhere {ends} of {lever.path}; a narrower mip_gap can tell more."
            ]
        (best,) = sure
        what = "No scenario has a plan" if best == NONE else f"{course.names[best]} is the best scenario"
        told.append(f"{what} {ends} of {lever.path}{', as far as it is decided' if course.zones else ''}.")
    within = {place for low, high in course.flips for place in range(low, high + 1)}
    for places in course.zones:
        if not within.issuperset(places):
            first, last = (lever_text(course.values[places[at]], lever) for at in (0, -1))
            where = f"at {first}" if len(places) == 1 else f"from {first} to {last}"
            told.append(f"Which scenario is best is open {where}: the figures differ by less than the MIP gaps prove.")
    return told
