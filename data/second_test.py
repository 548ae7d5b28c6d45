"""Build a second test set: the held-out talkers in recorded noise that no training run has heard.

Usage: python data/second_test.py --out DIR [--debs DIR] [--pairs N]

The talkers are those of the test set in ``data/mini/``, with prompts that it does not use; the
noises are recordings of other packages. Nothing of this is stored here: some of the licences ask
for conditions that this repository does not meet, and some recordings have no named author. The set
has VoiceBank-DEMAND's layout. Two runs write the same files.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np
from builder import arguments, read_sources, run_command, write_sources
from packages import RATE, Package, decode, extract, load_packages, require
from speech import collect_floors, crossfade, joined_utterances, open_voice, rms, speech_gain

from lstm_se.corpora.mixing import excerpt, mix, to_bank
from lstm_se.corpora.pairs import write_conditions, write_pair
from lstm_se.corpora.plan import deal

HERE = Path(__file__).resolve().parent
SEED = 20_261
SNRS_DB = (0.0, 5.0, 10.0, 15.0)
SECONDS = (4.0, 6.0)
# Talker, package, share of the pairs. The first two are one woman in two languages.
VOICES = (("allison", "allison", 0.25), ("allison-es", "allison-es", 0.25), ("carlo", "carlo", 0.5))
FEWEST = 4
# Recordings of one kind in one package are joined: some are short.
NOISES = {
    "city": ("livekit", ("city-ambience.ogg",)),
    "crowded-room": ("livekit", ("crowded-room.ogg",)),
    "forest": ("livekit", ("forest-ambience.ogg",)),
    "office": ("livekit", ("office-ambience.ogg",)),
    "water": ("onsen", ("water.wav",)),
    "train": ("lincity", ("RailTrain1.wav", "RailTrain3.wav")),
    "rainforest": ("ambience", ("nature/amazon-rainforest.ogg",)),
    "traffic": ("lincity", ("TraficHigh1.wav", "TraficHigh2.wav", "TraficHigh3.wav")),
    "schoolyard": ("lincity", ("School1.wav", "School3.wav")),
    "stadium": ("lincity", ("SportsCroud1.wav", "SportsCroud2.wav", "SportsCroud3.wav")),
    "factory": ("lincity", ("IndustryHigh1.wav", "IndustryHigh2.wav", "IndustryHigh3.wav")),
    "windmill": ("lincity", ("WindMill1.wav", "WindMill3.wav")),
    "helicopter": ("searchandrescue", ("hh65/engine_inside.wav",)),
    "jet": ("searchandrescue", ("jet_engine_inside2.wav",)),
}
UNATTRIBUTED = "unattributed recording inside a package under Apache-2.0: for testing only"
COLUMNS = ("kind", "author", "licence", "licence_url", "package", "original")


def used_prompts(bundled: Path) -> set[str]:
    """Prompts of which a test file of the bundled corpus is made."""
    rows = [line for line in read_sources(bundled) if line["split"] == "test"]
    return {original for line in rows for original in line["original"].split(";")}


def utterances(name: str, package: Package, root: Path, count: int) -> list[np.ndarray]:
    """Utterances of 4 to 6 s that share no prompt with the bundled test set."""
    voice = open_voice(name, package, root)
    taken = used_prompts(HERE / "mini")
    folder = root / package.folder
    voice.prompts = [p for p in voice.prompts if p.relative_to(folder).as_posix() not in taken]
    collect_floors(voice)
    fitting: list[np.ndarray] = []
    for _, samples in joined_utterances(voice, 1e9):
        if SECONDS[0] <= len(samples) / RATE <= SECONDS[1]:
            fitting.append(samples)
        if len(fitting) == count or len(voice.prompts) < 10:
            break
    if len(fitting) < count:
        raise ValueError(
            f"{name} has prompts for {len(fitting)} utterances, not {count}: ask for less"
        )
    gain = speech_gain(fitting)
    return [samples * gain for samples in fitting]


def shares(pairs: int) -> dict[str, int]:
    """Utterances of each talker; what rounding leaves over, the last one says."""
    counts = {name: round(pairs * share) for name, _, share in VOICES}
    counts[VOICES[-1][0]] += pairs - sum(counts.values())
    return counts


def noise_banks(packages: dict[str, Package], roots: dict[str, Path]) -> dict[str, np.ndarray]:
    """One int16 bank for each kind of noise, its recordings at one level and joined."""
    banks = {}
    for kind, (key, names) in NOISES.items():
        pieces = [decode(roots[key] / packages[key].folder / name) for name in names]
        pieces = [0.05 * x / rms(x) for x in pieces]
        joined = crossfade(pieces)
        peak = max(1.0, float(np.abs(joined).max()))
        banks[kind] = to_bank(joined / peak)
    return banks


def source_rows(packages: dict[str, Package]) -> list[dict[str, str]]:
    """Author, licence and package of every talker and noise."""
    rows = []
    for name, key, _ in VOICES:
        rows.append(_source(name, packages[key], packages[key].pattern))
    for kind, (key, names) in NOISES.items():
        row = _source(kind, packages[key], ";".join(names))
        if key == "livekit":
            row |= {"author": "unknown", "licence": UNATTRIBUTED, "licence_url": ""}
        rows.append(row)
    return rows


def _source(kind: str, package: Package, original: str) -> dict[str, str]:
    pinned = f"{package.name}={package.version}"
    values = (kind, package.author, package.licence, package.licence_url, pinned, original)
    return dict(zip(COLUMNS, values, strict=True))


def write_pairs(
    out: Path, speech: dict[str, list[np.ndarray]], banks: dict[str, np.ndarray]
) -> int:
    """Mix each utterance with a noise at an SNR, all of them equally often; return the pairs."""
    rng = np.random.default_rng(SEED)
    named = [
        (f"{who}_{i:03d}", x) for who, spoken in speech.items() for i, x in enumerate(spoken, 1)
    ]
    kinds = deal(list(banks), len(named), rng)
    snrs_db = deal(SNRS_DB, len(named), rng)
    conditions = {}
    for (name, samples), kind, snr_db in zip(named, kinds, snrs_db, strict=True):
        noise = excerpt(banks[kind], len(samples), rng)
        write_pair(out, "testset", name, *mix(samples, noise, snr_db))
        conditions[name] = (kind, snr_db)
    write_conditions(out, "testset", conditions)
    return len(conditions)


def build(out: Path, debs: Path | None, pairs: int) -> int:
    """Fetch, unpack, mix and write; return how many pairs there are."""
    require("ffmpeg", "apt-get", "dpkg")
    if out.exists() and any(out.iterdir()):
        raise ValueError(f"{out} is not empty: name another folder, or delete it")
    if pairs < FEWEST:
        raise ValueError(f"{pairs} pairs are not one for each talker: ask for {FEWEST} or more")
    bundled, more = (load_packages(HERE / f"{name}.json") for name in ("packages", "second_test"))
    wanted = {key for _, key, _ in VOICES} | {key for key, _ in NOISES.values()}
    packages = {key: p for key, p in (bundled | more).items() if key in wanted}
    with tempfile.TemporaryDirectory() as store:
        roots = extract(packages, debs, Path(store))
        speech = {
            name: utterances(name, packages[key], roots[key], shares(pairs)[name])
            for name, key, _ in VOICES
        }
        written = write_pairs(out, speech, noise_banks(packages, roots))
    write_sources(out, COLUMNS, source_rows(packages))
    return written


def main() -> int:
    """Run the command; an error is one line and exit code 2."""
    parser = arguments("Build a second test set from packages of sound.")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="an empty folder")
    parser.add_argument("--pairs", type=int, default=140, metavar="N", help="utterances to mix")
    given = parser.parse_args()
    return run_command(
        "second_test",
        lambda: f"{build(given.out, given.debs, given.pairs)} pairs in {given.out}",
    )


if __name__ == "__main__":
    sys.exit(main())
