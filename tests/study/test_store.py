"""The folder of a study: whatever ends a writer, what has landed is whole, known and read by everyone."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from leam_opt.errors import CaseError
from leam_opt.study.opened import open_study
from leam_opt.study.store import Manifest, Store, row_schema

COLUMNS = {
    "run": ("int64", ""),
    "status": ("string", ""),
    "prices.power": ("double", "EUR/kWh"),
    "deficit_meur": ("double", "M€"),
}
POSIX = pytest.mark.skipif(os.name == "nt", reason="signals and file limits are those of POSIX")

# A writer in a process of its own: `size` rows a part, on from what has landed, until it is ended or has `runs`.
WRITER = """
import sys, resource
import numpy as np, pyarrow as pa
from leam_opt.study.store import Manifest, Store, row_schema
folder, size, runs, columns = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
names = [f"figure_{i}" for i in range(columns)]
kinds = {"run": ("int64", ""), "status": ("string", "")} | {name: ("double", "M€") for name in names}
study = {"points": runs}
manifest = Manifest(study=study, inputs={}, solver_options={}, seed=0, runs=runs, code_digest="of one programme")
with Store.create(folder, manifest, row_schema(kinds)) as store:
    done = store.done()
    print("begun", flush=True)
    for start in range(int(done[-1]) + 1 if done.size else 0, runs, size):
        number = np.arange(start, start + size)
        figures = {name: number * 0.5 for name in names}
        store.append(pa.table({"run": number, "status": ["evaluated"] * size, **figures}))
        if start // size == 50:
            early = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    store.update(state="complete")
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - early)
"""


def manifest(**changed: Any) -> Manifest:
    known: dict[str, Any] = {
        "study": {"design": "grid", "levers": {"prices.power": [0.1, 0.3], "grant_share": [0, 1]}},
        "inputs": {"base": "a", "ppp": "b"},
        "solver_options": {"mip_gap": 1e-4},
        "seed": 7,
        "runs": 100,
    }
    return Manifest(**(known | changed))


def begun(folder: Path, **changed: Any) -> Store:
    return Store.create(folder, manifest(**changed), row_schema(COLUMNS))


def rows(*runs: int) -> pa.Table:
    number = np.array(runs)
    status = ["infeasible" if run % 5 == 4 else "optimal" for run in runs]
    return pa.table({"run": number, "status": status, "prices.power": number / 10, "deficit_meur": number * 2.0})


def writer(folder: Path, size: int, runs: int, columns: int = 4) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", WRITER, *map(str, (folder, size, runs, columns))]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def said(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline()


def parts(folder: Path) -> list[Path]:
    return sorted(file for file in (folder / "runs").glob("part-*.parquet") if file.name != "part-columns.parquet")


def test_rows_are_read_as_they_were_given_sorted_by_run(tmp_path: Path) -> None:
    """Breaks when a column loses its type or its unit, or rows come in the order of landing."""
    with begun(tmp_path) as store:
        store.append(rows(7, 3))
        store.append(rows(5).select(["deficit_meur", "run", "status", "prices.power"]))
        assert store.done().tolist() == [3, 5, 7]
    study = open_study(tmp_path)
    assert study.table().equals(rows(3, 5, 7).cast(study.schema))
    assert study.frame()["deficit_meur"].tolist() == [6.0, 10.0, 14.0]
    assert study.frame(["deficit_meur"]).columns.tolist() == ["deficit_meur"]
    assert [batch["run"].to_pylist() for batch in study.batches(["run", "status"])] == [[7, 3], [5]]
    assert study.counts == {"optimal": 3}
    for file in parts(tmp_path):
        written = pq.read_schema(file)
        assert written.field("deficit_meur").metadata == {b"unit": "M€".encode()}
        assert written.metadata[b"leam_opt.spec_hash"].decode() == study.manifest.spec_hash
    with pytest.raises(CaseError, match="column 'deficit': did you mean 'deficit_meur'"):
        study.frame(["deficit"])


def test_the_manifest_says_what_the_study_is(tmp_path: Path) -> None:
    """Breaks when a fact is lost on the way through the file, or the state is not the one of the study."""
    with begun(tmp_path) as store:
        assert open_study(tmp_path).manifest.state == "open"
        store.update(inputs={"public": "c"})
    study = open_study(tmp_path)
    assert study.manifest.state == "stopped"
    assert not study.complete
    with begun(tmp_path) as store:
        assert store.manifest.inputs == {"base": "a", "ppp": "b", "public": "c"}
        assert open_study(tmp_path).manifest.state == "open"
        store.update(state="complete", runs=120)
    study = open_study(tmp_path)
    assert study.complete
    assert study.manifest == store.manifest
    content = json.loads((tmp_path / "manifest.json").read_text(encoding="utf-8"))
    assert content["columns"]["prices.power"] == {"type": "double", "unit": "EUR/kWh"}
    assert content["versions"].keys() == {"leam_opt", "python", "highspy", "numpy", "pyomo", "pyarrow"}
    assert (content["runs"], content["seed"], content["solver_options"]) == (120, 7, {"mip_gap": 1e-4})


@POSIX
def test_a_writer_that_is_killed_leaves_whole_parts_and_can_be_gone_on_with(tmp_path: Path) -> None:
    """Breaks when a part appears before it is complete, when the lock outlives its holder, or runs are done twice."""
    done = 0
    for pause in (0.02, 0.11, 0.23):
        process = writer(tmp_path, 20, 10**6)
        assert said(process) == "begun\n", process.communicate()
        time.sleep(pause)
        process.kill()
        process.communicate()
        study = open_study(tmp_path)
        assert study.manifest.state == "open"
        frame = study.frame()
        assert study.done().tolist() == frame["run"].tolist() == list(range(len(frame)))
        assert (frame["figure_3"] == frame["run"] * 0.5).all()
        assert len(frame) > done
        done = len(frame)
    with Store.open(tmp_path) as store:
        assert store.done().size == done
        assert not list(tmp_path.rglob(".*.tmp"))


@POSIX
def test_a_worker_that_outlives_its_killed_parent_does_not_hold_the_study(tmp_path: Path) -> None:
    """Breaks when a forked worker inherits the lock, so that nobody can go on with the study while it lingers."""
    begun(tmp_path)
    script = (
        "import multiprocessing, sys, time\nfrom leam_opt.study.store import Store\n"
        "with Store.open(sys.argv[1]):\n"
        "    worker = multiprocessing.get_context('fork').Process(target=time.sleep, args=(60,), daemon=True)\n"
        "    worker.start()\n    print(worker.pid, flush=True)\n    time.sleep(60)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", script, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    worker = int(said(process))
    process.kill()
    process.wait()
    try:
        limit = time.monotonic() + 20  # the worker lets go as its first act, and lingers for a minute
        while True:
            os.kill(worker, 0)
            with suppress(CaseError), Store.open(tmp_path) as store:
                store.append(rows(1))
                break
            assert time.monotonic() < limit
            time.sleep(0.05)
    finally:
        os.kill(worker, signal.SIGKILL)
        process.communicate()


def test_a_second_writer_is_told_who_writes(tmp_path: Path) -> None:
    """Breaks when two processes write one study, or a reader has to wait for the writer."""
    with begun(tmp_path) as store:
        store.append(rows(1))
        script = "import sys; from leam_opt.study.store import Store\nwith Store.open(sys.argv[1]): pass"
        other = subprocess.run([sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True)
        assert other.returncode == 1
        expected = rf"process {os.getpid()} on .+ is writing this study; wait until it ends, or choose another --out"
        assert re.search(f"CaseError: .*{expected}", other.stderr)
        with pytest.raises(CaseError, match=expected):
            begun(tmp_path)
        with pytest.raises(CaseError, match=expected), Store.open(tmp_path):
            raise AssertionError
        assert open_study(tmp_path).done().tolist() == [1]
        store.append(rows(2))
    with Store.open(tmp_path) as store:
        assert store.done().tolist() == [1, 2]
    with pytest.raises(RuntimeError, match="within `with store:`"):
        store.append(rows(3))


@pytest.mark.parametrize("keep", [0, 9, 400])
def test_a_part_that_is_cut_off_is_set_aside_and_its_runs_are_not_done(tmp_path: Path, keep: int) -> None:
    """Breaks when a damaged part ends the reading, counts as done, or is thrown away."""
    with begun(tmp_path) as store:
        for run in range(4):
            store.append(rows(run))
    damaged = parts(tmp_path)[2]
    damaged.write_bytes(damaged.read_bytes()[:keep])
    study = open_study(tmp_path)
    with pytest.warns(UserWarning, match=r"part-00000002.*it is damaged or .* left out until the study is run again"):
        assert study.done().tolist() == [0, 1, 3]
    assert study.frame()["run"].tolist() == [0, 1, 3]  # told once
    with pytest.warns(UserWarning, match=r"part-00000002.*it lies in broken/ now"), begun(tmp_path) as store:
        assert store.done().tolist() == [0, 1, 3]
        store.append(rows(2))
    assert (tmp_path / "runs" / "broken" / damaged.name).stat().st_size == keep
    assert duckdb.sql(f"SELECT run FROM '{store.path_glob}' ORDER BY run").fetchall() == [(0,), (1,), (2,), (3,)]


def test_a_part_of_another_study_does_not_count(tmp_path: Path) -> None:
    """Breaks when rows of another study with the same columns are mixed in."""
    for folder, seed in (("a", 1), ("b", 2)):
        with begun(tmp_path / folder, study={"design": folder}, seed=seed) as store:
            store.append(rows(seed))
    shutil.copy(parts(tmp_path / "a")[0], tmp_path / "b" / "runs")
    with pytest.warns(
        UserWarning, match=r"it is damaged or of another study \(its columns are not those of this one\)"
    ):
        assert open_study(tmp_path / "b").done().tolist() == [2]


def test_a_run_that_lands_twice_counts_once(tmp_path: Path) -> None:
    """Breaks when a result that is delivered twice, or a part that is copied, doubles a row."""
    with begun(tmp_path) as store:
        store.append(rows(1, 2))
        with pytest.warns(UserWarning, match="run 2 has landed already; left out"):
            store.append(rows(2, 3, 3))
        with pytest.warns(UserWarning, match="run 1 has landed already; left out"):
            store.append(rows(1))
        assert store.done().tolist() == [1, 2, 3]
        store.append(rows(10**6))  # beyond the design: a later round
    first = parts(tmp_path)[0]
    shutil.copy(first, first.with_name("part-00000001-00000002-000099.parquet"))
    study = open_study(tmp_path)
    with pytest.warns(UserWarning, match="000099.parquet: it holds runs that have landed before"):
        assert study.frame()["run"].tolist() == [1, 2, 3, 10**6]
    with pytest.warns(UserWarning, match="it lies in broken/ now"), begun(tmp_path) as store:
        store.append(rows(4))
    assert parts(tmp_path)[-2].name == "part-00000004-00000004-000100.parquet"
    assert open_study(tmp_path).done().tolist() == [1, 2, 3, 4, 10**6]


def test_other_rows_than_the_study_has_are_refused(tmp_path: Path) -> None:
    """Breaks when a part with other columns is written, which no reader could put beside the others."""
    with begun(tmp_path) as store:
        with pytest.raises(ValueError, match="do not both have deficit_meur"):
            store.append(rows(1).drop_columns(["deficit_meur"]))
        with pytest.raises(ValueError, match="run -1: runs are counted from 0"):
            store.append(rows(-1))
        with pytest.raises(pa.ArrowInvalid):
            store.append(rows(1).set_column(3, "deficit_meur", pa.array(["much"])))
        store.append(pa.Table.from_pandas(rows(1).to_pandas(), preserve_index=False))
        store.append(rows())
    assert open_study(tmp_path).table().equals(rows(1).cast(store.schema))
    with pytest.raises(ValueError, match="`run`"):
        Store.create(tmp_path / "other", manifest(), row_schema({"run": ("double", "")}))


LEVERS = {"prices.power": [0.1, 0.3], "grant_share": [0, 1]}


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"study": {"design": "grid", "levers": LEVERS | {"prices.power": [0.1, 0.4]}}},
         "study.levers.prices.power.1: 0.3 in the folder, 0.4 now"),
        ({"study": {"design": "list", "levers": {}}}, 'study.design: "grid" in the folder, "list" now'),
        ({"study": {"design": "grid", "levers": dict(reversed(LEVERS.items()))}}, "study: the order of its entries"),
        ({"seed": 8}, "seed: 7 in the folder, 8 now"),
        ({"solver_options": {"mip_gap": 1e-5}}, "solver options.mip_gap: 0.0001 in the folder, 1e-05 now"),
        ({"inputs": {"ppp": "c", "another": "d"}}, "case: the input of ppp has changed"),
        ({"code_digest": "0"}, "programme: the source of leam_opt has changed"),
        ({"code_digest": "0", "versions": {"highspy": "9.9"}}, r"programme: .*highspy \S+, now 9.9"),
    ],
)  # fmt: skip
def test_another_study_is_refused_with_what_differs(tmp_path: Path, changed: dict[str, Any], expected: str) -> None:
    """Breaks when rows of different inputs are mixed, or the message does not say what to do."""
    begun(tmp_path)
    with pytest.raises(CaseError, match=expected) as refused:
        begun(tmp_path, **changed)
    assert "choose another --out, or give --restart" in refused.value.problems[0]
    begun(tmp_path, runs=50)  # the number follows from the study; later rounds may have raised it
    assert Store.open(tmp_path).manifest.runs == 100


def test_other_columns_and_many_differences(tmp_path: Path) -> None:
    """Breaks when a study goes on with other outputs, or a hundred differences hide the remedy."""
    begun(tmp_path)
    with pytest.raises(CaseError, match=r'columns.irr.type: nothing in the folder, "double" now'):
        Store.create(tmp_path, manifest(), row_schema(COLUMNS | {"irr": ("double", "")}))
    with pytest.raises(CaseError, match="study: 100 more entries differ") as refused:
        begun(tmp_path, study={"points": list(range(100))})
    assert len(refused.value.problems) == 7
    begun(tmp_path / "none", study={"points": []})
    with pytest.raises(CaseError, match=r"study.points: \[\] in the folder, nothing now"):
        begun(tmp_path / "none", study={})
    begun(tmp_path / "long", study={"note": "a" * 200 + "b"})
    with pytest.raises(CaseError, match=r'study.note: "aaa.*aaa\.\.\. now'):
        begun(tmp_path / "long", study={"note": "a" * 200 + "c"})


def test_a_store_does_not_write_a_study_that_has_been_begun_anew(tmp_path: Path) -> None:
    """Breaks when a process that waited writes its rows into the study of another."""
    waiting = begun(tmp_path)
    Store.create(tmp_path, manifest(seed=8), row_schema(COLUMNS), restart=True)
    with pytest.raises(CaseError, match="seed: 8 in the folder, 7 now"), waiting:
        raise AssertionError


def test_a_restart_keeps_what_was_there(tmp_path: Path) -> None:
    """Breaks when a restart throws runs or plans away, or counts the old ones as done."""
    for seed in (1, 2, 3):
        with Store.create(tmp_path, manifest(seed=seed), row_schema(COLUMNS), restart=seed > 1) as store:
            assert store.done().size == 0
            store.append(rows(seed))
            store.save_plan(f"plan{seed}", {"servers": np.arange(seed)})
    for seed in (1, 2):
        old = tmp_path / f"runs.old-{seed}"
        assert duckdb.sql(f"SELECT run FROM '{old}/*.parquet'").fetchall() == [(seed,)]
        assert json.loads((old / "manifest.json").read_text(encoding="utf-8"))["seed"] == seed
        assert (old / "plans" / f"plan{seed}.npz").exists()
    study = open_study(tmp_path)
    assert study.done().tolist() == [3]
    assert list(study.plans) == ["plan3"]


@pytest.mark.parametrize(
    ("spoil", "expected"),
    [
        (lambda folder: (folder / "notes.txt").touch(), "it holds no study but notes.txt; choose a new folder"),
        (lambda folder: (folder / "manifest.json").unlink(), "it holds runs without manifest.json"),
        (
            lambda folder: (folder / "manifest.json").write_text("{"),
            r"manifest.json: it is damaged \(.*put the file back",
        ),
        (lambda folder: (folder / "manifest.json").write_text('{"format": 99}'), "written by a newer leam-opt"),
    ],
)
def test_a_folder_of_something_else_is_left_alone(
    tmp_path: Path, spoil: Callable[[Path], object], expected: str
) -> None:
    """Breaks when a study is written over somebody's files, or over a study that cannot be told."""
    if "notes" not in expected:
        with begun(tmp_path) as store:
            store.append(rows(1))
    spoil(tmp_path)
    with pytest.raises(CaseError, match=expected):
        begun(tmp_path)


