"""The folder of a study for the one process that writes it: each run lands as it finishes, a killed study goes on.

Beside what a reader sees (`leam_opt.study.opened`) the folder holds `lock`, which the writer's operating system lets go
of when the writer ends, however it ends. A file is written under a hidden name, brought to the disk and renamed, so
that whatever kills a writer leaves whole parts and perhaps one hidden remnant, which the next writer removes.
"""

from __future__ import annotations

import json
import os
import socket
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from leam_opt.errors import CaseError
from leam_opt.study.cache import packed_arrays
from leam_opt.study.opened import MANIFEST, PART, PLANS, RUNS, Manifest, OpenedStudy, check_study, row_schema

if TYPE_CHECKING:
    import filelock
    import pyarrow as pa

__all__ = ["Manifest", "Store", "row_schema"]

BROKEN = "broken"
_LOCK, _HOLDER = "lock", "lock.json"
_OWN = frozenset({RUNS, PLANS, _LOCK, _HOLDER})
_COLUMNS = "part-columns.parquet"
"""A part without rows, which tells readers the columns before the first run has landed."""


class Store(OpenedStudy):
    """A study that can be written as well: within `with store:`, by one process at a time.

    A study that is left before it was called complete is `stopped`; one that is gone on with is `open` again.
    """

    def __init__(self, folder: Path, manifest: Manifest) -> None:
        super().__init__(folder, manifest)
        self._lock: filelock.BaseFileLock | None = None
        self._landed = np.zeros(1, bool)  # by run; a byte for each
        self._sequence = 0

    @classmethod
    def create(cls, folder: str | Path, manifest: Manifest, schema: pa.Schema, *, restart: bool = False) -> Store:
        """Begins a study, or goes on with the same one.

        Args:
            folder: made where it is missing.
            manifest: of the study; of one that goes on, all that was known before stays.
            schema: columns of the rows (`row_schema`), among them `run` (int64).
            restart: whether to begin anew; what is there is kept in `runs.old-1` (or -2, ...).

        Raises CaseError where the folder holds something else or another study, or cannot be written now.
        """
        folder = Path(folder)
        columns = {each.name: {"type": str(each.type), "unit": _unit(each)} for each in schema}
        if columns.get("run", {}).get("type") != "int64":
            raise ValueError("the columns of a study have `run` (int64) among them")
        manifest = replace(manifest, columns=columns)
        with _told(folder):
            if folder.is_file():
                raise CaseError(f"{folder}: this is a file; choose a folder")
            folder.mkdir(parents=True, exist_ok=True)
            _check_room(folder)
            lock = _acquired(folder)
            try:
                if (folder / MANIFEST).exists() and restart:
                    _put_by(folder)
                elif (folder / MANIFEST).exists():
                    manifest = _joined(folder, manifest)
                _write_manifest(folder, manifest)
            finally:
                lock.release()
        return cls(folder, manifest)

    @classmethod
    def open(cls, folder: str | Path) -> Store:
        """The store of a folder that holds a study; CaseError where it holds none."""
        folder = Path(folder)
        check_study(folder)
        return cls(folder, Manifest.read(folder))

    def __enter__(self) -> Store:
        with _told(self.folder):
            self._lock = _acquired(self.folder)
            try:
                self.manifest = _joined(self.folder, self.manifest)
                self._tidy()
                if self.manifest.state == "stopped":
                    self.update(state="open")
            except BaseException:
                self._release()
                raise
        return self

    def __exit__(self, *_: object) -> None:
        try:
            if self.manifest.state == "open":
                self.update(state="stopped")
        finally:
            self._release()

    def done(self) -> NDArray[np.int64]:
        """Numbers of the runs that have landed, sorted."""
        return super().done() if self._lock is None else np.flatnonzero(self._landed).astype(np.int64)

    def append(self, table: pa.Table) -> None:
        """Lands rows: they are on the disk when it returns. A run that has landed before is left out with a warning.

        Raises ValueError for other columns than the study's, CaseError where the disk does not take the rows.
        """
        self._check_held()
        if set(table.column_names) != set(self.schema.names):
            odd = sorted(set(table.column_names) ^ set(self.schema.names))
            raise ValueError(f"rows and study do not both have {', '.join(odd)}")
        table = table.select(self.schema.names).cast(self.schema)
        runs = table["run"].to_numpy()
        if not runs.size:
            return
        if runs.min() < 0:
            raise ValueError(f"run {runs.min()}: runs are counted from 0")
        self._reach(int(runs.max()))
        fresh = np.zeros(runs.size, bool)
        fresh[np.unique(runs, return_index=True)[1]] = True
        fresh &= ~self._landed[runs]
        if not fresh.all():
            warnings.warn(f"{self.folder}: run {runs[~fresh][0]} has landed already; left out", stacklevel=2)
            table, runs = table.filter(fresh), runs[fresh]
        if runs.size:
            name = f"part-{runs.min():08d}-{runs.max():08d}-{self._sequence:06d}.parquet"
            self._write_part(name, table)
            self._sequence += 1
            self._landed[runs] = True

    def update(self, *, state: str | None = None, runs: int | None = None, inputs: Mapping[str, str] = {}) -> None:
        """Writes what has become known of the study: its state, more runs, input hashes of further frames."""
        self._check_held()
        known = self.manifest
        state, runs = known.state if state is None else state, known.runs if runs is None else runs
        changed = replace(known, state=state, runs=runs, inputs={**known.inputs, **inputs})
        if changed != known:
            with _told(self.folder):
                _write_manifest(self.folder, changed)
            self.manifest = changed

    def save_plan(self, key: str, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Keeps the decisions of a plan; to be called before the rows that name it land.

        Raises CaseError for a key that is no file name, or as `append`; ValueError for arrays of Python objects.
        """
        self._check_held()
        file, content = self._plan_file(key), packed_arrays(arrays)
        with _told(self.folder):
            _write(file, lambda out: out.write(content))

    def _write_part(self, name: str, table: pa.Table) -> None:
        import pyarrow.parquet as pq

        # A dictionary of figures, which are all different, would cost time and save no room.
        texts = [each.name for each in self.schema if str(each.type) == "string"]
        with _told(self.folder):
            _write(
                self.folder / RUNS / name,
                lambda out: pq.write_table(table, out, compression="zstd", use_dictionary=texts),
            )

    def _tidy(self) -> None:
        """Removes remnants, sets parts aside that do not count, and learns what has landed."""
        runs = self.folder / RUNS
        for folder in (self.folder, runs, self.folder / PLANS):
            folder.mkdir(exist_ok=True)
            for remnant in folder.glob(".*.tmp"):
                remnant.unlink()
        parts, bad = self._scan()
        names = [PART.fullmatch(file.name) for file in (*parts, *bad, *(runs / BROKEN).glob("*"))]
        self._sequence = 1 + max((int(name[3]) for name in names if name), default=0)
        for file, why in bad.items():
            (runs / BROKEN).mkdir(exist_ok=True)
            file.replace(runs / BROKEN / file.name)
            warnings.warn(f"{file}: {why}; it lies in {BROKEN}/ now, and its runs are done anew", stacklevel=3)
        for landed in parts.values():
            if landed.size:
                self._reach(int(landed.max()))
                self._landed[landed] = True
        if runs / _COLUMNS not in parts:
            self._write_part(_COLUMNS, self.schema.empty_table())

    def _reach(self, run: int) -> None:
        """Makes room to remember a run."""
        if run >= self._landed.size:
            wider = np.zeros(max(run + 1, self.manifest.runs, 2 * self._landed.size), bool)
            wider[: self._landed.size] = self._landed
            self._landed = wider

    def _check_held(self) -> None:
        if self._lock is None:
            raise RuntimeError("a study is written within `with store:`")

    def _release(self) -> None:
        lock, self._lock = self._lock, None
        if lock is not None:
            lock.release()


@contextmanager
def _told(folder: Path) -> Iterator[None]:
    """Errors of the file system become a CaseError that says what to do."""
    try:
        yield
    except OSError as error:
        remedy = "what has landed is safe; make room or choose another folder, and run the study again"
        raise CaseError(f"{folder}: it cannot be written: {error.strerror or error}; {remedy}") from None


def _acquired(folder: Path) -> filelock.BaseFileLock:
    """The lock of a folder, held; CaseError that names who holds it."""
    import filelock

    # Not bound to a thread: a result may arrive in another one than the study began in.
    lock = filelock.FileLock(folder / _LOCK, timeout=0, thread_local=False)
    try:
        lock.acquire()
    except filelock.Timeout:
        who = "another process"
        with suppress(OSError, ValueError, KeyError, TypeError):
            holder = json.loads((folder / _HOLDER).read_text(encoding="utf-8"))
            who = f"process {holder['pid']} on {holder['host']}"
        raise CaseError(f"{folder}: {who} is writing this study; wait until it ends, or choose another --out") from None
    try:
        holder = {"pid": os.getpid(), "host": socket.gethostname()}
        (folder / _HOLDER).write_text(json.dumps(holder), encoding="utf-8")
    except BaseException:
        lock.release()
        raise
    return lock


def _check_room(folder: Path) -> None:
    """CaseError where a folder without a manifest holds anything but the remnants of a study that did not begin."""
    if (folder / MANIFEST).exists():
        return
    others = [entry.name for entry in folder.iterdir() if entry.name not in _OWN and not entry.name.startswith(".")]
    if others:
        raise CaseError(f"{folder}: it holds no study but {sorted(others)[0]}; choose a new folder")
    if any((folder / RUNS).glob("*.parquet")):
        raise CaseError(f"{folder}: it holds runs without {MANIFEST}; put that file back, or choose a new folder")


def _joined(folder: Path, manifest: Manifest) -> Manifest:
    """The manifest of a folder with what another one knows besides; CaseError where they are of different studies."""
    known = Manifest.read(folder)
    if problems := known.differences(manifest):
        remedy = "choose another --out, or give --restart, which begins anew and keeps the old runs beside the new"
        raise CaseError([f"{folder}: it holds a study that differs; {remedy}:", *(f"  {each}" for each in problems)])
    return replace(known, inputs={**known.inputs, **manifest.inputs}, runs=max(known.runs, manifest.runs))


def _put_by(folder: Path) -> None:
    """Moves what a study has written into a folder of its own beside the new runs.

    Whatever ends it in the middle: the manifest that goes with the runs lies with them before the new one is written.
    """
    number = 1
    while (folder / f"{RUNS}.old-{number}").exists():
        number += 1
    old = folder / f"{RUNS}.old-{number}"
    (folder / RUNS).mkdir(exist_ok=True)
    (folder / RUNS).replace(old)
    (old / MANIFEST).write_bytes((folder / MANIFEST).read_bytes())
    if (folder / PLANS).exists():
        (folder / PLANS).replace(old / PLANS)


def _unit(column: pa.Field) -> str:
    return ((column.metadata or {}).get(b"unit") or b"").decode()


def _write_manifest(folder: Path, manifest: Manifest) -> None:
    text = json.dumps(manifest.to_dict(), indent=1, ensure_ascii=False) + "\n"
    _write(folder / MANIFEST, lambda out: out.write(text.encode()))


def _write(file: Path, write: Callable[[IO[bytes]], object]) -> None:
    """Makes a file appear complete, on the disk, or not at all."""
    hidden = file.with_name(f".{file.name}.tmp")
    try:
        with hidden.open("wb") as out:
            write(out)
            out.flush()
            os.fsync(out.fileno())
        hidden.replace(file)
    except BaseException:
        with suppress(OSError):
            hidden.unlink()
        raise
    if os.name != "nt":  # Windows has no way to bring a folder to the disk, and needs none
        folder = os.open(file.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
