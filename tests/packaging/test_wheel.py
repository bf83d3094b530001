"""What is installed is what the tree holds: engine, mathematics and cases, and it works from any folder."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
INSTALLED_AS = {"leam_opt": "leam_opt", "models": "leam_opt/models", "cases": "leam_opt/cases"}
"""Folders of the tree and where they are installed."""


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the tree as a fresh clone has it: no caches, no leftovers of earlier builds."""
    folder = tmp_path_factory.mktemp("source")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, folder)
    for name in INSTALLED_AS:
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


@pytest.fixture(scope="module")
def wheel(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    _pip("wheel", str(source), "--no-build-isolation", "--wheel-dir", str(folder))
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("installed")
    _pip("install", "--target", str(folder), str(wheel))
    return folder


def _pip(command: str, *arguments: str) -> None:
    flags = ["--quiet", "--disable-pip-version-check", "--no-index", "--no-deps"]
    subprocess.run([sys.executable, "-m", "pip", command, *flags, *arguments], check=True, stdin=subprocess.DEVNULL)


def _tree() -> set[str]:
    """Every file of the three folders under the name that it has once installed."""
    found = set()
    for folder, target in INSTALLED_AS.items():
        for path in (ROOT / folder).rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts:
                found.add(f"{target}/{path.relative_to(ROOT / folder).as_posix()}")
    return found


def test_wheel_holds_every_file_of_the_tree_and_nothing_else(wheel: Path) -> None:
    """Breaks when a package is missing in pyproject.toml, or a case has a file that no package-data pattern matches."""
    with zipfile.ZipFile(wheel) as archive:
        inside = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert inside == _tree()


def test_wheel_carries_licence_version_and_command(wheel: Path) -> None:
    """Breaks when the metadata loses the licence text, the version of the package or the command."""
    import leam_opt

    with zipfile.ZipFile(wheel) as archive:
        info = {name.split(".dist-info/")[1]: name for name in archive.namelist() if ".dist-info/" in name}
        metadata = archive.read(info["METADATA"]).decode()
        assert archive.read(info["licenses/LICENSE"]).decode() == (ROOT / "LICENSE").read_text(encoding="utf-8")
        assert "leam-opt = leam_opt.cli:main" in archive.read(info["entry_points.txt"]).decode()
    assert f"\nVersion: {leam_opt.__version__}\n" in metadata
    assert "\nLicense-Expression: Apache-2.0\n" in metadata
    assert "\nRequires-Python: >=3.11\n" in metadata


def test_source_archive_builds_the_same_wheel(source: Path, wheel: Path, tmp_path: Path) -> None:
    """Breaks when the source archive leaves out the mathematics or the cases, which lie beside the engine."""
    backend = "import setuptools.build_meta, sys; setuptools.build_meta.build_sdist(sys.argv[1])"
    command = [sys.executable, "-c", backend, str(tmp_path)]
    subprocess.run(command, cwd=source, check=True, capture_output=True)
    (archive,) = tmp_path.glob("*.tar.gz")
    with tarfile.open(archive) as opened:
        opened.extractall(tmp_path, filter="data")
    _pip("wheel", str(archive).removesuffix(".tar.gz"), "--no-build-isolation", "--wheel-dir", str(tmp_path))
    with zipfile.ZipFile(tmp_path / wheel.name) as rebuilt, zipfile.ZipFile(wheel) as first:
        assert sorted(rebuilt.namelist()) == sorted(first.namelist())


def _run(installed: Path, folder: Path, *arguments: str) -> str:
    """Runs Python with the installed copy and the dependencies, blind to every other copy of the project."""
    # -S skips site, and with it the .pth file of an editable install.
    paths = [str(installed), sysconfig.get_path("purelib"), sysconfig.get_path("platlib")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
    command = [sys.executable, "-S", "-P", *arguments]
    return subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True, text=True).stdout


def test_installed_copy_finds_engine_mathematics_and_cases(installed: Path, tmp_path: Path) -> None:
    """Breaks when one of the three is found in the tree instead of the installation, or not at all."""
    program = (
        "import leam_opt, leam_opt.models.planning, leam_opt.cases\n"
        "for module in (leam_opt, leam_opt.models.planning, leam_opt.cases): print(module.__file__)\n"
        "print(*leam_opt.list_cases())\n"
        "print(leam_opt.load_case('leam-2022').name)\n"
    )
    *modules, cases, name = _run(installed, tmp_path, "-c", program).splitlines()
    assert all(Path(module).is_relative_to(installed) for module in modules)
    assert "leam-2022" in cases
    assert name == "leam-2022"


def test_installed_command_runs_outside_the_tree(installed: Path, tmp_path: Path) -> None:
    """Breaks when the command needs a file of the tree."""
    assert "leam-2022 is sound" in _run(installed, tmp_path, "-m", "leam_opt", "check", "leam-2022")


def test_mathematics_refuses_to_be_a_top_level_package() -> None:
    """Breaks when `import models` works in the tree: its modules would then exist twice, under two names."""
    result = subprocess.run([sys.executable, "-c", "import models"], cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == 1
    assert "this package is 'leam_opt.models'" in result.stderr


def test_constraints_pin_every_requirement_and_hold_no_address() -> None:
    """Breaks when a new dependency has no pinned version, or a pin carries an address or a hash."""
    pins = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if not line.startswith("#")]
    assert all(re.fullmatch(r"[A-Za-z0-9_.-]+==[0-9][0-9A-Za-z.]*", pin) for pin in pins)
    pinned = {_normal(pin.split("==")[0]) for pin in pins}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    required = project["dependencies"] + [line for extra in project["optional-dependencies"].values() for line in extra]
    assert {_normal(re.split(r"[^A-Za-z0-9_.-]", line)[0]) for line in required} <= pinned


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
