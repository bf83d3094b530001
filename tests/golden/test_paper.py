"""The paper's annexes B to G against the ledger, which runs the paper's own plan from the data of the case.

The expected figures below are the paper's (and the arithmetic of its own formulas), typed in here a second time; the
engine takes its values from the case alone.
"""

from __future__ import annotations

import csv
import shutil
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from leam_opt.case.load import load_case
from leam_opt.case.plain import plain
from leam_opt.case.schema import Case
from leam_opt.errors import CaseError
from leam_opt.ledger.paper import ROWS
from leam_opt.ledger.reconcile import Reconciliation, reconcile
from tests.builders import small_case

FIGURES = Path(__file__).parents[2] / "cases" / "leam-2022" / "data" / "paper_figures.csv"
EQUAL, ROUNDED, MISPRINT = "equal", "explained by rounding", "misprint in the paper"


@cache
def leam() -> Case:
    return load_case("leam-2022")


@cache
def reconciled() -> Reconciliation:
    return reconcile(leam())


def row(result: Reconciliation, name: str) -> dict[str, Any]:
    return next(row for row in result.rows if row["id"] == name)


def printed(tmp_path: Path, **changes: dict[str, object]) -> Path:
    """The table of the paper's figures with some cells changed."""
    with FIGURES.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for name, cells in changes.items():
        next(row for row in rows if row["id"] == name).update({key: str(cell) for key, cell in cells.items()})
    target = tmp_path / "figures.csv"
    with target.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return target


# ------------------------------------------------------------------------------------------------------- the figures
EXACT = {
    "B10": (3.91, 3.91),
    "C3": (278_875_000, 308_200_000),
    "C5": (6_247_491.84, 8_220_384),
    "C10": (15_017_491.84, 19_460_384),
    "C11": (353_962_459.2, 405_501_920),
    "C12": (353_962_459.2 / 43_800, 405_501_920 / 43_800),
    "D3": (7_446_000, 7_446_000),
    "E3": (5_256_000, 5_256_000),
    "F5": (32_850_000, 32_850_000),
    "G8": (54_750_000, 273_750_000),
    "G11": (118_260_000, 337_260_000),
    "G13": (-332_241_920, -46_702_459.2),
}
EXPLAINED = {"C5", "C10", "C11", "C12", "D3", "E3", "G1", "G2", "G4", "G5", "G7", "G11", "G12", "G13"}


def test_all_49_figures_agree_or_are_explained_and_two_are_misprints() -> None:
    result = reconciled()
    assert len(result.rows) == 49
    verdicts = {row["id"]: row["verdict"] for row in result.rows}
    assert {name for name, verdict in verdicts.items() if verdict == ROUNDED} == EXPLAINED
    assert {name for name, verdict in verdicts.items() if verdict == MISPRINT} == {"F4", "F5"}
    assert sorted(verdicts) == sorted(ROWS)


@pytest.mark.parametrize(("name", "expected"), EXACT.items())
def test_exact_values(name: str, expected: tuple[float, float]) -> None:
    found = row(reconciled(), name)
    assert (found["exact_low"], found["exact_high"]) == pytest.approx(expected, rel=1e-11)


def test_rounding_is_carried_forward() -> None:
    """Wherever the paper agrees, the rounded track is the printed figure to the last euro."""
    for found in reconciled().rows:
        if found["verdict"] != MISPRINT:
            carried = (found["rounded_low"], found["rounded_high"])
            assert carried == pytest.approx((found["paper_low"], found["paper_high"]), rel=1e-11), found["id"]


def test_the_balance_carries_every_rounding() -> None:
    balance = row(reconciled(), "G13")
    assert (balance["rounded_low"], balance["rounded_high"]) == (-331_650_000, -46_475_000)


# ------------------------------------------------------------------------------------------------------- misprints
def test_year_two_of_the_growth_table_is_caught() -> None:
    found = row(reconciled(), "F5")
    assert (found["paper_low"], found["exact_low"], found["rounded_low"]) == (31_850_000, 32_850_000, 32_850_000)
    assert "no rounding is stated" in found["note"]
    assert "G8 of 273,750,000 EUR as printed confirms the accounts" in found["note"]


