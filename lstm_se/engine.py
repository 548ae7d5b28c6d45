"""The integer denoiser from samples to samples, in NumPy: what every build of the C gives."""

from __future__ import annotations

import numpy as np

from . import frames
from .integer import IntegerNetwork
from .quantize import Quantized

HOP = frames.HOP
LATENCY = frames.HOP  # samples by which the output lags the input


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
        self._level = frames.Level(self.model.config)
        self._heard = np.zeros(HOP, np.int16)
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
        hops = np.concatenate([self._heard, pcm]).reshape(-1, HOP)
        self._heard = hops[-1]
        spectrum = frames.analyse(np.concatenate([hops[:-1], hops[1:]], axis=1))
        seen = frames.features(frames.log_bands(spectrum, self.model.config), self._level)
        masks = np.concatenate([self._network(frame[None]) for frame in seen])
        enhanced = frames.apply_mask(spectrum, masks)
        samples, self._overlap = frames.synthesise(enhanced, self._overlap)
        return samples.ravel()
