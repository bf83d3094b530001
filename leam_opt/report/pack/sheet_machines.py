"""Annex B: servers in service, their power and compute; and the energy that follows from them."""

from __future__ import annotations

from leam_opt.case.index import POOLS
from leam_opt.ledger.physical import HOURS_PER_YEAR
from leam_opt.report.pack.labels import USES
from leam_opt.report.pack.workbook_page import Line, Page
from leam_opt.report.pack.workbook_scenario import Scenario
from leam_opt.report.pack.workbook_terms import Term, ratio, total

HOURS = int(HOURS_PER_YEAR)


def machines_sheet(scenario: Scenario) -> None:
    """Writes units in service, power and compute."""
    words = scenario.words
    page = scenario.open_page(
        "machines",
        words("Annex B: machines, power and compute"),
        words("Servers in service follow from the purchases of the plan and their life."),
    )
    _in_service(scenario, page)
    _power(scenario, page)
    _compute(scenario, page)


def _serving(line: Line, serving: object, year: int) -> Term:
    """The sum of what was bought in the years that still serve in a year; `serving` is (bought, year)."""
    return total(item for bought, item in enumerate(line) if serving[bought][year])  # type: ignore[index]


def _in_service(scenario: Scenario, page: Page) -> None:
    words, case, figure, structure = scenario.words, scenario.case, scenario.figures, scenario.structure
    sites, types = list(case.sites.values()), list(case.server_types.values())
    page.section(words("In service"))
    for (s, g), line in scenario.all("units_bought"):
        label = words("purchase units in service: {type}, {site}", type=types[g].title, site=sites[s].title)
        alive = [_serving(line, structure.serving[g], y) for y in range(scenario.years)]
        scenario.put("alive", page.line(label, "unit", alive), s, g)
    for (s,), line in scenario.all("cpu_bought"):
        label = words("own CPU units in service: {site}", site=sites[s].title)
        alive = [_serving(line, structure.cpu_serving, y) for y in range(scenario.years)]
        scenario.put("cpu_alive", page.line(label, "unit", alive), s)
    for g, kind in enumerate(types):
        units = [line for position, line in scenario.all("alive") if position[1] == g]
        servers = [total(line[y] for line in units) * figure("purchase_unit.servers") for y in range(scenario.years)]
        label = words("servers in service: {type}", type=kind.title)
        scenario.put("in_service", page.line(label, "server", servers), g)
    every = [line for _, line in scenario.all("in_service")]
    label = words("servers in service")
    scenario.put(
        "all_servers",
        page.line(label, "server", [total(line[y] for line in every) for y in range(scenario.years)], look="sum"),
    )
    racks = [
        total(line[y] for _, line in scenario.all("alive")) * figure("purchase_unit.racks")
        for y in range(scenario.years)
    ]
    page.line(words("racks filled"), "unit", racks)


def _power(scenario: Scenario, page: Page) -> None:
    words, case, figure, index = scenario.words, scenario.case, scenario.figures, scenario.index
    page.section(words("Power"))
    cpu_unit = figure("cpu.servers_per_unit") * figure("cpu.server_power") / 1000
    for s, site in enumerate(case.sites.values()):
        units = [
            (line, figure("purchase_unit.servers") * figure(f"server_types.{index.types[g]}.power") / 1000)
            for (at, g), line in scenario.all("alive")
            if at == s
        ]
        cpu = scenario.get("cpu_alive", s)
        nameplate = [
            total([*(line[y] * power for line, power in units), cpu[y] * cpu_unit]) for y in range(scenario.years)
        ]
        label = words("nameplate power in service: {site}", site=site.title)
        scenario.put("nameplate", page.line(label, "MW", nameplate), s)
        built = scenario.get("modules", s)
        power = [built.upto(y) * figure(f"sites.{index.sites[s]}.module") for y in range(scenario.years)]
        label = words("IT power built: {site}", site=site.title)
        scenario.put("it_power", page.line(label, "MW", power), s)


