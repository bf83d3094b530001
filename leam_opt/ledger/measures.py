"""Measures of a plan as a ministry, a development bank and an investor ask for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from leam_opt.case.schema import Case
from leam_opt.finance.discount import Irr, irr, npv, present_value, timeline
from leam_opt.finance.project import dscr, llcr, payback_years
from leam_opt.finance.rates import NominalRate, RealRate
from leam_opt.ledger.books import Books
from leam_opt.ledger.physical import CORE, DAYS_PER_YEAR, PRIVATE, TUNING
from leam_opt.ledger.rows import ONE_EURO_MEUR
from leam_opt.ledger.statements import fiscal_exposure, instrument_receipts, one_plan

Array = NDArray[np.float64]


def discount_rate(case: Case) -> NominalRate:
    """The case's rate for present values: (1 + real)(1 + inflation) - 1."""
    terms = case.discounting
    return RealRate(float(terms.real_rate)).nominal(float(terms.inflation))


@dataclass(frozen=True)
class Series:
    """Flows (Y + 1) of a plan at t = 0 .. Y, both companies together, M EUR.

    What is left of the assets at the horizon counts in all of them where the case counts it in the deficit.

    Attributes:
        deficit: the deficit as it falls due to those who bear it (cost positive): what is spent less revenue, with
            loans and investors' money when they come and when they go; undiscounted it adds up to the deficit.
        public_money: draws of public instruments.
        project: before any funding and before tax, money in positive.
        investor: of a private owner of the whole centre, money in positive: the project with gifts, access, loans,
            their service, fees and tax, but without equity, tranches and the unfunded gap.
        unaided: the same without gifts and access.
        shareholders: what equity and tranches pay in (negative) and get back.
    """

    deficit: Array
    public_money: Array
    project: Array
    investor: Array
    unaided: Array
    shareholders: Array

    @classmethod
    def of(cls, books: Books) -> Series:
        """The series of one plan."""
        structure, money, plan = books.inputs.structure, books.money, books.plan
        owners = structure.equity | structure.tranches
        both = {name: values.sum(axis=0) for name, values in money.flows.items()}
        left = np.zeros(structure.horizon)
        if structure.residual_value:
            left[-1] = books.business.residual_meur
        lost = np.zeros(structure.horizon)
        lost[-1] = (plan.called_loss_meur * structure.tranches).sum()
        contributions = plan.draws_meur[owners].sum(axis=0)
        others = plan.draws_meur[~owners].sum(axis=0)
        lent = plan.draws_meur[structure.loans].sum(axis=0)
        fees = both["arrangement_fees"] + both["construction_interest"]
        cost_of_debt = both["interest"] + both["guarantee_fees"]
        earned = both["revenue"] + both["opex"] + left
        returned = both["dividends"] + both["redemption"]
        operating = earned + cost_of_debt + both["repayment"] + both["corporate_tax"]
        return cls(
            deficit=-timeline(
                both["capex"] + fees + contributions + lent,
                earned + cost_of_debt + both["repayment"] + both["corporate_tax"] + returned - lost,
            ),
            public_money=timeline(plan.draws_meur[structure.public].sum(axis=0), np.zeros(structure.horizon)),
            project=timeline(both["capex"], earned),
            investor=timeline(both["capex"] + others + fees, operating),
            unaided=timeline(both["capex"] + lent + fees, operating),
            shareholders=timeline(-contributions, -returned),
        )


def _investor_rate(books: Books, case: Case) -> NominalRate:
    """What investors ask for: the highest hurdle rate of the equity in use, else the case's discount rate."""
    equity = books.inputs.structure.equity
    if not equity.any():
        return discount_rate(case)
    return NominalRate(float(books.inputs.money.hurdle_rate[equity].max()))


def _cover(books: Books) -> dict[str, float | None]:
    """DSCR over all years of debt service, and LLCR of the company and the year in which it is least.

    CFADS is after tax and without fees that came in advance. The LLCR discounts at the mean cost of the company's debt
    (interest and guarantee fees over the debt at the start of each year), from the start of each year with debt to the
    last year of debt service; its denominator is the present value of the debt service at the same rate, which for one
    loan is the debt itself.
    """
    money, receives = books.money, books.inputs.structure.receives
    covers: list[float] = []
    loan_lives: list[float] = []
    for company in range(receives.shape[1]):
        loans = books.inputs.structure.loans & (receives[:, company] > 0)
        service = money.debt_service[loans].sum(axis=0)
        due = np.flatnonzero(service > ONE_EURO_MEUR)
        if due.size == 0:
            continue
        covers += [float(cover) for cover in dscr(money.cfads[company], service)[due]]
        drawn = np.flatnonzero(books.plan.draws_meur[loans].sum(axis=0) > 0)
        principal, closing = money.repayment[loans].sum(axis=0), money.balance[loans].sum(axis=0)
        opening = float((closing + principal).sum())
        rate = NominalRate(float((service - principal).sum()) / opening if opening > 0 else 0.0)
        end = int(due[-1]) + 1
        for start in range(int(drawn[0]) if drawn.size else 0, end):
            debt = npv(rate, [0.0, *service[start:end]])
            cover = llcr(money.cfads[company, start:end], rate, debt)
            loan_lives += [] if cover is None else [cover]
    return {
        "dscr_min": min(covers, default=None),
        "dscr_average": sum(covers) / len(covers) if covers else None,
        "llcr": min(loan_lives, default=None),
    }


