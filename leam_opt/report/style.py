"""Numbers, tables and consoles as every report of the terminal shows them.

No meaning hangs on colour: a table reads the same on a terminal, in a pipe and in a file.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import IO

from rich import box
from rich.console import Console, RenderableType
from rich.measure import Measurement
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

PIPE_WIDTH = 100
"""Columns of a report that does not go to a terminal."""
YEARS_A_TABLE = 7
"""Years side by side in one table; a longer horizon continues in a table below."""


def number(value: float | None, digits: int = 2) -> str:
    """`1234.5` as `1,234.50`, negative numbers with a minus sign, nothing as `-`; never `-0.00`."""
    if value is None:
        return "-"
    rounded = round(float(value), digits)
    return f"{rounded + 0.0:,.{digits}f}"  # + 0.0 turns -0.0 into 0.0


def exact(value: float | None) -> str:
    """Two decimals from 1,000 on, six below, without trailing zeros: `6,247,491.84`, `3.91`, `-331,650,000`."""
    text = number(value, 2 if value is not None and abs(value) >= 1000 else 6)
    return text.rstrip("0").rstrip(".") if "." in text else text


def percent(share: float | None, digits: int = 1) -> str:
    """A share as a percentage: 0.905 as `90.5 %`."""
    return "-" if share is None else f"{number(share * 100, digits)} %"


_ABBREVIATIONS = {"vat": "VAT", "cfads": "CFADS", "dscr": "DSCR"}


def label(name: str) -> str:
    """A name of the project as words: `staff_operations_meur` as `staff operations`, `cfads` as `CFADS`."""
    words = name.removesuffix("_meur").removesuffix("_gwh").removesuffix("_mw").replace("_", " ").split(" ")
    return " ".join(_ABBREVIATIONS.get(word, word) for word in words)


def table(title: str, columns: Sequence[str], first: str, texts: int = 1) -> Table:
    """An empty table: the first `texts` columns hold text, the others numbers.

    Args:
        title: what the table shows, with the unit where one unit holds for all of it.
        columns: headings of the columns after the first.
        first: heading of the first column.
        texts: number of left-aligned columns from the left.
    """
    made = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, title=title)
    for position, heading in enumerate([first, *columns]):
        if position < texts:
            made.add_column(heading, justify="left", overflow="fold")
        else:
            made.add_column(heading, justify="right", overflow="fold", no_wrap=True)
    return made


def add_row(to: Table, *cells: str) -> None:
    """Adds a row as it is: brackets in a cell are no markup."""
    to.add_row(*map(Text, cells))


def year_tables(title: str, first: str, years: Sequence[int], rows: Iterable[Row], total: bool = False) -> list[Table]:
    """Tables with one column a year, `YEARS_A_TABLE` at a time, rows without any figure left out.

    Args:
        title: what the tables show, with the unit.
        first: heading of the first column.
        years: calendar years.
        rows: label, figure by calendar year (None: there is none), decimals.
        total: whether the last table ends with the sum over all years.
    """
    kept = [row for row in rows if any(row[1].values())]
    blocks = [years[start : start + YEARS_A_TABLE] for start in range(0, len(years), YEARS_A_TABLE)]
    made = []
    for position, block in enumerate(blocks if kept else []):
        last = position == len(blocks) - 1
        columns = [*map(str, block), *["total"] * (total and last)]
        one = table(title if position == 0 else f"{title} (continued)", columns, first)
        for name, figures, digits in kept:
            cells = [number(figures.get(year, 0.0), digits) for year in block]
            added = sum(figure or 0.0 for figure in figures.values())
            add_row(one, name, *cells, *[number(added, digits)] * (total and last))
        made.append(one)
    return made


Row = tuple[str, Mapping[int, float | None], int]
"""Label, figure by calendar year, decimals."""


def paragraph(text: str, indent: int = 0) -> RenderableType:
    """Prose that wraps at the report's width; brackets in it are no markup."""
    return Padding(Text(text), (0, 0, 0, indent))


def heading(text: str) -> RenderableType:
    """A bold line."""
    return Text(text, style="bold")


def show(view: Iterable[RenderableType], terminal: IO[str]) -> None:
    """Prints a report on a terminal, at its width; a table that cannot shrink to it is left to the terminal to wrap."""
    console = Console(file=terminal, highlight=False)
    width = console.width
    for part in _spaced(view):
        console.width = max(width, _least_width(console, part)) if isinstance(part, Table) else width
        console.print(part)


def plain(view: Iterable[RenderableType]) -> str:
    """A report as plain text: no escape sequences, `PIPE_WIDTH` columns, or as many more as a table's numbers need."""
    buffer = io.StringIO()
    console = Console(file=buffer, width=PIPE_WIDTH, highlight=False, color_system=None, force_terminal=False)
    for part in _spaced(view):
        console.width = max(PIPE_WIDTH, _least_width(console, part)) if isinstance(part, Table) else PIPE_WIDTH
        console.print(part)
    lines = (line.rstrip() for line in buffer.getvalue().splitlines())
    return "\n".join(lines) + "\n"


def _least_width(console: Console, part: Table) -> int:
    """Columns that a table needs when its text wraps at every word; its numbers never wrap."""
    return Measurement.get(console, console.options.update(max_width=10_000), part).minimum


def _spaced(view: Iterable[RenderableType]) -> Iterator[RenderableType]:
    """The parts; a table stands between empty lines, under a title that does not wrap at the table's width."""
    after_table = False
    for position, part in enumerate(view):
        if after_table or (position and isinstance(part, Table)):
            yield ""
        if isinstance(part, Table) and part.title:
            yield heading(str(part.title))
            part.title = None
        yield part
        after_table = isinstance(part, Table)
