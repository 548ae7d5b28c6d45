"""What training on 10,000 hours of speech would take, from the bundled corpus and ``tiny``'s run.

Usage: ``python notebooks/results/scale.py [--out FILE]``: half a minute; writes ``scale.json``.
Bytes are those of any machine. Times are the processor's on this one: they say what the work costs,
whatever else the machine does meanwhile. How fast a worker is, is taken from the run that made
``tiny``, on two cores. What is extrapolated is kept apart.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import statistics
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from common import rounded, write_json

import lstm_se
from lstm_se.corpora import banks, store
from lstm_se.corpora.mixing import Mixer
from lstm_se.files import shipped
from lstm_se.network.in_numpy import shapes
from lstm_se.network.pretrained import folder_of
from lstm_se.training import pipeline
from lstm_se.training.runs import Run
from lstm_se.training.sources import TRAINING_RECIPE, by_speaker

HOURS = 10_000
TALKERS = 10_000  # an hour each
CORES = 2  # of a worker, as of the machine that trained tiny
WORKERS = (1, 2, 4, 8, 16, 32)
LISTED = 1_000  # times that a list of files is repeated, to see what one of them takes
REPEATS = 20


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds of processor time that ``work`` takes, and what it gives."""
    begin = time.process_time()
    result = work()
    return time.process_time() - begin, result


def speech(folder: Path) -> tuple[dict[str, float], list[banks.Bank]]:
    """Stores of all training talkers, each in five voices: bytes and time for an hour of them."""
    os.environ[store.ELSEWHERE] = str(folder)
    talkers = by_speaker(lstm_se.mini().train)
    seconds, made = timed(lambda: banks.load_speech(talkers, in_store=True))
    hours = sum(bank.minutes for bank in made) / 60
    stored = sum(path.stat().st_size for path in folder.rglob("samples.bin"))
    figures = {
        "hours": hours,
        "files_an_hour": sum(len(bank.entries) for bank in made) / hours,
        "stored_gb_an_hour": stored / hours / 1e9,
        "making_seconds_an_hour": seconds / hours,
    }
    return figures, made


def index(folder: Path) -> dict[str, float]:
    """What an index takes for each file in it: on the disk, and in the memory of each worker."""
    path = next(folder.rglob("index.jsonl"))
    row = json.loads(path.read_text(encoding="utf-8").partition("\n")[0])
    files = LISTED * len(row["entries"])
    line = json.dumps({**row, "size": 0, "offset": 0, "entries": row["entries"] * LISTED}) + "\n"
    path.write_text(line, encoding="utf-8")
    tracemalloc.start()
    held = store.Store(path.parent)
    memory, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(held.arrays) == 1
    return {"index_bytes_a_file": len(line) / files, "memory_bytes_a_file": memory / files}


def mixers(made: list[banks.Bank], config: lstm_se.Config) -> dict[str, Mixer]:
    """One of the bundled talkers, and one of as many as 10,000 hours would have."""
    few = [bank.samples for bank in made]
    many = few * math.ceil(TALKERS / len(few))
    folders = banks.by_folder([shipped("mini") / "noise_trainset"])
    noise = [samples for bank in banks.load_noise(folders) for samples in bank.samples]
    how = (
        noise,
        int(config.segment_seconds * config.sample_rate),
        config.batch_size,
        # a run soon has made its whole pool of synthetic noises; a small one is full at once
        replace(TRAINING_RECIPE, synthetic_pool=1),
    )
    return {"few": Mixer(few, *how), "many": Mixer(many, *how)}


def clips(mixer: Mixer) -> dict[str, float]:
    """Milliseconds to draw a clip, which each worker does for all rows, and to make it sound."""
    for step in range(REPEATS):
        mixer.batch(step)
    drawing, _ = timed(lambda: [list(mixer.clips(step)) for step in range(REPEATS)])
    both, _ = timed(lambda: [mixer.batch(step) for step in range(REPEATS)])
    count = REPEATS * mixer.batch_size
    return {"drawing_ms": 1e3 * drawing / count, "rendering_ms": 1e3 * (both - drawing) / count}


