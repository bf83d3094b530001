"""The examples that a first reader copies run as they stand."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path

import pytest

import leam_opt
from tests.study.tiny import tiny_case

ROOT = Path(__file__).resolve().parents[2]


def test_the_what_if_of_the_readme_runs(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Dearer electricity costs money: the difference that the example prints is positive. The study has its runs."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    example, study = re.findall(r"```python\n(.*?)```", readme, flags=re.DOTALL)
    assert len([line for line in example.splitlines() if line.strip()]) == 6
    exec(compile(example, "README.md", "exec"), {})
    assert float(capsys.readouterr().out.split()[0]) > 0
    monkeypatch.chdir(tmp_path)
    exec(compile(study, "README.md", "exec"), {"lo": leam_opt})
    assert "(4000, " in capsys.readouterr().out


def test_the_example_of_the_package_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first lines of `help(leam_opt)`, on a small case where they would take long."""
    lines = re.findall(r"^    (.*)$", leam_opt.__doc__ or "", flags=re.MULTILINE)
    source = textwrap.dedent("\n".join(line.split("  #")[0] for line in lines))
    shipped = 'lo.load_case("leam-2022")'
    assert f"case = {shipped}" in source
    source = source.replace(shipped, "tiny").replace("lo.reconcile(case)", f"lo.reconcile({shipped})")
    prices = '{"kind": "grid", "levers": {"prices.tokens": [0.001, 0.002]}}'
    source = source.replace('"leam-2022/paper-range").run()', f"tiny, design={prices}).run(workers=1)")
    source = source.replace("lo.decision_pack(case,", "lo.decision_pack(case, full=False, folder=")
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {"tiny": tiny_case()}
    exec(compile(source, "leam_opt.__doc__", "exec"), names)
    assert isinstance(names["plan"], leam_opt.Plan)
    assert (tmp_path / "pack" / "index.html").is_file()


def test_the_readme_names_the_commands_of_the_makefile() -> None:
    """The two commands stand in the README and are targets."""
    readme, makefile = (ROOT / name for name in ("README.md", "Makefile"))
    for target in ("demo", "test"):
        assert f"make {target}" in readme.read_text(encoding="utf-8")
        assert re.search(rf"^{target}:", makefile.read_text(encoding="utf-8"), flags=re.MULTILINE)
