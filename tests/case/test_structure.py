"""Cases have the same structure exactly where a model of one serves the other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

import leam_opt as lo
from leam_opt.case.derive import derive
from leam_opt.case.figures import quantities_at
from leam_opt.case.register import entries
from leam_opt.case.schema import Case
from leam_opt.case.structure import structure_hash
from leam_opt.errors import CaseError
from leam_opt.solve.problem import Problem
from tests.builders import DROP, small_case
from tests.ledger.funded import loan, rich_case

Overrides = Mapping[str, Any]


def hashed(case: Case) -> str:
    return structure_hash(case, derive(case))


def figures(case: Case) -> dict[str, float]:
    """Planning values of all figures above zero, by path."""
    found = {}
    for entry in entries(case):
        try:
            quantities_at(case, entry.path)
        except CaseError:  # a whole number
            continue
        if entry.base > 0:
            found[entry.path] = entry.base
    return found


@pytest.mark.parametrize("name", ["small", "leam-2022", "investai-gigafactory"])
def test_cases_that_differ_in_figures_have_one_structure(name: str) -> None:
    """Breaks when each variant of a study would get a model of its own."""
    case = small_case() if name == "small" else lo.load_case(name).scenario("ppp")
    random, known = np.random.default_rng(1), hashed(case)
    planned = figures(case)
    fitting = (".rate", ".share", "reference_plan", "value_for_money", "private_share_min", "levels")
    paths = [path for path in planned if not any(word in path for word in fitting)]
    for _ in range(3):
        some = random.choice(paths, size=len(paths) // 3, replace=False)
        assert hashed(case.override({path: planned[path] * random.uniform(0.995, 1) for path in some})) == known
    # Nor do an end of a range, an entry for one more year and words for people change anything.
    assert hashed(case.at("high")) == known
    assert hashed(case.override({f"rules.pue_max.{case.years[-1]}": 1.9})) == known
    words = {"title": "Another title", "description": "Other words", "note": "a note", "source": "a source"}
    assert hashed(case.override(words)) == known
    assert hashed(case.model_copy(update={"name": "another", "scenarios": {}})) == known


CHANGES: dict[str, Overrides] = {
    "another objective": {"objective.name": "public_money_npv"},
    "another switch": {"rules.public_use.enabled": False},
    "another word": {"rules.public_use.scope": "all"},
    "another owner": {"infrastructure_entity": "service"},
    "another company of a pool": {"pools.core.entity": "service"},
    "another value of the machines at the horizon": {"objective.residual_value": True},
    "fewer instruments": {"funding.use": ["grant", "sponsor", "loan"]},
    "instruments in another order": {"funding.use": ["sponsor", "grant", "loan", "equity"]},
    "a shorter horizon": {"horizon_years": 2},
    "another life": {"server_types.alpha.life_years": 3},
    "another end of sale": {"server_types.alpha.on_sale_until": 2026},
    "another first year of a site": {"sites.south.open_from": 2027},
    "another last year of draws": {"funding.instruments.loan.last_year": 2027},
    "a limit": {"objective.deficit_max": 500},
    "no limit": {"rules.co2_max": None},
    "a tax": {"taxation.corporate_tax": 0.3},
    "no minimum ticket": {"funding.instruments.equity.min_ticket": 0},
    "a minimum ticket": {"funding.instruments.loan.min_ticket": 1},
    "a reserve account": {"funding.instruments.loan.reserve_months": 6},
    "a lock-up": {"funding.instruments.loan.lockup_dscr": 1.4},
    "a demand curve": {"prices.token_levels": [{"price": 0.001, "demand": 1}]},
    "another team": {
        "pools.tuning.staff_steps": [{"people": 5, "up_to": 1}, {"people": 8, "up_to": 2}, {"people": 10}]
    },
    "a team with a limit": {"pools.tuning.staff_steps": [{"people": 5, "up_to": 1}, {"people": 10, "up_to": 9}]},
    "alternatives": {"funding.alternatives": {"either": ["sponsor", "equity"]}},
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_cases_that_differ_in_anything_else_have_not(change: Overrides) -> None:
    """Breaks when a model is taken for a case that it was not built for."""
    assert hashed(small_case().override(change)) != hashed(small_case())


def test_names_and_their_order_are_structure() -> None:
    """Breaks when sites or loans by another name pass for those of the model."""
    case = small_case()
    renamed = small_case(
        sites={"south": DROP, "west": case.sites["south"]}, energy_sources={"solar": {"sites": ["west"]}}
    )
    assert hashed(renamed) != hashed(case)
    turned = case.model_copy(update={"sites": dict(reversed(case.sites.items()))})
    assert hashed(turned) != hashed(case)


def test_figures_that_decide_on_rows_count_by_the_top_of_their_range() -> None:
    """Breaks when a ticket of zero to five, for which the model has a row, is taken for none, or for another structure
    than a ticket of five.
    """
    path, values = "funding.instruments.equity.min_ticket", (0, 5, {"low": 0, "base": 0, "high": 5})
    none, some, ranged = (hashed(small_case().override({path: value})) for value in values)
    assert none != some
    assert ranged == some


POOL: dict[str, list[Any]] = {
    "prices.tokens": [0.002],
    "mission.public_compute_min.2026": [5],
    "server_types.beta.unit_price": [17],
    "sites.south.modules_max": [1, 3],
    "sites.south.open_from": [2025, 2027],
    "server_types.alpha.life_years": [1, 3],
    "server_types.beta.on_sale_from": [2025, 2027],
    "generations.m1.last_year": [2027],
    "generations.m1.models_min": [2],
    "mission.models_per_year_max": [2, 4],
    "rules.grant_income.enabled": [False],
    "rules.ancillary_use.scope": ["core"],
    "rules.co2_max": [None, 3],
    "infrastructure_entity": ["service"],
    "objective.deficit_max": [400],
    "objective.name": ["public_money_npv"],
    "taxation.corporate_tax": [0.2],
    "funding.use": [["grant", "loan", "equity"], ["grant", "sponsor"], ["loan", "grant", "sponsor", "equity"]],
    "funding.instruments.equity.min_ticket": [0, 2],
    "funding.instruments.loan.min_ticket": [1],
    "funding.instruments.loan.tenor_years": [1, 3],
    "funding.instruments.loan.reserve_months": [3, 6],
    "funding.instruments.loan.first_year": [2026],
    "energy_sources.solar.sites": [None],
    "prices.token_levels": [[{"price": 0.001, "demand": 1}, {"price": 0.002, "demand": 0.5}]],
}


def drawn(seed: int) -> Case | None:
    """The small case with up to three overrides; some go together with others only."""
    random = np.random.default_rng(seed)
    paths = random.choice(list(POOL), size=int(random.integers(1, 4)), replace=False)
    try:
        return small_case().override({path: POOL[path][int(random.integers(len(POOL[path])))] for path in paths})
    except CaseError:
        return None


def test_the_structure_is_that_of_the_model() -> None:
    """Cases of one structure have a model whose numbers change into those of the other; others may have another model.

    Breaks when something that a set asks for is missing in the hash, or a number of a model comes past the table.
    """
    cases = [small_case(), *(case for seed in range(25) if (case := drawn(seed)) is not None)]
    # A price from the first year on, before the type is on sale, is a figure more in the table.
    cases.append(small_case().override({"server_types.beta.unit_price": 16}))
    # One more for each, with other figures.
    cases += [case.override({"prices.cluster_hour": 3000, "staff.salary": 90000}) for case in cases]
    structures: dict[str, list[Case]] = {}
    for case in cases:
        structures.setdefault(hashed(case), []).append(case)
    assert 15 < len(structures) <= len(cases) // 2
    models = {}
    for structure, members in structures.items():
        first = Problem.of(members[0])
        models[structure] = names(first)
        for other in members[1:2]:
            own = Problem.of(other)
            assert names(own) == names(first)
            table = derive(other).values
            assert first.template.fits(table)
            form, wanted = (problem.template.form(problem.template.vector(table)) for problem in (first, own))
            for side in ("row_lower", "row_upper", "lower", "upper", "objectives", "offsets", "is_integer"):
                np.testing.assert_array_equal(getattr(form, side), getattr(wanted, side), err_msg=side)
            assert abs(form.matrix - wanted.matrix).max() == 0
    assert len(set(models.values())) > 12


def names(problem: Problem) -> tuple[str, ...]:
    """Rows, columns and objectives of a model."""
    template = problem.template
    parts = [*template.rows, "columns", *template.columns, "objectives", *problem.position]
    return tuple(str(part) for part in parts)


def test_guarantees_that_lenders_ask_for_are_structure() -> None:
    """Breaks when a smallest guaranteed share above zero, which has rows, passes for one of zero."""
    path = "funding.instruments.bank.guaranteed_share_min"
    asked = rich_case()
    assert hashed(asked.override({path: 0.05})) == hashed(asked)
    assert hashed(asked.override({path: 0})) != hashed(asked)
    guaranteed = {"guarantees": {"state": {"loans": ["bank"]}}}
    assert hashed(rich_case(funding={**guaranteed, "instruments": {"other": loan()}})) != hashed(asked)
