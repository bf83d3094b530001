"""Figures and their units: every form that a case may give, and its limits."""

from __future__ import annotations

import math
from typing import Annotated

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from leam_opt.case import units
from leam_opt.case.quantity import ByYear, FigureError, Quantity, Unit, parse_by_year, parse_figure

KW = Unit("kW")
FINITE = st.floats(min_value=0, max_value=1e15, allow_nan=False)
# A unit as people write it, the documented unit, and how many of the latter one of the former is.
SPELLINGS = [
    ("ct/kWh", "EUR/kWh", 0.01),
    ("€/kWh", "EUR/kWh", 1),
    ("€/MWh", "EUR/kWh", 0.001),
    ("%", "share", 0.01),
    ("percent", "share", 0.01),
    ("M€", "MEUR", 1),
    ("Mio. €", "MEUR", 1),
    ("Mio. EUR", "MEUR", 1),
    ("million EUR", "MEUR", 1),
    ("Mrd. €", "MEUR", 1000),
    ("bn EUR", "MEUR", 1000),
    ("k€", "MEUR", 0.001),
    ("EUR", "MEUR", 1e-6),
    ("M€/yr", "MEUR/a", 1),
    ("Mio. €/month", "MEUR/a", 12),
    ("EUR/month", "EUR/a", 12),
    ("MW", "kW", 1000),
    ("kW-IT", "kW", 1),
    ("€/kW-IT", "EUR/kW", 1),
    ("M€/MW", "EUR/kW", 1000),
    ("PFLOP/s", "TFLOP/s", 1000),
    ("1000 GPUh/a", "MGPUh/a", None),
    ("GPU-hours/a", "MGPUh/a", 1e-6),
    ("million GPU-hours/year", "MGPUh/a", 1),
    ("bn tokens/day", "Gtoken/d", 1),
    ("Mrd. tokens/d", "Gtoken/d", 1),
    ("Mio. tokens/d", "Gtoken/d", 0.001),
    ("tokens/d", "Gtoken/d", 1e-9),
    ("€/1000 tokens", "EUR/ktoken", 1),
    ("€/1k tokens", "EUR/ktoken", 1),
    ("€/Mtoken", "EUR/ktoken", 0.001),
    ("g/kWh", "kg/MWh", 1),
    ("t/a", "kt/a", 0.001),
    ("servers", "server", 1),
    ("people", "person", 1),
    ("GPUs", "unit", 1),
    ("months", "a", 1 / 12),
    ("days", "a", 1 / 365),
    ("models/year", "model/a", 1),
]


@pytest.mark.parametrize(("spelled", "unit", "factor"), SPELLINGS)
def test_units_as_people_write_them(spelled: str, unit: str, factor: float | None) -> None:
    """Breaks when a usual spelling is unknown or has another size."""
    if factor is None:
        with pytest.raises(ValueError, match="unknown unit"):
            units.factor(spelled, unit)
    else:
        assert units.factor(spelled, unit) == pytest.approx(factor, rel=1e-12)


@pytest.mark.parametrize("unit", ["kWh", "EUR", "s", "h", "share", "token", "kW/a", "EUR/kW"])
def test_other_dimensions_are_refused(unit: str) -> None:
    """Breaks when energy passes for power, or a bare number of something for another."""
    with pytest.raises(ValueError, match=f"the unit '{unit}' does not fit; this figure is in kW"):
        units.factor(unit, "kW")


@pytest.mark.parametrize(
    "unit", ["", "kw", "watt", "kW**2", "kW^2", "2 kW", "__import__('os')", "kW.real", "(kW", "kW/", "W" * 99, "kW\n"]
)
def test_what_is_no_unit_is_refused(unit: str) -> None:
    """Breaks when anything but products of known words reaches pint."""
    with pytest.raises(ValueError, match="unknown unit"):
        units.factor(unit, "kW")


@given(st.integers(min_value=0, max_value=10**9))
def test_hundredths_are_exact(number: int) -> None:
    """Breaks when 19 ct become 0.19000000000000003 EUR: the same figure must have the same hash in either unit."""
    assert units.convert(number, "%", "share") == number / 100
    assert units.convert(number, "ct/kWh", "EUR/kWh") == number / 100
    assert units.convert(number, "EUR", "MEUR") == number / 1_000_000
    assert units.convert(number, "MW", "kW") == number * 1000


@given(FINITE)
def test_a_number_comes_back_in_every_form(number: float) -> None:
    """Breaks when a number, its text, its range or its text with the unit are not the same figure."""
    plain = parse_figure(number, KW)
    assert (plain.low, plain.base, plain.high, plain.unit) == (number, number, number, "kW")
    for form in (str(number), f"{number} kW", f" {number!r}kW ", {"base": number}, {"base": str(number), "unit": "kW"}):
        assert parse_figure(form, KW) == plain
    assert parse_figure(plain, KW) == plain


