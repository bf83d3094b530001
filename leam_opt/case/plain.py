"""A case as plain data: what a file would say, and what makes two cases the same input."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from pydantic import BaseModel

from leam_opt.case.quantity import ByYear, Quantity

_WORDS = frozenset({"title", "source", "note"})
_WORDS_OF_A_CASE = frozenset({"name", "description", "scenarios"})


def plain(value: Any) -> Any:
    """The data from which the same case would be read: given keys only, figures in their documented units."""
    if isinstance(value, Quantity):
        data = {"low": value.low, "base": value.base, "high": value.high, "source": value.source, "note": value.note}
        return {key: item for key, item in data.items() if item is not None}
    if isinstance(value, ByYear):
        if 0 in value.entries:
            return plain(value.entries[0])
        return {str(year): plain(entry) for year, entry in value.entries.items()}
    if isinstance(value, BaseModel):
        return {key: plain(getattr(value, key)) for key in type(value).model_fields if key in value.model_fields_set}
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, list) else value


def input_hash(case: BaseModel) -> str:
    """SHA-256 (hex) of everything in a case that can change a result.

    Figures count in their documented units, so that `19 ct/kWh` and `0.19` are the same input; defaults count as if
    they were written. Names, titles, sources, notes, the order of keys and other scenarios do not count.
    """
    content = {key: item for key, item in _content(case).items() if key not in _WORDS_OF_A_CASE}
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(b"leam-case-1\0" + text.encode()).hexdigest()


def _content(value: Any) -> Any:
    if isinstance(value, Quantity):
        return [repr(end + 0.0) for end in (value.low, value.base, value.high)]  # + 0.0: -0.0 is 0.0
    if isinstance(value, ByYear):
        return {str(year): _content(entry) for year, entry in value.entries.items()}
    if isinstance(value, BaseModel):
        return {key: _content(getattr(value, key)) for key in type(value).model_fields if key not in _WORDS}
    if isinstance(value, dict):
        return {key: _content(item) for key, item in value.items()}
    return [_content(item) for item in value] if isinstance(value, list) else value
