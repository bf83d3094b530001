"""Industry take-up follows industry money, in every year and before the demand is served."""

from __future__ import annotations

from typing import Any

import pytest

from leam_opt.solve.formulation import build
from leam_opt.solve.highs import Session
from leam_opt.solve.standard_form import compile_model
from tests.maths.helpers import bare_case, best, chosen, expect

LEVELS: dict[str, Any] = {"high": {"title": "High", "private_share_min": 0.5, "core": 1, "tuning": 0, "inference": 0}}
SPONSOR = {"kind": "sponsor", "provider": "private", "title": "Sponsors"}


def centre(price_eur: float, **sponsor: Any) -> Any:
    """A unit of 10 serves 0.1 to public users, and 0.9 to customers once half of all money so far is private."""
    return bare_case(
        adoption=LEVELS,
        mission={"public_compute_min": 0.1},
        prices={"cluster_hour": price_eur * 1000},
        funding={"use": ["grant", "sponsor"], "instruments": {"sponsor": {**SPONSOR, "cap_total": 100, **sponsor}}},
    )


@pytest.mark.parametrize(("cap_meur", "level"), [(5, "high"), (4.9, "low")])
def test_a_level_needs_its_share_of_the_money(cap_meur: float, level: str) -> None:
    """The unit of 10 needs 5 of private money for `high`; 4.9 are not enough. A looser big-M would let 4.9 pass."""
    plan = best(centre(4, cap_total=cap_meur))
    assert chosen(plan, "adoption") == {(level, 2025): 1, (level, 2026): 1}
    sold = 2 * 0.9 if level == "high" else 0
    assert plan.deficit_meur == pytest.approx(10 - 4 * sold, abs=1e-5)


def test_money_of_a_later_year_buys_no_earlier_demand() -> None:
    """Sponsors who give from 2026 on open `high` in 2026 only, as soon as they outweigh the 10 of 2025.

    The centre can spend no more than it costs, so their money has nothing to pay for: `low` in both years. Measured
    once at the end, the share would have sold both years.
    """
    plan = best(centre(4, first_year=2026))
    assert chosen(plan, "adoption")["low", 2025] == 1
    assert chosen(plan, "compute_mgpuh").get(("core", "private", 2025), 0) == 0


def test_the_gap_is_money_that_nobody_gave() -> None:
    """Without grants, sponsors of 4 leave a gap of 6: the share is 4 / 10, not 4 / 4, and `high` stays closed."""
    case = centre(4, cap_total=4)
    case = case.model_copy(update={"funding": case.funding.model_copy(update={"use": ["sponsor"]})})
    plan = best(case)
    expect(plan, unfunded_gap_meur=6, deficit_meur=10)
    assert chosen(plan, "adoption") == {("low", 2025): 1, ("low", 2026): 1}


def test_without_its_guard_the_level_would_be_free() -> None:
    """Dropping the funding rows of the level sells two years at no private money: the rows are what prevents it."""
    case = centre(4, cap_total=0)
    guarded = build(case)
    free = build(case)
    free.adoption_funding.deactivate()
    found = []
    for model in (guarded, free):
        form = compile_model(model, [getattr(model, stage.name) for stage in model.stages])
        found.append(Session(form).run(1).primal)
    assert found == pytest.approx([10, 10 - 4 * 1.8], abs=1e-4)