def _ratio(part: float, whole: float) -> float | None:
    return part / whole if whole > 0 else None


def _returns(name: str, flows: Array) -> dict[str, Any]:
    """Rates of return of flows that begin with money out; where money comes in first, a rate would be a debt's."""
    first = next((flow for flow in flows if abs(flow) > ONE_EURO_MEUR), 0.0)
    found = irr(flows) if first < 0 else Irr("none", ())
    return {f"{name}_irr_share": found.only, f"{name}_irr_status": found.status, f"{name}_irrs": list(found.rates)}


def _public_efficiency(books: Books) -> dict[str, float | None]:
    """Money by who gives it, over what it buys; public cost is net of what comes back."""
    structure, draws, totals = books.inputs.structure, books.plan.draws_meur, books.totals
    public, private = float(totals["public_money_meur"]), float(totals["private_money_meur"])
    union = float(sum(draws[n].sum() for n, terms in enumerate(structure.instruments) if terms.payer == "union"))
    hours = float(totals["public_gpu_hours_million"]), float(totals["private_gpu_hours_million"])
    start, end = instrument_receipts(books)
    kept = public - float((start + end)[structure.public].sum())
    return {
        "leverage_private_per_public": _ratio(private, public),
        "finance_per_union_euro": _ratio(float(draws.sum()), union),
        "public_cost_per_gpu_hour_eur": _ratio(kept, hours[0]),
        "public_cost_per_core_model_meur": _ratio(kept, float(totals["core_models_total"])),
        "full_cost_per_gpu_hour_eur": _ratio(float(totals["gross_cost_meur"]), sum(hours)),
    }


def _break_even(books: Books, rate: NominalRate, deficit: float) -> dict[str, float | None]:
    """Prices at which the present value of the deficit is zero, with everything but that revenue as planned.

    Tax and distributions are those of the plan. Compute is what is sold by the hour (core and tuning), tokens what is
    sold of inference.
    """
    plan, revenue = books.plan, books.business.revenue

    def value(yearly: Array) -> float:
        return float(present_value(rate, timeline(np.zeros_like(yearly), yearly)))

    hours = value(plan.compute_mgpuh[[CORE, TUNING], PRIVATE].sum(axis=0))
    # Billion tokens a year are million times 1000 tokens.
    kilotokens = value(plan.tokens_bn_per_day[PRIVATE] * DAYS_PER_YEAR)
    by_hour = value((revenue["core_revenue"] + revenue["tuning_revenue"]).sum(axis=0))
    by_token = value(revenue["inference_revenue"].sum(axis=0))
    return {
        "break_even_price_gpuh_eur": _ratio(deficit + by_hour, hours),
        "break_even_price_ktoken_eur": _ratio(deficit + by_token, kilotokens),
    }


def _contingent(books: Books) -> dict[str, float]:
    """Public guarantees: largest guaranteed debt at the start of a year, and the probability-weighted call at the
    largest guaranteed debt of each guarantee.
    """
    structure = books.inputs.structure
    public = np.array([cover.public for cover in structure.guarantees], dtype=bool)
    guaranteed = (structure.covers @ books.money.guaranteed_opening)[public]
    peaks = guaranteed.max(axis=1, initial=0.0)
    return {
        "contingent_peak_meur": float(guaranteed.sum(axis=0).max(initial=0.0)),
        "contingent_expected_meur": float(books.inputs.money.call_probability[public] @ peaks),
    }


def _exposure_peak(books: Books) -> float:
    """Largest net payment of all public payers in a year."""
    table = fiscal_exposure(books)
    return max(0.0, float(table.groupby("year")["meur"].sum().max())) if len(table) else 0.0


def measures(books: Books, case: Case) -> dict[str, Any]:
    """Measures of a plan, flat and ready for JSON; None where a measure does not exist.

    Capital expenditure, draws and their fees are due at t = y - 1, everything else at t = y. Present values are at the
    case's nominal discount rate; `investor_npv_meur` and `viability_gap_npv_meur` at the highest hurdle rate of the
    equity in use. The viability gap is what gifts have to add until a private owner of the whole centre earns that
    rate. `investor_*` are of such an owner with the plan's gifts, `shareholder_*` of those who invest in the
    plan; see `Series`. A rate of return is given where it is the only one; `*_irrs` holds all of them.

    Args:
        books: books of one plan.
        case: the case of the plan.

    Raises:
        ValueError: the books carry an axis of variants.
    """
    one_plan(books)
    rate, series = discount_rate(case), Series.of(books)
    deficit = npv(rate, series.deficit)
    investor = npv(_investor_rate(books, case), series.investor)
    return {
        "discount_rate_nominal_share": rate.share,
        "npv_deficit_meur": deficit,
        "npv_public_money_meur": npv(rate, series.public_money),
        **_returns("investor", series.investor),
        "investor_rate_share": _investor_rate(books, case).share,
        "investor_npv_meur": investor,
        "viability_gap_npv_meur": max(0.0, -npv(_investor_rate(books, case), series.unaided)),
        **_returns("shareholder", series.shareholders),
        **_returns("project", series.project),
        **_cover(books),
        "payback_years": payback_years(series.project),
        **_public_efficiency(books),
        **_break_even(books, rate, deficit),
        **_contingent(books),
        "fiscal_exposure_peak_meur": _exposure_peak(books),
    }
