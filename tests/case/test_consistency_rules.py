"""Checks of the rules between instruments, of demand curves and of the comparison for value for money."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leam_opt.case.consistency_rules import rules
from leam_opt.case.instruments import Funding
from leam_opt.case.schema import Case
from tests.case.rich import RICH

if TYPE_CHECKING:
    from tests.case.small import Folder

# What is spoiled: (old text, new text, where the message points, what it says).
SPOILED = {
    "unknown instrument of a budget": (
        "instruments: [federal-grant, union-grant], cap",
        "instruments: [federal-grant, union-grand], cap",
        "union-grand]",
        "budget_lines.digital.instruments.1: unknown instrument 'union-grand'; did you mean 'union-grant'?",
    ),
    "instrument of a budget twice": (
        "instruments: [federal-grant, union-grant], cap",
        "instruments: [federal-grant, federal-grant], cap",
        "federal-grant], cap",
        "budget_lines.digital.instruments.1: instrument 'federal-grant' stands twice",
    ),
    "guarantee on a budget": (
        "instruments: [federal-grant, union-grant], cap",
        "instruments: [federal-grant, state-guarantee], cap",
        "state-guarantee], cap",
        "'state-guarantee' is a guarantee, which can stand in funding.use only; instruments are federal-grant, union-",
    ),
    "budget that begins too late": (
        "cap_per_year: {2025: 120, 2026: 60}",
        "cap_per_year: {2026: 60}",
        "cap_per_year: {2026",
        "budget_lines.digital.cap_per_year: no figure for 2025; the first entry is for 2026",
    ),
    "tax that begins too late": (
        "corporate_tax: {2025: 30 %, 2027: 29 %}",
        "corporate_tax: {2027: 29 %}",
        "corporate_tax: {2027",
        "taxation.corporate_tax: no figure for 2025",
    ),
    "unknown instrument that matches": (
        "instruments: [state-grant, federal-grant]",
        "instruments: [stat-grant, federal-grant]",
        "stat-grant",
        "matching.states.instruments.0: unknown instrument 'stat-grant'; did you mean 'state-grant'?",
    ),
    "unknown instrument that is matched": (
        "matched: [union-grant, union-access]",
        "matched: [union-grant, eu]",
        "eu]",
        "matching.states.matched.1: unknown instrument 'eu'; known are federal-grant, union-grant, union-access",
    ),
    "instrument matched twice": (
        "matched: [union-grant, union-access]",
        "matched: [union-grant, union-grant]",
        "union-grant], ratio",
        "matching.states.matched.1: instrument 'union-grant' stands twice",
    ),
    "rule that matches itself": (
        "matched: [state-grant]",
        "matched: [supporters]",
        "supporters], matched",
        "matching.donors.instruments.0: 'supporters' would have to match itself; name it on one side of the rule only",
    ),
    "circle of two": (
        "instruments: [supporters], matched: [state-grant], ratio: 0.05",
        "instruments: [union-grant], matched: [state-grant], ratio: 0.05",
        "donors:",
        (
            "funding.matching.donors: circular matching: state-grant has to match union-grant (rule states), "
            "union-grant has to match state-grant (rule donors); take one of these rules out"
        ),
    ),
    "circle of three": (
        "ratio: 0.05}",
        "ratio: 0.05}\n    loop: {instruments: [union-access], matched: [supporters]}",
        "loop:",
        (
            "funding.matching.loop: circular matching: state-grant has to match union-access (rule states), "
            "union-access has to match supporters (rule loop), supporters has to match state-grant (rule donors)"
        ),
    ),
    "unknown alternative": (
        "[union-grant, union-access]\nscen",
        "[union-grant, union-acces]\nscen",
        "union-acces]",
        "alternatives.union.1: unknown instrument 'union-acces'; did you mean 'union-access'?",
    ),
    "single alternative": (
        "union: [union-grant, union-access]",
        "union: [union-grant]",
        "union: [",
        "funding.alternatives.union: a group of alternatives needs at least two instruments",
    ),
    "no alternative": (
        "union: [union-grant, union-access]",
        "union: []",
        "union: [",
        "funding.alternatives.union: a group of alternatives needs at least two instruments",
    ),
    "tranches of a fund as alternatives": (
        "union: [union-grant, union-access]",
        "union: [union-grant, first-loss, top-piece]",
        "union: [",
        "first-loss and top-piece are tranches of the fund 'innovation', which uses all or none of them; name one of",
    ),
    # Prices
    "token prices that fall": (
        "{price: 0.02, demand: 60 %}",
        "{price: 0.01, demand: 60 %}",
        "price: 0.01, demand: 60",
        "prices.token_levels.2.price: 0.01 EUR/ktoken is not above 0.01 of the level before; prices must rise",
    ),
    "token demand that rises": (
        "{price: 0.02, demand: 60 %}",
        "{price: 0.02, demand: 1.1}",
        "demand: 1.1}]",
        "prices.token_levels.2.demand: 1.1 is not below 1 of the level before; demand must fall as the price rises",
    ),
    "cluster prices that fall": (
        "{price: 10000, demand: 1}",
        "{price: 7000, demand: 1}",
        "price: 7000",
        "prices.cluster_hour_levels.1.price: 7000 EUR/h is not above 8000 of the level before",
    ),
    "cluster demand that stays": (
        "{price: 8000, demand: 1.2}",
        "{price: 8000, demand: 1}",
        "demand: 1}\nrules",
        "prices.cluster_hour_levels.1.demand: 1 is not below 1 of the level before; demand must fall",
    ),
    "market fee on a demand curve": (
        "infrastructure_fee: 5000",
        "infrastructure_fee: 5000\n  infrastructure_fee_basis: market",
        "infrastructure_fee_basis",
        "a market fee needs one market price, and cluster_hour_levels leave it open; use full_cost",
    ),
    # Value for money
    "unknown comparator": (
        "comparator: base",
        "comparator: privat",
        "comparator",
        "value_for_money.comparator: unknown scenario 'privat'; did you mean 'private'?",
    ),
    "unknown partnership": (
        "partnership: private",
        "partnership: ppp",
        "partnership",
        "value_for_money.partnership: unknown scenario 'ppp'; known are base, private",
    ),
    "scenario against itself": (
        "comparator: base",
        "comparator: private",
        "partnership",
        "value_for_money.partnership: 'private' is the comparator already; compare it with another scenario",
    ),
    "risk in the flows and in the rate": (
        "  samples: 500",
        "  risk_premium: 2 %\n  samples: 500",
        "risk_premium",
        (
            "value_for_money.risk_premium: risk is valued in the flows already (risks.delay, transferred.capex), and "
            "never in the rate too; set it to 0, or take the others out"
        ),
    ),
}


@pytest.mark.parametrize("name", SPOILED)
def test_an_inconsistent_case_is_told_at_its_place(rich: Folder, name: str) -> None:
    """Breaks when a check is lost, or its message does not stand at the key that it is about."""
    old, new, place, said = SPOILED[name]
    assert said in rich.edit(old, new).problem_at(place)


def test_a_premium_is_fine_where_no_risk_is_valued(rich: Folder) -> None:
    """Breaks when the premium is refused for shares of zero."""
    text = (rich.path / "case.yaml").read_text(encoding="utf-8")
    start, end = text.index("  transferred: {capex"), text.index("  samples: 500")
    rich.write("case.yaml", text[:start] + "  transferred: {capex: 0, opex: 0 %}\n  risk_premium: 2 %\n" + text[end:])
    section = rich.load().value_for_money
    assert section is not None
    assert section.risk_premium.base == 0.02


NAMES = ["union-grant", "state-grant", "federal-grant", "supporters", "owners", "bank"]
EDGES = st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES)), max_size=9)


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Case:
    from tests.case.small import Folder

    return Folder(tmp_path_factory.mktemp("circles") / "small", RICH).load()


def _reaches(edges: set[tuple[str, str]], start: str, goal: str) -> bool:
    found, left = set(), [start]
    while left:
        here = left.pop()
        following = {other for one, other in edges if one == here} - found
        found |= following
        left += following
    return goal in found


@given(EDGES)
@settings(max_examples=200)
def test_every_circle_is_found_and_every_one_told_is_a_circle(case: Case, edges: list[tuple[str, str]]) -> None:
    """Breaks when a longer circle passes, a chain is refused, or the circle named is none; against a plain search."""
    matching = {f"r{n}": {"instruments": [one], "matched": [other]} for n, (one, other) in enumerate(edges)}
    funding = Funding.model_validate({"use": [], "instruments": case.funding.instruments, "matching": matching})
    told = [message for _, message in rules(case.model_copy(update={"funding": funding}))]
    circular = [message.removeprefix("circular matching: ") for message in told if message.startswith("circular")]
    proper = {(one, other) for one, other in edges if one != other}
    assert bool(circular) == any(_reaches(proper, name, name) for name in NAMES)
    assert len(told) - len(circular) == sum(one == other for one, other in edges)
    for message in circular:
        steps = [step.partition(" (")[0].split(" has to match ") for step in message.partition(";")[0].split(", ")]
        assert {tuple(step) for step in steps} <= proper
        assert all(before[1] == step[0] for before, step in pairwise([*steps, steps[0]]))
