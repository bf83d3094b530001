"""Carrying a study out: which runs there are, where they land, and what of them is kept."""

from __future__ import annotations

import json
import random
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Executor, Future
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from leam_opt.errors import CaseError, SolveError
from leam_opt.study import lanes as lanes_module
from leam_opt.study import run as run_module
from leam_opt.study.lanes import Lanes
from leam_opt.study.opened import open_study
from leam_opt.study.run import StudyProgress
from leam_opt.study.study import Study
from leam_opt.study.tasks import Task
from tests.ledger.varied import leam
from tests.study.tiny import (
    CLOSE,
    FIGURES,
    POWER,
    TOKENS,
    carried_out,
    grid,
    rows,
    study,
    tiny_case,
    without_times,
)

BOTH = ["public", "ppp"]
CAP = "funding.instruments.grant.cap_total"
"""Below 12 MEUR it is less than the grant's smallest ticket, which the case refuses."""
NAMES = ["run", "round", "point", "label", "scenario", "lane", "plan"]
BEHIND = ["mip_gap", "dual_bound_meur", "objective_error_eur", "unmet_share", "seconds", "structure", "plan_key"]


def test_runs_and_points_of_a_study(tmp_path: Path) -> None:
    """Scenario by scenario and plan by plan, each over all points; the rows are those that the lanes give.

    Breaks when a row lands under another run's number, scenario or values.
    """
    asked = study(
        {"kind": "grid", "levers": {TOKENS: [0.001, 0.004], "funding.use": [["grant"], ["grant", "sponsor", "donor"]]}},
        lane="evaluate",
        scenarios=BOTH,
        plans={"cheap": {"scenario": "public"}, "dear": {"set": {TOKENS: 0.004}}},
    )
    result = carried_out(asked, tmp_path / "s")
    frame = result.frame()
    assert result.complete
    assert asked.runs == len(frame) == 16
    assert frame["run"].tolist() == list(range(16))
    assert frame["point"].tolist() == [0, 1, 2, 3] * 4
    assert frame["scenario"].tolist() == ["public"] * 8 + ["ppp"] * 8
    assert frame["plan"].tolist() == (["cheap"] * 4 + ["dear"] * 4) * 2
    assert frame[TOKENS].tolist() == [0.001, 0.001, 0.004, 0.004] * 4
    assert frame["funding.use"].tolist() == ['["grant"]', '["grant", "sponsor", "donor"]'] * 8
    assert set(frame["lane"]) == {"evaluate"}
    assert set(frame["round"]) == {0}
    case = tiny_case()
    cheap = rows(Lanes(), "replan", case.scenario("public"), {})
    for run in (1, 10):
        row = frame.loc[run]
        values = {TOKENS: np.array([row[TOKENS]]), "funding.use": [json.loads(row["funding.use"])]}
        own = rows(Lanes(), "evaluate", case.scenario(row["scenario"]), values, held=cheap.plans[cheap.plan_key[0]])
        assert row["status"] == own.status[0]
        for name in FIGURES:
            assert row[name] == pytest.approx(own.numbers[name][0], abs=CLOSE), (run, name)


def test_a_plan_is_made_where_and_for_what_it_says(tmp_path: Path) -> None:
    """A plan with a scenario is made there and held in all; one without is made anew in each.

    Breaks when a plan is made in the scenario in which it is held, or for other settings than its own.
    """
    made: list[tuple[str, str]] = []
    plans = {"there": {"scenario": "public"}, "each": {"set": {TOKENS: 0.004}}}
    asked = study(grid(TOKENS, 0.001, 0.002, 2), lane="evaluate", scenarios=BOTH, plans=plans)
    with Watched(made):
        frame = carried_out(asked, tmp_path / "s").frame()
    assert sorted(each for each in made if each[0] == "make") == [
        ("make", "each in ppp"),
        ("make", "each in public"),
        ("make", "there in public"),
    ]
    servers = frame.groupby(["plan", "scenario"])["servers_alpha"].agg(["min", "max"])
    assert servers.loc["there"].to_numpy().tolist() == [[60, 60], [60, 60]]
    assert servers.loc["each"].to_numpy().tolist() == [[100, 100], [100, 100]]


