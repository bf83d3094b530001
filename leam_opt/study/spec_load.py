"""From a study file, or the same as a dict, to a study that has been checked from end to end."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from leam_opt.case.catalogue import slug
from leam_opt.case.load import BASE, load_case
from leam_opt.case.quantity import End, FigureError, Unit, hint
from leam_opt.case.schema import Case
from leam_opt.case.source import CASE_FILE
from leam_opt.case.tree import Mark, Node, Problem, UnreadableError, lines, node_of
from leam_opt.case.units import shown
from leam_opt.case.yaml_source import parse_yaml, read_text
from leam_opt.errors import CaseError
from leam_opt.study.designs import Design, Grid
from leam_opt.study.levers import Finder, LeverError, figure_value
from leam_opt.study.spec import MOST_POINTS, MOST_REGRET_POINTS, Answers, HeldPlan, StudySpec, Threshold
from leam_opt.study.spec_design import DesignReader
from leam_opt.study.spec_file import FlipsPart, RegretPart, StudyFile, section

Names = Sequence[str] | Callable[[Case, str], Sequence[str]]
"""Names of outputs, or what tells them for a case and a lane."""

_POSSIBLE_POINTS = 10**9
_SHOWN = 12


def load_study(
    source: str | Path | Mapping[str, Any],
    *,
    known_outputs: Names,
    default_outputs: Names = (),
    case: Case | None = None,
    yes: bool = False,
) -> StudySpec:
    """Reads and checks a study; nothing runs.

    Args:
        source: a study file, or its content as a dict (relative paths in it start at the working directory).
        known_outputs: names of the outputs that a run can give.
        default_outputs: what is kept where the study names no outputs.
        case: the case; takes the place of the one that the study names. One that stands in a scenario is studied there
            where the study names no scenarios.
        yes: whether a design of more than a million points is meant.

    Raises:
        CaseError: with all problems found, each with file, line and column.
    """
    file = None if isinstance(source, Mapping) else Path(source)
    problems: list[Problem] = []
    try:
        tree = node_of(_plain(source), Mark("study")) if file is None else _read(file, problems)
    except UnreadableError as error:
        raise CaseError(lines([error.problem])) from None
    part = section(StudyFile, tree, "", problems) or _sound_part(tree, problems)
    if part is None:
        raise CaseError(lines(problems))
    loader = _Loader(part, tree, file, problems, yes, known_outputs, default_outputs)
    return loader.load(case)


def _read(file: Path, problems: list[Problem]) -> Node:
    text = read_text(file, str(file))
    try:
        tree, found = parse_yaml(text, str(file))
    except UnreadableError as error:
        raise UnreadableError(error.problem.mark, _of_study(error.problem.message)) from None
    problems += [problem._replace(message=_of_study(problem.message)) for problem in found]
    if not isinstance(tree.value, dict):
        message = f"a study is a mapping of sections (design: ..., outputs: ...), got {shown(tree.value)}"
        raise UnreadableError(tree.mark, message)
    return tree


def _sound_part(tree: Node, problems: Sequence[Problem]) -> StudyFile | None:
    """What is sound of a file that is not, so that the rest is checked as well."""
    if not isinstance(tree.value, dict):
        return None
    wrong = {problem.path.partition(".")[0] for problem in problems}
    sound = {key: node for key, node in tree.value.items() if key not in wrong}
    return section(StudyFile, Node({"design": Node(None, tree.mark), **sound}, tree.mark), "", [])


def _of_study(message: str) -> str:
    """What the reader of YAML says, which speaks of cases."""
    return message.replace("a case needs name, title, start_year and so on", "a study needs a design").replace(
        "a case", "a study"
    )


def _plain(value: Any) -> Any:
    """Data from Python as a file would give it."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return str(value) if isinstance(value, Path) else value


