"""A corpus in VoiceBank-DEMAND's layout, mixed from any clean speech and any noise.

Speakers and noise recordings of the training, validation and test part are different ones. The
same files and the same seed give the same bytes, in any number of processes.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from .. import workers
from ..files import make_folder, write_csv, write_whole
from ..sound import audio
from . import mixing
from .pairs import (
    VALIDATION_LIST,
    Corpus,
    pair_folders,
    voicebank_demand,
    write_conditions,
    write_pair,
)
from .plan import Job, Settings, SourceFile, collect, plan, refuse_leaks, split

PLAN = "plan.sha256"
TRIES = 10  # stretches to draw before the loudest of them will do
SOUNDING = 0.1  # of the whole's RMS: a stretch below it is a pause
Bar = Callable[[Iterable[Any], str], Iterable[Any]]


def build_corpus(
    speech: Sequence[str | Path],
    noise: Sequence[str | Path],
    out: str | Path,
    settings: Settings | None = None,
    test_speech: Sequence[str | Path] = (),
    test_noise: Sequence[str | Path] = (),
    jobs: int | None = None,
    bar: Bar = lambda items, name: items,
) -> Corpus:
    """Mix a corpus; interrupted, the same call goes on where it stopped.

    Args:
        speech: Folders of clean speech, one folder in them for each speaker.
        noise: Folders of noise; a file in them is a recording, and so is a folder in them.
        out: Folder of the corpus; it appears when the corpus is whole.
        settings: What to mix.
        test_speech: Folders of the test part's speakers, instead of a share of ``speech``.
        test_noise: Folders of the test part's noises, instead of a share of ``noise``.
        jobs: Number of processes; all cores if ``None``.
        bar: Wraps what takes long, with a name for it.

    Returns:
        The corpus, as :func:`lstm_se.corpora.pairs.voicebank_demand` reads it.

    Raises:
        FileExistsError: If ``out`` exists.
        FileNotFoundError: If a folder does not exist or holds no sound.
        ValueError: If a file cannot be read, there are too few speakers or noises for the parts,
            or a file or a speaker would be in two of them.
    """
    settings, out = settings or Settings(), Path(out)
    if out.exists():
        raise FileExistsError(f"{out} exists: name another folder, or remove it first")
    jobs = jobs or os.cpu_count() or 1
    rng = np.random.default_rng(settings.seed)
    voices = _parts(speech, test_speech, settings, "speakers", rng, jobs, bar)
    noises = _parts(noise, test_noise, settings, "noise recordings", rng, jobs, bar)
    if bool(voices[2]) != bool(noises[2]):
        raise ValueError(
            "the test part needs speech and noise: name --test-speech and --test-noise"
        )
    return _write(plan(voices, noises, settings, rng), settings, out, jobs, bar)


def _parts(
    roots: Sequence[str | Path],
    test_roots: Sequence[str | Path],
    settings: Settings,
    kind: str,
    rng: np.random.Generator,
    jobs: int,
    bar: Bar,
) -> list[list[SourceFile]]:
    """Recordings for training, validation and test."""
    if not roots:
        raise ValueError(f"no folder of {kind}: name at least one")
    gather = functools.partial(
        collect,
        alone=kind != "speakers",
        jobs=jobs,
        progress=lambda paths: bar(paths, f"reading {kind}"),
    )
    shares = [settings.validation_share, 0.0 if test_roots else settings.test_share]
    parts = split(gather(roots), shares, kind, rng)
    if test_roots:
        parts[2] = gather(test_roots)
    refuse_leaks(parts)
    return parts


def _write(planned: list[Job], settings: Settings, out: Path, jobs: int, bar: Bar) -> Corpus:
    """Mix all pairs in a hidden folder beside ``out``, and rename it when it is whole."""
    make_folder(out.parent)
    folders = _folders(planned)
    listed = [dataclasses.asdict(job) | {"folder": folders[job.part]} for job in planned]
    text = json.dumps([dataclasses.asdict(settings), listed], default=str)
    root = out.parent / f".{out.name}.part"
    _resume(root, hashlib.sha256(text.encode()).hexdigest())
    # sorted by noise: each process reads a long recording once
    work = sorted(planned, key=lambda job: (job.noise.name, job.name))
    mix = functools.partial(_mix, root=root, folders=folders)
    mixed = workers.in_order(mix, work, min(jobs, len(work)))
    try:
        for _ in zip(bar(work, "mixing"), mixed, strict=True):
            pass
    except KeyboardInterrupt:
        raise KeyboardInterrupt("the same command goes on from there") from None
    _write_records(root, planned, folders)
    (root / PLAN).unlink()
    os.replace(root, out)
    return voicebank_demand(out)


def _resume(root: Path, fingerprint: str) -> None:
    """Keep what an interrupted call of the same plan has mixed, and nothing else."""
    marker = root / PLAN
    if marker.is_file() and marker.read_text(encoding="utf-8") == fingerprint:
        for half in root.rglob(".*.part"):
            half.unlink()
        return
    shutil.rmtree(root, ignore_errors=True)
    make_folder(root)
    write_whole(marker, fingerprint)


def _folders(planned: Iterable[Job]) -> dict[str, str]:
    """Name of each part's folders; validation speakers are a part of the training set."""
    heard = {job.speech.group for job in planned if job.part != "test"}
    training = f"trainset_{len(heard)}spk"
    return {"train": training, "validation": training, "test": "testset"}


