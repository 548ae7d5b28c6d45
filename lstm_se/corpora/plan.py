"""The plan of a corpus: who says what in which noise, before anything is mixed.

Sound files are read once and grouped by who or what is heard (:func:`collect`), whole groups are
dealt to the parts (:func:`split`, :func:`refuse_leaks`), and in each part every utterance gets a
noise and a signal-to-noise ratio (:func:`plan`).
"""

from __future__ import annotations

import math
import unicodedata
import warnings
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np

from .. import workers
from ..files import sha256_of
from ..sound import audio
from ..workers import Progress

SILENT_DBFS = -70.0
T = TypeVar("T")


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
        for name, value in (("pairs", self.pairs), ("seconds", self.seconds)):
            if value is not None and value <= 0:
                raise ValueError(f"{name} is {value}: it must be positive")
        for name, values in (("snrs_db", self.snrs_db), ("test_snrs_db", self.test_snrs_db)):
            if not values or not np.isfinite(values).all():
                raise ValueError(f"{name} is {values}: give at least one number of dB")
        for name in ("validation_share", "test_share"):
            if not 0 <= getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}: it must lie in [0, 1)")


@dataclass(frozen=True)
class SourceFile:
    """One sound file.

    Attributes:
        path: Where it lies.
        name: Its path from the folder that was named, that folder included.
        group: Who or what is heard; what is in one group stays together.
        sha256: Of the file.
        samples: Length at 16 kHz.
    """

    path: Path
    name: str
    group: str
    sha256: str
    samples: int


def collect(
    roots: Sequence[str | Path], alone: bool, jobs: int, progress: Progress = iter
) -> list[SourceFile]:
    """Find, read and fingerprint all sound files below some folders.

    A folder in a root is one group, with all that lies below it: a speaker, or the channels of one
    recording. Files directly in a root are of one group, too, or each stands alone.

    Args:
        roots: Folders.
        alone: Whether a file directly in a root is a group of its own.
        jobs: Number of processes.
        progress: Wraps the files, for instance ``tqdm``.

    Returns:
        The recordings, sorted by name; a warning says which are silent and were left out.

    Raises:
        FileNotFoundError: If a folder does not exist or holds no sound.
        ValueError: If a file cannot be read, all are silent, or two groups would have one name.
    """
    places: dict[Path, tuple[str, str]] = {}
    owners: dict[str, Path] = {}
    for root in roots:
        base = Path(root).resolve()
        for path in audio.find(base):
            below = path.relative_to(base).parts
            owner = base / below[0] if alone or len(below) > 1 else base
            group = label(owner.stem if owner == path else owner.name)
            if owners.setdefault(group, owner) != owner:
                raise ValueError(
                    f"{owners[group]} and {owner} would both be called {group}: rename one"
                )
            places[path] = (group, path.relative_to(base.parent).as_posix())
    sounding, silent = [], []
    facts = workers.in_order(inspect, list(places), jobs)
    for path, (digest, samples, level) in zip(progress(list(places)), facts, strict=True):
        group, name = places[path]
        if level < SILENT_DBFS:
            silent.append(name)
        else:
            sounding.append(SourceFile(path, name, group, digest, samples))
    if not sounding:
        raise ValueError(f"all {len(silent)} files are silent, for instance {silent[0]}")
    if silent:
        warnings.warn(f"{len(silent)} silent files left out: {silent[0]} …", stacklevel=5)
    return sorted(sounding, key=lambda recording: recording.name)


def label(name: str) -> str:
    """A name for a log file and for ``SPEAKER_NNN.wav``: no blank, no ``_``, letters of any script.

    Raises:
        ValueError: If nothing is left of it.
    """
    # some systems store an umlaut as two characters; without marks, others' words would be the same
    composed = unicodedata.normalize("NFC", name)
    kept = (c if c in ".+" or unicodedata.category(c)[0] in "LMN" else " " for c in composed)
    plain = "-".join("".join(kept).split()).strip("-.")
    if not plain:
        raise ValueError(f"{name!r} has no letter or digit to make a name of: rename it")
    return plain


