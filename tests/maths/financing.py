"""Cases about financing: one company owns, runs and sells one unit of 10 M EUR, of which half serves the public."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from leam_opt.case.schema import Case
from tests.builders import merge
from tests.maths.helpers import bare_case

PRICE_EUR = 40
"""Of a GPU-hour: half a unit sells at most 20 M EUR a year."""
SUPPORT = {"kind": "sponsor", "provider": "public", "entity": "service", "title": "Support", "cap_total": 1000}
"""Public money that the service company need not pay back."""
LOAN = {"kind": "loan", "provider": "private", "title": "Loan", "cap_total": 1000, "rate": 0.1, "tenor_years": 2}
EQUITY = {"kind": "equity", "title": "Equity", "cap_total": 1000, "hurdle_rate": 0.1}
TRANCHE = {"kind": "tranche", "provider": "private", "title": "Tranche", "cap_total": 1000, "return_rate": 0}


def one_unit(
    instruments: dict[str, Any],
    *,
    entity: str = "service",
    revenue_meur: float | Mapping[int, float] = 0.0,
    funding: dict[str, Any] | None = None,
    **overrides: Any,
) -> Case:
    """A unit of 10 with a mission of 0.5 that one company pays with all the instruments given.

    Args:
        instruments: terms by name; loans are those of the company.
        entity: the company that owns and runs everything.
        revenue_meur: sales of a year, in all years or by year.
        funding: other entries of the section, with guarantees that are all in use.
        overrides: of any section.
    """
    pool = {"entity": entity}
    terms = {name: {"entity": entity, **t} if t.get("kind") == "loan" else t for name, t in instruments.items()}
    more = funding or {}
    by_year = revenue_meur if isinstance(revenue_meur, Mapping) else {2025: revenue_meur}
    base = {
        "infrastructure_entity": entity,
        "pools": {"core": pool, "tuning": pool, "inference": pool},
        "mission": {"public_compute_min": 0.5},
        "adoption": {"low": {"core": {year: sales / PRICE_EUR for year, sales in by_year.items()}}},
        "prices": {"cluster_hour": PRICE_EUR * 1000},
        "funding": {"use": [*instruments, *more.get("guarantees", {})], "instruments": terms, **more},
    }
    return bare_case(**merge(base, overrides))
