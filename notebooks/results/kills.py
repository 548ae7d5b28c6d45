"""Kill ``lstm-se`` at random moments, and write what became of it into ``kills.json``.

Usage: ``python notebooks/results/kills.py [--moments 100] [--seed 0] [COMMAND ...]``: half an
hour on two quiet cores, most of it for ``train``. A command is killed at moments that are spread
over the whole of its run, and started again in the same folder, where it has to go on. After each
kill all that has its name is whole and nothing is gone that was promised to stay; at the end the
folder holds what a run leaves that nobody disturbed.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from common import stored, write_json

import h5py
import numpy as np
import soundfile
from lstm_se.config import Config
from lstm_se.corpora.build import PLAN, build_corpus
from lstm_se.corpora.manifest import COLLECTION_COLUMNS, FILE_COLUMNS, blob_sha1
from lstm_se.corpora.plan import Settings
from lstm_se.files import read_csv, sha256_of, write_csv
from lstm_se.network import in_numpy

HERE = Path(__file__).parent
RATE = 16_000
EPOCHS, STEPS = 4, 4
RUN = "import sys; from lstm_se.cli.main import main; "
# Two manifests in turn: the first takes away again what the second has added before a kill.
LESS_THEN_ALL = """
from lstm_se import files
files.CHECKOUT["open"], all_of_it = sys.argv.pop(1), sys.argv.pop(1)
try:
    main()
except SystemExit as end:
    if end.code:
        raise
files.CHECKOUT["open"] = all_of_it
"""
Contents = dict[str, Any]  # of a folder, by what it is


@dataclass(frozen=True)
class Victim:
    """A command that is killed.

    Attributes:
        prepare: Writes what it reads into a folder.
        words: Its command line, for that folder and one for the output.
        look: All that has its name in the output; ``AssertionError`` if something is half there.
        result: What is to be compared when it has ended.
        code: What comes before the command line, as lines of Python.
        done: What it says, beside nothing, where it had ended already.
    """

    prepare: Callable[[Path], object]
    words: Callable[[Path, Path], Iterable[str | Path | int]]
    look: Callable[[Path], Contents]
    result: Callable[[Path], Contents]
    code: str = ""
    done: str = ""

    def command(self, folder: Path, out: Path) -> list[str]:
        """The whole of it, for what :attr:`prepare` wrote into a folder."""
        words = map(str, self.words(folder, out))
        return [sys.executable, "-c", f"{RUN}{self.code}main()", *words]


@dataclass
class Trial:
    """A victim in a folder of its own.

    Attributes:
        victim: The command.
        folder: Where its input and output are.
        figures: What was counted.
    """

    victim: Victim
    folder: Path
    figures: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Prepare, and let the command run once."""
        (self.folder / "in").mkdir()
        self.victim.prepare(self.folder / "in")
        begin = time.perf_counter()
        assert self.run(), "nobody had killed it"
        self.figures |= {"seconds": time.perf_counter() - begin, "kills": 0, "amid": 0, "ends": 0}
        self.whole, self.before = self.victim.result(self.out), Contents()
        self.empty()

    @property
    def out(self) -> Path:
        """The output."""
        return self.folder / "out" / "put"

    def empty(self) -> None:
        """Begin with nothing again."""
        shutil.rmtree(self.out.parent)
        self.before = {}

    def run(self, wait: float | None = None) -> bool:
        """Start it, and kill it after some seconds; tells whether it ended before that."""
        command = self.victim.command(self.folder / "in", self.out)
        with (self.folder / "told.txt").open("w+") as told:
            # no pipe, whose end would come with the last of the workers
            process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=told)
            try:
                code = process.wait(wait)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                return False
            told.seek(0)
            said = told.read()
        assert code == 0 or (self.victim.done and self.victim.done in said), said
        return True

    def kill(self, moment: float) -> None:
        """Kill it at some moment of its run, which may come after some that went to the end."""
        left = halves(self.out.parent)
        while self.run(moment):
            self.end()
            self.figures["ends"] += 1
            moment *= 0.95  # nobody knows how long it takes today
        found = self.victim.look(self.out)
        changed = {key: (was, found.get(key)) for key, was in self.before.items()}
        changed = {key: both for key, both in changed.items() if both[0] != both[1]}
        assert not changed, f"something is gone, or has changed: {changed}"
        self.before = found
        self.figures["kills"] += 1
        self.figures["amid"] += not halves(self.out.parent) <= left

    def end(self) -> None:
        """It has ended: look whether all is as it should be, and begin with nothing."""
        assert self.victim.result(self.out) == self.whole, "the kills have changed the result"
        self.empty()


