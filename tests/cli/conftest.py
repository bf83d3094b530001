"""How the tests of the command line run it."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import pytest

from leam_opt.cli import main


class Outcome(NamedTuple):
    """What a command left behind."""

    code: int
    out: str
    err: str


Run = Callable[..., Outcome]


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command in this process, through the entry point that the installed script calls."""
    monkeypatch.delenv("LEAM_OPT_DEBUG", raising=False)

    def invoke(*arguments: str) -> Outcome:
        with pytest.raises(SystemExit) as end:
            main(list(arguments))
        captured = capfd.readouterr()
        code = end.value.code
        return Outcome(code if isinstance(code, int) else 0, captured.out, captured.err)

    return invoke
