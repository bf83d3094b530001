"""The formulation as a LaTeX document, generated from the model: docstrings of its parts, its symbols, its size."""

from __future__ import annotations

import inspect
import re
from collections.abc import Sequence
from typing import Any

from leam_opt.case.derive import TABLE
from leam_opt.case.schema import Case
from leam_opt.solve.formulation import build

_SPECIAL = str.maketrans(
    {
        "&": r"\&",
        "%": r"\%",
        "#": r"\#",
        "_": r"\_",
        "$": r"\$",
        "§": r"\S{}",
        "€": r"\texteuro{}",
        "<": r"$<$",
        ">": r"$>$",
    }
)
_ABBREVIATIONS = ("cpu", "co2", "pue")
_MATH = re.compile(r"^\.\. math::[ ]?(?P<inline>.*)\n(?P<block>(?:\n|[ ]{4,}.*\n?)*)", re.MULTILINE)


def formulation_latex(case: Case, scenario: str | None = None) -> str:
    """The formulation that a case is solved with, as a LaTeX document.

    Each family is a section with the mathematics of its function, and says how many rows this case has of it;
    parameters and variables are listed with unit and meaning.

    Raises:
        CaseError: unknown scenario.
    """
    resolved = case.scenario(scenario) if scenario else case
    model = build(resolved)
    named = f", scenario {_text(scenario)}" if scenario else ""
    parts = [
        r"\documentclass[a4paper,11pt]{article}",
        r"\usepackage[T1]{fontenc}\usepackage[utf8]{inputenc}\usepackage{textcomp}",
        r"\usepackage{amsmath,amssymb,longtable,geometry}\geometry{margin=22mm}",
        rf"\title{{Planning formulation of the case {_text(resolved.name)}{named}}}\date{{}}",
        r"\begin{document}\maketitle",
        _objectives(model),
        *(_family(model, part) for part in model.parts),
        _variables(model),
        _parameters(model),
        r"\end{document}",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _text(text: str) -> str:
    return text.translate(_SPECIAL)


def _prose(text: str) -> str:
    """Paragraphs of a docstring: inline code becomes typewriter text."""
    pieces = re.split(r"`([^`]*)`", text.strip())
    return "".join(rf"\texttt{{{_text(p)}}}" if i % 2 else _text(p) for i, p in enumerate(pieces))


def _docstring(docstring: str) -> str:
    """A docstring with `.. math::` blocks as LaTeX."""
    text = inspect.cleandoc(docstring) + "\n"
    pieces, position = [], 0
    for match in _MATH.finditer(text):
        pieces.append(_prose(text[position : match.start()]))
        body = (match["inline"] + "\n" + inspect.cleandoc(match["block"])).strip()
        environment = "gather*" if r"\\" in body else "equation*"
        pieces.append(f"\\begin{{{environment}}}\n{body}\n\\end{{{environment}}}")
        position = match.end()
    pieces.append(_prose(text[position:]))
    return "\n".join(piece for piece in pieces if piece)


def _rows(model: Any, name: str) -> int:
    import pyomo.environ as pyo

    return sum(
        len(block)
        for block in model.component_objects(pyo.Constraint)
        if block.local_name == name or block.local_name.startswith(name + "_")
    )


def _family(model: Any, part: Any) -> str:
    count = _rows(model, part.name)
    size = f"{count} rows in this case." if count else "Not in force in this case."
    words = part.name.split("_")
    title = " ".join(word.upper() if word in _ABBREVIATIONS else word for word in words)
    return f"\\section{{{title[0].upper()}{title[1:]}}}\n{_docstring(part.add.__doc__ or '')}\n\n{size}"


def _objectives(model: Any) -> str:
    listed = "\n".join(rf"\item {_text(stage.title)} [{_text(stage.unit)}]" for stage in model.stages)
    module = inspect.getmodule(type(model.stages[0]))
    stages = getattr(module, "stages", None)
    return (
        f"\\section{{Objectives}}\n{_docstring(stages.__doc__ or '') if stages else ''}\n\nIn this case, in order:\n"
        f"\\begin{{enumerate}}\n{listed}\n\\end{{enumerate}}"
    )


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    columns = "l" * (len(head) - 1) + "p{0.34\\linewidth}"
    lines = " \\\\\n".join(" & ".join(row) for row in rows)
    return f"\\begin{{longtable}}{{{columns}}}\n{' & '.join(head)} \\\\ \\hline\n{lines}\n\\end{{longtable}}"


def _variables(model: Any) -> str:
    import pyomo.environ as pyo

    rows = []
    for variable in model.component_objects(pyo.Var):
        entries = list(variable.values())
        if not entries:
            continue
        kind = "binary" if entries[0].is_binary() else "integer" if entries[0].is_integer() else "continuous"
        name = variable.local_name
        meaning = f"{_text(variable.doc or '')} ({len(entries)})"
        rows.append((_symbol(model, name), rf"\texttt{{{_text(name)}}}", kind, meaning))
    return "\\section{Decisions}\n" + _table(("symbol", "name", "kind", "meaning (number in this case)"), rows)


def _symbol(model: Any, name: str) -> str:
    letter = getattr(model, "symbols", {}).get(name)
    return f"${letter}$" if letter else "--"


def _parameters(model: Any) -> str:
    rows = [
        (_symbol(model, name), rf"\texttt{{{_text(name)}}}", _text(unit), _text(meaning))
        for name, (_, unit, meaning) in TABLE.items()
    ]
    return "\\section{Parameters}\n" + _table(("symbol", "name", "unit", "meaning"), rows)
