"""Prices of rules in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from leam_opt.insight.changes import SINGLE_PLACE
from leam_opt.insight.rule_texts import TEXTS, named, shown
from leam_opt.insight.rules import SCOPES
from leam_opt.words import ENGLISH, N_, Words

Dict = Mapping[str, Any]

_SINGLE_PLACE_TEXT = N_("each model generation is trained at one site on one server type")
SHADOW_UNITS = {
    "share": (N_("M€ per percentage point"), 0.01),
    "ratio": (N_("M€ per 0.1"), 0.1),
    "MW": (N_("M€ per MW"), 1.0),
    "MEUR": (N_("M€ per M€"), 1.0),
    "MEUR/a": (N_("M€ per M€ a year"), 1.0),
    "MGPUh/a": (N_("M€ per million GPU-hours a year"), 1.0),
    "kt/a": (N_("M€ per kt a year"), 1.0),
}
"""How a shadow price is told, and what part of the figure's unit it is for."""
EFFECTS = {
    "unfunded_gap": (N_("the unfunded gap falls by {amount}"), N_("the unfunded gap rises by {amount}")),
    "deficit": (N_("the deficit falls by {amount}"), N_("the deficit rises by {amount}")),
    "public_money_npv": (
        N_("the present value of public money falls by {amount}"),
        N_("the present value of public money rises by {amount}"),
    ),
    "less_public_compute": (N_("public compute rises by {amount}"), N_("public compute falls by {amount}")),
}
"""What a change does by the objective that it does it to: where it saves, and where it costs."""
NOTABLE = 0.01
"""Differences of a hundredth, or of 10,000 euros, are worth telling."""


def says(row: Dict, words: Words = ENGLISH) -> str:
    """The rule in words, with its figure."""
    told = _said(row, row["values"], row["names"], words)
    if row["twins"]:
        return words("{rule}, with the pool's own limit on private use, which says the same", rule=told)
    return told


def changed(row: Dict, words: Words = ENGLISH) -> str:
    """The rule in words as it was changed to; empty where it is dropped."""
    if row["change"] == "drop":
        return ""
    names = dict(row["names"])
    if row["to"] in SCOPES:
        names["scope"] = SCOPES[row["to"]]
    return _said(row, row["to_values"], names, words)


def _said(row: Dict, entries: Sequence[Dict], names: Mapping[str, str], words: Words) -> str:
    if row["kind"] == SINGLE_PLACE:
        return words(_SINGLE_PLACE_TEXT)
    return words(TEXTS[row["kind"]], value=_values(entries, row["unit"], words), **named(names, words))


def _values(entries: Sequence[Dict], unit: str, words: Words) -> str:
    """One value, or the values with their years: `180 M€ (2023) and 80 M€ (2024 to 2027)`."""
    spans: list[tuple[float, list[int]]] = []
    for entry in entries:
        if spans and spans[-1][0] == entry["value"]:
            spans[-1][1].extend(entry["years"])
        else:
            spans.append((entry["value"], list(entry["years"])))
    if len(spans) == 1:
        return shown(spans[0][0], unit, words)
    return words.listed([f"{shown(value, unit, words)} ({_years(years, words)})" for value, years in spans])


def _years(years: Sequence[int], words: Words) -> str:
    if len(years) == 1:
        return str(years[0])
    return words("{first} to {last}", first=years[0], last=years[-1])


def sentences(data: Dict, words: Words = ENGLISH) -> list[str]:
    """What the prices say: one sentence for each rule that is proven to cost, dearest first, then what stays open."""
    rows = data["rules"]
    told = [_head(data, words)]
    told += [_rule(of_rule, words) for of_rule in _proven(rows)]
    return [*told, *_impossible(rows, words), *_undecided(rows, words), *_shadows(rows, words)]


def _head(data: Dict, words: Words) -> str:
    dropped = [row for row in data["rules"] if row["change"] == "drop"]
    dear = sum(row["verdict"] == "saves" for row in dropped)
    given = {"name": data["scenario"] or data["case"], "count": words.number(len(dropped), 0)}
    if not dear:
        return words("{name}: none of {count} rules is proven to cost anything.", **given)
    return words(
        "{name}: {dear} of {count} rules, given up one by one, are proven to cost something; with all of them the "
        "deficit is {deficit}.",
        dear=words.number(dear, 0),
        deficit=words.money(data["deficit_meur"]),
        **given,
    )


