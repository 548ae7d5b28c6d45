"""Corpora of clean and noisy pairs in VoiceBank-DEMAND's layout: found, checked, split by speaker.

``ROOT/clean_trainset_28spk_wav``, ``noisy_trainset_28spk_wav``, ``clean_testset_wav`` and
``noisy_testset_wav`` hold files of the same names, ``SPEAKER_NNN.wav``. A corpus may have only
its train or only its test part.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..files import make_folder, write_whole
from ..sound import audio
from ..sound.source import open_source

STANDARD_SPEAKERS = 28
VALIDATION_LIST = "logfiles/validation_speakers.txt"
_TRAIN_FOLDER = re.compile(r"(clean|noisy)_trainset_(\d+)spk_wav")


@dataclass(frozen=True)
class Pair:
    """One utterance, clean and noisy.

    Attributes:
        name: File name without suffix, with the folders between it and that of the clean files.
        speaker: The file name's text before its first ``_``.
        clean: File of the clean speech.
        noisy: File of the same speech in noise.
    """

    name: str
    speaker: str
    clean: Path
    noisy: Path

    def load(self) -> tuple[np.ndarray, np.ndarray]:
        """Read both files.

        Returns:
            Clean and noisy samples, float32 at 16 kHz, mono, both of shape ``(samples,)``.

        Raises:
            FileNotFoundError: If a file is gone.
            ValueError: If one cannot be read, or their rates, channels or lengths differ.
        """
        clean, noisy = audio.read(self.clean), audio.read(self.noisy)
        self.check(form_of(clean), form_of(noisy))
        return clean.samples, noisy.samples

    def check(self, clean: Mapping[str, int], noisy: Mapping[str, int]) -> None:
        """Both files must agree, or subtracting one from the other means nothing.

        Args:
            clean: What the clean file has of some units: ``{"Hz": 16000, "samples": 48000}``.
            noisy: What the noisy one has of them.

        Raises:
            ValueError: If they differ.
        """
        for unit, count in clean.items():
            if count != noisy[unit]:
                raise ValueError(
                    f"{self.clean} has {count} {unit} but {self.noisy} has {noisy[unit]}: "
                    "a pair must be sample-aligned; export both again, or remove both"
                )


def form_of(recording: audio.Recording) -> dict[str, int]:
    """What the two files of a pair must have in common, by its unit."""
    return {
        "Hz": recording.source_rate,
        "channels": recording.source_channels,
        "samples": len(recording.samples),
    }


@dataclass(frozen=True)
class Corpus:
    """Pairs by use; a speaker of ``validation`` is never in ``train``.

    Attributes:
        root: The corpus folder.
        train: Pairs to learn from.
        validation: Pairs of the held-out speakers of the training set, to choose by.
        test: Pairs of the test set, to report.
    """

    root: Path
    train: tuple[Pair, ...]
    validation: tuple[Pair, ...]
    test: tuple[Pair, ...]


def voicebank_demand(
    root: str | Path, speakers: int | None = None, validation_speakers: Sequence[str] | None = None
) -> Corpus:
    """Index a folder in VoiceBank-DEMAND's layout; the sound is read later, by :meth:`Pair.load`.

    Args:
        root: Folder that holds ``clean_testset_wav`` and so on.
        speakers: Which training set, by the number in its folder name; if ``None`` the only one
            there is, or 28, the one that the literature uses. Two sets are never merged.
        validation_speakers: Speakers of the training set to hold out; if ``None`` those that
            ``logfiles/validation_speakers.txt`` names, as :mod:`lstm_se.corpora.build` writes it;
            else p286 and p287, or, where these are not there, the last two speakers (one, of two
            or three; none, if there is only one). ``()`` holds out nobody.

    Returns:
        The pairs, sorted by name; ``train`` and ``validation`` or ``test`` are empty if the
        folder has no such part.

    Raises:
        FileNotFoundError: If the folder or a part of it is missing or empty.
        ValueError: If files do not pair, or their rates differ, or a speaker is not there.
    """
    root = Path(root)
    if not root.is_dir():
        raise FileNotFoundError(f"{root} is not a folder: check the name, or download the corpus")
    count = choose_set(root, speakers)
    test = _part(root, "testset")
    if count is None and not test:
        raise FileNotFoundError(
            f"{root} holds neither clean_trainset_{STANDARD_SPEAKERS}spk_wav nor "
            "clean_testset_wav: name the folder above these"
        )
    if count is None:
        return Corpus(root, (), (), test)
    train = _part(root, f"trainset_{count}spk")
    held_out = choose_validation(root, train, validation_speakers)
    learnt = tuple(pair for pair in train if pair.speaker not in held_out)
    return Corpus(root, learnt, tuple(pair for pair in train if pair.speaker in held_out), test)


def paired(clean_dir: str | Path, noisy_dir: str | Path) -> tuple[Pair, ...]:
    """Match the sound files of two folders by name; the formats may differ.

    Args:
        clean_dir: Folder of clean files, searched with its subfolders.
        noisy_dir: Folder of noisy (or enhanced) files in the same arrangement.

    Returns:
        The pairs, sorted by name.

    Raises:
        FileNotFoundError: If a folder is missing or holds no sound.
        ValueError: If a file has no partner, or two files differ only in their suffix.
    """
    pairs, alone = matched(clean_dir, noisy_dir)
    # every file needs its partner: dropping the others in silence would change the score
    others = dict(zip(alone, reversed(alone), strict=True))
    complaints = [
        f"{len(names)} of {len(pairs) + len(names)} files in {folder} have no partner in "
        f"{others[folder]} ({_first(names)})"
        for folder, names in alone.items()
        if names
    ]
    if complaints:
        raise ValueError("; ".join(complaints) + ": add the missing files or remove these")
    return pairs


def matched(
    clean_dir: str | Path, noisy_dir: str | Path
) -> tuple[tuple[Pair, ...], dict[Path, list[str]]]:
    """Pairs of two folders as :func:`paired` finds them, and by folder the names left alone.

    Raises:
        FileNotFoundError: If a folder is missing or holds no sound.
        ValueError: If two files differ only in their suffix.
    """
    clean_dir, noisy_dir = Path(clean_dir), Path(noisy_dir)
    clean, noisy = _by_name(clean_dir), _by_name(noisy_dir)
    alone = {clean_dir: sorted(clean.keys() - noisy), noisy_dir: sorted(noisy.keys() - clean)}
    pairs = tuple(
        Pair(name, name.rsplit("/", 1)[-1].split("_", 1)[0], clean[name], noisy[name])
        for name in sorted(clean.keys() & noisy)
    )
    return pairs, alone


def conditions_of(root: str | Path) -> dict[str, tuple[str, float]]:
    """Noise and signal-to-noise ratio of each utterance, from the corpus's log files.

    Args:
        root: The corpus folder; its ``logfiles/log_*set*.txt`` have a line ``NAME NOISE SNR`` for
            each utterance.

    Returns:
        ``{name: (noise, snr_db)}``.

    Raises:
        FileNotFoundError: If there is no log file.
        ValueError: If a line is not of this form.
    """
    logs = sorted((Path(root) / "logfiles").glob("log_*set*.txt"))
    if not logs:
        raise FileNotFoundError(f"{root}/logfiles holds no log_*set*.txt: fetch logfiles.zip too")
    conditions = {}
    for log in logs:
        for number, line in enumerate(log.read_text(encoding="utf-8").splitlines(), 1):
            try:
                name, noise, snr_db = line.split()
                conditions[name] = (noise, float(snr_db))
            except ValueError:
                raise ValueError(f"{log}:{number} is not NAME NOISE SNR: {line!r}") from None
    return conditions


def pair_folders(root: Path, part: str) -> tuple[Path, Path]:
    """Folders of the clean and the noisy files of a part, for instance ``"testset"``."""
    return root / f"clean_{part}_wav", root / f"noisy_{part}_wav"


def write_pair(root: Path, part: str, name: str, clean: np.ndarray, noisy: np.ndarray) -> None:
    """Write both files of a pair, in 16 bits at 16 kHz.

    Args:
        root: The corpus folder.
        part: Whose folders they belong to, as :func:`pair_folders` takes it.
        name: Of both files, ``SPEAKER_NNN``.
        clean: Shape ``(samples,)``, float in [-1, 1].
        noisy: As ``clean``.

    Raises:
        OSError: If they cannot be written.
    """
    for folder, samples in zip(pair_folders(root, part), (clean, noisy), strict=True):
        make_folder(folder)
        audio.write(folder / f"{name}.wav", samples, subtype="PCM_16")


def write_conditions(root: Path, part: str, conditions: Mapping[str, tuple[str, float]]) -> None:
    """Write the log of a part, which :func:`conditions_of` reads.

    Raises:
        OSError: If it cannot be written.
    """
    lines = [f"{name} {noise} {snr_db:g}\n" for name, (noise, snr_db) in conditions.items()]
    make_folder(root / "logfiles")
    write_whole(root / "logfiles" / f"log_{part}.txt", "".join(lines))


def choose_set(root: Path, speakers: int | None) -> int | None:
    """Number in the name of the training folders to use; ``None`` if there are none.

    Args:
        root: The corpus folder.
        speakers: The number wanted, if one is.

    Raises:
        FileNotFoundError: If the set that is wanted is not there.
        ValueError: If there are several and none is the one that the literature uses.
    """
    names = (_TRAIN_FOLDER.fullmatch(path.name) for path in root.iterdir() if path.is_dir())
    there = sorted({int(match[2]) for match in names if match})
    listed = ", ".join(map(str, there)) or "none"
    if speakers in there:
        return speakers
    if speakers is not None:
        lacking = f"clean_trainset_{speakers}spk_wav"
        raise FileNotFoundError(f"{root} has no {lacking}: sets there: {listed}")
    if len(there) > 1 and STANDARD_SPEAKERS not in there:
        raise ValueError(f"{root} has training sets of {listed} speakers: say which with speakers=")
    return STANDARD_SPEAKERS if len(there) > 1 else next(iter(there), None)


def _part(root: Path, name: str) -> tuple[Pair, ...]:
    """Pairs of a part; none if neither of its folders is there."""
    folders = pair_folders(root, name)
    missing = [folder for folder in folders if not folder.is_dir()]
    if len(missing) == 2:
        return ()
    if missing:
        raise FileNotFoundError(
            f"{missing[0]} is missing, its counterpart is there: download or mix the corpus again"
        )
    pairs = paired(*folders)
    # tell once, from one header, that every load will resample: 12,000 headers take seconds
    first = pairs[0]
    rate = header_rate(first.clean)
    first.check({"Hz": rate}, {"Hz": header_rate(first.noisy)})
    if rate != audio.SAMPLE_RATE:
        warnings.warn(
            f"{first.clean.parent} holds {rate} Hz files: each load resamples to "
            f"{audio.SAMPLE_RATE} Hz; make a copy once with lstm-se data voicebank --from, "
            "or lstm_se.corpora.download.prepare",
            stacklevel=3,
        )
    return pairs


def header_rate(path: Path) -> int:
    """Sample rate of a file in Hz, from its header alone.

    Raises:
        ValueError: If it is no sound file.
    """
    with open_source(path) as source:
        return source.sample_rate


def choose_validation(
    root: Path, pairs: Sequence[Pair], wanted: Sequence[str] | None
) -> frozenset[str]:
    """Speakers to hold out, as :func:`voicebank_demand` does; somebody must remain to train on.

    Args:
        root: The corpus folder.
        pairs: Of its training set.
        wanted: The speakers, if some are.

    Raises:
        ValueError: If one is not there, or nobody remains.
    """
    there = sorted({pair.speaker for pair in pairs})
    if wanted is None and (root / VALIDATION_LIST).is_file():
        wanted = (root / VALIDATION_LIST).read_text(encoding="utf-8").split()
    if wanted is None:
        standard = [speaker for speaker in ("p286", "p287") if speaker in there]
        wanted = standard or there[len(there) - min(2, len(there) // 2) :]
    missing = [speaker for speaker in wanted if speaker not in there]
    if missing:
        raise ValueError(
            f"{root} has no training file of {_first(missing)}: its speakers are {_first(there)}"
        )
    if set(there) == set(wanted):
        raise ValueError(
            f"{root}: all training speakers ({_first(there)}) are held out for validation, "
            "none is left to train on; name fewer"
        )
    return frozenset(wanted)


def _by_name(folder: Path) -> dict[str, Path]:
    """Sound files of a folder by their path in it without suffix."""
    files: dict[str, Path] = {}
    for path in audio.find(folder):
        name = path.relative_to(folder).with_suffix("").as_posix()
        if files.setdefault(name, path) != path:
            raise ValueError(f"{files[name]} and {path} have the same name: remove one")
    return files


def _first(names: Sequence[str]) -> str:
    """The first few names, and a sign that there are more."""
    return ", ".join(names[:3]) + (", …" if len(names) > 3 else "")
