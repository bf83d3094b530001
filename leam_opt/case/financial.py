"""Sections of a case that describe demand, prices, rules, entities and funding."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from leam_opt.case.base import Name, Section, Year
from leam_opt.case.quantity import ByYear, Quantity, Unit, default
from leam_opt.case.technical import Entity


class AdoptionLevel(Section):
    """A level of industry take-up, and what it buys."""

    title: str
    private_share_min: Annotated[Quantity, Unit("share", le=1)]
    """Private share of the cumulative funding from which the level holds."""
    core: Annotated[ByYear, Unit("MGPUh/a")]
    """Core compute that commercial customers rent (million reference GPU-hours a year)."""
    tuning: Annotated[ByYear, Unit("MGPUh/a")]
    """Tuning compute that commercial customers rent (million reference GPU-hours a year)."""
    inference: Annotated[ByYear, Unit("Gtoken/d")]
    """Tokens that commercial customers buy (billion a day, mean of the year)."""


class Prices(Section):
    """What customers and the two companies pay."""

    cluster_hour: Annotated[Quantity, Unit("EUR/h", gt=0)]
    """Price of one operating hour of a cluster of `cluster_gpus` (paper, annexes D and E)."""
    cluster_gpus: Annotated[Quantity, Unit("unit", gt=0)]
    """Reference GPUs of the cluster that `cluster_hour` prices."""
    tokens: Annotated[Quantity, Unit("EUR/ktoken")]
    """Price of 1000 tokens."""
    infrastructure_fee: Annotated[Quantity, Unit("EUR/h")]
    """What a company pays the owner of the infrastructure for one hour of a cluster of `cluster_gpus`."""


class PublicUseRule(Section):
    """Charitable status: public compute over all compute of the pools in scope (paper, LBG Bereiche)."""

    enabled: bool = True
    scope: Literal["core", "all"] = "core"
    """`core` is the paper's argument, `all` the strict reading."""
    share_min: Annotated[Quantity, Unit("share", le=1)]
    """Smallest public share in every year."""


class AncillaryUseRule(Section):
    """State aid: ancillary economic use of a research infrastructure (RDI framework 2022/C 414/01)."""

    enabled: bool = True
    scope: Literal["core", "all"] = "all"
    """Pools whose private compute and capacity are compared."""
    share_max: Annotated[Quantity, Unit("share", le=1)]
    """Largest private compute over the yearly capacity."""


class GrantIncomeRule(Section):
    """Charitable status: predominant funding by grants and asset management (AO § 68 no. 9)."""

    enabled: bool = True
    share_min: Annotated[Quantity, Unit("share", le=1)]
    """Smallest share of grants, sponsors and profit transfers in the research company's yearly income."""


class Rules(Section):
    """What the law asks for."""

    public_use: PublicUseRule
    ancillary_use: AncillaryUseRule
    grant_income: GrantIncomeRule
    renewable_share_min: Annotated[ByYear, Unit("share", le=1)]
    """Smallest renewable share of the electricity (EnEfG § 11)."""
    pue_max: Annotated[ByYear, Unit("share", ge=1)]
    """Largest PUE of a site in use (EnEfG § 11)."""
    heat_reuse_min: Annotated[ByYear, Unit("share", le=1)] = default(0)
    """Smallest share of a site's energy that is reused (EnEfG § 11)."""
    co2_max: Annotated[ByYear, Unit("kt/a")] | None = None
    """Largest yearly CO2 of the electricity; empty: no cap."""


class InstrumentTerms(Section):
    """Terms that all funding instruments share."""

    title: str
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


class Sponsor(InstrumentTerms):
    """Contributions of supporters, not paid back and not tied to eligible cost."""

    kind: Literal["sponsor"]
    provider: Literal["public", "private"] = "private"
    entity: Entity = "research"


class Loan(InstrumentTerms):
    """Debt with a fixed repayment profile, repaid within the horizon."""

    kind: Literal["loan"]
    provider: Literal["public", "private"]
    entity: Entity
    rate: Annotated[Quantity, Unit("share", le=1)]
    """Nominal yearly interest."""
    tenor_years: int = Field(ge=1, le=40)
    """Years from a draw to its last repayment."""
    grace_years: int = Field(default=0, ge=0, le=39)
    """Years with interest only at the beginning of the tenor."""
    repayment: Literal["annuity", "linear", "bullet"] = "annuity"
    """Equal debt service, equal principal, or all principal at the end."""
    dscr_min: Annotated[Quantity, Unit("share")] = default(1)
    """Smallest debt service cover of the company in years with debt service (CFADS over debt service)."""


class Equity(InstrumentTerms):
    """Shareholders' money in the service company; it wants a return."""

    kind: Literal["equity"]
    provider: Literal["public", "private"] = "private"
    entity: Literal["service"] = "service"
    hurdle_rate: Annotated[Quantity, Unit("share", le=1)]
    """Nominal yearly return (IRR) that the investors ask for at least."""


Instrument = Annotated[Grant | Sponsor | Loan | Equity, Field(discriminator="kind")]


class Funding(Section):
    """Who can pay."""

    use: list[Name]
    """Instruments that the scenario may use."""
    instruments: dict[Name, Instrument]
    """All instruments of the case by name."""
    private_share_min: Annotated[Quantity, Unit("share", le=1)] = default(0)
    """Smallest private share of all draws over the horizon."""
    private_share_max: Annotated[Quantity, Unit("share", le=1)] = default(1)
    """Largest private share of all draws over the horizon."""
    cash_reserve_research: Annotated[Quantity, Unit("MEUR")] = default(0)
    """Smallest cash of the research company at the end of every year."""
    cash_reserve_service: Annotated[Quantity, Unit("MEUR")] = default(0)
    """Smallest cash of the service company at the end of every year."""


class Objective(Section):
    """What is minimised after the unfunded gap."""

    name: Literal["deficit", "public_money_npv", "public_compute"] = "deficit"
    """`deficit`: five-year deficit, then public money. `public_money_npv`: public money discounted at `discount_rate`,
    then the deficit. `public_compute`: most public compute within `deficit_max`, then the deficit."""
    residual_value: bool = False
    """Whether hardware and building still in life at the horizon are valued straight-line."""
    discount_rate: Annotated[Quantity, Unit("share", le=1)] = default(0)
    """Nominal yearly rate for `public_money_npv`."""
    deficit_max: Annotated[Quantity, Unit("MEUR", ge=None)] | None = None
    """Largest deficit for `public_compute`."""
