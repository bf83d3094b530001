"""Arrays that may have one leading axis of variants before the axes that they are documented with."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Parts = dict[tuple[int, ...], Array]
"""Parts of an array by their index in it, a whole number for each of its first axes."""


def assembled(parts: Parts, shape: tuple[int, ...]) -> Array:
    """An array of the given shape with a part at each index, and zero elsewhere.

    The indices have the same length; each part has the axes behind it (of length one where it is the same along them).
    The array has a leading axis where any part has one.
    """
    leading: tuple[int, ...] = ()
    for index, part in parts.items():
        leading = np.broadcast_shapes(leading, part.shape[: part.ndim - len(shape) + len(index)])
    whole = np.zeros((*leading, *shape))
    for index, part in parts.items():
        place: tuple[Any, ...] = (..., *index, *[slice(None)] * (len(shape) - len(index)))
        whole[place] = part
    return whole
