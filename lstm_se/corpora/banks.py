"""Banks of sound: what a training run draws its segments from, as int16 at 16 kHz."""

from __future__ import annotations

import hashlib
import json
import os
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from scipy import signal

from ..files import sha256_of, write_csv
from ..sound import audio
from ..sound.noises import unit_rms
from ..workers import Progress
from .mixing import Samples, to_bank
from .recordings import file_state
from .store import Facts, keep

BANK_VERSION = 2  # of what this file makes of recordings: another one makes stored banks anew
BANK_DBFS = -26.0  # level of the active frames of every file in a bank
VOICES = (1.0, 0.84, 0.92, 1.08, 1.18)  # playing a talker slower and faster gives more talkers
NOISE_SPEEDS = (1.0, 0.8, 1.25)
RUMBLE_HZ = 60.0  # below it nobody speaks, but one reader in ten has left traffic and fans there
MIN_RANGE_DB = 30.0  # a talker whose pauses lie closer below is no clean target
Groups = Mapping[str, Sequence[Path]]


@dataclass(frozen=True)
class Bank:
    """Sound of one group of files, a talker or a folder of recordings.

    Attributes:
        name: The group.
        samples: One int16 array for each voice, in memory or in a store.
        entries: ``(file name, seconds used, SHA-256 of the file)`` of each file in it.
        refused: Files that were left out, with the reason.
    """

    name: str
    samples: tuple[Samples, ...]
    entries: tuple[tuple[str, float, str], ...]
    refused: tuple[str, ...]

    @property
    def minutes(self) -> float:
        """Length of what was used, before the voices were multiplied."""
        return sum(seconds for _, seconds, _ in self.entries) / 60


def by_folder(roots: Iterable[str | Path]) -> Groups:
    """Sound files below some folders, grouped by the folder that they lie in.

    Raises:
        FileNotFoundError: If a folder does not exist or holds no sound.
    """
    groups: dict[str, list[Path]] = {}
    for root in roots:
        for path in audio.find(root):
            groups.setdefault(path.parent.name, []).append(path)
    return groups


def load_speech(
    groups: Groups,
    voices: Sequence[float] = VOICES,
    seed: int = 0,
    progress: Progress = iter,
    in_store: bool = False,
) -> list[Bank]:
    """Read clean speech: utterances without the silence around them, with pauses between them.

    Args:
        groups: Files of each talker or folder.
        voices: Factors by which the playing time is changed.
        seed: Of the lengths of the pauses.
        progress: Wraps the groups, for instance ``tqdm``.
        in_store: Keep the samples in stores beside the files, made once, instead of in memory.

    Returns:
        A bank of each group but for those in which nothing can be used; a warning tells of them.

    Raises:
        FileNotFoundError: If a file does not exist.
        ValueError: If a file cannot be read, or nothing in any group can be used.
    """
    banks: list[Bank] = []
    for name in progress(list(groups)):
        rng = np.random.default_rng(seed)
        drawn = sum(len(bank.entries) for bank in banks)
        rng.random(drawn)  # one for each utterance before, whether it was read now or lies stored
        make = partial(_bank, name, groups[name], partial(_utterance, rng=rng), voices)
        recipe = {"kind": "speech", "seed": seed, "drawn": drawn}
        banks.append(_kept(name, groups[name], voices, make, recipe) if in_store else make())
    return _usable(banks)


def load_noise(
    groups: Groups,
    speeds: Sequence[float] = NOISE_SPEEDS,
    progress: Progress = iter,
    in_store: bool = False,
) -> list[Bank]:
    """Read noise, each recording at the same level.

    Args:
        groups: Files of each kind or folder.
        speeds: Factors by which the playing time is changed.
        progress: Wraps the groups, for instance ``tqdm``.
        in_store: Keep the samples in stores beside the files, made once, instead of in memory.

    Returns:
        A bank of each group but for those in which nothing can be used; a warning tells of them.

    Raises:
        FileNotFoundError: If a file does not exist.
        ValueError: If a file cannot be read, or nothing in any group can be used.
    """
    banks: list[Bank] = []
    for name in progress(list(groups)):
        make = partial(_bank, name, groups[name], _noise, speeds)
        recipe = {"kind": "noise"}
        banks.append(_kept(name, groups[name], speeds, make, recipe) if in_store else make())
    return _usable(banks)


