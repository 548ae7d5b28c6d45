"""The mask network in integers: what the firmware computes, bit for bit, in NumPy."""

from __future__ import annotations

import numpy as np

from . import fixed
from .quantize import FEATURE_BITS, Output, Quantized, Recurrent, Rows


class IntegerNetwork:
    """Features of one frame in, mask out, in integers; the state is in ``h`` and ``c``."""

    def __init__(self, model: Quantized) -> None:
        """Start from rest."""
        self.model = model
        self._layers = [_Layer(layer) for layer in model.layers]
        self._output = _Output(model.output)
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
        for i, layer in enumerate(self._layers):
            frame, self.c[i] = layer(frame, self.h[i], self.c[i])
            self.h[i] = frame
        return self._output(frame, features)


class _Product:
    """Rows times a vector: exact in float64, whose products BLAS adds fast."""

    def __init__(self, rows: Rows) -> None:
        self._weights = rows.weights.T.astype(np.float64)
        self.multipliers = rows.multipliers.astype(np.int64)

    def __call__(self, x: np.ndarray) -> np.ndarray:
        return (x.astype(np.float64) @ self._weights).astype(np.int64)


class _Layer:
    """One step of a recurrent layer."""

    def __init__(self, layer: Recurrent) -> None:
        self._rows, self._bias = _Product(layer.rows), layer.bias.astype(np.int64)
        self._clip = layer.clip

    def __call__(self, x: np.ndarray, h: np.ndarray, c: np.ndarray) -> tuple:
        """Output in Q15 and cell state in Q4.11, both ``(channels, units)``."""
        sums = self._rows(np.concatenate([x, h], axis=-1)) + self._bias
        gates = fixed.saturate(fixed.requantise(sums, self._rows.multipliers))
        gates = gates.reshape(len(x), -1, 4)
        i, f, o = (fixed.sigmoid_q15(gates[..., gate]) for gate in (0, 1, 3))
        g = fixed.tanh_q15(gates[..., 2])
        remembered = fixed.rounded_shift(f * c, fixed.UNIT_BITS)
        new = fixed.rounded_shift(i * g, 2 * fixed.UNIT_BITS - fixed.CELL_BITS)
        c = np.clip(remembered + new, -self._clip, self._clip)
        squashed = fixed.tanh_q15(fixed.saturate(c << (fixed.GATE_BITS - fixed.CELL_BITS)))
        return fixed.rounded_shift(o * squashed, fixed.UNIT_BITS), c


class _Output:
    """The mask of one frame."""

    def __init__(self, output: Output) -> None:
        self._rows, self._bias = _Product(output.rows), output.bias.astype(np.int64)
        self._local, self._band = output.local, output.band

    def __call__(self, frame: np.ndarray, features: np.ndarray) -> np.ndarray:
        logits = fixed.requantise(self._rows(frame) + self._bias, self._rows.multipliers)
        if self._local is not None:
            last = features.shape[-1] - 1
            around = np.clip(self._band[:, None] + np.arange(-1, 2), 0, last)
            sums = (features[:, around] * self._local.weights).sum(-1, dtype=np.int64)
            logits = logits + fixed.requantise(sums, self._local.multipliers)
        return fixed.sigmoid_q15(fixed.saturate(logits))


def in_fixed_point(features: np.ndarray) -> np.ndarray:
    """Float features as Q2.13, rounded to nearest, int64."""
    scaled = features * np.float32(1 << FEATURE_BITS)
    bounded = np.clip(scaled, np.float32(-32768), np.float32(32767))
    return np.floor(bounded + np.float32(0.5)).astype(np.int64)
