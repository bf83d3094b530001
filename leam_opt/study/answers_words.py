"""Figures of a study in words: with their units, and never with more digits than are proven."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from typing import Any

from leam_opt.study.designs import Design
from leam_opt.study.indices import Probability
from leam_opt.study.levers import Lever

_MONEY_DIGITS = 2
_ENDINGS = ("_meur", "_eur", "_gwh", "_mw", "_kt", "_million", "_bn", "_share")
_SPELLINGS = {"gpu": "GPU", "it": "IT", "vat": "VAT", "co2": "CO2", "npv": "NPV"}
_MOST_LEVERS = 2
"""Levers whose values name a point."""


def unit_of(output: str) -> str:
    """Unit of an output; empty where it has none."""
    from leam_opt.study.outputs import unit_of_output

    if output == "servers" or output.startswith("servers_"):
        return "servers"
    return "MW" if output.endswith("_mw") else unit_of_output(output)


def name_of(output: str) -> str:
    """An output as words: `public_money_meur` as `public money`."""
    words = next((output.removesuffix(end) for end in _ENDINGS if output.endswith(end)), output).split("_")
    return " ".join(_SPELLINGS.get(word, word) for word in words)


def digits_of(unproven: float, most: int = _MONEY_DIGITS) -> int:
    """Decimals (negative: tens, hundreds) of which none is below what is unproven."""
    if not unproven > 0:
        return most
    return min(most, math.floor(-math.log10(unproven) + 1e-9)) if math.isfinite(unproven) else 0


def figure(value: float | None, output: str, unproven: float = 0.0, *, with_unit: bool = True) -> str:
    """A figure of an output; `unproven` is by how much a better plan could change it."""
    if value is None or math.isnan(value):
        return "no figure"
    unit = unit_of(output)
    if unit == "share":
        return share_text(value)
    if unit in ("M€", "€"):
        # A small sum is told to the euro.
        digits = digits_of(unproven, 6 if 5e-7 < abs(value) < 0.01 else _MONEY_DIGITS)
        text = f"{round(value, digits) + 0.0:,.{max(digits, 0)}f}"
    else:
        text = plain_figure(value)
    told = f"{text} {unit}".rstrip() if with_unit else text
    return f"{told} (of which nothing is proven)" if math.isinf(unproven) else told


def plain_figure(value: float) -> str:
    """Four significant digits, and all of a whole number."""
    if value == 0 or value == round(value):
        return f"{value + 0.0:,.0f}"
    digits = min(max(3 - math.floor(math.log10(abs(value))), 0), 9)
    text = f"{value:,.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def share_text(share: float, digits: int = 0) -> str:
    """A share as a percentage; what is not all or nothing does not read like it."""
    while digits < 4 and 0 < share < 1 and round(share * 100, digits) in (0.0, 100.0):
        digits += 1
    return f"{_trimmed(share * 100, digits)} %"


def probability_text(found: Probability, *, is_sample: bool) -> str:
    """`91 % (89.6 to 92.2 %)` of a sample, with its interval; the bare share of anything else."""
    if not is_sample:
        return share_text(found.share)
    return f"{share_text(found.share, _digits(found.low, found.high))} ({interval_text(found.low, found.high)})"


def interval_text(low: float, high: float) -> str:
    """`89.6 to 92.2 %`, rounded outwards; a wide one in whole per cent."""
    digits = _digits(low, high)
    scale = 10.0**digits
    ends = math.floor(low * 100 * scale + 1e-9) / scale, math.ceil(high * 100 * scale - 1e-9) / scale
    return f"{_trimmed(ends[0], digits)} to {_trimmed(ends[1], digits)} %"


def _digits(low: float, high: float) -> int:
    return 1 if high - low < 0.04 else 0


def _trimmed(value: float, digits: int) -> str:
    text = f"{value + 0.0:.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def lever_text(value: Any, lever: Lever, *, with_unit: bool = True, digits: int = 7) -> str:
    """A value of a lever with its unit; what is no figure as in a study file."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "no value"
    if lever.unit is None or not isinstance(value, int | float) or isinstance(value, bool):
        return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    if lever.unit.name == "share" and lever.unit.le == 1:
        return f"{value * 100:.{digits}g} %" if with_unit else f"{value * 100:.{digits}g}"
    unit = "" if lever.unit.name == "share" or not with_unit else f" {lever.unit.name}"
    return f"{value:.{digits}g}{unit}"


