"""The integer denoiser from samples to samples, in NumPy: what every build of the C gives."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

import numpy as np

from ..config import Config
from ..network.denoiser import AnyRateDenoiser
from ..network.stream import HopStream
from ..sound import audio
from . import fixed, stft
from .bandwise_network import BandwiseIntegerNetwork
from .network import IntegerNetwork
from .quantize import Quantized
from .stft import HOP

LATENCY = HOP  # samples by which the output lags the input


class PcmStream(Protocol):
    """Whole hops of int16 in, as many samples out, :data:`LATENCY` later."""

    def reset(self) -> None:
        """Forget everything heard so far; the limit stays."""

    def set_limit(self, limit_db: float | None) -> None:
        """Turn no frequency down by more whole dB from the next hop on; ``None``: no limit."""

    def process(self, pcm: np.ndarray) -> np.ndarray:
        """Denoise ``(hops * 256,)`` int16."""


class IntegerStream:
    """One ``se_state``: hops of 256 samples of int16 in, as many out."""

    def __init__(self, model: Quantized, limit_db: float | None = None) -> None:
        """Start from silence, with a limit as :meth:`set_limit` takes it."""
        self.model = model
        self._network = integer_network(model)
        self.set_limit(limit_db)
        self.reset()

    def set_limit(self, limit_db: float | None) -> None:
        """Turn no frequency down by more from the next hop on.

        Args:
            limit_db: Whole dB from 0 up; ``None`` for no limit.

        Raises:
            ValueError: If it is no whole number of dB from 0 up.
        """
        self._least_gain = fixed.least_gain_q15(fixed.whole_decibels(limit_db))

    def reset(self) -> None:
        """Forget everything heard so far; the limit stays."""
        self._network.reset()
        self._level = stft.Level(self.model.config)
        self._last_hop = np.zeros(HOP, np.int16)
        self._overlap = np.zeros(HOP, np.float32)

    def process(self, pcm: np.ndarray) -> np.ndarray:
        """Denoise whole hops.

        Args:
            pcm: int16, shape ``(hops * 256,)``.

        Returns:
            As many samples, int16, 256 later.

        Raises:
            ValueError: If it is no int16 or no whole number of hops.
        """
        if pcm.dtype != np.int16 or pcm.ndim != 1 or len(pcm) % HOP:
            raise ValueError(f"{pcm.shape} of {pcm.dtype}: give int16 in hops of {HOP} samples")
        if not len(pcm):
            return pcm
        spectrum = _spectra(self._last_hop, pcm)
        self._last_hop = pcm[-HOP:].copy()
        features = stft.fixed_features(stft.log_bands(spectrum, self.model.config), self._level)
        gains = np.maximum(self._network.masks(features), self._least_gain)
        samples, self._overlap = stft.synthesise(stft.apply_mask(spectrum, gains), self._overlap)
        return samples.ravel()


def integer_network(model: Quantized) -> IntegerNetwork:
    """The network of a model, at rest."""
    if model.bandwise:
        return BandwiseIntegerNetwork(model, model.bandwise)
    return IntegerNetwork(model)


def _spectra(last_hop: np.ndarray, pcm: np.ndarray) -> np.ndarray:
    """Spectra of whole hops, each together with the one before: ``(hops, 512)``."""
    hops = np.concatenate([last_hop, pcm]).reshape(-1, HOP)
    return stft.analyse(np.concatenate([hops[:-1], hops[1:]], axis=1))


def integer_stages(model: Quantized, pcm: np.ndarray) -> Iterator[dict[str, np.ndarray]]:
    """What the integers are in each frame of a sound, from silence on.

    Args:
        model: Quantized network.
        pcm: int16, shape ``(hops * 256,)``.

    Yields:
        ``features`` (Q2.13), ``mask`` (Q0.15), and ``hN`` (Q0.15) and ``cN`` (Q4.11) of each layer
        with memory after the frame; all of one dimension, int64.
    """
    network, level = integer_network(model), stft.Level(model.config)
    spectrum = _spectra(np.zeros(HOP, np.int16), pcm)
    for features in stft.fixed_features(stft.log_bands(spectrum, model.config), level):
        stages = {"features": features, "mask": network.masks(features[None])[0]}
        for i, (h, c) in enumerate(zip(network.h, network.c, strict=True)):
            stages |= {f"h{i}": h.ravel(), f"c{i}": c.ravel()}
        yield stages


class PcmDenoiser(AnyRateDenoiser):
    """Recordings through streams of int16; what is above full scale is clipped."""

    clips = True

    def __init__(self, config: Config, start: Callable[[], PcmStream]) -> None:
        """Send each channel of a recording through a stream of its own, which ``start`` makes."""
        self.config, self._start_one = config, start

    def stream(self, channels: int = 1) -> PcmBlocks:
        """Start a stream."""
        return PcmBlocks(self.config, [self._start_one() for _ in range(channels)])

    def block_stream(self, channels: int) -> PcmBlocks:
        """A stream: integers never need to know the future."""
        return self.stream(channels)


class PcmBlocks(HopStream):
    """Blocks of float through streams of int16, one for each channel."""

    def __init__(self, config: Config, streams: Sequence[PcmStream]) -> None:
        """Start from silence."""
        self._streams = streams
        super().__init__(config, len(streams))

    def _start(self) -> None:
        for stream in self._streams:
            stream.reset()

    def _hops(self, samples: np.ndarray) -> np.ndarray:
        both = zip(self._streams, audio.to_pcm(samples), strict=True)
        enhanced = np.stack([stream.process(pcm) for stream, pcm in both])
        return enhanced.astype(np.float32) / np.float32(audio.FULL_SCALE)
