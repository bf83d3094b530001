"""Answers of a study on the terminal: sentences first, tables that fit, and nothing said that is not known."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from leam_opt.report.style import plain
from leam_opt.report.tables_study import study_view
from leam_opt.study.answers import answers
from leam_opt.study.designs import Design, Morris, SobolIndices
from leam_opt.study.distributions import Distribution
from leam_opt.study.spec import StudySpec, Threshold
from tests.study.made import (
    FACTORS,
    NAN,
    framed,
    grid,
    held,
    row,
    sample,
    solved,
    study,
    tornado_design,
)


def shown(spec: StudySpec, rows: Any, folder: str = "out/made") -> str:
    """The report at 100 columns."""
    found = answers(spec, rows if hasattr(rows, "columns") else framed(spec, rows))
    runs = found["runs"]
    data = {
        "study": spec.name,
        "title": spec.title,
        "case": spec.case_name,
        "lane": spec.lane,
        "design": spec.design.kind,
        "folder": folder,
        "runs_done": runs["done"],
        "runs": runs["runs"],
        "complete": runs["complete"],
        "notes": ["one lever is left out"],
        "answers": found,
    }
    text = plain(study_view(data))
    assert max(map(len, text.splitlines())) <= 100
    assert not {"nan", "inf", "None"} & set(text.split())
    return text


def lines(text: str, start: str, count: int = 1) -> list[str]:
    """Lines from the one that begins with a text on, with single spaces."""
    every = [" ".join(line.split()) for line in text.splitlines()]
    at = next(number for number, line in enumerate(every) if line.startswith(start))
    return every[at : at + count]


def test_sentences_come_before_tables_and_what_was_run_before_both() -> None:
    spec = study(sample(40))
    rows = [row("public", point, 20.0 + point) for point in range(40)]
    text = shown(spec, [*rows, *(row("ppp", point, 10.0) if point % 4 else row("ppp", point) for point in range(30))])
    assert text.startswith(
        "small, study made: Made by hand\nDesign: sample; every run planned anew; 70 of 80 runs so far.\n"
        "The study is not complete: all answers are from 70 of 80 runs.\n"
    )
    assert text.index("ppp beats public in 73 %") < text.index("Scenario against scenario, points")
    assert lines(text, "ppp against public") == ["ppp against public 22 of 30 55 to 86 % 8 0 0 0"]
    assert lines(text, "Scenario optimal", 4)[2:] == ["public 40 0", "ppp 22 8"]
    assert "8 x infeasible, first run 40: cannot hold together: a and b" in text
    assert text.endswith("Note: one lever is left out\nAll runs and answers: out/made\n")


def test_a_tornado_has_bars_and_says_what_is_open() -> None:
    """70 at 3, 40 at 1 and 50 at the base: the bar reaches over all of the width, the base at a third of it."""
    factors = {f"x{number}": (1, 2, 3) for number in range(30)}
    design = tornado_design(
        **{"server_types.accelerators_of_the_year_2027.unit_price.2028": (1, 2, 3)}, **factors, lost=(1, 2, 3)
    )
    spec = study(design, ["public"])
    deficits = [50, 40, 70, *([50.0, 50.05] * 30), NAN, 45]
    text = shown(spec, [row("public", point, value, unproven=0.1) for point, value in enumerate(deficits)])
    head, _, first, second, values = lines(text, "Lever at low", 5)
    assert head == "Lever at low at high swing"
    assert first == "server_types. 40.0 70.0 30.0 =======|============="
    assert (second, values) == ("accelerators_of_the_year_2027.", "unit_price.2028")
    assert lines(text, "1 EUR to 3 EUR") == ["1 EUR to 3 EUR"]
    assert lines(text, "lost") == ["lost no plan 45.0 5.0 ====|"]
    assert lines(text, "x0") == ["x0 50.0 50.0 0.0 ? |"]
    assert "  and 12 more, see out/made" in text
    assert "? undecided: the swing is below what the MIP gaps prove" in text
    assert "and the same for 2 more outputs, see out/made" in text
    assert "see the answers in JSON" in shown(spec, [row("public", 0, 1.0)], folder="")


def test_the_steps_and_flips_of_a_lever() -> None:
    def solver(scenario: str, value: float) -> dict[str, Any]:
        deficit = 100 * value if scenario == "public" else 25.0
        servers = {"servers_a100": 1000 - 20 * round(value * 100), "servers_h100": 0.0}
        structure = f"2025 here: {servers['servers_a100']} a100"
        return {"deficit_meur": deficit, "dual_bound_meur": deficit, "structure": structure, **servers}

    outputs = ("deficit_meur", "unfunded_gap_meur", "servers_a100", "servers_h100")
    spec = study(grid(np.round(np.arange(0.1, 0.4, 0.01), 2).tolist()), outputs=outputs, flip_width=0.01)
    text = shown(spec, solved(spec, solver))
    # At 0.25 both have the same deficit, so that nothing is decided there.
    told = "ppp becomes better than public between 0.24 and 0.26 EUR/kWh; within it they differ by less"
    assert told in " ".join(text.split())
    assert lines(text, "Change from to", 4)[2:] == [
        "best: public -> ppp 0.24 0.26",
        "public: a100 800 -> 780 servers 0.1 0.11",
    ]
    assert lines(text, "From to runs", 3)[::2] == ["From to runs a100", "0.1 0.1 1 800"]
    assert "h100" not in text.partition("From")[2].partition("public: outputs")[0]
    without = study(grid([0.1, 0.2]), ["public"])
    structure = "; ".join(f"{year} existing: 3 h100 + 2 modules" for year in range(2025, 2031))
    text = shown(without, [row("public", 0, 1.0, structure=structure), row("public", 1)])
    assert "2025 existing: 3 h100 + 2 modules; 2026 existing" in text
    assert lines(text, "0.2 0.2") == ["0.2 0.2 1 no plan"]


def test_regret_marks_the_plan_that_loses_least() -> None:
    spec = study(grid([0.1, 0.2]), ["public"], lane="evaluate", plans=("lean", "rich", "odd"), regret=("deficit_meur",))
    values = {"lean": (10, 28), "rich": (14, 20), "odd": (16, 25)}
    rows = [
        held("public", point, plan, deficit, unmet=0.1 * (plan == "odd"))
        for plan, deficits in values.items()
        for point, deficit in enumerate(deficits)
    ]
    text = shown(spec, rows)
    assert lines(text, "Plan largest", 5) == [
        "Plan largest 95 % mean first keeps rules",
        "─" * 64,
        "rich * 4.00 3.80 2.00 4.00 100.0 %",
        "lean 8.00 7.60 4.00 0.00 100.0 %",
        "odd (not eligible) - - - 6.00 0.0 %",
    ]
    assert lines(text, "power.price 0.2 EUR/kWh") == ["power.price 0.2 EUR/kWh 8.00 0.00 5.00"]
    assert "public, plan odd: outputs in all runs" in text


def test_thresholds_and_quantiles_of_held_plans() -> None:
    spec = study(sample(50), ["public"], lane="evaluate", thresholds=(Threshold("deficit_meur", 20.0, None),))
    text = shown(spec, [held("public", at, "", float(at), unmet=0.05 * (at > 39)) for at in range(50)])
    assert lines(text, "public: deficit, M€ below 20") == ["public: deficit, M€ below 20 40 50.0 % 35 to 65 % 0 40.0 %"]
    assert lines(text, "public: outputs in runs that keep all rules", 4)[-1] == (
        "deficit, M€ 19.50 11.69 0.00 1.95 19.50 37.05 39.00"
    )
    assert "10 x missed most: compute that is promised" in text


@pytest.mark.parametrize(
    ("design", "heading"),
    [
        (SobolIndices(FACTORS, (Distribution("uniform", 0, 1),) * 3, 16), "what explains the variance of deficit, M€"),
        (Morris(FACTORS, 4), "effects of whole ranges on deficit, M€"),
    ],
    ids=["indices", "effects"],
)
def test_sensitivities(design: Design, heading: str) -> None:
    spec = study(design, ["public"])
    values: Sequence[float] = 10 * np.asarray(design.points()["b"])
    text = shown(spec, [row("public", point, float(value)) for point, value in enumerate(values)])
    assert heading in text
    assert [line.split()[0] for line in lines(text, "Lever", 5)[2:]] == ["b", "a", "c"]


def test_a_study_without_any_plan_or_run() -> None:
    for design in (grid([0.1, 0.2]), sample(3), tornado_design(a=(1, 2, 3)), Morris(FACTORS, 2)):
        spec = study(design, thresholds=(Threshold("deficit_meur", 20.0, None),), regret=("deficit_meur",))
        assert "0 of" in shown(spec, [])
        text = shown(spec, [row(name, point) for name in spec.scenarios for point in range(design.count)])
        assert "No run has a plan: cannot hold together: a and b" in text


def test_the_best_of_several_scenarios() -> None:
    spec = study(grid([0.1, 0.2, 0.3]), ["a", "b", "c"])
    rows = [row(name, point, value) for name, value in (("a", 1), ("b", 2), ("c", 3)) for point in range(3)]
    text = shown(spec, rows)
    assert "Of 3 points: best of all is a at 3." in text
    assert lines(text, "Scenario points share", 6)[2:] == ["a 3 100.0 %", "b 0 0.0 %", "c 0 0.0 %", "undecided 0 0.0 %"]
