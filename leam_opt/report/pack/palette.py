"""Colours that all eyes can tell apart, and the patterns, dashes and symbols that say the same without colour.

The colours are those of Okabe and Ito (Color Universal Design, 2008). Those that stand out too little from white paper
are drawn with a dark outline, so that every bar meets 3 : 1 (WCAG 2.2, criterion 1.4.11).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

BLUE: Final = "#0072B2"
ORANGE: Final = "#E69F00"
GREEN: Final = "#009E73"
VERMILION: Final = "#D55E00"
SKY: Final = "#56B4E9"
PURPLE: Final = "#CC79A7"
YELLOW: Final = "#F0E442"

INK: Final = "#16212b"
"""Text and outlines."""
QUIET: Final = "#55606b"
"""Text of axes; 6.4 : 1 on white."""
RULE: Final = "#e3e7eb"
"""Grid lines."""
STEEL: Final = "#3d5a73"
"""Totals and whatever stands for the whole."""
UNFUNDED: Final = "#b9c0c7"
"""What nobody pays; always hatched."""
PAPER: Final = "#ffffff"

HATCH: Final = {"fgcolor": INK, "fgopacity": 0.45, "size": 8, "solidity": 0.16}
"""How patterns lie over a colour."""

_COLOURS: Final = (BLUE, ORANGE, GREEN, PURPLE, SKY, VERMILION, YELLOW)
_PATTERNS: Final = ("", "/", ".", "\\", "x", "-", "+")
_DASHES: Final = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot", "solid")
_SYMBOLS: Final = ("circle", "diamond", "square", "triangle-up", "x", "star", "cross")
_COUNT: Final = len(_COLOURS)


@dataclass(frozen=True)
class Look:
    """How a scenario, an instrument or a type is drawn wherever it appears."""

    colour: str
    pattern: str
    dash: str
    symbol: str

    @property
    def text(self) -> str:
        """Colour of a text upon it."""
        return PAPER if self.colour == BLUE else "#000000"

    @property
    def bar(self) -> dict[str, object]:
        """Marker of a bar."""
        return bar_of(self.colour, self.pattern)


def bar_of(colour: str, pattern: str = "") -> dict[str, object]:
    """Marker of a bar: outlined, with the pattern in front of its colour."""
    made: dict[str, object] = {"color": colour, "line": {"color": INK, "width": 0.6}}
    if pattern:
        made["pattern"] = {"shape": pattern, "fillmode": "overlay", **HATCH}
    return made


def looks(names: Iterable[str]) -> dict[str, Look]:
    """A look for each name by its place; with more names than colours the patterns move on against the colours."""
    return {name: _look(place) for place, name in enumerate(dict.fromkeys(names))}


def _look(place: int) -> Look:
    lap, at = divmod(place, _COUNT)
    turned = (at + lap) % _COUNT
    return Look(_COLOURS[at], _PATTERNS[turned], _DASHES[turned], _SYMBOLS[turned])


UNFUNDED_LOOK: Final = Look(UNFUNDED, "x", "dot", "x")
