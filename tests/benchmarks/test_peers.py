"""Other libraries on the same model: they find the same optima, and rebuilding with Pyomo takes many times as long."""

from __future__ import annotations

from typing import Any

import pytest

from tests.benchmarks.peers.compare import compare, peers
from tests.benchmarks.peers.sample import Sample, planned

_REBUILDS = ("pyomo-highs", "pyomo-appsi_highs", "pyomo-compiled")
_FASTER = 20
_SMOKE_GAP = 0.02
"""Where nothing is timed: any plan will do."""


@pytest.mark.parametrize("scenario", ["public", "ppp"])
def test_all_libraries_agree_and_the_lane_is_quickest_by_far(benchmark: Any, scenario: str) -> None:
    """The lane, with all its objectives, against one linear programme a variant by each library."""
    is_timed = benchmark.enabled
    if scenario == "ppp" and not is_timed:
        pytest.skip("only timed: public takes the same way")
    plan, size = (planned(scenario), 100) if is_timed else (planned(scenario, _SMOKE_GAP), 3)
    sample = Sample.of(plan, "all prices", size)
    compared = benchmark.pedantic(lambda: compare(sample, peers(sample), 5 if is_timed else 1), rounds=1, iterations=1)
    assert set(_REBUILDS) <= compared.ways.keys()
    if is_timed:
        benchmark.extra_info.update({key: round(compared.times(key), 3) for key in compared.ways})
        quickest = min((compared.measured[key] for key in _REBUILDS), key=lambda measured: measured.median_ms)
        assert quickest.times(compared.measured["stages"]) >= _FASTER
