"""Break-even: the value of one figure of a case at which a measure of the optimal plan becomes zero."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from leam_opt.case.schema import Case
from leam_opt.errors import CaseError, InfeasibleError, SolveError
from leam_opt.ledger.rows import ONE_EURO_MEUR
from leam_opt.solve.plan import Plan
from leam_opt.solve.progress import Progress
from leam_opt.solve.run import solve
from leam_opt.solve.search import PROVEN_GAP
from leam_opt.study.bracket import Found, Look, OutsideError, Search
from leam_opt.study.target import Target, find_target

if TYPE_CHECKING:
    import pandas as pd

MEASURES = {"deficit": "deficit", "unfunded_gap": "unfunded gap", "investor_npv": "investor's net present value"}
"""Measures that can be brought to zero, in words."""
FUNDED_MEUR = 1e-5
"""An unfunded gap up to this is none: ten euros, above what the solver's own tolerances leave."""
LEAP_MEUR = 0.01
"""A change by more than this over a millionth of the value is a jump."""


@dataclass(frozen=True)
class BreakEven:
    """The answer of a break-even search, and every solve behind it.

    Attributes:
        case: name of the case.
        scenario: what was solved: the scenario's name, or that of the case.
        measure: `deficit`, `unfunded_gap` or `investor_npv`.
        asked: the figure as it was named.
        path: the figure in full.
        unit: its unit.
        base_value: its value in the case (the mean over the years where it changes over them); None without one.
        base_by_year: its values by calendar year where they differ.
        value: where the measure becomes zero; None where it does not, or the search ended before.
        status: `found`; `jump` (the measure leaps over zero there); `no_sign_change`; `stopped` (`reason` says why).
        residual_meur: the measure at `value`.
        proof_meur: by how much a better plan could change it, for all that is proven; None where nothing is.
        bracket: values on both sides of the answer; without an answer, the ends of what was searched.
        bracket_measures_meur: the measure there.
        tolerance_meur: within it the measure counts as zero.
        solves: in their order: value, measure_meur, proof_meur, deficit_meur, unfunded_gap_meur, public_money_meur,
            mip_gap, seconds; measure and all that follows are None where there is no plan.
        reason: why the search ended without an answer.
        sentence: all of it in words.
    """

    case: str
    scenario: str
    measure: str
    asked: str
    path: str
    unit: str
    base_value: float | None
    base_by_year: dict[int, float] | None
    value: float | None
    status: str
    residual_meur: float | None
    proof_meur: float | None
    bracket: tuple[float, float] | None
    bracket_measures_meur: tuple[float, float] | None
    tolerance_meur: float
    solves: list[dict[str, float | None]]
    reason: str
    sentence: str

    def to_dict(self) -> dict[str, Any]:
        """The answer for JSON."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}

    def frame(self) -> pd.DataFrame:
        """The solves in the order of the values (columns as in `solves`)."""
        import pandas as pd

        return pd.DataFrame(self.solves, columns=list(_ROW)).sort_values("value", ignore_index=True)


_ROW = (
    *("value", "measure_meur", "proof_meur", "deficit_meur", "unfunded_gap_meur", "public_money_meur", "mip_gap"),
    "seconds",
)


class _StoppedError(Exception):
    """The search has to end; the message says why."""


def breakeven(
    case: Case,
    *,
    solve_for: str,
    scenario: str | None = None,
    measure: str = "deficit",
    low: float | str | None = None,
    high: float | str | None = None,
    tolerance: float = 1e-3,
    mip_gap: float = PROVEN_GAP,
    time_limit: float | None = None,
    progress: Callable[[Progress], None] | None = None,
    seed: int = 0,
) -> BreakEven:
    """Finds the value of a figure at which a measure of the optimal plan becomes zero.

    Every value is solved in full and audited. Without `low` and `high` the search starts at the value of the case and
    steps away from it, ever further, within the bounds of the figure, until the sign changes.

    Args:
        case: the case.
        solve_for: path of the figure, as for `Case.override`; its parts may be abbreviated (`prices.token`). A figure
            that changes over the years is one value for all of them, or one from a year on (`path.2025`).
        scenario: as for `solve`.
        measure: `deficit`, `unfunded_gap` (the threshold from which everything is funded) or `investor_npv`.
        low: one end of the bracket, a number in the figure's unit or a text with a unit.
        high: the other end; both or none.
        tolerance: M EUR; the search ends where the measure is within it. An unfunded gap has to be within ten euros.
        mip_gap: as for `solve`.
        time_limit: seconds for the whole search.
        progress: as for `solve`.
        seed: as for `solve`.

    Raises:
        CaseError: unknown scenario, measure or figure, or a bracket that is none.
        InfeasibleError: no plan at the value of the case, or at an end of the bracket that was given.
        SolveError: the search was stopped before its first plan.
        AuditError: as for `solve`.
    """
    if measure not in MEASURES:
        raise CaseError(f"--measure {measure}: expected {', '.join(list(MEASURES)[:-1])} or {list(MEASURES)[-1]}")
    if not 0 < tolerance < math.inf:
        raise CaseError(f"tolerance {tolerance:g}: expected M EUR above 0")
    resolved = case.scenario(scenario)
    target = find_target(resolved, solve_for)
    ends = _ends(target, low, high)
    study = _Study(resolved, target, measure, mip_gap, time_limit, progress, seed)
    clipped, wanted = measure == "unfunded_gap", 1 if measure == "investor_npv" else -1
    zero = min(tolerance, FUNDED_MEUR) if clipped else tolerance
    search = Search(study.look, zero, leap=LEAP_MEUR, clipped=clipped, wanted=wanted)
    stopped, found = "", None
    try:
        if ends is not None:
            found = search.between(*ends)
        elif target.base_value is not None:
            found = search.around(target.base_value, target.floor, target.ceiling)
        else:
            raise CaseError(f"--solve-for {target.path}: the case gives it no value; say where to look with --between")
    except OutsideError:
        assert study.error is not None
        raise study.error from None
    except (_StoppedError, KeyboardInterrupt) as end:
        stopped = str(end) or "the search was interrupted"
        if not search.looks:
            raise SolveError(f"{stopped} before its first plan") from None
    return _answer(study, search, found, stopped)


def _ends(target: Target, low: float | str | None, high: float | str | None) -> tuple[float, float] | None:
    if low is None and high is None:
        return None
    if low is None or high is None:
        raise CaseError("--between: both ends are needed, LOW and HIGH")
    ends = target.parse(low, "--between"), target.parse(high, "--between")
    if not ends[0] < ends[1]:
        raise CaseError(f"--between {low} {high}: the first value has to be below the second")
    return ends


@dataclass
class _Study:
    """The solves of a search."""

    case: Case
    target: Target
    measure: str
    mip_gap: float
    time_limit: float | None
    progress: Callable[[Progress], None] | None
    seed: int
    rows: list[dict[str, float | None]] = field(default_factory=list)
    error: CaseError | InfeasibleError | None = None
    """Why there was no plan at the value looked at last without one."""

    def __post_init__(self) -> None:
        self.began = time.perf_counter()
        self.scenario = self.case.active_scenario or self.case.name

    def look(self, value: float) -> Look:
        """The measure at a value, by a complete audited solve."""
        at = f"{self.target.path} = {self.target.shown(value)}"
        began = time.perf_counter()
        left = None if self.time_limit is None else self.time_limit - (began - self.began)
        if left is not None and left <= 0:
            raise _StoppedError("the time limit ended the search")
        row: dict[str, float | None] = dict.fromkeys(_ROW)
        row["value"] = value
        try:
            changed = self.case.override({self.target.path: value})
            plan = solve(
                changed,
                scenario=self.case.active_scenario,
                mip_gap=self.mip_gap,
                time_limit=left,
                progress=self._told(value),
                seed=self.seed,
            )
        except CaseError as error:
            self.error = CaseError([f"at {at}: {problem}" for problem in error.problems])
            raise OutsideError(f"at {at} the case is not valid") from None
        except InfeasibleError as error:
            self.rows.append({**row, "seconds": time.perf_counter() - began})
            self.error = InfeasibleError(f"at {at}: {error}", error.conflict)
            raise OutsideError(f"at {at} no plan satisfies all rules") from None
        except SolveError as error:
            raise _StoppedError(f"at {at}: {error}") from None
        if plan.result.status in ("interrupted", "time_limit"):
            words = {"interrupted": "the search was interrupted", "time_limit": "the time limit ended the search"}
            raise _StoppedError(words[plan.result.status])
        reached, proof = self._measured(plan, at)
        totals = plan.accounts.totals
        figures = {name: totals[name] for name in ("deficit_meur", "unfunded_gap_meur", "public_money_meur")}
        row |= {"measure_meur": reached, "proof_meur": proof, **figures, "mip_gap": plan.result.mip_gap}
        self.rows.append({**row, "seconds": time.perf_counter() - began})
        return Look(value, reached, proof or 0.0)

    def _told(self, value: float) -> Callable[[Progress], None] | None:
        progress = self.progress
        if progress is None:
            return None
        prefix = f"solve {len(self.rows) + 1} at {self.target.shown(value)}: "
        return lambda state: progress(replace(state, stage=prefix + state.stage))

    def _measured(self, plan: Plan, at: str) -> tuple[float, float | None]:
        """The measure of a plan, and by how much a better plan could change it."""
        if self.measure == "investor_npv":
            from leam_opt.ledger.measures import measures

            reached = measures(plan.accounts.books, plan.case)["investor_npv_meur"]
            if reached is None:
                raise CaseError(f"--measure investor_npv: the plan at {at} has no investor whose value could be taken")
            # It is not what the plan is chosen by, so that nothing is proven about it.
            return float(reached), None
        reached = plan.accounts.totals[f"{self.measure}_meur"]
        bounds = [stage.dual for stage in plan.result.stages if stage.name == self.measure]
        return reached, max(reached - min(bounds), 0.0) if bounds else None


def _answer(study: _Study, search: Search, found: Found | None, stopped: str) -> BreakEven:
    target, answer = study.target, found.answer if found is not None else None
    pair = found.bracket if found is not None else search.narrowest()
    proofs = {row["value"]: row["proof_meur"] for row in study.rows}
    limits = "; ".join(dict.fromkeys(search.limits)) if answer is None else ""
    unsaid = BreakEven(
        case=study.case.name,
        scenario=study.scenario,
        measure=study.measure,
        asked=target.asked,
        path=target.path,
        unit=target.unit.name,
        base_value=target.base_value,
        base_by_year=target.base_by_year,
        value=answer.value if answer is not None else None,
        status=found.status if found is not None else "stopped",
        residual_meur=answer.measure if answer is not None else None,
        proof_meur=proofs[answer.value] if answer is not None else None,
        bracket=(pair[0].value, pair[1].value) if pair is not None else None,
        bracket_measures_meur=(pair[0].measure, pair[1].measure) if pair is not None else None,
        tolerance_meur=search.tolerance,
        solves=study.rows,
        reason=stopped or limits,
        sentence="",
    )
    return replace(unsaid, sentence=_sentence(unsaid, target))


def _sentence(answer: BreakEven, target: Target) -> str:
    what = f"the {MEASURES[answer.measure]} of {answer.scenario}"
    number = f"after {len(answer.solves)} {'solve' if len(answer.solves) == 1 else 'solves'}"
    if answer.bracket is None or answer.bracket_measures_meur is None:
        return f"No change of sign of {what} was reached {number}: {answer.reason}."
    (low, high), (at_low, at_high) = answer.bracket, answer.bracket_measures_meur
    ends = f"{_money(at_low)} at {target.shown(low)}, {_money(at_high)} at {target.shown(high)}"
    if answer.status == "no_sign_change":
        text = f"From {target.shown(low)} to {target.shown(high)} {what} does not change its sign: {ends} ({number})"
        return f"{text}; {answer.reason}." if answer.reason else f"{text}."
    if answer.status == "stopped":
        return f"{_capital(answer.reason)} {number}; {what} becomes zero somewhere between: {ends}."
    assert answer.value is not None
    assert answer.residual_meur is not None
    place = f"At {target.shown(answer.value)} (base {target.base_text()}) {what}"
    if answer.status == "jump":
        sides = [f"{_money(meur)} at {target.shown(at, 10)}" for at, meur in ((low, at_low), (high, at_high))]
        text = f"{place} leaps over zero: {' and '.join(sides)} ({number})."
    else:
        text = f"{place} is zero; residual {_money(answer.residual_meur)} {number}."
        if answer.proof_meur is not None and ONE_EURO_MEUR < answer.proof_meur >= abs(answer.residual_meur):
            text += f" The residual is below the {_money(answer.proof_meur)} that the solve leaves unproven."
        if answer.measure == "unfunded_gap":
            text += _proven_gap(answer, target)
    (row,) = [row for row in answer.solves if row["value"] == answer.value]
    gap = row["unfunded_gap_meur"] or 0.0
    if answer.measure != "unfunded_gap" and gap > ONE_EURO_MEUR:
        text += f" There {_money(gap)} are not funded."
    return text


def _proven_gap(answer: BreakEven, target: Target) -> str:
    """What is proven about a threshold: where the best plan has a gap, a better one may have none."""
    assert answer.value is not None
    assert answer.bracket is not None
    place = answer.value
    missing = max(answer.bracket, key=lambda value: abs(value - place))
    above = missing > place
    certain = [
        row["value"]
        for row in answer.solves
        if row["value"] is not None
        and (row["measure_meur"] or 0.0) - (row["proof_meur"] or 0.0) > FUNDED_MEUR
        and (row["value"] > place) == above
    ]
    if missing in certain:
        return ""
    if not certain:
        return " That money is missing on the other side is not proven; a narrower --mip-gap can tell."
    nearest = min(certain, key=lambda value: abs(value - place))
    return f" Money is certainly missing only from {target.shown(nearest)}; a narrower --mip-gap can tell more."


def _money(meur: float) -> str:
    """To the thousand euros; what is smaller to the euro."""
    digits = 3 if abs(meur) >= 0.001 or not round(meur, 6) else 6
    return f"{round(meur, digits) + 0.0:,.{digits}f} M€"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
