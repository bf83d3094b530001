"""Where tasks run: in this process, in processes of this machine, on a Dask cluster, or on any executor."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor
from typing import Any

from leam_opt.errors import CaseError

Width = Callable[[], int]
"""How many tasks an executor can run at once; a cluster may grow."""

_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
_DASK_SECONDS = 5


class Serial(Executor):
    """Runs each task at once in this process."""

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        """The finished future of a call; Ctrl-C ends the call, also where what is called looks over it."""
        future: Future[Any] = Future()
        with _noticed() as interrupted:
            try:
                future.set_result(fn(*args, **kwargs))
            except Exception as error:
                future.set_exception(error)
        if interrupted:
            raise KeyboardInterrupt
        return future


@contextlib.contextmanager
def _noticed() -> Iterator[list[int]]:
    """A list that is no longer empty once Ctrl-C was pressed; in other threads than the main one it stays empty."""
    noticed: list[int] = []
    before = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(before):
        yield noticed
        return

    def handler(number: int, frame: Any) -> None:
        noticed.append(number)
        before(number, frame)

    signal.signal(signal.SIGINT, handler)
    try:
        yield noticed
    finally:
        signal.signal(signal.SIGINT, before)


class Processes(Executor):
    """Processes of this machine; where one of them has died, the next task begins with new ones."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._pool: ProcessPoolExecutor | None = None

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        """The future of a call."""
        if self._pool is not None:
            try:
                return self._pool.submit(fn, *args, **kwargs)
            except BrokenExecutor:
                self._pool.shutdown()
        # Spawned, since HiGHS keeps threads that a forked child would lack.
        self._pool = ProcessPoolExecutor(self._count, multiprocessing.get_context("spawn"), initializer=_begin)
        with _single_threaded(), _interrupts_wait(), _without_main():
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
def opened(
    workers: int | None = None, dask: str | None = None, executor: Executor | None = None
) -> Iterator[tuple[Executor, Width]]:
    """An executor and the number of tasks that it can run at once.

    Args:
        workers: processes of this machine; 1 runs in this process, None takes all cores.
        dask: address of a Dask scheduler.
        executor: one of the caller's own; it is left running.

    Raises:
        CaseError: Dask is not installed or does not answer.
    """
    if executor is not None:
        width = _width(executor)
        yield executor, lambda: width
    elif dask is not None:
        with _client(dask) as client:
            yield client.get_executor(pure=False), lambda: _threads(client)
    elif (count := workers or cores()) == 1:
        yield Serial(), lambda: 1
    else:
        pool = Processes(count)
        try:
            yield pool, lambda: count
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
        pool.shutdown()


def _width(executor: Executor) -> int:
    """How many tasks an executor runs at once; where it does not say, as many as there are cores."""
    return int(getattr(executor, "_max_workers", 0) or cores())


def _threads(client: Any) -> int:
    """Threads of a cluster's workers; one where none has arrived yet, or where the scheduler is gone, as tasks tell."""
    try:
        return max(int(sum(client.nthreads().values())), 1)
    except OSError:
        return 1


@contextlib.contextmanager
def _client(address: str) -> Iterator[Any]:
    try:
        from distributed import Client
    except ImportError:
        raise CaseError("--dask: Dask is not installed; pip install 'leam-opt[dask]'") from None
    try:
        client = Client(address, timeout=_DASK_SECONDS)
    except (OSError, TimeoutError, ValueError) as error:
        raise CaseError(
            f"--dask {address}: no scheduler answers there ({error}); start one with `dask scheduler`"
        ) from None
    try:
        yield client
    finally:
        client.close()
