"""What a study answers, on the page: each answer has its chart or table, in the language of the page."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import plotly.graph_objects as go
import pytest

from leam_opt.report.pack.charts import Section
from leam_opt.report.pack.page import page
from leam_opt.report.pack.sections import scenario_looks
from leam_opt.report.pack.sections_study import study_sections
from leam_opt.study.answers import answers
from leam_opt.study.designs import Morris, SobolIndices
from leam_opt.study.distributions import Distribution
from leam_opt.study.spec import StudySpec, Threshold
from leam_opt.words import Words
from tests.report.pack.packs import small_pack
from tests.report.pack.shown import found_in
from tests.study.made import FACTORS, framed, grid, held, row, sample, solved, study, tornado_design

UNIFORM = tuple(Distribution("uniform", 0.0, 1.0) for _ in FACTORS)


def told(spec: StudySpec, rows: Any) -> dict[str, Any]:
    """A study as a pack holds it."""
    found = answers(spec, rows if hasattr(rows, "columns") else framed(spec, rows))
    return {
        "study": spec.name,
        "title": spec.title,
        "lane": spec.lane,
        "design": spec.design.kind,
        "runs_done": found["runs"]["done"],
        "runs": found["runs"]["runs"],
        "notes": ["a note"],
        "answers": found,
    }


def shown(spec: StudySpec, rows: Any, language: str = "de") -> dict[str, Section]:
    """Parts of the page by key; every chart is one that Plotly takes."""
    pack = replace(small_pack(), study=told(spec, rows))
    parts = study_sections(pack, scenario_looks(pack), Words(language))  # type: ignore[arg-type]
    for part in parts:
        for chart in part.charts:
            go.Figure(chart.figure)
            assert {len(cells) for cells in chart.table.rows} == {len(chart.table.head)}
        for table in part.tables:
            assert {len(cells) for cells in table.rows} == {len(table.head)}
    return {part.key: part for part in parts}


def test_a_sample_shows_ranking_spread_and_thresholds() -> None:
    """Shares that are not those of the answers."""
    spec = study(sample(40), thresholds=(Threshold("deficit_meur", 20.0, None),))
    rows = [row(name, at, at + (5.0 if name == "public" else 0.0)) for name in ("public", "ppp") for at in range(40)]
    parts = shown(spec, rows)
    assert list(parts) == ["study", "study-ranking", "study-thresholds", "study-summary"]
    (ranking,) = parts["study-ranking"].charts
    assert ranking.table.rows[0] == ["ppp", "40", "100,0 %"]
    assert ranking.figure["data"][0]["x"][0] == 1.0
    (event, *_) = parts["study-thresholds"].tables[0].rows
    assert event[0] == "public: Defizit, Mio. € unter 20" and event[1:3] == ["40", "37,5 %"]
    (spread,) = parts["study-summary"].charts
    assert spread.figure["data"][0]["x"] == pytest.approx([24.5, 19.5])


def test_flips_and_steps_along_a_lever() -> None:
    """A bracket with its ends turned round, or servers under the wrong type."""

    def solver(name: str, value: float) -> dict[str, Any]:
        deficit = 10.0 if name == "public" else 50.0 * value
        return {"deficit_meur": deficit, "structure": f"2025 north: {3 if value < 0.25 else 2} a", "servers_a": 3}

    spec = study(grid([0.1, 0.15, 0.25, 0.3]), flip_width=0.1)
    parts = shown(spec, solved(spec, solver), "en")
    flips = parts["study-flips"].tables[0].rows
    assert flips[0] == ["Best scenario: ppp → public", "0.15", "0.25"]
    assert "study-steps" in parts and len(parts["study-steps"].tables) == 2


def test_tornado_of_a_study() -> None:
    """Bars that begin elsewhere than at the base."""
    spec = study(tornado_design(a=(0.5, 0.0, 1.0), b=(0.5, 0.0, 1.0)), ("ppp",))
    parts = shown(spec, [row("ppp", point, value) for point, value in enumerate((10.0, 4.0, 18.0, 9.0, 12.0))])
    (chart,) = parts["study-tornado"].charts
    low, high = chart.figure["data"]
    assert (low["x"], high["x"]) == ([-6.0, -1.0], [8.0, 2.0])
    assert chart.table.rows[0][3:] == ["4,000", "18,000", "14,000", "–"]


@pytest.mark.parametrize("design", [SobolIndices(FACTORS, UNIFORM, 8), Morris(FACTORS, 6)])
def test_indices_and_effects(design: Any) -> None:
    """The wrong factor on top."""
    spec = study(design, ("ppp",), outputs=("deficit_meur",))
    points = design.points()
    rows = [row("ppp", at, 10.0 * points["b"][at] + points["a"][at]) for at in range(design.count)]
    parts = shown(spec, rows)
    (chart,) = next(part.charts for key, part in parts.items() if key in ("study-indices", "study-effects"))
    assert chart.table.rows[0][0] == "b" and chart.says.startswith("b ")


def test_regret_marks_the_plan_of_least_regret() -> None:
    """The star on another plan."""
    spec = study(grid([0.1, 0.2]), ("ppp",), lane="evaluate", plans=("one", "two"), regret=("deficit_meur",))
    values = {"one": (10.0, 20.0), "two": (15.0, 18.0)}
    parts = shown(spec, [held("ppp", at, plan, cost[at]) for plan, cost in values.items() for at in range(2)])
    (chart,) = parts["study-regret"].charts
    assert chart.table.rows[0][:2] == ["one", "2,00"] and chart.says.startswith("one (★)")
    assert chart.figure["data"][0]["x"] == [2.0, 5.0]


def test_a_page_with_a_study_stands_in_the_contents() -> None:
    """Parts of a study without a link, or a page that breaks over one."""
    spec = study(sample(8))
    pack = replace(small_pack(), prices=None, alternatives=None, pareto=None, conflict=None)
    pack = replace(pack, study=told(spec, [row(n, at, float(at)) for n in ("public", "ppp") for at in range(8)]))
    links = [link["href"] for link in found_in(page(pack, Words("de"))).all("a")]
    assert {"#study", "#study-ranking", "#study-summary"} <= set(links)
