"""Where a measure becomes zero as one figure changes: bracketing with looks that cost a solve each.

The optimal value of a linear programme is continuous and piecewise linear in a price; that of a mixed-integer one under
a lexicographic order may jump. Every look is kept, so that the search can be told and ended at any time.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from scipy import optimize

PRECISION = 1e-6
"""Width of the last bracket relative to the value; no search goes beyond it."""
DIGITS = 10
"""Significant digits of a value, so that the one that is printed is the one that was solved."""
DOUBLINGS = 8
"""Steps upwards where the figure has no upper bound: up to 128 times its value."""
HALVINGS = 4
"""Steps towards a bound before the bound itself."""
STEPS_AWAY = 3
"""Steps upwards where the measure moves away from zero."""
RETREATS = 3
"""Steps back from a value that has no plan."""
LOOKS_WITHIN_PROOF = 3
"""Looks whose measure is below what is proven, in the hope of one within the tolerance."""


@dataclass(frozen=True)
class Look:
    """The measure at one value of the figure.

    Attributes:
        value: of the figure.
        measure: of the plan there.
        proof: by how much a better plan could change the measure, for all that is proven; 0 where nothing is known.
    """

    value: float
    measure: float
    proof: float = 0.0


class OutsideError(Exception):
    """There is no plan at a value; the message says why."""


@dataclass(frozen=True)
class Found:
    """The end of a search.

    Attributes:
        status: `found`, `jump` (the sign changes, but the measure leaps over zero) or `no_sign_change`.
        answer: what answers the question; None without a change of sign.
        bracket: looks on both sides of the answer, by value; without one, the ends of what was looked at.
    """

    status: str
    answer: Look | None
    bracket: tuple[Look, Look]


class Search:
    """A search for the value at which the measure becomes zero.

    Args:
        look: solves at a value; raises OutsideError where there is no plan.
        tolerance: a measure within it counts as zero.
        leap: a change over the last bracket by more than this, beyond what is proven, is a jump.
        clipped: whether the measure is never negative, so that the threshold between positive and zero is sought.
        wanted: sign of the measure on the side that answers across a jump (-1: at or below zero).

    Attributes:
        looks: all looks by value.
        limits: where the search went no further since there was no plan, and why.
    """

    def __init__(
        self,
        look: Callable[[float], Look],
        tolerance: float,
        *,
        leap: float,
        clipped: bool = False,
        wanted: int = -1,
    ) -> None:
        self._look, self.tolerance, self.leap, self.clipped, self.wanted = look, tolerance, leap, clipped, wanted
        self.looks: dict[float, Look] = {}
        self.limits: list[str] = []

    def at(self, value: float) -> Look:
        """The look at a value, which is solved once."""
        value = float(f"{value:.{DIGITS}g}")
        if value not in self.looks:
            self.looks[value] = self._look(value)
        return self.looks[value]

    def sign(self, look: Look) -> int:
        """Of the measure; 0 is reached where it is within the tolerance, but a clipped measure has no zero to hit."""
        if abs(look.measure) <= self.tolerance:
            return -1 if self.clipped else 0
        return 1 if look.measure > 0 else -1

    def narrowest(self) -> tuple[Look, Look] | None:
        """The narrowest bracket looked at so far; None without a change of sign."""
        signed = [(self.sign(look), look) for _, look in sorted(self.looks.items())]
        signed = [(sign, look) for sign, look in signed if sign]
        pairs = [(a, b) for (one, a), (other, b) in pairwise(signed) if one != other]
        return min(pairs, key=lambda pair: pair[1].value - pair[0].value, default=None)

    def between(self, low: float, high: float) -> Found:
        """The answer between two values; OutsideError where one of them has no plan."""
        return self._narrow(self.at(low), self.at(high))

    def around(self, start: float, floor: float, ceiling: float) -> Found:
        """The answer nearest to a value, stepping away from it geometrically until the sign changes.

        Args:
            start: where to begin; OutsideError where it has no plan.
            floor: smallest value of the figure, which can be looked at itself; may be infinite.
            ceiling: largest value, likewise.
        """
        first = self.at(start)
        if self.sign(first) == 0:
            return Found("found", first, (first, first))
        up = _Way(self, first, _upwards(start, floor, ceiling))
        down = _Way(self, first, _downwards(start, floor, ceiling))
        for way in self._order(first, up, down):
            if pair := way.step():
                return self._narrow(*pair)
        return self._narrow(self.looks[min(self.looks)], self.looks[max(self.looks)])

    def _order(self, first: Look, up: _Way, down: _Way) -> Iterator[_Way]:
        """Which way to step next: one step up tells on which side the measure falls."""
        if up.values:
            yield up
        change = abs(up.last.measure) - abs(first.measure)
        ways = (up, down) if change < -self.tolerance else (down, up)
        if change > self.tolerance:
            del up.values[STEPS_AWAY - 1 :]
        elif ways[0] is down:
            while up.values and down.values:
                yield down
                yield up
        for way in ways:
            while way.values:
                yield way

    def reach(self, good: Look, value: float) -> tuple[Look | None, bool]:
        """The look at a value, or the furthest one on the way to it that has a plan; whether the way is blocked."""
        try:
            return self.at(value), False
        except OutsideError as error:
            reason = str(error)
        reached, near, bad = None, good.value, value
        for _ in range(RETREATS):
            middle = (near + bad) / 2
            try:
                reached, near = self.at(middle), middle
            except OutsideError as error:
                reason, bad = str(error), middle
            else:
                if self.sign(reached) != self.sign(good):
                    break
        self.limits.append(reason)
        return reached, True

    def _narrow(self, a: Look, b: Look) -> Found:
        low, high = sorted((a, b), key=lambda look: look.value)
        for end in (a, b):
            if self.sign(end) == 0:
                return Found("found", end, (low, high))
        if self.sign(low) == self.sign(high):
            return Found("no_sign_change", None, (low, high))
        return self._threshold(low, high) if self.clipped else self._root(low, high)

    def _root(self, low: Look, high: Look) -> Found:
        """Brent's method: of those in SciPy the one that needs the fewest looks on piecewise linear functions."""
        within: list[Look] = []

        def measure(value: float) -> float:
            look = self.at(value)
            if abs(look.measure) <= max(self.tolerance, look.proof):
                within.append(look)
                if self.sign(look) == 0 or len(within) >= LOOKS_WITHIN_PROOF:
                    return 0.0
            return look.measure

        optimize.brentq(measure, low.value, high.value, xtol=_least_width(low, high), rtol=PRECISION)
        bracket = self.narrowest()
        assert bracket is not None
        if within:
            return Found("found", min(within, key=lambda look: abs(look.measure)), bracket)
        if self._leaps(*bracket):
            return Found("jump", next(look for look in bracket if look.measure * self.wanted > 0), bracket)
        return Found("found", min(bracket, key=lambda look: abs(look.measure)), bracket)

    def _threshold(self, low: Look, high: Look) -> Found:
        """Bisection; where the measure falls in a straight line, that line tells where to look."""
        above, at_zero = (low, high) if self.sign(low) > 0 else (high, low)
        least = _least_width(low, high)
        bisect = False
        while (width := abs(above.value - at_zero.value)) > (fine := least + PRECISION * abs(at_zero.value)):
            guess = None if bisect else self._on_the_line(above, at_zero, 0.4 * fine)
            look = self.at((above.value + at_zero.value) / 2 if guess is None else guess)
            if self.sign(look) > 0:
                above = look
            else:
                at_zero = look
            # A guess that did not halve the bracket is followed by a bisection.
            bisect = guess is not None and abs(above.value - at_zero.value) > width / 2
        first, second = sorted((above, at_zero), key=lambda look: look.value)
        return Found("jump" if self._leaps(above, at_zero) else "found", at_zero, (first, second))

    def _on_the_line(self, above: Look, at_zero: Look, off: float) -> float | None:
        """Where the line through the two nearest positive looks falls to zero: just behind it, then just before it."""
        forward = math.copysign(1.0, at_zero.value - above.value)
        behind = [look for look in self.looks.values() if (above.value - look.value) * forward > 0]
        if not behind:
            return None
        before = min(behind, key=lambda look: abs(look.value - above.value))
        if before.measure <= above.measure:
            return None
        slope = (before.measure - above.measure) / (before.value - above.value)
        zero = above.value - (above.measure - self.tolerance) / slope
        for guess in (zero + forward * off, zero - forward * off):
            # Near an end nothing would be learnt.
            if min(above.value, at_zero.value) + off / 2 < guess < max(above.value, at_zero.value) - off / 2:
                return guess
        return None

    def _leaps(self, a: Look, b: Look) -> bool:
        return abs(a.measure - b.measure) > self.leap + max(a.proof, b.proof)