class Watched:
    """Notes the lane and scenario of each task that is done."""

    def __init__(self, seen: list[tuple[str, str]]) -> None:
        self.seen = seen

    def __enter__(self) -> None:
        self.work = run_module.work

        def work(task: Task) -> Any:
            self.seen.append((task.lane, f"{task.label} in {task.scenario}".removeprefix(" in ")))
            return self.work(task)

        run_module.work = work

    def __exit__(self, *_: object) -> None:
        run_module.work = self.work


def test_which_outputs_are_kept(tmp_path: Path) -> None:
    """Those that are named, those that answers ask for, and those around them; in the order asked for."""
    outputs = ["servers", "electricity_meur", "draws_grant_meur"]
    asked = study(
        grid(TOKENS, 0.001, 0.002, 2),
        outputs=outputs,
        answers={"thresholds": [{"output": "deficit_meur", "above": 20}]},
    )
    frame = carried_out(asked, tmp_path / "s").frame()
    assert list(frame.columns) == [*NAMES, TOKENS, "status", "reason", *outputs, "deficit_meur", *BEHIND]
    wanted = rows(Lanes(), "replan", tiny_case().scenario("public"), {TOKENS: np.array([0.001, 0.002])})
    for name in [*outputs, "deficit_meur"]:
        assert frame[name].tolist() == pytest.approx(wanted.numbers[name].tolist(), abs=CLOSE), name
    units = {field.name: field.metadata[b"unit"].decode() for field in open_study(tmp_path / "s").schema}
    assert (units["electricity_meur"], units[TOKENS], units["seconds"]) == ("M€", "EUR/ktoken", "s")


def test_what_is_not_a_number_is_missing(tmp_path: Path) -> None:
    """Averages of DuckDB leave out what has no plan. Breaks when NaN reaches the files, which makes any mean NaN."""
    asked = study({"kind": "grid", "levers": {"mission.public_compute_min": [1, 700, 2], CAP: [25, 5]}})
    folder = tmp_path / "s"
    frame = carried_out(asked, folder).frame()
    assert frame["status"].tolist() == ["optimal", "invalid", "infeasible", "invalid", "optimal", "invalid"]
    parts = f"FROM '{folder}/runs/*.parquet'"
    query = f"SELECT count(*), count(deficit_meur), avg(deficit_meur), count(reason), count(mip_gap) {parts}"
    every, known, mean, reasons, gaps = duckdb.sql(query).fetchall()[0]
    assert (every, known, reasons, gaps) == (6, 2, 6, 2)
    assert mean == pytest.approx(frame["deficit_meur"].mean())
    assert duckdb.sql(f"SELECT count(*) {parts} WHERE isnan(deficit_meur)").fetchall() == [(0,)]


def test_seed_and_options_are_recorded(tmp_path: Path) -> None:
    """Breaks when a study cannot be repeated from its folder; the seed reaches both draws and solver."""
    design = {"kind": "sample", "points": 4, "levers": {TOKENS: {"kind": "uniform", "low": 0.001, "high": 0.005}}}
    frames = {}
    for seed in (7, 8):
        folder = tmp_path / str(seed)
        frames[seed] = carried_out(study(design, lane="evaluate", seed=seed, time_limit=50), folder).frame()
        manifest = open_study(folder).manifest
        assert manifest.seed == manifest.study["seed"] == manifest.study["design"]["seed"] == seed
        assert manifest.solver_options == {"mip_gap": 1e-7, "time_limit_seconds": 50}
        assert manifest.inputs == {"public": tiny_case().scenario("public").input_hash}
        assert (manifest.runs, manifest.state) == (4, "complete")
        assert manifest.versions["highspy"]
    assert not set(frames[7][TOKENS]) & set(frames[8][TOKENS])
    again = carried_out(study(design, lane="evaluate", seed=7, time_limit=50), tmp_path / "again").frame()
    assert_frame_equal(without_times(again), without_times(frames[7]))


