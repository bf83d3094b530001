"""The small case with a section on value for money, and with ranges."""

from __future__ import annotations

from functools import cache
from typing import Any

from leam_opt.case.schema import Case
from tests.builders import merge, small_case

SECTION: dict[str, Any] = {
    "comparator": "public",
    "partnership": "ppp",
    "competitive_neutrality": 0.05,
    "ancillary_cost": 2,
    "samples": 200,
    "seed": 7,
    "transferred": {"capex": 0.5, "opex": 0.2, "revenue": 0.8},
    "risks": {
        "overrun": {"title": "Overrun", "basis": "capex", "overrun": 0.1, "transferred": 0.7},
        "demand": {"title": "Demand", "basis": "revenue", "overrun": 0.2, "transferred": 0.5},
    },
}
RANGES: dict[str, Any] = {
    "server_types": {
        "alpha": {"unit_price": {"low": 9, "base": 10, "high": 13}},
        "beta": {"unit_price": {2026: {"low": 14, "base": 16, "high": 20}, 2027: {"low": 12, "base": 15, "high": 17}}},
    },
    "sites": {
        "north": {
            "building_cost": {"low": 9000, "base": 10000, "high": 14000},
            "pue": {"low": 1.1, "base": 1.2, "high": 1.3},
        }
    },
    "compute": {"goodput": {"low": 0.7, "base": 0.8, "high": 0.85}},
    "staff": {"salary": {"low": 90000, "base": 100000, "high": 120000}},
    "adoption": {"high": {"inference": {"low": 4, "base": 20, "high": 25}}},
    "prices": {"tokens": {"low": 0.0005, "base": 0.001, "high": 0.0012}},
}
"""Ranges in the order of the schema, in which they are found."""


def case_of(*overrides: dict[str, Any]) -> Case:
    """The small case with two scenarios, 10 % nominal discount rate, the section, and overrides on top."""
    data: dict[str, Any] = {
        "scenarios": {"public": {"title": "Public"}, "ppp": {"title": "PPP"}},
        "discounting": {"real_rate": 0.1},
        "value_for_money": SECTION,
    }
    for override in overrides:
        data = merge(data, override)
    return small_case(**data)


@cache
def risky() -> Case:
    return case_of(RANGES)
