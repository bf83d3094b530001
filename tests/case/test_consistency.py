"""Checks across the sections of a case."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.case.small import Folder

PLAN = """\
reference_plan:
  {site: existing, server_type: h100, units: 2, modules: 3, energy_source: green, core_share: 85 %, tuning_share: 10 %,
   inference_share: 5 %, core_private_share: 0, tuning_private_share: 0, inference_private_share: 0,
   billed_utilisation: 1, core_models_per_year: 3, tuning_staff: 5, inference_staff: 5,
   tokens_constant: 1, token_growth: 1}
scenarios:
"""

# What is spoiled: (old text, new text, where the message points, what it says).
SPOILED = {
    "instrument twice": ("use: [federal-grant]", "use: [bank, bank]", "bank]", "instrument 'bank' stands twice"),
    "unknown site": (
        "renewable_share: 1, co2: 0}",
        "renewable_share: 1, co2: 0, sites: [exist]}",
        "exist]}",
        "energy_sources.green.sites.0: unknown site 'exist'; did you mean 'existing'?",
    ),
    "type that is never sold": ("on_sale_from: 2022", "on_sale_from: 2030", "server_types:", "on sale by 2027"),
    "sale that ends before it begins": (
        "on_sale_from: 2022",
        "on_sale_from: 2022\n    on_sale_until: 2021",
        "on_sale_until",
        "years out of order: it ends before on_sale_from",
    ),
    "site that is never open": (
        "    pue: 1.2",
        "    pue: 1.2\n    open_from: 2030",
        "sites:",
        "no site can be used by 2027",
    ),
    "generation that ends before it begins": (
        "first_year: 2025, last_year: 2027",
        "first_year: 2027, last_year: 2025",
        "last_year",
        "years out of order: it ends before first_year",
    ),
    "year without a generation": (
        "last_year: 2027",
        "last_year: 2026",
        "generations:",
        "no generation is developed in 2027",
    ),
    "share above its limit": (
        "share_min: 0.5, share_max: 0.9",
        "share_min: 0.9, share_max: 0.5",
        "share_min: 0.9",
        "above",
    ),
    "shares below one": (
        "{entity: research, share_min: 0.5, share_max: 0.9",
        "{entity: research, share_min: 0.3, share_max: 0.3",
        "pools:",
        "the largest shares add up to 0.9; at least 1 is needed",
    ),
    "falling staff steps": ("{people: 5, up_to: 1}", "{people: 9, up_to: 1}", "{people: 8}", "steps must rise"),
    "two open staff steps": ("{people: 5, up_to: 1}", "{people: 5}", "{people: 8}", "steps must rise"),
    "more models than allowed": ("models_per_year_min: 3", "models_per_year_min: 5", "models_per_year_min", "above"),
    "window out of order": (
        "      tenor_years: 3",
        "      tenor_years: 1\n      first_year: 2027\n      last_year: 2026",
        "last_year: 2026",
        "years out of order: 2026 is before 2027",
    ),
    "window behind the horizon": (
        "      tenor_years: 3",
        "      tenor_years: 1\n      first_year: 2029\n      last_year: 2030",
        "first_year: 2029",
        "no draw falls into the horizon 2025-2027",
    ),
    "ticket above the cap": (
        "cap_total: 50",
        "cap_total: 50\n      min_ticket: 60",
        "min_ticket",
        "above cap_total 50",
    ),
    "grace as long as the loan": (
        "tenor_years: 3",
        "tenor_years: 3\n      grace_years: 3",
        "grace_years",
        "below tenor_years 3",
    ),
    "loan longer than the horizon": ("tenor_years: 3", "tenor_years: 4", "tenor_years", "at most 3 years fit"),
    "no level without private money": (
        "    private_share_min: 0\n",
        "    private_share_min: 10 %\n",
        "adoption:",
        "one level must hold without private money",
    ),
    "objective without its limit": (
        "scenarios:\n",
        "objective: {name: public_compute}\nscenarios:\n",
        "objective:",
        "the objective public_compute needs the largest deficit",
    ),
    "plan on an unknown site": (
        "scenarios:\n",
        PLAN.replace("existing,", "exist,"),
        "site: exist,",
        "unknown site 'exist'",
    ),
    "plan with shares below one": (
        "scenarios:\n",
        PLAN.replace("85 %", "80 %"),
        "reference_plan",
        "the shares of the three pools add up to 0.95; they must add up to 1",
    ),
}


@pytest.mark.parametrize("name", SPOILED)
def test_an_inconsistent_case_is_told_at_its_place(folder: Folder, name: str) -> None:
    """Breaks when a check is lost, or its message does not stand at the key that it is about."""
    old, new, place, said = SPOILED[name]
    assert said in folder.edit(old, new).problem_at(place)


def test_smallest_shares_above_one(folder: Folder) -> None:
    """Breaks when shares that cannot be met together pass."""
    folder.edit("share_min: 0.5, share_max: 0.9", "share_min: 0.8, share_max: 0.9")
    folder.edit("    share_min: 0\n", "    share_min: 0.3\n")
    assert "pools: the smallest shares add up to 1.1; at most 1 is possible" in folder.problem()


def test_sound_cases_pass(folder: Folder) -> None:
    """Breaks when a check refuses what the model can handle: a plan, and a loan whose last draws come too late."""
    folder.edit("scenarios:\n", PLAN).edit("tenor_years: 3", "tenor_years: 2\n      last_year: 2027")
    assert folder.load().reference_plan is not None
