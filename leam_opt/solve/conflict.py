"""Names the rules that cannot hold together, by a deletion filter over the families of the model."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from leam_opt.solve.highs import Session
from leam_opt.solve.standard_form import StandardForm

_CHECK_SECONDS = 10.0
_TOTAL_SECONDS = 60.0


def conflicting_rules(model: Any, form: StandardForm, seed: int = 0, time_limit: float | None = None) -> list[str]:
    """A smallest set of rules of an infeasible model that cannot hold together, in words.

    A rule is left out for good where the model stays infeasible without it; what remains is a conflict from which no
    rule can be dropped. The rows of each remaining rule are thinned out in the same way, so that years and sites are
    named. Money is left aside where things alone conflict already.
    """
    finder = _Finder(model, form, seed, min(_TOTAL_SECONDS, time_limit or _TOTAL_SECONDS))
    return finder.run()


class _Finder:
    def __init__(self, model: Any, form: StandardForm, seed: int, seconds: float) -> None:
        self.form = form
        self.seed = seed
        self._deadline = time.perf_counter() + max(seconds, 5.0)
        names = [row.parent_component().local_name for row in form.rows]
        columns = [variable.parent_component().local_name for variable in form.columns]
        self.parts = list(model.parts)
        self.rows = {
            part.name: np.array([name == part.name or name.startswith(part.name + "_") for name in names])
            for part in self.parts
        }
        self.columns = {part.name: np.isin(columns, part.bounded) for part in self.parts}
        # Money is elastic through the gap, and the bound on compute only repeats what the sites can power: neither is a
        # rule of the case, and left in force they would hide the rules that they follow from.
        self.implied = np.isin(columns, ("unfunded_gap_meur", "compute_mgpuh"))

    def _infeasible(self, open_rows: NDArray[np.bool_], open_columns: NDArray[np.bool_]) -> bool:
        """Whether the model without these rows and upper bounds is proven infeasible."""
        form = self.form
        trial = StandardForm(
            form.matrix,
            np.where(open_rows, -np.inf, form.row_lower),
            np.where(open_rows, np.inf, form.row_upper),
            form.lower,
            np.where(open_columns | self.implied, np.inf, form.upper),
            form.is_integer,
            np.zeros((1, len(form.lower))),
            np.zeros(1),
            form.rows,
            form.columns,
        )
        left = self._deadline - time.perf_counter()
        if left <= 0:
            return False
        return Session(trial, seed=self.seed).run(0, time_limit=min(left, _CHECK_SECONDS)).status == "infeasible"

    def run(self) -> list[str]:
        closed = np.zeros(len(self.form.rows), dtype=bool)
        open_columns = np.zeros(len(self.form.columns), dtype=bool)
        about_money = [part for part in self.parts if part.about_money]
        open_rows = np.any([self.rows[part.name] for part in about_money], axis=0)
        rules = [part for part in self.parts if part.is_rule and not part.about_money]
        if not self._infeasible(open_rows, open_columns):
            # The bounds of the money rows hold for sites of the case's size, so the sites stay as they are.
            open_rows = closed
            rules = [part for part in self.parts if part.is_rule and not (part.bounded and not part.about_money)]
        kept = []
        for part in rules:
            rows, columns = open_rows | self.rows[part.name], open_columns | self.columns[part.name]
            if self._infeasible(rows, columns):
                open_rows, open_columns = rows, columns
            elif self.rows[part.name].any() or self.columns[part.name].any():
                kept.append(part)
        told = []
        for part in kept:
            needed = []
            # From the last row on, so that the first year that conflicts remains.
            for row in np.flatnonzero(self.rows[part.name] & ~open_rows)[::-1]:
                without = open_rows.copy()
                without[row] = True
                if self._infeasible(without, open_columns):
                    open_rows = without
                else:
                    needed.append(int(row))
            told.append(self._tell(part.says, needed))
        return told

    def _tell(self, says: str, rows: list[int]) -> str:
        if not rows:
            return says
        places = list(dict.fromkeys(self._row(row) for row in sorted(rows)))
        shown = places[:4]
        more = f" and {len(places) - 4} more" if len(places) > 4 else ""
        return f"{says}: {'; '.join(shown)}{more}"

    def _row(self, row: int) -> str:
        index = self.form.rows[row].index()
        labels = index if isinstance(index, tuple) else (index,)
        where = ", ".join(str(label) for label in labels if label is not None) or "whole horizon"
        lower, upper = self.form.row_lower[row], self.form.row_upper[row]
        if np.isfinite(lower) and lower not in (0.0, upper):
            return f"{where} (at least {lower:g})"
        if np.isfinite(upper) and upper not in (0.0, lower):
            return f"{where} (at most {upper:g})"
        return where
