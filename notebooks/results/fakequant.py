"""Round the weights of the shipped model after training and in training: ``fakequant.json``.

Usage: ``python notebooks/results/fakequant.py``: ten minutes on two cores. Three training runs of
the same length on the training pairs of the bundled corpus start from the shipped weights: one with
exact weights, without which nobody could tell rounding from more training, and one for each number
of bits. Everything is scored on the bundled test set.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from common import fingerprint, rounded, write_json

import lstm_se
from lstm_se.network.denoiser import Denoiser
from lstm_se.network.in_numpy import Weights
from lstm_se.scoring import evaluation
from lstm_se.scoring.report import comparison_section
from lstm_se.training.pipeline import PairSampler

from rounded_training import fine_tune, rounded_weights

RESULTS = Path(__file__).with_name("fakequant.json")
MODEL = "tiny"
BITS = (8, 4)
STEPS = 200
LEARNING_RATE = 2e-4
METRICS = ("pesq_wb", "estoi", "si_sdr")


def variants(trained: Denoiser, source: PairSampler) -> Iterator[Any]:
    """Name and weights of everything that is compared."""
    config = trained.config

    def tuned(bits: int | None) -> Weights:
        print(f"training with {bits or 'exact'} bits", flush=True)
        return fine_tune(trained.weights, config, source, STEPS, bits, LEARNING_RATE)

    exact = tuned(None)
    yield "float", trained.weights
    yield "float, tuned", exact
    for bits in BITS:
        starts = {
            "rounded": trained.weights,
            "tuned, then rounded": exact,
            "tuned rounded": tuned(bits),
        }
        for name, weights in starts.items():
            values = rounded_weights(weights, config, bits)
            yield f"{bits} bits, {name}", values


def main() -> None:
    """Train, measure and write."""
    trained, corpus = lstm_se.load(MODEL), lstm_se.mini()
    source = PairSampler(corpus.train, trained.config)
    systems = {
        name: Denoiser(trained.config, dict(weights)) for name, weights in variants(trained, source)
    }
    report = evaluation.evaluate(corpus.test, systems, METRICS)
    print(report.table())
    compared = {
        f"{bits}": comparison_section(report, f"{bits} bits, tuned rounded") for bits in BITS
    }
    content = {
        "command": "python notebooks/results/fakequant.py",
        "model": MODEL,
        "sha256": fingerprint(trained),
        "steps": STEPS,
        "learning_rate": LEARNING_RATE,
        "batch_size": trained.config.batch_size,
        "summary": [vars(line) for line in report.summary()],
        "compared": compared,
    }
    write_json(RESULTS, rounded(content))


if __name__ == "__main__":
    main()
