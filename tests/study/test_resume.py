"""A study that was ended in any way goes on from what has landed, and comes to what it would have come to."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from leam_opt.errors import CaseError
from leam_opt.study import lanes as lanes_module
from leam_opt.study import run as run_module
from leam_opt.study.lanes import Lanes, Rows
from leam_opt.study.opened import open_study
from leam_opt.study.study import Study
from leam_opt.study.tasks import Task
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

ROOT = Path(__file__).parents[2]
POSIX = pytest.mark.skipif(os.name == "nt", reason="signals are those of POSIX")
CHUNK, CHAIN = 10, 3

# A study in a process of its own, in as small pieces as those of this one; it may kill itself at one of its tasks.
CARRIED_OUT = f"""
import json, os, signal, sys
from leam_opt.study import run
from tests.study.tiny import study

left, own = int(sys.argv[3]), run.work

def work(task):
    global left
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return own(task)

run.work, run._CHUNKS, run._CHAIN = work, {{"evaluate": {CHUNK}}}, {CHAIN}
study(**json.loads(sys.argv[2])).run(sys.argv[1], workers=1, cache="off")
"""
BOTH = ["public", "ppp"]
EVALUATED: dict[str, Any] = {"design": grid(TOKENS, 0.0, 0.006, 300), "lane": "evaluate", "scenarios": BOTH}
REPLANNED: dict[str, Any] = {
    "design": grid(TOKENS, 0.001, 0.003, 3),
    "scenarios": BOTH,
    "answers": {"flips": {"width": 0.0005}, "regret": True},
}


@pytest.fixture(autouse=True)
def small_tasks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_module, "_CHUNKS", {"evaluate": CHUNK})
    monkeypatch.setattr(run_module, "_CHAIN", CHAIN)


def begun(folder: Path, definition: dict[str, Any], tasks: int = 0) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", CARRIED_OUT, str(folder), json.dumps(definition), str(tasks)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def killed_at(folder: Path, definition: dict[str, Any], tasks: int) -> None:
    """Lets a study be killed as it begins one of its tasks."""
    process = begun(folder, definition, tasks)
    _, said = process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL, said.decode()


def landed(folder: Path) -> int:
    """Runs in the files of a folder, by their names."""
    names = [re.match(r"part-(\d+)-(\d+)-", file.name) for file in (folder / "runs").glob("part-*.parquet")]
    return sum(int(name[2]) - int(name[1]) + 1 for name in names if name)


def wait_for(process: subprocess.Popen[bytes], folder: Path, runs: int) -> None:
    """Waits until so many runs have landed."""
    while landed(folder) < runs:
        assert process.poll() is None, process.communicate()[1].decode()
        time.sleep(0.002)


class Counted:
    """Notes the runs that are done in this process."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.runs: list[int] = []
        self.made: list[str] = []
        work = run_module.work

        def counted(task: Task) -> Rows:
            self.runs += task.runs.tolist()
            self.made += [task.scenario] * (task.lane == "make")
            return work(task)

        monkeypatch.setattr(run_module, "work", counted)


def assert_same_study(found: pd.DataFrame, wanted: pd.DataFrame) -> None:
    """The same runs with the same values and results; figures of plans that were made anew to a euro."""
    exact = [name for name in wanted.columns if wanted[name].dtype.kind != "f" or name == TOKENS]
    assert_frame_equal(found[exact], wanted[exact])
    for name in FIGURES:
        assert found[name].to_numpy() == pytest.approx(wanted[name].to_numpy(), abs=CLOSE, nan_ok=True)


