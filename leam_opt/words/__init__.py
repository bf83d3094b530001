"""Words and numbers of reports in English and German.

The English text is the key: `words("{count} servers", count=words.number(460, 0))`. German texts lie in `de/*.po`, one
file a room; a test holds them complete. The variable that holds a language is always called `words`, which is how texts
are found; a text that is said somewhere else than it is written stands in `N_("...")`.
"""

from __future__ import annotations

import math
from datetime import date
from functools import lru_cache
from gettext import GNUTranslations
from importlib.resources import files
from io import BytesIO
from typing import Literal, get_args

Language = Literal["en", "de"]
LANGUAGES: tuple[str, ...] = get_args(Language)


def N_(text: str) -> str:  # noqa: N802 - the name that gettext's tools know
    """The text as it is; marks it for translation."""
    return text


@lru_cache
def catalogue(language: str) -> GNUTranslations:
    """All translations into a language."""
    from babel.messages.catalog import Catalog
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    every = Catalog(locale=language)
    for file in sorted(files(__name__).joinpath(language).iterdir(), key=lambda entry: entry.name):
        if file.name.endswith(".po"):
            with file.open("rb") as text:
                for message in read_po(text, locale=language):
                    if message.id:
                        every.add(message.id, message.string)
    compiled = BytesIO()
    write_mo(compiled, every)
    compiled.seek(0)
    return GNUTranslations(compiled)


class Words:
    """A language: its texts and how it writes numbers.

    Args:
        language: `en` or `de`.
    """

    def __init__(self, language: Language = "en") -> None:
        self.language = language
        self._decimal, self._group = (".", ",") if language == "en" else (",", ".")

    def __call__(self, text: str, **values: object) -> str:
        """A text in this language with its values filled in."""
        told = text if self.language == "en" or not text else catalogue(self.language).gettext(text)
        return told.format(**values) if values else told

    def plural(self, one: str, many: str, count: int, **values: object) -> str:
        """One of two texts by a count; `{count}` is filled in."""
        if self.language == "en":
            told = one if count == 1 else many
        else:
            told = catalogue(self.language).ngettext(one, many, count)
        return told.format(count=self.number(count, 0), **values)

    def number(self, value: float | None, digits: int = 1) -> str:
        """1234.5 as `1,234.5` or `1.234,5`; a dash for nothing; never `-0.0`."""
        if value is None or not math.isfinite(value):
            return "–"
        text = f"{round(float(value), digits) + 0.0:,.{digits}f}".replace("-", "−")
        return text.translate({ord(","): self._group, ord("."): self._decimal})

    def signed(self, value: float | None, digits: int = 1) -> str:
        """As `number`, with a plus sign above zero."""
        text = self.number(value, digits)
        return f"+{text}" if value is not None and round(float(value), digits) > 0 else text

    def money(self, meur: float | None, digits: int = 1) -> str:
        """Million euros with their unit: `102.6 M€`, `102,6 Mio. €`."""
        unit = "M€" if self.language == "en" else "Mio. €"
        return f"{self.number(meur, digits)} {unit}"

    def percent(self, share: float | None, digits: int = 1) -> str:
        """A share as a percentage: 0.905 as `90.5 %`."""
        return "–" if share is None else f"{self.number(100 * share, digits)} %"

    def date(self, day: date) -> str:
        """`22 November 2026`, `22. November 2026`."""
        from babel.dates import format_date

        return format_date(day, "d MMMM y" if self.language == "en" else "d. MMMM y", locale=self.language)

    def listed(self, items: list[str], last: str = "") -> str:
        """`a, b and c`; the last joint is `and` unless another one is given."""
        joint = last or self("and")
        return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} {joint} {items[-1]}" if items else ""


ENGLISH = Words("en")
