"""Single variants of a batch, and plans put together to one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any, overload

import numpy as np

from leam_opt.ledger.books import Books
from leam_opt.ledger.decisions import AXES, Decisions
from leam_opt.ledger.inputs import Inputs


def stack(plans: Sequence[Decisions]) -> Decisions:
    """Plans along a leading axis of variants."""
    return Decisions(**{name: np.stack([plan.arrays()[name] for plan in plans]) for name in plans[0].arrays()})


@overload
def variant(batch: Inputs, number: int) -> Inputs: ...
@overload
def variant(batch: Decisions, number: int) -> Decisions: ...
@overload
def variant(batch: Books, number: int) -> Books: ...
def variant(batch: Inputs | Decisions | Books, number: int) -> Inputs | Decisions | Books:
    """One variant (from 0) of inputs, decisions or books, without an axis of variants.

    What has no such axis is the same for all variants and stays as it is. Books are made again from their inputs and
    their plan, so that they are those of this variant alone to the last digit.

    Raises:
        IndexError: there is no such variant.
    """
    if isinstance(batch, Books):
        return Books.of(variant(batch.inputs, number), variant(batch.plan, number))
    if isinstance(batch, Decisions):
        arrays = batch.arrays().items()
        return Decisions(**{name: array[number] if array.ndim > len(AXES[name]) else array for name, array in arrays})
    if not batch.variants:
        return batch

    def taken(table: Any) -> Any:
        return replace(table, **{field.name: getattr(table, field.name)[number] for field in fields(table)})

    return replace(
        batch,
        machines=taken(batch.machines),
        places=taken(batch.places),
        services=taken(batch.services),
        money=taken(batch.money),
    )
