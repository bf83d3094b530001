"""Annex G: profit and tax, the deficit line by line, cash of both companies, and whether the plan still closes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from leam_opt.case.index import CLASSES, ENTITIES, POOLS
from leam_opt.ledger.funding import RESEARCH, SERVICE
from leam_opt.ledger.structure import REVENUE_LINES
from leam_opt.report.pack.labels import CATEGORIES, FLOWS, LINES, PARTIES, USES, label
from leam_opt.report.pack.sheet_funding import paid_by, tax_lines
from leam_opt.report.pack.sheet_plan import users
from leam_opt.report.pack.workbook_page import Line, Page
from leam_opt.report.pack.workbook_scenario import Scenario
from leam_opt.report.pack.workbook_terms import ZERO, Term, total
from leam_opt.report.pack.workbook_verdict import short_of

_FINANCE = {
    "interest": "loan_interest",
    "construction_interest": "loan_ahead",
    "guarantee_fees": "guarantee_fee",
    "arrangement_fees": "arrangement",
    "investors_return": "return",
}
"""Lines of the accounts, and the lines by instrument that they add up."""


def balance_sheet(scenario: Scenario) -> None:
    """Writes the deficit, the service company's profit and tax, cash, and checks of the plan."""
    words = scenario.words
    page = scenario.open_page(
        "balance",
        words("Annex G: balance"),
        words("Cost positive in the deficit, money in positive in cash; revenue reduces the deficit."),
    )
    _companies(scenario, page)
    _profit(scenario, page)
    _deficit(scenario, page)
    for entity in range(len(ENTITIES)):
        if scenario.structure.active[entity] or not scenario.get("gap", entity).is_empty:
            _cash(scenario, page, entity)
    _closes(scenario, page)


def company(scenario: Scenario, entity: int) -> str:
    """A company in words."""
    return scenario.words(PARTIES[ENTITIES[entity]])


def _by_year(scenario: Scenario, lines: Sequence[Line]) -> list[Term]:
    return [total(line[y] for line in lines) for y in range(scenario.years)]


def _companies(scenario: Scenario, page: Page) -> None:
    """Cost, revenue and payments of each company, from the sheets before."""
    words, books = scenario.words, scenario.books
    page.section(words("Sums of each company"))
    for entity in range(len(ENTITIES)):
        lines = [scenario.get(name, entity) for name in books.business.opex]
        told = f"{words(FLOWS['opex'])}: {company(scenario, entity)}"
        scenario.put("opex", page.line(told, "MEUR", _by_year(scenario, lines), summed=True), entity)
        lines = [scenario.get(name, entity) for name in REVENUE_LINES]
        told = f"{words(FLOWS['revenue'])}: {company(scenario, entity)}"
        scenario.put("revenue", page.line(told, "MEUR", _by_year(scenario, lines), summed=True), entity)
        for name, word in _FINANCE.items():
            told = f"{words(LINES[name])}: {company(scenario, entity)}"
            line = page.line(told, "MEUR", paid_by(scenario, word, entity), summed=True)
            if not line.is_empty:
                scenario.put(name, line, entity)


def _fee(scenario: Scenario, entity: int) -> list[Term]:
    """The infrastructure fee as a company books it: income of the owner, cost of the other."""
    line = scenario.get("fee")
    return list(line) if entity == scenario.structure.owner else [-item for item in line]


def _profit(scenario: Scenario, page: Page) -> None:
    words, owner, years = scenario.words, scenario.structure.owner, range(scenario.years)
    page.section(words("Service company: profit and tax"))
    fee = page.line(label("infrastructure_fee", words), "MEUR", _fee(scenario, SERVICE), summed=True)
    income = page.line(words("income from access"), "MEUR", paid_by(scenario, "access_income", SERVICE), summed=True)
    paid = [scenario.get(name, SERVICE) for name in _FINANCE if name != "investors_return"]
    written_off = scenario.get("depreciation") if owner == SERVICE else Line([ZERO] * scenario.years)
    revenue, opex = scenario.get("revenue", SERVICE), scenario.get("opex", SERVICE)
    profit = [
        revenue[y] - opex[y] + fee[y] - total(line[y] for line in paid) + income[y] - written_off[y] for y in years
    ]
    told = words("profit before tax, after interest, fees and depreciation")
    line = page.line(told, "MEUR", profit, summed=True, look="sum", always=True)
    scenario.put("profit", line)
    scenario.put("corporate_tax", tax_lines(scenario, page, line), SERVICE)


