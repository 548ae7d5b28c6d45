"""The mask network in integers: what the firmware computes, bit for bit, in NumPy."""

from __future__ import annotations

import numpy as np

from ..network.in_numpy import local, neighbours
from . import fixed
from .quantize import FEATURE_BITS, Quantized, Rows, input_bits


class IntegerNetwork:
    """Features of one frame in, mask out, in integers; the state is in ``h`` and ``c``."""

    def __init__(self, model: Quantized) -> None:
        """Start from rest."""
        self.model = model
        self._layers = [_Product(layer.rows, layer.bias) for layer in model.layers]
        self._output = _Product(model.output.rows, model.output.bias)
        self._neighbours = neighbours(model.config)
        self.reset()

    def reset(self) -> None:
        """Forget everything heard so far."""
        self.h = [np.zeros((1, layer.units), np.int64) for layer in self.model.layers]
        self.c = [np.zeros((1, layer.units), np.int64) for layer in self.model.layers]

    def __call__(self, features: np.ndarray) -> np.ndarray:
        """Mask of one frame.

        Args:
            features: Q2.13, shape ``(channels, bands)``, integer.

        Returns:
            Q15, shape ``(channels, outputs)``, int64.
        """
        frame = features
        for k, layer in enumerate(self._layers):
            last = fixed.rounded_shift(self.h[k], fixed.UNIT_BITS - input_bits(k))
            gates = fixed.saturate(layer(np.concatenate([frame, last], axis=-1)))
            frame, self.c[k] = _cell(gates, self.c[k], self.model.layers[k].clip)
            self.h[k] = frame
        logits = self._output(frame)
        if rows := self.model.output.local:
            near = local(features, rows.weights.T, self._neighbours)
            logits = logits + fixed.requantise(near, rows.multipliers)
        return fixed.sigmoid_q15(fixed.saturate(logits))


class _Product:
    """Pre-activations of a vector: exact in float64, whose products BLAS adds fast."""

    def __init__(self, rows: Rows, bias: np.ndarray) -> None:
        self._weights = rows.weights.T.astype(np.float64)
        self._bias, self._multipliers = bias, rows.multipliers.astype(np.int64)

    def __call__(self, x: np.ndarray) -> np.ndarray:
        sums = (x.astype(np.float64) @ self._weights).astype(np.int64) + self._bias
        return fixed.requantise(sums, self._multipliers)


def _cell(gates: np.ndarray, c: np.ndarray, clip: int) -> tuple[np.ndarray, np.ndarray]:
    """Output in Q15 and new cell state in Q4.11 of LSTM units, both ``(channels, units)``."""
    i, f, g, o = np.moveaxis(gates.reshape(*c.shape, 4), -1, 0)
    remembered = fixed.rounded_shift(fixed.sigmoid_q15(f) * c, fixed.UNIT_BITS)
    new = fixed.sigmoid_q15(i) * fixed.tanh_q15(g)
    new = fixed.rounded_shift(new, 2 * fixed.UNIT_BITS - fixed.CELL_BITS)
    c = np.clip(remembered + new, -clip, clip)
    squashed = fixed.tanh_q15(fixed.saturate(c << (fixed.GATE_BITS - fixed.CELL_BITS)))
    return fixed.rounded_shift(fixed.sigmoid_q15(o) * squashed, fixed.UNIT_BITS), c


def in_fixed_point(features: np.ndarray) -> np.ndarray:
    """Float features as Q2.13, rounded to nearest, int64."""
    bounded = np.clip(features * np.float32(1 << FEATURE_BITS), -32768, 32767)
    return np.floor(bounded + np.float32(0.5)).astype(np.int64)
