"""The command that carries studies out: what it is told, where runs land, and how it ends."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

import leam_opt
from leam_opt.study import run as run_module
from leam_opt.study import study as study_module
from leam_opt.study.opened import open_study
from leam_opt.study.tasks import Task
from tests.cli.conftest import Outcome, Run
from tests.study.tiny import TOKENS, tiny_folder

ROOT = Path(__file__).parents[2]
POSIX = pytest.mark.skipif(os.name == "nt", reason="signals are those of POSIX")
PRICES = """\
title: What tokens have to cost
scenarios: [public, ppp]
mip_gap: 1e-7
design:
  kind: grid
  levers:
    prices.tokens: [0.001, 0.002, 0.004]
answers:
  thresholds:
    - {output: deficit_meur, above: 20}
"""
FUTURES = """\
scenarios: [public]
lane: evaluate
design: {kind: grid, levers: {prices.tokens: {from: 0.001, to: 0.005, steps: 20000}}}
"""


BEGUN, LANDED = "runs/part-columns.parquet", "runs/part-0*.parquet"
"""Files that appear when a study begins, and when its first run has landed."""


class Studies:
    """The tiny case in a folder, with studies beside it, and a folder for runs."""

    def __init__(self, path: Path, run: Run) -> None:
        self.case, self.path, self._run = tiny_folder(path), path, run
        (self.case / "studies").mkdir()

    def write(self, text: str, name: str = "prices") -> str:
        """The path of a study file with a text."""
        file = self.case / "studies" / f"{name}.yaml"
        file.write_text(text, encoding="utf-8")
        return str(file)

    @property
    def into(self) -> Path:
        """Where runs land."""
        return self.path / "runs"

    def run(self, text: str, *options: str) -> Outcome:
        """Carries out a study in this process."""
        return self._run("study", self.write(text), "--into", str(self.into), "--workers", "1", *options)

    def refused(self, text: str, *options: str) -> str:
        """What is wrong with a study, of which nothing may have run."""
        outcome = self.run(text, *options)
        assert (outcome.code, outcome.out) == (2, "")
        assert "Traceback" not in outcome.err
        assert not self.into.exists()
        return outcome.err


@pytest.fixture
def studies(tmp_path: Path, run: Run) -> Studies:
    return Studies(tmp_path, run)


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch) -> list[Task]:
    """Tasks that are done in this process."""
    tasks: list[Task] = []
    work = run_module.work

    def counted(task: Task) -> Any:
        tasks.append(task)
        return work(task)

    monkeypatch.setattr(run_module, "work", counted)
    return tasks


def test_a_study_in_every_form(studies: Studies, done: list[Task]) -> None:
    """Table, JSON and CSV of the same runs; the second and third call solve nothing.

    Breaks when the forms differ, or a study that is done is done again.
    """
    table = studies.run(PRICES, "--format", "table")
    assert (table.code, table.err) == (0, "")
    assert "What tokens have to cost" in table.out
    assert str(studies.into) in table.out.replace("\n", "")
    assert len(done) == 8
    as_json = studies.run(PRICES, "--format", "json")
    data = json.loads(as_json.out, parse_constant=lambda name: pytest.fail(f"{name} in JSON"))
    assert (as_json.code, as_json.err) == (0, "")
    assert (data["case"], data["study"], data["lane"], data["design"]) == ("tiny", "prices", "replan", "grid")
    assert (data["runs_done"], data["runs"], data["complete"], data["seed"]) == (6, 6, True, 0)
    assert data["scenarios"] == ["public", "ppp"]
    assert data["answers"]["thresholds"]
    as_csv = studies.run(PRICES, "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(as_csv.out)))
    assert [float(row[TOKENS]) for row in rows] == [0.001, 0.002, 0.004] * 2
    assert [row["status"] for row in rows] == ["optimal"] * 6
    frame = leam_opt.open_study(studies.into).frame()
    assert [float(row["deficit_meur"]) for row in rows] == pytest.approx(frame["deficit_meur"].tolist())
    assert len(done) == 8
    assert (studies.into / "answers.json").is_file()


def test_all_is_done_the_second_time(studies: Studies, done: list[Task]) -> None:
    """Says the same and solves nothing; --restart does it all anew and keeps what was there."""
    first = studies.run(PRICES)
    assert first.code == 0
    done.clear()
    again = studies.run(PRICES)
    assert (again.code, again.out, done) == (0, first.out, [])
    anew = studies.run(PRICES, "--restart")
    assert anew.code == 0
    assert len(done) == 8
    assert (studies.into / "runs.old-1").is_dir()
    assert len(open_study(studies.into).done()) == 6


def test_into_a_file(studies: Studies) -> None:
    """--out takes the result by its suffix; the runs are in the folder of --into all the same."""
    target = studies.path / "found.csv"
    outcome = studies.run(PRICES, "--out", str(target))
    assert (outcome.code, outcome.out, outcome.err) == (0, "", f"wrote {target}\n")
    assert len(target.read_text(encoding="utf-8").splitlines()) == 7
    assert len(open_study(studies.into).done()) == 6


def test_where_runs_land_by_default(studies: Studies, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(studies.path)
    assert run("study", studies.write(PRICES, "mine"), "--workers", "1").code == 0
    assert len(open_study(studies.path / "mine.study").done()) == 6


def test_options_reach_the_study(run: Run, monkeypatch: pytest.MonkeyPatch, studies: Studies) -> None:
    """Breaks when an option of the command is dropped on the way to the API."""
    seen: dict[str, Any] = {}
    own = study_module.Study.run

    def carried_out(asked: Any, folder: Any, **options: Any) -> Any:
        seen.update(options, folder=folder, runs=asked.runs)
        return own(asked, folder, workers=1, cache="off")

    monkeypatch.setattr(study_module.Study, "run", carried_out)
    file, into = studies.write(PRICES), str(studies.path / "there")
    options = ["--into", into, "--workers", "3", "--dask", "tcp://x:1", "--restart", "--cache", "here"]
    assert run("study", file, *options).code == 0
    assert seen.pop("progress") is not None
    wanted = {"workers": 3, "dask": "tcp://x:1", "restart": True, "cache": "here", "folder": Path(into), "runs": 6}
    assert seen == wanted
    assert run("study", file, "--into", into, "--workers", "0").code == 2


def test_a_cache_of_ones_own(studies: Studies, done: list[Task]) -> None:
    """The second study takes all it asks for from the cache."""
    cache = str(studies.path / "cache")
    assert studies.run(PRICES, "--cache", cache).code == 0
    done.clear()
    outcome = studies._run(
        "study", studies.write(PRICES, "other"), "--into", str(studies.path / "b"), "--workers", "1", "--cache", cache
    )
    assert (outcome.code, done) == (0, [])
    assert len(open_study(studies.path / "b").done()) == 6


MANY = "{from: 1, to: 90000, steps: 2000}"
BAD = {
    "a misspelt path": (
        PRICES.replace("prices.tokens", "prices.tokns"),
        ["prices.yaml:7:5: design.levers.prices.tokns: ", "did you mean prices.tokens"],
    ),
    "a kind that is none": (PRICES.replace("grid", "gird"), ["prices.yaml:5:9: design.kind: ", "did you mean 'grid'?"]),
    "no levers": ("scenarios: [public]\ndesign: {kind: grid, levers: {}}\n", ["the design is empty"]),
    "no design": ("scenarios: [public]\n", ["design"]),
    "no values": (PRICES.replace("[0.001, 0.002, 0.004]", "[]"), ["has no value"]),
    "too many points": (
        PRICES.replace("[0.001, 0.002, 0.004]", "{from: 0, to: 1, steps: 1000}\n    staff.salary: " + MANY),
        ["the design has 2,000,000 points", "confirm with --yes"],
    ),
    "a distribution without parameters": (
        "scenarios: [public]\ndesign: {kind: sample, points: 8, levers: {staff.salary: {kind: normal}}}\n",
        ["prices.yaml:2:", "staff.salary"],
    ),
    "an unknown scenario": (PRICES.replace("ppp]", "pppp]"), ["unknown scenario 'pppp'"]),
    "an unknown output": (PRICES.replace("output: deficit_meur", "output: deficit"), ["unknown output 'deficit'"]),
    "an unknown key": (PRICES + "lanes: evaluate\n", ["prices.yaml:11:1: lanes: "]),
    "two things at once": (PRICES.replace("grid", "gird").replace("public,", "publik,"), ["publik", "gird"]),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_study_is_told_before_anything_runs(name: str, studies: Studies) -> None:
    """With file, line and column, and what would be right. Breaks when a folder is made, or a traceback is shown."""
    text, told = BAD[name]
    message = studies.refused(text)
    assert message.startswith("leam-opt: ")
    for part in told:
        assert part in message


def test_more_than_a_million_points_that_are_meant(studies: Studies, monkeypatch: pytest.MonkeyPatch) -> None:
    """--yes lets such a design begin."""
    text = BAD["too many points"][0]

    def begun(task: Task) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(run_module, "work", begun)
    outcome = studies.run(text, "--yes")
    assert outcome.code == 130
    assert "leam-opt: stopped after 0 of 4,000,000 runs; the same command goes on" in outcome.err


def test_shipped_studies(run: Run, tmp_path: Path) -> None:
    """A name that is none is told those that there are."""
    outcome = run("study", "leam-2022/tornadoo", "--into", str(tmp_path / "s"))
    assert (outcome.code, outcome.out) == (2, "")
    known = sorted(file.stem for file in (ROOT / "cases" / "leam-2022" / "studies").glob("*.yaml"))
    assert "tornado" in known
    assert outcome.err == (
        "leam-opt: leam-2022/tornadoo: no such study; the case leam-2022 has "
        f"{', '.join(f'leam-2022/{name}' for name in known)}\n"
    )
    outcome = run("study", "tornado", "--into", str(tmp_path / "s"))
    assert outcome.code == 2
    assert "name a file (study.yaml) or a shipped study as CASE/NAME" in outcome.err
    assert "leam-2022" in outcome.err
    outcome = run("study", str(tmp_path / "missing.yaml"))
    assert outcome.code == 2
    assert "missing.yaml" in outcome.err
    assert not (tmp_path / "s").exists()


def test_a_folder_that_holds_something_else(studies: Studies) -> None:
    """Breaks when runs are written between other files, or into another study."""
    studies.into.mkdir()
    (studies.into / "letter.txt").write_text("dear", encoding="utf-8")
    outcome = studies.run(PRICES)
    assert outcome.code == 2
    assert "it holds no study but letter.txt; choose a new folder" in outcome.err
    (studies.into / "letter.txt").unlink()
    assert studies.run(PRICES).code == 0
    outcome = studies.run(PRICES.replace("0.002", "0.003"))
    assert outcome.code == 2
    assert "it holds a study that differs" in outcome.err
    assert len(open_study(studies.into).done()) == 6


def test_a_plan_that_cannot_be_held_ends_with_its_reason(studies: Studies) -> None:
    text = FUTURES.replace("20000", "20") + "set: {mission.public_compute_min: 700}\n"
    outcome = studies.run(text)
    assert outcome.code == 4
    assert (
        "the optimal plan of public cannot be made, so there is nothing to hold: cannot hold together: " in outcome.err
    )


def test_no_scheduler(studies: Studies, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("distributed", reason="Dask is not installed")
    monkeypatch.setattr("leam_opt.study.executors._DASK_SECONDS", 0.5)
    outcome = studies.run(PRICES, "--dask", "tcp://127.0.0.1:9")
    assert outcome.code == 2
    assert outcome.err.startswith("leam-opt: --dask tcp://127.0.0.1:9: no scheduler answers there (")


def test_stopped_in_this_process(studies: Studies, monkeypatch: pytest.MonkeyPatch, done: list[Task]) -> None:
    """Ctrl-C: what has landed is told, and stays; the same command goes on."""
    work = run_module.work

    def stopped(task: Task) -> Any:
        if len(done) == 4:
            raise KeyboardInterrupt
        return work(task)

    with monkeypatch.context() as patch:
        patch.setattr(run_module, "work", stopped)
        outcome = studies.run(PRICES, "--format", "json")
    assert outcome.code == 130
    data = json.loads(outcome.out)
    assert (data["complete"], data["runs_done"], data["runs"]) == (False, 2, 6)
    assert "leam-opt: stopped after 2 of 6 runs; the same command goes on" in outcome.err
    assert "Traceback" not in outcome.err
    done.clear()
    assert studies.run(PRICES).code == 0
    assert len(done) == 4


def commanded(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    """The command in a session of its own, as a terminal would start it."""
    command = [sys.executable, "-m", "leam_opt", "study", *arguments, "--into", str(folder)]
    return subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )


def is_alive(group: int) -> bool:
    """Whether a process of a group runs; those that have ended and wait for their parent do not."""
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text().rpartition(") ")[2].split()
        except OSError:
            continue
        if int(fields[2]) == group and fields[0] != "Z":
            return True
    return False


def ended(process: subprocess.Popen[str], folder: Path, after: str) -> tuple[int, str, str]:
    """Exit code and output of a command that gets Ctrl-C, with its workers, when a file has appeared in its folder."""
    limit = time.monotonic() + 60
    while not any(folder.glob(after)):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < limit
        time.sleep(0.005)
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=60)
    while is_alive(process.pid):
        assert time.monotonic() < limit, "processes are left behind"
        time.sleep(0.02)
    return process.returncode, out, err


@POSIX
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes of a group are read from /proc")
@pytest.mark.parametrize("after", [BEGUN, LANDED], ids=["as workers begin", "in the middle"])
def test_ctrl_c_with_workers(after: str, studies: Studies) -> None:
    """130, a word on how to go on, no process left behind; and the same study goes on.

    Breaks when a worker writes a traceback, outlives the command, or a finished run is lost.
    """
    file = studies.write(FUTURES)
    process = commanded(studies.into, file, "--workers", "2", "--format", "json")
    code, out, err = ended(process, studies.into, after)
    assert code == 130
    landed = len(open_study(studies.into).done())
    assert err.startswith(f"leam-opt: stopped after {landed:,} of 20,000 runs; the same command goes on\n")
    assert "Traceback" not in err
    data = json.loads(out)
    assert (data["runs_done"], data["complete"]) == (landed, False)
    # At the very beginning the folder is being opened, and nothing says yet that somebody has stopped.
    assert open_study(studies.into).manifest.state in (("stopped",) if after == LANDED else ("stopped", "open"))
    assert (landed > 0) == (after == LANDED)


@POSIX
def test_ctrl_c_while_the_solver_searches(studies: Studies) -> None:
    """In one process, in the middle of a search of some seconds. Breaks when the plan found so far lands as a run."""
    text = "case: leam-2022\nscenarios: [public]\nmip_gap: 0\n"
    text += "design: {kind: grid, levers: {prices.tokens: [0.02, 0.03]}}\n"
    process = commanded(studies.into, studies.write(text), "--workers", "1")
    limit = time.monotonic() + 60
    while not (studies.into / "manifest.json").exists():
        assert process.poll() is None
        assert time.monotonic() < limit
        time.sleep(0.01)
    time.sleep(1.5)
    os.killpg(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert err.startswith("leam-opt: stopped after 0 of 2 runs; the same command goes on\n")
    assert not len(open_study(studies.into).done())
