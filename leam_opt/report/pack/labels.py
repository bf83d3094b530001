"""Names of the ledger's lines, flows, measures and words of the case, as a reader of a report knows them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from leam_opt.case.schema import Case
from leam_opt.words import N_, Words

LINES: Final[Mapping[str, str]] = {
    "servers": N_("Servers"),
    "cpu_servers": N_("CPU servers"),
    "building": N_("Building"),
    "site_opening": N_("Opening of sites"),
    "grid_connection": N_("Grid connection"),
    "vat_on_capex": N_("VAT on capital expenditure"),
    "maintenance": N_("Maintenance"),
    "insurance": N_("Insurance"),
    "spares": N_("Spare parts"),
    "electricity": N_("Electricity"),
    "operations_staff": N_("Operations staff"),
    "internet": N_("Internet connection"),
    "licences": N_("Licences"),
    "cpu_rent": N_("Rent of CPU cores"),
    "site_fixed": N_("Fixed cost of sites"),
    "grid_fee": N_("Grid fee"),
    "heat_extraction": N_("Heat extraction"),
    "core_staff": N_("Staff for core models"),
    "tuning_staff": N_("Staff for tuning"),
    "inference_staff": N_("Staff for inference"),
    "vat_on_opex": N_("VAT on operating cost"),
    "interest": N_("Interest"),
    "construction_interest": N_("Interest during construction"),
    "guarantee_fees": N_("Guarantee fees"),
    "arrangement_fees": N_("Arrangement fees"),
    "investors_return": N_("Investors' return"),
    "corporate_tax": N_("Corporate tax"),
    "residual_value": N_("Residual value"),
    "core_revenue": N_("Revenue from core compute"),
    "tuning_revenue": N_("Revenue from tuning"),
    "inference_revenue": N_("Revenue from inference"),
    "heat_revenue": N_("Revenue from heat"),
}
"""Lines of the accounts."""

FLOWS: Final[Mapping[str, str]] = {
    "opening": N_("Cash at the start of the year"),
    "draws": N_("Money drawn from instruments"),
    "unfunded_gap": N_("Unfunded gap"),
    "capex": N_("Capital expenditure"),
    "fee_prepaid": N_("Infrastructure fee paid in advance"),
    "revenue": N_("Revenue"),
    "opex": N_("Operating cost"),
    "infrastructure_fee": N_("Infrastructure fee"),
    "profit_transfer": N_("Profit transfer"),
    "repayment": N_("Repayment"),
    "dividends": N_("Dividends"),
    "redemption": N_("Return of contributions"),
    "closing": N_("Cash at the end of the year"),
    "cash_increase": N_("Addition to cash"),
    "cash_decrease": N_("Taken from cash"),
    "cfads": N_("Cash flow for debt service (CFADS)"),
    "senior_service": N_("Senior debt service"),
    "mezzanine_service": N_("Mezzanine debt service"),
    "cash_after_debt": N_("Cash after debt service"),
    "fund_payments": N_("Payments to the fund"),
    "dscr": N_("Debt service cover (DSCR)"),
}
"""Cash flows and steps of the waterfall."""

CATEGORIES: Final[Mapping[str, str]] = {
    "capex": FLOWS["capex"],
    "opex": FLOWS["opex"],
    "financing": N_("Financing cost"),
    "tax": LINES["corporate_tax"],
    "residual_value": LINES["residual_value"],
    "revenue": FLOWS["revenue"],
}
"""Categories of lines."""

PARTIES: Final[Mapping[str, str]] = {
    "research": N_("Research company (non-profit)"),
    "service": N_("Service company"),
    "union": N_("European Union"),
    "federation": N_("Federation"),
    "state": N_("State (Land)"),
    "public": N_("Public sector"),
    "private": N_("Private sector"),
    "industry": N_("Industry"),
    "lenders": N_("Lenders"),
    "customers": N_("Customers"),
    "treasury": N_("Treasury"),
    "unfunded": N_("Nobody (unfunded)"),
}
"""Companies, payers, and who bears a euro."""

USES: Final[Mapping[str, str]] = {
    "core": N_("Core models"),
    "tuning": N_("Tuning"),
    "inference": N_("Inference"),
    "all": N_("All pools"),
}
"""Pools of machines."""

RULES: Final[Mapping[str, str]] = {
    "public_use": N_("Public use"),
    "ancillary_use": N_("Ancillary use"),
    "grant_income": N_("Grants in the income of research"),
    "timely_use": N_("Timely use of funds"),
    "renewable": N_("Renewable electricity"),
    "pue": N_("Energy effectiveness (PUE)"),
    "heat": N_("Heat reuse"),
    "co2": N_("CO2 emissions"),
}
"""Legal rules of the ledger."""

MEASURES: Final[Mapping[str, str]] = {
    "discount_rate_nominal_share": N_("Discount rate, nominal"),
    "npv_deficit_meur": N_("Deficit, present value, M€"),
    "npv_public_money_meur": N_("Public money, present value, M€"),
    "viability_gap_npv_meur": N_("Viability gap, present value, M€"),
    "investor_npv_meur": N_("Owner of the whole centre with gifts, NPV, M€"),
    "investor_irr_share": N_("Owner of the whole centre with gifts, IRR"),
    "investor_rate_share": N_("Rate of return asked for"),
    "shareholder_irr_share": N_("Equity and fund tranches, IRR"),
    "project_irr_share": N_("Project before funding and tax, IRR"),
    "payback_years": N_("Payback of the project, years"),
    "dscr_min": N_("Debt service cover (DSCR), smallest"),
    "dscr_average": N_("Debt service cover (DSCR), average"),
    "llcr": N_("Loan life cover (LLCR)"),
    "leverage_private_per_public": N_("Private money per public euro, €"),
    "finance_per_union_euro": N_("Money drawn per Union euro, €"),
    "public_cost_per_gpu_hour_eur": N_("Public money per public GPU-hour, €"),
    "public_cost_per_core_model_meur": N_("Public money per core model, M€"),
    "full_cost_per_gpu_hour_eur": N_("Gross cost per GPU-hour, €"),
    "break_even_price_gpuh_eur": N_("Break-even price per GPU-hour sold, €"),
    "break_even_price_ktoken_eur": N_("Break-even price per 1000 tokens, €"),
    "fiscal_exposure_peak_meur": N_("Public draws, largest year, M€"),
    "contingent_peak_meur": N_("Public guarantees, largest, M€"),
    "contingent_expected_meur": N_("Public guarantees, expected call, M€"),
}
"""Measures of finance."""

VALUE_PARTS: Final[Mapping[str, str]] = {
    "raw_cost": N_("Raw cost"),
    "competitive_neutrality": N_("Competitive neutrality"),
    "transferable_risk": N_("Transferable risk"),
    "retained_risk": N_("Retained risk"),
    "bid": N_("Bid"),
    "ancillary_cost": N_("Ancillary cost"),
}
"""Components of value for money."""

STATUS: Final[Mapping[str, str]] = {
    "optimal": N_("proven optimal"),
    "gap_reached": N_("proven within the gap asked for"),
    "time_limit": N_("not proven: time limit"),
    "interrupted": N_("not proven: interrupted"),
    "infeasible": N_("no plan: rules in conflict"),
}
"""How far a plan is proven."""

_EVERY: Final = {**FLOWS, **LINES, **PARTIES, **VALUE_PARTS}


def label(name: str, words: Words) -> str:
    """A line, flow or party in words; what a case names itself, such as an upkeep, as it is written there."""
    plain = name.removesuffix("_meur")
    return words(_EVERY[plain]) if plain in _EVERY else plain.replace("_", " ").replace("-", " ").capitalize()


def scenario_title(case: Case, name: str, words: Words) -> str:
    """Title of a scenario as the case gives it; `base` is the case itself."""
    if name in case.scenarios:
        return case.scenarios[name].title or name
    return words("The case itself")


def instrument_title(case: Case, name: str) -> str:
    """Title of a funding instrument as the case gives it."""
    terms = case.funding.instruments.get(name)
    return terms.title if terms is not None and terms.title else name
