"""Figures of a case read into arrays: at one end of their ranges, or as several variants have them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from leam_opt.case.figures import Figures
from leam_opt.case.quantity import ByYear, End, Quantity

Array = NDArray[np.float64]


class Reader:
    """Takes figures from a case at one end of their ranges.

    Attributes:
        variants: leading axes of every array that is read; none here.

    Args:
        years: calendar years of the horizon.
        at: which end of the ranges is taken.
    """

    variants: tuple[int, ...] = ()

    def __init__(self, years: Sequence[int], at: End = "base") -> None:
        self._years, self._at = years, at

    def _value(self, figure: Quantity) -> Array | float:
        """The value of a figure in its unit: () or, where it varies, (variants)."""
        return float(getattr(figure, self._at))

    def one(self, figure: Quantity | float | None, missing: float = np.inf) -> Array:
        """(variants) a figure; `missing` where the case leaves it out."""
        filled = np.empty(self.variants)
        if isinstance(figure, Quantity):
            filled[...] = self._value(figure)
        else:
            filled[...] = missing if figure is None else figure
        return filled

    def each(self, figures: Iterable[Quantity | float | None], missing: float = np.inf) -> Array:
        """(variants, ...) a figure of each element of a set."""
        return self._laid(self.one(figure, missing) for figure in figures)

    def yearly(self, figure: ByYear | None, missing: float = np.inf) -> Array:
        """(variants, Y) a figure in each year; before its first entry (a type not yet on sale) the first entry."""
        if figure is None:
            return np.full((*self.variants, len(self._years)), missing)
        first = figure.first_year
        return self.each(figure.at_year(max(year, first)) for year in self._years)

    def each_yearly(self, figures: Iterable[ByYear | None], missing: float = np.inf) -> Array:
        """(variants, ..., Y) a figure of each element of a set in each year."""
        return self._laid((self.yearly(figure, missing) for figure in figures), len(self._years))

    def _laid(self, values: Iterable[Array], *axes: int) -> Array:
        """(variants, ..., axes) arrays (variants, axes) of the elements of a set, side by side."""
        found = list(values)
        return np.stack(found, axis=len(self.variants)) if found else np.empty((*self.variants, 0, *axes))


class BatchReader(Reader):
    """Takes figures as n variants have them; every array that it reads has a leading axis of n.

    Args:
        years: calendar years of the horizon.
        figures: values of the figures that vary; all others have their planning values.
    """

    def __init__(self, years: Sequence[int], figures: Figures) -> None:
        super().__init__(years)
        self._figures = figures
        self.variants = () if figures.size is None else (figures.size,)

    def _value(self, figure: Quantity) -> Array | float:
        return self._figures.one(figure)
