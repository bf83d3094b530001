"""Charts of explanations: what rules cost, near-optimal plans, and trade-offs."""

from __future__ import annotations

from typing import Any

from leam_opt.insight import price_words
from leam_opt.insight.features import text
from leam_opt.report.pack.charts import (
    SMALL_MEUR,
    Chart,
    Table,
    amounts,
    axis,
    figure,
    height_of,
    plain,
    rows_axis,
    wrapped,
)
from leam_opt.report.pack.content import Data
from leam_opt.report.pack.palette import BLUE, INK, bar_of
from leam_opt.words import N_, Words

MOST_RULES = 12
"""Bars of the chart of prices; every rule stands in its table."""

SAVED = {
    "deficit": N_("Deficit saved, M€"),
    "unfunded_gap": N_("Unfunded gap closed, M€"),
    "public_money_npv": N_("Public money saved, present value, M€"),
}
OF = {"deficit": N_("Deficit"), "unfunded_gap": N_("Unfunded gap"), "public_money_npv": N_("Public money")}
"""What a change saves of."""
UNITS = {"MEUR": N_("M€"), "MGPUh": N_("million GPU-hours"), "models": "", "kt": "kt"}


def objective_title(found: Data, words: Words) -> str:
    """`Deficit, M€`."""
    title = words(str(found["says"]))
    unit = UNITS.get(str(found["unit"]), str(found["unit"]))
    return f"{title[:1].upper()}{title[1:]}{', ' + words(unit) if unit else ''}"


def change_text(found: Data, words: Words) -> str:
    """How a rule is changed to find its price."""
    return price_words.changed(found, words) or words("without the rule")


def dearest(found: Data) -> list[Data]:
    """Rules that are proven to cost money, each by the change that saves most, the dearest first.

    All of one measure: where some rules keep money from being found at all, those; the deficit otherwise.
    """
    best: dict[str, Data] = {}
    for row in found["rules"]:
        saved = row.get("saves_meur")
        if saved is not None and row["verdict"] == "saves" and saved > SMALL_MEUR:
            key = f"{row['path']} {row['kind']} {row['names']}"
            if key not in best or saved > best[key]["saves_meur"]:
                best[key] = row
    ranked = sorted(best.values(), key=lambda row: (row["measure"] != "unfunded_gap", -row["saves_meur"]))
    return [row for row in ranked if row["measure"] == ranked[0]["measure"]]


def prices(found: Data, words: Words) -> Chart | None:
    """What each rule costs: the deficit that is saved without it, or with it moved; None where nothing is saved."""
    shown = dearest(found)[:MOST_RULES]
    if not shown:
        return None
    labels = [price_words.says(row, words) for row in shown]
    changes = [change_text(row, words) for row in shown]
    values = [float(row["saves_meur"]) for row in shown]
    title = SAVED.get(shown[0]["measure"], SAVED["deficit"])
    trace = {
        "type": "bar",
        "orientation": "h",
        "y": list(range(len(shown))),
        "x": values,
        "text": [words.number(value, 2) for value in values],
        "textposition": "outside",
        "cliponaxis": False,
        "textfont": {"size": 12, "color": INK},
        "marker": bar_of(BLUE),
        "customdata": [
            f"{wrapped(label, 60)}<br>→ {wrapped(change, 60)}" for label, change in zip(labels, changes, strict=True)
        ],
        "hovertemplate": f"%{{customdata}}<br>%{{x:,.2f}} {words('M€')}<extra></extra>",
    }
    made = figure(
        words,
        [trace],
        height=height_of(round(len(shown) * 2)),
        xaxis=amounts(words(title), range=[0, 1.18 * max(values)]),
        yaxis=rows_axis([wrapped(text, 30) for text in labels]),
    )
    says = words(
        "The dearest rule: {rule}. Changed to “{change}”, it saves {money} in a plan made anew.",
        rule=labels[0],
        change=changes[0],
        money=words.money(values[0], 2),
    )
    return Chart("prices", words("What rules cost"), says, made, price_table(found, words))


def price_table(found: Data, words: Words) -> Table:
    """Every change of a rule with its price by re-planning, and beside it the shadow price with whole numbers held."""
    rows = []
    for row in found["rules"]:
        shadow = row.get("shadow_price_meur")
        rows.append(
            [
                price_words.says(row, words),
                change_text(row, words),
                words.number(row.get("deficit_meur"), 3),
                words.number(row.get("saves_meur"), 3),
                words(OF.get(row["measure"], "–")),
                words.number(row.get("uncertainty_meur"), 3),
                "–" if shadow is None else f"{words.number(shadow, 4)} {words(str(row['shadow_unit']))}",
            ]
        )
    head = [words("Rule"), words("Changed to"), words("Deficit then, M€"), words("Saved, M€")]
    head += [words("Saved of"), words("Not proven, M€"), words("Shadow price with whole numbers held")]
    caption = words(
        "Prices of rules: plans made anew (deficit today {deficit})", deficit=words.money(found["deficit_meur"], 2)
    )
    return Table(caption, head, rows, texts=2)


