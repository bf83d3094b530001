"""Terminal tables of a single plan and of a case's check, from the dictionaries that JSON carries too."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from rich.console import RenderableType
from rich.table import Table

from leam_opt.report.style import Row, add_row, heading, label, number, paragraph, percent, table, year_tables
from leam_opt.report.tables_finance import (
    bearers_tables,
    fund_loss_tables,
    guarantee_tables,
    measures_table,
    sources_and_uses_tables,
    waterfall_tables,
)

Dict = Mapping[str, Any]

_RULES = {
    "public_use": "public use, scope {scope}",
    "ancillary_use": "ancillary use, scope {scope}",
    "grant_income": "grants in the income of research",
    "timely_use": "timely use, cash over what may be kept",
    "renewable": "renewable electricity",
    "pue": "PUE",
    "heat": "heat reuse",
    "co2": "CO2",
}
"""Rules of the ledger in words that fit a row label."""
_CEILINGS = ("ancillary_use", "timely_use", "pue", "co2")
"""Rules whose limit is a ceiling; all others are floors."""


def plan_view(plan: Dict) -> Iterator[RenderableType]:
    """Everything that a planner asks of one plan."""
    years = plan_years(plan)
    yield heading(f"{plan['case']}, scenario {plan['scenario'] or 'base'}, {years[0]} to {years[-1]}: {plan['title']}")
    yield paragraph(status_sentence(plan))
    yield _key_figures(plan)
    yield measures_table(plan)
    yield from _machines(plan, years)
    yield from year_tables("Compute, million reference GPU-hours", "Pool, users", years, _compute(plan))
    yield from year_tables("Core models developed", "Generation, trained on", years, _models(plan), total=True)
    tokens: list[Row] = [(users, _yearly(bn, years), 2) for users, bn in plan["tokens_bn_per_day"].items()]
    yield from year_tables("Tokens, billion a day", "Users", years, tokens)
    yield _rules(plan)
    yield from sources_and_uses_tables(plan, years)
    yield from bearers_tables({"": plan["bearers"]}, years)
    yield from guarantee_tables(plan, years)
    yield from fund_loss_tables(plan)
    yield from waterfall_tables(plan, years)
    yield from _cash(plan, years)
    yield _lines(plan)
    for finding in plan["findings"]:
        yield paragraph(f"Note: {finding}")
    yield paragraph(audit_sentence(plan))
    yield conventions([plan])


def plan_years(plan: Dict) -> list[int]:
    """Calendar years of a plan."""
    return sorted({row["year"] for row in plan["cash"]})


def status_sentence(plan: Dict) -> str:
    """How far the plan is proven, in plain words."""
    distance = abs(plan["primal_bound_meur"] - plan["dual_bound_meur"])
    proof = f"gap {percent(plan['mip_gap'], 4)} of gross cost, {number(distance, 3)} M€"
    source = f"{number(plan['seconds'], 1)} s, {plan['solver']} {plan['solver_version']}"
    texts = {
        "optimal": f"Proven optimal ({proof}; {source}).",
        "gap_reached": f"Proven within the gap asked for ({proof}; {source}).",
        "time_limit": (
            f"NOT PROVEN OPTIMAL: the time limit ended the search; this is the best plan found ({proof}; {source})."
        ),
        "interrupted": (
            f"NOT PROVEN OPTIMAL: the search was interrupted; this is the best plan found ({proof}; {source})."
        ),
    }
    return texts.get(plan["status"], f"Status {plan['status']} ({proof}; {source}).")


def key_figures(plan: Dict) -> list[tuple[str, str]]:
    """Label with unit and value of the figures by which plans are compared."""
    years = plan_years(plan)
    return [
        (f"deficit over {len(years)} years, M€", number(plan["five_year_deficit_meur"])),
        ("unfunded gap, M€", number(plan["unfunded_gap_meur"])),
        ("public money, M€", number(plan["public_money_meur"])),
        ("private money, M€", number(plan["private_money_meur"])),
        ("public funding share", percent(plan["public_funding_share"])),
        ("gross cost, M€", number(plan["gross_cost_meur"])),
        ("cost per public GPU-hour, €", number(plan["cost_per_public_gpu_hour_eur"])),
        ("public compute, million GPU-hours", number(plan["public_gpu_hours_million"])),
        ("core models", number(plan["core_models_total"], 0)),
        ("tokens, billion", number(plan["tokens_total_bn"], 0)),
        ("price of a cluster hour, €", number(plan["prices"]["cluster_hour_eur"])),
        ("price of 1000 tokens, €", number(plan["prices"]["tokens_eur_per_ktoken"], 5)),
        ("servers bought", number(sum(row["servers"] for row in plan["servers"]), 0)),
        ("IT power at the end, MW", number(_last(plan["it_power_mw"]))),
        ("grid power at the end, MW", number(_last(plan["grid_power_mw"]))),
        ("electricity, GWh", number(sum(map(sum, plan["energy_gwh"].values())), 1)),
    ]


def _last(by_site: Mapping[str, Sequence[float]]) -> float:
    return sum(figures[-1] for figures in by_site.values())


def _key_figures(plan: Dict) -> Table:
    made = table("Key figures", ["value"], first="Figure")
    for name, value in key_figures(plan):
        add_row(made, name, value)
    adopted = adoption_text(plan)
    if adopted:
        add_row(made, "industry adoption", adopted)
    return made


def adoption_text(plan: Dict) -> str:
    """Levels of adoption with the years in which they hold: `low 2023-2024, high 2025-2027`."""
    years, runs = plan_years(plan), list[tuple[str, int, int]]()
    for year, level in zip(years, plan["adoption"], strict=True):
        if runs and runs[-1][0] == level:
            runs[-1] = (level, runs[-1][1], year)
        else:
            runs.append((level, year, year))
    return ", ".join(f"{level} {first}" if first == last else f"{level} {first}-{last}" for level, first, last in runs)


def _machines(plan: Dict, years: list[int]) -> Iterator[Table]:
    bought = _by(plan["servers"], "type", "servers", 0, extra="site")
    own = _by(plan["own_cpu_servers"], "site", "servers", 0)
    bought += [(f"own CPU servers, {site}", figures, digits) for site, figures, digits in own]
    yield from year_tables("Servers bought at the start of the year", "Type, site", years, bought, total=True)
    rented: list[Row] = [("CPU cores", _yearly(plan["cpu_cores_rented_k"], years), 1)]
    yield from year_tables("CPU cores rented, thousand", "Rented", years, rented)
    power: list[Row] = [(f"IT power, {site}", _yearly(mw, years), 2) for site, mw in plan["it_power_mw"].items()]
    power += [(f"grid power, {site}", _yearly(mw, years), 2) for site, mw in plan["grid_power_mw"].items()]
    yield from year_tables("Power, MW", "Power, site", years, power)
    energy: list[Row] = [(source, _yearly(gwh, years), 2) for source, gwh in plan["energy_gwh"].items()]
    energy.append(("heat sold", _yearly(plan["heat_sold_gwh"], years), 2))
    yield from year_tables("Electricity bought and heat sold, GWh", "Source", years, energy)


def _compute(plan: Dict) -> list[Row]:
    return _by(plan["pools"], "pool", "gpu_hours_million", 2, extra="class")


def _models(plan: Dict) -> list[Row]:
    places = {row["generation"]: f", {row['type']} at {row['site']}" for row in plan["training_places"]}
    models = _by(plan["core_models"], "generation", "models", 0)
    return [(name + places.get(name, ""), figures, digits) for name, figures, digits in models]


def _by(rows: Iterable[Dict], key: str, measure: str, digits: int, extra: str | None = None) -> list[Row]:
    """Rows of a year table: one for each value of `key` (and `extra`), figures of the same year added up."""
    found: dict[str, dict[int, float]] = {}
    for row in rows:
        name = f"{row[key]}, {row[extra]}" if extra else str(row[key])
        figures = found.setdefault(name, {})
        figures[row["year"]] = figures.get(row["year"], 0.0) + row[measure]
    return [(name, figures, digits) for name, figures in found.items()]


def _yearly(figures: Sequence[float], years: Sequence[int]) -> dict[int, float]:
    return dict(zip(years, figures, strict=True))


def shown_rules(plan: Dict) -> list[Dict]:
    """Rules worth a line: those that bind the plan, and those that would if the scenario asked for them."""
    return [rule for rule in plan["rules"] if rule["limit"] is not None and (rule["active"] or rule["limit"] > 0)]


def rule_name(rule: Dict) -> str:
    """`public use, scope core: at least 90.0 %`."""
    name = _RULES.get(rule["rule"], f"{label(rule['rule'])}, {{scope}}").format(scope=rule["scope"])
    bound = "at most" if rule["rule"] in _CEILINGS else "at least"
    return f"{name}: {bound} {_measured(rule, 'limit')}"


RULES_TITLE = "Rules in their worst year (in brackets: the scenario does not ask for the rule)"


def rule_result(rule: Dict) -> str:
    """Worst year of the plan and what that means, in words."""
    if rule["worst"] is None:
        return "does not apply"
    word = "met" if rule["met"] else "broken"
    return f"{_measured(rule, 'worst')} {word if rule['active'] else f'({word})'}"


def _measured(rule: Dict, field: str) -> str:
    """A rule's figure in its unit: a share as a percentage, PUE as a ratio, CO2 in kt."""
    if rule["rule"] == "pue":
        return number(rule[field])
    return f"{number(rule[field])} kt" if rule["rule"] == "co2" else percent(rule[field])


