"""Rules that cannot hold together, in the case's own words: with values, years and sites."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from leam_opt.case.schema import Case
from leam_opt.insight.rules import Limit, limits, said
from leam_opt.solve.conflict import Conflict, Member, Row
from leam_opt.words import ENGLISH, Words

_UNITS = ("site_units", "site_cpu", "units_bought", "cpu_units_bought")
"""What a site can hold follows from its modules and from its grid connection, whichever is the smaller."""
COMPONENTS: Mapping[str, tuple[str, ...]] = {
    "site.modules_max": ("site_modules", "power_modules_built", *_UNITS),
    "grid.grid_limit": ("grid_open", "grid_power_mw", *_UNITS),
    "heat.heat_reuse_max": ("heat_max",),
    "heat.heat_reuse_min": ("heat_min",),
    "pool_share.share_min": ("pool_share_min",),
    "pool_share.share_max": ("pool_share_max",),
    "mission_models.models_per_year_min": ("mission_models_min",),
    "mission_models.models_per_year_max": ("mission_models_max", "homogeneity_place"),
    "mission_models.models_min": ("mission_models_generation",),
    "caps.cap_total": ("caps_total", "draws_meur"),
    "caps.cap_per_year": ("draws_meur",),
    "caps.min_ticket": ("caps_ticket",),
    "access.intensity": ("access_cost",),
    "private_money.private_share_min": ("private_money_share_min",),
    "private_money.private_share_max": ("private_money_share_max",),
    "guarantees.share_max": ("guarantees_share",),
    "guarantees.cap_total": ("guarantees_total",),
    "guarantees.guaranteed_share_min": ("guarantees_asked",),
    "debt_cover.dscr_min": ("debt_cover", "debt_cover_due"),
    "fund_claims.return_rate": ("fund_claims", "fund_claims_first"),
    "fund_claims.loss_max": ("fund_claims_loss",),
    "hurdle.hurdle_rate": ("hurdle", "hurdle_claim"),
}
"""Rows and bounds of the model that a figure enters, by the kind of its limit; otherwise all those of its rule."""


@dataclass(frozen=True)
class Rule:
    """A rule of a conflict.

    Attributes:
        rule, says: as `Part` has them.
        path, kind, value, unit, names: of the figure that sets its limit, as `Limit` has them; empty and None where the
            rule has no figure.
        years: calendar years in which it is needed for the conflict; empty where it does not speak of years.
        places: where it is needed: titles of sites, pools, generations, instruments.
    """

    rule: str
    says: str
    path: str = ""
    kind: str = ""
    value: float | None = None
    unit: str = ""
    names: Mapping[str, str] = field(default_factory=dict)
    years: tuple[int, ...] = ()
    places: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """For JSON; `text` is the English one."""
        data = {name: getattr(self, name) for name in ("rule", "says", "path", "kind", "value", "unit")}
        data |= {"names": dict(self.names), "years": list(self.years)}
        data["places"] = [*self.places, *map(str, self.years)]
        return {**data, "text": rule_text({**data, "places": list(self.places)})}


def rules_of(case: Case, conflict: Conflict) -> list[Rule]:
    """The rules of a conflict with the figures of the case that set them; one entry for each figure."""
    known = limits(case)
    return [rule for member in conflict.members for rule in _rules(case, member, known)]


def _rules(case: Case, member: Member, known: Iterable[Limit]) -> list[Rule]:
    found, told = [], set[Row]()
    for limit in known:
        rows = [row for row in member.rows if _sets(case, limit, row)] if limit.rule == member.rule else []
        if rows:
            years = _years(rows, limit)
            figure = (limit.path, limit.kind, limit.value, limit.unit, limit.names)
            found.append(Rule(limit.rule, member.says, *figure, years, _places(case, rows, {limit.key})))
            told |= set(rows)
    rest = [row for row in member.rows if row not in told]
    if not found:
        return [Rule(member.rule, member.says, years=_years(rest), places=_places(case, rest, set()))]
    return found


def enters(limit: Limit, row: Row, rule: str) -> bool:
    """Whether a figure enters a row or a bound of a rule."""
    components = COMPONENTS.get(limit.kind)
    if rule != limit.rule and rule not in limit.also:
        return False
    if components is not None and row.component not in components:
        return False
    at = [label for label in row.labels if isinstance(label, int)]
    in_force = not limit.years or not at or any(label in limit.years for label in at)
    return in_force and (not limit.key or limit.key in row.labels)


def _sets(case: Case, limit: Limit, row: Row) -> bool:
    """Whether a figure is the one that sets a row: where there are two, the smaller one does."""
    if not enters(limit, row, limit.rule):
        return False
    if row.component == "draws_meur":
        return abs(row.upper - limit.value) < 1e-9
    if row.component not in _UNITS:
        return True
    site = case.sites[limit.key]
    by_modules = site.modules_max * site.module.base <= site.grid_limit.base / site.pue.base
    return by_modules == (limit.kind == "site.modules_max")


def _years(rows: Iterable[Row], limit: Limit | None = None) -> tuple[int, ...]:
    found = {label for row in rows for label in row.labels if isinstance(label, int) and label > 1900}
    return tuple(sorted(year for year in found if limit is None or not limit.years or year in limit.years))


def _places(case: Case, rows: Iterable[Row], but: set[str]) -> tuple[str, ...]:
    """Titles of what the rows speak of, in their order."""
    tables = (case.sites, case.generations, case.funding.instruments, case.energy_sources, case.funding.funds)
    titles = {name: entry.title for table in tables for name, entry in table.items()}
    labels = [label for row in rows for label in row.labels if isinstance(label, str) and label not in but]
    return tuple(dict.fromkeys(titles[label] for label in labels if label in titles))


def rule_text(rule: Mapping[str, Any], words: Words = ENGLISH) -> str:
    """A rule of a conflict: `public use of at least 90 % over all pools in 2027`.

    Args:
        rule: an entry of the dictionary of a conflict.
        words: the language.
    """
    if rule["kind"]:
        told = said(rule["kind"], rule["value"], rule["unit"], rule["names"], words)
    elif rule["says"] == f"rule '{rule['rule']}'":
        told = words("rule '{name}'", name=rule["rule"])
    else:
        told = words(rule["says"])
    places = [place for place in rule["places"] if place not in map(str, rule["years"])]
    if places and not rule["kind"]:
        told = words("{rule} ({places})", rule=told, places=words.listed(places))
    return words("{rule} in {years}", rule=told, years=spans(rule["years"], words)) if rule["years"] else told


def spans(years: Iterable[int], words: Words) -> str:
    """`2025`, `2025 and 2027`, `2023 to 2027`."""
    spans: list[list[int]] = []
    for year in sorted(years):
        if spans and spans[-1][-1] == year - 1:
            spans[-1].append(year)
        else:
            spans.append([year])
    texts = []
    for span in spans:
        if len(span) > 2:
            texts.append(words("{first} to {last}", first=span[0], last=span[-1]))
        else:
            texts += map(str, span)
    return words.listed(texts)
