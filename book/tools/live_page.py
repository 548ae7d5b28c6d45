"""Builds the live page: its files, the firmware as WebAssembly, sound samples and their credits.

A Sphinx extension, so that every build of the book has the page. For the page alone, to be served
by any static server: ``python book/tools/live_page.py FOLDER``.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import shutil
import tempfile
import zlib
from pathlib import Path
from typing import Any

from lstm_se import mini
from lstm_se.chip import builds, footprint, quantize
from lstm_se.files import write_whole
from lstm_se.network import pretrained
from lstm_se.sound import audio

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "book" / "live"
NETWORK = "tiny"
SHIPPED = ("*.html", "*.css", "*.js")
SAMPLES = ("allison_001", "carlo_009", "allison_005")  # of the bundled test set: never trained on
SECONDS = 2.75  # of each: the page stays under 600 KB
FIRST_NAMES = {"allison": "Allison", "carlo": "Carlo"}
NOISES = {"fan": "beside a fan", "keyboard_1": "while somebody types", "wind": "in the wind"}


def build(folder: str | Path) -> Path:
    """Write the live page into a folder.

    Args:
        folder: Where to; files of the same names are replaced.

    Returns:
        The folder.

    Raises:
        ValueError: If the extra ``firmware`` is not installed.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for pattern in SHIPPED:
        for path in SOURCE.glob(pattern):
            shutil.copyfile(path, folder / path.name)
    facts = {
        "module": _module(folder / "denoiser.wasm.deflate"),
        "board": _board(),
        "samples": [_sample(name, folder) for name in SAMPLES],
        "credits": _credits(),
    }
    write_whole(folder / "facts.json", json.dumps(facts, indent=1) + "\n")
    return folder


def _module(path: Path) -> dict[str, Any]:
    """Compile the shipped model, pack it, and say what came out."""
    shipped = pretrained.load_float(NETWORK)
    with tempfile.TemporaryDirectory() as scratch:
        module = builds.write_module(
            quantize.quantize(shipped.weights, shipped.config), Path(scratch) / "denoiser.wasm"
        )
        code = module.read_bytes()
    write_whole(path, zlib.compress(code, 9))  # not every server packs what it sends
    return {
        "file": path.name,
        "name": NETWORK,
        "bytes": len(code),
        "sha256": hashlib.sha256(code).hexdigest(),
    }


def _board() -> dict[str, Any]:
    """What the same code costs on the microcontroller."""
    figures = footprint.measure()
    return {
        "instructions": figures["instructions_per_frame"],
        "estimatedMs": [round(ms, 2) for ms in figures["estimated_ms"]],
        "clockMhz": round(footprint.CLOCK_HZ / 1e6),
    }


def _mixtures() -> dict[str, tuple[str, float]]:
    """Noise and signal-to-noise ratio in dB of each pair of the bundled test set."""
    log = (mini().root / "logfiles" / "log_testset.txt").read_text(encoding="utf-8")
    rows = (line.split() for line in log.splitlines())
    return {name: (noise, float(snr)) for name, noise, snr in rows}


def _sample(name: str, folder: Path) -> dict[str, str]:
    """Write the noisy beginning of a bundled pair as FLAC, which keeps every bit."""
    (pair,) = (pair for pair in mini().test if pair.name == name)
    path = folder / f"{name}.flac"
    audio.write(path, pair.load()[1][: int(SECONDS * audio.SAMPLE_RATE)], subtype="PCM_16")
    noise, snr_db = _mixtures()[name]
    talker = FIRST_NAMES[pair.speaker]
    return {"file": path.name, "name": f"{talker} {NOISES[noise]}, {snr_db:g} dB"}


def _credits() -> list[dict[str, str]]:
    """Who is heard in the samples, and under which licence."""
    with (ROOT / "data/mini/SOURCES.csv").open(encoding="utf-8", newline="") as file:
        rows = {Path(row["file"]).stem: row for row in csv.DictReader(file)}
    used = [part for name in SAMPLES for part in (name, _mixtures()[name][0])]
    people = {
        row["author"]: {"who": row["author"], "licence": row["licence"], "url": row["licence_url"]}
        for row in (rows[part] for part in used if part in rows)  # other noises are computed
    }
    return [people[author] for author in sorted(people)]


def setup(app: Any) -> dict[str, Any]:
    """Connect to Sphinx: the page stands beside ``book/live.html``."""
    app.connect("build-finished", _finish)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}


def _finish(app: Any, error: Exception | None) -> None:
    if error is None and app.builder.format == "html":
        build(Path(app.outdir) / "book" / "live")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Build the live page.")
    parser.add_argument("folder", metavar="FOLDER", help="where to; files of the same names go")
    print(build(parser.parse_args().folder))
