"""Sound by blocks, of a file or a pipe: memory does not grow with the length."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

import numpy as np
import soundfile

from .. import optional
from .containers import is_container, open_track
from .wav import CHUNK, MAGIC, PcmFormat, WavHeader, goes_on, read_header, read_samples

ABSURD = 1e15  # powers of such samples overflow, and no frame that follows is heard right
ENDLESS = 2**63 - 1  # frames of a FLAC file that came through a pipe, as libsndfile has it


@dataclass
class SoundSource(AbstractContextManager):
    """An open sound; leaving the ``with`` closes it.

    Attributes:
        path: Where it comes from.
        sample_rate: In Hz.
        channels: Of the sound.
        frames: Samples of each channel that are there, through a pipe those that are promised;
            ``None`` where nobody can tell before the end.
        subtype: How a sample is stored, as soundfile names it, for instance ``"PCM_16"``; of a
            container, how a WAV file would best store it.
        chunks: What :meth:`blocks` cuts and checks.
        close: Ends it.
        tags: Title, artist, comment and the like.
        promised: Samples of each channel that the header promises, ``None`` if it tells nothing.
        notes: What was odd and is mended; complete after the last block.
    """

    path: Path
    sample_rate: int
    channels: int
    frames: int | None
    subtype: str
    chunks: Iterator[np.ndarray] = field(repr=False)
    close: Callable[[], None] = field(repr=False)
    tags: dict[str, str] = field(default_factory=dict)
    promised: int | None = None
    notes: list[str] = field(default_factory=list)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the file; a pipe stays open, since somebody else opened it."""
        self.close()

    @property
    def note(self) -> str:
        """What was odd and is mended, in one line; empty if nothing was."""
        return ", ".join(self.notes)

    def blocks(self, frames: int = CHUNK) -> Iterator[np.ndarray]:
        """Read on, once from the beginning to the end.

        Args:
            frames: Samples of each channel in a block, at most; a pipe gives what it has.

        Yields:
            float32, shape ``(channels, samples)``.

        Raises:
            ValueError: If there is no sample at all, or one that is not finite or absurdly large.
        """
        done = 0
        try:
            for chunk in self.chunks:
                for begin in range(0, chunk.shape[1], frames):
                    block = chunk[:, begin : begin + frames]
                    self._check(block, done)
                    done += block.shape[1]
                    yield block
        except soundfile.LibsndfileError as error:
            if not done:
                raise ValueError(f"{self.path} cannot be read: {_reason(error)}") from None
            self.notes.append(f"damaged beyond {done / self.sample_rate:.2f} s: {_reason(error)}")
        if not done:
            raise ValueError(f"{self.path} has 0 samples: there is a header but no sound in it")
        if self.promised is not None and done != self.promised:
            self.notes.append(_broken_promise((done - self.promised) / self.sample_rate))

    def _check(self, block: np.ndarray, done: int) -> None:
        sane = np.abs(block) < ABSURD  # NaN is not
        if sane.all():
            return
        kind = "absurdly large" if np.isfinite(block).all() else "NaN or infinite"
        place = (done + np.flatnonzero(~sane.all(axis=0))[0]) / self.sample_rate
        raise ValueError(
            f"{self.path} has {np.count_nonzero(~sane)} samples that are {kind} from "
            f"{place:.3f} s on: repair or export it again"
        )


def open_source(path: str | Path) -> SoundSource:
    """Open a sound file; what a killed recorder left is read as far as it goes.

    Args:
        path: WAV, FLAC, Ogg, AIFF or MP3 file, or with the extra ``formats`` any file with sound
            in it. A named pipe is read as :func:`open_stream` does.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is no sound file.
        OSError: If it may not be read.
    """
    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(f"{path} does not exist: check the name")
    if path.is_dir():
        raise ValueError(f"{path} is a folder: name a sound file")
    if path.is_fifo():
        pipe = path.open("rb", buffering=0)
        return open_stream(pipe, str(path), close=pipe.close)
    size = path.stat().st_size
    if size == 0:
        raise ValueError(f"{path} is empty: 0 bytes; copy or record it again")
    header = _header(path, size)
    if header and (header.more or (header.told == 0 and header.promise(size)[1])):
        return _unfinished(path, header, size)
    try:
        return _finished(path, header, size)
    except (soundfile.LibsndfileError, TypeError) as error:  # TypeError: .raw has no header
        if header:
            return _unfinished(path, header, size)
        if is_container(path):
            return _contained(path)
        raise ValueError(f"{path} is not a sound file that can be read: {_reason(error)}") from None


