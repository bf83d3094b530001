"""Charts of machines: servers and power over the years, and public use of the pools against its limit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from leam_opt.case.index import POOLS
from leam_opt.case.schema import Case
from leam_opt.report.pack.charts import LEGEND_ABOVE, Chart, Table, above, amounts, axis, figure, names, plain
from leam_opt.report.pack.labels import USES
from leam_opt.report.pack.palette import BLUE, INK, VERMILION, looks
from leam_opt.solve.plan import Plan
from leam_opt.words import Words


def _type_title(case: Case, name: str) -> str:
    return case.server_types[name].title or name


def servers(plans: Mapping[str, Plan], words: Words) -> Chart:
    """Servers in service by type and year of the best plan, with the power that they and their site take below."""
    name, plan = next(iter(plans.items()))
    frame = plan.accounts.servers.groupby(["type", "year"], sort=False)["servers"].sum().unstack("year")
    frame = frame[frame.max(axis=1) > 0.5]
    years = [str(year) for year in plan.accounts.by_year.index]
    styles = looks(plan.case.server_types)
    top = float(frame.sum().max()) if len(frame) else 1.0
    data: list[dict[str, Any]] = [
        {
            "type": "bar",
            "name": plain(_type_title(plan.case, str(kind))),
            "x": years,
            "y": [float(value) for value in row],
            "marker": styles[str(kind)].bar,
            "hovertemplate": f"%{{x}}: %{{y:,.0f}} {words('servers')}<extra></extra>",
        }
        for kind, row in frame.iterrows()
    ]
    totals = [float(value) for value in frame.sum()]
    data.append(above(years, totals, words, 0))
    power = plan.accounts.energy.groupby("year")[["it_power_mw", "grid_power_mw"]].sum()
    lines = (
        ("grid_power_mw", words("Grid power"), VERMILION, "dash", "diamond", "top center"),
        ("it_power_mw", words("IT power"), BLUE, "solid", "circle", "bottom center"),
    )
    for column, title, colour, dash, symbol, place in lines:
        values = [float(value) for value in power[column]]
        data.append(
            {
                "type": "scatter",
                "mode": "lines+markers+text",
                "name": title,
                "x": years,
                "y": values,
                "xaxis": "x2",
                "yaxis": "y2",
                "cliponaxis": False,
                "text": [words.number(value, 2) for value in values],
                "textposition": place,
                "textfont": {"size": 11, "color": INK},
                "line": {"color": colour, "width": 2.5, "dash": dash},
                "marker": {"symbol": symbol, "size": 8, "color": colour, "line": {"color": INK, "width": 0.6}},
                "hovertemplate": f"{title}, %{{x}}: %{{y:,.2f}} MW<extra></extra>",
            }
        )
    peak = float(power["grid_power_mw"].max()) or 1.0
    made = figure(
        words,
        data,
        height=560,
        barmode="stack",
        showlegend=True,
        xaxis=names(anchor="y"),
        xaxis2=names(anchor="y2"),
        yaxis=amounts(words("Servers in service"), domain=[0.56, 1.0], range=[0, top * 1.14]),
        yaxis2=amounts(words("Power, MW"), domain=[0.0, 0.42], range=[0, peak * 1.22]),
        legend=LEGEND_ABOVE,
    )
    says = words(
        "The best plan, {name}, has {first} servers in {year} and {last} in {end}; they take {mw} MW of IT power and "
        "{grid} MW from the grid at the end.",
        name=name,
        first=words.number(totals[0], 0) if totals else "0",
        year=years[0],
        last=words.number(totals[-1], 0) if totals else "0",
        end=years[-1],
        mw=words.number(float(power["it_power_mw"].iloc[-1]), 2),
        grid=words.number(float(power["grid_power_mw"].iloc[-1]), 2),
    )
    rows = [row for who, each in plans.items() for row in _machine_rows(who, each, words)]
    table = Table(
        words("Servers in service and power of every scenario"), [words("Scenario"), words("What"), *years], rows, 2
    )
    return Chart("servers", words("Servers and power"), says, made, table)


def _machine_rows(name: str, plan: Plan, words: Words) -> list[list[str]]:
    frame = plan.accounts.servers.groupby(["type", "year"], sort=False)["servers"].sum().unstack("year")
    rows = [
        [name, _type_title(plan.case, str(kind)), *(words.number(float(value), 0) for value in row)]
        for kind, row in frame.iterrows()
        if row.max() > 0.5
    ]
    power = plan.accounts.energy.groupby("year")[["it_power_mw", "grid_power_mw"]].sum()
    for column, title in (("it_power_mw", words("IT power, MW")), ("grid_power_mw", words("Grid power, MW"))):
        rows.append([name, title, *(words.number(float(value), 2) for value in power[column])])
    return rows


def public_shares(plan: Plan) -> dict[str, list[float | None]]:
    """Public share of the compute of each pool and of all together, by year; None where a pool delivers nothing."""
    frame = plan.accounts.compute
    wide = {pool: frame[frame["pool"] == pool].set_index("year")[["public_mgpuh", "private_mgpuh"]] for pool in POOLS}
    wide["all"] = frame.groupby("year")[["public_mgpuh", "private_mgpuh"]].sum()
    found: dict[str, list[float | None]] = {}
    for pool, table in wide.items():
        total = table.sum(axis=1)
        found[pool] = [
            float(public) / float(whole) if whole > 1e-9 else None
            for public, whole in zip(table["public_mgpuh"], total, strict=True)
        ]
    return {pool: shares for pool, shares in found.items() if any(share is not None for share in shares)}


def pool_use(name: str, plan: Plan, words: Words) -> Chart:
    """Public share of each pool by year, and the limit that the charitable status sets."""
    shares = public_shares(plan)
    years = [str(year) for year in plan.accounts.by_year.index]
    styles = looks(("core", "tuning", "inference", "all"))
    data: list[dict[str, Any]] = []
    for pool, values in shares.items():
        title, look = words(USES[pool]), styles[pool]
        data.append(
            {
                "type": "scatter",
                "mode": "lines+markers",
                "name": title,
                "x": years,
                "y": values,
                "line": {"color": look.colour, "width": 3 if pool in ("core", "all") else 2, "dash": look.dash},
                "marker": {"symbol": look.symbol, "size": 9, "color": look.colour, "line": {"color": INK, "width": 1}},
                "hovertemplate": f"{title}, %{{x}}: %{{y:.1%}}<extra></extra>",
            }
        )
    rule = plan.case.rules.public_use
    limit = rule.share_min.base
    scope = words(USES[rule.scope])
    is_active = rule.enabled
    line_title = words("Limit of {share} for: {scope}", share=words.percent(limit, 0), scope=scope)
    made = figure(
        words,
        data,
        height=420,
        showlegend=True,
        xaxis=names(),
        yaxis=axis(words("Public share of compute, %"), tickformat=".0%", range=[0, 1.06]),
        legend={"orientation": "h", "x": 0, "y": -0.12, "yanchor": "top", "traceorder": "normal"},
        shapes=[
            {
                "type": "line",
                "xref": "paper",
                "x0": 0,
                "x1": 1,
                "y0": limit,
                "y1": limit,
                "line": {"color": INK, "width": 2, "dash": "longdash"},
            }
        ],
        annotations=[
            {
                "xref": "paper",
                "x": 0,
                "xanchor": "left",
                "y": limit,
                "yanchor": "bottom",
                "yshift": 3,
                "text": plain(line_title),
                "showarrow": False,
                "font": {"size": 12, "color": INK},
                "bgcolor": "rgba(255,255,255,0.8)",
            }
        ],
    )
    known = [share for share in shares.get(rule.scope, []) if share is not None]
    least = min(known, default=None)
    if not is_active:
        says = words("Scenario {name} is not bound by the rule on public use.", name=name)
    else:
        says = words(
            "The rule asks for at least {limit} public use ({scope}); the plan of {name} has {least} in its worst "
            "year. All pools together: {all}.",
            limit=words.percent(limit),
            scope=scope,
            name=name,
            least=words.percent(least),
            all=words.percent(min((s for s in shares["all"] if s is not None), default=None)),
        )
    rows = [[words(USES[pool]), *(words.percent(share) for share in values)] for pool, values in shares.items()]
    table = Table(words("Public share of compute by pool and year"), [words("Pool"), *years], rows)
    return Chart("pool-use", words("Public use of the pools"), says, made, table)
