"""Balance sheets and profit statements of the small plan by hand."""

from __future__ import annotations

import pytest

from leam_opt.ledger.accounts import evaluate
from leam_opt.ledger.balance_sheet import ASSETS, LIABILITIES
from tests.builders import small_case, small_plan

# Net purchases 118.9, 21.55, 45. Written off are alpha and CPU servers (100.1) over two years, beta (16, then 45) over
# three, the north's building (18.8) over twenty, the south's (5.55) over ten.
WEAR = [50.05 + 0.94, 50.05 + 0.94 + 16 / 3 + 0.555, 0.94 + 61 / 3 + 0.555]


def test_the_research_company_by_hand() -> None:
    """It owns everything, gets grants, sponsors, fees and advances, and one million of profit in 2026."""
    accounts = evaluate(small_case(), small_plan(small_case()))
    sheet = accounts.balance_sheet.set_index(["company", "year"]).loc["research"]
    cost = [10.16186, 10.79814, 8.5647 - 0.5 + 0.5]
    assert list(sheet["fixed_assets_meur"]) == pytest.approx(
        [118.9 - WEAR[0], 140.45 - sum(WEAR[:2]), 185.45 - sum(WEAR)]
    )
    assert list(sheet["gifts_meur"]) == pytest.approx([124, 157, 213])
    assert list(sheet["unfunded_meur"]) == [1, 1, 1]
    assert list(sheet["fee_advances_received_meur"]) == pytest.approx([2, 0, 0])
    for name in ("fee_advances_paid", "debt", "shareholders", "fund_contributions", "access_advances"):
        assert not sheet[f"{name}_meur"].any()
    statement = accounts.profit.set_index(["company", "year"]).loc["research"]
    assert list(statement["infrastructure_fee_meur"]) == pytest.approx([2, 2, 1])
    assert list(statement["profit_transfer_meur"]) == [0, 1, 0]
    assert list(statement["depreciation_meur"]) == pytest.approx([-wear for wear in WEAR])
    # 2025: 1.61818 of sales and 2 of fee less cost and wear.
    assert statement["result_meur"].iloc[0] == pytest.approx(1.61818 + 2 - cost[0] - WEAR[0])
    assert sheet["retained_result_meur"].iloc[0] == pytest.approx(statement["result_meur"].iloc[0])


def test_the_service_company_by_hand() -> None:
    """It owns nothing: 4.485 of sales less 0.9, the fee of 2, 0.1 of interest and 0.01 of arrangement fee in 2025."""
    accounts = evaluate(small_case(), small_plan(small_case()))
    sheet = accounts.balance_sheet.set_index(["company", "year"]).loc["service"]
    statement = accounts.profit.set_index(["company", "year"]).loc["service"]
    assert statement["result_meur"].iloc[0] == pytest.approx(4.485 - 0.9 - 2 - 0.1 - 0.01)
    assert list(statement["result_meur"]) == pytest.approx(list(accounts.books.money.profit))
    assert list(sheet["fee_advances_paid_meur"]) == pytest.approx([2, 0, 0])
    assert list(sheet["debt_meur"]) == pytest.approx([1 - 0.4761905, 0, 0])
    assert list(sheet["shareholders_meur"]) == [3, 3, 0]
    # The year's result less 0.15 of dividends each, and the transfer of 1 in 2026.
    kept = statement["result_meur"].cumsum() - [0.15, 1.3, 1.45]
    assert list(sheet["retained_result_meur"]) == pytest.approx(list(kept))


def test_both_sides_stand_in_the_table() -> None:
    accounts = evaluate(small_case(), small_plan(small_case()))
    table = accounts.balance_sheet
    assert list(table.columns) == ["company", "year", *(f"{name}_meur" for name in (*ASSETS, *LIABILITIES))]
    assets = table[[f"{name}_meur" for name in ASSETS]].sum(axis=1)
    liabilities = table[[f"{name}_meur" for name in LIABILITIES]].sum(axis=1)
    assert list(assets) == pytest.approx(list(liabilities))
