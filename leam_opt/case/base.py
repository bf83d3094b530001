"""The base of every section of a case."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class Section(BaseModel):
    """A frozen section of a case that forbids unknown keys.

    `source` covers every figure of the section (and of the sections within) that names none of its own.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    source: str | None = None
    """Where the section's figures come from: an annex, a statute, `domain_facts.md`, or `assumption: why`."""
    note: str | None = None
    """Anything a reader of the case should know."""


Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$")]
"""Name of a site, server type, instrument ...: lower case, digits and hyphens."""

Year = Annotated[int, Field(ge=2000, le=2100)]
"""A calendar year."""
