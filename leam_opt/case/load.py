"""From a name or a folder to a validated case, and from there to scenarios, overrides and ends of ranges."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from leam_opt.case.catalogue import find_case
from leam_opt.case.consistency import problems as inconsistencies
from leam_opt.case.merge import OverrideError, overlay, override
from leam_opt.case.messages import consistency_problems, problems_of, whole_numbers
from leam_opt.case.plain import plain
from leam_opt.case.quantity import End, Quantity, hint
from leam_opt.case.schema import Case
from leam_opt.case.shape import shape_of
from leam_opt.case.source import read_case
from leam_opt.case.tree import Mark, Node, Problem, UnreadableError, lines, node_of
from leam_opt.case.yaml_source import parse_yaml
from leam_opt.errors import CaseError

BASE = "base"
"""Name of the case without any scenario."""


@dataclass(frozen=True)
class Origin:
    """Where a case comes from; equal cases may have different origins.

    Attributes:
        tree: the files of the case.
        scenario: name of the overlay on them.
        overrides: paths and values laid on top, in this order.
        end: the end of the ranges that planning values stand at.
        resolved: the tree with the overlay and the overrides.
    """

    tree: Node = field(compare=False, repr=False)
    scenario: str | None = field(default=None, compare=False)
    overrides: tuple[tuple[str, Any], ...] = field(default=(), compare=False)
    end: End = field(default="base", compare=False)
    resolved: Node | None = field(default=None, compare=False, repr=False)


def load_case(case: str | Path, *, overrides: Mapping[str, Any] | None = None, at: End = "base") -> Case:
    """Reads and validates a case with all its scenarios.

    Args:
        case: name of a shipped case, or the folder of one.
        overrides: dotted paths and their new values, applied after whatever scenario is chosen later; a path has to
            exist in the case or in one of its scenarios.
        at: the end of all ranges to plan with.

    Raises:
        CaseError: with all problems found, each with file, line and column.
    """
    folder = find_case(case)
    try:
        tree, problems = read_case(folder)
    except UnreadableError as error:
        raise CaseError(lines([error.problem])) from None
    found, base = _validated(tree, None)
    problems += found
    for name in _scenario_names(tree):
        merged, found = _overlaid(tree, name)
        problems += found + _of_scenario(_validated(merged, name)[0], name, known=problems)
    if problems or base is None:
        raise CaseError(lines(problems))
    base._origin = Origin(tree, resolved=tree)
    if not overrides and at == "base":
        return base
    return resolve(replace(base._origin, overrides=_pairs(overrides or {}), end=at))


def parse_settings(settings: Iterable[str]) -> dict[str, Any]:
    """The overrides of a command line, `path.to.key=value` each; the value is YAML (`[a, b]`, `true`, `25 ct/kWh`).

    Raises CaseError where one has no `=`, or a value that is not YAML.
    """
    overrides: dict[str, Any] = {}
    problems: list[Problem] = []
    for setting in settings:
        path, equals, text = setting.partition("=")
        path = path.strip()
        if not equals or not path:
            message = "an override is path.to.key=value, for example prices.tokens=0.008"
            problems.append(Problem(Mark(f"--set {setting}"), "", message))
            continue
        try:
            node, found = parse_yaml(text, f"--set {path}") if text.strip() else (None, [])
        except UnreadableError as error:
            node, found = None, [error.problem]
        problems += [Problem(Mark(f"--set {path}"), "", p.message) for p in found]
        overrides.pop(path, None)  # the last one of a path counts, in its own place
        overrides[path] = None if node is None else node.data()
    if problems:
        raise CaseError(lines(problems))
    return overrides


def with_overrides(case: Case, overrides: Mapping[str, Any]) -> Case:
    """The case with overrides on top of those that it has; see `Case.override`."""
    origin = origin_of(case)
    return resolve(replace(origin, overrides=_later(origin.overrides, _pairs(overrides))), strict=True)


def in_scenario(case: Case, name: str | None) -> Case:
    """The case in a scenario; see `Case.scenario`."""
    origin = origin_of(case)
    if name is None or name == (origin.scenario or BASE):
        return case
    if name != BASE and name not in case.scenarios:
        known = ", ".join([BASE, *case.scenarios])
        close = hint(name, [BASE, *case.scenarios])
        more = f" scenarios of {case.name} are {known}" if close.startswith("did") else ""
        raise CaseError(f"unknown scenario '{name}'; {close}{more}")
    return resolve(replace(origin, scenario=None if name == BASE else name))


def at_end(case: Case, end: End) -> Case:
    """The case with its ranges at one end; see `Case.at`."""
    origin = origin_of(case)
    return case if end == origin.end else resolve(replace(origin, end=end))


def origin_of(case: Case) -> Origin:
    """The origin of a case; one that was built in Python comes from its own data."""
    if case._origin is None:
        tree = node_of(plain(case), Mark(f"case {case.name}"))
        case._origin = Origin(tree, resolved=tree)
    return case._origin


def resolve(origin: Origin, *, strict: bool = False) -> Case:
    """The case of an origin: overlay, then overrides, then validation, then the end of the ranges.

    A path that exists in another scenario only is left out, unless `strict`. Raises CaseError.
    """
    if origin.end not in ("low", "base", "high"):
        raise CaseError(f"unknown end of ranges '{origin.end}'; low, base or high")
    tree = origin.tree
    problems: list[Problem] = []
    if origin.scenario is not None:
        tree, problems = _overlaid(tree, origin.scenario)
    shape = shape_of(Case)
    for path, value in origin.overrides:
        try:
            tree = override(shape, tree, path, value)
        except OverrideError as error:
            if strict or not (error.unmatched and _exists_elsewhere(origin, path, value)):
                problems.append(Problem(Mark(f"--set {path}"), path, str(error)))
    found, case = _validated(tree, origin.scenario)
    problems += [_blamed(problem, origin.overrides) for problem in found]
    if problems or case is None:
        raise CaseError(lines(problems))
    if origin.end != "base":
        case = _at(case, origin.end)
        if moved := inconsistencies(case):
            found = consistency_problems(moved, tree)
            raise CaseError(lines(p._replace(message=f"{p.message} (with all ranges at {origin.end})") for p in found))
    case._origin = replace(origin, resolved=tree)
    return case


def _validated(tree: Node, scenario: str | None) -> tuple[list[Problem], Case | None]:
    shape = shape_of(Case)
    problems = list(whole_numbers(shape, tree))
    try:
        case = Case.model_validate(tree.data())
    except ValidationError as error:
        problems += problems_of(error, tree, shape)
        case = None
    if scenario is not None:
        problems = [_named(problem, tree, scenario) for problem in problems]
    return problems, case


def _named(problem: Problem, tree: Node, scenario: str) -> Problem:
    """The path of a problem as it stands in the file, where the overlay gave it."""
    node = tree
    for part in problem.path.split("."):
        child = node.child(part)
        if child is None:
            break
        node = child
    is_overlay = node.given == "scenario"
    return problem._replace(path=f"scenarios.{scenario}.overlay.{problem.path}") if is_overlay else problem


def _blamed(problem: Problem, overrides: tuple[tuple[str, Any], ...]) -> Problem:
    """A problem at a place in the files, which are sound without the overrides, names the overrides."""
    if not overrides or not problem.mark.line:
        return problem
    return problem._replace(message=f"{problem.message} (with --set {', '.join(path for path, _ in overrides)})")


def _of_scenario(found: list[Problem], scenario: str, known: list[Problem]) -> list[Problem]:
    """The problems that only the scenario has; what is wrong with the case itself is known."""
    seen = {(problem.mark, problem.message) for problem in known}
    prefix = f"scenarios.{scenario}."
    return [
        problem
        if problem.path.startswith(prefix)
        else problem._replace(message=f"{problem.message} (in the scenario {scenario})")
        for problem in found
        if (problem.mark, problem.message) not in seen
    ]


def _scenario_names(tree: Node) -> list[str]:
    scenarios = tree.child("scenarios")
    if scenarios is None or not isinstance(scenarios.value, dict):
        return []
    return [name for name, node in scenarios.value.items() if isinstance(_overlay_of(node).value, dict)]


def _overlay_of(scenario: Node) -> Node:
    return scenario.child("overlay") or Node(None, scenario.mark)


def _overlaid(tree: Node, name: str) -> tuple[Node, list[Problem]]:
    scenario = tree.value["scenarios"].value[name]
    over = _overlay_of(scenario)
    forbidden = [over.value[key] for key in ("scenarios", "name") if key in (over.value or {})]
    path = f"scenarios.{name}.overlay"
    if forbidden:
        message = "an overlay cannot change the name or the scenarios"
        return tree, [Problem(node.place, path, message) for node in forbidden]
    return overlay(shape_of(Case), tree, scenario, name)


def _exists_elsewhere(origin: Origin, path: str, value: Any) -> bool:
    """Whether an override fits the case itself or one of its scenarios."""
    trees = [origin.tree, *(_overlaid(origin.tree, name)[0] for name in _scenario_names(origin.tree))]
    for tree in trees:
        try:
            override(shape_of(Case), tree, path, value)
        except OverrideError:
            continue
        return True
    return False


def _pairs(overrides: Mapping[str, Any]) -> tuple[tuple[str, Any], ...]:
    return tuple((str(path).strip(), value) for path, value in overrides.items())


def _later(old: tuple[tuple[str, Any], ...], new: tuple[tuple[str, Any], ...]) -> tuple[tuple[str, Any], ...]:
    return (*(pair for pair in old if pair[0] not in dict(new)), *new)


def _at(value: Any, end: End) -> Any:
    """The value with every range in it at one end."""
    if isinstance(value, Quantity):
        return value.at(end) if value.is_range else value
    if isinstance(value, BaseModel):
        items = {name: getattr(value, name) for name in type(value).model_fields}
        changed = {name: _at(item, end) for name, item in items.items() if isinstance(item, BaseModel | dict | list)}
        return value.model_copy(update=changed) if changed else value
    if isinstance(value, dict):
        return {key: _at(item, end) for key, item in value.items()}
    if isinstance(value, list):
        return [_at(item, end) for item in value]
    return value
