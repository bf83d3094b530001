"""The audit: every row re-evaluated, and the optimiser's figures compared with the ledger's to one euro."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from leam_opt.case.schema import Case
from leam_opt.errors import AuditError
from leam_opt.ledger.books import Books
from leam_opt.ledger.decisions import Decisions
from leam_opt.ledger.inputs import Inputs
from leam_opt.ledger.rows import ONE_EURO_MEUR, RELATIVE_TOLERANCE, Array, Block, Counts, Mask, Row
from leam_opt.ledger.rules import blocks

OBJECTIVES = ("deficit_meur", "unfunded_gap_meur", "public_money_meur")
"""Figures whose largest difference is the audit's objective error."""


@dataclass(frozen=True)
class Figure(Row):
    """A figure that the optimiser claims (left) beside the ledger's own (right)."""

    def __str__(self) -> str:
        place = f" of {self.where}" if self.where else ""
        unit = f" {self.unit}" if self.unit else ""
        return (
            f"{self.what}{place}: the optimiser says {self.left:.9g}{unit}, the ledger finds {self.right:.9g}{unit}; "
            f"allowed is a difference of {self.tolerance:.1g}{unit}"
        )


@dataclass(frozen=True)
class Audit:
    """What an audit found.

    Attributes:
        objective_error_eur: largest difference between claimed and recomputed deficit, gap and public money.
        rows_checked: rows re-evaluated and figures compared.
        violations: rows that do not hold and figures that differ, the worst first.
    """

    objective_error_eur: float
    rows_checked: int
    violations: tuple[Row, ...]

    @property
    def passed(self) -> bool:
        """Whether every row holds and every figure agrees."""
        return not self.violations

    def raise_if_failed(self) -> None:
        """Refuses the plan.

        Raises:
            AuditError: names each row that differs (the first ten) with both values.
        """
        if self.passed:
            return
        shown = [f"  {row}" for row in self.violations[:10]]
        if len(self.violations) > len(shown):
            shown.append(f"  and {len(self.violations) - len(shown)} more")
        head = f"the ledger does not confirm the plan; {len(self.violations)} of {self.rows_checked} rows differ:"
        raise AuditError("\n".join([head, *shown]))

    def to_dict(self) -> dict[str, object]:
        """Passed, objective error and rows checked, for JSON."""
        return {
            "passed": self.passed,
            "objective_error_eur": self.objective_error_eur,
            "rows_checked": self.rows_checked,
        }


def audit(case: Case | Inputs, decisions: Decisions, claimed: Mapping[str, ArrayLike]) -> Audit:
    """Audits a plan.

    Args:
        case: the case that the plan was made for, or its inputs.
        decisions: the plan, without an axis of variants.
        claimed: the optimiser's own figures by the ledger's names: numbers of `Books.totals`, or yearly values of
            `Books.yearly` as (Y) arrays (a number is then compared with their sum). Money must agree to one euro,
            other figures to a millionth of their size.

    Raises:
        AuditError: a claimed figure has no counterpart in the ledger, or another shape.
    """
    return Auditor(Books.of(case, decisions), claimed).result


@dataclass(frozen=True)
class BatchAudit:
    """What an audit of n variants found; each entry is that of `Audit` for the variant alone.

    Attributes:
        passed: (n) whether every row holds and every figure agrees.
        objective_error_eur: (n) largest difference between claimed and recomputed deficit, gap and public money.
        rows_checked: (n) rows re-evaluated and figures compared; some rows are in force in some variants only.
        auditor: tells which rows and figures differ, when it is asked.
    """

    passed: Mask
    objective_error_eur: Array
    rows_checked: Counts
    auditor: Auditor = field(repr=False)

    @cached_property
    def reasons(self) -> list[str]:
        """(n) the worst row or figure that differs; empty where the variant passed."""
        return ["" if fine else self.auditor.worst(number) for number, fine in enumerate(self.passed)]

    def broken(self, number: int) -> frozenset[str]:
        """Families of the rows that a variant breaks."""
        return self.auditor.broken(number)


def audit_batch(books: Books, claimed: Mapping[str, ArrayLike]) -> BatchAudit:
    """Audits the plans of n variants at once.

    Args:
        books: their books, with an axis of variants.
        claimed: the optimiser's own figures as in `audit`, each (n), or (n, Y) for yearly values.

    Raises:
        AuditError: a claimed figure has no counterpart in the ledger, or another shape.
        ValueError: the books have no axis of variants.
    """
    if not books.variants:
        raise ValueError("a batch has an axis of variants; take leam_opt.ledger.audit.audit for one plan")
    return Auditor(books, claimed).batch


