"""Reads the decisions of a plan out of the columns of a solved model."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from leam_opt.case.index import CLASSES, ENTITIES, POOLS, Index
from leam_opt.ledger.decisions import AXES, Decisions
from leam_opt.solve.standard_form import StandardForm

Array = NDArray[np.float64]

_WHOLE = frozenset(
    {
        "units_bought",
        "cpu_units_bought",
        "site_open",
        "power_modules_built",
        "core_models",
        "training_place",
        "staff_step",
        "instrument_used",
        "adoption",
    }
)
_NOISE = 1e-9
"""Values below this are the solver's rounding, not decisions."""


def decisions(model: Any, form: StandardForm, x: Array, index: Index) -> Decisions:
    """The decisions of a solution, in the ledger's layout; a variable that the model lacks is zero."""
    names: dict[str, tuple[object, ...]] = {
        "S": index.sites,
        "G": index.types,
        "Y": index.years,
        "K": POOLS,
        "C": CLASSES,
        "N": index.generations,
        "P": tuple(range(index.steps)),
        "J": index.sources,
        "F": index.instruments,
        "A": index.levels,
        "E": ENTITIES,
    }
    place = {letter: {name: i for i, name in enumerate(members)} for letter, members in names.items()}
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
                    array[where] = x[position]
        array[np.abs(array) < _NOISE] = 0.0
        arrays[field] = np.round(array) if field in _WHOLE else array
    drawn = arrays["draws_meur"].sum(axis=1) > 0
    arrays["instrument_used"] = np.maximum(arrays["instrument_used"], drawn.astype(float))
    return Decisions(**arrays)
