"""Gathering: a case, a result and a study each make a pack; what fails is left out and said."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pyomo.environ import ConstraintList, Var

from leam_opt.case.load import load_case
from leam_opt.errors import CaseError, InfeasibleError, SolveError
from leam_opt.report.export import json_text
from leam_opt.report.pack import futures
from leam_opt.report.pack.gather import gather
from leam_opt.report.pack.make import decision_pack
from leam_opt.report.pack.result import read_result
from leam_opt.report.pack.tables import tables
from leam_opt.report.pack.write import result_of
from leam_opt.solve.run import solve
from leam_opt.study.study import CASES, Study
from tests.report.pack.packs import GAP, ranged_case, result_file, small_pack
from tests.solve.test_compare import scenarios
from tests.study.tiny import carried_out, tiny_case, tiny_folder

IMPOSSIBLE = {"title": "Stuck", "overlay": {"mission": {"public_compute_min": 99}}}


def test_a_tornado_is_the_held_plan_at_each_end() -> None:
    """Breaks when a bar is not the best that the held machines can make of the other price, as a MIP finds it too."""
    pack = small_pack()
    assert pack.tornado is not None
    table = pack.tornado["tables"][0]
    assert (table["output"], table["scenario"]) == ("deficit_meur", pack.comparison.ranking[0])
    assert table["base"] == pytest.approx(pack.best.deficit_meur, abs=1e-6)
    bars = {bar["factor"]: bar for bar in table["bars"]}
    for path, low, high in (("prices.tokens", 0.0005, 0.002), ("energy_sources.green.price", 0.1, 0.3)):
        for end, value in (("low", low), ("high", high)):
            alone = solve(pack.best.case.override({path: value}), mip_gap=1e-7, rules=[holding(pack.best.whole)])
            assert bars[path][end] == pytest.approx(alone.deficit_meur, abs=1e-5), (path, end)


def holding(whole: Mapping[str, int]) -> Callable[[Any, Any], None]:
    """A rule that holds all whole numbers of a plan."""

    def add(model: Any, case: Any) -> None:
        model.held_by_test = ConstraintList()
        for column in model.component_data_objects(Var):
            if column.is_integer() or column.is_binary():
                model.held_by_test.add(column == whole.get(str(column), 0))

    return add


def test_futures_are_drawn_once_and_held_by_every_plan() -> None:
    """Breaks when scenarios see other futures, or the same seed draws others: staff of ppp costs 0.2 M EUR more."""
    pack = small_pack()
    again = futures.distribution(pack.comparison.plans, pack.case)
    assert again == pack.distribution
    drawn = again["scenarios"]
    apart = np.array(drawn["ppp"]["deficit_meur"]) - np.array(drawn["public"]["deficit_meur"])
    planned = drawn["ppp"]["planned_meur"] - drawn["public"]["planned_meur"]
    assert apart == pytest.approx(np.full(futures.POINTS, planned), abs=1e-5)
    assert again["levers"] == ["energy_sources.green.price", "prices.tokens"]
    assert again["best"][0] == {"scenario": "public", "points": 512, "share": 1.0, **_interval(again["best"][0])}


def _interval(found: dict[str, Any]) -> dict[str, float]:
    assert 0.99 < found["low"] < found["high"] == pytest.approx(1.0)
    return {"low": found["low"], "high": found["high"]}


def test_a_figure_that_cannot_be_moved_alone_is_left_out() -> None:
    """Breaks when a loan whose rate stands twice, as in leam-two-stage, costs the tornado or shows a bar of nothing."""
    rate = {"low": 0.03, "base": 0.04, "high": 0.05}
    bands = [{"rate": rate, "up_to": 2}, {"rate": 0.09}]
    loan = {"kind": "loan", "title": "Loan", "provider": "private", "entity": "service", "cap_total": 5, "rate": rate}
    loan |= {"rate_bands": bands, "tenor_years": 1, "dscr_min": 1.2}
    case = ranged_case(
        funding={"use": ["grant", "sponsor", "loan"], "instruments": {"loan": {**loan, "repayment": "annuity"}}}
    )
    plan, left_out = solve(case, scenario="public", mip_gap=GAP), dict[str, str]()
    (table, _) = futures.tornado(plan, "public", left_out=left_out)["tables"]
    assert {bar["factor"] for bar in table["bars"]} == {"prices.tokens", "energy_sources.green.price"}
    assert all("rate of the first band" in left_out[path] for path in left_out)
    assert set(left_out) == {"funding.instruments.loan.rate", "funding.instruments.loan.rate_bands.0.rate"}


def test_a_range_that_differs_between_scenarios_is_left_out() -> None:
    """Breaks when scenarios are compared in futures that are not the same for all of them."""
    own = {"title": "Own", "overlay": {"prices": {"tokens": {"low": 0.0008, "base": 0.001, "high": 0.0012}}}}
    case = ranged_case(scenarios={"own": own})
    levers = futures.Levers.of({name: case.scenario(name) for name in ("public", "own")}, ())
    assert levers.paths == ["energy_sources.green.price"]
    assert "differs between the scenarios" in levers.left_out["prices.tokens"]


def test_a_case_without_ranges_has_a_pack_that_says_so() -> None:
    """Breaks when what cannot be found out ends the pack, or is left out in silence."""
    pack = gather(tiny_case(), full=False, mip_gap=GAP, command="leam-opt report tiny")
    assert pack.tornado is None
    assert pack.distribution is None
    assert pack.reconciliation is None
    assert set(pack.manifest["left_out"]) == {"tornado", "distribution", "prices", "alternatives", "pareto"}
    assert "range" in pack.manifest["left_out"]["tornado"]
    assert pack.manifest["input_hash"] == tiny_case().input_hash
    assert pack.manifest["seeds"]["solver"] == 0
    assert pack.manifest["command"] == "leam-opt report tiny"
    assert set(pack.manifest["seconds"]) >= {"load", "plans"}
    assert pack.manifest["versions"]["leam_opt"]
    json.dumps(dict(pack.manifest))


def test_a_scenario_without_a_plan_is_explained_and_the_others_are_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """Breaks when one scenario takes the others with it. Repairs are tested in their own room."""
    asked = []

    class Found:
        def __init__(self, name: str) -> None:
            self.name = name

        def to_dict(self) -> dict[str, Any]:
            return {"scenario": self.name, "rules": [], "repairs": [], "complete": True}

    def repairs(case: Any, name: str, **options: Any) -> Found:
        asked.append((name, options["conflict"] is not None))
        return Found(name)

    monkeypatch.setattr("leam_opt.insight.repairs.repairs", repairs)
    case = tiny_case(scenarios={"stuck": IMPOSSIBLE, "worse": {**IMPOSSIBLE, "title": "Worse"}})
    pack = gather(case, full=False, mip_gap=GAP)
    assert sorted(pack.plans) == ["ppp", "public"]
    assert asked == [("stuck", True), ("worse", True)]
    assert pack.conflict is not None
    assert pack.conflict["scenario"] == "stuck"
    assert [each["scenario"] for each in pack.conflict["others"]] == ["worse"]
    with pytest.raises(InfeasibleError):
        gather(case, scenarios=["stuck"], full=False)


def test_an_insight_that_fails_is_left_out_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """Breaks when a pack is lost to one of its parts, or the part goes without a word."""

    def fails(*_: Any, **__: Any) -> Any:
        raise SolveError("the search was interrupted\nand more")

    for name in ("prices", "alternatives", "pareto"):
        monkeypatch.setattr(f"leam_opt.insight.{name}.{name}", fails)
    pack = gather(tiny_case(), scenarios=["public"], mip_gap=GAP)
    assert pack.manifest["left_out"]["pareto"] == "the search was interrupted"
    assert (pack.prices, pack.alternatives, pack.pareto) == (None, None, None)


def test_a_full_pack_has_prices_alternatives_and_a_front(tmp_path: Path) -> None:
    """Breaks when the rooms of insights are called otherwise than they want to be, or their dicts break contracts."""
    pack = gather(scenarios(public={}), mip_gap=1e-2)
    assert {"prices", "alternatives", "pareto"}.isdisjoint(pack.manifest["left_out"])
    made = tables(pack)
    assert (made["prices"]["scenario"] == "public").all()
    assert made["pareto"]["deficit"].notna().all()
    file = tmp_path / "results.json"
    file.write_text(json_text(result_of(pack)), encoding="utf-8")
    assert set(read_result(file).insights) == {"prices", "alternatives", "pareto"}


def test_a_result_is_not_solved_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Breaks when a pack of a result solves anything, or hides what a result does not hold."""
    file = result_file(tmp_path)
    monkeypatch.setattr("leam_opt.solve.search.Search.run", lambda self: pytest.fail("it was solved"))
    pack = gather(file)
    assert pack.comparison.ranking == small_pack().comparison.ranking
    assert pack.manifest["source"] == "result"
    assert "pack of the case" in pack.manifest["left_out"]["tornado"]
    with pytest.raises(CaseError, match="give a case"):
        gather(file, overrides={"prices.tokens": 1})


