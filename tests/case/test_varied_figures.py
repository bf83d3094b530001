"""Figures that vary: a batch of values means what overriding them one variant after another means."""

from __future__ import annotations

import pickle
from collections.abc import Mapping, Sequence

import numpy as np
import pytest

import leam_opt as lo
from leam_opt.case.figures import (
    Figures,
    constant,
    problems_by_variant,
    quantities_at,
    structure_figures,
    unit_of,
    vary,
)
from leam_opt.case.register import entries
from leam_opt.case.schema import Case
from leam_opt.errors import CaseError
from tests.builders import small_case, small_data
from tests.ledger.funded import rich_case

Values = Mapping[str, Sequence[float]]


def overridden(case: Case, values: Values, i: int) -> Case:
    return case.override({path: column[i] for path, column in values.items()})


def figures_of(case: Case, figures: Figures, i: int) -> dict[str, float]:
    """Every figure of a case in one variant, by path; the whole numbers too."""
    found = {}
    for entry in entries(case):
        try:
            (quantity,) = quantities_at(case, entry.path)
            found[entry.path] = float(np.broadcast_to(figures.one(quantity), figures.size or 1)[i])
        except CaseError:
            found[entry.path] = entry.base
    return found


def test_a_figure_that_varies_has_one_axis_of_variants() -> None:
    """Breaks when planning values come with an axis, or values land at another figure or year."""
    case = small_case()
    prices, beta = case.prices, case.server_types["beta"].unit_price
    figures = Figures({id(prices.tokens): np.array([1.0, 2, 3]), id(beta.entries[2027]): np.array([7.0, 8, 9])})
    assert figures.size == 3
    assert figures.one(prices.tokens).tolist() == [1, 2, 3]
    assert figures.one(prices.cluster_hour).shape == ()
    assert figures.each([prices.cluster_hour, prices.cluster_gpus]).shape == (2,)
    assert figures.each([constant(5), prices.tokens]).tolist() == [[5, 1], [5, 2], [5, 3]]
    assert figures.each([]).shape == (0,)
    years = (2025, 2026, 2027, 2028)
    np.testing.assert_array_equal(figures.yearly(beta, years), [[np.nan, 16, v, v] for v in (7, 8, 9)])
    np.testing.assert_array_equal(Figures().yearly(beta, years), [np.nan, 16, 15, 15])
    both = figures.by_year([case.server_types["alpha"].unit_price, beta], years)
    np.testing.assert_array_equal(both[2], [[10] * 4, [np.nan, 16, 9, 9]])
    assert figures.by_year([], years).shape == (0, 4)


def test_figures_stay_with_the_objects_of_their_case() -> None:
    """Breaks when figures can be sent to another process, where no object has the same identity."""
    _, figures = vary(small_case(), {"prices.tokens": [0.001]})
    with pytest.raises(TypeError, match="send the case and the values"):
        pickle.dumps(figures)
    with pytest.raises(ValueError, match="needs 3 values"):
        Figures({1: np.zeros(2)}, 3)
    with pytest.raises(ValueError, match="one value a variant"):
        vary(small_case(), {"prices.tokens": [0.001, 0.002], "staff.salary": [1.0]})