def visible(folder: Path) -> list[Path]:
    """Files below a folder that have their name."""
    below = (path for path in folder.rglob("*") if path.is_file())
    return [p for p in below if not any(x.startswith(".") for x in p.relative_to(folder).parts)]


def halves(folder: Path) -> set[tuple[Path, int]]:
    """Files below a folder that wait for their name, with the time when each was written to."""
    found = set()
    for path in folder.rglob(".*part*"):
        with suppress(FileNotFoundError):  # workers may live a little longer
            if path.is_file():
                found.add((path, path.stat().st_mtime_ns))
    return found


def hashes(folder: Path) -> Contents:
    """Sums of all visible files."""
    return {str(path.relative_to(folder)): sha256_of(path) for path in visible(folder)}


def noise(path: Path, seconds: float, seed: int, rate: int = RATE) -> None:
    """Write a swelling noise: no two stretches are alike."""
    path.parent.mkdir(parents=True, exist_ok=True)
    samples = 0.1 * np.random.default_rng(seed).standard_normal(round(seconds * rate))
    soundfile.write(path, samples * np.linspace(0.2, 1, len(samples)), rate, subtype="PCM_16")


def voices(folder: Path) -> None:
    """Write four speakers of four utterances, and four noises."""
    for number in range(16):
        noise(folder / "speech" / "abcd"[number % 4] / f"{number}.wav", 2, number)
    for number in range(4):
        noise(folder / "noise" / f"{number}.wav", 5, 100 + number)


def material(folder: Path) -> None:
    """Write 600 recordings, as a code host has them, and manifests of all and of every other."""
    rows, commit = [], "c" * 40
    for number in range(600):
        path = folder / "host" / "own/name" / commit / f"{number}.wav"
        noise(path, 0.3, number, 44_100)
        content = path.read_bytes()
        sums = blob_sha1(content), "0" * 12
        rows.append((path.name, f"{number % 7}", "train", len(content), *sums, "me", "CC0-1.0", ""))
    head = "all", "speech", "own/name", commit, "", "me", "CC0-1.0", "README"
    for name, step in ("all", 1), ("less", 2):
        (folder / name).mkdir()
        write_csv(folder / name / "COLLECTIONS.csv", COLLECTION_COLUMNS, [head])
        write_csv(folder / name / "all.csv", FILE_COLUMNS, rows[::step])


def gathered(root: Path) -> Contents:
    """Lines of the table that stay, with their files: every other one, which both manifests have."""
    table = root / "SOURCES.csv"
    rows = list(csv.DictReader(table.open(newline=""))) if table.exists() else []
    for path in root.rglob("[!.]*.flac"):
        assert soundfile.info(path).frames == round(0.3 * RATE), f"{path} is half there"
    for row in rows:
        assert sha256_of(root / row["file"]) == row["sha256"], f"{row['file']} is another file"
    return {row["file"]: row["sha256"] for row in rows if int(Path(row["path"]).stem) % 2 == 0}


def mixed(out: Path) -> Contents:
    """Files of a corpus, finished or not."""
    part = out.parent / f".{out.name}.part"
    assert not (out.exists() and part.exists()), "a corpus is there, and half of one"
    found = hashes(out if out.exists() else part)
    found.pop(PLAN, None)
    return found


def small_corpus(folder: Path) -> None:
    """Write a corpus to train on."""
    voices(folder)
    settings = Settings(pairs=40, seconds=1)
    build_corpus([folder / "speech"], [folder / "noise"], folder / "corpus", settings, jobs=1)


def train_words(folder: Path, out: Path) -> list[str | Path | int]:
    """A training run of seconds, begun or resumed."""
    changes = "units=[4]", "batch_size=2", "segment_seconds=0.2"
    words: list[str | Path | int] = ["train", "--data", folder / "corpus", "--out", out]
    words += [word for change in changes for word in ("--set", change)]
    words += ["--epochs", EPOCHS, "--steps", STEPS]
    return [*words, "--resume"] if (out / "checkpoint.weights.h5").exists() else words


