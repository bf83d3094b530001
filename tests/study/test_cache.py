"""Results that studies share: a figure that is found is the one that was kept, and trouble ends no study."""

from __future__ import annotations

import math
import os
import pickle
import random
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leam_opt.study import cache as module
from leam_opt.study.cache import Cache, CachedRow, code_digest, key, versions

POSIX = pytest.mark.skipif(os.name == "nt", reason="file limits and forks are those of POSIX")
FILE = "rows-1-000001.sqlite"
NAMES = ["deficit_meur", "unfunded_gap_meur", "tokens_per_year"]

# Two of these put rows of their own and the same ones at the same time.
WRITER = """
import sys
from leam_opt.study.cache import Cache, CachedRow, key
folder, mine = sys.argv[1:]
with Cache(folder) as cache:
    for batch in range(60):
        rows = {}
        for number in range(batch * 10, batch * 10 + 10):
            for name in (mine, "both"):
                rows[key(name, {"a": number}, "evaluate", "", {}, "")] = CachedRow({name: number / 3}, "evaluated")
        cache.put_many(rows)
        assert cache.get_many(list(rows)).keys() == rows.keys()
    assert cache.enabled
"""


def named(number: int) -> bytes:
    return key("hash", {"number": number}, "evaluate", "", {}, "digest")


def row(number: float) -> CachedRow:
    return CachedRow({name: number / (place + 3) for place, name in enumerate(NAMES)}, "evaluated")


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[Cache]:
    with Cache(tmp_path / "cache") as opened:
        yield opened


def known(cache: Cache, count: int) -> list[int]:
    """Which rows of `row(0), row(1), ...` a cache knows; each has to be exact."""
    found = cache.get_many([named(number) for number in range(count)])
    numbers = [number for number in range(count) if named(number) in found]
    for number in numbers:
        assert found[named(number)].outputs == row(number).outputs
    return numbers


def test_a_row_comes_back_bit_by_bit(cache: Cache) -> None:
    """Breaks when a figure is rounded, a word is lost, or rows of other outputs are mixed up."""
    plan = {"servers": np.arange(6, dtype=np.int32).reshape(2, 3), "share": np.array(1 / 3)}
    outputs = {"a": 0.1 + 0.2, "b": -0.0, "c": 5e-324, "d": math.inf, "Ähre": 1e308, "missing": math.nan}
    given_rows = {
        named(1): CachedRow(outputs, "optimal", "", "2025: 3 servers", "plan-1", plan),
        named(2): CachedRow({}, "infeasible", 'no power\n"in" 2026'),
        named(3): row(3),
    }
    cache.put_many(given_rows)
    found = cache.get_many([named(3), named(1), named(4), named(2), named(1)])
    assert found.keys() == given_rows.keys()
    for name, kept in given_rows.items():
        assert list(found[name].outputs) == list(kept.outputs)
        assert np.array(list(found[name].outputs.values())).tobytes() == np.array(list(kept.outputs.values())).tobytes()
        words = [(each.status, each.reason, each.structure, each.plan_key) for each in (kept, found[name])]
        assert words[0] == words[1]
    arrays = found[named(1)].plan
    assert arrays is not None
    assert {name: (array.dtype, array.tolist()) for name, array in arrays.items()} == {
        name: (array.dtype, array.tolist()) for name, array in plan.items()
    }
    cache.put_many({named(3): row(7)})
    assert cache.get_many([named(3)])[named(3)].outputs == row(7).outputs
    assert cache.get_many([]) == {}
    cache.put_many({})
    with pytest.raises(ValueError, match="a key has 32 bytes, not 3"):
        cache.get_many([b"abc"])


def test_two_processes_share_it_at_the_same_time(tmp_path: Path) -> None:
    """Breaks when one process locks the other out, or their rows displace each other."""
    commands = [[sys.executable, "-c", WRITER, str(tmp_path), name] for name in ("one", "two")]
    writers = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for command in commands]
    for writer in writers:
        _, errors = writer.communicate()
        assert writer.returncode == 0, errors
        assert not errors
    with Cache(tmp_path) as cache:
        for name in ("one", "two", "both"):
            keys = [key(name, {"a": number}, "evaluate", "", {}, "") for number in range(600)]
            found = cache.get_many(keys)
            assert [found[each].outputs for each in keys] == [{name: number / 3} for number in range(600)]


@POSIX
def test_a_forked_worker_opens_the_file_for_itself(tmp_path: Path) -> None:
    """Breaks when a child goes on with the connection of its parent, which SQLite forbids."""
    script = """
import os, sys
from leam_opt.study.cache import Cache, CachedRow, key
cache = Cache(sys.argv[1])
keys = [key("", {"a": number}, "", "", {}, "") for number in range(3)]
cache.put_many({keys[0]: CachedRow({}, "parent")})
inherited = cache._connection
child = os.fork()
if not child:
    cache.put_many({keys[1]: CachedRow({}, "child")})
    assert cache._connection is not inherited
    cache.close()
    sys.exit(0)
assert os.waitpid(child, 0)[1] == 0
cache.put_many({keys[2]: CachedRow({}, "parent")})
print([cache.get_many(keys)[each].status for each in keys])
"""
    assert subprocess.check_output([sys.executable, "-c", script, str(tmp_path)], text=True) == (
        "['parent', 'child', 'parent']\n"
    )


