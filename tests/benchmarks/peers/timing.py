"""Times of several ways in one run: they take turns, so that what else the machine does hits all of them."""

from __future__ import annotations

import gc
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


class Clock:
    """Adds up the processor time of this process."""

    def __init__(self) -> None:
        self.seconds = 0.0

    @contextmanager
    def running(self) -> Iterator[None]:
        """While it runs."""
        began = time.process_time()
        yield
        self.seconds += time.process_time() - began


class Way(ABC):
    """One way to solve the variants of a sample.

    Attributes:
        key: a short name.
        name: for the table.
        programme: what it solves: `held` (the programme of the evaluate lane), `pyomo` (the same without elastic
            columns), or `stages` (all objectives in their order).
        share: part of the variants that it solves in each round; a slow way solves fewer.
        order: of the variants; as they are numbered without it.
    """

    key: str
    name: str
    programme: str = "held"
    share: float = 1.0
    order: Sequence[int] | None = None

    @abstractmethod
    def solve(self, variants: Sequence[int], clock: Clock) -> Array:
        """(n) objectives of some variants, or (n, 1 + stages); only what belongs to the way runs under the clock."""


@dataclass
class Measured:
    """Milliseconds a variant in each round, and the objectives that were found, by variant."""

    ms: list[float] = field(default_factory=list)
    found: dict[int, Array] = field(default_factory=dict)

    @property
    def median_ms(self) -> float:
        """Over the rounds."""
        return float(np.median(self.ms))

    def times(self, other: Measured) -> float:
        """How long it takes as a multiple of another way: the median over the rounds that both had."""
        return float(np.median(np.array(self.ms) / np.array(other.ms)))


def take_turns(ways: Sequence[Way], size: int, rounds: int) -> list[Measured]:
    """Solves variants by each way in turn, as often as there are rounds; a way with a share takes others in each."""
    measured = [Measured() for _ in ways]
    gc.collect()
    gc.freeze()  # what is built so far is no way's rubbish
    try:
        for number in range(rounds):
            for way, result in zip(ways, measured, strict=True):
                order = list(range(size)) if way.order is None else list(way.order)
                count = max(1, round(way.share * size))
                first = number * count % max(size - count + 1, 1)
                variants, clock = order[first : first + count], Clock()
                found = way.solve(variants, clock)
                result.found.update(zip(variants, found, strict=True))
                result.ms.append(clock.seconds / count * 1e3)
                gc.collect()
    finally:
        gc.unfreeze()
    return measured
