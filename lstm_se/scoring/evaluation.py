"""Scoring of many utterances in worker processes.

Enhancement runs in the calling process, where the model lives. Scoring runs in fresh
processes that never see TensorFlow: the C code of PESQ is not safe in the threads of a
graph, and a process forked with TensorFlow inside may hang.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Sized
from functools import partial
from typing import Any, Protocol

import numpy as np

from ..workers import in_order
from .metrics import METRICS, Score, known, score
from .report import BASELINE, Report, Row

BAR_SECONDS = 1.5

Enhancer = Callable[[np.ndarray], np.ndarray]
Oracle = Callable[[np.ndarray, np.ndarray], np.ndarray]
System = Callable[[str, Any, np.ndarray], np.ndarray]  # name, clean and noisy to enhanced samples
Judge = Callable[[Any, np.ndarray], Score]  # of clean and enhanced samples
Task = tuple[str, str, Any, np.ndarray]  # name, system, clean and enhanced samples


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
    systems = blind(enhancers or {})
    for system, oracle in (oracles or {}).items():
        systems[system] = partial(_knowing, oracle)
    names = known(metrics)
    return judged(utterances, systems, names, partial(score, metrics=names), jobs, progress)


def evaluate_files(
    utterances: Sequence[Utterance],
    enhanced: Iterable[Utterance],
    name: str,
    metrics: Iterable[str] = tuple(METRICS),
    jobs: int | None = None,
) -> Report:
    """Score recordings that something else has enhanced.

    Args:
        utterances: As :func:`evaluate` takes them.
        enhanced: The same names; what they load in the place of the noisy signal is scored.
        name: Of the system that made them.
        metrics: Names from ``METRICS``.
        jobs: Processes that score; all cores if None.

    Returns:
        The report.

    Raises:
        ValueError: As :func:`evaluate`, or if an utterance has no enhanced one.
    """
    by_name = {utterance.name: utterance for utterance in enhanced}
    if missing := [u.name for u in utterances if u.name not in by_name]:
        raise ValueError(f"{missing[0]} was not enhanced: {len(missing)} files are missing")
    systems: dict[str, System] = {name: lambda name, clean, noisy: by_name[name].load()[1]}
    names = known(metrics)
    return judged(utterances, systems, names, partial(score, metrics=names), jobs)


def blind(enhancers: Mapping[str, Enhancer]) -> dict[str, System]:
    """Enhancers as systems: all that they are given is a copy of the noisy signal."""
    return {name: partial(_blind, enhance) for name, enhance in enhancers.items()}


def _blind(enhance: Enhancer, name: str, clean: Any, noisy: np.ndarray) -> np.ndarray:
    return np.asarray(enhance(noisy.copy()))


def _knowing(oracle: Oracle, name: str, clean: np.ndarray, noisy: np.ndarray) -> np.ndarray:
    return oracle(clean.copy(), noisy.copy())


def judged(
    utterances: Iterable[Utterance],
    systems: Mapping[str, System],
    metrics: tuple[str, ...],
    judge: Judge,
    jobs: int | None = None,
    progress: bool | None = None,
) -> Report:
    """The loop of every evaluation: each utterance as it is and under every system.

    Args:
        utterances: As :func:`evaluate` takes them; as clean signal, whatever ``judge`` takes.
        systems: By name, functions from an utterance's name, clean and noisy signal.
        metrics: What ``judge`` measures.
        judge: Function from the clean and the enhanced signal to a score.
        jobs: Processes that judge; all cores if None. 1 judges in this process.
        progress: Show a bar; if None, on a terminal only.

    Returns:
        The report.

    Raises:
        ValueError: As :func:`evaluate`.
    """
    from loky import cpu_count
    from tqdm import tqdm

    if BASELINE in systems:
        raise ValueError(f"an enhancer is called {BASELINE!r}, the name of the baseline: rename it")
    if jobs is not None and jobs < 1:
        raise ValueError(f"jobs is {jobs}, expected at least 1")
    cores = jobs or cpu_count()
    total = len(utterances) if isinstance(utterances, Sized) else None
    if total is not None:  # no more than there are tasks, since each process takes time to start
        cores = max(1, min(cores, total * (1 + len(systems))))
    hidden = None if progress is None else not progress
    bar = tqdm(utterances, "scoring", total, delay=BAR_SECONDS, disable=hidden, unit="file")
    with bar:
        tasks = _tasks(bar, systems, metrics)
        rows = tuple(in_order(partial(_row, judge), tasks, cores, finish=False))
    if not rows:
        raise ValueError("there is no utterance to evaluate")
    return Report(rows, metrics)


def _tasks(
    utterances: Iterable[Utterance], systems: Mapping[str, System], metrics: tuple[str, ...]
) -> Iterator[Task | Row]:
    """What remains to be judged, or the row of a failure, for each utterance and system."""
    names: set[str] = set()
    for utterance in utterances:
        name = utterance.name
        if name in names:
            raise ValueError(f"two utterances are called {name}: names must differ")
        names.add(name)
        try:
            clean, noisy = utterance.load()
        except (ValueError, OSError) as error:
            for system in (BASELINE, *systems):
                yield _failed(name, system, metrics, error)
            continue
        yield name, BASELINE, clean, noisy
        for system, enhance in systems.items():
            try:
                yield name, system, clean, enhance(name, clean, noisy)
            except (ValueError, OSError) as error:
                yield _failed(name, system, metrics, error)


def _failed(name: str, system: str, metrics: tuple[str, ...], error: Exception) -> Row:
    return Row(name, system, {}, dict.fromkeys(metrics, str(error)))


def _row(judge: Judge, task: Task | Row) -> Row:
    if isinstance(task, Row):
        return task
    name, system, clean, enhanced = task
    result = judge(clean, enhanced)
    return Row(name, system, result.values, result.failures)
