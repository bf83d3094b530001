"""Scenarios: how an overlay merges, where its mistakes are told, and whom its figures quote."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from leam_opt.case.register import entries

if TYPE_CHECKING:
    from tests.case.small import Folder

OVERLAY = "      prices:\n        tokens: 0.012\n"


def test_sections_merge_figures_and_lists_replace(folder: Folder) -> None:
    """Breaks when a range of the case shines through a scenario's number, or a sibling key is lost."""
    case = folder.load()
    private = case.scenario("private")
    tokens = private.prices.tokens
    assert (tokens.low, tokens.base, tokens.high, tokens.note) == (0.012, 0.012, 0.012, None)
    assert private.prices.cluster_hour == case.prices.cluster_hour
    assert (case.funding.use, private.funding.use) == (["federal-grant"], ["bank"])
    bank = private.funding.instruments["bank"]
    assert (bank.cap_total.base, bank.title) == (400, "Bank loan")
    assert private.input_hash != case.input_hash
    assert case.scenario("public").input_hash == case.input_hash


def test_scenarios_do_not_pile_up(folder: Folder) -> None:
    """Breaks when a second scenario is laid on the first, or the case itself is changed."""
    case = folder.load()
    private = case.scenario("private")
    assert (case.active_scenario, private.active_scenario) == (None, "private")
    assert private.scenario("base").input_hash == case.input_hash == folder.load().input_hash
    assert private.scenario("public").active_scenario == "public"
    assert private.scenario("public").prices.tokens.base == 0.01
    assert private.scenario(None) is private
    assert case.scenario("base") is case
    assert case.scenario_names == ["public", "private"]


def test_figures_by_year_and_ranges_replace_as_a_whole(folder: Folder) -> None:
    """Breaks when an overlay's years are mixed with those of the case."""
    folder.edit(
        OVERLAY, "      server_types: {h100: {unit_price: {2025: 20}}}\n      rules: {renewable_share_min: 1}\n"
    )
    private = folder.load().scenario("private")
    assert list(private.server_types["h100"].unit_price.entries) == [2025]
    assert private.rules.renewable_share_min.at_year(2025).base == 1


def test_a_list_of_sections_replaces(folder: Folder) -> None:
    """Breaks when lists are merged entry by entry."""
    folder.edit(OVERLAY, "      pools: {tuning: {staff_steps: [{people: 20}]}}\n")
    steps = folder.load().scenario("private").pools.tuning.staff_steps
    assert [step.people.base for step in steps] == [20]


def test_an_optional_figure_can_be_taken_away_and_another_kind_replaces(folder: Folder) -> None:
    """Breaks when `null` does not remove, or the terms of one kind of instrument stay on another."""
    folder.edit("  pue_max: 1.5", "  pue_max: 1.5\n  co2_max: 3")
    folder.edit(
        "          bank: {cap_total: 400}",
        "          bank: {kind: equity, title: Shares, cap_total: 400, hurdle_rate: 8 %}",
    )
    folder.edit(OVERLAY, "      rules: {co2_max: }\n")
    case = folder.load()
    assert case.rules.co2_max is not None
    private = case.scenario("private")
    assert private.rules.co2_max is None
    assert private.funding.instruments["bank"].kind == "equity"


def test_a_scenario_may_add_an_entry(folder: Folder) -> None:
    """Breaks when a table of the case is closed to a complete new entry of a scenario."""
    folder.edit(OVERLAY, "      upkeep: {insurance: {basis: all, share_per_year: 1 %}}\n")
    assert list(folder.load().scenario("private").upkeep) == ["maintenance", "insurance"]


def test_a_table_stands_in_an_overlay_too(folder: Folder) -> None:
    """Breaks when tables are read in the case only."""
    folder.edit(OVERLAY, "      server_types: {h100: {unit_price: {csv: data/price.csv, key: year}}}\n")
    folder.write("data/price.csv", "year,value\n2025,21\n2026,20\n")
    assert folder.load().scenario("private").server_types["h100"].unit_price.at_year(2026).base == 20


