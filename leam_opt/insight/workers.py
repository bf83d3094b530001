"""Calls side by side in processes of this machine."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from typing import Any


def side_by_side(call: Callable[[Any], Any], tasks: Sequence[Any], workers: int | None) -> Iterator[tuple[int, Any]]:
    """Position and result of each task as it is done; one worker is this process, None takes all cores.

    HiGHS runs on one thread, so that processes do not get into each other's way.
    """
    count = min(_cores() if workers is None else workers, len(tasks))
    if count <= 1:
        for position, task in enumerate(tasks):
            yield position, call(task)
        return
    # Spawned, since HiGHS keeps threads that a forked child would lack.
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(count, context, initializer=_ignore_interrupts)
    try:
        with _without_main():
            futures = {pool.submit(call, task): position for position, task in enumerate(tasks)}
        for future in as_completed(futures):
            yield futures[future], future.result()
    except BaseException:
        processes = list((getattr(pool, "_processes", None) or {}).values())
        pool.shutdown(wait=False, cancel_futures=True)
        for process in processes:
            process.terminate()
        raise
    pool.shutdown()


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _ignore_interrupts() -> None:
    """Ctrl-C is for the parent, which ends its workers."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


@contextlib.contextmanager
def _without_main() -> Iterator[None]:
    """Processes that are started meanwhile do not run the user's script again, which need have no guard for that."""
    main = sys.modules["__main__"].__dict__
    kept: dict[str, Any] = {name: main[name] for name in ("__file__", "__spec__") if name in main}
    main.pop("__file__", None)
    main["__spec__"] = None
    try:
        yield
    finally:
        main.pop("__spec__", None)
        main.update(kept)
