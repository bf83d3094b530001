"""Studies and rows made by hand, for tests of what they answer."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, cast

import numpy as np
import pandas as pd

from leam_opt.case.quantity import Unit
from leam_opt.study.designs import Design, Grid, OneAtATime, Sample
from leam_opt.study.distributions import Distribution
from leam_opt.study.levers import Lever
from leam_opt.study.spec import Answers, HeldPlan, Lane, StudySpec

POWER = Lever("power.price", Unit("EUR/kWh"), 0.2, "figure", 0.1, 0.4)
FACTORS = tuple(Lever(name, Unit("EUR"), 0.5, "figure", 0.0, 1.0) for name in ("a", "b", "c"))
FIGURES = ("deficit_meur", "unfunded_gap_meur", "public_money_meur")
NAN = math.nan


def grid(values: Sequence[float], lever: Lever = POWER) -> Grid:
    return Grid((lever,), (np.array(values, dtype=float),))


def sample(size: int) -> Sample:
    return Sample((POWER,), (Distribution("uniform", 0.1, 0.4),), size)


def tornado_design(**ends: tuple[float, float, float]) -> OneAtATime:
    unit = Unit("EUR")
    return OneAtATime(tuple(Lever(name, unit, base, "figure", low, high) for name, (low, base, high) in ends.items()))


def study(
    design: Design,
    scenarios: Iterable[str] = ("public", "ppp"),
    *,
    lane: Lane = "replan",
    plans: Sequence[str] = (),
    outputs: Sequence[str] = FIGURES,
    **asked: Any,
) -> StudySpec:
    """A study whose cases are never looked at."""
    return StudySpec(
        name="made",
        title="Made by hand",
        file=None,
        case_name="small",
        frames=cast(Any, dict.fromkeys(scenarios)),
        lane=lane,
        settings={},
        plans=tuple(HeldPlan(label, None, {}, "base", {}) for label in plans),
        design=design,
        outputs=tuple(dict.fromkeys([*outputs, *asked.get("regret", ())])),
        answers=Answers(**asked),
        mip_gap=1e-4,
        time_limit_seconds=60,
        seed=1,
    )


def row(scenario: str, point: int, deficit: float = NAN, **more: Any) -> dict[str, Any]:
    """One run; without a deficit it is infeasible."""
    has_plan = not math.isnan(deficit)
    open_part = more.pop("unproven", 0.0)
    return {
        "round": 0,
        "point": point,
        "scenario": scenario,
        "lane": "replan",
        "plan": "",
        "status": "optimal" if has_plan else "infeasible",
        "reason": "" if has_plan else "cannot hold together: a and b",
        "deficit_meur": deficit,
        "unfunded_gap_meur": 0.0 if has_plan else NAN,
        "public_money_meur": 1.0 if has_plan else NAN,
        "mip_gap": 0.0,
        "dual_bound_meur": deficit - open_part,
        "unmet_share": 0.0,
        "seconds": 1.0,
        "structure": "",
        "plan_key": "",
        **more,
    }


def held(scenario: str, point: int, plan: str, deficit: float = NAN, unmet: float = 0.0, **more: Any) -> dict[str, Any]:
    """One run that holds a plan; `unmet` is by how much it misses a rule."""
    status = "infeasible" if math.isnan(deficit) else "unmet" if unmet else "evaluated"
    reason = f"compute that is promised: missed by {100 * unmet:.3g} % (2025)" if unmet else ""
    told = {"lane": "evaluate", "plan": plan, "status": status, "reason": reason, "unmet_share": unmet, **more}
    return row(scenario, point, deficit, **told)


def framed(spec: StudySpec, rows: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """Rows as a study stores them, with the levers' values and numbers of the runs."""
    made = pd.DataFrame([dict(each) for each in rows])
    if made.empty:
        made = pd.DataFrame(columns=list(row("", 0)))
    points = spec.design.points()
    for path, values in points.items():
        column = [values[point] if point >= 0 else NAN for point in made["point"]]
        if path in made.columns:
            column = [new if math.isnan(old) else old for old, new in zip(made[path], column, strict=True)]
        made[path] = column
    if "run" not in made.columns:
        made["run"] = np.arange(len(made))
    return made


Solver = Callable[[str, float], Mapping[str, Any]]


def solved_row(scenario: str, point: int, found: Mapping[str, Any]) -> dict[str, Any]:
    """What a solver gives, as a row."""
    rest = {name: value for name, value in found.items() if name != "deficit_meur"}
    return row(scenario, point, found["deficit_meur"], **rest)


def solved(spec: StudySpec, solver: Solver) -> pd.DataFrame:
    """All runs of a study along one lever, as a solver gives them by scenario and value."""
    (values,) = spec.design.points().values()
    rows = [
        solved_row(name, point, solver(name, float(value)))
        for name in spec.scenarios
        for point, value in enumerate(values)
    ]
    return framed(spec, rows)


def plain_data(found: Mapping[str, Any]) -> None:
    """Fails where answers are not plain data."""
    json.dumps(found, allow_nan=False)
