"""What a microphone does to all it hears: its frequency response, its band, its full scale."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import fft

from .audio import FULL_SCALE, SAMPLE_RATE, to_pcm

CURVE_POINTS = 129
CURVE_HZ = np.linspace(0, SAMPLE_RATE / 2, CURVE_POINTS)


def equaliser(rng: np.random.Generator, deviation_db: float) -> np.ndarray:
    """Random smooth gain over frequency with a random tilt, shape ``(CURVE_POINTS,)``."""
    octaves = np.log2(np.maximum(CURVE_HZ, 60))
    knots = np.linspace(octaves[0], octaves[-1], 7)
    level_db = np.interp(octaves, knots, rng.normal(0, deviation_db, 7))
    level_db += rng.uniform(-1.5, 1.5) * (octaves - octaves.mean())
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
    """Apply a gain over frequency without delay, float32; the ends wrap around.

    Args:
        samples: One signal, or several of one length, shape ``(..., samples)``.
        gain: Shape ``(CURVE_POINTS,)``.
    """
    spectrum = fft.rfft(samples.astype(np.float32, copy=False))  # NumPy's takes twice the time
    places = np.linspace(0, CURVE_POINTS - 1, spectrum.shape[-1], dtype=np.float32)
    curve = np.interp(places, np.arange(CURVE_POINTS), gain).astype(np.float32)
    return fft.irfft(spectrum * curve, samples.shape[-1])


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
