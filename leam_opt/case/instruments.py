"""Sections of a case that describe who can pay: funding instruments, guarantees, funds and the rules between them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from leam_opt.case.base import Name, Section, Year
from leam_opt.case.quantity import ByYear, Quantity, Unit, default
from leam_opt.case.technical import Entity

Payer = Literal["union", "federation", "state", "public", "industry", "lenders"]
"""Who bears the money of an instrument: the Union, the federation (Bund), a state (Land or Member State), other public
bodies, industry and investors, lenders."""


def payer(terms: Instrument | Guarantee) -> Payer:
    """Who bears the money of an instrument or guarantee."""
    if terms.payer is not None:
        return terms.payer
    if isinstance(terms, Loan):
        return "lenders"
    return "public" if terms.provider == "public" else "industry"


class InstrumentTerms(Section):
    """Terms that all funding instruments share."""

    title: str
    payer: Payer | None = None
    """Who bears the money, for reports; empty: lenders for loans, else `public` or `industry` by `provider`."""
    cap_total: Annotated[Quantity, Unit("MEUR")]
    """Largest sum over the horizon."""
    cap_per_year: Annotated[ByYear, Unit("MEUR/a")] | None = None
    """Largest sum in a year; empty: only the total counts."""
    first_year: Year | None = None
    """First calendar year of draws; empty: the first of the horizon."""
    last_year: Year | None = None
    """Last calendar year of draws; empty: the last of the horizon."""
    min_ticket: Annotated[Quantity, Unit("MEUR")] = default(0)
    """Smallest total if the instrument is used at all."""
    arrangement_fee: Annotated[Quantity, Unit("share", le=1)] = default(0)
    """Fee as a share of each draw."""


class Grant(InstrumentTerms):
    """Money that is not paid back, for eligible cost of the research company."""

    kind: Literal["grant"]
    provider: Literal["public", "private"] = "public"
    entity: Literal["research"] = "research"
    intensity: Annotated[Quantity, Unit("share", le=1)]
    """Largest share of the cumulative eligible cost of the research company."""
    basis: Literal["all", "capex", "computing_capex", "opex"] = "all"
    """Eligible cost: all, capital expenditure, servers only (GPU and CPU), or operating cost with fees for compute."""


class Access(InstrumentTerms):
    """Guaranteed purchase of access time for public users, paid in advance to the owner of the infrastructure.

    The advance becomes income evenly until the horizon, and public compute has to keep pace with it.
    """

    kind: Literal["access"]
    provider: Literal["public", "private"] = "public"
    entity: Entity
    price: Annotated[Quantity, Unit("EUR/GPUh", gt=0)]
    """Price of one reference GPU-hour."""
    intensity: Annotated[Quantity, Unit("share", le=1)] = default(1)
    """Largest share of the owner's cumulative expenditure on servers."""


class Sponsor(InstrumentTerms):
    """Contributions of supporters, not paid back and not tied to eligible cost."""

    kind: Literal["sponsor"]
    provider: Literal["public", "private"] = "private"
    entity: Entity = "research"


class RateBand(Section):
    """A part of a loan with its own rate."""

    up_to: Annotated[Quantity, Unit("MEUR", gt=0)] | None = None
    """Total of the loan up to which the band reaches; empty only in the last band: up to `cap_total`."""
    rate: Annotated[Quantity, Unit("share", le=1)]
    """Nominal yearly interest."""


class Loan(InstrumentTerms):
    """Debt with a fixed repayment profile, repaid within the horizon."""

    kind: Literal["loan"]
    provider: Literal["public", "private"]
    entity: Entity
    rate: Annotated[Quantity, Unit("share", le=1)] | None = None
    """Nominal yearly interest; to be left out where there are bands."""
    rate_bands: list[RateBand] = Field(default=[], max_length=5)
    """Bands with rising totals and rates, instead of `rate`."""
    tenor_years: int = Field(ge=1, le=40)
    """Years from a draw to its last repayment."""
    grace_years: int = Field(default=0, ge=0, le=39)
    """Years with interest only at the beginning of the tenor."""
    repayment: Literal["annuity", "linear", "bullet"] = "annuity"
    """Equal debt service, equal principal, or all principal at the end."""
    construction_years: Annotated[Quantity, Unit("a", le=5)] = default(0)
    """Time for which a draw bears interest before the year in which it is counted, paid out of the funding itself
    (interest during construction; half a year for a construction year of even draws)."""
    seniority: Literal["senior", "mezzanine"] = "senior"
    """Senior debt is served first; the cover of mezzanine debt is measured after it."""
    dscr_min: Annotated[Quantity, Unit("share", le=10)] = default(1)
    """Smallest debt service cover of the company in years with debt service (CFADS over debt service)."""
    lockup_dscr: Annotated[Quantity, Unit("share", le=10)] = default(0)
    """The service company distributes profit only in years in which its cover reaches this (distribution lock-up)."""
    reserve_months: Annotated[Quantity, Unit("month", le=24)] = default(0)
    """Debt-service reserve account: cash at a year's end for this many months of the next year's debt service."""
    guaranteed_share_min: Annotated[Quantity, Unit("share", le=1)] = default(0)
    """Share of each draw that the lender wants guaranteed."""


