"""Near-optimal alternatives: plans of about the same deficit that differ in structure, and what all of them share.

Two methods together. *Switches*: each feature of the best plan is ruled out, each other one asked for, and the deficit
minimised again under the limit; where no plan is left, it is proven that all plans within the limit share (or lack)
the feature. *Modelling to generate alternatives*: the plan that lies farthest from all plans found so far, counted in
features, and then the least deficit with its features held (Brill, Chang and Hopkins 1982, as a farthest-first search).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pyomo.environ as pyo

from leam_opt.case.schema import Case
from leam_opt.errors import CaseError
from leam_opt.insight.alternatives_words import sentences
from leam_opt.insight.attempts import ENOUGH_MEUR, Ask, Attempts, checked, finite, within
from leam_opt.insight.features import Catalogue, numbers_of_servers
from leam_opt.ledger.rows import ONE_EURO_MEUR
from leam_opt.solve.plan import Plan
from leam_opt.solve.progress import Progress

__all__ = ["Alternative", "Alternatives", "Switch", "alternatives", "sentences"]

_ROUGH_GAP = 0.2
"""Gap at which the search for the farthest plan ends: it only has to be far."""
_ROUGH_TIMES, _ROUGH_SECONDS = 5.0, 3.0
"""Time of that search: so many times that of the best plan, and at least so many seconds."""


@dataclass(frozen=True, eq=False)
class Alternative:
    """A plan within the limit.

    Attributes:
        plan: audited.
        features: keys of its features.
        extra_meur: its deficit less that of the best plan; below zero by no more than what is unproven of that.
    """

    plan: Plan
    features: frozenset[str]
    extra_meur: float


@dataclass(frozen=True)
class Switch:
    """What it takes at least to do otherwise in one feature.

    Attributes:
        feature: key.
        to: whether the best plan lacks it.
        extra_meur: least deficit of a plan that does otherwise, less that of the best plan; None where none was found.
        beyond: whether it is proven that no plan within the limit does otherwise.
        unproven_meur: by how much the least deficit may be lower.
    """

    feature: str
    to: bool
    extra_meur: float | None
    beyond: bool
    unproven_meur: float | None


@dataclass(frozen=True)
class Alternatives:
    """Near-optimal plans of a scenario.

    Attributes:
        scenario: its name, empty for the case itself.
        within_share: of the gross cost of the best plan, by which the deficit of an alternative may be larger.
        limit_meur: largest deficit of an alternative.
        best: the best plan.
        catalogue: the features in which plans can differ.
        features: those of the best plan.
        plans: alternatives, by deficit.
        switches: of every feature that was looked into.
        found: number of different plans within the limit that were found.
        searches: number of searches.
        complete: whether it is known of every feature if it can be otherwise, and the search was not cut short.
    """

    scenario: str
    within_share: float
    limit_meur: float
    best: Plan
    catalogue: Catalogue
    features: frozenset[str]
    plans: Sequence[Alternative]
    switches: Sequence[Switch]
    found: int
    searches: int
    complete: bool

    @property
    def shared(self) -> dict[str, bool]:
        """Features that all plans found have, and whether it is proven that all plans within the limit have them."""
        return {s.feature: s.beyond for s in self.switches if not s.to and s.extra_meur is None}

    @property
    def lacked(self) -> dict[str, bool]:
        """Features that no plan found has, and whether it is proven that no plan within the limit has them."""
        return {s.feature: s.beyond for s in self.switches if s.to and s.extra_meur is None}

    @property
    def optional(self) -> list[str]:
        """Features that some plans within the limit have and some have not."""
        return [s.feature for s in self.switches if s.extra_meur is not None]

    def to_dict(self) -> dict[str, Any]:
        """Plain data; features are keys of `catalogue`, which has what `features.text` needs to say them."""
        result, totals = self.best.result, self.best.accounts.totals
        return {
            "scenario": self.scenario,
            "within_share": self.within_share,
            "limit_meur": self.limit_meur,
            "gross_cost_meur": totals["gross_cost_meur"],
            "deficit_meur": self.best.deficit_meur,
            "unfunded_gap_meur": self.best.unfunded_gap_meur,
            "public_money_meur": self.best.public_money_meur,
            "servers": numbers_of_servers(self.best),
            "status": result.status,
            "mip_gap": finite(result.mip_gap),
            "features": self.catalogue.ordered(self.features),
            "plans": [self._plan(each) for each in self.plans],
            "shared": [{"feature": key, "proven": proven} for key, proven in self.shared.items()],
            "lacked": [{"feature": key, "proven": proven} for key, proven in self.lacked.items()],
            "optional": self.optional,
            "switches": [vars(switch).copy() for switch in self.switches],
            "found": self.found,
            "searches": self.searches,
            "complete": self.complete,
            "catalogue": self.catalogue.data(),
        }

    def _plan(self, each: Alternative) -> dict[str, Any]:
        plan, ordered = each.plan, self.catalogue.ordered
        return {
            "deficit_meur": plan.deficit_meur,
            "extra_meur": each.extra_meur,
            "public_money_meur": plan.public_money_meur,
            "unfunded_gap_meur": plan.unfunded_gap_meur,
            "status": plan.result.status,
            "mip_gap": finite(plan.result.mip_gap),
            "features": ordered(each.features),
            "gained": ordered(each.features - self.features),
            "lost": ordered(self.features - each.features),
            "servers": numbers_of_servers(plan),
        }


def alternatives(
    case: Case,
    scenario: str | None = None,
    *,
    within: float = 0.02,
    most: int = 6,
    mip_gap: float = 1e-4,
    time_limit: float | None = None,
    progress: Callable[[Progress], None] | None = None,
    seed: int = 0,
) -> Alternatives:
    """Plans within a limit of the least deficit that differ in structure, and what all of them share.

    Within the limit are plans with no more unfunded gap than the least one (to some ten euros) whose deficit is at
    most that of the best plan and a share of its gross cost, which is what the engine's gaps are relative to. A case
    that optimises something else is taken with the deficit as its objective.

    Args:
        case: the case.
        scenario: name of one of its scenarios; None takes the case itself.
        within: the share.
        most: alternatives to give; the most different ones of all that are found.
        mip_gap: gap to prove, relative to gross cost.
        time_limit: seconds for everything; what is not proven until then is said not to be.
        progress: called now and then while HiGHS searches.
        seed: of the solver.

    Raises:
        CaseError: unknown scenario, or an option that makes no sense.
        InfeasibleError, SolveError, AuditError: see `solve`.
    """
    checked(within, "within", 0, 1)
    if most < 1:
        raise CaseError(f"most is {most}; ask for one alternative at least")
    attempts = Attempts.of(case, scenario, mip_gap, time_limit, progress, seed)
    return _Finder(attempts, within, most).run()


@dataclass
class _Finder:
    """One search for alternatives."""

    attempts: Attempts
    share: float
    most: int
    found: list[Alternative] = field(default_factory=list)

    def run(self) -> Alternatives:
        self.best = self.attempts.best()
        self.limit = self.best.deficit_meur + self.share * self.best.accounts.totals["gross_cost_meur"]
        self.catalogue = Catalogue(self.best)
        self.features = self.catalogue.read(self.best.decisions)
        # Where time is short, the finer features are what is left open.
        weighty = [feature.key for feature in self.catalogue if feature.weight > 1]
        found = {key: self._switch(key) for key in weighty}
        self._spread()
        found |= {key: self._switch(key) for key in self.catalogue.features if key not in found}
        switches = [found[key] for key in self.catalogue.features]
        chosen = self._most_different()
        return Alternatives(
            scenario=self.attempts.label,
            within_share=self.share,
            limit_meur=self.limit,
            best=self.best,
            catalogue=self.catalogue,
            features=self.features,
            plans=sorted(chosen, key=lambda each: each.extra_meur),
            switches=[self._seen(switch) for switch in switches],
            found=len(self.found),
            searches=self.attempts.count,
            complete=self.attempts.stopped is None and all(s.beyond or s.extra_meur is not None for s in switches),
        )

    def _limits(self) -> Ask:
        return within(self.best.unfunded_gap_meur, self.limit)

    def _keep(self, plan: Plan) -> Alternative | None:
        """Takes a plan in, unless it lies outside of the limit; the best one of each structure is kept."""
        gap_room = max(self.best.unfunded_gap_meur, 0.0) + ENOUGH_MEUR
        if plan.deficit_meur > self.limit + ONE_EURO_MEUR or plan.unfunded_gap_meur > gap_room:
            return None
        extra = plan.deficit_meur - self.best.deficit_meur
        made = Alternative(plan, self.catalogue.read(plan.decisions), extra)
        same = next((each for each in self.found if each.features == made.features), None)
        if made.features != self.features and (same is None or made.extra_meur < same.extra_meur):
            self.found = [*(each for each in self.found if each is not same), made]
        return made

    def _switch(self, key: str) -> Switch:
        """The least deficit of a plan that does otherwise in a feature."""
        feature, to = self.catalogue[key], key not in self.features

        def forced(model: Any, case: Case) -> None:
            model.asked_feature = pyo.Constraint(expr=feature.forced(model, to))

        attempt = self.attempts.under(self._limits(), forced, says=key)
        made = self._keep(attempt.plan) if attempt.plan is not None else None
        if made is None:
            return Switch(key, to, None, attempt.infeasible, None)
        return Switch(
            key, to, made.extra_meur, False, finite(made.plan.deficit_meur - made.plan.result.dual_bound_meur)
        )

    def _seen(self, switch: Switch) -> Switch:
        """A switch with what plans show that were found on other ways: a smaller deficit where less was proven."""
        extra = min(
            (each.extra_meur for each in self.found if (switch.feature in each.features) == switch.to), default=None
        )
        if extra is None or (switch.extra_meur is not None and extra >= switch.extra_meur):
            return switch
        unproven = switch.unproven_meur
        if unproven is not None and switch.extra_meur is not None:
            unproven = max(unproven - (switch.extra_meur - extra), 0.0)
        return replace(switch, extra_meur=extra, beyond=False, unproven_meur=unproven)

    def _spread(self) -> None:
        """Plans far from all that were found, until nothing new appears."""
        for _ in range(self.most):
            seconds = max(_ROUGH_TIMES * self.best.result.seconds, _ROUGH_SECONDS)
            rough = self.attempts.under(
                self._limits(), self._far, says="different plans", mip_gap=_ROUGH_GAP, seconds=seconds
            ).plan
            if rough is None:
                return
            # Its deficit is anything up to the limit: only the cheapest plan of its structure is an alternative.
            structure = self.catalogue.read(rough.decisions)
            if self._nearest(structure, self.found) == 0:
                return
            cheapest = self.attempts.under(self._limits(), self._structure(structure), says="different plans").plan
            if cheapest is None:
                return
            self._keep(cheapest)

    def _far(self, model: Any, case: Case) -> None:
        """Replaces the objective by the least distance from the plans found, negative."""
        model.feature_mark = pyo.Var(list(self.catalogue.features), domain=pyo.Binary)
        model.asked_feature = pyo.ConstraintList()
        for feature in self.catalogue:
            for relation in feature.marked(model, model.feature_mark[feature.key]):
                model.asked_feature.add(relation)
        model.difference = pyo.Var(domain=pyo.NonNegativeReals)
        for known in (self.features, *(each.features for each in self.found)):
            distance = pyo.quicksum(
                feature.weight
                * (1 - model.feature_mark[feature.key] if feature.key in known else model.feature_mark[feature.key])
                for feature in self.catalogue
            )
            model.asked_feature.add(model.difference <= distance)
        model.likeness = pyo.Expression(expr=-model.difference)
        gap, main = model.stages[:2]
        model.stages = [gap, replace(main, name="likeness", title="difference (negative)", unit="features")]

    def _structure(self, features: frozenset[str]) -> Ask:
        """Asks for exactly these features."""

        def add(model: Any, case: Case) -> None:
            model.asked_feature = pyo.ConstraintList()
            for feature in self.catalogue:
                model.asked_feature.add(feature.forced(model, feature.key in features))

        return add

    def _nearest(self, structure: frozenset[str], others: Sequence[Alternative]) -> int:
        """The distance from the nearest of some plans, the best one among them."""
        return min(
            self.catalogue.distance(structure, known) for known in (self.features, *(each.features for each in others))
        )

    def _most_different(self) -> list[Alternative]:
        """The plan farthest from those chosen, the best one first, again and again; the cheaper one of equals."""
        chosen: list[Alternative] = []
        left = sorted(self.found, key=lambda each: each.extra_meur)
        while left and len(chosen) < self.most:
            pick = max(left, key=lambda each: self._nearest(each.features, chosen))
            chosen.append(pick)
            left.remove(pick)
        return chosen
