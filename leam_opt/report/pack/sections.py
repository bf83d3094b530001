"""The parts of the page in the order in which a committee asks: what is best, why, who pays, what if."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from leam_opt.report.pack import charts_money, charts_risk, charts_things
from leam_opt.report.pack.charts import SMALL_MEUR, Section, Table
from leam_opt.report.pack.charts_sankey import sankey
from leam_opt.report.pack.content import Data, Pack
from leam_opt.report.pack.figure_names import with_titles
from leam_opt.report.pack.labels import MEASURES, RULES, USES, label, scenario_title
from leam_opt.report.pack.palette import Look, looks
from leam_opt.report.pack.sections_insight import insight_sections
from leam_opt.report.pack.sections_study import study_sections
from leam_opt.solve.plan import Plan
from leam_opt.words import Words

_CEILINGS = ("ancillary_use", "timely_use", "pue", "co2")
"""Rules whose limit is a ceiling."""


@dataclass(frozen=True)
class Card:
    """Key figures of one scenario on the first screen.

    Attributes:
        name: of the scenario.
        title: in the case's words.
        is_best: whether it comes first.
        mark: its place in the ranking.
        deficit: the figure that is largest on the card.
        says: what that figure is.
        figures: further ones, each with its label.
        colour: of the scenario in every chart.
    """

    name: str
    title: str
    is_best: bool
    mark: str
    deficit: str
    says: str
    figures: list[tuple[str, str]]
    colour: str


def scenario_looks(pack: Pack) -> dict[str, Look]:
    """Looks of the scenarios, by their order in the case, so that a colour stays with its scenario."""
    return looks([*pack.comparison.plans])


def cards(pack: Pack, words: Words) -> list[Card]:
    """One card for each scenario, best first."""
    styles, made = scenario_looks(pack), []
    says = words.plural("deficit over one year", "deficit over {count} years", len(pack.case.years))
    for place, (name, plan) in enumerate(pack.plans.items(), start=1):
        totals = plan.accounts.totals
        servers = float(plan.accounts.servers.groupby("year")["servers"].sum().max())
        is_best = place == 1 and len(pack.plans) > 1
        mark = words("Best scenario") if is_best and pack.comparison.decided else words("Place {place}", place=place)
        figures = [
            (words("Unfunded gap"), words.money(plan.unfunded_gap_meur)),
            (words("Public money"), words.money(plan.public_money_meur)),
            (words("Private money"), words.money(totals["private_money_meur"])),
            (words("Public compute"), words("{value} million GPU‑h", value=words.number(_public_hours(plan)))),
            (words("Servers, most in a year"), words.number(servers, 0)),
        ]
        title = scenario_title(pack.case, name, words)
        made.append(
            Card(name, title, is_best, mark, words.money(plan.deficit_meur), says, figures, styles[name].colour)
        )
    return made


def _public_hours(plan: Plan) -> float:
    return float(plan.accounts.compute["public_mgpuh"].sum())


def sections(pack: Pack, words: Words) -> list[Section]:
    """Every part for which there is something to show."""
    styles, items = scenario_looks(pack), charts_money.item_looks(pack.plans.values())
    insight = insight_sections(pack, words)
    parts = [
        _scenarios(pack, words),
        insight.get("conflict"),
        _bridges(pack, words),
        _cash(pack, words),
        _sources(pack, styles, items, words),
        Section("flow", words("Flow of money"), charts=[sankey(pack.best, items, words)]),
        Section("machines", words("Servers and power"), charts=[charts_things.servers(pack.plans, words)]),
        _pools(pack, words),
        _ranges(pack, words),
        _futures(pack, styles, words),
        _value_for_money(pack, words),
        insight.get("pareto"),
        insight.get("prices"),
        insight.get("alternatives"),
        *study_sections(pack, styles, words),
        insight.get("reconciliation"),
    ]
    return [part for part in parts if part is not None]


def _scenarios(pack: Pack, words: Words) -> Section:
    lead = []
    if not pack.comparison.decided:
        lead.append(
            words("The ranking is not decided: the difference is smaller than what the solver's gaps leave open.")
        )
    tables = [scenario_table(pack, words), measures_table(pack, words), rules_table(pack, words)]
    if pack.comparison.strict:
        tables.append(_strict(pack, words))
    return Section("scenarios", words("Scenarios side by side"), lead, tables=[t for t in tables if t.rows])


def scenario_table(pack: Pack, words: Words) -> Table:
    """Key figures of every scenario."""

    def row(title: str, name: str, digits: int = 1, share: bool = False) -> list[str]:
        values = [plan.accounts.totals.get(name) for plan in pack.plans.values()]
        return [title, *(words.percent(value) if share else words.number(value, digits) for value in values)]

    plans = list(pack.plans.values())
    rows = [
        row(words("Unfunded gap, M€"), "unfunded_gap_meur"),
        row(words("Deficit, M€"), "deficit_meur"),
        row(words("Public money, M€"), "public_money_meur"),
        row(words("Private money, M€"), "private_money_meur"),
        row(words("Public share of money drawn"), "public_funding_share", share=True),
        row(words("Gross cost, M€"), "gross_cost_meur"),
        row(words("Revenue, M€"), "revenue_meur"),
        row(words("Public compute, million GPU-hours"), "public_gpu_hours_million"),
        row(words("Deficit per public GPU-hour, €"), "cost_per_public_gpu_hour_eur", 2),
        row(words("Core models"), "core_models_total", 0),
        row(words("Tokens, billion"), "tokens_total_bn", 0),
        [words("Servers bought"), *(words.number(_bought(plan), 0) for plan in plans)],
        [words("IT power at the end, MW"), *(words.number(_last(plan, "it_power_mw"), 2) for plan in plans)],
        [words("Grid power at the end, MW"), *(words.number(_last(plan, "grid_power_mw"), 2) for plan in plans)],
    ]
    years = pack.best.accounts.by_year.index
    caption = words("Key figures, {first} to {last}, nominal", first=years[0], last=years[-1])
    return Table(caption, [words("Figure"), *pack.plans], rows, strong=frozenset({0, 1, 2}))


def _bought(plan: Plan) -> float:
    servers = plan.accounts.books.inputs.machines.servers_per_unit
    return float(plan.decisions.units_bought.sum()) * float(servers)


def _last(plan: Plan, column: str) -> float:
    return float(plan.accounts.energy.groupby("year")[column].sum().iloc[-1])


def measures_table(pack: Pack, words: Words) -> Table:
    """Measures of finance of every scenario; those that no scenario has are left out."""
    frame = pack.comparison.frame()
    rows = []
    for name, title in MEASURES.items():
        if name not in frame.index:
            continue
        values = [_figure(frame.loc[name, scenario]) for scenario in pack.plans]
        if all(value is None or value == 0.0 for value in values):
            continue
        digits = 5 if name.endswith("ktoken_eur") else 2
        shown = [
            words.percent(value, 1) if name.endswith("_share") else words.number(value, digits) for value in values
        ]
        rows.append([words(title), *shown])
    return Table(words("Measures of finance"), [words("Measure"), *pack.plans], rows)


def _figure(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and value == value else None


def rules_table(pack: Pack, words: Words) -> Table:
    """Legal and ecological rules in their worst year; a sign and a word say whether they are kept."""
    found: dict[tuple[str, str, float | None], dict[str, str]] = {}
    for scenario, plan in pack.plans.items():
        for rule in plan.accounts.rules.to_dict("records"):
            limit = _figure(rule["limit"])
            if limit is None or not (rule["active"] or limit > 0):
                continue
            cells = found.setdefault((str(rule["rule"]), str(rule["scope"]), limit), {})
            cells[scenario] = _rule_cell(rule, words)
    rows = [
        [_rule_title(*key, words), *(cells.get(scenario, "–") for scenario in pack.plans)]
        for key, cells in found.items()
    ]
    caption = words("Rules in their worst year (in brackets: the scenario does not ask for the rule)")
    return Table(caption, [words("Rule"), *pack.plans], rows)


def _rule_title(rule: str, scope: str, limit: float | None, words: Words) -> str:
    title = words(RULES[rule]) if rule in RULES else label(rule, words)
    where = f" ({words(USES[scope])})" if scope in USES else ""
    bound = words("at most {value}") if rule in _CEILINGS else words("at least {value}")
    return f"{title}{where}: {bound.format(value=_rule_value(rule, limit, words))}"


def _rule_value(rule: str, value: float | None, words: Words) -> str:
    if rule == "pue":
        return words.number(value, 2)
    return f"{words.number(value, 2)} kt" if rule == "co2" else words.percent(value)


def _rule_cell(rule: Mapping[Any, Any], words: Words) -> str:
    worst = _figure(rule["worst"])
    if worst is None:
        return words("does not apply")
    told = f"✓ {words('kept')}" if rule["met"] else f"✗ {words('broken')}"
    value = _rule_value(str(rule["rule"]), worst, words)
    return f"{value} {told}" if rule["active"] else f"{value} ({told})"


def _strict(pack: Pack, words: Words) -> Table:
    rows = []
    for name, plan in pack.comparison.strict.items():
        core = pack.plans[name].deficit_meur
        rows.append([name, *(words.number(value, 2) for value in (core, plan.deficit_meur, plan.deficit_meur - core))])
    head = [words("Scenario"), words("Core pool only"), words("All pools"), words("Price of the strict reading")]
    return Table(
        words("Deficit under the strict reading of charitable status (public use over all pools), M€"), head, rows
    )


def _bridges(pack: Pack, words: Words) -> Section | None:
    if len(pack.plans) < 2 or not pack.comparison.bridge:
        return None
    best, second = pack.comparison.ranking[:2]
    both = ((pack.comparison.bridge, "bridge"), (pack.comparison.public_money_bridge, "bridge-public"))
    charts = [
        charts_money.bridge(found, second, best, key, words, pack.best)
        for found, key in both
        if len(found) > 2 and any(abs(meur) > SMALL_MEUR for _, meur in found[1:-1])
    ]
    if not charts:
        return None
    return Section("bridge", words("What makes the difference"), charts=charts)


def _cash(pack: Pack, words: Words) -> Section:
    charts = [charts_money.cash_waterfall(pack.best, words)]
    lead = [words("All figures of this part are those of the best scenario, {name}.", name=pack.comparison.ranking[0])]
    return Section("cash", words("Cash-flow waterfall"), lead, charts, _debt_waterfall(pack.best, words))


def _debt_waterfall(plan: Plan, words: Words) -> list[Table]:
    """The order in which each company's money is used, year by year; one table a company."""
    frame = plan.accounts.waterfall
    years = sorted(frame["year"].unique().tolist())
    tables = []
    for company, mine in frame.groupby("company", sort=False):
        rows: list[list[str]] = []
        strong: set[int] = set()
        for column in mine.columns[2:]:
            values = [_figure(value) for value in mine.sort_values("year")[column]]
            if all(value is None or abs(value) < SMALL_MEUR for value in values):
                continue
            if column in ("cfads_meur", "cash_after_debt_meur"):
                strong.add(len(rows))
            rows.append([label(column, words), *(words.number(value, 2) for value in values)])
        if rows:
            title = words(
                "{company}: from revenue to what is paid out, M€ (cover as a ratio)", company=label(str(company), words)
            )
            tables.append(Table(title, [words("Step"), *map(str, years)], rows, strong=frozenset(strong)))
    return tables


