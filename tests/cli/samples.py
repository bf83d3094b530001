"""A plan and a comparison as the engine hands them to the tables, small enough to check by eye.

The figures are made up, but they add up: the lines to the deficit, the cash rows to the closing cash, the bridge to the
difference of the deficits.
"""

from __future__ import annotations

from typing import Any

YEARS = (2023, 2024, 2025)


def rule(name: str, scope: str, limit: float | None, worst: float | None, *, met: bool, active: bool) -> dict[str, Any]:
    """A legal rule in its worst year."""
    return {"rule": name, "scope": scope, "limit": limit, "worst": worst, "year": 2024, "met": met, "active": active}


MEASURES: dict[str, Any] = {
    "discount_rate_nominal_share": 0.025,
    "npv_deficit_meur": 390.5,
    "npv_public_money_meur": 295.25,
    "investor_irr_share": None,
    "investor_irr_status": "several",
    "investor_irrs": [0.05, 0.4],
    "investor_rate_share": 0.1,
    "investor_npv_meur": -12.5,
    "viability_gap_npv_meur": 12.5,
    "shareholder_irr_share": None,
    "shareholder_irr_status": "none",
    "shareholder_irrs": [],
    "project_irr_share": 0.0725,
    "project_irr_status": "unique",
    "project_irrs": [0.0725],
    "dscr_min": 1.3,
    "dscr_average": 1.75,
    "llcr": 1.5,
    "payback_years": None,
    "leverage_private_per_public": 0.33,
    "finance_per_union_euro": None,
    "public_cost_per_gpu_hour_eur": 5.41,
    "public_cost_per_core_model_meur": 33.33,
    "full_cost_per_gpu_hour_eur": 8.5,
    "break_even_price_gpuh_eur": 2.25,
    "break_even_price_ktoken_eur": 0.01612,
    "contingent_peak_meur": 0.0,
    "contingent_expected_meur": 0.0,
    "fiscal_exposure_peak_meur": 300.0,
}

WATERFALL = {
    "revenue_meur": 40.0,
    "opex_meur": -10.0,
    "infrastructure_fee_meur": -5.0,
    "corporate_tax_meur": -1.0,
    "cfads_meur": 24.0,
    "senior_service_meur": -12.0,
    "mezzanine_service_meur": 0.0,
    "cash_after_debt_meur": 12.0,
    "dividends_meur": -2.0,
    "fund_payments_meur": 0.0,
    "redemption_meur": 0.0,
    "profit_transfer_meur": 0.0,
}

BALANCE_SHEET = {
    "fixed_assets_meur": 300.0,
    "cash_meur": 20.0,
    "fee_advances_paid_meur": 0.0,
    "debt_meur": 100.0,
    "fund_contributions_meur": 0.0,
    "shareholders_meur": 0.0,
    "gifts_meur": 300.0,
    "access_advances_meur": 0.0,
    "fee_advances_received_meur": 0.0,
    "unfunded_meur": 0.0,
    "retained_result_meur": -80.0,
}


def value_for_money() -> dict[str, Any]:
    """A public sector comparator that costs 20 M EUR more on average than the partnership."""

    def spread(mean: float, name: str | None = None) -> dict[str, Any]:
        named = {} if name is None else {"name": name}
        return {**named, "p5_meur": mean - 5, "mean_meur": mean, "p95_meur": mean + 5}

    return {
        "discount_rate_nominal_share": 0.025,
        "risk_in": "flows",
        "samples": 2000,
        "comparator": {
            "scenario": "public",
            "components": [spread(150.0, "raw_cost"), spread(10.5, "competitive_neutrality")],
            "total": spread(160.5),
        },
        "partnership": {
            "scenario": "ppp",
            "components": [spread(130.0, "bid"), spread(10.5, "retained_risk")],
            "total": spread(140.5),
        },
        "value_for_money": spread(20.0),
        "probability_partnership_better": 0.875,
    }


def breakeven(**changes: Any) -> dict[str, Any]:
    """A search for the price of tokens that took four solves."""
    names = ("value", "measure_meur", "proof_meur", "deficit_meur", "unfunded_gap_meur", "public_money_meur")
    solves = ((0.01, 102.5, 0.01), (0.015, 18.5, 0.01), (0.025, -146.25, 0.01), (0.0161, -0.0005, 0.01))
    return {
        "case": "leam-2022",
        "scenario": "ppp",
        "measure": "deficit",
        "asked": "prices.token",
        "path": "prices.tokens",
        "unit": "EUR/ktoken",
        "base_value": 0.01,
        "base_by_year": None,
        "value": 0.0161,
        "status": "found",
        "residual_meur": -0.0005,
        "proof_meur": 0.01,
        "bracket": (0.015, 0.025),
        "bracket_measures_meur": (18.5, -146.25),
        "tolerance_meur": 1e-3,
        "solves": [
            dict(zip(names, (*row, row[1], 0.0, 140.25), strict=True)) | {"mip_gap": 0.0001, "seconds": 2.0}
            for row in solves
        ],
        "reason": "",
        "sentence": "At 0.0161 EUR/ktoken (base 0.01 EUR/ktoken) the deficit of ppp is zero.",
        **changes,
    }


