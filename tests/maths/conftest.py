"""The naive formulation as a fixture."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.maths.cheating import Naive


@pytest.fixture
def naive(tmp_path: Path) -> Naive:
    """Takes guards away."""
    return Naive(tmp_path)
