"""The search for the value at which a measure becomes zero, on functions whose answer is known."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest

from leam_opt.study.bracket import DOUBLINGS, PRECISION, Found, Look, OutsideError, Search

INFINITY = math.inf


def search(measure: Callable[[float], float], *, proof: float = 0.0, clipped: bool = False, wanted: int = -1) -> Search:
    return Search(
        lambda value: Look(value, measure(value), proof),
        1e-5 if clipped else 1e-3,
        leap=0.01,
        clipped=clipped,
        wanted=wanted,
    )


def width(found: Found) -> float:
    low, high = found.bracket
    return high.value - low.value


def kinked(value: float) -> float:
    """Piecewise linear: 300 at 0, slope -100 up to 2, then -50; zero at 4."""
    return 300 - 100 * min(value, 2) - 50 * max(value - 2, 0)


def test_a_piecewise_linear_measure_is_brought_within_the_tolerance() -> None:
    """Breaks when the search stops early, or takes anything like the twenty looks of a bisection."""
    looks = search(kinked)
    found = looks.around(1.0, 0.0, INFINITY)
    assert found.status == "found"
    assert found.answer is not None
    assert found.answer.value == pytest.approx(4, abs=1e-3 / 50)
    assert abs(found.answer.measure) <= 1e-3
    low, high = found.bracket
    assert low.value < found.answer.value < high.value
    assert low.measure > 0 > high.measure
    assert len(looks.looks) <= 10


def test_no_value_is_looked_at_twice_and_each_is_printable() -> None:
    """Breaks when the ends of the bracket are solved again, or a value has digits that no print shows."""
    seen: list[float] = []

    def measure(value: float) -> float:
        seen.append(value)
        return kinked(value)

    search(measure).between(1 / 3, 9.0)
    assert len(seen) == len(set(seen))
    assert all(value == float(f"{value:.10g}") for value in seen)


@pytest.mark.parametrize(("start", "zero"), [(1.0, 0.3), (1.0, 0.0), (1.0, 90.0), (0.0, 0.7), (8.0, 8.0), (-4.0, 5.0)])
def test_the_nearest_change_of_sign_is_found_from_any_start(start: float, zero: float) -> None:
    """Breaks when one direction, the bound itself or a start at zero is forgotten."""
    found = search(lambda value: value - zero).around(start, min(start, 0.0), INFINITY)
    assert found.answer is not None
    assert found.answer.value == pytest.approx(zero, abs=1e-3)


def test_a_jump_is_told_with_both_sides() -> None:
    """Breaks when a leap over zero passes for a zero, or the side that answers is the wrong one."""

    def leap(value: float) -> float:
        return 5 - value if value < 3 else -4.0

    found = search(leap).around(1.0, 0.0, INFINITY)
    assert found.status == "jump"
    assert found.answer is not None
    assert found.answer.measure == -4
    assert [look.measure for look in found.bracket] == [pytest.approx(2, abs=1e-4), -4]
    assert width(found) <= 2 * PRECISION * 3
    mirrored = search(lambda value: -leap(value), wanted=1).around(1.0, 0.0, INFINITY)
    assert mirrored.status == "jump"
    assert mirrored.answer is not None
    assert mirrored.answer.measure == 4


def test_a_change_within_what_is_proven_is_no_jump() -> None:
    """Breaks when the noise of plans that are proven to a gap only is told as a jump."""

    def leap(value: float) -> float:
        return 0.03 if value < 3 else -0.02

    found = search(leap, proof=0.05).around(1.0, 0.0, INFINITY)
    assert found.status == "found"
    assert found.answer is not None
    assert abs(found.answer.measure) <= 0.03
    assert search(leap).around(1.0, 0.0, INFINITY).status == "jump"


def test_what_is_not_proven_is_not_chased() -> None:
    """Breaks when the search goes on to the last digit of figures that are within the proof of each other."""

    def rough(value: float) -> float:
        return 100 * (2 - value) + 0.004 * math.sin(1e6 * value)

    fine, coarse = search(rough), search(rough, proof=1.0)
    assert fine.between(1.0, 3.0).status == coarse.between(1.0, 3.0).status == "found"
    assert len(coarse.looks) < len(fine.looks)


@pytest.mark.parametrize("sense", [1, -1])
def test_the_threshold_of_a_clipped_measure_lies_where_it_reaches_zero(sense: int) -> None:
    """Breaks when the answer is a value with a gap, or the threshold is only bisected (20 looks)."""

    def gap(value: float) -> float:
        return max(kinked(value if sense == 1 else 8 - value), 0.0)

    looks = search(gap, clipped=True)
    found = looks.around(1.0 if sense == 1 else 7.0, 0.0, 8.0)
    assert found.status == "found"
    assert found.answer is not None
    assert found.answer.measure <= 1e-5
    assert found.answer.value == pytest.approx(4, abs=1e-4)
    assert width(found) <= 2 * PRECISION * 8
    assert {look.measure > 1e-5 for look in found.bracket} == {True, False}
    assert len(looks.looks) <= 13


def test_a_gap_that_leaps_to_zero_is_a_jump() -> None:
    """Breaks when the last unfunded amount before the threshold is not looked at."""
    found = search(lambda value: 7.0 if value < 2.5 else 0.0, clipped=True).around(1.0, 0.0, INFINITY)
    assert found.status == "jump"
    assert [look.measure for look in found.bracket] == [7, 0]


def test_from_where_all_is_funded_both_ways_are_taken_in_turn() -> None:
    """Breaks when the search doubles the value up to its end before it looks down, where the gap begins."""
    looks = search(lambda value: max(0.4 - value, 0.0), clipped=True)
    found = looks.around(1.0, 0.0, INFINITY)
    assert found.answer is not None
    assert found.answer.value == pytest.approx(0.4, abs=2e-5)
    assert max(looks.looks) < 5


def test_without_a_change_of_sign_both_ends_are_told() -> None:
    """Breaks when the ends are not those of what was searched, or the search never ends."""
    looks = search(lambda value: 1 + 1 / (1 + value))
    found = looks.around(1.0, 0.0, INFINITY)
    assert found.status == "no_sign_change"
    assert found.answer is None
    assert [look.value for look in found.bracket] == [0.0, 1 + 0.5 * (2**DOUBLINGS - 1)]
    bounded = search(lambda value: 5 - value).around(0.5, 0.0, 1.0)
    assert [look.value for look in bounded.bracket] == [0.0, 1.0]


def test_away_from_zero_the_search_gives_up_soon() -> None:
    """Breaks when a measure that only rises is followed up to a hundred times the value."""
    looks = search(lambda value: 1 + value)
    assert looks.around(1.0, 0.0, INFINITY).status == "no_sign_change"
    assert max(looks.looks) == 4.5


def test_values_without_a_plan_are_backed_away_from() -> None:
    """Breaks when the search fails at the first value without a plan, or does not say where it was."""

    def measure(value: float) -> float:
        if value > 1.4:
            raise OutsideError(f"no plan at {value:g}")
        return 1.3 - value

    looks = search(measure)
    found = looks.around(1.0, 0.0, INFINITY)
    assert found.status == "found"
    assert found.answer is not None
    assert found.answer.value == pytest.approx(1.3, abs=1e-3)
    assert looks.limits == ["no plan at 1.5"]
    with pytest.raises(OutsideError):
        search(measure).between(1.0, 2.0)


def test_the_narrowest_bracket_is_there_at_any_time() -> None:
    """Breaks when an interrupted search cannot say how far it came."""
    looks = search(kinked)
    assert looks.narrowest() is None
    for value in (0.0, 10.0, 3.0, 5.0):
        looks.at(value)
    pair = looks.narrowest()
    assert pair is not None
    assert [look.value for look in pair] == [3.0, 5.0]
