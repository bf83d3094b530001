"""Composition of the public sector comparator and of a partnership from present values."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leam_opt.finance.value_for_money import (
    BASES,
    Basis,
    Overrun,
    Risk,
    Spread,
    Values,
    partnership,
    public_sector_comparator,
    risk,
)

SAMPLES = 7
shares = st.floats(0, 1)


def values(random: np.random.Generator, *shape: int) -> Values:
    return Values(*(random.uniform(0, 100, shape) for _ in BASES))


def register(random: np.random.Generator, count: int) -> list[Overrun]:
    names: list[Basis] = ["capex", "opex", "revenue"]
    return [
        Overrun(names[random.integers(3)], random.uniform(-0.5, 1, SAMPLES), random.uniform(0, 1, SAMPLES))
        for _ in range(count)
    ]


@settings(max_examples=60)
@given(st.integers(0, 10**6), st.integers(0, 4), shares, shares, shares)
def test_identities(seed: int, risks: int, capex: float, opex: float, revenue: float) -> None:
    """Risk is split and never lost: both parts together are the net cost above plan and the register's overruns; the
    comparator is what its plan costs with risk and neutrality, the partnership bid, retained risk and ancillary cost.
    """
    random = np.random.default_rng(seed)
    planned, sampled, register_ = values(random), values(random, SAMPLES), register(random, risks)
    found = risk(planned, sampled, {"capex": capex, "opex": opex, "revenue": revenue}, register_)
    overruns = sum((item.share * getattr(planned, item.basis) for item in register_), np.zeros(SAMPLES))
    whole = sampled.net_cost - planned.net_cost + overruns
    assert found.transferable + found.retained == pytest.approx(whole, abs=1e-9)
    psc = public_sector_comparator(planned, 0.1, found)
    neutral = 0.1 * (planned.capex + planned.opex)
    assert psc.total == pytest.approx(sampled.net_cost + overruns + neutral, abs=1e-9)
    ppp = partnership(50.0, 2.0, found)
    assert ppp.total == pytest.approx(52.0 + found.retained, abs=1e-9)
    assert list(psc.components) == ["raw_cost", "competitive_neutrality", "transferable_risk", "retained_risk"]
    assert list(ppp.components) == ["bid", "retained_risk", "ancillary_cost"]


def test_by_hand() -> None:
    """Capex 100 planned and 110 come true, opex 50 and 45, revenue 30 and 20: 10, -5 and 10 above plan. Half of capex
    and all of the missing revenue are transferred: 5 + 10. The register adds 20 % of opex, a tenth of it transferred.
    """
    planned = Values(*(np.array(x) for x in (100.0, 50.0, 30.0)))
    sampled = Values(*(np.array([x]) for x in (110.0, 45.0, 20.0)))
    overrun = Overrun("opex", np.array([0.2]), np.array([0.1]))
    found = risk(planned, sampled, {"capex": 0.5, "opex": 0.0, "revenue": 1.0}, [overrun])
    assert found.transferable == pytest.approx([5 + 10 + 1])
    assert found.retained == pytest.approx([5 - 5 + 9])
    psc = public_sector_comparator(planned, 0.1, found)
    assert psc.total == pytest.approx([120 + 15 + 16 + 9])
    assert partnership(130, 4, found).total == pytest.approx([130 + 9 + 4])


@given(st.integers(0, 10**6), shares, shares)
def test_transfer_moves_risk_and_makes_none(seed: int, one: float, other: float) -> None:
    """Of risks that only cost, more transfer never makes the partnership dearer, and the comparator stays as it is."""
    random = np.random.default_rng(seed)
    planned = values(random)
    dearer = Values(*(np.asarray(getattr(planned, b) * random.uniform(1, 2, SAMPLES)) for b in BASES))
    worse = Values(dearer.capex, dearer.opex, planned.revenue * random.uniform(0, 1, SAMPLES))
    low, high = sorted((one, other))
    less, more = (risk(planned, worse, dict.fromkeys(BASES, share), []) for share in (low, high))
    assert (partnership(10, 1, more).total <= partnership(10, 1, less).total + 1e-9).all()
    totals = [public_sector_comparator(planned, 0.0, found).total for found in (less, more)]
    assert totals[0] == pytest.approx(totals[1])


def test_spread() -> None:
    """Percentiles by linear interpolation over 0 .. 100; one value, or equal ones, are their own spread."""
    assert Spread.of(np.arange(101.0)) == Spread(5.0, 50.0, 95.0)
    assert Spread.of(3.0) == Spread(3.0, 3.0, 3.0)
    same = Spread.of(np.full(2000, 10.479276687664523))
    assert same.p5 == same.mean == same.p95


def test_without_risk_both_sides_are_numbers() -> None:
    planned = Values(*(np.array(x) for x in (100.0, 50.0, 30.0)))
    none = Risk(np.zeros(()), np.zeros(()))
    assert public_sector_comparator(planned, 0.0, none).total.shape == ()
    assert float(public_sector_comparator(planned, 0.0, none).total) == 120.0
