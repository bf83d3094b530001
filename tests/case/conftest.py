"""The small case as a fixture."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.case.rich import RICH
from tests.case.small import Folder


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """A sound small case in a folder of its own."""
    return Folder(tmp_path / "small")


@pytest.fixture
def rich(tmp_path: Path) -> Folder:
    """A sound small case with every kind of instrument, rule and tax, in a folder of its own."""
    return Folder(tmp_path / "small", RICH)
