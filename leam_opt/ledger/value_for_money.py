"""Value for money of two plans: the public sector comparator against the partnership.

Present values are at the case's nominal discount rate, capital expenditure and draws at the start of their year,
everything else at its end. Left out on both sides: what assets and cash are worth at the horizon, taxes that the
partnership pays (competitive neutrality adds those that public delivery saves), and guarantees (contingent liabilities
are reported apart, and their fees with them).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from leam_opt.case import financial
from leam_opt.case.quantity import Quantity
from leam_opt.case.schema import Case
from leam_opt.errors import CaseError
from leam_opt.finance.discount import npv, present_value, timeline
from leam_opt.finance.rates import NominalRate
from leam_opt.finance.value_for_money import (
    BASES,
    Delivery,
    Overrun,
    Risk,
    Spread,
    Values,
    partnership,
    public_sector_comparator,
    risk,
)
from leam_opt.ledger.books import Books
from leam_opt.ledger.funding import RESEARCH
from leam_opt.ledger.measures import discount_rate
from leam_opt.ledger.money import Trade, trade
from leam_opt.ledger.physical import physical
from leam_opt.ledger.sampling import adapted, sampled_inputs, triangular
from leam_opt.ledger.statements import instrument_receipts, one_plan

Array = NDArray[np.float64]


class Side(NamedTuple):
    """A case in one of its scenarios, and the books of its plan."""

    case: Case
    books: Books


@dataclass(frozen=True)
class ValueForMoney:
    """Public sector comparator (PSC) against partnership (PPP), present values in M EUR.

    Attributes:
        rate: nominal rate of all present values, with its premium where risk is in the rate.
        risk_in: whether risks are valued in the flows or by a premium on the rate; never in both.
        samples: draws from the ranges; zero where risk is in the rate.
        comparator, partnership: cost by component, () or (samples).
        comparator_scenario, partnership_scenario: names of the scenarios.
    """

    rate: NominalRate
    risk_in: Literal["flows", "rate"]
    samples: int
    comparator: Delivery
    partnership: Delivery
    comparator_scenario: str
    partnership_scenario: str

    @property
    def value(self) -> Array:
        """() or (samples) what the partnership saves the public: PSC less PPP under the same draws."""
        return self.comparator.total - self.partnership.total

    def to_dict(self) -> dict[str, Any]:
        """Everything for reports, ready for JSON; each figure with 5th percentile, mean and 95th percentile."""
        return {
            "discount_rate_nominal_share": self.rate.share,
            "risk_in": self.risk_in,
            "samples": self.samples,
            "comparator": _side_dict(self.comparator_scenario, self.comparator),
            "partnership": _side_dict(self.partnership_scenario, self.partnership),
            "value_for_money": _spread_dict(self.value),
            "probability_partnership_better": float(np.mean(self.value > 0)),
        }


def _spread_dict(samples: Array) -> dict[str, float]:
    spread = Spread.of(samples)
    return {"p5_meur": spread.p5, "mean_meur": spread.mean, "p95_meur": spread.p95}


def _side_dict(scenario: str, delivery: Delivery) -> dict[str, Any]:
    return {
        "scenario": scenario,
        "components": [{"name": name, **_spread_dict(values)} for name, values in delivery.components.items()],
        "total": _spread_dict(delivery.total),
    }


def present_values(business: Trade, rate: NominalRate) -> Values:
    """Present values () or (samples) of all capital expenditure, operating cost and revenue of both companies."""
    capex, opex, revenue = (
        Trade.total(lines).sum(axis=-2) for lines in (business.capex, business.opex, business.revenue)
    )
    nothing = np.zeros(capex.shape[-1])
    return Values(
        capex=present_value(rate, timeline(capex, nothing)),
        opex=present_value(rate, timeline(nothing, opex)),
        revenue=present_value(rate, timeline(nothing, revenue)),
    )


def public_bid(books: Books, rate: NominalRate) -> float:
    """Present value of what the public pays in a plan, net of what it gets back, in M EUR.

    Draws of public instruments less their debt service (with the fees of loans), dividends and redemption, and the
    unfunded gap, which somebody has to fill. Cash that the research company has left at the horizon is the public's;
    that of the service company belongs to its shareholders.
    """
    public = books.inputs.structure.public
    start, end = instrument_receipts(books)
    paid = (books.plan.draws_meur - start)[public].sum(axis=0) + books.plan.unfunded_gap_meur.sum(axis=0)
    back = end[public].sum(axis=0)
    back[-1] += books.money.cash_end[RESEARCH, -1]
    return npv(rate, timeline(paid, -back))


def _section(comparator: Side, other: Side) -> financial.ValueForMoney:
    """The terms that both sides are compared on.

    Raises:
        CaseError: they are missing, differ between the sides, or value risk twice.
    """
    section = comparator.case.value_for_money
    if section is None:
        raise CaseError(
            "value_for_money: the case has no such section; add one with `comparator` and `partnership`, the names of "
            "the two scenarios"
        )
    for name in ("value_for_money", "discounting", "start_year", "horizon_years"):
        if getattr(comparator.case, name) != getattr(other.case, name):
            raise CaseError(
                f"{name}: the scenarios '{section.comparator}' and '{section.partnership}' differ in it; both have to "
                "be valued on the same terms, so set it in the case itself"
            )
    transferred = [name for name in BASES if float(getattr(section.transferred, name)) > 0]
    valued = [f"transferred.{name}" for name in transferred] + [f"risks.{name}" for name in section.risks]
    if float(section.risk_premium) > 0 and valued:
        raise CaseError(
            f"value_for_money.risk_premium: {100 * float(section.risk_premium):g} % on the rate, while risks are "
            f"valued in the flows ({', '.join(valued)}); risk may stand in one of them only: set the premium to 0, or "
            "take the others out"
        )
    return section


def _risk(side: Side, planned: Values, rate: NominalRate, terms: financial.ValueForMoney) -> Risk:
    """(samples) cost of the risks of one side's own plan."""
    books = side.books
    parts: list[Values] = []
    for inputs in sampled_inputs(side.case, terms.samples, terms.seed):
        plan = adapted(books.plan, books.inputs, inputs)
        parts.append(present_values(trade(inputs, plan, physical(inputs, plan)), rate))
    sampled = Values(*(np.concatenate([getattr(part, basis) for part in parts]) for basis in BASES))

    def drawn(figure: Quantity, path: str) -> Array:
        return triangular(figure, f"value_for_money.{path}", terms.samples, terms.seed)

    register = [
        Overrun(
            item.basis,
            drawn(item.overrun, f"risks.{name}.overrun"),
            drawn(item.transferred, f"risks.{name}.transferred"),
        )
        for name, item in terms.risks.items()
    ]
    transferred = {basis: drawn(getattr(terms.transferred, basis), f"transferred.{basis}") for basis in BASES}
    return risk(planned, sampled, transferred, register)


