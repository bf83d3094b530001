"""The status line of the solver."""

from __future__ import annotations

import io
import time
from types import SimpleNamespace

import pytest

from leam_opt.report.progress import StatusLine, status_text


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        """Yes."""
        return True

    def wait_for(self, text: str) -> None:
        """Waits until the status line has shown a text; fails after five seconds."""
        limit = time.monotonic() + 5
        while text not in self.getvalue():
            assert time.monotonic() < limit, f"{text!r} not in {self.getvalue()!r}"
            time.sleep(0.005)


def test_only_what_is_known_is_shown() -> None:
    """Breaks when a missing incumbent shows as a number."""
    assert status_text("ppp: deficit", 0.5) == "ppp: deficit  0.5 s"
    full = status_text("ppp: deficit", 61.25, 1512.25, -3.0, 0.000859)
    assert full == "ppp: deficit  61.2 s  best 1,512.25  bound -3.00  gap 0.0859 %"


def test_line_is_redrawn_while_the_solver_is_silent_and_gone_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Breaks when the line stands still between reports, outgrows the terminal, or stays in front of the result."""
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "30")
    terminal = Terminal()
    with StatusLine(terminal, every_seconds=0.01) as line:
        terminal.wait_for("preparing")
        assert line.callback is not None
        stage = "a stage with a name that is longer than the terminal"
        line.callback(SimpleNamespace(stage="gap", seconds=7.0, incumbent=2.5, bound=None, gap=None))
        terminal.wait_for("gap  7.0 s  best 2.50")
        terminal.wait_for("gap  7.1 s  best 2.50")
        line.callback(SimpleNamespace(stage=stage, seconds=7.5, incumbent=None, bound=None, gap=None))
        terminal.wait_for(stage[:29])
    drawn = terminal.getvalue().split("\r\x1b[2K")
    assert max(map(len, drawn)) == 29
    assert drawn[-1] == ""


def test_nobody_watching_means_no_callback(monkeypatch: pytest.MonkeyPatch) -> None:
    """Breaks when a pipe or a dumb terminal gets escape sequences."""
    pipe, dumb = io.StringIO(), Terminal()
    with StatusLine(pipe, every_seconds=0.001) as line:
        assert line.callback is None
        time.sleep(0.01)
    monkeypatch.setenv("TERM", "dumb")
    with StatusLine(dumb, every_seconds=0.001) as line:
        assert line.callback is None
        time.sleep(0.01)
    assert pipe.getvalue() == dumb.getvalue() == ""
