"""What a trade-off can be about: figures of a plan that can be minimised or maximised."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pyomo.environ as pyo

from leam_opt.case.quantity import hint
from leam_opt.case.schema import Case
from leam_opt.errors import CaseError
from leam_opt.insight.attempts import Ask
from leam_opt.solve.plan import Plan
from leam_opt.words import N_

Model = Any


@dataclass(frozen=True)
class Objective:
    """A figure of a plan.

    Attributes:
        name: as the user gives it.
        says: what it is.
        unit: of its values.
        sense: `min` or `max`.
        total: its name among the ledger's totals.
        stage: expression of the model that is minimised: the figure, or its negative.
        made: makes that expression where the model lacks it.
        is_whole: whether it only takes whole numbers.
    """

    name: str
    says: str
    unit: str
    sense: str
    total: str
    stage: str
    made: Callable[[Model], Any] | None = None
    is_whole: bool = False

    @property
    def sign(self) -> int:
        """What makes the figure a cost, which is better the smaller it is."""
        return 1 if self.sense == "min" else -1

    def value(self, plan: Plan) -> float:
        """The figure, as the ledger has it."""
        return plan.accounts.totals[self.total]

    def cost(self, plan: Plan) -> float:
        """The figure or its negative: the smaller the better."""
        return self.sign * self.value(plan)

    def expression(self, model: Model) -> Any:
        """The cost in a model."""
        if not hasattr(model, self.stage) and self.made is not None:
            setattr(model, self.stage, pyo.Expression(expr=self.made(model)))
        return getattr(model, self.stage)


def _co2_kt(model: Model) -> Any:
    return pyo.quicksum(model.source_co2[j] * model.energy_gwh[j, s, y] for j, s, y in model.SUPPLY)


def _fewer_models(model: Model) -> Any:
    return -pyo.quicksum(model.core_models[key] for key in model.DEVELOP)


OBJECTIVES = {
    each.name: each
    for each in (
        Objective("deficit", N_("deficit"), "MEUR", "min", "deficit_meur", "deficit"),
        Objective(
            "public_compute",
            N_("public compute"),
            "MGPUh",
            "max",
            "public_gpu_hours_million",
            "less_public_compute",
        ),
        Objective("public_money", N_("public money"), "MEUR", "min", "public_money_meur", "public_money"),
        Objective("co2", N_("CO2 of the electricity"), "kt", "min", "co2_kt", "cost_co2", _co2_kt),
        Objective("gross_cost", N_("gross cost"), "MEUR", "min", "gross_cost_meur", "gross_cost"),
        Objective(
            "core_models",
            N_("core models"),
            "models",
            "max",
            "core_models_total",
            "fewer_models",
            _fewer_models,
            is_whole=True,
        ),
    )
}


def chosen(names: Sequence[str]) -> tuple[Objective, Objective]:
    """The two objectives of these names.

    Raises:
        CaseError: a name is unknown, or there are not two of them.
    """
    for name in names:
        if name == "unfunded_gap":
            raise CaseError("unfunded_gap is no objective of a trade-off: every plan of the front has the least one")
        if name not in OBJECTIVES:
            raise CaseError(f"unknown objective '{name}'; {hint(name, OBJECTIVES)}")
    if len(names) != 2 or names[0] == names[1]:
        given = ", ".join(names) or "none"
        raise CaseError(f"a trade-off has two different objectives, such as deficit,public_compute; given: {given}")
    return OBJECTIVES[names[0]], OBJECTIVES[names[1]]


def in_order(*objectives: Objective) -> Ask:
    """Optimises these after the unfunded gap, one after the other with all decisions free.

    What they leave open is decided as the case decides it: least deficit, public money, spare capacity, money no
    earlier than needed, for the machines as they are.
    """

    def add(model: Model, case: Case) -> None:
        gap, deficit, *rest = model.stages
        held = rest[0].held
        stages = [gap]
        for each in objectives:
            each.expression(model)
            unit = "MEUR" if each.unit == "MEUR" else each.unit
            title = each.says if each.sense == "min" else f"{each.says} (negative)"
            stages.append(replace(deficit, name=each.stage, title=title, unit=unit))
        ties = [replace(deficit, held=held), *rest]
        model.stages = [*stages, *(tie for tie in ties if tie.name not in {stage.name for stage in stages})]

    return add


def at_most(objective: Objective, cost: float) -> Ask:
    """Limits the cost of an objective."""

    def add(model: Model, case: Case) -> None:
        model.asked_cost = pyo.Constraint(expr=objective.expression(model) <= cost)

    return add
