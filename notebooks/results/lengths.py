"""Time and memory of ``lstm-se enhance`` for any length, and write ``lengths.json``.

Usage: ``python notebooks/results/lengths.py [--lengths "10 s,3 h"] [--files 1000] [PART …]``: 20
minutes on two quiet cores, and 2 GB of disk. Memory is the peak of the whole process; idle is that
of an interpreter that has loaded NumPy and no more. The folder, as many files as VoiceBank-DEMAND
has to train on if nothing else is asked for, is enhanced by one process, by two, and by two commands
at the same time that do not know each other, which is what the machine allows: an eighth of it by
turns, since the speed of a shared machine drifts. Of the two parts, ``lengths`` and ``folder``, a
named one alone is measured.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from common import rounded, stored, write_json

import lstm_se
import numpy as np
import soundfile

HERE = Path(__file__).parent
RATE = 16_000
PARTS = ("lengths", "folder")
UNITS = {"s": 1, "min": 60, "h": 3600}  # in seconds


def seconds_of(length: str) -> float:
    """A length such as ``"10 min"`` in seconds."""
    number, unit = length.split()
    return float(number) * UNITS[unit]


def lengths_of(text: str) -> list[str]:
    """Lengths as a command line names them, with commas between."""
    for length in text.split(","):
        try:
            seconds_of(length)
        except (KeyError, ValueError):
            units = f"a number and one of {', '.join(UNITS)}"
            raise argparse.ArgumentTypeError(f"{length!r} is no length: {units}") from None
    return text.split(",")


def speech(path: Path, seconds: float) -> None:
    """Write the noisy sentences of the bundled test set again and again, until it is enough."""
    once = np.concatenate([pair.load()[1] for pair in lstm_se.mini().test])
    left = round(seconds * RATE)
    with soundfile.SoundFile(path, "w", RATE, 1, "PCM_16") as file:
        while left > 0:
            file.write(once[:left])
            left -= len(once)


# what Linux tells of a process that has ended counts the memory of the one that started it
PEAK = "import runpy, sys; runpy.run_module('lstm_se', run_name='__main__', alter_sys=True)"
IDLE = "import numpy"
ATEXIT = "import atexit; atexit.register(lambda: print(open('/proc/self/status').read()));"


def measured(code: str, *arguments: str) -> tuple[float, float]:
    """Seconds and peak memory in MB of a Python process."""
    begin = time.perf_counter()
    command = [sys.executable, "-c", ATEXIT + code, *arguments]
    told = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
    peak = re.search(r"VmHWM:\s+(\d+) kB", told)
    return time.perf_counter() - begin, int(peak[1]) / 1024


def lengths(asked: list[str], folder: Path) -> list[dict[str, Any]]:
    """One file of each length through both engines."""
    _, idle = measured(IDLE)
    rows = []
    for length in asked:
        source, target = folder / "noisy.wav", folder / "enhanced.wav"
        speech(source, seconds_of(length))
        for engine in ("float", "firmware"):
            words = "enhance", str(source), "-o", str(target), "--engine", engine
            seconds, peak = measured(PEAK, *words)
            if soundfile.info(target).frames != soundfile.info(source).frames:
                raise ValueError(f"{length} did not come out as long as they went in")
            rows.append(
                {
                    "engine": engine,
                    "length": length,
                    "minutes": seconds_of(length) / 60,
                    "seconds": seconds,
                    "times_real_time": seconds_of(length) / seconds,
                    "mb_above_idle": peak - idle,
                }
            )
            print(rounded(rows[-1]), flush=True)
    return rows


def folders(files: int, turns: int, folder: Path) -> dict[str, Any]:
    """Many files of three seconds: until the first is there, and by one process and by two."""
    noisy, target = folder / "noisy", folder / "enhanced"
    parts = [noisy / f"{turn:02d}" for turn in range(turns)]
    for part in parts:
        for half in ("a", "b"):
            (part / half).mkdir(parents=True)
    speech(folder / "once.wav", 3.0)
    for number in range(files):
        part = parts[number // 2 % turns]
        os.link(folder / "once.wav", part / "ab"[number % 2] / f"{number:05d}.wav")
    first = [first_of(noisy, target, jobs) for jobs in (1, 2)]
    taken = [
        (enhanced(target, 1, part), enhanced(target, 2, part), enhanced(target, 1, *part.iterdir()))
        for part in parts
    ]
    ones, twos, aparts = zip(*taken, strict=True)
    figures = {
        "files": files,
        "turns": turns,
        "first_file_seconds_1": first[0],
        "first_file_seconds_2": first[1],
        "seconds_1": sum(ones),
        "seconds_2": sum(twos),
        "two_over_one": statistics.median(one / two for one, two, _ in taken),
        "apart_over_one": statistics.median(one / apart for one, _, apart in taken),
    }
    print(rounded(figures), flush=True)
    return figures


def count(folder: Path) -> int:
    """Files below a folder."""
    return sum(path.is_file() for path in folder.rglob("*"))


def command(noisy: Path, target: Path, jobs: int) -> list[str]:
    """The command that enhances a folder."""
    words = "enhance", str(noisy), "-o", str(target), "--jobs", str(jobs)
    return [sys.executable, "-m", "lstm_se", *words]


def first_of(noisy: Path, target: Path, jobs: int) -> float:
    """Seconds until the first of many files is enhanced."""
    begin = time.perf_counter()
    with subprocess.Popen(command(noisy, target, jobs), stdout=subprocess.PIPE) as process:
        next(iter(process.stdout))
        seconds = time.perf_counter() - begin
        process.send_signal(signal.SIGINT)
        process.stdout.read()
    shutil.rmtree(target)
    return seconds


def enhanced(target: Path, jobs: int, *noisy: Path) -> float:
    """Seconds until folders are enhanced, each by a command of its own, all at the same time."""
    begin = time.perf_counter()
    running = [
        subprocess.Popen(command(one, target / one.name, jobs), stdout=subprocess.DEVNULL)
        for one in noisy
    ]
    codes = [process.wait() for process in running]
    seconds = time.perf_counter() - begin
    made, asked = (sum(count(folder) for folder in where) for where in ((target,), noisy))
    if any(codes) or made != asked:
        raise ChildProcessError(f"{made} of {asked} files were enhanced, exit codes {codes}")
    shutil.rmtree(target)
    return seconds


def command_for(content: Mapping[str, Any]) -> str:
    """What makes these results again, with the options that each part was measured with."""
    words = ["python notebooks/results/lengths.py"]
    if "lengths" in content:
        asked = dict.fromkeys(row["length"] for row in content["lengths"])
        words.append(f"--lengths '{','.join(asked)}'")
    if "folder" in content:
        words.append("--files {files} --turns {turns}".format(**content["folder"]))
    missing = set(PARTS) - content.keys()
    return " ".join([*words, *(part for part in PARTS if missing and part in content)])


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description="Time and memory of any length.")
    parser.add_argument(
        "--lengths",
        type=lengths_of,
        default="10 s,10 min,3 h,8 h",
        help="of a file, in s, min or h",
    )
    parser.add_argument("--files", type=int, default=11_572, help="files in a folder")
    parser.add_argument("--turns", type=int, default=8, help="in which it is enhanced")
    parser.add_argument("--out", type=Path, default=HERE / "lengths.json")
    parser.add_argument("parts", nargs="*", metavar="PART", help=" or ".join(PARTS))
    given = parser.parse_args()
    if unknown := set(given.parts) - set(PARTS):
        parser.error(f"{min(unknown)} is neither {' nor '.join(PARTS)}")
    parts = given.parts or PARTS
    content = {"command": "", **stored(given.out)}
    with tempfile.TemporaryDirectory() as name:
        if "lengths" in parts:
            content["lengths"] = lengths(given.lengths, Path(name))
        if "folder" in parts:
            content["folder"] = folders(given.files, given.turns, Path(name))
    content["command"] = command_for(content)
    write_json(given.out, rounded(content))


if __name__ == "__main__":
    main()