def test_a_folder_is_taken_that_a_killed_writer_has_only_begun(tmp_path: Path) -> None:
    """Breaks when remnants of a kill before the first manifest block the folder, or remnants stay for ever."""
    (tmp_path / "lock").touch()
    (tmp_path / ".manifest.json.tmp").touch()
    with begun(tmp_path):
        (tmp_path / "runs" / ".part-1.parquet.tmp").touch()
        assert open_study(tmp_path).done().size == 0
    with begun(tmp_path):
        assert not list(tmp_path.rglob(".*.tmp"))


@POSIX
def test_a_full_disk_ends_with_a_remedy_and_loses_nothing(tmp_path: Path) -> None:
    """Breaks when a part that did not fit stays behind, or what had landed is gone."""
    import resource

    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    with begun(tmp_path) as store:
        store.append(rows(1))
        resource.setrlimit(resource.RLIMIT_FSIZE, (8_000, limits[1]))
        try:
            with pytest.raises(CaseError, match=r"it cannot be written: File too large; what has landed is safe"):
                store.append(rows(*range(10_000)[2:]))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        assert store.done().tolist() == [1]
        store.append(rows(2))
    assert open_study(tmp_path).done().tolist() == [1, 2]
    assert not list(tmp_path.rglob(".*.tmp"))


