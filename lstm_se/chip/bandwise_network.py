"""The network of :mod:`lstm_se.chip.bandwise` in NumPy, bit for bit what C has to compute.

By blocks of frames, as :mod:`lstm_se.network.bandwise_in_numpy` is, and for the same reason:
integers do not depend on who is added to whom first.
"""

from __future__ import annotations

import numpy as np

from ..network.bandwise import sights
from . import fixed
from .bandwise import Bandwise, Block
from .network import IntegerLstm, IntegerNetwork, Product
from .quantize import Quantized


class BandwiseIntegerNetwork(IntegerNetwork):
    """Features of frames in, masks out; between its layers ``(subbands, frames, channels)``.

    The states of the LSTMs over time follow those of the recurrent layers in ``h`` and ``c``, of
    shape ``(subbands, channels)``.
    """

    def __init__(self, model: Quantized, bandwise: Bandwise) -> None:
        """Start from rest."""
        config = model.config
        self._sights = [config.bands + sight for sight in sights(config.subbands)]
        self._split = [Product(*part) for part in bandwise.split]
        self._context, self._inject = Product(*bandwise.context), Product(*bandwise.inject)
        self._blocks = [_IntegerBlock(block) for block in bandwise.blocks]
        lowest, *others = config.subbands
        self._subband_of_gain = np.repeat(np.arange(len(config.subbands)), [1 + lowest, *others])
        super().__init__(model)

    def reset(self) -> None:
        """Forget everything heard so far."""
        super().reset()
        shape = len(self._sights), self.model.config.channels
        self.h += [np.zeros(shape, np.int64) for _ in self._blocks]
        self.c += [np.zeros(shape, np.int64) for _ in self._blocks]

    def masks(self, frames: np.ndarray) -> np.ndarray:
        """Masks of frames that follow each other.

        Shapes are those of :meth:`lstm_se.chip.network.IntegerNetwork.masks`.
        """
        x = self._subbands(frames)
        x = _added(x, self._told(frames[:, : self.model.config.bands]))
        for k, block in enumerate(self._blocks, len(self._layers)):
            x = _added(x, block.across(x))
            along, self.h[k], self.c[k] = block.along(x, self.h[k], self.c[k])
            x = _added(x, along)
        return self._gains(self._joined(x), frames)

    def _subbands(self, frames: np.ndarray) -> np.ndarray:
        """Each sub-band's bins through its own matrix."""
        own = zip(self._split, self._sights, strict=True)
        return fixed.saturate(np.stack([split(frames[:, sight]) for split, sight in own]))

    def _told(self, bands: np.ndarray) -> np.ndarray:
        """What is going on in all bands, for the channels of each sub-band."""
        told = fixed.saturate(self._context(self._heard(bands)))
        return self._inject(told.reshape(len(bands), len(self._sights), -1).swapaxes(0, 1))

    def _joined(self, x: np.ndarray) -> np.ndarray:
        """What each gain's row says to the channels of its sub-band, ``(frames, bins)``."""
        rows, bias = self.model.output.rows, self.model.output.bias
        sums = np.einsum("jnc,jc->nj", x[self._subband_of_gain], rows.weights.astype(np.int64))
        return fixed.requantise(sums + bias, rows.multipliers.astype(np.int64))


class _IntegerBlock:
    """What the layers of a block add to the channels."""

    def __init__(self, block: Block) -> None:
        self._up, self._down, self._time = map(IntegerLstm, (block.up, block.down, block.time))
        self._across, self._along = Product(*block.across), Product(*block.along)

    def across(self, x: np.ndarray) -> np.ndarray:
        """After a look at the other sub-bands."""
        rest = np.zeros((x.shape[1], self._up.units), np.int64)
        up, *_ = self._up(x, rest, rest)
        down, *_ = self._down(x[::-1], rest, rest)
        return self._across(np.concatenate([up, down[::-1]], axis=-1))

    def along(
        self, x: np.ndarray, h: np.ndarray, c: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """After a look back in time, with a memory ``h`` and ``c``, which is returned anew."""
        outputs, h, c = self._time(x.swapaxes(0, 1), h, c)
        return self._along(outputs).swapaxes(0, 1), h, c


def _added(x: np.ndarray, more: np.ndarray) -> np.ndarray:
    """What is handed on: int16."""
    return fixed.saturate(x + more)
