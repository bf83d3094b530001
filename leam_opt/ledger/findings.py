"""What the paper's numbers hide, each computed from the accounts of the paper's own plan."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from leam_opt.case.schema import Case
from leam_opt.ledger.accounts import evaluate
from leam_opt.ledger.paper import YEARS, OwnPlan
from leam_opt.ledger.physical import INFERENCE
from leam_opt.ledger.reference import Reading, reference_decisions, reference_of
from leam_opt.ledger.rules import legal_rules

_SECONDS_PER_DAY = 86400


def findings(case: Case, own: OwnPlan, rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Findings on the paper: title, text, figures.

    Args:
        case: a case with a reference plan.
        own: the accounts of that plan.
        rows: the rows of the reconciliation.
    """
    parts = (_hours(case), _misprints(rows), _throughput(case), _public_use(case), _range(rows))
    return [{"title": title, "text": text, "figures": figures} for part in parts for title, text, figures in part]


Finding = tuple[str, str, dict[str, Any]]


def _percent(share: float) -> str:
    return f"{100 * share:.3g} %"


def _hours(case: Case) -> Iterator[Finding]:
    plan, usable = reference_of(case), case.compute.commercial_utilisation.base
    billed = plan.billed_utilisation.base
    if billed <= usable:
        return
    sold = ("core_revenue", "tuning_revenue")
    revenue = [OwnPlan.of(case, billed_share=share).eur(sold)[0] / 1e6 for share in (billed, usable)]
    worth = revenue[0] - revenue[1]
    yield (
        "Annexes D and E bill hours that annex C does not have",
        (
            f"Annex C plans {_percent(usable)} commercial utilisation, annexes D and E bill {_percent(billed)} of the "
            f"calendar hours. At {_percent(usable)} core rent and tuning earn {revenue[1]:.2f} instead of "
            f"{revenue[0]:.2f} M€ in {YEARS} years: {worth:.2f} M€ less."
        ),
        {
            "commercial_utilisation_share": usable,
            "billed_share": billed,
            "revenue_as_billed_meur": revenue[0],
            "revenue_as_usable_meur": revenue[1],
            "difference_meur": worth,
        },
    )


def _misprints(rows: Sequence[dict[str, Any]]) -> Iterator[Finding]:
    wrong = [row for row in rows if row["verdict"] == "misprint in the paper"]
    if wrong:
        yield (
            f"{len(wrong)} of {len(rows)} printed figures do not follow from the paper's own assumptions",
            " ".join(f"{row['id']} ({row['item']}): {row['note']}." for row in wrong),
            {row["id"]: {"paper_low": row["paper_low"], "exact_low": row["exact_low"]} for row in wrong},
        )


def _throughput(case: Case) -> Iterator[Finding]:
    accounts = evaluate(case, reference_decisions(case, Reading(tokens="growth")))
    books, machines = accounts.books, accounts.books.inputs.machines
    share = reference_of(case).inference_share.base
    last = len(case.years) - 1
    tokens_bn = float(books.plan.tokens_bn_per_day[:, last].sum())
    gpus_of_unit = machines.servers_per_unit * machines.gpus_per_server * machines.performance
    gpus = float(np.einsum("sg,g->", books.plan.units_allocated[INFERENCE, :, :, last], gpus_of_unit))
    if gpus <= 0:
        return
    servers = float(books.things.units_alive[..., last].sum() * machines.servers_per_unit)
    needed = tokens_bn * 1e9 / _SECONDS_PER_DAY / gpus
    hours = float(machines.commercial_utilisation * machines.goodput)
    assumed = float(machines.tokens_per_second)
    yield (
        "Annex F sells tokens without saying how fast a GPU makes them",
        (
            f"{tokens_bn:g} bn tokens a day in year {last + 1} on {_percent(share)} of {servers:.0f} servers "
            f"({gpus:.0f} reference GPUs) need {needed:,.0f} tokens/s per GPU around the clock, "
            f"{needed / hours:,.0f} tokens/s in the {_percent(hours)} of the hours that are usable. "
            f"The paper names no throughput; the case assumes {assumed:,.0f} tokens/s."
        ),
        {
            "tokens_bn_per_day": tokens_bn,
            "reference_gpus": gpus,
            "needed_tokens_per_second": needed,
            "needed_in_usable_hours_tokens_per_second": needed / hours,
            "assumed_tokens_per_second": assumed,
        },
    )


def _public_use(case: Case) -> Iterator[Finding]:
    books = evaluate(case, reference_decisions(case)).books
    rules = {rule.scope: rule for rule in legal_rules(books) if rule.rule == "public_use"}
    core, everything = rules["core"], rules["all"]
    if core.worst is None or everything.worst is None or core.limit is None:
        return

    def word(met: bool) -> str:
        return "is kept" if met else "is broken"

    yield (
        "The public-use rule depends on what it is measured over",
        (
            f"With the paper's shares {_percent(core.worst)} of the core pool is public and "
            f"{_percent(everything.worst)} of all pools together: the {_percent(core.limit)} rule {word(core.met)} in "
            f"the core pool and {word(everything.met)} over all pools."
        ),
        {
            "limit_share": core.limit,
            "core_share": core.worst,
            "all_share": everything.worst,
            "core_met": core.met,
            "all_met": everything.met,
        },
    )


def _range(rows: Sequence[dict[str, Any]]) -> Iterator[Finding]:
    balance = next(row for row in rows if row["id"] == "G13")
    low, high = balance["rounded_low"] / 1e6, balance["rounded_high"] / 1e6
    exact_low, exact_high = balance["exact_low"] / 1e6, balance["exact_high"] / 1e6
    yield (
        "The ranges of the annexes leave the balance open before any decision",
        (
            f"The five-year balance runs from {low:,.3f} to {high:,.3f} M€ with the paper's rounding (from "
            f"{exact_low:,.3f} to {exact_high:,.3f} M€ without): a spread of {high - low:,.3f} M€ for one and the same "
            "plan."
        ),
        {"low_meur": low, "high_meur": high, "exact_low_meur": exact_low, "exact_high_meur": exact_high},
    )