def inspect(path: Path) -> tuple[str, int, float]:
    """SHA-256 of a file, its samples at 16 kHz, and the level of its active frames in dBFS.

    Raises:
        ValueError: If it cannot be read.
    """
    samples = audio.read(path).samples
    digest = sha256_of(path)
    return digest, len(samples), audio.active_level_dbfs(samples)


def split(
    recordings: Sequence[SourceFile], shares: Sequence[float], kind: str, rng: np.random.Generator
) -> list[list[SourceFile]]:
    """Deal whole groups to parts: nobody is heard in two of them.

    Args:
        recordings: What to deal.
        shares: Share of the groups for each part but the first, which gets the rest; a share above
            zero is at least one group.
        kind: What a group is, for the error.
        rng: Chooses.

    Returns:
        Recordings of each part, the first one first.

    Raises:
        ValueError: If there are too few groups.
    """
    groups = sorted({recording.group for recording in recordings})
    counts = [math.ceil(share * len(groups) - 1e-9) for share in shares]
    if sum(counts) >= len(groups):
        raise ValueError(
            f"{len(groups)} {kind} are too few for {1 + sum(c > 0 for c in counts)} parts that "
            f"share none: name folders with more, or a smaller share"
        )
    *others, first = map(set, np.split(rng.permutation(groups), np.cumsum(counts)))
    return [[one for one in recordings if one.group in dealt] for dealt in (first, *others)]


def refuse_leaks(parts: Iterable[Sequence[SourceFile]]) -> None:
    """The same sound, or the same speaker, must not be in two parts.

    Raises:
        ValueError: If it is.
    """
    first_use: dict[str, tuple[int, SourceFile]] = {}
    for number, part in enumerate(parts):
        for recording in part:
            group = recording.group
            twice = {recording.sha256: "the same sound", f"group {group}": f"both of {group}"}
            for key, what in twice.items():
                other, first = first_use.setdefault(key, (number, recording))
                if other != number:
                    raise ValueError(
                        f"{first.name} and {recording.name} are {what}, but would be in two "
                        "parts of the corpus: remove one"
                    )


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
    speech: SourceFile
    noise: SourceFile
    snr_db: float
    samples: int
    seed: tuple[int, int]


def plan(
    voices: Sequence[Sequence[SourceFile]],
    noises: Sequence[Sequence[SourceFile]],
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
    longest = (settings.seconds or math.inf) * audio.SAMPLE_RATE
    planned: list[Job] = []
    numbers: Counter[str] = Counter()
    for part, utterances, noise in zip(
        ("train", "validation", "test"), voices, noises, strict=True
    ):
        before, done = done, done + len(utterances)
        count = wanted * done // total - wanted * before // total
        if not utterances:
            continue
        if not count:
            raise ValueError(f"{wanted} pairs leave none for the {part} part: ask for more")
        snrs_db = settings.test_snrs_db if part == "test" else settings.snrs_db
        # the channels of one recording count once
        groups: dict[str, list[SourceFile]] = {}
        for recording in noise:
            groups.setdefault(recording.group, []).append(recording)
        conditions = deal([(n, s) for n in groups.values() for s in snrs_db], count, rng)
        for spoken, (group, snr_db) in zip(deal(utterances, count, rng), conditions, strict=True):
            numbers[spoken.group] += 1
            name = f"{spoken.group}_{numbers[spoken.group]:03d}"
            length = round(min(spoken.samples, longest))
            behind = group[int(rng.integers(len(group)))]
            seed = (settings.seed, len(planned))
            planned.append(Job(name, part, spoken, behind, float(snr_db), length, seed))
    return sorted(planned, key=lambda job: job.name)


def deal(items: Sequence[T], count: int, rng: np.random.Generator) -> list[T]:
    """All items equally often, in random order."""
    rounds = -(-count // len(items))
    order = np.concatenate([rng.permutation(len(items)) for _ in range(rounds)])
    return [items[i] for i in order[:count]]
