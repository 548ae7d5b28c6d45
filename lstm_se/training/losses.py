"""Losses on spectra: what each one rewards is the subject of two lessons.

All take the clean and the enhanced complex spectrum, ``(batch, frames, bins)``, and give one number
for each utterance, ``(batch,)``; they are never negative, and zero for equal spectra.
"""

from __future__ import annotations

from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf

from ..config import Config
from ..sound import stft

EPSILON = 1e-6  # power; keeps the gradient of a compressed magnitude finite at silence


def _mean(x: tf.Tensor) -> tf.Tensor:
    """Mean over frames and bins."""
    return tf.reduce_mean(x, axis=[1, 2])


def power(spectrum: tf.Tensor) -> tf.Tensor:
    """Squared magnitude, without the square root whose gradient is infinite at zero."""
    return tf.math.real(spectrum) ** 2 + tf.math.imag(spectrum) ** 2


def magnitude(spectrum: tf.Tensor) -> tf.Tensor:
    """Magnitude with a finite gradient at zero."""
    return tf.sqrt(power(spectrum) + EPSILON)


def dot(one: tf.Tensor, other: tf.Tensor) -> tf.Tensor:
    """Real part of ``one * conj(other)``: with real products, whose gradient is cheap."""
    real = tf.math.real(one) * tf.math.real(other)
    return real + tf.math.imag(one) * tf.math.imag(other)


def mse(clean: tf.Tensor, enhanced: tf.Tensor) -> tf.Tensor:
    """Mean squared distance of the complex spectra: by Parseval, of the windowed waveforms."""
    return _mean(power(clean - enhanced))


def mae(clean: tf.Tensor, enhanced: tf.Tensor) -> tf.Tensor:
    """Mean distance of the complex spectra."""
    return _mean(magnitude(clean - enhanced) - EPSILON**0.5)


def magnitude_mse(clean: tf.Tensor, enhanced: tf.Tensor) -> tf.Tensor:
    """Mean squared difference of the magnitudes; blind to phase."""
    return _mean((magnitude(clean) - magnitude(enhanced)) ** 2)


def phase_sensitive(clean: tf.Tensor, enhanced: tf.Tensor) -> tf.Tensor:
    """Squared error of the magnitude against the clean one seen from the enhanced phase.

    Erdogan et al. 2015: ``(|E| - |S| cos(angle(S) - angle(E)))**2``. Where the phase is wrong, it
    asks for less. Where nothing is left there is no phase, and the whole error counts: otherwise
    silence would be a perfect answer.
    """
    projection = dot(clean, enhanced) / magnitude(enhanced)
    audible = (power(enhanced) / magnitude(enhanced) - projection) ** 2
    silent = power(clean - enhanced) * EPSILON / (power(enhanced) + EPSILON)
    return _mean(audible + silent)


def compressed(
    clean: tf.Tensor, enhanced: tf.Tensor, complex_weight: float = 0.113, exponent: float = 0.3
) -> tf.Tensor:
    """TinyLSTM's loss (arXiv 2005.11138): compressed magnitudes plus compressed spectra.

    Args:
        clean: Shape ``(batch, frames, bins)``, complex64.
        enhanced: As ``clean``.
        complex_weight: Weight of the term that knows the phase.
        exponent: Of the magnitude; 0.3 in the paper, so that soft sounds count beside loud ones.
    """
    s, e = magnitude(clean), magnitude(enhanced)
    sc, ec = (tf.exp(exponent * tf.math.log(m)) for m in (s, e))  # twice as fast as a power
    cosine = dot(clean, enhanced) / (s * e)
    distance = sc**2 + ec**2 - 2 * sc * ec * cosine
    floor = (sc**2 + ec**2) * EPSILON / (s * e)  # what EPSILON adds where nothing sounds
    return _mean((sc - ec) ** 2) + complex_weight * _mean(tf.maximum(distance - floor, 0.0))


def log_error(clean: tf.Tensor, enhanced: tf.Tensor) -> tf.Tensor:
    """Error-to-signal ratio in dB above a floor of -30 dB: asks for transparency where it is near.

    An utterance without speech has no such ratio and counts as zero.
    """
    error = tf.reduce_sum(power(clean - enhanced), axis=[1, 2])
    signal = tf.reduce_sum(power(clean), axis=[1, 2])
    ratio = (error + 1e-3 * signal) / tf.maximum(signal, EPSILON)
    decibels = 10 / tf.math.log(10.0) * tf.math.log(tf.maximum(ratio, 1e-3)) + 30
    return tf.where(signal > 1.0, decibels, 0.0)


