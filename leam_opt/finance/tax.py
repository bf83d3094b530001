"""Corporate tax with losses carried forward."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]


def taxed_so_far(profit: ArrayLike) -> Array:
    """(..., Y) profit that has been taxed by the end of each year: the highest cumulative profit so far, at least zero.

    Losses of earlier years are carried forward without limit; a loss is never taxed back.

    Args:
        profit: (..., Y) profit of each year before tax.
    """
    highest: Array = np.maximum.accumulate(np.cumsum(np.asarray(profit, dtype=float), axis=-1), axis=-1)
    return np.maximum(highest, 0.0)


def corporate_tax(profit: ArrayLike, rate: ArrayLike) -> Array:
    """(..., Y) tax of each year on what its profit adds to `taxed_so_far`, in the unit of the profit.

    Args:
        profit: (..., Y) profit of each year before tax.
        rate: (..., Y) or () tax rate of the year.
    """
    added: Array = np.diff(taxed_so_far(profit), axis=-1, prepend=0.0)
    return np.asarray(rate, dtype=float) * added