@given(st.lists(FINITE, min_size=3, max_size=3).map(sorted), st.sampled_from(["kW", "MW", "W", "GW"]))
def test_ranges_come_back_in_every_unit(ends: list[float], unit: str) -> None:
    """Breaks when the unit of a range is not applied to all ends alike, or the order is lost in conversion."""
    low, base, high = ends
    given_in_one = parse_figure({"low": low, "base": base, "high": high, "unit": unit}, KW)
    each_for_itself = parse_figure({"low": f"{low} {unit}", "base": f"{base} {unit}", "high": f"{high} {unit}"}, KW)
    assert given_in_one == each_for_itself
    back = units.convert(given_in_one.base, "kW", unit)
    assert math.isclose(back, base, rel_tol=1e-12, abs_tol=1e-300) or base < 1e-290
    middle = parse_figure({"low": low, "high": high}, KW)
    assert middle.low <= middle.base <= middle.high
    assert middle.base == pytest.approx((low + high) / 2, rel=1e-12, abs=1e-300)


@given(st.lists(FINITE, min_size=3, max_size=3))
def test_only_ordered_ranges_pass(ends: list[float]) -> None:
    """Breaks when a range out of order is sorted or passes."""
    assume(ends != sorted(ends))
    with pytest.raises(FigureError, match="low <= base <= high"):
        parse_figure(dict(zip(("low", "base", "high"), ends, strict=True)), KW)


@given(st.dictionaries(st.integers(2000, 2100), FINITE, min_size=1, max_size=6))
def test_years_hold_until_the_next(entries: dict[int, float]) -> None:
    """Breaks when a year has another figure than the last entry up to it, or disorder passes."""
    ordered = dict(sorted(entries.items()))
    figure = parse_by_year({str(year): value for year, value in ordered.items()}, KW)
    for year in range(1999, 2103):
        before = [value for start, value in ordered.items() if start <= year]
        if before:
            assert figure.at_year(year).base == before[-1]
        else:
            with pytest.raises(KeyError):
                figure.at_year(year)
    if len(entries) > 1:
        with pytest.raises(FigureError, match="years out of order"):
            parse_by_year(dict(reversed(ordered.items())), KW)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["low", "base", "high", "unit", "source", "note", "2025", "x"]) | st.integers(),
                inner,
                max_size=4,
            )
        ),
        max_leaves=6,
    )
)
@example(10**400)
@example({"base": 10**400})
@example("9" * 5000)
@example({"unit": "kW*9**9**9", "base": 1})
@example({"low": 1e308, "high": 1.7e308})
@example("1_0")
@example("1__0 kW")
def test_any_value_is_a_figure_or_an_error(value: object) -> None:
    """Breaks when some value raises anything but a FigureError, or gives a figure that is not finite and ordered."""
    for parse in (parse_figure, parse_by_year):
        try:
            figure = parse(value, KW)
        except FigureError as error:
            assert str(error)
            continue
        quantities = figure.entries.values() if isinstance(figure, ByYear) else [figure]
        for quantity in quantities:
            assert 0 <= quantity.low <= quantity.base <= quantity.high < math.inf


def test_bounds_in_the_field() -> None:
    """Breaks when a bound is not applied to the ends of a range, or before conversion to the documented unit."""
    field = TypeAdapter(Annotated[Quantity, Unit("share", gt=0, le=1)])
    assert field.validate_python("85 %").base == 0.85
    for wrong in (0, "0 %", "101 %", {"low": 0, "high": 1}, {"low": 0.5, "high": "120 %"}):
        with pytest.raises(ValidationError):
            field.validate_python(wrong)
    balance = TypeAdapter(Annotated[Quantity, Unit("MEUR", ge=None)])
    assert balance.validate_python("-3 Mio. €").base == -3


def test_a_figure_of_another_unit_is_converted() -> None:
    """Breaks when a Quantity passes into a field of another unit with its number unchanged."""
    other = Quantity(low=1, base=2, high=3, unit="MW", source="s")
    assert parse_figure(other, KW) == Quantity(low=1000, base=2000, high=3000, unit="kW", source="s")
    with pytest.raises(FigureError, match="does not fit"):
        parse_figure(Quantity(low=1, base=2, high=3, unit="h"), KW)


def test_ends_and_float() -> None:
    """Breaks when an end of a range is not taken as the planning value."""
    figure = Quantity(low=1, base=2, high=4, unit="kW")
    assert [float(figure.at(end)) for end in ("low", "base", "high")] == [1, 2, 4]
    assert figure.is_range
    assert not Quantity(low=1, base=1, high=1, unit="kW").is_range