def test_a_result_tells_that_its_case_has_changed(tmp_path: Path) -> None:
    """Breaks when a pack of yesterday's plans looks like one of today's case."""
    folder = tiny_folder(tmp_path)
    plan = solve(load_case(folder), scenario="public", mip_gap=1e-3)
    file = tmp_path / "plan.json"
    file.write_text(json_text(plan.to_dict()), encoding="utf-8")
    assert gather(file).manifest["case_has_changed"] is False
    text = (folder / "case.yaml").read_text(encoding="utf-8")
    (folder / "case.yaml").write_text(text.replace('"operations": 3', '"operations": 5'), encoding="utf-8")
    assert gather(file).manifest["case_has_changed"] is True


def sample(folder: Path) -> Path:
    """A study of drawn futures, carried out."""
    design = {"kind": "sample", "points": 16, "levers": ["prices.tokens"]}
    asked = Study(
        ranged_case(),
        lane="evaluate",
        scenarios=["public", "ppp"],
        design=design,
        mip_gap=GAP,
        set={"staff.salary": 9e4},
    )
    return carried_out(asked, folder / "drawn.study").folder


def test_a_study_makes_a_pack_of_its_rows(tmp_path: Path) -> None:
    """Breaks when the case, the settings, the plans or the rows of a study are not those of the pack."""
    folder = sample(tmp_path)
    pack = gather(folder, mip_gap=GAP)
    assert pack.case.input_hash == ranged_case().override({"staff.salary": 9e4}).input_hash
    assert pack.study is not None
    assert pack.study["answers"]["runs"]["done"] == 32
    assert pack.distribution is not None
    made = tables(pack)
    rows = made["study_runs"]
    assert len(rows) == 32
    for name, plan in pack.plans.items():
        drawn = rows[rows["scenario"] == name]["deficit_meur"]
        assert pack.distribution["scenarios"][name]["deficit_meur"] == drawn.tolist()
        assert drawn.min() < plan.deficit_meur < drawn.max()
        assert plan.case.scenario("base").input_hash == pack.case.input_hash
    with pytest.raises(CaseError, match="give a case"):
        gather(folder, scenarios=["ppp"])


