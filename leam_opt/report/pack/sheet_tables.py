"""The other tables of a pack as sheets: numbers as numbers, texts as texts, nothing live."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from leam_opt.report.pack.content import Data, Pack
from leam_opt.report.pack.figure_names import figure_name
from leam_opt.report.pack.labels import STATUS, label
from leam_opt.report.pack.workbook_page import Styles, number_format, printed, unit_text
from leam_opt.words import N_, Words

_VERDICTS = {
    "equal": N_("equal"),
    "explained by rounding": N_("explained by rounding"),
    "misprint in the paper": N_("misprint in the paper"),
}
_STATUS = {
    **STATUS,
    "bounded": N_("proven without a new solve"),
    "kept": N_("the plan stays the best"),
    "invalid": N_("no valid case"),
    "failed": N_("no answer in the time allowed"),
}
"""How far a table's figures are proven."""
_LEAST = 14
_MOST = 80


@dataclass(frozen=True)
class Column:
    """A column: its head, and the unit of its numbers (`text` for none)."""

    head: str
    unit: str = "text"


@dataclass(frozen=True)
class Table:
    """A table of a sheet."""

    title: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Any]]


@dataclass(frozen=True)
class Content:
    """A sheet of tables: its name, its title, sentences, and the tables under each other."""

    name: str
    title: str
    sentences: Sequence[str]
    tables: Sequence[Table]


def table_sheets(add: Callable[[str, str], Any], styles: Styles, pack: Pack, words: Words) -> None:
    """Writes a sheet for each part that the pack has.

    Args:
        add: makes a sheet of a name and a title.
        styles: formats of the workbook.
        pack: what is reported.
        words: language.
    """
    for content in contents(pack, words):
        _write(add(content.name, content.title), styles, content, words)


def contents(pack: Pack, words: Words) -> Iterator[Content]:
    """The sheets in their order; only those that the pack has content for."""
    yield _comparison(pack, words)
    if pack.conflict:
        yield _conflict(pack.conflict, words)
    if pack.prices:
        yield _prices(pack.prices, words)
    if pack.alternatives:
        yield _alternatives(pack.alternatives, words)
    if pack.pareto:
        yield _pareto(pack.pareto, words)
    if pack.tornado and pack.tornado.get("tables"):
        yield _tornado(pack, pack.tornado, words)
    if pack.distribution:
        yield _distribution(pack.distribution, words)
    if pack.reconciliation:
        yield _reconciliation(pack.reconciliation, words)
    yield _manifest(pack, words)


def _write(sheet: Any, styles: Styles, content: Content, words: Words) -> None:
    sheet.write_string(0, 0, content.title, styles("title"))
    row, widths = 1, dict[int, int]()
    for sentence in content.sentences:
        sheet.write_string(row, 0, sentence, styles("lead"))
        row += 1
    head_row = row + 2
    for table in content.tables:
        row += 1
        sheet.write_string(row, 0, table.title, styles("section"))
        row += 1
        for column, item in enumerate(table.columns):
            unit = "" if item.unit in ("text", "count", "auto") else f", {unit_text(item.unit, words)}"
            sheet.write_string(row, column, f"{item.head}{unit}", styles("head"))
        row += 1
        for cells in table.rows:
            for column, (value, item) in enumerate(zip(cells, table.columns, strict=True)):
                widths[column] = max(
                    widths.get(column, _LEAST), min(len(_put(sheet, styles, row, column, value, item)), _MOST)
                )
            row += 1
    for column, width in widths.items():
        sheet.set_column(column, column, width + 1)
    sheet.freeze_panes(head_row, 1)
    printed(sheet, 0, words)


