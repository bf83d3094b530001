"""The numbers of a template are those that Pyomo's own compiler finds in a model built afresh for each variant."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache

import numpy as np
import pyomo.environ as pyo
import pytest
from numpy.typing import NDArray

import leam_opt as lo
from leam_opt.case.derive import derive
from leam_opt.case.figures import problems_by_variant, quantities_at, structure_figures, vary
from leam_opt.case.register import entries
from leam_opt.case.schema import Case
from leam_opt.errors import CaseError, ModelError
from leam_opt.solve.formulation import build
from leam_opt.solve.problem import Problem
from leam_opt.solve.standard_form import StandardForm, compile_model
from leam_opt.solve.template import Table, Template
from tests.builders import small_case
from tests.ledger.funded import rich_case

Array = NDArray[np.float64]
Values = Mapping[str, Array]

SHIPPED = ("leam-2022", "ai-factory", "investai-gigafactory", "leam-two-stage")
SCENARIOS = [(name, scenario) for name in SHIPPED for scenario in ("base", *lo.load_case(name).scenario_names)]
EXACT = 1e-12
VARIANTS = 6
BUILT = 3
"""Variants of a shipped case that get a model of their own; the others are compared as a batch and one by one."""


@cache
def case_of(name: str, scenario: str = "") -> Case:
    if name in ("rich", "rich service"):
        return rich_case("service" if name == "rich service" else "research")
    return small_case() if name == "small" else lo.load_case(name).scenario(scenario)


@cache
def problem_of(name: str, scenario: str = "") -> Problem:
    return Problem.of(case_of(name, scenario))


def figures_of(case: Case) -> Iterator[tuple[str, float, float, float]]:
    """Path, low, base and high of every figure."""
    for entry in entries(case):
        try:
            quantities_at(case, entry.path)
        except CaseError:  # a whole number
            continue
        yield entry.path, entry.low, entry.base, entry.high


def within_ranges(case: Case) -> Values:
    """Values of all figures with a range; the rates of a loan rise from band to band, and its own is the first."""
    random = np.random.default_rng(7)
    values = {path: random.uniform(low, high, VARIANTS) for path, low, _, high in figures_of(case) if low < high}
    for path in [path for path in values if path.endswith(".rate_bands.0.rate")]:
        bands = [band for band in values if band.startswith(path.removesuffix("0.rate")) and band.endswith(".rate")]
        values |= dict(zip(bands, np.sort([values[band] for band in bands], axis=0), strict=True))
        values[path.replace(".rate_bands.0", "")] = values[path]
    return values


def below(case: Case) -> Values:
    """Values up to 3 % below those of all figures that are above zero; what has to fit together stays together."""
    random = np.random.default_rng(7)
    shares = (".first.share", ".top.share")
    found = {path: base for path, _, base, _ in figures_of(case) if base > 0 and not path.endswith(shares)}
    values = {path: base * random.uniform(0.97, 1, VARIANTS) for path, base in found.items()}
    if "funding.instruments.bank.rate" in values:
        values["funding.instruments.bank.rate"] = values["funding.instruments.bank.rate_bands.0.rate"]
        values["funding.guarantees.state.rate_reduction"] *= 0.9
    return values


def valid(case: Case, values: Values, least: int) -> list[Values]:
    """The variants that the case takes, one by one."""
    sound = [i for i, reason in enumerate(problems_by_variant(case, values)) if reason is None]
    assert len(sound) >= least
    return [{path: float(column[i]) for path, column in values.items()} for i in sound]


def batch(case: Case, variants: list[Values]) -> Table:
    """The derived table of some variants, with their axis."""
    columns = {path: np.array([variant[path] for variant in variants]) for path in variants[0]}
    return derive(*vary(case, columns)).values


def compiled(problem: Problem, case: Case) -> StandardForm:
    model = build(case)
    return compile_model(model, [getattr(model, name) for name in problem.position])


def close(found: Array, wanted: Array) -> bool:
    """Equal in the twelfth digit; below the noise of terms that cancel out everything is zero."""
    return np.allclose(found, wanted, rtol=EXACT, atol=EXACT)


def assert_same(found: StandardForm, wanted: StandardForm) -> None:
    """Row by row and column by column; rows and columns that are empty are no rows and columns to Pyomo's compiler."""
    width, rows = found.matrix.shape[1], {row.name: i for i, row in enumerate(found.rows)}
    columns = {column.name: i for i, column in enumerate(found.columns)}
    assert len(rows) == len(found.rows)
    assert len(columns) == width
    at = [rows[row.name] for row in wanted.rows]
    chosen = [columns[column.name] for column in wanted.columns]
    matrix = found.matrix.toarray()
    assert close(matrix[np.ix_(at, chosen)], wanted.matrix.toarray())
    for side in ("row_lower", "row_upper"):
        assert close(getattr(found, side)[at], getattr(wanted, side)), side
    for side in ("lower", "upper"):
        assert close(getattr(found, side)[chosen], getattr(wanted, side)), side
    assert (found.is_integer[chosen] == wanted.is_integer).all()
    assert close(found.objectives[:, chosen], wanted.objectives)
    assert close(found.offsets, wanted.offsets)
    empty_rows = np.setdiff1d(np.arange(len(found.rows)), at)
    assert not matrix[empty_rows].any()
    assert (found.row_lower[empty_rows] <= EXACT).all()
    assert (found.row_upper[empty_rows] >= -EXACT).all()
    empty_columns = np.setdiff1d(np.arange(width), chosen)
    assert not matrix[:, empty_columns].any()
    assert not found.objectives[:, empty_columns].any()