def test_a_study_of_another_case_is_refused(tmp_path: Path) -> None:
    """Breaks when the cases of a study are believed, or a study that lacks them ends in an error of Python's."""
    folder = sample(tmp_path)
    file = folder / CASES
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("90000.0", "91000.0"), encoding="utf-8")
    with pytest.raises(CaseError, match=r"cases\.json: public\.input_hash"):
        gather(folder)
    file.unlink()
    with pytest.raises(CaseError, match=r"cases\.json: it is missing; carry the study out again"):
        gather(folder)


def test_a_plan_can_be_given_to_a_study(tmp_path: Path) -> None:
    """Breaks when a study makes a plan that it is given, or holds another one than that."""
    case = ranged_case()
    plan = solve(case, scenario="public", mip_gap=GAP)
    asked = Study(
        case, lane="evaluate", scenarios=["public"], design={"kind": "list", "rows": [{"prices.tokens": 0.001}]}
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("leam_opt.study.lanes.Search", lambda *_, **__: pytest.fail("it was planned again"))
        result = carried_out(asked, tmp_path / "held", held={"public": plan})
    assert result.frame()["deficit_meur"].item() == pytest.approx(plan.deficit_meur, abs=1e-6)


def test_one_call_writes_the_pack(tmp_path: Path) -> None:
    """Breaks when the call of the command line no longer fits what it calls."""
    files = decision_pack(
        result_file(tmp_path), tmp_path / "pack", language="de", forms=["tables"], overrides=(), progress=None
    )
    assert {file.name for file in files} >= {"results.json", "accounts.csv", "accounts.parquet", "manifest.csv"}
    assert all(file.is_file() for file in files)
