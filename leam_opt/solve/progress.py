"""State of a running solve, as callbacks receive it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Progress:
    """One report of the solver.

    Attributes:
        stage: what is being minimised.
        incumbent, bound: in the stage's unit; None where not known yet.
        gap: between them, relative to the incumbent; None where not known yet.
        seconds: time of the stage.
    """

    stage: str
    incumbent: float | None
    bound: float | None
    gap: float | None
    seconds: float
