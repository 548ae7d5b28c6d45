"""Training steps of our own: where the gradient is not taken from one batch in one piece."""

from __future__ import annotations

import tensorflow as tf

from ..config import Config
from ..network import in_keras

Batch = tuple[tf.Tensor, tf.Tensor]  # noisy and clean, (rows, samples) each


class SteppingDenoiser(in_keras.DenoiserModel):
    """A denoiser that tells ``fit`` its loss itself."""

    def loss_of(self, data: Batch, training: bool) -> tf.Tensor:
        """Mean loss of the rows of a batch."""
        noisy, clean = data[:2]  # train_on_batch adds weights, which are None
        return tf.reduce_mean(self.loss.call(clean, self(noisy, training=training)))

    def gradients_of(self, data: Batch) -> list[tf.Tensor]:
        """Mean loss of the rows of a batch, and its gradient by each variable."""
        with tf.GradientTape() as tape:
            loss = self.loss_of(data, training=True)
        return [loss, *tape.gradient(loss, self.trainable_variables)]

    def logged(self, loss: tf.Tensor) -> dict[str, tf.Tensor]:
        """Running mean of the loss, as ``fit`` shows it."""
        for metric in self.metrics:
            metric.update_state(loss)
        return {metric.name: metric.result() for metric in self.metrics}


class HalvedDenoiser(SteppingDenoiser):
    """A denoiser whose gradient XLA computes for two halves of the batch, side by side.

    A recurrent layer is a chain of small products, and XLA keeps little more than one core busy
    with it. Two halves are two chains. The mean of their gradients is that of the batch, unless
    the batch is normalised as a whole: then it stays in one piece.
    """

    def __init__(self, config: Config) -> None:
        """Build the mask network of ``config``."""
        super().__init__(config)
        self.parts = 1 if config.batch_norm or config.batch_size % 2 else 2
        self._gradients = tf.function(self.gradients_of, jit_compile=True)
        self._loss = tf.function(lambda data: self.loss_of(data, training=False), jit_compile=True)

    def train_step(self, data: Batch) -> dict[str, tf.Tensor]:
        """One step on the mean of the halves' gradients."""
        halves = zip(*(tf.split(sound, self.parts) for sound in data[:2]), strict=True)
        sums = [tf.add_n(parts) for parts in zip(*map(self._gradients, halves), strict=True)]
        loss, *gradients = [total / self.parts for total in sums]
        self.optimizer.apply(gradients, self.trainable_variables)
        return self.logged(loss)

    def test_step(self, data: Batch) -> dict[str, tf.Tensor]:
        """Loss of a batch."""
        return self.logged(self._loss(data))
