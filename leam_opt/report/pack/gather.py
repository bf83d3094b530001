"""Gathers what a decision pack shows: from a case, from a result that is there already, or from a study."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from leam_opt.case.embedded import folder_of, like
from leam_opt.case.load import load_case
from leam_opt.case.quantity import End
from leam_opt.case.schema import Case
from leam_opt.errors import CaseError, InfeasibleError, LeamError
from leam_opt.report.compare import Comparison, compare, compared
from leam_opt.report.pack.content import Pack
from leam_opt.report.pack.contracts import CONTRACTS
from leam_opt.report.pack.explained import explanations
from leam_opt.report.pack.result import is_result, read_result
from leam_opt.solve.plan import Plan
from leam_opt.solve.progress import Progress
from leam_opt.solve.search import PROVEN_GAP

Callback = Callable[[Progress], None]

_QUICK = "left out on request"
_NOT_ASKED = "the study does not ask for it"
_NOT_IN_RESULT = "the result holds none; a pack of the case has it"


@dataclass
class Steps:
    """What is done for a pack.

    Attributes:
        options: what the pack was asked for.
        command: command line; empty from Python.
        seconds: by step.
        left_out: what the pack lacks, and why.
    """

    options: Mapping[str, Any]
    command: str = ""
    seconds: dict[str, float] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)

    @contextmanager
    def timed(self, name: str) -> Iterator[None]:
        """Times a step."""
        began = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - began

    def insight(self, name: str, find: Callable[[], dict[str, Any] | None]) -> dict[str, Any] | None:
        """The result of a step; None where there is none, or where it fails: a pack is worth having without it."""
        with self.timed(name):
            try:
                return find() or None
            except LeamError as error:
                self.left_out[name] = str(error).splitlines()[0]
                return None

    def manifest(self, kind: str, case: Case, comparison: Comparison) -> dict[str, Any]:
        """What it takes to make the pack again."""
        from leam_opt.study.cache import code_digest, versions

        solver = comparison.best.result
        return {
            "command": self.command,
            "source": kind,
            "case": case.name,
            "input_hash": case.input_hash,
            "scenarios": {name: plan.result.input_hash for name, plan in comparison.plans.items()},
            "options": dict(self.options),
            "seeds": {"solver": solver.seed},
            "solver": f"{solver.solver} {solver.solver_version}",
            "versions": versions(),
            "code_digest": code_digest(),
            "platform": platform.platform(terse=True),
            "seconds": {name: round(seconds, 3) for name, seconds in self.seconds.items()},
            "left_out": self.left_out,
        }


def gather(
    source: Case | str | Path,
    *,
    scenarios: Sequence[str] | None = None,
    overrides: Mapping[str, Any] | None = None,
    at: End = "base",
    mip_gap: float = PROVEN_GAP,
    time_limit: float | None = None,
    full: bool = True,
    progress: Callback | None = None,
    workers: int | None = 1,
    command: str = "",
) -> Pack:
    """Everything that a decision pack shows.

    Args:
        source: a case (object, name or folder), a result file (JSON of `solve`, `compare`, or of an earlier pack), or
            the folder of a study.
        scenarios: of a case; None takes all.
        overrides: of a case, as for `load_case`.
        at: end of the ranges that a case is planned at.
        mip_gap: as for `solve`.
        time_limit: as for `solve`; of each solve.
        full: whether to find rule prices, alternatives and a trade-off as well, which takes more solves.
        progress: called now and then while HiGHS searches.
        workers: processes for what can be done side by side; 1 does everything in this one, None takes all cores.
        command: command line, for the manifest.

    Raises:
        CaseError, SolveError, AuditError: as for `solve`; of a file that is damaged, too.
        InfeasibleError: no scenario has a plan.
    """
    options: dict[str, Any] = {"mip_gap": mip_gap, "time_limit_seconds": time_limit, "full": full}
    steps = Steps({**options, "scenarios": list(scenarios) if scenarios else None, "at": at}, command)
    path = None if isinstance(source, Case) else Path(source)
    if path is not None and (is_result(path) or _is_study(path)):
        if overrides or scenarios or at != "base":
            raise CaseError(f"{path}: its figures and scenarios are what they are; give a case to change them")
        return _of_result(path, steps) if is_result(path) else _of_study(path, steps, mip_gap, time_limit, progress)
    with steps.timed("load"):
        case = source if isinstance(source, Case) else load_case(source)
        case = case.override(overrides) if overrides else case
        case = case.at(at) if at != "base" else case
    return _of_case(case, steps, scenarios, mip_gap, time_limit, full, progress, workers)


def _of_case(
    case: Case,
    steps: Steps,
    scenarios: Sequence[str] | None,
    mip_gap: float,
    time_limit: float | None,
    full: bool,
    progress: Callback | None,
    workers: int | None,
) -> Pack:
    from leam_opt.report.pack import futures

    made, stuck = datetime.now(UTC), dict[str, InfeasibleError]()
    search: dict[str, Any] = {"mip_gap": mip_gap, "time_limit": time_limit, "progress": progress}
    with steps.timed("plans"):
        comparison = compare(case, scenarios=scenarios, **search, without_plan=stuck.__setitem__)
    best, name = comparison.best, comparison.ranking[0]
    found = {
        "conflict": steps.insight("conflict", lambda: _conflicts(case, stuck, search)) if stuck else None,
        "tornado": steps.insight("tornado", lambda: futures.tornado(best, name, workers, steps.left_out)),
        "distribution": steps.insight(
            "distribution", lambda: futures.distribution(comparison.plans, case, workers, steps.left_out)
        ),
        "reconciliation": steps.insight("reconciliation", lambda: reconciliation(case, None)),
    }
    if full:
        for explained in explanations(case, name, best, **search, workers=workers):
            found[explained.name] = explained.data
            steps.seconds[explained.name] = explained.seconds
            if explained.left_out:
                steps.left_out[explained.name] = explained.left_out
    else:
        steps.left_out |= dict.fromkeys(("prices", "alternatives", "pareto"), _QUICK)
    manifest = steps.manifest("case", case, comparison)
    manifest["seeds"]["futures"] = futures.SEED
    return Pack(_bare(case), comparison, made, **found, manifest=manifest)


def _conflicts(case: Case, stuck: Mapping[str, InfeasibleError], search: Mapping[str, Any]) -> dict[str, Any]:
    """The conflict of the first scenario without a plan, with repairs; those of others stand under `others`."""
    from leam_opt.insight.repairs import repairs

    found = [
        {**repairs(case, name, **search, conflict=error.found).to_dict(), "scenario": name}
        for name, error in stuck.items()
    ]
    return {**found[0], "others": found[1:]}


def _of_result(path: Path, steps: Steps) -> Pack:
    """The pack of a result: nothing is solved."""
    with steps.timed("load"):
        result = read_result(path)
    comparison, insights = result.comparison, dict(result.insights)
    case = comparison.case
    if insights.get("reconciliation") is None:
        insights["reconciliation"] = steps.insight("reconciliation", lambda: reconciliation(case, result.folder))
    manifest = steps.manifest("result", case, comparison)
    earlier = result.manifest
    if not earlier:
        absent = ("tornado", "distribution", "prices", "alternatives", "pareto")
        steps.left_out |= {name: _NOT_IN_RESULT for name in absent if insights.get(name) is None}
    else:
        manifest["made_from"] = earlier.get("made_from") or earlier
    manifest["file"] = path.name
    if (now := like(case, result.folder)) is not None:
        manifest["case_has_changed"] = now.input_hash != case.input_hash
    made = result.made or datetime.fromtimestamp(path.stat().st_mtime, UTC)
    if insights.get("study"):
        insights["study"] = {**insights["study"], "folder": ""}  # a folder that a stranger names is not looked into
    return Pack(_bare(case), comparison, made, **{name: insights.get(name) for name in CONTRACTS}, manifest=manifest)


def _is_study(path: Path) -> bool:
    from leam_opt.study.opened import MANIFEST

    return (path / MANIFEST).is_file()


def _of_study(path: Path, steps: Steps, mip_gap: float, time_limit: float | None, progress: Callback | None) -> Pack:
    """The pack of a study: its answers and rows, and the plan of each of its scenarios."""
    from leam_opt.report.pack.of_study import Kept
    from leam_opt.solve.run import solve

    with steps.timed("load"):
        study = Kept.of(path)
    plans, stuck = dict[str, Plan](), dict[str, InfeasibleError]()
    with steps.timed("plans"):
        for name, frame in study.frames.items():
            try:
                start = study.start(name)
                plans[name] = solve(frame, mip_gap=mip_gap, time_limit=time_limit, progress=progress, start=start)
            except InfeasibleError as error:
                stuck[name] = error
    if not plans:
        raise next(iter(stuck.values()))
    case = study.case
    comparison = compared(case, plans)
    search = {"mip_gap": mip_gap, "time_limit": time_limit, "progress": progress}
    found = {
        "conflict": steps.insight("conflict", lambda: _conflicts(case, stuck, search)) if stuck else None,
        "tornado": study.answers.get("tornado"),
        "distribution": study.distribution(plans),
        "reconciliation": steps.insight("reconciliation", lambda: reconciliation(case, study.folder)),
    }
    absent = ("tornado", "distribution", "prices", "alternatives", "pareto")
    steps.left_out |= {name: _NOT_ASKED for name in absent if found.get(name) is None}
    manifest = steps.manifest("study", case, comparison)
    manifest["seeds"]["study"] = study.opened.manifest.seed
    manifest["study"] = study.opened.manifest.to_dict()
    return Pack(_bare(case), comparison, datetime.now(UTC), **found, study=study.to_dict(), manifest=manifest)


def _bare(case: Case) -> Case:
    """The case without a scenario; as it is where its overrides fit the scenario only."""
    try:
        return case.scenario("base")
    except CaseError:
        return case


def reconciliation(case: Case, folder: str | None) -> dict[str, Any] | None:
    """The paper's figures beside the ledger's; None for a case that is made after no paper."""
    from leam_opt.ledger.paper import FIGURES_FILE
    from leam_opt.ledger.reconcile import reconcile

    place = folder_of(case, folder)
    if case.reference_plan is None or place is None or not (place / FIGURES_FILE).is_file():
        return None
    found = reconcile(case.scenario("base"), place / FIGURES_FILE)
    return {"rows": found.rows, "findings": found.findings}
