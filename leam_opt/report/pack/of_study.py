"""What a study has left in its folder, for a pack: its cases, its plans, its answers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from leam_opt.case.embedded import rebuilt
from leam_opt.case.schema import Case
from leam_opt.errors import CaseError
from leam_opt.solve.plan import Plan
from leam_opt.study.opened import OpenedStudy, open_study
from leam_opt.study.study import ANSWERS, CASES


@dataclass(frozen=True)
class Kept:
    """A study that has been carried out.

    Attributes:
        opened: its folder.
        frames: the case in each scenario, with the settings of the study.
        folder: where the case came from; None for a shipped one.
        result: what the study has found (`StudyResult.to_dict`).
    """

    opened: OpenedStudy
    frames: dict[str, Case]
    folder: str | None
    result: dict[str, Any]

    @classmethod
    def of(cls, path: Path) -> Kept:
        """Reads the folder; CaseError where it was not carried out to an answer, or holds another case."""
        opened = open_study(path)
        cases, result = _read(path / CASES), _read(path / ANSWERS)
        frames = {name: rebuilt(data, f"{path / CASES}: {name}") for name, data in cases.items()}
        for name, case in frames.items():
            if opened.manifest.inputs.get(name) not in (None, case.input_hash):
                raise CaseError(f"{path / CASES}: {name}: it is not the case that the study was carried out with")
        if not frames or "answers" not in result:
            raise CaseError(f"{path}: it holds no answers yet; carry the study out to its end first")
        return cls(opened, frames, next(iter(cases.values()))["folder"], result)

    @property
    def case(self) -> Case:
        """The case of the study."""
        return next(iter(self.frames.values()))

    @property
    def answers(self) -> dict[str, Any]:
        """What the study answers."""
        return dict(self.result["answers"])

    def start(self, scenario: str) -> dict[str, int] | None:
        """The whole numbers of the plan that the study has made of a scenario; None where it kept none."""
        try:
            arrays = self.opened.load_plan(f"made..{scenario}")
        except CaseError:
            return None
        return {str(name): int(value) for name, value in zip(arrays["column"], arrays["value"], strict=True)}

    def distribution(self, plans: Mapping[str, Plan]) -> dict[str, Any] | None:
        """The deficits of a sample by scenario, as `futures.distribution` has them; None for another design."""
        from leam_opt.report.pack.futures import ahead, spread

        manifest = self.opened.manifest
        design = manifest.study["design"]
        if design.get("kind") != "sample" or "deficit_meur" not in manifest.columns:
            return None
        wanted = ("point", "scenario", "plan", "status", "deficit_meur", "unfunded_gap_meur")
        frame = self.opened.frame([name for name in wanted if name in manifest.columns])
        if frame["plan"].fillna("").nunique() > 1:
            return None  # several plans a scenario; the study's own tables tell them apart
        return {
            "points": int(manifest.runs // max(len(self.frames), 1)),
            "seed": manifest.seed,
            "method": design.get("method", ""),
            "shape": design.get("distribution", ""),
            "levers": [name for name, each in manifest.columns.items() if "." in name],
            "left_out": {},
            "scenarios": {name: spread(frame[frame["scenario"] == name], plan) for name, plan in plans.items()},
            "best": ahead(frame, list(plans)),
        }

    def to_dict(self) -> dict[str, Any]:
        """The study for a pack: what it has found, and the columns of its rows with their units."""
        return {**self.result, "folder": str(self.opened.folder), "columns": self.opened.manifest.columns}


def _read(file: Path) -> dict[str, Any]:
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except OSError:
        raise CaseError(f"{file}: it is missing; carry the study out again with this version, which keeps it") from None
    except (ValueError, RecursionError) as error:
        raise CaseError(f"{file}: it is damaged ({error}); carry the study out again") from None
    if not isinstance(content, dict):
        raise CaseError(f"{file}: it is damaged; carry the study out again")
    return content
