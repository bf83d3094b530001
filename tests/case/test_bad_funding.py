"""Figures, keys and lists of the funding section that are wrong by themselves, each told at its place."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.case.small import Folder

# Every share that may be at most 1, and how it stands in the case.
SHARES = {
    "funding.instruments.state-grant.intensity": "intensity: 50 %",
    "funding.instruments.union-access.intensity": "intensity: 0.17",
    "funding.instruments.owners.hurdle_rate": "hurdle_rate: 10 %",
    "funding.instruments.promo-loan.rate": "rate: 2 %",
    "funding.instruments.bank.rate_bands.2.rate": "rate: 7.5 %",
    "funding.instruments.bank.guaranteed_share_min": "guaranteed_share_min: 40 %",
    "funding.instruments.first-loss.share": "share: 20 %",
    "funding.instruments.first-loss.return_rate": "return_rate: 1 %",
    "funding.instruments.mid-piece.loss_max": "loss_max: 50 %",
    "funding.guarantees.bank-guarantee.share_max": "share_max: 60 %",
    "funding.guarantees.bank-guarantee.fee": "fee: 1 %",
    "funding.guarantees.state-guarantee.rate_reduction": "rate_reduction: 1.5 %",
    "funding.gearing_max_service": "gearing_max_service: 80 %",
    "rules.timely_use.free_reserve_share": "free_reserve_share: 10 %",
    "taxation.vat": "vat: 19 %",
    "taxation.corporate_tax.2027": "2027: 29 %",
    "discounting.inflation": "inflation: 2 %",
    "value_for_money.competitive_neutrality": "competitive_neutrality: 4 %",
    "value_for_money.transferred.capex": "{capex: 50 %",
    "value_for_money.risks.delay.transferred": "transferred: 80 %",
}


@pytest.mark.parametrize("path", SHARES)
@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("6.4", '6.4 share is too large; at most 1 share is allowed (did you mean "6.4 %"?)'),
        ("97", '97 share is too large; at most 1 share is allowed (did you mean "97 %"?)'),
        ("1.2", '1.2 share is too large; at most 1 share is allowed (1 is 100 %, and "1.2 %" is 0.012)'),
        ("120 %", "120 % is too large; at most 100 % is allowed"),
        ("-5 %", "-0.05 share is too small; "),
    ],
    ids=lambda text: text.partition(" ")[0],
)
def test_a_share_that_is_none(rich: Folder, path: str, given: str, said: str) -> None:
    """Breaks when 6.4 passes for 6.4 %, or when what is suggested for 120 % is 1.2 %."""
    key, _, _ = SHARES[path].partition(": ")
    new = f"{key}: {given}"
    problem = rich.edit(SHARES[path], new).problem()
    file, line, column = rich.where(new).rsplit(":", 2)
    assert problem.startswith(f"{file}:{line}:{int(column) + len(key) + 2}: {path}: {said}"), problem
    assert "did you mean" not in problem or given in ("6.4", "97")


# What is spoiled: (old text, new text, where the message points, what it says).
SPOILED = {
    "range in per cent above 100 %": (
        "intensity: 50 %",
        "intensity: {low: 90, high: 110, unit: '%'}",
        "110, unit",
        "state-grant.intensity.high: 110 % is too large; at most 100 % is allowed",
    ),
    "overrun above its limit": (
        "high: 20 %}, transferred",
        "high: 600 %}, transferred",
        "600 %",
        "risks.delay.overrun.high: 600 % is too large; at most 500 % is allowed",
    ),
    "overrun without its per cent": (
        "high: 20 %}, transferred",
        "high: 20}, transferred",
        "20}, transferred",
        'overrun.high: 20 share is too large; at most 5 share is allowed (did you mean "20 %"?)',
    ),
    "ratio far above its limit": (
        "ratio: 0.05",
        "ratio: 150",
        "150}",
        "matching.donors.ratio: 150 share is too large; at most 100 share is allowed",
    ),
    "access time for nothing": (
        "price: 2, intensity",
        "price: 0, intensity",
        "0, intensity: 0.17",
        "union-access.price: 0 EUR/GPUh is too small; it must be above 0 EUR/GPUh",
    ),
    "neither a rate nor bands": (
        "      cap_total: 15\n      rate: 9 %\n",
        "      cap_total: 15\n",
        "sub-loan:\n",
        "funding.instruments.sub-loan.rate: missing; a loan needs its rate, or rate_bands",
    ),
    "too many bands": (
        "        - {rate: 7.5 %}",
        "\n".join(f"        - {{up_to: {40 + n}, rate: {7 + n} %}}" for n in range(4)),
        "- {up_to: 20",
        "bank.rate_bands: it has 6 entries; at most 5 are possible",
    ),
    "band that is no section": (
        "- {rate: 7.5 %}",
        "- 7.5 %",
        "7.5 %",
        "bank.rate_bands.2: expected a section with the keys rate; got '7.5 %'",
    ),
    "misspelt key of a band": (
        "{up_to: 35, rate",
        "{upto: 35, rate",
        "upto: 35",
        "bank.rate_bands.1.upto: unknown key; did you mean 'up_to'?",
    ),
    "fund of a single tranche": (
        "tranches: [first-loss, mid-piece, top-piece]",
        "tranches: [first-loss]",
        "[first-loss]",
        "funds.innovation.tranches: it has 1 entry; at least 2 entries are needed",
    ),
    "guarantee for nothing": (
        "loans: [bank, promo-loan]",
        "loans: []",
        "[], share_max",
        "guarantees.bank-guarantee.loans: it is empty; at least one entry is needed",
    ),
    "text for a list of alternatives": (
        "union: [union-grant, union-access]",
        "union: union-grant",
        "union-grant\nscenarios",
        "funding.alternatives.union: expected a list such as [a, b], got 'union-grant'",
    ),
    "list for a table of alternatives": (
        "    union: [union-grant, union-access]",
        "    - [union-grant, union-access]",
        "- [union-grant",
        "funding.alternatives: expected a mapping of names, got a list",
    ),
    "name that is none": (
        "union: [union-grant, union-access]",
        "union: [union-grant, Union Access]",
        "Union Access",
        "funding.alternatives.union.1: the name 'Union Access' is not allowed; use lower case letters",
    ),
    "unknown payer": (
        "payer: union, entity",
        "payer: unionn, entity",
        "unionn",
        "union-access.payer: 'unionn' is not allowed; did you mean 'union'? known are union, federation, state, public",
    ),
    "grant to the service company": (
        "intensity: 50 %}",
        "intensity: 50 %, entity: service}",
        "service}",
        "state-grant.entity: 'service' is not allowed; known are research",
    ),
    "key of another kind": (
        "price: 2, intensity",
        "price: 2, basis: capex, intensity",
        "basis: capex, intensity: 0.17",
        "union-access.basis: unknown key; known are ",
    ),
    "years that are no number": (
        "timely_use: {years: 3",
        "timely_use: {years: true",
        "true, free",
        "rules.timely_use.years: expected a whole number, got 'true'",
    ),
    "too few samples": (
        "samples: 500",
        "samples: 50",
        "50\n  seed",
        "value_for_money.samples: '50' is not allowed; at least 100 is possible",
    ),
}


@pytest.mark.parametrize("name", SPOILED)
def test_a_spoiled_case_names_place_and_remedy(rich: Folder, name: str) -> None:
    """Breaks when a message loses its place, its path or its remedy, or when a wrong input passes."""
    old, new, place, said = SPOILED[name]
    rich.edit(old, new)
    fitting = [problem for problem in rich.problems() if said in problem]
    assert len(fitting) == 1, rich.problems()
    assert fitting[0].startswith(f"{rich.where(place)}: "), (fitting[0], rich.where(place))