def test_a_cache_goes_to_a_worker(tmp_path: Path) -> None:
    """Breaks when a task that carries the cache cannot be sent."""
    with Cache(tmp_path, limit_bytes=123456) as cache, pickle.loads(pickle.dumps(cache)) as copy:
        cache.put_many({named(1): row(1)})
        assert known(copy, 3) == [1]
        assert copy.limit_bytes == 123456


FIGURES = st.dictionaries(
    st.text("ab.é", min_size=1, max_size=4),
    st.floats(allow_nan=False) | st.integers(-(10**6), 10**6) | st.text("01.", max_size=3),
    max_size=4,
)


@given(FIGURES, st.randoms(use_true_random=False))
def test_the_same_figures_have_the_same_key(changed: dict[str, float | str], order: random.Random) -> None:
    """Breaks when the order of paths, the type of a number or the sign of a zero counts."""
    items = list(changed.items())
    order.shuffle(items)
    other = {
        path: value if isinstance(value, str) else np.float64(value) if value else -float(value)
        for path, value in items
    }
    assert key("h", changed, "replan", "", changed, "c") == key("h", other, "replan", "", other, "c")
    assert len(key("h", changed, "replan", "", {}, "c")) == 32


@given(FIGURES, FIGURES)
def test_other_figures_have_another_key(one: Mapping[str, float | str], other: Mapping[str, float | str]) -> None:
    """Breaks when two variants share a key: a word and a number, a path and its neighbour, the last bit of a figure."""
    assert (key("h", one, "", "", {}, "") == key("h", other, "", "", {}, "")) == (one == other)


def test_everything_that_shapes_a_result_is_in_its_key() -> None:
    """Breaks when a result of another case, lane, plan, solver option or programme is taken."""
    keys = [
        key("h", {}, "evaluate", "", {}, "c"),
        key("g", {}, "evaluate", "", {}, "c"),
        key("h", {"a": 1.0}, "evaluate", "", {}, "c"),
        key("h", {"a": math.nextafter(1.0, 2)}, "evaluate", "", {}, "c"),
        key("h", {"a": "1.0"}, "evaluate", "", {}, "c"),
        key("h", {}, "evaluate", "", {"a": 1.0}, "c"),
        key("h", {}, "evaluate", "", {"a": True}, "c"),
        key("h", {}, "evaluate", "", {"a": {"b": [1, None]}}, "c"),
        key("h", {}, "evaluate", "", {"seed": 2**60}, "c"),
        key("h", {}, "evaluate", "", {"seed": 2**60 + 1}, "c"),
        key("h", {}, "replan", "", {}, "c"),
        key("h", {}, "evaluate", "p", {}, "c"),
        key("h", {}, "evaluate", "", {}, "d"),
    ]
    assert len(set(keys)) == len(keys)
    assert key("h", {}, "", "", {"a": {"b": 1, "c": 2}}, "") == key("h", {}, "", "", {"a": {"c": 2.0, "b": 1}}, "")


def test_the_programme_is_known_by_its_source_and_versions(monkeypatch: pytest.MonkeyPatch) -> None:
    """Breaks when a changed rule or solver keeps the key of old results, or a change of the data alters it."""
    sources = module._sources()
    assert {"leam_opt/errors.py", "leam_opt/ledger/audit.py", "leam_opt/models/planning.py"} <= sources.keys()
    assert not [name for name in sources if "cases/" in name or name.startswith("leam_opt.")]
    first = code_digest()
    assert first == code_digest()
    seen = [code_digest.__wrapped__()]
    for changed in (
        sources | {"leam_opt/models/planning.py": b"x = 1"},
        {name: text for name, text in sources.items() if name != "leam_opt/errors.py"},
    ):
        monkeypatch.setattr(module, "_sources", lambda changed=changed: changed)
        seen.append(code_digest.__wrapped__())
    monkeypatch.setattr(module, "versions", lambda: versions() | {"highspy": "0"})
    seen.append(code_digest.__wrapped__())
    monkeypatch.setattr(module, "versions", lambda: versions() | {"highspy": "0", "python": "0"})
    seen.append(code_digest.__wrapped__())
    assert len(set(seen)) == 4
    assert seen[-1] == seen[-2]


@pytest.mark.parametrize("spoiled", ["garbage", "empty pages"])
def test_a_damaged_file_is_put_by_and_a_new_one_begun(tmp_path: Path, spoiled: str) -> None:
    """Breaks when a damaged cache ends a study, or is met again at every look."""
    file = tmp_path / FILE
    with Cache(tmp_path) as cache:
        cache.put_many({named(number): row(number) for number in range(300)})
    if spoiled == "garbage":
        file.write_bytes(b"no database at all " * 1000)
    else:
        content = file.read_bytes()
        file.write_bytes(content[:4096] + bytes(len(content) - 4096))
    with Cache(tmp_path) as cache:
        with pytest.warns(UserWarning, match=r"was damaged; it lies in rows.broken now, and a new one") as told:
            assert known(cache, 300) == []
        assert len(told) == 1
        cache.put_many({named(5): row(5)})
        assert known(cache, 300) == [5]
    assert (tmp_path / "rows.broken").stat().st_size > 4096


