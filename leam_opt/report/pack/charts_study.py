"""Charts of a study's answers: shares, spreads, indices and regret."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from leam_opt.report.pack.charts import (
    LEGEND_ABOVE,
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
from leam_opt.report.pack.palette import BLUE, HATCH, INK, ORANGE, QUIET, bar_of
from leam_opt.words import N_, Words

_MOST = 15
_OUTPUTS = {
    "deficit_meur": N_("Deficit"),
    "unfunded_gap_meur": N_("Unfunded gap"),
    "public_money_meur": N_("Public money"),
    "private_money_meur": N_("Private money"),
    "gross_cost_meur": N_("Gross cost"),
    "revenue_meur": N_("Revenue"),
    "servers": N_("Servers"),
    "public_gpu_hours_million": N_("Public compute, million GPU-hours"),
    "cost_per_public_gpu_hour_eur": N_("Deficit per public GPU-hour"),
    "energy_gwh": N_("Energy"),
    "public_funding_share": N_("Public share of money drawn"),
    "core_models_total": N_("Core models"),
}


def who(found: Data) -> str:
    """Scenario, and the plan where one is held."""
    return ", ".join(str(found[name]) for name in ("scenario", "plan") if found.get(name))


def output_title(output: str, study: Data, words: Words, *, with_unit: bool = True) -> str:
    """An output with its unit."""
    known = study["answers"].get("outputs", {}).get(output, {"words": output, "unit": ""})
    title = words(_OUTPUTS[output]) if output in _OUTPUTS else str(known["words"])
    unit = unit_text(str(known["unit"]), words)
    return f"{title}, {unit}" if unit and with_unit else title


def unit_text(unit: str, words: Words) -> str:
    """A unit of an output; none for counts and shares."""
    return "" if unit in ("", "share", "servers", "million") else words(unit) if unit == "M€" else unit


def value_text(value: float | None, unit: str, words: Words, digits: int = 2) -> str:
    """A figure of an output, a share as a percentage."""
    return words.percent(value) if unit == "share" else words.number(value, digits)


def plain_number(value: float | None, words: Words) -> str:
    """As many decimals as are needed, six at most."""
    if value is None:
        return "–"
    needed = next((count for count in range(7) if round(value, count) == round(value, 6)), 6)
    return words.number(value, needed)


def ranking(found: Data, key: str, words: Words) -> Chart:
    """In which share of the points each scenario is best."""
    listing = [(each["scenario"], each["share"], each["points"]) for each in found["best"]]
    open_share = found["undecided"] / found["counted"] if found["counted"] else None
    listing.append((words("undecided"), open_share, found["undecided"]))
    labels = [str(name) for name, _, _ in listing]
    trace = {
        "type": "bar",
        "orientation": "h",
        "y": list(range(len(listing))),
        "x": [share or 0.0 for _, share, _ in listing],
        "text": [words.percent(share) for _, share, _ in listing],
        "textposition": "outside",
        "cliponaxis": False,
        "marker": bar_of(BLUE),
        "hovertemplate": "%{x:.1%}<extra></extra>",
    }
    made = figure(
        words,
        [trace],
        height=height_of(len(listing), 240),
        xaxis=amounts(words("Share of points at which it is best"), range=[0, 1.12]),
        yaxis=rows_axis([wrapped(name, 16) for name in labels]),
    )
    made["layout"]["xaxis"]["tickformat"] = ".0%"
    first = max(found["best"], key=lambda each: each["share"] or 0.0)
    says = words(
        "{name} is best at {share} of {points} points.",
        name=first["scenario"],
        share=words.percent(first["share"]),
        points=words.number(found["points"], 0),
    )
    rows = [[name, words.number(points, 0), words.percent(share)] for name, share, points in listing]
    table = Table(words("Best scenario by point"), [words("Scenario"), words("Points"), words("Share")], rows)
    return Chart(key, words("Which scenario is best"), says, made, table)


def spread(found: Data, study: Data, words: Words) -> Chart | None:
    """The first output by scenario and plan: its median and what most runs lie between."""
    groups = [group for group in found["groups"] if any(each["all"] for each in group["outputs"].values())]
    if not groups:
        return None
    output = next(iter(groups[0]["outputs"]))
    shown = [group for group in groups if group["outputs"][output]["all"]][:_MOST]
    if not shown:
        return None
    unit = str(shown[0]["outputs"][output]["unit"])
    labels = [who(group) for group in shown]
    stats = [group["outputs"][output]["all"] for group in shown]
    low = [each["quantiles"][0]["value"] for each in stats]
    high = [each["quantiles"][-1]["value"] for each in stats]
    middle = [each["mean"] for each in stats]
    trace = {
        "type": "scatter",
        "mode": "markers+text",
        "x": middle,
        "y": list(range(len(shown))),
        "text": [value_text(value, unit, words, 1) for value in middle],
        "textposition": "top center",
        "textfont": {"size": 12, "color": INK},
        "marker": {"symbol": "diamond", "size": 12, "color": BLUE, "line": {"color": INK, "width": 1}},
        "error_x": {
            "type": "data",
            "symmetric": False,
            "array": [end - at for end, at in zip(high, middle, strict=True)],
            "arrayminus": [at - end for end, at in zip(low, middle, strict=True)],
            "color": QUIET,
            "thickness": 3,
            "width": 7,
        },
        "cliponaxis": False,
        "hovertemplate": "%{x:,.2f}<extra></extra>",
    }
    title = output_title(output, study, words)
    made = figure(
        words,
        [trace],
        height=height_of(round(len(shown) * 1.6), 240),
        xaxis=axis(title, tickformat=".0%" if unit == "share" else ",~r", zeroline=False),
        yaxis=rows_axis([wrapped(text, 20) for text in labels]),
    )
    levels = found["levels"]
    says = words(
        "Diamonds are means over the runs, bars reach from the {low} to the {high} quantile; {first} has a mean of "
        "{mean}.",
        low=words.percent(levels[0], 0),
        high=words.percent(levels[-1], 0),
        first=labels[0],
        mean=f"{value_text(middle[0], unit, words)} {unit_text(unit, words)}".strip(),
    )
    rows = []
    for group in groups:
        for name, each in group["outputs"].items():
            if each["all"]:
                figures = [each["all"][part] for part in ("mean", "sd", "min")]
                figures += [quantile["value"] for quantile in each["all"]["quantiles"]] + [each["all"]["max"]]
                cells = (value_text(value, str(each["unit"]), words) for value in figures)
                rows.append([who(group), output_title(name, study, words), *cells])
    head = [words("Scenario, plan"), words("Output"), words("Mean"), words("Standard deviation"), words("Least")]
    head += [words.percent(level, 0) for level in levels] + [words("Most")]
    return Chart(
        "study-spread", words("Results of the runs"), says, made, Table(words("Outputs of all runs"), head, rows, 2)
    )


def indices(found: Data, study: Data, key: str, words: Words) -> Chart | None:
    """Sobol's indices: which figures explain the variance, alone and together with others."""
    rows = [each for each in found["factors"] if each["total"] is not None]
    if not rows:
        return None
    shown = rows[:_MOST]
    title = output_title(found["output"], study, words, with_unit=False)
    made = _pairs(
        shown,
        ("total", "first"),
        (words("together with others"), words("alone")),
        words("Share of the variance"),
        words,
    )
    says = words(
        "{factor} explains most of the variance of: {what} ({share} together with others).",
        factor=shown[0]["factor"],
        what=title,
        share=words.percent(shown[0]["total"]),
    )
    cells = [
        [each["factor"], *(words.percent(each[n]) for n in ("first", "first_confidence", "total", "total_confidence"))]
        for each in rows
    ]
    head = [words("Figure"), words("Alone"), "±", words("Together with others"), "±"]
    name = f"{who(found)}: {title}"
    return Chart(key, name, says, made, Table(words("Sobol's indices with 95 % intervals"), head, cells))


