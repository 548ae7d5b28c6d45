"""One training in several replicas that gives what one would have given.

Each replica takes some rows of the *same* batch, and the mean of their gradients is the gradient of
the batch. Two things in Keras 3 are in the way:

* its optimizer clips before it adds the replicas up: each gradient by its own norm. Where a clip is
  active, two replicas then train another model than one. So the mean is taken here, and first;
* ``fit`` fails under ``MultiWorkerMirroredStrategy`` (keras-team/keras issue 20585): it cannot read
  the batches that this strategy hands out. So every worker holds an ordinary model and runs an
  ordinary ``fit`` on its own rows, and the strategy carries nothing but the sums.
"""

from __future__ import annotations

import io
import os
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from ..config import Config
from ..network import in_keras
from . import cluster
from .pipeline import ALL_ROWS
from .steps import Batch, HalvedDenoiser, SteppingDenoiser


@dataclass(frozen=True)
class Replicas:
    """Who shares a training run: nobody, replicas within this process, or one process each.

    Attributes:
        strategy: Of TensorFlow; ``None`` for a training run that is not shared.
        count: Number of replicas.
        rank: Number of this process, 0 for the one that writes.
        processes: Number of processes.
    """

    strategy: tf.distribute.Strategy | None = None
    count: int = 1
    rank: int = 0
    processes: int = 1

    def scope(self) -> AbstractContextManager[Any]:
        """Where the model is made: replicas within a process need mirrored variables."""
        if self.strategy is None or self.processes > 1:
            return nullcontext()
        return self.strategy.scope()

    def check(self, config: Config) -> None:
        """Refuse what several replicas cannot do as one does.

        Raises:
            ValueError: If the batch cannot be shared evenly, or is normalised as a whole.
        """
        if config.batch_size % self.count:
            raise ValueError(
                f"batch_size {config.batch_size} cannot be shared by {self.count} replicas: "
                f"take a multiple of {self.count}"
            )
        if config.batch_norm and self.count > 1:
            raise ValueError(
                "batch_norm needs the statistics of the whole batch, and no replica sees it: "
                "train without --distribute"
            )

    def rows(self, batch_size: int) -> slice:
        """Rows of a batch that this process takes; replicas within it share them further."""
        share = batch_size // self.processes
        return (
            ALL_ROWS if self.processes == 1 else slice(self.rank * share, (self.rank + 1) * share)
        )

    def mean(self, values: list[tf.Tensor]) -> list[tf.Tensor]:
        """Mean over all replicas, for each of them; called by each replica, inside a graph."""
        if self.strategy is None:
            return values

        def reduce(values: list[tf.Tensor]) -> list[tf.Tensor]:
            placed = [tf.identity(value) for value in values]  # a collective wants a device
            context = tf.distribute.get_replica_context()
            return context.all_reduce(tf.distribute.ReduceOp.MEAN, placed)

        return reduce(values) if self.processes == 1 else self.strategy.run(reduce, (values,))

    @cached_property
    def _mean_in_graph(self) -> Callable[[list[tf.Tensor]], list[tf.Tensor]]:
        """:meth:`mean` for outside of a graph, kept: a new one each time would be warned of."""
        return tf.function(self.mean)

    def of_chief(self, content: bytes) -> bytes:
        """What the chief passes, for each process, for it may sit on another machine."""
        if self.processes == 1:
            return content

        def shared(numbers: np.ndarray) -> np.ndarray:
            counted = tf.constant(numbers * (self.rank == 0), tf.float64)
            (mean,) = self._mean_in_graph([counted])
            return np.rint(mean.numpy() * self.processes).astype(np.int64)

        numbers = np.frombuffer(content, np.uint8)
        with told_of_loss():
            (size,) = shared(np.array([numbers.size]))
            return bytes(shared(np.resize(numbers, size)).tolist())

    @contextmanager
    def folder(self, run: Path, resume: bool) -> Iterator[Path]:
        """Where this process writes: beside the chief, a copy of its run that is thrown away."""
        held = self.of_chief(_packed(run)) if resume and self.processes > 1 else b""
        if self.rank == 0:
            yield run
            return
        with tempfile.TemporaryDirectory() as copy:
            if held:
                with tarfile.open(fileobj=io.BytesIO(held)) as archive:
                    archive.extractall(copy, filter="data")
            yield Path(copy)


