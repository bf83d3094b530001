"""A case that is solved in some hundredths of a second, studies of it, and their rows without their times."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from leam_opt.case.schema import Case
from leam_opt.study.lanes import Lanes, Options, Rows
from leam_opt.study.study import Study, StudyResult
from tests.builders import merge
from tests.maths.helpers import bare_data

TOKENS, POWER = "prices.tokens", "energy_sources.green.price"
OPTIONS = Options(mip_gap=1e-7, time_limit_seconds=60, seed=0)
TIMES = ["seconds"]
FIGURES = ("unfunded_gap_meur", "deficit_meur", "public_money_meur")
CLOSE = 1e-6
"""M€: one euro."""

_TINY: dict[str, Any] = {
    "name": "tiny",
    "title": "Tiny case",
    "mission": {"public_compute_min": 2.5},
    "adoption": {"low": {"core": 0.5, "inference": 25}},
    "staff": {"operations": 3},
    "energy_sources": {"green": {"price": 0.2}},
    "funding": {
        "use": ["grant", "sponsor"],
        "instruments": {
            "grant": {"cap_total": 25, "min_ticket": 12},
            "sponsor": {"kind": "sponsor", "title": "Sponsor", "cap_total": 20},
            "donor": {"kind": "sponsor", "title": "Donor", "cap_total": 1, "min_ticket": 0.5},
        },
    },
    "scenarios": {
        "public": {"title": "Public"},
        "ppp": {
            "title": "Partnership",
            "overlay": {"funding": {"use": ["grant", "sponsor", "donor"]}, "staff": {"operations": 4}},
        },
    },
}


def tiny_data(**overrides: Any) -> dict[str, Any]:
    """The tiny case as a case file would say it."""
    return merge(bare_data(**_TINY), overrides)


def tiny_case(**overrides: Any) -> Case:
    """The tiny case: two years, one site, one type of server; the mission is bought, tokens and hours are sold."""
    return Case.model_validate(tiny_data(**overrides))


def tiny_folder(path: Path, **overrides: Any) -> Path:
    """A folder with the tiny case."""
    folder = path / "tiny"
    folder.mkdir(parents=True)
    (folder / "case.yaml").write_text(json.dumps(tiny_data(**overrides)), encoding="utf-8")
    return folder


def grid(path: str, low: float, high: float, steps: int) -> dict[str, Any]:
    """A design of values at equal distances."""
    return {"kind": "grid", "levers": {path: {"from": low, "to": high, "steps": steps}}}


def study(design: dict[str, Any], **definition: Any) -> Study:
    """A study of the tiny case in its public scenario."""
    return Study(tiny_case(), **{"scenarios": ["public"], "design": design, "mip_gap": 1e-7, **definition})


def carried_out(asked: Study, folder: Path, **options: Any) -> StudyResult:
    """The result of a study that is carried out in this process."""
    return asked.run(folder, **{"workers": 1, "cache": "off", **options})


def without_times(frame: pd.DataFrame) -> pd.DataFrame:
    """The rows of a study without how long they took."""
    return frame.drop(columns=TIMES)


def rows(lanes: Lanes, lane: str, case: Case, values: dict[str, Any], **options: Any) -> Rows:
    """Results of a lane; arrays are figures, lists are not."""
    figures = frozenset(path for path, column in values.items() if isinstance(column, np.ndarray))
    return lanes.run(lane, case, values, figures, OPTIONS, **options)