class _Way:
    """Steps away from a look, in one direction."""

    def __init__(self, search: Search, first: Look, values: list[float]) -> None:
        self.search, self.last, self.values = search, first, values

    def step(self) -> tuple[Look, Look] | None:
        """Looks at the next value; the last two looks where their signs differ."""
        before = self.last
        reached, blocked = self.search.reach(before, self.values.pop(0))
        if blocked:
            self.values.clear()
        if reached is None:
            return None
        self.last = reached
        return (before, reached) if self.search.sign(before) != self.search.sign(reached) else None


def _upwards(start: float, floor: float, ceiling: float) -> list[float]:
    step = _step(start, floor, ceiling)
    values = [start + step * (2**k - 1) for k in range(1, DOUBLINGS + 1)]
    inside = [value for value in values if value < ceiling]
    return [*inside, ceiling] if len(inside) < len(values) and start < ceiling else inside


def _downwards(start: float, floor: float, ceiling: float) -> list[float]:
    if start <= floor:
        return []
    if math.isfinite(floor):
        return [*(floor + (start - floor) / 2**k for k in range(1, HALVINGS + 1)), floor]
    step = _step(start, floor, ceiling)
    return [start - step * (2**k - 1) for k in range(1, DOUBLINGS + 1)]


def _step(start: float, floor: float, ceiling: float) -> float:
    if start:
        return abs(start) / 2
    return ceiling / 20 if math.isfinite(ceiling) else 1.0


def _least_width(low: Look, high: Look) -> float:
    """Width of the last bracket where the answer is zero, to which no width is relative."""
    return PRECISION * (high.value - low.value)
