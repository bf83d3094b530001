"""A small case with much to choose from: two sites and two types that cost about the same, two grants, two sources."""

from __future__ import annotations

from typing import Any

from leam_opt.case.schema import Case
from tests.builders import merge
from tests.maths.helpers import bare_case

_SITE = {"modules_max": 1, "module": 0.2, "building_life_years": 20, "grid_limit": 0.24}

_CHOICES: dict[str, Any] = {
    "name": "choices",
    "server_types": {
        "alpha": {"life_years": 2, "unit_price": {2025: 10, 2026: 9}},
        "beta": {
            "title": "Beta",
            "gpus_per_server": 10,
            "power": 10,
            "performance": 2,
            "life_years": 2,
            "on_sale_from": 2026,
            "unit_price": 18.5,
        },
    },
    "sites": {
        "north": {**_SITE, "building_cost": 10000, "fixed_cost": 0.3, "heat_reuse_max": 0.5, "heat_price": 20},
        "south": {**_SITE, "title": "South", "building_cost": 9000, "opening_cost": 0.4, "fixed_cost": 0.2, "pue": 1.1},
    },
    "mission": {"models_per_year_min": 1, "models_per_year_max": 2, "public_compute_min": {2025: 1, 2026: 3}},
    "generations": {"m1": {"models_min": 3}},
    "pools": {"tuning": {"share_max": 0}, "inference": {"share_max": 0}},
    "energy_sources": {
        "green": {"price": 0.2},
        "mix": {"title": "Mix", "price": 0.15, "renewable_share": 0.5, "co2": 400, "share_max": 0.5},
    },
    "funding": {
        "use": ["grant", "other"],
        "instruments": {
            "grant": {"cap_total": 40},
            "other": {"kind": "grant", "title": "Other", "cap_total": 25, "intensity": 0.6},
        },
    },
}


def choices(**overrides: Any) -> Case:
    """The case with overrides."""
    return bare_case(**merge(_CHOICES, overrides))
