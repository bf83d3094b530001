"""What sets plans apart: features that are read off a plan and can be forced upon a model alike.

A feature says that an amount reaches a threshold: purchase units of a type in a year at least one, money drawn from an
instrument at least a thousandth of the gross cost. The amount is a sum of entries of one decision, so that the same
lines read it from arrays and write it as a row of the model; where the threshold is missed, it is missed by `hair`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import floor, log10
from typing import Any

import pyomo.environ as pyo

from leam_opt.case.index import Index
from leam_opt.ledger.decisions import AXES, Decisions
from leam_opt.solve.formulation import build
from leam_opt.solve.plan import Plan
from leam_opt.words import ENGLISH, N_, Words

Model = Any
"""A Pyomo model."""
Data = Mapping[str, Any]

MATERIAL_MONEY_SHARE = 1e-3
"""Of the gross cost: an instrument that gives less has no part in the financing."""
MATERIAL_ENERGY_SHARE = 1e-2
"""Of the electricity: a source that delivers less, or heat that is less, has no part in the supply."""
_HAIR = 1e-5
"""Ten euros, ten kWh: what lies between having a feature of an amount and not having it; well above what the solver
takes for equal."""

TEXTS = {
    "site": N_("servers at {one}"),
    "type": N_("purchase of {one}"),
    "instrument": N_("money from {one}"),
    "adoption": N_("industry take-up “{one}” in the last year"),
    "token_price": N_("tokens at {price} € per thousand"),
    "cluster_price": N_("compute at {price} € per cluster hour"),
    "trained_on": N_("training of {one} on {other}"),
    "trained_at": N_("training of {one} at {other}"),
    "purchase": N_("purchase of {one} in {number}"),
    "models": N_("at least {number} core models of {one}"),
    "source": N_("electricity from {one}"),
    "heat": N_("sale of waste heat"),
    "cpu": N_("own CPU servers"),
}
"""Kinds of features, the weightiest first."""
WEIGHTS = {"site": 3, "type": 3, "instrument": 3, "adoption": 3, "token_price": 3, "cluster_price": 3}
"""What a difference counts in the distance between two plans; one for all other kinds."""


@dataclass(frozen=True)
class Feature:
    """One feature of plans.

    Attributes:
        key: stable name: the kind and names of the case, as `purchase:h100:2024`.
        kind: of `TEXTS`.
        titles: of what it is about, as the case has them.
        number: calendar year, or number of core models.
        price: of a point of a demand curve, in the unit of the case's figure.
        variable: decision whose entries add up to the amount.
        entries: keys of the entries in the model's variable.
        threshold: amount from which a plan has the feature.
        hair: largest amount of a plan without it is the threshold less this.
        most: bound on the amount.
    """

    key: str
    kind: str
    titles: tuple[str, ...]
    number: int | None
    price: float | None
    variable: str
    entries: tuple[Any, ...]
    threshold: float
    hair: float
    most: float

    @property
    def weight(self) -> int:
        """What a difference in this feature counts."""
        return WEIGHTS.get(self.kind, 1)

    def amount(self, model: Model) -> Any:
        """The amount in a model."""
        variable = getattr(model, self.variable)
        return pyo.quicksum(variable[entry] for entry in self.entries)

    def forced(self, model: Model, present: bool) -> Any:
        """A relation that makes every plan of a model have the feature, or lack it."""
        if present:
            return self.amount(model) >= self.threshold
        return self.amount(model) <= self.threshold - self.hair

    def marked(self, model: Model, mark: Any) -> tuple[Any, Any]:
        """Two relations that tie a binary to the feature."""
        least = self.threshold - self.hair
        amount = self.amount(model)
        return amount >= self.threshold * mark, amount <= least + (self.most - least) * mark

    def data(self) -> dict[str, Any]:
        """What `text` needs."""
        return {"kind": self.kind, "titles": list(self.titles), "number": self.number, "price": self.price}


class Catalogue:
    """The features in which plans of a case can differ.

    What cannot differ (a single site, a single source) is none; money and energy are measured against the best plan,
    and so are numbers of core models: as many as it has, and one more.
    """

    def __init__(self, plan: Plan) -> None:
        self._index = Index.of(plan.case)
        self.features = {feature.key: feature for feature in _features(plan, self._index)}
        self._places = {key: self._place(feature) for key, feature in self.features.items()}

    def __iter__(self) -> Iterator[Feature]:
        return iter(self.features.values())

    def __getitem__(self, key: str) -> Feature:
        return self.features[key]

    def _place(self, feature: Feature) -> tuple[list[int], ...]:
        """Positions of a feature's entries in the array of its decision."""
        members = [self._index.labels[letter] for letter in AXES[feature.variable]]
        keys = [entry if isinstance(entry, tuple) else (entry,) for entry in feature.entries]
        return tuple([names.index(key[axis]) for key in keys] for axis, names in enumerate(members))

    def read(self, decisions: Decisions) -> frozenset[str]:
        """Keys of the features that a plan has."""
        arrays = decisions.arrays()
        return frozenset(
            key
            for key, feature in self.features.items()
            if arrays[feature.variable][self._places[key]].sum() >= feature.threshold - feature.hair / 2
        )

    def ordered(self, keys: Iterable[str]) -> list[str]:
        """Keys in the order of the catalogue."""
        chosen = set(keys)
        return [key for key in self.features if key in chosen]

    def distance(self, one: frozenset[str], other: frozenset[str]) -> int:
        """Weights of the features that only one of two plans has."""
        return sum(self.features[key].weight for key in one ^ other)

    def data(self) -> dict[str, Any]:
        """What `text` needs, by key."""
        return {key: feature.data() for key, feature in self.features.items()}


