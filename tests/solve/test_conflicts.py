"""A case without a plan: the error names the rules that were planted to contradict each other, and no innocent ones."""

from __future__ import annotations

from typing import Any

import pytest

from leam_opt.errors import InfeasibleError
from leam_opt.solve.run import solve
from tests.maths.helpers import bare_case

MISSION = {"public_compute_min": 1}
MIX = {"title": "Mix", "renewable_share": 0.5, "co2": 400}
SITE = {"title": "S", "building_cost": 0, "module": 0.2, "modules_max": 1, "building_life_years": 20, "pue": 1}
LOAN = {"kind": "loan", "provider": "private", "entity": "research", "title": "Loan", "cap_total": 1000, "rate": 0.1}

CONFLICTS: dict[str, tuple[dict[str, Any], list[str]]] = {
    # 25 million GPU-hours take 2.5 MW; the site's grid carries 2 MW.
    "a mission above the power of the sites": (
        {"mission": {"public_compute_min": 25}},
        ["compute that the mission promises", "IT power built", "grid connection"],
    ),
    # The site's module of 0.5 MW needs its grid power whether or not it is full.
    "a module above the grid connection": (
        {"mission": MISSION, "sites": {"north": {"grid_limit": 0.3}}},
        ["compute that the mission promises", "IT power built", "grid connection"],
    ),
    "renewable power that nobody sells": (
        {
            "mission": MISSION,
            "energy_sources": {"green": MIX},
            "rules": {"renewable_share_min": 1},
        },
        ["compute that the mission promises", "smallest renewable share"],
    ),
    # 0.5 GWh at 400 kg/MWh are 0.2 kt.
    "a cap below the CO2 of the only source": (
        {"mission": MISSION, "energy_sources": {"green": MIX}, "rules": {"co2_max": 0.1}},
        ["compute that the mission promises", "largest CO2"],
    ),
    "sources that cover no more than half": (
        {"mission": MISSION, "energy_sources": {"green": {"share_max": 0.5}}},
        ["compute that the mission promises", "largest share of a site's electricity"],
    ),
    "heat that the site cannot deliver": (
        {"mission": MISSION, "rules": {"heat_reuse_min": 0.1}},
        ["compute that the mission promises", "reused as heat"],
    ),
    "a legal PUE below that of all sites": (
        {"mission": MISSION, "sites": {"north": {"pue": 1.4}}, "rules": {"pue_max": 1.3}},
        ["compute that the mission promises", "largest PUE", "IT power built", "grid connection"],
    ),
    "more models of a generation than years": (
        {"mission": {"models_per_year_max": 1}, "generations": {"m1": {"models_min": 3}}},
        ["number of core models"],
    ),
    # Two units each at two sites, three models a year.
    "a generation that fits no single site": (
        {
            "mission": {"models_per_year_min": 3, "models_per_year_max": 3},
            "sites": {"north": {"module": 0.2, "modules_max": 1}, "south": {**SITE, "grid_limit": 2}},
        },
        ["trained at one site", "size of the sites", "number of core models"],
    ),
    "private money that no instrument gives": (
        {"mission": MISSION, "funding": {"private_share_min": 0.1}},
        ["compute that the mission promises", "private share of the funding"],
    ),
    # Half of the money is a loan, 5 n for n units; its service of 2.9 n at ratio 1.25 needs sales of 3.6 n, and a
    # public use of 90 % leaves 2 n.
    "debt that ninety per cent public use cannot carry": (
        {
            "mission": MISSION,
            "adoption": {"low": {"core": 99}},
            "prices": {"cluster_hour": 20000},
            "rules": {"public_use": {"enabled": True, "scope": "all"}},
            "funding": {
                "use": ["grant", "loan"],
                "private_share_min": 0.5,
                "instruments": {"loan": {**LOAN, "tenor_years": 2, "dscr_min": 1.25}},
            },
        },
        [
            "compute that the mission promises",
            "public use of the pools",
            "private share of the funding",
            "debt service",
        ],
    ),
}


@pytest.mark.parametrize(("overrides", "rules"), CONFLICTS.values(), ids=CONFLICTS)
def test_the_planted_conflict_is_named(overrides: dict[str, Any], rules: list[str]) -> None:
    """Each planted rule is named once, nothing else is, and the message has them all."""
    with pytest.raises(InfeasibleError) as refusal:
        solve(bare_case(**overrides))
    error = refusal.value
    assert error.exit_code == 3
    assert sorted(rule for rule in rules if any(rule in told for told in error.conflict)) == sorted(rules)
    assert len(error.conflict) == len(rules), error.conflict
    assert all(told in str(error) for told in error.conflict)


def test_years_and_limits_are_named() -> None:
    """The mission of 2026 alone is too large: the message says 2026 and 25, and not 2025."""
    with pytest.raises(InfeasibleError, match=r"promises to public users: 2026 \(at least 25\)") as refusal:
        solve(bare_case(mission={"public_compute_min": {2025: 1, 2026: 25}}))
    assert "2025" not in next(told for told in refusal.value.conflict if "promises" in told)


def test_more_models_than_the_site_trains() -> None:
    """21 models a year take 2.1 MW where 2 MW are connected."""
    with pytest.raises(InfeasibleError, match=r"number of core models that the mission asks for: 2025 \(at least 21\)"):
        solve(bare_case(mission={"models_per_year_min": 21, "models_per_year_max": 30}))


def test_missing_money_is_no_conflict() -> None:
    """No instrument at all: the plan exists and says that everything is unfunded."""
    case = bare_case(mission=MISSION, funding={"use": []})
    assert solve(case).unfunded_gap_meur == pytest.approx(10, abs=1e-5)
