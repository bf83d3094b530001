"""Near-optimal alternatives in words, from the dictionary that JSON carries too."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from leam_opt.insight.features import WEIGHTS, text
from leam_opt.words import ENGLISH, Words

Data = Mapping[str, Any]

_TOLD = (*WEIGHTS, "source", "heat", "cpu")
"""Kinds of features that sentences name; finer ones (years, training) are counted."""
_MOST_TOLD = 8


def sentences(data: Data, words: Words = ENGLISH) -> list[str]:
    """What near-optimal plans have in common and where they differ."""
    told = [_limit(data, words), _how_many(data, words)]
    shared, lacked = ([entry["feature"] for entry in data[name] if entry["proven"]] for name in ("shared", "lacked"))
    if shared:
        told.append(
            words(
                "It is proven that every plan within the limit has: {features}.", features=_named(shared, data, words)
            )
        )
    if lacked:
        told.append(
            words("It is proven that no plan within the limit has: {features}.", features=_named(lacked, data, words))
        )
    told += _choices(data, words)
    open_ones = sum(not entry["proven"] for name in ("shared", "lacked") for entry in data[name])
    if open_ones:
        told.append(
            words.plural(
                "For {count} feature it stays open whether it can be otherwise within the limit.",
                "For {count} features it stays open whether they can be otherwise within the limit.",
                open_ones,
            )
        )
    return told


def _limit(data: Data, words: Words) -> str:
    return words(
        "The best plan has a deficit of {deficit}; within {share} of its gross cost ({room}) lie plans with a deficit "
        "of at most {limit} and no larger unfunded gap.",
        deficit=words.money(data["deficit_meur"]),
        share=words.percent(data["within_share"]),
        room=words.money(data["limit_meur"] - data["deficit_meur"]),
        limit=words.money(data["limit_meur"]),
    )


def _how_many(data: Data, words: Words) -> str:
    if not data["found"]:
        if any(entry["proven"] is False for name in ("shared", "lacked") for entry in data[name]):
            return words("No plan of another structure was found within the limit.")
        return words("Every plan within the limit has the structure of the best one; this is proven.")
    sentence = words.plural(
        "{count} other structure was found within the limit.",
        "{count} other structures were found within the limit.",
        data["found"],
    )
    if len(data["plans"]) < data["found"]:
        sentence += " " + words("The {count} most different ones are shown.", count=words.number(len(data["plans"]), 0))
    return sentence


def _named(keys: Sequence[str], data: Data, words: Words) -> str:
    """The weightier features by name, the others as a number."""
    catalogue = data["catalogue"]
    chosen = [key for key in keys if catalogue[key]["kind"] in _TOLD][:_MOST_TOLD] or list(keys[:_MOST_TOLD])
    named = [text(catalogue[key], words) for key in chosen]
    rest = len(keys) - len(chosen)
    if rest:
        named.append(words.plural("{count} finer feature", "{count} finer features", rest))
    return "; ".join(named)


def _choices(data: Data, words: Words) -> list[str]:
    """Where one is free, cheapest first, with what it takes at least."""
    free = [switch for switch in data["switches"] if switch["extra_meur"] is not None]
    free = [switch for switch in free if data["catalogue"][switch["feature"]]["kind"] in _TOLD]
    if not free:
        return []
    named = []
    for switch in sorted(free, key=lambda each: each["extra_meur"])[:_MOST_TOLD]:
        about = text(data["catalogue"][switch["feature"]], words)
        extra = words.money(max(switch["extra_meur"], 0.0))
        if switch["to"]:
            named.append(words("with {feature}: {extra} more", feature=about, extra=extra))
        else:
            named.append(words("without {feature}: {extra} more", feature=about, extra=extra))
    return [words("What can be otherwise, with the least extra deficit found: {choices}.", choices="; ".join(named))]
