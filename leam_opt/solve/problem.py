"""A formulation of a case, compiled once for every variant that has the same sets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from leam_opt.case.derive import derive
from leam_opt.case.index import Index
from leam_opt.case.schema import Case
from leam_opt.solve.formulation import build
from leam_opt.solve.template import Table, Template

CLAIMS = {"deficit": "deficit_meur", "unfunded_gap": "unfunded_gap_meur", "public_money": "public_money_meur"}
"""Expressions of the model that the ledger has to confirm, by its own names."""
GROSS_COST = "gross_cost"
"""What the gap of an objective in money is relative to."""


@dataclass(frozen=True)
class Problem:
    """A compiled formulation.

    Attributes:
        index: sets of the case.
        model: the Pyomo model; it keeps the numbers of the case that it was built for.
        template: its matrix form with the numbers as expressions of the derived table.
        table: derived table of that case.
        position: row of each objective and claim in the objectives of a form, by name.
        takes_variants: whether all numbers come from the table, so that other tables may take its place: a formulation
            or a rule of the user's own may have read figures past it.
    """

    index: Index
    model: Any
    template: Template
    table: Table
    position: dict[str, int]
    takes_variants: bool

    @classmethod
    def of(cls, case: Case, formulation: str | Path = "planning", rules: Sequence[str | Path] = ()) -> Problem:
        """Builds and compiles the formulation of a resolved case.

        Raises:
            ModelError: the formulation or a rule is missing or fails.
        """
        model, derived = build(case, formulation, rules), derive(case)
        names = [stage.name for stage in model.stages]
        names += [name for name in (*CLAIMS, GROSS_COST) if name not in names]
        return cls(
            index=derived.index,
            model=model,
            template=Template.of(model, case, derived, names),
            table=derived.values,
            position={name: number for number, name in enumerate(names)},
            takes_variants=formulation == "planning" and not rules,
        )
