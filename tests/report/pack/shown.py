"""Packs with every part of the page, and the page as a browser's parser finds it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cache
from html.parser import HTMLParser
from typing import Any

from leam_opt.report.pack.content import Pack
from tests.report.pack.packs import small_pack

NASTY = "</script><script>alert(1)</script><img src=x onerror=alert(2)> <!-- %{x} {{ 7*7 }} & \u2028"
"""What a stranger may write into a case."""


def price(path: str, saves: float, verdict: str = "saves", **more: Any) -> dict[str, Any]:
    """A change of a rule with its price, as `insight.prices` gives it."""
    return {
        "rule": "public_use",
        "kind": "single_place",
        "names": {},
        "path": path,
        "value": None,
        "values": [],
        "unit": "",
        "twins": [],
        "change": "drop",
        "to": None,
        "to_values": [],
        "overrides": {},
        "says": "a rule",
        "deficit_meur": 10.0 - saves,
        "unfunded_gap_meur": 0.0,
        "measure": "deficit",
        "saves": saves,
        "saves_at_least": saves,
        "saves_at_most": saves,
        "saves_meur": saves,
        "uncertainty_meur": 0.01,
        "verdict": verdict,
        "status": "optimal",
        "binding": True,
        "shadow_price_meur": None,
        "shadow_unit": "",
        **more,
    }


INSIGHTS: dict[str, dict[str, Any]] = {
    "prices": {
        "case": "tiny",
        "scenario": "base",
        "objective": "deficit",
        "unit": "MEUR",
        "deficit_meur": 10.0,
        "unfunded_gap_meur": 0.0,
        "rules": [
            price("rules.one", 2.5, kind="homogeneity"),
            price("rules.two", 4.0, kind="homogeneity"),
            price("rules.three", 0.0, "undecided", kind="homogeneity"),
        ],
    },
    "alternatives": {
        "scenario": "base",
        "within_share": 0.02,
        "limit_meur": 10.5,
        "gross_cost_meur": 25.0,
        "deficit_meur": 10.0,
        "unfunded_gap_meur": 0.0,
        "features": ["type:a"],
        "plans": [
            {
                "deficit_meur": 10.25,
                "extra_meur": 0.25,
                "gained": ["type:b"],
                "lost": ["type:a"],
                "features": ["type:b"],
            }
        ],
        "shared": [{"feature": "type:a", "proven": True}],
        "lacked": [],
        "switches": [],
        "found": 1,
        "complete": True,
        "catalogue": {
            f"type:{name}": {"kind": "type", "titles": [name], "number": 0, "price": 0.0} for name in ("a", "b")
        },
    },
    "pareto": {
        "scenario": "base",
        "objectives": [
            {"name": "deficit", "says": "deficit", "unit": "MEUR", "sense": "min"},
            {"name": "public_compute", "says": "public compute", "unit": "MGPUh", "sense": "max"},
        ],
        "points": [
            {"values": {"deficit": 10.0, "public_compute": 5.0}, "status": "optimal", "servers": 20},
            {"values": {"deficit": 14.0, "public_compute": 7.5}, "status": "optimal", "servers": 40},
        ],
        "dropped": 0,
        "holes": [],
        "complete": False,
        "stopped": False,
    },
    "conflict": {
        "scenario": "stuck",
        "rules": [
            {
                "rule": "mine",
                "says": "rule 'mine'",
                "path": None,
                "kind": "",
                "value": None,
                "unit": "",
                "names": {},
                "years": [],
                "places": [NASTY],
            }
        ],
        "repairs": [],
        "complete": True,
        "others": [],
    },
    "reconciliation": {
        "rows": [
            {
                "id": "B1",
                "annex": "B",
                "item": NASTY,
                "unit": "cores",
                **dict.fromkeys(("paper_low", "exact_low", "rounded_low"), 10000.0),
                **dict.fromkeys(("paper_high", "exact_high", "rounded_high"), 12345.5),
                "verdict": "equal",
                "note": "",
            }
        ],
        "findings": [{"title": "hidden", "text": NASTY, "figures": {}}],
    },
}


@cache
def full_pack() -> Pack:
    """The pack of the tiny case with every part, and hostile texts where a stranger could write them."""
    return replace(small_pack(), **INSIGHTS, manifest={"command": NASTY, "seeds": {"solver": 0}})


@dataclass
class Found(HTMLParser):
    """Elements, ids, links, scripts and text of a page."""

    scripts: list[tuple[dict[str, str | None], str]] = field(default_factory=list)
    elements: list[tuple[str, dict[str, str | None]]] = field(default_factory=list)
    text: list[str] = field(default_factory=list)
    within: str = ""

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Opens an element."""
        self.elements.append((tag, dict(attrs)))
        if tag == "script":
            self.scripts.append((dict(attrs), ""))
        self.within = tag if tag in ("script", "style") else ""

    def handle_endtag(self, tag: str) -> None:
        """Closes an element."""
        self.within = ""

    def handle_data(self, data: str) -> None:
        """Text between elements."""
        if self.within == "script":
            attributes, before = self.scripts[-1]
            self.scripts[-1] = (attributes, before + data)
        elif self.within != "style":
            self.text.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        """Attributes of every element of a kind."""
        return [attributes for name, attributes in self.elements if name == tag]


def found_in(page: str) -> Found:
    """What a parser finds in a page."""
    parser = Found()
    parser.feed(page)
    parser.close()
    return parser


def replaced(pack: Pack, name: str, part: dict[str, Any]) -> Pack:
    """The pack with one part of `INSIGHTS`, and none of the others."""
    return replace(pack, **{**dict.fromkeys(INSIGHTS), name: part})
