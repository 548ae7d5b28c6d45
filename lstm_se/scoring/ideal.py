"""Ideal masks: what could be let through by somebody who knows the clean speech.

A network that masks with the same STFT can be measured against them. Both masks lie in [0, 1] and
keep the noisy phase. Frames overlap, and so they differ: the best gain for each bin by itself is
not the best one for the waveform that all frames add up to.
"""

from __future__ import annotations

import numpy as np

from ..config import Config
from ..sound import stft

STEPS = 25  # of the descent to the best mask: four times as many change nothing in 0.01 dB
TINY_POWER = 1e-20
_OURS = Config()


def phase_sensitive_mask(
    clean: np.ndarray, noisy: np.ndarray, config: Config = _OURS
) -> np.ndarray:
    """The gain that brings each bin nearest to the clean one (Erdogan et al. 2015), truncated.

    Args:
        clean: Shape ``(samples,)``.
        noisy: Same shape.
        config: Names the STFT.

    Returns:
        Gains from 0 to 1, shape ``(frames, bins)``.
    """
    return np.clip(_gain(_spectrum(clean, config), _spectrum(noisy, config)), 0, 1)


def best_mask(
    clean: np.ndarray, noisy: np.ndarray, config: Config = _OURS, steps: int = STEPS
) -> np.ndarray:
    """The mask whose waveform has the least squared error of all masks in [0, 1].

    Found by projected gradient with momentum (Beck and Teboulle 2009), which starts from the
    phase-sensitive mask. Each step adds the gain that the error of the waveform asks for, bin by
    bin, and clips. The problem is convex: there is no other minimum to be caught in.

    Args:
        clean: Shape ``(samples,)``.
        noisy: Same shape.
        config: Names the STFT.
        steps: Of the descent.

    Returns:
        Gains from 0 to 1, shape ``(frames, bins)``.
    """
    spectrum = _spectrum(noisy, config)
    mask = before = phase_sensitive_mask(clean, noisy, config)
    for step in range(steps):
        ahead = mask + step / (step + 3) * (mask - before)
        error = clean - _waveform(spectrum * ahead, len(noisy), config)
        before, mask = mask, np.clip(ahead + _gain(_spectrum(error, config), spectrum), 0, 1)
    return mask


def masked(noisy: np.ndarray, mask: np.ndarray, config: Config = _OURS) -> np.ndarray:
    """What a mask makes of a noisy waveform.

    Args:
        noisy: Shape ``(samples,)``.
        mask: Gains, shape ``(frames, bins)``.
        config: Names the STFT.

    Returns:
        Shape ``(samples,)``, float32.
    """
    return _waveform(_spectrum(noisy, config) * mask, len(noisy), config)


def _gain(target: np.ndarray, spectrum: np.ndarray) -> np.ndarray:
    """The real factor that brings each bin of a spectrum nearest to that of a target."""
    power = np.maximum(np.abs(spectrum) ** 2, TINY_POWER)
    return (target * spectrum.conj()).real / power


def _spectrum(waveform: np.ndarray, config: Config) -> np.ndarray:
    return stft.stft(waveform, config.n_fft, config.hop_length)


def _waveform(spectrum: np.ndarray, samples: int, config: Config) -> np.ndarray:
    return stft.istft(spectrum, samples, config.n_fft, config.hop_length)
