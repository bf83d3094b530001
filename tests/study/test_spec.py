"""Study files and what they mean."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from leam_opt.case.load import load_case
from leam_opt.case.schema import Case
from leam_opt.errors import CaseError
from leam_opt.study.designs import Corners, Morris, OneAtATime, Sample, SobolIndices, Table
from leam_opt.study.spec import StudySpec
from leam_opt.study.spec_load import load_study
from tests.study.studies import GRID, OUTPUTS, PUBLIC, USUAL, Studies


@pytest.fixture
def studies(tmp_path: Path) -> Studies:
    return Studies(tmp_path)


def with_levers(kind: str, levers: str, more: str = "") -> str:
    return f"{PUBLIC}design:\n  kind: {kind}\n{more}  levers:\n    {levers}\n"


def values(spec: StudySpec, path: str) -> list[Any]:
    return list(spec.design.points()[path])


def test_a_study_file_in_full(studies: Studies) -> None:
    spec = studies.load(
        """\
name: price-of-power
title: How much may power cost?
scenarios: [public, base]
lane: evaluate
set: {prices.token: 0.012}
plans:
  cautious: {set: {goodput: 0.85}, at: high}
  lean: {scenario: private}
design:
  kind: grid
  levers:
    energy.green.price: {from: 10 ct/kWh, to: 40 ct/kWh, steps: 16}
    funding.use: [[federal-grant], [federal-grant, bank]]
outputs: [unfunded_gap_meur]
answers:
  regret: {outputs: public_money_meur}
  thresholds: [{output: deficit_meur, below: 0}, {output: unfunded_gap_meur, above: 0.001}]
  quantiles: [0.05, 50 %]
mip_gap: 0.1 %
time_limit: 0.5 h
seed: 7
""".replace("goodput", "compute.goodput")
    )
    assert (spec.name, spec.title, spec.case_name) == ("price-of-power", "How much may power cost?", "small")
    assert (spec.scenarios, spec.lane, spec.seed) == (("public", "base"), "evaluate", 7)
    assert (spec.mip_gap, spec.time_limit_seconds) == (0.001, 1800)
    assert spec.settings == {"prices.tokens": 0.012}
    assert [case.prices.tokens.base for case in spec.frames.values()] == [0.012, 0.012]
    cautious, lean = spec.plans
    assert (cautious.label, cautious.scenario, cautious.at) == ("cautious", None, "high")
    assert list(cautious.cases) == ["public", "base"]
    assert cautious.cases["public"].compute.goodput.base == 0.85
    assert cautious.cases["public"].mission.funnel_factor.base == 2.5
    assert list(lean.cases) == ["private"]
    assert lean.cases["private"].prices.tokens.base == 0.012
    price, use = spec.design.levers
    assert (price.path, price.kind, price.base, price.unit_name) == (
        "energy_sources.green.price",
        "figure",
        0.22,
        "EUR/kWh",
    )
    assert (use.path, use.kind, use.base) == ("funding.use", "structural", ["federal-grant"])
    assert values(spec, price.path)[::2] == [round(0.1 + 0.02 * number, 2) for number in range(16)]
    assert values(spec, "funding.use")[:2] == [["federal-grant"], ["federal-grant", "bank"]]
    assert spec.outputs == ("unfunded_gap_meur", "public_money_meur", "deficit_meur")
    assert spec.answers.regret == ("public_money_meur",)
    assert [(each.output, each.below, each.above) for each in spec.answers.thresholds] == [
        ("deficit_meur", 0, None),
        ("unfunded_gap_meur", None, 0.001),
    ]
    assert spec.answers.quantiles == (0.05, 0.5)


def test_what_a_short_study_leaves_out(studies: Studies) -> None:
    """The case around the folder `studies`, all its scenarios, the file's name, the usual outputs."""
    spec = studies.load(GRID)
    assert (spec.name, spec.case_name, spec.scenarios) == ("power-price", "small", ("public", "private"))
    assert (spec.lane, spec.outputs, spec.plans, spec.answers.outputs) == ("replan", USUAL, (), ())
    assert (spec.mip_gap, spec.time_limit_seconds, spec.seed) == (1e-4, 120, 0)


