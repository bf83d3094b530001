"""The answer of a pack in a few sentences; every number is that of an audited plan or of a study of it."""

from __future__ import annotations

import math

from leam_opt.case.register import entries
from leam_opt.insight import price_words
from leam_opt.ledger.rows import ONE_EURO_MEUR
from leam_opt.ledger.rules import legal_rules
from leam_opt.report.pack.charts_insight import dearest
from leam_opt.report.pack.content import Pack
from leam_opt.report.pack.figure_names import figure_name, range_end
from leam_opt.report.pack.labels import label, scenario_title
from leam_opt.solve.plan import Plan
from leam_opt.solve.told import SCOPES, conventions, findings
from leam_opt.words import ENGLISH, N_, Words

__all__ = ["conventions", "findings", "summary"]

_MEASURES = (
    ("unfunded_gap_meur", N_("unfunded gap")),
    ("deficit_meur", N_("deficit")),
    ("public_money_meur", N_("public money")),
)
_CHANGES = 3


def summary(pack: Pack, words: Words = ENGLISH) -> list[str]:
    """The answer, from what is best to what it rests on."""
    parts = (
        _best,
        _conflict,
        _difference,
        _funding,
        _others,
        _machines,
        _status,
        _value,
        _dearest_rule,
        _ranges,
        _futures,
        _proof,
        _assumptions,
    )
    return [sentence for part in parts for sentence in part(pack, words)]


def _title(pack: Pack, name: str, words: Words) -> str:
    return scenario_title(pack.case, name, words)


def _decisive(one: Plan, other: Plan) -> tuple[str, str] | None:
    """The first measure of the ranking in which two plans differ by more than a euro."""
    for figure, title in _MEASURES:
        if abs(one.accounts.totals[figure] - other.accounts.totals[figure]) > ONE_EURO_MEUR:
            return figure, title
    return None


def _best(pack: Pack, words: Words) -> list[str]:
    best, years = pack.best, pack.best.case.years
    ranking = pack.comparison.ranking
    title = _title(pack, ranking[0], words)
    if len(ranking) == 1:
        return [
            words(
                "{title}: from {first} to {last} the deficit is {deficit}.",
                title=title,
                first=years[0],
                last=years[-1],
                deficit=words.money(best.deficit_meur),
            )
        ]
    second = pack.comparison.plans[ranking[1]]
    decisive = _decisive(best, second)
    if not pack.comparison.decided or decisive is None:
        return [
            words(
                "{title} and {other} cannot be told apart: their deficits are {deficit} and {second}, and the "
                "difference is smaller than what is proven.",
                title=title,
                other=_title(pack, ranking[1], words),
                deficit=words.money(best.deficit_meur, 2),
                second=words.money(second.deficit_meur, 2),
            )
        ]
    figure, measure = decisive
    value, rival = best.accounts.totals[figure], second.accounts.totals[figure]
    return [
        words(
            "{title} is best: from {first} to {last} its {measure} is {value}; with {other} it would be {rival}, "
            "{difference} more.",
            title=title,
            first=years[0],
            last=years[-1],
            measure=words(measure),
            value=words.money(value),
            difference=words.money(rival - value),
            other=_title(pack, ranking[1], words),
            rival=words.money(rival),
        )
    ]


def _difference(pack: Pack, words: Words) -> list[str]:
    """The lines that make the difference to the second best."""
    ranking = pack.comparison.ranking
    if len(ranking) < 2 or not pack.comparison.decided:
        return []
    decisive = _decisive(pack.best, pack.comparison.plans[ranking[1]])
    if decisive is None or decisive[0] != "deficit_meur":
        return []
    changes = sorted(pack.comparison.bridge[1:-1], key=lambda item: -abs(item[1]))[:_CHANGES]
    if not changes:
        return []
    told = [
        f"{label(line, words)} {words.signed(-meur if line.endswith('_revenue') else meur)}" for line, meur in changes
    ]
    return [words("What makes the difference, in M€: {changes}.", changes="; ".join(told))]


def _funding(pack: Pack, words: Words) -> list[str]:
    totals = pack.best.accounts.totals
    public, private, gap = (totals[f"{name}_meur"] for name in ("public_money", "private_money", "unfunded_gap"))
    told = [
        words(
            "The public side gives {public} ({share} of the money that is drawn), private sources {private}.",
            public=words.money(public),
            share=words.percent(totals["public_funding_share"], 0),
            private=words.money(private),
        )
    ]
    if gap > ONE_EURO_MEUR:
        told.append(words("{gap} stay unfunded: there is no financial close yet.", gap=words.money(gap)))
    else:
        told.append(words("Everything is funded."))
    return told


