"""Annex C: capital expenditure and running cost of the infrastructure, with depreciation."""

from __future__ import annotations

from collections.abc import Sequence

from leam_opt.finance.depreciation import depreciation_share, in_service, remaining_share
from leam_opt.ledger.structure import CAPEX_LINES
from leam_opt.report.pack.labels import label
from leam_opt.report.pack.workbook_page import Line, Page
from leam_opt.report.pack.workbook_scenario import Scenario
from leam_opt.report.pack.workbook_terms import ONE, Term, ratio, total


def costs_sheet(scenario: Scenario) -> None:
    """Writes what is bought, what it costs to run, and how it is written off; all of it is the owner's."""
    words = scenario.words
    page = scenario.open_page(
        "costs",
        words("Annex C: cost of the infrastructure"),
        words("Capital expenditure at the start of the year, running cost at its end; all of it the owner's."),
    )
    _capex(scenario, page)
    _opex(scenario, page)
    _depreciation(scenario, page)


def load_of(scenario: Scenario, entity: int) -> Term:
    """Irrecoverable value-added tax of a company over the net price."""
    company = ("research", "service")[entity]
    return scenario.figures("taxation.vat") * scenario.figures(f"taxation.vat_irrecoverable_{company}")


def account(scenario: Scenario, page: Page, name: str, terms: Sequence[Term], entity: int, look: str = "") -> None:
    """Writes a line of the accounts; `entity` is the company that it belongs to."""
    line = page.line(label(name, scenario.words), "MEUR", terms, summed=True, look=look)
    if not line.is_empty:
        scenario.put(name, line, entity)


def _capex(scenario: Scenario, page: Page) -> None:
    words, case, figure, index = scenario.words, scenario.case, scenario.figures, scenario.index
    years = range(scenario.years)
    owner = scenario.structure.owner
    types, sites = list(case.server_types.values()), list(case.sites.values())
    page.section(words("What is bought"))
    spent = []
    for g, kind in enumerate(types):
        units = [line for (_, at), line in scenario.all("units_bought") if at == g]
        if not units:
            continue
        prices = figure.yearly(f"server_types.{index.types[g]}.unit_price", kind.unit_price.entries)
        price = page.line(words("price of a purchase unit: {type}", type=kind.title), "MEUR", prices)
        cost = [total(line[y] for line in units) * price[y] for y in years]
        line = page.line(words("purchases: {type}", type=kind.title), "MEUR", cost, summed=True)
        spent.append(scenario.put("spent", line, g))
    cpu_price = figure("cpu.servers_per_unit") * figure("cpu.server_price") / 1e6
    cpu = [total(line[y] for _, line in scenario.all("cpu_bought")) * cpu_price for y in years]
    built: dict[str, list[Line]] = {"building": [], "site_opening": [], "grid_connection": []}
    for s, site in enumerate(sites):
        path = f"sites.{index.sites[s]}"
        module = figure(f"{path}.module") * 1000 * figure(f"{path}.building_cost") / 1e6
        rows: Sequence[tuple[str, str, list[Term]]] = (
            (
                "building",
                words("building: {site}", site=site.title),
                [item * module for item in scenario.get("modules", s)],
            ),
            (
                "site_opening",
                words("opening: {site}", site=site.title),
                _changes(scenario.get("open", s), figure(f"{path}.opening_cost")),
            ),
            (
                "grid_connection",
                words("grid connection: {site}", site=site.title),
                _changes(scenario.get("grid", s), figure(f"{path}.grid_connection_cost")),
            ),
        )
        for name, told, terms in rows:
            line = page.line(told, "MEUR", terms, summed=True)
            scenario.put(f"{name}_at", line, s)
            built[name].append(line)
    page.section(words("Capital expenditure"))
    account(scenario, page, "servers", [total(line[y] for line in spent) for y in years], owner)
    account(scenario, page, "cpu_servers", cpu, owner)
    for name, lines in built.items():
        account(scenario, page, name, [total(line[y] for line in lines) for y in years], owner)
    bought = [scenario.get(name, owner) for name in CAPEX_LINES]
    vat = [total(line[y] for line in bought) * load_of(scenario, owner) for y in years]
    account(scenario, page, "vat_on_capex", vat, owner)
    everything = [*bought, scenario.get("vat_on_capex", owner)]
    capex = [total(line[y] for line in everything) for y in years]
    line = page.line(words("capital expenditure"), "MEUR", capex, summed=True, look="sum", always=True)
    scenario.put("capex", line, owner)


def _changes(line: Line, price: Term) -> list[Term]:
    """What a line adds from year to year, times a price."""
    return [(item - line[y - 1] if y else item) * price for y, item in enumerate(line)]


