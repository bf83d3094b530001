"""Cases on which the solver's presolve once went wrong, and what a plan's reading does with ties at the horizon."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from leam_opt.solve.extract import _redeem_first
from tests.maths.helpers import bare_case, best

CASE: dict[str, Any] = {
    "adoption": {
        "high": {
            "core": {2025: 0.5, 2026: 0.6, 2027: 0.8, 2028: 1.0},
            "inference": {2025: 11.2, 2026: 7.0, 2027: 7.1, 2028: 11.3},
            "private_share_min": 0.3,
            "title": "H",
            "tuning": {2025: 0.6, 2026: 0.3, 2027: 0.5, 2028: 0.8},
        },
        "low": {
            "core": {2025: 0.3, 2026: 0.4, 2027: 0.3, 2028: 0.0},
            "inference": {2025: 2.4, 2026: 4.1, 2027: 3.4, 2028: 4.8},
            "tuning": {2025: 0.5, 2026: 0.2, 2027: 0.5, 2028: 0.3},
        },
    },
    "energy_sources": {"green": {"price": 0}},
    "funding": {
        "funds": {},
        "gearing_max_service": 0.4,
        "guarantees": {},
        "instruments": {
            "grant": {
                "arrangement_fee": 0.02,
                "basis": "capex",
                "cap_per_year": {2025: 1.6, 2026: 1.7, 2027: 10.4, 2028: 13.1},
                "cap_total": 11.1,
                "intensity": 0.5,
                "kind": "grant",
                "title": "g",
            },
            "second": {"basis": "all", "cap_total": 8.2, "intensity": 1, "kind": "grant", "title": "g2"},
        },
        "use": ["grant", "second"],
    },
    "horizon_years": 4,
    "infrastructure_entity": "service",
    "mission": {"public_compute_min": {2025: 1.0, 2026: 0.0, 2027: 0.8, 2028: 0.6}},
    "objective": {"name": "deficit", "residual_value": True},
    "operations": {"internet": 0.4, "licences": 0.2},
    "pools": {"core": {"entity": "service"}, "inference": {"entity": "research"}, "tuning": {"entity": "research"}},
    "prices": {
        "cluster_hour": 12000,
        "infrastructure_fee": 1000,
        "infrastructure_fee_basis": "market",
        "tokens": 0.001,
    },
    "rules": {
        "grant_income": {"enabled": False, "share_min": 0.5},
        "public_use": {"enabled": True, "share_min": 0.5},
        "timely_use": {"enabled": True, "free_reserve_share": 0.1, "replacement_reserve": False, "years": 2},
    },
    "server_types": {"alpha": {"life_years": 3, "unit_price": {2025: 8.4, 2026: 8.3, 2027: 8.0, 2028: 4.0}}},
    "sites": {
        "north": {
            "building_cost": 3000,
            "fixed_cost": 0.3,
            "heat_price": 40,
            "heat_reuse_max": 0.3,
            "module": 0.2,
            "modules_max": 1,
            "opening_cost": 0,
        }
    },
    "staff": {"operations": 5},
    "taxation": {"corporate_tax": 0.3},
    "upkeep": {"m": {"basis": "all", "share_per_year": 0}},
}


def test_the_last_solution_holds_where_presolve_calls_it_infeasible() -> None:
    """Limits a billionth above the optimum: breaks when the last programme is not tried again without presolve."""
    assert best(bare_case(**CASE)).audit.passed


def test_the_last_year_redeems_before_it_pays_dividends() -> None:
    """Of 4 + 7 due at the horizon on 10 put in, 10 are redemption; breaks when the solver splits the last year."""
    arrays = {
        "draws_meur": np.array([[10.0, 0.0], [5.0, 0.0], [0.0, 0.0]]),
        "dividends_meur": np.array([[1.0, 7.0], [0.0, 2.0], [0.0, 0.0]]),
        "redemption_meur": np.array([4.0, 1.0, 0.0]),
    }
    _redeem_first(arrays)
    assert arrays["dividends_meur"] == pytest.approx(np.array([[1.0, 1.0], [0.0, 0.0], [0.0, 0.0]]))
    assert arrays["redemption_meur"] == pytest.approx(np.array([10.0, 3.0, 0.0]))


def test_private_money_beside_a_gap_is_told() -> None:
    """A unit of 10 M EUR, grants of 6 and a sponsor of 1: 3 are missing, and the sponsor's money waits for them."""
    sponsor = {"kind": "sponsor", "title": "Sponsor", "cap_total": 1}
    case = bare_case(
        mission={"public_compute_min": 1},
        funding={"use": ["grant", "sponsor"], "instruments": {"grant": {"cap_total": 6}, "sponsor": sponsor}},
    )
    plan = best(case)
    assert plan.unfunded_gap_meur == pytest.approx(3, abs=1e-5)
    assert any("no financial close" in finding for finding in plan.to_dict()["findings"])
