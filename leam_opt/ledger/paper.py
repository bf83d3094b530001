"""The figures that the paper prints, and how each of them follows from the accounts of the paper's own plan."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from leam_opt.case.csv_source import parse_csv
from leam_opt.case.quantity import hint
from leam_opt.case.schema import Case
from leam_opt.case.tree import UnreadableError
from leam_opt.case.yaml_source import read_text
from leam_opt.errors import CaseError
from leam_opt.ledger.batch import stack
from leam_opt.ledger.books import Books
from leam_opt.ledger.decisions import Array
from leam_opt.ledger.inputs import Inputs
from leam_opt.ledger.physical import HOURS_PER_YEAR, unit_mw
from leam_opt.ledger.reference import Reading, Tokens, reference_decisions

FIGURES_FILE = "data/paper_figures.csv"
YEARS = 5
"""Years that the paper plans (annex C: Fünfjahresplan; annex G: nach fünf Jahren)."""
HOURS = YEARS * HOURS_PER_YEAR

Side = Literal["low", "high"]
SIDES: tuple[Side, Side] = ("low", "high")
Pair = tuple[float, float]
_COLUMNS = ("id", "annex", "item", "unit", "low", "high", "rounding_step", "printed_basis")


@dataclass(frozen=True)
class Printed:
    """A figure as the paper prints it.

    Attributes:
        id: annex and number.
        annex, item, unit: what it is.
        low, high: the printed ends of its range; equal for a single figure.
        rounding_step: step to which the paper says that it rounded (`gerundet`); None where it says nothing.
        printed_basis: growth in tokens a day per year from which the paper says that the figure follows; None: none.
    """

    id: str
    annex: str
    item: str
    unit: str
    low: float
    high: float
    rounding_step: float | None
    printed_basis: float | None


def read_figures(file: Path) -> list[Printed]:
    """The printed figures of a CSV table with the columns of `Printed`, in the order of `ROWS`.

    Raises:
        CaseError: the file is missing or not a table, a column or a figure is missing, a cell is not a number.
    """
    if not file.is_file():
        raise CaseError(f"{file}: no such file; reconcile needs the figures that the paper prints")
    try:
        sheet, problems = parse_csv(read_text(file, str(file)), str(file))
    except UnreadableError as error:
        raise CaseError(str(error.problem)) from None
    found = [str(problem) for problem in problems]
    missing = [name for name in _COLUMNS if name not in sheet.columns]
    if missing:
        found.append(
            f"{sheet.header[0].mark}: column {', '.join(missing)} is missing; needed are {', '.join(_COLUMNS)}"
        )
    if found:
        raise CaseError(found)
    figures: dict[str, Printed] = {}
    for cells in sheet.rows:
        row = dict(zip(sheet.columns, cells, strict=True))
        numbers: dict[str, float | None] = {}
        for name in ("low", "high", "rounding_step", "printed_basis"):
            text = row[name].text
            if not text and name not in SIDES:
                numbers[name] = None
                continue
            try:
                numbers[name] = float(text)
            except ValueError:
                numbers[name] = math.nan
            if not math.isfinite(numbers[name] or 0.0):
                numbers[name] = None
                found.append(f"{row[name].mark}: '{text}' in column {name} is not a number")
        name = row["id"].text
        if name not in ROWS:
            found.append(f"{row['id'].mark}: unknown figure '{name}'; {hint(name, list(ROWS))}")
        if name in figures:
            found.append(f"{row['id'].mark}: figure '{name}' stands twice")
        low, high, step = numbers["low"], numbers["high"], numbers["rounding_step"]
        if step is not None and not step > 0:
            found.append(f"{row['rounding_step'].mark}: a rounding step must be above zero")
        if low is not None and high is not None:
            texts = [row[column].text for column in ("id", "annex", "item", "unit")]
            figures[name] = Printed(texts[0], texts[1], texts[2], texts[3], low, high, step, numbers["printed_basis"])
    absent = [name for name in ROWS if name not in figures]
    if absent and not found:
        found.append(f"{file}: figure {', '.join(absent)} is missing")
    if found:
        raise CaseError(found)
    return [figures[name] for name in ROWS]


@dataclass(frozen=True)
class OwnPlan:
    """The accounts of the paper's own plan: both ends of the ranges, with constant and with growing tokens."""

    books: Books

    @classmethod
    def of(cls, case: Case, growth_bn_per_day: float | None = None, billed_share: float | None = None) -> OwnPlan:
        """Evaluates the reference plan of a case; the arguments replace figures of the plan, see `Reading`."""
        paths: tuple[Tokens, Tokens] = ("constant", "growth")
        readings = [Reading(side, path, growth_bn_per_day, billed_share) for path in paths for side in SIDES]
        inputs = Inputs.of([Inputs.of(case, reading.at) for reading in readings])
        return cls(Books.of(inputs, stack([reference_decisions(case, reading) for reading in readings])))

    def ends(self, values: Array, path: Tokens = "constant") -> Pair:
        """Low and high end of a figure (variants,)."""
        first = 0 if path == "constant" else len(SIDES)
        return float(values[first]), float(values[first + 1])

    def eur(self, lines: tuple[str, ...], path: Tokens = "constant", year: int | None = None) -> Pair:
        """Sum of lines in EUR, of one year (from 0) or of all years; revenue counts positive."""
        books = self.books
        total: Array = np.zeros(2 * len(SIDES))
        for name in lines:
            yearly = books.lines[name].sum(axis=-2) * (-1e6 if books.categories[name] == "revenue" else 1e6)
            total = total + (yearly.sum(axis=-1) if year is None else yearly[:, year])
        return self.ends(total, path)

    def of_category(self, *categories: str, without: tuple[str, ...] = ()) -> tuple[str, ...]:
        """Names of the lines of categories."""
        kinds = self.books.categories
        return tuple(name for name, kind in kinds.items() if kind in categories and name not in without)