def _others(pack: Pack, words: Words) -> list[str]:
    """Further scenarios that leave money open."""
    best = pack.best.unfunded_gap_meur
    return [
        words(
            "{title} leaves {gap} unfunded.",
            title=_title(pack, name, words),
            gap=words.money(pack.comparison.plans[name].unfunded_gap_meur),
        )
        for name in pack.comparison.ranking[1:]
        if pack.comparison.plans[name].unfunded_gap_meur > best + ONE_EURO_MEUR
    ]


def _machines(pack: Pack, words: Words) -> list[str]:
    plan = pack.best
    books, totals = plan.accounts.books, plan.accounts.totals
    machines, index = books.inputs.machines, books.inputs.structure.index
    servers = plan.decisions.units_bought.sum(axis=(0, 2)) * machines.servers_per_unit
    gpus = float((servers * machines.gpus_per_server).sum())
    power = float(books.things.it_power_mw.sum(axis=0).max())
    used = [name for s, name in enumerate(index.sites) if plan.decisions.site_open[s].any()]
    sites = [plan.case.sites[name].title or name for name in used]
    told = [
        words(
            "It buys {servers} servers with {gpus} GPUs and needs up to {power} MW of IT power ({sites}).",
            servers=words.number(float(servers.sum()), 0),
            gpus=words.number(gpus, 0),
            power=words.number(power),
            sites=words.listed(sites),
        )
    ]
    cost = totals["cost_per_public_gpu_hour_eur"]
    delivered = words(
        "Public users get {hours} million GPU-hours and {models} core models",
        hours=words.number(totals["public_gpu_hours_million"]),
        models=words.number(totals["core_models_total"], 0),
    )
    if cost == cost:
        at = words("at a deficit of {cost} € an hour", cost=words.number(cost, 2))
        delivered = f"{delivered}, {at}"
    return [*told, f"{delivered}."]


def _status(pack: Pack, words: Words) -> list[str]:
    """How far the plan keeps away from the limit of charitable status."""
    for rule in legal_rules(pack.best.accounts.books):
        if rule.rule == "public_use" and rule.active and rule.worst is not None and rule.limit is not None:
            margin = rule.worst - rule.limit
            facts = {
                "scope": words(SCOPES[rule.scope]) if rule.scope in SCOPES else rule.scope,
                "worst": words.percent(rule.worst),
                "year": rule.year,
                "limit": words.percent(rule.limit, 0),
            }
            if margin < 5e-4:
                return [
                    words(
                        "Charitable status is kept without any margin: public use of {scope} is {worst} in {year}, and "
                        "{limit} are required.",
                        **facts,
                    )
                ]
            return [
                words(
                    "Charitable status is kept: public use of {scope} is never below {worst} ({year}), {margin} "
                    "percentage points above the required {limit}.",
                    **facts,
                    margin=words.number(100 * margin),
                )
            ]
    return []


def _value(pack: Pack, words: Words) -> list[str]:
    found = pack.comparison.value_for_money
    if found is None:
        return []
    spread = found["value_for_money"]
    return [
        words(
            "Value for money of the partnership against the public sector comparator: {mean} on average, {low} to "
            "{high} with 90 % probability (present values); it is better with a probability of {share}.",
            mean=words.money(spread["mean_meur"]),
            low=words.number(spread["p5_meur"]),
            high=words.money(spread["p95_meur"]),
            share=words.percent(found["probability_partnership_better"], 0),
        )
    ]


def _dearest_rule(pack: Pack, words: Words) -> list[str]:
    """The rule that is proven to cost most; where rules keep money from being found at all, one of those."""
    dropped = [row for row in (pack.prices or {}).get("rules", []) if row["change"] == "drop"]
    found = dearest({"rules": dropped})
    if not found:
        return []
    rule, effect = price_words.says(found[0], words), price_words.effect(found[0], words)
    return [words("The dearest rule is “{rule}”: without it {effect}.", rule=rule, effect=effect)]