@dataclass(frozen=True)
class _Claim(Block):
    """Claimed figures (left) beside the ledger's own (right)."""

    row_type: ClassVar[type[Row]] = Figure

    @classmethod
    def of(cls, name: str, given: Array, own: Array, axes: str) -> _Claim:
        """The claim of a figure; both arrays (..., axes)."""
        unit = "M EUR" if name.endswith("_meur") else ""
        return cls("claimed figure", name, axes, given, "==", own, unit, size=np.abs(own), applies=None)

    @cached_property
    def tolerance(self) -> Array:
        """(..., axes) a euro for money, a millionth of its size for another figure."""
        if self.unit:
            return np.full(self.right.shape, ONE_EURO_MEUR)
        return RELATIVE_TOLERANCE * np.fmax(1.0, self.size)


@dataclass(frozen=True)
class Auditor:
    """One audit of the accounts of a plan, or of several variants at once."""

    books: Books
    claimed: Mapping[str, ArrayLike]

    @property
    def result(self) -> Audit:
        """The audit of one plan."""
        return Audit(float(self._objective_error_eur), int(self._rows_checked), self._violations())

    @property
    def batch(self) -> BatchAudit:
        """The audit of several variants."""
        passed: Mask = np.asarray(self._held.all(axis=-1))
        return BatchAudit(passed, self._objective_error_eur, self._rows_checked, self)

    def worst(self, number: int) -> str:
        """The worst row or figure of one of several variants."""
        return str(self._violations(number)[0])

    def broken(self, number: int) -> frozenset[str]:
        """Families of the rows that one of several variants breaks."""
        return frozenset(self._blocks[at].family for at in np.flatnonzero(~self._held[number]))

    def _violations(self, *variant: int) -> tuple[Row, ...]:
        """Rows of one variant that do not hold, the worst first."""
        index = self.books.inputs.structure.index
        failed = np.flatnonzero(~self._held[variant])
        blocks_of_variant = (self._blocks[number].of_variant(*variant) for number in failed)
        broken = [row for block in blocks_of_variant for row in block.rows(index, only_broken=True)]
        # Not a number is worse than any number.
        broken.sort(key=lambda row: np.nan_to_num(row.slack / row.tolerance, nan=-np.inf))
        return tuple(broken)

    @cached_property
    def _held(self) -> Mask:
        """(..., blocks) whether all rows of each block hold."""
        held = np.empty((*self.books.variants, len(self._blocks)), dtype=bool)
        for number, block in enumerate(self._blocks):
            held[..., number] = block.holds
        return held

    @cached_property
    def _blocks(self) -> list[Block]:
        return [*blocks(self.books), *self._claims]

    @cached_property
    def _claims(self) -> list[_Claim]:
        return [self._claim(name, np.asarray(value, dtype=float)) for name, value in self.claimed.items()]

    @cached_property
    def _objective_error_eur(self) -> Array:
        """(...) largest error of a claimed objective; zero where none is claimed."""
        errors = [np.max(-claim.slack, axis=claim.own_axes) for claim in self._claims if claim.what in OBJECTIVES]
        return np.asarray(np.max([np.zeros(self.books.variants), *errors], axis=0) * 1e6)

    @cached_property
    def _rows_checked(self) -> Counts:
        """(...) rows in force."""
        return np.asarray(sum((block.count for block in self._blocks), np.zeros(self.books.variants, dtype=int)))

    def _claim(self, name: str, given: Array) -> _Claim:
        """A claimed figure beside the ledger's own in the same shape."""
        totals, yearly, variants = self.books.totals, self.books.yearly, self.books.variants
        if name not in totals and name not in yearly:
            known = ", ".join(sorted({*totals, *yearly}))
            raise AuditError(f"claimed figure '{name}' cannot be checked; the ledger knows {known}")
        if given.shape == variants and name in totals:
            return _Claim.of(name, given, totals[name], "")
        if name in yearly:
            own = np.broadcast_to(yearly[name], (*variants, self.books.inputs.structure.horizon))
            if given.shape == own.shape:
                return _Claim.of(name, given, own, "Y")
            if given.shape == variants:
                return _Claim.of(name, given, own.sum(axis=-1), "")
        shapes = f"{own.shape} by year or {variants} in all" if name in yearly else f"{variants}"
        raise AuditError(f"claimed figure '{name}' has the shape {given.shape}; the ledger has {shapes}")
