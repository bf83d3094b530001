"""Tornado, indices and effects of runs whose answers are known."""

from __future__ import annotations

import numpy as np
import pytest

from leam_opt.study.answers import answers
from leam_opt.study.designs import Morris, SobolIndices
from leam_opt.study.distributions import Distribution
from tests.study.made import FACTORS, NAN, framed, held, row, study, tornado_design

SOBOL = SobolIndices(FACTORS, (Distribution("uniform", 0, 1),) * 3, 32)


def test_bars_of_a_tornado() -> None:
    """`narrow` moves the deficit by less than is proven; `lost` has no plan at its upper end."""
    design = tornado_design(wide=(1, 2, 3), narrow=(4, 5, 6), lost=(7, 8, 9), still=(0, 1, 2))
    spec = study(design, ["public"])
    deficits = [50, 40, 70, 49.98, 50.02, 45, NAN, 50, 50]
    rows = [row("public", point, deficit, unproven=0.1) for point, deficit in enumerate(deficits)]
    found = answers(spec, framed(spec, rows))["tornado"]
    table = found["tables"][0]
    assert (table["output"], table["unit"], table["base"]) == ("deficit_meur", "M€", 50)
    assert [bar["factor"] for bar in table["bars"]] == ["wide", "lost", "narrow", "still"]
    assert [bar["undecided"] for bar in table["bars"]] == [False, False, True, True]
    wide, lost = table["bars"][:2]
    assert (wide["low"], wide["high"], wide["swing"], wide["swing_unproven"]) == (40, 70, 30, pytest.approx(0.1))
    assert wide["levers"][0] == {
        "path": "wide",
        "unit": "EUR",
        "low": 1,
        "base": 2,
        "high": 3,
        "texts": {"low": "1 EUR", "base": "2 EUR", "high": "3 EUR"},
    }
    assert (lost["high"], lost["without_plan"]) == (None, {"high": "cannot hold together: a and b"})
    assert [bar["undecided"] for bar in found["tables"][2]["bars"]] == [None] * 4  # nothing is proven of other outputs
    assert found["sentences"] == [
        "public: at the base point the deficit is 50.0 M€.",
        "public: what moves it most is wide (1 EUR to 3 EUR: 40.0 to 70.0 M€) and lost (low only: 45.0 M€).",
        "public: narrow and still move it by less than the MIP gaps prove.",
        "public: with lost at 9 EUR there is no plan: cannot hold together: a and b.",
    ]


def test_a_tornado_of_held_plans_is_exact_and_marks_missed_rules() -> None:
    spec = study(tornado_design(wide=(1, 2, 3)), ["public"], lane="evaluate", plans=("lean", "rich"))
    rows = [held("public", point, "lean", value) for point, value in enumerate((5, 4))]
    rows += [held("public", 2, "lean", 6.0, unmet=0.1), held("public", 0, "rich", 5.0)]
    found = answers(spec, framed(spec, rows))["tornado"]
    bar = found["tables"][0]["bars"][0]
    assert (bar["swing"], bar["undecided"]) == (2, False)
    assert list(bar["misses_rules"]) == ["high"]
    other = next(table for table in found["tables"] if table["plan"] == "rich")
    assert other["bars"][0]["without_plan"] == {"low": "not run", "high": "not run"}
    assert "public with the plan rich: not run at both ends yet: 1 lever." in found["sentences"]


def test_indices_of_a_sum_with_a_block_that_is_not_whole() -> None:
    """10 a + 5 b: the shares of the variance are 0.8 and 0.2."""
    spec = study(SOBOL, ["public"])
    points = SOBOL.points()
    values = 10 * np.asarray(points["a"]) + 5 * np.asarray(points["b"])
    rows = [row("public", point, float(values[point])) for point in range(SOBOL.count)]
    found = answers(spec, framed(spec, rows[:-1]))["indices"]
    table = found["tables"][0]
    assert [each["factor"] for each in table["factors"]] == ["a", "b", "c"]
    assert [each["total"] for each in table["factors"]] == pytest.approx([0.8, 0.2, 0.0], abs=0.1)
    assert table["factors"][0]["first_confidence"] > 0
    assert (table["blocks"], table["blocks_dropped"]) == (31, 1)
    assert found["sentences"][0].startswith("public: a alone explains ")
    assert found["sentences"][1].startswith("public: 31 of 32 blocks count")
    same = answers(spec, framed(spec, [{**each, "deficit_meur": 1.0, "dual_bound_meur": 1.0} for each in rows]))
    assert same["indices"]["sentences"] == ["public: the deficit is the same in all runs."]


def test_elementary_effects_of_a_plane() -> None:
    design = Morris(FACTORS, 4)
    spec = study(design, ["public"])
    points = design.points()
    values = 10 * np.asarray(points["a"]) - 5 * np.asarray(points["b"])
    rows = [row("public", point, float(value)) for point, value in enumerate(values)]
    found = answers(spec, framed(spec, rows))["effects"]
    table = found["tables"][0]
    assert [each["factor"] for each in table["factors"]] == ["a", "b", "c"]
    assert [each["mu"] for each in table["factors"]] == pytest.approx([10, -5, 0])
    (sentence,) = found["sentences"]
    assert sentence == (
        "public: a matters most: over its whole range it moves the deficit by 10.00 M€ (± 0.00) on average; "
        "next are b (5.00 M€)."
    )
    few = answers(spec, framed(spec, rows[:5]))["effects"]
    assert few["sentences"] == ["public: only 1 of 4 trajectories have figures in all their runs; effects need two."]
