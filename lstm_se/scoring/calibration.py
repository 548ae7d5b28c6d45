"""Whether a copy of VoiceBank-DEMAND's test set scores as published, and the likely mistake if not.

The noisy files are scored as they are: what they reach has often been published. Most mistakes show
in the files themselves, where :mod:`lstm_se.corpora.check` finds them.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import scipy.signal

from .. import workers
from ..corpora.check import FAULTS, NOTES, Measured, examine
from ..corpora.pairs import Pair, matched
from ..sound import audio
from ..tables import aligned
from .evaluation import evaluate
from .report import LABELS, Report


@dataclass(frozen=True)
class Published:
    """What the noisy files of the whole test set reach on average.

    Attributes:
        mean: As published, at 16 kHz.
        within: What still counts as the same; public evaluations, resampled by different
            programs, lie closer together.
        source: Where it stands.
    """

    mean: float
    within: float
    source: str


GTCRN_TABLE = "github.com/Xiaobin-Rong/gtcrn, README.md, table 1"
PUBLISHED = {
    "pesq_wb": Published(1.97, 0.02, GTCRN_TABLE),
    "stoi": Published(0.921, 0.003, GTCRN_TABLE),
    "estoi": Published(0.787, 0.003, "public evaluations; papers print two digits"),
    "si_sdr": Published(8.45, 0.05, GTCRN_TABLE),
}
# Counted in the list of github.com/yxlu-0102/MP-SENet, VoiceBank+DEMAND/test.txt.
TEST_FILES = {"p232": 393, "p257": 431}
WHOLE_SET = sum(TEST_FILES.values())
MEAN_SECONDS = 2.5  # of a file: a copy at 16 kHz and in 16 bits takes 133 MB for both sides
STRETCHED = 2.4  # times that; samples at 48 kHz below a header that says 16 make it 3
NO_FILTER_DB = -3.0  # that fall_off_db is above if nothing was filtered before decimation

SEEN = {
    **FAULTS,
    **NOTES,
    "rate": f"pairs that are not at {audio.SAMPLE_RATE} Hz, and were resampled here",
    "decimated": "noisy files that do not fall off towards 8 kHz",
}
ADVICE = {  # by kind of what is odd about a pair, the gravest first
    "noiseless": "--noisy names the clean folder, or a copy of it",
    "swapped": "exchange --clean and --noisy",
    "unreadable": "unpack or download them again",
    "mismatch": "one side was cut or resampled by itself; make both again from the originals",
    "silent": "unpack or download them again",
    "delay": "SI-SDR drops, PESQ does not notice; make both sides again with one program",
    "clipped": "the level was raised beyond full scale",
    "gain": "the level was changed file by file; these scores hardly notice, a training run does",
    "rate": "a program that does not, or that takes every third sample, gets other scores",
    "decimated": "every third sample was taken without a filter; resample the originals",
}


@dataclass(frozen=True)
class Calibration:
    """Scores of the noisy files beside what is published.

    Attributes:
        report: Scores of the noisy files.
        whole: Whether these are as many files of each talker as the test set has, and no others.
        mistakes: A line for each likely mistake.
    """

    report: Report
    whole: bool
    mistakes: tuple[str, ...]

    @property
    def agrees(self) -> bool:
        """Whether the whole set scores as published."""
        return self.whole and not self.report.failures and not differing(means_of(self.report))

    def lines(self) -> list[str]:
        """The scores beside the published ones, the likely mistakes, and a verdict."""
        means = means_of(self.report)
        rows = [["noisy files", "published", "here"]]
        for metric, published in PUBLISHED.items():
            label, digits = LABELS[metric]
            here = f"{means[metric]:.{digits}f}" if metric in means else "-"
            rows.append([label, f"{published.mean:.{digits}f}", here])
        lines = [*aligned(rows, left=1, head=True), ""]
        if "pesq_nb" in means:
            lines.append(f"a program that gives PESQ {means['pesq_nb']:.2f} listens in narrow band")
        return [*lines, *(f"found: {mistake}" for mistake in self.mistakes), self._verdict()]

    def _verdict(self) -> str:
        if not self.whole:
            return (
                f"not to be compared: the published means are those of all {WHOLE_SET} test pairs, "
                "and other files are easier or harder"
            )
        return "as published" if self.agrees else "not as published"

    def section(self) -> dict[str, Any]:
        """What a JSON file says about the check, beside the report."""
        known = {metric: asdict(published) for metric, published in PUBLISHED.items()}
        return {"published": known, "mistakes": self.mistakes, "agrees": self.agrees}


def calibrate(
    clean_dir: str | Path,
    noisy_dir: str | Path,
    jobs: int | None = None,
    progress: workers.Progress = iter,
) -> Calibration:
    """Score the noisy test files of VoiceBank-DEMAND, and look for what is wrong with them.

    Args:
        clean_dir: Folder of the clean test files, at any rate.
        noisy_dir: Folder of the noisy ones.
        jobs: Number of processes; all cores if None.
        progress: Wraps the pairs while they are looked at, for instance ``tqdm``.

    Returns:
        Scores and likely mistakes.

    Raises:
        FileNotFoundError: If a folder is missing or holds no sound.
        ValueError: If no file of one folder has the name of one in the other.
    """
    pairs, alone = matched(clean_dir, noisy_dir)
    if not pairs:
        raise ValueError(f"no file in {clean_dir} has the name of one in {noisy_dir}: check both")
    looks = workers.in_order(look, pairs, jobs or os.cpu_count() or 1)
    seen = [found for _, found in zip(progress(pairs), looks, strict=True)]
    report = evaluate(pairs, metrics=(*PUBLISHED, "pesq_nb"), jobs=jobs)
    counts = Counter(pair.speaker for pair in pairs)
    mistakes = [*mistakes_of_names(counts, alone), *mistakes_of_sound(seen)]
    if failures := report.failures:
        name, _, _, reason = failures[0]
        mistakes.append(f"scores that failed: {len(failures)}; first {name}, {reason}")
    if not mistakes:
        mistakes = list(mistakes_of_scores(means_of(report)))
    return Calibration(report, counts == TEST_FILES, tuple(mistakes))


def look(pair: Pair) -> Measured:
    """Examine one pair as ``lstm-se data check`` does, and whether it was resampled badly."""
    found = examine(pair)
    if found.odd.keys() & {"unreadable", "mismatch", "silent", "rate"}:
        return found
    if fall_off_db(audio.read(pair.noisy).samples) > NO_FILTER_DB:
        return replace(found, odd={**found.odd, "decimated": str(pair.noisy)})
    return found


def fall_off_db(samples: np.ndarray) -> float:
    """Power in the last 60 Hz below 8 kHz over that around 7.25 kHz, in dB.

    The filter that belongs to resampling leaves little up there. What took every third sample
    without one folds the sound above 8 kHz onto it.

    Args:
        samples: Shape ``(samples,)``, at 16 kHz.
    """
    size = min(512, len(samples))
    frequencies, power = scipy.signal.welch(samples, audio.SAMPLE_RATE, nperseg=size, nfft=512)
    last = power[frequencies > 7_930].mean()
    around = power[(frequencies > 7_000) & (frequencies < 7_500)].mean()
    return 10 * float(np.log10(max(last, 1e-20) / max(around, 1e-20)))


def mistakes_of_names(
    counts: Mapping[str, int], alone: Mapping[Path, Collection[str]]
) -> Iterator[str]:
    """What is likely wrong, by the talkers in the names of the files.

    Args:
        counts: Number of pairs by talker.
        alone: Names without a partner, by folder.
    """
    if strangers := sorted(counts.keys() - TEST_FILES):
        few = ", ".join(strangers[:3]) + (", …" if len(strangers) > 3 else "")
        yield (
            f"pairs of other talkers ({few}): {sum(counts[talker] for talker in strangers)}; the "
            f"training set, or another split: the test talkers are {' and '.join(TEST_FILES)}"
        )
    left = {talker: files - counts.get(talker, 0) for talker, files in TEST_FILES.items()}
    if missing := {talker: files for talker, files in left.items() if files > 0}:
        yield f"missing pairs: {sum(missing.values())} of {WHOLE_SET}, {_listed(missing)}"
    if extra := {talker: -files for talker, files in left.items() if files < 0}:
        yield f"pairs too many: {_listed(extra)}; cut into pieces, or copies in a folder below"
    for folder, names in alone.items():
        if names:
            yield f"files without a partner in {folder}: {len(names)}; first {min(names)}"


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{files} of {talker}" for talker, files in counts.items())


def mistakes_of_sound(seen: Sequence[Measured]) -> Iterator[str]:
    """What is likely wrong, by what the pairs look like.

    Args:
        seen: What :func:`look` found, of at least one pair.
    """
    seconds, often = Counter(one.seconds for one in seen).most_common(1)[0]
    if 1 < often > len(seen) / 2:
        yield f"pairs of {seconds:g} s: {often} of {len(seen)}; cut or padded: score them whole"
    mean = sum(one.seconds for one in seen) / len(seen)
    if mean > STRETCHED * MEAN_SECONDS:
        yield (
            f"mean length: {mean:.1f} s instead of {MEAN_SECONDS} s; "
            "samples at 48 kHz below a header that says 16 kHz?"
        )
        return  # at another speed, nothing else means what it says
    for kind, advice in ADVICE.items():
        if details := [one.odd[kind] for one in seen if kind in one.odd]:
            yield f"{SEEN[kind]}: {len(details)} of {len(seen)}; {advice}; first {details[0]}"


def mistakes_of_scores(means: Mapping[str, float]) -> Iterator[str]:
    """What is likely wrong where nothing else shows it, by which means differ.

    Args:
        means: Of the noisy files, by metric.
    """
    different = differing(means)
    if different == {"si_sdr"}:
        yield (
            "only SI-SDR differs; a shift by less than a sample, or another filter on one side: "
            "make both sides again with one program"
        )
    elif different:
        yield (
            "nothing odd about the files; other noise below the same names? "
            "lstm-se data voicebank fetches the originals and checks them"
        )


def differing(means: Mapping[str, float]) -> set[str]:
    """Metrics whose mean is not the published one.

    Args:
        means: Of the noisy files, by metric; one that is not there differs.
    """
    return {
        metric
        for metric, known in PUBLISHED.items()
        if not abs(means.get(metric, np.inf) - known.mean) <= known.within
    }


def means_of(report: Report) -> dict[str, float]:
    """Means of the noisy files by metric, of those that could be measured at all."""
    lines = report.summary()
    return {line.metric: line.mean for line in lines if line.mean is not None}
