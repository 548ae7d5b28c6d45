"""Write the manifest of the open training material, ``data/open/``.

Usage: python data/build_open.py --copy DIR --esc10 README.md [--out DIR]

``DIR`` holds a copy of the recordings at 16 kHz with two tables: ``ORIGINS.csv`` (``file``,
``repository``, ``commit``, ``path``, ``git_blob_sha1``, ``bytes``) and ``SOURCES.csv`` (``file``,
``author``, ``licence``, ``evidence``). ``README.md`` is the one of ESC-10, which names author and
licence of each clip. What is decided here is who or what trains, and what judges.
"""

from __future__ import annotations

import argparse
import csv
import re
import sys
from collections import Counter, defaultdict
from pathlib import Path, PurePosixPath

from builder import run_command

from lstm_se.corpora.manifest import (
    COLLECTION_COLUMNS,
    COPY_DIGITS,
    FILE_COLUMNS,
    blob_sha1,
)
from lstm_se.files import make_folder, write_csv

HERE = Path(__file__).resolve().parent
READERS = [
    "26", "669", "696", "1743", "2836", "4160", "4397", "4813", "5463", "5652", "5750", "6147",
    "7178", "8014", "8747",
]  # fmt: skip
PHONE_TALKERS = [
    "0006", "0024", "0049", "0070", "0075", "0094", "0114", "0122", "0457", "0981", "1044", "1203",
    "2430", "3631", "5072",
]  # fmt: skip
HELD_OUT = {
    "librispeech": READERS,
    "speechocean762": PHONE_TALKERS,
    "noixer": ["234458__theonlycanvas__dryer"],
    "ibm-max": ["car_engine"],
    "blanket": ["city", "coffee-shop", "train"],
    "noisekun": ["rain-on-tent"],
    "speech-commands-bg": ["running_tap"],
    "ambengine": ["wind1"],
}
LEFT_OUT = {
    "Kevin_MacLeod_-_Vibe_Ace.hq": "its Ogg stream holds a picture, and libsndfile cannot read it",
    "1-40730-A": "CC-Sampling+ forbids to pass it on as it is",
    "2-96460-A": "CC-Sampling+ forbids to pass it on as it is",
}
IMPOSTORS = {"ljspeech"}  # the voice is not who its names say
CROWDS = {"picovoice-s2i": 16}  # many talkers without ids: groups of about 40 files
# A word of a file's name tells its kind; the first that fits.
KINDS = {
    "baby": "baby",
    "birds": "birds forest leaves",
    "boat": "boat",
    "car": "car_engine",
    "cat": "cat-purr miaowing",
    "chainsaw": "chainsaw",
    "chimes": "wind-chime singing-bowl",
    "city": "city bikes hum",
    "clock": "clock",
    "crowd": "applause crowd coffee-shop",
    "dog": "dog",
    "farm": "farm owls",
    "fire": "fire",
    "footsteps": "footsteps",
    "helicopter": "helicopter",
    "hiss": "film-static",
    "insects": "crickets summer-night",
    "kitchen": "dishes tap",
    "machine": "construction dryer exercise_bike",
    "music": "music voices choirs jazz piano karissa kevin",
    "rooster": "rooster",
    "sneeze": "sneeze",
    "snoring": "snoring",
    "thunder": "storm thunder",
    "train": "train. steam-train",
    "rain": "rain",
    "typing": "typing",
    "water": "waterfall fish-tank water waves",
    "wind": "wind",
}
CLIP = re.compile(r"\*\*\[([\w-]+)\.ogg\].* by \*(.+)\* \(\[(CC[\w+-]+)\]\(\S+?/(\d\.\d)/")


def main() -> int:
    """Run the command; an error is one line and exit code 2."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--copy", type=Path, required=True, help="folder with ORIGINS.csv")
    parser.add_argument("--esc10", type=Path, required=True, help="README.md of ESC-10")
    parser.add_argument("--out", type=Path, default=HERE / "open", help="folder of the tables")
    options = parser.parse_args()
    return run_command(
        "build_open",
        lambda: f"{build(options.copy, options.esc10, options.out)} collections in {options.out}",
    )


def build(copy: Path, esc10: Path, out: Path) -> int:
    """Write one table for each collection, and one of the collections; return how many."""
    clips = {
        name: (author, f"{licence}-{version}")
        for name, author, licence, version in CLIP.findall(esc10.read_text())
    }
    sources = {row["file"]: row for row in read(copy / "SOURCES.csv")}
    collections = defaultdict(list)
    for row in read(copy / "ORIGINS.csv"):
        use, name = row["file"].split("/")[:2]
        if use in ("speech", "noise") and name not in IMPOSTORS:
            source = sources[row["file"]]
            author, licence = clips.get(PurePosixPath(row["path"]).stem, (None, None))
            author = author or source["author"].split(", speaker ")[0]  # whose number the path has
            row |= {"author": author, "licence": licence or source["licence"]}
            row |= {"copy_sha1": blob_sha1((copy / row["file"]).read_bytes())[:COPY_DIGITS]}
            collections[use, name].append(row | {"evidence": source["evidence"]})
    make_folder(out)
    heads = [
        write_collection(out, use, name, rows) for (use, name), rows in sorted(collections.items())
    ]
    write_csv(out / "COLLECTIONS.csv", COLLECTION_COLUMNS, heads)
    return len(heads)


def write_collection(out: Path, use: str, name: str, rows: list[dict[str, str]]) -> tuple[str, ...]:
    """Write the table of a collection; returns its line in the table of collections."""
    folders = {str(PurePosixPath(row["path"]).parent) for row in rows}
    folder = folders.pop() + "/" if len(folders) == 1 else common_folder([r["path"] for r in rows])
    common = {
        key: Counter(row[key] for row in rows).most_common(1)[0][0] for key in ("author", "licence")
    }
    lines = []
    for place, row in enumerate(sorted(rows, key=lambda row: row["path"])):
        path = row["path"].removeprefix(folder)
        group = group_of(use, name, row["path"], place, len(rows))
        stem = PurePosixPath(path).stem
        note = LEFT_OUT.get(stem, "")
        held_out = {group, stem} & set(HELD_OUT.get(name, ()))
        part = "" if note else "validation" if held_out else "train"
        own = [row[key] if row[key] != common[key] else "" for key in ("author", "licence")]
        shas = row["git_blob_sha1"], row["copy_sha1"]
        lines.append((path, group, part, row["bytes"], *shas, *own, note))
    write_csv(out / f"{name}.csv", FILE_COLUMNS, lines)
    first = rows[0]
    return (name, use, first["repository"], first["commit"], folder, *common.values(),
            first["evidence"])  # fmt: skip


def common_folder(paths: list[str]) -> str:
    """The folder that all lie below, with a slash behind it, or nothing."""
    first = paths[0].split("/")[0] + "/"
    return first if all(path.startswith(first) for path in paths) else ""


def group_of(use: str, name: str, path: str, place: int, count: int) -> str:
    """The talker, as numbered in the collection, or the kind of noise."""
    if name in CROWDS:
        return f"{place * CROWDS[name] // count + 1:02d}"
    if name == "librispeech":
        return PurePosixPath(path).name.split("-")[0]
    if use == "speech":
        return re.sub(r"\D", "", PurePosixPath(path).parent.name)
    for kind, words in KINDS.items():
        if any(word in path.lower() for word in words.split()):
            return kind
    raise ValueError(f"{name}/{path}: no word of KINDS tells what it is")


def read(path: Path) -> list[dict[str, str]]:
    """Lines of a table."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


if __name__ == "__main__":
    sys.exit(main())
