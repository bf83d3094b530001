"""Checks of funds and of the rules between instruments; each message says what is wrong and what would be right."""

from __future__ import annotations

from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise
from typing import TYPE_CHECKING

from leam_opt.case.consistency_funding import Found, listed
from leam_opt.case.instruments import Funding, Tranche

if TYPE_CHECKING:
    from leam_opt.case.schema import Case


def funds(case: Case) -> Found:
    """What is wrong with layered funds and their tranches."""
    funding = case.funding
    tranches = {name: terms for name, terms in funding.instruments.items() if isinstance(terms, Tranche)}
    holder: dict[str, str] = {}
    for fund_name, fund in funding.funds.items():
        path = f"funding.funds.{fund_name}.tranches"
        yield from listed(path, fund.tranches, tranches, "tranche", funding)
        for index, name in enumerate(fund.tranches):
            if holder.setdefault(name, fund_name) != fund_name and name in tranches:
                message = f"'{name}' is a tranche of the fund '{holder[name]}' already; a tranche belongs to one fund"
                yield f"{path}.{index}", message
        known = {name: tranches[name] for name in fund.tranches if name in tranches}
        if len(known) == len(fund.tranches):
            total = sum(terms.share.base for terms in known.values())
            if abs(total - 1) > 1e-6:  # thirds are given in decimals
                yield path, f"the shares of its tranches add up to {100 * total:.10g} %; they must add up to 100 %"
        yield from _order(case, known)
        lacking = [name for name in known if name not in funding.use]
        if lacking and len(lacking) < len(known):
            message = f"the fund '{fund_name}' is in use without {', '.join(lacking)}"
            yield "funding.use", f"{message}; name all its tranches ({', '.join(known)}), or none"
    for name in tranches:
        if name not in holder and all(other in tranches for other in holder):  # otherwise it is misspelt there
            message = "the tranche stands in no fund; name it under `tranches` of one"
            yield (
                f"funding.instruments.{name}",
                f"{message} ({', '.join(funding.funds) or 'funding.funds has none yet'})",
            )


def _order(case: Case, tranches: dict[str, Tranche]) -> Found:
    """Tranches that cannot draw together, or that bear losses against their order."""
    names = list(tranches)
    windows = {name: _window(case, terms) for name, terms in tranches.items()}
    for before, name in pairwise(names):
        path = f"funding.instruments.{name}"
        if windows[name] != windows[names[0]]:
            (first, last), (other_first, other_last) = windows[name], windows[names[0]]
            key = "first_year" if first != other_first else "last_year"
            message = f"it draws in {first}-{last}, the tranche '{names[0]}' of its fund in {other_first}-{other_last}"
            yield f"{path}.{key}", f"{message}; tranches draw together, so give them the same years"
        loss, junior = tranches[name].loss_max.base, tranches[before].loss_max.base
        if loss > junior:
            message = (
                f"{100 * loss:g} % is above {100 * junior:g} % of the tranche '{before}', which bears losses first"
            )
            yield f"{path}.loss_max", f"{message}; loss_max must not rise with seniority"


def _window(case: Case, terms: Tranche) -> tuple[int, int]:
    first, last = case.years[0], case.years[-1]
    return max(terms.first_year or first, first), min(terms.last_year or last, last)


def rules(case: Case) -> Found:
    """What is wrong with budget lines, matching rules and alternatives."""
    funding = case.funding
    for name, line in funding.budget_lines.items():
        path = f"funding.budget_lines.{name}.instruments"
        yield from listed(path, line.instruments, funding.instruments, "instrument", funding)
    for name, rule in funding.matching.items():
        path = f"funding.matching.{name}"
        yield from listed(f"{path}.instruments", rule.instruments, funding.instruments, "instrument", funding)
        yield from listed(f"{path}.matched", rule.matched, funding.instruments, "instrument", funding)
        for index, instrument in enumerate(rule.instruments):
            if instrument in rule.matched:
                message = f"'{instrument}' would have to match itself; name it on one side of the rule only"
                yield f"{path}.instruments.{index}", message
    yield from _circles(funding)
    for name, group in funding.alternatives.items():
        path = f"funding.alternatives.{name}"
        yield from listed(path, group, funding.instruments, "instrument", funding)
        if len(set(group)) < 2:
            yield path, "a group of alternatives needs at least two instruments"
        for fund_name, fund in funding.funds.items():
            both = [instrument for instrument in dict.fromkeys(group) if instrument in fund.tranches]
            if len(both) > 1:
                message = f"{' and '.join(both)} are tranches of the fund '{fund_name}', which uses all or none of them"
                yield path, f"{message}; name one of them at most"


def _circles(funding: Funding) -> Found:
    """Instruments that have to match each other in a circle, whatever the ratios."""
    # (who matches, who is matched): the rule that says so
    edges: dict[tuple[str, str], str] = {}
    for name, rule in funding.matching.items():
        for instrument in rule.instruments:
            for matched in rule.matched:
                if instrument not in rule.matched and matched not in rule.instruments:  # that is told already
                    edges.setdefault((instrument, matched), name)
    order = list(funding.matching)
    for circle in _cycles(edges):
        steps = [(edge, edges[edge]) for edge in zip(circle, [*circle[1:], circle[0]], strict=True)]
        told = ", ".join(f"{one} has to match {other} (rule {rule})" for (one, other), rule in steps)
        last = max((rule for _, rule in steps), key=order.index)
        yield f"funding.matching.{last}", f"circular matching: {told}; take one of these rules out"


def _cycles(edges: dict[tuple[str, str], str]) -> Iterator[list[str]]:
    """Circles of which no two share an edge, each from its first name in the order of the edges on."""
    left = dict(edges)
    while True:
        sorter: TopologicalSorter[str] = TopologicalSorter()
        for one, other in left:
            sorter.add(other, one)
        try:
            sorter.prepare()
        except CycleError as error:
            *circle, _ = error.args[1]
        else:
            return
        names = dict.fromkeys(name for edge in edges for name in edge)
        start = circle.index(next(name for name in names if name in circle))
        circle = circle[start:] + circle[:start]
        yield circle
        for edge in zip(circle, [*circle[1:], circle[0]], strict=True):
            del left[edge]
