"""Charts: they show the ledger's figures, Plotly takes them, and nobody needs to see colours to read them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from itertools import combinations
from typing import Any

import plotly.graph_objects as go
import pytest

from leam_opt.report.pack import charts_money, charts_things, palette
from leam_opt.report.pack.charts import Chart, plain, wrapped
from leam_opt.report.pack.charts_insight import dearest
from leam_opt.report.pack.charts_sankey import money_links
from leam_opt.report.pack.content import Pack
from leam_opt.report.pack.sections import scenario_looks, sections
from leam_opt.words import ENGLISH, Words
from tests.builders import small_case, small_plan
from tests.report.pack.packs import small_pack
from tests.report.pack.shown import INSIGHTS, NASTY, full_pack, price
from tests.report.pack.unsolved import pack_of

CENT = 1e-8
FLOATING = ("waterfall",)


def unsolved_pack() -> Pack:
    """A plan with loans, equity, two sites, a gap and fees between the companies."""
    case = small_case()
    return pack_of(case, {"base": (case, small_plan(case))})


@cache
def charts(language: str = "en") -> list[Chart]:
    """Every chart of the full pack."""
    return [chart for part in sections(full_pack(), Words(language)) for chart in part.charts]  # type: ignore[arg-type]


def axes(chart: Chart) -> Mapping[str, Any]:
    """Axes of a chart."""
    return {name: part for name, part in chart.figure["layout"].items() if name[1:5] == "axis"}


@pytest.mark.parametrize("language", ["en", "de"])
def test_plotly_takes_every_chart(language: str) -> None:
    """A property that Plotly does not know: it would be ignored without a word in the browser."""
    assert len(charts(language)) >= 14
    for chart in charts(language):
        go.Figure(chart.figure)


def test_every_axis_of_amounts_names_what_it_counts() -> None:
    """An axis without a title, so that nobody knows the unit."""
    for chart in charts():
        for name, axis in axes(chart).items():
            is_names = axis.get("type") == "category" or "ticktext" in axis
            assert is_names or axis["title"]["text"], (chart.key, name)


def test_bars_begin_at_zero() -> None:
    """A cut axis that makes small differences look large."""
    for chart in charts():
        for trace in chart.figure["data"]:
            if trace["type"] not in ("bar", "waterfall"):
                continue
            assert "base" not in trace
            letter = "x" if trace.get("orientation") == "h" else "y"
            axis = chart.figure["layout"][f"{letter}axis{trace.get(letter + 'axis', letter)[1:]}"]
            low, high = axis.get("range") or (0.0, 0.0)
            assert low <= 0.0 <= high, chart.key
            assert axis.get("range") or axis.get("rangemode") == "tozero" or chart.key == "bearers", chart.key


def test_tables_hold_as_many_figures_as_are_drawn() -> None:
    """A table that was cut, or rows of unequal length."""
    for chart in charts():
        assert chart.table.rows and chart.table.caption and chart.says
        assert {len(row) for row in chart.table.rows} == {len(chart.table.head)}, chart.key


def test_no_two_traces_differ_by_colour_alone() -> None:
    """Bars of one chart with the same pattern, lines with the same dash or symbol."""
    for chart in charts():
        bars = [t["marker"] for t in chart.figure["data"] if t["type"] == "bar" and t.get("name")]
        if chart.key == "distribution":
            continue  # each scenario has a panel of its own with its name
        signs = [marker.get("pattern", {}).get("shape", "") for marker in bars]
        assert len(signs) == len(set(signs)), chart.key
        lines = [t for t in chart.figure["data"] if t["type"] == "scatter" and t.get("name")]
        kinds = [(t["line"]["dash"], t["marker"]["symbol"]) for t in lines]
        assert len(kinds) == len(set(kinds)), chart.key


def test_looks_stay_apart_in_pattern_for_seven_names_and_in_both_beyond() -> None:
    """A colour and pattern that two instruments share."""
    found = list(palette.looks(str(n) for n in range(40)).values())
    assert len({look.pattern for look in found[:7]}) == 7
    assert len({(look.colour, look.pattern) for look in found}) == 40


def luminance(colour: str) -> float:
    """Relative luminance of `#rrggbb` (WCAG 2.2)."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two colours."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_texts_and_outlines_stand_out() -> None:
    """Grey on white that a projector swallows; a figure that cannot be read on its bar."""
    assert contrast(palette.INK, palette.PAPER) >= 7 and contrast(palette.QUIET, palette.PAPER) >= 4.5
    for look in palette.looks(str(n) for n in range(7)).values():
        assert contrast(look.text, look.colour) >= 4.5
        assert look.bar["line"] == {"color": palette.INK, "width": 0.6}


