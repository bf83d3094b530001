"""Funding: draws, loans by rate band, guarantees, access, investors, and the service company's tax."""

from __future__ import annotations

from leam_opt.case.instruments import Loan
from leam_opt.report.pack.labels import label
from leam_opt.report.pack.workbook_page import Line, Page
from leam_opt.report.pack.workbook_scenario import Scenario
from leam_opt.report.pack.workbook_terms import ONE, ZERO, Term, largest, level_payment, total


def funding_sheet(scenario: Scenario) -> None:
    """Writes what each instrument costs and gives back."""
    words = scenario.words
    page = scenario.open_page(
        "funding",
        words("Funding"),
        words("Draws are decisions of the plan; interest, fees and repayment follow from them and from the rates."),
    )
    _draws(scenario, page)
    for f, terms in enumerate(scenario.structure.instruments):
        if terms.kind == "loan" and not scenario.get("draw", f).is_empty:
            _loan(scenario, page, f)
    if scenario.index.guarantees and not scenario.all("guarantee_fee"):
        page.note(words("No debt is guaranteed in this plan."))
    _access(scenario, page)
    _investors(scenario, page)


def title_of(scenario: Scenario, f: int) -> str:
    """Title of an instrument."""
    return scenario.case.funding.instruments[scenario.index.instruments[f]].title


def path_of(scenario: Scenario, f: int) -> str:
    """Path of an instrument in the case."""
    return f"funding.instruments.{scenario.index.instruments[f]}"


def _draws(scenario: Scenario, page: Page) -> None:
    words, years = scenario.words, range(scenario.years)
    drawn = scenario.all("draw")
    page.section(words("Draws"))
    for kind, told in ((True, words("public money")), (False, words("private money"))):
        lines = [line for (f,), line in drawn if scenario.structure.instruments[f].public == kind]
        terms = [total(line[y] for line in lines) for y in years]
        line = page.line(told, "MEUR", terms, summed=True, look="sum", always=True)
        scenario.put("public_money" if kind else "private_money", line)
    for (f,), line in drawn:
        share = scenario.figures(f"{path_of(scenario, f)}.arrangement_fee")
        told = words("arrangement fee: {instrument}", instrument=title_of(scenario, f))
        scenario.put("arrangement", page.line(told, "MEUR", [item * share for item in line], summed=True), f)


def _loan(scenario: Scenario, page: Page, f: int) -> None:
    """Interest, repayment and balance of a loan; every band on its own schedule."""
    words, structure = scenario.words, scenario.structure
    terms, path, years = structure.instruments[f], path_of(scenario, f), scenario.years
    page.section(words("Loan: {instrument}", instrument=title_of(scenario, f)))
    heads = [words("payment {number}", number=k + 1) for k in range(min(terms.tenor_years, years))]
    interest: list[list[Term]] = [[] for _ in range(years)]
    repaid: list[list[Term]] = [[] for _ in range(years)]
    ahead: list[Term] = [ZERO] * years
    loan = scenario.case.funding.instruments[scenario.index.instruments[f]]
    assert isinstance(loan, Loan)
    for b in range(terms.bands):
        drawn = scenario.get("band", f, b)
        if drawn.is_empty and b:
            continue
        rate = scenario.figures(f"{path}.rate_bands.{b}.rate" if loan.rate_bands else f"{path}.rate", 0.0)
        page.subhead(words("of one euro drawn, band {band}", band=b + 1), heads)
        due, principal, left = _schedule(scenario, page, f, rate, len(heads))
        if b == 0:
            scenario.put("left", left, f)
        for y in range(years):
            ages = range(min(y + 1, len(heads)))
            interest[y] += [drawn[y - age] * due[age] for age in ages]
            repaid[y] += [drawn[y - age] * principal[age] for age in ages]
        early = scenario.figures(f"{path}.construction_years") * rate
        ahead = [sum_ + item * early for sum_, item in zip(ahead, drawn, strict=True)]
    page.subhead(words("by year"), [str(year) for year in page.years])
    _guaranteed(scenario, page, f, len(heads))
    saved = scenario.get("guarantee_saved", f)
    rows = (
        ("loan_interest", label("interest", words), [total(items) - saved[y] for y, items in enumerate(interest)]),
        ("loan_ahead", label("construction_interest", words), ahead),
        ("loan_repayment", words("repayment"), [total(items) for items in repaid]),
    )
    for word, told, given in rows:
        scenario.put(word, page.line(told, "MEUR", given, summed=True), f)
    draw, repayment = scenario.get("draw", f), scenario.get("loan_repayment", f)
    balance = [draw.upto(y) - repayment.upto(y) for y in range(years)]
    scenario.put("loan_balance", page.line(words("debt at the end of the year"), "MEUR", balance), f)


