"""Means of the research company are used in time (AO § 55(1) no. 5), or put into a reserve (AO § 62(1)).

The company cannot hand on what it does not need: what would stay in the till is not sold.
"""

from __future__ import annotations

from typing import Any

import pytest

from leam_opt.case.schema import Case
from tests.maths.financing import LOAN, one_unit
from tests.maths.helpers import best, expect

STRICT: dict[str, Any] = {"years": 2, "free_reserve_share": 0, "replacement_reserve": False}


def four_years(rule: dict[str, Any], **overrides: Any) -> Case:
    """A unit that a grant pays; sales of up to 5 a year for four years, and nothing to spend them on."""
    settings = {"entity": "research", "revenue_meur": 5, "horizon_years": 4}
    return one_unit({"grant": {"cap_total": 10}}, rules={"timely_use": rule}, **{**settings, **overrides})


@pytest.mark.parametrize(
    ("rule", "sold_meur"),
    [
        ({**STRICT, "enabled": False}, 20),
        ({**STRICT, "years": 4}, 20),
        (STRICT, 10),
        ({**STRICT, "years": 1}, 5),
        ({**STRICT, "years": 0}, 0),
        ({**STRICT, "replacement_reserve": True}, 18),
        ({**STRICT, "free_reserve_share": 0.1}, 10 + 2 / 0.9),
    ],
)
def test_money_that_cannot_be_used_in_time_is_not_earned(rule: dict[str, Any], sold_meur: float) -> None:
    """Cash of year 3 may be what came in in years 2 and 3, that of year 4 of years 3 and 4: two years' sales of 5.

    Wear of 2 a year may be kept for a new unit: 8 of the sales of the first two years (10) at the end of year 4. A
    tenth of all means, the grant included, as free reserve: x <= 0.1 (10 + 10 + x), x = 2.22.
    """
    expect(best(four_years(rule)), deficit_meur=10 - sold_meur, unfunded_gap_meur=0)


def test_the_cash_reserve_may_be_kept() -> None:
    """A reserve of 3 that has to be there is no hoard: 3 of the sales of the first two years are kept, 13 in all."""
    case = four_years(STRICT, funding={"cash_reserve_research": 3})
    expect(best(case), deficit_meur=10 - 13, unfunded_gap_meur=0)


def test_the_debt_service_reserve_account_may_be_kept() -> None:
    """A loan of 4 without interest, 1 a year, with an account of a year: 1 of the sales of the first year is kept.

    Sales of the first two years pay 4 of debt service in time; at the end of year 3 one more is in the account, at the
    end of year 4 nothing: 4 and the sales of the last two years, 14 in all.
    """
    loan = {**LOAN, "cap_total": 4, "rate": 0, "tenor_years": 4, "reserve_months": 12, "repayment": "linear"}
    case = one_unit(
        {"grant": {"cap_total": 6}, "loan": loan},
        entity="research",
        revenue_meur=5,
        horizon_years=4,
        rules={"timely_use": STRICT},
    )
    expect(best(case), deficit_meur=10 - 14, unfunded_gap_meur=0)


def test_the_service_company_may_keep_its_cash() -> None:
    """The rule is about the charitable company: the same business elsewhere sells for 20."""
    support = {"kind": "sponsor", "provider": "public", "entity": "service", "title": "Support", "cap_total": 10}
    case = one_unit({"support": support}, revenue_meur=5, horizon_years=4, rules={"timely_use": STRICT})
    expect(best(case), deficit_meur=-10)


@pytest.mark.parametrize(("rule", "gap_meur"), [({"enabled": False}, 2), (STRICT, 3), ({**STRICT, "years": 1}, 6)])
def test_early_income_pays_the_cost_of_the_years_of_use(rule: dict[str, Any], gap_meur: float) -> None:
    """Sales of up to 10 in 2025 and a cost of 3 in each of four years: 9 are used by the end of 2027, 6 by 2026.

    The cost of the years after is missing, instead of 2 where the money may wait.
    """
    case = four_years(rule, revenue_meur={2025: 10, 2026: 0}, operations={"internet": 3})
    expect(best(case), unfunded_gap_meur=gap_meur, deficit_meur=10 + 12 - (12 - gap_meur))
