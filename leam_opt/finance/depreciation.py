"""Life and straight-line value of what is bought at the start of a year, as shares of the purchase."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def in_service(life_years: int, years: int) -> Array:
    """(bought, year) matrix: 1 in the years v <= y < v + life in which a purchase of year v serves."""
    age = np.arange(years)[None, :] - np.arange(years)[:, None]
    return ((age >= 0) & (age < life_years)).astype(float)


def depreciation_share(life_years: int, years: int) -> Array:
    """(bought, year) matrix: share of the purchase price that is written off in each year (straight-line)."""
    return in_service(life_years, years) / life_years


def remaining_share(life_years: int, years: int) -> Array:
    """(bought) share of the purchase price that is left at the end of the last year (straight-line)."""
    age = years - np.arange(years)
    return np.clip(1.0 - age / life_years, 0.0, None)
