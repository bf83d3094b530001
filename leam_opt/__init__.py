"""Optimal plans for an AI supercomputing centre: which machines, where, for whom, and who pays.

    import leam_opt as lo

    case = lo.load_case("leam-2022")
    plan = lo.solve(case, scenario="ppp")
    plan.accounts                                           # yearly accounts as DataFrames
    lo.compare(case).reason                                 # which financing is best, and why
    lo.breakeven(case, solve_for="prices.tokens").sentence  # the price at which nothing is lost
    lo.reconcile(case).frame()                              # the paper's figures beside the engine's
    lo.Study("leam-2022/paper-range").run().answers         # what-if: thousands of variants, resumable

Importing this package imports nothing heavy: each name is fetched from its room when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from leam_opt.case.catalogue import list_cases, new_case
    from leam_opt.case.load import load_case
    from leam_opt.case.schema import Case, case_schema
    from leam_opt.errors import AuditError, CaseError, InfeasibleError, LeamError, ModelError, SolveError
    from leam_opt.ledger.reconcile import reconcile
    from leam_opt.report.compare import compare
    from leam_opt.report.math import formulation_latex
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
    "ModelError",
    "Plan",
    "SolveError",
    "Study",
    "__version__",
    "breakeven",
    "case_schema",
    "compare",
    "formulation_latex",
    "list_cases",
    "load_case",
    "new_case",
    "open_study",
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
    "ModelError": "leam_opt.errors",
    "Plan": "leam_opt.solve.plan",
    "SolveError": "leam_opt.errors",
    "Study": "leam_opt.study.study",
    "breakeven": "leam_opt.study.breakeven",
    "case_schema": "leam_opt.case.schema",
    "compare": "leam_opt.report.compare",
    "formulation_latex": "leam_opt.report.math",
    "list_cases": "leam_opt.case.catalogue",
    "load_case": "leam_opt.case.load",
    "new_case": "leam_opt.case.catalogue",
    "open_study": "leam_opt.study.opened",
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