class Jumbled(Executor):
    """Does tasks in a thread of its own, in an order that is drawn, so that results come in any order."""

    def __init__(self, seed: int, width: int) -> None:
        self._max_workers = width
        self._random = random.Random(seed)
        self._waiting: list[tuple[Future[Any], Any, Any]] = []
        self._closed = False
        self.order: list[int] = []
        self._thread = threading.Thread(target=self._work)
        self._thread.start()

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        """The future of a call."""
        future: Future[Any] = Future()
        self._waiting.append((future, fn, args))
        return future

    def _work(self) -> None:
        while not self._closed or self._waiting:
            if not self._waiting:
                time.sleep(0.001)
                continue
            future, fn, args = self._waiting.pop(self._random.randrange(len(self._waiting)))
            self.order += [int(run) for task in args for run in task.runs[:1]]
            try:
                future.set_result(fn(*args))
            except Exception as error:
                future.set_exception(error)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Ends when all is done."""
        self._closed = True
        self._thread.join()


@pytest.mark.parametrize("lane", ["replan", "evaluate"])
def test_the_order_of_results_does_not_matter(lane: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Breaks when a result lands at the place of the one that was expected next."""
    monkeypatch.setattr(run_module, "_CHUNKS", {"evaluate": 7})
    monkeypatch.setattr(run_module, "_CHAIN", 3)
    asked = study(grid(TOKENS, 0.0, 0.006, 5 if lane == "replan" else 60), lane=lane, scenarios=BOTH)
    wanted = without_times(carried_out(asked, tmp_path / "in order").frame())
    with Jumbled(3, 3) as executor:
        found = without_times(asked.run(tmp_path / "jumbled", executor=executor, cache="off").frame())
    assert executor.order != sorted(executor.order)
    exact = [name for name in wanted.columns if name in NAMES or name in (TOKENS, "status", "structure")]
    assert_frame_equal(found[exact], wanted[exact])
    for name in FIGURES:
        assert found[name].to_numpy() == pytest.approx(wanted[name].to_numpy(), abs=CLOSE)


def test_each_run_lands_before_the_next_one_begins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In one process. Breaks when a finished run waits for another one, and is lost with it when the study ends."""
    landed: list[int] = []
    folder, work = tmp_path / "s", run_module.work

    def counted(task: Task) -> Any:
        if task.lane != "make":
            landed.append(len(open_study(folder).done()))
        return work(task)

    monkeypatch.setattr(run_module, "work", counted)
    monkeypatch.setattr(run_module, "_CHAIN", 2)
    carried_out(study(grid(TOKENS, 0.001, 0.002, 6)), folder)
    assert landed == [0, 1, 2, 3, 4, 5]


def test_a_task_that_breaks_is_a_failed_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Breaks when a fault under one set of figures ends the study."""
    work = run_module.work

    def faulty(task: Task) -> Any:
        if task.lane == "replan" and task.values[TOKENS][0] > 0.0025:
            raise ZeroDivisionError("division by zero\nsomewhere")
        return work(task)

    monkeypatch.setattr(run_module, "work", faulty)
    result = carried_out(study(grid(TOKENS, 0.001, 0.004, 4)), tmp_path / "s")
    frame = result.frame()
    assert result.complete
    assert frame["status"].tolist() == ["optimal", "optimal", "failed", "failed"]
    assert frame["reason"].tolist()[2:] == ["ZeroDivisionError: division by zero"] * 2
    assert frame["deficit_meur"].notna().tolist() == [True, True, False, False]


def test_a_plan_that_cannot_be_made_is_nothing_to_hold(tmp_path: Path) -> None:
    """Breaks when runs hold nothing instead; where plans are made anew, the base may well be infeasible."""
    settings = {"mission.public_compute_min": 700}
    with pytest.raises(SolveError, match=r"plan 'big' of public cannot be made.* cannot hold together: .*promises"):
        design = grid(TOKENS, 0.001, 0.002, 2)
        carried_out(study(design, lane="evaluate", plans={"big": {"set": settings}}), tmp_path / "a")
    with pytest.raises(SolveError, match="the optimal plan of public cannot be made"):
        carried_out(study(grid(TOKENS, 0.001, 0.002, 2), lane="evaluate", set=settings), tmp_path / "b")
    design = {"kind": "grid", "levers": {"mission.public_compute_min": [2, 700]}}
    frame = carried_out(study(design, set=settings), tmp_path / "c").frame()
    assert frame["status"].tolist() == ["optimal", "infeasible"]


