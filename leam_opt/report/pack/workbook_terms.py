"""Formulas that know their own value: each term is both the text of an Excel formula and the number that it gives.

A line of the workbook is written once, as arithmetic on terms. The text goes into the cell, the number is its cached
value, so that the two cannot drift apart; the check sheet then holds the number against the ledger's.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from leam_opt.case.excel_source import address

_SUM, _PRODUCT, _ATOM = 1, 2, 3
"""How tightly a term binds: a weaker one needs brackets inside a stronger one."""


@dataclass(frozen=True, slots=True)
class Term:
    """A part of a formula.

    Attributes:
        value: the number that it gives.
        rank: how tightly it binds.
    """

    value: float
    rank: int

    def text(self, sheet: str) -> str:
        """The formula as it stands on a sheet; cells of the same sheet are named without it."""
        raise NotImplementedError

    def bracketed(self, sheet: str, least: int) -> str:
        """The text, in brackets where it binds less tightly than `least`."""
        text = self.text(sheet)
        return text if self.rank >= least else f"({text})"

    def __add__(self, other: Term | float) -> Term:
        right = term(other)
        if is_zero(self) or is_zero(right):
            return right if is_zero(self) else self
        if isinstance(right, Minus):
            return self - right.of
        return Pair(self.value + right.value, _SUM, "+", self, right)

    def __radd__(self, other: float) -> Term:
        return term(other) + self

    def __sub__(self, other: Term | float) -> Term:
        right = term(other)
        if isinstance(right, Minus):
            return self + right.of
        return self if is_zero(right) else Pair(self.value - right.value, _SUM, "-", self, right)

    def __rsub__(self, other: float) -> Term:
        return term(other) - self

    def __mul__(self, other: Term | float) -> Term:
        right = term(other)
        if is_zero(self) or is_zero(right):
            return ZERO
        return Pair(self.value * right.value, _PRODUCT, "*", self, right)

    def __rmul__(self, other: float) -> Term:
        return term(other) * self

    def __truediv__(self, other: Term | float) -> Term:
        right = term(other)
        if is_zero(self):
            return ZERO
        return Pair(self.value / right.value, _PRODUCT, "/", self, right)

    def __rtruediv__(self, other: float) -> Term:
        return term(other) / self

    def __neg__(self) -> Term:
        return self if is_zero(self) else Minus(-self.value, _PRODUCT, self)


@dataclass(frozen=True, slots=True)
class Number(Term):
    """A number that is written into the formula: a conversion of units, hours of a year."""

    def text(self, sheet: str) -> str:
        """The number; powers of ten from a million on as such."""
        if self.value and self.value % 1e6 == 0:
            return f"{self.value:.6g}".replace("e+0", "E").replace("e+", "E")
        return str(int(self.value)) if self.value == int(self.value) else repr(self.value)


@dataclass(frozen=True, slots=True)
class Name(Term):
    """A figure of the case, by its defined name; `written` collects the names that stand in a formula."""

    name: str
    written: set[str] = field(default_factory=set)

    def text(self, sheet: str) -> str:
        """The defined name."""
        self.written.add(self.name)
        return self.name


@dataclass(frozen=True, slots=True)
class Cell(Term):
    """A cell; row and column from 0."""

    sheet: str
    row: int
    column: int

    def text(self, sheet: str) -> str:
        """The cell's place, with its sheet where that is another one."""
        return place(self.sheet, sheet) + address(self.row, self.column)


@dataclass(frozen=True, slots=True)
class Pair(Term):
    """Two terms and an operator."""

    sign: str
    left: Term
    right: Term

    def text(self, sheet: str) -> str:
        """`left sign right`, with the brackets that it takes."""
        # What follows a minus or a division needs brackets already where it binds equally.
        least = self.rank + (self.sign in "-/")
        return f"{self.left.bracketed(sheet, self.rank)}{self.sign}{self.right.bracketed(sheet, least)}"


@dataclass(frozen=True, slots=True)
class Minus(Term):
    """A term with the other sign."""

    of: Term

    def text(self, sheet: str) -> str:
        """`-of`."""
        return f"-{self.of.bracketed(sheet, _ATOM)}"


@dataclass(frozen=True, slots=True)
class Call(Term):
    """A function of Excel; `words` are its arguments, terms or plain text."""

    function: str
    words: tuple[Term | str, ...]

    def text(self, sheet: str) -> str:
        """`FUNCTION(...)`."""
        given = (word if isinstance(word, str) else word.text(sheet) for word in self.words)
        return f"{self.function}({','.join(given)})"