def test_the_same_study_from_python(studies: Studies) -> None:
    file = studies.load(f"{PUBLIC}name: n\n{GRID}")
    design = {"kind": "grid", "levers": {"compute.goodput": np.array([0.8, 0.9])}}
    given = {"case": studies.case.path, "name": "n", "scenarios": ("public",), "design": design}
    assert load_study(given, known_outputs=OUTPUTS, default_outputs=USUAL).describe() == file.describe()
    bare = {key: value for key, value in given.items() if key != "case"}
    loaded = load_study(bare, known_outputs=OUTPUTS, default_outputs=USUAL, case=studies.case.load())
    assert loaded.describe() == file.describe()
    with_scenario = load_study({"design": design}, known_outputs=OUTPUTS, case=studies.case.load().scenario("private"))
    assert with_scenario.scenarios == ("private",)
    with pytest.raises(CaseError, match=r"^study: design.levers.compute.goodput: 2 share is too large"):
        load_study(given | {"design": {"kind": "grid", "levers": {"compute.goodput": [2]}}}, known_outputs=OUTPUTS)


def test_a_case_by_its_name_and_by_its_path(studies: Studies, tmp_path: Path) -> None:
    assert studies.load(f"case: ..\n{GRID}").case_name == "small"
    assert studies.load(f"case: leam-2022\n{GRID}").case_name == "leam-2022"
    elsewhere = tmp_path / "study.yaml"
    elsewhere.write_text(f"case: small\n{GRID}")
    assert load_study(elsewhere, known_outputs=OUTPUTS).case_name == "small"


def test_the_names_of_outputs_may_depend_on_the_case_and_the_lane(studies: Studies) -> None:
    def known(case: Case, lane: str) -> list[str]:
        return [f"{lane}_{case.years[0]}"]

    studies.load(f"{GRID}outputs: [deficit_meur]")
    assert load_study(studies.file, known_outputs=OUTPUTS, default_outputs=known).outputs == ("deficit_meur",)
    studies.load(GRID)
    assert load_study(studies.file, known_outputs=known, default_outputs=known).outputs == ("replan_2025",)


def test_one_at_a_time_over_all_ranges(studies: Studies) -> None:
    """The years of a figure with ranges are one factor; the price of tokens, in which the scenarios differ, is left out
    and told.
    """
    spec = studies.load("design: {kind: one-at-a-time}\n")
    assert isinstance(spec.design, OneAtATime)
    assert spec.design.factors == (
        "server_types.h100.unit_price",
        "mission.funnel_factor",
        "adoption.low.core",
        "adoption.low.tuning",
        "adoption.low.inference",
    )
    core = [lever for lever in spec.design.levers if lever.factor == "adoption.low.core"]
    assert [(lever.path, lever.low, lever.base, lever.high) for lever in core] == [
        ("adoption.low.core.2025", 1, 2, 3),
        ("adoption.low.core.2026", 2, 3, 4),
    ]
    # The price of 2027 has no range and is no lever.
    assert [lever.path for lever in spec.design.levers][:2] == [
        "server_types.h100.unit_price.2025",
        "mission.funnel_factor",
    ]
    (note,) = spec.notes
    assert note.startswith("prices.tokens is left out: its range differs between the scenarios (0.005 to 0.02 EUR/kt")
    assert spec.design.labels()[:3] == ["base", "server_types.h100.unit_price low", "server_types.h100.unit_price high"]


def test_each_point_of_a_tornado_is_an_override_that_the_case_takes(studies: Studies) -> None:
    """Breaks when a path or a value of a design is none that `Case.override` means."""
    spec = studies.load(f"{PUBLIC}design: {{kind: one-at-a-time}}\n")
    case, points = spec.frames["public"], spec.design.points()
    for number in range(spec.design.count):
        moved = case.override({path: float(column[number]) for path, column in points.items()})
        assert moved.adoption["low"].core.at_year(2026).base == points["adoption.low.core.2026"][number]
    first = case.override({path: float(column[0]) for path, column in points.items()})
    assert first.adoption["low"].inference.at_year(2027).base == case.adoption["low"].inference.at_year(2027).base


