"""Measures and statements of plans: the reference figures through the whole ledger, and identities of any plan."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import numpy as np
import pytest

from leam_opt.case.index import Index
from leam_opt.case.schema import Case
from leam_opt.finance.discount import npv
from leam_opt.finance.project import debt_at_cover, payback_years
from leam_opt.finance.rates import NominalRate
from leam_opt.ledger.books import Books
from leam_opt.ledger.decisions import Decisions
from leam_opt.ledger.measures import Series, discount_rate, measures
from leam_opt.ledger.statements import (
    waterfall,
)
from tests.builders import DROP, small_case, small_plan
from tests.ledger.rich import rich_case, rich_plan

PRICE = 0.40


@cache
def reference_case(price: float = PRICE) -> Case:
    """The project of the reference figures in M EUR: a machine for 1, 876,000 GPU-hours a year, 0.05 a year to run."""
    pool = {"entity": "service"}
    loan = {"cap_total": 1, "last_year": DROP, "arrangement_fee": 0, "rate": 0.06, "tenor_years": 5, "dscr_min": 1}
    return small_case(
        horizon_years=5,
        infrastructure_entity="service",
        server_types={"alpha": {"unit_price": 1, "life_years": 5}},
        upkeep={"maintenance": DROP, "insurance": DROP},
        pools={"core": pool, "tuning": pool, "inference": pool},
        generations={"m2": {"last_year": 2029}},
        staff={"operations": 0},
        operations={"internet": 0.05, "licences": 0},
        prices={"cluster_hour": 1000 * price},
        taxation={"corporate_tax": 0.25},
        discounting={"real_rate": 0.08},
        funding={"instruments": {"loan": loan, "equity": {"hurdle_rate": 0.08}}},
    )


def reference_books(debt: float, price: float = PRICE) -> Books:
    """Books of the reference project with a loan; the owners get in each year what is left."""
    case = reference_case(price)
    index = Index.of(case)
    plan = Decisions.zeros(index)
    loan, equity = index.instruments.index("loan"), index.instruments.index("equity")
    plan.units_bought[0, index.types.index("alpha"), 0] = 1
    plan.compute_mgpuh[0, 1] = 0.876
    plan.draws_meur[loan, 0] = plan.band_draws_meur[loan, 0, 0] = debt
    plan.draws_meur[equity, 0] = 1 - debt
    left = Books.of(case, plan).money.cash_end.sum(axis=0)
    plan.dividends_meur[equity] = np.diff(left, prepend=0.0)
    return Books.of(case, plan)


@pytest.mark.parametrize(
    ("debt", "value", "returns", "before_tax"),
    [
        (0.0, "99193.0732", "11.6926", None),
        (0.6, "153945.3329", "21.8205", "2.1089901"),
        (0.8435960541226, "176174.3903", "45.9555", "1.5000000"),
    ],
)
def test_reference_figures_through_the_ledger(debt: float, value: str, returns: str, before_tax: str | None) -> None:
    """The figures of the independent tool come out of cases and decisions: of the owner of the centre, and of its
    shareholders, who get what is left. Its cover is before tax, the ledger's after it.
    """
    books = reference_books(debt)
    found = measures(books, reference_case())
    assert books.money.cash_end == pytest.approx(np.zeros((2, 5)), abs=1e-12)
    assert f"{1e6 * found['investor_npv_meur']:.4f}" == value
    for who in ("investor", "shareholder"):
        assert found[f"{who}_irr_status"] == "unique"
        assert f"{100 * found[f'{who}_irr_share']:.4f}" == returns
    table = waterfall(books)
    table = table[table["company"] == "service"]
    if before_tax is None:
        assert found["dscr_min"] is found["dscr_average"] is found["llcr"] is None
        assert table["dscr"].isna().all()
        return
    service = -table["senior_service_meur"]
    cover = (table["cfads_meur"] - table["corporate_tax_meur"]) / service
    assert [f"{ratio:.7f}" for ratio in cover] == [before_tax] * 5
    assert found["dscr_min"] == pytest.approx(table["dscr"].min())
    assert found["dscr_average"] == pytest.approx(table["dscr"].mean())
    assert found["dscr_min"] <= found["llcr"] * (1 + 1e-12) < float(before_tax)
    if debt == 0.6:
        assert f"{1e6 * service.iloc[0]:.4f}" == "142437.8403"
        payback = payback_years(Series.of(books).shareholders)
        assert payback is not None
        assert f"{payback:.5f}" == "2.85061"
        cfads = table["cfads_meur"].to_numpy()
        lives = [
            npv(NominalRate(0.06), [0, *cfads[start:]]) / npv(NominalRate(0.06), [0, *service.iloc[start:]])
            for start in range(5)
        ]
        assert found["llcr"] == pytest.approx(min(lives))
        assert lives[0] == pytest.approx(npv(NominalRate(0.06), [0, *cfads]) / 0.6)
    else:
        sized = debt_at_cover([PRICE * 0.876 - 0.05] * 5, 1.5, NominalRate(0.06), cost=1)
        assert debt == pytest.approx(sized.debt)


def test_project_before_tax_by_hand() -> None:
    """1 today, 0.3004 in each of five years: no funding and no tax in it, paid back after 3.33 years."""
    found = measures(reference_books(0.6), reference_case())
    assert found["payback_years"] == pytest.approx(1 / 0.3004)
    assert npv(NominalRate(found["project_irr_share"]), [-1, *[0.3004] * 5]) == pytest.approx(0, abs=1e-9)
    assert found["discount_rate_nominal_share"] == pytest.approx(0.08)
    assert found["full_cost_per_gpu_hour_eur"] == pytest.approx(
        float(reference_books(0.6).totals["gross_cost_meur"]) / (5 * 0.876)
    )


def test_the_nominal_rate_has_inflation_in_it() -> None:
    case = small_case(discounting={"real_rate": 0.08, "inflation": 0.02})
    assert discount_rate(case).share == pytest.approx(0.1016)
    assert measures(Books.of(case, small_plan(case)), case)["discount_rate_nominal_share"] == pytest.approx(0.1016)


def discounted(*overrides: dict[str, Any]) -> Case:
    merged: dict[str, Any] = {"discounting": {"real_rate": 0.06, "inflation": 0.02}}
    for override in overrides:
        merged |= override
    return small_case(**merged)


def test_measures_of_the_small_plan_by_hand() -> None:
    """Draws of 114, 30, 50 public and 13, 3, 6 and a loan of 1 private; 20.15 million public GPU-hours, 4 models."""
    case = discounted()
    found = measures(Books.of(case, small_plan(case)), case)
    factor = 1.06 * 1.02
    assert found["discount_rate_nominal_share"] == pytest.approx(factor - 1)
    assert found["npv_public_money_meur"] == pytest.approx(114 + 30 / factor + 50 / factor**2)
    assert found["leverage_private_per_public"] == pytest.approx(23 / 194)
    assert found["finance_per_union_euro"] is None
    assert found["public_cost_per_gpu_hour_eur"] == pytest.approx(194 / 20.15)
    assert found["public_cost_per_core_model_meur"] == pytest.approx(194 / 4)
    assert found["fiscal_exposure_peak_meur"] == 114
    assert found["payback_years"] is None
    assert found["project_irr_status"] == "none"
    assert found["project_irr_share"] is None
    assert found["project_irrs"] == []
    # The loan of 1 at 10 % over two years is served with 0.576190 a year out of 1.585 a year.
    assert found["dscr_min"] == pytest.approx(1.585 / 0.5761905)
    assert found["llcr"] == pytest.approx(1.585 / 0.5761905)
    # Equity gets exactly its hurdle: 0.15 on 3 a year, and 3 back.
    assert found["shareholder_irr_share"] == pytest.approx(0.05)
    assert found["investor_rate_share"] == 0.05
    json.dumps(found, allow_nan=False)


def test_flows_of_the_deficit_are_the_deficit() -> None:
    """Undiscounted they add up to it, also with a residual value, tax and called losses in it."""
    for residual in (False, True):
        case, plan = rich_case(residual), rich_plan(3, residual)
        books = Books.of(case, plan)
        # Random draws are not all repaid within the horizon.
        left = float(books.money.balance[:, -1].sum())
        assert float(Series.of(books).deficit.sum()) + left == pytest.approx(float(books.totals["deficit_meur"]))


@pytest.mark.parametrize(("which", "path"), [("gpuh", "cluster_hour"), ("ktoken", "tokens")])
def test_at_the_break_even_price_the_deficit_is_worth_nothing(which: str, path: str) -> None:
    """The price put back into the case makes the present value of the deficit zero (the case has no tax)."""
    case = discounted()
    price = measures(Books.of(case, small_plan(case)), case)[f"break_even_price_{which}_eur"]
    # A cluster hour is an hour of 1000 GPUs.
    solved = discounted({"prices": {path: 1000 * price if which == "gpuh" else price}})
    assert measures(Books.of(solved, small_plan(solved)), solved)["npv_deficit_meur"] == pytest.approx(0, abs=1e-9)


def test_a_plan_that_sells_nothing_has_no_break_even_price() -> None:
    case = small_case()
    plan = small_plan(case)
    plan.compute_mgpuh[:, 1] = 0
    plan.tokens_bn_per_day[1] = 0
    found = measures(Books.of(case, plan), case)
    assert found["break_even_price_gpuh_eur"] is found["break_even_price_ktoken_eur"] is None


def test_the_viability_gap_makes_the_investor_whole() -> None:
    """Paid today, it makes the investor's NPV zero; a worthwhile project has none."""
    poor = measures(reference_books(0.6, 0.30), reference_case(0.30))
    assert poor["investor_npv_meur"] < 0
    assert poor["viability_gap_npv_meur"] == -poor["investor_npv_meur"]
    flows = Series.of(reference_books(0.6, 0.30)).investor.copy()
    flows[0] += poor["viability_gap_npv_meur"]
    assert npv(NominalRate(0.08), flows) == pytest.approx(0, abs=1e-12)
    assert measures(reference_books(0.6), reference_case())["viability_gap_npv_meur"] == 0


def test_a_second_rate_of_return_is_never_hidden() -> None:
    """Shareholders pay 1000, get 2500 and pay 1540 again: 10 % and 40 %, both told, none of them the return."""
    case = small_case()
    plan = small_plan(case)
    equity = Index.of(case).instruments.index("equity")
    plan.draws_meur[equity] = [1000, 0, 1540]
    plan.dividends_meur[equity] = [2500, 0, 0]
    plan.redemption_meur[equity] = 0
    found = measures(Books.of(case, plan), case)
    assert found["shareholder_irr_status"] == "several"
    assert found["shareholder_irr_share"] is None
    assert found["shareholder_irrs"] == pytest.approx([0.1, 0.4])