def batched(template: Template, vectors: Array, number: int) -> dict[str, Array]:
    """The numbers of a variant as a batch has them: those of the first one, and what differs."""
    base, changes = template.base(vectors[0]), template.changes(vectors, (vectors != vectors[0]).any(axis=0))
    for name, places in changes.places.items():
        base[name][places] = changes.values[name][number]
    return base


def check(problem: Problem, case: Case, variants: list[Values], built: int = VARIANTS) -> int:
    """Compares variants with models of their own; returns how many numbers differ between them."""
    template, table = problem.template, batch(case, variants)
    assert template.fits(table).all()
    vectors = template.vector(table)
    changes = template.changes(vectors, (vectors != vectors[0]).any(axis=0))
    for number, variant in enumerate(variants):
        own = case.override(variant)
        alone = derive(own).values
        vector = template.vector(alone)
        if number < built:
            assert_same(template.form(vector), compiled(problem, own))
        assert template.fits(alone)
        assert close(vectors[number], vector)
        for name, together in batched(template, vectors, number).items():
            np.testing.assert_array_equal(together, template.base(vectors[number])[name], err_msg=name)
            assert close(together, template.base(vector)[name]), name
    return sum(values.shape[1] for values in changes.values.values())


@pytest.mark.parametrize(("name", "scenario"), SCENARIOS)
def test_variants_of_the_shipped_cases(name: str, scenario: str) -> None:
    """Breaks when a parameter is taken from elsewhere in the table, or an entry is frozen at its planning value."""
    case = case_of(name, scenario)
    assert check(problem_of(name, scenario), case, valid(case, within_ranges(case), 2), BUILT) > 1000


@pytest.mark.parametrize("name", ["small", "rich", "rich service"])
def test_variants_of_cases_with_everything(name: str) -> None:
    """Breaks when a family that no shipped case uses is compiled in another way."""
    case = case_of(name)
    assert check(problem_of(name), case, valid(case, below(case), 3)) > 1000


