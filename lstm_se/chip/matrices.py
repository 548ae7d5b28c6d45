"""Matrices in integers: int8 rows with a scale each, and the layers that are made of them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..network.in_numpy import Weights
from .fixed import CELL_BITS, GATE_BITS, MULTIPLIER_BITS

LARGEST = 127  # of a weight; -128 stays unused, so that a row is symmetric
MOST_INPUTS = (2**31 - 1) // (LARGEST * 32768)  # of a row, for its sum to fit into 32 bits


class Rows(NamedTuple):
    """Rows of int8 weights, and the multipliers that bring their sums to the unit asked for.

    Attributes:
        weights: Shape ``(outputs, inputs)``, int8.
        multipliers: Shape ``(outputs,)``, int32.
        bits: Fractional, of what they are multiplied with.
    """

    weights: np.ndarray
    multipliers: np.ndarray
    bits: int


class Dense(NamedTuple):
    """A linear layer.

    Attributes:
        rows: From what it reads.
        bias: In units of their accumulators, shape ``(outputs,)``, int32.
    """

    rows: Rows
    bias: np.ndarray

    @classmethod
    def of(cls, kernel: np.ndarray, bias: np.ndarray, bits: int, to: int = GATE_BITS) -> Dense:
        """Round ``kernel``, shape ``(inputs, outputs)``; see :func:`rows` for ``bits`` and ``to``.

        Raises:
            ValueError: If a sum could overflow.
        """
        rounded = rows(kernel.T, bits, to)
        return cls(rounded, in_accumulators(bias, rounded, to))


class Recurrent(NamedTuple):
    """An LSTM layer; gates of one unit stand together: rows i, f, g, o of unit 0, of unit 1 ...

    Attributes:
        rows: From the layer below, then from the layer's own last output, brought to the unit of
            the former.
        bias: In units of their accumulators, shape ``(4 * units,)``, int32.
        clip: Bound of the cell state, Q4.11.
    """

    rows: Rows
    bias: np.ndarray
    clip: int

    @property
    def units(self) -> int:
        """Width of the layer."""
        return len(self.bias) // 4

    @classmethod
    def of(cls, weights: Weights, name: str, bits: int, cell_clip: float | None) -> Recurrent:
        """Round the LSTM ``name``, which reads numbers of ``bits`` fractional bits.

        Raises:
            ValueError: If a sum could overflow.
        """
        parts = ("kernel", "recurrent_kernel", "bias")
        kernel, recurrent, bias = (_by_unit(weights[f"{name}/{part}"]) for part in parts)
        # one row, one scale: what comes from below and the layer's own last outputs share a unit
        both = rows(np.concatenate([kernel, recurrent], axis=1), bits)
        clip = round(float(cell_clip or 0) * (1 << CELL_BITS))
        return cls(both, in_accumulators(bias, both), clip)


def rows(matrix: np.ndarray, bits: int, to: int = GATE_BITS) -> Rows:
    """Round a matrix to int8, each row at its own scale.

    Args:
        matrix: Shape ``(outputs, inputs)``, float.
        bits: Fractional, of what it will be multiplied with.
        to: Fractional bits of what it gives.

    Raises:
        ValueError: If a weight is too large for the multiplier.
    """
    largest = np.maximum(np.abs(matrix).max(1).astype(np.float64), 1e-6)
    scale = largest / LARGEST
    weights = np.round(matrix / scale[:, None]).astype(np.int8)
    ratio = scale * 2.0 ** (to - bits + MULTIPLIER_BITS)
    if ratio.max() >= 2**31:
        raise ValueError(f"a weight of {largest.max():.0f} is too large for a 32-bit multiplier")
    return Rows(weights, np.round(ratio).astype(np.int32), bits)


def in_accumulators(bias: np.ndarray, of: Rows, to: int = GATE_BITS) -> np.ndarray:
    """A bias in units of the accumulators it is added to, int32.

    Raises:
        ValueError: If the sum could leave the range of int32.
    """
    unit = of.multipliers / 2.0 ** (MULTIPLIER_BITS + to)
    rounded = np.round(bias / unit)
    largest = np.abs(of.weights.astype(np.int64)).sum(1) * 32768
    if (np.abs(rounded) + largest).max() >= 2**31:
        raise ValueError("a sum of this network could overflow 32 bits: its bias is too large")
    return rounded.astype(np.int32)


def _by_unit(gates: np.ndarray) -> np.ndarray:
    """From Keras' columns (all i, all f, all g, all o) to rows of i, f, g, o for each unit."""
    *inputs, rows = gates.shape
    return np.moveaxis(gates.reshape(*inputs, 4, -1), (-1, -2), (0, 1)).reshape(rows, *inputs)