def value_for_money(comparator: tuple[Case, Books], partner: tuple[Case, Books]) -> ValueForMoney:
    """Compares purely public delivery with a partnership.

    Each side bears the risks of its own plan: what its figures do when they are drawn from the ranges of the case (see
    `sampling`), and the risks of the register on the planned present values. Both sides stand under the same draws.
    With a premium on the rate nothing is drawn: the risk components are zero, all figures have their planning values.

    Args:
        comparator: the case in the comparator's scenario, and the books of its plan at planning values.
        partner: the same of the partnership.

    Raises:
        CaseError: the case has no section `value_for_money`, the sides differ in its terms, or risk is valued twice.
        ValueError: books carry an axis of variants.
    """
    public, private = Side(*comparator), Side(*partner)
    terms = _section(public, private)
    for side in (public, private):
        one_plan(side.books)
    premium = float(terms.risk_premium)
    rate = discount_rate(public.case).plus(premium)
    planned = [present_values(side.books.business, rate) for side in (public, private)]
    bid = public_bid(private.books, rate)
    if premium > 0:
        none = Risk(np.zeros(()), np.zeros(()))
        risks = [none, none]
        neutrality, ancillary = (np.array(float(f)) for f in (terms.competitive_neutrality, terms.ancillary_cost))
    else:
        risks = [_risk(side, values, rate, terms) for side, values in zip((public, private), planned, strict=True)]
        neutrality, ancillary = (
            triangular(getattr(terms, name), f"value_for_money.{name}", terms.samples, terms.seed)
            for name in ("competitive_neutrality", "ancillary_cost")
        )
    return ValueForMoney(
        rate=rate,
        risk_in="rate" if premium > 0 else "flows",
        samples=0 if premium > 0 else terms.samples,
        comparator=public_sector_comparator(planned[0], neutrality, risks[0]),
        partnership=partnership(bid, ancillary, risks[1]),
        comparator_scenario=terms.comparator,
        partnership_scenario=terms.partnership,
    )
