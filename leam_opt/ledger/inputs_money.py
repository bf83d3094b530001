"""Rules, funding, taxes of a case as arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from leam_opt.case.instruments import Access, Equity, Grant, Instrument, Loan, Tranche
from leam_opt.case.schema import Case
from leam_opt.ledger.reader import Reader
from leam_opt.ledger.structure import Structure

Array = NDArray[np.float64]


def _of_kind(terms: Instrument, kind: type[Any] | tuple[type[Any], ...], field: str, otherwise: float) -> Any:
    return getattr(terms, field) if isinstance(terms, kind) else otherwise


def _bands(used: list[Instrument], read: Reader, bands: int) -> tuple[Array, Array]:
    """Rate and size (F, B) of the bands of each loan; zero where there is no such band.

    A band reaches from the total of the band before it to its own, the last one without a total to the loan's cap.
    """
    rates, sizes = (np.zeros((*read.variants, len(used), bands)) for _ in range(2))
    for number, terms in enumerate(used):
        if not isinstance(terms, Loan):
            continue
        if not terms.rate_bands:
            rates[..., number, 0], sizes[..., number, 0] = read.one(terms.rate, missing=0.0), read.one(terms.cap_total)
            continue
        own = len(terms.rate_bands)
        rates[..., number, :own] = read.each(band.rate for band in terms.rate_bands)
        totals = read.each(terms.cap_total if band.up_to is None else band.up_to for band in terms.rate_bands)
        sizes[..., number, :own] = np.clip(np.diff(totals, prepend=0.0), 0.0, None)
    return rates, sizes


@dataclass(frozen=True)
class Money:
    """Rules, funding and taxes; infinite where the case sets no limit.

    Axes F instruments in use, B rate bands, U guarantees in use, E companies, Y years. A figure that only one kind of
    instrument has is zero for the others.
    """

    public_use_min: Array
    ancillary_use_max: Array
    grant_income_min: Array
    free_reserve_share: Array
    renewable_min: Array  # (Y)
    pue_max: Array  # (Y)
    heat_share_min: Array  # (Y)
    co2_max_kt: Array  # (Y)
    cap_total_meur: Array  # (F)
    cap_per_year_meur: Array  # (F, Y)
    min_ticket_meur: Array  # (F)
    arrangement_share: Array  # (F)
    intensity: Array  # (F) of grants and of access
    access_price_eur: Array  # (F) of a GPU-hour; infinite for others
    band_rate: Array  # (F, B) of loans
    band_size_meur: Array  # (F, B) of loans
    construction_years: Array  # (F) of loans
    dscr_min: Array  # (F) of loans
    lockup_dscr: Array  # (F) of loans
    reserve_months: Array  # (F) of loans
    guaranteed_share_min: Array  # (F) of loans
    hurdle_rate: Array  # (F) of equity
    tranche_share: Array  # (F) of tranches
    return_rate: Array  # (F) of tranches
    loss_share_max: Array  # (F) of tranches
    guarantee_share_max: Array  # (U)
    guarantee_cap_meur: Array  # (U)
    guarantee_fee: Array  # (U)
    guarantee_rate_reduction: Array  # (U)
    call_probability: Array  # (U)
    budget_cap_meur: Array  # (budget lines, Y)
    matching_ratio: Array  # (matching rules)
    gearing_max: Array  # (E)
    private_share_min: Array
    private_share_max: Array
    reserve_meur: Array  # (E)
    corporate_tax: Array  # (Y)
    vat_load: Array  # (E) irrecoverable tax over the net price
    discount_rate: Array
    deficit_max_meur: Array

    @classmethod
    def of(cls, case: Case, read: Reader, structure: Structure) -> Money:
        """Rules, funding and taxes of a case."""
        rules, funding, taxation = case.rules, case.funding, case.taxation
        used = [funding.instruments[name] for name in structure.index.instruments]
        guarantees = [funding.guarantees[name] for name in structure.index.guarantees]
        band_rate, band_size = _bands(used, read, structure.index.bands)

        def of_kind(kind: type[Any] | tuple[type[Any], ...], field: str, otherwise: float = 0.0) -> Array:
            return read.each(_of_kind(terms, kind, field, otherwise) for terms in used)

        return cls(
            public_use_min=read.one(rules.public_use.share_min),
            ancillary_use_max=read.one(rules.ancillary_use.share_max),
            grant_income_min=read.one(rules.grant_income.share_min),
            free_reserve_share=read.one(rules.timely_use.free_reserve_share),
            renewable_min=read.yearly(rules.renewable_share_min),
            pue_max=read.yearly(rules.pue_max),
            heat_share_min=read.yearly(rules.heat_reuse_min),
            co2_max_kt=read.yearly(rules.co2_max),
            cap_total_meur=read.each(terms.cap_total for terms in used),
            cap_per_year_meur=read.each_yearly(terms.cap_per_year for terms in used),
            min_ticket_meur=read.each(terms.min_ticket for terms in used),
            arrangement_share=read.each(terms.arrangement_fee for terms in used),
            intensity=of_kind((Grant, Access), "intensity"),
            access_price_eur=of_kind(Access, "price", np.inf),
            band_rate=band_rate,
            band_size_meur=band_size,
            construction_years=of_kind(Loan, "construction_years"),
            dscr_min=of_kind(Loan, "dscr_min"),
            lockup_dscr=of_kind(Loan, "lockup_dscr"),
            reserve_months=of_kind(Loan, "reserve_months"),
            guaranteed_share_min=of_kind(Loan, "guaranteed_share_min"),
            hurdle_rate=of_kind(Equity, "hurdle_rate"),
            tranche_share=of_kind(Tranche, "share"),
            return_rate=of_kind(Tranche, "return_rate"),
            loss_share_max=of_kind(Tranche, "loss_max"),
            guarantee_share_max=read.each(terms.share_max for terms in guarantees),
            guarantee_cap_meur=read.each(terms.cap_total for terms in guarantees),
            guarantee_fee=read.each(terms.fee for terms in guarantees),
            guarantee_rate_reduction=read.each(terms.rate_reduction for terms in guarantees),
            call_probability=read.each(terms.call_probability for terms in guarantees),
            budget_cap_meur=read.each_yearly(funding.budget_lines[name].cap_per_year for name, _ in structure.budgets),
            matching_ratio=read.each(funding.matching[name].ratio for name, _, _ in structure.matching),
            gearing_max=read.each((funding.gearing_max_research, funding.gearing_max_service)),
            private_share_min=read.one(funding.private_share_min),
            private_share_max=read.one(funding.private_share_max),
            reserve_meur=read.each((funding.cash_reserve_research, funding.cash_reserve_service)),
            corporate_tax=read.yearly(taxation.corporate_tax, missing=0.0),
            vat_load=read.one(taxation.vat)[..., None]
            * read.each((taxation.vat_irrecoverable_research, taxation.vat_irrecoverable_service)),
            discount_rate=read.one(case.objective.discount_rate),
            deficit_max_meur=read.one(case.objective.deficit_max),
        )