def test_a_damaged_row_is_no_result(tmp_path: Path) -> None:
    """Breaks when a wrong figure in the file passes for a result: SQLite itself does not notice it."""
    with Cache(tmp_path) as cache:
        cache.put_many({named(number): row(number) for number in range(5)})
    connection = sqlite3.connect(tmp_path / FILE)
    (content,) = connection.execute("SELECT row FROM rows WHERE key = ?", (named(1),)).fetchone()
    connection.execute("UPDATE rows SET row = ? WHERE key = ?", (content[:-1] + b"@", named(1)))
    connection.execute("UPDATE rows SET row = ? WHERE key = ?", (content, named(2)))
    connection.execute("UPDATE rows SET plan = ? WHERE key = ?", (b"", named(3)))
    connection.commit()
    connection.close()
    with Cache(tmp_path) as cache:
        assert known(cache, 5) == [0, 4]
        cache.put_many({named(1): row(1)})
        assert known(cache, 5) == [0, 1, 4]


def test_a_file_that_another_process_has_put_by_is_left(tmp_path: Path) -> None:
    """Breaks when each of several processes that meet the same damage puts the others' new file by."""
    with Cache(tmp_path) as cache:
        cache.put_many({named(number): row(number) for number in range(300)})
    with Cache(tmp_path) as one, Cache(tmp_path) as two:
        assert known(one, 3) == known(two, 3) == [0, 1, 2]
        content = (tmp_path / FILE).read_bytes()
        (tmp_path / FILE).write_bytes(content[:4096] + bytes(len(content) - 4096))
        with pytest.warns(UserWarning, match="was damaged") as told:
            for cache in (one, two):
                assert known(cache, 300) in ([], [4])
                cache.put_many({named(4): row(4)})
        assert len(told) == 1
        assert known(one, 300) == known(two, 300) == [4]


def test_a_folder_that_cannot_be_written_is_told_once(tmp_path: Path) -> None:
    """Breaks when a study ends, or complains at every row, because the cache has no room."""
    (tmp_path / "file").touch()
    with Cache(tmp_path / "file" / "cache") as cache:
        assert cache.enabled
        with pytest.warns(UserWarning, match=r"the cache in .* is not used any further: .*; LEAM_OPT_CACHE can name"):
            cache.put_many({named(0): row(0)})
        assert not cache.enabled
        cache.put_many({named(0): row(0)})
        assert known(cache, 1) == []


@POSIX
def test_a_full_disk_is_told_once(tmp_path: Path) -> None:
    """Breaks when a disk that fills in the middle of a study ends it."""
    import resource

    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    with Cache(tmp_path) as cache:
        cache.put_many({named(number): row(number) for number in range(100)})
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))
        try:
            with pytest.warns(UserWarning, match="is not used any further") as told:
                for start in range(100, 3000, 100):
                    cache.put_many({named(number): row(number) for number in range(start, start + 100)})
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        assert len(told) == 1
        assert not cache.enabled
    with Cache(tmp_path) as cache:
        assert known(cache, 3000)[:100] == list(range(100))


def test_the_rows_that_were_used_longest_ago_make_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Breaks when the file grows beyond its limit, or loses what is in use."""
    clock = [time.time()]
    monkeypatch.setattr(time, "time", lambda: clock[0])
    with Cache(tmp_path, limit_bytes=1_000_000) as cache:
        for start in range(0, 12_000, 500):
            cache.put_many({named(number): row(number) for number in range(start, start + 500)})
            clock[0] += 4000
            assert known(cache, 100) == list(range(100))
        left = known(cache, 12_000)
    assert left[:100] == list(range(100))
    assert left[-500:] == list(range(11_500, 12_000))
    assert len(left) < 8_000
    assert (tmp_path / FILE).stat().st_size < 1_200_000


def test_where_the_cache_lies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Breaks when the user's word on the cache does not count."""
    monkeypatch.delenv("LEAM_OPT_CACHE", raising=False)
    standard = Cache()
    assert standard.enabled
    assert standard.folder is not None
    assert "leam-opt" in standard.folder.parts
    monkeypatch.setenv("LEAM_OPT_CACHE", str(tmp_path / "mine"))
    assert Cache().folder == tmp_path / "mine"
    assert Cache(tmp_path / "given").folder == tmp_path / "given"
    monkeypatch.setenv("LEAM_OPT_CACHE", "off")
    for none in (Cache(), Cache("off"), pickle.loads(pickle.dumps(Cache("off")))):
        assert not none.enabled
        none.put_many({named(0): row(0)})
        assert none.get_many([named(0)]) == {}
    assert not list(tmp_path.iterdir())
