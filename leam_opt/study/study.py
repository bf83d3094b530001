"""A study: many variants of one case, carried out, stored as they come, and answered."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from leam_opt.case.catalogue import list_cases
from leam_opt.case.embedded import embedded
from leam_opt.case.schema import Case
from leam_opt.errors import CaseError
from leam_opt.solve.plan import Plan
from leam_opt.study.answers import answers
from leam_opt.study.cache import Cache
from leam_opt.study.executors import opened
from leam_opt.study.landing import Landing, columns_of_study
from leam_opt.study.lanes import plan_key
from leam_opt.study.opened import OpenedStudy, open_study, row_schema
from leam_opt.study.outputs import default_outputs, output_names
from leam_opt.study.run import Runner, StudyProgress
from leam_opt.study.spec import StudySpec
from leam_opt.study.spec_load import load_study
from leam_opt.study.store import Manifest, Store

if TYPE_CHECKING:
    import pandas as pd

ANSWERS = "answers.json"
CASES = "cases.json"
"""The case of each scenario, with the settings of the study."""
_UNCHECKED = "The case's own plan is carried out as it is; whether it keeps the rules is not asked."
RANKED_BY = ("unfunded_gap_meur", "deficit_meur", "public_money_meur", "gross_cost_meur")
"""Outputs that a ranking of scenarios needs."""


@dataclass(frozen=True)
class StudyResult:
    """What a study has found so far.

    Attributes:
        spec: the study.
        store: its folder, to read.
        answers: what the runs answer, as plain data; see `leam_opt.study.answers.answers`.
        complete: whether all runs have landed.
    """

    spec: StudySpec
    store: OpenedStudy
    answers: dict[str, Any]
    complete: bool

    @property
    def folder(self) -> Path:
        """The study's folder; `open_study` opens it again."""
        return self.store.folder

    def frame(self) -> pd.DataFrame:
        """The runs, one a row, in their order."""
        return self.store.frame()

    def to_dict(self) -> dict[str, Any]:
        """The study and its answers for JSON and tables."""
        done = sum(self.store.counts.values())
        return {
            "study": self.spec.name,
            "title": self.spec.title,
            "case": self.spec.case_name,
            "scenarios": list(self.spec.scenarios),
            "lane": self.spec.lane,
            "design": self.spec.design.kind,
            "folder": str(self.folder),
            "runs_done": done,
            "runs": max(self.store.manifest.runs, done),
            "complete": self.complete,
            "seed": self.spec.seed,
            "notes": [*self.spec.notes, *([_UNCHECKED] if self.spec.lane == "reference" else [])],
            "answers": self.answers,
        }


