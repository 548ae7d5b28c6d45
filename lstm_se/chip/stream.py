"""The integer denoiser from samples to samples, in NumPy: what every build of the C gives."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import numpy as np

from ..config import Config
from ..network.denoiser import AnyRateDenoiser
from ..sound import audio
from ..workers import Progress
from . import stft
from .network import IntegerNetwork
from .quantize import Quantized
from .stft import HOP

LATENCY = HOP  # samples by which the output lags the input
AT_ONCE = 64 * HOP  # samples that are computed at once, between two steps of a progress bar


class PcmStream(Protocol):
    """Whole hops of int16 in, as many samples out, :data:`LATENCY` later."""

    def reset(self) -> None:
        """Forget everything heard so far."""

    def process(self, pcm: np.ndarray) -> np.ndarray:
        """Denoise ``(hops * 256,)`` int16."""


class IntegerStream:
    """One ``se_state``: hops of 256 samples of int16 in, as many out."""

    def __init__(self, model: Quantized) -> None:
        """Start from silence."""
        self.model = model
        self._network = IntegerNetwork(model)
        self.reset()

    def reset(self) -> None:
        """Forget everything heard so far."""
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
        masks = np.concatenate([self._network(frame[None]) for frame in features])
        samples, self._overlap = stft.synthesise(stft.apply_mask(spectrum, masks), self._overlap)
        return samples.ravel()


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
        after the frame; all of one dimension, int64.
    """
    network, level = IntegerNetwork(model), stft.Level(model.config)
    spectrum = _spectra(np.zeros(HOP, np.int16), pcm)
    for features in stft.fixed_features(stft.log_bands(spectrum, model.config), level):
        stages = {"features": features, "mask": network(features[None])[0]}
        for i, (h, c) in enumerate(zip(network.h, network.c, strict=True)):
            stages |= {f"h{i}": h[0], f"c{i}": c[0]}
        yield stages


class PcmDenoiser(AnyRateDenoiser):
    """Recordings through a stream of int16; what is above full scale is clipped."""

    def __init__(self, config: Config, stream: PcmStream) -> None:
        """Send all sound through ``stream``."""
        self.config, self._stream = config, stream

    def _enhance(self, noisy: np.ndarray, progress: Progress) -> np.ndarray:
        return np.stack([self._enhance_channel(pcm, progress) for pcm in audio.to_pcm(noisy)])

    def _enhance_channel(self, pcm: np.ndarray, progress: Progress) -> np.ndarray:
        """One channel of int16 at the network's rate, as float32."""
        padded = np.pad(pcm, (0, LATENCY + -len(pcm) % HOP))
        begins = progress(range(0, len(padded), AT_ONCE))
        self._stream.reset()
        blocks = [self._stream.process(padded[begin : begin + AT_ONCE]) for begin in begins]
        samples = np.concatenate(blocks)[LATENCY : LATENCY + len(pcm)]
        return samples.astype(np.float32) / np.float32(audio.FULL_SCALE)

    def stream(self) -> RoundedStream:
        """Start a stream; it ends with the next stream or recording, as there is one state."""
        self._stream.reset()
        return RoundedStream(self._stream)


class RoundedStream:
    """A stream of int16 for sound in float: it is rounded, and waits until a hop is whole."""

    latency = LATENCY

    def __init__(self, stream: PcmStream) -> None:
        """Send all sound through ``stream``, and begin where that one is."""
        self._stream, self._waiting = stream, np.zeros(0, np.int16)

    def process(self, block: np.ndarray) -> np.ndarray:
        """Denoise any number of samples, float ``(samples,)``, into whole hops, float32."""
        waiting = np.append(self._waiting, audio.to_pcm(block))
        pcm, self._waiting = np.split(waiting, [len(waiting) // HOP * HOP])
        return self._stream.process(pcm).astype(np.float32) / np.float32(audio.FULL_SCALE)