def test_the_heading_of_the_growth_table_is_caught() -> None:
    found = row(reconciled(), "F4")
    assert (found["exact_low"], found["rounded_high"]) == (10_950_000, 10_950_000)
    assert "6,000,000 tokens a day each year that the paper prints gives 10,950 EUR" in found["note"]
    assert "needs 6,000,000,000 tokens a day, 1,000 times as many" in found["note"]


def test_correcting_both_leaves_no_misprint(tmp_path: Path) -> None:
    corrected = printed(tmp_path, F4={"printed_basis": 6_000_000_000}, F5={"low": 32_850_000, "high": 32_850_000})
    result = reconcile(leam(), corrected)
    assert result.misprints == []
    assert row(result, "F4")["verdict"] == row(result, "F5")["verdict"] == EQUAL
    assert not any("do not follow" in finding["title"] for finding in result.findings)


@pytest.mark.parametrize("name", ROWS)
def test_any_other_misprint_is_caught(tmp_path: Path, name: str) -> None:
    """A digit wrong anywhere: 3 % off, and by more than any rounding step could explain."""
    found = row(reconciled(), name)
    more_than_a_step = {"EUR/a": 300_000, "EUR/h": 300}.get(found["unit"], 0)
    for end in ("low", "high") if found["paper_low"] != found["paper_high"] else ("high",):
        wrong = found[f"exact_{end}"] * 1.03 + more_than_a_step
        result = reconcile(leam(), printed(tmp_path, **{name: {end: wrong}}))
        assert name in result.misprints
        if name not in {"C5", "D3"}:  # without the printed direction of their rounding, what follows from them is open
            assert set(result.misprints) == {"F4", "F5", name}


def test_a_misprint_does_not_spread(tmp_path: Path) -> None:
    """The engine's own figure goes on, not the misprint; figures that the paper computes right confirm it."""
    result = reconcile(leam(), printed(tmp_path, C1={"low": 239_000_000, "high": 239_000_000}))
    assert row(result, "C3")["verdict"] == EQUAL
    assert "C3 of 278,875,000 EUR" in row(result, "C1")["note"]


def test_a_rounding_that_is_not_stated_explains_nothing(tmp_path: Path) -> None:
    result = reconcile(leam(), printed(tmp_path, C5={"rounding_step": ""}))
    assert "C5" in result.misprints
    assert row(result, "C10")["verdict"] == MISPRINT  # its printed sum needs the rounded C5


def test_a_figure_may_be_rounded_up_or_down(tmp_path: Path) -> None:
    """8,087 is printed 8,100; 8,000 would be a rounding to 100 as well, 7,900 would not."""
    down = reconcile(leam(), printed(tmp_path, C12={"low": 8_000}))
    assert row(down, "C12")["verdict"] == ROUNDED
    assert row(down, "C12")["rounded_low"] == 8_000
    assert "8,000 (rounded down) and 9,300 (rounded up) EUR/h" in row(down, "C12")["note"]
    assert "C12" in reconcile(leam(), printed(tmp_path, C12={"low": 7_900})).misprints


def test_the_wrong_rounding_shows_where_it_goes_on(tmp_path: Path) -> None:
    """8.3 is a rounding (up) of 8.22 as well; but then the paper's own sum is wrong, and that is said."""
    result = reconcile(leam(), printed(tmp_path, C5={"high": 8_300_000}))
    assert row(result, "C5")["verdict"] == ROUNDED
    assert "C10" in result.misprints


def test_a_case_with_other_figures_no_longer_gives_the_paper() -> None:
    """The values come from the case: a dearer salary shows in every figure that pays people, and in no other."""
    result = reconcile(leam().override({"staff.salary": 160_000}))
    found = row(result, "D1")
    assert (found["exact_low"], found["exact_high"]) == (4_800_000, 6_400_000)
    assert {"C6", "C10", "C11", "D1", "E1", "F1", "G1", "G3", "G12", "G13"} <= set(result.misprints)
    assert row(result, "C5")["verdict"] == ROUNDED
    assert row(result, "G8")["verdict"] == EQUAL


# ------------------------------------------------------------------------------------------------------- findings
def finding(word: str) -> dict[str, Any]:
    return next(item for item in reconciled().findings if word in item["title"])


