"""Options and arguments of the commands, and what they mean: the case to load, limits, one of several words."""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, cast

import typer

from leam_opt.errors import CaseError

if TYPE_CHECKING:
    from leam_opt.case.schema import Case

FORMATS = ("table", "json", "csv")
ENDS = ("low", "base", "high")
MEASURES = ("deficit", "unfunded_gap", "investor_npv")

CaseName = Annotated[str, typer.Argument(metavar="CASE", help="Name of a shipped case, or a folder with a case.yaml.")]
Scenario = Annotated[str | None, typer.Option("--scenario", metavar="NAME", help="Scenario; default: the case itself.")]
Overrides = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="PATH=VALUE", help='Override a figure, like "prices.tokens=0.02"; repeatable.'),
]
At = Annotated[str, typer.Option("--at", metavar="|".join(ENDS), help="Take all ranges at this end.")]
Gap = Annotated[
    float,
    typer.Option("--mip-gap", metavar="SHARE", help="Proof to reach, as a share of the gross cost (0.0001 = 0.01 %)."),
]
TimeLimit = Annotated[
    float | None,
    typer.Option("--time-limit", metavar="SECONDS", help="Stop the search after this time with the best plan found."),
]
OutputFormat = Annotated[
    str | None,
    typer.Option(
        "--format", metavar="|".join(FORMATS), help="Form of the result; default: by the suffix of --out, else table."
    ),
]
SolveFor = Annotated[
    str,
    typer.Option(
        "--solve-for", metavar="PATH", help='Figure to change, like "prices.tokens"; its parts may be abbreviated.'
    ),
]
Measure = Annotated[
    str,
    typer.Option("--measure", metavar="|".join(MEASURES), help="What is to become zero."),
]
Between = Annotated[
    tuple[str, str] | None,
    typer.Option(
        "--between",
        metavar="LOW HIGH",
        help="Where to look, numbers or texts with a unit; default: from the value of the case outwards.",
    ),
]
Out = Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Write the result to a file instead.")]


def load(name: str, settings: list[str] | None, at: str = "base") -> Case:
    """The case of a command, with its overrides, at one end of its ranges; CaseError where something is wrong."""
    from leam_opt import load_case
    from leam_opt.case.load import parse_settings

    end = cast('Literal["low", "base", "high"]', one_of(ENDS, at, "--at"))
    return load_case(name, overrides=parse_settings(settings or ()), at=end)


def one_of(allowed: tuple[str, ...], value: str, option: str) -> str:
    """The value of an option that knows a few words; CaseError with the closest one otherwise."""
    if value in allowed:
        return value
    close = get_close_matches(value, allowed, n=1)
    hint = f"did you mean '{close[0]}'?" if close else f"expected {', '.join(allowed[:-1])} or {allowed[-1]}"
    raise CaseError(f"{option} {value}: {hint}")


def check_limits(mip_gap: float, time_limit: float | None) -> None:
    """Checks what bounds a search; CaseError with what is allowed."""
    if not 0 <= mip_gap < 1:
        raise CaseError(f"--mip-gap {mip_gap:g}: expected a share from 0 to below 1, for example 0.0001 for 0.01 %")
    if time_limit is not None and not 0 < time_limit < float("inf"):
        raise CaseError(f"--time-limit {time_limit:g}: expected seconds above 0")


def share(text: str, option: str) -> float:
    """A share written as `2%`, `2 %` or `0.02`; CaseError with what is right."""
    number, percent, rest = text.partition("%")
    try:
        value = float(number.strip().replace(",", "."))
    except ValueError:
        value = float("nan")
    value = value / 100 if percent else value
    if rest.strip() or not 0 < value < 1:
        raise CaseError(f"{option} {text}: expected a share such as 2% or 0.02")
    return value


def named(text: str, option: str, what: str, example: str) -> list[str]:
    """The names between commas of an option; CaseError with an example where there is none."""
    names = [name for name in (part.strip() for part in text.split(",")) if name]
    if not names:
        raise CaseError(f"{option}: no {what} is named; write for example {option} {example}")
    return names
