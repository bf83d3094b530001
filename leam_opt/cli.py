"""The command line `leam-opt`: every command is one call of the public API and one report of its result.

Everything heavy is imported inside the commands, so that `--help` and a misspelt option answer at once.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from leam_opt.cli_insight import mended, register
from leam_opt.cli_options import (
    MEASURES,
    At,
    Between,
    CaseName,
    Gap,
    Measure,
    Out,
    OutputFormat,
    Overrides,
    Scenario,
    SolveFor,
    TimeLimit,
    check_limits,
    load,
    named,
    one_of,
)
from leam_opt.cli_output import emit, target, write
from leam_opt.errors import CaseError, LeamError

BUG_EXIT_CODE = 1
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
    out, form = target(out, form)
    from leam_opt.report.check import check_case, check_csv, check_view

    result = check_case(load(case, overrides, at), scenario)
    emit(form, out, data=result, csv=lambda: check_csv(result), view=lambda: check_view(result))


@app.command()
def new(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of the new case; it must not exist yet.")],
    source: Annotated[
        str | None,
        typer.Option("--from", metavar="CASE", help="Case to start from; default: the workbook's, or leam-2022."),
    ] = None,
    workbook: Annotated[
        Path | None,
        typer.Option("--from-excel", metavar="FILE", help="Take the figures of a workbook of `leam-opt report`."),
    ] = None,
) -> None:
    """Create a new case as a copy of another one, or from the assumptions of a workbook."""
    if workbook is not None:
        from leam_opt.case.excel import new_case_from_excel

        new_case_from_excel(workbook, folder, source, tell=lambda note: typer.echo(note, err=True))
    else:
        from leam_opt.case.catalogue import new_case

        new_case(folder, source or "leam-2022")
    typer.echo(f"created {folder}; edit {folder / 'case.yaml'}, then run: leam-opt check {folder}")


@app.command()
def schema(out: Out = None) -> None:
    """Print the JSON Schema of case files."""
    out, _ = target(out, "json")
    from leam_opt.case.document import case_schema
    from leam_opt.report.export import json_text

    write(json_text(case_schema()), out)


@app.command()
def math(
    case: CaseName,
    scenario: Scenario = None,
    overrides: Overrides = None,
    out: Out = None,
) -> None:
    """Print the formulation in LaTeX, from the code."""
    out, _ = target(out, "table")
    from leam_opt.report.math import formulation_latex

    write(formulation_latex(load(case, overrides), scenario), out)


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
    out, form = target(out, form)
    import leam_opt
    from leam_opt.report.export import csv_text
    from leam_opt.report.tables_reconcile import reconciliation_rows, reconciliation_view

    result = leam_opt.reconcile(load(case, overrides))
    rows = reconciliation_rows(result.rows)
    emit(
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
    out, form = target(out, form)
    check_limits(mip_gap, time_limit)
    import leam_opt
    from leam_opt.report.export import plan_csv
    from leam_opt.report.progress import StatusLine
    from leam_opt.report.tables import plan_view

    loaded = load(case, overrides, at)
    with StatusLine() as line, mended(loaded, scenario, line.callback, is_own=model != "planning" or bool(rules)):
        plan = leam_opt.solve(
            loaded,
            scenario=scenario,
            mip_gap=mip_gap,
            time_limit=time_limit,
            progress=line.callback,
            formulation=model,
            rules=rules or (),
        )
    data = plan.to_dict()
    emit(form, out, data=data, csv=lambda: plan_csv(data), view=lambda: plan_view(data))


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
    out, form = target(out, form)
    check_limits(mip_gap, time_limit)
    names = None if scenarios is None else named(scenarios, "--scenarios", "scenario", "public,ppp")
    import leam_opt
    from leam_opt.report.progress import StatusLine
    from leam_opt.report.tables_compare import comparison_view

    with StatusLine() as line:
        result = leam_opt.compare(
            load(case, overrides, at),
            scenarios=names,
            mip_gap=mip_gap,
            time_limit=time_limit,
            progress=line.callback,
            strict=strict,
        )
    data = result.to_dict()
    emit(
        form,
        out,
        data=data,
        csv=lambda: result.frame().to_csv(index_label="figure", lineterminator="\n"),
        view=lambda: comparison_view(data),
    )


@app.command()
def breakeven(
    case: CaseName,
    solve_for: SolveFor,
    scenario: Scenario = None,
    measure: Measure = "deficit",
    between: Between = None,
    overrides: Overrides = None,
    at: At = "base",
    mip_gap: Gap = 1e-4,
    time_limit: TimeLimit = None,
    form: OutputFormat = None,
    out: Out = None,
) -> None:
    """Find the value of a figure at which a measure becomes zero.

    Solves the case again and again until the value is known; every solve is audited. Ctrl-C ends the search with what
    is known so far.
    """
    out, form = target(out, form)
    check_limits(mip_gap, time_limit)
    one_of(MEASURES, measure, "--measure")
    import leam_opt
    from leam_opt.report.export import csv_text
    from leam_opt.report.progress import StatusLine
    from leam_opt.report.tables_breakeven import breakeven_view

    low, high = between or (None, None)
    with StatusLine() as line:
        result = leam_opt.breakeven(
            load(case, overrides, at),
            solve_for=solve_for,
            scenario=scenario,
            measure=measure,
            low=low,
            high=high,
            mip_gap=mip_gap,
            time_limit=time_limit,
            progress=line.callback,
        )
    data = result.to_dict()
    emit(form, out, data=data, csv=lambda: csv_text(data["solves"]), view=lambda: breakeven_view(data))


@app.command()
def study(
    source: Annotated[
        str, typer.Argument(metavar="STUDY", help="A study file, or a shipped study as CASE/NAME (leam-2022/tornado).")
    ],
    folder: Annotated[
        Path | None,
        typer.Option(
            "--into", metavar="DIR", help="Folder of the runs; the same study goes on there. Default: NAME.study."
        ),
    ] = None,
    workers: Annotated[
        int | None, typer.Option("--workers", metavar="N", min=1, help="Processes; default: all cores.")
    ] = None,
    dask: Annotated[str | None, typer.Option("--dask", metavar="ADDRESS", help="Run on a Dask cluster.")] = None,
    restart: Annotated[bool, typer.Option("--restart", help="Begin anew; earlier runs are put by.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Allow a design of more than a million points.")] = False,
    cache: Annotated[
        str | None, typer.Option("--cache", metavar="DIR|off", help="Cache of results; default: the user's own.")
    ] = None,
    form: OutputFormat = None,
    out: Out = None,
) -> None:
    """Carry out a what-if study and say what it shows.

    Each run lands in the study's folder as it finishes. Ctrl-C stops; the same command goes on from there.
    """
    out, form = target(out, form)
    import leam_opt
    from leam_opt.report.progress_study import StudyBar
    from leam_opt.report.tables_study import study_view

    planned = leam_opt.Study(source, yes=yes)
    with StudyBar() as bar:
        result = planned.run(folder, workers=workers, dask=dask, progress=bar.callback, restart=restart, cache=cache)
    data = result.to_dict()
    emit(
        form,
        out,
        data=data,
        csv=lambda: result.frame().to_csv(index=False, lineterminator="\n"),
        view=lambda: study_view(data),
    )
    if not result.complete:
        typer.echo(
            f"leam-opt: stopped after {data['runs_done']:,} of {data['runs']:,} runs; the same command goes on",
            err=True,
        )
        raise typer.Exit(INTERRUPTED_EXIT_CODE)


register(app)


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
