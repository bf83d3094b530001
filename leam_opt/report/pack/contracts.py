"""What the parts of a pack beside its plans have to look like, for files that come from anybody.

Only what pages, sheets and tables reach for is asked for; further keys pass. Numbers are finite or absent.
"""

from __future__ import annotations

from collections.abc import Mapping
from string import Formatter
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from leam_opt.insight.changes import SINGLE_PLACE
from leam_opt.insight.rule_texts import TEXTS
from leam_opt.words import ENGLISH

Number = Annotated[float, Field(allow_inf_nan=False)]
MaybeNumber = Number | None


class _Open(BaseModel):
    model_config = ConfigDict(extra="allow")


class _Told(_Open):
    """A rule that can be said in words: its kind is known, and what its text names is there."""

    kind: str
    names: dict[str, str]

    @model_validator(mode="after")
    def _can_be_said(self) -> Self:
        if self.kind != SINGLE_PLACE:
            if self.kind not in TEXTS:
                raise ValueError(f"kind: no rule is called '{self.kind}'")
            places = {name for _, name, _, _ in Formatter().parse(TEXTS[self.kind]) if name}
            if missing := places - {"value", *self.names}:
                raise ValueError(f"names: '{min(missing)}' is missing")
        return self


class _Lever(_Open):
    path: str
    unit: str
    low: MaybeNumber
    high: MaybeNumber


class _Bar(_Open):
    factor: str
    low: MaybeNumber
    base: MaybeNumber
    high: MaybeNumber
    swing: MaybeNumber
    levers: list[_Lever]
    misses_rules: dict[str, str] = {}
    without_plan: dict[str, str] = {}


class _TornadoTable(_Open):
    scenario: str
    output: str
    unit: str
    base: MaybeNumber
    bars: list[_Bar]


class _Tornado(_Open):
    tables: list[_TornadoTable]


class _Spread(_Open):
    deficit_meur: list[Number]
    unfunded_gap_meur: list[Number]
    planned_meur: Number
    unmet_share: Number


class _Best(_Open):
    scenario: str
    points: int
    share: MaybeNumber
    low: MaybeNumber
    high: MaybeNumber


class _Distribution(_Open):
    points: int
    seed: int
    levers: list[str]
    scenarios: dict[str, _Spread]
    best: list[_Best]


class _ConflictRule(_Open):
    rule: str
    says: str


class _Change(_Told):
    path: str
    rule: str
    years: list[int]
    unit: str


class _Repair(_Open):
    changes: list[_Change]
    overrides: dict[str, Any]
    deficit_meur: MaybeNumber
    unfunded_gap_meur: MaybeNumber
    public_money_meur: MaybeNumber


class _Conflict(_Open):
    scenario: str
    rules: list[_ConflictRule]
    repairs: list[_Repair]
    others: list[_Conflict] = []


class _Value(_Open):
    value: Number
    years: list[int]


class _Price(_Told):
    rule: str
    says: str
    path: str
    unit: str
    values: list[_Value]
    twins: list[str]
    change: str
    to: Any
    to_values: list[_Value]
    verdict: str
    measure: str
    saves: MaybeNumber
    saves_at_least: MaybeNumber
    saves_at_most: MaybeNumber
    saves_meur: MaybeNumber
    status: str


class _Prices(_Open):
    scenario: str
    rules: list[_Price]


class _AlternativePlan(_Open):
    deficit_meur: Number
    features: list[str]


class _Shared(_Open):
    feature: str
    proven: bool


class _Alternatives(_Open):
    scenario: str
    plans: list[_AlternativePlan]
    shared: list[_Shared]


class _Objective(_Open):
    name: str
    unit: str


class _Point(_Open):
    values: dict[str, Number]
    status: str


class _Pareto(_Open):
    scenario: str
    objectives: list[_Objective]
    points: list[_Point]


class _Figure(_Open):
    id: str
    annex: str
    item: str
    unit: str
    note: str
    verdict: str
    paper_low: Number
    paper_high: Number
    exact_low: Number
    exact_high: Number
    rounded_low: Number
    rounded_high: Number


class _Finding(_Open):
    title: str
    text: str


class _Reconciliation(_Open):
    rows: list[_Figure]
    findings: list[_Finding]


class _Study(_Open):
    study: str
    answers: dict[str, Any]


CONTRACTS: Mapping[str, type[BaseModel]] = {
    "tornado": _Tornado,
    "distribution": _Distribution,
    "conflict": _Conflict,
    "prices": _Prices,
    "alternatives": _Alternatives,
    "pareto": _Pareto,
    "reconciliation": _Reconciliation,
    "study": _Study,
}
"""By the name of the part."""


def problems(name: str, content: Any) -> list[str]:
    """What is wrong with a part: key and reason, one line each; none where it is sound."""
    try:
        TypeAdapter(CONTRACTS[name]).validate_python(content, strict=False)
    except ValidationError as error:
        return [f"{'.'.join(str(part) for part in (name, *each['loc']))}: {each['msg']}" for each in error.errors()]
    return _untold(name, content)


def _untold(name: str, content: Any) -> list[str]:
    """What keeps a part that looks right from being told: keys that its sentences and charts reach for are missing."""
    from leam_opt.report.pack.sections_insight import MAKERS

    if not content or name not in MAKERS:
        return []
    try:
        MAKERS[name](content, ENGLISH)
    except KeyError as error:
        return [f"{name}: the key {error} is missing"]
    except (AttributeError, IndexError, TypeError, ValueError) as error:
        return [f"{name}: it cannot be told ({error})"]
    return []
