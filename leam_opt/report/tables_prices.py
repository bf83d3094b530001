"""Terminal view of the prices of rules, from the dictionary that JSON carries too."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import RenderableType

from leam_opt.insight.price_words import new_value, says, sentences, shadow
from leam_opt.report.style import add_row, heading, number, paragraph, percent, table

Dict = Mapping[str, Any]

_CHANGES = {"drop": "dropped", "step": "gives way: {value}", "tighten": "asks for more: {value}"}


def prices_view(data: Dict) -> Iterator[RenderableType]:
    """What the prices say in sentences, the changes that are proven to matter, and the LP shadow prices."""
    yield heading(f"{data['case']}, scenario {data['scenario'] or 'base'}: what its rules cost")
    for sentence in sentences(data):
        yield paragraph(sentence)
    rows = [row for row in data["rules"] if row["verdict"] in ("saves", "costs")]
    if rows:
        yield _changes(data, rows)
    priced = {(row["path"], *row["twins"]): row for row in data["rules"] if row["shadow_price_meur"]}
    if priced:
        made = table("LP shadow prices with whole numbers held", ["price"], first="Rule", texts=2)
        for row in priced.values():
            add_row(made, says(row), shadow(row))
        yield made
    yield paragraph(
        f"The plan is proven to {percent(data['mip_gap'], 4)} of gross cost. Every change is planned anew, proven to "
        "its gap and audited by the ledger; `at least` and `at most` are what the proofs leave room for. LP shadow "
        "prices hold the machines and all other whole numbers of the plan."
    )


def _changes(data: Dict, rows: list[Dict]) -> RenderableType:
    columns = ["Change", "deficit", "gap", "public money", "saves", "at least", "at most"]
    made = table("Rules that cost, M€", columns, first="Rule", texts=2)
    figures = ("deficit_meur", "unfunded_gap_meur", "public_money_meur")
    add_row(made, "all rules of the case", "", *(number(data[name]) for name in figures), "", "", "")
    for row in rows:
        change = _CHANGES[row["change"]].format(value=new_value(row))
        savings = (row["saves"], row["saves_at_least"], row["saves_at_most"])
        add_row(made, says(row), change, *(number(row[name]) for name in figures), *map(number, savings))
    return made
