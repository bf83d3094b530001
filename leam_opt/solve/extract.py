"""Reads the decisions of a plan out of the columns of a solved model."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from leam_opt.case.index import Index
from leam_opt.ledger.decisions import AXES, Decisions
from leam_opt.solve.standard_form import StandardForm

Array = NDArray[np.float64]

_NOISE = 1e-9
"""Values below this are the solver's rounding, not decisions."""


def decisions(model: Any, form: StandardForm, x: Array, index: Index) -> Decisions:
    """The decisions of a solution, in the ledger's layout; a variable that the model lacks is zero."""
    place = {letter: {name: i for i, name in enumerate(members)} for letter, members in index.labels.items()}
    column = {id(variable): i for i, variable in enumerate(form.columns)}
    arrays: dict[str, Array] = {}
    for field, shape in Decisions.shapes(index).items():
        array = np.zeros(shape)
        variable = getattr(model, field, None)
        if variable is not None:
            for key, entry in variable.items():
                position = column.get(id(entry))
                if position is not None:
                    labels = key if isinstance(key, tuple) else (key,)
                    where = tuple(place[a][label] for a, label in zip(AXES[field], labels, strict=True))
                    array[where] = round(x[position]) if form.is_integer[position] else x[position]
        array[np.abs(array) < _NOISE] = 0.0
        arrays[field] = array
    _redeem_first(arrays)
    drawn = arrays["draws_meur"].sum(axis=1) > 0
    arrays["instrument_used"] = np.maximum(arrays["instrument_used"], drawn.astype(float))
    return Decisions(**arrays)


def _redeem_first(arrays: dict[str, Array]) -> None:
    """Books what investors get at the horizon as redemption first, up to what they put in, and as dividends only above.

    Both are due on the same day; the optimiser has no reason to prefer either.
    """
    last, redemption = arrays["dividends_meur"][:, -1], arrays["redemption_meur"]
    moved = np.clip(np.minimum(last, arrays["draws_meur"].sum(axis=1) - redemption), 0.0, None)
    last -= moved
    redemption += moved
