"""Paired comparison: how much better one system is than each other one, on the same utterances."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from .report import LABELS, Report, interval


@dataclass(frozen=True)
class Difference:
    """One metric of our system minus that of another one, utterance by utterance.

    Attributes:
        system: Name of the other system.
        metric: Name from ``METRICS``.
        n: Utterances that could be measured under both.
        mean: Mean difference; above zero if ours is better. None if ``n`` is 0.
        low: Lower bound of its 95 % interval; None if ``n`` is below 2.
        high: Upper bound.
    """

    system: str
    metric: str
    n: int
    mean: float | None
    low: float | None
    high: float | None


def differences(report: Report, ours: str) -> list[Difference]:
    """Paired differences of a system to every other one.

    Args:
        report: Scores of all systems on the same utterances.
        ours: Name of the system that the others are taken from.

    Returns:
        By metric, then by system in the order of the report.

    Raises:
        ValueError: If the report has no such system.
    """
    others = [system for system in report.systems if system != ours]
    return [_difference(report, ours, o, metric) for metric in report.metrics for o in others]


def _difference(report: Report, ours: str, other: str, metric: str) -> Difference:
    theirs = report.values(other, metric)
    gains = [v - theirs[name] for name, v in report.values(ours, metric).items() if name in theirs]
    if len(gains) < 2:
        return Difference(other, metric, len(gains), gains[0] if gains else None, None, None)
    return Difference(other, metric, len(gains), *interval(gains))


def table(found: Iterable[Difference], ours: str) -> str:
    """Differences as aligned text for a monospaced font.

    Args:
        found: From :func:`differences`.
        ours: Name of our system, for the head.
    """
    rows: list[tuple[str, ...]] = [("metric", f"{ours} minus", "n", "mean", "95 % interval")]
    rows += [_cells(one) for one in found]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    rows.insert(1, tuple("-" * width for width in widths))
    aligned = [
        [cell.ljust(w) if i < 2 else cell.rjust(w) for i, (cell, w) in enumerate(pairs)]
        for pairs in (list(zip(row, widths, strict=True)) for row in rows)
    ]
    return "\n".join("  ".join(row).rstrip() for row in aligned)


def _cells(one: Difference) -> tuple[str, ...]:
    label, digits = LABELS[one.metric]
    mean = "-" if one.mean is None else f"{one.mean:+z.{digits}f}"
    span = "-" if one.low is None else f"{one.low:+z.{digits}f} to {one.high:+z.{digits}f}"
    return label, one.system, str(one.n), mean, span


def section(report: Report, ours: str) -> dict[str, Any]:
    """What a JSON file says about the comparison, beside the report."""
    return {"ours": ours, "differences": [asdict(one) for one in differences(report, ours)]}
