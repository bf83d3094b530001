"""How the plans of a pack fare under other figures: a tornado, and a sample of futures. Plans are held, not remade."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from leam_opt.case.schema import Case
from leam_opt.errors import CaseError, SolveError
from leam_opt.solve.plan import Plan
from leam_opt.study.indices import probability
from leam_opt.study.levers import Finder, LeverError
from leam_opt.study.study import Study, StudyResult

if TYPE_CHECKING:
    import pandas as pd

_NO_RANGES = "no figure of the case has a range that could move"
POINTS = 512
SEED = 0
_NEVER = ("value_for_money",)
"""Figures that move no plan's deficit."""
_AGREED = ("funding", "mission")
"""What was agreed on stays agreed in a sample of futures; what is uncertain moves."""
_LEVELS = {"p05_meur": 0.05, "p25_meur": 0.25, "p50_meur": 0.5, "p75_meur": 0.75, "p95_meur": 0.95}


@dataclass(frozen=True)
class Levers:
    """The figures with ranges that can be moved.

    Attributes:
        paths: of the figures.
        left_out: other figures with a range and why they are not moved, by path.
    """

    paths: list[str]
    left_out: dict[str, str]

    @classmethod
    def of(cls, frames: Mapping[str, Case], apart: Sequence[str]) -> Levers:
        """The levers of a case in its scenarios, without those that begin with one of `apart`."""
        finder, paths, left_out = Finder(frames), list[str](), dict[str, str]()
        for path in finder.ranged_paths(with_reference_plan=False):
            if path.partition(".")[0] in apart:
                continue
            try:
                if finder.ranges(path):
                    paths.append(path)
            except LeverError as error:
                left_out[path] = str(error)
        return cls(paths, left_out)


def tornado(plan: Plan, name: str, workers: int | None = 1, left_out: dict[str, str] | None = None) -> dict[str, Any]:
    """How far each range of the case moves deficit and unfunded gap of a held plan: `tornado` of `study.answers`.

    The first table is that of the deficit. A figure that cannot be moved alone, or not in all scenarios alike, is left
    out and told in `left_out`.

    Raises:
        CaseError: no figure of the case has a range.
    """
    levers = Levers.of({name: plan.case}, _NEVER)
    if left_out is not None:
        left_out |= levers.left_out
    if not levers.paths:
        raise CaseError(_NO_RANGES)
    study = Study(
        plan.case,
        lane="evaluate",
        scenarios=[name],
        design={"kind": "one-at-a-time", "levers": levers.paths},
        outputs=["deficit_meur", "unfunded_gap_meur"],
        seed=SEED,
    )

    def read(result: StudyResult) -> dict[str, Any]:
        found: dict[str, Any] = result.answers["tornado"]
        for table in found["tables"]:
            stuck = {bar["factor"]: bar for bar in table["bars"] if bar["low"] is None and bar["high"] is None}
            table["bars"] = [bar for bar in table["bars"] if bar["factor"] not in stuck]
            if left_out is not None:
                left_out.update({factor: "; ".join(set(bar["without_plan"].values())) for factor, bar in stuck.items()})
        return found

    return _run(study, {name: plan}, workers, read)


def distribution(
    plans: Mapping[str, Plan], case: Case, workers: int | None = 1, left_out: dict[str, str] | None = None
) -> dict[str, Any]:
    """Deficits of held plans in futures drawn from the ranges of the case (triangular, Sobol points).

    Returns:
        `points`, `seed`, `method`, `shape` (of the distributions), `levers`, `left_out`; by scenario under `scenarios`:
        `deficit_meur` and `unfunded_gap_meur` (one value a future), `unmet_share` (of futures in which the plan misses
        a rule; its figures count), `without_figure_share`, mean, ends and quantiles of the deficit; `best`, see
        `ahead`.

    Raises:
        CaseError: no figure of the case has a range.
    """
    frames = {name: case.scenario(name) for name in plans}
    levers = Levers.of(frames, (*_NEVER, *_AGREED))
    if left_out is not None:
        left_out |= levers.left_out
    if not levers.paths:
        raise CaseError(_NO_RANGES)
    study = Study(
        case,
        lane="evaluate",
        scenarios=list(plans),
        design={"kind": "sample", "method": "sobol", "points": POINTS, "levers": levers.paths},
        outputs=["deficit_meur", "unfunded_gap_meur"],
        seed=SEED,
    )

    def read(result: StudyResult) -> dict[str, Any]:
        frame = result.frame()
        return {
            "points": POINTS,
            "seed": SEED,
            "method": "sobol",
            "shape": "triangular",
            "levers": levers.paths,
            "left_out": levers.left_out,
            "scenarios": {name: spread(frame[frame["scenario"] == name], plans[name]) for name in plans},
            "best": ahead(frame, list(plans)),
        }

    return _run(study, plans, workers, read)


def spread(rows: pd.DataFrame, plan: Plan) -> dict[str, Any]:
    """How the deficits of a plan's runs are spread; see `distribution`."""
    known = rows.dropna(subset=["deficit_meur"])
    deficit = known["deficit_meur"]
    found: dict[str, Any] = {
        "deficit_meur": deficit.tolist(),
        "unfunded_gap_meur": known["unfunded_gap_meur"].tolist(),
        "planned_meur": plan.deficit_meur,
        "unmet_share": float((rows["status"] == "unmet").mean()),
        "without_figure_share": 1.0 - len(known) / len(rows),
    }
    if known.empty:
        return found
    ends = {"mean_meur": deficit.mean(), "min_meur": deficit.min(), "max_meur": deficit.max()}
    ends |= {name: deficit.quantile(level) for name, level in _LEVELS.items()}
    return found | {name: float(value) for name, value in ends.items()}


def ahead(rows: pd.DataFrame, names: Sequence[str]) -> list[dict[str, Any]]:
    """In how many futures each scenario is best by unfunded gap, then deficit (to the euro), with a 95 % interval.

    Futures in which a plan misses a rule count with its figures; those in which one has no figure are left out.
    """
    figures = ["unfunded_gap_meur", "deficit_meur"]
    if len(names) < 2 or not set(figures) <= set(rows.columns):
        return []
    known = rows[["point", "scenario", *figures]].dropna().round(6)
    whole = known[known.groupby("point")["scenario"].transform("nunique") == len(names)]
    first = whole.sort_values(["point", *figures]).groupby("point")["scenario"].first()
    found = [{"scenario": name, **asdict(probability(int((first == name).sum()), len(first)))} for name in names]
    return [
        {
            "scenario": each["scenario"],
            "points": each["successes"],
            **{key: each[key] for key in ("share", "low", "high")},
        }
        for each in sorted(found, key=lambda each: -each["successes"])
    ]


def _run(
    study: Study, plans: Mapping[str, Plan], workers: int | None, read: Callable[[StudyResult], dict[str, Any]]
) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="leam-opt-") as folder:
        result = study.run(Path(folder) / "study", workers=workers, cache="off", held=plans)
        if not result.complete:
            raise SolveError("it was interrupted")
        return read(result)
