"""The derived table's entries on taxes: value-added tax that cannot be deducted, and the corporate tax rate."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from leam_opt.case.index import Index

if TYPE_CHECKING:
    from leam_opt.case.schema import Case

Array = NDArray[np.float64]

PURCHASES = (
    "unit_price",
    "cpu_unit_price",
    "module_price",
    "opening_cost",
    "grid_connection_cost",
    "energy_price",
    "cpu_rent",
    "site_fixed_cost",
    "grid_fee",
    "heat_extraction_cost",
)
"""Prices of what the owner of the infrastructure buys; upkeep is a share of such a price and follows it."""


def vat_load(case: Case, entity: str) -> float:
    """Irrecoverable VAT of a company over its net purchases."""
    tax = case.taxation
    share = tax.vat_irrecoverable_research if entity == "research" else tax.vat_irrecoverable_service
    return tax.vat.base * share.base


def vat_included(case: Case, table: dict[str, Array]) -> Mapping[str, Array]:
    """The owner's purchase prices with irrecoverable VAT, and fixed operating cost (staff bears none)."""
    factor = 1 + vat_load(case, case.infrastructure_entity)
    payer = "service" if case.infrastructure_entity == "research" else "research"
    fixed = table.pop("operations_cost") + factor * table.pop("purchased_fixed")
    return {
        **{name: factor * table[name] for name in PURCHASES},
        "fixed_opex": np.asarray(fixed),
        "fee_vat": np.asarray(vat_load(case, payer)),
    }


def tax_rate(case: Case, index: Index) -> Array:
    """(Y) corporate tax rate; zero where there is none."""
    rates = case.taxation.corporate_tax
    return np.array([0.0 if rates is None else rates.at_year(max(y, rates.first_year)).base for y in index.years])
