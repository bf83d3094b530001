"""Checks of instruments, guarantees and funds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from leam_opt.errors import CaseError

if TYPE_CHECKING:
    from tests.case.small import Folder

TRANCHE = "kind: tranche, title: X, provider: private, return_rate: 5 %, cap_total: 9"

# What is spoiled: (old text, new text, where the message points, what it says).
SPOILED = {
    # Loans
    "bands on a loan longer than the horizon": (
        "tenor_years: 3\n",
        "tenor_years: 4\n",
        "tenor_years: 4",
        "funding.instruments.bank.tenor_years: a draw in 2025 is repaid only in 2028, after the horizon; at most 3",
    ),
    "grace as long as the loan with bands": (
        "grace_years: 1",
        "grace_years: 3",
        "grace_years",
        "funding.instruments.bank.grace_years: it must be below tenor_years 3",
    ),
    "other rate than the first band": (
        "      rate: 5 %",
        "      rate: 4 %",
        "rate: 4 %",
        "bank.rate: 4 % differs from 5 %, the rate of the first band; leave `rate` out beside rate_bands, or set",
    ),
    "other range than the first band": (
        "      rate: 5 %",
        "      rate: {low: 4 %, base: 5 %, high: 6 %}",
        "rate: {low: 4",
        "bank.rate: 4 / 5 / 6 % differs from 5 %",
    ),
    "falling rates": (
        "rate: 6 %}",
        "rate: 5 %}",
        "rate: 5 %}\n        - {rate: 7",
        "rate_bands.1.rate: 5 % is not above 5 %, the rate of the band before; rates must rise from band to band",
    ),
    "falling totals": (
        "up_to: 35",
        "up_to: 15",
        "up_to: 15",
        "rate_bands.1.up_to: 15 MEUR is not above 20 MEUR, where the band before ends; the totals must rise",
    ),
    "open band in the middle": (
        "{up_to: 35, rate",
        "{rate",
        "{rate: 6 %}",
        "rate_bands.1.up_to: missing; only the last band goes without it, up to cap_total",
    ),
    "closed last band": (
        "{rate: 7.5 %}",
        "{up_to: 50, rate: 7.5 %}",
        "up_to: 50",
        "rate_bands.2.up_to: the last band reaches up to cap_total; leave up_to out, or add a band behind it",
    ),
    "more cover for mezzanine debt": (
        "dscr_min: 1.1",
        "dscr_min: 1.35",
        "dscr_min: 1.35",
        "sub-loan.dscr_min: 1.35 is above 1.3 of the senior loan 'bank'; mezzanine debt is covered after senior debt",
    ),
    # Guarantees
    "guarantee for an unknown loan": (
        "loans: [bank, promo-loan]",
        "loans: [bank, promo-laon]",
        "promo-laon",
        "guarantees.bank-guarantee.loans.1: unknown loan 'promo-laon'; did you mean 'promo-loan'?",
    ),
    "guarantee for what is no loan": (
        "loans: [bank, promo-loan]",
        "loans: [bank, owners]",
        "owners], share_max",
        "bank-guarantee.loans.1: 'owners' is of the kind equity, not loan; loans are bank, sub-loan, promo-loan",
    ),
    "guarantee for a loan twice": (
        "loans: [bank, promo-loan]",
        "loans: [bank, bank]",
        "bank], share_max",
        "bank-guarantee.loans.1: loan 'bank' stands twice",
    ),
    "guarantee that saves more than the rate": (
        "fee: 1 %}",
        "fee: 1 %, rate_reduction: 3 %}",
        "rate_reduction",
        "bank-guarantee.rate_reduction: 3 % is above 2 %, the rate of 'promo-loan'; interest cannot fall below zero",
    ),
    "two guarantees in use for a loan": (
        "bank-guarantee, first-loss",
        "bank-guarantee, state-guarantee, first-loss",
        "bank], share_max: 80",
        "state-guarantee.loans.0: 'bank' is covered by the guarantee 'bank-guarantee' already; at most one guarantee",
    ),
    "more guaranteed than the guarantee covers": (
        "guaranteed_share_min: 40 %",
        "guaranteed_share_min: 65 %",
        "guaranteed_share_min",
        "bank.guaranteed_share_min: 65 % is above share_max 60 % of the guarantee 'bank-guarantee'",
    ),
    "guarantee not in use": (
        "sub-loan, bank-guarantee,",
        "sub-loan,",
        "guaranteed_share_min",
        (
            "bank.guaranteed_share_min: the lender wants 40 % guaranteed, but no guarantee in use covers the loan; "
            "add bank-guarantee or state-guarantee to funding.use, or set it to 0"
        ),
    ),
    "no guarantee at all": (
        "      dscr_min: 1.1\n",
        "      dscr_min: 1.1\n      guaranteed_share_min: 10 %\n",
        "guaranteed_share_min: 10",
        (
            "sub-loan.guaranteed_share_min: the lender wants 10 % guaranteed, but no guarantee in use covers the loan; "
            "add one to funding.guarantees, or set it to 0"
        ),
    ),
    "guarantee with the name of an instrument": (
        "  funds:\n",
        "    supporters: {title: X, loans: [bank], share_max: 1, cap_total: 9, fee: 1 %}\n  funds:\n",
        "supporters: {title: X",
        "funding.guarantees.supporters: an instrument has this name too, and funding.use could not tell them apart",
    ),
    # Funds
    "unknown tranche": (
        "tranches: [first-loss, mid-piece, top-piece]",
        "tranches: [first-loss, mid-pieces, top-piece]",
        "mid-pieces",
        "funds.innovation.tranches.1: unknown tranche 'mid-pieces'; did you mean 'mid-piece'?",
    ),
    "loan in a fund": (
        "tranches: [first-loss, mid-piece, top-piece]",
        "tranches: [first-loss, mid-piece, top-piece, bank]",
        "bank]}",
        "funds.innovation.tranches.3: 'bank' is of the kind loan, not tranche; tranches are first-loss, mid-piece",
    ),
    "guarantee in a fund": (
        "tranches: [first-loss, mid-piece, top-piece]",
        "tranches: [first-loss, mid-piece, top-piece, bank-guarantee]",
        "bank-guarantee]}",
        "'bank-guarantee' is a guarantee, which can stand in funding.use only; tranches are first-loss",
    ),
    "tranche twice": (
        "tranches: [first-loss, mid-piece, top-piece]",
        "tranches: [first-loss, mid-piece, top-piece, mid-piece]",
        "mid-piece]}",
        "funds.innovation.tranches.3: tranche 'mid-piece' stands twice",
    ),
    "tranche in no fund": (
        "  guarantees:\n",
        "    spare: {" + TRANCHE + ", share: 5 %}\n  guarantees:\n",
        "spare:",
        "funding.instruments.spare: the tranche stands in no fund; name it under `tranches` of one (innovation)",
    ),
    "shares below 100 %": (
        "share: 50 %, return_rate: 6 %",
        "share: 45 %, return_rate: 6 %",
        "tranches: [",
        "funds.innovation.tranches: the shares of its tranches add up to 95 %; they must add up to 100 %",
    ),
    "shares above 100 %": (
        "share: 50 %, return_rate: 6 %",
        "share: 50.5 %, return_rate: 6 %",
        "tranches: [",
        "add up to 100.5 %; they must add up to 100 %",
    ),
    "fund partly in use": (
        "first-loss, mid-piece, top-piece]\n  gear",
        "first-loss]\n  gear",
        "use: [",
        (
            "funding.use: the fund 'innovation' is in use without mid-piece, top-piece; name all its tranches "
            "(first-loss, mid-piece, top-piece), or none"
        ),
    ),
    "fund in use by its own name": (
        "first-loss, mid-piece, top-piece]\n  gear",
        "innovation]\n  gear",
        "innovation]",
        "funding.use.6: 'innovation' is a fund; name its tranches first-loss, mid-piece, top-piece instead",
    ),
    "tranche that draws later": (
        "loss_max: 50 %, cap_total: 30}",
        "loss_max: 50 %, cap_total: 30, first_year: 2026}",
        "first_year: 2026}",
        "mid-piece.first_year: it draws in 2026-2027, the tranche 'first-loss' of its fund in 2025-2027; tranches draw",
    ),
    "tranche that draws shorter": (
        "return_rate: 6 %, cap_total: 50}",
        "return_rate: 6 %, cap_total: 50, last_year: 2026}",
        "last_year: 2026}",
        "top-piece.last_year: it draws in 2025-2026, the tranche 'first-loss' of its fund in 2025-2027",
    ),
    "loss that rises with seniority": (
        "return_rate: 6 %, cap_total: 50}",
        "return_rate: 6 %, cap_total: 50, loss_max: 60 %}",
        "loss_max: 60",
        "top-piece.loss_max: 60 % is above 50 % of the tranche 'mid-piece', which bears losses first; loss_max",
    ),
    # Windows and tickets of the new kinds
    "shares of supporters before the horizon": (
        "cap_total: 10}",
        "cap_total: 10, last_year: 2024}",
        "last_year: 2024",
        "supporters.last_year: no draw falls into the horizon 2025-2027",
    ),
    "access time behind the horizon": (
        "price: 2, intensity",
        "price: 2, first_year: 2031, intensity",
        "first_year: 2031",
        "union-access.first_year: no draw falls into the horizon 2025-2027",
    ),
    "grant with its years out of order": (
        "intensity: 50 %}",
        "intensity: 50 %, first_year: 2027, last_year: 2026}",
        "last_year: 2026",
        "state-grant.last_year: years out of order: 2026 is before 2027",
    ),
    "ticket of access time above its cap": (
        "price: 2, intensity",
        "price: 2, min_ticket: 95, intensity",
        "min_ticket",
        "union-access.min_ticket: 95 MEUR is above cap_total 90",
    ),
}


@pytest.mark.parametrize("name", SPOILED)
def test_an_inconsistent_case_is_told_at_its_place(rich: Folder, name: str) -> None:
    """Breaks when a check is lost, or its message does not stand at the key that it is about."""
    old, new, place, said = SPOILED[name]
    assert said in rich.edit(old, new).problem_at(place)


def test_two_funds_do_not_share_a_tranche(rich: Folder) -> None:
    """Breaks when the draws of one tranche would have to follow the shares of two funds."""
    rich.edit("  guarantees:\n", "    rest: {" + TRANCHE + ", share: 70 %}\n  guarantees:\n")
    rich.edit("  budget_lines:\n", "    second: {title: Second, tranches: [mid-piece, rest]}\n  budget_lines:\n")
    shared = [problem for problem in rich.problems() if "already; a tranche belongs to one fund" in problem]
    assert len(shared) == 1
    assert shared[0].startswith(f"{rich.where('mid-piece, rest')}: funding.funds.second.tranches.0: 'mid-piece' is a")
    assert "tranche of the fund 'innovation'" in shared[0]


def test_access_time_is_sold_by_the_owner(rich: Folder) -> None:
    """Breaks when a company sells access time to machines that it does not own, or when one not in use is refused."""
    rich.edit("    overlay:\n", "    overlay:\n      infrastructure_entity: service\n")
    assert rich.load().scenario("private").infrastructure_entity == "service"
    rich.edit("use: [bank, state-guarantee, owners]", "use: [bank, state-guarantee, owners, union-access]")
    problem = rich.problem()
    assert problem.startswith(
        f"{rich.where('entity: research, cap_total: 90')}: funding.instruments.union-access.entity: "
    )
    assert "set it to service, as infrastructure_entity, or take 'union-access' out of funding.use" in problem
    assert problem.endswith("(in the scenario private)")


def test_a_case_without_any_tranche_or_loan_says_so(folder: Folder) -> None:
    """Breaks when the list of what would be right is empty, and the message ends in nothing."""
    sections = "  funds: {f: {title: F, tranches: [aa, bank]}}\n  guarantees: {}\n"
    problems = folder.edit("  use: [federal-grant]\n", f"  use: [federal-grant]\n{sections}").problems()
    assert len(problems) == 2
    assert problems[0].endswith("funding.funds.f.tranches.0: unknown tranche 'aa'; there is none")
    assert problems[1].endswith("'bank' is of the kind loan, not tranche; there is no tranche in the case")


def test_what_only_a_scenario_combines_is_told_in_its_overlay(rich: Folder) -> None:
    """Breaks when the rules of combinations look at the case only, and not at what each scenario uses."""
    rich.edit("use: [bank, state-guarantee, owners]", "use: [bank, owners, first-loss]")
    guaranteed, fund = rich.problems()
    assert guaranteed.startswith(
        f"{rich.where('guaranteed_share_min')}: funding.instruments.bank.guaranteed_share_min: "
    )
    assert guaranteed.endswith("(in the scenario private)")
    assert fund.startswith(
        f"{rich.where('use: [bank, owners')}: scenarios.private.overlay.funding.use: the fund 'innov"
    )


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("", ""),
        # Not in use, and therefore free of what only a combination can get wrong.
        ("sub-loan, bank-guarantee", "bank-guarantee"),
        ("      dscr_min: 1.1\n", "      dscr_min: 1.3\n"),
        ("first-loss, mid-piece, top-piece]\n  gear", "owners]\n  gear"),
        ("cap_total: 25, rate: 2 %", "cap_total: 25, guaranteed_share_min: 90 %, rate: 2 %"),
        ("entity: research, cap_total: 90", "entity: service, cap_total: 90"),
        # The most senior tranche may bear losses too, no more than the one before it.
        ("return_rate: 6 %, cap_total: 50}", "return_rate: 6 %, cap_total: 50, loss_max: 50 %}"),
        # Windows that are the same within the horizon.
        ("loss_max: 50 %, cap_total: 30}", "loss_max: 50 %, cap_total: 30, first_year: 2025, last_year: 2030}"),
        # Two rules for the same side, and a chain that ends, are no circle.
        ("ratio: 0.05}", "ratio: 0.05}\n    more: {instruments: [supporters], matched: [union-grant, owners]}"),
        # Ranges may leave the last band without a cap at their low end.
        ("up_to: 35", "up_to: 69"),
        ("infrastructure_fee: 5000", "infrastructure_fee: 5000\n  infrastructure_fee_basis: full_cost"),
        # Either no risk in the flows, or none in the rate.
        ("  transferred: {capex: 50 %}\n", ""),
        # A single band is the rate alone.
        ("- {up_to: 20, rate: 5 %}\n        - {up_to: 35, rate: 6 %}\n        - {rate: 7.5 %}", "- {rate: 5 %}"),
    ],
)
def test_sound_cases_pass(rich: Folder, old: str, new: str) -> None:
    """Breaks when a check refuses what the model can handle, at the planning values or at either end of the ranges."""
    case = (rich.edit(old, new) if old else rich).load()
    assert [case.at(end).at("base").input_hash for end in ("low", "high")] == [case.input_hash] * 2


def test_shares_that_move_apart_are_told_at_the_end_of_the_ranges(rich: Folder) -> None:
    """Breaks when the shares of a fund are added up at the planning values only."""
    rich.edit("share: 20 %, return_rate: 1 %", "share: {low: 10 %, base: 20 %, high: 20 %}, return_rate: 1 %")
    case = rich.load()
    assert case.at("high").input_hash != case.input_hash
    with pytest.raises(CaseError) as caught:
        case.at("low")
    assert "the shares of its tranches add up to 90 %; they must add up to 100 % (with all" in caught.value.problems[0]


def test_thirds_add_up_to_a_whole(rich: Folder) -> None:
    """Breaks when a fund of three equal tranches cannot be written down, or three shares of 33.3 % pass for it."""
    shares = [f"funding.instruments.{name}.share" for name in ("first-loss", "mid-piece", "top-piece")]
    case = rich.load().override(dict.fromkeys(shares, "33.33333 %"))
    assert case.funding.instruments["top-piece"].share.base == pytest.approx(1 / 3, rel=1e-6)
    with pytest.raises(CaseError, match=r"the shares of its tranches add up to 99\.9 %; they must add up to 100 %"):
        case.override(dict.fromkeys(shares, "33.3 %"))
