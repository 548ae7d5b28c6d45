"""Synthetic rooms: a direct sound, early reflections that help a voice, a tail that does not."""

from __future__ import annotations

import numpy as np

from .audio import SAMPLE_RATE

EARLY_SECONDS = 0.05  # reflections up to here merge with the direct sound in the ear


def impulse_response(
    rng: np.random.Generator, reverberation_seconds: float, direct_to_reverberant_db: float
) -> np.ndarray:
    """Impulse response of a random room, its direct sound at sample 0 with gain 1.

    The rest is white noise that fades by 60 dB within the reverberation time (Polack 1988), and
    starts after a gap, as the first wall is further away than the talker.

    Args:
        rng: Generator.
        reverberation_seconds: Time in which the tail falls by 60 dB, in s.
        direct_to_reverberant_db: Energy of the direct sound over that of all that follows, in dB.

    Returns:
        Shape ``(samples,)``, float32.

    Raises:
        ValueError: If the reverberation time is shorter than 0.02 s.
    """
    if reverberation_seconds < 0.02:
        raise ValueError(f"reverberation of {reverberation_seconds} s: give at least 0.02 s")
    time = np.arange(1, int(reverberation_seconds * SAMPLE_RATE)) / SAMPLE_RATE
    tail = rng.standard_normal(len(time)) * 10 ** (-3 * time / reverberation_seconds)
    tail[: int(rng.uniform(0.001, 0.01) * SAMPLE_RATE)] = 0
    tail *= 10 ** (-direct_to_reverberant_db / 20) / np.sqrt(np.sum(tail**2))
    return np.concatenate([[1.0], tail]).astype(np.float32)


def early(response: np.ndarray) -> np.ndarray:
    """The direct sound and the early reflections of an impulse response."""
    return response[: int(EARLY_SECONDS * SAMPLE_RATE)]


def reverberate(samples: np.ndarray, response: np.ndarray) -> np.ndarray:
    """Sound in a room, as long as it was and without delay, float32."""
    from scipy.signal import oaconvolve

    return oaconvolve(samples, response)[: len(samples)].astype(np.float32)