def test_the_sample_goes_over_all_runs_of_a_study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every so many runs one is compared with a fresh build, wherever tasks begin; and so is each plan that is made.

    Breaks when each task compares its first run, which costs more than the runs, or none after the first task.
    """
    compared: list[float] = []
    monkeypatch.setattr(lanes_module, "CONFIRM_EVERY", 5)
    monkeypatch.setattr(run_module, "_CHUNKS", {"evaluate": 3})
    monkeypatch.setattr(
        lanes_module.Problem, "confirm", lambda _, case, __: compared.append(round(1e4 * case.prices.tokens.base))
    )
    carried_out(study(grid(TOKENS, 0.0, 0.0012, 13), lane="evaluate"), tmp_path / "evaluate")
    assert compared == [10, 0, 5, 10]
    compared.clear()
    carried_out(study(grid(TOKENS, 0.0, 0.0006, 7)), tmp_path / "replan")
    assert compared == [10, 0, 5]


def rounds(frame: pd.DataFrame) -> Iterator[tuple[int, pd.DataFrame]]:
    for number, part in frame.groupby("round"):
        yield int(str(number)), part


def test_flips_are_looked_for_in_later_rounds(tmp_path: Path) -> None:
    """Each round halves the brackets in all scenarios, until they are as narrow as asked for.

    Breaks when a later round takes numbers of runs that are taken, or says nothing of its round or its values.
    """
    asked = study(grid(TOKENS, 0.001, 0.003, 3), scenarios=BOTH, answers={"flips": {"width": 0.0003}})
    result = carried_out(asked, tmp_path / "s")
    frame = result.frame()
    assert result.complete
    assert frame["run"].tolist() == list(range(len(frame)))
    assert open_study(tmp_path / "s").manifest.runs == len(frame) > 6
    seen: set[float] = set()
    for number, part in rounds(frame):
        assert set(part["scenario"]) == set(BOTH)
        for _, of_one in part.groupby("scenario"):
            assert of_one[TOKENS].is_monotonic_increasing
        assert not set(part[TOKENS]) & seen
        seen |= set(part[TOKENS])
        assert set(part["point"]) == ({0, 1, 2} if number == 0 else {-1})
        assert set(part["lane"]) == {"replan"}
    assert frame["round"].max() >= 2
    for _, line in frame.groupby("scenario"):
        line = line.sort_values(TOKENS)
        jumps = line["structure"].to_numpy()[1:] != line["structure"].to_numpy()[:-1]
        assert jumps.sum() >= 2
        assert np.diff(line[TOKENS])[jumps].max() <= 0.0003 + 1e-12


def test_the_plans_of_a_study_are_held_at_all_of_its_points(tmp_path: Path) -> None:
    """For regret. A plan at the point that it was made for has the figures that it was found with."""
    asked = study(grid(TOKENS, 0.001, 0.004, 4), scenarios=["public"], answers={"regret": True})
    frame = carried_out(asked, tmp_path / "s").frame()
    planned, held = frame[frame["round"] == 0], frame[frame["round"] == 1]
    assert set(held["lane"]) == {"evaluate"}
    assert held["run"].tolist() == list(range(4, 4 + len(held)))
    labels = {f"run {part['run'].min()}": part for _, part in planned.groupby("plan_key")}
    assert set(held["plan"]) == set(labels)
    assert len(labels) > 1
    for label, found in labels.items():
        part = held[held["plan"] == label].set_index("point")
        assert part.index.tolist() == [0, 1, 2, 3]
        assert part[TOKENS].tolist() == planned[TOKENS].tolist()
        for _, row in found.iterrows():
            assert part.loc[row["point"], "deficit_meur"] == pytest.approx(row["deficit_meur"], abs=CLOSE)
    best = held.groupby("point")["deficit_meur"].min()
    assert best.to_numpy() == pytest.approx(planned["deficit_meur"].to_numpy(), abs=CLOSE)


def test_what_progress_tells(tmp_path: Path) -> None:
    """Rises from what is there to all there is. Breaks when it runs past its end, or forgets rows without a plan."""
    told: list[StudyProgress] = []
    design = {"kind": "grid", "levers": {"mission.public_compute_min": [2.5, 700], CAP: [25, 5, 30]}}
    carried_out(study(design), tmp_path / "s", progress=told.append)
    assert told[0].what == "planning public"
    assert (told[0].done, told[0].runs) == (0, 6)
    assert [state.done for state in told] == sorted(state.done for state in told)
    assert (told[-1].done, told[-1].runs, told[-1].new, told[-1].failed) == (6, 6, 6, 4)
    assert all(state.done <= state.runs for state in told)
    told.clear()
    flips = study(grid(TOKENS, 0.001, 0.003, 3), answers={"flips": {"width": 0.0002}})
    carried_out(flips, tmp_path / "f", progress=told.append)
    assert told[-1].done == told[-1].runs == told[-1].new > 3
    assert {state.what for state in told} >= {"planning public", "", "round 1", "round 2"}
    assert all(state.done <= state.runs for state in told)
    end = told[-1].done
    told.clear()
    carried_out(flips, tmp_path / "f", progress=told.append)
    assert all((state.done, state.runs, state.new) == (end, end, 0) for state in told)


def test_plans_that_a_run_begins_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its own chain's plans, each once and the latest last, and the plan of the case; of other chains none.

    Breaks when a run waits for another chain, or begins with six copies of one plan.
    """
    pools: dict[int, list[Any]] = {}
    work = run_module.work

    def noted(task: Task) -> Any:
        pools[int(task.runs[0]) if len(task.runs) else -1] = list(task.pool)
        return work(task)

    monkeypatch.setattr(run_module, "work", noted)
    monkeypatch.setattr(run_module, "_CHAIN", 4)
    frame = carried_out(study(grid(TOKENS, 0.001, 0.006, 8)), tmp_path / "s").frame()
    store = open_study(tmp_path / "s")

    def plan(key: str) -> dict[str, int]:
        arrays = store.load_plan(key)
        return dict(zip(arrays["column"].tolist(), arrays["value"].tolist(), strict=True))

    base = plan("made..public")
    assert pools[-1] == []
    for run in range(8):
        before = [plan(key) for key in frame["plan_key"][run - run % 4 : run]]
        wanted = [base, *before]
        assert pools[run] == [whole for at, whole in enumerate(wanted) if whole not in wanted[at + 1 :]]


