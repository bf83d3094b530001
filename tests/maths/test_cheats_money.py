"""Cheats with money: each gains without its guard, and gains nothing with it.

Each test names what the naive model reports, what the plan really costs, and the row for which the ledger refuses it.
"""

from __future__ import annotations

from typing import Any

import pytest

from leam_opt.case.schema import Case
from leam_opt.errors import AuditError
from leam_opt.solve.formulation import build
from leam_opt.solve.run import solve
from tests.maths.cheating import Naive, gains, optimum
from tests.maths.helpers import bare_case, best, expect

DEAR = {"cluster_hour": 20000}
EQUITY = {"kind": "equity", "title": "Equity", "cap_total": 10, "hurdle_rate": 0.1}
SUPPORT = {"kind": "sponsor", "provider": "public", "entity": "service", "title": "Support", "cap_total": 1000}
"""Public money that the service company need not pay back."""


def company(*use: str, **overrides: Any) -> Case:
    """The service company owns everything."""
    pool = {"entity": "service"}
    funding = {"use": list(use), "instruments": overrides.pop("instruments")}
    pools = {"core": pool, "tuning": pool, "inference": pool}
    return bare_case(infrastructure_entity="service", pools=pools, funding=funding, **overrides)


_NOT_AHEAD = (
    "paid = lambda f, y: sum(m.payout_value[f, v] * m.dividends_meur[f, v] for v in m.Y if v <= y)",
    "given = lambda f, y: sum(m.draw_value[f, v] * m.draws_meur[f, v] for v in m.Y if v <= y)",
    "m.not_ahead = pyo.Constraint(m.INVESTORS, m.Y[:-1], rule=lambda m, f, y: paid(f, y) <= given(f, y))",
)
"""Dividends that do not run ahead of the contributions, which may be handed back at once."""


def test_equity_does_not_come_after_its_dividends(naive: Naive) -> None:
    """A fifth of the money has to be private for the demand of 2026, and shareholders ask for 10 %.

    Honest: 2 of the unit's 10 in 2025 would earn 0.2 twice; 2.5 of 12.5 in 2026 earn 0.25: 10 - 10 - 20 + 0.25. The
    cheat pays a "dividend" of 2.5 in 2025 and draws 2.5 of "equity" in 2026, so that no return is due. A smaller one
    hands 2 back in the year in which they came, for 0.2.
    """
    high = {"title": "High", "private_share_min": 0.2, "core": {2025: 0.5, 2026: 1}, "tuning": 0, "inference": 0}
    case = company(
        "support",
        "equity",
        instruments={"support": SUPPORT, "equity": EQUITY},
        mission={"public_compute_min": {2025: 0.5, 2026: 0}},
        adoption={"low": {"core": 0.5}, "high": high},
        prices=DEAR,
    )
    expect(best(case), deficit_meur=-19.75, line_investors_return=0.25)
    stays = "what shareholders have put in stays in until the horizon"
    gains(naive(case, "m.hurdle_claim.deactivate()"), 0, -20, stays)
    gains(naive(case, "m.hurdle_claim.deactivate()", *_NOT_AHEAD), 0, -19.8, stays)


def test_dividends_are_not_paid_out_of_public_money(naive: Naive) -> None:
    """A unit without sales: equity pays it in 2025, public support of 2026 pays the shareholders back with a return.

    Without a profit there is no return, hence no equity: 10 are missing. The cheat has everything funded.
    """
    case = company(
        "equity",
        "support",
        instruments={"equity": {**EQUITY, "hurdle_rate": 0.05}, "support": {**SUPPORT, "first_year": 2026}},
        mission={"public_compute_min": 1},
    )
    expect(best(case), unfunded_gap_meur=10, deficit_meur=10, private_money_meur=0)
    cheat = naive(case, "m.ring_fence.deactivate()", "m.ring_fence_year.deactivate()")
    gains(cheat, 0, 10 + 10 * 1.05**2 - 10, "profit")


