"""One training run, alone and shared in several ways, and write ``shared.json``: is it the same?

Usage: ``python notebooks/results/shared.py [--epochs 2] [--steps 20] [--out FILE]``: some minutes
on two cores. Each way starts ``lstm-se train`` on the bundled corpus, and ends with the losses and
the weights that its first process has kept.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from common import write_json

import numpy as np
from lstm_se.config import Config
from lstm_se.network.in_numpy import Weights, load_weights
from lstm_se.training.runs import Run

ROWS = 12  # of a batch, which two and three can share
WAYS = {
    "alone": "",
    "two replicas": "mirrored:2",
    "two processes": "workers:2",
    "three processes": "workers:3",
}


def trained(way: str, folder: Path, epochs: int, steps: int) -> tuple[Weights, dict[str, float]]:
    """The weights that a way keeps, and the last row of its history."""
    words = ["train", "--data", "mini", "--epochs", str(epochs), "--steps", str(steps)]
    words += ["--set", f"batch_size={ROWS}"]
    shared = ["--distribute", WAYS[way]] if WAYS[way] else []
    subprocess.run([sys.executable, "-m", "lstm_se", *words, *shared, "--out", folder], check=True)
    config = Config.load(folder / "config.json")
    return load_weights(folder / "weights.npz", config), Run(folder).history()[-1]


def compared(weights: Weights, row: dict[str, float], alone: Weights) -> dict[str, float]:
    """The losses of a way, and how far its weights are from those of one process alone."""
    differences = [np.abs(weights[name] - alone[name]).max() for name in alone]
    return {
        "loss": row["loss"],
        "val_loss": row["val_loss"],
        "largest_difference": float(max(differences)),
        "largest_weight": float(max(np.abs(array).max() for array in alone.values())),
    }


def main() -> None:
    """Train and write."""
    parser = argparse.ArgumentParser(description="One training run, shared in several ways.")
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--out", type=Path, default=Path(__file__).with_name("shared.json"))
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = {way: trained(way, Path(folder) / way, asked.epochs, asked.steps) for way in WAYS}
    ways = {way: compared(*result, alone=found["alone"][0]) for way, result in found.items()}
    steps = asked.epochs * asked.steps
    command = f"python notebooks/results/shared.py --epochs {asked.epochs} --steps {asked.steps}"
    write_json(asked.out, {"command": command, "steps": steps, "ways": ways})


if __name__ == "__main__":
    main()