def _sources(pack: Pack, styles: Mapping[str, Look], items: Mapping[str, Look], words: Words) -> Section:
    charts = [
        charts_money.funding(pack.plans, items, words),
        charts_money.sources(pack.best, items, words),
        charts_money.uses(pack.best, words),
        charts_money.bearers(pack.plans, styles, words),
    ]
    return Section("sources", words("Sources and uses of money"), charts=charts)


def _pools(pack: Pack, words: Words) -> Section:
    name = pack.comparison.ranking[0]
    return Section("pools", words("Public use of the pools"), charts=[charts_things.pool_use(name, pack.best, words)])


def _ranges(pack: Pack, words: Words) -> Section | None:
    tables = (pack.tornado or {}).get("tables") or []
    if not tables or not any(bar["swing"] for bar in tables[0]["bars"]):
        return None
    lead = [
        words(
            "The machines of the best plan are held; each figure moves alone from one end of its range to the other, "
            "and the money responds."
        )
    ]
    notes = []
    missed = sum(bool(bar.get("misses_rules")) for bar in tables[0]["bars"])
    if missed:
        notes.append(
            words.plural(
                "At an end of one range the plan misses a rule; its figures count nevertheless.",
                "At an end of {count} ranges the plan misses a rule; its figures count nevertheless.",
                missed,
            )
        )
    title = words("Which ranges matter")
    chart = charts_risk.tornado(with_titles(tables[0], pack.best.case, words), words, title=title)
    return Section("ranges", title, lead, [chart], notes=notes)


