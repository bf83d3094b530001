"""What a model's sets follow from: cases with the same structure differ in numbers only."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import numpy as np
from pydantic import BaseModel

from leam_opt.case.derive import Derived
from leam_opt.case.figures import structure_figures
from leam_opt.case.quantity import ByYear, Quantity
from leam_opt.case.schema import Case

_NO_STRUCTURE = frozenset({"title", "description", "source", "note", "scenarios"})


def structure_hash(case: Case, derived: Derived) -> str:
    """SHA-256 (hex) of everything that decides which rows and columns a model of the case has.

    That is all that is no figure (names, whole numbers, switches, words, which figures are left out), whether the
    figures that sets ask for are above zero, and which limits of the derived table are infinite and hence no rows.
    """
    asked = structure_figures(case)
    sections = [name for name in type(case).model_fields if name not in _NO_STRUCTURE and name != "name"]
    content = {name: _content(getattr(case, name), asked) for name in sections}
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    digest = hashlib.sha256(text.encode())
    for name, values in sorted(derived.values.items()):
        digest.update(name.encode() + str(values.shape).encode() + np.packbits(np.isfinite(values)).tobytes())
    return digest.hexdigest()


def _content(value: Any, asked: set[int]) -> Any:
    if isinstance(value, Quantity):
        return ["figure", value.high > 0 if id(value) in asked else None]
    if isinstance(value, ByYear):
        return "figures by year"
    if isinstance(value, BaseModel):
        names = type(value).model_fields
        return {name: _content(getattr(value, name), asked) for name in names if name not in _NO_STRUCTURE}
    if isinstance(value, dict):
        # The order of the names is that of the sets, and of rows and columns.
        return [[str(key), _content(item, asked)] for key, item in value.items()]
    return [_content(item, asked) for item in value] if isinstance(value, list) else value
