"""How long a user waits for the command line itself, as a ratio to a bare Python started in the same run."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

_ALLOWANCE_SECONDS = 0.3
_TIMES = 3
_ROUNDS = 7


def _seconds(arguments: list[str]) -> float:
    """Best of several runs: the machine's noise only ever adds."""

    def once() -> float:
        began = time.perf_counter()
        subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)
        return time.perf_counter() - began

    return min(once() for _ in range(_ROUNDS))


def test_help_is_as_quick_as_python_allows(benchmark: Any) -> None:
    """`leam-opt --help` imports nothing heavy: within three times a bare Python and 0.3 s."""

    def run() -> None:
        subprocess.run([sys.executable, "-m", "leam_opt", "--help"], check=True, stdout=subprocess.DEVNULL)

    benchmark(run)
    if benchmark.enabled:
        bare, helped = _seconds(["-c", "pass"]), _seconds(["-m", "leam_opt", "--help"])
        benchmark.extra_info.update(bare_python_s=round(bare, 3), help_s=round(helped, 3))
        assert helped <= _TIMES * bare + _ALLOWANCE_SECONDS


def test_checking_the_shipped_case(benchmark: Callable[..., Any]) -> None:
    """Loading and validating a case with all its scenarios."""
    import leam_opt as lo

    case = benchmark(lambda: lo.load_case("leam-2022"))
    assert case.scenario_names == ["public", "private", "ppp"]
