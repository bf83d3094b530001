"""Live progress of a study: a bar with rate and time left on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import os
import sys
import time
from types import TracebackType
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from leam_opt.study.run import StudyProgress

_LINE_SECONDS = 30.0


class StudyBar:
    """Shows how far a study is, on standard error; use as a context manager and give `callback` to the study."""

    def __init__(self, stream: IO[str] | None = None) -> None:
        self._stream = stream or sys.stderr
        self._bar: Progress | None = None
        self._task: TaskID | None = None
        self._told = time.monotonic()
        self._watched = self._stream.isatty() and os.environ.get("TERM") != "dumb"

    def __enter__(self) -> StudyBar:
        if self._watched:
            from rich.console import Console
            from rich.progress import BarColumn, Progress, TextColumn

            self._bar = Progress(
                TextColumn("{task.description}"),
                BarColumn(bar_width=30),
                TextColumn("{task.completed:,.0f} of {task.total:,.0f} runs  {task.fields[more]}"),
                console=Console(file=self._stream),
                transient=True,
            )
            self._task = self._bar.add_task("study", total=1, more="")
            self._bar.start()
        return self

    def __exit__(self, *raised: type[BaseException] | BaseException | TracebackType | None) -> None:
        if self._bar is not None:
            self._bar.stop()

    def callback(self, state: StudyProgress) -> None:
        """Shows the state of the study."""
        text = rate_text(state)
        if self._bar is not None and self._task is not None:
            self._bar.update(
                self._task,
                completed=state.done,
                total=max(state.runs, 1),
                description=state.what or "study",
                more=text,
            )
        elif time.monotonic() - self._told >= _LINE_SECONDS:
            self._told = time.monotonic()
            self._stream.write(f"{state.done:,} of {state.runs:,} runs  {text}\n")
            self._stream.flush()


def rate_text(state: StudyProgress) -> str:
    """`120 a second, 0:12 left, 3 without a plan`; what is not known yet is left out."""
    told = []
    if state.new and state.seconds > 0:
        rate = state.new / state.seconds
        told.append(f"{rate:,.0f} a second" if rate >= 1 else f"{60 * rate:,.1f} a minute")
        if state.runs > state.done:
            told.append(f"{_clock((state.runs - state.done) / rate)} left")
    if state.failed:
        told.append(f"{state.failed:,} without a plan")
    return ", ".join(told)


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
