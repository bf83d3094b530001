"""Terminal tables of a study's answers, from the dictionary that JSON carries too."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from rich.console import RenderableType
from rich.table import Table

from leam_opt.report.style import add_row, heading, number, paragraph, percent, table
from leam_opt.study.answers_words import digits_of, interval_text

Dict = Mapping[str, Any]

MOST_ROWS = 20
"""Rows of a table; what is left out is counted below it."""
_PATH_WIDTH = 38
_BAR_WIDTH = 21
_MOST_COLUMNS = 6
"""Plans, or types of servers, side by side."""
_ORDER = ("flips", "ranking", "regret", "thresholds", "tornado", "indices", "effects", "steps", "summary")
_DESIGNS = {"sample": "sample", "list": "list of points", "sobol-indices": "Sobol's indices", "corners": "all corners"}
_LANES = {
    "replan": "every run planned anew",
    "evaluate": "plans held",
    "reference": "the case's own plan carried out",
}


def study_view(data: Dict) -> Iterator[RenderableType]:
    """The sentences that answer, then the tables behind them.

    Args:
        data: `study`, `title`, `case`, `lane`, `design` (its kind), `folder`, `runs_done`, `runs`, `complete`, `notes`,
            and `answers`, as `leam_opt.study.answers` gives them.
    """
    found: Dict = data["answers"]
    yield heading(f"{data['case']}, study {data['study']}{': ' * bool(data['title'])}{data['title']}")
    yield paragraph(_what_was_run(data))
    for name in ("runs", *_ORDER):
        for sentence in found.get(name, {}).get("sentences", []):
            yield paragraph(sentence)
    for name in _ORDER:
        if name in found:
            yield from _TABLES[name](found[name], data)
    yield from _runs(found["runs"], data)
    for note in data["notes"]:
        yield paragraph(f"Note: {note}")
    if data["folder"]:
        yield paragraph(f"All runs and answers: {data['folder']}")


def _what_was_run(data: Dict) -> str:
    design = _DESIGNS.get(data["design"], str(data["design"]).replace("-", " "))
    runs = (
        f"{data['runs_done']:,} runs" if data["complete"] else f"{data['runs_done']:,} of {data['runs']:,} runs so far"
    )
    return f"Design: {design}; {_LANES.get(data['lane'], data['lane'])}; {runs}."


def _limited(made: Table, rows: Sequence[Sequence[str]], data: Dict) -> Iterator[RenderableType]:
    """A table with its first rows, and how many there are more."""
    for cells in rows[:MOST_ROWS]:
        add_row(made, *cells)
    yield made
    if len(rows) > MOST_ROWS:
        yield paragraph(f"and {len(rows) - MOST_ROWS:,} more, see {data['folder'] or 'the answers in JSON'}", indent=2)


def _who(each: Dict, data: Dict) -> str:
    return f"{each['scenario']}{_of_plan(each, data)}"


def _of_plan(each: Dict, data: Dict) -> str:
    kind = "reading" if data["lane"] == "reference" else "plan"
    return f", {kind} {each['plan']}" if each["plan"] else ""


def _words(output: str, data: Dict) -> str:
    """An output with its unit."""
    known = data["answers"]["outputs"].get(output, {"words": output, "unit": ""})
    unit = "" if known["unit"] in ("", "share", "servers") else f", {known['unit']}"
    return f"{known['words']}{unit}"


def _number(value: float | None, unit: str, unproven: float | None = 0.0) -> str:
    """A figure as tables have it: no digit below what is unproven of it (None: all of it), a share as a percentage."""
    if value is None:
        return "-"
    if unit == "share":
        return percent(value)
    if unit == "servers" and value == round(value):
        return number(value, 0)
    digits = digits_of(math.inf if unproven is None else unproven, 2 if abs(value) < 1000 else 1)
    return number(round(value, digits), max(digits, 0))


def _folded(path: str, width: int = _PATH_WIDTH) -> str:
    """A long path on several lines, broken at its dots."""
    lines = [""]
    for part in path.split("."):
        joined = f"{lines[-1]}.{part}" if lines[-1] else part
        if len(joined) > width and lines[-1]:
            lines[-1] += "."
            lines.append(f"  {part}")
        else:
            lines[-1] = joined
    return "\n".join(lines)


def _folded_words(text: str) -> str:
    """A text whose paths are folded; numbers have dots, too."""
    return " ".join(word if word[:1].isdigit() else _folded(word, 44) for word in text.split(" "))


def _first_output(tables: Sequence[Dict]) -> list[Dict]:
    """Tables of the output that comes first; those of others stand in JSON."""
    return [each for each in tables if each["output"] == tables[0]["output"]]


def _others(tables: Sequence[Dict], data: Dict) -> Iterator[RenderableType]:
    outputs = dict.fromkeys(each["output"] for each in tables)
    if len(outputs) > 1:
        where = data["folder"] or "the answers in JSON"
        yield paragraph(f"and the same for {len(outputs) - 1} more outputs, see {where}", indent=2)


def _flips(found: Dict, data: Dict) -> Iterator[RenderableType]:
    unit = f", {found['unit']}" if found["unit"] else ""
    rows = [
        [f"best: {each['from']} -> {each['to']}", _value(each["low"]), _value(each["high"])] for each in found["best"]
    ]
    for each in found["structure"]:
        mark = "" if each["decided"] else " (open)"
        rows.append([f"{each['scenario']}{mark}: {_short(each['changes'])}", _value(each["low"]), _value(each["high"])])
    if rows:
        made = table(f"Where {found['lever']} changes the answer{unit}", ["from", "to"], first="Change")
        yield from _limited(made, rows, data)
    if any(not each["decided"] for each in found["structure"]):
        yield paragraph("open: the plans differ by less than the MIP gaps prove", indent=2)


def _value(value: float) -> str:
    return f"{value:.10g}"


def _short(changes: Sequence[str], most: int = 2) -> str:
    more = f" and {len(changes) - most} more" if len(changes) > most else ""
    return ", ".join(changes[:most]) + more


def _ranking(found: Dict, data: Dict) -> Iterator[RenderableType]:
    for each in found["tables"]:
        of = _of_plan(each, data)
        if len(each["best"]) > 2:
            made = table(
                f"Best scenario at {each['points']:,} points{of}", ["points", "share", *_sure(found)], first="Scenario"
            )
            rows = [
                [one["scenario"], f"{one['points']:,}", percent(one["share"]), *_interval(found, one)]
                for one in each["best"]
            ]
            blank = [""] * len(_sure(found))
            rows.append(
                ["undecided", f"{each['undecided']:,}", percent(_part(each["undecided"], each["counted"])), *blank]
            )
            yield from _limited(made, rows, data)
        columns = ["better", *_sure(found), "worse", "equal", "undecided", "no plan"]
        made = table(f"Scenario against scenario{of}, points", columns, first="First against second")
        rows = []
        for pair in each["pairs"]:
            counts = [pair["worse"]["points"], pair["equal"], pair["undecided"], pair["neither_has_plan"]]
            better = f"{pair['better']['points']:,} of {pair['counted']:,}"
            names = f"{pair['first']} against {pair['second']}"
            rows.append([names, better, *_interval(found, pair["better"]), *(f"{count:,}" for count in counts)])
        yield from _limited(made, rows, data)


def _sure(found: Dict) -> list[str]:
    return ["95 % interval"] if found["intervals"] else []


def _interval(found: Dict, each: Dict) -> list[str]:
    if not found["intervals"]:
        return []
    return ["-" if each["low"] is None else interval_text(each["low"], each["high"])]


def _part(count: int, of: int) -> float | None:
    return count / of if of else None


def _regret(found: Dict, data: Dict) -> Iterator[RenderableType]:
    for each in found["tables"]:
        unit, scenario = each["unit"], f"{each['scenario']}: " if each["scenario"] else ""
        title = f"{scenario}regret of {_words(each['output'], data)}, over {each['futures']:,} futures"
        columns = ["largest", "95 %", "mean", "first", "keeps rules"]
        made = table(title, columns, first="Plan")
        firsts = [row[0] for row in each["regret"]] if each["regret"] else [None] * len(each["plans"])
        listing = sorted(zip(each["plans"], firsts, strict=True), key=lambda item: _rank(item[0], each["minimax"]))
        rows = []
        for plan, first in listing:
            mark = " *" if plan["plan"] == each["minimax"] else "" if plan["eligible"] else " (not eligible)"
            figures = plan["all" if plan["eligible"] else "kept"] or {}
            cells = [
                _number(figures.get(name), unit, figures.get(f"{of}_unproven", 0.0))
                for name, of in (("max", "max"), ("quantile_95", "max"), ("mean", "mean"))
            ]
            cells.append(_number(first, unit, each["first_future"]["unproven"]))
            rows.append([plan["plan"] + mark, *cells, percent(plan["keeps_rules_share"])])
        yield from _limited(made, rows, data)
        if each["minimax"] is not None:
            yield paragraph("* least regret; first: in the first future", indent=2)
        if each["regret"] and len(each["plans"]) <= _MOST_COLUMNS:
            made = table(
                f"{scenario}plan by future, {_words(each['output'], data)}",
                [p["plan"] for p in each["plans"]],
                first="Future",
            )
            cells_by_future = zip(*each["regret"], strict=True)
            rows = [
                [_folded_words(future["future"]), *(_number(value, unit, future["unproven"]) for value in values)]
                for future, values in zip(each["columns"], cells_by_future, strict=True)
            ]
            yield from _limited(made, rows, data)


def _rank(plan: Dict, minimax: str | None) -> tuple[bool, bool, float]:
    figures = plan["all"] or {}
    return plan["plan"] != minimax, not plan["eligible"], figures.get("max") or 0.0


def _thresholds(found: Dict, data: Dict) -> Iterator[RenderableType]:
    held = any(each["all"]["runs"] != each["kept"]["runs"] for each in found["events"])
    columns = ["runs", "share", *_sure(found), "undecided", *["share of all runs"] * held]
    made = table("Thresholds", columns, first="Event")
    rows = []
    for each in found["events"]:
        side, value = ("below", each["below"]) if each["below"] is not None else ("above", each["above"])
        kept = each["kept"]
        cells = [f"{kept['runs']:,}", percent(kept["share"]), *_interval(found, kept), f"{kept['undecided']:,}"]
        event = f"{_who(each, data)}: {_words(each['output'], data)} {side} {value:,.6g}"
        rows.append([event, *cells, *[percent(each["all"]["share"])] * held])
    yield from _limited(made, rows, data)


def _tornado(found: Dict, data: Dict) -> Iterator[RenderableType]:
    for each in _first_output(found["tables"]):
        unit, base = each["unit"], each["base"]
        known = [bar[end] for bar in each["bars"] for end in ("low", "high") if bar[end] is not None]
        ends = [*known, *[base] * (base is not None)]
        scale = (min(ends, default=0.0), max(ends, default=0.0))
        at_base = _number(base, unit, each["base_unproven"])
        title = f"{_who(each, data)}: {_words(each['output'], data)}, one lever at a time (base {at_base})"
        made = table(title, ["at low", "at high", "swing"], first="Lever")
        made.add_column("", justify="left", no_wrap=True)
        rows = []
        for bar in each["bars"]:
            cells = [_end(bar, end, unit) for end in ("low", "high")]
            mark = " ?" if bar["undecided"] else ""
            swing = _number(bar["swing"], unit, bar["swing_unproven"])
            rows.append([_levers(bar), *cells, swing + mark, _text_bar(bar, base, scale)])
        yield from _limited(made, rows, data)
        if any(bar["undecided"] for bar in each["bars"]):
            yield paragraph("? undecided: the swing is below what the MIP gaps prove", indent=2)
        if any(bar["misses_rules"] for bar in each["bars"]):
            yield paragraph("! the plan misses rules there", indent=2)
    yield from _others(found["tables"], data)


def _levers(bar: Dict) -> str:
    """A factor over the ends of its lever; of several levers their number."""
    (first, *others) = bar["levers"]
    if others:
        return f"{_folded(bar['factor'])}\n  {len(bar['levers'])} values at low or high"
    return f"{_folded(bar['factor'])}\n  {first['texts']['low']} to {first['texts']['high']}"


def _end(bar: Dict, end: str, unit: str) -> str:
    if bar[end] is None:
        return "not run" if bar["without_plan"].get(end) == "not run" else "no plan"
    return _number(bar[end], unit, bar["unproven"][end]) + (" !" if end in bar["misses_rules"] else "")


def _text_bar(bar: Dict, base: float | None, scale: tuple[float, float]) -> str:
    """The span of the output between both ends, with the base as an upright line."""
    low, high = scale

    def place(value: float) -> int:
        return round((value - low) / (high - low) * (_BAR_WIDTH - 1)) if high > low else 0

    ends = [place(value) for value in (bar["low"], bar["high"], base) if value is not None]
    cells = [" "] * _BAR_WIDTH
    if ends and bar["swing"]:
        cells[min(ends) : max(ends) + 1] = "=" * (max(ends) - min(ends) + 1)
    if base is not None:
        cells[place(base)] = "|"
    return "".join(cells)


def _indices(found: Dict, data: Dict) -> Iterator[RenderableType]:
    for each in _first_output(found["tables"]):
        title = f"{_who(each, data)}: what explains the variance of {_words(each['output'], data)}"
        made = table(title, ["alone", "±", "with others", "±"], first="Lever")
        names = ("first", "first_confidence", "total", "total_confidence")
        rows = [[_folded(row["factor"], 48), *(percent(row[name]) for name in names)] for row in each["factors"]]
        yield from _limited(made, rows, data)
    yield from _others(found["tables"], data)


def _effects(found: Dict, data: Dict) -> Iterator[RenderableType]:
    for each in _first_output(found["tables"]):
        title = f"{_who(each, data)}: effects of whole ranges on {_words(each['output'], data)}"
        made = table(title, ["mean size", "±", "mean", "deviation"], first="Lever")
        names = ("mu_star", "mu_star_confidence", "mu", "sigma")
        rows = [
            [_folded(row["factor"], 48), *(_number(row[name], each["unit"]) for name in names)]
            for row in each["factors"]
        ]
        yield from _limited(made, rows, data)
    yield from _others(found["tables"], data)


def _steps(found: Dict, data: Dict) -> Iterator[RenderableType]:
    unit = f", {found['unit']}" if found["unit"] else ""
    for each in found["tables"]:
        types = list(dict.fromkeys(name for span in each["spans"] for name in span["servers"] or ()))
        types = [name for name in types if any((span["servers"] or {}).get(name) for span in each["spans"])]
        title = f"{each['scenario']}: servers as {found['lever']} rises{unit}"
        made = table(title, ["to", "runs", *types[:_MOST_COLUMNS]], first="From")
        if not types:
            made.add_column("structure", justify="left", overflow="fold")
        rows = []
        for span in each["spans"]:
            counts = [(span["servers"] or {}).get(name) for name in types[:_MOST_COLUMNS]]
            told = [number(count, 0) if span["planned"] else "no plan" for count in counts]
            told = told or [span["structure"] if span["planned"] else "no plan"]
            rows.append([_value(span["from"]), _value(span["to"]), f"{span['runs']:,}", *told])
        yield from _limited(made, rows, data)


def _summary(found: Dict, data: Dict) -> Iterator[RenderableType]:
    levels = found["levels"] if found["groups"] else []
    shown = sorted({0, len(levels) // 2, len(levels) - 1}) if levels else []
    columns = ["mean", "sd", "min", *(f"{levels[at] * 100:g} %" for at in shown), "max"]
    for group in found["groups"]:
        runs = [("kept", " in runs that keep all rules"), ("all", " in all runs")] if group["unmet"] else [("all", "")]
        for kind, told in runs:
            made = table(f"{_who(group, data)}: outputs{told}", columns, first="Output")
            rows = []
            for name, each in group["outputs"].items():
                if (figures := each[kind]) is not None:
                    quantiles = [figures["quantiles"][at] for at in shown]
                    open_part = figures["unproven"]
                    pairs = [(figures[part], open_part[part]) for part in ("mean", "sd", "min")]
                    pairs += [(quantile["value"], quantile["unproven"]) for quantile in quantiles]
                    pairs.append((figures["max"], open_part["max"]))
                    rows.append([_words(name, data), *(_number(value, each["unit"], of) for value, of in pairs)])
            if rows:
                yield from _limited(made, rows, data)


def _runs(found: Dict, data: Dict) -> Iterator[RenderableType]:
    statuses = list(found["by_status"])
    if statuses:
        made = table("Runs by status, all rounds", [name.replace("_", " ") for name in statuses], first="Scenario")
        rows = [
            [each["scenario"], *(f"{each['status'].get(name, 0):,}" for name in statuses)]
            for each in found["by_scenario"]
        ]
        yield from _limited(made, rows, data)
    for each in _reasons(found):
        yield paragraph(each, indent=2)
    if found["seconds"]:
        total, mean = found["seconds"]["total"], found["seconds"]["mean"]
        yield paragraph(f"Time of the runs: {number(total, 1)} s in all, {number(mean, 3)} s each.")


def _reasons(found: Dict) -> Iterable[str]:
    for each in found["reasons"]:
        yield f"{each['runs']:,} x {each['status']}, first run {each['first_run']}: {each['reason']}"
    for each in found["rules_missed"]:
        yield f"{each['runs']:,} x missed most: {each['reason']}"


_TABLES = {
    "flips": _flips,
    "ranking": _ranking,
    "regret": _regret,
    "thresholds": _thresholds,
    "tornado": _tornado,
    "indices": _indices,
    "effects": _effects,
    "steps": _steps,
    "summary": _summary,
}