def records(source: pipeline.Source, folder: Path) -> float:
    """GB of TFRecords for an hour of mixtures, each with its clean part."""
    paths = pipeline.write_tfrecords(source, folder, 4)
    hours = 4 * source.batch_size * source.samples / 16_000 / 3600
    return sum(path.stat().st_size for path in paths) / hours / 1e9


def trained(run: Path) -> dict[str, float]:
    """How fast a training run was in its median epoch, mixing and validation included.

    In others the machine may have been at other work, too.
    """
    recipe = json.loads((run / "recipe.json").read_text(encoding="utf-8"))
    seconds = statistics.median(row["seconds"] for row in Run(run).history())
    heard = recipe["hours_of_mixtures"]
    return {"hours_of_sound": heard, "x_real_time": heard / recipe["epochs"] * 3600 / seconds}


def measured(config: lstm_se.Config, scratch: Path) -> dict[str, Any]:
    """All that is measured, on the bundled corpus and the network ``tiny``."""
    figures, made = speech(scratch / "stores")
    mixed = mixers(made, config)
    return {
        **figures,
        "records_gb_an_hour": records(mixed["few"], scratch / "records"),
        "clips": {name: clips(mixer) for name, mixer in mixed.items()},
        "run": trained(folder_of("tiny")),
        "parameters": sum(math.prod(shape) for shape in shapes(config).values()),
        **index(scratch / "stores"),
    }


def clip_ms(found: dict[str, Any], config: lstm_se.Config) -> float:
    """Milliseconds of processor time that a clip took in the run that made ``tiny``."""
    return CORES * 1e3 * config.segment_seconds / found["run"]["x_real_time"]


def gradient_bytes(found: dict[str, Any]) -> int:
    """Of one step, in float32."""
    return 4 * int(found["parameters"])


def together(found: dict[str, Any], config: lstm_se.Config, workers: int) -> dict[str, float]:
    """Workers that take ``batch_size`` rows each, and draw those of all."""
    few, many = found["clips"]["few"]["drawing_ms"], found["clips"]["many"]["drawing_ms"]
    ms = clip_ms(found, config) - few + workers * many
    hears = workers * CORES * 1e3 * config.segment_seconds / ms
    sent = 2 * (workers - 1) / workers * gradient_bytes(found)  # around a ring, by each worker
    return {
        "workers": workers,
        "x_real_time": hears,
        "hours_of_a_pass": HOURS / hears,
        "core_hours_of_a_pass": workers * CORES * HOURS / hears,
        "mbit_a_second": 8e-6 * sent / (config.batch_size * ms / 1e3 / CORES),
    }


def extrapolated(found: dict[str, Any], config: lstm_se.Config) -> dict[str, Any]:
    """The same for 10,000 hours."""
    files = HOURS * found["files_an_hour"]
    clips = found["clips"]
    own = clip_ms(found, config) - clips["few"]["drawing_ms"]
    return {
        "hours": HOURS,
        "files": round(files),
        "index_gb": files * found["index_bytes_a_file"] / 1e9,
        "memory_gb": files * found["memory_bytes_a_file"] / 1e9,
        "stored_tb": HOURS * found["stored_gb_an_hour"] / 1e3,
        "making_days": HOURS * found["making_seconds_an_hour"] / 86_400,
        "records_tb": HOURS * found["records_gb_an_hour"] / 1e3,
        "gradient_bytes": gradient_bytes(found),
        "workers_half_lost": own / clips["many"]["drawing_ms"],
        "together": [together(found, config, workers) for workers in WORKERS],
    }


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description="What 10,000 hours of speech would take.")
    parser.add_argument("--out", type=Path, default=Path(__file__).with_name("scale.json"))
    asked = parser.parse_args()
    config = lstm_se.Config.preset("tiny")
    with tempfile.TemporaryDirectory() as scratch:
        found = measured(config, Path(scratch))
    content = {
        "command": "python notebooks/results/scale.py",
        "measured": found,
        "extrapolated": extrapolated(found, config),
    }
    write_json(asked.out, rounded(content))


if __name__ == "__main__":
    main()
