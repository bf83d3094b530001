"""Terminal tables of a comparison of scenarios."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.console import RenderableType
from rich.table import Table

from leam_opt.report.style import add_row, heading, label, number, paragraph, percent, table
from leam_opt.report.tables import (
    RULES_TITLE,
    adoption_text,
    audit_sentence,
    conventions,
    key_figures,
    plan_years,
    rule_name,
    rule_result,
    shown_rules,
    status_sentence,
)
from leam_opt.report.tables_finance import bearers_tables, measure_lines, value_for_money_view

Dict = Mapping[str, Any]
Line = tuple[str, list[str]]

SCENARIOS_A_TABLE = 4
"""Scenarios side by side at 100 columns; more continue in a table below."""
_LABEL_WIDTH, _VALUE_WIDTH = 42, 15
"""So that the columns of the tables stand below each other."""


def comparison_view(comparison: Dict) -> Iterator[RenderableType]:
    """The ranking with its reason and the bridge, the scenarios side by side, the proof and the conventions."""
    plans: list[Dict] = comparison["scenarios"]
    years = plan_years(plans[0])
    yield heading(f"{comparison['case']}: {len(plans)} scenarios, {years[0]} to {years[-1]}")
    yield _ranking(comparison)
    yield paragraph(comparison["reason"])
    if comparison["bridge"]:
        yield _bridge(comparison, "bridge", "Bridge")
        yield _bridge(comparison, "public_money_bridge", "Bridge of public money")
    for start in range(0, len(plans), SCENARIOS_A_TABLE):
        block = plans[start : start + SCENARIOS_A_TABLE]
        yield _figures(block)
        yield _measures(block)
        yield _rules(block)
        yield _servers(block)
        yield _cash(block)
    yield from bearers_tables(comparison["bearers"], years)
    if comparison["value_for_money"]:
        yield from value_for_money_view(comparison["value_for_money"])
    if comparison["strict_reading"]:
        yield _strict_reading(comparison["strict_reading"])
    yield heading("Proof")
    for plan in plans:
        yield paragraph(f"{_name(plan)}: {status_sentence(plan)}", indent=2)
        yield paragraph(audit_sentence(plan), indent=4)
    yield paragraph("")
    notes: dict[str, list[str]] = {}
    for plan in plans:
        for finding in plan["findings"]:
            notes.setdefault(finding, []).append(_name(plan))
    for finding, names in notes.items():
        yield paragraph(f"Note on {', '.join(names)}: {finding}")
    yield conventions(plans)


def _name(plan: Dict) -> str:
    return str(plan["scenario"] or "base")


def _side_by_side(title: str, first: str, plans: Sequence[Dict], lines: Sequence[Line]) -> Table:
    made = table(title, [_name(plan) for plan in plans], first=first)
    for column in made.columns[1:]:
        column.min_width = _VALUE_WIDTH
    for name, cells in lines:
        add_row(made, name.ljust(_LABEL_WIDTH), *cells)
    return made


def _figures(plans: Sequence[Dict]) -> Table:
    columns = [key_figures(plan) for plan in plans]
    lines: list[Line] = [(row[0][0], [cell for _, cell in row]) for row in zip(*columns, strict=True)]
    lines.append(("industry adoption by year", [adoption_text(plan).replace(", ", "\n") for plan in plans]))
    return _side_by_side("Scenarios side by side", "Figure", plans, lines)


def _measures(plans: Sequence[Dict]) -> Table:
    return _side_by_side("Measures side by side", "Measure", plans, measure_lines(plans))


def _rules(plans: Sequence[Dict]) -> Table:
    """One line for each rule, scope and limit; a scenario that knows the rule by another limit leaves a gap."""
    results = [{rule_name(rule): rule_result(rule) for rule in shown_rules(plan)} for plan in plans]
    names = dict.fromkeys(name for result in results for name in result)
    lines: list[Line] = [(name, [result.get(name, "-") for result in results]) for name in names]
    return _side_by_side(RULES_TITLE, "Rule", plans, lines)


def _servers(plans: Sequence[Dict]) -> Table:
    counts: dict[tuple[int, str], list[float]] = {}
    for position, plan in enumerate(plans):
        for row in plan["servers"]:
            counts.setdefault((row["year"], row["type"]), [0.0] * len(plans))[position] += row["servers"]
    lines: list[Line] = []
    for (year, kind), servers in sorted(counts.items()):
        if any(servers):
            lines.append((f"{year}, {kind}", [number(count, 0) for count in servers]))
    return _side_by_side("Servers bought at the start of the year", "Year, type", plans, lines)


def _cash(plans: Sequence[Dict]) -> Table:
    closing: dict[tuple[str, int], list[float | None]] = {}
    for position, plan in enumerate(plans):
        for row in plan["cash"]:
            cells = closing.setdefault((row["entity"], row["year"]), [None] * len(plans))
            cells[position] = row["closing_meur"]
    lines: list[Line] = [
        (f"{entity}, end of {year}", [number(amount) for amount in amounts])
        for (entity, year), amounts in closing.items()
    ]
    return _side_by_side("Cash at the end of the year, M€", "Company, year", plans, lines)


def _ranking(comparison: Dict) -> Table:
    by_name = {_name(plan): plan for plan in comparison["scenarios"]}
    decided = "" if comparison["decided"] else " (UNDECIDED: the difference is smaller than the gaps)"
    made = table(
        f"Ranking{decided}", ["unfunded gap, M€", "deficit, M€", "public money, M€", "gap to optimum"], first="Scenario"
    )
    for position, name in enumerate(comparison["ranking"], start=1):
        plan = by_name[name]
        add_row(
            made,
            f"{position}. {name}",
            number(plan["unfunded_gap_meur"]),
            number(plan["five_year_deficit_meur"]),
            number(plan["public_money_meur"]),
            percent(plan["mip_gap"], 4),
        )
    return made


def _strict_reading(prices: Sequence[Dict]) -> Table:
    """What public use over all pools costs, instead of over the core pool only."""
    made = table(
        "Price of the strict charitable reading (public use over all pools), deficits in M€",
        ["scope core", "scope all", "price", "gap to optimum"],
        first="Scenario",
    )
    for row in prices:
        amounts = [number(row[name]) for name in ("deficit_core_meur", "deficit_all_meur", "price_meur")]
        add_row(made, row["scenario"], *amounts, percent(row["mip_gap"], 4))
    return made


def _bridge(comparison: Dict, name: str, title: str) -> Table:
    bridge: list[Dict] = comparison[name]
    made = table(
        f"{title} from {comparison['bridge_from']} to {comparison['bridge_to']}, M€",
        ["change", "running total"],
        first="Line",
    )
    start, *changes, end = bridge
    add_row(made, label(start["line"]), "", number(start["meur"]))
    total = start["meur"]
    for change in changes:
        total += change["meur"]
        if round(change["meur"], 2):
            sign = "+" if change["meur"] > 0 else ""
            add_row(made, label(change["line"]), sign + number(change["meur"]), number(total))
    add_row(made, label(end["line"]), "", number(end["meur"]))
    return made
