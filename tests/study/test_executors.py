"""The same study on any executor, and what is left of it where processes die."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from leam_opt import processes as processes_module
from leam_opt.errors import CaseError, SolveError
from leam_opt.processes import Processes, cores, processes
from leam_opt.study import executors
from leam_opt.study import run as run_module
from leam_opt.study.executors import Serial, opened
from leam_opt.study.opened import open_study
from leam_opt.study.study import Study
from tests.study import faulty
from tests.study.tiny import CLOSE, FIGURES, POWER, TOKENS, carried_out, grid, study, without_times

POSIX = pytest.mark.skipif(os.name == "nt", reason="signals are those of POSIX")
CHUNK = 40


@pytest.fixture(autouse=True)
def small_tasks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tasks small enough that every executor gets several of them."""
    monkeypatch.setattr(run_module, "_CHUNKS", {"evaluate": CHUNK})
    monkeypatch.setattr(run_module, "_CHAIN", 3)


def evaluated() -> Study:
    return study(grid(TOKENS, 0.0, 0.006, 5 * CHUNK), lane="evaluate")


def replanned() -> Study:
    """With a structural lever, runs without a plan, and a later round."""
    levers = {TOKENS: [0.001, 0.004], "mission.public_compute_min": [2.5, 700], "funding.use": [["grant"], ["sponsor"]]}
    return study({"kind": "grid", "levers": levers}, answers={"regret": True})


@pytest.fixture(scope="module")
def wanted(tmp_path_factory: pytest.TempPathFactory) -> dict[str, pd.DataFrame]:
    """The rows in this process."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run_module, "_CHUNKS", {"evaluate": CHUNK})
        patch.setattr(run_module, "_CHAIN", 3)
        folder = tmp_path_factory.mktemp("serial")
        asked = {"evaluate": evaluated(), "replan": replanned()}
        return {name: without_times(carried_out(one, folder / name).frame()) for name, one in asked.items()}


def assert_same(found: pd.DataFrame, wanted: pd.DataFrame, *, exact: bool) -> None:
    found = without_times(found)
    if exact:
        assert_frame_equal(found, wanted, check_exact=True)
        return
    words = [name for name in wanted.columns if wanted[name].dtype.kind != "f"]
    assert_frame_equal(found[words], wanted[words])
    for name in FIGURES:
        assert found[name].to_numpy() == pytest.approx(wanted[name].to_numpy(), abs=CLOSE, nan_ok=True)


def test_processes_of_this_machine(tmp_path: Path, wanted: dict[str, pd.DataFrame]) -> None:
    """The default; breaks when anything that decides on a row stays behind in the parent."""
    result = evaluated().run(tmp_path / "s", workers=2, cache="off")
    assert result.complete
    assert_same(result.frame(), wanted["evaluate"], exact=True)
    assert not own_processes()


def own_processes() -> list[Any]:
    """Processes that are left, without those of a cluster."""
    return [process for process in multiprocessing.active_children() if "Dask" not in process.name]


def both(executor: Executor, folder: Path, wanted: dict[str, pd.DataFrame]) -> None:
    """Runs both studies on an executor of one's own."""
    for name, asked in (("evaluate", evaluated()), ("replan", replanned())):
        result = asked.run(folder / name, executor=executor, cache="off")
        assert result.complete
        assert_same(result.frame(), wanted[name], exact=name == "evaluate")


def test_an_executor_of_ones_own(tmp_path: Path, wanted: dict[str, pd.DataFrame]) -> None:
    """It is left running, so that several studies can share it."""
    with ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as executor:
        both(executor, tmp_path, wanted)
        assert executor.submit(os.getpid).result() != os.getpid()


def test_threads_share_no_solver(tmp_path: Path, wanted: dict[str, pd.DataFrame]) -> None:
    """Workers of a cluster have several threads as a rule. Breaks when two of them use one warm solver."""
    with ThreadPoolExecutor(3) as executor:
        both(executor, tmp_path, wanted)


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """Two Dask workers in processes of their own."""
    distributed = pytest.importorskip("distributed", reason="Dask is not installed")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, silence_logs=50
    ) as cluster:
        yield cluster


