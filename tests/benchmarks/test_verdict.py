"""Where the recommendation of leam-2022 falls and where it stands: the limits that the case's README states.

Plans are proven to 0.5 % of gross cost. A dozen searches of some seconds each, so they run with `make bench`.
"""

from __future__ import annotations

from typing import Any

import pytest

from leam_opt.case.load import load_case
from leam_opt.case.schema import Case
from leam_opt.solve.plan import Plan
from leam_opt.solve.run import solve

pytestmark = pytest.mark.skipif("not config.getoption('--benchmark-enable')", reason="run by make bench")

GAP = 0.005
LOW = 0
"""The adoption level that needs no private money comes first in the case."""
PRICES = ("prices.tokens",)
"""Changes that public delivery feels, too; it has no use for the terms of private money."""
EQUITY_ONLY = {"funding.use": ["federal-grant", "state-grant", "eu-grant", "investor-equity"]}
TIES: dict[str, dict[str, Any]] = {
    "take-up asks for 56 %": {
        "adoption.medium.private_share_min": 0.56,
        "adoption.high.private_share_min": 0.56,
    },
    "shareholders alone ask for 70 %": {**EQUITY_ONLY, "funding.instruments.investor-equity.hurdle_rate": 0.7},
    "tokens at 0.2 ct": {"prices.tokens": 0.002},
}
LEADS: dict[str, dict[str, Any]] = {
    "shareholders alone ask for 30 %": {**EQUITY_ONLY, "funding.instruments.investor-equity.hurdle_rate": 0.3},
    "tokens at 0.4 ct": {"prices.tokens": 0.004},
}


@pytest.fixture(scope="module")
def leam() -> Case:
    return load_case("leam-2022")


@pytest.fixture(scope="module")
def public(leam: Case) -> Plan:
    return solve(leam, scenario="public", mip_gap=GAP)


def _bound(plan: Plan, stage: str) -> float:
    return next(s.dual for s in plan.result.stages if s.name == stage)


def _both(leam: Case, public: Plan, change: dict[str, Any]) -> tuple[Plan, Plan]:
    """Public delivery and the partnership under a change."""
    changed = leam.override(change)
    if any(path in PRICES for path in change):
        public = solve(changed, scenario="public", mip_gap=GAP)
    return public, solve(changed, scenario="ppp", mip_gap=GAP)


@pytest.mark.parametrize("change", TIES.values(), ids=TIES)
def test_the_recommendation_falls_where_private_money_is_too_dear(
    leam: Case, public: Plan, change: dict[str, Any]
) -> None:
    """Without investors the partnership is public delivery; breaks when a limit that the README states has moved."""
    alone, ppp = _both(leam, public, change)
    proven = 2 * GAP * alone.accounts.totals["gross_cost_meur"]
    assert (ppp.decisions.adoption.argmax(axis=0) == LOW).all()
    assert ppp.deficit_meur == pytest.approx(alone.deficit_meur, abs=proven)
    assert _bound(ppp, "deficit") > alone.deficit_meur - proven


@pytest.mark.parametrize("change", LEADS.values(), ids=LEADS)
def test_the_recommendation_stands_on_this_side(leam: Case, public: Plan, change: dict[str, Any]) -> None:
    """Before the limit investors still pay and the deficit is proven to be lower."""
    alone, ppp = _both(leam, public, change)
    assert ppp.deficit_meur < _bound(alone, "deficit") - 5
    assert ppp.accounts.totals["private_money_meur"] > 12
