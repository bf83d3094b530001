"""Losses of tranches under the case's ranges: who bears which shortfall, and where none is borne.

The fund gives 100 to a service company that buys ten units for 100 and earns 10, 10 and 120. Its tranches get 1 and 8
a year and their 20 and 80 at the horizon, shareholders a dividend of 5, and the research company a transfer of 3 in the
last year. Of the remaining 5, the reserve takes 2: revenue may fall by 3 of 140 before anybody bears a loss, by 11
before the first-loss tranche does (21 due), by 32 before the senior tranche does (88 due), and beyond 120 nobody pays.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from leam_opt.case.index import Index
from leam_opt.case.schema import Case
from leam_opt.ledger import fund_risk
from leam_opt.ledger.books import Books
from leam_opt.ledger.decisions import Decisions
from leam_opt.ledger.fund_risk import COLUMNS, SampledLosses, borne, fund_losses, sampled_losses
from leam_opt.ledger.sampling import triangular
from tests.builders import merge, small_plan
from tests.ledger.funded import bare_case, bare_plan
from tests.ledger.valued import SECTION, risky

TOKENS = 1 / 365
PRICE = {"prices": {"tokens": {"low": TOKENS / 2, "base": TOKENS, "high": TOKENS}}}
"""The price is what is planned at best, and half of it at worst."""
TITLED = {"kind": "tranche", "cap_total": 200, "loss_max": 1}
TRANCHES = {
    "top": {**TITLED, "title": "Top", "provider": "private", "share": 0.8, "return_rate": 0.1},
    "first": {**TITLED, "title": "First", "provider": "public", "payer": "union", "share": 0.2, "return_rate": 0.05},
}
"""Named in another order than that in which they bear losses."""


def fund_case(*overrides: dict[str, Any]) -> Case:
    """The fund of the module's docstring, with overrides of the case on top."""
    data: dict[str, Any] = {
        "infrastructure_entity": "service",
        "funding": {"funds": {"invest": {"title": "Invest", "tranches": ["first", "top"]}}, "cash_reserve_service": 2},
    }
    for override in overrides:
        data = merge(data, override)
    return bare_case(TRANCHES, ["equity"], **data)


def register(samples: int = 200, **risks: tuple[str, Any]) -> dict[str, Any]:
    """A section on value for money with risks alone, each a basis and an overrun."""
    items = {
        name: {"title": name, "basis": basis, "overrun": overrun, "transferred": 0.5}
        for name, (basis, overrun) in risks.items()
    }
    return {
        "scenarios": {"public": {"title": "Public"}, "ppp": {"title": "PPP"}},
        "value_for_money": {**SECTION, "samples": samples, "risks": items},
    }


def fund_plan(case: Case, last: float = 120) -> Decisions:
    plan = bare_plan(case, [10, 10, last], first=[20, 0, 0], top=[80, 0, 0])
    first, top, equity = map(Index.of(case).instruments.index, ("first", "top", "equity"))
    plan.units_bought[0, 0, 0] = 10
    plan.dividends_meur[[first, top]] = [[1], [8]]
    plan.redemption_meur[[first, top]] = [20, 80]
    plan.dividends_meur[equity, 2] = 2
    plan.redemption_meur[equity] = 3
    plan.profit_transfer_meur[2] = 3
    return plan


def losses(case: Case, plan: Decisions | None = None) -> SampledLosses:
    return sampled_losses(case, Books.of(case, fund_plan(case) if plan is None else plan))


def table(case: Case) -> dict[str, list[Any]]:
    return {
        str(name): values for name, values in fund_losses(case, Books.of(case, fund_plan(case))).to_dict("list").items()
    }


