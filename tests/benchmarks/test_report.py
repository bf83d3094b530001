"""A decision pack of a solved case from its result: how long it takes beyond the solve, how large the page is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import leam_opt as lo
from leam_opt.report.export import json_text, write
from leam_opt.report.pack.make import decision_pack
from tests.study.tiny import tiny_case

_SECONDS = 3.0
_PAGE_BYTES = 6e6


def test_a_pack_of_a_solved_case(benchmark: Any, tmp_path: Path) -> None:
    """Page, workbook, tables and result; the plans of the file are audited again."""
    case = lo.load_case("leam-2022") if benchmark.enabled else tiny_case()
    result = tmp_path / "result.json"
    write(result, json_text(lo.compare(case, mip_gap=1e-2).to_dict()))
    files = benchmark.pedantic(lambda: decision_pack(result, tmp_path / "en"), rounds=1, iterations=1)
    assert {"index.html", "workbook.xlsx", "results.json"} <= {file.name for file in files}
    assert (tmp_path / "en" / "index.html").stat().st_size < _PAGE_BYTES
    if benchmark.enabled:
        assert benchmark.stats.stats.max < _SECONDS
