"""Optimal plans for an AI supercomputing centre: which machines, where, for whom, and who pays.

    import leam_opt as lo

    case = lo.load_case("leam-2022")
    plan = lo.solve(case, scenario="ppp")
    plan.accounts                                           # yearly accounts as DataFrames
    lo.compare(case).reason                                 # which financing is best, and why
    lo.breakeven(case, solve_for="prices.tokens").sentence  # the price at which nothing is lost
    lo.reconcile(case).frame()                              # the paper's figures beside the engine's
    lo.Study("leam-2022/paper-range").run().answers         # what-if: thousands of variants, resumable
    lo.explain(case, scenario="ppp").to_dict()              # what each rule costs, or why there is no plan
    lo.decision_pack(case, "pack", language="de")           # a page, a workbook and tables for a committee

Importing this package imports nothing heavy: each name is fetched from its room when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from leam_opt.case.catalogue import list_cases
    from leam_opt.case.load import load_case
    from leam_opt.case.schema import Case
    from leam_opt.errors import AuditError, CaseError, InfeasibleError, LeamError, SolveError
    from leam_opt.insight.alternatives import alternatives
    from leam_opt.insight.explain import explain
    from leam_opt.insight.pareto import pareto
    from leam_opt.ledger.reconcile import reconcile
    from leam_opt.report.compare import compare
    from leam_opt.report.pack.make import decision_pack
    from leam_opt.solve.plan import Plan
    from leam_opt.solve.run import solve
    from leam_opt.study.breakeven import breakeven
    from leam_opt.study.opened import open_study
    from leam_opt.study.study import Study

__version__ = "0.1.0"

__all__ = [
    "AuditError",
    "Case",
    "CaseError",
    "InfeasibleError",
    "LeamError",
    "Plan",
    "SolveError",
    "Study",
    "__version__",
    "alternatives",
    "breakeven",
    "compare",
    "decision_pack",
    "explain",
    "list_cases",
    "load_case",
    "open_study",
    "pareto",
    "reconcile",
    "solve",
]

# The room of each name; a test holds this table against `__all__` and the imports above. `solve` is not in it: it is
# the room of that name, which can be called.
_HOME = {
    "AuditError": "leam_opt.errors",
    "Case": "leam_opt.case.schema",
    "CaseError": "leam_opt.errors",
    "InfeasibleError": "leam_opt.errors",
    "LeamError": "leam_opt.errors",
    "Plan": "leam_opt.solve.plan",
    "SolveError": "leam_opt.errors",
    "Study": "leam_opt.study.study",
    "alternatives": "leam_opt.insight.alternatives",
    "breakeven": "leam_opt.study.breakeven",
    "compare": "leam_opt.report.compare",
    "decision_pack": "leam_opt.report.pack.make",
    "explain": "leam_opt.insight.explain",
    "list_cases": "leam_opt.case.catalogue",
    "load_case": "leam_opt.case.load",
    "open_study": "leam_opt.study.opened",
    "pareto": "leam_opt.insight.pareto",
    "reconcile": "leam_opt.ledger.reconcile",
}


def __getattr__(name: str) -> Any:
    if name == "solve":
        return import_module("leam_opt.solve")
    if name not in _HOME:
        raise AttributeError(f"module 'leam_opt' has no attribute '{name}'; it offers {', '.join(__all__)}")
    value = getattr(import_module(_HOME[name]), name)
    globals()[name] = value  # the next access does not come here
    return value


def __dir__() -> list[str]:
    return __all__
