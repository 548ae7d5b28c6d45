"""Break the code in small ways, and see whether a test notices: ``make mutants``.

Usage: ``mutants.py [--each 40] [--seed 0] [FILE …]``, all files of ``HELD`` by default. Of the
mutants that ``programs.py`` finds, ``--each`` of a file are drawn, and the tests that hold the file
run with each of them, in a copy. A mutant is killed if a test fails, if the tests crash, or if they
take more than three times as long as without it. Whatever else ends them, twice, is no verdict.

Each verdict is written into ``notebooks/results/mutants.json`` when it is there: the same command
goes on after an interruption, and begins anew with a file that has changed, or whose tests have.
For a mutant that lives on since it does the same, ``explained.csv`` says why.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import shutil
import signal
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from difflib import ndiff
from itertools import islice
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT / "tests/support"))

import programs  # noqa: E402
from commands import STOPPED, exit_code  # noqa: E402

from lstm_se import interrupts  # noqa: E402
from lstm_se.files import write_whole  # noqa: E402

RECORD, EXPLAINED = ROOT / "notebooks/results/mutants.json", HERE / "explained.csv"
WRITING = threading.Lock()
CODE = (
    "lstm_se",
    "firmware",
    "tests",
    "data",
    "notebooks/results",
    "pyproject.toml",
    "conftest.py",
)


def chip(*names: str) -> tuple[str, ...]:
    """Tests of the chip."""
    return tuple(f"tests/chip/test_{name}.py" for name in names)


C = chip("engines", "limit", "bandwise", "bandwise_firmware", "firmware")
INTEGERS = (*chip("quantize", "kernels", "fft", "stft"), *C)
EVALUATION = "tests/scoring/test_evaluation.py"
HELD: dict[str, tuple[str, ...]] = {  # files, and what holds them, the most likely first
    "lstm_se/scoring/metrics.py": ("tests/scoring/test_metrics.py", EVALUATION),
    "lstm_se/scoring/statistics.py": (
        "tests/scoring/test_statistics.py",
        "tests/scoring/test_comparison.py",
        EVALUATION,
    ),
    "lstm_se/chip/bandwise.py": chip("bandwise", "bandwise_firmware"),
    "lstm_se/chip/bandwise_export.py": chip("bandwise", "bandwise_firmware", "export", "firmware"),
    "lstm_se/chip/bandwise_network.py": chip("bandwise", "bandwise_firmware"),
    "lstm_se/chip/fixed.py": (*chip("fixed"), *INTEGERS),
    "lstm_se/chip/fft.py": (*chip("fft"), *INTEGERS),
    "lstm_se/chip/kernels.py": (*chip("kernels"), *C),
    "lstm_se/chip/stft.py": (*chip("stft"), *INTEGERS),
    "lstm_se/chip/matrices.py": INTEGERS,
    "lstm_se/chip/network.py": INTEGERS,
    "lstm_se/chip/quantize.py": INTEGERS,
    "firmware/speech_denoiser/se.c": C,
    "firmware/speech_denoiser/se_bandwise.c": chip("bandwise", "bandwise_firmware"),
    "firmware/speech_denoiser/se_fft.c": C,
    "firmware/speech_denoiser/se_fixed.h": C,
    "firmware/speech_denoiser/se_kernels.c": C,
    "firmware/speech_denoiser/se_lstm.h": C,
    "firmware/speech_denoiser/se_network.c": C,
    "firmware/speech_denoiser/se_rows_asm.S": chip("limit", "bandwise_firmware", "firmware"),
    "firmware/speech_denoiser/se_stft.c": C,
}
# What the end of the tests says of a mutant. In C it may take pytest with it.
LIVES, KILLED = "lives on", "killed"
CRASHES = ("SIGSEGV", "SIGBUS", "SIGFPE", "SIGILL", "SIGABRT")
VERDICTS = {0: LIVES, 1: KILLED, None: f"{KILLED}: out of time"} | {
    -getattr(signal, name): f"{KILLED}: {name}" for name in CRASHES
}


def pytest(tests: tuple[str, ...], copy: Path, patience: float) -> int | None:
    """How the tests end in a copy of the repository; no test fails there because it is slow."""
    options = ["-x", "-q", "-p", "no:cacheprovider", "-p", "no:nbval", "--hypothesis-profile=ci"]
    command = [sys.executable, "-m", "pytest", *options, *dict.fromkeys(tests)]
    return exit_code(command, copy, patience, copy / "log.txt")


def verdict(tests: tuple[str, ...], copy: Path, patience: float) -> str:
    """What becomes of the mutant in a copy."""
    for _ in range(2):  # what is not the mutant's doing may not come again
        code = pytest(tests, copy, patience)
        if code in VERDICTS:
            return VERDICTS[code]
    return f"not judged: exit code {code}"


def difference(original: str, mutant: str) -> dict[str, Any]:
    """Number of the line that changed, what it was, and what it became."""
    before, after = ([*map(str.strip, text.splitlines())] for text in (original, mutant))
    changed = [line for line in ndiff(before, after) if line[0] in "-+"]
    was, becomes = (" ".join(line[2:] for line in changed if line[0] == sign) for sign in "-+")
    pairs = enumerate(zip(before, after, strict=False), 1)
    first = next((number for number, (one, other) in pairs if one != other), len(before))
    return {"line": first, "was": was, "becomes": becomes}


def try_mutants(name: str, each: int, seed: int) -> None:
    """Run the tests with those mutants of a file that the record has not, and write it down.

    Raises:
        ChildProcessError: If the tests do not pass without a mutant.
    """
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        for part in CODE:
            whole = ROOT / part
            (shutil.copytree if whole.is_dir() else shutil.copy)(whole, copy / part)
        begun = {"sha256": fingerprint(name, copy), "seed": seed}
        entry = recorded().get(name, {})
        found = entry["mutants"] if begun.items() <= entry.items() else []
        if len(found) >= each:
            return
        path = copy / name
        original = programs.bare(path)
        path.write_text(original, encoding="utf-8")
        todo = list(islice(programs.drawn(copy, name, seed), len(found), each))
        path.write_text(original, encoding="utf-8")
        patience = 10 + 3 * seconds_as_it_is(name, copy)
        for mutant in todo:
            path.write_text(mutant, encoding="utf-8")
            change = difference(original, mutant)
            found.append({"verdict": verdict(HELD[name], copy, patience), **change})
            write(name, begun | {"each": each, "mutants": found})
            print(f"{name}: {found[-1]}", flush=True)


def seconds_as_it_is(name: str, copy: Path) -> float:
    """How long the tests take without a mutant."""
    begin = time.perf_counter()
    if (code := pytest(HELD[name], copy, 3600)) != 0:
        said = (copy / "log.txt").read_text(errors="replace").strip().splitlines()[-3:]
        raise ChildProcessError("\n".join([f"{name}: its tests end with {code} as it is", *said]))
    return time.perf_counter() - begin


def fingerprint(name: str, copy: Path) -> str:
    """Of a file and of the tests that hold it."""
    parts = [(copy / part).read_bytes() for part in (name, *HELD[name])]
    return hashlib.sha256(b"".join(parts)).hexdigest()


def recorded() -> dict[str, Any]:
    """What was tried so far, by file."""
    return json.loads(RECORD.read_text(encoding="utf-8")) if RECORD.exists() else {}


def write(name: str, entry: dict[str, Any]) -> None:
    """Put what is known of a file into the record."""
    with WRITING:
        content = recorded() | {name: entry}
        write_whole(RECORD, json.dumps(dict(sorted(content.items())), indent=1) + "\n")


def summary(name: str) -> str:
    """What became of the mutants of a file, in a line."""
    found = recorded().get(name, {}).get("mutants", [])
    killed = sum(mutant["verdict"].startswith(KILLED) for mutant in found)
    living = [mutant for mutant in found if mutant["verdict"] == LIVES]
    same = sum((name, mutant["was"], mutant["becomes"]) in explained() for mutant in living)
    odd = len(found) - killed - len(living)
    share = killed / max(1, len(found) - same - odd)
    return (
        f"{name}: {len(found)} tried, {killed} killed ({share:.0%}), {len(living) - same} live on,"
        f" {same} do the same, {odd} not judged"
    )


def explained() -> set[tuple[str, str, str]]:
    """Mutants that do the same, by file, line before and line after."""
    with EXPLAINED.open(newline="", encoding="utf-8") as file:
        return {(row["file"], row["was"], row["becomes"]) for row in csv.DictReader(file)}


def main() -> None:
    """Try the mutants of each file, two files at a time."""
    parser = argparse.ArgumentParser(description="Break the code, and see whether a test notices.")
    parser.add_argument("files", nargs="*", metavar="FILE", help="; ".join(HELD))
    parser.add_argument("--each", type=int, default=40, help="mutants of a file")
    parser.add_argument("--seed", type=int, default=0, help="of the draw")
    asked = parser.parse_args()
    if unknown := set(asked.files) - set(HELD):
        parser.error(f"{min(unknown)}: nothing is known to hold it; choose from {', '.join(HELD)}")
    if not programs.TOOL.exists():
        sys.exit("error: universalmutator is not installed: see CONTRIBUTING.md")
    for stop in interrupts.STOPS:
        if signal.getsignal(stop) is not signal.SIG_IGN:  # as nohup asks for
            signal.signal(stop, signal.default_int_handler)
    pool = ThreadPoolExecutor(2)
    try:
        files = asked.files or HELD
        tried = {pool.submit(try_mutants, name, asked.each, asked.seed): name for name in files}
        for done in as_completed(tried):
            done.result()
            print(summary(tried[done]), flush=True)
    except KeyboardInterrupt:
        sys.exit("stopped: the same command goes on")
    except ChildProcessError as problem:
        sys.exit(f"error: {problem}")
    finally:
        STOPPED.set()
        pool.shutdown(cancel_futures=True)


if __name__ == "__main__":
    main()
