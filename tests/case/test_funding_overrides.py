"""Overrides and overlays of the funding section: rate bands, funds, rules, taxes and value for money."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from leam_opt.case.instruments import Loan
from leam_opt.case.plain import plain
from leam_opt.case.register import entries
from leam_opt.case.schema import Case
from leam_opt.errors import CaseError

if TYPE_CHECKING:
    from tests.case.small import Folder


@pytest.fixture
def funded(rich: Folder) -> Case:
    return rich.load()


def _refused(case: Case, path: str, value: Any) -> str:
    with pytest.raises(CaseError) as caught:
        case.override({path: value})
    assert len(caught.value.problems) == 1, caught.value.problems
    return caught.value.problems[0]


def test_paths_into_funding(funded: Case) -> None:
    """Breaks when an override does not reach a band, a fund, a rule, a tax or a section that the files leave out."""
    bank = "funding.instruments.bank"
    changed = funded.override(
        {
            f"{bank}.rate": "4.5 %",
            f"{bank}.rate_bands.0.rate": "4.5 %",
            f"{bank}.rate_bands.1.up_to": 40,
            "funding.funds.innovation.tranches": ["first-loss", "top-piece", "mid-piece"],
            "funding.instruments.mid-piece.loss_max": 0,
            "funding.guarantees.bank-guarantee.share_max": "75 %",
            "funding.matching.states.ratio": 0.5,
            "funding.budget_lines.digital.cap_per_year.2026": 70,
            "funding.alternatives.union": ["union-grant", "union-access", "supporters"],
            "taxation.vat_irrecoverable_service": "10 %",
            "taxation.corporate_tax.2026": 0.28,
            "prices.token_levels.2.demand": "55 %",
            "rules.timely_use.years": 1,
            "value_for_money.transferred.opex": "25 %",
            "value_for_money.samples": 1000,
        }
    )
    loan = changed.funding.instruments["bank"]
    assert isinstance(loan, Loan)
    assert [band.rate.base for band in loan.rate_bands] == [0.045, 0.06, 0.075]
    assert [band.up_to and band.up_to.base for band in loan.rate_bands] == [20, 40, None]
    assert changed.funding.funds["innovation"].tranches == ["first-loss", "top-piece", "mid-piece"]
    assert changed.funding.guarantees["bank-guarantee"].share_max.base == 0.75
    assert changed.funding.matching["states"].ratio.base == 0.5
    budget = changed.funding.budget_lines["digital"].cap_per_year
    assert [budget.at_year(year).base for year in changed.years] == [120, 70, 70]
    assert changed.funding.alternatives == {"union": ["union-grant", "union-access", "supporters"]}
    tax = changed.taxation.corporate_tax
    assert tax is not None
    assert [tax.at_year(year).base for year in changed.years] == [0.3, 0.28, 0.29]
    assert changed.taxation.vat_irrecoverable_service.base == 0.1
    assert changed.prices.token_levels[2].demand.base == 0.55
    assert changed.rules.timely_use.years == 1
    assert changed.value_for_money is not None
    assert (changed.value_for_money.transferred.opex.base, changed.value_for_money.samples) == (0.25, 1000)


def test_sections_that_the_files_leave_out(folder: Folder) -> None:
    """Breaks when a section with defaults, or a table of rules, has to stand in the file to be overridden."""
    case = folder.load()
    changed = case.override(
        {
            "taxation.vat": "19 %",
            "rules.timely_use.enabled": False,
            "discounting.inflation": "2 %",
            "funding.alternatives": {"either": ["bank", "federal-grant"]},
            "funding.matching": {"both": {"instruments": ["bank"], "matched": ["federal-grant"], "ratio": "50 %"}},
            "funding.guarantees": {
                "cover": {"title": "Cover", "loans": ["bank"], "share_max": 0.5, "cap_total": 9, "fee": "1 %"}
            },
            "funding.instruments.bank.rate_bands": [{"up_to": 10, "rate": "5 %"}, {"rate": "6 %"}],
        }
    )
    assert (changed.taxation.vat.base, changed.rules.timely_use.enabled) == (0.19, False)
    assert changed.discounting.inflation.base == 0.02
    assert changed.funding.alternatives == {"either": ["bank", "federal-grant"]}
    assert changed.funding.matching["both"].ratio.source == "override"
    assert changed.funding.guarantees["cover"].loans == ["bank"]
    assert len(entries(changed)) > len(entries(case))
    assert _refused(case, "value_for_money.samples", 500).endswith("the case has no section value_for_money")
    assert "matches nothing" in _refused(case, "funding.funds.innovation.title", "x")


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        (
            "funding.instruments.bank.rate_bands.0.rates",
            1,
            "did you mean funding.instruments.bank.rate_bands.0.rate or",
        ),
        ("funding.instruments.bank.rate_bands.3.rate", 1, "matches nothing in the case; did you mean"),
        ("funding.fund.innovation.title", "x", "did you mean funding.funds.innovation.title?"),
        ("funding.instruments.bank.rate_bands.0.rate", 5, 'at most 1 share is allowed (did you mean "5 %"?)'),
        ("funding.instruments.bank.rate_bands.0.rate", "120%", "120 % is too large; at most 100 % is allowed"),
        ("funding.instruments.bank.rate_bands.2.up_to", 60, "the last band reaches up to cap_total; leave up_to out"),
        ("funding.instruments.bank.rate_bands", [{"rate": "5 %"}] * 6, "it has 6 entries; at most 5 are possible"),
        ("funding.funds.innovation.tranches", ["first-loss"], "it has 1 entry; at least 2 entries are needed"),
        (
            "funding.alternatives.union",
            ["union-grant", "onwers"],
            "unknown instrument 'onwers'; did you mean 'owners'?",
        ),
        ("funding.matching.donors.instruments", ["state-grant"], "'state-grant' would have to match itself"),
        ("prices.token_levels.1.price", 0.001, "0.001 EUR/ktoken is not above 0.005 of the level before"),
        ("value_for_money.partnership", "base", "'base' is the comparator already"),
    ],
)
def test_what_an_override_of_funding_gets_wrong(funded: Case, path: str, value: Any, said: str) -> None:
    """Breaks when an override escapes a check of funding, or its message loses the path or the remedy."""
    problem = _refused(funded, path, value)
    assert problem.startswith(f"--set {path}")
    assert said in problem


def test_bands_need_no_rate_beside_them(funded: Case) -> None:
    """Breaks when a band's rate cannot move by itself where the loan gives bands only."""
    bank = "funding.instruments.bank"
    alone = funded.override({f"{bank}.rate": None}).override({f"{bank}.rate_bands.0.rate": "4 %"})
    loan = alone.funding.instruments["bank"]
    assert isinstance(loan, Loan)
    assert loan.rate is None
    assert loan.rate_bands[0].rate.base == 0.04


