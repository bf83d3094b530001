"""Carries out a study: tasks to an executor, results to the store as they come, in rounds until all is answered."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, CancelledError, Executor, Future, wait
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from leam_opt.errors import SolveError
from leam_opt.study.answers import next_points, plans_to_hold
from leam_opt.study.chains import Chain, at_values, holding
from leam_opt.study.executors import Serial, Width
from leam_opt.study.landing import Landing
from leam_opt.study.lanes import Options, Rows, Whole
from leam_opt.study.spec import StudySpec
from leam_opt.study.tasks import Setting, Task, work

if TYPE_CHECKING:
    import pandas as pd

READINGS = ("constant", "growth")
"""How the reference plan's tokens are read; a reference study carries out both."""
_CHUNKS = {"evaluate": 500, "reference": 2000}
_CHAIN = 10
"""Re-planned runs that begin with each other's plans; chains do not know of each other and can run side by side."""
_NEAR = 4
_AHEAD = 2
"""Tasks that are out for each one that can run at once."""
_ROUNDS = 60
_LOST = (
    "the executor has lost its workers ({}); what has landed is safe, and the study goes on from there when it is run "
    "again: with fewer workers where memory was short; a script of one's own starts processes under "
    "`if __name__ == '__main__':` only"
)
_DIED = "the process that did it died, also when it did nothing else (out of memory, or a fault of the solver)"


@dataclass(frozen=True)
class StudyProgress:
    """How far a study is.

    Attributes:
        done, runs: runs that have landed, and all that are known of.
        failed: runs without a plan among those of this call.
        seconds: since the call began.
        new: runs that this call has done.
        what: what is being done, in words.
    """

    done: int
    runs: int
    failed: int
    seconds: float
    new: int
    what: str


