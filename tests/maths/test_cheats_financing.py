"""Cheats with loans, funds, taxes and programmes: each gains without its guard, and gains nothing with it.

Each test names what the honest plan costs, what the naive model reports, and the row for which the ledger refuses it.
"""

from __future__ import annotations

from typing import Any

import pytest

from leam_opt.case.schema import Case
from tests.maths.cheating import Naive, gains, optimum
from tests.maths.financing import EQUITY, LOAN, SUPPORT, TRANCHE, one_unit
from tests.maths.helpers import bare_case, best, expect

BULLET = {**LOAN, "repayment": "bullet"}
GRANT = {"kind": "grant", "title": "Grant", "cap_total": 1000, "intensity": 1}
ACCESS = {"kind": "access", "entity": "research", "title": "Access", "cap_total": 1000}
EVERY_YEAR: dict[str, Any] = {"server_types": {"alpha": {"life_years": 1}}}


def test_a_cheap_band_is_not_used_beyond_its_size(naive: Naive) -> None:
    """4 at 2 %, the rest of 10 at 10 %: 0.68 a year; all of it at 2 % would be 0.2."""
    loan = {**BULLET, "rate": 0.02, "rate_bands": [{"up_to": 4, "rate": 0.02}, {"rate": 0.1}]}
    case = one_unit({"loan": loan}, revenue_meur=20)
    expect(best(case), deficit_meur=-30 + 1.36)
    gains(naive(case, "m.loan_bands_size.deactivate()"), 0, -30 + 0.4, "total draws within the band")


def _guaranteed(loan: dict[str, Any], **guarantee: Any) -> Case:
    terms = {"title": "G", "loans": ["loan"], "share_max": 0.8, "cap_total": 20, "fee": 0.01, "rate_reduction": 0.03}
    guarantees = {"guarantees": {"state": {**terms, **guarantee}}}
    return one_unit({"loan": {**BULLET, **loan}}, revenue_meur=20, funding=guarantees)


def test_no_more_is_guaranteed_than_is_owed(naive: Naive) -> None:
    """80 % of 10 save 2 % a year; a guarantee for 20 would save interest on debt that there is not."""
    case = _guaranteed({})
    expect(best(case), deficit_meur=-30 + 2 - 2 * 0.16)
    gains(naive(case, "m.guarantees_share.deactivate()"), 0, -30 + 2 - 2 * 0.4, "within the guarantee's share")


def test_lenders_get_the_guarantee_that_they_ask_for(naive: Naive) -> None:
    """Half of the loan at a fee of 4 % that saves 3 % of interest: 0.05 a year that a plan would rather not pay."""
    case = _guaranteed({"guaranteed_share_min": 0.5}, fee=0.04)
    expect(best(case), deficit_meur=-30 + 2 + 0.1)
    gains(naive(case, "m.guarantees_asked.deactivate()"), 0, -30 + 2, "the lender's smallest guaranteed share")


def test_mezzanine_debt_is_not_covered_by_what_serves_senior_debt(naive: Naive) -> None:
    """Of sales of 6 senior debt at 5 % takes 4 (cover 1.5), mezzanine debt at 10 % takes 1 (cover 1.2 of all).

    With a cover of the senior debt alone the 2 that it leaves would serve 2.56 of mezzanine debt, and pay the unit.
    """
    mezzanine = {**LOAN, "seniority": "mezzanine", "dscr_min": 1.2}
    case = one_unit({"senior": {**LOAN, "rate": 0.05, "dscr_min": 1.5}, "mezzanine": mezzanine}, revenue_meur=6)
    senior, level = 4 / 1.05 + 4 / 1.1025, 1 / (1 / 1.1 + 1 / 1.21)
    expect(best(case), unfunded_gap_meur=10 - senior - 1 / level, deficit_meur=10 - 12 + 10 - senior - 1 / level)
    rest = 10 - senior
    cheat = naive(case, "m.debt_cover['all', :, :].deactivate()")
    gains(cheat, 0, -2 + (8 - senior) + rest * (2 * level - 1), "what the mezzanine lenders ask")


def test_the_lock_up_is_not_ignored(naive: Naive) -> None:
    """The cover of 2025 is 3.2 where the lender asks for 4: shareholders of 5 wait, for 1.05 instead of 1."""
    terms = {"loan": {**LOAN, "rate": 0, "cap_total": 5, "lockup_dscr": 4}, "equity": {**EQUITY, "cap_total": 5}}
    case = one_unit(terms, revenue_meur={2025: 8, 2026: 16})
    expect(best(case), deficit_meur=-14 + 1.05)
    gains(naive(case, "m.lock_up.deactivate()"), 0, -14 + 1, "lock-up cover")


