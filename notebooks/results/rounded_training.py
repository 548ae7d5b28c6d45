"""Fine-tuning with rounded weights: forward the few values of the chip, backward the exact ones.

Rounding has no useful gradient, so that of the rounded weights is applied to exact ones beside them
(the straight-through estimator of Bengio et al. 2013).
"""

from __future__ import annotations

from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf
from lstm_se.config import Config
from lstm_se.network import in_keras
from lstm_se.network.in_numpy import Weights
from lstm_se.training.losses import SpectralLoss
from lstm_se.training.pipeline import Source


def rounded_weights(weights: Weights, config: Config, bits: int) -> dict[str, np.ndarray]:
    """Weights as :func:`lstm_se.chip.quantize.quantize` rounds them, but to any number of bits.

    Args:
        weights: Float weights.
        config: Of the network.
        bits: Of each weight, 2 or more; biases stay exact.

    Returns:
        The values that the integers stand for, float32.

    Raises:
        ValueError: If there are fewer than 2 bits.
    """
    if bits < 2:
        raise ValueError(f"{bits} bits hold no sign and value: take 2 or more")
    values = dict(weights)
    for i in range(len(config.units)):
        names = [f"rnn_{i}/kernel", f"rnn_{i}/recurrent_kernel"]
        # one row of the chip: both share its scale
        both = _grid(np.concatenate([weights[name] for name in names]), bits)
        values |= zip(names, np.split(both, [-config.units[i]]), strict=True)
    for name in weights:
        if name.endswith("/kernel") and not name.startswith("rnn"):
            values[name] = _grid(weights[name], bits)
    return {name: np.asarray(value, np.float32) for name, value in values.items()}


def _grid(kernel: np.ndarray, bits: int) -> np.ndarray:
    """A kernel ``(inputs, outputs)`` as integers times one scale for each output."""
    top = 2 ** (bits - 1) - 1
    scale = np.maximum(np.abs(kernel).max(0).astype(np.float64), 1e-6) / top
    return np.round(kernel / scale) * scale


def fine_tune(
    weights: Weights,
    config: Config,
    source: Source,
    steps: int,
    bits: int | None = None,
    learning_rate: float = 1e-4,
) -> dict[str, np.ndarray]:
    """Train on from trained weights.

    Args:
        weights: Where to begin.
        config: Of the network; its loss is used.
        source: Batches of noisy and clean segments.
        steps: Number of batches; the rate falls to zero along a cosine.
        bits: Of the weights that the network computes with; ``None`` leaves them exact.
        learning_rate: At the beginning.

    Returns:
        Exact weights; :func:`rounded_weights` makes of them those that were trained for.
    """
    model = in_keras.DenoiserModel(config)
    exact = {name: tf.Variable(value) for name, value in weights.items()}
    rate = keras.optimizers.schedules.CosineDecay(learning_rate, steps)
    optimizer = keras.optimizers.Adam(rate, global_clipnorm=1.0)
    gradient = _gradient(model, SpectralLoss(config), list(weights))
    for step in range(steps):
        now = {name: value.numpy() for name, value in exact.items()}
        in_keras.set_weights(model.network, rounded_weights(now, config, bits) if bits else now)
        noisy, clean = source.batch(step)
        slopes = gradient(tf.constant(noisy), tf.constant(clean))
        optimizer.apply([slopes[name] for name in exact], list(exact.values()))
    return {name: value.numpy() for name, value in exact.items()}


def _gradient(
    model: in_keras.DenoiserModel, loss: SpectralLoss, names: list[str]
) -> Callable[[tf.Tensor, tf.Tensor], dict[str, tf.Tensor]]:
    """Function from a batch to the slope of the loss along each weight, by name."""
    network = model.network
    variables = {
        f"{layer.name}/{variable.path.rsplit('/', 1)[1]}": variable
        for layer in network.layers
        for variable in layer.trainable_variables
    }

    @tf.function
    def slopes(noisy: tf.Tensor, clean: tf.Tensor) -> dict[str, tf.Tensor]:
        with tf.GradientTape() as tape:
            value = loss(clean, model(noisy, training=True))
        gradients = tape.gradient(value, [variables[name] for name in names])
        return dict(zip(names, gradients, strict=True))

    return slopes
