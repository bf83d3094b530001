"""Results for other programs: strict JSON, tidy CSV, files that are whole or not there at all."""

from __future__ import annotations

import csv
import io
import json
import math
import os
import tempfile
import uuid
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

DIGITS = 9
"""Decimals of figures in JSON and CSV: far below a euro in million euros, and no noise of the last binary digits."""

EXACT = ("inputs", "decisions", "whole")
"""Keys of what a plan is made again from, to the last digit."""

_KEYS = (
    *("table", "entity", "company", "site", "type", "pool", "class", "generation", "source"),
    *("instrument", "guarantee", "fund", "tranche", "kind", "provider", "payer", "side", "item"),
    *("rule", "scope", "line", "stage", "year", "measure", "value"),
)
_ELEMENT = {
    "it_power_mw": "site",
    "grid_power_mw": "site",
    "energy_gwh": "source",
    "tokens_bn_per_day": "class",
    "redemption_meur": "instrument",
    "called_loss_meur": "instrument",
    "lines": "line",
}
"""What the keys of a dictionary in a plan are."""


def json_text(data: Any) -> str:
    """Strict JSON (UTF-8, no NaN or Infinity: they become null), figures rounded to `DIGITS` decimals.

    What a plan is made again from (`EXACT`) keeps all digits and stands on one line.
    """
    exact: dict[str, str] = {}
    text = json.dumps(_clean(data, exact), ensure_ascii=False, allow_nan=False, indent=2)
    for mark, line in exact.items():
        text = text.replace(f'"{mark}"', line)
    return text + "\n"


def _clean(value: Any, exact: dict[str, str] | None = None, digits: int | None = DIGITS) -> Any:
    """Plain data; parts that are kept to the last digit become marks in it, and lines of JSON in `exact`."""
    if isinstance(value, Mapping):
        cleaned = {}
        for key, item in value.items():
            if exact is not None and key in EXACT and item is not None:
                cleaned[str(key)] = mark = uuid.uuid4().hex
                line = _clean(item, digits=None)
                exact[mark] = json.dumps(line, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
            else:
                cleaned[str(key)] = _clean(item, exact, digits)
        return cleaned
    if isinstance(value, list | tuple | set | frozenset):
        return [_clean(item, exact, digits) for item in value]
    if isinstance(value, bool | int | str) or value is None:
        return value
    if isinstance(value, float):
        return (value if digits is None else round(value, digits) + 0.0) if math.isfinite(value) else None
    if hasattr(value, "tolist"):  # NumPy scalars and arrays, without importing NumPy
        return _clean(value.tolist(), digits=digits)
    return str(value)


def csv_text(rows: Iterable[Mapping[str, Any]], columns: Sequence[str] | None = None) -> str:
    """CSV with a header line; without `columns`, those of the first row. Nothing is an empty cell."""
    cleaned = [_clean(row) for row in rows]
    names = list(columns) if columns is not None else list(cleaned[0]) if cleaned else []
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, names, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(cleaned)
    return buffer.getvalue()


def plan_csv(plan: Mapping[str, Any]) -> str:
    """A plan as one tidy table: what identifies a figure, the name of the measure, its value; one figure a line.

    `table` names the part of the plan (`summary`, `servers`, `pools`, `cash` ...); a measure ends in its unit.
    """
    rows = [_tidy(row) for row in _plan_figures(plan)]
    used = [key for key in _KEYS if any(key in row for row in rows)]
    return csv_text(rows, used)


def _plan_figures(plan: Mapping[str, Any]) -> Iterable[dict[str, Any]]:
    years = sorted({row["year"] for row in plan["cash"]})
    for name, content in plan.items():
        if name in ("findings", "conventions", *EXACT):
            continue  # prose, and what is for programs only
        if isinstance(content, Mapping):
            for element, figure in content.items():
                keys = {_ELEMENT[name]: element} if name in _ELEMENT else {}
                measure = name if name in _ELEMENT else element
                if name == "measures" and isinstance(figure, list):
                    figure = " ".join(map(str, figure))  # all internal rates of return in one cell
                yield from _figures({"table": name, **keys}, measure, figure, years)
        elif isinstance(content, list) and all(isinstance(row, Mapping) for row in content):
            for row in content:
                yield from _row_figures(name, {**row, "stage": row["name"]} if name == "stages" else row)
        elif isinstance(content, list):
            yield from _figures({"table": name}, name, content, years)
        else:
            yield {"table": "summary", "measure": name, "value": content}


def _figures(keys: dict[str, Any], measure: str, figure: Any, years: list[int]) -> Iterable[dict[str, Any]]:
    """One figure, or one for each year."""
    if not isinstance(figure, list):
        yield {**keys, "measure": measure, "value": figure}
        return
    for year, value in zip(years, figure, strict=True):
        yield {**keys, "year": year, "measure": measure, "value": value}


def _row_figures(name: str, row: Mapping[str, Any]) -> Iterable[dict[str, Any]]:
    """The figures of a row, each with the names that identify the row; a row of names alone says that it exists."""
    keys = {"table": name, **{key: value for key, value in row.items() if key in _KEYS}}
    figures = {key: value for key, value in row.items() if key not in _KEYS} or {"exists": True}
    for measure, figure in figures.items():
        yield {**keys, "measure": measure, "value": figure}


def _tidy(row: dict[str, Any]) -> dict[str, Any]:
    value = row["value"]
    return {**row, "value": str(value).lower() if isinstance(value, bool) else value}


def write(path: Path, text: str) -> None:
    """Writes a file in one step: another program sees the old file or the whole new one, never a part.

    A link is followed; a device or a pipe (`/dev/stdout`) is written to as it is. Raises OSError where the folder is
    missing or closed to the user.
    """
    path = path.resolve()
    if path.exists() and not path.is_file():
        with path.open("w", encoding="utf-8", newline="") as stream:
            stream.write(text)
        return
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        mode = path.stat().st_mode if path.exists() else 0o666 & ~_umask()
        Path(temporary).chmod(mode & 0o777)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current