SPOILED = {
    "unknown key": (
        "tokens: 0.012",
        "tokenz: 0.012",
        "tokenz",
        "scenarios.private.overlay.prices.tokenz: unknown key; did you mean 'tokens'?",
    ),
    "unknown section": (
        "      prices:\n",
        "      price:\n",
        "price:\n        t",
        "scenarios.private.overlay.price: unknown key; did you mean 'prices'?",
    ),
    "misspelt entry": (
        OVERLAY,
        "      server_types: {h10: {performance: 4}}\n",
        "h10:",
        "scenarios.private.overlay.server_types.h10: no such entry in the case; did you mean 'h100'?",
    ),
    "bad figure": (
        "tokens: 0.012",
        "tokens: -1",
        "-1\n",
        "scenarios.private.overlay.prices.tokens: -1 EUR/ktoken is too small; at least 0 EUR/ktoken is allowed",
    ),
    "bad reference": (
        "use: [bank]",
        "use: [banks]",
        "banks",
        "scenarios.private.overlay.funding.use.0: unknown instrument 'banks'; did you mean 'bank'?",
    ),
    "inconsistent with the case": (
        OVERLAY,
        "      horizon_years: 2\n",
        "tenor_years",
        "repaid only in 2027, after the horizon; at most 2 years fit (in the scenario private)",
    ),
    "renames the case": (OVERLAY, "      name: other\n", "name: other", "an overlay cannot change the name"),
    "a scenario in a scenario": (
        OVERLAY,
        "      scenarios: {}\n",
        "scenarios: {}",
        "an overlay cannot change the name",
    ),
    "misspelt overlay": ("    overlay:\n", "    overlaid:\n", "overlaid", "scenarios.private.overlaid: unknown key"),
    "overlay is no mapping": (
        "    title: Public\n",
        "    title: Public\n    overlay: 3\n",
        "3\n  private",
        "scenarios.public.overlay: ",
    ),
    "named base": (
        "  public:\n    title",
        "  base:\n    title",
        "base:\n    title",
        "the name 'base' stands for the case",
    ),
}


@pytest.mark.parametrize("name", SPOILED)
def test_mistakes_of_an_overlay_are_told_at_its_own_lines(folder: Folder, name: str) -> None:
    """Breaks when a scenario is not checked on loading, or its mistake is told at a line of the case."""
    old, new, place, said = SPOILED[name]
    problem = folder.edit(old, new).problem()
    assert problem.startswith(folder.where(place) + ": "), (problem, folder.where(place))
    assert said in problem


def test_the_mistakes_of_all_scenarios_come_at_once(folder: Folder) -> None:
    """Breaks when the check stops at the first scenario that is wrong."""
    folder.edit("    title: Public\n", "    title: Public\n    overlay: {prices: {tokens: -2}}\n")
    folder.edit("tokens: 0.012", "tokens: -1")
    assert [problem.partition("overlay")[0][-8:] for problem in folder.problems()] == [".public.", "private."]


def test_an_overlays_figures_never_quote_the_case(folder: Folder) -> None:
    """Breaks when a scenario's own number inherits `annex D` from the section of the case that it replaces."""
    folder.edit(
        "      funding:\n        use: [bank]\n", "      funding:\n        use: [bank]\n        source: a talk\n"
    )
    case = folder.load()
    base = {entry.path: entry.source for entry in entries(case)}
    private = {entry.path: entry.source for entry in entries(case.scenario("private"))}
    assert (base["prices.tokens"], base["prices.cluster_hour"]) == ("annex D", "annex D")
    assert private["prices.tokens"] == "assumption: a bank lends more to a private company"
    assert private["funding.instruments.bank.cap_total"] == "a talk"
    # What the overlay does not touch keeps its source.
    assert private["prices.cluster_hour"] == "annex D"
    assert private["funding.instruments.bank.rate"] == base["funding.instruments.bank.rate"] == "made up"