def _put(sheet: Any, styles: Styles, row: int, column: int, value: Any, item: Column) -> str:
    """Writes a cell; its text, for the width of the column."""
    if value is None or value == "":
        return ""
    if isinstance(value, bool) or not isinstance(value, int | float):
        sheet.write_string(row, column, str(value)[:32000], styles("wrapped"))
        return str(value)
    if value != value or value in (float("inf"), float("-inf")):
        sheet.write_string(row, column, "–", styles("plain"))
        return ""
    shown = {"count": "#,##0", "auto": "General", "text": "General"}.get(item.unit) or number_format(item.unit, value)
    sheet.write_number(row, column, value, styles("plain", shown))
    return ""


def _comparison(pack: Pack, words: Words) -> Content:
    comparison = pack.comparison
    change = [Column(words("Line")), Column(words("Change"), "MEUR")]
    tables = []
    if len(comparison.ranking) > 1:
        second, best = comparison.ranking[1], comparison.ranking[0]

        def bridge(title: str, items: Iterable[tuple[str, float]]) -> Table:
            return Table(title, change, [[label(line, words), meur] for line, meur in items])

        title = words("From the deficit of {second} to that of {best}", second=second, best=best)
        tables.append(bridge(title, comparison.bridge))
        if comparison.public_money_bridge:
            title = words("From the public money of {second} to that of {best}", second=second, best=best)
            tables.append(bridge(title, comparison.public_money_bridge))
    statuses = [_STATUS.get(plan.result.status, plan.result.status) for plan in pack.plans.values()]
    proof = [
        [
            name,
            words(status),
            plan.result.mip_gap,
            plan.result.primal_bound_meur,
            plan.result.dual_bound_meur,
            plan.result.seconds,
        ]
        for (name, plan), status in zip(pack.plans.items(), statuses, strict=True)
    ]
    heads = [
        Column(words("Scenario")),
        Column(words("Status")),
        Column(words("Gap to the optimum"), "share"),
        Column(words("Deficit of the plan"), "MEUR"),
        Column(words("Proven bound"), "MEUR"),
        Column(words("Time"), "s"),
    ]
    tables.append(Table(words("Status and proof"), heads, proof))
    return Content(words("Comparison"), words("Comparison of the scenarios"), [], tables)


def _conflict(found: Data, words: Words) -> Content:
    from leam_opt.insight.conflict import rule_text
    from leam_opt.insight.repairs import repair_sentence, sentences

    tables, told = [], []
    for each in (found, *found.get("others", ())):
        told += sentences(each, words)
        rows = [
            [rule_text(rule, words), rule.get("value"), rule.get("unit"), rule.get("path")] for rule in each["rules"]
        ]
        heads = [Column(words("Rule")), Column(words("Value"), "auto"), Column(words("Unit")), Column(words("Path"))]
        title = words("{scenario}: rules that cannot hold together", scenario=each["scenario"])
        tables.append(Table(title, heads, rows))
        repairs = [
            [number, repair_sentence(repair, words), *(repair[f"{name}_meur"] for name in ("deficit", "unfunded_gap"))]
            for number, repair in enumerate(each["repairs"], start=1)
        ]
        heads = [
            Column(words("No."), "count"),
            Column(words("Repair")),
            Column(words("Deficit"), "MEUR"),
            Column(words("Unfunded gap"), "MEUR"),
        ]
        tables.append(Table(words("{scenario}: repairs, cheapest first", scenario=each["scenario"]), heads, repairs))
    return Content(words("Conflict"), words("Rules in conflict, and repairs"), told, tables)


def _prices(found: Data, words: Words) -> Content:
    from leam_opt.insight.price_words import changed, says, sentences

    heads = [
        Column(words("Rule")),
        Column(words("Changed to")),
        Column(words("Path")),
        Column(words("Deficit"), "MEUR"),
        Column(words("Saves"), "MEUR"),
        Column(words("Uncertainty"), "MEUR"),
        Column(words("Unfunded gap"), "MEUR"),
        Column(words("Shadow price with machines held"), "auto"),
        Column(words("Unit of the shadow price")),
        Column(words("Status")),
    ]
    keys = ("path", "deficit_meur", "saves_meur", "uncertainty_meur", "unfunded_gap_meur", "shadow_price_meur")
    units = [rule.get("shadow_unit") for rule in found["rules"]]
    statuses = [_STATUS.get(rule["status"], rule["status"]) for rule in found["rules"]]
    rows = [
        [
            says(rule, words),
            changed(rule, words) or words("without the rule"),
            *(rule.get(key) for key in keys),
            words(unit) if unit else "",
            words(status),
        ]
        for rule, unit, status in zip(found["rules"], units, statuses, strict=True)
    ]
    title = words("What rules cost")
    return Content(words("Rule prices"), title, sentences(found, words), [Table(title, heads, rows)])


