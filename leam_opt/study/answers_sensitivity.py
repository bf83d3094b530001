"""What matters most: the bars of a tornado, Sobol's indices and elementary effects, by scenario and output."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from leam_opt.study.answers_rows import DEFICIT, MISSING, Array, Group, StudyRows, numbers, unproven
from leam_opt.study.answers_words import counted, figure, lever_text, listed, name_of, share_text, unit_of
from leam_opt.study.designs import Morris, OneAtATime, SobolIndices
from leam_opt.study.indices import RESAMPLES, Bar, morris_effects, sobol_indices, tornado
from leam_opt.study.levers import Lever

if TYPE_CHECKING:
    import pandas as pd

_ENDS = ("low", "base", "high")
_TOLD = 3
_FEW_RESAMPLES = 100
"""For the intervals of outputs other than the first."""


def tornado_bars(rows: StudyRows) -> dict[str, Any] | None:
    """The bars of a `one-at-a-time` design, the widest first.

    A bar is `undecided` where the gaps of its runs are wider than what it shows. Where plans are made anew, nothing is
    proven about outputs other than the deficit; it is None there.
    """
    design = rows.spec.design
    if not isinstance(design, OneAtATime):
        return None
    tables: list[dict[str, Any]] = []
    sentences: list[str] = []
    for group, output in _places(rows):
        table = rows.table(group)
        values, open_part = numbers(table, output), unproven(table, output)
        bars = [_bar(rows, design, bar, output, table, open_part) for bar in tornado(values, design.factors)]
        base = {"base": values[0], "base_unproven": open_part[0]}
        tables.append({**group.names, "output": output, "unit": unit_of(output), **base, "bars": bars})
        if output == rows.outputs[0]:
            sentences += _tornado_told(group, tables[-1])
    return {"tables": tables, "sentences": sentences}


def _places(rows: StudyRows) -> Iterator[tuple[Group, str]]:
    return ((group, output) for group in rows.groups for output in rows.outputs)


def _bar(
    rows: StudyRows, design: OneAtATime, bar: Bar, output: str, table: pd.DataFrame, open_part: Array
) -> dict[str, Any]:
    first = 1 + 2 * design.factors.index(bar.factor)
    points = {"low": first, "base": 0, "high": first + 1}
    at = {"low": bar.low, "base": bar.base, "high": bar.high}
    known = [end for end in _ENDS if not math.isnan(at[end])]
    at_best = {end: at[end] - float(open_part[points[end]]) for end in known}
    # The true figures lie between `at_best` and `at`: some two of them are certainly apart by this.
    sure = max((at_best[one] - at[other] for one in known for other in known), default=0.0)
    undecided: bool | None = any(at_best[end] < at[end] for end in known) and sure <= 0
    if output != DEFICIT and not rows.holds_plans:
        undecided = None
    status = {end: str(table["status"].iloc[point]) for end, point in points.items()}
    reason = {end: str(table["reason"].iloc[point]) for end, point in points.items()}
    return {
        "factor": bar.factor,
        "levers": [_lever(lever) for lever in design.levers if lever.factor == bar.factor],
        **at,
        "swing": bar.swing,
        "unproven": {end: float(open_part[point]) for end, point in points.items()},
        "swing_unproven": max((at[end] - at_best[end] for end in known), default=0.0),
        "undecided": undecided,
        "without_plan": {end: reason[end] or status[end] for end in _ENDS if end not in known},
        "misses_rules": {end: reason[end] for end in _ENDS if status[end] == "unmet"},
    }


def _lever(lever: Lever) -> dict[str, Any]:
    ends = {end: getattr(lever, end) for end in _ENDS}
    return {
        "path": lever.path,
        "unit": lever.unit_name,
        **ends,
        "texts": {end: lever_text(value, lever) for end, value in ends.items()},
    }


def _tornado_told(group: Group, table: Mapping[str, Any]) -> list[str]:
    output = table["output"]
    words = name_of(output)
    if math.isnan(table["base"]):
        told = [f"{group}: there is no figure of the {words} at the base point."]
    else:
        told = [f"{group}: at the base point the {words} is {figure(table['base'], output, table['base_unproven'])}."]
    bars = [bar for bar in table["bars"] if bar["swing"] > 0 and not bar["undecided"]]
    if bars:
        first, *others = [f"{bar['factor']} {_swing(bar, output)}" for bar in bars]
        told.append(f"{group}: what moves it most is {listed([first, *others], _TOLD)}.")
    if undecided := [bar["factor"] for bar in table["bars"] if bar["undecided"]]:
        told.append(f"{group}: {listed(undecided)} move it by less than the MIP gaps prove.")
    for bar in table["bars"]:
        for end, reason in bar["without_plan"].items():
            if end != "base" and reason != MISSING:
                place = listed([f"{lever['path']} at {lever['texts'][end]}" for lever in bar["levers"]], 1)
                told.append(f"{group}: with {place} there is no plan: {reason}.")
    if missing := sum(MISSING in bar["without_plan"].values() for bar in table["bars"]):
        told.append(f"{group}: not run at both ends yet: {counted(missing, 'lever')}.")
    return told


def _swing(bar: Mapping[str, Any], output: str) -> str:
    """`(from 5 to 20 ct: 46.5 to -331.65 M€)`."""
    lever = bar["levers"][0]
    ends = [end for end in ("low", "high") if end not in bar["without_plan"]]
    if len(ends) == 2 and len(bar["levers"]) == 1:
        values = f"{lever['texts']['low']} to {lever['texts']['high']}: "
    else:
        values = "low to high: " if len(ends) == 2 else f"{ends[0] if ends else 'base'} only: "
    at = [figure(bar[end], output, bar["swing_unproven"], with_unit=end == ends[-1]) for end in ends]
    return f"({values}{' to '.join(at)})"


def indices(rows: StudyRows) -> dict[str, Any] | None:
    """Sobol's indices of a `sobol-indices` design; figures of runs that miss rules count, and are told."""
    design = rows.spec.design
    if not isinstance(design, SobolIndices):
        return None
    tables: list[dict[str, Any]] = []
    sentences: list[str] = []
    for group, output in _places(rows):
        values = numbers(rows.table(group), output)
        resamples = RESAMPLES if output == rows.outputs[0] else _FEW_RESAMPLES
        found = sobol_indices(values, design.factors, seed=rows.spec.seed, resamples=resamples)
        listing = zip(
            found.factors, found.first, found.first_confidence, found.total, found.total_confidence, strict=True
        )
        names = ("factor", "first", "first_confidence", "total", "total_confidence")
        factors = [dict(zip(names, each, strict=True)) for each in listing]
        factors.sort(key=lambda each: -np.nan_to_num(each["total"], nan=-math.inf))
        sizes = {"variance": found.variance, "blocks": found.blocks, "blocks_dropped": found.blocks_dropped}
        tables.append({**group.names, "output": output, "unit": unit_of(output), **sizes, "factors": factors})
        if output == rows.outputs[0]:
            sentences += _indices_told(rows, group, tables[-1])
    return {"tables": tables, "sentences": sentences}


