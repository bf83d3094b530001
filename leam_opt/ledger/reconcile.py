"""The paper's figures beside the ledger's, with the rounding that the paper states carried along."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from leam_opt.case.schema import Case
from leam_opt.errors import CaseError
from leam_opt.ledger.findings import findings
from leam_opt.ledger.paper import (
    FIGURES_FILE,
    ROWS,
    SIDES,
    YEARS,
    OwnPlan,
    Pair,
    Printed,
    Side,
    exact_figures,
    read_figures,
)
from leam_opt.ledger.reference import reference_of

if TYPE_CHECKING:
    import pandas as pd

Verdict = Literal["equal", "explained by rounding", "misprint in the paper"]


@dataclass(frozen=True)
class Reconciliation:
    """The paper's figures beside the ledger's.

    Attributes:
        case: name of the case.
        rows: one dict for each figure: id, annex, item, unit, paper_low, paper_high, exact_low, exact_high,
            rounded_low, rounded_high, verdict, note.
        findings: what the paper's figures hide: title, text, figures.
    """

    case: str
    rows: list[dict[str, Any]]
    findings: list[dict[str, Any]]

    @property
    def misprints(self) -> list[str]:
        """Figures that neither agree nor follow from a stated rounding."""
        return [row["id"] for row in self.rows if row["verdict"] == "misprint in the paper"]

    def frame(self) -> pd.DataFrame:
        """The rows as a table with the figure's id as index."""
        import pandas as pd

        return pd.DataFrame(self.rows).set_index("id")


def reconcile(case: Case, figures: str | Path | None = None) -> Reconciliation:
    """Runs the reference plan of a case through the ledger and holds the paper's figures against it.

    Args:
        case: a case with a reference plan over five years.
        figures: table of the printed figures; by default `data/paper_figures.csv` in the folder of the case.

    Raises:
        CaseError: the case has no reference plan, plans other than five years, or has no (sound) table of figures.
    """
    reference_of(case)
    if case.horizon_years != YEARS:
        raise CaseError(
            f"case {case.name}: horizon_years is {case.horizon_years}; the paper's figures cover {YEARS} years"
        )
    printed = read_figures(Path(figures) if figures is not None else _figures_of(case))
    own = OwnPlan.of(case)
    exact = exact_figures(own)
    rounded = _rounded(printed, exact)
    rows = []
    for figure in printed:
        verdict = _verdict(figure, exact[figure.id], rounded[figure.id])
        note = _note(figure, exact, rounded, verdict, printed)
        basis = _basis_note(case, figure)
        if basis:
            note = f"{note}; {basis}" if verdict == "misprint in the paper" else basis
            verdict = "misprint in the paper"
        rows.append(
            {
                "id": figure.id,
                "annex": figure.annex,
                "item": figure.item,
                "unit": figure.unit,
                "paper_low": figure.low,
                "paper_high": figure.high,
                "exact_low": exact[figure.id][0],
                "exact_high": exact[figure.id][1],
                "rounded_low": rounded[figure.id][0],
                "rounded_high": rounded[figure.id][1],
                "verdict": verdict,
                "note": note,
            }
        )
    return Reconciliation(case.name, rows, findings(case, own, rows))


def _figures_of(case: Case) -> Path:
    """The table in the folder of the case."""
    from leam_opt.case.load import origin_of

    mark = origin_of(case).tree.mark
    if not mark.line:
        raise CaseError(
            f"case {case.name}: it comes from no folder; name the table of the paper's figures (figures=...)"
        )
    return Path(mark.file).parent / FIGURES_FILE


def same(left: float, right: float) -> bool:
    """Whether two figures agree to the precision of the arithmetic."""
    return math.isclose(left, right, rel_tol=1e-9, abs_tol=1e-9)


def _rounded(printed: list[Printed], exact: dict[str, Pair]) -> dict[str, Pair]:
    """The ledger's figures when each is rounded as the paper states it, and goes on rounded."""
    track: dict[tuple[str, Side], float] = {}
    for figure in printed:
        for side, precise, shown in zip(SIDES, exact[figure.id], (figure.low, figure.high), strict=True):
            parents = ROWS[figure.id].parents(side)
            # Only what rounding has changed goes on; the figure itself stays the ledger's.
            value = precise + sum(
                factor * (track[name, end] - exact[name][SIDES.index(end)]) for (name, end), factor in parents.items()
            )
            track[figure.id, side] = float(f"{_round(value, figure.rounding_step, shown):.12g}")
    return {figure.id: (track[figure.id, "low"], track[figure.id, "high"]) for figure in printed}


