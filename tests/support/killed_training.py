"""A program that trains, and is interrupted (SIGINT) or killed (SIGKILL) in mid-epoch.

Usage: ``killed_training.py FOLDER STEP``: ends with ``FOLDER/interrupted`` and ``FOLDER/killed``.
"""

import os
import signal
import sys
from pathlib import Path

import keras
import numpy as np
from random_network import small

from lstm_se.training import fit

CONFIG = small(units=(4,), segment_seconds=0.02, batch_size=2, averaging=0.9, seed=3)
SCHEDULE = fit.Schedule(epochs=3, steps_per_epoch=4, validation_steps=1)


class Source:
    """Noise, and the same noise at half the level, as a function of the step."""

    samples, batch_size = 320, 2

    def batch(self, step):
        """One batch."""
        noisy = np.random.default_rng([1, step]).standard_normal((2, 320)).astype(np.float32)
        return noisy, noisy / 2


class Signal(keras.callbacks.Callback):
    """Sends a signal to its own process in the middle of a step."""

    def __init__(self, number, at):
        super().__init__()
        self.number, self.at = number, at

    def on_train_batch_begin(self, batch, logs=None):
        if int(self.model.optimizer.iterations.numpy()) + 1 == self.at:
            os.kill(os.getpid(), self.number)


def train(run, config=CONFIG, schedule=SCHEDULE, **options):
    """Train on the source, quietly."""
    return fit.train(config, Source(), Source(), run, schedule, verbose=0, **options)


if __name__ == "__main__":
    FOLDER, STEP = Path(sys.argv[1]), int(sys.argv[2])
    try:
        train(FOLDER / "interrupted", callbacks=[Signal(signal.SIGINT, STEP)])
    except KeyboardInterrupt as interrupt:
        print(interrupt, flush=True)
    train(FOLDER / "killed", callbacks=[Signal(signal.SIGKILL, STEP)])
