"""What is tried with each rule of a case: it is dropped, moved by a step to either side, or read in its other scope."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from leam_opt.case.schema import Case
from leam_opt.errors import CaseError
from leam_opt.insight.rules import SCOPES, Limit, limits
from leam_opt.insight.shadow import Figure

Way = Literal["drop", "step", "tighten"]

SINGLE_PLACE = "homogeneity"
"""Single-site training: it has no figure and no switch."""
_NO_RULES = ("hurdle", "fund_claims", "cpu")
"""Families that are prices, claims and needs rather than rules."""
_STEPS = {"share": 0.01, "ratio": 0.1}
_ROUND_MEUR = 10.0
"""Caps from five times this on move by so much, and smaller ones by a tenth."""


@dataclass(frozen=True)
class Rule:
    """A rule of a case, with the figures that state it.

    Attributes:
        family: its name in the model.
        limits: entries of its figure, one for each span of years; behind them those of another figure that says the
            same. Empty for a rule without figure.
        switch: path of the `enabled` that drops it; empty where there is none.
        twins: number of entries at the end of `limits` that belong to the other figure.
    """

    family: str
    limits: tuple[Limit, ...] = ()
    switch: str = ""
    twins: int = 0

    @property
    def own(self) -> tuple[Limit, ...]:
        """Its own figures."""
        return self.limits[: len(self.limits) - self.twins]

    @property
    def path(self) -> str:
        """Path of its figure, without years."""
        return whole_path(self.limits[0]) if self.limits else ""

    @property
    def figure(self) -> Figure | None:
        """What its shadow price is asked for."""
        if not self.limits:
            return None
        entries = tuple((limit.path, limit.value, limit.direction) for limit in self.limits)
        return Figure(entries, self.limits[0].is_whole)


@dataclass(frozen=True)
class Change:
    """A rule with other figures.

    Attributes:
        rule: the rule.
        way: `drop`, `step` (it gives way) or `tighten`.
        overrides: of the case.
        to: new values of the rule's own figures; empty where it is dropped by its switch or has none, and for `scope`.
        scope: the other scope that it is read in.
        dropped: family of the model that is left out, where the case has no switch for it.
        is_nested: whether the change can only give way, or only ask for more: a scope is neither.
    """

    rule: Rule
    way: Way
    overrides: Mapping[str, Any] = field(default_factory=dict)
    to: tuple[float, ...] = ()
    scope: str = ""
    dropped: str = ""
    is_nested: bool = True


def whole_path(limit: Limit) -> str:
    """The path of a limit's figure without the year of its entry."""
    head, _, year = limit.path.rpartition(".")
    return head if limit.years and year.isdigit() else limit.path


def rules_of(case: Case, wanted: Sequence[str] | None = None) -> list[Rule]:
    """The rules of a resolved case that have room to give way.

    Args:
        case: the case.
        wanted: names of rules (`public_use`, `caps`) or beginnings of paths (`funding.instruments.eu-grant`); None for
            all.
    """
    found: dict[str, Rule] = {}
    for limit in limits(case):
        if limit.rule in _NO_RULES or not limit.is_relaxable:
            continue
        path = whole_path(limit)
        known = found.get(path, Rule(limit.rule, switch=limit.switch))
        found[path] = replace(known, limits=(*known.limits, limit))
    rules = [*found.values(), *_twins(case, found)]
    if len(case.sites) * len(case.server_types) > 1:
        rules.append(Rule(SINGLE_PLACE))
    return [rule for rule in rules if wanted is None or any(_is_meant(rule, name) for name in wanted)]


def _is_meant(rule: Rule, name: str) -> bool:
    return name == rule.family or f"{rule.path}.".startswith(f"{name.rstrip('.')}.")


def _twins(case: Case, found: Mapping[str, Rule]) -> Iterator[Rule]:
    """Public use of the core pool says the same as a largest private share of that pool: neither has a price alone."""
    law, pool = found.get("rules.public_use.share_min"), found.get("pools.core.private_share_max")
    if law is None or pool is None or case.rules.public_use.scope != "core":
        return
    if abs(law.limits[0].value + pool.limits[0].value - 1) < 1e-9:
        yield Rule(law.family, (*law.limits, *pool.limits), law.switch, twins=1)


def changes_of(case: Case, rules: Sequence[Rule]) -> list[Change]:
    """Everything that is tried with some rules, those that are dropped first."""
    found = [change for rule in rules for change in _of_rule(case, rule)]
    switched: set[str] = set()
    kept = []
    for change in found:
        switch = change.rule.switch if change.way == "drop" and not change.rule.twins else ""
        if switch not in switched or not switch:  # figures of one rule drop it together
            kept.append(change)
        switched.add(switch)
    return kept


