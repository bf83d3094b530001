"""Sections of a case that describe machines, sites, compute, energy and staff."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from leam_opt.case.base import Name, Section, Year
from leam_opt.case.quantity import ByYear, Quantity, Unit, default

Entity = Literal["research", "service"]
"""The two companies: `research` (charitable, gGmbH) and `service` (commercial, GmbH)."""


class PurchaseUnit(Section):
    """What is bought at a time (paper, annex B: GPU-Server-Einheit)."""

    servers: Annotated[Quantity, Unit("server", gt=0)]
    """Servers in one purchase unit."""
    racks: Annotated[Quantity, Unit("unit", gt=0)]
    """Racks that one purchase unit fills."""


class ServerType(Section):
    """A generation of GPU servers."""

    title: str
    gpus_per_server: Annotated[Quantity, Unit("unit", gt=0)]
    """GPUs in one server."""
    power: Annotated[Quantity, Unit("kW", gt=0)]
    """Nameplate power of one server including its share of the network."""
    performance: Annotated[Quantity, Unit("share", gt=0)]
    """Training speed of one GPU in reference GPUs (A100 = 1)."""
    life_years: int = Field(ge=1, le=20)
    """Years in service."""
    commissioning_delay: Annotated[Quantity, Unit("a", le=1)] = default(0)
    """Part of the purchase year in which the servers do not yet compute."""
    on_sale_from: Year
    """First calendar year in which the type can be bought."""
    on_sale_until: Year | None = None
    """Last calendar year in which the type can be bought; empty: no end."""
    unit_price: Annotated[ByYear, Unit("MEUR", gt=0)]
    """Price of one purchase unit with GPUs, network and storage, by calendar year of purchase."""


class Upkeep(Section):
    """A yearly cost as a share of what was bought: maintenance, insurance, spares."""

    basis: Literal["hardware", "building", "all"]
    """What the share refers to: GPU and CPU servers in service, building, or both."""
    share_per_year: Annotated[Quantity, Unit("share", le=1)]
    """Yearly cost as a share of the purchase price of the basis."""
    enabled: bool = True
    """Whether the cost is counted."""


class Site(Section):
    """A place where servers can stand."""

    title: str
    open_from: Year | None = None
    """First calendar year in which the site can be used; empty: from the start."""
    building_cost: Annotated[Quantity, Unit("EUR/kW")]
    """Building and infrastructure per kW of IT power built."""
    opening_cost: Annotated[Quantity, Unit("MEUR")] = default(0)
    """One-off cost when the site is opened."""
    fixed_cost: Annotated[Quantity, Unit("MEUR/a")] = default(0)
    """Yearly cost of an open site whatever its size."""
    module: Annotated[Quantity, Unit("MW", gt=0)]
    """IT power is built in modules of this size."""
    modules_max: int = Field(ge=0, le=2000)
    """How many modules the site can hold."""
    building_life_years: int = Field(ge=1, le=60)
    """Life of the building for the residual value."""
    pue: Annotated[Quantity, Unit("share", ge=1)]
    """Power usage effectiveness (PUE): energy of the site over energy of the IT."""
    grid_limit: Annotated[Quantity, Unit("MW", gt=0)]
    """Largest grid connection."""
    grid_connection_cost: Annotated[Quantity, Unit("MEUR/MW")] = default(0)
    """One-off cost per MW of grid power contracted for the first time."""
    grid_fee: Annotated[Quantity, Unit("MEUR/MW/a")] = default(0)
    """Yearly charge per MW of grid power contracted."""
    heat_reuse_max: Annotated[Quantity, Unit("share", le=1)] = default(0)
    """Largest share of the site's energy that can be sold as heat."""
    heat_extraction_cost: Annotated[Quantity, Unit("EUR/MWh")] = default(0)
    """Cost of delivering one MWh of heat."""
    heat_price: Annotated[Quantity, Unit("EUR/MWh")] = default(0)
    """Revenue for one MWh of heat."""


class Compute(Section):
    """How nominal machine time becomes useful compute."""

    reference_gpu: Annotated[Quantity, Unit("TFLOP/s", gt=0)]
    """Dense BF16 peak of the reference GPU (A100)."""
    model_flop_utilisation: Annotated[Quantity, Unit("share", gt=0, le=1)]
    """Sustained share of the peak in training (MFU)."""
    commercial_utilisation: Annotated[Quantity, Unit("share", gt=0, le=1)]
    """Share of the calendar hours that can be used (paper, annex C: kaufmännische Auslastung)."""
    goodput: Annotated[Quantity, Unit("share", gt=0, le=1)]
    """Share of the used hours that is not lost to failures and restarts."""
    power_utilisation: Annotated[Quantity, Unit("share", gt=0, le=1)]
    """Mean draw over nameplate (paper, annex C: Auslastung der Leistung)."""
    inference_throughput: Annotated[Quantity, Unit("token/s", gt=0)]
    """Tokens per second and reference GPU in inference."""


