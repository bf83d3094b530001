"""Units of case files: a small pint registry that knows exactly the units of this field, and money."""

from __future__ import annotations

import re
from decimal import Decimal
from functools import cache, lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pint import UnitRegistry

_DEFINITIONS = """
kilo- = 1e3 = k-
mega- = 1e6 = M-
giga- = 1e9 = G-
tera- = 1e12 = T-
peta- = 1e15 = P-
exa- = 1e18 = E-
zetta- = 1e21 = Z-
yotta- = 1e24 = Y-
EUR = [money]
ct = 0.01 * EUR
W = [power]
h = [time]
s = h / 3600
d = 24 * h
a = 8760 * h
month = a / 12
g = [mass]
t = 1e6 * g
share = []
percent = 0.01 * share
GPUh = [gpu_time]
FLOP = [operations]
token = [tokens]
person = [persons]
core = [cores]
server = [servers]
unit = [pieces]
model = [models]
"""

# Spellings that people write in tables, and what the registry calls them; they apply in this order.
_SPELLINGS = tuple(
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        (r"(?:\bMio\.?|\bmillion|\bmn)\s*(?:€|EUR\b|Euro\b)", "MEUR"),
        (r"(?:\bMrd\.?|\bbn|\bbillion)\s*(?:€|EUR\b|Euro\b)", "GEUR"),
        (r"(?:€|\bEuro\b)", "EUR"),
        (r"%", "percent"),
        (r"\b([kMGT]?)Wh\b", r"(\1W*h)"),
        (r"\b([kM])W-IT\b", r"\1W"),
        (r"\bGPU[- ]?(?:h|hours?)\b", "GPUh"),
        (r"(?:\bMio\.?|\bmillion)\s*GPUh\b", "MGPUh"),
        (r"(?:\bMio\.?|\bmillion)\s*tokens?\b", "Mtoken"),
        (r"(?:\bMrd\.?|\bbn|\bbillion)\s*tokens?\b", "Gtoken"),
        (r"\b(?:1000|1k|thousand)\s*tokens?\b", "ktoken"),
        (r"\b(GPU|server|unit|model|core|person|month|token)s\b", r"\1"),
        (r"\b(?:people|FTE)\b", "person"),
        (r"\bGPU\b", "unit"),
        (r"\b(?:years?|yr)\b", "a"),
        (r"\bdays?\b", "d"),
        (r"\bhours?\b", "h"),
    )
)
# Units are products and quotients of words; powers and numbers have no meaning here and cost pint unbounded time.
_EXPRESSION = re.compile(r"[A-Za-z/*() ]{1,80}")
_NUMBER = re.compile(r"[+-]?(?:[0-9][0-9_]*\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")


@cache
def _registry() -> UnitRegistry[float]:
    # pint takes a tenth of a second to import, and most cases give most figures in the documented unit.
    import pint

    registry: UnitRegistry[float] = pint.UnitRegistry(None, on_redefinition="raise")
    registry.load_definitions([line for line in _DEFINITIONS.splitlines() if line])
    return registry


def canonical(unit: str) -> str:
    """Rewrites a unit as people write it (`€/kWh`, `M€`, `%`) into the registry's spelling."""
    for pattern, replacement in _SPELLINGS:
        unit = pattern.sub(replacement, unit)
    return unit


@lru_cache(maxsize=1024)
def factor(from_unit: str, to_unit: str) -> float:
    """Multiplier that turns a figure in `from_unit` into `to_unit`.

    Raises ValueError with a message for the user where the unit is unknown or has another dimension.
    """
    if from_unit == to_unit:
        return 1.0
    unknown = f"unknown unit {shown(from_unit)}; this figure is in {to_unit}"
    spelled = canonical(from_unit) if len(from_unit) <= 80 else ""
    if not _EXPRESSION.fullmatch(spelled) or "**" in spelled:
        raise ValueError(unknown)
    registry = _registry()
    try:
        source, target = registry.parse_units(spelled), registry.parse_units(canonical(to_unit))
    except Exception:  # pint raises its own errors, Python's syntax errors and plain TypeErrors
        raise ValueError(unknown) from None
    if source.dimensionality != target.dimensionality:
        raise ValueError(f"the unit '{from_unit}' does not fit; this figure is in {to_unit}")
    return float(registry.Quantity(1.0, source).to(target).magnitude)


def convert(number: float, from_unit: str, to_unit: str) -> float:
    """A figure in another unit, exact in decimals: 19 ct/kWh are the float 0.19 EUR/kWh, 0.0102 MW are 10.2 kW.

    Raises ValueError as `factor` does.
    """
    if from_unit == to_unit:
        return number
    scale = factor(from_unit, to_unit)
    whole = round(scale) if scale >= 1 else round(1 / scale)
    if abs((scale if scale >= 1 else 1 / scale) - whole) > 1e-12 * whole:
        return number * scale
    # A binary fraction times a power of ten is rounded twice, and the same figure would differ from unit to unit.
    decimal = Decimal(repr(float(number)))
    return float(decimal * whole if scale >= 1 else decimal / whole)


def split(text: str) -> tuple[float, str]:
    """Splits `"8.5 kW"` into (8.5, "kW"); the unit is empty where none is given.

    Raises ValueError where the text does not start with a number, or writes it with a decimal comma.
    """
    text = text.strip()
    match = _NUMBER.match(text)
    if match is None:
        raise ValueError(f'{shown(text)} is not a number with a unit (write for example 8.5 or "8.5 kW")')
    unit = text[match.end() :].strip()
    if unit[:1] in (",", ".", "'") and unit[1:2].isdigit():
        raise ValueError(f"{shown(text)} is not a plain number; write a decimal point and no thousands separator")
    return float(match.group().replace("_", "")), unit


def shown(value: object) -> str:
    """A value as messages show it: in quotes, and cut where it is long."""
    if value is None:
        return "nothing"
    if isinstance(value, dict | list):
        return "a mapping" if isinstance(value, dict) else "a list"
    text = str(value).lower() if isinstance(value, bool) else _text(value)
    return f"'{text}'" if len(text) <= 60 else f"'{text[:57]}...'"


def _text(value: object) -> str:
    try:
        return str(value)
    except ValueError:  # Python refuses to print a whole number of thousands of digits
        return "a very long number"
