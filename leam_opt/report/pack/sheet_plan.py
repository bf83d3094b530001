"""Sheet of a plan's decisions: what is bought, used, sold and drawn; everything else follows from it by formulas."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from leam_opt.case.index import CLASSES, ENTITIES, POOLS
from leam_opt.ledger.funding import at_horizon
from leam_opt.report.pack.labels import PARTIES, USES, label
from leam_opt.report.pack.workbook_page import Page
from leam_opt.report.pack.workbook_scenario import Array, Scenario
from leam_opt.words import Words


def users(name: str, words: Words) -> str:
    """A class of users in words."""
    return words("public users") if name == "public" else words("paying customers")


def plan_sheet(scenario: Scenario) -> None:
    """Writes the decisions of a scenario's plan."""
    words = scenario.words
    page = scenario.open_page(
        "plan",
        words("Plan: the decisions"),
        words("What the plan decides. Changed figures do not change it; a new solve does."),
    )
    _machines(scenario, page)
    _use(scenario, page)
    _energy(scenario, page)
    _money(scenario, page)
    _companies(scenario, page)


def _machines(scenario: Scenario, page: Page) -> None:
    words, plan, index, case = scenario.words, scenario.plan, scenario.index, scenario.case
    page.section(words("Machines and sites"), words("Purchases and buildings at the start of the year."))
    for s, site in enumerate(case.sites.values()):
        for g, kind in enumerate(case.server_types.values()):
            told = words("purchase units bought: {type}, {site}", type=kind.title, site=site.title)
            scenario.decided(page, "units_bought", told, "unit", plan.units_bought[s, g], s, g)
    for s, site in enumerate(case.sites.values()):
        rows: Sequence[tuple[str, str, str, Array]] = (
            ("cpu_bought", words("CPU units bought: {site}", site=site.title), "unit", plan.cpu_units_bought[s]),
            ("open", words("site open (1 = yes): {site}", site=site.title), "0/1", plan.site_open[s]),
            ("modules", words("power modules built: {site}", site=site.title), "unit", plan.power_modules_built[s]),
            ("grid", words("grid power contracted: {site}", site=site.title), "MW", plan.grid_power_mw[s]),
        )
        for word, told, unit, values in rows:
            scenario.decided(page, word, told, unit, values, s)
    scenario.decided(page, "cpu_rented", words("CPU cores rented"), "1000 cores", plan.cpu_cores_rented_k)
    pools = plan.units_allocated.sum(axis=1)
    for k, pool in enumerate(POOLS):
        for g, name in enumerate(index.types):
            told = words("units in use: {pool}, {type}", pool=words(USES[pool]), type=case.server_types[name].title)
            scenario.decided(page, "pool_units", told, "unit", pools[k, g], k, g)


def _use(scenario: Scenario, page: Page) -> None:
    words, plan, case = scenario.words, scenario.plan, scenario.case
    page.section(words("Compute, models, tokens, teams"))
    for k, pool in enumerate(POOLS):
        for c, name in enumerate(CLASSES):
            told = words("compute: {pool}, {users}", pool=words(USES[pool]), users=users(name, words))
            scenario.decided(page, "compute", told, "MGPUh", plan.compute_mgpuh[k, c], k, c)
    for n, generation in enumerate(case.generations.values()):
        told = words("core models developed: {generation}", generation=generation.title)
        scenario.decided(page, "models", told, "model", plan.core_models[n], n)
        told = words("training compute: {generation}", generation=generation.title)
        scenario.decided(page, "training", told, "MGPUh", plan.training_mgpuh[n].sum(axis=(0, 1)), n)
    for c, name in enumerate(CLASSES):
        told = words("tokens a day: {users}", users=users(name, words))
        scenario.decided(page, "tokens", told, "Gtoken/d", plan.tokens_bn_per_day[c], c)
    for k, pool in enumerate(POOLS):
        for p in range(scenario.structure.pool_steps[k]):
            told = words("team in force (1 = yes): {pool}, step {step}", pool=words(USES[pool]), step=p + 1)
            scenario.decided(page, "step", told, "0/1", plan.staff_step[k, p], k, p)
    for a, level in enumerate(case.adoption.values()):
        told = words("adoption in force (1 = yes): {level}", level=level.title)
        scenario.decided(page, "adoption", told, "0/1", plan.adoption[a], a)
    every = np.ones(scenario.years)
    for m, chosen in enumerate(plan.cluster_price_level):
        told = words("price of compute chosen (1 = yes): point {point}", point=m + 1)
        scenario.decided(page, "cluster_level", told, "0/1", chosen * every, m)
    for m, chosen in enumerate(plan.token_price_level):
        told = words("price of tokens chosen (1 = yes): point {point}", point=m + 1)
        scenario.decided(page, "token_level", told, "0/1", chosen * every, m)


