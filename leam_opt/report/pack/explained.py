"""What a pack explains by solving more: prices of rules, alternatives, a trade-off; side by side on several cores."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from leam_opt.case.schema import Case
from leam_opt.errors import LeamError
from leam_opt.processes import side_by_side
from leam_opt.solve.plan import Plan
from leam_opt.solve.progress import Progress

Callback = Callable[[Progress], None]

TRADE_OFF = ("deficit", "public_compute")
"""Objectives of the trade-off."""
_SECONDS = 240.0
"""For the alternatives, and again for the trade-off, where no limit is given; what they say tells where they ended."""
_GAP = 1e-3
"""Their proofs need no more: alternatives may cost twenty times as much. Prices take the gap that is asked for."""


@dataclass(frozen=True)
class _Task:
    """One explanation of the best scenario.

    Attributes:
        name: `prices`, `alternatives` or `pareto`.
        case, scenario, plan: of which case, which scenario, and its plan.
        mip_gap, time_limit: as for `solve`.
        progress: as for `solve`; None where another process does it.
    """

    name: str
    case: Case
    scenario: str
    plan: Plan
    mip_gap: float
    time_limit: float | None
    progress: Callback | None


@dataclass(frozen=True)
class Explained:
    """An explanation, or why there is none; and how long it took."""

    name: str
    data: dict[str, Any] | None
    left_out: str
    seconds: float


def explanations(
    case: Case,
    scenario: str,
    plan: Plan,
    *,
    mip_gap: float,
    time_limit: float | None,
    progress: Callback | None,
    workers: int | None,
) -> list[Explained]:
    """Prices of rules, alternatives and a trade-off of a scenario.

    Args:
        case: without the scenario.
        scenario: its name.
        plan: its plan.
        mip_gap: as for `solve`.
        time_limit: as for `solve`; of each solve for prices, of all searches together for the others.
        progress: as for `solve`.
        workers: processes; None takes all cores.
    """
    inside = progress if workers == 1 else None
    loose, limit = max(mip_gap, _GAP), _SECONDS if time_limit is None else time_limit
    tasks = [
        _Task("alternatives", case, scenario, plan, loose, limit, inside),
        _Task("prices", case, scenario, plan, mip_gap, time_limit, inside),
        _Task("pareto", case, scenario, plan, loose, limit, inside),
    ]
    found = []
    if progress is not None and inside is None:
        progress(Progress("prices of rules, alternatives, trade-off", None, None, None, 0.0))
    for _, explained in side_by_side(_explained, tasks, workers):
        found.append(explained)
    return found


def _explained(task: _Task) -> Explained:
    began = time.perf_counter()
    data, why = None, ""
    try:
        data = _DO[task.name](task)
    except LeamError as error:
        why = str(error).splitlines()[0]
    return Explained(task.name, data, why, time.perf_counter() - began)


def _prices(task: _Task) -> dict[str, Any]:
    from leam_opt.insight.prices import prices

    found = prices(task.plan, mip_gap=task.mip_gap, time_limit=task.time_limit, progress=task.progress, workers=1)
    return {**found.to_dict(), "scenario": task.scenario}


def _alternatives(task: _Task) -> dict[str, Any]:
    from leam_opt.insight.alternatives import alternatives

    found = alternatives(
        task.case, task.scenario, mip_gap=task.mip_gap, time_limit=task.time_limit, progress=task.progress
    )
    return found.to_dict()


def _pareto(task: _Task) -> dict[str, Any]:
    from leam_opt.insight.pareto import pareto

    found = pareto(
        task.case, TRADE_OFF, task.scenario, mip_gap=task.mip_gap, time_limit=task.time_limit, progress=task.progress
    )
    return found.to_dict()


_DO: dict[str, Callable[[_Task], dict[str, Any]]] = {
    "prices": _prices,
    "alternatives": _alternatives,
    "pareto": _pareto,
}