class Runner:
    """One carrying-out of a study."""

    def __init__(
        self,
        spec: StudySpec,
        landing: Landing,
        executor: Executor,
        width: Width,
        progress: Callable[[StudyProgress], None] | None,
        held: Mapping[str, Whole] | None = None,
    ) -> None:
        self.spec, self.landing, self.executor, self.width, self.progress = spec, landing, executor, width, progress
        options = Options(spec.mip_gap, spec.time_limit_seconds, spec.seed)
        self._to_make = {(plan.label, name): case for plan in spec.plans for name, case in plan.cases.items()}
        self._to_make |= {("", name): case for name, case in spec.frames.items()}
        self._made_in = {plan.label: plan.scenario for plan in spec.plans}
        figures = frozenset(lever.path for lever in spec.design.levers if lever.kind == "figure")
        self.setting = Setting(spec.frames, self._to_make, figures, options).packed()
        self._began, self._new, self._failed, self._what = time.perf_counter(), 0, 0, ""
        self._known = max(spec.design.count * len(self.combinations), landing.count)
        self._made: dict[tuple[str, str], Whole] = {("", name): whole for name, whole in (held or {}).items()}
        self._making: dict[tuple[str, str], Future[Rows]] = {}

    @property
    def combinations(self) -> list[tuple[str, str]]:
        """Scenarios and held plans (or readings), in the order in which runs are numbered."""
        spec = self.spec
        labels = READINGS if spec.lane == "reference" else [plan.label for plan in spec.plans] or [""]
        if spec.lane == "replan":
            labels = [""]
        return [(scenario, label) for scenario in spec.scenarios for label in labels]

    def run(self) -> None:
        """Does what is left of the design, and of the rounds that the answers ask for."""
        if self.spec.lane != "reference":
            self._make_plans()
        self._carry_out(self._chains())
        if self.spec.answers.flip_width is not None:
            self._look_for_flips()
        if self.spec.answers.regret and self.spec.lane == "replan":
            self._hold_plans()

    def run_round(self, number: int, chains: Iterable[Chain]) -> None:
        """Does what is left of the runs that an answer has asked for."""
        left = [chain for chain in chains if self._keep_left(chain)]
        self._known = self.landing.count + sum(len(chain.runs) for chain in left)
        self.landing.store.update(runs=self._known)
        self._what = f"round {number}"
        self._carry_out(iter(left))

    def _look_for_flips(self) -> None:
        """Rounds that narrow the brackets of flips.

        Each follows from the rows of the rounds before it alone, so that one that was ended in the middle is gone on
        with as it was.
        """
        for number in range(1, _ROUNDS):
            frame = self.landing.store.frame()
            earlier = frame[(frame["lane"] == "replan") & (frame["round"] < number)]
            values = next_points(self.spec, earlier)
            if not values:
                return
            near = {name: self._plans_near(earlier, name) for name in self.spec.scenarios}
            self.run_round(number, at_values(self.spec, values, len(earlier), number, near))

    def _hold_plans(self) -> None:
        """The round that holds the plans of the design at all of its points."""
        frame = self.landing.store.frame()
        plans = {label: self.landing.plan(key) for label, key in plans_to_hold(self.spec, frame).items()}
        self.run_round(1, holding(self.spec, plans, int((frame["lane"] == "replan").sum())))

    def _plans_near(self, frame: pd.DataFrame, scenario: str) -> list[Whole]:
        """The commonest plans of a scenario, to begin with."""
        keys = frame.loc[frame["scenario"] == scenario, "plan_key"].dropna()
        return [self.landing.plan(key) for key in keys[keys != ""].value_counts().index[:_NEAR]]

    def _make_plans(self) -> None:
        """Begins the plans that are held, or that every re-planned run may begin with, as far as runs are left that
        need them.

        A plan with a scenario of its own is made there, and held in all scenarios.
        """
        count = self.spec.design.count
        wanted = [
            self._maker(scenario, label)
            for number, (scenario, label) in enumerate(self.combinations)
            if not self.landing.has(number * count + np.arange(count)).all()
        ]
        for label, scenario in dict.fromkeys(each for each in wanted if each not in self._made):
            known = self.landing.made(label, scenario, self._to_make[label, scenario])
            if known is not None:
                self._made[label, scenario] = known
                continue
            self._what = f"planning {label or scenario}"
            self._tell()
            task = Task(self.setting, "make", scenario, np.empty(0, dtype=np.int64), {}, label)
            self._making[label, scenario] = self._submit(work, task)
            self._keep_all_made()

    def _plan_made(self, label: str, scenario: str) -> Whole | None:
        """The plan of a label, once it is made; others may still be in the making. None where there is none."""
        if (label, scenario) in self._making:
            self._what = f"planning {label or scenario}"
            self._tell()
            self._keep_made(label, scenario)
        return self._made.get((label, scenario))

    def _keep_made(self, label: str, scenario: str) -> None:
        """Keeps a plan when it is made; SolveError where one that is to be held cannot be made."""
        try:
            rows = self._making.pop((label, scenario)).result()
        except (BrokenExecutor, CancelledError) as error:
            raise SolveError(_LOST.format(_told(error))) from None
        self._what = ""
        if rows.plans:
            (self._made[label, scenario],) = rows.plans.values()
            self.landing.save_made(label, scenario, self._to_make[label, scenario], rows)
        elif self.spec.lane == "evaluate":
            what = f"plan '{label}' of {scenario}" if label else f"optimal plan of {scenario}"
            raise SolveError(f"the {what} cannot be made, so there is nothing to hold: {rows.reason[0]}")

    def _keep_all_made(self) -> None:
        """Keeps all plans that are made by now, so that a study that is stopped need not make them again."""
        for key in [key for key, future in self._making.items() if future.done()]:
            self._keep_made(*key)

    def _maker(self, scenario: str, label: str) -> tuple[str, str]:
        """Label and scenario that the plan of a scenario is made under."""
        return label, self._made_in.get(label) or scenario

    def _chains(self) -> Iterator[Chain]:
        """What is left of the design, in chains of consecutive points."""
        count, lane = self.spec.design.count, self.spec.lane
        size = _CHUNKS.get(lane, _CHAIN)
        for number, (scenario, label) in enumerate(self.combinations):
            for first in range(0, count, size):
                points = np.arange(first, min(first + size, count), dtype=np.int64)
                runs = number * count + points
                if self.landing.has(runs).all():
                    continue
                values = self.spec.design.points(first, int(points[-1]) + 1)
                chain = Chain(lane, scenario, label, points, runs, values)
                made = self._plan_made(*self._maker(scenario, label))
                if lane == "evaluate":
                    chain.held = made
                elif lane == "replan" and made is not None:
                    chain.pool = [made]
                self._keep_left(chain)
                yield chain

    def _keep_left(self, chain: Chain) -> bool:
        """Takes out of a chain what has landed; whether anything is left."""
        landed = self.landing.has(chain.runs)
        if chain.lane == "replan":
            chain.begin_with(self.landing.plans_of(chain.runs[landed]))
        chain.keep(~landed)
        return len(chain.runs) > 0

    def _carry_out(self, chains: Iterator[Chain]) -> None:
        running: dict[Future[Rows], Chain] = {}
        ready: deque[Chain] = deque()
        suspects: deque[Chain] = deque()
        more = True
        while running or ready or suspects or more:
            self._keep_all_made()
            most = self._most
            while more and not suspects and len(running) + len(ready) < most:
                chain = next(chains, None)
                if chain is None:
                    more = False
                elif not self._from_cache(chain):
                    ready.append(chain)
            while ready and not suspects and len(running) < most:
                self._begin(ready.popleft(), running)
            if suspects and not running:
                self._begin(suspects.popleft(), running, is_alone=True)
            done, _ = wait(running, timeout=1.0, return_when=FIRST_COMPLETED)
            for future in done:
                chain = running.pop(future)
                rows = self._rows(future, chain)
                if rows is None:
                    suspects.append(chain)
                    continue
                self._landed(chain, rows)
                if chain.at < len(chain.runs):
                    ready.append(chain)
            self._tell()

    @property
    def _most(self) -> int:
        """Tasks that may be out at once; in this process one, so that each lands before the next begins."""
        return 1 if isinstance(self.executor, Serial) else self.width() * _AHEAD

    def _begin(self, chain: Chain, running: dict[Future[Rows], Chain], *, is_alone: bool = False) -> None:
        chain.is_alone = is_alone
        running[self._submit(work, chain.task(self.setting))] = chain

    def _submit(self, call: Callable[..., Any], *arguments: Any) -> Future[Any]:
        try:
            return self.executor.submit(call, *arguments)
        except RuntimeError as error:  # broken, or shut down
            raise SolveError(_LOST.format(_told(error))) from None

    def _rows(self, future: Future[Rows], chain: Chain) -> Rows | None:
        """The result of a chain's task; None where its process died, so that it has to be done once more, alone.

        A task that broke is a failed run like any other. Where a process dies, so do its neighbours' tasks, and only
        what ends another one all alone is to blame.
        """
        try:
            return future.result()
        except CancelledError as error:
            raise SolveError(_LOST.format(_told(error))) from None
        except BrokenExecutor as error:
            try:
                self._submit(os.getpid).result()
            except BrokenExecutor:
                raise SolveError(_LOST.format(_told(error))) from None
            return _failed(chain.step, _DIED) if chain.is_alone else None
        except Exception as error:
            return _failed(chain.step, _told(error))

    def _from_cache(self, chain: Chain) -> bool:
        """Lands what the cache knows of a chain; whether that is all of it."""
        known = self.landing.cached(chain)
        if known is None:
            return False
        places, rows = known
        self.landing.land(chain, places, rows)
        self._count(rows)
        chain.keep(~np.isin(np.arange(len(chain.runs)), places))
        chain.begin_with(rows.plans[key] for key in rows.plan_key if key in rows.plans)
        return not len(chain.runs)

    def _landed(self, chain: Chain, rows: Rows) -> None:
        places = np.arange(chain.at, chain.at + rows.size)
        self.landing.land(chain, places, rows)
        self.landing.remember(chain, places, rows)
        chain.at += rows.size
        chain.begin_with(rows.plans.values())
        self._count(rows)

    def _count(self, rows: Rows) -> None:
        self._new += rows.size
        self._failed += sum(status in _WITHOUT_PLAN for status in rows.status)
        self._tell()

    def _tell(self) -> None:
        if self.progress is not None:
            seconds = time.perf_counter() - self._began
            self.progress(StudyProgress(self.landing.count, self._known, self._failed, seconds, self._new, self._what))


_WITHOUT_PLAN = frozenset({"infeasible", "invalid", "failed", "audit_failed"})


def _failed(size: int, reason: str) -> Rows:
    rows = Rows(size)
    for place in range(size):
        rows.refuse(place, "failed", reason)
    return rows


def _told(error: BaseException) -> str:
    """An error in one line."""
    return ": ".join([type(error).__name__, *str(error).strip().splitlines()[:1]])