def _futures(pack: Pack, styles: Mapping[str, Look], words: Words) -> Section | None:
    found = pack.distribution or {}
    every = {name: each for name, each in found.get("scenarios", {}).items() if each.get("deficit_meur")}
    if not every:
        return None
    ordered = {name: every[name]["deficit_meur"] for name in pack.plans if name in every}
    chart = charts_risk.distribution(ordered, styles, words, points=int(found["points"]))
    rows = [
        [name, words.percent(each.get("unmet_share")), words.percent(_share_above(each.get("unfunded_gap_meur")))]
        for name, each in ((name, every[name]) for name in ordered)
    ]
    head = [words("Scenario"), words("Futures in which a rule is missed"), words("Futures with an unfunded gap")]
    tables = [Table(words("How the plans hold in other futures"), head, rows)]
    best = [each for each in found.get("best", []) if each.get("share") is not None]
    if best:
        shares = [[each["scenario"], words.percent(each["share"])] for each in best]
        title = words("Share of all futures in which each scenario is best (by unfunded gap, then deficit)")
        tables.append(Table(title, [words("Scenario"), words("Share")], shares))
    lead = [
        words(
            "All uncertain figures are drawn together from their ranges ({points} futures, seed {seed}); the machines "
            "of each plan are held.",
            points=words.number(found["points"], 0),
            seed=found["seed"],
        )
    ]
    return Section("futures", words("How uncertain the result is"), lead, [chart], tables)


