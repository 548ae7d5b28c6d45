"""The classic denoiser: a decision-directed Wiener filter with a noise tracker, no training at all.

The a-priori SNR follows Ephraim and Malah 1984, equation 51, with the Wiener gain. The noise is
tracked by its speech presence probability as in Gerkmann and Hendriks 2012. Both need the present
and the past only.
"""

from __future__ import annotations

import numpy as np

from ..sound import stft

FIRST_FRAMES = 5  # taken for noise as they are: 80 ms, as most recordings start before the talker
TINY = 1e-12
# Chosen on validation speakers.
SMOOTHING = 0.94  # weight of the last frame in the a-priori SNR; near 1: soft onsets, few tones
FLOOR_DB = -15.0  # least gain
NOISE_SMOOTHING = 0.8  # weight of the previous frame in the noise power
PRESENT_SNR = 10**1.5  # a-priori SNR that speech is expected to have where there is some: 15 dB


class NoiseTracker:
    """Follows the power of the noise in each bin, through speech too."""

    def __init__(self) -> None:
        """Start without an estimate; the first frames make one."""
        self._frames = 0
        self._noise = np.zeros(1)
        self._presence = np.zeros(1)

    def __call__(self, power: np.ndarray) -> np.ndarray:
        """Power of the noise in this frame.

        Args:
            power: Squared magnitude of the noisy spectrum, shape ``(bins,)``.

        Returns:
            Same shape, above zero.
        """
        self._frames += 1
        if self._frames <= FIRST_FRAMES:
            self._noise = self._noise + (power - self._noise) / self._frames
            return np.maximum(self._noise, TINY)
        noise = np.maximum(self._noise, TINY)
        exponent = power / noise * PRESENT_SNR / (1 + PRESENT_SNR)
        presence = 1 / (1 + (1 + PRESENT_SNR) * np.exp(-np.minimum(exponent, 200)))
        self._presence = 0.9 * self._presence + 0.1 * presence
        # a bin that seems to be speech for seconds is noise that has grown: do not lock it out
        presence = np.where(self._presence > 0.99, np.minimum(presence, 0.99), presence)
        expected = presence * noise + (1 - presence) * power
        self._noise = NOISE_SMOOTHING * noise + (1 - NOISE_SMOOTHING) * expected
        return np.maximum(self._noise, TINY)


def gains(power: np.ndarray) -> np.ndarray:
    """Gain of every frame and bin.

    Args:
        power: Squared magnitude of the noisy spectrum, shape ``(frames, bins)``.

    Returns:
        Same shape, from the floor to 1.
    """
    track, floor = NoiseTracker(), 10 ** (FLOOR_DB / 20)
    gain = np.empty(power.shape)
    previous = np.zeros(power.shape[1])  # speech power of the frame before
    for frame, now in enumerate(power):
        noise = track(now)
        direct = np.maximum(now / noise - 1, 0)
        snr = SMOOTHING * previous / noise + (1 - SMOOTHING) * direct
        gain[frame] = np.maximum(snr / (1 + snr), floor)
        previous = gain[frame] ** 2 * now
    return gain


def wiener_filter(noisy: np.ndarray) -> np.ndarray:
    """Remove the noise from a recording.

    Args:
        noisy: Shape ``(samples,)``, float, 16 kHz.

    Returns:
        Same shape, aligned with the input to the sample, float32.

    Raises:
        ValueError: If there is no sample.
    """
    spectrum = stft.stft(noisy)
    power = np.square(np.abs(spectrum), dtype=np.float64)
    return stft.istft(spectrum * gains(power), len(noisy))
