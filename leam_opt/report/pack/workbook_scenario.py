"""One scenario of the workbook: its figures, its plan, its sheets and the lines on them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from leam_opt.case.index import Index
from leam_opt.case.schema import Case
from leam_opt.ledger.books import Books
from leam_opt.ledger.decisions import Decisions
from leam_opt.ledger.structure import Structure
from leam_opt.report.pack.workbook_figures import Figures
from leam_opt.report.pack.workbook_page import Line, Page
from leam_opt.report.pack.workbook_terms import ZERO, Term
from leam_opt.report.pack.workbook_verdict import Verdict
from leam_opt.words import Words

Array = NDArray[np.float64]
Position = tuple[int, ...]

_STOCKS = frozenset(
    ("open", "grid", "cpu_rented", "pool_units", "tokens", "step", "adoption", "cluster_level", "token_level")
)
"""Decisions whose years do not add up."""


@dataclass
class Scenario:
    """A plan on its way into the workbook.

    Lines are found by a word and positions in the sets of the case, in the order of `Index`; a line that is always zero
    stands nowhere, and is found as zeros.

    Attributes:
        name: name of the scenario.
        case: the resolved case.
        books: the ledger's accounts of the plan.
        figures: figures of the case as terms.
        open_page: makes a sheet of the scenario: key, title, a sentence of explanation.
        words: language.
    """

    name: str
    case: Case
    books: Books
    figures: Figures
    open_page: Callable[[str, str, str], Page]
    words: Words
    lines: dict[tuple[str, Position], Line] = field(default_factory=dict)
    singles: dict[tuple[str, Position], Term] = field(default_factory=dict)
    checks: list[Verdict] = field(default_factory=list)

    @property
    def structure(self) -> Structure:
        """Sets and switches of the case."""
        return self.books.inputs.structure

    @property
    def index(self) -> Index:
        """Names of the elements of each set."""
        return self.structure.index

    @property
    def plan(self) -> Decisions:
        """The decisions of the plan."""
        return self.books.plan

    @property
    def years(self) -> int:
        """Number of years."""
        return self.structure.horizon

    def put(self, word: str, line: Line, *position: int) -> Line:
        """Keeps a line under its word."""
        self.lines[word, position] = line
        return line

    def get(self, word: str, *position: int) -> Line:
        """The line of a word and position; zeros where it was not written."""
        return self.lines.get((word, position)) or Line([ZERO] * self.years)

    def one(self, word: str, *position: int) -> Term:
        """The single figure of a word and position; zero where it was not written."""
        return self.singles.get((word, position), ZERO)

    def all(self, word: str) -> list[tuple[Position, Line]]:
        """All lines of a word with their positions."""
        return [(position, line) for (key, position), line in self.lines.items() if key == word]

    def decided(self, page: Page, word: str, label: str, unit: str, values: Array, *position: int) -> None:
        """Writes decisions of a plan as cells, where there are any."""
        if np.any(values):
            summed = word not in _STOCKS
            self.put(word, page.line(label, unit, list(map(float, values)), kind="decision", summed=summed), *position)
