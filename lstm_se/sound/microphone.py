"""What a microphone does to all it hears: its frequency response, its band, its full scale."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .audio import FULL_SCALE, SAMPLE_RATE, to_pcm

CURVE_POINTS = 129
CURVE_HZ = np.linspace(0, SAMPLE_RATE / 2, CURVE_POINTS)
OCTAVES = np.log2(np.maximum(CURVE_HZ, 60))
KNOTS = np.linspace(OCTAVES[0], OCTAVES[-1], 7)
FILTER_BLOCK = 1024  # samples of a transform: a clip in pieces stays in the processor's cache


def equaliser(rng: np.random.Generator, deviation_db: float) -> np.ndarray:
    """Random smooth gain over frequency with a random tilt, shape ``(CURVE_POINTS,)``."""
    level_db = np.interp(OCTAVES, KNOTS, rng.normal(0, deviation_db, len(KNOTS)))
    level_db += rng.uniform(-1.5, 1.5) * (OCTAVES - OCTAVES.mean())
    return 10 ** (level_db / 20)


class Corner(NamedTuple):
    """Where a high-pass or low-pass begins to act.

    Attributes:
        hz: Frequency at which it has halved the power.
        exponent: Beyond, the power falls with this power of frequency: 3 dB per octave for each.
    """

    hz: float
    exponent: int


def band_limits(high_pass: Corner | None, low_pass: Corner | None) -> np.ndarray:
    """Gain over frequency of a high-pass and a low-pass, shape ``(CURVE_POINTS,)``."""
    gain = np.ones(CURVE_POINTS)
    if high_pass:
        gain /= np.sqrt(1 + (high_pass.hz / np.maximum(CURVE_HZ, 8)) ** high_pass.exponent)
    if low_pass:
        gain /= np.sqrt(1 + (CURVE_HZ / low_pass.hz) ** low_pass.exponent)
    return gain


def filtered(samples: np.ndarray, gain: np.ndarray) -> np.ndarray:
    """Apply a gain over frequency without delay, float32; beyond the ends is silence.

    The filter is as long as the curve can tell, two times 128 samples, and goes over the signal in
    blocks whose ends add up (Stockham 1966).

    Args:
        samples: One signal, or several of one length, shape ``(..., samples)``.
        gain: Shape ``(CURVE_POINTS,)``.
    """
    from scipy import fft  # takes a fifth of a second to import, and who only denoises needs none

    taps = np.fft.fftshift(np.fft.irfft(gain)).astype(np.float32)
    *signals, length = samples.shape
    middle, step = len(taps) // 2, FILTER_BLOCK - len(taps)
    blocks = np.zeros((*signals, -(-(middle + length) // step), step), np.float32)
    blocks.reshape(*signals, -1)[..., :length] = samples
    parts = fft.irfft(fft.rfft(blocks, FILTER_BLOCK) * fft.rfft(taps, FILTER_BLOCK), FILTER_BLOCK)
    parts[..., 1:, : len(taps)] += parts[..., :-1, step:]
    return parts[..., :step].reshape(*signals, -1)[..., middle : middle + length]


def record(samples: np.ndarray, peak_dbfs: float) -> np.ndarray:
    """Record into 16 bits and turn the recording back to the level it came with.

    Args:
        samples: Any level, shape ``(samples,)``.
        peak_dbfs: Level of the largest sample in the recorder; above 0 the recorder saturates.

    Returns:
        As ``samples``: rounded, and clipped where the recorder was overdriven, float32.
    """
    gain = 10 ** (peak_dbfs / 20) / max(1e-9, float(np.abs(samples).max()))
    recorded = to_pcm(samples * gain).astype(np.float32) / FULL_SCALE
    return (recorded / gain).astype(np.float32)