def test_a_dask_cluster(cluster: Any, tmp_path: Path, wanted: dict[str, pd.DataFrame]) -> None:
    """By the client's executor, and by the address that --dask takes."""
    from distributed import Client

    with Client(cluster) as client:
        both(client.get_executor(), tmp_path, wanted)
    result = evaluated().run(tmp_path / "address", dask=cluster.scheduler_address, cache="off")
    assert_same(result.frame(), wanted["evaluate"], exact=True)
    with opened(dask=cluster.scheduler_address) as (_, width):
        assert width() == 2


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:9", "nonsense"])
def test_no_scheduler_answers(address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Breaks when a wrong address ends in a traceback, or is waited for without end."""
    pytest.importorskip("distributed", reason="Dask is not installed")
    assert executors._DASK_SECONDS <= 5
    monkeypatch.setattr(executors, "_DASK_SECONDS", 0.5)
    began = time.monotonic()
    with pytest.raises(CaseError) as caught:
        evaluated().run(tmp_path / "s", dask=address, cache="off")
    assert time.monotonic() - began < 5
    assert str(caught.value).startswith(f"--dask {address}: no scheduler answers there (")
    assert "start one with `dask scheduler`" in str(caught.value)


def test_dask_is_not_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(CaseError, match=r"--dask: Dask is not installed; pip install 'leam-opt\[dask\]'"):
        evaluated().run(tmp_path / "s", dask="tcp://127.0.0.1:9", cache="off")


def test_a_run_that_ends_its_process_fails_alone(
    tmp_path: Path, wanted: dict[str, pd.DataFrame], monkeypatch: pytest.MonkeyPatch
) -> None:
    """New processes do what is left. Breaks when the study hangs, ends, or calls the neighbours' runs failed."""
    monkeypatch.setattr(run_module, "work", faulty.deadly)
    with Processes(1) as executor:
        result = evaluated().run(tmp_path / "s", executor=executor, cache="off")
    frame = result.frame()
    assert result.complete
    failed = frame["status"] == "failed"
    assert frame.index[failed].tolist() == list(range(CHUNK))
    assert set(frame["reason"][failed]) == {run_module._DIED}
    assert_same(frame[~failed], wanted["evaluate"][~failed.to_numpy()], exact=True)


def test_an_executor_that_has_lost_its_workers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that cannot begin anew ends the study with what to do; nothing lands as failed that was never tried."""
    monkeypatch.setattr(run_module, "work", faulty.deadly)
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as executor:
        for _ in range(2):
            with pytest.raises(SolveError) as caught:
                evaluated().run(tmp_path / "s", executor=executor, cache="off")
            assert "the executor has lost its workers (BrokenProcessPool: " in str(caught.value)
            assert "goes on from there when it is run again: with fewer workers" in str(caught.value)
    landed = open_study(tmp_path / "s")
    assert set(landed.frame()["status"]) <= {"evaluated"}
    assert landed.manifest.state == "stopped"
    monkeypatch.undo()
    assert carried_out(evaluated(), tmp_path / "s").complete


def test_processes_that_cannot_begin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a script without a guard around its main part. Breaks when every run lands as failed, one after another."""
    asked, work = evaluated(), run_module.work

    def planned_only(task: Any) -> Any:
        if task.lane != "make":
            raise KeyboardInterrupt
        return work(task)

    monkeypatch.setattr(run_module, "work", planned_only)
    carried_out(asked, tmp_path / "s")
    monkeypatch.undo()
    monkeypatch.setattr(processes_module, "_begin", faulty.begin_hopeless)
    with pytest.raises(SolveError, match="`if __name__ == '__main__':` only"):
        asked.run(tmp_path / "s", workers=2, cache="off")
    assert not len(open_study(tmp_path / "s").done())
    limit = time.monotonic() + 30
    while own_processes():
        assert time.monotonic() < limit
        time.sleep(0.02)


class Cancelled(Serial):
    """Gives its tasks up, as a cluster whose scheduler is gone."""

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Any:
        """A future that is cancelled, once some have been done."""
        future = super().submit(fn, *args, **kwargs)
        if args and CHUNK in args[0].runs:
            future = type(future)()
            future.cancel()
            future.set_running_or_notify_cancel()
        return future


def test_tasks_that_are_given_up_are_no_failed_runs(tmp_path: Path) -> None:
    """Breaks when a lost connection lands all that was left of a study as failed."""
    with pytest.raises(SolveError, match=r"the executor has lost its workers \(CancelledError\)"):
        evaluated().run(tmp_path / "s", executor=Cancelled(), cache="off")
    assert open_study(tmp_path / "s").done().tolist() == list(range(CHUNK))
    assert carried_out(evaluated(), tmp_path / "s").complete


def test_an_executor_that_is_shut_down(tmp_path: Path) -> None:
    executor = ThreadPoolExecutor(1)
    executor.shutdown()
    with pytest.raises(SolveError, match=r"the executor has lost its workers .*cannot schedule new futures"):
        evaluated().run(tmp_path / "s", executor=executor, cache="off")


def test_in_this_process_nothing_is_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With one worker, or on one core, a study runs where it is called."""
    monkeypatch.setattr(executors, "processes", lambda _: pytest.fail("processes were started"))
    with opened(1) as (executor, width):
        assert isinstance(executor, Serial)
        assert width() == 1
    monkeypatch.setattr(executors, "cores", lambda: 1)
    with opened() as (executor, _):
        assert isinstance(executor, Serial)
        assert executor.submit(os.getpid).result() == os.getpid()
        with pytest.raises(ZeroDivisionError):
            executor.submit(lambda: 1 / 0).result()


def test_how_many_tasks_an_executor_can_do(monkeypatch: pytest.MonkeyPatch) -> None:
    """All cores by default; an executor of one's own says it, or counts as this machine."""
    assert cores() >= 1
    monkeypatch.setattr(executors, "cores", lambda: 3)
    with opened() as (executor, width):
        assert isinstance(executor, Processes)
        assert width() == 3
    with ThreadPoolExecutor(5) as own, opened(executor=own) as (executor, width):
        assert executor is own
        assert width() == 5
    with opened(executor=Executor()) as (_, width):
        assert width() == 3


def told_by_all(count: int) -> dict[int, tuple[str | None, str | None, bool]]:
    """By process, when each of so many has answered: two variables, and whether Ctrl-C is held off."""
    told: dict[int, tuple[str | None, str | None, bool]] = {}
    limit = time.monotonic() + 60
    with processes(count) as pool:
        while len(told) < count:
            assert time.monotonic() < limit
            told |= dict(future.result() for future in [pool.submit(faulty.about_itself) for _ in range(2 * count)])
    return told


@POSIX
def test_every_worker_begins_with_one_thread_and_leaves_ctrl_c_to_its_parent(monkeypatch: pytest.MonkeyPatch) -> None:
    """From before its first line. Breaks when only the first worker does: later calls start the others.

    What the user has set stays, as does this process.
    """
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    monkeypatch.delenv("MKL_NUM_THREADS", raising=False)
    told = told_by_all(2)
    assert list(told.values()) == [("2", "1", True)] * 2
    assert os.environ["OMP_NUM_THREADS"] == "2"
    assert "MKL_NUM_THREADS" not in os.environ
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, ())


