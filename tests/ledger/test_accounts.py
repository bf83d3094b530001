"""The accounts of the small plan against figures worked out by hand, and identities that hold for any decisions."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leam_opt.case.index import Index
from leam_opt.case.schema import Case
from leam_opt.errors import CaseError
from leam_opt.ledger.accounts import Accounts, evaluate
from leam_opt.ledger.books import Books
from leam_opt.ledger.decisions import Decisions
from leam_opt.ledger.funding import FLOWS
from leam_opt.ledger.inputs import Inputs
from leam_opt.ledger.rules import blocks
from tests.builders import DROP, small_case, small_plan
from tests.ledger.funded import random_plan


@pytest.fixture(scope="module")
def case() -> Case:
    return small_case()


@pytest.fixture(scope="module")
def accounts(case: Case) -> Accounts:
    return evaluate(case, small_plan(case))


@cache
def owned_by(owner: str) -> Case:
    return small_case(infrastructure_entity=owner)


@cache
def varied() -> tuple[Case, ...]:
    """Cases of one structure with other figures."""
    steps = [{"people": 5, "up_to": 2}, {"people": 6}]
    return (
        small_case(),
        small_case(staff={"salary": 90000}, funding={"instruments": {"loan": {"rate": 0.07}}}, cpu={"cores": 2000}),
        small_case(sites={"north": {"pue": 1.3}}, pools={"tuning": {"staff_steps": steps}}),
    )


def of_year(accounts: Accounts, line: str) -> list[float]:
    return [float(value) for value in accounts.by_year[f"{line}_meur"]]


LINES_BY_HAND: dict[str, list[float]] = {
    # 10 units at 10, 1 at 16 (its price of 2026), 3 at 15.
    "servers": [100, 16, 45],
    "cpu_servers": [0.1, 0, 0],
    # 3 modules of 0.5 MW at 10 M EUR/MW, 1 at 8 M EUR/MW.
    "building": [15, 4, 0],
    "site_opening": [2, 1, 0],
    "grid_connection": [1.8, 0.55, 0],
    "vat_on_capex": [0, 0, 0],
    # 5 % of hardware in service: 100.1, 116.1 and, after the end of alpha and of the CPU servers, 61.
    "maintenance": [5.005, 5.805, 3.05],
    "insurance": [0.3, 0.38, 0.38],
    # North 6.06 GWh at 0.18 EUR/kWh in the mix; south 1.1 GWh at 0.17.
    "electricity": [1.0908, 1.2778, 0.648 + 0.187],
    "operations_staff": [1, 1, 1],
    "internet": [0.1, 0.1, 0.1],
    "licences": [0.2, 0.2, 0.2],
    # 0.12 a year for 1,000 cores, of which 500 are owned for two years.
    "cpu_rent": [0.06, 0.06, 0.12],
    "site_fixed": [0.5, 0.8, 0.8],
    "grid_fee": [0.9, 1.175, 1.175],
    "heat_extraction": [0.00606, 0.00716, 0.0047],
    "core_staff": [1, 0.5, 0.5],
    "tuning_staff": [0.5, 0.5, 0.5],
    "inference_staff": [0.4, 0.4, 0.4],
    "vat_on_opex": [0, 0, 0],
    # 1 M EUR at 10 % over two years: level payment 0.576190.
    "interest": [0.1, 0.0523810, 0],
    "construction_interest": [0, 0, 0],
    "guarantee_fees": [0, 0, 0],
    "arrangement_fees": [0.01, 0, 0],
    "investors_return": [0.15 - 3, 0.15, 3.15],
    "corporate_tax": [0, 0, 0],
    "residual_value": [0, 0, 0],
    "core_revenue": [-1.6, -1.8, -0.8],
    "tuning_revenue": [-1.2, -1.2, -0.6],
    # 9 and 4.5 bn tokens a day, 365 days, 0.001 EUR per 1000.
    "inference_revenue": [-3.285, -3.285, -1.6425],
    "heat_revenue": [-0.01818, -0.02038, -0.013],
}


def test_every_line_by_hand(accounts: Accounts) -> None:
    assert list(accounts.by_line.index) == list(LINES_BY_HAND)
    for line, expected in LINES_BY_HAND.items():
        assert of_year(accounts, line) == pytest.approx(expected, abs=5e-8), line


def test_lines_add_up_to_the_deficit_exactly(accounts: Accounts) -> None:
    assert sum(accounts.by_line["meur"]) == accounts.totals["deficit_meur"]
    assert accounts.totals["deficit_meur"] == pytest.approx(sum(sum(years) for years in LINES_BY_HAND.values()))
    assert sum(accounts.by_year["deficit_meur"]) == pytest.approx(accounts.totals["deficit_meur"])
    companies = accounts.by_line["research_meur"] + accounts.by_line["service_meur"]
    assert list(companies) == pytest.approx(list(accounts.by_line["meur"]))


def test_totals_by_hand(accounts: Accounts) -> None:
    totals = accounts.totals
    assert totals["public_money_meur"] == 194
    assert totals["private_money_meur"] == 23
    assert totals["public_funding_share"] == pytest.approx(194 / 217)
    assert totals["unfunded_gap_meur"] == 1
    assert totals["gross_cost_meur"] == pytest.approx(totals["deficit_meur"] + totals["revenue_meur"])
    assert totals["public_gpu_hours_million"] == pytest.approx(7.7 + 8.6 + 3.85)
    assert totals["cost_per_public_gpu_hour_eur"] == pytest.approx(totals["deficit_meur"] / 20.15)
    assert totals["core_models_total"] == 4
    assert totals["tokens_total_bn"] == pytest.approx(365 * (10 + 10 + 5))
    # 45 bought last year keeps 2/3, 16 keeps 1/3; the north's 18.8 (with opening and connection) 17/20 of its life,
    # the south's 5.55 8/10.
    assert totals["residual_meur"] == pytest.approx(30 + 16 / 3 + 18.8 * 17 / 20 + 5.55 * 0.8)


def test_tables_by_hand(accounts: Accounts) -> None:
    servers = accounts.servers.set_index(["site", "type", "year"])
    assert servers.loc[("north", "alpha", 2026), "servers"] == 200
    assert servers.loc[("north", "alpha", 2027), "units"] == 0  # end of its life
    assert servers.loc[("south", "beta", 2027), "gpus"] == 200
    energy = accounts.energy.set_index(["site", "year"])
    assert energy.loc[("north", 2025), "nameplate_mw"] == pytest.approx(1.01)  # 10 x 0.1 + 10 CPU servers of 1 kW
    assert energy.loc[("north", 2025), "site_energy_gwh"] == pytest.approx(1.01 * 5 * 1.2)
    assert energy.loc[("south", 2026), "it_power_mw"] == 0.5
    compute = accounts.compute.set_index(["pool", "year"])
    assert compute.loc[("core", 2026), "capacity_mgpuh"] == pytest.approx(8 * 1 + 0.5 * 2)
    assert compute.loc[("inference", 2025), "team_people"] == 4
    assert accounts.tokens.set_index(["class", "year"]).loc[("private", 2025), "needed_mgpuh"] == pytest.approx(0.9)
    assert accounts.models.set_index(["generation", "year"]).loc[("m2", 2027), "training_mgpuh"] == 2
    loan = accounts.funding.set_index(["instrument", "year"]).loc["loan"]
    assert list(loan["repayment_meur"]) == pytest.approx([0.4761905, 0.5238095, 0])
    assert loan["debt_meur"].iloc[-1] == 0


def test_cash_by_hand(accounts: Accounts) -> None:
    cash = accounts.cash.set_index(["company", "year"])
    # Research 2025: 124 drawn, gap 1, 3 advanced, 118.9 invested; 1.61818 earned, 10.16186 spent, 2 - 1 of the fee.
    assert cash.loc[("research", 2025), "closing_meur"] == pytest.approx(9.1 + 1.61818 - 10.16186 + 1)
    # Service 2025: 4 drawn less 0.01 and 3 advanced; 4.485 earned, 0.9 spent, 1 of the fee, 0.57619 served, 0.15 paid.
    assert cash.loc[("service", 2025), "closing_meur"] == pytest.approx(0.99 + 4.485 - 0.9 - 1 - 0.5761905 - 0.15)
    assert cash.loc[("service", 2026), "infrastructure_fee_meur"] == 0  # credited in full
    assert cash.loc[("service", 2026), "profit_transfer_meur"] == -1
    assert cash.loc[("service", 2027), "redemption_meur"] == -3


def test_equity_return_is_recomputed_from_its_flows(accounts: Accounts) -> None:
    (equity,) = accounts.equity.to_dict("records")
    assert (equity["irr_status"], equity["irr_share"]) == ("unique", pytest.approx(0.05))
    assert equity["dividends_meur"] == pytest.approx(0.45)


def test_residual_value_counts_only_where_the_case_says_so() -> None:
    plain, valued = small_case(), small_case(objective={"residual_value": True})
    plan = small_plan(plain)
    one, other = evaluate(plain, plan), evaluate(valued, plan)
    assert other.totals["deficit_meur"] == pytest.approx(one.totals["deficit_meur"] - one.totals["residual_meur"])
    assert other.totals["gross_cost_meur"] == one.totals["gross_cost_meur"]


def test_the_owner_pays_and_the_guest_pays_the_fee() -> None:
    """With the service company as owner: it invests, research pays the fee on core compute, an eligible cost."""
    case = small_case(infrastructure_entity="service")
    plan = small_plan(case)
    books = evaluate(case, plan).books
    assert books.business.infrastructure_fee_meur == pytest.approx(np.array([8.0, 9.0, 4.0]))
    assert evaluate(case, plan).by_line.loc["servers", "research_meur"] == 0
    cash = evaluate(case, plan).cash.set_index(["company", "year"])
    assert cash.loc[("service", 2027), "infrastructure_fee_meur"] == 4
    assert cash.loc[("research", 2027), "infrastructure_fee_meur"] == -4
    assert books.money.eligible_cost[-1] == pytest.approx(2.0 + 8 + 9 + 4)  # core staff and the fee
    # Profit of 2027: 2.2425 + 0.013 sold, 4 of fee, 8.5647 - 0.5 spent (core staff is research's), alpha written off.
    wear = 16 / 3 + 45 / 3 + 18.8 / 20 + 5.55 / 10
    assert books.money.profit[2] == pytest.approx(2.2425 + 0.013 + 4 - (8.1647 - 0.5) - 0.9 - wear)


def test_the_same_deficit_whoever_owns_the_infrastructure() -> None:
    """Fee, advances and transfers stay between the companies."""
    plan = small_plan(small_case())
    totals = [evaluate(small_case(infrastructure_entity=owner), plan).totals for owner in ("research", "service")]
    assert totals[0]["deficit_meur"] == pytest.approx(totals[1]["deficit_meur"])


def test_upkeep_can_be_switched_off_and_cover_all() -> None:
    plan = small_plan(small_case())
    off = evaluate(small_case(upkeep={"insurance": {"enabled": False}}), plan)
    assert "insurance" not in off.by_line.index
    both = evaluate(small_case(upkeep={"insurance": {"basis": "all"}}), plan)
    assert of_year(both, "insurance") == pytest.approx([0.02 * 115.1, 0.02 * 135.1, 0.02 * 80])


def test_an_upkeep_must_not_take_the_name_of_another_line() -> None:
    with pytest.raises(CaseError, match=r"upkeep.building: the accounts have a line 'building' already"):
        Inputs.of(small_case(upkeep={"building": {"basis": "all", "share_per_year": 0.1}}))


def test_no_cores_needed_costs_no_rent() -> None:
    case = small_case(cpu={"cores": 0})
    assert of_year(evaluate(case, small_plan(case)), "cpu_rent") == [0, 0, 0]


def test_a_case_without_instruments_has_accounts() -> None:
    case = small_case(funding={"use": []})
    accounts = evaluate(case, Decisions.zeros(Index.of(case)))
    assert accounts.totals["public_funding_share"] == 0
    assert accounts.funding.empty
    assert accounts.equity.empty
    assert accounts.rows["family"].nunique() > 20


def test_prices_of_a_range_are_taken_at_its_ends() -> None:
    case = small_case(staff={"salary": {"low": 80000, "base": 100000, "high": 150000}})
    plan = small_plan(case)
    staff = [sum(of_year(evaluate(case, plan, at), "operations_staff")) for at in ("low", "base", "high")]
    assert staff == pytest.approx([2.4, 3.0, 4.5])


@settings(max_examples=50)
@given(st.integers(0, 2**32 - 1), st.sampled_from(["research", "service"]))
def test_sources_less_uses_are_the_closing_cash(seed: int, owner: str) -> None:
    """Holds for any decisions: no flow is lost or counted twice, and flows between the companies cancel."""
    case = owned_by(owner)
    plan = random_plan(Index.of(case), seed)
    accounts = evaluate(case, plan)
    totals, funding = accounts.totals, accounts.funding
    equity = funding["kind"] == "equity"
    contributions = funding.loc[equity, "draw_meur"].sum()
    sources = plan.draws_meur.sum() - contributions + totals["unfunded_gap_meur"]
    uses = totals["deficit_meur"] + funding["repayment_meur"].sum()
    closing = accounts.cash.groupby("company")["closing_meur"].last().sum()
    assert closing == pytest.approx(sources - uses, rel=1e-9, abs=1e-6)
    flows = accounts.cash[["opening_meur", *(f"{name}_meur" for name in FLOWS)]].sum(axis=1)
    assert list(flows) == pytest.approx(list(accounts.cash["closing_meur"]), rel=1e-9, abs=1e-6)


@given(st.integers(0, 2**32 - 1))
def test_what_is_bought_is_written_off_or_left(seed: int) -> None:
    case = owned_by("research")
    accounts = evaluate(case, random_plan(Index.of(case), seed))
    written_off = accounts.books.business.depreciation_meur.sum()
    assert written_off + accounts.totals["residual_meur"] == pytest.approx(accounts.totals["capex_meur"])


@settings(max_examples=20)
@given(st.integers(0, 2**32 - 1))
def test_variants_give_the_same_as_one_by_one(seed: int) -> None:
    """Figures and decisions may both vary; every array of the accounts and every row of the rules is compared."""
    cases = varied()
    plans = random_plan(Index.of(cases[0]), seed, len(cases))
    together = Books.of(Inputs.of(cases), plans)
    families = blocks(together)
    for number, case in enumerate(cases):
        plan = Decisions(**{name: array[number] for name, array in plans.arrays().items()})
        alone = Books.of(case, plan)
        for name, value in alone.totals.items():
            assert together.totals[name][number] == pytest.approx(float(value), nan_ok=True), name
        for name, values in alone.yearly.items():
            assert together.yearly[name][number] == pytest.approx(values), name
        for one, other in zip(blocks(alone), families, strict=True):
            assert (one.family, one.what) == (other.family, other.what)
            broadcast = np.broadcast_to(other.slack, (len(cases), *one.slack.shape))
            assert broadcast[number] == pytest.approx(one.slack, rel=1e-9, abs=1e-9), (one.family, one.what)
            met = np.broadcast_to(other.met, (len(cases), *one.met.shape))
            assert (met[number] == one.met).all(), (one.family, one.what)


def test_decisions_alone_may_vary_and_figures_alone_too() -> None:
    case, dearer = small_case(), small_case(staff={"salary": 200000})
    plan = small_plan(case)
    base = float(Books.of(case, plan).totals["deficit_meur"])
    twice = Decisions(**{name: np.stack([array, array]) for name, array in plan.arrays().items()})
    assert Books.of(case, twice).totals["deficit_meur"] == pytest.approx([base, base])
    # All staff costs twice as much: 3 + 2 + 1.5 + 1.2 more.
    assert Books.of(Inputs.of([case, dearer]), plan).totals["deficit_meur"] == pytest.approx([base, base + 7.7])


def test_variants_must_share_their_structure() -> None:
    with pytest.raises(CaseError, match=r"variant 1 differs from the first one in life_years"):
        Inputs.of([small_case(), small_case(server_types={"alpha": {"life_years": 3}})])
    with pytest.raises(CaseError, match="differs from the first one in index"):
        Inputs.of([small_case(), small_case(server_types={"beta": DROP})])


def test_accounts_are_of_one_plan(case: Case) -> None:
    plan = small_plan(case)
    with pytest.raises(ValueError, match="accounts are of one plan"):
        evaluate(Inputs.of([case, case]), plan)


def test_a_draw_that_outlives_the_horizon_leaves_its_debt(case: Case) -> None:
    plan = small_plan(case)
    plan.draws_meur[2] = plan.band_draws_meur[2, 0] = [0, 0, 1]
    table = evaluate(case, plan).funding.set_index(["instrument", "year"])
    assert table.loc[("loan", 2027), "debt_meur"] == pytest.approx(1 - 0.4761905)
