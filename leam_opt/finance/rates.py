"""Real and nominal rates as types of their own, so that one can never stand in for the other.

All flows of the project are nominal (the euros of their year) and are discounted at a nominal rate. A real rate leaves
inflation out; it has to be converted before anything can be discounted with it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass


def _checked(share: float, what: str) -> None:
    if not (math.isfinite(share) and share > -1.0):
        raise ValueError(f"{what} of {share:g} is no yearly rate; it must be a finite share above -1 (6 % is 0.06)")


@dataclass(frozen=True)
class _Rate:
    """A yearly rate.

    Attributes:
        share: the rate as a share (6 % is 0.06), above -1.

    Raises:
        ValueError: the share is not finite or not above -1.
    """

    share: float

    def __post_init__(self) -> None:
        _checked(self.share, type(self).__name__)


class NominalRate(_Rate):
    """A yearly rate that includes inflation."""

    def real(self, inflation: float) -> RealRate:
        """The real rate behind it: (1 + nominal) / (1 + inflation) - 1."""
        _checked(inflation, "inflation")
        return RealRate((1.0 + self.share) / (1.0 + inflation) - 1.0)

    def plus(self, premium: float) -> NominalRate:
        """The rate with a premium on top."""
        return NominalRate(self.share + premium)


class RealRate(_Rate):
    """A yearly rate above inflation."""

    def nominal(self, inflation: float) -> NominalRate:
        """The nominal rate: (1 + real)(1 + inflation) - 1."""
        _checked(inflation, "inflation")
        return NominalRate((1.0 + self.share) * (1.0 + inflation) - 1.0)
