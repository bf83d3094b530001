"""What the tables show, on plans whose figures can be checked by eye (samples.py)."""

from __future__ import annotations

import re

import pytest
from rich.console import RenderableType

from leam_opt.report.style import exact, number, percent, plain, year_tables
from leam_opt.report.tables import adoption_text, plan_view, status_sentence
from leam_opt.report.tables_breakeven import breakeven_view
from leam_opt.report.tables_compare import comparison_view
from leam_opt.report.tables_reconcile import reconciliation_view
from tests.cli import samples


def cells(text: str, row: str) -> list[str]:
    """The cells of the first table row that starts with `row`, split at two or more spaces."""
    line = next(line for line in text.splitlines() if line.startswith(row))
    return re.split(r"\s{2,}", line.strip())


def section(text: str, title: str) -> str:
    """The part of a report from a title to the next empty line."""
    return text[text.index(title) :].split("\n\n")[0]


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [(1234567.891, 2, "1,234,567.89"), (-0.001, 2, "0.00"), (-31.5, 1, "-31.5"), (0.0, 0, "0"), (None, 2, "-")],
)
def test_numbers(value: float | None, digits: int, text: str) -> None:
    """Breaks when separators, the minus sign or the zero of a table change."""
    assert number(value, digits) == text


def test_exact_numbers_keep_their_decimals() -> None:
    """Breaks when a figure of the paper is rounded in its own reconciliation."""
    figures = (6247491.84, -331650000.0, 3.91, 0.000001)
    assert [exact(x) for x in figures] == ["6,247,491.84", "-331,650,000", "3.91", "0.000001"]
    assert percent(0.90504) == "90.5 %"


def test_plan_shows_each_figure_in_its_row_and_year() -> None:
    """Breaks when a table mixes up years or rows, or loses a total."""
    text = plain(plan_view(samples.plan("ppp", 412.25)))
    assert cells(text, "deficit over 3 years, M€") == ["deficit over 3 years, M€", "412.25"]
    assert cells(text, "a100, hall") == ["a100, hall", "400", "0", "0", "400"]
    assert cells(text, "h100, hall") == ["h100, hall", "0", "60", "0", "60"]
    assert cells(text, "own CPU servers, hall") == ["own CPU servers, hall", "0", "0", "50", "50"]
    assert cells(text, "CPU cores") == ["CPU cores rented, thousand"]
    assert cells(text, "heat sold") == ["heat sold", "0.00", "0.00", "4.00"]
    assert cells(text, "leam-1, a100 at hall") == ["leam-1, a100 at hall", "3", "3", "3", "9"]
    assert cells(text, "core, private") == ["core, private", "1.25", "1.25", "1.25"]
    assert cells(text, "bank, private") == ["bank, private", "0.00", "100.00", "0.00", "100.00"]
    assert cells(text, "closing") == ["closing", "210.00", "220.00", "130.00"]
    assert cells(text, "spending") == ["spending", "-90.00", "-90.00", "-90.00"]
    assert cells(text, "public use, scope core: at least 90.0 %")[-1] == "93.7 % met"
    assert cells(text, "public use, scope all: at least 90.0 %")[-1] == "81.0 % (broken)"
    assert cells(text, "ancillary use, scope all: at most 20.0 %")[-1] == "15.0 % met"
    assert cells(text, "PUE: at most 1.30")[-1] == "1.20 met"
    assert cells(text, "grants in the income of research: at least 50.1 %")[-1] == "does not apply"
    assert cells(section(text, "What the deficit"), "deficit")[-1] == "412.25"
    assert cells(text, "industry adoption")[-1] == "low 2023-2024, high 2025"
    assert "Audit passed: 1,234 rows" in text
    assert "[limit 90 %]" in text  # brackets are text, not markup


