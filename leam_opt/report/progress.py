"""Live progress of the solver: one status line on a terminal, nothing anywhere else."""

from __future__ import annotations

import os
import shutil
import sys
import threading
import time
from types import TracebackType
from typing import IO, TYPE_CHECKING

from leam_opt.report.style import number, percent

if TYPE_CHECKING:
    from leam_opt.solve.progress import Progress

_CLEAR = "\r\x1b[2K"


class StatusLine:
    """A status line on standard error that is redrawn while the solver runs, and gone at the end.

    Use as a context manager; `callback` is None where nobody is watching (a pipe, a file, `TERM=dumb`), so that the
    solver need not report at all. A thread of its own draws: the solver reports at irregular times, the seconds go on.
    """

    def __init__(self, stream: IO[str] | None = None, every_seconds: float = 0.2) -> None:
        self._stream = stream or sys.stderr
        self._every_seconds = every_seconds
        self._began = self._reported = time.monotonic()
        self._latest: Progress | None = None
        self._end = threading.Event()
        self._drawer: threading.Thread | None = None
        watched = self._stream.isatty() and os.environ.get("TERM") != "dumb"
        self.callback = self._report if watched else None

    def __enter__(self) -> StatusLine:
        if self.callback is not None:
            self._drawer = threading.Thread(target=self._draw, name="status line", daemon=True)
            self._drawer.start()
        return self

    def __exit__(self, *raised: type[BaseException] | BaseException | TracebackType | None) -> None:
        if self._drawer is not None:
            self._end.set()
            self._drawer.join()

    def _report(self, progress: Progress) -> None:
        self._latest, self._reported = progress, time.monotonic()

    def _draw(self) -> None:
        while not self._end.wait(self._every_seconds):
            latest = self._latest
            if latest is None:
                text = status_text("preparing", time.monotonic() - self._began)
            else:
                seconds = latest.seconds + time.monotonic() - self._reported
                text = status_text(latest.stage, seconds, latest.incumbent, latest.bound, latest.gap)
            width = shutil.get_terminal_size().columns
            self._stream.write(_CLEAR + text[: width - 1])
            self._stream.flush()
        self._stream.write(_CLEAR)
        self._stream.flush()


def status_text(
    stage: str, seconds: float, incumbent: float | None = None, bound: float | None = None, gap: float | None = None
) -> str:
    """`ppp: deficit  12.3 s  best 512.34  bound 511.90  gap 0.0859 %`; what is not known yet is left out."""
    parts = [stage, f"{number(seconds, 1)} s"]
    if incumbent is not None:
        parts.append(f"best {number(incumbent)}")
    if bound is not None:
        parts.append(f"bound {number(bound)}")
    if gap is not None:
        parts.append(f"gap {percent(gap, 4)}")
    return "  ".join(parts)
