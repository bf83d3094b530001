"""What is compared with what: the ways to solve the variants of a sample, and what they took in one run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec

import numpy as np

from tests.benchmarks.peers import lane, raw
from tests.benchmarks.peers.programme import DEFAULTS, LIVE
from tests.benchmarks.peers.sample import Sample
from tests.benchmarks.peers.timing import Measured, Way, take_turns

_SAME = 1e-6
"""Of the weighted sum, relative to it."""
_SAME_STAGE = 1e-3
"""Of later objectives: the room that cut rows need, times what an objective can gain where an earlier one gives way."""


@dataclass(frozen=True)
class Compared:
    """Ways by their keys, and what each took."""

    sample: Sample
    ways: dict[str, Way]
    measured: dict[str, Measured]

    def times(self, key: str) -> float:
        """How long a way takes as a multiple of the raw cold run of its programme."""
        cold = "cold-pyomo" if self.ways[key].programme == "pyomo" else "cold"
        return self.measured[key].times(self.measured[cold])

    def ms(self, key: str) -> float:
        """Milliseconds a variant."""
        return self.measured[key].median_ms


def lanes(sample: Sample) -> list[Way]:
    """The evaluate lane, and bare HiGHS on the same programmes."""
    return [
        raw.Cold(sample.programmes),
        raw.Cold(sample.programmes, options={**DEFAULTS, **LIVE}),
        lane.WarmSum(sample),
        lane.WarmSum(sample, sample.alike),
        lane.WarmStages(sample),
        lane.WarmStages(sample, sample.alike),
        lane.Everything(sample),
        raw.CutStages(sample),
    ]


def peers(sample: Sample) -> list[Way]:
    """The evaluate lane, bare HiGHS, and the libraries that are installed; for variants that keep all rules."""
    from tests.benchmarks.peers import with_pyomo

    given = sample.programmes
    found: list[Way] = [
        raw.Cold(given),
        raw.PassedCold(given),
        raw.TemplateCold(sample),
        lane.WarmSum(sample),
        lane.WarmStages(sample),
        raw.Cold(with_pyomo.programmes_of_pyomo(sample), "pyomo"),
        *with_pyomo.ways(sample),
    ]
    if find_spec("linopy"):
        from tests.benchmarks.peers import with_linopy

        found += [with_linopy.Rebuild(given), with_linopy.InPlace(given)]
    if find_spec("pyoptinterface"):
        from tests.benchmarks.peers import with_pyoptinterface

        if with_pyoptinterface.is_available():
            found += [with_pyoptinterface.Rebuild(given), with_pyoptinterface.InPlace(given)]
    return found


def compare(sample: Sample, ways: Sequence[Way], rounds: int) -> Compared:
    """Solves the variants by all ways in turn; they have to agree.

    Raises:
        AssertionError: two ways differ in an objective by more than the solver's tolerances allow.
    """
    measured = take_turns(ways, sample.size, rounds)
    by_key = {way.key: (way, result) for way, result in zip(ways, measured, strict=True)}
    sums = [found for way, found in by_key.values() if way.programme != "stages"]
    for other in sums[1:]:
        _agree(sums[0], other, _SAME)
    stages = [found for way, found in by_key.values() if way.programme == "stages"]
    for other in stages[:-1]:
        _agree(stages[-1], other, _SAME_STAGE)
    return Compared(
        sample,
        {key: way for key, (way, _) in by_key.items()},
        {key: result for key, (_, result) in by_key.items()},
    )


def _agree(one: Measured, other: Measured, tolerance: float) -> None:
    for variant in one.found.keys() & other.found.keys():
        wanted, found = np.asarray(one.found[variant]), np.asarray(other.found[variant])
        known = ~np.isnan(wanted) & ~np.isnan(found)
        differ = np.abs(wanted - found)[known] > tolerance * np.maximum(1.0, np.abs(wanted[known]))
        assert not differ.any(), f"variant {variant}: {wanted} and {found}"