def effects(found: Data, study: Data, key: str, words: Words) -> Chart | None:
    """Elementary effects: by how much a figure moves the output over its whole range, on average."""
    rows = [each for each in found["factors"] if each["mu_star"] is not None]
    if not rows:
        return None
    shown, unit = rows[:_MOST], str(found["unit"])
    title = output_title(found["output"], study, words)
    made = _pairs(shown, ("mu_star",), (words("mean size of the effect"),), title, words, unit)
    says = words(
        "{factor} moves the result most over its range: by {size} on average.",
        factor=shown[0]["factor"],
        size=f"{value_text(shown[0]['mu_star'], unit, words)} {unit_text(unit, words)}".strip(),
    )
    names = ("mu_star", "mu_star_confidence", "mu", "sigma")
    cells = [[each["factor"], *(value_text(each[name], unit, words) for name in names)] for each in rows]
    head = [words("Figure"), words("Mean size"), "±", words("Mean"), words("Standard deviation")]
    return Chart(key, f"{who(found)}: {title}", says, made, Table(words("Elementary effects"), head, cells))


def _pairs(
    rows: Sequence[Data], columns: Sequence[str], titles: Sequence[str], unit: str, words: Words, kind: str = "share"
) -> dict[str, Any]:
    """Horizontal bars, one group a factor, with the half-widths of their intervals."""
    width = 0.8 / len(columns)
    data = []
    for place, (column, title) in enumerate(zip(columns, titles, strict=True)):
        data.append(
            {
                "type": "bar",
                "orientation": "h",
                "name": plain(title),
                "y": [at + (place - (len(columns) - 1) / 2) * width for at in range(len(rows))],
                "x": [each[column] for each in rows],
                "width": width * 0.9,
                "error_x": {
                    "type": "data",
                    "array": [each[f"{column}_confidence"] for each in rows],
                    "color": QUIET,
                    "thickness": 1.2,
                    "width": 3,
                },
                "marker": bar_of(BLUE) if place == 0 else bar_of(ORANGE, "/"),
                "customdata": [plain(str(each["factor"])) for each in rows],
                "hovertemplate": f"%{{customdata}}: %{{x:{'.1%' if kind == 'share' else ',.2f'}}}<extra></extra>",
            }
        )
    made = figure(
        words,
        data,
        height=height_of(round(len(rows) * max(1.0, 0.8 * len(columns))), 280),
        showlegend=len(columns) > 1,
        xaxis=amounts(unit),
        yaxis=rows_axis([wrapped(str(each["factor"]), 24) for each in rows]),
        legend=LEGEND_ABOVE,
    )
    if kind == "share":
        made["layout"]["xaxis"]["tickformat"] = ".0%"
    return made


