"""Charts of risk: how far each range moves the result, and how it is distributed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from leam_opt.report.pack.charts import LEGEND_ABOVE, Chart, Table, axis, figure, height_of, plain, rows_axis, wrapped
from leam_opt.report.pack.content import Data
from leam_opt.report.pack.figure_names import range_end
from leam_opt.report.pack.palette import BLUE, INK, ORANGE, Look, bar_of
from leam_opt.words import Words

MOST_BARS = 12
"""Bars of a tornado; the others stand in its table."""
_BINS = 40
_QUANTILES = (0.05, 0.5, 0.95)


def tornado(found: Data, words: Words, key: str = "tornado", what: str = "", title: str = "") -> Chart:
    """How far each range moves an output, one at a time; bars begin at the base.

    Args:
        found: a table of the answer `tornado` of a study: scenario, output, unit, base, bars.
        words: the language.
        key: id on the page.
        what: name of the output; the deficit without one.
        title: of the chart.
    """
    what = what or words("deficit")
    base = float(found["base"] or 0.0)
    shown = [bar for bar in found["bars"] if bar["swing"]][:MOST_BARS]
    unit = words("M€") if found["unit"] == "M€" else str(found["unit"])
    labels = [factor_text(bar) for bar in shown]
    data = [_ends(shown, labels, end, base, words, unit) for end in ("low", "high")]
    moves = [float(bar[end]) - base for bar in shown for end in ("low", "high") if bar[end] is not None]
    low, high = min([0.0, *moves]), max([0.0, *moves])
    room = 0.2 * (high - low or 1.0)
    made = figure(
        words,
        data,
        height=height_of(round(len(shown) * 1.5), 300),
        barmode="overlay",
        showlegend=True,
        xaxis=axis(
            words("Change of the {what} against {base}, {unit}", what=what, base=words.number(base), unit=unit),
            tickformat="+,~r",
            range=[low - room, high + room],
        ),
        yaxis=rows_axis([wrapped(text, 30) for text in labels]),
        legend=LEGEND_ABOVE,
    )
    first = shown[0] if shown else None
    says = words("No range moves the {what}.", what=what)
    if first is not None:
        says = words(
            "What moves the {what} of {scenario} most is {factor}: from {low} to {high} {unit} between the ends of its "
            "range.",
            what=what,
            scenario=found["scenario"],
            factor=factor_text(first),
            low=words.number(_least(first)),
            high=words.number(_most(first)),
            unit=unit,
        )
    rows = [
        [
            factor_text(bar),
            _range_text(bar, "low", words),
            _range_text(bar, "high", words),
            words.number(bar["low"], 3),
            words.number(bar["high"], 3),
            words.number(bar["swing"], 3),
            "–" if factor_text(bar) == bar["factor"] else str(bar["factor"]),
        ]
        for bar in found["bars"]
    ]
    ends = [words("Low end"), words("High end"), words("At low"), words("At high")]
    head = [words("Figure"), *ends, words("Swing"), words("Path")]
    table = Table(
        words("One range at a time: {what}, {unit} (base {base})", what=what, unit=unit, base=words.number(base, 3)),
        head,
        rows,
        texts=3,
    )
    title = title or words("Which ranges matter: {scenario}", scenario=found["scenario"])
    return Chart(key, title, says, made, table)


def _ends(
    bars: Sequence[Data], labels: Sequence[str], end: str, base: float, words: Words, unit: str
) -> dict[str, Any]:
    moves = [None if bar[end] is None else float(bar[end]) - base for bar in bars]
    return {
        "type": "bar",
        "orientation": "h",
        "name": words("at the low end of the range") if end == "low" else words("at the high end of the range"),
        "y": list(range(len(bars))),
        "x": moves,
        "text": ["" if move is None or abs(move) < 0.05 else words.signed(move) for move in moves],
        "textposition": "outside",
        "textfont": {"size": 11, "color": INK},
        "cliponaxis": False,
        "customdata": [
            [plain(text), plain(_range_text(bar, end, words))] for text, bar in zip(labels, bars, strict=True)
        ],
        "hovertemplate": f"%{{customdata[0]}} = %{{customdata[1]}}: %{{x:+,.1f}} {plain(unit)}<extra></extra>",
        "marker": bar_of(BLUE) if end == "low" else bar_of(ORANGE, "/"),
    }


def factor_text(bar: Data) -> str:
    """The name of a bar: its title where the pack has one, or its path."""
    return str(bar.get("title") or bar["factor"])


def _range_text(bar: Data, end: str, words: Words) -> str:
    levers = bar["levers"]
    return range_end(levers[0], end, words) if len(levers) == 1 else words(end)


def _least(bar: Data) -> float | None:
    return min((float(bar[end]) for end in ("low", "high") if bar[end] is not None), default=None)


def _most(bar: Data) -> float | None:
    return max((float(bar[end]) for end in ("low", "high") if bar[end] is not None), default=None)


def distribution(
    values: Mapping[str, Sequence[float]], styles: Mapping[str, Look], words: Words, title: str = "", points: int = 0
) -> Chart:
    """Deficits under drawn figures: one row of bars a scenario on the same scale, with median and the middle 90 %.

    Args:
        values: deficit of each run by scenario, M EUR.
        styles: looks of the scenarios.
        words: the language.
        title: what is distributed; the deficit without one.
        points: futures that were drawn, where some runs have no figure.
    """
    title = title or words("Deficit")
    every = np.concatenate([np.asarray(each, dtype=float) for each in values.values()])
    edges = np.linspace(every.min(), every.max() if every.max() > every.min() else every.min() + 1, _BINS + 1)
    middle = (edges[:-1] + edges[1:]) / 2
    count = len(values)
    data: list[dict[str, Any]] = []
    layout: dict[str, Any] = {"annotations": [], "shapes": []}
    share = 1 / count
    for place, (name, each) in enumerate(values.items()):
        heights = np.histogram(each, edges)[0] / len(each)
        mark = "" if place == 0 else str(place + 1)
        data.append(
            {
                "type": "bar",
                "name": plain(name),
                "x": middle.tolist(),
                "y": heights.tolist(),
                "width": float(edges[1] - edges[0]),
                "xaxis": "x",
                "yaxis": f"y{mark}",
                "marker": styles[name].bar,
                "hovertemplate": f"{plain(name).replace('%{', '% {')}, %{{x:,.0f}} {words('M€')}: "
                "%{y:.1%}<extra></extra>",
            }
        )
        top, bottom = 1 - place * share, 1 - (place + 1) * share
        layout[f"yaxis{mark}"] = axis(
            words("Share of runs"),
            tickformat=".0%",
            rangemode="tozero",
            domain=[bottom + 0.06 * share, top - 0.24 * share],
            nticks=4,
        )
        low, median, high = (float(np.quantile(each, level)) for level in _QUANTILES)
        text = words(
            "{name}: median {median}, middle 90 % from {low} to {high}",
            name=name,
            median=words.number(median),
            low=words.number(low),
            high=words.number(high),
        )
        layout["annotations"].append(_note(wrapped(text, 34), top - 0.02 * share))
        layout["shapes"] += [
            _upright(median, f"y{mark}", "solid"),
            _upright(low, f"y{mark}", "dot"),
            _upright(high, f"y{mark}", "dot"),
        ]
    layout["xaxis"] = axis(
        f"{title}, {words('M€')}", tickformat=",~r", anchor=f"y{count if count > 1 else ''}", zeroline=False
    )
    made = figure(words, data, height=110 + 190 * count, bargap=0, **layout)
    rows = [_row(name, each, words) for name, each in values.items()]
    head = [
        words("Scenario"),
        words("Runs"),
        words("5 %"),
        words("Median"),
        words("95 %"),
        words("Mean"),
        words("Standard deviation"),
    ]
    table = Table(f"{title}, {words('M€')}", head, rows)
    first = next(iter(values))
    low, median, high = (float(np.quantile(values[first], level)) for level in _QUANTILES)
    says = words(
        "With figures drawn from their ranges ({points} futures) the result of {name} has its median at {median}; nine "
        "of ten runs lie between {low} and {high}. Upright lines: median, and ends of the middle 90 %.",
        points=words.number(points or len(values[first]), 0),
        name=first,
        median=words.money(median),
        low=words.money(low),
        high=words.money(high),
    )
    return Chart("distribution", words("How uncertain the result is"), says, made, table)


def _row(name: str, each: Sequence[float], words: Words) -> list[str]:
    low, median, high = (float(np.quantile(each, level)) for level in _QUANTILES)
    spread = float(np.std(each, ddof=1)) if len(each) > 1 else None
    figures = (low, median, high, float(np.mean(each)), spread)
    return [name, words.number(len(each), 0), *(words.number(value, 2) for value in figures)]


def _note(text: str, y: float) -> dict[str, Any]:
    return {
        "xref": "paper",
        "yref": "paper",
        "x": 0,
        "y": y,
        "xanchor": "left",
        "yanchor": "top",
        "align": "left",
        "text": text,
        "showarrow": False,
        "font": {"size": 12, "color": INK},
    }


def _upright(x: float, axis_name: str, dash: str) -> dict[str, Any]:
    """A line across one panel."""
    return {
        "type": "line",
        "x0": x,
        "x1": x,
        "xref": "x",
        "yref": f"{axis_name} domain",
        "y0": 0,
        "y1": 1,
        "line": {"color": INK, "width": 2 if dash == "solid" else 1.2, "dash": dash},
    }