def alternatives(found: Data, words: Words) -> Chart:
    """By how much the deficit of each near-optimal plan is above that of the best, beside the limit."""
    plans = found["plans"]
    names = [words("Alternative {number}", number=place) for place in range(1, len(plans) + 1)]
    values = [float(plan["extra_meur"]) for plan in plans]
    room = float(found["limit_meur"]) - float(found["deficit_meur"])
    trace = {
        "type": "bar",
        "orientation": "h",
        "y": list(range(len(plans))),
        "x": values,
        "marker": bar_of(BLUE),
        "customdata": names,
        "hovertemplate": f"%{{customdata}}: +%{{x:,.2f}} {words('M€')}<extra></extra>",
    }
    limit = {"type": "line", "x0": room, "x1": room, "yref": "paper", "y0": 0, "y1": 1}
    labels = [f"{name}: {words.signed(value, 2)}" for name, value in zip(names, values, strict=True)]
    made = figure(
        words,
        [trace],
        height=height_of(len(labels), 220),
        xaxis=amounts(words("Deficit above that of the best plan, M€"), range=[0, 1.06 * max(room, *values)]),
        yaxis=rows_axis(labels),
        shapes=[{**limit, "line": {"color": INK, "width": 1.5, "dash": "dash"}}],
    )
    says = words.plural(
        "One plan of another structure stays below the limit of {limit} (dashed line).",
        "{count} plans of another structure stay below the limit of {limit} (dashed line).",
        len(plans),
        limit=words.money(found["limit_meur"], 2),
    )
    table = alternative_table(found, [words("Best plan"), *names], words)
    return Chart("alternatives", words("Near-optimal plans"), says, made, table)


def feature_text(key: str, found: Data, words: Words) -> str:
    """A feature of a plan in words."""
    return text(found["catalogue"][key], words)


def alternative_table(found: Data, labels: list[str], words: Words) -> Table:
    """Near-optimal plans with what they have and lack against the best one."""
    none = "–"
    rows = [[labels[0], words.number(found["deficit_meur"], 3), none, none, none]]
    for title, plan in zip(labels[1:], found["plans"], strict=True):
        rows.append(
            [
                title,
                words.number(plan["deficit_meur"], 3),
                words.signed(plan["extra_meur"], 3),
                "; ".join(feature_text(key, found, words) for key in plan["gained"]) or none,
                "; ".join(feature_text(key, found, words) for key in plan["lost"]) or none,
            ]
        )
    head = [words("Plan"), words("Deficit, M€"), words("More than the best, M€"), words("Has"), words("Has not")]
    return Table(words("Near-optimal plans against the best one"), head, rows)


def pareto(found: Data, words: Words) -> Chart | None:
    """Plans of which none is better in everything: the two first objectives against each other."""
    first, second, *others = found["objectives"]
    points = [each for each in found["points"] if each["values"].get(first["name"]) is not None]
    if not points:
        return None
    points = sorted(points, key=lambda each: each["values"][first["name"]])
    x, y = ([float(each["values"][of["name"]]) for each in points] for of in (first, second))
    titles = [objective_title(each, words) for each in (first, second, *others)]
    told = [
        "<br>".join(
            f"{plain(title)}: {words.number(each['values'].get(of['name']), 2)}"
            for title, of in zip(titles, found["objectives"], strict=True)
        )
        for each in points
    ]
    trace: dict[str, Any] = {
        "type": "scatter",
        "mode": "lines+markers+text" if not others else "markers+text",
        "x": x,
        "y": y,
        "text": [str(place) for place in range(1, len(points) + 1)],
        "textposition": "top center",
        "textfont": {"size": 11, "color": INK},
        "cliponaxis": False,
        "line": {"color": BLUE, "width": 1.5, "dash": "dot", "shape": "linear"},
        "marker": {"size": 11, "color": BLUE, "symbol": "diamond", "line": {"color": INK, "width": 1}},
        "customdata": told,
        "hovertemplate": "%{customdata}<extra></extra>",
    }
    made = figure(
        words,
        [trace],
        height=440,
        xaxis=axis(_better(titles[0], first, words), tickformat=",~r", zeroline=False),
        yaxis=axis(_better(titles[1], second, words), tickformat=",~r", zeroline=False),
    )
    says = words(
        "{count} plans of which none is better in everything: from {x_low} to {x_high} ({x}) and from {y_low} to "
        "{y_high} ({y}). Axes do not begin at zero.",
        count=words.number(len(points), 0),
        x=titles[0],
        y=titles[1],
        x_low=words.number(min(x)),
        x_high=words.number(max(x)),
        y_low=words.number(min(y)),
        y_high=words.number(max(y)),
    )
    rows = [
        [
            str(place),
            *(words.number(each["values"].get(of["name"]), 3) for of in found["objectives"]),
            words.number(each.get("servers"), 0),
        ]
        for place, each in enumerate(points, start=1)
    ]
    table = Table(words("Points of the front"), [words("Point"), *titles, words("Servers")], rows)
    return Chart("pareto", words("Trade-offs"), says, made, table)


def _better(title: str, found: Data, words: Words) -> str:
    side = words("less is better") if found["sense"] == "min" else words("more is better")
    return f"{title} ({side})"
