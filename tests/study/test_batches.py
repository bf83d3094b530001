"""Variants in batches: each belongs to exactly one, means what an override means, and meets a model with its sets."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import numpy as np
import pytest

from leam_opt.case.derive import derive
from leam_opt.case.schema import Case
from leam_opt.case.structure import structure_hash
from leam_opt.errors import CaseError
from leam_opt.ledger.inputs import Inputs
from leam_opt.study.batches import Batch, Workshop, batches
from tests.ledger.funded import rich_case
from tests.study.tiny import POWER, TOKENS, tiny_case

GRANT = "funding.instruments.grant"
TICKET = f"{GRANT}.min_ticket"
USES = [["grant"], ["grant", "sponsor"], ["grant", "sponsor", "donor"]]


def parted(case: Case, values: dict[str, Any]) -> tuple[list[Batch], dict[int, str]]:
    """Batches, and reasons of the variants that are in none; each variant stands at one place."""
    figures = frozenset(path for path, column in values.items() if isinstance(column, np.ndarray))
    found: list[Batch] = []
    refused: dict[int, str] = {}
    places: list[int] = []
    for numbers, batch in batches(case, values, figures):
        places += numbers.tolist()
        if isinstance(batch, str):
            refused[int(numbers[0])] = batch
        else:
            assert batch.places.tolist() == numbers.tolist()
            assert batch.size == len(numbers)
            found.append(batch)
    assert sorted(places) == list(range(len(next(iter(values.values())))))
    return found, refused


def own(values: dict[str, Any], number: int) -> dict[str, Any]:
    return {path: column[number] for path, column in values.items()}


def assert_means(case: Case, values: dict[str, Any], batch: Batch) -> None:
    """Every variant has the figures of its own override: case, derived table, the ledger's inputs."""
    for number, place in enumerate(batch.places):
        wanted = case.override(own(values, int(place)))
        assert batch.variant(number).input_hash == wanted.input_hash
        table, single = batch.table(number), Inputs.of(wanted)
        for name, array in derive(wanted).values.items():
            np.testing.assert_allclose(table[name], array, rtol=1e-14, err_msg=name)
        for topic in ("machines", "places", "services", "money"):
            together, alone = getattr(batch.inputs, topic), getattr(single, topic)
            for name in (field.name for field in fields(alone) if isinstance(getattr(alone, field.name), np.ndarray)):
                np.testing.assert_array_equal(getattr(together, name)[number], getattr(alone, name), err_msg=name)


def test_words_part_batches_and_figures_do_not() -> None:
    """Breaks when variants of different words share a batch, or one takes a neighbour's value."""
    case, values = tiny_case(), {TOKENS: np.array([0.001, 0.002, 0.003, 0.004]), "funding.use": [*USES[:2], *USES[:2]]}
    found, refused = parted(case, values)
    assert not refused
    assert [batch.places.tolist() for batch in found] == [[0, 2], [1, 3]]
    assert [batch.case.funding.use for batch in found] == USES[:2]
    for batch in found:
        assert_means(case, values, batch)


def test_a_figure_that_the_case_lacks() -> None:
    """No limit at all is another structure than a limit; as a lever it is a figure of every variant."""
    case, values = tiny_case(), {"rules.co2_max": np.array([5.0, 0.0, 30.0])}
    (batch,), refused = parted(case, values)
    assert not refused
    assert_means(case, values, batch)
    assert structure_hash(batch.case, batch.derived) != structure_hash(case, derive(case))
    assert matched(Workshop(), case, values) == [[0, 1, 2]]


def test_words_alone_make_a_batch_without_figures() -> None:
    """Breaks when variants that differ in nothing have no axis, so that n of them become one."""
    case, values = tiny_case(), {"funding.use": [USES[2], USES[1], USES[2]]}
    found, _ = parted(case, values)
    assert [batch.size for batch in found] == [2, 1]
    problem = Workshop().problem(found[0].case)
    assert found[0].vectors(problem).shape == (2, len(problem.template.parameters))
    for batch in found:
        assert_means(case, values, batch)


def test_what_the_case_refuses_is_told_variant_by_variant() -> None:
    """Breaks when one bad variant takes others with it, or the reason is not that of `Case.override`."""
    values = {
        TOKENS: np.array([0.001, -1.0, 0.002, np.nan, 0.003]),
        TICKET: np.array([12.0, 12.0, 26.0, 12.0, 0.0]),
        "funding.use": [["grant"], ["grant"], ["grant"], ["grant"], ["grand"]],
    }
    case = tiny_case()
    (batch,), refused = parted(case, values)
    assert batch.places.tolist() == [0]
    assert sorted(refused) == [1, 2, 3, 4]
    for number in (1, 2, 4):
        with pytest.raises(CaseError) as caught:
            case.override(own(values, number))
        for problem in caught.value.problems:
            assert problem.rpartition(": ")[2] in refused[number]
    assert refused[1] == f"{TOKENS}: -1 EUR/ktoken is too small; at least 0 EUR/ktoken is allowed"
    assert refused[2] == f"{TICKET}: 26 MEUR is above cap_total 25"
    assert "nan" in refused[3]
    assert refused[4] == "funding.use.0: unknown instrument 'grand'; did you mean 'grant'?"


