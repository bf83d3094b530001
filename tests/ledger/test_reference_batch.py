"""The paper's own plan over a batch of variants."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from leam_opt.case.figures import vary
from leam_opt.errors import CaseError
from leam_opt.ledger.books import Books
from leam_opt.ledger.reference import Reading, Tokens, reference_batch, reference_decisions
from tests.ledger.varied import Array, Draws, batch_of, leam, one_by_one, ranges, within_ranges

TEAMS = ("reference_plan.tuning_staff", "reference_plan.inference_staff")


def own_figures(size: int = 6) -> dict[str, Array]:
    """All ranges, teams that exist, and the plan's figures without a range."""
    draws = within_ranges(leam(), size)
    random = np.random.default_rng(11)
    draws |= {path: random.choice([5.0, 8.0, 10.0], size) for path in TEAMS}
    single = {
        "units": 23,
        "inference_share": 0.05,
        "tuning_private_share": 0.6,
        "billed_utilisation": 1,
        "token_growth": 6,
    }
    own = {name: value * random.uniform(0.5, 1, size) for name, value in single.items()}
    own["core_share"] = 0.9 - own["inference_share"]
    return draws | {f"reference_plan.{name}": values for name, values in own.items()}


CURVES = {
    "prices.token_levels": [{"price": 0.005, "demand": 1}, {"price": 0.01, "demand": 0.6}, {"price": 9, "demand": 0.1}],
    "prices.cluster_hour_levels": [{"price": 8000, "demand": 1}, {"price": 12000, "demand": 0.6}],
}
SWITCHING = {
    "prices.tokens": np.array([0.004, 0.01, 0.02, 5]),
    "prices.cluster_hour": np.array([7000.0, 13000, 9000, 9999]),
    "adoption.low.private_share_min": np.array([0.0, 0.3, 0.2, 0.1]),
    "adoption.medium.private_share_min": np.array([0.1, 0.0, 0.3, 0.05]),
    "adoption.high.private_share_min": np.array([0.2, 0.4, 0.0, 0.0]),
    "pools.tuning.staff_steps.0.people": np.array([5.0, 8, 4, 4]),
    "pools.tuning.staff_steps.1.people": np.array([8.0, 9, 8, 5]),
    "pools.tuning.staff_steps.2.people": np.array([10.0, 10, 10, 8]),
}


@pytest.mark.parametrize("tokens", ["constant", "growth"])
def test_the_own_plan_is_that_of_each_case(tokens: Tokens) -> None:
    """Every decision, bit by bit, under all ranges; and with prices, levels and teams that make the plan switch."""
    reading = Reading(tokens=tokens)
    for case, draws in ((leam(), own_figures()), (leam().override(CURVES), SWITCHING)):
        together = reference_batch(*vary(case, draws), reading)
        for number, single in enumerate(one_by_one(case, draws)):
            for name, array in reference_decisions(single, reading).arrays().items():
                found = getattr(together, name)[number]
                assert found.shape == array.shape, name
                assert (found == array).all(), name
    for name in ("token_price_level", "cluster_price_level", "adoption", "staff_step"):
        assert (getattr(together, name) != getattr(together, name)[:1]).any(), name


def test_readings_of_the_own_plan() -> None:
    case, figures = vary(leam(), {"reference_plan.token_growth": np.array([2.0, 4])})
    grown = reference_batch(case, figures, Reading(tokens="growth")).tokens_bn_per_day[:, 1]
    assert grown == pytest.approx(np.array([[1, 3, 5, 7, 9], [2, 6, 10, 14, 18]]))
    slow = reference_batch(case, figures, Reading(tokens="growth", growth_bn_per_day=1, billed_share=0.5))
    assert slow.tokens_bn_per_day[:, 1] == pytest.approx(np.array([[0.5, 1.5, 2.5, 3.5, 4.5]] * 2))
    assert slow.compute_mgpuh == pytest.approx(reference_batch(case, figures).compute_mgpuh / 2)
    with pytest.raises(ValueError, match="give the case at its low end instead"):
        reference_batch(case, figures, Reading("low"))


