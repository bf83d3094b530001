"""Between the runs of a study and its folder: rows to tables, plans to files, and what the cache knows already."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from leam_opt.case.figures import quantities_at
from leam_opt.case.schema import Case
from leam_opt.study.cache import Cache, CachedRow, code_digest, key
from leam_opt.study.lanes import Rows, Whole
from leam_opt.study.outputs import unit_of_output
from leam_opt.study.spec import StudySpec
from leam_opt.study.store import Store

if TYPE_CHECKING:
    import pyarrow as pa

    from leam_opt.study.chains import Chain

_NOT_CACHED = frozenset({"failed", "time_limit", "interrupted", "audit_failed"})
"""Results that another try may change."""
_WITHOUT_PLAN = frozenset({"infeasible", "invalid"})
"""Cached results that have no figures, so that they hold whichever outputs are asked for."""
_BEFORE: dict[str, tuple[str, str]] = {
    "run": ("int64", ""),
    "round": ("int16", ""),
    "point": ("int64", ""),
    "label": ("string", ""),
    "scenario": ("string", ""),
    "lane": ("string", ""),
    "plan": ("string", ""),
}
_BEHIND: dict[str, tuple[str, str]] = {
    "mip_gap": ("double", "share"),
    "dual_bound_meur": ("double", "M€"),
    "objective_error_eur": ("double", "€"),
    "unmet_share": ("double", "share"),
    "seconds": ("double", "s"),
    "structure": ("string", ""),
    "plan_key": ("string", ""),
}


def columns_of_study(spec: StudySpec) -> dict[str, tuple[str, str]]:
    """Type and unit of each column of a study's rows."""
    levers = {
        lever.path: ("double", lever.unit_name) if lever.kind == "figure" else ("string", "JSON")
        for lever in spec.design.levers
    }
    outputs = {name: ("double", unit_of_output(name)) for name in spec.outputs}
    return {**_BEFORE, **levers, "status": ("string", ""), "reason": ("string", ""), **outputs, **_BEHIND}


