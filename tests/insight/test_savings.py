"""What is proven of savings: bounds hold for whatever two searches found and proved."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from leam_opt.insight.replan import NOTHING, Reached
from leam_opt.insight.savings import saving

money = st.floats(0, 50).map(lambda value: round(value, 3))


@given(money, money, money, money, money, money)
def test_proven_bounds_hold_whatever_the_searches_found(
    best_meur: float, gains: float, over: float, over_loose: float, under: float, under_loose: float
) -> None:
    """The true saving of the best plans lies within the bounds, and never below zero, for any proofs of any width.

    Bounds that take a plan's value for the best one's, or a relaxation that seems to cost, break it.
    """
    strict = Reached("gap_reached", 0, 0, best_meur + over, best_meur - under)
    least = best_meur - gains
    loose = Reached("gap_reached", 0, 0, least + over_loose, least - under_loose)
    found = saving(strict, loose)
    assert found.least - 1e-9 <= gains <= found.most + 1e-9
    assert 0 <= found.least <= found.value + 1e-9 and found.value <= found.most + 1e-9
    assert found.verdict != "costs" and (found.verdict != "saves" or gains > 0)
    assert found.reversed().most == -found.least


@given(money, money, money, money)
def test_deficits_at_different_gaps_prove_one_side_only(gap: float, closes: float, strict: float, loose: float) -> None:
    """A smaller gap at a smaller deficit is a saving; at a larger one nothing is said of the deficit.

    Comparing deficits of plans that fund different amounts breaks it.
    """
    before = Reached("optimal", gap + closes, gap, strict, strict)
    after = Reached("optimal", gap, gap, loose, loose)
    found = saving(before, after)
    assert found.verdict in ("saves", "undecided") or closes <= NOTHING
    if closes > NOTHING and strict - loose > NOTHING:
        assert (found.measure, found.least, found.most) == ("main", strict - loose, float("inf"))
    elif closes > NOTHING:
        assert (found.measure, found.least, found.most) == ("unfunded_gap", 0, pytest.approx(closes))


sizes = st.integers(0, 3).map(float)
Errors = tuple[float, float, float]


@given(sizes, sizes, sizes, sizes, st.tuples(sizes, sizes, sizes), st.tuples(sizes, sizes, sizes))
def test_proven_bounds_hold_where_money_is_short(
    gap: float, closes: float, strict: float, loose: float, at_first: Errors, at_other: Errors
) -> None:
    """Whatever was found and proven of gaps and deficits, the true saving lies within the bounds of its measure.

    A plan that leaves more unfunded than it has to may have a smaller deficit than the best one: taking it for a bound
    breaks it, and so does a floor of zero under a deficit that rises as the gap closes.
    """
    assume(closes or loose <= strict)
    first = _found(gap + closes, strict, *at_first)
    other = _found(gap, loose, *at_other)
    found = saving(first, other)
    true = closes if found.measure == "unfunded_gap" else strict - loose
    assert found.least <= true <= found.most
    assert found.verdict != "saves" or true > 0
    assert found.verdict != "costs" or true < 0
    assert found.verdict != "nothing" or true == 0


def _found(gap: float, main: float, over: float, under: float, aside: float) -> Reached:
    """What a search may have reached: with more than the least gap its deficit is anything; bounds lie below."""
    reached = aside if over else main + aside
    return Reached("gap_reached", gap + over, max(gap - under, 0.0), reached, min(main, reached) - under)
