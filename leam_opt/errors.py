"""The exceptions of leam_opt; every one carries a message written for the person at the keyboard."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from leam_opt.solve.conflict import Conflict


class LeamError(Exception):
    """Base of all errors that leam_opt raises on purpose; `exit_code` is what the command line returns."""

    exit_code = 1


class CaseError(LeamError):
    """A case, an override or a scenario name is wrong.

    `problems` holds one line each (`file:line:column: what is wrong; what would be right`); all problems found are
    listed at once.
    """

    exit_code = 2

    def __init__(self, problems: str | Sequence[str]) -> None:
        self.problems = [problems] if isinstance(problems, str) else list(problems)
        super().__init__("\n".join(self.problems))


class ModelError(LeamError):
    """A formulation cannot be found or does not fit the case."""

    exit_code = 2


class SolveError(LeamError):
    """The solver stopped without a plan (time limit before a first incumbent, numerical trouble, interrupt)."""

    exit_code = 4


class InterruptedSearchError(SolveError):
    """The user ended a search before it had a first plan; whoever searches on and on ends as well."""


class InfeasibleError(SolveError):
    """No plan satisfies all rules of the case.

    `conflict` names the rules of a smallest conflicting set; `found` is the same with rows, labels and limits
    (`solve.conflict.Conflict`), None where the error was passed on by something that knows the words only.
    """

    exit_code = 3

    def __init__(self, message: str, conflict: Sequence[str] = (), found: Conflict | None = None) -> None:
        self.conflict = list(conflict)
        self.found = found
        super().__init__(message)


class AuditError(LeamError):
    """The ledger's recomputation differs from the optimiser's plan; the plan is refused."""

    exit_code = 5
