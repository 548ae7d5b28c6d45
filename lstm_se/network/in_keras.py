"""The denoiser in Keras: a waveform goes in, a waveform comes out, a mask network sits between."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import layers, ops

from ..config import Config
from ..sound import features, stft
from . import bandwise_in_keras, in_numpy
from .clipped_lstm import ClippedLSTM


class Smoothing(layers.Layer):
    """Exponential moving average over frames that starts at the first frame.

    Written as one lower triangular matrix, because a Python loop over frames would be a graph of
    thousands of nodes.
    """

    def __init__(self, past: float, **kwargs: Any) -> None:
        """``past`` is the weight of the average so far, in [0, 1)."""
        super().__init__(**kwargs)
        self.past = past

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """Smooth ``(batch, frames, outputs)`` along the frames."""
        frames = ops.arange(ops.shape(inputs)[1])
        age = frames[:, None] - frames
        start = ops.where(frames == 0, 1.0, 1 - self.past)
        decay = ops.power(self.past, ops.cast(ops.maximum(age, 0), "float32"))
        return ops.matmul(ops.where(age >= 0, decay * start, 0.0), inputs)


class Local(layers.Layer):
    """What each gain sees directly of the bands around its own: ``in_numpy.local`` in Keras."""

    def __init__(self, band: Sequence[int] | np.ndarray, **kwargs: Any) -> None:
        """``band`` is the own band of each gain, or its bin."""
        super().__init__(**kwargs)
        self.band = np.asarray(band)

    def build(self, shape: tuple[int, ...]) -> None:
        """Start with no such view; input ``(batch, frames, bands)``."""
        size = (in_numpy.TAPS, len(self.band))
        self.kernel = self.add_weight(size, initializer="zeros", name="kernel")

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """Shares of the logits, ``(batch, frames, outputs)``."""
        bands, count = in_numpy.beside(self.band), inputs.shape[-1]
        # three numbers of each column: one product, and its gradient is another
        columns = [tf.one_hot(bands[t], count, axis=0) * self.kernel[t] for t in range(3)]
        return tf.matmul(inputs, tf.add_n(columns))


def mask_network(config: Config) -> keras.Model:
    """Features ``(batch, frames, inputs)`` to mask ``(batch, frames, outputs)``.

    The layers are named as the weights of :func:`lstm_se.network.in_numpy.shapes`.
    """
    inputs = keras.Input((None, config.inputs), name="features")
    logits = bandwise_in_keras.logits if config.subbands else _logits
    x = logits(config, inputs)
    if config.local:
        nearby = Local(features.feature_of_output(config), name="local")(inputs)
        x = layers.Add()([x, nearby])
    if config.local or config.subbands:
        x = layers.Activation("sigmoid")(x)
    if config.smoothing:
        x = Smoothing(config.smoothing, name="smoothing")(x)
    return keras.Model(inputs, x, name=f"{config.name}_mask")


def _logits(config: Config, x: keras.KerasTensor) -> keras.KerasTensor:
    """All bands through one stack of layers; the mask itself where there is no local view."""
    drawn = config.initializer
    for i, units in enumerate(config.units):
        x = _recurrent(config, units, f"rnn_{i}")(x)
        if config.batch_norm:
            x = layers.BatchNormalization(name=f"norm_{i}")(x)
    for i, units in enumerate(config.dense):
        x = layers.Dense(units, "relu", kernel_initializer=drawn, name=f"dense_{i}")(x)
    last, activation = f"dense_{len(config.dense)}", "linear" if config.local else "sigmoid"
    return layers.Dense(config.outputs, activation, kernel_initializer=drawn, name=last)(x)


def _recurrent(config: Config, units: int, name: str) -> layers.Layer:
    """One recurrent layer over all frames."""
    if config.cell == "lstm" and config.cell_clip is not None:
        return ClippedLSTM(units, config.cell_clip, config.initializer, name=name)
    kind = {"lstm": layers.LSTM, "gru": layers.GRU, "rnn": layers.SimpleRNN}[config.cell]
    return kind(units, kernel_initializer=config.initializer, return_sequences=True, name=name)


class DenoiserModel(keras.Model):
    """Noisy waveform to enhanced waveform, both ``(batch, samples)`` with a fixed length.

    The mask multiplies the noisy spectrum, so the waveform keeps its scale and needs no
    denormalisation; zscore and minmax happen outside, in the pipeline, where the statistics are.
    """

    def __init__(self, config: Config, **kwargs: Any) -> None:
        """Build the mask network of ``config``."""
        super().__init__(name=config.name, **kwargs)
        self.config = config
        self.network = mask_network(config)

    def mask(self, spectrum: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Mask of a noisy spectrum, both ``(batch, frames, bins)``."""
        power = tf.math.real(spectrum) ** 2 + tf.math.imag(spectrum) ** 2
        mask = self.network(features.features_tf(power, self.config), training=training)
        if self.config.mask == "bands":
            mask = tf.matmul(mask, features.inverse_bank_of(self.config))
        return mask

    def call(self, noisy: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Enhance a batch of waveforms; ``training`` is for the batch normalisation."""
        spectrum = self.spectrum(noisy)
        return self.sound(spectrum, self.mask(spectrum, training), noisy.shape[-1])

    def spectrum(self, noisy: tf.Tensor) -> tf.Tensor:
        """Complex spectra ``(batch, frames, bins)`` of waveforms."""
        return stft.stft_tf(noisy, *self._window)

    def sound(self, spectrum: tf.Tensor, mask: tf.Tensor, samples: int) -> tf.Tensor:
        """Waveforms of noisy spectra under their masks."""
        # real products: the gradient of a cast to complex warns of an imaginary part it drops
        enhanced = tf.complex(tf.math.real(spectrum) * mask, tf.math.imag(spectrum) * mask)
        return stft.istft_tf(enhanced, samples, *self._window)

    @property
    def _window(self) -> tuple[int, int, bool]:
        return self.config.n_fft, self.config.hop_length, self.config.center


def get_weights(model: keras.Model) -> dict[str, np.ndarray]:
    """Weights of a mask network, named as :func:`lstm_se.network.in_numpy.shapes` says.

    Batch normalisation is folded to the scale and shift it is at inference.
    """
    weights: dict[str, np.ndarray] = {}
    for layer in model.layers:
        if layer.name.startswith("norm_"):
            gamma, beta, mean, variance = (v.numpy() for v in layer.weights)
            weights[f"{layer.name}/scale"] = scale = gamma / np.sqrt(variance + layer.epsilon)
            weights[f"{layer.name}/shift"] = beta - mean * scale
        else:
            weights |= {_name(layer, variable): variable.numpy() for variable in layer.weights}
    return weights


def _name(layer: layers.Layer, variable: keras.Variable) -> str:
    return f"{layer.name}/{variable.path.rsplit('/', 1)[1]}"


def set_weights(model: keras.Model, weights: in_numpy.Weights) -> None:
    """Put weights that :func:`get_weights` or ``weights.npz`` gave back into a mask network."""
    for layer in model.layers:
        if layer.name.startswith("norm_"):
            scale, shift = weights[f"{layer.name}/scale"], weights[f"{layer.name}/shift"]
            variance = np.full_like(scale, 1 - layer.epsilon)  # so that scale is gamma itself
            layer.set_weights([scale, shift, np.zeros_like(scale), variance])
        else:
            layer.set_weights([weights[_name(layer, variable)] for variable in layer.weights])
