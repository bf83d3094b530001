"""What is known of an uncertain figure: a distribution over its range, from the case or from the study."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from leam_opt.case.quantity import Quantity, Unit

Array = NDArray[np.float64]
Kind = Literal["triangular", "uniform", "normal", "pert"]

PARAMETERS: dict[str, tuple[str, ...]] = {
    "triangular": ("low", "mode", "high"),
    "uniform": ("low", "high"),
    "normal": ("mean", "sd"),
    "pert": ("low", "mode", "high"),
}
"""Kinds of distributions and their parameters, all in the figure's unit."""
PERT_WEIGHT = 4.0
"""How much the mode of a PERT distribution counts beside its two ends."""
RANGE_IN_SDS = 2 * 1.959963984540054
"""A range without further words is the middle 95 % of a normal distribution, so many standard deviations wide."""


class DistributionError(ValueError):
    """The parameters make no distribution; `where` is the one to blame, empty for all of them."""

    def __init__(self, message: str, where: str = "") -> None:
        super().__init__(message)
        self.where = where


@dataclass(frozen=True)
class Distribution:
    """A distribution of a figure, in the figure's unit.

    Attributes:
        kind: `triangular`, `uniform`, `normal` or `pert` (a beta distribution whose mode weighs `PERT_WEIGHT`).
        low, mode, high: ends and most likely value; of a normal distribution, `low` and `high` are the bounds of the
            figure's unit, at which it is cut off (infinite where there are none).
        mean, sd: of the normal distribution before it is cut off.
    """

    kind: Kind
    low: float
    high: float
    mode: float | None = None
    mean: float | None = None
    sd: float | None = None

    @cached_property
    def frozen(self) -> Any:
        """The distribution of `scipy.stats`."""
        from scipy import stats

        width = self.high - self.low
        if self.kind == "uniform":
            return stats.uniform(self.low, width)
        if self.kind == "normal":
            assert self.mean is not None
            assert self.sd is not None
            ends = ((end - self.mean) / self.sd for end in (self.low, self.high))
            return stats.truncnorm(*ends, loc=self.mean, scale=self.sd)
        assert self.mode is not None
        place = (self.mode - self.low) / width
        if self.kind == "triangular":
            return stats.triang(place, loc=self.low, scale=width)
        return stats.beta(1 + PERT_WEIGHT * place, 1 + PERT_WEIGHT * (1 - place), loc=self.low, scale=width)

    def ppf(self, levels: ArrayLike) -> Array:
        """Values below which the distribution has so much of its probability (between 0 and 1); any shape."""
        values = np.asarray(self.frozen.ppf(np.asarray(levels, dtype=float)), dtype=float)
        clipped: Array = np.clip(values, self.low, self.high)  # rounding may step over an end
        return clipped

    @property
    def cut_off_share(self) -> float:
        """Probability of a normal distribution outside the figure's bounds; zero for all others."""
        if self.kind != "normal":
            return 0.0
        from scipy.special import ndtr

        assert self.mean is not None
        assert self.sd is not None
        return float(ndtr((self.low - self.mean) / self.sd) + ndtr((self.mean - self.high) / self.sd))

    def describe(self) -> dict[str, Any]:
        """Kind and parameters as plain data; ends of the unit that are infinite are left out."""
        told = {name: getattr(self, name) for name in ("low", "mode", "high", "mean", "sd")}
        return {"kind": self.kind} | {
            name: value for name, value in told.items() if value is not None and math.isfinite(value)
        }


def distribution(
    kind: Kind, given: Mapping[str, float], unit: Unit, *, own: Quantity | None = None, base: float | None = None
) -> Distribution:
    """The distribution of a figure from parameters, where the figure's own range fills in for those left out.

    The base value is the default of mode and mean; a normal distribution takes the figure's own range for its middle
    95 %. It is cut off at the bounds of the unit.

    Args:
        kind: one of `PARAMETERS`.
        given: parameters in the figure's unit, each within its bounds.
        unit: the figure's unit.
        own: the figure, where the case has one (without a range it gives no ends).
        base: the planning value where `own` is not given.

    Raises:
        DistributionError: where parameters are missing, unknown, out of order or leave nothing uncertain.
    """
    allowed = PARAMETERS[kind]
    for name in given:
        if name not in allowed:
            raise DistributionError(f"a {kind} distribution has no '{name}'; it takes {', '.join(allowed)}", name)
    filled = {**_defaults(own, base), **given}
    missing = [name for name in allowed if name not in filled]
    if missing:
        lacks = "the figure has no range in the case" if own is None or not own.is_range else "the case has no value"
        raise DistributionError(f"{lacks}; give {', '.join(missing)} of the {kind} distribution")
    if kind == "normal":
        return _normal(filled["mean"], filled["sd"], unit)
    low, high = filled["low"], filled["high"]
    if low > high:
        raise DistributionError(f"low {low:g} is above high {high:g} {unit.name}; exchange them", "low")
    if low == high:
        raise DistributionError(f"low and high are both {low:g} {unit.name}, so that nothing is uncertain", "high")
    if kind == "uniform":
        return Distribution(kind, low, high)
    mode = filled["mode"]
    if not low <= mode <= high:
        said = "" if "mode" in given else " (the value of the case)"
        message = f"the mode {mode:g}{said} lies outside {low:g} to {high:g} {unit.name}; give one within"
        raise DistributionError(message, "mode" if "mode" in given else "")
    return Distribution(kind, low, high, mode=mode)


def _defaults(own: Quantity | None, base: float | None) -> dict[str, float]:
    base = own.base if own is not None else base
    found = {} if base is None else {"mode": base, "mean": base}
    if own is not None and own.is_range:
        found |= {"low": own.low, "high": own.high, "sd": (own.high - own.low) / RANGE_IN_SDS}
    return found


def _normal(mean: float, sd: float, unit: Unit) -> Distribution:
    if not sd > 0:
        raise DistributionError(f"the standard deviation {sd:g} {unit.name} must be above 0", "sd")
    floor = -math.inf if unit.ge is None else unit.ge
    floor = floor if unit.gt is None else math.nextafter(unit.gt, math.inf)
    ceiling = math.inf if unit.le is None else unit.le
    return Distribution("normal", floor, ceiling, mean=mean, sd=sd)
