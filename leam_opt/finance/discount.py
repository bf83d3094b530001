"""Discounting of yearly flows, and the internal rate of return with a status."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]


def discount_factors(rate: ArrayLike, years: ArrayLike) -> Array:
    """1 / (1 + rate) ** years.

    Args:
        rate: (...) nominal yearly rate.
        years: (T) time of each flow in years from today.

    Returns:
        (..., T) factors.
    """
    base = 1.0 + np.asarray(rate, dtype=float)[..., None]
    factors: Array = base ** -np.asarray(years, dtype=float)
    return factors


def npv(rate: ArrayLike, flows: ArrayLike) -> Array:
    """Net present value (NPV) of yearly flows; the first flow is due today and is not discounted.

    Args:
        rate: (...) nominal yearly rate.
        flows: (..., T) flow at the times 0, 1, ..., T - 1.

    Returns:
        (...) value in the unit of the flows.
    """
    values = np.asarray(flows, dtype=float)
    present: Array = np.sum(values * discount_factors(rate, np.arange(values.shape[-1])), axis=-1)
    return present


def nominal_rate(real_rate: float, inflation: float) -> float:
    """Nominal from real rate: (1 + r)(1 + i) - 1."""
    return (1.0 + real_rate) * (1.0 + inflation) - 1.0


@dataclass(frozen=True)
class Irr:
    """Internal rates of return of a series of flows.

    Attributes:
        status: `none` where no rate makes the NPV zero, `unique`, or `several`.
        rates: all rates above -100 %, in rising order.
    """

    status: Literal["none", "unique", "several"]
    rates: tuple[float, ...]


def irr(flows: Sequence[float]) -> Irr:
    """Internal rates of return (IRR) of yearly flows, the first one due today.

    Flows that change their sign once have at most one rate; for others all real roots of the NPV polynomial are found,
    so that a second root is never hidden. Each rate is polished by pyxirr and confirmed by its NPV.
    """
    values = np.trim_zeros(np.asarray(flows, dtype=float))
    signs = np.sign(values[values != 0])
    if not np.any(signs[1:] != signs[:-1]):
        return Irr("none", ())
    import pyxirr

    found: list[float] = []
    for root in np.roots(values[::-1]):
        if abs(root.imag) > 1e-6 * abs(root) or root.real <= 0:
            continue
        start = 1.0 / float(root.real) - 1.0
        polished = pyxirr.irr(values, guess=start)
        rate = start if polished is None or abs(polished - start) > 1e-4 * (1.0 + abs(start)) else float(polished)
        factors = discount_factors(rate, np.arange(values.size))
        balanced = abs(float(values @ factors)) <= 1e-6 * float(np.abs(values) @ factors)
        if balanced and all(abs(rate - other) > 1e-7 for other in found):
            found.append(rate)
    if not found:
        return Irr("none", ())
    return Irr("unique" if len(found) == 1 else "several", tuple(sorted(found)))