def _opex(scenario: Scenario, page: Page) -> None:
    words, figure, structure = scenario.words, scenario.figures, scenario.structure
    years = range(scenario.years)
    owner, index = structure.owner, scenario.index
    page.section(words("Running cost of the infrastructure"))
    for name, terms in _upkeep(scenario, page).items():
        account(scenario, page, name, terms, owner)
    salary = figure("staff.salary") / 1e6
    # Rent is quoted for all cores that the case needs.
    rent = ratio(figure("cpu.rent") * 12 / 1e6, figure("cpu.cores") / 1000)

    def of_sites(word: str, key: str, unit: float = 1.0) -> list[Term]:
        lines = [(line, figure(f"sites.{index.sites[s]}.{key}")) for (s,), line in scenario.all(word)]
        return [total(line[y] * price for line, price in lines) / unit for y in years]

    lines = {
        "electricity": list(scenario.get("electricity")),
        "operations_staff": [figure("staff.operations") * salary] * scenario.years,
        "internet": [figure("operations.internet")] * scenario.years,
        "licences": [figure("operations.licences")] * scenario.years,
        "cpu_rent": [item * rent for item in scenario.get("cpu_rented")],
        "site_fixed": of_sites("open", "fixed_cost"),
        "grid_fee": of_sites("grid", "grid_fee"),
        # GWh x EUR/MWh = 1000 EUR.
        "heat_extraction": of_sites("heat", "heat_extraction_cost", 1000),
    }
    for name, terms in lines.items():
        account(scenario, page, name, terms, owner)
    purchased = [*structure.upkeep_lines, *(name for name in lines if name != "operations_staff")]
    base = [total(scenario.get(name, owner)[y] for name in purchased) for y in years]
    account(scenario, page, "vat_on_opex", [item * load_of(scenario, owner) for item in base], owner)
    running = [*purchased, "operations_staff", "vat_on_opex"]
    cost = [total(scenario.get(name, owner)[y] for name in running) for y in years]
    line = page.line(words("running cost of the infrastructure"), "MEUR", cost, summed=True, look="sum", always=True)
    scenario.put("infrastructure_opex", line)


def _upkeep(scenario: Scenario, page: Page) -> dict[str, list[Term]]:
    """Yearly cost as a share of hardware in service, of buildings, or of both."""
    words, structure, figure = scenario.words, scenario.structure, scenario.figures
    years = range(scenario.years)
    cpu = scenario.get("cpu_servers", structure.owner)
    served = [(line, structure.serving[g]) for (g,), line in scenario.all("spent")]
    served.append((cpu, in_service(structure.cpu_life_years, scenario.years)))
    hardware = page.line(
        words("hardware in service at its price"),
        "MEUR",
        [total(line[v] for line, serving in served for v in years if serving[v][y]) for y in years],
    )
    built = scenario.get("building", structure.owner)
    building = page.line(words("buildings at their price"), "MEUR", [built.upto(y) for y in years])
    both = [hardware[y] + building[y] for y in years]
    bases = {"hardware": list(hardware), "building": list(building), "all": both}
    found = {}
    for name, basis in structure.upkeep:
        share = figure(f"upkeep.{name}.share_per_year")
        found[name] = [item * share for item in bases[basis]]
    return found


def _depreciation(scenario: Scenario, page: Page) -> None:
    words, structure, case = scenario.words, scenario.structure, scenario.case
    years, owner = scenario.years, structure.owner
    page.section(words("Depreciation"), words("Straight-line over the life of each purchase, with irrecoverable tax."))
    assets: list[tuple[str, Line, int]] = []
    for (g,), line in scenario.all("spent"):
        kind = list(case.server_types.values())[g]
        assets.append((kind.title, line, structure.life_years[g]))
    cpu = scenario.get("cpu_servers", owner)
    assets.append((label("cpu_servers", words), cpu, structure.cpu_life_years))
    for s, site in enumerate(case.sites.values()):
        parts = [scenario.get(f"{name}_at", s) for name in ("building", "site_opening", "grid_connection")]
        value = [total(line[y] for line in parts) for y in range(years)]
        line = page.line(words("building with opening and connection: {site}", site=site.title), "MEUR", value)
        assets.append((site.title, line, structure.building_life_years[s]))
    factor = load_of(scenario, owner)
    written, left = [], []
    for title, line, life in assets:
        serving = depreciation_share(life, years) > 0
        terms = [total(line[v] for v in range(years) if serving[v][y]) / life for y in range(years)]
        told = words("depreciation over {life} years: {asset}", life=life, asset=title)
        written.append(page.line(told, "MEUR", terms, summed=True))
        shares = remaining_share(life, years)
        # Years left of the life over the life, so that the formula shows whole numbers.
        left += [line[v] * round(share * life) / life for v, share in enumerate(shares) if share > 0]
    terms = [total(line[y] for line in written) * (ONE + factor) for y in range(years)]
    label_ = words("depreciation with irrecoverable tax")
    scenario.put("depreciation", page.line(label_, "MEUR", terms, summed=True, look="sum"))
    residual = page.single(words("value left at the horizon"), "MEUR", total(left) * (ONE + factor))
    scenario.singles["residual", ()] = residual