def test_a_team_between_two_steps() -> None:
    """6.5 people are half a team of 5 and half a team of 8, where the reading allows for it."""
    draws = {"reference_plan.tuning_staff": np.array([5.0, 6.5, 9, 10])}
    plans = reference_batch(*vary(leam(), draws), Reading(teams="between"))
    assert plans.staff_step[:, 1, :, 0] == pytest.approx(np.array([[1, 0, 0], [0.5, 0.5, 0], [0, 0.5, 0.5], [0, 0, 1]]))
    paid = Books.of(batch_of(leam(), draws), plans).line_totals["tuning_staff"]
    assert paid == pytest.approx(np.array([5, 6.5, 9, 10]) * 5 * 0.15)
    for number, people in enumerate((5.0, 6.5)):
        single = leam().override({"reference_plan.tuning_staff": people})
        alone = reference_decisions(single, Reading(teams="between"))
        assert (alone.staff_step == plans.staff_step[number]).all()


@pytest.mark.parametrize(
    ("people", "teams", "message"),
    [
        (
            6.5,
            "steps",
            "variant 1: reference_plan.tuning_staff of 6.5 people is no staff step of pools.tuning; .* 5",
        ),
        (11, "between", "variant 1: reference_plan.tuning_staff of 11 people lies outside the staff steps of pools.t"),
        (4, "between", "variant 1: reference_plan.tuning_staff of 4 people lies outside the staff steps of pools.tun"),
    ],
)
def test_a_variant_that_the_case_cannot_carry(people: float, teams: Any, message: str) -> None:
    case, figures = vary(leam(), {"reference_plan.tuning_staff": np.array([5, people])})
    with pytest.raises(CaseError, match=message):
        reference_batch(case, figures, Reading(teams=teams))


def own_books(draws: Draws, tokens: Tokens) -> Books:
    return Books.of(batch_of(leam(), draws), reference_batch(*vary(leam(), draws), Reading(tokens=tokens)))


def as_printed(books: Books, number: int, electricity_meur: float) -> float:
    """The balance of a variant with the paper's own rounding of electricity, core rent and tuning in a year, M EUR."""
    lines, years = books.line_totals, books.inputs.structure.horizon
    printed = {"electricity": electricity_meur, "core_revenue": -7.5, "tuning_revenue": -5.3}
    rounded = {name: years * meur - float(lines[name][number]) for name, meur in printed.items()}
    assert max(map(abs, rounded.values())) < years * 0.1
    return -float(books.totals["deficit_meur"][number]) - sum(rounded.values())


def test_the_range_of_the_paper_lies_between_the_ends_of_a_batch() -> None:
    """Annex G: from -331.65 (high cost, constant tokens at the low end) to -46.475 M EUR (low cost, growing tokens).

    The balance is the deficit of the own plan with its sign turned, since the plan has no funding to pay for; both ends
    agree to a euro with the rounding that the paper states, and to the arithmetic of its annexes without.
    """
    ends = {path: np.array(pair) for path, pair in ranges(leam()).items()}
    constant, growing = own_books(ends, "constant"), own_books(ends, "growth")
    # Revenue at one end less cost at the other end.
    revenue = constant.totals["revenue_meur"][0], growing.totals["revenue_meur"][1]
    cost = constant.totals["gross_cost_meur"]
    assert (revenue[0] - cost[1], revenue[1] - cost[0]) == pytest.approx((-332.24192, -46.7024592), rel=1e-12)
    # The same as variants of their own: tokens at their low end under high cost, growth under low cost.
    worst = own_books(ends | {"reference_plan.tokens_constant": np.array([3.0, 3.0])}, "constant")
    assert worst.totals["deficit_meur"][1] == pytest.approx(332.24192, rel=1e-12)
    assert growing.totals["deficit_meur"][0] == pytest.approx(46.7024592, rel=1e-12)
    assert as_printed(worst, 1, 8.2) == pytest.approx(-331.65, abs=1e-6)
    assert as_printed(growing, 0, 6.3) == pytest.approx(-46.475, abs=1e-6)