def open_stream(
    file: BinaryIO,
    name: str,
    raw: int | None = None,
    channels: int = 1,
    close: Callable[[], None] = lambda: None,
) -> SoundSource:
    """Open sound that comes through a pipe; blocks come as soon as something is there.

    Args:
        file: Binary, at the beginning; it need not seek.
        name: What to call it in messages.
        raw: Rate in Hz of 16-bit samples without a header; ``None`` expects a WAV header.
        channels: Of samples without a header.
        close: Called at the end; the pipe stays open without it.

    Raises:
        ValueError: If it is no WAV, or its samples are of an unknown kind.
    """
    if raw:
        form, frames, limit = PcmFormat(raw, channels, "PCM_16", 2), None, None
    else:
        try:
            header = read_header(file)
        except ValueError as error:
            close()
            raise ValueError(f"{name} cannot be read as WAV from a pipe: {error}") from None
        form, (frames, _) = header.format, header.promise()
        limit = None if frames is None else header.told
    chunks = read_samples(file, form, limit)
    where = Path(name), form.sample_rate, form.channels, frames, form.subtype
    return SoundSource(*where, chunks, close, promised=frames)


class _Forward(soundfile.SoundFile):
    """Read front to back: soundfile seeks after each read, and decoders of MP3 then differ."""

    def seekable(self) -> bool:
        return False


def _finished(path: Path, header: WavHeader | None, size: int) -> SoundSource:
    """What libsndfile reads."""
    # soundfile itself cannot encode a name that is not UTF-8; Windows has none
    file = _Forward(path if os.name == "nt" else os.fsencode(path))
    frames = None if file.frames == ENDLESS else file.frames
    promised, note = header.promise(size) if header else (frames, "")
    where = path, file.samplerate, file.channels, frames, file.subtype
    chunks, tags = _read_on(file), file.copy_metadata()
    return SoundSource(*where, chunks, file.close, tags, promised, [note] * bool(note))


def _read_on(file: soundfile.SoundFile) -> Iterator[np.ndarray]:
    """To where the header says, and no further: what lies behind may be no sound."""
    left = file.frames
    while left and len(samples := file.read(min(CHUNK, left), "float32", always_2d=True)):
        left -= len(samples)
        yield samples.T


def _unfinished(path: Path, header: WavHeader, size: int) -> SoundSource:
    """What libsndfile does not read and we do."""
    file, form, there = path.open("rb"), header.format, size - header.begin
    promised, note = header.promise(size)
    everything = promised is None or header.more
    bytes_left = there if everything else min(there, header.told)
    file.seek(header.begin)
    where = path, form.sample_rate, form.channels, bytes_left // form.frame, form.subtype
    chunks = read_samples(file, form, bytes_left)
    return SoundSource(*where, chunks, file.close, {}, promised, [note] * bool(note))


def _contained(path: Path) -> SoundSource:
    """What FFmpeg reads."""
    if not optional.has("av"):
        raise ValueError(f"{path}: {optional.missing('av', 'formats')}")
    track, notes = open_track(path), list[str]()
    where = path, track.sample_rate, track.channels, None, track.subtype
    close = track.container.close
    return SoundSource(*where, track.chunks(notes), close, track.tags, None, notes)


def _header(path: Path, size: int) -> WavHeader | None:
    """Header of a WAV file; nothing if it is another kind, of which others know more."""
    with path.open("rb") as file:
        if file.read(4) not in MAGIC:
            return None
        file.seek(0)
        try:
            header = read_header(file)
        except ValueError:
            return None
        if header.told >= size - header.begin:
            return header
        file.seek(header.begin + header.told)
        return replace(header, more=bool(goes_on(file, header.told)))


def _broken_promise(seconds: float) -> str:
    """A note of how much longer the sound is than its header says."""
    if seconds < 0:
        return f"cut: the header promises {-seconds:.2f} s more than there is"
    return f"the header promises {seconds:.2f} s less than there is: read to the end of the file"


def _reason(error: Exception) -> str:
    """What libsndfile says."""
    return str(getattr(error, "error_string", error)).removeprefix("Error : ").rstrip(".")