class Landing:
    """Where the results of a study land.

    Args:
        spec: the study.
        store: its folder, locked.
        cache: of results that other studies have made.
    """

    def __init__(self, spec: StudySpec, store: Store, cache: Cache) -> None:
        self.spec, self.store, self.cache = spec, store, cache
        landed = store.done()
        self._landed = set(landed.tolist())
        self._hashes = {name: case.input_hash for name, case in spec.frames.items()}
        self._bases: dict[str, dict[str, float | None]] = {}
        self._keys: NDArray[Any] | None = None

    @property
    def count(self) -> int:
        """Runs that have landed."""
        return len(self._landed)

    def has(self, runs: NDArray[np.int64]) -> NDArray[np.bool_]:
        """(n) whether runs have landed."""
        return np.array([run in self._landed for run in runs.tolist()], dtype=bool)

    def land(self, chain: Chain, places: NDArray[np.int64], rows: Rows) -> None:
        """Writes rows of a chain; they are on the disk when it returns."""
        for plan, whole in rows.plans.items():
            self._save(plan, whole)
        self.store.append(self._table(chain, places, rows))
        self._landed.update(chain.runs[places].tolist())

    def _table(self, chain: Chain, places: NDArray[np.int64], rows: Rows) -> pa.Table:
        import pyarrow as pa

        count = len(places)
        points = chain.points[places]
        first = int(points.min())
        labels = [""] * count
        if first >= 0:
            told = self.spec.design.labels(first, int(points.max()) + 1)
            labels = [told[point - first] for point in points.tolist()]
        known: dict[str, Any] = {
            "run": chain.runs[places],
            "round": np.full(count, chain.round),
            "point": points,
            "label": labels,
            "scenario": [chain.scenario] * count,
            "lane": [chain.lane] * count,
            "plan": [chain.label] * count,
            "status": rows.status,
            "reason": rows.reason,
            "structure": rows.structure,
            "plan_key": rows.plan_key,
            **rows.numbers,
        }
        arrays = []
        for each in self.store.schema:
            if each.name in chain.values and each.name not in known:
                column = chain.values[each.name]
                is_figure = pa.types.is_floating(each.type)
                values = column[places] if is_figure else [json.dumps(column[place]) for place in places.tolist()]
            else:
                values = known.get(each.name, [None] * count)
            # What is not a number is missing: averages of a query then leave it out.
            arrays.append(pa.array(values, type=each.type, from_pandas=True))
        return pa.Table.from_arrays(arrays, schema=self.store.schema)

    def made(self, label: str, scenario: str, case: Case) -> Whole | None:
        """The plan that was made of a case to be held, by this study or another one; None where there is none yet."""
        saved = self._load(_made_key(label, scenario))
        if saved is None and self.cache.enabled:
            known = self._made_entry(case)
            row = self.cache.get_many([known]).get(known)
            if row is not None and row.plan is not None:
                saved = _whole(row.plan)
                self._save(_made_key(label, scenario), saved)
        return saved

    def save_made(self, label: str, scenario: str, case: Case, rows: Rows) -> None:
        """Keeps the plan of a case that was made to be held."""
        self._save(_made_key(label, scenario), next(iter(rows.plans.values())))
        if self.cache.enabled and rows.status[0] not in _NOT_CACHED:
            self.cache.put_many({self._made_entry(case): self._entry(rows, 0)})

    def _made_entry(self, case: Case) -> bytes:
        """The key of the optimal plan of a case as it is."""
        return key(case.input_hash, {}, "replan", "", self._replan_options, code_digest())

    def plan(self, plan_key: str) -> Whole:
        """A plan that a run has found."""
        whole = self._load(plan_key)
        assert whole is not None, plan_key
        return whole

    def plans_of(self, runs: NDArray[np.int64]) -> list[Whole]:
        """Plans that landed runs have found, in their order."""
        if not len(runs):
            return []
        frame = self.store.frame(["run", "plan_key"]).set_index("run")["plan_key"]
        return [self.plan(plan) for plan in frame.reindex(runs).dropna() if plan]

    def _save(self, name: str, whole: Whole) -> None:
        if name not in self.store.plans:
            self.store.save_plan(name, _arrays(whole))

    def _load(self, name: str) -> Whole | None:
        return _whole(self.store.plans[name]) if name in self.store.plans else None

    def cached(self, chain: Chain) -> tuple[NDArray[np.int64], Rows] | None:
        """Rows of a chain that the cache knows, and their places; None where it knows none."""
        if not self.cache.enabled:
            return None
        keys = self._chain_keys(chain, np.arange(len(chain.runs)))
        found = self.cache.get_many(keys)
        wanted = list(self.spec.outputs)
        places = [
            place
            for place, each in enumerate(keys)
            if each in found
            and (found[each].status in _WITHOUT_PLAN or all(name in found[each].outputs for name in wanted))
        ]
        if not places:
            return None
        rows = Rows(len(places))
        for number, place in enumerate(places):
            row = found[keys[place]]
            rows.status[number], rows.reason[number] = row.status, row.reason
            rows.structure[number], rows.plan_key[number] = row.structure, row.plan_key
            rows.put([number], {name: np.array([value]) for name, value in row.outputs.items()})
            if row.plan is not None:
                rows.plans[row.plan_key] = _whole(row.plan)
        return np.array(places, dtype=np.int64), rows

    def remember(self, chain: Chain, places: NDArray[np.int64], rows: Rows) -> None:
        """Gives rows to the cache."""
        if not self.cache.enabled:
            return
        entries = {}
        for number, each in enumerate(self._chain_keys(chain, places)):
            if rows.status[number] not in _NOT_CACHED:
                entries[each] = self._entry(rows, number)
        if entries:
            self.cache.put_many(entries)

    @staticmethod
    def _entry(rows: Rows, number: int) -> CachedRow:
        whole = rows.plans.get(rows.plan_key[number])
        return CachedRow(
            outputs={name: float(column[number]) for name, column in rows.numbers.items()},
            status=rows.status[number],
            reason=rows.reason[number],
            structure=rows.structure[number],
            plan_key=rows.plan_key[number],
            plan=None if whole is None else _arrays(whole),
        )

    @property
    def _replan_options(self) -> dict[str, Any]:
        return {"mip_gap": self.spec.mip_gap, "seed": self.spec.seed}

    def _chain_keys(self, chain: Chain, places: NDArray[np.int64]) -> list[bytes]:
        from leam_opt.study.lanes import plan_key

        bases = self._base_values(chain.scenario)
        held = plan_key(chain.held) if chain.held is not None else ""
        options: dict[str, Any] = {"reading": chain.label} if chain.lane == "reference" else {}
        if chain.lane == "replan":
            options = self._replan_options
        keys = []
        for place in places.tolist():
            changed: dict[str, float | str] = {}
            for path, column in chain.values.items():
                value = column[place]
                if path not in bases:
                    changed[path] = json.dumps(value, sort_keys=True)
                elif value != bases[path]:
                    changed[path] = float(value)
            keys.append(key(self._hashes[chain.scenario], changed, chain.lane, held, options, code_digest()))
        return keys

    def _base_values(self, scenario: str) -> Mapping[str, float | None]:
        """Planning values of the figure levers; None where a lever stands for several figures."""
        if scenario not in self._bases:
            case, bases = self.spec.frames[scenario], {}
            for lever in self.spec.design.levers:
                if lever.kind == "figure":
                    found = quantities_at(case, lever.path)
                    bases[lever.path] = found[0].base if len(found) == 1 else None
            self._bases[scenario] = bases
        return self._bases[scenario]


def _made_key(label: str, scenario: str) -> str:
    return f"made.{label}.{scenario}"  # neither name has a dot


def _arrays(whole: Whole) -> dict[str, NDArray[Any]]:
    names = sorted(whole)
    return {
        "column": np.array(names, dtype=np.str_),
        "value": np.array([whole[name] for name in names], dtype=np.int64),
    }


def _whole(arrays: Mapping[str, NDArray[Any]]) -> dict[str, int]:
    return {str(name): int(value) for name, value in zip(arrays["column"], arrays["value"], strict=True)}
