"""Parts of the page that show what a study answers: charts of its own figures, told in the language of the page."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from leam_opt.report.pack import charts_risk, charts_study
from leam_opt.report.pack.charts import Chart, Section, Table
from leam_opt.report.pack.charts_study import output_title, who
from leam_opt.report.pack.content import Data, Pack
from leam_opt.report.pack.figure_names import figure_name, unit_name, with_titles
from leam_opt.report.pack.labels import STATUS
from leam_opt.report.pack.palette import Look
from leam_opt.words import N_, Words

_MOST_TABLES = 4
"""Groups of the first output that are drawn; every one stands in the files of the pack."""
_MOST_ROWS = 60
_DESIGNS = {
    "grid": N_("grid"),
    "list": N_("list of points"),
    "one-at-a-time": N_("one figure at a time"),
    "sample": N_("sample"),
    "morris": N_("elementary effects (Morris)"),
    "sobol-indices": N_("Sobol's indices"),
    "corners": N_("all corners"),
}
_STATUS = {
    **STATUS,
    "evaluated": N_("plan held"),
    "unmet": N_("plan held, a rule is missed"),
    "invalid": N_("no valid case"),
    "failed": N_("no answer in the time allowed"),
}
_LANES = {
    "replan": N_("every run planned anew"),
    "evaluate": N_("plans held"),
    "reference": N_("the case's own plan carried out"),
}


def study_sections(pack: Pack, styles: Mapping[str, Look], words: Words) -> list[Section]:
    """One part for each answer of the study; none where the pack is not made of one."""
    if not pack.study:
        return []
    titles = {name: kind.title or name for name, kind in pack.case.server_types.items()}
    study = {**pack.study, "answers": _named(pack, titles, words), "titles": titles}
    found: Data = study["answers"]
    makers: dict[str, Callable[[Data, Data, Words], Section | None]] = {
        "ranking": _ranking,
        "flips": _flips,
        "regret": _regret,
        "thresholds": _thresholds,
        "tornado": _tornado,
        "indices": _indices,
        "effects": _effects,
        "steps": _steps,
        "summary": _summary,
    }
    parts = [make(found[name], study, words) for name, make in makers.items() if found.get(name)]
    return [_about(study, words), *(part for part in parts if part is not None)]


def _named(pack: Pack, titles: Mapping[str, str], words: Words) -> dict[str, Any]:
    """The answers with the figures of the case by name; the tables of the pack and the study's files keep the paths."""
    assert pack.study is not None
    answers = dict(pack.study["answers"])
    told = {f"servers_{name}": {"words": f"{words('Servers')}: {titles[name]}", "unit": "servers"} for name in titles}
    outputs = answers.get("outputs", {})
    answers["outputs"] = {**outputs, **{name: told[name] for name in outputs if name in told}}
    if answers.get("tornado"):
        tables = [with_titles(each, pack.case, words) for each in answers["tornado"]["tables"]]
        answers["tornado"] = {**answers["tornado"], "tables": tables}
    for answer in ("indices", "effects"):
        if answers.get(answer):
            tables = [_factors_named(each, pack, words) for each in answers[answer]["tables"]]
            answers[answer] = {**answers[answer], "tables": tables}
    for answer in ("flips", "steps"):
        if answers.get(answer):
            lever = figure_name(pack.case, str(answers[answer]["lever"]), words)
            unit = unit_name(str(answers[answer]["unit"] or ""), words)
            answers[answer] = {**answers[answer], "lever": lever, "unit": unit}
    return answers


def _factors_named(table: Data, pack: Pack, words: Words) -> dict[str, Any]:
    rows = [{**each, "factor": figure_name(pack.case, str(each["factor"]), words)} for each in table["factors"]]
    return {**table, "factors": rows}


def _about(study: Data, words: Words) -> Section:
    design, lane = str(study["design"]), str(study["lane"])
    lead = [
        words(
            "Study {name}: {design}, {lane}; {done} of {runs} runs.",
            name=study.get("title") or study["study"],
            design=words(_DESIGNS[design]) if design in _DESIGNS else design,
            lane=words(_LANES[lane]) if lane in _LANES else lane,
            done=words.number(study["runs_done"], 0),
            runs=words.number(study["runs"], 0),
        )
    ]
    runs = study["answers"].get("runs", {})
    by_status = list(runs.get("by_status", {}))
    tables = []
    if by_status:
        rows = [
            [each["scenario"], *(words.number(each["status"].get(status, 0), 0) for status in by_status)]
            for each in runs["by_scenario"]
        ]
        head = [words("Scenario"), *(words(_STATUS[name]) if name in _STATUS else name for name in by_status)]
        tables.append(Table(words("Runs by status"), head, rows))
    return Section("study", words("The study"), lead, tables=tables, notes=[str(note) for note in study["notes"]])


def _first_output(tables: Sequence[Data]) -> list[Data]:
    return [each for each in tables if each["output"] == tables[0]["output"]][:_MOST_TABLES] if tables else []


