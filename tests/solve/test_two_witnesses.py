"""Model and ledger are written twice: whatever the optimiser finds, in whatever case, the ledger confirms."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leam_opt.case.schema import Case
from leam_opt.errors import InfeasibleError
from leam_opt.solve.run import solve
from tests.builders import small_case
from tests.maths.helpers import bare_case, best, expect

_ENTITY = st.sampled_from(["research", "service"])
_PROVIDER = st.sampled_from(["public", "private"])
_BASIS = st.sampled_from(["hardware", "building", "all"])
_SCOPE = st.fixed_dictionaries({"scope": st.sampled_from(["core", "all"]), "enabled": st.booleans()})
_OBJECTIVES = [
    {"name": "deficit"},
    {"name": "deficit", "residual_value": True},
    {"name": "public_money_npv", "discount_rate": 0.05},
    {"name": "public_compute", "deficit_max": 200},
]
_INSTRUMENTS: dict[str, Any] = {
    "grant": {
        "cap_total": st.sampled_from([50, 150, 250]),
        "min_ticket": st.sampled_from([0, 20]),
        "arrangement_fee": st.sampled_from([0, 0.02]),
    },
    "sponsor": {"entity": _ENTITY, "provider": _PROVIDER, "min_ticket": st.sampled_from([0, 5])},
    "loan": {
        "entity": _ENTITY,
        "provider": _PROVIDER,
        "cap_total": st.sampled_from([10, 60]),
        "tenor_years": st.integers(1, 3),
        "repayment": st.sampled_from(["annuity", "linear", "bullet"]),
        "dscr_min": st.sampled_from([0, 1, 1.3]),
        "first_year": st.just(2025),
    },
    "equity": {"hurdle_rate": st.sampled_from([0, 0.05, 0.15]), "cap_total": st.sampled_from([50, 150])},
}


def _cases() -> st.SearchStrategy[Case]:
    figures: dict[str, Any] = {
        "infrastructure_entity": _ENTITY,
        "server_types": st.fixed_dictionaries(
            {
                "alpha": st.fixed_dictionaries(
                    {"commissioning_delay": st.sampled_from([0, 0.25]), "life_years": st.integers(1, 3)}
                )
            }
        ),
        "upkeep": st.fixed_dictionaries(
            {
                "maintenance": st.fixed_dictionaries({"basis": _BASIS}),
                "insurance": st.fixed_dictionaries({"basis": _BASIS, "enabled": st.booleans()}),
            }
        ),
        "pools": st.fixed_dictionaries(
            {pool: st.fixed_dictionaries({"entity": _ENTITY}) for pool in ("core", "tuning", "inference")}
        ),
        "rules": st.fixed_dictionaries(
            {
                "public_use": _SCOPE,
                "ancillary_use": _SCOPE,
                "grant_income": st.fixed_dictionaries({"enabled": st.booleans()}),
            }
        ),
        "funding": st.fixed_dictionaries(
            {
                "use": st.lists(st.sampled_from(sorted(_INSTRUMENTS)), unique=True),
                "private_share_min": st.just(0),
                "instruments": st.fixed_dictionaries(
                    {name: st.fixed_dictionaries(terms) for name, terms in _INSTRUMENTS.items()}
                ),
            }
        ),
        "prices": st.fixed_dictionaries({"cluster_hour": st.sampled_from([1000, 4000, 20000])}),
        "mission": st.fixed_dictionaries({"public_compute_min": st.sampled_from([0, 3, 8])}),
        "objective": st.sampled_from(_OBJECTIVES),
    }
    return st.fixed_dictionaries(figures).map(lambda overrides: small_case(**overrides))


@settings(max_examples=10)
@given(_cases())
def test_the_ledger_confirms_every_plan(case: Case) -> None:
    """Owners, pools, instruments, scopes, upkeep and objectives in any mixture: a plan that passes, or a conflict.

    A figure that the two witnesses read differently, or a row that only one of them has, ends in an AuditError.
    """
    try:
        plan = solve(case, mip_gap=1e-3, time_limit=20)
    except InfeasibleError as error:
        assert error.conflict
        return
    assert plan.audit.passed
    assert plan.result.mip_gap < 1


def test_a_company_that_does_nothing_needs_no_reserve() -> None:
    """All pools, the machines and the only grant are the research company's: the other one has no account to fill."""
    case = bare_case(mission={"public_compute_min": 1}, funding={"cash_reserve_service": 0.5})
    expect(best(case), deficit_meur=10, unfunded_gap_meur=0)


@pytest.mark.parametrize(("dscr", "gap_meur"), [(0, 0), (1, 11)])
def test_a_loan_without_cover_is_paid_from_wherever_money_comes(dscr: float, gap_meur: float) -> None:
    """A loan of 11 at no interest bridges the unit (10) and operation (1) until the grant of 2026 pays it back.

    There is no cash flow from operation, only its cost: with a ratio of 0 the lender does not mind; with a ratio of 1
    there is no loan, and what is due in 2025 is missing.
    """
    loan: dict[str, Any] = {"kind": "loan", "provider": "public", "entity": "research", "title": "L", "cap_total": 99}
    case = bare_case(
        mission={"public_compute_min": 1},
        operations={"internet": 1},
        funding={
            "use": ["grant", "loan"],
            "instruments": {
                "grant": {"first_year": 2026},
                "loan": {**loan, "rate": 0, "tenor_years": 2, "repayment": "bullet", "dscr_min": dscr},
            },
        },
    )
    expect(best(case), deficit_meur=12, unfunded_gap_meur=gap_meur)