def test_duckdb_reads_the_parts_as_they_are(tmp_path: Path) -> None:
    """Breaks when parts differ in their columns, or a folder's name is taken for a pattern."""
    folder = tmp_path / "Müller's [1] study*"
    with begun(folder) as store:
        pattern = store.path_glob.replace("'", "''")
        assert duckdb.sql(f"SELECT * FROM '{pattern}'").columns == list(COLUMNS)  # before the first row
        assert open_study(folder).sql("SELECT * FROM runs").columns.tolist() == list(COLUMNS)
        store.append(rows(3, 4))
        store.append(rows(5))
    query = 'SELECT status, sum(deficit_meur), max("prices.power") FROM {} GROUP BY status ORDER BY status'
    expected = [("infeasible", 8.0, 0.4), ("optimal", 16.0, 0.5)]
    assert duckdb.sql(query.format(f"'{pattern}'")).fetchall() == expected
    study = open_study(folder)
    assert list(study.sql(query.format("runs")).itertuples(index=False, name=None)) == expected
    with pytest.raises(CaseError, match=r"query: .*(.|\n)*names with dots stand in double quotes"):
        study.sql("SELECT deficit FROM runs")
    plain = shutil.copytree(folder, tmp_path / "plain")
    assert duckdb.sql(f"SELECT count(*) FROM '{plain}/runs/*.parquet'").fetchall() == [(3,)]