Parents = Mapping[tuple[str, Side], float]


@dataclass(frozen=True)
class Definition:
    """How a figure follows from the accounts.

    Attributes:
        exact: both ends from the accounts of the plan.
        low, high: figures of the paper from which the paper computes each end, with their factors; they say where a
            rounding goes on, not what the figure is.
    """

    exact: Callable[[OwnPlan], Pair]
    low: Parents
    high: Parents

    def parents(self, side: Side) -> Parents:
        """Figures that one end is computed from."""
        return self.low if side == "low" else self.high


def _define(exact: Callable[[OwnPlan], Pair], plus: Mapping[str, float] | None = None, **minus: float) -> Definition:
    """`plus`: figures that count with their own end; `minus`: figures that count with the opposite end."""
    same = dict(plus or {})
    low: dict[tuple[str, Side], float] = {(name, "low"): factor for name, factor in same.items()}
    high: dict[tuple[str, Side], float] = {(name, "high"): factor for name, factor in same.items()}
    low |= {(name, "high"): factor for name, factor in minus.items()}
    high |= {(name, "low"): factor for name, factor in minus.items()}
    return Definition(exact, low, high)


_POOL_STAFF = ("core_staff", "tuning_staff", "inference_staff")
_SALES = ("core_revenue", "tuning_revenue", "inference_revenue", "heat_revenue")


def _infrastructure(plan: OwnPlan, year: int | None = 0) -> Pair:
    return plan.eur(plan.of_category("opex", without=_POOL_STAFF), year=year)


def _infrastructure_total(plan: OwnPlan) -> Pair:
    return plan.eur(plan.of_category("capex", "opex", without=_POOL_STAFF))


def _scaled(pair: Pair, factor: float) -> Pair:
    return pair[0] * factor, pair[1] * factor


def _less(gain: Pair, cost: Pair) -> Pair:
    """Balance: the low end takes the high end of the cost."""
    return gain[0] - cost[1], gain[1] - cost[0]


def _best_and_worst(plan: OwnPlan, lines: tuple[str, ...]) -> Pair:
    """Revenue: the low end with constant tokens, the high end with growing ones."""
    return plan.eur(lines, "constant")[0], plan.eur(lines, "growth")[1]


def _year(line: str, year: int = 0, path: Tokens = "constant") -> Callable[[OwnPlan], Pair]:
    return lambda plan: plan.eur((line,), path, year)


def _five_years(line: str) -> Callable[[OwnPlan], Pair]:
    return lambda plan: plan.eur((line,))


def _installed(per_unit: Callable[[OwnPlan], Array]) -> Callable[[OwnPlan], Pair]:
    """Units in service in the first year times something of a unit (variants, G)."""
    return lambda plan: plan.ends((plan.books.things.units_alive[..., 0].sum(axis=1) * per_unit(plan)).sum(axis=-1))


def _kind(values: Callable[[OwnPlan], Array]) -> Callable[[OwnPlan], Pair]:
    """A figure (variants, G) of the server type that the plan buys."""

    def of(plan: OwnPlan) -> Pair:
        bought = int(np.argmax(plan.books.plan.units_bought.sum(axis=(0, 1, 3))))
        return plan.ends(values(plan)[:, bought])

    return of


def _growth_rows() -> dict[str, Definition]:
    return {f"F{4 + year}": _define(_year("inference_revenue", year, "growth")) for year in range(YEARS)}


