"""A program that trains alone, in replicas, or as one of several processes.

Usage: ``distributed_training.py FOLDER WAY``: ``alone``, ``mirrored:2``, ``workers:3``, or
``keras`` for two replicas as Keras 3 has them. A third word ``resume`` resumes; a number as the
third word sends the chief an interrupt in that step, and as the fourth kills worker 1 in it.
Each process leaves the state it ended with beside the folder, in ``FOLDER.0.npz``, by its number.
"""

import signal
import sys
from pathlib import Path

import keras
import numpy as np
from killed_training import Signal
from random_network import small

from lstm_se.network import in_keras
from lstm_se.training import cluster, fit
from lstm_se.training.replicas import ALONE, replicas_of

# the squared error of loud noise: its gradient is far longer than 1, so the clip is active
CONFIG = small(
    loss="mse", snr_weight=0.0, segment_seconds=0.02, batch_size=6, averaging=0.9, seed=3
)
SCHEDULE = fit.Schedule(epochs=3, steps_per_epoch=4, validation_steps=2)


class Source:
    """Noise, and the same noise at half the level; one row is louder than the next."""

    samples, batch_size = 320, 6

    def batch(self, step, rows=slice(None)):
        """Some rows of one batch."""
        rng = np.random.default_rng([1, step])
        gain = 10 ** rng.uniform(1, 4, (6, 1))
        noisy = (gain * rng.standard_normal((6, 320))).astype(np.float32)[rows]
        return noisy, noisy / 2


class States(keras.callbacks.Callback):
    """Writes what the model and its optimizer hold when the training ends."""

    def __init__(self, path):
        super().__init__()
        self.path = path

    def on_train_end(self, logs=None):
        variables = [*self.model.variables, *self.model.optimizer.variables]
        np.savez(self.path, *(variable.numpy() for variable in variables))


def train(run, replicas=ALONE, **options):
    """Train on the source, quietly."""
    options = {"verbose": 0, "replicas": replicas, **options}
    return fit.train(CONFIG, Source(), Source(), run, SCHEDULE, **options)


def main(folder, way, *more):
    """Train as the command line says."""
    if way == "keras":
        fit.replicated_denoiser = lambda config, *_: in_keras.DenoiserModel(config)
        way = "mirrored:2"
    replicas = replicas_of("" if way == "alone" else way)
    callbacks = [States(f"{folder}.{replicas.rank}.npz")]
    if more and more[0].isdigit() and cluster.rank() in (None, 0):
        callbacks += [Signal(signal.SIGINT, int(more[0]))]
    if len(more) > 1 and cluster.rank() == 1:
        callbacks += [Signal(signal.SIGKILL, int(more[1]))]
    train(Path(folder), replicas, resume="resume" in more, callbacks=callbacks)


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except KeyboardInterrupt as interrupt:
        print(interrupt, flush=True)
        sys.exit(130)
