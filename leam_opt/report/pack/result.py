"""Result files: the JSON of `solve` and `compare`, and the `results.json` of a pack, made into audited plans again.

A file is taken as one from a stranger. Its case is validated like any case, its decisions are checked for shape and
audited by the ledger anew, and all figures of the pack are the ledger's own. What the ledger cannot know is taken from
the file: the bounds that the solver has proven, and what has been found out beside the plans.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from leam_opt.case.embedded import rebuilt
from leam_opt.case.index import Index
from leam_opt.case.quantity import hint
from leam_opt.case.schema import Case
from leam_opt.errors import AuditError, CaseError
from leam_opt.ledger.accounts import Accounts
from leam_opt.ledger.audit import Auditor
from leam_opt.ledger.books import Books
from leam_opt.ledger.decisions import Decisions
from leam_opt.report.compare import STRICT_READING, Comparison, compared
from leam_opt.report.pack.contracts import CONTRACTS, problems
from leam_opt.solve.plan import Plan, SolveResult, StageResult
from leam_opt.solve.problem import CLAIMS

MOST_BYTES = 200_000_000
"""A larger file is no result."""
_SHOWN = 10
_REMEDY = "make it again with `leam-opt compare CASE --out FILE.json`"

Finite = Annotated[float, Field(allow_inf_nan=False)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class _Stage(_Part):
    name: str
    title: str
    unit: str
    primal: Finite
    dual: Finite | None
    """None where nothing is proven."""
    seconds: Finite = 0.0
    nodes: int = 0


class _Plan(_Part):
    scenario: str
    status: Literal["optimal", "gap_reached", "time_limit", "interrupted"]
    mip_gap: Finite | None
    primal_bound_meur: Finite
    dual_bound_meur: Finite | None
    stages: list[_Stage]
    seconds: Finite = 0.0
    highs_seconds: Finite = 0.0
    solver: str
    solver_version: str
    seed: int
    input_hash: str
    five_year_deficit_meur: Finite
    unfunded_gap_meur: Finite
    public_money_meur: Finite
    gross_cost_meur: Finite
    decisions: dict[str, Any]
    whole: dict[str, int] = {}

    @property
    def claims(self) -> dict[str, float]:
        """Figures of the file that the ledger has to confirm."""
        return {
            "deficit_meur": self.five_year_deficit_meur,
            "unfunded_gap_meur": self.unfunded_gap_meur,
            "public_money_meur": self.public_money_meur,
            "gross_cost_meur": self.gross_cost_meur,
        }

    @property
    def result(self) -> SolveResult:
        """Status, bounds and provenance, as the file tells them."""
        stages = tuple(
            StageResult(s.name, s.title, s.unit, s.primal, -math.inf if s.dual is None else s.dual, s.seconds, s.nodes)
            for s in self.stages
        )
        return SolveResult(
            status=self.status,
            mip_gap=math.inf if self.mip_gap is None else self.mip_gap,
            primal_bound_meur=self.primal_bound_meur,
            dual_bound_meur=-math.inf if self.dual_bound_meur is None else self.dual_bound_meur,
            seconds=self.seconds,
            highs_seconds=self.highs_seconds,
            solver=self.solver,
            solver_version=self.solver_version,
            seed=self.seed,
            input_hash=self.input_hash,
            stages=stages,
            log="",
        )


class _Strict(_Part):
    scenario: str
    plan: _Plan


class _Result(_Part):
    inputs: dict[str, Any]
    scenarios: list[_Plan] = Field(min_length=1)
    strict_reading: list[_Strict] = []
    insights: dict[str, Any] = {}
    manifest: dict[str, Any] = {}
    made: datetime | None = None


@dataclass(frozen=True)
class Result:
    """What a result file holds.

    Attributes:
        comparison: its plans, audited anew.
        insights: what has been found out beside the plans, by the names of `Pack`.
        manifest: how it was made; empty for the JSON of `solve` and `compare`.
        made: when the plans were made; None where the file does not say.
        folder: where the case came from; None for a shipped one.
    """

    comparison: Comparison
    insights: dict[str, Any]
    manifest: dict[str, Any]
    made: datetime | None
    folder: str | None


def read_result(file: str | Path) -> Result:
    """Reads a result file and audits its plans.

    Raises:
        CaseError: it cannot be read, or is not what it claims to be; names file and key.
        AuditError: the ledger does not confirm a plan in it.
    """
    path = Path(file)
    data = _json(path)
    if "scenarios" not in data and "decisions" in data:
        data = {"inputs": data.get("inputs"), "scenarios": [data]}  # a single plan, of `solve`
    try:
        part = _Result.model_validate(data)
    except ValidationError as error:
        raise CaseError(_problems(path, error)) from None
    if unknown := [name for name in part.insights if name not in CONTRACTS]:
        raise CaseError(f"{path}: insights.{unknown[0]}: {hint(unknown[0], CONTRACTS)}")
    wrong = [line for name, content in part.insights.items() for line in problems(name, content)]
    if wrong:
        raise CaseError([*(f"{path}: insights.{line}" for line in wrong[:_SHOWN]), _REMEDY])
    case = rebuilt(part.inputs, f"{path}: inputs")
    plans: dict[str, Plan] = {}
    for number, each in enumerate(part.scenarios):
        if each.scenario in plans:
            raise CaseError(f"{path}: scenarios.{number}.scenario: {each.scenario} stands twice; {_REMEDY}")
        plans[each.scenario] = _plan(each, case, f"{path}: scenarios.{number}")
    strict = {}
    for number, row in enumerate(part.strict_reading):
        place = f"{path}: strict_reading.{number}"
        if row.scenario not in plans:
            raise CaseError(f"{place}.scenario: there is no plan of '{row.scenario}' beside it; {_REMEDY}")
        strict[row.scenario] = _plan(row.plan, case.override(STRICT_READING), f"{place}.plan")
    return Result(
        comparison=compared(case, plans, strict),
        insights=dict(part.insights),
        manifest=dict(part.manifest),
        made=part.made,
        folder=part.inputs.get("folder"),
    )


def is_result(file: Path) -> bool:
    """Whether a file looks like a result, by its suffix."""
    return file.suffix.lower() == ".json" and file.is_file()


def _plan(part: _Plan, case: Case, place: str) -> Plan:
    """A plan of the file, audited."""
    try:
        resolved = case if part.scenario == (case.active_scenario or "base") else case.scenario(part.scenario)
    except CaseError as error:
        raise CaseError(f"{place}.scenario: {error}") from None
    if resolved.input_hash != part.input_hash:
        raise CaseError(
            f"{place}.input_hash: the plan was made for another input than the case in the file; solve the case again"
        )
    decisions = _decisions(part.decisions, Index.of(resolved), f"{place}.decisions")
    with np.errstate(all="ignore"):  # numbers that overflow break rows like any others
        books = Books.of(resolved, decisions)
        audit = Auditor(books, part.claims).result
        stages = {CLAIMS[stage.name]: stage.primal for stage in part.stages if stage.name in CLAIMS}
        reached = Auditor(books, {**stages, "deficit_meur": part.primal_bound_meur}).result
    for each in (audit, reached):
        try:
            each.raise_if_failed()
        except AuditError as error:
            raise AuditError(f"{place} ({part.scenario}): {error}") from None
    name = "" if part.scenario == "base" else part.scenario
    return Plan(resolved, name, decisions, Accounts(books), audit, part.result, part.whole)


def _decisions(given: Mapping[str, Any], index: Index, place: str) -> Decisions:
    shapes = Decisions.shapes(index)
    if missing := [name for name in shapes if name not in given]:
        raise CaseError(f"{place}: the key '{missing[0]}' is missing; {_REMEDY}")
    if unknown := [name for name in given if name not in shapes]:
        raise CaseError(f"{place}.{unknown[0]}: unknown decision; {hint(unknown[0], shapes)}")
    arrays = {}
    for name, shape in shapes.items():
        try:
            array = np.array(given[name])
        except (ValueError, TypeError, OverflowError):
            array = np.array(None)
        if array.size == 0 and int(np.prod(shape)) == 0:
            array = np.zeros(shape)
        if array.dtype.kind not in "iuf":
            raise CaseError(f"{place}.{name}: expected numbers of the shape {shape}; {_REMEDY}")
        if array.shape != shape:
            raise CaseError(f"{place}.{name}: it has the shape {array.shape}, and the case asks for {shape}; {_REMEDY}")
        arrays[name] = array.astype(float)
        if not np.isfinite(arrays[name]).all():
            raise CaseError(f"{place}.{name}: it holds numbers that are not finite; {_REMEDY}")
    return Decisions(**arrays)


def _json(path: Path) -> dict[str, Any]:
    def refuse(word: str) -> Any:
        raise CaseError(f"{path}: it holds {word}, which is no number; {_REMEDY}")

    try:
        if path.stat().st_size > MOST_BYTES:
            raise CaseError(f"{path}: it is larger than {MOST_BYTES // 1_000_000:,} MB, which no result is")
        data = json.loads(path.read_text(encoding="utf-8-sig"), parse_constant=refuse)
    except OSError as error:
        raise CaseError(f"{path}: it cannot be read: {error.strerror or error}") from None
    except (ValueError, RecursionError) as error:
        raise CaseError(f"{path}: this is not JSON ({error}); {_REMEDY}") from None
    if not isinstance(data, dict) or "inputs" not in data:
        raise CaseError(
            f"{path}: this is no result of leam-opt: the key 'inputs' is missing, which holds the case; {_REMEDY}"
        )
    return data


def _problems(path: Path, error: ValidationError) -> list[str]:
    found = [f"{path}: {'.'.join(str(part) for part in each['loc'])}: {each['msg']}" for each in error.errors()]
    return [*found[:_SHOWN], _REMEDY]
