"""What a solve says about itself: status, gap, time limit, interrupt, repetition."""

from __future__ import annotations

import json
import signal
import threading
from typing import Any

import pytest

from leam_opt.case.load import load_case
from leam_opt.case.schema import Case
from leam_opt.errors import SolveError
from leam_opt.solve.plan import Plan
from leam_opt.solve.progress import Progress
from leam_opt.solve.run import solve
from leam_opt.solve.search import PROVEN_GAP
from tests.builders import small_case
from tests.maths.helpers import bare_case

COARSE = 0.05
_TIMES = {"seconds", "highs_seconds"}


@pytest.fixture(scope="module")
def leam() -> Case:
    return load_case("leam-2022")


@pytest.fixture(scope="module")
def coarse(leam: Case) -> Plan:
    """The public scenario to a gap of 5 % of gross cost."""
    return solve(leam, scenario="public", mip_gap=COARSE)


def test_the_gap_is_relative_to_gross_cost(coarse: Plan) -> None:
    """Breaks when the gap is taken of the deficit, which may be near zero, or when a stage is left out."""
    result, gross = coarse.result, coarse.accounts.totals["gross_cost_meur"]
    assert 0 <= result.mip_gap <= COARSE
    assert result.primal_bound_meur == pytest.approx(coarse.deficit_meur, abs=1e-6)
    assert result.dual_bound_meur <= result.primal_bound_meur
    assert (result.primal_bound_meur - result.dual_bound_meur) / gross <= result.mip_gap + 1e-9
    assert result.status == ("optimal" if result.mip_gap <= PROVEN_GAP else "gap_reached")


def test_a_narrow_gap_on_a_deficit_near_zero() -> None:
    """Cost of 10 and sales of 10 leave a deficit of nothing; relative to it no gap could ever be proven."""
    case = bare_case(
        mission={"public_compute_min": 0.5}, adoption={"low": {"core": 0.5}}, prices={"cluster_hour": 10000}
    )
    plan = solve(case)
    assert plan.deficit_meur == pytest.approx(0, abs=1e-6)
    assert plan.result.status == "optimal"


def test_a_gap_of_zero_ends() -> None:
    """The solver's own tolerances keep a tiny gap open, which must not make the search go round for ever."""
    plan = solve(small_case(), mip_gap=0, time_limit=60)
    assert plan.result.status == "optimal"
    assert plan.result.mip_gap <= 1e-6


def test_provenance_tells_how_to_repeat_a_solve(coarse: Plan) -> None:
    result = coarse.result
    assert (result.solver, result.seed, result.input_hash) == ("HiGHS", 0, coarse.case.input_hash)
    assert result.solver_version.count(".") == 2
    assert [stage.name for stage in result.stages][:3] == ["unfunded_gap", "deficit", "public_money"]
    assert "HiGHS" in result.log
    assert result.highs_seconds <= result.seconds


def without_times(value: Any) -> Any:
    """A nested dictionary without its durations."""
    if isinstance(value, dict):
        return {key: without_times(item) for key, item in value.items() if key not in _TIMES}
    return [without_times(item) for item in value] if isinstance(value, list) else value


def test_the_same_input_gives_the_same_plan() -> None:
    """Every figure of two solves is the same to the last digit; and JSON can hold all of them."""
    case = small_case()
    first, second = (json.dumps(without_times(solve(case).to_dict()), allow_nan=False) for _ in range(2))
    assert first == second


def test_a_time_limit_returns_the_incumbent(leam: Case) -> None:
    """No gap of zero is proven in seconds: too little time has no plan (and says so), enough has one with its gap."""
    for seconds in (1, 2, 4, 8, 16):
        try:
            plan = solve(leam, scenario="ppp", mip_gap=0, time_limit=seconds)
        except SolveError as error:
            assert error.exit_code == 4
            continue
        break
    assert plan.result.status == "time_limit"
    assert plan.audit.passed
    assert 0 < plan.result.mip_gap < 1
    assert plan.result.dual_bound_meur < plan.deficit_meur


def test_no_time_at_all_is_an_error(leam: Case) -> None:
    with pytest.raises(SolveError, match="time limit ended the search before a first plan") as refusal:
        solve(leam, scenario="ppp", time_limit=1e-9)
    assert refusal.value.exit_code == 4


def test_an_interrupt_returns_the_incumbent(leam: Case) -> None:
    """Ctrl-C comes while the deficit is minimised and an incumbent is known: it is the plan, and passes the audit."""
    seen: list[Progress] = []

    def press(state: Progress) -> None:
        seen.append(state)
        if "deficit" in state.stage and state.incumbent is not None and not pressed.is_set():
            pressed.set()
            signal.pthread_kill(main, signal.SIGINT)

    pressed, main = threading.Event(), threading.main_thread().ident or 0
    plan = solve(leam, scenario="ppp", mip_gap=0, time_limit=60, progress=press)
    assert plan.result.status == "interrupted"
    assert plan.audit.passed
    assert plan.result.mip_gap > 0
    # What the callback heard is what the solver searched for, with the scenario's name.
    assert seen[0].stage.startswith("ppp: ")
    assert all(state.seconds >= 0 for state in seen)


def test_progress_reports_an_incumbent_above_its_bound() -> None:
    seen: list[Progress] = []
    solve(small_case(), progress=seen.append)
    both = [(state.incumbent, state.bound) for state in seen if None not in (state.incumbent, state.bound)]
    assert both
    assert all(incumbent >= bound - 1e-6 for incumbent, bound in both)  # type: ignore[operator]


@pytest.mark.parametrize("cap_meur", [9.5, 9.99998, 9.99999])
def test_a_gap_at_its_bound_is_no_fault_of_the_solver(cap_meur: float) -> None:
    """A least gap that the later stages keep as their limit: one machine for 10 M EUR and a grant just below it.

    Breaks when a stage's limit is as narrow as the solver's own tolerance, so that it refuses the only plan there is.
    """
    case = bare_case(mission={"public_compute_min": 1}, funding={"instruments": {"grant": {"cap_total": cap_meur}}})
    assert solve(case).unfunded_gap_meur == pytest.approx(10 - cap_meur, abs=2e-8)
