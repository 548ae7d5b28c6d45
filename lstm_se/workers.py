"""Processes that score and convert beside the one that holds the model."""

from __future__ import annotations

import os
import signal
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import BrokenExecutor, wait
from threading import Thread
from typing import Any

Progress = Callable[[Iterable[Any]], Iterable[Any]]  # wraps what is worked through, like tqdm
ONE_THREAD = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL")}
_LOOK = 0.2  # seconds after which a worker looks again whether it is still wanted


def executor(jobs: int) -> Any:
    """Executor of ``jobs`` processes that start afresh, stay for the next call, one thread each.

    loky rather than ``multiprocessing``: it neither forks nor runs the caller's script again.
    """
    from loky import get_reusable_executor

    begin = {"initializer": _begin, "initargs": (os.getpid(),)}
    return get_reusable_executor(jobs, env=ONE_THREAD, **begin)


def _begin(parent: int) -> None:
    """Leave what a terminal sends to the process that started the workers, and end with it."""
    for name in ("SIGINT", "SIGHUP"):
        if hasattr(signal, name):  # Windows has no terminal that hangs up
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    follow(parent)


def follow(parent: int) -> None:
    """Let this process end when its parent was killed: it would write into what the next run does.

    Args:
        parent: Number of the process that started this one, which may have ended by now.
    """

    def end() -> None:
        while os.getppid() == parent:
            time.sleep(_LOOK)
        os._exit(1)

    Thread(target=end, daemon=True).start()


def in_order(
    work: Callable[[Any], Any],
    items: Iterable[Any],
    jobs: int,
    finish: bool = True,
    hurry: Callable[[], object] = lambda: None,
) -> Iterator[Any]:
    """Results of ``work`` on each item, in order, a few under way; with one job, of this process.

    When the caller stops, the items under way are finished and the others never begun: loky
    complains at length when it is ended in the middle. Without ``finish`` it is ended all the same.

    Args:
        work: What is done to an item; it must be known to other processes.
        items: What to work on.
        jobs: Number of processes.
        finish: Whether to wait for the items under way.
        hurry: Called before that wait, to tell them that nobody needs them any more.

    Raises:
        ChildProcessError: If a process ended early.
    """
    if jobs == 1:
        yield from map(work, items)
        return
    workers, waiting = executor(jobs), deque[Any]()
    try:
        for item in items:
            waiting.append(workers.submit(work, item))
            if len(waiting) > 2 * jobs:
                yield _first(waiting)
        while waiting:
            yield _first(waiting)
    except BrokenExecutor:
        raise ChildProcessError(
            "a worker process ended early, perhaps for lack of memory: try fewer jobs"
        ) from None
    except BaseException:
        hurry()
        if finish:
            wait(waiting)
        else:
            workers.shutdown(wait=False, kill_workers=True)
        raise


def _first(waiting: deque[Any]) -> Any:
    """The first result; while it is waited for, it stays among those that are under way."""
    result = waiting[0].result()
    waiting.popleft()
    return result