@pytest.mark.parametrize(
    ("overrun", "shareholders", "first", "top", "unfunded"),
    [
        (0.02, 0, 0, 0, 0),
        (0.05, 4, 0, 0, 0),
        (0.1, 8, 3, 0, 0),
        (0.3, 8, 21, 10, 0),
        (1.0, 8, 21, 88, 20),
    ],
)
def test_who_bears_a_certain_loss(
    overrun: float, shareholders: float, first: float, top: float, unfunded: float
) -> None:
    """Every sample misses the same share of the 140. Breaks when the order of bearers or what is due changes."""
    case = fund_case(register(demand=("revenue", overrun)))
    found = losses(case)
    assert found.due == pytest.approx([21, 88])
    assert found.shareholders == pytest.approx([shareholders] * 200)
    assert found.lost == pytest.approx(np.repeat([[first], [top]], 200, axis=1))
    assert found.unfunded == pytest.approx([unfunded] * 200)
    rows = table(case)
    assert rows["tranche"] == ["first", "top"]
    assert rows["payer"] == ["union", "industry"]
    assert rows["fund"] == ["invest", "invest"]
    assert rows["contributions_meur"] == pytest.approx([20, 80])
    assert rows["due_at_horizon_meur"] == pytest.approx([21, 88])
    assert rows["loss_probability_with_risks_share"] == [float(first > 0), float(top > 0)]
    worse = rows["expected_loss_with_risks_meur"]
    assert worse == rows["p95_loss_with_risks_meur"] == pytest.approx([first, top])
    # No figure has a range: without the register nothing is lost.
    assert rows["loss_probability_share"] == rows["expected_loss_meur"] == rows["p95_loss_meur"] == [0, 0]


def test_one_ranged_price_by_hand() -> None:
    """The price is planned times 1 - u with P(u > t) = (1 - 2t)^2, and the revenue missing is 140 u.

    The mean of what a tranche bears is the integral of the probability over its layer.
    """
    rows = table(fund_case(PRICE))

    def chance(missing: float) -> float:
        return (1 - 2 * missing / 140) ** 2

    def mean(start: float, end: float) -> float:
        return float(140 / 6 * ((1 - 2 * start / 140) ** 3 - (1 - 2 * end / 140) ** 3))

    assert rows["loss_probability_share"] == pytest.approx([chance(11), chance(32)], abs=1e-3)
    assert rows["expected_loss_meur"] == pytest.approx([mean(11, 32), mean(32, 70)], rel=2e-3)
    worst = 70 * (1 - 0.05**0.5)
    assert rows["p95_loss_meur"] == pytest.approx([21, worst - 32], rel=5e-3)


def test_each_sample_has_the_draws_of_value_for_money() -> None:
    """The same figure, path, number and seed give the same draw, also beyond one chunk; the register's come on top."""
    case = fund_case(PRICE)
    price = triangular(case.prices.tokens, "prices.tokens", 2000, 0)
    assert losses(case).shortfall == pytest.approx(np.maximum(140 * (1 - price / TOKENS) - 3, 0))
    overrun = {"low": -0.1, "base": 0.1, "high": 0.4}
    case = fund_case(PRICE, register(2500, demand=("revenue", overrun)))
    assert case.value_for_money is not None
    drawn = case.value_for_money.risks["demand"].overrun
    missing = 1 - triangular(case.prices.tokens, "prices.tokens", 2500, 7) / TOKENS
    missing = missing + triangular(drawn, "value_for_money.risks.demand.overrun", 2500, 7)
    assert losses(case).shortfall == pytest.approx(np.maximum(140 * missing - 3, 0))


def test_all_of_a_shortfall_is_borne_in_order() -> None:
    """Parts add up in every sample, nobody bears more than is due to him, the senior only after the junior is lost."""
    found = losses(fund_case(PRICE, register(demand=("revenue", {"low": -0.8, "base": 0.1, "high": 1.5}))))
    parts = found.shareholders + found.lost.sum(axis=0) + found.unfunded
    assert parts == pytest.approx(found.shortfall)
    first, top = found.lost
    assert np.all(found.lost >= 0)
    assert np.all(found.lost <= found.due[:, None])
    assert np.all(found.shareholders[first > 0] == pytest.approx(8))
    assert np.all(first[top > 0] == pytest.approx(21))
    assert np.all(top[found.unfunded > 1e-9] == pytest.approx(88))
    assert min(np.mean(found.shortfall == 0), np.mean(top > 0), np.mean(found.unfunded > 1e-9)) > 0.01