def _deficit(scenario: Scenario, page: Page) -> None:
    """Every line of the accounts over both companies; they add up to the deficit."""
    words, books, years = scenario.words, scenario.books, range(scenario.years)
    written: list[Line] = []
    names: dict[str, list[str]] = {}
    for name, category in books.categories.items():
        names.setdefault(category, []).append(name)
    for category, members in names.items():
        if category == "residual_value" and not scenario.structure.residual_value:
            continue
        page.section(words(CATEGORIES[category]))
        group: list[Line] = []
        for name in members:
            line = page.line(label(name, words), "MEUR", _line(scenario, name), summed=True)
            if not line.is_empty:
                group.append(scenario.put("line", line, list(books.lines).index(name)))
        sign = -1 if category == "revenue" else 1
        told = words("sum: {category}", category=words(CATEGORIES[category]))
        sum_ = page.line(told, "MEUR", _by_year(scenario, group), summed=True, look="sum", always=True)
        scenario.put(f"sum_{category}", sum_)
        written.append(Line([-item if sign < 0 else item for item in sum_]))
    page.section(words("Deficit"))
    deficit = [total(line[y] for line in written) for y in years]
    scenario.put("deficit", page.line(words("deficit"), "MEUR", deficit, summed=True, look="sum", always=True))
    gaps = [scenario.get("gap", entity) for entity in range(len(ENTITIES))]
    told = label("unfunded_gap", words)
    scenario.put("gap_total", page.line(told, "MEUR", _by_year(scenario, gaps), summed=True, look="sum", always=True))


def _line(scenario: Scenario, name: str) -> list[Term]:
    """A line of the accounts by year over both companies; revenue positive, residual value negative."""
    if name == "residual_value":
        return [ZERO] * (scenario.years - 1) + [-scenario.one("residual")]
    return _by_year(scenario, [scenario.get(name, entity) for entity in range(len(ENTITIES))])


def _cash(scenario: Scenario, page: Page, entity: int) -> None:
    """Cash flows of a company in the order of the year, with its cash after the start's flows and at the end."""
    words, years = scenario.words, range(scenario.years)
    page.section(words("Cash: {company}", company=company(scenario, entity)))
    owner, sign = scenario.structure.owner, 1 if entity == RESEARCH else -1
    prepaid, transfer = scenario.get("fee_prepaid"), scenario.get("transfer")
    credited = scenario.get("fee_credited")
    fee = _fee(scenario, entity)
    settled = [item - credited[y] if entity == owner else item + credited[y] for y, item in enumerate(fee)]
    investors = ("equity", "tranche")

    def of_investors(word: str) -> list[Term]:
        kinds = scenario.structure.instruments
        own = [x for (f,), x in scenario.all(word) if kinds[f].kind in investors and kinds[f].entity == entity]
        return [-total(line[y] for line in own) for y in years]

    def minus(word: str) -> list[Term]:
        return [-item for item in scenario.get(word, entity)]

    start: dict[str, list[Term]] = {
        "draws": paid_by(scenario, "draw", entity),
        "arrangement_fees": minus("arrangement_fees"),
        "construction_interest": minus("construction_interest"),
        "unfunded_gap": list(scenario.get("gap", entity)),
        "capex": minus("capex"),
        "fee_prepaid": [-item if sign < 0 else item for item in prepaid],
    }
    end: dict[str, list[Term]] = {
        "revenue": list(scenario.get("revenue", entity)),
        "opex": minus("opex"),
        "infrastructure_fee": settled,
        "profit_transfer": [-item if sign < 0 else item for item in transfer],
        "interest": minus("interest"),
        "guarantee_fees": minus("guarantee_fees"),
        "repayment": [-item for item in paid_by(scenario, "loan_repayment", entity)],
        "corporate_tax": minus("corporate_tax"),
        "dividends": of_investors("dividends"),
        "redemption": of_investors("redemption"),
    }
    told = words("sum of the payments at the year's start")
    first = _flows(scenario, page, start, told)
    second = _flows(scenario, page, end, words("sum of the payments at the year's end"))
    closing: list[Term] = []
    for y in years:
        before = page.coming(y - 1, closing[-1].value) if y else ZERO
        closing.append(before + first[y] + second[y])
    cash = page.line(label("closing", words), "MEUR", closing, look="sum", always=True)
    opened = [(cash[y - 1] if y else ZERO) + first[y] for y in years]
    told = words("cash after the payments of the year's start")
    scenario.put("cash_start", page.line(told, "MEUR", opened, always=True), entity)
    scenario.put("cash_end", cash, entity)