def unit_text(lever: Lever) -> str:
    """The unit that `lever_text` shows a lever's values in."""
    if lever.unit is not None and lever.unit.name == "share":
        return "%" if lever.unit.le == 1 else ""
    return lever.unit_name


def bracket_text(low: float, high: float, lever: Lever, words: tuple[str, str] = ("between", "and")) -> str:
    """`between 0.301 and 0.302 EUR/kWh`: the ends rounded outwards, so that no more is said than is known."""
    is_percentage = lever.unit is not None and lever.unit.name == "share" and lever.unit.le == 1
    scale = 100.0 if is_percentage else 1.0
    width = (high - low) * scale
    digits = max(1 - math.floor(math.log10(width)), 0) if width > 0 else 10
    step = 10.0**digits
    ends = math.floor(low * scale * step + 1e-6) / step, math.ceil(high * scale * step - 1e-6) / step
    unit = unit_text(lever)
    return f"{words[0]} {ends[0]:.10g} {words[1]} {ends[1]:.10g} {unit}".rstrip()


def listed(items: Iterable[str], most: int = 3) -> str:
    """`a, b and c`; of a long list the first, with the number of the others."""
    known = list(items)
    if len(known) > most:
        known = [*known[:most], f"{len(known) - most:,} more"]
    return known[0] if len(known) == 1 else f"{', '.join(known[:-1])} and {known[-1]}" if known else ""


def counted(number: int, thing: str) -> str:
    """`1 run`, `2,000 runs`."""
    return f"{number:,} {thing}" if number == 1 else f"{number:,} {thing}s"


def future_text(design: Design, point: int) -> str:
    """What a point of a design is: its label, the values of its levers, or its number."""
    (label,) = design.labels(point, point + 1)
    if label:
        return label
    if len(design.levers) > _MOST_LEVERS:
        return f"point {point}"
    values = design.points(point, point + 1)
    return ", ".join(f"{lever.path} {lever_text(_plain(values[lever.path][0]), lever)}" for lever in design.levers)


def _plain(value: Any) -> Any:
    return float(value) if hasattr(value, "dtype") else value


def changed_parts(old: str, new: str) -> list[str]:
    """What differs between two structures, part by part: `2025 existing: 3 h100 -> 2 h100`."""
    before, after = _parts(old), _parts(new)
    names = [name for name in dict.fromkeys([*before, *after]) if before.get(name) != after.get(name)]
    return [f"{name}: {before.get(name, 'nothing')} -> {after.get(name, 'nothing')}" for name in names]


def _parts(structure: str) -> dict[str, str]:
    """What stands behind each place of a structure; of what names no place, all together."""
    found: dict[str, list[str]] = {}
    for part in filter(None, structure.split("; ")):
        name, colon, what = part.partition(": ")
        key = name if colon else "take-up" if part.startswith("take-up ") else "models"
        found.setdefault(key, []).append(what if colon else part.removeprefix("take-up "))
    return {name: ", ".join(parts) for name, parts in found.items()}


def most_frequent(items: Sequence[str]) -> list[tuple[str, int]]:
    """Items with their frequencies, the most frequent first, and in their order among equals."""
    counts: dict[str, int] = {}
    for item in items:
        counts[item] = counts.get(item, 0) + 1
    return sorted(counts.items(), key=lambda item: -item[1])
