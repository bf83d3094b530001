"""Every rule notices its breach: the small plan keeps all of them, and each test breaks one.

A rule that is not evaluated, measured over the wrong scope or has the wrong sign would let its breach pass here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from leam_opt.case.index import Index
from leam_opt.case.schema import Case
from leam_opt.ledger.audit import audit
from leam_opt.ledger.books import Books
from leam_opt.ledger.decisions import Decisions
from leam_opt.ledger.rows import Row
from leam_opt.ledger.rules import Rule, blocks, legal_rules
from tests.builders import DROP, small_case, small_plan

NORTH, SOUTH = 0, 1
ALPHA, BETA = 0, 1
CORE, TUNING, INFERENCE = range(3)
PUBLIC, PRIVATE = range(2)
GREEN, MIX, SOLAR = range(3)
GRANT, SPONSOR, LOAN, EQUITY = range(4)
RESEARCH, SERVICE = range(2)

Change = Callable[[Decisions], None]


def broken(case: Case, change: Change | None = None) -> list[Row]:
    plan = small_plan(case)
    if change is not None:
        change(plan)
    return list(audit(case, plan, {}).violations)


def put(name: str, at: Any, value: Any) -> Change:
    """A change of one decision."""

    def change(plan: Decisions) -> None:
        getattr(plan, name)[at] = value

    return change


def both(*changes: Change) -> Change:
    def change(plan: Decisions) -> None:
        for one in changes:
            one(plan)

    return change


def test_the_small_plan_keeps_every_rule() -> None:
    assert [str(row) for row in broken(small_case())] == []


BREACHES: list[tuple[str, str, str, Change]] = [
    ("allocation", "units that pools use are running", "year 2027", put("units_allocated", (CORE, 0, BETA, 2), 1.6)),
    ("allocation", "units that pools use", "year 2026", put("units_allocated", (CORE, SOUTH, BETA, 1), 1)),
    ("capacity", "compute fits", "pool core, year 2025", put("compute_mgpuh", (CORE, PUBLIC, 0), 7.3)),
    ("capacity", "compute fits", "pool tuning, year 2025", put("units_allocated", (TUNING, 0, ALPHA, 0), 0.9)),
    ("pool_share", "smallest share", "pool core", put("units_allocated", (CORE, NORTH, ALPHA, 0), 2)),
    ("pool_share", "largest share", "pool tuning", put("units_allocated", (CORE, NORTH, ALPHA, 0), 2)),
    ("class_share", "private share", "pool core, year 2025", put("compute_mgpuh", (CORE, PRIVATE, 0), 0.9)),
    ("class_share", "private share", "pool inference", put("compute_mgpuh", (INFERENCE, PUBLIC, 2), 0.04)),
    ("training", "covers the models", "generation m1, year 2025", put("core_models", (0, 0), 3)),
    ("training", "covers the models", "generation m2, year 2027", put("training_mgpuh", (1, NORTH, BETA, 2), 1.9)),
    ("training", "fits the core units", "type beta", put("units_allocated", (CORE, NORTH, BETA, 2), 0.9)),
    ("training", "is public core compute", "year 2025", put("compute_mgpuh", (CORE, PUBLIC, 0), 1.9)),
    ("homogeneity", "outside the generation's place", "generation m1", put("training_place", (0, 0, 0), 0)),
    ("homogeneity", "one site and one server type", "generation m1", put("training_place", (0, SOUTH, BETA), 1)),
    ("mission", "core models of the year", "year 2027", put("core_models", (1, 2), 0)),
    ("mission", "core models of the year", "year 2025", put("core_models", (0, 0), 4)),
    ("mission", "core models of the generation", "generation m1", put("core_models", (0, 1), 0)),
    ("mission", "only in its years", "generation m2, year 2025", put("core_models", (1, 0), 1)),
    ("mission", "public compute of the year", "year 2027", put("compute_mgpuh", (TUNING, PUBLIC, 2), 0.1)),
    ("tokens", "within inference compute", "class public", put("tokens_bn_per_day", (PUBLIC, 0), 1.1)),
    ("tokens", "within inference compute", "class private", put("tokens_bn_per_day", (PRIVATE, 2), 4.6)),
    ("demand", "use of core", "year 2025", put("adoption", (slice(None), 0), [1, 0])),
    ("demand", "use of tuning", "year 2026", put("adoption", (slice(None), 1), [1, 0])),
    ("demand", "use of inference", "year 2027", put("adoption", (slice(None), 2), [1, 0])),
    ("staff_step", "one team size", "pool tuning, year 2025", put("staff_step", (TUNING, 0, 0), 0)),
    ("staff_step", "one team size", "pool core", put("staff_step", (CORE, 0, 0), 1)),
    ("staff_step", "has such a step", "pool core", put("staff_step", (CORE, 0, 0), 1)),
    ("staff_step", "carries the load", "pool tuning", put("compute_mgpuh", (TUNING, PUBLIC, 0), 0.5)),
    ("cpu", "CPU cores", "year 2027", put("cpu_cores_rented_k", 2, 0.9)),
    ("cpu", "CPU cores", "year 2026", put("cpu_units_bought", (NORTH, 0), 0)),
    ("site", "servers are bought at open", "site south, type beta", put("site_open", (SOUTH, 1), 0)),
    ("site", "CPU servers are bought at open", "site south, year 2025", put("cpu_units_bought", (SOUTH, 0), 1)),
    ("site", "modules are built at open", "site south, year 2025", put("power_modules_built", (SOUTH, 0), 1)),
    ("site", "stays open", "site north, year 2027", put("site_open", (NORTH, 2), 0)),
    ("site", "not before its first year", "site south, year 2025", put("site_open", (SOUTH, 0), 1)),
    ("site", "modules the site can hold", "site north", put("power_modules_built", (NORTH, 2), 2)),
    ("power", "within the IT power built", "site north, year 2025", put("power_modules_built", (NORTH, 0), 2)),
    ("grid", "within the grid power", "site north, year 2025", put("grid_power_mw", (NORTH, 0), 1.7)),
    ("grid", "limit of the open site", "site north", put("grid_power_mw", (NORTH, 2), 3.1)),
    ("grid", "limit of the open site", "site south, year 2025", put("grid_power_mw", (SOUTH, 0), 0.1)),
    ("grid", "does not fall", "site south, year 2027", put("grid_power_mw", (SOUTH, 1), 0.6)),
    ("energy_balance", "is the site's energy", "site south", put("energy_gwh", (GREEN, SOUTH, 1), 0.76)),
    ("source_share", "at most its share", "source solar, site south", put("energy_gwh", (SOLAR, SOUTH, 1), 0.34)),
    ("source_share", "at most its share", "source solar, site north", put("energy_gwh", (SOLAR, NORTH, 1), 0.01)),
    ("renewable", "renewable electricity", "year 2025", put("energy_gwh", (slice(0, 2), NORTH, 0), [3.03, 3.03])),
    ("heat", "can deliver", "site south", put("heat_sold_gwh", (SOUTH, 2), 0.23)),
    ("heat", "legal share", "site north, year 2026", put("heat_sold_gwh", (NORTH, 1), 0.6)),
    ("public_use", "of scope 'core'", "year 2025", put("compute_mgpuh", (CORE, slice(None), 0), [7.1, 0.9])),
    ("caps", "total draws", "instrument loan", put("draws_meur", (LOAN, 0), 10.5)),
    ("caps", "total draws", "instrument sponsor", put("instrument_used", SPONSOR, 0)),
    ("caps", "draws of the year", "instrument grant, year 2025", put("draws_meur", (GRANT, 0), 121)),
    ("caps", "smallest ticket", "instrument equity", put("draws_meur", (EQUITY, 0), 0.9)),
    ("caps", "window only", "instrument loan, year 2027", put("draws_meur", (LOAN, 2), 0.1)),
    ("grant_intensity", "grant's share", "instrument grant, year 2025", put("draws_meur", (GRANT, 0), 123)),
    ("grant_intensity", "all grants and sponsors", "year 2025", put("draws_meur", (SPONSOR, 0), 16)),
    ("dscr", "the senior lenders ask", "company service, year 2025", put("band_draws_meur", (LOAN, 0, 0), 2.3)),
    ("loan_bands", "add up to the loan's", "instrument loan, year 2025", put("draws_meur", (LOAN, 0), 0.9)),
    ("loan_bands", "within the band", "instrument loan, band 1", put("band_draws_meur", (LOAN, 0, 0), 10.5)),
    ("bounds", "only bands of loans", "instrument grant, band 1", put("band_draws_meur", (GRANT, 0, 1), 0.1)),
    ("bounds", "that a guarantee covers", "instrument loan", put("guaranteed_meur", (LOAN, 0), 0.1)),
    ("bounds", "only tranches bear", "instrument equity", put("called_loss_meur", EQUITY, 0.1)),
    ("hurdle", "present value", "instrument equity", put("dividends_meur", (EQUITY, 1), 0.14)),
    ("hurdle", "stays in", "instrument equity, year 2025", put("dividends_meur", (EQUITY, 0), 0.16)),
    ("redemption", "at most what they contributed", "instrument equity", put("redemption_meur", EQUITY, 3.1)),
    ("ring_fence", "cumulative profit", "year 2025", put("dividends_meur", (EQUITY, 0), 1.5)),
    ("ring_fence", "cumulative profit", "year 2026", put("profit_transfer_meur", 1, 3)),
    ("prepayment", "advanced before", "year 2025", put("fee_credited_meur", slice(0, 2), [3.1, -0.1])),
    ("prepayment", "within the year's fee", "year 2025", put("fee_credited_meur", slice(0, 2), [2.1, 0.9])),
    ("prepayment", "used up", "", put("fee_prepaid_meur", 0, 3.1)),
    ("private_share", "over all draws", "", put("draws_meur", (GRANT,), [0, 0, 20])),
    ("private_share", "over draws and gap", "", put("draws_meur", (SPONSOR,), [0, 0, 6])),
    ("private_share", "over draws and gap", "", put("unfunded_gap_meur", (RESEARCH, 2), 250)),
    ("adoption", "one level", "year 2025", put("adoption", (0, 0), 1)),
    ("adoption", "carries the level", "level high, year 2026", put("draws_meur", (SPONSOR,), [9, 0, 10])),
    ("adoption", "carries the level", "level high, year 2025", put("unfunded_gap_meur", (RESEARCH, 0), 15)),
    ("cash", "year's start", "company service, year 2025", put("fee_prepaid_meur", 0, 4.1)),
    ("cash", "over the reserve", "company research, year 2025", put("draws_meur", (GRANT, 0), 113.4)),
    ("cash", "over the reserve", "company service, year 2027", put("profit_transfer_meur", 1, 2.5)),
    ("integrality", "units_bought is whole", "site north", put("units_bought", (NORTH, ALPHA, 0), 10.2)),
    ("integrality", "core_models is whole", "generation m1", put("core_models", (0, 0), 2.2)),
    ("integrality", "instrument_used is whole", "instrument loan", put("instrument_used", LOAN, 0.7)),
    ("bounds", "heat_sold_gwh is not negative", "year 2025", put("heat_sold_gwh", (SOUTH, 0), -0.01)),
    ("bounds", "profit_transfer_meur is not negative", "year 2027", put("profit_transfer_meur", 2, -0.1)),
    ("bounds", "site_open is a switch", "site north", put("site_open", (NORTH,), 2)),
    ("bounds", "while it is on sale", "type beta, year 2025", put("units_bought", (NORTH, BETA, 0), 1)),
    ("bounds", "only equity and tranches are paid", "instrument grant", put("dividends_meur", (GRANT, 2), 0.1)),
    ("bounds", "only equity and tranches are redeemed", "instrument loan", put("redemption_meur", LOAN, 0.1)),
]


@pytest.mark.parametrize(("family", "what", "where", "change"), BREACHES)
def test_a_breach_is_noticed(family: str, what: str, where: str, change: Change) -> None:
    rows = broken(small_case(), change)
    found = [row for row in rows if row.family == family and what in row.what and where in row.where]
    assert found, [str(row) for row in rows]
    assert all(row.slack < -row.tolerance for row in found)


CASES: list[tuple[str, str, dict[str, Any]]] = [
    ("public_use", "of scope 'all'", {"rules": {"public_use": {"scope": "all"}}}),
    ("ancillary_use", "of scope 'all'", {"rules": {"ancillary_use": {"share_max": 0.22}}}),
    ("ancillary_use", "of scope 'core'", {"rules": {"ancillary_use": {"scope": "core", "share_max": 0.09}}}),
    ("grant_income", "research company's income", {"rules": {"grant_income": {"share_min": 0.9}}}),
    ("pue", "PUE of an open site", {"rules": {"pue_max": 1.15}}),
    ("co2", "CO2 of the electricity", {"rules": {"co2_max": 0.9}}),
    ("prepayment", "service company owns", {"infrastructure_entity": "service"}),
    ("deficit_max", "deficit within", {"objective": {"name": "public_compute", "deficit_max": 200}}),
    ("mission", "public compute of the year", {"mission": {"public_compute_min": 8.7}}),
    ("demand", "use of inference", {"adoption": {"high": {"inference": 8}}}),
    ("adoption", "carries the level", {"adoption": {"high": {"private_share_min": 0.11}}}),
    ("dscr", "cash flow available", {"funding": {"instruments": {"loan": {"dscr_min": 3}}}}),
    ("caps", "window only", {"funding": {"instruments": {"sponsor": {"first_year": 2026}}}}),
    ("bounds", "while it is on sale", {"server_types": {"alpha": {"on_sale_until": 2024}}}),
    ("staff_step", "carries the load", {"pools": {"inference": {"staff_steps": [{"people": 4, "up_to": 0.9}]}}}),
    ("cash", "over the reserve", {"funding": {"cash_reserve_research": 1.6}}),
]


@pytest.mark.parametrize(("family", "what", "overrides"), CASES)
def test_a_stricter_case_is_noticed(family: str, what: str, overrides: dict[str, Any]) -> None:
    rows = broken(small_case(**overrides))
    assert [row for row in rows if row.family == family and what in row.what], [str(row) for row in rows]


def test_rules_that_are_switched_off_have_no_rows() -> None:
    off = {rule: {"enabled": False} for rule in ("public_use", "ancillary_use", "grant_income", "timely_use")}
    case = small_case(rules={**off, "co2_max": None})
    families = {block.family for block in blocks(Books.of(case, small_plan(case)))}
    assert not families & {*off, "co2", "deficit_max"}


def test_a_year_without_debt_service_asks_for_no_cover() -> None:
    """A loss of the service company breaks the cover only while it serves debt."""
    case = small_case(prices={"tokens": 0})

    def debtless(plan: Decisions) -> None:
        plan.draws_meur[LOAN] = 0
        plan.band_draws_meur[LOAN] = 0

    assert "dscr" in {row.family for row in broken(case)}
    assert "dscr" not in {row.family for row in broken(case, debtless)}


def test_a_loan_can_be_drawn_as_long_as_it_is_repaid_within_the_horizon() -> None:
    """Two years of tenor: 2026 is repaid in 2027, a draw of 2027 is too late even without a last year of draws."""
    case = small_case(funding={"instruments": {"loan": {"last_year": DROP}}})

    def windows(year: int) -> list[Row]:
        return [row for row in broken(case, put("draws_meur", (LOAN, year), 0.01)) if "window" in row.what]

    assert not windows(1)
    assert [row.where for row in windows(2)] == ["instrument loan, year 2027"]


def test_a_fee_that_research_pays_is_no_negative_income() -> None:
    case = small_case(infrastructure_entity="service")
    money = Books.of(case, small_plan(case)).money
    assert money.other_income == pytest.approx(np.array([1.6, 1.8, 0.8]))


def test_a_year_without_distribution_needs_no_profit() -> None:
    case = small_case(prices={"tokens": 0})

    def nothing(plan: Decisions) -> None:
        plan.dividends_meur[:] = 0
        plan.profit_transfer_meur[:] = 0

    assert "ring_fence" in {row.family for row in broken(case)}
    assert "ring_fence" not in {row.family for row in broken(case, nothing)}


def test_every_dividend_counts_depreciation_where_the_service_company_owns() -> None:
    """With its own hardware to write off, the same distributions are no longer earned."""
    case = small_case(infrastructure_entity="service", prices={"infrastructure_fee": 3000})
    profit = Books.of(case, small_plan(case)).money.profit
    # Fee 24 + 4.485 + 0.01818 of heat, less 9.16186 (without core staff), 0.9, 0.11 and the year's wear.
    wear = 100 / 2 + 0.1 / 2 + 18.8 / 20
    assert profit[0] == pytest.approx(24 + 4.485 + 0.01818 - 9.16186 - 0.9 - 0.11 - wear)


def rules(case: Case) -> dict[tuple[str, str], Rule]:
    return {(rule.rule, rule.scope): rule for rule in legal_rules(Books.of(case, small_plan(case)))}


def test_legal_rules_in_their_worst_year() -> None:
    found = rules(small_case())
    core, everything = found["public_use", "core"], found["public_use", "all"]
    assert (core.limit, core.met, core.active) == (0.9, True, True)
    assert core.worst == pytest.approx(0.9)
    assert (everything.year, everything.met, everything.active) == (2025, False, False)
    assert everything.worst == pytest.approx(0.77)
    assert found["ancillary_use", "all"].worst == pytest.approx(0.23)
    assert found["ancillary_use", "core"].worst == pytest.approx(0.1)
    # 2026: 30 + 3 + 1 over those and 1.8 + 0.02038 of sales and 2 of fee.
    assert found["grant_income", "research"].worst == pytest.approx(34 / (34 + 3.82038))
    assert found["renewable", "centre"].worst == pytest.approx(0.8)
    assert (found["pue", "site"].worst, found["pue", "site"].limit) == (1.2, 1.3)
    assert found["heat", "site"].worst == pytest.approx(0.1)
    assert found["co2", "centre"].worst == pytest.approx(0.9696)
    assert all(rule.met for name, rule in found.items() if name != ("public_use", "all"))


def test_the_strict_scope_is_broken_when_it_binds() -> None:
    strict = rules(small_case(rules={"public_use": {"scope": "all"}}))
    assert (strict["public_use", "all"].met, strict["public_use", "all"].active) == (False, True)
    assert strict["public_use", "core"].active is False


def test_a_limit_of_the_worst_year_is_shown() -> None:
    """The year with the least room counts, not the year with the extreme value."""
    found = rules(small_case(rules={"renewable_share_min": {2025: 0.5, 2027: 0.84}}))["renewable", "centre"]
    # 2027: 4.7 GWh, of which 0.72 are not renewable: 84.7 %, closer to 84 % than 80 % is to 50 %.
    assert (found.year, found.limit) == (2027, 0.84)
    assert found.worst == pytest.approx(1 - 0.72 / 4.7)


def test_rules_without_anything_to_measure() -> None:
    case = small_case(rules={"co2_max": None})
    idle = {rule.rule: rule for rule in legal_rules(Books.of(case, Decisions.zeros(Index.of(case))))}
    for name in ("public_use", "ancillary_use", "grant_income", "renewable", "pue", "heat"):
        assert (idle[name].worst, idle[name].met) == (None, True)
    assert (idle["co2"].worst, idle["co2"].limit, idle["co2"].active) == (0.0, None, False)


def test_a_rows_size_sets_its_tolerance() -> None:
    """A row of 100 M EUR may be off by 100 EUR, one of less than a million by one; not by more."""
    case = small_case(funding={"cash_reserve_research": 1.55632})
    assert not broken(case)  # exact to the cent, but not to the last bit
    assert [row.family for row in broken(small_case(funding={"cash_reserve_research": 1.5566}))] == ["cash"]


def test_rows_say_where_they_stand() -> None:
    (row,) = broken(small_case(rules={"pue_max": 1.19}))[:1]
    assert str(row) == (
        "pue (site north, year 2025): PUE of an open site: 1.2 - must be <= 1.19 -; it is off by 0.01, allowed is 1e-06"
    )


def test_not_a_number_breaks_its_rows() -> None:
    for name in Decisions.zeros(Index.of(small_case())).arrays():
        plan = small_plan(small_case())
        if not getattr(plan, name).size:
            continue  # no points of a demand curve in this case
        getattr(plan, name).flat[0] = np.nan
        assert not audit(small_case(), plan, {}).passed, name
