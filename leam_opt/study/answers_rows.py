"""The rows of a study as its answers read them: by scenario, held plan and point, with what is proven of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from leam_opt.study.answers_words import counted
from leam_opt.study.designs import Grid, Table
from leam_opt.study.levers import Lever
from leam_opt.study.spec import StudySpec

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

DEFICIT, GAP, PUBLIC_MONEY = "deficit_meur", "unfunded_gap_meur", "public_money_meur"
PLANNED = ("optimal", "gap_reached", "time_limit", "interrupted", "evaluated", "unmet")
"""Status of runs with figures; one that met its time limit may have none all the same."""
HELD = ("evaluated", "unmet")
"""Status of runs whose figures are exact: nothing is searched for."""
HOPELESS = ("infeasible", "invalid")
"""Status of runs that are known to have no plan; in any other without one, a plan may yet be found."""
MISSING = "not run"
_WORDS = ("scenario", "lane", "plan", "status", "reason", "structure", "plan_key")
_GROSS_COST = "gross_cost_meur"
_READINGS = 2
"""Ways to read the tokens of a reference plan; each is a run of its own."""
_NUMBERS = ("mip_gap", "dual_bound_meur", "unmet_share", "seconds")


@dataclass(frozen=True)
class Group:
    """Runs that belong together: those of a scenario, and of a held plan (or a reading) where there are several."""

    scenario: str
    plan: str = ""
    kind: str = "plan"

    def __str__(self) -> str:
        return f"{self.scenario} with the {self.kind} {self.plan}" if self.plan else self.scenario

    @property
    def names(self) -> dict[str, str]:
        """For JSON."""
        return {"scenario": self.scenario, "plan": self.plan}


class StudyRows:
    """The rows of a study so far.

    Args:
        spec: the study.
        frame: one row a run, with the columns that the runs are stored with; those that are lacking count as empty.
        runs: how many the design has in all; without it, points times scenarios times plans.

    Attributes:
        frame: all rows, with `planned` (there are figures), `kept` (and all rules are), `unproven_meur` (by how much a
            better plan could lower the deficit; infinite where nothing is proven).
        design: the rows of the design, without those of later rounds.
        outputs: outputs with figures, the deficit first.
    """

    def __init__(self, spec: StudySpec, frame: pd.DataFrame, runs: int | None = None) -> None:
        self.spec = spec
        self.frame = _completed(frame, spec)
        first = (self.frame["round"] == 0) & (self.frame["point"] >= 0) & (self.frame["lane"] == spec.lane)
        names = ["scenario", "plan", "point"]
        self.design = self.frame[first].drop_duplicates(names, keep="last")
        known = [name for name in dict.fromkeys([DEFICIT, *spec.outputs]) if name in frame.columns]
        self.outputs: tuple[str, ...] = tuple(name for name in known if name in spec.outputs)
        labels = _READINGS if spec.lane == "reference" else max(1, len(spec.plans))
        self.expected = spec.design.count * len(spec.scenarios) * labels if runs is None else runs
        self._tables: dict[Group, pd.DataFrame] = {}
        self._curves: dict[str, pd.DataFrame] = {}

    @property
    def is_sample(self) -> bool:
        """Whether the points are drawn independently, so that shares are probabilities."""
        return self.spec.design.kind == "sample"

    @property
    def holds_plans(self) -> bool:
        """Whether runs respond with a plan that is given, so that rules may be missed."""
        return self.spec.lane != "replan"

    @property
    def kind_of_plan(self) -> str:
        """What the column `plan` names: a held plan, or a reading of the reference plan."""
        return "reading" if self.spec.lane == "reference" else "plan"

    @cached_property
    def groups(self) -> list[Group]:
        """Scenarios in the order of the study; with each held plan where a scenario has several."""
        wanted = [plan.label for plan in self.spec.plans]
        found = []
        for scenario in self.spec.scenarios:
            there = self.design.loc[self.design["scenario"] == scenario, "plan"].unique().tolist()
            labels = [
                *(label for label in wanted if label in there),
                *(label for label in there if label not in wanted),
            ]
            several = len(labels) > 1 or len(wanted) > 1
            kind = self.kind_of_plan
            found += [Group(scenario, label, kind) for label in labels] if several else [Group(scenario)] * bool(labels)
        return found

    def table(self, group: Group) -> pd.DataFrame:
        """Rows of the design by point, one for each point of the design; `status` is `not run` where there is none."""
        if group not in self._tables:
            own = self.design["scenario"] == group.scenario
            if group.plan:
                own &= self.design["plan"] == group.plan
            rows = self.design[own].drop_duplicates("point", keep="last").set_index("point")
            table = rows.reindex(range(self.spec.design.count))
            for name in _WORDS:
                table[name] = table[name].fillna(MISSING if name == "status" else "")
            for name in ("planned", "kept"):
                table[name] = table[name].eq(True)
            self._tables[group] = table
        return self._tables[group]

    def planned_runs(self, group: Group) -> pd.DataFrame:
        """Rows of the design that have figures."""
        table = self.table(group)
        return table[table["planned"]]

    @property
    def futures(self) -> str:
        """What the points are, for a sentence."""
        return "future" if self.is_sample else "point"

    def several(self, number: int) -> str:
        """So many futures, or points."""
        return counted(number, self.futures)

    @cached_property
    def curve_lever(self) -> Lever | None:
        """The lever along which all points lie: the only one of a grid or a list, a figure; None of other designs."""
        design = self.spec.design
        if isinstance(design, Grid | Table) and len(design.levers) == 1 and design.levers[0].kind == "figure":
            return design.levers[0]
        return None

    def curve(self, scenario: str) -> pd.DataFrame:
        """Runs of a scenario that was planned anew, of all rounds, by rising `value` of the curve's lever."""
        if scenario in self._curves:
            return self._curves[scenario]
        lever = self.curve_lever
        assert lever is not None
        own = (self.frame["scenario"] == scenario) & (self.frame["lane"] == "replan")
        rows: pd.DataFrame = self.frame[own & ((self.frame["round"] == 0) | (self.frame["point"] < 0))]
        values = rows[lever.path].to_numpy(dtype=float, na_value=np.nan)
        rows = rows.assign(value=[rounded(value) for value in values])[~np.isnan(values)]
        self._curves[scenario] = rows.sort_values(["value", "run"]).drop_duplicates("value", keep="last")
        return self._curves[scenario]


