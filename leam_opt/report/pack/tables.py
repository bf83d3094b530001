"""Every table of a decision pack as a DataFrame; names are English in every language, columns end in their unit."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from leam_opt.case.register import entries
from leam_opt.ledger.fund_risk import fund_losses
from leam_opt.ledger.measures import measures
from leam_opt.report.pack.content import Pack
from leam_opt.solve.plan import Plan
from leam_opt.words import N_

if TYPE_CHECKING:
    import pandas as pd

Rows = Iterable[Mapping[str, Any]]

CATALOGUE: dict[str, str] = {
    "scenarios": N_("Scenarios: rank, status and proof"),
    "comparison": N_("Key figures and measures by scenario"),
    "bridge": N_("Bridge of the deficit from the second best scenario to the best"),
    "public_money_bridge": N_("Bridge of public money from the second best scenario to the best"),
    "value_for_money": N_("Value for money: public sector comparator and partnership"),
    "strict_reading": N_("Price of the strict reading of charitable status"),
    "accounts": N_("Yearly accounts by line"),
    "lines": N_("Lines of the accounts by company"),
    "cash": N_("Cash by company and year"),
    "waterfall": N_("Waterfall: order in which each company's money is used"),
    "sources_and_uses": N_("Sources and uses of money"),
    "bearers": N_("Who bears which euro"),
    "fiscal_exposure": N_("Burden on public budgets"),
    "contingent_liabilities": N_("Contingent liabilities from guarantees"),
    "funding": N_("Instruments by year"),
    "equity": N_("Equity and its return"),
    "fund_losses": N_("Losses that tranches of funds may bear"),
    "profit": N_("Profit statements"),
    "balance_sheet": N_("Balance sheets"),
    "compute": N_("Use of the pools"),
    "models": N_("Core models and their training"),
    "tokens": N_("Tokens and the compute that they need"),
    "energy": N_("Power, energy and heat"),
    "servers": N_("Servers by site, type and year"),
    "rules": N_("Legal rules in their worst year"),
    "rows": N_("Every row of every rule, with slack"),
    "stages": N_("Stages of the optimisation and what is proven"),
    "prices": N_("What each rule costs"),
    "alternatives": N_("Near-optimal plans that differ in structure"),
    "alternatives_shared": N_("What all near-optimal plans share"),
    "pareto": N_("Trade-off between two objectives"),
    "conflict": N_("Rules that cannot hold together"),
    "repairs": N_("Changes that make a plan possible"),
    "tornado": N_("How far each range moves the deficit"),
    "distribution": N_("Deficits in drawn futures"),
    "distribution_summary": N_("Spread of the deficits in drawn futures"),
    "reconciliation": N_("The paper's figures beside the ledger's"),
    "study_runs": N_("Runs of the study"),
    "assumptions": N_("Register of assumptions"),
    "scenario_assumptions": N_("Figures that a scenario gives another value"),
    "manifest": N_("Manifest: how the pack was made"),
}
"""Title of each table by its name, in the order of a pack; a pack leaves out what it has no content for."""

UNITS = {
    "_mgpuh": "million GPU-hours",
    "_bn_per_day": "billion a day",
    "_million": "million",
    "_meur": "M EUR",
    "_eur": "EUR",
    "_gwh": "GWh",
    "_mw": "MW",
    "_kt": "kt",
    "_bn": "billion",
    "_share": "share",
    "_years": "years",
    "_seconds": "s",
    "_people": "people",
}
"""Unit of a column or figure by the end of its name."""

# Tables of the accounts, stacked by scenario; those with an index keep it as a column.
_OF_PLANS = {
    "accounts": "by_year",
    "lines": "by_line",
    **{name: name for name in ("cash", "waterfall", "sources_and_uses", "bearers", "fiscal_exposure")},
    **{name: name for name in ("contingent_liabilities", "funding", "equity", "profit", "balance_sheet")},
    **{name: name for name in ("compute", "models", "tokens", "energy", "servers", "rules", "rows")},
}
_INDEXED = ("by_year", "by_line")


def unit_of(name: str) -> str:
    """Unit of a column by its name; empty for words and counts."""
    if name == "meur":
        return "M EUR"
    return next((unit for end, unit in UNITS.items() if name.endswith(end)), "")


def tables(pack: Pack) -> dict[str, pd.DataFrame]:
    """The tables of a pack by the names of `CATALOGUE`, in its order; without those that have no rows."""
    made = {name: _of_plans(pack, attribute) for name, attribute in _OF_PLANS.items()}
    made |= {name: make(pack) for name, make in _MAKERS.items()}
    return {name: tidy(made[name]) for name in CATALOGUE if len(made[name])}


def tidy(table: pd.DataFrame) -> pd.DataFrame:
    """The table with columns that files can hold: numbers, truth values, or text; lists become text."""
    import pandas as pd

    columns = {str(name): _column(table[name]) for name in table.columns}
    return pd.DataFrame(columns).reset_index(drop=True)


def _column(column: pd.Series[Any]) -> pd.Series[Any]:
    if column.dtype.kind in "biuf":
        return column
    known = [value for value in column if value is not None and value == value]
    if known and all(isinstance(value, bool) for value in known) and len(known) == len(column):
        return column.astype(bool)
    if known and all(isinstance(value, int | float) and not isinstance(value, bool) for value in known):
        return column.astype(float)
    return column.map(_text).astype("str")


def _text(value: Any) -> str:
    """A cell as text: nothing is empty, lists are joined, a number keeps all its digits."""
    if value is None or value != value:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping):
        return "; ".join(f"{key}: {_text(item)}" for key, item in value.items())
    if isinstance(value, list | tuple):
        return "; ".join(_text(item) for item in value)
    return str(value)


def _frame(rows: Rows, columns: Sequence[str] = ()) -> pd.DataFrame:
    import pandas as pd

    listed = [dict(row) for row in rows]
    return pd.DataFrame(listed, columns=list(columns) or None)


def _of_plans(pack: Pack, attribute: str) -> pd.DataFrame:
    """A table of the accounts of all plans, one below the other, with the scenario in front."""
    import pandas as pd

    parts: list[pd.DataFrame] = []
    for name, plan in pack.plans.items():
        table: pd.DataFrame = getattr(plan.accounts, attribute)
        table = table.reset_index() if attribute in _INDEXED else table
        parts.append(table.assign(scenario=name)[["scenario", *table.columns]])
    filled = [part for part in parts if len(part)] or parts[:1]
    return pd.DataFrame(pd.concat(filled, ignore_index=True))


def _scenarios(pack: Pack) -> pd.DataFrame:
    ranking = pack.comparison.ranking
    return _frame(
        {
            "rank": ranking.index(name) + 1,
            "scenario": name,
            "title": plan.case.scenarios[name].title if name in plan.case.scenarios else plan.case.title,
            "status": plan.result.status,
            "deficit_meur": plan.deficit_meur,
            "unfunded_gap_meur": plan.unfunded_gap_meur,
            "public_money_meur": plan.public_money_meur,
            "dual_bound_meur": plan.result.dual_bound_meur,
            "mip_gap_share": plan.result.mip_gap,
            "seconds": plan.result.seconds,
            "audit_passed": plan.audit.passed,
            "audit_rows": plan.audit.rows_checked,
            "input_hash": plan.result.input_hash,
        }
        for name, plan in pack.plans.items()
    )


def _comparison(pack: Pack) -> pd.DataFrame:
    figures = {name: _figures(plan) for name, plan in pack.plans.items()}
    names = dict.fromkeys(name for found in figures.values() for name in found)
    return _frame(
        {"figure": name, "unit": unit_of(name), **{each: found.get(name) for each, found in figures.items()}}
        for name in names
    )


def _figures(plan: Plan) -> dict[str, float]:
    """Totals and measures of a plan that are numbers."""
    found = {**plan.accounts.totals, **measures(plan.accounts.books, plan.case)}
    return {
        name: float("nan") if value is None else float(value)
        for name, value in found.items()
        if value is None or isinstance(value, int | float)
    }


def _bridge(bridge: Sequence[tuple[str, float]]) -> pd.DataFrame:
    """Start, changes, end, each with the total after it."""
    rows, total = [], 0.0
    for number, (line, meur) in enumerate(bridge):
        is_end = number in (0, len(bridge) - 1)
        total = meur if is_end else total + meur
        rows.append({"line": line, "kind": "total" if is_end else "change", "meur": meur, "running_total_meur": total})
    return _frame(rows)


def _value_for_money(pack: Pack) -> pd.DataFrame:
    found = pack.comparison.value_for_money
    if found is None:
        return _frame([])
    rows = []
    for side in ("comparator", "partnership"):
        part = found[side]
        whole = [*part["components"], {"name": "total", **part["total"]}]
        rows += [{"side": side, "scenario": part["scenario"], "component": each["name"], **each} for each in whole]
    rows.append({"side": "value_for_money", "component": "total", "scenario": "", **found["value_for_money"]})
    return _frame(rows, ("side", "scenario", "component", "p5_meur", "mean_meur", "p95_meur"))


def _strict(pack: Pack) -> pd.DataFrame:
    plans = pack.comparison.plans
    return _frame(
        {
            "scenario": name,
            "deficit_core_meur": plans[name].deficit_meur,
            "deficit_all_meur": plan.deficit_meur,
            "price_meur": plan.deficit_meur - plans[name].deficit_meur,
            "unfunded_gap_all_meur": plan.unfunded_gap_meur,
            "mip_gap_share": plan.result.mip_gap,
        }
        for name, plan in pack.comparison.strict.items()
    )


def _fund_losses(pack: Pack) -> pd.DataFrame:
    return _frame(
        {"scenario": name, **{str(key): value for key, value in row.items()}}
        for name, plan in pack.plans.items()
        for row in fund_losses(plan.case, plan.accounts.books).to_dict("records")
    )


def _stages(pack: Pack) -> pd.DataFrame:
    return _frame(
        {"scenario": name, "number": number, **asdict(stage)}
        for name, plan in pack.plans.items()
        for number, stage in enumerate(plan.result.stages, 1)
    )


def _prices(pack: Pack) -> pd.DataFrame:
    found = pack.prices or {}
    return _frame({"scenario": found["scenario"], **row} for row in found.get("rules", []))


def _alternatives(pack: Pack) -> pd.DataFrame:
    found = pack.alternatives or {}
    left_out = ("decisions", "whole")
    return _frame(
        {"number": number, **{key: value for key, value in plan.items() if key not in left_out}}
        for number, plan in enumerate(found.get("plans", []), 1)
    )


def _pareto(pack: Pack) -> pd.DataFrame:
    found = pack.pareto or {}
    return _frame(
        {"number": number, **point["values"], **{key: value for key, value in point.items() if key not in _NESTED}}
        for number, point in enumerate(found.get("points", []), 1)
    )


_NESTED = ("values", "decisions", "whole")


def _conflicts(pack: Pack) -> list[Mapping[str, Any]]:
    found = pack.conflict
    return [] if found is None else [found, *found.get("others", [])]


def _conflict(pack: Pack) -> pd.DataFrame:
    return _frame({"scenario": each["scenario"], **rule} for each in _conflicts(pack) for rule in each["rules"])


def _repairs(pack: Pack) -> pd.DataFrame:
    return _frame(
        {"scenario": each["scenario"], "rank": rank, **{key: repair[key] for key in repair if key != "changes"}}
        for each in _conflicts(pack)
        for rank, repair in enumerate(each["repairs"], 1)
    )


def _tornado(pack: Pack) -> pd.DataFrame:
    rows = []
    for table in (pack.tornado or {}).get("tables", []):
        for bar in table["bars"]:
            lever = bar["levers"][0] if len(bar["levers"]) == 1 else {}
            misses, without = bar.get("misses_rules", {}), bar.get("without_plan", {})
            rows.append(
                {
                    "scenario": table["scenario"],
                    "output": table["output"],
                    "factor": bar["factor"],
                    "unit": bar["levers"][0]["unit"] if bar["levers"] else "",
                    **{f"value_{end}": lever.get(end) for end in ("low", "base", "high")},
                    **{f"{end}_meur": bar[end] for end in ("low", "base", "high", "swing")},
                    "misses_rules_low": misses.get("low", ""),
                    "misses_rules_high": misses.get("high", ""),
                    "without_plan": "; ".join(f"{end}: {why}" for end, why in without.items()),
                }
            )
    return _frame(rows)


def _distribution(pack: Pack) -> pd.DataFrame:
    return _frame(
        {"scenario": name, "future": number, "deficit_meur": deficit, "unfunded_gap_meur": gap}
        for name, found in (pack.distribution or {}).get("scenarios", {}).items()
        for number, (deficit, gap) in enumerate(zip(found["deficit_meur"], found["unfunded_gap_meur"], strict=True), 1)
    )


def _distribution_summary(pack: Pack) -> pd.DataFrame:
    return _frame(
        {"scenario": name, **{key: value for key, value in found.items() if not isinstance(value, list)}}
        for name, found in (pack.distribution or {}).get("scenarios", {}).items()
    )


def _study_runs(pack: Pack) -> pd.DataFrame:
    """The rows of the study, while its folder is there."""
    folder = (pack.study or {}).get("folder", "")
    if not folder or not Path(folder).is_dir():
        return _frame([])
    from leam_opt.study.opened import open_study

    return open_study(folder).frame()


def _scenario_assumptions(pack: Pack) -> pd.DataFrame:
    base = {entry.path: entry for entry in entries(pack.case)}
    rows = []
    for name, plan in pack.plans.items():
        for entry in entries(plan.case):
            known = base.get(entry.path)
            if known is None or known[1:4] != entry[1:4]:
                before = None if known is None else known.base
                rows.append({"scenario": name, **entry._asdict(), "base_of_the_case": before})
    return _frame(rows)


def _manifest(pack: Pack) -> pd.DataFrame:
    flat = {"made": pack.made.isoformat(timespec="seconds"), **pack.manifest}
    return _frame({"key": key, "value": _text(value)} for key, value in _flattened("", flat))


def _flattened(path: str, value: Any) -> Iterable[tuple[str, Any]]:
    if isinstance(value, Mapping) and value:
        for key, item in value.items():
            yield from _flattened(f"{path}.{key}" if path else str(key), item)
    else:
        yield path, value


_MAKERS: dict[str, Callable[[Pack], pd.DataFrame]] = {
    "scenarios": _scenarios,
    "comparison": _comparison,
    "bridge": lambda pack: _bridge(pack.comparison.bridge),
    "public_money_bridge": lambda pack: _bridge(pack.comparison.public_money_bridge),
    "value_for_money": _value_for_money,
    "strict_reading": _strict,
    "fund_losses": _fund_losses,
    "stages": _stages,
    "prices": _prices,
    "alternatives": _alternatives,
    "alternatives_shared": lambda pack: _frame((pack.alternatives or {}).get("shared", [])),
    "pareto": _pareto,
    "conflict": _conflict,
    "repairs": _repairs,
    "tornado": _tornado,
    "distribution": _distribution,
    "distribution_summary": _distribution_summary,
    "reconciliation": lambda pack: _frame((pack.reconciliation or {}).get("rows", [])),
    "study_runs": _study_runs,
    "assumptions": lambda pack: pack.case.assumptions(),
    "scenario_assumptions": _scenario_assumptions,
    "manifest": _manifest,
}
