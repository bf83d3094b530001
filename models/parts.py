"""How a formulation is put together: parts that carry their mathematics, and the labels that conflicts are told in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Model = Any
"""A Pyomo ConcreteModel; Pyomo has no type information."""

Expression = Any
"""A linear Pyomo expression, or a number."""


@dataclass(frozen=True)
class Part:
    """One constraint family.

    Attributes:
        name: name of the family; its Pyomo constraints are called `name` or start with `name_`.
        says: the rule in the words of a planner, for conflicts.
        is_rule: whether a planner could give the rule up; accounting identities and definitions cannot be.
        add: the function that adds the family to a model; its docstring is the mathematics.
        bounded: variables whose upper bounds express the same rule.
        about_money: whether the family is about the companies' accounts and funding; its bounds hold for sites of the
            case's size.
    """

    name: str
    says: str
    is_rule: bool
    add: Callable[[Model], None]
    bounded: tuple[str, ...] = ()
    about_money: bool = False

    def __call__(self, model: Model) -> None:
        """Adds the family."""
        self.add(model)


Decorator = Callable[[Callable[[Model], None]], Part]


def rule(says: str, bounded: tuple[str, ...] = (), about_money: bool = False) -> Decorator:
    """Marks a family that expresses a choice of the case: a law, a mission, a physical limit."""
    return lambda add: Part(add.__name__, says, True, add, bounded, about_money)


def identity(says: str, about_money: bool = False) -> Decorator:
    """Marks a family that defines or balances; it holds in every world."""
    return lambda add: Part(add.__name__, says, False, add, (), about_money)
