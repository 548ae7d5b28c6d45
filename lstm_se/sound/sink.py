"""A sound file that is written block by block, whole or not at all."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from ..files import Part
from ..interrupts import held_back

BLOCK = 1 << 16  # samples that are encoded at once: libsndfile's Vorbis crashes on a minute
WAV_BYTES = (1 << 32) - (1 << 16)  # what a WAV file can tell the size of, and room for its header
SHORT = {"WAV", "AIFF", "AU"}  # formats that tell sizes in 32 bits
RF64_AUTO_DOWNGRADE = 0x1210  # command of libsndfile: what turns out to be short becomes a WAV
FORMATS = {".aif": "AIFF", ".opus": "OGG"}  # the others are named like their suffix
FLOATS = {"FLOAT", "DOUBLE"}
WIDTHS = {"PCM_16": 2, "PCM_24": 3, "PCM_32": 4, "FLOAT": 4, "DOUBLE": 8, "PCM_U8": 1}


class FullError(OSError):
    """A file is as long as its format allows; what was written stays."""


class SoundSink:
    """Sound on its way into a file, hidden beside it until it is complete.

    Attributes:
        path: The file.
        clipped: Samples so far that were above full scale and had to be clipped: an integer that
            wraps around would be a bang. Float formats keep them.
    """

    def __init__(
        self,
        path: str | Path,
        sample_rate: int,
        channels: int = 1,
        subtype: str | None = None,
        frames: int | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> None:
        """Begin a file.

        Args:
            path: Where to; the suffix chooses the format.
            sample_rate: In Hz.
            channels: Rows of a block.
            subtype: How to store a sample; the format's default if ``None`` or unknown to it.
            frames: How many samples a channel will have, as far as that is known: what turns out
                too long for WAV becomes an RF64, which is WAV with longer numbers.
            tags: Title, artist and others, as soundfile names them.

        Raises:
            ValueError: If the suffix names no format that can be written, or not at this rate.
            OSError: If the folder cannot be written to.
        """
        self.path, self.clipped = Path(path), 0
        kind, subtype = _format(self.path, subtype)
        self._float = subtype in FLOATS
        room = WAV_BYTES // (channels * WIDTHS.get(subtype, 1))
        begin, long = soundfile.SoundFile, frames is None or frames > room
        if kind == "WAV" and long and soundfile.check_format("RF64", subtype):
            kind, begin = "RF64", _GrowingWav if frames is None else begin
        self._room = room if kind in SHORT else None
        self._disk = _Disk(self.path)
        try:
            with held_back():
                self._file = begin(self._disk, "w", sample_rate, channels, subtype, format=kind)
                for name, text in (tags or {}).items():
                    # not every format has every tag
                    with suppress(soundfile.LibsndfileError, AttributeError):
                        setattr(self._file, name, text)
        except soundfile.LibsndfileError as error:
            self._disk.leave()
            raise ValueError(f"cannot write {self.path}: {error.error_string}") from None
        except BaseException as error:  # nobody will leave the ``with``
            with suppress(AttributeError):  # of a file that was not even begun
                self.__exit__(type(error))
            raise

    def write(self, block: np.ndarray) -> None:
        """Append ``(samples,)`` or ``(channels, samples)``, float.

        Raises:
            FullError: If a file would grow beyond 4 GiB, and its format tells no such size.
            OSError: If the disk is full or gone.
            ValueError: If a sample is no finite number, or the encoder gives up.
        """
        samples = np.ascontiguousarray(block.T)
        if not np.isfinite(samples).all():
            raise ValueError(f"cannot write {self.path}: some samples are NaN or infinite")
        if self._room is not None and self._file.frames + len(samples) > self._room:
            raise FullError(f"{self.path} is full at 4 GiB, and ends here: write .w64 or .flac")
        if not self._float:
            self.clipped += above_full_scale(samples)
            samples = np.clip(samples, -1, 1)
        for begin in range(0, len(samples), BLOCK):
            try:
                with held_back():
                    self._file.write(samples[begin : begin + BLOCK])
            except (soundfile.LibsndfileError, AssertionError):
                # soundfile asserts that all was written, and knows no more; the disk may know why
                self._disk.check()
                raise ValueError(f"cannot write {self.path}: its encoder gave up") from None
            self._disk.check()

    def __enter__(self) -> SoundSink:
        """Itself."""
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: Any) -> None:
        """Give the file its name, or remove it if something went wrong."""
        try:
            with held_back(), suppress(soundfile.LibsndfileError):
                self._file.close()
            if kind in (None, FullError):
                self._disk.check()
                self._disk.finish()
        finally:
            self._disk.leave()


class _GrowingWav(soundfile.SoundFile):
    """An RF64 that ends as the WAV that every reader knows if it turns out to be short."""

    def __init__(self, disk: _Disk, *arguments: Any, **options: Any) -> None:
        super().__init__(disk, *arguments, **options)
        self._disk = disk
        soundfile._snd.sf_command(self._file, RF64_AUTO_DOWNGRADE, soundfile._ffi.NULL, True)

    def close(self) -> None:
        if not self.closed:
            super().close()
            _shorten_header(self._disk)


class _Disk(Part):
    """A file that remembers why it could not be written: libsndfile would not tell."""

    _error: OSError | None = None

    def write(self, content: Any) -> int:
        try:
            return super().write(content)
        except OSError as error:
            self._error = error
            return 0

    def check(self) -> None:
        """Raise what went wrong."""
        if self._error:
            raise self._error


def _shorten_header(disk: _Disk) -> None:
    """Name the samples of a former RF64 as of old: by their code, and at the place of old."""
    disk.seek(0)
    head = disk.read(92)  # 12 bytes, room for longer numbers, the extensible format at byte 52
    if head.startswith(b"RIFF") and len(head) == 92:
        code, form = head[76:78], head[54:68]
        disk.seek(12)
        disk.write(b"fmt " + struct.pack("<I", 16) + code + form)
        disk.write(b"JUNK" + struct.pack("<I", 48) + bytes(48))


def above_full_scale(samples: np.ndarray) -> int:
    """Number of samples that integers cannot hold."""
    return int(np.count_nonzero((samples < -1) | (samples > 1)))


def writes(path: Path) -> bool:
    """Whether the suffix names a format that can be written."""
    return _kind(path) in _formats() and _kind(path) != "RAW"


@cache
def _formats() -> Mapping[str, str]:
    """What libsndfile can write; it takes a millisecond to say so, and folders hold many files."""
    return soundfile.available_formats()


def _kind(path: Path) -> str:
    """Format of a suffix, as soundfile names it."""
    suffix = path.suffix.lower()
    return FORMATS.get(suffix, suffix[1:].upper())


def _format(path: Path, subtype: str | None) -> tuple[str, str]:
    """Format and subtype, as soundfile names them."""
    if not writes(path):
        raise ValueError(f"{path}: cannot write {path.suffix or 'a file without suffix'}; use .wav")
    kind = _kind(path)
    if path.suffix.lower() == ".opus":
        return kind, "OPUS"
    if subtype not in soundfile.available_subtypes(kind):
        subtype = soundfile.default_subtype(kind)
    return kind, str(subtype)
