"""Cases whose figures vary, as a batch and one by one."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import numpy as np
from numpy.typing import NDArray

import leam_opt as lo
from leam_opt.case.figures import quantities_at, vary
from leam_opt.case.register import entries
from leam_opt.case.schema import Case
from leam_opt.errors import CaseError
from leam_opt.ledger.inputs import Inputs
from leam_opt.ledger.reader import BatchReader
from tests.ledger.funded import rich_case

Array = NDArray[np.float64]
Draws = Mapping[str, Array]


@cache
def leam(scenario: str | None = None) -> Case:
    return lo.load_case("leam-2022").scenario(scenario)


@cache
def rich() -> Case:
    return rich_case()


def ranges(case: Case) -> dict[str, tuple[float, float]]:
    """Low and high end of every figure with a range."""
    return {entry.path: (entry.low, entry.high) for entry in entries(case) if entry.low < entry.high}


def within_ranges(case: Case, size: int) -> dict[str, Array]:
    random = np.random.default_rng(3)
    return {path: random.uniform(low, high, size) for path, (low, high) in ranges(case).items()}


def around(case: Case, size: int) -> dict[str, Array]:
    """Every figure of the rich case that is not zero, up to 3 % below its planning value.

    The shares of tranches add up to one and stay; a loan's rate is that of its first band, and above what a guarantee
    saves.
    """
    random = np.random.default_rng(4)
    found = [
        entry for entry in entries(case) if entry.base > 0 and not entry.path.endswith((".first.share", "top.share"))
    ]
    draws = {entry.path: entry.base * random.uniform(0.97, 1, size) for entry in found if is_figure(case, entry.path)}
    draws["funding.instruments.bank.rate"] = draws["funding.instruments.bank.rate_bands.0.rate"]
    draws["funding.guarantees.state.rate_reduction"] *= 0.9
    return draws


def is_figure(case: Case, path: str) -> bool:
    try:
        return bool(quantities_at(case, path))
    except CaseError:  # a whole number
        return False


def batch_of(case: Case, draws: Draws) -> Inputs:
    frame, figures = vary(case, draws)
    return Inputs.read(frame, BatchReader(frame.years, figures))


def one_by_one(case: Case, draws: Draws) -> list[Case]:
    size = len(next(iter(draws.values())))
    return [case.override({path: float(values[i]) for path, values in draws.items()}) for i in range(size)]


def drawn(name: str, size: int = 4) -> tuple[Case, dict[str, Array]]:
    if name == "rich":
        return rich(), around(rich(), size)
    return leam(name), within_ranges(leam(name), size)
