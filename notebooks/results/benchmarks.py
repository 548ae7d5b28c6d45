"""All benchmarks of this machine, one after the other, and write ``benchmarks.json``.

Usage: ``python notebooks/results/benchmarks.py [NAME ...]``: a quarter of an hour on two quiet
cores; ``lstm-se bench NAME`` prints the same figures. Named ones alone are run anew, on the machine
that all were run on. How time and memory grow with the length of a sound and the size of a corpus
takes hours, and has scripts of its own: ``lengths.py`` and ``full_size.py``.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import sys
from importlib.metadata import packages_distributions, version
from pathlib import Path
from typing import Any

from common import stored, write_json

from loky import ProcessPoolExecutor
from lstm_se.research import bench

HERE = Path(__file__).parent
PACKAGES = ("numpy", "scipy", "tensorflow")
RUNS = 3  # of each benchmark, each in a process of its own: how much do medians differ?


def machine() -> dict[str, Any]:
    """What the figures were taken on."""
    found = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    name = next(line.partition(":")[2].strip() for line in found if line.startswith("model name"))
    names = packages_distributions()  # TensorFlow's is not called tensorflow everywhere
    packages = {name: version(names[name][0]) for name in PACKAGES}
    return {
        "processor": name,
        "cores": os.cpu_count(),
        "python": platform.python_version(),
    } | packages


def measured(name: str) -> dict[str, Any]:
    """A benchmark, several times: the median of each figure, and by how much a run differs."""
    runs = []
    for _ in range(RUNS):
        with ProcessPoolExecutor(1) as fresh:  # what one has loaded is no part of the next
            runs.append(fresh.submit(bench.BENCHES[name]).result())
    medians = {key: statistics.median(run[key] for run in runs) for key in runs[0]}
    spread = max(abs(run[key] / medians[key] - 1) for run in runs for key in runs[0])
    figures = {**medians, "largest_difference": spread}
    return {key: float(f"{figure:.4g}") for key, figure in figures.items()} | {"runs": RUNS}


def main() -> None:
    """Measure, and write after each."""
    parser = argparse.ArgumentParser(description="All benchmarks of this machine.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(bench.BENCHES))
    parser.add_argument("--out", type=Path, default=HERE / "benchmarks.json")
    asked = parser.parse_args()
    if unknown := set(asked.names) - set(bench.BENCHES):
        sys.exit(f"no benchmark {min(unknown)!r}: choose among {', '.join(bench.BENCHES)}")
    content = stored(asked.out)
    if asked.names and content.get("machine", machine()) != machine():
        sys.exit(
            f"{asked.out} is of another machine or other versions: name no benchmark, to run all"
        )
    content |= {"command": "python notebooks/results/benchmarks.py", "machine": machine()}
    for name in asked.names or bench.BENCHES:
        content[name] = measured(name)
        print(f"{name}: {content[name]}", flush=True)
        write_json(asked.out, content)


if __name__ == "__main__":
    main()