def test_the_reserve_account_is_not_empty(naive: Naive) -> None:
    """An account of a year's debt service halves what sales of 8 can serve; without it 10 at 10 % are borrowed."""
    case = one_unit({"loan": {**LOAN, "reserve_months": 12}}, revenue_meur=8)
    loan = 4 / 1.1 + 4 / 1.21
    expect(best(case), unfunded_gap_meur=10 - loan, deficit_meur=10 - 16 + 8 - loan)
    gains(naive(case, "m.reserve_account.deactivate()"), 0, -6 + 24.2 / 2.1 - 10, "debt-service reserve account")


def test_gearing_is_not_repaired_by_money_of_a_later_year(naive: Naive) -> None:
    """At most half may be loans; support of 2026 that nothing needs would make the loan of 2025 look small."""
    case = one_unit(
        {"loan": LOAN, "support": {**SUPPORT, "first_year": 2026}},
        revenue_meur=20,
        funding={"gearing_max_service": 0.5},
    )
    expect(best(case), unfunded_gap_meur=10, deficit_meur=-30)
    cheat = naive(case, "m.gearing[:, 2025].deactivate()")
    gains(cheat, 0, -30 + 24.2 / 2.1 - 10, "loans over all money drawn so far")


def test_the_union_does_not_pay_first_and_the_states_later(naive: Naive) -> None:
    """The states' money comes in 2026; matched at the end only, the Union would pay the unit of 2025 alone."""
    case = one_unit(
        {"union": {**GRANT, "last_year": 2025}, "states": {**GRANT, "first_year": 2026}},
        entity="research",
        funding={"matching": {"rule": {"instruments": ["states"], "matched": ["union"]}}},
        **EVERY_YEAR,
    )
    expect(best(case), unfunded_gap_meur=10, deficit_meur=20)
    gains(naive(case, "m.matching[:, 2025].deactivate()"), 0, 20, "'rule': what matches keeps pace")


def test_a_budget_is_not_spent_twice(naive: Naive) -> None:
    """Two programmes of 6 a year on one budget of 6: 4 are missing in each year; counted for each, nothing would be."""
    line = {"title": "D", "instruments": ["first", "second"], "cap_per_year": 6}
    case = one_unit(
        {"first": {**GRANT, "cap_per_year": 6}, "second": {**GRANT, "cap_per_year": 6}},
        entity="research",
        funding={"budget_lines": {"digital": line}},
        **EVERY_YEAR,
    )
    expect(best(case), unfunded_gap_meur=8, deficit_meur=20)
    gains(naive(case, "m.budget_lines.deactivate()"), 0, 20, "draws on 'digital' in the year")


def test_alternatives_are_not_used_together(naive: Naive) -> None:
    """A grant of 4 or access time for 6: 4 are missing, and nothing where both are taken."""
    case = one_unit(
        {"grant": {"cap_total": 4}, "access": {**ACCESS, "cap_total": 6, "price": 4}},
        entity="research",
        funding={"alternatives": {"union": ["grant", "access"]}},
    )
    expect(best(case), unfunded_gap_meur=4)
    gains(naive(case, "m.alternatives.deactivate()"), 0, 10, "at most one instrument of 'union'")


@pytest.mark.parametrize(
    ("guard", "terms", "gap_meur", "refused_for"),
    [
        ("access_cost", {"intensity": 0.5, "price": 10}, 5, "share of the expenditure on servers"),
        ("access_delivery", {"price": 4}, 6, "access that became income is delivered"),
        ("access_delivery[2025]", {"price": 8}, 2, "access that became income is delivered"),
    ],
)
def test_access_time_is_not_free_money(
    naive: Naive, guard: str, terms: dict[str, Any], gap_meur: float, refused_for: str
) -> None:
    """Servers of 10 deliver 0.5 in 2025 and 1.0 in 2026: an advance of half their cost is 5.

    Half of an advance is due in 2025, so that it is 2 x 2 at 4 EUR and 2 x 4 at 8 EUR; at the end of 2026 1.5 would be
    worth 6 and 12. Undelivered, or beyond the cost that it may pay, it would be 10 each time.
    """
    case = one_unit(
        {"access": {**ACCESS, **terms}},
        entity="research",
        server_types={"alpha": {"commissioning_delay": 0.5}},
    )
    expect(best(case), unfunded_gap_meur=gap_meur, deficit_meur=10)
    gains(naive(case, f"m.{guard}.deactivate()"), 0, 10, refused_for)


