"""Trade-offs in words, from the dictionary that JSON carries too."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from leam_opt.words import ENGLISH, Words

Data = Mapping[str, Any]


def figure(value: float, unit: str, words: Words = ENGLISH) -> str:
    """A value of an objective with its unit."""
    if unit == "MEUR":
        return words.money(value)
    if unit == "MGPUh":
        return words("{amount} million GPU-hours", amount=words.number(value))
    if unit == "models":
        return words.plural("{count} core model", "{count} core models", round(value))
    return f"{words.number(value, 2)} {unit}"


def sentences(data: Data, words: Words = ENGLISH) -> list[str]:
    """What more of one objective costs in the other."""
    first, second = data["objectives"]
    points = data["points"]
    names = {"first": words(first["says"]), "second": words(second["says"])}
    if len(points) == 1:
        return [_single(data, names, words), *_reservations(data, words)]
    ends = {name: _values(points[at], data, words) for name, at in (("start", 0), ("end", -1))}
    return [
        words.plural(
            "{count} plan makes up the front between {first} and {second}, from {start} to {end}.",
            "{count} plans make up the front between {first} and {second}, from {start} to {end}.",
            len(points),
            **names,
            **ends,
        ),
        *_efficient(data, words),
        *_rates(data, words),
        _between(data, names, words),
        *_reservations(data, words),
    ]


def _efficient(data: Data, words: Words) -> list[str]:
    """What is true of a front all of whose points are proven."""
    if any(point["status"] != "optimal" for point in data["points"]):
        return []
    return [words("None of them can be improved in one of the two without giving up some of the other.")]


def _single(data: Data, names: Mapping[str, str], words: Words) -> str:
    if not data["complete"]:
        return words("Only one end of the front between {first} and {second} was found.", **names)
    values = _values(data["points"][0], data, words)
    return words(
        "There is no trade-off between {first} and {second}: one plan is best in both, {values}.",
        values=values,
        **names,
    )


def _values(point: Data, data: Data, words: Words) -> str:
    shown = [figure(point["values"][each["name"]], each["unit"], words) for each in data["objectives"]]
    return words("{one} with {other}", one=shown[0], other=shown[1])


def _rates(data: Data, words: Words) -> list[str]:
    """The cheapest and the dearest step along the front."""
    first, second = data["objectives"]
    steps = []
    for number, (here, there) in enumerate(pairwise(data["points"]), start=1):
        paid, gained = (abs(there["values"][each["name"]] - here["values"][each["name"]]) for each in (first, second))
        steps.append((paid / max(gained, 1e-12), number, paid, gained))
    cheapest, dearest = min(steps), max(steps)
    texts = [
        words(
            "from point {here} to point {there}, {gained} for {paid}",
            here=number,
            there=number + 1,
            gained=figure(gained, second["unit"], words),
            paid=figure(paid, first["unit"], words),
        )
        for _, number, paid, gained in (cheapest, dearest)
    ]
    if cheapest[1] == dearest[1]:
        return [words("One step: {step}.", step=texts[0])]
    return [words("The cheapest step: {cheapest}; the dearest one: {dearest}.", cheapest=texts[0], dearest=texts[1])]


def _between(data: Data, names: Mapping[str, str], words: Words) -> str:
    if data["complete"]:
        return words("The front is complete: it is proven that no plan of it lies between the points.")
    sentence = words(
        "Between two points the front was not searched, and it may have holes: servers and sites come in whole "
        "numbers; the best plan there lies between the two in {first} as well.",
        **names,
    )
    if data["holes"]:
        unit = data["objectives"][1]["unit"]
        widest = max(data["holes"], key=lambda hole: abs(hole[1] - hole[0]))
        sentence += " " + words(
            "It is proven that no plan of the front lies between {low} and {high}.",
            low=figure(min(widest), unit, words),
            high=figure(max(widest), unit, words),
        )
    return sentence


def _reservations(data: Data, words: Words) -> list[str]:
    told = []
    if data["dropped"]:
        told.append(
            words.plural(
                "{count} plan was left out because another one is better.",
                "{count} plans were left out because others are better.",
                data["dropped"],
            )
        )
    weak = sum(point["status"] != "optimal" for point in data["points"])
    if weak:
        told.append(
            words.plural(
                "{count} point is proven only to the gap shown.",
                "{count} points are proven only to the gap shown.",
                weak,
            )
        )
    if data["stopped"]:
        told.append(words("The search ended before all points were found."))
    return told
