"""Sound that comes in by blocks and leaves by blocks, through any of the engines."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Protocol

import numpy as np

from ..config import Config
from ..sound import stft


class Masks(Protocol):
    """Finds masks; :class:`~lstm_se.network.denoiser.Masker` does."""

    def masks(self, spectrum: np.ndarray) -> np.ndarray:
        """Masks of frames that follow each other, ``(channels, frames, bins)`` both."""
        ...


class BlockStream(ABC):
    """Blocks of any length in, blocks out; the output lags by :attr:`latency` samples.

    Attributes:
        config: Of the model.
        channels: Rows of a block.
        latency: Samples by which the output lags the input, beside the wait for a full hop.
    """

    config: Config
    channels: int
    latency: int

    @abstractmethod
    def reset(self) -> None:
        """Forget everything heard so far."""

    @abstractmethod
    def process(self, block: np.ndarray) -> np.ndarray:
        """Denoise what has arrived.

        Args:
            block: Any number of samples, shape ``(samples,)`` or ``(channels, samples)``.

        Returns:
            What could be finished, in the shape's own number of dimensions.

        Raises:
            ValueError: If the block has another number of channels.
        """

    @abstractmethod
    def flush(self) -> np.ndarray:
        """The samples that are still held back; then the stream starts afresh.

        Returns:
            Shape ``(channels, samples)``, or ``(samples,)`` for one channel. All that came out,
            without the first :attr:`latency` samples, is as long as all that went in.
        """

    def _rows(self, block: np.ndarray) -> np.ndarray:
        """The block as ``(channels, samples)``, float32."""
        rows = np.atleast_2d(block)
        if rows.shape[0] != self.channels:
            raise ValueError(f"block of shape {block.shape}: this stream has {self.channels} rows")
        return rows.astype(np.float32, copy=False)


class HopStream(BlockStream):
    """A stream that works by hops: it keeps what is not a whole one for the next block."""

    def __init__(self, config: Config, channels: int) -> None:
        """Start from silence."""
        self.config, self.channels = config, channels
        self.latency = config.n_fft - config.hop_length
        self.reset()

    def reset(self) -> None:
        """Forget everything heard so far."""
        self._waiting = np.zeros((self.channels, 0), np.float32)
        self._start()

    def process(self, block: np.ndarray) -> np.ndarray:
        """As many whole hops as could be finished; see :meth:`BlockStream.process`."""
        arrived = np.concatenate([self._waiting, self._rows(block)], axis=1)
        whole = arrived.shape[1] // self.config.hop_length * self.config.hop_length
        self._waiting = arrived[:, whole:]
        enhanced = self._hops(arrived[:, :whole]) if whole else arrived[:, :0]
        return enhanced if block.ndim == 2 else enhanced[0]

    def flush(self) -> np.ndarray:
        """What latency and an unfinished hop held back; see :meth:`BlockStream.flush`."""
        owed = self.latency + self._waiting.shape[1]
        zeros = self.latency + -owed % self.config.hop_length
        last = self.process(np.zeros((self.channels, zeros), np.float32))[:, :owed]
        self.reset()
        return last if self.channels > 1 else last[0]

    @abstractmethod
    def _start(self) -> None:
        """Start the engine from silence."""

    @abstractmethod
    def _hops(self, samples: np.ndarray) -> np.ndarray:
        """Denoise whole hops, float32 ``(channels, samples)``."""


class Stream(HopStream):
    """The float denoiser, hop by hop."""

    def __init__(self, config: Config, channels: int, start: Callable[[], Masks]) -> None:
        """Start from silence.

        Args:
            config: Of the model.
            channels: Rows of a block.
            start: Makes what turns the spectra of frames into their masks.

        Raises:
            ValueError: If the model needs to know the future.
        """
        if not config.streams:
            why = "centre padding" if config.center else f"normalisation {config.normalisation!r}"
            raise ValueError(f"model {config.name!r} cannot stream: {why} looks into the future")
        self._make = start
        self._window = stft.sqrt_hann(config.n_fft)
        self._gain = stft.synthesis_gain(config.n_fft, config.hop_length)
        super().__init__(config, channels)

    def _start(self) -> None:
        self._masker = self._make()
        self._heard, self._sum = np.zeros((2, self.channels, self.latency), np.float32)

    def _hops(self, samples: np.ndarray) -> np.ndarray:
        c = self.config
        heard = np.concatenate([self._heard, samples], axis=1)
        self._heard = heard[:, -self.latency :]
        frames = np.lib.stride_tricks.sliding_window_view(heard, c.n_fft, -1)[:, :: c.hop_length]
        spectrum = np.fft.rfft(frames * self._window).astype(np.complex64)
        spectrum *= self._masker.masks(spectrum)
        pieces = np.fft.irfft(spectrum, c.n_fft).astype(np.float32) * self._window
        summed = stft.overlap_add(pieces, c.hop_length, self._sum)
        finished, self._sum = np.split(summed, [samples.shape[1]], axis=1)
        return (finished.reshape(self.channels, -1, c.hop_length) / self._gain).reshape(
            samples.shape
        )


class WholeStream(BlockStream):
    """For a model that has to know the whole sound: all of it comes out at the end."""

    latency = 0

    def __init__(
        self, config: Config, channels: int, enhance: Callable[[np.ndarray], np.ndarray]
    ) -> None:
        """Collect what ``enhance`` will be given: ``(channels, samples)`` in and out."""
        self.config, self.channels, self._enhance = config, channels, enhance
        self.reset()

    def reset(self) -> None:
        """Forget everything heard so far."""
        self._heard: list[np.ndarray] = []

    def process(self, block: np.ndarray) -> np.ndarray:
        """Keep a copy of the block; nothing comes out yet."""
        self._heard.append(self._rows(block).copy())
        return block[..., :0].astype(np.float32)

    def flush(self) -> np.ndarray:
        """All of the sound, enhanced; see :meth:`BlockStream.flush`."""
        heard = np.concatenate([np.zeros((self.channels, 0), np.float32), *self._heard], axis=1)
        self.reset()
        enhanced = self._enhance(heard) if heard.size else heard
        return enhanced if self.channels > 1 else enhanced[0]
