"""Results that any study may use again, kept for the user under the digest of all that determines them.

A row is found by its key alone. The key covers the case, the changed figures, the lane, the held plan, the options and
the programme, so that an entry never grows stale: whatever changes a result changes its key. A cache may be lost at any
time and nothing but time is lost with it; hence trouble with it is told once and ends no study.
"""

from __future__ import annotations

import functools
import hashlib
import importlib.metadata
import importlib.util
import io
import json
import os
import sqlite3
import sys
import threading
import time
import warnings
import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

import leam_opt

ENVIRONMENT = "LEAM_OPT_CACHE"
"""Variable that names the folder of the cache; `off` does without one."""
LIMIT_BYTES = 1_000_000_000
KEY_BYTES = 32
_FORMAT = 1
_ROOM = 0.9  # a full cache is emptied down to this share of its limit, so that not every row has to make room
_TOUCH_SECONDS = 3600.0  # a row's last use is known to the hour; finer would write at every look
_WAIT_SECONDS = 5.0
_TRIES = 3
_CHUNK = 500
_CHECK_BYTES = 8
_EXACT = 2**53  # whole numbers up to it are floats; beyond it (seeds) two of them may be the same float
_LAYOUT = (
    "BEGIN IMMEDIATE",
    "CREATE TABLE IF NOT EXISTS names (id TEXT PRIMARY KEY, names TEXT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS rows (key BLOB PRIMARY KEY, row BLOB NOT NULL, plan BLOB, used REAL NOT NULL)",
    "CREATE INDEX IF NOT EXISTS last_use ON rows (used)",
    f"PRAGMA user_version = {_FORMAT}",
)
_T = TypeVar("_T")
_Packed = tuple[bytes, bytes, bytes | None]
# Connections that a forked child found open: SQLite forbids even closing them there.
_INHERITED: list[sqlite3.Connection] = []


@dataclass(frozen=True, eq=False)
class CachedRow:
    """The result of one variant, in the words of a study's rows.

    Attributes:
        outputs: figures by name; NaN where there is no plan.
        plan: arrays of the decisions, where they were given.
    """

    outputs: Mapping[str, float]
    status: str
    reason: str = ""
    structure: str = ""
    plan_key: str = ""
    plan: Mapping[str, NDArray[Any]] | None = None


