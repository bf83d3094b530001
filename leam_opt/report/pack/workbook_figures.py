"""The figures of a case as named input cells, shared by all scenarios or a scenario's own."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from leam_opt.case.load import origin_of
from leam_opt.case.register import Entry, entries
from leam_opt.case.schema import Case
from leam_opt.case.tree import follow
from leam_opt.report.pack.workbook_terms import Name, Term, term

_CELL = re.compile(r"[a-z]{1,3}[0-9]{1,7}|r[0-9]*c?[0-9]*|c[0-9]*|true|false")
"""What Excel takes for a cell or a truth value, and refuses as a name."""


@dataclass
class Figure:
    """A figure of the register.

    Attributes:
        entry: path, range, unit, source and note.
        scenario: the scenario that it belongs to; empty for one that all scenarios share.
        name: its defined name.
        is_changed: whether it differs from the files of the case.
    """

    entry: Entry
    scenario: str
    name: str
    is_changed: bool = False


@dataclass
class Register:
    """All figures of a case and of the given scenarios, in the order of the case.

    Attributes:
        figures: the figures.
        written: names that stand in a formula.
    """

    figures: list[Figure] = field(default_factory=list)
    written: set[str] = field(default_factory=set)
    _names: set[str] = field(default_factory=set)
    _found: dict[tuple[str, str], Figure] = field(default_factory=dict)

    @classmethod
    def of(cls, case: Case, scenarios: Mapping[str, Case]) -> Register:
        """The register of a case (without a scenario) and of its resolved scenarios."""
        made = cls()
        shared = entries(case)
        changed = changed_paths(case)
        for entry in shared:
            made._add(entry, "", entry.path in changed)
        before = {entry.path: entry[1:4] for entry in shared}
        for name, resolved in scenarios.items():
            if resolved.active_scenario is None:
                continue
            tree = origin_of(resolved).resolved
            for entry in entries(resolved):
                found = follow(tree, entry.path.split("."))[0] if tree is not None else None
                is_overlay = found is not None and found.given == "scenario"
                if is_overlay or before.get(entry.path) != entry[1:4]:
                    made._add(entry, name, True)
        return made

    def _add(self, entry: Entry, scenario: str, is_changed: bool) -> None:
        figure = Figure(entry, scenario, self._name(entry.path, scenario), is_changed)
        self.figures.append(figure)
        self._found[scenario, entry.path] = figure

    def _name(self, path: str, scenario: str) -> str:
        name = re.sub(r"[^a-z0-9]+", "_", path.lower()).strip("_")
        if scenario:
            name = f"{name}__{re.sub(r'[^a-z0-9]+', '_', scenario.lower())}"
        if _CELL.fullmatch(name) or not name[:1].isalpha():
            name = f"case_{name}"
        # Names are told apart without regard to case, and are at most 255 characters long.
        name, number = name[:240], 1
        unique = name
        while unique in self._names:
            number += 1
            unique = f"{name}_{number}"
        self._names.add(unique)
        return unique

    def get(self, scenario: str, path: str) -> Figure | None:
        """The figure of a path as a scenario has it."""
        return self._found.get((scenario, path)) or self._found.get(("", path))


def changed_paths(case: Case) -> set[str]:
    """Paths of the figures that differ from the files of the case."""
    from leam_opt.case.load import Origin, resolve

    before = {entry.path: entry[1:4] for entry in entries(resolve(Origin(origin_of(case).tree)))}
    return {entry.path for entry in entries(case) if before.get(entry.path) != entry[1:4]}


class Figures:
    """The figures of one scenario as terms.

    Args:
        register: all figures.
        scenario: name of the scenario in the register.
        years: calendar years of the horizon.
    """

    def __init__(self, register: Register, scenario: str, years: Sequence[int]) -> None:
        self.register, self._scenario, self._years = register, scenario, years

    def __call__(self, path: str, missing: float | None = None) -> Term:
        """The figure at a path; `missing` where the case leaves it out."""
        found = self.register.get(self._scenario, path)
        if found is None:
            if missing is None:
                raise KeyError(path)
            return term(missing)
        return Name(found.entry.base, 3, found.name, self.register.written)

    def yearly(self, path: str, entry_years: Iterable[int] | None, missing: float | None = None) -> list[Term]:
        """A figure by year in each year of the horizon: the entry in force, before the first one the first.

        Args:
            path: of the whole figure.
            entry_years: years of its entries; 0 for a figure that holds for all years; None where it is left out.
            missing: what counts where it is left out.
        """
        starts = sorted(entry_years or ())
        if not starts or starts == [0]:
            return [self(path, missing)] * len(self._years)
        return [self(f"{path}.{max([start for start in starts if start <= y] or starts[:1])}") for y in self._years]
