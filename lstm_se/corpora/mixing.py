"""Noisy speech from speech and noise: at an SNR, and as endless training batches.

A training clip is made in two steps. :meth:`Mixer.draw` asks the random generator for all that is
left to chance and writes the answers into a :class:`Clip`; :func:`render` makes it sound.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import numpy as np

from ..sound.audio import FULL_SCALE, active_level_dbfs
from ..sound.microphone import Corner, band_limits, equaliser, filtered, record
from ..sound.noises import BASIC_SYNTHETIC, SYNTHETIC, unit_rms
from ..sound.rooms import early, impulse_response, reverberate
from .store import Stored

Samples = np.ndarray | Stored  # int16, in memory or on the disk


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


def to_bank(samples: np.ndarray) -> np.ndarray:
    """Float in [-1, 1] to an int16 bank, which :func:`excerpt` draws from.

    Full scale is 32,767 here, unlike in :func:`lstm_se.sound.audio.to_pcm`, so that a sample at 1
    is not clipped; ``excerpt`` divides by 32,768, and a bank comes back 0.0003 dB quieter. It stays
    so, because every corpus and every training run so far was mixed from banks of this scale.
    """
    return np.round(np.clip(samples, -1, 1) * 32767).astype(np.int16)


def excerpt(bank: Samples, samples: int, rng: np.random.Generator) -> np.ndarray:
    """A random stretch of an int16 bank as float32 in [-1, 1]; a short bank is repeated."""
    if len(bank) < samples:
        bank = np.tile(bank, -(-samples // len(bank)))
    begin = int(rng.integers(0, len(bank) - samples + 1))
    return bank[begin : begin + samples].astype(np.float32) / FULL_SCALE


def babble(
    talkers: Sequence[Samples], samples: int, rng: np.random.Generator, count: int = 6
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
        synthetic_kinds: Which they can be, each as often.
        synthetic_pool: How many of each kind there are, each drawn again and again; ``None``: each
            is new. To make a new one can take longer than all the rest of a clip.
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
    synthetic_kinds: tuple[str, ...] = BASIC_SYNTHETIC
    synthetic_pool: int | None = None
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


@dataclass(frozen=True, eq=False)
class Background:
    """One noise of a clip.

    Attributes:
        kind: Name of a synthetic noise, ``"babble"``, ``"distant talker"`` or ``"recorded"``.
        level_db: Below 0 for a second noise, relative to the first.
        samples: At unit RMS, shape ``(samples,)``: a synthetic noise consists of nothing but draws.
        bank: Number of the bank that a recorded one is from.
    """

    kind: str
    level_db: float
    samples: np.ndarray = field(repr=False)
    bank: int | None = None


@dataclass(frozen=True, eq=False)
class Clip:
    """All that was drawn for one training clip; :func:`render` makes it sound.

    Attributes:
        talker: Number of the talker.
        speech: A stretch of the talker's bank, shape ``(samples,)``.
        speech_equaliser: Gain over frequency, see :func:`lstm_se.sound.microphone.equaliser`.
        reverberation_seconds: Reverberation time of the room; ``None``: there is none.
        room: Impulse response of that room.
        noises: One or two.
        noise_equaliser: Gain over frequency for the noise.
        noise_only: Whether the talker is silent.
        speech_only: Whether next to no noise is heard.
        snr_db: Signal-to-noise ratio; without speech the noise lies that far below the level.
        level_dbfs: Level of the active speech that the network sees.
        high_pass: Where the microphone's lower band limit lies, if it has one.
        low_pass: And its upper one.
        recorded_dbfs: Level of the largest sample in the recorder; above 0 it saturates.
    """

    talker: int
    speech: np.ndarray = field(repr=False)
    speech_equaliser: np.ndarray = field(repr=False)
    reverberation_seconds: float | None
    room: np.ndarray | None = field(repr=False)
    noises: tuple[Background, ...]
    noise_equaliser: np.ndarray = field(repr=False)
    noise_only: bool
    speech_only: bool
    snr_db: float
    level_dbfs: float
    high_pass: Corner | None
    low_pass: Corner | None
    recorded_dbfs: float


def in_room(clip: Clip) -> tuple[np.ndarray, np.ndarray]:
    """What is wanted of the talker, and what of it reaches the microphone."""
    speech = filtered(clip.speech, clip.speech_equaliser)
    if clip.room is None:
        return speech, speech
    return reverberate(speech, early(clip.room)), reverberate(speech, clip.room)


def with_noise(clip: Clip) -> tuple[np.ndarray, np.ndarray]:
    """``(clean, noisy)`` as they reach the microphone; the active speech is at 0 dB."""
    summed = np.sum([10 ** (noise.level_db / 20) * noise.samples for noise in clip.noises], 0)
    noise = filtered(unit_rms(summed), clip.noise_equaliser)
    noise = unit_rms(noise) * 10 ** (-clip.snr_db / 20)
    if clip.noise_only:
        return np.zeros_like(noise), noise
    target, speech = in_room(clip)
    level = 10 ** (active_level_dbfs(target) / 20)
    return target / level, speech / level + noise


def through_microphone(clip: Clip) -> tuple[np.ndarray, np.ndarray]:
    """``(clean, noisy)`` as they leave the microphone: at their level, within its band."""
    clean, noisy = with_noise(clip)
    gain = 10 ** (clip.level_dbfs / 20)
    gain *= min(1.0, 0.99 / max(1e-9, gain * np.abs(noisy).max()))
    response = band_limits(clip.high_pass, clip.low_pass) * gain
    clean, noisy = filtered(np.stack((clean, noisy)), response)
    return clean, noisy


def render(clip: Clip) -> tuple[np.ndarray, np.ndarray]:
    """``(clean, noisy)`` of a clip, float32, shape ``(samples,)``."""
    clean, noisy = through_microphone(clip)
    return clean, record(noisy, clip.recorded_dbfs)


class Mixer:
    """Draws batches of noisy and clean segments; batch ``k`` is a pure function of seed and ``k``.

    That makes a training run exactly resumable, and lets several threads work on different batches.
    """

    def __init__(
        self,
        talkers: Sequence[Sequence[Samples]],
        noise: Sequence[Samples],
        samples: int,
        batch_size: int,
        recipe: Recipe | None = None,
        seed: int = 0,
    ) -> None:
        """Mix int16 banks.

        Args:
            talkers: The banks of each talker: as recorded, and slower or faster. Nobody is
                mixed with their own voice, unless there is only one talker.
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
        self._pool: dict[tuple[str, int], np.ndarray] = {}
        # the square root keeps one long reading from drowning forty short talkers
        self._talker = _shares([voices[0] for voices in self.talkers])
        self._noise = _shares(self.noise)

    def batch(self, step: int, rows: slice = slice(None)) -> tuple[np.ndarray, np.ndarray]:
        """``(noisy, clean)`` of one training step, float32 ``(rows, samples)``.

        A clip is drawn after those before it, but only those asked for are rendered.
        """
        clips = islice(self.clips(step), *rows.indices(self.batch_size))
        pairs = map(render, clips)
        clean, noisy = (np.stack(part) for part in zip(*pairs, strict=True))
        return noisy, clean

    def clips(self, step: int) -> Iterator[Clip]:
        """What the batch of a training step is rendered from."""
        rng = np.random.default_rng([self.seed, int(step)])
        return (self.draw(rng) for _ in range(self.batch_size))

    def draw(self, rng: np.random.Generator) -> Clip:
        """All that is left to chance in one clip.

        The order of the draws is part of what a seed means: another one is another training run.
        """
        r = self.recipe
        talker = int(rng.choice(len(self.talkers), p=self._talker))
        speech = excerpt(_pick(self.talkers[talker], rng), self.samples, rng)
        said = talker, speech, equaliser(rng, r.equaliser_db), *self._room(rng)
        heard = self._noises(talker, rng), equaliser(rng, r.equaliser_db)
        kind, snr_db = rng.random(), rng.uniform(*r.snr_db)
        noise_only = kind < r.noise_only or not speech.any()
        speech_only = not noise_only and kind < r.noise_only + r.speech_only
        if speech_only:
            snr_db = rng.uniform(35, 60)
        level_dbfs = rng.uniform(*r.level_dbfs)
        high_pass = _corner(rng, r.high_pass, (40, 250), (2, 4, 6))
        band = high_pass, _corner(rng, r.low_pass, (3500, 7500), (4, 12, 24))
        peaks_dbfs = r.overdrive_db if rng.random() < r.overdriven else r.recorded_dbfs
        peak_dbfs = rng.uniform(*peaks_dbfs)
        return Clip(*said, *heard, noise_only, speech_only, snr_db, level_dbfs, *band, peak_dbfs)

    def _room(self, rng: np.random.Generator) -> tuple[float | None, np.ndarray | None]:
        """Reverberation time and impulse response of a room, or of none."""
        r = self.recipe
        if rng.random() >= r.reverberation:
            return None, None
        seconds = rng.uniform(*r.reverberation_seconds)
        return seconds, impulse_response(rng, seconds, rng.uniform(*r.direct_to_reverberant_db))

    def _noises(self, talker: int, rng: np.random.Generator) -> tuple[Background, ...]:
        """What is behind a talker: one noise, sometimes with a second one below it."""
        first = self._noise_behind(talker, 0.0, rng)
        if rng.random() >= self.recipe.second_noise:
            return (first,)
        return first, self._noise_behind(talker, rng.uniform(-15, 0), rng)

    def _noise_behind(self, talker: int, level_db: float, rng: np.random.Generator) -> Background:
        """Synthetic, talk of others than the talker, or recorded."""
        r, chance, samples = self.recipe, rng.random(), self.samples
        if chance < r.synthetic:
            kind = _pick(r.synthetic_kinds, rng)
            return Background(kind, level_db, self._synthetic(kind, rng))
        others = self.talkers[:talker] + self.talkers[talker + 1 :] or self.talkers
        voices = rng.integers([len(voices) for voices in others])
        behind = [others[i][voice] for i, voice in enumerate(voices)]
        if chance < r.synthetic + r.babble:
            count = int(rng.integers(3, 9))
            return Background("babble", level_db, babble(behind, samples, rng, count))
        if chance < r.synthetic + r.babble + r.distant_talker:
            # in a room whose reflections are louder than the voice
            speech = excerpt(_pick(behind, rng), samples, rng)
            room = impulse_response(rng, rng.uniform(0.3, 0.9), rng.uniform(-12, -3))
            return Background("distant talker", level_db, unit_rms(reverberate(speech, room)))
        if not self.noise:
            return Background("coloured", level_db, self._synthetic("coloured", rng))
        bank = int(rng.choice(len(self.noise), p=self._noise))
        recorded = unit_rms(excerpt(self.noise[bank], samples, rng))
        return Background("recorded", level_db, recorded, bank)

    def _synthetic(self, kind: str, rng: np.random.Generator) -> np.ndarray:
        """A synthetic noise: a new one, or any of the pool."""
        if self.recipe.synthetic_pool is None:
            return SYNTHETIC[kind](self.samples, rng)
        number = int(rng.integers(self.recipe.synthetic_pool))
        if (kind, number) not in self._pool:
            # a function of seed, kind and number: it does not matter who asks for it first
            seed = [self.seed, *kind.encode(), number]
            self._pool[kind, number] = SYNTHETIC[kind](self.samples, np.random.default_rng(seed))
        return self._pool[kind, number]


def _pick(choices: Sequence[Any], rng: np.random.Generator) -> Any:
    """One of them, each as often."""
    return choices[int(rng.integers(len(choices)))]


def _corner(
    rng: np.random.Generator, share: float, hz: tuple[int, int], exponents: tuple[int, ...]
) -> Corner | None:
    """A band limit, there by chance."""
    return Corner(rng.uniform(*hz), int(rng.choice(exponents))) if rng.random() < share else None


def _shares(banks: Sequence[Samples]) -> np.ndarray:
    """Probability of each bank: the square root of its length."""
    roots = np.sqrt([float(len(bank)) for bank in banks])
    return roots / max(roots.sum(), 1e-9)
