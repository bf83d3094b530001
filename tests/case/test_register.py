"""The register of assumptions, and the hash that tells two inputs apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from leam_opt.case.register import entries, unsourced

if TYPE_CHECKING:
    import pandas as pd

    from tests.case.small import Folder

COLUMNS = ["path", "low", "base", "high", "unit", "source", "note", "changed"]


def _by_path(frame: pd.DataFrame) -> pd.DataFrame:
    assert list(frame.columns) == COLUMNS
    assert frame["path"].is_unique
    return frame.set_index("path")


def test_every_figure_is_one_row(folder: Folder) -> None:
    """Breaks when a kind of figure is left out: ranges, years, whole numbers, entries of lists, defaults."""
    frame = _by_path(folder.load().assumptions())
    tokens = frame.loc["prices.tokens"]
    assert [*tokens[["low", "base", "high", "unit", "source", "note"]]] == [
        0.005, 0.01, 0.02, "EUR/ktoken", "annex D", "list price",
    ]  # fmt: skip
    assert frame.loc["server_types.h100.unit_price.2027", "base"] == 14
    assert "server_types.h100.unit_price" not in frame.index
    assert frame.loc["energy_sources.green.price", "base"] == 0.22
    assert [*frame.loc["server_types.h100.life_years", ["base", "unit", "source"]]] == [5, "a", "a price list"]
    assert [*frame.loc["server_types.h100.on_sale_from", ["base", "unit"]]] == [2022, "calendar year"]
    assert [*frame.loc["mission.models_per_year_min", ["base", "unit"]]] == [3, "model/a"]
    assert [*frame.loc["sites.existing.modules_max", ["base", "unit"]]] == [20, "unit"]
    assert [*frame.loc["pools.tuning.staff_steps.1.people", ["base", "unit"]]] == [8, "person"]
    assert [*frame.loc["sites.existing.heat_price", ["base", "source"]]] == [0, "default of the schema"]
    assert [*frame.loc["objective.discount_rate", ["base", "source"]]] == [0, "default of the schema"]
    assert frame.loc["adoption.low.core.2026", "source"] == "made up"
    # Truth values and words are no figures, and a scenario's figures are not the case's.
    assert not {"upkeep.maintenance.enabled", "infrastructure_entity", "rules.co2_max"} & set(frame.index)
    assert not any(path.startswith("scenarios") for path in frame.index)
    assert not frame["changed"].any()


def test_figures_in_lists_and_rules_are_rows_and_names_are_none(rich: Folder) -> None:
    """Breaks when a band, a level or a rule loses its figures or their source, or a name of a list counts as one."""
    frame = _by_path(rich.load().assumptions())
    found = [
        ("funding.instruments.bank.rate_bands.1.rate", 0.06, "share", "a term sheet"),
        ("funding.instruments.bank.rate_bands.1.up_to", 35, "MEUR", "a term sheet"),
        ("funding.instruments.bank.tenor_years", 3, "a", "a term sheet"),
        ("funding.instruments.union-access.price", 2, "EUR/GPUh", "made up"),
        ("funding.instruments.top-piece.loss_max", 0, "share", "default of the schema"),
        ("funding.guarantees.state-guarantee.rate_reduction", 0.015, "share", "made up"),
        ("funding.budget_lines.digital.cap_per_year.2026", 60, "MEUR/a", "made up"),
        ("funding.matching.donors.ratio", 0.05, "share", "made up"),
        ("prices.token_levels.2.demand", 0.6, "share", "annex D"),
        ("prices.cluster_hour_levels.0.price", 8000, "EUR/h", "annex D"),
        ("rules.timely_use.years", 3, "a", "AO"),
        ("taxation.corporate_tax.2027", 0.29, "share", "KStG, UStG"),
        ("discounting.real_rate", 0.02, "share", "assumption: long run"),
        ("value_for_money.risks.delay.overrun", 0.05, "share", "assumption: as tested elsewhere"),
        ("value_for_money.transferred.opex", 0, "share", "default of the schema"),
        ("value_for_money.samples", 500, "sample", "assumption: as tested elsewhere"),
        ("value_for_money.seed", 7, "number", "assumption: as tested elsewhere"),
    ]
    for path, base, unit, source in found:
        assert [*frame.loc[path, ["base", "unit", "source"]]] == [base, unit, source], path
    names = ("funding.use", "funding.alternatives", "funding.funds", "funding.instruments.bank.rate_bands.2.up_to")
    assert not [path for path in frame.index if path.startswith(names)]
    assert not [path for path in frame.index if path.endswith((".loans", ".matched", ".comparator", ".payer"))]


def test_what_has_changed(folder: Folder) -> None:
    """Breaks when a figure that a scenario, an override or an end of the ranges moves is not marked, or another is."""
    case = folder.load()
    frame = _by_path(case.scenario("private").override({"staff.salary": "0.2 M€/a"}).assumptions())
    changed = {"prices.tokens", "funding.instruments.bank.cap_total", "staff.salary"}
    assert set(frame.index[frame["changed"]]) == changed
    assert [*frame.loc["staff.salary", ["base", "source"]]] == [200_000, "override"]
    ranges = _by_path(case.assumptions()).query("low != base")
    moved = _by_path(case.at("low").assumptions())
    assert set(moved.index[moved["changed"]]) == set(ranges.index)
    # The same number in another unit is no change.
    assert not case.override({"energy_sources.green.price": "0.22 EUR/kWh"}).assumptions()["changed"].any()


def test_figures_without_a_source(folder: Folder) -> None:
    """Breaks when one source for the whole case hides that a figure has none, in the case or in an overlay."""
    sections = {"server_types.h100", "prices", "adoption.low.core", "adoption.low.tuning", "adoption.low.inference"}
    found = unsourced(folder.load())
    figures = {entry.path for entry in entries(folder.load()) if entry.source != "default of the schema"}
    beside = {"start_year", "horizon_years"}
    assert set(found) == {path for path in figures - beside if not path.startswith(tuple(sections))}
    folder.edit('    source: "assumption: a bank lends more to a private company"\n', "")
    assert [path for path in unsourced(folder.load()) if path not in found] == [
        "scenarios.private.overlay.prices.tokens",
    ]
    folder.edit("tokens: 0.012", "tokens: {base: 0.012, source: a letter}")
    assert unsourced(folder.load()) == found


def test_a_section_that_an_overlay_adds_has_the_overlays_sources(folder: Folder) -> None:
    """Breaks when figures of a section that only the scenario has look for their source in the case."""
    folder.edit(
        "      prices:\n        tokens: 0.012\n",
        "      upkeep:\n        spares: {basis: all, share_per_year: 1 %}\n"
        "      server_types:\n        h100: {life_years: 4}\n"
        "        b200: {title: B, source: a list, gpus_per_server: 8, power: 14, performance: 7, life_years: 5,"
        " on_sale_from: 2025, unit_price: {2025: 30, 2026: 28}}\n",
    )
    case = folder.load().scenario("private")
    sources = {entry.path: entry.source for entry in entries(case)}
    scenario = "assumption: a bank lends more to a private company"
    assert sources["upkeep.spares.share_per_year"] == scenario
    assert sources["server_types.h100.life_years"] == scenario
    assert sources["server_types.h100.power"] == "a price list"
    assert sources["server_types.b200.life_years"] == sources["server_types.b200.unit_price.2026"] == "a list"
    assert case.server_types["b200"].unit_price.at_year(2026).source == "a list"


def test_the_hash_knows_figures_and_nothing_else(folder: Folder) -> None:
    """Breaks when words, comments, the order of keys or the spelling of a figure change the hash."""
    expected = folder.load().input_hash
    assert len(expected) == 64
    assert folder.load().input_hash == expected
    for old, new in [
        ("title: A small case", "title: Another title # and a comment\ndescription: of it"),
        ("name: small", "name: copy"),
        ("source: made up", "source: somewhere else\nnote: new"),
        ("note: list price", "note: other, source: me"),
        ("price: 22 ct/kWh", "price: 0.22"),
        ("power: 10.2 kW\n    performance: 3", "performance: 300 %\n    power: 0.0102 MW"),
        ("{low: 1.5, high: 2.5}", "{low: 150, base: 200, high: 250, unit: '%'}"),
        ("goodput: 0.9", "goodput: 90 %"),
        ("tokens: 0.012", "tokens: 0.013"),  # of a scenario
        ("  pue_max: 1.5", "  pue_max: 1.5\n  heat_reuse_min: 0"),  # the default, written out
    ]:
        folder.edit(old, new)
        assert folder.load().input_hash == expected, new


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("prices.tokens", 0.011),
        ("prices.tokens.high", 0.021),
        ("prices.tokens.low", 0.0051),
        ("server_types.h100.unit_price.2027", 13),
        ("server_types.h100.life_years", 4),
        ("rules.public_use.enabled", False),
        ("rules.public_use.scope", "all"),
        ("rules.co2_max", 100),
        ("funding.use", ["bank"]),
        ("pools.tuning.staff_steps.0.people", 6),
        ("objective.name", "public_money_npv"),
        ("start_year", 2024),
        ("adoption.low.core.2026.high", 5),
    ],
)
def test_the_hash_knows_every_figure(folder: Folder, path: str, value: object) -> None:
    """Breaks when two inputs of different results look the same to a store of results."""
    case = folder.load()
    overrides = {path: value}
    if path == "start_year":  # the figures by year begin in 2025
        case = case.override(
            {"server_types.h100.unit_price": 1, "rules.renewable_share_min": 1, "generations.leam-1.first_year": 2024}
        )
        overrides |= {f"adoption.low.{key}": 1 for key in ("core", "tuning", "inference")}
        case = case.override({f"adoption.low.{key}": 1 for key in ("core", "tuning", "inference")})
    assert case.override(overrides).input_hash != case.input_hash


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("funding.instruments.bank.rate_bands.2.rate", "8 %"),
        ("funding.instruments.bank.rate_bands.1.up_to", 36),
        ("funding.instruments.bank.lockup_dscr", 1.5),
        ("funding.instruments.sub-loan.seniority", "senior"),
        ("funding.instruments.union-grant.payer", "federation"),
        ("funding.funds.innovation.tranches", ["first-loss", "top-piece", "mid-piece"]),
        ("funding.guarantees.bank-guarantee.fee", "2 %"),
        ("funding.guarantees.bank-guarantee.loans", ["bank"]),
        ("funding.matching.donors.matched", ["union-grant"]),
        ("funding.alternatives.union", ["union-grant", "supporters"]),
        ("taxation.corporate_tax", None),
        ("prices.token_levels.0.demand", 1.4),
        ("rules.timely_use.replacement_reserve", True),
        ("value_for_money.seed", 8),
        ("value_for_money.partnership", "public"),
    ],
)
def test_the_hash_knows_all_of_funding(rich: Folder, path: str, value: object) -> None:
    """Breaks when a rule, a rate band or a tax is left out of the hash."""
    rich.edit("scenarios:\n", "scenarios:\n  public: {title: Public}\n")
    case = rich.load()
    overrides = {path: value}
    if path.startswith("funding.funds"):  # losses must not rise in the new order
        case = case.override({"funding.instruments.mid-piece.loss_max": 0})
    assert case.override(overrides).input_hash != case.input_hash


def test_the_hash_does_not_know_the_order_of_entries(folder: Folder) -> None:
    """Breaks when two files with the same entries in another order are two inputs."""
    first, second = "maintenance: {basis: hardware, share_per_year: 2.5 %}", "spares: {basis: all, share_per_year: 1 %}"
    folder.edit(f"  {first}\n", f"  {first}\n  {second}\n")
    expected = folder.load().input_hash
    folder.edit(f"  {first}\n  {second}\n", f"  {second}\n  {first}\n")
    assert folder.load().input_hash == expected


def test_the_hash_of_a_renamed_entry_differs(folder: Folder) -> None:
    """Breaks when names of sites, types or instruments, which are part of a result, are left out."""
    case = folder.load()
    folder.edit("  existing:\n", "  other:\n")
    assert folder.load().input_hash != case.input_hash
