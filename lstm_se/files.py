"""Files: written whole or not at all, and those that come with the code."""

from __future__ import annotations

import csv
import hashlib
import io
import os
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

LONGEST_NAME = 255  # bytes, on most disks
CUTS = {"Cc", "Zl", "Zp", "Cs"}  # kinds of characters: of control, ends of lines, halves of others


def write_whole(path: str | Path, content: bytes | str) -> None:
    """Write a file under a hidden name beside it, then rename: a reader never meets half of it.

    Args:
        path: Where to; what was there is replaced.
        content: Bytes, or text that is written as UTF-8.

    Raises:
        OSError: If it cannot be written; what was there stays.
    """
    part = Part(Path(path))
    try:
        part.write(content.encode() if isinstance(content, str) else content)
        part.finish()
    finally:
        part.leave()


class Part(io.FileIO):
    """A file on its way, hidden beside its place until it is whole.

    What a killed process left of it is overwritten. Two processes are never in it at once: its
    place would get a mixture of both.

    Attributes:
        path: Its place.
    """

    def __init__(self, path: Path) -> None:
        """Begin.

        Raises:
            OSError: If the folder cannot be written to, or another process writes the same file.
        """
        self.path, self._hidden = path, _part_of(path)
        self._claim, self._whole = ExitStack(), False
        self._claim.enter_context(claimed(self._hidden, path))
        with writing(path):
            super().__init__(self._hidden, "w+")

    def write(self, content: Any) -> int:
        """Write all of it.

        Raises:
            OSError: If the disk is full or gone.
        """
        with writing(self.path):
            write_all(super().write, content)
        return len(content)

    def finish(self) -> None:
        """Give it its name.

        Raises:
            OSError: If that cannot be done.
        """
        with writing(self.path):
            self.close()  # before: Windows renames nothing open, and some disks tell only now
            os.replace(self._hidden, self.path)
        self._whole = True

    def leave(self) -> None:
        """Let go of it, and remove it if it is not whole."""
        self.close()
        if not self._whole:
            with suppress(OSError):
                self._hidden.unlink()
        self._claim.close()


@contextmanager
def claimed(path: Path, name: Path | None = None) -> Iterator[None]:
    """Within the block, keep other processes out of a file or a folder; a kill ends that, too.

    Where the system or the disk knows no such locks, nobody is kept out.

    Args:
        path: A folder, or a file, which is made if it is not there.
        name: What to call it in errors, if not ``path``.

    Raises:
        BlockingIOError: If another process has it.
        OSError: If it cannot be opened.
    """
    if os.name == "nt":  # it has no fcntl
        yield
        return
    name = name or path
    with writing(name):
        handle = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR | os.O_CREAT, 0o666)
    try:
        if not _locked(handle, path):
            advice = "wait for it, or choose another output"
            raise BlockingIOError(f"cannot write {name}: another process is at it; {advice}")
        yield
    finally:
        os.close(handle)


def _locked(handle: int, path: Path) -> bool:
    """Whether what was opened is ours, and still has the name that it was opened by."""
    import fcntl

    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return os.path.samestat(os.fstat(handle), os.stat(path))
    except (BlockingIOError, FileNotFoundError):
        return False
    except OSError:  # a disk without locks, as some in the network are
        return True


def write_all(write: Callable[[Any], int], content: Any) -> None:
    """Write all of some bytes to a file without a buffer, which may take less at a time.

    With one, the error of a full disk would come from ``close``, where nobody looks for it.
    """
    left = memoryview(content)
    while left:
        left = left[write(left) :]


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Name the file in the error of a system that cannot write it."""
    try:
        yield
    except OSError as error:
        raise type(error)(f"cannot write {path}: {error.strerror or error}") from None


def _part_of(path: Path) -> Path:
    """Hidden name beside a file, under which it is written; its own name may be the longest."""
    name = f".{path.name}.part"
    if len(os.fsencode(name)) > LONGEST_NAME:
        name = f".{hashlib.sha256(os.fsencode(path.name)).hexdigest()}.part"
    return path.with_name(name)


def sha256_of(path: Path) -> str:
    """SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


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


def read_csv(path: str | Path) -> tuple[list[str], list[dict[str, str]]]:
    """Read a table that :func:`write_csv` may have written.

    Returns:
        Its columns, and its rows by column.

    Raises:
        OSError: If it cannot be read.
        ValueError: If it is no table, or a row has more or fewer values than there are columns, or
            a character of :data:`CUTS`: it would cut a name or an error in two. Other characters
            that cannot be seen pass: some systems have spaces in names at which no line breaks.
    """
    try:
        with open(path, encoding="utf-8", newline="") as file:
            table = csv.DictReader(file)
            columns, rows = list(table.fieldnames or ()), list(table)
    except (csv.Error, UnicodeDecodeError) as error:
        raise ValueError(f"{path} is no table of comma-separated values: {error}") from None
    for number, row in enumerate(rows, 1):
        if fault := _fault(list(row.values()), len(columns)):
            raise ValueError(f"{path}: row {number} {fault}: mend it, or copy the file again")
    return columns, rows


def _fault(values: Sequence[Any], wanted: int) -> str:
    """What is wrong with a row: ``csv`` gives None for what is missing, and a list of the rest."""
    if not all(isinstance(value, str) for value in values):
        return f"has not {wanted} values"
    kinds = set(map(unicodedata.category, "".join(values)))
    return "has a character that cannot be seen" if kinds & CUTS else ""


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
