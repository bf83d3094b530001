"""Industry take-up over the years: which demand the money so far has bought."""

from __future__ import annotations

from typing import Any

from leam_opt.case.schema import Case
from tests.maths.helpers import bare_case, best, chosen, expect


def take_up(sponsor: dict[str, Any], *, core: Any = 0.5, others: Any = None, **overrides: Any) -> Case:
    """One unit for a mission of 0.5; the other half sells at 20 EUR once a quarter of the money is private."""
    level = {"title": "High", "private_share_min": 0.25, "core": core, "tuning": 0, "inference": 0}
    terms = {"kind": "sponsor", "title": "Sponsors", "cap_total": 1000, **sponsor}
    return bare_case(
        mission={"public_compute_min": 0.5},
        adoption={"high": level, **(others or {})},
        prices={"cluster_hour": 20000},
        funding={"use": ["grant", "sponsor"], "instruments": {"sponsor": terms}},
        **overrides,
    )


def test_private_money_that_comes_late_is_served_late() -> None:
    """Sponsors give 1 in 2025, a tenth of the money; the quarter is reached in 2026 only, which sells 10.

    10 for the unit and 4 a year for operation, less 10: 8. In 2025 there are 14 to find; in 2026 the sponsors add 10/3
    to have 13/3 of 52/3, more than the need. Measured once at the end, both years would sell: -2.
    """
    plan = best(take_up({"cap_per_year": {2025: 1, 2026: 9}}, operations={"internet": 4}))
    expect(plan, deficit_meur=8, unfunded_gap_meur=0, adoption={("low", 2025): 1, ("high", 2026): 1})


def test_the_level_in_force_may_change_every_year() -> None:
    """Customers of the high level come in 2026 only; the share is there from the start: 10 - 10."""
    plan = best(take_up({}, core={2025: 0, 2026: 0.5}))
    expect(plan, deficit_meur=0)
    assert ("high", 2026) in chosen(plan, "adoption")


def test_one_level_at_a_time() -> None:
    """Two levels of 0.25 each, both paid for, sell 0.25 and not 0.5: 10 - 2 x 5."""
    partner = {"title": "Partner", "private_share_min": 0.1, "core": 0.25, "tuning": 0, "inference": 0}
    expect(best(take_up({}, core=0.25, others={"partner": partner})), deficit_meur=0)
