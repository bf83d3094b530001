"""The page in a real browser: silent, alone, drawn, on a desk, in a hand and on paper."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from leam_opt.report.pack.page import write_page
from leam_opt.words import Words
from tests.report.pack.shown import full_pack

DESK, HAND = {"width": 1280, "height": 800}, {"width": 390, "height": 844}
OPTIONS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
DRAWN = "html[data-drawn]"
TRACES = ".trace, .bars, .sankey-node, .waterfalllayer .point"
WIDE_ELEMENTS = """() => [...document.querySelectorAll('main *, header *, nav *')]
  .filter((one) => one.getBoundingClientRect().right > innerWidth + 1 && !one.closest('.scroll, .pane, .skip'))
  .map((one) => one.tagName + '.' + one.className)"""


def browser_path() -> str:
    """Path of Chromium; without it, or without Playwright, the test is skipped, but fails where it has to run."""
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    lacking = "" if path else "there is no Chromium"
    try:
        import playwright.sync_api  # noqa: F401
    except ImportError:
        lacking = "Playwright is not installed"
    if lacking:
        if os.environ.get("CI") or os.environ.get("LEAM_OPT_REQUIRE_BROWSER"):
            pytest.fail(f"the page has to be tested in a browser, but {lacking}")
        pytest.skip(lacking)
    assert path
    return path


@dataclass
class Opened:
    """A page in the browser with what it said and asked for."""

    page: Any
    said: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    path = browser_path()
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=list(OPTIONS))
        yield running
        running.close()


def opened(browser: Any, file: Path, size: dict[str, int]) -> Opened:
    """A file in the browser, all charts drawn."""
    page = browser.new_page(viewport=size)
    found = Opened(page)
    page.on("console", lambda message: found.said.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: found.said.append(f"error: {error}"))
    page.on("request", lambda request: found.asked.append(request.url))
    page.goto(file.as_uri())
    page.wait_for_selector(DRAWN, state="attached", timeout=30_000)
    return found


@pytest.fixture(scope="module")
def desk(browser: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Opened]:
    """The English page on a desk."""
    found = opened(browser, write_page(full_pack(), Words("en"), tmp_path_factory.mktemp("en") / "pack.html"), DESK)
    yield found
    found.page.close()


@pytest.fixture(scope="module")
def hand(browser: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Opened]:
    """The German page in a hand."""
    found = opened(browser, write_page(full_pack(), Words("de"), tmp_path_factory.mktemp("de") / "pack.html"), HAND)
    yield found
    found.page.close()


@pytest.fixture(params=["desk", "hand"])
def shown(request: pytest.FixtureRequest) -> Opened:
    found: Opened = request.getfixturevalue(request.param)
    return found


def test_it_is_silent_and_asks_for_nothing(shown: Opened) -> None:
    """An error or warning in the console, a hostile text that ran, a font or map from somewhere."""
    assert shown.said == []
    assert [url for url in shown.asked if not url.startswith(("file:", "data:"))] == []
    assert len([url for url in shown.asked if url.startswith("file:")]) == 1


def test_every_chart_is_drawn(shown: Opened) -> None:
    """A chart that Plotly refused, or drew without its traces."""
    keys = list(json.loads(shown.page.locator("#figures").text_content()))
    assert len(keys) >= 14
    for key in keys:
        plot = shown.page.locator(f'.plot[data-figure="{key}"]')
        assert plot.locator("svg.main-svg").count() >= 1, key
        assert plot.locator(TRACES).count() >= 1, key
        box = plot.locator("svg.main-svg").first.bounding_box()
        assert box and box["width"] > 300 and box["height"] > 150, key


def test_the_answer_stands_on_the_first_screen(shown: Opened) -> None:
    """A header or list of contents that pushes the answer below the fold."""
    shown.page.evaluate("window.scrollTo(0, 0)")
    box, size = shown.page.locator(".answer").bounding_box(), shown.page.viewport_size
    assert box and box["y"] >= 0 and box["x"] >= 0
    assert box["y"] + box["height"] <= size["height"] and box["x"] + box["width"] <= size["width"]
    card = shown.page.locator(".card .figure strong").first.bounding_box()
    assert card and card["y"] + card["height"] <= size["height"]


def test_nothing_is_wider_than_the_screen(shown: Opened) -> None:
    """A table or chart outside its own scrolling pane that makes the whole page scroll sideways."""
    assert shown.page.evaluate("document.documentElement.scrollWidth") <= shown.page.viewport_size["width"]
    assert shown.page.evaluate(WIDE_ELEMENTS) == []


def test_numbers_are_in_the_language_of_the_page(desk: Opened, hand: Opened) -> None:
    """Plotly's own numbers in English on a German page."""
    ticks = {
        name: " ".join(found.page.locator('.plot[data-figure="tornado"] .xtick').all_text_contents())
        for name, found in (("desk", desk), ("hand", hand))
    }
    assert "Mio. €" in hand.page.locator("main").text_content()
    assert "Mio. €" not in desk.page.locator("main").text_content()
    assert "," not in ticks["desk"].replace(",000", "") and "." not in ticks["hand"].replace(".000", "")


def test_the_register_can_be_searched_and_reached_by_keyboard(desk: Opened) -> None:
    """A box that filters nothing, or that no key leads to."""
    page = desk.page
    every = page.locator(".register tbody tr:not(.group):visible").count()
    page.locator("#search").focus()
    page.keyboard.type("green price")
    rows = page.locator(".register tbody tr:not(.group):visible")
    assert 0 < rows.count() < every
    assert all("green" in text for text in rows.all_text_contents())
    assert page.locator("#found").text_content() == f"{rows.count()} of {every} figures"
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "changed"
    page.keyboard.press("Space")
    assert rows.count() == 0
    page.keyboard.press("Space")
    page.locator("#search").fill("")
    assert rows.count() == every


def test_it_fits_on_paper(desk: Opened) -> None:
    """Charts cut at the margin of the sheet, pages without charts, or controls on paper."""
    page = desk.page
    page.evaluate(
        """() => window.addEventListener('beforeprint', () => {
          const charts = [...document.querySelectorAll('.plot .main-svg')];
          const widths = charts.map((one) => one.getBoundingClientRect().width);
          document.body.dataset.widest = Math.max(...widths);
        })"""
    )
    paper = page.pdf(format="A4")
    assert paper.startswith(b"%PDF") and len(paper) > 50_000
    assert paper.count(b"/Type /Page\n") >= 8
    assert 300 < float(page.evaluate("document.body.dataset.widest")) <= 688  # 182 mm at 96 dots per inch
    page.emulate_media(media="print")
    for control in ("nav", ".filter", ".modebar", "summary"):
        assert not page.locator(control).first.is_visible()
    page.emulate_media(media="screen")