def _energy(scenario: Scenario, page: Page) -> None:
    words, plan, case = scenario.words, scenario.plan, scenario.case
    page.section(words("Electricity and heat"))
    for j, source in enumerate(case.energy_sources.values()):
        for s, site in enumerate(case.sites.values()):
            told = words("electricity bought: {source}, {site}", source=source.title, site=site.title)
            scenario.decided(page, "energy", told, "GWh", plan.energy_gwh[j, s], j, s)
    for s, site in enumerate(case.sites.values()):
        told = words("heat sold: {site}", site=site.title)
        scenario.decided(page, "heat", told, "GWh", plan.heat_sold_gwh[s], s)


def _money(scenario: Scenario, page: Page) -> None:
    words, plan, case, years = scenario.words, scenario.plan, scenario.case, scenario.years
    page.section(words("Funding"), words("Draws at the start of the year, payments to investors at its end."))
    for f, name in enumerate(scenario.index.instruments):
        title = case.funding.instruments[name].title
        scenario.decided(page, "draw", words("draw: {instrument}", instrument=title), "MEUR", plan.draws_meur[f], f)
    for f, terms in enumerate(scenario.structure.instruments):
        title = case.funding.instruments[scenario.index.instruments[f]].title
        for b in range(terms.bands):
            band = plan.band_draws_meur[f, b]
            if terms.bands == 1 and np.array_equal(band, plan.draws_meur[f]):
                scenario.put("band", scenario.get("draw", f), f, b)
                continue
            told = words("of which in rate band {band}: {instrument}", band=b + 1, instrument=title)
            scenario.decided(page, "band", told, "MEUR", band, f, b)
        rows = (
            ("guaranteed", words("of which guaranteed: {instrument}", instrument=title), plan.guaranteed_meur[f]),
            ("dividends", words("payment to investors: {instrument}", instrument=title), plan.dividends_meur[f]),
            (
                "redemption",
                words("contribution paid back: {instrument}", instrument=title),
                at_horizon(plan.redemption_meur[f], years),
            ),
            (
                "called",
                words("loss called: {instrument}", instrument=title),
                at_horizon(plan.called_loss_meur[f], years),
            ),
        )
        for word, told, values in rows:
            scenario.decided(page, word, told, "MEUR", values, f)


def _companies(scenario: Scenario, page: Page) -> None:
    words, plan = scenario.words, scenario.plan
    page.section(words("Between the companies, and what nobody pays"))
    rows = (
        ("fee_prepaid", label("fee_prepaid", words), plan.fee_prepaid_meur),
        ("fee_credited", words("infrastructure fee settled from advances"), plan.fee_credited_meur),
        ("transfer", words("profit passed to the research company"), plan.profit_transfer_meur),
    )
    for word, told, values in rows:
        scenario.decided(page, word, told, "MEUR", values)
    for e, entity in enumerate(ENTITIES):
        told = words("unfunded gap: {company}", company=words(PARTIES[entity]))
        scenario.decided(page, "gap", told, "MEUR", plan.unfunded_gap_meur[e], e)