def test_findings_on_hours_throughput_and_public_use() -> None:
    hours = finding("hours")["figures"]
    assert hours["difference_meur"] == pytest.approx(0.2 * 5 * (7.446 + 5.256))
    speed = finding("fast")["figures"]
    assert speed["needed_tokens_per_second"] == pytest.approx(27e9 / 86400 / (0.05 * 3680))
    assert speed["assumed_tokens_per_second"] == leam().compute.inference_throughput.base
    public = finding("public-use")["figures"]
    assert (public["core_share"], public["all_share"]) == pytest.approx((0.9, 0.81))
    assert (public["core_met"], public["all_met"]) == (True, False)


def test_findings_on_misprints_and_the_range() -> None:
    assert set(finding("do not follow")["figures"]) == {"F4", "F5"}
    balance = finding("balance")
    assert (balance["figures"]["low_meur"], balance["figures"]["high_meur"]) == (-331.65, -46.475)
    assert "from -331.650 to -46.475 M€" in balance["text"]
    assert len(reconciled().findings) == 5


def test_hours_that_are_not_oversold_are_no_finding() -> None:
    result = reconcile(leam().override({"compute.commercial_utilisation": 1.0}))
    assert not any("hours" in item["title"] for item in result.findings)


# ------------------------------------------------------------------------------------------------- shape and errors
def test_frame_and_fields() -> None:
    frame = reconciled().frame()
    assert list(frame.index) == list(ROWS)
    assert {"item", "unit", "annex", "verdict", "note"} <= set(frame.columns)
    assert all(frame["note"])


def test_every_scenario_has_the_same_paper() -> None:
    """Funding and ownership are not in the paper's plan: its figures do not depend on the scenario."""
    for name in leam().scenario_names:
        assert reconcile(leam().scenario(name)).rows == reconciled().rows


def test_a_case_without_reference_plan() -> None:
    with pytest.raises(CaseError, match="case small: it has no reference_plan"):
        reconcile(small_case())


def test_another_horizon() -> None:
    with pytest.raises(CaseError, match="horizon_years is 6; the paper's figures cover 5 years"):
        reconcile(leam().override({"horizon_years": 6, "generations.leam-3.last_year": 2028}))


def test_a_case_without_the_paper(tmp_path: Path) -> None:
    folder = tmp_path / "leam-2022"
    shutil.copytree(FIGURES.parents[1], folder)
    (folder / "data" / "paper_figures.csv").unlink()
    with pytest.raises(CaseError, match=r"paper_figures.csv: no such file; reconcile needs the figures"):
        reconcile(load_case(folder))


def test_a_case_made_in_python_names_its_table() -> None:
    made = Case.model_validate(plain(leam()))
    with pytest.raises(CaseError, match="it comes from no folder"):
        reconcile(made)
    assert reconcile(made, FIGURES).rows == reconciled().rows


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"C5": {"low": "six"}}, r"figures.csv:16:\d+: 'six' in column low is not a number"),
        ({"C5": {"id": "C55"}}, r"figures.csv:16:1: unknown figure 'C55'; did you mean 'C5'"),
        ({"C5": {"id": "C6"}}, r"figures.csv:17:1: figure 'C6' stands twice"),
        ({"C5": {"rounding_step": 0}}, r"figures.csv:16:\d+: a rounding step must be above zero"),
        ({"C5": {"high": ""}}, r"figures.csv:16:\d+: '' in column high is not a number"),
        ({"C5": {"high": "nan"}}, r"figures.csv:16:\d+: 'nan' in column high is not a number"),
    ],
)
def test_a_table_with_a_mistake(tmp_path: Path, changes: dict[str, dict[str, object]], message: str) -> None:
    with pytest.raises(CaseError, match=message):
        reconcile(leam(), printed(tmp_path, **changes))


def test_a_table_without_a_column_or_a_figure(tmp_path: Path) -> None:
    lines = FIGURES.read_text(encoding="utf-8").splitlines()
    short = tmp_path / "short.csv"
    short.write_text("\n".join(lines[:-1]), encoding="utf-8")
    with pytest.raises(CaseError, match=r"short.csv: figure G13 is missing"):
        reconcile(leam(), short)
    narrow = tmp_path / "narrow.csv"
    narrow.write_text("\n".join([lines[0].replace("unit", "units"), *lines[1:]]), encoding="utf-8")
    with pytest.raises(CaseError, match=r"narrow.csv:1:1: column unit is missing"):
        reconcile(leam(), narrow)
