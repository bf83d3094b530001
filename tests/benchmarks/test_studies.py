"""Studies of leam-2022 as a whole: what a second worker brings, and what memory a hundred thousand variants take."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import leam_opt as lo
from leam_opt.processes import Processes

_LOCAL, _DASK = 1.8, 1.6
"""Times the speed of one worker, over whole studies: processes begin, plans are made, rows land, answers are found."""
_PEAK_MB = 500
_POINTS, _MANY = 16_384, 100_000
_ROOT = Path(__file__).parents[2]

needs_timing = pytest.mark.skipif("not config.getoption('--benchmark-enable')", reason="measured by make bench")


def _study(points: int) -> lo.Study:
    """Futures drawn over all ranges of the case, in which the plans of two scenarios are held."""
    design = {"kind": "sample", "points": points, "levers": "all"}
    return lo.Study(lo.load_case("leam-2022"), scenarios=["public", "ppp"], lane="evaluate", design=design)


def _seconds(folder: Path, **executor: Any) -> float:
    began = time.perf_counter()
    result = _study(_POINTS).run(folder, cache="off", **executor)
    seconds = time.perf_counter() - began
    assert result.complete
    assert sum(result.store.counts.values()) == 2 * _POINTS
    return seconds


@contextmanager
def _dask_of_two(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a cluster of two processes on this machine."""
    distributed = pytest.importorskip("distributed")
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        monkeypatch.setenv(name, "1")
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
        yield cluster.scheduler_address


@needs_timing
def test_two_workers(benchmark: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two worker processes, and a Dask cluster of two, against one worker process; needs two idle cores."""
    assert len(os.sched_getaffinity(0)) > 1, "this machine has one core"
    with _dask_of_two(monkeypatch) as address:
        dask = _seconds(tmp_path / "dask", dask=address)
    two = benchmark.pedantic(lambda: _seconds(tmp_path / "two", workers=2), rounds=1, iterations=1)
    with Processes(1) as executor:
        one = _seconds(tmp_path / "one", executor=executor)
    inside = _seconds(tmp_path / "inside", workers=1)
    times = {"two": one / two, "dask": one / dask, "no_worker": one / inside}
    benchmark.extra_info.update(
        {name: round(value, 2) for name, value in times.items()}, runs_a_second=2 * _POINTS / two
    )
    assert one / two >= _LOCAL
    assert one / dask >= _DASK


_CARRIED_OUT = """
import json, resource, sys
from tests.benchmarks.test_studies import lo

if __name__ == "__main__":
    design = {"kind": "sample", "points": int(sys.argv[2]), "method": "monte-carlo", "levers": "all"}
    study = lo.Study(lo.load_case("leam-2022"), scenarios=["public"], lane="evaluate", design=design)
    result = study.run(sys.argv[1], cache="off")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)
    print(json.dumps({"parent_peak_mb": peak, "complete": result.complete, "rows": sum(result.store.counts.values())}))
"""


@needs_timing
def test_memory_of_a_hundred_thousand_variants(benchmark: Any, tmp_path: Path) -> None:
    """What the process that hands out tasks, lands rows and finds the answers takes at its peak."""
    script = tmp_path / "carried_out.py"
    script.write_text(_CARRIED_OUT, encoding="utf-8")
    command = [sys.executable, str(script), str(tmp_path / "study"), str(_MANY)]
    environment = {**os.environ, "PYTHONPATH": str(_ROOT)}

    def carried_out() -> dict[str, Any]:
        done = subprocess.run(command, cwd=_ROOT, env=environment, stdout=subprocess.PIPE, text=True, check=True)
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    found = benchmark.pedantic(carried_out, rounds=1, iterations=1)
    benchmark.extra_info.update(found)
    assert found["complete"]
    assert found["rows"] == _MANY
    assert found["parent_peak_mb"] < _PEAK_MB
