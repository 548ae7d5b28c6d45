"""Processes that score and convert beside the one that holds the model."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import BrokenExecutor
from contextlib import contextmanager
from typing import Any

ONE_THREAD = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL")}


def executor(jobs: int) -> Any:
    """Executor of ``jobs`` processes that start afresh, stay for the next call, one thread each.

    loky rather than ``multiprocessing``: it neither forks nor runs the caller's script again. The
    executor itself rather than ``joblib.Parallel``, which breaks one that is there already.
    """
    from joblib.externals.loky import get_reusable_executor

    return get_reusable_executor(jobs, env=ONE_THREAD)


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
        raise ChildProcessError(
            "a worker process ended early, perhaps for lack of memory: try fewer jobs"
        ) from None
    except BaseException:
        workers.shutdown(wait=False, kill_workers=True)  # nobody will read what is under way
        raise


def in_order(work: Callable[[Any], Any], items: Sequence[Any], jobs: int) -> Iterator[Any]:
    """Results of ``work`` on each item, in order; with one job, of this process."""
    if jobs == 1:
        yield from map(work, items)
        return
    with processes(jobs) as workers:
        # not map: when interrupted it cancels what loky then wants to end, and loky complains
        waiting = deque(workers.submit(work, item) for item in items)
        while waiting:
            yield waiting.popleft().result()
