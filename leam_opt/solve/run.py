"""Solves a case: the search, the ledger's audit, a plan."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from leam_opt.case.schema import Case
from leam_opt.ledger.accounts import Accounts
from leam_opt.ledger.audit import Auditor
from leam_opt.ledger.books import Books
from leam_opt.solve.extract import Layout, columns_of, lacking, whole_numbers
from leam_opt.solve.formulation import Rule
from leam_opt.solve.plan import Plan
from leam_opt.solve.problem import Problem
from leam_opt.solve.search import PROVEN_GAP, Callback, Search


def solve(
    case: Case,
    *,
    scenario: str | None = None,
    mip_gap: float = PROVEN_GAP,
    time_limit: float | None = None,
    progress: Callback | None = None,
    formulation: str | Path = "planning",
    rules: Sequence[Rule] = (),
    seed: int = 0,
    explain: bool = True,
    start: Mapping[str, int] | None = None,
) -> Plan:
    """Finds the best plan of a case and has the ledger audit it.

    Args:
        case: the case, of `load_case`.
        scenario: name of one of its scenarios; None solves the case itself.
        mip_gap: gap to prove, relative to the plan's gross cost.
        time_limit: seconds for all stages together; the best plan found until then is returned with its gap.
        progress: called now and then while HiGHS searches.
        formulation: shipped name or Python file with `build(case)`.
        rules: Python files with `add(model, case)`, or such functions; the ledger does not know them.
        seed: of the solver.
        explain: whether the rules in conflict are looked for where there is no plan.
        start: whole numbers of a plan to begin with (`Plan.whole`), as far as they fit.

    Returns:
        The plan, audited. `plan.result.status` is `optimal`, `gap_reached`, `time_limit` or `interrupted`.

    Raises:
        CaseError: unknown scenario.
        InfeasibleError: no plan exists; the error names the conflicting rules.
        SolveError: stopped before a first plan was found.
        AuditError: the ledger does not confirm the plan.
    """
    began = time.perf_counter()
    resolved = case.scenario(scenario) if scenario else case
    problem = Problem.of(resolved, formulation, rules)
    pool = [columns_of(problem, start)] if start and not lacking(problem, start) else []
    search = Search(
        problem, mip_gap, time_limit=time_limit, progress=progress, seed=seed, label=scenario or "", pool=pool
    )
    search.explain_seconds = None if explain else 0.0
    x = search.run()
    plan = Layout.of(problem).decisions(x)
    books = Books.of(resolved, plan)
    audit = Auditor(books, search.claims(x)).result
    audit.raise_if_failed()
    return Plan(
        case=resolved,
        scenario=scenario or "",
        decisions=plan,
        accounts=Accounts(books),
        audit=audit,
        result=search.result(x, resolved.input_hash, time.perf_counter() - began),
        whole=whole_numbers(problem, x),
    )