class Cache:
    """Rows by key, in one file that several processes and studies share.

    Args:
        folder: of the file, made where it is missing; `off` for none. None is the folder that the environment names,
            else the user's own.
        limit_bytes: beyond it the rows go that were used longest ago.

    Attributes:
        folder: of the file; None where there is no cache.
        enabled: False without a cache, and once it has failed.
    """

    def __init__(self, folder: str | Path | None = None, *, limit_bytes: int = LIMIT_BYTES) -> None:
        self._connection: sqlite3.Connection | None = None
        self._guard, self._owner, self._file = threading.Lock(), os.getpid(), Path()
        self.folder, self.limit_bytes = _folder(folder), limit_bytes
        self.enabled = self.folder is not None

    def __enter__(self) -> Cache:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        self.close()

    def __reduce__(self) -> tuple[Callable[..., Cache], tuple[Any, ...]]:
        return functools.partial(Cache, limit_bytes=self.limit_bytes), (self.folder or "off",)

    def close(self) -> None:
        """Closes the file; the next use opens it again."""
        connection, self._connection = self._connection, None
        if connection is not None and self._owner == os.getpid():
            connection.close()
        elif connection is not None:
            _INHERITED.append(connection)

    def get_many(self, keys: Sequence[bytes]) -> dict[bytes, CachedRow]:
        """The rows that are known, by key; a row that is damaged is not known."""
        wanted = list(dict.fromkeys(_checked(key) for key in keys))
        return self._use(lambda connection: self._read(connection, wanted), {}) if wanted else {}

    def put_many(self, rows: Mapping[bytes, CachedRow]) -> None:
        """Keeps rows; one that is there already is replaced.

        Raises ValueError for arrays of a plan that are no numbers.
        """
        names = {tuple(row.outputs) for row in rows.values()}
        if packed := [(_checked(key), *_packed(key, row)) for key, row in rows.items()]:
            self._use(lambda connection: self._write(connection, names, packed), None)

    def _read(self, connection: sqlite3.Connection, keys: list[bytes]) -> dict[bytes, CachedRow]:
        now = time.time()
        names = {name: tuple(json.loads(text)) for name, text in connection.execute("SELECT id, names FROM names")}
        rows: dict[bytes, CachedRow] = {}
        touched = []
        for start in range(0, len(keys), _CHUNK):
            chunk = keys[start : start + _CHUNK]
            marks = ",".join("?" * len(chunk))
            found = connection.execute(f"SELECT key, row, plan, used FROM rows WHERE key IN ({marks})", chunk)
            for key, packed, plan, used in found:
                row = _unpacked(key, packed, plan, names)
                if row is not None:
                    rows[key] = row
                if used < now - _TOUCH_SECONDS:
                    touched.append((now, key))
        if touched:
            with connection:
                connection.execute("BEGIN IMMEDIATE")
                connection.executemany("UPDATE rows SET used = ? WHERE key = ?", touched)
        return rows

    def _write(self, connection: sqlite3.Connection, names: Iterable[tuple[str, ...]], packed: list[_Packed]) -> None:
        now = time.time()
        with connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany(
                "INSERT OR IGNORE INTO names VALUES (?, ?)", [(_names_id(each), _json(each)) for each in names]
            )
            connection.executemany("INSERT OR REPLACE INTO rows VALUES (?, ?, ?, ?)", [(*row, now) for row in packed])
            if _size(connection) > self.limit_bytes:
                self._make_room(connection)

    def _make_room(self, connection: sqlite3.Connection) -> None:
        oldest = "SELECT rowid FROM rows ORDER BY used, rowid LIMIT ?"
        while _size(connection) > _ROOM * self.limit_bytes:
            if connection.execute(f"DELETE FROM rows WHERE rowid IN ({oldest})", (_CHUNK,)).rowcount < 1:
                return

    def _use(self, action: Callable[[sqlite3.Connection], _T], otherwise: _T) -> _T:
        """What an action on the file returns, or `otherwise` where there is no cache, or none any more."""
        with self._guard:
            for tries_left in reversed(range(_TRIES)):
                if not self.enabled:
                    break
                try:
                    return action(self._opened())
                except (sqlite3.DatabaseError, OSError) as error:
                    self._mend(error, tries_left)
        return otherwise

    def _opened(self) -> sqlite3.Connection:
        if self._owner != os.getpid():
            self.close()
            self._owner = os.getpid()
        if self._connection is None:
            assert self.folder is not None
            self.folder.mkdir(parents=True, exist_ok=True)
            self._file = _newest(self.folder)
            # Transactions are begun by hand (isolation_level); the guard serialises the threads of this process.
            self._connection = connection = sqlite3.connect(
                self._file, timeout=_WAIT_SECONDS, isolation_level=None, check_same_thread=False
            )
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
            if connection.execute("PRAGMA user_version").fetchone() != (_FORMAT,):
                with connection:
                    for statement in _LAYOUT:
                        connection.execute(statement)
        return self._connection

    def _mend(self, error: Exception, tries_left: int) -> None:
        """Makes ready for another try, or ends the use of the cache."""
        self.close()
        code = getattr(error, "sqlite_errorcode", 0)
        if not tries_left:
            self._disable(str(error))
        elif code & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
            self._set_aside(self._file)
        elif code & 0xFF not in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_ERROR):
            self._disable(str(error))

    def _set_aside(self, file: Path) -> None:
        try:
            # The new one has a name that was never used: another process that still has the old one open will remove
            # the old one's companions by their names.
            _numbered(file.parent, int(file.stem.rpartition("-")[2]) + 1).touch()
            aside = file.replace(file.with_name("rows.broken"))
            for companion in ("-wal", "-shm"):
                Path(f"{file}{companion}").unlink(missing_ok=True)
        except FileNotFoundError:
            return  # another process has put it by already
        except OSError as error:
            self._disable(str(error))
        else:
            self._tell(f"the cache {file} was damaged; it lies in {aside.name} now, and a new one is begun")

    def _disable(self, why: str) -> None:
        self.enabled = False
        self._tell(f"the cache in {self.folder} is not used any further: {why}; {ENVIRONMENT} can name another folder")

    def _tell(self, message: str) -> None:
        warnings.warn(message, stacklevel=6)


def key(
    frame_hash: str,
    changed: Mapping[str, float | str],
    lane: str,
    plan_key: str,
    options: Mapping[str, Any],
    code_digest: str,
) -> bytes:
    """The digest (32 bytes) of all that determines a row.

    Numbers count by their value: 1 is 1.0, and -0.0 is 0.0; the order of names does not count.

    Args:
        frame_hash: input hash of the case.
        changed: figures that differ from the case's, in their documented units, by path.
        lane: how the row is made.
        plan_key: the plan that is held, '' for none.
        options: all else that shapes the result (solver options, formulation, outputs), as for JSON.
        code_digest: of the programme.
    """
    content = [frame_hash, _canonical(changed), lane, plan_key, _canonical(options), code_digest]
    return hashlib.sha256(b"leam-row-1\0" + _json(content).encode()).digest()


@functools.cache
def code_digest() -> str:
    """SHA-256 (hex) of the programme: source of leam_opt and its models, versions of what computes with it."""
    digest = hashlib.sha256(b"leam-code-1\0")
    for name, text in sorted(_sources().items()):
        digest.update(f"{name}\0{hashlib.sha256(text).hexdigest()}\0".encode())
    known = versions()
    digest.update(_json([known["highspy"], known["numpy"], known["pyomo"]]).encode())
    return digest.hexdigest()


