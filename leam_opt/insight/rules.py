"""The figures of a case that set the limits of its rules: where they stand, how they are given way, what they say."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from leam_opt.case.index import POOLS
from leam_opt.case.instruments import Access, Equity, Grant, Loan, Tranche
from leam_opt.case.quantity import ByYear, Quantity
from leam_opt.case.schema import Case
from leam_opt.insight.rule_texts import TEXTS, named, shown
from leam_opt.words import ENGLISH, Words


@dataclass(frozen=True)
class Limit:
    """A figure of a case that limits a rule.

    Attributes:
        rule: name of the rule's family in the model (`Part.name`).
        path: dotted path of the figure, for overrides.
        kind: key of its text in `rule_texts.TEXTS`.
        value: the figure in `unit` as the case has it.
        unit: documented unit of the figure; `ratio` where a "share" is no part of a whole (cover, PUE, matching).
        direction: +1 where a larger figure asks for less, -1 where a smaller one does.
        step: smallest sensible change in `unit`.
        most: the most relaxed value that is sensible; the figure has no say there as a rule.
        is_whole: whether the figure is a whole number.
        names: names that the text speaks of (site, pool, generation, ...), some of them to be translated.
        years: calendar years for which the figure is in force; empty where it is no figure by year.
        restore: overrides that keep the figure as it is after the last of `years`.
        switch: path of the `enabled` that drops the whole rule; empty where there is none.
        also: other families of the model that the figure enters.
        key: label of the figure's section in the model's rows (site, pool, instrument, company, ...); empty: none.
    """

    rule: str
    path: str
    kind: str
    value: float
    unit: str
    direction: int
    step: float
    most: float
    is_whole: bool = False
    names: Mapping[str, str] = field(default_factory=dict)
    years: tuple[int, ...] = ()
    restore: Mapping[str, float] = field(default_factory=dict)
    switch: str = ""
    also: tuple[str, ...] = ()
    key: str = ""

    def text(self, words: Words = ENGLISH, value: float | None = None) -> str:
        """The rule as planners say it: `at least 4 core models of LEAM-2`; with another value if one is given."""
        return said(self.kind, self.value if value is None else value, self.unit, self.names, words)

    def overrides(self, value: float) -> dict[str, float | int]:
        """The overrides of a case that give the figure another value."""
        return {self.path: round(value) if self.is_whole else value, **self.restore}

    def on_grid(self, steps: int) -> float:
        """The value of a number of steps from zero, without the rounding of the product."""
        return float(round(steps * self.step, 9))

    @property
    def changes_sets(self) -> bool:
        """Whether another value may add or take rows of the model: a compiled one cannot take it as a number."""
        return self.kind in _SETS

    @property
    def is_relaxable(self) -> bool:
        """Whether the figure has room at all."""
        return (self.most - self.value) * self.direction > 1e-9

    def is_dropped_at(self, value: float) -> bool:
        """Whether nothing of the rule is left at a value: no least share, no least number, no largest share.

        A largest sum of nothing is a rule all the same.
        """
        return value == 0.0 if self.direction < 0 else self.unit == "share" and value == 1.0

    @property
    def is_for_some_years(self) -> bool:
        """Whether the figure is the entry of a year in a figure by year."""
        return bool(self.years) and self.path[-4:].isdigit()

    def within(self, first: int, last: int) -> Limit:
        """The same limit for some of its calendar years only; only a figure by year has such."""
        kept = tuple(year for year in self.years if first <= year <= last)
        if not kept or kept == self.years:
            return self
        whole = self.path.rpartition(".")[0] if self.is_for_some_years else self.path
        after = [year for year in self.years if year > kept[-1]]
        restore = {f"{whole}.{after[0]}": self.value} if after else {}
        return replace(self, path=f"{whole}.{kept[0]}", years=kept, restore=restore)


def said(kind: str, value: float, unit: str, names: Mapping[str, str], words: Words = ENGLISH) -> str:
    """A rule with its value in words; names that are words themselves are translated."""
    return words(TEXTS[kind], value=shown(value, unit, words), **named(names, words))


def limits(case: Case) -> list[Limit]:
    """Every figure of a resolved case that limits one of its rules; rules that are switched off have none.

    Figures by year have one limit for each of their entries in the horizon.
    """
    return [
        limit
        for part in (_sites, _compute, _mission, _energy, _law, _funding, _loans, _investors, _groups)
        for limit in part(case)
    ]


def relaxations(case: Case) -> list[Limit]:
    """The limits that can be relaxed at all."""
    return [limit for limit in limits(case) if limit.is_relaxable]


_STEPS = {"share": 0.001, "ratio": 0.01, "MW": 0.1, "MEUR": 0.1, "MEUR/a": 0.1, "MGPUh/a": 0.1, "kt/a": 0.01}
_SETS = {
    *("timely_use.years", "caps.min_ticket", "reserve_account.reserve_months"),
    *("lock_up.lockup_dscr", "guarantees.guaranteed_share_min"),
}
_MANY = 10
"""A limit that nothing bounds is given way up to ten times its value, and by at least ten of its units."""
_MUCH_MEUR = 1e4
"""The same for money: ten times a small sum may still be short of what a case needs."""


def _limit(case: Case, rule: str, path: str, unit: str, direction: int, **more: Any) -> Iterator[Limit]:
    """The limits of a figure: one, one for each entry of a figure by year, none where the case has no such figure."""
    figure: Any = case
    for key in path.split("."):
        figure = figure[key] if isinstance(figure, dict) else getattr(figure, key)
    kind = more.pop("kind", f"{rule}.{path.rpartition('.')[2]}")
    # The label is the name of the section in its table: sites.<site>.grid_limit.
    key = path.split(".")[-2] if path.count(".") > 1 and not path.startswith(("rules.", "mission.")) else ""
    common = {"rule": rule, "kind": kind, "unit": unit, "direction": direction, "key": key, **more}
    if isinstance(figure, ByYear):
        for start, years, quantity in _entries(figure, case.years):
            yield _made({**common, "path": f"{path}.{start}" if start else path, "years": years}, quantity.base)
    elif figure is not None:
        yield _made({**common, "path": path}, figure.base if isinstance(figure, Quantity) else figure)


def _entries(figure: ByYear, years: list[int]) -> Iterator[tuple[int, tuple[int, ...], Quantity]]:
    starts = sorted(figure.entries)
    for at, start in enumerate(starts):
        end = starts[at + 1] if at + 1 < len(starts) else years[-1] + 1
        in_force = tuple(year for year in years if start <= year < end)
        if in_force:
            yield start, in_force, figure.entries[start]


def _made(given: dict[str, Any], value: float) -> Limit:
    unit, direction = given["unit"], given["direction"]
    is_whole = isinstance(value, int)
    given.setdefault("step", _STEPS.get(unit, 1.0))
    if "most" not in given:
        room = _MUCH_MEUR if unit in ("MEUR", "MEUR/a") else _MANY
        unbounded = value + max((_MANY - 1) * abs(value), room)
        given["most"] = 0.0 if direction < 0 else 1.0 if unit == "share" else unbounded
    if value and not is_whole:
        given["step"] = max(given["step"], 10.0 ** math.floor(math.log10(abs(value))) / 1000)
    return Limit(**{**given, "value": float(value), "is_whole": is_whole})


def _sites(case: Case) -> Iterator[Limit]:
    for name, site in case.sites.items():
        at = {"site": site.title}
        most = min(2000.0, max(_MANY * site.modules_max, site.modules_max + _MANY))
        yield from _limit(
            case,
            "site",
            f"sites.{name}.modules_max",
            "unit",
            +1,
            most=most,
            names={**at, "module": f"{site.module.base:g}"},
        )
        yield from _limit(case, "grid", f"sites.{name}.grid_limit", "MW", +1, names=at, also=("site",))
        yield from _limit(case, "heat", f"sites.{name}.heat_reuse_max", "share", +1, names=at)
    yield from _limit(case, "cpu", "cpu.cores", "core", -1, step=100.0)


def _compute(case: Case) -> Iterator[Limit]:
    for pool in POOLS:
        names = {"pool": pool}
        yield from _limit(case, "pool_share", f"pools.{pool}.share_min", "share", -1, names=names)
        yield from _limit(case, "pool_share", f"pools.{pool}.share_max", "share", +1, names=names)
        yield from _limit(case, "class_share", f"pools.{pool}.private_share_max", "share", +1, names=names)


def _mission(case: Case) -> Iterator[Limit]:
    yield from _limit(case, "mission_models", "mission.models_per_year_min", "model/a", -1)
    also = ("homogeneity",)
    yield from _limit(case, "mission_models", "mission.models_per_year_max", "model/a", +1, most=100.0, also=also)
    for name, generation in case.generations.items():
        yield from _limit(
            case,
            "mission_models",
            f"generations.{name}.models_min",
            "model",
            -1,
            names={"generation": generation.title},
        )
    yield from _limit(case, "mission_compute", "mission.public_compute_min", "MGPUh/a", -1)


def _energy(case: Case) -> Iterator[Limit]:
    for name, source in case.energy_sources.items():
        yield from _limit(
            case, "source_share", f"energy_sources.{name}.share_max", "share", +1, names={"source": source.title}
        )
    yield from _limit(case, "renewable", "rules.renewable_share_min", "share", -1)
    yield from _limit(case, "heat", "rules.heat_reuse_min", "share", -1)
    yield from _limit(case, "pue_limit", "rules.pue_max", "ratio", +1, most=5.0)
    yield from _limit(case, "co2", "rules.co2_max", "kt/a", +1)


def _law(case: Case) -> Iterator[Limit]:
    rules = case.rules
    for name, figure, direction in (("public_use", "share_min", -1), ("ancillary_use", "share_max", +1)):
        section = getattr(rules, name)
        if section.enabled:
            scope = SCOPES[section.scope]
            yield from _limit(
                case,
                name,
                f"rules.{name}.{figure}",
                "share",
                direction,
                names={"scope": scope},
                switch=f"rules.{name}.enabled",
            )
    if rules.grant_income.enabled:
        switch = "rules.grant_income.enabled"
        yield from _limit(case, "grant_income", "rules.grant_income.share_min", "share", -1, switch=switch)
    if rules.timely_use.enabled:
        switch = "rules.timely_use.enabled"
        yield from _limit(case, "timely_use", "rules.timely_use.years", "a", +1, most=10.0, switch=switch)
        yield from _limit(case, "timely_use", "rules.timely_use.free_reserve_share", "share", +1, switch=switch)
    yield from _limit(case, "deficit_limit", "objective.deficit_max", "MEUR", +1)


SCOPES = {"core": "in the core pool", "all": "over all pools"}


def _funding(case: Case) -> Iterator[Limit]:
    funding = case.funding
    for name in funding.use:
        if name not in funding.instruments:
            continue
        terms, path = funding.instruments[name], f"funding.instruments.{name}"
        names = {"instrument": terms.title}
        yield from _limit(case, "caps", f"{path}.cap_total", "MEUR", +1, names=names)
        yield from _limit(case, "caps", f"{path}.cap_per_year", "MEUR/a", +1, names=names)
        yield from _limit(case, "caps", f"{path}.min_ticket", "MEUR", -1, names=names)
        if isinstance(terms, Grant | Access):
            rule = "access" if isinstance(terms, Access) else "grant_intensity"
            yield from _limit(case, rule, f"{path}.intensity", "share", +1, names=names)
    yield from _limit(case, "private_money", "funding.private_share_min", "share", -1)
    yield from _limit(case, "private_money", "funding.private_share_max", "share", +1)
    for company in ("research", "service"):
        names = {"company": COMPANIES[company]}
        told = {"names": names, "kind": "gearing.gearing_max", "key": company}
        yield from _limit(case, "gearing", f"funding.gearing_max_{company}", "share", +1, **told)


COMPANIES = {"research": "research company", "service": "service company"}


def _loans(case: Case) -> Iterator[Limit]:
    funding = case.funding
    for name in funding.use:
        if name in funding.guarantees:
            names, path = {"guarantee": funding.guarantees[name].title}, f"funding.guarantees.{name}"
            covered = [loan for loan in funding.guarantees[name].loans if loan in funding.use]
            key = covered[0] if len(covered) == 1 else ""  # its rows speak of the loan
            yield from _limit(case, "guarantees", f"{path}.share_max", "share", +1, names=names, key=key)
            yield from _limit(case, "guarantees", f"{path}.cap_total", "MEUR", +1, names=names)
        terms = funding.instruments.get(name)
        if not isinstance(terms, Loan):
            continue
        names, path, company = {"loan": terms.title}, f"funding.instruments.{name}", terms.entity
        yield from _limit(case, "debt_cover", f"{path}.dscr_min", "ratio", -1, most=1.0, names=names, key=company)
        yield from _limit(case, "reserve_account", f"{path}.reserve_months", "month", -1, names=names, key=company)
        yield from _limit(case, "lock_up", f"{path}.lockup_dscr", "ratio", -1, names=names, key="")
        yield from _limit(case, "guarantees", f"{path}.guaranteed_share_min", "share", -1, names=names)


def _investors(case: Case) -> Iterator[Limit]:
    funding = case.funding
    for name in funding.use:
        terms, path = funding.instruments.get(name), f"funding.instruments.{name}"
        if isinstance(terms, Equity):
            yield from _limit(case, "hurdle", f"{path}.hurdle_rate", "share", -1, names={"investor": terms.title})
        elif isinstance(terms, Tranche):
            names = {"investor": terms.title}
            yield from _limit(case, "fund_claims", f"{path}.return_rate", "share", -1, names=names)
            yield from _limit(case, "fund_claims", f"{path}.loss_max", "share", +1, names=names)


def _groups(case: Case) -> Iterator[Limit]:
    funding = case.funding
    for name, line in funding.budget_lines.items():
        yield from _limit(
            case,
            "budget_lines",
            f"funding.budget_lines.{name}.cap_per_year",
            "MEUR/a",
            +1,
            names={"budget": line.title},
        )
    for name, rule in funding.matching.items():
        titles = {
            side: " + ".join(funding.instruments[i].title for i in members if i in funding.use)
            for side, members in (("one", rule.instruments), ("other", rule.matched))
        }
        if titles["other"]:
            yield from _limit(case, "matching", f"funding.matching.{name}.ratio", "ratio", -1, names=titles)
