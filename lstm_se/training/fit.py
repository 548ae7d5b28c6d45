"""Training with ``fit``, interrupted and resumed at will."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np

from ..config import Config
from ..interrupts import STOPS
from ..network import bandwise, in_keras, in_numpy
from . import pipeline
from .losses import SpectralLoss
from .replicas import ALONE, Replicas, replicated_denoiser, told_of_loss
from .runs import HISTORY, Curves, Finish, Run

TIE = 1e-3  # of the loss: validation batches cannot tell two epochs apart that are so near
DECAY = 0.02  # of Muon's kernels, times the rate: without, they grow until the gates saturate


@dataclass(frozen=True)
class Schedule:
    """How long to train.

    Attributes:
        epochs: Number of epochs; an epoch is a number of steps, since mixtures never repeat.
        steps_per_epoch: Batches in an epoch.
        validation_steps: Batches of validation after each epoch, the same ones each time.
        patience: Stop when the validation loss has not fallen for this many epochs.
    """

    epochs: int = 40
    steps_per_epoch: int = 250
    validation_steps: int = 8
    patience: int = 20

    @property
    def steps(self) -> int:
        """Steps of the whole training run."""
        return self.epochs * self.steps_per_epoch


class _Averaging:
    """A moving average of the weights that ``fit`` does not put in their place.

    Keras does so at the end of every ``fit``; a training run that was interrupted is several of
    them, and each has to go on from the weights as they were.
    """

    def finalize_variable_values(self, var_list: list[keras.Variable]) -> None:
        """Leave the weights alone."""

    @contextmanager
    def averaged(self, variables: list[keras.Variable]) -> Iterator[None]:
        """The average stands in ``variables`` within, if there is one; afterwards the weights."""
        weights = [variable.numpy() for variable in variables]
        super().finalize_variable_values(variables)  # type: ignore[misc]
        try:
            yield
        finally:
            for variable, value in zip(variables, weights, strict=True):
                variable.assign(value)


class AveragingAdam(_Averaging, keras.optimizers.Adam):
    """Adam (Kingma and Ba 2015)."""


class AveragingMuon(_Averaging, keras.optimizers.Muon):
    """Muon (Jordan et al. 2024) for the recurrent layers, Adam for all others.

    It changes a kernel by the orthogonal matrix nearest to the gradient: every direction learns at
    the same speed, where Adam follows the few strong ones of log bands, which rise and fall
    together.
    """


def _optimizer(config: Config, steps: int) -> keras.optimizers.Optimizer:
    """What ``config`` asks for: clipped gradients, rate falling along a cosine."""
    rate = keras.optimizers.schedules.CosineDecay(config.learning_rate, steps, alpha=0.01)
    shared: dict[str, Any] = {"learning_rate": rate, "global_clipnorm": 1.0}
    if config.averaging:
        steps_back = max(1.0, min(1 / (1 - config.averaging), steps / 10))
        shared |= {"use_ema": True, "ema_momentum": 1 - 1 / steps_back}
    if config.optimizer == "adam":
        return AveragingAdam(**shared)
    outer = ["dense_", "local", *(f"^{layer}/" for layer in bandwise.OWN)]
    return AveragingMuon(exclude_layers=outer, weight_decay=DECAY, adam_weight_decay=0.0, **shared)


def compile_model(
    config: Config, schedule: Schedule, replicas: Replicas = ALONE, xla: bool = False
) -> in_keras.DenoiserModel:
    """A denoiser ready for ``fit``."""
    keras.utils.set_random_seed(config.seed)
    model = replicated_denoiser(config, replicas, xla)
    optimizer = _optimizer(config, schedule.steps)
    # never "auto": it would switch XLA on with a GPU only, and the two would differ
    model.compile(optimizer, SpectralLoss(config), jit_compile=False)
    samples = int(config.segment_seconds * config.sample_rate)
    model(np.zeros((1, samples), np.float32))  # variables exist from here on
    optimizer.build(model.trainable_variables)
    return model


def train(
    config: Config,
    source: pipeline.Source,
    validation: pipeline.Source,
    run: str | Path,
    schedule: Schedule | None = None,
    resume: bool = False,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    verbose: int | str = "auto",
    replicas: Replicas = ALONE,
    xla: bool = False,
    initial: in_numpy.Weights | None = None,
    finish: Finish = lambda weights: weights,
) -> in_keras.DenoiserModel:
    """Train a denoiser; interrupted anywhere, it continues with ``resume`` as if nothing had been.

    Ctrl-C, a terminal that closes, and SIGTERM, which a computer sends that is shut down, finish
    the running step and save. A killed process loses the epoch it was in. In the history, seconds
    and training loss of an epoch that was interrupted are those of its last stretch alone.

    Args:
        config: What to train.
        source: Batches of training data.
        validation: Batches that choose the weights to keep; other talkers, other noises.
        run: Folder of the run; see :class:`~lstm_se.training.runs.Run`.
        schedule: How long.
        resume: Continue what is in ``run`` instead of starting.
        callbacks: More Keras callbacks.
        verbose: As ``fit`` takes it.
        replicas: Who shares each batch; the result is that of one alone, but for rounding.
        xla: Compile the gradient with XLA; ``lstm-se bench xla`` tells whether that pays here.
        initial: Weights to start from; drawn at random if ``None``.
        finish: What is done to the weights of an epoch that are kept; those that train stay as they
            are, and the validation loss is theirs.

    Returns:
        The model with the weights of the best epoch; of equals, the last one.

    Raises:
        FileExistsError: If ``run`` holds a training run already and ``resume`` is false.
        FileNotFoundError: If there is nothing to resume.
        ConnectionError: If another worker has ended; the epoch is lost.
        ValueError: If the run was started with another configuration, or cannot be shared.
    """
    schedule = schedule or Schedule()
    with replicas.scope(), replicas.folder(Path(run), resume) as path, ExitStack() as held:
        folder = Run(path)
        model = compile_model(config, schedule, replicas, xla)
        if initial is not None:
            in_keras.set_weights(model.network, initial)
        held.enter_context(folder.alone(config, resume))
        folder.open(config, model, resume)
        rows, judged = (replicas.rows(one.batch_size) for one in (source, validation))
        with _polite_interrupt() as asked, told_of_loss():
            keeper = _Keeper(folder, schedule, asked, finish)
            watching = [keeper, *([_TimeLeft(schedule.epochs)] if verbose else []), *callbacks]
            try:
                while (step := _step(model)) < schedule.steps and not keeper.finished:
                    epoch, done = divmod(step, schedule.steps_per_epoch)
                    model.fit(
                        pipeline.dataset(source, step, rows=rows),
                        validation_data=pipeline.dataset(
                            validation, 0, schedule.validation_steps, judged
                        ),
                        initial_epoch=epoch,
                        # an epoch that was interrupted is finished first, then the others at once
                        epochs=epoch + 1 if done else schedule.epochs,
                        steps_per_epoch=schedule.steps_per_epoch - done,
                        shuffle=False,  # the source has drawn at random already
                        callbacks=watching,
                        verbose=verbose,
                    )
            except _Interrupted:
                folder.checkpoint(model)
                stopped = f"stopped after step {_step(model)} of {schedule.steps}"
                raise KeyboardInterrupt(f"{stopped}; --resume goes on from there") from None
        in_keras.set_weights(model.network, in_numpy.load_weights(folder.weights, config))
    return model


def _step(model: in_keras.DenoiserModel) -> int:
    """Steps that a model has behind it; ``int`` alone cannot read a mirrored variable."""
    return int(model.optimizer.iterations.numpy())


def replaces(loss: float, earlier: Sequence[float]) -> bool:
    """Whether the weights of an epoch replace those kept before: of equals, those trained longer.

    Args:
        loss: Validation loss of the epoch.
        earlier: Validation losses of those before it.
    """
    return loss < min(earlier, default=np.inf) * (1 + TIE)


def kept(history: Sequence[Mapping[str, float]]) -> Mapping[str, float]:
    """The epoch whose weights a run has kept: the last that replaced those before it.

    Args:
        history: Rows of ``history.csv``, at least one.
    """
    losses = [row["val_loss"] for row in history]
    replacing = [epoch for epoch, loss in enumerate(losses) if replaces(loss, losses[:epoch])]
    return history[replacing[-1]]


class _Interrupted(Exception):
    """Somebody asked to stop, and the step that was running is complete."""


@contextmanager
def _polite_interrupt() -> Iterator[threading.Event]:
    """Hold the first interrupt back until a step is done, and set the event; the second one acts.

    Interrupts that are ignored, as behind ``nohup``, stay so.
    """
    asked = threading.Event()
    if threading.current_thread() is not threading.main_thread():  # only there may a handler be set
        yield asked
        return

    def ask(number: int, frame: object) -> None:
        asked.set()
        restore()

    def restore() -> None:
        for number, handler in handlers.items():
            signal.signal(number, handler)

    heeded = [stop for stop in STOPS if signal.getsignal(stop) != signal.SIG_IGN]
    handlers = {stop: signal.signal(stop, ask) for stop in heeded}
    try:
        yield asked
    finally:
        restore()


class _TimeLeft(keras.callbacks.Callback):
    """Says once how long the rest will take: after the second epoch, for the first one compiles."""

    def __init__(self, epochs: int) -> None:
        super().__init__()
        self.epochs, self._seen = epochs, 0
        self._begin = time.monotonic()

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Take the time."""
        self._begin = time.monotonic()

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Say it."""
        self._seen += 1
        left = self.epochs - epoch - 1
        if self._seen == 2 and left:
            minutes = left * (time.monotonic() - self._begin) / 60
            time_left = f"{minutes / 60:.1f} h" if minutes >= 90 else f"{minutes:.0f} min"
            print(f"{left} epochs to go: about {time_left}", flush=True)


class _Keeper(keras.callbacks.Callback):
    """Writes the run folder after each epoch, and stops when nothing improves or somebody asks."""

    def __init__(
        self, run: Run, schedule: Schedule, asked: threading.Event, finish: Finish
    ) -> None:
        super().__init__()
        self.run, self.schedule, self.asked, self.finish = run, schedule, asked, finish
        self.curves = Curves(run.logs)
        self._begin = time.monotonic()
        self._average = ExitStack()

    @property
    def finished(self) -> bool:
        """Whether the validation loss has stood still for too long."""
        history = self.run.history()
        best = min(history, key=lambda row: row["val_loss"], default=None)
        return best is not None and len(history) - 1 - best["epoch"] >= self.schedule.patience

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Leave here if asked to in the last step of the epoch before; else take the time."""
        if self.asked.is_set():
            raise _Interrupted
        self._begin = time.monotonic()

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """Leave here if asked to, unless the epoch is complete but for its validation."""
        if self.asked.is_set() and _step(self.model) % self.schedule.steps_per_epoch:
            raise _Interrupted

    def on_test_begin(self, logs: dict[str, float] | None = None) -> None:
        """Validate the average of the weights: it is what will be kept."""
        self._average.enter_context(self.model.optimizer.averaged(self.model.trainable_variables))

    def on_test_end(self, logs: dict[str, float] | None = None) -> None:
        """Train on from the weights themselves."""
        self._average.close()

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Write the best weights, the row and the state, in this order."""
        logs = logs or {}
        loss = logs["val_loss"]
        if not np.isfinite(loss):
            raise ValueError(f"the loss is {loss} after epoch {epoch + 1}: lower learning_rate")
        if replaces(loss, [row["val_loss"] for row in self.run.history()]):
            with self.model.optimizer.averaged(self.model.trainable_variables):
                self.run.keep(self.model, self.finish)
        rate = float(self.model.optimizer.learning_rate)
        seconds = round(time.monotonic() - self._begin, 2)
        row = dict(zip(HISTORY, (epoch, seconds, logs["loss"], loss, rate), strict=True))
        self.run.append(row)
        self.curves.add(row)
        self.run.checkpoint(self.model)
        self.model.stop_training |= self.finished
