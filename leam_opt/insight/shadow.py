"""LP shadow prices: what the last bit of a rule costs while the whole-number decisions of a plan are held.

The held linear programme is lexicographic: least unfunded gap, then the plan's main objective under it. A figure may
stand in sides, coefficients and bounds of many rows at once, so its price is the derivative of the Lagrangian at the
optimal primal and dual point (envelope theorem), with the change of the least gap valued at the dual of its limit:

    V'(t) = c'(t) x + y (b'(t) - A'(t) x) + z u'(t) + w g'(t)

y, z are the duals of rows and bounds, w that of the limit on the gap, g' the same expression for the gap alone. At a
kink there is one price for giving way and another one for asking more; both are taken from the programme itself, a
small step to each side.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from leam_opt.case.derive import derive
from leam_opt.case.figures import vary
from leam_opt.case.schema import Case
from leam_opt.errors import CaseError, SolveError
from leam_opt.solve.duals import Held, Solved
from leam_opt.solve.problem import Problem

Array = NDArray[np.float64]

STEP = 1e-5
"""Step of a figure to each side, relative to its size or to 1 where that is larger."""
KINK = 1e-4
"""Prices of the two sides that differ by less, relative to the larger or to 1, are one price."""
_NO_PRICE = 1e-6
"""A price below a euro a unit is none."""


@dataclass(frozen=True)
class Shadow:
    """The LP shadow price of a figure, with whole numbers held.

    Attributes:
        price: what a unit of the figure saves of the main objective when it gives way; the figure's documented unit
            (a share is 1, not a percentage point). None for whole numbers, which cannot move by a little.
        relax, tighten: the same for a small step that gives way, and one that asks for more; None where no decisions
            are left that keep the rules. They differ at a kink, and the price lies between them.
        gap: what a unit saves of the unfunded gap, M EUR.
        slack: by how much the figure could ask for more until a first row of it binds, in its unit; infinite where no
            row does.
    """

    price: float | None
    relax: float | None
    tighten: float | None
    gap: float | None
    slack: float

    @property
    def is_binding(self) -> bool:
        """Whether a row of the figure has no room left."""
        return self.slack <= 0.0

    @property
    def is_kink(self) -> bool:
        """Whether giving way and asking for more have different prices."""
        if self.relax is None or self.tighten is None:
            return False
        return abs(self.relax - self.tighten) > KINK * max(1.0, abs(self.relax), abs(self.tighten))


@dataclass(frozen=True)
class Figure:
    """What is priced: one figure of the case, or several that give way together.

    Attributes:
        entries: path, value and direction (+1, -1) that gives way of each.
        is_whole: whether they are whole numbers.
    """

    entries: tuple[tuple[str, float, int], ...]
    is_whole: bool = False

    @property
    def step(self) -> float:
        """Small step, in the unit of the figures."""
        return 1.0 if self.is_whole else STEP * max(1.0, *(abs(value) for _, value, _ in self.entries))

    def giving_way(self, by: float) -> dict[str, float]:
        """The figures with so much more room (less where negative)."""
        moved = {path: value + direction * by for path, value, direction in self.entries}
        return {path: round(value) for path, value in moved.items()} if self.is_whole else moved


def shadow_prices(case: Case, problem: Problem, x: Array, figures: Sequence[Figure]) -> list[Shadow]:
    """The LP shadow prices of some figures.

    Args:
        case: the resolved case of the plan.
        problem: its compiled formulation.
        x: (columns,) the plan; only its whole numbers are kept.
        figures: of the case.

    Raises:
        SolveError: the plan's whole numbers do not hold.
    """
    held = Held(problem, x)
    base = held.solve(held.vector, len(problem.model.stages))
    if base is None:
        raise SolveError("the plan does not hold at its whole numbers; the case is numerically delicate")
    smooth = [number for number, figure in enumerate(figures) if not figure.is_whole]
    moved = dict(zip(smooth, _moved(case, problem, [figures[number] for number in smooth]), strict=True))
    return [
        _shadow(held, base, *moved[number], figure.step) if number in moved else _whole(held, base, case, figure)
        for number, figure in enumerate(figures)
    ]


def _moved(case: Case, problem: Problem, figures: Sequence[Figure]) -> list[tuple[Array, Array]]:
    """The parameters (parameters,) with each figure a step more relaxed, and a step tighter."""
    if not figures:
        return []
    columns: dict[str, Array] = {}
    for number, figure in enumerate(figures):
        for side, by in enumerate((figure.step, -figure.step)):
            for (path, value, _), moved in zip(figure.entries, figure.giving_way(by).values(), strict=True):
                columns.setdefault(path, np.full(2 * len(figures), value))[2 * number + side] = moved
    frame, varied = vary(case, columns)
    vectors = problem.template.vector(derive(frame, varied).values)
    return list(zip(vectors[::2], vectors[1::2], strict=True))


def _whole(held: Held, base: Solved, case: Case, figure: Figure) -> Shadow:
    """A whole number has no shadow price; how far away it is can be told."""
    try:
        tighter = derive(case.override(figure.giving_way(-1.0))).values
    except CaseError:
        return Shadow(None, None, None, None, 0.0)  # it is at its end, where no case can ask for more
    rates = held.rates(held.template.vector(tighter), 1.0)
    return Shadow(None, None, None, None, held.slack(base, rates))


def _shadow(held: Held, base: Solved, relaxed: Array, tighter: Array, step: float) -> Shadow:
    rates = held.rates(tighter, step, relaxed)
    slack = held.slack(base, rates)
    if slack > 2 * step:
        # No row of the figure binds in an optimal solution: moving it by a little moves nothing.
        return Shadow(0.0, 0.0, 0.0, 0.0, slack)
    gap = base.least_gap.rate(rates)
    price = base.main.rate(rates) + base.worth_of_gap * gap
    relax, tighten = (
        None if solved is None else _rounded((base.main.value - solved.main.value) / by)
        for solved, by in ((held.solve(relaxed, 2), step), (held.solve(tighter, 2), -step))
    )
    return Shadow(_rounded(-price), relax, tighten, _rounded(-gap), 0.0 if slack < step else slack)


def _rounded(price: float) -> float:
    """A price without the noise of the solver."""
    return 0.0 if abs(price) < _NO_PRICE else price