def test_a_rate_beside_bands_asks_for_both(funded: Case) -> None:
    """Breaks when one of two rates that have to agree moves alone, or the message hides which one to set too."""
    problem = _refused(funded, "funding.instruments.bank.rate_bands.0.rate", "4 %")
    assert "funding.instruments.bank.rate: 5 % differs from 4 %, the rate of the first band" in problem
    assert problem.endswith("set both to the same (with --set funding.instruments.bank.rate_bands.0.rate)")


def test_a_scenario_changes_rules_and_adds_some(rich: Folder) -> None:
    """Breaks when tables of rules are replaced by an overlay instead of merged, or their lists merged."""
    overlay = """\
          bank: {cap_total: 400, rate: 4 %, rate_bands: [{up_to: 50, rate: 4 %}, {rate: 6 %}]}
        guarantees:
          state-guarantee: {fee: 1 %}
        alternatives:
          union: [supporters, owners]
          lenders: [bank, promo-loan]
        matching:
          lenders: {instruments: [bank], matched: [promo-loan]}
      taxation: {corporate_tax: 15 %}
      value_for_money: {samples: 100}
"""
    case = rich.edit("          bank: {cap_total: 400}\n", overlay).load()
    private = case.scenario("private")
    loan = private.funding.instruments["bank"]
    assert isinstance(loan, Loan)
    assert [band.rate.base for band in loan.rate_bands] == [0.04, 0.06]
    assert private.funding.alternatives == {"union": ["supporters", "owners"], "lenders": ["bank", "promo-loan"]}
    assert list(private.funding.matching) == ["states", "donors", "lenders"]
    fee = private.funding.guarantees["state-guarantee"].fee
    assert (fee.base, fee.source) == (0.01, "assumption: a bank lends more to a private company")
    assert private.value_for_money is not None
    assert (private.value_for_money.samples, private.value_for_money.comparator) == (100, "base")
    assert private.taxation.vat.base == 0.19
    assert case.funding.alternatives == {"union": ["union-grant", "union-access"]}
    rich.edit("lenders: {instruments: [bank], matched: [promo-loan]}", "union: {matched: [promo-loan]}")
    assert "no such entry in the case; known are states, donors (a new entry lacks instruments)" in rich.problem()


def test_a_circle_that_only_a_scenario_closes(rich: Folder) -> None:
    """Breaks when rules that an overlay adds are not seen together with those of the case."""
    rule = "        matching:\n          back: {instruments: [union-grant], matched: [supporters]}\n"
    rich.edit("        use: [bank, state-g", f"{rule}        use: [bank, state-g")
    problem = rich.problem_at("back:")
    assert "scenarios.private.overlay.funding.matching.back: circular matching: state-grant has to match" in problem
    assert problem.endswith("supporters has to match state-grant (rule donors); take one of these rules out")


def test_a_case_of_python_has_its_rules(rich: Folder) -> None:
    """Breaks when a rule, a band or a list is lost on the way through plain data."""
    case = rich.load()
    built = Case.model_validate(plain(case))
    assert built.input_hash == case.input_hash
    assert built.scenario("private").input_hash == case.scenario("private").input_hash
    assert built.funding == case.funding