def test_a_reference_study_reads_the_plan_in_both_ways(tmp_path: Path) -> None:
    """Each point with constant tokens and with growing ones; the price of power costs both readings the same."""
    design = {"kind": "sample", "points": 8, "levers": ["energy_sources.green-tariff.price"]}
    frame = carried_out(Study(leam(), scenarios=["base"], lane="reference", design=design), tmp_path / "s").frame()
    assert frame["plan"].tolist() == ["constant"] * 8 + ["growth"] * 8
    assert frame["point"].tolist() == [*range(8)] * 2
    assert set(frame["status"]) == {"evaluated"}
    constant, growth = (frame.loc[frame["plan"] == name, "deficit_meur"].to_numpy() for name in ("constant", "growth"))
    assert np.ptp(constant - growth) < 1e-9
    assert (constant - growth).min() > 10
    assert np.ptp(constant) > 0.1


def test_studies_that_are_asked_for_in_the_wrong_way() -> None:
    with pytest.raises(CaseError, match="a study file says all of a study; give a case where Python does"):
        Study("leam-2022/tornado", lane="evaluate")
    with pytest.raises(CaseError, match="the design is empty"):
        study({"kind": "grid", "levers": {}})
    with pytest.raises(CaseError, match="unknown output 'deficit'; did you mean"):
        study(grid(POWER, 0.1, 0.2, 2), outputs=["deficit"])