def _kept(
    name: str,
    paths: Sequence[Path],
    voices: Sequence[float],
    make: Callable[[], Bank],
    recipe: Mapping[str, Any],
) -> Bank:
    """The bank of a group from the store of its first folder, made if it is not there yet.

    Its keys change with all that it is made from.
    """
    home = paths[0].parent
    states = [(os.path.relpath(path, home), file_state(path)) for path in paths]
    made_from = json.dumps([BANK_VERSION, name, recipe, list(voices), states])
    digest = hashlib.sha256(made_from.encode()).hexdigest()
    keys = [f"{recipe['kind']} {name} {voice:g} {digest}" for voice in voices]

    def banked(missing: Sequence[str]) -> Iterator[tuple[np.ndarray, Facts]]:
        bank = make()
        voiced = dict(zip(keys, bank.samples, strict=True))
        listed = {"entries": bank.entries, "refused": bank.refused}
        for key in missing:  # of a hundred thousand files, once is enough
            yield np.asarray(voiced[key]), listed if key == keys[0] else {}

    samples = tuple(keep(home, dict.fromkeys(keys, {}), banked).values())
    facts = samples[0].facts
    return Bank(name, samples, tuple(map(tuple, facts["entries"])), tuple(facts["refused"]))


def _bank(name: str, paths: Sequence[Path], prepare: Callable, voices: Sequence[float]) -> Bank:
    """The bank of one group; ``prepare`` gives the samples to use or the reason not to."""
    clips, entries, refused = [], [], []
    for path in paths:
        clip = prepare(audio.read(path).samples)
        if isinstance(clip, str):
            refused.append(f"{path.name}: {clip}")
            continue
        clips.append(clip)
        digest = sha256_of(path)
        entries.append((path.name, round(len(clip) / audio.SAMPLE_RATE, 2), digest))
    if not clips:
        silence = np.zeros(0, np.int16)
        return Bank(name, (silence,) * len(voices), (), tuple(refused))
    whole, rate = np.concatenate(clips), audio.SAMPLE_RATE
    voiced = tuple(to_bank(audio.resample(whole, rate, round(rate * factor))) for factor in voices)
    return Bank(name, voiced, tuple(entries), tuple(refused))


def _usable(banks: Sequence[Bank]) -> list[Bank]:
    """The banks with sound in them: a corpus of single utterances has talkers without any."""
    empty = [bank for bank in banks if not bank.entries]
    if empty and len(empty) == len(banks):
        raise ValueError(f"nothing in {empty[0].name} can be used: {empty[0].refused[0]}")
    if empty:
        left_out = f"left out {len(empty)} of {len(banks)} groups in which nothing can be used"
        warnings.warn(f"{left_out}, such as {empty[0].name}: {empty[0].refused[0]}", stacklevel=3)
    return [bank for bank in banks if bank.entries]


def _utterance(clip: np.ndarray, rng: np.random.Generator) -> np.ndarray | str:
    """Speech without silence around it, at the bank's level, with a pause behind; or why not."""
    active = audio.active_level_dbfs(clip)
    floor = 10 * np.log10(max(np.percentile(audio.frame_power(clip), 5), 1e-12))
    if active < -70:
        return "silent"
    if active - floor < MIN_RANGE_DB:
        return f"only {active - floor:.0f} dB between talk and pause"
    speech = audio.trim_silence(without_rumble(clip))
    speech = _levelled(speech, BANK_DBFS - audio.active_level_dbfs(speech))
    pause = np.zeros(int(audio.SAMPLE_RATE * rng.uniform(0.05, 0.6)), np.float32)
    return np.concatenate([speech, pause])


def without_rumble(speech: np.ndarray) -> np.ndarray:
    """Speech without what lies below all voices, and without delay.

    A network learns to keep what its targets hold: rumble, too.

    Args:
        speech: Shape ``(samples,)``, 16 kHz.

    Returns:
        As ``speech``, float32.
    """
    high_pass = signal.butter(4, RUMBLE_HZ, "highpass", fs=audio.SAMPLE_RATE, output="sos")
    padding = min(audio.SAMPLE_RATE // 10, len(speech) - 1)  # the filter rings for about that long
    return signal.sosfiltfilt(high_pass, speech, padlen=padding).astype(np.float32)


def _noise(clip: np.ndarray) -> np.ndarray | str:
    """Noise at the bank's level, without stretches of digital silence; or why not."""
    power = audio.frame_power(clip)[: len(clip) // audio.FRAME]
    sounding = np.repeat(power > 1e-9, audio.FRAME)
    audible = clip[: len(sounding)][sounding]
    if len(audible) < audio.SAMPLE_RATE // 10:
        return "silent or too short"
    return _levelled(unit_rms(audible), BANK_DBFS)


def _levelled(samples: np.ndarray, gain_db: float) -> np.ndarray:
    """Apply a gain, less where it would clip."""
    loud = samples * np.float32(10 ** (gain_db / 20))
    return loud * np.float32(min(1.0, 0.99 / max(1e-9, np.abs(loud).max())))


def write_entries(path: Path, banks: Iterable[tuple[str, Bank]]) -> None:
    """List every file that a training run used: ``use,bank,file,seconds,sha256``, atomically."""
    rows = ((use, bank.name, *entry) for use, bank in banks for entry in bank.entries)
    write_csv(path, ["use", "bank", "file", "seconds", "sha256"], rows)
