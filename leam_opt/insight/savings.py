"""What one plan saves against another, and how much of it the gaps of their proofs can hide."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from leam_opt.insight.replan import NOTHING, Reached

Measure = Literal["unfunded_gap", "main"]
Verdict = Literal["saves", "costs", "nothing", "undecided", "none"]


@dataclass(frozen=True)
class Saving:
    """What a change saves; negative where it costs.

    Attributes:
        measure: the first objective in which the plans are proven to differ; else the first one that leaves it open.
        value: between the plans found.
        least, most: between what is proven of the best plans; infinite where nothing is.
    """

    measure: Measure
    value: float
    least: float
    most: float

    @property
    def uncertainty(self) -> float:
        """How far the saving of the best plans may lie from that of the plans found."""
        return max(self.most - self.value, self.value - self.least)

    @property
    def verdict(self) -> Verdict:
        """`saves` and `costs` are proven, `nothing` too; what the gaps can hide is `undecided`."""
        if self.least > NOTHING:
            return "saves"
        if self.most < -NOTHING:
            return "costs"
        return "nothing" if self.least >= -NOTHING and self.most <= NOTHING else "undecided"

    def reversed(self) -> Saving:
        """What the way back saves."""
        return Saving(self.measure, 0.0 - self.value, 0.0 - self.most, 0.0 - self.least)


def saving(strict: Reached, loose: Reached, is_nested: bool = True) -> Saving:
    """What the looser rules save.

    Args:
        strict: what was reached under the rules that ask for more.
        loose: what was reached under the others.
        is_nested: whether every plan of the strict rules keeps the loose ones: then nothing can be lost, whatever a
            search that ended early has found.

    The objectives are lexicographic. A saving of unfunded gap comes first. Where none is proven, the next objective is
    compared: from below where the loose plan has no larger gap than the strict one, from above where it has no smaller.
    A plan shows what the next objective can be only where its own gap is proven to be the least: the best plan may fund
    more, and cost more.
    """
    floor = 0.0 if is_nested else -math.inf
    gap = Saving(
        "unfunded_gap",
        max(strict.gap_meur - loose.gap_meur, floor),
        max(strict.gap_bound_meur - loose.gap_meur, floor),
        max(strict.gap_meur - loose.gap_bound_meur, floor),
    )
    if gap.verdict in ("saves", "costs"):
        return gap
    is_level = abs(strict.gap_meur - loose.gap_meur) <= NOTHING
    least, most = strict.main_bound - loose.main, strict.main - loose.main_bound
    if not _is_least(loose) or not (is_level or loose.gap_meur < strict.gap_meur):
        least = -math.inf
    if not _is_least(strict) or not (is_level or loose.gap_meur > strict.gap_meur):
        most = math.inf
    if gap.verdict != "nothing":
        floor = -math.inf  # what closes the gap may raise what comes behind it
    main = Saving("main", max(strict.main - loose.main, floor), max(least, floor), max(most, floor))
    # What may be saved of the gap is told before what may be saved behind it.
    return gap if gap.verdict == main.verdict == "undecided" else main


def _is_least(reached: Reached) -> bool:
    """Whether no plan is left that funds more."""
    return reached.gap_meur - reached.gap_bound_meur <= NOTHING
