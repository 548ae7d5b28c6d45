"""What the scripts beside this file share.

It is imported before TensorFlow (``ruff.toml`` sorts it so): the same rounding on every processor,
and no log lines.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from lstm_se.chip import export, quantize
from lstm_se.files import write_whole
from lstm_se.network.denoiser import Denoiser
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


def fingerprint(model: Denoiser) -> str:
    """Of the integers that a model is on the chip."""
    return export.sha256(quantize.quantize(model.weights, model.config))


def write_json(path: Path, content: Any) -> None:
    """Write results, whole or not at all."""
    write_whole(path, json.dumps(content, indent=1) + "\n")
