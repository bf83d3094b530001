"""Figures of a plan that a study can keep, and a plan's machines in words."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from leam_opt.case.index import Index
from leam_opt.case.schema import Case
from leam_opt.ledger.books import Books
from leam_opt.ledger.decisions import Decisions

Array = NDArray[np.float64]

STANDARD = (
    *("deficit_meur", "unfunded_gap_meur", "public_money_meur", "private_money_meur", "gross_cost_meur"),
    *("revenue_meur", "public_gpu_hours_million", "cost_per_public_gpu_hour_eur", "energy_gwh"),
)
"""What is kept where a study names no outputs, with the servers of each type."""
_UNITS = {"_meur": "M€", "_share": "share", "_gwh": "GWh", "_kt": "kt", "_eur": "€", "_million": "million", "_bn": "bn"}


def output_names(case: Case, lane: str) -> list[str]:
    """Names of the outputs of a case's plans: totals, lines of the accounts, draws, servers and sites."""
    from leam_opt.ledger.inputs import Inputs

    books = Books.of(Inputs.of(case), Decisions.zeros(Index.of(case)))
    return list(figures(books))


def default_outputs(case: Case, lane: str) -> list[str]:
    """The standard outputs of a case."""
    return [*STANDARD, *(f"servers_{kind}" for kind in case.server_types)]


def unit_of_output(name: str) -> str:
    """Unit of an output, for headings."""
    return next((unit for suffix, unit in _UNITS.items() if name.endswith(suffix)), "")


def figures(books: Books) -> dict[str, Array]:
    """All outputs of plans, each (n) for a batch and () for one plan."""
    plan, index, machines = books.plan, books.inputs.structure.index, books.inputs.machines
    lines = {f"{name}_meur": value for name, value in books.line_totals.items()}
    draws = plan.draws_meur.sum(axis=-1)
    bought = plan.units_bought.sum(axis=(-3, -1)) * machines.servers_per_unit[..., None]
    found = {
        **lines,
        **books.totals,
        **{f"draws_{name}_meur": draws[..., at] for at, name in enumerate(index.instruments)},
        **{f"servers_{name}": bought[..., at] for at, name in enumerate(index.types)},
        "servers": bought.sum(axis=-1),
        "it_power_built_mw": (plan.power_modules_built.sum(axis=-1) * books.inputs.places.module_mw).sum(axis=-1),
    }
    shape = books.totals["deficit_meur"].shape
    return {name: np.broadcast_to(np.asarray(value, dtype=float), shape) for name, value in found.items()}


def structures(plan: Decisions, index: Index) -> list[str]:
    """The whole-number decisions on machines of n plans (leading axis), in words; equal plans read the same."""
    arrays = plan.arrays()
    return [
        _structure({name: array[number] for name, array in arrays.items()}, index)
        for number in range(len(plan.draws_meur))
    ]


def _structure(plan: dict[str, Array], index: Index) -> str:
    told = []
    for y, year in enumerate(index.years):
        for s, site in enumerate(index.sites):
            units = plan["units_bought"][s, :, y]
            things = [f"{units[g]:.0f} {index.types[g]}" for g in np.flatnonzero(units > 0.5)]
            if (modules := plan["power_modules_built"][s, y]) > 0.5:
                things.append(f"{modules:.0f} modules")
            if things:
                told.append(f"{year} {site}: {' + '.join(things)}")
    models = plan["core_models"].sum(axis=-1)
    told += [f"{models[n]:.0f} {name}" for n, name in enumerate(index.generations) if models[n] > 0.5]
    return "; ".join([*told, *_take_up(plan["adoption"], index)])


def _take_up(adoption: Array, index: Index) -> Sequence[str]:
    """The levels of adoption that are reached, with the year from which they are."""
    reached = [index.levels[int(np.argmax(adoption[:, y]))] for y in range(adoption.shape[1])]
    changes = [(reached[y], index.years[y]) for y in range(len(reached)) if y == 0 or reached[y] != reached[y - 1]]
    return [f"take-up {level} from {year}" for level, year in changes]
