"""Headers of WAV files, read front to back: for pipes, and for what a killed recorder left."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
import soundfile

MAGIC = (b"RIFF", b"RF64", b"BW64")
CHUNK = 1 << 16  # frames that are decoded at once
UNTOLD = 0x7FFF_0000  # bytes from which a size stands for "not known yet", unless as much is there
EXTENSIBLE = 0xFFFE
MOST_CHANNELS = 1024  # of libsndfile
SUBTYPES = {
    (1, 8): "PCM_U8",
    (1, 16): "PCM_16",
    (1, 24): "PCM_24",
    (1, 32): "PCM_32",
    (3, 32): "FLOAT",
    (3, 64): "DOUBLE",
    (6, 8): "ALAW",
    (7, 8): "ULAW",
}


@dataclass(frozen=True)
class PcmFormat:
    """How bytes become samples.

    Attributes:
        sample_rate: In Hz.
        channels: Interleaved.
        subtype: As soundfile names it, for instance ``"PCM_16"``.
        width: Bytes of a sample.
    """

    sample_rate: int
    channels: int
    subtype: str
    width: int

    @property
    def frame(self) -> int:
        """Bytes of one sample of every channel."""
        return self.channels * self.width

    def decode(self, content: bytes) -> np.ndarray:
        """Bytes of whole frames to float32, shape ``(channels, samples)``."""
        samples, _ = soundfile.read(
            io.BytesIO(content),
            dtype="float32",
            always_2d=True,
            format="RAW",
            subtype=self.subtype,
            endian="LITTLE",
            samplerate=self.sample_rate,
            channels=self.channels,
        )
        return samples.T


@dataclass(frozen=True)
class WavHeader:
    """What stands before the samples of a WAV file.

    Attributes:
        format: How its bytes become samples.
        begin: Bytes before the first sample.
        told: Bytes of samples, as the header has it.
        end: Bytes of the whole file, as the header has it.
        more: Whether samples go on where they should end; known of a file only, not of a pipe.
    """

    format: PcmFormat
    begin: int
    told: int
    end: int
    more: bool = False

    def promise(self, size: int | None = None) -> tuple[int | None, str]:
        """Samples of each channel that the header promises, and what is odd about that.

        Args:
            size: Bytes that the whole file has; ``None`` for a pipe.

        Returns:
            ``None`` in place of the number if the header was never finished.
        """
        empty = self.begin < self.end < UNTOLD  # with something else behind no samples
        too_much = size is None or self.told > size - self.begin
        if (self.told == 0 and not empty) or (self.told >= UNTOLD and too_much):
            return None, "the header tells no length: read to the end of the file"
        return self.told // self.format.frame, ""


def read_header(file: BinaryIO) -> WavHeader:
    """Read up to the first sample; never backwards.

    Args:
        file: At its beginning; a pipe will do.

    Raises:
        ValueError: If it is no WAV file, or its samples are of a kind that is not in
            ``SUBTYPES``; the reason, without the name of the file.
    """
    magic, size, wave = struct.unpack("<4sI4s", _take(file, 12).ljust(12))
    if magic not in MAGIC or wave != b"WAVE":
        raise ValueError("it is no WAV")
    told, begin, form = None, 12, None
    while len(head := _take(file, 8)) == 8:
        (name, length), begin = struct.unpack("<4sI", head), begin + 8
        if name == b"data":
            if form is None:
                raise ValueError("it has no format before its samples")
            return WavHeader(form, begin, length if told is None else told, size + 8)
        body = _take(file, min(length, 64)) if name in (b"fmt ", b"ds64") else b""
        if name == b"fmt ":
            form = _format(body)
        elif len(body) >= 16:
            size, told = struct.unpack("<QQ", body[:16])
        _skip(file, length + length % 2 - len(body))
        begin += length + length % 2
    raise ValueError("it has no samples")


def read_samples(file: BinaryIO, form: PcmFormat, limit: int | None) -> Iterator[np.ndarray]:
    """Decode what comes, as it comes: a pipe is never waited for when it has given something.

    Args:
        file: At the first sample.
        form: How its bytes become samples.
        limit: Bytes of samples, as far as no more of them follow; ``None`` reads to the end.

    Yields:
        float32, shape ``(channels, samples)``.
    """
    rest = b""
    for piece in _pieces(file, CHUNK * form.frame, limit):
        rest += piece
        whole = len(rest) - len(rest) % form.frame
        if whole:
            yield form.decode(rest[:whole])
        rest = rest[whole:]


def goes_on(file: BinaryIO, told: int) -> bytes:
    """The first bytes of samples that lie where they should have ended; nothing if they have.

    A recorder may have been killed after it wrote the right size for the last time, and of a size
    beyond 4 GiB the header has the rest. A chunk that follows begins with four letters.

    Args:
        file: At the end that its header tells.
        told: Bytes of samples up to there; behind an odd number a chunk may begin one byte later.
    """
    behind = _take(file, 9)
    names = [behind[at : at + 4] for at in range(1 + told % 2)]
    return b"" if len(behind) < 8 or any(map(_is_name, names)) else behind


def _pieces(file: BinaryIO, size: int, limit: int | None) -> Iterator[bytes]:
    """Bytes of samples, ``size`` at most: as many as there should be, and those that go on."""
    read, left = getattr(file, "read1", file.read), limit
    while piece := read(size if left is None else min(left, size)):
        left = None if left is None else left - len(piece)
        yield piece
    if limit is not None and left == 0 and (more := goes_on(file, limit)):
        yield more
        yield from _pieces(file, size, None)


def _is_name(name: bytes) -> bool:
    """Whether four bytes name a chunk: letters and digits, some with a space or an underscore."""
    return name.translate(None, b" _").isalnum()


def _format(body: bytes) -> PcmFormat:
    """The chunk "fmt "."""
    if len(body) < 16:
        raise ValueError("its format is cut")
    code, channels, rate, _, _, bits = struct.unpack("<HHIIHH", body[:16])
    if code == EXTENSIBLE and len(body) >= 26:
        (code,) = struct.unpack("<H", body[24:26])  # its first letters are the plain code
    width = -(-bits // 8)  # 12 or 20 bits lie in 2 or 3 bytes
    subtype = SUBTYPES.get((code, 8 * width if code == 1 else bits))
    if subtype is None or not 0 < channels <= MOST_CHANNELS or not 0 < rate < 2**31:
        kind = f"{channels} channels of {bits} bits at {rate} Hz"
        raise ValueError(f"its format {code} with {kind} is unknown")
    return PcmFormat(rate, channels, subtype, width)


def _take(file: BinaryIO, count: int) -> bytes:
    """So many bytes, in however small pieces a pipe gives them; fewer at the end."""
    taken = b""
    while len(taken) < count and (piece := file.read(count - len(taken))):
        taken += piece
    return taken


def _skip(file: BinaryIO, count: int) -> None:
    """Leave out so many bytes."""
    if file.seekable():
        file.seek(count, io.SEEK_CUR)
        return
    while count > 0 and (piece := file.read(min(count, CHUNK))):
        count -= len(piece)
