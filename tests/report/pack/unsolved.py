"""Packs of plans that nobody solved: any decisions with the ledger's accounts of them, in hundredths of a second."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from leam_opt.case.schema import Case
from leam_opt.ledger.accounts import evaluate
from leam_opt.ledger.audit import Audit
from leam_opt.ledger.decisions import Decisions
from leam_opt.report.compare import Comparison
from leam_opt.report.pack.content import Pack
from leam_opt.solve.plan import Plan, SolveResult

RESULT = SolveResult("optimal", 0.0, 1.0, 1.0, 0.1, 0.1, "none", "0", 0, "hash", (), "")
FOUND: Mapping[str, Any] = {
    "conflict": {
        "scenario": "stuck",
        "rules": [
            {
                "rule": "public_use",
                "says": "public use of at least 90 %",
                "path": "rules.public_use.share_min",
                "kind": "",
                "value": 0.9,
                "unit": "share",
                "names": {},
                "years": [2025],
                "places": [],
                "text": "public use of at least 90 % in 2025",
            }
        ],
        "repairs": [],
        "complete": True,
    },
    "tornado": {
        "tables": [
            {
                "scenario": "base",
                "output": "deficit_meur",
                "bars": [
                    {"factor": "prices.tokens", "low": 1.0, "high": None, "swing": 2.5, "misses_rules": {"low": "why"}}
                ],
            }
        ]
    },
    "distribution": {
        "points": 3,
        "scenarios": {
            "base": {
                "deficit_meur": [1.0, 2.0, 4.0],
                "unmet_share": 0.25,
                **{
                    f"{name}_meur": 2.0 for name in ("planned", "mean", "min", "max", "p05", "p25", "p50", "p75", "p95")
                },
            }
        },
    },
    "reconciliation": {
        "rows": [
            {
                "id": "B1",
                "annex": "B",
                "item": "=cmd|' /C calc'!A0",
                "unit": "cores",
                **dict.fromkeys(
                    ("paper_low", "paper_high", "exact_low", "exact_high", "rounded_low", "rounded_high"), 10000.0
                ),
                "verdict": "equal",
                "note": "@SUM(1+1)",
            }
        ],
        "findings": [{"title": "+1", "text": "-1", "figures": {}}],
    },
    "manifest": {"command": "leam-opt report", "seeds": {"solver": 0}, "source": "https://example.org"},
}
"""Findings in their contract, with texts that a spreadsheet could take for formulas."""


def plan_of(case: Case, scenario: str, decisions: Decisions) -> Plan:
    """A plan as a solve would return it."""
    return Plan(case, scenario, decisions, evaluate(case, decisions), Audit(0.0, 0, ()), RESULT)


def pack_of(case: Case, plans: Mapping[str, tuple[Case, Decisions]], **parts: Any) -> Pack:
    """A pack of plans by scenario, the best first."""
    made = {name: plan_of(resolved, name, decisions) for name, (resolved, decisions) in plans.items()}
    comparison = Comparison(case, made, list(made), True, "", [("deficit of a", 1.0), ("servers", -0.5)])
    return Pack(case, comparison, datetime(2026, 11, 22, 12, 30, tzinfo=UTC), **parts)