def _round(value: float, step: float | None, shown: float) -> float:
    """Rounds to a step: up or down as the paper printed it, to the nearest where it did neither."""
    if step is None:
        return value
    down, up = math.floor(value / step + 1e-9) * step, math.ceil(value / step - 1e-9) * step
    for candidate in (down, up):
        if same(candidate, shown):
            return candidate
    return down if value - down < up - value else up


def _verdict(figure: Printed, exact: Pair, rounded: Pair) -> Verdict:
    shown = (figure.low, figure.high)
    if all(same(*pair) for pair in zip(shown, exact, strict=True)):
        return "equal"
    # An end that agrees exactly needs no rounding to explain it.
    sides = zip(shown, exact, rounded, strict=True)
    if all(same(paper, precise) or same(paper, carried) for paper, precise, carried in sides):
        return "explained by rounding"
    return "misprint in the paper"


def number(value: float, digits: int = 2) -> str:
    """A figure for people: thousands apart, no empty decimals."""
    text = f"{value:,.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _note(
    figure: Printed,
    exact: dict[str, Pair],
    rounded: dict[str, Pair],
    verdict: Verdict,
    printed: list[Printed],
) -> str:
    own, carried, shown = exact[figure.id], rounded[figure.id], (figure.low, figure.high)
    is_single = same(*shown) and same(*own) and same(*carried)
    ends = range(1 if is_single else 2)
    unit = figure.unit
    values = " and ".join(number(own[end]) for end in ends)
    if verdict == "equal":
        return f"the accounts give {values} {unit}"
    if verdict == "explained by rounding":
        prints = " and ".join(f"{number(shown[end])}{_direction(figure, own[end], shown[end])}" for end in ends)
        how = [f"to {number(figure.rounding_step)} {unit}"] if figure.rounding_step else []
        roots = _rounded_parents(figure.id, exact, rounded)
        how += [f"computed from {' and '.join(roots)} as rounded"] if roots else []
        return f"the accounts give {values} {unit}; the paper prints {prints} {unit}, {', '.join(how)}"
    step = figure.rounding_step
    why = f"which is no rounding of it to {number(step)} {unit}" if step else "and no rounding is stated"
    parts = []
    for end in ends:
        if same(shown[end], own[end]) or same(shown[end], carried[end]):
            continue
        part = f"the accounts give {number(carried[end])} {unit}, the paper prints {number(shown[end])} {unit}, {why}"
        witnesses = _witnesses(figure.id, SIDES if is_single else (SIDES[end],), rounded, printed)
        if witnesses:
            part += f"; {' and '.join(witnesses)} as printed confirms the accounts"
        parts.append(part)
    return "; ".join(parts)


def _direction(figure: Printed, own: float, shown: float) -> str:
    if figure.rounding_step is None or same(own, shown):
        return ""
    return " (rounded up)" if shown > own else " (rounded down)"


def _rounded_parents(name: str, exact: dict[str, Pair], rounded: dict[str, Pair]) -> list[str]:
    parents = {parent for side in SIDES for parent, _ in ROWS[name].parents(side)}
    return [row for row in ROWS if row in parents and not all(map(same, exact[row], rounded[row]))]


def _witnesses(name: str, sides: Sequence[Side], rounded: dict[str, Pair], printed: list[Printed]) -> list[str]:
    """Figures computed from this one that the paper prints right."""
    found = []
    for figure in printed:
        for end, shown, carried in zip(SIDES, (figure.low, figure.high), rounded[figure.id], strict=True):
            uses = any((name, side) in ROWS[figure.id].parents(end) for side in sides)
            if uses and same(shown, carried) and figure.rounding_step is None:
                found.append(f"{figure.id} of {number(shown)} {figure.unit}")
    return list(dict.fromkeys(found))


def _basis_note(case: Case, figure: Printed) -> str | None:
    """What is wrong with the growth of tokens that the paper prints for a figure; None where it gives the figure."""
    basis = figure.printed_basis
    if basis is None:
        return None
    found = ROWS[figure.id].exact(OwnPlan.of(case, growth_bn_per_day=basis / 1e9))
    if all(
        math.isclose(value, shown, rel_tol=1e-9) for value, shown in zip(found, (figure.low, figure.high), strict=True)
    ):
        return None
    if not found[0] > 0:
        return f"the printed growth of {number(basis)} tokens a day each year gives nothing"
    factor = figure.low / found[0]
    return (
        f"the growth of {number(basis)} tokens a day each year that the paper prints gives {number(found[0])} "
        f"{figure.unit}; the printed {number(figure.low)} {figure.unit} needs {number(basis * factor)} tokens a day, "
        f"{number(factor)} times as many"
    )
