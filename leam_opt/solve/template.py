"""A model whose numbers change without a rebuild.

The Pyomo model is walked once, symbolically: each coefficient, bound and cost that contains mutable parameters is kept
as an expression of them. A variant with the same sets then costs a few NumPy operations. Entries keep their place
whatever value they have, also zero, and parameters enter through the same operations as in the model: no entry is
approximated.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyomo.environ import Constraint
from pyomo.repn import generate_standard_repn
from scipy.sparse import csr_array

from leam_opt.case.derive import TABLE, Derived
from leam_opt.case.schema import Case
from leam_opt.errors import ModelError
from leam_opt.solve.expressions import Entries, Expressions, Group, Varying
from leam_opt.solve.standard_form import StandardForm

Array = NDArray[np.float64]
Indices = NDArray[np.int64]
Table = Mapping[str, Array]
"""Entries of the derived table, some with a leading axis of variants."""

_NOISE = 1e-12
"""Coefficients below this are the rounding of terms that cancel out."""
ARRAYS = ("data", "row_lower", "row_upper", "lower", "upper", "objectives", "offsets")
"""The numbers of a matrix form."""


@dataclass(frozen=True)
class Changes:
    """What differs between variants: for each array of `ARRAYS` the places (k) and their values (n, k)."""

    places: Mapping[str, Indices]
    values: Mapping[str, Array]


@dataclass(frozen=True)
class Template:
    """The matrix form of a model with its numbers as expressions of the derived table.

    Attributes:
        rows: Pyomo constraints in row order.
        columns: Pyomo variables in column order.
        is_integer: (columns,) bool.
        start: (rows + 1,) where each row begins in `data`; its entries are in the order of the columns.
        column_of: (entries,) column of each entry.
        arrays: the numbers by the names of `ARRAYS`; objectives are (stages x columns) in one line.
        groups: the expressions.
        parameters: (parameters,) their values in the model.
        origins: for each entry of the table the positions of its parameters, and their positions in the entry.
        finite: for each entry of the table, where it was finite when the model was built.
    """

    rows: list[Any]
    columns: list[Any]
    is_integer: NDArray[np.bool_]
    start: Indices
    column_of: Indices
    arrays: Mapping[str, Varying]
    groups: Sequence[Group]
    parameters: Array
    origins: Mapping[str, tuple[Indices, Indices]]
    finite: Mapping[str, NDArray[np.bool_]]

    @classmethod
    def of(cls, model: Any, case: Case, derived: Derived, objectives: Sequence[str]) -> Template:
        """Walks a model, whose numbers are those of a derived table.

        Args:
            model: of a formulation.
            case: the case that it was built for.
            derived: its table.
            objectives: names of the expressions to minimise.

        Raises:
            ModelError: a coefficient has an operation that is not known.
        """
        walk = _Walk()
        # The order in which Pyomo's own compiler meets columns: the objective, then the rows.
        walk.objective(getattr(model, objectives[0]))
        for row in model.component_data_objects(Constraint, active=True, descend_into=True):
            walk.row(row)
        for name in objectives[1:]:
            walk.objective(getattr(model, name))
        arrays, expressions = walk.collected(), walk.expressions
        return cls(
            rows=walk.rows,
            columns=walk.columns,
            is_integer=np.array([not x.is_continuous() for x in walk.columns]),
            start=np.array(walk.start, dtype=np.int64),
            column_of=np.array(walk.column_of, dtype=np.int64),
            arrays=arrays,
            groups=expressions.groups(),
            parameters=np.array([p.value for p in expressions.parameters], dtype=float),
            origins=_origins(expressions.parameters, case, derived),
            finite={name: np.isfinite(values) for name, values in derived.values.items()},
        )

    def vector(self, table: Table) -> Array:
        """(parameters,) or (n, parameters) values of the parameters for a table."""
        varied = {name: values for name, values in table.items() if values.ndim > len(TABLE[name][0])}
        size = len(next(iter(varied.values()))) if varied else None
        vector = self.parameters.copy() if size is None else np.tile(self.parameters, (size, 1))
        for name, (positions, places) in self.origins.items():
            if name in varied:
                vector[:, positions] = varied[name].reshape(len(vector), -1)[:, places]
            elif name in table:
                vector[..., positions] = table[name].ravel()[places]
        return vector

    def fits(self, table: Table) -> NDArray[np.bool_]:
        """() or (n) whether the model has rows for exactly the limits that a table has: infinite ones have none."""
        fit = np.array(True)
        for name, finite in self.finite.items():
            same = np.isfinite(table[name]) == finite
            fit = fit & same.reshape(*same.shape[: same.ndim - finite.ndim], -1).all(axis=-1)
        return fit

    def form(self, vector: Array) -> StandardForm:
        """The matrix form for one parameter vector, without entries that are zero."""
        arrays, width = self.base(vector), len(self.columns)
        # Copies, since zeros are taken out in place.
        matrix = csr_array((arrays["data"], self.column_of.copy(), self.start.copy()), shape=(len(self.rows), width))
        matrix.data[np.abs(matrix.data) < _NOISE] = 0.0
        matrix.eliminate_zeros()
        rest = {name: arrays[name] for name in ARRAYS[1:]}
        rest["objectives"] = rest["objectives"].reshape(-1, width)
        return StandardForm(matrix=matrix, is_integer=self.is_integer, rows=self.rows, columns=self.columns, **rest)

    def base(self, vector: Array) -> dict[str, Array]:
        """The numbers by the names of `ARRAYS` for one parameter vector."""
        expressions = np.empty(sum(len(group.slots) for group in self.groups))
        for group in self.groups:
            expressions[group.slots] = group.evaluate(vector)
        return {name: varying.at(expressions) for name, varying in self.arrays.items()}

    def changes(self, vectors: Array, varied: NDArray[np.bool_]) -> Changes:
        """The numbers that depend on varied parameters (parameters,), for parameter vectors (n, parameters)."""
        count = sum(len(group.slots) for group in self.groups)
        place = np.full(count, -1, dtype=np.int64)
        values: list[Array] = []
        for group in self.groups:
            depends = np.asarray(varied[group.leaves].reshape(len(group.slots), -1).any(axis=1))
            if depends.any():
                part = group.chosen(depends)
                place[part.slots] = np.arange(len(part.slots)) + sum(v.shape[1] for v in values)
                values.append(part.evaluate(vectors))
        expressions = np.concatenate(values, axis=1) if values else np.empty((len(vectors), 0))
        places, found = {}, {}
        for name, varying in self.arrays.items():
            at = place[varying.slots]
            places[name] = varying.places[at >= 0]
            found[name] = expressions[:, at[at >= 0]]
        return Changes(places, found)


class _Walk:
    """One way through a model."""

    def __init__(self) -> None:
        self.expressions = Expressions()
        self.rows: list[Any] = []
        self.columns: list[Any] = []
        self.start, self.column_of = [0], list[int]()
        self._met: list[Any] = []
        self._used: set[int] = set()
        self._entries = {name: Entries() for name in ARRAYS}
        self._position: dict[int, int] = {}
        self._costs: list[dict[int, Any]] = []

    def _column(self, variable: Any) -> int:
        if id(variable) not in self._position:
            # All members of a variable stand side by side, as Pyomo's own compiler lays them out.
            for member in variable.parent_component().values():
                self._position[id(member)] = len(self._met)
                self._met.append(member)
        position = self._position[id(variable)]
        self._used.add(position)
        return position

    def _add(self, name: str, value: Any) -> None:
        self._entries[name].add(value, self.expressions)

    def _linear(self, body: Any) -> tuple[dict[int, Any], Any]:
        repn = generate_standard_repn(body, quadratic=False, compute_values=False)
        if repn.nonlinear_expr is not None:
            raise ModelError(f"the model has to be linear in its variables, and this is not: {repn.nonlinear_expr}")
        terms = {
            self._column(variable): coefficient
            for variable, coefficient in zip(repn.linear_vars, repn.linear_coefs, strict=True)
        }
        return terms, repn.constant

    def objective(self, expression: Any) -> None:
        """An objective; it is laid out when all columns are known."""
        terms, constant = self._linear(expression)
        self._costs.append(terms)
        self._add("offsets", constant)

    def row(self, row: Any) -> None:
        """A constraint."""
        terms, constant = self._linear(row.body)
        self.rows.append(row)
        for column, coefficient in sorted(terms.items()):
            self.column_of.append(column)
            self._add("data", coefficient)
        self.start.append(len(self.column_of))
        self._add("row_lower", -np.inf if row.lower is None else row.lower - constant)
        self._add("row_upper", np.inf if row.upper is None else row.upper - constant)

    def collected(self) -> dict[str, Varying]:
        """All numbers; variables that no row and no objective has are no columns."""
        order = sorted(self._used)
        self.columns = [self._met[position] for position in order]
        place = {position: column for column, position in enumerate(order)}
        self.column_of = [place[position] for position in self.column_of]
        for variable in self.columns:
            self._add("lower", -np.inf if variable.lower is None else variable.lower)
            self._add("upper", np.inf if variable.upper is None else variable.upper)
        for terms in self._costs:
            for position in order:
                self._add("objectives", terms.get(position, 0.0))
        return {name: entries.collected() for name, entries in self._entries.items()}


def _origins(parameters: Sequence[Any], case: Case, derived: Derived) -> dict[str, tuple[Indices, Indices]]:
    """Where each parameter of the model stands in the derived table."""
    labels = dict(derived.index.labels)
    labels |= {"V": labels["Y"], "X": tuple(case.funding.budget_lines), "R": tuple(case.funding.matching)}
    place = {letter: {label: i for i, label in enumerate(members)} for letter, members in labels.items()}
    found: dict[str, tuple[list[int], list[int]]] = {}
    for position, parameter in enumerate(parameters):
        name = parameter.parent_component().local_name
        if name not in TABLE:
            continue
        letters, key = TABLE[name][0], parameter.index()
        key = () if key is None else key if isinstance(key, tuple) else (key,)
        at = [place[letter][label] for letter, label in zip(letters, key, strict=True)]
        flat = int(np.ravel_multi_index(at, [len(labels[letter]) for letter in letters])) if at else 0
        positions, places = found.setdefault(name, ([], []))
        positions.append(position)
        places.append(flat)
    return {
        name: (np.array(positions, dtype=np.int64), np.array(places, dtype=np.int64))
        for name, (positions, places) in found.items()
    }
