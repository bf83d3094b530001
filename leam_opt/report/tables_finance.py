"""Terminal tables of the financing of plans: measures, waterfall, sources and uses, bearers, value for money."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from rich.console import RenderableType
from rich.table import Table

from leam_opt.report.style import Row, add_row, label, number, paragraph, percent, table, year_tables

Dict = Mapping[str, Any]

_MEASURES = {
    "discount_rate_nominal_share": "discount rate, nominal",
    "npv_deficit_meur": "deficit, present value, M€",
    "npv_public_money_meur": "public money, present value, M€",
    "investor_rate_share": "rate of return asked for",
    "investor_npv_meur": "owner of the whole centre with gifts, NPV, M€",
    "investor_irr": "owner of the whole centre with gifts, IRR",
    "viability_gap_npv_meur": "viability gap, present value, M€",
    "shareholder_irr": "equity and fund tranches, IRR",
    "project_irr": "project before funding and tax, IRR",
    "payback_years": "payback of the project, years",
    "dscr_min": "debt service cover (DSCR), smallest",
    "dscr_average": "debt service cover (DSCR), average",
    "llcr": "loan life cover (LLCR)",
    "leverage_private_per_public": "private money per public euro",
    "finance_per_union_euro": "money drawn per Union euro",
    "public_cost_per_gpu_hour_eur": "public money per public GPU-hour, €",
    "public_cost_per_core_model_meur": "public money per core model, M€",
    "full_cost_per_gpu_hour_eur": "gross cost per GPU-hour, €",
    "break_even_price_gpuh_eur": "break-even price per GPU-hour sold, €",
    "break_even_price_ktoken_eur": "break-even price per 1000 tokens, €",
    "fiscal_exposure_peak_meur": "public draws, largest year, M€",
    "contingent_peak_meur": "public guarantees, largest, M€",
    "contingent_expected_meur": "public guarantees, expected call, M€",
}
_DIGITS = {"break_even_price_ktoken_eur": 5}
_OWN_NAME = {"union": "Union"}
_CENT_MEUR = 0.005
"""What rounds to 0.00 M EUR in every year has no row."""


def measure_lines(plans: Sequence[Dict]) -> list[tuple[str, list[str]]]:
    """Label with unit, and the value of each plan; measures that no plan has are left out."""
    found = [plan["measures"] for plan in plans]
    lines = []
    for name, title in _MEASURES.items():
        if name.endswith("_irr"):
            if name == "shareholder_irr" and all(measures[f"{name}_status"] == "none" for measures in found):
                continue  # nobody invests
            lines.append((title, [_irr(measures, name) for measures in found]))
        elif any(measures[name] is not None for measures in found):
            lines.append((title, [_measure(name, measures[name]) for measures in found]))
    if not any(measures["contingent_peak_meur"] for measures in found):
        lines = [line for line in lines if not line[0].startswith("public guarantees")]
    return lines


def _measure(name: str, value: float | None) -> str:
    return percent(value, 2) if name.endswith("_share") else number(value, _DIGITS.get(name, 2))


def _irr(measures: Dict, name: str) -> str:
    """One rate, or why there is not one."""
    status, rates = measures[f"{name}_status"], measures[f"{name}s"]
    if status == "several":
        return "several:\n" + "\n".join(percent(rate, 2) for rate in rates)
    return "none" if status == "none" else percent(measures[f"{name}_share"], 2)


def measures_table(plan: Dict) -> Table:
    """The measures of one plan."""
    made = table("Measures", ["value"], first="Measure")
    for title, (value,) in measure_lines([plan]):
        add_row(made, title, value)
    return made


def waterfall_tables(plan: Dict, years: Sequence[int]) -> Iterator[Table]:
    """From revenue to what is distributed, for each company that earns or owes something."""
    for company in dict.fromkeys(row["company"] for row in plan["waterfall"]):
        mine = [row for row in plan["waterfall"] if row["company"] == company]
        steps = [name for name in mine[0] if name not in ("company", "year")]
        rows: list[Row] = [
            ("DSCR, ratio" if step == "dscr" else label(step), {row["year"]: row[step] for row in mine}, 2)
            for step in steps
        ]
        yield from year_tables(f"Waterfall of the {company} company, M€", "Step", years, _with_figures(rows))


def sources_and_uses_tables(plan: Dict, years: Sequence[int]) -> Iterator[Table]:
    """Where the money of both companies comes from and where it goes; both sides are equal in every year."""
    providers = {row["instrument"]: row["provider"] for row in plan["funding"]}

    def rows(side: str) -> list[Row]:
        found: dict[str, dict[int, float]] = {}
        for row in plan["sources_and_uses"]:
            if row["side"] == side:
                item = row["item"]
                name = f"{item}, {providers[item]}" if item in providers else label(item)
                found.setdefault(name, {})[row["year"]] = row["meur"]
        return [(name, figures, 2) for name, figures in found.items()]

    for side, title in (("source", "Sources of money, M€"), ("use", "Uses of money, M€")):
        yield from year_tables(title, "Source" if side == "source" else "Use", years, _with_figures(rows(side)), True)


def bearers_tables(plans: Mapping[str, Iterable[Dict]], years: Sequence[int]) -> Iterator[Table]:
    """Who bears what in which year, net of what comes back.

    Args:
        plans: rows of `bearers` by scenario; the scenario's name stands in front where there are several.
        years: calendar years.
    """
    rows: list[Row] = []
    for scenario, payments in plans.items():
        found: dict[str, dict[int, float]] = {}
        for row in payments:
            found.setdefault(row["payer"], {})[row["year"]] = row["net_meur"]
        prefix = f"{scenario}, " if len(plans) > 1 else ""
        rows += [(prefix + _OWN_NAME.get(payer, payer), figures, 2) for payer, figures in found.items()]
    first = "Scenario, payer" if len(plans) > 1 else "Payer"
    title = "Who bears which euro, M€ (paid less received)"
    yield from year_tables(title, first, years, _with_figures(rows), True)


def guarantee_tables(plan: Dict, years: Sequence[int]) -> Iterator[Table]:
    """Contingent liabilities."""
    found: dict[str, dict[int, float]] = {}
    for row in plan["contingent_liabilities"]:
        found.setdefault(f"{row['guarantee']}, {row['payer']}", {})[row["year"]] = row["guaranteed_meur"]
    rows: list[Row] = [(name, figures, 2) for name, figures in found.items()]
    title = "Guaranteed debt at the start of the year, M€ (contingent liability)"
    yield from year_tables(title, "Guarantee, payer", years, _with_figures(rows))


def fund_loss_tables(plan: Dict) -> Iterator[Table]:
    """Losses of tranches under the case's ranges, in the order in which they are borne; none without a fund.

    The last column has the risks of the register on top.
    """
    rows = plan["fund_losses"]
    if not rows:
        return
    draws = number(plan["fund_losses_samples"], 0)
    made = table(
        f"What tranches of the fund may lose ({draws} draws from the case's ranges), M€",
        ["paid in", "due at end", "probability", "mean loss", "95th perc.", "mean with risks"],
        first="Tranche, payer",
    )
    for row in rows:
        add_row(
            made,
            f"{row['tranche']}, {_OWN_NAME.get(row['payer'], row['payer'])}",
            number(row["contributions_meur"]),
            number(row["due_at_horizon_meur"]),
            percent(row["loss_probability_share"]),
            number(row["expected_loss_meur"]),
            number(row["p95_loss_meur"]),
            number(row["expected_loss_with_risks_meur"]),
        )
    add_row(made, "public payers", "", "", "", number(plan["expected_fund_losses_public_meur"]), "", "")
    yield made


def _with_figures(rows: Iterable[Row]) -> list[Row]:
    return [row for row in rows if any(abs(figure or 0.0) >= _CENT_MEUR for figure in row[1].values())]


def value_for_money_view(found: Dict) -> Iterator[RenderableType]:
    """Public sector comparator against partnership, by component."""
    rate = percent(found["discount_rate_nominal_share"], 2)
    made = table(
        f"Value for money: what each way costs the public, present values at {rate}, M€",
        ["5th percentile", "mean", "95th percentile"],
        first="Component",
    )
    sides = (("comparator", "public sector comparator"), ("partnership", "partnership"))
    for side, title in sides:
        delivery = found[side]
        for component in delivery["components"]:
            add_row(made, f"{delivery['scenario']}: {label(component['name'])}", *_spread(component))
        add_row(made, f"{title} ({delivery['scenario']})", *_spread(delivery["total"]))
    add_row(made, "value for money of the partnership", *_spread(found["value_for_money"]))
    yield made
    chance = percent(found["probability_partnership_better"])
    if found["risk_in"] == "rate":
        yield paragraph("Risk is in the discount rate; the figures are not drawn from their ranges.")
    else:
        draws = number(found["samples"], 0)
        yield paragraph(f"The partnership costs the public less in {chance} of {draws} draws from the case's ranges.")


def _spread(figures: Dict) -> list[str]:
    return [number(figures[f"{name}_meur"]) for name in ("p5", "mean", "p95")]
