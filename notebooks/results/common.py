"""What the scripts beside this file share.

It is imported before TensorFlow (``ruff.toml`` sorts it so): the same rounding on every processor,
and no log lines.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from lstm_se.chip import export, quantize
from lstm_se.files import write_whole
from lstm_se.network.denoiser import Denoiser
from lstm_se.scoring.report import Report
from lstm_se.scoring.statistics import interval


def rounded(content: Any) -> Any:
    """The same with numbers of four digits behind the point."""
    if isinstance(content, dict):
        return {key: rounded(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [rounded(value) for value in content]
    return round(content, 4) if isinstance(content, float) else content


def stated(values: Iterable[float]) -> dict[str, float]:
    """Mean and 95 % interval of some values, rounded."""
    return rounded(interval(values)._asdict())


def minus(ours: Mapping[str, float], theirs: Mapping[str, float]) -> dict[str, float]:
    """Differences of the utterances that were measured under both."""
    return {name: value - theirs[name] for name, value in ours.items() if name in theirs}


def scores(report: Report, system: str, other: str) -> dict[str, Any]:
    """Means of a system, and its paired differences to another one, for each metric."""
    content: dict[str, Any] = {}
    for metric in report.metrics:
        values, theirs = (report.values(name, metric) for name in (system, other))
        difference = {f"minus_{other}": stated(minus(values, theirs).values())}
        content[metric] = {"n": len(values), **stated(values.values()), **difference}
    return content


def fingerprint(model: Denoiser) -> str:
    """Of the integers that a model is on the chip."""
    return export.sha256(quantize.quantize(model.weights, model.config))


def command(words: str, **options: Any) -> str:
    """What makes a file of results again: of the options that were given, the names in capitals."""
    given = (f"--{name} {name.upper()}" for name, value in options.items() if value)
    return " ".join([f"python notebooks/results/{words}", *given])


def stored(path: Path) -> dict[str, Any]:
    """Results as they are in a file, for those who measure a part anew; nothing if it is missing."""
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def write_json(path: Path, content: Any) -> None:
    """Write results, whole or not at all."""
    write_whole(path, json.dumps(content, indent=1) + "\n")
