"""Where open recordings come from: a server, clones of its repositories, or a copy at 16 kHz.

A file counts only if Git's sum of its content is the one in the manifest, whoever sent it.
"""

from __future__ import annotations

import os
import threading
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path, PurePosixPath
from urllib.parse import quote

from ..files import make_folder, read_csv
from .manifest import OpenRecording, blob_sha1
from .transfer import check_pattern, fetch

URL_OF_FILE = "https://raw.githubusercontent.com/{repository}/{commit}/{path}"


class Supply(ABC):
    """Hands out checked files.

    Attributes:
        threads: How many may ask at once.
        patience: After how many files in a row that did not come it is of no use to go on.
    """

    threads = os.cpu_count() or 1
    patience = float("inf")

    def sum_of(self, recording: OpenRecording) -> str:
        """What the file handed out for a recording is known by."""
        return recording.blob_sha1

    @abstractmethod
    def opened(self, recording: OpenRecording) -> AbstractContextManager[Path]:
        """The checked file of a recording, there as long as the ``with`` lasts.

        Raises:
            OSError: If it cannot be had.
            ValueError: If it is another one.
        """

    def hurry(self) -> None:  # noqa: B027  a disk needs no telling
        """Make those who wait for something wait no longer."""

    def close(self) -> None:  # noqa: B027  nor tidying
        """Tidy up, when nobody asks any more."""


class FromServer(Supply):
    """The originals, from a server; what a connection brought before it was cut is kept."""

    patience = 20

    def __init__(self, cache: Path, url: str = "", connections: int = 1) -> None:
        """Name a server.

        Args:
            cache: Folder for what is under way.
            url: Address of a file, with ``{repository}``, ``{commit}`` and ``{path}`` in it.
            connections: How many at once.

        Raises:
            ValueError: If the address has something else in braces.
        """
        self.cache, self.url, self.threads = cache, url or URL_OF_FILE, connections
        self._hurried = threading.Event()
        check_pattern(self.url, "{repository}, {commit} and {path}")

    @contextmanager
    def opened(self, recording: OpenRecording) -> Iterator[Path]:
        """The original, which is fetched a second time if it is another file than it should be."""
        make_folder(self.cache)
        part = self.cache / (recording.blob_sha1 + PurePosixPath(recording.path).suffix)
        address = self._address(recording.repository, recording.commit, recording.path)
        hint = "run the command again later, or name a copy with --from"
        for _ in range(2):
            fetch(address, part, hint, show=False, pause=self._pause)
            fault = _fault(part, recording.blob_sha1)
            try:
                if not fault:
                    yield part
                    return
            finally:
                part.unlink()
        raise ValueError(f"{address} {fault}, twice: {hint}")

    def hurry(self) -> None:
        """Wait for the server no longer."""
        self._hurried.set()

    def close(self) -> None:
        """Remove the folder of what is under way, unless there is something for the next time."""
        with suppress(OSError):
            self.cache.rmdir()

    def _address(self, repository: str, commit: str, path: str) -> str:
        return self.url.format(repository=repository, commit=commit, path=quote(path))

    def _pause(self, seconds: float) -> None:
        if self._hurried.wait(seconds):
            raise InterruptedError("nobody waits for it any more")


class FromClones(Supply):
    """The originals in a folder, as clones of the repositories have them: ``OWNER/NAME/PATH``."""

    def __init__(self, folder: Path) -> None:
        """Name the folder."""
        self.folder = folder

    def opened(self, recording: OpenRecording) -> AbstractContextManager[Path]:
        """The original."""
        path = self.folder / recording.repository / recording.path
        return _checked(path, recording.blob_sha1, f"check out commit {recording.commit}")


class FromCopy(Supply):
    """The copy at 16 kHz, whose ``ORIGINS.csv`` says which file was made from which original."""

    def __init__(self, folder: Path) -> None:
        """Read the table: ``file`` is the place in the folder, ``git_blob_sha1`` the original.

        Raises:
            OSError: If it cannot be read.
            ValueError: If it is damaged, or has no such columns.
        """
        self.folder, table = folder, folder / "ORIGINS.csv"
        _, rows = read_csv(table)
        try:
            self._places = {row["git_blob_sha1"]: row["file"] for row in rows}
        except KeyError as missing:
            raise ValueError(f"{table} has no column {missing}: it is another table") from None

    def sum_of(self, recording: OpenRecording) -> str:
        """That of the copy: it is not sample for sample the original."""
        return recording.copy_sha1

    def opened(self, recording: OpenRecording) -> AbstractContextManager[Path]:
        """The copied file."""
        if recording.blob_sha1 not in self._places:
            name = f"{recording.repository}/{recording.path}"
            raise FileNotFoundError(f"{self.folder / 'ORIGINS.csv'} has no line for {name}")
        path = self.folder / self._places[recording.blob_sha1]
        return _checked(path, recording.copy_sha1, "copy it again, or leave out --from")


def on_disk(folder: str | Path, recordings: Iterable[OpenRecording]) -> Supply:
    """What a folder has to offer.

    Raises:
        FileNotFoundError: If it holds neither clones nor a copy.
    """
    folder = Path(folder)
    if (folder / "ORIGINS.csv").is_file():
        return FromCopy(folder)
    repositories = sorted({recording.repository for recording in recordings})
    if any((folder / name).is_dir() for name in repositories):
        return FromClones(folder)
    raise FileNotFoundError(
        f"{folder} has neither ORIGINS.csv nor a folder like {repositories[0]}: check the name"
    )


@contextmanager
def _checked(path: Path, wanted: str, advice: str) -> Iterator[Path]:
    """A file that has the sum that it should have, before it was read and afterwards."""
    if not path.is_file():
        raise FileNotFoundError(f"{path} is missing: {advice}")
    _refuse(path, wanted, advice)
    yield path
    _refuse(path, wanted, advice)


def _refuse(path: Path, wanted: str, advice: str) -> None:
    """Let nobody take a file for another one."""
    if fault := _fault(path, wanted):
        raise ValueError(f"{path} {fault}: {advice}")


def _fault(path: Path, wanted: str) -> str:
    """What is wrong with a file, as the end of a sentence; empty if nothing."""
    actual = blob_sha1(path.read_bytes())[: len(wanted)]
    return "" if actual == wanted else f"is another file: Git's SHA-1 is {actual}, not {wanted}"