def _features(keys: Iterable[str], found: Data, words: Words) -> str:
    """Features of a plan in words."""
    from leam_opt.insight.features import text

    return "; ".join(text(found["catalogue"][key], words) for key in keys)


def _alternatives(found: Data, words: Words) -> Content:
    from leam_opt.insight.alternatives_words import sentences

    heads = [
        Column(words("No."), "count"),
        Column(words("Deficit"), "MEUR"),
        Column(words("Above the best"), "MEUR"),
        Column(words("Public money"), "MEUR"),
        Column(words("Unfunded gap"), "MEUR"),
        Column(words("Servers"), "count"),
        Column(words("New in it")),
        Column(words("No longer in it")),
    ]
    keys = ("deficit_meur", "extra_meur", "public_money_meur", "unfunded_gap_meur", "servers")
    rows = [
        [
            number,
            *(plan.get(key) for key in keys),
            _features(plan["gained"], found, words),
            _features(plan["lost"], found, words),
        ]
        for number, plan in enumerate(found["plans"], start=1)
    ]
    shared = [
        [_features([each["feature"]], found, words), words("proven") if each["proven"] else words("in all plans found")]
        for each in found["shared"]
    ]
    title = words("Near-optimal plans")
    sure = [Column(words("Feature")), Column(words("How sure"))]
    tables = [Table(title, heads, rows), Table(words("What all near-optimal plans share"), sure, shared)]
    return Content(words("Alternatives"), title, sentences(found, words), tables)


def _pareto(found: Data, words: Words) -> Content:
    from leam_opt.insight.pareto_words import sentences

    statuses = [_STATUS.get(point["status"], point["status"]) for point in found["points"]]
    titles = [str(each.get("says") or each["name"]) for each in found["objectives"]]
    heads = [Column(words(title), each["unit"]) for title, each in zip(titles, found["objectives"], strict=True)]
    heads += [Column(words("Servers"), "count"), Column(words("Gap to the optimum"), "share"), Column(words("Status"))]
    rows = [
        [
            *(point["values"].get(each["name"]) for each in found["objectives"]),
            *(point.get(key) for key in ("servers", "mip_gap")),
            words(status),
        ]
        for point, status in zip(found["points"], statuses, strict=True)
    ]
    title = words("Trade-offs")
    table = Table(words("Points, none of them worse than another in every objective"), heads, rows)
    return Content(title, title, sentences(found, words), [table])


def _tornado(pack: Pack, found: Data, words: Words) -> Content:
    money = [Column(told, "MEUR") for told in (words("At the low end"), words("At the high end"), words("Swing"))]
    heads = [Column(words("Figure")), Column(words("Path")), *money, Column(words("Misses a rule at"))]
    tables = []
    for each in found["tables"]:
        if each["output"] != "deficit_meur":
            continue
        rows = [
            [
                figure_name(pack.best.case, bar["factor"], words),
                bar["factor"],
                bar["low"],
                bar["high"],
                bar["swing"],
                ", ".join(words(end) for end in bar.get("misses_rules", {})),
            ]
            for bar in each["bars"]
        ]
        title = words("{scenario}: deficit of the plan with each range at one end", scenario=each["scenario"])
        tables.append(Table(title, heads, rows))
    lead = words("Machines and models are held; what can be decided anew each year responds.")
    return Content(words("Tornado"), words("How far each range moves the deficit"), [lead], tables)


