"""Noisy speech from speech and noise: at an SNR, and as endless training batches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .audio import SAMPLE_RATE, active_level_dbfs
from .noises import SYNTHETIC, TRAINING_SYNTHETIC, unit_rms


def mix(speech: np.ndarray, noise: np.ndarray, snr_db: float) -> tuple[np.ndarray, np.ndarray]:
    """Add noise to speech at a signal-to-noise ratio.

    The speech counts by the level of its active frames, the noise by its mean power: a pause makes
    no recording noisier.

    Args:
        speech: Shape ``(samples,)``.
        noise: At least as long; the rest is not used.
        snr_db: Signal-to-noise ratio in dB.

    Returns:
        ``(clean, noisy)``, float32. If the sum would clip, both are turned down by the same gain.

    Raises:
        ValueError: If the noise is shorter than the speech, or one of them is silent.
    """
    if len(noise) < len(speech):
        raise ValueError(f"{len(noise)} samples of noise are too few for {len(speech)} of speech")
    noise = noise[: len(speech)]
    if not np.any(speech) or not np.any(noise):
        silent = "speech" if np.any(noise) else "noise"
        raise ValueError(f"the {silent} is silent: no signal-to-noise ratio can be set")
    gain = 10 ** ((active_level_dbfs(speech) - snr_db) / 20)
    noisy = speech + gain * unit_rms(noise)
    headroom = min(1.0, 0.99 / np.abs(noisy).max())
    return (speech * headroom).astype(np.float32), (noisy * headroom).astype(np.float32)


def excerpt(bank: np.ndarray, samples: int, rng: np.random.Generator) -> np.ndarray:
    """A random stretch of an int16 bank as float32 in [-1, 1]; a short bank is repeated."""
    if len(bank) < samples:
        bank = np.tile(bank, -(-samples // len(bank)))
    begin = int(rng.integers(0, len(bank) - samples + 1))
    return bank[begin : begin + samples].astype(np.float32) / 32768


def babble(
    talkers: Sequence[np.ndarray], samples: int, rng: np.random.Generator, count: int = 6
) -> np.ndarray:
    """Talk of ``count`` talkers at once, drawn from int16 banks, each at its own level."""
    chosen = rng.choice(len(talkers), count, replace=len(talkers) < count)
    voices = [unit_rms(excerpt(talkers[i], samples, rng)) for i in chosen]
    gains = 10 ** (rng.uniform(-8, 0, count) / 20)
    return unit_rms(gains @ np.stack(voices))


@dataclass(frozen=True)
class Recipe:
    """What the mixer draws, each value uniformly from its range; probabilities in [0, 1].

    Attributes:
        snr_db: Signal-to-noise ratio.
        level_dbfs: Level of the active speech.
        equaliser_db: Deviation of a random smooth equaliser, on speech and noise each.
        noise_only: Share of clips without speech.
        speech_only: Share of clips with next to no noise.
        synthetic: Share of clips with synthetic noise.
        babble: Share of clips with babble.
        second_noise: Share of clips with another noise below the first.
        high_pass: Share of clips through a random high-pass, as microphones have.
        low_pass: Share of clips through a random low-pass, as codecs have.
    """

    snr_db: tuple[float, float] = (-5.0, 20.0)
    level_dbfs: tuple[float, float] = (-32.0, -20.0)
    equaliser_db: float = 2.5
    noise_only: float = 0.06
    speech_only: float = 0.06
    synthetic: float = 0.25
    babble: float = 0.12
    second_noise: float = 0.3
    high_pass: float = 0.4
    low_pass: float = 0.15


class Mixer:
    """Draws batches of noisy and clean segments; batch ``k`` is a pure function of seed and ``k``.

    That makes a training exactly resumable, and lets several threads work on different batches.
    """

    def __init__(
        self,
        speech: Sequence[np.ndarray],
        noise: Sequence[np.ndarray],
        samples: int,
        batch_size: int,
        recipe: Recipe | None = None,
        seed: int = 0,
    ) -> None:
        """Mix int16 banks.

        Args:
            speech: One bank for each talker or file.
            noise: One bank for each recording.
            samples: Length of a segment.
            batch_size: Segments in a batch.
            recipe: What to draw.
            seed: Of everything random.

        Raises:
            ValueError: If there is no speech.
        """
        if not speech:
            raise ValueError("no speech to mix: name at least one folder with speech")
        self.speech, self.noise = list(speech), list(noise)
        self.samples, self.batch_size = samples, batch_size
        self.recipe, self.seed = recipe or Recipe(), seed
        # the square root keeps one long reading from drowning forty short talkers
        self._talker = _shares(self.speech)
        self._noise = _shares(self.noise)

    def batch(self, step: int) -> tuple[np.ndarray, np.ndarray]:
        """``(noisy, clean)`` of one training step, float32 ``(batch_size, samples)``."""
        rng = np.random.default_rng([self.seed, int(step)])
        pairs = [self._pair(rng) for _ in range(self.batch_size)]
        clean, noisy = (np.stack(part) for part in zip(*pairs, strict=True))
        return noisy, clean

    def _pair(self, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """One clean and noisy segment; the microphone's filter is on both."""
        r = self.recipe
        talker = int(rng.choice(len(self.speech), p=self._talker))
        speech = excerpt(self.speech[talker], self.samples, rng)
        speech = filtered(speech, equaliser(rng, r.equaliser_db))
        noise = filtered(self._draw_noise(rng, talker), equaliser(rng, r.equaliser_db))
        kind, snr_db = rng.random(), rng.uniform(*r.snr_db)
        if kind < r.noise_only or not speech.any():
            clean, noisy = np.zeros_like(speech), unit_rms(noise) * 10 ** (-snr_db / 20)
        else:
            snr_db = rng.uniform(35, 60) if kind < r.noise_only + r.speech_only else snr_db
            clean = speech / 10 ** (active_level_dbfs(speech) / 20)
            noisy = clean + unit_rms(noise) * 10 ** (-snr_db / 20)
        gain = 10 ** (rng.uniform(*r.level_dbfs) / 20)
        gain *= min(1.0, 0.99 / max(1e-9, gain * np.abs(noisy).max()))
        microphone = band_limits(rng, r.high_pass, r.low_pass) * gain
        return filtered(clean, microphone), filtered(noisy, microphone)

    def _draw_noise(self, rng: np.random.Generator, talker: int) -> np.ndarray:
        """One noise, sometimes with a second one below it; unit RMS."""
        noise = self._one_noise(rng, talker)
        if rng.random() < self.recipe.second_noise:
            noise = noise + 10 ** (rng.uniform(-15, 0) / 20) * self._one_noise(rng, talker)
        return unit_rms(noise)

    def _one_noise(self, rng: np.random.Generator, talker: int) -> np.ndarray:
        """Synthetic, recorded, or babble of the others: unit RMS."""
        kind = rng.random()
        if kind < self.recipe.synthetic or not self.noise:
            name = TRAINING_SYNTHETIC[rng.integers(len(TRAINING_SYNTHETIC))]
            return SYNTHETIC[name](self.samples, rng)
        if kind < self.recipe.synthetic + self.recipe.babble:
            others = self.speech[:talker] + self.speech[talker + 1 :] or self.speech
            return babble(others, self.samples, rng, int(rng.integers(3, 9)))
        bank = self.noise[rng.choice(len(self.noise), p=self._noise)]
        return unit_rms(excerpt(bank, self.samples, rng))


