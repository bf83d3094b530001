"""What the figures rest on: proof, audit, conventions, and the manifest of the run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from leam_opt.report.pack.charts import Section, Table
from leam_opt.report.pack.content import Pack
from leam_opt.report.pack.labels import STATUS
from leam_opt.report.pack.summary import conventions, findings
from leam_opt.words import N_, Words

_KEYS = {
    "command": N_("Command"),
    "source": N_("Made from"),
    "case": N_("Case"),
    "input_hash": N_("Fingerprint of the input"),
    "versions": N_("Versions"),
    "options": N_("Options"),
    "seeds": N_("Seeds"),
    "seconds": N_("Seconds"),
    "left_out": N_("Left out"),
    "platform": N_("System"),
}


def proof(pack: Pack, words: Words) -> Section:
    """How far each plan is proven, that the ledger confirms it, and by which conventions to read the figures."""
    rows = []
    for name, plan in pack.plans.items():
        result = plan.result
        rows.append(
            [
                name,
                words(STATUS[result.status]) if result.status in STATUS else result.status,
                f"{words.number(100 * result.mip_gap, 4)} %",
                words.number(plan.audit.rows_checked, 0),
                words.number(plan.audit.objective_error_eur, 2),
                words.number(result.seconds, 1),
            ]
        )
    head = [
        words("Scenario"),
        words("Status"),
        words("Gap, of gross cost"),
        words("Rows recomputed"),
        words("Largest difference, €"),
        words("Seconds"),
    ]
    table = Table(words("Proof and audit of every plan"), head, rows, texts=2)
    told: dict[str, list[str]] = {}
    for name, plan in pack.plans.items():
        for finding in findings(plan, words):
            told.setdefault(finding, []).append(name)
    notes = [f"{', '.join(names)}: {finding}" for finding, names in told.items()]
    notes += dict.fromkeys(text for plan in pack.plans.values() for text in conventions(plan, words))
    lead = [
        words(
            "Every plan was recomputed to the euro by a second, independent implementation; a plan that it does not "
            "confirm is not shown."
        )
    ]
    return Section("proof", words("Proof and conventions"), lead, tables=[table], notes=notes)


def manifest(pack: Pack, words: Words) -> list[tuple[str, str]]:
    """What it takes to make the pack again: a title and a value each."""
    rows = [(words("Made on"), f"{pack.made:%Y-%m-%d %H:%M} {pack.made.tzname() or ''}".strip())]
    for key, value in pack.manifest.items():
        title = words(_KEYS[key]) if key in _KEYS else str(key).replace("_", " ")
        for name, item in _flat(value):
            rows.append((f"{title}: {name}" if name else title, _value(item, words)))
    return rows


def _flat(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _flat(item, f"{name}.{key}" if name else str(key))
    elif value is not None and value != "":
        yield name, value


def _value(value: Any, words: Words) -> str:
    if isinstance(value, bool):
        return words("yes") if value else words("no")
    if isinstance(value, float):
        return words.number(value, 2) if abs(value) >= 0.01 else f"{value:g}"
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
