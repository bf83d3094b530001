"""The formulation document: complete, in step with the model, and in LaTeX that holds together."""

from __future__ import annotations

import re

import pyomo.environ as pyo
import pytest

import leam_opt as lo
from leam_opt.case.derive import TABLE
from leam_opt.report.math import formulation_latex
from leam_opt.solve.formulation import build


@pytest.fixture(scope="module")
def latex() -> str:
    """The document of the partnership."""
    return formulation_latex(lo.load_case("leam-2022"), scenario="ppp")


def test_every_family_is_a_section_with_its_mathematics(latex: str) -> None:
    """Breaks when a family has no mathematics in its docstring, or is not counted."""
    model = build(lo.load_case("leam-2022").scenario("ppp"))
    for part in model.parts:
        assert ".. math::" in (part.add.__doc__ or ""), part.name
        words = [w.upper() if w in ("cpu", "co2", "pue") else w for w in part.name.split("_")]
        title = " ".join(words)
        assert f"\\section{{{title[0].upper()}{title[1:]}}}" in latex
    rows = sum(int(count) for count in re.findall(r"(\d+) rows in this case", latex))
    assert rows == sum(len(block) for block in model.component_objects(pyo.Constraint))


def test_every_variable_has_a_letter_and_every_entry_of_the_derived_table_is_listed(latex: str) -> None:
    """Breaks when a variable is added without a letter, or a parameter without a line."""
    model = build(lo.load_case("leam-2022").scenario("ppp"))
    for variable in model.component_objects(pyo.Var):
        assert variable.local_name in model.symbols
        assert variable.doc
    for name in TABLE:
        assert rf"\texttt{{{name.replace('_', chr(92) + '_')}}}" in latex


def test_the_latex_is_balanced(latex: str) -> None:
    """Every environment that opens also closes, and no text is left with a bare special character."""
    begun = re.findall(r"\\begin\{(\w+\*?)\}", latex)
    ended = re.findall(r"\\end\{(\w+\*?)\}", latex)
    assert sorted(begun) == sorted(ended)
    prose = re.sub(r"\\begin\{(equation|gather)\*\}.*?\\end\{\1\*\}|\$[^$]*\$", "", latex, flags=re.DOTALL)
    assert not re.search(r"(?<!\\)[_%#]", prose)
