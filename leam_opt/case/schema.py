"""What a case is: one frozen tree of sections, every figure with unit, meaning and bounds in one place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field, PrivateAttr, model_validator
from pydantic_core import PydanticCustomError

from leam_opt.case.base import Name, Section, Year
from leam_opt.case.financial import (
    AdoptionLevel,
    Discounting,
    Objective,
    Prices,
    Rules,
    Taxation,
    ValueForMoney,
)
from leam_opt.case.instruments import Funding, Loan
from leam_opt.case.quantity import ByYear, End, Quantity, Unit
from leam_opt.case.technical import (
    Compute,
    Cpu,
    EnergySource,
    Entity,
    Generation,
    Mission,
    Operations,
    Pools,
    PurchaseUnit,
    ServerType,
    Site,
    Staff,
    Upkeep,
)

if TYPE_CHECKING:
    import pandas as pd

    from leam_opt.case.load import Origin


class ReferencePlan(Section):
    """A fixed plan that the ledger evaluates beside the optimised ones (the paper's own plan)."""

    site: Name
    """The site that is built."""
    server_type: Name
    """The type of server that is bought."""
    units: Annotated[Quantity, Unit("unit")]
    """Purchase units of servers bought in the first year."""
    modules: int = Field(ge=0)
    """IT power modules built in the first year."""
    energy_source: Name
    """Where the electricity comes from."""
    core_share: Annotated[Quantity, Unit("share", le=1)]
    """Share of the servers in the core pool."""
    tuning_share: Annotated[Quantity, Unit("share", le=1)]
    """Share of the servers in the tuning pool."""
    inference_share: Annotated[Quantity, Unit("share", le=1)]
    """Share of the servers in the inference pool."""
    core_private_share: Annotated[Quantity, Unit("share", le=1)]
    """Share of the core pool's hours sold to commercial customers."""
    tuning_private_share: Annotated[Quantity, Unit("share", le=1)]
    """Share of the tuning pool's hours sold to commercial customers."""
    inference_private_share: Annotated[Quantity, Unit("share", le=1)]
    """Share of the inference pool's hours used by commercial customers."""
    billed_utilisation: Annotated[Quantity, Unit("share", le=1)]
    """Share of the calendar hours that the plan bills."""
    core_models_per_year: Annotated[Quantity, Unit("model/a")]
    """Core models developed in a year."""
    tuning_staff: Annotated[Quantity, Unit("person")]
    """Tuning team."""
    inference_staff: Annotated[Quantity, Unit("person")]
    """Inference team."""
    tokens_constant: Annotated[Quantity, Unit("Gtoken/d")]
    """Tokens sold a day without growth."""
    token_growth: Annotated[Quantity, Unit("Gtoken/d/a")]
    """Growth of the tokens sold a day in a year, from zero at the start (year y sells the mean, growth x (y - 1/2))."""


class ScenarioInfo(Section):
    """A named overlay on the case."""

    title: str
    overlay: dict[str, Any] = {}
    """Keys of the case and their values in this scenario; sections merge, figures and lists replace."""


class Case(Section):
    """A planning case: everything that the optimiser, the ledger and the reports know."""

    name: Name
    """Name of the case, that of its folder."""
    title: str
    description: str = ""
    """What the case is about, in a few sentences."""
    start_year: Year
    """Calendar year of the first year of operation."""
    horizon_years: int = Field(default=5, ge=1, le=30)
    """Years that are planned."""
    purchase_unit: PurchaseUnit
    server_types: dict[Name, ServerType] = Field(min_length=1)
    upkeep: dict[Name, Upkeep] = {}
    infrastructure_entity: Entity = "research"
    """The company that owns buildings and machines."""
    sites: dict[Name, Site] = Field(min_length=1)
    compute: Compute
    pools: Pools
    generations: dict[Name, Generation] = Field(min_length=1)
    mission: Mission
    staff: Staff
    operations: Operations
    cpu: Cpu
    energy_sources: dict[Name, EnergySource] = Field(min_length=1)
    adoption: dict[Name, AdoptionLevel] = Field(min_length=1)
    prices: Prices
    rules: Rules
    taxation: Taxation = Taxation()
    funding: Funding
    objective: Objective = Objective()
    discounting: Discounting = Discounting()
    value_for_money: ValueForMoney | None = None
    """Public sector comparator against partnership; empty: not compared."""
    reference_plan: ReferencePlan | None = None
    """The fixed plan that the ledger evaluates beside the optimised ones; empty: none."""
    scenarios: dict[Name, ScenarioInfo] = {}
    """Named overlays on the case; `base`, the case itself, is always there and cannot be one of them."""

    _origin: Origin | None = PrivateAttr(default=None)

    @property
    def years(self) -> list[int]:
        """Calendar years of the horizon."""
        return list(range(self.start_year, self.start_year + self.horizon_years))

    @property
    def scenario_names(self) -> list[str]:
        """Names of the scenarios of the case, in its order, without `base`."""
        return list(self.scenarios)

    @property
    def active_scenario(self) -> str | None:
        """The scenario whose overlay the case has; None for the case itself."""
        return self._origin.scenario if self._origin is not None else None

    @property
    def input_hash(self) -> str:
        """SHA-256 of everything that can change a result: the same for every spelling of the same figures."""
        from leam_opt.case.plain import input_hash

        return input_hash(self)

    def scenario(self, name: str | None) -> Case:
        """The case with a scenario's overlay instead of the one that it has; overrides stay on top.

        `base` is the case without overlay, None the case as it is. Raises CaseError for an unknown name.
        """
        from leam_opt.case.load import in_scenario

        return in_scenario(self, name)

    def override(self, overrides: Mapping[str, Any]) -> Case:
        """The case with single values replaced, on top of its scenario and of earlier overrides.

        Keys are dotted paths: of a figure (`prices.tokens`), of an end of its range (`prices.tokens.high`), of its
        entry for a calendar year (`server_types.h100.unit_price.2024`; one that is added holds until the next entry),
        of a plain value or a whole list (`funding.use`), or of an entry of a list (`pools.core.staff_steps.0.people`).
        Values are what a case file would say: a number in the documented unit, a text with a unit, a range.

        Raises CaseError where a path matches nothing, with the paths that it may have meant, and where the case with
        the overrides is not valid.
        """
        from leam_opt.case.load import with_overrides

        return with_overrides(self, overrides)

    def at(self, end: End) -> Case:
        """The case planned with every range at its low or high end (or at its base value again).

        Raises CaseError where the case is not consistent there.
        """
        from leam_opt.case.load import at_end

        return at_end(self, end)

    def assumptions(self) -> pd.DataFrame:
        """The register of every figure of the case: path, low, base, high, unit, source, note, changed.

        A figure without a source of its own has that of the nearest section around it; `changed` tells whether a
        scenario, an override or an end of the ranges gives it another value than the case's files.
        """
        from leam_opt.case.register import assumptions

        return assumptions(self)

    def __repr__(self) -> str:
        scenario = f", scenario={self.active_scenario!r}" if self.active_scenario else ""
        return f"Case({self.name!r}{scenario}, years={self.years[0]}-{self.years[-1]})"

    __str__ = __repr__

    @model_validator(mode="after")
    def _consistent(self) -> Case:
        from leam_opt.case.consistency import problems

        found = problems(self)
        if found:
            # One message a line: `path.to.key` TAB what is wrong; the loader adds file, line and column.
            raise PydanticCustomError("case", "{message}", {"message": "\n".join(found)})
        return self


def case_schema() -> dict[str, Any]:
    """The JSON Schema of `case.yaml`, with meaning, unit and default of every key."""
    from leam_opt.case.document import case_schema

    return case_schema()


__all__ = ["AdoptionLevel", "ByYear", "Case", "Loan", "Quantity", "ReferencePlan", "ScenarioInfo", "case_schema"]
