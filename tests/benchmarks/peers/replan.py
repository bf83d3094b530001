"""The re-plan lane on a sweep of neighbouring variants, against a bare cold HiGHS on the same arrays."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field

import highspy
import numpy as np
from numpy.typing import NDArray

import leam_opt as lo
from leam_opt.case.derive import TABLE, derive
from leam_opt.case.figures import vary
from leam_opt.case.schema import Case
from leam_opt.solve.problem import Problem
from leam_opt.solve.search import CUT_TOLERANCE, NO_GAP
from leam_opt.solve.standard_form import StandardForm
from leam_opt.study import lanes as study_lanes
from tests.benchmarks.peers.programme import DEFAULTS, Options, bare_highs
from tests.benchmarks.peers.sample import CASE
from tests.benchmarks.peers.timing import Clock

Array = NDArray[np.float64]

LEVER = "energy_sources.green-tariff.price"
LOW, HIGH = 0.15, 0.35
"""EUR/kWh."""
POOL = 6
"""Plans that the lane keeps: the most recent ones that differ in their whole numbers."""
DEFICIT = 1

TUNED: Options = {
    **DEFAULTS,
    "mip_allow_restart": False,
    "mip_heuristic_effort": 0.15,
    "mip_lp_age_limit": 20,
    "mip_feasibility_tolerance": 5e-7,
}
"""The options that a single solve of the project uses."""


@dataclass
class Sweep:
    """What a sweep took.

    Attributes:
        lane_seconds: processor time of the lane with everything but the store, by variant.
        other_seconds: of these, outside HiGHS: the lane's own thread, beside which HiGHS runs.
        raw_seconds: processor time of `run()` alone, by options and variant.
        deficits_meur: of the lane's plans.
        plans: number of plans that differ in their whole numbers.
    """

    lane_seconds: list[float] = field(default_factory=list)
    other_seconds: list[float] = field(default_factory=list)
    raw_seconds: dict[str, list[float]] = field(default_factory=dict)
    deficits_meur: list[float] = field(default_factory=list)
    plans: int = 0

    def times(self, options: str) -> float:
        """The lane's processor time as a multiple of the raw one."""
        return sum(self.lane_seconds) / sum(self.raw_seconds[options])

    @property
    def other_share(self) -> float:
        """Part of the lane's time that is not HiGHS."""
        return sum(self.other_seconds) / sum(self.lane_seconds)


def sweep(scenario: str, count: int, options: Mapping[str, Options], mip_gap: float = 1e-4) -> Sweep:
    """Re-plans a scenario for prices of green power, each variant by the lane and then by bare HiGHS.

    Args:
        scenario: of the case.
        count: number of prices, evenly spaced.
        options: of bare HiGHS, by a name for the table.
        mip_gap: proven gap relative to gross cost.
    """
    case, lanes = lo.load_case(CASE).scenario(scenario), study_lanes.Lanes()
    problem, result = lanes.workshop.problem(case), Sweep(raw_seconds={name: [] for name in options})
    shape = study_lanes.Options(mip_gap=mip_gap, time_limit_seconds=600.0, seed=0)
    plans: list[study_lanes.Whole] = []
    for i, price in enumerate(np.linspace(LOW, HIGH, count)):
        values, clock, began = {LEVER: np.array([price])}, Clock(), time.thread_time()
        with clock.running():
            # Run 1 of a study, since one run in some thousands is compared with a fresh build: run 0 is.
            rows = lanes.run("replan", case, values, frozenset(values), shape, pool=plans[-POOL:], first_run=1)
        result.lane_seconds.append(clock.seconds)
        result.other_seconds.append(time.thread_time() - began)
        assert rows.status[0] in ("optimal", "gap_reached"), rows.reason[0]
        (plan,) = rows.plans.values()
        plans = [*(other for other in plans if other != plan), plan]
        found = {name: float(column[0]) for name, column in rows.numbers.items()}
        result.deficits_meur.append(found["deficit_meur"])
        form = _tight(problem, case, values, found["unfunded_gap_meur"])
        gap_abs = mip_gap * found["gross_cost_meur"]
        for name, chosen in options.items():
            seconds, deficit = _cold(form, found["unfunded_gap_meur"], gap_abs, chosen)
            result.raw_seconds[name].append(seconds)
            # Both have proven that no plan is better by more than the gap.
            assert abs(deficit - found["deficit_meur"]) <= gap_abs + 1e-4, (i, name, deficit, found["deficit_meur"])
    result.plans = len(plans)
    return result


def _tight(problem: Problem, case: Case, values: Mapping[str, Array], gap_meur: float) -> StandardForm:
    """The arrays of one variant when its least unfunded gap is known, as the lane has them."""
    table = {
        name: entry[0] if entry.ndim > len(TABLE[name][0]) else entry
        for name, entry in derive(*vary(case, values)).values.items()
    }
    table |= problem.model.tightened(table, gap_meur + CUT_TOLERANCE if gap_meur > NO_GAP else 0.0)
    return problem.template.form(problem.template.vector(table))


def _cold(form: StandardForm, gap_meur: float, gap_abs: float, options: Options) -> tuple[float, float]:
    """Processor time and deficit of one `run()` on arrays whose unfunded gap is known and kept."""
    highs = bare_highs({**options, "mip_rel_gap": 0.0, "mip_abs_gap": gap_abs})
    programme = highspy.HighsLp()
    used = np.flatnonzero(form.objectives[0])
    limit = max(gap_meur, 0.0) + CUT_TOLERANCE - form.offsets[0]
    programme.num_col_, programme.num_row_ = len(form.lower), len(form.row_lower) + 1
    programme.col_cost_, programme.offset_ = form.objectives[DEFICIT], form.offsets[DEFICIT]
    programme.col_lower_, programme.col_upper_ = form.lower, form.upper
    programme.row_lower_, programme.row_upper_ = np.append(form.row_lower, -np.inf), np.append(form.row_upper, limit)
    matrix, start = programme.a_matrix_, form.matrix.indptr
    matrix.format_ = highspy.MatrixFormat.kRowwise
    matrix.start_ = np.append(start, start[-1] + len(used)).astype(np.int32)
    matrix.index_ = np.concatenate([form.matrix.indices, used]).astype(np.int32)
    matrix.value_ = np.concatenate([form.matrix.data, form.objectives[0][used]])
    kinds = (highspy.HighsVarType.kContinuous, highspy.HighsVarType.kInteger)
    programme.integrality_ = [kinds[whole] for whole in form.is_integer.tolist()]
    assert highs.passModel(programme) != highspy.HighsStatus.kError
    clock = Clock()
    with clock.running():
        highs.run()
    assert highs.getModelStatus() == highspy.HighsModelStatus.kOptimal, highs.getModelStatus()
    return clock.seconds, float(highs.getInfo().objective_function_value)