def test_a_return_is_not_paid_as_redemption(naive: Naive) -> None:
    """The same plan with the return hidden in the redemption, which no profit has to cover: contributions, no more."""
    case = company(
        "equity",
        "support",
        instruments={"equity": {**EQUITY, "hurdle_rate": 0.05}, "support": {**SUPPORT, "first_year": 2026}},
        mission={"public_compute_min": 1},
    )
    gains(naive(case, "m.hurdle_redemption.deactivate()"), 0, 10 + 10 * 1.05**2 - 10, "redemption")


def test_shareholders_are_not_put_off_with_less_than_their_hurdle(naive: Naive) -> None:
    """Sales of 20 a year pay 10 of equity back with 2; without the hurdle not even the 10 would be seen again."""
    case = company(
        "equity",
        instruments={"equity": EQUITY},
        mission={"public_compute_min": 0.5},
        adoption={"low": {"core": 0.5}},
        prices={"cluster_hour": 40000},
    )
    expect(best(case), deficit_meur=-28, unfunded_gap_meur=0)
    gains(naive(case, "m.hurdle.deactivate()"), 0, -40, "hurdle")


def _take_up(**sponsor: Any) -> Case:
    """A unit for a mission of 0.5; the other half sells at 20 EUR in 2025 if 40 % of the money are private."""
    high = {"title": "High", "private_share_min": 0.4, "core": {2025: 0.5, 2026: 0}, "tuning": 0, "inference": 0}
    return bare_case(
        mission={"public_compute_min": 0.5},
        adoption={"high": high},
        prices=DEAR,
        operations={"internet": 4},
        funding={
            "use": ["grant", "sponsor"],
            "instruments": {"sponsor": {"kind": "sponsor", "title": "Sponsors", "cap_total": 1000, **sponsor}},
        },
    )


_SHARE_OF_DRAWS = (
    "m.adoption_funding.deactivate()",
    "private = lambda y: ex.drawn_until(m, m.PRIVATE_MONEY, y)",
    "public = lambda y: ex.drawn_until(m, m.PUBLIC_MONEY, y)",
    "m.naive_share = pyo.Constraint(m.A, m.Y, rule=lambda m, a, y: private(y) >= m.adoption_threshold[a]",
    "    * (private(y) + public(y)) - 1e3 * (1 - m.adoption[a, y]))",
)


def test_a_level_is_not_had_while_the_gap_pays(naive: Naive) -> None:
    """Sponsors of 1 are all the money that is drawn, but a tenth of the 10 that the unit needs: nobody has paid.

    10 and 8 for operation, of which 17 are missing, 7 after sales. The cheat counts the share of the draws alone, sells
    10 in 2025 and needs 10 less in 2026.
    """
    case = _take_up(cap_total=1).override({"funding.use": ["sponsor"]})
    expect(best(case), deficit_meur=18, unfunded_gap_meur=17)
    gains(naive(case, *_SHARE_OF_DRAWS), 9, 8, "cumulative private money carries the level")


def test_a_level_is_not_had_for_a_share_that_is_reached_at_the_end(naive: Naive) -> None:
    """Sponsors that come in 2026 are 40 % of all money then, but nothing in 2025, when the customers would come.

    10 and 8 for operation without sales. The cheat measures the share once, at the end: 10 of grants in 2025, 6.7 of
    sponsors' money in 2026 that nothing needs, and sales of 10.
    """
    case = _take_up(first_year=2026)
    expect(best(case), deficit_meur=18, unfunded_gap_meur=0)
    gains(naive(case, "m.adoption_funding[:, 2025].deactivate()"), 0, 8, "cumulative private money carries the level")


def test_debt_is_not_left_to_the_time_after_the_horizon(monkeypatch: pytest.MonkeyPatch) -> None:
    """A loan of two years drawn in the last one would never be repaid: the unit of 2026 looks paid.

    Drawn in time it would have to be repaid out of nothing, so that 10 are missing.
    """
    loan = {"kind": "loan", "provider": "public", "entity": "research", "title": "Loan", "cap_total": 1000}
    case = bare_case(
        mission={"public_compute_min": {2025: 0, 2026: 1}},
        funding={
            "use": ["loan"],
            "instruments": {"loan": {**loan, "rate": 0.1, "tenor_years": 2, "repayment": "bullet", "dscr_min": 0}},
        },
    )
    expect(best(case), deficit_meur=10, unfunded_gap_meur=10)
    monkeypatch.setattr("leam_opt.models.declare.draw_years", lambda case, instrument: case.years)
    assert optimum(build(case)) == pytest.approx((0, 10), abs=1e-4)
    with pytest.raises(AuditError, match="draws in the instrument's window only"):
        solve(case)


