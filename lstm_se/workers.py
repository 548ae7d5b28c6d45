"""Processes that score and convert beside the one that holds the model."""

from __future__ import annotations

import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import BrokenExecutor, wait
from contextlib import contextmanager
from typing import Any

Progress = Callable[[Iterable[Any]], Iterable[Any]]  # wraps what is worked through, like tqdm
ONE_THREAD = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL")}


def executor(jobs: int) -> Any:
    """Executor of ``jobs`` processes that start afresh, stay for the next call, one thread each.

    loky rather than ``multiprocessing``: it neither forks nor runs the caller's script again.
    """
    from loky import get_reusable_executor

    return get_reusable_executor(jobs, env=ONE_THREAD, initializer=_leave_interrupts_alone)


def _leave_interrupts_alone() -> None:
    """Ctrl-C reaches the workers, too: the process that started them decides what becomes of it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


@contextmanager
def _told() -> Iterator[None]:
    """Say what a broken executor means."""
    try:
        yield
    except BrokenExecutor:
        raise ChildProcessError(
            "a worker process ended early, perhaps for lack of memory: try fewer jobs"
        ) from None


def in_order(work: Callable[[Any], Any], items: Iterable[Any], jobs: int) -> Iterator[Any]:
    """Results of ``work`` on each item, in order; with one job, of this process.

    When the caller stops, the few items under way are finished and the others never begun: loky
    complains at length when it is ended in the middle.
    """
    if jobs == 1:
        yield from map(work, items)
        return
    workers, waiting = executor(jobs), deque[Any]()
    with _told():
        try:
            for item in items:
                waiting.append(workers.submit(work, item))
                if len(waiting) > 2 * jobs:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            wait(waiting)
