"""A case as an object: it travels between processes, compares, prints briefly, and imports nothing heavy."""

from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from pydantic import ValidationError

if TYPE_CHECKING:
    from tests.case.small import Folder

ROOT = Path(__file__).parents[2]


def test_a_case_travels_with_its_origin(folder: Folder) -> None:
    """Breaks when a worker process gets a case that forgot its scenarios or overrides."""
    case = folder.load().scenario("private").override({"staff.salary": 1}).at("high")
    copy = pickle.loads(pickle.dumps(case))
    assert copy == case
    assert copy.input_hash == case.input_hash
    assert (copy.active_scenario, copy.scenario("base").staff.salary.base) == ("private", 1)
    assert copy.scenario("base").prices.tokens.base == 0.02


def test_equal_files_are_equal_cases(folder: Folder) -> None:
    """Breaks when the place of a file makes a difference."""
    assert folder.load() == folder.load()
    assert folder.load() != folder.load().override({"staff.salary": 1})


def test_a_case_is_frozen_and_prints_briefly(folder: Folder) -> None:
    """Breaks when a figure can be set past the checks, or a notebook prints thousands of lines."""
    case = folder.load()
    with pytest.raises(ValidationError):
        case.start_year = 2030  # type: ignore[misc]
    with pytest.raises(ValidationError):
        case.prices.tokens = case.prices.cluster_hour  # type: ignore[misc]
    assert repr(case) == "Case('small', years=2025-2027)"
    assert str(case.scenario("private")) == "Case('small', scenario='private', years=2025-2027)"


def test_loading_imports_nothing_that_it_does_not_need(folder: Folder) -> None:
    """Breaks when reading a case waits for pandas, or a case in documented units for pint."""
    text = (folder.path / "case.yaml").read_text(encoding="utf-8")
    for spelled, plain in [
        ("10.2 kW", "10.2"),
        ("2.5 %", "0.025"),
        ("80 %", "0.8"),
        ("22 ct/kWh", "0.22"),
        ("5 %", "0.05"),
    ]:
        text = text.replace(spelled, plain)
    folder.write("case.yaml", text)
    folder.edit("1,2,3,Gtoken/d", "1,2,3,", "data/demand.csv").edit(
        "2000,4000,6000,Mtoken/d", "2,4,6,", "data/demand.csv"
    )
    program = (
        "import sys; from leam_opt.case.load import load_case; load_case(sys.argv[1]);"
        " print({'pandas', 'pint', 'numpy', 'pyomo', 'highspy'} & set(sys.modules))"
    )
    command = [sys.executable, "-c", program, str(folder.path)]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, stdin=subprocess.DEVNULL)
    assert found.stdout == "set()\n"