def _rules(plan: Dict) -> Table:
    made = table(RULES_TITLE, ["worst year"], first="Rule")
    for rule in shown_rules(plan):
        add_row(made, rule_name(rule), rule_result(rule))
    return made


def _cash(plan: Dict, years: list[int]) -> Iterator[Table]:
    for entity in dict.fromkeys(row["entity"] for row in plan["cash"]):
        mine = [row for row in plan["cash"] if row["entity"] == entity]
        measures = [name for name in mine[0] if name not in ("entity", "year")]
        rows: list[Row] = [(label(m), {row["year"]: row[m] for row in mine}, 2) for m in measures]
        yield from year_tables(f"Cash of the {entity} company, M€", "Flow", years, rows)


def _lines(plan: Dict) -> Table:
    years = plan_years(plan)
    made = table(f"What the deficit of {len(years)} years is made of, M€ (revenues negative)", ["M€"], first="Line")
    for name, meur in plan["lines"].items():
        if meur:
            add_row(made, label(name), number(meur))
    add_row(made, "deficit", number(sum(plan["lines"].values())))
    return made


def audit_sentence(plan: Dict) -> str:
    """One sentence on the independent recomputation."""
    audit = plan["audit"]
    word = "passed" if audit["passed"] else "FAILED"
    rows, error = number(audit["rows_checked"], 0), number(audit["objective_error_eur"], 2)
    return f"Audit {word}: {rows} rows recomputed by the ledger, objective within {error} €."


def conventions(plans: Sequence[Dict]) -> RenderableType:
    """Footnote with the conventions that the figures follow."""
    texts = dict.fromkeys(text for plan in plans for text in plan["conventions"])
    return paragraph("Conventions: " + " ".join(text.rstrip(".") + "." for text in texts))