@POSIX
def test_duckdb_reads_while_a_writer_appends(tmp_path: Path) -> None:
    """Breaks when a reader meets a part that is not complete, or a pattern without a file."""
    process = writer(tmp_path, 10, 10**6)
    try:
        assert said(process) == "begun\n", process.communicate()
        counts = []
        for _ in range(12):
            ((count,),) = duckdb.sql(f"SELECT count(*) FROM '{tmp_path}/runs/*.parquet'").fetchall()
            counts += [count, open_study(tmp_path).table(["run"]).num_rows]
    finally:
        process.kill()
        process.communicate()
    assert counts == sorted(counts)
    assert all(count % 10 == 0 for count in counts)
    assert counts[-1] > counts[0]


@POSIX
def test_the_memory_of_a_writer_does_not_grow_with_its_rows(tmp_path: Path) -> None:
    """Breaks when rows, or anything per part, are kept: 100,000 rows of 20 figures are 16 MB, in 500 parts."""
    process = writer(tmp_path, 200, 100_000, 20)
    told, errors = process.communicate()
    assert process.returncode == 0, errors
    unit = 1 if sys.platform == "darwin" else 1024
    assert int(told.split()[1]) * unit < 8e6
    study = open_study(tmp_path)
    assert study.complete
    assert np.array_equal(study.done(), np.arange(100_000))
    assert sum(batch.num_rows for batch in study.batches(["run"])) == 100_000


