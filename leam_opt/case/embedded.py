"""A case inside a result file: everything that it takes to have the same case again, without its folder."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from leam_opt.case.catalogue import find_case, list_cases
from leam_opt.case.load import Origin, load_case, origin_of, resolve
from leam_opt.case.plain import plain
from leam_opt.case.schema import Case
from leam_opt.case.tree import Mark, node_of
from leam_opt.errors import CaseError


def embedded(case: Case) -> dict[str, Any]:
    """A case as plain data for JSON: what its files say, and what was laid on top.

    Numbers have to be written as they are; rounding would make it another case.
    """
    origin = origin_of(case)
    return {
        "name": case.name,
        "folder": _folder(case),
        "scenario": origin.scenario,
        "overrides": [[path, _data(value)] for path, value in origin.overrides],
        "at": origin.end,
        "input_hash": case.input_hash,
        "files": origin.tree.data(),
    }


class _Embedded(BaseModel):
    """What `embedded` writes, from a file that may come from anybody."""

    model_config = ConfigDict(extra="forbid", strict=True)

    name: str
    folder: str | None = None
    scenario: str | None = None
    overrides: list[Annotated[list[Any], Field(min_length=2, max_length=2)]] = []
    at: Literal["low", "base", "high"] = "base"
    input_hash: str
    files: dict[str, Any]


def rebuilt(data: Any, place: str) -> Case:
    """The case that was embedded; `place` names the file and the key for messages.

    Raises:
        CaseError: the data are damaged, are no valid case, or are not the case that they claim to be.
    """
    try:
        part = _Embedded.model_validate(data)
    except ValidationError as error:
        raise CaseError([f"{place}.{_path(each['loc'])}: {each['msg']}" for each in error.errors()]) from None
    try:
        tree = node_of(part.files, Mark(place))
        overrides = tuple((str(path), value) for path, value in part.overrides)
        case = resolve(Origin(tree, part.scenario, overrides, part.at))
    except CaseError as error:
        raise CaseError([f"{place}: {line.removeprefix(f'{place}: ')}" for line in error.problems]) from None
    except (KeyError, AttributeError, RecursionError, OverflowError):
        raise CaseError(f"{place}: the case in it is damaged; make the result again") from None
    if case.input_hash != part.input_hash:
        raise CaseError(
            f"{place}.input_hash: the case in the file is not the one that was solved: a figure of it has been changed "
            "since, or another version of leam-opt reads it; solve the case again"
        )
    return case


def folder_of(case: Case, folder: str | None) -> Path | None:
    """The folder of a case, if it is still there: where it was read from, or the shipped case of its name."""
    mark = origin_of(case).tree.mark
    if mark.line:
        return Path(mark.file).parent
    try:
        return find_case(folder if folder is not None else case.name)
    except CaseError:
        return None


def like(case: Case, folder: str | None) -> Case | None:
    """The same case as its files say it now: its scenario, overrides and end; None where they are gone or unsound."""
    place = folder_of(case, folder)
    try:
        return None if place is None else resolve(replace(origin_of(case), tree=origin_of(load_case(place)).tree))
    except CaseError:
        return None


def _folder(case: Case) -> str | None:
    """The folder as it was given; none for a shipped case and for one from Python."""
    mark = origin_of(case).tree.mark
    if not mark.line:
        return None
    folder = Path(mark.file).parent
    is_shipped = case.name in list_cases() and find_case(case.name).resolve() == folder.resolve()
    return None if is_shipped else str(folder)


def _data(value: Any) -> Any:
    """The value of an override as JSON has it; CaseError where it cannot be written."""
    tree = node_of(plain(value), Mark("override")).data()
    try:
        json.dumps(tree, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise CaseError(f"an override cannot be written into a result: {error}") from None
    return tree


def _path(parts: tuple[int | str, ...]) -> str:
    return ".".join(str(part) for part in parts)