def test_bearers_in_layers() -> None:
    assert borne([0, 1, 3, 9], [2, 0, 4]).tolist() == [[0, 1, 2, 2], [0, 0, 0, 0], [0, 0, 1, 4]]


@pytest.mark.parametrize("rounding", [0, 5e-7])
def test_figures_without_ranges_lose_nothing(rounding: float) -> None:
    """Nor does a plan whose reserve the solver leaves short by half a euro."""
    case = fund_case()
    rows = fund_losses(case, Books.of(case, fund_plan(case, last=117 - rounding)))
    assert rows[["loss_probability_share", "expected_loss_meur", "p95_loss_meur"]].to_numpy().tolist() == [[0] * 3] * 2


def test_better_samples_bring_nothing() -> None:
    """A price above plan leaves cash over, and takes no sign."""
    case = fund_case({"prices": {"tokens": {"low": TOKENS, "base": TOKENS, "high": 2 * TOKENS}}})
    assert not losses(case).shortfall.any()
    assert table(case)["expected_loss_meur"] == [0, 0]


def test_an_overrun_costs_the_company_whose_line_it_is() -> None:
    """A fifth more for ten units of 10: 20 less 3 of spare cash; nothing of it where the research company owns them."""
    dearer = register(building=("capex", 0.2))
    assert losses(fund_case(dearer)).shortfall == pytest.approx([17] * 200)
    case = fund_case(dearer, {"infrastructure_entity": "research"})
    plan = fund_plan(case)
    plan.fee_prepaid_meur[0] = 100
    assert not losses(case, plan).shortfall.any()


def test_tax_follows_the_profit_of_the_sample() -> None:
    """Revenue of 160 less 100 of depreciation is taxed at 30 %: 18, which leaves 5 to spare.

    A tenth less revenue costs 16 less 4.8 of tax, a tenth more expenditure 10 less 3.
    """
    for basis, shortfall in (("revenue", 16 - 4.8 - 5), ("capex", 10 - 3 - 5)):
        case = fund_case(register(risk=(basis, 0.1)), {"taxation": {"corporate_tax": 0.3}})
        assert losses(case, fund_plan(case, last=140)).shortfall == pytest.approx([shortfall] * 200)


def test_a_loss_that_the_plan_calls_is_not_due_again() -> None:
    """The plan redeems 5 of the first tranche's 20: 6 are left to lose."""
    case = fund_case(register(demand=("revenue", 1.0)))
    plan = fund_plan(case)
    first = Index.of(case).instruments.index("first")
    plan.redemption_meur[first], plan.called_loss_meur[first] = 5, 15
    found = losses(case, plan)
    assert found.due == pytest.approx([6, 88])
    assert found.lost[0] == pytest.approx([6] * 200)


def test_nothing_is_drawn_without_a_fund(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither for a case that has none, nor for a plan that does not use it."""

    def refuse(*_: Any) -> None:
        raise AssertionError

    monkeypatch.setattr(fund_risk, "sampled_inputs", refuse)
    case = fund_case(PRICE)
    for other, plan in ((risky(), small_plan(risky())), (case, bare_plan(case, [10, 10, 10]))):
        found = fund_losses(other, Books.of(other, plan))
        assert found.empty
        assert tuple(found.columns) == COLUMNS


def test_repeated_runs_give_the_same_numbers() -> None:
    """And another seed gives others, close by on the mean."""
    case, other = fund_case(PRICE, register()), fund_case(PRICE, register(), {"value_for_money": {"seed": 8}})
    assert table(case) == table(case)
    assert losses(case).shortfall.tolist() != losses(other).shortfall.tolist()
    assert table(other)["expected_loss_meur"] == pytest.approx(table(case)["expected_loss_meur"], rel=0.02)
