"""Regret: what each plan loses in each future against the best that could be done there, and the plan that loses least.

Plans that are held by name are compared with the best of them in each future. In a study that plans anew, each distinct
plan that was found is held in every future and compared with the plan that was made for that future.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from leam_opt.study.answers_rows import DEFICIT, GAP, HELD, HOPELESS, MISSING, Array, Mask, StudyRows, numbers, unproven
from leam_opt.study.answers_words import counted, figure, future_text, listed, name_of, share_text, unit_of
from leam_opt.study.indices import probability
from leam_opt.study.spec import StudySpec

if TYPE_CHECKING:
    import pandas as pd

MOST_PLANS = 50
"""Distinct plans of a study that are held in every future."""
_MOST_CELLS = 10_000
"""Plans times futures that are given one by one."""
_NOISE_MEUR = 2e-5
"""Twenty euros: what two solves of the same may differ by."""
_LEVEL = 0.95
_RUN = "run "


def plans_to_hold(spec: StudySpec, frame: pd.DataFrame) -> dict[str, str]:
    """Keys of the plans that have to be held in every future, by their labels, such as `run 12`.

    They are the distinct plans of the design's runs so far, the most frequent first, each with the first run that found
    it; at most 50, in turns by scenario where they are equally frequent. Without regret there is none.
    """
    if spec.lane != "replan" or not spec.answers.regret:
        return {}
    return dict(_distinct(StudyRows(spec, frame))[:MOST_PLANS])


def _distinct(rows: StudyRows) -> list[tuple[str, str]]:
    planned = rows.design[rows.design["planned"] & (rows.design["plan_key"] != "")]
    first = planned.sort_values("run").drop_duplicates("plan_key").set_index("plan_key")
    found = first.assign(size=planned["plan_key"].value_counts())[["scenario", "run", "size"]]
    found = found.sort_values(["size", "run"], ascending=[False, True])
    found["turn"] = found.groupby("scenario").cumcount()
    found = found.sort_values(["size", "turn", "run"], ascending=[False, True, True])
    return [(f"{_RUN}{run}", str(key)) for key, run in found["run"].items()]


@dataclass(frozen=True)
class _Matrix:
    """Plans in the same futures.

    Attributes:
        scenario: where the futures lie; empty where each plan has its own.
        plans: labels.
        points: (F) points of the design that are the futures.
        values: (P, F) the output; NaN where there is no figure.
        kept: (P, F) whether all rules are kept.
        known: (P, F) whether it has been run, and did not fail.
        best: (F) what could be done in the future.
        unproven: (F) by how much that could be better still.
        beside: (P, F) unfunded gap beyond that of the best; None where it is not kept.
        structures: of the plans, empty where not known.
    """

    scenario: str
    plans: list[str]
    points: list[int]
    values: Array
    kept: Mask
    known: Mask
    best: Array
    unproven: Array
    beside: Array | None
    structures: list[str]

    @cached_property
    def regret(self) -> Array:
        """(P, F) by how much each plan is above the best."""
        return np.asarray(self.values - self.best)

    @cached_property
    def keeps_all(self) -> Mask:
        """(P) whether a plan keeps all rules in all futures."""
        return np.asarray(self.kept.all(axis=1))

    @cached_property
    def candidates(self) -> Mask:
        """(P) plans among which the one of least regret is looked for: those that keep all rules in all futures; where
        there is none, those with figures in all futures.
        """
        return self.keeps_all if self.keeps_all.any() else np.asarray(~np.isnan(self.regret).any(axis=1))

    @cached_property
    def worst(self) -> Array:
        """(P) the largest regret; minus infinity where a plan has no figure."""
        return np.array([row[~np.isnan(row)].max(initial=-np.inf) for row in self.regret])

    @cached_property
    def minimax(self) -> int | None:
        """The plan whose largest regret is smallest; None where no plan has figures in all futures."""
        if not self.candidates.any():
            return None
        return int(np.argmin(np.where(self.candidates, self.worst, np.inf)))


def regret(rows: StudyRows) -> dict[str, Any] | None:
    """Regret of every plan by output, and the plan of least regret; None where it is not asked for."""
    outputs = [name for name in rows.spec.answers.regret if name in rows.outputs]
    if not rows.spec.answers.regret:
        return None
    is_replanned = rows.spec.lane == "replan"
    tables: list[dict[str, Any]] = []
    sentences: list[str] = []
    for output in outputs:
        matrices = _replanned(rows, output) if is_replanned else _named(rows, output)
        for matrix in matrices:
            tables.append(_table(rows, matrix, output))
            sentences += _told(rows, matrix, output, tables[-1], is_replanned)
    left_out = max(len(_distinct(rows)) - MOST_PLANS, 0) if is_replanned else 0
    if left_out:
        sentences.append(f"Only the {MOST_PLANS} most frequent plans are held; {left_out:,} more are left out.")
    if not tables:
        what = "no plan has been held yet" if is_replanned else "fewer than two plans have runs"
        sentences.append(f"Regret cannot be told: {what}.")
    form = "replanned" if is_replanned else "named"
    return {"form": form, "plans_left_out": left_out, "tables": tables, "sentences": sentences}


def _named(rows: StudyRows, output: str) -> list[_Matrix]:
    """Held plans side by side: those of each scenario, or else the scenarios with a plan each."""
    found = []
    if any(group.plan for group in rows.groups):
        for scenario in rows.spec.scenarios:
            groups = [group for group in rows.groups if group.scenario == scenario]
            found.append((scenario, [group.plan for group in groups], [rows.table(group) for group in groups]))
    else:
        found.append(("", [group.scenario for group in rows.groups], [rows.table(group) for group in rows.groups]))
    return [
        matrix
        for scenario, plans, tables in found
        if len(plans) > 1 and (matrix := _matrix(scenario, plans, tables, output, None)) is not None
    ]


def _replanned(rows: StudyRows, output: str) -> list[_Matrix]:
    """The plans of re-planned runs, held in the futures of a scenario."""
    held = rows.frame[(rows.frame["lane"] == "evaluate") & (rows.frame["point"] >= 0)]
    home = rows.design.drop_duplicates("run").set_index("run")
    found = []
    for group in rows.groups:
        own, keys = held[held["scenario"] == group.scenario], set(rows.table(group)["plan_key"])
        plans, tables, structures = [], [], []
        for label, runs in own.groupby("plan", sort=False):
            run = str(label).removeprefix(_RUN)
            source = home.loc[int(run)] if run.isdigit() and int(run) in home.index else None
            if (source is None or source["plan_key"] not in keys) and not runs["planned"].any():
                continue  # a plan of another scenario that does not fit here
            table = runs.drop_duplicates("point", keep="last").set_index("point").reindex(range(rows.spec.design.count))
            table["status"] = table["status"].fillna(MISSING)
            table["planned"], table["kept"] = table["planned"].eq(True), table["kept"].eq(True)
            plans.append(str(label))
            tables.append(table)
            structures.append("" if source is None else str(source["structure"]))
        matrix = _matrix(group.scenario, plans, tables, output, rows.table(group), structures) if plans else None
        found += [matrix] if matrix is not None else []
    return found


def _matrix(
    scenario: str,
    plans: list[str],
    tables: Sequence[pd.DataFrame],
    output: str,
    anew: pd.DataFrame | None,
    structures: list[str] | None = None,
) -> _Matrix | None:
    """The matrix over the futures in which every plan has been run; None where there is no such future.

    Args:
        scenario: of the futures.
        plans: labels.
        tables: rows of each plan by point.
        output: what is compared.
        anew: rows of the plans that were made for each future; None compares the plans with one another.
        structures: of the plans.
    """
    status = np.stack([table["status"].to_numpy(dtype=object) for table in tables])
    values = np.stack([numbers(table, output) for table in tables])
    kept = np.stack([table["kept"].to_numpy(dtype=bool) for table in tables]) & ~np.isnan(values)
    gaps = np.stack([numbers(table, GAP) for table in tables])
    if anew is None:
        least = np.where(np.isnan(values), np.inf, values)
        among = np.where(kept.any(axis=0), kept, ~np.isnan(values))
        best = np.where(among, least, np.inf).min(axis=0)
        best = np.where(np.isinf(best), np.nan, best)
        open_part = np.zeros_like(best)
        least_gap = np.where(among & ~np.isnan(gaps), gaps, np.inf).min(axis=0)
    else:
        best, open_part, least_gap = numbers(anew, output), unproven(anew, output), numbers(anew, GAP)
    futures = (status != MISSING).all(axis=0) & ~np.isnan(best)
    if not futures.any():
        return None
    beyond = None if np.isnan(gaps).all() else np.maximum(gaps - least_gap, 0.0)[:, futures]
    return _Matrix(
        scenario=scenario,
        plans=plans,
        points=np.flatnonzero(futures).tolist(),
        values=values[:, futures],
        kept=kept[:, futures],
        known=(kept | np.isin(status, (*HOPELESS, *HELD)))[:, futures],
        best=best[futures],
        unproven=open_part[futures],
        beside=beyond,
        structures=structures or [""] * len(plans),
    )


def _table(rows: StudyRows, matrix: _Matrix, output: str) -> dict[str, Any]:
    """A matrix for JSON, with what follows from it."""
    best = matrix.minimax
    futures = [
        {"point": point, "future": future_text(rows.spec.design, point), "unproven": float(open_part)}
        for point, open_part in zip(matrix.points, matrix.unproven, strict=True)
    ]
    is_small = matrix.regret.size <= _MOST_CELLS
    return {
        "scenario": matrix.scenario,
        "output": output,
        "unit": unit_of(output),
        "futures": len(futures),
        "first_future": futures[0],
        "minimax": None if best is None else matrix.plans[best],
        "minimax_keeps_all_rules": best is not None and bool(matrix.keeps_all[best]),
        "undecided_with": [] if best is None else [matrix.plans[each] for each in _rivals(matrix, best)],
        "price": None if best is None else matrix.regret[best, 0],
        "plans": [_plan(rows, matrix, number, futures) for number in range(len(matrix.plans))],
        "contradictions": _contradictions(rows, matrix, output),
        "columns": futures if is_small else None,
        "regret": matrix.regret if is_small else None,
    }


def _plan(rows: StudyRows, matrix: _Matrix, number: int, futures: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    kept, own = matrix.kept[number], matrix.regret[number]
    found = probability(int(kept.sum()), int(matrix.known[number].sum()))
    chance = {"low": found.low, "high": found.high} if rows.is_sample else {}
    beside = None
    if matrix.beside is not None:
        more = np.nan_to_num(matrix.beside[number])
        beside = {"futures": int((more > _NOISE_MEUR).sum()), "max_meur": more.max()}
    return {
        "plan": matrix.plans[number],
        "structure": matrix.structures[number],
        "keeps_rules": int(kept.sum()),
        "keeps_rules_share": found.share,
        **chance,
        "without_figures": int(np.isnan(own).sum()),
        "eligible": bool(matrix.candidates[number]),
        # Where rules are missed, a figure is no fair one.
        "kept": _statistics(matrix, number, kept, futures),
        "all": _statistics(matrix, number, ~np.isnan(own), futures),
        "more_unfunded": beside,
    }


def _statistics(
    matrix: _Matrix, number: int, where: Mask, futures: Sequence[Mapping[str, Any]]
) -> dict[str, Any] | None:
    if not where.any():
        return None
    own = matrix.regret[number]
    worst = int(np.argmax(np.where(where, own, -np.inf)))
    return {
        "max": own[worst],
        "max_unproven": matrix.unproven[worst],
        "worst_future": futures[worst],
        "mean": own[where].mean(),
        "mean_unproven": matrix.unproven[where].mean(),
        "quantile_95": np.quantile(own[where], _LEVEL),
    }


def _rivals(matrix: _Matrix, best: int) -> list[int]:
    """Other candidates that could have the smaller largest regret, for all that the plans of the futures leave open."""
    found = []
    for other in np.flatnonzero(matrix.candidates):
        if other == best:
            continue
        worst = int(np.argmax(matrix.regret[other]))
        at_most = matrix.regret[best] + matrix.unproven
        at_most[worst] = matrix.regret[best, worst]  # in the same future both are compared with the same
        if not at_most.max() < matrix.regret[other, worst]:
            found.append(int(other))
    return found


def _contradictions(rows: StudyRows, matrix: _Matrix, output: str) -> int:
    """Held plans with a deficit below what is proven to be possible, at no larger gap: there are none."""
    if rows.spec.lane != "replan" or output != DEFICIT or matrix.beside is None:
        return 0
    alike = matrix.kept & (matrix.beside <= _NOISE_MEUR)
    return int((alike & (matrix.regret < -matrix.unproven - _NOISE_MEUR)).sum())


def _told(rows: StudyRows, matrix: _Matrix, output: str, table: Mapping[str, Any], is_replanned: bool) -> list[str]:
    who = f"{matrix.scenario}: " if matrix.scenario else ""
    number, words = rows.several(len(matrix.points)), name_of(output)
    best = matrix.minimax
    if best is None:
        return [f"{who}no plan has figures in all {number}, so that none has the least regret of the {words}."]
    told = []
    plan = table["plans"][best]
    if not matrix.keeps_all.any():
        share = share_text(plan["keeps_rules_share"])
        told.append(
            f"{who}no plan keeps all rules in all {number}; of those with figures in all of them, {plan['plan']} keeps "
            f"them in {share}. What follows counts figures that miss rules."
        )
    elif out := [each["plan"] for each in table["plans"] if not each["eligible"]]:
        told.append(f"{who}{listed(out)} cannot be chosen: not all rules are kept in all {number}.")
    found = plan["all"]
    most = figure(found["max"], output, found["max_unproven"])
    mean = figure(found["mean"], output, found["mean_unproven"])
    told.append(
        f"{who}the plan of least regret is {plan['plan']}: its {words} is at most {most} above the best of each "
        f"{rows.futures} (at {found['worst_future']['future']}), and {mean} on average over {number}."
    )
    if plan["structure"]:
        told.append(f"Its structure is {plan['structure']}.")
    if table["undecided_with"]:
        told.append(f"{who}{listed(table['undecided_with'])} may have as little regret, for all that is proven.")
    told.append(_price_told(rows, matrix, output, table, who, is_replanned))
    if table["contradictions"]:
        told.append(
            f"{who}the runs contradict one another: the deficit of {counted(table['contradictions'], 'held run')} is "
            "lower than the re-planned runs prove possible; please report the case."
        )
    return told


def _price_told(
    rows: StudyRows, matrix: _Matrix, output: str, table: Mapping[str, Any], who: str, is_replanned: bool
) -> str:
    """What the plan of least regret costs in the first future, and what the best plan there would lose elsewhere."""
    best = matrix.minimax
    assert best is not None
    at = table["first_future"]["future"]
    own = np.where(matrix.kept[:, 0], matrix.values[:, 0], np.inf)
    first = int(np.argmin(own))
    is_known = np.isfinite(own[first]) and matrix.regret[first, 0] <= matrix.unproven[0] + _NOISE_MEUR
    if first == best and is_known:
        return f"{who}it is also the best plan of the first {rows.futures} ({at})."
    price = figure(table["price"], output, float(matrix.unproven[0]))
    text = f"{who}its price in the first {rows.futures} ({at}) is {price} against the best plan there"
    if not is_known:
        return f"{text}."
    if not matrix.candidates[first]:
        return f"{text}, {matrix.plans[first]}, which does not keep all rules everywhere."
    other = table["plans"][first]["all"]
    lost = figure(other["max"], output, other["max_unproven"])
    return f"{text}, {matrix.plans[first]}, which loses up to {lost} (at {other['worst_future']['future']})."
