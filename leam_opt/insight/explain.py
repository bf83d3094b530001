"""Why a plan is as it is: what each of its rules costs; or why there is none, and what would mend that."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from leam_opt.case.schema import Case
from leam_opt.errors import InfeasibleError
from leam_opt.insight.prices import RulePrices, prices
from leam_opt.insight.repairs import Repairs, repairs
from leam_opt.solve.progress import Progress
from leam_opt.solve.run import solve
from leam_opt.solve.search import PROVEN_GAP


@dataclass(frozen=True)
class Explanation:
    """What explains a scenario: one of the two.

    Attributes:
        conflict: rules that cannot hold together, and ranked repairs, where there is no plan.
        prices: what each rule costs, where there is one.
    """

    conflict: Repairs | None = None
    prices: RulePrices | None = None

    @property
    def is_feasible(self) -> bool:
        """Whether there is a plan."""
        return self.conflict is None

    def to_dict(self) -> dict[str, Any]:
        """For JSON: `conflict` or `prices`, the other one is None."""
        return {
            "conflict": self.conflict.to_dict() if self.conflict else None,
            "prices": self.prices.to_dict() if self.prices else None,
        }


def explain(
    case: Case,
    *,
    scenario: str | None = None,
    mip_gap: float = PROVEN_GAP,
    time_limit: float | None = None,
    progress: Callable[[Progress], None] | None = None,
    workers: int | None = 1,
) -> Explanation:
    """Explains a scenario.

    Args:
        case: the case.
        scenario: name of one of its scenarios; None explains the case itself.
        mip_gap: gap that each solve proves, relative to gross cost.
        time_limit: seconds of each solve.
        progress: called now and then.
        workers: processes that solve side by side; None takes all cores.

    Raises:
        CaseError: unknown scenario.
        SolveError: stopped before a first plan was found.
    """
    try:
        plan = solve(case, scenario=scenario, mip_gap=mip_gap, time_limit=time_limit, progress=progress)
    except InfeasibleError as error:
        return Explanation(
            conflict=repairs(
                case, scenario, mip_gap=mip_gap, time_limit=time_limit, progress=progress, conflict=error.found
            )
        )
    return Explanation(prices=prices(plan, mip_gap=mip_gap, time_limit=time_limit, progress=progress, workers=workers))