def test_plan_shows_its_measures_and_who_bears_what() -> None:
    """Breaks when a measure loses its unit, several rates of return pass for one, or a flow stands in another year."""
    text = plain(plan_view(samples.plan("ppp", 412.25)))
    measures = section(text, "Measures")
    assert cells(measures, "discount rate, nominal")[-1] == "2.50 %"
    assert cells(measures, "owner of the whole centre with gifts, NPV")[-1] == "-12.50"
    assert re.search(r"owner of the whole centre with gifts, IRR\s+several:\s+5.00 %\s+40.00 %", measures)
    assert cells(measures, "project before funding and tax, IRR")[-1] == "7.25 %"
    assert cells(measures, "break-even price per 1000 tokens, €")[-1] == "0.01612"
    assert "payback" not in measures  # there is none
    assert "equity and fund tranches" not in measures  # nobody invests
    assert "public guarantees" not in measures
    waterfall = section(text, "Waterfall of the service company")
    assert cells(waterfall, "CFADS")[1:] == ["24.00"] * 3
    assert cells(waterfall, "DSCR, ratio")[1:] == ["-", "2.00", "2.00"]
    assert "mezzanine" not in waterfall
    sources, uses = section(text, "Sources of money"), section(text, "Uses of money")
    assert cells(sources, "federal, public")[1:] == ["300.00", "0.00", "0.00", "300.00"]
    assert "unfunded gap" not in sources
    assert cells(uses, "capex")[1:] == ["290.00", "95.50", "0.00", "385.50"]
    bearers = section(text, "Who bears which euro")
    assert cells(bearers, "Union")[1:] == ["300.00", "0.00", "0.00", "300.00"]
    assert cells(bearers, "lenders")[1:] == ["0.00", "100.00", "-60.50", "39.50"]
    guaranteed = section(text, "Guaranteed debt at the start of the year")
    assert cells(guaranteed, "state, state")[1:] == ["0.00", "50.00", "25.50"]
    title = "What tranches of the fund may lose (2,000 draws from the case's ranges), M€"
    losses = section(text, title)
    assert cells(losses, "first-loss, Union")[1:] == ["20.00", "21.00", "25.0 %", "3.50", "21.00", "4.50"]
    assert cells(losses, "senior, lenders")[1:] == ["80.00", "81.00", "5.0 %", "0.75", "0.00", "1.75"]
    assert cells(losses, "public payers")[1:] == ["3.50"]
    assert title not in plain(plan_view({**samples.plan("ppp", 412.25), "fund_losses": []}))


def test_comparison_shows_measures_bearers_and_value_for_money() -> None:
    """Breaks when a figure stands under another scenario's name, or a component of the bars is lost."""
    data = samples.comparison("public", "ppp")
    data["scenarios"][0]["measures"] = {**samples.MEASURES, "dscr_min": None, "payback_years": 4.5}
    text = plain(comparison_view(data))
    measures = section(text, "Measures side by side")
    assert cells(measures, "debt service cover (DSCR), smallest")[1:] == ["-", "1.30"]
    assert cells(measures, "payback of the project, years")[1:] == ["4.50", "-"]
    bearers = section(text, "Who bears which euro")
    assert cells(bearers, "ppp, lenders")[1:] == ["0.00", "100.00", "-60.50", "39.50"]
    value = section(text, "Value for money")
    assert "present values at 2.50 %" in value
    assert cells(value, "public: raw cost")[1:] == ["145.00", "150.00", "155.00"]
    assert cells(value, "public sector comparator (public)")[1:] == ["155.50", "160.50", "165.50"]
    assert cells(value, "ppp: bid")[1:] == ["125.00", "130.00", "135.00"]
    assert cells(value, "value for money of the partnership")[1:] == ["15.00", "20.00", "25.00"]
    assert "costs the public less in 87.5 % of 2,000 draws" in text
    assert "Value for money" not in plain(comparison_view({**data, "value_for_money": None}))


def test_public_money_has_a_bridge_of_its_own() -> None:
    """Breaks when the second bridge shows the lines of the first."""
    text = plain(comparison_view(samples.comparison("public", "ppp")))
    bridge = section(text, "Bridge of public money from public to ppp")
    assert cells(bridge, "federal-grant") == ["federal-grant", "-10.50", "300.00"]
    assert cells(bridge, "public money of ppp") == ["public money of ppp", "300.00"]


