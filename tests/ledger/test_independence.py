"""The ledger is a second witness: it takes nothing from the optimiser's side.

Fails as soon as a file of the ledger or of finance imports the formulation, the solver, or the table that the
optimiser's parameters are derived with.
"""

from __future__ import annotations

import ast
from pathlib import Path

import leam_opt.finance
import leam_opt.ledger

ALLOWED = ("leam_opt.case", "leam_opt.errors", "leam_opt.finance", "leam_opt.ledger")
FORBIDDEN = ("leam_opt.case.derive",)


def imported(file: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file.name}: relative import"
            names |= {node.module or "", *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


def test_the_ledger_imports_nothing_of_the_optimiser() -> None:
    files = [file for room in (leam_opt.ledger, leam_opt.finance) for file in Path(room.__path__[0]).glob("*.py")]
    assert len(files) > 15
    for file in files:
        for name in imported(file):
            if name.startswith("leam_opt"):
                assert name.startswith(ALLOWED), f"{file.name} imports {name}"
                assert not name.startswith(FORBIDDEN), f"{file.name} imports {name}"
            assert not name.startswith(("pyomo", "highspy")), f"{file.name} imports {name}"