def _charts(tables: Sequence[Data], make: Callable[[Data, int], Chart | None]) -> list[Chart]:
    made = (make(each, place) for place, each in enumerate(_first_output(tables), start=1))
    return [chart for chart in made if chart is not None]


def _tornado(found: Data, study: Data, words: Words) -> Section | None:
    def make(each: Data, place: int) -> Chart | None:
        if each["base"] is None:
            return None
        named = {**each, "scenario": who(each)}
        return charts_risk.tornado(
            named, words, f"study-tornado-{place}", output_title(each["output"], study, words, with_unit=False)
        )

    charts = _charts(found["tables"], make)
    return Section("study-tornado", words("One figure at a time"), charts=charts) if charts else None


def _indices(found: Data, study: Data, words: Words) -> Section | None:
    charts = _charts(
        found["tables"], lambda each, place: charts_study.indices(each, study, f"study-indices-{place}", words)
    )
    return Section("study-indices", words("What explains the spread"), charts=charts) if charts else None


def _effects(found: Data, study: Data, words: Words) -> Section | None:
    charts = _charts(
        found["tables"], lambda each, place: charts_study.effects(each, study, f"study-effects-{place}", words)
    )
    return Section("study-effects", words("Effects of whole ranges"), charts=charts) if charts else None


def _ranking(found: Data, study: Data, words: Words) -> Section | None:
    charts = [
        charts_study.ranking(each, f"study-ranking-{place}", words)
        for place, each in enumerate(found["tables"][:_MOST_TABLES], start=1)
    ]
    return Section("study-ranking", words("Which scenario is best, and how often"), charts=charts) if charts else None


def _summary(found: Data, study: Data, words: Words) -> Section | None:
    chart = charts_study.spread(found, study, words)
    return Section("study-summary", words("Results of the runs"), charts=[chart]) if chart else None


def _regret(found: Data, study: Data, words: Words) -> Section | None:
    charts = _charts(
        found["tables"], lambda each, place: charts_study.regret(each, study, f"study-regret-{place}", words)
    )
    return Section("study-regret", words("Regret: what each plan may lose"), charts=charts) if charts else None


def _flips(found: Data, study: Data, words: Words) -> Section | None:
    rows = [
        [words("Best scenario: {old} → {new}", old=each["from"], new=each["to"]), *_between(each, words)]
        for each in found["best"]
    ]
    rows += [
        [
            f"{each['scenario']}: {'; '.join(map(str, each['changes'][:3]))}"
            + ("" if each["decided"] else f" ({words('open')})"),
            *_between(each, words),
        ]
        for each in found["structure"]
    ]
    caption = words("Where {lever} changes the answer, {unit}", lever=found["lever"], unit=found["unit"] or "–")
    lead = [words("Neither the best scenario nor a plan's structure changes within the range.")] if not rows else []
    head = [words("Change"), words("From"), words("To")]
    tables = [Table(caption, head, rows[:_MOST_ROWS])] if rows else []
    return Section("study-flips", words("Flip points"), lead, tables=tables)


def _between(each: Data, words: Words) -> list[str]:
    return [charts_study.plain_number(each[end], words) for end in ("low", "high")]


def _thresholds(found: Data, study: Data, words: Words) -> Section | None:
    rows = []
    for each in found["events"]:
        side, value = (words("below"), each["below"]) if each["below"] is not None else (words("above"), each["above"])
        kept = each["kept"]
        event = f"{who(each)}: {output_title(each['output'], study, words)} {side} "
        interval = "–"
        if found["intervals"] and kept["low"] is not None:
            interval = f"{words.percent(kept['low'])} – {words.percent(kept['high'])}"
        event += charts_study.plain_number(value, words)
        rows.append([event, words.number(kept["runs"], 0), words.percent(kept["share"]), interval])
    head = [words("Event"), words("Runs that keep all rules"), words("Share"), words("95 % interval")]
    return Section("study-thresholds", words("Thresholds"), tables=[Table(words("How often"), head, rows)])


def _steps(found: Data, study: Data, words: Words) -> Section | None:
    tables = []
    for each in found["tables"]:
        types = list(dict.fromkeys(name for span in each["spans"] for name in span["servers"] or ()))
        types = [name for name in types if any((span["servers"] or {}).get(name) for span in each["spans"])]
        rows = [
            [
                charts_study.plain_number(span["from"], words),
                charts_study.plain_number(span["to"], words),
                words.number(span["runs"], 0),
                *(
                    words.number((span["servers"] or {}).get(name), 0) if span["planned"] else words("no plan")
                    for name in types
                ),
            ]
            for span in each["spans"][:_MOST_ROWS]
        ]
        caption = words(
            "{scenario}: servers as {lever} rises, {unit}",
            scenario=each["scenario"],
            lever=found["lever"],
            unit=found["unit"] or "–",
        )
        tables.append(
            Table(
                caption,
                [words("From"), words("To"), words("Runs"), *(study["titles"].get(name, name) for name in types)],
                rows,
            )
        )
    return Section("study-steps", words("How the plan changes step by step"), tables=tables) if tables else None
