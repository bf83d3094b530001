"""Packs of the tiny case for tests: solved once, in some tenths of a second."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from leam_opt.case.schema import Case
from leam_opt.report.compare import Comparison, compare
from leam_opt.report.export import json_text
from leam_opt.report.pack.content import Pack
from leam_opt.report.pack.futures import distribution, tornado
from tests.study.tiny import tiny_case

MADE = datetime(2026, 11, 22, 12, 30, tzinfo=UTC)
GAP = 1e-6
RANGES: dict[str, Any] = {
    "prices": {"tokens": {"low": 0.0005, "base": 0.001, "high": 0.002}},
    "energy_sources": {"green": {"price": {"low": 0.1, "base": 0.2, "high": 0.3, "source": "assumption: of a test"}}},
}
RULES: dict[str, Any] = {"public_use": {"enabled": True, "scope": "core", "share_min": 0.5}}


def ranged_case(**overrides: Any) -> Case:
    """The tiny case with two figures that have ranges, and a rule of public use."""
    return tiny_case(**{**RANGES, "rules": RULES, **overrides})


@cache
def compared_case() -> Comparison:
    """Both scenarios of the case with ranges, with the strict reading."""
    return compare(ranged_case(), mip_gap=GAP, strict=True)


@cache
def small_pack() -> Pack:
    """A pack with everything that takes no further solve; rule prices and the like are made up in their contract."""
    comparison = compared_case()
    best = comparison.ranking[0]
    return Pack(
        case=comparison.case,
        comparison=comparison,
        made=MADE,
        tornado=tornado(comparison.best, best),
        distribution=distribution(comparison.plans, comparison.case),
        prices={"scenario": best, "deficit_meur": 1.0, "unfunded_gap_meur": 0.0, "rules": [_PRICE]},
        alternatives={
            "scenario": best,
            "plans": [{"deficit_meur": 2.0, "features": ["a", "b"], "servers": 3}],
            "shared": [{"feature": "a", "proven": True}],
        },
        pareto={
            "scenario": best,
            "objectives": [{"name": name, "unit": unit} for name, unit in (("deficit", "M€"), ("public_compute", ""))],
            "points": [{"values": {"deficit": 1.0, "public_compute": 2.0}, "status": "optimal"}],
        },
        conflict={
            "scenario": "stuck",
            "rules": [{"rule": "power", "says": "power fits", "value": 1.0, "unit": "MW", "places": ["north"]}],
            "repairs": [
                {
                    "changes": [_CHANGE],
                    "overrides": {"sites.north.grid_limit": 3},
                    "deficit_meur": 4.0,
                    "unfunded_gap_meur": 1.5,
                    "public_money_meur": 2.5,
                }
            ],
            "others": [],
        },
        manifest={"command": "leam-opt report tiny", "seeds": {"solver": 0}, "left_out": {"study": "none"}},
    )


_PRICE = {
    "rule": "public_use",
    "says": "public use",
    "kind": "mission_compute.public_compute_min",
    "names": {},
    "path": "mission.public_compute_min",
    "unit": "MGPUh/a",
    "values": [{"value": 2.5, "years": []}],
    "twins": [],
    "change": "drop",
    "to": None,
    "to_values": [],
    "verdict": "saves",
    "measure": "deficit",
    "saves": 0.5,
    "saves_at_least": 0.5,
    "saves_at_most": 0.5,
    "saves_meur": 0.5,
    "uncertainty_meur": 0.0,
    "status": "optimal",
    "binding": True,
}


@cache
def result_text() -> str:
    """The JSON that `leam-opt compare --format json` prints."""
    return json_text(compared_case().to_dict())


def result_file(folder: Path) -> Path:
    """A file of it."""
    file = folder / "result.json"
    file.write_text(result_text(), encoding="utf-8")
    return file


_CHANGE = {
    "path": "sites.north.grid_limit",
    "rule": "site",
    "kind": "grid.grid_limit",
    "names": {"site": "North"},
    "years": [],
    "unit": "MW",
    "from": 2.0,
    "to": 3.0,
    "is_dropped": False,
}
