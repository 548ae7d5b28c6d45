"""Break the code in small ways, and see whether a test notices: ``make mutants``.

Usage: ``mutants.py [--each 40] [--seed 0] [FILE …]``, all files of ``HELD`` by default. Of a file
universalmutator writes some thousands of mutants. Those that no compiler takes or that are the same
program are left out; of the others ``--each`` are drawn, and the tests that hold the file run with
each of them, in a copy. What was tried, and what lived on, is written into
``notebooks/results/mutants.json``. For a mutant that lives on since it does the same,
``explained.csv`` says why.
"""

from __future__ import annotations

import argparse
import ast
import csv
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from difflib import ndiff
from functools import partial
from pathlib import Path
from typing import Any

from lstm_se.chip import toolchain
from lstm_se.files import write_whole

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
RECORD, EXPLAINED = ROOT / "notebooks/results/mutants.json", HERE / "explained.csv"
CODE = (
    "lstm_se",
    "firmware",
    "tests",
    "data",
    "notebooks/results",
    "pyproject.toml",
    "conftest.py",
)
C_TESTS = ("test_kernels", "test_fft", "test_stft", "test_firmware", "test_limit", "test_engines")
INTEGERS = tuple(f"tests/chip/{name}.py" for name in ("test_quantize", *C_TESTS))
EVALUATION = "tests/scoring/test_evaluation.py"
HELD: dict[str, tuple[str, ...]] = {  # files, and what holds them, the most likely first
    "lstm_se/scoring/metrics.py": ("tests/scoring/test_metrics.py", EVALUATION),
    "lstm_se/scoring/statistics.py": (
        "tests/scoring/test_statistics.py",
        "tests/scoring/test_comparison.py",
        EVALUATION,
    ),
    "lstm_se/chip/fixed.py": ("tests/chip/test_fixed.py", *INTEGERS),
    "lstm_se/chip/fft.py": ("tests/chip/test_fft.py", *INTEGERS),
    "lstm_se/chip/stft.py": ("tests/chip/test_stft.py", *INTEGERS),
    "lstm_se/chip/matrices.py": INTEGERS,
    "lstm_se/chip/network.py": INTEGERS,
    "lstm_se/chip/quantize.py": INTEGERS,
    "firmware/speech_denoiser/se.c": INTEGERS,
    "firmware/speech_denoiser/se_fft.c": ("tests/chip/test_fft.py", *INTEGERS),
    "firmware/speech_denoiser/se_kernels.c": ("tests/chip/test_kernels.py", *INTEGERS),
    "firmware/speech_denoiser/se_network.c": INTEGERS,
    "firmware/speech_denoiser/se_stft.c": ("tests/chip/test_stft.py", *INTEGERS),
}


def program(path: Path, text: str) -> str | bytes | None:
    """What a source is to its compiler: equal for two that do the same; ``None`` if it is none."""
    if path.suffix == ".py":
        try:
            tree = ast.parse(text)
        except (SyntaxError, ValueError):
            return None
        for node in ast.walk(tree):  # what a docstring says, no test can hold
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
                node.value = ast.Constant(0)
        return ast.dump(tree)
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / path.name, Path(folder) / "out.o"
        source.write_text(text, encoding="utf-8")
        command = [*toolchain.host_compiler(), *toolchain.STRICT, "-O2", f"-I{path.parent}"]
        run = subprocess.run([*command, "-c", "-o", target, source], capture_output=True)
        return target.read_bytes() if run.returncode == 0 else None


def mutants(path: Path, seed: int) -> Iterator[str]:
    """Mutants of a file that are another program, in a random order."""
    tool = Path(sys.executable).with_name("mutate")
    original = path.read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder:
        command = [tool, path, "--noCheck", "--mutantDir", folder]
        subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
        written = sorted(Path(folder).iterdir())
        random.Random(seed).shuffle(written)
        seen = {program(path, original), None}
        for mutant in written:
            text = mutant.read_text(encoding="utf-8")
            if (other := program(path, text)) not in seen:
                seen.add(other)
                yield text


