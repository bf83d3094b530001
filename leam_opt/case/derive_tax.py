"""The derived table's entries on taxes: value-added tax that cannot be deducted, and the corporate tax rate."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from leam_opt.case.figures import ZERO, Figures
from leam_opt.case.index import Index

if TYPE_CHECKING:
    from leam_opt.case.schema import Case

Array = NDArray[np.float64]

PURCHASES = {
    "unit_price": 2,
    "cpu_unit_price": 0,
    "module_price": 1,
    "opening_cost": 1,
    "grid_connection_cost": 1,
    "energy_price": 2,
    "cpu_rent": 0,
    "site_fixed_cost": 1,
    "grid_fee": 1,
    "heat_extraction_cost": 1,
}
"""Prices of what the owner of the infrastructure buys, with their number of axes; upkeep is a share of such a price and
follows it."""


def vat_load(case: Case, entity: str, figures: Figures) -> Array:
    """Irrecoverable VAT of a company over its net purchases."""
    tax = case.taxation
    share = tax.vat_irrecoverable_research if entity == "research" else tax.vat_irrecoverable_service
    return figures.one(tax.vat) * figures.one(share)


def vat_included(case: Case, table: dict[str, Array], figures: Figures) -> Mapping[str, Array]:
    """The owner's purchase prices with irrecoverable VAT, and fixed operating cost (staff bears none)."""
    factor = 1 + vat_load(case, case.infrastructure_entity, figures)
    payer = "service" if case.infrastructure_entity == "research" else "research"
    fixed = table.pop("operations_cost") + factor * table.pop("purchased_fixed")
    return {
        **{name: factor[(..., *[None] * axes)] * table[name] for name, axes in PURCHASES.items()},
        "fixed_opex": np.asarray(fixed),
        "fee_vat": np.asarray(vat_load(case, payer, figures)),
    }


def tax_rate(case: Case, index: Index, figures: Figures) -> Array:
    """(Y) corporate tax rate; zero where there is none."""
    rates = case.taxation.corporate_tax
    return figures.each(ZERO if rates is None else rates.at_year(max(y, rates.first_year)) for y in index.years)
