"""The integer denoiser from samples to samples, in NumPy: what every build of the C gives."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Protocol

import numpy as np

from ..config import Config
from ..sound import audio
from . import stft
from .network import IntegerNetwork
from .quantize import Quantized
from .stft import HOP

LATENCY = HOP  # samples by which the output lags the input
HOPS_AT_ONCE = 64  # hops that are computed at once, between two steps of a progress bar


class PcmStream(Protocol):
    """Whole hops of int16 in, as many samples out, :data:`LATENCY` later."""

    def reset(self) -> None:
        """Forget everything heard so far."""
        ...

    def process(self, pcm: np.ndarray) -> np.ndarray:
        """Denoise ``(hops * 256,)`` int16."""
        ...


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
        enhanced = stft.apply_mask(spectrum, masks)
        samples, self._overlap = stft.synthesise(enhanced, self._overlap)
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


class PcmDenoiser:
    """Recordings through a stream of int16: used as ``denoiser.Denoiser`` is."""

    def __init__(self, config: Config, stream: PcmStream) -> None:
        """Send all sound through ``stream``."""
        self.config = config
        self._stream = stream

    def __call__(self, noisy: np.ndarray) -> np.ndarray:
        """:meth:`enhance` at the network's own rate."""
        return self.enhance(noisy)

    def enhance(
        self,
        noisy: np.ndarray,
        sample_rate: int | None = None,
        progress: Callable[[Iterable[int]], Iterable[int]] = iter,
    ) -> np.ndarray:
        """Remove the noise from a recording; what is above full scale is clipped.

        Args:
            noisy: Shape ``(samples,)`` or ``(channels, samples)``, float in [-1, 1].
            sample_rate: Of ``noisy`` in Hz; 16,000 if ``None``.
            progress: Wraps the range of blocks, for instance ``tqdm``.

        Returns:
            Same shape, aligned with the input to the sample, float32.

        Raises:
            ValueError: If there is no sample.
        """
        if not noisy.size:
            raise ValueError("cannot enhance an empty recording: it has 0 samples")
        network_rate = self.config.sample_rate
        rate = sample_rate or network_rate
        channels = np.atleast_2d(noisy)
        pcm = audio.to_pcm(audio.resample(channels, rate, network_rate))
        enhanced = np.stack([self._enhance(channel, progress) for channel in pcm])
        restored = audio.resample(enhanced, network_rate, rate)
        return restored[:, : channels.shape[1]].reshape(noisy.shape)

    def _enhance(self, pcm: np.ndarray, progress: Callable) -> np.ndarray:
        """One channel at the network's rate, float32."""
        hops = -(-(len(pcm) + LATENCY) // HOP)
        padded = np.pad(pcm, (0, hops * HOP - len(pcm)))
        self._stream.reset()
        blocks = [
            self._stream.process(padded[begin * HOP : (begin + HOPS_AT_ONCE) * HOP])
            for begin in progress(range(0, hops, HOPS_AT_ONCE))
        ]
        samples = np.concatenate(blocks)[LATENCY : LATENCY + len(pcm)]
        return samples.astype(np.float32) / np.float32(audio.FULL_SCALE)
