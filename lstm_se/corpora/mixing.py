"""Noisy speech from speech and noise: at an SNR, and as endless training batches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..sound.audio import active_level_dbfs
from ..sound.microphone import band_limits, equaliser, filtered, record
from ..sound.noises import SYNTHETIC, TRAINING_SYNTHETIC, unit_rms
from ..sound.rooms import early, impulse_response, reverberate


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
        level_dbfs: Level of the active speech that the network sees.
        equaliser_db: Deviation of a random smooth equaliser, on speech and noise each.
        noise_only: Share of clips without speech.
        speech_only: Share of clips with next to no noise.
        synthetic: Share of noises that are synthetic.
        babble: Share of noises that are several talkers at once.
        distant_talker: Share of noises that are one other talker far away in a room.
        second_noise: Share of clips with another noise below the first.
        reverberation: Share of clips with the talker in a room; the target keeps the early
            reflections and loses the tail.
        reverberation_seconds: Time in which the room's tail falls by 60 dB.
        direct_to_reverberant_db: Energy of the direct sound over that of the reflections.
        high_pass: Share of clips through a random high-pass, as microphones have.
        low_pass: Share of clips through a random low-pass, as codecs have.
        recorded_dbfs: Peak in the recorder, which rounds to 16 bits; the recording is turned back
            to ``level_dbfs``, so that a quiet one counts as much in the loss as a loud one.
        overdriven: Share of clips that saturate the recorder.
        overdrive_db: By how much they do.
    """

    snr_db: tuple[float, float] = (-5.0, 20.0)
    level_dbfs: tuple[float, float] = (-32.0, -20.0)
    equaliser_db: float = 2.5
    noise_only: float = 0.12
    speech_only: float = 0.06
    synthetic: float = 0.22
    babble: float = 0.2
    distant_talker: float = 0.03
    second_noise: float = 0.3
    reverberation: float = 0.2
    reverberation_seconds: tuple[float, float] = (0.1, 0.6)
    direct_to_reverberant_db: tuple[float, float] = (0.0, 15.0)
    high_pass: float = 0.4
    low_pass: float = 0.15
    recorded_dbfs: tuple[float, float] = (-45.0, 0.0)
    overdriven: float = 0.05
    overdrive_db: tuple[float, float] = (1.0, 10.0)


