"""A formulation by path, rules of one's own, and a plan that the ledger does not confirm."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from leam_opt.errors import AuditError, InfeasibleError, ModelError
from leam_opt.ledger.decisions import Decisions
from leam_opt.solve.extract import Layout
from leam_opt.solve.run import solve
from tests.maths.helpers import bare_case, best, expect

ONE_UNIT = bare_case(mission={"public_compute_min": 1})


def written(folder: Path, text: str) -> Path:
    path = folder / "mine.py"
    path.write_text(text, encoding="utf-8")
    return path


AT_LEAST_THREE = """
import pyomo.environ as pyo


def add(model, case):
    sites, types = list(case.sites), list(case.server_types)
    model.reserve = pyo.Constraint(
        expr=sum(model.units_bought[s, g, case.years[0]] for s in sites for g in types) >= 3
    )
"""


def test_a_rule_of_ones_own_binds(tmp_path: Path) -> None:
    """A reserve of three units costs 20 more, and the ledger, which does not know the rule, has nothing against it."""
    expect(best(ONE_UNIT), deficit_meur=10)
    plan = best(ONE_UNIT, rules=[written(tmp_path, AT_LEAST_THREE)])
    expect(plan, deficit_meur=30, units_bought={("north", "alpha", 2025): 3})


def test_a_rule_that_nothing_satisfies_is_infeasible(tmp_path: Path) -> None:
    """A reserve of 300 units does not fit the site."""
    rule = written(tmp_path, AT_LEAST_THREE.replace(">= 3", ">= 300"))
    with pytest.raises(InfeasibleError):
        solve(ONE_UNIT, rules=[rule])


def test_a_formulation_is_found_by_path(tmp_path: Path) -> None:
    """A file that builds on the shipped formulation and doubles the mission: two units."""
    text = """
from leam_opt.models import planning


def build(case):
    model = planning.build(case)
    for year in case.years:
        model.public_compute_min[year] = 2 * model.public_compute_min[year].value
    return model
"""
    expect(best(ONE_UNIT, formulation=written(tmp_path, text)), deficit_meur=20)


@pytest.mark.parametrize(
    ("option", "text", "message"),
    [
        ("rules", None, "no such Python file"),
        ("rules", "x = 1", r"needs a function add\(model, case\)"),
        (
            "rules",
            "def add(model, case):\n    model.no_such.deactivate()",
            r"add\(model, case\) failed: AttributeError",
        ),
        ("rules", "import no_such_module", "cannot be imported: ModuleNotFoundError"),
        ("formulation", None, "no such Python file"),
        ("formulation", "x = 1", r"needs a function build\(case\)"),
    ],
)
def test_a_wrong_file_is_told_with_its_remedy(tmp_path: Path, option: str, text: str | None, message: str) -> None:
    path = tmp_path / "absent.py" if text is None else written(tmp_path, text)
    with pytest.raises(ModelError, match=message) as refusal:
        solve(ONE_UNIT, **{option: [path] if option == "rules" else path})  # type: ignore[arg-type]
    assert refusal.value.exit_code == 2
    assert path.name in str(refusal.value)


def test_an_unknown_formulation_is_told() -> None:
    with pytest.raises(ModelError, match="unknown formulation 'planing'; shipped is 'planning'"):
        solve(ONE_UNIT, formulation="planing")


@pytest.mark.parametrize(
    ("field", "amount", "row"),
    [
        ("units_bought", -1, "electricity bought is the site's energy"),
        ("units_bought", 1, "deficit_meur: the optimiser says"),
        ("compute_mgpuh", -0.5, "public compute of the year"),
        ("draws_meur", 0.5, "grant_intensity"),
        ("unfunded_gap_meur", 0.001, "unfunded_gap_meur: the optimiser says"),
    ],
)
def test_a_plan_that_was_tampered_with_is_refused(
    monkeypatch: pytest.MonkeyPatch, field: str, amount: float, row: str
) -> None:
    """Between the solver and the ledger one number changes; the plan is refused with a row that differs."""
    read = Layout.decisions

    def tampered(layout: Layout, x: NDArray[np.float64]) -> Decisions:
        plan = read(layout, x)
        getattr(plan, field).flat[0] += amount
        return plan

    monkeypatch.setattr(Layout, "decisions", tampered)
    with pytest.raises(AuditError) as refusal:
        solve(ONE_UNIT)
    assert refusal.value.exit_code == 5
    assert row in str(refusal.value)
