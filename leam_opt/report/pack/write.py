"""Writes a decision pack into a folder: page, workbook, tables, and the result that it can be made from again.

    DIR/index.html       one page that opens offline
    DIR/workbook.xlsx    the same with live formulas
    DIR/tables/*.csv     every table, for programs: English names, decimal points; *.parquet with units
    DIR/results.json     plans and findings: `leam-opt report DIR/results.json` makes the pack again and solves nothing

Each file appears whole or not at all. Tables of an earlier pack that this one does not have are removed.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from leam_opt.errors import CaseError
from leam_opt.report.export import json_text, write
from leam_opt.report.pack.content import Pack
from leam_opt.report.pack.contracts import CONTRACTS
from leam_opt.report.pack.tables import CATALOGUE, tables, unit_of
from leam_opt.words import ENGLISH, Words

if TYPE_CHECKING:
    import pandas as pd

FORMS = ("html", "xlsx", "tables")
PAGE, WORKBOOK, TABLES, RESULTS = "index.html", "workbook.xlsx", "tables", "results.json"


def write_pack(pack: Pack, directory: str | Path, words: Words = ENGLISH, formats: Sequence[str] = FORMS) -> list[Path]:
    """Writes a pack; the files that were written, the page first.

    Args:
        pack: the pack.
        directory: made where it is missing.
        words: language of page and workbook; tables for programs are the same in every language.
        formats: of `FORMS`; `results.json` is always written.

    Raises:
        CaseError: a format is unknown, or the folder cannot be written.
    """
    if unknown := [name for name in formats if name not in FORMS]:
        raise CaseError(f"{unknown[0]}: unknown form of a pack; known are {', '.join(FORMS)}")
    folder, written = Path(directory), list[Path]()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if "html" in formats:
            from leam_opt.report.pack.page import write_page

            write_page(pack, words, folder / PAGE)
            written.append(folder / PAGE)
        if "xlsx" in formats:
            from leam_opt.report.pack.workbook import write_workbook

            write_workbook(pack, words, folder / WORKBOOK)
            written.append(folder / WORKBOOK)
        if "tables" in formats:
            written += write_tables(tables(pack), folder / TABLES)
        write(folder / RESULTS, json_text(result_of(pack)))
    except OSError as error:
        raise CaseError(f"{error.filename or folder}: it cannot be written: {error.strerror or error}") from None
    return [*written, folder / RESULTS]


def result_of(pack: Pack) -> dict[str, Any]:
    """The pack as a result file holds it; see `result.read_result`."""
    insights = {name: getattr(pack, name) for name in CONTRACTS}
    return {
        **pack.comparison.to_dict(),
        "insights": {name: content for name, content in insights.items() if content is not None},
        "manifest": dict(pack.manifest),
        "made": pack.made.isoformat(),
    }


def write_tables(made: dict[str, pd.DataFrame], folder: Path) -> list[Path]:
    """Writes each table as CSV and as Parquet, and removes those of earlier packs that are not among them."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, table in made.items():
        write(folder / f"{name}.csv", table.to_csv(index=False, lineterminator="\n"))
        _whole(folder / f"{name}.parquet", partial(_parquet, table))
        written += [folder / f"{name}.csv", folder / f"{name}.parquet"]
    for name in CATALOGUE:
        for file in (folder / f"{name}.csv", folder / f"{name}.parquet"):
            if name not in made:
                file.unlink(missing_ok=True)
    return written


def _parquet(table: pd.DataFrame, file: Path) -> None:
    """Parquet whose columns carry their unit as metadata."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    content = pa.Table.from_pandas(table, preserve_index=False)
    fields = [each.with_metadata({"unit": unit_of(each.name)}) for each in content.schema]
    pq.write_table(content.cast(pa.schema(fields)), file)


def _whole(path: Path, make: Callable[[Path], None]) -> None:
    """Makes a file beside its place, and puts it there when it is whole."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        make(temporary)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
