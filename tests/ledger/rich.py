"""The small case with every kind of instrument, taxes and a discount rate, and random plans for it."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from leam_opt.case.index import Index
from leam_opt.case.schema import Case
from leam_opt.ledger.decisions import Decisions
from leam_opt.ledger.structure import Structure
from tests.builders import small_case

RICH: dict[str, Any] = {
    "use": ["grant", "union", "sponsor", "loan", "mezz", "state-loan", "equity", "access", "first", "second", "cover"],
    "instruments": {
        "union": {"kind": "grant", "title": "U", "payer": "union", "cap_total": 99, "intensity": 0.5},
        "mezz": {
            "kind": "loan",
            "title": "M",
            "provider": "private",
            "entity": "service",
            "cap_total": 9,
            "rate": 0.08,
            "rate_bands": [{"up_to": 5, "rate": 0.08}, {"rate": 0.1}],
            "tenor_years": 2,
            "last_year": 2026,
            "arrangement_fee": 0.02,
            "construction_years": 0.5,
            "seniority": "mezzanine",
        },
        "state-loan": {
            "kind": "loan",
            "title": "S",
            "provider": "public",
            "entity": "research",
            "cap_total": 9,
            "rate": 0.02,
            "tenor_years": 1,
            "arrangement_fee": 0.01,
        },
        "access": {
            "kind": "access",
            "title": "A",
            "payer": "union",
            "entity": "research",
            "cap_total": 9,
            "price": 2,
            "arrangement_fee": 0.01,
        },
        "first": {
            "kind": "tranche",
            "title": "1",
            "provider": "public",
            "payer": "state",
            "cap_total": 9,
            "share": 0.25,
            "return_rate": 0.01,
            "loss_max": 1,
        },
        "second": {
            "kind": "tranche",
            "title": "2",
            "provider": "private",
            "cap_total": 9,
            "share": 0.75,
            "return_rate": 0.06,
        },
    },
    "guarantees": {
        "cover": {
            "title": "C",
            "payer": "federation",
            "loans": ["loan", "mezz"],
            "share_max": 0.8,
            "cap_total": 9,
            "fee": 0.01,
            "rate_reduction": 0.005,
            "call_probability": 0.1,
        }
    },
    "funds": {"fund": {"title": "F", "tranches": ["first", "second"]}},
}


@cache
def rich_case(residual: bool = False) -> Case:
    """The small case with every kind of instrument, taxes and a discount rate."""
    return small_case(
        funding=RICH,
        taxation={"corporate_tax": 0.3, "vat": 0.19, "vat_irrecoverable_research": 0.9},
        discounting={"real_rate": 0.03, "inflation": 0.02},
        objective={"residual_value": residual},
    )


def rich_plan(seed: int, residual: bool = False) -> Decisions:
    """Any non-negative numbers, feasible or not; the draws of loans are those of their bands."""
    index = Index.of(rich_case(residual))
    random = np.random.default_rng(seed)
    shapes = Decisions.shapes(index)
    plan = Decisions(
        **{name: random.uniform(0, 9, shape) * random.integers(0, 2, shape) for name, shape in shapes.items()}
    )
    loans = Structure.of(rich_case(residual)).loans
    plan.draws_meur[loans] = plan.band_draws_meur[loans].sum(axis=1)
    return plan