def _mix(job: Job, root: Path, folders: dict[str, str]) -> None:
    """Write the two files of a pair, unless they are there."""
    part = folders[job.part]
    if all((folder / f"{job.name}.wav").exists() for folder in pair_folders(root, part)):
        return
    rng = np.random.default_rng(job.seed)
    speech = stretch(_bank(job.speech.path), job.samples, rng)
    noise = stretch(_bank(job.noise.path), job.samples, rng)
    write_pair(root, part, job.name, *mixing.mix(speech, noise, job.snr_db))


@functools.lru_cache(maxsize=2)
def _bank(path: Path) -> np.ndarray:
    """A recording as the bank that the mixer draws from."""
    return mixing.to_bank(audio.read(path).samples)


def stretch(bank: np.ndarray, samples: int, rng: np.random.Generator) -> np.ndarray:
    """A random stretch of an int16 bank, float32, that is no pause if a few draws can find one."""
    least = SOUNDING * np.sqrt(np.mean(np.square(bank, dtype=np.float64))) / audio.FULL_SCALE
    best, loudest = np.zeros(samples, np.float32), -1.0
    for _ in range(TRIES):
        drawn = mixing.excerpt(bank, samples, rng)
        level = float(np.sqrt(np.mean(np.square(drawn, dtype=np.float64))))
        if level > loudest:
            best, loudest = drawn, level
        if level >= least:
            break
    return best


def _write_records(root: Path, planned: Sequence[Job], folders: dict[str, str]) -> None:
    """Logs as VoiceBank-DEMAND has them, who validates, and what every pair was made from."""
    for part in sorted({folders[job.part] for job in planned}):
        jobs = [job for job in planned if folders[job.part] == part]
        write_conditions(root, part, {job.name: (job.noise.group, job.snr_db) for job in jobs})
    held_out = sorted({job.speech.group for job in planned if job.part == "validation"})
    write_whole(root / VALIDATION_LIST, "".join(f"{speaker}\n" for speaker in held_out))
    columns = ["pair", "part", "speech", "speech_sha256", "noise", "noise_sha256", "snr_db"]
    rows = []
    for job in planned:
        speech, noise = job.speech, job.noise
        origin = (speech.name, speech.sha256, noise.name, noise.sha256)
        rows.append((job.name, job.part, *origin, f"{job.snr_db:g}"))
    write_csv(root / "SOURCES.csv", columns, rows)