def test_break_even_shows_the_answer_and_every_solve_by_value() -> None:
    """Breaks when the solves are not in the order of the values, the answer is not marked, or one is missing."""
    text = plain(breakeven_view(samples.breakeven()))
    assert "prices.token means prices.tokens." in text
    assert "At 0.0161 EUR/ktoken (base 0.01 EUR/ktoken) the deficit of ppp is zero." in text
    assert "Bracket: 18.500000 M€ at 0.015, -146.250000 M€ at 0.025 EUR/ktoken." in text
    rows = [line.split() for line in text.splitlines() if line.startswith("0.0")]
    assert [row[0] for row in rows] == ["0.01", "0.015", "0.0161", "0.025"]
    assert rows[2][1:5] == ["*", "4", "-0.001", "0.010"]
    assert max(map(len, text.splitlines())) <= 100


def test_break_even_without_an_answer_tells_what_there_is() -> None:
    """Breaks when a value without a plan, or a search that was stopped early, breaks the table."""
    row = dict.fromkeys(samples.breakeven()["solves"][0]) | {"value": 0.5}
    nothing = {"value": None, "residual_meur": None, "proof_meur": None, "bracket": None, "bracket_measures_meur": None}
    found = samples.breakeven(**nothing, status="stopped", solves=[row], sentence="No change of sign was reached.")
    text = plain(breakeven_view(found))
    assert "No change of sign was reached." in text
    assert cells(text, "0.5")[2] == "no plan"


def test_rows_without_any_figure_are_left_out() -> None:
    """Breaks when tables fill up with lines of zeros."""
    text = plain(plan_view(samples.plan("ppp", 412.25)))
    assert "\ngrid  " not in text
    assert "\nheat  " not in text
    assert "unfunded gap, research" not in text
    assert "heat reuse" not in text
    assert "CO2" not in text


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("optimal", "Proven optimal (gap 0.0020 % of gross cost, 0.010 M€; 1.2 s, HiGHS 1.15.1)."),
        ("gap_reached", "Proven within the gap asked for"),
        ("time_limit", "NOT PROVEN OPTIMAL: the time limit ended the search"),
        ("interrupted", "NOT PROVEN OPTIMAL: the search was interrupted"),
    ],
)
def test_status_says_plainly_what_is_proven(status: str, words: str) -> None:
    """Breaks when an unproven plan reads like a proven one."""
    assert words in status_sentence(samples.plan("ppp", 10.0, status=status))


def test_adoption_is_told_in_runs_of_years() -> None:
    """Breaks when a change of level is lost between the runs."""
    assert adoption_text(samples.plan(None, 1.0, adoption=["a", "b", "a"])) == "a 2023, b 2024, a 2025"


def test_comparison_sets_scenarios_side_by_side() -> None:
    """Breaks when a scenario's figures stand under another's name, or the ranking loses its order."""
    text = plain(comparison_view(samples.comparison("public", "private", "ppp")))
    assert cells(text, "Figure") == ["Figure", "public", "private", "ppp"]
    assert cells(text, "deficit over 3 years, M€")[1:] == ["100.00", "90.00", "80.00"]
    assert cells(text, "2024, h100") == ["2024, h100", "60", "60", "60"]
    assert cells(text, "research, end of 2025")[1:] == ["130.00"] * 3
    assert [cells(text, f"{n}.")[0] for n in (1, 2, 3)] == ["1. ppp", "2. private", "3. public"]
    assert "ppp has the smallest deficit, 10.00 M€ below private." in text


def test_bridge_runs_from_the_second_best_to_the_best() -> None:
    """Breaks when the running total does not arrive at the deficit of the best scenario."""
    bridge = section(
        plain(comparison_view(samples.comparison("public", "private", "ppp"))), "Bridge from private to ppp"
    )
    assert cells(bridge, "deficit of private") == ["deficit of private", "90.00"]
    assert cells(bridge, "servers") == ["servers", "-12.50", "77.50"]
    assert cells(bridge, "interest") == ["interest", "+2.50", "80.00"]
    assert "heat" not in bridge


