"""A study's folder as a reader sees it, while it is written or long after.

    DIR/manifest.json    what the study is: its definition, input hashes, versions, options, columns with units
    DIR/runs/*.parquet   one row a variant, with the same columns in every part; DuckDB reads them as they are
    DIR/plans/*.npz      decisions of the plans that were solved for
    DIR/cases.json       the case of each scenario, with the study's settings
    DIR/answers.json     what the runs answer

A file appears complete or not at all, so that a reader needs no lock.
"""

from __future__ import annotations

import glob
import hashlib
import json
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from leam_opt.case.quantity import hint
from leam_opt.errors import CaseError
from leam_opt.study.cache import code_digest, unpacked_arrays, versions

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

MANIFEST, RUNS, PLANS = "manifest.json", "runs", "plans"
PART = re.compile(r"part-(\d+)-(\d+)-(\d+)\.parquet")
"""First and last run of a part, and its number in the order of landing."""
_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_FORMAT = 1
_SHOWN, _WIDTH = 5, 60


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


@dataclass(frozen=True)
class Manifest:
    """What a study is and what it was made with.

    Attributes:
        study: the definition with everything resolved, as for JSON. The order of its entries counts: it numbers runs.
        inputs: input hash of each frame that is known so far, by its name.
        solver_options: what shapes the plans besides the study.
        seed: of the design and the solver.
        runs: how many the design has.
        state: `open` (being written, or killed), `stopped` (left before its end) or `complete`.
        columns: `type` and `unit` of each column of the rows, by name; `Store.create` fills them in.
        code_digest: of the programme.
        versions: of the programme and its libraries.
        created: UTC, ISO 8601.
        spec_hash: SHA-256 (hex) of `study`.
    """

    study: dict[str, Any]
    inputs: dict[str, str]
    solver_options: dict[str, Any]
    seed: int
    runs: int
    state: str = "open"
    columns: dict[str, dict[str, str]] = field(default_factory=dict)
    code_digest: str = field(default_factory=code_digest)
    versions: dict[str, str] = field(default_factory=versions)
    created: str = field(default_factory=_now)
    spec_hash: str = ""

    def __post_init__(self) -> None:
        text = json.dumps(self.study, separators=(",", ":"), ensure_ascii=False)
        object.__setattr__(self, "study", json.loads(text))  # as it will be read again
        object.__setattr__(self, "solver_options", json.loads(json.dumps(self.solver_options)))
        if not self.spec_hash:
            object.__setattr__(self, "spec_hash", hashlib.sha256(b"leam-study-1\0" + text.encode()).hexdigest())

    def to_dict(self) -> dict[str, Any]:
        """The manifest for JSON."""
        return {"format": _FORMAT, **asdict(self)}

    @classmethod
    def read(cls, folder: Path) -> Manifest:
        """The manifest of a study's folder; CaseError where there is none that can be read."""
        file = folder / MANIFEST
        try:
            content = json.loads(file.read_text(encoding="utf-8"))
            if content["format"] > _FORMAT:
                raise CaseError(f"{file}: it was written by a newer leam-opt; use that version, or another folder")
            return cls(**{each.name: content[each.name] for each in fields(cls)})
        except OSError as error:
            raise CaseError(f"{file}: it cannot be read: {error.strerror or error}") from None
        except (ValueError, KeyError, TypeError) as error:
            raise CaseError(f"{file}: it is damaged ({error}); put the file back, or choose another folder") from None

    def differences(self, other: Manifest) -> list[str]:
        """What makes another manifest another study, one line each; an input counts where both know it."""
        found = _changes("study", self.study, other.study)
        if not found and self.spec_hash != other.spec_hash:
            found = ["study: the order of its entries is another, which numbers the runs in another way"]
        found += _changes("solver options", self.solver_options, other.solver_options)
        found += _changes("seed", self.seed, other.seed)
        common = sorted(self.inputs.keys() & other.inputs.keys())
        found += [
            f"case: the input of {name} has changed" for name in common if self.inputs[name] != other.inputs[name]
        ]
        if self.code_digest != other.code_digest:
            names = ("leam_opt", "highspy", "numpy", "pyomo")
            pairs = [(name, self.versions.get(name), other.versions.get(name)) for name in names]
            steps = [f"{name} {was}, now {now}" for name, was, now in pairs if was != now]
            found.append(f"programme: {'; '.join(steps) or 'the source of leam_opt has changed'}")
        return found or _changes("columns", self.columns, other.columns)


def row_schema(columns: Mapping[str, tuple[str, str]], spec_hash: str = "") -> pa.Schema:
    """The pyarrow.Schema of rows: type (`double`, `int64`, `string`, ...) and unit of each column, by name."""
    import pyarrow as pa

    listed = [
        pa.field(name, pa.type_for_alias(kind), metadata={"unit": unit}) for name, (kind, unit) in columns.items()
    ]
    return pa.schema(listed, metadata={"leam_opt.spec_hash": spec_hash})