def test_prepaid_fees_are_not_a_gift(naive: Naive) -> None:
    """Shareholders' 10 reach the owner of the unit as prepaid fees; fees of 2 years are 2, so that 8 are missing.

    An advance that is never settled would pay the whole unit.
    """
    case = bare_case(
        mission={"public_compute_min": 0.5},
        pools={"tuning": {"entity": "service", "share_min": 1}},
        adoption={"low": {"tuning": 0.5}},
        prices={**DEAR, "infrastructure_fee": 1000},
        funding={"use": ["equity"], "instruments": {"equity": {**EQUITY, "hurdle_rate": 0}}},
    )
    expect(best(case), deficit_meur=-10, unfunded_gap_meur=8)
    gains(naive(case, "m.infrastructure_fee_settled.deactivate()"), 0, -10, "advances are used up")


def test_fees_are_not_settled_from_advances_that_nobody_paid(naive: Naive) -> None:
    """The service company sells for 10 a year and owes a fee of 12: it misses 2 a year, 4 in all.

    Credits without an advance behind them would leave the fee unpaid.
    """
    case = bare_case(
        mission={"public_compute_min": 0.5},
        pools={"tuning": {"entity": "service", "share_min": 1}},
        adoption={"low": {"tuning": 0.5}},
        prices={**DEAR, "infrastructure_fee": 12000},
        funding={"instruments": {"grant": {"cap_total": 10}}},
    )
    expect(best(case), deficit_meur=-10, unfunded_gap_meur=4)
    cheat = naive(case, "m.infrastructure_fee_advance.deactivate()", "m.infrastructure_fee_settled.deactivate()")
    gains(cheat, 0, -10, "credits are advanced before")


def test_grants_do_not_run_ahead_of_the_cost(naive: Naive) -> None:
    """A grant that ends in 2025 pays the unit of that year; hoarded, it would pay the two of 2026 as well."""
    case = bare_case(
        mission={"public_compute_min": {2025: 1, 2026: 2}},
        server_types={"alpha": {"life_years": 1}},
        funding={"instruments": {"grant": {"last_year": 2025}}},
    )
    expect(best(case), deficit_meur=30, unfunded_gap_meur=20)
    cheat = naive(case, "m.grant_intensity.deactivate()", "m.grant_intensity_all.deactivate()")
    gains(cheat, 0, 30, "grant_intensity")


def test_debt_service_is_not_called_off(naive: Naive) -> None:
    """Sales of 5 cover 4 of debt service at a ratio of 1.25, a loan of 6.94 at 10 %; 3.06 are missing.

    Without the ratio all of the 5 would serve a loan of 8.68, with nothing left for a bad year.
    """
    loan = {"kind": "loan", "provider": "public", "entity": "research", "title": "Loan", "cap_total": 1000}
    case = bare_case(
        mission={"public_compute_min": 0.5},
        adoption={"low": {"core": 0.5}},
        prices={"cluster_hour": 10000},
        funding={
            "use": ["loan"],
            "instruments": {"loan": {**loan, "rate": 0.1, "tenor_years": 2, "dscr_min": 1.25}},
        },
    )
    expect(best(case), unfunded_gap_meur=10 - (4 / 1.1 + 4 / 1.21))
    cheat = naive(case, "m.debt_cover.deactivate()")
    if cheat.gap_meur != pytest.approx(10 - (5 / 1.1 + 5 / 1.21), abs=1e-4):
        pytest.fail(f"the gap is {cheat.gap_meur}")
    assert "debt service" in cheat.refusal
