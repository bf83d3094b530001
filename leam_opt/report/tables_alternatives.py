"""Terminal tables of near-optimal alternatives and of trade-offs, from the dictionaries that JSON carries too."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from rich.console import RenderableType
from rich.table import Table

from leam_opt.insight.alternatives_words import sentences as alternatives_sentences
from leam_opt.insight.features import WEIGHTS, text
from leam_opt.insight.pareto_words import sentences as pareto_sentences
from leam_opt.report.style import add_row, heading, number, paragraph, percent, table

Dict = Mapping[str, Any]

_UNITS = {"MEUR": ", M€", "MGPUh": ", million GPU-hours", "kt": ", kt", "models": ""}
_DIGITS = {"models": 0}
_MOST_CHANGES = 6
"""Features by which a plan differs that its row names; the weightier ones come first."""


def alternatives_view(data: Dict) -> Iterator[RenderableType]:
    """What all plans within the limit share, plans that differ, and what it takes to do otherwise.

    Args:
        data: of `Alternatives.to_dict`.
    """
    name = f"scenario {data['scenario']}: " if data["scenario"] else ""
    yield heading(f"{name}alternatives within {percent(data['within_share'])} of the gross cost")
    for sentence in alternatives_sentences(data):
        yield paragraph(sentence)
    if data["plans"]:
        yield _plans(data)
    yield _switches(data)
    yield paragraph("Every plan is complete, re-optimised for the least deficit, and audited by the ledger.")


def _plans(data: Dict) -> Table:
    columns = ["differs from the best plan", "extra, M€", "deficit, M€", "public money, M€", "servers", "gap"]
    made = table("Plans", columns, first="no.", texts=2)
    rows = [(data, "best plan", 0.0), *((plan, _changes(plan, data), plan["extra_meur"]) for plan in data["plans"])]
    for order, (plan, changes, extra) in enumerate(rows):
        figures = [number(extra), number(plan["deficit_meur"]), number(plan["public_money_meur"])]
        add_row(made, str(order), changes, *figures, number(plan["servers"], 0), percent(plan["mip_gap"], 4))
    return made


def _changes(plan: Dict, data: Dict) -> str:
    """The features by which a plan differs."""
    catalogue = data["catalogue"]
    signed = [("+", key) for key in plan["gained"]] + [("-", key) for key in plan["lost"]]
    signed.sort(key=lambda change: catalogue[change[1]]["kind"] not in WEIGHTS)
    told = [f"{sign} {text(catalogue[key])}" for sign, key in signed[:_MOST_CHANGES]]
    if len(signed) > len(told):
        told.append(f"and {len(signed) - len(told)} more")
    return "\n".join(told)


def _switches(data: Dict) -> Table:
    """Features that can be otherwise: whether the best plan has them, and what it takes at least to do otherwise."""
    made = table("What it takes to do otherwise", ["best plan", "extra, M€"], first="feature")
    for switch in data["switches"]:
        if switch["beyond"]:
            continue  # the sentences tell of them
        extra = "not known" if switch["extra_meur"] is None else number(switch["extra_meur"])
        add_row(made, text(data["catalogue"][switch["feature"]]), "no" if switch["to"] else "yes", extra)
    return made


def pareto_view(data: Dict) -> Iterator[RenderableType]:
    """The front in sentences, and its points.

    Args:
        data: of `Pareto.to_dict`.
    """
    first, second = data["objectives"]
    name = f"scenario {data['scenario']}: " if data["scenario"] else ""
    yield heading(f"{name}{first['says']} against {second['says']}")
    for sentence in pareto_sentences(data):
        yield paragraph(sentence)
    yield _points(data)
    yield paragraph("Every point is a complete plan, proven to its gap and audited by the ledger.")


def _points(data: Dict) -> Table:
    objectives = data["objectives"]
    named = [f"{each['says']}{_UNITS[each['unit']]}" for each in objectives]
    extra = [] if any(each["name"] == "deficit" for each in objectives) else ["deficit, M€"]
    made = table("Points of the front", [*named, "rate", *extra, "servers", "gap"], first="no.")
    for order, (point, rate) in enumerate(zip(data["points"], _rates(data), strict=True), start=1):
        values = [number(point["values"][each["name"]], _DIGITS.get(each["unit"], 2)) for each in objectives]
        deficit = [number(point["deficit_meur"])] * len(extra)
        add_row(made, str(order), *values, rate, *deficit, number(point["servers"], 0), percent(point["mip_gap"], 4))
    return made


def _rates(data: Dict) -> Sequence[str]:
    """What a unit of the second objective took of the first one since the point before."""
    first, second = (each["name"] for each in data["objectives"])
    rates = []
    for here, there in pairwise(point["values"] for point in data["points"]):
        rates.append(number(abs((there[first] - here[first]) / (there[second] - here[second])), 3))
    return ["", *rates]