def text(feature: Data, words: Words = ENGLISH) -> str:
    """A feature in words; `feature` is an entry of a catalogue's data."""
    one, other = (*feature["titles"], "", "")[:2]
    price = words.number(feature["price"], 4 if feature["kind"] == "token_price" else 0)
    return words(TEXTS[feature["kind"]], one=one, other=other, number=feature["number"], price=price)


def _features(plan: Plan, index: Index) -> Iterator[Feature]:
    made = _Maker(plan)
    case = plan.case
    types = {g: kind.title for g, kind in case.server_types.items()}
    sites = {s: site.title for s, site in case.sites.items()}
    generations = {n: generation.title for n, generation in case.generations.items()}
    yield from _things(made, index, sites, types)
    yield from _money(made, plan, index)
    yield from _training(made, index, sites, types, generations)
    for g in index.types:
        for y in index.years:
            yield from made.whole("purchase", (g, y), (types[g],), "units_bought", (None, g, y), number=y)
    for n, count in zip(index.generations, plan.decisions.core_models.sum(axis=-1), strict=True):
        for number in (round(count), round(count) + 1):
            about = (generations[n],)
            yield from made.whole("models", (n, number), about, "core_models", (n, None), number=number, least=number)
    yield from _energy(made, plan, index)
    yield from made.whole("cpu", ("own",), (), "cpu_units_bought", (None, None))


def _things(made: _Maker, index: Index, sites: Mapping[str, str], types: Mapping[str, str]) -> Iterator[Feature]:
    for s in index.sites if len(index.sites) > 1 else ():
        yield from made.whole("site", (s,), (sites[s],), "units_bought", (s, None, None))
    for g in index.types if len(index.types) > 1 else ():
        yield from made.whole("type", (g,), (types[g],), "units_bought", (None, g, None))


def _money(made: _Maker, plan: Plan, index: Index) -> Iterator[Feature]:
    case, prices = plan.case, plan.case.prices
    material = _rounded(MATERIAL_MONEY_SHARE * max(plan.accounts.totals["gross_cost_meur"], 1e-2))
    for f in index.instruments:
        title = case.funding.instruments[f].title
        yield from made.amount("instrument", (f,), (title,), "draws_meur", (f, None), material)
    for a in index.levels if len(index.levels) > 1 else ():
        yield from made.whole("adoption", (a,), (case.adoption[a].title,), "adoption", (a, index.years[-1]))
    curves = {
        "token_price": [float(point.price) for point in prices.token_levels],
        "cluster_price": [float(point.price) for point in prices.cluster_hour_levels],
    }
    for kind, points in curves.items():
        for number, price in enumerate(points if len(points) > 1 else ()):
            yield from made.whole(kind, (number,), (), f"{kind}_level", (number,), price=price)


