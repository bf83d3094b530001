"""A case inside a result file: the same case comes out, and nothing else is taken for one."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from leam_opt.case.catalogue import list_cases
from leam_opt.case.embedded import embedded, folder_of, like, rebuilt
from leam_opt.case.load import load_case
from leam_opt.case.schema import Case
from leam_opt.errors import CaseError
from tests.builders import small_case
from tests.study.tiny import tiny_case, tiny_folder

PLACE = "r.json: inputs"


def through_json(case: Case) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(json.dumps(embedded(case), allow_nan=False))
    return data


def same(case: Case) -> None:
    """The rebuilt case has the same input, the same register with sources and changes, and the same scenarios."""
    again = rebuilt(through_json(case), PLACE)
    assert again == case
    assert again.input_hash == case.input_hash
    assert again.active_scenario == case.active_scenario
    assert again.assumptions().equals(case.assumptions())
    for name in case.scenario_names:
        assert again.scenario(name).input_hash == case.scenario(name).input_hash


@pytest.mark.parametrize("name", list_cases())
def test_a_shipped_case_comes_back_as_it_was(name: str) -> None:
    """Breaks when a section, a source or a scenario is lost, or a number is rounded."""
    case = load_case(name)
    same(case)
    same(case.scenario(case.scenario_names[-1]))


def test_overrides_and_ends_of_ranges_come_back() -> None:
    """Breaks when what is laid on top of the files is lost, or its figures count as those of the files."""
    case = load_case("leam-2022").override(
        {
            "energy_sources.green-tariff.price": "30 ct/kWh",
            "prices.tokens": {"low": 0.001, "high": 0.02},
            "staff.salary": np.float64(81234.56789012345),
        }
    )
    same(case)
    same(case.scenario("ppp").at("high"))
    changed = rebuilt(through_json(case), PLACE).assumptions().set_index("path")["changed"]
    assert sorted(changed[changed].index) == ["energy_sources.green-tariff.price", "prices.tokens", "staff.salary"]


@pytest.mark.parametrize("case", [small_case(), tiny_case().scenario("ppp")], ids=["small", "tiny"])
def test_a_case_from_python_comes_back(case: Case) -> None:
    same(case)


def test_a_changed_figure_is_found() -> None:
    """Breaks when the input hash of the file is believed."""
    data = through_json(tiny_case())
    data["files"]["operations"]["licences"] = 0.25
    with pytest.raises(CaseError, match=r"r\.json: inputs\.input_hash: .*solve the case again"):
        rebuilt(data, PLACE)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"files": {}}, "inputs"),
        ({"files": []}, "inputs.files"),
        ({"at": "middle"}, "inputs.at"),
        ({"scenario": "nowhere"}, "damaged"),
        ({"scenario": 5}, "inputs.scenario"),
        ({"overrides": [["prices.tokens"]]}, "inputs.overrides.0"),
        ({"overrides": [["prices.nothing", 1]]}, "prices.nothing"),
        ({"overrides": [["prices.tokens", "much"]]}, "prices.tokens"),
        ({"extra": 1}, "inputs.extra"),
        ({"input_hash": None}, "inputs.input_hash"),
    ],
)
def test_a_damaged_case_is_refused(changes: dict[str, Any], told: str) -> None:
    """Breaks when a file can hand in anything but a valid case, or the message does not say where it is wrong."""
    with pytest.raises(CaseError, match=told):
        rebuilt({**through_json(tiny_case()), **changes}, PLACE)


def test_data_without_end_are_refused() -> None:
    """Breaks when nesting ends the programme with an error of Python's."""
    deep: Any = 1
    for _ in range(5000):
        deep = {"a": deep}
    with pytest.raises(CaseError):
        rebuilt({**through_json(tiny_case()), "files": {"name": deep}}, PLACE)


def test_a_case_knows_whether_its_files_have_changed(tmp_path: Any) -> None:
    """Breaks when the folder is lost, or a change of the files goes unnoticed."""
    folder = tiny_folder(tmp_path)
    data = through_json(load_case(folder).override({"prices.tokens": 0.002}))
    case = rebuilt(data, PLACE)
    assert data["folder"] == str(folder)
    now = like(case, data["folder"])
    assert now is not None
    assert now.input_hash == case.input_hash
    file = folder / "case.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace('"operations": 3', '"operations": 5'), encoding="utf-8")
    later = like(case, data["folder"])
    assert later is not None
    assert later.input_hash != case.input_hash
    file.unlink()
    assert folder_of(case, data["folder"]) is None
    assert like(case, data["folder"]) is None


def test_a_shipped_case_names_no_folder() -> None:
    """Breaks when a result tells where on a machine the package lies."""
    assert embedded(load_case("leam-2022"))["folder"] is None
    case = rebuilt(through_json(load_case("leam-2022")), PLACE)
    place = folder_of(case, None)
    assert place is not None
    assert (place / "case.yaml").is_file()


def test_an_override_that_is_no_data_is_refused() -> None:
    with pytest.raises(CaseError):
        embedded(tiny_case().override({"title": "x", "prices.tokens": float("nan")}))
