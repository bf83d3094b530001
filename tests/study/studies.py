"""A small case in a folder with a study beside it, for tests of study files."""

from __future__ import annotations

from pathlib import Path

import pytest

from leam_opt.errors import CaseError
from leam_opt.study.spec import StudySpec
from leam_opt.study.spec_load import load_study
from tests.case.small import Folder

OUTPUTS = ("deficit_meur", "public_money_meur", "unfunded_gap_meur")
USUAL = ("deficit_meur",)
GRID = "design: {kind: grid, levers: {compute.goodput: [0.8, 0.9]}}\n"
PUBLIC = "scenarios: [public]\n"


class Studies:
    """A small case in a folder, with a study beside it."""

    def __init__(self, path: Path) -> None:
        self.case = Folder(path / "small")
        self.file = path / "small" / "studies" / "power-price.yaml"

    def load(self, text: str, *, yes: bool = False) -> StudySpec:
        """A study from its text."""
        self.case.write("studies/power-price.yaml", text)
        return load_study(self.file, known_outputs=OUTPUTS, default_outputs=USUAL, yes=yes)

    def problems(self, text: str) -> list[str]:
        """The problems of a study, which has to be wrong, without the name of its file."""
        with pytest.raises(CaseError) as caught:
            self.load(text)
        return [problem.removeprefix(f"{self.file}:") for problem in caught.value.problems]

    def problem(self, text: str) -> str:
        """The only problem of a study."""
        (problem,) = self.problems(text)
        return problem
