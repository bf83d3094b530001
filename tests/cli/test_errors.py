"""Every way to fail has its exit code and a message for people; a traceback is never one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import leam_opt
from leam_opt.errors import AuditError, CaseError, InfeasibleError, ModelError, SolveError
from tests.cli.conftest import Run


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Lets `leam_opt.solve` raise an error instead of solving."""

    def arrange(error: BaseException) -> None:
        def solve(*_: Any, **__: Any) -> None:
            raise error

        monkeypatch.setattr(leam_opt, "solve", solve)

    return arrange


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (CaseError(["case.yaml:3:1: one", "case.yaml:9:1: two"]), 2, ["case.yaml:3:1: one", "case.yaml:9:1: two"]),
        (ModelError("no formulation 'plannin'"), 2, ["no formulation 'plannin'"]),
        (InfeasibleError("no plan", ["public use", "CO2 cap"]), 3, ["no plan", "public use", "CO2 cap"]),
        (SolveError("time limit before a first plan"), 4, ["time limit before a first plan"]),
        (AuditError("row power[hall,2023] differs"), 5, ["row power[hall,2023] differs"]),
        (ZeroDivisionError("division by zero"), 1, ["ZeroDivisionError: division by zero", "LEAM_OPT_DEBUG=1"]),
    ],
)
def test_errors_become_exit_codes_and_messages(
    run: Run, failing: Any, error: Exception, code: int, words: list[str]
) -> None:
    """Breaks when an error ends with another code, loses its message, or shows a traceback."""
    failing(error)
    outcome = run("solve", "leam-2022")
    assert outcome.code == code
    assert outcome.out == ""
    assert outcome.err.startswith("leam-opt: ")
    assert all(word in outcome.err for word in words)
    assert "Traceback" not in outcome.err


def test_interrupt_is_said_plainly(run: Run, failing: Any) -> None:
    """Breaks when Ctrl-C outside the solver shows a traceback or looks like success."""
    failing(KeyboardInterrupt())
    assert run("solve", "leam-2022") == (130, "", "leam-opt: interrupted\n")


def test_debug_shows_the_traceback(failing: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Breaks when LEAM_OPT_DEBUG=1, which the message for unexpected errors asks for, hides the cause."""
    from leam_opt.cli import main

    failing(ZeroDivisionError("division by zero"))
    monkeypatch.setenv("LEAM_OPT_DEBUG", "1")
    with pytest.raises(ZeroDivisionError):
        main(["solve", "leam-2022"])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["solv", "leam-2022"], "Did you mean 'solve'?"),
        (["solve", "leam-2022", "--scenaro", "ppp"], "--scenario"),
        (["solve"], "Missing argument 'CASE'"),
        (["solve", "leam-2022", "--format", "jsn"], "did you mean 'json'?"),
        (["solve", "leam-2022", "--format", "xml"], "expected table, json or csv"),
        (["solve", "leam-2022", "--at", "hihg"], "did you mean 'high'?"),
        (["solve", "leam-2022", "--mip-gap", "-0.1"], "expected a share from 0 to below 1"),
        (["solve", "leam-2022", "--mip-gap", "nan"], "expected a share from 0 to below 1"),
        (["solve", "leam-2022", "--mip-gap", "small"], "--mip-gap"),
        (["solve", "leam-2022", "--time-limit", "0"], "expected seconds above 0"),
        (["solve", "leam-2022", "--time-limit", "inf"], "expected seconds above 0"),
        (["compare", "leam-2022", "--scenarios", " , "], "no scenario is named"),
        (["solve", "leam-2022", "--out", "/no/such/folder/plan.json"], "the folder /no/such/folder does not exist"),
        (["solve", "leam-2022", "--out", "/"], "this is a folder"),
        (["check", "leam-2023"], "did you mean 'leam-2022'?"),
        (["check", "leam-2022", "--scenario", "pp"], "did you mean 'ppp'?"),
        (["check", "leam-2022", "--set", "prices.tokns=0.02"], "did you mean prices.tokens"),
        (["check", "leam-2022", "--set", "prices.tokens"], "path.to.key=value"),
        (["check", "leam-2022", "--set", "prices.tokens=-1"], "too small"),
        (["check", "leam-2022", "--set", "prices.tokens=8.5 kW"], "does not fit"),
        (["check", "leam-2022", "--set", "prices.tokens=[1"], "--set"),
        (["new", "/"], "choose a new folder"),
        (["breakeven", "leam-2022"], "Missing option '--solve-for'"),
        (["breakeven", "leam-2022", "--solve-for", "prices.tokns"], "did you mean prices.tokens?"),
        (["breakeven", "leam-2022", "--solve-for", "horizon_years"], "is a whole number"),
        (["breakeven", "leam-2022", "--solve-for", "prices.token", "--measure", "defict"], "did you mean 'deficit'?"),
        (["breakeven", "leam-2022", "--solve-for", "prices.token", "--between", "2", "1"], "has to be below"),
        (["breakeven", "leam-2022", "--solve-for", "prices.token", "--between", "2"], "requires 2 arguments"),
        (["breakeven", "leam-2022", "--solve-for", "prices.token", "--between", "1 kW", "2"], "does not fit"),
    ],
)
def test_bad_input_ends_with_two_and_the_remedy(run: Run, arguments: list[str], words: str) -> None:
    """Breaks when a slip on the command line ends with another code, or its message no longer says what is right."""
    outcome = run(*arguments)
    assert outcome.code == 2
    assert words in outcome.err
    assert "Traceback" not in outcome.err


def test_out_is_checked_before_any_work(run: Run, failing: Any, tmp_path: Path) -> None:
    """Breaks when a long solve ends in a message that its result cannot be written."""
    failing(AssertionError("solved first"))
    assert "does not exist" in run("solve", "leam-2022", "--out", str(tmp_path / "missing" / "plan.json")).err


def test_closed_pipe_is_quiet() -> None:
    """Breaks when `leam-opt schema | head -1` shows a traceback or a warning of the interpreter."""
    command = [sys.executable, "-m", "leam_opt", "schema"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 141


def test_version_and_help_answer_without_heavy_imports() -> None:
    """Breaks when a module that only commands need is imported before one runs."""
    from tests.packaging.test_public_api import HEAVY

    light = [name for name in HEAVY if name != "typer"]
    program = (
        "import sys\nfrom leam_opt.cli import main\n"
        "try: main([sys.argv[1]])\n"
        f"except SystemExit as end: print(end.code, [name for name in {light} if name in sys.modules])\n"
    )
    for option, said in (("--version", f"leam-opt {leam_opt.__version__}"), ("--help", "Exit codes: 0 done")):
        result = subprocess.run([sys.executable, "-c", program, option], capture_output=True, text=True, check=True)
        assert said in result.stdout
        assert result.stdout.splitlines()[-1] == "0 []"
