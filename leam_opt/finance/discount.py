"""When flows fall due, their present value, and the internal rate of return with a status.

Timing of the project: what moves at the start of year y (capital expenditure, draws) is due at t = y - 1, what moves at
its end (operating flows, debt service) at t = y. `timeline` is the one place that says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from leam_opt.finance.rates import NominalRate

Array = NDArray[np.float64]

DUST = 1e-12
"""Flows below this share of the largest one are rounding, not money: they make no change of sign."""


def discount_factors(rate: ArrayLike, years: ArrayLike) -> Array:
    """1 / (1 + rate) ** years.

    Args:
        rate: (...) nominal yearly rate as a share.
        years: (T) time of each flow in years from today.

    Returns:
        (..., T) factors.
    """
    base = 1.0 + np.asarray(rate, dtype=float)[..., None]
    factors: Array = base ** -np.asarray(years, dtype=float)
    return factors


def timeline(start: ArrayLike, end: ArrayLike) -> Array:
    """Flows of years as a series from today.

    Args:
        start: (..., Y) flows at the start of each year, due at t = 0 .. Y - 1.
        end: (..., Y) flows at the end of each year, due at t = 1 .. Y.

    Returns:
        (..., Y + 1) flows at t = 0 .. Y, in the unit of the arguments.
    """
    first, last = np.broadcast_arrays(np.asarray(start, dtype=float), np.asarray(end, dtype=float))
    flows = np.zeros((*first.shape[:-1], first.shape[-1] + 1))
    flows[..., :-1] += first
    flows[..., 1:] += last
    return flows


def present_value(rate: NominalRate, flows: ArrayLike) -> Array:
    """Present value of many series of flows at once; the first flow is due today.

    Args:
        rate: nominal yearly rate.
        flows: (..., T) flows at t = 0 .. T - 1.

    Returns:
        (...) value in the unit of the flows.
    """
    values = np.asarray(flows, dtype=float)
    present: Array = values @ discount_factors(rate.share, np.arange(values.shape[-1]))
    return np.asarray(present)


def npv(rate: NominalRate, flows: Sequence[float] | Array) -> float:
    """Net present value (NPV) of one series of yearly flows (pyxirr); the first flow is due today.

    Args:
        rate: nominal yearly rate.
        flows: (T) flows at t = 0 .. T - 1.

    Returns:
        Value in the unit of the flows.
    """
    import pyxirr

    value = pyxirr.npv(rate.share, [float(flow) for flow in flows])
    return 0.0 if value is None else float(value)


@dataclass(frozen=True)
class Irr:
    """Internal rates of return of a series of flows.

    Attributes:
        status: `none` where no rate makes the NPV zero, `unique`, or `several`.
        rates: all rates above -100 %, in rising order.
    """

    status: Literal["none", "unique", "several"]
    rates: tuple[float, ...]

    @property
    def only(self) -> float | None:
        """The rate where there is exactly one; None otherwise, since no one of several is the return."""
        return self.rates[0] if self.status == "unique" else None


def irr(flows: Sequence[float] | Array) -> Irr:
    """Internal rates of return (IRR) of yearly flows, the first one due today.

    Flows that change their sign once have at most one rate; for others all real roots of the NPV polynomial are found,
    so that a second root is never hidden. Each rate is polished by pyxirr and confirmed by its NPV.
    """
    values = np.asarray(flows, dtype=float)
    largest = np.abs(values).max(initial=0.0)
    values = np.trim_zeros(np.where(np.abs(values) <= DUST * largest, 0.0, values))
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
