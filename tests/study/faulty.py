"""What is sent to other processes: ways to end them, and a question."""

from __future__ import annotations

import os
import signal
import time
from typing import Any

from leam_opt.study.tasks import Task, work

DEADLY = 30
"""The run that nothing survives."""


def deadly(task: Task) -> Any:
    """Ends its process at one of the runs."""
    if task.lane != "make" and DEADLY in task.runs:
        os._exit(3)
    return work(task)


def begin_hopeless() -> None:
    """Ends a process before its first task, as where a script has no guard around its main part."""
    os._exit(3)


def about_itself() -> tuple[int, tuple[str | None, str | None, bool]]:
    """The process that this is done in: two of its variables, and whether Ctrl-C is held off and ignored."""
    time.sleep(0.2)
    held = signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, ())
    ignored = signal.getsignal(signal.SIGINT) == signal.SIG_IGN
    return os.getpid(), (os.environ.get("OMP_NUM_THREADS"), os.environ.get("MKL_NUM_THREADS"), held and ignored)
