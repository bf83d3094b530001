"""A small case as files, for tests that spoil one thing in it and look at the message."""

from __future__ import annotations

from pathlib import Path

import pytest

from leam_opt.case.load import load_case
from leam_opt.case.schema import Case
from leam_opt.errors import CaseError

SMALL = """\
# yaml-language-server: $schema=case.schema.json
name: small # the name of the folder
title: A small case
start_year: 2025
horizon_years: 3
source: made up
purchase_unit: {servers: 20, racks: 5}
server_types:
  h100:
    title: H100
    source: a price list
    gpus_per_server: 8
    power: 10.2 kW
    performance: 3
    life_years: 5
    on_sale_from: 2022
    unit_price: {2025: {low: 15, base: 16, high: 19}, 2027: 14}
upkeep:
  maintenance: {basis: hardware, share_per_year: 2.5 %}
sites:
  existing:
    title: Existing building
    building_cost: 12500
    module: 0.5
    modules_max: 20
    building_life_years: 20
    pue: 1.2
    grid_limit: 12
compute:
  reference_gpu: 312
  model_flop_utilisation: 0.4
  commercial_utilisation: 80 %
  goodput: 0.9
  power_utilisation: 0.8
  inference_throughput: 2000
pools:
  core: {entity: research, share_min: 0.5, share_max: 0.9, private_share_max: 0.1}
  tuning:
    entity: research
    share_min: 0
    share_max: 0.3
    private_share_max: 0.6
    staff_steps:
      - {people: 5, up_to: 1}
      - {people: 8}
  inference: {entity: service, share_min: 0, share_max: 0.3, private_share_max: 0.9}
generations:
  leam-1: {title: LEAM-1, training_flop: 0.3, first_year: 2025, last_year: 2027, models_min: 0}
mission:
  models_per_year_min: 3
  models_per_year_max: 4
  funnel_factor: {low: 1.5, high: 2.5}
  public_compute_min: 0
staff: {salary: 150000, operations: 15, per_core_model: 10}
operations: {internet: 0.18, licences: 0.6}
cpu:
  cores: 10000
  rent: 100000
  cores_per_server: 50
  servers_per_unit: 20
  server_price: 10000
  server_power: 0.8
  life_years: 5
energy_sources:
  green: {title: Green power, price: 22 ct/kWh, renewable_share: 1, co2: 0}
adoption:
  low:
    title: Low
    private_share_min: 0
    core: {csv: data/demand.csv, key: year, where: {service: core}}
    tuning: {csv: data/demand.csv, key: [year], where: {service: tuning}}
    inference: {csv: data/demand.csv, key: [year], where: {service: inference}}
prices:
  source: annex D
  cluster_hour: 10000
  cluster_gpus: 3680
  tokens: {low: 0.005, base: 0.01, high: 0.02, unit: EUR/ktoken, note: list price}
  infrastructure_fee: 5000
rules:
  public_use: {share_min: 0.9}
  ancillary_use: {share_max: 0.2}
  grant_income: {share_min: 0.5}
  renewable_share_min: {2025: 0.5, 2027: 1}
  pue_max: 1.5
funding:
  use: [federal-grant]
  instruments:
    federal-grant: {kind: grant, title: Federal grant, cap_total: 300, intensity: 1}
    bank:
      kind: loan
      title: Bank loan
      provider: private
      entity: service
      cap_total: 50
      rate: 5 %
      tenor_years: 3
scenarios:
  public:
    title: Public
  private:
    title: Private
    source: "assumption: a bank lends more to a private company"
    overlay:
      funding:
        use: [bank]
        instruments:
          bank: {cap_total: 400}
      prices:
        tokens: 0.012
"""

DEMAND = """\
service,year,low,base,high,unit,source
core,2025,1,2,3,,made up
core,2026,2,3,4,,made up
tuning,2025,0.5,1,1.5,MGPUh/a,made up
inference,2025,1,2,3,Gtoken/d,made up
inference,2027,2000,4000,6000,Mtoken/d,made up
"""


class Folder:
    """The folder of a case under test."""

    def __init__(self, path: Path, case: str = SMALL) -> None:
        self.path = path
        self.write("case.yaml", case)
        self.write("data/demand.csv", DEMAND)

    def write(self, name: str, content: str | bytes) -> None:
        """Writes a file as it is."""
        file = self.path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode() if isinstance(content, str) else content)

    def edit(self, old: str, new: str, name: str = "case.yaml") -> Folder:
        """Replaces a text that stands in a file exactly once."""
        text = (self.path / name).read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {name}"
        self.write(name, text.replace(old, new))
        return self

    def where(self, found: str, name: str = "case.yaml") -> str:
        """`path:line:column` of the first place of a text, as messages show it."""
        file = self.path / name
        before = file.read_text(encoding="utf-8").partition(found)[0]
        return f"{file}:{before.count(chr(10)) + 1}:{len(before) - before.rfind(chr(10))}"

    def load(self) -> Case:
        """The case, which has to be sound."""
        return load_case(self.path)

    def problems(self) -> list[str]:
        """The problems of the case, which has to be wrong."""
        with pytest.raises(CaseError) as caught:
            load_case(self.path)
        assert str(caught.value) == "\n".join(caught.value.problems)
        return caught.value.problems

    def problem(self) -> str:
        """The only problem of the case."""
        problems = self.problems()
        assert len(problems) == 1, problems
        return problems[0]

    def problem_at(self, found: str) -> str:
        """The only problem of the case, which has to point at the first place of a text in `case.yaml`."""
        problem = self.problem()
        assert problem.startswith(f"{self.where(found)}: "), (problem, self.where(found))
        return problem
