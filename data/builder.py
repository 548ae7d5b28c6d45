"""What the commands that build a corpus share: arguments, how they end, and ``SOURCES.csv``."""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

SOURCES = "SOURCES.csv"


def arguments(description: str) -> argparse.ArgumentParser:
    """A parser with the option that all builders have."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--debs", type=Path, metavar="DIR", help="folder with packages at hand")
    return parser


def run_command(name: str, build: Callable[[], str]) -> int:
    """Build, print what that returns, and return the exit code; an error is one line and 2."""
    try:
        print(build())
    except (OSError, ValueError) as error:
        print(f"{name}: {error}", file=sys.stderr)
        return 2
    return 0


def read_sources(folder: Path) -> list[dict[str, str]]:
    """Rows of the ``SOURCES.csv`` in a folder, by the names of their columns."""
    with (folder / SOURCES).open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def write_sources(folder: Path, columns: Sequence[str], rows: Iterable[dict[str, str]]) -> None:
    """Write the ``SOURCES.csv`` of a folder."""
    with (folder / SOURCES).open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
