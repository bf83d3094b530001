"""The command line `leam-opt`: every command is one call of the public API and one report of its result.

Everything heavy is imported inside the commands, so that `--help` and a misspelt option answer at once.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, cast

import typer

from leam_opt.errors import CaseError, LeamError

if TYPE_CHECKING:
    from rich.console import RenderableType

    from leam_opt.case.schema import Case

BUG_EXIT_CODE = 1
BROKEN_PIPE_EXIT_CODE = 141  # what a shell reports for a program that SIGPIPE ended
INTERRUPTED_EXIT_CODE = 130  # likewise for SIGINT; Typer ends an interrupted command with it

_EXIT_CODES = (
    "Exit codes: 0 done; 2 bad input; 3 infeasible, with the conflicting rules named; "
    "4 stopped without a plan; 5 audit failed."
)

app = typer.Typer(
    name="leam-opt",
    help="Plans an AI supercomputing centre: which machines, where, for whom, and who pays.",
    epilog=_EXIT_CODES,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


FORMATS = ("table", "json", "csv")
ENDS = ("low", "base", "high")

CaseName = Annotated[str, typer.Argument(metavar="CASE", help="Name of a shipped case, or a folder with a case.yaml.")]
Scenario = Annotated[str | None, typer.Option("--scenario", metavar="NAME", help="Scenario; default: the case itself.")]
Overrides = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="PATH=VALUE", help='Override a figure, like "prices.tokens=0.02"; repeatable.'),
]
At = Annotated[str, typer.Option("--at", metavar="|".join(ENDS), help="Take all ranges at this end.")]
Gap = Annotated[
    float,
    typer.Option("--mip-gap", metavar="SHARE", help="Proof to reach, as a share of the gross cost (0.0001 = 0.01 %)."),
]
TimeLimit = Annotated[
    float | None,
    typer.Option("--time-limit", metavar="SECONDS", help="Stop the search after this time with the best plan found."),
]
OutputFormat = Annotated[
    str | None,
    typer.Option(
        "--format", metavar="|".join(FORMATS), help="Form of the result; default: by the suffix of --out, else table."
    ),
]
Out = Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Write the result to a file instead.")]


def _print_version(wanted: bool) -> None:
    if wanted:
        from leam_opt import __version__

        typer.echo(f"leam-opt {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    pass


@app.command()
def check(
    case: CaseName,
    scenario: Scenario = None,
    overrides: Overrides = None,
    at: At = "base",
    form: OutputFormat = None,
    out: Out = None,
) -> None:
    """Check a case and its scenarios without solving."""
    out, form = _target(out, form)
    from leam_opt.report.check import check_case, check_csv, check_view

    result = check_case(_load(case, overrides, at), scenario)
    _emit(form, out, data=result, csv=lambda: check_csv(result), view=lambda: check_view(result))


@app.command()
def new(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of the new case; it must not exist yet.")],
    source: Annotated[str, typer.Option("--from", metavar="CASE", help="Case to start from.")] = "leam-2022",
) -> None:
    """Create a new case as a copy of another one."""
    from leam_opt import new_case

    new_case(folder, source)
    typer.echo(f"created {folder}; edit {folder / 'case.yaml'}, then run: leam-opt check {folder}")


@app.command()
def schema(out: Out = None) -> None:
    """Print the JSON Schema of case files."""
    out, _ = _target(out, "json")
    from leam_opt import case_schema
    from leam_opt.report.export import json_text

    _write(json_text(case_schema()), out)


@app.command()
def math(
    case: CaseName,
    scenario: Scenario = None,
    overrides: Overrides = None,
    out: Out = None,
) -> None:
    """Print the formulation in LaTeX, from the code."""
    out, _ = _target(out, "table")
    from leam_opt import formulation_latex

    _write(formulation_latex(_load(case, overrides), scenario), out)


@app.command()
def reconcile(
    case: CaseName,
    overrides: Overrides = None,
    form: OutputFormat = None,
    out: Out = None,
) -> None:
    """Set every figure of the paper beside the engine's.

    Runs the case's reference plan through the ledger and gives a verdict on each figure of annexes B to G: equal,
    explained by rounding, or a misprint in the paper.
    """
    out, form = _target(out, form)
    import leam_opt
    from leam_opt.report.export import csv_text
    from leam_opt.report.tables_reconcile import reconciliation_rows, reconciliation_view

    result = leam_opt.reconcile(_load(case, overrides))
    rows = reconciliation_rows(result.rows)
    _emit(
        form,
        out,
        data=rows,
        csv=lambda: csv_text(rows),
        view=lambda: reconciliation_view(case, result.rows, result.findings),
    )


@app.command()
def solve(
    case: CaseName,
    scenario: Scenario = None,
    overrides: Overrides = None,
    at: At = "base",
    mip_gap: Gap = 1e-4,
    time_limit: TimeLimit = None,
    model: Annotated[
        str, typer.Option("--model", metavar="NAME|PATH", help="Formulation: a shipped one, or a Python file.")
    ] = "planning",
    rules: Annotated[
        list[Path] | None, typer.Option("--rule", metavar="FILE", help="Python file with add(model, case); repeatable.")
    ] = None,
    form: OutputFormat = None,
    out: Out = None,
) -> None:
    """Find the best plan of one scenario.

    The ledger audits the plan before it is shown. Ctrl-C ends the search with the best plan found so far.
    """
    out, form = _target(out, form)
    _check_limits(mip_gap, time_limit)
    import leam_opt
    from leam_opt.report.export import plan_csv
    from leam_opt.report.progress import StatusLine
    from leam_opt.report.tables import plan_view

    with StatusLine() as line:
        plan = leam_opt.solve(
            _load(case, overrides, at),
            scenario=scenario,
            mip_gap=mip_gap,
            time_limit=time_limit,
            progress=line.callback,
            formulation=model,
            rules=rules or (),
        )
    data = plan.to_dict()
    _emit(form, out, data=data, csv=lambda: plan_csv(data), view=lambda: plan_view(data))


@app.command()
def compare(
    case: CaseName,
    scenarios: Annotated[
        str | None, typer.Option("--scenarios", metavar="A,B", help="Scenarios to compare; default: all of the case.")
    ] = None,
    overrides: Overrides = None,
    at: At = "base",
    mip_gap: Gap = 1e-4,
    time_limit: TimeLimit = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Also price the strict reading: public use over all pools.")
    ] = False,
    form: OutputFormat = None,
    out: Out = None,
) -> None:
    """Say which scenario is best, and why.

    Solves the scenarios, sets them side by side, ranks them, and bridges from the second best to the best.
    """
    out, form = _target(out, form)
    _check_limits(mip_gap, time_limit)
    names = None if scenarios is None else [name for name in (part.strip() for part in scenarios.split(",")) if name]
    if names == []:
        raise CaseError("--scenarios: no scenario is named; write for example --scenarios public,ppp")
    import leam_opt
    from leam_opt.report.progress import StatusLine
    from leam_opt.report.tables_compare import comparison_view

    with StatusLine() as line:
        result = leam_opt.compare(
            _load(case, overrides, at),
            scenarios=names,
            mip_gap=mip_gap,
            time_limit=time_limit,
            progress=line.callback,
            strict=strict,
        )
    data = result.to_dict()
    _emit(
        form,
        out,
        data=data,
        csv=lambda: result.frame().to_csv(index_label="figure", lineterminator="\n"),
        view=lambda: comparison_view(data),
    )


def main(arguments: list[str] | None = None) -> None:
    """Entry point: runs a command and ends the process with its exit code; a traceback never reaches the user."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a terminal without a € sign is no reason to fail
    try:
        app(arguments)
    except SystemExit as end:
        if end.code == INTERRUPTED_EXIT_CODE:
            typer.echo("leam-opt: interrupted", err=True)
        raise
    except LeamError as error:
        _fail(_messages(error), error.exit_code, error)
    except Exception as error:
        text = f"{type(error).__name__}: {error}".splitlines()[0]
        advice = (
            "This is a fault of leam-opt: run it again with LEAM_OPT_DEBUG=1 and report what it prints, with the case."
        )
        _fail([f"unexpected {text}", advice], BUG_EXIT_CODE, error)