class Equity(InstrumentTerms):
    """Shareholders' money in the service company; it wants a return."""

    kind: Literal["equity"]
    provider: Literal["public", "private"] = "private"
    entity: Literal["service"] = "service"
    hurdle_rate: Annotated[Quantity, Unit("share", le=1)]
    """Nominal yearly return (IRR) that the investors ask for at least."""


class Tranche(InstrumentTerms):
    """A tranche of a layered fund that invests in the service company.

    It asks for its return on what it gave, and for its contribution at the horizon; both are owed like debt, whether or
    not there is profit, and no lock-up holds them back. What the company cannot pay at the horizon is a called loss,
    borne by the tranches in the order of their fund.
    """

    kind: Literal["tranche"]
    provider: Literal["public", "private"]
    entity: Literal["service"] = "service"
    share: Annotated[Quantity, Unit("share", gt=0, le=1)]
    """Share of the fund; the shares of a fund add up to 1."""
    return_rate: Annotated[Quantity, Unit("share", le=1)]
    """Nominal yearly return of the tranche."""
    loss_max: Annotated[Quantity, Unit("share", le=1)] = default(0)
    """Largest loss that may be called in the plan, over the tranche's claim at the horizon."""


Instrument = Annotated[Grant | Access | Sponsor | Loan | Equity | Tranche, Field(discriminator="kind")]


class Guarantee(Section):
    """A guarantee for loans: no money flows unless it is called."""

    title: str
    provider: Literal["public", "private"] = "public"
    payer: Payer | None = None
    """Who stands behind it, for reports; empty: `public` or `industry` by `provider`."""
    loans: list[Name] = Field(min_length=1)
    """Loans that it may cover."""
    share_max: Annotated[Quantity, Unit("share", le=1)]
    """Largest guaranteed share of each draw."""
    cap_total: Annotated[Quantity, Unit("MEUR")]
    """Largest sum of guaranteed draws."""
    fee: Annotated[Quantity, Unit("share", le=1)]
    """Yearly fee on the guaranteed debt."""
    rate_reduction: Annotated[Quantity, Unit("share", le=1)] = default(0)
    """By how much the guarantee lowers the interest on the guaranteed debt."""
    call_probability: Annotated[Quantity, Unit("share", le=1)] = default(0)
    """Probability that the guarantee is called, for the expected cost in reports."""


class Fund(Section):
    """A layered fund: every draw comes from all its tranches in their shares."""

    title: str
    tranches: list[Name] = Field(min_length=2)
    """Tranches in the order in which they bear losses: the first-loss piece first, the most senior last."""


class BudgetLine(Section):
    """A yearly budget that several instruments share."""

    title: str
    instruments: list[Name] = Field(min_length=1)
    """Instruments that draw on it."""
    cap_per_year: Annotated[ByYear, Unit("MEUR/a")]
    """Largest sum of their draws in a year."""


class Matching(Section):
    """A rule that one side contributes at least in proportion to the other, in every year on all draws so far."""

    instruments: list[Name] = Field(min_length=1)
    """Instruments that have to match (participating states)."""
    matched: list[Name] = Field(min_length=1)
    """Instruments that are matched (the Union)."""
    ratio: Annotated[Quantity, Unit("share", le=100)] = default(1)
    """Smallest draws of `instruments` over those of `matched`."""


class Funding(Section):
    """Who can pay."""

    use: list[Name]
    """Instruments and guarantees that the scenario may use."""
    instruments: dict[Name, Instrument]
    """All instruments of the case by name."""
    guarantees: dict[Name, Guarantee] = {}
    """Guarantees by name; `use` names those that the scenario may use."""
    funds: dict[Name, Fund] = {}
    """Layered funds; one is there where `use` names its tranches."""
    budget_lines: dict[Name, BudgetLine] = {}
    """Budgets that instruments share; instruments not in use count nothing."""
    matching: dict[Name, Matching] = {}
    """Matching rules; one whose matched instruments are not in use asks for nothing."""
    alternatives: dict[Name, list[Name]] = {}
    """Groups of instruments of which a plan uses one at most."""
    gearing_max_research: Annotated[Quantity, Unit("share", le=1)] = default(1)
    """Largest share of loans in all money that the research company has drawn so far."""
    gearing_max_service: Annotated[Quantity, Unit("share", le=1)] = default(1)
    """Largest share of loans in all money that the service company has drawn so far."""
    private_share_min: Annotated[Quantity, Unit("share", le=1)] = default(0)
    """Smallest private share of all draws over the horizon."""
    private_share_max: Annotated[Quantity, Unit("share", le=1)] = default(1)
    """Largest private share of all draws over the horizon."""
    cash_reserve_research: Annotated[Quantity, Unit("MEUR")] = default(0)
    """Smallest cash of the research company at the end of every year."""
    cash_reserve_service: Annotated[Quantity, Unit("MEUR")] = default(0)
    """Smallest cash of the service company at the end of every year."""