class StaffStep(Section):
    """A team size that carries a pool up to a yearly load."""

    people: Annotated[Quantity, Unit("person")]
    """Size of the team."""
    up_to: Annotated[Quantity, Unit("MGPUh/a")] | None = None
    """Largest compute of the pool in a year (million reference GPU-hours); empty only in the last step: no limit."""


class Pool(Section):
    """A part of the machine with its own purpose, users and team."""

    entity: Entity
    """The company that runs the pool."""
    share_min: Annotated[Quantity, Unit("share", le=1)]
    """Smallest share of the running servers."""
    share_max: Annotated[Quantity, Unit("share", le=1)]
    """Largest share of the running servers."""
    private_share_max: Annotated[Quantity, Unit("share", le=1)]
    """Largest share of the pool's compute for paying commercial customers."""
    staff_steps: list[StaffStep] = []
    """Team sizes in rising order of load; empty: the pool's team is counted elsewhere."""


class Pools(Section):
    """The three pools of the paper (core model development, model tuning, inference)."""

    core: Pool
    tuning: Pool
    inference: Pool


class Generation(Section):
    """A generation of core models (LEAM-1, LEAM-2, LEAM-3)."""

    title: str
    training_flop: Annotated[Quantity, Unit("YFLOP", gt=0)]
    """Training compute of one model in 1e24 FLOP."""
    first_year: Year
    """First calendar year of development."""
    last_year: Year
    """Last calendar year of development."""
    models_min: int = Field(ge=0, le=100)
    """Models of this generation that the mission asks for over the horizon."""


class Mission(Section):
    """What the public gets in every scenario."""

    models_per_year_min: int = Field(ge=0, le=100)
    """Fewest core models a year."""
    models_per_year_max: int = Field(ge=0, le=100)
    """Most core models a year."""
    funnel_factor: Annotated[Quantity, Unit("share", ge=1)]
    """Compute of all preparing runs and the final one over the final one (paper: Trichtermodell)."""
    public_compute_min: Annotated[ByYear, Unit("MGPUh/a")]
    """Compute for public users over all pools (million reference GPU-hours a year)."""


class Staff(Section):
    """People."""

    salary: Annotated[Quantity, Unit("EUR/a", gt=0)]
    """Yearly cost of one employee."""
    operations: Annotated[Quantity, Unit("person")]
    """Operations team of the centre."""
    per_core_model: Annotated[Quantity, Unit("person")]
    """People for one core model a year."""


class Operations(Section):
    """Running cost of the centre that does not depend on its size."""

    internet: Annotated[Quantity, Unit("MEUR/a")]
    """Internet access."""
    licences: Annotated[Quantity, Unit("MEUR/a")]
    """Software licences."""


class Cpu(Section):
    """CPU cores for pre-processing: rented from a cloud, or own servers."""

    cores: Annotated[Quantity, Unit("core")]
    """Cores needed in every year."""
    rent: Annotated[Quantity, Unit("EUR/month")]
    """Monthly rent of all the cores needed (paper, annex C: CPU-Cloud IaaS)."""
    cores_per_server: Annotated[Quantity, Unit("core/server", gt=0)]
    """Cores of one own server."""
    servers_per_unit: Annotated[Quantity, Unit("server", gt=0)]
    """Own servers are bought in units of this size."""
    server_price: Annotated[Quantity, Unit("EUR/server", gt=0)]
    """Price of one own server."""
    server_power: Annotated[Quantity, Unit("kW", gt=0)]
    """Nameplate power of one own server."""
    life_years: int = Field(ge=1, le=20)
    """Years in service."""


class EnergySource(Section):
    """A way to buy electricity."""

    title: str
    price: Annotated[ByYear, Unit("EUR/kWh")]
    """Delivered price with grid charges and levies."""
    renewable_share: Annotated[Quantity, Unit("share", le=1)]
    """Share that counts as renewable."""
    co2: Annotated[Quantity, Unit("kg/MWh")]
    """CO2 of one MWh (1 kg/MWh = 1 g/kWh)."""
    share_max: Annotated[Quantity, Unit("share", le=1)] = default(1)
    """Largest share of a site's energy that the source can cover."""
    sites: list[Name] | None = None
    """Sites that can use the source; empty: all."""
