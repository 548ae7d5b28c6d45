"""Stores of samples on the disk: made once, then read by the stretch.

A store is a folder with two files that only ever grow: ``samples.bin`` holds arrays one behind the
other, ``index.jsonl`` a line for each. The line is written after its samples, so a process may be
killed anywhere and the next one goes on; the last line of a key counts. What was damaged since is
made anew: a line that cannot be read, or that lost its samples, is taken out before others follow.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import platformdirs

from ..files import write_whole

HIDDEN = ".lstm-se"  # name of a store in the folder whose sound it holds
ELSEWHERE = "LSTM_SE_STORE"  # environment variable: the folder for all stores
ALIGNMENT = 8  # bytes, so that a sample never lies across two words
DTYPES = {np.dtype(kind).newbyteorder("<").str for kind in "?bhilBHILefd"}
Facts = Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class Stored:
    """An array in a store; only what is asked for is in memory, for as long as somebody holds it.

    Attributes:
        path: File that it lies in.
        dtype: Of a sample.
        offset: Byte in that file at which it begins.
        size: Number of samples.
        facts: What the index says of it.
    """

    path: Path
    dtype: str
    offset: int
    size: int
    facts: Facts = field(repr=False)

    def __len__(self) -> int:
        """Number of samples."""
        return self.size

    def __getitem__(self, stretch: slice) -> np.ndarray:
        """Samples of a stretch without gaps, read from the disk."""
        begin, stop, step = stretch.indices(self.size)
        if step != 1 or stop <= begin:
            raise ValueError(
                f"{stretch} of {self.size} samples: a stretch has no gaps and at least one sample"
            )
        # to read a stretch takes less time than to map it
        at = self.offset + begin * np.dtype(self.dtype).itemsize
        samples = np.fromfile(self.path, self.dtype, stop - begin, offset=at)
        if len(samples) < stop - begin:
            raise OSError(f"{self.path} has become shorter: remove its folder, it is made anew")
        return samples

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        """All samples, in memory."""
        return np.array(self[:], dtype)


class Store:
    """The arrays of one folder, by key."""

    def __init__(self, folder: Path) -> None:
        """The store in ``folder``, which need not be there."""
        self.folder = folder
        self.index, self.samples = folder / "index.jsonl", folder / "samples.bin"
        self.arrays: dict[str, Stored] = {}
        self._read()

    def missing(self, wanted: Mapping[str, Facts]) -> list[str]:
        """Keys that are not there, or whose facts are not those that are wanted."""
        return [key for key, facts in wanted.items() if not self._has(key, facts)]

    def _has(self, key: str, facts: Facts) -> bool:
        there = self.arrays.get(key)
        return there is not None and facts.items() <= there.facts.items()

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Within, nobody else adds to the store; waits for a process that does.

        Raises:
            OSError: If the folder cannot be written.
        """
        with _advised(f"cannot make the folder {self.folder}"):
            self.folder.mkdir(parents=True, exist_ok=True)
        with ExitStack() as held:
            with _advised(f"cannot write {self.folder}"):
                file = held.enter_context(open(self.folder / "lock", "a"))
            _lock(file.fileno())  # until the file is closed, by a kill if need be
            self._tidy(self._read())
            yield

    def add(self, key: str, array: np.ndarray, facts: Facts) -> None:
        """Append an array; to be called within :meth:`locked`.

        Raises:
            OSError: If it cannot be written, perhaps since the disk is full.
        """
        dtype = array.dtype.newbyteorder("<")
        with _advised(f"cannot write {self.folder}"):
            with open(self.samples, "ab") as file:
                file.write(bytes(-file.tell() % ALIGNMENT))
                offset = file.tell()
                file.write(array.astype(dtype, copy=False).data)
            row = {"key": key, "dtype": dtype.str, "offset": offset, "size": array.size, **facts}
            with open(self.index, "ab") as file:
                file.write(_line(row))
        self.arrays[key] = self._stored(row)

    def _read(self) -> bytes:
        """Read the index, of which those rows count that have their samples; returns its text."""
        text = self.index.read_bytes() if self.index.is_file() else b""
        there = self.samples.stat().st_size if self.samples.is_file() else 0
        arrays = map(self._stored, _rows(text))
        self.arrays = {a.facts["key"]: a for a in arrays if _end(a) <= there}
        return text

    def _tidy(self, text: bytes) -> None:
        """Take out all that does not count, or lines would mean the samples that are added next."""
        counting = b"".join(_line(array.facts) for array in self.arrays.values())
        if text != counting:
            write_whole(self.index, counting)
        with open(self.samples, "ab") as file:
            file.truncate(max((_end(array) for array in self.arrays.values()), default=0))

    def _stored(self, row: dict[str, Any]) -> Stored:
        return Stored(self.samples, row["dtype"], row["offset"], row["size"], row)


