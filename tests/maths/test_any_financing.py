"""Companies with loans, funds, shareholders and taxes of all sorts: two witnesses, and no bound in the way."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from leam_opt.case.derive import Derived, derive
from leam_opt.case.schema import Case
from leam_opt.solve.formulation import load_formulation
from tests.maths.cheating import optimum
from tests.maths.financing import EQUITY, LOAN, SUPPORT, TRANCHE
from tests.maths.helpers import bare_case, best

BOUNDS = (
    "service_loss_max",
    "operating_loss_max",
    "debt_service_max",
    "distribution_max",
    "lockup_service_max",
    "profit_max",
    "payout_max",
    "shareholder_max",
    "service_cash_max",
    "adoption_slack",
    "gap_max",
)
"""Bounds that switch rows on and off; a plan never reaches them."""

_AMOUNT = st.integers(1, 12)
_SHARE = st.sampled_from([0.2, 0.5, 0.8])
_RATE = st.sampled_from([0, 0.03, 0.08])


@st.composite
def _loan(draw: st.DrawFn, entity: str) -> dict[str, Any]:
    rate, tenor, cap = draw(_RATE), draw(st.integers(1, 3)), draw(_AMOUNT)
    terms = {
        "cap_total": cap,
        "rate": rate,
        "tenor_years": tenor,
        "grace_years": draw(st.integers(0, tenor - 1)),
        "repayment": draw(st.sampled_from(["annuity", "linear", "bullet"])),
        "construction_years": draw(st.sampled_from([0, 0.5])),
        "arrangement_fee": draw(st.sampled_from([0, 0.02])),
        "dscr_min": draw(st.sampled_from([1, 1.3])),
        "reserve_months": draw(st.sampled_from([0, 6])),
    }
    if entity == "service":
        terms["lockup_dscr"] = draw(st.sampled_from([0, 1.8]))
    if draw(st.booleans()):
        terms["rate_bands"] = [{"up_to": cap / 3, "rate": rate}, {"rate": rate + 0.04}]
    return {**LOAN, "entity": entity, **terms}


@st.composite
def _instruments(draw: st.DrawFn, owner: str) -> dict[str, Any]:
    """Some of all kinds of money, most of it short."""
    equity = {**EQUITY, "cap_total": draw(_AMOUNT), "hurdle_rate": draw(_RATE)}
    access = {"kind": "access", "title": "Access", "entity": owner, "cap_total": draw(_AMOUNT), "price": draw(_AMOUNT)}
    basis = draw(st.sampled_from(["all", "capex", "computing_capex", "opex"]))
    first = {**TRANCHE, "share": 0.4, "provider": "public", "loss_max": 1, "return_rate": draw(_RATE)}
    known = {
        "grant": {"cap_total": draw(_AMOUNT), "intensity": draw(_SHARE), "basis": basis},
        "support": {**SUPPORT, "cap_total": draw(_AMOUNT)},
        "access": access,
        "senior": draw(_loan(draw(st.sampled_from(["research", "service"])))),
        "junior": {**draw(_loan("service")), "seniority": "mezzanine", "dscr_min": 1},
        "equity": equity,
        "first": {**first, "cap_total": draw(_AMOUNT)},
        "last": {**TRANCHE, "share": 0.6, "return_rate": draw(_RATE), "loss_max": draw(st.sampled_from([0, 0.5, 1]))},
    }
    chosen = draw(st.sets(st.sampled_from([name for name in known if name not in ("first", "last")]), min_size=1))
    if draw(st.booleans()):
        chosen |= {"first", "last"}
    return {name: terms for name, terms in known.items() if name in chosen}


@st.composite
def financed(draw: st.DrawFn) -> Case:
    """Three years, one type, two companies of which one owns the machines; sales that may or may not pay."""
    owner = draw(st.sampled_from(["research", "service"]))
    instruments = draw(_instruments(owner))
    funding: dict[str, Any] = {"use": list(instruments), "instruments": instruments}
    if "first" in instruments:
        funding["funds"] = {"fund": {"title": "Fund", "tranches": ["first", "last"]}}
    if "senior" in instruments and draw(st.booleans()):
        terms = {"title": "G", "loans": ["senior"], "share_max": 0.8, "cap_total": draw(_AMOUNT), "fee": 0.01}
        funding["guarantees"] = {"state": {**terms, "rate_reduction": instruments["senior"]["rate"] / 2}}
        funding["use"].append("state")
    funding["gearing_max_service"] = draw(st.sampled_from([0.6, 1]))
    rates = st.sampled_from([0.1, 0.3, 0.5])
    curve = [{"price": 6000, "demand": 1}, {"price": 15000, "demand": 0.5}]
    return bare_case(
        horizon_years=3,
        infrastructure_entity=owner,
        server_types={"alpha": {"life_years": draw(st.integers(1, 4)), "unit_price": draw(_AMOUNT)}},
        sites={"north": {"module": 0.2, "modules_max": 1, "opening_cost": draw(st.integers(0, 2))}},
        mission={"public_compute_min": {2025: draw(_SHARE), 2026: draw(_SHARE)}},
        pools={"tuning": {"entity": "service"}, "inference": {"entity": owner}},
        adoption={"low": {"core": draw(_SHARE), "tuning": {year: draw(_SHARE) for year in (2025, 2026, 2027)}}},
        prices={
            "cluster_hour": draw(_AMOUNT) * 1000,
            "infrastructure_fee": draw(st.integers(0, 6)) * 1000,
            "cluster_hour_levels": draw(st.sampled_from([[], curve])),
        },
        operations={"internet": draw(st.sampled_from([0, 0.5]))},
        taxation={
            "corporate_tax": {year: draw(rates) for year in (2025, 2026, 2027)},
            "vat": 0.19,
            "vat_irrecoverable_research": draw(_SHARE),
        },
        funding=funding,
    )


# The same cases each time and no search for a smaller one, which would take minutes.
@settings(max_examples=10, derandomize=True, database=None, phases=[Phase.generate])
@given(financed())
def test_a_financing_of_any_kind(case: Case) -> None:
    """Model and ledger agree on the plan, and bounds five times as wide find no better one.

    A bound that cuts an optimum off, or a row that the two witnesses read differently, would show here. (A euro less of
    gap may be worth a hundred euros of deficit, so that the latter is compared to 10,000 EUR.)
    """
    plan = best(case)
    derived = derive(case)
    wide = {name: derived.values[name] * 5 + 1 for name in BOUNDS}
    model = load_formulation("planning").build(case, Derived(derived.index, {**derived.values, **wide}))
    np.testing.assert_allclose(optimum(model), (plan.unfunded_gap_meur, plan.deficit_meur), atol=0.01)