def test_ranges_of_the_study_itself(studies: Studies) -> None:
    spec = studies.load(
        with_levers(
            "one-at-a-time",
            "{goodput: {low: 80 %, high: 0.95}, funnel_factor: , rules.public_use.scope: {low: core, high: all}}",
        )
        .replace("goodput", "compute.goodput")
        .replace("funnel", "mission.funnel")
    )
    goodput, funnel, scope = spec.design.levers
    assert (goodput.low, goodput.base, goodput.high) == (0.8, 0.9, 0.95)
    assert (funnel.low, funnel.base, funnel.high) == (1.5, 2.0, 2.5)
    assert (scope.kind, scope.low, scope.base, scope.high) == ("structural", "core", "core", "all")
    assert values(spec, "rules.public_use.scope")[-2:] == ["core", "all"]


def test_levers_are_limited_by_beginnings_of_paths(studies: Studies) -> None:
    only = "  only: [adoption, mission]\n  except: [adoption.low.core]\n"
    spec = studies.load(f"{PUBLIC}design:\n  kind: corners\n{only}")
    assert isinstance(spec.design, Corners)
    assert spec.design.factors == ("mission.funnel_factor", "adoption.low.tuning", "adoption.low.inference")
    assert spec.design.count == 8


def test_a_list_from_a_table(studies: Studies) -> None:
    """Units in cells, lists as in YAML, and the case's own value where a cell is empty."""
    table = 'goodput;use;mission.funnel\n80 %;"[bank]";\n0,9;"[federal-grant, bank]";2,5\n'
    studies.case.write(
        "studies/data/points.csv", table.replace("goodput", "compute.goodput").replace("use", "funding.use")
    )
    spec = studies.load(f"{PUBLIC}design: {{kind: list, csv: data/points.csv}}\n")
    assert isinstance(spec.design, Table)
    assert {path: list(column) for path, column in spec.design.points().items()} == {
        "compute.goodput": [0.8, 0.9],
        "funding.use": [["bank"], ["federal-grant", "bank"]],
        "mission.funnel_factor": [2.0, 2.5],
    }


def test_a_list_of_rows(studies: Studies) -> None:
    """A figure that a value switches off is no number any more: it changes the structure."""
    rows = "[{compute.goodput: 0.8}, {rules.co2_max: null}, {rules.co2_max: 900 t/a}]"
    spec = studies.load(f"{PUBLIC}set: {{rules.co2_max: 5}}\ndesign: {{kind: list, rows: {rows}}}\n")
    assert values(spec, "compute.goodput") == [0.8, 0.9, 0.9]
    assert values(spec, "rules.co2_max") == [5, None, "900 t/a"]
    assert [lever.kind for lever in spec.design.levers] == ["figure", "structural"]


@pytest.mark.parametrize(
    ("said", "kind", "low", "high"),
    [
        ("", "uniform", 1.5, 2.5),
        ("{kind: pert}", "pert", 1.5, 2.5),
        ("{kind: triangular, low: 1, mode: 1.2, high: 2}", "triangular", 1, 2),
        ("{high: 3}", "uniform", 1.5, 3),
        ("{kind: normal, mean: 2, sd: 0.5}", "normal", 1, np.inf),
    ],
)
def test_distributions_of_a_sample(studies: Studies, said: str, kind: str, low: float, high: float) -> None:
    more = "  points: 64\n  distribution: uniform\n  method: latin-hypercube\n"
    spec = studies.load(with_levers("sample", f"mission.funnel_factor: {said}", more))
    assert isinstance(spec.design, Sample)
    assert (spec.design.count, spec.design.method) == (64, "latin-hypercube")
    (found,) = spec.design.distributions
    assert (found.kind, found.low, found.high) == (kind, low, high)


def test_correlations_of_a_sample(studies: Studies) -> None:
    more = "  points: 512\n  correlation: [{between: [low.core, mission.funnel], rho: 80 %}]\n"
    text = f"{PUBLIC}design:\n  kind: sample\n{more}".replace("low.core", "adoption.low.core")
    spec = studies.load(text)
    assert isinstance(spec.design, Sample)
    assert spec.design.correlations == {("mission.funnel_factor", "adoption.low.core"): 0.8}
    found = np.corrcoef(values(spec, "mission.funnel_factor"), values(spec, "adoption.low.core.2026"))[0, 1]
    assert found == pytest.approx(0.8, abs=0.03)


