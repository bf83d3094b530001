"""Measures everything anew and writes the tables of README.md: `python -m tests.benchmarks.table`.

It takes about half an hour, nearly all of it cold solves of the re-plan sweep; `--variants 10` shortens that one.
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from tests.benchmarks.peers.compare import Compared, compare, lanes, peers
from tests.benchmarks.peers.programme import DEFAULTS
from tests.benchmarks.peers.replan import TUNED, Sweep, sweep
from tests.benchmarks.peers.sample import FIGURES, Sample, planned

README = Path(__file__).with_name("README.md")
SCENARIOS = ("public", "ppp")
_PACKAGES = ("highspy", "pyomo", "linopy", "pyoptinterface", "numpy", "scipy")
_LANE_VARIANTS, _PEER_VARIANTS, _ROUNDS = 200, 100, 7


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def machine() -> str:
    """Processor and versions, and no names of machines."""
    processor = platform.processor() or platform.machine()
    if (about := Path("/proc/cpuinfo")).exists() and (found := re.search(r"model name\s*: (.+)", about.read_text())):
        processor = found[1]
    versions = []
    for package in _PACKAGES:
        try:
            versions.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            versions.append(f"without {package}")
    return f"{processor}, {os.cpu_count()} cores; Python {platform.python_version()}, {', '.join(versions)}."


def _cells(compared: Iterable[Compared], key: str) -> list[str]:
    return [cell for one in compared for cell in (f"{one.ms(key):.2f}", f"{one.times(key):.2f}")]


def peers_table() -> str:
    """All libraries on variants that keep the plan's promises."""
    found = []
    for scenario in SCENARIOS:
        _say(f"peers, {scenario}")
        sample = Sample.of(planned(scenario), "all prices", _PEER_VARIANTS)
        found.append(compare(sample, peers(sample), _ROUNDS))
    head = ["way", *(f"{scenario}, {what}" for scenario in SCENARIOS for what in ("ms", "× cold"))]
    order = sorted(found[0].ways, key=found[0].times, reverse=True)
    return _table(head, [[found[0].ways[key].name, *_cells(found, key)] for key in order])


def lanes_table() -> str:
    """The evaluate lane, by figures that vary."""
    tables = []
    for scenario in SCENARIOS:
        found = []
        for figures in FIGURES:
            _say(f"evaluate lane, {scenario}, {figures}")
            sample = Sample.of(planned(scenario), figures, _LANE_VARIANTS)
            found.append(compare(sample, lanes(sample), _ROUNDS))
        figures_told = [f"{name} ({len(one.sample.values)})" for name, one in zip(FIGURES, found, strict=True)]
        head = [scenario, *(cell for name in figures_told for cell in (f"{name}, ms", "× cold"))]
        size = f"\n\n{found[0].sample.programmes[0].size}."
        tables.append(_table(head, [[way.name, *_cells(found, key)] for key, way in found[0].ways.items()]) + size)
    return "\n\n".join(tables)


def replan_table(count: int) -> str:
    """The re-plan lane on a sweep of prices."""
    options = {"default": DEFAULTS, "tuned": TUNED}
    found: dict[str, Sweep] = {}
    for scenario in SCENARIOS:
        _say(f"re-plan lane, {scenario}")
        found[scenario] = sweep(scenario, count, options)
    rows: list[tuple[str, Callable[[Sweep], str]]] = [
        (
            f"{count} cold `run()`s of bare HiGHS, default options, s",
            lambda one: f"{sum(one.raw_seconds['default']):.1f}",
        ),
        ("the same with the options of a single solve, s", lambda one: f"{sum(one.raw_seconds['tuned']):.1f}"),
        ("**leam-opt**: the lane with everything but the store, s", lambda one: f"{sum(one.lane_seconds):.1f}"),
        ("**× cold, default options**", lambda one: f"**{one.times('default'):.2f}**"),
        ("× cold, options of a single solve", lambda one: f"{one.times('tuned'):.2f}"),
        ("part of the lane's time that is not HiGHS", lambda one: f"{100 * one.other_share:.1f} %"),
        ("different plans", lambda one: f"{one.plans}"),
    ]
    return _table(["", *SCENARIOS], [[told, *(cell(found[name]) for name in SCENARIOS)] for told, cell in rows])


def written(text: str, name: str, part: str) -> str:
    """A text with the part between the marks of a name replaced."""
    marked = re.compile(rf"(<!-- {name} -->\n).*?(<!-- end of {name} -->)", re.DOTALL)
    if len(marked.findall(text)) != 1:
        raise SystemExit(f"{README.name}: it has to have one line '<!-- {name} -->' and one '<!-- end of {name} -->'")
    return marked.sub(lambda match: f"{match[1]}{part}\n{match[2]}", text)


def _say(what: str) -> None:
    print(what, file=sys.stderr, flush=True)  # noqa: T201 - a command


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--variants", type=int, default=50, help="of the re-plan sweep, for each scenario")
    parser.add_argument("--only", choices=("peers", "lanes", "replan"), help="one table")
    chosen = parser.parse_args()
    tables = {"peers": peers_table, "lanes": lanes_table, "replan": lambda: replan_table(chosen.variants)}
    for name, table in {"machine": machine, **tables}.items():
        if name == "machine" or chosen.only in (None, name):
            part = table()
            README.write_text(written(README.read_text(), name, part))


if __name__ == "__main__":
    main()
