"""The MIP against enumeration: every whole-number plan of small cases, each completed by a linear programme."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leam_opt.case.schema import Case
from leam_opt.solve.formulation import build
from leam_opt.solve.highs import Cut, Session
from leam_opt.solve.standard_form import StandardForm, compile_model
from tests.maths.helpers import bare_case, best

ONE_EURO = 1e-6


def whole_plans(form: StandardForm) -> np.ndarray:
    """All whole-number plans (plans, columns) within the bounds that keep the rows of whole-number columns alone."""
    columns = np.flatnonzero(form.is_integer)
    ranges = [range(int(form.lower[c]), int(form.upper[c]) + 1) for c in columns]
    count = np.prod([len(r) for r in ranges])
    assert count < 200_000, f"{count} plans are too many to enumerate"
    plans = np.zeros((int(count), len(form.lower)))
    plans[:, columns] = list(product(*ranges))
    matrix = form.matrix.toarray()
    alone = ~np.any(matrix[:, ~form.is_integer] != 0, axis=1)
    left = plans @ matrix[alone].T
    kept = np.all((left >= form.row_lower[alone] - 1e-9) & (left <= form.row_upper[alone] + 1e-9), axis=1)
    return plans[kept]


def enumerated(case: Case) -> tuple[float, float, int]:
    """Least unfunded gap, and least deficit at that gap, over all whole-number plans; and how many there are."""
    model = build(case)
    form = compile_model(model, [model.unfunded_gap, model.deficit])
    plans, session = whole_plans(form), Session(form)

    def least(objective: int, cuts: list[Cut]) -> float:
        runs = (session.run(objective, cuts=cuts, fixed=form.is_integer, start=plan, relax=True) for plan in plans)
        return min(run.primal for run in runs)

    gap = least(0, [])
    return gap, least(1, [Cut(0, gap + ONE_EURO)]), len(plans)


def centre(
    alpha_meur: float = 10,
    beta_meur: float = 15,
    need: float = 0.5,
    demand: float = 1,
    price_eur: float = 8,
    grant_meur: float = 12,
    hurdle: float = 0.1,
) -> Case:
    """One year, two types, two modules, one model, customers who come with 30 % private money, grant and equity."""
    beta = {"title": "B", "gpus_per_server": 10, "power": 8, "performance": 2, "life_years": 1, "on_sale_from": 2020}
    equity = {"kind": "equity", "title": "Equity", "cap_total": 8, "min_ticket": 1, "hurdle_rate": hurdle}
    return bare_case(
        horizon_years=1,
        server_types={"alpha": {"unit_price": alpha_meur, "life_years": 1}, "beta": {**beta, "unit_price": beta_meur}},
        sites={"north": {"module": 0.1, "modules_max": 2, "building_cost": 3000, "opening_cost": 0.5}},
        generations={"m1": {"models_min": 0, "last_year": 2025}},
        mission={"public_compute_min": need, "models_per_year_max": 1},
        staff={"per_core_model": 5},
        adoption={"high": {"title": "H", "private_share_min": 0.3, "core": 0, "tuning": demand, "inference": 0}},
        pools={"tuning": {"entity": "service"}, "inference": {"entity": "service"}},
        prices={"cluster_hour": price_eur * 1000, "infrastructure_fee": 2000},
        funding={
            "use": ["grant", "equity"],
            "instruments": {"grant": {"cap_total": grant_meur}, "equity": equity},
        },
    )


def test_the_optimum_is_the_best_of_all_plans() -> None:
    """Breaks when a bound, a big-M or an implied row of the formulation cuts off the best plan."""
    case = centre()
    gap, deficit, plans = enumerated(case)
    assert plans > 30
    plan = best(case)
    assert plan.unfunded_gap_meur == pytest.approx(gap, abs=3 * ONE_EURO)
    assert plan.deficit_meur == pytest.approx(deficit, abs=3 * ONE_EURO)


FIGURES: dict[str, Any] = {
    "alpha_meur": st.integers(4, 14),
    "beta_meur": st.integers(8, 24),
    "need": st.sampled_from([0.3, 0.7, 1.0, 1.2, 2.0]),
    "demand": st.sampled_from([0.0, 0.5, 1.3]),
    "price_eur": st.integers(1, 20),
    "grant_meur": st.integers(0, 30),
    "hurdle": st.sampled_from([0.0, 0.1, 0.3]),
}


@settings(max_examples=12)
@given(st.fixed_dictionaries(FIGURES))
def test_random_cases_agree_with_enumeration(figures: dict[str, Any]) -> None:
    """Whatever the figures, enumeration and MIP find the same gap and the same deficit, to a few euros."""
    case = centre(**figures)
    gap, deficit, _ = enumerated(case)
    plan = best(case)
    assert plan.unfunded_gap_meur == pytest.approx(gap, abs=5 * ONE_EURO)
    assert plan.deficit_meur == pytest.approx(deficit, abs=5 * ONE_EURO)
