"""What a denoiser does to sound that no average speaks of: loud, quiet, clean, empty, very long."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from ..sound import audio
from ..sound.rooms import impulse_response, reverberate
from . import metrics
from .evaluation import Enhancer

LEVELS_DBFS = (-45.0, -40.0, -35.0, -30.0, -25.0, -20.0, -15.0, -10.0, -5.0, 0.0)
ROOMS_SECONDS = (0.3, 0.6, 0.9)
SETTLED = audio.SAMPLE_RATE  # the first second is the network's to find out what it hears


def in_16_bits(samples: np.ndarray, peak_dbfs: float) -> np.ndarray:
    """Samples as a 16-bit file holds them when their peak stands at ``peak_dbfs``, float32."""
    gain = 10 ** (peak_dbfs / 20) / np.abs(samples).max()
    return audio.to_pcm(samples * gain).astype(np.float32) / audio.FULL_SCALE


def level_sweep(
    enhance: Enhancer,
    pairs: Iterable[tuple[np.ndarray, np.ndarray]],
    levels_dbfs: Sequence[float] = LEVELS_DBFS,
) -> dict[str, list[float]]:
    """SDR of the enhanced file over the level of the file.

    Args:
        enhance: Noisy samples to enhanced samples, shape ``(samples,)`` both.
        pairs: Clean and noisy samples.
        levels_dbfs: Peaks of the noisy 16-bit file.

    Returns:
        For each level, as text, the SDR in dB of each pair.
    """
    ratios: dict[str, list[float]] = {f"{level:g}": [] for level in levels_dbfs}
    for clean, noisy in pairs:
        for level in levels_dbfs:
            ratios[f"{level:g}"].append(metrics.sdr(clean, enhance(in_16_bits(noisy, level))))
    return ratios


def clean_speech(enhance: Enhancer, utterances: Iterable[np.ndarray]) -> dict[str, list[float]]:
    """SDR in dB and PESQ-WB of speech that had no noise to lose."""
    scores: dict[str, list[float]] = {"sdr": [], "pesq_wb": []}
    for clean in utterances:
        enhanced = enhance(clean)
        for metric, values in scores.items():
            values.append(metrics.METRICS[metric](clean, enhanced))
    return scores


def reduction_db(enhance: Enhancer, noise: np.ndarray) -> float:
    """By how much noise alone falls after its first second, in dB."""
    enhanced = enhance(noise)
    return audio.rms_dbfs(noise[SETTLED:]) - audio.rms_dbfs(enhanced[SETTLED:])


def reverberant_speech(
    enhance: Enhancer, utterances: Iterable[np.ndarray], rooms_seconds: Sequence[float]
) -> dict[str, list[float]]:
    """Level of the active speech that is left of speech in a room, against what went in, in dB.

    Args:
        enhance: Noisy samples to enhanced samples.
        utterances: Dry speech.
        rooms_seconds: Reverberation times; the direct sound is as strong as the reflections.
    """
    levels: dict[str, list[float]] = {f"{seconds:g}": [] for seconds in rooms_seconds}
    for k, clean in enumerate(utterances):
        for seconds in rooms_seconds:
            room = impulse_response(np.random.default_rng(k), seconds, 0.0)
            noisy = 0.5 * reverberate(clean, room)
            change = audio.active_level_dbfs(enhance(noisy)) - audio.active_level_dbfs(noisy)
            levels[f"{seconds:g}"].append(change)
    return levels


def drift_db(process: Enhancer, sound: np.ndarray, minutes: float = 10.0) -> float:
    """Level of the last minute over that of the first, in dB, of one sound over and over.

    A minute holds the sound a whole number of times, and the first time does not count: a network
    that starts from silence has not yet settled. ``process`` takes a block of samples and gives
    those that are finished, as that of ``denoiser.Stream`` does.
    """
    times = max(1, round(60 * audio.SAMPLE_RATE / len(sound)))
    levels = []
    process(sound)
    for _ in range(round(minutes)):
        enhanced = np.concatenate([process(sound) for _ in range(times)])
        levels.append(audio.rms_dbfs(enhanced))
    return levels[-1] - levels[0]
