"""A report of many scored utterances: means, their uncertainty, what failed, paired comparisons."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ..files import write_csv, write_whole
from ..tables import aligned
from .statistics import RESAMPLES, interval

BASELINE = "noisy"
SHOWN_FAILURES = 10
LABELS = {
    "pesq_wb": ("PESQ-WB", 2),
    "pesq_nb": ("PESQ-NB", 2),
    "stoi": ("STOI", 3),
    "estoi": ("ESTOI", 3),
    "si_sdr": ("SI-SDR, dB", 2),
    "sdr": ("SDR, dB", 2),
    "dnsmos_sig": ("DNSMOS SIG", 2),
    "dnsmos_bak": ("DNSMOS BAK", 2),
    "dnsmos_ovrl": ("DNSMOS OVRL", 2),
    "dnsmos_p808": ("DNSMOS P.808", 2),
}


@dataclass(frozen=True)
class Row:
    """The measures of one utterance under one system.

    Attributes:
        name: Of the utterance.
        system: Name of the enhancer, or ``"noisy"``.
        values: By metric, those that succeeded.
        failures: By metric, why it did not.
    """

    name: str
    system: str
    values: dict[str, float]
    failures: dict[str, str]


@dataclass(frozen=True)
class Summary:
    """One metric of one system over all utterances.

    Attributes:
        system: Name of the enhancer, or ``"noisy"``.
        metric: Name from ``METRICS``.
        n: Utterances that could be measured; the mean is over these alone.
        failed: Utterances that could not.
        mean: Mean over utterances, of dB where the metric is in dB; None if ``n`` is 0.
        low: Lower bound of its 95 % interval; None if ``n`` is below 2.
        high: Upper bound.
        gain_n: Utterances measured under this system and under ``"noisy"``.
        gain: Mean difference to ``"noisy"`` over these; None if there are none, or for
            ``"noisy"`` itself.
        gain_low: Lower bound of its 95 % interval; None if ``gain_n`` is below 2.
        gain_high: Upper bound.
    """

    system: str
    metric: str
    n: int
    failed: int
    mean: float | None
    low: float | None
    high: float | None
    gain_n: int
    gain: float | None
    gain_low: float | None
    gain_high: float | None


@dataclass(frozen=True)
class Comparison:
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


@dataclass(frozen=True)
class Report:
    """Scores of every utterance and system, and what follows from them.

    Intervals treat utterances as independent. Those of one speaker, or of one noise, are
    alike, so with few speakers the intervals are too narrow to speak for speakers unheard:
    they say what other utterances of the same speakers and noises would give.

    Attributes:
        rows: One per utterance and system, in the order of evaluation.
        metrics: Names of the metrics asked for.
    """

    rows: tuple[Row, ...]
    metrics: tuple[str, ...]

    @property
    def systems(self) -> tuple[str, ...]:
        """Names of the systems, ``"noisy"`` first."""
        return tuple(dict.fromkeys(row.system for row in self.rows))

    @property
    def failures(self) -> list[tuple[str, str, str, str]]:
        """Each failure as ``(utterance, system, metric, reason)``."""
        return [(row.name, row.system, *why) for row in self.rows for why in row.failures.items()]

    def values(self, system: str, metric: str) -> dict[str, float]:
        """The measured utterances of one system and metric.

        Args:
            system: A name from :attr:`systems`.
            metric: A name from :attr:`metrics`.

        Returns:
            Value by name of the utterance, without the failures.

        Raises:
            ValueError: If the report has no such system or metric.
        """
        if system not in self.systems or metric not in self.metrics:
            have = f"{', '.join(self.systems)} and {', '.join(self.metrics)}"
            raise ValueError(f"no scores for {system} and {metric}: the report has {have}")
        rows = (row for row in self.rows if row.system == system and metric in row.values)
        return {row.name: row.values[metric] for row in rows}

    def summary(self) -> list[Summary]:
        """Mean, interval and paired difference to ``"noisy"``, by metric, then by system."""
        return [self._summarise(s, metric) for metric in self.metrics for s in self.systems]

    def _summarise(self, system: str, metric: str) -> Summary:
        values = list(self.values(system, metric).values())
        gains = [] if system == BASELINE else self._gains(system, BASELINE, metric)
        failed = sum(row.system == system and metric in row.failures for row in self.rows)
        mean, gain = _mean_and_bounds(values), _mean_and_bounds(gains)
        return Summary(system, metric, len(values), failed, *mean, len(gains), *gain)

    def differences(self, ours: str) -> list[Comparison]:
        """Paired differences of a system to every other one.

        Args:
            ours: Name of the system that the others are taken from.

        Returns:
            By metric, then by system in the order of the report.

        Raises:
            ValueError: If the report has no such system.
        """
        comparisons = []
        for metric in self.metrics:
            for other in self.systems:
                if other != ours:
                    gains = self._gains(ours, other, metric)
                    found = Comparison(other, metric, len(gains), *_mean_and_bounds(gains))
                    comparisons.append(found)
        return comparisons

    def _gains(self, ours: str, other: str, metric: str) -> list[float]:
        """Ours minus the other, for each utterance that was measured under both."""
        theirs, values = self.values(other, metric), self.values(ours, metric)
        return [value - theirs[name] for name, value in values.items() if name in theirs]

    def table(self) -> str:
        """The summary as aligned text for a monospaced font, with the failures below it."""
        head = ["metric", "system", "n", "mean", "95 % interval"]
        head += [f"minus {BASELINE}", "95 % interval"]
        lines = aligned([head, *map(_summary_cells, self.summary())], head=True)
        if failures := self.failures:
            lines += ["", f"failed measurements, in no mean: {len(failures)}"]
            for name, system, metric, reason in failures[:SHOWN_FAILURES]:
                lines.append(f"  {name}, {system}, {LABELS[metric][0]}: {reason}")
            if len(failures) > SHOWN_FAILURES:
                lines.append(f"  and {len(failures) - SHOWN_FAILURES} more")
        return "\n".join(lines)

    def to_csv(self, path: str | Path) -> None:
        """Write one line per utterance and system; a failed cell is empty, its reason last.

        Args:
            path: Of the file, replaced as a whole or not at all.

        Raises:
            OSError: If it cannot be written.
        """
        rows = []
        for row in self.rows:
            reasons = "; ".join(f"{metric}: {reason}" for metric, reason in row.failures.items())
            values = [row.values.get(metric, "") for metric in self.metrics]
            rows.append([row.name, row.system, *values, reasons])
        write_csv(path, ["name", "system", *self.metrics, "failures"], rows)

    def to_json(self, path: str | Path, **sections: Any) -> None:
        """Write the summary and the rows.

        Args:
            path: Of the file, replaced as a whole or not at all.
            sections: What else to write, by name; plain values.

        Raises:
            OSError: If it cannot be written.
        """
        content = {
            "metrics": self.metrics,
            "resamples": RESAMPLES,
            "summary": [asdict(line) for line in self.summary()],
            "rows": [asdict(row) for row in self.rows],
            **sections,
        }
        write_whole(path, json.dumps(content, indent=2, allow_nan=False) + "\n")


def comparison_table(comparisons: Iterable[Comparison], ours: str) -> str:
    """Differences as aligned text for a monospaced font.

    Args:
        comparisons: From :meth:`Report.differences`.
        ours: Name of our system, for the head.
    """
    head = ["metric", f"{ours} minus", "n", "mean", "95 % interval"]
    return "\n".join(aligned([head, *map(_comparison_cells, comparisons)], head=True))


def comparison_section(report: Report, ours: str) -> dict[str, Any]:
    """What a JSON file says about the comparison, beside the report."""
    return {"ours": ours, "differences": [asdict(one) for one in report.differences(ours)]}


def _mean_and_bounds(values: list[float]) -> tuple[float | None, float | None, float | None]:
    """One value has a mean but says nothing about its spread."""
    if len(values) < 2:
        return (values[0] if values else None), None, None
    return interval(values)


def _summary_cells(line: Summary) -> list[str]:
    label, digits = LABELS[line.metric]
    mean, span = _number(line.mean, digits), _span(line.low, line.high, digits)
    gain = _number(line.gain, digits, "+")
    gain_span = _span(line.gain_low, line.gain_high, digits, "+")
    return [label, line.system, str(line.n), mean, span, gain, gain_span]


def _comparison_cells(one: Comparison) -> list[str]:
    label, digits = LABELS[one.metric]
    mean, span = _number(one.mean, digits, "+"), _span(one.low, one.high, digits, "+")
    return [label, one.system, str(one.n), mean, span]


def _number(value: float | None, digits: int, sign: str = "") -> str:
    return "-" if value is None else f"{value:{sign}z.{digits}f}"


def _span(low: float | None, high: float | None, digits: int, sign: str = "") -> str:
    if low is None:
        return "-"
    return f"{_number(low, digits, sign)} to {_number(high, digits, sign)}"