def test_plans_are_kept_by_their_key(tmp_path: Path) -> None:
    """Breaks when decisions change on the way, when a key leaves the folder, or a file can run code."""
    arrays = {"servers": np.arange(6).reshape(2, 3), "file": np.array(0.1), "site": np.array(["Köln", "Ulm"])}
    with begun(tmp_path) as store:
        store.save_plan("a1", arrays)
        store.save_plan("none", {"servers": np.zeros(10_000)})
        assert (tmp_path / "plans" / "none.npz").stat().st_size < 2000
        (tmp_path / "plans" / "none.npz").unlink()
        with pytest.raises(ValueError, match="Object arrays"):
            store.save_plan("a2", {"x": np.array([{}], dtype=object)})
        with pytest.raises(CaseError, match=r"plan '\.\./a': expected a key of letters"):
            store.save_plan("../a", arrays)
    study = open_study(tmp_path)
    assert list(study.plans) == ["a1"]
    assert len(study.plans) == 1
    assert "../a" not in study.plans
    assert study.plans["a1"].keys() == arrays.keys()
    for name, array in study.plans["a1"].items():
        assert array.dtype == arrays[name].dtype
        assert np.array_equal(array, arrays[name])
    with pytest.raises(KeyError):
        study.plans["b"]
    with pytest.raises(CaseError, match="no plan 'a2'; it keeps 1, whose keys stand in the column plan_key"):
        study.load_plan("a2")
    (tmp_path / "plans" / "a1.npz").write_bytes(b"PK")
    with pytest.raises(CaseError, match="it is damaged"):
        study.load_plan("a1")
    np.savez(tmp_path / "plans" / "evil.npz", x=np.array([{}], dtype=object))
    with pytest.raises(CaseError, match="it is damaged"):
        study.load_plan("evil")


