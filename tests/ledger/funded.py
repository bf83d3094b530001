"""Cases and plans with every way of financing, for tests of the ledger."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from leam_opt.case.index import CLASSES, Index
from leam_opt.case.schema import Case
from leam_opt.ledger.audit import audit
from leam_opt.ledger.decisions import Decisions
from leam_opt.ledger.inputs import Inputs
from leam_opt.ledger.rows import Row
from tests.builders import merge, small_case

PRIVATE = CLASSES.index("private")

BARE: dict[str, Any] = {
    "upkeep": {"maintenance": {"enabled": False}, "insurance": {"enabled": False}},
    "staff": {"operations": 0},
    "operations": {"internet": 0, "licences": 0},
    "cpu": {"cores": 0},
    "prices": {"tokens": 1 / 365},
    "funding": {"cash_reserve_research": 0, "cash_reserve_service": 0},
}
"""Nothing costs anything but what is bought (a unit of alpha 10 M EUR); 1 bn tokens a day earn 1 M EUR a year."""


def bare_case(instruments: Mapping[str, Any], use: Iterable[str] = (), **overrides: Any) -> Case:
    """The bare case with the instruments given, all in use; `use` adds guarantees and instruments of the small case."""
    funding = {"instruments": dict(instruments), "use": [*instruments, *use]}
    return small_case(**merge(merge(BARE, {"funding": funding}), overrides))


def loan(**terms: Any) -> dict[str, Any]:
    """A loan to the service company over two years at 10 %."""
    usual = {"title": "Loan", "provider": "private", "entity": "service", "cap_total": 100, "rate": 0.1}
    return {"kind": "loan", **usual, "tenor_years": 2, "repayment": "linear", **terms}


def bare_plan(case: Case, revenue: Iterable[float] = (), **draws: Iterable[float]) -> Decisions:
    """A plan that only draws money and sells tokens; loans are drawn in their first band."""
    index = Index.of(case)
    plan = Decisions.zeros(index)
    for year, earned in enumerate(revenue):
        plan.tokens_bn_per_day[PRIVATE, year] = earned
    for name, drawn in draws.items():
        number = index.instruments.index(name)
        plan.instrument_used[number] = 1
        plan.draws_meur[number] = list(drawn)
        if case.funding.instruments[name].kind == "loan":
            plan.band_draws_meur[number, 0] = list(drawn)
    return plan


def broken(case: Case | Inputs, plan: Decisions, *families: str) -> list[tuple[str, str]]:
    """What is broken in some families of rows, and where."""
    found: list[Row] = [row for row in audit(case, plan, {}).violations if row.family in families]
    return [(row.what, row.where) for row in found]


def rich_case(owner: str = "research", **overrides: Any) -> Case:
    """The small case with every kind of instrument, guarantee, fund, tax and price.

    Args:
        owner: the company that owns the infrastructure.
        overrides: as of `small_case`.
    """
    instruments = {
        "servers": {"kind": "grant", "title": "Grant", "cap_total": 50, "intensity": 0.2, "basis": "computing_capex"},
        "access": {"kind": "access", "title": "Access", "entity": owner, "cap_total": 20, "price": 2, "intensity": 0.2},
        "bank": loan(
            rate_bands=[{"up_to": 20, "rate": 0.1}, {"up_to": 50, "rate": 0.12}, {"rate": 0.15}],
            construction_years=0.5,
            reserve_months=6,
            lockup_dscr=1.4,
            dscr_min=1.2,
            guaranteed_share_min=0.1,
        ),
        "junior": loan(
            seniority="mezzanine", tenor_years=3, grace_years=1, rate=0.2, repayment="annuity", dscr_min=1.1
        ),
        "promoted": loan(entity="research", provider="public", rate=0.02, tenor_years=1, repayment="bullet"),
        "first": {
            "kind": "tranche",
            "title": "First loss",
            "provider": "public",
            "cap_total": 40,
            "share": 0.2,
            "return_rate": 0.05,
            "loss_max": 1,
        },
        "top": {
            "kind": "tranche",
            "title": "Senior",
            "provider": "private",
            "cap_total": 80,
            "share": 0.8,
            "return_rate": 0.1,
            "loss_max": 0.25,
        },
    }
    guarantees = {
        "state": {
            "title": "State",
            "payer": "state",
            "loans": ["bank", "promoted"],
            "share_max": 0.5,
            "cap_total": 20,
            "fee": 0.01,
            "rate_reduction": 0.02,
        }
    }
    funding = {
        "use": ["grant", "sponsor", "equity", *instruments, "state"],
        "instruments": instruments,
        "guarantees": guarantees,
        "funds": {"fund": {"title": "Fund", "tranches": ["first", "top"]}},
        "budget_lines": {"budget": {"title": "Budget", "instruments": ["grant", "servers"], "cap_per_year": 100}},
        "matching": {"states": {"instruments": ["grant"], "matched": ["servers"], "ratio": 0.5}},
        "alternatives": {"union": ["servers", "access"]},
        "gearing_max_service": 0.7,
    }
    base = {
        "infrastructure_entity": owner,
        "funding": funding,
        "taxation": {
            "corporate_tax": 0.3,
            "vat": 0.2,
            "vat_irrecoverable_research": 0.5,
            "vat_irrecoverable_service": 0.25,
        },
        "prices": {
            "token_levels": [{"price": 0.001, "demand": 1}, {"price": 0.002, "demand": 0.5}],
            "cluster_hour_levels": [{"price": 2000, "demand": 1}, {"price": 3000, "demand": 0.6}],
        },
    }
    return small_case(**merge(base, overrides))


def random_plan(index: Index, seed: int, *variants: int) -> Decisions:
    """Any non-negative numbers, feasible or not."""
    random = np.random.default_rng(seed)
    return Decisions(
        **{name: random.uniform(0, 9, variants + shape) for name, shape in Decisions.shapes(index).items()}
    )
