"""An audited plan: decisions, accounts, audit, and how far it is proven."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from leam_opt.case.schema import Case
from leam_opt.ledger.accounts import Accounts
from leam_opt.ledger.audit import Audit
from leam_opt.ledger.decisions import Decisions

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class StageResult:
    """One stage of the lexicographic order: value reached and bound proven, in `unit`."""

    name: str
    title: str
    unit: str
    primal: float
    dual: float
    seconds: float
    nodes: int


@dataclass(frozen=True)
class SolveResult:
    """Status, quality and provenance of a solve.

    Attributes:
        status: `optimal` (proven to 0.01 % of gross cost), `gap_reached` (proven to the wider gap asked for),
            `time_limit` or `interrupted` (best plan found until then).
        mip_gap: largest proven gap of the stages, relative to gross cost.
        primal_bound_meur, dual_bound_meur: deficit of the plan, and its proven bound under the stages before.
        seconds, highs_seconds: of the whole solve without loading the case, and inside HiGHS.
        solver, solver_version, seed, input_hash: what it takes to repeat the solve.
        stages: the lexicographic order.
        log: what HiGHS printed.
    """

    status: str
    mip_gap: float
    primal_bound_meur: float
    dual_bound_meur: float
    seconds: float
    highs_seconds: float
    solver: str
    solver_version: str
    seed: int
    input_hash: str
    stages: tuple[StageResult, ...]
    log: str


@dataclass(frozen=True)
class Plan:
    """The plan of one scenario; it exists only where the ledger has confirmed it.

    Attributes:
        case: the resolved case that it plans.
        scenario: its name, empty for the case itself.
        decisions: what is decided, as arrays.
        accounts: yearly accounts of the ledger as DataFrames.
        audit: the ledger's audit.
        result: status, bounds and provenance of the solve.
        whole: the whole numbers of the solution by the name of their column, without those that are zero: what a study
            holds.
    """

    case: Case
    scenario: str
    decisions: Decisions
    accounts: Accounts
    audit: Audit
    result: SolveResult
    whole: Mapping[str, int] = field(default_factory=dict)

    @property
    def deficit_meur(self) -> float:
        """Deficit over the horizon, M EUR."""
        return self.accounts.totals["deficit_meur"]

    @property
    def unfunded_gap_meur(self) -> float:
        """Money that no instrument provides, M EUR."""
        return self.accounts.totals["unfunded_gap_meur"]

    @property
    def public_money_meur(self) -> float:
        """Draws of public instruments, M EUR."""
        return self.accounts.totals["public_money_meur"]

    @property
    def summary(self) -> pd.Series[Any]:
        """Key figures by name; the names carry the units."""
        import pandas as pd

        figures = {"status": self.result.status, "mip_gap": self.result.mip_gap, **self.accounts.totals}
        return pd.Series(figures, name=self.scenario or self.case.name)

    def to_dict(self) -> dict[str, Any]:
        """Everything that reports and other programs need, ready for JSON."""
        from leam_opt.solve.summary import plan_dict

        return plan_dict(self)
