"""The JSON Schema says of every key what it means, and agrees with the loader about the forms of a case."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from leam_opt.case.catalogue import find_case, list_cases
from leam_opt.case.schema import case_schema
from leam_opt.case.yaml_source import parse_yaml
from tests.case.json_schema import errors

if TYPE_CHECKING:
    from tests.case.small import Folder


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    return case_schema()


def _keys(schema: dict[str, Any]) -> dict[str, dict[str, Any]]:
    sections = {"Case": schema, **schema["$defs"]}
    return {
        f"{name}.{key}": form
        for name, section in sections.items()
        for key, form in section.get("properties", {}).items()
    }


def _found(file: Path, schema: dict[str, Any]) -> list[str]:
    tree, problems = parse_yaml(file.read_text(encoding="utf-8"), str(file))
    assert not problems
    return list(errors(tree.data(), schema, schema))


def test_every_key_has_a_description(schema: dict[str, Any]) -> None:
    """Breaks when a key of the schema has no docstring, and an editor nothing to show."""
    keys = _keys(schema)
    assert len(keys) > 150
    assert [name for name, form in keys.items() if not form.get("description")] == []


def test_every_figure_has_its_unit_and_every_reference_a_target(schema: dict[str, Any]) -> None:
    """Breaks when a figure's unit, default or bounds are lost on the way into the schema."""
    keys = _keys(schema)
    reference = {"$ref": "#/$defs/Range"}
    figures = {name: form for name, form in keys.items() if reference in form.get("else", form).get("anyOf", [])}
    assert len(figures) > 80
    assert [name for name, form in figures.items() if not form.get("unit")] == []
    assert (keys["Site.heat_price"]["unit"], keys["Site.heat_price"]["default"]) == ("EUR/MWh", 0)
    assert keys["Rules.co2_max"]["unit"] == "kt/a"
    assert keys["Loan.tenor_years"]["unit"] == "a"
    assert keys["TimelyUseRule.years"]["unit"] == "a"
    assert (keys["ValueForMoney.samples"]["unit"], keys["ValueForMoney.seed"]["unit"]) == ("sample", "number")
    assert keys["RateBand.up_to"]["unit"] == keys["Guarantee.cap_total"]["unit"] == "MEUR"
    assert (keys["Access.price"]["unit"], keys["BudgetLine.cap_per_year"]["unit"]) == ("EUR/GPUh", "MEUR/a")
    assert keys["Taxation.corporate_tax"]["unit"] == keys["Tranche.loss_max"]["unit"] == "share"
    assert {"maximum": 1, "minimum": 0, "type": "number"} in keys["Grant.intensity"]["anyOf"]
    assert {"maximum": 5, "minimum": -1, "type": "number"} in keys["Risk.overrun"]["anyOf"]
    assert {"exclusiveMinimum": 0, "type": "number"} in keys["Prices.cluster_hour"]["anyOf"]
    text = str(schema)
    named = {part.split("'")[0] for part in text.split("#/$defs/")[1:]}
    assert named <= set(schema["$defs"])


@pytest.mark.parametrize("name", list_cases())
def test_shipped_cases_fit_the_schema(schema: dict[str, Any], name: str) -> None:
    """Breaks when an editor would underline something in a case that the loader takes."""
    file = find_case(name) / "case.yaml"
    assert file.read_text(encoding="utf-8").startswith("# yaml-language-server: $schema=case.schema.json\n")
    assert _found(file, schema) == []


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("", "", None),
        ("goodput: 0.9", "goodput: {low: 0.8, high: 90 %, source: x}", None),
        ("goodput: 0.9", "goodput: 85", ".compute.goodput: fits none"),
        ("goodput: 0.9", "goodput: {lwo: 1}", ".compute.goodput: fits none"),
        ("goodput: 0.9", "gooodput: 0.9", ".compute.gooodput: unknown key"),
        ("kind: loan", "kind: lone", ".funding.instruments.bank: fits 0 of 6 forms"),
        ("  existing:\n", "  Existing Hall:\n", ".sites.Existing Hall: unknown key"),
        ("title: A small case\n", "", ": title is missing"),
        ("start_year: 2025", "start_year: 25", ".start_year: 25 is out of bounds"),
        (
            "upkeep:\n  maintenance: {basis: hardware, share_per_year: 2.5 %}",
            "upkeep: {csv: data/u.csv, key: name}",
            None,
        ),
        ("rent: 100000", "rent: {csv: data/u.csv, key: name}", ".cpu.rent: fits none"),
        ("{csv: data/demand.csv, key: year, where: {service: core}}", "{csv: data/demand.csv}", "core: key is missing"),
        ("start_year: 2025", "start_yaer: 2025", ".start_yaer: unknown key"),
    ],
)
def test_the_schema_sees_what_the_loader_sees(
    schema: dict[str, Any], folder: Folder, old: str, new: str, said: str | None
) -> None:
    """Breaks when the schema refuses a form that loads, or lets a mistake of form pass."""
    if old:
        folder.edit(old, new)
    found = _found(folder.path / "case.yaml", schema)
    assert found == [] if said is None else any(said in line for line in found), found


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("", "", None),
        ("rate: 6 %}", "rate: {low: 5.5 %, base: 6 %, high: 6.5 %, source: x}}", None),
        ("  alternatives:\n    union: [union-grant, union-access]\n", "", None),
        ("payer: union, entity", "payer: unionn, entity", ".funding.instruments.union-access: fits 0 of 6 forms"),
        ("price: 2, intensity: 0.17", "price: 0, intensity: 0.17", "union-access: fits 0 of 6 forms"),
        ("{rate: 7.5 %}", "{rates: 7.5 %}", ".funding.instruments.bank: fits 0 of 6 forms"),
        ("[first-loss, mid-piece, top-piece]}", "[first-loss]}", ".funding.funds.innovation.tranches: too short"),
        ("loans: [bank, promo-loan]", "loans: bank", ".guarantees.bank-guarantee.loans: is no array"),
        ("share_max: 80 %", "share_max: 80", ".guarantees.state-guarantee.share_max: fits none"),
        ("share_max: 80 %", "share_maxi: 80 %", ".guarantees.state-guarantee.share_maxi: unknown key"),
        ("union: [union-grant, union-access]", "union: union-grant", ".alternatives.union: is no array"),
        ("union: [union-grant, union-access]", "union: [Union Grant]", "'Union Grant' does not match"),
        ("matched: [state-grant], ", "", ".matching.donors: matched is missing"),
        ("cap_per_year: {2025: 120, 2026: 60}", "cap_per_year: {25: 120}", ".digital.cap_per_year: fits none"),
        ("price: 0.02, demand: 60 %", "price: 0.02", ".prices.token_levels.2: demand is missing"),
        ("{price: 0.01, demand: 1}, ", "{price: 0.01, demand: 1}, " * 19, ".prices.token_levels: too long"),
        ("timely_use: {years: 3", "timely_use: {years: 11", ".rules.timely_use.years: 11 is out of bounds"),
        ("basis: capex, overrun", "basis: capital, overrun", ".value_for_money: fits none"),
        ("  comparator: base\n", "", ".value_for_money: fits none"),
    ],
)
def test_the_schema_sees_funding_as_the_loader_does(
    schema: dict[str, Any], rich: Folder, old: str, new: str, said: str | None
) -> None:
    """Breaks when the schema refuses an instrument or rule that loads, or an editor would not see a mistake of form."""
    if old:
        rich.edit(old, new)
    found = _found(rich.path / "case.yaml", schema)
    assert found == [] if said is None else any(said in line for line in found), found
    if said is None:
        rich.load()
    else:
        rich.problems()
