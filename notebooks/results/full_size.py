"""Train, evaluate and run the lessons on a corpus of VoiceBank-DEMAND's size: ``full_size.json``.

Usage: ``python notebooks/results/full_size.py [LESSON …]``: 40 minutes, and 9 GB of memory, which a
run needs that holds all pairs, as it was before there were stores. The corpus is made of the
bundled one by hard links: 11,572 and 824 pairs with 28 and 2 talkers, as the original has them. So
times and memory are those of a full corpus, and scores mean nothing. With ``--corpus DIR`` it is
made there and stays; else it is gone at the end. Stores are made anew and never stay.

Named lessons alone are run, and nothing else. What was measured before stays as it is.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from common import rounded, stored, write_json

import lstm_se
import nbformat
import psutil
from lstm_se.corpora import store
from lstm_se.corpora.pairs import Pair, conditions_of, pair_folders, write_conditions
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

HERE = Path(__file__).parent
REPO = HERE.parents[1]
PARTS = {  # pairs, talkers, number of the first of them
    "trainset_28spk": (11_572, 28, 260),
    "testset": (824, 2, 232),
}
# resource's ru_maxrss would begin at what the process takes that starts the kernel
PEAK = "print(*(w.split()[1] for w in open('/proc/self/status') if w.startswith('VmHWM')))"
LOOK = 0.25  # seconds between two looks at the memory


def make_corpus(root: Path) -> None:
    """Write the corpus, if it is not there yet; no file of one part is in the other."""
    bundled = lstm_se.mini(root / "bundled")  # on one disk, as links have to be
    learnt = [*bundled.train, *bundled.validation]
    for (part, numbers), source in zip(PARTS.items(), (learnt, bundled.test), strict=True):
        _link(root, part, source, *numbers, conditions_of(bundled.root))


def _link(
    root: Path,
    part: str,
    source: Sequence[Pair],
    pairs: int,
    talkers: int,
    first: int,
    conditions: dict[str, tuple[str, float]],
) -> None:
    """Name the files of the bundled corpus over and over."""
    folders, made = pair_folders(root, part), {}
    for folder in folders:
        folder.mkdir(parents=True, exist_ok=True)
    for number, pair in enumerate(itertools.islice(itertools.cycle(source), pairs)):
        name = f"p{number % talkers + first}_{number // talkers + 1:03d}"
        made[name] = conditions[pair.name]
        for folder, file in zip(folders, (pair.clean, pair.noisy), strict=True):
            if not (folder / f"{name}.wav").exists():
                os.link(file, folder / f"{name}.wav")
    write_conditions(root, part, made)


def megabytes(pid: int) -> float:
    """Memory of a process and its workers; of what they share, each counts its part."""
    taken = 0
    with suppress(psutil.Error):
        process = psutil.Process(pid)
        for member in (process, *process.children(recursive=True)):
            with suppress(psutil.Error):  # it may end meanwhile
                taken += member.memory_full_info().pss
    return taken / 2**20


@contextmanager
def watched(pid: int) -> Iterator[dict[str, int]]:
    """The most MB that a process and its workers take together, in ``mb_with_workers``."""
    most, done = {"mb_with_workers": 0}, threading.Event()

    def look() -> None:
        while not done.wait(LOOK):
            most["mb_with_workers"] = max(most["mb_with_workers"], round(megabytes(pid)))

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        yield most
    finally:
        done.set()
        watcher.join()


def timed(*words: str) -> dict[str, Any]:
    """Seconds and memory of ``lstm-se``."""
    begin = time.perf_counter()
    command = [sys.executable, "-m", "lstm_se", *words]
    with (
        subprocess.Popen(command, stdout=subprocess.DEVNULL) as process,
        watched(process.pid) as mb,
    ):
        code = process.wait()
    if code:
        raise ChildProcessError(f"lstm-se {words[0]} ended with {code}")
    return {"seconds": round(time.perf_counter() - begin), **mb}


def train(root: Path, scratch: Path) -> dict[str, Any]:
    """How a training run starts: it makes the stores, finds them, or holds all pairs in memory."""
    target = scratch / "train.json"
    timed("bench", "corpus", str(root), "--json", str(target))
    return json.loads(target.read_text())


def evaluate(root: Path, scratch: Path) -> dict[str, Any]:
    """The test set, scored by one process and by two, which must agree."""
    clean, noisy = map(str, pair_folders(root, "testset"))
    figures: dict[str, Any] = {"pairs": PARTS["testset"][0]}
    scores = []
    for jobs in ("1", "2"):
        target = scratch / f"scores_{jobs}.json"
        folders = "--clean", clean, "--noisy", noisy
        took = timed("evaluate", *folders, "--jobs", jobs, "--json", str(target))
        figures |= {f"{name}_{jobs}": figure for name, figure in took.items()}
        scores.append(json.loads(target.read_text())["rows"])
    if scores[0] != scores[1]:
        raise ValueError("two processes gave other scores than one")
    figures["two_over_one"] = figures["seconds_1"] / figures["seconds_2"]
    return figures


def run(lesson: Path) -> dict[str, Any]:
    """Execute a lesson in its folder: seconds, peak of memory in MB, and what stopped it, if so."""
    notebook = nbformat.read(lesson, as_version=4)
    begin = time.perf_counter()
    client = NotebookClient(
        notebook, timeout=7200, resources={"metadata": {"path": str(lesson.parent)}}
    )
    with client.setup_kernel(), watched(client.km.provisioner.pid) as with_workers:
        try:
            for number, cell in enumerate(notebook.cells):
                client.execute_cell(cell, number)
            stopped = None
        except CellExecutionError as error:
            stopped = f"{error.ename}: {error.evalue}".splitlines()[0]
        seconds = time.perf_counter() - begin
        client.allow_errors = True
        told = client.execute_cell(nbformat.v4.new_code_cell(PEAK), 0)
        peak = int(told["outputs"][0]["text"]) / 1024
    most = max(round(peak), with_workers["mb_with_workers"])
    figures = {"seconds": round(seconds), "mb": round(peak), "mb_with_workers": most}
    return {**figures, "stopped": stopped}


def that_use_a_corpus(lessons: Iterable[Path]) -> list[Path]:
    """Those that the choice of a corpus makes a difference to."""
    return [path for path in lessons if "chosen()" in path.read_text(encoding="utf-8")]


def main() -> None:
    """Make the corpus, measure one after the other, and write after each."""
    parser = argparse.ArgumentParser(description="The lessons on a corpus of full size.")
    parser.add_argument("lessons", nargs="*", type=Path, help="notebooks; all if none is named")
    parser.add_argument("--corpus", type=Path, help="where to make it; it stays there")
    parser.add_argument("--out", type=Path, default=HERE / "full_size.json")
    asked = parser.parse_args()
    pages = (page for folder in ("notebooks", "book") for page in (REPO / folder).glob("*.ipynb"))
    lessons = asked.lessons or sorted(pages)
    if missing := [str(lesson) for lesson in lessons if not lesson.is_file()]:
        parser.error(f"{missing[0]} is no notebook")
    content = {"lessons": {}} | stored(asked.out)
    content["command"] = "python notebooks/results/full_size.py"
    with tempfile.TemporaryDirectory() as scratch:
        root = (asked.corpus or Path(scratch)).resolve()
        make_corpus(root)
        os.environ |= {"FULL": "1", "VOICEBANK_ROOT": str(root)}
        os.environ[store.ELSEWHERE] = str(Path(scratch) / "stores")
        for measure in () if asked.lessons else (train, evaluate):  # before stores are there
            content[measure.__name__] = measure(root, Path(scratch))
            print(f"{measure.__name__}: {content[measure.__name__]}", flush=True)
            write_json(asked.out, rounded(content))
        for lesson in that_use_a_corpus(lessons):
            figures = content["lessons"][lesson.stem] = run(lesson.resolve())
            print(f"{lesson.stem}: {figures}", flush=True)
            write_json(asked.out, rounded(content))


if __name__ == "__main__":
    main()