@dataclass(frozen=True, slots=True)
class Block(Term):
    """Cells side by side, as the argument of a function; its value is their sum."""

    first: Cell
    last: Cell

    def text(self, sheet: str) -> str:
        """`first:last`."""
        last = address(self.last.row, self.last.column)
        return f"{self.first.text(sheet)}:{last}"


def term(value: Term | float) -> Term:
    """A number as a term; a term as it is."""
    if isinstance(value, Term):
        return value
    return Minus(float(value), _PRODUCT, Number(-float(value), _ATOM)) if value < 0 else Number(float(value), _ATOM)


ZERO = term(0.0)
ONE = term(1.0)


def is_zero(given: Term) -> bool:
    """Whether a term is the written number 0 (not a cell or figure that happens to be zero)."""
    return isinstance(given, Number) and given.value == 0


def place(sheet: str, seen_from: str) -> str:
    """`'Sheet'!` in front of a cell of another sheet."""
    return "" if sheet == seen_from else f"'{sheet.replace(chr(39), chr(39) * 2)}'!"


def _runs(terms: Sequence[Term]) -> list[list[Term]]:
    """Terms in groups: cells that stand next to each other in one row or one column are one group."""
    groups: list[list[Term]] = []
    step: tuple[int, int] | None = None
    for item in terms:
        last = groups[-1][-1] if groups else None
        if isinstance(item, Cell) and isinstance(last, Cell) and item.sheet == last.sheet:
            move = (item.row - last.row, item.column - last.column)
            if move in ((1, 0), (0, 1)) and step in (None, move):
                groups[-1].append(item)
                step = move
                continue
        groups.append([item])
        step = None
    return groups


def total(terms: Iterable[Term | float]) -> Term:
    """The sum of terms; neighbouring cells are added by `SUM(first:last)`."""
    found = [item for item in map(term, terms) if not is_zero(item)]
    if not found:
        return ZERO
    value = float(sum(item.value for item in found))
    runs = _runs(found)
    if any(len(run) > 2 for run in runs):
        words = [_block(run) for run in runs] if all(len(run) > 1 for run in runs) else _words(runs)
        return Call(value, _ATOM, "SUM", tuple(words))
    result = found[0]
    for item in found[1:]:
        result = result + item
    return result


def _words(runs: list[list[Term]]) -> list[Term]:
    return [word for run in runs for word in ([_block(run)] if len(run) > 1 else run)]


def _block(run: list[Term]) -> Term:
    first, last = run[0], run[-1]
    assert isinstance(first, Cell) and isinstance(last, Cell)
    return Block(float(sum(item.value for item in run)), _ATOM, first, last)


def largest(*terms: Term | float) -> Term:
    """`MAX(...)`."""
    found = [term(item) for item in terms]
    return Call(max(item.value for item in found), _ATOM, "MAX", tuple(found))


def smallest(*terms: Term | float) -> Term:
    """`MIN(...)`."""
    found = [term(item) for item in terms]
    return Call(min(item.value for item in found), _ATOM, "MIN", tuple(found))


def ratio(part: Term, whole: Term, otherwise: float = 0.0) -> Term:
    """Part over whole where whole is above zero."""
    value = part.value / whole.value if whole.value > 0 else otherwise
    given = Pair(0.0, _PRODUCT, "/", part, whole)
    return Call(value, _ATOM, "IF", (Pair(0.0, 0, ">", whole, ZERO), given, term(otherwise)))


@dataclass(frozen=True, slots=True)
class Power(Term):
    """A whole power, in brackets: programmes differ in what `-a^b` means."""

    base: Term
    exponent: int

    def text(self, sheet: str) -> str:
        """`(base)^(exponent)`."""
        return f"({self.base.text(sheet)})^({self.exponent})"


def level_payment(rate: Term, years: int) -> Term:
    """Equal yearly payment that repays one euro with interest: the annuity factor; 1 / years at a rate of zero."""
    factor = (1 + rate.value) ** -years
    repaid = Pair(1 - factor, _SUM, "-", ONE, Power(factor, _ATOM, ONE + rate, -years))
    value = rate.value / repaid.value if rate.value else 1 / years
    test = Pair(0.0, 0, "=", rate, ZERO)
    return Call(value, _ATOM, "IF", (test, ONE / years, Pair(value, _PRODUCT, "/", rate, repaid)))
