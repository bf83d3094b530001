"""The fences between the rooms hold, and each of them would notice a breach.

The contracts stand in pyproject.toml under [tool.importlinter]; `make fences` checks them too. import-linter reads
packages from disk, so the engine and the mathematics are put together here as they are installed.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

BREACHES = [
    ("leam_opt/ledger/decisions.py", "import leam_opt.models.planning", "The ledger is a witness of its own"),
    ("leam_opt/ledger/decisions.py", "import pyomo.environ", "The ledger is a witness of its own"),
    ("leam_opt/ledger/decisions.py", "import highspy", "Only the solving room talks to the solver"),
    ("leam_opt/models/planning.py", "import leam_opt.ledger.decisions", "The models know the case"),
    ("leam_opt/case/index.py", "import leam_opt.ledger.decisions", "The case knows no room"),
    ("leam_opt/finance/discount.py", "import leam_opt.report.style", "Finance measures cash flows"),
    ("leam_opt/finance/discount.py", "import leam_opt.study.bracket", "Finance measures cash flows"),
    ("leam_opt/study/bracket.py", "import leam_opt.report.style", "A study asks for plans"),
    ("leam_opt/solve/plan.py", "import leam_opt.study.bracket", "A plan knows no study"),
    ("leam_opt/report/style.py", "import leam_opt.models.planning", "The engine finds formulations by name"),
    ("leam_opt/report/style.py", "import highspy", "Only the solving room talks to the solver"),
    ("leam_opt/study/bracket.py", "import highspy", "Only the solving room talks to the solver"),
    ("leam_opt/report/style.py", "import leam_opt.cli_output", "Nothing below depends on the command line"),
]


def _assembled(folder: Path) -> Path:
    skip = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "leam_opt", folder / "leam_opt", ignore=skip)
    shutil.copytree(ROOT / "models", folder / "leam_opt" / "models", ignore=skip)
    return folder


def _lint(folder: Path) -> subprocess.CompletedProcess[str]:
    program = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    options = ["--config", str(ROOT / "pyproject.toml"), "--no-cache"]
    command = [sys.executable, "-c", program, *options]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, stdin=subprocess.DEVNULL)


def test_fences_hold(tmp_path: Path) -> None:
    """Breaks when a room imports what its fence forbids, directly or through others."""
    result = _lint(_assembled(tmp_path))
    assert result.returncode == 0, result.stdout + result.stderr
    assert "0 broken" in result.stdout


@pytest.mark.parametrize(("file", "line", "contract"), BREACHES)
def test_a_planted_import_breaks_its_fence(tmp_path: Path, file: str, line: str, contract: str) -> None:
    """Breaks when a contract no longer sees the import that it is there to forbid."""
    folder = _assembled(tmp_path)
    with (folder / file).open("a", encoding="utf-8") as stream:
        stream.write(f"\n{line}\n")
    result = _lint(folder)
    assert result.returncode == 1
    verdicts = [text for text in result.stdout.splitlines() if text.startswith(contract)]
    assert any(text.rstrip().endswith("BROKEN") for text in verdicts), result.stdout


def test_an_indirect_import_breaks_the_fence_too(tmp_path: Path) -> None:
    """Breaks when only direct imports are checked: the ledger must not reach the solver through another room."""
    folder = _assembled(tmp_path)
    (folder / "leam_opt" / "detour.py").write_text("import leam_opt.models.planning\n", encoding="utf-8")
    with (folder / "leam_opt/ledger/decisions.py").open("a", encoding="utf-8") as stream:
        stream.write("\nimport leam_opt.detour\n")
    result = _lint(folder)
    assert "leam_opt.ledger.decisions -> leam_opt.detour" in result.stdout
