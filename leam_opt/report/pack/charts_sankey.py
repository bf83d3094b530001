"""The flow of money from those who pay, through instruments and companies, to what it buys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from leam_opt.case.index import ENTITIES
from leam_opt.report.pack.charts import SMALL_MEUR, Chart, Table, figure, wrapped
from leam_opt.report.pack.charts_money import item_title
from leam_opt.report.pack.palette import GREEN, INK, PURPLE, QUIET, SKY, STEEL, UNFUNDED, Look
from leam_opt.solve.plan import Plan
from leam_opt.words import Words

Link = tuple[str, str, float]
"""From, to, M EUR over the horizon."""

_PAID = ("interest", "construction_interest", "guarantee_fees", "arrangement_fees")
_OUT = {
    "repayment": "repayment",
    "corporate_tax": "corporate_tax",
    "dividends": "dividends",
    "redemption": "redemption",
}
_STAFF = ("operations_staff", "core_staff", "tuning_staff", "inference_staff")
_MAIN = 0.02
"""Lines of less than this share of all cost are taken together."""


def money_links(plan: Plan) -> list[Link]:
    """Every flow of the horizon, summed over the years, M EUR.

    Nodes are `payer:x`, `instrument:x`, `company:x` and `use:x`. What flows into an instrument or a company flows out
    of it again: cash at the horizon is a use.
    """
    links = [*_sources(plan), *_between(plan), *_uses(plan)]
    return [link for link in links if link[2] > SMALL_MEUR]


def _sources(plan: Plan) -> list[Link]:
    books = plan.accounts.books
    structure = books.inputs.structure
    links: list[Link] = []
    for number, name in enumerate(structure.index.instruments):
        drawn = float(plan.decisions.draws_meur[number].sum())
        terms = structure.instruments[number]
        links.append((f"payer:{terms.payer}", f"instrument:{name}", drawn))
        links.append((f"instrument:{name}", f"company:{ENTITIES[terms.entity]}", drawn))
    for number, company in enumerate(ENTITIES):
        gap = float(books.money.flows["unfunded_gap"][number].sum())
        links.append(("payer:unfunded", f"company:{company}", gap))
        for name, values in books.business.revenue.items():
            earned = float(values[number].sum())
            links.append(("payer:customers", f"instrument:{name}", earned))
            links.append((f"instrument:{name}", f"company:{company}", earned))
    return links


def _between(plan: Plan) -> list[Link]:
    """Fees and profits that one company pays the other, net."""
    flows = plan.accounts.books.money.flows
    names = ("fee_prepaid", "infrastructure_fee", "profit_transfer")
    to_first = float(sum(flows[name][0].sum() for name in names))
    first, second = (f"company:{name}" for name in ENTITIES)
    return [(second, first, to_first), (first, second, -to_first)]


def _uses(plan: Plan) -> list[Link]:
    books, lines = plan.accounts.books, plan.accounts.by_line
    flows = books.money.flows
    cost = lines[lines["category"].isin(["capex", "opex"])]
    total = float(cost["meur"].sum())
    links: list[Link] = []
    for number, company in enumerate(ENTITIES):
        spent: dict[str, float] = {}
        for name, row in cost.iterrows():
            use = "staff" if name in _STAFF else str(name)
            if use != "staff" and float(row["meur"]) < _MAIN * total:
                use = f"other_{row['category']}"
            spent[use] = spent.get(use, 0.0) + float(row[f"{company}_meur"])
        spent["finance"] = -float(sum(flows[name][number].sum() for name in _PAID))
        for name, use in _OUT.items():
            spent[use] = -float(flows[name][number].sum())
        spent["cash"] = float(books.money.cash_end[number, -1])
        links += [(f"company:{company}", f"use:{use}", meur) for use, meur in spent.items()]
    return links


def sankey(plan: Plan, styles: Mapping[str, Look], words: Words) -> Chart:
    """Money from payers to uses over the horizon of one plan."""
    links = money_links(plan)
    nodes = list(dict.fromkeys(name for start, end, _ in links for name in (start, end)))
    titles = [_title(plan, node, words) for node in nodes]
    through = {
        node: max(sum(m for s, _, m in links if s == node), sum(m for _, e, m in links if e == node)) for node in nodes
    }
    at = {node: place for place, node in enumerate(nodes)}
    unit = words("M€")
    trace: dict[str, Any] = {
        "type": "sankey",
        "arrangement": "snap",
        "valueformat": ",.1f",
        "valuesuffix": f" {unit}",
        "textfont": {"size": 12, "color": INK},
        "node": {
            "label": [
                f"{wrapped(title, 26)} {words.number(through[node])}" for title, node in zip(titles, nodes, strict=True)
            ],
            "color": [_colour(node, styles) for node in nodes],
            **_places(nodes, through),
            "pad": 14,
            "thickness": 14,
            "line": {"color": INK, "width": 0.4},
            "hovertemplate": f"%{{label}} {unit}<extra></extra>",
        },
        "link": {
            "source": [at[start] for start, _, _ in links],
            "target": [at[end] for _, end, _ in links],
            "value": [meur for _, _, meur in links],
            "color": ["rgba(61, 90, 115, 0.22)"] * len(links),
            "hovertemplate": f"%{{source.label}} → %{{target.label}}: %{{value:,.1f}} {unit}<extra></extra>",
        },
    }
    most = max(sum(node.startswith(kind) for node in nodes) for kind in ("payer:", "instrument:", "use:"))
    made = figure(words, [trace], height=max(520, 46 * most), margin={"l": 4, "r": 4, "t": 12, "b": 12})
    came = {node: through[node] for node in nodes if node.startswith("payer:")}
    first = max(came, key=lambda node: came[node])
    spent = {node: through[node] for node in nodes if node.startswith("use:")}
    largest = max(spent, key=lambda node: spent[node])
    says = words(
        "Most money comes from: {payer} ({paid}); the largest use is: {use} ({used}). Read from left to right: payers, "
        "instruments and revenue, companies, uses.",
        payer=_title(plan, first, words),
        paid=words.money(came[first]),
        use=_title(plan, largest, words),
        used=words.money(spent[largest]),
    )
    rows = [[_title(plan, start, words), _title(plan, end, words), words.number(meur, 3)] for start, end, meur in links]
    table = Table(
        words("Flows of money over the horizon, M€"), [words("From"), words("To"), words("M€")], rows, texts=2
    )
    return Chart("sankey", words("Flow of money"), says, made, table)


def _places(nodes: Sequence[str], through: Mapping[str, float]) -> dict[str, list[float | None]]:
    """Places of the companies left of the middle, so that their names have room before those of the uses.

    All other nodes find their own.
    """
    companies = [f"company:{name}" for name in ENTITIES]
    if not set(companies) <= set(nodes):
        return {}
    whole = sum(meur for node, meur in through.items() if node.startswith("payer:")) or 1.0
    heights = [0.75 * through[company] / whole for company in companies]
    x = dict(zip(companies, (0.62, 0.44), strict=True))
    y = dict(zip(companies, (0.06 + heights[0] / 2, 0.96 - heights[1] / 2), strict=True))
    return {"x": [x.get(node) for node in nodes], "y": [y.get(node) for node in nodes]}


def _title(plan: Plan, node: str, words: Words) -> str:
    _, _, name = node.partition(":")
    own = {
        "research": words("Research"),
        "service": words("Services"),
        "staff": words("Staff"),
        "finance": words("Interest and fees"),
        "cash": words("Cash left at the end"),
        "other_capex": words("Other capital expenditure"),
        "other_opex": words("Other operating cost"),
    }
    return own.get(name) or item_title(plan, name, words)


def _colour(node: str, styles: Mapping[str, Look]) -> str:
    kind, _, name = node.partition(":")
    if name == "unfunded":
        return UNFUNDED
    if kind == "instrument":
        return styles[name].colour if name in styles else GREEN
    return {"payer": STEEL, "company": PURPLE, "use": SKY}.get(kind, QUIET)
