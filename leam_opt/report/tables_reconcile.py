"""Terminal table of the reconciliation with the paper."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.console import RenderableType
from rich.table import Table

from leam_opt.report.style import add_row, exact, heading, paragraph, table

Dict = Mapping[str, Any]


FIELDS = ("id", "paper_low", "paper_high", "exact_low", "exact_high", "rounded_low", "rounded_high", "verdict", "note")
"""Fields of a row in JSON and CSV."""


def reconciliation_rows(rows: Sequence[Dict]) -> list[dict[str, Any]]:
    """The rows as JSON and CSV carry them."""
    return [{name: row[name] for name in FIELDS} for row in rows]


def reconciliation_view(case: str, rows: Sequence[Dict], findings: Sequence[Dict]) -> Iterator[RenderableType]:
    """Every figure of the paper beside the engine's, the verdicts, and what the figures hide."""
    yield heading(f"{case}: the paper's own plan, recomputed")
    yield _rows(rows)
    for row in rows:
        if row["note"] and row["verdict"] != "equal":
            yield paragraph(f"{row['id']}: {row['note']}", indent=1)
    counts = Counter(row["verdict"] for row in rows)
    yield paragraph("")
    yield paragraph(
        f"{len(rows)} figures: " + ", ".join(f"{verdict} {count}" for verdict, count in counts.items()) + "."
    )
    if findings:
        yield heading("\nWhat the paper's figures hide")
    for position, finding in enumerate(findings, start=1):
        yield paragraph(f"{position}. {finding['title']}")
        yield paragraph(finding["text"], indent=3)


def _rows(rows: Sequence[Dict]) -> Table:
    title = "Figures of annexes B to G: in the paper, exact, and rounded as the paper does (low above high)"
    made = table(title, ["Figure", "Verdict", "Paper", "Exact", "Rounded"], first="Id", texts=3)
    for position, row in enumerate(rows):
        if position and row["annex"] != rows[position - 1]["annex"]:
            made.add_section()
        cells = [_range(row, name) for name in ("paper", "exact", "rounded")]
        add_row(made, row["id"], f"{row['item']}, {row['unit']}", row["verdict"], *cells)
    return made


def _range(row: Dict, name: str) -> str:
    low, high = row[f"{name}_low"], row[f"{name}_high"]
    return exact(low) if low == high else f"{exact(low)}\n{exact(high)}"