TRAPS: dict[str, Values] = {
    "one figure": {"prices.tokens": [0.001, 0.5]},
    "in a list": {"pools.tuning.staff_steps.0.people": [1, 2]},
    "a default of the schema": {"taxation.vat": [0, 0.19], "rules.heat_reuse_min": [0, 0.1]},
    # A number for all years holds before the first entry too.
    "all years of a figure by year": {"server_types.beta.unit_price": [1, 2]},
    "an entry of a figure by year": {"server_types.beta.unit_price.2026": [1, 2]},
    "two entries of a figure by year": {
        "server_types.beta.unit_price.2026": [1, 2],
        "server_types.beta.unit_price.2027": [3, 4],
    },
    # There is no figure in force before the first entry.
    "a year before the first entry": {"server_types.beta.unit_price.2025": [1, 2]},
    # An entry that is added holds until the next one, and the old figure before it.
    "a year of one figure for all years": {"server_types.alpha.unit_price.2026": [1, 2]},
    "the first year of one figure for all years": {"server_types.alpha.unit_price.2025": [1, 2]},
    "two years of one figure for all years": {
        "server_types.alpha.unit_price.2027": [1, 2],
        "server_types.alpha.unit_price.2026": [3, 4],
    },
    "a year of a default": {"rules.heat_reuse_min.2026": [0.1, 0.2]},
    "an empty figure": {"objective.deficit_max": [-5, 5], "prices.tokens": [0.1, 0.2]},
    "an empty figure by year": {"taxation.corporate_tax": [0.1, 0.2]},
    "a year of an empty figure": {"taxation.corporate_tax.2025": [0.1, 0.2]},
}


@pytest.mark.parametrize("values", TRAPS.values(), ids=TRAPS)
@pytest.mark.parametrize(
    "overrides",
    [
        {},
        {"server_types.alpha.unit_price.2027": {"low": 4, "high": 6}},
        {"server_types.beta.unit_price": {2026: 5}, "prices.tokens": 0.1},
    ],
    ids=len,
)
def test_a_variant_is_the_case_with_its_overrides(values: Values, overrides: dict[str, object]) -> None:
    """Breaks when a value reaches other years than the override would, or a figure next to it changes."""
    case = small_case().override(overrides)
    for given in (case, case.at("high")):
        frame, figures = vary(given, values)
        assert figures.size == 2
        for i in range(2):
            assert figures_of(frame, figures, i) == figures_of(overridden(given, values, i), Figures(), 0)
        assert problems_by_variant(given, values) == [None, None]


def test_the_case_stays_as_it_is_where_nothing_has_to_be_added() -> None:
    """Breaks when each batch costs a validation, or an added figure is not at its value in force."""
    case = small_case()
    assert vary(case, {"prices.tokens": [1.0], "server_types.beta.unit_price.2026": [1.0]})[0] is case
    assert vary(case, {})[0] is case
    assert vary(case, {})[1].size is None
    values = {"server_types.alpha.unit_price.2026": [1.0], "server_types.beta.unit_price": [1.0]}
    kinds = vary(case, values)[0].server_types
    assert {year: entry.base for year, entry in kinds["alpha"].unit_price.entries.items()} == {2025: 10, 2026: 10}
    assert {year: entry.base for year, entry in kinds["beta"].unit_price.entries.items()} == {0: 16}


def test_one_object_at_two_places_of_a_case_is_two_figures() -> None:
    """Breaks when a case that was put together in Python lets a value reach a figure with another path."""
    section = small_case().sites["north"]
    case = Case.model_validate({**small_data(), "sites": {"north": section, "south": section}})
    assert case.sites["north"].pue is case.sites["south"].pue
    frame, figures = vary(case, {"sites.south.pue": [1.9]})
    assert figures.one(frame.sites["north"].pue).tolist() == section.pue.base
    assert figures.one(frame.sites["south"].pue).tolist() == [1.9]


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("prices.tokenz", "matches nothing in the case; did you mean prices.tokens?"),
        ("sites.west.pue", "matches nothing in the case"),
        ("value_for_money.risk_premium", "matches nothing in the case"),
        ("prices.tokens.low", "an end of a range is not a figure of its own; name the figure, prices.tokens"),
        ("server_types.beta.unit_price.2026.high", "name the figure, server_types.beta.unit_price"),
        ("prices.tokens.2026", "prices.tokens is one figure for all years; leave the year away"),
        ("server_types.beta.unit_price.2031", "2031 is not a year of the horizon 2025 to 2027"),
        ("server_types.beta.unit_price.26", "matches nothing in the case"),
        ("prices", "it is a section, and not a figure that can take any value"),
        ("funding.use", "it is a list, and not a figure that can take any value"),
        ("objective.residual_value", "it is true or false, and not a figure that can take any value"),
        ("server_types.alpha.life_years", "it is a whole number, and not a figure that can take any value"),
        ("objective.name", "it is text, and not a figure that can take any value"),
        ("server_types.alpha.on_sale_until", "it is empty, and not a figure that can take any value"),
    ],
)
def test_paths_that_lead_to_no_figure(path: str, said: str) -> None:
    """Breaks when such a path passes, or the message does not say what would be right."""
    for ask in (vary, problems_by_variant):
        with pytest.raises(CaseError) as caught:
            ask(small_case(), {path: [1.0]})
        assert str(caught.value).startswith(f"{path}: ")
        assert said in str(caught.value)