def test_a_word_that_is_allowed_together_with_a_figure_only() -> None:
    """Bands from 20 % need a rate of 20 %; by themselves the case refuses them. Breaks when that ends the variant."""
    bank = "funding.instruments.bank"
    bands = [{"up_to": 20, "rate": 0.2}, {"rate": 0.25}]
    values = {f"{bank}.rate_bands": [bands, bands], f"{bank}.rate": np.array([0.2, 0.1])}
    case = rich_case()
    with pytest.raises(CaseError):
        case.override({f"{bank}.rate_bands": bands})
    (batch,), refused = parted(case, values)
    assert batch.places.tolist() == [0]
    assert_means(case, values, batch)
    assert list(refused) == [1]
    assert refused[1].startswith(bank)
    assert "--set" not in refused[1]


def test_some_of_the_variants() -> None:
    values = {TOKENS: np.array([0.001, 0.002, 0.003]), POWER: np.array([0.1, 0.2, 0.3])}
    (batch,), _ = parted(tiny_case(), values)
    part = batch.taken(np.array([2, 0]))
    assert (part.size, part.places.tolist()) == (2, [2, 0])
    assert part.values[TOKENS].tolist() == [0.003, 0.001]
    assert_means(tiny_case(), values, part)


def matched(workshop: Workshop, case: Case, values: dict[str, Any]) -> list[list[int]]:
    """Places of the parts that share a problem; each variant's own structure is that of its problem."""
    parts = []
    for batch in parted(case, values)[0]:
        for problem, part in workshop.matched(batch):
            parts.append(part.places.tolist())
            for number in range(part.size):
                variant = part.variant(number)
                assert workshop.problem(variant) is problem
                assert problem.template.fits(derive(variant).values)
    return sorted(parts)


def test_a_figure_of_zero_can_part_a_batch() -> None:
    """Without a smallest ticket its row drops out of the model. Breaks when variants with and without share a model."""
    workshop = Workshop()
    assert matched(workshop, tiny_case(), {TICKET: np.array([12.0, 0.0, 1.0, 0.0])}) == [[0, 2], [1, 3]]
    assert workshop.built == 2
    assert matched(workshop, tiny_case(), {TICKET: np.array([0.0, 0.0])}) == [[0, 1]]
    assert matched(workshop, tiny_case(), {TICKET: np.array([3.0])}) == [[0]]
    loan = {f"funding.instruments.bank.{name}": np.array([value, 0.0, value, 0.0]) for name, value in ASKED.items()}
    loan["funding.instruments.bank.reserve_months"][2] = 0.0
    assert matched(Workshop(), rich_case(), loan) == [[0], [1, 3], [2]]


ASKED = {"reserve_months": 6.0, "lockup_dscr": 1.4, "guaranteed_share_min": 0.1}
"""Terms of a loan that the sets of the model ask for."""


def test_a_limit_that_comes_with_a_word() -> None:
    """Caps of None and of 5 are two structures; two caps are one."""
    workshop = Workshop()
    values = {f"{GRANT}.cap_per_year": [None, 5, None, 7], TOKENS: np.array([0.001, 0.002, 0.003, 0.004])}
    assert matched(workshop, tiny_case(), values) == [[0, 2], [1], [3]]
    assert workshop.built == 2


def test_a_model_is_built_once_for_its_structure() -> None:
    """A hundred variants with the same sets, one model; and one for each of the structures among a hundred others."""
    workshop, random = Workshop(), np.random.default_rng(1)
    values: dict[str, Any] = {TOKENS: random.uniform(0, 0.01, 100), POWER: random.uniform(0, 1, 100)}
    for first in range(0, 100, 10):
        matched(workshop, tiny_case(), {path: column[first : first + 10] for path, column in values.items()})
    assert workshop.built == 1
    values |= {"funding.use": [USES[number % 3] for number in range(100)]}
    matched(workshop, tiny_case(), values)
    assert workshop.built == 3


def test_models_that_were_put_by_are_built_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Breaks when a structure that was forgotten meets the model of another one."""
    monkeypatch.setattr("leam_opt.study.batches._PROBLEMS_KEPT", 2)
    workshop = Workshop()
    cases = [tiny_case().override({"funding.use": use}) for use in USES]
    for case in [*cases, *cases]:
        problem = workshop.problem(case)
        assert problem.index.instruments == tuple(case.funding.use)
        assert structure_hash(case, derive(case)) in workshop._problems
    assert workshop.built == 6
    workshop.problem(cases[1])
    workshop.problem(cases[2])
    assert workshop.built == 6
