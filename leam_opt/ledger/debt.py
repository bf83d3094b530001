"""Debt by rate band, interest during construction, and guarantees."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from leam_opt.finance.loans import flows_of_draws
from leam_opt.ledger.decisions import Decisions
from leam_opt.ledger.inputs import Inputs

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Debt:
    """Loans of a plan, M EUR; axes F instruments, Y years after an optional axis of variants; zero for other kinds.

    Attributes:
        interest: due at the year's end on the balance before repayment, less what a guarantee saves.
        construction_interest: due with the draw, at the start of the year.
        repayment: principal due at the year's end.
        balance: debt left after the year's payment.
        guaranteed_opening: guaranteed debt at the start of the year, with the year's draw.
        guaranteed_balance: guaranteed debt left after the year's payment.
        guarantee_fees: due at the year's end on the guaranteed debt of its start.
    """

    interest: Array
    construction_interest: Array
    repayment: Array
    balance: Array
    guaranteed_opening: Array
    guaranteed_balance: Array
    guarantee_fees: Array

    @property
    def service(self) -> Array:
        """(F, Y) interest, repayment and guarantee fees of the year."""
        return self.interest + self.repayment + self.guarantee_fees


def debt_of(inputs: Inputs, plan: Decisions) -> Debt:
    """Debt of a plan: every band is repaid on its own schedule, guaranteed parts on that of the first band.

    Args:
        inputs: figures of a case or of several variants.
        plan: decisions, with or without an axis of variants.
    """
    structure, money = inputs.structure, inputs.money
    bands, guaranteed = plan.band_draws_meur, plan.guaranteed_meur
    shape = np.broadcast_shapes(plan.draws_meur.shape, (*money.band_rate.shape[:-1], structure.horizon))
    interest, repayment, opening, closing = (np.zeros(shape) for _ in range(4))
    for number, schedules in enumerate(inputs.schedules):
        for band, schedule in enumerate(schedules):
            drawn = bands[..., number, band, :]
            interest[..., number, :] += flows_of_draws(drawn, schedule.interest)
            repayment[..., number, :] += flows_of_draws(drawn, schedule.principal)
        if schedules and structure.covered[number]:
            after = schedules[0].balance
            before = np.concatenate([np.ones((*after.shape[:-1], 1)), after[..., :-1]], axis=-1)
            opening[..., number, :] = flows_of_draws(guaranteed[..., number, :], before)
            closing[..., number, :] = flows_of_draws(guaranteed[..., number, :], after)
    # A loan is covered by one guarantee at most, so that the sum over the guarantees is the figure of its own.
    saved = np.einsum("...u,uf->...f", money.guarantee_rate_reduction, structure.covers)
    fee = np.einsum("...u,uf->...f", money.guarantee_fee, structure.covers)
    ahead = money.construction_years[..., None] * money.band_rate
    drawn_loans = np.where(structure.loans[:, None], plan.draws_meur, 0.0)
    return Debt(
        interest=interest - saved[..., None] * opening,
        construction_interest=np.einsum("...fb,...fby->...fy", ahead, bands),
        repayment=repayment,
        balance=np.cumsum(drawn_loans - repayment, axis=-1),
        guaranteed_opening=opening,
        guaranteed_balance=closing,
        guarantee_fees=fee[..., None] * opening,
    )
