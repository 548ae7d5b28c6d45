"""Processes that score and convert beside the one that holds the model."""

from __future__ import annotations

import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, wait
from contextlib import contextmanager
from typing import Any

Progress = Callable[[Iterable[Any]], Iterable[Any]]  # wraps what is worked through, like tqdm
BROKEN = "a worker process ended early, perhaps for lack of memory: try fewer jobs"
ONE_THREAD = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL")}


def executor(jobs: int) -> Any:
    """Executor of ``jobs`` processes that start afresh, stay for the next call, one thread each.

    loky rather than ``multiprocessing``: it neither forks nor runs the caller's script again.
    """
    from loky import get_reusable_executor

    # Ctrl-C reaches the workers, too: the process that started them decides what becomes of it
    ignore = {"initializer": signal.signal, "initargs": (signal.SIGINT, signal.SIG_IGN)}
    return get_reusable_executor(jobs, env=ONE_THREAD, **ignore)


@contextmanager
def processes(jobs: int) -> Iterator[Any]:
    """The executor for a ``with`` block; an exception ends what is under way.

    Raises:
        ChildProcessError: If a process ended early.
    """
    workers = executor(jobs)
    try:
        yield workers
    except BrokenExecutor:
        raise ChildProcessError(BROKEN) from None
    except BaseException:
        workers.shutdown(wait=False, kill_workers=True)  # nobody will read what is under way
        raise


def in_order(work: Callable[[Any], Any], items: Sequence[Any], jobs: int) -> Iterator[Any]:
    """Results of ``work`` on each item, in order; with one job, of this process.

    When the caller stops, the few items under way are finished and the others never begun: loky
    complains at length when it is ended in the middle.
    """
    if jobs == 1:
        yield from map(work, items)
        return
    workers, waiting = executor(jobs), deque[Any]()
    try:
        for item in items:
            waiting.append(workers.submit(work, item))
            if len(waiting) > 2 * jobs:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    except BrokenExecutor:
        raise ChildProcessError(BROKEN) from None
    finally:
        wait(waiting)
