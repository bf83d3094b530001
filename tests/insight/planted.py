"""Cases in which conflicts were planted, with the rules that were set against each other."""

from __future__ import annotations

from dataclasses import dataclass, field

from leam_opt.case.load import load_case
from leam_opt.case.schema import Case
from tests.builders import small_case
from tests.maths.helpers import bare_case

MISSION = {"public_compute_min": 1}
MIX = {"title": "Mix", "renewable_share": 0.5, "co2": 400}
SITE = {"title": "South", "building_cost": 0, "module": 0.2, "modules_max": 1, "building_life_years": 20, "pue": 1}
LOAN = {"kind": "loan", "provider": "private", "entity": "research", "title": "Loan", "cap_total": 1000, "rate": 0.1}


@dataclass(frozen=True)
class Planted:
    """A conflict.

    Attributes:
        rules: families that were set against each other, and the only ones to be named.
        case: without a plan in the scenario.
        scenario: None for the case itself.
        repairs: some of those that have to be found, as far as they can be told by hand.
        is_whole: whether only whole numbers conflict: there is a solution in fractions.
    """

    rules: set[str]
    case: Case
    scenario: str | None = None
    repairs: list[dict[str, float]] = field(default_factory=list)
    is_whole: bool = False


def _debt() -> Case:
    # Half of the money is a loan, 5 n for n units; its service of 2.9 n at ratio 1.25 needs sales of 3.6 n, and a
    # public use of 90 % leaves 2 n.
    return bare_case(
        mission=MISSION,
        adoption={"low": {"core": 99}},
        prices={"cluster_hour": 20000},
        rules={"public_use": {"enabled": True, "scope": "all"}},
        funding={
            "use": ["grant", "loan"],
            "private_share_min": 0.5,
            "instruments": {"loan": {**LOAN, "tenor_years": 2, "dscr_min": 1.25}},
        },
    )


def _two_sites() -> Case:
    north = {"module": 0.2, "modules_max": 1}
    return bare_case(
        mission={"models_per_year_min": 3, "models_per_year_max": 3},
        sites={"north": north, "south": {**SITE, "grid_limit": 2}},
    )


def planted() -> dict[str, Planted]:
    """All of them, by what they are about."""
    share, min_ = "mission.public_compute_min", "rules.renewable_share_min"
    return {
        # 25 million GPU-hours take 2.5 MW; modules and grid carry 2 MW.
        "a mission above the power of the sites": Planted(
            {"mission_compute", "power", "grid"},
            bare_case(mission={"public_compute_min": 25}),
            repairs=[{share: 20}, {"sites.north.modules_max": 5, "sites.north.grid_limit": 2.5}],
        ),
        # One unit takes 0.5 GWh at 400 kg/MWh.
        "a cap below the CO2 of the only source": Planted(
            {"mission_compute", "co2"},
            bare_case(mission=MISSION, energy_sources={"green": MIX}, rules={"co2_max": 0.1}),
            repairs=[{"rules.co2_max": 0.2}, {share: 0}],
        ),
        # The servers of 2025 run, and take electricity, in 2026 too.
        "a mission of one year against a share of the next": Planted(
            {"mission_compute", "renewable"},
            bare_case(
                mission={"public_compute_min": {2025: 1, 2026: 0}},
                energy_sources={"green": MIX},
                rules={"renewable_share_min": {2025: 0, 2026: 1}},
            ),
            repairs=[{f"{share}.2025": 0}, {f"{min_}.2026": 0.5}],
        ),
        # A module of 0.5 MW is built whole or not at all.
        "a module above the grid connection": Planted(
            {"mission_compute", "power", "grid"},
            bare_case(mission=MISSION, sites={"north": {"grid_limit": 0.3}}),
            repairs=[{share: 0}, {"sites.north.grid_limit": 0.5}],
            is_whole=True,
        ),
        # Two units each at two sites, three models a year.
        "a generation that fits no single site": Planted(
            {"mission_models", "homogeneity", "site"},
            _two_sites(),
            repairs=[
                {"mission.models_per_year_min": 2},
                {"sites.north.modules_max": 2},
                {"sites.south.modules_max": 2},
            ],
            is_whole=True,
        ),
        "more models of a generation than its years allow": Planted(
            {"mission_models"},
            bare_case(mission={"models_per_year_max": 1}, generations={"m1": {"models_min": 4}}),
            repairs=[{"mission.models_per_year_max": 2}, {"generations.m1.models_min": 2}],
        ),
        # The north delivers half; the south, from the second year on, a fifth.
        "heat that no site can deliver": Planted(
            {"heat", "mission_compute"},
            small_case(
                rules={"heat_reuse_min": 0.6},
                mission={"models_per_year_min": 0, "public_compute_min": {2025: 5, 2026: 0}},
                generations={"m1": {"models_min": 0}, "m2": {"models_min": 0}},
            ),
            repairs=[
                {"rules.heat_reuse_min": 0.5},
                {"sites.north.heat_reuse_max": 0.6},
                {f"{share}.2025": 0, "sites.south.heat_reuse_max": 0.6},
                {f"{share}.2025": 0, f"{share}.2027": 0},
            ],
        ),
        "private money that debt service does not allow": Planted(
            {"mission_compute", "public_use", "private_money", "debt_cover"}, _debt()
        ),
        # Electricity conflicts with the mission, and the number of models with itself.
        "two conflicts that share no rule": Planted(
            {"mission_compute", "renewable"},
            bare_case(
                mission={**MISSION, "models_per_year_max": 1},
                generations={"m1": {"models_min": 3}},
                energy_sources={"green": MIX},
                rules={"renewable_share_min": 0.75},
            ),
            repairs=[
                {"mission.models_per_year_max": 2, min_: 0.5},
                {"generations.m1.models_min": 2, min_: 0.5},
            ],
        ),
        "an overlay that asks for private money": Planted(
            {"mission_compute", "private_money"},
            bare_case(
                mission=MISSION,
                scenarios={"ppp": {"title": "Partnership", "overlay": {"funding": {"private_share_min": 0.1}}}},
            ),
            scenario="ppp",
            repairs=[{"funding.private_share_min": 0}, {share: 0}],
        ),
        # Eleven models in five years.
        "leam-2022 with two models a year": Planted(
            {"mission_models"},
            load_case("leam-2022", overrides={"mission.models_per_year_max": 2, "mission.models_per_year_min": 1}),
            scenario="public",
            repairs=[{"generations.leam-3.models_min": 3}],
        ),
    }
