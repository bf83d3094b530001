"""Parts of the page that explain: conflicts and repairs, rule prices, alternatives, trade-offs, reconciliation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from leam_opt.insight import alternatives_words, pareto_words, price_words
from leam_opt.report.pack import charts_insight
from leam_opt.report.pack.charts import Section, Table
from leam_opt.report.pack.content import Data, Pack
from leam_opt.words import N_, Words

_LEAD = 4
"""Sentences on prices before the chart; the others follow it."""
_LEAD = 4
"""Sentences on prices before the chart; the others follow it."""
VERDICTS = {
    "equal": N_("= equal"),
    "explained by rounding": N_("≈ explained by rounding"),
    "misprint in the paper": N_("≠ misprint in the paper"),
}


def _conflict(found: Data, words: Words) -> Section:
    # Brings the solver, which a page without a conflict does not need.
    from leam_opt.insight.conflict import rule_text
    from leam_opt.insight.repairs import changes_text, sentences

    tables: list[Table] = []
    lead: list[str] = []
    for each in (found, *found.get("others", ())):
        told = sentences(each, words)
        lead += [f"{each['scenario']}: {sentence}" for sentence in told[: 1 if each["repairs"] else None]]
        rules = [[rule_text(rule, words), str(rule.get("path") or "–")] for rule in each["rules"]]
        caption = words("{scenario}: rules that cannot hold together", scenario=each["scenario"])
        tables.append(Table(caption, [words("Rule"), words("Figure")], rows=rules, texts=2))
        if each["repairs"]:
            texts = [changes_text(repair, words) for repair in each["repairs"]]
            tables.append(_repairs(each, texts, words))
    return Section("conflict", words("Rules in conflict, and repairs"), lead, tables=[t for t in tables if t.rows])


def _repairs(found: Data, texts: Sequence[str], words: Words) -> Table:
    money = [[repair[f"{n}_meur"] for n in ("deficit", "unfunded_gap", "public_money")] for repair in found["repairs"]]
    rows = [[text, *(words.number(value, 2) for value in values)] for text, values in zip(texts, money, strict=True)]
    head = [words("Repair"), words("Deficit, M€"), words("Unfunded gap, M€"), words("Public money, M€")]
    return Table(words("{scenario}: repairs, cheapest first", scenario=found["scenario"]), head, rows)


def _prices(found: Data, words: Words) -> Section | None:
    if not found["rules"]:
        return None
    chart = charts_insight.prices(found, words)
    tables: Sequence[Table] = () if chart else (charts_insight.price_table(found, words),)
    told = price_words.sentences(found, words)
    charts = [chart] if chart else ()
    return Section("prices", words("What rules cost"), told[:_LEAD], charts, tables, told[_LEAD:])


def _alternatives(found: Data, words: Words) -> Section | None:
    lead = alternatives_words.sentences(found, words)
    shared = [
        [
            charts_insight.feature_text(each["feature"], found, words),
            words("proven") if each["proven"] else words("in all plans found"),
        ]
        for each in found["shared"]
    ]
    tables = (
        [Table(words("What all near-optimal plans share"), [words("Feature"), words("How sure")], shared, texts=2)]
        if shared
        else []
    )
    charts = [charts_insight.alternatives(found, words)] if found["plans"] else []
    if not charts and not tables and not lead:
        return None
    return Section("alternatives", words("Near-optimal plans"), lead, charts, tables)


def _pareto(found: Data, words: Words) -> Section | None:
    if len(found["objectives"]) < 2:
        return None
    chart = charts_insight.pareto(found, words)
    return Section("pareto", words("Trade-offs"), pareto_words.sentences(found, words), [chart]) if chart else None


def _reconciliation(found: Data, words: Words) -> Section | None:
    if not found["rows"]:
        return None
    counts = Counter(row["verdict"] for row in found["rows"])
    lead = [
        words(
            "Of {count} printed figures {equal} are equal, {rounded} follow with the stated rounding, {misprints} do "
            "not follow.",
            count=words.number(len(found["rows"]), 0),
            equal=words.number(counts.get("equal", 0), 0),
            rounded=words.number(counts.get("explained by rounding", 0), 0),
            misprints=words.number(counts.get("misprint in the paper", 0), 0),
        )
    ]
    rows = [
        [
            row["id"],
            f"{row['item']}, {row['unit']}",
            _verdict(row["verdict"], words),
            *(_pair(row, name, words) for name in ("paper", "exact", "rounded")),
        ]
        for row in found["rows"]
    ]
    head = [
        words("No."),
        words("Figure"),
        words("Verdict"),
        words("Paper"),
        words("Exact"),
        words("Rounded as the paper does"),
    ]
    tables = [Table(words("The paper's figures beside the ledger's (low to high)"), head, rows, texts=3)]
    if found["findings"]:
        hidden = [[str(each["title"]), str(each["text"])] for each in found["findings"]]
        title = words("What the paper's figures hide")
        tables.append(Table(title, [words("Finding"), words("Explanation")], hidden, texts=2))
    return Section("reconciliation", words("Reconciliation with the paper"), lead, tables=tables)


def _verdict(verdict: str, words: Words) -> str:
    return words(VERDICTS[verdict]) if verdict in VERDICTS else verdict


def _pair(row: Data, name: str, words: Words) -> str:
    low, high = row[f"{name}_low"], row[f"{name}_high"]
    texts = [figure_text(value, words) for value in (low, high)]
    return texts[0] if texts[0] == texts[1] else words("{low} to {high}", low=texts[0], high=texts[1])


def figure_text(value: float | None, words: Words) -> str:
    """A figure without empty decimals: up to six of them, two from a thousand on."""
    if value is None:
        return "–"
    digits = 2 if abs(value) >= 1000 else 6
    rounded = round(value, digits)
    needed = next((count for count in range(digits + 1) if round(value, count) == rounded), digits)
    return words.number(value, needed)


MAKERS: Mapping[str, Callable[[Data, Words], Section | None]] = {
    "conflict": _conflict,
    "prices": _prices,
    "alternatives": _alternatives,
    "pareto": _pareto,
    "reconciliation": _reconciliation,
}
"""What makes the section of a part of the pack."""


def insight_sections(pack: Pack, words: Words) -> dict[str, Section]:
    """Parts by key; only those that there are."""
    made = {name: make(getattr(pack, name), words) for name, make in MAKERS.items() if getattr(pack, name)}
    return {name: part for name, part in made.items() if part is not None}
