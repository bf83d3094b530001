"""A formulation of a case, compiled once for every variant that has the same sets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from leam_opt.case.derive import derive
from leam_opt.case.index import Index
from leam_opt.case.schema import Case
from leam_opt.errors import ModelError
from leam_opt.solve.formulation import Rule, build
from leam_opt.solve.standard_form import StandardForm, compile_model
from leam_opt.solve.template import Table, Template

Array = NDArray[np.float64]

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
    def of(cls, case: Case, formulation: str | Path = "planning", rules: Sequence[Rule] = ()) -> Problem:
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

    @cached_property
    def whole_columns(self) -> dict[str, int]:
        """Positions of the whole-number columns by name."""
        template = self.template
        return {str(column): at for at, column in enumerate(template.columns) if template.is_integer[at]}

    def confirm(self, case: Case, vector: Array) -> None:
        """Compares the form of a parameter vector with a fresh build of its case by Pyomo's own compiler.

        Raises:
            ModelError: they differ; names what does.
        """
        model = build(case)
        fresh = compile_model(model, [getattr(model, name) for name in self.position])
        form = self.template.form(vector)
        found = _difference(form, fresh)
        if found:
            raise ModelError(
                f"the numbers of a variant differ from those of a fresh build in {found}; please report the case"
            )


def _difference(form: StandardForm, fresh: StandardForm) -> str:
    """Names the first part of two forms that differs.

    The fresh one lacks rows and columns in which every coefficient is zero; the template keeps their places.
    """
    rows = {str(row): number for number, row in enumerate(form.rows)}
    columns = {str(column): number for number, column in enumerate(form.columns)}
    if not all(str(column) in columns for column in fresh.columns):
        return "columns"
    if not all(str(row) in rows for row in fresh.rows):
        return "rows"
    at = np.array([rows[str(row)] for row in fresh.rows], dtype=np.int64)
    across = np.array([columns[str(column)] for column in fresh.columns], dtype=np.int64)
    beyond = np.setdiff1d(np.arange(len(form.columns)), across)
    entries = form.matrix.toarray()
    if np.abs(entries[:, beyond]).max(initial=0.0) > 0 or np.abs(form.objectives[:, beyond]).max(initial=0.0) > 0:
        return "columns"
    ours = (form.row_lower[at], form.row_upper[at], form.lower[across], form.upper[across])
    theirs = (fresh.row_lower, fresh.row_upper, fresh.lower, fresh.upper)
    pairs = {
        "coefficients": (entries[at][:, across], fresh.matrix.toarray()),
        "limits of rows": (np.array(ours[:2]), np.array(theirs[:2])),
        "bounds of columns": (np.array(ours[2:]), np.array(theirs[2:])),
        "objectives": (form.objectives[:, across], fresh.objectives),
        "constants of objectives": (form.offsets, fresh.offsets),
    }
    return next((name for name, (a, b) in pairs.items() if not np.allclose(a, b, rtol=1e-9, atol=1e-11)), "")
