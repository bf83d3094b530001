"""Checks of instruments and guarantees; each message says what is wrong and what would be right."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from leam_opt.case.instruments import Access, Funding, Loan
from leam_opt.case.quantity import Quantity, hint

if TYPE_CHECKING:
    from leam_opt.case.schema import Case

Found = Iterator[tuple[str, str]]
"""Problems as path and message."""


def instruments(case: Case) -> Found:
    """What is wrong with the caps and the years of instruments of any kind, and with who gets them."""
    funding = case.funding
    if funding.private_share_min.base > funding.private_share_max.base:
        yield "funding.private_share_min", f"it is above private_share_max {funding.private_share_max.base:g}"
    for name, terms in funding.instruments.items():
        path = f"funding.instruments.{name}"
        first, last = terms.first_year, terms.last_year
        if first is not None and last is not None and last < first:
            yield f"{path}.last_year", f"years out of order: {last} is before {first}"
        elif (first or case.years[0]) > case.years[-1] or (last or case.years[-1]) < case.years[0]:
            key = "last_year" if first is None or first <= case.years[-1] else "first_year"
            yield f"{path}.{key}", f"no draw falls into the horizon {case.years[0]}-{case.years[-1]}"
        if terms.min_ticket.base > terms.cap_total.base:
            yield f"{path}.min_ticket", f"{terms.min_ticket.base:g} MEUR is above cap_total {terms.cap_total.base:g}"
        owner = case.infrastructure_entity
        if isinstance(terms, Access) and name in funding.use and terms.entity != owner:
            message = f"access time is sold by the owner of the infrastructure; set it to {owner}"
            yield f"{path}.entity", f"{message}, as infrastructure_entity, or take '{name}' out of funding.use"


def loans(case: Case) -> Found:
    """What is wrong with tenors, rate bands and the cover of mezzanine loans."""
    for name, loan in _loans_of(case.funding).items():
        path = f"funding.instruments.{name}"
        if loan.grace_years >= loan.tenor_years:
            yield f"{path}.grace_years", f"it must be below tenor_years {loan.tenor_years}"
        # Later draws that are not repaid within the horizon are left out by the model; the first one must fit.
        draw = max(loan.first_year or case.years[0], case.years[0])
        end = draw + loan.tenor_years - 1
        if draw <= case.years[-1] < end:
            longest = case.years[-1] - draw + 1
            yield (
                f"{path}.tenor_years",
                f"a draw in {draw} is repaid only in {end}, after the horizon; at most {longest} years fit",
            )
        if loan.rate_bands:
            yield from _rate_bands(path, loan)
        elif loan.rate is None:
            yield f"{path}.rate", "missing; a loan needs its rate, or rate_bands"
        if loan.entity == "research" and loan.lockup_dscr.base:
            message = "a lock-up binds the service company's distributions; the research company makes none"
            yield f"{path}.lockup_dscr", f"{message}; leave it out"
    yield from _seniority(case.funding)


def _rate_bands(path: str, loan: Loan) -> Found:
    *inner, last = loan.rate_bands
    first = loan.rate_bands[0].rate
    if loan.rate and (loan.rate.low, loan.rate.base, loan.rate.high) != (first.low, first.base, first.high):
        message = f"{_percent(loan.rate)} differs from {_percent(first)}, the rate of the first band"
        yield f"{path}.rate", f"{message}; leave `rate` out beside rate_bands, or set both to the same"
    for index, band in enumerate(inner):
        if band.up_to is None:
            yield f"{path}.rate_bands.{index}.up_to", "missing; only the last band goes without it, up to cap_total"
    if last.up_to is not None:
        message = "the last band reaches up to cap_total; leave up_to out, or add a band behind it"
        yield f"{path}.rate_bands.{len(inner)}.up_to", message
    for index, (before, band) in enumerate(pairwise(loan.rate_bands), start=1):
        here = f"{path}.rate_bands.{index}"
        if band.rate.base <= before.rate.base:
            message = f"{_percent(band.rate)} is not above {_percent(before.rate)}, the rate of the band before"
            yield f"{here}.rate", f"{message}; rates must rise from band to band"
        if band.up_to is not None and before.up_to is not None and band.up_to.base <= before.up_to.base:
            message = f"{band.up_to.base:g} MEUR is not above {before.up_to.base:g} MEUR, where the band before ends"
            yield f"{here}.up_to", f"{message}; the totals must rise from band to band"


def _seniority(funding: Funding) -> Found:
    used = {name: loan for name, loan in _loans_of(funding).items() if name in funding.use}
    for name, loan in used.items():
        senior = {
            other: terms.dscr_min.base
            for other, terms in used.items()
            if terms.entity == loan.entity and terms.seniority == "senior"
        }
        if loan.seniority == "mezzanine" and senior and loan.dscr_min.base > min(senior.values()):
            strictest = min(senior, key=lambda other: senior[other])
            message = f"{loan.dscr_min.base:g} is above {senior[strictest]:g} of the senior loan '{strictest}'"
            remedy = "mezzanine debt is covered after senior debt, and asks for no more cover than it"
            yield f"funding.instruments.{name}.dscr_min", f"{message}; {remedy}"


def guarantees(case: Case) -> Found:
    """What is wrong with guarantees and the loans that they cover."""
    funding = case.funding
    known = _loans_of(funding)
    for name, guarantee in funding.guarantees.items():
        path = f"funding.guarantees.{name}"
        if name in funding.instruments:
            yield path, "an instrument has this name too, and funding.use could not tell them apart; rename one of them"
        yield from listed(f"{path}.loans", guarantee.loans, known, "loan", funding)
        lowest_rates = {loan: _lowest_rate(known[loan]) for loan in guarantee.loans if loan in known}
        rates = {loan: rate for loan, rate in lowest_rates.items() if rate is not None}
        lowest = min(rates, key=lambda loan: rates[loan].base, default=None)
        if lowest is not None and guarantee.rate_reduction.base > rates[lowest].base:
            message = f"{_percent(guarantee.rate_reduction)} is above {_percent(rates[lowest])}, the rate of '{lowest}'"
            yield f"{path}.rate_reduction", f"{message}; interest cannot fall below zero"
    yield from _cover(funding, known)


def _cover(funding: Funding, known: dict[str, Loan]) -> Found:
    covered: dict[str, str] = {}
    for name in dict.fromkeys(funding.use):
        if name not in funding.guarantees or name in funding.instruments:
            continue
        for index, covers in enumerate(funding.guarantees[name].loans):
            if covered.setdefault(covers, name) != name:
                message = f"'{covers}' is covered by the guarantee '{covered[covers]}' already"
                remedy = "at most one guarantee in use covers a loan; name it in one of them"
                yield f"funding.guarantees.{name}.loans.{index}", f"{message}; {remedy}"
    for name, loan in known.items():
        wanted = loan.guaranteed_share_min
        if name not in funding.use or not wanted.base:
            continue
        path = f"funding.instruments.{name}.guaranteed_share_min"
        if name not in covered:
            fitting = [other for other, guarantee in funding.guarantees.items() if name in guarantee.loans]
            remedy = f"add {' or '.join(fitting)} to funding.use" if fitting else "add one to funding.guarantees"
            message = f"the lender wants {_percent(wanted)} guaranteed, but no guarantee in use covers the loan"
            yield path, f"{message}; {remedy}, or set it to 0"
        elif wanted.base > funding.guarantees[covered[name]].share_max.base:
            largest = funding.guarantees[covered[name]].share_max
            yield path, f"{_percent(wanted)} is above share_max {_percent(largest)} of the guarantee '{covered[name]}'"


def listed(path: str, names: Sequence[str], fitting: Collection[str], what: str, funding: Funding) -> Found:
    """Names in a list of the funding section that are unknown, of another kind than asked for, or there twice."""
    seen: set[str] = set()
    for index, name in enumerate(names):
        if name in seen:
            yield f"{path}.{index}", f"{what} '{name}' stands twice"
        elif name not in fitting:
            yield f"{path}.{index}", _no_such(name, fitting, what, funding)
        seen.add(name)


def _no_such(name: str, fitting: Collection[str], what: str, funding: Funding) -> str:
    choice = f"{what}s are {', '.join(fitting)}" if fitting else f"there is no {what} in the case"
    if name in funding.instruments:
        return f"'{name}' is of the kind {funding.instruments[name].kind}, not {what}; {choice}"
    if name in funding.guarantees:
        return f"'{name}' is a guarantee, which can stand in funding.use only; {choice}"
    if name in funding.funds:
        return f"'{name}' is a fund; name its tranches {', '.join(funding.funds[name].tranches)} instead"
    return f"unknown {what} '{name}'; {hint(name, fitting)}"


def _loans_of(funding: Funding) -> dict[str, Loan]:
    return {name: terms for name, terms in funding.instruments.items() if isinstance(terms, Loan)}


def _lowest_rate(loan: Loan) -> Quantity | None:
    rates = [loan.rate, *(band.rate for band in loan.rate_bands)]
    return min((rate for rate in rates if rate is not None), key=lambda rate: rate.base, default=None)


def _percent(share: Quantity) -> str:
    ends = dict.fromkeys(f"{100 * end:g}" for end in (share.low, share.base, share.high))
    return f"{' / '.join(ends)} %"
