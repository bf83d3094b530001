"""How the outputs of a study are distributed, and how probable it is that they lie below or above a value."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from leam_opt.study.answers_rows import Array, Group, StudyRows, numbers, unproven
from leam_opt.study.answers_words import (
    counted,
    figure,
    most_frequent,
    name_of,
    probability_text,
    share_text,
    unit_of,
)
from leam_opt.study.indices import Probability, probability, quantiles_with_interval
from leam_opt.study.spec import Threshold

if TYPE_CHECKING:
    import pandas as pd

LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)
"""Quantiles of a study that names none."""
_RULES = 5


def summary(rows: StudyRows) -> dict[str, Any]:
    """Mean, spread and quantiles of each output by scenario and held plan, and how often a held plan keeps all rules.

    Figures of runs that miss rules stand in `all` and never in `kept`.
    """
    levels = rows.spec.answers.quantiles or LEVELS
    groups = [_group(rows, group, levels) for group in rows.groups]
    sentences = [text for group, found in zip(rows.groups, groups, strict=True) for text in _told(rows, group, found)]
    return {"levels": list(levels), "intervals": rows.is_sample, "groups": groups, "sentences": sentences}


def _group(rows: StudyRows, group: Group, levels: tuple[float, ...]) -> dict[str, Any]:
    table, planned = rows.table(group), rows.planned_runs(group)
    status = table["status"].value_counts()
    kept, unmet, stuck = int(table["kept"].sum()), int(status.get("unmet", 0)), int(status.get("infeasible", 0))
    # A failure of the programme says nothing about the plan, and values that the case refuses are no future.
    tried = kept + unmet + stuck
    outputs = {}
    for name in rows.outputs:
        values, open_part = numbers(planned, name), unproven(planned, name)
        only_kept = planned["kept"].to_numpy(dtype=bool)
        of_kept = _statistics(values[only_kept], open_part[only_kept], levels, rows.is_sample)
        of_all = of_kept if kept == len(planned) else _statistics(values, open_part, levels, rows.is_sample)
        outputs[name] = {"unit": unit_of(name), "kept": of_kept, "all": of_all}
    return {
        **group.names,
        "runs": int(len(table) - status.get("not run", 0)),
        "planned": len(planned),
        "kept": kept,
        "unmet": unmet,
        "infeasible": stuck,
        "keeps_rules": asdict(probability(kept, tried)) if rows.spec.lane == "evaluate" else None,
        "misses": _misses(planned[planned["status"] == "unmet"]),
        "outputs": outputs,
    }


def _statistics(values: Array, open_part: Array, levels: tuple[float, ...], is_sample: bool) -> dict[str, Any] | None:
    """Statistics of an output; `unproven` tells by how much better plans could lower each of them."""
    known = ~np.isnan(values)
    values, open_part = values[known], open_part[known]
    if not values.size:
        return None
    found = quantiles_with_interval(values, levels)
    at_best, best_quantiles = values, found
    if open_part.any():
        at_best = values - open_part
        with np.errstate(invalid="ignore"):
            best_quantiles = quantiles_with_interval(at_best, levels)
    quantiles = [
        {
            "level": each.level,
            "value": each.value,
            # The interval has room for chance and for what is unproven.
            "low": best.low if is_sample else None,
            "high": each.high if is_sample else None,
            "unproven": _difference(each.value, best.value),
        }
        for each, best in zip(found, best_quantiles, strict=True)
    ]
    return {
        "runs": int(values.size),
        "without_figure": int((~known).sum()),
        "mean": values.mean(),
        "sd": values.std(ddof=1) if values.size > 1 else None,
        "min": values.min(),
        "max": values.max(),
        "quantiles": quantiles,
        "unproven": {
            "mean": open_part.mean(),
            "sd": math.sqrt(np.square(open_part).mean()),
            "min": _difference(values.min(), at_best.min()),
            "max": _difference(values.max(), at_best.max()),
        },
    }


def _difference(value: float, best: float) -> float:
    """What lies between a statistic and the one of what is proven; all of it where that is not known."""
    return math.inf if math.isnan(best) or math.isinf(best) else max(value - best, 0.0)


def rule_of(reason: str) -> str:
    """The rule that is missed by most, of the reason of a held plan that misses rules."""
    return reason.partition(": missed by ")[0].partition(";")[0].strip()


def _misses(unmet: pd.DataFrame) -> dict[str, Any] | None:
    """Which rules are missed, each run counted with the one that it misses by most."""
    if unmet.empty:
        return None
    rules = unmet["reason"].map(rule_of)
    shares = unmet["unmet_share"]
    return {
        "runs": len(unmet),
        "median_share": shares.median(),
        "max_share": shares.max(),
        "rules": [
            {"rule": rule or "a rule that is not named", "runs": runs, "median_share": shares[rules == rule].median()}
            for rule, runs in most_frequent(rules.tolist())[:_RULES]
        ],
    }


def _told(rows: StudyRows, group: Group, found: dict[str, Any]) -> list[str]:
    sentences = [] if found["keeps_rules"] is None else [_rules_told(rows, group, found)]
    for name in rows.outputs[:1]:
        of_kept, of_all = found["outputs"][name]["kept"], found["outputs"][name]["all"]
        if of_kept is not None:
            text = _distribution(
                rows, group, name, of_kept, " in which the plan keeps all rules" * bool(found["unmet"])
            )
            if found["unmet"]:
                mean = figure(of_all["mean"], name, of_all["unproven"]["mean"])
                text += f" With the {found['unmet']:,} that miss rules the mean is {mean}."
            sentences.append(text)
        elif of_all is not None:
            sentences.append(_distribution(rows, group, name, of_all, ", all of which miss rules,"))
        else:
            sentences.append(f"{group}: there is no figure of the {name_of(name)}.")
    return sentences


def _rules_told(rows: StudyRows, group: Group, found: dict[str, Any]) -> str:
    kept = Probability(**found["keeps_rules"])
    if not kept.runs:
        return f"{group}: nothing is known about the rules."
    who = f"{group}: it" if group.plan else f"{group}: the plan"
    if kept.successes == kept.runs:
        return f"{who} keeps all rules in all {rows.several(kept.runs)}."
    share = probability_text(kept, is_sample=rows.is_sample)
    text = f"{who} keeps all rules in {share} of {rows.several(kept.runs)}"
    if misses := found["misses"]:
        first = misses["rules"][0]
        often = "" if first["runs"] == misses["runs"] else f" (in {share_text(first['runs'] / misses['runs'])} of them)"
        by = f", by {share_text(first['median_share'])} in the median" if first["median_share"] > 0 else ""
        text += f"; where it does not, it misses most often '{first['rule']}'{often}{by}"
    if found["infeasible"]:
        text += f"; in {share_text(found['infeasible'] / kept.runs)} it cannot be carried out at all"
    return f"{text}."


def _distribution(rows: StudyRows, group: Group, name: str, found: dict[str, Any], of: str) -> str:
    """One output in a sentence: its median and what most of the runs lie between, or its mean and its ends."""
    words, number = name_of(name), rows.several(found["runs"])
    open_part = found["unproven"]
    if not rows.is_sample or found["runs"] == 1:
        mean = figure(found["mean"], name, open_part["mean"])
        if found["runs"] == 1:
            return f"{group}: the {words} is {mean} at the only {rows.futures}{of} that has a figure."
        least = figure(found["min"], name, open_part["min"], with_unit=False)
        most = figure(found["max"], name, open_part["max"])
        return f"{group}: over {number}{of} the {words} lies between {least} and {most}; its mean is {mean}."
    quantiles = found["quantiles"]
    parts = []
    for each in quantiles:
        if each["level"] == 0.5 or len(quantiles) == 1:
            ends = [figure(each[end], name, each["unproven"], with_unit=False) for end in ("low", "high")]
            sure = (
                f" (with 95 % confidence {ends[0]} to {ends[1]})"
                if all(map(math.isfinite, (each["low"], each["high"])))
                else ""
            )
            where = "in the median" if each["level"] == 0.5 else f"at most, in {share_text(each['level'])},"
            parts.append(f"{where} {figure(each['value'], name, each['unproven'])}{sure}")
    low, high = quantiles[0], quantiles[-1]
    if len(quantiles) > 1:
        ends_told = [
            figure(low["value"], name, low["unproven"], with_unit=False),
            figure(high["value"], name, high["unproven"]),
        ]
        parts.append(f"{share_text(high['level'] - low['level'])} lie between {ends_told[0]} and {ends_told[1]}")
    return f"{group}: over {number}{of} the {words} is {'; '.join(parts)}."


def thresholds(rows: StudyRows) -> dict[str, Any] | None:
    """Probability that an output lies below or above a value, by scenario and held plan."""
    asked = rows.spec.answers.thresholds
    if not asked:
        return None
    found, sentences = [], []
    for event in asked:
        for group in rows.groups:
            planned = rows.planned_runs(group)
            counts = {
                "kept": _count(planned[planned["kept"]], event),
                "all": _count(planned, event),
            }
            found.append(
                {
                    **group.names,
                    "output": event.output,
                    "below": event.below,
                    "above": event.above,
                    "without_plan": int((rows.table(group)["status"] != "not run").sum()) - len(planned),
                    **counts,
                }
            )
            sentences.append(_event_told(rows, group, event, found[-1]))
    return {"intervals": rows.is_sample, "events": found, "sentences": sentences}


def _count(table: pd.DataFrame, event: Threshold) -> dict[str, Any]:
    """In how many runs an event happens for certain, and in how many a better plan could decide it otherwise."""
    values = numbers(table, event.output)
    known = ~np.isnan(values)
    # Money is compared to the euro, so that noise of the solver is no event.
    digits = 6 if event.output.endswith("_meur") else 12
    high = np.round(values[known], digits)
    low = np.round(values[known] - unproven(table, event.output)[known], digits)
    if event.below is not None:
        hits, open_runs = high < event.below, (low < event.below) & (high >= event.below)
    else:
        assert event.above is not None
        hits, open_runs = low > event.above, (low <= event.above) & (high > event.above)
    share = probability(int(hits.sum()), int(known.sum()))
    return {**asdict(share), "undecided": int(open_runs.sum())}


def _event_told(rows: StudyRows, group: Group, event: Threshold, found: dict[str, Any]) -> str:
    side = "below" if event.below is not None else "above"
    value = event.below if event.below is not None else event.above
    what = f"{group}: the {name_of(event.output)} is {side} {figure(value, event.output)}"
    kept, of_all = ({**found[name]} for name in ("kept", "all"))
    undecided = kept.pop("undecided")
    of_all.pop("undecided")
    if not of_all["runs"]:
        return f"{what}: nothing is known, there is no run with a plan."
    misses = of_all["runs"] - kept["runs"]
    every = probability_text(Probability(**of_all), is_sample=rows.is_sample)
    if not kept["runs"]:
        return f"{what} in {every} of {rows.several(of_all['runs'])}, all of which miss rules."
    share = probability_text(Probability(**kept), is_sample=rows.is_sample)
    text = f"{what} in {share} of {rows.several(kept['runs'])}"
    if misses:
        text += f" in which the plan keeps all rules (with those that miss rules, in {every} of {of_all['runs']:,})"
    if undecided:
        text += f"; {share_text(undecided / kept['runs'])} are undecided, as the MIP gaps leave it open"
    if found["without_plan"]:
        text += f"; {counted(found['without_plan'], 'run')} without a plan left out"
    return f"{text}."
