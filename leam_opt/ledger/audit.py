"""The audit: every row re-evaluated, and the optimiser's figures compared with the ledger's to one euro."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from leam_opt.case.schema import Case
from leam_opt.errors import AuditError
from leam_opt.ledger.books import Books
from leam_opt.ledger.decisions import Decisions
from leam_opt.ledger.inputs import Inputs
from leam_opt.ledger.rows import ONE_EURO_MEUR, RELATIVE_TOLERANCE, Row
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
class Auditor:
    """One audit of the accounts of a plan."""

    books: Books
    claimed: Mapping[str, ArrayLike]

    @cached_property
    def result(self) -> Audit:
        """The audit."""
        families = blocks(self.books)
        index = self.books.inputs.structure.index
        failed = [family for family in families if not family.met.all()]
        broken = [row for family in failed for row in family.rows(index, only_broken=True)]
        figures = list(self._figures())
        broken += [row for row in figures if not row.slack >= -row.tolerance]
        # Not a number is worse than any number.
        broken.sort(key=lambda row: np.nan_to_num(row.slack / row.tolerance, nan=-np.inf))
        errors = [abs(row.left - row.right) * 1e6 for row in figures if row.what in OBJECTIVES]
        return Audit(
            objective_error_eur=float(np.max(errors)) if errors else 0.0,
            rows_checked=sum(family.count for family in families) + len(figures),
            violations=tuple(broken),
        )

    def _figures(self) -> Iterator[Row]:
        for name, value in self.claimed.items():
            given = np.asarray(value, dtype=float)
            own = self._own(name, given)
            years = self.books.inputs.structure.index.years
            for position in np.ndindex(given.shape):
                left, right = float(given[position]), float(own[position])
                is_money = name.endswith("_meur")
                yield Figure(
                    family="claimed figure",
                    what=name,
                    where=f"year {years[position[0]]}" if position else "",
                    left=left,
                    sense="==",
                    right=right,
                    slack=-abs(left - right),
                    tolerance=ONE_EURO_MEUR if is_money else RELATIVE_TOLERANCE * max(1.0, abs(right)),
                    unit="M EUR" if is_money else "",
                )

    def _own(self, name: str, given: np.ndarray) -> np.ndarray:
        """The ledger's own value of a figure, in the shape of the claimed one."""
        totals, yearly = self.books.totals, self.books.yearly
        if given.ndim == 0 and name in totals:
            return totals[name]
        if name in yearly:
            own = yearly[name]
            if given.ndim == 0:
                return np.asarray(own.sum())
            if own.shape == given.shape:
                return own
            raise AuditError(f"claimed figure '{name}' has the shape {given.shape}; the ledger has {own.shape}")
        known = ", ".join(sorted({*totals, *yearly}))
        raise AuditError(f"claimed figure '{name}' cannot be checked; the ledger knows {known}")
