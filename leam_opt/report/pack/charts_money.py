"""Charts of money: cash-flow waterfall, sources and uses, who finances and who bears, bridges between scenarios."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from leam_opt.report.pack.charts import (
    LEGEND_ABOVE,
    SMALL_MEUR,
    Chart,
    Table,
    above,
    amounts,
    axis,
    figure,
    height_of,
    legend_height,
    names,
    plain,
    rows_axis,
    steps_figure,
    wrapped,
)
from leam_opt.report.pack.labels import instrument_title, label
from leam_opt.report.pack.palette import UNFUNDED_LOOK, Look, looks
from leam_opt.solve.plan import Plan
from leam_opt.words import Words

if TYPE_CHECKING:
    import pandas as pd

    from leam_opt.report.bridge import Bridge

_INTEREST = ("arrangement_fees", "construction_interest", "interest", "guarantee_fees")
_ROOM = 0.07
"""Least share of the axis of a bar that carries its figure."""


def item_title(plan: Plan, item: str, words: Words) -> str:
    """A source or use: an instrument by the title that the case gives it, anything else by its name."""
    return instrument_title(plan.case, item) if item in plan.case.funding.instruments else label(item, words)


def item_looks(plans: Iterable[Plan]) -> dict[str, Look]:
    """Looks of sources: an instrument looks the same in every chart and scenario."""
    found = looks(name for plan in plans for name in plan.case.funding.instruments)
    return {**found, **looks([*found, "revenue", "cash_decrease"]), "unfunded_gap": UNFUNDED_LOOK}


def cash_steps(plan: Plan) -> list[tuple[str, float]]:
    """From the money that comes in to the cash that is left at the horizon, M EUR: flows of both companies together.

    The last step is the cash; the steps before add up to it. Steps below half a thousand euros are left out.
    """
    flows = {name: float(values.sum()) for name, values in plan.accounts.books.money.flows.items()}
    totals = plan.accounts.totals
    steps = {
        "public": totals["public_money_meur"],
        "private": totals["private_money_meur"],
        "unfunded_gap": flows["unfunded_gap"],
        "revenue": flows["revenue"],
        "capex": flows["capex"],
        "opex": flows["opex"],
        "interest": sum(flows[name] for name in _INTEREST),
        "repayment": flows["repayment"],
        "corporate_tax": flows["corporate_tax"],
        "dividends": flows["dividends"],
        "redemption": flows["redemption"],
    }
    cash = float(plan.accounts.books.money.cash_end[:, -1].sum())
    return [*((name, value) for name, value in steps.items() if abs(value) > SMALL_MEUR), ("cash", cash)]


def cash_waterfall(plan: Plan, words: Words) -> Chart:
    """Where the money of the whole horizon comes from, where it goes, and what is left."""
    titles = {
        "public": words("Public money"),
        "private": words("Private money"),
        "interest": words("Interest and fees"),
        "cash": words("Cash left at the end"),
    }
    steps = cash_steps(plan)
    labels = [titles.get(name) or label(name, words) for name, _ in steps]
    values = [value for _, value in steps]
    measures = ["relative"] * (len(steps) - 1) + ["total"]
    paid_in = sum(value for name, value in steps[:-1] if name in ("public", "private", "unfunded_gap"))
    flows = dict(steps)
    says = words(
        "Over the whole horizon {funds} come from funders and {revenue} from customers; {capex} go into machines and "
        "buildings, {opex} into operation; {cash} stay in the till.",
        funds=words.money(paid_in),
        revenue=words.money(flows.get("revenue", 0.0)),
        capex=words.money(-flows.get("capex", 0.0)),
        opex=words.money(-flows.get("opex", 0.0)),
        cash=words.money(values[-1]),
    )
    rows = [
        [name, words.signed(value, 3) if measure == "relative" else words.number(value, 3)]
        for name, value, measure in zip(labels, values, measures, strict=True)
    ]
    table = Table(
        words("Cash over the whole horizon, both companies, M€"),
        [words("Step"), words("M€")],
        rows,
        strong=frozenset({len(rows) - 1}),
    )
    made = steps_figure(words, labels, values, measures, rise_is_good=True)
    return Chart("cash-waterfall", words("Cash-flow waterfall"), says, made, table)


def sources(plan: Plan, styles: Mapping[str, Look], words: Words) -> Chart:
    """Where the money of each year comes from."""
    frame = plan.accounts.sources_and_uses
    chosen = frame[frame["side"] == "source"]
    first, total = int(chosen["year"].min()), float(chosen["meur"].sum())
    says = words(
        "{first} of the {total} of all years come in {year}, the first year.",
        first=words.money(float(chosen[chosen["year"] == first]["meur"].sum())),
        total=words.money(total),
        year=first,
    )
    return _yearly(plan, "source", styles, ("sources", words("Sources by year"), says), words)


def uses(plan: Plan, words: Words) -> Chart:
    """What the money of each year is used for; a year has as many uses as sources."""
    frame = plan.accounts.sources_and_uses
    chosen = frame[frame["side"] == "use"]
    by_item = chosen.groupby("item", sort=False)["meur"].sum()
    most = str(by_item.idxmax())
    says = words(
        "Every year has as many uses as sources. The largest use of all years: {item}, {money}.",
        item=item_title(plan, most, words),
        money=words.money(float(by_item[most])),
    )
    return _yearly(plan, "use", looks(chosen["item"]), ("uses", words("Uses by year"), says), words)


def _yearly(plan: Plan, side: str, styles: Mapping[str, Look], told: tuple[str, str, str], words: Words) -> Chart:
    """Stacked bars of one side by year; `told` is key, title and message."""
    frame = plan.accounts.sources_and_uses
    years = sorted(frame["year"].unique().tolist())
    items = _by_item(frame, side, years)
    top = float(frame.groupby(["year", "side"])["meur"].sum().max())
    data: list[dict[str, Any]] = []
    for item, values in items.items():
        title = plain(item_title(plan, item, words))
        data.append(
            {
                "type": "bar",
                "name": title,
                "x": [str(year) for year in years],
                "y": values,
                "marker": styles[item].bar,
                "hovertemplate": f"{_safe(title)}, %{{x}}: %{{y:,.1f}} {words('M€')}<extra></extra>",
            }
        )
    totals = [sum(values[place] for values in items.values()) for place in range(len(years))]
    data.append(above([str(year) for year in years], totals, words))
    made = figure(
        words,
        data,
        height=340 + legend_height([str(trace.get("name", "")) for trace in data[:-1]]),
        barmode="stack",
        showlegend=True,
        xaxis=names(),
        yaxis=amounts(words("M€"), range=[0, top * 1.12]),
        legend=LEGEND_ABOVE,
    )
    key, title, says = told
    rows = [(item_title(plan, item, words), values) for item, values in items.items()]
    table = _years_table(f"{title}, {words('M€')}", words("Item"), years, rows, words)
    return Chart(key, title, says, made, table)


def _by_item(frame: pd.DataFrame, side: str, years: Sequence[int]) -> dict[str, list[float]]:
    chosen = frame[frame["side"] == side]
    wide = chosen.pivot_table(index="item", columns="year", values="meur", aggfunc="sum", sort=False)
    return {
        str(item): [float(wide.loc[item].get(year, 0.0)) for year in years]
        for item in wide.index
        if wide.loc[item].abs().max() > SMALL_MEUR
    }


def _years_table(
    caption: str, first: str, years: Sequence[int], rows: Sequence[tuple[str, Sequence[float]]], words: Words
) -> Table:
    cells = [
        [name, *(words.number(value, 3) for value in values), words.number(sum(values), 3)] for name, values in rows
    ]
    return Table(caption, [first, *map(str, years), words("Total")], cells)


def funding(plans: Mapping[str, Plan], styles: Mapping[str, Look], words: Words) -> Chart:
    """Who finances each scenario: draws of every instrument over the horizon, and what stays unfunded."""
    drawn = {name: _drawn(plan) for name, plan in plans.items()}
    items = list(dict.fromkeys(item for amounts_of in drawn.values() for item in amounts_of))
    titles = {item: _title_in(plans, item, words) for item in items}
    most = max(sum(each.values()) for each in drawn.values())
    data = [
        {
            "type": "bar",
            "orientation": "h",
            "name": plain(titles[item]),
            "y": list(range(len(plans))),
            "x": [drawn[name].get(item, 0.0) for name in plans],
            "marker": styles[item].bar,
            "text": [_inside(drawn[name].get(item, 0.0), most, words) for name in plans],
            "textposition": "inside",
            "insidetextanchor": "middle",
            "textangle": 0,
            "constraintext": "none",
            "textfont": {"size": 12, "color": styles[item].text},
            "customdata": [plain(name) for name in plans],
            "hovertemplate": f"%{{customdata}}, {_safe(plain(titles[item]))}: %{{x:,.1f}} {words('M€')}<extra></extra>",
        }
        for item in items
    ]
    made = figure(
        words,
        data,
        height=height_of(round(1.5 * len(plans))) + legend_height(list(titles.values())),
        barmode="stack",
        showlegend=True,
        xaxis=amounts(words("M€ over the horizon")),
        yaxis=rows_axis([wrapped(name, 16) for name in plans]),
        legend=LEGEND_ABOVE,
    )
    best = next(iter(plans))
    share = plans[best].accounts.totals["public_funding_share"]
    says = words(
        "In the best scenario, {best}, the public gives {share} of the money drawn ({public} of {total}).",
        best=best,
        share=words.percent(share),
        public=words.money(plans[best].public_money_meur),
        total=words.money(plans[best].public_money_meur + plans[best].accounts.totals["private_money_meur"]),
    )
    rows = [[titles[item], *(words.number(drawn[name].get(item, 0.0), 3) for name in plans)] for item in items]
    rows.append([words("Total"), *(words.number(sum(drawn[name].values()), 3) for name in plans)])
    table = Table(
        words("Money drawn over the horizon by scenario, M€"),
        [words("Instrument"), *plans],
        rows,
        strong=frozenset({len(rows) - 1}),
    )
    return Chart("funding", words("Who finances each scenario"), says, made, table)


def _inside(meur: float, most: float, words: Words) -> str:
    """The figure inside a bar that is long enough for it."""
    return words.number(meur) if meur > _ROOM * most else ""


def _drawn(plan: Plan) -> dict[str, float]:
    """Draws over the horizon by instrument, and the gap; without what is nothing."""
    names_of = plan.accounts.books.inputs.structure.index.instruments
    drawn = dict(zip(names_of, map(float, plan.decisions.draws_meur.sum(axis=-1)), strict=True))
    drawn["unfunded_gap"] = plan.unfunded_gap_meur
    return {name: meur for name, meur in drawn.items() if meur > SMALL_MEUR}


def _title_in(plans: Mapping[str, Plan], item: str, words: Words) -> str:
    """Title of an instrument in the first scenario that knows it."""
    for plan in plans.values():
        if item in plan.case.funding.instruments:
            return instrument_title(plan.case, item)
    return label(item, words)


def bearers(plans: Mapping[str, Plan], styles: Mapping[str, Look], words: Words) -> Chart:
    """What each party bears over the horizon, net of what comes back to it; negative is a gain."""
    net = {name: plan.accounts.bearers.groupby("payer", sort=False)["net_meur"].sum() for name, plan in plans.items()}
    payers = list(dict.fromkeys(who for table in net.values() for who in table.index))
    payers = [who for who in payers if any(abs(float(table.get(who, 0.0))) > SMALL_MEUR for table in net.values())]
    labels = [label(who, words) for who in payers]
    width = 0.8 / len(plans)
    data = [
        {
            "type": "bar",
            "orientation": "h",
            "name": plain(name),
            "y": (np.arange(len(payers)) + (place - (len(plans) - 1) / 2) * width).tolist(),
            "x": [float(table.get(who, 0.0)) for who in payers],
            "width": width * 0.9,
            "marker": styles[name].bar,
            "customdata": [plain(text) for text in labels],
            "hovertemplate": f"{_safe(plain(name))}, %{{customdata}}: %{{x:,.1f}} {words('M€')}<extra></extra>",
        }
        for place, (name, table) in enumerate(net.items())
    ]
    made = figure(
        words,
        data,
        height=height_of(round(len(payers) * max(len(plans) * 0.55, 1)), 320),
        showlegend=True,
        xaxis=axis(words("M€ over the horizon, paid less received"), tickformat=",~r"),
        yaxis=rows_axis([wrapped(text, 16) for text in labels]),
        legend=LEGEND_ABOVE,
    )
    best = next(iter(plans))
    most = max(payers, key=lambda who: float(net[best].get(who, 0.0)))
    says = words(
        "In {best} the largest part is borne by: {who}, {money} over the horizon. A negative bar is a gain.",
        best=best,
        who=label(most, words),
        money=words.money(float(net[best][most])),
    )
    rows = [
        [text, *(words.number(float(table.get(who, 0.0)), 3) for table in net.values())]
        for who, text in zip(payers, labels, strict=True)
    ]
    table = Table(words("Paid less received over the horizon, M€"), [words("Who"), *plans], rows)
    return Chart("bearers", words("Who bears which euro"), says, made, table)


def bridge(found: Bridge, start: str, end: str, key: str, words: Words, plan: Plan) -> Chart:
    """From the second best's figure to the best's: which lines make the difference.

    Args:
        found: start, changes, end.
        start: the second best scenario.
        end: the best scenario.
        key: `bridge` (deficit) or `bridge-public` (public money).
        words: the language.
        plan: a plan of the best scenario; its case knows the titles of instruments.
    """
    is_public = key == "bridge-public"
    figure_title = words("Public money") if is_public else words("Deficit")
    changes = [(item_title(plan, line, words), meur) for line, meur in found[1:-1] if abs(meur) > SMALL_MEUR]
    ends = [(f"{figure_title}, {name}", value) for name, (_, value) in ((start, found[0]), (end, found[-1]))]
    steps = [ends[0], *changes, ends[1]]
    measures = ["absolute", *["relative"] * len(changes), "total"]
    labels, values = [name for name, _ in steps], [value for _, value in steps]
    largest = sorted(changes, key=lambda item: -abs(item[1]))[:3]
    told = words.listed([f"{name} {words.signed(value)} {words('M€')}" for name, value in largest])
    says = words(
        "{what} of {end} is {difference} {side} than that of {start}; the largest changes: {told}.",
        what=figure_title,
        end=end,
        start=start,
        difference=words.money(abs(values[-1] - values[0])),
        side=words("lower") if values[-1] <= values[0] else words("higher"),
        told=told or "–",
    )
    running, rows = 0.0, []
    for name, value, measure in zip(labels, values, measures, strict=True):
        running = running + value if measure == "relative" else value
        rows.append([name, words.signed(value, 3) if measure == "relative" else "", words.number(running, 3)])
    title = words("Public money from {start} to {end}", start=start, end=end)
    if not is_public:
        title = words("Deficit from {start} to {end}", start=start, end=end)
    table = Table(
        f"{title}, {words('M€')}",
        [words("Line"), words("Change"), words("Running total")],
        rows,
        strong=frozenset({0, len(rows) - 1}),
    )
    made = steps_figure(words, labels, values, measures, rise_is_good=False)
    return Chart(key, title, says, made, table)


def _safe(text: str) -> str:
    """A text inside a hover template, where `%{` would begin a figure."""
    return text.replace("%{", "% {")
