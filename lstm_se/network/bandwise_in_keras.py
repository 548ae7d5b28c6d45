"""The network of :mod:`lstm_se.network.bandwise` in Keras.

Between its layers lie ``(subbands, frames, batch, channels)``: an LSTM over the sub-bands or, with
two axes exchanged, over the frames finds its steps first and takes all that is between as rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import initializers, layers, ops

from ..config import Config
from . import bandwise
from .clipped_lstm import ClippedLSTM
from .steps_first import StepsFirst


def _widened(kernel: tf.Tensor, rows: np.ndarray) -> tf.Tensor:
    """Rows of a kernel by sub-band, ``(subbands, widest, channels)``, with zeros to fill up."""
    return tf.gather(tf.concat([kernel, tf.zeros_like(kernel[:1])], axis=0), rows)


class Split(layers.Layer):
    """Bins to channels: ``(batch, frames, bins)`` to ``(subbands, frames, batch, channels)``."""

    def __init__(self, subbands: Sequence[int], channels: int, **kwargs: Any) -> None:
        """Make the matrices of all ``subbands``, given by their widths in bins."""
        super().__init__(**kwargs)
        self.subbands, self.channels = tuple(subbands), channels
        sights = bandwise.sights(self.subbands)
        self.rows = bandwise.numbered([len(sight) for sight in sights])
        filled = np.array([*np.concatenate(sights), 0])  # 0 Hz meets a row of zeros
        self.bins = filled[self.rows]

    def build(self, shape: tuple[int, ...]) -> None:
        """Draw the rows of each sub-band for inputs of unit variance."""
        seen = np.concatenate([[len(s)] * len(s) for s in bandwise.sights(self.subbands)])
        scale = np.float32(seen[:, None] ** -0.5)
        self.kernel = self.add_weight(
            (len(seen), self.channels),
            lambda size, dtype: scale * initializers.RandomNormal(1.0)(size, dtype),
            name="kernel",
        )
        size = len(self.subbands), self.channels
        self.bias = self.add_weight(size, initializers.RandomNormal(0.1), name="bias")

    def call(self, bins: tf.Tensor) -> tf.Tensor:
        """Channels of all sub-bands."""
        batch, frames = tf.unstack(tf.shape(bins)[:2])
        columns = tf.reshape(tf.transpose(bins, (2, 1, 0)), (bins.shape[-1], frames * batch))
        seen = tf.gather(columns, self.bins)
        x = tf.einsum("kwn,kwc->knc", seen, _widened(self.kernel, self.rows))
        x += self.bias[:, None]
        return tf.reshape(x, (len(self.subbands), frames, batch, self.channels))


class Join(layers.Layer):
    """Channels to bins: ``(subbands, frames, batch, channels)`` to ``(batch, frames, bins)``."""

    def __init__(self, subbands: Sequence[int], **kwargs: Any) -> None:
        """Make the matrices of all ``subbands``, given by their widths in bins."""
        super().__init__(**kwargs)
        self.rows = bandwise.numbered(subbands)
        self.places = bandwise.gain_places(subbands)

    def build(self, shape: tuple[int, ...]) -> None:
        """Start with gains that are nearly alike."""
        bins = len(self.places)
        near_zero = initializers.RandomNormal(stddev=0.02)
        self.kernel = self.add_weight((bins - 1, shape[-1]), near_zero, name="kernel")
        self.bias = self.add_weight((bins,), "zeros", name="bias")

    def call(self, x: tf.Tensor) -> tf.Tensor:
        """Logits of all gains."""
        subbands, frames, batch, channels = tf.unstack(tf.shape(x))
        columns = tf.reshape(x, (subbands, frames * batch, channels))
        gains = tf.einsum("knc,kwc->kwn", columns, _widened(self.kernel, self.rows))
        gains = tf.gather(tf.reshape(gains, (self.rows.size, frames * batch)), self.places)
        gains = tf.reshape(gains, (len(self.places), frames, batch))
        return tf.transpose(gains, (2, 1, 0)) + self.bias


class Shares(layers.Layer):
    """What the full-band LSTMs have for each sub-band.

    ``(batch, frames, subbands * context)`` to ``(subbands, frames, batch, context)``.
    """

    def __init__(self, subbands: int, **kwargs: Any) -> None:
        """Cut in ``subbands`` equal parts."""
        super().__init__(**kwargs)
        self.subbands = subbands

    def call(self, x: tf.Tensor) -> tf.Tensor:
        """The shares of all sub-bands."""
        batch, frames = tf.unstack(tf.shape(x)[:2])
        parts = tf.reshape(x, (batch, frames, self.subbands, x.shape[-1] // self.subbands))
        return tf.transpose(parts, (2, 1, 0, 3))


def logits(config: Config, features: keras.KerasTensor) -> keras.KerasTensor:
    """What all layers but the local view say to each gain.

    Args:
        config: With sub-bands.
        features: Shape ``(batch, frames, inputs)``, the bins behind the bands.

    Returns:
        Shape ``(batch, frames, bins)``.
    """
    x = Split(config.subbands, config.channels, name="split")(features[..., config.bands :])
    x = layers.Add()([x, _context(config, features[..., : config.bands])])
    for i in range(config.blocks):
        up = _lstm(config, config.across, f"up_{i}")(x)
        down = _lstm(config, config.across, f"down_{i}", backwards=True)(x)
        x = layers.Add()([x, _dense(config, f"across_{i}")(ops.concatenate([up, down], axis=-1))])
        frames_first = ops.transpose(x, (1, 0, 2, 3))
        memory = _lstm(config, config.channels, f"time_{i}")(frames_first)
        along = _dense(config, f"along_{i}")(memory)
        x = layers.Add()([x, ops.transpose(along, (1, 0, 2, 3))])
    return Join(config.subbands, name="join")(x)


def _context(config: Config, bands: keras.KerasTensor) -> keras.KerasTensor:
    """What is going on in all bands, told to each sub-band."""
    x = bands
    for i, units in enumerate(config.units):
        x = ClippedLSTM(units, _clip(config), config.initializer, name=f"rnn_{i}")(x)
    subbands = len(config.subbands)
    x = _dense(config, "context", subbands * config.context)(x)
    return _dense(config, "inject")(Shares(subbands)(x))


def _lstm(config: Config, units: int, name: str, backwards: bool = False) -> StepsFirst:
    """An LSTM that all sub-bands share."""
    drawn = config.initializer
    return StepsFirst(units, _clip(config), drawn, backwards=backwards, name=name)


def _clip(config: Config) -> float:
    """The bound of the cell state, without which :class:`Config` lets no sub-bands be."""
    assert config.cell_clip is not None
    return config.cell_clip


def _dense(config: Config, name: str, units: int | None = None) -> layers.Dense:
    """A linear layer, by default back to the channels; it starts with half the usual weights.

    What it gives is added to what is there already: a block begins as a small change.
    """
    drawn = initializers.VarianceScaling(0.25, "fan_avg", "uniform")
    return layers.Dense(units or config.channels, kernel_initializer=drawn, name=name)
