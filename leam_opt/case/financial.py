"""Sections of a case that describe demand, prices, rules, taxes, discounting and objectives."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from leam_opt.case.base import Name, Section
from leam_opt.case.quantity import ByYear, Quantity, Unit, default


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


class TokenPriceLevel(Section):
    """A point of the demand curve for tokens."""

    price: Annotated[Quantity, Unit("EUR/ktoken")]
    """Price of 1000 tokens."""
    demand: Annotated[Quantity, Unit("share", gt=0, le=10)]
    """Tokens bought at this price over those of the adoption level in force."""


class ClusterPriceLevel(Section):
    """A point of the demand curve for compute."""

    price: Annotated[Quantity, Unit("EUR/h")]
    """Price of one operating hour of a cluster of `cluster_gpus`."""
    demand: Annotated[Quantity, Unit("share", gt=0, le=10)]
    """Core and tuning compute rented at this price over that of the adoption level in force."""


class Prices(Section):
    """What customers and the two companies pay."""

    cluster_hour: Annotated[Quantity, Unit("EUR/h", gt=0)]
    """Price of one operating hour of a cluster of `cluster_gpus` (paper, annexes D and E)."""
    cluster_gpus: Annotated[Quantity, Unit("unit", gt=0)]
    """Reference GPUs of the cluster that `cluster_hour` prices."""
    tokens: Annotated[Quantity, Unit("EUR/ktoken")]
    """Price of 1000 tokens."""
    infrastructure_fee: Annotated[Quantity, Unit("EUR/h")]
    """What a company pays the owner of the infrastructure for one hour of a cluster of `cluster_gpus`, at full cost."""
    infrastructure_fee_basis: Literal["full_cost", "market"] = "full_cost"
    """`full_cost`: `infrastructure_fee`; `market`: `cluster_hour`, what customers pay."""
    token_levels: list[TokenPriceLevel] = Field(default=[], max_length=20)
    """Demand curve of which the plan chooses one point for all years; empty: the price is `tokens`."""
    cluster_hour_levels: list[ClusterPriceLevel] = Field(default=[], max_length=20)
    """Demand curve of which the plan chooses one point for all years; empty: the price is `cluster_hour`."""


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


class TimelyUseRule(Section):
    """Charitable status: the research company uses its means in time (AO § 55(1) no. 5, reserves: § 62(1))."""

    enabled: bool = True
    years: int = Field(default=2, ge=0, le=10)
    """Means are used by the end of this many years after the year of their inflow."""
    free_reserve_share: Annotated[Quantity, Unit("share", le=1)] = default(0.1)
    """Free reserve over all means received so far (AO § 62(1) no. 3: 10 %)."""
    replacement_reserve: bool = True
    """Whether depreciation of its own assets may be put into a reserve (AO § 62(1) no. 2)."""


class Rules(Section):
    """What the law asks for."""

    public_use: PublicUseRule
    ancillary_use: AncillaryUseRule
    grant_income: GrantIncomeRule
    timely_use: TimelyUseRule = TimelyUseRule()
    renewable_share_min: Annotated[ByYear, Unit("share", le=1)]
    """Smallest renewable share of the electricity (EnEfG § 11)."""
    pue_max: Annotated[ByYear, Unit("share", ge=1)]
    """Largest PUE of a site in use (EnEfG § 11)."""
    heat_reuse_min: Annotated[ByYear, Unit("share", le=1)] = default(0)
    """Smallest share of a site's energy that is reused (EnEfG § 11)."""
    co2_max: Annotated[ByYear, Unit("kt/a")] | None = None
    """Largest yearly CO2 of the electricity; empty: no cap."""


class Taxation(Section):
    """Taxes of the two companies; without figures there are none."""

    corporate_tax: Annotated[ByYear, Unit("share", le=1)] | None = None
    """Corporate income tax with surcharge and trade tax on the service company's profit after losses carried forward;
    empty: none. The research company is exempt (KStG § 5(1) no. 9)."""
    vat: Annotated[Quantity, Unit("share", le=1)] = default(0)
    """Value-added tax on purchases; prices of the case are net."""
    vat_irrecoverable_research: Annotated[Quantity, Unit("share", le=1)] = default(0)
    """Share of its input tax that the research company cannot deduct (non-economic use)."""
    vat_irrecoverable_service: Annotated[Quantity, Unit("share", le=1)] = default(0)
    """Share of its input tax that the service company cannot deduct."""


class Discounting(Section):
    """Rates for present values in reports; nominal = (1 + real) (1 + inflation) - 1."""

    real_rate: Annotated[Quantity, Unit("share", le=1)] = default(0)
    """Real yearly rate without any premium for the risks of the project."""
    inflation: Annotated[Quantity, Unit("share", le=1)] = default(0)
    """Expected yearly inflation."""


class Risk(Section):
    """A risk of the project beyond the ranges of its figures."""

    title: str
    basis: Literal["capex", "opex", "revenue"]
    """What the overrun is measured on."""
    overrun: Annotated[Quantity, Unit("share", ge=-1, le=5)]
    """Cost above plan, or revenue below it, as a share of the basis."""
    transferred: Annotated[Quantity, Unit("share", le=1)]
    """Share that the private partners bear in a partnership."""


class Transfer(Section):
    """Who bears what the ranges of the case's figures do to a partnership."""

    capex: Annotated[Quantity, Unit("share", le=1)] = default(0)
    """Share of deviations of capital expenditure that the private partners bear."""
    opex: Annotated[Quantity, Unit("share", le=1)] = default(0)
    """Share of deviations of operating cost that the private partners bear."""
    revenue: Annotated[Quantity, Unit("share", le=1)] = default(0)
    """Share of deviations of revenue that the private partners bear."""


class ValueForMoney(Section):
    """Public sector comparator (PSC) against partnership (PPP)."""

    comparator: Name
    """Scenario of purely public delivery."""
    partnership: Name
    """Scenario of the partnership."""
    competitive_neutrality: Annotated[Quantity, Unit("share", le=1)] = default(0)
    """Taxes and duties that public delivery does not pay, over its raw cost."""
    ancillary_cost: Annotated[Quantity, Unit("MEUR")] = default(0)
    """Public cost of procuring and supervising the partnership, at the start."""
    risk_premium: Annotated[Quantity, Unit("share", le=1)] = default(0)
    """Premium on the discount rate; only where no risk is valued in the flows."""
    transferred: Transfer = Transfer()
    risks: dict[Name, Risk] = {}
    samples: int = Field(default=2000, ge=100, le=100000)
    """Draws from the ranges."""
    seed: int = Field(default=0, ge=0)
    """Seed of the draws."""


class Objective(Section):
    """What is minimised after the unfunded gap."""

    name: Literal["deficit", "public_money_npv", "public_compute"] = "deficit"
    """`deficit`: deficit over the horizon, then public money. `public_money_npv`: public money discounted at
    `discount_rate`, then the deficit. `public_compute`: most public compute within `deficit_max`, then the deficit."""
    residual_value: bool = False
    """Whether hardware and building still in life at the horizon are valued straight-line."""
    discount_rate: Annotated[Quantity, Unit("share", le=1)] = default(0)
    """Nominal yearly rate for `public_money_npv`."""
    deficit_max: Annotated[Quantity, Unit("MEUR", ge=None)] | None = None
    """Largest deficit for `public_compute`."""