_SPREAD = ("planned", "mean", "min", "p05", "p25", "p50", "p75", "p95", "max")


def _distribution(found: Data, words: Words) -> Content:
    names = {
        "planned": words("as planned"),
        "mean": words("mean"),
        "min": words("least"),
        "max": words("largest"),
        "p05": words("5th percentile"),
        "p25": words("25th percentile"),
        "p50": words("median"),
        "p75": words("75th percentile"),
        "p95": words("95th percentile"),
    }
    heads = [
        Column(words("Scenario")),
        *(Column(names[key], "MEUR") for key in _SPREAD),
        Column(words("Futures that miss a rule"), "share"),
    ]
    scenarios = found["scenarios"]
    rows = [
        [name, *(figures.get(f"{key}_meur") for key in _SPREAD), figures.get("unmet_share")]
        for name, figures in scenarios.items()
    ]
    drawn = [
        [number, *(figures["deficit_meur"][number - 1] for figures in scenarios.values())]
        for number in range(1, 1 + max((len(figures["deficit_meur"]) for figures in scenarios.values()), default=0))
    ]
    draws = [Column(words("Draw"), "count"), *(Column(name, "MEUR") for name in scenarios)]
    tables = [
        Table(words("Spread of the deficit"), heads, rows),
        Table(words("Deficit of each draw"), draws, drawn),
    ]
    title = words("Deficits in {count} drawn futures", count=words.number(found["points"], 0))
    return Content(words("Futures"), title, [], tables)


def _reconciliation(found: Data, words: Words) -> Content:
    heads = [Column(words(name)) for name in ("No.", "Annex", "Figure", "Unit")]
    heads += [Column(words(name), "auto") for name in ("Paper, low", "Paper, high", "Exact, low", "Exact, high")]
    heads += [Column(words(name), "auto") for name in ("Rounded, low", "Rounded, high")]
    heads += [Column(words("Verdict")), Column(words("Note"))]
    keys = ("paper_low", "paper_high", "exact_low", "exact_high", "rounded_low", "rounded_high")
    verdicts = [_VERDICTS.get(row["verdict"], row["verdict"]) for row in found["rows"]]
    rows = [
        [*(row[key] for key in ("id", "annex", "item", "unit", *keys)), words(verdict), row["note"]]
        for row, verdict in zip(found["rows"], verdicts, strict=True)
    ]
    tables = [Table(words("The paper's figures beside the ledger's"), heads, rows)]
    if found.get("findings"):
        hidden = [[each["title"], each["text"]] for each in found["findings"]]
        tables.append(
            Table(
                words("What the paper's figures hide"), [Column(words("Finding")), Column(words("Explanation"))], hidden
            )
        )
    return Content(words("Reconciliation"), words("Reconciliation with the paper"), [], tables)


_HEADS = (
    N_("No."), N_("Annex"), N_("Figure"), N_("Unit"), N_("Paper, low"), N_("Paper, high"), N_("Exact, low"),
    N_("Exact, high"), N_("Rounded, low"), N_("Rounded, high"), N_("low"), N_("high"),
)  # fmt: skip
"""Heads that are said elsewhere than they are written."""


def _manifest(pack: Pack, words: Words) -> Content:
    rows: list[list[Any]] = [["made", pack.made.isoformat(timespec="seconds")], ["case", pack.case.name]]
    for key, value in pack.manifest.items():
        if isinstance(value, Mapping):
            rows += [
                [f"{key}.{inner}", item if isinstance(item, int | float) else str(item)]
                for inner, item in value.items()
            ]
        else:
            rows.append([key, value if isinstance(value, int | float) else str(value)])
    rows += [[f"{name}.input_hash", plan.result.input_hash] for name, plan in pack.plans.items()]
    heads = [Column(words("Key")), Column(words("Value"), "auto")]
    title = words("How this workbook was made")
    return Content(words("Manifest"), title, [], [Table(title, heads, rows)])
