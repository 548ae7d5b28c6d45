"""Another sample rate for sound that comes by blocks."""

from __future__ import annotations

import numpy as np
import soxr


class Resampler:
    """Blocks at one rate in, at another out: to the bit what ``audio.resample`` makes of the whole.

    The output comes late, as its filter has to see some 0.1 s ahead, but it is not shifted in time.
    """

    def __init__(self, from_rate: int, to_rate: int, channels: int) -> None:
        """Start a sound.

        Args:
            from_rate: Of the blocks that come in, in Hz.
            to_rate: Of those that go out, in Hz.
            channels: Rows of a block.
        """
        self._from, self._to, self._channels = from_rate, to_rate, channels
        self._taken = self._given = 0
        self._filter = None
        if from_rate != to_rate:
            self._filter = soxr.ResampleStream(from_rate, to_rate, channels, quality="VHQ")

    def process(self, block: np.ndarray) -> np.ndarray:
        """What ``(channels, samples)`` brings out: ``(channels, some other number)``, float32."""
        self._taken += block.shape[1]
        return self._filtered(block)

    def flush(self) -> np.ndarray:
        """The rest of ``ceil(samples * to_rate / from_rate)``: silence where the filter ended."""
        owed = -(-self._taken * self._to // self._from) - self._given
        rest = self._filtered(np.zeros((self._channels, 0), np.float32), last=True)[:, :owed]
        return np.pad(rest, [(0, 0), (0, owed - rest.shape[1])])

    def _filtered(self, block: np.ndarray, last: bool = False) -> np.ndarray:
        if self._filter is not None:
            block = self._filter.resample_chunk(np.ascontiguousarray(block.T), last).T
        self._given += block.shape[1]
        return block