class Study:
    """Many variants of one case.

        study = lo.Study("electricity-price.yaml")
        study = lo.Study(case, design={"kind": "grid", "levers": {"prices.tokens": [0.005, 0.01, 0.02]}})
        result = study.run("folder")
        result.answers, result.frame()

    Args:
        source: a study file, the name of a shipped one (`leam-2022/electricity-price`), or a case.
        yes: whether a design of more than a million points is meant.
        definition: for a case, the keys of a study file.

    Raises:
        CaseError: with everything that is wrong, before anything runs.
    """

    def __init__(self, source: Case | str | Path, *, yes: bool = False, **definition: Any) -> None:
        if isinstance(source, Case):
            given: str | Path | Mapping[str, Any] = {"name": source.name, **definition}
            case: Case | None = source
        elif definition:
            raise CaseError(f"{source}: a study file says all of a study; give a case where Python does")
        else:
            given, case = study_file(source), None
        spec = load_study(given, known_outputs=output_names, default_outputs=default_outputs, case=case, yes=yes)
        ranked = RANKED_BY if len(spec.scenarios) > 1 else ()
        self.spec = replace(spec, outputs=tuple(dict.fromkeys([*spec.outputs, *ranked])))

    @property
    def runs(self) -> int:
        """Runs of the design: points times scenarios, held plans or readings."""
        labels = {"replan": 1, "evaluate": len(self.spec.plans) or 1, "reference": 2}[self.spec.lane]
        return self.spec.design.count * len(self.spec.scenarios) * labels

    def run(
        self,
        folder: str | Path | None = None,
        *,
        workers: int | None = None,
        dask: str | None = None,
        executor: Executor | None = None,
        progress: Callable[[StudyProgress], None] | None = None,
        restart: bool = False,
        cache: str | Path | None = None,
        held: Mapping[str, Plan] | None = None,
    ) -> StudyResult:
        """Carries out what is left of the study; Ctrl-C ends it with what has landed.

        Args:
            folder: where the runs land; a folder that holds the same study is gone on with. None: `NAME.study` here.
            workers: processes of this machine; 1 runs in this process, None takes all cores.
            dask: address of a Dask scheduler.
            executor: any other executor of `concurrent.futures`; its workers need this package.
            progress: called as runs land.
            restart: whether to begin anew; what is there is put by.
            cache: folder of the cache, or `off`; None is the user's own.
            held: plans by scenario that are there already: to hold, or to begin with, instead of planning anew.

        Raises:
            CaseError: the folder holds another study, or is written by another process.
            SolveError: a plan that is to be held cannot be made.
        """
        spec = self.spec
        whole = {name: plan.whole for name, plan in (held or {}).items()}
        if empty := [name for name, numbers in whole.items() if not numbers]:
            raise CaseError(f"the plan of {empty[0]} lacks its whole numbers and cannot be held; solve for it again")
        chosen = Path(folder) if folder is not None else Path(f"{spec.name}.study")
        manifest = Manifest(
            study=spec.describe(),
            inputs={name: case.input_hash for name, case in spec.frames.items()},
            solver_options={
                "mip_gap": spec.mip_gap,
                "time_limit_seconds": spec.time_limit_seconds,
                **({"held": {name: plan_key(plan) for name, plan in whole.items()}} if whole else {}),
            },
            seed=spec.seed,
            runs=self.runs,
        )
        store = Store.create(chosen, manifest, row_schema(columns_of_study(spec)), restart=restart)
        complete = False
        try:
            with store, Cache(cache) as known, opened(workers, dask, executor) as (pool, width):
                _write(chosen / CASES, {name: embedded(case) for name, case in spec.frames.items()})
                Runner(spec, Landing(spec, store, known), pool, width, progress, whole).run()
                store.update(state="complete")
                complete = True
        except KeyboardInterrupt:
            pass  # what has landed stays, and the next call goes on from there
        found = answers(spec, store.frame(_asked(spec)))
        result = StudyResult(spec, open_study(chosen), found, complete)
        _write(chosen / ANSWERS, result.to_dict())
        return result


def _asked(spec: StudySpec) -> list[str]:
    """Columns that answers read; of many levers none, so that a large sample is not held twice."""
    levers = {lever.path for lever in spec.design.levers} if len(spec.design.levers) > 1 else set()
    return [name for name in columns_of_study(spec) if name not in levers]


def study_file(source: str | Path) -> Path:
    """The file of a study: a path, or a shipped one as CASE/NAME.

    Raises CaseError where there is none, with those that there are.
    """
    path = Path(source)
    if path.suffix.lower() in (".yaml", ".yml"):
        return path
    from importlib.resources import files

    case, _, name = str(source).partition("/")
    if case not in list_cases():
        raise CaseError(
            f"{source}: no such study; name a file (study.yaml) or a shipped study as CASE/NAME, "
            f"with CASE one of {', '.join(list_cases())}"
        )
    folder = Path(str(files("leam_opt.cases"))) / case / "studies"
    known = sorted(file.stem for file in folder.glob("*.yaml")) if folder.is_dir() else []
    if name not in known:
        listed = ", ".join(f"{case}/{each}" for each in known) or "none"
        raise CaseError(f"{source}: no such study; the case {case} has {listed}")
    return folder / f"{name}.yaml"


def _write(path: Path, data: dict[str, Any]) -> None:
    import json

    temporary = path.with_suffix(".json.part")
    temporary.write_text(json.dumps(data, indent=1, ensure_ascii=False, default=str), encoding="utf-8")
    temporary.replace(path)
