"""Names of figures: every range that a shipped case can move has one, in both languages."""

from __future__ import annotations

import pytest

import leam_opt as lo
from leam_opt.case.register import entries
from leam_opt.report.pack.figure_names import figure_name, range_end
from leam_opt.report.pack.summary import summary
from leam_opt.words import Words
from tests.report.pack.packs import small_pack

GERMAN, ENGLISH = Words("de"), Words("en")


def test_every_range_that_moves_a_plan_has_a_name() -> None:
    """A new figure with a range, or a name that tells two of them by one title, fails here."""
    case = lo.load_case("leam-2022")
    moving = [e.path for e in entries(case) if e.low != e.high and e.path.split(".")[0] not in _HELD]
    for words in (ENGLISH, GERMAN):
        names = [figure_name(case, path, words) for path in moving]
        assert len(set(names)) == len(names) > 80
        assert not set(names) & set(moving)


_HELD = ("value_for_money", "reference_plan")
"""Figures that no chart of ranges moves."""


def test_what_has_no_name_keeps_its_path() -> None:
    case = small_pack().case
    for path in ("no.such.figure", "a lever of a study", "funding.instruments.loan.rate_bands.1.rate"):
        assert figure_name(case, path, GERMAN) == path


@pytest.mark.parametrize(
    ("path", "unit", "low", "told"),
    [
        ("compute.goodput", "share", 0.85, "85 %"),
        ("mission.funnel_factor", "share", 1.5, "1,5"),
        ("funding.instruments.loan.dscr_min", "share", 1.2, "1,2"),
        ("sites.north.building_cost", "EUR/kW", 12500.0, "12.500 €/kW"),
        ("generations.m1.training_flop", "YFLOP", 0.81, "0,81 YFLOP"),
        ("prices.tokens", "EUR/ktoken", 0.005, "0,005 € je 1000 Token"),
    ],
)
def test_ends_of_ranges_are_written_as_the_language_does(path: str, unit: str, low: float, told: str) -> None:
    assert range_end({"path": path, "unit": unit, "low": low, "texts": {"low": "?"}}, "low", GERMAN) == told


def test_the_summary_names_rules_and_figures_in_its_language() -> None:
    told = " ".join(summary(small_pack(), GERMAN))
    assert "mindestens 2,5 Mio. GPU-Stunden im Jahr für öffentliche Nutzer" in told
    assert "energy_sources." not in told and "prices.tokens" not in told