ROWS: dict[str, Definition] = {
    "B1": _define(lambda p: p.ends(p.books.inputs.machines.cpu_cores)),
    "B2": _define(lambda p: p.ends(p.books.inputs.machines.cpu_cores / p.books.inputs.machines.cpu_cores_per_server)),
    "B3": _define(lambda p: p.ends(p.books.inputs.machines.servers_per_unit)),
    "B4": _define(lambda p: p.ends(p.books.inputs.machines.racks_per_unit)),
    "B5": _define(_installed(lambda p: np.ones_like(p.books.inputs.machines.server_kw))),
    "B6": _define(_installed(lambda p: p.books.inputs.machines.servers_per_unit[:, None])),
    "B7": _define(
        _installed(
            lambda p: p.books.inputs.machines.servers_per_unit[:, None] * p.books.inputs.machines.gpus_per_server
        )
    ),
    "B8": _define(_installed(lambda p: p.books.inputs.machines.racks_per_unit[:, None])),
    "B9": _define(_kind(lambda p: p.books.inputs.machines.server_kw)),
    "B10": _define(_installed(lambda p: unit_mw(p.books.inputs))),
    "C1": _define(_five_years("servers")),
    "C2": _define(lambda p: p.eur(("building", "site_opening", "grid_connection"))),
    "C3": _define(lambda p: p.eur(p.of_category("capex")), {"C1": 1, "C2": 1}),
    "C4": _define(lambda p: p.eur(p.books.inputs.structure.upkeep_lines, year=0)),
    "C5": _define(_year("electricity")),
    "C6": _define(_year("operations_staff")),
    "C7": _define(_year("internet")),
    "C8": _define(_year("licences")),
    "C9": _define(_year("cpu_rent")),
    "C10": _define(_infrastructure, {"C4": 1, "C5": 1, "C6": 1, "C7": 1, "C8": 1, "C9": 1}),
    "C11": _define(_infrastructure_total, {"C3": 1, "C10": YEARS}),
    "C12": _define(lambda p: _scaled(_infrastructure_total(p), 1 / HOURS), {"C11": 1 / HOURS}),
    "D1": _define(_year("core_staff")),
    "D2": _define(lambda p: _scaled(p.eur(("core_revenue",), year=0), 1 / HOURS_PER_YEAR)),
    "D3": _define(_year("core_revenue"), {"D2": HOURS_PER_YEAR}),
    "E1": _define(_year("tuning_staff")),
    "E2": _define(lambda p: _scaled(p.eur(("tuning_revenue",), year=0), 1 / HOURS_PER_YEAR)),
    "E3": _define(_year("tuning_revenue"), {"E2": HOURS_PER_YEAR}),
    "F1": _define(_year("inference_staff")),
    "F2": _define(lambda p: _scaled(p.eur(("inference_revenue",), year=0), 1 / 365)),
    "F3": _define(_year("inference_revenue"), {"F2": 365}),
    **_growth_rows(),
    "G1": _define(lambda p: _less((0.0, 0.0), _infrastructure_total(p)), C11=-1),
    "G2": _define(_five_years("core_revenue"), {"D3": YEARS}),
    "G3": _define(_five_years("core_staff"), {"D1": YEARS}),
    "G4": _define(lambda p: _less(p.eur(("core_revenue",)), p.eur(("core_staff",))), {"G2": 1}, G3=-1),
    "G5": _define(_five_years("tuning_revenue"), {"E3": YEARS}),
    "G6": _define(_five_years("tuning_staff"), {"E1": YEARS}),
    "G7": _define(lambda p: _less(p.eur(("tuning_revenue",)), p.eur(("tuning_staff",))), {"G5": 1}, G6=-1),
    "G8": Definition(
        lambda p: _best_and_worst(p, ("inference_revenue",)),
        low={("F3", "low"): YEARS},
        high={(f"F{4 + year}", "high"): 1.0 for year in range(YEARS)},
    ),
    "G9": _define(_five_years("inference_staff"), {"F1": YEARS}),
    "G10": _define(
        lambda p: _less(_best_and_worst(p, ("inference_revenue",)), p.eur(("inference_staff",))), {"G8": 1}, G9=-1
    ),
    "G11": _define(lambda p: _best_and_worst(p, _SALES), {"G2": 1, "G5": 1, "G8": 1}),
    "G12": _define(lambda p: p.eur(p.of_category("capex", "opex")), {"C11": 1, "G3": 1, "G6": 1, "G9": 1}),
    "G13": _define(
        lambda p: _less(_best_and_worst(p, _SALES), p.eur(p.of_category("capex", "opex"))), {"G11": 1}, G12=-1
    ),
}
"""The 49 figures of annexes B to G in the paper's order; a figure stands after those that it is computed from."""


def exact_figures(plan: OwnPlan) -> dict[str, Pair]:
    """Both ends of every figure from the accounts; twelve digits, so that sums do not show the noise of their order."""
    return {name: (_clean(low), _clean(high)) for name, (low, high) in ((n, d.exact(plan)) for n, d in ROWS.items())}


def _clean(value: float) -> float:
    return float(f"{value:.12g}") if math.isfinite(value) else value