def _shares(banks: Sequence[np.ndarray]) -> np.ndarray:
    """Probability of each bank: the square root of its length."""
    roots = np.sqrt([float(len(bank)) for bank in banks])
    return roots / max(roots.sum(), 1e-9)


CURVE_POINTS = 129


def equaliser(rng: np.random.Generator, deviation_db: float) -> np.ndarray:
    """Random smooth gain over frequency with a random tilt, shape ``(CURVE_POINTS,)``."""
    octaves = np.log2(np.maximum(np.linspace(0, SAMPLE_RATE / 2, CURVE_POINTS), 60))
    knots = np.linspace(octaves[0], octaves[-1], 7)
    level_db = np.interp(octaves, knots, rng.normal(0, deviation_db, 7))
    level_db += rng.uniform(-1.5, 1.5) * (octaves - octaves.mean())
    return 10 ** (level_db / 20)


def band_limits(rng: np.random.Generator, high_pass: float, low_pass: float) -> np.ndarray:
    """Gain of a random high-pass and low-pass, each there by chance, shape ``(CURVE_POINTS,)``."""
    frequency = np.linspace(0, SAMPLE_RATE / 2, CURVE_POINTS)
    gain = np.ones(CURVE_POINTS)
    if rng.random() < high_pass:
        ratio = rng.uniform(40, 250) / np.maximum(frequency, 8)
        gain /= np.sqrt(1 + ratio ** rng.choice([2, 4, 6]))
    if rng.random() < low_pass:
        ratio = frequency / rng.uniform(3500, 7500)
        gain /= np.sqrt(1 + ratio ** rng.choice([4, 12, 24]))
    return gain


def filtered(samples: np.ndarray, gain: np.ndarray) -> np.ndarray:
    """Apply a gain over frequency without delay, float32; the ends wrap around."""
    spectrum = np.fft.rfft(samples.astype(np.float32, copy=False))
    places = np.linspace(0, CURVE_POINTS - 1, len(spectrum), dtype=np.float32)
    curve = np.interp(places, np.arange(CURVE_POINTS), gain).astype(np.float32)
    return np.fft.irfft(spectrum * curve, len(samples))