def test_what_is_no_study_is_told(tmp_path: Path) -> None:
    """Breaks when a wrong folder ends in a traceback, or in a study that is empty."""
    (tmp_path / "file").touch()
    for folder, expected in (
        (tmp_path, "it holds no study; expected the folder that a study was written to"),
        (tmp_path / "none", "there is no such folder"),
        (tmp_path / "file", "this is a file"),
    ):
        for way in (open_study, Store.open):
            with pytest.raises(CaseError, match=expected):
                way(folder)
    with pytest.raises(CaseError, match="this is a file; choose a folder"):
        begun(tmp_path / "file")
    with pytest.raises(CaseError, match=r"it cannot be written: .*choose another folder"):
        begun(tmp_path / "file" / "study")
    begun(tmp_path / "study")
    with pytest.raises(CaseError, match="give the folder that holds it"):
        open_study(tmp_path / "study" / "manifest.json")
    assert open_study(tmp_path / "study").frame().empty  # begun, and ended before the first row
    assert open_study(tmp_path / "study").sql("SELECT * FROM runs").columns.tolist() == list(COLUMNS)


def test_the_hash_of_a_study_counts_what_numbers_its_runs() -> None:
    """Breaks when the order of levers, which numbers the points, does not count, or what is no part of it does."""
    first = manifest()
    assert replace(first, state="complete", created="then").spec_hash == first.spec_hash
    assert manifest(study={"a": (1, 2)}).spec_hash == manifest(study={"a": [1, 2]}).spec_hash
    assert manifest(study={"a": 1, "b": 2}).spec_hash != manifest(study={"b": 2, "a": 1}).spec_hash


def test_nothing_heavy_is_imported_before_it_is_needed() -> None:
    """Breaks when the help of the command line has to wait for Arrow, DuckDB or pandas."""
    script = (
        "import sys; import leam_opt.study.opened, leam_opt.study.store, leam_opt.study.cache\n"
        "print({'pyarrow', 'duckdb', 'pandas', 'filelock', 'highspy', 'pyomo'} & sys.modules.keys())"
    )
    assert subprocess.check_output([sys.executable, "-c", script], text=True) == "set()\n"
