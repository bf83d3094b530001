"""Everything wrong with the design of a study is said at its place, before anything runs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from leam_opt.errors import CaseError
from leam_opt.study.designs import Grid
from tests.study.studies import PUBLIC, Studies


@pytest.fixture
def studies(tmp_path: Path) -> Studies:
    return Studies(tmp_path)


@pytest.mark.parametrize(
    ("design", "problem"),
    [
        ("7", "1:9: design: expected a section with the key 'kind', got '7'"),
        ("", "1:1: design: the design is empty; a design has a kind and levers"),
        ("{levers: all}", "1:1: design: the key 'kind' is missing; one of grid, list, one-at-a-time"),
        ("{kind: sampel}", "1:16: design.kind: unknown kind of design 'sampel'; did you mean 'sample'? known are grid"),
        ("{kind: grid}", "1:1: design: the key 'levers' (Values by path: a list"),
        ("{kind: grid, levers: all}", "1:30: design.levers: expected values by path (path: [v1, v2]"),
        ("{kind: grid, levers: {}}", "1:22: design.levers: the design is empty; name at least one lever"),
        ("{kind: grid, levers: {compute.goodput: []}}", "1:31: design.levers.compute.goodput: the lever has no value"),
        ("{kind: grid, levers: {compute.goodput: 1}}", "1:48: design.levers.compute.goodput: expected [v1, v2]"),
        (
            "{kind: grid, levers: {compute.goodput: [1, 1.0]}}",
            "1:52: design.levers.compute.goodput: the value '1.0' st",
        ),
        (
            "{kind: grid, levers: {compute.goodput: [1, 2]}}",
            "1:52: design.levers.compute.goodput: 2 share is too large",
        ),
        ("{kind: grid, levers: {compute.goodput: [true]}}", "1:49: design.levers.compute.goodput: expected a number"),
        ("{kind: grid, levers: {compute.gudput: [1]}}", "1:31: design.levers.compute.gudput: nothing in the case has"),
        ("{kind: grid, levers: {prices: [1]}}", "1:40: design.levers.prices: expected a section with the keys"),
        ("{kind: grid, levers: {compute: 1, prices.tokens: [1]}}", "1:40: design.levers.compute: expected [v1, v2]"),
        (
            "{kind: grid, levers: {compute.goodput: [1], compute.good: [1]}}",
            "1:53: design.levers.compute.goodput: compute.goodput is a lever already; name it once",
        ),
        (
            "{kind: grid, levers: {adoption.low.core: [1], adoption.low.core.2026: [2]}}",
            "1:22: design.levers: adoption.low.core and adoption.low.core.2026 set the same value; move one of them",
        ),
        (
            "{kind: grid, levers: {adoption.low.core.2031: [1]}}",
            "1:31: design.levers.adoption.low.core.2031: 2031 is no",
        ),
        (
            "{kind: grid, levers: {compute.goodput.2025: [1]}}",
            "1:31: design.levers.compute.goodput.2025: compute.goodp",
        ),
        (
            "{kind: grid, levers: {prices.tokens.high: [1]}}",
            "1:31: design.levers.prices.tokens.high: an end of a range",
        ),
        ("{kind: grid, levers: {c.c: [1]}}", "1:31: design.levers.c.c: it could be compute.commercial_utilisation or"),
        (
            "{kind: grid, levers: {rules.public_use.scope: [all, non]}}",
            "1:61: design.levers.rules.public_use.scope: 'no",
        ),
        (
            "{kind: grid, levers: {rules.public_use.scope: {from: 1, to: 2, steps: 2}}}",
            "1:31: design.levers.rules.public_use.scope: rules.public_use.scope is no figure; list its values",
        ),
        (
            "{kind: grid, levers: {compute.goodput: {from: 0, to: 1, steps: 1}}}",
            "1:72: design.levers.compute.goodput.steps: '1' is not allowed; at least 2 is possible",
        ),
        (
            "{kind: grid, levers: {compute.goodput: {from: 1, to: 0.5, steps: 3}}}",
            "1:55: design.levers.compute.goodput: from 1 to 0.5 share does not rise",
        ),
        (
            "{kind: grid, levers: {compute.goodput: {from: 0.1, to: 3, steps: 3}}}",
            "1:64: design.levers.compute.goodput.to: 3 share is too large",
        ),
        (
            "{kind: grid, levers: {compute.goodput: {from: 0.1, too: 3, steps: 3}}}",
            "1:60: design.levers.compute.goodput.too: unknown key; did you mean 'to'?",
        ),
        ("{kind: list}", "1:1: design: a list has either csv: FILE or rows"),
        ("{kind: list, rows: []}", "1:28: design.rows: it is empty; at least one entry is needed"),
        ("{kind: list, rows: [{}]}", "1:1: design: the design is empty; give its rows values"),
        ("{kind: list, rows: [{prices.tokens: x}]}", "1:45: design.prices.tokens: 'x' is not a number with a unit"),
        ("{kind: list, rows: [{prices.tok: 1, prices.tokens: 1}]}", "1:45: design.prices.tokens: 'prices.tok' and"),
        (
            "{kind: list, rows: [{compute.goodput: 1}, {adoption.low.core: 1}]}",
            "1:29: design: the row gives no adoption.low.core, which has no single value in the case; give one",
        ),
        (
            "{kind: corners, levers: [mission.funnel, mission.funnel_factor]}",
            "1:50: design.levers.mission.funnel_factor",
        ),
        ("{kind: corners, levers: []}", "1:25: design.levers: the design is empty; name at least one lever"),
        ("{kind: corners, levers: some}", "1:33: design.levers: expected all, a list of paths or a mapping"),
        ("{kind: corners, levers: [3]}", "1:34: design.levers: expected the path of a lever, got '3'"),
        (
            "{kind: corners, levers: [compute.goodput]}",
            "1:34: design.levers.compute.goodput: the figure has no range in",
        ),
        (
            "{kind: corners, levers: [rules.public_use.scope]}",
            "1:34: design.levers.rules.public_use.scope: it is no fig",
        ),
        (
            "{kind: corners, levers: {prices.tokens: {low: 2, high: 1}}}",
            "1:55: design.levers.prices.tokens: low 2 is ab",
        ),
        (
            "{kind: corners, levers: {prices.tokens: {low: 1, high: 1}}}",
            "1:64: design.levers.prices.tokens: low and hi",
        ),
        (
            "{kind: corners, levers: {prices.tokens: {low: 1}}}",
            "1:34: design.levers.prices.tokens: the key 'high' (Its",
        ),
        ("{kind: corners, levers: {prices.tokens: 3}}", "1:49: design.levers.prices.tokens: expected a section with"),
        ("{kind: corners, except: [pries]}", "1:34: design.except: no lever begins with 'pries'; the levers are"),
        ("{kind: corners, only: [prices], except: [prices.tokens]}", "1:1: design.levers: the design is empty"),
        ("{kind: corners, excpt: [prices]}", "1:25: design.excpt: unknown key; did you mean 'except'?"),
        (
            "{kind: one-at-a-time, levers: {adoption.low.core: {low: 1, high: 2}}}",
            "1:40: design.levers.adoption.low.core: adoption.low.core has no single value in the case to come back to",
        ),
        ("{kind: morris, levels: 5}", "1:32: design.levels: the number of levels must be even; 6 would do"),
        ("{kind: morris, trajectories: 1}", "1:38: design.trajectories: '1' is not allowed; at least 2 is possible"),
        (
            "{kind: morris, levers: {rules.public_use.scope: {low: core, high: all}}}",
            "1:33: design.levers.rules.public_use.scope: this design moves figures only",
        ),
        ("{kind: sample}", "1:1: design: the key 'points' (Number of points) is missing"),
        ("{kind: sample, points: 0}", "1:32: design.points: '0' is not allowed; at least 1 is possible"),
        ("{kind: sample, points: many}", "1:32: design.points: expected a whole number, got 'many'"),
        ("{kind: sample, points: 8, method: dice}", "1:43: design.method: 'dice' is not allowed; known are sobol"),
        (
            "{kind: sample, points: 8, levers: {compute.goodput: }}",
            "1:44: design.levers.compute.goodput: the figure has no range in the case; give low, mode, high of the tri",
        ),
        (
            "{kind: sample, points: 8, levers: {compute.goodput: {kind: uniform, low: 0.5}}}",
            "1:44: design.levers.compute.goodput: the figure has no range in the case; give high of the uniform",
        ),
        (
            "{kind: sample, points: 8, levers: {adoption.low.core: {high: 5}}}",
            "1:44: design.levers.adoption.low.core: the case gives adoption.low.core by year; give low, mode as well",
        ),
        (
            "{kind: sample, points: 8, levers: {compute.goodput: {kind: normal, low: 0.5}}}",
            "1:81: design.levers.compute.goodput.low: a normal distribution has no 'low'; it takes mean, sd",
        ),
        (
            "{kind: sample, points: 8, levers: {compute.goodput: {low: 0.5, high: 0.4, mode: 0.4}}}",
            "1:67: design.levers.compute.goodput.low: low 0.5 is above high 0.4 share",
        ),
        (
            "{kind: sample, points: 8, levers: {compute.goodput: {low: 0.5, high: 1.4, mode: 0.6}}}",
            "1:78: design.levers.compute.goodput.high: 1.4 share is too large",
        ),
        (
            "{kind: sample, points: 8, levers: {rules.public_use.scope: }}",
            "1:44: design.levers.rules.public_use.scope: rules.public_use.scope is no figure and has no distribution",
        ),
        (
            "{kind: sample, points: 8, levers: {prices.tokens: {kind: beta}}}",
            "1:66: design.levers.prices.tokens.kind: 'beta' is not allowed; known are triangular, uniform",
        ),
        (
            "{kind: sample, points: 8, correlation: [{between: [prices.tokens], rho: 1}]}",
            "1:59: design.correlation.0.between: it has 1 entry; at least 2 entries are needed",
        ),
        (
            "{kind: sample, points: 8, correlation: [{between: [prices.tokens, mission.funnel], rho: 2}]}",
            "1:97: design.correlation.0.rho: 2 share is too large",
        ),
        (
            "{kind: sample, points: 8, correlation: [{between: [prices.tokens, compute.goodput], rho: 1}]}",
            "1:75: design.correlation.0.between: compute.goodput is no lever of this design",
        ),
        (
            "{kind: sample, points: 8, correlation: [{between: [prices.tokens, prices.tok], rho: 1}]}",
            "1:49: design.correlation.0: prices.tokens cannot be correlated with itself",
        ),
        (
            "{kind: sobol-indices, points: 100}",
            "1:39: design.points: the base points must be a power of two, got 100; 64",
        ),
    ],
)
def test_a_design_that_is_wrong(studies: Studies, design: str, problem: str) -> None:
    found = studies.problem(f"design: {design}\n{PUBLIC}")
    assert found.startswith(problem), found


@pytest.mark.parametrize(
    ("table", "problem"),
    [
        ("", "points.csv:1:1: the table is empty; its first line names the columns"),
        ("compute.goodput\n", "points.csv:1:1: the table has a header, but no rows"),
        ("compute.goodput,prices.tokens\n0.9\n", "points.csv:2:1: 1 cells, but the header has 2 columns"),
        ("compute.goodput,prices.tokns\n0.9,1\n", "points.csv:1:17: design.prices.tokns: nothing in the case has this"),
        ("compute.goodput\n0.9\n90 kg\n", "points.csv:3:1: design.compute.goodput: the unit 'kg' does not fit"),
        ("compute.goodput\n0.9\n1.7\n", "points.csv:3:1: design.compute.goodput: 1.7 share is too large"),
        ('funding.use\n"[bank"\n', "points.csv:2:1: design.funding.use: a quote or bracket is not closed"),
        ("funding.use\nall\n", "points.csv:2:1: design.funding.use: expected a list such as [a, b], got 'all'"),
    ],
)
def test_a_table_that_is_wrong(studies: Studies, table: str, problem: str) -> None:
    """With the line and the column of the table."""
    studies.case.write("studies/points.csv", table)
    found = studies.problem(f"{PUBLIC}design: {{kind: list, csv: points.csv}}\n")
    assert found.removeprefix(f"{studies.file.parent}/").startswith(problem), found


def test_a_table_that_is_not_there(studies: Studies) -> None:
    found = studies.problem(f"{PUBLIC}design: {{kind: list, csv: nowhere.csv}}\n")
    assert found.startswith("2:27: design.csv: ")
    assert found.endswith("nowhere.csv: the file does not exist")


@pytest.mark.parametrize(
    ("pairs", "told"),
    [
        (
            {"ab": 0.9, "bc": 0.9},
            [
                "mission.funnel_factor and adoption.low.core 0.9",
                "mission.funnel_factor and adoption.low.tuning 0 (not given)",
                "adoption.low.core and adoption.low.tuning 0.9",
                "that of mission.funnel_factor and adoption.low.tuning has to lie between 0.62 and 1, not at 0",
            ],
        ),
        (dict.fromkeys(["ab", "ac", "ad", "bc", "bd", "cd"], -0.5), ["Make some of them weaker"]),
    ],
)
def test_correlations_that_contradict_each_other_are_named(
    studies: Studies, pairs: dict[str, float], told: list[str]
) -> None:
    """Of three with -1/2 each the sum has no variance, which is possible; of four it would have less than none."""
    names = {"a": "mission.funnel", "b": "adoption.low.core", "c": "adoption.low.tuning", "d": "adoption.low.inference"}
    asked = [{"between": [names[one], names[other]], "rho": rho} for (one, other), rho in pairs.items()]
    found = studies.problem(f"{PUBLIC}design:\n  kind: sample\n  points: 8\n  correlation: {json.dumps(asked)}\n")
    assert found.startswith("5:3: design.correlation: the correlations contradict each other (not positive semidef")
    assert all(message in found for message in told), found


def test_more_than_a_million_points_have_to_be_meant(studies: Studies) -> None:
    span = "{from: 0.1, to: 1, steps: 1001}"
    text = f"design: {{kind: grid, levers: {{compute.goodput: {span}, compute.power_utilisation: {span}}}}}\n"
    assert studies.problem(text) == (
        "1:1: design: the design has 1,002,001 points; more than 1,000,000 have to be meant: confirm with --yes "
        "(yes=True in Python)"
    )
    spec = studies.load(text, yes=True)
    assert isinstance(spec.design, Grid)
    assert spec.design.count == 1_002_001
    assert "10^" in studies.problem("case: leam-2022\ndesign: {kind: corners}\n")
    with pytest.raises(CaseError, match="nothing can run"):
        studies.load("case: leam-2022\ndesign: {kind: corners}\n", yes=True)
    assert studies.load(f"{PUBLIC}design: {{kind: sample, points: 1000000}}\n").design.count == 1_000_000
