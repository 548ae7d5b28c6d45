"""Denoising with a trained model in NumPy: whole recordings and streams."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable

import numpy as np

from ..config import Config
from ..sound import features, stft
from ..workers import Progress
from .any_rate import AnyRateStream
from .bandwise_in_numpy import BandwiseNetwork
from .in_numpy import MaskNetwork, Weights
from .stream import BlockStream, Stream, WholeStream

Maker = Callable[[Weights, Config], MaskNetwork]


def network_at_rest(weights: Weights, config: Config) -> MaskNetwork:
    """The network that ``config`` describes, before it has heard anything."""
    return (BandwiseNetwork if config.subbands else MaskNetwork)(weights, config)


class AnyRateDenoiser(ABC):
    """Recordings of any rate and length through a denoiser that knows its own rate only.

    Attributes:
        config: Of the model.
        clips: Whether it can hold no sample above full scale.
    """

    config: Config
    clips = False

    def __call__(self, noisy: np.ndarray) -> np.ndarray:
        """:meth:`enhance` at the network's own rate."""
        return self.enhance(noisy)

    def enhance(
        self,
        noisy: np.ndarray,
        sample_rate: int | None = None,
        progress: Progress = iter,
        full_band: bool = True,
    ) -> np.ndarray:
        """Remove the noise from a recording.

        Args:
            noisy: Shape ``(samples,)`` or ``(channels, samples)``, float in [-1, 1]; channels are
                denoised on their own.
            sample_rate: Of ``noisy`` in Hz; the network's own if ``None``. From another rate the
                sound is resampled and back.
            progress: Wraps the range of the blocks of a second, for instance ``tqdm``.
            full_band: Keep what lies above the network's band, turned down as the top of it is.

        Returns:
            Same shape, aligned with the input to the sample, float32.

        Raises:
            ValueError: If there is no sample.
        """
        if not noisy.size:
            raise ValueError("cannot enhance an empty recording: it has 0 samples")
        rate = sample_rate or self.config.sample_rate
        channels = np.atleast_2d(noisy)
        stream = self.any_rate_stream(len(channels), rate, full_band)
        begins = progress(range(0, channels.shape[1], rate))
        parts = [stream.process(channels[:, begin : begin + rate]) for begin in begins]
        return np.concatenate([*parts, stream.flush()], axis=1).reshape(noisy.shape)

    def any_rate_stream(
        self, channels: int, sample_rate: int, full_band: bool = True
    ) -> AnyRateStream:
        """Start a recording of any length: blocks in, blocks out, aligned and as long."""
        return AnyRateStream(self.block_stream(channels), sample_rate, full_band)

    @abstractmethod
    def block_stream(self, channels: int) -> BlockStream:
        """Start a recording at the network's rate; one that comes out at its end if it must."""


class Denoiser(AnyRateDenoiser):
    """A mask network with its weights; it keeps no sound, so one serves many callers."""

    def __init__(
        self,
        config: Config,
        weights: Weights,
        make: Maker = network_at_rest,
        limit_db: float | None = None,
    ) -> None:
        """Use a trained model.

        Args:
            config: Of the model.
            weights: Named and shaped as :func:`lstm_se.network.in_numpy.shapes` says.
            make: Starts the network of each recording.
            limit_db: No frequency is turned down by more than this; ``None``: without limit.

        Raises:
            ValueError: If the limit is negative.
        """
        self.config, self.weights, self._make = config, weights, make
        self._floor = features.gain_floor(limit_db)

    def stream(self, channels: int = 1) -> Stream:
        """Start a stream.

        Raises:
            ValueError: If the model needs to know the future.
        """
        return Stream(self.config, channels, self.masker)

    def block_stream(self, channels: int) -> BlockStream:
        """A stream, or, for a model that needs to know the future, the whole at the end."""
        if self.config.streams:
            return self.stream(channels)
        return WholeStream(self.config, channels, self._enhance_whole)

    def masker(self) -> Masker:
        """Start the masks of a recording or a stream."""
        return Masker(self.config, self.weights, self._make, self._floor)

    def _enhance_whole(self, noisy: np.ndarray) -> np.ndarray:
        """Enhance ``(channels, samples)`` at the network's rate."""
        c, samples = self.config, noisy.shape[-1]
        segment = int(c.segment_seconds * c.sample_rate)
        scope = segment if c.normalisation_scope == "segment" else None
        change = features.normalisation(noisy, c.normalisation, scope)
        spectrum = stft.stft(change.apply(noisy), c.n_fft, c.hop_length, c.center)
        masker = self.masker()
        spectrum *= masker.masks(spectrum)
        return change.undo(stft.istft(spectrum, samples, c.n_fft, c.hop_length, c.center))


class Masker:
    """Noisy spectrum of one frame to its mask; remembers level and recurrent states."""

    def __init__(
        self, config: Config, weights: Weights, make: Maker = network_at_rest, floor: float = 0.0
    ) -> None:
        """Start from silence; no gain falls below ``floor``."""
        self.config, self._floor = config, np.float32(floor)
        self._level, self._network = features.RunningLevel(config), make(weights, config)

    def __call__(self, spectrum: np.ndarray) -> np.ndarray:
        """Mask of a frame: ``(channels, bins)`` complex in, ``(channels, bins)`` in [0, 1] out."""
        return self.masks(spectrum[:, None])[:, 0]

    def masks(self, spectrum: np.ndarray) -> np.ndarray:
        """Masks of frames that follow each other, ``(channels, frames, bins)``."""
        power = np.ascontiguousarray((spectrum.real**2 + spectrum.imag**2).swapaxes(0, 1))
        frames = [features.features(frame, self.config, self._level) for frame in power]
        masks = self._network.masks(np.stack(frames))
        if self.config.mask == "bands":
            masks = masks @ features.inverse_bank_of(self.config)
        return np.maximum(masks, self._floor).swapaxes(0, 1)
