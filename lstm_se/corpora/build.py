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
from operator import attrgetter
from pathlib import Path
from typing import Any

import numpy as np

from .. import workers
from ..files import claimed, make_folder, sha256_of, write_csv, write_whole
from ..sound import audio
from . import mixing, pairs
from .plan import Job, Settings, SourceFile, collect, plan, refuse_leaks, split

PLAN = "plan.sha256"
Folders = Sequence[str | Path]
Bar = Callable[[Iterable[Any], str], Iterable[Any]]


def build_corpus(
    speech: Folders,
    noise: Folders,
    out: str | Path,
    settings: Settings | None = None,
    test_speech: Folders = (),
    test_noise: Folders = (),
    jobs: int | None = None,
    bar: Bar = lambda items, name: items,
) -> pairs.Corpus:
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
    _refuse(out)
    jobs = jobs or os.cpu_count() or 1
    rng = np.random.default_rng(settings.seed)

    def parts(kind: str, roots: Folders, test_roots: Folders) -> list[list[SourceFile]]:
        """Recordings for training, validation and test."""
        if not roots:
            raise ValueError(f"no folder of {kind}: name at least one")

        def gather(folders: Folders) -> list[SourceFile]:
            return collect(folders, kind != "speakers", jobs, lambda it: bar(it, f"reading {kind}"))

        shares = [settings.validation_share, 0.0 if test_roots else settings.test_share]
        found = split(gather(roots), shares, kind, rng)
        if test_roots:
            found[2] = gather(test_roots)
        refuse_leaks(found)
        return found

    voices = parts("speakers", speech, test_speech)
    noises = parts("noise recordings", noise, test_noise)
    if bool(voices[2]) != bool(noises[2]):
        raise ValueError(
            "the test part needs speech and noise: name --test-speech and --test-noise"
        )
    return _write(plan(voices, noises, settings, rng), settings, out, jobs, bar)


def _refuse(out: Path) -> None:
    """Never write into what is there."""
    if out.exists():
        raise FileExistsError(f"{out} exists: name another folder, or remove it first")


def _write(planned: list[Job], settings: Settings, out: Path, jobs: int, bar: Bar) -> pairs.Corpus:
    """Mix all pairs in a hidden folder beside ``out``, and rename it when it is whole."""
    root = out.parent / f".{out.name}.part"
    make_folder(root)
    with claimed(root, out):
        _refuse(out)  # another process may have made it while this one read the recordings
        _mix_all(planned, settings, root, jobs, bar)
        os.replace(root, out)
    (out / PLAN).unlink()  # not before: a call that is killed in between would begin anew
    return pairs.voicebank_demand(out)


def _mix_all(planned: list[Job], settings: Settings, root: Path, jobs: int, bar: Bar) -> None:
    """Mix the pairs that are not there yet, and write the records."""
    # validation speakers are a part of the training set
    training = f"trainset_{len({job.speech.group for job in planned if job.part != 'test'})}spk"
    folders = {"train": training, "validation": training, "test": "testset"}
    listed = [dataclasses.asdict(job) | {"folder": folders[job.part]} for job in planned]
    text = json.dumps([dataclasses.asdict(settings), listed], default=str)
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


def _resume(root: Path, fingerprint: str) -> None:
    """Keep what an interrupted call of the same plan has mixed, and nothing else."""
    marker = root / PLAN
    if marker.is_file() and marker.read_text(encoding="utf-8") == fingerprint:
        for half in root.rglob(".*.part"):
            half.unlink()
        return
    for other in root.iterdir():
        shutil.rmtree(other) if other.is_dir() else other.unlink()
    write_whole(marker, fingerprint)


def _mix(job: Job, root: Path, folders: dict[str, str]) -> None:
    """Write the two files of a pair, unless they are there."""
    part = folders[job.part]
    if all((folder / f"{job.name}.wav").exists() for folder in pairs.pair_folders(root, part)):
        return
    rng = np.random.default_rng(job.seed)
    speech = stretch(_bank(job.speech), job.samples, rng)
    noise = stretch(_bank(job.noise), job.samples, rng)
    pairs.write_pair(root, part, job.name, *mixing.mix(speech, noise, job.snr_db))


@functools.lru_cache(maxsize=2)
def _bank(recording: SourceFile) -> np.ndarray:
    """A recording as the bank that the mixer draws from."""
    bank = mixing.to_bank(audio.read(recording.path).samples)
    # not before it was read: the list of sources would name another sound than was heard
    if sha256_of(recording.path) != recording.sha256:
        raise ValueError(f"{recording.path} has changed meanwhile: start again")
    return bank


def stretch(bank: np.ndarray, samples: int, rng: np.random.Generator) -> np.ndarray:
    """A random stretch of an int16 bank, float32, that is no pause if a few draws can find one."""
    least = 0.1 * _rms(bank) / audio.FULL_SCALE  # a stretch below it is a pause
    drawn: list[np.ndarray] = []
    while len(drawn) < 10:
        drawn.append(mixing.excerpt(bank, samples, rng))
        if _rms(drawn[-1]) >= least:
            break
    return max(drawn, key=_rms)


def _rms(samples: np.ndarray) -> float:
    return float(np.sqrt(np.mean(np.square(samples, dtype=np.float64))))


def _write_records(root: Path, planned: Sequence[Job], folders: dict[str, str]) -> None:
    """Logs as VoiceBank-DEMAND has them, who validates, and what every pair was made from."""
    for part in sorted({folders[job.part] for job in planned}):
        jobs = [job for job in planned if folders[job.part] == part]
        pairs.write_conditions(
            root, part, {job.name: (job.noise.group, job.snr_db) for job in jobs}
        )
    held_out = sorted({job.speech.group for job in planned if job.part == "validation"})
    write_whole(root / pairs.VALIDATION_LIST, "".join(f"{speaker}\n" for speaker in held_out))
    columns = ["pair", "part", "speech", "speech_sha256", "noise", "noise_sha256", "snr_db"]
    facts = attrgetter("name", "part", "speech.name", "speech.sha256", "noise.name", "noise.sha256")
    write_csv(root / "SOURCES.csv", columns, ((*facts(job), f"{job.snr_db:g}") for job in planned))
