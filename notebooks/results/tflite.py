"""Measure the network in integers, ours and TensorFlow Lite's, and write ``tflite.json``.

Usage: ``python notebooks/results/tflite.py``: five minutes on two cores, with the packages of
``pip install "lstm-se[firmware,tflite]"``. Everything is scored on the bundled test set; the ranges
of the integers come from the validation recordings.
"""

from __future__ import annotations

import platform
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from common import fingerprint, rounded, stated, write_json

import lstm_se
import numpy as np
from lstm_se.chip import engines
from lstm_se.scoring import evaluation
from lstm_se.scoring.report import comparison_section
from lstm_se.sound.audio import snr_db
from lstm_se.tflite import interpreters
from lstm_se.tflite.files import contents, write_tflite

RESULTS = Path(__file__).with_name("tflite.json")
MODEL = "tiny"
METRICS = ("pesq_wb", "stoi", "estoi", "sdr")
PIECE = 20 * 16_000  # samples: how well a stream does is told for every 20 s

Enhancer = Callable[[np.ndarray], np.ndarray]


class Kept:
    """An enhancer that keeps what it gave."""

    def __init__(self, enhance: Enhancer) -> None:
        """Keep the results of ``enhance``."""
        self.enhance = enhance
        self.outputs: list[np.ndarray] = []

    def __call__(self, noisy: np.ndarray) -> np.ndarray:
        """Enhance ``(samples,)``."""
        self.outputs.append(self.enhance(noisy))
        return self.outputs[-1]


def loss(exact: Kept, other: Kept) -> dict[str, float]:
    """Output of the float network over the error of another one, in dB, over utterances."""
    pairs = zip(exact.outputs, other.outputs, strict=True)
    ratios = [snr_db(*pair) for pair in pairs]
    return {"n": len(ratios), "min": min(ratios), **stated(ratios)}


def stream_db(exact: Enhancer, other: Enhancer, noisy: np.ndarray) -> list[float]:
    """The same for each 20 s of one long recording, of which nothing is forgotten."""
    both = [
        enhance(noisy)[: len(noisy) // PIECE * PIECE].reshape(-1, PIECE)
        for enhance in (exact, other)
    ]
    return [snr_db(*pieces) for pieces in zip(*both, strict=True)]


def described(file: bytes) -> dict[str, Any]:
    """Size, operators and memory of a file."""
    inside = contents(file)
    return {
        "bytes": len(file),
        "operators": inside.operators,
        "cell_clip": inside.clips,
        "arena_bytes": interpreters.smallest_arena(file),
    }


def main() -> None:
    """Measure and write."""
    trained, corpus = lstm_se.load(MODEL), lstm_se.mini()
    validation = (pair.load()[1] for pair in corpus.validation)
    with tempfile.TemporaryDirectory() as folder:
        written = write_tflite(trained, folder, validation)
        files = {form: path.read_bytes() for form, path in written.items()}
    systems = {"float": Kept(trained)}
    for engine in ("int8", "firmware"):
        systems[engine] = Kept(engines.load(MODEL, engine))
    for form, file in files.items():
        if not form.endswith("float"):
            systems[form] = Kept(interpreters.lite_denoiser(trained.config, file))
    report = evaluation.evaluate(corpus.test, systems, METRICS)
    print(report.table())
    integers = [name for name in systems if name != "float"]
    noisy = np.concatenate([pair.load()[1] for pair in corpus.test])
    content = {
        "command": "python notebooks/results/tflite.py",
        "model": MODEL,
        "sha256": fingerprint(trained),
        "host": platform.machine(),
        "summary": [vars(line) for line in report.summary()],
        **comparison_section(report, "float"),
        "output_snr_db": {name: loss(systems["float"], systems[name]) for name in integers},
        "stream_seconds": PIECE // 16_000,
        "stream_snr_db": {
            name: stream_db(trained, systems[name].enhance, noisy)
            for name in integers
            if name != "firmware"
        },
        "files": {form: described(file) for form, file in files.items()},
    }
    write_json(RESULTS, rounded(content))


if __name__ == "__main__":
    main()
