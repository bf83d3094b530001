"""What cannot vary between the variants of a case: sets, companies, lives, profiles, windows and switches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from leam_opt.case.index import ENTITIES, POOLS, Index
from leam_opt.case.instruments import Funding, Grant, Guarantee, Instrument, Loan, payer
from leam_opt.case.schema import Case
from leam_opt.errors import CaseError
from leam_opt.finance.depreciation import in_service
from leam_opt.finance.loans import Repayment

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

CAPEX_LINES = ("servers", "cpu_servers", "building", "site_opening", "grid_connection")
OPEX_LINES = (
    "electricity",
    "operations_staff",
    "internet",
    "licences",
    "cpu_rent",
    "site_fixed",
    "grid_fee",
    "heat_extraction",
)
STAFF_LINES = ("core_staff", "tuning_staff", "inference_staff")
VAT_LINES = ("vat_on_capex", "vat_on_opex")
FINANCE_LINES = ("interest", "construction_interest", "guarantee_fees", "arrangement_fees", "investors_return")
REVENUE_LINES = ("core_revenue", "tuning_revenue", "inference_revenue", "heat_revenue")
OTHER_LINES = ("corporate_tax", "residual_value")
RESERVED_LINES = {
    *CAPEX_LINES,
    *OPEX_LINES,
    *STAFF_LINES,
    *VAT_LINES,
    *FINANCE_LINES,
    *REVENUE_LINES,
    *OTHER_LINES,
}


@dataclass(frozen=True)
class Terms:
    """Structure of a funding instrument.

    Attributes:
        kind: grant, access, sponsor, loan, equity or tranche.
        public: whether public money pays.
        payer: who bears the money.
        entity: position of the receiving company in `ENTITIES`.
        draws_allowed: (Y) whether money can be drawn in the year; a loan's draw must be repaid within the horizon.
        tenor_years, grace_years, repayment: profile of a loan; 0, 0 and `annuity` for others.
        bands: number of rate bands of a loan, one without bands; 0 for others.
        seniority: `senior` or `mezzanine` for a loan; empty for others.
        basis: what the intensity of a grant refers to; empty for others.
    """

    kind: str
    public: bool
    payer: str
    entity: int
    draws_allowed: tuple[bool, ...]
    tenor_years: int
    grace_years: int
    repayment: Repayment
    bands: int
    seniority: str
    basis: str

    @classmethod
    def of(cls, terms: Instrument, years: Sequence[int]) -> Terms:
        """The structure of an instrument for a horizon of calendar years."""
        first, last = terms.first_year or years[0], terms.last_year or years[-1]
        tenor, grace = (terms.tenor_years, terms.grace_years) if isinstance(terms, Loan) else (0, 0)
        return cls(
            kind=terms.kind,
            public=terms.provider == "public",
            payer=payer(terms),
            entity=ENTITIES.index(terms.entity),
            draws_allowed=tuple(first <= year <= last and year + tenor - 1 <= years[-1] for year in years),
            tenor_years=tenor,
            grace_years=grace,
            repayment=terms.repayment if isinstance(terms, Loan) else "annuity",
            bands=max(1, len(terms.rate_bands)) if isinstance(terms, Loan) else 0,
            seniority=terms.seniority if isinstance(terms, Loan) else "",
            basis=terms.basis if isinstance(terms, Grant) else "",
        )


@dataclass(frozen=True)
class Cover:
    """Structure of a guarantee in use.

    Attributes:
        public: whether public money stands behind it.
        payer: who stands behind it.
        loans: positions in `Index.instruments` of the loans in use that it may cover.
    """

    public: bool
    payer: str
    loans: tuple[int, ...]

    @classmethod
    def of(cls, terms: Guarantee, index: Index) -> Cover:
        """The structure of a guarantee."""
        return cls(terms.provider == "public", payer(terms), _positions(terms.loans, index))


Group = tuple[str, tuple[int, ...]]
"""A name, and positions in `Index.instruments`."""


def _positions(names: Sequence[str], index: Index) -> tuple[int, ...]:
    """Positions of the instruments in use, in the order of the names."""
    return tuple(index.instruments.index(name) for name in names if name in index.instruments)


def _matching(funding: Funding, index: Index) -> tuple[tuple[str, tuple[int, ...], tuple[int, ...]], ...]:
    return tuple(
        (name, _positions(rule.instruments, index), _positions(rule.matched, index))
        for name, rule in funding.matching.items()
    )


@dataclass(frozen=True)
class Structure:
    """Sets and switches of a case; variants of one evaluation share it.

    Attributes:
        index: names of the elements of each set.
        owner: position in `ENTITIES` of the company that owns buildings and machines.
        pool_entity: (K) position in `ENTITIES` of the company that runs the pool.
        pool_steps: (K) number of staff steps of the pool.
        life_years: (G) service life of a server type; `cpu_life_years` and (S) `building_life_years` likewise.
        on_sale: (G)(Y) whether the type can be bought in the year.
        site_usable: (S)(Y) whether the site can be open in the year.
        source_usable: (J)(S) whether the source can supply the site.
        developed: (N)(Y) whether the generation can be developed in the year.
        upkeep: name and basis of each enabled upkeep.
        instruments: (F) terms of the instruments in use.
        guarantees: (U) terms of the guarantees in use.
        funds: layered funds in use; each with its tranches, the first-loss piece first.
        budgets: budget lines with the instruments in use that draw on them.
        matching: matching rules with the instruments in use that match, and those that are matched.
        alternatives: groups of instruments in use of which a plan takes one at most.
        public_use, ancillary_use: scope of the rule where it is enabled, else None.
        grant_income: whether the rule is enabled.
        timely_use: years of the rule where it is enabled, else None.
        replacement_reserve: whether depreciation may be put into a reserve.
        fee_at_market: whether the infrastructure fee is the price that customers pay.
        co2_capped: whether the case caps CO2.
        objective: what the case minimises.
        residual_value: whether the deficit is reduced by what is left at the horizon.
    """

    index: Index
    owner: int
    pool_entity: tuple[int, ...]
    pool_steps: tuple[int, ...]
    life_years: tuple[int, ...]
    cpu_life_years: int
    building_life_years: tuple[int, ...]
    on_sale: tuple[tuple[bool, ...], ...]
    site_usable: tuple[tuple[bool, ...], ...]
    source_usable: tuple[tuple[bool, ...], ...]
    developed: tuple[tuple[bool, ...], ...]
    upkeep: tuple[tuple[str, str], ...]
    instruments: tuple[Terms, ...]
    guarantees: tuple[Cover, ...]
    funds: tuple[Group, ...]
    budgets: tuple[Group, ...]
    matching: tuple[tuple[str, tuple[int, ...], tuple[int, ...]], ...]
    alternatives: tuple[Group, ...]
    public_use: str | None
    ancillary_use: str | None
    grant_income: bool
    timely_use: int | None
    replacement_reserve: bool
    fee_at_market: bool
    co2_capped: bool
    objective: str
    residual_value: bool

    @classmethod
    def of(cls, case: Case) -> Structure:
        """The structure of a case.

        Raises:
            CaseError: an upkeep has the name of another line of the accounts.
        """
        index = Index.of(case)
        clashes = sorted(RESERVED_LINES & set(case.upkeep))
        if clashes:
            raise CaseError([f"upkeep.{name}: the accounts have a line '{name}' already; rename" for name in clashes])
        years, rules, funding = index.years, case.rules, case.funding
        funds = {name: _positions(fund.tranches, index) for name, fund in funding.funds.items()}
        pools = [getattr(case.pools, name) for name in POOLS]
        return cls(
            index=index,
            owner=ENTITIES.index(case.infrastructure_entity),
            pool_entity=tuple(ENTITIES.index(pool.entity) for pool in pools),
            pool_steps=tuple(len(pool.staff_steps) for pool in pools),
            life_years=tuple(kind.life_years for kind in case.server_types.values()),
            cpu_life_years=case.cpu.life_years,
            building_life_years=tuple(site.building_life_years for site in case.sites.values()),
            on_sale=tuple(
                tuple(kind.on_sale_from <= year <= (kind.on_sale_until or year) for year in years)
                for kind in case.server_types.values()
            ),
            site_usable=tuple(
                tuple(site.open_from is None or year >= site.open_from for year in years)
                for site in case.sites.values()
            ),
            source_usable=tuple(
                tuple(source.sites is None or site in source.sites for site in index.sites)
                for source in case.energy_sources.values()
            ),
            developed=tuple(
                tuple(generation.first_year <= year <= generation.last_year for year in years)
                for generation in case.generations.values()
            ),
            upkeep=tuple((name, item.basis) for name, item in case.upkeep.items() if item.enabled),
            instruments=tuple(Terms.of(funding.instruments[name], years) for name in index.instruments),
            guarantees=tuple(Cover.of(funding.guarantees[name], index) for name in index.guarantees),
            funds=tuple((name, tranches) for name, tranches in funds.items() if tranches),
            budgets=tuple((name, _positions(line.instruments, index)) for name, line in funding.budget_lines.items()),
            matching=_matching(funding, index),
            alternatives=tuple((name, _positions(group, index)) for name, group in funding.alternatives.items()),
            public_use=rules.public_use.scope if rules.public_use.enabled else None,
            ancillary_use=rules.ancillary_use.scope if rules.ancillary_use.enabled else None,
            grant_income=rules.grant_income.enabled,
            timely_use=rules.timely_use.years if rules.timely_use.enabled else None,
            replacement_reserve=rules.timely_use.replacement_reserve,
            fee_at_market=case.prices.infrastructure_fee_basis == "market",
            co2_capped=rules.co2_max is not None,
            objective=case.objective.name,
            residual_value=case.objective.residual_value,
        )

    @property
    def horizon(self) -> int:
        """Years that are planned."""
        return len(self.index.years)

    @property
    def upkeep_lines(self) -> tuple[str, ...]:
        """Names of the enabled upkeep lines."""
        return tuple(name for name, _ in self.upkeep)

    @cached_property
    def serving(self) -> Array:
        """(G, bought, Y) 1 in the years in which a purchase of the year `bought` is in service."""
        return np.stack([in_service(life, self.horizon) for life in self.life_years])

    @cached_property
    def cpu_serving(self) -> Array:
        """(bought, Y) the same for own CPU servers."""
        return in_service(self.cpu_life_years, self.horizon)

    @cached_property
    def grants(self) -> Mask:
        """(F) grants."""
        return self._kinds("grant")

    @cached_property
    def sponsors(self) -> Mask:
        """(F) sponsors."""
        return self._kinds("sponsor")

    @cached_property
    def loans(self) -> Mask:
        """(F) loans."""
        return self._kinds("loan")

    @cached_property
    def equity(self) -> Mask:
        """(F) equity."""
        return self._kinds("equity")

    @cached_property
    def access(self) -> Mask:
        """(F) purchases of access time."""
        return self._kinds("access")

    @cached_property
    def tranches(self) -> Mask:
        """(F) tranches of layered funds."""
        return self._kinds("tranche")

    @cached_property
    def mezzanine(self) -> Mask:
        """(F) loans that are served after the senior ones."""
        return np.array([terms.seniority == "mezzanine" for terms in self.instruments], dtype=bool)

    @cached_property
    def bands(self) -> Mask:
        """(F, B) rate bands that exist."""
        counts = np.array([terms.bands for terms in self.instruments], dtype=int)[:, None]
        return np.asarray(np.arange(self.index.bands)[None, :] < counts)

    @cached_property
    def covers(self) -> Array:
        """(U, F) 1 for the loans that a guarantee may cover."""
        matrix = np.zeros((len(self.guarantees), len(self.instruments)))
        for number, cover in enumerate(self.guarantees):
            matrix[number, list(cover.loans)] = 1.0
        return matrix

    @cached_property
    def covered(self) -> Mask:
        """(F) loans that a guarantee in use may cover."""
        return np.asarray(self.covers.any(axis=0))

    @cached_property
    def active(self) -> Mask:
        """(E) companies that own, run or receive something."""
        works = np.zeros(len(ENTITIES), dtype=bool)
        works[[self.owner, *self.pool_entity]] = True
        return works | (self.receives > 0).any(axis=0)

    @cached_property
    def public(self) -> Mask:
        """(F) instruments of public money."""
        return np.array([terms.public for terms in self.instruments], dtype=bool)

    @cached_property
    def receives(self) -> Array:
        """(F, E) 1 for the company that an instrument pays."""
        companies = np.arange(len(ENTITIES))[None, :]
        entities = np.array([terms.entity for terms in self.instruments], dtype=int)[:, None]
        matrix: Array = (companies == entities).astype(float)
        return matrix

    @cached_property
    def draws_allowed(self) -> Mask:
        """(F, Y) whether an instrument can be drawn in the year."""
        allowed = [terms.draws_allowed for terms in self.instruments]
        return np.array(allowed, dtype=bool).reshape(len(allowed), self.horizon)

    def _kinds(self, kind: str) -> Mask:
        return np.array([terms.kind == kind for terms in self.instruments], dtype=bool)
