"""Expressions of parameters in NumPy: those of the same shape are evaluated together, for one set of values or many."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyomo.core.base.param import ParamData
from pyomo.core.expr import numeric_expr as expr
from pyomo.core.expr.numvalue import native_numeric_types

from leam_opt.errors import ModelError

Array = NDArray[np.float64]
Indices = NDArray[np.int64]
Shape = tuple[Any, ...]
"""Operations of an expression without its parameters and numbers: `("p",)`, `("c",)`, or an operator and its shapes."""


@dataclass(frozen=True)
class Group:
    """Expressions of one shape.

    Attributes:
        shape: their operations.
        leaves: (expressions, parameters of the shape) positions in the parameter vector.
        numbers: (expressions, numbers of the shape).
        slots: (expressions) their positions among all expressions.
    """

    shape: Shape
    leaves: Indices
    numbers: Array
    slots: Indices

    def chosen(self, which: NDArray[np.bool_]) -> Group:
        """Some of the expressions."""
        return Group(self.shape, self.leaves[which], self.numbers[which], self.slots[which])

    def evaluate(self, parameters: Array) -> Array:
        """(..., expressions) values for parameter vectors (..., parameters)."""
        leaves, numbers = iter(self.leaves.T), iter(self.numbers.T)

        def value(shape: Shape) -> Array:
            kind, *operands = shape
            if kind == "p":
                return parameters[..., next(leaves)]
            if kind == "c":
                return next(numbers)
            terms = [value(operand) for operand in operands]
            result = terms[0] if kind != "neg" else -terms[0]
            for term in terms[1:]:
                result = _OPERATIONS[kind](result, term)
            return result

        return value(self.shape)


_OPERATIONS: Mapping[str, Any] = {
    "sum": np.add,
    "product": np.multiply,
    "ratio": np.divide,
    "power": np.power,
    "max": np.maximum,
    "min": np.minimum,
}
_KINDS: Sequence[tuple[type, str]] = (
    (expr.NegationExpression, "neg"),
    (expr.SumExpression, "sum"),
    (expr.LinearExpression, "sum"),
    (expr.ProductExpression, "product"),
    (expr.DivisionExpression, "ratio"),
    (expr.PowExpression, "power"),
    (expr.MaxExpression, "max"),
    (expr.MinExpression, "min"),
)


@dataclass
class Expressions:
    """Distinct expressions of parameters, collected by shape."""

    parameters: list[Any] = field(default_factory=list)
    _position: dict[int, int] = field(default_factory=dict)
    _slots: dict[Any, int] = field(default_factory=dict)
    _found: dict[Shape, list[tuple[int, list[int], list[float]]]] = field(default_factory=dict)

    def slot(self, expression: Any) -> int:
        """The position of an expression among all; equal ones share theirs."""
        leaves: list[int] = []
        numbers: list[float] = []
        shape = self._shape(expression, leaves, numbers)
        key = (shape, tuple(leaves), tuple(numbers))
        if key not in self._slots:
            self._slots[key] = len(self._slots)
            self._found.setdefault(shape, []).append((self._slots[key], leaves, numbers))
        return self._slots[key]

    def _shape(self, node: Any, leaves: list[int], numbers: list[float]) -> Shape:
        if node.__class__ in native_numeric_types:
            numbers.append(float(node))
            return ("c",)
        if isinstance(node, ParamData):
            if id(node) not in self._position:
                self._position[id(node)] = len(self.parameters)
                self.parameters.append(node)
            leaves.append(self._position[id(node)])
            return ("p",)
        if node.is_variable_type() and node.fixed:  # by a rule of the user's own
            numbers.append(float(node.value))
            return ("c",)
        if node.is_named_expression_type():
            return self._shape(node.arg(0), leaves, numbers)
        kind = next((name for type_, name in _KINDS if isinstance(node, type_)), None)
        if kind is None:
            raise ModelError(
                f"a coefficient of the model has an operation that is not known here: {node}; "
                "write it with + - * / **, or as a number (pyomo.environ.value)"
            )
        return (kind, *(self._shape(node.arg(i), leaves, numbers) for i in range(node.nargs())))

    def groups(self) -> list[Group]:
        """All expressions by shape."""
        return [
            Group(
                shape,
                np.array([leaves for _, leaves, _ in found], dtype=np.int64).reshape(len(found), -1),
                np.array([numbers for _, _, numbers in found], dtype=float).reshape(len(found), -1),
                np.array([slot for slot, _, _ in found], dtype=np.int64),
            )
            for shape, found in self._found.items()
        ]


@dataclass
class Entries:
    """One array of the matrix form while it is collected: numbers, and where expressions stand instead."""

    numbers: list[float] = field(default_factory=list)
    places: list[int] = field(default_factory=list)
    slots: list[int] = field(default_factory=list)

    def add(self, value: Any, expressions: Expressions) -> None:
        """Appends a number or an expression."""
        if value.__class__ not in native_numeric_types:
            self.places.append(len(self.numbers))
            self.slots.append(expressions.slot(value))
            value = np.nan
        self.numbers.append(float(value))

    def collected(self) -> Varying:
        """As arrays."""
        places, slots = (np.array(numbers, dtype=np.int64) for numbers in (self.places, self.slots))
        return Varying(np.array(self.numbers), places, slots)


@dataclass(frozen=True)
class Varying:
    """An array of which some places hold expressions: `values[places] = expressions[slots]`."""

    numbers: Array
    places: Indices
    slots: Indices

    def at(self, expressions: Array) -> Array:
        """The array for the values of all expressions."""
        filled = self.numbers.copy()
        filled[self.places] = expressions[self.slots]
        return filled
