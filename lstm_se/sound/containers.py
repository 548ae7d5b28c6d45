"""Sound in files that libsndfile cannot read: of phones, of browsers, of cameras."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from .. import optional

CONTAINERS = (
    *(".m4a", ".m4b", ".mp4", ".m4v", ".mov", ".3gp", ".aac", ".webm", ".mka", ".mkv", ".weba"),
    *(".wma", ".wmv", ".avi", ".flv", ".mpg", ".mpeg", ".amr", ".ac3", ".ape", ".wv"),
)
MATROSKA = bytes.fromhex("1a45dfa3")  # and WebM
SUBTYPES_OF_WIDE = {"s32": "PCM_24", "s32p": "PCM_24"}
TAGS = ("title", "artist", "album", "comment", "copyright", "date", "genre", "license")


def is_container(path: Path) -> bool:
    """Whether a file looks like one, by its name or, as phones misname many, by its first bytes."""
    with path.open("rb") as file:
        head = file.read(8)
    return path.suffix.lower() in CONTAINERS or head[4:] == b"ftyp" or head[:4] == MATROSKA


@dataclass(frozen=True)
class Track:
    """The first sound of a container.

    Attributes:
        path: Of the file.
        container: Open; to be closed.
        sample_rate: In Hz.
        channels: Of the sound.
        subtype: How a WAV file would best store it.
        tags: Title, artist and the like.
    """

    path: Path
    container: Any
    sample_rate: int
    channels: int
    subtype: str
    tags: dict[str, str]

    def chunks(self, notes: list[str]) -> Iterator[np.ndarray]:
        """Decode all of it, float32 of shape ``(channels, samples)``.

        Args:
            notes: A line goes here if something had to be left out.

        Raises:
            ValueError: If its rate or its channels change on the way.
        """
        av, stream = _library(), self.container.streams.audio[0]
        same = {"layout": stream.layout, "rate": stream.rate}
        resampler, forms = av.AudioResampler(format="fltp", **same), set()
        try:
            for frame in self._frames(notes):
                forms.add((frame.sample_rate, frame.layout.nb_channels))
                if len(forms) > 1:
                    raise ValueError(
                        f"{self.path} changes its rate or channels on the way: convert it to WAV"
                    )
                yield from (piece.to_ndarray() for piece in resampler.resample(frame))
        except av.error.FFmpegError:
            notes.append("damaged: its end cannot be read and is left out")

    def _frames(self, notes: list[str]) -> Iterator[Any]:
        """What can be decoded: FFmpeg names damage in many ways, and not as invalid data only."""
        unreadable, damaged = _library().error.FFmpegError, 0
        for packet in self.container.demux(self.container.streams.audio[0]):
            try:
                yield from packet.decode()
            except unreadable:
                damaged += 1
        if damaged:
            notes.append(f"damaged: {damaged} packets could not be decoded and are left out")


def open_track(path: Path) -> Track:
    """Open the first sound of a container.

    Raises:
        ValueError: If the library is not installed, cannot read the file, or finds no sound in it.
    """
    av = _library()
    try:
        # what stands before a colon would else be a protocol
        container = av.open(f"file:{path}", metadata_errors="replace")
    except av.error.FFmpegError as error:
        raise ValueError(f"{path} is not a sound file that can be read: {error.strerror}") from None
    if not container.streams.audio:
        container.close()
        raise ValueError(f"{path} has no sound in it: it is a video without a sound track")
    stream = container.streams.audio[0]
    if not (stream.codec_context and stream.format):
        container.close()
        raise ValueError(f"{path} has sound that FFmpeg cannot decode: it is damaged or unknown")
    found = {key.lower(): value for key, value in {**container.metadata, **stream.metadata}.items()}
    tags = {key: found[key] for key in TAGS if key in found}
    subtype = SUBTYPES_OF_WIDE.get(stream.format.name, "PCM_16")
    return Track(path, container, stream.rate, stream.channels, subtype, tags)


def _library() -> Any:
    """PyAV: FFmpeg's decoders."""
    return optional.module("av", "av", "formats")
