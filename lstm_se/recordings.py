"""Recordings as they are found: grouped by who or what is heard, fingerprinted, split in parts."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from . import audio, workers

SILENT_DBFS = -70.0
Progress = Callable[[Iterable[Path]], Iterable[Path]]


@dataclass(frozen=True)
class Recording:
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
) -> tuple[list[Recording], list[str]]:
    """Find, read and fingerprint all sound files below some folders.

    A folder in a root is one group, with all that lies below it: a speaker, or the channels of one
    recording. Files directly in a root are of one group, too, or each stands alone.

    Args:
        roots: Folders.
        alone: Whether a file directly in a root is a group of its own.
        jobs: Number of processes.
        progress: Wraps the files, for instance ``tqdm``.

    Returns:
        The recordings, sorted by name, and the files that are silent and were left out.

    Raises:
        FileNotFoundError: If a folder does not exist or holds no sound.
        ValueError: If a file cannot be read, or two groups would have one name.
    """
    places: dict[Path, tuple[str, str]] = {}
    owners: dict[str, Path] = {}
    for root in roots:
        base = Path(root).resolve()
        for path in audio.find(base):
            owner = _owner(path, base, alone)
            group = label(owner.stem if owner == path else owner.name)
            if owners.setdefault(group, owner) != owner:
                raise ValueError(
                    f"{owners[group]} and {owner} would both be called {group}: rename one"
                )
            places[path] = (group, path.relative_to(base.parent).as_posix())
    found, silent = [], []
    facts = workers.in_order(inspect, list(places), jobs)
    for path, (digest, samples, level) in zip(progress(list(places)), facts, strict=True):
        group, name = places[path]
        if level < SILENT_DBFS:
            silent.append(name)
        else:
            found.append(Recording(path, name, group, digest, samples))
    return sorted(found, key=lambda recording: recording.name), silent


def _owner(path: Path, root: Path, alone: bool) -> Path:
    """The folder or file that a file is grouped by."""
    parts = path.relative_to(root).parts
    if len(parts) > 1:
        return root / parts[0]
    return path if alone else root


def label(name: str) -> str:
    """A name for a log file and for ``SPEAKER_NNN.wav``: no blank, no ``_``.

    Raises:
        ValueError: If nothing is left of it.
    """
    kept = re.sub(r"[^A-Za-z0-9.+]+", "-", name).strip("-.")
    if not kept:
        raise ValueError(f"{name!r} has no letter or digit to make a name of: rename it")
    return kept


def inspect(path: Path) -> tuple[str, int, float]:
    """SHA-256 of a file, its samples at 16 kHz, and the level of its active frames in dBFS.

    Raises:
        ValueError: If it cannot be read.
    """
    samples = audio.load(path).samples
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return digest, len(samples), audio.active_level_dbfs(samples)


def split(
    recordings: Sequence[Recording], shares: Sequence[float], kind: str, rng: np.random.Generator
) -> list[list[Recording]]:
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
    order = [str(group) for group in rng.permutation(groups)]
    part_of, begin = dict.fromkeys(groups, 0), 0
    for part, count in enumerate(counts, 1):
        part_of |= dict.fromkeys(order[begin : begin + count], part)
        begin += count
    parts: list[list[Recording]] = [[] for _ in range(1 + len(shares))]
    for recording in recordings:
        parts[part_of[recording.group]].append(recording)
    return parts


def refuse_overlap(parts: Iterable[Sequence[Recording]]) -> None:
    """The same sound, or the same speaker, must not be in two parts.

    Raises:
        ValueError: If it is.
    """
    seen: dict[str, tuple[int, Recording]] = {}
    for number, part in enumerate(parts):
        for recording in part:
            for key, what in (
                (recording.sha256, "the same sound"),
                (f"group {recording.group}", f"both of {recording.group}"),
            ):
                other, first = seen.setdefault(key, (number, recording))
                if other != number:
                    raise ValueError(
                        f"{first.name} and {recording.name} are {what}, but would be in two "
                        "parts of the corpus: remove one"
                    )
