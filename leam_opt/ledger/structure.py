"""What cannot vary between the variants of a case: sets, companies, lives, profiles, windows and switches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from leam_opt.case.financial import Instrument, Loan
from leam_opt.case.index import ENTITIES, POOLS, Index
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
FINANCE_LINES = ("interest", "arrangement_fees", "investors_return")
REVENUE_LINES = ("core_revenue", "tuning_revenue", "inference_revenue", "heat_revenue")
OTHER_LINES = ("residual_value",)


@dataclass(frozen=True)
class Terms:
    """Structure of a funding instrument.

    Attributes:
        kind: grant, sponsor, loan or equity.
        public: whether public money pays.
        entity: position of the receiving company in `ENTITIES`.
        draws_allowed: (Y) whether money can be drawn in the year; a loan's draw must be repaid within the horizon.
        tenor_years, grace_years, repayment: profile of a loan; 0, 0 and `annuity` for others.
    """

    kind: str
    public: bool
    entity: int
    draws_allowed: tuple[bool, ...]
    tenor_years: int
    grace_years: int
    repayment: Repayment

    @classmethod
    def of(cls, terms: Instrument, years: Sequence[int]) -> Terms:
        """The structure of an instrument for a horizon of calendar years."""
        first, last = terms.first_year or years[0], terms.last_year or years[-1]
        tenor, grace = (terms.tenor_years, terms.grace_years) if isinstance(terms, Loan) else (0, 0)
        return cls(
            kind=terms.kind,
            public=terms.provider == "public",
            entity=ENTITIES.index(terms.entity),
            draws_allowed=tuple(first <= year <= last and year + tenor - 1 <= years[-1] for year in years),
            tenor_years=tenor,
            grace_years=grace,
            repayment=terms.repayment if isinstance(terms, Loan) else "annuity",
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
        public_use, ancillary_use: scope of the rule where it is enabled, else None.
        grant_income: whether the rule is enabled.
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
    public_use: str | None
    ancillary_use: str | None
    grant_income: bool
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
        reserved = {*CAPEX_LINES, *OPEX_LINES, *STAFF_LINES, *FINANCE_LINES, *REVENUE_LINES, *OTHER_LINES}
        clashes = sorted(reserved & set(case.upkeep))
        if clashes:
            raise CaseError([f"upkeep.{name}: the accounts have a line '{name}' already; rename" for name in clashes])
        years, rules = index.years, case.rules
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
            instruments=tuple(Terms.of(case.funding.instruments[name], years) for name in index.instruments),
            public_use=rules.public_use.scope if rules.public_use.enabled else None,
            ancillary_use=rules.ancillary_use.scope if rules.ancillary_use.enabled else None,
            grant_income=rules.grant_income.enabled,
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
