"""Numbers change without a rebuild: setting the mutable parameters equals building the changed case."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyomo.environ as pyo
import pytest

from leam_opt.case.catalogue import list_cases
from leam_opt.case.derive import TABLE, Derived, derive
from leam_opt.case.load import load_case
from leam_opt.case.schema import Case
from leam_opt.solve.formulation import build
from leam_opt.solve.standard_form import StandardForm, compile_model
from tests.builders import small_case
from tests.ledger.funded import rich_case

AXES = {letter: letter for letter in "SGYKNPJFAEBULMXR"} | {"V": "Y"}


def set_parameters(model: Any, derived: Derived) -> None:
    """Gives each parameter the value of another derived table."""
    for name, (letters, _, _) in TABLE.items():
        parameter, values = getattr(model, name), derived.values[name]
        if not letters:
            parameter.set_value(float(values) if np.isfinite(values) else 0.0)
            continue
        members = [getattr(model, AXES[letter]) for letter in letters]
        for position in np.ndindex(values.shape):
            labels = tuple(members[axis][i] for axis, i in enumerate(position))
            if np.isfinite(values[position]):
                parameter[labels if len(labels) > 1 else labels[0]] = float(values[position])


def compiled(model: Any) -> StandardForm:
    return compile_model(model, [getattr(model, stage.name) for stage in model.stages])


def difference(one: StandardForm, other: StandardForm) -> list[str]:
    """Names the parts of two standard forms that are not equal."""
    found = [] if abs(one.matrix - other.matrix).max() == 0 else ["matrix"]
    arrays = ("row_lower", "row_upper", "lower", "upper", "objectives", "offsets")
    return found + [name for name in arrays if not np.array_equal(getattr(one, name), getattr(other, name))]


CHANGES: dict[str, dict[str, Any]] = {
    "prices": {"prices.cluster_hour": 3000, "prices.tokens": 0.002, "energy_sources.mix.price": 0.17},
    "machines": {"server_types.alpha.power": 6, "server_types.beta.performance": 2.5, "compute.goodput": 0.7},
    "mission": {"mission.public_compute_min": 9, "mission.models_per_year_max": 4, "mission.funnel_factor": 3},
    "sites": {"sites.north.pue": 1.25, "sites.south.modules_max": 3, "sites.north.opening_cost": 5},
    "rules": {"rules.public_use.share_min": 0.8, "rules.co2_max": 3, "rules.renewable_share_min": 0.7},
    "funding": {
        "funding.instruments.loan.rate": 0.05,
        "funding.instruments.equity.hurdle_rate": 0.2,
        "funding.instruments.grant.cap_total": 200,
        "funding.cash_reserve_service": 1,
    },
    "staff": {
        "staff.salary": 120000,
        "pools.tuning.staff_steps.0.people": 7,
        "pools.inference.staff_steps.0.up_to": 1.2,
    },
    "adoption": {"adoption.high.private_share_min": 0.3, "adoption.low.core": 0.7},
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_setting_parameters_equals_a_fresh_build(change: Mapping[str, Any]) -> None:
    """A number that entered the model past its parameter would stay as it was in the changed model.

    The change has to show: a form equal to the unchanged one would prove nothing.
    """
    case = small_case()
    changed = case.override(change)
    model = build(case)
    before = compiled(model)
    set_parameters(model, derive(changed))
    after, fresh = compiled(model), compiled(build(changed))
    assert difference(after, before)
    assert [str(row) for row in after.rows] == [str(row) for row in fresh.rows]
    assert [str(column) for column in after.columns] == [str(column) for column in fresh.columns]
    assert difference(after, fresh) == []


FINANCING: dict[str, Any] = {
    "funding.instruments.bank.rate_bands.1.rate": 0.11,
    "funding.instruments.bank.lockup_dscr": 1.4,
    "funding.instruments.access.price": 3,
    "taxation.corporate_tax": 0.25,
    "taxation.vat": 0.1,
    "prices.token_levels.0.demand": 1.9,
    "prices.cluster_hour_levels.0.price": 1500,
    "adoption.high.inference": 15,
    "rules.timely_use.free_reserve_share": 0.2,
}


def test_setting_the_parameters_of_a_financing_equals_a_fresh_build() -> None:
    """The same for a case with every kind of instrument, guarantee, fund, tax and price."""
    case = rich_case()
    changed = case.override(FINANCING)
    model = build(case)
    before = compiled(model)
    set_parameters(model, derive(changed))
    after, fresh = compiled(model), compiled(build(changed))
    assert difference(after, before)
    assert difference(after, fresh) == []


def test_the_shipped_case_changes_without_a_rebuild() -> None:
    """The same for the PPP scenario at the high end of all ranges."""
    case = load_case("leam-2022").scenario("ppp")
    model = build(case)
    set_parameters(model, derive(case.at("high")))
    assert difference(compiled(model), compiled(build(case.at("high")))) == []


def test_every_entry_of_the_table_is_a_documented_parameter() -> None:
    """All numbers enter through the table: each entry is a mutable parameter with its unit, and there are no others."""
    model = build(small_case())
    parameters = {parameter.local_name: parameter for parameter in model.component_objects(pyo.Param)}
    assert set(parameters) == set(TABLE)
    for name, (_, unit, meaning) in TABLE.items():
        assert parameters[name].mutable, name
        assert parameters[name].doc == f"{meaning} [{unit}]"


def test_the_table_has_the_axes_that_it_documents() -> None:
    case = small_case()
    derived = derive(case)
    index = derived.index
    sizes = {
        "S": len(index.sites),
        "G": len(index.types),
        "Y": len(index.years),
        "V": len(index.years),
        "K": 3,
        "N": len(index.generations),
        "P": index.steps,
        "J": len(index.sources),
        "F": len(index.instruments),
        "A": len(index.levels),
        "E": 2,
        "B": index.bands,
        "U": len(index.guarantees),
        "L": index.token_levels,
        "M": index.cluster_levels,
        "X": len(case.funding.budget_lines),
        "R": len(case.funding.matching),
    }
    shapes = {name: values.shape for name, values in derived.values.items()}
    assert shapes == {name: tuple(sizes[axis] for axis in letters) for name, (letters, _, _) in TABLE.items()}


def shipped() -> list[tuple[str, str, str]]:
    return [
        (name, scenario, end)
        for name in list_cases()
        for scenario in ("base", *load_case(name).scenario_names)
        for end in ("low", "base", "high")
    ]


@pytest.mark.parametrize(("name", "scenario", "end"), shipped())
def test_coefficients_stay_within_reach_of_the_solver(name: str, scenario: str, end: Any) -> None:
    """Entries beyond 1e-4..1e4 once made HiGHS claim optimality with violated rows."""
    case: Case = load_case(name).scenario(scenario).at(end)
    smallest, largest = compiled(build(case)).coefficient_range()
    assert smallest >= 1e-4, smallest
    assert largest <= 1e4, largest
