"""Run the lessons on a corpus of VoiceBank-DEMAND's size, and write ``full_size.json``.

Usage: ``python notebooks/results/full_size.py [LESSON …]``: an hour or more. The corpus is made of
the bundled one by hard links: 11,572 and 824 pairs with 28 and 2 talkers, as the original has them.
So times and memory are those of a full corpus, and scores mean nothing. With ``--corpus DIR`` it is
made there and stays; else it is gone at the end. Lessons that were measured before stay as they are.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import tempfile
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import lstm_se
import nbformat
from lstm_se.corpora.pairs import Pair, conditions_of, pair_folders, write_conditions
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from common import rounded, write_json

HERE = Path(__file__).parent
PARTS = {  # pairs, talkers, number of the first of them
    "trainset_28spk": (11_572, 28, 260),
    "testset": (824, 2, 232),
}
PEAK = "import resource; print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"


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


def run(lesson: Path) -> dict[str, Any]:
    """Execute a lesson in its folder: seconds, peak of memory in MB, and what stopped it, if so."""
    notebook = nbformat.read(lesson, as_version=4)
    begin = time.perf_counter()
    client = NotebookClient(
        notebook, timeout=7200, resources={"metadata": {"path": str(lesson.parent)}}
    )
    with client.setup_kernel():
        try:
            for number, cell in enumerate(notebook.cells):
                client.execute_cell(cell, number)
            stopped = None
        except CellExecutionError as error:
            stopped = f"{error.ename}: {error.evalue}".splitlines()[0]
        seconds = time.perf_counter() - begin
        client.allow_errors = True
        peak = client.execute_cell(nbformat.v4.new_code_cell(PEAK), 0)
    megabytes = int(peak["outputs"][0]["text"]) / 1024
    return {"seconds": round(seconds), "mb": round(megabytes), "stopped": stopped}


def that_use_a_corpus(lessons: Iterable[Path]) -> list[Path]:
    """Those that the choice of a corpus makes a difference to."""
    return [path for path in lessons if "chosen()" in path.read_text(encoding="utf-8")]


def main() -> None:
    """Make the corpus, run the lessons, write after each of them."""
    parser = argparse.ArgumentParser(description="The lessons on a corpus of full size.")
    parser.add_argument("lessons", nargs="*", type=Path, help="notebooks; all if none is named")
    parser.add_argument("--corpus", type=Path, help="where to make it; it stays there")
    parser.add_argument("--out", type=Path, default=HERE / "full_size.json")
    asked = parser.parse_args()
    lessons = asked.lessons or sorted(HERE.parent.glob("*.ipynb"))
    content = json.loads(asked.out.read_text()) if asked.out.exists() else {"lessons": {}}
    content["command"] = "python notebooks/results/full_size.py"
    with tempfile.TemporaryDirectory() as scratch:
        root = (asked.corpus or Path(scratch)).resolve()
        make_corpus(root)
        os.environ |= {"FULL": "1", "VOICEBANK_ROOT": str(root)}
        for lesson in that_use_a_corpus(lessons):
            figures = content["lessons"][lesson.stem] = run(lesson.resolve())
            print(f"{lesson.stem}: {figures}", flush=True)
            write_json(asked.out, rounded(content))


if __name__ == "__main__":
    main()
