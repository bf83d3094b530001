"""The page: offline, safe against what strangers write, complete in both languages, and readable by everybody."""

from __future__ import annotations

import hashlib
import json
from base64 import b64encode
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from leam_opt.report.pack import page as page_module
from leam_opt.report.pack.page import as_json, page, write_page
from leam_opt.report.pack.register import register
from leam_opt.words import Words
from tests.report.pack.packs import small_pack
from tests.report.pack.shown import NASTY, Found, found_in, full_pack

LANGUAGES = ("en", "de")
MOST_BYTES = 6_000_000


@cache
def made(language: str) -> str:
    """The page with every part."""
    return page(full_pack(), Words(language))  # type: ignore[arg-type]


@cache
def read(language: str) -> Found:
    """The same as a browser's parser finds it."""
    return found_in(made(language))


def hostile_pack() -> Any:
    """A pack whose case carries hostile texts in its titles."""
    pack = full_pack()
    case = pack.case.model_copy(update={"title": NASTY})
    return replace(pack, case=case)


def test_nothing_is_fetched_and_only_own_scripts_run() -> None:
    """A link to a style sheet, a font, an image, or a script whose hash the policy does not name."""
    found = read("en")
    for tag, attributes in found.elements:
        assert not (attributes.get("src") or "").strip(), tag
        assert (attributes.get("href") or "#").startswith(("#", "data:,")), tag
        assert not any(name.startswith("on") for name in attributes), tag
    (policy,) = [m["content"] for m in found.all("meta") if m.get("http-equiv") == "Content-Security-Policy"]
    assert policy and "default-src 'none'" in policy and "unsafe-eval" not in policy
    assert "connect-src" not in policy and "script-src 'unsafe" not in policy
    own = [text for attributes, text in found.scripts if "type" not in attributes]
    assert len(own) == 2
    for text in own:
        digest = b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in policy


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_hostile_text_stays_a_text(language: str) -> None:
    """Autoescape switched off, JSON that can end its element, or a template that is filled twice."""
    hostile = page(hostile_pack(), Words(language))  # type: ignore[arg-type]
    found = found_in(hostile)
    assert len(found.scripts) == 4
    assert not found.all("img")
    assert "<script>alert" not in hostile and "49" not in "".join(found.text)[:200]
    assert hostile.count(NASTY) == 0
    assert "onerror=alert(2)" in "".join(found.text)
    title = next(text for text in found.text if "alert(1)" in text)
    assert NASTY.replace("\u2028", "").strip()[:40] in title.replace("\u2028", "")


def test_data_in_a_script_comes_back_as_it_was() -> None:
    """An escape too many, or one that JSON does not know; not a number is null, since JSON has no other."""
    data = {"a": [NASTY, 1.5, None, True], "b": float("nan"), "c": {"d": float("inf")}}
    text = str(as_json(data))
    assert "<" not in text and ">" not in text and "&" not in text and "\u2028" not in text
    assert json.loads(text) == {"a": [NASTY, 1.5, None, True], "b": None, "c": {"d": None}}


def test_it_is_below_six_megabytes() -> None:
    """A second copy of the library, or figures with more points than anybody sees."""
    assert len(made("de").encode()) < MOST_BYTES


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_is_well_made(language: str) -> None:
    """Ids that occur twice, links that lead nowhere, tables without titles, a language that is not told."""
    found = read(language)
    assert found.all("html")[0]["lang"] == language
    ids = [attributes["id"] for _, attributes in found.elements if attributes.get("id")]
    assert len(ids) == len(set(ids))
    for link in found.all("a"):
        assert (link["href"] or "")[1:] in ids
    for _, attributes in found.elements:
        if attributes.get("aria-labelledby"):
            assert attributes["aria-labelledby"] in ids
    assert len(found.all("caption")) == len(found.all("table"))
    assert all(cell.get("scope") in ("col", "row", "rowgroup") for cell in found.all("th"))
    assert len(found.all("h1")) == 1
    tags = {tag for tag, _ in found.elements}
    assert {"header", "main", "nav", "section", "figure", "figcaption", "noscript"} <= tags


def test_every_chart_has_its_message_and_its_figures_beside_it() -> None:
    """A chart that only eyes can read."""
    found = read("en")
    figures = json.loads(next(text for attributes, text in found.scripts if attributes.get("id") == "figures"))
    plots = [a for a in found.all("div") if a.get("class") == "plot"]
    assert [plot["data-figure"] for plot in plots] == list(figures)
    assert all(plot["role"] == "img" and len(plot["aria-label"] or "") > 40 for plot in plots)
    assert len(found.all("figcaption")) == len(plots)
    ids = [attributes.get("id") for _, attributes in found.elements]
    assert all(f"data-{key}" in ids for key in figures)
    assert {"cash-waterfall", "sources", "uses", "sankey", "servers", "pool-use", "tornado", "distribution"} <= set(
        figures
    )
    assert {"pareto", "prices", "alternatives", "bridge"} <= set(figures)


def test_parts_without_data_are_left_out() -> None:
    """An empty heading, or a link of the contents to a part that is not there."""
    bare = replace(
        small_pack(), tornado=None, distribution=None, prices=None, alternatives=None, pareto=None, conflict=None
    )
    ids = {attributes.get("id") for _, attributes in found_in(page(bare, Words("en"))).elements}
    assert not ids & {"ranges", "futures", "prices", "alternatives", "pareto", "conflict", "reconciliation", "study"}
    assert {"scenarios", "cash", "sources", "flow", "machines", "pools", "register", "proof", "manifest"} <= ids


def test_german_pages_speak_german() -> None:
    """English left in a template or a chart, and numbers with the wrong signs."""
    text = " ".join(" ".join(read("de").text).split())
    for phrase in ("Entscheidungsvorlage", "Register der Annahmen", "Mittelverwendung", "Geldfluss", "12.345,5"):
        assert phrase in text
    for phrase in ("Deficit", "Figures of this chart", "Contents", "12,345.5", "Public money"):
        assert phrase not in text
    settings = next(json.loads(text) for a, text in read("de").scripts if a.get("id") == "settings")
    assert settings["decimal"] == "," and settings["language"] == "de"


def test_the_register_holds_every_figure_and_marks_changed_ones() -> None:
    """A figure that was changed on the command line and looks as if the case said so."""
    pack = small_pack()
    groups = register(pack, Words("en"))
    paths = [figure.path for group in groups for figure in group.figures]
    assert set(pack.case.assumptions()["path"]) <= set(paths)
    assert not [figure for group in groups for figure in group.figures if figure.changed]
    changed = replace(pack, case=pack.case.override({"energy_sources.green.price": 0.25}))
    marked = [f for group in register(changed, Words("de")) for f in group.figures if f.changed]
    assert [(figure.path, figure.base) for figure in marked] == [("energy_sources.green.price", "0,25")]


def test_a_page_is_written_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half a page in place of a good one, or a stray file, when writing fails."""
    target = tmp_path / "pack.html"
    monkeypatch.setattr(page_module, "page", lambda pack, words: "good € page")
    assert write_page(small_pack(), Words("en"), target) == target
    assert target.read_text(encoding="utf-8") == "good € page"
    monkeypatch.setattr(page_module, "page", lambda pack, words: "bad \ud800 page")
    with pytest.raises(UnicodeEncodeError):
        write_page(small_pack(), Words("en"), target)
    assert target.read_text(encoding="utf-8") == "good € page"
    assert [file.name for file in tmp_path.iterdir()] == ["pack.html"]