def third_octaves(sample_rate: int, n_fft: int) -> np.ndarray:
    """Which bins the 15 bands of STOI sum up, from 150 Hz on; shape ``(bins, 15)`` of 0 and 1."""
    centres = 150.0 * 2 ** (np.arange(15) / 3)
    bins = np.fft.rfftfreq(n_fft, 1 / sample_rate)[:, None]
    return ((bins >= centres * 2 ** (-1 / 6)) & (bins < centres * 2 ** (1 / 6))).astype(np.float32)


def lost_intelligibility(
    clean: tf.Tensor, enhanced: tf.Tensor, sample_rate: int, hop_length: int
) -> tf.Tensor:
    """One minus ESTOI (Jensen and Taal 2016), on the frames at hand instead of its own.

    In pieces of 384 ms the band envelopes of both are made alike, first in mean and spread over
    time, then over the bands; their correlation is what is left of the speech. Frames 40 dB below
    the loudest hold no speech and do not count. An utterance without speech, or shorter than such a
    piece, counts as zero.

    Args:
        clean: Shape ``(batch, frames, bins)``, complex64.
        enhanced: As ``clean``.
        sample_rate: In Hz.
        hop_length: Samples between two frames.
    """
    bands = third_octaves(sample_rate, 2 * (clean.shape[-1] - 1))
    length = round(0.384 * sample_rate / hop_length)
    loud = tf.reduce_sum(power(clean), axis=2)
    active = loud > tf.maximum(1e-4 * tf.reduce_max(loud, axis=1, keepdims=True), EPSILON)
    share = tf.reduce_mean(_pieces(tf.cast(active, tf.float32), length), axis=2)
    pieces = (_pieces(tf.sqrt(power(x) @ bands + EPSILON), length) for x in (clean, enhanced))
    one, other = (_standardised(_standardised(piece, 2), 3) for piece in pieces)
    lost = 1 - tf.reduce_sum(one * other, axis=[2, 3]) / length
    return tf.reduce_sum(share * lost, axis=1) / (tf.reduce_sum(share, axis=1) + EPSILON)


def _pieces(x: tf.Tensor, length: int) -> tf.Tensor:
    """Overlapping pieces of ``length`` frames, ``(batch, pieces, length, ...)``."""
    return tf.signal.frame(x, length, length // 4, axis=1)


def _standardised(x: tf.Tensor, axis: int) -> tf.Tensor:
    """Zero mean and unit length along an axis."""
    x -= tf.reduce_mean(x, axis=axis, keepdims=True)
    return x * tf.math.rsqrt(tf.reduce_sum(x**2, axis=axis, keepdims=True) + EPSILON)


LOSSES: dict[str, Callable[..., tf.Tensor]] = {
    "mse": mse,
    "mae": mae,
    "magnitude": magnitude_mse,
    "psa": phase_sensitive,
    "compressed": compressed,
}


class SpectralLoss(keras.losses.Loss):
    """The loss of a configuration, on waveforms as ``fit`` hands them over."""

    def __init__(self, config: Config, **kwargs: object) -> None:
        """Take the loss, its weights and the STFT from ``config``."""
        super().__init__(name=config.loss, **kwargs)
        self.config = config

    def call(self, y_true: tf.Tensor, y_pred: tf.Tensor) -> tf.Tensor:
        """Loss of each utterance: clean and enhanced ``(batch, samples)`` to ``(batch,)``."""
        c = self.config
        window = c.n_fft, c.hop_length, c.center
        clean, enhanced = stft.stft_tf(y_true, *window), stft.stft_tf(y_pred, *window)
        weight = {"complex_weight": c.complex_weight} if c.loss == "compressed" else {}
        loss = LOSSES[c.loss](clean, enhanced, **weight)
        if c.snr_weight:
            loss += c.snr_weight * log_error(clean, enhanced)
        if c.estoi_weight:
            lost = lost_intelligibility(clean, enhanced, c.sample_rate, c.hop_length)
            loss += c.estoi_weight * lost
        return loss
