"""Every wrong input is one message with its place, what is wrong and what would be right; never a traceback."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from leam_opt.case.load import load_case
from leam_opt.errors import CaseError

if TYPE_CHECKING:
    from tests.case.small import Folder

# What is spoiled: (text in case.yaml, its replacement, where the message points, what the message says).
SPOILED = {
    "misspelt key": ("tokens: {low", "tokenz: {low", "tokenz", ["prices.tokenz: unknown key; did you mean 'tokens'?"]),
    "wrong unit": ("10.2 kW", "10.2 km", "10.2 km", ["h100.power: unknown unit 'km'; this figure is in kW"]),
    "wrong dimension": ("10.2 kW", "10.2 MWh", "10.2 MWh", ["the unit 'MWh' does not fit; this figure is in kW"]),
    "negative price": (
        "cluster_hour: 10000",
        "cluster_hour: -1",
        "-1\n",
        ["prices.cluster_hour: -1 EUR/h is too small; it must be above 0 EUR/h"],
    ),
    "share above 1": ("goodput: 0.9", "goodput: 85", "85", ["at most 1 share is allowed", 'did you mean "85 %"?']),
    "share far above 1": (
        "goodput: 0.9",
        "goodput: 850",
        "850",
        ["850 share is too large; at most 1 share is allowed"],
    ),
    "no number": ("goodput: 0.9", "goodput: high", "high\n", ["compute.goodput: 'high' is not a number with a unit"]),
    "empty figure": ("goodput: 0.9", "goodput:", "goodput:\n", ["expected a number in share, got nothing"]),
    "list as a figure": ("goodput: 0.9", "goodput: [1]", "[1]", ["expected a number in share, got a list"]),
    "truth value as a figure": ("goodput: 0.9", "goodput: true", "true", ["expected a number in share, got 'true'"]),
    "decimal comma": ("goodput: 0.9", "goodput: 0,9", "0,9", ["'0,9' is not a plain number; write a decimal point"]),
    "thousands separator": ("rent: 100000", "rent: 1.234,5", "1.234,5", ["'1.234,5' is not a plain number"]),
    "not a number": (
        "goodput: 0.9",
        "goodput: .nan",
        ".nan",
        ["'nan' is not a finite number; write a number in share"],
    ),
    "infinite": ("grid_limit: 12", "grid_limit: .inf", ".inf", ["'inf' is not a finite number; write a number in MW"]),
    "too large": ("grid_limit: 12", "grid_limit: 1e400", "1e400", ["is not a finite number"]),
    "text nan": ("goodput: 0.9", "goodput: 'nan'", "'nan'", ["'nan' is not a number with a unit"]),
    "years out of order": (
        "{2025: 0.5, 2027: 1}",
        "{2027: 1, 2025: 0.5}",
        "2025: 0.5}",
        ["rules.renewable_share_min.2025: years out of order: 2025 stands after 2027; sort them"],
    ),
    "not a year": ("{2025: 0.5, 2027: 1}", "{25: 0.5}", "25: 0.5}", ["'25' is not a calendar year from 2000 to 2100"]),
    "no figure for the first year": (
        "{2025: 0.5, 2027: 1}",
        "{2026: 0.5}",
        "renewable_share_min",
        ["rules.renewable_share_min: no figure for 2025; the first entry is for 2026"],
    ),
    "range out of order": (
        "{low: 1.5, high: 2.5}",
        "{low: 3, high: 2.5}",
        "2.5}",
        ["must be in order low <= base <= high, got 3, 2.75, 2.5 share"],
    ),
    "half a range": ("{low: 1.5, high: 2.5}", "{low: 1.5}", "{low: 1.5}", ["a range needs 'base', or both"]),
    "misspelt range": ("{low: 1.5, high: 2.5}", "{low: 1.5, hgih: 2.5}", "hgih", ["did you mean 'high'?"]),
    "bad end of a range": (
        "{low: 1.5, high: 2.5}",
        "{low: 0.5, high: 2.5}",
        "0.5, high",
        ["mission.funnel_factor.low: 0.5 share is too small; at least 1 share is allowed"],
    ),
    "missing key": (
        "    pue: 1.2\n",
        "",
        "existing:",
        ["sites.existing: the key 'pue'", "Power usage effectiveness", "in share", "is missing"],
    ),
    "missing section": (
        "operations: {internet: 0.18, licences: 0.6}\n",
        "",
        "name: small",
        ["'operations'", "missing"],
    ),
    "empty section": (
        "operations: {internet: 0.18, licences: 0.6}",
        "operations:",
        "operations:\n",
        ["operations: expected a section with the keys internet, licences; got nothing"],
    ),
    "section in place of a table": ("upkeep:\n", "upkeep: 3\nx:\n", "3\nx", ["expected a mapping of names, got '3'"]),
    "bad name": ("  existing:", "  Existing Hall:", "Existing Hall", ["use lower case letters, digits and hyphens"]),
    "unknown word": (
        "basis: hardware",
        "basis: hardwear",
        "hardwear",
        ["'hardwear' is not allowed; did you mean 'hardware'? known are hardware, building, all"],
    ),
    "unknown kind": (
        "kind: loan",
        "kind: lone",
        "lone",
        [
            "funding.instruments.bank.kind: unknown kind 'lone'; did you mean 'loan'?",
            "known are grant, access, sponsor, loan, equity, tranche",
        ],
    ),
    "no kind": (
        "      kind: loan\n",
        "",
        "bank:\n",
        ["the key 'kind' is missing; one of grant, access, sponsor, loan, equity, tranche"],
    ),
    "instrument without a section": (
        "{kind: grant, title: Federal grant, cap_total: 300, intensity: 1}",
        "300",
        "300",
        ["funding.instruments.federal-grant: expected a section with the key 'kind', got '300'"],
    ),
    "key of another kind": ("rate: 5 %", "intensity: 5 %", "intensity: 5", ["instruments.bank.intensity: unknown key"]),
    "unknown instrument": (
        "use: [federal-grant]",
        "use: [federal-grants]",
        "federal-grants",
        ["funding.use.0: unknown instrument 'federal-grants'; did you mean 'federal-grant'?"],
    ),
    "fraction for a whole number": (
        "life_years: 5\n    on",
        "life_years: 5.5\n    on",
        "5.5",
        ["expected a whole number"],
    ),
    "truth value for a whole number": (
        "modules_max: 20",
        "modules_max: true",
        "true",
        ["sites.existing.modules_max: expected a whole number, got 'true'"],
    ),
    "whole number too large": ("modules_max: 20", "modules_max: 99999", "99999", ["at most 2000 is possible"]),
    "year too early": (
        "start_year: 2025",
        "start_year: 25",
        "25\nh",
        ["'25' is not allowed; at least 2000 is possible"],
    ),
    "number for a text": ("title: H100", "title: 100", "100\n", ["expected text (put a number in quotes), got '100'"]),
    "text for a list": ("use: [federal-grant]", "use: federal-grant", "federal-grant\n", ["a list such as [a, b]"]),
    "no server type": ("server_types:\n", "server_types: {}\nold:\n", "{}", ["it is empty; at least one entry"]),
    "duplicate key": (
        "performance: 3",
        "performance: 3\n    performance: 4",
        None,
        ["the key 'performance' stands twice"],
    ),
    "tab": ("  existing:\n", "\texisting:\n", "\texisting", ["a tab is not allowed here; indent with spaces"]),
    "open quote": ("title: H100", "title: 'H100", "'H100", ["a quote or bracket is not closed"]),
    "colon in a text": ("title: H100", "title: H100: new", ": new", ["put the text in quotes"]),
    "tag of Python": (
        "title: H100",
        "title: !!python/object/apply:os.system ['true']",
        "!!python",
        ["the tag '!!python/object/apply:os.system' is not allowed; a case is plain data"],
    ),
    "alias": ("title: H100", "title: *other", "*other", ["aliases (*name) are not allowed in a case"]),
    "anchor": ("title: H100", "title: &a H100", "&a", ["the anchor '&a' is not allowed in a case"]),
    "second document": ("upkeep:\n", "---\nupkeep:\n", "---", ["a second document starts here"]),
    "missing table": (
        "{csv: data/demand.csv, key: year, where: {service: core}}",
        "{csv: data/demands.csv, key: year, where: {service: core}}",
        "data/demands.csv",
        ["adoption.low.core: the table", "does not exist;", "has demand.csv"],
    ),
    "table outside the folder": (
        "{csv: data/demand.csv, key: year, where: {service: core}}",
        "{csv: ../demand.csv, key: year}",
        "../demand.csv",
        ["leads out of the case; give a path inside the folder of the case"],
    ),
    "table with an absolute path": (
        "{csv: data/demand.csv, key: year, where: {service: core}}",
        "{csv: /etc/passwd, key: year}",
        "/etc/passwd",
        ["leads out of the case"],
    ),
    "table with a drive": (
        "{csv: data/demand.csv, key: year, where: {service: core}}",
        "{csv: 'C:demand.csv', key: year}",
        "'C:demand",
        ["leads out of the case"],
    ),
    "table without key": (
        "{csv: data/demand.csv, key: year, where: {service: core}}",
        "{csv: data/demand.csv}",
        "core: {csv: data/demand.csv}",
        ["a table is {csv: data/file.csv, key: [column, ...]}"],
    ),
    "unknown key of a table": (
        "{csv: data/demand.csv, key: year, where: {service: core}}",
        "{csv: data/demand.csv, keys: year}",
        "keys: year",
        ["unknown key 'keys' beside 'csv'"],
    ),
    "no row": (
        "where: {service: core}}",
        "where: {service: cor}}",
        "cor}",
        ["adoption.low.core: no row of", "has service 'cor'; did you mean 'core'?"],
    ),
}


@pytest.mark.parametrize("name", SPOILED)
def test_a_spoiled_case_names_place_and_remedy(folder: Folder, name: str) -> None:
    """Breaks when a message loses its place, its path or its remedy, or when a wrong input passes."""
    old, new, place, said = SPOILED[name]
    folder.edit(old, new)
    problems = folder.problems()
    fitting = [problem for problem in problems if all(part in problem for part in said)]
    assert len(fitting) == 1, problems
    if place is not None:
        assert fitting[0].startswith(folder.where(place) + ": "), (fitting[0], folder.where(place))
    else:
        assert fitting[0].startswith(str(folder.path)), fitting[0]


def test_all_problems_come_at_once_in_the_order_of_the_file(folder: Folder) -> None:
    """Breaks when reading stops at the first problem, or sorts lines as text (line 100 before line 20)."""
    folder.edit("goodput: 0.9", "goodput: 85").edit("tokens: {low", "tokenz: {low").edit("10.2 kW", "10.2 km")
    folder.edit("core,2026,2,3,4", "core,2026,2,three,4", "data/demand.csv")
    problems = folder.problems()
    places = ["10.2 km", "85", "tokenz"]
    assert [problem.split(": ")[0] for problem in problems[: len(places)]] == [folder.where(text) for text in places]
    assert len(problems) == len(places) + 1
    assert problems[-1].startswith(folder.where("three", "data/demand.csv"))
    assert "adoption.low.core.2026.base: column 'base': 'three' is not a number" in problems[-1]


def test_a_misspelt_key_is_one_problem(folder: Folder) -> None:
    """Breaks when a misspelt key that is needed is told twice, as unknown and as missing."""
    assert "unknown key" in folder.edit("tokens: {low", "tokenz: {low").problem()


def test_the_same_problem_is_told_once_and_not_for_each_scenario(folder: Folder) -> None:
    """Breaks when the check of the scenarios repeats what is wrong with the case itself."""
    folder.edit("goodput: 0.9", "goodput: 85")
    assert "scenario" not in folder.problem()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", ":1:1: the file is empty"),
        (b"# only a comment\n", ":1:1: the file is empty"),
        (b"\xef\xbb\xbf", ":1:1: the file is empty"),
        (b"just text", ":1:1: a case is a mapping of sections (name: ..., title: ...), got 'just text'"),
        (b"- a\n- b\n", ":1:1: a case is a mapping of sections (name: ..., title: ...), got a list"),
        (b"name: x\ntitle: caf\xe9\n", ":2:11: not UTF-8 text; save the file with the encoding UTF-8"),
        (b"name: x\ntitle: \x00\n", ":2:8: this is not YAML; a character cannot be read"),
        (b'title: "\\ud800"\n', ":1:8: half a character"),
        (b"\xff\xfen\x00", ":1:1: not UTF-8 text"),
    ],
)
def test_a_file_that_is_no_case(folder: Folder, content: bytes, said: str) -> None:
    """Breaks when a file that has no sections ends in anything but its one message."""
    folder.write("case.yaml", content)
    assert folder.problem().startswith(f"{folder.path / 'case.yaml'}{said}")


def test_folders_and_names_that_are_no_case(folder: Folder, tmp_path: Path) -> None:
    """Breaks when a wrong path is taken for a name or the other way round."""
    (tmp_path / "empty").mkdir()
    wrong: list[tuple[str | Path, str]] = [
        (tmp_path / "empty", "the folder has no case.yaml; `leam-opt new DIR` starts a case"),
        (folder.path / "case.yaml", f"this is a file; give {folder.path}"),
        (folder.path / "data" / "demand.csv", "this is a file; give the folder that holds case.yaml"),
        ("leam-2o22", "neither a folder nor a shipped case; did you mean 'leam-2022'?"),
        ("quite-another", "neither a folder nor a shipped case; known are "),
        ("x" * 5000, "neither a folder nor a shipped case"),
        ("a\0b", "neither a folder nor a shipped case"),
    ]
    for case, said in wrong:
        with pytest.raises(CaseError) as caught:
            load_case(case)
        assert said in str(caught.value)


def test_unknown_scenario(folder: Folder) -> None:
    """Breaks when a scenario that does not exist is taken for the base, or the message hides the known ones."""
    with pytest.raises(CaseError, match="unknown scenario 'privat'; did you mean 'private'") as caught:
        folder.load().scenario("privat")
    assert "scenarios of small are base, public, private" in str(caught.value)


def test_nested_aliases_do_not_multiply(folder: Folder) -> None:
    """Breaks when aliases are followed: this text of 30 lines stands for 10^29 entries (billion laughs)."""
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    bomb += "".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]\n" for i in range(1, 30))
    folder.write("case.yaml", bomb)
    started = time.perf_counter()
    assert any("aliases (*name) are not allowed" in problem for problem in folder.problems())
    assert time.perf_counter() - started < 5


@pytest.mark.parametrize("text", ["a: &a [*a]\n", "&a a: *a\n", "a: &a {b: *a}\n"])
def test_an_alias_of_itself_ends(folder: Folder, text: str) -> None:
    """Breaks when a node that holds itself is walked."""
    folder.write("case.yaml", text)
    assert any("aliases" in problem for problem in folder.problems())


@pytest.mark.parametrize(
    "text", ["[" * 100_000, "{a: " * 100_000, "- " * 100_000, "".join(f"{' ' * i}a:\n" for i in range(2000))]
)
def test_deep_nesting_is_refused_at_once(folder: Folder, text: str) -> None:
    """Breaks when the depth exhausts Python's stack or the scanner's patience."""
    folder.write("case.yaml", text)
    started = time.perf_counter()
    assert "nested deeper than 32 levels" in folder.problem()
    assert time.perf_counter() - started < 5


def test_a_huge_file_is_refused(folder: Folder) -> None:
    """Breaks when a file of any size is read into memory."""
    folder.write("case.yaml", b"a" * 4_000_001)
    assert "the file is larger than 4 MB" in folder.problem()


def test_a_unit_is_no_formula(folder: Folder) -> None:
    """Breaks when a unit reaches pint's arithmetic: a power tower there would run for ever."""
    folder.edit("10.2 kW", "10.2 kW*9**9**9**9**9")
    assert "unknown unit 'kW*9**9**9**9**9'; this figure is in kW" in folder.problem()


def test_a_link_does_not_lead_out_of_the_folder(folder: Folder, tmp_path: Path) -> None:
    """Breaks when only the text of a path is checked and not where it leads."""
    (tmp_path / "secret.csv").write_text("year,base\n2025,1\n", encoding="utf-8")
    (folder.path / "data" / "link.csv").symlink_to(tmp_path / "secret.csv")
    folder.edit("{csv: data/demand.csv, key: year, where: {service: core}}", "{csv: data/link.csv, key: year}")
    problems = folder.problems()
    assert "leads out of the case by a link" in problems[0]
