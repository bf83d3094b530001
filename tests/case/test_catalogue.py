"""Shipped cases are found, and a case of one's own starts as a copy that loads."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from leam_opt.case.catalogue import find_case, list_cases, new_case, slug
from leam_opt.case.load import load_case
from leam_opt.errors import CaseError

if TYPE_CHECKING:
    from tests.case.small import Folder

CASES = Path(__file__).parents[2] / "cases"


def test_the_list_is_what_ships() -> None:
    """Breaks when a case of the tree is not found by its name, or something else is."""
    assert list_cases() == sorted(file.parent.name for file in CASES.glob("*/case.yaml"))
    assert "leam-2022" in list_cases()
    assert load_case("leam-2022").name == "leam-2022"


def test_a_folder_wins_over_a_shipped_name(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    """Breaks when a user's own folder `leam-2022` is passed over, or an empty one shadows the shipped case."""
    parent = folder.path.parent
    monkeypatch.chdir(parent)
    (parent / "leam-2022").mkdir()
    assert load_case("leam-2022").name == "leam-2022"
    folder.path.rename(parent / "copy")
    (parent / "leam-2022").rmdir()
    (parent / "copy").rename(parent / "leam-2022")
    assert load_case("leam-2022").name == "small"
    assert find_case(Path("leam-2022")) == Path("leam-2022")


def test_a_new_case_is_a_copy_with_its_own_name(tmp_path: Path) -> None:
    """Breaks when a file is forgotten, comments are lost, or the copy is another input than its template."""
    target = new_case(tmp_path / "plans" / "Mein Größter Plan", "leam-2022")
    assert target == tmp_path / "plans" / "Mein Größter Plan"
    case = load_case(target)
    assert case.name == "mein-groesster-plan"
    assert case.input_hash == load_case("leam-2022").input_hash
    shipped = {file.relative_to(CASES / "leam-2022") for file in (CASES / "leam-2022").rglob("*") if file.is_file()}
    copied = {file.relative_to(target) for file in target.rglob("*") if file.is_file()}
    assert copied == {file for file in shipped if "__pycache__" not in file.parts} | {Path("case.schema.json")}
    before = (CASES / "leam-2022" / "case.yaml").read_text(encoding="utf-8").splitlines()
    after = (target / "case.yaml").read_text(encoding="utf-8").splitlines()
    changed = [(old, new) for old, new in zip(before, after, strict=True) if old != new]
    assert changed == [("name: leam-2022", "name: mein-groesster-plan")]
    assert after[0] == "# yaml-language-server: $schema=case.schema.json"
    assert json.loads((target / "case.schema.json").read_text(encoding="utf-8"))["title"] == "Case"
    assert [path.name for path in target.parent.iterdir()] == ["Mein Größter Plan"]


def test_a_template_may_be_a_folder(folder: Folder, tmp_path: Path) -> None:
    """Breaks when the comment behind the name is lost, or a first line is missing or doubled."""
    folder.edit("# yaml-language-server: $schema=case.schema.json\n", "")
    target = new_case(tmp_path / "next", folder.path)
    lines = (target / "case.yaml").read_text(encoding="utf-8").splitlines()
    assert lines[:2] == [
        "# yaml-language-server: $schema=case.schema.json",
        "name: next # the name of the folder",
    ]
    again = new_case(tmp_path / "third", target)
    assert (again / "case.yaml").read_text(encoding="utf-8").count("yaml-language-server") == 1


def test_nothing_is_overwritten(folder: Folder, tmp_path: Path) -> None:
    """Breaks when a folder with files, or a file, is replaced; an empty folder is free to take."""
    for target in (folder.path, folder.path / "case.yaml"):
        content = (folder.path / "case.yaml").read_bytes()
        with pytest.raises(CaseError, match="it exists and is not empty; choose a new folder"):
            new_case(target)
        assert (folder.path / "case.yaml").read_bytes() == content
    (tmp_path / "free").mkdir()
    assert load_case(new_case(tmp_path / "free")).name == "free"


def test_a_failed_copy_leaves_nothing(folder: Folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Breaks when half a case is left behind where the disk is full or the folder cannot be written."""

    def full(*_: object) -> dict[str, object]:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("leam_opt.case.document.case_schema", full)
    with pytest.raises(CaseError, match="the case cannot be written: No space left on device"):
        new_case(tmp_path / "half", folder.path)
    assert [path.name for path in tmp_path.iterdir()] == ["small"]
    monkeypatch.undo()
    with pytest.raises(CaseError, match="the case cannot be written"):
        new_case(folder.path / "case.yaml" / "below")
    with pytest.raises(CaseError, match="did you mean 'leam-2022'"):
        new_case(tmp_path / "x", "leam2022")


@pytest.mark.parametrize(
    ("text", "name"),
    [("Mein Plan", "mein-plan"), ("Größe_2", "groesse-2"), ("--a--", "a"), ("é", "e"), ("日本", "case")],
)
def test_names_of_folders_become_names_of_cases(text: str, name: str) -> None:
    """Breaks when a folder's name gives a name that the schema refuses."""
    assert slug(text) == name


def test_a_new_case_takes_over_every_section(rich: Folder, tmp_path: Path) -> None:
    """Breaks when instruments, rules or taxes of the template are lost, or the schema beside it does not know them."""
    target = new_case(tmp_path / "copy", rich.path)
    assert load_case(target).input_hash == rich.load().input_hash
    schema = json.loads((target / "case.schema.json").read_text(encoding="utf-8"))
    assert {"Access", "Tranche", "Fund", "Guarantee", "Matching", "BudgetLine", "ValueForMoney"} <= set(schema["$defs"])