def _compute(scenario: Scenario, page: Page) -> None:
    words, case, figure, index = scenario.words, scenario.case, scenario.figures, scenario.index
    page.section(words("Compute"), words("In million reference GPU-hours; the reference GPU is that of the case."))
    used_types = [position[1] for word in ("alive", "pool_units") for position, _ in scenario.all(word)]
    for g in sorted(set(used_types)):
        path = f"server_types.{index.types[g]}"
        gpus = figure("purchase_unit.servers") * figure(f"{path}.gpus_per_server") * figure(f"{path}.performance")
        used = figure("compute.commercial_utilisation") * figure("compute.goodput")
        label = words("compute of a purchase unit in a year: {type}", type=case.server_types[index.types[g]].title)
        item = page.single(label, "MGPUh", gpus * HOURS * used / 1e6)
        scenario.singles["capacity", (g,)] = item
    for n, name in enumerate(index.generations):
        if scenario.get("models", n).is_empty:
            continue
        flop = figure(f"generations.{name}.training_flop") * 1e24 * figure("mission.funnel_factor")
        per_hour = figure("compute.reference_gpu") * 1e12 * figure("compute.model_flop_utilisation") * 3600
        label = words("compute of one core model: {generation}", generation=case.generations[name].title)
        scenario.singles["model_compute", (n,)] = page.single(label, "MGPUh", flop / per_hour / 1e6)
    computing = []
    for (s, g), line in scenario.all("alive"):
        delay = figure(f"server_types.{index.types[g]}.commissioning_delay")
        purchased = scenario.get("units_bought", s, g)
        computing.append((g, [line[y] - purchased[y] * delay for y in range(scenario.years)]))
    capacity = [total(units[y] * scenario.one("capacity", g) for g, units in computing) for y in range(scenario.years)]
    scenario.put("capacity", page.line(words("compute of all units in service"), "MGPUh", capacity, look="sum"))
    for k, pool in enumerate(POOLS):
        units = [(g, line) for (at, g), line in scenario.all("pool_units") if at == k]
        carried = [total(line[y] * scenario.one("capacity", g) for g, line in units) for y in range(scenario.years)]
        label = words("compute that the pool can deliver: {pool}", pool=words(USES[pool]))
        scenario.put("pool_capacity", page.line(label, "MGPUh", carried), k)


def energy_sheet(scenario: Scenario) -> None:
    """Writes energy needed and bought, renewable share, CO2, prices and cost."""
    words, case, figure, index = scenario.words, scenario.case, scenario.figures, scenario.index
    page = scenario.open_page(
        "energy",
        words("Annex C: energy"),
        words("Energy needed follows from the power in service; energy bought is a decision of the plan."),
    )
    years = range(scenario.years)
    page.section(words("Energy needed and bought"))
    for s, site in enumerate(case.sites.values()):
        nameplate = scenario.get("nameplate", s)
        it = [nameplate[y] * figure("compute.power_utilisation") * HOURS / 1000 for y in years]
        line = page.line(words("energy of the IT: {site}", site=site.title), "GWh", it, summed=True)
        scenario.put("it_energy", line, s)
        needed = [line[y] * figure(f"sites.{index.sites[s]}.pue") for y in years]
        label = words("energy of the site (IT x PUE): {site}", site=site.title)
        scenario.put("site_energy", page.line(label, "GWh", needed, summed=True), s)
    bought = [(position, line) for position, line in scenario.all("energy")]
    every = [total(line[y] for _, line in bought) for y in years]
    all_bought = page.line(words("electricity bought"), "GWh", every, summed=True, look="sum")
    scenario.put("all_energy", all_bought)
    page.section(words("Where it comes from"))
    share = [
        total(line[y] * figure(f"energy_sources.{index.sources[j]}.renewable_share") for (j, _), line in bought)
        for y in years
    ]
    renewable = page.line(words("renewable electricity"), "GWh", share, summed=True)
    scenario.put("renewable", renewable)
    shares = [ratio(renewable[y], all_bought[y]) for y in years]
    scenario.put("renewable_share", page.line(words("renewable share"), "share", shares))
    asked = case.rules.renewable_share_min
    least = figure.yearly("rules.renewable_share_min", asked.entries)
    scenario.put("renewable_min", page.line(words("smallest renewable share asked for"), "share", least))
    co2 = [
        total(line[y] * figure(f"energy_sources.{index.sources[j]}.co2") for (j, _), line in bought) / 1000
        for y in years
    ]
    scenario.put("co2", page.line(words("CO2 of the electricity"), "kt", co2, summed=True))
    page.section(words("Price and cost"))
    costs = _costs(scenario, page)
    cost = [total(line[y] for line in costs) for y in years]
    label = words("cost of electricity")
    scenario.put("electricity", page.line(label, "MEUR", cost, summed=True, look="sum"))


def _costs(scenario: Scenario, page: Page) -> list[Line]:
    """Price and cost of each source that is used."""
    words, figure = scenario.words, scenario.figures
    costs = []
    for j, (name, source) in enumerate(scenario.case.energy_sources.items()):
        lines = [line for (at, _), line in scenario.all("energy") if at == j]
        if not lines:
            continue
        prices = figure.yearly(f"energy_sources.{name}.price", source.price.entries)
        price = page.line(words("price: {source}", source=source.title), "EUR/kWh", prices, numbers="0.0000")
        # GWh x EUR/kWh = M EUR.
        cost = [total(line[y] for line in lines) * price[y] for y in range(scenario.years)]
        costs.append(page.line(words("cost: {source}", source=source.title), "MEUR", cost, summed=True))
    return costs
