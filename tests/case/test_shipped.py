"""The shipped cases: sound in every scenario and at every end of the ranges, with a source for every number."""

from __future__ import annotations

import pytest

from leam_opt.case.catalogue import list_cases
from leam_opt.case.load import load_case
from leam_opt.case.register import entries, unsourced
from leam_opt.case.schema import Case


@pytest.fixture(scope="module", params=list_cases())
def case(request: pytest.FixtureRequest) -> Case:
    return load_case(request.param)


def test_every_number_has_a_source(case: Case) -> None:
    """Breaks when a figure of the case or of a scenario names no source, or says `assumption` without a reason."""
    assert len(entries(case)) > 100
    assert unsourced(case) == []
    for name in ["base", *case.scenario_names]:
        for entry in entries(case.scenario(name)):
            source = entry.source or ""
            assert source.removeprefix("assumption").strip(" :"), entry.path


def test_every_scenario_is_sound_at_every_end(case: Case) -> None:
    """Breaks when the low or high ends of some ranges contradict each other."""
    for name in ["base", *case.scenario_names]:
        hashes = {case.scenario(name).at(end).input_hash for end in ("low", "base", "high")}
        assert len(hashes) == 3


def test_scenarios_serve_the_same_mission(case: Case) -> None:
    """Breaks when a scenario changes what the public gets: the scenarios could not be compared."""
    for name in case.scenario_names:
        scenario = case.scenario(name)
        assert scenario.mission == case.mission
        assert scenario.generations == case.generations


def test_the_case_is_named_after_its_folder(case: Case) -> None:
    """Breaks when a result names a case that `load_case` does not find."""
    assert case.name in list_cases()
