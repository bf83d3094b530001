"""Value for money: what public delivery would cost (PSC) against what a partnership (PPP) costs the public.

Public sector comparator = raw cost + competitive neutrality + transferable risk + retained risk; partnership = bid +
retained risk + ancillary cost. All figures are present values at one nominal rate; a figure that is uncertain has one
value for each sample (axis N), and both sides stand under the same samples.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]

Basis = Literal["capex", "opex", "revenue"]
BASES: Final[tuple[Basis, ...]] = ("capex", "opex", "revenue")


@dataclass(frozen=True)
class Values:
    """Present values of what a plan spends and earns, () or (N), in one unit.

    Attributes:
        capex, opex: expenditure, positive.
        revenue: income, positive.
    """

    capex: Array
    opex: Array
    revenue: Array

    @property
    def net_cost(self) -> Array:
        """Expenditure less revenue."""
        return self.capex + self.opex - self.revenue

    def cost_above(self, planned: Values) -> Values:
        """What each part costs more than planned; of revenue what is missing."""
        return Values(self.capex - planned.capex, self.opex - planned.opex, planned.revenue - self.revenue)


@dataclass(frozen=True)
class Overrun:
    """A risk of the register.

    Attributes:
        basis: what the overrun is measured on.
        share: () or (N) cost above plan, or revenue below it, as a share of the basis.
        transferred: () or (N) share that the private partners bear in a partnership.
    """

    basis: Basis
    share: Array
    transferred: Array


@dataclass(frozen=True)
class Risk:
    """Cost of risks to whoever bears them, (N).

    Attributes:
        transferable: what the private partners bear in a partnership.
        retained: what stays with the public in any case.
    """

    transferable: Array
    retained: Array


def risk(planned: Values, sampled: Values, transferred: Mapping[Basis, ArrayLike], register: Sequence[Overrun]) -> Risk:
    """Cost of the risks of a plan: deviations of its figures, and the risks of the register on its planned values.

    Args:
        planned: () present values of the plan.
        sampled: (N) present values of the same plan under sampled figures.
        transferred: () or (N) share of the deviations of each basis that the private partners bear.
        register: risks beyond the ranges of the figures.

    Returns:
        (N) both parts; they add up to the whole cost of risk.
    """
    above = sampled.cost_above(planned)
    deviations = [(getattr(above, basis), np.asarray(transferred[basis], dtype=float)) for basis in BASES]
    overruns = [(item.share * getattr(planned, item.basis), item.transferred) for item in register]
    nothing = np.zeros(np.shape(sampled.net_cost))
    transferable, retained = nothing, nothing
    for cost, share in [*deviations, *overruns]:
        transferable = transferable + cost * share
        retained = retained + cost * (1.0 - share)
    return Risk(transferable, retained)


@dataclass(frozen=True)
class Spread:
    """A figure over all samples: 5th percentile, mean, 95th percentile (linear interpolation)."""

    p5: float
    mean: float
    p95: float

    @classmethod
    def of(cls, samples: ArrayLike) -> Spread:
        """The spread of () or (N) samples; a single value is its own spread."""
        values = np.asarray(samples, dtype=float)
        low, high = np.percentile(values, (5.0, 95.0))
        # The mean of equal numbers may be one digit off in floating point.
        mean = np.clip(values.mean(), values.min(), values.max())
        return cls(float(low), float(mean), float(high))


@dataclass(frozen=True)
class Delivery:
    """Cost of one way of delivery to the public.

    Attributes:
        components: () or (N) by name; they add up to the total.
    """

    components: Mapping[str, Array]

    @property
    def total(self) -> Array:
        """() or (N) sum of the components."""
        return np.asarray(sum(self.components.values()))


def public_sector_comparator(planned: Values, neutrality: ArrayLike, risks: Risk) -> Delivery:
    """Cost of purely public delivery.

    Args:
        planned: () present values of the comparator's plan; its net cost is the raw cost.
        neutrality: () or (N) taxes and duties that public delivery does not pay, as a share of its capital expenditure
            and operating cost.
        risks: (N) risks of the same plan.
    """
    return Delivery(
        {
            "raw_cost": np.asarray(planned.net_cost),
            "competitive_neutrality": np.asarray(neutrality, dtype=float) * (planned.capex + planned.opex),
            "transferable_risk": risks.transferable,
            "retained_risk": risks.retained,
        }
    )


def partnership(bid: ArrayLike, ancillary: ArrayLike, risks: Risk) -> Delivery:
    """Cost of a partnership to the public.

    Args:
        bid: () present value of what the public pays to the partnership, net of what it gets back.
        ancillary: () or (N) public cost of procuring and supervising the partnership.
        risks: (N) risks of the partnership's own plan; what is transferred is part of the bid.
    """
    return Delivery(
        {
            "bid": np.asarray(bid, dtype=float),
            "retained_risk": risks.retained,
            "ancillary_cost": np.asarray(ancillary, dtype=float),
        }
    )