def _proven(rows: Sequence[Dict]) -> list[list[Dict]]:
    """Changes that are proven to do something, by rule; the rules whose drop saves most first."""
    by_rule: dict[tuple[str, ...], list[Dict]] = {}
    for row in rows:
        if row["verdict"] in ("saves", "costs"):
            by_rule.setdefault((row["kind"], row["path"], *row["twins"]), []).append(row)
    return sorted(by_rule.values(), key=lambda found: (found[0]["measure"] != "unfunded_gap", -abs(found[0]["saves"])))


def _rule(rows: Sequence[Dict], words: Words) -> str:
    """What the changes of one rule do."""
    told = []
    for row in rows:
        if row["change"] == "drop":
            told.append(words("without it {effect}", effect=effect(row, words)))
        else:
            told.append(words("with {value} {effect}", value=new_value(row, words), effect=effect(row, words)))
    return words("{rule}: {effects}.", rule=_capital(says(rows[0], words)), effects="; ".join(told))


def new_value(row: Dict, words: Words = ENGLISH) -> str:
    """What the rule's figure, or its scope, was changed to."""
    if row["to"] in SCOPES:
        return f"{_values(row['to_values'], row['unit'], words)} {words(SCOPES[row['to']])}"
    return _values(row["to_values"], row["unit"], words) if row["to_values"] else ""


def effect(row: Dict, words: Words = ENGLISH) -> str:
    """What one change does, with what is proven of it where that is less."""
    falls = row["verdict"] == "saves"
    least, most = row["saves_at_least"], row["saves_at_most"]
    told = words(EFFECTS[row["measure"]][0 if falls else 1], amount=amount(abs(row["saves"]), row["measure"], words))
    proven = least if falls else -most
    if proven < abs(row["saves"]) - max(NOTABLE * abs(row["saves"]), NOTABLE):
        told += words(" (proven: at least {amount})", amount=amount(proven, row["measure"], words))
    return told


def amount(value: float, measure: str, words: Words = ENGLISH) -> str:
    """A size with its unit, in as many digits as it takes."""
    digits = 1 if value >= 10 else 2 if value >= 0.1 else 3
    if measure == "less_public_compute":
        return words("{number} million GPU-hours", number=words.number(value, digits))
    return words.money(value, digits)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _impossible(rows: Sequence[Dict], words: Words) -> list[str]:
    found = [words("“{rule}”", rule=changed(row, words)) for row in rows if row["status"] == "infeasible"]
    return [words("No plan keeps {rules}.", rules=words.listed(found, words("or")))] if found else []


def _undecided(rows: Sequence[Dict], words: Words) -> list[str]:
    bounds = [r["saves_at_most"] for r in rows if r["change"] == "drop" and r["verdict"] == "undecided"]
    measure = next((r["measure"] for r in rows if r["change"] == "drop" and r["verdict"] == "undecided"), "")
    known = [bound for bound in bounds if bound is not None]
    told = []
    if known:
        told.append(
            words.plural(
                "Whether one more rule costs anything stays undecided: the gap of the proof hides up to {most}.",
                "Whether {count} more rules cost anything stays undecided: the gaps of the proofs hide up to {most} "
                "each.",
                len(known),
                most=amount(max(known), measure, words),
            )
        )
    if len(bounds) > len(known):
        told.append(
            words.plural(
                "Whether one rule costs anything stays undecided: its proof did not end.",
                "Whether {count} rules cost anything stays undecided: their proofs did not end.",
                len(bounds) - len(known),
            )
        )
    return told


def _shadows(rows: Sequence[Dict], words: Words) -> list[str]:
    told = {
        (row["path"], *row["twins"]): f"{says(row, words)}: {shadow(row, words)}"
        for row in rows
        if row["shadow_price_meur"]
    }
    if not told:
        return []
    return [words("LP shadow prices with whole numbers held: {prices}.", prices="; ".join(told.values()))]


def shadow(row: Dict, words: Words = ENGLISH) -> str:
    """The LP shadow price with its unit; what giving way saves and asking for more costs, where that differs."""
    unit = words(row["shadow_unit"])
    relax, tighten = row["shadow_relax_meur"], row["shadow_tighten_meur"]
    if relax is None or tighten is None or abs(relax - tighten) <= NOTABLE * max(abs(relax), abs(tighten), NOTABLE):
        return f"{words.number(row['shadow_price_meur'], 3)} {unit}"
    return words(
        "{relax} when it gives way, {tighten} when it asks for more ({unit})",
        relax=words.number(relax, 3),
        tighten=words.number(tighten, 3),
        unit=unit,
    )