# As a user writes it who knows nothing of processes: no guard around the main part.
UNGUARDED = """
import sys
from tests.study.tiny import grid, TOKENS, study

print("once")
result = study(grid(TOKENS, 0.0, 0.006, 40), lane="evaluate", scenarios=["public", "ppp"]).run(
    sys.argv[1], workers=2, cache="off"
)
print(result.complete, set(result.frame()["status"]))
"""


def test_a_script_without_a_guard(tmp_path: Path) -> None:
    """Breaks when a second worker runs the script again, which ends the workers."""
    script = tmp_path / "mine.py"
    script.write_text(UNGUARDED, encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    command = [sys.executable, str(script), str(tmp_path / "s")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=100)
    assert done.stdout == "once\nTrue {'evaluated'}\n", done.stderr
    assert done.stderr == ""


def test_an_interrupted_study_does_not_wait_for_its_workers() -> None:
    """A search may take minutes. Breaks when Ctrl-C is followed by them, or leaves a worker behind."""
    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt), opened(2) as (executor, _):
        executor.submit(os.getpid).result()
        executor.submit(time.sleep, 100)
        raise KeyboardInterrupt
    while own_processes():
        time.sleep(0.02)
        assert time.monotonic() - began < 50


# A parent that is killed while its worker has nothing to do.
PARENT = """
import os, signal, sys
from leam_opt.processes import Processes

if __name__ == "__main__":
    print(Processes(1).submit(os.getpid).result(), flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


@POSIX
def test_workers_end_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    """Breaks when each killed study leaves processes behind that wait for tasks for ever."""
    script = tmp_path / "parent.py"
    script.write_text(PARENT, encoding="utf-8")
    done = subprocess.run([sys.executable, str(script)], stdout=subprocess.PIPE, text=True, check=False)
    assert done.returncode == -signal.SIGKILL
    worker, limit = int(done.stdout), time.monotonic() + 30
    while is_running(worker):
        assert time.monotonic() < limit
        time.sleep(0.02)


def is_running(process: int) -> bool:
    """Whether a process runs; one that has ended and waits for its parent does not."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(") ")[2][0] != "Z"
    except FileNotFoundError:
        return False


@POSIX
def test_ctrl_c_is_not_overlooked() -> None:
    """The solver ends its search at Ctrl-C and says so in a status that not everyone asks for.

    Breaks when a study in this process goes on to the next run.
    """
    own = signal.getsignal(signal.SIGINT)
    done: list[str] = []

    def overlooks() -> None:
        try:
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(1)
        except KeyboardInterrupt:
            done.append("overlooked")

    with pytest.raises(KeyboardInterrupt):
        Serial().submit(overlooks)
    assert done == ["overlooked"]
    assert signal.getsignal(signal.SIGINT) is own
    assert Serial().submit(lambda: 1).result() == 1


def test_a_study_beside_the_main_thread(tmp_path: Path) -> None:
    """Signals are the main thread's. Breaks when a study in a thread of a server or notebook asks for them."""
    found: list[Any] = []
    asked = study(grid(POWER, 0.1, 0.2, 3), lane="evaluate")
    thread = threading.Thread(target=lambda: found.append(carried_out(asked, tmp_path / "s")))
    thread.start()
    thread.join()
    assert found[0].complete
    assert np.isfinite(found[0].frame()["deficit_meur"]).all()
