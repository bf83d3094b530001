"""The sections of a study file: which keys they have, what they mean, and their defaults."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_core import PydanticCustomError

from leam_opt.case.base import Name
from leam_opt.case.messages import problems_of, whole_numbers
from leam_opt.case.quantity import End, FigureError, Unit
from leam_opt.case.shape import SectionOf, shape_of
from leam_opt.case.tree import Node, Problem
from leam_opt.case.units import shown
from leam_opt.study.levers import figure_value
from leam_opt.study.spec import Lane

MOST_STEPS = 1_000_000
"""Values of one lever of a grid."""
REGRET_OUTPUT = "deficit_meur"


def _said(message: str) -> PydanticCustomError:
    """An error of the kind whose message is shown as it is."""
    return PydanticCustomError("quantity", "{message}", {"message": message, "where": "", "about": "value"})


def _amount(name: str, **bounds: float | None) -> BeforeValidator:
    """One number in a unit, given as a number or as a text with a unit."""
    unit = Unit(name, **bounds)

    def parse(value: Any) -> float:
        try:
            return figure_value(value, unit)
        except FigureError as error:
            raise _said(str(error)) from None

    return BeforeValidator(parse)


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise _said(f"expected a number, got {shown(value)}")
    return float(value)


def _by_path(value: Any) -> Any:
    if not isinstance(value, Mapping):
        raise _said(f"expected values by path, such as {{prices.tokens: 0.01}}; got {shown(value)}")
    return value


Settings = Annotated[dict[str, Any], BeforeValidator(_by_path)]
Number = Annotated[float, BeforeValidator(_number)]
Share = Annotated[float, _amount("share", le=1.0)]
Correlation = Annotated[float, _amount("share", ge=-1.0, le=1.0)]
Seconds = Annotated[float, _amount("s", gt=0.0)]


class Part(BaseModel):
    """A section of a study file; it forbids unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class PlanPart(Part):
    """A plan whose whole-number decisions are held."""

    scenario: str | None = None
    """Where it is made; empty: anew in each scenario of the study."""
    set: Settings = {}
    """Values that it is made for, by path."""
    at: End = "base"
    """The end of all ranges that it is made for."""


class FlipsPart(Part):
    """Values of the lever at which the best scenario or the structure of the plan changes."""

    width: Any = None
    """The brackets are no wider, in the lever's unit; empty: a hundredth of the smallest step."""


class RegretPart(Part):
    """What each plan loses, future by future: held plans against the best of them, or plans that were found against the
    best plan of the future.
    """

    outputs: Any = REGRET_OUTPUT
    """Outputs to compare; less is better."""


class ThresholdPart(Part):
    """How probable it is that an output lies below or above a value."""

    output: str
    """Name of the output."""
    below: Number | None = None
    """The output lies below this value ..."""
    above: Number | None = None
    """... or above this one."""


class AnswersPart(Part):
    """What the runs have to answer."""

    flips: Any = None
    regret: Any = None
    thresholds: list[ThresholdPart] = []
    quantiles: list[Share] = []


class StudyFile(Part):
    """A study file."""

    name: Name | None = None
    """Name of the study; empty: that of the file."""
    title: str = ""
    case: str | None = None
    """A shipped case, or the folder of one, relative to the file; empty: the folder above `studies/`."""
    scenarios: list[str] | None = Field(default=None, min_length=1)
    """Scenarios; empty: all of the case."""
    lane: Lane = "replan"
    """`replan` optimises every variant, `evaluate` holds plans, `reference` carries out the case's own plan."""
    set: Settings = {}
    """Values for all variants, by path."""
    plans: dict[Name, PlanPart] = {}
    """Plans that are held, by name; empty: the optimal plan of each scenario."""
    design: Any
    """Which levers are moved, and how."""
    outputs: list[str] | None = Field(default=None, min_length=1)
    """Figures of a plan that are kept."""
    answers: AnswersPart = AnswersPart()
    mip_gap: Share = 1e-4
    """Gap at which a plan counts as optimal."""
    time_limit: Seconds = 120.0
    """Seconds a variant."""
    seed: int = Field(default=0, ge=0, lt=2**63)


