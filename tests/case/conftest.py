"""The small case as a fixture."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.case.small import Folder


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """A sound small case in a folder of its own."""
    return Folder(tmp_path / "small")