def _flows(scenario: Scenario, page: Page, flows: Mapping[str, list[Term]], told: str) -> Line:
    """Flows of one time of the year, and their sum."""
    lines = [page.line(label(name, scenario.words), "MEUR", terms, summed=True) for name, terms in flows.items()]
    return page.line(told, "MEUR", _by_year(scenario, lines), summed=True, look="sum", always=True)


def _closes(scenario: Scenario, page: Page) -> None:
    """Whether the plan still fits the figures: money, energy, power, compute and public use."""
    words, years = scenario.words, scenario.years
    page.section(
        words("Does the plan still close?"),
        words("Beyond the rounding of the solver; where a check fails, only a new solve tells what the figures cost."),
    )
    zeros = Line([ZERO] * years)
    for entity in range(len(ENTITIES)):
        who = company(scenario, entity)
        told = words("cash is negative at the year's start: {company}", company=who)
        _check(scenario, page, told, scenario.get("cash_start", entity), zeros)
        told = words("cash is negative at the year's end: {company}", company=who)
        _check(scenario, page, told, scenario.get("cash_end", entity), zeros)
    for s, site in enumerate(scenario.case.sites.values()):
        bought = [line for (_, at), line in scenario.all("energy") if at == s]
        every = Line(_by_year(scenario, bought))
        told = words("too little electricity is bought: {site}", site=site.title)
        _check(scenario, page, told, every, scenario.get("site_energy", s))
        told = words("too little IT power is built: {site}", site=site.title)
        _check(scenario, page, told, scenario.get("it_power", s), scenario.get("nameplate", s))
    for k, pool in enumerate(POOLS):
        used = Line(_by_year(scenario, [scenario.get("compute", k, c) for c in range(len(CLASSES))]))
        told = words("the machines deliver less compute than is used: {pool}", pool=words(USES[pool]))
        _check(scenario, page, told, scenario.get("pool_capacity", k), used)
    for c, name in enumerate(CLASSES):
        need = scenario.get("token_compute", c)
        told = words("tokens need more compute than is planned: {users}", users=users(name, words))
        _check(scenario, page, told, scenario.get("compute", 2, c), need)
    for n, generation in enumerate(scenario.case.generations.values()):
        models = scenario.get("models", n)
        need = Line([item * scenario.one("model_compute", n) for item in models])
        told = words("models need more compute than is planned: {generation}", generation=generation.title)
        _check(scenario, page, told, scenario.get("training", n), need)
    if scenario.structure.public_use:
        told = words("public use is below its least share")
        share = scenario.get(f"public_use_{scenario.structure.public_use}")
        _check(scenario, page, told, share, scenario.get("public_use_min"))
    told = words("renewable electricity is below its least share")
    _check(scenario, page, told, scenario.get("renewable_share"), scenario.get("renewable_min"))


def _check(scenario: Scenario, page: Page, told: str, has: Line, needs: Line) -> None:
    """Writes OK or the years in which a line is below another one, where there is something to compare."""
    if not has.is_empty or not needs.is_empty:
        verdict = short_of(page, told, has, needs)
        scenario.checks.append(verdict)
