"""Finds a formulation by name or by path, and rules that a user brings along."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from leam_opt.case.schema import Case
from leam_opt.errors import ModelError

Rule = str | Path | Callable[[Any, Case], None]
"""A Python file with `add(model, case)`, or that function itself."""


def load_formulation(formulation: str | Path) -> ModuleType:
    """The module of a formulation: a shipped name (`planning`) or the path of a Python file with `build(case)`.

    Raises:
        ModelError: there is none, or it has no `build`.
    """
    module = _load(formulation)
    if not hasattr(module, "build"):
        raise ModelError(f"{formulation}: a formulation needs a function build(case) that returns a Pyomo model")
    return module


def _load(name: str | Path) -> ModuleType:
    if isinstance(name, str) and name.isidentifier():
        try:
            return importlib.import_module(f"leam_opt.models.{name}")
        except ModuleNotFoundError as error:
            if error.name != f"leam_opt.models.{name}":
                raise
            raise ModelError(f"unknown formulation '{name}'; shipped is 'planning', or give a Python file") from None
    path = Path(name)
    if path.suffix != ".py" or not path.is_file():
        raise ModelError(f"{path}: no such Python file; a formulation is a shipped name ('planning') or a file")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise ModelError(f"{path}: it cannot be imported: {type(error).__name__}: {error}") from error
    return module


def build(case: Case, formulation: str | Path = "planning", rules: Sequence[Rule] = ()) -> Any:
    """The Pyomo model of a case with the user's own rules.

    Raises:
        ModelError: a file is missing, has no `add`, or fails.
    """
    model = load_formulation(formulation).build(case)
    for rule in rules:
        add = rule if callable(rule) else getattr(_load(Path(rule)), "add", None)
        if add is None:
            raise ModelError(f"{rule}: a rule needs a function add(model, case)")
        try:
            add(model, case)
        except Exception as error:
            raise ModelError(f"{rule}: add(model, case) failed: {type(error).__name__}: {error}") from error
    return model
