"""Annexes D to F: core models, tuning and inference: use, revenue, teams, and the fee for the infrastructure."""

from __future__ import annotations

from leam_opt.case.index import CLASSES, POOLS
from leam_opt.ledger.physical import CORE, DAYS_PER_YEAR, PRIVATE, PUBLIC, TUNING
from leam_opt.report.pack.labels import USES, label
from leam_opt.report.pack.sheet_costs import account, load_of
from leam_opt.report.pack.sheet_plan import users
from leam_opt.report.pack.workbook_page import Page
from leam_opt.report.pack.workbook_scenario import Scenario
from leam_opt.report.pack.workbook_terms import Term, ratio, total

DAYS = int(DAYS_PER_YEAR)


def services_sheet(scenario: Scenario) -> None:
    """Writes revenue, teams, public use and the infrastructure fee."""
    words = scenario.words
    page = scenario.open_page(
        "services",
        words("Annexes D to F: core models, tuning, inference"),
        words("Revenue is price times what the plan sells; teams are the steps that the plan has in force."),
    )
    _revenue(scenario, page)
    _teams(scenario, page)
    _tokens(scenario, page)
    _public_use(scenario, page)
    _fee(scenario, page)


def _price(scenario: Scenario, word: str, path: str, levels: str, points: int) -> Term:
    """A price, or that of the chosen point of the demand curve."""
    if not points:
        return scenario.figures(path)
    chosen = [(scenario.get(word, m)[0], scenario.figures(f"{levels}.{m}.price")) for m in range(points)]
    return total(point * price for point, price in chosen)


def _revenue(scenario: Scenario, page: Page) -> None:
    words, figure, structure, index = scenario.words, scenario.figures, scenario.structure, scenario.index
    years = range(scenario.years)
    page.section(words("Prices"))
    hour = _price(scenario, "cluster_level", "prices.cluster_hour", "prices.cluster_hour_levels", index.cluster_levels)
    gpu_hour = page.single(words("price of a GPU-hour"), "EUR/GPUh", hour / figure("prices.cluster_gpus"))
    tokens = _price(scenario, "token_level", "prices.tokens", "prices.token_levels", index.token_levels)
    kilotoken = page.single(words("price of 1000 tokens"), "EUR/ktoken", tokens)
    page.section(words("Revenue"))
    for k, name in ((CORE, "core_revenue"), (TUNING, "tuning_revenue")):
        sold = scenario.get("compute", k, PRIVATE)
        # Million GPU-hours x EUR = M EUR.
        account(scenario, page, name, [item * gpu_hour for item in sold], structure.pool_entity[k])
    # Billion tokens x EUR per 1000 tokens = M EUR.
    sold = scenario.get("tokens", PRIVATE)
    account(scenario, page, "inference_revenue", [item * DAYS * kilotoken for item in sold], structure.pool_entity[2])
    heat = [(line, figure(f"sites.{index.sites[s]}.heat_price")) for (s,), line in scenario.all("heat")]
    # GWh x EUR/MWh = 1000 EUR.
    earned = [total(line[y] * price for line, price in heat) / 1000 for y in years]
    account(scenario, page, "heat_revenue", earned, structure.owner)


def _teams(scenario: Scenario, page: Page) -> None:
    words, figure = scenario.words, scenario.figures
    years = range(scenario.years)
    page.section(words("Teams"))
    for k, pool in enumerate(POOLS):
        steps = [
            (line, figure(f"pools.{pool}.staff_steps.{p}.people")) for (at, p), line in scenario.all("step") if at == k
        ]
        people = [total(line[y] * size for line, size in steps) for y in years]
        if k == CORE:
            models = [total(line[y] for _, line in scenario.all("models")) for y in years]
            people = [team + count * figure("staff.per_core_model") for team, count in zip(people, models, strict=True)]
        scenario.put("people", page.line(words("team: {pool}", pool=words(USES[pool])), "person", people), k)
    for k, pool in enumerate(POOLS):
        cost = [item * (figure("staff.salary") / 1e6) for item in scenario.get("people", k)]
        account(scenario, page, f"{pool}_staff", cost, scenario.structure.pool_entity[k])


def _tokens(scenario: Scenario, page: Page) -> None:
    """Compute that the tokens of the plan need."""
    words, figure = scenario.words, scenario.figures
    page.section(words("Tokens"))
    per_hour = figure("compute.inference_throughput") * 3600
    for c, name in enumerate(CLASSES):
        # Billion tokens a day to million GPU-hours a year.
        need = [item * 1e9 * DAYS / per_hour / 1e6 for item in scenario.get("tokens", c)]
        told = words("compute that tokens need: {users}", users=users(name, words))
        scenario.put("token_compute", page.line(told, "MGPUh", need, summed=True), c)


def _public_use(scenario: Scenario, page: Page) -> None:
    """Public compute over all compute, in both scopes of the rule."""
    words = scenario.words
    years = range(scenario.years)
    page.section(
        words("Public use"), words("Public compute over all compute; the rule holds for the scope of the case.")
    )
    for scope, pools in (("core", (CORE,)), ("all", range(len(POOLS)))):
        public = [total(scenario.get("compute", k, PUBLIC)[y] for k in pools) for y in years]
        every = [total([public[y], *(scenario.get("compute", k, PRIVATE)[y] for k in pools)]) for y in years]
        told = words("public use: {scope}", scope=words(USES[scope]))
        scenario.put(
            f"public_use_{scope}", page.line(told, "share", [ratio(*pair) for pair in zip(public, every, strict=True)])
        )
        if scenario.structure.public_use == scope:
            least = [scenario.figures("rules.public_use.share_min")] * scenario.years
            scenario.put("public_use_min", page.line(words("smallest public use asked for"), "share", least))


def _fee(scenario: Scenario, page: Page) -> None:
    """What the company that does not own the machines pays for the compute of its pools."""
    words, figure, structure = scenario.words, scenario.figures, scenario.structure
    years = range(scenario.years)
    owner, guest = structure.owner, 1 - structure.owner
    page.section(words("Between the companies"))
    path = "prices.cluster_hour" if structure.fee_at_market else "prices.infrastructure_fee"
    price = figure(path) / figure("prices.cluster_gpus")
    guests = [k for k, entity in enumerate(structure.pool_entity) if entity != owner]
    used = [total(scenario.get("compute", k, c)[y] for k in guests for c in (PUBLIC, PRIVATE)) for y in years]
    line = page.line(label("infrastructure_fee", words), "MEUR", [item * price for item in used], summed=True)
    scenario.put("fee", line)
    account(scenario, page, "vat_on_opex", [item * load_of(scenario, guest) for item in line], guest)
