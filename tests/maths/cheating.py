"""What an optimiser would gain by cheating: the model without its guard, and what the ledger says to the result."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from leam_opt.case.schema import Case
from leam_opt.errors import AuditError
from leam_opt.solve.formulation import build
from leam_opt.solve.highs import Cut, Session
from leam_opt.solve.run import solve
from leam_opt.solve.standard_form import compile_model
from tests.maths.helpers import TIGHT


@dataclass(frozen=True)
class Attempt:
    """An optimum of a model whose guard was taken away.

    Attributes:
        gap_meur, deficit_meur: least unfunded gap, and the least deficit that it allows.
        refusal: what the ledger says to that plan.
    """

    gap_meur: float
    deficit_meur: float
    refusal: str


class Naive:
    """The formulation with a guard taken away by a rule of one's own, `add(m, case)` with the lines given."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def _rule(self, lines: tuple[str, ...]) -> Path:
        path = self._folder / "naive.py"
        head = "import pyomo.environ as pyo\nfrom leam_opt.models import expressions as ex\n\n\ndef add(m, case):\n"
        path.write_text(head + "".join(f"    {line}\n" for line in lines), encoding="utf-8")
        return path

    def __call__(self, case: Case, *lines: str) -> Attempt:
        """The naive optimum, which the ledger has to refuse."""
        rule = self._rule(lines)
        gap_meur, deficit_meur = optimum(build(case, rules=[rule]))
        with pytest.raises(AuditError) as refusal:
            solve(case, rules=[rule], mip_gap=TIGHT)
        return Attempt(gap_meur, deficit_meur, str(refusal.value))

    def model(self, case: Case, *lines: str) -> Any:
        """The naive model."""
        return build(case, rules=[self._rule(lines)])


def optimum(model: Any) -> tuple[float, float]:
    """Least unfunded gap, and the least deficit within it, straight from HiGHS: no audit stands in between."""
    form = compile_model(model, [model.unfunded_gap, model.deficit])
    session = Session(form)
    gap = session.run(0, gap_abs=1e-7)
    assert gap.status == "optimal"
    deficit = session.run(1, cuts=[Cut(0, gap.primal + 1e-6)], gap_abs=1e-7)
    assert deficit.status == "optimal"
    return gap.primal, deficit.primal


def gains(attempt: Attempt, gap_meur: float, deficit_meur: float, refused_for: str) -> None:
    """Compares an attempt with literals, and the row that the ledger refuses it for."""
    found = attempt.gap_meur, attempt.deficit_meur
    if found != pytest.approx((gap_meur, deficit_meur), abs=1e-4):
        pytest.fail(f"gap and deficit are {found}, expected {gap_meur}, {deficit_meur}")
    if refused_for not in attempt.refusal:
        pytest.fail(f"refused for another reason than {refused_for}: {attempt.refusal}")
