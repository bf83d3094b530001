"""The lanes of a study against bare HiGHS on the same arrays: processor time, taken in turns, as ratios."""

from __future__ import annotations

from typing import Any

import pytest

from tests.benchmarks.peers.compare import compare, lanes
from tests.benchmarks.peers.programme import DEFAULTS
from tests.benchmarks.peers.replan import sweep
from tests.benchmarks.peers.sample import FIGURES, Sample, planned

_LIMITS = {"all ranges": (0.55, 0.5), "all prices": (0.4, 0.25), "three figures": (0.4, 0.25)}
"""Of a cold run, for variants in random order and with alike neighbours; where all figures move, none are alike."""
_EVERYTHING = 1.5
_VARIANTS_A_SECOND = 200
_REPLAN = 0.7
_NOT_HIGHS = 0.05
_SMOKE_GAP = 0.02
"""Where nothing is timed: any plan will do."""


@pytest.mark.parametrize("scenario", ["public", "ppp"])
@pytest.mark.parametrize("figures", list(FIGURES))
def test_evaluate_lane_is_quicker_than_a_cold_run(benchmark: Any, figures: str, scenario: str) -> None:
    """A variant takes a fraction of one cold run of its linear programme, and all ways agree on it."""
    is_timed = benchmark.enabled
    if scenario == "ppp" and not is_timed:
        pytest.skip("only timed: public takes the same way")
    sample = Sample.of(
        planned(scenario) if is_timed else planned(scenario, _SMOKE_GAP), figures, 200 if is_timed else 3
    )
    compared = benchmark.pedantic(lambda: compare(sample, lanes(sample), 7 if is_timed else 1), rounds=1, iterations=1)
    if is_timed:
        benchmark.extra_info.update({key: round(compared.times(key), 3) for key in compared.ways})
        in_random_order, with_neighbours = _LIMITS[figures]
        assert compared.times("sum") <= in_random_order
        assert compared.times("sum-near") <= with_neighbours
        assert compared.times("everything") <= _EVERYTHING
        assert 1000 / compared.ms("everything") > _VARIANTS_A_SECOND


@pytest.mark.parametrize("scenario", ["public", "ppp"])
def test_replan_lane_is_quicker_than_cold_solves(benchmark: Any, scenario: str) -> None:
    """A sweep of neighbours takes a fraction of cold solves of the same arrays to the same gap, nearly all in HiGHS."""
    is_timed = benchmark.enabled
    if not is_timed and scenario == "ppp":
        pytest.skip("only timed")
    count, mip_gap = (50, 1e-4) if is_timed else (4, _SMOKE_GAP)
    found = benchmark.pedantic(lambda: sweep(scenario, count, {"default": DEFAULTS}, mip_gap), rounds=1, iterations=1)
    assert found.plans >= 1
    if is_timed:
        times, other = found.times("default"), found.other_share
        benchmark.extra_info.update(times_cold=round(times, 3), not_highs_share=round(other, 4))
        assert times <= _REPLAN
        assert other <= _NOT_HIGHS
