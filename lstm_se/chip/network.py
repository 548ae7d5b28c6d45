"""The mask network in integers: what the firmware computes, bit for bit, in NumPy."""

from __future__ import annotations

import numpy as np

from ..network.in_numpy import local, neighbours
from . import fixed
from .matrices import Recurrent, Rows
from .quantize import Quantized


class IntegerNetwork:
    """Features of a sound in, masks out, in integers; the state is in ``h`` and ``c``."""

    def __init__(self, model: Quantized) -> None:
        """Start from rest."""
        self.model = model
        self._layers = [IntegerLstm(layer) for layer in model.layers]
        self._output = Product(model.output.rows, model.output.bias)
        self._neighbours = neighbours(model.config)
        self.reset()

    def reset(self) -> None:
        """Forget everything heard so far."""
        self.h = [np.zeros((1, layer.units), np.int64) for layer in self.model.layers]
        self.c = [np.zeros((1, layer.units), np.int64) for layer in self.model.layers]

    def masks(self, frames: np.ndarray) -> np.ndarray:
        """Masks of frames that follow each other.

        Args:
            frames: Q2.13, shape ``(frames, inputs)``, integer.

        Returns:
            Q15, shape ``(frames, outputs)``, int64.
        """
        return self._gains(self._output(self._heard(frames)), frames)

    def _heard(self, bands: np.ndarray) -> np.ndarray:
        """Outputs of the last recurrent layer, Q0.15, ``(frames, units)``."""
        x = bands[:, None]
        for k, layer in enumerate(self._layers):
            x, self.h[k], self.c[k] = layer(x, self.h[k], self.c[k])
        return x[:, 0]

    def _gains(self, logits: np.ndarray, features: np.ndarray) -> np.ndarray:
        """Masks from what the last layer says and from the local view."""
        if rows := self.model.output.local:
            near = local(features, rows.weights.T, self._neighbours)
            logits = logits + fixed.requantise(near, rows.multipliers)
        return fixed.sigmoid_q15(fixed.saturate(logits))


class Product:
    """A linear layer, not saturated: exact in float64, whose products BLAS adds fast."""

    def __init__(self, rows: Rows, bias: np.ndarray) -> None:
        """Of a matrix and what its sums begin with."""
        self._weights = rows.weights.T.astype(np.float64)
        self._bias, self._multipliers = bias, rows.multipliers.astype(np.int64)

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """Shape ``(..., inputs)`` to ``(..., outputs)``, int64."""
        sums = (x.astype(np.float64) @ self._weights).astype(np.int64) + self._bias
        return fixed.requantise(sums, self._multipliers)


class IntegerLstm:
    """An LSTM layer that remembers nothing itself."""

    def __init__(self, layer: Recurrent) -> None:
        """Of its integers."""
        self._product = Product(layer.rows, layer.bias)
        self._shift = fixed.UNIT_BITS - layer.rows.bits
        self.units, self._clip = layer.units, layer.clip

    def __call__(
        self, x: np.ndarray, h: np.ndarray, c: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Take steps, for any number of rows at once.

        Args:
            x: What it reads, shape ``(steps, rows, inputs)``.
            h: Output before the first step, Q0.15, shape ``(rows, units)``.
            c: Cell state before it, Q4.11, of the same shape.

        Returns:
            Outputs, shape ``(steps, rows, units)``, and ``h`` and ``c`` after the last step.
        """
        outputs = np.empty((len(x), *h.shape), np.int64)
        for k, now in enumerate(x):
            last = fixed.rounded_shift(h, self._shift)
            gates = self._product(np.concatenate([now, last], axis=-1))
            h, c = _cell(gates, c, self._clip)
            outputs[k] = h
        return outputs, h, c


def _cell(gates: np.ndarray, c: np.ndarray, clip: int) -> tuple[np.ndarray, np.ndarray]:
    """Output in Q15 and new cell state in Q4.11 of LSTM units, both ``(rows, units)``."""
    # all look-ups at once, tanh(g) as 2 sigmoid(2 g) - 1
    gates = gates.reshape(*c.shape, 4) * np.array([1, 1, 2, 1])
    opened = fixed.sigmoid_q15(fixed.saturate(gates))
    i, f, g, o = (opened[..., gate] for gate in range(4))
    remembered = fixed.rounded_shift(f * c, fixed.UNIT_BITS)
    new = i * (2 * g - fixed.UNIT)
    new = fixed.rounded_shift(new, 2 * fixed.UNIT_BITS - fixed.CELL_BITS)
    c = np.clip(remembered + new, -clip, clip)
    squashed = fixed.tanh_q15(fixed.saturate(c << (fixed.GATE_BITS - fixed.CELL_BITS)))
    return fixed.rounded_shift(o * squashed, fixed.UNIT_BITS), c
