"""Overrides: what a path may name, what its value may be, and what a wrong one is told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from leam_opt.case.load import load_case, parse_settings
from leam_opt.case.quantity import Quantity
from leam_opt.case.register import entries
from leam_opt.errors import CaseError

if TYPE_CHECKING:
    from leam_opt.case.schema import Case
    from tests.case.small import Folder


@pytest.fixture
def case(folder: Folder) -> Case:
    return folder.load()


def _refused(case: Case, path: str, value: Any) -> str:
    with pytest.raises(CaseError) as caught:
        case.override({path: value})
    assert len(caught.value.problems) == 1, caught.value.problems
    return caught.value.problems[0]


def test_a_number_replaces_a_range_and_says_so(case: Case) -> None:
    """Breaks when the old ends or the old source stay beside the new number."""
    assert case.override({"prices.tokens": 0.008}).prices.tokens == Quantity(
        low=0.008, base=0.008, high=0.008, unit="EUR/ktoken", source="override"
    )
    assert case.prices.tokens.base == 0.01


def test_values_take_every_form_of_a_case_file(case: Case) -> None:
    """Breaks when a text with a unit, a range or another figure is not read as in a file."""
    price = case.override({"energy_sources.green.price": "25 ct/kWh"}).energy_sources["green"].price.at_year(2026)
    assert (price.base, price.source) == (0.25, "override")
    tokens = case.override(
        {"prices.tokens": {"low": 1, "high": 3, "unit": "ct/ktoken", "source": "mine"}}
    ).prices.tokens
    assert (tokens.low, tokens.base, tokens.high, tokens.source) == (0.01, 0.02, 0.03, "mine")
    other = case.override({"prices.tokens": Quantity(low=1, base=2, high=3, unit="EUR/ktoken")}).prices.tokens
    assert (other.low, other.base, other.high) == (1, 2, 3)
    prices = case.override({"server_types.h100.unit_price": case.server_types["h100"].unit_price}).server_types["h100"]
    assert [prices.unit_price.at_year(year).base for year in case.years] == [16, 16, 14]


def test_one_end_of_a_range_moves_alone(case: Case) -> None:
    """Breaks when the other ends move: a range without base must keep the mean that it had."""
    changed = case.override({"prices.tokens.high": 0.03, "mission.funnel_factor.high": "300 %"})
    tokens, funnel = changed.prices.tokens, changed.mission.funnel_factor
    assert (tokens.low, tokens.base, tokens.high, tokens.note) == (0.005, 0.01, 0.03, "list price")
    assert tokens.source == "override"
    assert (funnel.low, funnel.base, funnel.high) == (1.5, 2, 3)


def test_years(case: Case) -> None:
    """Breaks when the entry of a year is not found, or a new one does not hold until the next entry."""
    price = case.override({"server_types.h100.unit_price.2027": 12}).server_types["h100"].unit_price
    assert [price.at_year(year).base for year in case.years] == [16, 16, 12]
    price = case.override({"server_types.h100.unit_price.2026": 15}).server_types["h100"].unit_price
    assert [price.at_year(year).base for year in case.years] == [16, 15, 14]
    price = case.override({"server_types.h100.unit_price.2025.high": 30}).server_types["h100"].unit_price
    assert (price.at_year(2025).low, price.at_year(2025).high) == (15, 30)
    # One figure for all years, from the files and from the schema.
    changed = case.override({"energy_sources.green.price.2026": 0.3, "rules.heat_reuse_min.2027": "10 %"})
    assert [changed.energy_sources["green"].price.at_year(year).base for year in case.years] == [0.22, 0.3, 0.3]
    assert [changed.rules.heat_reuse_min.at_year(year).base for year in case.years] == [0, 0, 0.1]
    sources = {entry.path: entry.source for entry in entries(changed)}
    assert sources["energy_sources.green.price.2025"] == "made up"
    assert sources["energy_sources.green.price.2026"] == "override"


def test_plain_values_lists_and_entries_of_lists(case: Case) -> None:
    """Breaks when an override reaches figures only."""
    changed = case.override(
        {
            "rules.public_use.scope": "all",
            "rules.public_use.enabled": False,
            "server_types.h100.life_years": 4,
            "funding.use": ["bank", "federal-grant"],
            "pools.tuning.staff_steps.1.people": 9,
            "title": "Another",
        }
    )
    assert (changed.rules.public_use.scope, changed.rules.public_use.enabled) == ("all", False)
    assert changed.server_types["h100"].life_years == 4
    assert changed.funding.use == ["bank", "federal-grant"]
    assert [step.people.base for step in changed.pools.tuning.staff_steps] == [5, 9]
    assert changed.title == "Another"


def test_defaults_of_the_schema_can_be_overridden(case: Case) -> None:
    """Breaks when a path has to stand in the file: these keys do not."""
    assert "co2_max" not in (case.rules.model_fields_set)
    changed = case.override({"rules.co2_max": 5, "objective.residual_value": True, "sites.existing.heat_price": 12})
    assert changed.rules.co2_max is not None
    assert changed.rules.co2_max.at_year(2025).base == 5
    assert changed.objective.residual_value is True
    assert changed.sites["existing"].heat_price.base == 12
    assert changed.override({"rules.co2_max": None}).rules.co2_max is None


def test_overrides_win_over_the_scenario_and_stay_with_it(folder: Folder) -> None:
    """Breaks when the overlay is laid over the override, in whichever order the two are asked for."""
    assert load_case(folder.path, overrides={"prices.tokens": 0.05}).scenario("private").prices.tokens.base == 0.05
    assert folder.load().scenario("private").override({"prices.tokens": 0.05}).prices.tokens.base == 0.05
    assert (
        folder.load().override({"prices.tokens": 0.05}).scenario("private").scenario("base").prices.tokens.base == 0.05
    )


def test_a_later_override_wins(case: Case) -> None:
    """Breaks when an earlier value of the same path comes back."""
    once = case.override({"prices.tokens": 0.05, "staff.salary": 1})
    assert once.override({"prices.tokens": 0.06}).prices.tokens.base == 0.06
    assert once.override({"prices.tokens": 0.06}).staff.salary.base == 1
    # A range and then one of its ends, in one call or in two.
    steps = {"prices.cluster_hour": {"low": 1, "high": 3}, "prices.cluster_hour.high": 4}
    assert case.override(steps).prices.cluster_hour.high == 4
    ranged = case.override({"prices.cluster_hour": steps["prices.cluster_hour"]})
    assert ranged.override({"prices.cluster_hour.high": 4}).prices.cluster_hour.high == 4


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("prices.tokenz", 1, "matches nothing in the case; did you mean prices.tokens?"),
        ("tokens", 1, "matches nothing in the case; did you mean prices.tokens?"),
        ("price.tokens", 1, "did you mean prices.tokens?"),
        ("prices.tokens.hihg", 1, "did you mean prices.tokens.high?"),
        ("server_types.h10.power", 1, "did you mean server_types.h100.power?"),
        ("bank.rate", 1, "did you mean funding.instruments.bank.rate?"),
        ("qqq", 1, "`leam-opt schema` lists the keys of a case"),
        ("", 1, "matches nothing"),
        ("prices..tokens", 1, "matches nothing"),
        ("prices.tokens.high.x", 1, "matches nothing"),
        ("prices.tokens.unit", "EUR", "matches nothing"),
        ("title.x", 1, "matches nothing"),
        ("pools.tuning.staff_steps.0000000001.people", 1, "matches nothing"),
        ("server_types.h100.unit_price.2\u00b2\u00b2\u00b2", 1, "is not a year of the horizon"),
        ("pools.tuning.staff_steps.7.people", 1, "did you mean pools.tuning.staff_steps"),
        ("pools.core.staff_steps.0.people", 1, "matches nothing"),
        ("server_types.new", {"title": "x"}, "matches nothing"),
        ("scenarios.private.title", "x", "an override does not reach into a scenario"),
        ("reference_plan.units", 3, "the case has no section reference_plan"),
        ("prices.cluster_hour.low", 3, "prices.cluster_hour is a single number, not a range; set it itself"),
        ("sites.existing.heat_price.low", 3, "sites.existing.heat_price is a single number, not a range"),
        ("server_types.h100.unit_price.low", 3, "the figure is given by year; set one of them"),
        ("server_types.h100.unit_price.2035", 3, "2035 is not a year of the horizon 2025 to 2027"),
        ("server_types.h100.unit_price.2026.low", 3, "matches nothing"),
    ],
)
def test_a_path_that_matches_nothing(case: Case, path: str, value: Any, said: str) -> None:
    """Breaks when a mistyped path is dropped in silence, or its suggestion is lost."""
    problem = _refused(case, path, value)
    assert problem.startswith(f"--set {path}: ")
    assert said in problem


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("prices.tokens", -1, "-1 EUR/ktoken is too small; at least 0 EUR/ktoken is allowed"),
        ("prices.tokens", "many", "'many' is not a number with a unit"),
        ("prices.tokens", "3 kW", "the unit 'kW' does not fit; this figure is in EUR/ktoken"),
        ("prices.tokens", float("nan"), "not a finite number"),
        ("prices.tokens", None, "expected a number in EUR/ktoken, got nothing"),
        ("prices.tokens", [1], "expected a number in EUR/ktoken, got a list"),
        ("prices.tokens", {"low": 2, "base": 1}, "in order low <= base <= high, got 2, 1, 1 EUR/ktoken"),
        ("prices.tokens.low", 0.5, "in order low <= base <= high, got 0.5, 0.01, 0.02 EUR/ktoken"),
        ("prices.tokens.high", 0.001, "in order low <= base <= high, got 0.005, 0.01, 0.001 EUR/ktoken"),
        ("compute.goodput", 85, 'did you mean "85 %"?'),
        ("rules.public_use.scope", "everything", "'everything' is not allowed; known are core, all"),
        ("server_types.h100.life_years", 0, "at least 1 is possible"),
        ("server_types.h100.life_years", True, "expected a whole number, got 'true'"),
        ("funding.use", ["bonk"], "unknown instrument 'bonk'; did you mean 'bank'?"),
        (
            "prices",
            3,
            "expected a section with the keys cluster_hour, cluster_gpus, tokens, infrastructure_fee; got '3'",
        ),
        ("server_types.h100.unit_price", {2027: 1, 2025: 2}, "years out of order: 2025 stands after 2027"),
    ],
)
def test_a_value_that_cannot_stand_there(case: Case, path: str, value: Any, said: str) -> None:
    """Breaks when an override escapes a check of the case, or is told at a line of the file."""
    problem = _refused(case, path, value)
    assert problem.startswith(f"--set {path}")
    assert said in problem


def test_a_conflict_with_the_files_names_the_override(folder: Folder) -> None:
    """Breaks when a line of a sound file is blamed for what an override did."""
    problem = _refused(folder.load(), "horizon_years", 2)
    assert problem.startswith(folder.where("tenor_years: 3") + ": ")
    assert problem.endswith("at most 2 years fit (with --set horizon_years)")


def test_all_wrong_overrides_come_at_once(folder: Folder) -> None:
    """Breaks when the first wrong override hides the others."""
    with pytest.raises(CaseError) as caught:
        load_case(folder.path, overrides={"prices.tokenz": 1, "staff.salary": -1, "goodput": 1})
    assert len(caught.value.problems) == 3


def test_an_override_may_fit_a_scenario_only(folder: Folder) -> None:
    """Breaks when a path that only a scenario has is refused too early, or a misspelt one passes."""
    overlay = "      prices:\n        tokens: 0.012\n"
    folder.edit(overlay, "      upkeep: {insurance: {basis: all, share_per_year: 1 %}}\n")
    case = load_case(folder.path, overrides={"upkeep.insurance.share_per_year": 0.02})
    assert list(case.upkeep) == ["maintenance"]
    assert case.scenario("private").upkeep["insurance"].share_per_year.base == 0.02
    assert list(case.scenario("public").upkeep) == ["maintenance"]
    with pytest.raises(CaseError, match=r"upkeep\.insurances\.share_per_year: matches nothing"):
        load_case(folder.path, overrides={"upkeep.insurances.share_per_year": 0.02})
    with pytest.raises(CaseError, match=r"upkeep\.insurance\.share_per_year: matches nothing"):
        case.scenario("public").override({"upkeep.insurance.share_per_year": 0.03})


def test_settings_of_a_command_line() -> None:
    """Breaks when a value is not read as YAML, or the last setting of a path does not win."""
    assert parse_settings(
        [
            "prices.tokens=0.008",
            "a.b=25 ct/kWh",
            " funding.use = [x, y]",
            "r={low: 1, high: 2}",
            "on=true",
            "none=",
            "note=a=b",
            "prices.tokens=0.009",
        ]
    ) == {
        "a.b": "25 ct/kWh",
        "funding.use": ["x", "y"],
        "r": {"low": 1, "high": 2},
        "on": True,
        "none": None,
        "note": "a=b",
        "prices.tokens": 0.009,
    }


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("prices.tokens", "--set prices.tokens: an override is path.to.key=value"),
        ("=3", "--set =3: an override is path.to.key=value"),
        ("a=[1", "--set a: a quote or bracket is not closed"),
        ("a=*x", "--set a: aliases (*name) are not allowed"),
        ("a=!!python/name:os 1", "--set a: the tag '!!python/name:os' is not allowed"),
        ("a={b: 1, b: 2}", "--set a: the key 'b' stands twice"),
    ],
)
def test_wrong_settings(setting: str, said: str) -> None:
    """Breaks when a setting of the command line ends in a traceback or without its path."""
    with pytest.raises(CaseError) as caught:
        parse_settings([setting])
    assert caught.value.problems[0].startswith(said), caught.value.problems


def test_ends_of_ranges(folder: Folder) -> None:
    """Breaks when one kind of range stays at its base, or a number moves."""
    case = folder.load()
    low, high = case.at("low"), case.at("high")
    assert [c.prices.tokens.base for c in (low, case, high)] == [0.005, 0.01, 0.02]
    assert [c.server_types["h100"].unit_price.at_year(2025).base for c in (low, case, high)] == [15, 16, 19]
    assert [c.adoption["low"].tuning.at_year(2025).base for c in (low, case, high)] == [0.5, 1, 1.5]
    assert low.prices.cluster_hour == case.prices.cluster_hour
    assert (low.prices.tokens.low, low.prices.tokens.high) == (0.005, 0.02)
    assert load_case(folder.path, at="high").prices.tokens.base == 0.02
    # The end stays with the case through scenarios and overrides, and can be taken back.
    assert low.scenario("public").prices.tokens.base == 0.005
    assert low.override({"prices.tokens.low": 0.001}).prices.tokens.base == 0.001
    assert low.at("base").input_hash == case.input_hash
    with pytest.raises(CaseError, match="unknown end of ranges 'middle'; low, base or high"):
        case.at("middle")  # type: ignore[arg-type]
    with pytest.raises(CaseError, match="unknown end of ranges 'top'; low, base or high"):
        load_case(folder.path, at="top")  # type: ignore[arg-type]


def test_a_case_that_is_not_consistent_at_one_end(folder: Folder) -> None:
    """Breaks when the checks across sections are not repeated at the ends of the ranges."""
    folder.edit("share_max: 0.9, private_share_max: 0.1", "share_max: {low: 0.2, high: 1}, private_share_max: 0.1")
    with pytest.raises(CaseError) as caught:
        folder.load().at("low")
    assert any("0.5 is above share_max 0.2 (with all ranges at low)" in problem for problem in caught.value.problems)
    assert caught.value.problems[0].startswith(str(folder.path / "case.yaml"))


def test_a_case_that_was_built_in_python(case: Case) -> None:
    """Breaks when scenarios and overrides need a file behind the case."""
    from leam_opt.case.plain import plain
    from leam_opt.case.schema import Case

    built = Case.model_validate(plain(case))
    assert built.input_hash == case.input_hash
    assert built.scenario("private").input_hash == case.scenario("private").input_hash
    assert built.override({"prices.tokens": 1}).input_hash == case.override({"prices.tokens": 1}).input_hash
    assert _refused(built, "prices.tokens", -1).startswith("--set prices.tokens: -1 EUR")
    assert "case small: funding.instruments.bank.tenor_years" in _refused(built, "horizon_years", 2)