def difference(original: str, mutant: str) -> dict[str, Any]:
    """Number of the line that changed, what it was, and what it became."""
    lines = [list(map(str.strip, text.splitlines())) for text in (original, mutant)]
    changed = [line for line in ndiff(*lines) if line[0] in "-+"]
    was, becomes = (" ".join(line[2:] for line in changed if line[0] == sign) for sign in "-+")
    first = next(n for n, pair in enumerate(zip(*lines, strict=False), 1) if pair[0] != pair[1])
    return {"line": first, "was": was, "becomes": becomes}


def passes(tests: tuple[str, ...], copy: Path, patience: float | None) -> bool:
    """Whether the tests pass in a copy of the repository, and end in time."""
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *tests]
    environment = {**os.environ, "PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"}
    run = partial(subprocess.run, command, cwd=copy, env=environment, capture_output=True)
    try:
        return run(timeout=patience).returncode == 0
    except subprocess.TimeoutExpired:
        return False


def tried(name: str, each: int, seed: int) -> dict[str, Any]:
    """What became of the mutants of a file.

    Raises:
        ChildProcessError: If the tests fail without a mutant, too.
    """
    tests = tuple(dict.fromkeys(HELD[name]))
    figures: dict[str, Any] = {"tried": 0, "killed": 0, "same": 0, "survived": []}
    explained = explanations()
    with tempfile.TemporaryDirectory() as folder:
        for part in CODE:
            whole = ROOT / part
            (shutil.copytree if whole.is_dir() else shutil.copy)(whole, Path(folder) / part)
        path = Path(folder) / name
        original = path.read_text(encoding="utf-8")
        begin = time.perf_counter()
        if not passes(tests, Path(folder), None):
            raise ChildProcessError(f"{name}: its tests fail as it is")
        patience = 10 + 5 * (time.perf_counter() - begin)
        for mutant in mutants(path, seed):
            path.write_text(mutant, encoding="utf-8")
            change = difference(original, mutant)
            if not passes(tests, Path(folder), patience):
                figures["killed"] += 1
            elif why := explained.get((name, change["was"], change["becomes"])):
                figures["same"] += 1
                print(f"{name}: the same, {why}", flush=True)
            else:
                figures["survived"].append(change)
                print(f"{name}: {change} lives on", flush=True)
            path.write_text(original, encoding="utf-8")
            figures["tried"] += 1
            if figures["tried"] == each:
                break
    return figures


def explanations() -> dict[tuple[str, str, str], str]:
    """Why a mutant does the same, by file, line before and line after."""
    with EXPLAINED.open(newline="", encoding="utf-8") as file:
        return {
            (row["file"], row["was"], row["becomes"]): row["why"] for row in csv.DictReader(file)
        }


def main() -> None:
    """Try the mutants of each file, two files at a time, and write what became of them."""
    parser = argparse.ArgumentParser(description="Break the code, and see whether a test notices.")
    parser.add_argument("files", nargs="*", metavar="FILE", help="; ".join(HELD))
    parser.add_argument("--each", type=int, default=40, help="mutants of a file")
    parser.add_argument("--seed", type=int, default=0, help="of the draw")
    asked = parser.parse_args()
    if unknown := set(asked.files) - set(HELD):
        sys.exit(
            f"error: {min(unknown)}: nothing is known to hold it; choose from {', '.join(HELD)}"
        )
    if not Path(sys.executable).with_name("mutate").exists():
        sys.exit(
            'error: universalmutator is not installed: pip install "universalmutator>=1.14,<2"'
        )
    try:
        content = json.loads(RECORD.read_text(encoding="utf-8"))
    except FileNotFoundError:
        content = {}
    names = asked.files or list(HELD)
    with ThreadPoolExecutor(2) as pool:
        results = pool.map(partial(tried, each=asked.each, seed=asked.seed), names)
        for name, figures in zip(names, results, strict=True):
            content[name] = figures
            killed = figures["killed"] / max(1, figures["tried"] - figures["same"])
            print(f"{name}: {figures['tried']} tried, {killed:.0%} killed", flush=True)
            write_whole(RECORD, json.dumps(dict(sorted(content.items())), indent=1) + "\n")


if __name__ == "__main__":
    main()
