"""Samples to features and mask to samples in float32, bit for bit as the firmware does it.

:mod:`lstm_se.sound.stft` and :mod:`lstm_se.sound.features` are for training and reading and promise
closeness only. Here each product and each sum is rounded on its own and in a fixed order, so that a
microcontroller, a browser and NumPy find the same bits: the twin of ``se_stft.c``.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from ..config import Config
from ..sound.audio import FULL_SCALE
from ..sound.features import FLOOR, LOG_SCALE, bank_of, level_decay
from ..sound.stft import sqrt_hann
from . import fft
from .fixed import FEATURE_BITS, UNIT_BITS

HOP = fft.POINTS
FEATURE_UNIT = np.float32(1 << FEATURE_BITS)
MASK_STEP = np.float32(2.0**-UNIT_BITS)
# the window carries 1/32768 twice, the inverse transform 512
OUTPUT_UNIT = np.float32(FULL_SCALE * FULL_SCALE / (2 * fft.POINTS))
LOG_UNIT = np.float32(LOG_SCALE * np.log10(2))
LOG2_TERMS = 6
WINDOW = sqrt_hann(2 * HOP) / np.float32(FULL_SCALE)


@lru_cache
def log2_polynomial() -> np.ndarray:
    """Coefficients ``q`` of ``log2(1 + t) = t q(t)`` for ``0 <= t < 1``, highest power first."""
    t = (1 + np.cos(np.pi * (np.arange(400) + 0.5) / 400)) / 2  # dense at both ends
    powers = np.vander(t, LOG2_TERMS)
    # weighted by t, for the error that matters is that of the product
    coefficients, *_ = np.linalg.lstsq(powers * t[:, None], np.log2(1 + t), rcond=None)
    return coefficients.astype(np.float32)


class Bands(NamedTuple):
    """The filter bank without its zeros.

    Attributes:
        first: Lowest bin of each band, shape ``(bands,)``.
        bins: Number of bins of each band.
        weights: Their weights, one band after the other.
    """

    first: np.ndarray
    bins: np.ndarray
    weights: np.ndarray


def bands_of(config: Config) -> Bands:
    """The filter bank of a configuration as the firmware stores it."""
    matrix = bank_of(config).T
    heard = matrix > 0
    return Bands(heard.argmax(1), heard.sum(1), matrix[heard])


def analyse(pcm: np.ndarray) -> np.ndarray:
    """Spectra of frames of int16, ``(frames, 512)``, in the order of :mod:`lstm_se.chip.fft`."""
    return fft.forward(pcm.astype(np.float32) * WINDOW)


def log_bands(spectrum: np.ndarray, config: Config) -> np.ndarray:
    """Logarithmic energies of spectra of :func:`analyse`, ``(frames, inputs)``, float32.

    They are those of the bands and, for sub-bands, of all bins behind them.
    """
    bands = bands_of(config)
    power = np.empty((len(spectrum), HOP + 1 + bands.bins.max()), np.float32)
    squares = spectrum * spectrum
    power[:, 0], power[:, HOP] = squares[:, 0], squares[:, 1]
    power[:, 1:HOP] = squares[:, 2::2] + squares[:, 3::2]
    power[:, HOP + 1 :] = 0
    energy = np.zeros((len(spectrum), config.bands), np.float32)
    begins = np.cumsum(bands.bins) - bands.bins
    for i in range(bands.bins.max()):  # the i-th bin of every band that has so many
        wide = i < bands.bins
        energy[:, wide] += power[:, bands.first[wide] + i] * bands.weights[begins[wide] + i]
    if config.subbands:
        energy = np.concatenate([energy, power[:, : HOP + 1]], axis=1)
    return log2(energy + np.float32(FLOOR)) * LOG_UNIT


def log2(x: np.ndarray) -> np.ndarray:
    """Logarithm to base 2 of positive numbers, within 3e-6, float32."""
    half, exponent = np.frexp(x)
    t = 2 * half - 1
    return np.polyval(log2_polynomial(), t) * t + (exponent - 1).astype(np.float32)


class Level:
    """Running level of the logarithmic features, in float32."""

    def __init__(self, config: Config) -> None:
        """Start from nothing heard."""
        self.bands, self.decay = config.bands, np.float32(level_decay(config))
        self.share = np.float32(1 / config.bands)
        self.sum = self.weight = np.float32(0)

    def __call__(self, logs: np.ndarray) -> np.ndarray:
        """Levels after each of some frames: ``(frames, inputs)`` to ``(frames, 1)``."""
        totals = np.add.accumulate(logs[:, : self.bands], axis=1)[:, -1]  # one band after the other
        levels = np.empty((len(logs), 1), np.float32)
        for frame, total in enumerate(totals):
            self.sum = self.sum * self.decay + total * self.share
            self.weight = self.weight * self.decay + np.float32(1)
            levels[frame] = self.sum / self.weight
        return levels


def fixed_features(logs: np.ndarray, level: Level) -> np.ndarray:
    """Features of frames, Q2.13: ``(frames, inputs)`` float32 to int64."""
    return to_int16((logs - level(logs)) * FEATURE_UNIT)


def apply_mask(spectrum: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Spectra times masks: ``(frames, 512)`` float32 and ``(frames, 257)`` in Q15."""
    gain = mask.astype(np.float32) * MASK_STEP
    order = np.repeat(np.arange(HOP), 2)
    order[1] = HOP
    return spectrum * gain[:, order]


def synthesise(spectrum: np.ndarray, overlap: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Samples of spectra.

    Args:
        spectrum: Shape ``(frames, 512)``, in the order of :mod:`lstm_se.chip.fft`.
        overlap: What the frame before left over, shape ``(256,)``.

    Returns:
        int16 ``(frames, 256)``, and what the last frame leaves over.
    """
    frames = fft.inverse(spectrum) * WINDOW
    before = np.concatenate([overlap[None], frames[:-1, HOP:]])
    samples = to_int16((before + frames[:, :HOP]) * OUTPUT_UNIT)
    return samples.astype(np.int16), frames[-1, HOP:]


def to_int16(x: np.ndarray) -> np.ndarray:
    """Nearest integer within the range of int16, as the firmware truncates, int64."""
    bounded = np.clip(x, np.float32(-32768), np.float32(32767))
    return (bounded + np.float32(32768.5)).astype(np.int64) - 32768
