"""The decision pack in one call."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from leam_opt.case.load import parse_settings
from leam_opt.case.quantity import End
from leam_opt.case.schema import Case
from leam_opt.report.pack.gather import gather
from leam_opt.report.pack.write import FORMS, write_pack
from leam_opt.solve.progress import Progress
from leam_opt.solve.search import PROVEN_GAP
from leam_opt.words import Language, Words


def decision_pack(
    source: Case | str | Path,
    folder: str | Path,
    *,
    language: Language = "en",
    forms: Sequence[str] = FORMS,
    scenarios: Sequence[str] | None = None,
    full: bool = True,
    overrides: Mapping[str, Any] | Sequence[str] = (),
    at: End = "base",
    mip_gap: float = PROVEN_GAP,
    time_limit: float | None = None,
    workers: int | None = 1,
    progress: Callable[[Progress], None] | None = None,
) -> list[Path]:
    """Writes a decision pack: one offline page, a workbook that calculates, every table, and the result behind them.

    Args:
        source: a case to solve, a result (JSON of `solve`, `compare` or an earlier pack), or the folder of a study.
        folder: of the pack; made where it is missing.
        language: of page and workbook, `en` or `de`.
        forms: what to write: `html`, `xlsx`, `tables`.
        scenarios: of a case; None takes all.
        full: whether to find rule prices, alternatives and a trade-off as well, which takes more solves.
        overrides: of a case, as for `load_case`, or as on the command line (`path=value`).
        at: end of the ranges that a case is planned at.
        mip_gap: as for `solve`.
        time_limit: as for `solve`.
        workers: processes for what can be done side by side; None takes all cores.
        progress: as for `solve`.

    Returns:
        The files that were written.

    Raises:
        CaseError, InfeasibleError, SolveError, AuditError: as for `gather` and `write_pack`.
    """
    changed = overrides if isinstance(overrides, Mapping) else parse_settings(overrides)
    pack = gather(
        source,
        scenarios=scenarios,
        overrides=changed,
        at=at,
        mip_gap=mip_gap,
        time_limit=time_limit,
        full=full,
        progress=progress,
        workers=workers,
        command=_command(),
    )
    return write_pack(pack, folder, Words(language), forms)


def _command() -> str:
    """The command line, if there is one of this programme."""
    name = Path(sys.argv[0]).name if sys.argv and sys.argv[0] else ""
    return shlex.join([name, *sys.argv[1:]]) if name.startswith("leam-opt") else ""