def _training(
    made: _Maker, index: Index, sites: Mapping[str, str], types: Mapping[str, str], generations: Mapping[str, str]
) -> Iterator[Feature]:
    for n in index.generations:
        for g in index.types if len(index.types) > 1 else ():
            about = (generations[n], types[g])
            yield from made.whole("trained_on", (n, g), about, "training_place", (n, None, g))
        for s in index.sites if len(index.sites) > 1 else ():
            about = (generations[n], sites[s])
            yield from made.whole("trained_at", (n, s), about, "training_place", (n, s, None))


def _energy(made: _Maker, plan: Plan, index: Index) -> Iterator[Feature]:
    material = _rounded(MATERIAL_ENERGY_SHARE * max(plan.accounts.totals["energy_gwh"], 1e-1))
    for j in index.sources if len(index.sources) > 1 else ():
        title = plan.case.energy_sources[j].title
        yield from made.amount("source", (j,), (title,), "energy_gwh", (j, None, None), material)
    yield from made.amount("heat", ("sold",), (), "heat_sold_gwh", (None, None), material)


def _rounded(figure: float) -> float:
    """To one significant digit."""
    return float(round(figure, -floor(log10(figure))))


class _Maker:
    """Makes features of the entries that the model of a case has."""

    def __init__(self, plan: Plan) -> None:
        self._model = build(plan.case)

    def _entries(self, variable: str, pattern: Sequence[object]) -> tuple[Any, ...]:
        """Keys of a variable that match a pattern; None matches every label."""
        found = []
        for key in getattr(self._model, variable):
            labels = key if isinstance(key, tuple) else (key,)
            if all(wanted in (None, label) for wanted, label in zip(pattern, labels, strict=True)):
                found.append(key)
        return tuple(found)

    def _most(self, variable: str, entries: Sequence[Any]) -> float:
        """A bound on the sum of entries."""
        upper = [getattr(self._model, variable)[entry].ub for entry in entries]
        if None not in upper:
            return float(sum(upper))
        # Electricity and heat have no bound of their own; the grid connection is one.
        model = self._model
        powers = [pyo.value(model.grid_limit[entry[-2]]) for entry in entries]
        return float(sum(powers) * pyo.value(model.gwh_per_mw))

    def whole(
        self,
        kind: str,
        names: Sequence[object],
        titles: tuple[str, ...],
        variable: str,
        pattern: Sequence[object],
        *,
        number: int | None = None,
        price: float | None = None,
        least: int = 1,
    ) -> Iterator[Feature]:
        """A feature of whole numbers; none where the model has no room for it."""
        entries = self._entries(variable, pattern)
        most = self._most(variable, entries)
        if least >= 1 and most >= least:
            key = ":".join(map(str, (kind, *names)))
            yield Feature(key, kind, titles, number, price, variable, entries, float(least), 1.0, most)

    def amount(
        self,
        kind: str,
        names: Sequence[str],
        titles: tuple[str, ...],
        variable: str,
        pattern: Sequence[object],
        threshold: float,
    ) -> Iterator[Feature]:
        """A feature of money or energy; none where the model has no room for it."""
        entries = self._entries(variable, pattern)
        most = self._most(variable, entries)
        if most > 2 * threshold:
            key = ":".join((kind, *names))
            yield Feature(key, kind, titles, None, None, variable, entries, threshold, _HAIR, most)


def numbers_of_servers(plan: Plan) -> int:
    """GPU servers that a plan buys over the horizon."""
    return round(float(plan.decisions.units_bought.sum() * plan.accounts.books.inputs.machines.servers_per_unit))
