"""The register of assumptions for reading: every figure of the case, what changes it, and where it comes from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from leam_opt.case.load import Origin, origin_of, resolve
from leam_opt.case.register import DEFAULT_SOURCE, Entry, entries
from leam_opt.report.pack.content import Pack
from leam_opt.report.pack.figure_names import unit_name
from leam_opt.words import N_, Words

GROUPS: Final = {
    "": N_("General"),
    "purchase_unit": N_("Purchase unit"),
    "server_types": N_("Server types"),
    "upkeep": N_("Upkeep"),
    "compute": N_("Compute"),
    "sites": N_("Sites"),
    "energy_sources": N_("Electricity"),
    "operations": N_("Operation"),
    "cpu": N_("CPU servers"),
    "staff": N_("Staff"),
    "pools": N_("Pools"),
    "generations": N_("Generations of core models"),
    "mission": N_("Public mission"),
    "adoption": N_("Take-up by industry"),
    "prices": N_("Prices"),
    "rules": N_("Rules"),
    "funding": N_("Funding"),
    "taxation": N_("Tax"),
    "discounting": N_("Discounting"),
    "value_for_money": N_("Value for money"),
    "objective": N_("Objective"),
    "reference_plan": N_("The paper's own plan"),
}


@dataclass(frozen=True)
class Figure:
    """One figure of the register, ready to read."""

    path: str
    low: str
    base: str
    high: str
    unit: str
    source: str
    note: str
    changed: bool


@dataclass(frozen=True)
class Group:
    """Figures of one section of the case, or those that a scenario changes."""

    title: str
    figures: list[Figure]


def register(pack: Pack, words: Words) -> list[Group]:
    """Every figure of the case by its section, then those that each scenario gives or changes."""
    as_filed = {entry.path: entry[1:4] for entry in entries(resolve(Origin(origin_of(pack.case).tree)))}
    rows = entries(pack.case)
    base = {entry.path: entry[1:4] for entry in rows}
    groups: dict[str, list[Figure]] = {}
    for entry in rows:
        head, dot, _ = entry.path.partition(".")
        groups.setdefault(head if dot else "", []).append(_figure(entry, as_filed.get(entry.path) != entry[1:4], words))
    made = [Group(_title(name, words), figures) for name, figures in groups.items()]
    for scenario, plan in pack.plans.items():
        own = _own(entries(plan.case), base)
        if own:
            title = words("Scenario {name}: its own figures", name=scenario)
            made.append(Group(title, [_figure(entry, False, words) for entry in own]))
    return made


def _own(rows: Iterable[Entry], base: Mapping[str, tuple[float, ...]]) -> list[Entry]:
    return [entry for entry in rows if base.get(entry.path) != entry[1:4]]


def _title(name: str, words: Words) -> str:
    return words(GROUPS[name]) if name in GROUPS else name.replace("_", " ").capitalize()


def _figure(entry: Entry, changed: bool, words: Words) -> Figure:
    is_year = entry.unit == "calendar year"
    low, base, high = (f"{value:.0f}" if is_year else exact(value, words) for value in entry[1:4])
    has_range = entry.low != entry.base or entry.high != entry.base
    source = words("default of the schema") if entry.source == DEFAULT_SOURCE else entry.source or "–"
    return Figure(
        entry.path,
        low if has_range else "",
        base,
        high if has_range else "",
        words("year") if is_year else _unit(entry.unit, words),
        source,
        entry.note or "",
        changed,
    )


def _unit(unit: str, words: Words) -> str:
    return words("share") if unit == "share" else unit_name(unit, words) or "–"


def exact(value: float, words: Words) -> str:
    """A figure with as many decimals as it has: six significant ones behind the point at most."""
    needed = next((count for count in range(9) if round(value, count) == round(value, 8)), 8)
    return words.number(value, needed)
