"""What a decision pack shows, before it has a form or a language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from leam_opt.case.schema import Case
from leam_opt.report.compare import Comparison
from leam_opt.solve.plan import Plan

Data = Mapping[str, Any]
"""Plain data, as for JSON."""


@dataclass(frozen=True)
class Pack:
    """Everything that a decision pack shows; all figures are those of audited plans.

    Attributes:
        case: the case, without a scenario.
        comparison: plans of one or several scenarios, ranked.
        made: when the plans were made.
        tornado: how far each range moves the deficit of the best scenario's plan (`study.answers`, key `tornado`).
        distribution: figures of plans that are held under figures drawn from the case's ranges: `points`, `seed`, and
            by scenario `deficit_meur` (a list of values), `unmet_share`.
        conflict: rules that cannot hold together, and repairs (`insight.repairs`), where a scenario has no plan.
        prices: what rules cost (`insight.prices`).
        alternatives: near-optimal plans (`insight.alternatives`).
        pareto: trade-offs (`insight.pareto`).
        reconciliation: rows and findings against the paper that the case is made after (`ledger.reconcile`).
        study: name, title, design, `answers` and columns of a study, where the pack is made of one.
        manifest: command, versions, seeds, options, durations: what it takes to make the pack again.
    """

    case: Case
    comparison: Comparison
    made: datetime
    tornado: Data | None = None
    distribution: Data | None = None
    conflict: Data | None = None
    prices: Data | None = None
    alternatives: Data | None = None
    pareto: Data | None = None
    reconciliation: Data | None = None
    study: Data | None = None
    manifest: Data = field(default_factory=dict)

    @property
    def best(self) -> Plan:
        """The plan of the best scenario."""
        return self.comparison.best

    @property
    def plans(self) -> Mapping[str, Plan]:
        """Plans by scenario, best first."""
        return {name: self.comparison.plans[name] for name in self.comparison.ranking}
