"""Parts of a result file that somebody has damaged: what cannot be shown is refused, and nothing else is."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest

from leam_opt.report.pack.contracts import problems
from leam_opt.report.pack.sections_insight import MAKERS
from leam_opt.report.pack.sheet_tables import contents
from leam_opt.report.pack.summary import summary
from leam_opt.words import Words
from tests.report.pack.packs import small_pack
from tests.report.pack.shown import INSIGHTS, replaced

GERMAN = Words("de")


def damaged(part: Any, whole: Any = None) -> Iterator[Any]:
    """The part without each of its keys, at every depth; of a list its first entry."""
    whole = part if whole is None else whole
    if isinstance(part, dict):
        for key in list(part):
            kept = part.pop(key)
            yield deepcopy(whole)
            part[key] = kept
        for entry in part.values():
            yield from damaged(entry, whole)
    elif isinstance(part, list) and part:
        yield from damaged(part[0], whole)


@pytest.mark.parametrize("name", sorted(MAKERS))
def test_what_passes_can_be_shown(name: str) -> None:
    """A key that a page, a sheet or the summary reaches for, and that no contract asks for, ends in a KeyError here."""
    sound = deepcopy(INSIGHTS[name])
    assert not problems(name, sound)
    refused = 0
    for each in damaged(sound):
        if problems(name, each):
            refused += 1
            continue
        pack = replaced(small_pack(), name, each)
        assert summary(pack, GERMAN) and list(contents(pack, GERMAN))
        MAKERS[name](each, GERMAN)
    assert refused, "a part without its keys is refused"


def test_a_rule_that_nobody_knows_is_refused() -> None:
    for change in ({"kind": "nobody.knows"}, {"kind": "grid.grid_limit", "names": {}}):
        part = deepcopy(INSIGHTS["prices"])
        part["rules"][0] |= change
        assert problems("prices", part)
