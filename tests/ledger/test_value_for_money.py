"""Value for money of two plans: a comparison worked out by hand, the draws behind it, and what plans do under them."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pytest

from leam_opt.case.quantity import Quantity
from leam_opt.case.schema import Case
from leam_opt.errors import CaseError
from leam_opt.ledger.books import Books
from leam_opt.ledger.decisions import Decisions
from leam_opt.ledger.value_for_money import ValueForMoney, value_for_money
from tests.builders import DROP, small_case, small_plan
from tests.ledger.valued import RANGES, case_of, risky


def compared(case: Case, public: Decisions | None = None, ppp: Decisions | None = None) -> ValueForMoney:
    """Compares two plans of one case, by default the small plan with itself."""
    plans = [small_plan(case) if plan is None else plan for plan in (public, ppp)]
    return value_for_money(*((case, Books.of(case, plan)) for plan in plans))


def means(side: dict[str, Any]) -> dict[str, float]:
    return {row["name"]: row["mean_meur"] for row in side["components"]}


def test_by_hand_without_ranges() -> None:
    """No figure has a range: only the register costs, and every sample is the same."""
    capex = 118.9 + 21.55 / 1.1 + 45 / 1.21
    opex = 11.06186 / 1.1 + 12.20496 / 1.21 + 9.0647 / 1.331
    revenue = 6.10318 / 1.1 + 6.30538 / 1.21 + 3.0555 / 1.331
    found = compared(case_of()).to_dict()
    assert found["discount_rate_nominal_share"] == pytest.approx(0.1)
    assert found["risk_in"] == "flows"
    assert found["samples"] == 200
    assert found["comparator"]["scenario"] == "public"
    assert found["partnership"]["scenario"] == "ppp"
    psc = means(found["comparator"])
    assert psc == pytest.approx(
        {
            "raw_cost": capex + opex - revenue,
            "competitive_neutrality": 0.05 * (capex + opex),
            "transferable_risk": 0.7 * 0.1 * capex + 0.5 * 0.2 * revenue,
            "retained_risk": 0.3 * 0.1 * capex + 0.5 * 0.2 * revenue,
        }
    )
    ppp = means(found["partnership"])
    # The grant of 114, 30, 50 and the gap of 1, less the cash that is left in the research company.
    bid = 115 + 30 / 1.1 + 50 / 1.21 - 9.17004 / 1.331
    assert ppp == pytest.approx({"bid": bid, "retained_risk": psc["retained_risk"], "ancillary_cost": 2})
    saved = sum(psc.values()) - sum(ppp.values())
    spread = found["value_for_money"]
    assert [spread[key] for key in ("p5_meur", "mean_meur", "p95_meur")] == pytest.approx([saved] * 3)
    assert found["probability_partnership_better"] == float(saved > 0)
    json.dumps(found, allow_nan=False)


def test_what_the_public_gets_back_lowers_the_bid() -> None:
    """The loan of 1 at 10 % as public money: its service is worth 1 again at 10 %, and its fee of 0.01 comes on top."""
    own = {"funding": {"instruments": {"loan": {"provider": "public"}}}}
    private, public = (means(compared(case).to_dict()["partnership"])["bid"] for case in (case_of(), case_of(own)))
    assert public - private == pytest.approx(-0.01)


def test_public_shareholders_get_dividends_and_their_money_back() -> None:
    own = {"funding": {"instruments": {"equity": {"provider": "public"}}}}
    private, public = (means(compared(case).to_dict()["partnership"])["bid"] for case in (case_of(), case_of(own)))
    assert public - private == pytest.approx(3 - 0.15 / 1.1 - 0.15 / 1.21 - 3.15 / 1.331)


def test_components_add_up_in_every_sample() -> None:
    """PSC and PPP are their components; value for money is their difference under the same draws; repeated runs give
    the same numbers, another seed gives others.
    """
    found = compared(risky())
    for delivery in (found.comparator, found.partnership):
        assert delivery.total == pytest.approx(sum(delivery.components.values()))
        assert delivery.total.shape == (200,)
    assert found.value == pytest.approx(found.comparator.total - found.partnership.total)
    assert compared(risky()).to_dict() == found.to_dict()
    other = compared(case_of(RANGES, {"value_for_money": {"seed": 8}}))
    assert other.to_dict() != found.to_dict()
    assert other.to_dict()["comparator"]["total"]["mean_meur"] == pytest.approx(
        found.to_dict()["comparator"]["total"]["mean_meur"], rel=0.01
    )


def test_the_same_plan_on_both_sides_bears_the_same_risk() -> None:
    """Common random numbers: sample by sample the retained risks are equal, so that none of their noise is left in
    the difference.
    """
    found = compared(risky())
    assert found.comparator.components["retained_risk"] == pytest.approx(found.partnership.components["retained_risk"])
    assert found.comparator.components["retained_risk"].std() > 0.1


def test_more_transfer_never_makes_the_partnership_dearer() -> None:
    """Where risk costs on average; the comparator's total does not move."""
    totals = []
    for share in (0.0, 0.3, 0.6, 1.0):
        terms = {"transferred": dict.fromkeys(("capex", "opex", "revenue"), share), "risks": DROP}
        found = compared(case_of(RANGES, {"value_for_money": terms})).to_dict()
        totals.append((found["partnership"]["total"]["mean_meur"], found["comparator"]["total"]["mean_meur"]))
    ppp, psc = zip(*totals, strict=True)
    assert all(later < earlier for earlier, later in pairwise(ppp))
    assert psc == pytest.approx([psc[0]] * 4)


