"""Files: written whole or not at all, and those that come with the code."""

from __future__ import annotations

import csv
import hashlib
import io
import os
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

LONGEST_NAME = 255  # bytes, on most disks


def write_whole(path: str | Path, content: bytes | str) -> None:
    """Write a file under a hidden name beside it, then rename: a reader never meets half of it.

    Args:
        path: Where to; what was there is replaced.
        content: Bytes, or text that is written as UTF-8.

    Raises:
        OSError: If it cannot be written; what was there stays.
    """
    path = Path(path)
    part = part_of(path)
    try:
        part.write_bytes(content.encode() if isinstance(content, str) else content)
        os.replace(part, path)
    except OSError as error:
        raise type(error)(f"cannot write {path}: {error.strerror or error}") from None
    finally:
        with suppress(OSError):
            part.unlink()


def part_of(path: Path) -> Path:
    """Hidden name beside a file, under which it is written; its own name may be the longest."""
    name = f".{path.name}.part"
    if len(os.fsencode(name)) > LONGEST_NAME:
        name = f".{hashlib.sha256(os.fsencode(path.name)).hexdigest()}.part"
    return path.with_name(name)


def write_csv(path: str | Path, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Write a table as :func:`write_whole` does, whose errors it has.

    Args:
        path: Where to.
        columns: Their names, the first line.
        rows: The other lines.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    write_whole(path, text.getvalue())


_HERE = Path(__file__).parent
CHECKOUT = {
    "mini": "data/mini",
    "open": "data/open",
    "firmware": "firmware",
    "cube": "tests/cube",
    "results": "notebooks/results",
}


def shipped(name: str) -> Path:
    """Folder that comes with the code: of a checkout, or its copy in an installed package.

    Args:
        name: ``"mini"`` (recordings), ``"open"`` (where more of them can be had), ``"firmware"``
            (C sources), ``"cube"`` (what stands in for ST's drivers on a simulated board) or
            ``"results"`` (what the commands in ``notebooks/results`` have measured, for pages that
            cannot wait for it).

    Raises:
        FileNotFoundError: If the installation lacks it.
    """
    for path in (_HERE / f"_{name}", _HERE.parent / CHECKOUT[name]):
        if path.is_dir():
            return path
    raise FileNotFoundError(f"no {name} in {_HERE / f'_{name}'}: install lstm-se again")


def make_folder(folder: Path) -> None:
    """Make a folder and those above it.

    Raises:
        OSError: If that cannot be done.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        problem = f"cannot make the folder {folder}: {error.strerror or error}"
        raise type(error)(f"{problem}; choose another output") from None
