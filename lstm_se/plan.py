"""The plan of a corpus: who says what in which noise, before anything is mixed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .audio import SAMPLE_RATE
from .recordings import Recording

PARTS = ("train", "validation", "test")


@dataclass(frozen=True)
class Settings:
    """What to mix.

    Attributes:
        pairs: Number of pairs, all parts together; each speech file once if ``None``.
        seconds: Longer speech is cut to a random stretch of this length; ``None`` keeps it whole.
        snrs_db: Signal-to-noise ratios of training and validation.
        test_snrs_db: Those of the test part: others, as in VoiceBank-DEMAND.
        validation_share: Share of the speakers, and of the noises, to choose by.
        test_share: Share of the speakers, and of the noises, to report on.
        seed: Of everything random.
    """

    pairs: int | None = None
    seconds: float | None = None
    snrs_db: tuple[float, ...] = (0.0, 5.0, 10.0, 15.0)
    test_snrs_db: tuple[float, ...] = (2.5, 7.5, 12.5, 17.5)
    validation_share: float = 0.1
    test_share: float = 0.1
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse what cannot be mixed."""
        for name in ("pairs", "seconds"):
            value = getattr(self, name)
            if value is not None and value <= 0:
                raise ValueError(f"{name} is {value}: it must be positive")
        for name in ("snrs_db", "test_snrs_db"):
            values = getattr(self, name)
            if not values or not np.isfinite(values).all():
                raise ValueError(f"{name} is {values}: give at least one number of dB")
        for name in ("validation_share", "test_share"):
            if not 0 <= getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}: it must lie in [0, 1)")


@dataclass(frozen=True)
class Job:
    """One pair to mix.

    Attributes:
        name: Of its two files, without suffix.
        part: ``"train"``, ``"validation"`` or ``"test"``.
        speech: What is said.
        noise: What is heard behind it.
        snr_db: Signal-to-noise ratio.
        samples: Length.
        seed: Of the stretches that are cut out.
    """

    name: str
    part: str
    speech: Recording
    noise: Recording
    snr_db: float
    samples: int
    seed: tuple[int, int]


def plan(
    voices: Sequence[Sequence[Recording]],
    noises: Sequence[Sequence[Recording]],
    settings: Settings,
    rng: np.random.Generator,
) -> list[Job]:
    """Every pair of a corpus.

    Args:
        voices: Speech of the training, validation and test part.
        noises: Noise of the same.
        settings: What to mix.
        rng: Draws; the same draws make the same plan.

    Returns:
        The pairs, in the order of their names.

    Raises:
        ValueError: If there are too few pairs for the parts.
    """
    total, done = sum(map(len, voices)), 0
    wanted = settings.pairs or total
    planned: list[Job] = []
    numbers: Counter[str] = Counter()
    for part, utterances, noise in zip(PARTS, voices, noises, strict=True):
        before, done = done, done + len(utterances)
        count = wanted * done // total - wanted * before // total
        if not utterances:
            continue
        if not count:
            raise ValueError(f"{wanted} pairs leave none for the {part} part: ask for more")
        snrs_db = settings.test_snrs_db if part == "test" else settings.snrs_db
        conditions = _dealt([(n, s) for n in _by_group(noise) for s in snrs_db], count, rng)
        for spoken, (group, snr_db) in zip(_dealt(utterances, count, rng), conditions, strict=True):
            numbers[spoken.group] += 1
            name = f"{spoken.group}_{numbers[spoken.group]:03d}"
            length = spoken.samples
            if settings.seconds is not None:
                length = min(length, round(settings.seconds * SAMPLE_RATE))
            behind = group[int(rng.integers(len(group)))]
            seed = (settings.seed, len(planned))
            planned.append(Job(name, part, spoken, behind, float(snr_db), length, seed))
    return sorted(planned, key=lambda job: job.name)


def _by_group(recordings: Sequence[Recording]) -> list[list[Recording]]:
    """Files of each noise: the channels of one recording count once."""
    groups: dict[str, list[Recording]] = {}
    for recording in recordings:
        groups.setdefault(recording.group, []).append(recording)
    return list(groups.values())


def _dealt(items: Sequence[Any], count: int, rng: np.random.Generator) -> list[Any]:
    """All items equally often, in random order."""
    rounds = -(-count // len(items))
    order = np.concatenate([rng.permutation(len(items)) for _ in range(rounds)])
    return [items[i] for i in order[:count]]