def test_a_normal_distribution_that_is_cut_off_is_told(studies: Studies) -> None:
    spec = studies.load(with_levers("sample", "compute.goodput: {kind: normal, sd: 0.1}", "  points: 8\n"))
    assert spec.notes == (
        "the normal distribution of compute.goodput is cut off at the bounds of share; 16 % of it lie outside",
    )
    assert max(values(spec, "compute.goodput")) <= 1


def test_designs_of_sensitivity(studies: Studies) -> None:
    morris = studies.load(f"{PUBLIC}seed: 3\ndesign: {{kind: morris, trajectories: 5, levels: 6}}\n").design
    assert isinstance(morris, Morris)
    assert (morris.count, morris.levels, morris.seed) == (5 * 7, 6, 3)
    sobol = studies.load(f"{PUBLIC}design: {{kind: sobol-indices, points: 16, only: [prices, mission]}}\n").design
    assert isinstance(sobol, SobolIndices)
    assert sobol.count == 16 * 4


def test_flips_of_a_grid_of_one_figure(studies: Studies) -> None:
    grid = "design: {kind: grid, levers: {energy_sources.green.price: {from: 0.1, to: 0.4, steps: 4}}}\n"
    assert studies.load(f"{grid}answers: {{flips: {{width: 0.1 ct/kWh}}}}\n").answers.flip_width == 0.001
    assert studies.load(f"{grid}answers: {{flips: true}}\n").answers.flip_width == pytest.approx(0.001)
    assert studies.load(f"{grid}answers: {{flips: false}}\n").answers.flip_width is None


def test_regret_of_the_plans_of_two_scenarios(studies: Studies) -> None:
    spec = studies.load(f"lane: evaluate\n{GRID}answers: {{regret: true}}\n")
    assert spec.answers.regret == ("deficit_meur",)


def test_regret_of_the_plans_of_all_points(studies: Studies) -> None:
    """Where plans are made anew, one scenario is enough, and so are 200 points."""
    spec = studies.load(f"{PUBLIC}{GRID}answers: {{regret: {{outputs: [unfunded_gap_meur, deficit_meur]}}}}\n")
    assert spec.answers.regret == ("unfunded_gap_meur", "deficit_meur")
    assert spec.outputs == ("deficit_meur", "unfunded_gap_meur")
    many = GRID.replace("[0.8, 0.9]", "{from: 0.5, to: 0.9, steps: 200}")
    assert studies.load(f"{PUBLIC}{many}answers: {{regret: true}}\n").design.count == 200


def test_ranges_of_the_reference_plan_count_in_its_lane_only() -> None:
    """leam-2022 has four of them."""
    counts = [
        load_study(
            {"case": "leam-2022", "lane": lane, "design": {"kind": "one-at-a-time"}}, known_outputs=OUTPUTS
        ).design.count
        for lane in ("replan", "reference")
    ]
    assert counts[1] - counts[0] == 2 * 4


def test_every_range_of_a_shipped_case_is_a_lever() -> None:
    """As the register of assumptions lists them, year by year, but for the reference plan."""
    spec = load_study({"case": "leam-2022", "design": {"kind": "one-at-a-time"}}, known_outputs=OUTPUTS)
    assert isinstance(spec.design, OneAtATime)
    register = load_case("leam-2022").assumptions()
    ranged = register[register["low"] != register["high"]]
    paths = {str(path) for path in ranged["path"] if not str(path).startswith("reference_plan")}
    assert {lever.path for lever in spec.design.levers} == paths


def test_what_determines_the_runs_is_part_of_the_description(studies: Studies) -> None:
    texts = [
        GRID,
        f"{PUBLIC}{GRID}",
        f"set: {{prices.infrastructure_fee: 5001}}\n{GRID}",
        f"lane: evaluate\n{GRID}",
        f"lane: evaluate\nplans: {{a: {{at: high}}}}\n{GRID}",
        f"seed: 1\n{GRID}",
        f"mip_gap: 0.01\n{GRID}",
        f"outputs: [public_money_meur]\n{GRID}",
        GRID.replace("0.9", "0.95"),
    ]
    told = [studies.load(text).describe() for text in texts]
    assert all(one != other for number, one in enumerate(told) for other in told[:number])
    # Another spelling of the same study is the same.
    assert studies.load(GRID.replace("compute.goodput: [0.8, 0.9]", "compute.good: [80 %, 90 %]")).describe() == told[0]
