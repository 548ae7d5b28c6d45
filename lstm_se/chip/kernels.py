"""Weights in the order in which the firmware's kernels read them; see ``se_kernels.h``."""

from __future__ import annotations

import numpy as np


def pack(weights: np.ndarray) -> np.ndarray:
    """Two rows in a halfword, two columns in a word.

    Args:
        weights: int8, shape ``(rows, columns)``; rows are filled up to a multiple of four with
            zeros.

    Returns:
        Words in tiles of four rows, column pairs in turn: shape ``(rows * columns / 4,)``, uint32.

    Raises:
        ValueError: If a weight is -128, or the columns are no multiple of 8.
    """
    rows, columns = weights.shape
    if columns % 8 or (rows and weights.min() < -127):
        raise ValueError("columns must be multiples of 8, and weights lie between -127 and 127")
    filled = np.zeros((-(-rows // 4) * 4, columns), np.int64)
    filled[:rows] = weights
    halves = (256 * filled[1::2] + filled[0::2]) & 0xFFFF  # (row pairs, columns)
    words = halves[:, 0::2] | halves[:, 1::2] << 16  # (row pairs, column pairs)
    return np.swapaxes(words.reshape(-1, 2, columns // 2), 1, 2).ravel().astype(np.uint32)
