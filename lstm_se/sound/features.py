"""What the network sees: bands of a power spectrum, compressed, and freed of the level.

Each function exists once for NumPy and, where training needs it, once for TensorFlow; they agree.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..config import Config

if TYPE_CHECKING:
    import tensorflow as tf

FLOOR = 1e-9  # power: 134 dB under a bin of a full-scale tone, so that silence has a logarithm
LOG_SCALE = 0.5  # brings log10 of power, a range of some 8, near unit variance


class Normalisation(NamedTuple):
    """Affine change of a waveform, ``(waveform - offset) / scale``, both of its shape."""

    offset: np.ndarray
    scale: np.ndarray

    def apply(self, waveform: np.ndarray) -> np.ndarray:
        """The normalised waveform, float32."""
        if self is UNCHANGED:
            return waveform.astype(np.float32, copy=False)
        return ((waveform - self.offset) / self.scale).astype(np.float32)

    def undo(self, waveform: np.ndarray) -> np.ndarray:
        """The waveform that :meth:`apply` was given, float32."""
        if self is UNCHANGED:
            return waveform.astype(np.float32, copy=False)
        return (waveform * self.scale + self.offset).astype(np.float32)


UNCHANGED = Normalisation(np.zeros(1), np.ones(1))  # copies nothing, however long the recording


def normalisation(waveform: np.ndarray, kind: str, segment: int | None = None) -> Normalisation:
    """How to normalise a waveform; apply the same to noisy and clean, or ``x = s + n`` breaks.

    Args:
        waveform: Noisy waveform, shape ``(..., samples)``; each channel has its own statistics.
        kind: ``"zscore"`` (mean 0, deviation 1), ``"minmax"`` (into [-1, 1]), else unchanged.
        segment: Take the statistics of each piece of this many samples; ``None``: of the whole.

    Returns:
        Offset and scale for every sample. Silence keeps scale 1.
    """
    if kind not in ("zscore", "minmax"):
        return UNCHANGED
    length = segment or waveform.shape[-1]
    offset, scale = np.empty(waveform.shape), np.empty(waveform.shape)
    for begin in range(0, waveform.shape[-1], length):
        piece = waveform[..., begin : begin + length].astype(np.float64)
        if kind == "zscore":
            middle, spread = piece.mean(-1, keepdims=True), piece.std(-1, keepdims=True)
        else:
            low, high = piece.min(-1, keepdims=True), piece.max(-1, keepdims=True)
            middle, spread = (high + low) / 2, (high - low) / 2
        offset[..., begin : begin + length] = middle
        scale[..., begin : begin + length] = np.where(spread > 1e-7, spread, 1.0)
    return Normalisation(offset, scale)


def hz_to_erb(frequency: np.ndarray | float) -> np.ndarray:
    """Number of equivalent rectangular bandwidths below a frequency (Glasberg and Moore 1990)."""
    return 21.4 * np.log10(1 + 0.00437 * np.asarray(frequency))


def erb_to_hz(erb: np.ndarray | float) -> np.ndarray:
    """Inverse of :func:`hz_to_erb`."""
    return (10 ** (np.asarray(erb) / 21.4) - 1) / 0.00437


def hz_to_mel(frequency: np.ndarray | float) -> np.ndarray:
    """Mel scale in O'Shaughnessy's form, as HTK and TensorFlow use it."""
    return 2595 * np.log10(1 + np.asarray(frequency) / 700)


def mel_to_hz(mel: np.ndarray | float) -> np.ndarray:
    """Inverse of :func:`hz_to_mel`."""
    return 700 * (10 ** (np.asarray(mel) / 2595) - 1)


SCALES: dict[str, tuple[Callable, Callable]] = dict(
    erb=(hz_to_erb, erb_to_hz), mel=(hz_to_mel, mel_to_hz), linear=(np.asarray, np.asarray)
)


@lru_cache
def filterbank(
    bands: int,
    n_fft: int = 512,
    sample_rate: int = 16_000,
    scale: str = "erb",
    f_min: float = 0.0,
    fine_hz: float = 0.0,
) -> np.ndarray:
    """Triangular bands, none of them empty: centres are at least one bin apart.

    Low bands of a warped scale would be narrower than a bin of the STFT. There the bands are single
    bins, up to the frequency from which the scale itself is wide enough.

    Args:
        bands: Number of bands, at most ``n_fft // 2``.
        n_fft: Window length in samples.
        sample_rate: In Hz.
        scale: ``"erb"``, ``"mel"`` or ``"linear"``.
        f_min: Bins below this frequency in Hz are not seen.
        fine_hz: Up to this frequency in Hz every bin is a band: harmonics stay apart there.

    Returns:
        Shape ``(n_fft // 2 + 1, bands)``, float32; each column sums to one, so that a band is the
        mean power of its bins. The array is shared: do not write into it.

    Raises:
        ValueError: If that many bands do not fit.
    """
    if scale not in SCALES:
        raise ValueError(f"no band scale {scale!r}: choose one of {', '.join(SCALES)}")
    forward, backward = SCALES[scale]
    width = sample_rate / n_fft
    first, last = max(1, int(np.ceil(f_min / width))), n_fft // 2
    if bands < 2 or bands > last - first + 1:
        raise ValueError(f"{bands} bands do not fit {last - first + 1} bins: take 2 to that many")
    fine = max(0, int(fine_hz / width) + 1 - first) if fine_hz else 0
    for linear in range(fine, bands):  # as few single bins as possible
        knee = first + linear
        warped = np.linspace(forward(knee * width), forward(last * width), bands - linear)
        centre = np.concatenate([np.arange(first, knee), backward(warped) / width])
        if np.diff(centre).min() >= 1 - 1e-9:
            break
    else:
        raise ValueError(f"{bands} bands do not fit {last - first + 1} bins on the {scale} scale")
    low, high = np.r_[first - 1, centre[:-1]], np.r_[centre[1:], last + 1]
    bins = np.arange(n_fft // 2 + 1)[:, None]
    triangles = np.minimum((bins - low) / (centre - low), (high - bins) / (high - centre))
    weights = np.clip(triangles, 0, None)
    if f_min <= 0:
        weights[0, 0] = 0.5  # nothing else hears the bin at 0 Hz
    matrix = (weights / weights.sum(0)).astype(np.float32)
    matrix.flags.writeable = False
    return matrix


@lru_cache
def inverse_filterbank(
    bands: int,
    n_fft: int = 512,
    sample_rate: int = 16_000,
    scale: str = "erb",
    f_min: float = 0.0,
    fine_hz: float = 0.0,
) -> np.ndarray:
    """Spreads one gain per band over the bins, shape ``(bands, bins)``; each column sums to one.

    A bin that no band hears takes the gain of the nearest band that does: deleting it would cut the
    voice's lowest octave away.
    """
    weights = filterbank(bands, n_fft, sample_rate, scale, f_min, fine_hz)
    weights = weights / weights.max(0)  # triangles of height one again: neighbours share a bin
    heard = np.flatnonzero(weights.sum(1) > 0)
    nearest = heard[np.abs(np.arange(len(weights))[:, None] - heard).argmin(1)]
    spread = weights[nearest]
    matrix = np.ascontiguousarray((spread / spread.sum(1, keepdims=True)).T, np.float32)
    matrix.flags.writeable = False
    return matrix


def bank_of(config: Config) -> np.ndarray:
    """The filter bank of a configuration, shape ``(bins, bands)``."""
    c = config
    return filterbank(c.bands, c.n_fft, c.sample_rate, c.band_scale, c.f_min, c.fine_hz)


def inverse_bank_of(config: Config) -> np.ndarray:
    """The inverse filter bank of a configuration, shape ``(bands, bins)``."""
    c = config
    return inverse_filterbank(c.bands, c.n_fft, c.sample_rate, c.band_scale, c.f_min, c.fine_hz)


def band_of_output(config: Config) -> np.ndarray:
    """For each gain of the mask the band that hears most of it, shape ``(outputs,)``, integer."""
    direct = config.mask == "bands"
    return np.arange(config.bands) if direct else inverse_bank_of(config).argmax(0)


def feature_of_output(config: Config) -> np.ndarray:
    """For each gain of the mask its own feature, bin or band, shape ``(outputs,)``, integer."""
    return config.bands + np.arange(config.bins) if config.subbands else band_of_output(config)


def compress(power: np.ndarray, kind: str) -> np.ndarray:
    """Compress band powers, whose range of 90 dB no small network and no int8 can hold.

    Args:
        power: Any shape, non-negative.
        kind: ``"log"`` (log10), ``"power"`` (``power ** 0.15 = magnitude ** 0.3``) or ``"none"``.
    """
    if kind == "log":
        return np.log10(power + np.float32(FLOOR))
    return (power + np.float32(FLOOR)) ** np.float32(0.15) if kind == "power" else power


class RunningLevel:
    """Causal mean of the log features over bands and past frames, with weights that fade.

    The mean of the weights seen so far is divided out, so that the first frame already is its own
    level; there is no start-up bias.
    """

    def __init__(self, config: Config) -> None:
        """Forget everything; the time constant is ``config.level_seconds``."""
        self.decay = level_decay(config)
        self.total = np.zeros(())
        self.weight = 0.0

    def __call__(self, log_features: np.ndarray) -> np.ndarray:
        """Level after one more frame: ``(..., bands)`` in, ``(..., 1)`` out, float32."""
        self.total = self.decay * self.total + log_features.mean(-1, dtype=np.float64)
        self.weight = self.decay * self.weight + 1
        return np.asarray(self.total / self.weight, np.float32)[..., None]


def level_decay(config: Config) -> float:
    """Factor by which the running level forgets from one frame to the next."""
    return float(np.exp(-config.hop_length / (config.level_seconds * config.sample_rate)))


def level_matrix(config: Config, frames: int) -> np.ndarray:
    """:class:`RunningLevel` over a whole segment as one matrix, shape ``(frames, frames)``."""
    age = np.arange(frames)[:, None] - np.arange(frames)
    weights = np.where(age >= 0, level_decay(config) ** np.maximum(age, 0), 0.0)
    return (weights / weights.sum(1, keepdims=True)).astype(np.float32)


def features(power: np.ndarray, config: Config, level: RunningLevel | None = None) -> np.ndarray:
    """Features of one frame.

    Args:
        power: Power spectrum, shape ``(..., bins)``.
        config: Bands, compression, normalisation.
        level: State of the running level; only needed when the configuration uses one.

    Returns:
        Shape ``(..., inputs)``, float32: the bands and, for sub-bands, all bins behind them.
    """
    compressed = compress(power @ bank_of(config), config.compression)
    heard = compressed
    if config.subbands:
        compressed = np.concatenate([compressed, compress(power, config.compression)], axis=-1)
    if config.normalisation == "running":
        if level is None:
            raise ValueError("features with a running level need its state: pass a RunningLevel")
        compressed = compressed - level(heard)
    return compressed * np.float32(LOG_SCALE if config.compression == "log" else 1)


def features_tf(power: tf.Tensor, config: Config) -> tf.Tensor:
    """Features of whole segments in TensorFlow: ``(batch, frames, bins)`` to ``(…, inputs)``."""
    import tensorflow as tf

    compressed = heard = _compress_tf(tf.matmul(power, bank_of(config)), config.compression)
    if config.subbands:
        compressed = tf.concat([heard, _compress_tf(power, config.compression)], axis=-1)
    if config.normalisation == "running":
        mean = tf.reduce_mean(heard, -1, keepdims=True)
        compressed -= tf.matmul(level_matrix(config, power.shape[1]), mean)
    return compressed * np.float32(LOG_SCALE if config.compression == "log" else 1)


def _compress_tf(power: tf.Tensor, kind: str) -> tf.Tensor:
    """:func:`compress` in TensorFlow."""
    import tensorflow as tf

    if kind == "log":
        return tf.math.log(power + FLOOR) / np.float32(np.log(10))
    return (power + FLOOR) ** 0.15 if kind == "power" else power


def gain_floor(limit_db: float | None) -> float:
    """Smallest gain under a strength limit: 0 without one.

    Raises:
        ValueError: If the limit is negative or not a number.
    """
    if limit_db is None:
        return 0.0
    if not limit_db >= 0:
        raise ValueError(f"limit {limit_db} dB: give a number from 0 up")
    return float(10 ** (-limit_db / 20))
