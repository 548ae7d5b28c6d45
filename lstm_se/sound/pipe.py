"""Sound into a pipe, as it comes."""

from __future__ import annotations

import struct
from typing import BinaryIO

import numpy as np

from .audio import FULL_SCALE
from .sink import above_full_scale

UNKNOWN = 0xFFFF_FFFF  # what a WAV says whose length is not known yet


class PipeSink:
    """Blocks of float as int16 into a pipe, at once: a WAV without end, or no header at all.

    The samples are those that libsndfile would write into a file: it rounds down.

    Attributes:
        clipped: Samples so far that were above full scale.
    """

    def __init__(self, pipe: BinaryIO, sample_rate: int, channels: int, header: bool) -> None:
        """Begin; ``header`` is for WAV."""
        self._pipe, self.clipped = pipe, 0
        if header:
            frame = 2 * channels
            layout = struct.pack(
                "<HHIIHH", 1, channels, sample_rate, sample_rate * frame, frame, 16
            )
            sizes = [struct.pack("<I", size) for size in (UNKNOWN, len(layout), UNKNOWN)]
            parts = [b"RIFF", sizes[0], b"WAVEfmt ", sizes[1], layout, b"data", sizes[2]]
            self._pipe.write(b"".join(parts))

    def write(self, block: np.ndarray) -> None:
        """Send ``(channels, samples)``, float; what is above full scale is clipped."""
        self.clipped += above_full_scale(block)
        pcm = np.floor(np.clip(block.T * FULL_SCALE, -FULL_SCALE, FULL_SCALE - 1))
        self._pipe.write(pcm.astype("<i2").tobytes())
        self._pipe.flush()
