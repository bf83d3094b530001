"""Processes of this machine that solve side by side, one thread each; any room may use them."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor, as_completed
from typing import Any

_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


class Processes(Executor):
    """Processes of this machine; where one of them has died, the next task begins with new ones."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._pool: ProcessPoolExecutor | None = None

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        """The future of a call."""
        # Each call may start one more process, until there are as many as asked for.
        with _single_threaded(), _interrupts_wait(), _without_main():
            if self._pool is not None:
                try:
                    return self._pool.submit(fn, *args, **kwargs)
                except BrokenExecutor:
                    self._pool.shutdown()
            # Spawned, since HiGHS keeps threads that a forked child would lack.
            self._pool = ProcessPoolExecutor(self._count, multiprocessing.get_context("spawn"), initializer=_begin)
            return self._pool.submit(fn, *args, **kwargs)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Ends the processes: when they have finished, or at once where nobody waits."""
        if self._pool is None:
            return
        processes = list((getattr(self._pool, "_processes", None) or {}).values())
        self._pool.shutdown(wait=wait, cancel_futures=cancel_futures)
        if not wait:
            for process in processes:
                process.terminate()


def _begin() -> None:
    """Ctrl-C is for the parent, which ends its workers in an orderly way; where it is killed they end by themselves."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: Any) -> None:
    parent.join()
    os._exit(1)


@contextlib.contextmanager
def _interrupts_wait() -> Iterator[None]:
    """Ctrl-C waits meanwhile; processes that are started do not see it before they ignore it."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    from multiprocessing import resource_tracker  # there is none on Windows

    resource_tracker.ensure_running()  # multiprocessing starts it otherwise with the first process, and lets Ctrl-C in
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


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


@contextlib.contextmanager
def _single_threaded() -> Iterator[None]:
    """Processes that are started meanwhile have one thread for linear algebra, as for HiGHS."""
    added = [name for name in _THREADS if name not in os.environ]
    os.environ.update(dict.fromkeys(added, "1"))
    try:
        yield
    finally:
        for name in added:
            os.environ.pop(name, None)


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextlib.contextmanager
def processes(count: int) -> Iterator[Processes]:
    """Processes that end with the block: when they have finished, or at once where it is left by an error."""
    pool = Processes(count)
    try:
        yield pool
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        raise
    pool.shutdown()


def side_by_side(call: Callable[[Any], Any], tasks: Sequence[Any], workers: int | None) -> Iterator[tuple[int, Any]]:
    """Position and result of each task as it is done; one worker is this process, None takes all cores."""
    count = min(cores() if workers is None else workers, len(tasks))
    if count <= 1:
        for position, task in enumerate(tasks):
            yield position, call(task)
        return
    with processes(count) as pool:
        futures = {pool.submit(call, task): position for position, task in enumerate(tasks)}
        for future in as_completed(futures):
            yield futures[future], future.result()
