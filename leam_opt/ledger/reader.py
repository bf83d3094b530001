"""Figures of a case read into arrays at one end of their ranges."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from leam_opt.case.quantity import ByYear, End, Quantity

Array = NDArray[np.float64]


class Reader:
    """Takes figures from a case at one end of their ranges.

    Args:
        years: calendar years of the horizon.
        at: which end of the ranges is taken.
    """

    def __init__(self, years: Sequence[int], at: End) -> None:
        self._years, self._at = years, at

    def one(self, figure: Quantity | float | None, missing: float = np.inf) -> Array:
        """() a figure; `missing` where the case leaves it out."""
        if figure is None:
            return np.array(missing)
        return np.array(getattr(figure, self._at) if isinstance(figure, Quantity) else float(figure))

    def each(self, figures: Iterable[Quantity | float | None], missing: float = np.inf) -> Array:
        """(...) a figure of each element of a set."""
        return np.array([self.one(figure, missing) for figure in figures], dtype=float)

    def yearly(self, figure: ByYear | None, missing: float = np.inf) -> Array:
        """(Y) a figure in each year; before its first entry (a type not yet on sale) the first entry."""
        if figure is None:
            return np.full(len(self._years), missing)
        first = figure.first_year
        return np.array([getattr(figure.at_year(max(year, first)), self._at) for year in self._years])

    def each_yearly(self, figures: Iterable[ByYear | None], missing: float = np.inf) -> Array:
        """(..., Y) a figure of each element of a set in each year."""
        rows = [self.yearly(figure, missing) for figure in figures]
        return np.array(rows, dtype=float).reshape(len(rows), len(self._years))
