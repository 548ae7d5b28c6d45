"""A recording of any rate and length, block by block, through a stream that knows one rate."""

from __future__ import annotations

import numpy as np

from ..sound.resampler import Resampler
from .stream import BlockStream
from .upper_band import Backlog, UpperBand


class AnyRateStream:
    """Blocks of a recording in, blocks out: aligned to the sample, and in the end as long."""

    def __init__(self, stream: BlockStream, sample_rate: int, full_band: bool = True) -> None:
        """Start a recording.

        Args:
            stream: At the network's rate, from silence.
            sample_rate: Of the recording in Hz.
            full_band: Keep what lies above the network's band; see
                :class:`~lstm_se.network.upper_band.UpperBand`.
        """
        own, channels = stream.config.sample_rate, stream.channels
        self._stream, self._channels = stream, channels
        self._down = Resampler(sample_rate, own, channels)
        self._up = Resampler(own, sample_rate, channels)
        self._late = stream.latency  # samples to drop before the first one that is aligned
        self._given = self._taken = 0
        self._upper = None
        if full_band and sample_rate > own:
            self._upper = UpperBand(own, sample_rate, channels)
            self._bands = Backlog(channels), Backlog(channels)

    def process(self, block: np.ndarray) -> np.ndarray:
        """Denoise what has arrived: ``(channels, samples)`` in, as far as it could be done out."""
        self._taken += block.shape[1]
        block = np.asarray(block, np.float32)  # the resampler takes no other, as of soundfile.read
        noisy = self._down.process(block)
        enhanced = self._aligned(self._stream.process(noisy))
        restored = self._up.process(enhanced)
        if self._upper is not None:
            upper = self._upper.process(block, noisy, enhanced)
            restored = self._joined(restored, upper)
        self._given += restored.shape[1]
        return restored

    def flush(self) -> np.ndarray:
        """The rest: with it, as many samples have come out as went in."""
        noisy = self._down.flush()
        last = [self._stream.process(noisy), np.atleast_2d(self._stream.flush())]
        enhanced = self._aligned(np.concatenate(last, axis=1))
        restored = np.concatenate([self._up.process(enhanced), self._up.flush()], axis=1)
        if self._upper is not None:
            upper = [self._upper.process(restored[:, :0], noisy, enhanced), self._upper.flush()]
            restored = self._joined(restored, np.concatenate(upper, axis=1))
        return restored[:, : self._taken - self._given]

    def _aligned(self, enhanced: np.ndarray) -> np.ndarray:
        """Without what comes out before the first sample that went in."""
        drop = min(self._late, enhanced.shape[1])
        self._late -= drop
        return enhanced[:, drop:]

    def _joined(self, *bands: np.ndarray) -> np.ndarray:
        """Sum of the lower and the upper band, as far as both are there."""
        for waiting, band in zip(self._bands, bands, strict=True):
            waiting.append(band)
        count = min(waiting.count for waiting in self._bands)
        lower, upper = (waiting.take(count) for waiting in self._bands)
        return lower + upper