def rounded(value: float) -> float:
    """A lever's value to ten significant digits, so that the one that is printed is the one that was solved."""
    return float(f"{value:.10g}")


def numbers(table: pd.DataFrame, column: str, *, where: Sequence[bool] | Mask | None = None) -> Array:
    """A column with NaN where there is no figure, or where it does not count."""
    if column not in table.columns:
        return np.full(len(table), np.nan)
    found = table[column].to_numpy(dtype=float, na_value=np.nan, copy=True)
    found[~table["planned"].to_numpy(dtype=bool)] = np.nan
    if where is not None:
        found[~np.asarray(where, dtype=bool)] = np.nan
    return found


def unproven(table: pd.DataFrame, column: str) -> Array:
    """By how much a better plan could lower a figure: known of the deficit, and taken as nothing of all others."""
    return numbers(table, "unproven_meur") if column == DEFICIT else np.where(table["planned"], 0.0, np.nan)


def _completed(frame: pd.DataFrame, spec: StudySpec) -> pd.DataFrame:
    defaults: dict[str, Any] = {"run": np.arange(len(frame)), "round": 0, "point": -1, "lane": spec.lane}
    levers = [lever.path for lever in spec.design.levers] if len(spec.design.levers) == 1 else []
    known = {*defaults, *_WORDS, *_NUMBERS, *spec.outputs, *levers, _GROSS_COST}
    rows = frame[[name for name in frame.columns if name in known]].reset_index(drop=True)
    for name, value in defaults.items():
        rows[name] = rows[name] if name in rows.columns else value
    for name in _WORDS:
        rows[name] = rows[name].astype(object).where(rows[name].notna(), "") if name in rows.columns else ""
    for name in (*_NUMBERS, *(name for name in spec.outputs if name in rows.columns)):
        given = rows[name] if name in rows.columns else np.full(len(rows), np.nan)
        rows[name] = np.asarray(given, dtype=float)
    figures = [name for name in spec.outputs if name in rows.columns]
    has_figures = rows[figures].notna().any(axis=1) if figures else True
    rows["planned"] = rows["status"].isin(PLANNED) & has_figures
    rows["kept"] = rows["planned"] & (rows["status"] != "unmet")
    deficit = rows[DEFICIT].to_numpy() if DEFICIT in rows.columns else np.full(len(rows), np.nan)
    rows["unproven_meur"] = _unproven_meur(deficit, rows["dual_bound_meur"].to_numpy(), rows["status"])
    return rows


def _unproven_meur(deficit: Array, bound: Array, status: pd.Series[Any]) -> Array:
    with np.errstate(invalid="ignore"):
        open_part = np.maximum(deficit - bound, 0.0)
    # Where there is no bound, nothing is proven.
    open_part = np.where(np.isnan(deficit), np.nan, np.where(np.isnan(open_part), np.inf, open_part))
    return np.where(status.isin(HELD), 0.0, open_part)