def test_everything_that_is_wrong_with_the_paths_is_told_at_once() -> None:
    """Breaks when two values for one figure pass, or only the first problem is told."""
    price = "server_types.beta.unit_price"
    paths = [price, f"{price}.2026", "prices.tokens", " prices.tokens", "prices.tokenz"]
    with pytest.raises(CaseError) as caught:
        vary(small_case(), {path: [1.0] for path in paths})
    said = "it sets the same figure as"
    overlap, twice, unknown = caught.value.problems
    assert overlap == f"{price}.2026: {said} {price}; name one of the two only"
    assert twice == f" prices.tokens: {said} prices.tokens; name one of the two only"
    assert unknown.startswith("prices.tokenz: ")


def test_figures_at_a_path() -> None:
    """Breaks when a path means other entries than an override of it would set."""
    case = small_case()
    price = case.server_types["beta"].unit_price
    assert quantities_at(case, "server_types.beta.unit_price") == list(price.entries.values())
    assert quantities_at(case, "server_types.beta.unit_price.2027") == [price.entries[2027]]
    # The value in force in 2025 stands under no year of its own, and an empty figure nowhere.
    assert quantities_at(case, "server_types.alpha.unit_price.2025") == []
    assert quantities_at(case, "taxation.corporate_tax") == []
    assert quantities_at(case, "pools.tuning.staff_steps.0.people") == [case.pools.tuning.staff_steps[0].people]
    assert unit_of(case, "taxation.corporate_tax.2026").le == 1
    assert (unit_of(case, "prices.cluster_hour").name, unit_of(case, "prices.cluster_hour").gt) == ("EUR/h", 0)


def test_figures_that_decide_about_rows_of_the_model() -> None:
    """Breaks when the list lacks a figure without which, at zero, the model has other sets."""
    case = rich_case()
    paths = {entry.path for entry in entries(case) if "funding.instruments" in entry.path}
    asked = {path for path in paths if path.rpartition(".")[2] in ("min_ticket", "reserve_months", "lockup_dscr")}
    asked |= {path for path in paths if path.endswith("guaranteed_share_min")}
    used = {path for path in asked if path.split(".")[2] in case.funding.use}
    assert structure_figures(case) == {id(quantities_at(case, path)[0]) for path in used}
    assert len(used) > len(case.funding.use) - 1


def refused(case: Case, values: Values, i: int) -> list[str]:
    """What `Case.override` says about a variant."""
    try:
        overridden(case, values, i)
    except CaseError as error:
        return error.problems
    return []


def assert_told_alike(case: Case, values: Values) -> list[str | None]:
    """Says of each variant what overriding says."""
    reasons = problems_by_variant(case, values)
    for i, reason in enumerate(reasons):
        said = refused(case, values, i)
        assert bool(said) == bool(reason), (i, reason, said)
        assert len({part for part in said if not any(bit in part for bit in (reason or "").split("; "))}) == 0
    return reasons


