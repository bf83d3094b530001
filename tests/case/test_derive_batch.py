"""The derived table of many variants is that of each of them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray

import leam_opt as lo
from leam_opt.case.axes import assembled
from leam_opt.case.derive import TABLE, derive
from leam_opt.case.derive_bounds import adoption_slack
from leam_opt.case.figures import problems_by_variant, quantities_at, unit_of, vary
from leam_opt.case.register import entries
from leam_opt.case.schema import Case
from leam_opt.errors import CaseError
from tests.builders import small_case
from tests.ledger.funded import rich_case

Array = NDArray[np.float64]
Values = Mapping[str, Array]

BANK = "funding.instruments.bank"
RISING = ("staff_steps", "levels", "rate", "share_m")
FITTING = (
    "value_for_money",
    "reference_plan",
    "adoption.low.private_share_min",
    "dscr",
    "loss_max",
    "guaranteed_share",
    "bank.rate",
    "promoted.rate",
    "rate_reduction",
)


@cache
def case_of(name: str) -> Case:
    if name in ("rich", "rich service"):
        return rich_case("service" if name == "rich service" else "research")
    return small_case() if name == "small" else lo.load_case(name).scenario("ppp")


CASES = ("small", "rich", "rich service", "leam-2022", "investai-gigafactory")


def figures_of(case: Case) -> dict[str, tuple[float, float, float]]:
    """Low, base and high of every figure, by path."""
    found = {}
    for entry in entries(case):
        try:
            quantities_at(case, entry.path)
        except CaseError:  # a whole number
            continue
        found[entry.path] = entry.low, entry.base, entry.high
    return found


def within_ranges(case: Case, size: int) -> dict[str, Array]:
    """Values from the ranges of all figures that have one."""
    random = np.random.default_rng(1)
    ends = {path: (low, high) for path, (low, _, high) in figures_of(case).items() if low < high}
    return {path: random.uniform(low, high, size) for path, (low, high) in ends.items()}


def around(case: Case, size: int) -> dict[str, Array]:
    """Values around all figures, beyond their ranges; those that have to fit together move little or not at all."""
    random = np.random.default_rng(2)
    values = {}
    for path, (_, base, _) in figures_of(case).items():
        if any(name in path for name in FITTING) or path.endswith(".share"):
            continue
        unit, spread = unit_of(case, path), 0.02 if any(name in path for name in RISING) else 0.5
        low, high = (1 - spread) * base, (1 + spread) * base or 0.3
        column = random.uniform(low, high if unit.le is None else min(unit.le, high), size)
        values[path] = np.maximum(column, unit.ge or 0.0)
    return values


def assert_same_as_one_by_one(case: Case, values: Values, least: int = 1) -> None:
    """Every valid variant of the batch has the table of the case with its overrides."""
    frame, figures = vary(case, values)
    table = derive(frame, figures).values
    valid = [i for i, reason in enumerate(problems_by_variant(case, values)) if reason is None]
    assert len(valid) >= least
    for i in valid:
        alone = derive(case.override({path: float(column[i]) for path, column in values.items()}))
        for name, (axes, _, _) in TABLE.items():
            batched = table[name]
            assert batched.ndim == len(axes) + (batched.ndim > len(axes)), name
            element = batched[i] if batched.ndim > len(axes) else batched
            assert element.shape == alone.values[name].shape, name
            # Powers of arrays of other shapes may differ in their last bit on some processors.
            np.testing.assert_allclose(element, alone.values[name], rtol=1e-12, atol=1e-14, err_msg=name)


@pytest.mark.parametrize("name", CASES[3:])
def test_values_within_the_ranges(name: str) -> None:
    """Breaks when a formula mixes variants, or reads a planning value where the figure varies."""
    assert_same_as_one_by_one(case_of(name), within_ranges(case_of(name), 6), 4)


@pytest.mark.parametrize("name", CASES)
def test_values_of_all_figures_at_once(name: str) -> None:
    """Breaks when a formula that only some cases use is wrong for variants."""
    assert_same_as_one_by_one(case_of(name), around(case_of(name), 6), 6)


@pytest.mark.parametrize("name", ["rich", "rich service", "leam-2022"])
def test_one_figure_after_another(name: str) -> None:
    """Breaks when an entry that depends on one figure alone has no axis, or one along which it is not its own value."""
    case = case_of(name)
    values = {path: column for path, column in around(case, 2).items() if name != "leam-2022" or "price" in path}
    sound = [path for path, column in values.items() if problems_by_variant(case, {path: column}) == [None, None]]
    assert len(sound) > len(values) // 2
    for path in sound:
        assert_same_as_one_by_one(case, {path: values[path]})


def test_only_what_depends_on_a_figure_has_the_axis_of_variants() -> None:
    """Breaks when entries take the axis that do not depend on the figure: everything would seem to change."""
    frame, figures = vary(case_of("leam-2022"), {"prices.tokens": np.array([0.01, 0.02])})
    varied = {k for k, array in derive(frame, figures).values.items() if array.ndim > len(TABLE[k][0])}
    money = {"operating_loss_max", "profit_max", "distribution_max", "gap_max", "shareholder_max", "service_cash_max"}
    money |= {"switch_scale"}
    assert varied == {"price_tokens", "adoption_slack", *money}
    unread, figures = vary(case_of("leam-2022"), {"discounting.inflation": np.array([0.01, 0.02])})
    assert all(array.ndim == len(TABLE[k][0]) for k, array in derive(unread, figures).values.items())
    # A demand curve leaves the single prices without use for the bounds.
    frame, figures = vary(case_of("rich"), {"prices.tokens": np.array([0.01, 0.02])})
    varied = {k for k, array in derive(frame, figures).values.items() if array.ndim > len(TABLE[k][0])}
    assert varied == {"price_tokens"}


@pytest.mark.parametrize("repayment", ["annuity", "linear", "bullet"])
@pytest.mark.parametrize("grace", [0, 1, 2])
def test_rates_of_loans(repayment: str, grace: int) -> None:
    """Breaks when a rate of zero, beside others, spoils the profile of an annuity, or when grace years shift it."""
    terms = {f"{BANK}.repayment": repayment, f"{BANK}.tenor_years": 3, f"{BANK}.grace_years": grace}
    case = case_of("rich").override({**terms, f"{BANK}.rate": None, "funding.guarantees.state.rate_reduction": 0})
    values = {
        f"{BANK}.rate_bands.0.rate": np.array([0, 0.05, 0, 1e-9, 1e-17]),
        f"{BANK}.rate_bands.1.rate": np.array([0.01, 0.06, 0.12, 1e-5, 1e-3]),
        f"{BANK}.rate_bands.0.up_to": np.array([1, 2, 3, 4, 5.0]),
        f"{BANK}.cap_total": np.array([60, 30, 2, 20, 70.0]),  # also below the ends of the bands
        f"{BANK}.construction_years": np.array([0, 0.5, 1, 2, 0.1]),
    }
    assert_same_as_one_by_one(case, values, 5)
    # The debt is repaid, whatever the rate: all principal of a draw is one euro.
    frame, figures = vary(case, values)
    f = frame.funding.use.index("bank")
    principal = derive(frame, figures).values["principal"]
    first = principal[..., f, 0, 0, :]  # only a draw of the first year is repaid within the three years
    np.testing.assert_allclose(first.sum(axis=-1), 1.0, rtol=1e-12)
    assert (first[..., :grace] == 0).all()


def test_figures_at_zero_and_above() -> None:
    """Breaks when a branch that depends on a value is taken for all variants alike."""
    values = {
        "cpu.cores": np.array([0, 10000, 0, 20000.0]),
        "cpu.rent": np.array([0, 50000, 70000, 0.0]),
        "prices.token_levels.0.price": np.array([0, 0.001, 0, 0.001]),
        "taxation.vat": np.array([0, 0.19, 0.07, 1]),
        "funding.cash_reserve_service": np.array([0, 5, 0, 1.0]),
    }
    assert_same_as_one_by_one(case_of("rich"), values, 4)
    # A demand curve of one point without a price earns nothing, and the single price bounds the income.
    free = case_of("rich").override({"prices.token_levels": [{"price": 0.001, "demand": 1}]})
    values = {
        "prices.token_levels.0.price": np.array([0, 0.001, 0, 0.002]),
        "prices.tokens": np.array([0.1, 0.2, 0.3, 0.4]),
    }
    assert_same_as_one_by_one(free, values, 4)


def test_a_gap_of_each_variant_bounds_the_adoption_rows() -> None:
    """Breaks when the bound of one variant tightens another."""
    case = case_of("leam-2022")
    frame, figures = vary(case, within_ranges(case, 3))
    derived = derive(frame, figures)
    gaps = np.array([0.0, 10, 500])
    together = adoption_slack(frame, derived.index, derived.values, gaps)
    for i, gap in enumerate(gaps):
        alone = adoption_slack(frame, derived.index, derived.values, float(gap))
        np.testing.assert_array_equal(together[i], alone[i] if alone.ndim == 3 else alone)


def test_parts_of_an_array() -> None:
    """Breaks when a part with an axis of variants lands elsewhere, or a missing part is not zero."""
    parts = {(0, 1): np.array([1.0, 2.0]), (1, 0): np.array(5.0)}
    assert assembled(parts, (2, 2)).tolist() == [[[0, 1], [5, 0]], [[0, 2], [5, 0]]]
    assert assembled({(1,): np.array([7.0])}, (2, 3)).tolist() == [[0, 0, 0], [7, 7, 7]]
    assert assembled({}, (0, 3)).shape == (0, 3)