def _fund(first: dict[str, Any], senior: dict[str, Any], *, more: dict[str, Any] | None = None, **rest: Any) -> Case:
    """The unit and a fund of 4 in the first piece and 6 in the senior tranche."""
    tranches = {
        "first": {**TRANCHE, "provider": "public", "share": 0.4, "cap_total": 4, "loss_max": 1, **first},
        "senior": {**TRANCHE, "share": 0.6, "cap_total": 6, "loss_max": 0.5, **senior},
    }
    layers = {"funds": {"fund": {"title": "Fund", "tranches": list(tranches)}}}
    return one_unit({**tranches, **(more or {})}, funding=layers, **rest)


_INVENTED = "m.invented = pyo.Constraint(expr=m.called_loss_meur['first'] >= 1)"


@pytest.mark.parametrize("guards", [("called_losses",), ("called_losses_cash",)])
def test_losses_are_not_invented(naive: Naive, guards: tuple[str, ...]) -> None:
    """Sales of 20 a year pay everybody. A loss of 1 for the first piece would be a plan as good as any other.

    10 - 40 either way, since a loss is no saving: only the row forbids it. With it the till has to be empty, so that
    all but 9 of the sales would have to be given up.
    """
    case = _fund({}, {}, revenue_meur=20)
    expect(best(case), deficit_meur=-30, called_loss_meur={})
    gap_and_deficit = optimum(naive.model(case, _INVENTED))
    assert gap_and_deficit == pytest.approx((0, 1), abs=1e-4)
    cheat = naive(case, _INVENTED, *(f"m.{guard}.deactivate()" for guard in guards))
    gains(cheat, 0, -30, "loses nothing while the service company keeps cash over its reserve")


def test_the_senior_tranche_does_not_lose_before_the_first_piece(naive: Naive) -> None:
    """3 of 10 do not come back. The first piece bears half of its 4, so that 1 is missing.

    The senior tranche would bear that 1 only after the first piece had got nothing.
    """
    case = _fund({"loss_max": 0.5}, {"loss_max": 0.5}, revenue_meur=3.5)
    expect(best(case), unfunded_gap_meur=1, deficit_meur=3)
    refused_for = "'senior' loses nothing while a tranche junior to it is paid"
    gains(naive(case, "m.called_losses_order.deactivate()"), 0, 3, refused_for)


def test_the_first_piece_is_no_gift_to_shareholders(naive: Naive) -> None:
    """A fund of 6, half of it a first piece, and equity of 4; 7 come back for 10, so that 3 are missing.

    Without the guard shareholders get their 4 and the senior tranche its 3, while the public budget loses 3.
    """
    case = _fund(
        {"share": 0.5, "cap_total": 3},
        {"share": 0.5, "cap_total": 3, "loss_max": 0},
        more={"equity": {**EQUITY, "cap_total": 4, "hurdle_rate": 0}},
        revenue_meur=3.5,
    )
    expect(best(case), unfunded_gap_meur=3, deficit_meur=3)
    gains(naive(case, "m.called_losses_shareholders.deactivate()"), 0, 3, "where shareholders are redeemed")


def test_a_fund_is_not_drawn_from_its_cheap_tranche_alone(naive: Naive) -> None:
    """60 % at 10 % and 40 % at 3 % cost 0.72 a year; all from the cheap tranche, 0.3."""
    case = _fund({"return_rate": 0.03, "cap_total": 10}, {"return_rate": 0.1}, revenue_meur=20)
    expect(best(case), deficit_meur=-30 + 1.44)
    gains(naive(case, "m.fund_claims_share.deactivate()"), 0, -30 + 0.6, "draws on its tranches in their shares")


def test_tranches_are_not_paid_before_they_give(naive: Naive) -> None:
    """A fifth of the money has to be private for the demand of 2026: a fund of 2.5 of 12.5, which earns 0.25 in 2026.

    10 - 20 - 40 + 0.25. The cheat pays 2.5 in 2025 and draws them in 2026, so that no return is due.
    """
    tranche = {**TRANCHE, "share": 0.5, "return_rate": 0.1}
    high = {"title": "High", "private_share_min": 0.2, "core": {2025: 0.5, 2026: 1}, "tuning": 0, "inference": 0}
    case = one_unit(
        {"support": SUPPORT, "first": tranche, "senior": tranche},
        revenue_meur=20,
        mission={"public_compute_min": {2025: 0.5, 2026: 0}},
        adoption={"high": high},
        funding={"funds": {"fund": {"title": "Fund", "tranches": ["first", "senior"]}}},
    )
    expect(best(case), deficit_meur=-49.75)
    stays = "what tranches have put in stays in until the horizon"
    gains(naive(case, "m.hurdle_claim.deactivate()"), 0, -50, stays)


