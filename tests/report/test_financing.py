"""Reports of plans with guarantees, funds and demand curves, solved by hand: figures arrive in tables and files."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest

from leam_opt.report.export import plan_csv
from leam_opt.report.style import plain
from leam_opt.report.tables import plan_view
from tests.maths.financing import LOAN, PRICE_EUR, SUPPORT, TRANCHE, one_unit
from tests.maths.helpers import bare_case, best


def shown(plan: dict[str, Any]) -> str:
    """The tables of a plan, each row with single spaces."""
    text = plain(plan_view(plan))
    assert max(map(len, text.splitlines())) <= 100
    return "\n".join(" ".join(line.split()) for line in text.splitlines())


def test_a_guarantee_shows_its_fee_its_payer_and_what_hangs_on_it() -> None:
    """Half of a bullet loan of 10 M EUR is guaranteed at 1 % a year: 5 in both years, a fee of 0.05 a year.

    `funding.use` names the guarantee too, which is no instrument.
    """
    state = {"title": "State", "payer": "state", "loans": ["loan"], "share_max": 0.5, "cap_total": 10, "fee": 0.01}
    loan = {**LOAN, "repayment": "bullet", "guaranteed_share_min": 0.5}
    case = one_unit(
        {"loan": loan}, revenue_meur=20, funding={"guarantees": {"state": {**state, "call_probability": 0.2}}}
    )
    plan = best(case).to_dict()
    assert plan["lines"]["guarantee_fees"] == pytest.approx(0.1)
    assert [row["guaranteed_meur"] for row in plan["contingent_liabilities"]] == pytest.approx([5, 5])
    assert [row["expected_call_meur"] for row in plan["contingent_liabilities"]] == pytest.approx([1, 1])
    text = shown(plan)
    assert "state, state 5.00 5.00" in text
    assert "guarantee fees 0.10" in text
    assert "public guarantees, largest, M€ 5.00" in text
    rows = list(csv.DictReader(io.StringIO(plan_csv(plan))))
    (first,) = [row for row in rows if row["measure"] == "guaranteed_meur" and row["year"] == "2025"]
    assert (first["guarantee"], first["payer"]) == ("state", "state")


def test_a_called_loss_is_told_and_is_no_saving() -> None:
    """A fund of 4 and 6 without return; sales of 3.5 a year leave 7 of 10: the first piece loses 3.

    The deficit is 10 - 7 = 3, and the loss is what pays for it.
    """
    first = {**TRANCHE, "provider": "public", "share": 0.4, "cap_total": 4, "loss_max": 1}
    senior = {**TRANCHE, "share": 0.6, "cap_total": 6, "loss_max": 1}
    case = one_unit(
        {"first": first, "senior": senior},
        revenue_meur=3.5,
        funding={"funds": {"fund": {"title": "Fund", "tranches": ["first", "senior"]}}},
        server_types={"alpha": {"life_years": 2}},
    )
    plan = best(case).to_dict()
    assert plan["called_loss_meur"] == pytest.approx({"first": 3, "senior": 0}, abs=1e-6)
    assert plan["five_year_deficit_meur"] == pytest.approx(3, abs=1e-6)
    assert any(note.startswith("3.0 M€ of what first asks for are not met") for note in plan["findings"])
    assert any(note.startswith("A called loss is no saving") for note in plan["conventions"])
    assert "first, public 4.00" in shown(plan)


def test_what_tranches_may_lose_is_told_where_there_is_a_fund() -> None:
    """Sales of 10 in two years pay back a fund of 4 and 6 to the cent, and the price may be half of what is planned.

    The probability of missing more than s is (1 - s / 5)^2; its integrals from 0 to 4 and from 4 to 5 are the means.
    """
    first = {**TRANCHE, "provider": "public", "payer": "state", "share": 0.4, "cap_total": 4}
    senior = {**TRANCHE, "share": 0.6, "cap_total": 6}
    price = {"low": PRICE_EUR * 500, "base": PRICE_EUR * 1000, "high": PRICE_EUR * 1000}
    case = one_unit(
        {"first": first, "senior": senior},
        revenue_meur=5,
        funding={"funds": {"fund": {"title": "Fund", "tranches": ["first", "senior"]}}},
        server_types={"alpha": {"life_years": 2}},
        prices={"cluster_hour": price},
    )
    plan = best(case).to_dict()
    losses = {row["tranche"]: row for row in plan["fund_losses"]}
    assert list(losses) == ["first", "senior"]
    expected = {"first": 5 / 3 * (1 - 0.2**3), "senior": 5 / 3 * 0.2**3}
    assert {name: row["expected_loss_meur"] for name, row in losses.items()} == pytest.approx(expected, rel=0.01)
    assert losses["senior"]["loss_probability_share"] == pytest.approx(0.04, abs=1e-3)
    assert plan["expected_fund_losses_public_meur"] == losses["first"]["expected_loss_meur"]
    assert "What tranches of the fund may lose (2,000 draws from the case's ranges), M€" in shown(plan)
    assert "first, state 4.00 4.00 100.0 % 1.65 3.88" in shown(plan)
    assert any(note.startswith("Losses that tranches may bear") for note in plan["conventions"])
    without = best(one_unit({"support": SUPPORT}, revenue_meur=5, prices={"cluster_hour": price})).to_dict()
    assert (without["fund_losses"], without["expected_fund_losses_public_meur"]) == ([], 0.0)
    assert "may lose" not in shown(without)


def test_the_price_that_a_plan_chooses_is_a_key_figure() -> None:
    """20 bn tokens a day at 0.002 EUR on two units, or 10 bn at 0.003 on one: the latter earns more."""
    levels = [{"price": 0.002, "demand": 1}, {"price": 0.003, "demand": 0.5}]
    case = bare_case(adoption={"low": {"inference": 20}}, prices={"token_levels": levels})
    plan = best(case).to_dict()
    assert plan["prices"] == {"tokens_eur_per_ktoken": 0.003, "cluster_hour_eur": 2000}
    assert "price of 1000 tokens, € 0.00300" in shown(plan)


def test_tax_and_vat_are_lines_with_readable_names() -> None:
    """A fifth of VAT on 10 M EUR of machines, none of it deductible: 2 M EUR; 30 % tax on what is left of 40."""
    taxation = {"corporate_tax": 0.3, "vat": 0.2, "vat_irrecoverable_service": 1}
    support = {"kind": "sponsor", "provider": "public", "entity": "service", "title": "Support", "cap_total": 20}
    case = one_unit({"support": support}, revenue_meur=20, taxation=taxation)
    plan = best(case).to_dict()
    assert plan["lines"]["vat_on_capex"] == pytest.approx(2)
    text = shown(plan)
    assert "VAT on capex 2.00" in text
    assert f"corporate tax {plan['lines']['corporate_tax']:.2f}" in text
    assert "treasury" in text
