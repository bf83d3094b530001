"""Whatever stands in a file, the loader ends with a case or a CaseError."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from leam_opt.case.load import load_case, parse_settings
from leam_opt.case.schema import Case
from leam_opt.errors import CaseError
from tests.case.rich import RICH
from tests.case.small import DEMAND, SMALL, Folder

MANY = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=80)
SCALARS = st.sampled_from(
    [
        "",
        "~",
        "1",
        "-1",
        "1e999",
        ".nan",
        "true",
        "text",
        "2025",
        "'q'",
        "85 %",
        "1,5",
        "[1, 2]",
        "{a: 1}",
        "*a",
        "!!str x",
    ]
) | st.text(max_size=6)
WORDS = sorted(set(RICH.translate(str.maketrans(":,{}[]", " " * 6)).split()))


def _loads_or_says_why(path: Path) -> None:
    try:
        case = load_case(path)
    except CaseError as error:
        assert error.problems
        assert all(problem.startswith(str(path)) for problem in error.problems), error.problems
        assert not any("\n" in problem for problem in error.problems)
        "\n".join(error.problems).encode("utf-8")
    else:
        assert isinstance(case, Case)


@given(st.binary(max_size=200))
@example(b"a: \xed\xa0\x80")
@example(b"%YAML 9.9\n---\na: 1\n")
@example(b"? [a, b]\n: c\n")
@example(b"a: |\n  x\n b: 1\n")
@example("key\u2028two: \x85".encode())
@MANY
def test_random_bytes(folder: Folder, content: bytes) -> None:
    """Breaks when some bytes raise anything but a CaseError."""
    folder.write("case.yaml", content)
    _loads_or_says_why(folder.path)


@given(
    st.lists(
        st.sampled_from(
            [
                *WORDS,
                ":",
                ": ",
                "\n",
                "\n  ",
                "- ",
                "{",
                "}",
                "[",
                "]",
                ", ",
                "'",
                '"',
                "#",
                "|",
                ">",
                "&a",
                "*a",
                "!!x",
                "\t",
                "?",
                "%",
            ]
        ),
        max_size=40,
    ).map("".join)
)
@MANY
def test_random_yaml(folder: Folder, content: str) -> None:
    """Breaks when some arrangement of a case's own words and YAML's signs raises anything but a CaseError."""
    folder.write("case.yaml", content)
    _loads_or_says_why(folder.path)


@given(st.data())
@MANY
def test_a_case_with_one_value_replaced(folder: Folder, data: st.DataObject) -> None:
    """Breaks when a value of any form, in any place of a sound case, raises anything but a CaseError."""
    lines = data.draw(st.sampled_from([SMALL, RICH])).splitlines()
    number = data.draw(st.integers(0, len(lines) - 1))
    head = lines[number].partition(":")[0]
    lines[number] = f"{head}: {data.draw(SCALARS)}"
    folder.write("case.yaml", "\n".join(lines).encode("utf-8", "surrogatepass"))
    _loads_or_says_why(folder.path)


@given(st.data())
@MANY
def test_a_case_with_one_word_replaced(folder: Folder, data: st.DataObject) -> None:
    """Breaks when a key or value that stands in another place raises anything but a CaseError."""
    old, new = data.draw(st.sampled_from(WORDS)), data.draw(st.sampled_from(WORDS) | SCALARS)
    text = data.draw(st.sampled_from([SMALL, RICH])).replace(old, new, 1)
    folder.write("case.yaml", text.encode("utf-8", "surrogatepass"))
    _loads_or_says_why(folder.path)


@given(st.data())
@MANY
def test_a_table_with_one_piece_replaced(folder: Folder, data: st.DataObject) -> None:
    """Breaks when some text in a table raises anything but a CaseError."""
    start = data.draw(st.integers(0, len(DEMAND)))
    end = data.draw(st.integers(start, min(start + 12, len(DEMAND))))
    piece = data.draw(st.text(alphabet='01.,;"\n\r\t-eabc%€', max_size=8) | st.text(max_size=4))
    folder.write("case.yaml", SMALL)
    folder.write("data/demand.csv", (DEMAND[:start] + piece + DEMAND[end:]).encode("utf-8", "surrogatepass"))
    _loads_or_says_why(folder.path)


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Case:
    return Folder(tmp_path_factory.mktemp("fuzz") / "small", RICH).load()


PATHS = st.sampled_from(
    [
        "prices", "prices.tokens", "prices.tokens.low", "server_types", "server_types.h100.unit_price",
        "server_types.h100.unit_price.2026", "server_types.h100.unit_price.2025.high", "funding.use", "funding.use.0",
        "funding.instruments.bank", "funding.instruments.bank.kind", "pools.tuning.staff_steps",
        "pools.tuning.staff_steps.0", "rules.co2_max", "start_year", "horizon_years", "objective", "upkeep", "name",
        "scenarios", "reference_plan", "sites.existing.open_from", "energy_sources.green.sites",
        "funding.instruments.bank.rate_bands", "funding.instruments.bank.rate_bands.0", "funding.alternatives",
        "funding.instruments.bank.rate_bands.1.up_to", "funding.instruments.bank.rate_bands.2.rate", "funding.funds",
        "funding.alternatives.union", "funding.alternatives.union.0", "funding.funds.innovation.tranches",
        "funding.guarantees.bank-guarantee.loans", "funding.guarantees.bank-guarantee", "funding.matching.states",
        "funding.matching.states.matched", "funding.matching.donors.instruments", "funding.budget_lines.digital",
        "funding.instruments.top-piece", "funding.instruments.top-piece.share", "prices.token_levels",
        "prices.token_levels.1.demand", "taxation.corporate_tax.2027", "value_for_money", "value_for_money.risks",
        "value_for_money.comparator", "rules.timely_use.years",
    ]
)  # fmt: skip
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=6)
    | st.sampled_from(["bank", "loan", "85 %", "union-grant", "state-grant", "top-piece", "bank-guarantee", "base"]),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(
                ["low", "base", "high", "kind", "2025", "2026", "people", "rate", "up_to", "tranches", "x y"]
            ),
            inner,
            max_size=3,
        )
    ),
    max_leaves=4,
)


@given(st.dictionaries(PATHS | st.text(max_size=12), VALUES, max_size=3))
@example({"prices.tokens": 10**400})
@example({"prices": [None], "prices.tokens": None})
@example({"start_year": 10**5000})
@example({"server_types": {"a\ud800": 1}})
@settings(max_examples=150)
def test_random_overrides(case: Case, overrides: dict[str, Any]) -> None:
    """Breaks when an override of any path and value raises anything but a CaseError, or changes its case."""
    before = case.input_hash
    try:
        changed = case.override(overrides)
    except CaseError as error:
        assert error.problems
        "\n".join(error.problems).encode("utf-8")
    else:
        assert isinstance(changed, Case)
        assert len(changed.input_hash) == 64
    assert case.input_hash == before


@given(st.lists(st.text(max_size=12) | st.text(max_size=8).map(lambda text: f"a={text}"), max_size=3))
def test_random_settings(settings_: list[str]) -> None:
    """Breaks when some text behind `--set` raises anything but a CaseError."""
    try:
        assert isinstance(parse_settings(settings_), dict)
    except CaseError as error:
        assert error.problems
