"""A plan as a dictionary for JSON and tables; every figure is the ledger's."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from leam_opt.case.embedded import embedded
from leam_opt.case.index import CLASSES, ENTITIES, POOLS
from leam_opt.case.instruments import payer
from leam_opt.ledger.fund_risk import drawing, fund_losses
from leam_opt.ledger.funding import FLOWS
from leam_opt.ledger.measures import measures
from leam_opt.ledger.rules import legal_rules
from leam_opt.ledger.statements import (
    PUBLIC_PAYERS,
    bearers,
    contingent_liabilities,
    fiscal_exposure,
    sources_and_uses,
    waterfall,
)
from leam_opt.solve.told import conventions, findings

if TYPE_CHECKING:
    import pandas as pd

    from leam_opt.solve.plan import Plan


def plan_dict(plan: Plan) -> dict[str, Any]:
    """Key figures, decisions, rules, money and provenance of a plan (see the command `solve --format json`).

    `decisions` (arrays, see `Decisions`), `whole` and `inputs` are what the plan is made again from.
    """
    totals, result = plan.accounts.totals, plan.result
    scenario = plan.scenario or plan.case.active_scenario or "base"
    found, risk = measures(plan.accounts.books, plan.case), _fund_risk(plan)
    return {
        "case": plan.case.name,
        "scenario": scenario,
        "title": plan.case.scenarios[scenario].title if scenario in plan.case.scenarios else plan.case.title,
        "status": result.status,
        "mip_gap": result.mip_gap,
        "primal_bound_meur": result.primal_bound_meur,
        "dual_bound_meur": result.dual_bound_meur,
        "stages": [asdict(stage) for stage in result.stages],
        "seconds": result.seconds,
        "highs_seconds": result.highs_seconds,
        "solver": result.solver,
        "solver_version": result.solver_version,
        "seed": result.seed,
        "input_hash": result.input_hash,
        "five_year_deficit_meur": totals["deficit_meur"],
        "unfunded_gap_meur": totals["unfunded_gap_meur"],
        "public_money_meur": totals["public_money_meur"],
        "private_money_meur": totals["private_money_meur"],
        "public_funding_share": totals["public_funding_share"],
        "gross_cost_meur": totals["gross_cost_meur"],
        "revenue_meur": totals["revenue_meur"],
        **_machines(plan),
        **_use(plan),
        "rules": [asdict(rule) for rule in legal_rules(plan.accounts.books)],
        **_money(plan),
        "measures": found,
        **_statements(plan),
        **risk,
        "cost_per_public_gpu_hour_eur": totals["cost_per_public_gpu_hour_eur"],
        "public_gpu_hours_million": totals["public_gpu_hours_million"],
        "core_models_total": totals["core_models_total"],
        "tokens_total_bn": totals["tokens_total_bn"],
        "findings": findings(plan),
        "audit": plan.audit.to_dict(),
        "decisions": {name: array.tolist() for name, array in plan.decisions.arrays().items()},
        "whole": dict(plan.whole),
        "inputs": embedded(plan.case),
        "conventions": conventions(plan, has_fund=bool(risk["fund_losses"])),
    }


def _machines(plan: Plan) -> dict[str, Any]:
    books, chosen = plan.accounts.books, plan.decisions
    index = books.inputs.structure.index
    per_unit = float(books.inputs.machines.servers_per_unit)
    servers = [
        {
            "site": index.sites[s],
            "type": index.types[g],
            "year": index.years[y],
            "units": int(chosen.units_bought[s, g, y]),
            "servers": round(float(chosen.units_bought[s, g, y]) * per_unit),
        }
        for s, g, y in zip(*np.nonzero(chosen.units_bought), strict=True)
    ]
    used = [s for s in range(len(index.sites)) if chosen.site_open[s].any()]
    return {
        "servers": servers,
        "it_power_mw": {index.sites[s]: books.things.it_power_mw[s].tolist() for s in used},
        "grid_power_mw": {index.sites[s]: chosen.grid_power_mw[s].tolist() for s in used},
        "own_cpu_servers": [
            {
                "site": index.sites[s],
                "year": index.years[y],
                "servers": round(float(chosen.cpu_units_bought[s, y]) * plan.case.cpu.servers_per_unit.base),
            }
            for s, y in zip(*np.nonzero(chosen.cpu_units_bought), strict=True)
        ],
        "cpu_cores_rented_k": chosen.cpu_cores_rented_k.tolist(),
        "energy_gwh": {
            name: chosen.energy_gwh[j].sum(axis=0).tolist()
            for j, name in enumerate(index.sources)
            if chosen.energy_gwh[j].any()
        },
        "heat_sold_gwh": chosen.heat_sold_gwh.sum(axis=0).tolist(),
    }


def _use(plan: Plan) -> dict[str, Any]:
    chosen, index = plan.decisions, plan.accounts.books.inputs.structure.index
    return {
        "pools": [
            {"pool": pool, "class": kind, "year": year, "gpu_hours_million": float(chosen.compute_mgpuh[k, c, y])}
            for k, pool in enumerate(POOLS)
            for c, kind in enumerate(CLASSES)
            for y, year in enumerate(index.years)
        ],
        "core_models": [
            {"generation": index.generations[n], "year": index.years[y], "models": int(chosen.core_models[n, y])}
            for n, y in zip(*np.nonzero(chosen.core_models), strict=True)
        ],
        "training_places": [
            {"generation": index.generations[n], "site": index.sites[s], "type": index.types[g]}
            for n, s, g in zip(*np.nonzero(chosen.training_place), strict=True)
        ],
        "tokens_bn_per_day": {kind: chosen.tokens_bn_per_day[c].tolist() for c, kind in enumerate(CLASSES)},
        "adoption": [index.levels[int(a)] for a in chosen.adoption.argmax(axis=0)],
        "prices": _prices(plan),
    }


def _prices(plan: Plan) -> dict[str, float]:
    """What customers pay: the point of the demand curve that the plan chooses, or the price of the case."""
    terms, chosen = plan.case.prices, plan.decisions
    tokens = terms.token_levels[int(chosen.token_price_level.argmax())].price if terms.token_levels else terms.tokens
    levels = terms.cluster_hour_levels
    hour = levels[int(chosen.cluster_price_level.argmax())].price if levels else terms.cluster_hour
    return {"tokens_eur_per_ktoken": tokens.base, "cluster_hour_eur": hour.base}


def _rows(amounts: NDArray[np.float64], keys: list[dict[str, Any]], years: tuple[int, ...]) -> list[dict[str, Any]]:
    """One row for each non-zero amount."""
    return [
        {**keys[i], "year": years[y], "meur": float(amounts[i, y])} for i, y in zip(*np.nonzero(amounts), strict=True)
    ]


def _money(plan: Plan) -> dict[str, Any]:
    books, chosen = plan.accounts.books, plan.decisions
    index = books.inputs.structure.index
    terms = plan.case.funding.instruments
    instruments = [
        {"instrument": f, "kind": terms[f].kind, "provider": terms[f].provider, "payer": payer(terms[f])}
        for f in index.instruments
    ]
    flows = books.money.flows
    cash = []
    for e, entity in enumerate(ENTITIES):
        closing = books.money.cash_end[e]
        for y, year in enumerate(index.years):
            row: dict[str, Any] = {"entity": entity, "year": year, "opening_meur": float(closing[y - 1]) if y else 0.0}
            row |= {f"{flow}_meur": float(flows[flow][e, y]) for flow in FLOWS}
            cash.append({**row, "closing_meur": float(closing[y])})
    return {
        "funding": _rows(chosen.draws_meur, instruments, index.years),
        "dividends": _rows(chosen.dividends_meur, instruments, index.years),
        "redemption_meur": {
            f: float(chosen.redemption_meur[i])
            for i, f in enumerate(index.instruments)
            if terms[f].kind in ("equity", "tranche")
        },
        "called_loss_meur": {
            f: float(chosen.called_loss_meur[i]) for i, f in enumerate(index.instruments) if terms[f].kind == "tranche"
        },
        "unfunded_gap_by_year": _rows(chosen.unfunded_gap_meur, [{"entity": e} for e in ENTITIES], index.years),
        "cash": cash,
        "lines": {name: float(value) for name, value in books.line_totals.items()},
    }


def _statements(plan: Plan) -> dict[str, Any]:
    """Who pays what in which year, as lists of rows."""
    books = plan.accounts.books
    return {
        "waterfall": _records(waterfall(books)),
        "sources_and_uses": _records(sources_and_uses(books)),
        "bearers": _records(bearers(books)),
        "contingent_liabilities": _records(contingent_liabilities(books)),
        "fiscal_exposure": _records(fiscal_exposure(books)),
        "balance_sheet": _records(plan.accounts.balance_sheet),
    }


def _fund_risk(plan: Plan) -> dict[str, Any]:
    """What tranches of the funds that the plan draws on may lose, and the mean of what public payers lose."""
    rows = _records(fund_losses(plan.case, plan.accounts.books))
    public = [row["expected_loss_meur"] for row in rows if row["payer"] in PUBLIC_PAYERS]
    return {
        "fund_losses": rows,
        "fund_losses_samples": drawing(plan.case)[0] if rows else 0,
        "expected_fund_losses_public_meur": float(sum(public)),
    }


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows of a table; what is not a number becomes None."""
    plain = table.astype(object)
    return [
        {str(name): value for name, value in row.items()} for row in plain.where(table.notna(), None).to_dict("records")
    ]
