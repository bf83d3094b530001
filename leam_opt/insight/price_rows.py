"""The price of one rule, and as plain data."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from leam_opt.insight.changes import SINGLE_PLACE, Change, whole_path
from leam_opt.insight.price_words import SHADOW_UNITS, says
from leam_opt.insight.replan import KEPT, Reached
from leam_opt.insight.rules import Limit
from leam_opt.insight.savings import Saving
from leam_opt.insight.shadow import Shadow


@dataclass(frozen=True)
class RulePrice:
    """What one change of a rule does.

    Attributes:
        change: the rule, and what was changed.
        reached: the best plan under the change.
        saving: against the plan whose rules are priced; None where there is no plan.
        shadow: LP shadow price of the rule, whole numbers held; None where the rule has no figure in force.
        is_binding: whether the plan leaves the rule no room. It is a hint only: a rule without room may cost nothing,
            and with whole numbers a rule with room may cost.
    """

    change: Change
    reached: Reached
    saving: Saving | None
    shadow: Shadow | None
    is_binding: bool

    @property
    def verdict(self) -> str:
        """`saves` or `costs` (proven), `nothing` (proven, or the plan stays as it is), `undecided`; `none`: no plan."""
        if self.saving is None:
            return "none"
        return "nothing" if self.reached.status == KEPT else self.saving.verdict


def row_of(price: RulePrice, objective: str, unit: str) -> dict[str, Any]:
    """A price as plain data.

    Args:
        price: the price.
        objective: the objective behind the unfunded gap.
        unit: of that objective.
    """
    reached, saved = price.reached, price.saving
    measure = objective if saved is None or saved.measure == "main" else saved.measure
    is_money = measure == "unfunded_gap" or unit == "MEUR"
    return {
        **_change_row(price.change),
        "deficit_meur": _plain(reached.deficit_meur),
        "unfunded_gap_meur": _plain(reached.gap_meur),
        "public_money_meur": _plain(reached.public_money_meur),
        "measure": measure,
        "saves": _plain(saved.value if saved else None),
        "saves_at_least": _plain(saved.least if saved else None),
        "saves_at_most": _plain(saved.most if saved else None),
        "saves_meur": _plain(saved.value if saved and is_money else None),
        "uncertainty_meur": _plain(saved.uncertainty if saved and is_money else None),
        "verdict": price.verdict,
        "status": reached.status,
        "mip_gap": _plain(reached.mip_gap),
        "reason": reached.reason,
        "binding": price.is_binding,
        **_shadow_row(price, unit == "MEUR"),
    }


def _change_row(change: Change) -> dict[str, Any]:
    """What was changed, without language; `says` puts it together."""
    rule, limits = change.rule, change.rule.own
    first = limits[0] if limits else None
    values = [_entry(limit, limit.value) for limit in limits]
    moved = [_entry(limit, value) for limit, value in zip(limits, change.to, strict=False)]
    row: dict[str, Any] = {
        "rule": rule.family,
        "kind": first.kind if first else SINGLE_PLACE,
        "names": dict(first.names) if first else {},
        "path": rule.path,
        "value": first.value if first else None,
        "values": values,
        "unit": first.unit if first else "",
        "twins": [whole_path(limit) for limit in rule.limits[len(limits) :]],
        "change": change.way,
        "to": change.scope or (change.to[0] if change.to else None),
        "to_values": values if change.scope else moved,
        "overrides": dict(change.overrides),
    }
    return {**row, "says": says(row)}


def _entry(limit: Limit, value: float) -> dict[str, Any]:
    return {"value": value, "years": list(limit.years)}


def _shadow_row(price: RulePrice, is_money: bool) -> dict[str, Any]:
    """The LP shadow price for a part of the unit that planners speak of."""
    shadow, limits = price.shadow, price.change.rule.limits
    names = {"price": "shadow_price_meur", "relax": "shadow_relax_meur", "tighten": "shadow_tighten_meur"}
    names |= {"gap": "shadow_gap_meur"}
    row: dict[str, Any] = {**dict.fromkeys(names.values()), "shadow_unit": "", "slack": None}
    if shadow is None:
        return row
    row["slack"] = _plain(shadow.slack)
    if shadow.price is None or not is_money or limits[0].unit not in SHADOW_UNITS:
        return row
    row["shadow_unit"], part = SHADOW_UNITS[limits[0].unit]
    for attribute, name in names.items():
        value = getattr(shadow, attribute)
        row[name] = None if value is None else value * part
    return row


def _plain(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else float(value)