class Mixer:
    """Draws batches of noisy and clean segments; batch ``k`` is a pure function of seed and ``k``.

    That makes a training exactly resumable, and lets several threads work on different batches.
    """

    def __init__(
        self,
        talkers: Sequence[Sequence[np.ndarray]],
        noise: Sequence[np.ndarray],
        samples: int,
        batch_size: int,
        recipe: Recipe | None = None,
        seed: int = 0,
    ) -> None:
        """Mix int16 banks.

        Args:
            talkers: The banks of each talker: as he is, and slower or faster. Nobody talks behind
                himself.
            noise: One bank for each recording.
            samples: Length of a segment.
            batch_size: Segments in a batch.
            recipe: What to draw.
            seed: Of everything random.

        Raises:
            ValueError: If there is no speech.
        """
        if not talkers:
            raise ValueError("no speech to mix: name at least one folder with speech")
        self.talkers, self.noise = [list(voices) for voices in talkers], list(noise)
        self.samples, self.batch_size = samples, batch_size
        self.recipe, self.seed = recipe or Recipe(), seed
        # the square root keeps one long reading from drowning forty short talkers
        self._talker = _shares([voices[0] for voices in self.talkers])
        self._noise = _shares(self.noise)

    def batch(self, step: int) -> tuple[np.ndarray, np.ndarray]:
        """``(noisy, clean)`` of one training step, float32 ``(batch_size, samples)``."""
        rng = np.random.default_rng([self.seed, int(step)])
        pairs = [self._pair(rng) for _ in range(self.batch_size)]
        clean, noisy = (np.stack(part) for part in zip(*pairs, strict=True))
        return noisy, clean

    def _pair(self, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """One clean and noisy segment as one microphone hears them."""
        r = self.recipe
        talker = int(rng.choice(len(self.talkers), p=self._talker))
        target, speech = self._speech(rng, self.talkers[talker])
        noise = filtered(self._draw_noise(rng, talker), equaliser(rng, r.equaliser_db))
        kind, snr_db = rng.random(), rng.uniform(*r.snr_db)
        if kind < r.noise_only or not target.any():
            clean, noisy = np.zeros_like(speech), unit_rms(noise) * 10 ** (-snr_db / 20)
        else:
            snr_db = rng.uniform(35, 60) if kind < r.noise_only + r.speech_only else snr_db
            level = 10 ** (active_level_dbfs(target) / 20)
            clean = target / level
            noisy = speech / level + unit_rms(noise) * 10 ** (-snr_db / 20)
        gain = 10 ** (rng.uniform(*r.level_dbfs) / 20)
        gain *= min(1.0, 0.99 / max(1e-9, gain * np.abs(noisy).max()))
        heard = band_limits(rng, r.high_pass, r.low_pass) * gain
        return filtered(clean, heard), self._recorded(rng, filtered(noisy, heard))

    def _speech(
        self, rng: np.random.Generator, voices: list[np.ndarray]
    ) -> tuple[np.ndarray, np.ndarray]:
        """What is wanted of a talker, and what reaches the microphone."""
        r = self.recipe
        speech = excerpt(voices[rng.integers(len(voices))], self.samples, rng)
        speech = filtered(speech, equaliser(rng, r.equaliser_db))
        if rng.random() >= r.reverberation:
            return speech, speech
        response = impulse_response(
            rng, rng.uniform(*r.reverberation_seconds), rng.uniform(*r.direct_to_reverberant_db)
        )
        return reverberate(speech, early(response)), reverberate(speech, response)

    def _recorded(self, rng: np.random.Generator, noisy: np.ndarray) -> np.ndarray:
        """The mixture as a recorder of 16 bits gives it back."""
        r = self.recipe
        overdriven = rng.random() < r.overdriven
        return record(noisy, rng.uniform(*(r.overdrive_db if overdriven else r.recorded_dbfs)))

    def _draw_noise(self, rng: np.random.Generator, talker: int) -> np.ndarray:
        """One noise, sometimes with a second one below it; unit RMS."""
        noise = self._one_noise(rng, talker)
        if rng.random() < self.recipe.second_noise:
            noise = noise + 10 ** (rng.uniform(-15, 0) / 20) * self._one_noise(rng, talker)
        return unit_rms(noise)

    def _one_noise(self, rng: np.random.Generator, talker: int) -> np.ndarray:
        """Synthetic, talk of others, or recorded: unit RMS."""
        r, kind = self.recipe, rng.random()
        if kind < r.synthetic:
            name = TRAINING_SYNTHETIC[rng.integers(len(TRAINING_SYNTHETIC))]
            return SYNTHETIC[name](self.samples, rng)
        others = self.talkers[:talker] + self.talkers[talker + 1 :] or self.talkers
        behind = [voices[rng.integers(len(voices))] for voices in others]
        if kind < r.synthetic + r.babble:
            return babble(behind, self.samples, rng, int(rng.integers(3, 9)))
        if kind < r.synthetic + r.babble + r.distant_talker:
            return self._distant(rng, behind)
        if not self.noise:
            return SYNTHETIC["coloured"](self.samples, rng)
        bank = self.noise[rng.choice(len(self.noise), p=self._noise)]
        return unit_rms(excerpt(bank, self.samples, rng))

    def _distant(self, rng: np.random.Generator, talkers: list[np.ndarray]) -> np.ndarray:
        """One talker whose reflections are louder than he is, unit RMS."""
        speech = excerpt(talkers[rng.integers(len(talkers))], self.samples, rng)
        response = impulse_response(rng, rng.uniform(0.3, 0.9), rng.uniform(-12, -3))
        return unit_rms(reverberate(speech, response))


def _shares(banks: Sequence[np.ndarray]) -> np.ndarray:
    """Probability of each bank: the square root of its length."""
    roots = np.sqrt([float(len(bank)) for bank in banks])
    return roots / max(roots.sum(), 1e-9)