def plan(scenario: str | None, deficit_meur: float, **changes: Any) -> dict[str, Any]:
    """A plan over three years whose capital cost carries the whole deficit above -40 M€ of other lines."""
    return {
        "case": "leam-2022",
        "scenario": scenario,
        "title": "Sample",
        "status": "optimal",
        "mip_gap": 0.00002,
        "primal_bound_meur": deficit_meur,
        "dual_bound_meur": deficit_meur - 0.01,
        "stages": [
            {"name": name, "title": name, "unit": "MEUR", "primal": 1.0, "dual": 1.0, "seconds": 0.1, "nodes": 1}
            for name in ("unfunded_gap", "deficit", "public_money")
        ],
        "seconds": 1.25,
        "highs_seconds": 1.0,
        "solver": "HiGHS",
        "solver_version": "1.15.1",
        "seed": 0,
        "input_hash": "0" * 64,
        "five_year_deficit_meur": deficit_meur,
        "unfunded_gap_meur": 0.0,
        "public_money_meur": 300.0,
        "private_money_meur": 100.0,
        "public_funding_share": 0.75,
        "gross_cost_meur": 500.0,
        "revenue_meur": 40.0,
        "servers": [
            {"site": "hall", "type": "a100", "year": 2023, "units": 20, "servers": 400},
            {"site": "hall", "type": "h100", "year": 2024, "units": 3, "servers": 60},
        ],
        "it_power_mw": {"hall": [4.0, 4.5, 4.5]},
        "grid_power_mw": {"hall": [5.0, 5.5, 5.5]},
        "own_cpu_servers": [{"site": "hall", "year": 2025, "servers": 50}],
        "cpu_cores_rented_k": [10.0, 10.0, 0.0],
        "energy_gwh": {"ppa": [30.0, 35.0, 35.5], "grid": [0.0, 0.0, 0.0]},
        "heat_sold_gwh": [0.0, 0.0, 4.0],
        "pools": [
            {"pool": pool, "class": users, "year": year, "gpu_hours_million": hours}
            for pool, users, hours in (("core", "public", 18.5), ("core", "private", 1.25))
            for year in YEARS
        ],
        "core_models": [{"generation": "leam-1", "year": year, "models": 3} for year in YEARS],
        "training_places": [{"generation": "leam-1", "site": "hall", "type": "a100"}],
        "tokens_bn_per_day": {"public": [0.1, 0.1, 0.1], "private": [1.0, 2.0, 3.0]},
        "adoption": ["low", "low", "high"],
        "prices": {"tokens_eur_per_ktoken": 0.01, "cluster_hour_eur": 10000.0},
        "rules": [
            rule("public_use", "core", 0.9, 0.937, met=True, active=True),
            rule("public_use", "all", 0.9, 0.81, met=False, active=False),
            rule("ancillary_use", "all", 0.2, 0.15, met=True, active=True),
            rule("pue", "site", 1.3, 1.2, met=True, active=True),
            rule("grant_income", "research", 0.501, None, met=True, active=True),
            rule("heat", "site", 0.0, 0.0, met=True, active=False),
            rule("co2", "centre", None, 0.5, met=True, active=False),
        ],
        "funding": [
            {**kind, "year": year, "meur": meur}
            for kind, year, meur in (
                ({"instrument": "federal", "kind": "grant", "provider": "public", "payer": "federation"}, 2023, 300.0),
                ({"instrument": "bank", "kind": "loan", "provider": "private", "payer": "lenders"}, 2024, 100.0),
            )
        ],
        "dividends": [],
        "redemption_meur": {"shares": 0.0},
        "called_loss_meur": {},
        "unfunded_gap_by_year": [],
        "cash": [
            {
                "entity": "research",
                "year": year,
                "opening_meur": opening,
                "draws_meur": draws,
                "spending_meur": -90.0,
                "closing_meur": opening + draws - 90.0,
            }
            for year, opening, draws in ((2023, 0.0, 300.0), (2024, 210.0, 100.0), (2025, 220.0, 0.0))
        ],
        "lines": {"servers": deficit_meur + 40.0, "core_rent": -7.5, "inference": -32.5, "heat": 0.0},
        "measures": dict(MEASURES),
        "waterfall": [
            {"company": "service", "year": year, **WATERFALL, "dscr": None if year == 2023 else 2.0} for year in YEARS
        ],
        "sources_and_uses": [
            {"year": year, "side": side, "item": item, "meur": meur}
            for year, side, item, meur in (
                (2023, "source", "federal", 300.0),
                (2024, "source", "bank", 100.0),
                (2024, "source", "unfunded_gap", 0.0),
                (2023, "use", "capex", 290.0),
                (2024, "use", "capex", 95.5),
            )
        ],
        "bearers": [
            {"year": year, "payer": payer, "paid_meur": paid, "received_meur": back, "net_meur": paid - back}
            for payer, figures in (
                ("union", ((300.0, 0.0), (0.0, 0.0), (0.0, 0.0))),
                ("lenders", ((0.0, 0.0), (100.0, 0.0), (0.0, 60.5))),
            )
            for year, (paid, back) in zip(YEARS, figures, strict=True)
        ],
        "contingent_liabilities": [
            {"guarantee": "state", "payer": "state", "year": year, "guaranteed_meur": meur, "expected_call_meur": 0.5}
            for year, meur in zip(YEARS, (0.0, 50.0, 25.5), strict=True)
        ],
        "fiscal_exposure": [{"payer": "union", "year": year, "meur": 300.0 * (year == 2023)} for year in YEARS],
        "balance_sheet": [{"company": "service", "year": year, **BALANCE_SHEET} for year in YEARS],
        "fund_losses": [
            {
                "fund": "invest",
                "tranche": tranche,
                "payer": payer,
                "contributions_meur": given,
                "due_at_horizon_meur": given + 1.0,
                "loss_probability_share": chance,
                "expected_loss_meur": mean,
                "p95_loss_meur": high,
                "loss_probability_with_risks_share": 2 * chance,
                "expected_loss_with_risks_meur": mean + 1.0,
                "p95_loss_with_risks_meur": high,
            }
            for tranche, payer, given, chance, mean, high in (
                ("first-loss", "union", 20.0, 0.25, 3.5, 21.0),
                ("senior", "lenders", 80.0, 0.05, 0.75, 0.0),
            )
        ],
        "fund_losses_samples": 2000,
        "expected_fund_losses_public_meur": 3.5,
        "cost_per_public_gpu_hour_eur": 8.5,
        "public_gpu_hours_million": 55.5,
        "core_models_total": 9,
        "tokens_total_bn": 2299.5,
        "findings": ["Under the strict reading (scope all) the plan would have 81 % public use [limit 90 %]."],
        "audit": {"passed": True, "objective_error_eur": 0.0004, "rows_checked": 1234},
        "decisions": {"draws_meur": [[1 / 3, 0.0, 0.0]]},
        "whole": {"units_bought[hall,a100,2023]": 20},
        "inputs": {"name": "leam-2022", "input_hash": "0" * 64},
        "conventions": ["Capital expenditure and draws fall at the start of the year", "Nominal euros."],
        **changes,
    }


