"""Scoring of many utterances in worker processes.

Enhancement runs in the calling process, where the model lives. Scoring runs in fresh
processes that never see TensorFlow: the C code of PESQ is not safe in the threads of a
graph, and a process forked with TensorFlow inside may hang.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sized
from contextlib import contextmanager
from typing import Protocol

import numpy as np

from ..workers import processes
from .metrics import METRICS, Score, known, score
from .report import BASELINE, Report, Row

BAR_SECONDS = 1.5

Enhancer = Callable[[np.ndarray], np.ndarray]
Oracle = Callable[[np.ndarray, np.ndarray], np.ndarray]
System = Callable[["Utterance", np.ndarray], np.ndarray]
Task = tuple[str, str, np.ndarray, np.ndarray]
Pending = Callable[[], Score]


class Utterance(Protocol):
    """A named pair of signals, such as ``pairs.Pair``."""

    @property
    def name(self) -> str:
        """Unlike that of any other utterance in the evaluation."""

    def load(self) -> tuple[np.ndarray, np.ndarray]:
        """Clean and noisy samples, shape ``(samples,)`` each, float, 16 kHz."""


def evaluate(
    utterances: Iterable[Utterance],
    enhancers: Mapping[str, Enhancer] | None = None,
    metrics: Iterable[str] = tuple(METRICS),
    jobs: int | None = None,
    progress: bool | None = None,
    oracles: Mapping[str, Oracle] | None = None,
) -> Report:
    """Score utterances as they are and after each enhancer.

    An utterance that cannot be read, or an enhancer that rejects it, counts as a failure of
    every metric. Any other exception of an enhancer ends the evaluation.

    Args:
        utterances: Objects with ``name`` and ``load() -> (clean, noisy)``; loaded one by
            one, so that memory holds a few at a time.
        enhancers: Name of each system, and the function from noisy to enhanced samples,
            shape ``(samples,)`` both. ``"noisy"`` itself is always scored.
        metrics: Names from ``METRICS``.
        jobs: Processes that score; all cores if None. 1 scores in this process.
        progress: Show a bar; if None, on a terminal only. It appears after 1.5 s.
        oracles: Systems that know the answer: functions from clean and noisy samples.

    Returns:
        The report.

    Raises:
        ValueError: If there is no utterance, two have the same name, a metric is unknown,
            an enhancer is called ``"noisy"`` or ``jobs`` is below 1.
    """

    def system(enhance: Enhancer) -> System:
        return lambda utterance, noisy: np.asarray(enhance(noisy.copy()))

    def knowing(oracle: Oracle) -> System:
        return lambda utterance, noisy: oracle(utterance.load()[0], noisy)

    systems = {name: system(enhance) for name, enhance in (enhancers or {}).items()}
    systems |= {name: knowing(oracle) for name, oracle in (oracles or {}).items()}
    return _evaluate(utterances, systems, metrics, jobs, progress)


def evaluate_files(
    utterances: Iterable[Utterance],
    enhanced: Iterable[Utterance],
    name: str = "enhanced",
    metrics: Iterable[str] = tuple(METRICS),
    jobs: int | None = None,
    progress: bool | None = None,
) -> Report:
    """Score recordings that something else has enhanced.

    Args:
        utterances: As :func:`evaluate` takes them.
        enhanced: The same names; what they load in the place of the noisy signal is scored.
        name: Of the system that made them.
        metrics: Names from ``METRICS``.
        jobs: Processes that score; all cores if None.
        progress: Show a bar; if None, on a terminal only.

    Returns:
        The report.

    Raises:
        ValueError: As :func:`evaluate`, or if an utterance has no enhanced one.
    """
    by_name = {utterance.name: utterance for utterance in enhanced}
    found = list(utterances)
    if missing := [u.name for u in found if u.name not in by_name]:
        raise ValueError(f"{missing[0]} was not enhanced: {len(missing)} files are missing")
    systems: dict[str, System] = {name: lambda utterance, _: by_name[utterance.name].load()[1]}
    return _evaluate(found, systems, metrics, jobs, progress)


def _evaluate(
    utterances: Iterable[Utterance],
    systems: Mapping[str, System],
    metrics: Iterable[str],
    jobs: int | None,
    progress: bool | None,
) -> Report:
    """Score every utterance as it is and under every system."""
    from tqdm import tqdm

    metrics = known(metrics)
    if BASELINE in systems:
        raise ValueError(f"an enhancer is called {BASELINE!r}, the name of the baseline: rename it")
    if jobs is not None and jobs < 1:
        raise ValueError(f"jobs is {jobs}, expected at least 1")
    total = len(utterances) if isinstance(utterances, Sized) else None
    cores = _cores(jobs, None if total is None else total * (1 + len(systems)))
    hidden = None if progress is None else not progress
    bar = tqdm(utterances, "scoring", total, delay=BAR_SECONDS, disable=hidden, unit="file")
    with bar, _scorer(cores, metrics) as submit:
        rows = tuple(_in_order(_tasks(bar, systems, metrics), submit, 2 * cores))
    if not rows:
        raise ValueError("there is no utterance to evaluate")
    return Report(rows, metrics)


def _tasks(
    utterances: Iterable[Utterance], systems: Mapping[str, System], metrics: tuple[str, ...]
) -> Iterator[Task | Row]:
    """What remains to be scored, or the row of a failure, for each utterance and system."""
    seen: set[str] = set()
    for utterance in utterances:
        name = utterance.name
        if name in seen:
            raise ValueError(f"two utterances are called {name}: names must differ")
        seen.add(name)
        try:
            clean, noisy = utterance.load()
        except (ValueError, OSError) as error:
            for system in (BASELINE, *systems):
                yield _failed(name, system, metrics, error)
            continue
        yield name, BASELINE, clean, noisy
        for system, enhance in systems.items():
            try:
                yield name, system, clean, enhance(utterance, noisy)
            except (ValueError, OSError) as error:
                yield _failed(name, system, metrics, error)


def _failed(name: str, system: str, metrics: tuple[str, ...], error: Exception) -> Row:
    return Row(name, system, {}, dict.fromkeys(metrics, str(error)))


def _in_order(
    tasks: Iterable[Task | Row], submit: Callable[..., Pending], limit: int
) -> Iterator[Row]:
    """Rows in the order of their tasks, with at most ``limit`` of them under way."""
    waiting: deque[Callable[[], Row]] = deque()
    for task in tasks:
        waiting.append(_start(task, submit))
        if len(waiting) > limit:
            yield waiting.popleft()()
    while waiting:
        yield waiting.popleft()()


def _start(task: Task | Row, submit: Callable[..., Pending]) -> Callable[[], Row]:
    if isinstance(task, Row):
        return lambda: task
    name, system, clean, estimate = task
    result = submit(clean, estimate)

    def row() -> Row:
        found = result()
        return Row(name, system, found.values, found.failures)

    return row


@contextmanager
def _scorer(cores: int, metrics: tuple[str, ...]) -> Iterator[Callable[..., Pending]]:
    """A function that starts one score and returns the function that waits for it."""
    if cores == 1:
        yield lambda clean, estimate: lambda: score(clean, estimate, metrics)
        return
    with processes(cores) as workers:
        yield lambda clean, estimate: workers.submit(score, clean, estimate, metrics).result


def _cores(jobs: int | None, tasks: int | None) -> int:
    """Processes to use: no more than there are tasks, since each takes time to start."""
    from loky import cpu_count

    cores = cpu_count() if jobs is None else jobs
    return cores if tasks is None else max(1, min(cores, tasks))