@functools.cache
def versions() -> dict[str, str]:
    """Versions of the programme and of what it computes and stores with, by name."""
    found = {"leam_opt": leam_opt.__version__, "python": ".".join(map(str, sys.version_info[:3]))}
    for name in ("highspy", "numpy", "pyomo", "pyarrow"):
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found[name] = "none"
    return found


def packed_arrays(arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """Arrays as the bytes of an `.npz` file; ValueError for arrays of Python objects."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, array in arrays.items():
            # Without today's date the same arrays are the same bytes; np.savez has it, and refuses the name `file`.
            entry = zipfile.ZipInfo(f"{name}.npy")
            entry.compress_type = zipfile.ZIP_DEFLATED
            with archive.open(entry, "w", force_zip64=True) as out:
                np.lib.format.write_array(out, np.asarray(array), allow_pickle=False)
    return buffer.getvalue()


def unpacked_arrays(content: bytes) -> dict[str, NDArray[Any]]:
    """The arrays of an `.npz` file; ValueError where it is none."""
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as archive:
            return dict(archive)
    except (zipfile.BadZipFile, EOFError, OSError) as error:
        raise ValueError(str(error)) from None


def _folder(folder: str | Path | None) -> Path | None:
    chosen = os.environ.get(ENVIRONMENT, "") if folder is None else str(folder)
    if chosen.lower() == "off":
        return None
    if chosen:
        return Path(chosen).expanduser()
    import platformdirs

    return Path(platformdirs.user_cache_dir("leam-opt"))


def _newest(folder: Path) -> Path:
    return max(folder.glob(f"rows-{_FORMAT}-*.sqlite"), default=_numbered(folder, 1))


def _numbered(folder: Path, number: int) -> Path:
    return folder / f"rows-{_FORMAT}-{number:06d}.sqlite"


def _sources() -> dict[str, bytes]:
    """Source by name of the file; in a tree that is not installed the models lie beside the package."""
    found: dict[str, bytes] = {}
    for package in ("leam_opt", "leam_opt.models"):
        try:
            spec = importlib.util.find_spec(package)
        except ModuleNotFoundError:
            continue
        for root in map(Path, (spec and spec.submodule_search_locations) or ()):
            for file in root.rglob("*.py"):
                name = f"{package.replace('.', '/')}/{file.relative_to(root).as_posix()}"
                if not name.startswith("leam_opt/cases/"):
                    found[name] = file.read_bytes().replace(b"\r\n", b"\n")
    return found


def _canonical(value: Any) -> Any:
    """The same data for the same meaning: floats for numbers, sorted names."""
    if value is None or isinstance(value, (str, bool)):
        return value
    if isinstance(value, Mapping):
        return dict(sorted((str(name), _canonical(item)) for name, item in value.items()))
    if isinstance(value, (list, tuple)):
        return [_canonical(item) for item in value]
    if isinstance(value, int) and abs(value) > _EXACT:
        return value
    return float(value) + 0.0  # + 0.0: -0.0 is 0.0


def _json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _names_id(names: tuple[str, ...]) -> str:
    return hashlib.sha256(_json(names).encode()).hexdigest()[:16]


def _checked(key: bytes) -> bytes:
    if len(key) != KEY_BYTES:
        raise ValueError(f"a key has {KEY_BYTES} bytes, not {len(key)}")
    return key


def _packed(key: bytes, row: CachedRow) -> tuple[bytes, bytes | None]:
    """The row, and its plan: check sum, head in JSON, end of line, figures."""
    head = _json([_names_id(tuple(row.outputs)), row.status, row.reason, row.structure, row.plan_key]).encode()
    content = head + b"\n" + np.fromiter(row.outputs.values(), "<f8", len(row.outputs)).tobytes()
    plan = None if row.plan is None else packed_arrays(row.plan)
    return _check_sum(key, content, plan) + content, plan


def _unpacked(key: bytes, packed: bytes, plan: bytes | None, names: Mapping[str, tuple[str, ...]]) -> CachedRow | None:
    content = packed[_CHECK_BYTES:]
    if packed[:_CHECK_BYTES] != _check_sum(key, content, plan):
        return None
    head, _, figures = content.partition(b"\n")
    names_id, status, reason, structure, plan_key = json.loads(head)
    if names_id not in names:
        return None
    outputs = dict(zip(names[names_id], np.frombuffer(figures, "<f8").tolist(), strict=True))
    arrays = None if plan is None else unpacked_arrays(plan)
    return CachedRow(outputs, status, reason, structure, plan_key, arrays)


def _check_sum(key: bytes, content: bytes, plan: bytes | None) -> bytes:
    # SQLite finds damage in its own pages only; a wrong figure must not pass for a result.
    digest = hashlib.blake2b(key, digest_size=_CHECK_BYTES)
    digest.update(content)
    digest.update(b"" if plan is None else b"\n" + plan)
    return digest.digest()


def _size(connection: sqlite3.Connection) -> int:
    """Bytes in use in the file."""
    names = ("page_size", "page_count", "freelist_count")
    page, pages, free = (int(connection.execute(f"PRAGMA {name}").fetchone()[0]) for name in names)
    return page * (pages - free)