@pytest.mark.parametrize(
    ("guards", "tax_meur"),
    [
        (["corporate_tax_only", "corporate_tax_exact"], 0.8),
        (["corporate_tax_only"], 0.8),
        (["corporate_tax_exact"], 0.4 + 1.2),
    ],
)
def test_profit_is_not_taxed_before_it_is_made(naive: Naive, guards: list[str], tax_meur: float) -> None:
    """Profits of 2, 3 and 3 at rates of 10, 30 and 40 %: 0.2 + 0.9 + 1.2. All 8 at once at 10 % would be 0.8.

    With one of the two rows left, no more than the largest possible profit so far, 4 in 2025, is taxed ahead.
    """
    rates = {2025: 0.1, 2026: 0.3, 2027: 0.4}
    sales = {2025: 4, 2026: 5, 2027: 5}
    case = one_unit({"support": SUPPORT}, revenue_meur=sales, taxation={"corporate_tax": rates}, horizon_years=3)
    expect(best(case), deficit_meur=-4 + 2.3)
    gains(naive(case, *(f"m.{guard}.deactivate()" for guard in guards)), 0, -4 + tax_meur, "deficit_meur")


def test_profit_is_taxed_when_it_is_made(naive: Naive) -> None:
    """Profits of 3 a year at 50, 30 and 10 %: 2.7. The first one put off for a year, 2.1; never declared, nothing."""
    rates = {2025: 0.5, 2026: 0.3, 2027: 0.1}
    case = one_unit({"support": SUPPORT}, revenue_meur=5, taxation={"corporate_tax": rates}, horizon_years=3)
    expect(best(case), deficit_meur=-5 + 2.7)
    gains(naive(case, "m.corporate_tax_profit[2025].deactivate()"), 0, -5 + 0.3 * 6 + 0.3, "deficit_meur")
    gains(naive(case, "m.corporate_tax_profit.deactivate()"), 0, -5, "deficit_meur")


def test_a_loss_is_not_paid_back_by_the_treasury(naive: Naive) -> None:
    """Profits of 3, 3 and -2 at 30 %: 1.8. If what has been taxed could fall again, 0.6 would come back."""
    sales = {2025: 5, 2026: 5, 2027: 0}
    case = one_unit({"support": SUPPORT}, revenue_meur=sales, taxation={"corporate_tax": 0.3}, horizon_years=3)
    expect(best(case), deficit_meur=1.8)
    cheat = naive(
        case, "m.corporate_tax_rises.deactivate()", "m.tax_meur[:].setlb(None)", "m.tax_meur[:].domain = pyo.Reals"
    )
    gains(cheat, 0, 1.2, "deficit_meur")


def test_charitable_means_are_not_hoarded(naive: Naive) -> None:
    """Sales of 10 in 2025 and a cost of 3 a year for four years: 9 are used in time, and the last 3 are missing.

    Kept in the till, the tenth would pay a third of the cost of 2028.
    """
    case = one_unit(
        {"grant": {"cap_total": 10}},
        entity="research",
        revenue_meur={2025: 10, 2026: 0},
        horizon_years=4,
        operations={"internet": 3},
        rules={"timely_use": {"free_reserve_share": 0, "replacement_reserve": False}},
    )
    expect(best(case), unfunded_gap_meur=3, deficit_meur=13)
    gains(naive(case, "m.timely_use.deactivate()"), 2, 12, "over recent means and reserves")


def test_customers_are_not_charged_two_prices(naive: Naive) -> None:
    """One unit serves 10 bn; at 0.002 it sells them for 7.3 a year, at 0.003 it sells 8 bn for 8.76.

    With both at once, 3.33 bn at the cheap and 6.67 bn at the dear price would earn 9.73.
    """
    levels = [{"price": 0.002, "demand": 1}, {"price": 0.003, "demand": 0.4}]
    case = bare_case(
        adoption={"low": {"inference": 20}},
        prices={"token_levels": levels},
        sites={"north": {"module": 0.1, "modules_max": 1}},
    )
    expect(best(case), deficit_meur=10 - 2 * 8.76)
    cheat = naive(case, "m.demand_curve_tokens_choice.deactivate()")
    gains(cheat, 0, 10 - 2 * (0.73 * 10 / 3 + 1.095 * 20 / 3), "deficit_meur")
