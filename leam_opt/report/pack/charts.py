"""What every chart of the page has in common: its parts, axes with units, and texts that Plotly takes as they are.

A chart is a plain dictionary as Plotly reads it. Plotly itself is not imported: that takes longer than to draw.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from leam_opt.report.pack.palette import BLUE, INK, PAPER, QUIET, RULE, STEEL, VERMILION
from leam_opt.words import Words

Figure = dict[str, Any]
"""`data` and `layout` as Plotly reads them."""

FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif'
SMALL_MEUR = 0.0005
"""Half a thousand euros: less is no bar."""
LEGEND_ABOVE = {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom", "traceorder": "normal", "maxheight": 0.9}
_LEGEND_WIDTH, _ENTRY_PX, _LETTER_PX, _LINE_PX = 860, 60, 7.0, 20
"""Room for a legend, of an entry without its text, of a letter, and of a line, in pixels."""
_ROW_PX = 30
_FRAME_PX = 90


@dataclass(frozen=True)
class Table:
    """A table of texts: the first column names the row, those from `texts` on are numbers.

    Attributes:
        caption: what it shows, with the unit where one holds for all.
        head: titles of the columns.
        rows: cells, ready to read.
        texts: number of columns with text, from the left.
        strong: places of rows that are totals.
    """

    caption: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    texts: int = 1
    strong: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Chart:
    """A chart with its message in words and the figures behind it.

    Attributes:
        key: id on the page.
        title: what it shows.
        says: its message in words, for those who do not see it and for those in a hurry.
        figure: as Plotly reads it.
        table: every figure that is drawn.
    """

    key: str
    title: str
    says: str
    figure: Figure
    table: Table


@dataclass(frozen=True)
class Section:
    """A part of the page; empty parts are never made.

    Attributes:
        key: id on the page.
        title: heading.
        lead: sentences that come first.
        charts: charts, in order.
        tables: tables that stand open below the charts.
        notes: small print.
    """

    key: str
    title: str
    lead: Sequence[str] = ()
    charts: Sequence[Chart] = ()
    tables: Sequence[Table] = ()
    notes: Sequence[str] = field(default=())


def plain(text: str) -> str:
    """A text in which Plotly finds no markup: it would read tags and entities."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def wrapped(text: str, width: int = 22) -> str:
    """A label on several lines, broken at spaces, or at the dots of a path."""
    spaced = text if " " in text else text.replace(".", ".\u200b ")
    lines = textwrap.wrap(spaced, width, break_long_words=False) or [""]
    return "<br>".join(plain(line.replace(".\u200b ", ".").replace("\u200b", "")) for line in lines)


def axis(title: str = "", **more: Any) -> dict[str, Any]:
    """An axis with its title, which names the unit."""
    made: dict[str, Any] = {
        "automargin": True,
        "showgrid": True,
        "gridcolor": RULE,
        "zeroline": True,
        "zerolinecolor": INK,
        "zerolinewidth": 1,
        "tickfont": {"color": QUIET, "size": 12},
        "ticklabelstandoff": 4,
        **more,
    }
    return (
        {**made, "title": {"text": wrapped(title, 40), "font": {"size": 12, "color": QUIET}, "standoff": 10}}
        if title
        else made
    )


def amounts(title: str, **more: Any) -> dict[str, Any]:
    """An axis of amounts that begins at zero."""
    return axis(title, rangemode="tozero", tickformat=",~r", **more)


def names(**more: Any) -> dict[str, Any]:
    """An axis of names; years are names, too."""
    return axis(type="category", showgrid=False, **{"zeroline": False, "tickfont": {"color": INK, "size": 12}, **more})


def rows_axis(labels: Sequence[str], **more: Any) -> dict[str, Any]:
    """An axis of names from top to bottom; equal labels stay apart, since each has its place as its value."""
    places = list(range(len(labels)))
    made = {"tickmode": "array", "tickvals": places, "ticktext": list(labels), "range": [len(labels) - 0.5, -0.5]}
    return axis(showgrid=False, **{"zeroline": False, "tickfont": {"color": INK, "size": 12}, **made, **more})


