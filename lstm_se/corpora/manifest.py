"""The open training material: what there is, where it can be had, and who trains or judges.

Tables in ``data/open/``: one of the collections, and for each of them one of its files. They name
every file by Git's own sum of its content, so that nobody has to trust a server.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, fields
from pathlib import Path, PurePosixPath
from typing import Any

from .. import files

COLLECTION_COLUMNS = (
    "collection", "use", "repository", "commit", "folder", "author", "licence", "evidence",
)  # fmt: skip
FILE_COLUMNS = (
    "path", "group", "part", "bytes", "blob_sha1", "copy_sha1", "author", "licence", "note",
)  # fmt: skip

COPY_DIGITS = 12  # of the SHA-1 of a file that guards against accidents, not against forgers


@dataclass(frozen=True)
class OpenRecording:
    """One recording that anybody may have.

    Attributes:
        collection: Short name of where it comes from.
        use: ``"speech"`` or ``"noise"``.
        group: The talker, as numbered in the collection, or the kind of noise.
        part: ``"train"``, ``"validation"``, or nothing if it is left out.
        repository: ``OWNER/NAME`` at the code host.
        commit: Full name of the commit.
        path: Of the file in the repository.
        bytes: Length of the file.
        blob_sha1: Git's SHA-1 of it.
        copy_sha1: The first digits of Git's SHA-1 of the same recording in the copy at 16 kHz
            that the book's own training runs start from.
        author: Whom to thank.
        licence: As SPDX writes it where it can.
        evidence: Where in the repository the licence stands.
        note: Why it is left out.
    """

    collection: str
    use: str
    group: str
    part: str
    repository: str
    commit: str
    path: str
    bytes: int
    blob_sha1: str
    copy_sha1: str
    author: str
    licence: str
    evidence: str
    note: str

    @property
    def target(self) -> str:
        """Its place in the material, such as ``validation_noise/train/blanket-train.flac``."""
        name = re.sub(r"[^\w.-]+", "_", PurePosixPath(self.path).stem)
        if self.use == "noise":  # a kind gathers from many collections
            group, name = self.group, f"{self.collection}-{name}"
        else:
            group = f"{self.collection}-{self.group}" if self.group else self.collection
        folder = f"validation_{self.use}" if self.part == "validation" else self.use
        return f"{folder}/{group}/{name}.flac"


def open_recordings(folder: str | Path | None = None) -> list[OpenRecording]:
    """What the material consists of, and what is left out of it.

    Args:
        folder: Of the tables; those that come with the code if ``None``.

    Raises:
        OSError: If the installation lacks them.
        ValueError: If one of them is damaged, or a recording's place would not be in the material.
    """
    folder = files.shipped("open") if folder is None else Path(folder)
    found = []
    for head in _lines(folder / "COLLECTIONS.csv", COLLECTION_COLUMNS):
        table = folder / f"{head['collection']}.csv"
        for line in _lines(table, FILE_COLUMNS):
            found.append(_recording(head, line, table))
    return found


def blob_sha1(content: bytes) -> str:
    """Git's name for the content of a file: the SHA-1 of ``blob SIZE``, a zero and the content."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


def _recording(head: dict[str, str], line: dict[str, str], table: Path) -> OpenRecording:
    """A line of a collection's table; what it leaves open stands in the collection's own line."""
    if not re.fullmatch(r"[0-9]{1,18}", line["bytes"]):
        raise ValueError(f"{table}: {line['path']} has {line['bytes']!r} bytes: give a number")
    known: dict[str, Any] = {**head, **{key: text for key, text in line.items() if text}}
    known |= {"path": head["folder"] + line["path"], "bytes": int(line["bytes"])}
    recording = OpenRecording(**{f.name: known.get(f.name, "") for f in fields(OpenRecording)})
    place = recording.target.split("/")
    if len(place) != 3 or ".." in place:
        raise ValueError(
            f"{table}: {line['path']} would lie in {recording.target}: rename its group"
        )
    return recording


def _lines(path: Path, columns: tuple[str, ...]) -> list[dict[str, str]]:
    """Lines of a table, by the names of its columns."""
    found, rows = files.read_csv(path)
    if tuple(found) != columns:
        raise ValueError(f"{path} is another table: its columns should be {', '.join(columns)}")
    return rows