def _messages(error: LeamError) -> list[str]:
    if isinstance(error, CaseError):
        return error.problems
    lines = [str(error)]
    unsaid = [rule for rule in getattr(error, "conflict", []) if rule not in lines[0]]
    if unsaid:
        lines += ["these rules cannot hold together:", *(f"  - {rule}" for rule in unsaid)]
    return lines


def _fail(lines: list[str], exit_code: int, error: Exception | None = None) -> None:
    if error is not None and os.environ.get("LEAM_OPT_DEBUG"):
        raise error
    first, *others = lines or ["failed"]
    typer.echo("\n".join([f"leam-opt: {first}", *others]), err=True)
    sys.exit(exit_code)


def _load(name: str, settings: list[str] | None, at: str = "base") -> Case:
    from leam_opt import load_case
    from leam_opt.case.load import parse_settings

    end = cast('Literal["low", "base", "high"]', _one_of(ENDS, at, "--at"))
    return load_case(name, overrides=parse_settings(settings or ()), at=end)


def _one_of(allowed: tuple[str, ...], value: str, option: str) -> str:
    if value in allowed:
        return value
    close = get_close_matches(value, allowed, n=1)
    hint = f"did you mean '{close[0]}'?" if close else f"expected {', '.join(allowed[:-1])} or {allowed[-1]}"
    raise CaseError(f"{option} {value}: {hint}")