def test_the_waterfall_ends_in_the_cash_of_the_ledger() -> None:
    """A flow that is left out or counted twice."""
    for pack in (small_pack(), unsolved_pack()):
        plan = pack.best
        *steps, (name, cash) = charts_money.cash_steps(plan)
        assert name == "cash"
        assert sum(value for _, value in steps) == pytest.approx(cash, abs=12 * 0.0005)
        closing = plan.accounts.cash.groupby("year")["closing_meur"].sum().iloc[-1]
        assert cash == pytest.approx(closing, abs=CENT)


def test_money_flows_out_of_every_node_as_it_flows_in() -> None:
    """A line that is lost between payers and uses."""
    for pack in (small_pack(), unsolved_pack()):
        links = money_links(pack.best)
        nodes = {node for start, end, _ in links for node in (start, end)}
        for node in nodes:
            into = sum(meur for _, end, meur in links if end == node)
            out = sum(meur for start, _, meur in links if start == node)
            if node.startswith(("instrument:", "company:")):
                assert into == pytest.approx(out, abs=20 * 0.0005), node
        paid = sum(meur for start, _, meur in links if start.startswith("payer:"))
        used = sum(meur for _, end, meur in links if end.startswith("use:"))
        assert paid == pytest.approx(used, abs=40 * 0.0005)
        totals = pack.best.accounts.totals
        drawn = totals["public_money_meur"] + totals["private_money_meur"] + totals["unfunded_gap_meur"]
        assert paid == pytest.approx(drawn + totals["revenue_meur"], abs=20 * 0.0005)


def test_sources_and_uses_have_the_same_height() -> None:
    """Sides of different years, or an item that only one of the charts knows."""
    plan = small_pack().best
    styles = charts_money.item_looks([plan])
    for sign, chart in (
        ("sources", charts_money.sources(plan, styles, ENGLISH)),
        ("uses", charts_money.uses(plan, ENGLISH)),
    ):
        heights = [
            sum(year) for year in zip(*(t["y"] for t in chart.figure["data"] if t["type"] == "bar"), strict=True)
        ]
        expected = plan.accounts.sources_and_uses.groupby(["side", "year"])["meur"].sum()[sign.rstrip("s")]
        assert heights == pytest.approx(expected.tolist(), abs=10 * 0.0005)


def test_the_bridge_ends_where_it_should() -> None:
    """Signs turned round, or a change left out."""
    pack = small_pack()
    best, second = pack.comparison.ranking[:2]
    chart = charts_money.bridge(pack.comparison.bridge, second, best, "bridge", ENGLISH, pack.best)
    trace = chart.figure["data"][0]
    assert trace["measure"][0] == "absolute" and trace["measure"][-1] == "total"
    assert sum(trace["x"][:-1]) == pytest.approx(pack.best.deficit_meur, abs=20 * 0.0005)
    assert trace["x"][-1] == pytest.approx(pack.best.deficit_meur)


def test_public_shares_are_those_of_the_decisions() -> None:
    """Public and private taken for each other; a pool without compute has no share."""
    plan = small_pack().best
    compute = plan.decisions.compute_mgpuh
    shares = charts_things.public_shares(plan)
    expected = compute[:, 0].sum(axis=0) / compute.sum(axis=(0, 1))
    assert shares["all"] == pytest.approx(expected.tolist())


def test_a_scenario_keeps_its_colour_whatever_its_rank() -> None:
    """A reader who has learnt that green is the partnership."""
    pack = small_pack()
    turned = replace(pack.comparison, ranking=pack.comparison.ranking[::-1])
    assert scenario_looks(pack) == scenario_looks(replace(pack, comparison=turned))
    found = scenario_looks(pack).values()
    assert all(one.colour != other.colour for one, other in combinations(found, 2))


def test_only_what_is_proven_to_cost_stands_among_prices() -> None:
    """A rule whose price lies within the solver's gap, shown as if it were known."""
    assert [row["path"] for row in dearest(INSIGHTS["prices"])] == ["rules.two", "rules.one"]
    gap = price("rules.gap", 1.0, measure="unfunded_gap")
    mixed = {**INSIGHTS["prices"], "rules": [*INSIGHTS["prices"]["rules"], gap]}
    assert [row["path"] for row in dearest(mixed)] == ["rules.gap"]


def test_texts_for_plotly_carry_no_markup() -> None:
    """Plotly reads tags: a title of a case could make links or styles."""
    assert "<" not in plain(NASTY)
    assert wrapped("a <b>bold</b> path", 8).replace("<br>", "").count("<") == 0
    assert wrapped("energy_sources.green-tariff.price", 20) == "energy_sources.<br>green-tariff.price"
