"""The tables of ``data open``: what they name lies in the folder, or which table is wrong."""

import shutil
from pathlib import Path

from promise import refused_as_documented

from lstm_se.corpora.manifest import (
    COLLECTION_COLUMNS,
    FILE_COLUMNS,
    OpenRecording,
    open_recordings,
)
from lstm_se.corpora.open_material import gather
from lstm_se.corpora.supplies import FromCopy, Supply

COLLECTIONS = f"{','.join(COLLECTION_COLUMNS)}\nx,noise,o/n,0,a/,me,CC0-1.0,README\n"
FILES = f"{','.join(FILE_COLUMNS)}\n1.ogg,rain,train,9,0,0,,,\n"
WANTED = OpenRecording(*["x"] * 7, 9, *["x"] * 6)


class Nothing(Supply):
    """Nobody asks it."""

    def opened(self, recording: OpenRecording):
        raise FileNotFoundError(recording.path)


def manifest(folder: Path, name: str, data: bytes) -> None:
    """The manifest, of which one table is chosen."""
    (folder / "COLLECTIONS.csv").write_text(COLLECTIONS)
    (folder / "x.csv").write_text(FILES)
    (folder / name).write_bytes(data)
    with refused_as_documented(str(folder), ValueError, OSError):
        for recording in open_recordings(folder):
            assert (folder / recording.target).resolve().is_relative_to(folder.resolve())


def gathered(folder: Path, data: bytes) -> None:
    """What another run is said to have left: nothing outside may go."""
    (folder / "SOURCES.csv").write_bytes(data)
    with refused_as_documented(str(folder), ValueError, OSError):
        gather(folder, Nothing(), [])


def copied(folder: Path, data: bytes) -> None:
    """The table of a copy."""
    (folder / "ORIGINS.csv").write_bytes(data)
    with refused_as_documented(str(folder), ValueError, OSError), FromCopy(folder).opened(WANTED):
        pass


def check(data: bytes, folder: Path) -> None:
    outside, inside = folder / "outside", folder / "inside"
    shutil.rmtree(inside, ignore_errors=True)
    inside.mkdir()
    outside.touch()
    kind, data = data[:1], data[1:]
    if kind == b"g":
        gathered(inside, data)
    elif kind == b"o":
        copied(inside, data)
    else:
        manifest(inside, "COLLECTIONS.csv" if kind == b"c" else "x.csv", data)
    assert outside.exists()