def _check_limits(mip_gap: float, time_limit: float | None) -> None:
    if not 0 <= mip_gap < 1:
        raise CaseError(f"--mip-gap {mip_gap:g}: expected a share from 0 to below 1, for example 0.0001 for 0.01 %")
    if time_limit is not None and not 0 < time_limit < float("inf"):
        raise CaseError(f"--time-limit {time_limit:g}: expected seconds above 0")


def _target(out: Path | None, form: str | None) -> tuple[Path | None, str]:
    """Where and in which form the result goes; raises before any work is done where the file cannot be written."""
    if form is None:
        suffix = out.suffix.lower().lstrip(".") if out is not None else ""
        form = suffix if suffix in FORMATS else "table"
    _one_of(FORMATS, form, "--format")
    if out is None:
        return None, form
    if out.is_dir():
        raise CaseError(f"--out {out}: this is a folder; name a file in it")
    if not out.parent.is_dir():
        raise CaseError(f"--out {out}: the folder {out.parent} does not exist")
    if not os.access(out.parent, os.W_OK):
        raise CaseError(f"--out {out}: no permission to write into {out.parent}")
    return out, form


def _emit(
    form: str, out: Path | None, *, data: Any, csv: Callable[[], str], view: Callable[[], Iterable[RenderableType]]
) -> None:
    """Prints or writes a result: `data` as JSON, `csv` as CSV, `view` for people."""
    from leam_opt.report import export, style

    if form == "json":
        _write(export.json_text(data), out)
    elif form == "csv":
        _write(csv(), out)
    elif out is None and sys.stdout.isatty():
        style.show(view(), sys.stdout)
    else:
        _write(style.plain(view()), out)


def _write(text: str, out: Path | None) -> None:
    """Writes UTF-8 to a file in one step, or to standard output."""
    from leam_opt.report import export

    if out is not None:
        try:
            export.write(out, text)
        except OSError as error:
            raise CaseError(f"--out {out}: {error.strerror}") from None
        typer.echo(f"wrote {out}", err=True)
        return
    if hasattr(sys.stdout, "reconfigure") and not sys.stdout.isatty():
        sys.stdout.reconfigure(encoding="utf-8")
    try:
        sys.stdout.write(text if text.endswith("\n") else text + "\n")
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read our output has seen enough; the interpreter must not flush into the closed pipe at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(BROKEN_PIPE_EXIT_CODE) from None