class GridPart(Part):
    """Every combination of values."""

    kind: Literal["grid"]
    levers: Any
    """Values by path: a list, {values: [...]}, or {from: ..., to: ..., steps: ...}."""


class SpanPart(Part):
    """Values of a lever at equal distances."""

    start: Any = Field(alias="from")
    """First value."""
    to: Any
    """Last value."""
    steps: int = Field(ge=2, le=MOST_STEPS)
    """Number of values, both ends included."""


class ListPart(Part):
    """Points that are written out."""

    kind: Literal["list"]
    csv: str | None = None
    """A table whose columns are paths, relative to the file ..."""
    rows: list[Settings] | None = Field(default=None, min_length=1)
    """... or the points themselves."""


class RangedPart(Part):
    """Levers that move within ranges."""

    levers: Any = "all"
    """`all` figures with a range, a list of paths, or a mapping of paths to ranges."""
    leave_out: list[str] = Field(default=[], alias="except")
    """Beginnings of paths that are left out."""
    only: list[str] = []
    """Beginnings of paths to which the levers are limited."""

    @property
    def takes_all(self) -> bool:
        """Whether every figure with a range is a lever."""
        return isinstance(self.levers, str) and self.levers == "all"


class OneAtATimePart(RangedPart):
    """One lever after the other at its ends."""

    kind: Literal["one-at-a-time"]


class CornersPart(RangedPart):
    """All combinations of ends."""

    kind: Literal["corners"]


class MorrisPart(RangedPart):
    """Elementary effects."""

    kind: Literal["morris"]
    trajectories: int = Field(default=20, ge=2)
    """Number of trajectories."""
    levels: int = Field(default=4, ge=2, le=1000)
    """Levels of the grid, an even number."""


class DrawnPart(RangedPart):
    """Levers that have distributions."""

    distribution: Literal["triangular", "uniform", "normal", "pert"] = "triangular"
    """Of all levers that name none."""


class CorrelationPart(Part):
    """Two levers that move together."""

    between: list[str] = Field(min_length=2, max_length=2)
    """Their paths."""
    rho: Correlation
    """Correlation of their normal scores (Gaussian copula)."""


class SamplePart(DrawnPart):
    """Points drawn from distributions."""

    kind: Literal["sample"]
    method: Literal["sobol", "latin-hypercube", "monte-carlo"] = "sobol"
    points: int = Field(ge=1)
    """Number of points."""
    correlation: list[CorrelationPart] = []


class SobolIndicesPart(DrawnPart):
    """Points for Sobol's indices."""

    kind: Literal["sobol-indices"]
    points: int = Field(ge=2)
    """Base points, a power of two; each takes as many runs as there are levers, and two."""


class EndsPart(Part):
    """The ends of a lever."""

    low: Any
    """Its lower end."""
    high: Any
    """Its upper end."""


class DistributionPart(Part):
    """The distribution of a lever; what is left out comes from its range in the case."""

    kind: Literal["triangular", "uniform", "normal", "pert"] | None = None
    low: Any = None
    mode: Any = None
    high: Any = None
    mean: Any = None
    sd: Any = None


DESIGNS: dict[str, type[Part]] = {
    "grid": GridPart,
    "list": ListPart,
    "one-at-a-time": OneAtATimePart,
    "sample": SamplePart,
    "morris": MorrisPart,
    "sobol-indices": SobolIndicesPart,
    "corners": CornersPart,
}


P = TypeVar("P", bound=Part)


def section(model: type[P], node: Node, path: str, problems: list[Problem]) -> P | None:
    """A section of a study file; None where it is wrong, which is added to the problems."""
    keys = shape_of(model).keys
    shape = SectionOf({model.model_fields[name].alias or name: key for name, key in keys.items()})
    found = list(whole_numbers(shape, node))
    part = None
    try:
        part = model.model_validate(node.data())
    except ValidationError as error:
        found += problems_of(error, node, shape)
    problems += [each._replace(path=".".join(filter(None, (path, each.path)))) for each in found]
    return None if found else part