@contextmanager
def told_of_loss() -> Iterator[None]:
    """Within, a worker that is gone is an error of one line for all others.

    So is a machine that is too busy to answer for some seconds, this one included.
    """
    try:
        yield
    except (tf.errors.UnavailableError, tf.errors.AbortedError):
        raise ConnectionError(
            "another worker is gone, or too slow: "
            "start all of them again, with --resume if the run had begun"
        ) from None


def _packed(run: Path) -> bytes:
    """Files of a run, but for its curves: an archive, empty if there is no run."""
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w") as archive:
        for path in run.glob("[!.]*.*"):
            archive.add(path, path.name)
    return held.getvalue()


ALONE = Replicas()


class SharedDenoiser(SteppingDenoiser):
    """A denoiser whose steps are shared: loss and gradient are the mean over all replicas."""

    def __init__(self, config: Config, replicas: Replicas) -> None:
        """Build the mask network of ``config`` for some replicas."""
        super().__init__(config)
        self.replicas = replicas

    def train_step(self, data: Batch) -> dict[str, tf.Tensor]:
        """One step on the rows of this replica."""
        loss, *gradients = self.replicas.mean(self.gradients_of(data))
        if self.optimizer.global_clipnorm:
            gradients, _ = tf.clip_by_global_norm(gradients, self.optimizer.global_clipnorm)
        # within a process the optimizer will add the replicas' equal gradients up again
        replicas = tf.distribute.get_strategy().num_replicas_in_sync
        shares = [gradient / replicas for gradient in gradients]
        self.optimizer.apply(shares, self.trainable_variables)
        return self.logged(loss)

    def test_step(self, data: Batch) -> dict[str, tf.Tensor]:
        """Loss of a batch, the same bits in each replica, so that all decide alike."""
        return self.logged(self.replicas.mean([self.loss_of(data, training=False)])[0])


def replicated_denoiser(
    config: Config, replicas: Replicas = ALONE, xla: bool = False
) -> in_keras.DenoiserModel:
    """A denoiser with Keras' own steps, with halved ones for XLA, or with shared ones.

    Raises:
        ValueError: If replicas cannot share what is to be trained, or XLA cannot compile it.
    """
    replicas.check(config)
    if replicas.count > 1:
        if xla:
            raise ValueError("XLA cannot compile what replicas exchange: leave out one of the two")
        return SharedDenoiser(config, replicas)
    return HalvedDenoiser(config) if xla else in_keras.DenoiserModel(config)


def replicas_of(text: str) -> Replicas:
    """Set TensorFlow up for ``"mirrored:2"`` or ``"workers:2"``; before anything else uses it.

    A process that :func:`lstm_se.training.cluster.launch` started is one of the workers.

    Args:
        text: What to share; empty for nothing.

    Raises:
        ValueError: If the text is wrong, or this process is no worker of a cluster that size.
        RuntimeError: If TensorFlow has been used already.
    """
    if not text:
        return ALONE
    kind, count = cluster.parse(text)
    return _mirrored(count) if kind == "mirrored" else _worker(count)


def _mirrored(count: int) -> Replicas:
    """Graphics cards if there are enough, or else as many parts of the processor."""
    kind = "GPU" if len(tf.config.list_physical_devices("GPU")) >= count else "CPU"
    if kind == "CPU":
        processor = tf.config.list_physical_devices("CPU")[0]
        parts = [tf.config.LogicalDeviceConfiguration()] * count
        try:
            tf.config.set_logical_device_configuration(processor, parts)
        except RuntimeError:
            why = "TensorFlow has been used already: divide the processor first"
            raise RuntimeError(why) from None
    devices = [f"{kind}:{number}" for number in range(count)]
    return Replicas(tf.distribute.MirroredStrategy(devices), count)


def _worker(count: int) -> Replicas:
    """This process' part in a cluster, which ``TF_CONFIG`` describes."""
    cluster.follow_launcher()
    rank = cluster.rank()
    if rank is None:
        raise ValueError(
            "TF_CONFIG is not set: start the workers with lstm_se.training.cluster.launch"
        )
    strategy = tf.distribute.MultiWorkerMirroredStrategy()
    if strategy.num_replicas_in_sync != count:
        raise ValueError(
            f"workers:{count} asked for, but there are {strategy.num_replicas_in_sync}: TF_CONFIG "
            f"is {os.environ['TF_CONFIG']}, and a worker takes one graphics card, such as that of "
            "CUDA_VISIBLE_DEVICES=0"
        )
    return Replicas(strategy, count, rank, count)