def regret(found: Data, study: Data, key: str, words: Words) -> Chart | None:
    """The largest regret of each plan; the plan of least regret is marked by a sign and by its place."""
    plans = [each for each in found["plans"] if each["all"]]
    plans.sort(key=lambda each: (each["plan"] != found["minimax"], each["all"]["max"]))
    if not plans:
        return None
    shown, unit = plans[:_MOST], str(found["unit"])
    labels = [f"{each['plan']} ★" if each["plan"] == found["minimax"] else str(each["plan"]) for each in shown]
    values = [each["all"]["max"] for each in shown]
    trace = {
        "type": "bar",
        "orientation": "h",
        "y": list(range(len(shown))),
        "x": values,
        "text": [value_text(value, unit, words, 1) for value in values],
        "textposition": "outside",
        "cliponaxis": False,
        "marker": {
            **bar_of(BLUE),
            "pattern": {
                "shape": ["" if each["eligible"] else "/" for each in shown],
                "fillmode": "overlay",
                **HATCH,
            },
        },
        "hovertemplate": "%{x:,.2f}<extra></extra>",
    }
    title = output_title(found["output"], study, words)
    most = max(0.0, *values)
    made = figure(
        words,
        [trace],
        height=height_of(len(shown), 240),
        xaxis=amounts(words("Largest regret: {what}", what=title), range=[0, most * 1.15 or 1.0]),
        yaxis=rows_axis([wrapped(text, 24) for text in labels]),
    )
    says = words("No plan has figures in all futures.")
    if found["minimax"] is not None:
        says = words(
            "{plan} (★) has the least regret over {futures} futures: at most {most}. Hatched plans do not keep all "
            "rules everywhere.",
            plan=found["minimax"],
            futures=words.number(found["futures"], 0),
            most=f"{value_text(shown[0]['all']['max'], unit, words)} {unit_text(unit, words)}".strip(),
        )
    rows = [
        [
            label,
            *(value_text(each["all"][name], unit, words) for name in ("max", "quantile_95", "mean")),
            words.percent(each["keeps_rules_share"]),
        ]
        for label, each in zip([str(each["plan"]) for each in plans], plans, strict=True)
    ]
    head = [words("Plan"), words("Largest"), words("95 %"), words("Mean"), words("Keeps all rules")]
    scenario = f"{found['scenario']}: " if found["scenario"] else ""
    return Chart(key, f"{scenario}{title}", says, made, Table(words("Regret of each plan"), head, rows))
