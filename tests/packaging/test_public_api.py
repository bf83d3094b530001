"""`import leam_opt` offers its twenty names, and fetches each of them only when it is used."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import leam_opt

HEAVY = ("numpy", "pandas", "pydantic", "pint", "pyomo", "highspy", "ruamel", "rich", "typer", "scipy")


def test_at_most_twenty_names() -> None:
    """Breaks when the public API grows past twenty names or lists one twice."""
    assert len(leam_opt.__all__) == len(set(leam_opt.__all__)) <= 20


@pytest.mark.parametrize("name", leam_opt.__all__)
def test_every_name_can_be_fetched(name: str) -> None:
    """Breaks when a name moves to another room and the table in the package does not follow."""
    assert getattr(leam_opt, name) is not None


def test_type_checkers_see_the_same_names() -> None:
    """Breaks when the imports for type checkers and the table of lazy names differ."""
    tree = ast.parse(Path(leam_opt.__file__).read_text(encoding="utf-8"))
    (block,) = [node for node in tree.body if isinstance(node, ast.If)]
    typed = {alias.name: node.module for node in block.body if isinstance(node, ast.ImportFrom) for alias in node.names}
    assert typed == {**leam_opt._HOME, "solve": "leam_opt.solve.run"}
    assert {*typed, "__version__"} == set(leam_opt.__all__)


def test_import_is_light() -> None:
    """Breaks when the package, or the command line before a command runs, imports something heavy."""
    program = f"import sys, leam_opt, leam_opt.errors; print([name for name in {HEAVY} if name in sys.modules])"
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


def test_solve_can_be_called_whoever_imported_its_room_first() -> None:
    """Breaks when `leam_opt.solve` is the function in one program and a plain module in another."""
    program = (
        "import leam_opt.solve.run as run, leam_opt, inspect; assert callable(leam_opt.solve);"
        "print(inspect.signature(leam_opt.solve) == inspect.signature(run.solve))"
    )
    for start in (program, f"import leam_opt; leam_opt.solve; {program}"):
        result = subprocess.run([sys.executable, "-c", start], capture_output=True, text=True, check=True)
        assert result.stdout.strip() == "True"


def test_unknown_name_is_an_attribute_error() -> None:
    """Breaks when a misspelt name gives a confusing error, or `hasattr` on the package raises."""
    with pytest.raises(AttributeError, match="no attribute 'solv'; it offers"):
        leam_opt.solv  # noqa: B018
    assert not hasattr(leam_opt, "solv")
