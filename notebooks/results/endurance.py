"""Eight hours without a stop, and write ``endurance.json``: what has changed at their end?

Usage: ``python notebooks/results/endurance.py [--hours 8] [ENGINE ...]``: an hour on a quiet core,
and 12 GB of disk. A minute of noisy speech comes again and again, in blocks of a second: through a
stream of each engine, and as stereo at 44.1 kHz through ``lstm-se enhance``. The last minute that
comes out is compared with the second, which is the first that follows itself: before the very first
one there was silence, which a network remembers for a while. Named engines alone are measured anew.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from common import rounded, stored, write_json

import lstm_se
import numpy as np
import soundfile
from loky import ProcessPoolExecutor
from lstm_se.chip.engines import ENGINES
from lstm_se.sound.audio import resample

from lengths import IDLE, PEAK, measured

HERE = Path(__file__).parent
RATE, WIDE = 16_000, 44_100
MINUTE = 60  # seconds
FULL_SCALE = 2**15
EVERYTHING = (*ENGINES, "stereo")


def resident() -> float:
    """Memory that this process has now, in MB."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


def minute() -> np.ndarray:
    """A minute of noisy speech, float32."""
    return np.concatenate([pair.load()[1] for pair in lstm_se.mini().test])[: MINUTE * RATE]


def compared(early: np.ndarray, late: np.ndarray) -> dict[str, float]:
    """How a minute late in a stream, in [-1, 1], differs from one early in it."""
    before, after = early.astype(float), late.astype(float)
    change = FULL_SCALE * (after - before)  # in steps of 16 bits
    return {
        "level_change_db": 10 * float(np.log10(np.mean(after**2) / np.mean(before**2))),
        "largest_change": float(np.abs(change).max()),
        "rms_change": float(np.sqrt(np.mean(change**2))),
    }


def stream(engine: str, minutes: int) -> dict[str, Any]:
    """A stream of an engine, of so many minutes that are all the same."""
    blocks = np.split(minute(), MINUTE)
    running = lstm_se.load("tiny", engine).stream()
    begin, memory = time.perf_counter(), []
    for number in range(minutes):
        heard = np.concatenate([running.process(block) for block in blocks])
        if number == 1:
            second = heard
        memory.append(resident())
    seconds = time.perf_counter() - begin
    settled = memory[:4][-1]  # from the fourth minute on, two are held while the next one comes
    return compared(second, heard) | {
        "minutes": minutes,
        "seconds": seconds,
        "times_real_time": MINUTE * minutes / seconds,
        "mb_after_four_minutes": settled,
        "mb_grown_since": memory[-1] - settled,
        "mb_each_hour": memory[59::60],
    }


def stereo(minutes: int, folder: Path) -> dict[str, float]:
    """A file of two channels at 44.1 kHz through the command; the right one is a second late."""
    left = resample(minute(), RATE, WIDE)
    once = np.stack([left, np.roll(left, WIDE)], axis=1)
    noisy, enhanced = folder / "noisy.wav", folder / "enhanced.wav"
    with soundfile.SoundFile(noisy, "w", WIDE, 2, "PCM_16", format="RF64") as file:
        for _ in range(minutes):
            file.write(once)
    _, idle = measured(IDLE)
    seconds, peak = measured(PEAK, "enhance", str(noisy), "-o", str(enhanced))
    with soundfile.SoundFile(enhanced) as file:
        if file.frames != minutes * len(once) or file.channels != 2:
            raise ValueError(f"{file.frames} samples of {file.channels} channels came out")
        second, last = (minute_of(file, number) for number in (1, minutes - 1))
    return compared(second, last) | {
        "minutes": minutes,
        "seconds": seconds,
        "times_real_time": MINUTE * minutes / seconds,
        "mb_above_idle": peak - idle,
        "gigabytes": noisy.stat().st_size / 1e9,
    }


def minute_of(file: soundfile.SoundFile, number: int) -> np.ndarray:
    """A minute of a file but its last second: that of the last minute has nothing behind it."""
    file.seek(number * MINUTE * WIDE)
    return file.read((MINUTE - 1) * WIDE)


def command_for(content: Mapping[str, Any]) -> str:
    """What makes these results again: some of them may be those of fewer hours."""
    named = defaultdict(list)
    for name in (name for name in EVERYTHING if name in content):
        named[content[name]["minutes"]].append(name)
    return " && ".join(
        f"python notebooks/results/endurance.py --hours {minutes / 60:g} {' '.join(names)}"
        for minutes, names in named.items()
    )


def main() -> None:
    """Measure, and write after each."""
    parser = argparse.ArgumentParser(description="Eight hours without a stop.")
    parser.add_argument("--hours", type=float, default=8)
    parser.add_argument("--out", type=Path, default=HERE / "endurance.json")
    parser.add_argument("engines", nargs="*", metavar="ENGINE", help=", ".join(EVERYTHING))
    asked = parser.parse_args()
    if unknown := set(asked.engines) - set(EVERYTHING):
        parser.error(f"no engine {min(unknown)}: choose among {', '.join(EVERYTHING)}")
    if (minutes := round(60 * asked.hours)) < 3:
        parser.error(f"--hours {asked.hours:g}: ask for three minutes at least, --hours 0.05")
    content = {"command": "", **stored(asked.out)}
    for name in asked.engines or EVERYTHING:
        if name == "stereo":
            with tempfile.TemporaryDirectory() as folder:
                content[name] = stereo(minutes, Path(folder))
        else:
            with ProcessPoolExecutor(1) as fresh:
                content[name] = fresh.submit(stream, name, minutes).result()
        print(name, rounded(content[name]), flush=True)
        content["command"] = command_for(content)
        write_json(asked.out, rounded(content))


if __name__ == "__main__":
    main()