@dataclass
class _Loader:
    """Checks the parts of one study in their order."""

    part: StudyFile
    tree: Node
    file: Path | None
    problems: list[Problem]
    yes: bool
    known_outputs: Names
    default_outputs: Names
    notes: list[str] = field(default_factory=list)

    @property
    def folder(self) -> Path:
        """What relative paths start at."""
        return Path() if self.file is None else self.file.parent

    def load(self, case: Case | None) -> StudySpec:
        """The study; raises CaseError with all problems."""
        part = self.part
        base = case or self._case()
        if base is None:
            raise CaseError(lines(self.problems))
        frames = self._frames(base)
        settings = self._settings(Finder(frames), self.tree.child("set") if part.set else None, "set")
        frames = self._changed(frames, Finder(frames), settings, "set")
        plans = self._plans(base, frames, settings)
        reader = DesignReader(Finder(frames), self.folder, part.lane, part.seed, self.problems, self.notes)
        design = reader.read(self.tree.value["design"]) if part.design is not None else None
        if design is not None:
            self._check_count(design)
        first = next(iter(frames.values()))
        known = _names(self.known_outputs, first, part.lane)
        answers = self._answers(design, known, len(plans) or len(frames))
        outputs = self._outputs(known, first, answers)
        if part.lane == "reference":
            self._check_reference(frames)
        if design is None and not self.problems:
            self._wrong("design", "the design is empty; a design has a kind and levers")
        if self.problems or design is None:
            raise CaseError(lines(self.problems))
        return StudySpec(
            name=part.name or slug(self.file.stem if self.file is not None else "study"),
            title=part.title,
            file=self.file,
            case_name=base.name,
            frames=frames,
            lane=part.lane,
            settings={path: item.data() for path, item in settings.items()},
            plans=tuple(plans),
            design=design,
            outputs=outputs,
            answers=answers,
            mip_gap=part.mip_gap,
            time_limit_seconds=part.time_limit,
            seed=part.seed,
            notes=tuple(self.notes),
        )

    def _wrong(self, path: str, message: str, node: Node | None = None, *, at_key: bool = False) -> None:
        """Adds a problem at a dotted path of the file, or at a node."""
        place = node
        if place is None:
            place = self.tree
            for key in path.split("."):
                place = place.child(key) or place
        self.problems.append(Problem(place.place if at_key else place.mark, path, message))

    def _case(self) -> Case | None:
        """The case that the study names, or the one that it lies with."""
        named = self.part.case
        if named is None:
            above = self.folder.absolute().parent
            if self.file is None or self.folder.absolute().name != "studies" or not (above / CASE_FILE).is_file():
                self._wrong("", "the key 'case' is missing: a shipped case, or the path of a folder", self.tree)
                return None
            chosen: str | Path = self.folder / ".."
        else:
            beside = self.folder / named
            chosen = beside if (beside / CASE_FILE).is_file() else named
        try:
            return load_case(chosen)
        except CaseError as error:
            for line in error.problems:
                self._wrong("case", line)
            return None

    def _frames(self, base: Case) -> dict[str, Case]:
        """The case in each scenario; where one is unknown, that is a problem, and the others are checked."""
        names = self.part.scenarios
        if names is None:
            # A case from Python may stand in a scenario already.
            names = [base.active_scenario] if base.active_scenario else base.scenario_names or [BASE]
        frames: dict[str, Case] = {}
        for number, name in enumerate(names):
            where = f"scenarios.{number}"
            if name in frames:
                self._wrong(where, f"the scenario {name} stands twice; name it once")
            try:
                frames[name] = base.scenario(name)
            except CaseError as error:
                for line in error.problems:
                    self._wrong(where, line)
        return frames or {BASE: base.scenario(BASE)}

    def _settings(self, finder: Finder, node: Node | None, where: str) -> dict[str, Node]:
        """Settings by full path; those whose paths fit nothing are problems."""
        found: dict[str, Node] = {}
        for name, item in (node.value if node is not None else {}).items():
            try:
                path = finder.path_in_any(name, with_ends=True)
            except LeverError as error:
                self._wrong(f"{where}.{name}", str(error), item, at_key=True)
                continue
            if path in found:
                self._wrong(f"{where}.{name}", f"{path} is set already; set it once", item, at_key=True)
            found[path] = item
        return found

    def _changed(
        self, cases: Mapping[str, Case], finder: Finder, settings: Mapping[str, Node], where: str, at: End = "base"
    ) -> dict[str, Case]:
        """The cases with the settings that each of them knows, at an end of the ranges; problems are told once."""
        found: dict[str, Case] = {}
        told: set[str] = set()
        for scenario, case in cases.items():
            known = {path: item.data() for path, item in settings.items() if finder.has(scenario, path)}
            try:
                changed = case.override(known) if known else case
                found[scenario] = changed if at == "base" else changed.at(at)
            except CaseError as error:
                found[scenario] = case
                for line in error.problems:
                    path = next((path for path in known if line.startswith(f"--set {path}: ")), "")
                    if line not in told:
                        place = settings.get(path)
                        message = f"{line.removeprefix(f'--set {path}: ')} (in the scenario {scenario})"
                        self._wrong(f"{where}.{path}".rstrip("."), message, place)
                    told.add(line)
        return found

    def _plans(self, base: Case, frames: Mapping[str, Case], settings: Mapping[str, Node]) -> list[HeldPlan]:
        """The plans that are held, each with the cases that it is made for."""
        if self.part.plans and self.part.lane != "evaluate":
            message = f"the lane {self.part.lane} holds no plans; write lane: evaluate, or leave the plans out"
            self._wrong("plans", message, at_key=True)
        found = []
        for label, part in self.part.plans.items():
            where = f"plans.{label}"
            cases = dict(frames)
            if part.scenario is not None:
                try:
                    cases = {part.scenario: base.scenario(part.scenario)}
                except CaseError as error:
                    self._wrong(f"{where}.scenario", error.problems[0])
                    continue
                finder = Finder(cases)
                cases = self._changed(cases, finder, settings, "set")
            finder = Finder(cases)
            own = self._settings(finder, self.tree.value["plans"].value[label].child("set"), f"{where}.set")
            cases = self._changed(cases, finder, own, f"{where}.set", part.at)
            data = {path: item.data() for path, item in own.items()}
            found.append(HeldPlan(label, part.scenario, data, part.at, cases))
        return found

    def _check_count(self, design: Design) -> None:
        if design.count > _POSSIBLE_POINTS:
            many = f"{design.count:,}" if design.count < 10**15 else f"about 10^{len(str(design.count)) - 1}"
            message = f"the design has {many} points, which nothing can run; name fewer levers or values"
            self._wrong("design", message, at_key=True)
        elif design.count > MOST_POINTS and not self.yes:
            message = (
                f"the design has {design.count:,} points; more than {MOST_POINTS:,} have to be meant: "
                "confirm with --yes (yes=True in Python)"
            )
            self._wrong("design", message, at_key=True)

    def _outputs(self, known: Sequence[str], case: Case, answers: Answers) -> tuple[str, ...]:
        """The outputs that are kept: those named, or else the usual ones, and what the answers need."""
        given = self.part.outputs
        for number, name in enumerate(given or []):
            if name in (given or [])[:number]:
                self._wrong(f"outputs.{number}", f"the output {name} stands twice; name it once")
            self._check_output(name, known, f"outputs.{number}")
        usual = _names(self.default_outputs, case, self.part.lane) if given is None else given
        return tuple(dict.fromkeys([*usual, *answers.outputs]))

    def _check_output(self, name: str, known: Sequence[str], where: str) -> None:
        if name in known:
            return
        close = hint(name, known)
        if not close.startswith("did"):
            more = f" and {len(known) - _SHOWN} more" if len(known) > _SHOWN else ""
            close = f"known are {', '.join(known[:_SHOWN])}{more}"
        self._wrong(where, f"unknown output {shown(name)}; {close}")

    def _answers(self, design: Design | None, known: Sequence[str], plans: int) -> Answers:
        """What is asked, as far as it is sound."""
        part = self.part.answers
        width = self._flip_width(part.flips, design)
        regret = self._regret(part.regret, known, plans, design)
        thresholds = []
        for number, each in enumerate(part.thresholds):
            where = f"answers.thresholds.{number}"
            self._check_output(each.output, known, f"{where}.output")
            if (each.below is None) == (each.above is None):
                self._wrong(where, "a threshold has either below: VALUE or above: VALUE")
            thresholds.append(Threshold(each.output, each.below, each.above))
        for number, level in enumerate(part.quantiles):
            if level in (0.0, 1.0):
                message = f"the quantile {level:g} is an end of the distribution; give a level between 0 and 1"
                self._wrong(f"answers.quantiles.{number}", message)
        return Answers(width, regret, tuple(thresholds), tuple(part.quantiles))

    def _flip_width(self, asked: Any, design: Design | None) -> float | None:
        where = "answers.flips"
        if asked is None or asked is False:
            return None
        node = self.tree.value["answers"].value["flips"]
        part = FlipsPart() if asked is True else section(FlipsPart, node, where, self.problems)
        if self.part.lane != "replan":
            message = f"flip points are found by planning anew, not in the lane {self.part.lane}; write lane: replan"
            self._wrong(where, message, at_key=True)
        if part is None or design is None:
            return None
        lever = design.levers[0]
        if not (isinstance(design, Grid) and len(design.levers) == 1 and lever.unit is not None and design.count > 1):
            message = "flip points need a grid of a single lever, which is a figure, with two values at least"
            self._wrong(where, message, at_key=True)
            return None
        if part.width is None:
            return float(np.diff(np.sort(design.values[0])).min() / 100)
        try:
            width = figure_value(part.width, Unit(lever.unit.name, ge=None))
        except FigureError as error:
            self._wrong(f"{where}.width", str(error))
            return None
        if not width > 0:
            self._wrong(f"{where}.width", f"the width must be above 0 {lever.unit.name}, got {width:g}")
        return width

    def _regret(self, asked: Any, known: Sequence[str], plans: int, design: Design | None) -> tuple[str, ...]:
        where = "answers.regret"
        if asked is None or asked is False:
            return ()
        node = self.tree.value["answers"].value["regret"]
        part = RegretPart() if asked is True else section(RegretPart, node, where, self.problems)
        if message := self._no_regret(plans, design):
            self._wrong(where, message, at_key=True)
        names = [] if part is None else part.outputs if isinstance(part.outputs, list) else [part.outputs]
        for name in names:
            if isinstance(name, str):
                self._check_output(name, known, f"{where}.outputs")
            else:
                self._wrong(f"{where}.outputs", f"expected the name of an output, got {shown(name)}")
        return tuple(str(name) for name in names)

    def _no_regret(self, plans: int, design: Design | None) -> str:
        """Why there is no regret to tell; empty where there is."""
        if self.part.lane == "reference":
            return (
                "regret compares several plans, and the lane reference has one; write lane: evaluate (plans that are "
                "held) or lane: replan (the plans of all points)"
            )
        if self.part.lane == "evaluate":
            few = "regret compares at least two plans; name them under plans, or study more than one scenario"
            return few if plans < 2 else ""
        if design is not None and design.count < 2:
            return "regret compares the plans of at least two points, and the design has one; give it more"
        if design is not None and design.count > MOST_REGRET_POINTS:
            return (
                f"the design has {design.count:,} points; in the lane replan the plan of each is held at all others, "
                f"for {MOST_REGRET_POINTS} points at most: take fewer points, or lane: evaluate with named plans"
            )
        return ""

    def _check_reference(self, frames: Mapping[str, Case]) -> None:
        lacking = [name for name, case in frames.items() if case.reference_plan is None]
        if lacking:
            message = f"the case has no reference_plan in {', '.join(lacking)}; choose another lane"
            self._wrong("lane", message)


def _names(names: Names, case: Case, lane: str) -> Sequence[str]:
    return list(names(case, lane) if callable(names) else names)
