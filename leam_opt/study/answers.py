"""What the runs of a study answer: sentences for a planner, and the figures behind them as plain data."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from leam_opt.study.answers_flips import flips, next_points, steps
from leam_opt.study.answers_ranking import ranking
from leam_opt.study.answers_regret import plans_to_hold, regret
from leam_opt.study.answers_rows import StudyRows
from leam_opt.study.answers_sensitivity import effects, indices, tornado_bars
from leam_opt.study.answers_summary import rule_of, summary, thresholds
from leam_opt.study.answers_words import counted, listed, most_frequent, name_of, unit_of
from leam_opt.study.spec import StudySpec

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["answers", "next_points", "plans_to_hold"]

_REASONS = 5
_NUMBER = re.compile(r"\d[\d.,]*(?:e[+-]?\d+)?")

_BLOCKS: dict[str, Callable[[StudyRows], dict[str, Any] | None]] = {
    "flips": flips,
    "ranking": ranking,
    "regret": regret,
    "thresholds": thresholds,
    "tornado": tornado_bars,
    "indices": indices,
    "effects": effects,
    "steps": steps,
    "summary": summary,
}
"""In the order in which a reader wants them; each is None where the study does not ask for it."""


def answers(spec: StudySpec, frame: pd.DataFrame, *, runs: int | None = None) -> dict[str, Any]:
    """Everything that the rows of a study answer, also of one that is not complete.

    Args:
        spec: the study.
        frame: its rows so far, of all rounds.
        runs: how many runs the design has; without it, points times scenarios times held plans.

    Returns:
        Plain data. `runs` and `summary` are always there; `ranking` where there are several scenarios; `thresholds`,
        `regret` and `flips` where they are asked for; `tornado`, `indices`, `effects` and `steps` where the design has
        them. Each has `sentences`, which stand for themselves. `outputs` has words and unit of each output. What is not
        a number is None.
    """
    rows = StudyRows(spec, frame, runs)
    found: dict[str, Any] = {
        "outputs": {name: {"words": name_of(name), "unit": unit_of(name)} for name in rows.outputs},
        "runs": _runs(rows),
    }
    if rows.groups:
        found |= {name: block for name, make in _BLOCKS.items() if (block := make(rows)) is not None}
    else:
        found["summary"] = {"groups": [], "sentences": ["There is no run yet."]}
    plain: dict[str, Any] = _plain(found)
    return plain


def _runs(rows: StudyRows) -> dict[str, Any]:
    """How many runs there are, how they ended, and how long they took."""
    frame, done = rows.frame, len(rows.design)
    planned = int(rows.design["planned"].sum())
    later = len(frame) - int((frame["round"] == 0).sum())
    unplanned = frame[~frame["planned"]]
    seconds = frame["seconds"].to_numpy()
    known = seconds[~np.isnan(seconds)]
    found: dict[str, Any] = {
        "done": done,
        "runs": rows.expected,
        "complete": done >= rows.expected,
        "later_rounds": later,
        "planned": planned,
        "without_plan": done - planned,
        "by_status": dict(most_frequent(frame["status"].tolist())),
        "by_scenario": [
            {"scenario": scenario, "status": dict(most_frequent(statuses.tolist()))}
            for scenario, statuses in frame.groupby("scenario", sort=False)["status"]
        ],
        "reasons": _reasons(unplanned, lambda reason: reason),
        "rules_missed": _reasons(frame[frame["status"] == "unmet"], rule_of),
        "seconds": {"total": float(known.sum()), "mean": known.mean(), "max": known.max()} if known.size else None,
    }
    of_design = rows.design[~rows.design["planned"]]
    return {**found, "sentences": _runs_sentences(rows, found, _reasons(of_design, lambda reason: reason))}


def _reasons(frame: pd.DataFrame, told: Callable[[str], str]) -> list[dict[str, Any]]:
    """The commonest reasons; those that differ in their numbers only count as one, told by its first run."""
    examples: dict[str, tuple[int, str, str]] = {}
    keys = []
    for run, status, reason in zip(frame["run"], frame["status"], frame["reason"], strict=True):
        text = told(reason) or "no reason was given"
        key = f"{status}: {_NUMBER.sub('#', text)}"
        examples.setdefault(key, (int(run), status, text))
        keys.append(key)
    return [
        {"status": examples[key][1], "reason": examples[key][2], "runs": number, "first_run": examples[key][0]}
        for key, number in most_frequent(keys)[:_REASONS]
    ]


def _runs_sentences(rows: StudyRows, found: Mapping[str, Any], reasons: Sequence[Mapping[str, Any]]) -> list[str]:
    done, expected = found["done"], found["runs"]
    sentences = (
        [] if found["complete"] else [f"The study is not complete: all answers are from {done:,} of {expected:,} runs."]
    )
    if found["without_plan"]:
        told = [f"{each['reason']} ({counted(each['runs'], 'run')}, {each['status']})" for each in reasons]
        number = found["without_plan"]
        what = f"{number:,} of {counted(done, 'run')} {'has' if number == 1 else 'have'} no plan"
        sentences.append(f"{what if found['planned'] else 'No run has a plan'}: {listed(told, 2)}.")
    late = found["by_status"].get("time_limit", 0)
    if late:
        limit = rows.spec.time_limit_seconds
        sentences.append(
            f"The time limit of {limit:g} s ended {counted(late, 'run')}; allow more for a narrower proof."
        )
    return sentences


def _plain(value: Any) -> Any:
    """Plain data; None for what is not a number or infinite."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, np.ndarray):
        return [_plain(item) for item in value.tolist()]
    if isinstance(value, np.generic):
        return _plain(value.item())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value