def nothing_in(case: Case) -> dict[str, float]:
    """Zero for as many figures as can be zero at once, but for those that sets ask for."""
    asked = structure_figures(case)
    usual = {
        path: base
        for path, _, base, _ in figures_of(case)
        if base > 0 and not any(id(figure) in asked for figure in quantities_at(case, path))
    }
    alone = {path: np.where(np.eye(len(usual))[i] > 0, 0.0, base) for i, (path, base) in enumerate(usual.items())}
    reasons = problems_by_variant(case, alone)
    zeroed: dict[str, float] = {}
    for path in [path for path, reason in zip(usual, reasons, strict=True) if reason is None]:
        if problems_by_variant(case, {p: np.zeros(1) for p in (*zeroed, path)}) == [None]:
            zeroed[path] = 0.0
    return zeroed


@pytest.mark.parametrize("name", ["rich", "leam-2022"])
def test_figures_that_are_zero_in_the_model_and_not_in_the_variant_and_the_other_way_round(name: str) -> None:
    """Breaks when the walk drops a term whose parameter happens to be zero, or the variant keeps one."""
    case = case_of(name, "ppp")
    zeroed = nothing_in(case)
    assert len(zeroed) > 40
    nothing, usual = case.override(zeroed), {path: float(quantities_at(case, path)[0].base) for path in zeroed}
    check(problem_of(name, "ppp"), case, [usual, zeroed])
    check(Problem.of(nothing), nothing, [zeroed, usual])


def test_a_scale_that_changes_with_the_caps() -> None:
    """Three times the caps raise bounds before switches above 1e4; breaks when rows keep the old power of ten."""
    case = case_of("investai-gigafactory", "private")
    caps = {path: base for path, _, base, _ in figures_of(case) if ".cap_" in path}
    variants = [caps, {path: 3 * base for path, base in caps.items()}]
    assert batch(case, variants)["switch_scale"] == pytest.approx([0.1, 0.01])
    check(problem_of("investai-gigafactory", "private"), case, variants)


@pytest.mark.parametrize(("path", "value"), [("objective.deficit_max", 500), ("rules.co2_max", 3)])
def test_a_limit_that_a_case_does_not_have_has_no_row(path: str, value: float) -> None:
    """Breaks when a limit from nowhere, or one taken away, passes for a change of numbers."""
    without = small_case().override({path: None})
    limited = without.override({path: value})
    own, other = Problem.of(without), Problem.of(limited)
    tables = derive(without).values, derive(limited).values
    assert [bool(own.template.fits(table)) for table in tables] == [True, False]
    assert [bool(other.template.fits(table)) for table in tables] == [False, True]
    # Figures alone are a batch of the case that has the limit.
    frame, figures = vary(without, {path: np.array([value, 2.0 * value])})
    table = derive(frame, figures).values
    assert own.template.fits(table).tolist() == [False, False]
    assert other.template.fits(table).tolist() == [True, True]
    mixed = {name: np.broadcast_to(array, (2, *array.shape)).copy() for name, array in tables[0].items()}
    name = path.partition(".")[2]
    mixed[name][1] = tables[1][name]
    assert own.template.fits(mixed).tolist() == [True, False]


# ---------------------------------------------------------------------------------------------- models of one's own
class Rules:
    """A model with two variables and two parameters, and the rows of a test."""

    def __init__(self) -> None:
        self.model = pyo.ConcreteModel()
        self.model.p = pyo.Param(initialize=2.0, mutable=True)
        self.model.q = pyo.Param(initialize=0.0, mutable=True)
        self.model.x = pyo.Var(bounds=(0, 9))
        self.model.y = pyo.Var(domain=pyo.NonNegativeIntegers, bounds=(None, self.model.p))
        self.model.named = pyo.Expression(expr=self.model.p + 1)
        self.model.cost = pyo.Expression(expr=self.model.x + self.model.y + self.model.q)
        self.model.objective = pyo.Objective(expr=self.model.cost)

    def template(self) -> Template:
        """The template of the model."""
        case = small_case()
        return Template.of(self.model, case, derive(case), ["cost"])


