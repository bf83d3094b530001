"""Commands that explain plans and make documents of them: `explain`, `alternatives`, `pareto`, `report`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from leam_opt.cli_options import (
    ENDS,
    At,
    CaseName,
    Gap,
    Out,
    OutputFormat,
    Overrides,
    Scenario,
    TimeLimit,
    check_limits,
    load,
    named,
    one_of,
    share,
)
from leam_opt.cli_output import emit, target
from leam_opt.errors import InfeasibleError

if TYPE_CHECKING:
    from leam_opt.case.quantity import End
    from leam_opt.case.schema import Case
    from leam_opt.solve.progress import Progress
    from leam_opt.words import Language

INFEASIBLE_EXIT_CODE = 3
FORMS = ("html", "xlsx", "tables")
_REPAIR_SECONDS, _REPAIR_GAP = 60.0, 1e-3
"""Of the repairs that `solve` proposes; `explain` looks longer."""

Workers = Annotated[int | None, typer.Option("--workers", metavar="N", min=1, help="Processes; default: all cores.")]


@contextmanager
def mended(
    case: Case, scenario: str | None, progress: Callable[[Progress], None] | None, *, is_own: bool
) -> Iterator[None]:
    """Says of a case without a plan which of its rules conflict, in its own words, and what would mend that.

    A formulation or a rule of one's own (`is_own`) is not known to the repairs.
    """
    try:
        yield
    except InfeasibleError as error:
        if is_own or error.found is None:
            raise
        from leam_opt.insight.repairs import repairs, sentences

        found = repairs(
            case, scenario, mip_gap=_REPAIR_GAP, time_limit=_REPAIR_SECONDS, progress=progress, conflict=error.found
        )
        raise InfeasibleError("\n".join(sentences(found.to_dict())), []) from None


def explain(
    case: CaseName,
    scenario: Scenario = None,
    overrides: Overrides = None,
    at: At = "base",
    mip_gap: Gap = 1e-4,
    time_limit: TimeLimit = None,
    workers: Workers = None,
    form: OutputFormat = None,
    out: Out = None,
) -> None:
    """Say what each rule of a plan costs, or why there is no plan and what would mend that.

    Exit code 3 where there is none.
    """
    out, form = target(out, form)
    check_limits(mip_gap, time_limit)
    import leam_opt
    from leam_opt.report.export import csv_text
    from leam_opt.report.progress import StatusLine
    from leam_opt.report.tables_conflict import conflict_view
    from leam_opt.report.tables_prices import prices_view

    with StatusLine() as line:
        result = leam_opt.explain(
            load(case, overrides, at),
            scenario=scenario,
            mip_gap=mip_gap,
            time_limit=time_limit,
            progress=line.callback,
            workers=workers,
        )
    data = result.to_dict()
    conflict, prices = data["conflict"], data["prices"]
    if conflict is not None:
        emit(form, out, data=data, csv=lambda: csv_text(conflict["rules"]), view=lambda: conflict_view(conflict))
        raise typer.Exit(INFEASIBLE_EXIT_CODE)
    emit(form, out, data=data, csv=lambda: csv_text(prices["rules"]), view=lambda: prices_view(prices))


def alternatives(
    case: CaseName,
    within: Annotated[
        str, typer.Option("--within", metavar="SHARE", help="Room above the best deficit, as a share of gross cost.")
    ] = "2%",
    most: Annotated[int, typer.Option("--most", metavar="N", min=1, help="Plans to show at most.")] = 6,
    scenario: Scenario = None,
    overrides: Overrides = None,
    at: At = "base",
    mip_gap: Gap = 1e-4,
    time_limit: TimeLimit = None,
    form: OutputFormat = None,
    out: Out = None,
) -> None:
    """Find plans that are nearly as good but different, and what all of them share."""
    out, form = target(out, form)
    check_limits(mip_gap, time_limit)
    room = share(within, "--within")
    import leam_opt
    from leam_opt.report.export import csv_text
    from leam_opt.report.progress import StatusLine
    from leam_opt.report.tables_alternatives import alternatives_view

    with StatusLine() as line:
        result = leam_opt.alternatives(
            load(case, overrides, at),
            scenario,
            within=room,
            most=most,
            mip_gap=mip_gap,
            time_limit=time_limit,
            progress=line.callback,
        )
    data = result.to_dict()
    emit(form, out, data=data, csv=lambda: csv_text(data["plans"]), view=lambda: alternatives_view(data))


def pareto(
    case: CaseName,
    objectives: Annotated[
        str,
        typer.Option(
            "--objectives", metavar="A,B", help="Two of deficit, public_compute, public_money, co2, gross_cost."
        ),
    ] = "deficit,public_compute",
    points: Annotated[int, typer.Option("--points", metavar="N", min=2, help="Points of the front, at most.")] = 8,
    scenario: Scenario = None,
    overrides: Overrides = None,
    at: At = "base",
    mip_gap: Gap = 1e-4,
    time_limit: TimeLimit = None,
    form: OutputFormat = None,
    out: Out = None,
) -> None:
    """Show what one objective costs in terms of another: the plans that nobody can better in both."""
    out, form = target(out, form)
    check_limits(mip_gap, time_limit)
    names = named(objectives, "--objectives", "objective", "deficit,public_compute")
    import leam_opt
    from leam_opt.report.export import csv_text
    from leam_opt.report.progress import StatusLine
    from leam_opt.report.tables_alternatives import pareto_view

    with StatusLine() as line:
        result = leam_opt.pareto(
            load(case, overrides, at),
            names,
            scenario,
            points=points,
            mip_gap=mip_gap,
            time_limit=time_limit,
            progress=line.callback,
        )
    data = result.to_dict()
    rows = [{**point["values"], **point} for point in data["points"]]
    emit(form, out, data=data, csv=lambda: csv_text(rows), view=lambda: pareto_view(data))


def report(
    source: Annotated[
        str,
        typer.Argument(
            metavar="CASE|RESULT|STUDY",
            help="A case to solve, a result (JSON of solve or compare), or a study's folder.",
        ),
    ],
    folder: Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder of the pack; made where it is missing.")],
    language: Annotated[str, typer.Option("--lang", metavar="en|de", help="Language of page and workbook.")] = "en",
    scenarios: Annotated[
        str | None, typer.Option("--scenarios", metavar="A,B", help="Scenarios of a case; default: all.")
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="Without what takes more solves: rule prices, alternatives, trade-off.")
    ] = False,
    forms: Annotated[
        str, typer.Option("--forms", metavar=",".join(FORMS), help="What to write; default: all.")
    ] = ",".join(FORMS),
    overrides: Overrides = None,
    at: At = "base",
    mip_gap: Gap = 1e-4,
    time_limit: TimeLimit = None,
    workers: Workers = None,
) -> None:
    """Write a decision pack: one offline page, a workbook that calculates, and every table as CSV and Parquet."""
    check_limits(mip_gap, time_limit)
    from leam_opt.words import LANGUAGES

    lang = cast("Language", one_of(LANGUAGES, language, "--lang"))
    end = cast("End", one_of(ENDS, at, "--at"))
    wanted = [one_of(FORMS, form, "--forms") for form in named(forms, "--forms", "form", "html,xlsx")]
    import leam_opt
    from leam_opt.report.progress import StatusLine

    try:
        with StatusLine() as line:
            files = leam_opt.decision_pack(
                source,
                folder,
                language=lang,
                forms=wanted,
                scenarios=None if scenarios is None else named(scenarios, "--scenarios", "scenario", "public,ppp"),
                full=not quick,
                overrides=overrides or (),
                at=end,
                mip_gap=mip_gap,
                time_limit=time_limit,
                workers=workers,
                progress=line.callback,
            )
    except InfeasibleError as error:
        hint = f"leam-opt explain {source}, with the same options and a scenario, says what would mend that"
        raise InfeasibleError(f"{error}\n{hint}", error.conflict) from None
    tables = [file for file in files if file.parent != folder]
    for file in files:
        if file.parent == folder:
            typer.echo(f"wrote {file}", err=True)
    if tables:
        typer.echo(f"wrote {len(tables)} tables to {tables[0].parent}", err=True)


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    for command in (explain, alternatives, pareto, report):
        app.command()(command)
