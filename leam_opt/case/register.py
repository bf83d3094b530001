"""The register of assumptions: every figure of a case with its range, unit, source and note."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from pydantic import BaseModel

from leam_opt.case.load import Origin, origin_of, resolve
from leam_opt.case.quantity import ByYear, Quantity
from leam_opt.case.schema import Case
from leam_opt.case.shape import whole_unit
from leam_opt.case.tree import Node

if TYPE_CHECKING:
    import pandas as pd

DEFAULT_SOURCE = "default of the schema"
_NOT_FIGURES = frozenset({"scenarios"})


class Entry(NamedTuple):
    """One figure; low, base and high in `unit`."""

    path: str
    low: float
    base: float
    high: float
    unit: str
    source: str | None
    note: str | None


def entries(case: Case, *, blanket: bool = True) -> list[Entry]:
    """Every figure of a case in the order of the schema: quantities, and whole numbers that plan something.

    A figure by year is one entry for each of its years. The source is the figure's own or that of the nearest section
    around it; a scenario's or an override's figure never takes the source of the case, and a figure that the case does
    not give has the source `default of the schema`. Without `blanket`, the source of the whole case covers no more than
    the figures beside it, such as the start year.
    """
    return list(_walk(case, origin_of(case).resolved, "", None, blanket))


def assumptions(case: Case) -> pd.DataFrame:
    """The entries as a frame with the columns path, low, base, high, unit, source, note, changed."""
    import pandas as pd

    as_filed = resolve(Origin(origin_of(case).tree))
    before = {entry.path: entry[1:4] for entry in entries(as_filed)}
    rows = entries(case)
    frame = pd.DataFrame(rows, columns=list(Entry._fields))
    frame["changed"] = [before.get(row.path) != row[1:4] for row in rows]
    return frame


def unsourced(case: Case) -> list[str]:
    """Paths of all figures without a source, in the case and in the overlays of its scenarios.

    One source for the whole case is none for its figures: it covers only those that stand beside it.
    """
    base = case.scenario("base")
    found = [entry.path for entry in entries(base, blanket=False) if not entry.source]
    for name in case.scenario_names:
        for entry in entries(base.scenario(name), blanket=False):
            path = f"scenarios.{name}.overlay.{entry.path}"
            if not entry.source and entry.path not in found:
                found.append(path)
    return found


def _walk(value: Any, node: Node | None, path: str, inherited: str | None, blanket: bool = True) -> Iterator[Entry]:
    if isinstance(value, Quantity):
        source = value.source or _source(node, inherited)
        yield Entry(path, value.low, value.base, value.high, value.unit, source, value.note)
    elif isinstance(value, ByYear):
        for year, quantity in value.entries.items():
            child = node if year == 0 or node is None else node.child(str(year))
            yield from _walk(quantity, child, path if year == 0 else f"{path}.{year}", inherited)
    elif isinstance(value, BaseModel):
        inherited = getattr(value, "source", None) or inherited
        for name in type(value).model_fields:
            if name in _NOT_FIGURES:
                continue
            here = f"{path}.{name}".lstrip(".")
            child = node.child(name) if node is not None else None
            item = getattr(value, name)
            covering = inherited if blanket or isinstance(item, int) else None
            is_default = name not in value.model_fields_set
            yield from _walk(item, child, here, DEFAULT_SOURCE if is_default else covering)
    elif isinstance(value, dict | list):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _walk(item, node.child(str(key)) if node is not None else None, f"{path}.{key}", inherited)
    elif isinstance(value, int) and not isinstance(value, bool):
        unit = whole_unit(path.rpartition(".")[2])
        yield Entry(path, value, value, value, unit, _source(node, inherited), None)


def _source(node: Node | None, inherited: str | None) -> str | None:
    return inherited if node is None or node.given == "case" else node.source
