"""Which scenario is best: point by point, by unfunded gap, deficit and public money, as far as it is proven."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from leam_opt.study.answers_rows import (
    DEFICIT,
    GAP,
    HELD,
    HOPELESS,
    MISSING,
    PUBLIC_MONEY,
    Array,
    Mask,
    StudyRows,
    numbers,
)
from leam_opt.study.answers_words import listed, name_of, probability_text, share_text
from leam_opt.study.indices import Better, better_probability, probability

if TYPE_CHECKING:
    import pandas as pd

ONE_EURO_MEUR = 1e-6
NONE = -1
"""The best of nothing."""


@dataclass(frozen=True)
class Standing:
    """Options (scenarios) at the same places (points).

    Attributes, each (options, places):
        run: whether there is a run.
        planned: whether it has a plan that keeps all rules.
        hopeless: whether it is known to have none.
        measures: unfunded gap, deficit and public money to the euro, as far as they are kept; NaN without a plan.
        bounds: what is proven: no plan has a gap, or a deficit, below this.
        exact: whether figures are what they are, since nothing is searched for.
    """

    run: Mask
    planned: Mask
    hopeless: Mask
    measures: dict[str, Array]
    bounds: dict[str, Array]
    exact: Mask

    @classmethod
    def of(cls, tables: Sequence[pd.DataFrame]) -> Standing:
        """The standing of tables with the same places; raises ValueError where they keep no deficit."""
        if any(DEFICIT not in table.columns for table in tables):
            raise ValueError(f"a ranking needs {DEFICIT}")
        kept = [table["kept"].to_numpy(dtype=bool) for table in tables]

        def stacked(name: str) -> Array:
            return np.stack([numbers(table, name, where=on) for table, on in zip(tables, kept, strict=True)])

        def has_status(*names: str) -> Mask:
            return np.stack([table["status"].isin(names).to_numpy(dtype=bool) for table in tables])

        measures = {
            name: np.round(stacked(name), 6)
            for name in (GAP, DEFICIT, PUBLIC_MONEY)
            if all(name in table.columns for table in tables)
        }
        exact = has_status(*HELD)
        bounds = {DEFICIT: measures[DEFICIT] - stacked("unproven_meur")}
        if GAP in measures:
            bounds[GAP] = _least_gap(measures[GAP], stacked("mip_gap"), stacked("gross_cost_meur"), exact)
            bounds[GAP] = np.where(has_status("time_limit") & np.isnan(stacked("gross_cost_meur")), 0.0, bounds[GAP])
        return cls(~has_status(MISSING), np.stack(kept), has_status(*HOPELESS, "unmet"), measures, bounds, exact)

    @property
    def places(self) -> int:
        """Number of places."""
        return int(self.run.shape[1])

    def sign(self, one: int, other: int) -> Array:
        """(places) 1 where one option has the better figures, -1 where the other has, 0 where they are equal.

        An option without a plan is worse than any plan.
        """
        found: Array = np.sign(self.planned[one].astype(float) - self.planned[other])
        for values in self.measures.values():
            found = np.where(found == 0, np.nan_to_num(np.sign(values[other] - values[one])), found)
        return found

    def decided(self, one: int, other: int) -> Mask:
        """(places) whether it is proven that the first option is better, for all that gaps and failed runs hide."""
        both: Mask = self.planned[one] & self.planned[other]
        exact = self.exact[one] & self.exact[other] & (self.sign(one, other) > 0)
        is_below = self.bounds[DEFICIT][other] > self.measures[DEFICIT][one] + ONE_EURO_MEUR
        if GAP in self.measures:
            gap, least = self.measures[GAP][one], self.bounds[GAP][other]
            equal = np.abs(self.measures[GAP][other] - gap) <= ONE_EURO_MEUR
            is_below = (least > gap + ONE_EURO_MEUR) | (equal & (least >= gap - ONE_EURO_MEUR) & is_below)
        only_one = self.planned[one] & self.hopeless[other]
        return np.asarray((both & (exact | is_below)) | only_one)

    def codes(self, one: int, other: int) -> Array:
        """(places) 1 or -1 where it is decided which is better, 0 where it is not, NaN where neither has a plan."""
        neither = ~self.planned[one] & ~self.planned[other] | ~self.run[one] | ~self.run[other]
        return np.where(neither, np.nan, self.decided(one, other).astype(float) - self.decided(other, one))

    def best(self) -> tuple[np.ndarray[Any, np.dtype[np.int64]], Mask]:
        """(places) the option with the best figures (the first of equals; NONE without any plan), and whether it is
        decided that it is the best, or that there is none.
        """
        best = np.zeros(self.places, dtype=np.int64)
        for other in range(1, len(self.run)):
            for held in range(other):
                here = (best == held) & (self.sign(other, held) > 0)
                best[here] = other
        decided = np.ones(self.places, dtype=bool)
        for held in range(len(self.run)):
            for other in range(len(self.run)):
                if other != held:
                    decided &= (best != held) | self.decided(held, other)
        without = ~self.planned.any(axis=0)
        decided = np.where(without, self.hopeless.all(axis=0), decided)
        return np.where(without, NONE, best), decided


def _least_gap(gap: Array, mip_gap: Array, gross_cost: Array, exact: Mask) -> Array:
    """The least unfunded gap that is not ruled out: the MIP gap holds for it too, relative to gross cost.

    Where gross cost is not kept, the gap is taken as it is.
    """
    open_part = np.nan_to_num(mip_gap * np.maximum(np.abs(gross_cost), 1.0))
    return np.where(exact, gap, np.maximum(gap - open_part, np.minimum(gap, 0.0)))


def ranking(rows: StudyRows) -> dict[str, Any] | None:
    """At how many points each scenario is best, and how often one beats the other, for each held plan."""
    if len(rows.spec.scenarios) < 2:
        return None
    if DEFICIT not in rows.outputs:
        told = f"The scenarios cannot be ranked: the study keeps no {DEFICIT}; name it under outputs."
        return {"measures": [], "tables": [], "sentences": [told]}
    tables: list[dict[str, Any]] = []
    sentences: list[str] = []
    for plan in dict.fromkeys(group.plan for group in rows.groups):
        groups = [group for group in rows.groups if group.plan == plan]
        if len(groups) < 2:
            continue
        standing = Standing.of([rows.table(group) for group in groups])
        names = [group.scenario for group in groups]
        common = np.asarray(standing.run.all(axis=0))
        pairs = [_pair(rows, standing, names, one, other) for one, other in combinations(range(len(names)), 2)]
        tables.append({"plan": plan, **_shares(rows, standing, names, common), "pairs": pairs})
        sentences += _told(rows, tables[-1])
    measures = [name for name in (GAP, DEFICIT, PUBLIC_MONEY) if name in rows.outputs]
    if not tables:
        sentences = ["Only one scenario has been run so far; there is nothing to rank."]
    elif lacking := [name_of(name) for name in (GAP, PUBLIC_MONEY) if name not in measures]:
        sentences.append(f"The ranking leaves {listed(lacking)} aside, which the study does not keep.")
    return {"measures": measures, "intervals": rows.is_sample, "tables": tables, "sentences": sentences}


def _shares(rows: StudyRows, standing: Standing, names: Sequence[str], common: Mask) -> dict[str, Any]:
    """Of the points at which all scenarios have been run: where each is best, and where that is open."""
    best, decided = standing.best()
    best, decided = best[common], decided[common]
    counted = int(((best != NONE) | ~decided).sum())
    wins = [int(((best == number) & decided).sum()) for number in range(len(names))]
    listing = [
        {"scenario": name, **_probability(won, counted, rows.is_sample)} for name, won in zip(names, wins, strict=True)
    ]
    return {
        "points": int(common.sum()),
        "counted": counted,
        "without_any_plan": int(((best == NONE) & decided).sum()),
        "undecided": int((~decided).sum()),
        "best": sorted(listing, key=lambda each: -each["points"]),
    }


def _probability(successes: int, runs: int, is_sample: bool) -> dict[str, Any]:
    found = probability(successes, runs)
    interval = {"low": found.low, "high": found.high} if is_sample else {}
    return {"points": successes, "share": found.share, **interval}


def _pair(rows: StudyRows, standing: Standing, names: Sequence[str], one: int, other: int) -> dict[str, Any]:
    """How often one of two scenarios is better; the one that it is more often comes first."""
    both = standing.run[one] & standing.run[other]
    found = _better(standing.codes(one, other)[both])
    if found.worse > found.better:
        one, other = other, one
        found = _better(standing.codes(one, other)[both])
    counted = found.better + found.worse + found.undecided
    planned = standing.planned[one] & standing.planned[other] & both
    equal = planned & standing.exact[one] & standing.exact[other] & (standing.sign(one, other) == 0)
    return {
        "first": names[one],
        "second": names[other],
        "points": int(both.sum()),
        "counted": counted,
        "better": _probability(found.better, counted, rows.is_sample),
        "worse": _probability(found.worse, counted, rows.is_sample),
        "equal": int(equal.sum()),
        "undecided": found.undecided - int(equal.sum()),
        "only_first_has_plan": int((both & standing.planned[one] & standing.hopeless[other]).sum()),
        "only_second_has_plan": int((both & standing.planned[other] & standing.hopeless[one]).sum()),
        "neither_has_plan": found.dropped,
        # Whatever the undecided points are, the probability lies between these.
        "bounds": [found.low, found.high] if rows.is_sample else None,
    }


def _better(codes: Array) -> Better:
    return better_probability(codes, np.where(np.isnan(codes), np.nan, 0.0), lower_is_better=False)


def _told(rows: StudyRows, table: dict[str, Any]) -> list[str]:
    of = f" with the {rows.kind_of_plan} {table['plan']}" if table["plan"] else ""
    told = []
    if len(table["best"]) > 2 and table["counted"]:
        counted = table["counted"]
        winners = [each for each in table["best"] if each["points"]]
        parts = [f"{each['scenario']} {_share(rows, each, counted)}" for each in winners]
        text = f"best of all{of} is {listed(parts, 5)}" if parts else f"nowhere is it decided which is best of all{of}"
        undecided = f"; {_part(rows, table['undecided'], counted)} undecided" if table["undecided"] and parts else ""
        told.append(f"Of {rows.several(counted)}: {text}{undecided}.")
    for pair in table["pairs"]:
        one, other = pair["first"], pair["second"]
        if not pair["points"]:
            told.append(f"{one} and {other} have no {rows.futures}s in common so far{of}.")
        elif not pair["counted"]:
            plan = "a plan that keeps all rules" if rows.holds_plans else "a plan"
            told.append(f"Neither {one} nor {other} has {plan} at any of {rows.several(pair['points'])}{of}.")
        else:
            told.append(_pair_told(rows, pair, of))
    return told


def _pair_told(rows: StudyRows, pair: dict[str, Any], of: str) -> str:
    one, other, counted = pair["first"], pair["second"], pair["counted"]
    plan = "a plan that keeps all rules" if rows.holds_plans else "a plan"
    if pair["equal"] == counted:
        text = f"{one} and {other} are equal at all {rows.several(counted)}{of}"
    elif not pair["better"]["points"]:
        text = f"Whether {one} or {other} is better is decided at none of {rows.several(counted)}{of}"
    else:
        text = f"{one} beats {other} {_share(rows, pair['better'], counted)} of {rows.several(counted)}{of}"
        for number, what in (
            (pair["equal"], "equal"),
            (pair["undecided"], "undecided"),
            (pair["only_first_has_plan"], f"with {plan} for {one} only"),
            (pair["only_second_has_plan"], f"with {plan} for {other} only"),
        ):
            if number:
                text += f"; {_part(rows, number, counted)} {what}"
    if pair["neither_has_plan"]:
        text += f"; {pair['neither_has_plan']:,} more without {plan} for either"
    return f"{text}."


def _share(rows: StudyRows, found: dict[str, Any], counted: int) -> str:
    """`in 91 % (89.6 to 92.2 %)` of a sample, `at 12` of points that mean no probability."""
    if not rows.is_sample:
        return f"at {found['points']:,}"
    return f"in {probability_text(probability(found['points'], counted), is_sample=True)}"


def _part(rows: StudyRows, number: int, counted: int) -> str:
    return share_text(number / counted) if rows.is_sample else f"{number:,}"
