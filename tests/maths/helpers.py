"""A bare case whose optimum is nothing, and one-line expectations of the plans of its variants.

Everything that costs or binds is switched off in the bare case; a test switches on the few things that it is about, so
that its optimum is a sum on one line. One unit of `alpha` costs 10 M EUR, delivers 1 million GPU-hours a year, has a
nameplate of 0.1 MW and draws 0.5 GWh a year; one model of `m1` takes 1 million GPU-hours; a GPU-hour sells at 2 EUR.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from leam_opt.case.index import Index
from leam_opt.case.schema import Case
from leam_opt.ledger.decisions import AXES
from leam_opt.solve.plan import Plan
from leam_opt.solve.run import solve
from tests.builders import merge

USED_HOURS = 5000 / 8760
"""A machine runs 5,000 hours a year."""
TIGHT = 1e-7
"""Gap, relative to gross cost, that leaves a hand-solved case no room: a few euros."""

_POOL = {"entity": "research", "share_min": 0, "share_max": 1, "private_share_max": 1}

_BARE: dict[str, Any] = {
    "name": "bare",
    "title": "Bare case",
    "start_year": 2025,
    "horizon_years": 2,
    "purchase_unit": {"servers": 20, "racks": 5},
    "server_types": {
        "alpha": {
            "title": "Alpha",
            "gpus_per_server": 10,
            "power": 5,
            "performance": 1,
            "life_years": 5,
            "on_sale_from": 2020,
            "unit_price": 10,
        },
    },
    "infrastructure_entity": "research",
    "sites": {
        "north": {
            "title": "North",
            "building_cost": 0,
            "module": 0.5,
            "modules_max": 4,
            "building_life_years": 20,
            "pue": 1,
            "grid_limit": 2,
        },
    },
    "compute": {
        "reference_gpu": 1000,
        "model_flop_utilisation": 0.5,
        "commercial_utilisation": USED_HOURS,
        "goodput": 1,
        "power_utilisation": USED_HOURS,
        "inference_throughput": 365e9 / 3600 / 1e5,
    },
    "pools": {"core": _POOL, "tuning": _POOL, "inference": _POOL},
    "generations": {
        "m1": {"title": "M1", "training_flop": 0.9, "first_year": 2025, "last_year": 2026, "models_min": 0}
    },
    "mission": {"models_per_year_min": 0, "models_per_year_max": 3, "funnel_factor": 2, "public_compute_min": 0},
    "staff": {"salary": 100000, "operations": 0, "per_core_model": 0},
    "operations": {"internet": 0, "licences": 0},
    "cpu": {
        "cores": 0,
        "rent": 0,
        "cores_per_server": 50,
        "servers_per_unit": 10,
        "server_price": 10000,
        "server_power": 1,
        "life_years": 2,
    },
    "energy_sources": {"green": {"title": "Green", "price": 0, "renewable_share": 1, "co2": 0}},
    "adoption": {"low": {"title": "Low", "private_share_min": 0, "core": 0, "tuning": 0, "inference": 0}},
    "prices": {"cluster_hour": 2000, "cluster_gpus": 1000, "tokens": 0.001, "infrastructure_fee": 0},
    "rules": {
        "public_use": {"enabled": False, "share_min": 0.9},
        "ancillary_use": {"enabled": False, "share_max": 0.2},
        "grant_income": {"enabled": False, "share_min": 0.5},
        "renewable_share_min": 0,
        "pue_max": 2,
    },
    "funding": {
        "use": ["grant"],
        "instruments": {"grant": {"kind": "grant", "title": "Grant", "cap_total": 1000, "intensity": 1}},
    },
}


def bare_data(**overrides: Any) -> dict[str, Any]:
    """The bare case with overrides, as a case file would say it; `DROP` takes a key out."""
    return merge(_BARE, overrides)


def bare_case(**overrides: Any) -> Case:
    """The bare case with overrides: sections merge, figures and lists replace."""
    return Case.model_validate(bare_data(**overrides))


def best(case: Case, **options: Any) -> Plan:
    """The optimal plan, proven to a few euros and audited by the ledger."""
    plan = solve(case, **{"mip_gap": TIGHT, **options})
    assert plan.result.status == "optimal"
    return plan


def expect(plan: Plan, **figures: Any) -> None:
    """Compares figures of a plan with literals.

    A number is that of the ledger's totals (`deficit_meur=10`), or of a line of its accounts as `line_<name>`; a
    mapping has all entries of a decision that are not zero, by labels: `units_bought={("north", "alpha", 2025): 2}`.
    """
    for name, expected in figures.items():
        if isinstance(expected, Mapping):
            found = chosen(plan, name)
            wanted = {_key(key): value for key, value in expected.items()}
            if found != pytest.approx(wanted, abs=2e-6):
                pytest.fail(f"{name} is {found}, expected {wanted}")
        else:
            value = _figure(plan, name)
            if value != pytest.approx(expected, abs=2e-6):
                pytest.fail(f"{name} is {value:.9g}, expected {expected:.9g}")


def _figure(plan: Plan, name: str) -> float:
    if name.startswith("line_"):
        return float(plan.accounts.books.line_totals[name.removeprefix("line_")])
    return plan.accounts.totals[name]


def chosen(plan: Plan, field: str) -> dict[tuple[object, ...], float]:
    """The entries of a decision that are not zero, by labels in the order of its axes."""
    index = Index.of(plan.case)
    names = index.labels
    values = getattr(plan.decisions, field)
    places = zip(*np.nonzero(np.abs(values) > 1e-6), strict=True)
    return {
        tuple(names[axis][i] for axis, i in zip(AXES[field], place, strict=True)): float(values[place])
        for place in places
    }


def _key(key: object) -> tuple[object, ...]:
    return key if isinstance(key, tuple) else (key,)
