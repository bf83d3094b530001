"""Terminal table of a break-even search, from the dictionary that JSON carries too."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import RenderableType
from rich.table import Table

from leam_opt.report.style import add_row, heading, label, number, paragraph, percent, table

Dict = Mapping[str, Any]

COLUMNS = {
    "deficit_meur": "deficit, M€",
    "unfunded_gap_meur": "unfunded gap, M€",
    "public_money_meur": "public money, M€",
}


def breakeven_view(found: Dict) -> Iterator[RenderableType]:
    """The answer in a sentence, and every solve by value."""
    yield heading(f"{found['case']}, scenario {found['scenario']}: break-even of {found['path']}")
    if found["asked"] != found["path"]:
        yield paragraph(f"{found['asked']} means {found['path']}.")
    yield paragraph(found["sentence"])
    if found["status"] in ("found", "jump") and found["bracket"][0] < found["bracket"][1]:
        low, high = found["bracket"]
        at_low, at_high = found["bracket_measures_meur"]
        ends = f"{number(at_low, 6)} M€ at {_value(low)}, {number(at_high, 6)} M€ at {_value(high)}"
        yield paragraph(f"Bracket: {ends} {found['unit']}.")
    yield _solves(found)
    yield paragraph("Every solve is a complete plan, proven to its gap and audited by the ledger.")


def _value(value: float) -> str:
    return f"{value:.7g}"


def _solves(found: Dict) -> Table:
    measure = f"{found['measure']}_meur"
    others = {name: title for name, title in COLUMNS.items() if name != measure}
    # Nothing is proven about the investors' value, which no plan is chosen by.
    shown = [measure] if measure == "investor_npv_meur" else [measure, "proof_meur"]
    titles = {measure: f"{label(measure)}, M€", "proof_meur": "unproven, M€"}
    columns = [*(titles[name] for name in shown), *others.values(), "gap"]
    made = table("Solves", ["no.", *columns], first=f"{found['path'].rpartition('.')[2]}, {found['unit']}")
    for order, row in sorted(enumerate(found["solves"], start=1), key=lambda item: item[1]["value"]):
        mark = " *" if row["value"] == found["value"] else ""
        figures = [number(row[name], 3) for name in ("measure_meur", "proof_meur")[: len(shown)]]
        rest = [number(row[name]) for name in others]
        if row["measure_meur"] is None:
            figures[0] = "no plan"
        add_row(made, _value(row["value"]) + mark, str(order), *figures, *rest, percent(row["mip_gap"], 4))
    return made
