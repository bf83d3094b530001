"""Where a result goes and in which form: a table for people, JSON or CSV for programs, on the terminal or in a file."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from leam_opt.cli_options import FORMATS, one_of
from leam_opt.errors import CaseError

if TYPE_CHECKING:
    from rich.console import RenderableType

BROKEN_PIPE_EXIT_CODE = 141  # what a shell reports for a program that SIGPIPE ended


def target(out: Path | None, form: str | None) -> tuple[Path | None, str]:
    """Where and in which form the result goes; raises before any work is done where the file cannot be written."""
    if form is None:
        suffix = out.suffix.lower().lstrip(".") if out is not None else ""
        form = suffix if suffix in FORMATS else "table"
    one_of(FORMATS, form, "--format")
    if out is None:
        return None, form
    if out.is_dir():
        raise CaseError(f"--out {out}: this is a folder; name a file in it")
    if not out.parent.is_dir():
        raise CaseError(f"--out {out}: the folder {out.parent} does not exist")
    if not os.access(out.parent, os.W_OK):
        raise CaseError(f"--out {out}: no permission to write into {out.parent}")
    return out, form


def emit(
    form: str, out: Path | None, *, data: Any, csv: Callable[[], str], view: Callable[[], Iterable[RenderableType]]
) -> None:
    """Prints or writes a result: `data` as JSON, `csv` as CSV, `view` for people."""
    from leam_opt.report import export, style

    if form == "json":
        write(export.json_text(data), out)
    elif form == "csv":
        write(csv(), out)
    elif out is None and sys.stdout.isatty():
        style.show(view(), sys.stdout)
    else:
        write(style.plain(view()), out)


def write(text: str, out: Path | None) -> None:
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