def trained(run: Path) -> Contents:
    """Rows of the history; the other files must be whole, and the state at the end of an epoch."""
    log, state, config = (run / n for n in ("history.csv", "checkpoint.weights.h5", "config.json"))
    rows = list(csv.DictReader(log.open(newline=""))) if log.exists() else []
    for path in run.glob("[!.]*.json"):
        json.loads(path.read_text())
    for path in run.glob("[!.]*.csv"):
        assert read_csv(path) and path.read_text().endswith("\n"), f"{path} is half there"
    if state.exists():
        with h5py.File(state) as file:
            step = int(file["optimizer/vars/0"][()])
        assert step in (len(rows) * STEPS, (len(rows) - 1) * STEPS), "more than an epoch is lost"
    if (weights := run / "weights.npz").exists():
        in_numpy.load_weights(weights, Config.load(config))
    names = {path.name for path in run.glob("[!.]*")} - {"logs", "recipe.json", "sources.csv"}
    assert names <= {log.name, state.name, config.name, "weights.npz"}, f"what is this: {names}"
    return {f"epoch {row['epoch']}": (row["loss"], row["val_loss"]) for row in rows}


def trained_result(run: Path) -> Contents:
    """All that a training run has learnt."""
    weights = in_numpy.load_weights(run / "weights.npz", Config.load(run / "config.json"))
    return trained(run) | {name: array.tobytes() for name, array in weights.items()}


VICTIMS = {
    "enhance": Victim(
        lambda folder: [noise(folder / f"{number}.wav", 12, number) for number in range(4)],
        lambda folder, out: ("enhance", folder, "-o", out, "--resume", "--jobs", 2),
        hashes,
        hashes,
    ),
    "data open": Victim(
        material,
        lambda folder, out: (
            *(folder / "less", folder / "all", "data", "open", "--root", out),
            *("--url", f"file://{folder}/host/{{repository}}/{{commit}}/{{path}}"),
        ),
        gathered,
        hashes,
        code=LESS_THEN_ALL,
    ),
    "data build": Victim(
        voices,
        lambda folder, out: (
            *("data", "build", "--speech", folder / "speech", "--noise", folder / "noise"),
            *("--out", out, "--pairs", 400, "--jobs", 2),
        ),
        mixed,
        mixed,
        done="exists: name another folder",
    ),
    "train": Victim(small_corpus, train_words, trained, trained_result),
}


def spread(moments: int, seconds: float, seed: int) -> list[float]:
    """Moments of a run, one in each of as many equal parts of it, in random order."""
    rng = random.Random(seed)
    drawn = [(part + rng.random()) / moments * seconds for part in range(moments)]
    return rng.sample(drawn, moments)


def kill(name: str, moments: int, seed: int, folder: Path) -> dict[str, Any]:
    """Kill a command so many times, and let it end.

    Args:
        name: One of ``VICTIMS``.
        moments: How often.
        seed: Of the moments.
        folder: Empty, to work in.

    Returns:
        ``seconds`` of a run that is left alone, ``kills``, how many of them left half a file under
        a hidden name (``amid``), and how often the command came to its ``ends``.

    Raises:
        AssertionError: If something was lost, or is half there, or comes out otherwise.
    """
    trial = Trial(VICTIMS[name], folder)
    for moment in spread(moments, trial.figures["seconds"], seed):
        trial.kill(moment)
    trial.run()
    trial.end()
    return trial.figures


def main() -> None:
    """Kill all, or some."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("commands", nargs="*", metavar="COMMAND", help=", ".join(VICTIMS))
    parser.add_argument("--moments", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    if unknown := set(options.commands) - set(VICTIMS):
        parser.error(f"no command {min(unknown)!r}: choose among {', '.join(VICTIMS)}")
    os.environ |= {"TF_CPP_MIN_LOG_LEVEL": "3"}
    record = HERE / "kills.json"
    content = stored(record)
    for name in options.commands or VICTIMS:
        with tempfile.TemporaryDirectory() as folder:
            content[name] = kill(name, options.moments, options.seed, Path(folder))
        print(name, content[name], flush=True)
        write_json(record, content)


if __name__ == "__main__":
    main()
