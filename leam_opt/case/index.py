"""The sets of a case, in the order in which every array of the project is laid out."""

from __future__ import annotations

from dataclasses import dataclass

from leam_opt.case.instruments import Loan
from leam_opt.case.schema import Case

POOLS = ("core", "tuning", "inference")
"""Pools of the paper: core model development, model tuning, inference."""
CLASSES = ("public", "private")
"""User classes; private = paying commercial customers."""
ENTITIES = ("research", "service")
"""Research company (gGmbH) and service company (GmbH)."""


@dataclass(frozen=True)
class Index:
    """Names of the elements of each set; array axes follow these orders."""

    years: tuple[int, ...]
    sites: tuple[str, ...]
    types: tuple[str, ...]
    generations: tuple[str, ...]
    levels: tuple[str, ...]
    sources: tuple[str, ...]
    instruments: tuple[str, ...]
    steps: int
    """Largest number of staff steps of a pool."""
    guarantees: tuple[str, ...] = ()
    bands: int = 1
    """Largest number of rate bands of a loan; at least one."""
    token_levels: int = 0
    """Points of the demand curve for tokens; none where the price is fixed."""
    cluster_levels: int = 0
    """Points of the demand curve for compute; none where the price is fixed."""

    @property
    def labels(self) -> dict[str, tuple[object, ...]]:
        """Names along each axis, by the letter that array layouts use for it."""
        return {
            "S": self.sites,
            "G": self.types,
            "Y": self.years,
            "K": POOLS,
            "C": CLASSES,
            "N": self.generations,
            "P": tuple(range(self.steps)),
            "J": self.sources,
            "F": self.instruments,
            "A": self.levels,
            "E": ENTITIES,
            "U": self.guarantees,
            "B": tuple(range(self.bands)),
            "L": tuple(range(self.token_levels)),
            "M": tuple(range(self.cluster_levels)),
        }

    @classmethod
    def of(cls, case: Case) -> Index:
        """The sets of a case; instruments and guarantees are those in use."""
        funding = case.funding
        used = [funding.instruments[name] for name in funding.use if name in funding.instruments]
        pools = (case.pools.core, case.pools.tuning, case.pools.inference)
        return cls(
            years=tuple(case.years),
            sites=tuple(case.sites),
            types=tuple(case.server_types),
            generations=tuple(case.generations),
            levels=tuple(case.adoption),
            sources=tuple(case.energy_sources),
            instruments=tuple(name for name in funding.use if name in funding.instruments),
            steps=max(len(pool.staff_steps) for pool in pools),
            guarantees=tuple(name for name in funding.use if name in funding.guarantees),
            bands=max((len(terms.rate_bands) for terms in used if isinstance(terms, Loan)), default=0) or 1,
            token_levels=len(case.prices.token_levels),
            cluster_levels=len(case.prices.cluster_hour_levels),
        )