@POSIX
def test_a_killed_study_of_held_plans(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed as it makes its plans, and at any moment later: every figure is the same to the last bit.

    Breaks when a row depends on what the process did before, is lost, or is done twice.
    """
    wanted = without_times(carried_out(study(**EVALUATED), tmp_path / "undisturbed").frame())
    folder = tmp_path / "killed"
    killed_at(folder, EVALUATED, 2)
    process = begun(folder, EVALUATED)
    wait_for(process, folder, 10 * CHUNK)
    process.kill()
    process.communicate()
    before = open_study(folder).done()
    assert 10 * CHUNK <= len(before) < 600
    counted = Counted(monkeypatch)
    result = carried_out(study(**EVALUATED), folder)
    assert result.complete
    assert sorted([*counted.runs, *before.tolist()]) == list(range(600))
    assert not counted.made
    assert_frame_equal(without_times(result.frame()), wanted, check_exact=True)
    assert open_study(folder).manifest.state == "complete"


@POSIX
def test_a_killed_study_of_plans_made_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed while it looks for flips, and while it holds its plans; the rounds are those that they were.

    Breaks when a round that was begun is forgotten, begun again, or numbers its runs in another way.
    """
    wanted = carried_out(study(**REPLANNED), tmp_path / "undisturbed").frame()
    kept = (wanted["lane"] == "replan").sum()
    assert 8 < kept < len(wanted)
    folder = tmp_path / "killed"
    killed_at(folder, REPLANNED, 2 + 6 + 3)
    first = open_study(folder).done()
    assert len(first) == 8 < kept
    killed_at(folder, REPLANNED, kept - 8 + 3)
    before = open_study(folder).done()
    assert kept < len(before) < len(wanted)
    counted = Counted(monkeypatch)
    result = carried_out(study(**REPLANNED), folder)
    assert result.complete
    assert sorted([*counted.runs, *before.tolist()]) == list(range(len(wanted)))
    assert_same_study(result.frame(), wanted)
    manifest = open_study(folder).manifest
    assert (manifest.state, manifest.runs) == ("complete", len(wanted))


class Ended:
    """Ends a study, as Ctrl-C does, when it begins one of its tasks."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, at: int) -> None:
        self.left, work = at, run_module.work

        def ended(task: Task) -> Rows:
            self.left -= task.lane != "make"
            if self.left < 0:
                raise KeyboardInterrupt
            return work(task)

        monkeypatch.setattr(run_module, "work", ended)


def test_a_study_that_is_stopped_at_each_of_its_runs(tmp_path: Path) -> None:
    """Ctrl-C after every single task, through all rounds. Breaks when what a round was cannot be told from its rows."""
    asked = study(grid(TOKENS, 0.001, 0.002, 2), answers={"flips": {"width": 0.0003}, "regret": True})
    wanted = carried_out(asked, tmp_path / "undisturbed").frame()
    assert wanted["round"].max() > 1
    folder, done = tmp_path / "stopped", 0
    while True:
        with pytest.MonkeyPatch.context() as patch:
            Ended(patch, 1)
            result = carried_out(asked, folder)
        if result.complete:
            break
        count = len(result.frame())
        assert count == open_study(folder).done().size > done
        assert open_study(folder).manifest.state == "stopped"
        assert result.to_dict()["complete"] is False
        assert result.to_dict()["runs"] > count
        done = count
    assert_same_study(result.frame(), wanted)


def test_a_study_that_is_complete_does_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither runs nor plans, whatever its answers ask for. Breaks when a round is held once more at each call."""
    asked = study(**REPLANNED)
    wanted = carried_out(asked, tmp_path / "s").frame()
    files = sorted((tmp_path / "s" / "runs").iterdir())
    counted = Counted(monkeypatch)
    result = carried_out(asked, tmp_path / "s")
    assert counted.runs == counted.made == []
    assert result.complete
    assert_frame_equal(result.frame(), wanted)
    assert sorted((tmp_path / "s" / "runs").iterdir()) == files
    assert result.to_dict()["runs_done"] == result.to_dict()["runs"] == len(wanted)


def test_a_case_without_a_plan_is_not_planned_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its own plan is what runs begin with, where there is one. Breaks when it is looked for at each call."""
    design = {"kind": "grid", "levers": {"mission.public_compute_min": [2.5, 3]}}
    asked = study(design, set={"mission.public_compute_min": 700})
    counted = Counted(monkeypatch)
    for _ in range(2):
        result = carried_out(asked, tmp_path / "s")
        assert result.complete
        assert (counted.made, counted.runs) == (["public"], [0, 1])


def test_a_restart_does_all_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also the plans that are held; what was there is put by."""
    asked = study(grid(TOKENS, 0.001, 0.002, 20), lane="evaluate")
    wanted = carried_out(asked, tmp_path / "s").frame()
    counted = Counted(monkeypatch)
    result = carried_out(asked, tmp_path / "s", restart=True)
    assert counted.runs == list(range(20))
    assert counted.made == ["public"]
    assert_frame_equal(without_times(result.frame()), without_times(wanted), check_exact=True)
    assert len(list((tmp_path / "s" / "runs.old-1").glob("part-0*.parquet"))) == 2


@POSIX
def test_two_processes_at_once(tmp_path: Path) -> None:
    """The second one is told who writes, and changes nothing; when the first one is gone it goes on."""
    folder, definition = tmp_path / "s", {"design": grid(TOKENS, 0.0, 0.006, 300), "lane": "evaluate"}
    process = begun(folder, definition)
    try:
        wait_for(process, folder, CHUNK)
        process.send_signal(signal.SIGSTOP)  # so that it cannot be done before the other one begins
        with pytest.raises(CaseError, match=f"process {process.pid} on .* is writing this study; wait until it ends"):
            carried_out(study(**definition), folder)
        assert process.poll() is None
    finally:
        process.kill()
        process.communicate()
    result = carried_out(study(**definition), folder)
    assert result.complete
    assert result.frame()["run"].tolist() == list(range(300))


def test_another_study_in_the_same_folder(tmp_path: Path) -> None:
    """Breaks when runs of two studies are mixed."""
    carried_out(study(grid(TOKENS, 0.001, 0.002, 2)), tmp_path / "s")
    for other in (study(grid(TOKENS, 0.001, 0.002, 3)), study(grid(POWER, 0.1, 0.2, 2))):
        with pytest.raises(CaseError, match="it holds a study that differs"):
            carried_out(other, tmp_path / "s")


class Known:
    """What a study takes from a cache, and what it solves."""

    def __init__(self, asked: Study, folder: Path, cache: Path | str) -> None:
        with pytest.MonkeyPatch.context() as patch:
            counted = Counted(patch)
            self.frame = carried_out(asked, folder, cache=cache).frame()
        self.solved, self.made = counted.runs, counted.made


def test_what_another_study_has_solved(tmp_path: Path) -> None:
    """Another name, other levers and outputs, the same figures: nothing is solved, and the rows are equal.

    Breaks when a key takes in what does not matter, or a plan is made for runs that are all known.
    """
    cache = tmp_path / "cache"
    levers = {TOKENS: [0.0015, 0.002, 0.004], "mission.public_compute_min": [2.5, 700]}
    first = Known(study({"kind": "grid", "levers": levers}), tmp_path / "a", cache)
    assert len(first.solved) == 6
    points = [
        {"mission.public_compute_min": mission, TOKENS: price, POWER: 0.2}
        for price in (0.004, 0.002, 0.0015)
        for mission in (700, 2.5)
    ]
    design = {"kind": "list", "rows": points}
    other = Known(study(design, name="other", outputs=["deficit_meur", "energy_gwh"]), tmp_path / "b", cache)
    assert other.solved == other.made == []
    by_figures = [TOKENS, "mission.public_compute_min"]
    columns = [*by_figures, "status", "reason", "deficit_meur", "energy_gwh", "mip_gap", "structure", "plan_key"]
    columns.append("seconds")
    one, two = (frame.sort_values(by_figures)[columns].reset_index(drop=True) for frame in (first.frame, other.frame))
    assert_frame_equal(one, two, check_exact=True)
    assert one["status"].value_counts().to_dict() == {"optimal": 3, "infeasible": 3}
    for key in other.frame["plan_key"][other.frame["plan_key"] != ""]:
        assert open_study(tmp_path / "b").load_plan(key)


def test_held_plans_and_their_rows_from_the_cache(tmp_path: Path) -> None:
    """Also the plan that is held; where only a part is known, the rest is solved."""
    cache = tmp_path / "cache"
    plans = {"dear": {"set": {TOKENS: 0.004}}}
    asked = [study(grid(TOKENS, 0.0, 0.006, steps), lane="evaluate", plans=plans) for steps in (7, 7, 13)]
    first = Known(asked[0], tmp_path / "a", cache)
    assert (first.made, len(first.solved)) == (["public"], 7)
    again = Known(asked[1], tmp_path / "b", cache)
    assert again.made == again.solved == []
    assert_frame_equal(again.frame, first.frame)
    finer = Known(asked[2], tmp_path / "c", cache)
    assert finer.made == []
    assert finer.solved == list(range(1, 13, 2))
    alone = carried_out(asked[2], tmp_path / "d").frame()
    for name in FIGURES:
        assert finer.frame[name].to_numpy() == pytest.approx(alone[name].to_numpy(), abs=CLOSE)


def test_the_plan_of_the_case_is_known_once_it_is_made(tmp_path: Path) -> None:
    """It is made for all runs to begin with. Breaks when the run at the case's own figures solves for it again."""
    asked = study({"kind": "grid", "levers": {TOKENS: [0.002, 0.001], POWER: [0.2]}})
    found = Known(asked, tmp_path / "a", tmp_path / "cache")
    assert (found.made, found.solved) == (["public"], [0])
    alone = carried_out(asked, tmp_path / "b").frame()
    for name in FIGURES:
        assert found.frame[name].to_numpy() == pytest.approx(alone[name].to_numpy(), abs=CLOSE)


def test_what_makes_a_row_another_one(tmp_path: Path) -> None:
    """Figures, scenario, gap, lane, plan and seed are all part of a row's key; without a cache there is none."""
    cache = tmp_path / "cache"
    design = grid(TOKENS, 0.0015, 0.002, 2)
    assert Known(study(design), tmp_path / "first", cache).solved == [0, 1]
    others: dict[str, dict[str, Any]] = {
        "gap": {"mip_gap": 1e-6},
        "seed": {"seed": 5},
        "scenario": {"scenarios": ["ppp"]},
        "setting": {"set": {"staff.operations": 5}},
        "lane": {"lane": "evaluate"},
    }
    for name, definition in others.items():
        found = Known(study(design, **definition), tmp_path / name, cache)
        assert found.solved == [0, 1], name
    assert Known(study(design, scenarios=BOTH, seed=6), tmp_path / "both", cache).solved == [0, 1, 2, 3]
    held = study(design, lane="evaluate", plans={"dear": {"set": {TOKENS: 0.004}}})
    assert Known(held, tmp_path / "held", cache).solved == [0, 1]
    assert Known(study(design), tmp_path / "off", "off").solved == [0, 1]
    assert Known(study(design), tmp_path / "hit", cache).solved == []


def test_results_that_another_try_may_change_are_not_kept(tmp_path: Path) -> None:
    """Breaks when a failed run fails for ever, in every study."""
    cache, asked = tmp_path / "cache", study(grid(TOKENS, 0.0015, 0.003, 3))
    statuses = ["failed", "time_limit", "audit_failed"]

    work = run_module.work

    def unlucky(task: Task) -> Rows:
        found = work(task)
        found.status[0] = "failed" if task.lane == "make" else statuses[int(task.runs[0])]
        return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run_module, "work", unlucky)
        frame = carried_out(asked, tmp_path / "a", cache=cache).frame()
    assert frame["status"].tolist() == statuses
    again = Known(asked, tmp_path / "b", cache)
    assert again.solved == [0, 1, 2]
    assert again.frame["status"].tolist() == ["optimal"] * 3
    # A run that has landed as failed stays as it is in its own study.
    assert Known(asked, tmp_path / "a", cache).solved == []


def memory_mb() -> float:
    """Resident memory of this process."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="the memory of a process is read from /proc")
def test_memory_stays_flat(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the thousandth and the five-thousandth run. Breaks when rows, plans or solvers are collected."""
    monkeypatch.setattr(run_module, "_CHUNKS", {"evaluate": 250})
    seen: dict[int, float] = {}
    sample = {"kind": "sample", "points": 5000, "levers": {TOKENS: {"kind": "uniform", "low": 0.0, "high": 0.006}}}
    asked = study(sample, lane="evaluate")
    carried_out(asked, tmp_path / "s", progress=lambda state: seen.setdefault(state.done, memory_mb()))
    assert seen[5000] - seen[1000] < 20


def test_lanes_keep_a_bounded_number_of_solvers() -> None:
    """Breaks when each plan that is held keeps a warm solver for ever."""
    lanes = Lanes()
    for servers in range(3, 3 + lanes_module._HELD + 4):
        plan = {"units_bought[north,alpha,2025]": servers}
        rows(lanes, "evaluate", tiny_case(), {TOKENS: np.array([0.001])}, held=plan)
        assert len(lanes._held) <= lanes_module._HELD