def test_every_way_in_which_a_parameter_enters() -> None:
    """Breaks when an operation on parameters is not the one that the model has."""
    rules = Rules()
    m = rules.model
    z = pyo.Var()
    m.z = z
    m.rows = pyo.ConstraintList()
    m.rows.add(m.named * m.x - (m.p - m.q) * m.y <= 7)
    m.rows.add(pyo.inequality(-m.p, m.x / m.p + (m.x + m.y) * 2, m.p**2))
    m.rows.add(-(m.p * m.x + 3 * m.q) + z == m.q - m.y)
    m.rows.add(m.q * m.x + m.y >= 1)
    m.rows.add(pyo.quicksum(share * m.p * m.x for share in (0.1, 0.2)) <= m.named / 4)
    m.idle = pyo.Constraint(expr=m.x >= 100)
    m.idle.deactivate()
    template = rules.template()
    for p, q in [(2.0, 0.0), (3.0, 0.5), (5.0, -1.0)]:
        m.p, m.q = p, q
        values = {"p": p, "q": q}
        vector = np.array([values[name] for name in parameters(template, m)])
        # Pyomo's compiler makes two rows of a range; here it is one with two sides.
        wanted, found = compile_model(m, [m.cost]), template.form(vector)
        for name in ("lower", "upper", "is_integer", "objectives", "offsets"):
            np.testing.assert_allclose(getattr(found, name), getattr(wanted, name), rtol=EXACT, err_msg=name)
        rows = {row.name: i for i, row in enumerate(found.rows)}
        low, high = np.full(len(rows), -np.inf), np.full(len(rows), np.inf)
        for number, row in enumerate(wanted.rows):
            at = rows[row.name]
            np.testing.assert_allclose(found.matrix.toarray()[at], wanted.matrix.toarray()[number], rtol=EXACT)
            low[at] = max(low[at], wanted.row_lower[number])
            high[at] = min(high[at], wanted.row_upper[number])
        np.testing.assert_allclose(found.row_lower, low, rtol=EXACT)
        np.testing.assert_allclose(found.row_upper, high, rtol=EXACT)


def parameters(template: Template, model: pyo.ConcreteModel) -> list[str]:
    """Names of the parameters in the order of the vector, told by their values when the template was made."""
    names = {2.0: "p", 0.0: "q"}
    return [names[value] for value in template.parameters]


@pytest.mark.parametrize("operation", [pyo.sqrt, pyo.exp, abs, pyo.log, pyo.floor], ids=lambda f: f.__name__)
def test_an_operation_that_is_not_known_is_refused(operation: object) -> None:
    """Breaks when a function of a parameter passes for the parameter."""
    rules = Rules()
    rules.model.row = pyo.Constraint(expr=operation(rules.model.p) * rules.model.x <= 1)  # type: ignore[operator]
    with pytest.raises(ModelError, match=r"an operation that is not known here: .*\(p\).*; write it with"):
        rules.template()


@pytest.mark.parametrize("power", [1, 2])
def test_a_model_that_is_not_linear_is_refused(power: int) -> None:
    """Breaks when a product of variables drops out of its row, and the rule binds no longer."""
    rules = Rules()
    rules.model.row = pyo.Constraint(expr=rules.model.x**power * rules.model.y <= 1)
    with pytest.raises(ModelError, match="has to be linear in its variables, and this is not: x"):
        rules.template()


def test_a_variable_that_a_rule_fixes_is_a_number() -> None:
    """Breaks when a fixed variable takes a column, or is refused."""
    rules = Rules()
    rules.model.row = pyo.Constraint(expr=3 * rules.model.x + rules.model.p * rules.model.y <= 7)
    rules.model.y.fix(2)
    template = rules.template()
    form, wanted = template.form(template.parameters), compile_model(rules.model, [rules.model.cost])
    assert [column.name for column in form.columns] == ["x"]
    assert form.row_upper.tolist() == wanted.row_upper.tolist() == [3]
    assert form.offsets.tolist() == [2]
