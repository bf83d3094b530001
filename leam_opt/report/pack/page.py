"""The decision pack as one HTML file that opens offline: it asks for nothing, and no text in it can act."""

from __future__ import annotations

import hashlib
import json
import os
import re
import tempfile
from base64 import b64encode
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from leam_opt.report.pack.content import Pack
from leam_opt.report.pack.register import register
from leam_opt.report.pack.sections import cards, sections
from leam_opt.report.pack.sections_proof import manifest, proof
from leam_opt.report.pack.summary import summary
from leam_opt.words import Words

ANSWER = 4
"""Sentences of the summary above the cards of the scenarios: they fit the first screen of a phone."""
_END_OF_SCRIPT = re.compile(r"</(?=script)|<!(?=--)", re.IGNORECASE)
_BEFORE_UNIT = re.compile(r"(?<=[\d–]) (?=(?:M€|Mio\.|%|€|MW|kt|GPU))|(?<=Mio\.) (?=€)")
_UNSAFE = {ord(sign): f"\\u{ord(sign):04x}" for sign in "<>&\u2028\u2029"}


def page(pack: Pack, words: Words) -> str:
    """The page as text, in one language.

    Everything from the case is data: it is escaped in HTML, in JSON and in the texts of charts, and the page's security
    policy runs no script but its own and loads nothing at all.
    """
    shown, scripts = sections(pack, words), _scripts()
    told = summary(pack, words)
    template = _environment().get_template("page.html.j2")
    charts = [chart for section in shown for chart in section.charts]
    return template.render(
        words=words,
        title=pack.case.title or pack.case.name,
        case=pack.case,
        years=pack.best.accounts.by_year.index,
        made=words.date(pack.made.date()),
        answer=told[:ANSWER],
        further=told[ANSWER:],
        cards=cards(pack, words),
        sections=shown,
        proof=proof(pack, words),
        register=register(pack, words),
        manifest=manifest(pack, words),
        figures=as_json({chart.key: chart.figure for chart in charts}),
        settings=as_json(_settings(words)),
        style=Markup(_text("page.css")),
        scripts=[Markup(script) for script in scripts],
        policy=_policy(scripts),
    )


def write_page(pack: Pack, words: Words, path: str | Path) -> Path:
    """Writes the page; a file that is there already is replaced in one step, or stays as it is.

    Raises:
        OSError: the file cannot be written.
    """
    target, text = Path(path), page(pack, words)
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}-", suffix=".part")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        Path(name).chmod(0o644)
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return target


def as_json(data: Any) -> Markup:
    """Data inside a script element: no sign in it can end the element; not a number becomes null."""
    return Markup(json.dumps(_finite(data), ensure_ascii=False, separators=(",", ":")).translate(_UNSAFE))


def _finite(data: Any) -> Any:
    if isinstance(data, Mapping):
        return {str(key): _finite(value) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return [_finite(value) for value in data]
    return None if isinstance(data, float) and data - data != 0.0 else data


@lru_cache
def _environment() -> Environment:
    made = Environment(
        loader=PackageLoader("leam_opt.report.pack", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["unbroken"] = lambda text: _BEFORE_UNIT.sub("\u00a0", str(text))
    return made


@lru_cache
def _text(name: str) -> str:
    return files("leam_opt.report.pack").joinpath("templates", name).read_text(encoding="utf-8")


@lru_cache
def _scripts() -> tuple[str, str]:
    """Plotly as it comes with its package, and the page's own script; neither can end its element."""
    package = find_spec("plotly")
    if package is None or package.origin is None:
        raise ModuleNotFoundError("plotly is not installed")
    library = (Path(package.origin).parent / "package_data" / "plotly.min.js").read_text(encoding="utf-8")
    return _inline(library), _inline(_text("page.js"))


def _inline(script: str) -> str:
    """A script without what would end its element; inside strings and expressions the sign means the same."""
    return _END_OF_SCRIPT.sub(lambda found: found[0][0] + "\\" + found[0][1], script.replace("\r\n", "\n"))


def _policy(scripts: tuple[str, ...]) -> str:
    """Scripts by their hashes only; styles inline, as charts need them; nothing from anywhere."""
    hashes = (b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts)
    allowed = " ".join(f"'sha256-{digest}'" for digest in hashes)
    return (
        f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; img-src data: blob:; "
        "base-uri 'none'; form-action 'none'"
    )


def _settings(words: Words) -> dict[str, Any]:
    """What the page's script has to say, and how numbers are written."""
    return {
        "language": words.language,
        "decimal": "." if words.language == "en" else ",",
        "thousands": "," if words.language == "en" else ".",
        "found": words("{shown} of {all} figures"),
        "dictionary": {
            "Download plot as a PNG": words("Save the chart as an image"),
            "Download plot": words("Save the chart as an image"),
            "Zoom": words("Zoom"),
            "Pan": words("Move"),
            "Zoom in": words("Zoom in"),
            "Zoom out": words("Zoom out"),
            "Autoscale": words("Fit"),
            "Reset axes": words("Reset"),
            "Reset": words("Reset"),
        },
    }
