"""Whether a corpus is fit to train on: every pair is read, and what is odd is counted by kind."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import scipy.fft

from .. import workers
from ..files import sha256_of
from ..sound import audio
from .pairs import Pair, choose_set, choose_validation, form_of, matched, pair_folders

FAULTS = {  # what no training run should begin with
    "part": "parts that are missing",
    "partner": "files without their partner",
    "unreadable": "files that cannot be read",
    "mismatch": "pairs whose rates, channels or lengths differ",
    "silent": "clean files that are silent",
    "noiseless": "noisy files that are the clean ones",
    "swapped": "pairs whose clean file is the noisy one",
    "delay": "pairs that are not aligned",
    "gain": "pairs whose speech is louder or softer in the noisy file",
    "shared speaker": "speakers in two of training, validation and test",
    "shared file": "clean files in two of training, validation and test",
}
NOTES = {  # what is worth knowing
    "clipped": "noisy files with samples at full scale",
    "duplicate": "clean files that are there more than once",
    "rate": f"pairs that are not at {audio.SAMPLE_RATE} Hz: they are resampled when they are read",
}
FULL_SCALE_FROM = 32_767 / 32_768
SILENT_BELOW_DBFS = -70.0
LONGEST = 10.0  # s of a pair in which its delay is sought
PAUSES_DB = 3.0  # that the pauses of a clean file may be louder than those of its noisy one


@dataclass
class Findings:
    """What was found in a corpus.

    Attributes:
        pairs: Number of pairs that were read, by part.
        seconds: Their length in s, by part.
        seen: By kind, a key of ``FAULTS`` or ``NOTES``, what was found: a file and the detail.
    """

    pairs: Counter[str] = field(default_factory=Counter)
    seconds: Counter[str] = field(default_factory=Counter)
    seen: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    @property
    def fit(self) -> bool:
        """Whether there is no fault."""
        return not any(self.seen[kind] for kind in FAULTS)

    def lines(self) -> list[str]:
        """A line for each kind: fault or note, how many, what, and the first of them."""
        return [
            f"{word}  {len(self.seen[kind]):>6}  {what}; first {self.seen[kind][0]}"
            for word, kinds in (("fault", FAULTS), ("note ", NOTES))
            for kind, what in kinds.items()
            if self.seen[kind]
        ]


@dataclass(frozen=True)
class Measured:
    """What one pair looks like; ``odd`` has kinds with their details."""

    seconds: float
    sha256: str
    odd: dict[str, str]


def check_corpus(
    root: str | Path,
    jobs: int = 1,
    progress: workers.Progress = iter,
) -> Findings:
    """Read every pair of a corpus in VoiceBank-DEMAND's layout, and look for what is wrong.

    Args:
        root: The corpus folder.
        jobs: Number of processes.
        progress: Wraps the pairs, for instance ``tqdm``.

    Returns:
        What was found.

    Raises:
        FileNotFoundError: If there is no such folder, or no part of a corpus in it.
    """
    findings = Findings()
    parts = _parts(Path(root), findings)
    work = [(part, pair) for part, pairs in parts.items() for pair in pairs]
    measured = workers.in_order(examine, [pair for _, pair in work], jobs)
    owners: dict[str, tuple[str, Pair]] = {}
    for (part, pair), found in zip(progress(work), measured, strict=True):
        findings.pairs[part] += 1
        findings.seconds[part] += found.seconds
        for kind, detail in found.odd.items():
            findings.seen[kind].append(detail)
        if found.sha256:
            first_part, first = owners.setdefault(found.sha256, (part, pair))
            if first is not pair:
                kind = "duplicate" if first_part == part else "shared file"
                findings.seen[kind].append(f"{pair.clean} is {first.clean}")
    return findings


def _folders(root: Path) -> dict[str, tuple[Path, Path]]:
    """Folders of the parts that a corpus has, clean and noisy, of which one may be missing."""
    if not root.is_dir():
        raise FileNotFoundError(f"{root} is not a folder: check the name")
    count = choose_set(root, None)
    names = {"test": "testset"} | ({"train": f"trainset_{count}spk"} if count else {})
    all_folders = {part: pair_folders(root, name) for part, name in names.items()}
    there = {part: pair for part, pair in all_folders.items() if any(map(Path.is_dir, pair))}
    if not there:
        raise FileNotFoundError(
            f"{root} holds neither clean_trainset_28spk_wav nor clean_testset_wav: "
            "name the folder above these"
        )
    return there


def _parts(root: Path, findings: Findings) -> dict[str, list[Pair]]:
    """Pairs of training, validation and test; notes files left alone, and speakers heard twice."""
    parts: dict[str, list[Pair]] = {"train": [], "validation": [], "test": []}
    for part, folders in _folders(root).items():
        missing = [folder for folder in folders if not folder.is_dir()]
        if missing:
            findings.seen["part"].append(f"{missing[0]}, whose counterpart is there")
            continue
        try:
            pairs, alone = matched(*folders)
        except FileNotFoundError as error:  # one of the two is empty
            findings.seen["part"].append(str(error))
            continue
        parts[part] = list(pairs)
        findings.seen["partner"] += [f"{folder}/{n}" for folder in alone for n in alone[folder]]
    held_out = choose_validation(root, parts["train"], None) if parts["train"] else ()
    for pair in [pair for pair in parts["train"] if pair.speaker in held_out]:
        parts["validation"].append(pair)
    parts["train"] = [pair for pair in parts["train"] if pair.speaker not in held_out]
    lacking = "a second talker, to validate on" if parts["train"] else "a training set"
    if not parts["validation"] and not findings.seen["part"]:
        findings.seen["part"].append(f"{root}: {lacking}")
    tested = {pair.speaker for pair in parts["test"]}
    taught = {pair.speaker: pair for pair in (*parts["train"], *parts["validation"])}
    findings.seen["shared speaker"] += [
        f"{speaker}: {taught[speaker].clean}" for speaker in sorted(tested & taught.keys())
    ]
    return parts


def examine(pair: Pair) -> Measured:
    """Look at one pair."""
    sides = []
    for path in (pair.clean, pair.noisy):
        try:
            sides.append(audio.read(path, sample_rate=None))
        except (ValueError, OSError) as error:
            return Measured(0.0, "", {"unreadable": str(error)})
    clean, noisy = sides
    seconds = len(clean.samples) / clean.sample_rate
    try:
        pair.check(*map(form_of, sides))
        odd = dict(_oddities(pair, clean.samples, noisy.samples, clean.sample_rate))
    except ValueError as error:
        odd = {"mismatch": str(error)}
    if np.array_equal(clean.samples, noisy.samples):
        odd = {"noiseless": str(pair.noisy)}
    return Measured(seconds, sha256_of(pair.clean), odd)


def _oddities(
    pair: Pair, clean: np.ndarray, noisy: np.ndarray, sample_rate: int
) -> Iterator[tuple[str, str]]:
    """Kinds and details of what is odd about the sound of a pair."""
    if sample_rate != audio.SAMPLE_RATE:
        yield "rate", f"{pair.clean} has {sample_rate} Hz"
    if full := int(np.count_nonzero(np.abs(noisy) >= FULL_SCALE_FROM)):
        yield "clipped", f"{pair.noisy} has {full}"
    if audio.active_level_dbfs(clean) < SILENT_BELOW_DBFS:
        yield "silent", str(pair.clean)
        return
    if has_louder_pauses(clean, noisy):
        yield "swapped", f"{pair.clean} is noisier than {pair.noisy}"
        return
    stretch = slice(0, int(LONGEST * sample_rate))
    if late := delay_of(clean[stretch], noisy[stretch]):
        yield "delay", f"{pair.noisy} is {late} samples late at {sample_rate} Hz"
        return
    gain, tolerance = gain_of(clean, noisy)
    if abs(gain - 1) > tolerance:
        yield "gain", f"{pair.noisy} holds the speech times {gain:.2f}"


def has_louder_pauses(one: np.ndarray, other: np.ndarray) -> bool:
    """Whether one signal is the noisier: in its pauses louder, also in relation to its speech.

    Args:
        one: Shape ``(samples,)``, not silent.
        other: As ``one``.
    """
    louder_db = pauses_dbfs(one) - pauses_dbfs(other)
    speech_db = audio.active_level_dbfs(one) - audio.active_level_dbfs(other)
    return louder_db > 0 and louder_db > speech_db + PAUSES_DB


def pauses_dbfs(samples: np.ndarray) -> float:
    """Level of the quietest tenth of a signal: the noise between the words.

    Args:
        samples: Shape ``(samples,)``.
    """
    power = np.percentile(audio.frame_power(samples), 10)
    return 10 * float(np.log10(max(power, 1e-12)))


def delay_of(clean: np.ndarray, noisy: np.ndarray) -> int:
    """Samples by which speech is late in a noisy signal: where their cross-correlation is largest.

    Args:
        clean: Shape ``(samples,)``.
        noisy: As long.
    """
    size = scipy.fft.next_fast_len(2 * len(clean), real=True)  # room to slide
    product = scipy.fft.rfft(noisy, size) * scipy.fft.rfft(clean, size).conj()
    best = int(np.argmax(np.abs(scipy.fft.irfft(product, size))))
    return best if best < len(clean) else best - size


def gain_of(clean: np.ndarray, noisy: np.ndarray) -> tuple[float, float]:
    """Gain of the speech in a noisy signal, by regression, and how far chance takes it from 1.

    Speech and noise correlate a little by chance: the more noise, the more.

    Args:
        clean: Shape ``(samples,)``, not silent.
        noisy: As long, and aligned.
    """
    speech, mixed = clean.astype(np.float64), noisy.astype(np.float64)
    power = speech @ speech
    gain = float(speech @ mixed / power)
    rest = mixed - gain * speech
    return gain, 0.05 + 0.2 * float(np.sqrt(rest @ rest / power))