def keep(
    folder: Path,
    wanted: Mapping[str, Facts],
    make: Callable[[Sequence[str]], Iterable[tuple[np.ndarray, Facts]]],
) -> dict[str, Stored]:
    """Arrays from the store of a folder; what is missing or of other facts is made and added.

    The store lies in the folder itself, in the user's cache folder if nothing can be written there,
    or where the environment variable ``LSTM_SE_STORE`` says.

    Args:
        folder: Whose sound it is.
        wanted: By key, facts by which to tell whether an array is still the right one.
        make: Gives, for each of some keys in their order, the array and more facts of it.

    Returns:
        The arrays by key, in the order of ``wanted``.

    Raises:
        OSError: If they have to be made and no place can be written.
    """
    stores = [Store(place) for place in places(folder)]
    store = next((store for store in stores if not store.missing(wanted)), None)
    if store is None:
        store = next((s for s in stores if _writable(s.folder)), stores[-1])
        with store.locked():
            missing = store.missing(wanted)  # of what the process that we waited for left
            for key, (array, facts) in zip(missing, make(missing), strict=True):
                store.add(key, array, {**wanted[key], **facts})
    return {key: store.arrays[key] for key in wanted}


def places(folder: Path) -> list[Path]:
    """Where the store of a folder may lie, the best place first."""
    folder = folder.resolve()
    name = f"{folder.name}-{hashlib.sha256(os.fsencode(folder)).hexdigest()[:12]}"
    if chosen := os.environ.get(ELSEWHERE):
        return [Path(chosen) / name]
    return [folder / HIDDEN, platformdirs.user_cache_path("lstm-se") / "stores" / name]


@contextmanager
def _advised(problem: str) -> Iterator[None]:
    """Say in the error of a system that cannot write where else a store may lie."""
    try:
        yield
    except OSError as error:
        advice = f"{ELSEWHERE} names another folder for it"
        raise type(error)(f"{problem}: {error.strerror or error}; {advice}") from None


def _writable(folder: Path) -> bool:
    """Whether a store can be made or added to here; tried, since rights do not tell all."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with open(folder / "lock", "a"):
            return True
    except OSError:
        return False


def _lock(descriptor: int) -> None:
    """Wait until this process alone holds the file."""
    import fcntl  # not there on Windows

    fcntl.flock(descriptor, fcntl.LOCK_EX)


def _line(row: Facts) -> bytes:
    """A line of the index."""
    return json.dumps(row).encode() + b"\n"


def _rows(text: bytes) -> list[dict[str, Any]]:
    """Whole lines of an index, without those that are damaged."""
    lines = text[: text.rfind(b"\n") + 1].splitlines()
    try:
        rows = json.loads(b"[" + b",".join(lines) + b"]")  # faster than line by line
    except (ValueError, RecursionError):  # of the thousands of brackets of a strange line
        rows = map(_row, lines)
    return [row for row in rows if _is_whole(row)]


def _row(line: bytes) -> Any:
    """A line of an index, or nothing if it cannot be read."""
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


def _is_whole(row: Any) -> bool:
    """Whether a line says of an array all that is needed to read it."""
    if not isinstance(row, dict):
        return False
    key, dtype = row.get("key"), row.get("dtype")
    if not (isinstance(key, str) and isinstance(dtype, str) and dtype in DTYPES):
        return False
    return all(type(row.get(name)) is int and row[name] >= 0 for name in ("offset", "size"))


def _end(array: Stored) -> int:
    """Byte behind an array."""
    return array.offset + array.size * np.dtype(array.dtype).itemsize