def comparison(*names: str) -> dict[str, Any]:
    """Scenarios with deficits of 100, 90, 80 ... M€, so that the last one is the best."""
    plans = [plan(name, 100.0 - 10 * position) for position, name in enumerate(names)]
    ranking = list(reversed(names))
    return {
        "case": "leam-2022",
        "scenarios": plans,
        "ranking": ranking,
        "decided": True,
        "reason": f"{ranking[0]} has the smallest deficit, 10.00 M€ below {ranking[1]}.",
        "bridge": [
            {"line": f"deficit of {ranking[1]}", "meur": plans[-2]["five_year_deficit_meur"]},
            {"line": "servers", "meur": -12.5},
            {"line": "heat", "meur": 0.0},
            {"line": "interest", "meur": 2.5},
            {"line": f"deficit of {ranking[0]}", "meur": plans[-1]["five_year_deficit_meur"]},
        ],
        "public_money_bridge": [
            {"line": f"public money of {ranking[1]}", "meur": 310.5},
            {"line": "federal-grant", "meur": -10.5},
            {"line": f"public money of {ranking[0]}", "meur": 300.0},
        ],
        "bridge_from": ranking[1],
        "bridge_to": ranking[0],
        "measures": {name: plan["measures"] for name, plan in zip(names, plans, strict=True)},
        "bearers": {name: plan["bearers"] for name, plan in zip(names, plans, strict=True)},
        "value_for_money": value_for_money(),
        "inputs": {"name": "leam-2022", "input_hash": "0" * 64},
        "strict_reading": [
            {
                "scenario": ranking[0],
                "deficit_core_meur": 100.0,
                "deficit_all_meur": 112.5,
                "price_meur": 12.5,
                "unfunded_gap_all_meur": 0.0,
                "mip_gap": 0.00005,
            }
        ],
    }
