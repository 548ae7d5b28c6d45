"""Train the denoiser of lesson 12 with several seeds, and keep the learning curves.

Run by hand, from the root of the repository; some minutes on two cores:

    python notebooks/results/learning_curves.py

It writes ``06_learning_curves.json`` beside itself. Nothing in that file
depends on when or where it was made, but for the last digits of the losses.
"""

from __future__ import annotations

import dataclasses
import tempfile
from pathlib import Path
from typing import Any

from common import write_json

import lstm_se
from lstm_se.config import Config
from lstm_se.corpora.pairs import Corpus
from lstm_se.training import fit, runs
from lstm_se.training.pipeline import PairSampler

RESULTS = Path(__file__).with_name("06_learning_curves.json")
SEEDS = (0, 1, 2)
WIDTHS = {"one layer": (64,), "two layers": (64, 64)}
RECIPE = Config.preset(
    "plain", name="page_6", snr_weight=0.003, segment_seconds=2.0, batch_size=8, learning_rate=5e-3
)
SCHEDULE = fit.Schedule(epochs=8, steps_per_epoch=25, validation_steps=4)
VALIDATION_SEED = 2791  # the same segments judge every run


def curve(corpus: Corpus, config: Config, schedule: fit.Schedule) -> dict[str, list[float]]:
    """Train once.

    Args:
        corpus: Pairs to train on and pairs to judge by.
        config: What to train; its seed is that of the weights and of the data.
        schedule: How long.

    Returns:
        ``"loss"`` and ``"val_loss"``, one value for each epoch, to five digits.
    """
    source = PairSampler(corpus.train, config, seed=config.seed)
    judge = PairSampler(corpus.validation, config, seed=VALIDATION_SEED)
    with tempfile.TemporaryDirectory() as folder:
        fit.train(config, source, judge, folder, schedule, verbose=0)
        rows = runs.Run(Path(folder)).history()
    return {key: [float(f"{row[key]:.5g}") for row in rows] for key in ("loss", "val_loss")}


def curves(corpus: Corpus) -> dict[str, Any]:
    """Train every width with every seed; the result describes itself."""
    runs = []
    for name, units in WIDTHS.items():
        for seed in SEEDS:
            config = dataclasses.replace(RECIPE, units=units, seed=seed)
            runs.append({"model": name, "seed": seed, **curve(corpus, config, SCHEDULE)})
            print(f"{name}, seed {seed}: {runs[-1]['val_loss']}", flush=True)
    return {
        "command": "python notebooks/results/learning_curves.py",
        "corpus": corpus.root.name,
        "pairs": {"train": len(corpus.train), "validation": len(corpus.validation)},
        "config": dataclasses.asdict(RECIPE),
        "widths": WIDTHS,
        "schedule": dataclasses.asdict(SCHEDULE),
        "validation_seed": VALIDATION_SEED,
        "runs": runs,
    }


if __name__ == "__main__":
    write_json(RESULTS, curves(lstm_se.mini()))