def figure(words: Words, data: Sequence[Any], *, height: int = 380, **layout: Any) -> Figure:
    """A figure in the page's style; `layout` overrides parts of it."""
    base: dict[str, Any] = {
        "height": height,
        "autosize": True,
        "font": {"family": FONT, "size": 13, "color": INK},
        "paper_bgcolor": PAPER,
        "plot_bgcolor": PAPER,
        "margin": {"l": 8, "r": 16, "t": 16, "b": 8},
        "separators": ".," if words.language == "en" else ",.",
        "bargap": 0.32,
        "hoverlabel": {"font": {"family": FONT, "size": 13}, "namelength": -1},
        "legend": {"orientation": "h", "x": 0, "y": -0.16, "yanchor": "top", "font": {"size": 12}},
        "showlegend": False,
    }
    return {"data": list(data), "layout": {**base, **layout}}


def above(x: Sequence[str], y: Sequence[float], words: Words, digits: int = 1) -> dict[str, Any]:
    """Numbers above bars."""
    return {
        "type": "scatter",
        "mode": "text",
        "x": list(x),
        "y": list(y),
        "text": [words.number(value, digits) for value in y],
        "textposition": "top center",
        "textfont": {"size": 12, "color": INK},
        "showlegend": False,
        "hoverinfo": "skip",
        "cliponaxis": False,
    }


def legend_height(titles: Sequence[str]) -> int:
    """Pixels that a legend above a chart takes: its columns are all as wide as the longest entry."""
    widest = max((len(title) for title in titles), default=0) * _LETTER_PX + _ENTRY_PX
    columns = max(int(_LEGEND_WIDTH / widest), 1)
    return _LINE_PX * -(-len(titles) // columns)


def height_of(rows: int, least: int = 220) -> int:
    """Height of a chart with one bar a row."""
    return max(_FRAME_PX + _ROW_PX * rows, least)


def steps_figure(
    words: Words, labels: Sequence[str], values: Sequence[float], measures: Sequence[str], *, rise_is_good: bool
) -> Figure:
    """A waterfall from top to bottom in M EUR; `measures` are Plotly's: absolute, relative or total.

    Totals, rises and falls differ in colour, in the sign of their label and in direction.
    """
    rise, fall = (BLUE, VERMILION) if rise_is_good else (VERMILION, BLUE)
    texts = [
        words.number(value) if measure != "relative" else words.signed(value)
        for value, measure in zip(values, measures, strict=True)
    ]
    unit = words("M€")
    trace = {
        "type": "waterfall",
        "orientation": "h",
        "x": list(values),
        "y": list(range(len(values))),
        "measure": list(measures),
        "text": texts,
        "textposition": "outside",
        "cliponaxis": False,
        "textfont": {"size": 12, "color": INK},
        "customdata": [plain(label) for label in labels],
        "hovertemplate": f"%{{customdata}}: %{{text}} {unit}<extra></extra>",
        "connector": {"line": {"color": QUIET, "width": 1, "dash": "dot"}},
        "increasing": {"marker": {"color": rise, "line": {"color": INK, "width": 0.6}}},
        "decreasing": {"marker": {"color": fall, "line": {"color": INK, "width": 0.6}}},
        "totals": {"marker": {"color": STEEL, "line": {"color": INK, "width": 0.6}}},
    }
    reach = _reach(values, measures)
    room = 0.16 * (reach[1] - reach[0])
    span = [reach[0] - (room if reach[0] < 0 else 0.0), reach[1] + room]
    return figure(
        words,
        [trace],
        height=height_of(len(labels)),
        xaxis=axis(unit, tickformat=",~r", range=span),
        yaxis=rows_axis([wrapped(label) for label in labels]),
    )


def _reach(values: Sequence[float], measures: Sequence[str]) -> tuple[float, float]:
    """Lowest and highest place that a waterfall comes to; zero is always among them."""
    at, seen = 0.0, [0.0]
    for value, measure in zip(values, measures, strict=True):
        at = at + value if measure == "relative" else value
        seen.append(at)
    return min(seen), max(seen)