def _schedule(scenario: Scenario, page: Page, f: int, rate: Term, payments: int) -> tuple[Line, Line, Line]:
    """Interest, repayment and remainder of one euro by payment; the same profile as `finance.loans.loan_schedule`."""
    words, terms = scenario.words, scenario.structure.instruments[f]
    tenor, grace = terms.tenor_years, terms.grace_years
    rate_cell = page.single(words("interest rate"), "share", rate)
    level = ZERO
    if terms.repayment == "annuity":
        level = page.single(words("yearly payment"), "EUR/EUR", level_payment(rate_cell, tenor - grace))
    due: list[Term] = []
    principal: list[Term] = []
    left: list[Term] = []
    before: Term = ONE
    # The three rows refer to each other column by column, so that each cell is known before it is written.
    for payment in range(payments):
        due.append(rate_cell * before)
        if payment == tenor - 1:
            repaid = before
        elif payment < grace or terms.repayment == "bullet":
            repaid = ZERO
        elif terms.repayment == "linear":
            repaid = ONE / (tenor - grace)
        else:
            repaid = level - page.coming(payment, due[-1].value)
        principal.append(repaid)
        left.append(before - page.coming(payment, repaid.value, 1))
        before = page.coming(payment, left[-1].value, 2)
    written = [
        page.line(told, "EUR/EUR", items, always=True, numbers="0.000000")
        for told, items in ((label("interest", words), due), (words("repayment"), principal), (words("left"), left))
    ]
    return written[0], written[1], written[2]


def _guaranteed(scenario: Scenario, page: Page, f: int, payments: int) -> None:
    """Guaranteed debt at the start of the year, what it costs and what it saves; on the schedule of the first band."""
    words, structure, years = scenario.words, scenario.structure, scenario.years
    given, left = scenario.get("guaranteed", f), scenario.get("left", f)
    if given.is_empty or not structure.covered[f]:
        return
    opening = []
    for y in range(years):
        ages = range(min(y + 1, payments))
        opening.append(total(given[y - age] * (left[age - 1] if age else ONE) for age in ages))
    line = page.line(words("guaranteed debt at the start of the year"), "MEUR", opening)
    covering = [u for u in range(len(structure.guarantees)) if structure.covers[u, f]]
    for word, key, told in (
        ("guarantee_fee", "fee", label("guarantee_fees", words)),
        ("guarantee_saved", "rate_reduction", words("interest that the guarantee saves")),
    ):
        share = total(scenario.figures(f"funding.guarantees.{scenario.index.guarantees[u]}.{key}") for u in covering)
        scenario.put(word, page.line(told, "MEUR", [item * share for item in line], summed=True), f)


def _access(scenario: Scenario, page: Page) -> None:
    """Access sold in advance becomes income in equal parts from the year of the draw to the horizon."""
    words, years = scenario.words, scenario.years
    sold = [(f, line) for (f,), line in scenario.all("draw") if scenario.structure.instruments[f].kind == "access"]
    if sold:
        page.section(words("Access sold in advance"))
    for f, line in sold:
        income = [total(line[v] / (years - v) for v in range(y + 1)) for y in range(years)]
        told = words("income from access: {instrument}", instrument=title_of(scenario, f))
        scenario.put("access_income", page.line(told, "MEUR", income, summed=True), f)


def _investors(scenario: Scenario, page: Page) -> None:
    """What shareholders and tranches get back above what they gave."""
    words = scenario.words
    investing = [f for f, terms in enumerate(scenario.structure.instruments) if terms.kind in ("equity", "tranche")]
    page.section(words("Investors"), words("Payments, redemption and called losses less contributions."))
    for f in investing:
        names = ("dividends", "redemption", "called") if _is_tranche(scenario, f) else ("dividends", "redemption")
        back = [total(scenario.get(word, f)[y] for word in names) for y in range(scenario.years)]
        terms = [item - scenario.get("draw", f)[y] for y, item in enumerate(back)]
        told = words("return less contribution: {instrument}", instrument=title_of(scenario, f))
        scenario.put("return", page.line(told, "MEUR", terms, summed=True), f)


def _is_tranche(scenario: Scenario, f: int) -> bool:
    return scenario.structure.instruments[f].kind == "tranche"


def paid_by(scenario: Scenario, word: str, entity: int) -> list[Term]:
    """The sum of a line of all instruments of a company, by year."""
    own = [line for (f,), line in scenario.all(word) if scenario.structure.instruments[f].entity == entity]
    return [total(line[y] for line in own) for y in range(scenario.years)]


def tax_lines(scenario: Scenario, page: Page, profit: Line) -> Line:
    """Corporate tax of the service company on what its profit adds to the highest cumulative profit so far."""
    words, years = scenario.words, scenario.years
    taxation = scenario.case.taxation.corporate_tax
    rates = scenario.figures.yearly("taxation.corporate_tax", taxation.entries if taxation else None, 0.0)
    if taxation is None:
        page.note(words("The case has no corporate tax."))
    so_far = page.line(words("profit so far"), "MEUR", [profit.upto(y) for y in range(years)])
    taxed: list[Term] = []
    for y in range(years):
        before = page.coming(y - 1, taxed[-1].value) if y else ZERO
        taxed.append(largest(before, so_far[y]))
    line = page.line(words("profit taxed so far"), "MEUR", taxed, always=True)
    tax = [(item - line[y - 1] if y else item) * rates[y] for y, item in enumerate(line)]
    return page.line(label("corporate_tax", words), "MEUR", tax, summed=True, look="sum")