def test_the_price_of_the_strict_reading_stands_beside_both_deficits() -> None:
    """Breaks when the price is not the difference, or the table shows without having been asked for."""
    comparison = samples.comparison("public", "private", "ppp")
    prices = section(plain(comparison_view(comparison)), "Price of the strict charitable reading")
    assert cells(prices, "ppp")[1:] == ["100.00", "112.50", "12.50", "0.0050 %"]
    assert "strict charitable reading" not in plain(comparison_view({**comparison, "strict_reading": []}))


def test_undecided_ranking_says_so() -> None:
    """Breaks when a difference within the gaps is shown as a decision."""
    text = plain(comparison_view({**samples.comparison("public", "ppp"), "decided": False}))
    assert "Ranking (UNDECIDED: the difference is smaller than the gaps)" in text


def test_two_plans_with_different_rules_keep_a_gap() -> None:
    """Breaks when a rule that one scenario lacks shifts the results of the others."""
    both = samples.comparison("public", "ppp")
    both["scenarios"][0]["rules"] = both["scenarios"][0]["rules"][:1]
    text = plain(comparison_view(both))
    assert cells(text, "ancillary use, scope all: at most 20.0 %")[1:] == ["-", "15.0 % met"]


def test_three_scenarios_fit_a_hundred_columns() -> None:
    """Breaks when the main command's table no longer fits the width that it promises."""
    for view in (comparison_view(samples.comparison("public", "private", "ppp")), plan_view(samples.plan("ppp", 1.0))):
        assert max(map(len, plain(view).splitlines())) <= 100


def test_many_scenarios_continue_below() -> None:
    """Breaks when the fifth scenario is cut off."""
    text = plain(comparison_view(samples.comparison(*"abcdef")))
    assert [line.split()[1:] for line in text.splitlines() if line.startswith("Figure")] == [list("abcd"), list("ef")]


def test_a_long_horizon_continues_below() -> None:
    """Breaks when the years after the seventh are cut off, or the total does not cover all of them."""
    years = list(range(2023, 2033))
    view: list[RenderableType] = list(
        year_tables("Power", "Site", years, [("hall", dict.fromkeys(years, 1.5), 1)], True)
    )
    text = plain(view)
    assert cells(text, "Site")[1:] == [str(year) for year in range(2023, 2030)]
    assert cells(section(text, "Power (continued)"), "Site")[1:] == ["2030", "2031", "2032", "total"]
    assert cells(section(text, "Power (continued)"), "hall")[1:] == ["1.5", "1.5", "1.5", "15.0"]


def test_reconciliation_shows_ranges_verdicts_notes_and_findings() -> None:
    """Breaks when low and high swap, a verdict is lost, or the note of an explained row is not printed."""
    base = {"unit": "EUR", "annex": "C", "note": ""}
    rows = [
        {**base, "id": "C1", "item": "servers", "verdict": "equal"} | _figures(230e6, 230e6, 230e6, 230e6),
        {**base, "id": "C5", "item": "electricity", "verdict": "explained by rounding", "note": "to 0.1 M€"}
        | _figures(6.3e6, 8.2e6, 6247491.84, 8220384.0),
    ]
    finding = {"title": "Hours", "text": "Annex D bills 100 % of [the] hours.", "figures": {}}
    text = plain(reconciliation_view("leam-2022", rows, [finding]))
    assert cells(text, "C1") == ["C1", "servers, EUR", "equal", "230,000,000", "230,000,000", "230,000,000"]
    assert cells(text, "C5")[-3:] == ["6,300,000", "6,247,491.84", "6,300,000"]
    assert re.search(r"^\s+8,200,000\s+8,220,384\s+8,200,000$", text, re.MULTILINE)
    assert "C5: to 0.1 M€" in text
    assert "2 figures: equal 1, explained by rounding 1." in text
    assert "Annex D bills 100 % of [the] hours." in text


def _figures(low: float, high: float, exact_low: float, exact_high: float) -> dict[str, float]:
    names = ("paper_low", "paper_high", "exact_low", "exact_high", "rounded_low", "rounded_high")
    return dict(zip(names, (low, high, exact_low, exact_high, low, high), strict=True))