def together(changes: Sequence[Change]) -> Change:
    """Several changes at once; they give way, or ask for more, all of them."""
    if len(changes) == 1:
        return changes[0]
    overrides = {path: value for change in changes for path, value in change.overrides.items()}
    return Change(Rule("several"), changes[0].way, overrides)


def _of_rule(case: Case, rule: Rule) -> Iterator[Change]:
    if not rule.limits:
        yield Change(rule, "drop", dropped=rule.family)
        return
    yield _dropped(rule)
    for way, sign in (("step", 1.0), ("tighten", -1.0)):
        to = tuple(_moved(case, limit, sign) for limit in rule.limits)
        is_end = all(abs(value - limit.most) < 1e-9 for value, limit in zip(to, rule.limits, strict=True))
        stays = all(abs(value - limit.value) < 1e-9 for value, limit in zip(to, rule.limits, strict=True))
        # Of two rules that say the same, the one that asks for more is in force: that is its own price.
        is_told = bool(rule.twins) and way == "tighten"
        if not stays and not is_told and not (is_end and not rule.switch):
            yield _set(rule, way, to)  # type: ignore[arg-type]
    yield from _scopes(case, rule)


def _dropped(rule: Rule) -> Change:
    most = _set(rule, "drop", tuple(limit.most for limit in rule.limits))
    if not rule.switch:
        return most
    overrides: dict[str, Any] = {rule.switch: False}
    for twin in rule.limits[len(rule.own) :]:
        overrides |= twin.overrides(twin.most)
    return replace(most, overrides=overrides, to=())


def _set(rule: Rule, way: Way, to: Sequence[float]) -> Change:
    overrides = {
        path: value
        for limit, moved in zip(rule.limits, to, strict=True)
        for path, value in limit.overrides(moved).items()
    }
    return Change(rule, way, overrides, tuple(to[: len(rule.own)]))


def _moved(case: Case, limit: Limit, sign: float) -> float:
    """The figure a step on, giving way (+1) or asking for more (-1), as far as it can."""
    moved = round(limit.value + sign * limit.direction * _step(case, limit), 9)
    if sign > 0:
        return min(moved, limit.most) if limit.direction > 0 else max(moved, limit.most)
    if limit.rule == "deficit_limit":
        return moved  # below zero it asks for a surplus
    least = 1.0 if limit.kind == "pue_limit.pue_max" else 0.0
    return min(max(moved, least), 1.0) if limit.unit == "share" else max(moved, least)


def _step(case: Case, limit: Limit) -> float:
    """A step that a planner would name, in the figure's unit."""
    if limit.is_whole:
        return 1.0
    if limit.unit in ("MEUR", "MEUR/a") and abs(limit.value) >= 5 * _ROUND_MEUR:
        return _ROUND_MEUR
    if limit.rule == "grid":
        site = case.sites[limit.path.split(".")[1]]
        return math.ceil(10 * site.module.base * site.pue.base - 1e-9) / 10  # one module more, in tenths of a MW
    return _STEPS.get(limit.unit) or max(abs(limit.value) / 10, 0.1)


def _scopes(case: Case, rule: Rule) -> Iterator[Change]:
    """Rules on use, over the other scope."""
    if rule.family not in ("public_use", "ancillary_use") or rule.twins:
        return
    now = getattr(case.rules, rule.family).scope
    for scope in SCOPES:
        if scope != now:
            way: Way = "tighten" if scope == "all" else "step"
            yield Change(rule, way, {f"rules.{rule.family}.scope": scope}, scope=scope, is_nested=False)


def off_rules(case: Case) -> list[Change]:
    """Rules on use that the case has switched off: switched on, in both scopes."""
    found = []
    for family in ("public_use", "ancillary_use"):
        if getattr(case.rules, family).enabled:
            continue
        try:
            on = case.override({f"rules.{family}.enabled": True})
        except CaseError:
            continue  # who owns the pools may leave nothing to ask for
        figure = "share_min" if family == "public_use" else "share_max"
        (limit,) = [each for each in limits(on) if each.path == f"rules.{family}.{figure}"]
        for scope in SCOPES:
            overrides = {f"rules.{family}.enabled": True, f"rules.{family}.scope": scope}
            found.append(Change(Rule(family, (limit,)), "tighten", overrides, scope=scope))
    return found
