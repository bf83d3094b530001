"""LibreOffice without a window: recalculates workbooks, with a profile of its own so that tests run side by side."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

_SETTINGS = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry" xmlns:xs="http://www.w3.org/2001/XMLSchema"
 xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
<item oor:path="/org.openoffice.Office.Calc/Formula/Load">
<prop oor:name="OOXMLRecalcMode" oor:op="fuse"><value>0</value></prop></item>
</oor:items>
"""
"""Recalculate always; by default LibreOffice trusts the values of files that Excel could have written."""
_SECONDS = 120


def needed() -> str:
    """The path of LibreOffice; skips the test where there is none, fails it where there has to be one."""
    found = shutil.which("soffice")
    if found is None and (os.environ.get("CI") or os.environ.get("LEAM_OPT_REQUIRE_OFFICE")):
        pytest.fail("soffice is missing: install libreoffice-calc")
    if found is None:
        pytest.skip("soffice is missing: install libreoffice-calc to test recalculation")
    return found


def recalculated(files: Sequence[Path], folder: Path) -> list[Path]:
    """The workbooks as LibreOffice writes them after it has calculated every formula anew."""
    profile, out = folder / "profile", folder / "recalculated"
    (profile / "user").mkdir(parents=True, exist_ok=True)
    (profile / "user" / "registrymodifications.xcu").write_text(_SETTINGS, encoding="utf-8")
    command = [needed(), f"-env:UserInstallation={profile.as_uri()}", "--headless", "--convert-to", "xlsx"]
    command += ["--outdir", str(out), *map(str, files)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS, check=False)
    made = [out / file.name for file in files]
    assert all(file.is_file() for file in made), f"{done.stdout}\n{done.stderr}"
    return made