def _indices_told(rows: StudyRows, group: Group, table: Mapping[str, Any]) -> list[str]:
    words = name_of(table["output"])
    whole = [each for each in table["factors"] if not math.isnan(each["total"])]
    counts = f"{table['blocks']:,} of {counted(table['blocks'] + table['blocks_dropped'], 'block')}"
    if table["blocks"] < 2:
        return [f"{group}: only {counts} have figures in all their runs; indices need two."]
    if not whole:
        return [f"{group}: the {words} is the same in all runs."]
    first, *others = whole
    alone = f"{_of_variance(first['first'])} (± {share_text(first['first_confidence'])})"
    told = f"{group}: {first['factor']} alone explains {alone} of the variance of the {words}"
    told += f", and {_of_variance(first['total'])} together with others"
    named = [f"{each['factor']} ({_of_variance(each['total'])})" for each in others if each["total"] > 0.01]
    told += f"; next are {listed(named, _TOLD)}" if named else "; nothing else matters"
    return [f"{told}.", *_dropped(rows, group, table["blocks_dropped"], "block", counts)]


def _of_variance(share: float) -> str:
    return share_text(min(max(share, 0.0), 1.0))


def _dropped(rows: StudyRows, group: Group, dropped: int, thing: str, counts: str) -> list[str]:
    """What does not count, or counts although rules are missed."""
    told = []
    if dropped:
        told.append(f"{group}: {counts} count; the others hold runs without a figure, or not run yet.")
    if unmet := int((rows.table(group)["status"] == "unmet").sum()):
        told.append(f"{group}: {counted(unmet, 'run')} in which the plan misses rules count with their figures.")
    return told


def effects(rows: StudyRows) -> dict[str, Any] | None:
    """Elementary effects of a `morris` design; figures of runs that miss rules count, and are told."""
    design = rows.spec.design
    if not isinstance(design, Morris):
        return None
    tables: list[dict[str, Any]] = []
    sentences: list[str] = []
    steps = design.steps()
    for group, output in _places(rows):
        values = numbers(rows.table(group), output)
        found = morris_effects(values, steps, design.factors, design.levels, seed=rows.spec.seed)
        listing = zip(found.factors, found.mu, found.mu_star, found.mu_star_confidence, found.sigma, strict=True)
        names = ("factor", "mu", "mu_star", "mu_star_confidence", "sigma")
        factors = [dict(zip(names, each, strict=True)) for each in listing]
        factors.sort(key=lambda each: -np.nan_to_num(each["mu_star"], nan=-math.inf))
        sizes = {"trajectories": found.trajectories, "trajectories_dropped": found.trajectories_dropped}
        tables.append({**group.names, "output": output, "unit": unit_of(output), **sizes, "factors": factors})
        if output == rows.outputs[0]:
            sentences += _effects_told(rows, group, tables[-1])
    return {"tables": tables, "sentences": sentences}


def _effects_told(rows: StudyRows, group: Group, table: Mapping[str, Any]) -> list[str]:
    output = table["output"]
    every = table["trajectories"] + table["trajectories_dropped"]
    counts = f"{table['trajectories']:,} of {every:,} trajectories"
    if table["trajectories"] < 2:
        return [f"{group}: only {counts} have figures in all their runs; effects need two."]
    first, *others = table["factors"]
    half = first["mu_star_confidence"]
    sure = "" if math.isnan(half) else f" (± {figure(half, output, with_unit=False)})"
    told = f"{group}: {first['factor']} matters most: over its whole range it moves the {name_of(output)} by "
    told += f"{figure(first['mu_star'], output)}{sure} on average"
    named = [f"{each['factor']} ({figure(each['mu_star'], output)})" for each in others if each["mu_star"] > 0]
    told += f"; next are {listed(named, _TOLD)}" if named else "; nothing else matters"
    return [f"{told}.", *_dropped(rows, group, table["trajectories_dropped"], "trajectory", counts)]