@pytest.mark.parametrize("case", [lo.load_case("leam-2022").scenario("ppp"), rich_case(), small_case()], ids=str)
def test_a_variant_is_refused_as_its_override_is(case: Case) -> None:
    """Breaks when a value passes that a case may not have, or a sound variant is refused.

    Variants differ from the case in one figure up to all of them; the values are anywhere within the units' bounds and
    beyond.
    """
    random = np.random.default_rng(1)
    levers = [path for path in figures_of(case, Figures(), 0) if path not in whole_numbers(case)]
    values = {path: [float(quantities_at(case, path)[0].base)] * 40 for path in levers}
    for i in range(40):
        for path in random.choice(levers, size=[1, 2, 5, len(levers)][i % 4], replace=False):
            spread = random.choice([0, 0.5, 0.9, 1.1, 1.5, 3, -1])
            values[path][i] = float((values[path][i] or 0.5) * spread)
    reasons = assert_told_alike(case, values)
    assert 5 <= sum(reason is None for reason in reasons) <= 35


def whole_numbers(case: Case) -> set[str]:
    found = set()
    for entry in entries(case):
        try:
            quantities_at(case, entry.path)
        except CaseError:
            found.add(entry.path)
    return found


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"prices.cluster_hour": [0]}, "prices.cluster_hour: 0 EUR/h is too small; it must be above 0 EUR/h"),
        ({"staff.salary": [np.nan]}, "staff.salary: nan is not a finite number; write a number in EUR/a"),
        (
            {"taxation.vat": [1.2], "prices.tokens": [-1]},
            (
                'taxation.vat: 1.2 share is too large; at most 1 share is allowed (1 is 100 %, and "1.2 %" is 0.012); '
                "prices.tokens: -1 EUR/ktoken is too small; at least 0 EUR/ktoken is allowed"
            ),
        ),
        (
            {"pools.core.share_min": [0.95]},
            "pools.core.share_min: 0.95 is above share_max 0.9; pools: the smallest shares add up to 1.0",
        ),
    ],
)
def test_reasons_name_the_path_and_the_remedy(values: Values, said: str) -> None:
    """Breaks when a reason says less than the message of an override."""
    (reason,) = assert_told_alike(small_case(), values)
    assert reason is not None
    assert reason.startswith(said)


def test_values_are_told_apart_whatever_was_looked_at_before() -> None:
    """Breaks when what was found for one variant is taken for another that differs in a figure which matters.

    The rate of a loan with bands may only be that of its first band, and is empty in the case; what a guarantee covers
    is only looked at where a lender asks for it.
    """
    case = rich_case().override({"funding.instruments.bank.rate": None})
    values = {
        "funding.instruments.bank.rate": [0.1, 0.11, 0.11, 0.1, 0.1, 0.1],
        "funding.instruments.bank.rate_bands.0.rate": [0.1, 0.1, 0.11, 0.1, 0.1, 0.13],
        "funding.instruments.bank.guaranteed_share_min": [0.1, 0.1, 0.1, 0.6, 0, 0],
        "funding.guarantees.state.share_max": [0.5, 0.5, 0.5, 0.5, 0, 0],
    }
    reasons = assert_told_alike(case, values)
    assert [reason is None for reason in reasons] == [True, False, True, False, True, False]
    frame, figures = vary(case, values)
    for i in (0, 2, 4):
        assert figures_of(frame, figures, i) == figures_of(overridden(case, values, i), Figures(), 0)
    # An empty figure has to come from a variant, which has to be sound.
    with pytest.raises(CaseError, match="differs from"):
        vary(case, {path: column[1:2] for path, column in values.items()})


def test_variants_of_a_case_at_the_end_of_its_ranges() -> None:
    """Breaks when a variant is checked at the end of the ranges only, or not there."""
    case = small_case().override({"pools.core.share_min": {"low": 0.5, "base": 0.6, "high": 0.8}})
    values = {"pools.core.share_max": [0.55, 0.75, 0.85], "pools.tuning.share_max": [0.5, 0.5, 0.5]}
    assert [bool(reason) for reason in assert_told_alike(case, values)] == [True, False, False]
    assert [bool(reason) for reason in assert_told_alike(case.at("low"), values)] == [True, False, False]
    reasons = assert_told_alike(case.at("high"), values)
    assert [bool(reason) for reason in reasons] == [True, True, False]
    assert str(reasons[1]).endswith("(with all ranges at high)")
