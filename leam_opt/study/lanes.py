"""What is done with a variant: planned anew, answered by a held plan, or carried out as the case's reference plan."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from leam_opt.case.schema import Case
from leam_opt.errors import CaseError, InfeasibleError, LeamError, SolveError
from leam_opt.ledger.audit import BatchAudit, audit_batch
from leam_opt.ledger.books import Books
from leam_opt.ledger.reference import Reading, reference_batch
from leam_opt.ledger.rules import families_about_things
from leam_opt.solve.extract import Layout, columns_of, lacking, whole_numbers
from leam_opt.solve.held import HeldForm
from leam_opt.solve.problem import CLAIMS, GROSS_COST, Problem
from leam_opt.solve.respond import Responder
from leam_opt.solve.search import Search
from leam_opt.study.batches import BUILDING, Batch, Workshop, batches
from leam_opt.study.designs import order
from leam_opt.study.outputs import figures, structures

Array = NDArray[np.float64]
Whole = Mapping[str, int]
"""The whole-number decisions of a plan by the name of their column; those that are zero may be left out."""

CONFIRM_EVERY = 5000
"""Of so many runs one is compared with a fresh build of its model."""
_HELD = 16
"""Plans whose solvers stay warm."""
_EXPLAIN_SECONDS = 5.0
_POOL = 6


@dataclass
class Rows:
    """Results of n variants by column; variants without a plan have no figures (not a number).

    Attributes:
        columns: by name, each (n).
        plans: whole-number decisions of plans that were found, by their key.
    """

    size: int
    status: list[str] = field(default_factory=list)
    reason: list[str] = field(default_factory=list)
    structure: list[str] = field(default_factory=list)
    plan_key: list[str] = field(default_factory=list)
    numbers: dict[str, Array] = field(default_factory=dict)
    plans: dict[str, Whole] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for words in (self.status, self.reason, self.structure, self.plan_key):
            words.extend([""] * self.size)
        for name in ("mip_gap", "dual_bound_meur", "objective_error_eur", "unmet_share"):
            self.numbers[name] = np.full(self.size, np.nan)

    def put(self, places: Sequence[int] | NDArray[np.int64], values: Mapping[str, Array]) -> None:
        """Enters figures of some variants."""
        for name, column in values.items():
            self.numbers.setdefault(name, np.full(self.size, np.nan))[places] = column

    def refuse(self, place: int, status: str, reason: str) -> None:
        """Enters why a variant has no plan."""
        self.status[place], self.reason[place] = status, reason
        for column in self.numbers.values():
            column[place] = np.nan
        self.structure[place] = self.plan_key[place] = ""


@dataclass(frozen=True)
class Options:
    """What shapes plans besides their numbers."""

    mip_gap: float
    time_limit_seconds: float
    seed: int


class Lanes:
    """The lanes of one process; compiled problems and warm solvers are kept between calls."""

    def __init__(self) -> None:
        self.workshop = Workshop()
        self._held: dict[tuple[int, str], tuple[Problem, Responder, Any]] = {}
        self.highs_seconds = 0.0

    def run(
        self,
        lane: str,
        case: Case,
        values: Mapping[str, Any],
        figure_paths: frozenset[str],
        options: Options,
        *,
        held: Whole | None = None,
        pool: Sequence[Whole] = (),
        reading: str = "constant",
        first_run: int = 0,
    ) -> Rows:
        """Results of n variants of a case.

        Args:
            lane: `replan`, `evaluate` or `reference`.
            case: in its scenario, with the study's settings.
            values: (n) of each lever by path.
            figure_paths: levers that are figures.
            options: see `Options`.
            held: the plan that is held (`evaluate`).
            pool: plans to begin with (`replan`).
            reading: whether the reference plan's tokens are `constant` or grow (`growth`).
            first_run: number of the first variant in its study; it decides which variants are confirmed.
        """
        size = len(next(iter(values.values()))) if values else 1
        rows, began = Rows(size), time.perf_counter()
        for places, batch in batches(case, values, figure_paths):
            if isinstance(batch, str):
                rows.refuse(int(places[0]), "invalid", batch)
                continue
            try:
                if lane == "reference":
                    self._reference(batch, reading, rows)
                    continue
                for problem, part in self.workshop.matched(batch):
                    self._confirm(problem, part, first_run)
                    if lane == "evaluate":
                        self._evaluate(problem, part, held or {}, rows)
                    else:
                        self._replan(problem, part, pool, options, rows)
            except LeamError as error:
                _fail(batch, error, rows)
        rows.numbers["seconds"] = np.full(size, (time.perf_counter() - began) / max(size, 1))
        return rows

    def _confirm(self, problem: Problem, batch: Batch, first_run: int) -> None:
        """Compares a sample of the variants with a fresh build."""
        for number, place in enumerate(batch.places):
            if (first_run + int(place)) % CONFIRM_EVERY == 0:
                with BUILDING:
                    problem.confirm(batch.variant(number), batch.taken(np.array([number])).vectors(problem)[0])

    def _evaluate(self, problem: Problem, batch: Batch, held: Whole, rows: Rows) -> None:
        responder, home = self._responder(problem, held)
        responder.begin_at(home)
        neighbours = order(batch.values) if batch.values and batch.size > 2 else range(batch.size)
        answers = responder.respond(batch.vectors(problem), [int(number) for number in neighbours])
        self.highs_seconds += answers.highs_seconds
        x = np.where(np.isnan(answers.x), 0.0, answers.x)
        books, audit, claims = self._audited(problem, batch, x, answers.claims)
        about_things = families_about_things(books)
        rows.put(batch.places, {**figures(books), **self._audit_columns(audit), "unmet_share": answers.unmet_share})
        rows.put(batch.places, {"mip_gap": np.zeros(batch.size), "dual_bound_meur": claims["deficit_meur"]})
        for number, place in enumerate(batch.places):
            status = answers.status[number]
            rows.status[place], rows.reason[place] = status, answers.reasons[number]
            if status not in ("evaluated", "unmet"):
                rows.refuse(int(place), status, answers.reasons[number])
            elif not audit.passed[number] and (status == "evaluated" or not audit.broken(number) <= about_things):
                rows.refuse(int(place), "audit_failed", audit.auditor.worst(number))

    def _responder(self, problem: Problem, held: Whole) -> tuple[Responder, Any]:
        key = (id(problem), plan_key(held))
        if key not in self._held:
            while len(self._held) >= _HELD:
                self._held.pop(next(iter(self._held)))
            responder = Responder(HeldForm.of(problem, columns_of(problem, held)))
            # The basis at the problem's own numbers is where each batch begins, whatever was solved before.
            responder.respond(problem.template.vector(problem.table)[None])
            self._held[key] = (problem, responder, responder.basis)
        _, responder, home = self._held[key]
        return responder, home

    def _replan(self, problem: Problem, batch: Batch, pool: Sequence[Whole], options: Options, rows: Rows) -> None:
        starts = [columns_of(problem, plan) for plan in pool if not lacking(problem, plan)][:_POOL]
        for number, place in enumerate(batch.places):
            search = Search(
                problem,
                options.mip_gap,
                time_limit=options.time_limit_seconds,
                seed=options.seed,
                table=batch.table(number),
                pool=starts,
                explain_seconds=_EXPLAIN_SECONDS,
            )
            try:
                x = search.run()
            except InfeasibleError as error:
                told = "; ".join(error.conflict) or "the rules in conflict could not be told apart"
                rows.refuse(int(place), "infeasible", f"cannot hold together: {told}")
                continue
            except SolveError as error:
                if "was interrupted" in str(error):
                    raise KeyboardInterrupt from None
                late = "time limit" in str(error)
                rows.refuse(int(place), "time_limit" if late else "failed", str(error))
                continue
            finally:
                self.highs_seconds += search.highs_seconds
            if search.stopped == "interrupted":
                raise KeyboardInterrupt  # what was found so far is no answer to the variant
            self._planned(problem, batch.taken(np.array([number])), search, x, rows)

    def _planned(self, problem: Problem, one: Batch, search: Search, x: Array, rows: Rows) -> None:
        """Enters the plan of a single variant."""
        (place,) = one.places
        claims = {name: value[None] for name, value in search.claims(x).items()}
        plan = Layout.of(problem).decisions(x[None])
        books = Books.of(one.inputs, plan)
        audit = audit_batch(books, claims)
        result = search.result(x, "", 0.0)
        whole = whole_numbers(problem, x)
        rows.put([place], {**figures(books), **self._audit_columns(audit), "unmet_share": np.zeros(1)})
        rows.put(
            [place], {"mip_gap": np.array([result.mip_gap]), "dual_bound_meur": np.array([result.dual_bound_meur])}
        )
        rows.status[place] = result.status
        rows.structure[place], rows.plan_key[place] = structures(plan, problem.index)[0], plan_key(whole)
        rows.plans[plan_key(whole)] = whole
        if not audit.passed[0]:
            rows.refuse(int(place), "audit_failed", audit.reasons[0])

    def _reference(self, batch: Batch, reading: str, rows: Rows) -> None:
        way = Reading(tokens=reading, teams="between")  # type: ignore[arg-type]
        try:
            plan = reference_batch(batch.case, batch.sized_figures, way)
        except CaseError as error:
            if batch.size == 1:
                _fail(batch, error, rows)
            else:  # a variant that the plan cannot be carried out in has to fail alone
                for half in np.array_split(np.arange(batch.size), 2):
                    self._reference(batch.taken(half), reading, rows)
            return
        rows.put(batch.places, figures(Books.of(batch.inputs, plan)))
        for place in batch.places:
            rows.status[place] = "evaluated"

    def _audited(
        self, problem: Problem, batch: Batch, x: Array, values: Mapping[str, Array]
    ) -> tuple[Books, BatchAudit, dict[str, Array]]:
        claims = {claim: values[name] for name, claim in CLAIMS.items()}
        claims["gross_cost_meur"] = values[GROSS_COST]
        books = Books.of(batch.inputs, Layout.of(problem).decisions(x))
        return books, audit_batch(books, claims), claims

    @staticmethod
    def _audit_columns(audit: BatchAudit) -> dict[str, Array]:
        return {"objective_error_eur": np.asarray(audit.objective_error_eur)}


def _fail(batch: Batch, error: LeamError, rows: Rows) -> None:
    for place in batch.places:
        rows.refuse(int(place), "failed", str(error))


def plan_key(whole: Whole) -> str:
    """A short digest of a plan's whole-number decisions."""
    text = "\n".join(f"{name}={value}" for name, value in sorted(whole.items()) if value)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
