"""Terminal view of rules that cannot hold together and of what would mend that, from the dictionary of JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import RenderableType
from rich.table import Table

from leam_opt.insight.conflict import rule_text
from leam_opt.insight.repairs import changes_text, sentences
from leam_opt.report.style import add_row, heading, number, paragraph, percent, table

Dict = Mapping[str, Any]

_PROOF = "Every repair has a complete plan, audited by the ledger"


def conflict_view(data: Dict) -> Iterator[RenderableType]:
    """The rules in conflict, one a line, and the repairs as a table, the best first."""
    of = f"scenario {data['scenario']}" if data["scenario"] else "the case"
    if not data["rules"]:
        yield from map(paragraph, sentences(data))
        return
    yield heading(f"No plan satisfies all rules of {of}; these cannot hold together")
    for position, rule in enumerate(data["rules"], start=1):
        yield paragraph(f"{position}. {rule_text(rule)}", indent=1)
    if data["repairs"]:
        yield _repairs(data["repairs"])
        yield paragraph(f"{_PROOF}; no figure in it can give way less." if data["complete"] else f"{_PROOF}.")
        # The first sentence tells the rules and the next ones tell the repairs; what follows is about both.
        yield from map(paragraph, sentences(data)[1 + len(data["repairs"]) :])
    else:
        yield from map(paragraph, sentences(data)[1:])


def _repairs(repairs: list[Dict]) -> Table:
    columns = ["unfunded gap, M€", "deficit, M€", "public money, M€", "gap to optimum"]
    made = table("What would mend it, the best first", columns, first="Change")
    for position, repair in enumerate(repairs, start=1):
        figures = [number(repair[f"{name}_meur"]) for name in ("unfunded_gap", "deficit", "public_money")]
        add_row(made, f"{position}. {changes_text(repair)}", *figures, percent(repair["mip_gap"], 4))
    return made