def test_mean_risk_of_a_price_by_hand() -> None:
    """Only the price of alpha varies, 9 / 10 / 13: on average 2/3 above plan on ten units bought at once, plus 5 % a
    year of maintenance on them for two years. Half of the first and a fifth of the second is transferred.
    """
    ranges = {"server_types": {"alpha": RANGES["server_types"]["alpha"]}}
    found = compared(case_of(ranges, {"value_for_money": {"samples": 2000}}))
    planned = compared(case_of())
    capex, opex = 10 * 2 / 3, 10 * 2 / 3 * 0.05 * (1 / 1.1 + 1 / 1.21)
    for name, expected in (
        ("transferable_risk", 0.5 * capex + 0.2 * opex),
        ("retained_risk", 0.5 * capex + 0.8 * opex),
    ):
        above = found.comparator.components[name].mean() - planned.comparator.components[name].mean()
        assert above == pytest.approx(expected, rel=1e-3)
    retained = [side.comparator.components["retained_risk"].min() for side in (found, planned)]
    assert retained[0] - retained[1] == pytest.approx(10 * -1 * (0.5 + 0.8 * 0.05 * (1 / 1.1 + 1 / 1.21)), rel=0.05)


def test_risk_in_the_rate_has_none_in_the_flows() -> None:
    """A premium of 3 % discounts everything at 13 %; ranges and register stay out."""
    terms = {"risk_premium": 0.03, "transferred": DROP, "risks": DROP}
    case = case_of(RANGES, {"value_for_money": terms})
    found = compared(case).to_dict()
    assert found["risk_in"] == "rate"
    assert found["samples"] == 0
    assert found["discount_rate_nominal_share"] == pytest.approx(0.13)
    assert means(found["comparator"])["transferable_risk"] == means(found["comparator"])["retained_risk"] == 0
    assert means(found["partnership"])["bid"] == pytest.approx(115 + 30 / 1.13 + 50 / 1.13**2 - 9.17004 / 1.13**3)
    spread = found["value_for_money"]
    assert spread["p5_meur"] == spread["mean_meur"] == spread["p95_meur"]


def test_risk_valued_twice_is_refused() -> None:
    """Also where the case was not checked as a whole; the message names what stands in the flows."""
    case = case_of()
    assert case.value_for_money is not None
    premium = Quantity(low=0.03, base=0.03, high=0.03, unit="share")
    twice = case.model_copy(
        update={"value_for_money": case.value_for_money.model_copy(update={"risk_premium": premium})}
    )
    with pytest.raises(CaseError, match=r"risk_premium: 3 % on the rate.*transferred\.capex.*risks\.overrun"):
        compared(twice)


def test_both_sides_are_valued_on_the_same_terms() -> None:
    case = case_of()
    books = Books.of(case, small_plan(case))
    with pytest.raises(CaseError, match="the case has no such section"):
        value_for_money((small_case(), books), (case, books))
    with pytest.raises(CaseError, match="discounting: the scenarios 'public' and 'ppp' differ in it"):
        value_for_money((case, books), (case_of({"discounting": {"real_rate": 0.05}}), books))