class OpenedStudy:
    """A study to read; `open_study` opens it.

    The rows are those that have landed at the time of the call. Parts that are damaged, or hold a run that an earlier
    one holds, are left out with a warning; the next process that writes the study sets them aside.

    Attributes:
        folder: of the study.
        manifest: what the study is, as it was when it was opened.
        schema: columns of the rows, each with its unit, as a pyarrow.Schema.
    """

    def __init__(self, folder: Path, manifest: Manifest) -> None:
        self.folder, self.manifest = folder, manifest
        columns = {name: (each["type"], each["unit"]) for name, each in manifest.columns.items()}
        self.schema = row_schema(columns, manifest.spec_hash)
        self._told: set[Path] = set()

    def __repr__(self) -> str:
        return f"<study in {self.folder}: {self.manifest.state}, {self.manifest.runs:,} runs in its design>"

    @property
    def complete(self) -> bool:
        """Whether every run of the design had landed when the study was opened."""
        return self.manifest.state == "complete"

    @property
    def counts(self) -> dict[str, int]:
        """Number of rows by status, the most frequent first."""
        frequency = self.frame(["status"])["status"].value_counts()
        return {str(status): int(rows) for status, rows in frequency.items()}

    @property
    def plans(self) -> Mapping[str, dict[str, NDArray[Any]]]:
        """Decisions of the plans by their key; a plan is read when it is asked for."""
        return _Plans(self)

    @property
    def path_glob(self) -> str:
        """All parts, as DuckDB and its kind name them."""
        return f"{glob.escape(str(self.folder))}/{RUNS}/*.parquet"

    def done(self) -> NDArray[np.int64]:
        """Numbers of the runs that have landed, sorted."""
        return np.sort(np.concatenate([np.zeros(0, np.int64), *self._parts().values()]))

    def table(self, columns: Sequence[str] | None = None) -> pa.Table:
        """The rows, sorted by run, as a pyarrow.Table.

        Args:
            columns: those that are wanted, in their order; all without it.

        Raises CaseError for an unknown column, or where a part cannot be read.
        """
        import pyarrow as pa

        names = self._columns(columns)
        wanted = list(dict.fromkeys([*names, "run"]))
        # Part by part: a dataset's scanner reads ahead, and takes ten times the memory of the rows.
        schema = pa.schema([self.schema.field(name) for name in wanted])
        table = pa.Table.from_batches(self.batches(wanted), schema)
        runs = table["run"].to_numpy()
        return (table if np.all(runs[1:] > runs[:-1]) else table.sort_by("run")).select(names)

    def frame(self, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """The rows, sorted by run, as a DataFrame; as for `table`."""
        frame: pd.DataFrame = self.table(columns).to_pandas(split_blocks=True, self_destruct=True)
        return frame

    def batches(self, columns: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
        """The rows part by part in the order in which they landed, so that only one part is held; as for `table`."""
        import pyarrow.parquet as pq

        names = self._columns(columns)
        for file in self._parts():
            try:
                with pq.ParquetFile(file) as part:
                    batches = part.read(names).combine_chunks().to_batches()
            except (OSError, ValueError) as error:
                raise CaseError(f"{file}: it cannot be read ({error}); {_REMEDY}") from None
            yield from batches

    def sql(self, query: str) -> pd.DataFrame:
        """The answer of DuckDB to a query of the view `runs`; CaseError with DuckDB's reason where it has none.

        Names of columns with dots stand in double quotes: `SELECT max(deficit_meur) FROM runs GROUP BY "prices.power"`.
        """
        import duckdb

        files = ", ".join("'" + glob.escape(str(file)).replace("'", "''") + "'" for file in self._parts())
        with duckdb.connect() as connection:
            if files:
                connection.execute(f"CREATE VIEW runs AS SELECT * FROM read_parquet([{files}])")
            else:
                connection.register("runs", self.schema.empty_table())
            try:
                return connection.execute(query).df()
            except duckdb.Error as error:
                rule = 'the rows are the view runs; names with dots stand in double quotes, as in "prices.power"'
                raise CaseError([f"query: {error}", rule]) from None

    def load_plan(self, key: str) -> dict[str, NDArray[Any]]:
        """The decisions of a plan; CaseError where there is none of that key, or its file is damaged."""
        file = self._plan_file(key)
        try:
            return unpacked_arrays(file.read_bytes())
        except FileNotFoundError:
            known = f"it keeps {len(self._plan_keys()):,}, whose keys stand in the column plan_key"
            raise CaseError(f"{self.folder}: no plan '{key}'; {known}") from None
        except (OSError, ValueError) as error:
            raise CaseError(f"{file}: it is damaged ({error}); remove it and solve for the plan again") from None

    def _plan_file(self, key: str) -> Path:
        if not _KEY.fullmatch(key):
            raise CaseError(f"plan '{key}': expected a key of letters, digits, dots, hyphens and underscores")
        return self.folder / PLANS / f"{key}.npz"

    def _plan_keys(self) -> list[str]:
        return sorted(file.stem for file in (self.folder / PLANS).glob("*.npz"))

    def _columns(self, columns: Sequence[str] | None) -> list[str]:
        names = list(self.schema.names if columns is None else columns)
        if unknown := [name for name in names if name not in self.schema.names]:
            raise CaseError([f"column '{name}': {hint(name, self.schema.names)}" for name in unknown])
        return names

    def _parts(self) -> dict[Path, NDArray[np.int64]]:
        """Runs of each part that counts, in the order of landing."""
        parts, bad = self._scan()
        for file, why in bad.items():
            if file not in self._told:
                warnings.warn(f"{file}: {why}; its rows are left out until the study is run again", stacklevel=4)
        self._told |= bad.keys()
        return parts

    def _scan(self) -> tuple[dict[Path, NDArray[np.int64]], dict[Path, str]]:
        """Runs of each part that counts, in the order of landing, and why other parts do not count."""
        parts: dict[Path, NDArray[np.int64]] = {}
        bad: dict[Path, str] = {}
        for file in sorted((self.folder / RUNS).glob("[!.]*.parquet"), key=_landing):
            try:
                parts[file] = self._runs(file)
            except FileNotFoundError:
                continue  # set aside since the folder was listed
            except (OSError, ValueError) as error:
                if getattr(error, "errno", None) is not None:
                    raise CaseError(f"{file}: it cannot be read: {error}") from None
                bad[file] = f"it is damaged or of another study ({str(error).partition(chr(10))[0]})"
        every = np.concatenate([np.zeros(0, np.int64), *parts.values()])
        if np.unique(every).size < every.size:
            _leave_out_doubles(parts, bad)
        return parts, bad

    def _runs(self, file: Path) -> NDArray[np.int64]:
        """The runs of a part; ValueError or an OSError without number where it is damaged or of another study."""
        import pyarrow.parquet as pq

        with pq.ParquetFile(file) as part:
            if not part.schema_arrow.equals(self.schema, check_metadata=True):
                raise ValueError("its columns are not those of this one")
            runs: NDArray[np.int64] = part.read(["run"], use_threads=False)["run"].to_numpy()
            return runs


def open_study(folder: str | Path) -> OpenedStudy:
    """Opens a study to read it, also while it is being written; CaseError where the folder holds none."""
    folder = Path(folder)
    check_study(folder)
    return OpenedStudy(folder, Manifest.read(folder))


def check_study(folder: Path) -> None:
    """CaseError with the remedy where a folder holds no study."""
    if (folder / MANIFEST).is_file():
        return
    if folder.name == MANIFEST and folder.is_file():
        raise CaseError(f"{folder}: this is a file; give the folder that holds it")
    what = (
        "this is a file" if folder.is_file() else "it holds no study" if folder.is_dir() else "there is no such folder"
    )
    raise CaseError(f"{folder}: {what}; expected the folder that a study was written to, which holds {MANIFEST}")


class _Plans(Mapping[str, dict[str, NDArray[Any]]]):
    """The plans of a study, each read when it is asked for."""

    def __init__(self, study: OpenedStudy) -> None:
        self._study = study

    def __getitem__(self, key: str) -> dict[str, NDArray[Any]]:
        if key not in self:
            raise KeyError(key)
        return self._study.load_plan(key)

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and bool(_KEY.fullmatch(key)) and self._study._plan_file(key).is_file()

    def __iter__(self) -> Iterator[str]:
        return iter(self._study._plan_keys())

    def __len__(self) -> int:
        return len(self._study._plan_keys())


_REMEDY = "move the damaged part away and run the study again, which does its runs anew"


def _landing(file: Path) -> tuple[int, str]:
    name = PART.fullmatch(file.name)
    return (int(name[3]) if name else -1), file.name


def _leave_out_doubles(parts: dict[Path, NDArray[np.int64]], bad: dict[Path, str]) -> None:
    seen: set[int] = set()
    for file, runs in list(parts.items()):
        numbers = set(runs.tolist())
        if len(numbers) < runs.size or numbers & seen:
            bad[file] = "it holds runs that have landed before"
            del parts[file]
        else:
            seen |= numbers


def _changes(what: str, old: Any, new: Any) -> list[str]:
    """The entries that differ between two pieces of plain data, the first few of them, by their paths."""
    before, after = dict(_flat(what, old)), dict(_flat(what, new))
    found = [
        f"{path}: {_shown(before.get(path))} in the folder, {_shown(after.get(path))} now"
        for path in dict.fromkeys([*before, *after])
        if before.get(path) != after.get(path)
    ]
    return found if len(found) <= _SHOWN else [*found[:_SHOWN], f"{what}: {len(found) - _SHOWN} more entries differ"]


def _flat(path: str, value: Any) -> Iterator[tuple[str, str]]:
    """Each entry in JSON, by its path."""
    if value and isinstance(value, (dict, list)):
        for name, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _flat(f"{path}.{name}", item)
    else:
        yield path, json.dumps(value, ensure_ascii=False)


def _shown(entry: str | None) -> str:
    return "nothing" if entry is None else entry if len(entry) <= _WIDTH else f"{entry[:_WIDTH]}..."