def _share_above(values: list[float] | None) -> float | None:
    return sum(value > SMALL_MEUR for value in values) / len(values) if values else None


def _value_for_money(pack: Pack, words: Words) -> Section | None:
    found = pack.comparison.value_for_money
    if not found:
        return None
    rows, strong = [], set()
    for side, title in (("comparator", words("Public sector comparator")), ("partnership", words("Partnership"))):
        delivery = found[side]
        rows += [
            [f"{delivery['scenario']}: {label(part['name'], words)}", *_spread(part, words)]
            for part in delivery["components"]
        ]
        strong.add(len(rows))
        rows.append([f"{title} ({delivery['scenario']})", *_spread(delivery["total"], words)])
    strong.add(len(rows))
    rows.append([words("Value for money of the partnership"), *_spread(found["value_for_money"], words)])
    rate = words.percent(found["discount_rate_nominal_share"], 2)
    caption = words("What each way costs the public, present values at {rate}, M€", rate=rate)
    head = [words("Component"), words("5 %"), words("Mean"), words("95 %")]
    lead = []
    if found["risk_in"] != "rate":
        lead.append(
            words(
                "The partnership costs the public less in {share} of {draws} draws from the ranges of the case; on "
                "average it saves {mean}.",
                share=words.percent(found["probability_partnership_better"]),
                draws=words.number(found["samples"], 0),
                mean=words.money(found["value_for_money"]["mean_meur"]),
            )
        )
    return Section(
        "value", words("Value for money"), lead, tables=[Table(caption, head, rows, strong=frozenset(strong))]
    )


def _spread(figures: Data, words: Words) -> list[str]:
    return [words.number(figures[f"{name}_meur"], 2) for name in ("p5", "mean", "p95")]
