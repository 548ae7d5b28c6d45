"""Sound files decoded once: from then on their samples come from a store, by the stretch.

At 16 kHz and in 16 bits, as most corpora are, a store holds what the file does; sound that had to
be resampled or averaged is kept in float32. Either way it is bit for bit what reading gives.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import soxr
from tqdm import tqdm

from .. import workers
from ..files import sha256_of
from ..sound import audio
from .pairs import Pair
from .store import Facts, Stored, keep

SHARE = 64  # files that are worth a process
DECODER = f"libsndfile {soundfile.__libsndfile_version__}, soxr {soxr.__version__}"


@dataclass(frozen=True, eq=False)
class Sound:
    """Samples of one file at 16 kHz, mono, as :func:`lstm_se.sound.audio.read` gives them."""

    stored: Stored

    def __len__(self) -> int:
        """Number of samples."""
        return len(self.stored)

    def __getitem__(self, stretch: slice) -> np.ndarray:
        """A stretch, float32 in [-1, 1]."""
        samples = self.stored[stretch]
        if samples.dtype == np.int16:
            return samples.astype(np.float32) / np.float32(audio.FULL_SCALE)
        return samples

    @property
    def entry(self) -> tuple[str, float, str]:
        """Name, seconds and SHA-256 of the file."""
        facts = self.stored.facts
        return Path(facts["key"]).name, round(facts["seconds"], 2), facts["sha256"]

    @property
    def form(self) -> dict[str, int]:
        """What its file must have in common with its partner, as ``pairs.form_of`` has it."""
        facts = self.stored.facts
        return {"Hz": facts["rate"], "channels": facts["channels"], "samples": len(self)}


@dataclass(frozen=True)
class StoredPair(Pair):
    """A pair whose sound lies in a store.

    Attributes:
        sounds: Clean and noisy.
    """

    sounds: tuple[Sound, Sound] = field(repr=False, compare=False)

    def load(self) -> tuple[np.ndarray, np.ndarray]:
        """Clean and noisy samples, as :meth:`lstm_se.corpora.pairs.Pair.load` reads them."""
        clean, noisy = self.sounds
        return np.array(clean[:]), np.array(noisy[:])


def from_store(pairs: Sequence[Pair]) -> tuple[StoredPair, ...]:
    """The same pairs, their sound in stores; those that have it there already are left alone.

    Raises:
        FileNotFoundError: If a file is gone.
        ValueError: If one cannot be read, or the two of a pair do not match.
    """
    new = [pair for pair in pairs if not isinstance(pair, StoredPair)]
    sounds = sounds_of(path for pair in new for path in (pair.clean, pair.noisy))
    return tuple(
        pair
        if isinstance(pair, StoredPair)
        else _stored(pair, sounds[pair.clean], sounds[pair.noisy])
        for pair in pairs
    )


def _stored(pair: Pair, clean: Sound, noisy: Sound) -> StoredPair:
    """A pair with its sound; the two files have to match."""
    pair.check(clean.form, noisy.form)
    return StoredPair(pair.name, pair.speaker, pair.clean, pair.noisy, (clean, noisy))


def sounds_of(paths: Iterable[Path]) -> dict[Path, Sound]:
    """Sound of some files; those that are new or have changed are decoded first, under a bar.

    Interrupted, the next call goes on where this one stopped.

    Raises:
        FileNotFoundError: If a file is gone.
        ValueError: If one cannot be read.
        OSError: If a store cannot be written.
    """
    folders: dict[Path, dict[str, Path]] = {}
    for path in paths:
        folders.setdefault(path.parent, {})[path.name] = path
    sounds: dict[Path, Sound] = {}
    for folder, files in folders.items():
        wanted = {name: file_state(path) for name, path in files.items()}
        kept = keep(folder, wanted, partial(_decode, folder))
        sounds |= {files[name]: Sound(array) for name, array in kept.items()}
    return sounds


def file_state(path: Path) -> Facts:
    """What tells whether samples are still those of a file: its own state, and its decoder's.

    Raises:
        FileNotFoundError: If it is gone.
    """
    try:
        state = os.stat(path)
    except FileNotFoundError:
        raise FileNotFoundError(f"{path} does not exist: check the name") from None
    return {"bytes": state.st_size, "changed_ns": state.st_mtime_ns, "decoder": DECODER}


def _decode(folder: Path, names: Sequence[str]) -> Iterator[tuple[np.ndarray, Facts]]:
    """Samples and facts of some files, decoded in several processes if there are many."""
    jobs = max(1, min(os.cpu_count() or 1, len(names) // SHARE))
    files = [folder / name for name in names]
    bar = tqdm(files, f"reading {folder.name}", delay=2, disable=None, unit="file", leave=False)
    try:
        yield from workers.in_order(decoded, bar, jobs)
    except KeyboardInterrupt:
        raise KeyboardInterrupt("the same command goes on from there") from None


def decoded(path: Path) -> tuple[np.ndarray, dict[str, Any]]:
    """Samples of a file, int16 where that loses nothing, else float32; and facts of the file.

    Raises:
        FileNotFoundError: If it does not exist.
        ValueError: If it cannot be read.
    """
    recording = audio.read(path)
    pcm = audio.to_pcm(recording.samples)
    back = pcm / np.float32(audio.FULL_SCALE)
    exact = back.tobytes() == recording.samples.tobytes()  # -0.0 equals 0.0, but is not its bits
    facts = {
        "sha256": sha256_of(path),
        "seconds": recording.seconds,
        "rate": recording.source_rate,
        "channels": recording.source_channels,
    }
    return (pcm if exact else recording.samples), facts
