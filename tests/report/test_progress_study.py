"""The progress of a study: how many runs, how fast, how long still."""

from __future__ import annotations

import io
import re
from typing import Any

import pytest

from leam_opt.report import progress_study
from leam_opt.report.progress_study import StudyBar, rate_text
from leam_opt.study.run import StudyProgress


def state(**known: Any) -> StudyProgress:
    usual: dict[str, Any] = {"done": 60, "runs": 100, "failed": 0, "seconds": 10.0, "new": 50, "what": ""}
    return StudyProgress(**(usual | known))


@pytest.mark.parametrize(
    ("known", "text"),
    [
        ({}, "5 a second, 0:08 left"),
        ({"failed": 3}, "5 a second, 0:08 left, 3 without a plan"),
        ({"new": 0, "done": 10}, ""),
        ({"seconds": 0.0}, ""),
        ({"new": 5, "seconds": 10.0}, "30.0 a minute, 1:20 left"),
        ({"runs": 100_000, "done": 2_000, "new": 1_000, "seconds": 250.0}, "4 a second, 6:48:20 left"),
        ({"runs": 10_000, "done": 5_000, "new": 5_000, "seconds": 2.5, "failed": 1_234}, "2,000 a second, 0:02 left, "),
        ({"done": 100}, "5 a second"),
        ({"done": 120}, "5 a second"),
    ],
)
def test_rate_and_time_left(known: dict[str, Any], text: str) -> None:
    """From what this call has done. Breaks when runs of an earlier call count, or time left is below zero."""
    told = rate_text(state(**known))
    assert told == text or (text.endswith(", ") and told == text + "1,234 without a plan")


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        """Yes."""
        return True


def shown(terminal: Terminal) -> str:
    """What a terminal was sent, without its control sequences."""
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", terminal.getvalue())


def test_a_bar_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs, rate, time left, and what is being done where that is not the design."""
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    terminal = Terminal()
    with StudyBar(terminal) as bar:
        bar.callback(state(what="planning public", done=0, new=0))
        bar._bar and bar._bar.refresh()
        assert "planning public" in shown(terminal)
        bar.callback(state(done=1_060, runs=20_000))
        bar._bar and bar._bar.refresh()
        assert "1,060 of 20,000 runs  5 a second, 1:03:08 left" in shown(terminal)
    assert shown(terminal).rstrip("\n\r ").endswith("left")
    assert terminal.getvalue().endswith(("\x1b[2K", "\x1b[?25h", "\r\x1b[1A\x1b[2K"))


def test_lines_where_nobody_watches(monkeypatch: pytest.MonkeyPatch) -> None:
    """One now and then in a log, without control sequences; a short study writes none."""
    clock = [100.0]
    monkeypatch.setattr(progress_study.time, "monotonic", lambda: clock[0])
    for stream, term in ((io.StringIO(), "xterm"), (Terminal(), "dumb")):
        monkeypatch.setenv("TERM", term)
        with StudyBar(stream) as bar:
            for second in range(0, 70, 10):
                clock[0] = 100.0 + second
                bar.callback(state(done=60 + second))
            clock[0] = 100.0
        assert stream.getvalue().splitlines() == [
            "90 of 100 runs  5 a second, 0:02 left",
            "120 of 100 runs  5 a second",
        ]


def test_a_study_without_runs_has_a_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    """Breaks when a study that is known to have no runs divides by them."""
    monkeypatch.setenv("TERM", "xterm")
    with StudyBar(Terminal()) as bar:
        bar.callback(state(done=0, runs=0, new=0, seconds=0.0))
