"""Where tasks run: in this process, in processes of this machine, on a Dask cluster, or on any executor."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from typing import Any

from leam_opt.errors import CaseError
from leam_opt.processes import cores, processes

Width = Callable[[], int]
"""How many tasks an executor can run at once; a cluster may grow."""

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
        with processes(count) as pool:
            yield pool, lambda: count


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