def _ranges(pack: Pack, words: Words) -> list[str]:
    """The range that moves the deficit most."""
    tables = (pack.tornado or {}).get("tables", [])
    if not tables or not tables[0]["bars"]:
        return []
    bar = tables[0]["bars"][0]
    if not bar["swing"] or bar["low"] is None or bar["high"] is None:
        return []
    if len(bar["levers"]) != 1:
        return [
            words(
                "Of all ranges {factor} moves the deficit most: {low} at its low end, {high} at its high end, with the "
                "machines as planned.",
                factor=figure_name(pack.best.case, bar["factor"], words),
                low=words.money(bar["low"]),
                high=words.money(bar["high"]),
            )
        ]
    lever = bar["levers"][0]
    return [
        words(
            "Of all ranges {factor} moves the deficit most: {low} at {from_value}, {high} at {to_value}, with the "
            "machines as planned.",
            factor=figure_name(pack.best.case, bar["factor"], words),
            low=words.money(bar["low"]),
            high=words.money(bar["high"]),
            from_value=range_end(lever, "low", words),
            to_value=range_end(lever, "high", words),
        )
    ]


def _futures(pack: Pack, words: Words) -> list[str]:
    found = pack.distribution or {}
    name = pack.comparison.ranking[0]
    spread = found.get("scenarios", {}).get(name, {})
    if "p05_meur" not in spread:
        return []
    told = [
        words(
            "In {points} futures drawn from the ranges the plan as it stands has a deficit of {low} to {high} in nine "
            "of ten; in {unmet} of them its machines miss a rule.",
            points=words.number(found["points"], 0),
            low=words.number(spread["p05_meur"]),
            high=words.money(spread["p95_meur"]),
            unmet=words.percent(spread["unmet_share"], 0),
        )
    ]
    best = next((each for each in found.get("best", []) if each["scenario"] == name), None)
    if best is not None and "low" in best:
        told.append(
            words(
                "In {share} of the futures {title} stays ahead of the other scenarios (95 % interval: {low} to "
                "{high}).",
                title=_title(pack, name, words),
                share=words.percent(best["share"], 0),
                low=words.percent(best["low"], 0),
                high=words.percent(best["high"], 0),
            )
        )
    return told


def _proof(pack: Pack, words: Words) -> list[str]:
    result = pack.best.result
    if not math.isfinite(result.mip_gap):
        return [words("How good the plan is, is not proven: the search was ended early.")]
    if pack.best.case.objective.name != "deficit":
        return [words("The plan is proven to be the best but for {gap}.", gap=words.percent(result.mip_gap, 4))]
    return [
        words(
            "It is proven that no plan of this scenario that leaves as little unfunded has a deficit below {bound} "
            "(MIP gap {gap} of the gross cost); the ledger has recomputed {rows} rows of the plan without a "
            "difference.",
            bound=words.money(result.dual_bound_meur, 2),
            gap=words.percent(result.mip_gap, 4),
            rows=words.number(pack.best.audit.rows_checked, 0),
        )
    ]


def _assumptions(pack: Pack, words: Words) -> list[str]:
    known = entries(pack.best.case)
    ranged = sum(entry.low != entry.high for entry in known)
    assumed = sum((entry.source or "").startswith("assumption") for entry in known)
    told = [
        words(
            "All this rests on {count} figures, of which {ranged} have a range and {assumed} are assumptions without a "
            "source of their own; the register lists each of them.",
            count=words.number(len(known), 0),
            ranged=words.number(ranged, 0),
            assumed=words.number(assumed, 0),
        )
    ]
    changed = int(pack.case.assumptions()["changed"].sum())
    if changed:
        told.append(
            words.plural(
                "One figure differs from the files of the case.",
                "{count} figures differ from the files of the case.",
                changed,
            )
        )
    return told


def _conflict(pack: Pack, words: Words) -> list[str]:
    """Scenarios without a plan, and what it would take to have one."""
    if pack.conflict is None:
        return []
    # Brings the solver, which a pack without a conflict does not need.
    from leam_opt.insight.repairs import changes_text

    told = []
    for each in (pack.conflict, *pack.conflict.get("others", [])):
        title = _title(pack, each["scenario"], words)
        told.append(words("{title} has no plan: its rules cannot hold together.", title=title))
        if each["repairs"]:
            first = each["repairs"][0]
            told[-1] += " " + words(
                "The cheapest repair: {change}; the deficit is then {deficit}, with an unfunded gap of {gap}.",
                change=changes_text(first, words),
                deficit=words.money(first["deficit_meur"]),
                gap=words.money(first["unfunded_gap_meur"]),
            )
    return told
