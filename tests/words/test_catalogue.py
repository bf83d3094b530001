"""Every text of reports and explanations has its German one, with the same places for figures."""

from __future__ import annotations

import ast
import re
import string
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import pytest
from babel.messages.catalog import Message
from babel.messages.pofile import read_po
from jinja2.ext import babel_extract

import leam_opt
from leam_opt.words import LANGUAGES, Words, catalogue

ROOMS = ("case", "report", "insight", "solve", "words")
PACKAGE = Path(leam_opt.__file__).parent
Text = tuple[str, ...]
"""A text, or its singular and plural."""


def texts(path: Path) -> Iterator[tuple[int, Text]]:
    """Line and text of everything that a file says through `words`."""
    if path.suffix == ".py":
        yield from texts_of_code(ast.parse(path.read_text(encoding="utf-8")))
        return
    with path.open("rb") as file:
        for line, _, message, _ in babel_extract(file, ("words",), [], {}):
            yield line, (message,) if isinstance(message, str) else tuple(part for part in message if part)


def texts_of_code(tree: ast.AST) -> Iterator[tuple[int, Text]]:
    """Texts as the first argument of `words(...)` and `N_(...)`, or the first two of `words.plural(...)`.

    Babel's own extractor would take the key of `words(row["kind"])` for a text.
    """
    for call in ast.walk(tree):
        if not isinstance(call, ast.Call):
            continue
        if isinstance(call.func, ast.Attribute) and call.func.attr == "plural":
            found = [constants(argument) for argument in call.args[:2]]
            if all(len(each) == 1 for each in found):
                yield call.lineno, tuple(each[0] for each in found)
        elif isinstance(call.func, ast.Name) and call.func.id in ("words", "N_", "self") and call.args:
            yield from ((call.lineno, (text,)) for text in constants(call.args[0]) if text)


def constants(node: ast.expr) -> list[str]:
    """The text of an argument; both of a choice between two."""
    if isinstance(node, ast.IfExp):
        return [*constants(node.body), *constants(node.orelse)]
    return [node.value] if isinstance(node, ast.Constant) and isinstance(node.value, str) else []


def said() -> Iterator[tuple[str, Text]]:
    """Place and text of everything that the rooms say."""
    for room in ROOMS:
        for path in sorted((PACKAGE / room).rglob("*")):
            if path.suffix in (".py", ".j2"):
                yield from ((f"{path.relative_to(PACKAGE)}:{line}", text) for line, text in texts(path))


def entries(language: str) -> Iterator[tuple[str, Message]]:
    """File and entry of every translation."""
    for file in files("leam_opt.words").joinpath(language).iterdir():
        if file.name.endswith(".po"):
            with file.open("rb") as opened:
                yield from ((file.name, message) for message in read_po(opened, locale=language) if message.id)


def fields(text: str) -> list[str]:
    """Names of the places for figures in a text."""
    return sorted({name for _, name, _, _ in string.Formatter().parse(text) if name is not None})


SAID = list(said())
GERMAN = [(place, text) for place, text in entries("de")]


def test_the_extractors_find_texts_of_code_and_of_templates() -> None:
    """Were the extraction broken, the other tests here would look at nothing."""
    places = {place.partition(":")[0] for place, _ in SAID}
    assert "report/pack/templates/page.html.j2" in places
    assert "report/pack/charts_money.py" in places
    assert len({text for _, text in SAID}) > 400


def test_every_text_is_translated() -> None:
    """Fails with the place of each text that a German report would say in English."""
    known = {(text.id,) if isinstance(text.id, str) else tuple(text.id) for _, text in GERMAN if all(strings(text))}
    missing = {text: place for place, text in SAID if text not in known}
    assert not missing


def strings(message: Message) -> Text:
    """Translations of an entry."""
    return (message.string,) if isinstance(message.string, str) else tuple(message.string)


@pytest.mark.parametrize("file", sorted({file for file, _ in GERMAN}))
def test_translations_have_the_places_of_their_texts(file: str) -> None:
    """A translation without `{money}`, or with another name, would lose a figure or fail when it is said."""
    for name, message in GERMAN:
        if name != file:
            continue
        assert not message.fuzzy, message.id
        ids = (message.id,) if isinstance(message.id, str) else tuple(message.id)
        many = fields(ids[-1])
        for one in strings(message):
            assert set(fields(one)) <= set(many), message.id
        assert fields(strings(message)[-1]) == many, message.id


def test_no_text_is_translated_in_two_ways() -> None:
    """Of two translations of one text the last file would win, whichever that is."""
    found: dict[Text, dict[Text, str]] = {}
    for file, message in GERMAN:
        key = (message.id,) if isinstance(message.id, str) else tuple(message.id)
        found.setdefault(key, {})[strings(message)] = file
    assert not {key: ways for key, ways in found.items() if len(ways) > 1}


def test_no_translation_is_of_a_text_that_nobody_says() -> None:
    """A text that was reworded leaves its translation behind."""
    used = {text for _, text in SAID}
    left = {
        message.id
        for _, message in GERMAN
        if ((message.id,) if isinstance(message.id, str) else tuple(message.id)) not in used
    }
    assert not left


def test_figures_are_written_as_the_language_does() -> None:
    """Swapped signs, a negative zero, or a unit in the wrong language."""
    german, english = Words("de"), Words("en")
    assert german.number(1234.5) == "1.234,5" and english.number(1234.5) == "1,234.5"
    assert german.number(-0.01) == "0,0" and english.signed(2) == "+2.0"
    assert german.money(102.6) == "102,6 Mio. €" and english.money(-102.6) == "−102.6 M€"
    assert german.percent(None) == "–" and german.number(float("nan")) == "–"


def test_the_compiled_catalogue_says_what_its_files_say() -> None:
    """Each entry reaches the reader; also the plural ones."""
    assert LANGUAGES == ("en", "de")
    compiled = catalogue("de")
    for _, message in GERMAN:
        if isinstance(message.id, str):
            assert compiled.gettext(message.id) == message.string
        else:
            assert [compiled.ngettext(*message.id, count) for count in (1, 2)] == list(message.string)


def test_messages_are_words() -> None:
    """A leftover such as `msgstr "TODO"`, or the English text where German has another one."""
    same = [message.id for _, message in GERMAN if isinstance(message.id, str) and message.id == message.string]
    assert not [text for text in same if len(re.findall(r"[a-z]{3,}", re.sub(r"{\w+}", "", text))) > 3]
